"""Each exercise's check accepts a right answer and names each misconception it knows."""

import numpy as np
import pytest

from hepml import stats
from hepml.checks import deep_networks as check
from tests.checks.naming import not_named

RATE, B0 = 0.5, 0.1
W0 = np.linspace(-0.3, 0.3, 3)


@pytest.fixture(scope="module")
def toy():
    """Make inputs and labels of a toy in which each input helps."""
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, 4000)
    return rng.normal(0.5 * y[:, None] * [1, -1, 0.5] + [0.3, 0, -0.2], [1.5, 1, 0.7]), y


def belief(X):
    return 1 / (1 + np.exp(-(X @ W0 + B0)))


def log_loss(p, y):
    return -np.mean(np.log(np.where(y == 1, p, 1 - p)))


def step(toy, *, rate=RATE, over=None):
    X, y = toy
    return rate * X.T @ (belief(X) - y) / (over or len(y))


def judge_step(toy, w, loss=None):
    X, y = toy
    loss = log_loss(belief(X), y) if loss is None else loss
    return check.one_step(X, y, W0, B0, rate=RATE, w=w, loss=loss)


def test_a_right_step_is_right_also_when_rounded(toy):
    w, loss = W0 - step(toy), log_loss(belief(toy[0]), toy[1])
    assert judge_step(toy, w).ok
    assert judge_step(toy, w.round(4), round(loss, 3)).ok


def test_an_answer_not_given_is_neither_right_nor_wrong(toy):
    verdict = check.one_step(*toy, W0, B0, rate=RATE, w=..., loss=None)
    assert verdict.ok is None
    assert "my_w and my_loss" in verdict.reason


def test_misreadings_of_the_step_are_named(toy):
    wrong = {
        "uphill": W0 + step(toy),
        "learning rate": W0 - step(toy, rate=1),
        "take the mean": W0 - step(toy, over=1),
        "before the step": W0,
        "subtract it from w0": step(toy),
        "gradient alone": step(toy, rate=1),
        "not the weights": W0 + 1,
    }
    assert not_named(lambda w: judge_step(toy, w), wrong) == {}


def test_every_event_with_every_label_is_named(toy):
    X, y = toy
    p = belief(X)[:, None]
    broadcast = -np.mean(np.where(y == 1, np.log(p), np.log(1 - p)))
    assert "(n, n)" in judge_step(toy, W0 - step(toy), broadcast).reason
    assert "(n, 1)" in judge_step(toy, np.zeros((3, 3))).reason


def test_misreadings_of_the_loss_are_named(toy):
    X, y = toy
    p, right = belief(X), log_loss(belief(X), y)
    wrong = {
        "sum over events": right * len(y),
        "mind the sign": -right,
        "mean squared": np.mean((p - y) ** 2),
        "swapped": log_loss(1 - p, y),
        "I get a loss": 3.0,
    }
    assert not_named(lambda loss: judge_step(toy, W0 - step(toy), loss), wrong) == {}


@pytest.fixture(scope="module")
def task(toy):
    """(train, test, labels of the test events, scores of them)."""
    X, y = toy
    return X[:3000], X[3000:] + 0.1, y[3000:], belief(X[3000:] * [9, 9, 9])


def scaled(X, of):
    return (X - of.mean(axis=0)) / of.std(axis=0)


def judge(task, X=None, score=None, auc=None, target=0.5):
    train, test, y, own = task
    X = scaled(test, train) if X is None else X
    score = own if score is None else score
    auc = stats.auc(y, np.ravel(score)[: len(y)]) if auc is None else auc
    return check.own_network(
        (train, test, y), X_test=X, score_test=score, my_auc=auc, target=target
    )


def turned(task):
    """Return the task with scores that are larger for signal."""
    train, test, y, score = task
    return (train, test, y, score if stats.auc(y, score) > 0.5 else 1 - score)


def test_a_network_on_rightly_scaled_inputs_is_right(task):
    task = turned(task)
    train, test, *_ = task
    assert judge(task).ok
    assert judge(task, scaled(test, train).astype("float32")).ok
    assert check.own_network(task[:3], target=0.5).ok is None


