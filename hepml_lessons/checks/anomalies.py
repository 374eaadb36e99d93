"""Checks of the exercises of the lesson on anomalies."""

import numpy as np

from hepml.data import DISTORTIONS, distort
from hepml.stats import roc_curve, sidak, two_sample_test
from hepml_lessons.checks._tries import exercise
from hepml_lessons.checks._verdict import (
    Verdict,
    agree,
    missing,
    no_number,
    no_scores,
    shape_of,
    side,
    why_differs,
)
from hepml_widgets.core.language import tr

__all__ = ["Periods", "hidden", "periods", "told_apart", "trials"]

LEVEL = 0.05
SEEN = 0.6
"""An AUC that nothing reaches on the suspect day's events that it has not seen: the lesson's trees
have 0.544 ± 0.009 in ten draws, and never less than 0.644 on events that they have seen."""
SWAPPED = 2.5
"""Errors below ½ that no sensible score has unless the classes are swapped."""
PERMUTATIONS = 999
ASKED = 500
"""Deals of the labels that the exercise asks for."""
LEAST = 1e-6
"""Below that nobody has dealt so often."""


@exercise(
    (
        "If nothing is wrong, each p-value is as likely to be below 5 % as a die with twenty "
        "faces to show a one."
    ),
    "(1 − p)ⁿ is the chance that none of n is as small as p.",
    "One minus that is what the smallest of them is worth.",
)
def trials(p_values, *, my_expected=None, my_global=None):
    """Exercise 1: what many tests cost, taken as independent.

    Parameters
    ----------
    p_values : dict of str to float
        Of each histogram alone.
    my_expected : float
        How many of them are expected at or below 5 % though nothing is wrong.
    my_global : float
        The smallest one after all trials, by Šidák.

    Returns
    -------
    Verdict
    """
    answers = {"my_expected": my_expected, "my_global": my_global}
    if unusable := missing(**answers) or no_number(**answers):
        return unusable
    p = np.array(list(p_values.values()), float)
    said = _why_not_expected(my_expected, p) or _why_not_global(my_global, p)
    if said:
        worth = f"{LEVEL * len(p):.3g} and {sidak(p.min(), len(p)):.3g}"
        return Verdict(False, said, answer=tr("They are {worth}.", worth=worth))
    return Verdict(
        True,
        tr(
            "Right: {n} false alarms are expected, and the smallest p of {min} is worth {sidak}.",
            n=f"{LEVEL * len(p):.3g}",
            min=f"{p.min():.3g}",
            sidak=f"{sidak(p.min(), len(p)):.2g}",
        ),
    )


def _why_not_expected(given, p):
    n = len(p)
    return why_differs(
        given,
        LEVEL * n,
        {
            tr("That is the chance for one histogram. There are {n}.", n=n): LEVEL,
            "That is the chance that at least one is so low, if they are independent. Wanted is "
            "how many, on average.": 1 - (1 - LEVEL) ** n,
            "That is the chance that none is so low.": (1 - LEVEL) ** n,
            "That is the number of histograms, whatever their p.": n,
            "That is how many there are below 5 % here. Wanted is how many chance makes on "
            "average.": np.count_nonzero(p <= LEVEL),
        },
        tr(
            "A p-value is below 5 % in 5 % of the cases if nothing is wrong: for {n} of them yours "
            "is too {side}.",
            n=n,
        ),
    )


def _why_not_global(given, p):
    n, low = len(p), float(np.min(p))
    wanted = sidak(low, n)
    said = why_differs(
        given,
        wanted,
        {
            "A probability is at most 1: is yours in percent?": 100 * wanted,
            "That is the smallest p itself: you left out the trials.": low,
            "n · p is an upper bound (Bonferroni's): a probability is 1 − (1 − p)ⁿ.": n * low,
            "(1 − p)ⁿ is the chance that none is so small; you want the other case.": 1 - wanted,
            "1 − pⁿ would be the chance that not all are so small.": 1 - low**n,
            "pⁿ is the chance that all of them are so small.": low**n,
            "That uses 5 % in place of the smallest p.": 1 - (1 - LEVEL) ** n,
            "That is the mean p; the smallest is what caught your eye.": np.mean(p),
            "Divide by the number of trials? They make p larger.": low / n,
        },
        tr(
            "The smallest of {n} p-values is {low}. By Šidák's 1 − (1 − p)ⁿ yours is too {side}.",
            n=n,
            low=f"{low:.3g}",
        ),
    )
    return said and tr("The number is right. {said}", said=said)


