"""Axes of variables that are shown in bins: where the edges are."""

from dataclasses import dataclass

import numpy as np

from hepml_widgets.core.numbers import apart

__all__ = ["Axis", "nice_edges"]

STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
WHOLE = 2.0**50  # whole numbers below have halves between them


@dataclass(frozen=True, eq=False)
class Axis:
    """A variable that is brushed: its name and bin edges; end bins hold what lies beyond.

    ``first`` is its first cell in columns that hold the bins of all variables one by one.
    """

    name: str
    edges: np.ndarray
    first: int

    @property
    def bins(self):
        """How many bins there are."""
        return len(self.edges) - 1

    @property
    def texts(self):
        """Bin edges as they are printed."""
        return apart(self.edges.tolist())

    def cells_of(self, values):
        """Cell of each value."""
        return self.first + np.searchsorted(self.edges[1:-1], values, side="right")

    def span(self, low, high):
        """First bin and the one after the last, between the edges nearest to two values."""
        low, high = np.clip((low, high), *self.edges[[0, -1]])
        start, stop = (int(np.argmin(np.abs(self.edges - value))) for value in (low, high))
        start = min(start, self.bins - 1)
        return start, max(stop, start + 1)


def nice_edges(values, most):
    """At most so many equal bins with round edges, over all values but the last of long tails.

    Whole numbers get bins with as many of them in each, and edges between them.
    """
    low, high = np.min(values), np.max(values)
    inner = np.quantile(values, [0.005, 0.995])
    if max(-low, high) < WHOLE and np.all(values == np.rint(values)):
        tails = high - low >= most and high - low > 1.3 * (inner[1] - inner[0])
        return whole_edges(*(np.rint(inner) if tails else (low, high)), most)
    if low >= 0 and high <= 1 and high - low > 0.5:
        return np.linspace(0, 1, 1 + max(n for n in (4, 5, 8, 10, 16, 20) if n <= most))
    if inner[1] > inner[0] and high - low > 1.3 * (inner[1] - inner[0]):
        low, high = inner
    if not high - low > 1e-290:
        low, high = low - 0.5, high + 0.5
    return rounded_edges(float(low), float(high), max(most, 1))


def whole_edges(low, high, most):
    """Edges halfway between whole numbers, the same number of them in each bin."""
    count = high - low + 1
    each = np.ceil(count / most)
    bins = int(np.ceil(count / each))
    if bins == 1:
        low, bins = low - each, 3
    return low - 0.5 + each * np.arange(bins + 1)


def rounded_edges(low, high, most):
    """Edges at multiples of the smallest round step that takes no more bins."""
    unit = 10.0 ** np.floor(np.log10((high - low) / most))
    for step in [*(unit * s for s in STEPS), *(10 * unit * s for s in STEPS)]:
        first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
        if last - first <= most:
            break
    return np.arange(first, last + 1) * step
