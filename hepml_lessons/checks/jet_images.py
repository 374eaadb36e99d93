"""Checks of the exercises of the lesson on jet images.

Labels ``y`` are 1 for W jets and 0 for QCD; ``weights`` are one per jet. Towers are flat arrays:
``pt`` in GeV, ``eta``, ``phi`` in radians, and ``jet``, the number of the jet each belongs to.
"""

import numpy as np
from scipy.special import chdtr, chdtrc

from hepml.stats import auc, auc_gain, roc_curve
from hepml_lessons.checks._tries import exercise
from hepml_lessons.checks._verdict import (
    THREE_DIGITS,
    Verdict,
    by_chance,
    first_that_agrees,
    floats,
    missing,
    no_number,
    no_scores,
    shape_of,
    side,
)
from hepml_widgets.core.language import tr

__all__ = ["flat_cut", "girth", "one_more"]

SEEN = 0.95
"""An AUC that no model reaches on jets of this selection that it has not seen."""
SKILL = 0.003
"""By how much an AUC may differ, beyond errors, between two good models of the same quantities:
seen were 0.001, and 0.009 and more for trees that had seen the test jets."""
TWO_DIGITS = 5.1e-3
"""How far a number may be off that was rounded to two digits."""
WINDOW, BINS = (65.0, 95.0), 6
"""Masses of the selection [GeV], and in how many bins a cut has to be flat."""


@exercise(
    "Find the centre of each jet first: its pT-weighted mean of η and φ, over all its towers.",
    (
        "np.bincount(jet, weights) adds up what belongs to each jet; r is np.hypot of the two "
        "differences."
    ),
    "stats.auc(y_given, -my_girth, w_given), or with a plus: whichever is above ½.",
)
def girth(towers, y, weights, *, my_girth=None, my_auc=None):
    """Exercise 1: the girth of each jet, and how well it separates.

    Parameters
    ----------
    towers : dict of str to array_like
        ``pt``, ``eta``, ``phi`` and ``jet`` of all towers, jet after jet.
    y, weights : array_like, shape (jets,)
        Labels and weights of the jets.
    my_girth : array_like, shape (jets,)
        Mean distance of the towers, by pT, from the pT-weighted centre of their jet.
    my_auc : float
        Weighted AUC claimed, at least ½: for the girth or for minus the girth.

    Returns
    -------
    Verdict
    """
    answers = {"my_girth": my_girth, "my_auc": my_auc}
    if unusable := missing(**answers) or no_number(my_auc=my_auc):
        return unusable
    towers = {name: np.asarray(values, float) for name, values in towers.items()}
    towers["jet"] = towers["jet"].astype(int)
    if (given := floats(my_girth)) is None:
        return Verdict(False, "my_girth should hold one number per jet.")
    if said := _why_no_girths(given, towers, len(y)) or _why_girth_differs(given, towers):
        return Verdict(False, said)
    wanted = _about(towers, *_centre(towers))
    said = _why_its_auc_differs(my_auc, wanted, y, weights)
    if said and _why_its_auc_differs(
        my_auc, given, y, weights
    ):  # of rounded girths it is right, too
        area = auc(y, wanted, weights)
        return Verdict(
            False, said, answer=tr("The AUC is {auc}.", auc=f"{max(area, 1 - area):.4f}")
        )
    return Verdict(
        True, tr("Right: the girth alone has an AUC of {my_auc}.", my_auc=f"{my_auc:.3f}")
    )


def _why_no_girths(given, towers, jets):
    if given.shape == towers["pt"].shape and len(given) != jets:
        return tr(
            "my_girth has {len} values, one per tower: add up what belongs to one jet, with "
            "np.bincount(jet, …).",
            len=len(given),
        )
    if given.shape != (jets,):
        return tr(
            "my_girth should hold {jets} values, one per jet; its shape is {shape}.",
            jets=jets,
            shape=given.shape,
        )
    if not np.isfinite(given).all():
        return "my_girth should hold finite numbers only."
    return None


def _wrapped(phi):
    return (phi + np.pi) % (2 * np.pi) - np.pi


