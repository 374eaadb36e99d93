// Axes of a frame: as many numbers as have room, and titles.

import { furnish, richSVG, vector } from "./elements.js";
import { shorten } from "./names.js";
import { max } from "./numbers.js";
import { makeScale } from "./scales.js";
import { fit, lengthOf } from "./words.js";

/** @import { Attributes, Axis, Panel, Scale, Tick } from "./types.js" */

const MARGIN = { top: 10, right: 12, bottom: 44 };
const ROW = 44; // pixels for one number along y
const GAP = 7; // between two numbers along x
const DIGIT = 7.2;

// As many numbers along an axis as have room: each an interval of pixels that meets no other.
/** @type {(scale: Scale, most: number, sizeOf: (label: string) => number) => Tick[]} */
function ticksWithRoom(scale, most, sizeOf) {
  for (let count = most; count > 1; count -= 1) {
    const ticks = scale.ticks(count);
    const named = ticks.filter(({ label }) => label).sort((a, b) => scale(a.value) - scale(b.value));
    const ends = named.map(({ value, label }) => [scale(value) - sizeOf(label) / 2, scale(value) + sizeOf(label) / 2]);
    const meets = (i) => i > 0 && ends[i][0] < ends[i - 1][1];
    if (!ends.some((_, i) => meets(i))) return ticks;
    if (count > 2) continue;
    // The outermost are left.
    named.slice(1, -1).forEach((tick) => {
      tick.label = null;
    });
    return ticks;
  }
  return [];
}

/** @type {(panel: Panel, width: number, height: number) => void} */
export function arrange(panel, width, height) {
  const { x, y } = panel.axes;
  const [top, tall] = [MARGIN.top, max(20, height - MARGIN.top - (x.below ?? MARGIN.bottom))];
  panel.y = makeScale(y.kind ?? "linear", y.domain, [top + tall, top]);
  panel.rows = ticksWithRoom(panel.y, max(2, Math.floor(tall / ROW)), () => 15);
  const widest = max(0, ...panel.rows.map(({ label }) => (label ? lengthOf(panel, label) : 0)));
  const left = Math.ceil(max(y.room ?? 40, 26 + widest));
  const along = (right) => {
    panel.x = makeScale(x.kind ?? "linear", x.domain, [left, width - right]);
    const most = max(2, Math.floor((width - left - right) / (x.room ?? 56)));
    panel.columns = ticksWithRoom(panel.x, most, (label) => lengthOf(panel, label) + GAP);
    // The half of the last number that stands out, if one stands at the end.
    return max(
      right,
      ...panel.columns
        .filter(({ label }) => label)
        .map(({ value, label }) => Math.ceil(3 + panel.x(value) + lengthOf(panel, label) / 2 - width + right)),
    );
  };
  const right = along(MARGIN.right);
  if (right > MARGIN.right) along(right);
  panel.inner = { left, top, width: max(20, width - left - right), height: tall };
  furnish(panel.svg, { viewBox: `0 0 ${width} ${height}`, width, height });
}

/** @type {(panel: Panel) => void} */
export function drawAxes(panel) {
  const {
    inner: { left, top, width, height },
    axes: { x, y },
  } = panel;
  const [right, bottom] = [left + width, top + height];
  const group = furnish(panel.back, { "data-x": x.kind, "data-y": y.kind });
  group.replaceChildren();
  let path = "";
  for (const { value, major, label } of panel.columns) {
    const at = panel.x(value).toFixed(1);
    const size = major ? 6 : 3;
    path += `M${at} ${bottom}v${-size}M${at} ${top}v${size}`;
    if (label) group.append(vector("text", { x: at, y: bottom + 18, class: "tick middle" }, label));
  }
  for (const { value, major, label } of panel.rows) {
    const at = panel.y(value).toFixed(1);
    const size = major ? 6 : 3;
    path += `M${left} ${at}h${size}M${right} ${at}h${-size}`;
    if (label) group.append(vector("text", { x: left - 6, y: +at + 4, class: "tick end" }, label));
  }
  group.append(
    vector("path", { d: path, class: "ticks" }),
    vector("rect", { x: left, y: top, width, height, class: "box" }),
  );
  entitle(group, x, panel.columns, right - (x.aside ?? 0), { x: right, y: bottom + 36 });
  entitle(group, y, panel.rows, height, { x: -top, y: 13, transform: "rotate(-90)" });
}

// A title that is a user's is cut to its room, whole in a tooltip. What the numbers are less of follows it.
/** @type {(group: Element, axis: Axis, ticks: Tick[], room: number, place: Attributes) => void} */
function entitle(group, { title, plain }, ticks, room, place) {
  const base = ticks.find(({ base: one }) => one)?.base;
  const less = base ? ` ${base}` : "";
  const most = Math.floor(room / DIGIT) - less.length;
  const short = plain && (/^[ -~]*$/.test(title) && title.length <= most ? title : shorten(title, most));
  const words = plain ? [short + less] : richSVG(title + less);
  const node = group.appendChild(vector("text", { ...place, class: "title end" }, ...words));
  if (plain) fit(node, title + less, room);
}
