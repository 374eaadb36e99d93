// Shares, ratios and pulls of what is selected: as in payload.py.

import { extreme, floats } from "../core/columns.js";
import { later, tr } from "../core/language.js";
import { shorten } from "../core/names.js";
import { finite, fixed, percent, withError } from "../core/numbers.js";

const FEWEST = 5; // effective events, for a pull
export const KINDS = [later("source"), later("target"), later("reweighted")];

export function decode(payload) {
  let [first, row] = [0, 0];
  const features = payload.features.map((one) => {
    const [edges, bins] = [floats(one.edges), one.texts.length - 1];
    const feature = { ...one, edges, bins, first, row, bounds: Float64Array.from(one.regions, (bin) => edges[bin]) };
    first += bins;
    row += one.regions.length - 1;
    return feature;
  });
  const samples = payload.samples.map((sample) => {
    const units = floats(sample.crossQUnit);
    return {
      all: sample.all,
      p: floats(sample.p),
      q: floats(sample.q),
      crossP: floats(sample.crossP, 4),
      crossQ: floats(sample.crossQ, 2).map((code, i) => code * units[Math.floor(i / first)]),
    };
  });
  const spectrum = ({ edges, positive, negative }) => ({
    edges: floats(edges),
    positive: floats(positive),
    negative: floats(negative),
  });
  return {
    ...payload,
    cells: first,
    features,
    samples,
    before: spectrum(payload.before),
    methods: payload.methods.map((one) => ({ ...one, weights: spectrum(one.weights) })),
  };
}

const content = (p, q, all) => ({
  p,
  q,
  variance: p.map((share, i) => {
    const variance = q[i] * (1 - 2 * share) + share ** 2 * all;
    return variance > 1e-12 * q[i] ? variance : 0;
  }),
});

function contentOf({ p, q, crossP, crossQ, all }, { features, cells }, { f, v, from, to }) {
  const { first, bins } = features[f];
  if (v < 0 || v === f) return content(p.slice(first, first + bins), q.slice(first, first + bins), all);
  const sum = (cross) =>
    Float64Array.from({ length: bins }, (_, bin) => {
      let content = 0;
      for (let row = features[v].row + from; row < features[v].row + to; row += 1)
        content += cross[row * cells + first + bin];
      return content;
    });
  return content(sum(crossP), sum(crossQ), all);
}

// All of the region in one bin.
function inside({ p, q, all }, { features }, { f, v, from, to }) {
  const { first, bins, regions } = features[v < 0 ? f : v];
  const [start, stop] = v < 0 ? [0, bins] : [regions[from], regions[to]];
  return content(
    ...[p, q].map((column) =>
      Float64Array.of(column.slice(first + start, first + stop).reduce((all, one) => all + one, 0)),
    ),
    all,
  );
}

function compared(one, target) {
  const there = (i) => target.p[i] > 0;
  const rich = ({ p, q }, i) => q[i] > 0 && p[i] ** 2 >= FEWEST * q[i];
  const ratio = one.p.map((p, i) => (there(i) ? p / target.p[i] : NaN));
  const error = ratio.map((r, i) => Math.sqrt(one.variance[i] + r ** 2 * target.variance[i]) / target.p[i]);
  const pull = one.p.map((p, i) => {
    const value = (p - target.p[i]) / Math.sqrt(one.variance[i] + target.variance[i]);
    return rich(one, i) && rich(target, i) && finite(value) ? value : NaN;
  });
  return { ratio, error, pull };
}

// All that is shown of a state.
export function compareShapes(data, state) {
  const chosen = { source: data.samples[0], target: data.samples[1], reweighted: data.samples[2 + state.m] };
  const of = (look) => Object.fromEntries(KINDS.map((kind) => [kind, look(chosen[kind], data, state)]));
  const [contents, whole] = [of(contentOf), of(inside)];
  return {
    state,
    contents,
    whole,
    before: compared(contents.source, contents.target),
    ...compared(contents.reweighted, contents.target),
    closure: compared(whole.reweighted, whole.target),
  };
}

const between = (texts, from, to) => tr("{low} to {high}", { low: texts[from], high: texts[to] });

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts(data, { state: { f, m, v, from, to }, whole, closure, pull }) {
  const [{ name, texts }, region] = [data.features[f], data.features[v]];
  const worst = extreme(pull.map(Math.abs), -1, Math.max);
  const at = pull.findIndex((value) => Math.abs(value) === worst);
  return [
    [tr("weights"), shorten(data.methods[m].text ?? data.methods[m].name)],
    [tr("feature"), shorten(name)],
    [
      tr("events"),
      region ? `${shorten(region.name)} ${between(region.texts, region.regions[from], region.regions[to])}` : tr("all"),
    ],
    [tr("of the target"), percent(whole.target.p[0])],
    [tr("reweighted / target"), withError(closure.ratio[0], closure.error[0])],
    [
      tr("largest pull"),
      at < 0 ? "–" : tr("{pull} σ at {place}", { pull: fixed(pull[at], 1), place: between(texts, at, at + 1) }),
    ],
    ["χ²", data.methods[m].tests[f]],
    ...data.methods[m].parts,
  ];
}
