"""A neighbour's answers do not pass, in exercises whose worlds the benches draw as lessons do."""

import pytest

from benchmarks.approaches import best_classifier, reweighting, trust_a_score
from hepml_lessons import pace
from hepml_lessons.recipes import TEXTS
from tests.checks.neighbours import drawing_cells, passing_on_the_bench

EXERCISES = [*best_classifier.EXERCISES, *reweighting.EXERCISES, *trust_a_score.EXERCISES]
DIVIDED = [path.stem for path in sorted(TEXTS.glob("*.md")) if pace.is_divided(path.read_text())]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: one.check)
def test_the_answers_of_a_neighbour_do_not_pass(exercise):
    assert passing_on_the_bench(exercise) <= 0.1


@pytest.mark.parametrize("lesson", DIVIDED)
def test_three_cells_draw_worlds(lesson):
    assert len(drawing_cells(lesson)) == 3
