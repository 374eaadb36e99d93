// Histograms of scores by class.

import { extreme } from "./columns.js";
import { vector } from "./elements.js";
import { tr } from "./language.js";
import { dots, steps } from "./marks.js";
import { finite, max, min, withError } from "./numbers.js";
import { makeScale } from "./scales.js";
import { niceDomain } from "./ticks.js";
import { endLabels } from "./words.js";

/** @import { Axes, Panel, Scores } from "./types.js" */

/** @type {(m: Scores) => Axes} */
export function scoreAxes(m) {
  const contents = Object.entries(m.histogram)
    .filter(([name]) => !name.endsWith("_error"))
    .flatMap(([, column]) => [...column]);
  const high = extreme(contents, 0, max);
  const least = extreme(
    contents.filter((v) => v > 0),
    Infinity,
    min,
  );
  const low = min(extreme(contents, 0, min), 0);
  const x = { title: m.score, plain: true, kind: m.scale, domain: m.range };
  const title = tr("events / bin");
  if (high <= 0) return { x, y: { title, kind: "linear", domain: niceDomain([low, 1]) } };
  const floor = max(least, high * 1e-6);
  return {
    x,
    y: {
      title,
      kind: "log",
      domain: [
        10 ** Math.floor(Math.log10(floor) - 0.05),
        10 ** (Math.log10(high) + 0.16 * (Math.log10(high / floor) + 1)),
      ],
    },
  };
}

/** @type {(m: Pick<Scores, "scale" | "range" | "bins">) => Float64Array} */
function edgesOf({ scale, range, bins }) {
  const { invert } = makeScale(scale, range, [0, bins]);
  return Float64Array.from({ length: bins + 1 }, (_, i) => invert(i));
}

/** @type {(panel: Panel, m: Scores, names: Record<string, string>) => void} */
export function drawScores(panel, m, names) {
  const edges = edgesOf(m);
  const centres = edges.slice(1).map((edge, i) => panel.x.invert((panel.x(edge) + panel.x(edges[i])) / 2));
  for (const kind of ["background", "signal"]) {
    const contents = m.histogram[kind];
    steps(panel, edges, contents, { class: `area-${kind}` }, true);
    steps(panel, edges, contents, { class: `line-${kind}` });
    negatives(panel, edges, contents, kind);
    const train = m.histogram[`train_${kind}`];
    if (train) dots(panel, centres, train, m.histogram[`train_${kind}_error`], { class: `dots-${kind}` });
  }
  nameHistograms(panel, m, edges, names);
}

// Bins a logarithm cannot show are marked on the floor, not dropped.
/** @type {(panel: Panel, edges: Float64Array, contents: Float64Array, kind: string) => void} */
function negatives(panel, edges, contents, kind) {
  if (panel.y.kind !== "log") return;
  const floor = panel.inner.top + panel.inner.height;
  contents.forEach((content, i) => {
    if (content >= 0) return;
    const x = (panel.x(edges[i]) + panel.x(edges[i + 1])) / 2;
    panel.marks.append(
      vector(
        "path",
        { d: `M${x - 3} ${floor - 8}h6l-3 6Z`, class: `below-${kind}` },
        vector("title", {}, tr("negative: {n}", { n: withError(content, 0) })),
      ),
    );
  });
}

// Share of the frame at which each is named, if it is high there.
const BESIDE = { background: 0.2, signal: 0.62 };

// Above its own outline, where it is high.
/** @type {(panel: Panel, m: Pick<Scores, "histogram">, edges: Float64Array, names: Record<string, string>) => void} */
export function nameHistograms(panel, m, edges, names) {
  const { left, top, width, height } = panel.inner;
  const middle = (i) => (panel.x(edges[i]) + panel.x(edges[i + 1])) / 2;
  for (const [kind, wanted] of Object.entries(BESIDE)) {
    const train = m.histogram[`train_${kind}`];
    const tops = Array.from(m.histogram[kind], (content, i) => panel.y(max(content, train?.[i] ?? content)));
    const heights = tops.map((y) => (finite(y) ? top + height - y : 0));
    const most = max(...heights);
    const high = [...heights.keys()].filter((i) => heights[i] > most / 3);
    if (!high.length) continue;
    const aside = (i) => Math.abs((middle(i) - left) / width - wanted);
    const x = middle(high.reduce((best, i) => (aside(i) < aside(best) ? i : best)));
    const near = heights.filter((_, i) => Math.abs(middle(i) - x) < 36);
    endLabels(panel, [
      { text: names[kind], x, y: top + height - max(...near) - 7, anchor: "middle", class: `name-${kind}` },
    ]);
  }
}
