// Words in a frame, and how long they are.

import { furnish, vector } from "./elements.js";
import { unmarked, upright } from "./names.js";

/** @import { Child, Panel, Wish } from "./types.js" */

// Width of a text in the letters of the frame, without making the browser lay out the page.
/** @type {(panel: Panel, text: string, weight?: number) => number} */
export function lengthOf(panel, text, weight = 400) {
  panel.pen.font = `${weight} 12px ${panel.family}`;
  return panel.pen.measureText(text).width;
}

// Letters may be wider than most: a text is narrowed until it has room, and whole in a tooltip.
/** @type {(node: SVGTextContentElement, full: string, room: number) => void} */
export function fit(node, full, room) {
  if (node.getComputedTextLength() > room) furnish(node, { textLength: room, lengthAdjust: "spacingAndGlyphs" });
  if (full && upright(node.textContent) !== upright(unmarked(full))) node.append(vector("title", {}, full));
}

/** @type {(panel: Panel, x: number | string, y: number | string, look: string, ...words: Child[]) => SVGTextElement} */
export const write = (panel, x, y, look, ...words) =>
  panel.labels.appendChild(vector("text", { x, y, class: look }, ...words));

// Says in the middle of a frame why there is nothing to see.
/** @type {(panel: Panel, text: string, down?: number) => void} */
export function remark(panel, text, down = panel.inner.height / 2) {
  const { left, top, width } = panel.inner;
  panel.wishes.push({ words: text, x: left + width / 2, y: top + down, anchor: "middle", class: "empty" });
}

// Names beside the curves' ends: each where no line and no other text is, as near as can be.
//   items: { text, x, y (pixels), class, full?, anchor? }
/** @type {(panel: Panel, items: Wish[]) => void} */
export const endLabels = (panel, items) => panel.wishes.push(...items);

export const ASIDE = 8; // from the frame to a name
