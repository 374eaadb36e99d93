"""Each exercise's check accepts a right answer and names each misconception it knows."""

import itertools

import numpy as np
import pytest

from hepml import stats
from hepml.checks import jet_images as check
from tests.checks.naming import not_named

JETS = 600


def wrapped(phi):
    return (phi + np.pi) % (2 * np.pi) - np.pi


@pytest.fixture(scope="module")
def jets():
    """(towers, y, weights): W narrower, jets anywhere, many of them across φ = ±π."""
    rng = np.random.default_rng(7)
    y = rng.integers(0, 2, JETS)
    number = rng.integers(4, 30, JETS)
    jet = np.repeat(np.arange(JETS), number)
    width = np.where(y == 1, 0.2, 0.3)[jet]
    at = {"eta": rng.uniform(-2, 2, JETS), "phi": rng.choice([-3.1, -1, 0.5, 2, 3.1], JETS)}
    towers = {k: centre[jet] + rng.normal(0, width) for k, centre in at.items()}
    towers["phi"] = wrapped(towers["phi"])
    towers |= {"pt": rng.exponential(10, len(jet)) + 0.5, "jet": jet}
    weights = np.where(y == 1, 1, rng.exponential(1, JETS))
    return towers, y, weights


def about(towers, centre="centre", *, wrap=True, moment=1):
    """Mean of r to some power about a point of each jet; a plain loop."""
    turned = wrapped if wrap else np.asarray
    result = []
    for k in range(JETS):
        pt, eta, phi = (towers[name][towers["jet"] == k] for name in ("pt", "eta", "phi"))
        if centre == "centre":
            phi_0 = phi[0] + np.average(turned(phi - phi[0]), weights=pt)
            eta_0 = np.average(eta, weights=pt)
        elif centre == "mean":
            phi_0, eta_0 = phi[0] + np.mean(turned(phi - phi[0])), eta.mean()
        elif centre == "hardest":
            phi_0, eta_0 = phi[pt.argmax()], eta[pt.argmax()]
        else:
            phi_0, eta_0 = 0, 0
        r = np.hypot(eta - eta_0, turned(phi - phi_0))
        result.append(np.average(r**moment, weights=pt))
    return np.array(result)


def right_auc(jets):
    towers, y, weights = jets
    return stats.auc(y, -about(towers), weights)


def judge_girth(jets, girth=None, auc=None):
    girth = about(jets[0]) if girth is None else girth
    return check.girth(*jets, my_girth=girth, my_auc=right_auc(jets) if auc is None else auc)


def test_a_right_girth_is_right_also_when_rounded(jets):
    right = about(jets[0])
    assert right_auc(jets) > 0.6
    assert judge_girth(jets).ok
    assert judge_girth(jets, right.astype("float32")).ok
    assert judge_girth(jets, right.round(3), round(right_auc(jets), 3)).ok
    assert judge_girth(jets, list(right)).ok


def test_wider_jets_may_also_be_the_signal(jets):
    towers, y, weights = jets
    assert judge_girth((towers, 1 - y, weights), auc=right_auc(jets)).ok


def test_an_answer_not_given_is_neither_right_nor_wrong(jets):
    verdict = check.girth(*jets, my_girth=..., my_auc=...)
    assert verdict.ok is None
    assert "my_girth and my_auc" in verdict.reason
    assert check.one_more(jets[1:], jets[2]).ok is None
    assert check.flat_cut(jets[1:], jets[2], jets[2], my_pass=...).ok is None


def test_misreadings_of_the_girth_are_named(jets):
    towers, *_ = jets
    jet, pt = towers["jet"], towers["pt"]
    right, total = about(towers), np.bincount(jet, pt)
    ones = towers | {"pt": np.ones_like(pt)}
    centre = about_centre_unweighted(towers)
    wrong = {
        "not divided by Σ pT": right * total,
        "number of towers": right * total / np.bincount(jet),
        "plain mean of r": centre,
        "the hardest tower": about(towers, "hardest"),
        "plain mean of the towers": about(towers, "mean"),
        "from η = φ = 0": about(towers, "origin"),
        "second moment": about(towers, moment=2),
        "root of the mean": np.sqrt(about(towers, moment=2)),
        "3.1 and −3.1": about(towers, wrap=False),
        "with np.bincount": pt,
        "one per jet": right[1:],
        "finite": right * np.nan,
        "other values": about(ones),
    }
    assert not_named(lambda girth: judge_girth(jets, girth), wrong) == {}


def about_centre_unweighted(towers):
    """Plain mean of r about the pT-weighted centre."""
    result = []
    for k in range(JETS):
        pt, eta, phi = (towers[name][towers["jet"] == k] for name in ("pt", "eta", "phi"))
        turned = wrapped(phi - phi[0])
        r = np.hypot(eta - np.average(eta, weights=pt), turned - np.average(turned, weights=pt))
        result.append(r.mean())
    return np.array(result)


