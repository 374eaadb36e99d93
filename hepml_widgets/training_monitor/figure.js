// Curves of one quantity.

import { vector } from "../core/elements.js";
import { tr } from "../core/language.js";
import { line, trace } from "../core/marks.js";
import { finite } from "../core/numbers.js";
import { write } from "../core/words.js";
import { points } from "./payload.js";

const LOOKS = {
  "": { class: "train-line", dash: "6 3" },
  val_: { class: "val-line", dash: null },
};

const DASHES = ["8 2 2 2", "4 2", "1 2", "10 3", "8 2 2 2 2 2"];

// How the curves of each sample look, by what their names begin with.
export function looksOf(sets) {
  let others = 0;
  return sets.map(([lead, text]) => {
    if (LOOKS[lead]) return { lead, text, ...LOOKS[lead] };
    const place = others++ % DASHES.length;
    return { lead, text, class: `train-other train-other-${place}`, dash: DASHES[place] };
  });
}

export function drawCurve(panel, run, name, { class: look, dash }, count) {
  const rows = points(run, name);
  const past = rows.filter(([, , i]) => i < count);
  const draw = (part, extra) =>
    line(
      panel,
      part.map(([x]) => x),
      part.map(([, y]) => y),
      {
        class: `${look}${extra}`,
        "stroke-dasharray": dash,
      },
    );
  if (past.length < rows.length) draw(rows.slice(Math.max(past.length - 1, 0)), " train-ahead");
  draw(past, "");
  if (past.length === 1) mark(panel, past[0], `${look} train-single`);
  past
    .filter(([, y]) => !finite(y))
    .slice(0, 1)
    .forEach(([x]) => notFinite(panel, x, look));
  return past;
}

function mark(panel, [x, y], look) {
  const [cx, cy] = [panel.x(x), panel.y(y)];
  if (!finite(cx) || !finite(cy)) return;
  panel.marks.append(vector("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: 4, class: look }));
}

// The first value that no axis can show is marked at the top of the frame.
function notFinite(panel, x, look) {
  const [px, top] = [panel.x(x), panel.inner.top];
  panel.marks.append(
    vector(
      "path",
      { d: `M${px - 5} ${top + 11}h10l-5 -8Z`, class: `${look} train-single` },
      vector("title", {}, tr("not finite from {x} on", { x })),
    ),
  );
}

export function label(panel, past, { text, class: look }) {
  const shown = past.filter(([, y]) => finite(panel.y(y)));
  if (!shown.length) return null;
  const [x, y] = shown[shown.length - 1];
  const { left, width } = panel.inner;
  const room = left + width - panel.x(x) > 74;
  return {
    text,
    class: look,
    anchor: room ? "start" : "end",
    x: room ? panel.x(x) + 6 : left + width - 6,
    y: panel.y(y) + (room ? 4 : -6),
  };
}

export function drawBaseline(panel, value, text) {
  const y = panel.y(value);
  const { left, width, top } = panel.inner;
  if (!finite(y)) return;
  trace(panel, `M${left} ${y.toFixed(1)}h${width}`, "train-baseline");
  write(panel, left + 8, Math.max(y - 5, top + 12).toFixed(1), "label train-baseline-name", text);
}

export function drawBest(panel, best, isHere) {
  if (!best) return;
  const x = panel.x(best[0]).toFixed(1);
  const { top, height } = panel.inner;
  trace(panel, `M${x} ${top}v${height}`, "train-best-rule");
  if (isHere) mark(panel, best, "train-best");
}
