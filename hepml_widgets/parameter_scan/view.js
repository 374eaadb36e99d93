import { view } from "../core/alive.js";
import { floats, nearest } from "../core/columns.js";
import { menu } from "../core/controls.js";
import { div, quiet, vector } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragHandle } from "../core/handles.js";
import { DASHES, line, point, spread } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { finite, percent, withError } from "../core/numbers.js";
import { joined } from "../core/readout.js";
import { drawScores, scoreAxes } from "../core/scores.js";
import { stage, watch } from "../core/stage.js";
import { fit, remark } from "../core/words.js";
import { effectiveEvents, ENOUGH_BACKGROUND, significance, significanceError } from "../core/stats.js";

// ---------------------------------------------------------------- from table to points

// Yields above the lower edge of each bin.
function above(contents) {
  const sums = contents.slice();
  for (let i = sums.length - 2; i >= 0; i -= 1) sums[i] += sums[i + 1];
  return sums;
}

export function decode(table) {
  const { bins, rows } = table;
  const [values, thresholds, s, b, sUnit, bUnit] = ["values", "thresholds", "s", "b", "sUnit", "bUnit"].map((name) =>
    floats(table[name]),
  );
  const [s2, b2] = [table.s2, table.b2].map((column) => floats(column, 4));
  const models = table.models.map((one) => ({ ...one, filled: floats(one.filled, 1), curves: floats(one.curves, 2) }));
  const points = Array.from(values, (_, i) => {
    const part = (column) => column.slice(i * bins, (i + 1) * bins);
    const squares = (column, units) => above(part(column).map((v) => v * units[i]));
    const [sSquares, bSquares] = [squares(s2, sUnit), squares(b2, bUnit)];
    const [histogram, sums] = [
      { signal: part(s), background: part(b) },
      { s: above(part(s)), b: above(part(b)) },
    ];
    return {
      scale: table.scale,
      range: table.range,
      bins,
      histogram,
      ...sums,
      sErr: sSquares.map(Math.sqrt),
      bErr: bSquares.map(Math.sqrt),
      trusted: Array.from(bSquares, (sum, row) => effectiveEvents(sums.b[row], sum) >= ENOUGH_BACKGROUND),
      efficiency: sums.s.map((sum) => sum / sums.s[0]),
      rejection: sums.b.map((sum) => sums.b[0] / sum),
      curves: models.map(({ curves }) =>
        [0, 1, 2].map((k) => curves.slice((3 * i + k) * rows, (3 * i + k + 1) * rows)),
      ),
    };
  });
  const quantities = table.quantities.map((one) => ({
    ...one,
    rows: one.rows.map((pair) => pair?.map((column) => floats(column))),
  }));
  return { ...table, values, thresholds, models, points, quantities };
}

export const zOf = ({ sigma }, { s, b, sErr, bErr }, row) => [
  significance(s[row], b[row], sigma * Math.abs(b[row])),
  significanceError(s[row], b[row], sErr[row], bErr[row], sigma),
];

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts(t, i, row) {
  const [status, ...known] = t.leads[i];
  return [
    t.plain ? ["", `${t.name} ${t.texts[i]}`] : [t.name, t.texts[i]],
    ["", status],
    ...known.map((text, k) => [t.labels[k], text]),
    ["threshold", t.cuts[row]],
    ["ε_s", percent(t.points[i].efficiency[row])],
    ["Z", withError(...zOf(t, t.points[i], row))],
  ];
}

// ---------------------------------------------------------------- panels

const MARKS = [
  "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0Z",
  "M-4-4h8v8h-8Z",
  "M0-5.5l5 9h-10Z",
  "M0 5.5l5-9h-10Z",
  "M0-6l5 6l-5 6l-5-6Z",
];

const CUT = 5; // the line that is no model: without a mark, in the colour of the handles

