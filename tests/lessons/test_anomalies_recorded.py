"""What is recorded about anomalies: all that the lesson reads, the goals, and one pair again."""

import numpy as np
import pytest

from benchmarks import anomalies as bench
from benchmarks import anomalies_oracle as asked
from hepml import data
from hepml_lessons import recording
from hepml_lessons.recipes import recipe


@pytest.fixture(scope="module")
def recorded():
    return recording("anomalies")


def test_everything_the_lesson_reads_is_there(recorded):
    assert {"command", "versions", "recorded", "data", "method"} <= recorded.keys()
    assert {"classifier", "KS", "KS local", "KS Sidak", "out of fold"} <= recorded["null"].keys()
    for size, names in (
        ("power", {"KS", "classifier", "KS and differences", "classifier and differences"}),
        ("power_few", {"KS", "classifier"}),
    ):
        assert recorded[size].keys() == data.DISTORTIONS.keys()
        for found in recorded[size].values():
            assert names <= found.keys()
            assert all(found[name]["of"] >= 60 for name in names)


def test_the_false_alarm_rate_is_what_was_promised(recorded):
    for name in ("classifier", "KS"):
        assert recorded["null"][name]["of"] >= 500
        assert 0.03 <= recorded["null"][name]["share"] <= 0.07


def test_what_the_lesson_warns_of_is_recorded(recorded):
    null = recorded["null"]
    assert null["out of fold"]["share"] > 0.05 + 3 * null["out of fold"]["error"]
    assert null["KS local"]["share"] > 0.4
    assert null["KS Sidak"]["share"] <= null["KS"]["share"]


def test_sidaks_formula_could_have_rung(recorded):
    """With few permutations no p of thirty is ever small enough."""
    histograms = 30
    least = 1 - (1 - 1 / (bench.MANY + 1)) ** histograms
    assert least < bench.LEVEL / 5
    assert recorded["null"]["KS Sidak"]["share"] > 0


def test_the_swap_is_found_with_the_differences_only(recorded):
    swap = recorded["power"]["swapped_phi"]
    assert swap["classifier and differences"]["share"] >= 0.9
    assert max(swap["KS"]["share"], swap["classifier"]["share"]) < 0.3


def test_the_strengths_are_those_of_the_challenge(recorded):
    assert recorded["strengths"] == {k: one.challenge for k, one in data.DISTORTIONS.items()}


def test_the_challenge_reaches_the_goal(recorded):
    best = recorded["challenge"]["and differences, tau of 0.8 GeV"]
    assert best["AUC"] >= 0.83
    assert best["accuracy"] >= 0.74
    assert recorded["challenge"]["events"] == 80_000


def test_a_share_has_an_error_also_at_its_ends():
    none = bench.share([0.5] * 50)
    assert none["share"] == 0
    assert 0.005 < none["error"] < 0.03
    half = bench.share([0.01, 0.5] * 200)
    assert half["error"] == pytest.approx(0.025, abs=1e-3)


def test_no_event_is_in_both_samples_of_a_pair():
    lesson = recipe(bench.LESSON)
    events = bench.events_of(lesson)
    for kind in ("eta_phi_hole", "swapped_phi"):
        bad = bench.distorted(lesson, events, kind)
        good, other = bench.pair(events, bad, 1500, seed=4)
        assert len(good) == len(other) == 1500
        assert not set(good["EventId"]) & set(other["EventId"])
        again = bench.pair(events, bad, 1500, seed=4)
        assert again[1].equals(other)
        assert not np.array_equal(bench.pair(events, bad, 1500, seed=5)[0].index, good.index)


def test_one_strong_fault_is_found_once_more():
    lesson = recipe(bench.LESSON)
    events = bench.events_of(lesson)
    bad = bench.distorted(lesson, events, "tau_energy_scale")
    pair = bench.pair(events, bad, bench.EVENTS, seed=0)
    found = bench.tested(lesson, *pair, seed=0, differences=False)
    assert found["KS"] <= 0.05
    assert found["classifier"] <= 0.05
    rules = bench.thirty(lesson, *pair, seed=0)
    assert rules["KS local"] <= min(rules["KS"], rules["KS Sidak"])
    assert max(rules.values()) <= 0.05


# ---------------------------------------------------------------- the oracle


@pytest.fixture(scope="module")
def oracle():
    return recording("anomalies-oracle")


def test_the_oracle_was_asked_about_every_fault(oracle, recorded):
    assert oracle["power"].keys() == recorded["power"].keys()
    assert all(oracle[size] == recorded[size] for size in ("events", "few_events", "level"))
    for found in oracle["power"].values():
        for one in found.values():
            assert all(held["of"] >= 80 for held in one.values())


def test_nobody_finds_more_than_the_oracle(oracle, recorded):
    for size, power in (("events", "power"), ("few_events", "power_few")):
        for kind, found in recorded[power].items():
            best = oracle["power"][kind]["oracle"][size]
            for test in ("KS", "classifier"):
                error = np.hypot(best["error"], found[test]["error"])
                assert found[test]["share"] <= best["share"] + 2 * error


def test_the_oracle_rings_no_more_often_than_promised_where_nothing_is_wrong(oracle):
    """Six oracles with each pair of days: together within three errors, pairs being shared."""
    quiet = [found["oracle"]["nothing"] for found in oracle["power"].values()]
    shares = np.array([one["share"] for one in quiet])
    assert abs(shares.mean() - oracle["level"]) < 3 * np.sqrt(0.05 * 0.95 / quiet[0]["of"])


def test_the_swap_is_in_the_features_for_those_who_know_it(oracle, recorded):
    knows = oracle["power"]["swapped_phi"]["oracle"]["events"]["share"]
    assert knows > recorded["power"]["swapped_phi"]["classifier"]["share"] + 0.5


def test_mean_log_odds_are_dealt_anew(rng):
    today = np.repeat([0, 1], 300)
    weights = rng.exponential(1, 600)
    assert asked.p_value(today * 1.0, weights, today, 0) == 1 / (1 + bench.PERMUTATIONS)
    assert asked.p_value(-today * 1.0, weights, today, 0) == 1
    quiet = [asked.p_value(rng.normal(size=600), weights, today, seed) for seed in range(40)]
    assert 0.3 < np.mean(quiet) < 0.7
