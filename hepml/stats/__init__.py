"""Weighted statistics for classifiers in high-energy physics.

Functions take arrays and return small immutable results; weights may have either sign.
"""

from hepml.stats._bumps import (
    SATURATED,
    BumpHunt,
    BumpScan,
    GlobalSignificance,
    bump_hunt,
    bump_scan,
    pseudo_experiments,
    trials_factor,
)
from hepml.stats._calibration import Calibration, calibration
from hepml.stats._closures import Closure, HistogramTest, histogram_test
from hepml.stats._columntests import ColumnTests, column_tests, sidak
from hepml.stats._correlations import correlations
from hepml.stats._cuts import (
    CutTable,
    WorkingPoint,
    background_rejection,
    errors_at_signal_efficiency,
    working_point,
)
from hepml.stats._elsewhere import BestElsewhere, best_elsewhere
from hepml.stats._importance import Importance, auc_gain, permutation_importance
from hepml.stats._reweighting import ReweightingReport, reweighting_report
from hepml.stats._roc import RocCurve, auc, roc_curve
from hepml.stats._scan import (
    ENOUGH_BACKGROUND,
    SignificanceScan,
    best_row,
    effective_events,
    significance_scan,
)
from hepml.stats._separation import Separation, separation
from hepml.stats._significance import ams, ams_error, asimov, significance, significance_error
from hepml.stats._tables import ScoreHistogram, choose_thresholds, cut_table, score_histogram
from hepml.stats._twosample import TwoSampleTest, two_sample_test
from hepml.stats._units import weight_per_count

__all__ = [
    "ENOUGH_BACKGROUND",
    "SATURATED",
    "BestElsewhere",
    "BumpHunt",
    "BumpScan",
    "Calibration",
    "Closure",
    "ColumnTests",
    "CutTable",
    "GlobalSignificance",
    "HistogramTest",
    "Importance",
    "ReweightingReport",
    "RocCurve",
    "ScoreHistogram",
    "Separation",
    "SignificanceScan",
    "TwoSampleTest",
    "WorkingPoint",
    "ams",
    "ams_error",
    "asimov",
    "auc",
    "auc_gain",
    "background_rejection",
    "best_elsewhere",
    "best_row",
    "bump_hunt",
    "bump_scan",
    "calibration",
    "choose_thresholds",
    "column_tests",
    "correlations",
    "cut_table",
    "effective_events",
    "errors_at_signal_efficiency",
    "histogram_test",
    "permutation_importance",
    "pseudo_experiments",
    "reweighting_report",
    "roc_curve",
    "score_histogram",
    "separation",
    "sidak",
    "significance",
    "significance_error",
    "significance_scan",
    "trials_factor",
    "two_sample_test",
    "weight_per_count",
    "working_point",
]
