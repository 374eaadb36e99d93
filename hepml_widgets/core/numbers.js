// Numbers as text: the same arithmetic as numbers.py, so that both print the same digits.

export const max = Math.max;

export const min = Math.min;

/** @type {<T>(value: T) => T} */
export const same = (v) => v;

const THIN = "\u202f";
const PLUS_MINUS = "\u00a0±\u00a0"; // no line break parts a value from its error
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

export const finite = Number.isFinite;

/** @type {(exponent: number) => number} */
export const power = (exponent) => Number(`1e${exponent}`);

/** @type {(value: number) => number} */
export const exponentOf = (value) => Number(Math.abs(value).toExponential(16).split("e")[1]);

/** @type {(integer: number) => string} */
export function superscript(integer) {
  const digits = [...String(Math.abs(integer))].map((digit) => SUPERSCRIPTS[digit]).join("");
  return (integer < 0 ? "⁻" : "") + digits;
}

/** @type {(value: number, places: number) => number} */
export function shift(value, places) {
  if (Math.abs(places) > 300) return shift(shift(value, Math.sign(places) * 300), places - Math.sign(places) * 300);
  return places >= 0 ? value * power(places) : value / power(-places);
}

// Half up on the magnitude: the language's own rounding differs between Python and JavaScript.
/** @type {(value: number, places: number, group?: string) => string} */
export function fixed(value, places, group = THIN) {
  const whole = Math.floor(shift(Math.abs(value), places) + 0.5);
  let digits = BigInt(whole).toString();
  if (places < 0 && whole > 0) digits += "0".repeat(-places);
  if (places > 0) digits = digits.padStart(places + 1, "0");
  const cut = digits.length - max(places, 0);
  const integer = digits.slice(0, cut).replace(/\B(?=(\d{3})+(?!\d))/g, group);
  const sign = value < 0 && whole > 0 ? "−" : "";
  return sign + integer + (places > 0 ? `.${digits.slice(cut)}` : "");
}

/** @type {(size: number) => boolean} */
const isPlain = (size) => size === 0 || (size >= 1e-3 && size < 1e7);

/** @type {(value: number, places: number) => string} */
function scientific(value, places) {
  const first = exponentOf(value);
  const exponent = first + (Number(fixed(shift(Math.abs(value), -first), places)) >= 10 ? 1 : 0);
  return `${fixed(shift(value, -exponent), places)}×10${superscript(exponent)}`;
}

/** @type {(value: number, digits?: number) => string} */
export function significant(value, digits = 3) {
  if (!finite(value)) return "–";
  if (!isPlain(Math.abs(value))) return scientific(value, digits - 1);
  const exponent = value === 0 ? 0 : exponentOf(value);
  return fixed(value, max(0, digits - 1 - exponent));
}

// Decimal place of the one digit an uncertainty is given with.
/** @type {(error: number) => number} */
function placesOf(error) {
  const exponent = exponentOf(error);
  return Math.floor(shift(error, -exponent) + 0.5) === 10 ? -exponent - 1 : -exponent;
}

/** @type {(value: number, error: number) => string} */
export function withError(value, error) {
  if (!finite(value)) return "–";
  if (!finite(error) || !(error > Math.abs(value) * 1e-9)) return significant(value);
  const size = max(Math.abs(value), error);
  if (isPlain(size)) {
    const places = placesOf(error);
    return fixed(value, places) + PLUS_MINUS + fixed(error, places);
  }
  const exponent = exponentOf(size);
  const [v, e] = [shift(value, -exponent), shift(error, -exponent)];
  const places = placesOf(e);
  return `(${fixed(v, places)}${PLUS_MINUS}${fixed(e, places)})×10${superscript(exponent)}`;
}

/** @type {(fraction: number) => string} */
export function percent(fraction) {
  const value = 100 * fraction;
  if (!finite(value)) return "–";
  return `${Math.abs(value) >= 1 || value === 0 ? fixed(value, 1) : significant(value, 2)}${THIN}%`;
}

// A probability near 0 or 1, told by its distance from there.
/** @type {(value: number, neighbours: number[]) => string} */
export function probability(value, neighbours) {
  if (value === 0 || value === 1) return fixed(value, 2);
  if (value > 0 && value < 1e-3) return significant(value);
  return value > 0.999 && value < 1 ? `1−${significant(1 - value)}` : distinct(value, neighbours);
}

// As many decimals as tell a value from its neighbours.
/** @type {(value: number, neighbours: number[]) => string} */
export function distinct(value, neighbours) {
  if (!isPlain(Math.abs(value)) && Math.abs(value) >= 1) return significant(value, 6);
  const others = neighbours.filter((other) => Math.abs(other) < 1e7 && other !== value);
  for (let places = 2; places < 15; places += 1) {
    const text = fixed(value, places);
    if (others.every((other) => fixed(other, places) !== text)) return text;
  }
  return fixed(value, 15);
}
