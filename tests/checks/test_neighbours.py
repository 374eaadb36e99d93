"""A neighbour's answers do not pass, in exercises whose worlds the benches draw as lessons do."""

import pytest

from benchmarks.approaches import best_classifier, reweighting, trust_a_score
from tests.checks.neighbours import drawing_cells, passing_on_the_bench
from tests.lessons.test_prose import IS_DIVIDED

EXERCISES = [*best_classifier.EXERCISES, *reweighting.EXERCISES, *trust_a_score.EXERCISES]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.check)
def test_the_answers_of_a_neighbour_do_not_pass(exercise):
    assert passing_on_the_bench(exercise) <= 0.1


@pytest.mark.parametrize("lesson", [name for name, is_so in IS_DIVIDED.items() if is_so])
def test_three_cells_draw_worlds(lesson):
    assert len(drawing_cells(lesson)) == 3
