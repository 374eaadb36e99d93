// The run: the payload, then the rows that came after it.

import { finite } from "../core/numbers.js";

export const BUSY = ["running", "paused", "stopping"];

// What the browser has: the payload, then the rows that came after it.
export function runOf(payload, live) {
  const from = (live.epoch ?? []).findIndex((epoch) => epoch > (payload.length ?? 0));
  const epoch = [...(payload.epoch ?? []), ...(from < 0 ? [] : live.epoch.slice(from))];
  const names = [...new Set([...Object.keys(payload.curves ?? {}), ...Object.keys(live.curves ?? {})])];
  const curves = Object.fromEntries(
    names.map((name) => {
      const first = payload.curves?.[name] ?? Array(payload.epoch?.length ?? 0).fill(null);
      const rest = from < 0 ? [] : (live.curves[name]?.slice(from) ?? Array(epoch.length - first.length).fill(null));
      return [name, [...first, ...rest].map((value) => (value === null ? null : Number(value)))];
    }),
  );
  return { epoch, curves };
}

// Points of one curve; epochs at which it was not measured are left out, so the line goes on.
export function points(run, name) {
  const rows = [];
  (run.curves[name] ?? []).forEach((value, i) => {
    if (value !== null) rows.push([run.epoch[i], value, i]);
  });
  return rows;
}

export function domainOf(run, names, baseline) {
  const values = names.flatMap((name) => points(run, name).map(([, value]) => value));
  if (finite(baseline)) values.push(baseline);
  const known = values.filter(finite);
  if (!known.length) return [0, 1];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const pad = high > low ? 0.04 * (high - low) : Math.abs(high) * 0.05 || 0.5;
  return [low - pad, high + pad];
}

export function logDomain(run, names, baseline) {
  const values = names.flatMap((name) => points(run, name).map(([, value]) => value));
  const positive = [...values, baseline].filter((v) => finite(v) && v > 0);
  if (!positive.length) return [0.1, 1];
  const [low, high] = [Math.min(...positive), Math.max(...positive)];
  const room = Math.max((high / low) ** 0.05, 1.05);
  return [low / room, high * room];
}

// The best epoch among the first `count` rows, of the curve that decides.
export function bestOf(run, live, count) {
  const [, name] = live.best ?? [];
  const sign = live.maximise ? 1 : -1;
  return points(run, name)
    .filter(([, value, i]) => i < count && finite(value))
    .reduce((best, point) => (!best || sign * point[1] > sign * best[1] ? point : best), null);
}
