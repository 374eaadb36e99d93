// What points, periods and both say: the same sentences as in Python.

import { later, tr } from "../core/language.js";
import { fixed, significant, withError } from "../core/numbers.js";

// Not a number travels as null: with too few permutations there is no band.
export const isAlarm = ({ statistic, bands }, a) => bands[a][1] !== null && statistic > bands[a][1];

const few = (points, row, alpha) => points.p_value[row] > alpha;

export function pointWords(t, { row, a }) {
  const { observed, expected, expected_error: error, p_value: p } = t.points;
  const seen = Number.isInteger(observed[row]) ? fixed(observed[row], 0) : significant(observed[row]);
  const n = seen === "1" ? tr("1 event") : tr("{n} events", { n: seen });
  const said = { n, expected: withError(expected[row], error[row]), p: significant(p[row], 2) };
  const found = few(t.points, row, t.alphas[a])
    ? tr("Points: {n} above the threshold, {expected} expected: no more outliers than usual (p {p}).", said)
    : tr("Points: {n} above the threshold, {expected} expected: more outliers than usual (p {p}).", said);
  return `${found} ${t.points.beyondWords}`;
}

function whyOf({ tested, features: [name], corrected: [p] }, alpha, alarm) {
  if (!tested) return "";
  if (p <= alpha) return alarm ? tr(", chiefly by {name}", { name }) : tr(", though {name} alone differs", { name });
  return alarm ? tr(", though no feature alone does") : "";
}

export function populationWords({ population: { periods, title, rates, chance, wanted }, alphas }, { i, a }) {
  const [one, count] = [periods[i], periods.length];
  if (one.bands[a][1] === null) {
    const known = { n: one.permutations, rate: rates[a], wanted: wanted[a] };
    return tr("Population: {n} values of the null cannot tell {rate}: at least {wanted} are wanted.", known);
  }
  const alarm = isAlarm(one, a);
  const why = whyOf(one, alphas[a], alarm);
  const values = { ...one, title, limit: one.limits[a], share: chance[a], why };
  const said = alarm
    ? tr("Population: {text} differs ({title} {value}, chance stays below {limit} in {share}){why}.", values)
    : tr(
        "Population: {text} is like the reference ({title} {value}, chance stays below {limit} in {share}){why}.",
        values,
      );
  if (count === 1) return said;
  const found = periods.filter((each) => isAlarm(each, a)).length;
  const all = { n: count, p: one.pTexts[1], found, expected: significant(count * alphas[a], 2) };
  const late = alarm && one.p[1] > alphas[a] ? tr(" Among {n} periods that is no surprise (p {p}).", all) : "";
  return `${said}${late}${tr(" Alarms: {found} in {n} periods, {expected} expected by chance.", all)}`;
}

export const UNTOLD = later("Too few permutations to tell points from population at this false-alarm rate.");

export function conclusion({ points, population, alphas, conclusions }, { row, a }) {
  const last = population.periods.at(-1);
  if (last.bands[a][1] === null) return tr(UNTOLD);
  const lead = population.periods.length > 1 ? `${last.text} · ` : "";
  const some = Math.min(points.p_value[row], points.beyondP) <= alphas[a];
  return lead + conclusions[+some][+isAlarm(last, a)] + points.beyondHead + population.others[a];
}
