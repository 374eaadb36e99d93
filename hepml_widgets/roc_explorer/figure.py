"""The three panels of a `RocExplorer` in matplotlib."""

import numpy as np
from matplotlib.ticker import NullFormatter

from hepml import stats
from hepml_widgets.core import style
from hepml_widgets.core.cuts import RULE, title_of
from hepml_widgets.core.drawing import (
    clipped,
    draw_class,
    mathematics,
    plain,
    set_log_counts,
    symbols,
    title_text,
)
from hepml_widgets.core.language import later, tr
from hepml_widgets.core.numbers import shorten, with_error
from hepml_widgets.roc_explorer.bound import NAME

GAP_TOP = 1.2
LEGENDS = {"rejection": "upper right", "linear": "upper left", "gap": "lower right"}
BOUND_LINE = {"color": style.BOUND, "ls": style.linestyle(style.BOUND_DASH), "lw": 1}


def draw(explorer, sheet):
    """Histograms, ROC and figure of merit side by side.

    Parameters
    ----------
    explorer : RocExplorer
    sheet : callable
        Makes the `Figure`, or the `Sheet` that is drawn as one, of a ``figsize``.
    """
    figure = sheet(figsize=(13.2, 4.3))
    left, middle, right = figure.subplots(1, 3)
    draw_histograms(left, explorer)
    draw_roc(middle, explorer)
    draw_merit(right, explorer)
    figure.supxlabel(mathematics(explorer.readout), fontsize=10)
    return figure


def draw_histograms(axes, explorer):
    model = explorer.shown
    for kind, name in zip(("background", "signal"), reversed(explorer.names), strict=True):
        draw_class(axes, model, kind, name)
    axes.axvline(clipped(model, explorer.threshold), color=style.ACCENT)
    set_log_counts(axes, model)
    axes.set(xscale=model.scale, ylabel=tr("events / bin"), xlim=model.edges[[0, -1]])
    axes.set_xlabel(title_text(explorer.score_name))
    axes.legend(loc="upper center", ncols=2)


ROC_TITLES = {
    "rejection": later("background rejection 1/ε_b"),
    "linear": later("background efficiency ε_b"),
    "gap": later("1/ε_b over that of the exact bound"),
}


def draw_roc(axes, explorer):
    kind = explorer.roc_axis
    axes.set_yscale("log" if kind == "rejection" else "linear")
    for index, model in enumerate(explorer.models.values()):
        draw_curve(axes, model, index, explorer)
    axes.set(xlabel=symbols(tr("signal efficiency ε_s")), xlim=(0, 1))
    axes.set_ylabel(symbols(tr(ROC_TITLES[kind])))
    if kind == "rejection":
        axes.set_ylim(bottom=1)
    if kind == "gap":
        axes.set_ylim(0, GAP_TOP)
    if explorer.bound:
        draw_bound(axes, explorer)
    draw_working_point(axes, explorer)
    axes.legend(loc=LEGENDS[kind])


def draw_working_point(axes, explorer):
    x = explorer.working_point.signal_efficiency
    y = heights_of(explorer.shown, explorer.roc_axis)[0][explorer.row]
    if np.isfinite([x, y]).all():
        axes.plot([0, x, x], [y, y, axes.get_ylim()[0]], ":", color=style.ACCENT, lw=1)
        axes.plot(x, y, "o", color=style.ACCENT, zorder=4)


def heights_of(model, kind):
    """Take what the ROC panel shows of each cut, and its error."""
    if kind == "gap":
        return model.gap.fraction, model.gap.fraction_error
    if kind == "linear":
        return model.cuts.background_efficiency, model.errors[0]
    return model.cuts.background_rejection, model.errors[1]


def draw_curve(axes, model, index, explorer):
    kind = explorer.roc_axis
    heights, errors = heights_of(model, kind)
    drawn = np.isfinite(heights)
    x, heights, errors = model.cuts.signal_efficiency[drawn], heights[drawn], errors[drawn]
    color, dash = style.CURVES[index], style.linestyle(style.DASHES[index])
    label = f"{shorten(model.name, 18)}  " if len(explorer.models) > 1 else ""
    axes.plot(x, heights, color=color, ls=dash, label=plain(f"{label}AUC {model.auc_text}"))
    low = np.maximum(heights - errors, 1) if kind == "rejection" else heights - errors
    if kind != "gap" or model is explorer.shown:
        axes.fill_between(x, low, heights + errors, color=color, alpha=0.16, lw=0)


def draw_bound(axes, explorer):
    """Draw the exact bound, and shade what lies beyond it."""
    kind = explorer.roc_axis
    x, heights = explorer.bound_points
    if kind == "gap":
        x, heights = np.array([0.0, 1.0]), np.ones(2)
    if kind == "rejection":
        x, heights = x[heights > 0], 1 / heights[heights > 0]
    bottom, top = axes.get_ylim()
    beyond = bottom if kind == "linear" else top
    axes.fill_between(x, heights, beyond, color="k", alpha=0.07, lw=0)
    axes.plot(x, heights, **BOUND_LINE, label=f"{tr(NAME)}  AUC {explorer.bound_text}")
    axes.set_ylim(bottom, top)


def draw_scan(axes, x, scan, *, color, dash="-", said=True):
    """Draw a figure of merit; where too little background is left to trust it, thin and dotted."""
    trusted, rest = scan.parts
    errors = np.nan_to_num(scan.errors)
    axes.plot(x, trusted, color=color, ls=dash)
    axes.fill_between(x, trusted - errors, trusted + errors, color=color, alpha=0.16, lw=0)
    if np.isfinite(rest).any():
        rest = np.where(np.isfinite(rest), rest, np.nan)
        label = tr(RULE, n=stats.ENOUGH_BACKGROUND) if said else None
        axes.plot(x, rest, color=color, alpha=0.6, lw=1, ls=":", label=label)


SAME = later("the best on these events: optimistic")


def draw_merit(axes, explorer):
    model, merit = explorer.shown, explorer.merit
    scan = model.scan(merit, explorer.options)
    x = clipped(model, model.cuts.threshold)
    top = model.bound_scan(merit, explorer.options) if model.gap else None
    if scan.best is not None:
        best, error = scan.values[scan.best], scan.errors[scan.best]
        values = {"value": with_error(best, error), "at": model.threshold_text(scan.best)}
        text = tr("best {name} {value} at {at}", name=merit, **values)
        axes.plot(x[scan.best], best, "D", color="k", mfc="w", label=text, zorder=3)
        axes.plot([], [], " ", label=tr(SAME))
    draw_scan(axes, x, scan, color="k")
    if top:
        axes.plot(x, np.where(np.isfinite(top.values), top.values, np.nan), **BOUND_LINE)
    axes.set_ylim(0, max(scan.top, top.top if top else 0))
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left")
    axes.axvline(clipped(model, explorer.threshold), color=style.ACCENT)
    axes.set(xscale=model.scale, xlabel=tr("threshold"), xlim=model.edges[[0, -1]])
    axes.set_ylabel(mathematics(title_of(merit, explorer.options)))
    if model.scale == "logit":
        axes.xaxis.set_minor_formatter(NullFormatter())
