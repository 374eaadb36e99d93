// AUC and log-loss at each round.

import { floats, mapped } from "../core/columns.js";
import { vector } from "../core/elements.js";
import { later, tr } from "../core/language.js";
import { finite, significant, withError } from "../core/numbers.js";
import { drawRounds, roundAxes } from "../core/rounds.js";

// Of each sample: its name, and its AUC and log-loss.
export const WORDS = {
  train: [later("training"), later("AUC training"), later("log-loss training")],
  test: [later("test"), later("AUC test"), later("log-loss test")],
};

export function decodeSteps(payload) {
  const columns = (group) => mapped(group, (column) => floats(column));
  return {
    rounds: payload.rounds,
    auc: columns(payload.auc),
    aucError: columns(payload.aucError),
    loss: columns(payload.loss),
    bound: payload.bound,
  };
}

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts({ rounds, auc, aucError, loss, bound }, i) {
  const each = (which, group, text) =>
    Object.keys(WORDS)
      .filter((name) => group[name])
      .map((name, k) => [tr(WORDS[name][k ? 0 : which]), text(name)]);
  return [
    [tr("round"), String(rounds[i])],
    ...each(1, auc, (name) => withError(auc[name][i], aucError[name][i])),
    ...(bound ? [[tr("exact"), withError(bound[0], bound[1])]] : []),
    ...each(2, loss, (name) => significant(loss[name][i], 4)),
  ];
}

const groupOf = (steps, kind) => (kind === "AUC" ? steps.auc : steps.loss);

export const curveAxes = (steps, kind) =>
  roundAxes(tr("round"), steps.rounds, tr(kind), [
    ...Object.values(groupOf(steps, kind)).flatMap((column) => [...column]),
    ...(kind === "AUC" && steps.bound ? [steps.bound[0]] : []),
  ]);

export function drawCurves(panel, steps, kind) {
  const { left, width } = panel.inner;
  const curves = mapped(groupOf(steps, kind), (values, name) => ({
    text: tr(WORDS[name][0]),
    values,
    errors: kind === "AUC" ? steps.aucError[name] : null,
  }));
  const y = kind === "AUC" && steps.bound ? panel.y(steps.bound[0]) : NaN;
  if (finite(y)) {
    panel.marks.append(
      vector("path", { d: `M${left} ${y}h${width}`, class: "boost-exact", "stroke-dasharray": "7 3" }),
    );
  }
  drawRounds(
    panel,
    steps.rounds,
    curves,
    finite(y) ? [{ text: tr("exact"), class: "boost-exact-name", x: left + 8, y: y - 6, anchor: "start" }] : [],
  );
}
