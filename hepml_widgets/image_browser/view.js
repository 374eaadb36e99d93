import { view } from "../core/alive.js";
import { brush } from "../core/brush.js";
import { fillWith, painter, shadesThrough } from "../core/cells.js";
import { extreme, floats, mapped, nearest } from "../core/columns.js";
import { button, choice } from "../core/controls.js";
import { div, element, furnish, listen, quiet, vector } from "../core/elements.js";
import { footer } from "../core/footer.js";
import { frame } from "../core/frame.js";
import { dragArea, holdControl } from "../core/handles.js";
import { classMark, steps, trace } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { finite, fixed, percent, significant, withError } from "../core/numbers.js";
import { joined } from "../core/readout.js";
import { BARE } from "../core/rounds.js";
import { nameHistograms } from "../core/scores.js";
import { onTheme, stage, watch } from "../core/stage.js";
import { niceDomain } from "../core/ticks.js";
import { fit, remark, write } from "../core/words.js";

const KINDS = ["signal", "background"];
const SHADES = 257; // the first two: nothing at all, and less than nothing
const DEPTH = 1e-5;
const OPTIONS = {
  shown: { averages: "weighted average of the selected jets", jets: "single jets, drawn at random" },
  scale: { log: "logarithmic colours; zero is blank", linear: "linear colours; zero is blank" },
  stack: { images: "the images", saliency: "the second image of each jet" },
  contrast: { difference: "signal minus background", pull: "difference in units of its standard error" },
};
const TRAITS = [...Object.keys(OPTIONS), "brush", "jet", "pixel"];

// ---------------------------------------------------------------- the table

function decodeStack(stack, pixels) {
  const read = (name, size, meaning) => {
    if (!stack[name]) return null;
    const units = floats(stack[`${name}Unit`]);
    return floats(stack[name], size).map((code, i) => meaning(code) * units[Math.floor(i / pixels)]);
  };
  return {
    total: read("total", 2, Number),
    centre: read("centre", 2, Number),
    spread: read("spread", 1, (code) => code && 1.05 ** (code - 255)),
  };
}

// Each pixel that is not zero: how far it is from the one before, and its value.
function decodeJets(stack, pixels) {
  const [gaps, values, units] = [floats(stack.gap, 1), floats(stack.value, 2), floats(stack.unit)];
  let k = 0;
  return stack.counts.map((count, jet) => {
    const image = new Float64Array(pixels);
    for (let at = -1, end = k + count; k < end; k += 1) image[(at += gaps[k])] = values[k] * units[jet];
    return image;
  });
}

export function decode(table) {
  const pixels = table.shape[0] * table.shape[1];
  let cells = 0;
  const variables = table.variables.map((one) => {
    const [first, bins] = [cells, one.texts.length - 1];
    cells += bins;
    return { ...one, first, bins, edges: floats(one.edges) };
  });
  const samples = mapped(table.samples, ({ total, sumw, sumw2, counts, cross, stacks, singles }) => ({
    total,
    sumw: floats(sumw),
    sumw2: floats(sumw2),
    counts: floats(counts),
    cross: floats(cross, 4),
    stacks: mapped(stacks, (stack) => decodeStack(stack, pixels)),
    jets: {
      cells: floats(singles.cells),
      values: floats(singles.values, 4),
      stacks: mapped(singles.stacks, (stack) => decodeJets(stack, pixels)),
    },
  }));
  return { ...table, pixels, cells, variables, samples, centres: [floats(table.rows), floats(table.columns)] };
}

// ---------------------------------------------------------------- averages: as in _image_table.py

