"""What the doctor of reweighted samples measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtri

from hepml.stats._closures import cell_closures, feature_closures
from hepml.stats._halves import Scored, scored, share_needed, worst_covered
from hepml.stats._twosample import effective_size

if TYPE_CHECKING:
    from hepml.stats.events import Sample

HEAVIEST = 2
GROUPS = 4  # of tests: features, pairs, closures that are too good, classifier
PER_AUC = 2 * np.sqrt(np.pi)  # relative deviation of a density per deviation of the AUC from 1/2


class Case(NamedTuple):
    """All that the doctor looks at: one set of events, and how to judge them."""

    names: tuple
    before: Sample  # the source with its own weights
    source: Sample  # the source with its new weights
    target: Sample
    make_classifier: object
    tolerance: float
    false_alarm: float

    @property
    def z(self):
        """Pull, of either sign, that is an alarm."""
        return float(-ndtri(self.alarm / 2))

    @property
    def region_tolerance(self):
        """Relative deviation of a region that is tolerated."""
        return PER_AUC * self.tolerance

    @property
    def alarm(self):
        """Share of the false alarms that is left to each group of tests."""
        return self.false_alarm / GROUPS


class Findings(NamedTuple):
    """Everything measured before it is judged."""

    uncovered: float
    where: str
    effective_size: float
    effective_share: float
    usual_share: float  # without the heaviest events
    share_needed: float
    largest_weight: float
    yields: np.ndarray  # sum of new weights over the source's own sum, over the target's
    yield_errors: np.ndarray
    closures: tuple
    cells: tuple
    before: Scored
    now: Scored
    learned: Scored
    rng: object


def examined(case, learned, rng):
    before = scored(case.before, case.target, case.make_classifier, rng)
    now = scored(case.source, case.target, case.make_classifier, rng)
    seen = Scored(np.nan, np.nan)
    if learned is not None:
        seen = scored(learned.source, learned.target, case.make_classifier, rng)
    weights = case.source.weights
    size = effective_size(weights)
    return Findings(
        *worst_covered(case, before),
        size,
        size / effective_size(case.before.weights),
        effective_size(without_heaviest(weights)) / effective_size(case.before.weights),
        float(np.mean([share_needed(part) for part in before.halves])),
        float(np.abs(weights).max() / abs(weights.sum())),
        *yields(case),
        feature_closures(case),
        cell_closures(case),
        before,
        now,
        seen,
        rng,
    )


def without_heaviest(weights):
    """Leave out the few events whose weight is a matter of chance even for perfect weights."""
    return weights[np.argsort(np.abs(weights))[:-HEAVIEST]]


def yields(case):
    """Sum of the new weights over those of the source and of the target, and the errors."""
    new, old, target = (sample.weights for sample in (case.source, case.before, case.target))
    errors = np.sqrt(np.sum((new - old) ** 2)), np.sqrt(np.sum(new**2) + np.sum(target**2))
    sums = np.array([old.sum(), target.sum()])
    return new.sum() / sums, np.array(errors) / np.abs(sums)
