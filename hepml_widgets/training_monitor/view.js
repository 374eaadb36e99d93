// A training, while it runs and afterwards.

import { alive } from "../core/alive.js";
import { announcer, choice } from "../core/controls.js";
import { actions } from "../core/downloads.js";
import { div, element, listen } from "../core/elements.js";
import { dataTable } from "../core/footer.js";
import { dragHandle } from "../core/handles.js";
import { later, tr } from "../core/language.js";
import { shorten } from "../core/names.js";
import { fixed } from "../core/numbers.js";
import { stage, watch } from "../core/stage.js";
import { cancelReplay, makeButtons, replay, showButtons } from "./buttons.js";
import { countOf, curvesOf, framesOf, isIdle, namesOf, setAxes, UNIT, unitOf } from "./panels.js";
import { BUSY, bestOf, runOf } from "./payload.js";
import { originOf, progressParts, SPEAKS, valueText } from "./words.js";

// ---------------------------------------------------------------- readout

const AT = { epoch: later("epoch {n}"), round: later("round {n}") };

function readParts(view, i) {
  const { run, live } = view;
  const best = bestOf(run, live, countOf(view));
  const shown = namesOf(view)
    .flatMap((name) => curvesOf(view, name))
    .filter((name) => name in run.curves);
  return [
    tr(AT[unitOf(view)], { n: run.epoch[i] }),
    ...shown.map((name) => `${shorten(name)} ${valueText(run.curves[name][i])}`),
    ...(best
      ? [tr("best {name} {value} at {at}", { name: shorten(live.best[1]), value: valueText(best[1]), at: best[0] })]
      : []),
  ];
}

const readAt = (view, i) => (view.run.epoch.length ? readParts(view, i).join(" · ") : "");

function showReadout(view) {
  const i = isIdle(view) ? view.at : view.run.epoch.length - 1;
  view.readout.replaceChildren(...(i < 0 ? [] : readParts(view, i)).map((part) => element("span", {}, part)));
}

export function moveTo(view, i) {
  if (!isIdle(view)) return;
  view.at = i;
  view.handles.forEach((one) => one.show(i));
  view.panels.forEach((panel, which) => view.hosts[which].hidden || panel.redraw());
  showReadout(view);
}

const handlesOf = (view) =>
  view.panels.map((panel, which) =>
    dragHandle(view.scene, panel, {
      label: tr("epoch"),
      focusable: which === 0,
      values: () => view.run.epoch,
      read: (i) => readAt(view, i),
      move: (i) => {
        cancelReplay(view);
        moveTo(view, i);
      },
      release: (i) => isIdle(view) && view.say(readAt(view, i)),
    }),
  );

// ---------------------------------------------------------------- choices and downloads

function tableRows({ run, payload }) {
  const all = Object.keys(run.curves);
  const numbers = (i) => all.map((name) => run.curves[name][i] ?? "");
  return [[tr(UNIT[unitOf({ payload })]), ...all], ...run.epoch.map((epoch, i) => [epoch, ...numbers(i)])];
}

function readable(view) {
  const [header, ...body] = tableRows(view);
  return [
    header,
    ...body.map(([epoch, ...cells]) => [epoch, ...cells.map((cell) => (cell === "" ? cell : valueText(cell)))]),
  ];
}

const SCALES = [
  [false, later("linear"), later("Linear scale")],
  [true, later("log"), later("Logarithmic scale")],
];

function addChoices(view, foot) {
  const { scene } = view;
  const kinds = SCALES.map(([value, ...words]) => [value, ...words.map((word) => tr(String(word)))]);
  const scales = choice(scene, tr("scale of the loss"), kinds, false, (chosen) => {
    view.logarithmic = chosen;
    setAxes(view);
  });
  view.select = element("select", { class: "select", "aria-label": tr("curve of the lower panel") });
  view.data = dataTable(tr("Training curves"), () => readable(view));
  listen(scene, view.select, "change", () => {
    view.metric = view.select.value;
    setAxes(view);
    showReadout(view);
    view.data.refresh();
  });
  const shown = () => view.panels.filter((_, which) => !view.hosts[which].hidden).map((panel) => [panel]);
  foot.append(
    div("train-controls", view.select, scales.node),
    actions(scene, "training", view.data, () => tableRows(view), shown),
  );
  scene.root.append(view.data.node);
}

