"""The default path, which does not sort, against the exact one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hepml import stats
from hepml.stats import _bins
from hepml.stats._steps import exact_steps
from hepml.stats.events import as_events


def assert_rows_are_mask_sums(curve, y, score, weights, rows):
    for row in rows:
        passing = score >= curve.threshold[row]
        for name, label in (("signal", 1), ("background", 0)):
            mine = weights[passing & (y == label)]
            total = np.abs(weights).sum()
            assert abs(getattr(curve, f"sumw_{name}")[row] - mine.sum()) < 1e-12 * total
            assert getattr(curve, f"sumw2_{name}")[row] == pytest.approx((mine**2).sum(), rel=1e-9)


def test_default_path_is_exact_enough(shaped):
    fast, exact = stats.roc_curve(*shaped), stats.roc_curve(*shaped, exact=True)
    assert abs(fast.auc - exact.auc) < 1e-5
    assert fast.auc_error == pytest.approx(exact.auc_error, rel=1e-3)
    for wanted in (0.3, 0.5):
        true, mine = (stats.background_rejection(curve, wanted) for curve in (exact, fast))
        if np.isfinite(true):
            error = stats.working_point(exact, signal_efficiency=wanted).background_rejection_error
            assert abs(mine - true) < error / 4


def test_rows_of_the_default_path_are_sums_over_masks(shaped, rng):
    y, score, weights = shaped
    weights = weights * rng.choice([-0.2, 1.0], len(y))
    curve = stats.roc_curve(y, score, weights)
    assert (np.diff(curve.threshold) < 0).all()
    rows = np.unique(np.append(rng.integers(0, len(curve), 40), [0, len(curve) - 1]))
    assert_rows_are_mask_sums(curve, y, score, weights, rows)
    assert curve.total_signal == pytest.approx(weights[y == 1].sum())
    assert (curve.n_signal, curve.n_background) == (np.sum(y == 1), np.sum(y == 0))


def test_unit_weights_are_counts(shaped):
    y, score, _ = shaped
    curve = stats.roc_curve(y, score)
    np.testing.assert_array_equal(curve.sumw_signal, curve.sumw2_signal)
    weighted = stats.roc_curve(y, score, np.ones(len(y), dtype=np.int8))
    np.testing.assert_array_equal(weighted.sumw_background, curve.sumw_background)


ANY = st.floats(allow_nan=False, allow_infinity=False)
UNIT = st.one_of(
    st.floats(0, 1),
    st.sampled_from([0.0, 1.0, 0.5, np.nextafter(0.5, 1), np.nextafter(0.5, 0)]),
    st.sampled_from([1 - 2.0**-53, 1 - 2.0**-52, 2.0**-60, 5e-324, 0.25, 0.75]),
)


CROWDED = st.one_of(st.floats(0.499, 0.501), st.integers(-9, 9).map(lambda i: 0.5 + i * 2.0**-54))
HEAPS = [ANY, UNIT, st.floats(-9, 9), CROWDED, CROWDED.map(lambda x: -200 * x)]


@st.composite
def binned_samples(draw):
    n = draw(st.integers(1, 40))
    score = draw(arrays(float, n, elements=draw(st.sampled_from(HEAPS))))
    y = draw(arrays(np.int8, n, elements=st.integers(0, 1)))
    return y, score, draw(arrays(float, n, elements=st.floats(0.125, 8)))


@pytest.mark.parametrize("heavy", [1 / 256, 2.0], ids=["all bins heavy", "no bin heavy"])
@given(sample=binned_samples())
def test_bins_hold_what_their_edges_say(sample, heavy):
    y, score, weights = sample
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_bins, "FEW", 0)
        patch.setattr(_bins, "HEAVY", heavy)
        curve = stats.roc_curve(y, score, weights)
    assert (np.diff(curve.threshold) < 0).all()
    assert_rows_are_mask_sums(curve, y, score, weights, range(len(curve)))
    assert curve.sumw2_signal[-1] + curve.sumw2_background[-1] == pytest.approx(sum(weights**2))


@given(sample=binned_samples())
def test_heavy_bins_become_exact(sample):
    events = as_events(*sample)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_bins, "FEW", 0)
        patch.setattr(_bins, "HEAVY", -1)
        patch.setattr(_bins, "MOST", 2)
        steps, expected = _bins.binned_steps(events), exact_steps(events)
    np.testing.assert_array_equal(steps.threshold, expected.threshold)
    np.testing.assert_allclose(steps.sums, expected.sums)


def test_an_outlier_that_the_sample_misses_changes_the_ruler(rng):
    score = rng.random(60_000)
    score[17] = -4.0
    y = rng.integers(0, 2, 60_000)
    assert 17 % (60_000 // _bins.SAMPLE) != 0
    curve = stats.roc_curve(y, score)
    assert curve.threshold[-1] <= -4
    assert curve.sumw_signal[-1] == y.sum()


def test_an_outlier_beside_a_crowd(rng):
    score = 0.5 + 1e-4 * rng.random(60_000)
    score[17] = 0.1
    y = rng.integers(0, 2, 60_000)
    curve = stats.roc_curve(y, score)
    assert_rows_are_mask_sums(curve, y, score, np.ones(60_000), range(0, len(curve), 997))
    assert curve.auc == pytest.approx(stats.auc(y, score, exact=True), abs=1e-5)


def test_few_events_are_sorted():
    assert stats.roc_curve([0, 1], [0.2, 0.4]).exact
    assert not stats.roc_curve(np.arange(60_000) % 2, np.linspace(0, 1, 60_000)).exact


def test_weights_of_zero_for_many_events():
    curve = stats.roc_curve(np.arange(60_000) % 2, np.linspace(0, 1, 60_000), np.zeros(60_000))
    assert curve.total_signal == 0
    assert np.isnan(curve.auc)


def test_default_path_leaves_its_arguments_alone(rng):
    score, weights = rng.random(60_000), rng.random(60_000)
    y = rng.integers(0, 2, 60_000)
    copies = y.copy(), score.copy(), weights.copy()
    stats.roc_curve(y, score, weights)
    for given_array, copy in zip((y, score, weights), copies, strict=True):
        np.testing.assert_array_equal(given_array, copy)
