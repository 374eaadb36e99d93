"""Each exercise's check accepts a right answer and names each misconception it knows."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from hepml import stats
from hepml.checks import best_classifier as check
from hepml.data.recipes.known_truth import MIX, RES
from tests.checks.naming import not_named

SIGNAL, BACKGROUND = (1.0, 0.5), (0.0, 1.0)


@pytest.fixture(scope="module")
def line():
    """Events of the first exercise: x, labels and the exact log-ratio."""
    rng = np.random.default_rng(11)
    y = np.repeat([1, 0], 20_000)
    x = np.where(y == 1, rng.normal(*SIGNAL, len(y)), rng.normal(*BACKGROUND, len(y)))
    return x, y, norm.logpdf(x, *SIGNAL) - norm.logpdf(x, *BACKGROUND)


def judge_ratio(line, log_ratio, claimed):
    x, y, _ = line
    return check.likelihood_ratio(
        x, y, signal=SIGNAL, background=BACKGROUND, my_log_ratio=log_ratio, my_auc=claimed
    )


def test_the_exact_ratio_is_right_and_may_be_rounded(line):
    _, y, exact = line
    assert judge_ratio(line, exact, stats.auc(y, exact)).ok
    assert judge_ratio(line, exact, round(stats.auc(y, exact), 3)).ok


def test_an_answer_not_given_is_neither_right_nor_wrong(line):
    assert judge_ratio(line, ..., ...).ok is None


def test_wrong_ratios_are_named(line):
    x, y, exact = line
    area = stats.auc(y, exact)
    root = np.sqrt(SIGNAL[1]), np.sqrt(BACKGROUND[1])
    wrong = {
        "sign is swapped": -exact,
        "take its logarithm": np.exp(exact),
        "left out the normalisation": exact - np.log(BACKGROUND[1] / SIGNAL[1]),
        "signal's density alone": norm.logpdf(x, *SIGNAL),
        "background's density alone": -norm.logpdf(x, *BACKGROUND),
        "width for a variance": norm.logpdf(x, 1, root[0]) - norm.logpdf(x, 0, root[1]),
        "logit": expit(exact),
        "I get ln r": exact + 0.1 * x,
    }
    assert not_named(lambda given: judge_ratio(line, given, area), wrong) == {}


def test_wrong_areas_of_the_right_ratio_are_named(line):
    x, y, exact = line
    wrong = {
        "of classes, not of scores": stats.auc(y, exact > 0),
        "AUC of x itself": stats.auc(y, x),
        "labels with themselves": 1.0,
        "swapped": 1 - stats.auc(y, exact),
        "I get an AUC": 0.6,
    }
    assert not_named(lambda claimed: judge_ratio(line, exact, claimed), wrong) == {}


def test_unusable_answers_are_named(line):
    _, y, exact = line
    assert "should be a number" in judge_ratio(line, exact, "0.8").reason
    assert "finite" in judge_ratio(line, np.full(len(y), np.nan), 0.8).reason
    assert f"{len(y)} scores" in judge_ratio(line, exact[1:], 0.8).reason


@pytest.fixture(scope="module")
def task():
    """Labels of training and test events, the exact ratio, and scores of a decent model."""
    rng = np.random.default_rng(12)
    y_train, y_test = np.repeat([1, 0], 2000), np.repeat([1, 0], 20_000)
    points = np.concatenate([MIX.of(k).sample(20_000, rng) for k in (1, 0)])
    exact = MIX.log_ratio(points)
    good = exact + rng.normal(0, 0.1, len(exact))
    train = rng.normal(np.where(y_train == 1, 3.0, 0.0), 1.0)
    return y_train, y_test, exact, train, good


def judge_model(task, score=None, claimed=None, error=None, train=None):
    y_train, y_test, exact, own_train, good = task
    score = good if score is None else score
    curve = stats.roc_curve(y_test, score)
    return check.near_the_bound(
        y_train,
        y_test,
        exact,
        my_score_train=own_train if train is None else train,
        my_score_test=score,
        my_auc=curve.auc if claimed is None else claimed,
        my_error=curve.auc_error if error is None else error,
    )


def test_a_model_near_the_bound_is_right(task):
    assert judge_model(task).ok
    assert judge_model(task, claimed=...).ok is None


def test_misreadings_of_the_area_are_named(task):
    y_train, y_test, _, train, good = task
    wrong = {
        "training events": stats.auc(y_train, train),
        "swapped": 1 - stats.auc(y_test, good),
        "I get an AUC": 0.7,
    }
    assert not_named(lambda claimed: judge_model(task, claimed=claimed), wrong) == {}


def test_a_slight_gain_on_training_events_is_seen(task):
    _, y_test, exact, _, good = task
    verdict = check.near_the_bound(
        y_test,
        y_test,
        exact,
        my_score_train=good + 0.004 * y_test,
        my_score_test=good,
        my_auc=stats.auc(y_test, good + 0.004 * y_test),
        my_error=stats.roc_curve(y_test, good).auc_error,
    )
    assert "training events" in verdict.reason


def test_misreadings_of_the_error_are_named(task):
    _, y_test, _, _, good = task
    curve = stats.roc_curve(y_test, good)
    wrong = {
        "1/√n": 1 / np.sqrt(len(y_test)),
        "variance": curve.auc_error**2,
        "I get an error": 10 * curve.auc_error,
    }
    assert not_named(lambda error: judge_model(task, error=error), wrong) == {}


def test_models_that_are_none_are_named(task):
    _, y_test, exact, _, good = task
    assert "predict_proba" in judge_model(task, good > 0).reason
    assert "turn them" in judge_model(task, -good).reason
    assert "exact ratio itself" in judge_model(task, exact).reason
    assert "nobody is" in judge_model(task, exact + y_test).reason
    noisy = exact + np.random.default_rng(1).normal(0, 2, len(exact))
    assert "come within 0.003" in judge_model(task, noisy).reason


@pytest.fixture(scope="module")
def goal():
    """Labels, two models and signed weights of the third exercise."""
    rng = np.random.default_rng(13)
    y = np.repeat([1, 0], 30_000)
    X = np.concatenate([RES.of(k).sample(30_000, rng) for k in (1, 0)])
    weights = np.where((y == 0) & (rng.random(len(y)) < 0.4 * expit(2 * X[:, 1])), -1.0, 1.0)
    for k, total in ((1, 218), (0, 100_000)):
        weights[y == k] *= total / weights[y == k].sum()
    return y, {"mass": -np.abs(X[:, 0] - 3500), "shape": X[:, 3] - X[:, 4]}, weights


def z_of(goal, name="shape", weights=None, *, rates=False):
    y, scores, own = goal
    curve = stats.roc_curve(y, scores[name], own if weights is None else weights)
    at = stats.working_point(curve, signal_efficiency=0.3)
    if rates:
        return stats.significance(at.signal_efficiency, at.background_efficiency)
    return stats.significance(at.signal, at.background)


def precision_of(goal):
    """Return S/√(S+B) at 30 % of the signal."""
    y, scores, weights = goal
    curve = stats.roc_curve(y, scores["shape"], weights)
    at = stats.working_point(curve, signal_efficiency=0.3)
    return at.signal / np.sqrt(at.signal + at.background)


def judge_choice(goal, choice, z):
    return check.model_for_a_goal(*goal, signal_efficiency=0.3, choice=choice, z=z)


def test_the_better_model_at_the_goal_is_right(goal):
    assert judge_choice(goal, "shape", z_of(goal)).ok
    assert judge_choice(goal, "shape", round(z_of(goal), 1)).ok
    assert judge_choice(goal, ..., 2.0).ok is None
    assert "one of 'mass'" in judge_choice(goal, goal[1]["shape"], 2.0).reason
    assert "infinite" in judge_choice(goal, "shape", np.inf).reason


def test_choosing_by_the_area_is_named(goal):
    y, scores, weights = goal
    assert stats.auc(y, scores["mass"], weights) > stats.auc(y, scores["shape"], weights)
    assert "larger AUC" in judge_choice(goal, "mass", z_of(goal, "mass")).reason
    assert "one of 'mass', 'shape'" in judge_choice(goal, "network", 2.0).reason


def test_misreadings_of_the_yields_are_named(goal):
    _, _, weights = goal
    wrong = {
        "left out the signs": z_of(goal, weights=np.abs(weights)),
        "dropped the negative": z_of(goal, weights=np.maximum(weights, 0)),
        "left out the weights": z_of(goal, weights=np.ones(len(weights))),
        "rates where yields belong": z_of(goal, rates=True),
        "precision of a known signal": precision_of(goal),
        "without a cut": stats.significance(218, 100_000),
        "Z of 'mass'": z_of(goal, "mass"),
        "I get Z": 40.0,
    }
    assert not_named(lambda z: judge_choice(goal, "shape", z), wrong) == {}


def test_a_model_without_merit_of_its_own_is_named(goal):
    y, scores, weights = goal
    noise = scores | {"coin": np.random.default_rng(3).random(len(y))}
    verdict = check.model_for_a_goal(y, noise, weights, signal_efficiency=0.3, choice="coin", z=0.3)
    assert "keeps less background" in verdict.reason
