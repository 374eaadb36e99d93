"""Checks of the exercises of the lesson on scores that one can trust.

Labels ``y`` are 1 for signal and 0 for background; scores are larger for signal.
"""

import numpy as np
from scipy.optimize import minimize_scalar

from hepml_lessons.checks._tries import exercise
from hepml_lessons.checks._verdict import (
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

__all__ = ["fraction", "prior_shift", "signed_sample"]

ROUNDED = 6e-4
"""How far probabilities may be off that were rounded to three digits."""
ERRORS = 3
"""Standard errors within which a purity counted in other events is the same."""
FRACTION_ERRORS = 2.5
"""The same for a fraction from another ratio; the error is that of the exact one."""
SCATTER = (0.8, 1.25)
"""Ratio to the error from the curvature of one from a hundred resamplings."""
RESAMPLED = 0.08
"""How far an error of a yield may be off that comes from a thousand resamplings, or takes the
number of simulated events as fixed."""
BOXES = 40


@exercise(
    "The odds of an event are p / (1 − p). What happens to them where signal is rarer?",
    (
        "Multiply the odds of each event by share / (1 − share), and turn them back into a "
        "probability: odds / (1 + odds)."
    ),
    "Of the events that you keep, the mean of the new probabilities is the share of signal.",
)
def prior_shift(p, *, share, cut, my_p=None, my_purity=None):
    """Exercise 1: probabilities where signal has another share, and a purity.

    Parameters
    ----------
    p : array_like, shape (n,)
        Probability of signal of each event, for classes of equal size.
    share : float
        Share of signal in the data.
    cut : float
        Events of larger ``p`` are kept.
    my_p : array_like, shape (n,)
        Probability of signal of each event in the data.
    my_purity : float
        Share of signal among the events kept.

    Returns
    -------
    Verdict
    """
    unusable = missing(my_p=my_p, my_purity=my_purity) or no_scores([len(p)], my_p=my_p)
    if unusable := unusable or no_number(my_purity=my_purity):
        return unusable
    p, given = np.asarray(p, dtype=float), np.asarray(my_p, dtype=float)
    right = _shifted(p, share / (1 - share))
    if not np.allclose(given, right, rtol=0, atol=ROUNDED):
        return Verdict(False, _why_shift_differs(given, right, p, share))
    kept = right[p > cut]
    wanted, error = kept.mean(), np.sqrt((kept * (1 - kept)).sum()) / len(kept)
    answer = tr("The purity is {wanted}.", wanted=f"{wanted:.3f}")
    if abs(my_purity - wanted) < ROUNDED:
        return Verdict(
            True,
            tr("Right: {wanted} of the events that you keep are signal.", wanted=f"{wanted:.1%}"),
        )
    if said := nearest(my_purity, _misread_purity(p, right, cut, share), 2 * ROUNDED):
        return Verdict(False, said, answer=answer)
    if abs(my_purity - wanted) < ERRORS * error:  # counted in other events
        return Verdict(True, "Right, within the statistical error of counted events.")
    sure = by_chance(my_purity - wanted, error)
    said = tr(
        "This purity is too {side} for the events above the cut. {sure}",
        side=side(my_purity, wanted),
        sure=sure,
    )
    return Verdict(False, said, answer=answer)


def _shifted(p, factor):
    """Multiply the odds of a probability."""
    return p * factor / (p * factor + 1 - p)


def _why_shift_differs(given, right, p, share):
    wrong = _misread_shift(p, right, share)
    for said, values in wrong.items():
        if np.allclose(given, values, rtol=2e-3, atol=ROUNDED):
            return said
    first = int(np.argmax(np.abs(given - right) > ROUNDED))
    too = side(given[first], right[first])
    return tr(
        "Where p is {p}, your my_p is too {too}: how do its odds change?",
        p=f"{p[first]:.3f}",
        too=too,
    )


def _misread_shift(p, right, share):
    """Probabilities for each way to misread the shift, by what to say about it."""
    odds, prior = p / (1 - p), share / (1 - share)
    probability = "You multiplied the probability: it is the odds that change by a factor"
    return {
        "This is p as it was: it holds for classes of equal size, and yours are not.": p,
        f"{probability}, p / (1 − p).": p * share,
        tr("{probability}; and so they stay below 1.", probability=probability): p * prior,
        "The odds of the mixture are share / (1 − share), and not share.": _shifted(p, share),
        "The shift goes the wrong way: in your data signal is rarer.": _shifted(p, 1 / prior),
        "These are odds: the probability is odds / (1 + odds).": odds * prior,
        "These are log-odds: turn them into a probability.": np.log(odds * prior),
        "These are probabilities of background: you gave 1 − p.": 1 - right,
        "You shifted twice.": _shifted(p, prior**2),
        "You scaled all probabilities to the right mean; but it is the odds that change by a "
        "factor.": p * share / p.mean(),
        "These are classes: you cut at ½.": (p > 0.5).astype(float),
        "These are classes: you cut at ½, after the shift.": (right > 0.5).astype(float),
    }


def _misread_purity(p, right, cut, share):
    """Purity for each way to misread it, by what to say about it."""
    is_kept = p > cut
    signal, background = right[is_kept].sum(), (1 - right)[is_kept].sum()
    return {
        "This is the purity for classes of equal size: take the mean of the shifted ones.": (
            p[is_kept].mean()
        ),
        "This is the share of signal before the cut.": share,
        "This is the share of the signal that you keep: an efficiency, not a purity.": (
            signal / right.sum()
        ),
        "This is the share of all events that you keep.": is_kept.mean(),
        "This is the share of background among them.": background / (signal + background),
        "This is signal over background: a purity divides by both.": signal / background,
        "You cut on the shifted probability: the cut is on p.": (
            right[right > cut].mean() if (right > cut).any() else np.inf
        ),
        "You counted events above ½: take the mean of their probabilities.": (
            (right[is_kept] > 0.5).mean()
        ),
    }


@exercise(
    "Each event that passes adds its weight to the yield, and its weight squared to the variance.",
    (
        "The error is the root of the sum of squared weights; the effective number is "
        "(yield / error)²."
    ),
    (
        "The relative error shrinks with the root of the number of events: multiply the sample by "
        "the square of what is lacking."
    ),
)
def signed_sample(score, weights, *, cut, goal, my_error=None, my_effective=None, my_needed=None):
    """Exercise 2: error and effective size of a signed sample, and how much larger it must be.

    Parameters
    ----------
    score, weights : array_like, shape (n,)
        Of the simulated background; weights are expected events of either sign.
    cut : float
        Events of larger score are kept.
    goal : float
        Relative error of the yield that is wanted.
    my_error : float
        Statistical error of the yield after the cut.
    my_effective : float
        Effective number of the events that pass.
    my_needed : float
        Simulated events in all, before the cut, that reach the goal.

    Returns
    -------
    Verdict
    """
    answers = {"my_error": my_error, "my_effective": my_effective, "my_needed": my_needed}
    if unusable := missing(**answers) or no_number(**answers):
        return unusable
    weights = np.asarray(weights, dtype=float)
    kept = weights[np.asarray(score) > cut]
    right = _sizes(kept, len(weights), goal)
    told = "error {:.4g}, effective {:.4g}, needed {:.4g}".format(*right)
    misread = _misread_sizes(kept, weights, goal)
    for (name, given), wanted, wrong in zip(answers.items(), right, misread, strict=True):
        if is_rounding(given, wanted, 3):
            continue
        if said := first_that_agrees(given, wrong, 0.006):
            return Verdict(False, said, answer=tr("It is: {told}.", told=told))
        if not agree(given, wanted, RESAMPLED if name == "my_error" else 0.03):
            said = tr("{name} is too {side} for these events.", name=name, side=side(given, wanted))
            return Verdict(False, said, answer=tr("It is: {told}.", told=told))
    return Verdict(True, tr("Right: {told}. You have {len} events.", told=told, len=len(weights)))


def _sizes(kept, events, goal):
    """Error of the yield, effective number, and events needed in all."""
    total, squares = kept.sum(), np.square(kept).sum()
    return np.sqrt(squares), total**2 / squares, events * squares / total**2 / goal**2


def _misread_sizes(kept, weights, goal):
    """Numbers for each way to misread the three, by what to say about them."""
    error, effective, needed = _sizes(kept, len(weights), goal)
    positive, size = kept[kept > 0], np.abs(kept).mean()
    whole = _sizes(weights, len(weights), goal)
    without_cut = "This is for all events: apply the cut first."
    dropped = "You dropped the negative events: they take back yield, and their squares add."
    net = abs(kept.sum()) / size
    errors = {
        "This is the root of the expected yield, by which data scatter; the simulation has its "
        "own error.": np.sqrt(abs(kept.sum())),
        "This is the root of a number of simulated events: weigh them.": np.sqrt(len(kept)),
        "You let squares cancel: (−1)² is +1.": np.sqrt(net) * size,
        "This is the variance: the error is its root.": error**2,
        "This is the relative error: multiply by the yield.": error / abs(kept.sum()),
        without_cut: whole[0],
        dropped: np.sqrt(np.square(positive).sum()),
        "This is the yield and not its error.": abs(kept.sum()),
    }
    effectives = {
        "This is the number of events that pass, whatever their signs.": len(kept),
        "This is what is left after cancelling: the error has not shrunk with it.": net,
        dropped: len(positive),
        without_cut: whole[1],
        "This is the yield.": abs(kept.sum()),
        "This is the relative error: the effective number is 1 over its square.": effective**-0.5,
        "This is the root of it.": effective**0.5,
        "This is the square of the relative error: take 1 over it.": 1 / effective,
    }
    lacking = effective**-0.5 / goal
    needs = {
        "The error shrinks with the root of the number of events: take the square.": (
            len(weights) * lacking
        ),
        "This is how many must pass: how many must be simulated, so that as many pass the cut?": (
            len(kept) * lacking**2
        ),
        "This many effective events must pass: how many must be simulated for that?": goal**-2,
        "This takes all that pass as effective: some of them only take back others.": (
            len(weights) / len(kept) / goal**2
        ),
        "This is right where all events pass: how many must be simulated, so that enough pass the "
        "cut?": whole[2],
        "This is how many are still lacking: give the number in all.": needed - len(weights),
        "This is a factor: multiply by the number that you have.": lacking**2,
        "This takes what is left after cancelling as effective.": len(weights) / net / goal**2,
        "This is the wrong way round: a smaller error takes more events.": (
            len(weights) / lacking**2
        ),
    }
    return errors, effectives, needs


@exercise(
    "The score is over-confident: first learn from the known events what share of them is signal.",
    (
        "Fit isotonic steps (or many boxes) to score_known and y_known; for classes of equal size "
        "the ratio is p / (1 − p)."
    ),
    "fit_fraction(p / (1 − p)), with the honest p of score_data, gives both numbers.",
)
def fraction(score, exact, score_known, y_known, *, my_fraction=None, my_error=None):
    """Exercise 3: how much of the data is signal, from an over-confident score.

    Parameters
    ----------
    score, exact : array_like, shape (n,)
        Claimed and exact log-odds of the data, for classes of equal size.
    score_known, y_known : array_like, shape (m,)
        Claimed log-odds and labels of other events.
    my_fraction, my_error : float
        Signal fraction of the data, and its statistical error.

    Returns
    -------
    Verdict
    """
    answers = {"my_fraction": my_fraction, "my_error": my_error}
    if unusable := missing(**answers) or no_number(**answers):
        return unusable
    wanted, least = _fit(np.exp(np.asarray(exact, dtype=float)))
    score, honest = np.asarray(score, dtype=float), _in_boxes(score, score_known, y_known)
    _, error = _fit(honest / (1 - honest))
    answer = tr(
        "The exact ratio gives {wanted} ± {least}.", wanted=f"{wanted:.4f}", least=f"{least:.4f}"
    )
    if abs(my_fraction - wanted) > FRACTION_ERRORS * least:
        said = _why_fraction_differs(my_fraction, wanted, score, honest)
        sure = by_chance(my_fraction - wanted, error)
        return Verdict(False, f"{said} {sure}", answer=answer)
    if not SCATTER[0] < my_error / error < SCATTER[1]:
        return Verdict(
            False, _why_error_differs(my_error, error, wanted, len(score)), answer=answer
        )
    away = (my_fraction - wanted) / error
    return Verdict(
        True,
        tr(
            "Right: the exact ratio gives {wanted} ± {least}, {away} errors away.",
            wanted=f"{wanted:.4f}",
            least=f"{least:.4f}",
            away=f"{away:+.1f}",
        ),
    )


def _in_boxes(score, score_known, y_known):
    """Share of signal in the box of each event, from known events."""
    known, y = np.asarray(score_known, dtype=float), np.asarray(y_known)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BOXES + 1)[1:-1]))
    box = np.digitize(known, edges)
    signal, both = (np.bincount(box, w, len(edges) + 1) for w in (y, np.ones(len(y))))
    return ((signal + 0.5) / (both + 1))[np.digitize(score, edges)]


