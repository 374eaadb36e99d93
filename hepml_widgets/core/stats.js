// hepml.stats in the browser: the same formulas, compared with Python's to 1e-9 by the tests.

/** @typedef {{ value: Float64Array, error: Float64Array }} Efficiencies */

const SMALL = 0.25;

// ln(1 + x) - x with y = x / (2 + x): 2 y^3 (1/3 + y^2/5 + y^4/7 + ...) - x y
/** @type {(x: number) => number} */
function seriesLog1pmx(x) {
  const y = x / (2 + x);
  let sum = 0;
  for (let k = 10; k >= 0; k -= 1) sum = sum * y * y + 1 / (2 * k + 3);
  return 2 * y ** 3 * sum - x * y;
}

/** @type {(x: number) => number} */
const log1pmx = (x) => (Math.abs(x) < SMALL ? seriesLog1pmx(x) : Math.log1p(x) - x);

/** @type {(x: number) => number} */
export function phi(x) {
  if (Math.abs(x) < SMALL) return x * x + (1 + x) * seriesLog1pmx(x);
  return x === -1 ? 1 : (1 + x) * Math.log(1 + x) - x;
}

// Cowan et al., arXiv:1007.1727, eq. 97, and G. Cowan (2012), eq. 20; sigma in events.
/** @type {(s: number, b: number, sigma?: number) => number} */
export function significance(s, b, sigma = 0) {
  const r = sigma === 0 ? 0 : (sigma * sigma) / b;
  if (b < 0 || Number.isNaN(s + b + r)) return NaN;
  if (s <= 0) return 0;
  if (b === 0) return r === 0 ? Infinity : 0;
  const mu = b + s * (r / (1 + r));
  const inside = mu * phi(s / (1 + r) / mu);
  const control = r === 0 ? 0 : (mu / r) * phi((-s * (r / (1 + r))) / mu);
  return Math.sqrt(2 * (inside + control));
}

// Error from the errors of the yields, with sigma = fraction * b scaling along with b.
/** @type {(s: number, b: number, sErr: number, bErr: number, fraction?: number) => number} */
export function significanceError(s, b, sErr, bErr, fraction = 0) {
  if (!(b > 0)) return NaN;
  const r = fraction * fraction * b;
  const z = significance(s, b, fraction * b);
  if (!(z > 0)) return Math.abs(sErr) / Math.sqrt(b * (1 + r));
  const mu = b + s * (r / (1 + r));
  const x = s / (1 + r) / mu;
  const pull = (s * s * r) / ((1 + r) ** 2 * b * mu);
  return Math.hypot((Math.log1p(x) / z) * sErr, ((log1pmx(x) - pull) / z) * bErr);
}

/** @type {(s: number, b: number, bR?: number) => number} */
export const ams = (s, b, bR = 10) => significance(s, b + bR);
/** @type {(s: number, b: number, sErr: number, bErr: number, bR?: number) => number} */
export const amsError = (s, b, sErr, bErr, bR = 10) => significanceError(s, b + bR, sErr, bErr);

// Binomial error of weighted events (D. Casadei, arXiv:0908.0130, sec. 5).
/** @type {(efficiency: number, sumw2: number, total: number, total2: number) => number} */
export function efficiencyError(efficiency, sumw2, total, total2) {
  const failing = Math.max(total2 - sumw2, 0);
  const variance = (1 - efficiency) ** 2 * sumw2 + efficiency ** 2 * failing;
  return Math.sqrt(variance) / Math.abs(total);
}

// Errors of ε_b at the ε_s of each row, from loose to tight, with that of the cut put there.
/** @type {(signal: Efficiencies, background: Efficiencies) => Float64Array} */
export function errorsAtChosenSignal(signal, background) {
  const corners = ({ value }) => [1, ...value, 0].reverse();
  const across = corners(background);
  let most = 0;
  const along = corners(signal).map((one) => (most = Math.max(most, one)));
  const at = (x) => {
    const k = along.findIndex((one) => one > x);
    const [left, low] = [along.at(k - 1), across.at(k - 1)];
    return k < 0 ? across.at(-1) : low + ((x - left) * (across[k] - low)) / (along[k] - left);
  };
  return background.error.map((error, i) => {
    const [place, step] = [signal.value[i], signal.error[i]];
    const [low, high] = [Math.max(place - 2 * step, 0), Math.min(place + 2 * step, 1)];
    return high > low ? Math.hypot(error, ((at(high) - at(low)) * step) / (high - low)) : error;
  });
}

// Background events that a trusted cut keeps, in units of one weight (L. Kish, 1965).
export const ENOUGH_BACKGROUND = 25;
/** @type {(sumw: number, sumw2: number) => number} */
export const effectiveEvents = (sumw, sumw2) => (sumw > 0 && sumw2 > 0 ? (sumw * sumw) / sumw2 : 0);

/** @type {(es: number, eb: number) => number} */
export const sic = (es, eb) => (eb > 0 ? es / Math.sqrt(eb) : NaN);

/** @type {(es: number, eb: number, esErr: number, ebErr: number) => number} */
export function sicError(es, eb, esErr, ebErr) {
  if (!(eb > 0)) return NaN;
  return Math.hypot(esErr / Math.sqrt(eb), (es * ebErr) / (2 * eb ** 1.5));
}
