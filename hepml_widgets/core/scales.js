// From values to pixels and back.

import { max, same } from "./numbers.js";
import { ticksOf } from "./ticks.js";

/** @import { Scale } from "./types.js" */

export const plain = { forward: same, backward: same };

const TRANSFORMS = {
  linear: plain,
  count: plain,
  none: plain,
  log: { forward: (v) => Math.log10(v), backward: (u) => 10 ** u },
  logit: { forward: (v) => Math.log(v / (1 - v)), backward: (u) => 1 / (1 + Math.exp(-u)) },
};

// A domain without a width, or too narrow for the numbers of the language, gets one about it.
/** @type {(kind: string, domain: number[]) => number[]} */
function widened(kind, [low, high]) {
  if (kind === "log") return high > low * (1 + 1e-9) || !(low > 0) ? [low, high] : [low / 2, low * 2];
  if (kind === "count" && high - low < 1) return [Math.floor(low), Math.floor(low) + 1];
  const largest = max(Math.abs(low), Math.abs(high));
  if (kind === "logit" || high - low > 1e-13 * largest) return [low, high];
  const half = largest * (high > low ? 1e-10 : 0.05) || 0.5;
  return [low - half, low + half];
}

/** @type {(kind: string, domain: number[], range: number[]) => Scale} */
export function makeScale(kind, domain, range) {
  const { forward, backward } = TRANSFORMS[kind];
  const shown = widened(kind, domain);
  const [from, to] = shown.map(forward);
  const slope = (range[1] - range[0]) / (to - from || 1);
  const scale = (value) => range[0] + (forward(value) - from) * slope;
  scale.invert = (pixel) => backward(from + (pixel - range[0]) / slope);
  scale.kind = kind;
  scale.domain = shown;
  scale.ticks = (count) => ticksOf(kind, shown, count);
  return scale;
}
