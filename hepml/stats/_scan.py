"""Significance of every cut of a curve, and which cuts keep enough background to be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepml.stats._cuts import freeze
from hepml.stats._significance import _error, _z, counting

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from hepml.stats._cuts import CutTable

__all__ = ["ENOUGH_BACKGROUND", "SignificanceScan", "effective_events", "significance_scan"]

ENOUGH_BACKGROUND = 25
"""Effective background events that a trusted cut keeps: they give B to 20 %."""


@dataclass(frozen=True, eq=False, repr=False)
class SignificanceScan:
    """Significance and AMS of each cut, with their errors from the finite samples.

    Attributes
    ----------
    threshold : ndarray, shape (n,)
        The cuts of the curve, from tight to loose.
    significance, significance_error : ndarray, shape (n,)
        See `hepml.stats.significance`.
    ams, ams_error : ndarray, shape (n,)
        See `hepml.stats.ams`.
    sigma_b : float
        Relative background uncertainty of ``significance`` (0.1 is 10 % of b at every cut).
    b_r : float
        Regularisation of ``ams``, in events.
    effective_background : ndarray, shape (n,)
        Background events in units of one weight, (Σw)² / Σw²; 0 where there are none.
    """

    threshold: np.ndarray
    significance: np.ndarray
    significance_error: np.ndarray
    ams: np.ndarray
    ams_error: np.ndarray
    sigma_b: float
    b_r: float
    effective_background: np.ndarray

    def __post_init__(self):
        for value in vars(self).values():
            freeze(value)

    def __repr__(self):
        return (
            f"SignificanceScan({len(self.threshold)} cuts, {self.sigma_b=}, {self.b_r=})".replace(
                "self.", ""
            )
        )

    @property
    def trusted(self) -> np.ndarray:
        """Cuts that keep at least `ENOUGH_BACKGROUND` effective background events, 25.

        They know the background to 20 % or better. Beyond, where next to nothing of the
        background is left in the simulation, a large significance is a fluctuation.
        """
        return self.effective_background >= ENOUGH_BACKGROUND

    def best(self, of: str = "significance") -> int | None:
        """Find the row of the largest ``of`` ("significance" or "ams") among trusted cuts.

        Returns
        -------
        int or None
            None if no cut is trusted, or none has a finite value.
        """
        return best_row(getattr(self, of), self.trusted)


def best_row(values: ArrayLike, trusted: ArrayLike) -> int | None:
    """Find the row of the largest finite value among trusted ones.

    Parameters
    ----------
    values : array_like, shape (n,)
        A figure of merit at every cut.
    trusted : array_like of bool, shape (n,)
        Which cuts keep enough background, as `SignificanceScan.trusted` says.

    Returns
    -------
    int or None
        None if no trusted value is finite.
    """
    eligible = np.isfinite(values) & trusted
    return int(np.argmax(np.where(eligible, values, -np.inf))) if eligible.any() else None


def effective_events(sumw: ArrayLike, sumw2: ArrayLike) -> np.ndarray:
    r"""Count the unweighted events that would have the same relative error.

    Parameters
    ----------
    sumw, sumw2 : array_like
        Sums of weights and of squared weights.

    Returns
    -------
    ndarray
        :math:`(\sum w)^2 / \sum w^2` (L. Kish, Survey Sampling, 1965); 0 where the sum of weights
        is not positive.
    """
    sumw, sumw2 = (np.asarray(sums, dtype=float) for sums in (sumw, sumw2))
    there = (sumw > 0) & (sumw2 > 0)
    return np.where(there, sumw, 0.0) ** 2 / np.where(there, sumw2, 1.0)


def significance_scan(
    curve: CutTable, *, sigma_b: float = 0.0, b_r: float = 10.0
) -> SignificanceScan:
    """Significance and AMS, with their errors, at every cut of a curve or table.

    Parameters
    ----------
    curve : RocCurve or CutTable
        Its yields must be those expected: weights normalised to cross-section times luminosity.
    sigma_b : float, default 0
        *Relative* systematic uncertainty of the background, the same at every cut; `significance`
        itself takes it in events.
    b_r : float, default 10
        Regularisation of the AMS, in events.

    Returns
    -------
    SignificanceScan
        The errors are those of the simulated yields (from sums of squared weights) with the
        relative ``sigma_b`` held fixed. Rows where negative weights leave a negative background
        are NaN, rows with signal over no background at all are infinite.
    """
    if sigma_b < 0:
        raise ValueError(f"sigma_b is a relative uncertainty: it must not be {sigma_b}.")
    s, b = curve.sumw_signal, curve.sumw_background
    s_err, b_err = np.sqrt(curve.sumw2_signal), np.sqrt(curve.sumw2_background)
    plain = counting(s, b, sigma_b * np.abs(b))
    regularised = counting(s, b + b_r)
    return SignificanceScan(
        threshold=curve.threshold,
        significance=_z(plain),
        significance_error=_error(plain, s_err, b_err, relative=True),
        ams=_z(regularised),
        ams_error=_error(regularised, s_err, b_err),
        sigma_b=float(sigma_b),
        b_r=float(b_r),
        effective_background=effective_events(b, curve.sumw2_background),
    )