def test_an_angle_that_jumps_is_noticed_after_the_centre_too(jets):
    towers, *_ = jets
    beyond = towers | {"phi": wrapped(towers["phi"] + np.pi)}  # other jets lie across now
    half = np.where(np.isclose(about(towers), about(towers, wrap=False)), about(towers), 0.9)
    assert "neighbours" in judge_girth(jets, half).reason
    assert about(beyond) == pytest.approx(about(towers))
    assert judge_girth((beyond, *jets[1:])).ok


def test_misreadings_of_the_auc_of_the_girth_are_named(jets):
    towers, y, weights = jets
    counted = stats.auc(y, -about(towers))
    assert abs(counted - right_auc(jets)) > 2e-3
    wrong = {
        "left out the weights in the AUC.": counted,
        "turn its sign": stats.auc(y, about(towers), weights),
        "and the score has to be": 1 - counted,
        "I get a weighted AUC": right_auc(jets) + 0.03,
        "a number": "0.7",
    }
    assert not_named(lambda auc: judge_girth(jets, auc=auc), wrong) == {}


@pytest.fixture(scope="module")
def race():
    """((y, weights), baseline, one with a taken quantity, one with another)."""
    rng = np.random.default_rng(3)
    n = 6000
    y = rng.integers(0, 2, n)
    weights = np.where(y == 1, 1, rng.exponential(1, n))
    baseline, taken, other = (size * y + rng.normal(0, 1, n) for size in (1.4, 0.7, 0.5))
    tilt = 0.3 * np.log(weights + 0.1)  # so that the weights matter
    return (y, weights), baseline + tilt, baseline + 0.7 * taken + tilt, baseline + other / 2 + tilt


def judge_more(race, score, auc=None):
    (y, weights), baseline, taken, _ = race
    auc = stats.auc(y, np.ravel(score)[: len(y)], weights) if auc is None else auc
    return check.one_more((y, weights), baseline, my_score=score, my_auc=auc, taken=taken)


def test_one_more_quantity_is_right_in_any_unit(race):
    *_, better = race
    found = judge_more(race, better)
    assert found.ok
    assert "rises by +0.0" in found.reason
    assert judge_more(race, 1 / (1 + np.exp(-better))).ok
    assert judge_more(race, better.astype("float32")).ok


def test_the_error_of_the_gain_is_that_of_a_paired_comparison(race):
    """DeLong's closed form for two AUCs of the same jets, here for unit weights."""
    (y, _), baseline, _, better = race

    def shares(score):
        return [
            (np.searchsorted(np.sort(score[y == 1 - k]), score[y == k]) / (y == 1 - k).sum())
            for k in (1, 0)
        ]

    apart = [a - b for a, b in zip(shares(better), shares(baseline), strict=True)]
    error = np.sqrt(sum(np.var(part) / len(part) for part in apart))
    said = judge_more(((y, np.ones(len(y))), baseline, baseline[::-1], better), better).reason
    assert float(said.split("± ")[1].split(",")[0]) == pytest.approx(error, rel=0.3)


def test_a_gain_that_can_be_chance_is_none(race):
    (y, _), baseline, *_ = race
    rng = np.random.default_rng(1)
    noisy = judge_more(race, baseline + rng.normal(0, 0.02, len(y)))
    worse = judge_more(race, baseline + rng.normal(0, 1, len(y)))
    assert noisy.ok is worse.ok is False
    assert "chance" in noisy.reason
    assert "It got worse" in worse.reason


