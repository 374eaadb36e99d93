"""Checks of the exercises of the lesson on classification without labels.

``mjj`` is the mass of the two jets of each event in GeV, ``region`` a pair of limits, ``sidebands``
two of them: training uses only these. ``edges`` are those of the spectra that are fitted.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import binom, spearmanr

from hepml.stats import auc, bump_scan, pseudo_experiments, roc_curve
from hepml_lessons.checks._tries import exercise
from hepml_lessons.checks._verdict import (
    THREE_DIGITS,
    Verdict,
    by_chance,
    missing,
    nearest,
    no_number,
    no_scores,
    side,
)
from hepml_widgets.core.language import tr

__all__ = ["honest_hunt", "null_run", "true_auc"]

PARAMETERS = 3
KNOWS_MASS = 0.15
"""Rank correlation of score and mass, far from region and sidebands, that no fair score has."""
DRIFTS = 2.1
"""Ratio of what a cut at 10 % keeps above the sidebands and below the region, either way round:
1.3 to 1.8 for masses over mjj in `dijets`, 2 to 2.6 for raw masses, 10 with momenta."""
REMEMBERS = 0.53
"""AUC of region against sidebands that trees reach only on what they were trained on."""
TWO_DIGITS = 0.006
"""How far a significance may be off that was rounded to two digits after the point."""
ROUNDED = 0.03
"""How far one may be off that is no known mistake: rounded more, or fitted by other means."""
OF_NOTHING = 4.5
"""Local significance that chance does not make of nothing."""
EXPERIMENTS = 10_000
ENOUGH = 8
"""Pseudo-experiments as large as the data from which a p-value is counted: ten, less a little."""
CALIBRATED = 1.25
"""How much more often than a local p-value says a threshold with few events may exceed it."""
ALIKE = 1.1
"""How much less often pseudo-experiments exceed it that were drawn from another fit."""
SURE = 0.001
"""Probability on either side to refuse a count that is right."""
TAIL = (0.003, 0.01, 0.03, 0.1)
LEARNED = 0.605
"""Mean share of the weak signal that is kept where `TAIL` of the events is. In sixty draws of
`dijets` region against sidebands taught 0.34 to 0.60 (trees, linear, their average), the labels,
cross-validated, 0.61 to 0.74."""


class Excesses(NamedTuple):
    """What `bump_scan` finds in one window, each of shape (spectra,)."""

    observed: np.ndarray
    background: np.ndarray
    background_error: np.ndarray
    p_value: np.ndarray
    significance: np.ndarray


class Search(NamedTuple):
    """Masses of the events, where the signal would be, where to train, and the bins."""

    mjj: np.ndarray
    region: tuple
    sidebands: tuple
    edges: np.ndarray

    def spectrum(self, passing):
        return np.histogram(self.mjj[passing], self.edges)[0]

    def hunt(self, rows, sidebands=None, parameters=PARAMETERS):
        """Excesses of some spectra; None where too few events are left to fit."""
        distinct, which = np.unique(rows, axis=0, return_inverse=True)
        options = {"parameters": parameters}
        try:
            scan = bump_scan(distinct, self.edges, [self.region], sidebands, **options)
        except ValueError:
            return None
        return Excesses(*(getattr(scan, name)[which.ravel(), 0] for name in Excesses._fields))

    def rows(self, score, shares):
        """Spectra for each way to keep each share; first, as many events as come nearest to it."""
        orders = [np.argsort(-score, kind=kind) for kind in ("stable", None)]
        orders += [np.argsort(score, kind=kind)[::-1] for kind in ("stable", None)]
        ranked = score[orders[0]]
        return [
            np.array([self.spectrum(orders[k][:most]) for k, most in _ways(ranked, share)])
            for share in shares
        ]


def _ways(ranked, share):
    """Keep a share by counting, by quantiles or by ranks, with ties or without them.

    ``ranked`` are the scores from the best on. Returns the order and the number of events of each.
    """
    wanted = share * len(ranked)
    low, high = (int(np.clip(edge, 1, len(ranked))) for edge in (wanted + 1e-9, np.ceil(wanted)))
    numbers = [round(wanted) or 1, *range(low - 1, high + 2)]
    cuts = [ranked[k - 1] for k in numbers if 0 < k <= len(ranked)]
    if abs(np.mean(ranked >= 1 - share) - share) < 0.1 * share:
        cuts.append(1 - share)
    with_ties = [(0, int(np.searchsorted(-ranked, -cut, "right"))) for cut in cuts]
    return with_ties + [(order, k) for order in range(4) for k in (low, high)]


@exercise(
    (
        "Draw one event from each bag. It is signal and background with probability f1 (1 − "
        "f2): how else can it be?"
    ),
    (
        "A pair of one kind is a coin, ½; a pair the other way round loses as often as the "
        "right one wins."
    ),
    "So AUC of the bags − ½ = (f1 − f2) (AUC − ½). Solve for the AUC.",
)
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
    What is within half of its statistical error is right: pairs may be drawn at random.
    """
    if unusable := missing(my_auc=my_auc) or no_number(my_auc=my_auc):
        return unusable
    if f1 == f2:
        return Verdict(False, "Bags of equal purities say nothing about the AUC.")
    y, score = np.repeat([1, 0], [len(score_1), len(score_2)]), np.concatenate([score_1, score_2])
    bags = roc_curve(y, score)
    wanted = 0.5 + (bags.auc - 0.5) / (f1 - f2)
    tolerance = np.clip(bags.auc_error / abs(f1 - f2) / 2, THREE_DIGITS, 0.005)
    if abs(my_auc - wanted) < tolerance:
        return Verdict(
            True, tr("Right: {wanted}, and no label was needed.", wanted=f"{wanted:.3f}")
        )
    if abs(my_auc - wanted) < 0.005 + 1e-9:
        return Verdict(False, "Right so far: give three digits, to tell it from what is near.")
    wrong = _misread_bags(bags.auc - 0.5, f1, f2) | _misread_classes(y, score, f1 - f2)
    said = nearest(my_auc, wrong, tolerance) or _wrong_auc(my_auc, wanted)
    sure = by_chance((my_auc - wanted) * (f1 - f2), bags.auc_error)
    return Verdict(
        False, f"{said} {sure}", answer=tr("The AUC is {wanted}.", wanted=f"{wanted:.4f}")
    )


