"""Scores of toy models at several masses, for tests of ParameterScan."""

import numpy as np

from hepml_widgets import ParameterScan

MASSES = (500, 750, 1000, 1250, 1500)
TRAINED = (500, 750, 1250)
NOISE = {"parameterised": 0.1, "dedicated": 0.05, "one for all": 0.7}


def samples(rng, masses=MASSES, n=600, models=tuple(NOISE), weights=None):
    """One sample per mass; the classes move apart as the mass rises."""
    found = {}
    for mass in masses:
        y = np.repeat([1, 0], [n, 2 * n])
        apart = 0.6 + mass / 1000
        x = rng.normal(size=3 * n) + apart * y
        noise = {m: NOISE.get(m, 0.3) * rng.normal(size=3 * n) for m in models}
        scores = {m: 1 / (1 + np.exp(-apart * (x + e - apart / 2))) for m, e in noise.items()}
        w = rng.gamma(2, 0.5, 3 * n) if weights is None else rng.choice(weights, 3 * n)
        found[mass] = y, scores, w
    return found


def toy(rng, **options):
    """Make a scan of three models in five masses, one of them held out, one beyond."""
    return ParameterScan(
        samples(rng), trained=TRAINED, dedicated="dedicated", name="m_X", unit="GeV", **options
    )
