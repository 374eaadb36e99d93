// ROC curves and their names.

import { closest, extreme, nearest } from "../core/columns.js";
import { vector } from "../core/elements.js";
import { later, tr } from "../core/language.js";
import { band, DASHES, line, spread } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { fit, remark } from "../core/words.js";

export const ROC = {
  rejection: { title: later("background rejection 1/ε_b"), values: (m) => m.rejection, errors: (m) => m.rejectionErr },
  linear: { title: later("background efficiency ε_b"), values: (m) => m.background.value, errors: (m) => m.chosen },
  gap: {
    title: later("1/ε_b over that of the bound"),
    values: (m) => m.bound.fraction,
    errors: (m) => m.bound.fractionErr,
  },
};

export function rocAxes({ models, bound, kind }) {
  const { values } = ROC[kind];
  const title = tr(ROC[kind].title);
  const range = (columns) => columns.flatMap((column) => [...column]);
  const ends = (found) => [extreme(found, 0, Math.min), extreme(found, 1, Math.max)];
  const x = {
    title: tr("signal efficiency ε_s"),
    kind: "linear",
    domain: ends(range(models.map((m) => m.signal.value))),
  };
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

export function drawROC(panel, view) {
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

const BEYOND = later("no classifier gets here");

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
    vector("title", {}, tr("no classifier gets here for long: a finite sample may fluctuate above the exact bound")),
  );
  line(panel, xs, ys, { class: "bound" });
}

// One name for each curve, in the curves' own order, and one for the bound.
function namesOf({ models, m: chosen, bound, kind }) {
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
  const best = { name: tr("exact bound"), full: tr(BEYOND), auc: bound?.auc, look: "empty", bold: "" };
  if (bound) items.splice(kind === "linear" ? items.length : 0, 0, best);
  return items;
}

// In the corner no good curve enters, each with a sample of its line.
function nameCurves(panel, view) {
  const { models, bound, kind } = view;
  const { top, height } = panel.inner;
  if (models.some((m) => m.auc === "–")) {
    remark(panel, tr("a ROC curve needs both classes"), 30);
    return;
  }
  const items = namesOf(view);
  const first = kind === "gap" ? top + height - 12 - 17 * (items.length - 1) : top + 22;
  items.forEach((item, i) => nameCurve(panel, item, first + 17 * i, kind !== "linear", items.length > 1));
  if (bound) nameBeyond(panel, bound, kind, first + 17 * items.length);
}

function nameCurve(panel, { name, full, auc, look, bold, dash }, y, right, several) {
  const { left, width } = panel.inner;
  const words = document.createTextNode(`AUC ${auc}`);
  const text = vector(
    "text",
    {
      x: right ? left + width - 10 : left + (several ? 42 : 12),
      y,
      class: `label ${look} ${bold} ${right ? "end" : "start"}`,
    },
    several ? `${name}  ` : "",
    words,
    vector("title", {}, full),
  );
  panel.labels.append(text);
  if (text.getComputedTextLength() > width - 64) words.data = auc.split(/\s/)[0];
  fit(text, "", width - 50);
  if (!several) return;
  const start = right ? left + width - 40 - text.getComputedTextLength() : left + 12;
  panel.labels.append(
    vector("path", {
      d: `M${start} ${y - 4}h24`,
      class: look === "empty" ? "bound" : `curve ${look}`,
      "stroke-dasharray": dash || null,
    }),
  );
}

// Where the shaded region has room for words.
function nameBeyond(panel, bound, kind, below) {
  const { left, width } = panel.inner;
  const y = kind === "gap" ? (panel.y(1) + panel.y(1.2)) / 2 + 4 : below;
  const edge = nearest(bound.signal, panel.x.invert(left + width - 170));
  const room = kind === "gap" || (kind === "rejection" && y < panel.y(bound.rejection[edge]) - 10);
  if (room) panel.labels.append(vector("text", { x: left + width - 10, y, class: "empty end" }, tr(BEYOND)));
}
