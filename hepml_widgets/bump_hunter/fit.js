// The fit of hepml.stats.bump_hunt, step by step.

import { phi } from "../core/stats.js";

const STEPS_OF_NEWTON = 30;
const LONGEST = 1;
const PRIOR = 1e-6;

// Chance of more than z standard deviations: a series in the middle, a continued fraction beyond.
export function tail(z) {
  if (z < 0) return 1 - tail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let [term, sum] = [z, 0];
    for (let k = 3; sum + term !== sum; k += 2) [sum, term] = [sum + term, (term * z * z) / k];
    return 0.5 - density * sum;
  }
  let below = z;
  for (let k = 150; k > 0; k -= 1) below = z + k / below;
  return density / below;
}

export function columns(edges, sqrtS, count) {
  return Array.from({ length: edges.length - 1 }, (_, i) => {
    const x = (edges[i] + edges[i + 1]) / 2 / sqrtS;
    return [1, Math.log1p(-x), ...Array.from({ length: count - 2 }, (_, k) => Math.log(x) ** (k + 1))];
  });
}

export function orthonormal(basis, side) {
  const mean = (a, b) => side.reduce((sum, i) => sum + basis[i][a] * basis[i][b], 0) / side.length;
  for (let k = 0; k < basis[0].length; k += 1) {
    for (let j = 0; j < 2 * k; j += 1) {
      const part = mean(j % k, k);
      for (const row of basis) row[k] -= row[j % k] * part;
    }
    const norm = Math.sqrt(mean(k, k));
    for (const row of basis) row[k] /= norm;
  }
  return basis;
}

function solve(matrix, vector) {
  const a = matrix.map((row, i) => [...row, vector[i]]);
  const n = a.length;
  for (let c = 0; c < n; c += 1) {
    for (let r = 0; r < n; r += 1) {
      if (r === c) continue;
      const part = a[r][c] / a[c][c];
      for (let j = c; j <= n; j += 1) a[r][j] -= part * a[c][j];
    }
  }
  return a.map((row, i) => row[n] / row[i]);
}

function dot(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k += 1) sum += a[k] * b[k];
  return sum;
}

function hessianOf(mu, basis, side, prior) {
  const found = prior.map((value, a) => prior.map((_, b) => (a === b ? value : 0)));
  for (const i of side) {
    for (let a = 0; a < prior.length; a += 1) {
      for (let b = 0; b <= a; b += 1) found[a][b] += mu[i] * basis[i][a] * basis[i][b];
    }
  }
  return found.map((row, a) => row.map((_, b) => found[Math.max(a, b)][Math.min(a, b)]));
}

export const total = (list, of) => list.reduce((sum, i) => sum + of(i), 0);

export function fitted(counts, scale, basis, side) {
  const prior = basis[0].map((_, k) => (k ? PRIOR : 0));
  const theta = prior.map(() => 0);
  const mu = () => scale.map((width, i) => width * Math.exp(dot(basis[i], theta)));
  theta[0] = Math.log(
    Math.max(
      total(side, (i) => counts[i]),
      PRIOR,
    ) / total(side, (i) => scale[i]),
  );
  for (let step = 0; step < STEPS_OF_NEWTON; step += 1) {
    const now = mu();
    const gradient = prior.map((p, k) => total(side, (i) => (counts[i] - now[i]) * basis[i][k]) - p * theta[k]);
    const move = solve(hessianOf(now, basis, side, prior), gradient);
    const far = Math.max(...side.map((i) => Math.abs(dot(basis[i], move))));
    move.forEach((value, k) => {
      theta[k] += value / Math.max(1, far / LONGEST);
    });
    if (far < 1e-8) break; // what is left is its square
  }
  const end = mu();
  const hessian = hessianOf(end, basis, side, prior);
  return { mu: end, variance: (v) => Math.max(0, dot(v, solve(hessian, v))) };
}

// Significance of n events over b ± √variance, negative for a deficit.
export function signed(n, b, variance) {
  const [s, r] = [n - b, variance / b];
  const mean = b + s * (r / (1 + r));
  const inside = mean * phi(Math.max(-1, s / (1 + r) / mean));
  const control = r === 0 ? 0 : (mean / r) * phi((-s * (r / (1 + r))) / mean);
  return Math.sign(s) * Math.sqrt(2 * (inside + control)) || 0;
}
