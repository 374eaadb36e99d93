"""Significance of every cut of a curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepml.stats._cuts import freeze
from hepml.stats._significance import _error, _z, counting

if TYPE_CHECKING:
    from hepml.stats._cuts import CutTable

__all__ = ["SignificanceScan", "significance_scan"]


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
    """

    threshold: np.ndarray
    significance: np.ndarray
    significance_error: np.ndarray
    ams: np.ndarray
    ams_error: np.ndarray
    sigma_b: float
    b_r: float

    def __post_init__(self):
        for value in vars(self).values():
            freeze(value)

    def __repr__(self):
        return (
            f"SignificanceScan({len(self.threshold)} cuts, {self.sigma_b=}, {self.b_r=})".replace(
                "self.", ""
            )
        )

    def best(self, of: str = "significance") -> int | None:
        """Row of the largest finite ``of`` ("significance" or "ams"), None if there is none."""
        values = getattr(self, of)
        finite = np.isfinite(values)
        return int(np.argmax(np.where(finite, values, -np.inf))) if finite.any() else None


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
    )