function averageOf(sample, name, [from, to], pixels) {
  const sum = (column) => column.subarray(from, to).reduce((all, value) => all + value, 0);
  const [sumw, sumw2, jets] = [sample.sumw, sample.sumw2, sample.counts].map(sum);
  const { total, centre, spread } = sample.stacks[name];
  const [mean, error] = [0, 1].map(() => new Float64Array(pixels).fill(NaN));
  const known = Math.abs(sumw) > 1e-9 * Math.sqrt(sumw2); // more than rounding
  const average = { mean, error, jets, share: sample.total ? (known ? sumw : 0) / sample.total : NaN };
  if (!known) return average;
  for (let p = 0; p < pixels; p += 1) {
    let [all, variance] = [0, 0];
    for (let cell = from; cell < to; cell += 1) all += total[cell * pixels + p];
    mean[p] = all / sumw;
    for (let cell = from, at = from * pixels + p; spread && cell < to; cell += 1, at += pixels) {
      const middle = centre ? centre[at] : total[at] / sample.sumw[cell];
      if (sample.counts[cell]) variance += spread[at] ** 2 + (middle - mean[p]) ** 2 * sample.sumw2[cell];
    }
    if (spread && jets > 1) error[p] = Math.sqrt(variance) / Math.abs(sumw);
  }
  return average;
}

function subtracted(one, other) {
  const difference = one.mean.map((mean, p) => mean - other.mean[p]);
  const error = one.error.map((own, p) => Math.hypot(own, other.error[p]));
  const ratio = (value, own) => (value === 0 && own === 0 ? 0 : finite(value / own) ? value / own : NaN);
  const pull = difference.map((value, p) => ratio(value, error[p]));
  return { difference, error, pull };
}

const cellsOf = ({ variables }, { v, from, to }) =>
  v < 0 ? [0, variables[0].bins] : [variables[v].first + from, variables[v].first + to];

// The single jet shown of a class: its row, its number among those selected, and its image.
function singleOf({ jets: { cells, stacks } }, data, state) {
  const [from, to] = cellsOf(data, state);
  const own = (row) => cells[row * data.variables.length + state.v];
  const rows = [...stacks.images.keys()].filter((row) => state.v < 0 || (own(row) >= from && own(row) < to));
  const number = ((state.jet % rows.length) + rows.length) % rows.length;
  return { row: rows[number], number, count: rows.length, image: stacks[state.stack][rows[number]] };
}

// All that is shown of a state.
export function lookAt(data, state) {
  const averages = mapped(data.samples, (sample) => averageOf(sample, state.stack, cellsOf(data, state), data.pixels));
  const singles = mapped(data.samples, (sample) => singleOf(sample, data, state));
  const images = mapped(averages, ({ mean }, kind) => (state.shown === "jets" ? singles[kind].image : mean));
  return { state, averages, singles, images, ...subtracted(averages.signal, averages.background) };
}

// [label, value] pairs; joined they are Python's `readout`.
export function readoutParts(data, { state, averages, images, difference, error, pull }) {
  const at = state.pixel[0] * data.shape[1] + state.pixel[1];
  const { name, texts } = data.variables[Math.max(state.v, 0)];
  const each = (label, text) => KINDS.map((kind) => [`${label}_${kind[0]}`, text(kind)]);
  return [
    ["selected", state.v < 0 ? "all jets" : `${shorten(name)} ${texts[state.from]} to ${texts[state.to]}`],
    ...each("ε", (kind) => percent(averages[kind].share)),
    ["pixel", [1, 0].map((axis) => significant(data.centres[axis][state.pixel[axis]])).join(", ")],
    ...(state.shown === "jets"
      ? each("jet", (kind) => significant(images[kind]?.[at] ?? NaN))
      : each("I", (kind) => withError(averages[kind].mean[at], averages[kind].error[at]))),
    ["I_s−I_b", withError(difference[at], error[at])],
    ["pull", finite(pull[at]) ? `${fixed(pull[at], 1)} σ` : "–"],
  ];
}

// The pixels with most of a saliency that together hold half of it.
export function holdsHalf(image) {
  const sizes = image.map(Math.abs);
  let left = sizes.reduce((all, size) => all + size, 0) / 2;
  return [...image.keys()]
    .sort((a, b) => sizes[b] - sizes[a])
    .filter((p) => {
      const wanted = left > 0;
      left -= sizes[p];
      return wanted;
    });
}

// ---------------------------------------------------------------- colours

