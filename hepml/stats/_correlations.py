"""Linear correlations of weighted columns, in one pass and bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hepml.stats._cuts import ratio
from hepml.stats.events import as_vector, check_finite, check_lengths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

__all__ = ["correlations"]

ROWS = 1 << 12  # at a time: 1 MB for thirty columns, which stays in the cache


def correlations(columns: Sequence[ArrayLike], weights: ArrayLike | None = None) -> np.ndarray:
    r"""Matrix of the weighted linear correlation coefficients of some columns.

    .. math:: r_{jk} = \frac{\overline{x_j x_k} - \bar{x}_j \bar{x}_k}
        {\sqrt{(\overline{x_j^2} - \bar{x}_j^2) (\overline{x_k^2} - \bar{x}_k^2)}}

    with weighted means over the events that have a value in both columns.

    Parameters
    ----------
    columns : sequence of array_like, each of shape (n,)
        NaN is a missing value.
    weights : array_like, shape (n,), optional
        Of either sign; 1 if not given.

    Returns
    -------
    ndarray, shape (d, d)
        NaN where a variance is not positive: a constant column, no events with both values, or
        weights that add up to zero or less. Negative weights may take a coefficient beyond ±1.

    Raises
    ------
    ValueError, TypeError
        For columns of different lengths, infinite values, and weights that are not finite.
    """
    columns = [as_vector(f"column {place}", column) for place, column in enumerate(columns)]
    given = {f"column {place}": column for place, column in enumerate(columns)}
    weights = np.ones(len(columns[0])) if weights is None else as_vector("weights", weights)
    check_lengths(given | {"weights": weights})
    check_finite("weights", weights)
    centres = np.array([centre_of(name, column) for name, column in given.items()])
    sums = np.zeros((4, len(columns), len(columns)))
    for start in range(0, len(weights), ROWS):
        part = slice(start, start + ROWS)
        block = np.array([column[part] for column in columns], dtype=float)
        sums += sums_of(*counted(block - centres[:, None], weights[part].astype(float)))
    return matrix_of(*sums)


def counted(block, weights):
    """Leave out events without weight where they are many."""
    own = np.flatnonzero(weights)
    if len(own) > 0.9 * len(weights):
        return block, weights
    return block[:, own], weights[own]


def centre_of(name, column):
    """Plain mean, so that nothing cancels later."""
    known = column[~np.isnan(column)] if column.dtype.kind == "f" else column
    if not known.size:
        return 0.0
    check_finite(f"values of {name}", known)
    return float(np.mean(known, dtype=float))


def sums_of(block, weights):
    """Add up w, w x_j, w x_j² and w x_j x_k over events that have both values."""
    known = ~np.isnan(block)
    if known.all():
        return sums_of_full(block, weights)
    values = np.where(known, block, 0.0)
    weighted, known = values * weights, known.astype(float)
    return np.stack(
        [
            (known * weights) @ known.T,
            weighted @ known.T,
            (weighted * values) @ known.T,
            weighted @ values.T,
        ]
    )


def sums_of_full(block, weights):
    """Add up the same where no value is missing: one product of matrices in place of four."""
    weighted = block * weights
    product = weighted @ block.T
    first, second = weighted.sum(axis=1, keepdims=True), product.diagonal()[:, None]
    return np.stack(np.broadcast_arrays(weights.sum(), first, second, product))


def matrix_of(total, first, second, product):
    mean = ratio(first, total)
    variance = ratio(second, total) - mean**2
    # What rounding leaves of a constant column is no variance.
    variance = np.where(variance > 1e-12 * ratio(second, total), variance, np.nan)
    variance = np.where(total > 0, variance, np.nan)
    return (ratio(product, total) - mean * mean.T) / np.sqrt(variance * variance.T)