def _wrong_auc(given, wanted):
    if not 0 <= given <= 1:
        return tr("An AUC is between 0 and 1, which {given} is not.", given=f"{given:.3f}")
    return tr(
        "This is too {side} for these scores. Of a pair, one event from each bag: how "
        "often is it signal and background, how often the other way round, how often "
        "two of a kind?",
        side=side(given, wanted),
    )


def _misread_classes(y, score, apart):
    """AUC after a cut at a logit of 0, a probability of ½, or in the middle."""
    cuts = {"0": 0, "½": 0.5, "the median": np.median(score)}
    return {
        tr(
            "You cut the scores first, at {name}: this is the AUC of classes, not of scores.",
            name=name,
        ): (0.5 + (auc(y, score >= cut) - 0.5) / apart)
        for name, cut in cuts.items()
    }


def _misread_bags(over, f1, f2):
    """AUC for each way to misread the bags, by what to say about it."""
    apart = f1 - f2
    return {
        "This is the AUC of bag 1 against bag 2: most of their events are alike.": 0.5 + over,
        "The bags are exchanged: this is below ½ by as much as it should be above.": (
            0.5 - over / apart
        ),
        "Divide only what is above ½: a pair of two alike counts ½.": (0.5 + over) / apart,
        "You multiplied by f1 - f2: mixing brings the AUC closer to ½, undoing it must not.": (
            0.5 + over * apart
        ),
        "You took bag 2 for pure background: it has a purity, too.": 0.5 + over / f1,
        "It is the difference of the purities that counts, not their sum.": 0.5 + over / (f1 + f2),
        "This is only what is above ½: two events of a kind win half of the time.": over / apart,
        "This is 2 AUC - 1: an AUC of ½ is no separation.": 2 * over / apart,
        "The pairs the other way round count, too: (1 - f1) f2 of them, and they lose.": (
            0.5 + over / (f1 * (1 - f2))
        ),
    }


