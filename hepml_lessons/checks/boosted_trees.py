"""Checks of the exercises of the lesson on boosted trees.

Labels ``y`` are 1 for signal and 0 for background; ``weights`` are expected events.
"""

import numpy as np

from hepml.stats import auc, roc_curve, significance, significance_scan
from hepml_lessons.checks._tries import exercise
from hepml_lessons.checks._verdict import (
    THREE_DIGITS,
    Verdict,
    by_chance,
    first_that_agrees,
    missing,
    no_number,
    no_scores,
    side,
    why_differs,
)
from hepml_widgets.core.language import tr

__all__ = ["honest_threshold", "mass_window", "own_model"]

ROUNDED = 0.001
"""Relative tolerance of a significance at a threshold of three digits."""
TOO_GOOD = 0.03
"""How far above its target an AUC is no longer believed, beside three errors."""
NEAR_BEST = 0.85
"""Share of the best significance on the choose events that a threshold has to reach there."""


@exercise(
    (
        "Draw the mass of signal and of background, each with its weights: where does signal "
        "stand out?"
    ),
    "S and B are sums of the weights of the events inside: my_weights[inside & (my_y == 1)].sum().",
    "stats.significance(S, B) is Z; try windows of 30 to 60 GeV, and move their edges.",
)
def mass_window(mass, y, weights, *, low=None, high=None, z=None):
    """Exercise 1: a window in the mass, and the significance it gives.

    Parameters
    ----------
    mass, y, weights : array_like, shape (n,)
        The mass in GeV, labels and weights of all events.
    low, high : float
        Edges of the window in GeV, ``low <= mass < high``.
    z : float
        The significance claimed for it, without background uncertainty.

    Returns
    -------
    Verdict
    """
    answers = {"low": low, "high": high, "z": z}
    if unusable := missing(**answers) or no_number(**answers):
        return unusable
    if low >= high:
        return Verdict(
            False,
            tr("low = {low} should be below high = {high}.", low=f"{low:g}", high=f"{high:g}"),
        )
    mass, y, weights = map(np.asarray, (mass, y, weights))
    inside = (mass >= low) & (mass < high)
    s, b = _yields(y[inside], weights[inside])
    if b <= 0:
        return Verdict(
            False,
            tr(
                "No background event has a mass between {low} and {high} GeV, so nobody knows "
                "B: take another window.",
                low=f"{low:g}",
                high=f"{high:g}",
            ),
        )
    wanted = significance(s, b)
    if said := _why_z_differs(z, wanted, y, weights, inside):
        return Verdict(
            False, said, answer=tr("For this window Z = {wanted}.", wanted=f"{wanted:.3g}")
        )
    if wanted < 0.9 * _best_window(mass, y, weights):
        return Verdict(
            False,
            tr(
                "Z = {z} is computed correctly, but a better window reaches more than a tenth "
                "more: look at where the signal piles up and the background falls.",
                z=f"{z:.2f}",
            ),
        )
    return Verdict(True, f"Right: S = {s:.0f}, B = {b:.0f}, Z = {wanted:.2f}.")


def _yields(y, weights):
    return float(weights[y == 1].sum()), float(weights[y == 0].sum())


def _why_z_differs(z, wanted, y, weights, inside):
    s, b = _yields(y[inside], weights[inside])
    counted = _yields(y[inside], np.ones(inside.sum()))
    totals = _yields(y, weights)
    return why_differs(
        z,
        wanted,
        {
            "You left out the weights: these are numbers of simulated events, not of "
            "expected ones.": significance(*counted),
            "You used rates where yields belong: Z needs S and B in events, not "
            "efficiencies.": significance(s / totals[0], b / totals[1]),
            "This is S/√(S+B), the precision of a known signal; for a discovery ask what the "
            "background alone would do.": s / np.sqrt(s + b),
            "This is S/B, how clean the window is, not a significance.": s / b,
            "This is S/√B, which holds where S is far below B: take the formula.": s / np.sqrt(b),
            "That is with an uncertainty of 10 % of the background: here it is known.": (
                significance(s, b, 0.1 * b)
            ),
            "This is the square of Z.": wanted**2,
        },
        "For this window Z is not so {side}.",
    )


def _best_window(mass, y, weights):
    """Largest significance of any window with edges on a 5 GeV grid."""
    edges = np.arange(0.0, 305.0, 5.0)
    running = [
        np.concatenate([[0.0], np.histogram(mass[y == k], edges, weights=weights[y == k])[0]])
        for k in (1, 0)
    ]
    s, b = (np.cumsum(sums)[None, :] - np.cumsum(sums)[:, None] for sums in running)
    usable = np.triu(b > 0, k=1)
    return float(significance(s[usable], b[usable]).max())


