"""Checks of the exercises of the lesson on reweighting.

Scores are probabilities of being target; weights are those of source events after reweighting.
Features are arrays of shape (events, features), with names in the same order.
"""

import numpy as np

from hepml.stats import effective_events, reweighting_report, roc_curve
from hepml_lessons.checks._tries import exercise
from hepml_lessons.checks._verdict import (
    THREE_DIGITS,
    Verdict,
    agree,
    by_chance,
    first_that_agrees,
    is_rounding,
    missing,
    no_number,
    no_scores,
    side,
    why_differs,
)
from hepml_widgets.core.language import tr

__all__ = ["audit", "folded", "weights_from_scores", "with_losses"]

BEST, WORST = 0.56, 0.55
"""AUCs between these samples, on events not seen, of good and of simple models of all features:
trees have 0.558 to 0.560, and 0.579 on events that they have seen."""
ABOVE, BELOW = 0.008, 0.015
"""How far better and poorer models may be from these, beside four statistical errors."""
AUDIT = 0.012
"""How far AUCs of two good classifiers on the same samples may be apart, beside three errors."""
FOLDS = 0.4
"""Errors by which a mean over folds may differ from the AUC of all events."""
LOSSES = {
    "n_photon": (0.04, 0.08),
    "n_neutral_hadron": (0.06, 0.14),
    "n_kaon": (0.06, 0.14),
    "n_proton": (0.1, 0.18),
}
"""Shares of the particles of a kind that are missed: enough to be seen, whichever kind it is.
Charged particles are none: their number is even, which no more holds where some are missed."""
KNOWS = 0.008
"""Gain of an AUC without weights that tells whether they were learned with."""


@exercise(
    (
        "A classifier that saw equal numbers of both gives s = p_target / (p_target + "
        "p_source): solve for the ratio."
    ),
    (
        "The ratio is s / (1 − s). The unequal numbers multiply it by a constant: scale the "
        "sum to the number of events."
    ),
    "The effective size is (Σw)² / Σw²; divide it by the number of events.",
)
def weights_from_scores(scores, *, my_weights=None, my_share=None):
    """Exercise 1: density ratios, as weights with the right sum, and what they leave.

    Parameters
    ----------
    scores : array_like, shape (n,)
        Probabilities of being target, between 0 and 1, of source events; the mixture of the
        training may have been any.
    my_weights : array_like, shape (n,)
        Odds of the scores, with a sum of n.
    my_share : float
        Effective size over n.

    Returns
    -------
    Verdict
    """
    scores = np.asarray(scores, float)
    answers = {"my_weights": my_weights, "my_share": my_share}
    if unusable := (
        missing(**answers)
        or no_scores([len(scores)], my_weights=my_weights)
        or no_number(my_share=my_share)
    ):
        return unusable
    given = np.asarray(my_weights, float)
    said = _why_not_odds(given, scores) or _why_share_differs(my_share, given)
    if said:
        odds = scores / (1 - scores)
        share = float(effective_events(odds.sum(), np.sum(odds**2)) / len(odds))
        told = tr(
            "The weights are s / (1 − s) with a sum of {len}, the share is {share}.",
            len=len(odds),
            share=f"{share:.4f}",
        )
        return Verdict(False, said, answer=told)
    return Verdict(
        True,
        tr(
            "Right: the odds, and {my_share} of the effective size is left.",
            my_share=f"{my_share:.0%}",
        ),
    )


def _why_not_odds(given, scores):
    """Sentence on weights that are not the odds with a sum of their number."""
    n, odds = len(scores), scores / (1 - scores)
    if given.sum() <= 0:
        return "The weights add up to nothing or less: no score gives a negative ratio."
    readings = {
        None: odds,
        "These are the scores: the ratio of densities is s / (1 − s).": scores,
        "This is (1 − s) / s: it turns the target into the source. Divide the other way.": 1 / odds,
        "These are the probabilities 1 − s of being source.": 1 - scores,
        "This is ln s/(1 − s), the logarithm of the ratio.": np.log(odds),
        "These are all equal: nothing is reweighted.": np.ones(n),
    }
    for said, other in readings.items():
        if _alike(given, other):
            return said or _why_sum_differs(given, odds)
    return "Not the odds s / (1 − s), not even up to a common factor."


