"""Median discovery significance of weighted yields, and the error that finite samples give it.

Everything is written with ``phi(x) = (1 + x) ln(1 + x) - x``, so that nothing cancels for s << b.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import xlogy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["ams", "ams_error", "asimov", "significance", "significance_error"]

SMALL = 0.25  # below, the series; above, the closed forms lose less than two digits
SERIES = 1 / (2 * np.arange(10, -1, -1) + 3.0)  # 0.25: y^2 < 0.0205, next term < 1e-19


def significance(s: ArrayLike, b: ArrayLike, sigma_b: ArrayLike = 0) -> float | np.ndarray:
    r"""Median significance with which a counting experiment would discover a signal.

    For a known background this is the Asimov significance of Cowan, Cranmer, Gross and Vitells,
    arXiv:1007.1727, eq. 97,

    .. math:: Z = \sqrt{2\,[(s+b)\ln(1+s/b) - s]},

    and with a background known to ``sigma_b`` (from a control sample that expects
    :math:`b^2/\sigma_b^2` events) its extension by G. Cowan, "Discovery sensitivity for a
    counting experiment with background uncertainty" (2012). Also named `asimov`.

    Parameters
    ----------
    s, b : array_like
        Expected signal and background yields: sums of weights, not rates. They broadcast.
    sigma_b : array_like, default 0
        Standard deviation of ``b`` in events (absolute; 10 % is ``0.1 * b``).

    Returns
    -------
    float or ndarray
        Z in standard deviations. Zero for ``s <= 0`` (the test statistic q0 is zero for a
        deficit), infinite for ``s > 0`` over ``b = 0`` known exactly, zero over ``b = 0``
        known to ``sigma_b > 0`` (an empty control sample says nothing), NaN for ``b < 0``,
        which no Poisson mean can be.

    Notes
    -----
    Computed as the equivalent sum of two positive deviances, each from a series for small
    arguments: the relative error stays near 1e-15 also where ``s / b`` is 1e-12.
    """
    return as_given(_z(counting(s, b, sigma_b)))


asimov = significance


def ams(s: ArrayLike, b: ArrayLike, b_r: float = 10) -> float | np.ndarray:
    r"""Approximate median significance of the HiggsML challenge.

    .. math:: \mathrm{AMS} = \sqrt{2\,[(s+b+b_r)\ln(1+s/(b+b_r)) - s]}

    (C. Adam-Bourdarios et al., PMLR 42 (2015) 19), the `significance` over ``b + b_r``.

    Parameters
    ----------
    s, b : array_like
        Expected signal and background yields: sums of weights, not rates. They broadcast.
    b_r : float, default 10
        Regularisation in events, against lucky cuts that leave next to no background.

    Returns
    -------
    float or ndarray
        Zero for ``s <= 0``, NaN for ``b + b_r < 0``; a negative ``b`` above ``-b_r`` is defined.
    """
    return significance(s, np.add(b, b_r))


def significance_error(
    s: ArrayLike,
    b: ArrayLike,
    s_err: ArrayLike,
    b_err: ArrayLike,
    sigma_b: ArrayLike = 0,
    *,
    relative: bool = False,
) -> float | np.ndarray:
    r"""Propagate the errors that finite samples give ``s`` and ``b`` to `significance`.

    First-order propagation with the analytic derivatives,
    :math:`\delta Z^2 = (\partial_s Z\,\delta s)^2 + (\partial_b Z\,\delta b)^2`.

    Parameters
    ----------
    s, b : array_like
        Yields as in `significance`.
    s_err, b_err : array_like
        Their standard errors, for weighted events the square root of the sum of squared weights.
    sigma_b : array_like, default 0
        As in `significance`, absolute and held fixed.
    relative : bool, default False
        Hold ``sigma_b / b`` fixed instead: an uncertainty that is a share of ``b`` moves with it,
        as in `significance_scan`.

    Returns
    -------
    float or ndarray
        For ``s <= 0``, where Z is zero, the slope for a small signal is used; NaN for ``b <= 0``.
    """
    return as_given(_error(counting(s, b, sigma_b), s_err, b_err, relative=relative))


def ams_error(
    s: ArrayLike, b: ArrayLike, s_err: ArrayLike, b_err: ArrayLike, b_r: float = 10
) -> float | np.ndarray:
    """Propagate the errors that finite samples give ``s`` and ``b`` to `ams`.

    Parameters
    ----------
    s, b, s_err, b_err : array_like
        As in `significance_error`.
    b_r : float, default 10
        As in `ams`.

    Returns
    -------
    float or ndarray
        First-order error; NaN for ``b + b_r <= 0``.
    """
    return significance_error(s, np.add(b, b_r), s_err, b_err)


class Counting(NamedTuple):
    """A signal region and the control region that measures its background.

    ``r`` is sigma_b^2 / b, the inverse of the control region's scale factor tau, and ``mu`` the
    background that fits both regions best when there is no signal.
    """

    s: np.ndarray
    b: np.ndarray
    r: np.ndarray
    mu: np.ndarray


def counting(s, b, sigma_b=0):
    s, b, sigma_b = (np.asarray(value, dtype=float) for value in (s, b, sigma_b))
    if (sigma_b < 0).any():
        raise ValueError("sigma_b is a standard deviation: it must not be negative.")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        r = np.where(sigma_b == 0, 0.0, sigma_b**2 / b)
        return Counting(s, b, r, b + s * (r / (1 + r)))


def _z(c):
    s, b, r, mu = c
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inside = mu * phi(s / (1 + r) / mu)
        control = np.where(r == 0, 0.0, mu / r * phi(-s * (r / (1 + r)) / mu))
        z = np.sqrt(2 * (inside + control))
    z = np.where(b == 0, np.where(r == 0, np.inf, 0.0), z)
    z = np.where(s <= 0, 0.0, z)
    return np.where((b < 0) | np.isnan(s + b + r), np.nan, z)


def _error(c, s_err, b_err, *, relative=False):
    dz_ds, dz_db = slopes(c, relative=relative)
    with np.errstate(invalid="ignore"):
        error = np.hypot(dz_ds * np.asarray(s_err), dz_db * np.asarray(b_err))
    return np.where(c.b > 0, error, np.nan)


def slopes(c, *, relative=False):
    """dZ/ds and dZ/db with sigma_b held fixed, or with sigma_b / b held fixed if `relative`.

    The best ``mu`` makes Z^2 / 2 stationary, so only its explicit dependence on s and b counts.
    """
    s, b, r, mu = c
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inside, control = s / (1 + r) / mu, -s * (r / (1 + r)) / mu
        pull = s**2 * r / ((1 + r) ** 2 * b * mu)
        if relative:
            half_db = log1pmx(inside) - pull
        else:
            half_db = log1pmx(inside) + np.where(r == 0, 0.0, 2 / r * log1pmx(control)) + pull
        z, small = _z(c), 1 / np.sqrt(b * (1 + r))
        rising = z > 0
        return np.where(rising, np.log1p(inside) / z, small), np.where(rising, half_db / z, 0.0)


def phi(x):
    """(1 + x) ln(1 + x) - x, which is 1 at x = -1 and NaN below."""
    small = np.abs(x) < SMALL
    near = np.where(small, x, 0.0)
    return np.where(small, near**2 + (1 + near) * log1pmx_series(near), xlogy(1 + x, 1 + x) - x)


def log1pmx(x):
    """ln(1 + x) - x for x > -1."""
    small = np.abs(x) < SMALL
    return np.where(small, log1pmx_series(np.where(small, x, 0.0)), np.log1p(x) - x)


def log1pmx_series(x):
    """With y = x / (2 + x): ln(1 + x) - x = 2 y^3 (1/3 + y^2/5 + y^4/7 + ...) - x y."""
    y = x / (2 + x)
    return 2 * y**3 * np.polyval(SERIES, y**2) - x * y


def as_given(value):
    """Return a float for scalars, an array otherwise."""
    return value.item() if value.ndim == 0 else value
