"""From events to spectra above each threshold, and the bump hunts in them."""

import math
from dataclasses import dataclass, field

import numpy as np

from hepml import stats
from hepml_widgets.core.language import tr
from hepml_widgets.core.numbers import NOTHING, distinct, fixed, percent, significant, with_error
from hepml_widgets.core.payload import pack

MOST_BINS = 80
MOST_ROWS = 50
MOST_EXPERIMENTS = 2000
PARTS = 4  # default bins in the signal region
DEFAULT_BINS = 60
KEPT = tuple(np.geomspace(1e-3, 1, 37))  # twelve a decade


@dataclass(frozen=True, eq=False)
class Spectra:
    """Counts above each threshold, from the tightest to the loosest.

    Attributes
    ----------
    edges : ndarray, shape (n + 1,)
    thresholds, kept : ndarray, shape (m,)
        Cuts on the score, falling, and the share of the events (by number) that pass each.
    counts : ndarray, shape (m, n)
        Sums of weights.
    sumw2, truth : ndarray, shape (m, n), or None
        Sums of squared weights, if there are weights; of the signal, if it is known.
    fitted : ndarray of bool, shape (n,)
        Bins that may be fitted.
    parameters, sqrt_s
        As in `hepml.stats.bump_hunt`.
    """

    edges: np.ndarray
    thresholds: np.ndarray
    kept: np.ndarray
    counts: np.ndarray
    sumw2: np.ndarray | None
    truth: np.ndarray | None
    fitted: np.ndarray
    parameters: int
    sqrt_s: float
    hunts: dict = field(default_factory=dict)

    def span(self, signal_region):
        """First bin of a region, and the one after its last."""
        return tuple(int(np.abs(self.edges - limit).argmin()) for limit in signal_region)

    def spans(self, width):
        """All windows of so many bins with at least one bin on either side."""
        return [(start, start + width) for start in range(1, len(self.edges) - 1 - width)]

    def region(self, span):
        """Limits in GeV."""
        return tuple(float(self.edges[i]) for i in span)

    def hunt(self, row, span):
        """Fit one spectrum and look into one window; None if too few sideband bins have events."""
        if (row, span) not in self.hunts:
            side = self._side(span)
            enough = np.count_nonzero(self.counts[row, side]) > self.parameters
            self.hunts[row, span] = self._fit(row, span, side) if enough else None
        return self.hunts[row, span]

    def _side(self, span):
        side = self.fitted.copy()
        side[slice(*span)] = False
        return side

    def _fit(self, row, span, side):
        bins = np.column_stack([self.edges[:-1], self.edges[1:]])
        return stats.bump_hunt(
            self.counts[row],
            self.edges,
            self.region(span),
            bins[side],
            sumw2=None if self.sumw2 is None else self.sumw2[row],
            parameters=self.parameters,
            sqrt_s=self.sqrt_s,
        )

    def over_thresholds(self, span):
        """Significance and p-value of one window above each threshold, NaN where undefined."""
        return z_and_p(self.hunt(row, span) for row in range(len(self.kept)))

    def over_windows(self, row, width):
        """Significance and p-value of all windows of one width above one threshold."""
        return z_and_p(self.hunt(row, span) for span in self.spans(width))

    def pulls(self, row, span):
        """(n - μ) / σ of each bin, with the error of the prediction in the window."""
        hunt = self.hunt(row, span)
        if hunt is None:
            return np.full(self.counts.shape[1], math.nan)
        variance = self.unit(row) * hunt.expected + (hunt.expected_error * hunt.in_region) ** 2
        return (hunt.counts - hunt.expected) / np.sqrt(variance)

    def unit(self, row):
        """Weight of one count around each bin, as `hepml.stats.bump_hunt` takes it."""
        return stats.weight_per_count(self.counts[[row]], self.squares[[row]])[0]

    @property
    def squares(self):
        """Sums of squared weights; without weights, of ones."""
        return self.counts if self.sumw2 is None else self.sumw2

    def packed(self):
        """Columns of the table that a browser gets."""
        columns = {"counts": self.counts, "sumw2": self.sumw2}
        return {
            "edges": pack(self.edges),
            "thresholds": pack(self.thresholds),
            "kept": pack(self.kept),
            "fitted": pack(self.fitted, "u1"),
            "parameters": self.parameters,
            "sqrtS": self.sqrt_s,
            **{name: pack(rows) for name, rows in columns.items() if rows is not None},
            **({} if self.truth is None else {"truth": pack(self.truth, "<f4")}),
        }


def z_and_p(hunts):
    pairs = [(math.nan, math.nan) if h is None else (h.significance, h.p_value) for h in hunts]
    return tuple(np.array(pairs).T)


# ---------------------------------------------------------------- filling


