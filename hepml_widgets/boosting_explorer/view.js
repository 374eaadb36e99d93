// A boosted ensemble, round by round.

import { alive } from "../core/alive.js";
import { painter, shadesThrough } from "../core/cells.js";
import { floats, nearest } from "../core/columns.js";
import { choice } from "../core/controls.js";
import { div, element, quiet } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragHandle } from "../core/handles.js";
import { later, tr } from "../core/language.js";
import { shorten } from "../core/names.js";
import { joined } from "../core/readout.js";
import { BARE } from "../core/rounds.js";
import { onTheme, stage, watch } from "../core/stage.js";
import { drawTree } from "./drawn.js";
import { drawMap, shadeOf } from "./map.js";
import { curveAxes, decodeSteps, drawCurves, readoutParts, WORDS } from "./steps.js";
import { CELLS, centresOf, decodeTrees, oddsAfter, rectangles } from "./trees.js";

const KINDS = [
  ["AUC", "AUC", later("area under the ROC curve")],
  ["log-loss", later("log-loss"), later("weighted mean of the log-loss: half the deviance")],
];

const swatch = (look) => element("span", { class: look, "aria-hidden": "true" });
const key = (look, text) => element("span", { class: "boost-key" }, swatch(look), text);

// What the colours and lines of the map say.
function keysOf({ exact }) {
  const ramp = element("span", {}, "p = 0 ", swatch("boost-ramp"), " 1");
  const known = exact.length ? [key("boost-key-exact", tr("exact p = ½"))] : [];
  return element("span", { class: "quiet boost-keys" }, ramp, key("boost-key-model", tr("model p = ½")), ...known);
}

function tableRows({ steps }, text) {
  const names = Object.keys(WORDS).filter((name) => steps.auc[name]);
  const numbers = (name, i) => [steps.auc, steps.aucError, steps.loss].map((group) => text(group[name][i]));
  return [
    [tr("round"), ...names.flatMap((name) => [tr(WORDS[name][1]), "±", tr(WORDS[name][2])])],
    ...steps.rounds.map((round, i) => [round, ...names.flatMap((name) => numbers(name, i))]),
  ];
}

function makeControls(view) {
  const act = (value) => {
    view.publish({ curve: value }, true);
    refresh(view);
  };
  const kinds = KINDS.map(([value, text, title]) => [value, tr(text), tr(title)]);
  view.which = quiet();
  view.kinds = choice(view.scene, tr("what is drawn against the rounds"), kinds, view.kind, act);
}

// What stands where; gives the places of the frames.
function arrange(view) {
  const { scene, payload } = view;
  const above = [keysOf(view), view.which, view.kinds.node];
  const plots = above.map(() => div("plot"));
  const grid = div("boost", ...above.map((node, i) => div("boost-panel", div("controls", node), plots[i])));
  view.foot = footer(
    scene,
    "boosting",
    tr("AUC and log-loss at each round"),
    (text) => tableRows(view, text),
    () => [view.map, view.tree, view.curves],
  );
  const note = element("p", { class: "quiet boost-note" }, payload.note);
  note.hidden = !payload.note;
  scene.root.append(grid, note, ...view.foot.nodes);
  return plots;
}

function addFrames(view) {
  const { scene, payload, trees, steps, regions, exact } = view;
  const plots = arrange(view);
  const paint = painter(CELLS, CELLS);
  const axis = (i) => ({ title: shorten(payload.titles[i]), plain: true, kind: "linear", domain: payload.ranges[i] });
  view.map = frame(scene, plots[0], {
    label: tr("Map of the score in {x} and {y}", { x: payload.titles[0], y: payload.titles[1] }),
    x: axis(0),
    y: axis(1),
    draw: (panel) => {
      const odds = oddsAfter(regions, steps.rounds[view.at], payload);
      drawMap(
        panel,
        paint(view.shades, (i) => shadeOf(odds[i])),
        odds,
        payload,
        exact,
      );
    },
  });
  view.tree = frame(scene, plots[1], {
    label: tr("Tree of this round"),
    x: BARE,
    y: BARE,
    draw: (panel) => drawTree(panel, trees[steps.rounds[view.at] - 1][0], payload.features),
  });
  view.curves = frame(scene, plots[2], {
    label: tr("AUC and log-loss against the round"),
    ...curveAxes(steps, view.kind),
    draw: (panel) => drawCurves(panel, steps, view.kind),
  });
}

function handleOf(view) {
  const { steps, publish } = view;
  const { rounds } = steps;
  return dragHandle(view.scene, view.curves, {
    label: tr("round"),
    values: () => rounds,
    read: (i) => joined(readoutParts(steps, i)),
    move: (i) => {
      view.at = i;
      show(view);
      publish({ round: rounds[i] });
    },
    release: (i) => publish({ round: rounds[i] }, true),
  });
}

function show(view) {
  const { payload, steps, at } = view;
  const [signal, background] = payload.names.map((name) => shorten(name));
  view.map.redraw();
  view.tree.redraw();
  const classes = `▲\u00a0${signal} ●\u00a0${background}`;
  view.which.textContent = `${tr("tree of round {n} · true goes left", { n: steps.rounds[at] })} · ${classes}`;
  view.foot.write(readoutParts(steps, at));
}

function refresh(view) {
  const { model, steps } = view;
  view.at = nearest(steps.rounds, model.get("round"));
  view.kind = model.get("curve");
  view.kinds.show(view.kind);
  view.handle.show(view.at);
  view.curves.set(curveAxes(steps, view.kind));
  show(view);
}

function decode(payload) {
  const [trees, centres, held] = [decodeTrees(payload), centresOf(payload), floats(payload.held)];
  const regions = trees.map((round) => round.flatMap((tree) => rectangles(tree, payload, held, centres)));
  return { payload, trees, regions, steps: decodeSteps(payload), exact: floats(payload.exact, 4) };
}

function render({ model, el }) {
  const known = decode(model.get("payload"));
  const { steps } = known;
  const scene = stage(el, tr("Boosting explorer"));
  /** @type {Record<string, any>} */
  const view = { ...known, model, scene, at: steps.rounds.length - 1, kind: "AUC" };
  const mix = () => {
    view.shades = shadesThrough(scene.root, ["--background", "--ground", "--signal"], 511);
  };
  view.publish = watch(scene, model, ["round", "curve"], () => refresh(view));
  makeControls(view);
  addFrames(view);
  mix();
  view.handle = handleOf(view);
  onTheme(scene, () => {
    mix();
    view.map.redraw();
  });
  refresh(view);
  view.foot.reserve(steps.rounds.length, (i) => readoutParts(steps, i));
  return scene.cleanup;
}

export default alive(render);