@exercise(
    "Features that grow with mjj sculpt a bump: divide masses by mjj, leave momenta out.",
    "cross_scores scores each event by models that have not seen it.",
    (
        "Keep the 1 % with the largest scores, histogram their mjj in EDGES, "
        "stats.bump_hunt(…, parameters=3)."
    ),
)
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
    search = Search(np.asarray(mjj, float), region, sidebands, edges)
    said = _unfair(search, my_score) or _why_z_differs(my_z, search, my_score)
    if said:
        return Verdict(False, said, answer=_told_z(search, my_score))
    if abs(my_z) > OF_NOTHING:
        return Verdict(
            False,
            tr(
                "Computed correctly, but {my_z} σ of nothing is no chance: this score makes "
                "bumps. Did a model see what it scores, or something that knows mjj?",
                my_z=f"{my_z:+.1f}",
            ),
        )
    return Verdict(
        True, tr("Right: {my_z} σ of nothing.{praise}", my_z=f"{my_z:+.2f}", praise=_praise(my_z))
    )


def _told_z(search, score):
    found = search.hunt(search.rows(score, [0.01])[0])
    return (
        ""
        if found is None
        else tr("This score has {significance} σ.", significance=f"{found.significance[0]:+.2f}")
    )


def _praise(z):
    if abs(z) < 2:
        return (
            " (A score of random numbers would pass, too: a null test finds what is made up only.)"
        )
    return tr(
        " That much happens by chance in one try of {n}: repeat it with other folds.",
        n=f"{1 / (2 * ndtr(-abs(z))):.0f}",
    )


def _unfair(search, score):
    """Sentence on a score that makes bumps, or None."""
    mjj, region, sidebands, _ = search
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
        return tr(
            "Region against sidebands has an AUC of {separates}, with (next to) no signal "
            "in either: you scored events with a model that was trained on them, or one "
            "that knows mjj.",
            separates=f"{separates:.3f}",
        )
    if separates < 1 - REMEMBERS:
        return "The scores are larger in the sidebands: turn them."
    return _why_drifts(score, mjj < region[0], far)


def _why_drifts(score, below, above):
    passing = score >= np.quantile(score, 0.9)
    low, high = (float(np.mean(passing[where])) for where in (below, above))
    if max(low, high) <= DRIFTS * min(low, high):
        return None
    return tr(
        "A cut at 10 % keeps {low} below the region and {high} above the sidebands: "
        "what passes goes with mjj. Did you use a quantity that grows with it: raw "
        "masses (divide them by mjj), momenta, τ₁, numbers of towers?",
        low=f"{low:.0%}",
        high=f"{high:.0%}",
    )


def _inside(mjj, window):
    return (mjj >= window[0]) & (mjj < window[1])


def _why_z_differs(given, search, score):
    """Sentence on a significance that is not that of the cut at 1 %, or None."""
    rows = search.rows(score, [0.01])[0]
    found = search.hunt(rows)
    if found is None:
        return "Too few events are left to fit: are there many equal scores?"
    right = np.concatenate([found.significance, _simple(found)])
    off = np.abs(given - right).min()
    if off < TWO_DIGITS:
        return None
    wrong = _misread_excess(found) | _misread_fit(search, rows[:1]) | _misread_cut(search, score)
    said = nearest(given, wrong, TWO_DIGITS)
    if said or off < ROUNDED:
        return said
    return tr("Your Z is too {side} for the cut that keeps 1 %.", side=side(given, right[0]))


