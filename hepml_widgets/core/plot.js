// Shared by every widget: elements, numbers, scales, frames, handles, themes, downloads.
// Text that comes from a user only ever becomes a text node.

const max = Math.max;
const min = Math.min;

// ---------------------------------------------------------------- elements

const SVG = "http://www.w3.org/2000/svg";

// Classes are written without the "hepml-" that all of ours begin with.
export function furnish(node, attributes, children = []) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    node.setAttribute(name, name === "class" ? value.replace(/\S+/g, "hepml-$&") : value);
  }
  node.append(...children);
  return node;
}

export function element(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

export function vector(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, tag === "text" ? children.flatMap(typeset) : children);
}

export const div = (look, ...children) => element("div", { class: look }, ...children);

export const quiet = (...words) => element("span", { class: "quiet" },
  ...words.map((word) => (typeof word === "string" ? bound(word) : word)));

// For as long as the view lives.
export const listen = ({ signal }, node, event, act) => node.addEventListener(event, act, { signal });

// Marks stay with what they mark when a line is broken, dots with what they follow.
const bound = (text) => text.replace(/([▲●△○■◆]) /g, "$1\u00a0").replaceAll(" · ", "\u00a0· ");

// A name may have "_{…}" and "^{…}", as in m_{jj}: set below and above, and nothing else is.
const MARKED = /([_^]\{[^{}]+\})/;
const piecesOf = (text) => text.split(MARKED).filter((part) => part !== "").map((part) =>
  (MARKED.test(part) ? [part.slice(2, -1), part[0]] : [part, ""]));
const unmarked = (text) => piecesOf(text).map(([part]) => part).join("");

function typeset(child) {
  if (typeof child !== "string" || !MARKED.test(child)) return [child];
  let at = 0;
  return piecesOf(child).map(([part, mark]) => {
    const to = { "": 0, _: 3, "^": -5 }[mark];
    const node = vector("tspan", { dy: to - at || null, class: mark ? "sub" : null }, part);
    at = to;
    return node;
  });
}

export const setHTML = (text) => piecesOf(text).map(([part, mark]) =>
  (mark ? element(mark === "_" ? "sub" : "sup", {}, part) : document.createTextNode(part)));

// "ε_s [%]": one letter alone after an underscore is lowered; for our own labels only.
const LOWERED = /(_[a-zA-Z](?![a-zA-Z0-9_]))/;

export function richHTML(text) {
  return bound(text).split(LOWERED).flatMap((part) =>
    /^_[a-zA-Z]$/.test(part) ? [element("sub", {}, part[1])] : setHTML(part));
}

export function richSVG(text) {
  const parts = text.split(LOWERED).filter((part) => part !== "");
  let lowered = false;
  return parts.map((part) => {
    const down = /^_[a-zA-Z]$/.test(part);
    const shift = down ? 3 : lowered ? -3 : 0;
    lowered = down;
    const size = down ? "sub" : null;
    return vector("tspan", { dy: shift || null, class: size }, down ? part[1] : part);
  });
}

// Marks that reorder text must not reach what stands beside a name: they are dropped, and the
// name is isolated; a script that runs from right to left still does.
const upright = (text) => text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");

// What is cut are letters that are seen: a mark keeps its braces.
export function shorten(name, length = 24) {
  const text = upright(name);
  if ([...unmarked(text)].length <= length) return `\u2068${text}\u2069`;
  let room = length - 1;
  const kept = piecesOf(text).map(([part, mark]) => {
    const some = [...part].slice(0, room).join("");
    room -= [...some].length;
    return mark && some ? `${mark}{${some}}` : some;
  });
  return `\u2068${kept.join("")}…\u2069`;
}

// ---------------------------------------------------------------- numbers
// The same arithmetic as hepml_widgets/_numbers.py, so that both print the same digits.

const THIN = "\u202f";
const PLUS_MINUS = "\u00a0±\u00a0"; // no line break parts a value from its error
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

export const finite = Number.isFinite;
const power = (exponent) => Number(`1e${exponent}`);
const exponentOf = (value) => Number(Math.abs(value).toExponential(16).split("e")[1]);

export function superscript(integer) {
  const digits = [...String(Math.abs(integer))].map((digit) => SUPERSCRIPTS[digit]).join("");
  return (integer < 0 ? "⁻" : "") + digits;
}

function shift(value, places) {
  if (Math.abs(places) > 300) return shift(shift(value, Math.sign(places) * 300), places - Math.sign(places) * 300);
  return places >= 0 ? value * power(places) : value / power(-places);
}

// Half up on the magnitude: the language's own rounding differs between Python and JavaScript.
export function fixed(value, places, group = THIN) {
  const whole = Math.floor(shift(Math.abs(value), places) + 0.5);
  let digits = BigInt(whole).toString();
  if (places < 0 && whole > 0) digits += "0".repeat(-places);
  if (places > 0) digits = digits.padStart(places + 1, "0");
  const cut = digits.length - max(places, 0);
  const integer = digits.slice(0, cut).replace(/\B(?=(\d{3})+(?!\d))/g, group);
  const sign = value < 0 && whole > 0 ? "−" : "";
  return sign + integer + (places > 0 ? "." + digits.slice(cut) : "");
}

const isPlain = (size) => size === 0 || (size >= 1e-3 && size < 1e7);

function scientific(value, places) {
  const first = exponentOf(value);
  const exponent = first + (fixed(shift(Math.abs(value), -first), places) >= 10 ? 1 : 0);
  return `${fixed(shift(value, -exponent), places)}×10${superscript(exponent)}`;
}

export function significant(value, digits = 3) {
  if (!finite(value)) return "–";
  if (!isPlain(Math.abs(value))) return scientific(value, digits - 1);
  const exponent = value === 0 ? 0 : exponentOf(value);
  return fixed(value, max(0, digits - 1 - exponent));
}

// Decimal place of the one digit an uncertainty is given with.
function placesOf(error) {
  const exponent = exponentOf(error);
  return Math.floor(shift(error, -exponent) + 0.5) === 10 ? -exponent - 1 : -exponent;
}

export function withError(value, error) {
  if (!finite(value)) return "–";
  if (!finite(error) || !(error > Math.abs(value) * 1e-9)) return significant(value);
  const size = max(Math.abs(value), error);
  if (isPlain(size)) {
    const places = placesOf(error);
    return fixed(value, places) + PLUS_MINUS + fixed(error, places);
  }
  const exponent = exponentOf(size);
  const [v, e] = [shift(value, -exponent), shift(error, -exponent)];
  const places = placesOf(e);
  return `(${fixed(v, places)}${PLUS_MINUS}${fixed(e, places)})×10${superscript(exponent)}`;
}

export function percent(fraction) {
  const value = 100 * fraction;
  if (!finite(value)) return "–";
  return `${Math.abs(value) >= 1 || value === 0 ? fixed(value, 1) : significant(value, 2)}${THIN}%`;
}

// A probability near 0 or 1, told by its distance from there.
export function probability(value, neighbours) {
  if (value === 0 || value === 1) return fixed(value, 2);
  if (value > 0 && value < 1e-3) return significant(value);
  return value > 0.999 && value < 1 ? `1−${significant(1 - value)}` : distinct(value, neighbours);
}

// As many decimals as tell a value from its neighbours.
export function distinct(value, neighbours) {
  if (!isPlain(Math.abs(value)) && Math.abs(value) >= 1) return significant(value, 6);
  const others = neighbours.filter((other) => Math.abs(other) < 1e7 && other !== value);
  for (let places = 2; places < 15; places += 1) {
    const text = fixed(value, places);
    if (others.every((other) => fixed(other, places) !== text)) return text;
  }
  return fixed(value, 15);
}