@exercise(
    (
        "Train on the training events with balanced weights, predict both samples with "
        "predict_proba(X)[:, 1]."
    ),
    (
        "The AUC to quote: stats.auc(y_test, my_score_test, w_test), where my_test holds the test "
        "events' variables, labels y_test and weights w_test."
    ),
    "If it falls short: more trees with a smaller step; if train is far above test: smaller trees.",
)
def own_model(train, test, score_train=None, score_test=None, my_auc=None, *, target):
    """Exercise 2: scores of one's own model, and the AUC claimed for it.

    Parameters
    ----------
    train, test : tuple of array_like
        ``(y, weights)`` of the two samples.
    score_train, score_test : array_like
        The model's scores on them, larger for signal.
    my_auc : float
        Weighted AUC claimed for events the model has not seen.
    target : float
        AUC to be reached, within its statistical error.

    Returns
    -------
    Verdict
    """
    scores = {"my_score_train": score_train, "my_score_test": score_test}
    sizes = len(train[0]), len(test[0])
    unusable = missing(**scores, my_auc=my_auc) or no_scores(sizes, **scores)
    if unusable := unusable or no_number(my_auc=my_auc):
        return unusable
    kinds = min(len(np.unique(score)) for score in scores.values())
    if kinds == 1:
        return Verdict(False, "All scores are equal: the model learned nothing.")
    if kinds == 2:
        return Verdict(
            False,
            "These are classes, not scores: predict() cuts at ½ for you. Take "
            "predict_proba(X)[:, 1].",
        )
    curve = roc_curve(test[0], score_test, test[1])
    on_train = auc(train[0], score_train, train[1])
    if said := _why_auc_differs(my_auc, curve.auc, on_train, test, score_test):
        return Verdict(
            False, said, answer=tr("The AUC of these scores is {auc}.", auc=f"{curve.auc:.4f}")
        )
    return _judge_model(curve, on_train, target)


def _why_auc_differs(claimed, wanted, on_train, test, score):
    if abs(claimed - wanted) < THREE_DIGITS:
        return None
    said = first_that_agrees(
        claimed,
        {
            "You evaluated on the training set: the model has seen those answers.": on_train,
            "You left out the weights.": auc(test[0], score),
            "Signal and background are swapped: the AUC is below ½ by as much as it should be "
            "above.": 1 - wanted,
        },
        5e-4,
    )
    return said or tr(
        "On the test events the weighted AUC is not so {side}.", side=side(claimed, wanted)
    )


def _judge_model(curve, on_train, target):
    found = f"{curve.auc:.3f} ± {curve.auc_error:.3f}"
    if abs(curve.auc - 0.5) < 3 * curve.auc_error:
        return Verdict(
            False,
            tr(
                "AUC {found}: these scores know nothing of the labels. Are they in the order of "
                "the events?",
                found=found,
            ),
        )
    if curve.auc < 0.5:
        return Verdict(
            False, tr("AUC {found}: the scores are larger for background; turn them.", found=found)
        )
    if curve.auc > on_train + 4 * curve.auc_error:
        return Verdict(
            False,
            "Better on the test events than on the others: did you train on the test events?",
        )
    if curve.auc > target + TOO_GOOD + 3 * curve.auc_error:
        return Verdict(
            False,
            tr(
                "AUC {found} is too good to be true: were the test events, their labels or "
                "their weights in training? {by_chance}",
                found=found,
                by_chance=by_chance(curve.auc - target - TOO_GOOD, curve.auc_error),
            ),
        )
    if curve.auc < target - 2 * curve.auc_error:
        return Verdict(
            False,
            tr(
                "AUC {found} is computed correctly; the lesson's trees reach {target}. {by_chance}",
                found=found,
                target=f"{target:.3f}",
                by_chance=by_chance(target - curve.auc, curve.auc_error),
            ),
        )
    return Verdict(
        True,
        tr(
            "Right: AUC {found} on the test events, {on_train} on the training events.",
            found=found,
            on_train=f"{on_train:.3f}",
        ),
    )


