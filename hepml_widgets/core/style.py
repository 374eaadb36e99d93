"""One look for book, lessons and widgets: colours, sizes and ticks."""

from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

__all__ = [
    "ACCENT",
    "BACKGROUND",
    "BOUND",
    "BOUND_DASH",
    "COLD_TO_HOT",
    "CURVES",
    "DASHES",
    "HEAT",
    "HEAT_ON_DARK",
    "PETROFF",
    "SIGNAL",
    "context",
    "use",
]

SIGNAL = "#bd1f01"
"""Red of the signal, everywhere."""

BACKGROUND = "#3f90da"
"""Blue of the background, everywhere."""

ACCENT = "#832db6"
"""What is being dragged, and nothing else."""

PETROFF = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
"""The ten colours of M. Petroff (arXiv:2107.02270)."""

CURVES = (
    "#1b1b1b",
    "#c15300",
    "#298084",
    "#a26554",
    "#667876",
    "#a26800",
    "#81753f",
    "#717581",
)
"""Colours of models, the petroff hues deepened to a contrast of 4.5:1 on white."""

DASHES = ("", "6 3", "2 2", "8 2 2 2", "4 2", "1 2", "10 3", "8 2 2 2 2 2")
"""Dash of each model as SVG writes it, so that colour is never alone."""

HEAT = (
    "#f1da69",
    "#f9af49",
    "#f78331",
    "#e8583c",
    "#ca354f",
    "#a7175e",
    "#791b6a",
    "#4d185e",
    "#250f48",
)
"""Colours of a positive amount on white: equal steps in Oklab, lightness falling all the way."""

HEAT_ON_DARK = (
    "#442878",
    "#712e87",
    "#9f348a",
    "#ca397b",
    "#e75768",
    "#f97b54",
    "#ffa148",
    "#ffca62",
    "#fdf299",
)
"""Colours of the same amount on a dark ground: lightness rising all the way."""

COLD_TO_HOT = ("#004987", "#1483dc", "#87c3ff", "#ffffff", "#fba491", "#cf533a", "#7d2615")
"""Colours of an amount of either sign on white, lightness falling on both sides of zero."""

BOUND = "#5c5f66"
"""What no model can pass, a neutral thin line."""

BOUND_DASH = "6 3 1 3"
"""Dash of the bound."""

_SHEET = Path(__file__).with_name("hepml.mplstyle")


def use():
    """Give every matplotlib figure made from here on the look of the book."""
    plt.style.use(_SHEET)


@contextmanager
def context():
    """Give the look of the book to the figures made inside a ``with`` block."""
    with mpl.rc_context(fname=_SHEET):
        yield


def linestyle(dash):
    """Matplotlib's line style for an SVG dash pattern."""
    return (0, tuple(float(part) for part in dash.split())) if dash else "-"