// ---------------------------------------------------------------- tables
// Columns travel as little-endian floats of 8 (or 4, or 2) bytes, or as single bytes: binary while
// a kernel lives, base64 in a page.

export function floats(column, size = 8) {
  if (Array.isArray(column)) return Float64Array.from(column);
  if (column.base64 === undefined) return readFloats(column, size);
  const bytes = Uint8Array.from(atob(column.base64), (letter) => letter.charCodeAt(0));
  return readFloats(bytes.buffer, size);
}

function readFloats(binary, size) {
  const view = binary instanceof ArrayBuffer
    ? new DataView(binary)
    : new DataView(binary.buffer, binary.byteOffset, binary.byteLength);
  const read = { 8: (at) => view.getFloat64(at, true), 4: (at) => view.getFloat32(at, true), 2: (at) => half(view.getUint16(at, true)), 1: (at) => view.getUint8(at) }[size];
  return Float64Array.from({ length: view.byteLength / size }, (_, i) => read(size * i));
}

function half(bits) {
  const [exponent, rest] = [(bits >> 10) & 31, bits & 1023];
  return (bits >> 15 ? -1 : 1) * (exponent ? (1024 + rest) * 2 ** (exponent - 25) : rest * 2 ** -24);
}

export const mapped = (group, act) =>
  Object.fromEntries(Object.entries(group).map(([name, one]) => [name, act(one, name)]));

export const twice = (values) => Array.from(values).flatMap((value) => [value, value]);

// The first of the nearest, in any order.
export const closest = (values, wanted) => values.reduce((best, value, i) =>
  (Math.abs(value - wanted) < Math.abs(values[best] - wanted) ? i : best), 0);

export function nearest(sorted, value) {
  let low = 0;
  let high = sorted.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle;
  }
  return value - sorted[low] <= sorted[high] - value ? low : high;
}

// ---------------------------------------------------------------- scales

const same = (v) => v;
const plain = { forward: same, backward: same };
const TRANSFORMS = {
  linear: plain, count: plain, none: plain,
  log: { forward: (v) => Math.log10(v), backward: (u) => 10 ** u },
  logit: { forward: (v) => Math.log(v / (1 - v)), backward: (u) => 1 / (1 + Math.exp(-u)) },
};

// A domain without a width, or too narrow for the numbers of the language, gets one about it.
function widened(kind, [low, high]) {
  if (kind === "log") return high > low * (1 + 1e-9) || !(low > 0) ? [low, high] : [low / 2, low * 2];
  if (kind === "count" && high - low < 1) return [Math.floor(low), Math.floor(low) + 1];
  const largest = max(Math.abs(low), Math.abs(high));
  if (kind === "logit" || high - low > 1e-13 * largest) return [low, high];
  const half = largest * (high > low ? 1e-10 : 0.05) || 0.5;
  return [low - half, low + half];
}

export function makeScale(kind, domain, range) {
  const { forward, backward } = TRANSFORMS[kind];
  const shown = widened(kind, domain);
  const [from, to] = shown.map(forward);
  const slope = (range[1] - range[0]) / (to - from || 1);
  const scale = (value) => range[0] + (forward(value) - from) * slope;
  scale.invert = (pixel) => backward(from + (pixel - range[0]) / slope);
  scale.kind = kind;
  scale.domain = shown;
  scale.ticks = (count) => ticksOf(kind, shown, count);
  return scale;
}

function niceStep(span, count) {
  const raw = span / max(1, count);
  const unit = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((m) => m * unit).find((step) => step >= raw * 0.999999);
}

