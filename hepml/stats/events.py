"""Events as arrays: how labels, scores, weights and tables of features are taken and checked.

What is built on `hepml.stats` takes its events with these functions, so that a fault is named by
the same sentence everywhere. Arrays come back as they were given, or as arrays of the same numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = [
    "Events",
    "Reweighted",
    "Sample",
    "as_columns",
    "as_events",
    "as_reweighted",
    "as_tables",
    "as_vector",
    "check_finite",
    "check_labels",
    "check_lengths",
    "check_order",
    "check_values",
    "held_out_events",
]

FEWEST = 50  # events of a sample that is judged


class Events(NamedTuple):
    """Labels, scores and weights (or None for unit weights) as equally long 1-D arrays."""

    y: np.ndarray
    score: np.ndarray
    weights: np.ndarray | None


class Sample(NamedTuple):
    """Features (n, d) and the weights (n,) of the same events."""

    X: np.ndarray
    weights: np.ndarray

    def part(self, rows: ArrayLike) -> Sample:
        """Take the events that ``rows``, a mask or indices, say."""
        return Sample(self.X[rows], self.weights[rows])


class Reweighted(NamedTuple):
    """A source with the weights it had, the same with its new ones, and its target.

    ``before`` and ``source`` are the same events.
    """

    before: Sample
    source: Sample
    target: Sample

    def part(self, rows_source: ArrayLike, rows_target: ArrayLike) -> Reweighted:
        """Take some events of both, by ``rows_source`` and ``rows_target``."""
        return Reweighted(
            self.before.part(rows_source),
            self.source.part(rows_source),
            self.target.part(rows_target),
        )


# ---------------------------------------------------------------- events with scores


def as_events(y: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None) -> Events:
    """Take labels, scores and weights as arrays of numbers of one length.

    Parameters
    ----------
    y, score : array_like, shape (n,)
    weights : array_like, shape (n,), optional

    Returns
    -------
    Events
        Its values are not looked at: `check_values` does that.

    Raises
    ------
    ValueError, TypeError
        For what is not one number per event, or pandas columns in different orders.
    """
    check_order({"y": y, "score": score, "weights": weights})
    arrays = {"y": as_vector("y", y), "score": as_vector("score", score)}
    if weights is not None:
        arrays["weights"] = as_vector("weights", weights)
    check_lengths(arrays)
    return Events(arrays["y"], arrays["score"], arrays.get("weights"))


def as_vector(name: str, values: Any) -> np.ndarray:
    """Take a one-dimensional array of booleans, integers or floats, or say what it is instead.

    Parameters
    ----------
    name : str
        What it is called in the sentence.
    values : array_like, shape (n,)

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    TypeError
        If they are no numbers.
    ValueError
        For masked entries, or more than one dimension.
    """
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


def check_order(columns: Mapping[str, Any]) -> None:
    """Raise if pandas columns have one index in different orders: rows go by position.

    Parameters
    ----------
    columns : dict of str to array_like
        By the names of the arguments; what has no index is passed over.

    Raises
    ------
    ValueError
        With the names of the two.
    """
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


def check_lengths(arrays: Mapping[str, Any]) -> None:
    """Raise unless there are events, and one entry of each array per event.

    Parameters
    ----------
    arrays : dict of str to sequence
        By the names of the arguments.

    Raises
    ------
    ValueError
        With the lengths, or the names of what is empty.
    """
    if len({len(array) for array in arrays.values()}) > 1:
        lengths = ", ".join(f"{name} has {len(array)}" for name, array in arrays.items())
        raise ValueError(f"One entry per event is wanted, but {lengths} entries.")
    if len(next(iter(arrays.values()))) == 0:
        raise ValueError(f"No events: {' and '.join(arrays)} are empty.")


def check_values(events: Events) -> None:
    """Raise if a label is not 0 or 1, or if a score or a weight is not finite.

    Parameters
    ----------
    events : Events

    Raises
    ------
    ValueError
        With the first of them and how many there are.
    """
    check_labels(events.y)
    check_finite("scores", events.score)
    if events.weights is not None:
        check_finite("weights", events.weights)


def check_labels(y: np.ndarray) -> None:
    """Raise if a label is not 0 or 1.

    Parameters
    ----------
    y : ndarray, shape (n,)

    Raises
    ------
    ValueError
        With the first of them and how many there are.
    """
    if y.dtype.kind != "f" and y.min() >= 0 and y.max() <= 1:
        return
    bad = np.flatnonzero((y != 0) & (y != 1))
    if bad.size:
        hint = " For labels -1 and +1 pass y > 0." if set(np.unique(y)) <= {-1, 1} else ""
        raise ValueError(
            f"Labels are 1 (signal) or 0 (background), but {bad.size} of {y.size} are not: "
            f"the first is {y[bad[0]]} at index {bad[0]}.{hint}"
        )


def check_finite(name: str, values: np.ndarray) -> None:
    """Raise if a value is NaN or infinite.

    Parameters
    ----------
    name : str
        What they are called in the sentence.
    values : ndarray, shape (n,)

    Raises
    ------
    ValueError
        With the first of them and how many there are.
    """
    if np.isfinite(values.min()) and np.isfinite(values.max()):
        return
    for kind, test in (("NaN", np.isnan), ("infinite", np.isinf)):
        bad = np.flatnonzero(test(values))
        if bad.size:
            verb = "is" if bad.size == 1 else "are"
            raise ValueError(
                f"{bad.size} of {values.size} {name} {verb} {kind}, first at index {bad[0]}."
            )


# ---------------------------------------------------------------- tables of features


def as_columns(
    which: str, table: Any, features: Iterable[str] | None = None, *, missing: bool = False
) -> dict[Any, np.ndarray]:
    """Take a table of any kind as named columns.

    Parameters
    ----------
    which : str
        What the table is called in a sentence.
    table : dict or DataFrame of columns, or array_like of shape (n, d)
    features : sequence of str, optional
        Columns to take, by default all; for arrays, the names to call them by.
    missing : bool, default False
        Whether NaN is a value that is missing; otherwise it is a fault.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    ValueError, TypeError
        For columns that are not there, of different lengths, not numbers or not finite.
    """
    if hasattr(table, "keys"):
        names = list(table.keys()) if features is None else list(features)
        if absent := [name for name in names if name not in table]:
            raise ValueError(f"{which} has no feature {absent[0]!r}.")
        return _named(which, {name: table[name] for name in names}, missing)
    array = np.asarray(table)
    if array.ndim != 2:
        raise ValueError(f"{which} has shape {array.shape}: wanted events × features (2-D).")
    names = [f"x{i}" for i in range(array.shape[1])] if features is None else list(features)
    if len(names) != array.shape[1]:
        raise ValueError(
            f"{which} has {array.shape[1]} columns, but names are given for {len(names)}."
        )
    return _named(which, dict(zip(names, array.T, strict=True)), missing)


def _named(which, columns, missing):
    if not columns:
        raise ValueError(f"{which} has no features.")
    columns = {name: as_vector(f"{name} of {which}", column) for name, column in columns.items()}
    check_lengths({f"{name} of {which}": column for name, column in columns.items()})
    for name, column in columns.items():
        known = np.nan_to_num(column, nan=0.0, posinf=np.inf, neginf=-np.inf)
        check_finite(f"values of {name} of {which}", known if missing else column)
    return columns


def as_tables(
    source: Any, target: Any, features: Sequence[str] | None = None, *, missing: bool = False
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Take two tables with the same features as matrices with the same columns.

    Parameters
    ----------
    source, target, features, missing
        Tables, columns and what NaN is, as in `as_columns`.

    Returns
    -------
    names : tuple of str
    X_source, X_target : ndarray, shapes (n_source, d) and (n_target, d)

    Raises
    ------
    ValueError, TypeError
        As `as_columns`, and for features that only one of them has.
    """
    pairs = ("source", source), ("target", target)
    tables = [as_columns(*pair, features, missing=missing) for pair in pairs]
    if list(tables[0]) != list(tables[1]):
        if set(tables[0]) == set(tables[1]):
            tables[1] = {name: tables[1][name] for name in tables[0]}
        else:
            odd = sorted(set(tables[0]) ^ set(tables[1]), key=str)
            raise ValueError(f"source and target need the same features, but only one has {odd}.")
    return tuple(map(str, tables[0])), *(_matrix(table) for table in tables)


