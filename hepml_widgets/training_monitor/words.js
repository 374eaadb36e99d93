// What is said of a training: how far, how fast, where it comes from.

import { finite, significant } from "../core/numbers.js";
import { BUSY } from "./payload.js";

export const SPEAKS = {
  empty: "",
  running: "training",
  paused: "paused",
  stopping: "stopping after this step",
  finished: "finished",
  stopped: "stopped",
  interrupted: "interrupted",
  failed: "failed",
  recorded: "recorded",
};

function clock(seconds) {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const pair = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${pair(m)}:${pair(s)}` : `${m}:${pair(s)}`;
}

function speed({ rate, events }, unit) {
  if (rate === null || rate === undefined) return null;
  if (events) return `${significant(Number((rate * events).toPrecision(3)), 3)} events/s`;
  return rate >= 1 ? `${significant(rate, 3)} ${unit}s/s` : `${significant(1 / rate, 3)} s per ${unit}`;
}

export function progressParts(live, payload, length) {
  const unit = payload.unit ?? "epoch";
  const busy = BUSY.includes(live.status);
  const of = live.total ? ` of ${live.total}` : "";
  const now = busy ? Math.min(length + 1, live.total ?? Infinity) : length;
  return [
    live.status === "failed" ? `failed: ${live.message}` : SPEAKS[live.status],
    live.status === "recorded" ? `${length} ${unit}${length === 1 ? "" : "s"}` : null,
    live.status !== "recorded" && (length || busy) ? `${unit} ${now}${of}` : null,
    live.elapsed === null || live.elapsed === undefined || live.status === "empty"
      ? null
      : `${clock(live.elapsed)} elapsed`,
    busy && live.remaining !== null ? `about ${clock(live.remaining)} left` : null,
    live.status === "empty" ? null : speed(live, unit),
  ].filter((part) => part);
}

export function valueText(value) {
  if (value === null || value === undefined) return "–";
  return finite(value) ? significant(value, 4) : `not finite (${value})`;
}

const WAS = { stopped: "stopped by hand", interrupted: "interrupted", failed: "failed" };

// Where a recorded training comes from, and how its curves were thinned.
export function originOf(live, payload) {
  const every =
    payload.every > 1 ? `curves thinned: smallest and largest value of every ${payload.every} ${payload.unit}s` : null;
  const source = live.status === "recorded" ? payload.recorded : null;
  return [source === "recorded" ? null : source, WAS[live.was], every].filter((part) => part).join(" · ");
}
