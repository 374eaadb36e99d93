// What is dragged in a frame, or moved by keys.

import { nearest } from "./columns.js";
import { furnish, listen, vector } from "./elements.js";
import { finite, max, min } from "./numbers.js";

/** @import { Panel, Scene } from "./types.js" */
/** @typedef {SVGGElement & { hepmlHeight?: number }} Grip */
/** @typedef {{ grip: Grip, show: (index: number) => void }} Handle */
/**
 * @typedef {{
 *   at: () => number, values: () => ArrayLike<number>, go: (row: number) => void, settle: () => void
 * }} Keys
 */
/**
 * @typedef {object} Dragging
 * @property {string} label
 * @property {() => ArrayLike<number>} values
 * @property {(index: number) => string} read
 * @property {(index: number) => void} move
 * @property {(index: number) => void} release
 * @property {boolean} [focusable]
 * @property {boolean} [draggable]
 */

// Pointer gestures inside a frame: `move(x, y)` with the values under the pointer, then `release()`.
/**
 * @type {(scene: Scene, panel: Panel, acts: { begin?: () => void, move: (x: number, y: number) => void, release:
 *   () => void }) => void}
 */
export function dragArea(scene, panel, { begin = () => {}, move, release }) {
  const { svg } = panel;
  let held = false;
  const spot = (event) => {
    const { left, top, width } = svg.getBoundingClientRect();
    const zoom = width / svg.width.baseVal.value || 1; // of a page that is enlarged by its style
    return [(event.clientX - left) / zoom, (event.clientY - top) / zoom];
  };
  const inside = (event) => {
    const [px, py] = spot(event);
    const { left, top, width, height } = panel.inner;
    return px >= left - 12 && px <= left + width + 12 && py >= top && py <= top + height;
  };
  const follow = (event) => {
    const { left, top, width, height } = panel.inner;
    const [px, py] = spot(event);
    move(panel.x.invert(max(left, min(left + width, px))), panel.y.invert(max(top, min(top + height, py))));
  };
  listen(scene, svg, "pointerdown", (event) => {
    if (event.button !== 0 || !panel.inner || !inside(event)) return;
    held = true;
    svg.setPointerCapture(event.pointerId);
    begin();
    follow(event);
    event.preventDefault();
  });
  listen(scene, svg, "pointermove", (event) => held && follow(event));
  for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) {
    listen(scene, svg, kind, () => {
      if (!held) return;
      held = false;
      release();
    });
  }
  svg.classList.add("hepml-drags");
}

const STEPS = {
  ArrowRight: 1,
  ArrowUp: 1,
  ArrowLeft: -1,
  ArrowDown: -1,
  PageUp: "page",
  PageDown: "-page",
  Home: "first",
  End: "last",
};

/** @type {(key: string, index: number, count: number, coarse: boolean) => number} */
function stepped(key, index, count, coarse) {
  const page = max(1, Math.round(count / 10));
  const move = STEPS[key];
  if (move === "first") return 0;
  if (move === "last") return count - 1;
  const by = { page, "-page": -page }[move] ?? move * (coarse ? 10 : 1);
  return max(0, min(count - 1, index + by));
}

// A picture hides what it holds from those who listen: one with a control is a group of it alone.
/** @type {(panel: Panel) => void} */
export function holdControl(panel) {
  panel.svg.setAttribute("role", "group");
  for (const layer of panel.svg.children) if (layer !== panel.overlay) furnish(layer, { "aria-hidden": "true" });
}

// A line of full height with a knob.
/** @type {(panel: Panel, label: string, focusable: boolean) => Grip} */
function makeGrip(panel, label, focusable) {
  const slider = { role: "slider", tabindex: "0", "aria-label": label, "aria-orientation": "horizontal" };
  const grip = vector("g", { class: "handle", ...(focusable ? slider : { "aria-hidden": "true" }) });
  grip.append(...["reach", "rule", "knob"].map((look) => vector("path", { class: look })));
  panel.overlay.append(grip);
  if (focusable) holdControl(panel);
  return grip;
}

/** @type {(panel: Panel, grip: Grip, value: number) => void} */
function place(panel, grip, value) {
  const { left, top, width, height } = panel.inner;
  const at = max(left, min(left + width, panel.x(value)));
  if (!finite(at)) return;
  grip.setAttribute("transform", `translate(${at.toFixed(2)} 0)`);
  if (grip.hepmlHeight === height) return;
  grip.hepmlHeight = height;
  const column = `M0 ${top}V${top + height}`;
  const knob = `M-6 ${top + 2}H6V${top + 14}L0 ${top + 21}L-6 ${top + 14}Z`;
  [column, column, knob].forEach((d, i) => grip.children[i].setAttribute("d", d));
}

// Keys move by rows, pages and to the ends: `go(row)` at once, `settle()` when they rest. Gives what ends
// any gesture.
/** @type {(scene: Scene, grip: Element, keys: Keys) => (() => void)} */
function followKeys(scene, grip, { at, values, go, settle }) {
  let later = null;
  const rest = () => {
    clearTimeout(later);
    later = null;
    settle();
  };
  // Whoever listens to the focus of an SVG element makes the Tab key stop there.
  listen(scene, grip, "keydown", (event) => {
    if (!(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    go(stepped(event.key, at(), values().length, event.shiftKey));
    clearTimeout(later);
    later = setTimeout(rest, 400);
  });
  listen(scene, grip, "blur", () => later && rest());
  scene.defer(() => clearTimeout(later));
  return rest;
}

// A full-height line to drag along x over the sorted `values()`. It moves by whole rows:
// `move(index)` on every step, `release(index)` once a gesture or a burst of keys is over.
//   read(index): what is announced of a row;  focusable: one of several linked handles is enough
//   draggable: by the pointer too, which a panel with two handles does for itself
/** @type {(scene: Scene, panel: Panel, what: Dragging) => Handle} */
export function dragHandle(scene, panel, { label, values, read, move, release, focusable = true, draggable = true }) {
  const grip = makeGrip(panel, label, focusable);
  let index = 0;
  const placed = () => place(panel, grip, values()[index]);
  const show = (next) => {
    const rows = values();
    index = max(0, min(rows.length - 1, next));
    if (panel.inner) placed();
    if (!focusable) return;
    furnish(grip, {
      "aria-valuemin": rows[0],
      "aria-valuemax": rows[rows.length - 1],
      "aria-valuenow": rows[index],
      "aria-valuetext": read(index),
    });
  };
  const go = (next) => {
    if (next === index) return;
    show(next);
    move(index);
  };
  const keys = { at: () => index, values, go, settle: () => release(index) };
  const settle = focusable ? followKeys(scene, grip, keys) : keys.settle;
  const begin = () => focusable && grip.focus({ preventScroll: true });
  panel.after.push(placed);
  if (draggable) dragArea(scene, panel, { begin, move: (x) => go(nearest(values(), x)), release: settle });
  return { grip, show };
}
