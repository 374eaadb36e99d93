// The learning curve.

import { tr } from "../core/language.js";
import { diamond } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { significant } from "../core/numbers.js";
import { BARE, drawRounds, roundAxes } from "../core/rounds.js";
import { endLabels, remark } from "../core/words.js";

export const curveAxes = (curve, unit, rounds) =>
  curve
    ? roundAxes(unit, [...curve.rounds, ...rounds], shorten(curve.name), [...curve.train, ...curve.new])
    : { x: BARE, y: BARE };

export function drawCurve(panel, curve, empty) {
  if (!curve) {
    remark(panel, empty);
    return;
  }
  drawRounds(panel, curve.rounds, {
    train: { text: tr("training"), values: curve.train, errors: curve.trainError },
    new: { text: curve.newName, values: curve.new, errors: curve.newError },
  });
  if (curve.best >= 0) drawBest(panel, curve);
}

function drawBest(panel, { rounds, new: values, best }) {
  const [x, y] = [panel.x(rounds[best]), panel.y(values[best])];
  panel.marks.append(diamond(x, y));
  const { top, height } = panel.inner;
  const below = y + 24 < top + height;
  const text = tr("best {value} at {at}", { value: significant(values[best], 4), at: rounds[best] });
  endLabels(panel, [{ text, x, y: y + (below ? 20 : -12), anchor: "middle" }]);
}