def _simple(found):
    """Excess over the root of both variances: nearly the same for small ones."""
    beyond = found.observed - found.background
    return beyond / np.sqrt(found.background + found.background_error**2)


def _misread_excess(found):
    n, b = found.observed[0], found.background[0]
    return {
        "This is a p-value: give it in standard deviations.": found.p_value[0],
        "You took the fitted background for exact: its error counts, too.": (n - b) / np.sqrt(b),
        "This is S/√(S+B): ask what background alone would do.": (n - b) / np.sqrt(max(n, 1)),
        "An excess has a plus sign, a deficit a minus sign.": -found.significance[0],
    }


def _misread_fit(search, row):
    others = {
        "This is a fit with four parameters: take three.": (None, PARAMETERS + 1),
        "You fitted the sidebands of the training only: fit all bins outside of the region.": (
            search.sidebands,
            PARAMETERS,
        ),
    }
    hunts = {said: search.hunt(row, *options) for said, options in others.items()}
    return {said: hunt.significance[0] for said, hunt in hunts.items() if hunt is not None}


def _misread_cut(search, score):
    others = {
        "This is the spectrum without a cut.": 1,
        "This is the cut at 10 %.": 0.1,
        "This is the cut at 5 %.": 0.05,
        "This is the cut at 0.1 %.": 0.001,
    }
    rows = zip(others, search.rows(score, others.values()), strict=True)
    hunts = {said: search.hunt(row[:1]) for said, row in rows}
    return {said: hunt.significance[0] for said, hunt in hunts.items() if hunt is not None}


@exercise(
    "Average the scores of several trainings: each has its own noise.",
    "List every share that you tried, also those that showed nothing.",
    (
        "The probability of the best is the number of shares times its own, ndtr(-local); "
        "give it in σ again."
    ),
)
def honest_hunt(
    mjj,
    y,
    region,
    sidebands,
    edges,
    *,
    my_score=None,
    my_kept=None,
    my_global=None,
    my_toys=0,
):
    """Exercise 3: hunt with several thresholds, and quote what the best of them is worth.

    Parameters
    ----------
    mjj, region, sidebands, edges
        As above.
    y : array_like, shape (events,)
        Labels, which only this check may see: 1 for signal.
    my_score : array_like, shape (events,)
        As in `null_run`.
    my_kept : sequence of float
        All shares of events that were tried, each between 0 and 1.
    my_global : float
        Global significance of the largest excess among them.
    my_toys : int
        Number of pseudo-experiments it was counted with; 0 if it was computed from the local one.

    Returns
    -------
    Verdict

    Notes
    -----
    Right is what follows from the local p-value p of n looks, n p (Bonferroni) or 1 - (1 - p)ⁿ
    (Šidák), and what as many pseudo-experiments count: between thresholds that share events as
    those of the data do and independent ones, with the binomial error of both counts.
    """
    answers = {"my_score": my_score, "my_kept": my_kept, "my_global": my_global}
    if unusable := missing(**answers, my_toys=my_toys) or no_scores([len(mjj)], my_score=my_score):
        return unusable
    if unusable := _no_global(my_global, my_toys) or _no_shares(my_kept):
        return unusable
    my_score = np.asarray(my_score, float)
    search = Search(np.asarray(mjj, float), region, sidebands, edges)
    said = _unfair(search, my_score) or _saw_labels(my_score, np.asarray(y) == 1)
    if said:
        return Verdict(False, said)
    each = search.rows(my_score, sorted(set(my_kept)))
    hunts = [search.hunt(rows) for rows in each]
    if None in hunts:
        return Verdict(False, "Too few events are left to fit: take larger shares.")
    z = _one_of_each(hunts)
    if _best(z) <= 0:
        return Verdict(False, "No threshold shows an excess: there is nothing to quote.")
    if my_toys > 0:
        said = _why_no_count(my_global, z, my_toys) or _why_count_differs(
            my_global, z, my_toys, _toys_of(search, [rows[0] for rows in each])
        )
    else:
        said = _why_formula_differs(my_global, z)
    answer = tr(
        "By the number of looks it is {formulas} σ.",
        formulas=f"{_formulas(_best(z), len(z))[0]:.2f}",
    )
    return Verdict(False, said, answer) if said else Verdict(True, _right_hunt(my_global, z))


