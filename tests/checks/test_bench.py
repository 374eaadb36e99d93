"""Every check is put to the test by ten right and ten wrong approaches or more."""

import importlib
import inspect
import itertools

import numpy as np
import pytest

import hepml_lessons.checks
from benchmarks import checks as bench
from hepml_lessons import recording
from hepml_lessons.checks._verdict import Verdict

SEEDS = 2
ALL = [(lesson, exercise) for lesson in bench.LESSONS for exercise in bench.exercises(lesson)]


def named(case):
    return f"{case[0]}.{case[1].check}"


@pytest.mark.parametrize("case", ALL, ids=named)
def test_a_check_accepts_what_is_right_and_names_what_is_wrong(case):
    """On a few worlds; the shares over sixty are recorded."""
    exercise = case[1]
    assert min(len(exercise.right), len(exercise.wrong)) >= 10
    measured = bench.measure(exercise, range(100, 100 + SEEDS))
    shares = bench.rates(measured)
    assert shares["refused"] <= 1 / (SEEDS * len(exercise.right)), measured["right"]
    assert shares["accepted"] <= 0.05 + 1 / (SEEDS * len(exercise.wrong)), measured["wrong"]


class Odd:
    """What no exercise asks for."""


ODD = {
    "text": "abc",
    "letters": list("abcdefg"),
    "a number as text": "0.9",
    "a dict": {"a": 1},
    "a set": {1, 2},
    "ragged": [[1], [1, 2]],
    "None among numbers": [None, 1.0],
    "objects": np.array([1, "a", None], dtype=object),
    "no rows": np.empty((0, 3)),
    "no entries": [],
    "text in rows": np.array([["a", "b"]]),
    "NaN": np.nan,
    "below all": -np.inf,
    "complex": 1j,
    "a function": len,
    "an object": Odd(),
}


@pytest.mark.parametrize("case", ALL, ids=named)
def test_odd_answers_are_refused_in_a_sentence(case):
    exercise = case[1]
    world = exercise.world(0)
    right = next(iter(exercise.right.values()))(world)
    answers = right if isinstance(right, tuple) else (right,)
    for place, odd in itertools.product(range(len(answers)), ODD.values()):
        given = (*answers[:place], odd, *answers[place + 1 :])
        verdict = exercise.judge(world, given if isinstance(right, tuple) else odd)
        assert isinstance(verdict, Verdict)
        assert not verdict.ok, (place, odd, verdict)


@pytest.mark.parametrize("lesson", bench.LESSONS)
def test_the_recorded_shares_are_small_and_of_these_approaches(lesson):
    found = recording(f"checks-{lesson.replace('_', '-')}")
    assert found["seeds"] >= bench.SEEDS
    assert set(found["checks"]) == {exercise.check for exercise in bench.exercises(lesson)}
    for exercise in bench.exercises(lesson):
        held = found["checks"][exercise.check]
        assert set(held["right"]) == set(exercise.right)
        assert set(held["wrong"]) == set(exercise.wrong)
        shares = bench.rates(held)
        assert shares["refused"] <= bench.RIGHT_REFUSED
        assert shares["accepted"] <= bench.WRONG_ACCEPTED
        assert shares["misnamed"] <= bench.WRONG_MISNAMED


@pytest.mark.parametrize("lesson", bench.LESSONS)
def test_no_check_is_left_out(lesson):
    module = importlib.import_module(f"hepml_lessons.checks.{lesson}")
    judges = {
        name
        for name in module.__all__
        if "Verdict" in (inspect.getdoc(getattr(module, name)) or "")
    }
    assert judges == {exercise.check for exercise in bench.exercises(lesson)}


def test_every_lesson_with_checks_has_approaches():
    folder = next(iter(hepml_lessons.checks.__path__))
    lessons = {path.stem for path in bench.Path(folder).glob("[a-z]*.py")}
    assert lessons == set(bench.LESSONS)
