// Scores, and features of one event or one period.

import { extreme } from "../core/columns.js";
import { vector } from "../core/elements.js";
import { tr } from "../core/language.js";
import { trace } from "../core/marks.js";
import { finite, fixed, significant } from "../core/numbers.js";
import { drawScores } from "../core/scores.js";
import { fit, remark, write } from "../core/words.js";
import { histogramOf } from "./payload.js";

const STEP = 42; // most pixels of one bar with its words

export function drawPoints(panel, { points, names }, { top }) {
  drawScores(panel, histogramOf(points), { signal: names[1], background: names[0] });
  const y = panel.inner.top + panel.inner.height - 7;
  const dot = ({ score }, r, look, layer = panel.marks) =>
    layer.append(
      vector("circle", {
        cx: panel.x(Math.max(points.range[0], Math.min(points.range[1], score))),
        cy: y,
        r,
        class: look,
      }),
    );
  points.outliers.forEach((one) => dot(one, 3, "mark-signal anomaly-dot"));
  dot(points.outliers[top], 6, "point", panel.labels);
}

// A bar for each feature, its name and number above it.
//   items: [[name, value or nothing, text, length, found], ...]
function drawBars(panel, items, most) {
  const { left, top, width, height } = panel.inner;
  const step = Math.min(STEP, (height - 8) / most);
  const zero = panel.x(0);
  items.forEach(([name, value, text, length, found], k) => {
    const y = top + 5 + k * step;
    const end = panel.x(Math.max(panel.x.domain[0], Math.min(panel.x.domain[1], length)));
    const words = (x, side, ...parts) => write(panel, x, y + 12, `label ${side}`, ...parts);
    panel.marks.append(
      vector("rect", {
        x: Math.min(zero, end),
        y: y + 18,
        width: Math.abs(end - zero),
        height: Math.min(10, step - 22),
        class: found ? "mark-signal" : "mark-background",
      }),
    );
    fit(words(left + 8, "start", width < 300 ? name : name + value), name + value, 0.66 * width);
    words(left + width - 8, "end", text);
  });
  if (panel.x.domain[0] < 0) trace(panel, `M${zero} ${top}v${height}`, "chance");
}

export function drawEvent(panel, { points: { outliers, unit } }, { top }) {
  const { names, values } = outliers[top];
  const text = (value) => (unit && finite(value) ? `${fixed(value, 1)} ${unit}` : significant(value));
  drawBars(
    panel,
    names.map(([name, value], k) => [name, value, text(values[k]), values[k] || 0, false]),
    names.length,
  );
}

export const eventAxes = ({ points: { outliers, unit } }, { top }) => {
  const reach = 1.1 * extreme(outliers[top].values.map(Math.abs), 0, Math.max) || 1;
  return {
    title: unit ? tr("deviation [σ]") : tr("contribution"),
    domain: [outliers[top].values.some((v) => v < 0) ? -reach : 0, reach],
  };
};

export function drawFeatures(panel, { population, alphas }, { i, a }) {
  const { features, corrected } = population.periods[i];
  const limit = panel.x(-Math.log10(alphas[a]));
  const { top, height } = panel.inner;
  drawBars(
    panel,
    features.map((name, k) => {
      const p = corrected[k];
      return [
        name,
        "",
        `${p <= alphas[a] ? "▲ " : ""}p ${significant(p, 2)}`,
        -Math.log10(Math.max(p, 1e-300)),
        p <= alphas[a],
      ];
    }),
    Math.max(...population.periods.map(({ ps }) => ps.length)),
  );
  if (features.length) trace(panel, `M${limit} ${top}v${height}`, "anomaly-limit");
  else remark(panel, tr("no tests of features in this period"));
}
