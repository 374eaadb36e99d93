// Images of jets: averages of those selected, and single ones.

import { alive } from "../core/alive.js";
import { painter } from "../core/cells.js";
import { mapped, nearest } from "../core/columns.js";
import { button, choice } from "../core/controls.js";
import { div, element, furnish, listen, quiet } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { later, tr } from "../core/language.js";
import { shorten } from "../core/names.js";
import { joined } from "../core/readout.js";
import { onTheme, stage, watch } from "../core/stage.js";
import { domainsOf, mixed, SHADES } from "./colours.js";
import { brushesOf, histogramFrames } from "./histograms.js";
import { barFrames, imageFrames } from "./images.js";
import { averageOf, cellsOf, decode, lookAt, readoutParts } from "./payload.js";
import { followPixel, pixelCursors, showPixel } from "./pixel.js";

const OPTIONS = {
  shown: {
    averages: [later("averages"), later("weighted average of the selected jets")],
    jets: [later("jets"), later("single jets, drawn at random")],
  },
  scale: {
    log: [later("log"), later("logarithmic colours; zero is blank")],
    linear: [later("linear"), later("linear colours; zero is blank")],
  },
  stack: {
    images: [later("images"), later("the images")],
    saliency: [later("saliency"), later("the second image of each jet")],
  },
  contrast: {
    difference: [later("difference"), later("signal minus background")],
    pull: [later("pull"), later("difference in units of its standard error")],
  },
};

const LABELS = { shown: later("shown"), scale: later("scale"), stack: later("stack"), contrast: later("contrast") };

const TRAITS = [...Object.keys(OPTIONS), "brush", "jet", "pixel"];

function stateOf(model, variables) {
  const state = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
  const [name, ...ends] = state.brush;
  state.v = variables.findIndex((one) => one.name === name);
  [state.from, state.to] = ends.map((value) => nearest(variables[state.v].edges, value));
  return state;
}

function tableRows({ data, now }, text) {
  const {
    averages: { signal, background },
    difference,
    error,
    pull,
  } = now;
  const columns = {
    I_s: signal.mean,
    "± I_s": signal.error,
    I_b: background.mean,
    "± I_b": background.error,
    "I_s−I_b": difference,
    "± I_s−I_b": error,
    [tr("pull")]: pull,
  };
  const [[, selected]] = readoutParts(data, now);
  const [ys, xs] = data.centres;
  const places = (p) => [xs[p % data.shape[1]], ys[Math.floor(p / data.shape[1])]];
  const numbers = (p) => [...places(p), ...Object.values(columns).map((column) => column[p])].map(text);
  return [
    [tr("selected"), "x", "y", ...Object.keys(columns)],
    ...Array.from(difference, (_, p) => [selected, ...numbers(p)]),
  ];
}

// Buttons and choices; `change(name, value)` sets a trait.
function makeControls(view, change, forget) {
  const { scene } = view;
  /** @type {any[][]} */
  const turns = [
    ["‹", tr("the jet before"), -1],
    ["›", tr("the next jet"), 1],
  ];
  view.turns = turns.map(([text, title, by]) => button(scene, text, title, () => change("jet", view.state.jet + by)));
  view.choices = mapped(OPTIONS, (options, name) => {
    const items = Object.entries(options).map(([value, words]) => [value, ...words.map((word) => tr(word))]);
    return choice(scene, tr(LABELS[name]), items, "", (value) => change(name, value));
  });
  view.clear = button(scene, tr("all jets"), tr("select all jets"), forget);
}

const panelOf = (controls, ...plots) => element("div", {}, div("controls", ...controls), ...plots);

// What stands where.
function arranged({ data, salient, turns, choices, clear }) {
  const looks = ["map", "map", "map", "bar", "bar", ...data.variables.map(() => "low")];
  const plots = looks.map((look) => div(`plot image-${look}`));
  plots
    .slice(0, 3)
    .forEach((plot) => plot.style.setProperty("aspect-ratio", `${(1.03 * data.shape[1]) / data.shape[0]}`));
  const over = [[clear, quiet(tr("drag to select"))], [quiet(tr("line: all, filled: selected"))]];
  const grid = div(
    "images",
    div(
      "images image-pair",
      panelOf([choices.shown.node, element("span", {}, ...turns)], plots[0]),
      panelOf([choices.scale.node, ...(salient ? [choices.stack.node] : [])], plots[1]),
      plots[3],
    ),
    panelOf([choices.contrast.node], plots[2], plots[4]),
    ...data.variables.map((_, v) => panelOf(over[v] ?? [], plots[5 + v])),
  );
  return { grid, plots };
}

