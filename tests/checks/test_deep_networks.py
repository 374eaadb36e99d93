"""Each exercise's check accepts a right answer and names each misconception it knows."""

import numpy as np
import pandas as pd
import pytest

from hepml import stats
from hepml_lessons.checks import deep_networks as check
from tests.checks.naming import not_named
from tests.checks.neighbours import passing, worlds_of

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


def squared_slope(toy):
    p = belief(toy[0])
    return (p - toy[1]) * p * (1 - p)


def judge_step(toy, w, loss=None):
    X, y = toy
    loss = log_loss(belief(X), y) if loss is None else loss
    return check.one_step(X, y, W0, B0, rate=RATE, w=w, loss=loss)


def test_a_right_step_is_right_also_when_rounded(toy):
    w, loss = W0 - step(toy), log_loss(belief(toy[0]), toy[1])
    assert judge_step(toy, w).ok
    assert judge_step(toy, w.round(3), round(loss, 3)).ok
    assert judge_step(toy, w[:, None].tolist(), np.array(loss)).ok


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
        "squared error": W0 - RATE * toy[0].T @ squared_slope(toy) / len(toy[1]),
        "swapped": W0 - step((toy[0], 1 - toy[1])),
    }
    assert not_named(lambda w: judge_step(toy, w), wrong) == {}


def test_every_event_with_every_label_is_named(toy):
    X, y = toy
    p = belief(X)[:, None]
    broadcast = -np.mean(np.where(y == 1, np.log(p), np.log(1 - p)))
    assert "(n, n)" in judge_step(toy, W0 - step(toy), broadcast).reason
    assert "(n, 1)" in judge_step(toy, np.zeros((3, 3))).reason


def after_the_step(toy):
    X, y = toy
    b = B0 - RATE * np.mean(belief(X) - y)
    return 1 / (1 + np.exp(-(X @ (W0 - step(toy)) + b)))


def test_the_right_answer_is_not_told(toy):
    right = log_loss(belief(toy[0]), toy[1])
    said = judge_step(toy, W0 - step(toy), right + 0.2).reason
    assert f"{right:.3f}" not in said


def test_misreadings_of_the_loss_are_named(toy):
    X, y = toy
    p, right = belief(X), log_loss(belief(X), y)
    wrong = {
        "sum over events": right * len(y),
        "mind the sign": -right,
        "mean squared": np.mean((p - y) ** 2),
        "swapped": log_loss(1 - p, y),
        "bits": right / np.log(2),
        "after the step": log_loss(after_the_step(toy), y),
        "left out b0": log_loss(1 / (1 + np.exp(-X @ W0)), y),
        "too large": 3.0,
        "too small": right - 0.002,
    }
    assert not_named(lambda loss: judge_step(toy, W0 - step(toy), loss), wrong) == {}


@pytest.fixture(scope="module")
def task(toy):
    """(train, test, labels of the test events, scores of them)."""
    X, y = toy
    return X[:3000], X[3000:] + 0.1, y[3000:], 1 / (1 + np.exp(-X[3000:] @ [1, -1, 0.5]))


def scaled(X, of):
    return (X - of.mean(axis=0)) / of.std(axis=0)


