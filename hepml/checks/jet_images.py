"""Checks of the exercises of the lesson on jet images.

Labels ``y`` are 1 for W jets and 0 for QCD; ``weights`` are one per jet. Towers are flat arrays:
``pt`` in GeV, ``eta``, ``phi`` in radians, and ``jet``, the number of the jet each belongs to.
"""

import numpy as np
from scipy.special import chdtr, chdtrc

from hepml.checks._verdict import (
    THREE_DIGITS,
    Verdict,
    first_that_agrees,
    missing,
    no_number,
    no_scores,
    shape_of,
)
from hepml.stats import auc, roc_curve

__all__ = ["flat_cut", "girth", "one_more"]

SEEN = 0.95
"""An AUC that no model reaches on jets of this selection that it has not seen."""
WINDOW, BINS = (65.0, 95.0), 6
"""Masses of the selection [GeV], and in how many bins a cut has to be flat."""


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
    if said := _why_no_girths(np.asarray(my_girth), towers, len(y)):
        return Verdict(False, said)
    if said := _why_girth_differs(np.asarray(my_girth, float), towers):
        return Verdict(False, said)
    if said := _why_its_auc_differs(my_auc, _about(towers, *_centre(towers)), y, weights):
        return Verdict(False, said)
    return Verdict(True, f"Right: the girth alone has an AUC of {my_auc:.3f}.")


