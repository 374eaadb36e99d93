"""Each exercise's check accepts a right answer and names each misconception it knows."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from benchmarks.approaches import without_labels as bench
from hepml import stats
from hepml_lessons.checks import without_labels as check
from tests.checks.naming import not_named
from tests.checks.neighbours import passing

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


def cut_over_half(bags, cut):
    y = np.repeat([1, 0], [len(bags[0]), len(bags[1])])
    return stats.auc(y, np.concatenate(bags[:2]) >= cut) - 0.5


def test_the_auc_from_two_bags_is_that_of_the_labels(bags):
    answer = 0.5 + over_half(bags) / (F1 - F2)
    assert answer == pytest.approx(bags[2], abs=0.01)
    assert judge_auc(bags, answer).ok
    assert judge_auc(bags, round(answer, 3)).ok


def test_pairs_drawn_at_random_are_right(bags):
    """As the exercise says; two million of them scatter by a third of what the bags do."""
    rng = np.random.default_rng(4)
    one, other = (rng.choice(bag, 2_000_000) for bag in bags[:2])
    assert judge_auc(bags, 0.5 + (np.mean(one > other) - 0.5) / (F1 - F2)).ok


def test_a_wrong_auc_does_not_get_the_right_one_told(bags):
    answer = f"{0.5 + over_half(bags) / (F1 - F2):.2f}"
    for wrong in (0.1, 0.5, 0.7, 0.97, 2):
        assert answer not in judge_auc(bags, wrong).reason


def test_misreadings_of_the_bags_are_named(bags):
    over = over_half(bags)
    wrong = {
        "AUC of bag 1 against bag 2": 0.5 + over,
        "bags are exchanged": 0.5 - over / (F1 - F2),
        "only what is above": (0.5 + over) / (F1 - F2),
        "You multiplied": 0.5 + over * (F1 - F2),
        "it has a purity, too": 0.5 + over / F1,
        "not their sum": 0.5 + over / (F1 + F2),
        "too small": 0.7,
        "too large": 0.97,
        "between 0 and 1": 1.3,
        "above ½: two events": over / (F1 - F2),
        "2 AUC - 1": 2 * over / (F1 - F2),
        "other way round count": 0.5 + over / (F1 * (1 - F2)),
        "of classes, not of scores": 0.5 + cut_over_half(bags, 0) / (F1 - F2),
        "three digits": round(0.5 + over / (F1 - F2), 3) + 0.003,
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


def test_quantiles_and_ranks_may_keep_an_event_more_or_less(nothing):
    mjj, score = nothing
    order = np.sort(score)
    for kept in (299, 301):
        counts = np.histogram(mjj[score >= order[-kept]], EDGES)[0]
        z = stats.bump_hunt(counts, EDGES, REGION, parameters=3).significance
        assert judge_null(nothing, score, round(z, 2)).ok


def test_the_excess_over_both_errors_is_right_where_it_is_small(nothing):
    found = hunted(*nothing, 0.01)
    simple = found.observed - found.background
    simple /= np.hypot(np.sqrt(found.background), found.background_error)
    assert judge_null(nothing, nothing[1], simple).ok


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
        "raw masses (divide": score + 0.2 * (mjj > 3900),
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
        "four parameters": stats.bump_hunt(found.counts, EDGES, REGION).significance,
        "sidebands of the training": stats.bump_hunt(
            found.counts, EDGES, REGION, SIDEBANDS, parameters=3
        ).significance,
        "at 5 %": hunted(mjj, score, 0.05).significance,
        "is too large": 7.0,
        "is too small": -7.0,
    }
    assert judge_null((mjj, score), score, found.significance).ok
    assert not_named(lambda z: judge_null((mjj, score), score, z), wrong) == {}


def test_a_bump_of_nothing_that_chance_does_not_make_is_refused(nothing):
    """Fair by all other tests: only the very best scores know the region."""
    mjj, score = nothing
    best = (score > 0.985) & (mjj >= REGION[0]) & (mjj < REGION[1])
    made = score + 0.02 * best
    verdict = judge_null(nothing, made, hunted(mjj, made, 0.01).significance)
    assert verdict.ok is False
    assert "no chance: this score makes bumps" in verdict.reason


# ---------------------------------------------------------------- several thresholds

KEPT = (0.003, 0.01, 0.1)
SIGNALS = 70


@pytest.fixture(scope="module")
def weak(nothing):
    """(mjj, score) with a signal that a cut at 1 % shows at about 3 σ."""
    mjj, score = nothing
    rng = np.random.default_rng(3)
    signal = rng.normal(3500, 60, SIGNALS)
    best = rng.uniform(0.97, 1, SIGNALS)
    return np.concatenate([mjj, signal]), np.concatenate([score, best])


def judge_hunt(weak, answer, kept=KEPT, score=None, toys=0):
    score = weak[1] if score is None else score
    y = np.arange(len(weak[0])) >= len(weak[0]) - SIGNALS
    answers = {"my_score": score, "my_kept": kept, "my_global": answer, "my_toys": toys}
    return check.honest_hunt(weak[0], y.astype(int), REGION, SIDEBANDS, EDGES, **answers)


def best_of(weak, kept=KEPT):
    return max(hunted(*weak, share).significance for share in kept)


def bonferroni(local, looks=3):
    return -ndtri(looks * ndtr(-local))


def test_a_global_significance_is_right(weak):
    local = best_of(weak)
    assert 2 < local < 4
    assert judge_hunt(weak, bonferroni(local)).ok
    assert judge_hunt(weak, bonferroni(local), kept=(*KEPT, *KEPT)).ok  # the same look twice


def test_sidak_and_rounded_answers_are_right(weak):
    """Two digits used to be refused, with a sentence that contradicted itself."""
    p = ndtr(-best_of(weak))
    sidak = -ndtri(1 - (1 - p) ** len(KEPT))
    for answer in (sidak, round(sidak, 2), round(bonferroni(best_of(weak)), 2)):
        assert judge_hunt(weak, answer).ok


def spectra_of(weak):
    passing = [np.argsort(-weak[1])[: round(k * len(weak[1]))] for k in sorted(KEPT)]
    return np.array([np.histogram(weak[0][k], EDGES)[0] for k in passing])


def counted(weak, experiments, seed):
    options = {"parameters": 3, "experiments": experiments, "rng": seed}
    return stats.pseudo_experiments(spectra_of(weak), EDGES, [REGION], **options)


@pytest.mark.parametrize(("toys", "seed"), [(4000, 8), (2000, 1), (2000, 2), (1500, 3)])
def test_pseudo_experiments_give_an_accepted_answer(weak, toys, seed):
    """However they fluctuate, if they say how many they are."""
    several = counted(weak, toys, seed)
    assert np.sum(several.largest >= several.local_significance) >= 10
    assert judge_hunt(weak, several.significance, toys=toys).ok
    assert judge_hunt(weak, round(several.significance, 2), toys=toys).ok


def test_too_few_pseudo_experiments_are_no_probability(weak):
    one_of_200 = -ndtri(2 / 201)
    assert "too few for a probability" in judge_hunt(weak, one_of_200, toys=200).reason
    assert "not zero" in judge_hunt(weak, np.inf, toys=200).reason


def test_pseudo_experiments_of_one_look_are_named(weak):
    """Counting how often one threshold is as large gives the local significance again."""
    local = best_of(weak)
    assert "no less than the local" in judge_hunt(weak, local, toys=20_000).reason
    assert "Count all" in judge_hunt(weak, local - 0.03, toys=100_000).reason
    assert "something else" in judge_hunt(weak, local - 1.5, toys=2000).reason
    assert "say how many in my_toys" in judge_hunt(weak, bonferroni(local) - 0.1).reason


def test_misreadings_of_several_looks_are_named(weak):
    local = best_of(weak)
    p = ndtr(-local)
    wrong = {
        "no less than the local significance": (local, KEPT),
        "Did you count something else": (local - 2, KEPT),
        "Count all": (local - 0.08, KEPT),
        "You counted 2 looks of 3": (bonferroni(local, 2), KEPT),
        "You counted windows": (bonferroni(local, 45), KEPT),
        "probability of both": (-ndtri(3 * p / 2), KEPT),
        "This is a probability": (3 * p, KEPT),
        "You divided the significance": (local / np.sqrt(3), KEPT),
        "at least two different": (local - 0.3, (0.01, 0.01)),
        "should list": (local - 0.3, 0.01),
        "from 0 to 1": (local - 0.3, (1, 10)),
        "take larger shares": (local - 0.3, (1e-4, 2e-4)),
    }
    assert not_named(lambda given: judge_hunt(weak, *given), wrong) == {}


def test_a_score_that_saw_the_labels_is_named(weak):
    """It finds half of the signal among the best 0.3 %: region and sidebands do not teach that."""
    score = weak[1]
    seen = score.copy()
    seen[-SIGNALS:] = np.random.default_rng(5).uniform(0.994, 1, SIGNALS)
    for made in (seen, score + (np.arange(len(score)) >= len(score) - SIGNALS)):
        assert "Did it see the labels" in judge_hunt(weak, 4.0, score=made).reason


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


# ---------------------------------------------------------------- numbers of one's own


def test_an_auc_of_a_neighbour_does_not_pass():
    worlds = [bench.bags(seed) for seed in range(20)]
    assert passing(worlds, bench.TRUE_AUC.judge, bench.undone) <= 0.1


@pytest.mark.parametrize(
    ("exercise", "right"),
    [(bench.NULL_RUN, "the 1 % counted"), (bench.HONEST_HUNT, "Bonferroni")],
    ids=lambda given: getattr(given, "check", None),
)
def test_a_significance_of_a_neighbour_does_not_pass(exercise, right):
    """Even with scores of one's own; with the neighbour's, their number is wrong already."""
    worlds = [exercise.world(seed) for seed in range(6)]

    def judge(world, other):
        told = (world.score, other[1]) if exercise is bench.NULL_RUN else other
        return exercise.judge(world, told)

    assert passing(worlds, judge, exercise.right[right]) <= 0.1
