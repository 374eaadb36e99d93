"""Each exercise's check accepts a right answer and names each misconception it knows."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from benchmarks.approaches import reweighting as bench
from hepml import stats
from hepml_lessons.checks import reweighting as check
from tests.checks.naming import not_named
from tests.checks.neighbours import SEEDS, passing

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
    assert judge_weights(scores, right.round(2), round(right_share(right), 2)).ok


def test_no_sentence_gives_the_share_away(scores):
    share = right_share(right_weights(scores))
    for given in (share + 0.07, share - 0.07, np.sqrt(share)):
        assert f"{share:.2f}" not in judge_weights(scores, share=given).reason


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
        "is not so large": share + 0.07,
        "is not so small": share - 0.07,
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
        "weights; its shape": (good, right_weights(good[0])[:-1]),
    }
    assert not_named(lambda given: judge_folded(samples, *given), wrong) == {}


# ---------------------------------------------------------------- the audit


@pytest.fixture(scope="module")
def colleague(samples):
    """Weights without kaons, and the AUC of what made them."""
    shifts = np.array([*SHIFTS[:2], 0])
    return right_weights(expit(exact_log_ratio(samples[0], shifts)))


def audited_scores(samples, weights=None, *, blind=False, seed=0):
    """Scores of two halves of the events, each from logistic regression of the other half."""
    known = 2 if blind else 3
    X, y = np.concatenate(samples)[:, :known], np.repeat([0, 1], list(map(len, samples)))
    w = None if weights is None else np.concatenate([weights, np.ones(len(samples[1]))])
    half = np.random.default_rng(seed).random(len(y)) < 0.5
    score = np.empty(len(y))
    for own in (half, ~half):
        model = LogisticRegression().fit(X[~own], y[~own], None if w is None else w[~own])
        score[own] = model.predict_proba(X[own])[:, 1]
    return score[: len(samples[0])], score[len(samples[0]) :]


def area(scores, weights=None):
    y = np.repeat([0, 1], list(map(len, scores)))
    w = None if weights is None else np.concatenate([weights, np.ones(len(scores[1]))])
    return stats.auc(y, np.concatenate(scores), w)


def judge_audit(samples, weights, scores, auc=None, feature="n_kaon"):
    return check.audit(
        *samples, weights, NAMES, own_auc=0.4987, my_scores_source=scores[0],
        my_scores_target=scores[1], my_auc=area(scores, weights) if auc is None else auc,
        my_feature=feature,
    )  # fmt: skip


def test_the_forgotten_feature_is_found(samples, colleague):
    scores = audited_scores(samples, colleague)
    found = area(scores, colleague)
    assert found > 0.52
    for auc in (found, round(found, 3), round(found, 2)):
        assert judge_audit(samples, colleague, scores, auc).ok
    assert "n_kaon does not close" in judge_audit(samples, colleague, scores).reason


def test_particles_of_one_kind_are_missed():
    events = np.random.default_rng(1).poisson(20, (EVENTS, 3)).astype(float)
    names = ["shape", "n_photon", "n_kaon"]
    lost = [check.with_losses(events, names, np.random.default_rng(seed)) for seed in range(20)]
    assert {name for _, name in lost} == {"n_photon", "n_kaon"}
    for seen, name in lost:
        kept = seen.mean(axis=0) / events.mean(axis=0)
        least, most = check.LOSSES[name]
        assert 1 - most - 0.01 < kept[names.index(name)] < 1 - least + 0.01
        assert (np.delete(kept, names.index(name)) == 1).all()


def test_misreadings_of_the_audit_are_named(samples, colleague):
    scores = audited_scores(samples, colleague)
    found = area(scores, colleague)
    mixed = np.random.default_rng(3).permutation(np.concatenate(scores))
    seen = [s + shift for s, shift in zip(scores, (-0.01, 0.01), strict=True)]
    wrong = {
        "as blind as the weights. Give the AUC": (scores, 0.499),
        "That is 1 − AUC": (scores, 1 - found),
        "swapped?": ([1 - s for s in scores],),
        "That is too good": (seen,),
        "too large for your scores": (scores, 0.6),
        "too small for your scores": (scores, 0.51),
        "no more than the colleague's": (np.split(mixed, [len(scores[0])]),),
        "name of one feature": (scores, found, "kaons"),
        "closes better": (scores, found, "other_shape"),
        "a number": (scores, "0.53"),
        "its shape is": ((scores[0][1:], scores[1]), found),
    }
    assert not_named(lambda given: judge_audit(samples, colleague, *given), wrong) == {}
    assert (
        judge_audit(samples, colleague, audited_scores(samples, colleague, blind=True)).ok is False
    )


@pytest.fixture(scope="module")
def far():
    """Make a large shift of a feature that the weights do know: there they matter."""
    rng = np.random.default_rng(2)
    shifts = np.array([0.3, 0, 0.2])
    source, target = rng.normal(size=(EVENTS, 3)), rng.normal(size=(EVENTS, 3)) + shifts
    return (source, target), right_weights(expit(exact_log_ratio(source, np.array([0.3, 0, 0]))))


def test_weights_left_out_of_the_audit_are_noticed(far):
    samples, weights = far
    scores = audited_scores(samples, weights)
    assert judge_audit(samples, weights, scores).ok
    careless = audited_scores(samples)
    wrong = {
        "left out the weights": (careless, area(careless)),
        "learn without them": (careless,),
    }
    assert not_named(lambda given: judge_audit(samples, weights, *given), wrong) == {}


# ---------------------------------------------------------------- a neighbour's answers


def test_a_neighbours_share_does_not_pass_with_the_own_weights():
    worlds = [bench.somebody(seed) for seed in range(42, 52)]
    found = passing(
        worlds,
        lambda one, share: judge_weights(one, share=share),
        lambda scores: right_share(right_weights(scores)),
    )
    assert found <= 0.1


def test_a_neighbours_auc_and_feature_do_not_pass_with_the_own_scores():
    worlds = [bench.colleague(seed) for seed in SEEDS]
    own = {world.seed: bench.AUDIT.right["logistic regression"](world) for world in worlds}

    def judge(one, other):
        return bench.AUDIT.judge(one, (*own[one.seed][:2], *own[other.seed][2:]))

    assert passing(worlds, judge) <= 0.1
