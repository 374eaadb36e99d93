"""From events to the compact table behind a `RocExplorer`: exact rows, small histograms."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit, logit

from hepml import stats
from hepml.stats._cuts import errors_at_chosen_signal
from hepml.stats._scan import best_of
from hepml_widgets.core.base import pack
from hepml_widgets.core.numbers import distinct, percent, probability, significant, with_error
from hepml_widgets.core.validate import check_yields
from hepml_widgets.roc_explorer.bound import POINTS, Gap, gap_of

BINS = 50
ROW_BYTES = 5 * 8
BOUND_ROW_BYTES = 8 + 2 * 4
BOUND_BYTES = 2 * POINTS * 4
HISTOGRAM_BYTES = 6 * BINS * 4
TABLE_BYTES = 35_200
MOST_ROWS = 1000
MOST_MODELS = 8
SIGMA_B = 0.1
"""Relative uncertainty of the background that a view begins with if none is given."""

RULE = f"fewer than {stats.ENOUGH_BACKGROUND} effective background events"
"""What is said of cuts that no best point is sought among."""


@dataclass(frozen=True)
class Options:
    """What a figure of merit depends on besides the yields."""

    sigma_b: float = 0.0
    b_r: float = 10.0


@dataclass(frozen=True)
class Scan:
    """A figure of merit at every row, its error, where it is trusted, and the best row there.

    ``trusted`` are the rows with at least `hepml.stats.ENOUGH_BACKGROUND` effective background
    events; ``best`` is None if none of them has a finite value.
    """

    values: np.ndarray
    errors: np.ndarray
    trusted: np.ndarray
    best: int | None

    @property
    def parts(self):
        """Values where they are trusted, and where they are not with the rows they begin at."""
        apart = ~self.trusted
        apart[1:] |= ~self.trusted[:-1]
        apart[:-1] |= ~self.trusted[1:]
        return np.where(self.trusted, self.values, np.nan), np.where(apart, self.values, np.nan)

    @property
    def top(self):
        """Upper end of an axis: room above the best, and for what is larger, within limits."""
        return top_of(self.values, self.best)


@dataclass(frozen=True, eq=False)
class Model:
    """One classifier: its cuts from tight to loose, its histograms, the axis of its score.

    Attributes
    ----------
    name : str
    cuts : hepml.stats.CutTable
    curve : hepml.stats.RocCurve
        For the area under the curve; the drawn points are those of `cuts`.
    edges : ndarray
        Bin edges, uniform on the axis named by `scale`.
    scale : {"linear", "logit"}
    histograms : dict of str to hepml.stats.ScoreHistogram
        ``signal``, ``background`` and, if given, ``train_signal``, ``train_background``.
    gap : Gap or None
        The exact bound beside every cut, if it is known.
    """

    name: str
    cuts: stats.CutTable
    curve: stats.RocCurve
    edges: np.ndarray
    scale: str
    histograms: dict
    gap: Gap | None = None

    @cached_property
    def thresholds(self):
        """Cuts from loose to tight, as a slider runs."""
        return self.cuts.threshold[::-1]

    @cached_property
    def errors(self):
        """Errors of ε_b and of 1/ε_b at the ε_s of every row."""
        return errors_at_chosen_signal(self.cuts)

    @property
    def auc_text(self):
        """The area under the curve as it is printed beside it."""
        return with_error(self.curve.auc, self.curve.auc_error)

    @property
    def notes(self):
        """What one should know of the numbers, few words each."""
        notes = [] if self.cuts.monotone else ["non-monotone"]
        if self.curve.fewest is None:
            return notes
        name, effective = self.curve.fewest
        return [f"{significant(effective, 2)} effective {name} events", *notes]

    def row(self, threshold):
        """Row of `cuts` whose threshold is nearest, the looser one of two."""
        rising = self.thresholds
        low = max(int(np.searchsorted(rising, threshold, side="right")) - 1, 0)
        high = min(low + 1, len(rising) - 1)
        nearer = low if threshold - rising[low] <= rising[high] - threshold else high
        return len(rising) - 1 - nearer

    def row_keeping(self, signal_efficiency):
        """Row of `cuts` whose signal efficiency is nearest, the loosest of equals."""
        distance = np.abs(self.cuts.signal_efficiency[::-1] - signal_efficiency)
        return len(distance) - 1 - (0 if np.isnan(distance).all() else int(np.nanargmin(distance)))

    def scan(self, merit, options):
        """Figure of merit ``merit`` at every row.

        Returns
        -------
        Scan
        """
        return scan_of(self.cuts, merit, options)

    def bound_scan(self, merit, options):
        """Figure of merit of the exact bound at the signal efficiency of every row."""
        return scan_of(self.gap.cuts, merit, options)

    def threshold_text(self, row):
        """Threshold of a row with as many decimals as tell it from its neighbours."""
        cuts = self.cuts.threshold
        neighbours = [*cuts[max(row - 1, 0) : row], *cuts[row + 1 : row + 2]]
        return (probability if self.scale == "logit" else distinct)(cuts[row], neighbours)

    def readout(self, row, merit, options):
        """One line about a row, digit for digit what the browser prints."""
        cuts, scan = self.cuts, self.scan(merit, options)
        rejection = cuts.background_rejection
        parts = [
            f"threshold {self.threshold_text(row)}",
            f"ε_s {percent(cuts.signal_efficiency[row])}",
            f"1/ε_b {with_error(rejection[row], self.errors[1][row])}",
            *(self.gap.readout(row) if self.gap else []),
            f"S {with_error(cuts.sumw_signal[row], np.sqrt(cuts.sumw2_signal[row]))}",
            f"B {with_error(cuts.sumw_background[row], np.sqrt(cuts.sumw2_background[row]))}",
            f"{merit} {with_error(scan.values[row], scan.errors[row])}",
        ]
        return " · ".join([*parts, *self.notes])

    def packed(self):
        """Pack what the browser gets: five columns of rows, the totals, the histograms."""
        cuts = self.cuts
        columns = {
            "threshold": cuts.threshold,
            "s": cuts.sumw_signal,
            "s2": cuts.sumw2_signal,
            "b": cuts.sumw_background,
            "b2": cuts.sumw2_background,
        }
        totals = [cuts.total_signal, cuts.total2_signal, cuts.total_background]
        return {
            "name": self.name,
            **{name: pack(column[::-1]) for name, column in columns.items()},
            "totals": pack([*totals, cuts.total2_background]),
            "notes": self.notes,
            "auc": self.auc_text,
            "scale": self.scale,
            "range": [float(self.edges[0]), float(self.edges[-1])],
            "bins": len(self.edges) - 1,
            "unit": self._unit,
            "histogram": dict(self._histogram_columns()),
            **(self.gap.packed() if self.gap else {}),
        }

    @property
    def _unit(self):
        """Largest bin content: what single-precision histograms are given in."""
        largest = max(np.abs(histogram.sumw).max() for histogram in self.histograms.values())
        return float(largest) or 1.0

    def _histogram_columns(self):
        for name, histogram in self.histograms.items():
            yield name, pack(histogram.sumw / self._unit, "<f4")
            if name.startswith("train"):
                yield f"{name}_error", pack(np.sqrt(histogram.sumw2) / self._unit, "<f4")


def scan_of(cuts, merit, options):
    """Figure of merit at every row of a table of cuts, and the best row that is trusted."""
    values, errors = MERITS[merit](cuts, options)
    left = stats.effective_events(cuts.sumw_background, cuts.sumw2_background)
    trusted = left >= stats.ENOUGH_BACKGROUND
    return Scan(values, errors, trusted, best_of(values, trusted))


def top_of(values, best):
    known = values[np.isfinite(values)]
    highest = known.max(initial=0.0)
    peak = highest if best is None else float(values[best])
    return max(1.6 * peak, min(1.7 * highest, 2.5 * peak)) if peak > 0 else 1.0


def title_of(merit, options):
    """Title of the axis of a figure of merit, with what it takes for granted."""
    given = {
        "Z": f"Z [σ], σ_b = {percent(options.sigma_b)}",
        "AMS": f"AMS [σ], b_r = {significant(options.b_r)}",
        "SIC": "ε_s / √ε_b",
    }
    return given[merit]


def _z(cuts, options):
    scan = stats.significance_scan(cuts, sigma_b=options.sigma_b)
    return scan.significance, scan.significance_error


def _ams(cuts, options):
    scan = stats.significance_scan(cuts, b_r=options.b_r)
    return scan.ams, scan.ams_error


def _sic(cuts, _options):
    signal, background = cuts.signal_efficiency, cuts.background_efficiency
    safe = np.where(background > 0, background, np.nan)
    relative = signal * cuts.background_efficiency_error / (2 * safe**1.5)
    return cuts.sic, np.hypot(cuts.signal_efficiency_error / np.sqrt(safe), relative)


MERITS = {"Z": _z, "AMS": _ams, "SIC": _sic}


def make_model(name, test, train, *, rows, scale, bound=None):
    """Compute all that is shown of one classifier.

    Parameters
    ----------
    name : str
    test, train : tuple of (y, score, weights)
        Arrays of one length each, weights may be None; ``train`` may be None.
    rows : int
        Largest number of thresholds.
    scale : {"auto", "linear", "logit"}
    bound : Bound, optional
        The exact log-likelihood ratio of the test events.

    Returns
    -------
    Model
    """
    y, score, weights = test
    if train:
        stats.cut_table(*train, thresholds=[0.0])  # raises a clear sentence for what is no sample
        check_yields(train[0], train[2])
    curve = stats.roc_curve(y, score, weights)
    check_yields(y, weights)
    cuts = stats.cut_table(y, score, weights, stats.choose_thresholds(y, score, weights, n=rows))
    scores = np.concatenate([np.asarray(score), np.asarray(train[1])]) if train else score
    edges, scale = axis_of(np.asarray(scores, dtype=float), scale)
    histograms = by_class(test, edges)
    if train:
        histograms |= scaled_like(histograms, by_class(train, edges))
    gap = gap_of(test, cuts, bound) if bound else None
    return Model(name, cuts, curve, edges, scale, histograms, gap)


def rows_for(models, *, bound=False):
    """How many rows each of so many models gets, so that the table stays small."""
    whole, row = TABLE_BYTES - BOUND_BYTES * bound, ROW_BYTES + BOUND_ROW_BYTES * bound
    return min(MOST_ROWS, (whole // models - HISTOGRAM_BYTES) // row)


def axis_of(score, scale):
    """Bin edges and the scale they are uniform on."""
    if scale == "auto":
        scale = "logit" if saturated(score) else "linear"
    if scale == "logit":
        return logit_edges(score), scale
    low, high = score.min(), score.max()
    if low >= 0 and high <= 1 and high - low > 0.5:
        low, high = 0.0, 1.0
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, BINS + 1), scale


def saturated(score):
    """Whether a linear axis would squeeze most scores into its last bins."""
    if score.min() < 0 or score.max() > 1:
        return False
    return np.mean((score < 0.01) | (score > 0.99)) > 0.5 and len(np.unique(score)) > BINS


def logit_edges(score):
    if score.min() < 0 or score.max() > 1:
        raise ValueError('scale="logit" wants scores between 0 and 1.')
    inner = score[(score > 1e-8) & (score < 1 - 1e-8)]
    low, high = (inner.min(), inner.max()) if inner.size else (0.25, 0.75)
    if low == high:
        low, high = expit(logit(low) - 1), expit(logit(low) + 1)
    return expit(np.linspace(logit(low), logit(high), BINS + 1))


def by_class(events, edges):
    """Histograms of signal and background; scores beyond the axis go to its end bins."""
    y, score, weights = events
    y, score = np.asarray(y).astype(bool), np.clip(score, edges[0], edges[-1])
    weights = None if weights is None else np.asarray(weights)
    pick = {"signal": y, "background": ~y}
    return {
        name: histogram_of(score[mask], None if weights is None else weights[mask], edges)
        for name, mask in pick.items()
    }


def histogram_of(score, weights, edges):
    """Histogram of one class, which may have no events."""
    if len(score):
        return stats.score_histogram(score, weights, edges)
    nothing = np.zeros(len(edges) - 1)
    return stats.ScoreHistogram(edges, nothing, nothing, nothing.astype(int), 0.0, 0.0)


def scaled_like(test, train):
    """Training histograms, each class brought to the yield of the test sample's."""
    return {f"train_{name}": rescaled(train[name], test[name].sumw.sum()) for name in train}


def rescaled(histogram, total):
    own = histogram.sumw.sum()
    factor = total / own if own else 1.0
    return stats.ScoreHistogram(
        histogram.edges,
        histogram.sumw * factor,
        histogram.sumw2 * factor**2,
        histogram.counts,
        0.0,
        0.0,
    )
