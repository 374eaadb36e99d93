"""The picture of a training that a saved notebook keeps, drawn within a few milliseconds.

Axes of matplotlib are made for print: to set them up and draw them takes a tenth of a second,
a noticeable part of a short training. Its painter alone takes a tenth of that.
"""

import functools
import io
import math
from typing import NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.font_manager import findfont
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox, IdentityTransform
from PIL import Image, ImageDraw, ImageFont

from hepml_widgets.core import style

WIDTH, HEIGHT, DPI = 512, 320, 80
PIXELS = DPI / 72  # per point
LEFT, RIGHT, BOTTOM, TOP = 67, 504, 42, 313
GAP = 11  # between two panels
TICK = 5  # pixels
ROOM, MORE, SHORT = 1.17, 1.3, 10  # of the axis, for short and other names at the curves' ends
SMALL, NORMAL = 8, 10  # points
COLOURS = 48
DOTS, RULE = (1, 1.65), (1, 2)
UPRIGHT = "upright"
LONGEST = 40  # characters of a name
FAR = 100  # heights of a panel
HUGE = 1e300  # beyond it a difference may overflow


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


def draw(panels, unit, length, best_epoch, words=None):
    """Draw panels above each other.

    Parameters
    ----------
    panels : list of Panel
    unit : str
        What the axis counts.
    length : int
        Epochs trained; with none ``words`` are written instead of curves.
    best_epoch : int or None
        Where the rule of the best epoch stands.
    words : str, optional

    Returns
    -------
    bytes
        PNG.
    """
    paper = Paper()
    count = max(len(panels), 1)
    height = (TOP - BOTTOM - GAP * (count - 1)) / count
    tops = [TOP - i * (height + GAP) for i in range(count)]
    if not length:
        paper.frame(Frame(tops[0] - height, tops[0], (0, 1), (0, 1)))
        paper.text(((LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2), words or "")
    for panel, top in zip(panels, tops, strict=False):
        place = Frame(top - height, top, (0, room(panels) * max(length, 1)), span(panel))
        fill(paper, place, panel, best_epoch, named=top is tops[-1])
    paper.text(((LEFT + RIGHT) / 2, 10), unit)
    return paper.png()


def room(panels):
    """Length of the axis, of that of the curves."""
    names = [curve.label for panel in panels for curve in panel.curves]
    return ROOM if max(map(len, names), default=0) <= SHORT else MORE


class Frame(NamedTuple):
    """Rectangle on the paper and what its sides stand for."""

    bottom: float
    top: float
    x: tuple
    y: tuple

    def across(self, value):
        low, high = self.x
        return LEFT + (np.asarray(value, dtype=float) - low) / (high - low) * (RIGHT - LEFT)

    def up(self, value):
        low, high = self.y
        part = (np.asarray(value, dtype=float) - low) / (high - low)
        # Far out is far enough, and nothing overflows.
        return self.bottom + np.clip(part, -FAR, FAR) * (self.top - self.bottom)


def span(panel):
    """Range of the values that a panel shows."""
    values = [value for curve in panel.curves for _, value in curve.points]
    values += [] if panel.baseline is None else [panel.baseline]
    known = [value for value in values if abs(value) < HUGE]
    if not known:
        return 0.0, 1.0
    pad = 0.05 * (max(known) - min(known)) or 0.05 * abs(known[0]) or 0.5
    return min(known) - pad, max(known) + pad


def fill(paper, place, panel, best_epoch, *, named):
    """Draw what one panel holds: ticks, baseline, best epoch, curves."""
    paper.frame(place)
    ticks(paper, place, named=named)
    paper.text((14, (place.bottom + place.top) / 2), panel.title, anchor=UPRIGHT)
    if panel.baseline is not None:
        level, color = place.up(panel.baseline), style.CURVES[2]
        paper.line([LEFT, RIGHT], [level, level], color, 1, DOTS)
        paper.text((LEFT + 6, level + 7), f"baseline {panel.baseline:.3g}", SMALL, color, "lm")
    if best_epoch is not None:
        x = place.across(best_epoch)
        paper.line([x, x], [place.bottom, place.top], style.CURVES[0], 0.8, RULE)
    for curve in panel.curves:
        stroke(paper, place, curve)
    if panel.best is not None:
        epoch, value, color = panel.best
        paper.dot(place.across(epoch), place.up(value), color)


def stroke(paper, place, curve):
    """Draw one curve and its name at its end."""
    if not curve.points:
        return
    epochs, values = zip(*curve.points, strict=True)
    x, y = place.across(epochs), place.up(values)
    dash = tuple(map(float, curve.dash.split()))
    paper.line(x, y, curve.color, curve.width, dash, clip=place)
    if len(x) == 1:
        paper.dot(x[0], y[0], curve.color)
    if math.isfinite(y[-1]):
        paper.text((x[-1] + 5, y[-1]), curve.label, SMALL, curve.color, "lm")


def ticks(paper, place, *, named):
    """Draw inward ticks on all sides, and their numbers on the left and below."""
    for value in within(MaxNLocator(nbins=8, integer=True), place.x):
        x = place.across(value)
        paper.line([x, x], [place.bottom, place.bottom + TICK])
        paper.line([x, x], [place.top, place.top - TICK])
        if named:
            paper.text((x, place.bottom - 10), f"{value:.0f}", SMALL)
    values = within(MaxNLocator(nbins=5), place.y)
    for value, words in zip(values, numbers(values), strict=True):
        y = place.up(value)
        paper.line([LEFT, LEFT + TICK], [y, y])
        paper.line([RIGHT, RIGHT - TICK], [y, y])
        paper.text((LEFT - 5, y), words, SMALL, anchor="rm")


def within(locator, limits):
    low, high = limits
    return [value for value in locator.tick_values(low, high) if low <= value <= high]


def numbers(values):
    """Spell the numbers of an axis alike."""
    largest = max((abs(value) for value in values), default=0)
    if not 1e-4 < largest < 1e5 or len(values) < 2:
        return [f"{value:.4g}" for value in values]
    digits = max(0, 1 - math.floor(math.log10(1.001 * (values[1] - values[0]))))
    texts = [f"{value:.{digits}f}" for value in values]
    if all(text.endswith("0") for text in texts) and digits:
        texts = [text[:-1].rstrip(".") for text in texts]
    return texts


@functools.cache
def font(size):
    """Matplotlib's own font, as Pillow takes it: Pillow sets a line of text ten times faster."""
    return ImageFont.truetype(findfont("DejaVu Sans"), size * PIXELS)


class Paper:
    """What matplotlib paints lines on, in pixels from the lower left corner, and then text."""

    def __init__(self):
        self._painter = RendererAgg(WIDTH, HEIGHT, DPI)
        self._pen = self._painter.new_gc()
        self._texts = []
        everything = rectangle(-1, -1, WIDTH + 1, HEIGHT + 1)
        self._painter.draw_path(self._pen, everything, IdentityTransform(), (1, 1, 1, 1))

    def line(self, x, y, color="black", width=0.8, dash=(), *, clip=None):
        """Draw a line; it has a gap where a value is not finite."""
        pen = self._set(color, width, dash)
        if clip is not None:
            pen.set_clip_rectangle(Bbox([[LEFT, clip.bottom], [RIGHT, clip.top]]))
        self._painter.draw_path(pen, Path(np.column_stack([x, y])), IdentityTransform())
        pen.set_clip_rectangle(None)

    def frame(self, place):
        pen = self._set("black", 0.8)
        path = rectangle(LEFT, place.bottom, RIGHT, place.top)
        self._painter.draw_path(pen, path, IdentityTransform())

    def dot(self, x, y, color):
        if math.isfinite(y):
            circle = Path.circle((x, y), 2.5)
            self._painter.draw_path(self._set(color), circle, IdentityTransform(), to_rgba(color))

    def text(self, place, words, size=NORMAL, color="black", anchor="mm"):
        """Write words whose ``anchor``, as Pillow names it, is at a place; later, on top."""
        x, y = place
        line = " ".join(words.split())[:LONGEST] or " "
        self._texts.append(((x, HEIGHT - y), line, size, color, anchor))

    def png(self):
        """Encode with few colours, in the way that takes the least time."""
        picture = Image.fromarray(np.asarray(self._painter.buffer_rgba())).convert("RGB")
        pen = ImageDraw.Draw(picture)
        for place, words, size, color, anchor in self._texts:
            if anchor == UPRIGHT:
                stand(picture, place, words, size)
            else:
                pen.text(place, words, color, font(size), anchor)
        file = io.BytesIO()
        picture.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(file, format="PNG")
        return file.getvalue()

    def _set(self, color, width=1, dash=()):
        pen = self._pen
        pen.set_foreground(to_rgba(color), isRGBA=True)
        pen.set_linewidth(width * PIXELS)
        pen.set_dashes(0, [width * PIXELS * part for part in dash] or None)
        return pen


def stand(picture, place, words, size):
    """Write words upwards, their middle at a place."""
    left, top, right, bottom = map(round, font(size).getbbox(words))
    strip = Image.new("L", (right - left, bottom - top), 255)
    ImageDraw.Draw(strip).text((-left, -top), words, 0, font(size))
    x, y = place
    upright = strip.transpose(Image.Transpose.ROTATE_90)
    picture.paste(upright, (round(x - upright.width / 2), round(y - upright.height / 2)))


def rectangle(left, bottom, right, top):
    corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
    return Path(corners, closed=True)
