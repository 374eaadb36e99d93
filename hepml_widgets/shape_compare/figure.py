"""The panels of a `ShapeCompare` in matplotlib."""

import textwrap

import numpy as np

from hepml_widgets.core import style
from hepml_widgets.core.drawing import label_of, plain
from hepml_widgets.core.language import later, tr

__all__ = ["draw"]

LOOKS = {
    later("target"): {"color": style.BACKGROUND, "hatch": "////"},
    later("source"): {"color": style.CURVES[1], "ls": style.linestyle("6 3")},
    later("reweighted"): {"color": style.SIGNAL, "lw": 1.6},
}
SPANS = 0.1, 0.2, 0.5, 1  # about one, of the ratio


def draw(view, sheet):
    """Histograms, ratio and pulls under each other; the weights and the verdicts beside them.

    Parameters
    ----------
    view : ShapeCompare
    sheet : callable
        Makes the `Figure`, or the `Sheet` that is drawn as one, of a ``figsize``.
    """
    figure = sheet(figsize=(11.0, 7.4))
    left, right = figure.subfigures(1, 2, width_ratios=(1.5, 1))
    panels = left.subplots(3, 1, sharex=True, height_ratios=(2.2, 1, 1))
    for axes, draw_panel in zip(panels, (draw_shares, draw_ratio, draw_pulls), strict=True):
        draw_panel(axes, view)
        if view.brush and view.brush[0] == view.feature:
            axes.axvspan(*view.brush[1:], color=style.ACCENT, alpha=0.12, lw=0)
    panels[-1].set(xlabel=label_of(view.feature, 60), xlim=view.axis.edges[[0, -1]])
    upper, lower = right.subplots(2, 1)
    draw_weights(upper, view)
    write_verdicts(lower, view)
    figure.supxlabel(plain("\n".join(textwrap.wrap(view.readout, 150))), fontsize=9)
    return figure


def draw_shares(axes, view):
    """Shares of all three, the reweighted one with its errors."""
    edges = view.axis.edges
    for name, content in reversed(view.contents.items()):
        looks = dict(LOOKS[name])
        if name == "target":
            axes.stairs(content.p, edges, fill=True, alpha=0.25, lw=0, **looks)
            looks.pop("hatch")
        axes.stairs(content.p, edges, label=tr(name), **looks)
        low, high = content.p - content.error, content.p + content.error
        axes.stairs(high, edges, baseline=low, fill=True, color=looks["color"], alpha=0.25, lw=0)
    axes.set(ylabel=tr("share / bin"))
    axes.margins(y=0.2)
    axes.legend(loc="best")


def centres(view):
    edges = view.axis.edges
    return (edges[1:] + edges[:-1]) / 2


def draw_ratio(axes, view):
    comparison = view.comparison
    axes.axhline(1, color="0.6", lw=0.8)
    axes.stairs(view.before.ratio, view.axis.edges, baseline=None, **LOOKS["source"])
    axes.errorbar(
        centres(view), comparison.ratio, comparison.error, fmt=".", color=style.SIGNAL, capsize=0
    )
    off = (np.abs(comparison.ratio - 1) + comparison.error)[np.isfinite(comparison.pull)]
    most = np.max(off, initial=0.0) if off.size else SPANS[-1]
    reach = next((span for span in SPANS if span >= most), SPANS[-1])
    beyond = np.clip(comparison.ratio, 1 - reach, 1 + reach)
    for marker, where in (("^", comparison.ratio > beyond), ("v", comparison.ratio < beyond)):
        inner = 1 + 0.93 * (beyond[where] - 1)
        axes.plot(centres(view)[where], inner, marker, color=style.SIGNAL)
    axes.set(ylabel=tr("ratio to target"), ylim=(1 - reach, 1 + reach))


def draw_pulls(axes, view):
    pull = view.comparison.pull
    reach = max(4.0, 1.2 * np.max(np.abs(pull[np.isfinite(pull)]), initial=0.0))
    axes.axhspan(-1, 1, color="0.85", lw=0)
    axes.axhline(0, color="0.6", lw=0.8)
    axes.stairs(np.nan_to_num(pull), view.axis.edges, fill=True, color=style.SIGNAL, alpha=0.6)
    axes.set(ylabel=tr("pull [σ]"), ylim=(-reach, reach))


def draw_weights(axes, view):
    """How many events have which weight, before and after."""
    for name, key in (("source", "source"), ("reweighted", view.method)):
        found = view.spectra[key]
        axes.stairs(found.positive, found.edges, label=tr(name), **LOOKS[name])
        if found.negative.any():
            looks = LOOKS[name] | {"ls": ":", "label": tr("{name}, negative", name=tr(name))}
            axes.stairs(found.negative, found.edges, **looks)
    axes.set(xscale="log", yscale="log")
    axes.set(xlabel=tr("|weight| / mean"), ylabel=tr("events / bin"))
    axes.set_ylim(0.5, None)
    axes.legend(loc="best")


def write_verdicts(axes, view):
    axes.set_axis_off()
    lines = [line for text in view.verdicts for line in [*textwrap.wrap(text, 54), ""]]
    axes.text(0, 1, plain("\n".join(lines)), va="top", transform=axes.transAxes, fontsize=9)
