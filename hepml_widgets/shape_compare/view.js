import { view } from "../core/alive.js";
import { brush } from "../core/brush.js";
import { extreme, floats, twice } from "../core/columns.js";
import { button, menu } from "../core/controls.js";
import { div, element, listen, setHTML } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { band, dots, line, steps, trace } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { finite, fixed, percent, withError } from "../core/numbers.js";
import { stage, watch } from "../core/stage.js";
import { endLabels, remark } from "../core/words.js";

const FEWEST = 5; // effective events, for a pull
const KINDS = ["source", "target", "reweighted"];
const LOOKS = {
  target: ["line-background", "area-background", "name-background"],
  source: ["curve curve-1", "band curve-1", "curve-1", "6 3"],
  reweighted: ["line-signal", "area-signal", "name-signal"],
};

// ---------------------------------------------------------------- the table

export function decode(table) {
  let [first, row] = [0, 0];
  const features = table.features.map((one) => {
    const [edges, bins] = [floats(one.edges), one.texts.length - 1];
    const feature = { ...one, edges, bins, first, row, bounds: Float64Array.from(one.regions, (bin) => edges[bin]) };
    first += bins;
    row += one.regions.length - 1;
    return feature;
  });
  const samples = table.samples.map((sample) => {
    const units = floats(sample.crossQUnit);
    return {
      all: sample.all,
      p: floats(sample.p),
      q: floats(sample.q),
      crossP: floats(sample.crossP, 4),
      crossQ: floats(sample.crossQ, 2).map((code, i) => code * units[Math.floor(i / first)]),
    };
  });
  const spectrum = ({ edges, positive, negative }) => ({
    edges: floats(edges),
    positive: floats(positive),
    negative: floats(negative),
  });
  return {
    ...table,
    cells: first,
    features,
    samples,
    before: spectrum(table.before),
    methods: table.methods.map((one) => ({ ...one, weights: spectrum(one.weights) })),
  };
}

// ---------------------------------------------------------------- shares: as in _shape_table.py

const content = (p, q, all) => ({
  p,
  q,
  variance: p.map((share, i) => {
    const variance = q[i] * (1 - 2 * share) + share ** 2 * all;
    return variance > 1e-12 * q[i] ? variance : 0;
  }),
});

function contentOf({ p, q, crossP, crossQ, all }, { features, cells }, { f, v, from, to }) {
  const { first, bins } = features[f];
  if (v < 0 || v === f) return content(p.slice(first, first + bins), q.slice(first, first + bins), all);
  const sum = (cross) =>
    Float64Array.from({ length: bins }, (_, bin) => {
      let content = 0;
      for (let row = features[v].row + from; row < features[v].row + to; row += 1)
        content += cross[row * cells + first + bin];
      return content;
    });
  return content(sum(crossP), sum(crossQ), all);
}

// All of the region in one bin.
function inside({ p, q, all }, { features }, { f, v, from, to }) {
  const { first, bins, regions } = features[v < 0 ? f : v];
  const [start, stop] = v < 0 ? [0, bins] : [regions[from], regions[to]];
  return content(
    ...[p, q].map((column) =>
      Float64Array.of(column.slice(first + start, first + stop).reduce((all, one) => all + one, 0)),
    ),
    all,
  );
}

function compared(one, target) {
  const there = (i) => target.p[i] > 0;
  const rich = ({ p, q }, i) => q[i] > 0 && p[i] ** 2 >= FEWEST * q[i];
  const ratio = one.p.map((p, i) => (there(i) ? p / target.p[i] : NaN));
  const error = ratio.map((r, i) => Math.sqrt(one.variance[i] + r ** 2 * target.variance[i]) / target.p[i]);
  const pull = one.p.map((p, i) => {
    const value = (p - target.p[i]) / Math.sqrt(one.variance[i] + target.variance[i]);
    return rich(one, i) && rich(target, i) && finite(value) ? value : NaN;
  });
  return { ratio, error, pull };
}

