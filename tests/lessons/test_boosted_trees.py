"""The lesson's recipe on published events, and what the lesson shows as recorded."""

import numpy as np
import pytest

from benchmarks import boosting, higgsml
from hepml import stats
from hepml_lessons import recording


@pytest.mark.real_data
def test_the_recipe_holds_on_real_higgsml_events(real_data):
    result = higgsml.run(real_data / "higgsml")
    assert result["events"] == 9998
    assert result["mean"]["auc"] >= 0.92
    assert result["mean"]["ams"] >= 3.3
    recorded = recording("boosted-trees")["mean"]
    assert result["mean"]["auc"] == pytest.approx(recorded["auc"], abs=2e-3)
    assert result["mean"]["ams"] == pytest.approx(recorded["ams"], abs=recorded["ams_error"])


def test_the_recorded_result_is_the_one_the_goal_asks_for():
    recorded = recording("boosted-trees")
    assert recorded["mean"]["auc"] >= 0.92
    assert recorded["mean"]["ams"] >= 3.3
    assert {"command", "versions", "recorded", "data"} <= recorded.keys()


def test_a_recording_that_does_not_exist_is_named():
    with pytest.raises(KeyError, match="boosted-trees"):
        recording("unboosted-trees")


@pytest.fixture(scope="module")
def chance():
    """Labels, scores that know nothing of them, and weights of few signal, much background."""
    rng = np.random.default_rng(3)
    y = np.repeat([1, 0], 1000)
    return y, rng.uniform(size=2000), np.where(y == 1, 0.7, 400.0)


def test_the_largest_ams_of_a_scan_is_too_large_and_the_transferred_one_is_not(chance):
    """Where nothing is to be found, no cut is better than none: AMS = S/√B of all events."""
    y, score, weights = chance
    measured = higgsml.measure(y, score, weights)
    without_cut = float(stats.ams(700, 400_000))
    assert measured["ams"] > without_cut
    assert measured["ams_elsewhere"] < measured["ams"]
    assert measured["ams_elsewhere"] == pytest.approx(without_cut, rel=0.15)


def test_the_best_of_many_equal_trials_looks_as_much_too_good_as_the_largest_of_them():
    """The expected maximum of 25 normal numbers is 1.965 σ above their mean."""
    rng = np.random.default_rng(4)
    unseen = np.full(25, 0.9)
    tries = [boosting.best_of(rng.normal(0.93, 0.002, 25), unseen, 25)[0] for _ in range(2000)]
    assert np.mean(tries) == pytest.approx(1.965 * 0.002, rel=0.03)


def test_repeated_events_differ_from_each_other_and_keep_what_is_missing():
    X = np.array([[1.0, np.nan], [2.0, 3.0]])
    many, y, weights = boosting.repeated((X, np.array([0, 1]), np.array([1.0, 2.0])), 3)
    assert many.shape == (6, 2)
    assert len(np.unique(many[:, 0])) == 6
    assert np.isnan(many[:, 1]).sum() == 3
    assert y.sum() == 3
    assert weights.sum() == 9


def test_the_libraries_were_timed_beside_a_control():
    rows = {row["library"]: row for row in recording("boosted-trees-libraries")["rows"]}
    assert {"scikit-learn", "xgboost", "LightGBM", "xgboost again"} <= rows.keys()
    assert 0.8 < rows["xgboost again"]["ratio to xgboost"] < 1.25


def test_the_recorded_searches_show_what_the_lesson_says():
    rows = recording("boosted-trees-search")["rows"]
    extra = [float(row["random numbers: looks better than it is"].split()[0]) for row in rows]
    assert extra == sorted(extra)
    assert extra[-1] > 0.001
