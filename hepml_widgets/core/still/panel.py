"""A frame that is told what to hold as matplotlib's axes are, and keeps it as data."""

import re
from types import SimpleNamespace

import numpy as np
from contourpy import contour_generator

from hepml_widgets.core.still.marks import (
    DATA,
    Bar,
    Picture,
    Points,
    Shape,
    Words,
    around,
    columns,
    faded,
    steps,
)
from hepml_widgets.core.still.scales import bend, straighten

DASHED = {"-": (), "--": (3.7, 1.6), ":": (1, 1.65), "-.": (6.4, 1.6, 1, 1.6)}
HUGE = 1e300  # beyond it a difference may overflow
FORMAT = re.compile(r"(?P<color>k|w)?(?P<marker>[.os^vD])?(?P<dash>--|-|:| )?")


def dashes(ls):
    """Lengths of strokes and gaps in widths of the line; None if there is no line."""
    return ls[1] if isinstance(ls, tuple) else DASHED.get(ls)


class Side:
    """One axis of a frame: scale, limits, title, and which numbers stand there."""

    def __init__(self, margin):
        self.scale, self.title, self.margin = "linear", "", margin
        self.given = [None, None]
        self.locator = self.formatter = self.fixed = None
        self.finer = True  # whether there are short ticks
        self.size = 9.0

    def set_major_locator(self, locator):
        self.locator = locator

    def set_major_formatter(self, formatter):
        self.formatter = formatter

    def set_minor_locator(self, _locator):
        """Have no short ticks; there is nothing else to choose."""
        self.finer = False

    def set_minor_formatter(self, formatter):
        """Short ticks have no numbers here."""

    def limits(self, spans, floors):
        """Find the ends of the axis: as given, else of what it shows, with a margin."""
        low, high = self.given
        if low is None or high is None:
            own = self._reach(spans, floors)
            low, high = (own[0] if low is None else low), (own[1] if high is None else high)
        if low == high:
            low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
        return float(low), float(high)

    def _reach(self, spans, floors):
        values = np.concatenate([np.empty(0), *spans])
        if self.scale == "log":
            values = values[values > 0]
        ruled = straighten(self.scale, values)
        ruled = ruled[np.isfinite(ruled) & (np.abs(values) < HUGE)]
        if not ruled.size:
            return (1, 10) if self.scale == "log" else (0, 1)
        low, high = ruled.min(), ruled.max()
        pad = self.margin * (high - low)
        stuck = [end in floors and self.scale == "linear" for end in (low, high)]
        ends = low - (0 if stuck[0] else pad), high + (0 if stuck[1] else pad)
        return tuple(float(bend(self.scale, end)) for end in ends)


