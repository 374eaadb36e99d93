"""The weight of one count in each bin, as scaled Poisson counts need it."""

from __future__ import annotations

import numpy as np

from hepml.stats._scan import effective_events

__all__ = ["weight_per_count"]

ENOUGH = 100  # effective events that a weight is averaged over: it is known to about 10 %


def weight_per_count(sumw: np.ndarray, sumw2: np.ndarray) -> np.ndarray:
    r"""Take the weight of one count in each bin, as scaled Poisson counts need it.

    Parameters
    ----------
    sumw, sumw2 : ndarray, shape (m, n)
        Sums of weights and of squared weights in the bins of several spectra.

    Returns
    -------
    ndarray, shape (m, n)
        :math:`\sum w^2 / \sum w` (G. Bohm and G. Zech, arXiv:1309.1287) of each bin and of as
        many neighbours on either side as hold 100 effective events; of all bins if a row has
        fewer, and 1 where it has none.

    Notes
    -----
    Of its own bin alone, a heavy event that happens to lie there would raise the bin's weight
    together with its content, and so bring it down where bins are averaged.
    """
    if np.array_equal(sumw, sumw2):
        return np.ones(sumw.shape)
    near, near2 = sumw.astype(float), sumw2.astype(float)
    unit, todo = np.ones(sumw.shape), np.ones(sumw.shape, dtype=bool)
    bins = sumw.shape[1]
    for reach in range(1, bins + 1):
        found = todo & (effective_events(near, near2) >= ENOUGH if reach < bins else near2 > 0)
        np.divide(near2, near, out=unit, where=found & (near > 0))
        todo &= ~found
        if not todo.any() or reach == bins:
            break
        for sums, own in ((near, sumw), (near2, sumw2)):
            sums[:, reach:] += own[:, :-reach]
            sums[:, :-reach] += own[:, reach:]
    return unit
