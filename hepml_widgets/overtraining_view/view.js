// Two questions on over-training, each with its answer.

import { alive } from "../core/alive.js";
import { nearest } from "../core/columns.js";
import { menu } from "../core/controls.js";
import { div, element, quiet } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragHandle } from "../core/handles.js";
import { tr } from "../core/language.js";
import { joined } from "../core/readout.js";
import { drawScores, scoreAxes } from "../core/scores.js";
import { stage, watch } from "../core/stage.js";
import { curveAxes, drawCurve } from "./figure.js";
import { decode, decodeCurve, readoutParts } from "./payload.js";

const partsOf =
  ({ stages, payload }) =>
  (i) =>
    readoutParts(stages[i], payload.unit);

function tableRows({ stages, payload }, text) {
  const numbers = (s) => [s.train, s.trainError, s.test, s.testError, s.gap, s.gapError, s.pSignal, s.pBackground];
  return [
    [
      payload.unit,
      tr("AUC training"),
      tr("± training"),
      tr("AUC test"),
      tr("± test"),
      tr("gap"),
      tr("± gap"),
      "p_s",
      "p_b",
    ],
    ...stages.map((s) => [s.round ?? "", ...numbers(s).map(text)]),
  ];
}

function makeControls(view) {
  const { scene, curves, payload, publish } = view;
  view.answers = payload.questions.map(() => element("p", { class: "answer" }));
  view.select = menu(
    scene,
    tr("learning curve"),
    curves.map(({ name }) => name),
    (i) => {
      publish({ curve: curves[i].name }, true);
      refresh(view);
    },
  );
  view.select.hidden = curves.length < 2;
}

// What stands where; gives the places of the frames.
function arrange(view) {
  const { scene, payload, answers, select } = view;
  const plots = payload.questions.map(() => div("plot"));
  const notes = [select, quiet(tr("filled: test · points: training, with errors"))];
  const panel = (question, i) =>
    element(
      "section",
      { class: "over-panel", "aria-label": question },
      div("over-words", element("p", { class: "question" }, question), answers[i]),
      div("controls", notes[i]),
      plots[i],
    );
  view.grid = div("over", ...payload.questions.map(panel));
  view.foot = footer(
    scene,
    "overtraining",
    tr("Training and test at each step"),
    (text) => tableRows(view, text),
    () => [view.learning, view.scores],
  );
  scene.root.append(view.grid, ...view.foot.nodes);
  return plots;
}

function addFrames(view) {
  const { scene, stages, payload, rounds } = view;
  const names = { signal: payload.names[0], background: payload.names[1] };
  const plots = arrange(view);
  const everything = Object.fromEntries(
    stages.flatMap(({ histogram }, i) => Object.entries(histogram).map(([name, column]) => [i + name, column])),
  );
  view.learning = frame(scene, plots[0], {
    label: tr("Learning curve"),
    ...curveAxes(null, payload.unit, rounds),
    draw: (panel) => drawCurve(panel, view.curve, payload.empty),
  });
  view.scores = frame(scene, plots[1], {
    label: tr("Scores of training and test events"),
    ...scoreAxes({ ...stages[0], score: payload.score, histogram: everything }),
    draw: (panel) => drawScores(panel, stages[view.at], names),
    afterLayout: () => requestAnimationFrame(() => reserve(view)),
  });
}

// Room for the longest answer, so that nothing moves while a round is dragged.
function reserve(view) {
  const {
    stages,
    grid,
    answers: [, node],
    at,
  } = view;
  const width = grid.clientWidth;
  if (!width || width === view.reserved) return;
  view.reserved = width;
  node.style.minHeight = "";
  node.textContent = stages.reduce((most, { answer }) => (answer.length > most.length ? answer : most), "");
  node.style.minHeight = `${Math.ceil(node.getBoundingClientRect().height)}px`;
  node.textContent = stages[at].answer;
}

function handleOf(view) {
  const { scene, payload, rounds, publish, learning } = view;
  return dragHandle(scene, learning, {
    label: payload.unit,
    values: () => rounds,
    read: (i) => joined(partsOf(view)(i)),
    move: (i) => {
      view.at = i;
      show(view);
      publish({ round: rounds[i] });
    },
    release: (i) => publish({ round: rounds[i] }, true),
  });
}

function show(view) {
  const { stages, at, foot, answers, scores } = view;
  foot.write(partsOf(view)(at), `. ${stages[at].answer}`);
  answers[1].textContent = stages[at].answer;
  scores.redraw();
}

function refresh(view) {
  const { model, curves, rounds, payload, select, answers } = view;
  const chosen = curves.findIndex(({ name }) => name === model.get("curve"));
  view.curve = curves[chosen] ?? null;
  view.at = rounds.length ? nearest(rounds, model.get("round")) : 0;
  select.selectedIndex = chosen;
  answers[0].textContent = view.curve ? view.curve.answer : payload.unknown;
  view.handle?.show(view.at);
  view.learning.set(curveAxes(view.curve, payload.unit, rounds));
  show(view);
}

function render({ model, el }) {
  const payload = model.get("payload");
  const stages = decode(payload);
  const scene = stage(el, tr("Over-training view"));
  const view = {
    model,
    payload,
    stages,
    scene,
    curves: payload.curves.map(decodeCurve),
    rounds: stages.length > 1 ? stages.map(({ round }) => round) : [],
    at: 0,
    curve: null,
    reserved: 0,
  };
  view.publish = watch(scene, model, ["round", "curve"], () => refresh(view));
  makeControls(view);
  addFrames(view);
  view.handle = view.rounds.length ? handleOf(view) : null;
  reserve(view);
  refresh(view);
  view.foot.reserve(stages.length, partsOf(view));
  return scene.cleanup;
}

export default alive(render);
