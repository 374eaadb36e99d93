// A page asked for with `?projector` in its address shows each view as large as the screen, with
// text and lines for the last row.

const LAYOUT = 960; // px that a view is laid out for, before it is enlarged
const MARGIN = 0.02;
const LINES = 675; // px of a screen's height for which 12 px are text for the last row

/** @type {(view: HTMLElement) => void} */
export function project(view) {
  if (!new URLSearchParams(location.search).has("projector")) return;
  const fit = () => requestAnimationFrame(() => enlarge(view));
  addEventListener("resize", fit);
  rise(view);
  enlarge(view);
  setTimeout(fit, 400); // once the page around it is settled
}

// Over what stands beside the column of text, such as contents; and out of what would cut it off.
/** @type {(view: HTMLElement) => void} */
function rise(view) {
  view.classList.add("hepml-projected");
  for (let at = view.parentElement; at && at !== document.body; at = at.parentElement) at.style.overflow = "visible";
}

/** @type {(view: HTMLElement) => void} */
function enlarge(view) {
  if (!view.isConnected) return;
  Object.assign(view.style, { zoom: "1", width: "", marginLeft: "" });
  const room = document.documentElement.clientWidth * (1 - MARGIN);
  const left = view.getBoundingClientRect().left;
  const least = Math.max(1, innerHeight / LINES); // what is too high then is scrolled
  let zoom = Math.max(least, room / LAYOUT);
  for (let tries = 0; tries < 3; tries++) {
    Object.assign(view.style, { zoom: String(zoom), width: `${room / zoom}px` });
    const over = view.getBoundingClientRect().height / (innerHeight * (1 - MARGIN));
    if (over <= 1) break;
    zoom = Math.max(least, zoom / over);
  }
  view.style.zoom = String(zoom);
  view.style.width = `${room / zoom}px`;
  view.style.marginLeft = `${(room * MARGIN - 2 * left) / 2 / zoom}px`;
}
