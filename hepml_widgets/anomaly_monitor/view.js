import { view } from "../core/alive.js";
import { extreme, floats, nearest, twice } from "../core/columns.js";
import { choice } from "../core/controls.js";
import { div, element, listen, richHTML, setHTML, vector } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragHandle } from "../core/handles.js";
import { band, line, trace } from "../core/marks.js";
import { finite, fixed, percent, significant, withError } from "../core/numbers.js";
import { joined } from "../core/readout.js";
import { BARE } from "../core/rounds.js";
import { drawScores, scoreAxes } from "../core/scores.js";
import { stage, watch } from "../core/stage.js";
import { endLabels, fit, remark, write } from "../core/words.js";

const STEP = 42; // most pixels of one bar with its words

// ---------------------------------------------------------------- from table to sentences

const COLUMNS = [
  "threshold",
  "observed",
  "observed_error",
  "expected",
  "expected_error",
  "p_value",
  "today",
  "reference",
];

const sidak = (p, trials) => -Math.expm1(trials * Math.log1p(-p)) + 0;

export function decode(table) {
  const { points, population } = table;
  return {
    ...table,
    points: points && {
      ...points,
      ...Object.fromEntries(COLUMNS.map((name) => [name, floats(points[name])])),
      outliers: points.outliers.map((one) => ({ ...one, values: floats(one.values) })),
    },
    population: population && {
      ...population,
      periods: population.periods.map((one) => {
        const ps = floats(one.ps);
        return {
          ...one,
          ps,
          features: one.features.map((k) => population.names[k]),
          corrected: ps.map((p) => sidak(p, one.tested)),
        };
      }),
    },
  };
}

// Not a number travels as null: with too few permutations there is no band.
export const isAlarm = ({ statistic, bands }, a) => bands[a][1] !== null && statistic > bands[a][1];

const few = (points, row, alpha) => points.p_value[row] > alpha;

export function pointWords(t, { row, a }) {
  const { observed, expected, expected_error: error, p_value: p } = t.points;
  const seen = Number.isInteger(observed[row]) ? fixed(observed[row], 0) : significant(observed[row]);
  return (
    `Points: ${seen} event${seen === "1" ? "" : "s"} above the threshold, ${withError(expected[row], error[row])} expected: ` +
    `${few(t.points, row, t.alphas[a]) ? "no " : ""}more outliers than usual (p ${significant(p[row], 2)}). ${t.points.beyondWords}`
  );
}

function why({ tested, features: [name], corrected: [p] }, alpha, alarm) {
  if (!tested) return "";
  if (p <= alpha) return alarm ? `, chiefly by ${name}` : `, though ${name} alone differs`;
  return alarm ? ", though no feature alone does" : "";
}

export function populationWords({ population: { periods, title, rates, chance, wanted }, alphas }, { i, a }) {
  const [one, count] = [periods[i], periods.length];
  if (one.bands[a][1] === null)
    return `Population: ${one.permutations} values of the null cannot tell ${rates[a]}: at least ${wanted[a]} are wanted.`;
  const alarm = isAlarm(one, a);
  const said =
    `Population: ${one.text} ${alarm ? "differs" : "is like the reference"} (${title} ${one.value}, ` +
    `chance stays below ${one.limits[a]} in ${chance[a]})${why(one, alphas[a], alarm)}.`;
  if (count === 1) return said;
  const late = alarm && one.p[1] > alphas[a] ? ` Among ${count} periods that is no surprise (p ${one.pTexts[1]}).` : "";
  return `${said}${late} Alarms: ${periods.filter((each) => isAlarm(each, a)).length} in ${count} periods, ${significant(count * alphas[a], 2)} expected by chance.`;
}

const UNTOLD = "Too few permutations to tell points from population at this false-alarm rate.";

function conclusion({ points, population, alphas, conclusions }, { row, a }) {
  const last = population.periods.at(-1);
  if (last.bands[a][1] === null) return UNTOLD;
  const lead = population.periods.length > 1 ? `${last.text} · ` : "";
  const some = Math.min(points.p_value[row], points.beyondP) <= alphas[a];
  return lead + conclusions[+some][+isAlarm(last, a)] + points.beyondHead + population.others[a];
}

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts({ points, population }, { row, i }) {
  const parts = [];
  if (points) {
    const { observed, observed_error: error, expected, expected_error: spread, total } = points;
    const excess = [(observed[row] - expected[row]) / total, Math.hypot(error[row], spread[row]) / total];
    parts.push(
      ["threshold", points.texts[row]],
      ["above", withError(observed[row], error[row])],
      ["expected", withError(expected[row], spread[row])],
      ["p", significant(points.p_value[row], 2)],
      ["flagged", percent(observed[row] / total)],
      ["contamination", `${withError(...excess.map((share) => 100 * share))}\u202f%`],
    );
  }
  if (population) {
    const { periods, title } = population;
    const { text, value, pTexts } = periods[i];
    parts.push(["period", text], [title, value], ["p", pTexts[0]]);
    if (periods.length > 1) parts.push([`after ${periods.length} trials`, pTexts[1]]);
  }
  return parts;
}

