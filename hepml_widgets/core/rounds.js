// Curves against epoch or round.

import { line, spread } from "./marks.js";
import { finite, max, min } from "./numbers.js";
import { ASIDE, endLabels } from "./words.js";

/** @import { Axes, Panel, Wish } from "./types.js" */
/** @typedef {{ text: string, values: Float64Array | number[], errors?: Float64Array | null }} Curve */

export const BARE = { title: "", kind: "none", domain: [0, 1] };

/** @type {(unit: string, rounds: number[], title: string, values: number[]) => Axes} */
export function roundAxes(unit, rounds, title, values) {
  const known = values.filter(finite);
  const [low, high] = known.length ? [min(...known), max(...known)] : [0, 1];
  const room = 0.08 * (high - low) || 0.1;
  const [first, last] = [min(...rounds), max(...rounds)];
  return {
    x: { title: unit, kind: "count", domain: first < last ? [first, last] : [last - 1, last + 1] },
    y: { title, plain: true, kind: "linear", domain: [low - room, high + 2 * room] },
  };
}

// Training thin and dashed, new events thick, each named at its end.
//   curves: { train?: { text, values, errors? }, … }, more: further labels
/** @type {(panel: Panel, rounds: number[] | Float64Array, curves: Record<string, Curve>, more?: Wish[]) => void} */
export function drawRounds(panel, rounds, curves, more = []) {
  const { left, width } = panel.inner;
  const ends = Object.entries(curves).map(([which, { text, values, errors }]) => {
    const [look, dash] = which === "train" ? ["train-line", "6 3"] : ["val-line", null];
    if (errors) {
      spread(panel, rounds, values, errors, { class: `band ${look}` });
    }
    line(panel, rounds, values, { class: look, "stroke-dasharray": dash });
    const last = values.findLastIndex(finite);
    return last < 0 ? null : { text, class: look, x: left + width - ASIDE, y: panel.y(values[last]) - 8 };
  });
  endLabels(panel, [...ends.filter((item) => item), ...more]);
}
