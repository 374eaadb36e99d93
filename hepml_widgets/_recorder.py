"""Curves of a training run: kept whole in Python, sent small to the browser."""

import itertools
import math
import time
from typing import NamedTuple

import numpy as np

from hepml_widgets._numbers import as_name

# Numbers in one opening table: 8 bytes of text each keeps it below 100 kB.
MAX_NUMBERS = 9000
LARGER_IS_BETTER = (
    "auc",
    "acc",
    "accuracy",
    "precision",
    "recall",
    "f1",
    "aucpr",
    "ap",
    "map",
    "ndcg",
    "r2",
    "ams",
    "significance",
    "sic",
    "score",
)


class Best(NamedTuple):
    """Best point of a training run.

    Attributes
    ----------
    epoch : int
        Number of epochs (or boosting rounds) trained at that point, counted from 1:
        ``model.predict(X, iteration_range=(0, best.epoch))`` keeps just these.
    name : str
        Curve that decided, for instance ``"val_loss"``.
    value : float
        Its value there.
    """

    epoch: int
    name: str
    value: float


def larger_is_better(name):
    """Whether a curve of this name is better when it is larger (``val_auc``: yes)."""
    words = name.lower().replace("-", "_").replace("@", "_").split("_")
    return any(word in LARGER_IS_BETTER for word in words)


def is_loss(name):
    """Whether a curve belongs into the upper panel: errors and losses, where small is good."""
    return not larger_is_better(name)


def is_validation(name):
    """Whether a curve of this name was measured on validation events."""
    return name.startswith("val_")


def cell(value):
    """One number as JSON can carry it: six digits; None for not measured; text for NaN, inf."""
    if value is None:
        return None
    return float(f"{value:.6g}") if math.isfinite(value) else spelled(value)


def spelled(value):
    """Spell NaN and infinities as Python and JavaScript both read them."""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


