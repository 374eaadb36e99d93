"""What passes each cut: the weighted yields behind a ROC curve and behind a slider."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "CutTable",
    "WorkingPoint",
    "background_rejection",
    "errors_at_signal_efficiency",
    "working_point",
]


@dataclass(frozen=True, eq=False, repr=False)
class CutTable:
    """Weighted yields of signal and background that pass each cut ``score >= threshold``.

    Every row is exact: it equals the sums over a mask of the events. The arrays are read-only.

    Attributes
    ----------
    threshold : ndarray, shape (n,)
        Cuts from tight to loose (descending).
    sumw_signal, sumw_background : ndarray, shape (n,)
        Yields: sums of the weights of the events that pass.
    sumw2_signal, sumw2_background : ndarray, shape (n,)
        Sums of the squared weights: the squared standard errors of the yields.
    total_signal, total_background : float
        Yields without a cut.
    total2_signal, total2_background : float
        Sums of squared weights without a cut.
    n_signal, n_background : int
        Numbers of events without a cut.
    exact : bool
        True if there was nothing to choose: a cut at every distinct score, or the cuts asked for.
        False for a curve with cuts at the edges of narrow bins of the score.

    Notes
    -----
    A class without events, or with weights that add up to zero, has efficiencies NaN; its yields
    are defined. Negative weights are summed as they are, so efficiencies may leave [0, 1] and
    fall while the cut loosens: then ``monotone`` is False.
    """

    threshold: np.ndarray
    sumw_signal: np.ndarray
    sumw2_signal: np.ndarray
    sumw_background: np.ndarray
    sumw2_background: np.ndarray
    total_signal: float
    total2_signal: float
    total_background: float
    total2_background: float
    n_signal: int
    n_background: int
    exact: bool = True

    def __post_init__(self):
        for value in vars(self).values():
            freeze(value)

    def __len__(self):
        return len(self.threshold)

    def __repr__(self):
        return f"{type(self).__name__}({self._summary})"

    @property
    def _summary(self):
        return f"{len(self)} cuts, {self.n_signal} signal, {self.n_background} background"

    @cached_property
    def signal_efficiency(self) -> np.ndarray:
        """ε_s: the share of the signal yield that passes each cut; NaN of a yield of zero."""
        return freeze(ratio(self.sumw_signal, self.total_signal or np.nan))

    @cached_property
    def background_efficiency(self) -> np.ndarray:
        """ε_b: the share of the background yield that passes each cut; NaN of a yield of zero."""
        return freeze(ratio(self.sumw_background, self.total_background or np.nan))

    @cached_property
    def background_rejection(self) -> np.ndarray:
        """1 / ε_b; infinite where no background passes."""
        return freeze(ratio(self.total_background, self.sumw_background))

    @cached_property
    def sic(self) -> np.ndarray:
        """Significance improvement ε_s / √ε_b; NaN where no background passes."""
        background = self.background_efficiency
        root = np.sqrt(np.where(background > 0, background, np.nan))
        return freeze(self.signal_efficiency / root)

    @cached_property
    def signal_efficiency_error(self) -> np.ndarray:
        """Standard error of ε_s from the finite sample, see `background_efficiency_error`."""
        return freeze(
            efficiency_error(
                self.signal_efficiency, self.sumw2_signal, self.total_signal, self.total2_signal
            )
        )

    @cached_property
    def background_efficiency_error(self) -> np.ndarray:
        r"""Standard error of ε_b from the finite sample.

        The binomial error for weighted events, with passing and failing events independent:
        :math:`[(1-ε)^2 Σ_{pass} w^2 + ε^2 Σ_{fail} w^2]^{1/2} / |Σ w|` (option "B" of
        ROOT's TH1::Divide). For unit weights it is :math:`[ε(1-ε)/n]^{1/2}`, and like it zero
        at ε = 0 and 1: not an interval there.
        """
        return freeze(
            efficiency_error(
                self.background_efficiency,
                self.sumw2_background,
                self.total_background,
                self.total2_background,
            )
        )

    @cached_property
    def background_rejection_error(self) -> np.ndarray:
        """Standard error of 1 / ε_b: that of ε_b over ε_b²; NaN where nothing passes."""
        background = self.background_efficiency
        safe = np.where(background == 0, np.nan, background)
        return freeze(ratio(self.background_efficiency_error / safe, safe))

    @cached_property
    def monotone(self) -> bool:
        """False if negative weights make an efficiency fall while the cut loosens."""
        return all(
            not (np.diff(efficiency) < -ROUNDING).any()
            for efficiency in (self.signal_efficiency, self.background_efficiency)
        )


ROUNDING = 1e-12  # an efficiency may fall by this much through the order of summation alone


def freeze(value):
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    return value


def ratio(numerator, denominator):
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.true_divide(numerator, denominator)


def efficiency_error(efficiency, sumw2, total, total2):
    failing2 = np.maximum(total2 - sumw2, 0.0)
    variance = (1 - efficiency) ** 2 * sumw2 + efficiency**2 * failing2
    return ratio(np.sqrt(variance), abs(total))


@dataclass(frozen=True)
class WorkingPoint:
    """One row of a curve: a cut with its yields, efficiencies and their standard errors.

    ``signal`` and ``background`` are the yields that pass, ``signal_error`` and
    ``background_error`` the square roots of their sums of squared weights. The errors hold for
    the cut as it stands. At a point that was chosen by an efficiency the cut itself is uncertain:
    what follows from the chosen class for the other one is in that one's errors; see
    `working_point`.
    """

    threshold: float
    signal: float
    signal_error: float
    background: float
    background_error: float
    signal_efficiency: float
    signal_efficiency_error: float
    background_efficiency: float
    background_efficiency_error: float
    background_rejection: float
    background_rejection_error: float
    sic: float


def working_point(
    curve: CutTable,
    *,
    signal_efficiency: float | None = None,
    background_efficiency: float | None = None,
    threshold: float | None = None,
) -> WorkingPoint:
    """Row of a curve that meets one demand.

    Parameters
    ----------
    curve : RocCurve or CutTable
    signal_efficiency : float, optional
        The tightest cut that keeps at least this share of the signal.
    background_efficiency : float, optional
        The loosest cut that keeps at most this share of the background (and, among cuts where
        negative weights bring the share back below it, the first such run from the tight side).
    threshold : float, optional
        The loosest cut of the curve that is not below this one. On an exact curve it passes the
        same events as ``score >= threshold``; a binned curve may be tighter by one bin.

    Returns
    -------
    WorkingPoint

    Raises
    ------
    ValueError
        Unless exactly one demand is given, or if no cut of the curve meets it.

    Notes
    -----
    With ``signal_efficiency`` the cut depends on the signal events at hand, and the errors of the
    background contain that: σ²(ε_b) = σ²(ε_b | cut) + (dε_b/dε_s)² σ²(ε_s), to first order in the
    two independent samples; likewise the signal's with ``background_efficiency``. The slope is
    that of the curve over two standard deviations to either side: over one it is so noisy that
    68 % intervals of ε_b cover 65 % (300 signal, 20000 background events), over two 67 to 68 %.
    """
    demands = {
        "signal_efficiency": signal_efficiency,
        "background_efficiency": background_efficiency,
        "threshold": threshold,
    }
    given = {name: value for name, value in demands.items() if value is not None}
    if len(given) != 1:
        named = ", ".join(given) or "none"
        raise ValueError(f"Give exactly one of {', '.join(demands)}; given: {named}.")
    name, value = given.popitem()
    row = FIND_ROW[name](curve, value)
    if row is None:
        raise ValueError(f"No cut of {curve!r} meets {name} = {value}.")
    return CHOSEN_BY.get(name, as_it_stands)(curve, at_row(curve, row), row)


def as_it_stands(_curve, point, _row):
    return point


def chosen_by_signal(curve, point, row):
    """Add to the errors of the background that of a cut which the signal's events put there."""
    moved = float(moved_by_signal(curve)[row])
    error = math.hypot(point.background_efficiency_error, moved)
    return replace(
        point,
        background_error=math.hypot(point.background_error, moved * curve.total_background),
        background_efficiency_error=error,
        background_rejection_error=float(ratio(error, point.background_efficiency**2)),
    )


def chosen_by_background(curve, point, row):
    """Add to the errors of the signal that of a cut which the background's events put there."""
    signal, background = corners(curve)
    place, error = background[row + 1], curve.background_efficiency_error[row]
    moved = float(moved_across(place, error, background, signal))
    return replace(
        point,
        signal_error=math.hypot(point.signal_error, moved * curve.total_signal),
        signal_efficiency_error=math.hypot(point.signal_efficiency_error, moved),
    )


def errors_at_signal_efficiency(curve: CutTable) -> tuple[np.ndarray, np.ndarray]:
    """Errors of the background at the ε_s of every row, with that of the cut put there.

    Parameters
    ----------
    curve : RocCurve or CutTable

    Returns
    -------
    efficiency_error, rejection_error : ndarray, shape (n,)
        Standard errors of ε_b and of 1 / ε_b, as `working_point` gives them for a demanded
        ``signal_efficiency``. Where nothing passes, the latter is infinite or NaN.
    """
    error = np.hypot(curve.background_efficiency_error, moved_by_signal(curve))
    return error, ratio(error, curve.background_efficiency**2)


def moved_by_signal(curve):
    """Change of ε_b by one error of ε_s, at every row."""
    signal, background = corners(curve)
    return moved_across(curve.signal_efficiency, curve.signal_efficiency_error, signal, background)


CHOSEN_BY = {
    "signal_efficiency": chosen_by_signal,
    "background_efficiency": chosen_by_background,
}


def moved_across(place, step, along, across):
    """Change of ``across`` by one step ``along``: the slope over two steps to either side."""
    low, high = np.maximum(place - 2 * step, 0.0), np.minimum(place + 2 * step, 1.0)
    rising = np.maximum.accumulate(along)
    change = np.interp(high, rising, across) - np.interp(low, rising, across)
    there = high > low
    return np.where(there, np.abs(change) * step / np.where(there, high - low, 1.0), 0.0)


def corners(curve):
    """Both efficiencies, with the corners that every curve goes through."""
    return tuple(
        np.concatenate([[0.0], efficiency, [1.0]])
        for efficiency in (curve.signal_efficiency, curve.background_efficiency)
    )


def tightest_keeping(curve, signal_efficiency):
    return first(curve.signal_efficiency >= signal_efficiency * (1 - ROUNDING))


def loosest_within(curve, background_efficiency):
    allowed = curve.background_efficiency <= background_efficiency * (1 + ROUNDING)
    return last_of_first_run(allowed)


def loosest_not_below(curve, threshold):
    return last_of_first_run(curve.threshold >= threshold)


FIND_ROW = {
    "signal_efficiency": tightest_keeping,
    "background_efficiency": loosest_within,
    "threshold": loosest_not_below,
}


def first(mask):
    rows = np.flatnonzero(mask)
    return int(rows[0]) if rows.size else None


def last_of_first_run(mask):
    start = first(mask)
    if start is None:
        return None
    stop = first(~mask[start:])
    return len(mask) - 1 if stop is None else start + stop - 1


def at_row(curve, row):
    names = [
        name
        for name in WorkingPoint.__dataclass_fields__
        if name not in ("signal", "signal_error", "background", "background_error")
    ]
    return WorkingPoint(
        signal=float(curve.sumw_signal[row]),
        signal_error=float(np.sqrt(curve.sumw2_signal[row])),
        background=float(curve.sumw_background[row]),
        background_error=float(np.sqrt(curve.sumw2_background[row])),
        **{name: float(getattr(curve, name)[row]) for name in names},
    )


def background_rejection(curve: CutTable, signal_efficiency: ArrayLike) -> float | np.ndarray:
    """Background rejection 1 / ε_b at given signal efficiencies, between the rows of a curve.

    ε_b is interpolated linearly in ε_s, the straight segments whose area is the AUC.

    Parameters
    ----------
    curve : RocCurve or CutTable
    signal_efficiency : array_like
        Efficiencies in [0, 1].

    Returns
    -------
    float or ndarray
        Infinite where no background passes; NaN outside [0, 1]. A curve that is not
        ``monotone`` is followed along its running maximum.
    """
    wanted = np.asarray(signal_efficiency, dtype=float)
    if np.isnan(curve.signal_efficiency).any():
        background = np.full(wanted.shape, np.nan)
    else:
        background = tightest_interpolation(wanted, curve)
    rejection = ratio(1.0, background)
    return rejection.item() if wanted.ndim == 0 else rejection


def tightest_interpolation(wanted, curve):
    """ε_b at ε_s; where ε_s stands still, the tightest cut (np.interp would take the loosest)."""
    signal, background = corners(curve)
    reached = np.maximum.accumulate(signal)
    return np.interp(-wanted, -reached[::-1], background[::-1], left=np.nan, right=np.nan)
