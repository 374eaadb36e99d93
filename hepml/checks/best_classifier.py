"""Checks of the exercises of the lesson on the best possible classifier.

Labels ``y`` are 1 for signal and 0 for background; scores are larger for signal.
"""

import numpy as np
from scipy.stats import norm

from hepml.checks._verdict import (
    THREE_DIGITS,
    Verdict,
    first_that_agrees,
    missing,
    no_number,
    no_scores,
    why_differs,
)
from hepml.stats import auc, roc_curve, significance, working_point

__all__ = ["likelihood_ratio", "model_for_a_goal", "near_the_bound"]


def likelihood_ratio(x, y, *, signal, background, my_log_ratio=None, my_auc=None):
    """Exercise 1: the exact log-likelihood ratio of two Gaussians, and its AUC.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Values and labels of the events.
    signal, background : tuple of float
        Mean and width of each class.
    my_log_ratio : array_like, shape (n,)
        ln(p_s / p_b) of each event.
    my_auc : float
        The AUC claimed for it on these events.

    Returns
    -------
    Verdict
    """
    answers = {"my_log_ratio": my_log_ratio, "my_auc": my_auc}
    unusable = missing(**answers) or no_scores([len(x)], my_log_ratio=my_log_ratio)
    if unusable := unusable or no_number(my_auc=my_auc):
        return unusable
    x, y, given = (np.asarray(values, dtype=float) for values in (x, y, my_log_ratio))
    exact = norm.logpdf(x, *signal) - norm.logpdf(x, *background)
    if not np.allclose(given, exact, atol=1e-3):
        return Verdict(False, _why_ratio_differs(given, x, signal, background))
    wanted = auc(y, exact)
    if said := _why_auc_differs(my_auc, wanted, _misread_ratio(y, x, exact)):
        return Verdict(False, said)
    return Verdict(True, f"Right: AUC {wanted:.3f}, and no function of x has a larger one.")


def _why_ratio_differs(given, x, signal, background):
    log_s, log_b = norm.logpdf(x, *signal), norm.logpdf(x, *background)
    exact = log_s - log_b
    widths = np.log(signal[1] / background[1])
    halved = norm.logpdf(x, signal[0], np.sqrt(signal[1]))
    halved -= norm.logpdf(x, background[0], np.sqrt(background[1]))
    wrong = {
        "The sign is swapped: this is ln(p_b / p_s), larger for background.": -exact,
        "This is the ratio itself: take its logarithm.": np.exp(exact),
        "You left out the normalisation: each density is divided by its width. Cuts would be the "
        "same, but the number is not the ratio.": exact + widths,
        "This is the signal's density alone. An event may be likely under signal and still "
        "likelier under background.": log_s,
        "This is the background's density alone, turned or not; divide by it.": -log_b,
        "You took the width for a variance: square it in the exponent.": halved,
        "This is the probability of signal for equal classes, p = r / (1 + r); its logit is "
        "ln r.": 1 / (1 + np.exp(-exact)),
    }
    alike = (said for said, values in wrong.items() if np.allclose(given, values, atol=1e-3))
    first = int(np.argmax(~np.isclose(given, exact, atol=1e-3)))
    otherwise = f"At x = {x[first]:.3f} I get ln r = {exact[first]:.3f}, you {given[first]:.3f}."
    return next(alike, otherwise)


def _misread_ratio(y, x, exact):
    """AUC for each way to misread the score, by what to say about it."""
    return {
        "This is the AUC of classes, not of scores: you cut at r = 1 first.": auc(y, exact > 0),
        "This is the AUC of x itself: large x is not what is most signal-like here.": auc(y, x),
        "This is the AUC of the labels with themselves.": 1.0,
    }


def _why_auc_differs(claimed, wanted, misconceptions, tolerance=THREE_DIGITS):
    if abs(claimed - wanted) < tolerance:
        return None
    swapped = "Signal and background are swapped: the AUC is below ½ by as much as it should be "
    known = misconceptions | {swapped + "above.": 1 - wanted}
    hits = (said for said, value in known.items() if abs(claimed - value) < THREE_DIGITS)
    return next(hits, f"On these events I get an AUC of {wanted:.4f}, you say {claimed:.4f}.")


def near_the_bound(
    y_train,
    y_test,
    exact,
    *,
    my_score_train=None,
    my_score_test=None,
    my_auc=None,
    my_error=None,
    within=0.003,
):
    """Exercise 2: a model near the bound, and the AUC and error claimed for it.

    Parameters
    ----------
    y_train, y_test : array_like
        Labels of the training and the test events.
    exact : array_like
        Exact log-likelihood ratio of the test events.
    my_score_train, my_score_test : array_like
        The model's scores of both.
    my_auc, my_error : float
        AUC claimed for events the model has not seen, and its standard error.
    within : float
        How far below the bound the AUC may be.

    Returns
    -------
    Verdict
    """
    scores = {"my_score_train": my_score_train, "my_score_test": my_score_test}
    numbers = {"my_auc": my_auc, "my_error": my_error}
    unusable = missing(**scores, **numbers) or no_scores((len(y_train), len(y_test)), **scores)
    if unusable := unusable or no_number(**numbers):
        return unusable
    if len(np.unique(my_score_test)) <= 2:
        return Verdict(False, "These are classes, not scores: take predict_proba(X)[:, 1].")
    curve, bound = roc_curve(y_test, my_score_test), roc_curve(y_test, exact)
    on_train = auc(y_train, my_score_train)
    seen = {"You evaluated on training events: the model has seen those answers.": on_train}
    tolerance = min(THREE_DIGITS, max(abs(on_train - curve.auc) / 2, 5e-5))
    said = _why_auc_differs(my_auc, curve.auc, seen, tolerance)
    if said := said or _why_error_differs(my_error, curve, len(y_test)):
        return Verdict(False, said)
    return _judge_gap(curve, bound, on_train, exact, my_score_test, within)


