"""Cuts and bin edges given by a user, checked, with sentences that name the fault."""

import numpy as np

from hepml.stats.events import check_finite


def as_thresholds(thresholds):
    """Finite or infinite cuts, sorted from tight to loose, repeated ones once."""
    cuts = np.unique(np.atleast_1d(as_numbers("thresholds", thresholds)))[::-1]
    if np.isnan(cuts).any():
        raise ValueError("thresholds must not be NaN.")
    return cuts


def as_numbers(name, values):
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be numbers, but has dtype {array.dtype}.")
    return array.astype(float)


def as_edges(edges):
    """At least two finite, strictly rising bin edges."""
    edges = as_numbers("edges", edges)
    if edges.ndim != 1 or edges.size < 2 or not (np.diff(edges) > 0).all():
        raise ValueError("edges must be a 1-D array of at least two strictly rising numbers.")
    check_finite("edges", edges)
    return edges
