"""ROC curves and AUC against scikit-learn, closed forms, brute force and toys."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm
from sklearn import metrics

from hepml import stats

LEVELS = st.sampled_from([-3.0, -0.5, 0.0, 1e-300, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 1e9])
WEIGHTS = st.floats(0.125, 8.0)


@st.composite
def samples(draw, weight=WEIGHTS, score=LEVELS):
    """At least one event of each class, with many equal scores."""
    n = draw(st.integers(2, 30))
    y = np.array([0, 1, *draw(st.lists(st.integers(0, 1), min_size=n - 2, max_size=n - 2))])
    return y, draw(arrays(float, n, elements=score)), draw(arrays(float, n, elements=weight))


def pairwise_auc(y, score, weights):
    signal, background = y == 1, y == 0
    above = score[signal, None] > score[background]
    equal = score[signal, None] == score[background]
    pairs = np.multiply.outer(weights[signal], weights[background])
    return np.sum(pairs * (above + equal / 2)) / pairs.sum()


@pytest.mark.parametrize("exact", [True, False])
@given(sample=samples())
def test_auc_is_the_weighted_share_of_ordered_pairs(sample, exact):
    assert stats.auc(*sample, exact=exact) == pytest.approx(pairwise_auc(*sample), abs=1e-12)


@given(sample=samples())
def test_exact_mode_is_scikit_learns(sample):
    y, score, weights = sample
    curve = stats.roc_curve(y, score, weights, exact=True)
    fpr, tpr, thresholds = metrics.roc_curve(
        y, score, sample_weight=weights, drop_intermediate=False
    )
    np.testing.assert_allclose(curve.background_efficiency, fpr, atol=1e-12)
    np.testing.assert_allclose(curve.signal_efficiency, tpr, atol=1e-12)
    np.testing.assert_array_equal(curve.threshold, thresholds)
    expected = metrics.roc_auc_score(y, score, sample_weight=weights)
    assert curve.auc == pytest.approx(expected, abs=1e-12)


def test_exact_mode_is_scikit_learns_for_many_events(shaped):
    y, score, weights = shaped
    curve = stats.roc_curve(y, score, weights, exact=True)
    fpr, tpr, _ = metrics.roc_curve(y, score, sample_weight=weights, drop_intermediate=False)
    np.testing.assert_allclose(curve.background_efficiency, fpr, rtol=0, atol=1e-12)
    np.testing.assert_allclose(curve.signal_efficiency, tpr, rtol=0, atol=1e-12)
    assert curve.auc == pytest.approx(metrics.auc(fpr, tpr), abs=1e-12)


@given(sample=samples(), factor=st.sampled_from([0.25, 3.0, 1e6]))
def test_scaling_the_weights_of_a_class_changes_no_efficiency(sample, factor):
    y, score, weights = sample
    curve = stats.roc_curve(y, score, weights)
    scaled = stats.roc_curve(y, score, np.where(y == 1, factor, 1) * weights)
    np.testing.assert_allclose(scaled.signal_efficiency, curve.signal_efficiency, atol=1e-12)
    np.testing.assert_allclose(
        scaled.signal_efficiency_error, curve.signal_efficiency_error, atol=1e-9
    )
    assert scaled.auc_error == pytest.approx(curve.auc_error, abs=1e-9)


@given(sample=samples())
def test_a_rising_function_of_the_score_changes_nothing(sample):
    y, score, weights = sample
    curve = stats.roc_curve(y, score, weights)
    moved = stats.roc_curve(y, np.cbrt(score) * 7 - 2, weights)
    if len(moved) == len(curve):  # 1e-300 and 0 may become equal
        np.testing.assert_array_equal(moved.sumw_signal, curve.sumw_signal)
        np.testing.assert_array_equal(moved.sumw2_background, curve.sumw2_background)


@given(sample=samples(), seed=st.integers(0, 100))
def test_the_order_of_events_does_not_matter(sample, seed):
    order = np.random.default_rng(seed).permutation(len(sample[0]))
    curve, shuffled = stats.roc_curve(*sample), stats.roc_curve(*(a[order] for a in sample))
    np.testing.assert_array_equal(shuffled.threshold, curve.threshold)
    np.testing.assert_allclose(shuffled.sumw_signal, curve.sumw_signal, atol=1e-12)


@given(sample=samples(weight=st.just(1.0)))
def test_weight_two_is_an_event_twice(sample):
    y, score, _ = sample
    twice = stats.roc_curve(np.repeat(y, 2), np.repeat(score, 2))
    weighted = stats.roc_curve(y, score, np.full(len(y), 2))
    np.testing.assert_array_equal(weighted.sumw_signal, twice.sumw_signal)
    np.testing.assert_array_equal(weighted.sumw2_signal, 2 * twice.sumw2_signal)


@given(sample=samples())
def test_swapped_labels_turn_the_area_over(sample):
    y, score, weights = sample
    area, error = (getattr(stats.roc_curve(*sample), name) for name in ("auc", "auc_error"))
    swapped = stats.roc_curve(1 - y, score, weights)
    assert swapped.auc == pytest.approx(1 - area, abs=1e-12)
    assert swapped.auc_error == pytest.approx(error, abs=1e-12)


@given(sample=samples(weight=st.floats(-4, 4).filter(lambda w: abs(w) > 0.01)))
def test_rows_are_sums_over_masks_whatever_the_sign_of_the_weights(sample):
    y, score, weights = sample
    curve = stats.roc_curve(y, score, weights)
    masks = score >= curve.threshold[:, None]
    signal = masks & (y == 1)
    np.testing.assert_allclose(curve.sumw_signal, (signal * weights).sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(curve.sumw2_signal, (signal * weights**2).sum(axis=1), atol=1e-12)
    assert curve.sumw_background[0] == 0 == curve.sumw_signal[0]
    assert masks[-1].all()


def test_negative_weights_are_flagged_not_hidden():
    y, score = [1, 1, 1, 0, 0], [0.9, 0.8, 0.7, 0.6, 0.1]
    assert stats.roc_curve(y, score, [1, 2, 1, 1, 1]).monotone
    curve = stats.roc_curve(y, score, [1, -0.5, 1, 1, 1])
    assert not curve.monotone
    np.testing.assert_allclose(curve.signal_efficiency, np.array([0, 1, 0.5, 1.5, 1.5, 1.5]) / 1.5)
    assert curve.auc == pytest.approx(1)


def test_binormal_area(rng):
    n = 200_000
    y = rng.integers(0, 2, n)
    score = rng.normal(y * 1.3, 1 + 0.4 * y)
    curve = stats.roc_curve(y, score, rng.exponential(1, n))
    expected = norm.cdf(1.3 / np.hypot(1, 1.4))
    assert abs(curve.auc - expected) < 4 * curve.auc_error
    assert curve.auc_error < 0.002


def test_area_error_is_the_spread_of_toys(rng):
    toys = [weighted_toy(rng, 400) for _ in range(1500)]
    areas = [toy.auc for toy in toys]
    claimed = np.mean([toy.auc_error for toy in toys])
    assert claimed == pytest.approx(np.std(areas), rel=0.07)  # the spread itself is known to 2 %


def weighted_toy(rng, n):
    """Weights that depend on the score and are negative for one event in ten."""
    y = rng.integers(0, 2, n)
    score = np.round(rng.normal(y * 1.0, 1.0), 1)
    weights = np.exp(0.3 * score) * np.where(rng.random(n) < 0.1, -1, 1)
    return stats.roc_curve(y, score, weights)


@pytest.mark.parametrize("name", ["signal_efficiency", "background_efficiency"])
def test_efficiency_bands_are_the_spread_of_toys(rng, name):
    points = [stats.working_point(weighted_toy(rng, 400), threshold=0.4) for _ in range(1500)]
    spread = np.std([getattr(point, name) for point in points])
    claimed = np.mean([getattr(point, f"{name}_error") for point in points])
    assert claimed == pytest.approx(spread, rel=0.07)


def test_rejection_band_covers_like_one_standard_deviation(rng):
    true = 1 / norm.sf(0.5)
    points = [unit_toy(rng) for _ in range(1500)]
    pulls = [(p.background_rejection - true) / p.background_rejection_error for p in points]
    assert np.mean(np.abs(pulls) < 1) == pytest.approx(0.683, abs=0.04)


def unit_toy(rng, n=2000):
    y = rng.integers(0, 2, n)
    score = np.append(rng.normal(y * 1.0, 1.0), 0.5)
    return stats.working_point(stats.roc_curve(np.append(y, 1), score), threshold=0.5)


def test_unit_weights_have_the_binomial_error():
    curve = stats.roc_curve([1] * 4 + [0], [4, 3, 2, 1, 0])
    efficiency = curve.signal_efficiency
    np.testing.assert_allclose(
        curve.signal_efficiency_error, np.sqrt(efficiency * (1 - efficiency) / 4)
    )


def test_curve_is_read_only_and_says_what_it_is():
    curve = stats.roc_curve([0, 1, 1], [0.1, 0.4, 0.8])
    assert repr(curve) == "RocCurve(4 cuts, 2 signal, 1 background, auc=1.0000 ± 0.0000)"
    for name in ("threshold", "sumw_signal", "signal_efficiency", "sic", "background_rejection"):
        assert not getattr(curve, name).flags.writeable
    with pytest.raises(AttributeError):
        curve.threshold = None


def test_nothing_passes_the_first_cut_and_everything_the_last():
    curve = stats.roc_curve([0, 1, 1, 0], [0.1, 0.4, 0.8, 0.8], [1, 2, 3, 4])
    assert curve.threshold[0] == np.inf
    np.testing.assert_array_equal(curve.sumw_signal, [0, 3, 5, 5])
    np.testing.assert_array_equal(curve.sumw_background, [0, 4, 4, 5])
    np.testing.assert_array_equal(curve.background_rejection, [np.inf, 1.25, 1.25, 1])
    np.testing.assert_allclose(curve.sic, [np.nan, 0.6 / 0.8**0.5, 1 / 0.8**0.5, 1])


def test_a_single_class_has_yields_and_no_area():
    curve = stats.roc_curve([1, 1], [0.2, 0.4], [2, 3])
    np.testing.assert_array_equal(curve.sumw_signal, [0, 3, 5])
    np.testing.assert_array_equal(curve.signal_efficiency, [0, 0.6, 1])
    assert np.isnan(curve.background_efficiency).all()
    assert np.isnan([curve.auc, curve.auc_error, stats.background_rejection(curve, 0.5)]).all()


def test_weights_of_zero_leave_nothing():
    curve = stats.roc_curve([0, 1], [0.2, 0.4], [0, 0])
    assert np.isnan(curve.auc)
    assert curve.total_signal == 0 == curve.total_background


CURVE = stats.roc_curve([1, 0, 1, 0, 1, 0, 1, 0], [8, 7, 6, 5, 4, 3, 2, 1])


@pytest.mark.parametrize(
    ("demand", "threshold"),
    [
        ({"signal_efficiency": 0.5}, 6),
        ({"signal_efficiency": 0.51}, 4),
        ({"signal_efficiency": 0}, np.inf),
        ({"background_efficiency": 0.25}, 6),
        ({"background_efficiency": 0.2}, 8),
        ({"background_efficiency": 1}, 1),
        ({"threshold": 4}, 4),
        ({"threshold": 4.5}, 5),
        ({"threshold": -np.inf}, 1),
    ],
)
def test_working_point_is_a_documented_row(demand, threshold):
    point = stats.working_point(CURVE, **demand)
    assert point.threshold == threshold
    assert point.signal == sum(s >= threshold for s in (8, 6, 4, 2))
    assert point.background == sum(s >= threshold for s in (7, 5, 3, 1))
    if "threshold" in demand:
        assert point.background == pytest.approx(point.background_error**2)


@pytest.mark.parametrize("demand", [{}, {"threshold": 1, "signal_efficiency": 0.5}])
def test_working_point_wants_one_demand(demand):
    with pytest.raises(ValueError, match="exactly one of"):
        stats.working_point(CURVE, **demand)


def test_working_point_that_does_not_exist():
    with pytest.raises(ValueError, match=r"No cut of RocCurve.* signal_efficiency = 1.2"):
        stats.working_point(CURVE, signal_efficiency=1.2)


def test_rejection_is_interpolated_along_the_curve():
    rejection = stats.background_rejection(CURVE, [0.0, 0.25, 0.375, 0.5, 1.0])
    np.testing.assert_allclose(rejection, [np.inf, np.inf, 4, 4, 4 / 3])
    assert stats.background_rejection(CURVE, 0.5) == 4


def test_lists_series_and_every_number_type_are_welcome(rng):
    import pandas as pd

    y, score = rng.integers(0, 2, 50), rng.integers(0, 9, 50)
    expected = stats.auc(y, score, np.ones(50))
    for labels in (y.tolist(), pd.Series(y, index=range(50, 0, -1)), y == 1, y.astype(np.int8)):
        assert stats.auc(labels, score.astype(np.float32)) == expected
        assert stats.auc(labels, list(score), [True] * 50) == expected
    assert stats.auc(y, score.astype(np.longdouble), np.ones(50, np.longdouble)) == expected
    assert stats.auc(y.astype(np.float16), score.astype(np.uint64)) == expected


def covered(chosen, rng, *, signal, background, weighted=False, toys=300):
    """Share of toys whose 68 % interval of the other efficiency holds the true one."""
    distance = 1.5
    truth = norm.sf(distance) if chosen == "signal_efficiency" else norm.sf(-distance)
    y = np.repeat([1, 0], [signal, background])
    inside = 0
    for _ in range(toys):
        score = rng.normal(size=len(y)) + distance * y
        weights = rng.exponential(size=len(y)) if weighted else None
        point = stats.working_point(stats.roc_curve(y, score, weights), **{chosen: 0.5})
        other = "background" if chosen == "signal_efficiency" else "signal"
        found = getattr(point, f"{other}_efficiency")
        inside += abs(found - truth) < getattr(point, f"{other}_efficiency_error")
    return inside / toys


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("chosen", "signal", "background"),
    [("signal_efficiency", 300, 20_000), ("background_efficiency", 20_000, 300)],
)
def test_errors_at_a_chosen_efficiency_contain_that_of_the_cut(
    chosen, signal, background, weighted, rng
):
    """Without it 10 to 20 % are covered. 300 toys scatter by 0.027: four times that is allowed."""
    share = covered(chosen, rng, signal=signal, background=background, weighted=weighted)
    assert 0.57 < share < 0.79


def test_a_cut_that_is_given_has_the_errors_of_its_own_counts(rng):
    y, score = rng.integers(0, 2, 4000), rng.normal(size=4000)
    curve = stats.roc_curve(y, score + y)
    chosen = stats.working_point(curve, signal_efficiency=0.5)
    given_cut = stats.working_point(curve, threshold=chosen.threshold)
    row = int(np.flatnonzero(curve.threshold == chosen.threshold)[0])
    assert given_cut.background_efficiency_error == curve.background_efficiency_error[row]
    assert given_cut.signal_efficiency_error == chosen.signal_efficiency_error
    assert chosen.background_efficiency_error > 1.1 * given_cut.background_efficiency_error
    ratio = chosen.background_rejection_error / chosen.background_rejection
    assert ratio == pytest.approx(chosen.background_efficiency_error / chosen.background_efficiency)


def test_every_row_has_the_error_of_a_cut_chosen_there(rng):
    y, score = rng.integers(0, 2, 600), rng.normal(size=600)
    curve = stats.roc_curve(y, score + y, rng.exponential(size=600))
    errors, rejections = stats.errors_at_signal_efficiency(curve)
    for efficiency in (0.1, 0.5, 0.8):
        point = stats.working_point(curve, signal_efficiency=efficiency)
        row = int(np.flatnonzero(curve.threshold == point.threshold)[0])
        assert errors[row] == point.background_efficiency_error
        assert rejections[row] == pytest.approx(point.background_rejection_error)
    assert (errors >= curve.background_efficiency_error).all()


@pytest.mark.parametrize("heavy", [1.0, 20.0, -2.0])
def test_area_error_is_that_of_leaving_out_each_event(rng, heavy):
    """The jackknife by hand; a heavy event has a large part in it, one of negative weight too."""
    y, score = np.repeat([1, 0], [12, 15]), rng.normal(size=27)
    weights = np.append(rng.exponential(size=26), heavy)
    curve = stats.roc_curve(y, score, weights, exact=True)
    keep = [np.arange(27) != i for i in range(27)]
    moved = [stats.auc(y[k], score[k], weights[k]) - curve.auc for k in keep]
    assert curve.auc_error == pytest.approx(np.sqrt(np.sum(np.square(moved))), rel=1e-9)


def test_equal_events_have_delongs_error(rng):
    """But for n / (n - 1), whose root is 1.005 for 100 events."""
    y, score = np.repeat([1, 0], 100), rng.normal(size=200)
    above = score[:100, None] > score[None, 100:]
    parts = above.mean(axis=1), above.mean(axis=0)
    delong = np.sqrt(sum(np.var(part, ddof=1) / 100 for part in parts))
    curve = stats.roc_curve(y, score)
    assert curve.auc_error == pytest.approx(delong * np.sqrt(100 / 99), rel=1e-9)
    doubled = stats.roc_curve(np.repeat(y, 2), np.repeat(score, 2), exact=True)
    assert doubled.auc_error == pytest.approx(curve.auc_error * np.sqrt(99**2 / 199**2 * 2))


def test_heavy_weights_have_an_error_of_the_right_size(rng):
    """Without leaving events out it was a quarter too small; the spread is known to 4 %."""
    y = np.repeat([1, 0], 100)
    curves = [
        stats.roc_curve(y, rng.normal(y), rng.lognormal(0, 1.5, 200), exact=True)
        for _ in range(800)
    ]
    claimed = np.sqrt(np.mean([curve.auc_error**2 for curve in curves]))
    assert claimed == pytest.approx(np.std([curve.auc for curve in curves]), rel=0.15)


def test_a_sentence_warns_of_few_effective_events(rng):
    y, score = np.repeat([1, 0], [400, 400]), rng.normal(size=800)
    weights = np.append(rng.exponential(size=400), rng.lognormal(0, 3, 400))
    curve = stats.roc_curve(y, score, weights)
    effective = curve.total_background**2 / curve.total2_background
    assert effective < 20
    assert curve.auc_remark == (
        f"Of the background there are {effective:.2g} effective events: two errors of the AUC "
        "cover less than 95 %."
    )
    assert stats.roc_curve(y, score).auc_remark == ""
    assert stats.roc_curve(y[395:405], score[395:405]).auc_remark == ""  # plainly few
