"""The best cut judged on events that did not choose it: unbiased, where the maximum is not."""

import numpy as np
import pytest
from scipy.stats import norm

from hepml import stats

SIGNAL, BACKGROUND, SHIFT = 50.0, 2000.0, 1.5
TOYS = 120


def toy(rng, n_signal=500, n_background=2000):
    y = np.repeat([1, 0], [n_signal, n_background])
    w = np.where(y == 1, SIGNAL / n_signal, BACKGROUND / n_background)
    return y, rng.normal(y * SHIFT), w


def true_value(cut):
    return stats.significance(SIGNAL * norm.sf(cut - SHIFT), BACKGROUND * norm.sf(cut))


@pytest.fixture(scope="module")
def toys():
    """Value elsewhere, its error, the maximum, and the truth at the cut of the maximum."""
    found = []
    for seed in range(TOYS):
        events = toy(np.random.default_rng(seed))
        curve = stats.roc_curve(*events)
        cut = curve.threshold[stats.significance_scan(curve).best()]
        one = stats.best_elsewhere(*events, repeats=4, rng=seed)
        found.append((one.value, one.error, one.same, true_value(cut)))
    return np.array(found).T


def test_the_maximum_is_too_large_by_about_the_optimism_and_the_other_value_is_not(toys):
    value, error, same, truth = toys
    scatter = value.std() / np.sqrt(TOYS)
    bias = np.mean(same - truth)
    assert bias > 6 * scatter  # about 0.9 of the error that is quoted
    assert bias == pytest.approx(np.mean(same - value), abs=4 * scatter)
    assert abs(np.mean(value - truth)) < 4 * scatter
    assert 0.75 < bias / error.mean() < 1.25


def test_its_error_is_the_scatter_of_toys(toys):
    value, error, *_ = toys
    assert value.std() == pytest.approx(error.mean(), rel=4 / np.sqrt(2 * TOYS))


def test_the_maximum_is_that_of_the_scan(rng):
    events = toy(rng)
    curve = stats.roc_curve(*events)
    scan = stats.significance_scan(curve, sigma_b=0.1)
    found = stats.best_elsewhere(*events, sigma_b=0.1)
    assert found.same == scan.significance[scan.best()]
    assert found.optimism == found.same - found.value


def test_one_cut_to_choose_from_is_that_cut(rng):
    """Nothing is chosen, so nothing is flattered, and the yields are those of all events."""
    events = toy(rng)
    found = stats.best_elsewhere(*events, thresholds=[1.0])
    row = stats.significance_scan(stats.cut_table(*events, [1.0]))
    assert found.value == pytest.approx(row.significance[0], rel=1e-12)
    assert found.error == pytest.approx(row.significance_error[0], rel=1e-12)
    assert found.same == row.significance[0]


def test_the_ams_is_chosen_and_measured_with_its_own_formula(rng):
    events = toy(rng)
    found = stats.best_elsewhere(*events, of="ams", b_r=20)
    scan = stats.significance_scan(stats.roc_curve(*events), b_r=20)
    assert found.same == scan.ams[scan.best("ams")]
    assert found.value == pytest.approx(found.same, rel=0.2)
    assert found.value != stats.best_elsewhere(*events, of="ams", b_r=1).value


def test_a_rule_of_ones_own_chooses(rng):
    """The cut that keeps at least 45 of 50 expected signal events, whatever it costs."""

    def keep_most(table, _scan):
        return int(np.argmax(table.sumw_signal >= 45))

    y, score, w = toy(rng)
    found = stats.best_elsewhere(y, score, w, choose=keep_most)
    cut = np.sort(score[y == 1])[50]
    assert found.value == pytest.approx(true_value(cut), rel=0.05)


def test_one_seed_divides_alike_and_weights_may_be_missing_or_negative(rng):
    y, score, w = toy(rng)
    assert stats.best_elsewhere(y, score, w, rng=3) == stats.best_elsewhere(y, score, w, rng=3)
    assert stats.best_elsewhere(y, score, w, rng=3) != stats.best_elsewhere(y, score, w, rng=4)
    assert stats.best_elsewhere(y, score) == stats.best_elsewhere(y, score, np.ones(len(y)))
    signed = np.where(rng.random(len(y)) < 0.2, -w, w)
    assert np.isfinite(stats.best_elsewhere(y, score, signed).value)


def test_without_enough_background_there_is_no_best_cut(rng):
    found = stats.best_elsewhere(*toy(rng, n_background=20))
    assert np.isnan([found.value, found.error, found.same, found.optimism]).all()


def test_what_cannot_be_used_is_refused(rng):
    y, score, _ = toy(rng)
    with pytest.raises(ValueError, match="NaN"):
        stats.best_elsewhere(y, np.where(y == 1, np.nan, score))
    with pytest.raises(ValueError, match="sigma_b"):
        stats.best_elsewhere(y, score, sigma_b=-1)
