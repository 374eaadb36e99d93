import { view } from "../core/alive.js";
import { closest, floats, nearest, twice } from "../core/columns.js";
import { button } from "../core/controls.js";
import { div, element, quiet, vector } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragHandle } from "../core/handles.js";
import { band, dots, line, point, steps, trace } from "../core/marks.js";
import { distinct, finite, fixed, percent, significant, withError } from "../core/numbers.js";
import { joined } from "../core/readout.js";
import { stage, watch } from "../core/stage.js";
import { niceDomain } from "../core/ticks.js";
import { endLabels, remark } from "../core/words.js";
import { effectiveEvents, phi } from "../core/stats.js";

// ---------------------------------------------------------------- hepml.stats.bump_hunt, step by step

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

function columns(edges, sqrtS, count) {
  return Array.from({ length: edges.length - 1 }, (_, i) => {
    const x = (edges[i] + edges[i + 1]) / 2 / sqrtS;
    return [1, Math.log1p(-x), ...Array.from({ length: count - 2 }, (_, k) => Math.log(x) ** (k + 1))];
  });
}

function orthonormal(basis, side) {
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

const total = (list, of) => list.reduce((sum, i) => sum + of(i), 0);

function fitted(counts, scale, basis, side) {
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
function signed(n, b, variance) {
  const [s, r] = [n - b, variance / b];
  const mean = b + s * (r / (1 + r));
  const inside = mean * phi(Math.max(-1, s / (1 + r) / mean));
  const control = r === 0 ? 0 : (mean / r) * phi((-s * (r / (1 + r))) / mean);
  return Math.sign(s) * Math.sqrt(2 * (inside + control)) || 0;
}

// ---------------------------------------------------------------- the table

export function decode(table) {
  const read = (name, size) => (table[name] ? floats(table[name], size) : null);
  const [edges, thresholds, kept] = ["edges", "thresholds", "kept"].map((name) => read(name));
  const bins = edges.length - 1;
  const rowsOf = (values) => values && Array.from(kept, (_, row) => [...values.slice(row * bins, (row + 1) * bins)]);
  return {
    ...table,
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
const overWindows = (t, row, width) => windowsOf(t, width).map((span) => hunt(t, row, span));

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
  return [
    ["threshold", distinct(t.thresholds[row], [...t.thresholds.slice(Math.max(row - 1, 0), row + 2)])],
    ["kept", percent(t.kept[row])],
    ["window", span.map((i) => significant(t.edges[i], 4)).join(" to ")],
    ["observed", Number.isInteger(n) ? fixed(n, 0) : significant(n, 4)],
    ["expected", withError(b, error)],
    ["Z", known ? `${fixed(z, 2)} σ` : "–"],
    ["p", significant(p, 2)],
    ["global p", `${found[0] <= SATURATED && !finite(found[1]) ? "≤ " : ""}${significant(found[0], 2)}`],
    ["trials", significant(found[1], 2)],
  ];
}

// ---------------------------------------------------------------- panels

const TOO_FEW = "too few sideband bins with events to fit";

function drawWindow(panel, t, span) {
  const [from, to] = span.map((i) => panel.x(t.edges[i]));
  const { top, height } = panel.inner;
  trace(panel, `M${from} ${top}H${to}v${height}H${from}Z`, "bump-window");
}

function drawSpectrum(panel, t, { row, span, truth }) {
  const [found, counts] = [hunt(t, row, span), t.counts[row]];
  drawWindow(panel, t, span);
  const labels = [];
  const label = (x, value, text, kind) =>
    labels.push({
      text,
      x: panel.x(x) + 8,
      y: panel.y(value) - 14,
      anchor: "start",
      class: `name-${kind}`,
    });
  if (found.expected) {
    const { band: width } = found;
    const side = (sign) => twice(found.expected.map((value, i) => value + sign * width[i]));
    band(panel, twice(t.edges).slice(1, -1), side(-1), side(1), { class: "area-background" });
    steps(panel, t.edges, found.expected, { class: "line-background" });
    const beyond = Math.min(span[1] + 2, t.bins - 1);
    label(t.edges[beyond], found.expected[beyond - 1], "sideband fit", "background");
  } else remark(panel, TOO_FEW);
  if (truth) {
    steps(panel, t.edges, t.signal[row], { class: "line-signal" });
    const most = Math.max(...t.signal[row]);
    if (most > 0) label(t.edges[t.signal[row].lastIndexOf(most) + 1], most, "true signal", "signal");
  }
  dots(panel, t.centres, counts, found.errors, { class: "bump-dots" });
  endLabels(panel, labels);
}

function drawPulls(panel, t, { row, span }) {
  const { pulls } = hunt(t, row, span);
  drawWindow(panel, t, span);
  if (!pulls) {
    remark(panel, TOO_FEW);
    return;
  }
  steps(panel, t.edges, pulls, { class: "area-background" }, true);
  steps(panel, t.edges, pulls, { class: "line-background" });
  line(panel, [t.edges[0], t.edges[t.bins]], [0, 0], { class: "bump-zero" });
}

const ROOM = 58; // before each frame: they stand in line, and stay
const pullAxis = (pulls = []) => ({
  title: "pull [σ]",
  room: ROOM,
  domain: niceDomain([Math.min(-5, ...pulls), Math.max(5, ...pulls)], 4),
});
const shown = (p) => Math.max(p, 1e-300);
const pAxis = (list) => ({
  title: "local p",
  room: ROOM,
  kind: "log",
  domain: [Math.min(1e-3, ...list.map(({ p }) => shown(p)).filter(finite)) / 5, 3],
});

// Local p with whole standard deviations as hairlines, and a point where one stands.
function drawP(panel, xs, list, at) {
  const { left, width, top, height } = panel.inner;
  let last = -Infinity;
  for (let sigmas = 1; tail(sigmas) > panel.y.domain[0]; sigmas += 1) {
    const y = panel.y(tail(sigmas));
    if (y - last < 15 || y < top + 16 || y > top + height - 4) continue;
    last = y;
    trace(panel, `M${left} ${y}h${width}`, "bump-sigma");
    panel.marks.append(vector("text", { x: left + width - 22, y: y - 3, class: "label empty end" }, `${sigmas} σ`));
  }
  const ys = list.map(({ p }) => shown(p));
  line(panel, xs, ys, { class: "curve curve-0" });
  dots(
    panel,
    xs,
    ys,
    ys.map(() => 0),
    { class: "bump-dots" },
  );
  point(panel, xs[at], ys[at]);
}

// ---------------------------------------------------------------- the view

function render({ model, el }) {
  const t = decode(model.get("table"));
  const scene = stage(el, "Bump hunter");
  const publish = watch(scene, model, ["threshold", "signal_region", "truth_shown"], () => refresh());
  const state = { row: 0, span: [0, 1], truth: false };
  const plots = Array.from({ length: 4 }, () => div("plot"));
  const width = () => state.span[1] - state.span[0];
  const spans = () => windowsOf(t, width());
  const middle = ([from, to]) => (t.edges[from] + t.edges[to]) / 2;
  const above = () => Array.from(t.kept, (_, row) => hunt(t, row, state.span));

  const widen = (by) => {
    const [from, to] = state.span;
    if (to + by > from && to + by < t.bins) state.span = [from, to + by];
    settle();
  };
  const truth =
    t.signal &&
    button(scene, "truth", "show the true signal", () => {
      state.truth = !state.truth;
      publish({ truth_shown: state.truth }, true);
      refresh();
    });
  const controls = div(
    "controls",
    button(scene, "narrower", "take the last bin from the window", () => widen(-1)),
    button(scene, "wider", "add a bin to the window", () => widen(1)),
    ...(truth ? [truth] : []),
    quiet("points: events that pass · band: error of the fit"),
  );
  const words = element("p", { class: "quiet bump-words" });
  const rows = (text) => [
    ["threshold", "kept", "observed", "expected", "± expected", "Z", "p"],
    ...above().map(({ n, b, error, z, p }, row) => [t.thresholds[row], t.kept[row], n, b, error, z, p].map(text)),
  ];
  const foot = footer(scene, "bump-hunter", "The window above each threshold", rows, () => [
    [spectrum, byThreshold],
    [pulls, byWindow],
  ]);
  scene.root.append(controls, div("bump", ...plots), words, ...foot.nodes);

  const mass = (title) => ({ title, plain: true, domain: [t.edges[0], t.edges[t.bins]] });
  const highest = Math.max(...t.counts.flat());
  const least = Math.max(highest * 1e-6, Math.min(...t.counts.flat().filter((count) => count > 0)));
  const panel = (at, label, x, y, draw) => frame(scene, plots[at], { label, x, y, draw });
  const handles = {};
  const spectrum = panel(
    0,
    "Mass spectrum and sideband fit",
    mass(t.title),
    { title: "events / bin", room: ROOM, kind: "log", domain: [least / 3, highest * 3] },
    (one) => drawSpectrum(one, t, state),
  );
  const byThreshold = panel(
    1,
    "Local p-value against the share of events kept",
    { title: "share of events kept", kind: "log", domain: [t.kept[0] / 1.15, t.kept[t.kept.length - 1] * 1.15] },
    pAxis([]),
    (one) => drawP(one, t.kept, above(), state.row),
  );
  const pulls = panel(2, "Pulls", mass(t.title), pullAxis(), (one) => drawPulls(one, t, state));
  const byWindow = panel(3, "Local p-value against the window", mass(t.centre), pAxis([]), (one) => {
    drawWindow(one, t, state.span);
    drawP(one, spans().map(middle), overWindows(t, state.row, width()), state.span[0] - 1);
  });

  const settle = () => {
    publish({ threshold: t.thresholds[state.row], signal_region: state.span.map((i) => t.edges[i]) }, true);
    refresh();
  };
  const parts = () => readoutParts(t, state.row, state.span);
  const show = () => {
    handles[1].show(state.row);
    handles[3].show(state.span[0] - 1);
    byThreshold.set({ y: pAxis(above()) });
    byWindow.set({ y: pAxis(overWindows(t, state.row, width())) });
    pulls.set({ y: pullAxis(hunt(t, state.row, state.span).pulls) });
    spectrum.redraw();
    foot.write(parts());
  };
  handles[1] = dragHandle(scene, byThreshold, {
    label: "threshold",
    values: () => t.kept,
    read: () => joined(parts()),
    release: settle,
    move: (row) => {
      state.row = row;
      show();
      publish({ threshold: t.thresholds[row] });
    },
  });
  handles[3] = dragHandle(scene, byWindow, {
    label: "mass window",
    values: () => spans().map(middle),
    read: () => joined(parts()),
    release: settle,
    move: (at) => {
      state.span = spans()[at];
      show();
      publish({ signal_region: state.span.map((i) => t.edges[i]) });
    },
  });

  const refresh = () => {
    state.row = closest(t.thresholds, model.get("threshold"));
    state.span = model.get("signal_region").map((edge) => nearest(t.edges, edge));
    state.truth = Boolean(t.signal && model.get("truth_shown"));
    truth?.setAttribute("aria-pressed", String(state.truth));
    const counted = t.largest
      ? `global p from ${t.largest.length} pseudo-experiments`
      : `global p over all windows of this width (${spans().length}), approximate`;
    words.textContent = [counted, t.note].filter(Boolean).join("; ");
    show();
    foot.refresh();
  };
  refresh();
  foot.reserve(t.kept.length, (row) => readoutParts(t, row, state.span, [1.2e-10, 1234]));
  return scene.cleanup;
}

export default view(render);
