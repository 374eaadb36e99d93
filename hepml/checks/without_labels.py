"""Checks of the exercises of the lesson on classification without labels.

``mjj`` is the mass of the two jets of each event in GeV, ``region`` a pair of limits, ``sidebands``
two of them: training uses only these. ``edges`` are those of the spectra that are fitted.
"""

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import spearmanr

from hepml.checks._verdict import (
    THREE_DIGITS,
    Verdict,
    first_that_agrees,
    missing,
    no_number,
    no_scores,
)
from hepml.stats import auc, bump_hunt, bump_scan, pseudo_experiments

__all__ = ["honest_hunt", "null_run", "true_auc"]

PARAMETERS = 3
KNOWS_MASS = 0.15
"""Rank correlation of score and mass, far from region and sidebands, that no fair score has."""
DRIFTS = 2.1
"""Ratio of what a cut at 10 % keeps above the sidebands and below the region, either way round:
1.3 to 1.8 for masses over mjj in `dijets`, 2 to 2.6 for raw masses, 10 with momenta."""
REMEMBERS = 0.53
"""AUC of region against sidebands that trees reach only on what they were trained on."""
TWO_DIGITS = 0.03
"""How far a significance may be off that was rounded, or whose cut was rounded."""
EXPERIMENTS = 1000


def true_auc(score_1, score_2, f1, f2, *, my_auc=None):
    """Exercise 1: the AUC of signal against background, from two bags and their purities.

    Parameters
    ----------
    score_1, score_2 : array_like
        Scores of the events of bag 1 and of bag 2.
    f1, f2 : float
        Their purities.
    my_auc : float
        AUC of signal against background.

    Returns
    -------
    Verdict

    Notes
    -----
    A pair of one event from each bag is (signal, background) with probability f1 (1 - f2), the
    other way round with (1 - f1) f2, and else of one kind: AUC_bags = ½ + (f1 - f2) (AUC - ½).
    """
    if unusable := missing(my_auc=my_auc) or no_number(my_auc=my_auc):
        return unusable
    if f1 == f2:
        return Verdict(False, "Bags of equal purities say nothing about the AUC.")
    y = np.repeat([1, 0], [len(score_1), len(score_2)])
    over = auc(y, np.concatenate([score_1, score_2])) - 0.5
    wanted = 0.5 + over / (f1 - f2)
    if abs(my_auc - wanted) < THREE_DIGITS:
        return Verdict(True, f"Right: {wanted:.3f}, and no label was needed.")
    wrong = _misread_bags(over, f1, f2)
    said = first_that_agrees(my_auc, wrong, THREE_DIGITS)
    return Verdict(False, said or f"From these scores I get {wanted:.3f}, you say {my_auc:.3f}.")


def _misread_bags(over, f1, f2):
    """AUC for each way to misread the bags, by what to say about it."""
    return {
        "This is the AUC of bag 1 against bag 2: most of their events are alike.": 0.5 + over,
        "The bags are exchanged: this is below ½ by as much as it should be above.": (
            0.5 - over / (f1 - f2)
        ),
        "Divide only what is above ½: a pair of two alike counts ½.": (0.5 + over) / (f1 - f2),
        "You multiplied by f1 - f2: mixing brings the AUC closer to ½, undoing it must not.": (
            0.5 + over * (f1 - f2)
        ),
        "You took bag 2 for pure background: it has a purity, too.": 0.5 + over / f1,
        "It is the difference of the purities that counts, not their sum.": 0.5 + over / (f1 + f2),
    }


def null_run(mjj, region, sidebands, edges, *, my_score=None, my_z=None):
    """Exercise 2: score events among which there is no signal, and say how large a bump is left.

    Parameters
    ----------
    mjj, region, sidebands, edges
        As above.
    my_score : array_like, shape (events,)
        From models that have not seen the event; larger for more like the region.
    my_z : float
        Local significance where the 1 % of the events with the largest scores is kept.

    Returns
    -------
    Verdict
    """
    answers = {"my_score": my_score, "my_z": my_z}
    if unusable := missing(**answers) or no_scores([len(mjj)], my_score=my_score):
        return unusable
    if unusable := no_number(my_z=my_z):
        return unusable
    my_score = np.asarray(my_score, float)
    if said := _unfair(mjj, my_score, region, sidebands):
        return Verdict(False, said)
    ways = [
        {k: _hunted(mjj, my_score, cut(k), edges, region) for k in (0.01, 0.1, 1)}
        for cut in _cuts(my_score)
    ]
    said = [_why_z_differs(my_z, way) for way in ways]
    if all(said):
        return Verdict(False, said[0])
    return Verdict(True, f"Right: {my_z:+.2f} σ of nothing, as it should be.")


def _unfair(mjj, score, region, sidebands):
    """Sentence on a score that makes bumps, or None."""
    mjj = np.asarray(mjj, float)
    if len(np.unique(score)) < 100:
        return "These are classes, not scores: a cut that keeps 1 % needs finer ones."
    far = mjj >= max(high for _, high in sidebands)
    if abs(spearmanr(score[far], mjj[far]).statistic) > KNOWS_MASS:
        return (
            "This score knows mjj: far above the sidebands it still goes with it. Did you use raw "
            "momenta or masses? They grow with mjj: such a cut sculpts a bump."
        )
    inside, near = _inside(mjj, region), sum(_inside(mjj, window) for window in sidebands) > 0
    both = inside | near
    separates = auc(inside[both], score[both])
    if separates > REMEMBERS:
        return (
            f"Region against sidebands has an AUC of {separates:.3f}, with (next to) no signal in "
            "either: you scored events with a model that was trained on them, or one that knows "
            "mjj."
        )
    if separates < 1 - REMEMBERS:
        return "The scores are larger in the sidebands: turn them."
    return _why_drifts(score, mjj < region[0], far)


