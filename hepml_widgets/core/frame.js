// One set of axes in its own SVG.

import { arrange, drawAxes } from "./axes.js";
import { element, furnish, vector } from "./elements.js";
import { findRoom } from "./room.js";

/** @import { Axes, Panel, Scene } from "./types.js" */

/** @type {(svg: SVGSVGElement) => Pick<Panel, "box" | "marks" | "cover" | "back" | "overlay" | "labels">} */
function layersOf(svg) {
  // Not a count: a page may hold several copies of this script, each counting for itself.
  const clip = `hepml-clip-${Math.random().toString(36).slice(2)}`;
  const box = vector("rect");
  const layer = (name, clipped) =>
    svg.appendChild(vector("g", { class: name, "clip-path": clipped ? `url(#${clip})` : null }));
  svg.append(vector("clipPath", { id: clip }, box));
  return {
    box,
    marks: layer("marks", true),
    cover: layer("cover", true),
    back: layer("axes", false),
    overlay: layer("overlay", false),
    labels: layer("labels", false),
  };
}

// Measuring makes the browser lay out the page at once: only when the size may have changed.
/** @type {(panel: Panel) => void} */
function layout(panel) {
  const [width, height] = [Math.round(panel.host.clientWidth), Math.round(panel.host.clientHeight)];
  if (width < 40 || height < 40) return;
  panel.size = { width, height };
  panel.family = getComputedStyle(panel.svg).fontFamily;
  panel.redraw();
}

// Axes are drawn when they or the size have changed, marks every time.
/** @type {(panel: Panel, draw: (panel: Panel) => void) => void} */
function redraw(panel, draw) {
  const drawn = JSON.stringify([panel.size, panel.axes]);
  if (panel.drawn !== drawn) {
    arrange(panel, panel.size.width, panel.size.height);
    const { left, top, width, height } = panel.inner;
    furnish(panel.box, { x: left, y: top, width, height });
    drawAxes(panel);
    panel.drawn = drawn;
    panel.stood = new Map();
  }
  panel.marks.replaceChildren();
  panel.labels.replaceChildren();
  [panel.lines, panel.wishes] = [[], []];
  draw(panel);
  findRoom(panel);
  for (const act of panel.after) act();
}

// `draw(panel)` adds the marks; it runs again on every layout.
//   x, y: { title, plain: the title is a user's, kind: "linear" | "log" | "logit" | "count" | "none", domain,
//           room: pixels for one number along x, at the left of y; below: pixels under x;
//           aside: pixels beside the title of x that are something else's }
//   draw(panel), then what stands in panel.after: on every layout
/**
 * @type {(scene: Scene, host: HTMLElement, what: Axes & { label: string, draw: (panel: Panel) => void,
 *   afterLayout?: () => void }) => Panel}
 */
export function frame(scene, host, { label, x, y, draw, afterLayout }) {
  const svg = vector("svg", { class: "frame", role: "img", "aria-label": label });
  /** @type {any} */
  const panel = {
    pen: element("canvas").getContext("2d"),
    svg,
    host,
    label,
    axes: { x, y },
    after: afterLayout ? [afterLayout] : [],
    ...layersOf(svg),
    layout: () => layout(panel),
    redraw: () => (panel.size ? redraw(panel, draw) : layout(panel)),
    set: (axes) => {
      panel.axes = { x: { ...panel.axes.x, ...axes.x }, y: { ...panel.axes.y, ...axes.y } };
      panel.redraw();
    },
  };
  host.append(svg);
  Object.assign(host, { hepmlLayout: panel.layout });
  scene.sizes.observe(host);
  return panel;
}
