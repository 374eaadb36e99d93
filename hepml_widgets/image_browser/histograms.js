// Histograms of the variables, and the brush on each.

import { brush } from "../core/brush.js";
import { extreme, mapped } from "../core/columns.js";
import { frame } from "../core/frame.js";
import { tr } from "../core/language.js";
import { classMark, steps } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { finite } from "../core/numbers.js";
import { nameHistograms } from "../core/scores.js";
import { cellsOf } from "./payload.js";

function selectedIn({ data, state }, { cross, total }, { first, bins }) {
  return Float64Array.from({ length: bins }, (_, bin) => {
    let content = 0;
    for (let [row, to] = cellsOf(data, state); row < to; row += 1) content += cross[row * data.cells + first + bin];
    return content / total;
  });
}

const sharesOf = ({ samples }, { first, bins }) =>
  mapped({ background: 0, signal: 0 }, (_, kind) =>
    samples[kind].sumw.slice(first, first + bins).map((sumw) => sumw / samples[kind].total),
  );

// Where the single jet of a class stands.
function markJet({ data, now }, panel, kind, v) {
  const { left, top, width, height } = panel.inner;
  const x = panel.x(data.samples[kind].jets.values[now.singles[kind].row * data.variables.length + v]);
  if (!finite(x)) return;
  panel.marks.append(classMark(Math.max(left + 5, Math.min(left + width - 5, x)), top + height - 8, kind));
}

function drawHistogram(view, panel, variable, v) {
  const { data, state, names } = view;
  const histogram = sharesOf(data, variable);
  for (const [kind, contents] of Object.entries(histogram)) {
    const sample = data.samples[kind];
    if (!sample.total) continue;
    steps(panel, variable.edges, selectedIn(view, sample, variable), { class: `area-${kind} image-chosen` }, true);
    steps(panel, variable.edges, contents, { class: `line-${kind}` });
    if (state.shown === "jets") markJet(view, panel, kind, v);
  }
  nameHistograms(panel, { histogram }, variable.edges, names);
}

// One of each variable.
export const histogramFrames = (view, plots) =>
  view.data.variables.map((variable, v) => {
    const heights = Object.values(sharesOf(view.data, variable)).flatMap((column) => [...column]);
    const { edges, bins, name } = variable;
    return frame(view.scene, plots[v], {
      label: tr("Histogram of {name}", { name }),
      afterLayout: () => cover(view, v),
      draw: (panel) => drawHistogram(view, panel, variable, v),
      x: { title: shorten(name), plain: true, kind: "linear", domain: [edges[0], edges[bins]] },
      y: {
        title: tr("share / bin"),
        kind: "linear",
        domain: [extreme(heights, 0, Math.min), 1.18 * extreme(heights, 0, Math.max) || 1],
      },
    });
  });

function cover({ brushes, histograms, state }, v) {
  brushes[v]();
  histograms[v].svg.toggleAttribute("data-brushed", v === state.v);
}

// A brush on each histogram: `choose(v, from, to)` on every step, `settle()` at its end.
export const brushesOf = (view, choose, settle) =>
  view.data.variables.map(({ name, edges, texts, bins }, v) => {
    const read = () => {
      const { state } = view;
      const own = v === state.v;
      return { edges, text: (i) => texts[i], ends: own ? [state.from, state.to] : [0, bins], own };
    };
    const labels = [tr("lowest {name}", { name }), tr("highest {name}", { name })];
    return brush(view.scene, [view.histograms[v]], labels, read, (from, to) => choose(v, from, to), settle);
  });
