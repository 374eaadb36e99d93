// Loss above, a metric below.

import { frame } from "../core/frame.js";
import { later, tr } from "../core/language.js";
import { shorten } from "../core/names.js";
import { finite, significant } from "../core/numbers.js";
import { niceDomain } from "../core/ticks.js";
import { endLabels, remark } from "../core/words.js";
import { drawBaseline, drawBest, drawCurve, label, looksOf } from "./figure.js";
import { BUSY, bestOf, domainOf, logDomain } from "./payload.js";

export const namesOf = ({ payload, metric }) => [payload.upper ?? null, metric];
const looksIn = ({ payload }) => looksOf(payload.sets ?? []);
export const curvesOf = (view, name) => (name === null ? [] : looksIn(view).map(({ lead }) => lead + name));
const baselineOf = ({ payload }, name) => payload.baseline?.[name];
export const isIdle = ({ run, live }) => run.epoch.length > 0 && !BUSY.includes(live.status);
export const countOf = (view) => (isIdle(view) ? view.at + 1 : view.run.epoch.length);
export const unitOf = ({ payload }) => payload.unit ?? "epoch";

function drawPanel(panel, view, which) {
  const { run, live } = view;
  const name = namesOf(view)[which];
  if (!run.epoch.length) {
    if (which === 0) remark(panel, live.waiting);
    return;
  }
  const count = countOf(view);
  const baseline = baselineOf(view, name);
  if (finite(baseline)) drawBaseline(panel, baseline, tr("baseline {n}", { n: significant(baseline, 3) }));
  drawBest(panel, bestOf(run, live, count), curvesOf(view, name).includes(live.best?.[1]));
  const ends = looksIn(view).map((look) => label(panel, drawCurve(panel, run, look.lead + name, look, count), look));
  endLabels(
    panel,
    ends.filter((item) => item),
  );
}

export const UNIT = { epoch: later("epoch"), round: later("round") };
const BY = { epoch: later("{name} by epoch"), round: later("{name} by round") };

// The loss above, one of the metrics below.
export const framesOf = (view, hosts) =>
  hosts.map((host, which) =>
    frame(view.scene, host, {
      label: which ? tr("metric") : tr("loss"),
      x: { title: "", kind: "count", domain: [0, 10] },
      y: { title: "", domain: [0, 1] },
      draw: (panel) => drawPanel(panel, view, which),
    }),
  );

// While it trains, as far as it will go or to a round number.
function lastEpoch({ run, live }) {
  const last = run.epoch[run.epoch.length - 1] ?? 10;
  if (!BUSY.includes(live.status)) return last;
  return Math.max(live.total ?? 0, last, live.total ? 0 : niceDomain([0, last])[1]);
}

export function setAxes(view) {
  const { run, payload, panels, hosts } = view;
  const end = lastEpoch(view);
  namesOf(view).forEach((name, which) => {
    const log = view.logarithmic && which === 0;
    const title = payload.titles?.[name] ?? name ?? (which ? "" : tr("loss"));
    const domain = (log ? logDomain : domainOf)(run, curvesOf(view, name), baselineOf(view, name));
    const bottom = which === 1 || hosts[1].hidden;
    panels[which].svg.setAttribute("aria-label", tr(BY[unitOf(view)], { name: shorten(name ?? tr("loss")) }));
    panels[which].set({
      x: { title: bottom ? tr(UNIT[unitOf(view)]) : "", domain: [0, Math.max(end, 1)] },
      y: { title, plain: true, kind: log ? "log" : "linear", domain },
    });
  });
}
