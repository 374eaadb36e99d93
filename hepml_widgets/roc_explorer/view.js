// One threshold in three panels: scores, ROC curve, figure of merit.

import { alive } from "../core/alive.js";
import { closest, mapped, nearest } from "../core/columns.js";
import { choice, menu } from "../core/controls.js";
import { div, element, furnish, listen, quiet, richHTML, vector } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragArea, dragHandle } from "../core/handles.js";
import { later, tr } from "../core/language.js";
import { finite, percent } from "../core/numbers.js";
import { joined } from "../core/readout.js";
import { drawScores, scoreAxes } from "../core/scores.js";
import { stage, watch } from "../core/stage.js";
import { drawROC, ROC, rocAxes } from "./curves.js";
import { drawMerit, meritAxes } from "./merits.js";
import { decode, decodeBound, readoutParts, scan, thresholdText } from "./payload.js";

const TRAITS = ["threshold", "model", "sigma_b", "b_r", "merit", "roc_axis"];

function tableRows({ m, merit, curve }, text, file) {
  const { bound } = m;
  const columns = [
    [tr("threshold"), m.threshold],
    ["ε_s", m.signal.value],
    ["ε_b", m.background.value],
    ["1/ε_b", m.rejection],
    ["± 1/ε_b", m.rejectionErr],
    ["S", m.s],
    ["± S", m.sErr],
    ["B", m.b],
    ["± B", m.bErr],
    [merit, curve.values],
    [`± ${merit}`, curve.errors],
    ...(bound
      ? [
          [tr("bound 1/ε_b"), bound.rejection],
          [tr("± bound 1/ε_b"), bound.rejectionErr],
          [tr("reached"), bound.fraction],
          [tr("± reached"), bound.fractionErr],
        ]
      : []),
  ];
  const header = columns.map(([name]) => name);
  const cells = (i) => columns.map(([, values], k) => (k || file ? text(values[i]) : thresholdText(m, i)));
  const body = Array.from(m.threshold, (_, i) => cells(i));
  return file ? [[tr("model"), ...header], ...body.map((row) => [m.name, ...row])] : [header, ...body];
}

const AXES = [
  ["rejection", "1/ε_b", later("background rejection, logarithmic")],
  ["linear", "ε_b", later("background efficiency, linear")],
];
const GAP = ["gap", later("gap"), later("share of the exact bound's background rejection that is reached")];

const figuresOf = ({ bR }) => [
  ["Z", "Z", tr("Asimov significance with background uncertainty")],
  ["AMS", "AMS", tr("approximate median significance, b_r = {n}", { n: bR })],
  ["SIC", "SIC", tr("significance improvement")],
];

// State of the model, as the view sees it.
function read(view) {
  const { model, models } = view;
  const m = models.find(({ name }) => name === model.get("model")) ?? models[0];
  Object.assign(view, {
    m,
    merit: model.get("merit"),
    kind: model.get("roc_axis"),
    row: nearest(m.threshold, model.get("threshold")),
    options: { sigma: model.get("sigma_b"), bR: model.get("b_r") },
  });
  rescan(view);
}

function rescan(view) {
  view.curve = scan(view.m, view.merit, view.options);
  view.best = view.m.bound && scan(view.m.bound, view.merit, view.options);
}

const partsOf = (view) => (row) => readoutParts(view.m, row, view.merit, view.curve);

function settle(view, traits) {
  view.publish(traits, true);
  refresh(view);
}

function goTo(view, row) {
  if (row === view.row) return;
  view.row = row;
  follow(view);
  view.publish({ threshold: view.m.threshold[row] });
}

// Another model is compared at the same signal efficiency.
function change(view, { name, signal, threshold }) {
  if (name === view.m.name) return;
  const row = closest(signal.value, view.m.signal.value[view.row]);
  settle(view, { model: name, threshold: threshold[row] });
}

function makeControls(view) {
  const { scene, models, bound } = view;
  const list = models.map(({ name }) => name);
  const kinds = [...AXES, ...(bound ? [GAP] : [])].map(([kind, text, title]) => [kind, tr(text), tr(title)]);
  view.select = menu(scene, tr("model"), list, (i) => change(view, models[i]));
  view.axes = choice(scene, tr("vertical axis of the ROC curve"), kinds, view.kind, (kind) =>
    settle(view, { roc_axis: kind }),
  );
  view.figures = choice(scene, tr("figure of merit"), figuresOf(view.options), view.merit, (merit) =>
    settle(view, { merit }),
  );
}

// The background uncertainty: the figure of merit follows it at once, its axis once a frame.
function makeSlider(view) {
  const { scene, publish } = view;
  const slider = element("input", {
    type: "range",
    min: 0,
    max: 50,
    step: 1,
    "aria-label": tr("relative background uncertainty"),
  });
  Object.assign(view, { slider, sigmaText: element("output", { class: "sigma" }) });
  let pending = null;
  listen(scene, slider, "input", () => {
    view.options.sigma = Number(slider.value) / 100;
    publish({ sigma_b: view.options.sigma });
    rescan(view);
    showSigma(view);
    follow(view);
    if (pending !== null) return;
    pending = requestAnimationFrame(() => {
      pending = null;
      view.panels[2].set(meritAxes(view));
    });
  });
  listen(scene, slider, "change", () => settle(view, { sigma_b: view.options.sigma }));
}

function showSigma({ slider, sigmaText, options, merit }) {
  const sigma = 100 * options.sigma;
  if (sigma > Number(slider.max)) slider.max = Math.ceil(sigma);
  slider.value = sigma;
  slider.disabled = merit !== "Z";
  sigmaText.textContent = percent(options.sigma);
  slider.setAttribute("aria-valuetext", sigmaText.textContent);
}

