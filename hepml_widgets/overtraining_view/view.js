import { view } from "../core/alive.js";
import { floats, mapped, nearest } from "../core/columns.js";
import { menu } from "../core/controls.js";
import { div, element, quiet } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragHandle } from "../core/handles.js";
import { diamond } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { finite, significant, withError } from "../core/numbers.js";
import { joined } from "../core/readout.js";
import { BARE, drawRounds, roundAxes } from "../core/rounds.js";
import { drawScores, scoreAxes } from "../core/scores.js";
import { stage, watch } from "../core/stage.js";
import { endLabels, remark } from "../core/words.js";

// ---------------------------------------------------------------- from table to stages

const pText = (value, floor) => {
  if (!finite(value)) return significant(value);
  return value <= floor ? `≤ ${significant(floor, 1)}` : significant(value, 2);
};

export function decode(table) {
  const [train, trainError, test, testError, pSignal, pBackground] = [
    "train",
    "trainError",
    "test",
    "testError",
    "p_signal",
    "p_background",
  ].map((name) => floats(table[name]));
  const columns = mapped(table.histogram, (column) => floats(column, 4).map((part) => part * table.unitContent));
  const floor = table.floor ?? NaN;
  return table.rounds.map((round, i) => ({
    round,
    answer: table.answers[i],
    scale: table.scale,
    range: table.range,
    bins: table.bins,
    train: train[i],
    trainError: trainError[i],
    test: test[i],
    testError: testError[i],
    gap: train[i] - test[i],
    gapError: Math.hypot(trainError[i], testError[i]),
    pSignal: pSignal[i],
    pBackground: pBackground[i],
    floor,
    histogram: mapped(columns, (column) => column.slice(i * table.bins, (i + 1) * table.bins)),
  }));
}

const decodeCurve = (packed) => ({
  ...packed,
  ...Object.fromEntries(
    ["rounds", "train", "new", "trainError", "newError"]
      .filter((name) => packed[name])
      .map((name) => [name, floats(packed[name])]),
  ),
});

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts(s, unit) {
  return [
    ...(s.round === null ? [] : [[unit, String(s.round)]]),
    ["AUC training", withError(s.train, s.trainError)],
    ["test", withError(s.test, s.testError)],
    ["gap", withError(s.gap, s.gapError)],
    ["p_s", pText(s.pSignal, s.floor)],
    ["p_b", pText(s.pBackground, s.floor)],
  ];
}

// ---------------------------------------------------------------- panels

const curveAxes = (curve, unit, rounds) =>
  curve
    ? roundAxes(unit, [...curve.rounds, ...rounds], shorten(curve.name), [...curve.train, ...curve.new])
    : { x: BARE, y: BARE };

function drawCurve(panel, curve, empty) {
  if (!curve) {
    remark(panel, empty);
    return;
  }
  drawRounds(panel, curve.rounds, {
    train: { text: "training", values: curve.train, errors: curve.trainError },
    new: { text: curve.newName, values: curve.new, errors: curve.newError },
  });
  if (curve.best >= 0) drawBest(panel, curve);
}

function drawBest(panel, { rounds, new: values, best }) {
  const [x, y] = [panel.x(rounds[best]), panel.y(values[best])];
  panel.marks.append(diamond(x, y));
  const { top, height } = panel.inner;
  const below = y + 24 < top + height;
  endLabels(panel, [
    { text: `best ${significant(values[best], 4)} at ${rounds[best]}`, x, y: y + (below ? 20 : -12), anchor: "middle" },
  ]);
}

// ---------------------------------------------------------------- the view

function render({ model, el }) {
  const table = model.get("table");
  const stages = decode(table);
  const curves = table.curves.map(decodeCurve);
  const rounds = stages.length > 1 ? stages.map(({ round }) => round) : [];
  const names = { signal: table.names[0], background: table.names[1] };
  const scene = stage(el, "Over-training view");
  const publish = watch(scene, model, ["round", "curve"], () => refresh());
  let at = 0;
  let curve = null;

  const plots = table.questions.map(() => div("plot"));
  const answers = table.questions.map(() => element("p", { class: "answer" }));
  const select = menu(
    scene,
    "learning curve",
    curves.map(({ name }) => name),
    (i) => {
      publish({ curve: curves[i].name }, true);
      refresh();
    },
  );
  select.hidden = curves.length < 2;
  const notes = [select, quiet("filled: test · points: training, with errors")];
  const grid = div(
    "over",
    ...table.questions.map((question, i) =>
      element(
        "section",
        { class: "over-panel", "aria-label": question },
        div("over-words", element("p", { class: "question" }, question), answers[i]),
        div("controls", notes[i]),
        plots[i],
      ),
    ),
  );
  const rows = (text) => [
    [table.unit, "AUC training", "± training", "AUC test", "± test", "gap", "± gap", "p_s", "p_b"],
    ...stages.map((s) => [
      s.round ?? "",
      ...[s.train, s.trainError, s.test, s.testError, s.gap, s.gapError, s.pSignal, s.pBackground].map(text),
    ]),
  ];
  const foot = footer(scene, "overtraining", "Training and test at each step", rows, () => [learning, scores]);
  scene.root.append(grid, ...foot.nodes);

  const everything = Object.fromEntries(
    stages.flatMap(({ histogram }, i) => Object.entries(histogram).map(([name, column]) => [i + name, column])),
  );
  const learning = frame(scene, plots[0], {
    label: "Learning curve",
    ...curveAxes(null, table.unit, rounds),
    draw: (panel) => drawCurve(panel, curve, table.empty),
  });
  const scores = frame(scene, plots[1], {
    label: "Scores of training and test events",
    ...scoreAxes({ ...stages[0], score: table.score, histogram: everything }),
    draw: (panel) => drawScores(panel, stages[at], names),
    afterLayout: () => requestAnimationFrame(reserve),
  });

  // Room for the longest answer, so that nothing moves while a round is dragged.
  const longest = stages.reduce((most, { answer }) => (answer.length > most.length ? answer : most), "");
  let reserved = 0;
  const reserve = () => {
    const width = grid.clientWidth;
    if (!width || width === reserved) return;
    reserved = width;
    const [node] = answers.slice(1);
    node.style.minHeight = "";
    node.textContent = longest;
    node.style.minHeight = `${Math.ceil(node.getBoundingClientRect().height)}px`;
    node.textContent = stages[at].answer;
  };
  const parts = (i) => readoutParts(stages[i], table.unit);
  const show = () => {
    foot.write(parts(at), `. ${stages[at].answer}`);
    answers[1].textContent = stages[at].answer;
    scores.redraw();
  };
  const handle = rounds.length
    ? dragHandle(scene, learning, {
        label: table.unit,
        values: () => rounds,
        read: (i) => joined(parts(i)),
        move: (i) => {
          at = i;
          show();
          publish({ round: rounds[i] });
        },
        release: (i) => publish({ round: rounds[i] }, true),
      })
    : null;

  const refresh = () => {
    const chosen = curves.findIndex(({ name }) => name === model.get("curve"));
    curve = curves[chosen] ?? null;
    select.selectedIndex = chosen;
    answers[0].textContent = curve ? curve.answer : table.unknown;
    at = rounds.length ? nearest(rounds, model.get("round")) : 0;
    handle?.show(at);
    learning.set(curveAxes(curve, table.unit, rounds));
    show();
  };
  reserve();
  refresh();
  foot.reserve(stages.length, parts);
  return scene.cleanup;
}

export default view(render);
