// Shapes, their ratio, pulls, and spectra of weights.

import { extreme, twice } from "../core/columns.js";
import { tr } from "../core/language.js";
import { band, dots, line, steps, trace } from "../core/marks.js";
import { finite } from "../core/numbers.js";
import { endLabels, remark } from "../core/words.js";

const LOOKS = {
  target: ["line-background", "area-background", "name-background"],
  source: ["curve curve-1", "band curve-1", "curve-1", "6 3"],
  reweighted: ["line-signal", "area-signal", "name-signal"],
};

function outline(panel, edges, values, kind, errors) {
  const [look, area, , dash] = LOOKS[kind];
  const filled = kind === "target" && errors;
  if (filled) steps(panel, edges, values, { class: area }, true);
  if (errors)
    band(
      panel,
      twice(edges).slice(1, -1),
      twice(values.map((value, i) => value - errors[i])),
      twice(values.map((value, i) => value + errors[i])),
      { class: area },
    );
  steps(panel, edges, values, { class: look, "stroke-dasharray": dash });
}

// The next of 1, 2, 5, 10, …: a frame that ends there has a number at each end.
function round(value) {
  const decade = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [1, 2, 5, 10].map((digit) => digit * decade).find((one) => one >= value * (1 - 1e-9));
}

// One line of words for each curve, in the room that is left above.
const legend = (panel, items) =>
  items.forEach(([text, kind], i) =>
    endLabels(panel, [
      { text, class: LOOKS[kind][2], x: panel.inner.left + 10, y: panel.inner.top + 17 + 15 * i, anchor: "start" },
    ]),
  );

// Points beyond the frame are marked where they leave it.
function beyond(panel, xs, ys) {
  const { top, height } = panel.inner;
  xs.forEach((x, i) => {
    const [low, high] = panel.y.domain;
    if (!(ys[i] < low || ys[i] > high)) return;
    const [y, way] = ys[i] > high ? [top + 9, -1] : [top + height - 9, 1];
    trace(panel, `M${panel.x(x) - 4} ${y}h8l-4 ${6 * way}Z`, "mark-signal");
  });
}

export function drawWeights(panel, before, after) {
  outline(panel, before.edges, before.positive, "source");
  outline(panel, after.edges, after.positive, "reweighted");
  const signed = after.negative.some(Boolean);
  if (signed) steps(panel, after.edges, after.negative, { class: "line-signal", "stroke-dasharray": "2 2" });
  legend(panel, [
    [tr("source (dashed)"), "source"],
    [tr("reweighted"), "reweighted"],
    ...(signed ? [[tr("negative (dotted)"), "reweighted"]] : []),
  ]);
}

export function weightAxes(spectra) {
  const high = Math.max(...spectra.flatMap(({ positive, negative }) => [...positive, ...negative]));
  const { edges } = spectra[0];
  return {
    x: { title: tr("|weight| / mean"), kind: "log", domain: [edges[0], edges[edges.length - 1]] },
    y: { title: tr("events / bin"), kind: "log", domain: [0.5, 10 ** (Math.log10(2 * high) * 1.35)] },
  };
}

const level = (panel, y) => line(panel, panel.x.domain, [y, y], { class: "chance" });

const middles = ({ edges }) => Float64Array.from(edges.subarray(1), (edge, i) => (edge + edges[i]) / 2);

function drawShares(panel, { data, state, now }) {
  const { edges } = data.features[state.f];
  for (const kind of ["target", "source", "reweighted"]) {
    const { p, variance } = now.contents[kind];
    outline(panel, edges, p, kind, variance.map(Math.sqrt));
  }
  legend(panel, [
    [tr("target (filled)"), "target"],
    [tr("source (dashed)"), "source"],
    [tr("reweighted"), "reweighted"],
  ]);
}

function drawRatio(panel, { data, state, now }) {
  const feature = data.features[state.f];
  level(panel, 1);
  outline(panel, feature.edges, now.before.ratio, "source");
  dots(panel, middles(feature), now.ratio, now.error, { class: "dots-signal" });
  beyond(panel, middles(feature), now.ratio);
}

function drawPulls(panel, { data, state, now }) {
  const pulls = now.pull.map((pull) => pull || 0);
  band(panel, panel.x.domain, [-1, -1], [1, 1], { class: "band curve-7" });
  level(panel, 0);
  steps(panel, data.features[state.f].edges, pulls, { class: "area-signal shape-pulls" }, true);
  if (!now.pull.some(finite)) remark(panel, tr("too few events for a pull"));
}

export const upper = { title: "", kind: "none", domain: [0, 1], below: 8 };
const lowest = { title: "", plain: true, kind: "linear", domain: [0, 1] };
const room = (title) => ({ title, kind: "linear", domain: [0, 1], room: 58 });

// One below the other, and the weights beside them: [label, draw, axes].
export const panelsOf = () => [
  [tr("Shares of source, target and reweighted source"), drawShares, { x: upper, y: room(tr("share / bin")) }],
  [tr("Ratio to the target"), drawRatio, { x: upper, y: room(tr("ratio to target")) }],
  [tr("Pulls"), drawPulls, { x: lowest, y: room(tr("pull [σ]")) }],
];

// Ends of the vertical axes, from what they show.
export function domainsOf({ contents, ratio, error, pull }) {
  const all = Object.values(contents);
  const shares = all.flatMap(({ p, variance }) => [...p].map((share, i) => share + Math.sqrt(variance[i])));
  const lows = all.flatMap(({ p }) => [...p]);
  const off = ratio.map((value, i) => (Number.isNaN(pull[i]) ? NaN : Math.abs(value - 1) + error[i]));
  const reach = off.some(finite) ? Math.min(1, round(extreme(off, 0.1, Math.max))) : 1;
  const most = round(extreme(pull.map(Math.abs), 5, Math.max));
  return [
    [extreme(lows, 0, Math.min), 1.35 * extreme(shares, 0, Math.max) || 1],
    [1 - reach, 1 + reach],
    [-most, most],
  ];
}