def _centre(towers, weights=None):
    """Mean of eta and phi of each jet, by pT or other weights; phi is a circle."""
    jet = towers["jet"]
    share = towers["pt"] if weights is None else weights
    start = towers["phi"][np.searchsorted(jet, np.arange(jet[-1] + 1))]
    near = _wrapped(towers["phi"] - start[jet])
    eta, phi = (_mean(values, share, jet) for values in (towers["eta"], near))
    return eta, start + phi


def _mean(values, weights, jet):
    return np.bincount(jet, weights * values) / np.bincount(jet, weights)


def _hardest(towers):
    """Eta and phi of the hardest tower of each jet."""
    order = np.lexsort((-towers["pt"], towers["jet"]))
    first = order[np.searchsorted(towers["jet"], np.arange(towers["jet"][-1] + 1))]
    return towers["eta"][first], towers["phi"][first]


def _distance(towers, eta, phi):
    jet = towers["jet"]
    return np.hypot(towers["eta"] - eta[jet], _wrapped(towers["phi"] - phi[jet]))


def _about(towers, eta, phi):
    """Girth about a point for each jet."""
    return _mean(_distance(towers, eta, phi), towers["pt"], towers["jet"])


def _why_girth_differs(given, towers):
    centre = _centre(towers)
    wanted = _about(towers, *centre)
    off = np.abs(given - wanted) > THREE_DIGITS + 1e-5 * wanted
    if not off.any():
        return None
    readings = _readings(towers, centre).items()
    hits = (said for said, other in readings if _nearly_all(given, other))
    rounded = (np.abs(given - wanted) <= TWO_DIGITS).all()
    return next(hits, None) or (None if rounded else _unknown(given, wanted, off, towers))


def _readings(towers, centre):
    """Give for each misreading what it makes of the girth."""
    pt, jet = towers["pt"], towers["jet"]
    r, ones, zero = _distance(towers, *centre), np.ones_like(pt), np.zeros(jet[-1] + 1)
    total = np.bincount(jet, pt * r)
    return {
        "This is Σ pT r, not divided by Σ pT of the jet.": total,
        "You divided by the number of towers; divide by Σ pT.": total / np.bincount(jet),
        "This is the plain mean of r: weight each tower with its pT.": _mean(r, ones, jet),
        "You measured from the hardest tower: take the pT-weighted centre of all towers.": (
            _about(towers, *_hardest(towers))
        ),
        "Your centre is the plain mean of the towers: weight each with its pT.": (
            _about(towers, *_centre(towers, ones))
        ),
        "You measured from η = φ = 0: put the centre of each jet there first.": (
            _about(towers, zero, zero)
        ),
        "This is the mean of r², the second moment: the girth is the mean of r.": (
            _mean(r**2, pt, jet)
        ),
        "This is the root of the mean of r²: the girth is the mean of r itself.": (
            np.sqrt(_mean(r**2, pt, jet))
        ),
    }


def _nearly_all(given, other):
    """Whether arrays agree but for the few jets that lie across φ = ±π."""
    close = np.isclose(given, other, rtol=1e-3, atol=THREE_DIGITS)
    return np.mean(close) > 0.8


def _unknown(given, wanted, off, towers):
    low, high = (np.full(len(wanted), sign * np.inf) for sign in (1, -1))
    np.minimum.at(low, towers["jet"], towers["phi"])
    np.maximum.at(high, towers["jet"], towers["phi"])
    if (high - low > np.pi)[off].all():
        return tr(
            "{n} jets are off, all of them where φ jumps from π to −π: 3.1 and −3.1 are "
            "neighbours, wrap the differences.",
            n=off.sum(),
        )
    k = int(np.argmax(np.abs(given - wanted)))
    too = side(given[k], wanted[k])
    return tr(
        "For {n} jets I get other values: most of all for jet {k}, yours is too {too}.",
        n=off.sum(),
        k=k,
        too=too,
    )


def _why_its_auc_differs(claimed, wanted_girth, y, weights):
    turned = auc(y, wanted_girth, weights)
    wanted, counted = (max(a, 1 - a) for a in (turned, auc(y, wanted_girth)))
    misread = {
        "You left out the weights in the AUC.": counted,
        "Which jets are wider? The score has to be larger for W: turn its sign.": 1 - wanted,
        "You left out the weights in the AUC, and the score has to be larger for W.": 1 - counted,
    }
    said = _why_auc_differs(claimed, wanted, misread, "Its weighted AUC is not so {side}.")
    return said and tr("The girth is right. {said}", said=said)


