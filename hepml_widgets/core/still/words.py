"""Lines of text with what mathematics a figure's labels hold: indices, powers, slanted letters."""

import functools
import re
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont

from hepml_widgets.core.numbers import MINUS, upright

LINE = 1.2  # sizes of the letters between two lines
SMALLER = 0.7
LEAST = 0.65  # of its size, to which a long text shrinks
DROP, RISE = 0.2, -0.35  # of an index and of a power, in sizes of the letters
SYMBOLS = {"times": "×", "log": "log", "cdot": "·", "sigma": "σ", "pm": "±", ":": " ", ",": " "}
TOKEN = re.compile(
    r"\\math(?:regular|default)\{(?P<upright>(?:[^{}]|\{[^{}]*\})*)\}"
    r"|(?P<mark>[_^])(?:\\math(?:regular|default))?(?:\{(?P<group>(?:[^{}]|\{[^{}]*\})*)\}|(?P<one>\S))"
    r"|\\(?P<symbol>[A-Za-z]+|[:,;])\s*|(?P<blank>\s+)|(?P<letter>.)",
    re.DOTALL,
)


class Run(NamedTuple):
    """Letters in one font; ``drop`` is how far they stand below the line, in sizes."""

    text: str
    scale: float = 1.0
    drop: float = 0.0
    slanted: bool = False


@functools.lru_cache(4096)
def runs_of(line):
    """Parts of a line as matplotlib writes it: mathematics stands between two dollars."""
    parts = re.split(r"(?<!\\)\$", line)
    if len(parts) % 2 == 0:  # a dollar without its like is a letter
        parts = [line]
    found = []
    for place, part in enumerate(parts):
        if place % 2:
            found += mathematics(part)
        elif part:
            found.append(Run(upright(part).replace(r"\$", "$")))
    return tuple(found)


def mathematics(text, scale=1.0, drop=0.0, *, slanted=True):
    """Parts of a formula."""
    found = []
    for token in TOKEN.finditer(text):
        if token["mark"]:
            inner = token["group"] if token["group"] is not None else token["one"]
            shift = DROP if token["mark"] == "_" else RISE
            regular = "\\math" in token[0][:6]
            found += mathematics(
                inner, scale * SMALLER, drop + shift * scale, slanted=slanted and not regular
            )
        elif token["upright"] is not None:
            found += mathematics(token["upright"], scale, drop, slanted=False)
        elif token["symbol"]:
            found.append(Run(SYMBOLS.get(token["symbol"], token["symbol"]), scale, drop))
        elif token["letter"]:
            letter = MINUS if token["letter"] == "-" else token["letter"]
            found.append(Run(letter, scale, drop, slanted and letter.isalpha()))
    return found


@functools.cache
def font(size, *, slanted=False):
    """Matplotlib's own font, as Pillow takes it: Pillow sets a line of text ten times faster."""
    name = "DejaVuSans-Oblique.ttf" if slanted else "DejaVuSans.ttf"
    file = Path(mpl.get_data_path(), "fonts", "ttf", name)
    return ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.BASIC)


def lines_of(text):
    return [" ".join(line.split()) if line.isascii() else line for line in str(text).split("\n")]


@functools.lru_cache(4096)
def width_of(line, size):
    """Length of a line in pixels."""
    return sum(
        font(size * run.scale, slanted=run.slanted).getlength(run.text) for run in runs_of(line)
    )


def size_of(text, size):
    """Width and height of a text in pixels."""
    if not text:
        return 0.0, 0.0
    lines = lines_of(text)
    return max(width_of(line, size) for line in lines), len(lines) * LINE * size


def fitting(text, size, room):
    """Size at which a text is no longer than the room, but no less than legible."""
    width = size_of(text, size)[0]
    return size if width <= room else size * max(room / width, LEAST)


def write(pen, place, text, size, *, color, align=("center", "center")):
    """Write a text with a Pillow pen; ``align`` is as matplotlib names it."""
    lines = lines_of(text)
    x, y = place
    height = size_of(text, size)[1]
    top = y - {"top": 0, "center": 0.5, "bottom": 1}[align[1]] * height
    for number, line in enumerate(lines):
        left = x - {"left": 0, "center": 0.5, "right": 1}[align[0]] * width_of(line, size)
        baseline = top + (number + 0.5) * LINE * size + 0.36 * size
        for run in runs_of(line):
            face = font(size * run.scale, slanted=run.slanted)
            pen.text((left, round(baseline + run.drop * size)), run.text, color, face, "ls")
            left += face.getlength(run.text)


def write_upwards(picture, place, text, size, *, color):
    """Write a text upwards, its middle at a place."""
    width, height = (int(side) + 3 for side in size_of(text, size))
    strip = Image.new("L", (width, height), 0)
    write(ImageDraw.Draw(strip), (width / 2, height / 2), text, size, color=255)
    strip = strip.transpose(Image.Transpose.ROTATE_90)
    x, y = place
    picture.paste(color, (round(x - strip.width / 2), round(y - strip.height / 2)), strip)
