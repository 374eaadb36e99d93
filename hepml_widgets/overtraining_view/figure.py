"""The two panels of an `OvertrainingView` in matplotlib."""

import textwrap

import numpy as np
from matplotlib.ticker import MaxNLocator

from hepml_widgets.core import style
from hepml_widgets.core.drawing import draw_class, label_of, plain, set_log_counts, title_text
from hepml_widgets.core.language import later, tr
from hepml_widgets.core.numbers import significant

__all__ = ["draw"]

LOOKS = {
    "train": (later("training"), style.CURVES[1], 1.2, style.linestyle("6 3")),
    "new": (None, style.CURVES[0], 2.0, "-"),
}


def draw(view, sheet):
    """Learning curve and score distributions side by side, each with its question and answer.

    Parameters
    ----------
    view : OvertrainingView
    sheet : callable
        Makes the `Figure`, or the `Sheet` that is drawn as one, of a ``figsize``.
    """
    figure = sheet(figsize=(11.0, 4.9))
    left, right = figure.subplots(1, 2)
    for axes, question, answer in zip((left, right), view.questions, view.answers, strict=True):
        text = f"{tr(question)}\n" + "\n".join(textwrap.wrap(answer, 78))
        axes.set_title(plain(text), loc="left", fontsize=8.5)
    draw_curve(left, view)
    draw_scores(right, view)
    return figure


def draw_curve(axes, view):
    curve = view.shown_curve
    axes.set_xlabel(tr(view.unit))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    if curve is None:
        axes.text(0.5, 0.5, tr(view.invitation), ha="center", transform=axes.transAxes)
        axes.set(xticks=[], yticks=[])
        return
    for which in LOOKS:
        draw_line(axes, curve, which)
    if curve.best is not None:
        best = curve.rounds[curve.best], curve.new[curve.best]
        label = tr("best {value} at {at}", value=significant(best[1], 4), at=best[0])
        axes.plot(*best, "D", color="k", mfc="w", label=label)
    if len(view.stages) > 1:
        axes.axvline(view.round, color=style.ACCENT)
    axes.set_ylabel(label_of(curve.name))
    axes.legend(loc="best")


def draw_line(axes, curve, which):
    label, color, width, dash = LOOKS[which]
    values, errors = getattr(curve, which), getattr(curve, f"{which}_error")
    label = tr(label or curve.new_name)
    axes.plot(curve.rounds, values, color=color, lw=width, ls=dash, label=label)
    if errors is not None:
        low, high = values - errors, values + errors
        axes.fill_between(curve.rounds, low, high, color=color, alpha=0.16, lw=0)


def draw_scores(axes, view):
    stage = view.stage
    for kind, name in zip(("background", "signal"), reversed(view.names), strict=True):
        draw_class(axes, stage, kind, name)
    axes.plot([], [], "k.", label=tr("training (points)"))
    set_log_counts(axes, stage)
    ends = stage.histograms["signal"].edges[[0, -1]]
    axes.set(xscale=view.scale, xlabel=title_text(view.score_name), xlim=ends)
    axes.set_ylabel(tr("events / bin"))
    axes.legend(loc="upper center", ncols=3)
    if not any(np.any(h.sumw) for h in stage.histograms.values()):
        axes.set_ylim(0, 1)