class Panel:
    """One frame; its methods are those of matplotlib's ``Axes`` that our figures call."""

    transAxes = ("axes", "axes")  # noqa: N815 - matplotlib's name

    def __init__(self):
        self.marks, self.texts = [], []
        self.xaxis, self.yaxis = Side(0.02), Side(0.05)
        self.key = self.bar = self.aspect = None
        self.heading = ("", "center", 10.0)
        self.framed = True
        self.below = None  # the frame that has the numbers of a shared axis

    # ------------------------------------------------------------ what is drawn

    def plot(self, x, y, fmt="", *, transform=DATA, zorder=2, label=None, **look):
        """Lines and markers."""
        x, y = (np.atleast_1d(np.asarray(values, dtype=float)) for values in (x, y))
        found = FORMAT.fullmatch(fmt)
        color = look.get("color") or {"k": "black", "w": "white"}.get(found["color"], "#3f90da")
        marker = look.get("marker") or found["marker"]
        ls = look.get("ls") or found["dash"] or (" " if marker else "-")
        common = {"place": transform, "zorder": zorder}
        points = line = None
        stroke = faded(color, look.get("alpha"))
        if marker:
            fill, edge = (faded(look.get(name) or color) for name in ("mfc", "mec"))
            points = Points(x, y, marker, look.get("ms", 6.0), fill, edge, **common)
        if dashes(ls) is not None:
            line = Shape(x, y, stroke=stroke, width=look.get("lw", 1.6), dash=dashes(ls), **common)
            line.point = points
        kept = [mark for mark in (line, points) if mark is not None]
        kept = kept or [Shape(x, y, **common)]
        kept[0].label = label
        self.marks += kept

    def errorbar(self, x, y, error=None, fmt="", *, label=None, **look):
        """Markers with upright strokes."""
        x, y = (np.atleast_1d(np.asarray(values, dtype=float)) for values in (x, y))
        color = look.get("ecolor") or look.get("color") or "black"
        if error is not None:
            width = look.get("elinewidth") or look.get("lw") or 1.6
            ends = columns(x, y - error, y + error)
            self.marks.append(Shape(*ends, stroke=faded(color), width=width))
        if fmt != "none":
            kept = {name: look[name] for name in ("color", "ms", "mfc") if name in look}
            self.plot(x, y, fmt, label=label, **kept)
            self.marks[-1].column = error is not None

    def stairs(self, values, edges, *, baseline=0, fill=False, label=None, hatch=None, **look):
        """Outline or area of a histogram."""
        values, edges = np.asarray(values, dtype=float), np.asarray(edges, dtype=float)
        x, y = steps(values, edges)
        color, alpha = look.get("color", "#3f90da"), look.get("alpha")
        width = look.get("lw", 0 if fill else 1.2)
        stroke = faded(color, alpha) if width else None
        if baseline is not None:
            low = steps(np.broadcast_to(baseline, values.shape), edges)[1]
            if fill or hatch or np.ndim(baseline) == 0:
                x, y = around(x, low, y)
        area = faded(color, alpha) if fill else None
        self.marks.append(Shape(x, y, stroke=stroke, width=width, dash=dashes(look.get("ls", "-")),
                                fill=area, hatch=hatch, label=label, zorder=1,
                                floor=baseline if np.ndim(baseline) == 0 else None))  # fmt: skip

    def fill_between(self, x, low, high, *, color, alpha=None, label=None, **_):
        """Area between two curves."""
        x = np.asarray(x, dtype=float)
        low, high = (np.broadcast_to(np.asarray(v, dtype=float), x.shape) for v in (low, high))
        area = faded(color, alpha)
        self.marks.append(Shape(*around(x, low, high), fill=area, label=label, zorder=1))

    def axvline(self, x, *, color="black", lw=1.6, ls="-", zorder=2, label=None):
        """Line from bottom to top."""
        looks = {"width": lw, "dash": dashes(ls), "zorder": zorder, "label": label}
        self._rule([x, x], [0, 1], ("data", "axes"), stroke=faded(color), **looks)

    def axhline(self, y, *, color="black", lw=1.6, ls="-", zorder=2, label=None):
        """Line from left to right."""
        looks = {"width": lw, "dash": dashes(ls), "zorder": zorder, "label": label}
        self._rule([0, 1], [y, y], ("axes", "data"), stroke=faded(color), **looks)

    def _rule(self, x, y, place, **looks):
        self.marks.append(Shape(np.asarray(x, float), np.asarray(y, float), place, **looks))

    def axvspan(self, low, high, *, color, alpha=None, **_):
        """Area from bottom to top."""
        x, y = np.array([low, high, high, low, low], float), np.array([0, 0, 1, 1, 0], float)
        self.marks.append(Shape(x, y, ("data", "axes"), fill=faded(color, alpha), zorder=1))

    def axhspan(self, low, high, *, color, alpha=None, **_):
        """Area from left to right."""
        x, y = np.array([0, 0, 1, 1, 0], float), np.array([low, high, high, low, low], float)
        self.marks.append(Shape(x, y, ("axes", "data"), fill=faded(color, alpha), zorder=1))

    def barh(self, y, lengths, height, *, color):
        """Bars from zero to the right or left."""
        for middle, length, shade in zip(y, lengths, color, strict=True):
            x = np.array([0, length, length, 0, 0], float)
            up = middle + height / 2 * np.array([-1, -1, 1, 1, -1])
            self.marks.append(Shape(x, up, fill=faded(shade), zorder=1, floor=0))

    def imshow(self, values, *, extent, norm, cmap, **_):
        """Cells of equal size, the first row at the bottom."""
        rows, count = values.shape
        return self._cells(Picture(values, np.linspace(*extent[:2], count + 1),
                                   np.linspace(*extent[2:], rows + 1), norm, cmap))  # fmt: skip

    def pcolormesh(self, x, y, values, *, cmap, norm, alpha=None, **_):
        """Cells around points."""
        edges = [borders(side, n) for side, n in zip((x, y), values.shape[::-1], strict=True)]
        return self._cells(Picture(values, *edges, norm, cmap, alpha))

    def _cells(self, picture):
        self.marks.append(picture)
        return picture

    def contour(self, x, y, values, levels, *, colors, linewidths):
        """Lines on which values are levels."""
        generator = contour_generator(x, y, values)
        for level in levels:
            for line in generator.lines(level):
                self.plot(*line.T, color={"k": "black"}.get(colors, colors), lw=linewidths)

    def text(self, x, y, text, *, transform=DATA, ha="left", va="baseline", **look):
        """Words at a place."""
        align = (ha, {"baseline": "bottom"}.get(va, va))
        size, color = look.get("fontsize", 10.0), look.get("color", "black")
        self.texts.append(Words(x, y, text, transform, size, color, align, look.get("bbox")))

    def annotate(self, text, xy, *, xytext, textcoords, fontsize, color, va):
        """Words some points away from a place."""
        assert textcoords == "offset points"  # noqa: S101 - the only way that our figures know
        words = Words(*xy, text, DATA, fontsize, color, ("left", va), away=xytext)
        self.texts.append(words)

    # ------------------------------------------------------------ what it stands in

    def set(self, **settings):
        """Call ``set_NAME`` for each setting."""
        for name, value in settings.items():
            getattr(self, f"set_{name}")(value)

    def set_xlabel(self, text):
        self.xaxis.title = text

    def set_ylabel(self, text):
        self.yaxis.title = text

    def set_xscale(self, scale):
        self.xaxis.scale = scale

    def set_yscale(self, scale):
        self.yaxis.scale = scale

    def set_xlim(self, left=None, right=None):
        self._limit(self.xaxis, left, right)

    def set_ylim(self, bottom=None, top=None):
        self._limit(self.yaxis, bottom, top)

    def _limit(self, side, low, high):
        if np.ndim(low):
            low, high = low
        ends = zip((low, high), side.given, strict=True)
        side.given = [known if value is None else float(value) for value, known in ends]

    def set_xticks(self, places, texts=(), *, fontsize=9.0):
        self.xaxis.fixed, self.xaxis.size = (list(places), list(texts)), fontsize

    def set_yticks(self, places, texts=(), *, fontsize=9.0):
        self.yaxis.fixed, self.yaxis.size = (list(places), list(texts)), fontsize

    def set_title(self, text, *, loc="center", fontsize=10.0):
        self.heading = (text, loc, fontsize)

    def minorticks_off(self):
        self.xaxis.finer = self.yaxis.finer = False

    def set_axis_off(self):
        self.framed = False

    def set_box_aspect(self, ratio):
        self.aspect = ratio

    def margins(self, *, y):
        self.yaxis.margin = y

    def legend(self, *, loc="best", ncols=1, frameon=False, framealpha=0.8):
        """Show what has a label."""
        frame = framealpha if frameon else None
        self.key = SimpleNamespace(loc=loc, columns=ncols, frame=frame)

    def add_bar(self, picture, *, label, below):
        self.bar = Bar(picture, label, below)

    # ------------------------------------------------------------ what it knows

    def get_xaxis_transform(self):
        return ("data", "axes")

    def get_yaxis_transform(self):
        return ("axes", "data")

    def get_yscale(self):
        return self.yaxis.scale

    def get_ylim(self):
        return self.limits(1)

    @property
    def named(self):
        """Marks that a legend shows."""
        return [mark for mark in self.marks if getattr(mark, "label", None)]

    def get_legend_handles_labels(self):
        return self.named, [mark.label for mark in self.named]

    def limits(self, which):
        """Find the ends of the axis across (0) or up (1)."""
        side = (self.xaxis, self.yaxis)[which]
        if which == 0 and self.below is not None:
            return self.below.limits(0)
        shown = [m for m in self.marks if not isinstance(m, Picture) and m.place[which] == "data"]
        floors = {mark.floor for mark in shown if mark.floor is not None} if which else set()
        return side.limits([(mark.x, mark.y)[which] for mark in shown], floors)


def borders(places, count):
    """Edges of the cells around places, or the places if they are edges."""
    places = np.asarray(places, dtype=float)
    if len(places) == count + 1:
        return places
    middles = (places[1:] + places[:-1]) / 2
    first, last = 2 * places[0] - middles[0], 2 * places[-1] - middles[-1]
    return np.concatenate([[first], middles, [last]])
