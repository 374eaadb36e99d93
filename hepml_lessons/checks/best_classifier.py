"""Checks of the exercises of the lesson on the best possible classifier.

Labels ``y`` are 1 for signal and 0 for background; scores are larger for signal.
"""

import numpy as np
from scipy.stats import norm, spearmanr

from hepml.stats import auc, auc_gain, roc_curve, significance, significance_scan, working_point
from hepml_lessons.checks._tries import exercise
from hepml_lessons.checks._verdict import (
    THREE_DIGITS,
    Verdict,
    agree,
    by_chance,
    first_that_agrees,
    is_rounding,
    missing,
    nearest,
    no_number,
    no_scores,
    side,
)
from hepml_widgets.core.language import tr

__all__ = ["likelihood_ratio", "model_for_a_goal", "near_the_bound"]

ROUNDED = {"rtol": 0.006, "atol": 1e-3}
"""How far numbers may be off that were rounded to three digits."""
ERRORS = 3
"""Standard errors within which numbers from two samples are the same."""
ITSELF = 1e-6
"""How much less than 1 the rank correlation with the exact ratio of a learned one is, at least.
A mixture of Gaussians fitted to 100 000 events of `mix` has 1e-4."""
SCATTER = (0.75, 1.3)
"""Ratio to the error from the formula of one from a hundred resamplings."""


@exercise(
    (
        "Write the logarithm of each Gaussian density: −(x − mean)²/(2 width²) − ln(width), "
        "and a constant."
    ),
    (
        "ln r is that of the signal minus that of the background; the constant drops out, the "
        "widths do not."
    ),
    "stats.auc(x_labels, my_log_ratio) is the AUC: of the ratio, not of x.",
)
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
    exact = _log_ratio(x, signal, background)
    if not np.allclose(given, exact, **ROUNDED):
        wrong = _misread_densities(x, signal, background) | _estimated(x, y)
        return Verdict(False, _why_ratio_differs(given, exact, x, wrong))
    curve = roc_curve(y, exact)
    tolerance = THREE_DIGITS + ERRORS * curve.auc_error  # others integrate, or draw events anew
    if said := _why_auc_differs(my_auc, curve.auc, _misread_ratio(y, x, exact), tolerance):
        sure = by_chance(my_auc - curve.auc, curve.auc_error)
        return Verdict(
            False, f"{said} {sure}", answer=tr("The AUC is {auc}.", auc=f"{curve.auc:.4f}")
        )
    return Verdict(
        True, tr("Right: AUC {auc}, and no function of x has a larger one.", auc=f"{curve.auc:.3f}")
    )


def _why_ratio_differs(given, exact, x, wrong):
    alike = (said for said, values in wrong.items() if np.allclose(given, values, **ROUNDED))
    first = int(np.argmax(~np.isclose(given, exact, **ROUNDED)))
    too = side(given[first], exact[first])
    otherwise = tr(
        "At x = {x} your ln r = {given} is too {too}: there, what is the logarithm of "
        "each density?",
        x=f"{x[first]:.3f}",
        given=f"{given[first]:.3f}",
        too=too,
    )
    return next(alike, otherwise)


def _log_ratio(x, signal, background):
    return norm.logpdf(x, *signal) - norm.logpdf(x, *background)


def _misread_densities(x, signal, background):
    """Score for each way to misread the densities, by what to say about it."""
    log_s, log_b = norm.logpdf(x, *signal), norm.logpdf(x, *background)
    exact = log_s - log_b
    rooted = [(mean, np.sqrt(width)) for mean, width in (signal, background)]
    return {
        "The sign is swapped: this is ln(p_b / p_s), larger for background.": -exact,
        "This is the ratio itself: take its logarithm.": np.exp(exact),
        "You left out the normalisation: each density is divided by its width. Cuts would be the "
        "same, but the number is not the ratio.": exact + np.log(signal[1] / background[1]),
        "This is the signal's density alone. An event may be likely under signal and still "
        "likelier under background.": log_s,
        "This is the background's density alone, turned or not; divide by it.": -log_b,
        "You took the width for a variance: square it in the exponent.": _log_ratio(x, *rooted),
        "This is the probability of signal for equal classes, p = r / (1 + r); its logit is "
        "ln r.": 1 / (1 + np.exp(-exact)),
        "This is the decimal logarithm: take the natural one.": exact / np.log(10),
        "This is 2 ln r, as in a test of hypotheses: half of it is the logarithm of the ratio.": 2
        * exact,
    }