def _why_drifts(score, below, above):
    passing = score >= np.quantile(score, 0.9)
    low, high = (float(np.mean(passing[where])) for where in (below, above))
    if max(low, high) <= DRIFTS * min(low, high):
        return None
    return (
        f"A cut at 10 % keeps {low:.0%} below the region and {high:.0%} above the sidebands: what "
        "passes goes with mjj. Did you use raw masses? Divide them by mjj."
    )


def _inside(mjj, window):
    return (mjj >= window[0]) & (mjj < window[1])


def _cuts(score):
    """Ways to keep a share: so many events, or the ranks above; they differ where scores tie."""
    order = np.sort(score)

    def most(share):
        return order[-max(1, round(share * len(order)))]

    def ranks(share):
        kept = np.mean(score >= 1 - share)
        return 1 - share if abs(kept - share) < 0.1 * share else most(share)

    return most, ranks


def _spectrum(mjj, score, least, edges):
    return np.histogram(np.asarray(mjj)[score >= least], edges)[0]


def _hunted(mjj, score, least, edges, region):
    return bump_hunt(_spectrum(mjj, score, least, edges), edges, region, parameters=PARAMETERS)


def _why_z_differs(given, hunts):
    """Sentence on a significance that is not that of the cut at 1 %, or None."""
    found = hunts[0.01]
    if abs(given - found.significance) < TWO_DIGITS:
        return None
    beyond = found.observed - found.background
    known = {
        "This is a p-value: give it in standard deviations.": found.p_value,
        "You took the fitted background for exact: its error counts, too.": (
            beyond / np.sqrt(found.background)
        ),
        "This is S/√(S+B): ask what background alone would do.": beyond / np.sqrt(found.observed),
        "This is the spectrum without a cut.": hunts[1].significance,
        "This is the cut at 10 %.": hunts[0.1].significance,
        "An excess has a plus sign, a deficit a minus sign.": -found.significance,
    }
    near = (said for said, value in known.items() if abs(given - value) < TWO_DIGITS / 3)
    otherwise = f"At 1 % I get {found.significance:+.2f} σ, you say {given:+.2f}."
    return next(near, otherwise)


def honest_hunt(mjj, region, sidebands, edges, *, my_score=None, my_kept=None, my_global=None):
    """Exercise 3: hunt with several thresholds, and quote what the best of them is worth.

    Parameters
    ----------
    mjj, region, sidebands, edges
        As above.
    my_score : array_like, shape (events,)
        As in `null_run`.
    my_kept : sequence of float
        All shares of events that were tried, each between 0 and 1.
    my_global : float
        Global significance of the largest excess among them.

    Returns
    -------
    Verdict
    """
    answers = {"my_score": my_score, "my_kept": my_kept, "my_global": my_global}
    if unusable := missing(**answers) or no_scores([len(mjj)], my_score=my_score):
        return unusable
    if unusable := no_number(my_global=my_global) or _no_shares(my_kept):
        return unusable
    my_score = np.asarray(my_score, float)
    if said := _unfair(mjj, my_score, region, sidebands):
        return Verdict(False, said)
    verdicts = [
        _judge_global(
            my_global,
            np.array([_spectrum(mjj, my_score, cut(k), edges) for k in sorted(my_kept)]),
            edges,
            region,
        )
        for cut in _cuts(my_score)
    ]
    return next((verdict for verdict in verdicts if verdict.ok), verdicts[0])


def _no_shares(my_kept):
    try:
        shares = np.array(my_kept, float)
    except (TypeError, ValueError):
        shares = np.array([])
    if shares.ndim == 1 and shares.size > 1 and ((shares > 0) & (shares <= 1)).all():
        return None
    return Verdict(False, "my_kept should list at least two shares of events, from 0 to 1.")


def _judge_global(given, rows, edges, region):
    try:
        local = bump_scan(rows, edges, [region], parameters=PARAMETERS).significance.max()
    except ValueError:
        return Verdict(False, "Too few events are left to fit: take larger shares.")
    several = pseudo_experiments(
        rows, edges, [region], parameters=PARAMETERS, experiments=EXPERIMENTS, rng=0
    )
    bound = -ndtri(min(0.5, len(rows) * ndtr(-local)))  # if no two thresholds shared an event
    if given > local - TWO_DIGITS / 2 and bound < local - TWO_DIGITS:
        return Verdict(
            False,
            f"{given:.2f} σ is no less than the local significance, {local:.2f} σ: you looked "
            f"{len(rows)} times and kept the best. Quote the global one.",
        )
    if min(bound, several.significance) - 0.1 <= given <= local:
        return Verdict(
            True,
            f"Right: local {local:.2f} σ, global {given:.2f} σ for {len(rows)} thresholds "
            f"(trials factor by pseudo-experiments {several.trials_factor:.1f}).",
        )
    return Verdict(
        False,
        f"With {len(rows)} thresholds and a local {local:.2f} σ the global significance is between "
        f"{bound:.2f} and {local:.2f}, you say {given:.2f}: did you count something else, too?",
    )
