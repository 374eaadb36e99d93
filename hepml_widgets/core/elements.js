// Elements of pages and pictures. Text that comes from a user only ever becomes a text node.

import { MARKED, piecesOf } from "./names.js";

/** @import { Attributes, Child, Scene } from "./types.js" */

export const SVG = "http://www.w3.org/2000/svg";

// Classes are written without the "hepml-" that all of ours begin with.
/** @type {<T extends Element>(node: T, attributes: Attributes, children?: Child[]) => T} */
export function furnish(node, attributes, children = []) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    node.setAttribute(name, name === "class" ? value.replace(/\S+/g, "hepml-$&") : value);
  }
  node.append(...children);
  return node;
}

/**
 * @type {<K extends keyof HTMLElementTagNameMap>(tag: K, attributes?: Attributes, ...children: Child[]) =>
 *   HTMLElementTagNameMap[K]}
 */
export function element(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/**
 * @type {<K extends keyof SVGElementTagNameMap>(tag: K, attributes?: Attributes, ...children: Child[]) =>
 *   SVGElementTagNameMap[K]}
 */
export function vector(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, tag === "text" ? children.flatMap(typeset) : children);
}

/** @type {(look: string, ...children: Child[]) => HTMLDivElement} */
export const div = (look, ...children) => element("div", { class: look }, ...children);

/** @type {(...words: Child[]) => HTMLSpanElement} */
export const quiet = (...words) =>
  element("span", { class: "quiet" }, ...words.map((word) => (typeof word === "string" ? bound(word) : word)));

// For as long as the view lives.
/** @type {(scene: Scene, node: EventTarget, event: string, act: (event: any) => void) => void} */
export const listen = ({ signal }, node, event, act) => node.addEventListener(event, act, { signal });

// Marks stay with what they mark when a line is broken, dots with what they follow.
/** @type {(text: string) => string} */
const bound = (text) => text.replace(/([▲●△○■◆]) /g, "$1\u00a0").replaceAll(" · ", "\u00a0· ");

/** @type {(child: Child) => Child[]} */
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

/** @type {(text: string) => Node[]} */
export const setHTML = (text) =>
  piecesOf(text).map(([part, mark]) =>
    mark ? element(mark === "_" ? "sub" : "sup", {}, part) : document.createTextNode(part),
  );

// "ε_s [%]": one letter alone after an underscore is lowered; for our own labels only.
const LOWERED = /(_[a-zA-Z](?![a-zA-Z0-9_]))/;

/** @type {(text: string) => Node[]} */
export function richHTML(text) {
  return bound(text)
    .split(LOWERED)
    .flatMap((part) => (/^_[a-zA-Z]$/.test(part) ? [element("sub", {}, part[1])] : setHTML(part)));
}

/** @type {(text: string) => SVGElement[]} */
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
