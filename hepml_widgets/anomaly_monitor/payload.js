// What the browser computes of the table of points and periods.

import { floats } from "../core/columns.js";
import { tr } from "../core/language.js";
import { percent, significant, withError } from "../core/numbers.js";

export const COLUMNS = [
  "threshold",
  "observed",
  "observed_error",
  "expected",
  "expected_error",
  "p_value",
  "today",
  "reference",
];

const sidak = (p, trials) => -Math.expm1(trials * Math.log1p(-p)) + 0;

export function decode(payload) {
  const { points, population } = payload;
  return {
    ...payload,
    points: points && {
      ...points,
      ...Object.fromEntries(COLUMNS.map((name) => [name, floats(points[name])])),
      outliers: points.outliers.map((one) => ({ ...one, values: floats(one.values) })),
    },
    population: population && {
      ...population,
      periods: population.periods.map((one) => {
        const ps = floats(one.ps);
        return {
          ...one,
          ps,
          features: one.features.map((k) => population.names[k]),
          corrected: ps.map((p) => sidak(p, one.tested)),
        };
      }),
    },
  };
}

export const histogramOf = ({ scale, range, bins, today, reference }) => ({
  scale,
  range,
  bins,
  histogram: { signal: today, background: reference },
});

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts({ points, population }, { row, i }) {
  const parts = [];
  if (points) {
    const { observed, observed_error: error, expected, expected_error: spread, total } = points;
    const excess = [(observed[row] - expected[row]) / total, Math.hypot(error[row], spread[row]) / total];
    parts.push(
      [tr("threshold"), points.texts[row]],
      [tr("above"), withError(observed[row], error[row])],
      [tr("expected"), withError(expected[row], spread[row])],
      ["p", significant(points.p_value[row], 2)],
      [tr("flagged"), percent(observed[row] / total)],
      [tr("contamination"), `${withError(100 * excess[0], 100 * excess[1])}\u202f%`],
    );
  }
  if (population) {
    const { periods, title } = population;
    const { text, value, pTexts } = periods[i];
    parts.push([tr("period"), text], [title, value], ["p", pTexts[0]]);
    if (periods.length > 1) parts.push([tr("after {n} trials", { n: periods.length }), pTexts[1]]);
  }
  return parts;
}
