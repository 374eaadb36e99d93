// Start, pause, stop and replay.

import { button } from "../core/controls.js";
import { later, tr } from "../core/language.js";
import { BUSY } from "./payload.js";

const REPLAY = 4000; // ms for a whole run

// From the first step to the last, in less steps for those who want less motion.
export function replay(view, moveTo, say) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const strides = calm ? 8 : REPLAY / 40;
  const begun = performance.now();
  const [last, period] = [view.run.epoch.length - 1, REPLAY / strides];
  cancelReplay(view);
  moveTo(0);
  view.timer = setInterval(() => {
    const part = Math.min((performance.now() - begun) / REPLAY, 1);
    moveTo(Math.round(part * last));
    if (part < 1) return;
    cancelReplay(view);
    say(last);
  }, period);
}

export function cancelReplay(view) {
  clearInterval(view.timer);
  view.timer = null;
}

const STOP = later("End the training after this step; the model stays usable");
const AGAIN = later("Show the recorded training from its first step");

// `again()` replays a recorded training.
export function makeButtons(view, again) {
  const { scene, model } = view;
  const ask = (wish) => model.send({ do: wish });
  const hold = () => ask(view.live.status === "paused" ? "resume" : "pause");
  view.buttons = {
    start: button(scene, tr("Start"), tr("Train now"), () => ask("start")),
    pause: button(scene, tr("Pause"), tr("Hold the training after this step"), hold),
    stop: button(scene, tr("Stop"), tr(STOP), () => ask("stop")),
    replay: button(scene, tr("Replay"), tr(AGAIN), again),
  };
  scene.defer(() => cancelReplay(view));
}

export function showButtons({ buttons, live }) {
  const { start, pause, stop } = buttons;
  const recorded = live.status === "recorded";
  const held = ["running", "paused"].includes(live.status);
  for (const node of [start, pause, stop]) node.hidden = recorded || live.still === true;
  buttons.replay.hidden = !recorded;
  start.disabled = BUSY.includes(live.status) || !live.startable;
  start.title = live.startable ? tr("Train now") : tr("Give a function to on_start() to train from here");
  pause.disabled = !held;
  pause.textContent = live.status === "paused" ? tr("Resume") : tr("Pause");
  stop.disabled = !held;
}