function showChoices(view) {
  const { payload, run, select, hosts } = view;
  const lower = (payload.lower ?? []).filter((name) => curvesOf(view, name).some((curve) => curve in run.curves));
  if (!lower.includes(view.metric)) view.metric = lower[0] ?? null;
  const { metric } = view;
  if (lower.join("\n") !== [...select.options].map((option) => option.value).join("\n")) {
    select.replaceChildren(...lower.map((name) => element("option", { value: name }, shorten(name))));
  }
  if (metric !== null) select.value = metric;
  select.hidden = lower.length < 2;
  hosts[1].hidden = metric === null;
  hosts[0].classList.toggle("hepml-train-alone", metric === null);
  view.scene.root.classList.toggle("hepml-train-none", !run.epoch.length);
}

// ---------------------------------------------------------------- all together

function showWords(view) {
  const { live, payload, run, words, origin, gauge } = view;
  const parts = progressParts(live, payload, run.epoch[run.epoch.length - 1] ?? 0);
  words.replaceChildren(...parts.map((part) => element("span", {}, part)));
  origin.textContent = originOf(live, payload);
  origin.hidden = origin.textContent === "";
  const part = live.total ? Math.min(live.done / live.total, 1) : 0;
  gauge.firstChild.style.width = `${fixed(100 * part, 1, "")}%`;
  gauge.classList.toggle("hepml-train-off", !BUSY.includes(live.status));
  if (live.status !== view.status && view.status !== null && SPEAKS[live.status]) view.say(words.textContent);
  view.status = live.status;
}

function update(view) {
  const wasIdle = isIdle(view);
  const before = view.run.epoch.length;
  view.payload = view.model.get("payload") ?? {};
  view.live = view.model.get("live") ?? {};
  view.run = runOf(view.payload, view.live);
  if (!wasIdle || before !== view.run.epoch.length) view.at = view.run.epoch.length - 1;
  for (const panel of view.panels) panel.overlay.setAttribute("display", isIdle(view) ? "inline" : "none");
  showChoices(view);
  setAxes(view);
  view.handles.forEach((one) => one.show(Math.max(view.at, 0)));
  showWords(view);
  showReadout(view);
  showButtons(view);
  view.data.refresh();
}

// What stands where; gives the line below the panels.
function arrange(view) {
  const { scene } = view;
  const [bar, foot] = [div("train-bar"), div("train-foot")];
  Object.assign(view, {
    words: element("p", { class: "train-progress" }),
    origin: element("p", { class: "train-origin quiet" }),
    gauge: element("div", { class: "train-gauge", "aria-hidden": "true" }, element("div")),
    hosts: ["upper", "lower"].map((name) => div(`plot train-${name}`)),
    readout: element("p", { class: "train-readout" }),
  });
  scene.root.append(bar, view.gauge, view.origin, ...view.hosts, view.readout, foot);
  bar.append(view.words, div("train-buttons", ...Object.values(view.buttons)));
  return foot;
}

// What came since is shown once a frame.
function follow(view) {
  const { scene, model } = view;
  let waiting = null;
  watch(scene, model, ["payload", "live"], () => {
    waiting ??= requestAnimationFrame(() => {
      waiting = null;
      update(view);
    });
  });
  scene.defer(() => cancelAnimationFrame(waiting));
}

function render({ model, el }) {
  const scene = stage(el, tr("Training monitor"));
  const view = {
    model,
    scene,
    say: announcer(scene),
    run: { epoch: [], curves: {} },
    payload: {},
    live: {},
    status: null,
    at: -1,
    metric: null,
    logarithmic: false,
    timer: null, // `at`: row under the cursor
  };
  makeButtons(view, () =>
    replay(
      view,
      (i) => moveTo(view, i),
      (i) => view.say(readAt(view, i)),
    ),
  );
  const foot = arrange(view);
  view.panels = framesOf(view, view.hosts);
  view.handles = handlesOf(view);
  addChoices(view, foot);
  follow(view);
  update(view);
  return scene.cleanup;
}

export default alive(render);
