// From table to stages.

import { floats, mapped } from "../core/columns.js";
import { finite, significant, withError } from "../core/numbers.js";

const pText = (value, floor) => {
  if (!finite(value)) return significant(value);
  return value <= floor ? `≤ ${significant(floor, 1)}` : significant(value, 2);
};

export function decode(table) {
  const [train, trainError, test, testError, pSignal, pBackground] = [
    "train",
    "trainError",
    "test",
    "testError",
    "p_signal",
    "p_background",
  ].map((name) => floats(table[name]));
  const columns = mapped(table.histogram, (column) => floats(column, 4).map((part) => part * table.unitContent));
  const floor = table.floor ?? NaN;
  return table.rounds.map((round, i) => ({
    round,
    answer: table.answers[i],
    scale: table.scale,
    range: table.range,
    bins: table.bins,
    train: train[i],
    trainError: trainError[i],
    test: test[i],
    testError: testError[i],
    gap: train[i] - test[i],
    gapError: Math.hypot(trainError[i], testError[i]),
    pSignal: pSignal[i],
    pBackground: pBackground[i],
    floor,
    histogram: mapped(columns, (column) => column.slice(i * table.bins, (i + 1) * table.bins)),
  }));
}

export const decodeCurve = (packed) => ({
  ...packed,
  ...Object.fromEntries(
    ["rounds", "train", "new", "trainError", "newError"]
      .filter((name) => packed[name])
      .map((name) => [name, floats(packed[name])]),
  ),
});

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts(s, unit) {
  return [
    ...(s.round === null ? [] : [[unit, String(s.round)]]),
    ["AUC training", withError(s.train, s.trainError)],
    ["test", withError(s.test, s.testError)],
    ["gap", withError(s.gap, s.gapError)],
    ["p_s", pText(s.pSignal, s.floor)],
    ["p_b", pText(s.pBackground, s.floor)],
  ];
}