def _why_auc_differs(claimed, wanted, misread, otherwise):
    """Sentence on an AUC that is not the one wanted, nor that to two digits; or None."""
    two_digits = abs(claimed - wanted) < TWO_DIGITS and abs(claimed - round(claimed, 2)) < 1e-9
    if abs(claimed - wanted) < THREE_DIGITS or two_digits:
        return None
    return first_that_agrees(claimed, misread, 1e-3) or tr(otherwise, side=side(claimed, wanted))


@exercise(
    (
        "What would you see in an image that mass, τ₂₁ and ΔR do not say? How "
        "concentrated is it, how many prongs has it, how much lies beside them?"
    ),
    "Compute it for all jets, put it beside the three columns, train on the train jets.",
    (
        "The AUC is that of your test jets, with their weights: "
        "stats.auc(my_y[my_test], my_score, my_w[my_test])."
    ),
)
def one_more(
    jets, samples, learn, *, my_quantity=None, my_score=None, my_auc=None, baseline, taken
):
    """Exercise 2: one more quantity that improves trees.

    Trees learn here from the train jets, with the quantity: its worth is theirs. The gain has to
    exceed two errors, those of a paired difference of two AUCs (DeLong, DeLong and Clarke-Pearson,
    Biometrics 44 (1988) 837, for weighted jets). The score given may be that of another model,
    but not better than these trees by three errors and what good models differ by.

    Parameters
    ----------
    jets : tuple of array_like
        ``(X, y, weights)`` of all jets; ``X``, shape (n, quantities), is what is known already.
    samples : tuple of array_like of bool, shape (n,)
        Which jets are to train and which to test.
    learn : callable
        From ``(X, y, weights, seed)`` to a model with ``decision_function``.
    my_quantity : array_like, shape (n,)
        One more quantity of all jets.
    my_score : array_like, shape (tested,)
        Scores of the test jets, larger for W, of a model that knows it too.
    my_auc : float
        Weighted AUC claimed for the score.
    baseline : array_like, shape (tested,)
        Scores to be improved.
    taken : array_like, shape (n,)
        A quantity that was shown already.

    Returns
    -------
    Verdict
    """
    answers = {"my_quantity": my_quantity, "my_score": my_score, "my_auc": my_auc}
    if unusable := missing(**answers) or no_number(my_auc=my_auc):
        return unusable
    X, y, weights = (np.asarray(part, float) for part in jets)
    train, test = (np.asarray(which, bool) for which in samples)
    if unusable := _no_quantity(my_quantity, test) or _no_test_scores(my_score, y[test]):
        return unusable
    quantity, score = np.asarray(my_quantity, float), np.asarray(my_score, float)
    if said := (
        _why_claim_differs(my_auc, y[test], score, weights[test])
        or _why_not_new(quantity, X, taken, (y, weights))
        or _why_learned(quantity, y, weights, (train, test))
    ):
        return Verdict(False, said)
    own = _own_score(np.column_stack([X, quantity]), y, weights, (train, test), learn)
    return _judge_gain((y[test], weights[test]), score, own, np.asarray(baseline, float))


def _no_quantity(quantity, test):
    if shape_of(quantity) == (test.sum(),):
        return Verdict(
            False,
            tr(
                "my_quantity is there for the test jets only: trees need it for the train jets "
                "too. Give it for all {len} jets.",
                len=len(test),
            ),
        )
    if unusable := no_scores([len(test)], my_quantity=quantity):
        return unusable
    if len(np.unique(quantity)) == 1:
        return Verdict(False, "my_quantity is the same number for all jets.")
    return None


def _no_test_scores(score, y):
    if len(shape_of(score) or ()) == 1 and len(score) != len(y):
        return Verdict(
            False,
            tr(
                "These are scores of {len} jets; give those of the {test} test jets.",
                len=len(score),
                test=len(y),
            ),
        )
    if shape_of(score) == (len(y), 1):
        return Verdict(False, tr("my_score has shape ({len}, 1): take [:, 0].", len=len(y)))
    if unusable := no_scores([len(y)], my_score=score):
        return unusable
    if len(np.unique(score)) <= 2:
        return Verdict(
            False, "These are classes, not scores: take decision_function(X), and do not cut."
        )
    return None