@exercise(
    (
        "Choose the threshold with the events to choose with alone: "
        "stats.significance_scan(curve, sigma_b=my_sigma_b).best()."
    ),
    "Then measure with the test events at that threshold: stats.working_point(curve, threshold=…).",
    "significance(S, B, sigma_b) takes the uncertainty in events: my_sigma_b * B.",
)
def honest_threshold(choose, test, fraction, threshold=None, z=None, *, sigma_b=0.1):
    """Exercise 3: a threshold chosen on one sample, its significance measured on another.

    Parameters
    ----------
    choose, test : tuple of array_like
        ``(y, score, weights)``; the weights of each add up to the full yields.
    fraction : float
        Share of all events that the test sample holds (before its weights were scaled up).
    threshold : float
        The cut: an event passes with score ≥ threshold.
    z : float
        Its significance on the test sample.
    sigma_b : float
        Relative uncertainty of the background.

    Returns
    -------
    Verdict
    """
    answers = {"threshold": threshold, "z": z}
    if unusable := missing(**answers) or no_number(**answers):
        return unusable
    s, b = _passing(test, threshold)
    if b <= 0:
        return Verdict(
            False,
            "No simulated background passes this cut, so nobody knows B: choose a lower threshold.",
        )
    wanted = significance(s, b, sigma_b * b)
    if not _near_a_rounded_cut(test, threshold, z, sigma_b):
        flattering = {
            "This is Z on the events you chose the threshold with: it flatters.": (
                _z_at(choose, threshold, sigma_b)
            )
        }
        misread = flattering | _misread_yields(s, b, fraction, sigma_b)
        otherwise = "At this threshold, on the test events, Z is not so {side}."
        if said := why_differs(z, wanted, misread, otherwise):
            return Verdict(
                False, said, answer=tr("At this threshold Z = {wanted}.", wanted=f"{wanted:.3g}")
            )
    return _judge_threshold(choose, test, threshold, wanted, sigma_b)


def _near_a_rounded_cut(test, threshold, z, sigma_b):
    """Whether it is Z at a threshold that is this one to three digits."""
    half = 0.5 * 10.0 ** (np.floor(np.log10(abs(threshold))) - 2) if threshold else 0.0
    near = [_z_at(test, threshold + side * half, sigma_b) for side in (-1, -0.5, 0, 0.5, 1)]
    near = [value for value in near if np.isfinite(value)]  # beyond the last background event
    return min(near) * (1 - ROUNDED) <= z <= max(near) * (1 + ROUNDED)


def _misread_yields(s, b, fraction, sigma_b):
    """Significance for each way to misread the yields, by what to say about it."""
    return {
        tr(
            "You left out the background uncertainty, or gave {sigma_b} for it: it is {n} % "
            "of B, in events.",
            sigma_b=f"{sigma_b:g}",
            n=f"{100 * sigma_b:.3g}",
        ): significance(s, b),
        "The weights of a part of the sample add up to a part of the yield: scale them up.": (
            significance(s * fraction, b * fraction, sigma_b * b * fraction)
        ),
    }


def _z_at(sample, threshold, sigma_b):
    s, b = _passing(sample, threshold)
    return significance(s, b, sigma_b * b)


def _passing(sample, threshold):
    y, score, weights = map(np.asarray, sample)
    passing = score >= threshold
    return _yields(y[passing], weights[passing])


def _judge_threshold(choose, test, threshold, z, sigma_b):
    best_chosen, best_test = _best_threshold(choose, sigma_b), _best_threshold(test, sigma_b)
    if best_chosen is None or best_test is None:
        return Verdict(
            False, "No threshold leaves enough background to be trusted in both samples."
        )
    on_choose = _z_at(choose, threshold, sigma_b) / best_chosen[1]
    if threshold == best_test[0] != best_chosen[0]:
        return Verdict(
            False,
            "This is the threshold that is best on the test events themselves: choose it "
            "without them, or the result is too good.",
        )
    if on_choose < NEAR_BEST:
        return Verdict(
            False,
            tr(
                "Z = {z} is right, but on the choose events another cut is better by more than "
                "15 %.",
                z=f"{z:.2f}",
            ),
        )
    return Verdict(
        True,
        tr(
            "Right: at just this threshold Z = {z} with a {n} % uncertainty of the "
            "background. (Which events chose the threshold, nobody sees from it: keep the "
            "test events out of that.)",
            z=f"{z:.2f}",
            n=f"{100 * sigma_b:.3g}",
        ),
    )


def _best_threshold(sample, sigma_b):
    """Threshold with the largest significance, where the background is known to 20 %, or None."""
    scan = significance_scan(roc_curve(*sample), sigma_b=sigma_b)
    best = scan.best()
    return None if best is None else (float(scan.threshold[best]), float(scan.significance[best]))
