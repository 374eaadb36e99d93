// A stretch of a histogram that is selected.

import { vector } from "./elements.js";
import { dragArea, dragHandle } from "./handles.js";
import { max, min } from "./numbers.js";

// Selects a stretch of a histogram, by dragging across the first of the panels or by either end;
// the rest is veiled in all of them. Gives what shows it again.
//   read(): { edges, text(edge): its words, ends: [from, to], own: whether they are selected here }
export function brush(scene, panels, labels, read, choose, release) {
  const [panel] = panels;
  let anchor = null;
  const grips = labels.map((label, by) =>
    dragHandle(scene, panel, {
      label,
      draggable: false,
      release,
      read: (i) => read().text(i + by),
      values: () => read().edges.subarray(by, read().edges.length - 1 + by),
      move: (i) => {
        const [from, to] = read().ends;
        if (by) choose(min(i, from), i + 1);
        else choose(i, max(i + 1, to));
      },
    }),
  );
  const veils = panels.map(({ cover }) => cover.appendChild(vector("path", { class: "veil" })));
  dragArea(scene, panel, {
    begin: () => {
      anchor = null;
      grips[0].grip.focus({ preventScroll: true });
    },
    release,
    move: (x) => {
      const {
        edges,
        own,
        ends: [from, to],
      } = read();
      const near = (end) => own && Math.abs(panel.x(x) - panel.x(edges[end])) < 9;
      const bin = max(
        0,
        min(
          edges.length - 2,
          edges.findLastIndex((edge) => edge <= x),
        ),
      );
      anchor ??= near(from) ? to - 1 : near(to) ? from : bin;
      choose(min(anchor, bin), max(anchor, bin) + 1);
    },
  });
  return () => {
    const { edges, ends } = read();
    veils.forEach((veil, i) => {
      if (!panels[i].inner) return;
      const {
        x,
        inner: { left, top, width, height },
      } = panels[i];
      const [from, to] = ends.map((end) => x(edges[end]));
      veil.setAttribute(
        "d",
        `M${left} ${top}H${from}v${height}H${left}ZM${to} ${top}H${left + width}v${height}H${to}Z`,
      );
    });
    grips.forEach((one, i) => one.show(ends[i] - i));
  };
}