def _why_no_girths(given, towers, jets):
    if given.shape == towers["pt"].shape and len(given) != jets:
        return (
            f"my_girth has {len(given)} values, one per tower: add up what belongs to one jet, "
            "with np.bincount(jet, …)."
        )
    if given.shape != (jets,):
        return f"my_girth should hold {jets} values, one per jet; its shape is {given.shape}."
    if given.dtype.kind not in "iuf" or not np.isfinite(given).all():
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
    pt, jet = towers["pt"], towers["jet"]
    centre = _centre(towers)
    wanted, r = _about(towers, *centre), _distance(towers, *centre)
    off = np.abs(given - wanted) > THREE_DIGITS + 1e-5 * wanted
    if not off.any():
        return None
    ones = np.ones_like(pt)
    zero = np.zeros_like(wanted)
    number = np.bincount(jet)
    readings = {
        "This is Σ pT r, not divided by Σ pT of the jet.": np.bincount(jet, pt * r),
        "You divided by the number of towers; divide by Σ pT.": np.bincount(jet, pt * r) / number,
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
    hits = (said for said, other in readings.items() if _nearly_all(given, other))
    return next(hits, None) or _unknown(given, wanted, off, towers)


def _nearly_all(given, other):
    """Whether arrays agree but for the few jets that lie across φ = ±π."""
    close = np.isclose(given, other, rtol=1e-3, atol=THREE_DIGITS)
    return np.mean(close) > 0.8


def _unknown(given, wanted, off, towers):
    low, high = (np.full(len(wanted), sign * np.inf) for sign in (1, -1))
    np.minimum.at(low, towers["jet"], towers["phi"])
    np.maximum.at(high, towers["jet"], towers["phi"])
    if (high - low > np.pi)[off].all():
        return (
            f"{off.sum()} jets are off, all of them where φ jumps from π to −π: 3.1 and −3.1 are "
            "neighbours, wrap the differences."
        )
    k = int(np.argmax(off))
    return (
        f"For {off.sum()} jets I get other values: jet {k} has {wanted[k]:.3f}, not {given[k]:.3f}."
    )


def _why_its_auc_differs(claimed, wanted_girth, y, weights):
    turned = auc(y, wanted_girth, weights)
    wanted, counted = (max(a, 1 - a) for a in (turned, auc(y, wanted_girth)))
    if abs(claimed - wanted) < THREE_DIGITS:
        return None
    said = first_that_agrees(
        claimed,
        {
            "The girth is right. You left out the weights in the AUC.": counted,
            "The girth is right. Which jets are wider? The score has to be larger for W: "
            "turn its sign.": 1 - wanted,
            "The girth is right. You left out the weights in the AUC, and the score has to be "
            "larger for W.": 1 - counted,
        },
        1e-3,
    )
    return said or (
        f"The girth is right; for it I get a weighted AUC of {wanted:.4f}, you say {claimed:.4f}."
    )


def one_more(test, baseline, *, my_score=None, my_auc=None, taken=None):
    """Exercise 2: a score that knows one more quantity than the baseline.

    The gain has to exceed two errors of itself, from 100 draws with replacement (Poisson
    weights, always the same ones) in which both scores see the same jets. A score that puts the
    jets in nearly the same order as ``taken`` has to be better than that, by three errors.

    Parameters
    ----------
    test : tuple of array_like
        ``(y, weights)`` of the test jets.
    baseline : array_like, shape (n,)
        Scores to be improved.
    my_score : array_like, shape (n,)
        Scores of the test jets, larger for W.
    my_auc : float
        Weighted AUC claimed.
    taken : array_like, shape (n,), optional
        Scores with a quantity that was shown already.

    Returns
    -------
    Verdict
    """
    y, weights = map(np.asarray, test)
    answers = {"my_score": my_score, "my_auc": my_auc}
    if unusable := missing(**answers) or no_number(my_auc=my_auc) or _no_test_scores(my_score, y):
        return unusable
    score, baseline = np.asarray(my_score, float), np.asarray(baseline, float)
    said = _why_claim_differs(my_auc, y, score, weights) or _why_not_new(
        (y, weights), score, baseline, taken
    )
    return Verdict(False, said) if said else _judge_gain(y, weights, score, baseline)


def _no_test_scores(score, y):
    if np.ndim(score) == 1 and len(score) != len(y):
        return Verdict(
            False, f"These are scores of {len(score)} jets; give those of the {len(y)} test jets."
        )
    if shape_of(score) == (len(y), 1):
        return Verdict(False, f"my_score has shape ({len(y)}, 1): take [:, 0].")
    if unusable := no_scores([len(y)], my_score=score):
        return unusable
    if len(np.unique(score)) <= 2:
        return Verdict(
            False, "These are classes, not scores: take decision_function(X), and do not cut."
        )
    return None


def _why_claim_differs(claimed, y, score, weights):
    curve = roc_curve(y, score, weights)
    found = f"{curve.auc:.4f} ± {curve.auc_error:.4f}"
    if abs(claimed - curve.auc) >= THREE_DIGITS:
        misread = {
            "You left out the weights.": auc(y, score),
            "Signal and background are swapped.": 1 - curve.auc,
        }
        said = first_that_agrees(claimed, misread, 5e-4)
        return said or f"On the test jets I get a weighted AUC of {found}, you say {claimed:.4f}."
    if curve.auc < 0.5:
        return f"AUC {found}: the scores are larger for QCD; turn them."
    if curve.auc > SEEN:
        return (
            f"AUC {found} is too good for jets that a model has not seen: did it train on the "
            "test jets, or is the label among its inputs?"
        )
    return None


def _why_not_new(jets, score, baseline, taken):
    if _rank_correlation(score, baseline) > 0.9999:
        return "These are the scores of the baseline: it has to learn one more quantity."
    if taken is None or _rank_correlation(score, taken) < 0.99:
        return None
    gain, error = _gain(*jets, score, np.asarray(taken, float))
    if gain > 3 * error:
        return None
    return (
        "That one is taken: the scores are nearly those with the number of filled pixels. Find a "
        "quantity that says something else."
    )


def _rank_correlation(a, b):
    ranks = [np.unique(values, return_inverse=True)[1].ravel() for values in (a, b)]
    return np.corrcoef(*ranks)[0, 1]


def _gain(y, weights, score, baseline):
    """Gain in AUC, and its error from draws of jets that both scores share."""

    def gain(drawn):
        return auc(y, score, drawn) - auc(y, baseline, drawn)

    rng = np.random.default_rng(5)
    draws = (weights * rng.poisson(1, len(y)) for _ in range(100))
    return gain(weights), np.std([gain(drawn) for drawn in draws])


def _judge_gain(y, weights, score, baseline):
    gain, error = _gain(y, weights, score, baseline)
    told = f"{gain:+.4f} ± {error:.4f}"
    if gain <= 2 * error:
        meaning = "It got worse." if gain < -2 * error else "That can be chance."
        return Verdict(False, f"The AUC is computed correctly. It changes by {told}. {meaning}")
    return Verdict(True, f"Right: the AUC rises by {told}, both measured on the same jets.")


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
        f"Right: {found:.1%} ± {error:.1%} of QCD passes, the same at every mass within errors, "
        f"and {kept:.0%} of the W jets.",
    )


def _why_no_pass(given, jets):
    if given.shape != (jets,):
        return (
            f"my_pass should hold True or False for each of the {jets} test jets; its shape is "
            f"{given.shape}."
        )
    if given.dtype.kind not in "biuf" or not np.isin(given, (0, 1)).all():
        return "my_pass should hold True or False: compare the scores with the thresholds."
    if not given.any() or given.all():
        return f"{'All jets' if given.any() else 'No jets'} pass: there is no cut."
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
    qcd_alone = f"{share:.0%} of all jets pass: choose the thresholds with QCD alone."
    others = (
        (f"{share:.0%} of W passes at every mass: it is QCD that should.", jets, 1),
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
        said = f"{whole:.1%} of QCD passes, not {share:.0%} (from low to high mass {told} %)."
    else:
        said = (
            f"From low to high mass {told} % of QCD passes, each ± {100 * error.mean():.1f} from "
            "the test jets alone: that is not flat. Finer steps?"
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
    told = f"QCD is flat, but only {kept:.0%} of the W jets pass"
    if kept < share / 2:
        return f"{told}: let the large scores pass, not the small ones."
    if kept < (best + share) / 2:
        return f"{told}; with these scores {best:.0%} can. Does your cut look at them?"
    return None