def test_misreadings_of_one_more_are_named(race):
    (y, weights), baseline, taken, better = race
    right, n = stats.auc(y, better, weights), len(y)
    counted = stats.auc(y, better)
    assert abs(counted - right) > 2e-3
    rng = np.random.default_rng(2)
    wrong = {
        "left out the weights": (better, counted),
        "are swapped": (better, 1 - right),
        "I get a weighted AUC": (better, right + 0.02),
        "larger for QCD": (-better, None),
        f"of the {n} test jets": (better[: n // 2], right),
        "[:, 0]": (better[:, None], right),
        "[:, 1]": (np.stack([-better, better], axis=1), right),
        "classes": ((better > 0).astype(int), None),
        "of the baseline": (3 * baseline + 1, None),
        "That one is taken": (np.exp(taken / 9), None),
        "nearly": (taken + rng.normal(0, 0.02, n), None),
        "too good": (5 * y + better, None),
        "a number": (better, np.nan),
    }
    assert not_named(lambda given: judge_more(race, *given), wrong) == {}


def test_what_is_taken_may_be_used_if_more_is_gained(race):
    (y, weights), _, taken, _ = race
    rng = np.random.default_rng(4)
    more = taken + 0.2 * (y + rng.normal(0, 0.3, len(y)))
    assert np.corrcoef(more, taken)[0, 1] > 0.98
    assert judge_more(((y, weights), *race[1:]), more).ok


@pytest.fixture(scope="module")
def search():
    """(y, weights, score, mass, test): a score that knows the mass, QCD of unequal weights."""
    rng = np.random.default_rng(12)
    n = 40_000
    y = rng.integers(0, 2, n)
    mass = np.where(y == 1, np.clip(rng.normal(80, 5, n), 65, 95), rng.uniform(65, 95, n))
    score = 1.5 * y - ((mass - 80) / 8) ** 2 + rng.normal(0, 1, n)
    weights = np.where(y == 1, 1, np.clip(np.exp(0.5 * rng.normal(0, 1, n)), 0, 4))
    hard = (y == 0) & (rng.random(n) < 0.3)  # harder jets: fewer in nature, and more W-like
    weights[hard] *= 0.2
    score[hard] += 0.7
    return y, weights, score, mass, rng.random(n) < 0.35


def cut(search, among, bins=12, *, of=0, share=0.05, weighted=True, lines=True):
    """Test jets above thresholds in steps of mass chosen among some jets of some kind."""
    y, weights, score, mass, test = search
    edges = np.linspace(65, 95, bins + 1)
    which = np.clip(np.digitize(mass, edges) - 1, 0, bins - 1)
    thresholds = []
    for k in range(bins):
        here = among & np.isin(y, of) & (which == k)
        by = weights[here] if weighted else np.ones(here.sum())
        thresholds.append(np.quantile(score[here], 1 - share, weights=by, method="inverted_cdf"))
    middle = (edges[1:] + edges[:-1]) / 2
    at = np.interp(mass, middle, thresholds) if lines else np.array(thresholds)[which]
    return (score >= at)[test]


def judge_cut(search, passed):
    y, weights, score, mass, test = search
    return check.flat_cut((y[test], weights[test]), score[test], mass[test], my_pass=passed)


@pytest.mark.parametrize("bins", [6, 10, 12, 20])
@pytest.mark.parametrize("lines", [False, True])
def test_a_cut_chosen_on_other_jets_is_right(search, bins, lines):
    *_, test = search
    passed = cut(search, ~test, bins, lines=lines)
    assert judge_cut(search, passed).ok, judge_cut(search, passed)
    assert judge_cut(search, passed.astype(int)).ok
    assert judge_cut(search, list(passed)).ok


@pytest.mark.parametrize("bins", [6, 10, 12, 20])
@pytest.mark.parametrize("lines", [False, True])
def test_a_cut_chosen_on_the_test_jets_is_noticed(search, bins, lines):
    *_, test = search
    verdict = judge_cut(search, cut(search, test, bins, lines=lines))
    assert verdict.ok is False
    assert "on the test jets" in verdict.reason


def test_a_fit_to_thresholds_is_right(search):
    y, weights, score, mass, test = search
    edges = np.linspace(65, 95, 13)
    middle = (edges[1:] + edges[:-1]) / 2
    at = [
        np.quantile(score[here], 0.95, weights=weights[here], method="inverted_cdf")
        for low, high in itertools.pairwise(edges)
        for here in [~test & (y == 0) & (mass >= low) & (mass < high)]
    ]
    assert judge_cut(search, (score >= np.polyval(np.polyfit(middle, at, 3), mass))[test]).ok


def test_misreadings_of_the_flat_cut_are_named(search):
    y, weights, score, mass, test = search
    qcd = test & (y == 0)
    fixed = np.quantile(score[qcd], 0.95, weights=weights[qcd], method="inverted_cdf")
    turned = (y, weights, -score, mass, test)
    few = np.random.default_rng(3).random(test.sum())
    wrong = {
        "one threshold": score[test] >= fixed,
        "is QCD that should": cut(search, ~test, of=1),
        "left out the weights": cut(search, ~test, weighted=False),
        "5% of all jets": cut(search, ~test, of=(0, 1)),
        "with QCD alone": cut(search, ~test, of=(0, 1), weighted=False),
        "not 5%": cut(search, ~test, share=0.1),
        "Finer steps?": cut(search, ~test, bins=2, lines=False),
        "take more": cut(search, ~test & (np.arange(len(y)) % 60 == 0), bins=6),
        "not the small ones": cut(turned, ~test),
        "look at them": few < 0.05,
        "compare the scores": score[test],
        "True or False for each": cut(search, ~test)[:-1],
        "should hold True or False: ": np.where(cut(search, ~test), "yes", "no"),
        "No jets pass": np.zeros(test.sum(), bool),
        "All jets pass": np.ones(test.sum(), bool),
    }
    assert not_named(lambda passed: judge_cut(search, passed), wrong) == {}


def test_honest_cuts_are_hardly_ever_suspected():
    """Of cuts chosen on as many other jets, by steps, less than 2 % are refused for any reason."""
    rng = np.random.default_rng(8)
    n, verdicts = 3000, []
    for _ in range(60):
        y, mass, score = rng.integers(0, 2, n), rng.uniform(65, 95, n), rng.normal(0, 1, n)
        score += 2 * y
        sample = (y, rng.exponential(1, n), score, mass, rng.random(n) < 0.5)
        verdicts.append(judge_cut(sample, cut(sample, ~sample[-1], bins=6)))
    assert sum(not verdict.ok for verdict in verdicts) <= 1, [v for v in verdicts if not v.ok]
