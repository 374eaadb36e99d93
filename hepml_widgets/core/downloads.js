// What can be taken away: numbers and pictures.

import { button } from "./controls.js";
import { element, furnish, SVG, vector } from "./elements.js";
import { tr } from "./language.js";
import { max } from "./numbers.js";
import { groundOf } from "./stage.js";

/** @import { Panel, Rows, Scene } from "./types.js" */

/** @type {(name: string, content: BlobPart, type: string) => void} */
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

/** @type {(cell: string | number) => string} */
function csvCell(cell) {
  if (typeof cell === "number") return String(cell);
  const text = cell
    .replace(/[\u2068\u2069]/g, "")
    .replace(/^(?=[\t\r])/, "'")
    .replace(FORMULA, "$1'$2");
  return /[",;\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @type {(rows: Rows) => string} */
export const csvOf = (rows) => rows.map((row) => `${row.map(csvCell).join(",")}\n`).join("");

const STYLED = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-opacity",
  "stroke-linecap",
  "stroke-linejoin",
  "paint-order",
  "image-rendering",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "font-variant-numeric",
  "text-anchor",
  "display",
];

/** @type {(svg: Element) => Element} */
function withStyles(svg) {
  /** @type {any} */
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
/** @type {(root: Element, panels: Panel[] | Panel[][]) => { width: number, height: number, text: string }} */
function picture(root, panels) {
  /** @type {any[]} */
  const rows = Array.isArray(panels[0]) ? panels : [panels];
  const widthOf = (row) => row.reduce((sum, { size }) => sum + size.width, 0);
  const heightOf = (row) => max(...row.map(({ size }) => size.height));
  const [width, height] = [max(...rows.map(widthOf)), rows.reduce((sum, row) => sum + heightOf(row), 0)];
  const sheet = vector(
    "svg",
    { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}` },
    vector("rect", { width, height, fill: groundOf(root) }),
  );
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

/** @type {(name: string, root: Element, panels: Panel[] | Panel[][], density?: number) => Promise<void>} */
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
/**
 * @type {(scene: Scene, name: string, data: { toggle: () => boolean }, rows: () => Rows, panels: () => Panel[] |
 *   Panel[][]) => HTMLElement}
 */
export function actions(scene, name, data, rows, panels) {
  const show = button(scene, tr("data"), tr("show the numbers as a table"), () =>
    show.setAttribute("aria-expanded", String(data.toggle())),
  );
  show.setAttribute("aria-expanded", "false");
  return element(
    "span",
    { class: "actions" },
    show,
    button(scene, "CSV", tr("download the numbers"), () => save(`${name}.csv`, csvOf(rows()), "text/csv")),
    button(scene, "SVG", tr("download the picture for print"), () =>
      save(`${name}.svg`, picture(scene.root, panels()).text, "image/svg+xml"),
    ),
    button(scene, "PNG", tr("download the picture"), () => savePNG(`${name}.png`, scene.root, panels())),
  );
}
