"""Each exercise's check accepts a right answer and names each misconception it knows."""

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hepml import data, stats
from hepml_lessons.checks import boosted_trees as check
from hepml_lessons.recipes import recipe
from tests.checks.naming import not_named
from tests.checks.neighbours import passing, worlds_of

LOW, HIGH = 110.0, 150.0


@pytest.fixture(scope="module")
def toy():
    """Mass, score, labels and weights of a toy: a peak on a falling background."""
    rng = np.random.default_rng(7)
    y = np.repeat([1, 0], [4000, 8000])
    mass = np.where(y == 1, rng.normal(130, 15, len(y)), rng.exponential(60, len(y)) + 20)
    score = 1 / (1 + np.exp(-rng.normal(np.where(y == 1, 1.2, -1.2), 1.0)))
    weights = np.where(y == 1, 0.1, rng.uniform(2, 8, len(y)))
    return mass, score, y, weights


@pytest.fixture(scope="module")
def samples(toy):
    """(train, choose, test), each (y, score, weights) with the weights scaled to the full yield."""
    _, score, y, weights = toy
    part = np.random.default_rng(8).choice(3, len(y), p=[0.4, 0.3, 0.3])
    return tuple((y[p], score[p], weights[p] / p.mean()) for p in (part == k for k in range(3)))


def window(toy, low=LOW, high=HIGH, *, weighted=True):
    mass, _, y, weights = toy
    w = weights if weighted else np.ones(len(y))
    inside = (mass >= low) & (mass < high)
    return w[inside & (y == 1)].sum(), w[inside & (y == 0)].sum()


def judge_window(toy, z, low=LOW, high=HIGH):
    mass, _, y, weights = toy
    return check.mass_window(mass, y, weights, low=low, high=high, z=z)


def test_a_good_window_is_right(toy):
    assert judge_window(toy, stats.significance(*window(toy))).ok


def test_an_answer_not_given_is_neither_right_nor_wrong(toy):
    verdict = check.mass_window(*(toy[i] for i in (0, 2, 3)), low=..., high=150, z=None)
    assert verdict.ok is None
    assert "low and z" in verdict.reason


def test_counts_rates_and_other_formulas_are_named(toy):
    s, b = window(toy)
    _, _, y, weights = toy
    totals = weights[y == 1].sum(), weights[y == 0].sum()
    wrong = {
        "left out the weights": stats.significance(*window(toy, weighted=False)),
        "rates where yields belong": stats.significance(s / totals[0], b / totals[1]),
        "S/√(S+B)": s / np.sqrt(s + b),
        "how clean": s / b,
        "Z is not so large": 1.5 * stats.significance(s, b),
        "known": stats.significance(s, b, 0.1 * b),
        "square of Z": stats.significance(s, b) ** 2,
    }
    assert not_named(lambda z: judge_window(toy, z), wrong) == {}


def test_a_poor_or_empty_window_is_sent_back(toy):
    verdict = judge_window(toy, stats.significance(*window(toy, 20, 60)), 20, 60)
    assert verdict.ok is False
    assert "better window" in verdict.reason
    assert "No background event" in judge_window(toy, 1.0, 5000, 6000).reason


def test_a_window_without_background_is_sent_back(toy):
    mass, _, y, weights = toy
    peak = y == 1
    verdict = check.mass_window(mass[peak], y[peak], weights[peak], low=LOW, high=HIGH, z=3.0)
    assert verdict.ok is False
    assert "between 110 and 150 GeV, so nobody knows B" in verdict.reason


def test_rounded_answers_are_right_and_nonsense_is_named(toy, samples):
    z = stats.significance(*window(toy))
    assert judge_window(toy, round(z, 1)).ok
    assert "below high" in judge_window(toy, z, HIGH, LOW).reason
    assert "should be a number" in judge_window(toy, float("nan")).reason
    assert "should be a number" in judge_window(toy, z, "110").reason
    y, score, w = samples[2]
    assert own(samples, round(stats.auc(y, score, w), 3)).ok
    assert "[:, 1]" in own(samples, 0.9, np.column_stack([1 - score, score])).reason
    assert f"{len(y)} scores" in own(samples, 0.9, score[1:]).reason
    assert "finite numbers only" in own(samples, 0.9, np.where(y == 1, np.nan, score)).reason
    assert "finite numbers only" in own(samples, 0.9, score.astype(str)).reason


