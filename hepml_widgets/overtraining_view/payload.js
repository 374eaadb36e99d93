// From payload to stages.

import { floats, mapped } from "../core/columns.js";
import { tr } from "../core/language.js";
import { finite, significant, withError } from "../core/numbers.js";

const pText = (value, floor) => {
  if (!finite(value)) return significant(value);
  return value <= floor ? `≤ ${significant(floor, 1)}` : significant(value, 2);
};

export function decode(payload) {
  const [train, trainError, test, testError, pSignal, pBackground] = [
    "train",
    "trainError",
    "test",
    "testError",
    "p_signal",
    "p_background",
  ].map((name) => floats(payload[name]));
  const columns = mapped(payload.histogram, (column) => floats(column, 4).map((part) => part * payload.unitContent));
  const floor = payload.floor ?? NaN;
  return payload.rounds.map((round, i) => ({
    round,
    answer: payload.answers[i],
    scale: payload.scale,
    range: payload.range,
    bins: payload.bins,
    train: train[i],
    trainError: trainError[i],
    test: test[i],
    testError: testError[i],
    gap: train[i] - test[i],
    gapError: Math.hypot(trainError[i], testError[i]),
    pSignal: pSignal[i],
    pBackground: pBackground[i],
    floor,
    histogram: mapped(columns, (column) => column.slice(i * payload.bins, (i + 1) * payload.bins)),
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
    [tr("AUC training"), withError(s.train, s.trainError)],
    [tr("test"), withError(s.test, s.testError)],
    [tr("gap"), withError(s.gap, s.gapError)],
    ["p_s", pText(s.pSignal, s.floor)],
    ["p_b", pText(s.pBackground, s.floor)],
  ];
}
