"""Each exercise's check accepts a right answer and names each misconception it knows."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from hepml import stats
from hepml.checks import without_labels as check
from tests.checks.naming import not_named

REGION, SIDEBANDS = (3300, 3700), ((3100, 3300), (3700, 3900))
EDGES = np.arange(3000, 5001, 100)
F1, F2 = 0.7, 0.4


# ---------------------------------------------------------------- an AUC from two bags


@pytest.fixture(scope="module")
def bags():
    """Scores of two bags, and the AUC of signal against background in the limit."""
    rng = np.random.default_rng(1)
    signal = [rng.random(200_000) < f for f in (F1, F2)]
    return *(rng.normal(np.where(k, 1.5, 0)) for k in signal), float(ndtr(1.5 / np.sqrt(2)))


def judge_auc(bags, answer):
    return check.true_auc(bags[0], bags[1], F1, F2, my_auc=answer)


def over_half(bags):
    y = np.repeat([1, 0], [len(bags[0]), len(bags[1])])
    return stats.auc(y, np.concatenate(bags[:2])) - 0.5


def test_the_auc_from_two_bags_is_that_of_the_labels(bags):
    answer = 0.5 + over_half(bags) / (F1 - F2)
    assert answer == pytest.approx(bags[2], abs=0.01)
    assert judge_auc(bags, answer).ok
    assert judge_auc(bags, round(answer, 3)).ok


def test_misreadings_of_the_bags_are_named(bags):
    over = over_half(bags)
    wrong = {
        "AUC of bag 1 against bag 2": 0.5 + over,
        "bags are exchanged": 0.5 - over / (F1 - F2),
        "only what is above": (0.5 + over) / (F1 - F2),
        "You multiplied": 0.5 + over * (F1 - F2),
        "it has a purity, too": 0.5 + over / F1,
        "not their sum": 0.5 + over / (F1 + F2),
        "I get": 0.6,
    }
    assert not_named(lambda answer: judge_auc(bags, answer), wrong) == {}


def test_equal_purities_say_nothing(bags):
    verdict = check.true_auc(*bags[:2], 0.4, 0.4, my_auc=0.8)
    assert verdict.ok is False
    assert "equal purities" in verdict.reason


# ---------------------------------------------------------------- nothing injected


@pytest.fixture(scope="module")
def nothing():
    """(mjj, score): a falling spectrum, and a score that knows nothing of it."""
    rng = np.random.default_rng(2)
    return 3000 + rng.exponential(400, 30_000), rng.random(30_000)


def hunted(mjj, score, share, edges=EDGES):
    passing = np.argsort(-score)[: round(share * len(score))]
    return stats.bump_hunt(np.histogram(mjj[passing], edges)[0], edges, REGION, parameters=3)


def judge_null(nothing, score, z):
    return check.null_run(nothing[0], REGION, SIDEBANDS, EDGES, my_score=score, my_z=z)


def test_a_fair_score_and_its_significance_are_right(nothing):
    z = hunted(*nothing, 0.01).significance
    assert judge_null(nothing, nothing[1], z).ok
    assert judge_null(nothing, nothing[1], round(z, 1 if abs(z - round(z, 1)) < 0.03 else 2)).ok
    assert judge_null(nothing, np.exp(5 * nothing[1]), z).ok


def test_ranks_with_ties_may_be_cut_either_way(nothing):
    """Ranks that lose some of the best events to ties: 0.98 % are above 0.99."""
    mjj, score = nothing
    rank = np.argsort(np.argsort(score)) / len(score)
    rank[(rank >= 0.99) & (rank < 0.9902)] = 0.9899
    counts = np.histogram(mjj[rank >= 0.99], EDGES)[0]
    z = stats.bump_hunt(counts, EDGES, REGION, parameters=3).significance
    for answer in (z, hunted(mjj, rank, 0.01).significance):
        assert judge_null(nothing, rank, answer).ok


def test_probabilities_are_scores_too(nothing):
    """None of them need be above 0.99."""
    mjj, score = nothing
    assert judge_null(nothing, 0.2 + 0.6 * score, hunted(mjj, score, 0.01).significance).ok


def test_scores_that_make_bumps_are_named(nothing):
    mjj, score = nothing
    inside = (mjj >= REGION[0]) & (mjj < REGION[1])
    near = (mjj >= 3100) & (mjj < 3900)
    wrong = {
        "This score knows mjj": score - mjj / 2000,
        "Did you use raw masses?": score + 0.2 * (mjj > 3900),
        "below the region and 0% above the sidebands": score - 0.2 * (mjj > 3900),
        "you scored events with a model that was trained on them": score + 0.3 * inside,
        "larger in the sidebands": score - 0.3 * (inside & near),
        "classes, not scores": (score > 0.5).astype(float),
        "should hold 30000 scores": score[1:],
        "finite numbers": np.where(score > 0.5, np.nan, score),
        "two columns": np.column_stack([1 - score, score]),
    }
    assert not_named(lambda answer: judge_null(nothing, answer, 0.3), wrong) == {}


def test_misreadings_of_a_significance_are_named(nothing):
    mjj, score = nothing
    score = score + 0.012 * ((mjj >= REGION[0]) & (mjj < REGION[1]) & (score > 0.99))
    score = score + 0.002 * ((mjj >= REGION[0]) & (mjj < REGION[1]))  # an excess to misread
    found = hunted(mjj, score, 0.01)
    beyond = found.observed - found.background
    wrong = {
        "p-value": found.p_value,
        "for exact": beyond / np.sqrt(found.background),
        "S/√(S+B)": beyond / np.sqrt(found.observed),
        "without a cut": hunted(mjj, score, 1).significance,
        "at 10 %": hunted(mjj, score, 0.1).significance,
        "plus sign": -found.significance,
        "At 1 % I get": 7.0,
    }
    assert judge_null((mjj, score), score, found.significance).ok
    assert not_named(lambda z: judge_null((mjj, score), score, z), wrong) == {}


# ---------------------------------------------------------------- several thresholds

KEPT = (0.003, 0.01, 0.1)


@pytest.fixture(scope="module")
def weak(nothing):
    """(mjj, score) with a signal that a cut at 1 % shows at about 3 σ."""
    mjj, score = nothing
    rng = np.random.default_rng(3)
    signal = rng.normal(3500, 60, 40)
    return np.concatenate([mjj, signal]), np.concatenate([score, rng.uniform(0.985, 1, 40)])


def judge_hunt(weak, answer, kept=KEPT, score=None):
    score = weak[1] if score is None else score
    return check.honest_hunt(
        weak[0], REGION, SIDEBANDS, EDGES, my_score=score, my_kept=kept, my_global=answer
    )


def best_of(weak, kept=KEPT):
    return max(hunted(*weak, share).significance for share in kept)


def test_a_global_significance_is_right(weak):
    local = best_of(weak)
    assert 2 < local < 5
    bound = -ndtri(len(KEPT) * ndtr(-local))
    assert judge_hunt(weak, bound).ok
    assert judge_hunt(weak, (bound + local) / 2).ok


def test_pseudo_experiments_give_an_accepted_answer(weak):
    passing = [np.argsort(-weak[1])[: round(k * len(weak[1]))] for k in sorted(KEPT)]
    rows = np.array([np.histogram(weak[0][k], EDGES)[0] for k in passing])
    several = stats.pseudo_experiments(rows, EDGES, [REGION], parameters=3, experiments=4000, rng=8)
    assert judge_hunt(weak, several.significance).ok


def test_misreadings_of_several_looks_are_named(weak):
    local = best_of(weak)
    wrong = {
        "no less than the local significance": (local, KEPT),
        "did you count something else": (local - 2, KEPT),
        "at least two shares": (local - 0.3, (0.01,)),
        "should list": (local - 0.3, 0.01),
        "from 0 to 1": (local - 0.3, (1, 10)),
        "take larger shares": (local - 0.3, (1e-4, 2e-4)),
    }
    assert not_named(lambda given: judge_hunt(weak, *given), wrong) == {}


def test_a_hunt_with_an_unfair_score_is_refused(weak):
    mjj, score = weak
    unfair = judge_hunt(weak, 3.0, score=score - mjj / 2000)
    assert unfair.ok is False
    assert "sculpts a bump" in unfair.reason


def test_answers_not_given_are_neither_right_nor_wrong(bags, nothing, weak):
    for verdict, named in (
        (judge_auc(bags, ...), "my_auc"),
        (judge_null(nothing, ..., None), "my_score and my_z"),
        (judge_hunt(weak, None), "my_global"),
    ):
        assert verdict.ok is None
        assert named in verdict.reason
    assert "should be a number" in judge_auc(bags, "0.8").reason
    assert "should be a number" in judge_null(nothing, nothing[1], float("nan")).reason
