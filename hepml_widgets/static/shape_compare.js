import { stage } from "./plot.js";

function render({ el }) {
  return stage(el, "Shape comparison").cleanup;
}

export default { render };
