"""One frame on the paper: what it needs around it, and how it is painted."""

import numpy as np

from hepml_widgets.core.still.legend import draw_legend, sides_of
from hepml_widgets.core.still.marks import Picture, Points, columns
from hepml_widgets.core.still.paper import UPWARDS, WHITE
from hepml_widgets.core.still.scales import Ticks, straighten, ticks_of
from hepml_widgets.core.still.words import size_of, width_of

FAR = 100  # heights of a frame
LONG, SHORT = 5.0, 2.5  # points of ticks
GAP = 3.5  # points between a frame and its numbers
SPACE = 4.0  # points between numbers and the title
BAR, AWAY = 11.0, 9.0  # points: the scale of colours, and how far from the frame
DENSE = 3.0  # pixels between the points of a line that a legend avoids


class Frame:
    """A panel with its limits and ticks."""

    def __init__(self, panel, unit):
        self.panel, self.unit = panel, unit
        self.ends = [panel.limits(which) for which in (0, 1)]
        self._room = None

    def number(self, width, height):
        """Choose the numbers for a place of so many pixels."""
        panel = self.panel
        room = [int(width / self.unit / 27), int(height / self.unit / 18)]
        if room == self._room:
            return
        self._room = room
        sides = panel.xaxis, panel.yaxis
        self.ticks = [self._ticks(side, i, room[i]) for i, side in enumerate(sides)]
        self.bar = None
        if panel.bar is not None:
            self.bar = bar_ticks(panel.bar, room[0 if panel.bar.below else 1])

    def _ticks(self, side, which, room):
        if side.fixed is not None:
            places, texts = side.fixed
            return Ticks(places, texts or [""] * len(places), [])
        found = ticks_of(side.scale, self.ends[which], room, side.locator, side.formatter)
        return found if side.finer else found._replace(short=[])

    @property
    def numbered(self):
        """Whether numbers stand below."""
        return self.panel.below is None

    def margins(self):
        """Pixels that are needed on the left, below, on the right and above."""
        panel, unit = self.panel, self.unit
        left = bottom = right = top = 0.0
        if panel.framed:
            left = self._beside(self.ticks[1].texts, panel.yaxis.size)
            left += self._title(panel.yaxis.title)
            if self.numbered:
                bottom = self._below()
                right = 0.5 * width_of((self.ticks[0].texts or [""])[-1], 9 * unit)
            top = 6 * unit + 9 * unit * bool(self.ticks[1].factor)
        text, _, size = panel.heading
        if text:
            top = size_of(text, size * unit)[1] + 3 * unit
        if panel.bar is not None:
            more = (AWAY + BAR + GAP) * unit + self._title(panel.bar.label)
            if panel.bar.below:
                bottom += more + 10 * unit
            else:
                right = more + self._beside(self.bar.texts, 9) - GAP * unit
        return left, bottom, right, top

    def _below(self):
        """Pixels that numbers and title take under the frame."""
        numbers = (GAP + 1.1 * self.panel.xaxis.size) * self.unit * any(self.ticks[0].texts)
        factor = (GAP + 21) * self.unit * bool(self.ticks[0].factor)
        return max(numbers + self._title(self.panel.xaxis.title), factor)

    def _beside(self, texts, size):
        widest = max((width_of(text, size * self.unit) for text in texts), default=0)
        return widest + GAP * self.unit if widest else 0

    def _title(self, text):
        return size_of(text, 10 * self.unit)[1] + 0.5 * SPACE * self.unit if text else 0

    # ------------------------------------------------------------ places

    def place(self, box):
        """Say where the frame is: left, bottom, right, top in pixels."""
        if self.panel.aspect:
            box = held(box, self.panel.aspect)
        self.box = box

    def to_pixels(self, values, which, kind="data"):
        """Places across (0) or up (1), not further out than is far."""
        low, high = self.box[which], self.box[which + 2]
        part = np.asarray(values, dtype=float)
        if kind == "data":
            scale = (self.panel.xaxis, self.panel.yaxis)[which].scale
            first, last = straighten(scale, self.ends[which])
            with np.errstate(all="ignore"):
                part = (straighten(scale, part) - first) / (last - first)
        return low + np.clip(part, -FAR, FAR) * (high - low)

    def corners(self, mark):
        return tuple(self.to_pixels((mark.x, mark.y)[i], i, mark.place[i]) for i in (0, 1))

    # ------------------------------------------------------------ painting

    def paint(self, paper):
        """Paint all of it."""
        for mark in sorted(self.panel.marks, key=lambda mark: mark.zorder):
            self._paint(paper, mark)
        if self.panel.framed:
            paper.frame(self.box)
            self._paint_ticks(paper, 0)
            self._paint_ticks(paper, 1)
            self._paint_titles(paper)
        self._paint_words(paper)
        if self.panel.bar is not None:
            self._paint_bar(paper)
        if self.panel.key is not None:
            draw_legend(paper, self.panel, self.box, self._seen())

    def _paint(self, paper, mark):
        if isinstance(mark, Picture):
            self._paint_cells(paper, mark)
            return
        if not mark.x.size:
            return
        x, y = self.corners(mark)
        if isinstance(mark, Points):
            clip = self.box if mark.place[1] == "data" else None
            paper.points(x, y, **mark.looks, clip=clip)
        elif mark.stroke or mark.fill:
            paper.shape(x, y, **mark.looks, clip=self.box)

    def _paint_cells(self, paper, picture):
        left, bottom, right, top = (round(side) for side in self.box)
        across = cells(self.to_pixels(picture.across, 0), left, right)
        up = cells(self.to_pixels(picture.up, 1), bottom, top)
        colors = picture.colors(picture.values)[np.ix_(np.maximum(up, 0), np.maximum(across, 0))]
        colors[up < 0] = 0
        colors[:, across < 0] = 0
        paper.image(left, bottom, colors)

    def _paint_ticks(self, paper, which):
        ticks = self.ticks[which]
        for places, length in ((ticks.long, LONG), (ticks.short, SHORT)):
            at = self.to_pixels(places, which)
            for end, inward in ((1 - which, 1), (3 - which, -1)):
                edge = np.full(len(at), self.box[end])
                pair = columns(at, edge, edge + inward * length * self.unit)
                paper.shape(*(pair if which == 0 else pair[::-1]))
        if which == 0 and self.numbered:
            below = self.box[1] - (GAP + 0.5 * self.panel.xaxis.size) * self.unit
            number_across(paper, ticks, self.to_pixels(ticks.long, 0), below, self.panel.xaxis.size)
        elif which == 1:
            beside = self.box[0] - GAP * self.unit
            number_up(paper, ticks, self.to_pixels(ticks.long, 1), beside, "right")

    def _paint_titles(self, paper):
        left, bottom, right, top = self.box
        panel, unit = self.panel, self.unit
        if self.numbered and panel.xaxis.title:
            y = bottom - self._below() + 0.5 * self._title(panel.xaxis.title) - 0.5 * unit
            paper.text((left + right) / 2, y, panel.xaxis.title, room=right - left)
        if panel.yaxis.title:
            beside = self._beside(self.ticks[1].texts, panel.yaxis.size)
            x = left - beside - 0.5 * self._title(panel.yaxis.title)
            words = panel.yaxis.title
            paper.text(x, (bottom + top) / 2, words, align=UPWARDS, room=top - bottom)
        for which, ticks in enumerate(self.ticks):
            if ticks.factor and (which or self.numbered):
                y = top + 2 * unit if which else bottom - (GAP + 14) * unit
                align = ("left", "bottom") if which else ("right", "center")
                paper.text(left if which else right, y, ticks.factor, 9.0, align=align)

    def _paint_words(self, paper):
        text, loc, size = self.panel.heading
        if text:
            x = self.box[0] if loc == "left" else (self.box[0] + self.box[2]) / 2
            top = self.box[3] + 2 * self.unit
            room = self.box[2] - self.box[0]
            paper.text(x, top, text, size, align=(loc, "bottom"), room=room)
        for words, (x, y) in self._placed():
            if words.box:
                width, height = size_of(words.text, words.size * self.unit)
                pad = words.box["pad"] * self.unit
                half = width / 2 + pad, height / 2 + pad
                sides = sides_of((x - half[0], y - half[1], x + half[0], y + half[1]))
                paper.shape(*sides, None, fill=WHITE)
            looks = {"color": words.color, "align": words.align}
            paper.text(x, y, words.text, words.size, **looks)

    def _paint_bar(self, paper):
        bar, unit = self.panel.bar, self.unit
        left, bottom, right, top = self.box
        if bar.below:
            lowest = bottom - self._below()
            box = (left, lowest - (AWAY + BAR) * unit, right, lowest - AWAY * unit)
        else:
            box = (right + AWAY * unit, bottom, right + (AWAY + BAR) * unit, top)
        paint_bar(paper, bar, self.bar, box)

    def _seen(self):
        """Points of the lines and corners of the areas that a legend should not hide."""
        found = [np.empty((0, 2))]
        for mark in self.panel.marks:
            if isinstance(mark, Picture) or not mark.x.size or mark.zorder < 1:
                continue
            found.append(dense(*self.corners(mark), mark))
        found += [[place] for _, place in self._placed()]
        return np.concatenate(found)

    def _placed(self):
        """Texts of the panel, and where they stand; not those at a place that is not finite."""
        found = [(words, np.array(self.corners(words))) for words in self.panel.texts]
        found = [(words, place + self.unit * np.array(words.away)) for words, place in found]
        return [(words, place) for words, place in found if np.isfinite(place).all()]


