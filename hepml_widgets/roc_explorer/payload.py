"""From events to the compact payload of a `RocExplorer`: exact rows, small histograms."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hepml import stats
from hepml_widgets.core.cuts import scan_of
from hepml_widgets.core.language import tr
from hepml_widgets.core.numbers import distinct, percent, probability, significant, with_error
from hepml_widgets.core.payload import pack
from hepml_widgets.core.scores import BINS, axis_of, by_class, scaled_like
from hepml_widgets.core.validate import check_yields
from hepml_widgets.roc_explorer.bound import POINTS, Gap, gap_of

ROW_BYTES = 5 * 8
BOUND_ROW_BYTES = 8 + 2 * 4
BOUND_BYTES = 2 * POINTS * 4
HISTOGRAM_BYTES = 6 * BINS * 4
TABLE_BYTES = 35_200
MOST_ROWS = 1000
MOST_MODELS = 8


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
        return stats.errors_at_signal_efficiency(self.cuts)

    @property
    def auc_text(self):
        """The area under the curve as it is printed beside it."""
        return with_error(self.curve.auc, self.curve.auc_error)

    @property
    def notes(self):
        """What one should know of the numbers, few words each."""
        notes = [] if self.cuts.monotone else [tr("non-monotone")]
        if self.curve.fewest is None:
            return notes
        name, effective = self.curve.fewest
        n = significant(effective, 2)
        if name == "signal":
            return [tr("{n} effective signal events", n=n), *notes]
        return [tr("{n} effective background events", n=n), *notes]

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
            f"{tr('threshold')} {self.threshold_text(row)}",
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
