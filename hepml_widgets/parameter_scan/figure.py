"""The three panels of a `ParameterScan` in matplotlib."""

import textwrap

import numpy as np

from hepml import stats
from hepml_widgets.core import style
from hepml_widgets.core.drawing import (
    clipped,
    draw_class,
    label_of,
    mathematics,
    plain,
    set_log_counts,
    symbols,
    title_text,
)
from hepml_widgets.core.language import tr
from hepml_widgets.parameter_scan.payload import IN_TRAINING, PLAIN_SYMBOL, rule_of, status_of

__all__ = ["draw"]

MARKERS = ("o", "s", "^", "v", "D")


def draw(scan, sheet):
    """Figure of merit against the parameter above, histograms and ROC curves below.

    Parameters
    ----------
    scan : ParameterScan
    sheet : callable
        Makes the `Figure`, or the `Sheet` that is drawn as one, of a ``figsize``.
    """
    figure = sheet(figsize=(11.0, 7.2))
    panels = figure.subplot_mosaic(
        [["scan", "scan"], ["scores", "roc"]], gridspec_kw={"height_ratios": (4, 5)}
    )
    draw_scan(panels["scan"], scan)
    draw_scores(panels["scores"], scan)
    draw_roc(panels["roc"], scan)
    lines = textwrap.wrap(scan.readout, 140)
    figure.supxlabel(mathematics(plain("\n".join(lines))), fontsize=9)
    return figure


def draw_scan(axes, scan):
    quantity = scan.shown
    for index, model in enumerate(scan.models):
        if model in quantity.rows:
            draw_points(axes, scan, index, quantity.rows[model])
    if quantity.name == "Z":
        draw_cut(axes, scan)
    if quantity.zero and quantity.domain[0] < 0:
        axes.axhline(0, color="0.6", lw=0.8, ls=":")
    axes.axvline(scan.value, color=style.ACCENT, zorder=0)
    axes.plot([], [], "o", color="k", mfc="w", label=tr("hollow: not in training"))
    axes.set(yscale=quantity.kind, ylim=quantity.domain)
    axes.set_ylabel(mathematics(quantity.title) if quantity.own else label_of(quantity.title, 48))
    axes.set_xlabel(title_of(scan))
    axes.legend(loc="upper left", ncols=4)


def draw_cut(axes, scan):
    """Draw Z at the threshold, faded where too little background is left, and say the rule."""
    z = scan.significances()[0]
    axes.plot(scan.values, z, ":", color=style.ACCENT, alpha=0.4)
    trusted = np.where(scan.trusted, z, np.nan)
    axes.plot(scan.values, trusted, ":", color=style.ACCENT, label=tr("this cut"))
    axes.plot([], [], " ", label=rule_of(scan.chosen))


def title_of(scan):
    """Title of the axis: a name like m_X as a symbol, any other as it is."""
    if len(scan.name) <= 16 and PLAIN_SYMBOL.fullmatch(scan.name):
        return f"${scan.name}$" + (f" [{label_of(scan.unit, 8)}]" if scan.unit else "")
    return plain(scan.parameter[1])


def draw_points(axes, scan, index, columns):
    """Markers with errors: filled where the model was trained, hollow where it was not."""
    color, values, (heights, errors) = style.CURVES[index], scan.values, columns
    model, marker = scan.models[index], MARKERS[index]
    filled = np.array([status_of(v, scan.trained[model]) == IN_TRAINING for v in values])
    axes.plot(values, heights, color=color, lw=0.6, ls=style.linestyle(style.DASHES[index]))
    axes.errorbar(values, heights, errors, fmt="none", ecolor=color, elinewidth=1)
    axes.plot(values[filled], heights[filled], marker, color=color, label=label_of(model))
    axes.plot(values[~filled], heights[~filled], marker, color=color, mfc="w")


def draw_scores(axes, scan):
    for kind, name in zip(("background", "signal"), reversed(scan.names), strict=True):
        draw_class(axes, scan.point, kind, name)
    axes.axvline(clipped(scan, scan.threshold), color=style.ACCENT)
    set_log_counts(axes, scan.point)
    axes.set(xscale=scan.scale, ylabel=tr("events / bin"), xlim=scan.edges[[0, -1]])
    axes.set_xlabel(title_text(scan.score_name))
    axes.legend(loc="upper center", ncols=2)


def draw_roc(axes, scan):
    for index, model in enumerate(scan.models):
        if model in scan.point.curves:
            cuts = scan.point.curves[model]
            draw_curve(axes, cuts, index, label_of(model))
    point = scan.working_point
    if np.isfinite([point.signal_efficiency, point.background_rejection]).all():
        axes.plot(point.signal_efficiency, point.background_rejection, "o", color=style.ACCENT)
    heights = [cuts.background_rejection for cuts in scan.point.curves.values()]
    if any((height[np.isfinite(height)] > 0).any() for height in heights):
        axes.set_yscale("log")
    axes.set(xlim=(0, 1), xlabel=symbols(tr("signal efficiency ε_s")))
    axes.set_ylabel(symbols(tr("background rejection 1/ε_b")))
    axes.legend(loc="upper right")


def draw_curve(axes, cuts, index, label):
    height, (_, error) = cuts.background_rejection, stats.errors_at_signal_efficiency(cuts)
    drawn = np.isfinite(height) & (height > 0)
    x, height, error = cuts.signal_efficiency[drawn], height[drawn], error[drawn]
    color = style.CURVES[index]
    axes.plot(x, height, color=color, ls=style.linestyle(style.DASHES[index]), label=label)
    low = np.maximum(height - error, height.min(initial=1))
    axes.fill_between(x, low, height + error, color=color, alpha=0.16, lw=0)
