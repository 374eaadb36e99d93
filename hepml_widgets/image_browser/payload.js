// What the browser computes of the table of images: as in payload.py.

import { floats, mapped } from "../core/columns.js";
import { tr } from "../core/language.js";
import { shorten } from "../core/names.js";
import { finite, fixed, percent, significant, withError } from "../core/numbers.js";

export const KINDS = ["signal", "background"];

function decodeStack(stack, pixels) {
  const read = (name, size, meaning) => {
    if (!stack[name]) return null;
    const units = floats(stack[`${name}Unit`]);
    return floats(stack[name], size).map((code, i) => meaning(code) * units[Math.floor(i / pixels)]);
  };
  return {
    total: read("total", 2, Number),
    centre: read("centre", 2, Number),
    spread: read("spread", 1, (code) => code && 1.05 ** (code - 255)),
  };
}

// Each pixel that is not zero: how far it is from the one before, and its value.
function decodeJets(stack, pixels) {
  const [gaps, values, units] = [floats(stack.gap, 1), floats(stack.value, 2), floats(stack.unit)];
  let k = 0;
  return stack.counts.map((count, jet) => {
    const image = new Float64Array(pixels);
    for (let at = -1, end = k + count; k < end; k += 1) {
      at += gaps[k];
      image[at] = values[k] * units[jet];
    }
    return image;
  });
}

export function decode(payload) {
  const pixels = payload.shape[0] * payload.shape[1];
  let cells = 0;
  const variables = payload.variables.map((one) => {
    const [first, bins] = [cells, one.texts.length - 1];
    cells += bins;
    return { ...one, first, bins, edges: floats(one.edges) };
  });
  const samples = mapped(payload.samples, ({ total, sumw, sumw2, counts, cross, stacks, singles }) => ({
    total,
    sumw: floats(sumw),
    sumw2: floats(sumw2),
    counts: floats(counts),
    cross: floats(cross, 4),
    stacks: mapped(stacks, (stack) => decodeStack(stack, pixels)),
    jets: {
      cells: floats(singles.cells),
      values: floats(singles.values, 4),
      stacks: mapped(singles.stacks, (stack) => decodeJets(stack, pixels)),
    },
  }));
  return { ...payload, pixels, cells, variables, samples, centres: [floats(payload.rows), floats(payload.columns)] };
}

export function averageOf(sample, name, [from, to], pixels) {
  const sum = (column) => column.subarray(from, to).reduce((all, value) => all + value, 0);
  const [sumw, sumw2, jets] = [sample.sumw, sample.sumw2, sample.counts].map(sum);
  const { total, centre, spread } = sample.stacks[name];
  const [mean, error] = [0, 1].map(() => new Float64Array(pixels).fill(NaN));
  const known = Math.abs(sumw) > 1e-9 * Math.sqrt(sumw2); // more than rounding
  const average = { mean, error, jets, share: sample.total ? (known ? sumw : 0) / sample.total : NaN };
  if (!known) return average;
  for (let p = 0; p < pixels; p += 1) {
    let [all, variance] = [0, 0];
    for (let cell = from; cell < to; cell += 1) all += total[cell * pixels + p];
    mean[p] = all / sumw;
    for (let cell = from, at = from * pixels + p; spread && cell < to; cell += 1, at += pixels) {
      const middle = centre ? centre[at] : total[at] / sample.sumw[cell];
      if (sample.counts[cell]) variance += spread[at] ** 2 + (middle - mean[p]) ** 2 * sample.sumw2[cell];
    }
    if (spread && jets > 1) error[p] = Math.sqrt(variance) / Math.abs(sumw);
  }
  return average;
}

function subtracted(one, other) {
  const difference = one.mean.map((mean, p) => mean - other.mean[p]);
  const error = one.error.map((own, p) => Math.hypot(own, other.error[p]));
  const ratio = (value, own) => (value === 0 && own === 0 ? 0 : finite(value / own) ? value / own : NaN);
  const pull = difference.map((value, p) => ratio(value, error[p]));
  return { difference, error, pull };
}

/** @type {(data: any, state: any) => [from: number, to: number]} */
export const cellsOf = ({ variables }, { v, from, to }) =>
  v < 0 ? [0, variables[0].bins] : [variables[v].first + from, variables[v].first + to];

// The single jet shown of a class: its row, its number among those selected, and its image.
function singleOf({ jets: { cells, stacks } }, data, state) {
  const [from, to] = cellsOf(data, state);
  const own = (row) => cells[row * data.variables.length + state.v];
  const rows = [...stacks.images.keys()].filter((row) => state.v < 0 || (own(row) >= from && own(row) < to));
  const number = ((state.jet % rows.length) + rows.length) % rows.length;
  return { row: rows[number], number, count: rows.length, image: stacks[state.stack][rows[number]] };
}

// All that is shown of a state.
export function lookAt(data, state) {
  const averages = mapped(data.samples, (sample) => averageOf(sample, state.stack, cellsOf(data, state), data.pixels));
  const singles = mapped(data.samples, (sample) => singleOf(sample, data, state));
  const images = mapped(averages, ({ mean }, kind) => (state.shown === "jets" ? singles[kind].image : mean));
  return { state, averages, singles, images, ...subtracted(averages.signal, averages.background) };
}

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts(data, { state, averages, images, difference, error, pull }) {
  const at = state.pixel[0] * data.shape[1] + state.pixel[1];
  const { name, texts } = data.variables[Math.max(state.v, 0)];
  const ends = { low: texts[state.from], high: texts[state.to] };
  const each = (label, text) => KINDS.map((kind) => [`${label}_${kind[0]}`, text(kind)]);
  return [
    [tr("selected"), state.v < 0 ? tr("all jets") : `${shorten(name)} ${tr("{low} to {high}", ends)}`],
    ...each("ε", (kind) => percent(averages[kind].share)),
    [tr("pixel"), [1, 0].map((axis) => significant(data.centres[axis][state.pixel[axis]])).join(", ")],
    ...(state.shown === "jets"
      ? each("jet", (kind) => significant(images[kind]?.[at] ?? NaN))
      : each("I", (kind) => withError(averages[kind].mean[at], averages[kind].error[at]))),
    ["I_s−I_b", withError(difference[at], error[at])],
    [tr("pull"), finite(pull[at]) ? `${fixed(pull[at], 1)} σ` : "–"],
  ];
}

// The pixels with most of a saliency that together hold half of it.
export function holdsHalf(image) {
  const sizes = image.map(Math.abs);
  let left = sizes.reduce((all, size) => all + size, 0) / 2;
  return [...image.keys()]
    .sort((a, b) => sizes[b] - sizes[a])
    .filter((p) => {
      const wanted = left > 0;
      left -= sizes[p];
      return wanted;
    });
}