@exercise(
    "Rows [0::2] of both days to learn, [1::2] to judge; the label is the day.",
    (
        "Deal the labels of the judged rows anew, many times, with the same scores: how often "
        "is the AUC as large?"
    ),
    "The p-value is (1 + number as large) / (1 + number of deals): never 0.",
)
def told_apart(yesterday, today, *, my_scores_yesterday=None, my_scores_today=None, my_p=None):
    """Exercise 2: a classifier's two-sample test on every other event of two days.

    Parameters
    ----------
    yesterday, today : DataFrame
        Both days, with ``Weight``; the rows 0, 2, 4, … are to learn from, 1, 3, 5, … to judge.
    my_scores_yesterday, my_scores_today : array_like
        Scores of the rows to judge; the larger, the more like today.
    my_p : float
        By permutation of the labels, one-sided.

    Returns
    -------
    Verdict
    """
    scores = {"my_scores_yesterday": my_scores_yesterday, "my_scores_today": my_scores_today}
    if unusable := missing(**scores, my_p=my_p):
        return unusable
    weights = [day["Weight"].to_numpy(float)[1::2] for day in (yesterday, today)]
    unusable = (
        _all_events((yesterday, today), scores)
        or no_scores(list(map(len, weights)), **scores)
        or no_number(my_p=my_p)
    )
    if unusable:
        return unusable
    found = [np.asarray(values, float) for values in scores.values()]
    curve = roc_curve(
        np.repeat([0, 1], list(map(len, found))), np.concatenate(found), np.concatenate(weights)
    )
    said = _why_not_unseen(np.concatenate(found), curve) or _why_not_p(my_p, found, weights)
    if said:
        return Verdict(False, said)
    return Verdict(
        True,
        tr(
            "Right, if no row [1::2] has taught the classifier, not even another fold's: "
            "AUC {auc}, p = {my_p}. The day is not like yesterday.",
            auc=f"{curve.auc:.3f}",
            my_p=f"{my_p:.2g}",
        ),
    )


def _all_events(days, scores):
    for day, (name, values) in zip(days, scores.items(), strict=True):
        if shape_of(values) == (len(day),):
            return Verdict(
                False,
                tr(
                    "{name} has scores of all {len} events, those learned from among them. Judge "
                    "with the rows [1::2] alone.",
                    name=name,
                    len=len(day),
                ),
            )
    return None


def _why_not_unseen(scores, curve):
    found = curve.auc
    if np.ptp(scores) == 0:
        return "All scores are the same: give probabilities, not classes."
    if len(np.unique(scores)) == 2:
        return "There are two different scores: give probabilities, not classes."
    if found > SEEN:
        return tr(
            "Your AUC is {found}, better than any on events that were not seen before: were "
            "the rows [1::2] among those that the classifier learned from?",
            found=f"{found:.3f}",
        )
    if found < 0.5 - SWAPPED * curve.auc_error:
        return tr("Your AUC is {found}, below ½: is today the class 1?", found=f"{found:.3f}")
    return None


def _why_no_p_value(given):
    if given < 0:
        return tr("A probability is never below 0, my_p is {given}.", given=f"{given:.3g}")
    if given == 0:
        return (
            "A p-value is never 0: chance may do what you saw. With k of n deals as large it is "
            "(1 + k) / (1 + n)."
        )
    if given < LEAST:
        return tr(
            "A p-value of {given} would take {n} deals of the labels: is it a formula's, of "
            "another test?",
            given=f"{given:.1g}",
            n=f"{1 / given:.0g}",
        )
    if given > 1:
        return tr("A probability is at most 1, my_p is {given}. In percent?", given=f"{given:.3g}")
    return None


def _why_not_p(given, scores, weights):
    if said := _why_no_p_value(given):
        return said
    exact = _permuted(scores, weights)
    if exact <= LEVEL < given and agree(given, 1 - exact, 0.05):
        return "That is 1 − p: count the deals with an AUC as large as yours, or larger."
    if abs(given - exact) > _tolerance(exact):
        plain = _permuted(scores, [np.ones(len(w)) for w in weights])
        hint = " Did the weights go along?" if abs(given - plain) < _tolerance(plain) else ""
        return tr(
            "Your p is too {side} for your scores. Deal their labels anew, and count how "
            "often the AUC is as large as theirs.{hint}",
            side=side(given, exact),
            hint=hint,
        )
    if exact > LEVEL:
        return (
            "Your p is right, but these scores do not tell the days apart. A better classifier "
            "sees more: more trees, all features, weights?"
        )
    return None


def _permuted(scores, weights):
    return two_sample_test(
        *scores, *weights, statistic="auc", permutations=PERMUTATIONS, rng=0
    ).p_value


def _tolerance(p):
    """Four errors of two p-values, from the deals of both sides, and 0.01."""
    variance = max(p, 1 / ASKED) * (1 - p)
    return 0.01 + 4 * np.sqrt(variance * (1 / ASKED + 1 / PERMUTATIONS))