const mark = (m, x, y, filled) =>
  vector("path", {
    d: MARKS[m],
    transform: `translate(${x} ${y})`,
    class: `scan-point curve-${m} ${filled ? "" : "scan-hollow"}`,
  });

const curve = (m, look) => ({ class: `${look} curve-${m}`, "stroke-dasharray": DASHES[m] || null });

// Samples of curves with their names: below each other at the right, or across like words.
//   items: [[model, text], ...]
function key(panel, items, across) {
  const { left, top, width } = panel.inner;
  const texts = items.map(([m, text]) =>
    vector("text", { class: m === null ? "label empty" : `label curve-${m}` }, text),
  );
  panel.labels.append(...texts);
  const lengths = texts.map((text) => text.getComputedTextLength());
  const start = across ? left + 10 : left + width - 44 - Math.max(...lengths);
  let [x, y] = [start, top + (across ? 35 : 20)];
  items.forEach(([m], k) => {
    const lead = m === null ? 0 : 34;
    if (k && (!across || x + lead + lengths[k] > left + width)) [x, y] = [start, y + 17];
    texts[k].setAttribute("x", x + lead);
    texts[k].setAttribute("y", y);
    if (m === null) return fit(texts[k], "", width - 20);
    panel.labels.append(vector("path", { d: `M${x} ${y - 4}h28`, ...curve(m, "curve") }), mark(m, x + 14, y - 4, true));
    x += lengths[k] + 50;
  });
}

// Where too little background is left above the threshold, Z is faded.
function drawCut(panel, t, state) {
  state.guide?.forEach((one) => one.remove());
  const zs = t.points.map((one) => zOf(t, one, state.row)[0]);
  const known = zs.map((z, i) => (t.points[i].trusted[state.row] ? z : NaN));
  state.guide = [
    [zs, "curve scan-rest"],
    [known, "curve"],
  ].map(([ys, look]) => line(panel, t.values, ys, curve(CUT, look)));
}

// Models stand side by side at each value, so that equal ones are seen.
function drawScan(panel, t, state) {
  const { name, rows, domain } = state.quantity;
  const shown = [...rows.keys()].filter((m) => rows[m]);
  const items = shown.map((m) => [m, shorten(t.models[m].name, 18)]);
  const at = t.values.map(panel.x);
  const aside = Math.min(9, ...Array.from(at.slice(1), (x, i) => (x - at[i]) / (shown.length + 1)));
  if (domain[0] < 0) line(panel, panel.x.domain, [0, 0], { class: "chance" });
  for (const [k, m] of [...shown.entries()].reverse()) {
    const [heights, errors] = rows[m];
    const xs = at.map((x) => x + aside * (k - (shown.length - 1) / 2));
    line(panel, xs.map(panel.x.invert), heights, curve(m, "scan-guide"));
    xs.forEach((x, i) => {
      const [y, low, high] = [0, -1, 1].map((sign) => panel.y(heights[i] + sign * errors[i]));
      if (finite(y))
        panel.marks.append(
          vector("path", { d: `M${x} ${finite(low) ? low : 9999}V${high}`, class: `scan-point curve-${m}` }),
          mark(m, x, y, t.models[m].filled[i]),
        );
    });
  }
  if (name === "Z") {
    drawCut(panel, t, state);
    items.push([CUT, "at this threshold"], [null, t.rule]);
  }
  key(panel, items, true);
}

function drawCurves(panel, t, { i, row }) {
  const { curves, efficiency, rejection } = t.points[i];
  curves.forEach(([xs, shares, errors], m) => {
    const ys = shares.map((share) => 1 / share);
    spread(
      panel,
      xs,
      ys,
      ys.map((y, k) => y * errors[k]),
      { class: `band curve-${m}` },
    );
    line(panel, xs, ys, curve(m, `curve ${m ? "" : "chosen"}`));
  });
  const known = t.quantities[0].rows.flatMap(([areas, errors], m) =>
    finite(areas[i]) ? [[m, `${shorten(t.models[m].name, 14)} AUC ${withError(areas[i], errors[i])}`]] : [],
  );
  if (known.length) key(panel, known);
  else remark(panel, "a ROC curve needs both classes");
  point(panel, efficiency[row], rejection[row]);
}