def dense(x, y, mark):
    """Points along a line, a few pixels apart."""
    corners = np.column_stack([x, y])
    if isinstance(mark, Points) or len(corners) < 2:
        return corners[np.isfinite(corners).all(axis=1)]
    steps = np.abs(np.diff(corners, axis=0)).max(axis=1)
    count = np.clip(np.nan_to_num(steps) / DENSE, 1, 200).astype(int)
    which = np.repeat(np.arange(len(count)), count)
    part = (np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)) / count[which]
    found = corners[which] + part[:, None] * (corners[which + 1] - corners[which])
    return found[np.isfinite(found).all(axis=1)]


def held(box, ratio):
    """Largest box of a ratio of height to width, in the middle of another."""
    left, bottom, right, top = box
    width = min(right - left, (top - bottom) / ratio)
    height = width * ratio
    x, y = (left + right) / 2, (bottom + top) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def cells(edges, first, last):
    """Cell of each pixel between two; -1 outside of all."""
    middles = np.arange(first, last) + 0.5
    found = np.searchsorted(edges, middles, side="right") - 1
    return np.where(found < len(edges) - 1, found, -1)


def bar_ticks(bar, room):
    norm = bar.picture.norm
    scale = "log" if "Log" in type(norm).__name__ else "linear"
    return ticks_of(scale, (norm.vmin, norm.vmax), room)


