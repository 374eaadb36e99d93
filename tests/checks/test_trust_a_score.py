"""Each exercise's check accepts a right answer and names each misconception it knows."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit, logit

from benchmarks.approaches.trust_a_score import mixture
from hepml import stats
from hepml.data.recipes.known_truth import GAUSS, MIX
from hepml_lessons.checks import trust_a_score as check
from tests.checks.naming import not_named

SHARE, CUT = 0.08, 0.75

# ---------------------------------------------------------------- from equal classes to your data


@pytest.fixture(scope="module")
def rare():
    """Honest probabilities of data with little signal, those in the data, and the labels."""
    X, y = mixture(20_000, SHARE, np.random.default_rng(1))
    p = expit(GAUSS.log_ratio(X))
    return p, expit(logit(p) + logit(SHARE)), y


def judge_shift(rare, given=None, purity=None):
    p, right, _ = rare
    given = right if given is None else given
    purity = right[p > CUT].mean() if purity is None else purity
    return check.prior_shift(p, share=SHARE, cut=CUT, my_p=given, my_purity=purity)


def test_the_shifted_probability_is_that_of_the_labels(rare):
    """An oracle: of the events with such a probability, that share is signal."""
    _, right, y = rare
    for low, high in ((0, 0.1), (0.1, 0.5), (0.5, 1)):
        those = (right >= low) & (right < high)
        error = np.sqrt((right * (1 - right))[those].sum()) / those.sum()
        assert abs(y[those].mean() - right[those].mean()) < 4 * error


def test_a_right_shift_is_right_and_may_be_rounded(rare):
    p, right, y = rare
    assert judge_shift(rare).ok
    assert judge_shift(rare, right.round(3)).ok
    assert judge_shift(rare, purity=round(right[p > CUT].mean(), 3)).ok
    assert judge_shift(rare, purity=y[p > CUT].mean()).ok
    assert judge_shift(rare, ..., 0.5).ok is None


def test_misreadings_of_the_shift_are_named(rare):
    p, right, _ = rare
    prior = SHARE / (1 - SHARE)
    wrong = {
        "as it was": p,
        "p / (1 − p)": p * SHARE,
        "stay below 1": p * prior,
        "and not share": expit(logit(p) + np.log(SHARE)),
        "wrong way": expit(logit(p) - logit(SHARE)),
        "These are odds": p / (1 - p) * prior,
        "log-odds": logit(right),
        "of background": 1 - right,
        "twice": expit(logit(p) + 2 * logit(SHARE)),
        "right mean": p * SHARE / p.mean(),
        "cut at ½.": (p > 0.5).astype(float),
        "after the shift": right > 0.5,
        "is too large": expit(logit(right) + 0.3),
        "is too small": expit(logit(right) - 0.3),
    }
    assert not_named(lambda given: judge_shift(rare, given), wrong) == {}


def test_misreadings_of_the_purity_are_named(rare):
    p, right, _ = rare
    kept = p > CUT
    purity = right[kept].mean()
    wrong = {
        "equal size": p[kept].mean(),
        "before the cut": SHARE,
        "an efficiency": right[kept].sum() / right.sum(),
        "of all events": kept.mean(),
        "share of background": 1 - purity,
        "divides by both": purity / (1 - purity),
        "the cut is on p": right[right > CUT].mean(),
        "mean of their probabilities": (right[kept] > 0.5).mean(),
        "too large": 0.99,
        "too small": 0.01,
    }
    assert not_named(lambda given: judge_shift(rare, purity=given), wrong) == {}


# ---------------------------------------------------------------- a signed sample


@pytest.fixture(scope="module")
def signed():
    """Scores and weights of simulated background, of which a fifth is negative."""
    rng = np.random.default_rng(2)
    score = MIX.log_ratio(MIX.background.sample(40_000, rng))
    return score, np.where(rng.random(len(score)) < 0.2, -0.3, 0.3)


CUT_2, GOAL = 0.5, 0.01


def sizes(signed):
    score, w = signed
    kept = w[score > CUT_2]
    error = np.sqrt((kept**2).sum())
    return error, kept.sum() ** 2 / error**2, len(w) * (error / kept.sum() / GOAL) ** 2


def judge_sizes(signed, **answers):
    right = dict(zip(("my_error", "my_effective", "my_needed"), sizes(signed), strict=True))
    return check.signed_sample(*signed, cut=CUT_2, goal=GOAL, **right | answers)


def test_as_many_events_as_needed_reach_the_goal():
    """An oracle: a sample of that size has this relative error."""
    rng = np.random.default_rng(3)
    score, w = rng.random(4000), np.where(rng.random(4000) < 0.2, -1.0, 1.0)
    kept = w[score > CUT_2]
    needed = round(4000 / stats.effective_events(kept.sum(), (kept**2).sum()) / 0.02**2)
    score, w = rng.random(needed), np.where(rng.random(needed) < 0.2, -1.0, 1.0)
    kept = w[score > CUT_2]
    assert np.sqrt((kept**2).sum()) / kept.sum() == pytest.approx(0.02, rel=0.15)


def test_right_sizes_are_right_and_may_be_rounded(signed):
    assert judge_sizes(signed).ok
    names = ("my_error", "my_effective", "my_needed")
    rounded = (float(f"{value:.3g}") for value in sizes(signed))
    assert judge_sizes(signed, **dict(zip(names, rounded, strict=True))).ok
    score, w = signed
    kept, rng = np.where(score > CUT_2, w, 0), np.random.default_rng(4)
    sums = [kept @ rng.poisson(1, len(kept)) for _ in range(500)]
    assert judge_sizes(signed, my_error=np.std(sums)).ok
    assert judge_sizes(signed, my_needed=...).ok is None


def test_misreadings_of_each_size_are_named(signed):
    score, w = signed
    kept = w[score > CUT_2]
    error, effective, needed = sizes(signed)
    lacking = effective**-0.5 / GOAL
    errors = {
        "root of the expected yield": np.sqrt(kept.sum()),
        "weigh them": np.sqrt(len(kept)),
        "squares cancel": np.sqrt(kept.sum() * 0.3),
        "variance": error**2,
        "relative error": error / kept.sum(),
        "apply the cut": np.linalg.norm(w),
        "dropped": np.linalg.norm(kept[kept > 0]),
        "the yield": kept.sum(),
        "too large": 3 * error,
        "too small": error / 3,
    }
    effectives = {
        "whatever their signs": len(kept),
        "left after cancelling": kept.sum() / 0.3,
        "dropped": np.sum(kept > 0),
        "apply the cut": w.sum() ** 2 / (w**2).sum(),
        "the yield": kept.sum(),
        "1 over its square": effective**-0.5,
        "This is the root": effective**0.5,
        "take 1 over it": 1 / effective,
        "too large": 1.1 * effective,
        "too small": 0.9 * effective,
    }
    needs = {
        "take the square": len(w) * lacking,
        "pass the cut": len(kept) * lacking**2,
        "effective events must pass": GOAL**-2,
        "only take back": len(w) / len(kept) / GOAL**2,
        "in all": needed - len(w),
        "This is a factor": lacking**2,
        "left after cancelling as": len(w) / (kept.sum() / 0.3) / GOAL**2,
        "wrong way round": len(w) / lacking**2,
        "too large": 1.2 * needed,
        "too small": 0.65 * needed,
    }
    assert not_named(lambda given: judge_sizes(signed, my_error=given), errors) == {}
    assert not_named(lambda given: judge_sizes(signed, my_effective=given), effectives) == {}
    assert not_named(lambda given: judge_sizes(signed, my_needed=given), needs) == {}


# ---------------------------------------------------------------- a greedy score in a fit


@pytest.fixture(scope="module")
def greed():
    """Claimed and exact log-odds of data with 12 % of signal, and of known events."""
    rng = np.random.default_rng(5)
    y = np.repeat([1, 0], 30_000)
    known = GAUSS.log_ratio(np.concatenate([GAUSS.of(k).sample(30_000, rng) for k in (1, 0)]))
    exact = GAUSS.log_ratio(mixture(30_000, 0.12, rng)[0])
    claimed = (2.5 * (x + rng.normal(0, 0.3, len(x))) for x in (exact, known))
    return next(claimed), exact, next(claimed), y


def fit(r):
    f = brentq(lambda f: ((r - 1) / (1 + f * (r - 1))).sum(), 1e-6, 0.999)
    return f, np.square((r - 1) / (1 + f * (r - 1))).sum() ** -0.5


def honest_ratio(greed):
    score, _, known, y = greed
    edges = np.linspace(-15, 15, 61)
    s, b = (np.bincount(np.digitize(known[y == k], edges), None, 62) + 0.5 for k in (1, 0))
    return (s / b)[np.digitize(score, edges)]


def judge_fraction(greed, found=None, error=None):
    right = fit(honest_ratio(greed))
    found, error = right[0] if found is None else found, right[1] if error is None else error
    return check.fraction(*greed, my_fraction=found, my_error=error)


def test_an_honest_ratio_gives_the_fraction(greed):
    assert judge_fraction(greed).ok
    assert judge_fraction(greed, *fit(np.exp(greed[1]))).ok
    assert judge_fraction(greed, round(fit(honest_ratio(greed))[0], 3)).ok
    assert judge_fraction(greed, ...).ok is None


def test_misreadings_of_the_fraction_are_named(greed):
    score, ratio = greed[0], honest_ratio(greed)
    p = ratio / (1 + ratio)
    found = fit(ratio)[0]
    wrong = {
        "over-confident": fit(np.exp(score))[0],
        "put the probability": 0.0,  # no ratio above 1, no signal
        "mean of p": p.mean(),
        "mean of the claimed": expit(score).mean(),
        "events above ½": np.mean(score > 0),
        "fraction of background": 1 - found,
        "how many events": found * len(score),
        "among the known": 0.5,
        "too small": found / 2,
        "too large": found + 0.03,
    }
    assert not_named(lambda given: judge_fraction(greed, given), wrong) == {}


def test_misreadings_of_the_error_are_named(greed):
    found, error = fit(honest_ratio(greed))
    n = len(greed[0])
    wrong = {
        "class is known": np.sqrt(found * (1 - found) / n),
        "1/√n": n**-0.5,
        "variance": error**2,
        "95 %": 1.96 * error,
        "relative error": error / found,
        "in events": error * n,
        "too small": error / 4,
        "too large": 3 * error,
    }
    assert not_named(lambda given: judge_fraction(greed, error=given), wrong) == {}
