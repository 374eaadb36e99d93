"""Weighted correlations against numpy and pandas, with missing values and signed weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepml import stats


@pytest.fixture
def columns(rng):
    mixed = rng.normal(size=(4, 4))
    return list((rng.normal(size=(50_000, 4)) @ mixed + [0, 1e6, -3, 0.1]).T)


def test_weights_agree_with_numpy(columns, rng):
    weights = rng.gamma(2, 0.5, len(columns[0]))
    covariance = np.cov(columns, aweights=weights, ddof=0)
    spread = np.sqrt(np.diag(covariance))
    wanted = covariance / np.outer(spread, spread)
    np.testing.assert_allclose(stats.correlations(columns, weights), wanted, atol=1e-9)


def test_without_weights_all_count_the_same(columns):
    np.testing.assert_allclose(stats.correlations(columns), np.corrcoef(columns), atol=1e-9)


def test_missing_values_are_left_out_pair_by_pair(columns, rng):
    pd = pytest.importorskip("pandas")
    holed = [np.where(rng.random(len(c)) < 0.2, np.nan, c) for c in columns[:3]] + columns[3:]
    wanted = pd.DataFrame(dict(enumerate(holed))).corr()
    np.testing.assert_allclose(stats.correlations(holed), wanted, atol=1e-9)


@pytest.mark.parametrize("holes", [False, True])
def test_events_without_weight_do_not_count(columns, rng, holes):
    if holes:
        columns = [np.where(rng.random(len(c)) < 0.2, np.nan, c) for c in columns]
    weights = np.where(rng.random(len(columns[0])) < 0.3, rng.gamma(2, 0.5, len(columns[0])), 0.0)
    own = weights != 0
    wanted = stats.correlations([column[own] for column in columns], weights[own])
    np.testing.assert_allclose(stats.correlations(columns, weights), wanted, atol=1e-9)


def test_signed_weights_subtract_events(columns):
    """An event with weight -1 takes away the same event with weight 1."""
    part = [column[:3000] for column in columns]
    both = [np.concatenate([column, column[:500]]) for column in part]
    weights = np.concatenate([np.ones(3000), -np.ones(500)])
    left = stats.correlations([column[500:] for column in part])
    np.testing.assert_allclose(stats.correlations(both, weights), left, atol=1e-9)


@given(st.integers(1, 40), st.floats(-1e6, 1e6), st.floats(0.01, 1e3), st.integers(0, 2**31))
def test_shift_and_scale_do_not_count(n, shift, scale, seed):
    x, y = np.random.default_rng(seed).normal(size=(2, n))
    found = stats.correlations([x, y])
    moved = stats.correlations([scale * x + shift, -y])
    np.testing.assert_allclose(moved[0, 1], -found[0, 1], atol=1e-5)
    known = found[np.isfinite(found)]
    assert (np.abs(known) <= 1 + 1e-9).all()
    np.testing.assert_array_equal(found, found.T)


def test_what_does_not_vary_has_none():
    x = np.arange(10.0)
    constant, empty = np.full(10, 0.1), np.full(10, np.nan)
    found = stats.correlations([x, constant, empty])
    assert found[0, 0] == pytest.approx(1)
    assert np.isnan(found[[0, 0, 1, 2], [1, 2, 1, 2]]).all()
    assert np.isnan(stats.correlations([x, x**2], np.zeros(10))).all()


@pytest.mark.parametrize(
    ("columns", "weights", "message"),
    [
        ([[1, 2], [1, 2, 3]], None, "column 1 has 3"),
        ([[1, np.inf]], None, "1 of 2 values of column 0 is infinite"),
        ([[1, 2]], [1, np.nan], "1 of 2 weights is NaN"),
        ([[]], None, "No events"),
    ],
)
def test_bad_input_is_one_sentence(columns, weights, message):
    with pytest.raises(ValueError, match=message):
        stats.correlations(columns, weights)