def _one_of_each(hunts):
    """Significances, shape (thresholds, ways to cut); where one has fewer ways, its first."""
    most = max(len(hunt.significance) for hunt in hunts)
    each = [hunt.significance for hunt in hunts]
    return np.array([np.concatenate([one, np.repeat(one[0], most - len(one))]) for one in each])


def _right_hunt(given, z):
    return tr(
        "Right: local {best} σ, global {given} σ, the best of {len} looks.",
        best=f"{_best(z):.2f}",
        given=f"{given:.2f}",
        len=len(z),
    )


def _best(z):
    return z[:, 0].max()


def _no_global(my_global, my_toys):
    if np.isscalar(my_global) and my_global == np.inf:
        return Verdict(
            False,
            "No pseudo-experiment was as large? Then its probability is below one over their "
            "number, but not zero: take the number of thresholds times the local one.",
        )
    return no_number(my_global=my_global, my_toys=my_toys)


def _no_shares(my_kept):
    try:
        shares = np.array(my_kept, float)
    except (TypeError, ValueError):
        shares = np.array([])
    if shares.ndim == 1 and len(set(shares)) > 1 and ((shares > 0) & (shares <= 1)).all():
        return None
    return Verdict(False, "my_kept should list at least two different shares, from 0 to 1.")


def _saw_labels(score, signal):
    """Sentence on a score that finds more of the weak signal than data teach, or None."""
    kept = np.array([np.mean(score[signal] >= np.quantile(score, 1 - share)) for share in TAIL])
    if not signal.any() or kept.mean() <= LEARNED:
        return None
    return tr(
        "Where {TAIL} and {TAIL2} of the events are kept, this score keeps {kept} and "
        "{kept2} of the hidden signal: more than so few events teach a model that only "
        "knows region and sidebands. Did it see the labels, or other samples of the "
        "signal?",
        TAIL=f"{TAIL[1]:.0%}",
        TAIL2=f"{TAIL[-1]:.0%}",
        kept=f"{kept[1]:.0%}",
        kept2=f"{kept[-1]:.0%}",
    )


def _formulas(local, looks):
    """Global significances by Bonferroni and by Šidák, shape (2, …)."""
    p = ndtr(-np.asarray(local))
    return -ndtri(np.stack([np.minimum(looks * p, 1 - 1e-9), -np.expm1(looks * np.log1p(-p))]))


def _why_formula_differs(given, z):
    """Sentence on a global significance that does not follow from the local one, or None."""
    looks, local = len(z), z.max(axis=0)
    mine = _formulas(local, looks)
    low = mine.min(axis=0)
    high = np.where(mine[0] < 0, 0, mine.max(axis=0))  # half or more: no excess at all
    if ((low - TWO_DIGITS < given) & (given < high + TWO_DIGITS)).any():
        return None
    if (abs(given - local) < TWO_DIGITS).any() or given > local.max():
        return _no_less(given, _best(z), looks)
    wrong = (nearest(given, _misread_looks(way), TWO_DIGITS) for way in z.T)
    return next(filter(None, wrong), None) or (
        _in_which_direction(given > mine[0, 0], given, _best(z), looks)
        + " If you counted pseudo-experiments, say how many in my_toys."
    )