def _why_error_differs(claimed, curve, events):
    if 0.7 < claimed / curve.auc_error < 1.4:
        return None
    said = first_that_agrees(
        claimed,
        {
            "This is 1/√n of all events, no error of an AUC.": 1 / np.sqrt(events),
            "This is a variance: the error is its square root.": curve.auc_error**2,
        },
        0.05,
    )
    otherwise = (
        f"From the finite test sample I get an error of {curve.auc_error:.5f}, you say "
        f"{claimed:.5f}: see roc_curve(…).auc_error, or resample the test events."
    )
    return said or otherwise


def _judge_gap(curve, bound, on_train, exact, score, within):  # noqa: PLR0917 - what is known
    found = f"{curve.auc:.4f} ± {curve.auc_error:.4f}, {bound.auc - curve.auc:.4f} below the bound"
    if curve.auc < 0.5:
        return Verdict(False, f"AUC {found}: the scores are larger for background; turn them.")
    if abs(np.corrcoef(exact, score)[0, 1]) > 1 - 1e-9:
        return Verdict(False, "This is the exact ratio itself. Learn it from the events.")
    if curve.auc > bound.auc + curve.auc_error:
        return Verdict(
            False, "Better than the bound: nobody is. Did the model see the test labels?"
        )
    if curve.auc < bound.auc - within:
        hint = "more trees or epochs, a smaller step, or another kind of model?"
        said = f"AUC {found}: computed correctly, but come within {within} of the bound: {hint}"
        return Verdict(False, said)
    return Verdict(True, f"Right: AUC {found}; {on_train:.4f} on the training events.")


def model_for_a_goal(y, scores, weights, *, signal_efficiency, choice=None, z=None):
    """Exercise 3: the better of some models at one signal efficiency, with signed weights.

    Parameters
    ----------
    y, weights : array_like, shape (n,)
        Labels and expected events, of either sign.
    scores : dict of str to array_like
        Scores of each model.
    signal_efficiency : float
        Where the analysis works.
    choice : str
        Name of the model chosen.
    z : float
        Significance of its cut, without background uncertainty.

    Returns
    -------
    Verdict
    """
    if unusable := missing(choice=choice, z=z) or no_number(z=z):
        return unusable
    if not isinstance(choice, str) or choice not in scores:
        return Verdict(False, f"choice should be one of {', '.join(map(repr, scores))}.")
    found = {name: _z_at(y, score, weights, signal_efficiency) for name, score in scores.items()}
    best = max(found, key=found.get)
    if choice != best:
        return Verdict(False, _why_chosen(choice, y, scores, weights))
    if said := _why_z_differs(z, choice, found, (y, scores[choice], weights), signal_efficiency):
        return Verdict(False, said)
    others = ", ".join(f"{name} {value:.2f}" for name, value in found.items() if name != best)
    return Verdict(True, f"Right: Z = {found[best]:.2f} at this efficiency; {others}.")


def _z_at(y, score, weights, signal_efficiency):
    return significance(*_yields_at(y, score, weights, signal_efficiency))


def _yields_at(y, score, weights, signal_efficiency):
    at = working_point(roc_curve(y, score, weights), signal_efficiency=signal_efficiency)
    return at.signal, at.background


def _why_chosen(choice, y, scores, weights):
    areas = {name: auc(y, score, weights) for name, score in scores.items()}
    if choice == max(areas, key=areas.get):
        return (
            f"{choice!r} has the larger AUC, but the goal is Z at one efficiency: the curves cross."
        )
    return f"Another model than {choice!r} keeps less background at this efficiency."


def _why_z_differs(z, choice, found, events, signal_efficiency):
    y, score, weights = (np.asarray(values) for values in events)
    misread = _misread_yields(y, score, weights, signal_efficiency)
    misread |= {f"This is Z of {name!r}.": other for name, other in found.items() if name != choice}
    wanted = found[choice]
    otherwise = f"With {choice!r} I get Z = {wanted:.2f} at this efficiency, you say {z:.2f}."
    return why_differs(z, wanted, misread, otherwise)


def _misread_yields(y, score, weights, signal_efficiency):
    """Significance for each way to misread the yields, by what to say about it."""
    s, b = _yields_at(y, score, weights, signal_efficiency)
    total_s, total_b = (weights[y == k].sum() for k in (1, 0))
    return {
        "You left out the signs: a negative event takes back what was counted twice.": _z_at(
            y, score, np.abs(weights), signal_efficiency
        ),
        "You dropped the negative events: what they take back is still counted.": _z_at(
            y, score, np.maximum(weights, 0), signal_efficiency
        ),
        "You left out the weights: these are simulated events, not expected ones.": _z_at(
            y, score, np.ones(len(y)), signal_efficiency
        ),
        "You used rates where yields belong: Z needs S and B in events.": significance(
            s / total_s, b / total_b
        ),
        "This is S/√(S+B), the precision of a known signal.": s / np.sqrt(s + b),
        "This is Z without a cut.": significance(total_s, total_b),
    }
