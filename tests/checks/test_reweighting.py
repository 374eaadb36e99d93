"""Each exercise's check accepts a right answer and names each misconception it knows."""

import numpy as np
import pytest
from scipy.special import expit, logit

from hepml import stats
from hepml.checks import reweighting as check
from tests.checks.naming import not_named

EVENTS = 4000
NAMES = ["shape", "other_shape", "n_kaon"]


@pytest.fixture(scope="module")
def scores():
    """Probabilities of a classifier that saw twice as many target events."""
    return expit(np.random.default_rng(3).normal(0.5, 0.6, EVENTS))


def right_weights(scores):
    odds = scores / (1 - scores)
    return odds * len(scores) / odds.sum()


def right_share(weights):
    return weights.sum() ** 2 / np.sum(weights**2) / len(weights)


def judge_weights(scores, weights=None, share=None):
    weights = right_weights(scores) if weights is None else weights
    share = right_share(right_weights(scores)) if share is None else share
    return check.weights_from_scores(scores, my_weights=weights, my_share=share)


def test_right_weights_are_right_also_when_rounded(scores):
    right = right_weights(scores)
    assert judge_weights(scores).ok
    assert judge_weights(scores, right.astype("float32")).ok
    assert judge_weights(scores, list(right.round(4))).ok
    assert judge_weights(scores, share=round(right_share(right), 3)).ok


def test_an_answer_not_given_is_neither_right_nor_wrong(scores):
    verdict = check.weights_from_scores(scores, my_weights=..., my_share=None)
    assert verdict.ok is None
    assert "my_weights and my_share" in verdict.reason
    assert check.folded(np.zeros((9, 3)), np.zeros((9, 3)), NAMES).ok is None
    assert check.audit(*2 * [np.zeros((9, 3))], np.ones(9), NAMES, own_auc=0.5).ok is None


def test_misreadings_of_the_ratio_are_named(scores):
    odds = scores / (1 - scores)
    total = len(scores)
    wrong = {
        "These are the scores": scores,
        "the scores: the ratio": scores * total / scores.sum(),
        "Divide the other way": 1 / odds,
        "of being source": 1 - scores,
        "logarithm": np.log(odds),
        "nothing is reweighted": np.ones(total),
        "another mixture": odds,
        "add up to 1;": odds / odds.sum(),
        f"not to {total}": 3.3 * odds,
        "not even up to a common factor": np.random.default_rng(1).permutation(odds),
        "no score gives": -odds,
        "its shape is": odds[1:],
        "second, [:, 1]": np.stack([1 - scores, scores], axis=1),
        "finite": odds * np.nan,
    }
    assert not_named(lambda weights: judge_weights(scores, weights), wrong) == {}


def test_misreadings_of_the_effective_size_are_named(scores):
    share = right_share(right_weights(scores))
    wrong = {
        "the effective size itself": share * EVENTS,
        "goes above": 1 / share,
        "root": np.sqrt(share),
        "what is lost": 1 - share,
        "turn it over": 1 / (share * EVENTS),
        "In percent": 100 * share,
        "by construction": 1,
        "you say": share + 0.07,
        "a number": "much",
    }
    assert not_named(lambda value: judge_weights(scores, share=value), wrong) == {}


# ---------------------------------------------------------------- two samples with an exact ratio

SHIFTS = np.array([0.06, 0.0, 0.15])


@pytest.fixture(scope="module")
def samples():
    """Make normal source and target, as far apart as the two hadronisations are."""
    rng = np.random.default_rng(11)
    n = 12_000
    return rng.normal(size=(n, 3)), rng.normal(size=(n, 3)) + SHIFTS


def exact_log_ratio(X, shifts=SHIFTS):
    return X @ shifts - shifts @ shifts / 2


def judge_folded(samples, found=None, weights=None):
    if found is None:
        found = [expit(exact_log_ratio(X)) for X in samples]
    if weights is None:
        weights = right_weights(np.clip(np.asarray(found[0], float), 1e-9, 1 - 1e-9))
    return check.folded(
        *samples, NAMES, my_scores_source=found[0], my_scores_target=found[1], my_weights=weights
    )


