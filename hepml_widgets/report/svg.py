"""Figures as small SVG that takes its colours and its type from the page."""

import numpy as np
from matplotlib.colors import to_rgba

from hepml_widgets.core import style
from hepml_widgets.core.still.paper import UPWARDS
from hepml_widgets.report.html import element

__all__ = ["svg_of"]

POINT = 72  # of an inch
PIXELS = 4 / 3  # of a point
COLORS = {
    to_rgba(color)[:3]: name
    for color, name in (
        ("#000000", "var(--ink)"),
        ("#808080", "var(--muted)"),
        *((color, f"var(--curve-{place})") for place, color in enumerate(style.CURVES)),
        (style.SIGNAL, "var(--signal)"),
        (style.BACKGROUND, "var(--background)"),
    )
}
ANCHORS = {"left": "start", "center": "middle", "right": "end"}
SHIFTS = {"bottom": 0.0, "center": 0.35, "top": 0.75}  # of a baseline, in sizes of the letters
INWARDS = {  # outlines of markers, of size one
    "s": ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)),
    "D": ((0, -0.7), (0.7, 0), (0, 0.7), (-0.7, 0)),
}


def svg_of(sheet, label, key):
    """Draw a sheet as an SVG element for a page that defines the colours.

    Parameters
    ----------
    sheet : Sheet
    label : str
        What it shows, for those who do not see it.
    key : str
        Unlike those of the other figures of the page: names in the SVG begin with it.

    Returns
    -------
    Markup
    """
    width, height = (POINT * side for side in sheet.figsize)
    paper = _Paper(height, key)
    sheet.fill(paper, (0, 0, width, height))
    box = {"viewBox": f"0 0 {width:g} {height:g}", "style": f"width:{width * PIXELS:.0f}px"}
    return element("svg", *paper.parts, role="img", aria_label=label, **box)


class _Paper:
    """Takes what a sheet paints, in points from the lower left corner."""

    unit = 1.0

    def __init__(self, height, key):
        self.height, self.key = height, key
        self.parts, self._clips = [], {}

    def shape(self, x, y, stroke=(0, 0, 0, 1), width=0.8, *, dash=(), fill=None, hatch=None,
              clip=None):  # fmt: skip
        """Draw a line or an area; it has a gap where a coordinate is not finite."""
        path = path_of(np.asarray(x, dtype=float), self.height - np.asarray(y, dtype=float))
        if not path or hatch:
            return
        look = _ink("fill", fill) if fill else ["fill:none"]
        if stroke and width:
            look += [*_ink("stroke", stroke), *([f"stroke-width:{width:g}"] * (width != 1))]
        if dash:
            lengths = ",".join(f"{part * max(width, 0.8):.3g}" for part in dash)
            look.append(f"stroke-dasharray:{lengths}")
        self._add(path, look, clip)

    def _add(self, path, look, clip):
        where = self._clip(clip)
        self.parts.append(element("path", d=path, clip_path=where, style=";".join(look)))

    def frame(self, box):
        left, bottom, right, top = box
        self.shape([left, right, right, left, left], [bottom, bottom, top, top, bottom])

    def points(self, x, y, marker, *, size, fill, clip=None, **_):
        """Draw a marker at each place."""
        known = np.isfinite(x) & np.isfinite(y)
        places = zip(np.asarray(x)[known], self.height - np.asarray(y)[known], strict=True)
        drawn = "".join(_marker(marker, place, size) for place in places)
        if drawn:
            self._add(drawn, _ink("fill", fill), clip)

    def text(self, x, y, text, size=10.0, *, align=("center", "center"), **_):
        """Write words, which the page sets in its own type."""
        if not str(text).strip():
            return
        turned = align == UPWARDS
        across, up = ("center", "center") if turned else align
        x, y = float(x), self.height - float(y)
        shift = SHIFTS[up] * size
        place = {"x": f"{x + shift * turned:.1f}", "y": f"{y + shift * (not turned):.1f}"}
        turn = f"rotate(-90 {x + shift:.1f} {y:.1f})" if turned else None
        look = f"font-size:{size:g}px;text-anchor:{ANCHORS[across]}"
        self.parts.append(element("text", text, **place, transform=turn, style=look))

    def _clip(self, box):
        if box is None:
            return None
        if box not in self._clips:
            name = self._clips[box] = f"{self.key}{len(self._clips)}"
            left, bottom, right, top = box
            corner = {"x": f"{left:.1f}", "y": f"{self.height - top:.1f}"}
            size = {"width": f"{right - left:.1f}", "height": f"{top - bottom:.1f}"}
            self.parts.append(element("clipPath", element("rect", **corner, **size), id=name))
        return f"url(#{self._clips[box]})"


def _ink(what, color):
    """Colour of the page, and how much of what is behind shines through."""
    *shade, alpha = color
    return [f"{what}:{COLORS[tuple(shade)]}", *([f"{what}-opacity:{alpha:g}"] * (alpha < 1))]


def _marker(marker, place, size):
    x, y = place
    if marker == "o":
        radius = size / 2
        return (
            f"M{x - radius:.1f} {y:.1f}a{radius:g} {radius:g} 0 1 0 {size:g} 0"
            f"a{radius:g} {radius:g} 0 1 0 {-size:g} 0z"
        )
    corners = " ".join(f"{x + size * dx:.1f} {y + size * dy:.1f}" for dx, dy in INWARDS[marker])
    return f"M{corners}z"


def path_of(x, y):
    """Path through places, with the shortest commands; it has a gap where one is not finite."""
    parts, at = [], None
    for known, to_x, to_y in zip(np.isfinite(x + y).tolist(), _short(x), _short(y), strict=True):
        if not known:
            at = None
        elif at is None:
            parts.append(f"M{to_x} {to_y}")
            at = to_x, to_y
        elif (to_x, to_y) != at:
            level, upright = to_y == at[1], to_x == at[0]
            parts.append(f"H{to_x}" if level else f"V{to_y}" if upright else f"L{to_x} {to_y}")
            at = to_x, to_y
    return "".join(parts)


def _short(values):
    rounded = np.where(np.isfinite(values), np.round(values, 1) + 0.0, 0.0)
    return [f"{value:g}" for value in rounded.tolist()]
