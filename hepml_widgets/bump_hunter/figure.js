// Mass spectrum, pulls, and local p-values.

import { twice } from "../core/columns.js";
import { vector } from "../core/elements.js";
import { later, tr } from "../core/language.js";
import { band, dots, line, point, steps, trace } from "../core/marks.js";
import { finite } from "../core/numbers.js";
import { niceDomain } from "../core/ticks.js";
import { endLabels, remark } from "../core/words.js";
import { tail } from "./fit.js";
import { hunt } from "./hunt.js";

const TOO_FEW = later("too few sideband bins with events to fit");

export function drawWindow(panel, t, span) {
  const [from, to] = span.map((i) => panel.x(t.edges[i]));
  const { top, height } = panel.inner;
  trace(panel, `M${from} ${top}H${to}v${height}H${from}Z`, "bump-window");
}

export function drawSpectrum(panel, t, { row, span, truth }) {
  const [found, counts] = [hunt(t, row, span), t.counts[row]];
  drawWindow(panel, t, span);
  const labels = [];
  const label = (x, value, text, kind) =>
    labels.push({
      text,
      x: panel.x(x) + 8,
      y: panel.y(value) - 14,
      anchor: "start",
      class: `name-${kind}`,
    });
  if (found.expected) {
    const { band: width } = found;
    const side = (sign) => twice(found.expected.map((value, i) => value + sign * width[i]));
    band(panel, twice(t.edges).slice(1, -1), side(-1), side(1), { class: "area-background" });
    steps(panel, t.edges, found.expected, { class: "line-background" });
    const beyond = Math.min(span[1] + 2, t.bins - 1);
    label(t.edges[beyond], found.expected[beyond - 1], tr("sideband fit"), "background");
  } else remark(panel, tr(TOO_FEW));
  if (truth) {
    steps(panel, t.edges, t.signal[row], { class: "line-signal" });
    const most = Math.max(...t.signal[row]);
    if (most > 0) label(t.edges[t.signal[row].lastIndexOf(most) + 1], most, tr("true signal"), "signal");
  }
  dots(panel, t.centres, counts, found.errors, { class: "bump-dots" });
  endLabels(panel, labels);
}

export function drawPulls(panel, t, { row, span }) {
  const { pulls } = hunt(t, row, span);
  drawWindow(panel, t, span);
  if (!pulls) {
    remark(panel, tr(TOO_FEW));
    return;
  }
  steps(panel, t.edges, pulls, { class: "area-background" }, true);
  steps(panel, t.edges, pulls, { class: "line-background" });
  line(panel, [t.edges[0], t.edges[t.bins]], [0, 0], { class: "bump-zero" });
}

export const ROOM = 58; // before each frame: they stand in line, and stay

export const pullAxis = (pulls = []) => ({
  title: tr("pull [σ]"),
  room: ROOM,
  domain: niceDomain([Math.min(-5, ...pulls), Math.max(5, ...pulls)], 4),
});

const shown = (p) => Math.max(p, 1e-300);

export const pAxis = (list) => ({
  title: tr("local p"),
  room: ROOM,
  kind: "log",
  domain: [Math.min(1e-3, ...list.map(({ p }) => shown(p)).filter(finite)) / 5, 3],
});

// Local p with whole standard deviations as hairlines, and a point where one stands.
export function drawP(panel, xs, list, at) {
  const { left, width, top, height } = panel.inner;
  let last = -Infinity;
  for (let sigmas = 1; tail(sigmas) > panel.y.domain[0]; sigmas += 1) {
    const y = panel.y(tail(sigmas));
    if (y - last < 15 || y < top + 16 || y > top + height - 4) continue;
    last = y;
    trace(panel, `M${left} ${y}h${width}`, "bump-sigma");
    panel.marks.append(vector("text", { x: left + width - 22, y: y - 3, class: "label empty end" }, `${sigmas} σ`));
  }
  const ys = list.map(({ p }) => shown(p));
  line(panel, xs, ys, { class: "curve curve-0" });
  dots(
    panel,
    xs,
    ys,
    ys.map(() => 0),
    { class: "bump-dots" },
  );
  point(panel, xs[at], ys[at]);
}