// What stands above each panel.
function controlsOf({ models, m, select, axes, figures, slider, sigmaText }) {
  const [several, trained] = [models.length > 1, Boolean(m.histogram.train_signal)];
  const note = quiet(trained ? tr("points: training sample") : tr("passes: score ≥ threshold"));
  const sigma = element("label", { class: "slide" }, element("span", {}, ...richHTML("σ_b")), slider, sigmaText);
  return [[...(several ? [select] : []), ...(several && !trained ? [] : [note])], [axes.node], [figures.node, sigma]];
}

function addFrames(view) {
  const { scene, names } = view;
  const controls = controlsOf(view);
  const plots = controls.map(() => div("plot"));
  const panels = controls.map((nodes, i) => div("roc-panel", div("controls", ...nodes), plots[i]));
  view.foot = footer(
    scene,
    "roc-explorer",
    tr("Yields above each threshold"),
    (...how) => tableRows(view, ...how),
    () => view.panels,
  );
  scene.root.append(div("roc", ...panels), ...view.foot.nodes);
  /** @type {any[][]} */
  const frames = [
    [tr("Histograms of the score"), scoreAxes(view.m), (panel) => drawScores(panel, view.m, names)],
    [tr("ROC curve"), rocAxes(view), (panel) => drawROC(panel, view)],
    [tr("Figure of merit against threshold"), meritAxes(view), (panel) => drawMerit(panel, view)],
  ];
  const afterLayout = () => follow(view);
  view.panels = frames.map(([label, { x, y }, draw], i) => frame(scene, plots[i], { label, x, y, afterLayout, draw }));
}

// What shows the threshold in each panel.
function addHandles(view) {
  const {
    scene,
    panels: [histograms, roc, merits],
  } = view;
  const release = () => settle(view, { threshold: view.m.threshold[view.row] });
  view.veil = histograms.cover.appendChild(vector("rect", { class: "veil" }));
  view.grips = [histograms, merits].map((panel, i) =>
    dragHandle(scene, panel, {
      label: tr("threshold"),
      focusable: i === 0,
      values: () => view.m.threshold,
      read: (row) => joined(partsOf(view)(row)),
      move: (row) => goTo(view, row),
      release,
    }),
  );
  view.points = [roc, merits].map(({ overlay }) => overlay.appendChild(vector("circle", { r: 4.5, class: "point" })));
  view.guide = vector("path", { class: "guide" });
  roc.overlay.prepend(view.guide);
  dragArea(scene, roc, { move: (x) => goTo(view, closest(view.m.signal.value, x)), release });
}

function refresh(view) {
  read(view);
  const {
    models,
    m,
    merit,
    kind,
    panels: [histograms, roc, merits],
    foot,
  } = view;
  view.select.selectedIndex = models.indexOf(m);
  view.axes.show(kind);
  view.figures.show(merit);
  showSigma(view);
  histograms.set(scoreAxes(m));
  roc.set(rocAxes(view));
  merits.set(meritAxes(view));
  follow(view);
  foot.reserve(m.threshold.length, partsOf(view));
  foot.refresh();
}

// All that moves with the threshold: one step of a drag is this and nothing else.
function follow(view) {
  const {
    m,
    row,
    curve,
    panels: [histograms, roc, merits],
  } = view;
  const [low, high] = m.range;
  const cut = Math.min(high, Math.max(low, m.threshold[row]));
  view.grips.forEach((grip) => grip.show(row));
  view.foot.write(partsOf(view)(row));
  if (histograms.inner) {
    const { left: x, top: y, height } = histograms.inner;
    const box = { x, y, height, width: Math.max(0, histograms.x(cut) - x) };
    furnish(
      view.veil,
      mapped(box, (value) => value.toFixed(1)),
    );
  }
  if (roc.inner) guide(view, roc);
  if (merits.inner) place(view.points[1], merits, cut, curve.values[row]);
}

// From the point on the ROC curve to both axes.
function guide(view, roc) {
  const { m, row, kind } = view;
  const { left, top, height } = roc.inner;
  const [x, y] = place(view.points[0], roc, m.signal.value[row], ROC[kind].values(m)[row]);
  const seen = finite(x) && finite(y);
  view.guide.setAttribute("d", seen ? `M${left} ${y.toFixed(1)}H${x.toFixed(1)}V${top + height}` : "");
}

// A point outside its frame, or undefined, is not shown.
function place(node, panel, valueX, valueY) {
  const [x, y] = [panel.x(valueX), panel.y(valueY)];
  const { top, height } = panel.inner;
  const seen = finite(x) && y >= top - 1 && y <= top + height + 1;
  furnish(node, {
    visibility: seen ? "visible" : "hidden",
    ...(seen ? { cx: x.toFixed(1), cy: y.toFixed(1) } : {}),
  });
  return [x, seen ? y : NaN];
}

function render({ model, el }) {
  const payload = model.get("payload");
  const scene = stage(el, tr("ROC explorer"));
  const view = {
    model,
    scene,
    models: payload.models.map((packed) => ({ ...decode(packed), score: payload.score })),
    bound: payload.bound && decodeBound(payload.bound),
    names: { signal: payload.names[0], background: payload.names[1] },
  };
  view.publish = watch(scene, model, TRAITS, () => refresh(view));
  read(view);
  makeControls(view);
  makeSlider(view);
  addFrames(view);
  addHandles(view);
  refresh(view);
  return scene.cleanup;
}

export default alive(render);
