"""The panels of a `TrainingMonitor`: the loss above and, if there is one, the metric below."""

from typing import NamedTuple

from matplotlib.ticker import MaxNLocator

from hepml_widgets.core import style
from hepml_widgets.core.drawing import plain
from hepml_widgets.core.language import tr
from hepml_widgets.core.numbers import shorten

__all__ = ["Curve", "Panel", "draw", "looks_of"]

ROOM, MORE, SHORT = 1.17, 1.3, 10  # of the axis, for short and other names at the curves' ends
LONGEST = 24  # letters of such a name


class Curve(NamedTuple):
    """One line: its name, ``(epoch, value)`` where measured, and how it looks."""

    label: str
    points: list
    color: str
    width: float
    dash: str


class Panel(NamedTuple):
    """Frame of curves; ``best`` is ``(epoch, value, color)`` or None, ``baseline`` a value."""

    title: str
    curves: list
    baseline: float | None
    best: tuple | None


def draw(panels, sheet, *, unit, epochs, best, waiting):
    """Curves of the training, as they stand.

    Parameters
    ----------
    panels : list of Panel
    sheet : callable
        Makes the `Figure`, or the `Sheet` that is drawn as one, of a ``figsize``.
    unit : str
        What the axis counts.
    epochs : int
        Epochs trained; with none ``waiting`` is written instead of curves.
    best : int or None
        The best epoch.
    waiting : str
    """
    figure = sheet(figsize=(6.4, 4.0))
    frames = figure.subplots(max(len(panels), 1), 1, sharex=True, squeeze=False)[:, 0]
    for axes, panel in zip(frames, panels, strict=False):
        draw_panel(axes, panel, best)
    if not epochs:
        frames[0].text(0.5, 0.5, waiting, ha="center", transform=frames[0].transAxes)
        frames[0].set(xticks=[], yticks=[])
    frames[-1].set(xlabel=tr(unit), xlim=(0, room(panels) * max(epochs, 1)))
    frames[-1].xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    return figure


def room(panels):
    """Length of the axis, of that of the curves."""
    names = [curve.label for panel in panels for curve in panel.curves]
    return ROOM if max(map(len, names), default=0) <= SHORT else MORE


def draw_panel(axes, panel, best):
    for curve in panel.curves:
        draw_curve(axes, curve)
    if panel.baseline is not None:
        look = {"color": style.CURVES[2]}
        axes.axhline(panel.baseline, lw=1, ls=":", **look)
        place = {"va": "bottom", "transform": axes.get_yaxis_transform(), "fontsize": 8}
        axes.text(
            0.01, panel.baseline, tr("baseline {n}", n=f"{panel.baseline:.3g}"), **place, **look
        )
    if best is not None:
        axes.axvline(best, color=style.CURVES[0], lw=0.8, ls=(0, (1, 2)))
    if panel.best is not None:
        epoch, value, color = panel.best
        axes.plot(epoch, value, "o", ms=5, color=color)
    axes.set_ylabel(plain(shorten(panel.title, 40)))


def draw_curve(axes, curve):
    if not curve.points:
        return
    look = {"color": curve.color, "lw": curve.width, "ls": style.linestyle(curve.dash)}
    marker = "." if len(curve.points) == 1 else None
    axes.plot(*zip(*curve.points, strict=True), marker=marker, **look)
    beside = {"xytext": (4, 0), "textcoords": "offset points", "va": "center", "fontsize": 8}
    axes.annotate(
        plain(shorten(curve.label, LONGEST)), curve.points[-1], color=curve.color, **beside
    )


def looks_of(name, sets):
    """Label, colour, width and dash of the curves of a panel."""
    own = {"": (style.CURVES[1], 1.0, style.DASHES[1]), "val_": (style.CURVES[0], 2.0, "")}
    others = [lead for lead in sets if lead not in own]
    for i, lead in enumerate(others):
        place = 3 + i % (len(style.CURVES) - 3)  # the one before is the baseline's
        own[lead] = (style.CURVES[place], 1.5, style.DASHES[place])
    return {f"{lead}{name}": (sets[lead], *own[lead]) for lead in sets}
