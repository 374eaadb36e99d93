// All models against a parameter of the signal.

import { alive } from "../core/alive.js";
import { nearest } from "../core/columns.js";
import { menu } from "../core/controls.js";
import { div, quiet } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragHandle } from "../core/handles.js";
import { tr } from "../core/language.js";
import { shorten } from "../core/names.js";
import { joined } from "../core/readout.js";
import { drawScores, scoreAxes } from "../core/scores.js";
import { stage, watch } from "../core/stage.js";
import { drawCurves, drawCut, drawScan } from "./figure.js";
import { decode, readoutParts, zOf } from "./payload.js";

function tableRows(t, row, text) {
  const zs = t.points.map((one) => zOf(t, one, row));
  const columns = [
    ...t.quantities.flatMap(({ name, rows }) =>
      rows.flatMap((pair, m) =>
        pair
          ? [
              [`${name} ${shorten(t.models[m].name)}`, pair[0]],
              [`± ${name}`, pair[1]],
            ]
          : [],
      ),
    ),
    ["S", t.points.map(({ s }) => s[row])],
    ["B", t.points.map(({ b }) => b[row])],
    [tr("Z at threshold"), zs.map(([z]) => z)],
    ["± Z", zs.map(([, error]) => error)],
  ];
  return [
    [t.name, tr("training"), ...columns.map(([name]) => name)],
    ...t.points.map((_, i) => [t.values[i], t.leads[i][0], ...columns.map(([, column]) => text(column[i]))]),
  ];
}

const partsOf = ({ t, state }, i = state.i) => readoutParts(t, i, state.row);

function makeControls(view) {
  const { scene, t, publish } = view;
  const names = t.quantities.map(({ name }) => name);
  const act = (i) => {
    publish({ quantity: names[i] }, true);
    refresh(view);
  };
  view.select = menu(scene, tr("quantity"), names, act, 32);
}

function framesOf({ scene, t, state }, plots) {
  const everything = Object.fromEntries(
    t.points.flatMap(({ histogram }, i) => Object.entries(histogram).map(([name, column]) => [i + name, column])),
  );
  const names = { signal: t.names[0], background: t.names[1] };
  const roc = {
    x: { title: tr("signal efficiency ε_s"), domain: [0, 1] },
    y: { title: tr("background rejection 1/ε_b"), kind: "log", domain: [1, t.rejection] },
  };
  /** @type {any[][]} */
  const panels = [
    [tr("Figure of merit against the parameter"), { x: t.axis, y: t.quantities[0] }, drawScan],
    [
      tr("Histograms of the score"),
      scoreAxes({ ...t.points[0], score: t.score, histogram: everything }),
      (panel) => drawScores(panel, t.points[state.i], names),
    ],
    [tr("ROC curves"), roc, drawCurves],
  ];
  return panels.map(([label, axes, draw], k) =>
    frame(scene, plots[k], { label, ...axes, draw: (panel) => draw(panel, t, state) }),
  );
}

function addFrames(view) {
  const { scene, t, state } = view;
  const plots = [0, 1, 2].map(() => div("plot"));
  view.foot = footer(
    scene,
    "parameter-scan",
    tr("All models at each value"),
    (text) => tableRows(t, state.row, text),
    () => [[view.panels[0]], view.panels.slice(1)],
  );
  scene.root.append(
    div("controls", view.select, quiet(tr("filled: in training · hollow: not · lines only lead the eye"))),
    div("scan", ...plots),
    ...view.foot.nodes,
  );
  view.panels = framesOf(view, plots);
}

// One of the parameter, one of the threshold.
const handlesOf = (view) =>
  [
    ["i", view.t.name, view.t.values],
    ["row", tr("threshold"), view.t.thresholds],
  ].map(([which, label, values], k) =>
    dragHandle(view.scene, view.panels[k], {
      label,
      values: () => values,
      read: () => joined(partsOf(view)),
      move: (at) => {
        view.state[which] = at;
        show(view, k);
        if (view.state.quantity.name === "Z") drawCut(view.panels[0], view.t, view.state);
        send(view);
      },
      release: () => {
        send(view, true);
        view.foot.refresh();
      },
    }),
  );

function show(view, cut) {
  const { state, handles, panels, foot } = view;
  foot.write(partsOf(view));
  [state.i, state.row].forEach((now, k) => handles[k].show(now));
  for (const panel of panels.slice(cut ? 2 : 1)) panel.redraw();
}

const send = ({ t, state, publish }, done) =>
  publish({ value: t.values[state.i], threshold: t.thresholds[state.row] }, done);

function refresh(view) {
  const { model, t, state } = view;
  const chosen = t.quantities.findIndex(({ name }) => name === model.get("quantity"));
  state.i = nearest(t.values, model.get("value"));
  state.row = nearest(t.thresholds, model.get("threshold"));
  state.quantity = t.quantities[chosen];
  view.select.selectedIndex = chosen;
  view.panels[0].set({ y: state.quantity });
  show(view);
  view.foot.refresh();
}

function render({ model, el }) {
  const t = decode(model.get("payload"));
  const scene = stage(el, tr("Parameter scan"));
  const view = { model, t, scene, state: {} };
  view.publish = watch(scene, model, ["value", "threshold", "quantity"], () => refresh(view));
  makeControls(view);
  addFrames(view);
  view.handles = handlesOf(view);
  refresh(view);
  view.foot.reserve(t.values.length, (i) => partsOf(view, i));
  return scene.cleanup;
}

export default alive(render);
