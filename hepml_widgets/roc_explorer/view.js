import { view } from "../core/alive.js";
import { closest, extreme, floats, mapped, nearest } from "../core/columns.js";
import { choice, menu } from "../core/controls.js";
import { div, element, furnish, listen, quiet, richHTML, vector } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragArea, dragHandle } from "../core/handles.js";
import { DASHES, band, diamond, line, spread } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { distinct, finite, percent, probability, significant, withError } from "../core/numbers.js";
import { joined } from "../core/readout.js";
import { drawScores, scoreAxes } from "../core/scores.js";
import { stage, watch } from "../core/stage.js";
import { niceDomain } from "../core/ticks.js";
import { fit, remark, write } from "../core/words.js";
import {
  ams,
  amsError,
  effectiveEvents,
  efficiencyError,
  ENOUGH_BACKGROUND,
  errorsAtChosenSignal,
  sic,
  sicError,
  significance,
  significanceError,
} from "../core/stats.js";

// ---------------------------------------------------------------- from table to curves

function share(part, whole, part2, whole2) {
  const value = Float64Array.from(part, (sum) => sum / whole);
  return { value, error: value.map((ratio, i) => efficiencyError(ratio, part2[i], whole, whole2)) };
}

function cutsOf(s, s2, b, b2, [S, S2, B, B2]) {
  const [signal, background] = [share(s, S, s2, S2), share(b, B, b2, B2)];
  const chosen = errorsAtChosenSignal(signal, background);
  return {
    s,
    b,
    background,
    signal,
    chosen,
    sErr: s2.map(Math.sqrt),
    bErr: b2.map(Math.sqrt),
    trusted: Array.from(b, (sum, i) => effectiveEvents(sum, b2[i]) >= ENOUGH_BACKGROUND),
    rejection: b.map((sum) => B / sum),
    rejectionErr: chosen.map((error, i) => error / background.value[i] ** 2),
  };
}

// One model's rows, from loose to tight; `bound` is what the exact bound lets pass at the same ε_s.
export function decode(packed) {
  const [threshold, s, s2, b, b2, totals] = ["threshold", "s", "s2", "b", "b2", "totals"].map((name) =>
    floats(packed[name]),
  );
  const histogram = mapped(packed.histogram, (column) => floats(column, 4).map((part) => part * packed.unit));
  const m = { ...packed, threshold, histogram, ...cutsOf(s, s2, b, b2, totals) };
  if (packed.bound) {
    const best = floats(packed.bound.b);
    m.bound = {
      ...cutsOf(s, s2, best, floats(packed.bound.b2, 4), totals),
      fraction: best.map((sum, i) => sum / b[i]),
      fractionErr: floats(packed.bound.error, 4),
    };
  }
  return m;
}

function decodeBound({ signal, background, auc }) {
  const [xs, ys] = [signal, background].map((column) => floats(column, 4));
  return { auc, signal: xs, background: ys, rejection: ys.map((y) => 1 / y) };
}

const MERITS = {
  Z: {
    title: ({ sigma }) => `Z [σ], σ_b = ${percent(sigma)}`,
    value: (m, i, { sigma }) => significance(m.s[i], m.b[i], sigma * Math.abs(m.b[i])),
    error: (m, i, { sigma }) => significanceError(m.s[i], m.b[i], m.sErr[i], m.bErr[i], sigma),
  },
  AMS: {
    title: ({ bR }) => `AMS [σ], b_r = ${significant(bR)}`,
    value: (m, i, { bR }) => ams(m.s[i], m.b[i], bR),
    error: (m, i, { bR }) => amsError(m.s[i], m.b[i], m.sErr[i], m.bErr[i], bR),
  },
  SIC: {
    title: () => "ε_s / √ε_b",
    value: (m, i) => sic(m.signal.value[i], m.background.value[i]),
    error: (m, i) => sicError(m.signal.value[i], m.background.value[i], m.signal.error[i], m.background.error[i]),
  },
};

export function scan(m, merit, options) {
  const { value, error } = MERITS[merit];
  const values = m.s.map((_, i) => value(m, i, options));
  const errors = m.s.map((_, i) => error(m, i, options));
  let best = -1;
  values.forEach((z, i) => {
    // from tight to loose the first of equal rows wins: >= while walking upwards
    if (finite(z) && m.trusted[i] && (best < 0 || z >= values[best])) best = i;
  });
  const highest = extreme(values, 0, Math.max);
  const peak = best < 0 ? highest : values[best];
  // Room above the best, and for what is larger but not trusted, within limits.
  const top = peak > 0 ? Math.max(1.6 * peak, Math.min(1.7 * highest, 2.5 * peak)) : 1;
  return { values, errors, best, good: values.map((z, i) => (m.trusted[i] ? z : NaN)), top };
}

