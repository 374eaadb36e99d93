"""Compact exact tables of many events: yields at given cuts, histograms of the score."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepml.stats._bins import by_class, count
from hepml.stats._cuts import CutTable, freeze
from hepml.stats._roc import roc_curve
from hepml.stats._validate import as_edges, as_thresholds
from hepml.stats.events import (
    Events,
    as_events,
    as_vector,
    check_finite,
    check_lengths,
    check_values,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["ScoreHistogram", "choose_thresholds", "cut_table", "score_histogram"]

ROWS = 1 << 16  # of a histogram at a time, which stay in the cache
CHUNK = 1 << 18  # events at a time: 30 MB of temporaries whatever the sample


def cut_table(
    y: ArrayLike,
    score: ArrayLike,
    weights: ArrayLike | None = None,
    thresholds: ArrayLike | int | None = None,
) -> CutTable:
    """Exact weighted yields of both classes above given cuts, in bounded memory.

    Parameters
    ----------
    y, score, weights : array_like, shape (n,)
        As in `roc_curve`.
    thresholds : array_like or int, optional
        Cuts, in any order; or how many to choose, by default 1000 (see `choose_thresholds`).

    Returns
    -------
    CutTable
        One row per distinct cut, from tight to loose.
    """
    events = as_events(y, score, weights)
    check_values(events)
    if thresholds is None or isinstance(thresholds, int | np.integer):
        thresholds = choose_thresholds(*events, 1000 if thresholds is None else thresholds)
    cuts = as_thresholds(thresholds)
    sums, counts = np.zeros((4, len(cuts) + 1)), np.zeros(2, dtype=int)
    for part in chunks(events):
        sums += sums_between(part, cuts)
        signal = np.count_nonzero(part.y)
        counts += (len(part.y) - signal, signal)
    return as_table(cuts, sums, counts)


def chunks(events):
    for start in range(0, len(events.y), CHUNK):
        part = slice(start, start + CHUNK)
        yield Events(*(None if array is None else array[part] for array in events))


def sums_between(events, cuts):
    """Return the sums (4, n + 1) between neighbouring cuts, above the tightest first."""
    return sums_of_keys(keys_between(events, cuts), events.weights, len(cuts))


def keys_between(events, cuts):
    """Say of each event between which cuts it is, times two, and one more if it is signal."""
    keys = len(cuts) - np.searchsorted(cuts[::-1], events.score, side="right")
    return 2 * keys + events.y.astype(np.int64)


def sums_of_keys(keys, weights, cuts):
    table = np.zeros((2, 2 * (cuts + 1)))
    count(table, keys, weights)
    return by_class(table)


def as_table(cuts, sums, counts):
    passing = np.cumsum(sums, axis=1)
    background, signal, background2, signal2 = freeze(passing)
    return CutTable(
        threshold=cuts,
        sumw_signal=signal[:-1],
        sumw2_signal=signal2[:-1],
        sumw_background=background[:-1],
        sumw2_background=background2[:-1],
        total_signal=float(signal[-1]),
        total2_signal=float(signal2[-1]),
        total_background=float(background[-1]),
        total2_background=float(background2[-1]),
        n_signal=int(counts[1]),
        n_background=int(counts[0]),
    )


def choose_thresholds(
    y: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None, n: int = 1000
) -> np.ndarray:
    """Cuts that resolve the axis of the score, the ROC curve at both ends, and saturated scores.

    A quarter of the cuts is spread evenly over the range of the score, a quarter evenly in
    efficiency (ε_s + ε_b), a quarter evenly in the logarithm of ε_b down to one effective event
    (high rejection), a quarter likewise in the logarithm of 1 - ε_s (high signal efficiency).
    Where these coincide, the places left are filled evenly in efficiency. Few distinct scores
    all become cuts.

    Parameters
    ----------
    y, score, weights : array_like, shape (n_events,)
        As in `roc_curve`.
    n : int
        Largest number of cuts, at least 2.

    Returns
    -------
    ndarray, shape (<= n,)
        Cuts from tight to loose; the loosest passes every event.
    """
    if n < 2:
        raise ValueError(f"n is the number of cuts: at least 2 are wanted, not {n}.")
    curve = roc_curve(y, score, weights)
    cuts = curve.threshold[1:]
    if len(cuts) <= n:
        return cuts
    levels = levels_of(curve)
    spread = np.linspace(cuts[-1], cuts[0], n // 4)
    rows = np.concatenate([evenly(level, n // 4) for level in levels])
    chosen = np.union1d(spread, cuts[rows])
    spare = np.setdiff1d(cuts[evenly(levels[0], n)], chosen)
    extra = spare[np.linspace(0, len(spare) - 1, min(n - len(chosen), len(spare))).astype(int)]
    return np.union1d(chosen, extra)[::-1]


def levels_of(curve):
    """Rising coordinates of the rows: efficiency, log ε_b and -log(1 - ε_s)."""
    signal, background = (
        np.maximum.accumulate(np.where(np.isfinite(efficiency[1:]), efficiency[1:], 0.0))
        for efficiency in (curve.signal_efficiency, curve.background_efficiency)
    )
    one_signal = least_share(curve.total_signal, curve.total2_signal)
    one_background = least_share(curve.total_background, curve.total2_background)
    return (
        signal + background,
        np.log(np.maximum(background, one_background)),
        -np.log(np.maximum(1 - signal, one_signal)),
    )


def least_share(total, total2):
    """Share of one effective event, 1 / n_eff."""
    return total2 / total**2 if total**2 > 0 else 1.0


def evenly(level, n):
    """Rows at n evenly spaced values of a rising coordinate, both ends among them."""
    wanted = np.linspace(level[0], level[-1], n)
    return np.minimum(np.searchsorted(level, wanted), len(level) - 1)


@dataclass(frozen=True, eq=False, repr=False)
class ScoreHistogram:
    """Weighted histogram of a score; the arrays are read-only.

    Attributes
    ----------
    edges : ndarray, shape (n + 1,)
        Bin edges; a bin holds its lower edge, the last one both.
    sumw, sumw2, counts : ndarray, shape (n,)
        Weights, squared weights and numbers of the events in each bin.
    underflow, overflow : float
        Weights of the events below the first and above the last edge.
    """

    edges: np.ndarray
    sumw: np.ndarray
    sumw2: np.ndarray
    counts: np.ndarray
    underflow: float
    overflow: float

    def __post_init__(self):
        for value in vars(self).values():
            freeze(value)

    def __repr__(self):
        return (
            f"ScoreHistogram({len(self.counts)} bins in [{self.edges[0]:g}, {self.edges[-1]:g}], "
            f"{self.counts.sum()} events)"
        )


def score_histogram(
    score: ArrayLike, weights: ArrayLike | None, edges: ArrayLike
) -> ScoreHistogram:
    """Histogram of one class's scores with the squared weights that its error bars need.

    Parameters
    ----------
    score : array_like, shape (n,)
    weights : array_like, shape (n,), or None
        Of either sign; None for unit weights.
    edges : array_like, shape (m + 1,)
        Strictly rising.

    Returns
    -------
    ScoreHistogram
        The standard error of ``sumw`` is ``sqrt(sumw2)``.
    """
    edges = as_edges(edges)
    score = as_vector("score", score)
    weights = np.ones(len(score)) if weights is None else as_vector("weights", weights)
    check_lengths({"score": score, "weights": weights})
    check_finite("scores", score)
    check_finite("weights", weights)
    sums = np.zeros((3, len(edges) + 1))
    find = finder(edges)
    for start in range(0, len(score), ROWS):
        part = slice(start, start + ROWS)
        sums += histogram_sums(find(score[part].astype(float)), weights[part].astype(float), edges)
    sumw, sumw2, counts = freeze(sums)
    return ScoreHistogram(
        edges, sumw[1:-1], sumw2[1:-1], counts[1:-1].astype(int), float(sumw[0]), float(sumw[-1])
    )


def histogram_sums(bins, weights, edges):
    """Weights, squared weights and counts with under- and overflow, shape (3, n + 2)."""
    rows = (weights, weights**2, None)
    return np.stack([np.bincount(bins, row, minlength=len(edges) + 1) for row in rows])


def finder(edges):
    """Return a function from scores to their bins: 0 is below all, the last one above all."""
    steps = np.diff(edges)
    step = (edges[-1] - edges[0]) / len(steps)
    if len(steps) > 1 and np.isfinite(1 / step) and (np.abs(steps - step) < 1e-3 * step).all():
        return functools.partial(even_bins, edges, 1 / step)
    return functools.partial(any_bins, edges)


def any_bins(edges, score):
    bins = np.searchsorted(edges, score, side="right")
    bins[score == edges[-1]] -= 1
    return bins


def even_bins(edges, per_step, score):
    """Find bins of one width by division, then put right by the edges what rounding displaced."""
    with np.errstate(over="ignore"):
        place = (score - edges[0]) * per_step + 1
    bins = np.clip(place, 0, len(edges), out=place).astype(np.intp)
    ends = np.concatenate([[-np.inf], edges, [np.inf]])
    bins += score >= ends[1:].take(bins)
    bins -= score < ends.take(bins)
    bins[score == edges[-1]] = len(edges) - 1
    return bins
