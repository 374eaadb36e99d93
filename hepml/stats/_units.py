"""The weight of one count in each bin, as scaled Poisson counts need it."""

import numpy as np

from hepml.stats._scan import effective_events

ENOUGH = 100  # effective events that a weight is averaged over: it is known to about 10 %


def unit_of(sumw, sumw2):
    """Σw² / Σw around each bin (m, n): of so many neighbours that 100 effective events are there.

    Of its own bin alone, a heavy event that happens to lie there would raise the bin's weight
    together with its content, and so bring it down where bins are averaged. If a row has fewer
    events, all of them count; 1 where it has none.
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