def _matrix(columns):
    return np.column_stack([column.astype(float) for column in columns.values()])


# ---------------------------------------------------------------- reweighted samples


def as_reweighted(
    X_source: np.ndarray,
    X_target: np.ndarray,
    new_weights: ArrayLike,
    weights: ArrayLike | None = None,
    target_weights: ArrayLike | None = None,
) -> Reweighted:
    """Take a reweighted source and its target.

    Parameters
    ----------
    X_source, X_target : ndarray, shapes (n_source, d) and (n_target, d)
        As `as_tables` gives them.
    new_weights : array_like, shape (n_source,)
        Weights of the source after reweighting.
    weights, target_weights : array_like, shapes (n_source,) and (n_target,), optional
        Weights before reweighting; 1 if not given.

    Returns
    -------
    Reweighted

    Raises
    ------
    ValueError, TypeError
        For weights that are not one finite number per event.
    """
    return Reweighted(
        _as_sample("source", X_source, "weights", weights),
        _as_sample("source", X_source, "new_weights", new_weights),
        _as_sample("target", X_target, "target_weights", target_weights),
    )


def _as_sample(which, X, name, weights):
    weights = np.ones(len(X)) if weights is None else as_vector(name, weights).astype(float)
    check_lengths({which: X, name: weights})
    check_finite(name, weights)
    return Sample(X, weights)


def held_out_events(
    samples: Reweighted, held_out: tuple[ArrayLike, ArrayLike] | None = None
) -> tuple[Reweighted, Reweighted | None]:
    """Tell the events that are judged from those that the weights were learned from.

    Parameters
    ----------
    samples : Reweighted
    held_out : pair of array_like of bool, optional
        Which events of source and target the weights were *not* learned from; by default all.

    Returns
    -------
    judged : Reweighted
    learned : Reweighted or None
        None if there are fewer than 50 events of one of them.

    Raises
    ------
    ValueError
        For masks that do not fit, fewer than 50 judged events, or weights that add up to zero.
    """
    if held_out is None:
        return _checked(samples), None
    masks = [np.asarray(mask) for mask in held_out]
    sizes = [len(samples.source.X), len(samples.target.X)]
    if [mask.shape for mask in masks] != [(n,) for n in sizes] or any(
        m.dtype != bool for m in masks
    ):
        raise ValueError(
            f"held_out is a pair of boolean masks of {sizes[0]} and {sizes[1]} events."
        )
    learned = samples.part(*(~mask for mask in masks))
    enough = min(len(learned.source.X), len(learned.target.X)) >= FEWEST
    return _checked(samples.part(*masks)), learned if enough else None


def _checked(samples):
    names = "weights", "new_weights", "target_weights"
    for name, (X, weights) in zip(names, samples, strict=True):
        if len(X) < FEWEST:
            raise ValueError(f"At least {FEWEST} events of each sample are wanted, not {len(X)}.")
        if abs(weights.sum()) <= 1e-12 * np.abs(weights).sum():
            raise ValueError(f"The {name} add up to zero: there is no distribution.")
    return samples
