"""Bumps on a smoothly falling spectrum: sideband fit, local and global significance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from hepml.stats._cuts import freeze
from hepml.stats._significance import counting, phi
from hepml.stats._units import weight_per_count
from hepml.stats._validate import as_edges, as_numbers
from hepml.stats.events import check_finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

__all__ = [
    "SATURATED",
    "BumpHunt",
    "BumpScan",
    "GlobalSignificance",
    "bump_hunt",
    "bump_scan",
    "pseudo_experiments",
    "trials_factor",
]

STEPS = 30  # of Newton, always: it converges in five to ten
LONGEST = 1.0  # change of a logarithm that a step may make
PRIOR = 1e-6  # events: what keeps directions finite that no event has a say in
TOYS_AT_A_TIME = 2000
SATURATED = 0.5
"""Global p-value above which its ratio to the local one says nothing."""


@dataclass(frozen=True, eq=False, repr=False)
class BumpHunt:
    """A spectrum, the background predicted from its sidebands, and the excess over it.

    Attributes
    ----------
    edges, counts : ndarray, shapes (n + 1,) and (n,)
        The spectrum as it was given.
    signal_region : tuple of float
    in_region, in_sidebands : ndarray of bool, shape (n,)
    expected, expected_error : ndarray, shape (n,)
        Fitted background of each bin, and its standard error from the fit.
    parameters : ndarray
        Coefficients (ln p0, p1, p2, …) of the fitted function.
    observed, background, background_error : float
        Events in the signal region: seen, predicted, and the error of the prediction.
    p_value : float
        Local: chance that background alone makes an excess as large.
    significance : float
        The same in standard deviations, negative for a deficit.
    chi2, ndf, fit_p_value : float, int, float
        Poisson deviance of the sidebands, degrees of freedom, and the chance of one as large.
    """

    edges: np.ndarray
    counts: np.ndarray
    signal_region: tuple
    in_region: np.ndarray
    in_sidebands: np.ndarray
    expected: np.ndarray
    expected_error: np.ndarray
    parameters: np.ndarray
    observed: float
    background: float
    background_error: float
    p_value: float
    significance: float
    chi2: float
    ndf: int
    fit_p_value: float

    def __post_init__(self):
        for value in vars(self).values():
            freeze(value)

    def __repr__(self):
        low, high = self.signal_region
        return (
            f"BumpHunt({self.observed:.5g} events in [{low:g}, {high:g}], "
            f"{self.background:.5g} ± {self.background_error:.2g} expected: "
            f"{self.significance:+.2f} σ, fit χ²/ndf = {self.chi2:.3g}/{self.ndf})"
        )


@dataclass(frozen=True, eq=False, repr=False)
class BumpScan:
    """Excesses for several thresholds (rows) and windows (columns).

    Attributes
    ----------
    windows : tuple of tuple of float
    observed, background, background_error, p_value, significance : ndarray, (thresholds, windows)
        As in `BumpHunt`.
    """

    windows: tuple
    observed: np.ndarray
    background: np.ndarray
    background_error: np.ndarray
    p_value: np.ndarray
    significance: np.ndarray

    def __post_init__(self):
        for value in vars(self).values():
            freeze(value)

    def __repr__(self):
        row, column = self.best
        low, high = self.windows[column]
        return (
            f"BumpScan({' × '.join(map(str, self.significance.shape))} thresholds × windows, "
            f"largest {self.significance[row, column]:+.2f} σ in [{low:g}, {high:g}] "
            f"at threshold {row})"
        )

    @property
    def best(self) -> tuple[int, int]:
        """Row and column of the largest significance."""
        return tuple(
            map(int, np.unravel_index(self.significance.argmax(), self.significance.shape))
        )


@dataclass(frozen=True, eq=False, repr=False)
class GlobalSignificance:
    """How often background alone makes, anywhere, an excess as large as the largest one seen.

    Attributes
    ----------
    scan : BumpScan
        Of the spectra that were given.
    largest : ndarray, shape (experiments,)
        Largest significance of each pseudo-experiment.
    local_p_value, local_significance : float
        Of the largest excess seen.
    p_value, p_value_error : float
        Share of the experiments with an excess as large, the one seen among them, and its
        standard error.
    significance : float
        ``p_value`` in standard deviations.
    trials_factor : float
        Global over local p-value. NaN where the ratio says nothing: the global one is above 1/2
        and saturates at 1, or is a limit, as no experiment has an excess as large.
    """

    scan: BumpScan
    largest: np.ndarray
    local_p_value: float
    local_significance: float
    p_value: float
    p_value_error: float
    significance: float
    trials_factor: float

    def __post_init__(self):
        freeze(self.largest)

    def __repr__(self):
        return (
            f"GlobalSignificance(local {self.local_significance:+.2f} σ, global "
            f"{self.significance:+.2f} σ: p = {self.p_value:.2g} ± {self.p_value_error:.1g}, "
            f"trials factor {self.trials_factor:.3g})".replace("nan", "not known")
        )


class Spectra(NamedTuple):
    """Rows of counts and of squared weights (m, n), edges (n + 1,), and the energy.

    ``unit`` (m, n) is the weight of one count.
    """

    counts: np.ndarray
    squares: np.ndarray
    edges: np.ndarray
    unit: np.ndarray
    sqrt_s: float

    @classmethod
    def of(cls, counts, squares, edges, sqrt_s):
        return cls(counts, squares, edges, weight_per_count(counts, squares), sqrt_s)


class Fit(NamedTuple):
    """Basis (n, k), coefficients (m, k) and their covariance (m, k, k), events per bin (m, n)."""

    basis: np.ndarray
    coefficients: np.ndarray
    covariance: np.ndarray
    expected: np.ndarray


def bump_hunt(
    counts: ArrayLike,
    edges: ArrayLike,
    signal_region: tuple[float, float],
    sidebands: Sequence[tuple[float, float]] | None = None,
    *,
    sumw2: ArrayLike | None = None,
    parameters: int = 4,
    sqrt_s: float = 13000.0,
) -> BumpHunt:
    r"""Fit the sidebands of a falling spectrum and look for an excess in the signal region.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Events per bin, e.g. ``np.histogram(mjj, edges)[0]``.
    edges : array_like, shape (n + 1,)
        Bin edges in GeV, below ``sqrt_s``.
    signal_region : pair of float
        Both are bin edges.
    sidebands : sequence of pairs of float, optional
        Ranges to fit, between bin edges too; by default all that is not the signal region.
    sumw2 : array_like, shape (n,), optional
        Sums of squared weights, if ``counts`` are sums of weights.
    parameters : {3, 4, 5}, default 4
        p0, p1, p2 and, from 4 on, p3, p4.
    sqrt_s : float, default 13000
        Energy of the collisions in GeV.

    Returns
    -------
    BumpHunt

    Raises
    ------
    ValueError, TypeError
        For regions that do not lie on bin edges or that overlap, negative counts, or sidebands
        with fewer bins with events than parameters, plus one.

    Notes
    -----
    The function of dijet searches, with x = m / √s,

    .. math:: dN/dm = p_0 (1-x)^{p_1} x^{p_2 + p_3 \ln x + p_4 \ln^2 x}

    (CDF, arXiv:0812.4036, with three parameters; with four in J. Collins, K. Howe and B. Nachman,
    arXiv:1805.02664; the sign of the exponent is a convention), is linear in its logarithm.
    With :math:`\phi = (1, \ln(1-x), \ln x, \ln^2 x, \ln^3 x)` at the bin centres and the bin width
    Δ the expectation is :math:`\mu = \Delta \exp(\phi \cdot \theta)`, and the Poisson likelihood
    has one maximum. Found as follows, in few lines of any language:

    1. Orthonormal columns: take the columns of φ one after the other, twice subtract
       the projections on those before, over the sideband bins, and scale to a mean square of one.
    2. Begin with the constant that gives the number of events.
    3. Thirty times: gradient :math:`g = \phi^T (n - \mu) - \epsilon \theta` and Hessian
       :math:`H = \phi^T \mu \phi + \epsilon` over the sideband bins, step :math:`d = H^{-1} g`,
       divided by :math:`\max |\phi d|` if that is above 1.

    (:math:`\epsilon = 10^{-6}`, without the constant's, only matters where no event does.)

    The background of the region is :math:`b = \sum \mu`, its variance
    :math:`\sigma_b^2 = v^T H^{-1} v` with :math:`v = \sum \mu \phi`. The significance is
    that of n events over a background from a control region that expects
    :math:`b^2 / \sigma_b^2` events (profile likelihood; G. Cowan 2012, as in `significance`):

    .. math:: Z^2 = 2 \left[ n \ln \frac{n (b + \sigma_b^2)}{b^2 + n \sigma_b^2}
              - \frac{b^2}{\sigma_b^2} \ln \frac{b^2 + n \sigma_b^2}{b (b + \sigma_b^2)} \right]

    with the sign of n - b, and :math:`p = 1 - \Phi(Z)`.
    Of 3000 spectra without a signal, 40 bins and 100 events in all (11 of them in the region),
    3.2 % have p < 5 % with four parameters and 4.5 % with three; with 500 events 5.0 % and 4.8 %.

    Weighted events are scaled Poisson counts (G. Bohm and G. Zech, arXiv:1309.1287): each bin is
    divided by :math:`\sum w^2 / \sum w`, and the region by its own. A bin's own sums would not do:
    a heavy event raises both, so full bins counted less than empty ones and the background came
    out too low. The sums are those of the bin and of as many neighbours on either side as hold
    100 effective events, or of all bins. Of 4000 spectra of 500 events with exponential weights
    3.9 % have p < 5 % and 0.5 % p < 1 % (with a bin's own sums it was 21 % and 9 %); with 5000
    events 4.9 % and 1.1 %.
    """
    spectra = as_spectra(counts, edges, sumw2, sqrt_s)
    if len(spectra.counts) != 1 or np.ndim(counts) != 1:
        raise ValueError("counts must be one row: for several there is bump_scan.")
    region, side = masks(spectra, signal_region, sidebands, parameters)
    fit = fitted(spectra, side, parameters)
    found = excess(spectra, fit, region)
    chi2, ndf = float(deviance(spectra, fit, side)[0]), int(side.sum()) - parameters
    return BumpHunt(
        spectra.edges,
        spectra.counts[0],
        tuple(map(float, signal_region)),
        region,
        side,
        fit.expected[0],
        fit.expected[0] * root_of_form(fit.basis, fit.covariance)[0],
        natural(spectra, fit),
        *(float(value[0]) for value in found),
        chi2,
        ndf,
        float(chdtrc(ndf, chi2)),
    )


def bump_scan(
    counts: ArrayLike,
    edges: ArrayLike,
    windows: Sequence[tuple[float, float]],
    sidebands: Sequence[tuple[float, float]] | None = None,
    *,
    sumw2: ArrayLike | None = None,
    parameters: int = 4,
    sqrt_s: float = 13000.0,
) -> BumpScan:
    """Repeat `bump_hunt` for every threshold and every window.

    Parameters
    ----------
    counts : array_like, shape (n,) or (thresholds, n)
        Events per bin, one row for each threshold on a score.
    edges, sidebands, sumw2, parameters, sqrt_s
        As in `bump_hunt`; ``sumw2`` has the shape of ``counts``.
    windows : sequence of pairs of float
        Signal regions, one after the other.

    Returns
    -------
    BumpScan
    """
    spectra = as_spectra(counts, edges, sumw2, sqrt_s)
    return scanned(spectra, as_windows(windows), sidebands, parameters)


def pseudo_experiments(
    counts: ArrayLike,
    edges: ArrayLike,
    windows: Sequence[tuple[float, float]],
    sidebands: Sequence[tuple[float, float]] | None = None,
    *,
    sumw2: ArrayLike | None = None,
    parameters: int = 4,
    sqrt_s: float = 13000.0,
    experiments: int = 1000,
    rng: int | np.random.Generator = 0,
) -> GlobalSignificance:
    """Draw spectra without a signal, scan each, and compare the largest excess with the one seen.

    Parameters
    ----------
    counts : array_like, shape (n,) or (thresholds, n)
        Events per bin; rows from the tightest threshold to the loosest, so that an event of one
        row is in all that follow.
    edges, windows, sidebands, sumw2, parameters, sqrt_s
        As in `bump_scan`.
    experiments : int, default 1000
        How many to draw.
    rng : int or numpy.random.Generator, default 0
        Where they are drawn from.

    Returns
    -------
    GlobalSignificance

    Raises
    ------
    ValueError, TypeError
        As in `bump_hunt`; and for rows whose counts fall from one threshold to the next.

    Notes
    -----
    The function is fitted to each row over all bins. What a row adds to the one before is drawn on
    its own, from the difference of their fits: each row follows its fit, and neighbouring
    thresholds share events in a pseudo-experiment as they do in the data. (Where fits cross, the
    difference is taken to be zero.)
    The trials factor is that of E. Gross and O. Vitells, arXiv:1005.1891, here from counting. With
    N experiments no p-value below 1 / (N + 1) is seen.
    """
    if experiments < 1:
        raise ValueError(f"experiments: at least 1 is wanted, not {experiments}.")
    spectra, windows = as_spectra(counts, edges, sumw2, sqrt_s), as_windows(windows)
    scan = scanned(spectra, windows, sidebands, parameters)
    rng, parts = np.random.default_rng(rng), slices(spectra)
    expected, rows = null_of(spectra, parameters), len(spectra.counts)
    largest = np.concatenate(
        [
            largest_of(drawn(parts, expected, size, rng), windows, sidebands, parameters, rows)
            for size in batches(experiments, rows)
        ]
    )
    return compared(scan, largest)


def as_spectra(counts, edges, sumw2, sqrt_s):
    edges = as_edges(edges)
    if not (edges[0] >= 0 and edges[-1] < sqrt_s):
        raise ValueError(f"edges must lie between 0 and sqrt_s = {sqrt_s:g} GeV.")
    counts = as_rows("counts", counts, edges)
    sumw2 = counts if sumw2 is None else as_rows("sumw2", sumw2, edges)
    if sumw2.shape != counts.shape:
        raise ValueError(f"sumw2 has shape {sumw2.shape}, but counts {counts.shape}.")
    if not (counts.sum(axis=1) > 0).all():
        raise ValueError("A spectrum without events has no background to fit.")
    return Spectra.of(counts, sumw2, edges, float(sqrt_s))


def as_rows(name, values, edges):
    rows = np.atleast_2d(as_numbers(name, values))
    if rows.ndim != 2 or rows.shape[1] != len(edges) - 1:
        raise ValueError(
            f"{name} has shape {np.shape(values)}, but there are {len(edges) - 1} bins."
        )
    check_finite(name, rows.ravel())
    if (rows < 0).any():
        raise ValueError(
            f"{name} is negative in bin {np.argmax((rows < 0).any(axis=0))}: a Poisson mean is "
            "not; use wider bins, or fewer negative weights."
        )
    return rows


def as_windows(windows):
    windows = tuple(tuple(map(float, window)) for window in windows)
    if not windows:
        raise ValueError("windows is empty: at least one signal region is wanted.")
    return windows


def masks(spectra, signal_region, sidebands, parameters, *, check=True):
    """Bins of the signal region and of the sidebands; raise if a fit of them makes no sense."""
    if parameters not in {3, 4, 5}:
        raise ValueError(f"parameters is 3, 4 or 5, not {parameters}.")
    region = bins_of("signal_region", signal_region, spectra.edges)
    side = ~region
    if sidebands is not None:
        bands = [bins_of("a sideband", band, spectra.edges) for band in sidebands]
        side = np.any(bands, axis=0)
    if (region & side).any():
        raise ValueError("The sidebands overlap with the signal region.")
    filled = np.count_nonzero(spectra.counts[:, side], axis=1).min()
    if check and filled <= parameters:
        raise ValueError(
            f"The sidebands have {filled} bins with events: for {parameters} parameters at least "
            f"{parameters + 1} are wanted."
        )
    return region, side


def bins_of(name, limits, edges):
    if np.shape(limits) != (2,) or not limits[0] < limits[1]:
        raise ValueError(f"{name} is a pair (low, high), not {limits!r}.")
    nearest = [edges[np.abs(edges - limit).argmin()] for limit in limits]
    if not np.allclose(nearest, limits, rtol=1e-9):
        raise ValueError(
            f"{name} {tuple(limits)} must lie on bin edges, the nearest are "
            f"({nearest[0]:g}, {nearest[1]:g})."
        )
    return (edges[:-1] >= nearest[0]) & (edges[1:] <= nearest[1])


def powers(edges, sqrt_s, parameters):
    """Columns 1, ln(1 - x), ln x, ln² x, … at the bin centres."""
    x = (edges[1:] + edges[:-1]) / 2 / sqrt_s
    log = np.log(x)
    return np.column_stack(
        [np.ones_like(x), np.log1p(-x), *(log**k for k in range(1, parameters - 1))]
    )


def orthonormal(columns, side):
    """Make columns orthonormal over the sideband bins, one after the other."""
    basis = columns.copy()
    for k in range(basis.shape[1]):
        for previous in [*range(k)] * 2:  # twice: the columns are nearly parallel
            basis[:, k] -= basis[:, previous] * np.mean(basis[side, previous] * basis[side, k])
        basis[:, k] /= np.sqrt(np.mean(basis[side, k] ** 2))
    return basis


def fitted(spectra, side, parameters):
    """Fit all rows at once; see `bump_hunt` for how."""
    basis = orthonormal(powers(spectra.edges, spectra.sqrt_s, parameters), side)
    scale = np.diff(spectra.edges) / spectra.unit
    n, inner, scale_side = (spectra.counts / spectra.unit)[:, side], basis[side], scale[:, side]
    prior = PRIOR * (np.arange(parameters) > 0)
    theta = np.zeros((len(n), parameters))
    theta[:, 0] = np.log(np.maximum(n.sum(axis=1), PRIOR) / scale_side.sum(axis=1))
    for _ in range(STEPS):
        mu = scale_side * np.exp(theta @ inner.T)
        gradient = (n - mu) @ inner - prior * theta
        step = np.linalg.solve(hessian(mu, inner, prior), gradient[..., None])[..., 0]
        theta += step / np.maximum(1, np.abs(step @ inner.T).max(axis=1) / LONGEST)[:, None]
    mu = scale_side * np.exp(theta @ inner.T)
    covariance = np.linalg.inv(hessian(mu, inner, prior))
    return Fit(basis, theta, covariance, np.diff(spectra.edges) * np.exp(theta @ basis.T))


def hessian(mu, basis, prior):
    products = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), -1)
    return (mu @ products).reshape(len(mu), len(prior), len(prior)) + np.diag(prior)


def root_of_form(vectors, matrices):
    """√(vᵀ M v) for each matrix (m, k, k) and vector (n, k), shape (m, n)."""
    return np.sqrt(np.einsum("nk,mkl,nl->mn", vectors, matrices, vectors))


def excess(spectra, fit, region):
    """Observed, background, its error, p-value and significance of a region, each (m,)."""
    observed, b = spectra.counts[:, region].sum(axis=1), fit.expected[:, region].sum(axis=1)
    slope = fit.expected[:, region] @ fit.basis[region]
    error = np.sqrt(np.einsum("mk,mkl,ml->m", slope, fit.covariance, slope))
    unit = unit_inside(spectra, region)
    z = signed_z(*(value / unit for value in (observed, b, error)))
    return observed, b, error, ndtr(-z), z


def unit_inside(spectra, region):
    """Weight of one count in a region (m,), of the whole row where the region is empty."""
    both = spectra.counts, spectra.squares
    sums = [np.where(region, rows, 0.0).sum(axis=1) for rows in both]
    whole = [rows.sum(axis=1) for rows in both]
    counts, squares = (np.where(sums[0] > 0, *pair) for pair in zip(sums, whole, strict=True))
    return np.divide(squares, counts, out=np.ones(len(counts)), where=squares > 0)


def signed_z(observed, background, error):
    """`significance` for an excess, and the same with a minus sign for a deficit."""
    s, _, r, mu = counting(observed - background, background, error)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = mu * phi(np.maximum(s / (1 + r) / mu, -1))  # -1 for no events, but for rounding
        control = np.where(r == 0, 0.0, mu / r * phi(-s * (r / (1 + r)) / mu))
        return np.nan_to_num(np.sign(s) * np.sqrt(2 * (inside + control)))


def deviance(spectra, fit, side):
    expected = (fit.expected / spectra.unit)[:, side]
    return 2 * np.sum(
        expected * phi((spectra.counts / spectra.unit)[:, side] / expected - 1), axis=1
    )


def natural(spectra, fit):
    """Coefficients of the plain columns that give the fitted spectrum."""
    columns = powers(spectra.edges, spectra.sqrt_s, fit.basis.shape[1])
    return np.linalg.lstsq(columns, fit.basis @ fit.coefficients[0], rcond=None)[0]


def scanned(spectra, windows, sidebands, parameters, *, check=True):
    columns = []
    for window in windows:
        region, side = masks(spectra, window, sidebands, parameters, check=check)
        columns.append(excess(spectra, fitted(spectra, side, parameters), region))
    return BumpScan(windows, *map(np.column_stack, zip(*columns, strict=True)))


def slices(spectra):
    """Return what each row adds to the one before."""
    zero = np.zeros((1, spectra.counts.shape[1]))
    counts = np.diff(spectra.counts, axis=0, prepend=zero)
    squares = np.diff(spectra.squares, axis=0, prepend=zero)
    if (counts < -1e-9 * spectra.counts.max()).any():
        raise ValueError(
            "The counts of a row are below those of the row before: rows go from the tightest "
            "threshold to the loosest, and each holds the events of the rows before."
        )
    parts = (np.maximum(rows, 0) for rows in (counts, squares))
    return Spectra.of(*parts, spectra.edges, spectra.sqrt_s)


def null_of(spectra, parameters):
    """Fit each row over all bins: what it adds to the one before if there is no signal."""
    everything = np.ones(spectra.counts.shape[1], dtype=bool)
    expected = fitted(spectra, everything, parameters).expected
    return np.maximum(np.diff(expected, axis=0, prepend=0), 0)


def batches(experiments, rows):
    size = max(1, TOYS_AT_A_TIME // rows)
    return [min(size, experiments - start) for start in range(0, experiments, size)]


def drawn(parts, expected, size, rng):
    """Draw so many experiments; their rows follow one another, those of an experiment together."""
    unit = parts.unit
    numbers = rng.poisson(expected / unit, (size, *expected.shape))
    shape = (size * len(expected), expected.shape[1])
    rows = (np.cumsum(numbers * power, axis=1).reshape(shape) for power in (unit, unit**2))
    return Spectra.of(*rows, parts.edges, parts.sqrt_s)


def largest_of(spectra, windows, sidebands, parameters, rows):
    z = scanned(spectra, windows, sidebands, parameters, check=False).significance
    return z.reshape(-1, rows * len(windows)).max(axis=1)


def compared(scan, largest):
    row, column = scan.best
    seen, local = scan.significance[row, column], scan.p_value[row, column]
    as_large = np.count_nonzero(largest >= seen)
    p = (1 + as_large) / (1 + len(largest))
    return GlobalSignificance(
        scan,
        largest,
        float(local),
        float(seen),
        float(p),
        float(np.sqrt(p * (1 - p) / len(largest))),
        float(-ndtri(p)),
        trials_factor(float(p), float(local)) if as_large else np.nan,
    )


def trials_factor(global_p: float, local_p: float) -> float:
    """Divide a global p-value by the local one.

    Parameters
    ----------
    global_p, local_p : float

    Returns
    -------
    float
        NaN where the ratio says nothing: the global p-value is above `SATURATED`, or the local
        one is zero.

    Notes
    -----
    The trials factor is that of E. Gross and O. Vitells, arXiv:1005.1891.
    """
    return global_p / local_p if global_p <= SATURATED and local_p > 0 else np.nan
