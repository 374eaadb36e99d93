"""Each exercise's check accepts a right answer and names each misconception it knows."""

import itertools

import numpy as np
import pandas as pd
import pytest

from hepml import data, stats
from hepml_lessons.checks import anomalies as check
from hepml_lessons.recipes import recipe
from tests.checks.naming import not_named
from tests.checks.neighbours import SEEDS, drawing_cells, drawn_by, passing

P_VALUES = dict(enumerate(np.random.default_rng(5).uniform(0.021, 1, 30)))
LOW = min(P_VALUES.values())


def judge_trials(expected=1.5, everywhere=None):
    everywhere = 1 - (1 - LOW) ** 30 if everywhere is None else everywhere
    return check.trials(P_VALUES, my_expected=expected, my_global=everywhere)


def test_right_numbers_are_right_also_when_rounded():
    assert judge_trials().ok
    assert judge_trials(everywhere=round(1 - (1 - LOW) ** 30, 2)).ok
    assert judge_trials(np.float32(1.5)).ok


def test_no_sentence_gives_the_answer_away(days, four):
    """A direction, not a number."""
    wanted = 1 - (1 - LOW) ** 30
    for given in (0.9987, 0.0123, LOW, 30 * LOW):
        assert f"{wanted:.2f}" not in judge_trials(everywhere=given).reason
    exact = stats.two_sample_test(*scores_of(days), *weights_of(days), statistic="auc").p_value
    assert f"{exact:.2g}" not in judge(days, p=0.3).reason
    assert "none" not in check.periods(four, my_kinds=RIGHT | {"B": "lepton_pt"}).reason


def test_an_answer_not_given_is_neither_right_nor_wrong(days, four):
    verdict = check.trials(P_VALUES, my_expected=..., my_global=None)
    assert verdict.ok is None
    assert "my_expected and my_global" in verdict.reason
    assert check.told_apart(*days).ok is None
    assert check.periods(four, my_kinds=...).ok is None
    assert check.periods(four, my_kinds={"A": ..., "B": None, "C": None, "D": None}).ok is None


def test_misreadings_of_the_expected_number_are_named():
    below = sum(p <= 0.05 for p in P_VALUES.values())
    wrong = {
        "for one histogram": 0.05,
        "that at least one": 1 - 0.95**30,
        "that none": 0.95**30,
        "number of histograms": 30,
        "below 5 % here": below,
        "yours is too large": 7,
        "yours is too small": 1.2,
        "should be a number": "1.5",
    }
    assert not not_named(judge_trials, wrong)


def test_misreadings_of_trials_are_named():
    wrong = {
        "left out the trials": LOW,
        "Bonferroni": 30 * LOW,
        "chance that none": (1 - LOW) ** 30,
        "not all are so small": 1 - LOW**30,
        "all of them": LOW**30,
        "in place of the smallest p": 1 - 0.95**30,
        "mean p": np.mean(list(P_VALUES.values())),
        "make p larger": LOW / 30,
        "yours is too small": 0.0123,
        "yours is too large": 0.9987,
        "infinite": np.inf,
    }
    assert not not_named(lambda given: judge_trials(everywhere=given), wrong)


def test_the_smallest_of_a_single_p_value_is_itself():
    assert check.trials({"x": 0.3}, my_expected=0.05, my_global=0.3).ok


# ---------------------------------------------------------------- two days


@pytest.fixture(scope="module")
def days():
    """Two days with weights that matter: of half the events the shift goes the other way."""
    rng = np.random.default_rng(8)
    weights = [np.where(rng.random(4000) < 0.5, 3.0, 0.2) for _ in range(2)]
    shifts = 0.25 * np.where(weights[1] > 1, 1, -1)
    values = [rng.normal(size=4000), rng.normal(size=4000) + shifts]
    return [pd.DataFrame({"x": x, "Weight": w}) for x, w in zip(values, weights, strict=True)]


def scores_of(days):
    return [day["x"].to_numpy()[1::2] for day in days]


def weights_of(days):
    return [day["Weight"].to_numpy()[1::2] for day in days]


def judge(days, scores=None, p=None):
    scores = scores_of(days) if scores is None else scores
    if p is None:
        p = stats.two_sample_test(*scores, *weights_of(days), statistic="auc").p_value
    return check.told_apart(*days, my_scores_yesterday=scores[0], my_scores_today=scores[1], my_p=p)


def test_scores_and_p_are_right_whatever_their_scale(days):
    verdict = judge(days)
    assert verdict.ok, verdict
    assert judge(days, [np.exp(part).astype("float32") for part in scores_of(days)]).ok
    assert judge(days, [list(part) for part in scores_of(days)]).ok


def test_misreadings_of_scores_are_named(days):
    right = scores_of(days)
    everything = [day["x"].to_numpy() for day in days]
    wrong = {
        "learned from among them": everything,
        "than any on events": [right[0], right[1] + 0.5],
        "is today the class 1": [right[0], right[1] - 0.7],
        "There are two different": [part > 0 for part in right],
        "All scores are the same": [np.ones(2000), np.ones(2000)],
        "its shape is": [right[0][:-1], right[1]],
        "each one number": [[[0.1, 0.2], [0.3]], right[1]],
        "A better classifier": [np.random.default_rng(k).normal(size=2000) for k in (1, 2)],
    }
    assert not not_named(lambda scores: judge(days, scores, p=p_of(days, scores)), wrong)


def p_of(days, scores):
    """Answer of somebody who has made no other mistake."""
    if len(scores[0]) != len(weights_of(days)[0]) or isinstance(scores[0], list):
        return 0.5
    return stats.two_sample_test(*scores, *weights_of(days), statistic="auc").p_value