// Round numbers around some images; about zero if they have two signs. What is positive but less
// than a 10⁻⁵ of the largest has the lowest colour of a logarithm.
function coloured(images, scale) {
  const values = images.flatMap((image) => [...(image ?? [])]).filter(finite);
  const [low, high] = [extreme(values, 0, Math.min), extreme(values, 0, Math.max)];
  const most = Math.max(-low, high) || 1;
  if (scale !== "log") return low < 0 || scale === "signed" ? niceDomain([-most, most], 20) : niceDomain([0, most], 10);
  const least = Math.max(
    extreme(
      values.filter((value) => value > 0),
      high || 1,
      Math.min,
    ),
    DEPTH * high,
  );
  const decade = (value) => Number(`1e${Math.floor(Math.log10(value) + 1e-9)}`);
  const digit = [2, 5, 10].find((one) => one * decade(high || 1) >= high);
  return [decade(least), digit * decade(high || 1)];
}

function shadeIn(domain, scale) {
  const at = scale === "log" ? Math.log10 : Number;
  const [low, high] = domain.map(at);
  return (value) => {
    if (!value) return 0;
    if (scale === "log" && value < 0) return 1;
    return 2 + Math.round((SHADES - 3) * Math.max(0, Math.min(1, (at(value) - low) / (high - low))));
  };
}

// ---------------------------------------------------------------- the view