// ---------------------------------------------------------------- panels

function drawPoints(panel, { points, names }, { top }) {
  drawScores(panel, histogramOf(points), { signal: names[1], background: names[0] });
  const y = panel.inner.top + panel.inner.height - 7;
  const dot = ({ score }, r, look, layer = panel.marks) =>
    layer.append(
      vector("circle", {
        cx: panel.x(Math.max(points.range[0], Math.min(points.range[1], score))),
        cy: y,
        r,
        class: look,
      }),
    );
  points.outliers.forEach((one) => dot(one, 3, "mark-signal anomaly-dot"));
  dot(points.outliers[top], 6, "point", panel.labels);
}

const histogramOf = ({ scale, range, bins, today, reference }) => ({
  scale,
  range,
  bins,
  histogram: { signal: today, background: reference },
});

// A bar for each feature, its name and number above it.
//   items: [[name, value or nothing, text, length, found], ...]
function drawBars(panel, items, most) {
  const { left, top, width, height } = panel.inner;
  const step = Math.min(STEP, (height - 8) / most);
  const zero = panel.x(0);
  items.forEach(([name, value, text, length, found], k) => {
    const y = top + 5 + k * step;
    const end = panel.x(Math.max(panel.x.domain[0], Math.min(panel.x.domain[1], length)));
    const words = (x, side, ...parts) => write(panel, x, y + 12, `label ${side}`, ...parts);
    panel.marks.append(
      vector("rect", {
        x: Math.min(zero, end),
        y: y + 18,
        width: Math.abs(end - zero),
        height: Math.min(10, step - 22),
        class: found ? "mark-signal" : "mark-background",
      }),
    );
    fit(words(left + 8, "start", width < 300 ? name : name + value), name + value, 0.66 * width);
    words(left + width - 8, "end", text);
  });
  if (panel.x.domain[0] < 0) trace(panel, `M${zero} ${top}v${height}`, "chance");
}

function drawEvent(panel, { points: { outliers, unit } }, { top }) {
  const { names, values } = outliers[top];
  const text = (value) => (unit && finite(value) ? `${fixed(value, 1)} ${unit}` : significant(value));
  drawBars(
    panel,
    names.map(([name, value], k) => [name, value, text(values[k]), values[k] || 0, false]),
    names.length,
  );
}

const eventAxes = ({ points: { outliers, unit } }, { top }) => {
  const reach = 1.1 * extreme(outliers[top].values.map(Math.abs), 0, Math.max) || 1;
  return {
    title: unit ? "deviation [σ]" : "contribution",
    domain: [outliers[top].values.some((v) => v < 0) ? -reach : 0, reach],
  };
};

function drawFeatures(panel, { population, alphas }, { i, a }) {
  const { features, corrected } = population.periods[i];
  const limit = panel.x(-Math.log10(alphas[a]));
  const { top, height } = panel.inner;
  drawBars(
    panel,
    features.map((name, k) => {
      const p = corrected[k];
      return [
        name,
        "",
        `${p <= alphas[a] ? "▲ " : ""}p ${significant(p, 2)}`,
        -Math.log10(Math.max(p, 1e-300)),
        p <= alphas[a],
      ];
    }),
    Math.max(...population.periods.map(({ ps }) => ps.length)),
  );
  if (features.length) trace(panel, `M${limit} ${top}v${height}`, "anomaly-limit");
  else remark(panel, "no tests of features in this period");
}

