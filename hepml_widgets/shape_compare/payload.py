"""From two samples and several sets of weights to the compact payload of a `ShapeCompare`."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hepml import stats
from hepml_widgets.core.axes import Axis
from hepml_widgets.core.language import later, tr
from hepml_widgets.core.numbers import (
    NOTHING,
    fixed,
    percent,
    shorten,
    significant,
    with_error,
)
from hepml_widgets.core.payload import in_halves, pack
from hepml_widgets.shape_compare.words import retold

CROSS_BYTES = 60_000  # for sums by region and bin; base64 makes four bytes of three
MOST_REGIONS = 10
LEAST_REGIONS = 4
FEWEST = 5  # effective events, for a pull
DIFFERS = 0.01  # p-value, after as many trials as there are features, that is a difference
PER_DECADE = 8  # bins of the weights
DECADES = 6


@dataclass(frozen=True, eq=False)
class Region:
    """Neighbouring bins of one feature: ``start`` to ``stop`` of its regions."""

    axis: Axis
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Shares:
    """One sample: shares of its weight in each bin of all features, one feature after the other.

    Attributes
    ----------
    p, q : ndarray, shape (n_cells,)
        Σw / W and Σw² / W², with W the weight of all events.
    q_all : float
        Σw² / W² of all events.
    cross_p, cross_q : ndarray, shape (n_regions, n_cells)
        The same for the events in each region of each feature.
    columns : dict
        All of it packed.
    """

    p: np.ndarray
    q: np.ndarray
    q_all: float
    cross_p: np.ndarray
    cross_q: np.ndarray
    columns: dict


@dataclass(frozen=True, eq=False)
class Content:
    """Shares of one sample in the bins of one feature, with their standard errors.

    Of the weighted shares, as numerator and denominator have events in common:
    var(p) = q (1 - 2p) + p² Σw²/W².
    """

    p: np.ndarray
    q: np.ndarray
    q_all: float

    @cached_property
    def variance(self):
        """Of the shares; what is left of a zero by rounding is zero."""
        variance = self.q * (1 - 2 * self.p) + self.p**2 * self.q_all
        return np.where(variance > 1e-12 * self.q, variance, 0.0)

    @cached_property
    def error(self):
        """Standard error of the shares."""
        return np.sqrt(self.variance)

    @property
    def rich(self):
        """Which bins hold enough effective events, (Σw)² / Σw², for a pull."""
        return (self.q > 0) & (self.p**2 >= FEWEST * self.q)


@dataclass(frozen=True, eq=False)
class Comparison:
    """One sample beside the target, bin by bin.

    Attributes
    ----------
    ratio, error : ndarray
        Share over that of the target with its standard error; NaN where the target has no
        positive share.
    pull : ndarray
        Difference over its standard error; NaN where a sample has fewer than 5 effective events.
    """

    ratio: np.ndarray
    error: np.ndarray
    pull: np.ndarray


def compared(content, target):
    """Compare two contents.

    Parameters
    ----------
    content, target : Content

    Returns
    -------
    Comparison
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        there = target.p > 0
        ratio = np.where(there, content.p / target.p, np.nan)
        error = np.sqrt(content.variance + ratio**2 * target.variance) / target.p
        pull = (content.p - target.p) / np.sqrt(content.variance + target.variance)
    judged = content.rich & target.rich & np.isfinite(pull)
    return Comparison(ratio, np.where(there, error, np.nan), np.where(judged, pull, np.nan))


def added(values):
    """Sum from left to right, as the browser adds."""
    return float(np.cumsum(values)[-1]) if len(values) else 0.0


# ---------------------------------------------------------------- sums