def _estimated(x, y):
    fitted = [(x[y == k].mean(), x[y == k].std()) for k in (1, 0)]
    said = "These are means and widths of the events: the exact ones are given."
    return {said: _log_ratio(x, *fitted)}


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
    if said := nearest(claimed, known, THREE_DIGITS):
        return said
    return tr(
        "This AUC is too {side} for these scores on these events.", side=side(claimed, wanted)
    )


@exercise(
    (
        "Boosted trees with 300 small steps or a network of two layers come that near; "
        "logistic regression does not."
    ),
    "Predict X_mine and X_new by the same model: log-odds or probabilities, as you like.",
    "roc = stats.roc_curve(y_new, my_score_test) has both, roc.auc and roc.auc_error.",
)
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
    curve = roc_curve(y_test, my_score_test)
    on_train = auc(y_train, my_score_train)
    seen = {"You evaluated on training events: the model has seen those answers.": on_train}
    tolerance = min(THREE_DIGITS, max(abs(on_train - curve.auc) / 2, 6e-5))
    answer = tr(
        "The AUC of these scores is {auc} ± {auc_error}.",
        auc=f"{curve.auc:.4f}",
        auc_error=f"{curve.auc_error:.4f}",
    )
    said = _why_auc_differs(my_auc, curve.auc, seen, tolerance)
    said = said or _why_no_model(*map(np.asarray, (y_test, exact, my_score_test)))
    if said := said or _why_error_differs(my_error, curve, y_train, my_score_train):
        return Verdict(False, said, answer=answer)
    return _how_near(curve, auc(y_test, exact), on_train, within)


def _how_near(curve, bound, on_train, within):
    found = tr(
        "{auc} ± {auc_error}, {n} below the bound",
        auc=f"{curve.auc:.4f}",
        auc_error=f"{curve.auc_error:.4f}",
        n=f"{bound - curve.auc:.4f}",
    )
    if curve.auc < bound - within:
        return Verdict(
            False,
            tr(
                "AUC {found}: computed correctly, but come within {within} of the bound: more "
                "trees or epochs, a smaller step, or another kind of model?",
                found=found,
                within=within,
            ),
        )
    return Verdict(
        True,
        tr(
            "Right: AUC {found}; {on_train} on the training events.",
            found=found,
            on_train=f"{on_train:.4f}",
        ),
    )


def _why_error_differs(claimed, curve, y_train, score_train):
    if SCATTER[0] < claimed / curve.auc_error < SCATTER[1]:
        return None
    events = curve.n_signal + curve.n_background
    said = first_that_agrees(
        claimed,
        {
            "This is 1/√n of all events, no error of an AUC.": 1 / np.sqrt(events),
            "This is a variance: the error is its square root.": curve.auc_error**2,
            "This is half of a 95 % interval: quote the standard error.": 1.96 * curve.auc_error,
            "This is the error on the training events: the AUC is that of the test events.": (
                roc_curve(y_train, score_train).auc_error
            ),
        },
        0.05,
    )
    otherwise = tr(
        "This error is too {side} for a test sample of so many events: see "
        "roc_curve(…).auc_error, or resample the test events a hundred times.",
        side=side(claimed, curve.auc_error),
    )
    return said or otherwise


def _why_no_model(y, exact, score):
    """Sentence on scores that no model learned, or None."""
    if auc(y, score) < 0.5:
        return "The AUC is below ½: the scores are larger for background; turn them."
    if abs(spearmanr(exact, score).statistic) > 1 - ITSELF:
        return "This is the exact ratio itself, or rises with it. Learn it from the events."
    gain, error = auc_gain(y, score, exact)
    if gain > ERRORS * error:
        told = "Better than the bound: nobody is. Did the model see the test labels?"
        return f"{told} {by_chance(gain, error)}"
    return None


