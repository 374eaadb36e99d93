// One set of axes in its own SVG.

import { arrange, drawAxes } from "./axes.js";
import { element, furnish, vector } from "./elements.js";
import { findRoom } from "./room.js";

// One set of axes in its own SVG. `draw(panel)` adds the marks; it runs again on every layout.
//   x, y: { title, plain: the title is a user's, kind: "linear" | "log" | "logit" | "count" | "none", domain,
//           room: pixels for one number along x, at the left of y; below: pixels under x;
//           aside: pixels beside the title of x that are something else's }
//   draw(panel), then what stands in panel.after: on every layout
export function frame(scene, host, { label, x, y, draw, afterLayout }) {
  // Not a count: a page may hold several copies of this script, each counting for itself.
  const clip = `hepml-clip-${Math.random().toString(36).slice(2)}`;
  const svg = vector("svg", { class: "frame", role: "img", "aria-label": label });
  const layer = (name, clipped) =>
    svg.appendChild(vector("g", { class: name, "clip-path": clipped ? `url(#${clip})` : null }));
  const box = vector("rect");
  svg.append(vector("clipPath", { id: clip }, box));
  const panel = {
    pen: element("canvas").getContext("2d"),
    svg,
    host,
    label,
    axes: { x, y },
    after: afterLayout ? [afterLayout] : [],
    marks: layer("marks", true),
    cover: layer("cover", true),
    back: layer("axes", false),
    overlay: layer("overlay", false),
    labels: layer("labels", false),
  };
  panel.set = (axes) => {
    panel.axes = { x: { ...panel.axes.x, ...axes.x }, y: { ...panel.axes.y, ...axes.y } };
    panel.redraw();
  };
  // Measuring makes the browser lay out the page at once: only when the size may have changed.
  panel.layout = () => {
    const [width, height] = [Math.round(host.clientWidth), Math.round(host.clientHeight)];
    if (width < 40 || height < 40) return;
    panel.size = { width, height };
    panel.family = getComputedStyle(svg).fontFamily;
    panel.redraw();
  };
  panel.redraw = () => {
    if (!panel.size) {
      panel.layout();
      return;
    }
    const drawn = JSON.stringify([panel.size, panel.axes]);
    if (panel.drawn !== drawn) {
      arrange(panel, panel.size.width, panel.size.height);
      const { left, top, width, height } = panel.inner;
      furnish(box, { x: left, y: top, width, height });
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
  };
  host.append(svg);
  host.hepmlLayout = panel.layout;
  scene.sizes.observe(host);
  return panel;
}