def regions_of(axes, samples):
    """First bin of each region of each feature, and the end; empty if there is no room.

    Parameters
    ----------
    axes : list of Axis
    samples : int
        How many samples there are, source and target included.

    Returns
    -------
    list of ndarray of int
    """
    if len(axes) < 2:
        return [np.arange(axis.bins + 1) for axis in axes]
    cells = sum(axis.bins for axis in axes)
    each = min(MOST_REGIONS, CROSS_BYTES // (len(axes) * cells * samples * 6))
    if each < LEAST_REGIONS:
        return [np.zeros(1, dtype=int) for _ in axes]
    return [np.unique(np.linspace(0, axis.bins, each + 1).round().astype(int)) for axis in axes]


def make_shares(X, weights, axes, regions):
    """Add up one sample.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        NaN is a value that is missing: it is in no bin.
    weights : ndarray, shape (n,)
        With a sum that is not zero.
    axes : list of Axis
    regions : list of ndarray
        As `regions_of` gives them.

    Returns
    -------
    Shares
    """
    count = axes[-1].first + axes[-1].bins
    w = weights / weights.sum()
    cells = [(axis.cells_of(X[:, i]), ~np.isnan(X[:, i])) for i, axis in enumerate(axes)]
    sums = [sum(np.bincount(c[there], w[there] ** k, count) for c, there in cells) for k in (1, 2)]
    cross = [np.zeros((sum(len(bounds) - 1 for bounds in regions), count)) for _ in sums]
    if len(cross[0]) and len(axes) > 1:
        fill(cross, cells, w, axes, regions)
    p, q = cross[0].astype("<f4"), np.abs(cross[1])
    q, columns = in_halves(q, "crossQ")
    columns |= {name: pack(column) for name, column in zip("pq", sums, strict=True)}
    q_all = float(np.sum(w**2))
    columns |= {"crossP": pack(p, "<f4"), "all": q_all}
    return Shares(*sums, q_all, p.astype(float), q, columns)


def fill(cross, cells, w, axes, regions):
    first = 0
    for axis, bounds, (own, there) in zip(axes, regions, cells, strict=True):
        region = np.searchsorted(bounds[1:-1], own - axis.first, side="right")
        for other, too in cells:
            both = there & too
            codes = first + region[both], other[both]
            for k, sums in enumerate(cross, start=1):
                np.add(sums, hits(codes, w[both] ** k, sums.shape), out=sums)
        first += len(bounds) - 1


def hits(codes, weights, shape):
    flat = np.ravel_multi_index(codes, shape)
    return np.bincount(flat, weights, np.prod(shape)).reshape(shape)


# ---------------------------------------------------------------- tests of each feature


@dataclass(frozen=True)
class ShapeTest:
    """Whether a feature's histogram of the reweighted source is that of the target.

    Attributes
    ----------
    chi2, ndf : float, int
        Of all bins of the feature, and of the events without a value as one more.
    p_value, p_global : float
        Chance of one as large; and for the smallest of as many features as are shown,
        1 - (1 - p)^d.
    """

    chi2: float
    ndf: int
    p_value: float
    p_global: float

    @property
    def text(self):
        """Both as they are printed."""
        if not self.ndf:
            return NOTHING
        values = {"chi2": fixed(self.chi2, 1), "ndf": self.ndf}
        return tr("{chi2} for {ndf} (p {p})", **values, p=significant(self.p_value, 2))


def shape_tests(source, target, axes):
    """Test every feature that is shown.

    Parameters
    ----------
    source, target : tuple of (X, weights)
    axes : list of Axis

    Returns
    -------
    dict of str to ShapeTest
    """
    return {axis.name: shape_test(source, target, axis, i) for i, axis in enumerate(axes)}


def shape_test(source, target, axis, i):
    """Test one feature; a bin without an event of either sample says nothing."""
    samples = [(cells_with_missing(X[:, i], axis), weights) for X, weights in (source, target)]
    (a, weights_a), (b, weights_b) = samples
    found = stats.histogram_test(a, b, weights_a, weights_b)
    p_global = stats.sidak(found.p_value, source[0].shape[1])
    return ShapeTest(found.chi2, found.ndf, found.p_value, p_global)


def cells_with_missing(values, axis):
    """Bin of each value; one more for those that are missing."""
    cells = axis.cells_of(values) - axis.first
    return np.where(np.isnan(values), axis.bins, cells)


# ---------------------------------------------------------------- weights


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Histogram of weights over their mean: how many are positive, negative and zero.

    ``edges`` are edges of w n / Σw; the first bin holds what is smaller still.
    """

    edges: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    zero: int

    def packed(self):
        """Columns for the browser."""
        names = "edges", "positive", "negative"
        return {name: pack(getattr(self, name)) for name in names} | {"zero": self.zero}


def spectra_of(sets):
    """One histogram of each set of weights, all with the same edges.

    Parameters
    ----------
    sets : list of ndarray

    Returns
    -------
    list of Spectrum
    """
    scaled = [weights * len(weights) / weights.sum() for weights in sets]
    sizes = np.abs(np.concatenate(scaled))
    sizes = sizes[sizes > 0]
    high = math.floor(math.log10(sizes.max()) * PER_DECADE + 1e-9) + 1
    low = math.floor(math.log10(sizes.min()) * PER_DECADE + 1e-9)
    low = max(low, high - DECADES * PER_DECADE)
    if high - low < PER_DECADE:
        low, high = low - PER_DECADE // 2, high + PER_DECADE // 2
    edges = 10.0 ** (np.arange(low, high + 1) / PER_DECADE)
    return [spectrum(values, edges) for values in scaled]


def spectrum(values, edges):
    counts = [
        np.histogram(np.clip(np.abs(part), *edges[[0, -1]]), edges)[0].astype(float)
        for part in (values[values > 0], values[values < 0])
    ]
    return Spectrum(edges, *counts, int(np.sum(values == 0)))


# ---------------------------------------------------------------- words


SIGNS = {later("good"): "✓", later("not good"): "✗", later("cannot tell"): "?"}


def judged(report, tests):
    """Verdict and its reason: the doctor's, but no good one where a feature shown differs.

    Parameters
    ----------
    report : hepml.stats.ReweightingReport
    tests : dict of str to ShapeTest

    Returns
    -------
    tuple of two str
    """
    worst = min(tests, key=lambda name: tests[name].p_value)
    found, count = tests[worst], len(tests)
    reason = retold(report.reason)
    p = significant(found.p_value, 2)
    if count > 1:
        p += tr(", {p} after {n} features", p=significant(found.p_global, 2), n=count)
    if report.verdict != "good":
        return report.verdict, reason
    if found.p_global > DIFFERS:
        agrees = (
            tr("The histogram agrees with the target (least p {p}).", p=p)
            if count == 1
            else tr("Each of {n} histograms agrees with the target (least p {p}).", n=count, p=p)
        )
        return "good", f"{reason} {agrees}"
    return "not good", tr(
        "{name} differs from the target: χ² = {chi2} for {ndf} degrees of freedom, p = {p}. To a "
        "classifier and to regions within {tolerance} the samples are alike.",
        name=shorten(worst),
        chi2=fixed(found.chi2, 1),
        ndf=found.ndf,
        p=p,
        tolerance=percent(report.region_tolerance),
    )


def verdict_of(name, report, tests):
    """Name of a method, sign and verdict, and the reason.

    Parameters
    ----------
    name : str
    report : hepml.stats.ReweightingReport
    tests : dict of str to ShapeTest

    Returns
    -------
    tuple of three str
    """
    verdict, reason = judged(report, tests)
    return shorten(name), f"{SIGNS[verdict]} {tr(verdict)}", reason


def report_parts(report):
    """Choose what is read out of a report: label and value."""
    low, high = report.auc_band
    return [
        (
            tr("effective"),
            f"{significant(report.effective_size)} ({percent(report.effective_share)})",
        ),
        (tr("largest weight"), percent(report.largest_weight)),
        ("AUC", f"{significant(report.auc_before)} → {with_error(report.auc, report.auc_error)}"),
        (tr("chance"), tr("{low} to {high}", low=fixed(low, 3), high=fixed(high, 3))),
    ]
