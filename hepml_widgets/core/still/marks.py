"""What stands in a frame, as data: lines and areas, markers, images, words."""

from dataclasses import dataclass, field

import numpy as np
from matplotlib.colors import to_rgba

DATA = ("data", "data")


@dataclass
class Shape:
    """A line or an area; coordinates that are not finite part it in pieces."""

    x: np.ndarray
    y: np.ndarray
    place: tuple = DATA
    stroke: tuple | None = None
    width: float = 1.6
    dash: tuple = ()
    fill: tuple | None = None
    hatch: str | None = None
    label: str | None = None
    zorder: float = 2
    floor: float | None = None
    point: "Points | None" = None  # what the legend shows with it

    @property
    def looks(self):
        """How it is painted."""
        look = {"stroke": self.stroke, "width": self.width, "dash": self.dash}
        return look | {"fill": self.fill, "hatch": self.hatch}


@dataclass
class Points:
    """Markers at places."""

    x: np.ndarray
    y: np.ndarray
    marker: str
    size: float = 6.0
    fill: tuple = (0, 0, 0, 1)
    stroke: tuple = (0, 0, 0, 1)
    place: tuple = DATA
    label: str | None = None
    zorder: float = 2
    floor: None = None
    column: bool = False  # with an upright stroke in the legend

    @property
    def looks(self):
        """How they are painted."""
        look = {"marker": self.marker, "size": self.size}
        return look | {"fill": self.fill, "stroke": self.stroke}


@dataclass
class Picture:
    """Colours of the cells between edges."""

    values: np.ndarray
    across: np.ndarray
    up: np.ndarray
    norm: object
    cmap: object
    alpha: float | None = None
    zorder: float = 0

    def colors(self, values):
        return self.cmap(self.norm(values), alpha=self.alpha, bytes=True)


@dataclass
class Words:
    """A text at a place."""

    x: float
    y: float
    text: str
    place: tuple = DATA
    size: float = 10.0
    color: object = "black"
    align: tuple = ("left", "bottom")
    box: dict | None = None
    away: tuple = (0, 0)  # points from the place


@dataclass
class Bar:
    """A scale of colours beside a frame."""

    picture: Picture
    label: str
    below: bool = False
    ticks: object = field(default=None)


def faded(color, alpha=None):
    """Red, green, blue and alpha."""
    return to_rgba(color, alpha)


def steps(values, edges):
    """Corners of a histogram's outline."""
    return np.repeat(edges, 2)[1:-1], np.repeat(values, 2)


def columns(x, low, high):
    """Corners of upright strokes."""
    gap = np.full(len(x), np.nan)
    return np.repeat(x, 3), np.column_stack([low, high, gap]).ravel()


def around(x, low, high):
    """Corners of the areas between two curves, apart where one has a gap."""
    known = np.isfinite(low) & np.isfinite(high) & np.isfinite(x)
    cuts = np.flatnonzero(np.diff(known.astype(int))) + 1
    parts = [part for part in np.split(np.arange(len(x)), cuts) if part.size and known[part[0]]]
    gap = [np.nan]
    across = [np.concatenate([x[p], x[p][::-1], x[p][:1], gap]) for p in parts]
    up = [np.concatenate([low[p], high[p][::-1], low[p][:1], gap]) for p in parts]
    return (np.concatenate(across), np.concatenate(up)) if parts else (np.empty(0), np.empty(0))
