"""Samples whose truth is known, for every test of the statistics."""

import numpy as np
import pytest
from hypothesis import settings
from scipy.special import expit

settings.register_profile("no clock", deadline=None)  # the machine may be busy
settings.load_profile("no clock")


def gaussian(n, rng, separation=1.0, width=1.2):
    """Labels, log-odds and weights; the log-odds of both classes are Gaussian."""
    y = rng.integers(0, 2, n)
    return y, rng.normal((2 * y - 1) * separation, width), rng.exponential(1.0, n)


SHAPES = {
    "calibrated": expit,
    "saturated": lambda x: expit(20 * x),
    "saturated float32": lambda x: expit((20 * x).astype(np.float32)),
    "float32": lambda x: expit(x).astype(np.float32),
    "margins": lambda x: x,
    "masses": lambda x: 80 + 5 * x,
    "all negative": lambda x: -np.exp(-x),
    "integers": lambda x: np.round(10 * x).astype(np.int32),
    "two decimals": lambda x: np.round(expit(x), 2),
    "crowded": lambda x: 0.5 + 1e-4 * np.tanh(x),
    "crowded around -7": lambda x: -7 + 1e-3 * np.tanh(x),
    "mostly one value": lambda x: np.where(np.abs(x) < 1, 0.5, expit(x)),
    "hugely spread": lambda x: np.sign(x) * np.exp(np.minimum(np.abs(x) * 90, 700)),
    "tiny and zero": lambda x: np.where(x > 1, np.exp(-np.abs(x) * 100), 0.0),
}


@pytest.fixture(params=SHAPES)
def shaped(request, rng):
    """Draw 120 000 weighted events with scores of one of many shapes."""
    y, x, weights = gaussian(120_000, rng, separation=1.6)
    return y, SHAPES[request.param](x), weights