class Recorder:
    """Columns of one value per epoch (or boosting round), and the clock of the run.

    Attributes
    ----------
    columns : dict of str to list
        One entry per epoch and curve, None where the curve was not measured.
    total : int or None
        Epochs planned.
    fraction : float
        Part of the current epoch that is done.
    """

    def __init__(self, watch=None, mode="auto"):
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode is 'auto', 'min' or 'max', not {mode!r}")
        self.watch = None if watch is None else as_name(watch)
        self.mode = mode
        self.columns = {}
        self.length = 0
        self.total = None
        self.fraction = 0.0
        self._best = None
        self._clock = Clock()

    def begin(self, total=None, *, resume=False):
        """Start the clock; forget the curves unless ``resume``."""
        if not resume:
            self.columns, self.length, self._best = {}, 0, None
        self.total = total
        self.fraction = 0.0
        self._clock = Clock()
        self._clock.mark(self.done)

    def add(self, values):
        """Append one epoch.

        Parameters
        ----------
        values : dict of str to float
            Curves measured in this epoch.
        """
        for name, value in values.items():
            self.columns.setdefault(as_name(name), [None] * self.length).append(float(value))
        self.length += 1
        for column in self.columns.values():
            column.extend(itertools.repeat(None, self.length - len(column)))
        self.fraction = 0.0
        self._clock.mark(self.done)
        self._follow_best()

    def restore(self, columns):
        """Take over columns of a training that is over."""
        self.columns = {as_name(name): list(column) for name, column in columns.items()}
        self.length = max(map(len, self.columns.values()), default=0)
        self._best = self._search_best(self.watched())

    def progress(self, fraction):
        """Note that this part of the current epoch is done."""
        self.fraction = fraction
        self._clock.mark(self.done)

    def pause(self):
        self._clock.pause()

    def resume(self):
        self._clock.resume()

    @property
    def done(self):
        """Epochs done, with the part of the running one."""
        return self.length + self.fraction

    @property
    def history(self):
        """Dict of lists as in Keras: only measured values."""
        columns = list(self.columns.items())
        return {name: [v for v in column if v is not None] for name, column in columns}

    @property
    def elapsed(self):
        """Seconds of training, without pauses."""
        return self._clock.elapsed()

    @property
    def rate(self):
        """Epochs per second, or None while unknown."""
        return self._clock.rate()

    @property
    def remaining(self):
        """Seconds to go, or None while unknown."""
        if not self.rate or not self.total:
            return None
        return max(self.total - self.done, 0) / self.rate

    def watched(self):
        """Name of the curve that decides which epoch is best, or None."""
        if self.watch is not None:
            return self.watch if self.watch in self.columns else None
        names = list(self.columns)
        validation = [name for name in names if is_validation(name)]
        losses = [name for name in validation if is_loss(name)]
        return next(iter([*losses, *validation, *filter(is_loss, names), *names]), None)

    def maximises(self, name):
        """Whether this curve is best where it is largest."""
        return larger_is_better(name) if self.mode == "auto" else self.mode == "max"

    def _follow_best(self):
        name = self.watched()
        if self._best is not None and self._best.name != name:
            self._best = self._search_best(name)
        elif name is not None:
            self._compare(name, self.length, self.columns[name][-1])

    def _compare(self, name, epoch, value):
        if value is None or not math.isfinite(value):
            return
        sign = 1 if self.maximises(name) else -1
        if self._best is None or sign * value > sign * self._best.value:
            self._best = Best(epoch, name, value)

    def _search_best(self, name):
        self._best = None
        for epoch, value in enumerate(self.columns.get(name, ()), start=1):
            self._compare(name, epoch, value)
        return self._best

    @property
    def best(self):
        """`Best` epoch so far, or None."""
        return self._best

    def rows(self, first=0):
        """Epoch numbers and columns from index ``first`` on, rounded to six digits.

        Returns
        -------
        dict
            ``epoch``: list of int counted from 1; ``curves``: dict of str to list.
        """
        return self._pick(range(first, self.length))

    def table(self):
        """Curves in at most `MAX_NUMBERS` numbers; extremes of every stretch are kept.

        Returns
        -------
        dict
            As `rows`; ``every`` says how many epochs one stretch joins.
        """
        width = len(self.columns) + 1
        limit = MAX_NUMBERS // width
        if self.length <= limit:
            return {**self.rows(), "every": 1}
        stretches = max(limit // (3 * width), 1)
        return {**self._pick(self._extremes(stretches)), "every": -(-self.length // stretches)}

    def _extremes(self, stretches):
        """Sorted indices that hold the smallest and largest value of each stretch and curve."""
        edges = np.linspace(0, self.length, stretches + 1).astype(int)
        best = [] if self.best is None else [self.best.epoch - 1]
        kept = {0, self.length - 1, *best}
        for column in self.columns.values():
            values = np.array(column, dtype=float)
            for start, stop in itertools.pairwise(edges):
                kept.update(start + offset for offset in _span(values[start:stop]))
        return sorted(int(index) for index in kept)

    def _pick(self, indices):
        curves = {name: [cell(column[i]) for i in indices] for name, column in self.columns.items()}
        return {"epoch": [i + 1 for i in indices], "curves": curves}


def _span(values):
    """Find the smallest, the largest and the first value that is not finite."""
    finite = np.flatnonzero(np.isfinite(values))
    odd = np.flatnonzero(~np.isfinite(values))[:1]
    if not finite.size:
        return odd
    return (finite[values[finite].argmin()], finite[values[finite].argmax()], *odd)


class Clock:
    """Seconds of a run without its pauses, and the rate since the first progress.

    The first batch of a network waits for the compilation of its graph: a rate counted from
    the first progress on tells the time left better than one counted from the start.
    """

    def __init__(self, now=time.perf_counter):
        self._now = now
        self._start = now()
        self._paused_at = None
        self._marks = []  # start, first progress, latest progress

    def elapsed(self):
        end = self._now() if self._paused_at is None else self._paused_at
        return end - self._start

    def pause(self):
        if self._paused_at is None:
            self._paused_at = self._now()

    def resume(self):
        if self._paused_at is not None:
            self._start += self._now() - self._paused_at
            self._paused_at = None

    def mark(self, done):
        """Note how much is done now."""
        self._marks[2:] = [(self.elapsed(), done)]

    def rate(self):
        """Progress per second, or None."""
        first = 1 if len(self._marks) > 2 and self._marks[2][1] > self._marks[1][1] else 0
        if len(self._marks) < 2:
            return None
        seconds, progress = np.subtract(self._marks[-1], self._marks[first]).tolist()
        return progress / seconds if seconds > 0 and progress > 0 else None
