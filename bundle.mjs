// Bundles script and style of each widget, minified, into hepml_widgets/dist or the folder given.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";

const PACKAGE = join(import.meta.dirname, "hepml_widgets");
const SETTINGS = { bundle: true, charset: "utf8", legalComments: "none", minify: true, target: "es2022", write: false };
// Marks that turn text around must not turn the text of a bundle.
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const escaped = (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`;

async function bundled(text, loader, name) {
  const stdin = { contents: text, loader, resolveDir: PACKAGE, sourcefile: name };
  const { outputFiles } = await build({ ...SETTINGS, format: "esm", stdin });
  return outputFiles[0].text.replace(TURNING, escaped);
}

async function main(folder) {
  mkdirSync(folder, { recursive: true });
  const views = readdirSync(PACKAGE).filter((name) => existsSync(join(PACKAGE, name, "view.js")));
  const put = (name, text) => writeFileSync(join(folder, name), text);
  for (const view of views) {
    put(`${view}.js`, await bundled(`export { default } from "./${view}/view.js";`, "js", view));
    put(`${view}.css`, await bundled(`@import "./core/plot.css"; @import "./${view}/view.css";`, "css", view));
  }
  put("report.css", await bundled(`@import "./report/report.css";`, "css", "report"));
}

await main(resolve(process.argv[2] ?? join(PACKAGE, "dist")));
