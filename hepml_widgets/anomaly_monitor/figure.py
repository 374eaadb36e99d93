"""The panels of an `AnomalyMonitor` in matplotlib."""

import math
import textwrap

import numpy as np

from hepml_widgets.anomaly_monitor.payload import (
    MOST_BARS,
    SMALLEST,
    bar_name,
    chance_text,
    contribution_text,
    outlier_text,
    reach_of,
)
from hepml_widgets.core import style
from hepml_widgets.core.drawing import label_of, plain, title_text
from hepml_widgets.core.language import tr
from hepml_widgets.core.numbers import shorten, significant

__all__ = ["draw"]

LABELS = 12  # names of periods along the axis
DEEP_BLUE = "#2678c3"


def draw(monitor, sheet):
    """Scores and one event above, periods and the features of one below; the verdicts with them.

    Parameters
    ----------
    monitor : AnomalyMonitor
    sheet : callable
        Makes the `Figure`, or the `Sheet` that is drawn as one, of a ``figsize``.
    """
    parts = [
        (draw_points, monitor.points, bool(monitor.outlier and monitor.outlier.contributions)),
        (draw_periods, monitor.periods, any(one.features for one in monitor.periods)),
    ]
    parts = [(draw_part, beside) for draw_part, there, beside in parts if there]
    figure = sheet(figsize=(11.0, 0.6 + 3.9 * len(parts)))
    rows = np.atleast_1d(figure.subfigures(len(parts), 1))
    for row, (draw_part, beside) in zip(rows, parts, strict=True):
        axes = row.subplots(1, 1 + beside, squeeze=False, width_ratios=(1.5, 1)[: 1 + beside])
        draw_part(row, axes[0], monitor)
    said = [monitor.verdicts[key] for key in ("both",) if key in monitor.verdicts]
    figure.suptitle(plain("\n".join([*said, *wrapped(monitor.readout)])), fontsize=9)
    return figure


def wrapped(text):
    return textwrap.wrap(text, 120)


def entitle(figure, sentence):
    figure.suptitle(plain("\n".join(wrapped(sentence))), fontsize=9, x=0.01, ha="left")


def draw_points(figure, axes, monitor):
    """Histograms of the score with the threshold, and the bars of one event."""
    points = monitor.points
    entitle(figure, monitor.verdicts["points"])
    draw_scores(axes[0], monitor, points)
    if len(axes) > 1:
        outlier = monitor.outlier
        items = list(outlier.contributions.items())[:MOST_BARS]
        names = ["".join(bar_name(outlier, name)) for name, _ in items]
        texts = [contribution_text(value, points.unit) for _, value in items]
        draw_bars(axes[1], names, np.nan_to_num([value for _, value in items]), texts)
        axes[1].set_title(plain(outlier_text(outlier)), fontsize=9, loc="left")
        axes[1].set_xlabel(tr("deviation [σ]") if points.unit else tr("contribution"))
        sizes = np.abs([value for _, value in items])
        reach = 1.15 * np.max(sizes, initial=0.0, where=np.isfinite(sizes)) or 1
        axes[1].set_xlim(-reach if any(value < 0 for _, value in items) else 0, reach)


def draw_scores(axes, monitor, points):
    reference, today = monitor.names
    look = {"color": style.BACKGROUND}
    axes.stairs(points.reference, points.edges, fill=True, alpha=0.25, lw=0, **look)
    axes.stairs(points.reference, points.edges, hatch="////", label=label_of(reference), **look)
    axes.stairs(points.today, points.edges, color=style.SIGNAL, lw=1.6, label=label_of(today))
    axes.axvline(np.clip(monitor.threshold, *points.edges[[0, -1]]), color=style.ACCENT)
    contents = np.concatenate([points.reference, points.today])
    filled = contents[contents > 0]
    if filled.size:
        low, high = max(filled.min(), filled.max() * 1e-6) / 2, filled.max()
        axes.set(yscale="log", ylim=(low, high * (high / low) ** 0.22))
    axes.set(xscale=points.scale, xlabel=title_text(monitor.score_name))
    axes.set_ylabel(tr("events / bin"))
    axes.set_xlim(*points.edges[[0, -1]])
    places = axes.get_xaxis_transform()
    for one in points.outliers:
        chosen = one is monitor.outlier
        color, size = (style.ACCENT, 8) if chosen else (style.SIGNAL, 4)
        axes.plot(one.score, 0.03, "o", ms=size, color=color, transform=places, zorder=3 + chosen)
    axes.legend(loc="upper right")