function thresholdText(m, i) {
  const neighbours = [m.threshold[i - 1], m.threshold[i + 1]].map((t) => t ?? NaN);
  return (m.scale === "logit" ? probability : distinct)(m.threshold[i], neighbours);
}

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts(m, i, merit, curve) {
  return [
    ["threshold", thresholdText(m, i)],
    ["ε_s", percent(m.signal.value[i])],
    ["1/ε_b", withError(m.rejection[i], m.rejectionErr[i])],
    ...(m.bound
      ? [
          ["bound 1/ε_b", withError(m.bound.rejection[i], m.bound.rejectionErr[i])],
          ["reached", withError(m.bound.fraction[i], m.bound.fractionErr[i])],
        ]
      : []),
    ["S", withError(m.s[i], m.sErr[i])],
    ["B", withError(m.b[i], m.bErr[i])],
    [merit, withError(curve.values[i], curve.errors[i])],
    ...m.notes.map((note) => [note, ""]),
  ];
}

// ---------------------------------------------------------------- panels

const ROC = {
  rejection: { title: "background rejection 1/ε_b", values: (m) => m.rejection, errors: (m) => m.rejectionErr },
  linear: { title: "background efficiency ε_b", values: (m) => m.background.value, errors: (m) => m.chosen },
  gap: { title: "1/ε_b over that of the bound", values: (m) => m.bound.fraction, errors: (m) => m.bound.fractionErr },
};

function rocAxes({ models, bound, kind }) {
  const { title, values } = ROC[kind];
  const range = (columns) => columns.flatMap((column) => [...column]);
  const ends = (found) => [extreme(found, 0, Math.min), extreme(found, 1, Math.max)];
  const x = { title: "signal efficiency ε_s", kind: "linear", domain: ends(range(models.map((m) => m.signal.value))) };
  const ys = range(models.map(values));
  if (kind === "gap") return { x, y: { title, kind: "linear", domain: [0, 1.2] } };
  if (kind === "linear") return { x, y: { title, kind, domain: ends(ys) } };
  const top = extreme([...ys, ...(bound?.rejection ?? [])], 10, Math.max);
  return {
    x,
    y: {
      title,
      kind: "log",
      domain: [
        extreme(
          ys.filter((v) => v > 0),
          1,
          Math.min,
        ),
        top * 1.5,
      ],
    },
  };
}

function drawROC(panel, view) {
  const { models, m: chosen, bound, kind } = view;
  const { values, errors } = ROC[kind];
  const even = Float64Array.from({ length: 60 }, (_, i) => (i + 1) / 60);
  if (kind !== "gap") line(panel, even, kind === "linear" ? even : even.map((x) => 1 / x), { class: "chance" });
  if (bound) drawBound(panel, bound, kind);
  models.forEach((m, index) => {
    const ys = values(m);
    const mark = `curve-${index}`;
    if (kind !== "gap" || m === chosen) {
      spread(panel, m.signal.value, ys, errors(m), { class: `band ${mark}`, opacity: m === chosen ? 1 : 0.45 });
    }
    line(panel, m.signal.value, ys, {
      class: `curve ${mark} ${m === chosen ? "chosen" : ""}`,
      "stroke-dasharray": DASHES[index] || null,
    });
  });
  nameCurves(panel, view);
}

const BEYOND = "no classifier gets here";

function drawBound(panel, bound, kind) {
  const [xs, ys] =
    kind === "gap"
      ? [
          [0, 1],
          [1, 1],
        ]
      : [bound.signal, kind === "linear" ? bound.background : bound.rejection];
  const beyond = ys.map(() => panel.y.domain[kind === "linear" ? 0 : 1]);
  band(panel, xs, ys, beyond, { class: "beyond" }).append(
    vector("title", {}, `${BEYOND} for long: a finite sample may fluctuate above the exact bound`),
  );
  line(panel, xs, ys, { class: "bound" });
}

