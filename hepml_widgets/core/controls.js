// Announcements and controls.

import { element, listen, richHTML } from "./elements.js";
import { shorten, unmarked } from "./names.js";

/** @import { Say, Scene } from "./types.js" */

// Speaks the last text once things are quiet, at most about once a second.
/** @type {(scene: Scene) => Say} */
export function announcer(scene) {
  const region = element("div", { class: "unseen", "aria-live": "polite", role: "status" });
  scene.root.append(region);
  let timer = null;
  scene.defer(() => clearTimeout(timer));
  return (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      region.textContent = text;
    }, 700);
  };
}

/** @type {(scene: Scene, text: string, title: string, act: () => void) => HTMLButtonElement} */
export function button(scene, text, title, act) {
  const node = element("button", { type: "button", class: "button", title }, ...richHTML(text));
  listen(scene, node, "click", act);
  return node;
}

// A list to choose from, of names that are a user's.
/**
 * @type {(scene: Scene, label: string, names: string[], act: (i: number) => void, length?: number) =>
 *   HTMLSelectElement}
 */
export function menu(scene, label, names, act, length = 28) {
  const node = element(
    "select",
    { class: "select", "aria-label": label },
    ...names.map((name) =>
      element("option", { value: name, title: name, dir: "auto" }, shorten(unmarked(name), length)),
    ),
  );
  listen(scene, node, "change", () => act(node.selectedIndex));
  return node;
}

// A few choices side by side, one of them pressed.
//   options: [[value, text, title], ...]
/**
 * @type {(scene: Scene, label: string, options: any[][], chosen: any, act: (value: any) => void) => { node:
 *   HTMLElement, show: (value: any) => void }}
 */
export function choice(scene, label, options, chosen, act) {
  const group = element("span", { class: "choice", role: "group", "aria-label": label });
  const show = (value) =>
    [...group.children].forEach((node, i) => node.setAttribute("aria-pressed", String(options[i][0] === value)));
  for (const [value, text, title] of options) {
    group.append(
      button(scene, text, title, () => {
        show(value);
        act(value);
      }),
    );
  }
  show(chosen);
  return { node: group, show };
}
