"""The exact likelihood ratio beside a classifier: how much of the best rejection it reaches."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from hepml import stats
from hepml_widgets.core.language import later, tr
from hepml_widgets.core.numbers import with_error
from hepml_widgets.core.payload import pack

NAME = later("exact bound")
POINTS = 200
ROUNDING = 1e-12
"""Equal efficiencies differ by this much through the order of summation."""


class Bound(NamedTuple):
    """The exact log-likelihood ratio of each event, and its ROC curve."""

    values: np.ndarray
    curve: stats.RocCurve

    @property
    def auc_text(self):
        """The area under the curve as it is printed beside it."""
        return with_error(self.curve.auc, self.curve.auc_error)

    @property
    def points(self):
        """Efficiencies of signal and background along the curve, to be drawn."""
        return thinned(self.curve)

    def packed(self):
        """Pack what the browser draws: points of the curve in single precision, and its area."""
        signal, background = (pack(column, "<f4") for column in self.points)
        return {"signal": signal, "background": background, "auc": self.auc_text}


@dataclass(frozen=True, eq=False)
class Gap:
    """The bound at the signal efficiency of every cut of a model, on the same events.

    Attributes
    ----------
    cuts : hepml.stats.CutTable
        Yields that pass the cut on the likelihood ratio that keeps as much signal.
    fraction : ndarray
        1/ε_b of the model over that of the bound. A fluctuation may bring it above 1.
    fraction_error : ndarray
        Standard error of `fraction` at a fixed cut on the score. The events are the same, so
        only those count that pass one cut and not the other (see `gap_of`).
    """

    cuts: stats.CutTable
    fraction: np.ndarray
    fraction_error: np.ndarray

    @cached_property
    def rejection_error(self):
        """Standard error of the bound's 1/ε_b at the ε_s of every row."""
        return stats.errors_at_signal_efficiency(self.cuts)[1]

    def packed(self):
        """Pack three columns of rows, from loose to tight."""
        columns = {
            "b": pack(self.cuts.sumw_background[::-1]),
            "b2": pack(self.cuts.sumw2_background[::-1], "<f4"),
            "error": pack(self.fraction_error[::-1], "<f4"),
        }
        return {"bound": columns}

    def readout(self, row):
        """Two parts of the readout: the bound's rejection, and the share of it that is reached."""
        rejection, error = self.cuts.background_rejection[row], self.rejection_error[row]
        return [
            f"{tr('bound 1/ε_b')} {with_error(rejection, error)}",
            f"{tr('reached')} {with_error(self.fraction[row], self.fraction_error[row])}",
        ]


def make_bound(y, values, weights):
    """Check an exact log-likelihood ratio and make its curve; None stays None.

    Parameters
    ----------
    y, weights : array_like, shape (n,)
    values : array_like, shape (n,), or None
        Infinite where one class cannot be: such events come first or last.

    Returns
    -------
    Bound or None
    """
    if values is None:
        return None
    values = np.asarray(values)
    if values.shape != np.shape(y):
        raise ValueError(
            f"bound has shape {values.shape}, y has {np.shape(y)}: wanted the exact "
            "log-likelihood ratio of every event."
        )
    try:
        values = with_ends(values)
        curve = stats.roc_curve(y, values, weights)
    except (TypeError, ValueError) as error:
        raise type(error)(f"The bound: {error}") from error
    if curve.auc + 5 * np.hypot(curve.auc_error, error_of_guessing(curve)) < 0.5:
        raise ValueError(
            f"bound has AUC {curve.auc:.3f}, so it is larger for background: "
            "wanted ln(p_s / p_b), larger for signal."
        )
    return Bound(values, curve)


def error_of_guessing(curve):
    """Take the standard deviation of the AUC of random scores from effective numbers of events."""
    squared = np.array([curve.total2_signal, curve.total2_background])
    total = np.array([curve.total_signal, curve.total_background])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt((squared / total**2).sum() / 12)


def with_ends(values):
    """Values with infinite ones put just beyond the finite ones."""
    if values.dtype.kind != "f" or not np.isinf(values).any():
        return values
    finite = values[np.isfinite(values)].astype(float)
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    beyond = 1 + abs(low) + abs(high)
    return np.nan_to_num(values.astype(float), nan=np.nan, posinf=beyond, neginf=-beyond)


