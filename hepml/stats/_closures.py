"""Shares of two weighted samples in bins, and whether they agree within statistics."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import chdtr, chdtrc

from hepml.stats._cuts import freeze
from hepml.stats._said import said
from hepml.stats._twosample import effective_size
from hepml.stats.events import as_vector, check_finite, check_lengths

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Closure", "HistogramTest", "histogram_test"]

PER_REGION = 100  # effective events that a region is wanted to hold
FEWEST = 20  # one over the squared skewness of a region's share, or it is merged with others
FEATURE_BINS, CELL_BINS = 10, 5


@dataclass(frozen=True, eq=False, repr=False)
class Closure:
    """Shares of the reweighted source and of the target in the regions of one or two features.

    Attributes
    ----------
    features : tuple of str
        One name, or two.
    edges : tuple of ndarray
        Inner edges for each feature; the outermost regions are open. A value equal to an edge
        belongs below it.
    source, target : ndarray, one axis per feature
        Shares of each region in the sums of weights.
    pull : ndarray
        Difference of the shares over its statistical standard error; NaN in a region that is
        too poor to be judged.
    chi2, ndf : float, int
        All regions together, with the statistical covariance.
    p_value : float
        Chance of differences as large in all regions together, if the tolerance is added to the
        covariance.
    p_small : float
        Chance of a ``chi2`` as small.
    """

    features: tuple
    edges: tuple
    source: np.ndarray
    target: np.ndarray
    pull: np.ndarray
    chi2: float
    ndf: int
    p_value: float
    p_small: float

    def __post_init__(self):
        for value in (*self.edges, self.source, self.target, self.pull):
            freeze(value)

    def __repr__(self):
        name = " × ".join(self.features)
        return f"Closure({name}: χ²/ndf = {self.chi2:.4g}/{self.ndf}, p = {self.p_value:.2g})"

    @property
    def worst(self) -> str:
        """The region of the largest pull, in words."""
        if np.isnan(self.pull).all():
            return said("all of {names}", names=self.features)
        where = np.unravel_index(np.nanargmax(np.abs(self.pull)), self.pull.shape)
        return said("{places}", places=tuple(map(region, self.features, self.edges, where)))


def region(feature, edges, index):
    """One region in words."""
    if not len(edges):
        return said("any {name}", name=feature)
    if index == 0:
        return said("{name} up to {high}", name=feature, high=f"{edges[0]:.3g}")
    if index == len(edges):
        return said("{name} above {low}", name=feature, low=f"{edges[-1]:.3g}")
    low, high = (f"{edge:.3g}" for edge in edges[index - 1 : index + 1])
    return said("{name} between {low} and {high}", name=feature, low=low, high=high)


def fewer(case):
    return min(effective_size(case.source.weights), effective_size(case.target.weights))


def feature_closures(case):
    bins = int(np.clip(fewer(case) / PER_REGION, 2, FEATURE_BINS))
    return tuple(closure(case, (k,), [binned(case, k, bins)]) for k in range(len(case.names)))


def cell_closures(case):
    bins = int(np.clip(np.sqrt(fewer(case) / PER_REGION), 2, CELL_BINS))
    axes = [binned(case, k, bins) for k in range(len(case.names))]
    pairs = combinations(range(len(axes)), 2)
    return tuple(closure(case, pair, [axes[k] for k in pair]) for pair in pairs)


class Axis(NamedTuple):
    """Inner edges of a feature's regions, and the region of each event of both samples."""

    edges: np.ndarray
    source: np.ndarray
    target: np.ndarray

    @property
    def size(self):
        return len(self.edges) + 1


def binned(case, column, bins):
    """Regions with equal parts of the variance of both samples."""
    samples = case.source, case.target
    values = np.concatenate([sample.X[:, column] for sample in samples])
    variance = np.concatenate([np.square(s.weights / s.weights.sum()) for s in samples])
    order = np.argsort(values, kind="stable")
    below = np.cumsum(variance[order])
    ranks = np.searchsorted(below, below[-1] * np.arange(1, bins) / bins)
    edges = np.unique(values[order[ranks]])
    edges = edges[edges < values.max()]
    return Axis(edges, *(np.searchsorted(edges, sample.X[:, column]) for sample in samples))


def closure(case, columns, axes):
    shape = tuple(axis.size for axis in axes)
    sides = [
        shares(np.ravel_multi_index(codes, shape), sample.weights, np.prod(shape))
        for sample, codes in (
            (case.source, [axis.source for axis in axes]),
            (case.target, [axis.target for axis in axes]),
        )
    ]
    common, covariance, rich = if_alike(*sides)
    source, target = (side.p for side in sides)
    with np.errstate(divide="ignore", invalid="ignore"):
        pull = np.where(rich, (source - target) / np.sqrt(np.diag(covariance)), np.nan)
    return Closure(
        tuple(case.names[k] for k in columns),
        tuple(axis.edges for axis in axes),
        *(array.reshape(shape) for array in (source, target, pull)),
        *chi_square(source - target, covariance, case.region_tolerance * common, rich),
    )


