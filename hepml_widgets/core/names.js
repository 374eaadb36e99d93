// Names that are a user's: marks that set letters below and above, cut and isolated.

// A name may have "_{…}" and "^{…}", as in m_{jj}: set below and above, and nothing else is.
export const MARKED = /([_^]\{[^{}]+\})/;

/** @type {(text: string) => string[][]} */
export const piecesOf = (text) =>
  text
    .split(MARKED)
    .filter((part) => part !== "")
    .map((part) => (MARKED.test(part) ? [part.slice(2, -1), part[0]] : [part, ""]));

/** @type {(text: string) => string} */
export const unmarked = (text) =>
  piecesOf(text)
    .map(([part]) => part)
    .join("");

// Marks that reorder text must not reach what stands beside a name: they are dropped, and the
// name is isolated; a script that runs from right to left still does.
/** @type {(text: string) => string} */
export const upright = (text) => text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");

// What is cut are letters that are seen: a mark keeps its braces.
/** @type {(name: string, length?: number) => string} */
export function shorten(name, length = 24) {
  const text = upright(name);
  if ([...unmarked(text)].length <= length) return `\u2068${text}\u2069`;
  let room = length - 1;
  const kept = piecesOf(text).map(([part, mark]) => {
    const some = [...part].slice(0, room).join("");
    room -= [...some].length;
    return mark && some ? `${mark}{${some}}` : some;
  });
  return `\u2068${kept.join("")}…\u2069`;
}