def thinned(curve):
    """Points along a curve, as many at small ε_b on a logarithmic axis as on a linear one."""
    signal, background = curve.signal_efficiency, curve.background_efficiency
    if np.isnan(signal).any() or np.isnan(background).any():
        return np.array([]), np.array([])
    wanted = np.concatenate([np.linspace(0, 1, POINTS // 2), np.geomspace(1e-4, 1, POINTS // 2)])
    by_signal = np.searchsorted(np.maximum.accumulate(signal), wanted)
    by_background = np.searchsorted(np.maximum.accumulate(background), wanted)
    rows = np.unique(np.concatenate([by_signal[: POINTS // 2], by_background[POINTS // 2 :]]))
    rows = rows[rows < len(signal)]
    return signal[rows], background[rows]


def gap_of(events, cuts, bound):
    r"""Put the bound beside every cut of a model.

    Parameters
    ----------
    events : tuple of (y, score, weights)
    cuts : hepml.stats.CutTable
        Cuts on ``score``.
    bound : Bound
        Of the same events.

    Returns
    -------
    Gap

    Notes
    -----
    ε_b of the bound is interpolated linearly in ε_s; where it keeps one ε_s over a range of ε_b,
    the nearest to the model's is taken. The error follows from the first-order change of
    :math:`\ln(ε_b^{bound} / ε_b)` by each event: a background event weighs
    :math:`w\,(1_{bound}/B_{bound} - 1_{model}/B_{model})`, so those that pass both cuts nearly
    cancel; a signal event that passes only one of them moves the bound's cut, along the slope
    dε_b/dε_s of its curve. A model that is the bound reaches 1 ± 0.
    """
    background, rows = matched(cuts, bound.curve)
    at_bound = yields_at(bound.curve, rows, cuts, background)
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = background / cuts.sumw_background
        variance = relative_variance(events, cuts, at_bound, bound)
        error = np.abs(fraction) * np.sqrt(variance)
    sent = replace(
        at_bound,
        sumw2_signal=cuts.sumw2_signal,  # nearly the same, and sent already
        sumw2_background=single(at_bound.sumw2_background),
    )
    return Gap(sent, fraction, single(error))


def single(values):
    """Round to what travels in single precision, so that both sides print the same digits."""
    return values.astype(np.float32).astype(float)


def matched(cuts, curve):
    """Background yield of the bound at each ε_s of a model, and the bound's rows just there."""
    wanted = cuts.signal_efficiency
    if np.isnan(curve.signal_efficiency).any() or np.isnan(curve.background_efficiency).any():
        return np.full(len(cuts), np.nan), np.zeros(len(cuts), int)
    signal, signal_left = envelopes(curve.signal_efficiency)
    background, background_left = envelopes(curve.sumw_background)
    first = np.interp(wanted * (1 - ROUNDING), signal, background_left)
    last = np.interp(wanted * (1 + ROUNDING), signal_left, background)
    own = cuts.sumw_background
    found = np.clip(own, first, last)
    found = np.where(left_of(np.maximum(own, found), np.minimum(own, found)), found, own)
    rows = np.maximum(
        np.searchsorted(signal, wanted * (1 - ROUNDING)),
        np.searchsorted(background, found * (1 - ROUNDING)),
    )
    outside = (wanted < 0) | (wanted > signal[-1] * (1 + ROUNDING))
    return np.where(outside, np.nan, found), np.minimum(rows, len(curve) - 1)


def envelopes(values):
    """Bound what negative weights make fall: the largest value so far, the smallest yet to come."""
    return np.maximum.accumulate(values), np.minimum.accumulate(values[::-1])[::-1]


def yields_at(curve, rows, cuts, background):
    """Cut table of the bound beside that of a model: the same signal, its own background."""
    return stats.CutTable(
        curve.threshold[rows],
        cuts.sumw_signal,
        curve.sumw2_signal[rows],
        background,
        curve.sumw2_background[rows],
        cuts.total_signal,
        cuts.total2_signal,
        cuts.total_background,
        cuts.total2_background,
        curve.n_signal,
        curve.n_background,
    )


def relative_variance(events, cuts, at_bound, bound):
    """Squared relative error of the fraction reached, see `gap_of`."""
    s2_both, b2_both = passing_both(events, cuts, at_bound, bound.values)
    b, best = cuts.sumw_background, at_bound.sumw_background
    only_bound = left_of(at_bound.sumw2_background, b2_both) / best**2
    only_model = left_of(cuts.sumw2_background, b2_both) / b**2
    both = b2_both * (1 / best - 1 / b) ** 2
    apart = left_of(at_bound.sumw2_signal + cuts.sumw2_signal, 2 * s2_both)
    moved = slope(bound.curve, cuts.signal_efficiency) / best * at_bound.total_background
    return only_bound + only_model + both + moved**2 * apart / cuts.total_signal**2


def left_of(whole, part):
    """Subtract a sum over a part of the events from that over all, free of rounding."""
    return np.where(whole - part > 1e-9 * whole, whole - part, 0.0)


def slope(curve, signal_efficiency):
    """dε_b/dε_s of a curve, over a quarter of the way to 0 or 1; zero at the ends."""
    signal = np.maximum.accumulate(curve.signal_efficiency)
    reach = np.minimum(signal_efficiency, 1 - signal_efficiency) / 4
    ends = (signal_efficiency - reach, signal_efficiency + reach)
    low, high = (np.interp(end, signal, curve.background_efficiency) for end in ends)
    return np.where(reach > 0, (high - low) / np.where(reach > 0, 2 * reach, 1), 0.0)


def passing_both(events, cuts, at_bound, values):
    """Sum squared weights of signal and of background that pass a cut and the bound's there."""
    y, score, weights = events
    y = np.asarray(y).astype(bool)
    squared = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float) ** 2
    columns, column = np.unique(at_bound.threshold, return_inverse=True)
    first, other = first_row(cuts.threshold[::-1], score), first_row(columns, values)
    shape = (len(cuts) + 1, len(columns) + 1)
    place = np.ravel_multi_index((first, other), shape)
    return [
        np.bincount(place[mask], squared[mask], np.prod(shape))
        .reshape(shape)
        .cumsum(axis=0)
        .cumsum(axis=1)[np.arange(len(cuts)), len(columns) - 1 - column]
        for mask in (y, ~y)
    ]


def first_row(rising, values):
    """Row, counted from the tightest, at which each event begins to pass; the last for never."""
    return len(rising) - np.searchsorted(rising, values, side="right")
