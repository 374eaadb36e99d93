"""Curves of a training run: kept whole in Python, sent small to the browser."""

import itertools
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from hepml_widgets.core.directions import larger_is_better
from hepml_widgets.core.language import later
from hepml_widgets.core.numbers import as_name

# Numbers in one opening table: 8 bytes of text each keeps it below 100 kB.
MAX_NUMBERS = 9000
SETS = {"": later("training"), "val_": later("validation")}
DIRECTIONS = ("auto", "min", "max")


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


def _directions(given):
    """Directions by name of curve, looked at."""
    if not isinstance(given, dict):
        raise TypeError(f"mode is 'auto', 'min' or 'max', or these by curve, not {given!r:.40}")
    for direction in given.values():
        _check_direction(direction)
    return {as_name(name): one for name, one in given.items() if one != "auto"}


def _check_direction(given):
    if given not in DIRECTIONS:
        raise ValueError(f"mode is 'auto', 'min' or 'max', not {given!r}")


def measured(name, value):
    """Return one value of a curve as a float; None if it was not measured."""
    if value is None:
        return None
    with suppress(TypeError, ValueError):
        if not isinstance(value, complex | np.complexfloating) and np.shape(value) in {(), (1,)}:
            return float(value if np.ndim(value) == 0 else value[0])
    raise TypeError(f"{as_name(name)} holds {value!r:.40}, which is no number")


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
    sets : dict of str to str
        Samples that curves are measured on, by what their names begin with.
    told : dict of str to str
        Which direction of a curve is better, ``"min"`` or ``"max"``, as its library says.
    """

    def __init__(self, watch=None, mode="auto"):
        self.watch = None if watch is None else as_name(watch)
        self.mode = mode if isinstance(mode, str) else _directions(mode)
        _check_direction(self.mode if isinstance(mode, str) else "auto")
        self.sets = dict(SETS)
        self.told = {}
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
            self.sets, self.told = dict(SETS), {}
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
        if not isinstance(values, Mapping):
            raise TypeError(f"an epoch is a dict from curves to numbers, not {values!r:.40}")
        given = {as_name(name): measured(name, value) for name, value in values.items()}
        for name, value in given.items():
            self.columns.setdefault(name, [None] * self.length).append(value)
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

    def learn(self, told, sets=None):
        """Take over what the library says: directions by curve, samples by beginning of name."""
        self.sets |= {as_name(lead): as_name(text) for lead, text in (sets or {}).items()}
        told = _directions(told)
        if told.items() - self.told.items():
            self.told |= told
            self._best = self._search_best(self.watched())

    def lead(self, name):
        """Beginning of a curve's name that says on which sample it was measured."""
        return max((lead for lead in self.sets if name.startswith(lead)), key=len)

    def base(self, name):
        """Name of a curve without its sample."""
        return name[len(self.lead(name)) :]

    def watched(self):
        """Name of the curve that decides which epoch is best, or None.

        Of several samples it is that called validation, else the last one: xgboost stops by that.
        """
        if self.watch is not None:
            return self.watch if self.watch in self.columns else None
        leads = ["val_", *reversed([lead for lead in self.sets if lead not in SETS]), ""]
        for lead in leads:
            names = [name for name in self.columns if self.lead(name) == lead]
            if names:
                return min(names, key=self._rank)
        return None

    def _rank(self, name):
        """Order in which curves decide: the loss itself, other losses, what else is known."""
        larger = self.known_direction(name)
        return (self.base(name) != "loss", larger is not False, larger is None)

    def maximises(self, name):
        """Whether this curve is best where it is largest; None if nobody says.

        The caller is asked first, then the library; the name counts where both are silent.
        """
        known = self.known_direction(name)
        if self.mode in ("min", "max") and (name == self.watch or known is None):
            return self.mode == "max"
        return known

    def known_direction(self, name):
        """Whether larger is better, as said of this curve by name, or None."""
        given = self.mode if isinstance(self.mode, dict) else {}
        base = self.base(name)
        said = given.get(name) or given.get(base) or self.told.get(name) or self.told.get(base)
        return larger_is_better(base) if said is None else said == "max"

    def _follow_best(self):
        name = self.watched()
        if name is None:
            self._best = None
        elif self._best is not None and self._best.name != name:
            self._best = self._search_best(name)
        elif self.maximises(name) is None:
            if self.length == 1 or self._best is not None:
                self._best = self._search_best(name)
        else:
            self._compare(name, self.length, self.columns[name][-1])

    def _compare(self, name, epoch, value):
        if value is None or not math.isfinite(value):
            return
        sign = 1 if self.maximises(name) else -1
        if self._best is None or sign * value > sign * self._best.value:
            self._best = Best(epoch, name, value)

    def _search_best(self, name):
        self._best = None
        column = self.columns.get(name, ())
        if name is not None and self.maximises(name) is None:
            # The first value is best either way, as long as there is no other.
            known = {value for value in column if value is not None and math.isfinite(value)}
            column = column if len(known) == 1 else ()
        for epoch, value in enumerate(column, start=1):
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
