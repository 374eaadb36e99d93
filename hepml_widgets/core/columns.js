// Columns travel as little-endian floats of 8 (or 4, or 2) bytes, or as single bytes: binary while
// a kernel lives, base64 in a page.

import { finite } from "./numbers.js";

/** @type {(column: any, size?: number) => Float64Array<ArrayBuffer>} */
export function floats(column, size = 8) {
  if (Array.isArray(column)) return Float64Array.from(column);
  if (column.base64 === undefined) return readFloats(column, size);
  const bytes = Uint8Array.from(atob(column.base64), (letter) => letter.charCodeAt(0));
  return readFloats(bytes.buffer, size);
}

/** @type {(binary: ArrayBuffer | DataView, size: number) => Float64Array<ArrayBuffer>} */
function readFloats(binary, size) {
  const view =
    binary instanceof ArrayBuffer
      ? new DataView(binary)
      : new DataView(binary.buffer, binary.byteOffset, binary.byteLength);
  const read = {
    8: (at) => view.getFloat64(at, true),
    4: (at) => view.getFloat32(at, true),
    2: (at) => half(view.getUint16(at, true)),
    1: (at) => view.getUint8(at),
  }[size];
  return Float64Array.from({ length: view.byteLength / size }, (_, i) => read(size * i));
}

/** @type {(bits: number) => number} */
export function half(bits) {
  const [exponent, rest] = [(bits >> 10) & 31, bits & 1023];
  return (bits >> 15 ? -1 : 1) * (exponent ? (1024 + rest) * 2 ** (exponent - 25) : rest * 2 ** -24);
}

/** @type {<T, R>(group: Record<string, T>, act: (one: T, name: string) => R) => Record<string, R>} */
export const mapped = (group, act) =>
  Object.fromEntries(Object.entries(group).map(([name, one]) => [name, act(one, name)]));

/** @type {(values: ArrayLike<number>) => number[]} */
export const twice = (values) => Array.from(values).flatMap((value) => [value, value]);

// The first of the nearest, in any order.
/** @type {(values: Float64Array, wanted: number) => number} */
export const closest = (values, wanted) =>
  values.reduce((best, value, i) => (Math.abs(value - wanted) < Math.abs(values[best] - wanted) ? i : best), 0);

/** @type {(sorted: ArrayLike<number>, value: number) => number} */
export function nearest(sorted, value) {
  let low = 0;
  let high = sorted.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle;
  }
  return value - sorted[low] <= sorted[high] - value ? low : high;
}

/** @type {(values: any, start: number, pick: (a: number, b: number) => number) => number} */
export const extreme = (values, start, pick) => values.reduce((best, v) => (finite(v) ? pick(best, v) : best), start);
