"""Checks of the exercises of the lesson on parameterised learning.

Masses are in GeV. Scores are of all events given, asked at one mass; labels are 1 for signal.
"""

import numpy as np
from scipy.stats import rankdata

from hepml.stats import auc, roc_curve
from hepml_lessons.checks._tries import exercise
from hepml_lessons.checks._verdict import (
    THREE_DIGITS,
    Verdict,
    by_chance,
    missing,
    no_number,
    no_scores,
    shape_of,
    side,
)
from hepml_widgets.core.language import tr

__all__ = ["audit", "background_masses", "held_out_scores"]

SHARE = 0.01
"""How far the share of a mass may be off, beside five statistical errors."""
CLOSE = 0.005
"""How much worse than the dedicated network a parameterised one may be."""
TOO_GOOD = 0.02
"""How much better it cannot be, unless the mass gives the label away."""
ENDS = (500, 1500)


# ---------------------------------------------------------------- 1: masses for the background


@exercise(
    (
        "From the mass alone nobody may tell signal from background: both need the same share "
        "of weight at each mass."
    ),
    "Draw at random from the signal's own masses, whatever the tt̄ event looks like.",
    (
        "Frequencies follow the weights: rng.choice(signal_mass, size=…, p=signal_weight / "
        "signal_weight.sum())."
    ),
)
def background_masses(
    signal_mass, signal_weight, background_weight, reconstructed, *, my_masses=None
):
    """Exercise 1: masses of background events, distributed as the signal's are.

    Parameters
    ----------
    signal_mass, signal_weight : array_like, shape (n,)
        Mass in GeV and weight of each signal event; the masses need not be equally frequent.
    background_weight, reconstructed : array_like, shape (m,)
        Weight and reconstructed mass in GeV of each background event.
    my_masses : array_like, shape (m,)
        A mass for each background event.

    Returns
    -------
    Verdict
    """
    columns = (signal_mass, signal_weight, background_weight, reconstructed)
    mass, w, w_background, own = (np.asarray(column, float) for column in columns)
    if unusable := (
        missing(my_masses=my_masses)
        or _still_nan(my_masses)
        or no_scores([len(own)], my_masses=my_masses)
    ):
        return unusable
    given = np.asarray(my_masses, float)
    wanted = _shares(mass, w)
    said = _why_other_values(given, wanted, own) or _why_other_shares(
        given, w_background, wanted, _shares(mass, np.ones(len(mass))), own
    )
    if said:
        return Verdict(False, said)
    return Verdict(True, "Right: from the mass alone nobody can tell signal from background.")


def _still_nan(given):
    if shape_of(given) is None:
        return None
    values = np.asarray(given)
    if values.dtype.kind == "f" and np.isnan(values).any():
        share = np.isnan(values).mean()
        return Verdict(
            False,
            tr(
                "{share} of your masses are NaN: a network with one such input answers NaN, and "
                "a library that fills them in fills them for the background only.",
                share=f"{share:.0%}",
            ),
        )
    return None


def _shares(mass, weights):
    """Weighted share of each mass."""
    values, k = np.unique(mass, return_inverse=True)
    return dict(zip(values, np.bincount(k, weights) / np.sum(weights), strict=True))


def _why_other_values(given, wanted, own):
    if len(np.unique(given)) == 1 and len(wanted) > 1:
        return tr(
            "All background has one mass, {given} GeV: the network reads the label off the "
            "mass and looks at no event. Tested in the same way it seems perfect; asked at "
            "a mass it is useless.",
            given=f"{given[0]:g}",
        )
    if np.corrcoef(given, own)[0, 1] > 0.999:
        return (
            "These are the events' own reconstructed masses: what is told equals what is measured "
            "for background only, and the network compares the two."
        )
    strange = ~np.isin(given, list(wanted))
    if strange.all() and np.isin(np.round(1000 * given, 3), list(wanted)).all():
        return "These masses are in TeV, the signal's in GeV: that alone tells the two apart."
    if strange.any():
        return tr(
            "{mean} of the background has masses that no signal has, such as {given} GeV: "
            "there the label is known without looking. Draw from the signal's own masses.",
            mean=f"{strange.mean():.0%}",
            given=f"{given[strange][0]:g}",
        )
    return None


