"""What the lines of a frame are: a sample and a name of each, where the least is hidden."""

import itertools

import numpy as np

from hepml_widgets.core.still.marks import Points
from hepml_widgets.core.still.words import size_of

SIZE = 9.0
PAD = 7.0  # points to the frame
SAMPLE, AFTER, BETWEEN = 1.6, 0.8, 2.0  # sizes: the sample, the gap after it, between columns
LINE = 1.55  # sizes from one line to the next
PLACES = {
    "upper right": (1, 1), "upper left": (0, 1), "lower left": (0, 0), "lower right": (1, 0),
    "center left": (0, 0.5), "center right": (1, 0.5), "lower center": (0.5, 0),
    "upper center": (0.5, 1), "center": (0.5, 0.5),
}  # fmt: skip


def draw_legend(paper, panel, box, seen):
    """Draw the legend of a frame; ``seen`` are points of what it should not hide."""
    named = panel.named
    if not named:
        return
    unit = paper.unit
    widths = [size_of(mark.label, SIZE * unit)[0] for mark in named]
    inner = box[2] - box[0] - 2 * PAD * unit
    for count in range(min(panel.key.columns, len(named)), 0, -1):
        shares = [widths[part] for part in columns_of(len(named), count)]
        across = [(SAMPLE + AFTER) * SIZE * unit + max(share) for share in shares]
        width = sum(across) + BETWEEN * SIZE * unit * (count - 1)
        if width <= inner:
            break
    rows = max(map(len, shares))
    size = width, rows * LINE * SIZE * unit
    left, top = corner(panel.key.loc, box, size, PAD * unit, seen)
    if panel.key.frame is not None:
        edge = 3 * unit
        sides = (left - edge, top - size[1] - edge, left + width + edge, top + edge)
        xs, ys = sides_of(sides)
        paper.shape(xs, ys, (0.8, 0.8, 0.8, 1), 0.8, fill=(1, 1, 1, panel.key.frame))
    for part, space in zip(columns_of(len(named), count), across, strict=True):
        for row, mark in enumerate(named[part]):
            sample(paper, mark, left, top - (row + 0.5) * LINE * SIZE * unit)
        left += space + BETWEEN * SIZE * unit


def columns_of(number, count):
    """Slices of so many names in so many columns, the first ones the longer."""
    least, more = divmod(number, count)
    ends = np.cumsum([0, *(least + (place < more) for place in range(count))])
    return [slice(*pair) for pair in itertools.pairwise(ends)]


def sides_of(box):
    left, bottom, right, top = box
    return [left, right, right, left, left], [bottom, bottom, top, top, bottom]


def corner(loc, box, size, pad, seen):
    """Left and top of the legend: where it is told to be, or where it hides the least."""
    left, bottom, right, top = box
    spare = right - left - 2 * pad - size[0], top - bottom - 2 * pad - size[1]
    places = PLACES.values() if loc == "best" else [PLACES[loc]]
    best = None
    for x, y in places:
        found = left + pad + x * spare[0], bottom + pad + y * spare[1] + size[1]
        inside = (seen[:, 0] > found[0] - pad) & (seen[:, 0] < found[0] + size[0] + pad)
        inside &= (seen[:, 1] < found[1] + pad) & (seen[:, 1] > found[1] - size[1] - pad)
        hidden = np.count_nonzero(inside)
        if best is None or hidden < best[0]:
            best = hidden, found
    return best[1]


def sample(paper, mark, left, middle):
    """Draw a sample of a mark and its name."""
    unit = paper.unit
    right = left + SAMPLE * SIZE * unit
    center = (left + right) / 2
    if isinstance(mark, Points):
        if mark.column:
            ends = middle - 0.4 * SIZE * unit, middle + 0.4 * SIZE * unit
            paper.shape([center, center], ends, mark.stroke, 1.0)
        paper.points([center], [middle], **mark.looks)
    elif mark.fill or mark.hatch:
        half = 0.35 * SIZE * unit
        corners = sides_of((left, middle - half, right, middle + half))
        paper.shape(*corners, **mark.looks)
    elif mark.stroke:
        ends = [left, right], [middle, middle]
        paper.shape(*ends, **mark.looks)
        if mark.point:
            paper.points([center], [middle], **mark.point.looks)
    paper.text(right + AFTER * SIZE * unit, middle, mark.label, SIZE, align=("left", "center"))