// Domain widened to whole steps, for axes that end on a tick.
export function niceDomain([low, high], count = 5) {
  if (!(high > low)) return [low - 0.5, high + 0.5];
  const step = niceStep(high - low, count);
  return [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
}

// At least two numbers on every axis: finer steps where the wanted ones give fewer.
function ticksOf(kind, domain, count) {
  for (let finer = count; finer < count + 8; finer += 1) {
    const ticks = TICKS[kind](domain, finer);
    if (kind === "none" || ticks.filter(({ label }) => label).length > 1) return ticks;
  }
  return linearTicks(domain, max(count, 4));
}

function linearTicks([low, high], count) {
  const step = niceStep(high - low, count);
  const parts = Math.round(step / 10 ** Math.floor(Math.log10(step) + 1e-9)) === 2 ? 4 : 5;
  const small = step / parts;
  const { base, label } = linearLabel(step, low, high);
  const ticks = [];
  for (let i = Math.ceil(low / small - 1e-6); i * small <= high + small * 1e-6 && ticks.length < 200; i += 1) {
    const major = i % parts === 0;
    ticks.push({ value: i * small, major, label: major ? label(i * small) : null, base });
  }
  return ticks;
}

const DIGITS = 7; // of one number at an axis

// Numbers that differ in a late digit are written less a round one, which goes to the title.
function linearLabel(step, low, high) {
  const largest = max(Math.abs(low), Math.abs(high));
  const place = exponentOf(step * 1.000001);
  const exponent = exponentOf(largest * 1.000001);
  const left = max(0, exponent - place);
  if (left >= DIGITS && high - low < largest / 10) {
    const unit = exponentOf(high - low) + 2;
    const base = shift(Math.round(shift(low, -unit)), unit);
    const text = fixed(Math.abs(base), max(0, -unit)).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
    const { label } = linearLabel(step, low - base, high - base);
    return { base: `${base < 0 ? "+" : "−"} ${text}`, label: (value) => label(value - base) };
  }
  const decimals = max(0, -place);
  const isShort = step >= 1e-4 || (largest >= 0.01 && left < DIGITS);
  if (largest < 1e6 && isShort) return { label: (value) => fixed(value, decimals) };
  const power10 = `×10${superscript(exponent)}`;
  return { label: (value) => (Math.abs(value) < step / 2 ? "0" : fixed(shift(value, -exponent), left) + power10) };
}

function powerLabel(exponent) {
  if (exponent === 0) return "1";
  return exponent === 1 ? "10" : `10${superscript(exponent)}`;
}

// Decades; 2 and 5 of each where there are few; even steps within one.
function logTicks([low, high], count) {
  const [first, last] = [Math.floor(Math.log10(low) + 1e-9), Math.ceil(Math.log10(high) - 1e-9)];
  const inside = (value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const stride = max(1, Math.ceil((last - first) / max(1, count)));
  const narrow = last - first <= 2 && count >= 3;
  const ticks = [];
  for (let decade = first; decade <= last; decade += 1) {
    for (let digit = 1; digit < (last - first > 12 ? 2 : 10); digit += 1) {
      const value = digit * power(decade);
      if (!inside(value)) continue;
      const major = digit === 1 && (decade - first) % stride === 0;
      const named = major || (narrow && (digit === 2 || digit === 5));
      const text = digit === 1 ? powerLabel(decade) : significant(value, 1);
      ticks.push({ value, major, label: named ? text : null });
    }
  }
  return ticks;
}

function logitTicks([low, high], count) {
  const reach = max(1, Math.ceil(-Math.log10(min(low, 1 - high))));
  const stride = max(1, Math.ceil((2 * reach + 1) / max(2, count)));
  const ticks = [{ value: 0.5, major: true, label: "0.5" }];
  for (let n = 1; n <= reach; n += 1) {
    const major = n % stride === 0;
    const short = n <= 2;
    const lower = short ? fixed(power(-n), n) : powerLabel(-n);
    const upper = short ? fixed(1 - power(-n), n) : `1−${powerLabel(-n)}`;
    ticks.push({ value: power(-n), major, label: major ? lower : null });
    ticks.push({ value: 1 - power(-n), major, label: major ? upper : null });
  }
  return ticks.filter(({ value }) => value >= low && value <= high);
}

// Whole numbers only: epochs, rounds, events.
function countTicks([low, high], count) {
  const few = max(1, min(count, Math.ceil(high - low)));
  return linearTicks([low, high], few).filter(({ value }) => Math.abs(value - Math.round(value)) < 1e-6);
}

const TICKS = { linear: linearTicks, log: logTicks, logit: logitTicks, count: countTicks, none: () => [] };

// ---------------------------------------------------------------- stage

function luminance(color) {
  if (color.startsWith("#")) return 1;
  const [r, g, b, a = 1] = (color.match(/[\d.]+/g) ?? [255, 255, 255]).map(Number);
  return a === 0 ? null : (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

// The first opaque colour behind a node; a bare page is white.
function groundOf(node) {
  for (let at = node; at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (luminance(backgroundColor) !== null) return backgroundColor;
  }
  return "#ffffff";
}

// What the host says of itself comes first; else the ground the widget stands on.
function hostIsDark(node) {
  const { dataset: html } = document.documentElement;
  const { dataset: body, classList } = document.body;
  if (body.jpThemeLight) return body.jpThemeLight === "false";
  if (html.theme === "dark" || html.theme === "light") return html.theme === "dark";
  if (classList.contains("vscode-dark")) return true;
  return luminance(groundOf(node.parentElement)) < 0.5;
}

// The root of one view: theme, listeners with one signal, and one cleanup for all of it.
export function stage(el, label) {
  const controller = new AbortController();
  const cleanups = [() => controller.abort()];
  const root = element("div", { role: "group", "aria-label": label });
  root.className = "hepml";
  // JupyterLab would walk through its cells.
  root.addEventListener("keydown", (e) => e.ctrlKey || e.metaKey || e.altKey || e.stopPropagation());
  el.append(root);
  const paint = () => {
    if (!root.isConnected) return;
    root.dataset.theme = hostIsDark(root) ? "dark" : "light";
    root.style.setProperty("--ground", groundOf(root.parentElement));
  };
  const themes = new MutationObserver(() => requestAnimationFrame(paint));
  for (const node of [document.documentElement, document.body]) {
    themes.observe(node, { attributes: true, attributeFilter: ["class", "data-theme", "data-mode", "data-jp-theme-light", "data-jp-theme-name", "style"] });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener(
    "change", () => requestAnimationFrame(paint), { signal: controller.signal });
  const sizes = new ResizeObserver((entries) => {
    paint();
    for (const { target } of entries) target.hepmlLayout?.();
  });
  sizes.observe(root);
  cleanups.push(() => themes.disconnect(), () => sizes.disconnect(), () => root.remove());
  paint();
  return {
    root,
    signal: controller.signal,
    sizes,
    defer: (work) => cleanups.push(work),
    cleanup: () => cleanups.splice(0).reverse().forEach((work) => work()),
  };
}

// Watches traits for as long as the view lives, and sets them without being told of it: views of
// one model follow each other at once, Python hears of it when the gesture is over.
export function watch(scene, model, names, react) {
  let busy = false;
  const hear = () => busy || react();
  for (const name of names) {
    model.on(`change:${name}`, hear);
    scene.defer(() => model.off(`change:${name}`, hear));
  }
  return (traits, done = false) => {
    busy = true;
    for (const [name, value] of Object.entries(traits)) model.set(name, value);
    busy = false;
    if (done) model.save_changes();
  };
}

// ---------------------------------------------------------------- frames

// One set of axes in its own SVG. `draw(panel)` adds the marks; it runs again on every layout.
//   x, y: { title, plain: the title is a user's, kind: "linear" | "log" | "logit" | "count" | "none", domain,
//           room: pixels for one number along x, at the left of y; below: pixels under x;
//           aside: pixels beside the title of x that are something else's }
//   draw(panel), then what stands in panel.after: on every layout
export function frame(scene, host, { label, x, y, draw, afterLayout }) {
  // Not a count: a page may hold several copies of this script, each counting for itself.
  const clip = `hepml-clip-${Math.random().toString(36).slice(2)}`;
  const svg = vector("svg", { class: "frame", role: "img", "aria-label": label });
  const layer = (name, clipped) =>
    svg.appendChild(vector("g", { class: name, "clip-path": clipped ? `url(#${clip})` : null }));
  const box = vector("rect");
  svg.append(vector("clipPath", { id: clip }, box));
  const panel = {
    pen: element("canvas").getContext("2d"), svg, host, label, axes: { x, y }, after: afterLayout ? [afterLayout] : [],
    marks: layer("marks", true),
    cover: layer("cover", true),
    back: layer("axes", false),
    overlay: layer("overlay", false),
    labels: layer("labels", false),
  };
  panel.set = (axes) => {
    panel.axes = { x: { ...panel.axes.x, ...axes.x }, y: { ...panel.axes.y, ...axes.y } };
    panel.redraw();
  };
  // Measuring makes the browser lay out the page at once: only when the size may have changed.
  panel.layout = () => {
    const [width, height] = [Math.round(host.clientWidth), Math.round(host.clientHeight)];
    if (width < 40 || height < 40) return;
    panel.size = { width, height };
    panel.family = getComputedStyle(svg).fontFamily;
    panel.redraw();
  };
  panel.redraw = () => {
    if (!panel.size) {
      panel.layout();
      return;
    }
    const drawn = JSON.stringify([panel.size, panel.axes]);
    if (panel.drawn !== drawn) {
      arrange(panel, panel.size.width, panel.size.height);
      const { left, top, width, height } = panel.inner;
      furnish(box, { x: left, y: top, width, height });
      drawAxes(panel);
      panel.drawn = drawn;
      panel.stood = new Map();
    }
    panel.marks.replaceChildren();
    panel.labels.replaceChildren();
    [panel.lines, panel.wishes] = [[], []];
    draw(panel);
    findRoom(panel);
    for (const act of panel.after) act();
  };
  host.append(svg);
  host.hepmlLayout = panel.layout;
  scene.sizes.observe(host);
  return panel;
}

const MARGIN = { top: 10, right: 12, bottom: 44 };
const ROW = 44; // pixels for one number along y
const GAP = 7; // between two numbers along x
const DIGIT = 7.2;

// Width of a text in the letters of the frame, without making the browser lay out the page.
export function lengthOf(panel, text, weight = 400) {
  panel.pen.font = `${weight} 12px ${panel.family}`;
  return panel.pen.measureText(text).width;
}

// As many numbers along an axis as have room: each an interval of pixels that meets no other.
function ticksWithRoom(scale, most, sizeOf) {
  for (let count = most; count > 1; count -= 1) {
    const ticks = scale.ticks(count);
    const named = ticks.filter(({ label }) => label).sort((a, b) => scale(a.value) - scale(b.value));
    const ends = named.map(({ value, label }) => [scale(value) - sizeOf(label) / 2, scale(value) + sizeOf(label) / 2]);
    const meets = (i) => i > 0 && ends[i][0] < ends[i - 1][1];
    if (!ends.some((_, i) => meets(i))) return ticks;
    if (count > 2) continue;
    // The outermost are left.
    named.slice(1, -1).forEach((tick) => { tick.label = null; });
    return ticks;
  }
  return [];
}

function arrange(panel, width, height) {
  const { x, y } = panel.axes;
  const [top, tall] = [MARGIN.top, max(20, height - MARGIN.top - (x.below ?? MARGIN.bottom))];
  panel.y = makeScale(y.kind ?? "linear", y.domain, [top + tall, top]);
  panel.rows = ticksWithRoom(panel.y, max(2, Math.floor(tall / ROW)), () => 15);
  const widest = max(0, ...panel.rows.map(({ label }) => (label ? lengthOf(panel, label) : 0)));
  const left = Math.ceil(max(y.room ?? 40, 26 + widest));
  const along = (right) => {
    panel.x = makeScale(x.kind ?? "linear", x.domain, [left, width - right]);
    const most = max(2, Math.floor((width - left - right) / (x.room ?? 56)));
    panel.columns = ticksWithRoom(panel.x, most, (label) => lengthOf(panel, label) + GAP);
    // The half of the last number that stands out, if one stands at the end.
    return max(right, ...panel.columns.filter(({ label }) => label)
      .map(({ value, label }) => Math.ceil(3 + panel.x(value) + lengthOf(panel, label) / 2 - width + right)));
  };
  const right = along(MARGIN.right);
  if (right > MARGIN.right) along(right);
  panel.inner = { left, top, width: max(20, width - left - right), height: tall };
  furnish(panel.svg, { viewBox: `0 0 ${width} ${height}`, width, height });
}

function drawAxes(panel) {
  const { inner: { left, top, width, height }, axes: { x, y } } = panel;
  const [right, bottom] = [left + width, top + height];
  const group = furnish(panel.back, { "data-x": x.kind, "data-y": y.kind });
  group.replaceChildren();
  let path = "";
  for (const { value, major, label } of panel.columns) {
    const at = panel.x(value).toFixed(1);
    const size = major ? 6 : 3;
    path += `M${at} ${bottom}v${-size}M${at} ${top}v${size}`;
    if (label) group.append(vector("text", { x: at, y: bottom + 18, class: "tick middle" }, label));
  }
  for (const { value, major, label } of panel.rows) {
    const at = panel.y(value).toFixed(1);
    const size = major ? 6 : 3;
    path += `M${left} ${at}h${size}M${right} ${at}h${-size}`;
    if (label) group.append(vector("text", { x: left - 6, y: +at + 4, class: "tick end" }, label));
  }
  group.append(
    vector("path", { d: path, class: "ticks" }),
    vector("rect", { x: left, y: top, width, height, class: "box" }),
  );
  entitle(group, x, panel.columns, right - (x.aside ?? 0), { x: right, y: bottom + 36 });
  entitle(group, y, panel.rows, height, { x: -top, y: 13, transform: "rotate(-90)" });
}

// A title that is a user's is cut to its room, whole in a tooltip. What the numbers are less of follows it.
function entitle(group, { title, plain }, ticks, room, place) {
  const base = ticks.find(({ base: one }) => one)?.base;
  const less = base ? ` ${base}` : "";
  const most = Math.floor(room / DIGIT) - less.length;
  const short = plain && (/^[ -~]*$/.test(title) && title.length <= most ? title : shorten(title, most));
  const words = plain ? [short + less] : richSVG(title + less);
  const node = group.appendChild(vector("text", { ...place, class: "title end" }, ...words));
  if (plain) fit(node, title + less, room);
}

// Letters may be wider than most: a text is narrowed until it has room, and whole in a tooltip.
export function fit(node, full, room) {
  if (node.getComputedTextLength() > room) furnish(node, { textLength: room, lengthAdjust: "spacingAndGlyphs" });
  if (full && upright(node.textContent) !== upright(unmarked(full))) node.append(vector("title", {}, full));
}

// ---------------------------------------------------------------- marks

const pixel = (value) => Math.round(max(-1e5, min(1e5, value)) * 10) / 10;

// Points that a scale cannot place (log of zero, undefined) break the line.
function pathThrough(panel, xs, ys) {
  let path = "";
  let pen = "M";
  let points = [];
  for (let i = 0; i < xs.length; i += 1) {
    const [px, py] = [panel.x(xs[i]), panel.y(ys[i])];
    if (finite(px) && finite(py)) {
      path += `${pen}${pixel(px)} ${pixel(py)}`;
      if (pen === "M") panel.lines?.push(points = []);
      points.push(px, py);
      pen = "L";
    } else pen = "M";
  }
  return path;
}

export function trace(panel, d, look, ...parts) {
  const straight = /^M(\S+) (\S+?)([hv])(\S+)$/.exec(d);
  if (straight) {
    const [x, y, by] = [1, 2, 4].map((i) => Number(straight[i]));
    panel.lines?.push([x, y, ...(straight[3] === "h" ? [x + by, y] : [x, y + by])]);
  }
  return panel.marks.appendChild(vector("path", { d, class: look }, ...parts));
}

export const write = (panel, x, y, look, ...words) =>
  panel.labels.appendChild(vector("text", { x, y, class: look }, ...words));

export function line(panel, xs, ys, attributes) {
  return panel.marks.appendChild(vector("path", { d: pathThrough(panel, xs, ys), fill: "none", ...attributes }));
}

// Between two curves; on a log axis what lies at or below zero is put at the frame's floor.
export function band(panel, xs, low, high, attributes) {
  const floor = panel.y.domain[0];
  const lift = (v) => (panel.y.kind === "log" && v <= 0 ? floor : v);
  let path = "";
  for (const [from, to] of runs(xs.length, (i) => [xs[i], low[i], high[i]].every(finite))) {
    const there = [];
    const back = [];
    for (let i = from; i < to; i += 1) {
      there.push(`${pixel(panel.x(xs[i]))} ${pixel(panel.y(lift(high[i])))}`);
      back.push(`${pixel(panel.x(xs[i]))} ${pixel(panel.y(lift(low[i])))}`);
    }
    path += `M${there.join("L")}L${back.reverse().join("L")}Z`;
  }
  return panel.marks.appendChild(vector("path", { d: path, ...attributes }));
}

export const spread = (panel, xs, ys, errors, attributes) =>
  band(panel, xs, ys.map((y, i) => y - errors[i]), ys.map((y, i) => y + errors[i]), attributes);

function runs(length, good) {
  const found = [];
  let from = 0;
  for (let i = 0; i <= length; i += 1) {
    if (i < length && good(i)) continue;
    if (i > from) found.push([from, i]);
    from = i + 1;
  }
  return found;
}

// Histogram outline; with `closed` it comes back along the floor so that it can be filled.
export function steps(panel, edges, contents, attributes, closed = false) {
  const { top, height } = panel.inner;
  const floor = panel.y.domain[0] > 0 || panel.y.kind === "log" ? top + height : panel.y(max(0, panel.y.domain[0]));
  const at = (v) => {
    const y = panel.y(v);
    return finite(y) ? min(y, 1e5) : top + height + 10;
  };
  let path = `M${pixel(panel.x(edges[0]))} ${pixel(closed ? floor : at(contents[0]))}`;
  const points = [];
  contents.forEach((content, i) => {
    points.push(panel.x(edges[i]), at(content), panel.x(edges[i + 1]), at(content));
    path += `V${pixel(at(content))}H${pixel(panel.x(edges[i + 1]))}`;
  });
  if (!closed) panel.lines?.push(points);
  const d = closed ? `${path}V${pixel(floor)}Z` : path;
  panel.marks.append(vector("path", { d, fill: closed ? null : "none", ...attributes }));
}

export function dots(panel, xs, ys, errors, attributes) {
  const group = panel.marks.appendChild(vector("g", attributes));
  for (let i = 0; i < xs.length; i += 1) {
    const [px, py] = [panel.x(xs[i]), panel.y(ys[i])];
    if (!finite(px) || !finite(py)) continue;
    const up = panel.y(ys[i] + errors[i]);
    const low = panel.y(ys[i] - errors[i]);
    const down = finite(low) ? low : panel.inner.top + panel.inner.height;
    panel.lines?.push([px, min(up, py - 2), px, max(down, py + 2)]);
    group.append(
      vector("path", { d: `M${pixel(px)} ${pixel(up)}V${pixel(down)}`, class: "whisker" }),
      vector("circle", { cx: pixel(px), cy: pixel(py), r: 2.2 }),
    );
  }
}

// Where one stands on a curve.
export function point(panel, x, y) {
  const [cx, cy] = [panel.x(x), panel.y(y)];
  if (finite(cx + cy)) panel.marks.append(vector("circle", { cx, cy, r: 4.5, class: "point" }));
}

// Dash of each model, as in _style.py.
export const DASHES = ["", "6 3", "2 2", "8 2 2 2", "4 2", "1 2", "10 3", "8 2 2 2 2 2"];

// The best of a curve, where something stands in pixels.
export const diamond = (x, y) => vector("path", { d: `M${x} ${y - 5}l5 5l-5 5l-5 -5Z`, class: "best" });

// ---------------------------------------------------------------- words among the lines

// Says in the middle of a frame why there is nothing to see.
export function remark(panel, text, down = panel.inner.height / 2) {
  const { left, top, width } = panel.inner;
  panel.wishes.push({ words: text, x: left + width / 2, y: top + down, anchor: "middle", class: "empty" });
}

// Names beside the curves' ends: each where no line and no other text is, as near as can be.
//   items: { text, x, y (pixels), class, full?, anchor? }
export const endLabels = (panel, items) => panel.wishes.push(...items);

const CELL = 4;
const ASIDE = 8; // from the frame to a name

// After all is drawn, what was wished gets its place.
function findRoom(panel) {
  const { lines, wishes } = panel;
  panel.lines = panel.wishes = null;
  if (!wishes.length) return;
  const crossed = crossings(panel.inner, lines);
  const texts = [...panel.svg.querySelectorAll(".hepml-marks text"), ...panel.labels.children];
  const taken = texts.map((node) => node.getBBox()).map(({ x, y, width, height }) => [x, y, x + width, y + height]);
  for (const { words, text, full = text, anchor = "end", class: look = "", ...wish } of wishes) {
    const shown = words ?? shorten(text);
    const most = panel.inner.width - 2 * ASIDE;
    const length = min(most, lengthOf(panel, shown, /chosen|val-line/.test(look) ? 600 : 400));
    const before = { start: 0, middle: length / 2, end: length }[anchor];
    const [x, y] = placeOf(panel, shown, [wish.x - before, wish.y, length], crossed, taken);
    taken.push([x, y - 12, x + length, y + 4]);
    const node = write(panel, pixel(x + before), pixel(y), `label ${anchor} ${look}`, shown);
    if (length === most) fit(node, "", most);
    if (full && upright(shown) !== upright(full)) node.append(vector("title", {}, full));
  }
}

// The place of a text [left, baseline, length] that is nearest to the wished one and best for reading;
// one that stood well stays, so that names do not jump while something is dragged.
function placeOf(panel, text, [x, y, length], crossed, taken) {
  const { inner: { left, top, width, height }, stood } = panel;
  const spoilt = (at, line) => crossed(at, line - 12, length, 15)
    + 400 * taken.filter(([x0, y0, x1, y1]) => at < x1 + 4 && x0 < at + length + 4 && line - 12 < y1 && y0 < line + 4).length;
  const [last, floor] = [left + width - ASIDE - length, top + height - 7];
  const [at, line] = [max(left + ASIDE, min(last, x)), max(top + 14, min(floor, y))];
  const kept = stood.get(text);
  if (kept && Math.hypot(kept[0] - at, kept[1] - line) < 40 && !spoilt(...kept)) return kept;
  let [best, least] = [[at, line], spoilt(at, line) * CELL];
  const attempt = (toX, toY) => {
    const far = Math.abs(toX - at) / 2 + Math.abs(toY - line);
    if (far >= least) return;
    const cost = far + spoilt(toX, toY) * CELL;
    if (cost < least) [best, least] = [[toX, toY], cost];
  };
  for (let down = 0; down < height && down < least; down += CELL) {
    for (let aside = 0; aside < width && aside / 2 + down < least; aside += 2 * CELL) {
      for (const toY of [line - down, line + down]) {
        if (toY < top + 14 || toY > floor) continue;
        for (const toX of [at - aside, at + aside]) if (toX >= left + ASIDE && toX <= last) attempt(toX, toY);
      }
    }
  }
  stood.set(text, best);
  return best;
}

// How many cells of a box hold a piece of a line: crossed(left, top, width, height).
function crossings({ left, top, width, height }, lines) {
  const [columns, rows] = [width, height].map((size) => Math.ceil(size / CELL) + 1);
  const cells = new Uint8Array(columns * rows);
  const cellOf = (value, start, count) => max(0, min(count - 1, Math.floor((value - start) / CELL)));
  const mark = (x, y) => {
    if (x >= left && x <= left + width && y >= top && y <= top + height) cells[cellOf(y, top, rows) * columns + cellOf(x, left, columns)] = 1;
  };
  for (const points of lines) {
    for (let i = 3; i < points.length; i += 2) {
      const [x0, y0, x1, y1] = [points[i - 3], points[i - 2], points[i - 1], points[i]];
      const [from, to] = [y0, y1].map((y) => max(top - CELL, min(top + height + CELL, y)));
      const pieces = Math.ceil(max(Math.abs(x1 - x0), Math.abs(to - from)) / CELL) || 1;
      for (let k = 0; k <= pieces; k += 1) mark(x0 + ((x1 - x0) * k) / pieces, from + ((to - from) * k) / pieces);
    }
  }
  return (x, y, wide, tall) => {
    let found = 0;
    const [x0, x1] = [cellOf(x, left, columns), cellOf(x + wide, left, columns)];
    for (let row = cellOf(y, top, rows); row <= cellOf(y + tall, top, rows); row += 1) {
      for (let column = x0; column <= x1; column += 1) found += cells[row * columns + column];
    }
    return found;
  };
}

// ▲ for signal, ● for background: never colour alone.
export const classMark = (x, y, kind) => (kind === "signal"
  ? vector("path", { d: `M${x} ${y - 5}l5 9h-10Z`, class: "mark-signal" })
  : vector("circle", { cx: x, cy: y, r: 4, class: "mark-background" }));

// ---------------------------------------------------------------- pictures of cells

// Channels of a colour of the theme, as the browser understands it.
function channels(color) {
  const context = element("canvas", { width: 1, height: 1 }).getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data];
}

// So many shades through the colours that properties of the theme hold; before the root stands in
// a page they hold none, and what is painted then is painted again by `onTheme`.
export function shadesThrough(root, names, count) {
  const style = getComputedStyle(root);
  const colors = names.flatMap((name) => style.getPropertyValue(name).trim().split(/ +(?![^(]*\))/)).map(channels);
  const shades = new Uint8ClampedArray(3 * count);
  for (let i = 0; i < count; i += 1) {
    const at = (i / (count - 1)) * (colors.length - 1);
    const [low, high] = [colors[Math.floor(at)], colors[Math.ceil(at)]];
    for (let k = 0; k < 3; k += 1) shades[3 * i + k] = low[k] + (at % 1) * (high[k] - low[k]);
  }
  return shades;
}

// Paints cells as a picture, the first row below: paint(shades, i => number of the cell's shade).
export function painter(columns, rows) {
  const canvas = element("canvas", { width: columns, height: rows });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const image = context.createImageData(columns, rows);
  image.data.fill(255);
  return (shades, shadeOf) => {
    for (let i = 0; i < columns * rows; i += 1) {
      const shade = 3 * shadeOf(i);
      const at = 4 * ((rows - 1 - Math.floor(i / columns)) * columns + (i % columns));
      for (let k = 0; k < 3; k += 1) image.data[at + k] = shades[shade + k];
    }
    context.putImageData(image, 0, 0);
    return canvas.toDataURL();
  };
}

export const fillWith = (panel, href) => panel.marks.append(vector("image", {
  href, x: panel.inner.left, y: panel.inner.top, width: panel.inner.width, height: panel.inner.height,
  preserveAspectRatio: "none", class: "cells",
}));

// A picture is made of the theme's colours: it follows them.
export function onTheme(scene, repaint) {
  const themes = new MutationObserver(repaint);
  themes.observe(scene.root, { attributes: true, attributeFilter: ["data-theme"] });
  scene.defer(() => themes.disconnect());
}

// ---------------------------------------------------------------- scores by class
// m: { score: its name, scale, range, bins, histogram: { signal, background, train_signal?, train_signal_error?, … } }

export const extreme = (values, start, pick) =>
  values.reduce((best, v) => (finite(v) ? pick(best, v) : best), start);

export function scoreAxes(m) {
  const contents = Object.entries(m.histogram)
    .filter(([name]) => !name.endsWith("_error")).flatMap(([, column]) => [...column]);
  const high = extreme(contents, 0, max);
  const least = extreme(contents.filter((v) => v > 0), Infinity, min);
  const low = min(extreme(contents, 0, min), 0);
  const x = { title: m.score, plain: true, kind: m.scale, domain: m.range };
  const title = "events / bin";
  if (high <= 0) return { x, y: { title, kind: "linear", domain: niceDomain([low, 1]) } };
  const floor = max(least, high * 1e-6);
  return { x, y: { title, kind: "log", domain: [10 ** Math.floor(Math.log10(floor) - 0.05), 10 ** (Math.log10(high) + 0.16 * (Math.log10(high / floor) + 1))] } };
}

function edgesOf({ scale, range, bins }) {
  const { invert } = makeScale(scale, range, [0, bins]);
  return Float64Array.from({ length: bins + 1 }, (_, i) => invert(i));
}

export function drawScores(panel, m, names) {
  const edges = edgesOf(m);
  const centres = edges.slice(1).map((edge, i) => panel.x.invert((panel.x(edge) + panel.x(edges[i])) / 2));
  for (const kind of ["background", "signal"]) {
    const contents = m.histogram[kind];
    steps(panel, edges, contents, { class: `area-${kind}` }, true);
    steps(panel, edges, contents, { class: `line-${kind}` });
    negatives(panel, edges, contents, kind);
    const train = m.histogram[`train_${kind}`];
    if (train) dots(panel, centres, train, m.histogram[`train_${kind}_error`], { class: `dots-${kind}` });
  }
  nameHistograms(panel, m, edges, names);
}

// Bins a logarithm cannot show are marked on the floor, not dropped.
function negatives(panel, edges, contents, kind) {
  if (panel.y.kind !== "log") return;
  const floor = panel.inner.top + panel.inner.height;
  contents.forEach((content, i) => {
    if (content >= 0) return;
    const x = (panel.x(edges[i]) + panel.x(edges[i + 1])) / 2;
    panel.marks.append(vector("path", { d: `M${x - 3} ${floor - 8}h6l-3 6Z`, class: `below-${kind}` },
      vector("title", {}, `negative: ${withError(content, 0)}`)));
  });
}

// Above its own outline, where it is high.
export function nameHistograms(panel, m, edges, names) {
  const { left, top, width, height } = panel.inner;
  const middle = (i) => (panel.x(edges[i]) + panel.x(edges[i + 1])) / 2;
  for (const [kind, wanted] of [["background", 0.2], ["signal", 0.62]]) {
    const train = m.histogram[`train_${kind}`];
    const tops = Array.from(m.histogram[kind], (content, i) => panel.y(max(content, train?.[i] ?? content)));
    const heights = tops.map((y) => (finite(y) ? top + height - y : 0));
    const most = max(...heights);
    const high = [...heights.keys()].filter((i) => heights[i] > most / 3);
    if (!high.length) continue;
    const aside = (i) => Math.abs((middle(i) - left) / width - wanted);
    const x = middle(high.reduce((best, i) => (aside(i) < aside(best) ? i : best)));
    const near = heights.filter((_, i) => Math.abs(middle(i) - x) < 36);
    endLabels(panel, [{ text: names[kind], x, y: top + height - max(...near) - 7, anchor: "middle", class: `name-${kind}` }]);
  }
}

// ---------------------------------------------------------------- curves against epoch or round

export const BARE = { title: "", kind: "none", domain: [0, 1] };

export function roundAxes(unit, rounds, title, values) {
  const known = values.filter(finite);
  const [low, high] = known.length ? [min(...known), max(...known)] : [0, 1];
  const room = 0.08 * (high - low) || 0.1;
  const [first, last] = [min(...rounds), max(...rounds)];
  return {
    x: { title: unit, kind: "count", domain: first < last ? [first, last] : [last - 1, last + 1] },
    y: { title, plain: true, kind: "linear", domain: [low - room, high + 2 * room] },
  };
}

// Training thin and dashed, new events thick, each named at its end.
//   curves: { train?: { text, values, errors? }, … }, more: further labels
export function drawRounds(panel, rounds, curves, more = []) {
  const { left, width } = panel.inner;
  const ends = Object.entries(curves).map(([which, { text, values, errors }]) => {
    const [look, dash] = which === "train" ? ["train-line", "6 3"] : ["val-line", null];
    if (errors) {
      spread(panel, rounds, values, errors, { class: `band ${look}` });
    }
    line(panel, rounds, values, { class: look, "stroke-dasharray": dash });
    const last = values.findLastIndex(finite);
    return last < 0 ? null : { text, class: look, x: left + width - ASIDE, y: panel.y(values[last]) - 8 };
  });
  endLabels(panel, [...ends.filter((item) => item), ...more]);
}

// ---------------------------------------------------------------- the handle

// Pointer gestures inside a frame: `move(x, y)` with the values under the pointer, then `release()`.
export function dragArea(scene, panel, { begin = () => {}, move, release }) {
  const { svg } = panel;
  let held = false;
  const spot = (event) => {
    const { left, top } = svg.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const inside = (event) => {
    const [px, py] = spot(event);
    const { left, top, width, height } = panel.inner;
    return px >= left - 12 && px <= left + width + 12 && py >= top && py <= top + height;
  };
  const follow = (event) => {
    const { left, top, width, height } = panel.inner;
    const [px, py] = spot(event);
    move(panel.x.invert(max(left, min(left + width, px))), panel.y.invert(max(top, min(top + height, py))));
  };
  listen(scene, svg, "pointerdown", (event) => {
    if (event.button !== 0 || !panel.inner || !inside(event)) return;
    held = true;
    svg.setPointerCapture(event.pointerId);
    begin();
    follow(event);
    event.preventDefault();
  });
  listen(scene, svg, "pointermove", (event) => held && follow(event));
  for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) {
    listen(scene, svg, kind, () => {
      if (!held) return;
      held = false;
      release();
    });
  }
  svg.classList.add("hepml-drags");
}

const STEPS = {
  ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1,
  PageUp: "page", PageDown: "-page", Home: "first", End: "last",
};

function stepped(key, index, count, coarse) {
  const page = max(1, Math.round(count / 10));
  const move = STEPS[key];
  if (move === "first") return 0;
  if (move === "last") return count - 1;
  const by = { page, "-page": -page }[move] ?? move * (coarse ? 10 : 1);
  return max(0, min(count - 1, index + by));
}

// A picture hides what it holds from those who listen: one with a control is a group of it alone.
export function holdControl(panel) {
  panel.svg.setAttribute("role", "group");
  for (const layer of panel.svg.children) if (layer !== panel.overlay) furnish(layer, { "aria-hidden": "true" });
}

// A full-height line to drag along x over the sorted `values()`. It moves by whole rows:
// `move(index)` on every step, `release(index)` once a gesture or a burst of keys is over.
//   read(index): what is announced of a row;  focusable: one of several linked handles is enough
//   draggable: by the pointer too, which a panel with two handles does for itself
export function dragHandle(scene, panel, { label, values, read, move, release, focusable = true, draggable = true }) {
  const grip = vector("g", focusable
    ? { class: "handle", role: "slider", tabindex: "0", "aria-label": label, "aria-orientation": "horizontal" }
    : { class: "handle", "aria-hidden": "true" });
  const rule = vector("path", { class: "rule" });
  const reach = vector("path", { class: "reach" });
  const knob = vector("path", { class: "knob" });
  grip.append(reach, rule, knob);
  panel.overlay.append(grip);
  if (focusable) holdControl(panel);
  panel.after.push(() => place());
  let index = 0;
  let later = null;

  const place = () => {
    const { left, top, width, height } = panel.inner;
    const at = max(left, min(left + width, panel.x(values()[index])));
    if (!finite(at)) return;
    grip.setAttribute("transform", `translate(${at.toFixed(2)} 0)`);
    if (grip.hepmlHeight === height) return;
    grip.hepmlHeight = height;
    const column = `M0 ${top}V${top + height}`;
    rule.setAttribute("d", column);
    reach.setAttribute("d", column);
    knob.setAttribute("d", `M-6 ${top + 2}H6V${top + 14}L0 ${top + 21}L-6 ${top + 14}Z`);
  };
  const show = (next) => {
    index = max(0, min(values().length - 1, next));
    if (panel.inner) place();
    if (!focusable) return;
    const rows = values();
    furnish(grip, {
      "aria-valuemin": rows[0], "aria-valuemax": rows[rows.length - 1], "aria-valuenow": rows[index], "aria-valuetext": read(index),
    });
  };
  const go = (next) => {
    if (next === index) return;
    show(next);
    move(index);
  };
  const settle = () => {
    clearTimeout(later);
    later = null;
    release(index);
  };
  if (draggable) dragArea(scene, panel, {
    begin: () => focusable && grip.focus({ preventScroll: true }),
    move: (x) => go(nearest(values(), x)),
    release: settle,
  });
  // Whoever listens to the focus of an SVG element makes the Tab key stop there.
  if (focusable) listen(scene, grip, "keydown", (event) => {
    if (!(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    go(stepped(event.key, index, values().length, event.shiftKey));
    clearTimeout(later);
    later = setTimeout(settle, 400);
  });
  if (focusable) listen(scene, grip, "blur", () => later && settle());
  scene.defer(() => clearTimeout(later));
  return { grip, show };
}

// Selects a stretch of a histogram, by dragging across the first of the panels or by either end;
// the rest is veiled in all of them. Gives what shows it again.
//   read(): { edges, text(edge): its words, ends: [from, to], own: whether they are selected here }
export function brush(scene, panels, labels, read, choose, release) {
  const [panel] = panels;
  let anchor = null;
  const grips = labels.map((label, by) => dragHandle(scene, panel, {
    label, draggable: false, release, read: (i) => read().text(i + by),
    values: () => read().edges.subarray(by, read().edges.length - 1 + by),
    move: (i) => {
      const [from, to] = read().ends;
      if (by) choose(min(i, from), i + 1);
      else choose(i, max(i + 1, to));
    },
  }));
  const veils = panels.map(({ cover }) => cover.appendChild(vector("path", { class: "veil" })));
  dragArea(scene, panel, {
    begin: () => { anchor = null; grips[0].grip.focus({ preventScroll: true }); }, release,
    move: (x) => {
      const { edges, own, ends: [from, to] } = read();
      const near = (end) => own && Math.abs(panel.x(x) - panel.x(edges[end])) < 9;
      const bin = max(0, min(edges.length - 2, edges.findLastIndex((edge) => edge <= x)));
      anchor ??= near(from) ? to - 1 : near(to) ? from : bin;
      choose(min(anchor, bin), max(anchor, bin) + 1);
    },
  });
  return () => {
    const { edges, ends } = read();
    veils.forEach((veil, i) => {
      if (!panels[i].inner) return;
      const { x, inner: { left, top, width, height } } = panels[i];
      const [from, to] = ends.map((end) => x(edges[end]));
      veil.setAttribute("d", `M${left} ${top}H${from}v${height}H${left}ZM${to} ${top}H${left + width}v${height}H${to}Z`);
    });
    grips.forEach((one, i) => one.show(ends[i] - i));
  };
}

// ---------------------------------------------------------------- announcements and controls

// Speaks the last text once things are quiet, at most about once a second.
export function announcer(scene) {
  const region = element("div", { class: "unseen", "aria-live": "polite", role: "status" });
  scene.root.append(region);
  let timer = null;
  scene.defer(() => clearTimeout(timer));
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => { region.textContent = text; }, 700);
  };
}

export function button(scene, text, title, act) {
  const node = element("button", { type: "button", class: "button", title }, ...richHTML(text));
  listen(scene, node, "click", act);
  return node;
}

// A list to choose from, of names that are a user's.
export function menu(scene, label, names, act, length = 28) {
  const node = element("select", { class: "select", "aria-label": label },
    ...names.map((name) => element("option", { value: name, title: name, dir: "auto" }, shorten(unmarked(name), length))));
  listen(scene, node, "change", () => act(node.selectedIndex));
  return node;
}

// A few choices side by side, one of them pressed.
//   options: [[value, text, title], ...]
export function choice(scene, label, options, chosen, act) {
  const group = element("span", { class: "choice", role: "group", "aria-label": label });
  const show = (value) => [...group.children].forEach((node, i) =>
    node.setAttribute("aria-pressed", String(options[i][0] === value)));
  for (const [value, text, title] of options) {
    group.append(button(scene, text, title, () => { show(value); act(value); }));
  }
  show(chosen);
  return { node: group, show };
}

// A table behind a button, filled when it is first looked at.
//   rows(): [[header, ...], [cell, ...], ...]
export function dataTable(caption, rows) {
  const box = element("div", { class: "data", tabindex: "0", role: "group", "aria-label": caption, hidden: "" });
  const fill = () => {
    const [header, ...body] = rows();
    const table = element("table", {}, element("caption", {}, caption));
    table.append(element("thead", {}, element("tr", {}, ...header.map((cell) => element("th", { scope: "col" }, ...richHTML(upright(String(cell))))))));
    table.append(element("tbody", {}, ...body.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, upright(String(cell))))))));
    box.replaceChildren(table);
  };
  return {
    node: box,
    refresh: () => { if (!box.hidden) fill(); },
    toggle: () => { box.hidden = !box.hidden; if (!box.hidden) fill(); return !box.hidden; },
  };
}

