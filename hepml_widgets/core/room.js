// Words among the lines: each where no line and no other text is, as near as can be.

import { vector } from "./elements.js";
import { pixel } from "./marks.js";
import { shorten, upright } from "./names.js";
import { max, min } from "./numbers.js";
import { ASIDE, fit, lengthOf, write } from "./words.js";

/** @import { Box, Panel } from "./types.js" */
/** @typedef {(left: number, top: number, width: number, height: number) => number} Crossed */

const CELL = 4;

// After all is drawn, what was wished gets its place.
/** @type {(panel: Panel) => void} */
export function findRoom(panel) {
  const { lines, wishes } = panel;
  panel.lines = panel.wishes = null;
  if (!wishes.length) return;
  const crossed = crossings(panel.inner, lines);
  /** @type {any[]} */
  const texts = [...panel.svg.querySelectorAll(".hepml-marks text"), ...panel.labels.children];
  const taken = texts.map((node) => node.getBBox()).map(({ x, y, width, height }) => [x, y, x + width, y + height]);
  for (const { words, text, full = text, anchor = "end", class: look = "", ...wish } of wishes) {
    const shown = words ?? shorten(text);
    const most = panel.inner.width - 2 * ASIDE;
    const length = min(most, lengthOf(panel, shown, /chosen|val-line/.test(look) ? 600 : 400));
    const before = { start: 0, middle: length / 2, end: length }[anchor];
    const [x, y] = placeOf(panel, shown, [wish.x - before, wish.y, length], crossed, taken);
    taken.push([x, y - 12, x + length, y + 4]);
    const node = write(panel, pixel(x + before), pixel(y), `label ${anchor} ${look}`, shown);
    if (length === most) fit(node, "", most);
    if (full && upright(shown) !== upright(full)) node.append(vector("title", {}, full));
  }
}

// The place of a text [left, baseline, length] that is nearest to the wished one and best for reading;
// one that stood well stays, so that names do not jump while something is dragged.
/** @type {(panel: Panel, text: string, wish: number[], crossed: Crossed, taken: number[][]) => number[]} */
function placeOf(panel, text, [x, y, length], crossed, taken) {
  const {
    inner: { left, top, width, height },
    stood,
  } = panel;
  const spoilt = (at, line) =>
    crossed(at, line - 12, length, 15) +
    400 *
      taken.filter(([x0, y0, x1, y1]) => at < x1 + 4 && x0 < at + length + 4 && line - 12 < y1 && y0 < line + 4).length;
  const [last, floor] = [left + width - ASIDE - length, top + height - 7];
  const [at, line] = [max(left + ASIDE, min(last, x)), max(top + 14, min(floor, y))];
  const kept = stood.get(text);
  if (kept && Math.hypot(kept[0] - at, kept[1] - line) < 40 && !spoilt(...kept)) return kept;
  let [best, least] = [[at, line], spoilt(at, line) * CELL];
  const attempt = (toX, toY) => {
    const far = Math.abs(toX - at) / 2 + Math.abs(toY - line);
    if (far >= least) return;
    const cost = far + spoilt(toX, toY) * CELL;
    if (cost < least) [best, least] = [[toX, toY], cost];
  };
  for (let down = 0; down < height && down < least; down += CELL) {
    for (let aside = 0; aside < width && aside / 2 + down < least; aside += 2 * CELL) {
      for (const toY of [line - down, line + down]) {
        if (toY < top + 14 || toY > floor) continue;
        for (const toX of [at - aside, at + aside]) if (toX >= left + ASIDE && toX <= last) attempt(toX, toY);
      }
    }
  }
  stood.set(text, best);
  return best;
}

// How many cells of a box hold a piece of a line: crossed(left, top, width, height).
/** @type {(box: Box, lines: number[][]) => Crossed} */
function crossings({ left, top, width, height }, lines) {
  const [columns, rows] = [width, height].map((size) => Math.ceil(size / CELL) + 1);
  const cells = new Uint8Array(columns * rows);
  const cellOf = (value, start, count) => max(0, min(count - 1, Math.floor((value - start) / CELL)));
  const mark = (x, y) => {
    if (x >= left && x <= left + width && y >= top && y <= top + height)
      cells[cellOf(y, top, rows) * columns + cellOf(x, left, columns)] = 1;
  };
  for (const points of lines) {
    for (let i = 3; i < points.length; i += 2) {
      const [x0, y0, x1, y1] = [points[i - 3], points[i - 2], points[i - 1], points[i]];
      const [from, to] = [y0, y1].map((y) => max(top - CELL, min(top + height + CELL, y)));
      const pieces = Math.ceil(max(Math.abs(x1 - x0), Math.abs(to - from)) / CELL) || 1;
      for (let k = 0; k <= pieces; k += 1) mark(x0 + ((x1 - x0) * k) / pieces, from + ((to - from) * k) / pieces);
    }
  }
  return (x, y, wide, tall) => {
    let found = 0;
    const [x0, x1] = [cellOf(x, left, columns), cellOf(x + wide, left, columns)];
    for (let row = cellOf(y, top, rows); row <= cellOf(y + tall, top, rows); row += 1) {
      for (let column = x0; column <= x1; column += 1) found += cells[row * columns + column];
    }
    return found;
  };
}
