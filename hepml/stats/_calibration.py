"""Whether a score that looks like a probability is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincc

from hepml.stats._cuts import freeze, ratio
from hepml.stats._tables import chunks
from hepml.stats._units import weight_per_count
from hepml.stats._validate import as_edges
from hepml.stats.events import as_events, check_values

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Calibration", "calibration"]

ENOUGH = 10  # effective events below which a bin has no pull
LEAST = 2  # and the effective signal and background events that it must be expected to hold


@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    r"""Share of signal in bins of the score, beside the mean score; the arrays are read-only.

    Attributes
    ----------
    edges : ndarray, shape (m + 1,)
        Of the score.
    counts : ndarray of int, shape (m,)
        Events in each bin.
    predicted : ndarray, shape (m,)
        Weighted mean score of the events in each bin.
    observed, error : ndarray, shape (m,)
        Weighted share of signal, and its standard error: the binomial one for weighted events, as
        in `CutTable.background_efficiency_error`. NaN where weights add up to zero or less.
    expected_error : ndarray, shape (m,)
        Standard deviation of the share if the score were a probability: the bar to judge a
        deviation by, also where a bin holds one class only.
    prior : float
        Share of signal that the weights of both classes were scaled to.
    mean_score : float
        Weighted mean of the score over all events: ``prior`` if the score is a probability.
    brier : float
        Weighted mean of (score - y)².
    expected_calibration_error : float
        Weighted mean of ``|observed - predicted|`` over the bins.
    chi2, ndf : float, int
        Of ``observed`` against ``predicted`` with ``expected_error``, over the bins with enough
        events: ten effective ones, two of each class expected.
    """

    edges: np.ndarray
    counts: np.ndarray
    predicted: np.ndarray
    observed: np.ndarray
    error: np.ndarray
    expected_error: np.ndarray
    prior: float
    mean_score: float
    brier: float
    expected_calibration_error: float
    chi2: float
    ndf: int

    def __post_init__(self):
        for value in vars(self).values():
            freeze(value)

    @property
    def p_value(self) -> float:
        """Probability of a χ² as large, if the score is a probability; NaN without degrees."""
        return float(gammaincc(self.ndf / 2, self.chi2 / 2)) if self.ndf else np.nan

    def __repr__(self):
        return (
            f"Calibration({len(self.counts)} bins, signal share {self.prior:.4g}, mean score "
            f"{self.mean_score:.4g}, chi2 = {self.chi2:.1f} for {self.ndf})"
        )


def calibration(
    y: ArrayLike,
    score: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    bins: int | ArrayLike = 10,
    prior: float | None = None,
) -> Calibration:
    r"""Compare a score in bins with the share of signal there.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 or True for signal, 0 or False for background.
    score : array_like, shape (n,)
        Between 0 and 1.
    weights : array_like, shape (n,), optional
        One weight per event, of either sign; 1 if not given.
    bins : int or array_like, default 10
        Number of equal bins between 0 and 1, or edges.
    prior : float, optional
        Share of signal that the score was trained for. Each class's weights are scaled so that
        signal has this share; by default they stay as they are.

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError, TypeError
        As `roc_curve`; and if scores leave [0, 1], a class has no positive yield, or ``prior``
        lies outside (0, 1).

    Notes
    -----
    If the score p is a probability, a bin of weight W has the variance
    :math:`p (1 - p) [(1 - p) u_s + p u_b] / W`, with :math:`u = \sum w^2 / \sum w` of each class.
    As processes of other weights fill other bins, u is that of the bin and of as many neighbours on
    either side as hold 100 effective events of the class (of all bins, χ² was 0.65 to 0.9 per
    degree of freedom for classes of two processes; now it is 0.94 to 1.06). A process of which
    less than one event is expected in a bin, of weights far above the others, still makes too
    many large χ².
    """
    events = as_events(y, score, weights)
    check_values(events)
    low, high = events.score.min(), events.score.max()
    if low < 0 or high > 1:
        raise ValueError(f"scores run from {low:.4g} to {high:.4g}: probabilities are wanted.")
    edges = as_edges(np.linspace(0, 1, bins + 1) if np.ndim(bins) == 0 else bins)
    return compared(edges, totals(events, edges), prior)


def totals(events, edges):
    """Add up per class and bin, shape (2, 5, m): 1, w, w², w·score and w (score - y)²."""
    sums = np.zeros((2, 5, len(edges) - 1))
    for part in chunks(events):
        score = part.score.astype(float)
        signal = part.y.astype(bool)
        weights = np.ones(len(score)) if part.weights is None else part.weights.astype(float)
        rows = (None, weights, weights**2, weights * score, weights * (score - signal) ** 2)
        place = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, len(edges) - 2)
        for kind in (0, 1):
            own = signal == kind
            for row, values in enumerate(rows):
                kept = None if values is None else values[own]
                sums[kind, row] += np.bincount(place[own], kept, minlength=len(edges) - 1)
    return sums


def compared(edges, sums, prior):
    yields = sums[:, 1].sum(axis=1)
    if not (yields > 0).all():
        raise ValueError(
            "calibration needs both classes with a positive yield, but background has "
            f"{yields[0]:.4g} and signal {yields[1]:.4g}."
        )
    prior = yields[1] / yields.sum() if prior is None else as_share(prior)
    factors = np.array([1 - prior, prior]) / yields
    counts, w, w2, ws, squares = scaled(sums, factors).transpose(1, 0, 2)
    total = w.sum(axis=0)
    kept = np.where(total > 0, total, np.nan)
    observed, predicted = w[1] / kept, ws.sum(axis=0) / kept
    error = np.sqrt((1 - observed) ** 2 * w2[1] + observed**2 * w2[0]) / kept
    unit = weight_per_count(w, w2)  # of each class: what an event there adds to the variance
    inside = np.clip(predicted, 0, 1)
    variance = inside * (1 - inside) * ((1 - inside) * unit[1] + inside * unit[0]) / kept
    pull2 = ratio((observed - predicted) ** 2, variance)
    judged = is_judged(inside, total, w2.sum(axis=0)) & np.isfinite(pull2)
    return Calibration(
        edges,
        counts.sum(axis=0).astype(int),
        predicted,
        observed,
        error,
        np.sqrt(variance),
        float(prior),
        float(ws.sum()),
        float(squares.sum()),
        float(np.nansum(kept * np.abs(observed - predicted))),
        float(pull2[judged].sum()),
        int(judged.sum()),
    )


def as_share(prior):
    if not 0 < prior < 1:
        raise ValueError(f"prior is the share of signal, between 0 and 1, not {prior}.")
    return prior


def scaled(sums, factors):
    """Return the sums as if each weight had been multiplied by the factor of its class."""
    powers = np.array([0, 1, 2, 1, 1])
    return sums * (factors[:, None] ** powers)[:, :, None]


def is_judged(share, total, total2):
    effective = ratio(np.maximum(total, 0) ** 2, total2)
    return (effective >= ENOUGH) & (effective * np.minimum(share, 1 - share) >= LEAST)
