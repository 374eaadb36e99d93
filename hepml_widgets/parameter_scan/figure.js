// Figures of merit against the parameter, and ROC curves at one value.

import { vector } from "../core/elements.js";
import { tr } from "../core/language.js";
import { DASHES, line, point, spread } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { finite, withError } from "../core/numbers.js";
import { fit, remark } from "../core/words.js";
import { zOf } from "./payload.js";

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
export function drawCut(panel, t, state) {
  state.guide?.forEach((one) => one.remove());
  const zs = t.points.map((one) => zOf(t, one, state.row)[0]);
  const known = zs.map((z, i) => (t.points[i].trusted[state.row] ? z : NaN));
  state.guide = [
    [zs, "curve scan-rest"],
    [known, "curve"],
  ].map(([ys, look]) => line(panel, t.values, ys, curve(CUT, look)));
}

// Models stand side by side at each value, so that equal ones are seen.
export function drawScan(panel, t, state) {
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
    items.push([CUT, tr("at this threshold")], [null, t.rule]);
  }
  key(panel, items, true);
}

export function drawCurves(panel, t, { i, row }) {
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
  else remark(panel, tr("a ROC curve needs both classes"));
  point(panel, efficiency[row], rejection[row]);
}
