// Points that stand out, and periods that differ.

import { alive } from "../core/alive.js";
import { nearest } from "../core/columns.js";
import { choice } from "../core/controls.js";
import { div, element, listen, richHTML, setHTML } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragHandle } from "../core/handles.js";
import { tr } from "../core/language.js";
import { joined } from "../core/readout.js";
import { BARE } from "../core/rounds.js";
import { scoreAxes } from "../core/scores.js";
import { stage, watch } from "../core/stage.js";
import { drawEvent, drawFeatures, drawPoints, eventAxes } from "./figure.js";
import { COLUMNS, decode, histogramOf, readoutParts } from "./payload.js";
import { drawPeriods } from "./periods.js";
import { conclusion, pointWords, populationWords, UNTOLD } from "./words.js";

// The tables of all that is shown, one below the other.
function tableRows(t, state, text) {
  const names = [tr("part"), tr("item"), tr("value"), tr("± value"), tr("expected or limit"), tr("± expected")];
  const rows = [[...names, "p", tr("p after all trials")]];
  const add = (part, item, ...numbers) =>
    rows.push([part, item, ...numbers.map((v) => (v === "" || v === null ? "" : text(v)))]);
  const { points, population } = t;
  if (points) {
    points.texts.forEach((cut, k) =>
      add(tr("events above"), cut, ...COLUMNS.slice(1, 6).map((name) => points[name][k]), ""),
    );
    points.outliers.forEach(({ text: name, names, values }) =>
      names.forEach(([feature], k) => add(name, feature, values[k], "", "", "", "", "")),
    );
  }
  population?.periods.forEach((one) => {
    add(tr("period"), one.text, one.statistic, one.error, one.bands[state.a][1], "", ...one.p);
    one.features.forEach((feature, k) => add(one.text, feature, "", "", "", "", one.ps[k], one.corrected[k]));
  });
  return rows;
}

const note = (text) => element("span", { class: "quiet anomaly-note" }, ...richHTML(text));

// All sentences that can stand somewhere: of three false-alarm rates.
const sentencesOf = ({ t, state }, words, which, count) =>
  Array.from({ length: 3 * count }, (_, k) => words(t, { ...state, [which]: Math.floor(k / 3), a: k % 3 }));

// A sentence in the room of the longest one that can stand there.
function sentence(view, write, texts, look) {
  const longest = texts.reduce((most, one) => (one.length > most.length ? one : most), "");
  const node = element("p", { class: look });
  view.sentences.push(() => node.replaceChildren(...setHTML(write(view.t, view.state))));
  const ghost = element("p", { class: `${look} anomaly-ghost`, "aria-hidden": "true" }, `${longest} –––`);
  return div("anomaly-words", ghost, node);
}

// One panel below its line of controls; `follows` are the parts of the state that it shows.
function column(view, label, { follows, axes, draw, controls }) {
  const { scene, panels, redraws } = view;
  const host = div("plot");
  const panel = frame(scene, host, { label, ...axes(), draw: (one) => draw(one, view.t, view.state) });
  panels.push(panel);
  for (const name of follows) redraws[name].push(panel);
  panel.renew = () => panel.set(axes());
  return div("anomaly-column", div("controls", ...controls), host);
}

function handle(view, panel, label, which, values) {
  const { scene, t, state } = view;
  const one = dragHandle(scene, panel, {
    label,
    values: () => values,
    read: () => joined(readoutParts(t, state)),
    move: (at) => {
      state[which] = at;
      show(view, [which]);
      send(view);
    },
    release: () => {
      send(view, true);
      view.foot.refresh();
    },
  });
  view.handles.push([one, which]);
}

const section = (label, words, columns) =>
  element("section", { "aria-label": label }, words, div("anomaly", ...columns.filter(Boolean)));

function pointSection(view) {
  const { t, select, state } = view;
  const { points } = t;
  const { x, y } = scoreAxes(histogramOf(points));
  const known = points.outliers.some(({ names }) => names.length);
  const words = sentence(view, pointWords, sentencesOf(view, pointWords, "row", points.texts.length), "anomaly-said");
  return section(tr("Points"), words, [
    column(view, tr("Histograms of the anomaly score"), {
      follows: ["top"],
      axes: () => ({ x: { ...x, title: t.score }, y }),
      draw: drawPoints,
      controls: [note(tr("dots: highest scores · p: threshold fixed before")), ...(known ? [] : [select])],
    }),
    known &&
      column(view, tr("Features of one event"), {
        follows: ["top"],
        axes: () => ({ x: eventAxes(t, state), y: BARE }),
        draw: drawEvent,
        controls: [select, ...(points.note ? [note(points.note)] : [])],
      }),
  ]);
}

