// The map of the score.

import { fillWith } from "../core/cells.js";
import { line, trace } from "../core/marks.js";
import { CELLS } from "./trees.js";

// Four fifths of the way from ground to the colour of a class, in steps of the score.
export const shadeOf = (odds) => 255 + Math.round(0.8 * (510 / (1 + Math.exp(-odds)) - 255));

// Edges between cells on different sides of even odds.
function boundary(panel, odds, ranges) {
  const [[x0, x1], [y0, y1]] = ranges;
  const places = (scale, low, high) =>
    Array.from({ length: CELLS + 1 }, (_, i) => scale(low + (i * (high - low)) / CELLS).toFixed(1));
  const [px, py] = [places(panel.x, x0, x1), places(panel.y, y0, y1)];
  const signal = (i, j) => odds[j * CELLS + i] >= 0;
  let path = "";
  for (let j = 0; j < CELLS; j += 1) {
    for (let i = 0; i < CELLS; i += 1) {
      if (i && signal(i, j) !== signal(i - 1, j)) path += `M${px[i]} ${py[j]}V${py[j + 1]}`;
      if (j && signal(i, j) !== signal(i, j - 1)) path += `M${px[i]} ${py[j]}H${px[i + 1]}`;
    }
  }
  return path;
}

export function drawMap(panel, picture, odds, payload, exact) {
  fillWith(panel, picture);
  trace(panel, boundary(panel, odds, payload.ranges), "boost-model");
  if (exact.length) {
    const [xs, ys] = [0, 1].map((axis) => exact.filter((_, i) => i % 2 === axis));
    line(panel, xs, ys, { class: "boost-halo" });
    line(panel, xs, ys, { class: "boost-exact", "stroke-dasharray": "7 3" });
  }
}