def _misread_looks(z):
    """Global significance for each way to misread several looks, by what to say about it."""
    looks, local = len(z), z.max()
    p = looks * ndtr(-local)
    fewer = {
        tr(
            "You counted {k} looks of {looks}: the best one was a look, too.", k=k, looks=looks
        ): _formulas(local, k)[0]
        for k in range(2, looks)
    }
    windows = 15
    return fewer | {
        "This is a probability: give it in standard deviations.": p,
        "An excess has one side only: you took the probability of both.": -ndtri(min(p / 2, 0.9)),
        "You divided the significance: it is the probability that is multiplied.": (
            local / np.sqrt(looks)
        ),
        "The average answers another question: you kept the best.": np.mean(z),
        "You counted windows, too: the region was fixed, only thresholds were tried.": (
            _formulas(local, windows * looks)[0]
        ),
    }


def _no_less(given, local, looks):
    return tr(
        "{given} σ is no less than the local significance, {local} σ: you looked "
        "{looks} times and kept the best. Quote the global one.",
        given=f"{given:.2f}",
        local=f"{local:.2f}",
        looks=looks,
    )


def _in_which_direction(over, given, local, looks):
    if over:
        return tr(
            "{given} σ is too much for a local {local} σ. Count all {looks} looks.",
            given=f"{given:.2f}",
            local=f"{local:.2f}",
            looks=looks,
        )
    return tr(
        "{given} σ is too little for a local {local} σ and {looks} looks. Did you count "
        "something else, too?",
        given=f"{given:.2f}",
        local=f"{local:.2f}",
        looks=looks,
    )


def _why_no_count(given, z, toys):
    """Sentence on a significance that so many pseudo-experiments cannot tell, or None."""
    ways, counted = z.max(axis=0), ndtr(-given) * toys
    near = (abs(given - ways) < TWO_DIGITS).any()
    if near and ndtr(-ways.max()) * EXPERIMENTS < ENOUGH:  # thresholds may be alike, but who knows
        return _no_less(given, _best(z), len(z))
    if counted < ENOUGH:
        return tr(
            "Only about {counted} of {toys} pseudo-experiments were as large: too few for a "
            "probability. Draw more, until ten are, or take the number of thresholds times "
            "the local one.",
            counted=f"{counted:.0f}",
            toys=toys,
        )
    return None


def _why_count_differs(given, z, toys, largest):
    """Sentence on a global significance that so many experiments would not count, or None."""
    looks, local, ways = len(z), _best(z), z.max(axis=0)
    counted = ndtr(-given) * toys
    low, high = _shares(largest, ways.max(), looks)[0], _shares(largest, ways.min(), looks)[1]
    if (abs(given - ways) < TWO_DIGITS).any() and low > ndtr(-ways.max()):
        return _no_less(given, local, looks)
    slack = counted * TWO_DIGITS * max(given, 1)  # of what was rounded
    if counted + slack < binom.ppf(SURE, toys, low):
        return _in_which_direction(True, given, local, looks)
    if counted - slack > binom.ppf(1 - SURE, toys, high) + 1:
        return _in_which_direction(False, given, local, looks)
    return None


def _shares(largest, local, looks):
    """Least and largest share of pseudo-experiments that have an excess as large."""
    share, p = np.mean(largest >= local), ndtr(-local)
    error = 2 * np.sqrt(max(share, 1 / len(largest)) / len(largest))
    return max(share - error, p) / ALIKE, min(CALIBRATED * max(share, looks * p) + error, 1)


def _toys_of(search, rows):
    """Return the largest excess of each pseudo-experiment of ours."""
    return _counted(tuple(map(tuple, rows)), tuple(search.edges), tuple(search.region))


@lru_cache(maxsize=4)
def _counted(rows, edges, region):
    options = {"parameters": PARAMETERS, "experiments": EXPERIMENTS, "rng": 0}
    return pseudo_experiments(rows, edges, [region], **options).largest