def draw_bars(axes, names, lengths, texts, over=()):
    """One bar per feature, its name and number above it."""
    rows = np.arange(len(lengths))
    found = np.isin(rows, over)
    colors = np.where(found, style.SIGNAL, DEEP_BLUE)
    axes.barh(rows + 0.2, lengths, 0.3, color=colors)
    low, high = axes.get_yaxis_transform(), {"va": "center", "fontsize": 8}
    for row, (name, text) in enumerate(zip(names, texts, strict=True)):
        axes.text(0.02, row - 0.2, plain(name), transform=low, **high)
        axes.text(0.98, row - 0.2, plain(text), transform=low, ha="right", **high)
    axes.axvline(0, color="0.6", lw=0.8)
    axes.set(yticks=[], ylim=(max(len(rows), 5) - 0.5, -0.6))


def draw_periods(figure, axes, monitor):
    """Statistic of each period in its null band, and the features of one of them."""
    entitle(figure, monitor.verdicts["population"])
    draw_statistics(axes[0], monitor)
    if len(axes) > 1:
        period = monitor.shown
        items = list(period.features.items())[:MOST_BARS]
        reach = reach_of(monitor.periods)
        lengths = [min(-math.log10(max(p, SMALLEST)), reach) for _, (_, p) in items]
        over = [row for row, (_, (_, p)) in enumerate(items) if p <= monitor.false_alarm]
        draw_bars(axes[1], [shorten(n, 20) for n, _ in items], lengths,
                  [f"p {significant(p, 2)}" for _, (_, p) in items], over)  # fmt: skip
        axes[1].axvline(-math.log10(monitor.false_alarm), color="0.4", ls=":", lw=1)
        title = tr("−log₁₀ p, after all features").replace("−log₁₀", "$-\\log_{10}$")
        axes[1].set(xlim=(0, reach), xlabel=title)
        axes[1].set_title(label_of(period.name), fontsize=9, loc="left")
        if not items:
            said = tr("no tests of features")
            axes[1].text(0.5, 0.5, said, ha="center", transform=axes[1].transAxes)


def draw_statistics(axes, monitor):
    periods, rate = monitor.periods, monitor.false_alarm
    low, high = np.array([one.limits(rate) for one in periods]).T
    edges = np.arange(len(periods) + 1) - 0.5
    if np.isfinite(low).any():
        axes.stairs(high, edges, baseline=low, fill=True, color="0.5", alpha=0.25, lw=0)
        label = tr("chance: {share} below", share=chance_text(rate))
        axes.stairs(high, edges, baseline=None, color="0.4", ls="--", label=label)
        axes.legend(loc="upper left")
    for row, one in enumerate(periods):
        alarm = one.is_alarm(rate)
        color = style.SIGNAL if alarm else DEEP_BLUE
        full = color if not alarm or one.p_global <= rate else "w"
        error = None if math.isnan(one.error) else one.error
        look = {"fmt": "^" if alarm else "o", "ms": 8 if alarm else 6, "mfc": full}
        axes.errorbar(row, one.statistic, error, color=color, **look)
    shown = range(0, len(periods), math.ceil(len(periods) / LABELS))
    names = [label_of(periods[row].name, 10) for row in shown]
    axes.axvline(periods.index(monitor.shown), color=style.ACCENT, zorder=0)
    axes.set(
        xlabel=title_text(monitor.period_name),
        ylabel=label_of(monitor.statistic),
        xlim=edges[[0, -1]],
    )
    axes.set_xticks(list(shown), names, fontsize=8)
    axes.margins(y=0.2)
