// The figure of merit against the threshold.

import { vector } from "../core/elements.js";
import { later, tr } from "../core/language.js";
import { diamond, line, spread } from "../core/marks.js";
import { finite, withError } from "../core/numbers.js";
import { ENOUGH_BACKGROUND } from "../core/stats.js";
import { niceDomain } from "../core/ticks.js";
import { fit, remark, write } from "../core/words.js";
import { MERITS, thresholdText } from "./payload.js";

export function meritAxes({ m, merit, options, curve, best }) {
  return {
    x: { title: tr("threshold"), kind: m.scale, domain: m.range },
    y: {
      title: MERITS[merit].title(options),
      kind: "linear",
      domain: niceDomain([0, Math.max(curve.top, best ? best.top : 0)]),
    },
  };
}

// What the best point follows, in as many lines as it takes.
function drawRule(panel, down) {
  const { left, top, width } = panel.inner;
  const words = [tr("dotted: fewer than {n}", { n: ENOUGH_BACKGROUND }), tr("effective background events")];
  const lines = width < 330 ? words : [words.join(" ")];
  lines.forEach((text, i) => fit(write(panel, left + 27, top + down + 15 * i, "label empty", text), "", width - 34));
  return down + 17 * lines.length;
}

const SAME = later("the best on these events: optimistic");

// The bound's curve and its name; gives where the next words stand.
function drawBest(panel, xs, { values }, down) {
  const { left, top } = panel.inner;
  line(panel, xs, values, { class: "bound" });
  panel.labels.append(
    vector("path", { d: `M${left + 12} ${top + down - 4}h24`, class: "bound" }),
    vector("text", { class: "label empty", x: left + 42, y: top + down }, tr("exact bound")),
  );
  return down + 17;
}

function markBest(panel, xs, { m, merit, curve: { values, errors, best } }) {
  const { left, top, width } = panel.inner;
  const [value, at] = [withError(values[best], errors[best]), thresholdText(m, best)];
  const words = tr("best {name} {value} at {at}", { name: merit, value, at });
  panel.marks.append(diamond(panel.x(xs[best]), panel.y(values[best])));
  panel.labels.append(diamond(left + 16, top + 31));
  fit(write(panel, left + 27, top + 35, "label", words), "", width - 34);
  fit(write(panel, left + 27, top + 52, "label empty", tr(SAME)), "", width - 34);
}

export function drawMerit(panel, view) {
  const { m, merit, curve, best: bound } = view;
  const [low, high] = m.range;
  const xs = m.threshold.map((t) => Math.min(high, Math.max(low, t)));
  const { values, errors, best, good } = curve;
  let down = best < 0 ? 35 : 69;
  if (values.some((z, i) => finite(z) && !m.trusted[i])) {
    line(panel, xs, values, { class: "curve curve-0 roc-rest" });
    down = drawRule(panel, down);
  }
  if (bound) down = drawBest(panel, xs, bound, down);
  spread(panel, xs, good, errors, { class: "band curve-0" });
  line(panel, xs, good, { class: "curve curve-0 chosen" });
  if (best >= 0) {
    markBest(panel, xs, view);
    return;
  }
  const some = values.some(finite);
  const none = tr("no cut with a defined {name}", { name: merit });
  remark(panel, some ? tr("too few events to name a best cut") : none, down + 8);
}