def test_the_exact_ratio_is_right(samples):
    verdict = judge_folded(samples)
    assert verdict.ok, verdict
    assert "honest" in verdict.reason


def blind(samples):
    """Scores of the exact ratio without the kaons, but with noise that separates as well."""
    rng = np.random.default_rng(4)
    known = np.array([*SHIFTS[:2], 0])
    z = [exact_log_ratio(X, known) + rng.normal(shift, 0.4, len(X)) for X, shift in
         zip(samples, (0, 0.06), strict=True)]  # fmt: skip
    return [expit(values) for values in z]


def test_misreadings_of_folding_are_named(samples):
    good = [expit(exact_log_ratio(X)) for X in samples]
    seen = [expit(logit(s) + shift) for s, shift in zip(good, (-0.1, 0.1), strict=True)]
    rng = np.random.default_rng(8)
    wrong = {
        "in-sample": (seen, None),
        "Is the target y = 1": ([1 - s for s in good], None),
        "rows get mixed up": (
            [rng.permutation(np.concatenate(good))[: len(s)] for s in good],
            None,
        ),
        "ends excluded": ([logit(s) for s in good], np.ones(len(good[0]))),
        "These are the scores": (good, good[0]),
        "Divide the other way": (good, 1 / good[0] - 1),
        "add up to 1;": (good, right_weights(good[0]) / len(good[0])),
        "leave a feature out": (blind(samples), None),
        "should hold": ([good[0][:-1], good[1]], np.ones(len(good[0]))),
        "my_weights should hold": (good, right_weights(good[0])[:-1]),
    }
    assert not_named(lambda given: judge_folded(samples, *given), wrong) == {}


# ---------------------------------------------------------------- the audit


@pytest.fixture(scope="module")
def colleague(samples):
    """Weights without kaons, and the AUC of what made them."""
    shifts = np.array([*SHIFTS[:2], 0])
    return right_weights(expit(exact_log_ratio(samples[0], shifts)))


def judge_audit(samples, weights, auc, feature="n_kaon"):
    return check.audit(
        *samples, weights, NAMES, own_auc=0.5, my_auc=auc, my_feature=feature
    )  # fmt: skip


def test_the_forgotten_feature_is_found(samples, colleague):
    assert check.forgotten(NAMES) == "n_kaon"
    report = stats.reweighting_report(*samples, colleague, features=NAMES, rng=5)
    assert report.auc > 0.52
    for auc in (report.auc, round(report.auc, 3)):
        assert judge_audit(samples, colleague, auc).ok
    assert "n_kaon does not close" in judge_audit(samples, colleague, report.auc).reason


def test_misreadings_of_the_audit_are_named(samples, colleague):
    found = stats.reweighting_report(*samples, colleague, features=NAMES).auc
    wrong = {
        "as blind as the weights": (0.499,),
        "swapped": (1 - found - 0.02,),
        "too good": (0.6,),
        "should be one of": (found, "kaons"),
        "closes better": (found, "other_shape"),
        "a number": ("0.53",),
    }
    assert not_named(lambda given: judge_audit(samples, colleague, *given), wrong) == {}


def test_weights_left_out_of_the_audit_are_noticed():
    """Where they matter: a large shift of a feature that the weights do know."""
    rng = np.random.default_rng(2)
    shifts = np.array([0.3, 0, 0.15])
    source, target = rng.normal(size=(EVENTS, 3)), rng.normal(size=(EVENTS, 3)) + shifts
    weights = right_weights(expit(exact_log_ratio(source, np.array([0.3, 0, 0]))))
    before = stats.reweighting_report(source, target, weights, features=NAMES).auc_before
    verdict = judge_audit((source, target), weights, before)
    assert verdict.ok is False
    assert "left out the weights" in verdict.reason
