// What points, periods and both say: the same sentences as in Python.

import { fixed, significant, withError } from "../core/numbers.js";

// Not a number travels as null: with too few permutations there is no band.
export const isAlarm = ({ statistic, bands }, a) => bands[a][1] !== null && statistic > bands[a][1];

const few = (points, row, alpha) => points.p_value[row] > alpha;

export function pointWords(t, { row, a }) {
  const { observed, expected, expected_error: error, p_value: p } = t.points;
  const seen = Number.isInteger(observed[row]) ? fixed(observed[row], 0) : significant(observed[row]);
  const found = `${seen} event${seen === "1" ? "" : "s"} above the threshold`;
  const usual = withError(expected[row], error[row]);
  const more = `${few(t.points, row, t.alphas[a]) ? "no " : ""}more outliers than usual`;
  return `Points: ${found}, ${usual} expected: ${more} (p ${significant(p[row], 2)}). ${t.points.beyondWords}`;
}

function why({ tested, features: [name], corrected: [p] }, alpha, alarm) {
  if (!tested) return "";
  if (p <= alpha) return alarm ? `, chiefly by ${name}` : `, though ${name} alone differs`;
  return alarm ? ", though no feature alone does" : "";
}

export function populationWords({ population: { periods, title, rates, chance, wanted }, alphas }, { i, a }) {
  const [one, count] = [periods[i], periods.length];
  if (one.bands[a][1] === null) {
    const values = `${one.permutations} values of the null`;
    return `Population: ${values} cannot tell ${rates[a]}: at least ${wanted[a]} are wanted.`;
  }
  const alarm = isAlarm(one, a);
  const said =
    `Population: ${one.text} ${alarm ? "differs" : "is like the reference"} (${title} ${one.value}, ` +
    `chance stays below ${one.limits[a]} in ${chance[a]})${why(one, alphas[a], alarm)}.`;
  if (count === 1) return said;
  const late = alarm && one.p[1] > alphas[a] ? ` Among ${count} periods that is no surprise (p ${one.pTexts[1]}).` : "";
  const alarms = periods.filter((each) => isAlarm(each, a)).length;
  const expected = significant(count * alphas[a], 2);
  return `${said}${late} Alarms: ${alarms} in ${count} periods, ${expected} expected by chance.`;
}

export const UNTOLD = "Too few permutations to tell points from population at this false-alarm rate.";

export function conclusion({ points, population, alphas, conclusions }, { row, a }) {
  const last = population.periods.at(-1);
  if (last.bands[a][1] === null) return UNTOLD;
  const lead = population.periods.length > 1 ? `${last.text} · ` : "";
  const some = Math.min(points.p_value[row], points.beyondP) <= alphas[a];
  return lead + conclusions[+some][+isAlarm(last, a)] + points.beyondHead + population.others[a];
}
