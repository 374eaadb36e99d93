import { view } from "../core/alive.js";
import { announcer, button, choice } from "../core/controls.js";
import { actions } from "../core/downloads.js";
import { div, element, listen, vector } from "../core/elements.js";
import { dataTable } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragHandle } from "../core/handles.js";
import { line, trace } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { finite, fixed, significant } from "../core/numbers.js";
import { stage, watch } from "../core/stage.js";
import { niceDomain } from "../core/ticks.js";
import { endLabels, remark, write } from "../core/words.js";

const BUSY = ["running", "paused", "stopping"];
const SPEAKS = {
  empty: "",
  running: "training",
  paused: "paused",
  stopping: "stopping after this step",
  finished: "finished",
  stopped: "stopped",
  interrupted: "interrupted",
  failed: "failed",
  recorded: "recorded",
};
const REPLAY = 4000; // ms for a whole run

// ---------------------------------------------------------------- the curves

// What the browser has: the table, then the rows that came after it.
function runOf(table, live) {
  const from = (live.epoch ?? []).findIndex((epoch) => epoch > (table.length ?? 0));
  const epoch = [...(table.epoch ?? []), ...(from < 0 ? [] : live.epoch.slice(from))];
  const names = [...new Set([...Object.keys(table.curves ?? {}), ...Object.keys(live.curves ?? {})])];
  const curves = Object.fromEntries(
    names.map((name) => {
      const first = table.curves?.[name] ?? Array(table.epoch?.length ?? 0).fill(null);
      const rest = from < 0 ? [] : (live.curves[name]?.slice(from) ?? Array(epoch.length - first.length).fill(null));
      return [name, [...first, ...rest].map((value) => (value === null ? null : Number(value)))];
    }),
  );
  return { epoch, curves };
}

// Points of one curve; epochs at which it was not measured are left out, so the line goes on.
function points(run, name) {
  const rows = [];
  (run.curves[name] ?? []).forEach((value, i) => {
    if (value !== null) rows.push([run.epoch[i], value, i]);
  });
  return rows;
}

function domainOf(run, names, baseline) {
  const values = names.flatMap((name) => points(run, name).map(([, value]) => value));
  if (finite(baseline)) values.push(baseline);
  const known = values.filter(finite);
  if (!known.length) return [0, 1];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const pad = high > low ? 0.04 * (high - low) : Math.abs(high) * 0.05 || 0.5;
  return [low - pad, high + pad];
}

function logDomain(run, names, baseline) {
  const values = names.flatMap((name) => points(run, name).map(([, value]) => value));
  const positive = [...values, baseline].filter((v) => finite(v) && v > 0);
  if (!positive.length) return [0.1, 1];
  const [low, high] = [Math.min(...positive), Math.max(...positive)];
  const room = Math.max((high / low) ** 0.05, 1.05);
  return [low / room, high * room];
}

// The best epoch among the first `count` rows, of the curve that decides.
function bestOf(run, live, count) {
  const [, name] = live.best ?? [];
  const sign = live.maximise ? 1 : -1;
  return points(run, name)
    .filter(([, value, i]) => i < count && finite(value))
    .reduce((best, point) => (!best || sign * point[1] > sign * best[1] ? point : best), null);
}

// ---------------------------------------------------------------- words