function populationSection(view) {
  const { t } = view;
  const { periods, domain, title, reach } = t.population;
  const known = periods.some(({ tested }) => tested);
  const x = { title: t.period, plain: true, kind: "none", domain: [-0.6, periods.length - 0.4] };
  const texts = sentencesOf(view, populationWords, "i", periods.length);
  return section(tr("Population"), sentence(view, populationWords, texts, "anomaly-said"), [
    column(view, tr("Statistic of each period"), {
      follows: ["a"],
      axes: () => ({ x, y: { title, plain: true, domain } }),
      draw: drawPeriods,
      controls: [note(tr("● no alarm · ▲ alarm · △ none after all trials"))],
    }),
    known &&
      column(view, tr("Features of one period"), {
        follows: ["i", "a"],
        axes: () => ({ x: { title: tr("−log₁₀ p, after all features"), domain: [0, reach] }, y: BARE }),
        draw: drawFeatures,
        controls: [note(tr("p of each feature in the period chosen"))],
      }),
  ]);
}

function sectionsOf(view) {
  const { points, population } = view.t;
  const sections = [];
  if (points) {
    sections.push(pointSection(view));
    handle(view, view.panels[0], tr("threshold"), "row", points.threshold);
  }
  const k = view.panels.length;
  if (population) sections.push(populationSection(view));
  const count = population?.periods.length;
  if (count > 1)
    handle(
      view,
      view.panels[k],
      tr("period"),
      "i",
      population.periods.map((_, at) => at),
    );
  return sections;
}

// What points and population say together.
function conclusionOf(view) {
  const { points, population, conclusions } = view.t;
  if (!points || !population) return [];
  const last = population.periods.at(-1).text;
  const texts = conclusions
    .flat()
    .flatMap((text) => population.others.map((more) => `${last} · ${text}${points.beyondHead}${more}`));
  return [sentence(view, conclusion, [...texts, tr(UNTOLD)], "anomaly-both")];
}

const USUAL = ["5\u202f%", "1\u202f%", "0.1\u202f%"];

function makeControls(view) {
  const {
    scene,
    t: { points, population },
  } = view;
  const rates = (population?.rates ?? USUAL).map((text, k) => [
    k,
    text,
    tr("how often chance alone may raise an alarm: {rate}", { rate: text }),
  ]);
  const events = (points?.outliers ?? []).map(({ text }, k) => element("option", { value: k }, `${k + 1}: ${text}`));
  view.rates = choice(scene, tr("false-alarm rate"), rates, 0, (k) => choose(view, "a", k));
  view.select = element("select", { class: "select", "aria-label": tr("event") }, ...events);
  listen(scene, view.select, "change", () => choose(view, "top", view.select.selectedIndex));
}

function addFrames(view) {
  const { scene, t, state, panels } = view;
  const sections = sectionsOf(view);
  view.foot = footer(
    scene,
    "anomalies",
    tr("Events above each threshold, periods and features"),
    (text) => tableRows(t, state, text),
    () => panels.map((panel) => [panel]),
  );
  scene.root.append(
    div("controls", element("span", {}, tr("false-alarm rate")), view.rates.node),
    ...conclusionOf(view),
    ...sections,
    ...view.foot.nodes,
  );
}

function show(view, changed) {
  const { t, state, redraws } = view;
  view.foot.write(readoutParts(t, state));
  for (const write of view.sentences) write();
  for (const [one, which] of view.handles) one.show(state[which]);
  for (const panel of new Set(changed.flatMap((which) => redraws[which]))) panel.renew();
}

function send({ t, state, publish }, done) {
  const { points, population } = t;
  publish(
    {
      ...(points ? { threshold: points.threshold[state.row], event: points.outliers[state.top].row } : {}),
      ...(population ? { period: population.periods[state.i].name } : {}),
      false_alarm: t.alphas[state.a],
    },
    done,
  );
}

function choose(view, which, at) {
  view.state[which] = at;
  show(view, [which]);
  send(view, true);
  view.foot.refresh();
}

function refresh(view) {
  const { model, t, state, select, redraws } = view;
  const { points, population } = t;
  state.a = t.alphas.indexOf(model.get("false_alarm"));
  view.rates.show(state.a);
  if (points) {
    state.row = nearest(points.threshold, model.get("threshold"));
    state.top = points.outliers.findIndex(({ row }) => row === model.get("event"));
    select.selectedIndex = state.top;
  }
  if (population) state.i = population.periods.findIndex(({ name }) => name === model.get("period"));
  show(view, Object.keys(redraws));
  view.foot.refresh();
}

function render({ model, el }) {
  const scene = stage(el, tr("Anomaly monitor"));
  const view = {
    model,
    scene,
    t: decode(model.get("payload")),
    state: { row: 0, top: 0, i: 0, a: 0 },
    handles: [],
    panels: [],
    sentences: [],
    redraws: { row: [], top: [], i: [], a: [] },
  };
  view.publish = watch(scene, model, ["threshold", "event", "period", "false_alarm"], () => refresh(view));
  makeControls(view);
  addFrames(view);
  refresh(view);
  const { points, population } = view.t;
  const [rows, periods] = [points?.texts.length ?? 1, population?.periods.length ?? 1];
  view.foot.reserve(Math.max(rows, periods), (k) => readoutParts(view.t, { row: k % rows, i: k % periods }));
  return scene.cleanup;
}

export default alive(render);