def paint_bar(paper, bar, ticks, box):
    """Paint a scale of colours with its numbers and its title."""
    left, bottom, right, top = (round(side) for side in box)
    norm = bar.picture.norm
    length = right - left if bar.below else top - bottom
    part = (np.arange(length) + 0.5) / length
    shades = bar.picture.colors(norm.inverse(part))
    wide = top - bottom if bar.below else right - left
    colors = np.repeat(shades[None] if bar.below else shades[:, None], wide, 0 if bar.below else 1)
    paper.image(left, bottom, colors)
    paper.frame((left, bottom, right, top))
    at = np.asarray(norm(np.asarray(ticks.long, dtype=float))) * length
    unit = paper.unit
    title = f"{bar.label}  {ticks.factor}" if ticks.factor else bar.label
    start = np.full(len(at), bottom if bar.below else right)
    pair = columns(at + (left if bar.below else bottom), start, start + (3 if bar.below else -3))
    paper.shape(*(pair if bar.below else pair[::-1]))
    if bar.below:
        number_across(paper, ticks, left + at, bottom - (GAP + 4.5) * unit, 9.0)
        paper.text((left + right) / 2, bottom - (GAP + 17) * unit, title, room=right - left)
    else:
        number_up(paper, ticks, bottom + at, right + GAP * unit, "left")
        widest = max((width_of(text, 9 * unit) for text in ticks.texts), default=0)
        x = right + (GAP + 8) * unit + widest
        paper.text(x, (bottom + top) / 2, title, align=UPWARDS, room=top - bottom)


def number_across(paper, ticks, places, y, size):
    """Write numbers side by side, but none that would touch another."""
    taken = []
    for x, text in zip(places, ticks.texts, strict=True):
        half = width_of(text, size * paper.unit) / 2 + 2 * paper.unit
        if text and not any(abs(x - other) < half + its for other, its in taken):
            taken.append((x, half))
            paper.text(x, y, text, size)


def number_up(paper, ticks, places, x, align):
    """Write numbers above each other, but none that would touch another."""
    taken = []
    for y, text in zip(places, ticks.texts, strict=True):
        if text and not any(abs(y - other) < 9.5 * paper.unit for other in taken):
            taken.append(y)
            paper.text(x, y, text, 9.0, align=(align, "center"))