// ---------------------------------------------------------------- a line of numbers

const COLUMN = 218; // most px of a column of numbers
const LINE = 900; // px that all have in one line

export const joined = (parts) => parts.map(([label, value]) => `${label} ${value}`.trim()).join(" · ");

// [label, value] pairs whose numbers change in place: in one line, or below each other in columns.
function readoutLine() {
  const node = element("p", { class: "readout" });
  const widest = {}; // letters of each number, by its label
  const hold = () => {
    const widths = [...node.children].map(({ firstChild: { textContent: label }, lastChild: value }) => {
      const letters = widest[label] ?? value.textContent.length;
      value.style.setProperty("min-width", `${letters}ch`);
      return 7.6 * label.length + 9.6 * letters;
    });
    const column = min(COLUMN, max(...widths));
    node.style.setProperty("--column", `${column}px`);
    widths.forEach((width, i) => {
      const span = min(3, Math.ceil(width / column));
      node.children[i].style.setProperty("--span", span);
      node.children[i].classList.toggle("hepml-wide", span > 1);
    });
    node.classList.toggle("hepml-many", widths.reduce((sum, width) => sum + width + 17, 0) > LINE);
  };
  const write = (parts) => {
    const labels = parts.map(([label]) => label).join("|");
    const isNew = node.dataset.labels !== labels;
    if (isNew) {
      node.dataset.labels = labels;
      node.replaceChildren(...parts.map(([label]) => element("span", { class: "item" },
        quiet(...richHTML(label)), " ", element("b"))));
    }
    parts.forEach(([, value], i) => {
      const cell = node.children[i].lastChild;
      if (cell.textContent !== unmarked(value)) cell.replaceChildren(...setHTML(value));
    });
    if (isNew) hold();
    node.dataset.text = joined(parts);
  };
  // Room for the longest text of each number, so that nothing jumps.
  const reserve = (length, parts) => {
    const stride = max(1, Math.floor(length / 100));
    for (let row = 0; row < length; row += stride) {
      parts(row).forEach(([, value], i) => {
        const label = node.children[i]?.firstChild.textContent;
        widest[label] = max(widest[label] ?? 0, [...upright(value)].length);
      });
    }
    hold();
  };
  return { node, write, reserve };
}