// ---------------------------------------------------------------- the view

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
    ["Z at threshold", zs.map(([z]) => z)],
    ["± Z", zs.map(([, error]) => error)],
  ];
  return [
    [t.name, "training", ...columns.map(([name]) => name)],
    ...t.points.map((_, i) => [t.values[i], t.leads[i][0], ...columns.map(([, column]) => text(column[i]))]),
  ];
}

function render({ model, el }) {
  const t = decode(model.get("table"));
  const scene = stage(el, "Parameter scan");
  const publish = watch(scene, model, ["value", "threshold", "quantity"], () => refresh());
  const state = {};
  const plots = [0, 1, 2].map(() => div("plot"));
  const select = menu(
    scene,
    "quantity",
    t.quantities.map(({ name }) => name),
    (i) => {
      publish({ quantity: t.quantities[i].name }, true);
      refresh();
    },
    32,
  );
  const parts = (i = state.i) => readoutParts(t, i, state.row);
  const foot = footer(
    scene,
    "parameter-scan",
    "All models at each value",
    (text) => tableRows(t, state.row, text),
    () => [[panels[0]], panels.slice(1)],
  );
  scene.root.append(
    div("controls", select, quiet("filled: in training · hollow: not · lines only lead the eye")),
    div("scan", ...plots),
    ...foot.nodes,
  );

  const handles = [];
  const everything = Object.fromEntries(
    t.points.flatMap(({ histogram }, i) => Object.entries(histogram).map(([name, column]) => [i + name, column])),
  );
  const panels = [
    ["Figure of merit against the parameter", { x: t.axis, y: t.quantities[0] }, drawScan],
    [
      "Histograms of the score",
      scoreAxes({ ...t.points[0], score: t.score, histogram: everything }),
      (panel) => drawScores(panel, t.points[state.i], { signal: t.names[0], background: t.names[1] }),
    ],
    [
      "ROC curves",
      {
        x: { title: "signal efficiency ε_s", domain: [0, 1] },
        y: { title: "background rejection 1/ε_b", kind: "log", domain: [1, t.rejection] },
      },
      drawCurves,
    ],
  ].map(([label, axes, draw], k) =>
    frame(scene, plots[k], {
      label,
      ...axes,
      draw: (panel) => draw(panel, t, state),
    }),
  );

  const show = (cut) => {
    foot.write(parts());
    [state.i, state.row].forEach((now, k) => handles[k].show(now));
    for (const panel of panels.slice(cut ? 2 : 1)) panel.redraw();
  };
  const send = (done) => publish({ value: t.values[state.i], threshold: t.thresholds[state.row] }, done);
  [
    ["i", t.name, t.values],
    ["row", "threshold", t.thresholds],
  ].forEach(([which, label, values], k) => {
    handles[k] = dragHandle(scene, panels[k], {
      label,
      values: () => values,
      read: () => joined(parts()),
      move: (at) => {
        state[which] = at;
        show(k);
        if (state.quantity.name === "Z") drawCut(panels[0], t, state);
        send();
      },
      release: () => {
        send(true);
        foot.refresh();
      },
    });
  });
  const refresh = () => {
    const chosen = t.quantities.findIndex(({ name }) => name === model.get("quantity"));
    Object.assign(state, {
      i: nearest(t.values, model.get("value")),
      row: nearest(t.thresholds, model.get("threshold")),
      quantity: t.quantities[chosen],
    });
    select.selectedIndex = chosen;
    panels[0].set({ y: state.quantity });
    show();
    foot.refresh();
  };
  refresh();
  foot.reserve(t.values.length, parts);
  return scene.cleanup;
}

export default view(render);
