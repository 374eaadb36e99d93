"""Each exercise's check accepts a right answer and names each misconception it knows."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from hepml import stats
from hepml.data.recipes.known_truth import MIX, RES
from hepml_lessons.checks import best_classifier as check
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
    assert judge_ratio(line, np.round(exact, 3), stats.auc(y, exact)).ok
    three = [float(f"{value:.3g}") for value in exact]
    assert judge_ratio(line, three, stats.auc(y, exact)).ok


def test_the_area_may_be_integrated_or_come_from_events_of_ones_own(line):
    """It differs by no more than the errors of both samples."""
    x = np.linspace(-8, 8, 20_001)
    s, b = norm.pdf(x, *SIGNAL), norm.pdf(x, *BACKGROUND)
    best = np.argsort(-s / b)
    found = np.trapezoid(np.cumsum(s[best]), np.cumsum(b[best])) * (x[1] - x[0]) ** 2
    assert judge_ratio(line, line[2], found).ok


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
        "decimal": exact / np.log(10),
        "2 ln r": 2 * exact,
        "means and widths of the events": norm.logpdf(x, x[y == 1].mean(), x[y == 1].std())
        - norm.logpdf(x, x[y == 0].mean(), x[y == 0].std()),
        "is too large": exact + 0.1 * np.abs(x),
        "is too small": exact - 0.1 * np.abs(x),
    }
    assert not_named(lambda given: judge_ratio(line, given, area), wrong) == {}


def test_wrong_areas_of_the_right_ratio_are_named(line):
    x, y, exact = line
    wrong = {
        "of classes, not of scores": stats.auc(y, exact > 0),
        "AUC of x itself": stats.auc(y, x),
        "labels with themselves": 1.0,
        "swapped": 1 - stats.auc(y, exact),
        "too small": 0.6,
        "too large": 0.95,
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
        "too small": 0.7,
        "too large": 0.9,
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
        "half of a 95 % interval": 1.96 * curve.auc_error,
        "too large": 10 * curve.auc_error,
        "too small": curve.auc_error / 20,
    }
    assert not_named(lambda error: judge_model(task, error=error), wrong) == {}


def test_an_error_from_a_hundred_resamplings_is_right(task):
    _, y_test, _, _, good = task
    rng = np.random.default_rng(7)
    copies = (rng.poisson(1, len(y_test)) for _ in range(100))
    assert judge_model(task, error=np.std([stats.auc(y_test, good, w) for w in copies])).ok


def test_the_error_of_the_training_events_is_named(task):
    """Half as many events as in the test: it is larger by the root of two."""
    _, y_test, exact, _, good = task
    half = slice(None, None, 2)
    verdict = check.near_the_bound(
        y_test[half],
        y_test,
        exact,
        my_score_train=good[half],
        my_score_test=good,
        my_auc=stats.auc(y_test, good),
        my_error=stats.roc_curve(y_test[half], good[half]).auc_error,
    )
    assert "error on the training events" in verdict.reason


def test_what_rises_with_the_exact_ratio_was_not_learned(task):
    _, _, exact, _, _ = task
    for score in (expit(exact), np.round(exact, 3), exact.astype("float32"), 2 * exact + 1):
        assert "exact ratio itself" in judge_model(task, score).reason


def test_a_model_trained_on_the_test_events_is_seen(task):
    """Less than the error of its AUC above the bound, but by more than that of the difference."""
    _, y_test, exact, _, _ = task
    seen = exact + 0.02 * (y_test - 0.5) + np.random.default_rng(8).normal(0, 0.1, len(exact))
    curve = stats.roc_curve(y_test, seen)
    assert 0 < curve.auc - stats.auc(y_test, exact) < curve.auc_error
    assert "nobody is" in judge_model(task, seen).reason


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


def fifth_of(goal):
    y, scores, weights = goal
    curve = stats.roc_curve(y, scores["shape"], weights)
    at = stats.working_point(curve, signal_efficiency=0.3)
    return stats.significance(at.signal, at.background, sigma_b=0.2 * at.background)


def best_of(goal):
    scan = stats.significance_scan(stats.roc_curve(goal[0], goal[1]["shape"], goal[2]))
    return scan.significance[scan.best()]


def share_of(goal):
    """Z where 30 % of all simulated events pass."""
    y, scores, weights = goal
    passing = scores["shape"] >= np.quantile(scores["shape"], 0.7)
    return stats.significance(*(weights[passing & (y == k)].sum() for k in (1, 0)))


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
        "too large": 40.0,
        "too small": 0.3,
        "Z² and not Z": z_of(goal) ** 2,
        "to a fifth only": fifth_of(goal),
        "largest Z of all cuts": best_of(goal),
        "share of all events": share_of(goal),
    }
    assert not_named(lambda z: judge_choice(goal, "shape", z), wrong) == {}


def test_a_model_without_merit_of_its_own_is_named(goal):
    y, scores, weights = goal
    noise = scores | {"coin": np.random.default_rng(3).random(len(y))}
    verdict = check.model_for_a_goal(y, noise, weights, signal_efficiency=0.3, choice="coin", z=0.3)
    assert "keeps less background" in verdict.reason