function addFrames(view) {
  const { data, scene, salient } = view;
  const { grid, plots } = arranged(view);
  view.foot = footer(
    scene,
    "images",
    tr("Average of each pixel"),
    (text) => tableRows(view, text),
    () => [view.images, view.bars, view.histograms],
  );
  const note = [data.note, salient ? tr("dots: pixels that hold half of the saliency") : ""].filter(Boolean).join("; ");
  scene.root.append(grid, element("p", { class: "quiet image-note" }, note), ...view.foot.nodes);
  view.images = imageFrames(view, plots);
  view.bars = barFrames(view, plots.slice(3, 5));
  view.cursors = pixelCursors(view);
  view.histograms = histogramFrames(view, plots.slice(5));
}

// The line of numbers, and the pixel they are of.
export function tell(view) {
  const { data, state, now, foot, cursors, images } = view;
  const parts = readoutParts(data, { ...now, state });
  foot.write(parts);
  furnish(cursors[0], {
    "aria-valuenow": state.pixel[0] * data.shape[1] + state.pixel[1],
    "aria-valuetext": joined(parts.slice(3)),
  });
  images.forEach((_, i) => showPixel(view, i));
}

// Averages of the selected jets, and those of all.
function lookAgain(view) {
  const { data, state, salient } = view;
  const saliency = (sample) => averageOf(sample, "saliency", cellsOf(data, state), data.pixels);
  view.now = lookAt(data, state);
  view.now.over = salient ? mapped(data.samples, saliency) : null;
  if (view.whole?.stack === state.stack) return;
  view.whole = { stack: state.stack, ...lookAt(data, { ...state, v: -1, shown: "averages" }) };
}

function show(view) {
  lookAgain(view);
  const { data, images, bars, histograms } = view;
  const { v, stack, shown, scale, contrast } = view.state;
  view.domains = domainsOf(view);
  images.forEach((panel) => panel.redraw());
  const quantity = shown === "jets" ? (data.single ?? data.quantity.replace(/^mean /, "")) : data.quantity;
  bars[0].set({ x: { title: stack === "images" ? quantity : tr(stack), kind: scale, domain: view.domains[0] } });
  const against = contrast === "pull" ? tr("difference / its error [σ]") : tr(contrast);
  bars[1].set({ x: { title: against, domain: view.domains[1] } });
  histograms.forEach((panel) => panel.redraw());
  view.clear.disabled = v < 0;
  tell(view);
}

// The numbers of each cell of each variable, were it selected.
function reserve({ data, state, foot }) {
  foot.reserve(data.cells + 1, (row) => {
    const v = data.variables.findLastIndex(({ first }) => first < row);
    const from = row - 1 - (data.variables[v]?.first ?? 0);
    return readoutParts(data, lookAt(data, { ...state, v, from, to: from + 1 }));
  });
}

function refresh(view) {
  view.state = stateOf(view.model, view.data.variables);
  Object.entries(view.choices).forEach(([name, one]) => one.show(view.state[name]));
  view.turns.forEach((turn) => {
    turn.disabled = view.state.shown !== "jets";
  });
  show(view);
  view.foot.refresh();
  reserve(view);
}

function chooseIn(view, v, from, to) {
  const { state, data, publish } = view;
  if (v === state.v && from === state.from && to === state.to) return;
  const { name, edges } = data.variables[v] ?? {};
  const brush = v < 0 ? [] : [name, edges[from], edges[to]];
  Object.assign(state, { v, from, to, brush });
  publish({ brush });
  show(view);
}

// What is known of a view: its payload, and where it stands.
function viewOf(model, el) {
  const data = decode(model.get("payload"));
  const scene = stage(el, tr("Image browser"));
  const view = {
    model,
    data,
    scene,
    salient: "saliency" in data.samples.signal.stacks,
    names: { signal: shorten(data.names[0], 14), background: shorten(data.names[1], 14) },
    paint: painter(data.shape[1], data.shape[0]),
    paintBar: painter(SHADES - 2, 1),
  };
  view.publish = watch(scene, model, TRAITS, () => refresh(view));
  return view;
}

function render({ model, el }) {
  const view = viewOf(model, el);
  const { scene, publish } = view;
  const change = (name, value) => {
    publish({ [name]: value }, true);
    refresh(view);
  };
  const settle = () => {
    publish({ brush: view.state.brush }, true);
    view.foot.refresh();
  };
  const forget = () => {
    chooseIn(view, -1);
    settle();
  };
  const mix = () => {
    view.shades = mixed(scene.root);
  };
  makeControls(view, change, forget);
  addFrames(view);
  followPixel(view, () => tell(view));
  view.brushes = brushesOf(view, (...at) => chooseIn(view, ...at), settle);
  listen(scene, scene.root, "keydown", ({ key }) => key === "Escape" && view.state.v >= 0 && forget());
  mix();
  onTheme(scene, () => {
    mix();
    show(view);
  });
  refresh(view);
  return scene.cleanup;
}

export default alive(render);