function clock(seconds) {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const pair = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${pair(m)}:${pair(s)}` : `${m}:${pair(s)}`;
}

function speed({ rate, events }, unit) {
  if (rate === null || rate === undefined) return null;
  if (events) return `${significant(Number((rate * events).toPrecision(3)), 3)} events/s`;
  return rate >= 1 ? `${significant(rate, 3)} ${unit}s/s` : `${significant(1 / rate, 3)} s per ${unit}`;
}

function progressParts(live, table, length) {
  const unit = table.unit ?? "epoch";
  const busy = BUSY.includes(live.status);
  const of = live.total ? ` of ${live.total}` : "";
  const now = busy ? Math.min(length + 1, live.total ?? Infinity) : length;
  return [
    live.status === "failed" ? `failed: ${live.message}` : SPEAKS[live.status],
    live.status === "recorded" ? `${length} ${unit}${length === 1 ? "" : "s"}` : null,
    live.status !== "recorded" && (length || busy) ? `${unit} ${now}${of}` : null,
    live.elapsed === null || live.elapsed === undefined || live.status === "empty"
      ? null
      : `${clock(live.elapsed)} elapsed`,
    busy && live.remaining !== null ? `about ${clock(live.remaining)} left` : null,
    live.status === "empty" ? null : speed(live, unit),
  ].filter((part) => part);
}

function valueText(value) {
  if (value === null || value === undefined) return "–";
  return finite(value) ? significant(value, 4) : `not finite (${value})`;
}

// ---------------------------------------------------------------- drawing

const LOOKS = {
  "": { class: "train-line", dash: "6 3" },
  val_: { class: "val-line", dash: null },
};
const DASHES = ["8 2 2 2", "4 2", "1 2", "10 3", "8 2 2 2 2 2"];

// How the curves of each sample look, by what their names begin with.
function looksOf(sets) {
  let others = 0;
  return sets.map(([lead, text]) => {
    if (LOOKS[lead]) return { lead, text, ...LOOKS[lead] };
    const place = others++ % DASHES.length;
    return { lead, text, class: `train-other train-other-${place}`, dash: DASHES[place] };
  });
}

function drawCurve(panel, run, name, { class: look, dash }, count) {
  const rows = points(run, name);
  const past = rows.filter(([, , i]) => i < count);
  const draw = (part, extra) =>
    line(
      panel,
      part.map(([x]) => x),
      part.map(([, y]) => y),
      {
        class: `${look}${extra}`,
        "stroke-dasharray": dash,
      },
    );
  if (past.length < rows.length) draw(rows.slice(Math.max(past.length - 1, 0)), " train-ahead");
  draw(past, "");
  if (past.length === 1) mark(panel, past[0], `${look} train-single`);
  past
    .filter(([, y]) => !finite(y))
    .slice(0, 1)
    .forEach(([x]) => notFinite(panel, x, look));
  return past;
}

function mark(panel, [x, y], look) {
  const [cx, cy] = [panel.x(x), panel.y(y)];
  if (!finite(cx) || !finite(cy)) return;
  panel.marks.append(vector("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: 4, class: look }));
}

// The first value that no axis can show is marked at the top of the frame.
function notFinite(panel, x, look) {
  const [px, top] = [panel.x(x), panel.inner.top];
  panel.marks.append(
    vector(
      "path",
      { d: `M${px - 5} ${top + 11}h10l-5 -8Z`, class: `${look} train-single` },
      vector("title", {}, `not finite from ${x} on`),
    ),
  );
}

function label(panel, past, { text, class: look }) {
  const shown = past.filter(([, y]) => finite(panel.y(y)));
  if (!shown.length) return null;
  const [x, y] = shown[shown.length - 1];
  const { left, width } = panel.inner;
  const room = left + width - panel.x(x) > 74;
  return {
    text,
    class: look,
    anchor: room ? "start" : "end",
    x: room ? panel.x(x) + 6 : left + width - 6,
    y: panel.y(y) + (room ? 4 : -6),
  };
}

function drawBaseline(panel, value, text) {
  const y = panel.y(value);
  const { left, width, top } = panel.inner;
  if (!finite(y)) return;
  trace(panel, `M${left} ${y.toFixed(1)}h${width}`, "train-baseline");
  write(panel, left + 8, Math.max(y - 5, top + 12).toFixed(1), "label train-baseline-name", text);
}

function drawBest(panel, best, isHere) {
  if (!best) return;
  const x = panel.x(best[0]).toFixed(1);
  const { top, height } = panel.inner;
  trace(panel, `M${x} ${top}v${height}`, "train-best-rule");
  if (isHere) mark(panel, best, "train-best");
}

// ---------------------------------------------------------------- the view

function render({ model, el }) {
  const scene = stage(el, "Training monitor");
  const say = announcer(scene);
  const bar = div("train-bar");
  const words = element("p", { class: "train-progress" });
  const origin = element("p", { class: "train-origin quiet" });
  const gauge = element("div", { class: "train-gauge", "aria-hidden": "true" }, element("div"));
  const hosts = ["upper", "lower"].map((name) => div(`plot train-${name}`));
  const readout = element("p", { class: "train-readout" });
  const foot = div("train-foot");
  scene.root.append(bar, gauge, origin, ...hosts, readout, foot);

  let run = { epoch: [], curves: {} };
  let table = {};
  let live = {};
  let at = -1; // row under the cursor
  let metric = null;
  let logarithmic = false;
  let status = null;

  const names = () => [table.upper ?? null, metric];
  const looks = () => looksOf(table.sets ?? []);
  const curvesOf = (name) => (name === null ? [] : looks().map(({ lead }) => lead + name));
  const baseline = (name) => table.baseline?.[name];
  const idle = () => run.epoch.length > 0 && !BUSY.includes(live.status);
  const count = () => (idle() ? at + 1 : run.epoch.length);

  // ---------------- frames

  const drawPanel = (which) => (panel) => {
    const name = names()[which];
    if (!run.epoch.length) {
      if (which === 0) remark(panel, live.waiting);
      return;
    }
    if (finite(baseline(name))) drawBaseline(panel, baseline(name), `baseline ${significant(baseline(name), 3)}`);
    drawBest(panel, bestOf(run, live, count()), curvesOf(name).includes(live.best?.[1]));
    const ends = looks().map((look) => label(panel, drawCurve(panel, run, look.lead + name, look, count()), look));
    endLabels(
      panel,
      ends.filter((item) => item),
    );
  };
  const panels = hosts.map((host, which) =>
    frame(scene, host, {
      label: which ? "metric" : "loss",
      x: { title: "", kind: "count", domain: [0, 10] },
      y: { title: "", domain: [0, 1] },
      draw: drawPanel(which),
    }),
  );
  const handles = panels.map((panel, which) =>
    dragHandle(scene, panel, {
      label: "epoch",
      focusable: which === 0,
      values: () => run.epoch,
      read: (i) => readAt(i),
      move: (i) => {
        cancelReplay();
        moveTo(i);
      },
      release: (i) => idle() && say(readAt(i)),
    }),
  );

  const axes = () => {
    const last = run.epoch[run.epoch.length - 1] ?? 10;
    const end = BUSY.includes(live.status)
      ? Math.max(live.total ?? 0, last, live.total ? 0 : niceDomain([0, last])[1])
      : last;
    names().forEach((name, which) => {
      const log = logarithmic && which === 0;
      const title = table.titles?.[name] ?? name ?? (which ? "" : "loss");
      const domain = (log ? logDomain : domainOf)(run, curvesOf(name), baseline(name));
      const y = { title, plain: true, kind: log ? "log" : "linear", domain };
      const bottom = which === 1 || hosts[1].hidden;
      panels[which].svg.setAttribute("aria-label", `${shorten(name ?? "loss")} by ${table.unit ?? "epoch"}`);
      panels[which].set({ x: { title: bottom ? (table.unit ?? "epoch") : "", domain: [0, Math.max(end, 1)] }, y });
    });
  };

  // ---------------- readout

  const shownCurves = () =>
    names()
      .flatMap(curvesOf)
      .filter((name) => name in run.curves);
  const readParts = (i) => {
    const best = bestOf(run, live, count());
    return [
      `${table.unit ?? "epoch"} ${run.epoch[i]}`,
      ...shownCurves().map((name) => `${shorten(name)} ${valueText(run.curves[name][i])}`),
      ...(best ? [`best ${shorten(live.best[1])} ${valueText(best[1])} at ${best[0]}`] : []),
    ];
  };
  const readAt = (i) => (run.epoch.length ? readParts(i).join(" · ") : "");
  const showReadout = () => {
    const i = idle() ? at : run.epoch.length - 1;
    readout.replaceChildren(...(i < 0 ? [] : readParts(i)).map((part) => element("span", {}, part)));
  };
  const moveTo = (i) => {
    if (!idle()) return;
    at = i;
    handles.forEach((handle) => handle.show(i));
    panels.forEach((panel, which) => !hosts[which].hidden && panel.redraw());
    showReadout();
  };

  // ---------------- buttons

  const ask = (wish) => () => model.send({ do: wish });
  const start = button(scene, "Start", "Train now", ask("start"));
  const pause = button(scene, "Pause", "Hold the training after this step", () =>
    ask(live.status === "paused" ? "resume" : "pause")(),
  );
  const stop = button(scene, "Stop", "End the training after this step; the model stays usable", ask("stop"));
  let timer = null;
  const cancelReplay = () => {
    clearInterval(timer);
    timer = null;
  };
  const replay = button(scene, "Replay", "Show the recorded training from its first step", () => {
    cancelReplay();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const strides = calm ? 8 : REPLAY / 40;
    const begun = performance.now();
    const [last, period] = [run.epoch.length - 1, REPLAY / strides];
    moveTo(0);
    timer = setInterval(() => {
      const part = Math.min((performance.now() - begun) / REPLAY, 1);
      moveTo(Math.round(part * last));
      if (part === 1) {
        cancelReplay();
        say(readAt(last));
      }
    }, period);
  });
  scene.defer(cancelReplay);
  const buttons = div("train-buttons", start, pause, stop, replay);
  bar.append(words, buttons);
  const showButtons = () => {
    const busy = BUSY.includes(live.status);
    const recorded = live.status === "recorded";
    for (const node of [start, pause, stop]) node.hidden = recorded || live.still === true;
    replay.hidden = !recorded;
    start.disabled = busy || !live.startable;
    start.title = live.startable ? "Train now" : "Give a function to on_start() to train from here";
    pause.disabled = !["running", "paused"].includes(live.status);
    pause.textContent = live.status === "paused" ? "Resume" : "Pause";
    stop.disabled = !["running", "paused"].includes(live.status);
  };

  // ---------------- choices and downloads

  const scales = choice(
    scene,
    "scale of the loss",
    [
      [false, "linear", "Linear scale"],
      [true, "log", "Logarithmic scale"],
    ],
    false,
    (chosen) => {
      logarithmic = chosen;
      axes();
    },
  );
  const select = element("select", { class: "select", "aria-label": "curve of the lower panel" });
  listen(scene, select, "change", () => {
    metric = select.value;
    axes();
    showReadout();
    data.refresh();
  });
  const rows = () => {
    const all = Object.keys(run.curves);
    return [
      [table.unit ?? "epoch", ...all],
      ...run.epoch.map((epoch, i) => [epoch, ...all.map((name) => run.curves[name][i] ?? "")]),
    ];
  };
  const readable = () =>
    rows().map((row, i) => (i ? row.map((cell, k) => (k && cell !== "" ? valueText(cell) : cell)) : row));
  const data = dataTable("Training curves", readable);
  const shown = () => panels.filter((_, which) => !hosts[which].hidden).map((panel) => [panel]);
  foot.append(div("train-controls", select, scales.node), actions(scene, "training", data, rows, shown));
  scene.root.append(data.node);

  const showChoices = () => {
    const lower = (table.lower ?? []).filter((name) => curvesOf(name).some((curve) => curve in run.curves));
    if (!lower.includes(metric)) metric = lower[0] ?? null;
    if (lower.join("\n") !== [...select.options].map((option) => option.value).join("\n")) {
      select.replaceChildren(...lower.map((name) => element("option", { value: name }, shorten(name))));
    }
    if (metric !== null) select.value = metric;
    select.hidden = lower.length < 2;
    hosts[1].hidden = metric === null;
    hosts[0].classList.toggle("hepml-train-alone", metric === null);
    scene.root.classList.toggle("hepml-train-none", !run.epoch.length);
  };

  // ---------------- all together

  const showWords = () => {
    words.replaceChildren(
      ...progressParts(live, table, run.epoch[run.epoch.length - 1] ?? 0).map((part) => element("span", {}, part)),
    );
    const every =
      table.every > 1 ? `curves thinned: smallest and largest value of every ${table.every} ${table.unit}s` : null;
    const source = live.status === "recorded" ? table.recorded : null;
    const was = { stopped: "stopped by hand", interrupted: "interrupted", failed: "failed" }[live.was];
    origin.textContent = [source === "recorded" ? null : source, was, every].filter((part) => part).join(" · ");
    origin.hidden = origin.textContent === "";
    const part = live.total ? Math.min(live.done / live.total, 1) : 0;
    gauge.firstChild.style.width = `${fixed(100 * part, 1, "")}%`;
    gauge.classList.toggle("hepml-train-off", !BUSY.includes(live.status));
    if (live.status !== status && status !== null && SPEAKS[live.status]) say(words.textContent);
    status = live.status;
  };
  const update = () => {
    const wasIdle = idle();
    const before = run.epoch.length;
    table = model.get("table") ?? {};
    live = model.get("live") ?? {};
    run = runOf(table, live);
    if (!wasIdle || before !== run.epoch.length) at = run.epoch.length - 1;
    for (const panel of panels) panel.overlay.setAttribute("display", idle() ? "inline" : "none");
    showChoices();
    axes();
    handles.forEach((handle) => handle.show(Math.max(at, 0)));
    showWords();
    showReadout();
    showButtons();
    data.refresh();
  };
  let waiting = null;
  watch(scene, model, ["table", "live"], () => {
    waiting ??= requestAnimationFrame(() => {
      waiting = null;
      update();
    });
  });
  scene.defer(() => cancelAnimationFrame(waiting));
  update();
  return scene.cleanup;
}

export default view(render);
