// One tree, drawn.

import { vector } from "../core/elements.js";
import { tr } from "../core/language.js";
import { classMark, trace } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { significant } from "../core/numbers.js";
import { LEAF } from "./trees.js";

const LETTER = 6.8; // px

// Leaves side by side, parents above the middle of their children.
function layout(tree) {
  const places = [];
  let leaves = 0;
  const place = (node, depth) => {
    const leaf = tree.code[node] === LEAF;
    const ends = leaf ? [] : [place(node + 1, depth + 1), place(tree.right[node], depth + 1)];
    const x = leaf ? leaves++ : (ends[0] + ends[1]) / 2;
    const span = leaf ? 1 : places[node + 1].span + places[tree.right[node]].span;
    places[node] = { x, depth, span };
    return x;
  };
  place(0, 0);
  return { places, leaves, depth: Math.max(...places.map(({ depth }) => depth)) };
}

export function drawTree(panel, tree, features) {
  const { left, top, width, height } = panel.inner;
  const { places, leaves, depth } = layout(tree);
  const unit = (width - 24) / leaves;
  const at = (node) => [
    left + 12 + (places[node].x + 0.5) * unit,
    top + 22 + (places[node].depth * (height - 44)) / Math.max(1, depth),
  ];
  let edges = "";
  places.forEach(({ span }, node) => {
    const [x, y] = at(node);
    if (tree.code[node] === LEAF) {
      panel.labels.append(leafMark(x, y, tree.value[node]));
      return;
    }
    for (const child of [node + 1, tree.right[node]]) edges += `M${x} ${y}L${at(child).join(" ")}`;
    const name = features[tree.code[node] & LEAF];
    const words = (length) => `${shorten(name, length)} ≤ ${significant(tree.value[node])}`;
    // Guessed, not measured: measuring makes the browser lay the page out at every step.
    const fits = LETTER * (words(14).length - 2) < span * unit; // two letters are marks unseen
    const mark = fits
      ? vector("text", { x, y: y + 4, class: "label middle boost-word" }, words(14))
      : vector("circle", { cx: x, cy: y, r: 2.5, class: "boost-split" });
    mark.append(vector("title", {}, words(200)));
    panel.labels.append(mark);
  });
  trace(panel, edges, "boost-edges");
}

function leafMark(x, y, value) {
  const mark = classMark(x, y, value > 0 ? "signal" : "background");
  mark.append(vector("title", {}, tr("adds {n}", { n: significant(value) })));
  return mark;
}
