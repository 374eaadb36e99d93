"""Toy samples with a few strange events, with a shift, or with both, for AnomalyMonitor's tests."""

import numpy as np

from hepml_widgets import AnomalyMonitor

FEATURES = ("pt", "eta", "phi", "met")
DAYS = tuple(f"day {k}" for k in range(1, 9))


def scores_of(x):
    return np.sqrt(np.square(x).sum(axis=1))


def events(rng, n, *, strange=0, shift=0.0):
    """Draw normal features, the first of them shifted; some events with the last one far out."""
    x = rng.normal(size=(n, len(FEATURES)))
    x[:, 0] += shift
    x[:strange, -1] += 7
    return x


def columns(x):
    return dict(zip(FEATURES, x.T, strict=True))


def populations(rng, shift=0.0, days=DAYS):
    """AUC of each day with its error, a shared null, and p-values of all features of all days."""
    areas = {day: (0.5 + 0.005 * rng.normal(), 0.005) for day in days}
    ks = {day: dict(zip(FEATURES, rng.uniform(0.01, 1, 4), strict=True)) for day in days}
    if shift:
        areas[days[-1]] = (0.5 + shift, 0.005)
        ks[days[-1]]["pt"] = 1e-6
    null = 0.5 + 0.005 * rng.normal(size=999)
    return {"populations": areas, "null": null, "ks": ks}


def toy(rng, *, strange=30, shift=0.04, n=2000, **options):
    """Make a monitor of both points and population; ``shift`` moves the last day alone."""
    reference, today = events(rng, 3 * n), events(rng, n, strange=strange, shift=10 * shift)
    given = {
        "reference_features": columns(reference), "features": columns(today),
        **populations(rng, shift),
    }  # fmt: skip
    return AnomalyMonitor(scores_of(reference), scores_of(today), **(given | options))
