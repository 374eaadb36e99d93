"""The one place where events given by a user are checked, with sentences that name the fault."""

from typing import NamedTuple

import numpy as np


class Events(NamedTuple):
    """Labels, scores and weights (or None for unit weights) as equally long 1-D arrays."""

    y: np.ndarray
    score: np.ndarray
    weights: np.ndarray | None


def as_events(y, score, weights=None):
    """Arrays of numbers of one length; values are looked at by `check_values`, or while binning."""
    check_order({"y": y, "score": score, "weights": weights})
    arrays = {"y": as_vector("y", y), "score": as_vector("score", score)}
    if weights is not None:
        arrays["weights"] = as_vector("weights", weights)
    check_lengths(arrays)
    return Events(arrays["y"], arrays["score"], arrays.get("weights"))


def as_vector(name, values):
    """One-dimensional array of booleans, integers or floats, or an error that says what it is."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked entries: drop or fill them before passing it on.")
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} {_no_numbers(name, values, array)}")
    if array.ndim != 1:
        hint = " Of two columns of probabilities, pass [:, 1]." if array.shape[1:] == (2,) else ""
        raise ValueError(
            f"{name} has shape {array.shape}: wanted one number per event (1-D).{hint}"
        )
    return array.astype(float) if array.dtype.itemsize > 8 else array


def _no_numbers(name, values, array):
    """Say what an argument is instead, and what to pass."""
    if hasattr(values, "predict"):
        return f"is a model ({type(values).__name__}): wanted the numbers that it gives."
    if not array.size:
        return f"is an empty array of dtype {array.dtype}: wanted numbers."
    first = array.flat[0]
    hint = "; convert it, e.g. with .astype(float)" if array.dtype == object else ""
    if isinstance(first, str):
        hint = f"; of text pass numbers, e.g. {name} == {str(first)[:40]!r}" if name == "y" else ""
    if array.dtype == object:
        return f"has dtype object (first entry: {type(first).__name__}): wanted numbers{hint}."
    return f"has dtype {array.dtype}: wanted booleans, integers or floats{hint}."


def check_order(columns):
    """Raise if pandas columns have one index in different orders: rows go by position."""
    indexed = {name: one.index for name, one in columns.items() if hasattr(one, "iloc")}
    names = list(indexed)
    for name in names[1:]:
        first, other = indexed[names[0]], indexed[name]
        if len(first) == len(other) and not first.equals(other) and _same_labels(first, other):
            raise ValueError(
                f"The rows of {name} have the index of those of {names[0]} in another order, but "
                f"events are taken by position: pass {name}.loc[{names[0]}.index]."
            )


def _same_labels(first, other):
    return first.is_unique and other.is_unique and bool(other.isin(first).all())


def check_lengths(arrays):
    if len({len(array) for array in arrays.values()}) > 1:
        lengths = ", ".join(f"{name} has {len(array)}" for name, array in arrays.items())
        raise ValueError(f"One entry per event is wanted, but {lengths} entries.")
    if len(next(iter(arrays.values()))) == 0:
        raise ValueError(f"No events: {' and '.join(arrays)} are empty.")


def check_values(events):
    """Raise if a label is not 0 or 1, or if a score or a weight is not finite."""
    check_labels(events.y)
    check_finite("scores", events.score)
    if events.weights is not None:
        check_finite("weights", events.weights)


def check_labels(y):
    if y.dtype.kind != "f" and y.min() >= 0 and y.max() <= 1:
        return
    bad = np.flatnonzero((y != 0) & (y != 1))
    if bad.size:
        hint = " For labels -1 and +1 pass y > 0." if set(np.unique(y)) <= {-1, 1} else ""
        raise ValueError(
            f"Labels are 1 (signal) or 0 (background), but {bad.size} of {y.size} are not: "
            f"the first is {y[bad[0]]} at index {bad[0]}.{hint}"
        )


def check_finite(name, values):
    if np.isfinite(values.min()) and np.isfinite(values.max()):
        return
    for kind, test in (("NaN", np.isnan), ("infinite", np.isinf)):
        bad = np.flatnonzero(test(values))
        if bad.size:
            verb = "is" if bad.size == 1 else "are"
            raise ValueError(
                f"{bad.size} of {values.size} {name} {verb} {kind}, first at index {bad[0]}."
            )


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
