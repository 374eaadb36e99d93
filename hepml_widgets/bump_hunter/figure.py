"""The four panels of a `BumpHunter` in matplotlib."""

import numpy as np

from hepml_widgets.core import style
from hepml_widgets.core.drawing import plain
from hepml_widgets.core.language import tr

__all__ = ["draw"]


def draw(hunter, sheet):
    """Spectrum and pulls on the left, local p of all thresholds and windows on the right.

    Parameters
    ----------
    hunter : BumpHunter
    sheet : callable
        Makes the `Figure`, or the `Sheet` that is drawn as one, of a ``figsize``.
    """
    figure = sheet(figsize=(11.0, 5.6))
    (spectrum, thresholds), (pulls, windows) = figure.subplots(
        2, 2, gridspec_kw={"height_ratios": (3, 2)}
    )
    draw_spectrum(spectrum, hunter)
    draw_pulls(pulls, hunter)
    draw_thresholds(thresholds, hunter)
    draw_windows(windows, hunter)
    figure.supxlabel(hunter.readout, fontsize=9)
    return figure


def draw_spectrum(axes, hunter):
    counts, hunt, edges = hunter.counts[hunter.row], hunter.hunt, hunter.edges
    mark_window(axes, hunter)
    errors = np.sqrt(hunter.spectra.squares[hunter.row])
    shown = counts > 0
    look = {"fmt": "k.", "ms": 4, "lw": 1, "label": tr("events")}
    axes.errorbar(middles(edges)[shown], counts[shown], errors[shown], **look)
    if hunt is not None:
        low, high = (hunt.expected + sign * hunt.expected_error for sign in (-1, 1))
        axes.stairs(hunt.expected, edges, color=style.BACKGROUND, label=tr("sideband fit"))
        axes.stairs(high, edges, baseline=np.maximum(low, 1e-9), fill=True,
                    color=style.BACKGROUND, alpha=0.3, lw=0)  # fmt: skip
    if hunter.truth_shown:
        truth = hunter.spectra.truth[hunter.row]
        axes.stairs(truth, edges, color=style.SIGNAL, label=tr("true signal"))
    lowest = counts[shown].min() / 2
    axes.set(yscale="log", ylim=(lowest, counts.max() * 3), xlim=edges[[0, -1]])
    axes.set(xlabel=plain(hunter.titles[0]), ylabel=tr("events / bin"))
    axes.legend(loc="upper right")


def draw_pulls(axes, hunter):
    pulls = hunter.pulls
    mark_window(axes, hunter)
    axes.stairs(np.nan_to_num(pulls), hunter.edges, fill=True, color=style.BACKGROUND, alpha=0.4)
    axes.axhline(0, color="k", lw=0.8)
    known = np.nan_to_num(pulls)
    limits = min(-3.5, 1.15 * known.min()), max(3.5, 1.15 * known.max())
    axes.set(xlabel=plain(hunter.titles[0]), ylabel=tr("pull [σ]"), ylim=limits)
    axes.set_xlim(hunter.edges[[0, -1]])


def draw_thresholds(axes, hunter):
    _, p = hunter.spectra.over_thresholds(hunter.span)
    kept = hunter.spectra.kept
    axes.plot(kept, p, "k.-", ms=4, lw=1)
    if np.isfinite(p[hunter.row]):
        axes.plot(kept[hunter.row], p[hunter.row], "o", color=style.ACCENT, zorder=4)
    axes.set(xscale="log", xlabel=tr("share of events kept"))
    lines_of_sigma(axes, p)


def draw_windows(axes, hunter):
    _, p = hunter.spectra.over_windows(hunter.row, hunter.width)
    centres = np.mean(hunter.windows, axis=1)
    axes.plot(centres, p, "k.-", ms=4, lw=1)
    mark_window(axes, hunter)
    axes.set(xlabel=plain(hunter.titles[1]), xlim=hunter.edges[[0, -1]])
    lines_of_sigma(axes, p)


def lines_of_sigma(axes, p):
    """Logarithmic p-value, with whole standard deviations as thin lines."""
    tails = (0.15866, 0.02275, 1.35e-3, 3.17e-5, 2.87e-7, 9.87e-10)
    lowest = min([1e-3, *(p[np.isfinite(p) & (p > 0)])]) / 5
    for sigmas, tail in enumerate(tails, start=1):
        if tail > lowest:
            axes.axhline(tail, color="0.8", lw=0.8, zorder=0)
            axes.text(0.99, tail, f"{sigmas} σ", transform=axes.get_yaxis_transform(),
                      ha="right", va="bottom", fontsize=7, color="0.4")  # fmt: skip
    axes.set(yscale="log", ylim=(lowest, 2), ylabel=tr("local p"))


def mark_window(axes, hunter):
    axes.axvspan(*hunter.signal_region, color=style.ACCENT, alpha=0.12, lw=0)


def middles(edges):
    return (edges[1:] + edges[:-1]) / 2