def test_wrong_statistics_are_named(task):
    train, test, *_ = task
    wrong = {
        "not standardised": test,
        "fitted on the test events": scaled(test, test),
        "together": scaled(test, np.concatenate([train, test])),
        "other numbers": scaled(test, train * 2),
        "left a feature set out": scaled(test, train)[:, :2],
        "not finite": scaled(test, train) * np.nan,
    }
    assert not_named(lambda X: judge(turned(task), X), wrong) == {}


def test_misreadings_of_scores_are_named(task):
    task = turned(task)
    *_, y, score = task
    right = stats.auc(y, score)
    wrong = {
        "every event with every label": {"score": score[:, None]},
        "classes": {"score": (score > 0.5).astype(float)},
        "swapped": {"auc": 1 - right},
        "I get AUC": {"auc": right + 0.05},
        "within reach": {"target": 0.999},
        "should hold": {"score": score[1:], "auc": right},
        "a number": {"auc": float("nan")},
    }
    assert not_named(lambda given: judge(task, **given), wrong) == {}


@pytest.fixture(scope="module")
def training():
    """Labels and scores, per epoch, of a choose and a test sample; the best epochs differ."""
    rng = np.random.default_rng(11)
    y_choose, y_test = rng.integers(0, 2, 2000), rng.integers(0, 2, 3000)
    noise_choose, noise = (rng.normal(0, 0.6, len(y)) for y in (y_choose, y_test))
    choose = np.array([y_choose * p + noise_choose for p in (0.3, 0.8, 0.9, 0.89, 0.88)])
    test = np.array([y_test * p + noise for p in (0.3, 0.8, 0.87, 0.9, 0.86)])
    return y_choose, y_test, choose, test


def judge_stop(training, epoch, auc=None, **scores):
    y_choose, y_test, choose, test = training
    given = {"scores_choose": choose, "scores_test": test} | scores
    auc = stats.auc(y_test, test[epoch]) if auc is None else auc
    return check.stopped(y_choose, y_test, epoch=epoch, auc=auc, **given)


def best(y, scores):
    return int(np.argmax([stats.auc(y, score) for score in scores]))


def test_the_epoch_of_the_choose_events_is_right(training):
    y_choose, _, choose, _ = training
    assert judge_stop(training, best(y_choose, choose)).ok
    assert check.stopped(y_choose, y_choose).ok is None


def test_choosing_on_the_test_events_is_noticed(training):
    y_choose, y_test, choose, test = training
    lucky = best(y_test, test)
    assert lucky != best(y_choose, choose)
    assert "on the test events" in judge_stop(training, lucky).reason


def test_the_last_epoch_and_the_least_loss_are_choices_too(training):
    y_choose, y_test, choose, test = training
    assert judge_stop(training, len(test) - 1).ok
    sure = np.array([1, 1, 40, 40, 40])[:, None]  # one may put events in order and be too sure
    p = 1 / (1 + np.exp(-sure * choose))
    loss = [-np.mean(np.log(np.clip(np.where(y_choose == 1, q, 1 - q), 1e-9, 1))) for q in p]
    epoch = int(np.argmin(loss))
    assert epoch != best(y_choose, p)
    claimed = stats.auc(y_test, test[epoch])
    given = {"scores_choose": p, "scores_test": test, "epoch": epoch, "auc": claimed}
    assert check.stopped(y_choose, y_test, **given).ok


def test_misreadings_of_the_stop_are_named(training):
    y_choose, y_test, choose, test = training
    epoch = best(y_choose, choose)
    wrong = {
        "flatters": (epoch, stats.auc(y_choose, choose[epoch])),
        "last epoch": (epoch, stats.auc(y_test, test[-1])),
        "part of it is luck": (epoch, stats.auc(y_test, test[best(y_test, test)])),
        "the test events give": (epoch, 0.5),
        "clearly better": (0, None),
        "whole number": (17, 0.7),
    }
    assert not_named(lambda given: judge_stop(training, *given), wrong) == {}


def test_scores_that_are_not_per_epoch_are_sent_back(training):
    _, _, choose, test = training
    assert "(epochs, 2000)" in judge_stop(training, 1, scores_choose=choose[0]).reason
    assert "same epochs" in judge_stop(training, 1, 0.7, scores_test=test[:2]).reason