// In the corner no good curve enters, in the curves' own order, each with a sample of its line.
function nameCurves(panel, { models, m: chosen, bound, kind }) {
  const { left, top, width, height } = panel.inner;
  const level = (m) => ROC[kind].values(m)[closest(m.signal.value, 0.6)];
  const items = models
    .map((m, index) => ({
      name: shorten(m.name, 18),
      full: m.name,
      auc: m.auc,
      level: level(m),
      dash: DASHES[index],
      look: `curve-${index}`,
      bold: m === chosen ? "chosen" : "",
    }))
    .sort((a, b) => b.level - a.level);
  if (models.some((m) => m.auc === "–")) {
    remark(panel, "a ROC curve needs both classes", 30);
    return;
  }
  if (bound)
    items.splice(kind === "linear" ? items.length : 0, 0, {
      name: "exact bound",
      full: BEYOND,
      auc: bound.auc,
      look: "empty",
      bold: "",
    });
  const first = kind === "gap" ? top + height - 12 - 17 * (items.length - 1) : top + 22;
  const right = kind !== "linear";
  items.forEach(({ name, full, auc, look, bold, dash }, i) => {
    const y = first + 17 * i;
    const lead = items.length > 1 ? `${name}  ` : "";
    const words = document.createTextNode(`AUC ${auc}`);
    const text = vector(
      "text",
      {
        x: right ? left + width - 10 : left + (lead ? 42 : 12),
        y,
        class: `label ${look} ${bold} ${right ? "end" : "start"}`,
      },
      lead,
      words,
      vector("title", {}, full),
    );
    panel.labels.append(text);
    if (text.getComputedTextLength() > width - 64) words.data = auc.split(/\s/)[0];
    fit(text, "", width - 50);
    if (!lead) return;
    const start = right ? left + width - 40 - text.getComputedTextLength() : left + 12;
    panel.labels.append(
      vector("path", {
        d: `M${start} ${y - 4}h24`,
        class: look === "empty" ? "bound" : `curve ${look}`,
        "stroke-dasharray": dash || null,
      }),
    );
  });
  if (bound) nameBeyond(panel, bound, kind, first + 17 * items.length);
}

// Where the shaded region has room for words.
function nameBeyond(panel, bound, kind, below) {
  const { left, width } = panel.inner;
  const y = kind === "gap" ? (panel.y(1) + panel.y(1.2)) / 2 + 4 : below;
  const edge = nearest(bound.signal, panel.x.invert(left + width - 170));
  const room = kind === "gap" || (kind === "rejection" && y < panel.y(bound.rejection[edge]) - 10);
  if (room) panel.labels.append(vector("text", { x: left + width - 10, y, class: "empty end" }, BEYOND));
}

function meritAxes({ m, merit, options, curve, best }) {
  return {
    x: { title: "threshold", kind: m.scale, domain: m.range },
    y: {
      title: MERITS[merit].title(options),
      kind: "linear",
      domain: niceDomain([0, Math.max(curve.top, best ? best.top : 0)]),
    },
  };
}

// What the best point follows, in as many lines as it takes.
function drawRule(panel, down) {
  const { left, top, width } = panel.inner;
  const words = [`dotted: fewer than ${ENOUGH_BACKGROUND}`, "effective background events"];
  const lines = width < 330 ? words : [words.join(" ")];
  lines.forEach((text, i) => fit(write(panel, left + 27, top + down + 15 * i, "label empty", text), "", width - 34));
  return down + 17 * lines.length;
}

const SAME = "the best on these events: optimistic";

function drawMerit(panel, { m, merit, curve, best: bound }) {
  const [low, high] = m.range;
  const xs = m.threshold.map((t) => Math.min(high, Math.max(low, t)));
  const { values, errors, best, good } = curve;
  const { left, top, width } = panel.inner;
  let down = best < 0 ? 35 : 69;
  if (values.some((z, i) => finite(z) && !m.trusted[i])) {
    line(panel, xs, values, { class: "curve curve-0 roc-rest" });
    down = drawRule(panel, down);
  }
  if (bound) {
    line(panel, xs, bound.values, { class: "bound" });
    panel.labels.append(
      vector("path", { d: `M${left + 12} ${top + down - 4}h24`, class: "bound" }),
      vector("text", { class: "label empty", x: left + 42, y: top + down }, "exact bound"),
    );
    down += 17;
  }
  spread(panel, xs, good, errors, { class: "band curve-0" });
  line(panel, xs, good, { class: "curve curve-0 chosen" });
  if (best < 0) {
    remark(
      panel,
      values.some(finite) ? "too few events to name a best cut" : `no cut with a defined ${merit}`,
      down + 8,
    );
    return;
  }
  panel.marks.append(diamond(panel.x(xs[best]), panel.y(values[best])));
  panel.labels.append(
    diamond(left + 16, top + 31),
    vector(
      "text",
      { class: "label", x: left + 27, y: top + 35 },
      `best ${merit} ${withError(values[best], errors[best])} at ${thresholdText(m, best)}`,
    ),
  );
  fit(write(panel, left + 27, top + 52, "label empty", SAME), "", width - 34);
}

