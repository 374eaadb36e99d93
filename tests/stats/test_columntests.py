"""Tests of every column: trials are paid for, and the AUC's test is that of ranks."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from hepml import stats

FALSE_ALARM = 1e-4  # chance that a sound test fails one case of this file
COLUMNS = [f"x{i}" for i in range(8)]


def table(rng, events, correlation=0.0, columns=COLUMNS):
    common = rng.normal(size=events)
    own = np.sqrt(1 - correlation**2) * rng.normal(size=(len(columns), events))
    return dict(zip(columns, own + correlation * common, strict=True))


def global_p(rng, count, correlation, weigh=None):
    found = []
    for _ in range(count):
        a, b = table(rng, 120, correlation), table(rng, 90, correlation)
        weights = [weigh(t, rng) for t in (a, b)] if weigh else []
        found.append(stats.column_tests(a, b, *weights, permutations=99, rng=rng))
    return found


@pytest.fixture(scope="module")
def alike():
    """Test 300 pairs of samples in which nothing differs, by the correlation of columns."""
    rng = np.random.default_rng(20240917)
    return {correlation: global_p(rng, 300, correlation) for correlation in (0.0, 0.95)}


def is_uniform(p, rng, permutations=99):
    spread = p - rng.random(len(p)) / (permutations + 1)
    return scipy_stats.kstest(spread, "uniform").pvalue > FALSE_ALARM


@pytest.mark.parametrize("correlation", [0.0, 0.95])
def test_the_global_p_value_is_uniform_if_nothing_differs(rng, alike, correlation):
    assert is_uniform(np.array([test.p_value for test in alike[correlation]]), rng)


def test_the_global_p_value_is_uniform_with_signed_weights(rng):
    def weigh(columns, rng):
        return np.exp(columns["x0"] / 2) * rng.choice([1.0, -1.0], len(columns["x0"]), p=[0.8, 0.2])

    tests = global_p(rng, 300, 0.5, weigh)
    assert is_uniform(np.array([test.p_value for test in tests]), rng)


def test_who_looks_often_finds_something(alike):
    """The smallest of eight local p-values; Šidák pays for it, too much where columns agree."""
    alone, agreeing = alike[0.0], alike[0.95]
    smallest = [min(t.p_value for t in test.tests.values()) for test in alone]
    expected = 1 - 0.95 ** len(COLUMNS)
    error = np.sqrt(expected * (1 - expected) / 300)
    assert np.mean(np.array(smallest) <= 0.05) == pytest.approx(expected, abs=4 * error)
    sidak = np.array([test.sidak for test in agreeing])
    assert sidak.mean() > np.mean([test.p_value for test in agreeing]) + 0.1


@pytest.mark.parametrize("trials", [1, 2, 30, 1000])
@pytest.mark.parametrize("p_value", [0.0, 1e-12, 1e-3, 0.5, 1 - 1e-9, 1.0])
def test_sidak_against_exact_fractions(p_value, trials):
    exact = float(1 - (1 - Fraction(p_value)) ** trials)
    assert stats.sidak(p_value, trials) == pytest.approx(exact, rel=1e-12)
    assert math.copysign(1, stats.sidak(p_value, trials)) == 1


def test_sidak_is_his_formula(rng):
    test = stats.column_tests(table(rng, 60), table(rng, 50), permutations=99)
    smallest = min(t.p_value for t in test.tests.values())
    assert test.sidak == pytest.approx(1 - (1 - smallest) ** len(COLUMNS))


@pytest.mark.parametrize("kind", ["ks", "cvm", "ad"])
def test_one_column_is_one_test(rng, kind):
    a, b = rng.normal(size=700), rng.normal(0.1, size=300)
    weights = rng.exponential(size=700), rng.exponential(size=300)
    alone = stats.two_sample_test(a, b, *weights, statistic=kind, rng=3)
    found = stats.column_tests({"x": a}, {"x": b}, *weights, statistic=kind, rng=3)
    assert found.tests == {"x": alone}
    assert (found.p_value, found.p_value_error) == (alone.p_value, alone.p_value_error)
    assert found.sidak == pytest.approx(alone.p_value)


def test_the_column_that_differs_is_found(rng):
    hits = 0
    for seed in range(12):
        a, b = table(rng, 400, 0.5), table(rng, 300, 0.5)
        b["x3"] = b["x3"] + 0.5
        test = stats.column_tests(a, b, permutations=199, rng=seed)
        hits += test.largest == "x3" and test.p_value < 0.02
        local = {name for name, t in test.tests.items() if t.p_value <= test.p_value}
        assert test.largest in local
    assert hits >= 11


def test_tables_and_dicts_are_alike(rng):
    import pandas as pd

    a, b = table(rng, 80), table(rng, 90)
    assert repr(stats.column_tests(pd.DataFrame(a), pd.DataFrame(b))) == repr(
        stats.column_tests(a, b)
    )


def test_a_larger_sample_is_thinned_alike_in_all_columns(rng):
    a, b = table(rng, 4000, columns=["x"]), table(rng, 30, columns=["x"])
    test = stats.column_tests(a | {"y": a["x"]}, b | {"y": b["x"]}, rng=2)
    assert test.tests["x"] == test.tests["y"]
    assert test.p_value == test.tests["x"].p_value


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"a": [1, 2]}, TypeError, "a has type list: wanted columns by name"),
        ({"a": {"x": [1.0]}}, ValueError, "only one has 'y'"),
        ({"a": {}, "b": {}}, ValueError, "No columns"),
        ({"a": {"x": [1.0, 2], "y": [1.0]}}, ValueError, "in a 'x' has 2 and 'y' has 1 entries"),
        ({"a": {"x": [1.0], "y": [np.nan]}}, ValueError, "y: 1 of 1 values of a is NaN"),
        ({"weights_a": [1.0]}, ValueError, "x: One entry per event is wanted"),
        ({"statistic": "auc"}, ValueError, "use two_sample_test"),
        ({"statistic": "chi2"}, ValueError, 'is "ks", "cvm" or "ad", not \'chi2\''),
        ({"permutations": 0}, ValueError, "at least 1"),
        ({"permutations": "many"}, TypeError, "a whole number is wanted, not 'many'"),
        ({"a": {"x": ["p", "q"], "y": [1.0, 2]}}, TypeError, "column 'x' has dtype"),
    ],
)
def test_bad_input_is_one_sentence(change, error, message):
    columns = {"x": [1.0, 2.0], "y": [3.0, 4.0]}
    with pytest.raises(error, match=message):
        stats.column_tests(**({"a": columns, "b": columns} | change))


@given(st.integers(2, 60), st.integers(2, 60), st.integers(0, 999), st.integers(0, 2))
@settings(max_examples=60)
def test_the_auc_is_that_of_the_ranks(n_a, n_b, seed, decimals):
    rng = np.random.default_rng(seed)
    a, b = np.round(rng.normal(size=n_a), decimals), np.round(rng.normal(size=n_b), decimals)
    test = stats.two_sample_test(a, b, statistic="auc", permutations=1)
    u = scipy_stats.mannwhitneyu(b, a).statistic
    assert test.statistic == pytest.approx(u / (n_a * n_b), abs=1e-12)


def test_its_p_value_is_that_of_mann_and_whitney(rng):
    for shift in (-0.3, 0.0, 0.2, 0.4):
        a, b = rng.normal(size=45), rng.normal(shift, size=38)
        ours = stats.two_sample_test(a, b, statistic="auc", permutations=9999, rng=rng)
        theirs = scipy_stats.mannwhitneyu(b, a, alternative="greater", method="exact").pvalue
        assert abs(ours.p_value - theirs) < 4 * ours.p_value_error + 2e-4


def test_its_p_value_is_uniform_with_blocks_and_signed_weights(rng):
    found = []
    for _ in range(200):
        a, b = rng.normal(size=900), rng.normal(size=700)
        weights = [np.exp(x / 2) * rng.choice([1.0, -1.0], len(x), p=[0.85, 0.15]) for x in (a, b)]
        test = stats.two_sample_test(a, b, *weights, statistic="auc", permutations=99, rng=rng)
        y = np.arange(1600) >= 900
        joined = np.concatenate([a, b]), np.concatenate(weights)
        assert test.statistic == pytest.approx(stats.auc(y, *joined))
        found.append(test.p_value)
    assert is_uniform(np.array(found), rng)


def test_only_a_large_auc_counts(rng):
    a, b = rng.normal(size=600), rng.normal(0.5, size=500)
    assert stats.two_sample_test(a, b, statistic="auc").p_value == 0.001
    assert stats.two_sample_test(b, a, statistic="auc").p_value == 1