def fill(events, edges, thresholds):
    """Sum weights, their squares and those of signal: three arrays (thresholds, bins) or None.

    ``events`` are mass, score, weights or None, labels or None.
    """
    mjj, score, weights, y = events
    first = len(thresholds) - np.searchsorted(thresholds[::-1], score, side="right")
    column = np.searchsorted(edges, mjj, side="right") - 1
    column[mjj == edges[-1]] = len(edges) - 2
    inside = (first < len(thresholds)) & (column >= 0) & (column < len(edges) - 1)
    shape = len(thresholds), len(edges) - 1
    cell = (first * shape[1] + column)[inside]

    def summed(values):
        values = None if values is None else values[inside]
        sums = np.bincount(cell, values, math.prod(shape)).reshape(shape)
        return np.cumsum(sums, axis=0, dtype=float)

    if weights is None:
        return summed(None), None, None if y is None else summed(y.astype(float))
    return (
        cleaned(summed(weights), summed(np.abs(weights))),
        summed(weights**2),
        None if y is None else summed(weights * y),
    )


def cleaned(sums, size):
    """Make what rounding left of weights that cancel zero again."""
    return np.where(np.abs(sums) < 1e-12 * size, 0.0, sums)


def cuts_keeping(score, fractions):
    """Scores at or above which each fraction of the events lies, falling, ties once."""
    ranked = np.sort(score)[::-1]
    last = np.ceil(np.asarray(fractions) * len(score) - 1e-9).astype(int) - 1
    cuts = np.unique(ranked[np.clip(last, 0, len(score) - 1)])[::-1]
    return cuts, np.searchsorted(-ranked, -cuts, side="right") / len(score)


def default_edges(mjj, signal_region, sqrt_s):
    """Bins as wide as a quarter of the region, over the events as far as sixty of them reach."""
    low, high = signal_region
    if not high < sqrt_s:
        raise ValueError(
            f"signal_region reaches {high:g} GeV, but the collisions have sqrt_s = {sqrt_s:g} GeV: "
            "give masses in GeV, or sqrt_s in their unit."
        )
    step = (high - low) / PARTS
    below = max(2, math.ceil((low - mjj.min()) / step))
    below = min(below, math.ceil(low / step) - 1, DEFAULT_BINS - 2 * PARTS)
    above = max(PARTS + 2, math.ceil((mjj.max() - low) / step))
    above = min(above, math.ceil((sqrt_s - low) / step) - 1, DEFAULT_BINS - below)
    return low + step * np.arange(-below, above + 1)


# ---------------------------------------------------------------- global and in words


def beyond_one_window(z, p, scanned):
    """Global p-value of the windows scanned, and the trials factor.

    p + N exp(-z²/2) with N stretches of positive significance: the approximation of E. Gross and
    O. Vitells, arXiv:1005.1891, eq. 3, from the level zero of the scan itself; at most p times the
    windows, Bonferroni's bound.
    """
    if not z > 0:
        return math.nan, math.nan
    above = np.nan_to_num(scanned) > 0
    stretches = np.count_nonzero(above & ~np.append(False, above[:-1]))
    windows = np.count_nonzero(np.isfinite(scanned))
    found = min(1.0, p * windows, p + stretches * math.exp(-z * z / 2))
    return found, stats.trials_factor(found, p)


def by_experiments(z, p, largest):
    """Count the pseudo-experiments with an excess as large: global p-value, trials factor."""
    if not z > 0:
        return math.nan, math.nan
    as_large = np.count_nonzero(largest >= z)
    found = (1 + as_large) / (1 + len(largest))
    return found, stats.trials_factor(
        found, p
    ) if as_large else math.nan  # without one it is a limit


def events_text(value):
    """Write a whole number with all its digits, a sum of weights with four."""
    if math.isfinite(value) and value == math.floor(value):
        return fixed(value, 0)
    return significant(value, 4)


def parts_of(spectra, row, span, found):
    """Labels and values of the line of numbers; ``found`` are global p and trials factor."""
    hunt = spectra.hunt(row, span)
    neighbours = [
        *spectra.thresholds[max(row - 1, 0) : row],
        *spectra.thresholds[row + 1 : row + 2],
    ]
    yield tr("threshold"), distinct(spectra.thresholds[row], neighbours)
    yield tr("kept"), percent(spectra.kept[row])
    low, high = (significant(limit, 4) for limit in spectra.region(span))
    yield tr("window"), tr("{low} to {high}", low=low, high=high)
    yield tr("observed"), events_text(spectra.counts[row, slice(*span)].sum())
    if hunt is None:
        names = tr("expected"), "Z", "p", tr("global p"), tr("trials")
        yield from ((name, NOTHING) for name in names)
        return
    yield tr("expected"), with_error(hunt.background, hunt.background_error)
    yield "Z", f"{fixed(hunt.significance, 2)} σ"
    yield "p", significant(hunt.p_value, 2)
    limit = found[0] <= stats.SATURATED and math.isnan(found[1])
    yield tr("global p"), f"{'≤ ' if limit else ''}{significant(found[0], 2)}"
    yield tr("trials"), significant(found[1], 2)
