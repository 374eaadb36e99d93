"""Separation of shapes: its definition, its error, and what chance makes of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from hepml import stats

EDGES = np.linspace(-3, 4, 36)


def histograms(signal, background, weights=(None, None), edges=EDGES):
    pairs = zip((signal, background), weights, strict=True)
    return [stats.score_histogram(np.clip(x, *edges[[0, -1]]), w, edges) for x, w in pairs]


def test_two_gaussians_have_the_integral_of_the_definition(rng):
    shift, n = 1.0, 400_000
    found = stats.separation(*histograms(rng.normal(shift, 1, n), rng.normal(0, 1, n)))
    s, b = norm(shift).pdf, norm(0).pdf
    wanted = quad(lambda x: 0.5 * (s(x) - b(x)) ** 2 / (s(x) + b(x)), -8, 9)[0]
    assert found.value == pytest.approx(wanted, rel=0.01)  # bins blur it by less
    assert found.error < 0.01 * wanted


def test_error_is_the_scatter_of_repeated_samples(rng):
    def sample():
        x = rng.normal(0.8, 1, 3000), rng.normal(0, 1, 5000)
        weights = rng.choice([2.0, -0.5], 3000, p=[0.8, 0.2]), rng.gamma(2, 0.5, 5000)
        return stats.separation(*histograms(*x, weights))

    found = [sample() for _ in range(300)]
    scatter = np.std([one.value for one in found])
    # 300 samples know their scatter to 4 %.
    assert np.mean([one.error for one in found]) == pytest.approx(scatter, rel=0.15)


def test_equal_shapes_differ_by_chance_as_much_as_said(rng):
    def sample():
        weights = rng.gamma(2, 0.5, 800), rng.choice([1.0, 3.0], 1200)
        return stats.separation(*histograms(rng.normal(size=800), rng.normal(size=1200), weights))

    found = [sample() for _ in range(200)]
    values = [one.value for one in found]
    error = np.std(values) / np.sqrt(len(values))
    wanted = np.mean([one.chance for one in found])
    # The expected contents of thin bins are estimated from the same events: 5 % of slack.
    assert abs(np.mean(values) - wanted) < 4 * error + 0.05 * wanted


def test_ends_of_the_scale():
    low, high = np.full(10, -1.0), np.full(7, 1.0)
    assert stats.separation(*histograms(low, high)).value == 1
    assert stats.separation(*histograms(low, np.full(7, -1.0))).value == 0


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.1, 10), st.booleans()), min_size=2))
def test_scale_and_order_do_not_count(events):
    x, w, y = (np.array(part) for part in zip(*events, strict=True))
    y[:2] = (True, False)
    pair = histograms(x[y], x[~y], (w[y], w[~y]))
    scaled = histograms(x[y][::-1], x[~y], (7 * w[y][::-1], w[~y]))
    found, other, swapped = (
        stats.separation(*p) for p in (pair, scaled, histograms(x[~y], x[y], (w[~y], w[y])))
    )
    assert 0 <= found.value <= 1 + 1e-12
    for name in ("value", "error", "chance"):
        values = [getattr(one, name) for one in (found, other, swapped)]
        np.testing.assert_allclose(values, values[0], rtol=1e-9, atol=1e-12)


def test_a_class_without_weight_has_none():
    found = stats.separation(*histograms([0.0, 1.0], [0.0, 1.0], ([1.0, -1.0], None)))
    assert np.isnan([found.value, found.error, found.chance]).all()


def test_edges_must_agree():
    first, second = histograms([0.0], [1.0])[0], histograms([0.0], [1.0], edges=EDGES + 1)[1]
    with pytest.raises(ValueError, match="different edges"):
        stats.separation(first, second)
