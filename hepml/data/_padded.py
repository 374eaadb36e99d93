"""Columns of lists as arrays of fixed length, the shape that networks on sets of particles take."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from hepml.data._errors import DataError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

__all__ = ["padded"]


def padded(
    table: pd.DataFrame, columns: str | Sequence[str], length: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Cut or fill up the lists of every event to one length, and say which entries are real.

    Parameters
    ----------
    table : pandas.DataFrame
        From `load` or `read`, or some of its rows.
    columns : str or sequence of str
        Columns of lists, as long as each other in every event. Lists within lists, as the rows
        of an image, count as one long list; the inner ones have to be equally long.
    length : int, optional
        Entries to keep of each list, the first ones; by default as many as the longest has.

    Returns
    -------
    values : ndarray of float32, shape (events, length, columns)
    mask : ndarray of bool, shape (events, length)
        False where ``values`` were filled up.

    Raises
    ------
    DataError
        If there is no such column of lists, lists disagree in length, or ``length`` is no
        positive whole number.

    Examples
    --------
    >>> from hepml import data
    >>> jets = data.load("jets", ["constituent_pt", "constituent_eta"])
    >>> values, mask = data.padded(jets, ["constituent_pt", "constituent_eta"], length=30)

    Images of 25 x 25 pixels, from a file that holds them in a dataset of three axes:

    >>> table = data.read("images.hdf5")  # doctest: +SKIP
    >>> images = data.padded(table, "image", 625)[0].reshape(-1, 25, 25)  # doctest: +SKIP
    """
    names = [columns] if isinstance(columns, str) else list(columns)
    if not names:
        raise DataError("no column of lists is named")
    found = [_flat(table, name) for name in names]
    counts = found[0][1]
    for name, (_, others) in zip(names, found, strict=True):
        if not np.array_equal(counts, others):
            raise DataError(f"the lists of {names[0]!r} and {name!r} differ in length")
    places = _whole(length) if length is not None else int(counts.max(initial=0))
    mask = np.arange(places) < counts[:, None]
    values = np.zeros((*mask.shape, len(names)), np.float32)
    kept = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) < places
    for k, (entries, _) in enumerate(found):
        values[mask, k] = entries[kept]
    return values, mask


def _whole(length):
    whole = isinstance(length, Integral) and not isinstance(length, bool)
    if not whole or length < 1:
        raise DataError(f"length={length!r}: say a whole number, at least 1")
    return int(length)


def _flat(table, name):
    """Entries of a column of lists, one list after the other, and the length of each list."""
    import pyarrow as pa

    if name not in table:
        raise DataError(f"the table has no column {name!r}; {nearest(name, list(table))}")
    values = pa.array(table[name])
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    inner = values.type
    while pa.types.is_list(inner):
        inner = inner.value_type
    if inner == values.type or pa.types.is_nested(inner):
        raise DataError(f"{name!r} is no column of lists of numbers, but of {values.type}")
    counts, values = _lengths(values), values.flatten()
    while pa.types.is_list(values.type):
        counts = counts * _same_length(name, _lengths(values))
        values = values.flatten()
    return values.to_numpy(zero_copy_only=False), counts


def _lengths(lists):
    return lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)


def _same_length(name, lengths):
    """Length of lists within lists: the rows of a picture are equally long."""
    if len(lengths) and lengths.min() != lengths.max():
        raise DataError(
            f"{name!r} holds lists within lists, from {lengths.min()} to {lengths.max()} entries "
            "long: they have no common shape"
        )
    return lengths[0] if len(lengths) else 0
