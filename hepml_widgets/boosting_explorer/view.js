import { view } from "../core/alive.js";
import { fillWith, painter, shadesThrough } from "../core/cells.js";
import { floats, mapped, nearest } from "../core/columns.js";
import { choice } from "../core/controls.js";
import { div, element, quiet, vector } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragHandle } from "../core/handles.js";
import { classMark, line, trace } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { finite, significant, withError } from "../core/numbers.js";
import { joined } from "../core/readout.js";
import { BARE, drawRounds, roundAxes } from "../core/rounds.js";
import { onTheme, stage, watch } from "../core/stage.js";

const CELLS = 96;
const LEAF = 127;
const MISSING_LEFT = 128;
const LETTER = 6.8; // px

// ---------------------------------------------------------------- trees

// Nodes in preorder: the left child follows its parent, the right one comes after the left's last.
export function decodeTrees(table) {
  const [codes, values] = [floats(table.code, 1), floats(table.value, 4)];
  let from = 0;
  const trees = table.nodes.map((count) => {
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
  return table.perRound.map((count) => trees.slice(first, (first += count)));
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
export function rectangles(tree, table, held, centres) {
  const found = [];
  const visit = (node, box) => {
    const code = tree.code[node];
    if (code === LEAF) {
      found.push([...box, tree.value[node]]);
      return;
    }
    const feature = code & LEAF;
    const axis = table.axes.indexOf(feature);
    const threshold = tree.value[node];
    if (axis < 0) {
      const x = table.single ? Math.fround(held[feature]) : held[feature];
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

// Log-odds at all cells after so many rounds. A rectangle is four corners of a table of differences,
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

// ---------------------------------------------------------------- steps

const WORDS = { train: "training", test: "test" };

export function decodeSteps(table) {
  const columns = (group) => mapped(group, (column) => floats(column));
  return {
    rounds: table.rounds,
    auc: columns(table.auc),
    aucError: columns(table.aucError),
    loss: columns(table.loss),
    bound: table.bound,
  };
}

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts({ rounds, auc, aucError, loss, bound }, i) {
  const each = (title, group, text) =>
    Object.keys(WORDS)
      .filter((name) => group[name])
      .map((name, k) => [`${k ? "" : title}${WORDS[name]}`, text(name)]);
  return [
    ["round", String(rounds[i])],
    ...each("AUC ", auc, (name) => withError(auc[name][i], aucError[name][i])),
    ...(bound ? [["exact", withError(...bound)]] : []),
    ...each("log-loss ", loss, (name) => significant(loss[name][i], 4)),
  ];
}

// ---------------------------------------------------------------- the map

// Four fifths of the way from ground to the colour of a class, in steps of the score.
const shadeOf = (odds) => 255 + Math.round(0.8 * (510 / (1 + Math.exp(-odds)) - 255));

// Edges between cells on different sides of even odds.
function boundary(panel, odds, ranges) {
  const [[x0, x1], [y0, y1]] = ranges;
  const places = (scale, low, high) =>
    Array.from({ length: CELLS + 1 }, (_, i) => scale(low + (i * (high - low)) / CELLS).toFixed(1));
  const [px, py] = [places(panel.x, x0, x1), places(panel.y, y0, y1)];
  const signal = (i, j) => odds[j * CELLS + i] >= 0;
  let path = "";
  for (let j = 0; j < CELLS; j += 1) {
    for (let i = 0; i < CELLS; i += 1) {
      if (i && signal(i, j) !== signal(i - 1, j)) path += `M${px[i]} ${py[j]}V${py[j + 1]}`;
      if (j && signal(i, j) !== signal(i, j - 1)) path += `M${px[i]} ${py[j]}H${px[i + 1]}`;
    }
  }
  return path;
}

function drawMap(panel, picture, odds, table, exact) {
  fillWith(panel, picture);
  trace(panel, boundary(panel, odds, table.ranges), "boost-model");
  if (exact.length) {
    const [xs, ys] = [0, 1].map((axis) => exact.filter((_, i) => i % 2 === axis));
    line(panel, xs, ys, { class: "boost-halo" });
    line(panel, xs, ys, { class: "boost-exact", "stroke-dasharray": "7 3" });
  }
}

// ---------------------------------------------------------------- the tree

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

function drawTree(panel, tree, features) {
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
  mark.append(vector("title", {}, `adds ${significant(value)}`));
  return mark;
}

// ---------------------------------------------------------------- the curves

const groupOf = (steps, kind) => (kind === "AUC" ? steps.auc : steps.loss);

const curveAxes = (steps, kind) =>
  roundAxes("round", steps.rounds, kind, [
    ...Object.values(groupOf(steps, kind)).flatMap((column) => [...column]),
    ...(kind === "AUC" && steps.bound ? [steps.bound[0]] : []),
  ]);

function drawCurves(panel, steps, kind) {
  const { left, width } = panel.inner;
  const curves = mapped(groupOf(steps, kind), (values, name) => ({
    text: WORDS[name],
    values,
    errors: kind === "AUC" ? steps.aucError[name] : null,
  }));
  const y = kind === "AUC" && steps.bound ? panel.y(steps.bound[0]) : NaN;
  if (finite(y)) {
    panel.marks.append(
      vector("path", { d: `M${left} ${y}h${width}`, class: "boost-exact", "stroke-dasharray": "7 3" }),
    );
  }
  drawRounds(
    panel,
    steps.rounds,
    curves,
    finite(y) ? [{ text: "exact", class: "boost-exact-name", x: left + 8, y: y - 6, anchor: "start" }] : [],
  );
}

// ---------------------------------------------------------------- the view

function render({ model, el }) {
  const table = model.get("table");
  const [trees, steps, centres] = [decodeTrees(table), decodeSteps(table), centresOf(table)];
  const held = floats(table.held);
  const regions = trees.map((round) => round.flatMap((tree) => rectangles(tree, table, held, centres)));
  const exact = floats(table.exact, 4);
  const { rounds } = steps;
  const scene = stage(el, "Boosting explorer");
  let at = rounds.length - 1;
  let kind = "AUC";

  const publish = watch(scene, model, ["round", "curve"], () => refresh());
  const key = (look, text) =>
    element("span", { class: "boost-key" }, element("span", { class: look, "aria-hidden": "true" }), text);
  const ramp = element("span", {}, "p = 0 ", element("span", { class: "boost-ramp", "aria-hidden": "true" }), " 1");
  const keys = element(
    "span",
    { class: "quiet boost-keys" },
    ramp,
    key("boost-key-model", "model p = ½"),
    ...(exact.length ? [key("boost-key-exact", "exact p = ½")] : []),
  );
  const which = quiet();
  const kinds = choice(
    scene,
    "what is drawn against the rounds",
    [
      ["AUC", "AUC", "area under the ROC curve"],
      ["log-loss", "log-loss", "weighted mean of the log-loss: half the deviance"],
    ],
    kind,
    (value) => {
      publish({ curve: value }, true);
      refresh();
    },
  );
  const plots = [keys, which, kinds.node].map(() => div("plot"));
  const grid = div(
    "boost",
    ...[keys, which, kinds.node].map((node, i) => div("boost-panel", div("controls", node), plots[i])),
  );
  const names = Object.keys(WORDS).filter((name) => steps.auc[name]);
  const rows = (text) => [
    ["round", ...names.flatMap((name) => [`AUC ${WORDS[name]}`, "±", `log-loss ${WORDS[name]}`])],
    ...rounds.map((round, i) => [
      round,
      ...names.flatMap((name) => [steps.auc, steps.aucError, steps.loss].map((group) => text(group[name][i]))),
    ]),
  ];
  const foot = footer(scene, "boosting", "AUC and log-loss at each round", rows, () => [map, treePanel, curves]);
  const note = element("p", { class: "quiet boost-note" }, table.note);
  note.hidden = !table.note;
  scene.root.append(grid, note, ...foot.nodes);

  const paint = painter(CELLS, CELLS);
  const mix = () => shadesThrough(scene.root, ["--background", "--ground", "--signal"], 511);
  let shades = mix();
  const axis = (i) => ({ title: shorten(table.titles[i]), plain: true, kind: "linear", domain: table.ranges[i] });
  const map = frame(scene, plots[0], {
    label: `Map of the score in ${table.titles.join(" and ")}`,
    x: axis(0),
    y: axis(1),
    draw: (panel) => {
      const odds = oddsAfter(regions, rounds[at], table);
      drawMap(
        panel,
        paint(shades, (i) => shadeOf(odds[i])),
        odds,
        table,
        exact,
      );
    },
  });
  const treePanel = frame(scene, plots[1], {
    label: "Tree of this round",
    x: BARE,
    y: BARE,
    draw: (panel) => drawTree(panel, trees[rounds[at] - 1][0], table.features),
  });
  const curves = frame(scene, plots[2], {
    label: "AUC and log-loss against the round",
    ...curveAxes(steps, kind),
    draw: (panel) => drawCurves(panel, steps, kind),
  });
  const parts = (i) => readoutParts(steps, i);
  const show = () => {
    map.redraw();
    treePanel.redraw();
    which.textContent = `tree of round ${rounds[at]} · true goes left · ▲\u00a0${shorten(table.names[0])} ●\u00a0${shorten(table.names[1])}`;
    foot.write(parts(at));
  };
  const handle = dragHandle(scene, curves, {
    label: "round",
    values: () => rounds,
    read: (i) => joined(parts(i)),
    move: (i) => {
      at = i;
      show();
      publish({ round: rounds[i] });
    },
    release: (i) => publish({ round: rounds[i] }, true),
  });
  const refresh = () => {
    at = nearest(rounds, model.get("round"));
    kind = model.get("curve");
    kinds.show(kind);
    handle.show(at);
    curves.set(curveAxes(steps, kind));
    show();
  };
  onTheme(scene, () => {
    shades = mix();
    map.redraw();
  });
  refresh();
  foot.reserve(rounds.length, parts);
  return scene.cleanup;
}

export default view(render);
