"""How far apart the shapes of signal and background are in one variable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hepml.stats._tables import ScoreHistogram

__all__ = ["Separation", "separation"]


@dataclass(frozen=True)
class Separation:
    """Separation of two histograms.

    Attributes
    ----------
    value : float
        0 for equal shapes, 1 for shapes without overlap; NaN if a class has no weight.
    error : float
        Standard error from the finite samples.
    chance : float
        What equal shapes would give on average, for samples of this size in these bins: a value
        near it says nothing.
    """

    value: float
    error: float
    chance: float


def separation(signal: ScoreHistogram, background: ScoreHistogram) -> Separation:
    r"""Separation of the shapes of signal and background, as TMVA defines it.

    .. math:: \langle S^2\rangle = \frac{1}{2} \int
        \frac{(\hat{y}_S(y) - \hat{y}_B(y))^2}{\hat{y}_S(y) + \hat{y}_B(y)}\, dy

    with the normalised densities of the two classes (A. Hoecker et al., TMVA Users Guide,
    arXiv:physics/0703039), summed over bins as ``TMVA::Tools::GetSeparation`` does.

    Parameters
    ----------
    signal, background : ScoreHistogram
        With the same edges. What lies outside the edges does not count.

    Returns
    -------
    Separation

    Raises
    ------
    ValueError
        If the edges differ.

    Notes
    -----
    Bins in which negative weights leave no positive sum of both shapes are left out, as TMVA
    leaves them out. The error is of first order in the contents of the bins; near equal shapes,
    where the slope is zero, it is too small and ``Separation.chance`` is the scale to compare with.
    """
    if not np.array_equal(signal.edges, background.edges):
        raise ValueError("The histograms of signal and background have different edges.")
    if signal.sumw.sum() == 0 or background.sumw.sum() == 0:
        return Separation(np.nan, np.nan, np.nan)
    (p, var_p), (q, var_q) = (shape_of(histogram) for histogram in (signal, background))
    used = p + q > 0
    both = np.where(used, p + q, 1.0)
    slopes = [np.where(used, (a - b) * (a + 3 * b) / both**2 / 2, 0.0) for a, b in ((p, q), (q, p))]
    variance = sum(
        variance_of(histogram, share, slope)
        for histogram, share, slope in zip((signal, background), (p, q), slopes, strict=True)
    )
    value = np.sum(np.where(used, (p - q) ** 2 / both, 0.0)) / 2
    chance = np.sum(np.where(used, (var_p + var_q) / both, 0.0)) / 2
    return Separation(float(value), float(np.sqrt(variance)), float(chance))


def shape_of(histogram):
    """Shares of the bins, and their variances, those of ratios of sums with common events."""
    total, total2 = histogram.sumw.sum(), histogram.sumw2.sum()
    share = histogram.sumw / total
    return share, (histogram.sumw2 * (1 - 2 * share) + share**2 * total2) / total**2


def variance_of(histogram, share, slope):
    """Variance of Σ slope · share to first order."""
    moved = slope - np.sum(share * slope)
    return np.sum(histogram.sumw2 * moved**2) / histogram.sumw.sum() ** 2