def _alike(given, other):
    """Whether weights are these up to a factor and two decimals."""
    with np.errstate(all="ignore"):
        scaled = other * (given.sum() / other.sum())
    return np.allclose(given, scaled, rtol=2e-3, atol=6e-3 * abs(np.mean(given)))


def _why_sum_differs(given, odds):
    n, total = len(odds), given.sum()
    if agree(total, n, 0.004):
        return None
    misconceptions = {
        tr(
            "The ratio is right, its sum is not: the classifier saw another mixture of the "
            "two than one to one. Scale the sum to {n}.",
            n=n,
        ): odds.sum(),
        tr("The weights add up to 1; wanted is their number, {n}.", n=n): 1,
    }
    otherwise = tr(
        "The ratio is right, but the weights add up to {total}, not to {n}.",
        total=f"{total:.4g}",
        n=n,
    )
    return first_that_agrees(total, misconceptions, 0.004) or otherwise


def _why_share_differs(given, weights):
    n, size = len(weights), float(effective_events(weights.sum(), np.sum(weights**2)))
    misconceptions = {
        "This is the effective size itself: divide by the number of events.": size,
        "This is one over the share: (Σw)² goes above, Σw² below.": n / size,
        "This is the root of the share: leave (Σw)² / Σw² as it is.": np.sqrt(size / n),
        "This is 1 − share, what is lost.": 1 - size / n,
        "This is Σw² / (Σw)²: turn it over, and divide by the number of events.": 1 / size,
        "In percent? Give a share between 0 and 1.": 100 * size / n,
        "Their sum over their number is 1 by construction; the effective size is (Σw)² / Σw².": 1,
    }
    otherwise = "The share that they leave is not so {side}."
    said = why_differs(given, size / n, misconceptions, otherwise)
    return said and tr("The weights are right. {said}", said=said)


@exercise(
    "Split both samples in two or more folds; train on the others, score the one left out.",
    (
        "cross_fitted of the lesson does that; what it gives are log-odds, and expit makes "
        "probabilities of them."
    ),
    "The weights are the odds of the source's scores, scaled to a sum of their number.",
)
def folded(
    source,
    target,
    features,
    *,
    my_scores_source=None,
    my_scores_target=None,
    my_weights=None,
    rng=0,
):
    """Exercise 2: scores of all events from models that have not seen them, and the weights.

    Scores are judged by their AUC between the samples: too good is in-sample, too poor does not
    know the features. Weights have to be the odds, with a sum of n. Then the doctor judges them
    (`hepml.stats.reweighting_report`); that all folds together have seen every event is allowed.

    Parameters
    ----------
    source, target : array_like, shapes (n, d) and (m, d)
        Nominal events and those with the other hadronisation.
    features : sequence of str
        Names of the columns.
    my_scores_source, my_scores_target : array_like, shapes (n,) and (m,)
        Probabilities of being target.
    my_weights : array_like, shape (n,)
        Weights of the source events.
    rng : int
        For the doctor.

    Returns
    -------
    Verdict
    """
    scores = {"my_scores_source": my_scores_source, "my_scores_target": my_scores_target}
    sizes = [len(source), len(target), len(source)]
    if unusable := (
        missing(**scores, my_weights=my_weights)
        or no_scores(sizes, **scores, my_weights=my_weights)
        or _no_probabilities(**scores)
    ):
        return unusable
    found = [np.asarray(values, float) for values in scores.values()]
    weights = np.asarray(my_weights, float)
    said = _why_not_unseen(*found) or _why_not_odds(weights, found[0])
    if said:
        return Verdict(False, said)
    return _examined(reweighting_report(source, target, weights, features=features, rng=rng))


def _no_probabilities(**scores):
    for name, values in scores.items():
        if np.min(values) <= 0 or np.max(values) >= 1:
            return Verdict(
                False,
                tr(
                    "{name} goes from {min} to {max}: wanted are probabilities between 0 and 1, "
                    "ends excluded: predict_proba, or expit of the log-odds.",
                    name=name,
                    min=f"{np.min(values):.3g}",
                    max=f"{np.max(values):.3g}",
                ),
            )
    return None


