// Source, target and reweighted source, feature by feature.

import { alive } from "../core/alive.js";
import { brush } from "../core/brush.js";
import { button, menu } from "../core/controls.js";
import { div, element, listen, setHTML } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { later, tr } from "../core/language.js";
import { shorten } from "../core/names.js";
import { stage, watch } from "../core/stage.js";
import { domainsOf, drawWeights, panelsOf, weightAxes } from "./figure.js";
import { compareShapes, decode, KINDS, readoutParts } from "./payload.js";

function stateOf(model, { features, methods }) {
  const place = (list, name) => list.findIndex((one) => one.name === name);
  const chosen = model.get("brush");
  const [brushed, low, high] = chosen;
  const v = brushed === undefined ? -1 : place(features, brushed);
  const at = (value) => (v < 0 ? 0 : features[v].bounds.indexOf(value));
  return {
    f: place(features, model.get("feature")),
    m: place(methods, model.get("method")),
    v,
    brush: chosen,
    from: at(low),
    to: at(high),
  };
}

function tableRows({ data, state, now }, text) {
  const { edges, name } = data.features[state.f];
  const { contents, ratio, error, pull } = now;
  const shares = KINDS.flatMap((kind) => [contents[kind].p, contents[kind].variance.map(Math.sqrt)]);
  const columns = [...shares, ratio, error, pull];
  return [
    [
      ...[tr("feature"), tr("low"), tr("high")],
      ...[...KINDS, later("ratio")].flatMap((kind) => [tr(kind), `± ${tr(kind)}`]),
      tr("pull"),
    ],
    ...Array.from(pull, (_, i) => [name, ...[edges[i], edges[i + 1], ...columns.map((column) => column[i])].map(text)]),
  ];
}

function makeControls(view) {
  const {
    scene,
    data: { features, methods },
    publish,
  } = view;
  const selectOf = (label, named, trait) =>
    menu(
      scene,
      label,
      named.map(({ name }) => name),
      (i) => {
        publish({ [trait]: named[i].name }, true);
        refresh(view);
      },
    );
  view.selects = [selectOf(tr("feature"), features, "feature"), selectOf(tr("weights"), methods, "method")];
  view.clear = button(scene, tr("all events"), tr("forget the region (Escape)"), () => forget(view));
  view.note = element("span", { class: "quiet" });
  view.verdicts = methods.map(({ verdict: [name, verdict, reason] }) =>
    element("li", {}, element("b", {}, ...setHTML(name)), tr(": {verdict}. ", { verdict }), ...setHTML(reason)),
  );
}

// What stands where.
function arrange(view) {
  const {
    scene,
    data: { methods },
    selects,
    clear,
    note,
    verdicts,
  } = view;
  view.plots = ["tall", "flat", "low", "side"].map((name) => div(`plot shape-${name}`));
  view.foot = footer(
    scene,
    "shapes",
    tr("Shares in each bin"),
    (text) => tableRows(view, text),
    () => {
      const [shares, ratio, pulls, weights] = view.panels;
      return [[shares, weights], [ratio], [pulls]];
    },
  );
  const list = element("ul", { class: "verdicts", "aria-label": tr("verdicts") }, ...verdicts);
  scene.root.append(
    div("controls", ...(methods.length > 1 ? selects : selects.slice(0, 1)), clear, note),
    div("shapes", element("div", {}, ...view.plots.slice(0, 3)), element("div", {}, view.plots[3], list)),
    ...view.foot.nodes,
  );
}

function framesOf(view) {
  const { scene, data, plots } = view;
  const spectra = [data.before, ...data.methods.map(({ weights }) => weights)];
  const weights = [
    tr("Weights"),
    (panel) => drawWeights(panel, data.before, data.methods[view.state.m].weights),
    weightAxes(spectra),
  ];
  /** @type {any[][]} */
  const panels = [...panelsOf(), weights];
  return panels.map(([label, draw, axes], i) =>
    frame(scene, plots[i], {
      label,
      draw: (panel) => draw(panel, view),
      afterLayout: () => i < 3 && cover(view),
      ...axes,
    }),
  );
}

