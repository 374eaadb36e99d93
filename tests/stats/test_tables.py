"""Cut tables, chosen thresholds and histograms against sums over masks and NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hepml import stats
from hepml.stats import _tables
from hepml.stats._bins import HEAVY


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(_tables, "CHUNK", 1000)
    monkeypatch.setattr(_tables, "ROWS", 1000)


@pytest.mark.usefixtures("small_chunks")
def test_table_is_sums_over_masks(shaped, rng):
    y, score, weights = (a[:5000] for a in shaped)
    weights = weights * rng.choice([-1, 1], 5000)
    cuts = np.append(rng.choice(score, 20), [score.min() - 1, score.max() + 1, np.median(score)])
    table = stats.cut_table(y, score, weights, cuts)
    np.testing.assert_array_equal(table.threshold, np.unique(cuts)[::-1])
    masks = score >= table.threshold[:, None]
    for name, label in (("signal", 1), ("background", 0)):
        mine = masks & (y == label)
        np.testing.assert_allclose(getattr(table, f"sumw_{name}"), mine @ weights, atol=1e-9)
        np.testing.assert_allclose(getattr(table, f"sumw2_{name}"), mine @ weights**2)
        assert getattr(table, f"total_{name}") == pytest.approx(weights[y == label].sum())
        assert getattr(table, f"total2_{name}") == pytest.approx((weights[y == label] ** 2).sum())
        assert getattr(table, f"n_{name}") == np.sum(y == label)


def test_table_without_weights_counts(rng):
    y, score = rng.integers(0, 2, 100), rng.random(100)
    table = stats.cut_table(y, score, thresholds=[0.5])
    assert table.sumw_signal[0] == table.sumw2_signal[0] == np.sum((score >= 0.5) & (y == 1))
    assert repr(table) == f"CutTable(1 cuts, {y.sum()} signal, {100 - y.sum()} background)"


def test_table_shares_rows_with_the_curve(rng):
    y, score, weights = rng.integers(0, 2, 500), rng.normal(size=500), rng.random(500)
    curve = stats.roc_curve(y, score, weights)
    table = stats.cut_table(y, score, weights, curve.threshold)
    for name in ("signal_efficiency", "background_rejection", "sic", "signal_efficiency_error"):
        np.testing.assert_allclose(getattr(table, name), getattr(curve, name), atol=1e-12)
    point = {"signal_efficiency": 0.4}
    assert stats.working_point(table, **point).threshold == (
        stats.working_point(curve, **point).threshold
    )


def test_table_chooses_its_cuts(shaped):
    table = stats.cut_table(*shaped, 200)
    np.testing.assert_array_equal(table.threshold, stats.choose_thresholds(*shaped, 200))
    assert table.sumw_signal[-1] == pytest.approx(table.total_signal)
    assert table.sumw_background[-1] == pytest.approx(table.total_background)


def test_chosen_cuts_resolve_the_curve(shaped):
    n = 400
    y, score, weights = shaped
    cuts = stats.choose_thresholds(y, score, weights, n)
    assert 2 <= len(cuts) <= n
    assert (np.diff(cuts) < 0).all()
    assert cuts[-1] <= score.min()
    table, exact = stats.cut_table(*shaped, cuts), stats.roc_curve(*shaped, exact=True)
    if len(np.unique(score)) <= n:
        assert len(cuts) == len(np.unique(score))
    for name in ("signal_efficiency", "background_efficiency"):
        steps = np.diff(getattr(exact, name)).max()  # ties that no cut can divide
        gaps = np.diff(getattr(table, name), prepend=0)
        assert gaps.max() <= steps + 2 / (n // 4 - 1) + HEAVY  # even in ε_s + ε_b, but for bins
    for wanted in (0.1, 0.3, 0.5):
        true, mine = (stats.background_rejection(c, wanted) for c in (exact, table))
        error = stats.working_point(exact, signal_efficiency=wanted).background_rejection_error
        assert abs(mine - true) < error / 2


def test_chosen_cuts_resolve_the_axis(rng):
    score = np.concatenate([rng.random(100_000) * 1e-3, rng.random(200)])
    cuts = stats.choose_thresholds(rng.integers(0, 2, len(score)), score, None, 400)
    assert np.diff(cuts).min() > -0.011


def test_chosen_cuts_reach_low_background(rng):
    y = rng.integers(0, 2, 100_000)
    score = rng.normal(y * 2.0, 1.0)
    table = stats.cut_table(y, score, thresholds=400)
    assert np.sum((table.background_efficiency > 0) & (table.background_efficiency < 1e-2)) > 40


def test_chosen_cuts_of_one_class():
    cuts = stats.choose_thresholds(np.ones(1000), np.arange(1000), None, 50)
    assert len(cuts) == 50


def test_at_least_two_cuts_are_wanted():
    with pytest.raises(ValueError, match="at least 2 are wanted, not 1"):
        stats.choose_thresholds([0, 1], [0.1, 0.2], None, 1)


EDGES = np.array([-1.0, 0.0, 0.5, 2.0])


@given(
    score=arrays(float, 30, elements=st.sampled_from([-3, -1, -0.5, 0, 0.3, 0.5, 1, 2, 2.5])),
    weights=arrays(float, 30, elements=st.floats(-4, 4)),
)
def test_histogram_is_numpys(score, weights):
    histogram = stats.score_histogram(score, weights, EDGES)
    np.testing.assert_allclose(
        histogram.sumw, np.histogram(score, EDGES, weights=weights)[0], atol=1e-12
    )
    np.testing.assert_allclose(
        histogram.sumw2, np.histogram(score, EDGES, weights=weights**2)[0], atol=1e-12
    )
    np.testing.assert_array_equal(histogram.counts, np.histogram(score, EDGES)[0])
    assert histogram.underflow == pytest.approx(weights[score < -1].sum(), abs=1e-12)
    assert histogram.overflow == pytest.approx(weights[score > 2].sum(), abs=1e-12)


@given(
    low=st.floats(-1e12, 1e12),
    width=st.floats(1e-3, 1e6),
    bins=st.integers(2, 70),
    seed=st.integers(0, 99),
)
def test_bins_of_one_width_hold_what_their_edges_say(low, width, bins, seed):
    """Bins found by division: also for values at an edge, and next to it."""
    edges = np.linspace(low, low + width, bins + 1)
    if not (np.diff(edges) > 0).all():
        return
    inside = np.random.default_rng(seed).uniform(low - width, low + 2 * width, 50)
    beside = [np.nextafter(edges, end) for end in (-np.inf, np.inf)]
    score = np.concatenate([inside, edges, *beside, [-1e300, 1e300]])
    histogram = stats.score_histogram(score, None, edges)
    np.testing.assert_array_equal(histogram.counts, np.histogram(score, edges)[0])
    assert histogram.underflow == np.count_nonzero(score < edges[0])
    assert histogram.overflow == np.count_nonzero(score > edges[-1])


@pytest.mark.usefixtures("small_chunks")
def test_histogram_without_weights_counts(rng):
    score = rng.normal(size=5500)
    histogram = stats.score_histogram(score, None, EDGES)
    np.testing.assert_array_equal(histogram.sumw, np.histogram(score, EDGES)[0])
    np.testing.assert_array_equal(histogram.counts, histogram.sumw)
    assert repr(histogram) == f"ScoreHistogram(3 bins in [-1, 2], {histogram.counts.sum()} events)"
    assert not histogram.sumw.flags.writeable


@pytest.mark.parametrize("edges", [[0], [0, 0, 1], [1, 0], [[0, 1]], [0, np.nan]])
def test_edges_rise(edges):
    with pytest.raises(ValueError, match="edges must be"):
        stats.score_histogram([0.5], None, edges)


def test_the_users_edges_stay_writable():
    edges = np.array([0.0, 1.0])
    stats.score_histogram([0.5], None, edges)
    edges[0] = -1
