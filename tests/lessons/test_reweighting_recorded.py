"""What is recorded about reweighting: all that the lesson reads, and one seed once more."""

import pytest

from benchmarks import reweighting as peers
from benchmarks import reweighting_doctor as doctor
from hepml_lessons import recording
from hepml_lessons.recipes import recipe

CASES = {
    "good": "good",
    "disjoint support": "support",
    "over-fitted": "over-fitted",
    "feature left out": "closure",
}


@pytest.fixture(scope="module")
def recorded():
    return recording("reweighting-doctor")


def test_everything_the_lesson_reads_is_there(recorded):
    assert {"command", "versions", "recorded", "data", "method", "seeds"} <= recorded.keys()
    assert {name: held["expected"] for name, held in recorded["cases"].items()} == CASES
    for held in recorded["cases"].values():
        for key in ("causes", "auc", "auc_error", "effective_share"):
            assert len(held[key]) == recorded["seeds"]


def test_the_doctor_is_right_for_all_seeds(recorded):
    assert recorded["seeds"] == doctor.SEEDS
    assert {held["right"] for held in recorded["cases"].values()} == {doctor.SEEDS}


def test_right_is_counted_from_what_was_said(recorded):
    for name, held in recorded["cases"].items():
        first = [causes[0] if causes else "good" for causes in held["causes"]]
        assert held["right"] == first.count(CASES[name])


def test_good_weights_reach_the_goal_for_all_seeds(recorded):
    good = recorded["cases"]["good"]
    assert max(good["auc"]) <= 0.51 + 2 * max(good["auc_error"])
    assert sum(good["auc"]) / recorded["seeds"] <= 0.51
    assert min(good["effective_share"]) >= 0.4
    for name in set(CASES) - {"good"}:
        broken = recorded["cases"][name]["auc"]
        assert sum(broken) / len(broken) > max(good["auc"])


def test_one_seed_says_the_same_again(recorded):
    lesson = recipe(doctor.LESSON)
    found = doctor.one_seed(lesson, doctor.samples(lesson), seed=doctor.FIRST + 3)
    for name, one in found.items():
        held = recorded["cases"][name]
        assert one["right"]
        assert one["causes"][:1] == held["causes"][3][:1]
        assert one["auc"] == pytest.approx(held["auc"][3], abs=3 * held["auc_error"][3])


@pytest.fixture(scope="module")
def race():
    return recording("reweighting-hep-ml")


def test_everything_the_lesson_reads_of_the_race_is_there(race):
    assert {"command", "versions", "recorded", "data", "method", "times_ours"} <= race.keys()
    assert list(race["methods"]) == [peers.OURS, peers.THEIRS]
    for held in race["methods"].values():
        assert len(held["auc"]) == len(held["effective_share"]) == peers.CLOSURES


def test_a_split_of_the_race_says_the_same_again(race):
    lesson = recipe(doctor.LESSON)
    found = doctor.judged(lesson, doctor.split(doctor.samples(lesson)[:2], 0), lesson["trees"], 0)
    held = race["methods"][peers.OURS]
    assert found.auc == pytest.approx(held["auc"][0], abs=3 * found.auc_error)
    assert found.effective_share == pytest.approx(held["effective_share"][0], abs=0.02)