def _why_not_unseen(scores_source, scores_target):
    curve = _curve(scores_source, scores_target)
    found, four_errors = curve.auc, 4 * curve.auc_error
    least = WORST - np.hypot(BELOW, four_errors)
    told = tr("Your scores have an AUC of {found}", found=f"{found:.3f}")
    if found < 1 - least:
        return tr("{told}: they are larger for the source. Is the target y = 1?", told=told)
    if found > BEST + np.hypot(ABOVE, four_errors):
        return tr(
            "{told}, better than any model can be on events that it has not seen: these are "
            "in-sample scores. Each event needs a model that did not train on it. "
            "{by_chance}",
            told=told,
            by_chance=by_chance(found - BEST, curve.auc_error),
        )
    if found < least:
        return tr(
            "{told}, too little for all features. Did the rows get mixed up, or did a fold "
            "train too little? {by_chance}",
            told=told,
            by_chance=by_chance(WORST - found, curve.auc_error),
        )
    return None


def _curve(scores_source, scores_target, weights=None):
    """ROC curve of target against source, whose weights may be given."""
    y = np.repeat([0, 1], [len(scores_source), len(scores_target)])
    w = None if weights is None else np.concatenate([weights, np.ones(len(scores_target))])
    return roc_curve(y, np.concatenate([scores_source, scores_target]), w)


def _examined(report):
    causes = [cause for cause in report.causes if cause != "seen before"]
    size = tr("effective size {effective_share}", effective_share=f"{report.effective_share:.0%}")
    told = f"AUC {report.auc:.3f} ± {report.auc_error:.3f}, {size}"
    if not causes:
        return Verdict(
            True, tr("Right: the scores are honest, and the doctor is content ({told}).", told=told)
        )
    first = causes[0]
    if first in {"closure", "cells", "classifier"}:
        return Verdict(
            False,
            tr(
                "The doctor is not content: {reason} Did you leave a feature out, or train too "
                "little?",
                reason=report.reason,
            ),
        )
    return Verdict(False, tr("The doctor is not content: {reason}", reason=report.reason))


def with_losses(events, features, rng):
    """Make the target of exercise 3: a detector misses some particles of one kind. No peeking.

    Parameters
    ----------
    events : array_like, shape (n, d)
        Of whole numbers, where a feature counts particles.
    features : sequence of str
        Names of the columns, some of them those of `LOSSES`.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape (n, d)
        The events with fewer particles of one kind.
    str
        The feature that counts them.
    """
    name = str(rng.choice([name for name in LOSSES if name in list(features)]))
    kept, seen = 1 - rng.uniform(*LOSSES[name]), np.array(events, float)
    column = seen[:, list(features).index(name)]
    column[:] = rng.binomial(column.astype(int), kept)
    return seen, name


