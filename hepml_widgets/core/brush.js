// A stretch of a histogram that is selected.

import { vector } from "./elements.js";
import { dragArea, dragHandle } from "./handles.js";
import { max, min } from "./numbers.js";

/** @import { Choosing, Panel, Scene } from "./types.js" */
/** @import { Handle } from "./handles.js" */

// A handle at the lower end and one at the upper; each stops at the other.
/** @type {(scene: Scene, panel: Panel, labels: string[], acts: Choosing) => Handle[]} */
function endsOf(scene, panel, labels, { read, choose, release }) {
  const moveTo = (i, isUpper) => {
    const [from, to] = read().ends;
    if (isUpper) choose(min(i, from), i + 1);
    else choose(i, max(i + 1, to));
  };
  return labels.map((label, by) =>
    dragHandle(scene, panel, {
      label,
      draggable: false,
      release,
      read: (i) => read().text(i + by),
      values: () => read().edges.subarray(by, read().edges.length - 1 + by),
      move: (i) => moveTo(i, by),
    }),
  );
}

// The pointer selects from where it began, or moves the end that it took.
/** @type {(scene: Scene, panel: Panel, acts: Choosing, focus: () => void) => void} */
function dragAcross(scene, panel, { read, choose, release }, focus) {
  let anchor = null;
  const begin = () => {
    anchor = null;
    focus();
  };
  const move = (x) => {
    const { edges, own, ends } = read();
    const [from, to] = ends;
    const near = (end) => own && Math.abs(panel.x(x) - panel.x(edges[end])) < 9;
    const below = edges.findLastIndex((edge) => edge <= x);
    const bin = max(0, min(edges.length - 2, below));
    anchor ??= near(from) ? to - 1 : near(to) ? from : bin;
    choose(min(anchor, bin), max(anchor, bin) + 1);
  };
  dragArea(scene, panel, { begin, move, release });
}

/** @type {(veil: Element, panel: Panel, low: number, high: number) => void} */
function cover(veil, { x, inner }, low, high) {
  if (!inner) return;
  const { left, top, width, height } = inner;
  const [from, to] = [x(low), x(high)];
  const outside = `M${left} ${top}H${from}v${height}H${left}ZM${to} ${top}H${left + width}v${height}H${to}Z`;
  veil.setAttribute("d", outside);
}

// Selects a stretch of a histogram, by dragging across the first of the panels or by either end;
// the rest is veiled in all of them. Gives what shows it again.
//   read(): { edges, text(edge): its words, ends: [from, to], own: whether they are selected here }
/**
 * @type {(scene: Scene, panels: Panel[], labels: string[], read: Choosing["read"], choose: Choosing["choose"],
 *   release: () => void) => (() => void)}
 */
export function brush(scene, panels, labels, read, choose, release) {
  const [panel] = panels;
  const acts = { read, choose, release };
  const grips = endsOf(scene, panel, labels, acts);
  const veils = panels.map((one) => one.cover.appendChild(vector("path", { class: "veil" })));
  dragAcross(scene, panel, acts, () => grips[0].grip.focus({ preventScroll: true }));
  return () => {
    const { edges, ends } = read();
    veils.forEach((veil, i) => cover(veil, panels[i], edges[ends[0]], edges[ends[1]]));
    grips.forEach((one, i) => one.show(ends[i] - i));
  };
}
