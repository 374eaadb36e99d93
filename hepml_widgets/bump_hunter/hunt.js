// One window above one threshold, and all of them.

import { floats } from "../core/columns.js";
import { tr } from "../core/language.js";
import { distinct, finite, fixed, percent, significant, withError } from "../core/numbers.js";
import { effectiveEvents } from "../core/stats.js";
import { columns, fitted, orthonormal, signed, tail, total } from "./fit.js";

export function decode(payload) {
  const read = (name, size) => (payload[name] ? floats(payload[name], size) : null);
  const [edges, thresholds, kept] = ["edges", "thresholds", "kept"].map((name) => read(name));
  const bins = edges.length - 1;
  const rowsOf = (values) => values && Array.from(kept, (_, row) => [...values.slice(row * bins, (row + 1) * bins)]);
  return {
    ...payload,
    edges,
    thresholds,
    kept,
    bins,
    all: Array.from({ length: bins }, (_, i) => i),
    centres: [...edges.slice(1)].map((edge, i) => (edge + edges[i]) / 2),
    allowed: read("fitted", 1),
    counts: rowsOf(read("counts")),
    squares: rowsOf(read("sumw2")),
    signal: rowsOf(read("truth", 4)),
    largest: read("largest"),
    hunts: new Map(),
    bases: new Map(),
  };
}

// Weight of one count around each bin: of as many neighbours as hold enough effective events.
const ENOUGH = 100;

function unitOf(t, counts, squares) {
  return counts.map((sum, i) => {
    let sum2 = squares[i];
    for (let reach = 1; reach < t.bins && effectiveEvents(sum, sum2) < ENOUGH; reach += 1) {
      for (const j of [i - reach, i + reach]) {
        sum += counts[j] ?? 0;
        sum2 += squares[j] ?? 0;
      }
    }
    return squares === counts ? 1 : sum2 / sum;
  });
}

const memo = (map, key, make) => {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
};

const UNDEFINED = { b: NaN, error: NaN, z: NaN, p: NaN };

export const hunt = (t, row, span) => memo(t.hunts, `${row} ${span}`, () => makeHunt(t, row, span));

function makeHunt(t, row, span) {
  const inside = (i) => i >= span[0] && i < span[1];
  const [counts, region] = [t.counts[row], t.all.filter(inside)];
  const squares = t.squares?.[row] ?? counts;
  const unit = unitOf(t, counts, squares);
  const side = t.all.filter((i) => t.allowed[i] && !inside(i));
  const n = total(region, (i) => counts[i]);
  const errors = squares.map(Math.sqrt);
  if (side.filter((i) => counts[i] !== 0).length <= t.parameters) return { ...UNDEFINED, n, errors };
  const basis = memo(t.bases, String(span), () => orthonormal(columns(t.edges, t.sqrtS, t.parameters), side));
  const scale = unit.map((one, i) => (t.edges[i + 1] - t.edges[i]) / one);
  const { mu, variance } = fitted(
    counts.map((count, i) => count / unit[i]),
    scale,
    basis,
    side,
  );
  const expected = mu.map((value, i) => value * unit[i]);
  const slope = basis[0].map((_, k) => total(region, (i) => expected[i] * basis[i][k]));
  const [b, spread] = [total(region, (i) => expected[i]), variance(slope)];
  const over = n > 0 ? region : t.all;
  const one = total(over, (i) => squares[i]) / total(over, (i) => counts[i]);
  const z = signed(n / one, b / one, spread / one / one);
  return {
    n,
    b,
    error: Math.sqrt(spread),
    z,
    p: tail(z),
    expected,
    errors,
    get band() {
      return expected.map((value, i) => value * Math.sqrt(variance(basis[i])));
    },
    get pulls() {
      const width = this.band;
      return expected.map(
        (value, i) => (counts[i] - value) / Math.sqrt(unit[i] * value + (inside(i) ? width[i] ** 2 : 0)),
      );
    },
  };
}

export const windowsOf = (t, width) => Array.from({ length: t.bins - 1 - width }, (_, i) => [i + 1, i + 1 + width]);

export const overWindows = (t, row, width) => windowsOf(t, width).map((span) => hunt(t, row, span));

// Global over local p-value; undefined where the global one saturates at 1.
const SATURATED = 0.5;

const trialsOf = (found, p) => (found <= SATURATED && p > 0 ? found / p : NaN);

// Global p-value and trials factor: from pseudo-experiments, or from the scan of all windows.
function globalP(t, row, span) {
  const { z, p } = hunt(t, row, span);
  if (!(z > 0)) return [NaN, NaN];
  if (t.largest) {
    const asLarge = t.largest.filter((one) => one >= z).length;
    const found = (1 + asLarge) / (1 + t.largest.length);
    return [found, asLarge ? trialsOf(found, p) : NaN]; // without one it is a limit
  }
  const scanned = overWindows(t, row, span[1] - span[0]).map((one) => one.z);
  const above = scanned.map((one) => one > 0);
  const stretches = above.filter((up, i) => up && !above[i - 1]).length;
  const found = Math.min(1, p * scanned.filter(finite).length, p + stretches * Math.exp((-z * z) / 2));
  return [found, trialsOf(found, p)];
}

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts(t, row, span, found = globalP(t, row, span)) {
  const { n, b, error, z, p } = hunt(t, row, span);
  const known = finite(z);
  const edge = (i) => significant(t.edges[i], 4);
  return [
    [tr("threshold"), distinct(t.thresholds[row], [...t.thresholds.slice(Math.max(row - 1, 0), row + 2)])],
    [tr("kept"), percent(t.kept[row])],
    [tr("window"), tr("{low} to {high}", { low: edge(span[0]), high: edge(span[1]) })],
    [tr("observed"), Number.isInteger(n) ? fixed(n, 0) : significant(n, 4)],
    [tr("expected"), withError(b, error)],
    ["Z", known ? `${fixed(z, 2)} σ` : "–"],
    ["p", significant(p, 2)],
    [tr("global p"), `${found[0] <= SATURATED && !finite(found[1]) ? "≤ " : ""}${significant(found[0], 2)}`],
    [tr("trials"), significant(found[1], 2)],
  ];
}