def own(samples, claimed, score_test=None, score_train=None, target=0.94):
    (y_train, train, w_train), _, (y_test, test, w_test) = samples
    return check.own_model(
        (y_train, w_train),
        (y_test, w_test),
        train if score_train is None else score_train,
        test if score_test is None else score_test,
        claimed,
        target=target,
    )


def test_a_model_measured_on_the_test_events_is_right(samples):
    y, score, w = samples[2]
    assert own(samples, stats.auc(y, score, w)).ok


def test_misreadings_of_an_auc_are_named(samples):
    (y_train, train, w_train), _, (y, score, w) = samples
    tilted = w * np.where(y == 0, 1 + 3 * (score > 0.3), 1)
    weighted = (samples[0], samples[1], (y, score, tilted))
    wrong = {
        "training set": (samples, stats.auc(y_train, train, w_train)),
        "left out the weights": (weighted, stats.auc(y, score)),
        "swapped": (samples, 1 - stats.auc(y, score, w)),
        "the weighted AUC is not so small": (samples, 0.6),
    }
    assert not_named(lambda given: own(*given), wrong) == {}


def test_classes_turned_scores_and_weak_models_are_named(samples):
    y, score, w = samples[2]
    assert "predict_proba" in own(samples, 0.8, score_test=score > 0.5).reason
    assert "All scores are equal" in own(samples, 0.5, np.full(len(y), 0.3)).reason
    blind = np.random.default_rng(2).random(len(y))
    assert "know nothing of the labels" in own(samples, stats.auc(y, blind, w), blind).reason
    turned = own(samples, stats.auc(y, -score, w), -score, -samples[0][1])
    assert "larger for background" in turned.reason
    assert "reach" in own(samples, stats.auc(y, score, w), target=0.99).reason


def test_training_on_the_test_events_is_noticed(samples):
    y, score, w = samples[2]
    cheated = score + 2 * y
    assert "train on the test" in own(samples, stats.auc(y, cheated, w), cheated).reason
    y_train, train, _ = samples[0]
    labels = own(samples, 1.0, y + 1e-6 * score, y_train + 1e-6 * train, target=0.9)
    assert "too good to be true" in labels.reason


def cut(samples, threshold, z, fraction=0.3):
    return check.honest_threshold(
        samples[1], samples[2], fraction=fraction, threshold=threshold, z=z
    )


def yields(sample, threshold):
    y, score, w = sample
    return tuple(w[(score >= threshold) & (y == k)].sum() for k in (1, 0))


def best_threshold(sample):
    curve = stats.roc_curve(*sample)
    keep = curve.sumw_background**2 > 25 * curve.sumw2_background
    b = curve.sumw_background[keep]
    z = stats.significance(curve.sumw_signal[keep], b, 0.1 * b)
    return curve.threshold[keep][np.argmax(z)]


def test_a_threshold_chosen_elsewhere_is_right(samples):
    threshold = best_threshold(samples[1])
    s, b = yields(samples[2], threshold)
    assert cut(samples, threshold, stats.significance(s, b, 0.1 * b)).ok


def test_misreadings_of_the_uncertainty_are_named(samples):
    threshold = 0.8
    s, b = yields(samples[2], threshold)
    s_c, b_c = yields(samples[1], threshold)
    wrong = {
        "it flatters": stats.significance(s_c, b_c, 0.1 * b_c),
        "left out the background uncertainty": stats.significance(s, b),
        "in events": stats.significance(s, b, 0.1),
        "scale them up": stats.significance(0.3 * s, 0.3 * b, 0.03 * b),
        "Z is not so large": 17.0,
    }
    assert not_named(lambda z: cut(samples, threshold, z), wrong) == {}


