// What is drawn in a frame: lines, bands, steps, points.

import { vector } from "./elements.js";
import { finite, max, min } from "./numbers.js";

/** @import { Attributes, Child, Panel } from "./types.js" */

/** @type {(value: number) => number} */
export const pixel = (value) => Math.round(max(-1e5, min(1e5, value)) * 10) / 10;

// Points that a scale cannot place (log of zero, undefined) break the line.
/** @type {(panel: Panel, xs: ArrayLike<number>, ys: ArrayLike<number>) => string} */
function pathThrough(panel, xs, ys) {
  let path = "";
  let pen = "M";
  let points = [];
  for (let i = 0; i < xs.length; i += 1) {
    const [px, py] = [panel.x(xs[i]), panel.y(ys[i])];
    if (finite(px) && finite(py)) {
      path += `${pen}${pixel(px)} ${pixel(py)}`;
      if (pen === "M") {
        points = [];
        panel.lines?.push(points);
      }
      points.push(px, py);
      pen = "L";
    } else pen = "M";
  }
  return path;
}

/** @type {(panel: Panel, d: string, look: string, ...parts: Child[]) => SVGPathElement} */
export function trace(panel, d, look, ...parts) {
  const straight = /^M(\S+) (\S+?)([hv])(\S+)$/.exec(d);
  if (straight) {
    const [x, y, by] = [1, 2, 4].map((i) => Number(straight[i]));
    panel.lines?.push([x, y, ...(straight[3] === "h" ? [x + by, y] : [x, y + by])]);
  }
  return panel.marks.appendChild(vector("path", { d, class: look }, ...parts));
}

/** @type {(panel: Panel, xs: ArrayLike<number>, ys: ArrayLike<number>, attributes: Attributes) => SVGPathElement} */
export function line(panel, xs, ys, attributes) {
  return panel.marks.appendChild(vector("path", { d: pathThrough(panel, xs, ys), fill: "none", ...attributes }));
}

// Between two curves; on a log axis what lies at or below zero is put at the frame's floor.
/**
 * @type {(panel: Panel, xs: ArrayLike<number>, low: ArrayLike<number>, high: ArrayLike<number>, attributes:
 *   Attributes) => SVGPathElement}
 */
export function band(panel, xs, low, high, attributes) {
  const floor = panel.y.domain[0];
  const lift = (v) => (panel.y.kind === "log" && v <= 0 ? floor : v);
  let path = "";
  for (const [from, to] of runs(xs.length, (i) => [xs[i], low[i], high[i]].every(finite))) {
    const there = [];
    const back = [];
    for (let i = from; i < to; i += 1) {
      there.push(`${pixel(panel.x(xs[i]))} ${pixel(panel.y(lift(high[i])))}`);
      back.push(`${pixel(panel.x(xs[i]))} ${pixel(panel.y(lift(low[i])))}`);
    }
    path += `M${there.join("L")}L${back.reverse().join("L")}Z`;
  }
  return panel.marks.appendChild(vector("path", { d: path, ...attributes }));
}

/**
 * @type {(panel: Panel, xs: ArrayLike<number>, ys: Float64Array | number[], errors: ArrayLike<number>, attributes:
 *   Attributes) => SVGPathElement}
 */
export const spread = (panel, xs, ys, errors, attributes) =>
  band(
    panel,
    xs,
    ys.map((y, i) => y - errors[i]),
    ys.map((y, i) => y + errors[i]),
    attributes,
  );

/** @type {(length: number, good: (i: number) => boolean) => number[][]} */
function runs(length, good) {
  const found = [];
  let from = 0;
  for (let i = 0; i <= length; i += 1) {
    if (i < length && good(i)) continue;
    if (i > from) found.push([from, i]);
    from = i + 1;
  }
  return found;
}

// Histogram outline; with `closed` it comes back along the floor so that it can be filled.
/**
 * @type {(panel: Panel, edges: ArrayLike<number>, contents: Float64Array | number[], attributes: Attributes,
 *   closed?: boolean) => void}
 */
export function steps(panel, edges, contents, attributes, closed = false) {
  const { top, height } = panel.inner;
  const floor = panel.y.domain[0] > 0 || panel.y.kind === "log" ? top + height : panel.y(max(0, panel.y.domain[0]));
  const at = (v) => {
    const y = panel.y(v);
    return finite(y) ? min(y, 1e5) : top + height + 10;
  };
  let path = `M${pixel(panel.x(edges[0]))} ${pixel(closed ? floor : at(contents[0]))}`;
  const points = [];
  contents.forEach((content, i) => {
    points.push(panel.x(edges[i]), at(content), panel.x(edges[i + 1]), at(content));
    path += `V${pixel(at(content))}H${pixel(panel.x(edges[i + 1]))}`;
  });
  if (!closed) panel.lines?.push(points);
  const d = closed ? `${path}V${pixel(floor)}Z` : path;
  panel.marks.append(vector("path", { d, fill: closed ? null : "none", ...attributes }));
}

/**
 * @type {(panel: Panel, xs: ArrayLike<number>, ys: ArrayLike<number>, errors: ArrayLike<number>, attributes:
 *   Attributes) => void}
 */
export function dots(panel, xs, ys, errors, attributes) {
  const group = panel.marks.appendChild(vector("g", attributes));
  for (let i = 0; i < xs.length; i += 1) {
    const [px, py] = [panel.x(xs[i]), panel.y(ys[i])];
    if (!finite(px) || !finite(py)) continue;
    const up = panel.y(ys[i] + errors[i]);
    const low = panel.y(ys[i] - errors[i]);
    const down = finite(low) ? low : panel.inner.top + panel.inner.height;
    panel.lines?.push([px, min(up, py - 2), px, max(down, py + 2)]);
    group.append(
      vector("path", { d: `M${pixel(px)} ${pixel(up)}V${pixel(down)}`, class: "whisker" }),
      vector("circle", { cx: pixel(px), cy: pixel(py), r: 2.2 }),
    );
  }
}

// Where one stands on a curve.
/** @type {(panel: Panel, x: number, y: number) => void} */
export function point(panel, x, y) {
  const [cx, cy] = [panel.x(x), panel.y(y)];
  if (finite(cx + cy)) panel.marks.append(vector("circle", { cx, cy, r: 4.5, class: "point" }));
}

// Dash of each model, as in _style.py.
export const DASHES = ["", "6 3", "2 2", "8 2 2 2", "4 2", "1 2", "10 3", "8 2 2 2 2 2"];

// The best of a curve, where something stands in pixels.
/** @type {(x: number, y: number) => SVGPathElement} */
export const diamond = (x, y) => vector("path", { d: `M${x} ${y - 5}l5 5l-5 5l-5 -5Z`, class: "best" });

// ▲ for signal, ● for background: never colour alone.
/** @type {(x: number, y: number, kind: string) => SVGElement} */
export const classMark = (x, y, kind) =>
  kind === "signal"
    ? vector("path", { d: `M${x} ${y - 5}l5 9h-10Z`, class: "mark-signal" })
    : vector("circle", { cx: x, cy: y, r: 4, class: "mark-background" });