def _why_claim_differs(claimed, y, score, weights):
    found = auc(y, score, weights)
    misread = {
        "You left out the weights in the AUC.": auc(y, score),
        "Signal and background are swapped in the AUC.": 1 - found,
    }
    otherwise = "On the test jets your score's weighted AUC is not so {side}."
    if said := _why_auc_differs(claimed, found, misread, otherwise):
        return said
    if found < 0.5:
        return "The AUC is below ½: the scores are larger for QCD; turn them."
    return _too_good() if found > SEEN else None


def _too_good():
    return (
        "This is too good for jets that a model has not seen: did it train on the test jets, or "
        "is the label, or the weight, among its inputs?"
    )


def _why_not_new(quantity, known, taken, forbidden):
    def likeness(*columns):
        return max(abs(_rank_correlation(quantity, column)) for column in columns)

    if likeness(*forbidden) > 0.999:
        return _too_good()
    if likeness(taken) > 0.95:
        return (
            "That one is taken: the quantity is nearly the number of filled pixels. Find one that "
            "says something else."
        )
    if likeness(*known.T) > 0.999:
        return "The trees know that quantity already: it is one of those of the baseline."
    return None


def _rank_correlation(a, b):
    ranks = [np.unique(values, return_inverse=True)[1].ravel() for values in (a, b)]
    return np.corrcoef(*ranks)[0, 1]


def _why_learned(quantity, y, weights, samples):
    """Sentence on a quantity that knows the labels, or those of the test jets; or None."""
    train, test = (roc_curve(y[of], quantity[of], weights[of]) for of in samples)
    sign = np.sign(train.auc - 0.5) or 1
    if max(train.auc, 1 - train.auc, test.auc, 1 - test.auc) > SEEN:
        return _too_good()
    if sign * (test.auc - train.auc) > 4 * np.hypot(train.auc_error, test.auc_error):
        return (
            "The quantity separates the test jets better than the train jets, by more than chance:"
            " was it learned on the test jets?"
        )
    return None


def _own_score(X, y, weights, samples, learn):
    """Scores of the test jets by trees that saw the train jets only."""
    train, test = samples
    scaled = weights[train].copy()
    for kind in (0, 1):
        of = y[train] == kind
        scaled[of] *= len(scaled) / 2 / scaled[of].sum()
    return learn(X[train], y[train], scaled, 0).decision_function(X[test])


def _judge_gain(jets, score, own, baseline):
    y, weights = jets
    if auc(y, own, weights) > SEEN:
        return Verdict(False, _too_good())
    gain, error = auc_gain(y, own, baseline, weights)
    if gain <= 2 * error:
        meaning = "That can be chance." if gain > -2 * error else "It got worse."
        return Verdict(
            False,
            tr(
                "With this quantity the AUC of trees changes by {gain} ± {error}. {meaning}",
                gain=f"{gain:+.4f}",
                error=f"{error:.4f}",
                meaning=tr(meaning),
            ),
        )
    more, error = auc_gain(y, score, own, weights)
    if more > 3 * error + SKILL:
        return Verdict(
            False,
            tr(
                "The quantity helps. But your score is better, by more than chance, than that "
                "of trees that learn it from the train jets: did your model see the test jets, or "
                "more than these four quantities? "
                "{by_chance}",
                by_chance=by_chance(more - SKILL, error),
            ),
        )
    gain, error = auc_gain(y, score, baseline, weights)
    told = f"{gain:+.4f} ± {error:.4f}"
    if gain <= 2 * error:
        return Verdict(
            False,
            tr("The quantity helps, but not in your score: its AUC changes by {told}.", told=told),
        )
    return Verdict(
        True, tr("Right: the AUC rises by {told}, both measured on the same jets.", told=told)
    )