// ▲ alarm, △ alarm that is none after all trials, ● no alarm.
function drawPeriods(panel, { population: { periods, chance }, alphas }, { a }) {
  const { left, top, width, height } = panel.inner;
  const known = periods.map(({ bands }) => bands[a].map((end) => end ?? NaN));
  const [low, high] = [0, 1].map((k) => twice(known.map((ends) => ends[k])));
  const sides = periods.flatMap((_, k) => [k - 0.5, k + 0.5]);
  band(panel, sides, low, high, { class: "band curve-7" });
  line(panel, sides, high, { class: "curve curve-7", "stroke-dasharray": "6 3" });
  if (low.some(finite))
    endLabels(panel, [
      { text: `chance: ${chance[a]} below`, class: "curve-7", x: left + 10, y: top + 17, anchor: "start" },
    ]);
  periods.forEach((one, k) => {
    const [x, y] = [panel.x(k), panel.y(one.statistic)];
    const alarm = isAlarm(one, a);
    const look = `anomaly-${alarm ? "alarm" : "quiet"}${alarm && one.p[1] > alphas[a] ? " anomaly-hollow" : ""}`;
    if (one.error !== null)
      panel.marks.append(
        vector("path", {
          d: `M${x} ${panel.y(one.statistic - one.error)}V${panel.y(one.statistic + one.error)}`,
          class: look,
        }),
      );
    panel.marks.append(
      vector(
        "path",
        { d: `M${x} ${y}${alarm ? "m0-7l6 11h-12Z" : "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z"}`, class: look },
        vector("title", {}, `${one.text}: ${one.value}`),
      ),
    );
  });
  // As many names below as there is room for.
  const texts = periods.map(({ text }, k) =>
    panel.labels.appendChild(vector("text", { x: panel.x(k), y: top + height + 17, class: "middle" }, text)),
  );
  const halves = texts.map((text) => text.getComputedTextLength() / 2);
  let free = 2;
  texts.forEach((text, k) => {
    const x = k ? panel.x(k) : Math.max(panel.x(0), halves[0] + free);
    if (x - halves[k] < free || x + halves[k] > left + width + 10) text.remove();
    else {
      text.setAttribute("x", x);
      free = x + halves[k] + 10;
    }
  });
}

// ---------------------------------------------------------------- the view

// The tables of all that is shown, one below the other.
function tableRows(t, state, text) {
  const rows = [["part", "item", "value", "± value", "expected or limit", "± expected", "p", "p after all trials"]];
  const add = (part, item, ...numbers) =>
    rows.push([part, item, ...numbers.map((v) => (v === "" || v === null ? "" : text(v)))]);
  const { points, population } = t;
  if (points) {
    points.texts.forEach((cut, k) =>
      add("events above", cut, ...COLUMNS.slice(1, 6).map((name) => points[name][k]), ""),
    );
    points.outliers.forEach(({ text: name, names, values }) =>
      names.forEach(([feature], k) => add(name, feature, values[k], "", "", "", "", "")),
    );
  }
  population?.periods.forEach((one) => {
    add("period", one.text, one.statistic, one.error, one.bands[state.a][1], "", ...one.p);
    one.features.forEach((feature, k) => add(one.text, feature, "", "", "", "", one.ps[k], one.corrected[k]));
  });
  return rows;
}