@exercise(
    "Train with the colleague's weights on the source and ones on the target, in folds.",
    (
        "stats.auc of target against source takes these weights, too: without them you see "
        "what was mended."
    ),
    "Compare each feature's distribution by eye or by stats.reweighting_report: one closes worst.",
)
def audit(
    source,
    target,
    weights,
    features,
    *,
    own_auc,
    my_scores_source=None,
    my_scores_target=None,
    my_auc=None,
    my_feature=None,
    rng=0,
):
    """Exercise 3: an independent two-sample AUC of given weights, and the feature left out.

    The AUC has to be that of the scores, with weights. Scores are judged by it: it has to agree
    with the doctor's (`hepml.stats.reweighting_report`) within 0.012 and three of its errors added
    in quadrature. The feature is that of the worst closure.

    Parameters
    ----------
    source, target : array_like, shapes (n, d) and (m, d)
        Events with which the weights are to be judged.
    weights : array_like, shape (n,)
        Of the source.
    features : sequence of str
        Names of the columns.
    own_auc : float
        AUC of the classifier that made the weights.
    my_scores_source, my_scores_target : array_like, shapes (n,) and (m,)
        The larger, the more like the target; each from a model that has not seen the event.
    my_auc : float
        AUC claimed, of target against reweighted source.
    my_feature : str
        The feature that the weights do not know.
    rng : int
        For the doctor.

    Returns
    -------
    Verdict
    """
    scores = {"my_scores_source": my_scores_source, "my_scores_target": my_scores_target}
    if unusable := (
        missing(**scores, my_auc=my_auc, my_feature=my_feature)
        or no_scores([len(source), len(target)], **scores)
        or no_number(my_auc=my_auc)
    ):
        return unusable
    found = [np.asarray(values, float) for values in scores.values()]
    curve, plain = _curve(*found, np.asarray(weights, float)), _curve(*found).auc
    if said := _why_other_auc(my_auc, curve, plain, own_auc):
        return Verdict(
            False, said, answer=tr("The AUC of these scores is {auc}.", auc=f"{curve.auc:.4f}")
        )
    report = reweighting_report(source, target, weights, features=features, rng=rng)
    said = _why_not_independent(curve.auc, plain, report, own_auc) or _why_other_feature(
        my_feature, report, features
    )
    if said:
        return Verdict(False, said)
    return Verdict(
        True,
        tr(
            "Right: yours finds {auc}, mine {auc2} ± {auc_error}, and {my_feature} does not close.",
            auc=f"{curve.auc:.3f}",
            auc2=f"{report.auc:.3f}",
            auc_error=f"{report.auc_error:.3f}",
            my_feature=my_feature,
        ),
    )


def _why_other_auc(claimed, curve, plain, own_auc):
    """Sentence on an AUC that is not that of the scores, or None."""
    area = curve.auc
    if abs(claimed - area) <= THREE_DIGITS or is_rounding(claimed, area):
        return None
    if abs(claimed - plain) <= THREE_DIGITS:
        return "You left out the weights: that is the AUC of your scores without them."
    if abs(claimed - area) <= FOLDS * curve.auc_error:
        return None
    if agree(claimed, own_auc, 2e-3):
        return (
            "That is what the colleague's own classifier says, and it is as blind as the weights. "
            "Give the AUC of your own, on all features."
        )
    if abs(claimed - (1 - area)) <= THREE_DIGITS:
        return "That is 1 − AUC: are target and source swapped in it?"
    return tr(
        "my_auc is too {side} for your scores, the source with its new weights.",
        side=side(claimed, area),
    )


def _why_not_independent(area, plain, report, own_auc):
    """Sentence on scores that no classifier of all features would give on unseen events."""
    tolerance = np.hypot(AUDIT, 3 * report.auc_error)
    told = tr("The AUC of your scores is {area}", area=f"{area:.3f}")
    if area < 0.5 - tolerance / 2:
        return tr("{told}, below ½ by much: are target and source swapped?", told=told)
    if area > report.auc + tolerance:
        return tr(
            "{told}. That is too good: were they measured on the events that the classifier "
            "learned from?",
            told=told,
        )
    if area < report.auc - tolerance or agree(area, own_auc, 2e-3):
        return tr(
            "{told}: it sees no more than the colleague's, as blind as the weights. Give it "
            "all features, all events and some more trees.",
            told=told,
        )
    gain = report.auc_before - report.auc
    if gain > KNOWS and plain - area > gain / 2:
        return tr(
            "{told}, but {plain} without weights: did your classifier learn without them? "
            "It has found what they mend.",
            told=told,
            plain=f"{plain:.3f}",
        )
    return None


def _why_other_feature(given, report, features):
    if not isinstance(given, str) or given not in list(features):
        return tr(
            "The AUC is right. my_feature should be the name of one feature, not {given}.",
            given=f"{given!r}",
        )
    worst = min(report.closures, key=lambda one: one.p_value).features[0]
    if given == worst:
        return None
    its = next(one for one in report.closures if one.features == (given,))
    return tr(
        "The AUC is right. But {given} closes better than another feature does: its "
        "χ²/ndf is {chi2}/{ndf}. Look for the worst.",
        given=given,
        chi2=f"{its.chi2:.0f}",
        ndf=its.ndf,
    )
