// What stands below the panels: numbers, the ways to take them away, a table.

import { announcer } from "./controls.js";
import { actions } from "./downloads.js";
import { div, element, richHTML } from "./elements.js";
import { upright } from "./names.js";
import { same, significant } from "./numbers.js";
import { joined, readoutLine } from "./readout.js";

/** @import { Panel, Parts, Rows, Scene } from "./types.js" */
/**
 * @typedef {object} Footer
 * @property {HTMLElement[]} nodes
 * @property {(length: number, parts: (row: number) => Parts) => void} reserve
 * @property {() => void} refresh
 * @property {(parts: Parts, more?: string) => void} write
 */

// A table behind a button, filled when it is first looked at.
//   rows(): [[header, ...], [cell, ...], ...]
/** @type {(caption: string, rows: () => Rows) => { node: HTMLElement, refresh: () => void, toggle: () => boolean }} */
export function dataTable(caption, rows) {
  const box = element("div", { class: "data", tabindex: "0", role: "group", "aria-label": caption, hidden: "" });
  const fill = () => {
    const [header, ...body] = rows();
    const table = element("table", {}, element("caption", {}, caption));
    table.append(
      element(
        "thead",
        {},
        element("tr", {}, ...header.map((cell) => element("th", { scope: "col" }, ...richHTML(upright(String(cell)))))),
      ),
    );
    table.append(
      element(
        "tbody",
        {},
        ...body.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, upright(String(cell)))))),
      ),
    );
    box.replaceChildren(table);
  };
  return {
    node: box,
    refresh: () => {
      if (!box.hidden) fill();
    },
    toggle: () => {
      box.hidden = !box.hidden;
      if (!box.hidden) fill();
      return !box.hidden;
    },
  };
}

// What stands below the panels: numbers that change in place, the ways to take them away, a table.
//   rows(text, file): [[header, ...], [cell, ...], ...] with `text` put to each number
/**
 * @type {(scene: Scene, name: string, caption: string, rows: (text: (value: any) => any, file: boolean) => Rows,
 *   panels: () => Panel[] | Panel[][]) => Footer}
 */
export function footer(scene, name, caption, rows, panels) {
  const say = announcer(scene);
  const numbers = readoutLine();
  const data = dataTable(caption, () => rows((value) => significant(value, 4), false));
  return {
    nodes: [
      div(
        "bar",
        numbers.node,
        actions(scene, name, data, () => rows(same, true), panels),
      ),
      data.node,
    ],
    reserve: numbers.reserve,
    refresh: data.refresh,
    write: (parts, more = "") => {
      numbers.write(parts);
      say(joined(parts) + more);
    },
  };
}