function render({ model, el }) {
  const t = decode(model.get("table"));
  const { points, population } = t;
  const scene = stage(el, "Anomaly monitor");
  const publish = watch(scene, model, ["threshold", "event", "period", "false_alarm"], () => refresh());
  const state = { row: 0, top: 0, i: 0, a: 0 };
  const handles = [];
  const panels = [];
  const redraws = { row: [], top: [], i: [], a: [] };

  // A sentence in the room of the longest one that can stand there.
  const sentences = [];
  const sentence = (write, texts, look) => {
    const longest = texts.reduce((most, one) => (one.length > most.length ? one : most), "");
    const node = element("p", { class: look });
    sentences.push(() => node.replaceChildren(...setHTML(write(state))));
    return div(
      "anomaly-words",
      element("p", { class: `${look} anomaly-ghost`, "aria-hidden": "true" }, `${longest} –––`),
      node,
    );
  };
  // One panel below its line of controls; `follows` are the parts of the state that it shows.
  const column = (label, follows, axes, draw, controls) => {
    const host = div("plot");
    const k = panels.length;
    panels.push(frame(scene, host, { label, ...axes(), draw: (panel) => draw(panel, t, state) }));
    const redraw = () => panels[k].set(axes());
    for (const name of follows) redraws[name].push(redraw);
    return div("anomaly-column", div("controls", ...controls), host);
  };
  const handle = (k, label, trait, which, values) => {
    handles.push([
      dragHandle(scene, panels[k], {
        label,
        values: () => values,
        read: () => joined(readoutParts(t, state)),
        move: (at) => {
          state[which] = at;
          show([which]);
          send();
        },
        release: () => {
          send(true);
          foot.refresh();
        },
      }),
      which,
    ]);
  };
  const note = (text) => element("span", { class: "quiet anomaly-note" }, ...richHTML(text));
  const all = (words, which, count) =>
    Array.from({ length: 3 * count }, (_, k) => words(t, { ...state, [which]: Math.floor(k / 3), a: k % 3 }));
  const section = (label, words, columns) =>
    element("section", { "aria-label": label }, words, div("anomaly", ...columns.filter(Boolean)));

  const rates = choice(
    scene,
    "false-alarm rate",
    (population?.rates ?? ["5\u202f%", "1\u202f%", "0.1\u202f%"]).map((text, k) => [
      k,
      text,
      `how often chance alone may raise an alarm: ${text}`,
    ]),
    0,
    (k) => choose("a", k),
  );
  const select = element(
    "select",
    { class: "select", "aria-label": "event" },
    ...(points?.outliers ?? []).map(({ text }, k) => element("option", { value: k }, `${k + 1}: ${text}`)),
  );
  const sections = [];
  if (points) {
    const { x, y } = scoreAxes(histogramOf(points));
    const known = points.outliers.some(({ names }) => names.length);
    sections.push(
      section(
        "Points",
        sentence((s) => pointWords(t, s), all(pointWords, "row", points.texts.length), "anomaly-said"),
        [
          column("Histograms of the anomaly score", ["top"], () => ({ x: { ...x, title: t.score }, y }), drawPoints, [
            note("dots: highest scores · p: threshold fixed before"),
            ...(known ? [] : [select]),
          ]),
          known &&
            column("Features of one event", ["top"], () => ({ x: eventAxes(t, state), y: BARE }), drawEvent, [
              select,
              ...(points.note ? [note(points.note)] : []),
            ]),
        ],
      ),
    );
    handle(0, "threshold", "threshold", "row", points.threshold);
  }
  if (population) {
    const { periods, domain, title, reach } = population;
    const known = periods.some(({ tested }) => tested);
    const k = panels.length;
    sections.push(
      section(
        "Population",
        sentence((s) => populationWords(t, s), all(populationWords, "i", periods.length), "anomaly-said"),
        [
          column(
            "Statistic of each period",
            ["a"],
            () => ({
              x: { title: t.period, plain: true, kind: "none", domain: [-0.6, periods.length - 0.4] },
              y: { title, plain: true, domain },
            }),
            drawPeriods,
            [note("● no alarm · ▲ alarm · △ none after all trials")],
          ),
          known &&
            column(
              "Features of one period",
              ["i", "a"],
              () => ({ x: { title: "−log₁₀ p, after all features", domain: [0, reach] }, y: BARE }),
              drawFeatures,
              [note("p of each feature in the period chosen")],
            ),
        ],
      ),
    );
    if (periods.length > 1)
      handle(
        k,
        "period",
        "period",
        "i",
        periods.map((_, at) => at),
      );
  }
  const both = points && population;
  const foot = footer(
    scene,
    "anomalies",
    "Events above each threshold, periods and features",
    (text) => tableRows(t, state, text),
    () => panels.map((panel) => [panel]),
  );
  scene.root.append(
    div("controls", element("span", {}, "false-alarm rate"), rates.node),
    ...(both
      ? [
          sentence(
            (s) => conclusion(t, s),
            [
              ...t.conclusions
                .flat()
                .flatMap((text) =>
                  population.others.map(
                    (more) => `${population.periods.at(-1).text} · ${text}${points.beyondHead}${more}`,
                  ),
                ),
              UNTOLD,
            ],
            "anomaly-both",
          ),
        ]
      : []),
    ...sections,
    ...foot.nodes,
  );

  const show = (changed) => {
    foot.write(readoutParts(t, state));
    for (const write of sentences) write();
    for (const [one, which] of handles) one.show(state[which]);
    for (const redraw of new Set(changed.flatMap((which) => redraws[which]))) redraw();
  };
  const send = (done) =>
    publish(
      {
        ...(points ? { threshold: points.threshold[state.row], event: points.outliers[state.top].row } : {}),
        ...(population ? { period: population.periods[state.i].name } : {}),
        false_alarm: t.alphas[state.a],
      },
      done,
    );
  const choose = (which, at) => {
    state[which] = at;
    show([which]);
    send(true);
    foot.refresh();
  };
  listen(scene, select, "change", () => choose("top", select.selectedIndex));
  const refresh = () => {
    state.a = t.alphas.indexOf(model.get("false_alarm"));
    rates.show(state.a);
    if (points) {
      state.row = nearest(points.threshold, model.get("threshold"));
      state.top = points.outliers.findIndex(({ row }) => row === model.get("event"));
      select.selectedIndex = state.top;
    }
    if (population) state.i = population.periods.findIndex(({ name }) => name === model.get("period"));
    show(Object.keys(redraws));
    foot.refresh();
  };
  refresh();
  const [rows, periods] = [points?.texts.length ?? 1, population?.periods.length ?? 1];
  foot.reserve(Math.max(rows, periods), (k) => readoutParts(t, { row: k % rows, i: k % periods }));
  return scene.cleanup;
}

export default view(render);