def _why_other_shares(given, weights, wanted, unweighted, own):
    found = {mass: weights[given == mass].sum() / weights.sum() for mass in wanted}
    error = np.sqrt(np.sum(weights**2)) / weights.sum()
    if said := _why_depends_on_event(given, own):
        return said
    if _near(found, wanted, error):
        return None
    worst = max(wanted, key=lambda mass: abs(found[mass] - wanted[mass]))
    more = tr("smaller") if found[worst] < wanted[worst] else tr("larger")
    told = tr(
        "At {worst} GeV lies a {more} share of the background's weight than of the signal's",
        worst=f"{worst:g}",
        more=more,
    )
    if _near(found, dict.fromkeys(wanted, 1 / len(wanted)), error):
        return tr(
            "{told}: you drew each mass equally often, but the signal's are not. The mass "
            "alone tells something about the label.",
            told=told,
        )
    if _near(found, unweighted, error):
        return tr(
            "{told}: you left out the weights of the signal. Draw with them as probabilities.",
            told=told,
        )
    return tr("{told}: the mass alone tells something about the label.", told=told)


def _near(found, wanted, error):
    """Whether all shares agree within five errors and `SHARE`."""
    return all(
        abs(found[mass] - share) < SHARE + 5 * error * np.sqrt(share * (1 - share))
        for mass, share in wanted.items()
    )


def _why_depends_on_event(given, own):
    spread = np.corrcoef(rankdata(given), rankdata(own))[0, 1]
    if abs(spread) < 6 / np.sqrt(len(own)):
        return None
    return tr(
        "The masses follow the reconstructed one (rank correlation {spread}): the "
        "network sees background only where the mass told fits the mass measured. Draw "
        "by chance, whatever the event looks like.",
        spread=f"{spread:.2f}",
    )


# ---------------------------------------------------------------- 2: another mass held out


@exercise(
    (
        "with_mass(train, (500, 1000, 1250, 1500)) prepares events of those masses, and gives "
        "tt̄ the same ones."
    ),
    "Ask all your events at 750 GeV, signal and tt̄ alike: asked(your_events.X, 750).",
    "stats.auc(your_events.y, my_scores, your_events.w) is the weighted AUC.",
)
def held_out_scores(y, w, known, train, *, my_scores=None, my_auc=None):
    """Exercise 2: scores at a mass that was held out, and their weighted AUC.

    Parameters
    ----------
    y, w : array_like, shape (n,)
        Labels and weights of the test events: signal of that mass and all background.
    known : dict of str to array_like, shape (n,)
        Scores of the lesson's own networks, all of which have seen that mass; "dedicated" is the
        one to compare with.
    train : int
        Number of training events for that mass, to recognise scores of these.
    my_scores : array_like, shape (n,)
        Scores of the test events, asked at that mass.
    my_auc : float
        Their weighted AUC.

    Returns
    -------
    Verdict
    """
    y, w = np.asarray(y), np.asarray(w, float)
    answers = {"my_scores": my_scores, "my_auc": my_auc}
    if unusable := (
        missing(**answers)
        or _of_training(my_scores, train)
        or no_scores([len(y)], my_scores=my_scores)
        or no_number(my_auc=my_auc)
    ):
        return unusable
    scores, dedicated = (np.asarray(column, float) for column in (my_scores, known["dedicated"]))
    said = (
        _why_not_yours(scores, known)
        or _why_poor(y, w, scores, dedicated)
        or _why_other_auc(my_auc, y, w, scores)
    )
    if said:
        return Verdict(
            False,
            said,
            answer=tr("The AUC of these scores is {auc}.", auc=f"{auc(y, scores, w):.4f}"),
        )
    return Verdict(
        True,
        tr(
            "Right: {auc}, the dedicated network has {auc2}. (Which masses were in "
            "training, scores do not show: that is in your hands.)",
            auc=f"{auc(y, scores, w):.4f}",
            auc2=f"{auc(y, dedicated, w):.4f}",
        ),
    )


def _of_training(scores, train):
    if shape_of(scores) == (train,):
        return Verdict(False, "These are scores of the training events: take the test events.")
    return None


def _why_not_yours(scores, known):
    for name, others in known.items():
        if np.allclose(scores, others, rtol=1e-3, atol=1e-6):
            return tr(
                "These are the scores of the lesson's network {name}, which has seen this mass "
                "in training. Train one that has not.",
                name=f"{name!r}",
            )
    return None


def _why_poor(y, w, scores, dedicated):
    found, best = (roc_curve(y, s, w) for s in (scores, dedicated))
    error = np.hypot(found.auc_error, best.auc_error)  # not paired: generous
    difference = found.auc - best.auc
    sure = by_chance(difference, error)
    told = tr(
        "Your AUC differs by {difference} ± {error} from the dedicated network's",
        difference=f"{difference:+.4f}",
        error=f"{error:.4f}",
    )
    if len(np.unique(scores)) == 2:
        return (
            "These are two values only: labels or classes, and no scores. Take what the network "
            "says before any cut."
        )
    if np.ptp(scores) == 0:
        return (
            "All scores are equal: was anything trained, and is the mass scaled as in training? "
            "(A network asked with 750 where it learned numbers around 1 has no opinion.)"
        )
    if found.auc < 1 - best.auc + 0.03:
        return tr("{told}: background has the larger ones. Is the signal y = 1?", told=told)
    if difference > TOO_GOOD + error:
        return tr(
            "{told}. Too good: either the mass gives the label away (ask signal and "
            "background at the same mass), or these test events or their labels were in "
            "training. {sure}",
            told=told,
            sure=sure,
        )
    if difference < -CLOSE - error:
        return tr(
            "{told}. If it is a network: did you ask at the right mass, for all events, and "
            "scale it as in training, and did the background in training get the signal's "
            "masses? If it is made of trees, no scaling helps: between two masses that they "
            "have seen they give one and the same answer. {sure}",
            told=told,
            sure=sure,
        )
    return None