// All that is shown of a state.
export function compareShapes(data, state) {
  const chosen = { source: data.samples[0], target: data.samples[1], reweighted: data.samples[2 + state.m] };
  const of = (look) => Object.fromEntries(KINDS.map((kind) => [kind, look(chosen[kind], data, state)]));
  const [contents, whole] = [of(contentOf), of(inside)];
  return {
    state,
    contents,
    whole,
    before: compared(contents.source, contents.target),
    ...compared(contents.reweighted, contents.target),
    closure: compared(whole.reweighted, whole.target),
  };
}

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts(data, { state: { f, m, v, from, to }, whole, closure, pull }) {
  const [{ name, texts }, region] = [data.features[f], data.features[v]];
  const worst = extreme(pull.map(Math.abs), -1, Math.max);
  const at = pull.findIndex((value) => Math.abs(value) === worst);
  return [
    ["weights", shorten(data.methods[m].name)],
    ["feature", shorten(name)],
    [
      "events",
      region
        ? `${shorten(region.name)} ${region.texts[region.regions[from]]} to ${region.texts[region.regions[to]]}`
        : "all",
    ],
    ["of the target", percent(whole.target.p[0])],
    ["reweighted / target", withError(closure.ratio[0], closure.error[0])],
    ["largest pull", at < 0 ? "–" : `${fixed(pull[at], 1)} σ at ${texts[at]} to ${texts[at + 1]}`],
    ["χ²", data.methods[m].tests[f]],
    ...data.methods[m].parts,
  ];
}

// ---------------------------------------------------------------- panels

function outline(panel, edges, values, kind, errors) {
  const [look, area, , dash] = LOOKS[kind];
  const filled = kind === "target" && errors;
  if (filled) steps(panel, edges, values, { class: area }, true);
  if (errors)
    band(
      panel,
      twice(edges).slice(1, -1),
      twice(values.map((value, i) => value - errors[i])),
      twice(values.map((value, i) => value + errors[i])),
      { class: area },
    );
  steps(panel, edges, values, { class: look, "stroke-dasharray": dash });
}

// The next of 1, 2, 5, 10, …: a frame that ends there has a number at each end.
function round(value) {
  const decade = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [1, 2, 5, 10].map((digit) => digit * decade).find((one) => one >= value * (1 - 1e-9));
}

// One line of words for each curve, in the room that is left above.
const legend = (panel, items) =>
  items.forEach(([text, kind], i) =>
    endLabels(panel, [
      { text, class: LOOKS[kind][2], x: panel.inner.left + 10, y: panel.inner.top + 17 + 15 * i, anchor: "start" },
    ]),
  );

// Points beyond the frame are marked where they leave it.
function beyond(panel, xs, ys) {
  const { top, height } = panel.inner;
  xs.forEach((x, i) => {
    const [low, high] = panel.y.domain;
    if (!(ys[i] < low || ys[i] > high)) return;
    const [y, way] = ys[i] > high ? [top + 9, -1] : [top + height - 9, 1];
    trace(panel, `M${panel.x(x) - 4} ${y}h8l-4 ${6 * way}Z`, "mark-signal");
  });
}

function drawWeights(panel, before, after) {
  outline(panel, before.edges, before.positive, "source");
  outline(panel, after.edges, after.positive, "reweighted");
  const signed = after.negative.some(Boolean);
  if (signed) steps(panel, after.edges, after.negative, { class: "line-signal", "stroke-dasharray": "2 2" });
  legend(panel, [
    ["source (dashed)", "source"],
    ["reweighted", "reweighted"],
    ...(signed ? [["negative (dotted)", "reweighted"]] : []),
  ]);
}

function weightAxes(spectra) {
  const high = Math.max(...spectra.flatMap(({ positive, negative }) => [...positive, ...negative]));
  const { edges } = spectra[0];
  return {
    x: { title: "|weight| / mean", kind: "log", domain: [edges[0], edges[edges.length - 1]] },
    y: { title: "events / bin", kind: "log", domain: [0.5, 10 ** (Math.log10(2 * high) * 1.35)] },
  };
}

// ---------------------------------------------------------------- the view

