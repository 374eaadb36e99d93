// A window of masses and a threshold, each to be dragged.

import { alive } from "../core/alive.js";
import { closest, nearest } from "../core/columns.js";
import { button } from "../core/controls.js";
import { div, element, quiet } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragHandle } from "../core/handles.js";
import { tr } from "../core/language.js";
import { joined } from "../core/readout.js";
import { stage, watch } from "../core/stage.js";
import { drawP, drawPulls, drawSpectrum, drawWindow, pAxis, pullAxis, ROOM } from "./figure.js";
import { decode, hunt, overWindows, readoutParts, windowsOf } from "./hunt.js";

const widthOf = ({ span }) => span[1] - span[0];
const spansOf = ({ t, state }) => windowsOf(t, widthOf(state));
export const above = ({ t, state }) => Array.from(t.kept, (_, row) => hunt(t, row, state.span));
const beside = ({ t, state }) => overWindows(t, state.row, widthOf(state));
const partsOf = ({ t, state }) => readoutParts(t, state.row, state.span);
const middlesOf = (view) => spansOf(view).map(([from, to]) => (view.t.edges[from] + view.t.edges[to]) / 2);

function tableRows(view, text) {
  const { t } = view;
  return [
    [tr("threshold"), tr("kept"), tr("observed"), tr("expected"), tr("± expected"), "Z", "p"],
    ...above(view).map(({ n, b, error, z, p }, row) => [t.thresholds[row], t.kept[row], n, b, error, z, p].map(text)),
  ];
}

function widen(view, by) {
  const { t, state } = view;
  const [from, to] = state.span;
  if (to + by > from && to + by < t.bins) state.span = [from, to + by];
  settle(view);
}

// Buttons; the one for the true signal only where it is known.
function controlsOf(view) {
  const { scene, t, state } = view;
  view.truth =
    t.signal &&
    button(scene, tr("truth"), tr("show the true signal"), () => {
      state.truth = !state.truth;
      view.publish({ truth_shown: state.truth }, true);
      refresh(view);
    });
  return div(
    "controls",
    button(scene, tr("narrower"), tr("take the last bin from the window"), () => widen(view, -1)),
    button(scene, tr("wider"), tr("add a bin to the window"), () => widen(view, 1)),
    ...(view.truth ? [view.truth] : []),
    quiet(tr("points: events that pass · band: error of the fit")),
  );
}

// Yields on a logarithm from below the least to above the highest.
function yieldAxis({ counts }) {
  const all = counts.flat();
  const highest = Math.max(...all);
  const least = Math.max(highest * 1e-6, Math.min(...all.filter((count) => count > 0)));
  return { title: tr("events / bin"), room: ROOM, kind: "log", domain: [least / 3, highest * 3] };
}

function framesOf(view, plots) {
  const { scene, t, state } = view;
  const mass = (title) => ({ title, plain: true, domain: [t.edges[0], t.edges[t.bins]] });
  const share = {
    title: tr("share of events kept"),
    kind: "log",
    domain: [t.kept[0] / 1.15, t.kept[t.kept.length - 1] * 1.15],
  };
  const drawWindows = (panel) => {
    drawWindow(panel, t, state.span);
    drawP(panel, middlesOf(view), beside(view), state.span[0] - 1);
  };
  /** @type {any[][]} */
  const panels = [
    [tr("Mass spectrum and sideband fit"), mass(t.title), yieldAxis(t), (panel) => drawSpectrum(panel, t, state)],
    [
      tr("Local p-value against the share of events kept"),
      share,
      pAxis([]),
      (panel) => drawP(panel, t.kept, above(view), state.row),
    ],
    [tr("Pulls"), mass(t.title), pullAxis(), (panel) => drawPulls(panel, t, state)],
    [tr("Local p-value against the window"), mass(t.centre), pAxis([]), drawWindows],
  ];
  return panels.map(([label, x, y, draw], i) => frame(scene, plots[i], { label, x, y, draw }));
}

function addFrames(view) {
  const plots = Array.from({ length: 4 }, () => div("plot"));
  const controls = controlsOf(view);
  view.words = element("p", { class: "quiet bump-words" });
  view.foot = footer(
    view.scene,
    "bump-hunter",
    tr("The window above each threshold"),
    (text) => tableRows(view, text),
    () => {
      const [spectrum, byThreshold, pulls, byWindow] = view.panels;
      return [
        [spectrum, byThreshold],
        [pulls, byWindow],
      ];
    },
  );
  view.scene.root.append(controls, div("bump", ...plots), view.words, ...view.foot.nodes);
  view.panels = framesOf(view, plots);
}

function addHandles(view) {
  const { scene, t, state, panels, publish } = view;
  const shared = { read: () => joined(partsOf(view)), release: () => settle(view) };
  view.threshold = dragHandle(scene, panels[1], {
    ...shared,
    label: tr("threshold"),
    values: () => t.kept,
    move: (row) => {
      state.row = row;
      show(view);
      publish({ threshold: t.thresholds[row] });
    },
  });
  view.window = dragHandle(scene, panels[3], {
    ...shared,
    label: tr("mass window"),
    values: () => middlesOf(view),
    move: (at) => {
      state.span = spansOf(view)[at];
      show(view);
      publish({ signal_region: state.span.map((i) => t.edges[i]) });
    },
  });
}

function settle(view) {
  const { t, state, publish } = view;
  publish({ threshold: t.thresholds[state.row], signal_region: state.span.map((i) => t.edges[i]) }, true);
  refresh(view);
}

function show(view) {
  const {
    t,
    state,
    panels: [spectrum, byThreshold, pulls, byWindow],
  } = view;
  view.threshold.show(state.row);
  view.window.show(state.span[0] - 1);
  byThreshold.set({ y: pAxis(above(view)) });
  byWindow.set({ y: pAxis(beside(view)) });
  pulls.set({ y: pullAxis(hunt(t, state.row, state.span).pulls) });
  spectrum.redraw();
  view.foot.write(partsOf(view));
}

function refresh(view) {
  const { model, t, state, truth, words } = view;
  state.row = closest(t.thresholds, model.get("threshold"));
  state.span = model.get("signal_region").map((edge) => nearest(t.edges, edge));
  state.truth = Boolean(t.signal && model.get("truth_shown"));
  truth?.setAttribute("aria-pressed", String(state.truth));
  const counted = t.largest
    ? tr("global p from {n} pseudo-experiments", { n: t.largest.length })
    : tr("global p over all windows of this width ({n}), approximate", { n: spansOf(view).length });
  words.textContent = [counted, t.note].filter(Boolean).join("; ");
  show(view);
  view.foot.refresh();
}

function render({ model, el }) {
  const t = decode(model.get("payload"));
  const scene = stage(el, tr("Bump hunter"));
  const view = { model, t, scene, state: { row: 0, span: [0, 1], truth: false } };
  view.publish = watch(scene, model, ["threshold", "signal_region", "truth_shown"], () => refresh(view));
  addFrames(view);
  addHandles(view);
  refresh(view);
  view.foot.reserve(t.kept.length, (row) => readoutParts(t, row, view.state.span, [1.2e-10, 1234]));
  return scene.cleanup;
}

export default alive(render);