// A region of the feature that is shown, dragged across its panels.
function brushOf(view) {
  const { scene, panels } = view;
  const read = () => {
    const {
      data,
      state: { f, v, from, to },
    } = view;
    const { bounds, texts, regions } = data.features[f];
    const own = v === f;
    return { edges: bounds, text: (i) => texts[regions[i]], ends: own ? [from, to] : [0, bounds.length - 1], own };
  };
  const labels = [tr("lower end of the region"), tr("upper end of the region")];
  const act = (from, to) => choose(view, view.state.f, from, to);
  return brush(scene, panels.slice(0, 3), labels, read, act, () => settle(view));
}

function cover({ veil, plots, state }) {
  if (veil) veil();
  plots[0].toggleAttribute("data-brushed", state.v === state.f);
}

function choose(view, v, from = 0, to = 0) {
  const { state, data, publish } = view;
  if (v === state.v && from === state.from && to === state.to) return;
  const { name, bounds } = data.features[v] ?? {};
  Object.assign(state, { v, from, to, brush: v < 0 ? [] : [name, bounds[from], bounds[to]] });
  publish({ brush: state.brush });
  show(view);
}

function settle({ publish, state, foot }) {
  publish({ brush: state.brush }, true);
  foot.refresh();
}

function forget(view) {
  choose(view, -1);
  settle(view);
}

function noteOf({ data, state, brushable }, region) {
  const invited = brushable
    ? tr("drag across the histogram to select a region")
    : tr("too many features and methods for regions");
  const elsewhere = state.v >= 0 && state.v !== state.f;
  return [elsewhere ? tr("only events of {region}", { region }) : invited, data.notes[state.f]]
    .filter(Boolean)
    .join("; ");
}

function show(view) {
  const { data, state, panels } = view;
  view.now = compareShapes(data, state);
  const { name, edges } = data.features[state.f];
  const x = { domain: [edges[0], edges[edges.length - 1]] };
  domainsOf(view.now).forEach((domain, i) =>
    panels[i].set({ x: i < 2 ? x : { ...x, title: shorten(name) }, y: { domain } }),
  );
  panels[3].redraw();
  view.clear.disabled = state.v < 0;
  view.verdicts.forEach((node, i) => node.setAttribute("aria-current", i === state.m));
  const parts = readoutParts(data, view.now);
  view.note.textContent = noteOf(view, parts[2][1]);
  view.foot.write(parts);
}

// All regions that can be dragged here.
function regionsOf({ data, state }) {
  const { bounds } = data.features[state.f];
  const beginning = (from) =>
    Array.from(bounds.slice(from + 1), (_, i) => ({ ...state, v: state.f, from, to: from + 1 + i }));
  return [state, { ...state, v: -1 }, ...Array.from(bounds, (_, from) => beginning(from)).flat()];
}

function refresh(view) {
  const { data, model, selects, foot } = view;
  view.state = stateOf(model, data);
  [view.state.f, view.state.m].forEach((i, k) => {
    selects[k].selectedIndex = i;
  });
  show(view);
  foot.refresh();
  const all = regionsOf(view);
  foot.reserve(all.length, (row) => readoutParts(data, compareShapes(data, all[row])));
}

function render({ model, el }) {
  const data = decode(model.get("payload"));
  const scene = stage(el, tr("Shape comparison"));
  const view = { model, data, scene, brushable: data.features[0].regions.length > 1 };
  view.publish = watch(scene, model, ["feature", "method", "brush"], () => refresh(view));
  makeControls(view);
  arrange(view);
  view.panels = framesOf(view);
  view.veil = view.brushable && brushOf(view);
  listen(scene, scene.root, "keydown", ({ key }) => key === "Escape" && view.state.v >= 0 && forget(view));
  refresh(view);
  return scene.cleanup;
}

export default alive(render);
