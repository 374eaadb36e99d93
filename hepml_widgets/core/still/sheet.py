"""A sheet of frames that is laid out, and painted within a few milliseconds.

Axes of matplotlib are made for print: to set them up, lay them out and draw them takes a second.
A `Sheet` takes what our figures ask of them, and its painter alone takes a twentieth of that.
"""

import numpy as np

from hepml_widgets.core.still.frame import Frame
from hepml_widgets.core.still.panel import Panel
from hepml_widgets.core.still.paper import Paper
from hepml_widgets.core.still.words import size_of

EDGE = 4.0  # points at the edge of the sheet and around its titles
APART = 9.0  # points between two frames with all that is theirs


class Sheet:
    """Stands for matplotlib's ``Figure`` where a still picture is all that is wanted.

    Parameters
    ----------
    figsize : tuple of float
        Width and height in inches.
    """

    def __init__(self, figsize):
        self.figsize = figsize
        self._panels, self._parts = [], []
        self._ratios = ([1], [1])
        self._below = self._above = None

    # ------------------------------------------------------------ what it is told

    def subplots(self, rows=1, cols=1, *, sharex=False, squeeze=True,
                 width_ratios=None, height_ratios=None, gridspec_kw=None):  # fmt: skip
        """Make frames in rows and columns, as `matplotlib.figure.Figure.subplots` does."""
        given = gridspec_kw or {}
        height_ratios = height_ratios or given.get("height_ratios")
        self._ratios = (list(width_ratios or [1] * cols), list(height_ratios or [1] * rows))
        made = np.empty((rows, cols), dtype=object)
        for row in range(rows):
            for column in range(cols):
                made[row, column] = self._add(row, column, column)
        if sharex:
            for panel in made[:-1].flat:
                panel.below = made[-1, 0]
        return made if not squeeze else made.squeeze() if made.size > 1 else made[0, 0]

    def subplot_mosaic(self, names, *, gridspec_kw):
        """Make frames by name, each in one row, perhaps over several columns."""
        self._ratios = ([1] * len(names[0]), list(gridspec_kw["height_ratios"]))
        return {
            name: self._add(row, line.index(name), len(line) - 1 - line[::-1].index(name))
            for row, line in enumerate(names)
            for name in dict.fromkeys(line)
        }

    def _add(self, row, first, last):
        panel = Panel()
        self._panels.append((panel, row, first, last))
        return panel

    def subfigures(self, rows, cols, *, width_ratios=None):
        """Part it into sheets."""
        self._ratios = (list(width_ratios or [1] * cols), [1] * rows)
        made = np.empty((rows, cols), dtype=object)
        for place in np.ndindex(rows, cols):
            made[place] = Sheet(None)
            self._parts.append((made[place], *place))
        return made.squeeze() if made.size > 1 else made[0, 0]

    def supxlabel(self, text, *, fontsize=10.0):
        """Write below all frames."""
        self._below = (text, fontsize)

    def suptitle(self, text, *, fontsize=10.0, x=0.5, ha="center"):
        """Write above all frames."""
        self._above = (text, fontsize, x, ha)

    def colorbar(self, picture, *, ax, label, location="right"):
        """Put a scale of colours beside a frame or below it."""
        ax.add_bar(picture, label=label, below=location == "bottom")

    # ------------------------------------------------------------ what it makes

    def png(self, dpi=80, colors=256):
        """PNG with a small palette, as bytes; the same sheet gives the same bytes."""
        return self.painted(dpi).png(colors)

    def painted(self, dpi=80):
        """Paper with all of it on it."""
        width, height = (round(side * dpi) for side in self.figsize)
        paper = Paper(width, height, dpi)
        self.fill(paper, (0, 0, width, height))
        return paper

    def fill(self, paper, box):
        """Paint all of it within a box."""
        box = self._write(paper, box)
        if self._parts:
            across, up = (shares(ratios) for ratios in self._ratios)
            width, height = box[2] - box[0], box[3] - box[1]
            for part, row, column in self._parts:
                left, right = (box[0] + width * side for side in across[column : column + 2])
                top, bottom = (box[3] - height * side for side in up[row : row + 2])
                part.fill(paper, (left, bottom, right, top))
        elif self._panels:
            self._arrange(paper, box)

    def _write(self, paper, box):
        """Write what stands above and below all frames; return what is left for them."""
        left, bottom, right, top = box
        edge = EDGE * paper.unit
        if self._below and self._below[0]:
            text, size = self._below
            height = size_of(text, size * paper.unit)[1]
            middle = bottom + edge / 2 + height / 2
            paper.text((left + right) / 2, middle, text, size, room=right - left - edge)
            bottom += height + edge / 2
        if self._above and self._above[0]:
            text, size, x, align = self._above
            height = size_of(text, size * paper.unit)[1]
            at = left + x * (right - left)
            looks = {"align": (align, "center"), "room": right - left - edge}
            paper.text(at, top - edge / 2 - height / 2, text, size, **looks)
            top -= height + edge
        return left, bottom, right, top

    def _arrange(self, paper, box):
        """Give each frame its place: all of a row or a column are aligned."""
        frames = [(Frame(panel, paper.unit), *place) for panel, *place in self._panels]
        sides = box[2] - box[0], box[3] - box[1]
        guess = [side / len(r) for side, r in zip(sides, self._ratios, strict=True)]
        for frame, *_ in frames:
            frame.number(*(side - 50 * paper.unit for side in guess))
        for _ in range(2):  # the numbers need room, and how many there are depends on the room
            columns, rows = self._margins(frames)
            across = spread(box[0], box[2], columns, self._ratios[0], paper.unit)
            up = spread(-box[3], -box[1], rows, self._ratios[1], paper.unit)
            for frame, row, first, last in frames:
                frame.place((across[first][0], -up[row][1], across[last][1], -up[row][0]))
                frame.number(frame.box[2] - frame.box[0], frame.box[3] - frame.box[1])
        for frame, *_ in frames:
            frame.paint(paper)

    def _margins(self, frames):
        """Room before and after the frames of each column and of each row."""
        columns = [[0.0, 0.0] for _ in self._ratios[0]]
        rows = [[0.0, 0.0] for _ in self._ratios[1]]
        for frame, row, first, last in frames:
            left, bottom, right, top = frame.margins()
            columns[first][0] = max(columns[first][0], left)
            columns[last][1] = max(columns[last][1], right)
            rows[row] = [max(rows[row][0], top), max(rows[row][1], bottom)]
        return columns, rows


def shares(ratios):
    """Part one by ratios: where the parts end."""
    return np.concatenate([[0], np.cumsum(ratios)]) / np.sum(ratios)


def spread(start, end, margins, ratios, unit):
    """Start and end of each frame along one direction."""
    gap, edge = APART * unit, EDGE * unit
    room = end - start - 2 * edge - gap * (len(ratios) - 1) - sum(map(sum, margins))
    room = max(room, 10.0 * len(ratios))
    at, found = start + edge, []
    for (before, after), ratio in zip(margins, ratios, strict=True):
        length = room * ratio / sum(ratios)
        found.append((at + before, at + before + length))
        at += before + length + after + gap
    return found
