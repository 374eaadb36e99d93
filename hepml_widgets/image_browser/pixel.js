// The pixel that is read out.

import { mapped } from "../core/columns.js";
import { furnish, listen, vector } from "../core/elements.js";
import { dragArea, holdControl } from "../core/handles.js";
import { tr } from "../core/language.js";

export function cellIn({ shape }, { left, top, width, height }, row, column) {
  return {
    x: left + (column * width) / shape[1],
    y: top + ((shape[0] - 1 - row) * height) / shape[0],
    width: width / shape[1],
    height: height / shape[0],
  };
}

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

const LINKED = { "aria-hidden": "true" };

export function showPixel({ images, cursors, data, state }, i) {
  if (!images[i].inner) return;
  furnish(
    cursors[i],
    mapped(cellIn(data, images[i].inner, ...state.pixel), (value) => value.toFixed(1)),
  );
}

// A frame around the pixel in each image; the first of them listens to keys.
export function pixelCursors({ images, data }) {
  const slider = {
    role: "slider",
    tabindex: "0",
    "aria-label": tr("pixel"),
    "aria-valuemin": 0,
    "aria-valuemax": data.pixels - 1,
  };
  const cursors = images.map(({ overlay }, i) =>
    overlay.appendChild(vector("rect", { class: "image-cursor", ...(i ? LINKED : slider) })),
  );
  holdControl(images[0]);
  return cursors;
}

// Keys and pointer move the pixel; Python hears of it when the gesture is over.
export function followPixel(view, tell) {
  const { scene, data, images, cursors, publish } = view;
  const { shape, extent } = data;
  let settled = true;
  const goTo = (...at) => {
    const pixel = at.map((place, i) => Math.max(0, Math.min(shape[i] - 1, Math.floor(place))));
    if (String(pixel) === String(view.state.pixel)) return;
    view.state.pixel = pixel;
    settled = false;
    publish({ pixel });
    tell();
  };
  const release = () => {
    if (!settled) publish({ pixel: view.state.pixel }, true);
    settled = true;
  };
  const part = (value, k) => (value - extent[2 * k]) / (extent[2 * k + 1] - extent[2 * k]);
  images.forEach((panel) =>
    dragArea(scene, panel, {
      begin: () => cursors[0].focus({ preventScroll: true }),
      release,
      move: (x, y) => goTo(part(y, 1) * shape[0], part(x, 0) * shape[1]),
    }),
  );
  listen(scene, cursors[0], "keydown", (event) => {
    const move = MOVES[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    goTo(...view.state.pixel.map((place, i) => place + move[i]));
  });
  for (const kind of ["keyup", "blur"]) listen(scene, cursors[0], kind, release);
}
