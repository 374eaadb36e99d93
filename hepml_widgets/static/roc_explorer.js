import {
  actions, announcer, band, choice, DASHES, dataTable, diamond, distinct, dragArea, dragHandle, drawScores,
  element, extreme, floats, frame, joined, line, nearest, niceDomain, percent, probability, publisher,
  readoutLine, remark, richHTML, scoreAxes, shorten, significant, spread, stage, vector, watch, withError,
} from "./plot.js";
import {
  ams, amsError, efficiencyError, sic, sicError, significance, significanceError,
} from "./stats.js";

const ENOUGH = 10; // effective background events below which a maximum is a fluctuation

// ---------------------------------------------------------------- from table to curves

function share(part, whole, part2, whole2) {
  const value = Float64Array.from(part, (sum) => sum / whole);
  return { value, error: value.map((ratio, i) => efficiencyError(ratio, part2[i], whole, whole2)) };
}

function cutsOf(s, s2, b, b2, [S, S2, B, B2]) {
  const background = share(b, B, b2, B2);
  return {
    s, b, background, signal: share(s, S, s2, S2), sErr: s2.map(Math.sqrt), bErr: b2.map(Math.sqrt),
    effective: b.map((sum, i) => (b2[i] > 0 ? (sum * sum) / b2[i] : 0)),
    rejection: b.map((sum) => B / sum),
    rejectionErr: background.error.map((error, i) => error / background.value[i] ** 2),
  };
}

