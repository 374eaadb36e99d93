"""Weighted sums per narrow bin of the score, in one pass and without sorting.

A bin is named by the leading bits of a floating-point number, so that bins narrow towards zero.
Scores in [0, 1] are measured from the nearer end, ``min(s, 1 - s)``: an over-confident classifier
piles its scores up at 0 and 1, and what tells them apart are the digits of ``s`` and ``1 - s``.
Other scores (margins, masses) are measured from zero, or from their
median if they crowd around it. Bins that hold much of a class all the same
are resolved exactly.
"""

from dataclasses import dataclass

import numpy as np

from hepml.stats._steps import SUMW2_B, SUMW2_S, Steps, exact_steps, group_by_score
from hepml.stats.events import Events, check_values

FEW = 50_000  # below, sorting is as fast
BLOCK = 1 << 17  # events counted at a time
PART = 1 << 15  # events whose keys are made at a time: they stay in the second-level cache
SIDE = 1 << 13  # bins on either side of the origin, roughly
SAMPLE = 4096
QUARTILES = np.array([1, 2, 3])
ONE = np.float64(1.0).view(np.uint64)  # the bits of 0 to 1 are at most these, of others more
HEAVY = 1 / 256  # a bin with a larger share of a class is resolved exactly
MOST = 0.5  # with a larger share of the events in such bins, all of them are sorted


@dataclass(frozen=True)
class Ruler:
    """Bins of the score: ``size`` on either side, by the leading bits of a distance.

    ``unit``: distance from the nearer of 0 and 1, else from ``-shift``. ``drop`` trailing bits do
    not count, and distances with leading bits below ``low`` share the innermost bin.
    """

    unit: bool
    drop: int
    low: int
    size: int
    shift: float = 0.0

    def keys(self, score, keys, work):
        """Write the bin of each float64 score; with `unit` the upper side comes first."""
        if self.unit:
            np.subtract(1.0, score, out=keys.view(float))
            np.subtract(0.5, score, out=work.view(float))
            np.minimum(keys.view(float), score, out=keys.view(float))
        else:
            np.add(score, self.shift, out=work.view(float))  # a shift of 0 unsigns zeros
            np.abs(work.view(float), out=keys.view(float))
        keys >>= self.drop
        np.maximum(keys, self.low, out=keys)
        keys -= self.low
        work >>= 63
        keys ^= work  # ~key for negative work
        keys += self.size

    def lower_edges(self, keys):
        """Return the smallest score that belongs to each bin."""
        near = np.where(keys >= self.size, keys - self.size, self.size - 1 - keys)
        edges = np.where(keys >= self.size, self.rising_edge(near), self.falling_edge(near))
        if self.shift == 0:
            return edges
        score = edges - self.shift
        return np.where(score + self.shift >= edges, score, np.nextafter(score, np.inf))

    def rising_edge(self, near):
        return np.where(near == 0, 0.0, self.distance(near))

    def falling_edge(self, near):
        beyond = self.distance(near + 1)
        if not self.unit:
            return np.nextafter(-beyond, 0.0)
        beyond = np.minimum(beyond, 0.5)  # the upper side ends above one half
        edge = 1.0 - beyond
        return np.where(1.0 - edge < beyond, edge, np.nextafter(edge, 2.0))

    def distance(self, near):
        return ((near + self.low) << self.drop).view(float)

    def rising_order(self):
        """Return the keys in the order of the score."""
        keys = np.arange(2 * self.size)
        return np.roll(keys, self.size) if self.unit else keys


def choose_ruler(events):
    sample = sample_of(events)
    shifted = shifted_ruler(events, float(np.median(sample))) if is_crowded(sample) else None
    if shifted:
        return shifted
    if sample.min() >= 0 and sample.max() <= 1:
        smallest = smallest_distance(np.minimum(sample, 1.0 - sample), events.score.dtype)
        return make_ruler(min(smallest, 0.5), 0.5, unit=True)
    return signed_ruler(events)


def is_crowded(sample):
    """Whether the scores differ by little of their size, as AdaBoost's probabilities do."""
    ranks = QUARTILES * len(sample) // 4
    lower, middle, upper = np.partition(sample, ranks)[ranks]
    with np.errstate(invalid="ignore"):  # infinite scores are refused later
        return 0 < upper - lower < abs(middle) / 64


