// Trees, and the log-odds that they add up to in a plane.

import { floats } from "../core/columns.js";

export const CELLS = 96;
export const LEAF = 127;
const MISSING_LEFT = 128;

// Nodes in preorder: the left child follows its parent, the right one comes after the left's last.
export function decodeTrees(payload) {
  const [codes, values] = [floats(payload.code, 1), floats(payload.value, 4)];
  let from = 0;
  const trees = payload.nodes.map((count) => {
    const right = new Array(count).fill(0);
    const visit = (node) => {
      if (codes[from + node] === LEAF) return node + 1;
      right[node] = visit(node + 1);
      return visit(right[node]);
    };
    visit(0);
    const tree = { code: codes.slice(from, from + count), value: values.slice(from, from + count), right };
    from += count;
    return tree;
  });
  let first = 0;
  return payload.perRound.map((count) => {
    first += count;
    return trees.slice(first - count, first);
  });
}

// Cell centres along both axes, as the library compares them.
export function centresOf({ ranges, single }) {
  return ranges.map(([low, high]) =>
    Float64Array.from({ length: CELLS }, (_, i) => {
      const centre = low + (i + 0.5) * ((high - low) / CELLS);
      return single ? Math.fround(centre) : centre;
    }),
  );
}

// The rectangles of cells that a tree's leaves cover: [x from, x to, y from, y to, value].
export function rectangles(tree, payload, held, centres) {
  const found = [];
  const visit = (node, box) => {
    const code = tree.code[node];
    if (code === LEAF) {
      found.push([...box, tree.value[node]]);
      return;
    }
    const feature = code & LEAF;
    const axis = payload.axes.indexOf(feature);
    const threshold = tree.value[node];
    if (axis < 0) {
      const x = payload.single ? Math.fround(held[feature]) : held[feature];
      visit(x <= threshold || (Number.isNaN(x) && code & MISSING_LEFT) ? node + 1 : tree.right[node], box);
      return;
    }
    const [from, to] = [box[2 * axis], box[2 * axis + 1]];
    let cut = from;
    while (cut < to && centres[axis][cut] <= threshold) cut += 1;
    const part = (low, high) => box.with(2 * axis, low).with(2 * axis + 1, high);
    if (cut > from) visit(node + 1, part(from, cut));
    if (cut < to) visit(tree.right[node], part(cut, to));
  };
  visit(0, [0, CELLS, 0, CELLS]);
  return found;
}

// Log-odds at all cells after so many rounds. A rectangle is four corners of a payload of differences,
// so that a round costs the number of its leaves and one sweep over the cells.
export function oddsAfter(regions, done, { base, scale }) {
  const side = CELLS + 1;
  const sums = new Float64Array(side * side);
  for (let round = 0; round < done; round += 1) {
    for (const [x0, x1, y0, y1, value] of regions[round]) {
      sums[y0 * side + x0] += value;
      sums[y0 * side + x1] -= value;
      sums[y1 * side + x0] -= value;
      sums[y1 * side + x1] += value;
    }
  }
  for (let y = 0; y < side; y += 1) for (let x = 1; x < side; x += 1) sums[y * side + x] += sums[y * side + x - 1];
  for (let y = 1; y < side; y += 1) for (let x = 0; x < side; x += 1) sums[y * side + x] += sums[(y - 1) * side + x];
  return Float64Array.from(
    { length: CELLS * CELLS },
    (_, i) => scale * (base + sums[Math.floor(i / CELLS) * side + (i % CELLS)]),
  );
}