// ---------------------------------------------------------------- the view

const TRAITS = ["threshold", "model", "sigma_b", "b_r", "merit", "roc_axis"];

function tableRows({ m, merit, curve }, text, file) {
  const { bound } = m;
  const columns = [
    ["threshold", m.threshold],
    ["ε_s", m.signal.value],
    ["ε_b", m.background.value],
    ["1/ε_b", m.rejection],
    ["± 1/ε_b", m.rejectionErr],
    ["S", m.s],
    ["± S", m.sErr],
    ["B", m.b],
    ["± B", m.bErr],
    [merit, curve.values],
    [`± ${merit}`, curve.errors],
    ...(bound
      ? [
          ["bound 1/ε_b", bound.rejection],
          ["± bound 1/ε_b", bound.rejectionErr],
          ["reached", bound.fraction],
          ["± reached", bound.fractionErr],
        ]
      : []),
  ];
  const header = columns.map(([name]) => name);
  const cells = (i) => columns.map(([, values], k) => (k || file ? text(values[i]) : thresholdText(m, i)));
  const body = Array.from(m.threshold, (_, i) => cells(i));
  return file ? [["model", ...header], ...body.map((row) => [m.name, ...row])] : [header, ...body];
}

function render({ model, el }) {
  const table = model.get("table");
  const models = table.models.map((packed) => ({ ...decode(packed), score: table.score }));
  const bound = table.bound && decodeBound(table.bound);
  const names = { signal: table.names[0], background: table.names[1] };
  const scene = stage(el, "ROC explorer");
  const publish = watch(scene, model, TRAITS, () => refresh());
  const view = { models, bound };

  // State of the model, as the view sees it.
  const read = () => {
    const m = models.find(({ name }) => name === model.get("model")) ?? models[0];
    Object.assign(view, {
      m,
      merit: model.get("merit"),
      kind: model.get("roc_axis"),
      row: nearest(m.threshold, model.get("threshold")),
      options: { sigma: model.get("sigma_b"), bR: model.get("b_r") },
    });
    rescan();
  };
  const rescan = () => {
    view.curve = scan(view.m, view.merit, view.options);
    view.best = view.m.bound && scan(view.m.bound, view.merit, view.options);
  };
  const settle = (traits) => {
    publish(traits, true);
    refresh();
  };
  const goTo = (row) => {
    if (row === view.row) return;
    view.row = row;
    follow();
    publish({ threshold: view.m.threshold[row] });
  };
  read();

  // ---- what stands where
  const note = view.m.histogram.train_signal ? "points: training sample" : "passes: score ≥ threshold";
  // Another model is compared at the same signal efficiency.
  const select = menu(
    scene,
    "model",
    models.map(({ name }) => name),
    (i) => {
      const { name, signal, threshold } = models[i];
      if (name !== view.m.name)
        settle({ model: name, threshold: threshold[closest(signal.value, view.m.signal.value[view.row])] });
    },
  );
  const axes = choice(
    scene,
    "vertical axis of the ROC curve",
    [
      ["rejection", "1/ε_b", "background rejection, logarithmic"],
      ["linear", "ε_b", "background efficiency, linear"],
      ...(bound ? [["gap", "gap", "share of the exact bound's background rejection that is reached"]] : []),
    ],
    view.kind,
    (kind) => settle({ roc_axis: kind }),
  );
  const figures = choice(
    scene,
    "figure of merit",
    [
      ["Z", "Z", "Asimov significance with background uncertainty"],
      ["AMS", "AMS", `approximate median significance, b_r = ${view.options.bR}`],
      ["SIC", "SIC", "significance improvement"],
    ],
    view.merit,
    (merit) => settle({ merit }),
  );
  const slider = element("input", {
    type: "range",
    min: 0,
    max: 50,
    step: 1,
    "aria-label": "relative background uncertainty",
  });
  const sigmaText = element("output", { class: "sigma" });
  const controls = [
    [
      ...(models.length > 1 ? [select] : []),
      ...(models.length > 1 && !view.m.histogram.train_signal ? [] : [quiet(note)]),
    ],
    [axes.node],
    [figures.node, element("label", { class: "slide" }, element("span", {}, ...richHTML("σ_b")), slider, sigmaText)],
  ];
  const plots = controls.map(() => div("plot"));
  const foot = footer(
    scene,
    "roc-explorer",
    "Yields above each threshold",
    (...how) => tableRows(view, ...how),
    () => panels,
  );
  scene.root.append(
    div("roc", ...controls.map((nodes, i) => div("roc-panel", div("controls", ...nodes), plots[i]))),
    ...foot.nodes,
  );

  let pending = null;
  listen(scene, slider, "input", () => {
    view.options.sigma = Number(slider.value) / 100;
    publish({ sigma_b: view.options.sigma });
    rescan();
    showSigma();
    follow();
    pending ??= requestAnimationFrame(() => {
      pending = null;
      merits.set(meritAxes(view));
    });
  });
  listen(scene, slider, "change", () => settle({ sigma_b: view.options.sigma }));
  const showSigma = () => {
    const sigma = 100 * view.options.sigma;
    if (sigma > Number(slider.max)) slider.max = Math.ceil(sigma);
    slider.value = sigma;
    slider.disabled = view.merit !== "Z";
    sigmaText.textContent = percent(view.options.sigma);
    slider.setAttribute("aria-valuetext", sigmaText.textContent);
  };

  // ---- panels and handles
  const afterLayout = () => follow();
  const panels = [
    ["Histograms of the score", scoreAxes(view.m), (panel) => drawScores(panel, view.m, names)],
    ["ROC curve", rocAxes(view), (panel) => drawROC(panel, view)],
    ["Figure of merit against threshold", meritAxes(view), (panel) => drawMerit(panel, view)],
  ].map(([label, { x, y }, draw], i) => frame(scene, plots[i], { label, x, y, afterLayout, draw }));
  const [histograms, roc, merits] = panels;
  const veil = histograms.cover.appendChild(vector("rect", { class: "veil" }));
  const release = () => settle({ threshold: view.m.threshold[view.row] });
  const parts = (row) => readoutParts(view.m, row, view.merit, view.curve);
  const grips = [histograms, merits].map((panel, i) =>
    dragHandle(scene, panel, {
      label: "threshold",
      focusable: i === 0,
      values: () => view.m.threshold,
      read: (row) => joined(parts(row)),
      move: goTo,
      release,
    }),
  );
  const points = [roc, merits].map(({ overlay }) => overlay.appendChild(vector("circle", { r: 4.5, class: "point" })));
  const guide = vector("path", { class: "guide" });
  roc.overlay.prepend(guide);
  dragArea(scene, roc, { move: (x) => goTo(closest(view.m.signal.value, x)), release });

  // ---- all that follows the state
  const refresh = () => {
    read();
    select.selectedIndex = models.indexOf(view.m);
    axes.show(view.kind);
    figures.show(view.merit);
    showSigma();
    histograms.set(scoreAxes(view.m));
    roc.set(rocAxes(view));
    merits.set(meritAxes(view));
    follow();
    foot.reserve(view.m.threshold.length, parts);
    foot.refresh();
  };
  // All that moves with the threshold: one step of a drag is this and nothing else.
  const follow = () => {
    const { m, row, kind, curve } = view;
    const [low, high] = m.range;
    const cut = Math.min(high, Math.max(low, m.threshold[row]));
    grips.forEach((grip) => grip.show(row));
    foot.write(parts(row));
    if (histograms.inner) {
      const { left: x, top: y, height } = histograms.inner;
      furnish(
        veil,
        mapped({ x, y, height, width: Math.max(0, histograms.x(cut) - x) }, (value) => value.toFixed(1)),
      );
    }
    if (roc.inner) {
      const { left, top, height } = roc.inner;
      const [x, y] = place(points[0], roc, m.signal.value[row], ROC[kind].values(m)[row]);
      guide.setAttribute("d", finite(x) && finite(y) ? `M${left} ${y.toFixed(1)}H${x.toFixed(1)}V${top + height}` : "");
    }
    if (merits.inner) place(points[1], merits, cut, curve.values[row]);
  };
  // A point outside its frame, or undefined, is not shown.
  const place = (node, panel, valueX, valueY) => {
    const [x, y] = [panel.x(valueX), panel.y(valueY)];
    const { top, height } = panel.inner;
    const seen = finite(x) && y >= top - 1 && y <= top + height + 1;
    furnish(node, { visibility: seen ? "visible" : "hidden", ...(seen ? { cx: x.toFixed(1), cy: y.toFixed(1) } : {}) });
    return [x, seen ? y : NaN];
  };
  refresh();
  return scene.cleanup;
}

export default view(render);