@exercise(
    (
        "In each bin of mass, which score does my_share of QCD exceed? Use the weights, and QCD of "
        "the train and choose jets only."
    ),
    (
        "Sort the scores of a bin from the largest, add up the weights, stop at my_share of "
        "their sum."
    ),
    "Then np.interp(mass[mine], middle_of_bins, thresholds) is a threshold for every test jet.",
)
def flat_cut(test, scores, mass, *, my_pass=None, share=0.05):
    """Exercise 3: a cut that lets the same share of QCD pass at every mass.

    The share of QCD is compared with the one wanted in six bins of mass, and in all. The variance
    of a share is that of the test jets, twice: the thresholds came from other jets, and we allow
    for as few of them. Flat means a p-value above 0.001, and in all within four errors. Too flat
    is what a test sample of this size gives once in 2000 times; or, exactly, the cut that follows
    from thresholds chosen on it in up to 30 steps of mass, joined by lines or not.

    Parameters
    ----------
    test : tuple of array_like
        ``(y, weights)`` of the test jets.
    scores, mass : array_like, shape (n,)
        Scores to be cut on, and the masses in GeV, from 65 to 95.
    my_pass : array_like of bool, shape (n,)
        Which jets pass.
    share : float
        The share of QCD that is to pass.

    Returns
    -------
    Verdict
    """
    y, weights = map(np.asarray, test)
    jets = y, weights, np.asarray(mass, float)
    scores = np.asarray(scores, float)
    if unusable := missing(my_pass=my_pass):
        return unusable
    if shape_of(my_pass) is None:
        return Verdict(
            False,
            tr("my_pass should hold True or False for each of the {len} test jets.", len=len(y)),
        )
    if said := _why_no_pass(np.asarray(my_pass), len(y)):
        return Verdict(False, said)
    passed = np.asarray(my_pass).astype(bool)
    said = (
        _why_one_threshold(passed, scores)
        or _why_not_flat(passed, jets, share)
        or _why_too_flat(passed, jets, scores, share)
        or _why_blunt(passed, jets, scores, share)
    )
    return Verdict(False, said) if said else _praise(passed, jets, share)


def _praise(passed, jets, share):
    y, weights, _ = jets
    (found,), (error,) = _shares(passed, jets, 1, share)
    kept = np.average(passed[y == 1], weights=weights[y == 1])
    return Verdict(
        True,
        tr(
            "Right: {found} ± {error} of QCD passes, the same at every mass within errors, "
            "and {kept} of the W jets.",
            found=f"{found:.1%}",
            error=f"{error:.1%}",
            kept=f"{kept:.0%}",
        ),
    )


def _why_no_pass(given, jets):
    if given.shape != (jets,):
        return tr(
            "my_pass should hold True or False for each of the {jets} test jets; its shape "
            "is {shape}.",
            jets=jets,
            shape=given.shape,
        )
    if given.dtype.kind not in "biuf" or not np.isin(given, (0, 1)).all():
        return "my_pass should hold True or False: compare the scores with the thresholds."
    if not given.any() or given.all():
        return (
            "All jets pass: there is no cut." if given.any() else "No jets pass: there is no cut."
        )
    return None


def _why_one_threshold(passed, scores):
    if scores[passed].min() < scores[~passed].max():
        return None
    return (
        "You took one threshold for all masses: much more QCD passes near 80 GeV than at the "
        "ends. Let the threshold depend on the mass."
    )


def _bin_of(mass, bins):
    return np.digitize(mass, np.linspace(*WINDOW, bins + 1)[1:-1])


def _shares(passed, jets, bins, expected, kind=0):
    """Share of one kind that passes in bins of mass, and its error if it is the expected one."""
    y, weights, mass = jets
    of = np.isin(y, kind)
    which, of_weights = _bin_of(mass[of], bins), weights[of]
    total, squares, passing = (
        np.bincount(which, values, minlength=bins)
        for values in (of_weights, of_weights**2, of_weights * passed[of])
    )
    return passing / total, np.sqrt(expected * (1 - expected) * squares) / total


def _chi2(passed, jets, bins, share, kind=0):
    """Squared distance from the share wanted, in errors of the jets given alone."""
    found, error = _shares(passed, jets, bins, share, kind)
    return float(np.sum(((found - share) / error) ** 2))


def _is_flat(passed, jets, share, kind=0):
    pull2, chi2 = (_chi2(passed, jets, bins, share, kind) / 2 for bins in (1, BINS))
    return pull2 < 4**2 and chdtrc(BINS, chi2) > 1e-3


