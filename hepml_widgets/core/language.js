// Texts in the language that Python chose. English ones are their own keys: for them nothing is sent.

/** @type {Record<string, string>} */
let texts = {};

// What is said from here on; without texts, English.
/** @type {(given?: Record<string, string>) => void} */
export const speak = (given = {}) => {
  texts = given;
};

export const spoken = () => texts[""] ?? "en";

// A text with values in its placeholders, such as {n}.
/** @type {(text: string, values?: Record<string, any>) => string} */
export const tr = (text, values = {}) =>
  ((text && texts[text]) || text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

// Marks a text that is kept before the language is known, and goes through `tr` when it is shown.
/** @type {(text: string) => string} */
export function later(text) {
  return text;
}