def test_tuning_on_the_test_events_is_noticed(samples):
    threshold = best_threshold(samples[2])
    s, b = yields(samples[2], threshold)
    assert "without them" in cut(samples, threshold, stats.significance(s, b, 0.1 * b)).reason


def test_no_z_is_right_where_the_next_digit_leaves_no_background(samples):
    """The last background event is above the threshold by less than what its digits say."""
    y, score, _ = samples[2]
    last = score[y == 0].max()
    threshold = float(last) - 1e-9
    verdict = cut(samples, threshold, 1e6)
    assert verdict.ok is False
    assert "Z is not so large" in verdict.reason


def test_a_careless_threshold_is_sent_back(samples):
    s, b = yields(samples[2], 0.05)
    assert "another cut is better" in cut(samples, 0.05, stats.significance(s, b, 0.1 * b)).reason
    assert "lower threshold" in cut(samples, 2.0, 1.0).reason


def test_a_verdict_reads_like_a_sentence(toy):
    assert repr(judge_window(toy, 1e9)).startswith("✘ For this window Z is not so large")


# ---------------------------------------------------------------- neighbours


@pytest.fixture(scope="module")
def lesson():
    """Make what the exercises begin with: the lesson's events, and a score for want of trees."""
    events = data.load("higgs_tautau")
    y = events["Label"].to_numpy()
    rng = np.random.default_rng(9)
    score = 1 / (1 + np.exp(-rng.normal(np.where(y == 1, 1.2, -1.2), 1.0)))
    return {
        "np": np, "events": events, "y": y, "weights": events["Weight"].to_numpy(float),
        "one_cut": -events["DER_mass_transverse_met_lep"].to_numpy(float),
        "train": rng.random(len(y)) < 0.5, "X": pd.DataFrame({"score": score}),
        "model": SimpleNamespace(predict_proba=lambda X: np.column_stack([1 - X, X])),
        "full_yield": recipe("boosted-trees")["full_yield"],
    }  # fmt: skip


@pytest.mark.parametrize("digits", [2, 3, 12])
def test_a_neighbours_window_does_not_pass(lesson, digits):
    def answer(w):
        edges = np.arange(60.0, 200.0, 5.0)
        best = max(itertools.combinations(edges, 2), key=lambda at: z_of_window(w, *at))
        return *best, float(f"{z_of_window(w, *best):.{digits}g}")

    def judge(w, given):
        answers = dict(zip(("low", "high", "z"), given, strict=True))
        return check.mass_window(w.my_mass, w.my_y, w.my_weights, **answers)

    assert passing(worlds_of("boosted-trees", 1, **lesson), judge, answer) <= 0.1


def z_of_window(w, low, high):
    inside = (w.my_mass >= low) & (w.my_mass < high)
    return stats.significance(*(w.my_weights[inside & (w.my_y == k)].sum() for k in (1, 0)))


def test_a_neighbours_scores_do_not_pass(lesson):
    target = stats.auc(lesson["y"], lesson["X"]["score"], lesson["weights"]) - 0.01

    def answer(w):
        scores = w.my_train[0][:, 0], w.my_test[0][:, 0]
        return *scores, stats.auc(w.my_test[1], scores[1], w.my_test[2])

    def judge(w, given):
        return check.own_model(w.my_train[1:], w.my_test[1:], *given, target=target)

    assert passing(worlds_of("boosted-trees", 2, **lesson), judge, answer) == 0


@pytest.mark.parametrize("digits", [2, 3, 12])
def test_a_neighbours_threshold_does_not_pass(lesson, digits):
    def answer(w):
        scan = stats.significance_scan(stats.roc_curve(*w.to_choose), sigma_b=w.my_sigma_b)
        threshold = float(scan.threshold[scan.best()])
        s, b = yields(w.to_test, threshold)
        return threshold, float(f"{stats.significance(s, b, w.my_sigma_b * b):.{digits}g}")

    def judge(w, given):
        share = len(w.to_test[0]) / len(w.y)
        return check.honest_threshold(w.to_choose, w.to_test, share, *given, sigma_b=w.my_sigma_b)

    assert passing(worlds_of("boosted-trees", 3, **lesson), judge, answer) <= 0.1
