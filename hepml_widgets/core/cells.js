// Pictures of cells, in the colours of the theme.

import { element, vector } from "./elements.js";

/** @import { Panel } from "./types.js" */

// Channels of a colour of the theme, as the browser understands it.
/** @type {(color: string) => number[]} */
function channels(color) {
  const context = element("canvas", { width: 1, height: 1 }).getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data];
}

// So many shades through the colours that properties of the theme hold; before the root stands in
// a page they hold none, and what is painted then is painted again by `onTheme`.
/** @type {(root: Element, names: string[], count: number) => Uint8ClampedArray} */
export function shadesThrough(root, names, count) {
  const style = getComputedStyle(root);
  const colors = names
    .flatMap((name) =>
      style
        .getPropertyValue(name)
        .trim()
        .split(/ +(?![^(]*\))/),
    )
    .map(channels);
  const shades = new Uint8ClampedArray(3 * count);
  for (let i = 0; i < count; i += 1) {
    const at = (i / (count - 1)) * (colors.length - 1);
    const [low, high] = [colors[Math.floor(at)], colors[Math.ceil(at)]];
    for (let k = 0; k < 3; k += 1) shades[3 * i + k] = low[k] + (at % 1) * (high[k] - low[k]);
  }
  return shades;
}

// Paints cells as a picture, the first row below: paint(shades, i => number of the cell's shade).
/** @type {(columns: number, rows: number) => (shades: ArrayLike<number>, shadeOf: (i: number) => number) => string} */
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

/** @type {(panel: Panel, href: string) => void} */
export const fillWith = (panel, href) =>
  panel.marks.append(
    vector("image", {
      href,
      x: panel.inner.left,
      y: panel.inner.top,
      width: panel.inner.width,
      height: panel.inner.height,
      preserveAspectRatio: "none",
      class: "cells",
    }),
  );