def judge(task, X=None, score=None, auc=None, **limits):
    train, test, y, own = task
    X = scaled(test, train) if X is None else X
    score = own if score is None else score
    auc = stats.auc(y, np.ravel(score)[: len(y)]) if auc is None else auc
    return check.own_network(
        (train, test, y), X_test=X, score_test=score, my_auc=auc, **{"target": 0.5} | limits
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
    assert judge(task, scaled(test, train).round(3)).ok
    by_pandas = pd.DataFrame(test).sub(train.mean(axis=0)) / pd.DataFrame(train).std()
    assert judge(task, by_pandas).ok
    assert check.own_network(task[:3], target=0.5).ok is None


def test_wrong_statistics_are_named(task):
    train, test, *_ = task
    wrong = {
        "not standardised": test,
        "fitted on the test events": scaled(test, test),
        "together": scaled(test, np.concatenate([train, test])),
        "other numbers": scaled(test, train * 2),
        "variance": (test - train.mean(axis=0)) / train.var(axis=0),
        "subtract the mean": test / train.std(axis=0),
        "did not divide": test - train.mean(axis=0),
        "axis 0": scaled(test.T, test.T).T,
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
        "larger than": {"auc": right + 0.05},
        "smaller than": {"auc": right - 0.05},
        "accuracy": {"auc": np.mean((score > 0.5) == y)},
        "too good to be true": {"score": y.astype(float), "ceiling": 0.9},
        "another order": {"score": np.random.default_rng(1).permutation(score)},
        "All scores are equal": {"score": np.full(len(y), 0.5)},
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


def judge_stop(training, rule=None, auc=None, ceiling=1.0, **scores):
    y_choose, y_test, choose, test = training
    rule = rule or best
    given = {"scores_choose": choose, "scores_test": test} | scores
    auc = stats.auc(y_test, test[rule(y_choose, given["scores_choose"])]) if auc is None else auc
    return check.stopped(y_choose, y_test, rule=rule, auc=auc, ceiling=ceiling, **given)


def best(y, scores):
    return int(np.argmax([stats.auc(y, score) for score in scores]))


def the_last(_y, scores):
    return len(scores) - 1


def test_the_epoch_of_the_choose_events_is_right(training):
    y_choose, *_ = training
    assert judge_stop(training).ok
    assert judge_stop(training, the_last).ok
    assert check.stopped(y_choose, y_choose).ok is None


def test_a_rule_that_looks_at_the_test_events_is_noticed(training):
    y_choose, y_test, choose, test = training
    lucky = best(y_test, test)
    assert lucky != best(y_choose, choose)
    for rule in (lambda *_: lucky, lambda *_: best(y_test, test)):
        assert "does not look" in judge_stop(training, rule).reason


def test_an_honest_rule_may_give_what_is_best_for_the_test_events(training):
    """Whoever chose by another honest rule has not cheated, wherever it leads."""
    y_choose, y_test, choose, test = training
    lucky = best(y_test, test)

    def second(y, scores):
        return int(np.argsort([stats.auc(y, score) for score in scores])[-2])

    assert second(y_choose, choose) == lucky
    assert judge_stop(training, second).ok


def test_the_least_loss_is_a_choice_too(training):
    y_choose, _, choose, _ = training
    sure = np.array([1, 1, 40, 40, 40])[:, None]  # one may put events in order and be too sure
    p = 1 / (1 + np.exp(-sure * choose))

    def least_loss(y, scores):
        chosen = np.clip(np.where(y == 1, scores, 1 - scores), 1e-9, 1)
        return int(np.argmin(-np.log(chosen).mean(axis=1)))

    assert least_loss(y_choose, p) != best(y_choose, p)
    assert judge_stop(training, least_loss, scores_choose=p).ok


def test_misreadings_of_the_stop_are_named(training):
    y_choose, y_test, choose, test = training
    epoch = best(y_choose, choose)
    heart = test + 3 * np.arange(len(test))[:, None] * y_test
    wrong = {
        "flatters": {"auc": stats.auc(y_choose, choose[epoch])},
        "last epoch": {"auc": stats.auc(y_test, test[-1])},
        "part of it is luck": {"auc": stats.auc(y_test, test[best(y_test, test)])},
        "too small": {"auc": 0.55},
        "too large": {"auc": 0.99},
        "swapped": {"auc": 1 - stats.auc(y_test, test[epoch])},
        "clearly better": {"rule": lambda y, s: int(np.argmin([stats.auc(y, e) for e in s[:-1]]))},
        "whole number": {"rule": lambda _y, _s: 17, "auc": 0.7},
        "should be a function": {"rule": 3, "auc": 0.7},
        "failed with the choose events": {"rule": lambda _y, _s: 1 / 0, "auc": 0.7},
        "trained on them": {"scores_test": heart, "auc": 0.7},
        "too good to be true": {"ceiling": 0.6},
        "classes": {"scores_test": test > 0.5, "auc": 0.7},
        "one axis too many": {"scores_test": test[..., None], "auc": 0.7},
    }
    assert not_named(lambda given: judge_stop(training, **given), wrong) == {}


def test_scores_that_are_not_per_epoch_are_sent_back(training):
    _, _, choose, test = training
    assert "(epochs, 2000)" in judge_stop(training, auc=0.7, scores_choose=choose[0]).reason
    assert "same epochs" in judge_stop(training, auc=0.7, scores_test=test[:2]).reason


# ---------------------------------------------------------------- a neighbour's answers


def test_a_neighbours_step_does_not_pass():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 2000)
    X = rng.normal(0.3 * y[:, None], 1, (2000, 7))

    def answer(world):
        p = 1 / (1 + np.exp(-(X @ world.w0 + world.b0)))
        return {"w": world.w0 - RATE * X.T @ (p - y) / len(y), "loss": log_loss(p, y)}

    def judge(one, other, **own):
        return check.one_step(X, y, one.w0, one.b0, rate=RATE, **answer(other) | own)

    worlds = worlds_of("deep-networks", 1)
    assert passing(worlds, judge) == 0
    assert passing(worlds, lambda a, b: judge(a, b, loss=answer(a)["loss"])) == 0
    assert passing(worlds, lambda a, b: judge(a, b, w=answer(a)["w"])) <= 0.1


def raw_events(rng, events):
    """Two columns, of which one tells signal, and labels."""
    y = rng.integers(0, 2, events)
    return pd.DataFrame({"a": rng.normal(y, 1), "b": rng.normal(3, 2, events), "Label": y})


def test_a_neighbours_network_does_not_pass():
    rng = np.random.default_rng(2)
    worlds = worlds_of(
        "deep-networks", 2, train=raw_events(rng, 40_000), test=raw_events(rng, 30_000)
    )
    assert len({len(world.my_test) for world in worlds}) == len(worlds)

    def inputs(sample):
        return sample[["a", "b"]].to_numpy()

    def judge(one, other, of=None):
        mine, theirs = one.my_test, other.my_test if of is None else of.my_test
        return check.own_network(
            (inputs(one.my_train), inputs(mine), mine["Label"].to_numpy()),
            X_test=scaled(inputs(theirs), inputs(other.my_train)),
            score_test=theirs["a"].to_numpy(),
            my_auc=stats.auc(theirs["Label"], theirs["a"]),
            target=0.7,
        )

    assert passing(worlds, judge) == 0
    assert passing(worlds, lambda one, other: judge(one, other, of=one)) == 0  # their statistics


def test_a_neighbours_epoch_does_not_pass():
    rng = np.random.default_rng(3)
    sizes = 40_000, 10_000, 30_000
    y = [rng.integers(0, 2, n) for n in sizes]
    X = [rng.normal(labels, 1)[:, None] for labels in y]
    labels = dict(zip(("y_train", "y_choose", "y_test"), y, strict=True))
    worlds = worlds_of("deep-networks", 3, X={"low": X}, LITTLE=3000, **labels)

    def epochs(X):
        noise = np.random.default_rng(4).normal(0, 1, len(X))
        return np.array([w * X[:, 0] + noise for w in (0.2, 0.6, 1.0, 0.8, 0.7, 0.6)])

    def judge(one, other):
        final = epochs(other.X_final)
        return check.stopped(
            one.y_pick, one.y_final,
            scores_choose=epochs(other.X_pick), scores_test=final, rule=best,
            auc=stats.auc(other.y_final, final[best(other.y_pick, epochs(other.X_pick))]),
        )  # fmt: skip

    assert passing(worlds, judge) == 0
