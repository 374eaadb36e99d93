// Numbers that change in place, in one line.

import { element, quiet, richHTML, setHTML } from "./elements.js";
import { unmarked, upright } from "./names.js";
import { max, min } from "./numbers.js";

/** @import { Parts } from "./types.js" */

const COLUMN = 218; // most px of a column of numbers
const LINE = 900; // px that all have in one line

/** @type {(parts: Parts) => string} */
export const joined = (parts) => parts.map(([label, value]) => `${label} ${value}`.trim()).join(" · ");

// [label, value] pairs whose numbers change in place: in one line, or below each other in columns.
/**
 * @type {() => { node: HTMLElement, write: (parts: Parts) => void, reserve: (length: number, parts: (row: number)
 *   => Parts) => void }}
 */
export function readoutLine() {
  const node = element("p", { class: "readout" });
  /** @type {() => any[]} */
  const items = () => [...node.children];
  const widest = {}; // letters of each number, by its label
  const hold = () => {
    const widths = items().map(({ firstChild: { textContent: label }, lastChild: value }) => {
      const letters = widest[label] ?? value.textContent.length;
      value.style.setProperty("min-width", `${letters}ch`);
      return 7.6 * label.length + 9.6 * letters;
    });
    const column = min(COLUMN, max(...widths));
    node.style.setProperty("--column", `${column}px`);
    items().forEach((item, i) => {
      const span = min(3, Math.ceil(widths[i] / column));
      item.style.setProperty("--span", span);
      item.classList.toggle("hepml-wide", span > 1);
    });
    node.classList.toggle("hepml-many", widths.reduce((sum, width) => sum + width + 17, 0) > LINE);
  };
  const write = (parts) => {
    const labels = parts.map(([label]) => label).join("|");
    const isNew = node.dataset.labels !== labels;
    if (isNew) {
      node.dataset.labels = labels;
      node.replaceChildren(
        ...parts.map(([label]) => element("span", { class: "item" }, quiet(...richHTML(label)), " ", element("b"))),
      );
    }
    const cells = items().map(({ lastChild }) => lastChild);
    parts.forEach(([, value], i) => {
      const cell = cells[i];
      if (cell.textContent !== unmarked(value)) cell.replaceChildren(...setHTML(value));
    });
    if (isNew) hold();
    node.dataset.text = joined(parts);
  };
  // Room for the longest text of each number, so that nothing jumps.
  const reserve = (length, parts) => {
    const stride = max(1, Math.floor(length / 100));
    for (let row = 0; row < length; row += stride) {
      parts(row).forEach(([, value], i) => {
        const label = node.children[i]?.firstChild.textContent;
        widest[label] = max(widest[label] ?? 0, [...upright(value)].length);
      });
    }
    hold();
  };
  return { node, write, reserve };
}