def shifted_ruler(events, origin):
    """Return a ruler around the origin, None if differences to it would be rounded.

    Between half and twice the origin they are exact (P. H. Sterbenz, Floating-Point Computation,
    1974).
    """
    ends = np.array([events.score.min(), events.score.max()], dtype=float)
    if not (ends / origin >= 0.5).all() or not (ends / origin <= 2).all():
        return None
    smallest = smallest_distance(np.abs(sample_of(events) - origin), events.score.dtype)
    return make_ruler(smallest, np.abs(ends - origin).max(), unit=False, shift=-origin)


def signed_ruler(events):
    largest = max(abs(float(events.score.min())), abs(float(events.score.max())))
    if not np.isfinite(largest):
        check_values(events)
    smallest = smallest_distance(np.abs(sample_of(events)), events.score.dtype)
    return make_ruler(min(smallest, largest), largest, unit=False)


def sample_of(events):
    return events.score[:: max(1, len(events.score) // SAMPLE)].astype(float)


def smallest_distance(sample, dtype):
    """Return the smallest positive distance to resolve; where scores underflow, the very least."""
    smallest = sample[sample > 0].min(initial=np.inf)
    if dtype.kind != "f" or smallest > np.sqrt(np.finfo(dtype).tiny):
        return smallest
    return float(np.finfo(dtype).smallest_subnormal)


def make_ruler(smallest, largest, *, unit, shift=0.0):
    deepest, highest = (int(np.frexp(value)[1]) for value in (smallest, largest))
    drop = 52 - max(0, int(np.log2(SIDE / (highest - deepest + 1))))
    low, high = (int(np.float64(value).view(np.int64)) >> drop for value in (smallest, largest))
    low = max(0, low - 1)  # zero, a frequent score, shares no bin with the smallest distance
    return Ruler(unit, drop, low, high - low + 1, shift)


def binned_steps(events):
    """Make steps at the edges of the bins that hold events; exact ones if events are few."""
    if len(events.y) < FEW:
        check_values(events)
        return exact_steps(events)
    ruler, table, n_signal = fill(events)
    used, sums = rising_bins(ruler, table)
    if not used.size or not np.isfinite(sums).all():
        check_values(events)
        return exact_steps(events)
    steps = Steps(
        ruler.lower_edges(used)[::-1],
        sums[:, ::-1],
        (len(events.y) - n_signal, n_signal),
        exact=False,
    )
    heavy = used[is_heavy(sums)]
    return resolve(steps, events, ruler, heavy) if heavy.size else steps


def fill(events):
    """Return a ruler that holds all scores, the sums per key and the number of signal events."""
    ruler = choose_ruler(events)
    filled = sums_per_key(events, ruler)
    if filled is None:
        check_values(events)  # passes if only the sample missed a score outside [0, 1]
        ruler = signed_ruler(events)
        filled = sums_per_key(events, ruler)
    return ruler, *filled


def sums_per_key(events, ruler):
    """Add up weights and squared weights per class and key, (2, 4 size); None for odd values."""
    table, n_signal = np.zeros((2, 4 * ruler.size)), 0
    buffers = np.empty((3, min(BLOCK, len(events.y))), dtype=np.int64)
    for start in range(0, len(events.y), BLOCK):
        block = Events(*(a if a is None else a[start : start + BLOCK] for a in events))
        keys, work, square = buffers[:, : len(block.y)]
        if not class_keys(block, ruler, keys, work):
            return None
        count(table, keys, block.weights, square.view(float))
        n_signal += int(np.count_nonzero(block.y))
    return table, n_signal


def count(table, keys, weights, square=None):
    """Add weights and squared weights to the rows of the table; `square` is room for the latter."""
    size = table.shape[1]
    if weights is None:
        table += np.bincount(keys, minlength=size)
        return
    weights = weights.astype(float, copy=False)
    square = np.multiply(weights, weights, out=square)
    table[0] += np.bincount(keys, weights, minlength=size)
    table[1] += np.bincount(keys, square, minlength=size)


def class_keys(events, ruler, keys, work):
    """Write 2 key + y for each event; False if a score is off the ruler or a label is odd."""
    for start in range(0, len(keys), PART):
        part = slice(start, start + PART)
        score = events.score[part].astype(float, copy=False)
        y = as_bits(events.y[part])
        if y is None or (ruler.unit and score.view(np.uint64).max() > ONE):
            return False
        ruler.keys(score, keys[part], work[: len(score)])
        keys[part] <<= 1
        keys[part] += y
    return True


def as_bits(y):
    """Return labels as integers, None if one is not 0 or 1."""
    if y.dtype.kind == "b":
        return y.view(np.uint8)
    if y.dtype.kind == "f":
        bits = y != 0
        return bits.view(np.uint8) if (bits == y).all() else None
    return y.astype(np.int64, copy=False) if 0 <= np.bitwise_or.reduce(y) <= 1 else None


def rising_bins(ruler, table):
    """Return the keys of the bins with weight, from low to high score, and their sums (4, n)."""
    order = ruler.rising_order()
    sums = by_class(table)[:, order]
    used = np.flatnonzero(sums[SUMW2_B] + sums[SUMW2_S])
    return order[used], sums[:, used]


def by_class(table):
    """Turn sums per 2 key + y (2, 2 n) into the rows of `Steps.sums` (4, n)."""
    return table.reshape(2, -1, 2).transpose(0, 2, 1).reshape(4, -1)


def is_heavy(sums):
    squares = sums[[SUMW2_B, SUMW2_S]]
    return (squares > HEAVY * squares.sum(axis=1, keepdims=True)).any(axis=0)


def resolve(steps, events, ruler, heavy):
    """Put a step at every distinct score inside the heavy bins."""
    chosen = np.zeros(2 * ruler.size, dtype=bool)
    chosen[heavy] = True
    only = only_scores(events, ruler, chosen)
    tied = np.flatnonzero(chosen & ~np.isnan(only))
    steps = rename(steps, ruler.lower_edges(tied), only[tied])
    chosen[tied] = False
    if not chosen.any():
        return steps
    rows = is_chosen(events, ruler, chosen)
    if np.count_nonzero(rows) > MOST * len(rows):
        return exact_steps(events)
    return sort_inside(steps, events, rows, ruler.lower_edges(np.flatnonzero(chosen)))


def only_scores(events, ruler, chosen):
    """Return for each chosen bin the one score that all its events have, NaN if they differ."""
    only = np.full(2 * ruler.size, np.nan)
    for score, keys in scores_with_keys(sample_of(events), ruler):
        only[keys] = score
    differing = np.zeros_like(chosen)
    for score, keys in scores_with_keys(events.score, ruler):
        inside = np.flatnonzero(chosen[keys])
        found = keys[inside]
        differing[found[score[inside] != only[found]]] = True
    only[differing | ~chosen] = np.nan
    return only


def rename(steps, edges, scores):
    threshold = steps.threshold.copy()
    threshold[np.searchsorted(-threshold, -edges)] = scores
    return steps._replace(threshold=threshold)


def is_chosen(events, ruler, chosen):
    return np.concatenate([chosen[keys] for _, keys in scores_with_keys(events.score, ruler)])


def sort_inside(steps, events, rows, edges):
    """Replace the steps at these edges by those of the events in these rows."""
    inside = group_by_score(Events(*(a if a is None else a[rows] for a in events)))
    outside = ~np.isin(steps.threshold, edges)
    threshold = np.concatenate([steps.threshold[outside], inside[0]])
    sums = np.concatenate([steps.sums[:, outside], inside[1]], axis=1)
    order = np.argsort(-threshold)
    return steps._replace(threshold=threshold[order], sums=sums[:, order])


def scores_with_keys(score, ruler):
    """Yield parts of the scores with their keys; the keys are overwritten by the next part."""
    keys, work = np.empty((2, PART), dtype=np.int64)
    for start in range(0, len(score), PART):
        part = score[start : start + PART].astype(float, copy=False)
        ruler.keys(part, keys[: len(part)], work[: len(part)])
        yield part, keys[: len(part)]
