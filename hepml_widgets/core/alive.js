// A live view marks its element. A page that was saved looks for that mark beside its own copy:
// found, the copy hides; not found, the copy starts with a stand-in for the kernel's model.

import { div } from "./elements.js";
import { speak } from "./language.js";
import { project } from "./projector.js";

/** @import { Model, Render } from "./types.js" */

/** @type {(render: Render) => Render} */
const live = (render) => (context) => {
  context.el.dataset.hepmlLive = context.model.get("key");
  return render(context);
};

/** @type {(state: Record<string, any>) => Model} */
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
    off: (event, react) =>
      heard.set(
        event,
        (heard.get(event) ?? []).filter((one) => one !== react),
      ),
    save_changes() {},
    send() {},
  };
}

const PATIENCE = 4000;

/** @type {(key: string, render: Render, state: Record<string, any>) => void} */
function mount(key, render, state) {
  /** @type {HTMLElement} */
  const root = document.querySelector(`[data-hepml-still="${key}"]:not([data-done])`);
  if (!root) return;
  root.dataset.done = "";
  const area = root.closest(".jp-OutputArea, .output_area, .output_wrapper");
  const begin = () => {
    const el = div("standing");
    root.replaceChildren(el);
    render({ model: standIn(state), el });
    project(el);
  };
  if (!area) {
    begin();
    return;
  }
  waitForLive(key, root, area, begin);
}

const GONE = /model not found|error \w+ing widget/i;

/** @type {(key: string, root: HTMLElement, area: Element, begin: () => void) => void} */
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
/** @type {(root: Element, area: Element) => HTMLElement | undefined} */
function outputBefore(root, area) {
  /** @type {any[]} */
  const outputs = [...area.children];
  return outputs[outputs.findIndex((child) => child.contains(root)) - 1];
}

// What a bundle gives: `render` for anywidget, and `mount` for a page of its own.
/** @type {(render: Render) => { render: Render, mount: (key: string, state: Record<string, any>) => void }} */
export const alive = (render) => {
  /** @type {Render} */
  const inItsLanguage = (context) => {
    speak(context.model.get("texts"));
    return render(context);
  };
  return {
    render: live(inItsLanguage),
    mount: (key, state) => mount(key, inItsLanguage, state),
  };
};
