// From payload to curves.

import { extreme, floats, mapped } from "../core/columns.js";
import { tr } from "../core/language.js";
import { distinct, finite, percent, probability, significant, withError } from "../core/numbers.js";
import {
  ams,
  amsError,
  ENOUGH_BACKGROUND,
  effectiveEvents,
  efficiencyError,
  errorsAtChosenSignal,
  sic,
  sicError,
  significance,
  significanceError,
} from "../core/stats.js";

export function share(part, whole, part2, whole2) {
  const value = Float64Array.from(part, (sum) => sum / whole);
  return { value, error: value.map((ratio, i) => efficiencyError(ratio, part2[i], whole, whole2)) };
}

function cutsOf(s, s2, b, b2, totals) {
  const [S, S2, B, B2] = totals;
  const [signal, background] = [share(s, S, s2, S2), share(b, B, b2, B2)];
  const chosen = errorsAtChosenSignal(signal, background);
  return {
    s,
    b,
    background,
    signal,
    chosen,
    sErr: s2.map(Math.sqrt),
    bErr: b2.map(Math.sqrt),
    trusted: Array.from(b, (sum, i) => effectiveEvents(sum, b2[i]) >= ENOUGH_BACKGROUND),
    rejection: b.map((sum) => B / sum),
    rejectionErr: chosen.map((error, i) => error / background.value[i] ** 2),
  };
}

// One model's rows, from loose to tight; `bound` is what the exact bound lets pass at the same ε_s.
export function decode(packed) {
  const [threshold, s, s2, b, b2, totals] = ["threshold", "s", "s2", "b", "b2", "totals"].map((name) =>
    floats(packed[name]),
  );
  const histogram = mapped(packed.histogram, (column) => floats(column, 4).map((part) => part * packed.unit));
  const m = { ...packed, threshold, histogram, ...cutsOf(s, s2, b, b2, totals) };
  if (packed.bound) {
    const best = floats(packed.bound.b);
    m.bound = {
      ...cutsOf(s, s2, best, floats(packed.bound.b2, 4), totals),
      fraction: best.map((sum, i) => sum / b[i]),
      fractionErr: floats(packed.bound.error, 4),
    };
  }
  return m;
}

export function decodeBound({ signal, background, auc }) {
  const [xs, ys] = [signal, background].map((column) => floats(column, 4));
  return { auc, signal: xs, background: ys, rejection: ys.map((y) => 1 / y) };
}

export const MERITS = {
  Z: {
    title: ({ sigma }) => `Z [σ], σ_b = ${percent(sigma)}`,
    value: (m, i, { sigma }) => significance(m.s[i], m.b[i], sigma * Math.abs(m.b[i])),
    error: (m, i, { sigma }) => significanceError(m.s[i], m.b[i], m.sErr[i], m.bErr[i], sigma),
  },
  AMS: {
    title: ({ bR }) => `AMS [σ], b_r = ${significant(bR)}`,
    value: (m, i, { bR }) => ams(m.s[i], m.b[i], bR),
    error: (m, i, { bR }) => amsError(m.s[i], m.b[i], m.sErr[i], m.bErr[i], bR),
  },
  SIC: {
    title: () => "ε_s / √ε_b",
    value: (m, i) => sic(m.signal.value[i], m.background.value[i]),
    error: (m, i) => sicError(m.signal.value[i], m.background.value[i], m.signal.error[i], m.background.error[i]),
  },
};

export function scan(m, merit, options) {
  const { value, error } = MERITS[merit];
  const values = m.s.map((_, i) => value(m, i, options));
  const errors = m.s.map((_, i) => error(m, i, options));
  let best = -1;
  values.forEach((z, i) => {
    // from tight to loose the first of equal rows wins: >= while walking upwards
    if (finite(z) && m.trusted[i] && (best < 0 || z >= values[best])) best = i;
  });
  const highest = extreme(values, 0, Math.max);
  const peak = best < 0 ? highest : values[best];
  // Room above the best, and for what is larger but not trusted, within limits.
  const top = peak > 0 ? Math.max(1.6 * peak, Math.min(1.7 * highest, 2.5 * peak)) : 1;
  return { values, errors, best, good: values.map((z, i) => (m.trusted[i] ? z : NaN)), top };
}

export function thresholdText(m, i) {
  const neighbours = [m.threshold[i - 1], m.threshold[i + 1]].map((t) => t ?? NaN);
  return (m.scale === "logit" ? probability : distinct)(m.threshold[i], neighbours);
}

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts(m, i, merit, curve) {
  return [
    [tr("threshold"), thresholdText(m, i)],
    ["ε_s", percent(m.signal.value[i])],
    ["1/ε_b", withError(m.rejection[i], m.rejectionErr[i])],
    ...(m.bound
      ? [
          [tr("bound 1/ε_b"), withError(m.bound.rejection[i], m.bound.rejectionErr[i])],
          [tr("reached"), withError(m.bound.fraction[i], m.bound.fractionErr[i])],
        ]
      : []),
    ["S", withError(m.s[i], m.sErr[i])],
    ["B", withError(m.b[i], m.bErr[i])],
    [merit, withError(curve.values[i], curve.errors[i])],
    ...m.notes.map((note) => [note, ""]),
  ];
}
