// Colours of pixels.

import { shadesThrough } from "../core/cells.js";
import { extreme } from "../core/columns.js";
import { finite } from "../core/numbers.js";
import { niceDomain } from "../core/ticks.js";
import { KINDS } from "./payload.js";

export const SHADES = 257; // the first two: nothing at all, and less than nothing
const DEPTH = 1e-5;

// Round numbers around some images; about zero if they have two signs. What is positive but less
// than a 10⁻⁵ of the largest has the lowest colour of a logarithm.
function coloured(images, scale) {
  const values = images.flatMap((image) => [...(image ?? [])]).filter(finite);
  const [low, high] = [extreme(values, 0, Math.min), extreme(values, 0, Math.max)];
  const most = Math.max(-low, high) || 1;
  if (scale !== "log") return low < 0 || scale === "signed" ? niceDomain([-most, most], 20) : niceDomain([0, most], 10);
  const least = Math.max(
    extreme(
      values.filter((value) => value > 0),
      high || 1,
      Math.min,
    ),
    DEPTH * high,
  );
  const decade = (value) => Number(`1e${Math.floor(Math.log10(value) + 1e-9)}`);
  const digit = [2, 5, 10].find((one) => one * decade(high || 1) >= high);
  return [decade(least), digit * decade(high || 1)];
}

export function shadeIn(domain, scale) {
  const at = scale === "log" ? Math.log10 : Number;
  const [low, high] = domain.map(at);
  return (value) => {
    if (!value) return 0;
    if (scale === "log" && value < 0) return 1;
    return 2 + Math.round((SHADES - 3) * Math.max(0, Math.min(1, (at(value) - low) / (high - low))));
  };
}

// Shades of what is positive, and of what has two signs, in the colours of the theme.
export function mixed(root) {
  const [nothing, less] = [
    ["--ground", "--ground"],
    ["--line", "--line"],
  ].map((colors) => shadesThrough(root, colors, 2).slice(0, 3));
  return [["--heat"], ["--cold", "--ground", "--hot"]].map((colors) =>
    Uint8ClampedArray.of(...nothing, ...less, ...shadesThrough(root, colors, SHADES - 2)),
  );
}

// The domains of all images and of their difference: of all jets and of those selected, for it seldom
// changes, and nothing runs out of it. A difference of few jets would be lost on the scale of all: it has its own.
export function domainsOf({ data, state, now, whole }) {
  const { stack, shown, scale, contrast } = state;
  const singles = () => KINDS.flatMap((kind) => data.samples[kind].jets.stacks[stack]);
  if (shown === "jets") whole[scale] ??= coloured(singles(), scale);
  const common =
    shown === "jets" ? whole[scale] : coloured([...Object.values(whole.images), ...Object.values(now.images)], scale);
  return [common, coloured([now[contrast]], "signed")];
}