def _fit(r):
    """Fraction of largest likelihood, and its error from the curvature."""

    def cost(f):
        return -np.log1p(f * (r - 1)).sum()

    f = minimize_scalar(cost, bounds=(0, 0.99), method="bounded").x
    return f, np.square((r - 1) / (1 + f * (r - 1))).sum() ** -0.5


def _why_fraction_differs(given, wanted, score, honest):
    if given > 1:
        return "This is how many events are signal: give a fraction."
    claimed = 1 / (1 + np.exp(-score))
    raw, _ = _fit(np.exp(score))
    misread = {
        "This is the fit with the score as it claims to be: it is over-confident. Calibrate it "
        "on the known events first.": raw,
        "You put the probability into the fit where the ratio p / (1 − p) belongs.": (
            _fit(honest)[0]
        ),
        "This is the mean of p, which holds for classes of equal size. Fit the fraction.": (
            honest.mean()
        ),
        "This is the mean of the claimed p, which holds for classes of equal size. Fit the "
        "fraction.": claimed.mean(),
        "You counted events above ½: background gets there, too.": (score > 0).mean(),
        "You counted events of honest p above ½: background gets there, too.": (
            (honest > 0.5).mean()
        ),
        "This is the fraction of background; or is your ratio turned round?": 1 - wanted,
        "This is the fraction among the known events: yours is another one.": 0.5,
    }
    return nearest(given, misread, 0.004) or (
        tr(
            "This fraction is too {side} for these data: is the ratio in your fit honest?",
            side=side(given, wanted),
        )
    )


def _why_error_differs(given, error, wanted, events):
    wrong = {
        "This is the error of counting events whose class is known: the score tells less.": (
            np.sqrt(wanted * (1 - wanted) / events)
        ),
        "This is √(f/n): it takes every event as signal or background for certain.": (
            np.sqrt(wanted / events)
        ),
        "This is 1/√n of all events, no error of this fit.": events**-0.5,
        "This is the variance: the error is its root.": error**2,
        "This is half of a 95 % interval: quote the standard error.": 1.96 * error,
        "This is the relative error: multiply by the fraction.": error / wanted,
        "This is the error in events: divide by their number.": error * events,
    }
    otherwise = tr(
        "This error is too {side}: see the curvature of the likelihood, or resample the "
        "data a hundred times.",
        side=side(given, error),
    )
    return first_that_agrees(given, wrong, 0.05) or otherwise
