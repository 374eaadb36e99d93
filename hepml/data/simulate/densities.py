"""Probability densities that are known exactly: each can be sampled and evaluated.

Every density has ``sample(n, rng)`` and ``log_prob(x)``, the natural logarithm of the normalised
density, minus infinity outside its range. Points are arrays whose last axis holds the ``d``
coordinates; the one-dimensional ones (`FallingSpectrum`, `TruncatedGaussian`) take and give
arrays without that axis. Parameters are numbers and tuples, so that a card can state them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri

__all__ = [
    "FallingSpectrum",
    "Gaussian",
    "LinearGaussian",
    "MassWithFeatures",
    "Mixture",
    "TruncatedGaussian",
    "TwoClasses",
]

LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)
QUADRATURE_POINTS = 200


@dataclass(frozen=True)
class Gaussian:
    """Normal density in d dimensions.

    Parameters
    ----------
    mean : tuple of float, length d
    covariance : tuple of d tuples of d floats
        Symmetric and positive definite.
    """

    mean: tuple
    covariance: tuple

    @cached_property
    def cholesky(self):
        """Lower triangular L with L L^T equal to the covariance."""
        return np.linalg.cholesky(np.array(self.covariance, dtype=float))

    def sample(self, n, rng):
        """Draw ``n`` points with the generator ``rng``, shape (n, d)."""
        return np.asarray(self.mean) + rng.standard_normal((n, len(self.mean))) @ self.cholesky.T

    def log_prob(self, x):
        """Log-density of points ``x``, shape (..., d), as an array of shape (...)."""
        return _log_normal(np.asarray(x, dtype=float) - self.mean, self.cholesky)


def _log_normal(residual, cholesky):
    whitened = residual @ np.linalg.inv(cholesky).T
    volume = np.log(np.diag(cholesky)).sum() + len(cholesky) * LOG_SQRT_2PI
    return -0.5 * np.square(whitened).sum(axis=-1) - volume


@dataclass(frozen=True)
class Mixture:
    """Sum of densities, each with its probability.

    Parameters
    ----------
    probabilities : tuple of float
        Of the parts, adding up to 1.
    parts : tuple
        Densities in the same number of dimensions.
    """

    probabilities: tuple
    parts: tuple

    def sample(self, n, rng):
        """Draw ``n`` points with the generator ``rng``, shape (n, d), parts in random order."""
        sizes = rng.multinomial(n, self.probabilities)
        drawn = [part.sample(k, rng) for part, k in zip(self.parts, sizes, strict=True)]
        return rng.permutation(np.concatenate(drawn))

    def log_prob(self, x):
        """Log-density of points ``x``, shape (..., d), as an array of shape (...)."""
        logs = np.stack([part.log_prob(x) for part in self.parts], axis=-1)
        return logsumexp(logs, b=np.asarray(self.probabilities), axis=-1)


@dataclass(frozen=True)
class FallingSpectrum:
    """Dijet masses: p(m) proportional to (1 - x)^a x^-b with x = m / energy, low <= m <= high.

    The function that searches for dijet resonances fit to their background (e.g. CDF,
    arXiv:0812.4036).

    Parameters
    ----------
    low, high : float
        Range in GeV, 0 < low < high < energy.
    energy : float
        Of the collisions, in GeV.
    a, b : float
        Exponents, a >= 0 and b > 1.
    """

    low: float
    high: float
    energy: float
    a: float
    b: float

    def _log_shape(self, x):
        return self.a * np.log1p(-x) - self.b * np.log(x)

    @cached_property
    def log_norm(self):
        """Log of the integral over m, by Gauss-Legendre quadrature in log(x): to 1e-13."""
        nodes, weights = np.polynomial.legendre.leggauss(QUADRATURE_POINTS)
        ends = np.log([self.low / self.energy, self.high / self.energy])
        log_x = ends.mean() + 0.5 * np.diff(ends) * nodes
        logs = self._log_shape(np.exp(log_x)) + log_x
        return logsumexp(logs, b=0.5 * np.diff(ends) * weights * self.energy)

    def sample(self, n, rng):
        """Draw ``n`` masses with the generator ``rng``, shape (n,), exactly: by rejection."""
        masses = np.empty(0)
        while len(masses) < n:
            masses = np.concatenate([masses, self._accepted(n, rng)])
        return masses[:n]

    def _accepted(self, n, rng):
        """Draw from x^-b by inversion; accept with the rest of the shape."""
        power = 1 - self.b
        first, last = (np.array([self.low, self.high]) / self.energy) ** power
        x = (first + (last - first) * rng.random(n)) ** (1 / power)
        x = np.clip(x, self.low / self.energy, self.high / self.energy)
        accepted = rng.random(n) < ((1 - x) / (1 - self.low / self.energy)) ** self.a
        return np.clip(self.energy * x[accepted], self.low, self.high)

    def log_prob(self, x):
        """Log-density per GeV at masses ``x`` in GeV, of any shape."""
        x = np.asarray(x, dtype=float)
        inside = (x >= self.low) & (x <= self.high)
        fraction = np.where(inside, x, self.low) / self.energy
        return np.where(inside, self._log_shape(fraction) - self.log_norm, -np.inf)


@dataclass(frozen=True)
class TruncatedGaussian:
    """Normal density on a range.

    Parameters
    ----------
    mean, width, low, high : float
        In one unit, for masses GeV.
    """

    mean: float
    width: float
    low: float
    high: float

    @property
    def _ends(self):
        return (self.low - self.mean) / self.width, (self.high - self.mean) / self.width

    def sample(self, n, rng):
        """Draw ``n`` values with the generator ``rng``, shape (n,), by inversion."""
        below, above = ndtr(self._ends)
        drawn = self.mean + self.width * ndtri(below + (above - below) * rng.random(n))
        return np.clip(drawn, self.low, self.high)

    def log_prob(self, x):
        """Log-density at ``x``, of any shape."""
        x = np.asarray(x, dtype=float)
        below, above = log_ndtr(self._ends)
        norm = above + np.log1p(-np.exp(below - above)) + np.log(self.width) + LOG_SQRT_2PI
        inside = (x >= self.low) & (x <= self.high)
        return np.where(inside, -0.5 * ((x - self.mean) / self.width) ** 2 - norm, -np.inf)


@dataclass(frozen=True)
class LinearGaussian:
    """Features given a mass: normal, with means that are linear in log(mass / reference).

    Parameters
    ----------
    reference : float
        Mass in GeV at which the mean is ``mean``.
    mean, slope : tuple of float, length d
    covariance : tuple of d tuples of d floats
    """

    reference: float
    mean: tuple
    slope: tuple
    covariance: tuple

    @cached_property
    def cholesky(self):
        """Lower triangular L with L L^T equal to the covariance."""
        return np.linalg.cholesky(np.array(self.covariance, dtype=float))

    def mean_at(self, mass):
        """Mean features at each ``mass`` of shape (...), as an array of shape (..., d)."""
        return self.mean + np.log(np.asarray(mass, float) / self.reference)[..., None] * self.slope

    def sample(self, mass, rng):
        """Draw features with the generator ``rng`` at each ``mass`` of shape (n,): shape (n, d)."""
        noise = rng.standard_normal((len(mass), len(self.mean)))
        return self.mean_at(mass) + noise @ self.cholesky.T

    def log_prob(self, x, mass):
        """Log-density of features ``x``, shape (..., d), given each ``mass``, shape (...)."""
        return _log_normal(np.asarray(x, dtype=float) - self.mean_at(mass), self.cholesky)


@dataclass(frozen=True)
class MassWithFeatures:
    """A mass and features that depend on it; points are (mass, features).

    Parameters
    ----------
    mass : FallingSpectrum or TruncatedGaussian
    features : LinearGaussian
    """

    mass: object
    features: LinearGaussian

    def sample(self, n, rng):
        """Draw ``n`` points with the generator ``rng``, shape (n, 1 + features)."""
        mass = self.mass.sample(n, rng)
        return np.column_stack([mass, self.features.sample(mass, rng)])

    def log_prob(self, x):
        """Log-density of points ``x``, shape (..., 1 + features), as an array of shape (...)."""
        mass, features = np.asarray(x)[..., 0], np.asarray(x)[..., 1:]
        known = self.mass.log_prob(mass)
        inside = np.where(np.isfinite(known), mass, self.features.reference)
        return known + self.features.log_prob(features, inside)


@dataclass(frozen=True)
class TwoClasses:
    """A classification problem whose best classifier is known.

    By Neyman and Pearson's lemma no function of x has a higher signal efficiency at any
    background efficiency than `log_ratio`.

    Parameters
    ----------
    signal, background : density
        In the same number of dimensions.
    """

    signal: object
    background: object

    def of(self, label):
        """Density of the class with this ``label``: 1 signal, 0 background."""
        return self.signal if label else self.background

    def log_ratio(self, x):
        """Natural log of p_signal(x) / p_background(x); ``x`` as the densities take it."""
        return self.signal.log_prob(x) - self.background.log_prob(x)
