"""What a classifier loses when it is given one of its inputs shuffled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepml.stats._cuts import freeze, ratio
from hepml.stats._roc import roc_curve
from hepml.stats.events import as_events, check_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["Importance", "auc_gain", "permutation_importance"]


@dataclass(frozen=True, eq=False, repr=False)
class Importance:
    """Loss of AUC for each column shuffled; the arrays are read-only.

    Attributes
    ----------
    values, errors : ndarray, shape (d,)
        AUC less that of the shuffled column, averaged over the repeats, and its standard error.
    auc, auc_error : float
        Of the events as they are.
    repeats : int
    """

    values: np.ndarray
    errors: np.ndarray
    auc: float
    auc_error: float
    repeats: int

    def __post_init__(self):
        for value in vars(self).values():
            freeze(value)

    def __repr__(self):
        best = int(np.argmax(self.values)) if len(self.values) else None
        return f"Importance({len(self.values)} columns, largest in column {best})"


def permutation_importance(
    score_of: Callable[[Any], ArrayLike],
    X: Any,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    repeats: int = 5,
    rng: int | np.random.Generator = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Importance:
    r"""Loss of AUC when the values of one column are dealt anew among the events.

    The idea is that of L. Breiman, Random Forests, Machine Learning 45 (2001) 5, section 10.

    Parameters
    ----------
    score_of : callable
        Takes a table like ``X``, returns one score per row.
    X : ndarray, shape (n, d), or pandas.DataFrame
        Left as it is.
    y : array_like, shape (n,)
        1 or True for signal, 0 or False for background.
    weights : array_like, shape (n,), optional
        For the AUC; of either sign. Values are dealt among events whatever their weights.
    repeats : int, default 5
    rng : int or numpy.random.Generator, default 0
    progress : callable, optional
        Called with (columns done, columns in all).

    Returns
    -------
    Importance

    Raises
    ------
    ValueError, TypeError
        As `roc_curve`, for what ``score_of`` returns; and if a class has no weight.

    Notes
    -----
    The error has two parts, added in quadrature. For the finite sample, that of the *paired*
    difference of two AUCs on the same events (E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson,
    Biometrics 44 (1988) 837), for what each event contributes on average over the repeats, each
    left out in turn as for `RocCurve.auc_error`. For the shuffling, the scatter of the repeats
    over the root of their number. An input that has no effect on the score has 0 ± 0. Of two
    inputs that tell the same, neither may seem to matter.
    """
    if repeats < 1:
        raise ValueError(f"repeats: at least 1 is wanted, not {repeats}.")
    rng = np.random.default_rng(rng)
    events = as_events(y, score_of(X), weights)
    check_values(events)
    before = placements(*events)
    check_yields(before)
    columns = X.shape[1]
    found = np.empty((columns, 2))
    for column in range(columns):
        drawn = []
        for _ in range(repeats):
            score = score_of(shuffled(X, column, rng.permutation(len(X))))
            drawn.append(placements(events.y, score, events.weights))
        found[column] = lost(before, drawn)
        if progress is not None:
            progress(column + 1, columns)
    curve = roc_curve(*events, exact=True)
    return Importance(found[:, 0], found[:, 1], curve.auc, curve.auc_error, int(repeats))


def check_yields(before):
    for name, (weights, _) in zip(("signal", "background"), before, strict=True):
        if not abs(weights.sum()) > 1e-12 * np.abs(weights).sum():
            raise ValueError(f"The {name} has no weight: the AUC of both classes is compared.")


def shuffled(X, column, rows):
    """Copy of a table with the values of one column in another order."""
    if not hasattr(X, "iloc"):
        changed = X.copy()
        changed[:, column] = X[rows, column]
        return changed
    changed = X.copy(deep=False)
    changed[X.columns[column]] = X.iloc[:, column].take(rows).set_axis(X.index)
    return changed


def auc_gain(
    y: ArrayLike, score: ArrayLike, baseline: ArrayLike, weights: ArrayLike | None = None
) -> tuple[float, float]:
    """AUC less that of other scores of the same events, and its paired error.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 or True for signal, 0 or False for background.
    score, baseline : array_like, shape (n,)
        Finite outputs of two classifiers; larger for signal.
    weights : array_like, shape (n,), optional
        One weight per event, of either sign.

    Returns
    -------
    gain, error : float
        AUC of ``score`` minus that of ``baseline``, and the standard error of this difference.

    Notes
    -----
    Both AUCs fluctuate together on the same events, so the error is that of the *paired*
    difference (E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988) 837):
    that of `permutation_importance` without the part of the shuffling.
    """
    gain, error = lost(placements(y, score, weights), [placements(y, baseline, weights)])
    return float(gain), float(error)


def placements(y, score, weights):
    """For both classes: weights, and the share of the other class that each event is right of."""
    y = np.asarray(y).astype(bool)
    score = np.asarray(score, dtype=float)
    weights = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    signal, background = (score[y], weights[y]), (score[~y], weights[~y])
    return (
        (weights[y], share_below(*background, signal[0])),
        (weights[~y], 1 - share_below(*signal, background[0])),
    )


def share_below(values, weights, at):
    """Share of the weight at values below, ties by half."""
    order = np.argsort(values)
    summed = np.append(0.0, np.cumsum(weights[order]))
    values = values[order]
    low, high = (np.searchsorted(values, at, side=side) for side in ("left", "right"))
    return ratio(summed[low] + summed[high], 2 * summed[-1])


def leaving(weights):
    """Return what an event, left out, moves a weighted mean by, per deviation from it."""
    rest = weights.sum() - weights
    return np.divide(weights, rest, out=np.zeros(len(weights)), where=rest != 0)


def lost(before, drawn):
    """Mean loss over the repeats, and its error."""
    value, variance = 0.0, 0.0
    for kind, (weights, share) in enumerate(before):
        moved = np.mean([share - one[kind][1] for one in drawn], axis=0)
        own = np.average(moved, weights=weights)
        variance += np.sum(leaving(weights) ** 2 * (moved - own) ** 2)
        value = own  # the AUC is the mean placement of either class
    losses = [np.average(one[0][1], weights=one[0][0]) for one in drawn]
    scatter = np.var(losses, ddof=1) / len(losses) if len(losses) > 1 else 0.0
    return value, np.sqrt(variance + scatter)