def _why_other_auc(claimed, y, w, scores):
    right, unweighted = auc(y, scores, w), auc(y, scores)
    if abs(claimed - right) < THREE_DIGITS:
        return None
    if abs(claimed - unweighted) < THREE_DIGITS:
        return "You left out the weights: tt̄ comes in two slices of different weight."
    return tr(
        "The scores are fine. Their weighted AUC is not so {side}.", side=side(claimed, right)
    )


# ---------------------------------------------------------------- 3: which network is honest


@exercise(
    (
        "An AUC is honest if all events, signal and background, are asked at the same mass. "
        "Were those of the reports?"
    ),
    (
        "Compute it yourself for each: stats.auc(search_events.y, network(search_events.X, "
        "search_mass), search_events.w)."
    ),
    "Take the largest, and quote what you computed, not what was reported.",
)
def audit(ask, events, mass, reported, *, my_network=None, my_auc=None):
    """Exercise 3: which of several networks to use, and its AUC where all are asked at one mass.

    Parameters
    ----------
    ask : dict of str to callable
        Networks by name; each gives scores for features of shape (n, d) and a mass in GeV.
    events : object
        Test events, with features ``X``, labels ``y`` and weights ``w``.
    mass : float
        Where the network is to be used.
    reported : dict of str to float
        AUC that each network's author reports.
    my_network : str
        Name of the one to use.
    my_auc : float
        Its weighted AUC at that mass.

    Returns
    -------
    Verdict
    """
    if unusable := missing(my_network=my_network, my_auc=my_auc) or no_number(my_auc=my_auc):
        return unusable
    scores = {name: network(events.X, mass) for name, network in ask.items()}
    found = {name: auc(events.y, score, events.w) for name, score in scores.items()}
    best = max(found, key=found.get)
    answer = tr(
        "{best}, with an AUC of {found} at that mass.", best=best, found=f"{found[best]:.4f}"
    )
    if not isinstance(my_network, str) or my_network != best:
        said = _why_not_this_network(my_network, found, reported, ask, events.X)
        return Verdict(False, said, answer=answer)
    if said := _why_not_its_auc(my_auc, best, found, reported, auc(events.y, scores[best])):
        return Verdict(False, said, answer=answer)
    return Verdict(
        True,
        tr(
            "Right: {best}, with {found} when all events are asked alike.",
            best=best,
            found=f"{found[best]:.3f}",
        ),
    )


def _why_not_this_network(given, found, reported, ask, X):
    if not isinstance(given, str) or given not in found:
        return tr(
            "my_network should be one of {join}; not {given}.",
            join=", ".join(map(repr, found)),
            given=f"{given!r}",
        )
    if np.allclose(ask[given](X, ENDS[0]), ask[given](X, ENDS[1])):
        return tr(
            "{given} leaks nothing, but it does not listen either: asked at {ENDS} and at "
            "{ENDS2} GeV it says the same. Another one does better.",
            given=given,
            ENDS=ENDS[0],
            ENDS2=ENDS[1],
        )
    return tr(
        "{given} reports {reported}, but asked at one mass for all events it has "
        "{found}: the events of that report were not all asked alike, and the "
        "background was given other masses than the signal.",
        given=given,
        reported=f"{reported[given]:.3f}",
        found=f"{found[given]:.3f}",
    )


def _why_not_its_auc(claimed, best, found, reported, unweighted):
    if abs(claimed - found[best]) < THREE_DIGITS:
        return None
    told = tr(
        "{best} is right. At that mass its AUC is not so {side}.",
        best=best,
        side=side(claimed, found[best]),
    )
    if abs(claimed - unweighted) < THREE_DIGITS:
        return tr("{told} You left out the weights.", told=told)
    if abs(claimed - reported[best]) < THREE_DIGITS:
        return tr("{told} That is the reported one, over all masses together.", told=told)
    if others := [n for n, area in found.items() if abs(claimed - area) < THREE_DIGITS]:
        return tr("{told} That is the AUC of {others}.", told=told, others=others[0])
    return told