def _why_not_flat(passed, jets, share):
    if _is_flat(passed, jets, share):
        return None
    counted = jets[0], np.ones(len(jets[0])), jets[2]
    qcd_alone = tr(
        "{share} of all jets pass: choose the thresholds with QCD alone.", share=f"{share:.0%}"
    )
    others = (
        (
            tr("{share} of W passes at every mass: it is QCD that should.", share=f"{share:.0%}"),
            jets,
            1,
        ),
        ("You left out the weights when you chose the thresholds.", counted, 0),
        (qcd_alone, jets, (0, 1)),
        (qcd_alone, counted, (0, 1)),
    )
    off = _chi2(passed, jets, BINS, share)
    for said, sample, kind in others:
        clearly = _chi2(passed, sample, BINS, share, kind) < off / 2
        if clearly and _is_flat(passed, sample, share, kind):
            return said
    return _how_far_from_flat(passed, jets, share)


def _how_far_from_flat(passed, jets, share):
    found, error = _shares(passed, jets, BINS, share)
    told = ", ".join(f"{100 * value:.1f}" for value in found)
    (whole,), _ = _shares(passed, jets, 1, share)
    if _chi2(passed, jets, 1, share) / 2 >= 4**2:
        said = tr(
            "{whole} of QCD passes, not {share} (from low to high mass {told} %).",
            whole=f"{whole:.1%}",
            share=f"{share:.0%}",
            told=told,
        )
    else:
        said = tr(
            "From low to high mass {told} % of QCD passes, each ± {error} from the test jets "
            "alone: that is not flat. Finer steps?",
            told=told,
            error=f"{100 * error.mean():.1f}",
        )
    return said + " If you chose the thresholds with few jets, take more."


def _why_too_flat(passed, jets, scores, share):
    lucky = (chdtr(bins, _chi2(passed, jets, bins, share)) < 5e-4 for bins in (BINS, 2 * BINS))
    if any(lucky) or any(_same_cut(passed, other) for other in _chosen_here(jets, scores, share)):
        return (
            "You chose the thresholds on the test jets: the shares agree better than their "
            "statistical errors allow. Take other jets, or the result is too good."
        )
    return None


def _same_cut(passed, other):
    return (passed ^ other).sum() < 0.005 * (passed | other).sum()


def _chosen_here(jets, scores, share):
    """Cuts with thresholds from the jets themselves: weighted and not, by steps and by lines."""
    y, weights, mass = jets
    for bins in range(3, 31):
        which = _bin_of(mass, bins)
        edges = np.linspace(*WINDOW, bins + 1)
        middle = (edges[1:] + edges[:-1]) / 2
        for by in (weights, np.ones(len(y))):
            thresholds = _thresholds((y, by), scores, which, bins, share)
            yield scores >= thresholds[which]
            yield scores >= np.interp(mass, middle, thresholds)


def _thresholds(sample, scores, which, bins, share):
    """Score above which the share of QCD lies, in each bin; infinite where there is none."""
    y, weights = sample
    thresholds = np.full(bins, np.inf)
    for k in range(bins):
        here = np.flatnonzero((which == k) & (y == 0))
        order = here[np.argsort(-scores[here])]
        running = np.cumsum(weights[order])
        if len(order):
            thresholds[k] = scores[order[np.searchsorted(running, share * running[-1])]]
    return thresholds


def _why_blunt(passed, jets, scores, share):
    y, weights, mass = jets
    which = _bin_of(mass, BINS)
    sharp = scores >= _thresholds((y, weights), scores, which, BINS, share)[which]
    signal = y == 1
    kept, best = (np.average(cut[signal], weights=weights[signal]) for cut in (passed, sharp))
    if kept > (best + 1) / 2:
        return tr(
            "QCD is flat, but {kept} of the W jets pass: more than a cut on these scores "
            "can keep. Did the labels say which jets pass?",
            kept=f"{kept:.0%}",
        )
    told = tr("QCD is flat, but only {kept} of the W jets pass", kept=f"{kept:.0%}")
    if kept < share / 2:
        return tr("{told}: let the large scores pass, not the small ones.", told=told)
    if kept < (best + share) / 2:
        return tr(
            "{told}; with these scores {best} can. Does your cut look at them?",
            told=told,
            best=f"{best:.0%}",
        )
    return None