def test_misreadings_of_p_are_named(days):
    exact = judge(days)
    assert exact.ok
    unweighted = stats.two_sample_test(*scores_of(days), statistic="auc").p_value
    wrong = {
        "is never 0": 0,
        "is never below 0": -0.1,
        "is it a formula's": 9e-11,
        "In percent": 5,
        "That is 1 − p": 0.999,
        "Did the weights go along": unweighted,
        "too large for your scores": 0.3,
        "should be a number": "small",
    }
    assert not not_named(lambda p: judge(days, p=p), wrong)


# ---------------------------------------------------------------- four periods


@pytest.fixture(scope="module")
def events():
    return data.load("higgs_tautau").iloc[::10].reset_index(drop=True)


ORDER = ("tau_energy_scale", None, "swapped_phi", "missing_energy")
RIGHT = dict(zip("ABCD", ORDER, strict=True))


@pytest.fixture(scope="module")
def four(events):
    """Four periods that fared as in `RIGHT`."""
    made = (check.hidden(events, seed) for seed in range(200))
    return next(one for one in made if check.periods(one, my_kinds=RIGHT).ok)


def test_the_right_kinds_are_those_that_were_made(events, four):
    size = len(events) // 4
    for k, (name, kind) in enumerate(RIGHT.items()):
        part = events.iloc[k * size : (k + 1) * size].reset_index(drop=True)
        assert len(four[name]) == size
        changed = {c for c in part if not part[c].equals(four[name][c])}
        assert set(data.DISTORTIONS[kind].columns if kind else ()) >= {
            c for c in changed if c.startswith("PRI_") and c != "PRI_met_sumet"
        }
        assert bool(changed) == (kind is not None)


def test_misreadings_of_periods_are_named(four):
    wrong = {
        "does eta_phi_hole stand out there": RIGHT | {"B": "eta_phi_hole"},
        "Where does the pT of the tau begin": RIGHT | {"A": "missing_energy"},
        "Are the taus as before": RIGHT | {"D": "tau_energy_scale"},
        "look again. No histogram changes": RIGHT | {"C": None},
        "does not look like lepton_pt": RIGHT | {"C": "lepton_pt"},
        "is none of": RIGHT | {"A": "tau"},
        "['swapped_phi'] is none of": RIGHT | {"C": ["swapped_phi"]},
        "keys A, B, C, D": {"A": None},
        "should be a dict": "tau_energy_scale",
    }
    assert not not_named(lambda kinds: check.periods(four, my_kinds=kinds), wrong)
    assert "what check.hidden gave" in check.periods(dict(four), my_kinds=RIGHT).reason


def test_a_series_of_answers_is_as_good_as_a_dict(four):
    with_nan = {k: np.nan if v is None else v for k, v in RIGHT.items()}
    for kinds in (pd.Series(RIGHT), pd.Series(RIGHT, dtype="string"), with_nan):
        assert check.periods(four, my_kinds=kinds).ok


def test_right_rounded_numbers_are_never_taken_for_a_misconception():
    """One p of many: 30 p rounds to what 1 - (1 - p)^30 does."""
    low = {"x": 0.001} | {f"{k}": 0.4 + k / 100 for k in range(29)}
    assert check.trials(low, my_expected=1.5, my_global=0.030).ok


def test_how_many_are_right_is_told(four):
    kinds = RIGHT | {"A": None, "C": None}
    assert "2 of 4 are right" in check.periods(four, my_kinds=kinds).reason


# ---------------------------------------------------------------- the student's own numbers


@pytest.fixture(scope="module")
def worlds():
    """Names that the three cells make, for each seed."""
    names = recipe("anomalies")
    good = names["like_data"](data.load("higgs_tautau"), np.random.default_rng(1))
    names |= {"archive": good[:13_000], "later": good[13_000:]}
    return [drawn_by(drawing_cells("anomalies"), seed, names) for seed in SEEDS]


def test_a_neighbours_trials_do_not_pass(worlds):
    def judge(mine, other):
        p = np.array(list(other.local_p.values()))
        told = {"my_expected": 0.05 * len(p), "my_global": stats.sidak(p.min(), len(p))}
        return check.trials(mine.local_p, **told)

    assert passing(worlds, judge) <= 0.1


def test_a_neighbours_scores_do_not_pass(worlds):
    """The missing momentum is a score, too."""

    def judge(mine, other):
        days = other.my_yesterday[1::2], other.suspect[1::2]
        scores, weights = ([day[n].to_numpy() for day in days] for n in ("PRI_met", "Weight"))
        p = stats.two_sample_test(*scores, *weights, statistic="auc").p_value
        return check.told_apart(
            mine.my_yesterday, mine.suspect,
            my_scores_yesterday=scores[0], my_scores_today=scores[1], my_p=p,
        )  # fmt: skip

    assert passing(worlds, judge) <= 0.1


def test_a_neighbours_kinds_do_not_pass(worlds):
    """What is right for one of 24 arrangements is wrong for the others."""

    def answer(world):
        return next(kinds for kinds in every_arrangement() if judge(world, kinds).ok)

    def judge(world, kinds):
        return check.periods(world.periods, my_kinds=kinds)

    assert passing(worlds, judge, answer) <= 0.1


def every_arrangement():
    return [dict(zip("ABCD", kinds, strict=True)) for kinds in itertools.permutations(ORDER)]


def test_arrangements_are_many(events):
    """Of pairs of seeds, nine in ten or more differ."""
    small = events[:40]
    made = [check.hidden(small, seed) for seed in range(60)]
    known = [
        [check.periods(one, my_kinds=kinds).ok for kinds in every_arrangement()].index(True)
        for one in made
    ]
    pairs = list(itertools.combinations(known, 2))
    assert np.mean([a == b for a, b in pairs]) <= 0.1
