// What is said of a training: how far, how fast, where it comes from.

import { later, tr } from "../core/language.js";
import { finite, significant } from "../core/numbers.js";
import { BUSY } from "./payload.js";

export const SPEAKS = {
  empty: "",
  running: later("training"),
  paused: later("paused"),
  stopping: later("stopping after this step"),
  finished: later("finished"),
  stopped: later("stopped"),
  interrupted: later("interrupted"),
  failed: later("failed"),
  recorded: later("recorded"),
};

// What a training counts, and what is said of it.
const COUNTED = {
  epoch: {
    one: later("{n} epoch"),
    many: later("{n} epochs"),
    now: later("epoch {n}"),
    ofAll: later("epoch {n} of {total}"),
    fast: later("{n} epochs/s"),
    slow: later("{n} s per epoch"),
    thin: later("curves thinned: smallest and largest value of every {n} epochs"),
  },
  round: {
    one: later("{n} round"),
    many: later("{n} rounds"),
    now: later("round {n}"),
    ofAll: later("round {n} of {total}"),
    fast: later("{n} rounds/s"),
    slow: later("{n} s per round"),
    thin: later("curves thinned: smallest and largest value of every {n} rounds"),
  },
};

function clock(seconds) {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const pair = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${pair(m)}:${pair(s)}` : `${m}:${pair(s)}`;
}

function speed({ rate, events }, unit) {
  if (rate === null || rate === undefined) return null;
  if (events) return tr("{n} events/s", { n: significant(Number((rate * events).toPrecision(3)), 3) });
  const { fast, slow } = COUNTED[unit];
  return rate >= 1 ? tr(fast, { n: significant(rate, 3) }) : tr(slow, { n: significant(1 / rate, 3) });
}

export function progressParts(live, payload, length) {
  const unit = payload.unit ?? "epoch";
  const busy = BUSY.includes(live.status);
  const { one, many, now: at, ofAll } = COUNTED[unit];
  const now = busy ? Math.min(length + 1, live.total ?? Infinity) : length;
  return [
    live.status === "failed" ? tr("failed: {message}", live) : tr(SPEAKS[live.status]),
    live.status === "recorded" ? tr(length === 1 ? one : many, { n: length }) : null,
    live.status !== "recorded" && (length || busy) ? tr(live.total ? ofAll : at, { n: now, total: live.total }) : null,
    live.elapsed === null || live.elapsed === undefined || live.status === "empty"
      ? null
      : tr("{time} elapsed", { time: clock(live.elapsed) }),
    busy && live.remaining !== null ? tr("about {time} left", { time: clock(live.remaining) }) : null,
    live.status === "empty" ? null : speed(live, unit),
  ].filter((part) => part);
}

export function valueText(value) {
  if (value === null || value === undefined) return "–";
  return finite(value) ? significant(value, 4) : tr("not finite ({value})", { value });
}

const WAS = { stopped: later("stopped by hand"), interrupted: later("interrupted"), failed: later("failed") };

// Where a recorded training comes from, and how its curves were thinned.
export function originOf(live, payload) {
  const every = payload.every > 1 ? tr(COUNTED[payload.unit].thin, { n: payload.every }) : null;
  const source = live.status === "recorded" ? payload.recorded : null;
  return [source === "recorded" ? null : source, tr(WAS[live.was] ?? ""), every].filter((part) => part).join(" · ");
}