// ---------------------------------------------------------------- downloads

function save(name, content, type) {
  const link = element("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// A text cell must not become a formula in a spreadsheet, whichever separator that one splits at,
// and whether or not it takes full-width signs for plain ones.
const FORMULA = /(^|[;,\t\n\r])([=+\-@\uff1d\uff0b\uff0d\uff20])/g;

function csvCell(cell) {
  if (typeof cell === "number") return String(cell);
  const text = cell.replace(/[\u2068\u2069]/g, "").replace(/^(?=[\t\r])/, "'").replace(FORMULA, "$1'$2");
  return /[",;\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const csvOf = (rows) => rows.map((row) => `${row.map(csvCell).join(",")}\n`).join("");

const STYLED = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "stroke-linecap", "stroke-linejoin", "paint-order", "image-rendering", "opacity", "font-family", "font-size", "font-weight", "font-variant-numeric", "text-anchor", "display"];

function withStyles(svg) {
  const copy = svg.cloneNode(true);
  const originals = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((node, i) => {
    const style = getComputedStyle(originals[i]);
    for (const name of STYLED) node.setAttribute(name, style.getPropertyValue(name));
    node.removeAttribute("class");
    node.removeAttribute("tabindex");
  });
  return copy;
}

// All frames side by side, or in rows, in one picture, in the colours that are on screen.
function picture(root, panels) {
  const rows = Array.isArray(panels[0]) ? panels : [panels];
  const widthOf = (row) => row.reduce((sum, { size }) => sum + size.width, 0);
  const heightOf = (row) => max(...row.map(({ size }) => size.height));
  const [width, height] = [max(...rows.map(widthOf)), rows.reduce((sum, row) => sum + heightOf(row), 0)];
  const sheet = vector("svg", { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}` },
    vector("rect", { width, height, fill: groundOf(root) }));
  let y = 0;
  for (const row of rows) {
    let x = 0;
    for (const { svg, size } of row) {
      sheet.append(furnish(withStyles(svg), { x, y }));
      x += size.width;
    }
    y += heightOf(row);
  }
  return { width, height, text: new XMLSerializer().serializeToString(sheet) };
}

async function savePNG(name, root, panels, density = 2) {
  const { width, height, text } = picture(root, panels);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = element("canvas", { width: width * density, height: height * density });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => save(name, blob, "image/png"), "image/png");
}

// What can be taken away: the numbers as a table and as CSV, the picture as SVG and PNG.
export function actions(scene, name, data, rows, panels) {
  const show = button(scene, "data", "show the numbers as a table", () =>
    show.setAttribute("aria-expanded", String(data.toggle())));
  show.setAttribute("aria-expanded", "false");
  return element("span", { class: "actions" },
    show,
    button(scene, "CSV", "download the numbers", () => save(`${name}.csv`, csvOf(rows()), "text/csv")),
    button(scene, "SVG", "download the picture for print", () => save(`${name}.svg`, picture(scene.root, panels()).text, "image/svg+xml")),
    button(scene, "PNG", "download the picture", () => savePNG(`${name}.png`, scene.root, panels())));
}

// What stands below the panels: numbers that change in place, the ways to take them away, a table.
//   rows(text, file): [[header, ...], [cell, ...], ...] with `text` put to each number
export function footer(scene, name, caption, rows, panels) {
  const say = announcer(scene);
  const numbers = readoutLine();
  const data = dataTable(caption, () => rows((value) => significant(value, 4), false));
  return {
    nodes: [div("bar", numbers.node, actions(scene, name, data, () => rows(same, true), panels)), data.node],
    reserve: numbers.reserve, refresh: data.refresh,
    write: (parts, more = "") => {
      numbers.write(parts);
      say(joined(parts) + more);
    },
  };
}

// ---------------------------------------------------------------- live and still
// A live view marks its element. A page that was saved looks for that mark beside its own copy:
// found, the copy hides; not found, the copy starts with a stand-in for the kernel's model.

export const live = (render) => (context) => {
  context.el.dataset.hepmlLive = context.model.get("key");
  return render(context);
};

export function standIn(state) {
  const heard = new Map();
  return {
    get: (name) => state[name],
    set(name, value) {
      if (Object.is(state[name], value)) return;
      state[name] = value;
      (heard.get(`change:${name}`) ?? []).slice().forEach((react) => react());
    },
    on: (event, react) => heard.set(event, [...(heard.get(event) ?? []), react]),
    off: (event, react) => heard.set(event, (heard.get(event) ?? []).filter((one) => one !== react)),
    save_changes() {},
    send() {},
  };
}

const PATIENCE = 4000;

export function mount(key, render, state) {
  const root = document.querySelector(`[data-hepml-still="${key}"]:not([data-done])`);
  if (!root) return;
  root.dataset.done = "";
  const area = root.closest(".jp-OutputArea, .output_area, .output_wrapper");
  const begin = () => {
    const el = div("standing");
    root.replaceChildren(el);
    render({ model: standIn(state), el });
  };
  if (!area) {
    begin();
    return;
  }
  waitForLive(key, root, area, begin);
}

const GONE = /model not found|error \w+ing widget/i;

function waitForLive(key, root, area, begin) {
  const before = () => outputBefore(root, area);
  // A box may show only one of its views, as tabs do: then none of their copies is wanted.
  const live = () => area.querySelector(`[data-hepml-live="${key}"]`) ?? before()?.querySelector("[data-hepml-live]");
  root.hidden = true;
  let began = false;
  const stand = () => {
    if (began || live()) return;
    began = true;
    root.hidden = false;
    before()?.style.setProperty("display", "none");
    begin();
  };
  const timer = setTimeout(stand, PATIENCE);
  const check = () => {
    if (live()) {
      root.hidden = true;
      before()?.style.removeProperty("display");
      watcher.disconnect();
      clearTimeout(timer);
    } else if (GONE.test(before()?.textContent)) stand();
  };
  const watcher = new MutationObserver(check);
  watcher.observe(area, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-hepml-live"] });
  check();
}

// The output before ours is the live view, or says that its model is gone.
function outputBefore(root, area) {
  const outputs = [...area.children];
  return outputs[outputs.findIndex((child) => child.contains(root)) - 1];
}
