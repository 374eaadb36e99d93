"""The doctor of reweighted samples: whether a source with new weights is like its target."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepml.stats._boosting import SymmetricBoosting
from hepml.stats._closures import Closure
from hepml.stats._findings import PER_AUC, Case, examined
from hepml.stats._verdicts import CHECKS, band_width, fine
from hepml.stats.events import as_reweighted, as_tables, held_out_events

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["Closure", "ReweightingReport", "reweighting_report"]


@dataclass(frozen=True, eq=False, repr=False)
class ReweightingReport:
    """What the doctor found; see `reweighting_report` for how.

    Attributes
    ----------
    verdict : {"good", "not good", "cannot tell"}
    reason : str
        One sentence: the first cause, and the feature or the region it is seen in.
    causes : tuple of str
        Everything found, the first cause first: "support", "over-fitted", "weights",
        "closure", "cells", "classifier", "normalisation", or "seen before".
    uncovered : float
        Share of the target that lives where the source has next to nothing.
    effective_size : float
        (Σw)² / Σw² of the new weights.
    effective_share : float
        The same over the effective size before reweighting.
    share_needed : float
        Estimate of the ``effective_share`` of perfect weights.
    largest_weight : float
        Largest absolute weight over the absolute sum of weights.
    yield_to_source, yield_to_target : float
        Sum of the new weights over those of the source's own and of the target's.
    closures : tuple of Closure
        One for each feature.
    cells : tuple of Closure
        One for each pair of features.
    auc, auc_error : float
        Of an independent classifier that tells the target from the reweighted source, on events
        it did not learn from.
    auc_band : tuple of float
        Where ``auc`` is if the two samples cannot be told apart.
    auc_before : float
        The same AUC with the source's own weights.
    auc_learned : float
        The same AUC on the events that are not held out; NaN where it was not computed.
    tolerance, false_alarm : float
        As they were given.
    """

    verdict: str
    reason: str
    causes: tuple
    uncovered: float
    effective_size: float
    effective_share: float
    share_needed: float
    largest_weight: float
    yield_to_source: float
    yield_to_target: float
    closures: tuple
    cells: tuple
    auc: float
    auc_error: float
    auc_band: tuple
    auc_before: float
    auc_learned: float
    tolerance: float
    false_alarm: float

    @property
    def region_tolerance(self) -> float:
        """Relative deviation of a region that is tolerated: 2 √π times ``tolerance``."""
        return float(PER_AUC * self.tolerance)

    def __repr__(self):
        return (
            f"ReweightingReport({self.verdict}: {self.reason} AUC {self.auc_before:.3f} → "
            f"{self.auc:.4f} ± {self.auc_error:.4f}, effective size "
            f"{self.effective_size:.4g} ({100 * self.effective_share:.3g} %))"
        )


def reweighting_report(
    source: Any,
    target: Any,
    new_weights: ArrayLike,
    weights: ArrayLike | None = None,
    target_weights: ArrayLike | None = None,
    *,
    features: Sequence[str] | None = None,
    held_out: tuple[ArrayLike, ArrayLike] | None = None,
    classifier: Any = None,
    tolerance: float = 0.01,
    false_alarm: float = 1e-3,
    rng: int | np.random.Generator = 0,
) -> ReweightingReport:
    r"""Judge whether new weights make a source sample like a target sample, and say why not.

    Parameters
    ----------
    source, target : dict or DataFrame of columns, or array_like of shape (n, d)
        Features of the events, with the same columns in both. Give more features than the
        weights were learned from: what was left out is seen in no other way.
    new_weights : array_like, shape (n_source,)
        Weights of the source after reweighting: its own ones times the ratio that was learned.
    weights, target_weights : array_like, shapes (n_source,) and (n_target,), optional
        Weights before reweighting; 1 if not given. All weights may have either sign.
    features : sequence of str, optional
        Columns to look at, by default all; for arrays, the names to call them by.
    held_out : pair of array_like of bool, optional
        Which events of source and target the weights were *not* learned from. Judged are only
        these; the others are compared with them to recognise over-fitted weights. If not given,
        all events are taken to be held out.
    classifier : object, optional
        With ``fit(X, y, sample_weight)`` and ``predict_proba(X)``, the target being ``y == 1``;
        it is fitted anew several times. By default boosted symmetric trees of our own.
    tolerance : float, default 0.01
        AUC - 1/2 that is good enough. As normal samples that differ by a shift :math:`\delta`
        have :math:`AUC - 1/2 \approx \delta / (2 \sqrt\pi)`, so much is tolerated in a region:
        a relative deviation of :math:`2 \sqrt\pi` times the tolerance (3.5 %). With 0 every
        significant difference counts.
    false_alarm : float, default 0.001
        Chance that perfect weights are called anything but good.
    rng : int or numpy.random.Generator, default 0
        Splits the events into halves and seeds the default classifier.

    Returns
    -------
    ReweightingReport

    Raises
    ------
    ValueError, TypeError
        For tables that do not match, fewer than 50 events, values that are not finite, or weights
        that add up to zero.

    Notes
    -----
    In this order, the first that fails being the reason:

    support
        The share of the target above some cut on the classifier *before* reweighting where
        the source is 100 times rarer; more than 2 % is too much. No weights can help.
    over-fitted
        The effective share, without the two heaviest events, is less than half of what the density
        ratio r needs, :math:`1 / E[r^2]`, from 30 bins of the classifier's score before
        reweighting. Or, with ``held_out``, weights that fail have a larger AUC on held-out
        events than on the others.
    weights
        Effective size :math:`(\sum w)^2 / \sum w^2` (L. Kish, Survey Sampling, 1965) below 10 %
        of the one before or below 100, or an event with more than 5 % of all weight.
    closure, cells
        :math:`\chi^2` of the shares in 10 quantile regions of each feature and 5 × 5 of each
        pair, fewer if there are few effective events; the regions hold equal parts of the
        variance. The covariance is the one of weighted shares :math:`p_k = \sum_k w / W`,

        .. math:: C_{kl} = \delta_{kl} q_k - q_k p_l - p_k q_l + p_k p_l \sum_m q_m,
                  \qquad q_k = \sum_k w^2 / W^2,

        of both samples, with q in proportion to the common shares (Pearson's choice), and the
        squared tolerance on its diagonal.
    classifier
        AUC of a classifier learned on one half of the events and judged on the other, and the
        other way round, averaged. Its error is that of one half (`RocCurve.auc_error`), as the two
        are not independent; it fails above the null band and above 1/2 + ``tolerance``.
    normalisation
        Sums of the new weights that fit neither the source's own sum nor the target's: off by more
        than the statistics and by more than 10 %.
    seen before
        An AUC *below* the band, or a :math:`\chi^2` too small: chance fluctuations of these very
        events are in the weights, so one half of the events tells the opposite of the other. The
        verdict is "cannot tell": judge held-out events. Weights from k folds are found here too if
        they are flexible, as the folds together have seen every event: judge one fold, by
        ``held_out``.

    Features, pairs, classifier and what is too good get a quarter of ``false_alarm`` each, by
    Bonferroni's inequality; the other tests compare with sizes far from what chance does.

    Measured with exact weights of normal samples, four features and all options as they are,
    this many were called good:

    ==================  ===============  ===========
    events per sample   effective share  good
    ==================  ===============  ===========
    4000                89 %             200 of 200
    4000                64 %             200 of 200
    4000                29 %             200 of 200
    10000               64 %             200 of 200
    20000               64 %             60 of 60
    ==================  ===============  ===========

    With tolerance 0 and a ``false_alarm`` of 5 %, 15 of 300 were not (4000 events, 64 %). The
    p-values of the cells grow too small if few weights matter: at 29 % of 4000 events 0.3 % are
    below 0.1 %, at 10 % of them 0.6 %. A correlation of two features that the weights do not
    know was found in 0, 1 and 7 of 8 cases if it was 5, 10 and 15 % (10000 events): the tolerance
    hides the first two.
    """
    names, X_source, X_target = as_tables(source, target, features)
    samples = as_reweighted(X_source, X_target, new_weights, weights, target_weights)
    how = (
        factory(classifier),
        positive("tolerance", tolerance, zero=True),
        positive("false_alarm", false_alarm),
    )
    rng = np.random.default_rng(rng)
    judged, learned = held_out_events(samples, held_out)
    case = Case(names, *judged, *how)
    return report(case, examined(case, learned, rng))


def positive(name, value, *, zero=False):
    if not (value > 0 or (zero and value == 0)) or not value < 1:
        raise ValueError(f"{name} is wanted between 0 and 1, not {value}.")
    return float(value)


def factory(classifier):
    """Return a function of a generator that gives a classifier with ``fit``."""
    if classifier is None:
        return SymmetricBoosting
    if not (hasattr(classifier, "fit") and hasattr(classifier, "predict_proba")):
        raise TypeError(
            "classifier needs the methods fit(X, y, sample_weight) and predict_proba(X)."
        )
    return lambda _rng: deepcopy(classifier)


def report(case, found):
    """Put the findings in order; the first is the reason."""
    causes = {name: check(case, found) for name, check in CHECKS.items()}
    causes = {name: sentence for name, sentence in causes.items() if sentence}
    verdict = "cannot tell" if list(causes) == ["seen before"] else "not good"
    width = band_width(case, found.now)
    return ReweightingReport(
        verdict=verdict if causes else "good",
        reason=next(iter(causes.values()), fine(case, found)),
        causes=tuple(causes),
        uncovered=found.uncovered,
        effective_size=found.effective_size,
        effective_share=float(found.effective_share),
        share_needed=found.share_needed,
        largest_weight=found.largest_weight,
        yield_to_source=float(found.yields[0]),
        yield_to_target=float(found.yields[1]),
        closures=found.closures,
        cells=found.cells,
        auc=found.now.auc,
        auc_error=found.now.error,
        auc_band=(0.5 - width, 0.5 + width),
        auc_before=found.before.auc,
        auc_learned=found.learned.auc,
        tolerance=case.tolerance,
        false_alarm=case.false_alarm,
    )
