"""The best cut of some events, judged on others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hepml.stats._roc import roc_curve
from hepml.stats._scan import ENOUGH_BACKGROUND, best_row, significance_scan
from hepml.stats._tables import as_table, choose_thresholds, keys_between, sums_of_keys
from hepml.stats._validate import as_thresholds
from hepml.stats.events import as_events, check_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from hepml.stats._cuts import CutTable
    from hepml.stats._scan import SignificanceScan

__all__ = ["BestElsewhere", "best_elsewhere"]

CUTS = 1000  # among which each half chooses


@dataclass(frozen=True)
class BestElsewhere:
    """What the best cut is worth on events that did not choose it.

    Attributes
    ----------
    value, error : float
        Significance (or AMS) of a selection in which each half of the events is cut where the
        *other* half is best, and its standard error from the finite sample; NaN where a half has
        no best cut.
    same : float
        That of the best cut of all events, on these very events.
    """

    value: float
    error: float
    same: float

    @property
    def optimism(self) -> float:
        """By how much ``same`` is larger than ``value``."""
        return self.same - self.value


def best_elsewhere(
    y: ArrayLike,
    score: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    of: str = "significance",
    sigma_b: float = 0.0,
    b_r: float = 10.0,
    thresholds: ArrayLike | None = None,
    choose: Callable[[CutTable, SignificanceScan], int | None] | None = None,
    repeats: int = 20,
    rng: int | np.random.Generator = 0,
) -> BestElsewhere:
    """Significance of the best cut, chosen on one half of the events and measured on the other.

    The largest value of a scan is too large: it is the maximum of numbers that fluctuate
    (selection bias; G. Cawley and N. Talbot, J. Mach. Learn. Res. 11 (2010) 2079). Here no event
    is cut where it took part in choosing.

    Parameters
    ----------
    y, score, weights : array_like, shape (n,)
        As in `roc_curve`. The weights add up to the expected yields.
    of : {"significance", "ams"}
        What is to be large.
    sigma_b, b_r : float
        As in `significance_scan`.
    thresholds : array_like, optional
        Cuts among which to choose; by default up to 1000 of them (`choose_thresholds`).
    choose : callable, optional
        From a `CutTable` and its `SignificanceScan` to the row of the best cut, or None. By
        default the largest ``of`` among cuts that keep 25 effective background events in all,
        half of them in each half.
    repeats : int, default 20
        How often the events are divided at random; the mean is taken.
    rng : int or numpy.random.Generator, default 0
        Of the division.

    Returns
    -------
    BestElsewhere

    Notes
    -----
    The events are divided class by class. To choose, the weights of a half are scaled up by its
    share of the events (which is defined for weights of either sign). To measure, all events
    stand with their own weights: those of the first half that pass the cut of the second, and the
    reverse. So the error is that of the whole sample; more divisions do not make it smaller.

    Half of the events choose a little less well than all of them, so ``optimism`` is, by as much,
    larger than the bias of ``same``.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> y = np.repeat([1, 0], [1000, 3000])
    >>> found = best_elsewhere(y, rng.normal(y), np.where(y, 0.02, 0.05))
    >>> found.value < found.same
    True
    """
    events = as_events(y, score, weights)
    check_values(events)
    whole, cuts, keys = whole_and_cuts(events, thresholds)

    def scan(table):
        return significance_scan(table, sigma_b=sigma_b, b_r=b_r)

    def best(table, enough=ENOUGH_BACKGROUND / 2):
        found = scan(table)
        if choose is not None:
            return choose(table, found)
        return best_row(getattr(found, of), found.effective_background >= enough)

    row = best(whole, ENOUGH_BACKGROUND)
    same = np.nan if row is None else float(getattr(scan(whole), of)[row])
    rng = np.random.default_rng(rng)
    crossed = [sums for _ in range(repeats) if (sums := crosswise(events, cuts, keys, best, rng))]
    if not crossed:
        return BestElsewhere(np.nan, np.nan, same)
    found = scan(replace(whole, threshold=np.full(len(crossed), np.nan), **as_columns(crossed)))
    values, errors = getattr(found, of), getattr(found, f"{of}_error")
    return BestElsewhere(float(values.mean()), float(errors.mean()), same)


SUMS = ("sumw_signal", "sumw2_signal", "sumw_background", "sumw2_background")


def whole_and_cuts(events, thresholds):
    """Table that all events choose from, the cuts that the halves choose from, and rows in it."""
    if thresholds is None:
        cuts = choose_thresholds(*events, CUTS)
        return roc_curve(*events), cuts, keys_between(events, cuts)
    cuts = as_thresholds(thresholds)
    keys = keys_between(events, cuts)
    return table_of(events, cuts, keys, slice(None)), cuts, keys


def crosswise(events, cuts, keys, best, rng):
    """Add up what passes where each half is cut as the other chose; None if one chose nothing."""
    first = divided(events, rng)
    tables = [table_of(events, cuts, keys, half) for half in (first, ~first)]
    rows = [best(scaled_up(table, events)) for table in tables]
    if None in rows:
        return None
    pairs = list(zip(tables, rows[::-1], strict=True))
    return [sum(getattr(table, name)[row] for table, row in pairs) for name in SUMS]


def as_columns(sums):
    return dict(zip(SUMS, np.transpose(sums), strict=True))


def divided(events, rng):
    """Mask of one half of each class."""
    first = np.zeros(len(events.y), dtype=bool)
    for kind in (0, 1):
        rows = rng.permutation(np.flatnonzero(events.y == kind))
        first[rows[: len(rows) // 2]] = True
    return first


def table_of(events, cuts, keys, half):
    """Table of the cuts of one half; ``keys`` are the rows of the events in it."""
    weights = None if events.weights is None else events.weights[half]
    own = keys[half]
    signal = np.count_nonzero(events.y[half])
    return as_table(cuts, sums_of_keys(own, weights, len(cuts)), (len(own) - signal, signal))


def scaled_up(table, events):
    """Give a half the yields of the whole."""
    signal = np.count_nonzero(events.y)
    up_signal = signal / max(table.n_signal, 1)
    up_background = (len(events.y) - signal) / max(table.n_background, 1)
    factors = (up_signal, up_signal**2, up_background, up_background**2)
    return replace(
        table, **{name: getattr(table, name) * up for name, up in zip(SUMS, factors, strict=True)}
    )