# What befalls one period each of exercise 3, its strength, and a hint.
_BEFALLS = {
    "tau_energy_scale": (0.05, "Where does the pT of the tau begin?"),
    None: (0.0, "One histogram in twenty looks bad by chance: what is p for all of them?"),
    "swapped_phi": (0.05, "No histogram changes. Which features belong together?"),
    "missing_energy": (0.1, "Which histogram differs most? Are the taus as before?"),
}
NAMES = "ABCD"


class Periods(dict):
    """Tables by the name of their period; what befell each is nobody's business but the check's."""

    def __init__(self, tables, befell):
        super().__init__(tables)
        self._befell = befell


def hidden(events, rng):
    """Make the four periods of exercise 3 from good events.

    Parameters
    ----------
    events : DataFrame
        Good events; each period gets a fourth.
    rng : int or numpy.random.Generator
        Which period suffers what, and which events.

    Returns
    -------
    Periods
        DataFrames by name.
    """
    rng = np.random.default_rng(rng)
    kinds = list(_BEFALLS)
    befell = {name: kinds[k] for name, k in zip(NAMES, rng.permutation(len(kinds)), strict=True)}
    size = len(events) // len(NAMES)
    made = {}
    for k, (name, kind) in enumerate(befell.items()):
        part = events.iloc[k * size : (k + 1) * size].reset_index(drop=True)
        made[name] = distort(part, kind, _BEFALLS[kind][0], rng) if kind else part
    return Periods(made, befell)


@exercise(
    "Look at one period at a time, all thirty histograms, and count trials.",
    (
        "Compute derived features again from the primary ones: where they differ, something "
        "was changed after."
    ),
    (
        "What does each of data.DISTORTIONS do to the τ, to the missing momentum, to angles? "
        "Which fits?"
    ),
)
def periods(given, *, my_kinds=None):
    """Exercise 3: what is wrong with each of four periods.

    Parameters
    ----------
    given : Periods
        As `hidden` has made them.
    my_kinds : dict of str to (str or None)
        For each period one of `hepml.data.DISTORTIONS`, or None where nothing is wrong.

    Returns
    -------
    Verdict
    """
    if unusable := missing(my_kinds=my_kinds):
        return unusable
    if not isinstance(given, Periods):
        return Verdict(
            False, "The first argument should be what check.hidden gave you.", is_try=False
        )
    if not hasattr(my_kinds, "keys") or set(my_kinds.keys()) != set(given):
        names = ", ".join(given)
        return Verdict(False, tr("my_kinds should be a dict with the keys {names}.", names=names))
    my_kinds = {name: _none_for_nan(my_kinds[name]) for name in given}
    if unusable := _no_kinds(my_kinds):
        return unusable
    befell = given._befell  # noqa: SLF001 - ours
    wrong = [name for name, kind in befell.items() if my_kinds[name] != kind]
    if wrong:
        name = wrong[0]
        so_far = tr(
            "{n} of {len} are right. Period {name}",
            n=len(befell) - len(wrong),
            len=len(befell),
            name=name,
        )
        return Verdict(False, _about(so_far, my_kinds[name], befell[name]))
    return Verdict(True, "Right: a scale, a quiet period, a swap that only physics sees, and MET.")


def _none_for_nan(kind):
    """Return None for the NaN or NA that a column of pandas makes of it."""
    missing_value = (isinstance(kind, float) and np.isnan(kind)) or repr(kind) == "<NA>"
    return None if missing_value else kind


def _no_kinds(my_kinds):
    if open_ones := [name for name, kind in my_kinds.items() if kind is ...]:
        return Verdict(
            None, tr("Judge {join}, too; None is an answer.", join=" and ".join(open_ones))
        )
    for name, kind in my_kinds.items():
        if kind is not None and kind not in tuple(DISTORTIONS):
            known = ", ".join(DISTORTIONS)
            return Verdict(
                False,
                tr(
                    "{name}: {kind} is none of {known}; or None for no fault.",
                    name=name,
                    kind=f"{kind!r}",
                    known=known,
                ),
            )
    return None


def _about(so_far, given, kind):
    hint = tr(_BEFALLS[kind][1])
    if kind is None:
        return tr(
            "{so_far}: does {given} stand out there, among all trials? {hint}",
            so_far=so_far,
            given=given,
            hint=hint,
        )
    if given is None:
        return tr("{so_far}: look again. {hint}", so_far=so_far, hint=hint)
    if {given, kind} == {"tau_energy_scale", "missing_energy"}:
        return tr(
            "{so_far}: {given} moves the missing momentum, but so does another fault. {hint}",
            so_far=so_far,
            given=given,
            hint=hint,
        )
    return tr("{so_far} does not look like {given}. {hint}", so_far=so_far, given=given, hint=hint)