function render({ model, el }) {
  const data = decode(model.get("table"));
  const { features, methods } = data;
  const scene = stage(el, "Shape comparison");
  const publish = watch(scene, model, ["feature", "method", "brush"], () => refresh());
  const brushable = features[0].regions.length > 1;
  let [state, now] = [];

  const selectOf = (label, named, trait) =>
    menu(
      scene,
      label,
      named.map(({ name }) => name),
      (i) => {
        publish({ [trait]: named[i].name }, true);
        refresh();
      },
    );
  const selects = [selectOf("feature", features, "feature"), selectOf("weights", methods, "method")];
  const clear = button(scene, "all events", "forget the region (Escape)", () => {
    choose(-1);
    settle();
  });
  const note = element("span", { class: "quiet" });
  const plots = ["tall", "flat", "low", "side"].map((name) => div(`plot shape-${name}`));
  const verdicts = methods.map(({ verdict: [name, verdict, reason] }) =>
    element("li", {}, element("b", {}, ...setHTML(name)), `: ${verdict}. `, ...setHTML(reason)),
  );
  const rows = (text) => {
    const { edges, name } = features[state.f];
    const { contents, ratio, error, pull } = now;
    const columns = [
      ...KINDS.flatMap((kind) => [contents[kind].p, contents[kind].variance.map(Math.sqrt)]),
      ratio,
      error,
      pull,
    ];
    return [
      ["feature", "low", "high", ...KINDS.flatMap((kind) => [kind, `± ${kind}`]), "ratio", "± ratio", "pull"],
      ...Array.from(pull, (_, i) => [
        name,
        ...[edges[i], edges[i + 1], ...columns.map((column) => column[i])].map(text),
      ]),
    ];
  };
  const foot = footer(scene, "shapes", "Shares in each bin", rows, () => [
    [panels[0], panels[3]],
    [panels[1]],
    [panels[2]],
  ]);
  scene.root.append(
    div("controls", ...(methods.length > 1 ? selects : selects.slice(0, 1)), clear, note),
    div(
      "shapes",
      element("div", {}, ...plots.slice(0, 3)),
      element("div", {}, plots[3], element("ul", { class: "verdicts", "aria-label": "verdicts" }, ...verdicts)),
    ),
    ...foot.nodes,
  );

  const middles = ({ edges }) => Float64Array.from(edges.subarray(1), (edge, i) => (edge + edges[i]) / 2);
  const level = (panel, y) => line(panel, panel.x.domain, [y, y], { class: "chance" });
  const draws = [
    (panel) => {
      for (const kind of ["target", "source", "reweighted"])
        outline(panel, features[state.f].edges, now.contents[kind].p, kind, now.contents[kind].variance.map(Math.sqrt));
      legend(panel, [
        ["target (filled)", "target"],
        ["source (dashed)", "source"],
        ["reweighted", "reweighted"],
      ]);
    },
    (panel) => {
      level(panel, 1);
      outline(panel, features[state.f].edges, now.before.ratio, "source");
      dots(panel, middles(features[state.f]), now.ratio, now.error, { class: "dots-signal" });
      beyond(panel, middles(features[state.f]), now.ratio);
    },
    (panel) => {
      band(panel, panel.x.domain, [-1, -1], [1, 1], { class: "band curve-7" });
      level(panel, 0);
      steps(
        panel,
        features[state.f].edges,
        now.pull.map((pull) => pull || 0),
        { class: "area-signal shape-pulls" },
        true,
      );
      if (!now.pull.some(finite)) remark(panel, "too few events for a pull");
    },
    (panel) => drawWeights(panel, data.before, methods[state.m].weights),
  ];
  const upper = { title: "", kind: "none", domain: [0, 1], below: 8 };
  const room = (title, domain) => ({ title, kind: "linear", domain, room: 58 });
  const titles = ["Shares of source, target and reweighted source", "Ratio to the target", "Pulls", "Weights"];
  const panels = plots.map((host, i) =>
    frame(scene, host, {
      label: titles[i],
      draw: draws[i],
      afterLayout: () => i < 3 && cover(),
      ...(i < 3
        ? {
            x: i < 2 ? upper : { title: "", plain: true, kind: "linear", domain: [0, 1] },
            y: room(["share / bin", "ratio to target", "pull [σ]"][i], [0, 1]),
          }
        : weightAxes([data.before, ...methods.map(({ weights }) => weights)])),
    }),
  );

  // ---- the brush
  const ends = () => (state.v === state.f ? [state.from, state.to] : [0, features[state.f].bounds.length - 1]);
  const choose = (v, from = 0, to = 0) => {
    if (v === state.v && from === state.from && to === state.to) return;
    Object.assign(state, {
      v,
      from,
      to,
      brush: v < 0 ? [] : [features[v].name, features[v].bounds[from], features[v].bounds[to]],
    });
    publish({ brush: state.brush });
    show();
  };
  const settle = () => {
    publish({ brush: state.brush }, true);
    foot.refresh();
  };
  const textAt = (i) => features[state.f].texts[features[state.f].regions[i]];
  const veil = brushable
    ? brush(
        scene,
        panels.slice(0, 3),
        ["lower end of the region", "upper end of the region"],
        () => ({ edges: features[state.f].bounds, text: textAt, ends: ends(), own: state.v === state.f }),
        (from, to) => choose(state.f, from, to),
        settle,
      )
    : () => {};
  const cover = () => {
    veil();
    plots[0].toggleAttribute("data-brushed", state.v === state.f);
  };
  listen(scene, scene.root, "keydown", ({ key }) => {
    if (key !== "Escape" || state.v < 0) return;
    choose(-1);
    settle();
  });

  // ---- all that follows the state
  const show = () => {
    now = compareShapes(data, state);
    const { name, edges } = features[state.f];
    const x = { domain: [edges[0], edges[edges.length - 1]] };
    const shares = Object.values(now.contents).flatMap(({ p, variance }) =>
      [...p].map((share, i) => share + Math.sqrt(variance[i])),
    );
    const lows = Object.values(now.contents).flatMap(({ p }) => [...p]);
    const off = now.ratio.map((ratio, i) => (Number.isNaN(now.pull[i]) ? NaN : Math.abs(ratio - 1) + now.error[i]));
    const reach = off.some(finite) ? Math.min(1, round(extreme(off, 0.1, Math.max))) : 1;
    const most = round(extreme(now.pull.map(Math.abs), 5, Math.max));
    panels[0].set({ x, y: { domain: [extreme(lows, 0, Math.min), 1.35 * extreme(shares, 0, Math.max) || 1] } });
    panels[1].set({ x, y: { domain: [1 - reach, 1 + reach] } });
    panels[2].set({ x: { ...x, title: shorten(name) }, y: { domain: [-most, most] } });
    panels[3].redraw();
    clear.disabled = state.v < 0;
    verdicts.forEach((node, i) => node.setAttribute("aria-current", i === state.m));
    const parts = readoutParts(data, now);
    const elsewhere = state.v >= 0 && state.v !== state.f;
    note.textContent = [
      elsewhere
        ? `only events of ${parts[2][1]}`
        : brushable
          ? "drag across the histogram to select a region"
          : "too many features and methods for regions",
      data.notes[state.f],
    ]
      .filter(Boolean)
      .join("; ");
    foot.write(parts);
  };
  const refresh = () => {
    const [brushed, low, high] = model.get("brush");
    const place = (list, name) => list.findIndex((one) => one.name === name);
    const v = brushed === undefined ? -1 : place(features, brushed);
    const at = (value) => features[v].bounds.indexOf(value);
    state = {
      f: place(features, model.get("feature")),
      m: place(methods, model.get("method")),
      v,
      brush: model.get("brush"),
      from: v < 0 ? 0 : at(low),
      to: v < 0 ? 0 : at(high),
    };
    [state.f, state.m].forEach((i, k) => {
      selects[k].selectedIndex = i;
    });
    show();
    foot.refresh();
    // All regions that can be dragged here.
    const { bounds } = features[state.f];
    const regions = Array.from(bounds, (_, from) =>
      Array.from(bounds.slice(from + 1), (__, i) => ({ ...state, v: state.f, from, to: from + 1 + i })),
    ).flat();
    const all = [state, { ...state, v: -1 }, ...regions];
    foot.reserve(all.length, (row) => readoutParts(data, compareShapes(data, all[row])));
  };
  refresh();
  return scene.cleanup;
}

export default view(render);
