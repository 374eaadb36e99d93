// The statistic of each period, and what chance gives.

import { twice } from "../core/columns.js";
import { vector } from "../core/elements.js";
import { tr } from "../core/language.js";
import { band, line } from "../core/marks.js";
import { finite } from "../core/numbers.js";
import { endLabels } from "../core/words.js";
import { isAlarm } from "./words.js";

export const known = ({ bands }, a) => bands[a].map((end) => end ?? NaN);

// What chance alone gives, most of the time.
function drawChance(panel, { population: { periods, chance } }, a) {
  const { left, top } = panel.inner;
  const [low, high] = [0, 1].map((k) => twice(periods.map((one) => known(one, a)[k])));
  const sides = periods.flatMap((_, k) => [k - 0.5, k + 0.5]);
  band(panel, sides, low, high, { class: "band curve-7" });
  line(panel, sides, high, { class: "curve curve-7", "stroke-dasharray": "6 3" });
  if (!low.some(finite)) return;
  const text = tr("chance: {share} below", { share: chance[a] });
  endLabels(panel, [{ text, class: "curve-7", x: left + 10, y: top + 17, anchor: "start" }]);
}

const TRIANGLE = "m0-7l6 11h-12Z";
const DISC = "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z";

// ▲ alarm, △ alarm that is none after all trials, ● no alarm.
function drawPeriod(panel, one, x, a, alpha) {
  const y = panel.y(one.statistic);
  const alarm = isAlarm(one, a);
  const look = `anomaly-${alarm ? "alarm" : "quiet"}${alarm && one.p[1] > alpha ? " anomaly-hollow" : ""}`;
  if (one.error !== null) {
    const [down, up] = [-1, 1].map((sign) => panel.y(one.statistic + sign * one.error));
    panel.marks.append(vector("path", { d: `M${x} ${down}V${up}`, class: look }));
  }
  const title = vector("title", {}, `${one.text}: ${one.value}`);
  panel.marks.append(vector("path", { d: `M${x} ${y}${alarm ? TRIANGLE : DISC}`, class: look }, title));
}

// As many names below as there is room for.
function namePeriods(panel, periods) {
  const { left, top, width, height } = panel.inner;
  const nameAt = (text, k) => vector("text", { x: panel.x(k), y: top + height + 17, class: "middle" }, text);
  const texts = periods.map(({ text }, k) => panel.labels.appendChild(nameAt(text, k)));
  const halves = texts.map((text) => text.getComputedTextLength() / 2);
  let free = 2;
  texts.forEach((text, k) => {
    const x = k ? panel.x(k) : Math.max(panel.x(0), halves[0] + free);
    if (x - halves[k] < free || x + halves[k] > left + width + 10) text.remove();
    else {
      text.setAttribute("x", x);
      free = x + halves[k] + 10;
    }
  });
}

export function drawPeriods(panel, t, { a }) {
  const { periods } = t.population;
  drawChance(panel, t, a);
  periods.forEach((one, k) => drawPeriod(panel, one, panel.x(k), a, t.alphas[a]));
  namePeriods(panel, periods);
}