function render({ model, el }) {
  const data = decode(model.get("table"));
  const { variables, samples, shape, extent } = data;
  const names = { signal: shorten(data.names[0], 14), background: shorten(data.names[1], 14) };
  const salient = "saliency" in samples.signal.stacks;
  const scene = stage(el, "Image browser");
  const publish = watch(scene, model, TRAITS, () => refresh());
  const [paint, paintBar] = [painter(shape[1], shape[0]), painter(SHADES - 2, 1)];
  let [state, now, whole, shades, domains] = [];

  const mix = () => {
    const [nothing, less] = [
      ["--ground", "--ground"],
      ["--line", "--line"],
    ].map((colors) => shadesThrough(scene.root, colors, 2).slice(0, 3));
    shades = [["--heat"], ["--cold", "--ground", "--hot"]].map((colors) =>
      Uint8ClampedArray.of(...nothing, ...less, ...shadesThrough(scene.root, colors, SHADES - 2)),
    );
  };
  const shadesOf = ([low]) => shades[low < 0 ? 1 : 0];
  const read = () => {
    state = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
    const [name, ...ends] = state.brush;
    state.v = variables.findIndex((one) => one.name === name);
    [state.from, state.to] = ends.map((value) => nearest(variables[state.v].edges, value));
  };

  // ---- what stands where
  const change = (name, value) => {
    publish({ [name]: value }, true);
    refresh();
  };
  const turns = [
    ["‹", "the jet before", -1],
    ["›", "the next jet", 1],
  ].map(([text, title, by]) => button(scene, text, title, () => change("jet", state.jet + by)));
  const choices = mapped(OPTIONS, (options, name) =>
    choice(
      scene,
      name,
      Object.entries(options).map(([value, title]) => [value, value, title]),
      "",
      (value) => change(name, value),
    ),
  );
  const clear = button(scene, "all jets", "select all jets", () => {
    choose(-1);
    settle();
  });
  const box = (look) => div(`plot image-${look}`);
  const panelOf = (controls, ...plots) => element("div", {}, div("controls", ...controls), ...plots);
  const plots = ["map", "map", "map", "bar", "bar", ...variables.map(() => "low")].map(box);
  plots.slice(0, 3).forEach((plot) => plot.style.setProperty("aspect-ratio", (1.03 * shape[1]) / shape[0]));
  const grid = div(
    "images",
    div(
      "images image-pair",
      panelOf([choices.shown.node, element("span", {}, ...turns)], plots[0]),
      panelOf([choices.scale.node, ...(salient ? [choices.stack.node] : [])], plots[1]),
      plots[3],
    ),
    panelOf([choices.contrast.node], plots[2], plots[4]),
    ...variables.map((_, v) =>
      panelOf([[clear, quiet("drag to select")], [quiet("line: all, filled: selected")]][v] ?? [], plots[5 + v]),
    ),
  );
  const rows = (text) => {
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
      pull,
    };
    const selected = readoutParts(data, now)[0][1];
    return [
      ["selected", "x", "y", ...Object.keys(columns)],
      ...Array.from(difference, (_, p) => [
        selected,
        ...[
          data.centres[1][p % shape[1]],
          data.centres[0][Math.floor(p / shape[1])],
          ...Object.values(columns).map((column) => column[p]),
        ].map(text),
      ]),
    ];
  };
  const foot = footer(scene, "images", "Average of each pixel", rows, () => [images, bars, histograms]);
  const note = [data.note, salient ? "dots: pixels that hold half of the saliency" : ""].filter(Boolean).join("; ");
  scene.root.append(grid, element("p", { class: "quiet image-note" }, note), ...foot.nodes);

  // ---- images
  const cell = ({ left, top, width, height }, row, column) => ({
    x: left + (column * width) / shape[1],
    y: top + ((shape[0] - 1 - row) * height) / shape[0],
    width: width / shape[1],
    height: height / shape[0],
  });
  const mark = (panel, inside, half, looks) => {
    const path = inside
      .map((p) => cell(panel.inner, Math.floor(p / shape[1]) - 0.5, (p % shape[1]) + 0.5))
      .map(({ x, y }) => `M${x - half} ${y}h${2 * half}`)
      .join("");
    for (const look of looks) trace(panel, path, `image-${look}`);
  };
  const below = (image) => (state.scale === "log" && image ? [...image.keys()].filter((p) => image[p] < 0) : []);
  const drawImage = (panel, image, domain, scale, words, excuse) => {
    const known = image?.some((value) => !Number.isNaN(value));
    const shade = shadeIn(domain, scale);
    fillWith(
      panel,
      paint(shadesOf(domain), (p) => (known ? shade(image[p]) : 0)),
    );
    if (!known) remark(panel, excuse, 0.3 * panel.inner.height);
    const said = words.map(([text, kind]) => vector("tspan", { class: kind && `name-${kind}` }, text));
    fit(
      write(panel, panel.inner.left + 9, panel.inner.top + 19, "label image-name", ...said),
      "",
      panel.inner.width - 12,
    );
  };
  const drawClass = (panel, kind) => {
    const { count, number, row } = now.singles[kind];
    const single = state.shown === "jets";
    const counted = single
      ? count
        ? `jet ${number + 1} of ${count}`
        : "no jet"
      : `${fixed(now.averages[kind].jets, 0)} jets`;
    drawImage(
      panel,
      now.images[kind],
      domains[0],
      state.scale,
      [[`${names[kind]} `, kind], [counted]],
      "no jets here: select others",
    );
    const saliency = single ? samples[kind].jets.stacks.saliency?.[row] : now.over?.[kind].mean;
    mark(panel, below(now.images[kind]), 2, ["minus"]);
    if (saliency) mark(panel, holdsHalf(saliency), 0, ["halo", "dots"]);
  };
  const axis = (i) => ({ title: data.axes[i], plain: true, kind: "linear", domain: extent.slice(2 * i, 2 * i + 2) });
  const images = [...KINDS, "difference"].map((kind, i) =>
    frame(scene, plots[i], {
      label: `Image of ${shorten(data.names[i] ?? "the difference")}`,
      x: axis(0),
      y: axis(1),
      afterLayout: () => point(i),
      draw: (panel) =>
        names[kind]
          ? drawClass(panel, kind)
          : drawImage(
              panel,
              now[state.contrast],
              domains[1],
              "linear",
              [[names.signal, "signal"], [" − "], [names.background, "background"]],
              state.stack === "images" ? "nothing here to compare" : "no errors are kept of a saliency",
            ),
    }),
  );
  const swatch = (panel, x, y, text, look) =>
    panel.labels.append(
      vector("rect", { x, y, width: 14, height: 14, class: `image-swatch ${look}` }),
      vector("path", { d: `M${x + 5} ${y + 7}h4`, class: look && "image-minus" }),
      vector("text", { x: x + 19, y: y + 11 }, text),
    );
  const bars = [0, 1].map((i) =>
    frame(scene, plots[3 + i], {
      label: "Colours",
      x: { title: "", plain: true, kind: "linear", domain: [0, 1], room: 52, aside: i ? 0 : 120 },
      y: BARE,
      draw: (panel) => {
        fillWith(
          panel,
          paintBar(shadesOf(domains[i]), (p) => p + 2),
        );
        const [x, y] = [panel.inner.left, panel.inner.top + panel.inner.height + 25];
        if (!i) swatch(panel, x, y, "0", "");
        if (!i && KINDS.some((kind) => below(now.images[kind]).length)) swatch(panel, x + 44, y, "< 0", "image-less");
      },
    }),
  );

  // ---- the pixel that is read out
  const cursors = images.map(({ overlay }, i) =>
    overlay.appendChild(
      vector("rect", {
        class: "image-cursor",
        ...(i
          ? { "aria-hidden": "true" }
          : {
              role: "slider",
              tabindex: "0",
              "aria-label": "pixel",
              "aria-valuemin": 0,
              "aria-valuemax": data.pixels - 1,
            }),
      }),
    ),
  );
  holdControl(images[0]);
  const point = (i) => {
    if (images[i].inner)
      furnish(
        cursors[i],
        mapped(cell(images[i].inner, ...state.pixel), (value) => value.toFixed(1)),
      );
  };
  const goTo = (...at) => {
    const pixel = at.map((place, i) => Math.max(0, Math.min(shape[i] - 1, Math.floor(place))));
    if (String(pixel) === String(state.pixel)) return;
    state.pixel = pixel;
    settled = false;
    publish({ pixel });
    tell();
  };
  let settled = true;
  const settlePixel = () => {
    if (!settled) publish({ pixel: state.pixel }, true);
    settled = true;
  };
  images.forEach((panel) =>
    dragArea(scene, panel, {
      begin: () => cursors[0].focus({ preventScroll: true }),
      release: settlePixel,
      move: (x, y) =>
        goTo(
          ((y - extent[2]) / (extent[3] - extent[2])) * shape[0],
          ((x - extent[0]) / (extent[1] - extent[0])) * shape[1],
        ),
    }),
  );
  const MOVES = {
    ArrowUp: [1, 0],
    ArrowDown: [-1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    PageUp: [5, 0],
    PageDown: [-5, 0],
    Home: [0, -1e9],
    End: [0, 1e9],
  };
  listen(scene, cursors[0], "keydown", (event) => {
    const move = MOVES[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    goTo(...state.pixel.map((place, i) => place + move[i]));
  });
  for (const kind of ["keyup", "blur"]) listen(scene, cursors[0], kind, settlePixel);

  // ---- histograms and their brush
  const selectedIn = ({ cross, total }, { first, bins }) =>
    Float64Array.from({ length: bins }, (_, bin) => {
      let content = 0;
      for (let [row, to] = cellsOf(data, state); row < to; row += 1) content += cross[row * data.cells + first + bin];
      return content / total;
    });
  const shares = ({ first, bins }) =>
    mapped({ background: 0, signal: 0 }, (_, kind) =>
      samples[kind].sumw.slice(first, first + bins).map((sumw) => sumw / samples[kind].total),
    );
  const drawHistogram = (panel, variable, v) => {
    const { left, top, width, height } = panel.inner;
    const histogram = shares(variable);
    for (const [kind, contents] of Object.entries(histogram)) {
      if (!samples[kind].total) continue;
      steps(panel, variable.edges, selectedIn(samples[kind], variable), { class: `area-${kind} image-chosen` }, true);
      steps(panel, variable.edges, contents, { class: `line-${kind}` });
      const x = panel.x(samples[kind].jets.values[now.singles[kind].row * variables.length + v]);
      if (state.shown === "jets" && finite(x))
        panel.marks.append(classMark(Math.max(left + 5, Math.min(left + width - 5, x)), top + height - 8, kind));
    }
    nameHistograms(panel, { histogram }, variable.edges, names);
  };
  const histograms = variables.map((variable, v) => {
    const heights = Object.values(shares(variable)).flatMap((column) => [...column]);
    return frame(scene, plots[5 + v], {
      label: `Histogram of ${variable.name}`,
      afterLayout: () => cover(v),
      draw: (panel) => drawHistogram(panel, variable, v),
      x: {
        title: shorten(variable.name),
        plain: true,
        kind: "linear",
        domain: [variable.edges[0], variable.edges[variable.bins]],
      },
      y: {
        title: "share / bin",
        kind: "linear",
        domain: [extreme(heights, 0, Math.min), 1.18 * extreme(heights, 0, Math.max) || 1],
      },
    });
  });
  const ends = (v) => (v === state.v ? [state.from, state.to] : [0, variables[v].bins]);
  const choose = (v, from, to) => {
    if (v === state.v && from === state.from && to === state.to) return;
    const brush = v < 0 ? [] : [variables[v].name, variables[v].edges[from], variables[v].edges[to]];
    Object.assign(state, { v, from, to, brush });
    publish({ brush });
    show();
  };
  const settle = () => {
    publish({ brush: state.brush }, true);
    foot.refresh();
  };
  const brushes = variables.map(({ name, edges, texts }, v) =>
    brush(
      scene,
      [histograms[v]],
      [`lowest ${name}`, `highest ${name}`],
      () => ({ edges, text: (i) => texts[i], ends: ends(v), own: v === state.v }),
      (from, to) => choose(v, from, to),
      settle,
    ),
  );
  const cover = (v) => {
    brushes[v]();
    histograms[v].svg.toggleAttribute("data-brushed", v === state.v);
  };
  listen(scene, scene.root, "keydown", ({ key }) => {
    if (key !== "Escape" || state.v < 0) return;
    choose(-1);
    settle();
  });

  // ---- all that follows the state
  const tell = () => {
    const parts = readoutParts(data, { ...now, state });
    foot.write(parts);
    furnish(cursors[0], {
      "aria-valuenow": state.pixel[0] * shape[1] + state.pixel[1],
      "aria-valuetext": joined(parts.slice(3)),
    });
    images.forEach((_, i) => point(i));
  };
  const show = () => {
    now = lookAt(data, state);
    now.over = salient
      ? mapped(samples, (sample) => averageOf(sample, "saliency", cellsOf(data, state), data.pixels))
      : null;
    const { stack, shown, scale, contrast } = state;
    if (whole?.stack !== stack) whole = { stack, ...lookAt(data, { ...state, v: -1, shown: "averages" }) };
    // Of all jets and of those selected: it seldom changes, and nothing runs out of it. A
    // difference of few jets would be lost on the scale of all: it has its own.
    const common =
      shown === "jets"
        ? (whole[scale] ??= coloured(
            KINDS.flatMap((kind) => samples[kind].jets.stacks[stack]),
            scale,
          ))
        : coloured([...Object.values(whole.images), ...Object.values(now.images)], scale);
    domains = [common, coloured([now[contrast]], "signed")];
    images.forEach((panel) => panel.redraw());
    const quantity = shown === "jets" ? data.quantity.replace(/^mean /, "") : data.quantity;
    bars[0].set({ x: { title: stack === "images" ? quantity : stack, kind: scale, domain: domains[0] } });
    bars[1].set({ x: { title: contrast === "pull" ? "difference / its error [σ]" : contrast, domain: domains[1] } });
    histograms.forEach((panel) => panel.redraw());
    clear.disabled = state.v < 0;
    tell();
  };
  const refresh = () => {
    read();
    Object.entries(choices).forEach(([name, one]) => one.show(state[name]));
    turns.forEach((turn) => {
      turn.disabled = state.shown !== "jets";
    });
    show();
    foot.refresh();
    foot.reserve(data.cells + 1, (row) => {
      const v = variables.findLastIndex(({ first }) => first < row);
      const from = row - 1 - (variables[v]?.first ?? 0);
      return readoutParts(data, lookAt(data, { ...state, v, from, to: from + 1 }));
    });
  };
  mix();
  onTheme(scene, () => {
    mix();
    show();
  });
  refresh();
  return scene.cleanup;
}

export default view(render);