@exercise(
    "The goal is Z at one efficiency: the AUC looks at all of them.",
    (
        "stats.working_point(stats.roc_curve(y_goal, score, w_goal), "
        "signal_efficiency=efficiency) has signal and background."
    ),
    (
        "stats.significance(at.signal, at.background) for each of the two; keep all weights, "
        "also negative ones."
    ),
)
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
        return Verdict(
            False, tr("choice should be one of {join}.", join=", ".join(map(repr, scores)))
        )
    found = {name: _z_at(y, score, weights, signal_efficiency) for name, score in scores.items()}
    best = max(found, key=found.get)
    answer = f"{best}, with Z = {found[best]:.3g}."
    if choice != best:
        return Verdict(False, _why_chosen(choice, y, scores, weights), answer=answer)
    if said := _why_z_differs(z, choice, found, (y, scores[choice], weights), signal_efficiency):
        return Verdict(False, said, answer=answer)
    others = ", ".join(f"{name} {value:.2f}" for name, value in found.items() if name != best)
    return Verdict(
        True,
        tr(
            "Right: Z = {found} at this efficiency; {others}.",
            found=f"{found[best]:.2f}",
            others=others,
        ),
    )


def _z_at(y, score, weights, signal_efficiency):
    return significance(*_yields_at(y, score, weights, signal_efficiency))


def _yields_at(y, score, weights, signal_efficiency):
    at = working_point(roc_curve(y, score, weights), signal_efficiency=signal_efficiency)
    return at.signal, at.background


def _why_chosen(choice, y, scores, weights):
    areas = {name: auc(y, score, weights) for name, score in scores.items()}
    if choice == max(areas, key=areas.get):
        return tr(
            "{choice} has the larger AUC, but the goal is Z at one efficiency: the curves cross.",
            choice=f"{choice!r}",
        )
    return tr(
        "Another model than {choice} keeps less background at this efficiency.",
        choice=f"{choice!r}",
    )


def _why_z_differs(z, choice, found, events, signal_efficiency):
    y, score, weights = (np.asarray(values) for values in events)
    wanted = found[choice]
    kept_s, kept_b = _yields_at(y, score, weights, signal_efficiency)
    simple = kept_s / np.sqrt(kept_b)
    if agree(z, wanted, 0.006) or is_rounding(z, wanted) or agree(z, simple, 0.002):
        return None
    misread = _misread_yields(y, score, weights, signal_efficiency)
    misread |= {
        tr("This is Z of {name}.", name=f"{name!r}"): other
        for name, other in found.items()
        if name != choice
    }
    if said := nearest(z, misread, 0.002 * abs(z)):  # three digits
        return said
    if agree(z, wanted, max(0.05, 3 * _relative_error(y, score, weights, signal_efficiency))):
        return None
    return tr(
        "Z is too {side} for {choice} at this efficiency.",
        side=side(z, wanted),
        choice=f"{choice!r}",
    )


def _relative_error(y, score, weights, signal_efficiency):
    """Relative error of Z from the simulated background: half of that of the background."""
    curve = roc_curve(y, score, weights)
    at = working_point(curve, signal_efficiency=signal_efficiency)
    return 0.5 * at.background_error / abs(at.background)


def _misread_yields(y, score, weights, signal_efficiency):
    """Significance for each way to misread the yields, by what to say about it."""
    s, b = _yields_at(y, score, weights, signal_efficiency)
    total_s, total_b = (weights[y == k].sum() for k in (1, 0))
    scan = significance_scan(roc_curve(y, score, weights))
    passing = score >= np.quantile(score, 1 - signal_efficiency)
    return _misread_weights(y, score, weights, signal_efficiency) | {
        "You used rates where yields belong: Z needs S and B in events.": significance(
            s / total_s, b / total_b
        ),
        "This is S/√(S+B), the precision of a known signal.": s / np.sqrt(s + b),
        "This is Z without a cut.": significance(total_s, total_b),
        "This is Z² and not Z.": significance(s, b) ** 2,
        "This Z knows the background to a fifth only: here it is known.": significance(
            s, b, sigma_b=0.2 * b
        ),
        "This is the largest Z of all cuts, chosen and quoted on the same events; the goal names "
        "one efficiency.": scan.significance[scan.best()],
        "You kept a share of all events: the efficiency is that of the signal.": significance(
            *(weights[passing & (y == k)].sum() for k in (1, 0))
        ),
    }


def _misread_weights(y, score, weights, signal_efficiency):
    wrong = {
        "You left out the signs: a negative event takes back what was counted twice.": (
            np.abs(weights)
        ),
        "You dropped the negative events: what they take back is still counted.": (
            np.maximum(weights, 0)
        ),
        "You left out the weights: these are simulated events, not expected ones.": (
            np.ones(len(y))
        ),
    }
    return {said: _z_at(y, score, other, signal_efficiency) for said, other in wrong.items()}