// One model's rows, from loose to tight; `bound` is what the exact bound lets pass at the same ε_s.
function decode(packed) {
  const [threshold, s, s2, b, b2, totals] = ["threshold", "s", "s2", "b", "b2", "totals"].map((name) => floats(packed[name]));
  const histogram = Object.fromEntries(
    Object.entries(packed.histogram).map(([name, column]) => [name, floats(column, 4).map((part) => part * packed.unit)]));
  const m = { ...packed, threshold, histogram, ...cutsOf(s, s2, b, b2, totals) };
  if (packed.bound) {
    const best = floats(packed.bound.b);
    m.bound = {
      ...cutsOf(s, s2, best, floats(packed.bound.b2, 4), totals),
      fraction: best.map((sum, i) => sum / b[i]), fractionErr: floats(packed.bound.error, 4),
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
    title: "Z [σ]",
    value: (m, i, { sigma }) => significance(m.s[i], m.b[i], sigma * Math.abs(m.b[i])),
    error: (m, i, { sigma }) => significanceError(m.s[i], m.b[i], m.sErr[i], m.bErr[i], sigma),
    trusted: (m, i) => m.effective[i] >= ENOUGH,
  },
  AMS: {
    title: "AMS [σ]",
    value: (m, i, { bR }) => ams(m.s[i], m.b[i], bR),
    error: (m, i, { bR }) => amsError(m.s[i], m.b[i], m.sErr[i], m.bErr[i], bR),
    trusted: () => true,
  },
  SIC: {
    title: "ε_s / √ε_b",
    value: (m, i) => sic(m.signal.value[i], m.background.value[i]),
    error: (m, i) => sicError(m.signal.value[i], m.background.value[i], m.signal.error[i], m.background.error[i]),
    trusted: (m, i) => m.effective[i] >= ENOUGH,
  },
};

function scan(m, merit, options) {
  const { value, error, trusted } = MERITS[merit];
  const values = m.s.map((_, i) => value(m, i, options));
  const errors = m.s.map((_, i) => error(m, i, options));
  let best = -1;
  values.forEach((z, i) => {
    // from tight to loose the first of equal rows wins: >= while walking upwards
    if (Number.isFinite(z) && trusted(m, i) && (best < 0 || z >= values[best])) best = i;
  });
  return { values, errors, best };
}

function thresholdText(m, i) {
  const neighbours = [m.threshold[i - 1], m.threshold[i + 1]].map((t) => t ?? NaN);
  return (m.scale === "logit" ? probability : distinct)(m.threshold[i], neighbours);
}

// [label, value] pairs; joined they are Python's `readout`.
function readoutParts(m, i, merit, curve) {
  return [
    ["threshold", thresholdText(m, i)],
    ["ε_s", percent(m.signal.value[i])],
    ["1/ε_b", withError(m.rejection[i], m.rejectionErr[i])],
    ...(m.bound ? [
      ["bound 1/ε_b", withError(m.bound.rejection[i], m.bound.rejectionErr[i])],
      ["reached", withError(m.bound.fraction[i], m.bound.fractionErr[i])],
    ] : []),
    ["S", withError(m.s[i], m.sErr[i])],
    ["B", withError(m.b[i], m.bErr[i])],
    [merit, withError(curve.values[i], curve.errors[i])],
    ...(m.monotone ? [] : [["non-monotone", ""]]),
  ];
}

// ---------------------------------------------------------------- panels

const ROC = {
  rejection: { title: "background rejection 1/ε_b", values: (m) => m.rejection, errors: (m) => m.rejectionErr },
  linear: { title: "background efficiency ε_b", values: (m) => m.background.value, errors: (m) => m.background.error },
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
  return { x, y: { title, kind: "log", domain: [extreme(ys.filter((v) => v > 0), 1, Math.min), top * 1.5] } };
}

function drawROC(panel, view) {
  const { models, m: chosen, bound, kind } = view;
  const { values, errors } = ROC[kind];
  const even = Float64Array.from({ length: 60 }, (_, i) => (i + 1) / 60);
  if (kind !== "gap") line(panel, even, kind === "linear" ? even : even.map((x) => 1 / x), { class: "hepml-chance" });
  if (bound) drawBound(panel, bound, kind);
  models.forEach((m, index) => {
    const ys = values(m);
    const mark = `hepml-curve-${index}`;
    if (kind !== "gap" || m === chosen) {
      spread(panel, m.signal.value, ys, errors(m), { class: `hepml-band ${mark}`, opacity: m === chosen ? 1 : 0.45 });
    }
    line(panel, m.signal.value, ys, {
      class: `hepml-curve ${mark} ${m === chosen ? "hepml-chosen" : ""}`, "stroke-dasharray": DASHES[index] || null,
    });
  });
  nameCurves(panel, view);
}

const BEYOND = "no classifier gets here";

function drawBound(panel, bound, kind) {
  const [xs, ys] = kind === "gap" ? [[0, 1], [1, 1]] : [bound.signal, kind === "linear" ? bound.background : bound.rejection];
  const beyond = ys.map(() => panel.y.domain[kind === "linear" ? 0 : 1]);
  band(panel, xs, ys, beyond, { class: "hepml-beyond" })
    .append(vector("title", {}, `${BEYOND} for long: a finite sample may fluctuate above the exact bound`));
  line(panel, xs, ys, { class: "hepml-bound" });
}

// In the corner no good curve enters, in the curves' own order, each with a sample of its line.
function nameCurves(panel, { models, m: chosen, bound, kind }) {
  const { left, top, width, height } = panel.inner;
  const level = (m) => ROC[kind].values(m)[nearestUnsorted(m.signal.value, 0.6)];
  const items = models.map((m, index) => ({
    name: shorten(m.name, 18), full: m.name, auc: m.auc, level: level(m), dash: DASHES[index],
    look: `hepml-curve-${index}`, bold: m === chosen ? "hepml-chosen" : "",
  })).sort((a, b) => b.level - a.level);
  if (models.some((m) => m.auc === "–")) {
    remark(panel, "a ROC curve needs both classes", 30);
    return;
  }
  if (bound) items.splice(kind === "linear" ? items.length : 0, 0, { name: "exact bound", full: BEYOND, auc: bound.auc, look: "hepml-empty", bold: "" });
  const first = kind === "gap" ? top + height - 12 - 17 * (items.length - 1) : top + 22;
  const right = kind !== "linear";
  items.forEach(({ name, full, auc, look, bold, dash }, i) => {
    const y = first + 17 * i;
    const lead = items.length > 1 ? `${name}  ` : "";
    const words = document.createTextNode(`${lead}AUC ${auc}`);
    const text = vector("text", {
      x: right ? left + width - 10 : left + (lead ? 42 : 12), y, class: `hepml-label ${look} ${bold} hepml-${right ? "end" : "start"}`,
    }, words, vector("title", {}, full));
    panel.labels.append(text);
    if (text.getComputedTextLength() > width - 64) words.data = `${lead}${auc.split(" ")[0]}`;
    if (!lead) return;
    const start = right ? left + width - 40 - text.getComputedTextLength() : left + 12;
    panel.labels.append(vector("path", {
      d: `M${start} ${y - 4}h24`, class: look === "hepml-empty" ? "hepml-bound" : `hepml-curve ${look}`, "stroke-dasharray": dash || null,
    }));
  });
  if (bound) nameBeyond(panel, bound, kind, first + 17 * items.length);
}

// Where the shaded region has room for words.
function nameBeyond(panel, bound, kind, below) {
  const { left, width } = panel.inner;
  const y = kind === "gap" ? (panel.y(1) + panel.y(1.2)) / 2 + 4 : below;
  const edge = nearest(bound.signal, panel.x.invert(left + width - 170));
  const room = kind === "gap" || (kind === "rejection" && y < panel.y(bound.rejection[edge]) - 10);
  if (room) panel.labels.append(vector("text", { x: left + width - 10, y, class: "hepml-empty hepml-end" }, BEYOND));
}

function nearestUnsorted(values, wanted) {
  let best = 0;
  values.forEach((value, i) => {
    if (Math.abs(value - wanted) < Math.abs(values[best] - wanted)) best = i;
  });
  return best;
}

function meritAxes({ m, merit, curve, best }) {
  const peakOf = ({ values, best: row }) => (row >= 0 ? values[row] : extreme(values, 0, Math.max));
  const peak = Math.max(peakOf(curve), best ? 1.08 * peakOf(best) : 0);
  return {
    x: { title: "threshold", kind: m.scale, domain: m.range },
    y: { title: MERITS[merit].title, kind: "linear", domain: niceDomain([0, peak > 0 ? peak * 1.22 : 1]) },
  };
}

function drawMerit(panel, { m, merit, curve, best: bound }) {
  const [low, high] = m.range;
  const xs = m.threshold.map((t) => Math.min(high, Math.max(low, t)));
  const { values, errors, best } = curve;
  const { left, top } = panel.inner;
  if (bound) {
    line(panel, xs, bound.values, { class: "hepml-bound" });
    panel.labels.append(vector("path", { d: `M${left + 12} ${top + 48}h24`, class: "hepml-bound" }),
      vector("text", { class: "hepml-label hepml-empty", x: left + 42, y: top + 52 }, "exact bound"));
  }
  spread(panel, xs, values, errors, { class: "hepml-band hepml-curve-0" });
  line(panel, xs, values, { class: "hepml-curve hepml-curve-0 hepml-chosen" });
  if (best < 0) {
    remark(panel, values.some(Number.isFinite) ? "too few events to name a best cut" : `no cut with a defined ${merit}`, bound ? 74 : 44);
    return;
  }
  panel.marks.append(diamond(panel.x(xs[best]), panel.y(values[best])));
  panel.labels.append(
    diamond(left + 16, top + 31),
    vector("text", { class: "hepml-label", x: left + 27, y: top + 35 },
      `best ${merit} ${withError(values[best], errors[best])} at ${thresholdText(m, best)}`));
}

// ---------------------------------------------------------------- the view

const TRAITS = ["threshold", "model", "sigma_b", "b_r", "merit", "roc_axis"];

class Explorer {
  constructor({ model, el }) {
    const table = model.get("table");
    this.host = model;
    this.models = table.models.map(decode);
    this.bound = table.bound && decodeBound(table.bound);
    this.names = { signal: table.names[0], background: table.names[1] };
    this.scene = stage(el, "ROC explorer");
    this.say = announcer(this.scene);
    this.read();
    this.build();
    this.frames();
    this.handles();
    this.publish = publisher(model);
    watch(this.scene, model, TRAITS, () => this.publish.busy || this.refresh());
    this.refresh();
  }

  // State of the model, as the view sees it.
  read() {
    const get = (name) => this.host.get(name);
    this.m = this.models.find(({ name }) => name === get("model")) ?? this.models[0];
    this.merit = get("merit");
    this.kind = get("roc_axis");
    this.options = { sigma: get("sigma_b"), bR: get("b_r") };
    this.row = nearest(this.m.threshold, get("threshold"));
    this.scan();
  }

  scan() {
    this.curve = scan(this.m, this.merit, this.options);
    this.best = this.m.bound && scan(this.m.bound, this.merit, this.options);
  }

  settle(traits) {
    this.publish(traits, true);
    this.refresh();
  }

  goTo(row) {
    if (row === this.row) return;
    this.row = row;
    this.follow();
    this.publish({ threshold: this.m.threshold[row] });
  }

  // Another model is compared at the same signal efficiency.
  choose(name) {
    if (name === this.m.name) return;
    const other = this.models.find((m) => m.name === name);
    const row = nearestUnsorted(other.signal.value, this.m.signal.value[this.row]);
    this.settle({ model: name, threshold: other.threshold[row] });
  }

  build() {
    const { scene } = this;
    const panels = [this.modelControls(), this.rocControls(), this.meritControls()];
    this.plots = panels.map(() => element("div", { class: "hepml-plot" }));
    const grid = element("div", { class: "hepml-roc" });
    panels.forEach((controls, i) => grid.append(element("div", { class: "hepml-roc-panel" },
      element("div", { class: "hepml-controls" }, ...controls), this.plots[i])));
    this.readout = readoutLine();
    this.data = dataTable("Yields above each threshold", () => this.rows(true));
    const bar = element("div", { class: "hepml-bar" }, this.readout.node,
      actions(scene, "roc-explorer", this.data, () => this.rows(false), () => [this.histograms, this.roc, this.merits]));
    scene.root.append(grid, bar, this.data.node);
  }

  modelControls() {
    const { names, models, scene } = this;
    const note = this.m.histogram.train_signal ? "points: training sample" : "passes: score ≥ threshold";
    if (models.length === 1) return [element("span", { class: "hepml-quiet" }, note)];
    this.select = element("select", { class: "hepml-select", "aria-label": "model" });
    for (const { name } of models) {
      this.select.append(element("option", { value: name, title: name, dir: "auto" }, shorten(name, 28)));
    }
    this.select.addEventListener("change", () => this.choose(models[this.select.selectedIndex].name), { signal: scene.signal });
    return [this.select, ...(this.m.histogram.train_signal ? [element("span", { class: "hepml-quiet" }, note)] : [])];
  }

  rocControls() {
    this.axes = choice(this.scene, "vertical axis of the ROC curve", [
      ["rejection", "1/ε_b", "background rejection, logarithmic"],
      ["linear", "ε_b", "background efficiency, linear"],
      ...(this.bound ? [["gap", "gap", "share of the exact bound's background rejection that is reached"]] : []),
    ], this.kind, (kind) => this.settle({ roc_axis: kind }));
    return [this.axes.node];
  }

  meritControls() {
    this.figures = choice(this.scene, "figure of merit", [
      ["Z", "Z", "Asimov significance with background uncertainty"],
      ["AMS", "AMS", `approximate median significance, b_r = ${this.options.bR}`],
      ["SIC", "SIC", "significance improvement"],
    ], this.merit, (merit) => this.settle({ merit }));
    this.sigma = element("input", { type: "range", min: 0, max: 50, step: 1, "aria-label": "relative background uncertainty" });
    this.sigmaText = element("output", { class: "hepml-sigma" });
    const listen = (kind, act) => this.sigma.addEventListener(kind, act, { signal: this.scene.signal });
    listen("input", () => this.slideSigma());
    listen("change", () => this.settle({ sigma_b: this.options.sigma }));
    const label = element("label", { class: "hepml-slide" }, element("span", {}, ...richHTML("σ_b")), this.sigma, this.sigmaText);
    return [this.figures.node, label];
  }

  slideSigma() {
    this.options.sigma = Number(this.sigma.value) / 100;
    this.publish({ sigma_b: this.options.sigma });
    this.scan();
    this.showSigma();
    this.follow();
    this.pending ??= requestAnimationFrame(() => {
      this.pending = null;
      this.merits.set(meritAxes(this));
    });
  }

  showSigma() {
    const { sigma } = this.options;
    if (100 * sigma > Number(this.sigma.max)) this.sigma.max = Math.ceil(100 * sigma);
    this.sigma.value = 100 * sigma;
    this.sigma.disabled = this.merit !== "Z";
    this.sigma.setAttribute("aria-valuetext", percent(sigma));
    this.sigmaText.textContent = percent(sigma);
  }

  frames() {
    const { scene } = this;
    const afterLayout = () => this.follow();
    this.histograms = frame(scene, this.plots[0], {
      label: "Histograms of the score", ...scoreAxes(this.m), afterLayout,
      draw: (panel) => drawScores(panel, this.m, this.names),
    });
    this.roc = frame(scene, this.plots[1], {
      label: "ROC curve", ...rocAxes(this), afterLayout,
      draw: (panel) => drawROC(panel, this),
    });
    this.merits = frame(scene, this.plots[2], {
      label: "Figure of merit against threshold", ...meritAxes(this), afterLayout,
      draw: (panel) => drawMerit(panel, this),
    });
  }

  handles() {
    this.veil = vector("rect", { class: "hepml-veil" });
    this.histograms.cover.append(this.veil);
    const release = () => this.settle({ threshold: this.m.threshold[this.row] });
    const move = (row) => this.goTo(row);
    this.grips = [this.histograms, this.merits].map((panel, i) => dragHandle(this.scene, panel, {
      label: "threshold", focusable: i === 0, values: () => this.m.threshold,
      read: (row) => joined(this.parts(row)), move, release,
    }));
    this.guide = vector("path", { class: "hepml-guide" });
    this.points = [this.roc, this.merits].map((panel) => {
      const point = vector("circle", { r: 4.5, class: "hepml-point" });
      panel.overlay.append(point);
      return point;
    });
    this.roc.overlay.prepend(this.guide);
    dragArea(this.scene, this.roc, { move: (x) => move(nearestUnsorted(this.m.signal.value, x)), release });
  }

  parts(row) {
    return readoutParts(this.m, row, this.merit, this.curve);
  }

  refresh() {
    this.read();
    if (this.select) this.select.selectedIndex = this.models.indexOf(this.m);
    this.axes.show(this.kind);
    this.figures.show(this.merit);
    this.showSigma();
    this.histograms.set(scoreAxes(this.m));
    this.roc.set(rocAxes(this));
    this.merits.set(meritAxes(this));
    this.follow();
    this.readout.reserve(this.m.threshold.length, (row) => this.parts(row));
    this.data.refresh();
  }

  // All that moves with the threshold: one step of a drag is this and nothing else.
  follow() {
    if (!this.grips) return;
    this.grips.forEach((grip) => grip.show(this.row));
    const parts = this.parts(this.row);
    this.readout.write(parts);
    if (this.histograms.inner) this.cover();
    if (this.roc.inner) this.pointOnROC();
    if (this.merits.inner) this.place(this.points[1], this.merits, this.clipped(), this.curve.values[this.row]);
    this.say(joined(parts));
  }

  clipped() {
    const [low, high] = this.m.range;
    return Math.min(high, Math.max(low, this.m.threshold[this.row]));
  }

  cover() {
    const { left, top, height } = this.histograms.inner;
    const width = Math.max(0, this.histograms.x(this.clipped()) - left);
    for (const [name, value] of Object.entries({ x: left, y: top, height, width })) {
      this.veil.setAttribute(name, value.toFixed(1));
    }
  }

  pointOnROC() {
    const heights = ROC[this.kind].values(this.m);
    const { left, top, height } = this.roc.inner;
    const [x, y] = this.place(this.points[0], this.roc, this.m.signal.value[this.row], heights[this.row]);
    const seen = Number.isFinite(x) && Number.isFinite(y);
    this.guide.setAttribute("d", seen ? `M${left} ${y.toFixed(1)}H${x.toFixed(1)}V${top + height}` : "");
  }

  // A point outside its frame, or undefined, is not shown.
  place(point, panel, valueX, valueY) {
    const [x, y] = [panel.x(valueX), panel.y(valueY)];
    const { top, height } = panel.inner;
    const seen = Number.isFinite(x) && y >= top - 1 && y <= top + height + 1;
    point.setAttribute("visibility", seen ? "visible" : "hidden");
    if (seen) {
      point.setAttribute("cx", x.toFixed(1));
      point.setAttribute("cy", y.toFixed(1));
    }
    return [x, seen ? y : NaN];
  }

  rows(forEyes) {
    const { m, curve, merit } = this;
    const { bound } = m;
    const columns = [
      ["threshold", m.threshold], ["ε_s", m.signal.value], ["ε_b", m.background.value],
      ["1/ε_b", m.rejection], ["± 1/ε_b", m.rejectionErr], ["S", m.s], ["± S", m.sErr], ["B", m.b], ["± B", m.bErr],
      [merit, curve.values], [`± ${merit}`, curve.errors],
      ...(bound ? [["bound 1/ε_b", bound.rejection], ["± bound 1/ε_b", bound.rejectionErr],
        ["reached", bound.fraction], ["± reached", bound.fractionErr]] : []),
    ];
    const header = columns.map(([name]) => name);
    const cells = (i) => columns.map(([, values]) => values[i]);
    const texts = (i) => cells(i).map((value, k) => (k ? significant(value, 4) : thresholdText(m, i)));
    if (forEyes) return [header, ...Array.from(m.threshold, (_, i) => texts(i))];
    return [["model", ...header], ...Array.from(m.threshold, (_, i) => [m.name, ...cells(i)])];
  }
}

const render = (context) => {
  const explorer = new Explorer(context);
  return () => explorer.scene.cleanup();
};

export default { render };