class Shares(NamedTuple):
    """Shares of the regions, and the weights of one event there.

    ``unit`` is Σw² / Σw: a share is so many times its variance. ``skewed`` is (Σw³)² Σw / (Σw²)³:
    a share is so many times its squared skewness, and 1 over a count if all weights are equal.
    """

    p: np.ndarray
    unit: np.ndarray
    skewed: np.ndarray


def shares(codes, weights, size):
    weights = weights / weights.sum()
    sizes, squares, cubes = (
        np.bincount(codes, np.abs(weights) ** power, minlength=size) for power in (1, 2, 3)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        units = squares / sizes * sizes.sum(), cubes**2 * sizes / squares**3 * sizes.sum()
    filled = squares > 0
    return Shares(
        np.bincount(codes, weights, minlength=size),
        *(np.where(filled, unit, unit[filled].max()) for unit in units),
    )


def if_alike(source, target):
    """Return common shares, covariance of their difference, and which regions have enough events.

    As in Pearson's test, variances are those of common shares: a region that chance left empty
    has one, too.
    """
    common = np.abs(source.p * target.unit + target.p * source.unit) / (source.unit + target.unit)
    rich = common >= FEWEST * np.maximum(source.skewed, target.skewed)
    common = common / common.sum()
    q = common * (source.unit + target.unit)
    cross = np.outer(common, q)
    return common, np.diag(q) - cross - cross.T + q.sum() * np.outer(common, common), rich


def chi_square(difference, covariance, tolerated, rich):
    """Chi-square, degrees of freedom and both p-values; poor regions are taken as one."""
    groups = np.eye(len(rich))[rich]
    if not rich.all():
        groups = np.vstack([groups, ~rich])
    difference, covariance = groups @ difference, groups @ covariance @ groups.T
    tolerant = covariance + np.diag(np.square(groups @ tolerated))
    plain, reduced = (
        float(difference @ np.linalg.pinv(c, rcond=1e-10, hermitian=True) @ difference)
        for c in (covariance, tolerant)
    )
    ndf = len(groups) - 1
    return (
        plain,
        ndf,
        *((float(chdtrc(ndf, reduced)), float(chdtr(ndf, plain))) if ndf else (1.0, 1.0)),
    )


# ---------------------------------------------------------------- one histogram


@dataclass(frozen=True)
class HistogramTest:
    """Whether two weighted histograms have one shape.

    Attributes
    ----------
    chi2 : float
        All bins together, with the statistical covariance.
    ndf : int
        Bins with enough events, and those without taken as one, less one.
    p_value : float
        Chance of a ``chi2`` as large; 1 where ``ndf`` is 0.
    """

    chi2: float
    ndf: int
    p_value: float


def histogram_test(
    a: ArrayLike,
    b: ArrayLike,
    weights_a: ArrayLike | None = None,
    weights_b: ArrayLike | None = None,
) -> HistogramTest:
    r"""Test by :math:`\chi^2` whether two samples have the same shares in bins.

    Parameters
    ----------
    a, b : array_like of int, shapes (n_a,) and (n_b,)
        Number of the bin that each event is in; a bin that no event is in says nothing.
    weights_a, weights_b : array_like, shapes (n_a,) and (n_b,), optional
        One weight per event, of either sign; 1 if not given. Each sample is normalised to its
        own sum.

    Returns
    -------
    HistogramTest

    Raises
    ------
    ValueError, TypeError
        For bins that are no whole numbers, weights that do not fit or that add up to zero.

    Notes
    -----
    The covariance is that of weighted shares, in proportion to the common ones, as in
    `reweighting_report`; with weights of 1 the statistic is Pearson's for the homogeneity of two
    samples (K. Pearson, Biometrika 8 (1911) 250). Bins whose share has fewer than 20 effective
    events, counted by their skewness, are taken as one.
    """
    samples = _numbered("a", a, weights_a), _numbered("b", b, weights_b)
    filled = np.union1d(*(bins for bins, _ in samples))
    sides = [
        shares(np.searchsorted(filled, bins), weights, len(filled)) for bins, weights in samples
    ]
    common, covariance, rich = if_alike(*sides)
    chi2, ndf, p, _ = chi_square(sides[0].p - sides[1].p, covariance, 0 * common, rich)
    return HistogramTest(chi2, ndf, p)


def _numbered(name, bins, weights):
    """Bins and weights of one sample, checked."""
    bins = as_vector(name, bins)
    if bins.dtype.kind not in "iu":
        what = f"{'has' if bins.size else 'is an empty array of'} dtype {bins.dtype}"
        raise TypeError(f"{name} {what}: wanted numbers of bins, which are whole.")
    label = f"weights_{name}"
    weights = np.ones(len(bins)) if weights is None else as_vector(label, weights).astype(float)
    check_lengths({name: bins, label: weights})
    check_finite(label, weights)
    if abs(weights.sum()) <= 1e-12 * np.abs(weights).sum():
        raise ValueError(f"The {label} add up to zero: there is no distribution.")
    return bins, weights
