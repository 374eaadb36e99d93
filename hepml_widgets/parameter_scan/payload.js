// From payload to points.

import { floats } from "../core/columns.js";
import { tr } from "../core/language.js";
import { percent, withError } from "../core/numbers.js";
import { ENOUGH_BACKGROUND, effectiveEvents, significance, significanceError } from "../core/stats.js";

// Yields above the lower edge of each bin.
function above(contents) {
  const sums = contents.slice();
  for (let i = sums.length - 2; i >= 0; i -= 1) sums[i] += sums[i + 1];
  return sums;
}

export function decode(payload) {
  const { bins, rows } = payload;
  const [values, thresholds, s, b, sUnit, bUnit] = ["values", "thresholds", "s", "b", "sUnit", "bUnit"].map((name) =>
    floats(payload[name]),
  );
  const [s2, b2] = [payload.s2, payload.b2].map((column) => floats(column, 4));
  const models = payload.models.map((one) => ({
    ...one,
    filled: floats(one.filled, 1),
    curves: floats(one.curves, 2),
  }));
  const points = Array.from(values, (_, i) => {
    const part = (column) => column.slice(i * bins, (i + 1) * bins);
    const squares = (column, units) => above(part(column).map((v) => v * units[i]));
    const [sSquares, bSquares] = [squares(s2, sUnit), squares(b2, bUnit)];
    const [histogram, sums] = [
      { signal: part(s), background: part(b) },
      { s: above(part(s)), b: above(part(b)) },
    ];
    return {
      scale: payload.scale,
      range: payload.range,
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
  const quantities = payload.quantities.map((one) => ({
    ...one,
    rows: one.rows.map((pair) => pair?.map((column) => floats(column))),
  }));
  return { ...payload, values, thresholds, models, points, quantities };
}

export const zOf = ({ sigma }, { s, b, sErr, bErr }, row) => [
  significance(s[row], b[row], sigma * Math.abs(b[row])),
  significanceError(s[row], b[row], sErr[row], bErr[row], sigma),
];

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts(t, i, row) {
  const [status, ...known] = t.leads[i];
  const [z, error] = zOf(t, t.points[i], row);
  return [
    t.plain ? ["", `${t.name} ${t.texts[i]}`] : [t.name, t.texts[i]],
    ["", status],
    ...known.map((text, k) => [t.labels[k], text]),
    [tr("threshold"), t.cuts[row]],
    ["ε_s", percent(t.points[i].efficiency[row])],
    ["Z", withError(z, error)],
  ];
}
