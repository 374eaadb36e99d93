// The ground a view stands on: theme, sizes, listeners, and the traits it follows.

import { element } from "./elements.js";
import { spoken } from "./language.js";

/** @import { Model, Scene } from "./types.js" */

/** @type {(color: string) => number | null} */
function luminance(color) {
  if (color.startsWith("#")) return 1;
  const [r, g, b, a = 1] = (color.match(/[\d.]+/g) ?? [255, 255, 255]).map(Number);
  return a === 0 ? null : (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

// The first opaque colour behind a node; a bare page is white.
/** @type {(node: Element | null) => string} */
export function groundOf(node) {
  for (let at = node; at; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (luminance(backgroundColor) !== null) return backgroundColor;
  }
  return "#ffffff";
}

// What the host says of itself comes first; else the ground the widget stands on.
/** @type {(node: Element) => boolean} */
function hostIsDark(node) {
  const { dataset: html } = document.documentElement;
  const { dataset: body, classList } = document.body;
  if (body.jpThemeLight) return body.jpThemeLight === "false";
  if (html.theme === "dark" || html.theme === "light") return html.theme === "dark";
  if (classList.contains("vscode-dark")) return true;
  return luminance(groundOf(node.parentElement)) < 0.5;
}

// The root of one view: theme, listeners with one signal, and one cleanup for all of it.
/** @type {(el: HTMLElement, label: string) => Scene} */
export function stage(el, label) {
  const controller = new AbortController();
  const cleanups = [() => controller.abort()];
  const root = element("div", { role: "group", "aria-label": label, lang: spoken() });
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
    themes.observe(node, {
      attributes: true,
      attributeFilter: ["class", "data-theme", "data-mode", "data-jp-theme-light", "data-jp-theme-name", "style"],
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(paint), {
    signal: controller.signal,
  });
  const sizes = new ResizeObserver((entries) => {
    paint();
    /** @type {any[]} */
    const targets = entries.map(({ target }) => target);
    for (const target of targets) target.hepmlLayout?.();
  });
  sizes.observe(root);
  cleanups.push(
    () => themes.disconnect(),
    () => sizes.disconnect(),
    () => root.remove(),
  );
  paint();
  return {
    root,
    signal: controller.signal,
    sizes,
    defer: (work) => cleanups.push(work),
    cleanup: () =>
      cleanups
        .splice(0)
        .reverse()
        .forEach((work) => work()),
  };
}

// Watches traits for as long as the view lives, and sets them without being told of it: views of
// one model follow each other at once, Python hears of it when the gesture is over.
/**
 * @type {(scene: Scene, model: Model, names: string[], react: () => void) => (traits: Record<string, any>, done?:
 *   boolean) => void}
 */
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

// A picture is made of the theme's colours: it follows them.
/** @type {(scene: Scene, repaint: () => void) => void} */
export function onTheme(scene, repaint) {
  const themes = new MutationObserver(repaint);
  themes.observe(scene.root, { attributes: true, attributeFilter: ["data-theme"] });
  scene.defer(() => themes.disconnect());
}
