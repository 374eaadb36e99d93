// Numbers along an axis.

import { exponentOf, fixed, max, min, power, shift, significant, superscript } from "./numbers.js";

/** @import { Tick } from "./types.js" */

/** @type {(span: number, count: number) => number} */
function niceStep(span, count) {
  const raw = span / max(1, count);
  const unit = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((m) => m * unit).find((step) => step >= raw * 0.999999);
}

// Domain widened to whole steps, for axes that end on a tick.
/** @type {(domain: number[], count?: number) => number[]} */
export function niceDomain([low, high], count = 5) {
  if (!(high > low)) return [low - 0.5, high + 0.5];
  const step = niceStep(high - low, count);
  return [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
}

// At least two numbers on every axis: finer steps where the wanted ones give fewer.
/** @type {(kind: string, domain: number[], count: number) => Tick[]} */
export function ticksOf(kind, domain, count) {
  for (let finer = count; finer < count + 8; finer += 1) {
    const ticks = TICKS[kind](domain, finer);
    if (kind === "none" || ticks.filter(({ label }) => label).length > 1) return ticks;
  }
  return linearTicks(domain, max(count, 4));
}

/** @type {(domain: number[], count: number) => Tick[]} */
function linearTicks([low, high], count) {
  const step = niceStep(high - low, count);
  const parts = Math.round(step / 10 ** Math.floor(Math.log10(step) + 1e-9)) === 2 ? 4 : 5;
  const small = step / parts;
  const { base, label } = linearLabel(step, low, high);
  const ticks = [];
  for (let i = Math.ceil(low / small - 1e-6); i * small <= high + small * 1e-6 && ticks.length < 200; i += 1) {
    const major = i % parts === 0;
    ticks.push({ value: i * small, major, label: major ? label(i * small) : null, base });
  }
  return ticks;
}

const DIGITS = 7; // of one number at an axis

// Numbers that differ in a late digit are written less a round one, which goes to the title.
/** @type {(step: number, low: number, high: number) => { base?: string, label: (value: number) => string }} */
function linearLabel(step, low, high) {
  const largest = max(Math.abs(low), Math.abs(high));
  const place = exponentOf(step * 1.000001);
  const exponent = exponentOf(largest * 1.000001);
  const left = max(0, exponent - place);
  if (left >= DIGITS && high - low < largest / 10) {
    const unit = exponentOf(high - low) + 2;
    const base = shift(Math.round(shift(low, -unit)), unit);
    const text = fixed(Math.abs(base), max(0, -unit))
      .replace(/(\.\d*?)0+$/, "$1")
      .replace(/\.$/, "");
    const { label } = linearLabel(step, low - base, high - base);
    return { base: `${base < 0 ? "+" : "−"} ${text}`, label: (value) => label(value - base) };
  }
  const decimals = max(0, -place);
  const isShort = step >= 1e-4 || (largest >= 0.01 && left < DIGITS);
  if (largest < 1e6 && isShort) return { label: (value) => fixed(value, decimals) };
  const power10 = `×10${superscript(exponent)}`;
  return { label: (value) => (Math.abs(value) < step / 2 ? "0" : fixed(shift(value, -exponent), left) + power10) };
}

/** @type {(exponent: number) => string} */
function powerLabel(exponent) {
  if (exponent === 0) return "1";
  return exponent === 1 ? "10" : `10${superscript(exponent)}`;
}

// Decades; 2 and 5 of each where there are few; even steps within one.
/** @type {(domain: number[], count: number) => Tick[]} */
function logTicks([low, high], count) {
  const [first, last] = [Math.floor(Math.log10(low) + 1e-9), Math.ceil(Math.log10(high) - 1e-9)];
  const inside = (value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const stride = max(1, Math.ceil((last - first) / max(1, count)));
  const narrow = last - first <= 2 && count >= 3;
  const ticks = [];
  for (let decade = first; decade <= last; decade += 1) {
    for (let digit = 1; digit < (last - first > 12 ? 2 : 10); digit += 1) {
      const value = digit * power(decade);
      if (!inside(value)) continue;
      const major = digit === 1 && (decade - first) % stride === 0;
      const named = major || (narrow && (digit === 2 || digit === 5));
      const text = digit === 1 ? powerLabel(decade) : significant(value, 1);
      ticks.push({ value, major, label: named ? text : null });
    }
  }
  return ticks;
}

/** @type {(domain: number[], count: number) => Tick[]} */
function logitTicks([low, high], count) {
  const reach = max(1, Math.ceil(-Math.log10(min(low, 1 - high))));
  const stride = max(1, Math.ceil((2 * reach + 1) / max(2, count)));
  const ticks = [{ value: 0.5, major: true, label: "0.5" }];
  for (let n = 1; n <= reach; n += 1) {
    const major = n % stride === 0;
    const short = n <= 2;
    const lower = short ? fixed(power(-n), n) : powerLabel(-n);
    const upper = short ? fixed(1 - power(-n), n) : `1−${powerLabel(-n)}`;
    ticks.push({ value: power(-n), major, label: major ? lower : null });
    ticks.push({ value: 1 - power(-n), major, label: major ? upper : null });
  }
  return ticks.filter(({ value }) => value >= low && value <= high);
}

// Whole numbers only: epochs, rounds, events.
/** @type {(domain: number[], count: number) => Tick[]} */
function countTicks([low, high], count) {
  const few = max(1, min(count, Math.ceil(high - low)));
  return linearTicks([low, high], few).filter(({ value }) => Math.abs(value - Math.round(value)) < 1e-6);
}

/** @type {Record<string, (domain: number[], count: number) => Tick[]>} */
const TICKS = { linear: linearTicks, log: logTicks, logit: logitTicks, count: countTicks, none: () => [] };
