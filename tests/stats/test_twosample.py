"""Two-sample tests: calibrated for every kind of weight, and equal to SciPy's without any."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from scipy.special import kolmogorov

from hepml import stats
from hepml.stats import _twosample

KINDS = ("ks", "cvm", "ad")
FALSE_ALARM = 1e-4  # chance that a sound test fails one case of this file
WEIGHTS = {
    "none": lambda x, _: np.ones(len(x)),
    "random": lambda x, rng: rng.exponential(1.0, len(x)),
    "growing": lambda x, _: np.exp(x),
    "signed": lambda x, rng: np.where(rng.random(len(x)) < 0.25, -1.0, 1.0),
    "signed and growing": lambda x, rng: (
        np.exp(x / 2) * rng.choice([1.0, -1.0], len(x), p=[0.8, 0.2])
    ),
}


def p_values(rng, draw, count, **options):
    options = {"permutations": 99} | options
    return np.array(
        [stats.two_sample_test(*draw(), rng=rng, **options).p_value for _ in range(count)]
    )


def pair(rng, weigh, sizes=(90, 70), shift=0.0):
    a, b = rng.normal(size=sizes[0]), rng.normal(shift, size=sizes[1])
    return a, b, weigh(a, rng), weigh(b, rng)


def is_uniform(p, rng, permutations=99):
    """Test p-values on the levels k / (permutations + 1), spread evenly below each level."""
    spread = p - rng.random(len(p)) / (permutations + 1)
    return scipy_stats.kstest(spread, "uniform").pvalue > FALSE_ALARM


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weights", WEIGHTS)
def test_p_values_are_uniform_if_nothing_differs(rng, weights, kind):
    p = p_values(rng, lambda: pair(rng, WEIGHTS[weights]), 500, statistic=kind)
    assert is_uniform(p, rng)


def test_p_values_are_uniform_with_blocks_of_events(rng):
    """Beyond 512 events, blocks are dealt; the samples are far from equal in size."""
    p = p_values(rng, lambda: pair(rng, WEIGHTS["growing"], (4000, 900)), 120)
    assert is_uniform(p, rng)


def test_p_values_are_uniform_where_one_sample_is_thinned(rng):
    p = p_values(rng, lambda: pair(rng, WEIGHTS["random"], (4000, 30)), 200)
    assert is_uniform(p, rng)


def test_weights_of_another_scale_do_not_matter(rng):
    """The samples cannot be exchanged then; what holds for many events holds for these."""

    def draw():
        a, b, weights_a, weights_b = pair(rng, WEIGHTS["random"], (300, 300))
        return a, b, weights_a, 50 * weights_b

    assert is_uniform(p_values(rng, draw, 300), rng)


def test_the_formula_raises_false_alarms_on_weights(rng):
    """What the docstring says: more than half of equal samples fail with weights exp(x)."""
    alarms = {"n": 0, "n_eff": 0}
    for _ in range(200):
        test = stats.two_sample_test(*pair(rng, WEIGHTS["growing"], (500, 500)), permutations=1)
        size = 1 / (1 / test.effective_a + 1 / test.effective_b)
        alarms["n"] += kolmogorov(test.statistic * np.sqrt(250)) < 0.05
        alarms["n_eff"] += kolmogorov(test.statistic * np.sqrt(size)) < 0.05
    low, high = scipy_stats.binom.interval(1 - FALSE_ALARM, 200, [0.56, 0.1075])
    assert low[0] <= alarms["n"] <= high[0]
    assert low[1] <= alarms["n_eff"] <= high[1]


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_shift_is_seen(rng, weights):
    p = p_values(rng, lambda: pair(rng, WEIGHTS[weights], (400, 400), shift=1.0), 20)
    assert np.mean(p <= 0.05) > 0.9


def test_a_change_of_the_tails_is_seen_best_by_anderson_and_darling(rng):
    def power(kind):
        def draw():
            return rng.normal(size=150), 1.45 * rng.normal(size=150)

        return np.mean(p_values(rng, draw, 100, statistic=kind) <= 0.05)

    assert power("ad") > power("ks") + 0.15


@given(st.integers(2, 60), st.integers(2, 60), st.integers(0, 999), st.integers(0, 2))
@settings(max_examples=80)
def test_distance_is_scipys_without_weights(n_a, n_b, seed, decimals):
    rng = np.random.default_rng(seed)
    a, b = np.round(rng.normal(size=n_a), decimals), np.round(rng.normal(size=n_b), decimals)
    test = stats.two_sample_test(a, b, permutations=1)
    assert test.statistic == pytest.approx(
        scipy_stats.ks_2samp(a, b, method="asymp").statistic, abs=1e-12
    )
    assert (test.effective_a, test.effective_b) == (n_a, n_b)


def test_other_distances_are_those_of_the_literature(rng):
    a, b = rng.normal(size=37), rng.normal(0.3, size=53)
    cvm = stats.two_sample_test(a, b, statistic="cvm", permutations=1).statistic
    assert cvm == pytest.approx(scipy_stats.cramervonmises_2samp(a, b).statistic, rel=1e-9)
    ad = stats.two_sample_test(a, b, statistic="ad", permutations=1).statistic
    assert ad == pytest.approx(pettitt(a, b), rel=1e-12)


def pettitt(a, b):
    """Compute A² of two samples as A. N. Pettitt does, Biometrika 63 (1976) 161."""
    n, m = len(a), len(b)
    pooled = np.sort(np.concatenate([a, b]))[:-1]
    below = np.searchsorted(np.sort(a), pooled, side="right")
    i = np.arange(1, n + m)
    return np.sum((below * (n + m) - n * i) ** 2 / (i * (n + m - i))) / (n * m)


def test_p_value_is_scipys_permutation_p_value(rng):
    a, b = rng.normal(size=40), rng.normal(0.5, size=25)
    ours = stats.two_sample_test(a, b, permutations=4999, rng=rng)
    theirs = scipy_stats.permutation_test(
        (a, b), lambda x, y: scipy_stats.ks_2samp(x, y).statistic, permutation_type="independent",
        alternative="greater", n_resamples=1999, rng=rng,
    )  # fmt: skip
    error = np.hypot(ours.p_value_error, np.sqrt(theirs.pvalue * (1 - theirs.pvalue) / 1999))
    assert abs(ours.p_value - theirs.pvalue) < 4 * error
    exact = scipy_stats.ks_2samp(a, b, method="exact").pvalue
    assert abs(ours.p_value - exact) < 4 * ours.p_value_error


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 999), factor=st.sampled_from([1e-6, 3.0, 1e9]))
@settings(max_examples=20)
def test_scale_of_weights_and_rising_functions_change_nothing(kind, seed, factor):
    rng = np.random.default_rng(seed)
    a, b, weights_a, weights_b = pair(rng, WEIGHTS["signed and growing"], (30, 20))
    if min(abs(w.sum()) / np.abs(w).sum() for w in (weights_a, weights_b)) < 1e-3:
        return
    options = {"statistic": kind, "permutations": 49, "rng": 5}
    test = stats.two_sample_test(a, b, weights_a, weights_b, **options)
    scaled = (factor * weights_a, factor * weights_b)
    moved = stats.two_sample_test(np.exp(a), np.exp(b), *scaled, **options)
    assert moved.statistic == pytest.approx(test.statistic, rel=1e-6)
    assert moved.p_value == test.p_value


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.floats(-2, 2)), min_size=1, max_size=9),
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.floats(-2, 2)), min_size=1, max_size=9),
    st.sampled_from(KINDS),
)
def test_whatever_the_weights_the_p_value_is_a_probability(first, second, kind):
    (a, weights_a), (b, weights_b) = (np.array(part).T for part in (first, second))
    try:
        test = stats.two_sample_test(a, b, weights_a, weights_b, statistic=kind, permutations=19)
    except ValueError as error:
        assert "add up to zero" in str(error)  # noqa: PT017 - either outcome is right
        return
    assert 1 / 20 <= test.p_value <= 1
    assert np.isfinite(test.statistic)


def test_a_weight_of_two_is_an_event_twice(rng):
    a, b = rng.normal(size=30), rng.normal(size=20)
    twice = stats.two_sample_test(np.repeat(a, 2), b, permutations=1)
    weighted = stats.two_sample_test(a, b, np.full(30, 2), permutations=1)
    assert weighted.statistic == pytest.approx(twice.statistic, abs=1e-12)


def test_a_seed_gives_the_same_answer_and_the_error_that_of_repetitions(rng):
    a, b, *weights = pair(rng, WEIGHTS["random"], shift=0.3)
    first, again = (stats.two_sample_test(a, b, *weights, rng=7) for _ in range(2))
    assert first == again
    tests = [stats.two_sample_test(a, b, *weights, permutations=99, rng=rng) for _ in range(200)]
    spread = np.std([test.p_value for test in tests])
    assert spread == pytest.approx(np.mean([t.p_value_error for t in tests]), rel=0.25)


def test_many_events_cost_one_pass_and_little_room(rng):
    a, b = rng.normal(size=300_000), rng.normal(size=200_000)
    test = stats.two_sample_test(a, b, permutations=49)
    assert test.statistic == pytest.approx(scipy_stats.ks_2samp(a, b).statistic, abs=2 / 512)
    units, _ = _twosample.deal(*(_twosample.as_sample("a", x, None) for x in (a, b)), rng)
    assert units.below.shape[0] <= _twosample.UNITS + 1
    assert units.below.shape[1] <= _twosample.GRID


def test_sorted_samples_are_dealt_at_random(rng):
    """Files are often sorted; blocks of neighbours would then not be alike."""

    def draw():
        a, b = rng.normal(size=1500), rng.normal(size=1500)
        return np.sort(a), np.sort(b)

    assert is_uniform(p_values(rng, draw, 100), rng)


def test_result_says_what_it_is():
    test = stats.two_sample_test([0.1, 0.4, 0.5, 0.8], [0.2, 0.3, 0.6, 0.9], permutations=99)
    assert test.statistic == pytest.approx(0.25)
    assert repr(test).startswith("TwoSampleTest(ks 0.25, p = ")
    assert repr(test).endswith("effective sizes 4 and 4)")
    with pytest.raises(AttributeError):
        test.p_value = 0


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (([], [1.0]), {}, "No events"),
        (([1.0], [np.nan]), {}, "1 of 1 values of b is NaN"),
        (([1.0], [2.0], [np.inf]), {}, "1 of 1 weights of a is infinite"),
        (([1.0, 2.0], [2.0], [1.0]), {}, "a has 2, weights_a has 1"),
        (([1.0, 2.0], [2.0], [1.0, -1.0]), {}, "weights of a add up to zero"),
        (([1.0], [2.0]), {"statistic": "kuiper"}, "not 'kuiper'"),
        (([1.0], [2.0]), {"permutations": 0}, "at least 1 is wanted"),
        (([1.0], [2.0]), {"permutations": 1.5}, "whole number is wanted, not 1.5"),
        ((["x"], [2.0]), {}, "wanted booleans, integers or floats"),
    ],
)
def test_unusable_input_is_named(arguments, options, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        stats.two_sample_test(*arguments, **options)
