// Images and the bars of their colours.

import { fillWith } from "../core/cells.js";
import { vector } from "../core/elements.js";
import { frame } from "../core/frame.js";
import { tr } from "../core/language.js";
import { trace } from "../core/marks.js";
import { shorten } from "../core/names.js";
import { fixed } from "../core/numbers.js";
import { BARE } from "../core/rounds.js";
import { fit, remark, write } from "../core/words.js";
import { shadeIn } from "./colours.js";
import { holdsHalf, KINDS } from "./payload.js";
import { cellIn, showPixel } from "./pixel.js";

const PAIR = (names) => [[names.signal, "signal"], [" − "], [names.background, "background"]];

function markPixels({ data }, panel, inside, half, looks) {
  const columns = data.shape[1];
  const path = inside
    .map((p) => cellIn(data, panel.inner, Math.floor(p / columns) - 0.5, (p % columns) + 0.5))
    .map(({ x, y }) => `M${x - half} ${y}h${2 * half}`)
    .join("");
  for (const look of looks) trace(panel, path, `image-${look}`);
}

const below = ({ state }, image) =>
  state.scale === "log" && image ? [...image.keys()].filter((p) => image[p] < 0) : [];

const shadesOf = ({ shades }, [low]) => shades[low < 0 ? 1 : 0];

function drawImage(view, panel, { image, domain, scale, words, excuse }) {
  const known = image?.some((value) => !Number.isNaN(value));
  const shade = shadeIn(domain, scale);
  const { left, top, width, height } = panel.inner;
  fillWith(
    panel,
    view.paint(shadesOf(view, domain), (p) => (known ? shade(image[p]) : 0)),
  );
  if (!known) remark(panel, excuse, 0.3 * height);
  const said = words.map(([text, kind]) => vector("tspan", { class: kind && `name-${kind}` }, text));
  fit(write(panel, left + 9, top + 19, "label image-name", ...said), "", width - 12);
}

function countOf({ state, now }, kind) {
  const { count, number } = now.singles[kind];
  if (state.shown !== "jets") return tr("{n} jets", { n: fixed(now.averages[kind].jets, 0) });
  return count ? tr("jet {n} of {count}", { n: number + 1, count }) : tr("no jet");
}

function drawClass(view, panel, kind) {
  const { data, state, now, names, domains } = view;
  drawImage(view, panel, {
    image: now.images[kind],
    domain: domains[0],
    scale: state.scale,
    words: [[`${names[kind]} `, kind], [countOf(view, kind)]],
    excuse: tr("no jets here: select others"),
  });
  const { stacks } = data.samples[kind].jets;
  const saliency = state.shown === "jets" ? stacks.saliency?.[now.singles[kind].row] : now.over?.[kind].mean;
  markPixels(view, panel, below(view, now.images[kind]), 2, ["minus"]);
  if (saliency) markPixels(view, panel, holdsHalf(saliency), 0, ["halo", "dots"]);
}

const drawContrast = (view, panel) =>
  drawImage(view, panel, {
    image: view.now[view.state.contrast],
    domain: view.domains[1],
    scale: "linear",
    words: PAIR(view.names),
    excuse: view.state.stack === "images" ? tr("nothing here to compare") : tr("no errors are kept of a saliency"),
  });

// The two classes and their difference.
export function imageFrames(view, plots) {
  const { data, scene } = view;
  const axis = (i) => ({
    title: data.axes[i],
    plain: true,
    kind: "linear",
    domain: data.extent.slice(2 * i, 2 * i + 2),
  });
  return [...KINDS, ""].map((kind, i) =>
    frame(scene, plots[i], {
      label: kind ? tr("Image of {name}", { name: shorten(data.names[i]) }) : tr("Image of the difference"),
      x: axis(0),
      y: axis(1),
      afterLayout: () => showPixel(view, i),
      draw: (panel) => (kind ? drawClass(view, panel, kind) : drawContrast(view, panel)),
    }),
  );
}

function swatch(panel, x, y, text, look) {
  panel.labels.append(
    vector("rect", { x, y, width: 14, height: 14, class: `image-swatch ${look}` }),
    vector("path", { d: `M${x + 5} ${y + 7}h4`, class: look && "image-minus" }),
    vector("text", { x: x + 19, y: y + 11 }, text),
  );
}

function drawBar(view, panel, i) {
  fillWith(
    panel,
    view.paintBar(shadesOf(view, view.domains[i]), (p) => p + 2),
  );
  const [x, y] = [panel.inner.left, panel.inner.top + panel.inner.height + 25];
  if (i) return;
  swatch(panel, x, y, "0", "");
  if (KINDS.some((kind) => below(view, view.now.images[kind]).length)) swatch(panel, x + 44, y, "< 0", "image-less");
}

// The bars of their colours.
export const barFrames = (view, plots) =>
  plots.map((plot, i) =>
    frame(view.scene, plot, {
      label: tr("Colours"),
      y: BARE,
      draw: (panel) => drawBar(view, panel, i),
      x: { title: "", plain: true, kind: "linear", domain: [0, 1], room: 52, aside: i ? 0 : 120 },
    }),
  );
