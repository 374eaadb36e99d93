"""Whether the answers of one student would pass for another, whose numbers are other ones."""

import itertools
from types import SimpleNamespace

import jupytext
import numpy as np

from hepml_lessons.recipes import TEXTS

SEEDS = range(42, 49)  # 42 ordered pairs


def passing(worlds, judge, answer=lambda world: world):
    """Share of ordered pairs of worlds in which the right answer of one is not refused by another.

    Parameters
    ----------
    worlds : iterable
        What an exercise is about, for each student.
    judge : callable
        From a world and an answer to the check's verdict.
    answer : callable
        From a world to what is right there.
    """
    worlds = list(worlds)
    answers = [answer(world) for world in worlds]
    assert all(judge(world, own).ok for world, own in zip(worlds, answers, strict=True))
    pairs = list(itertools.permutations(range(len(worlds)), 2))
    assert len(pairs) >= 20
    return np.mean([judge(worlds[mine], answers[other]).ok is not False for mine, other in pairs])


def passing_on_the_bench(exercise, seeds=range(42, 54)):
    """Tell the same with worlds, and the first right approach, of `benchmarks.checks`."""
    approach = next(iter(exercise.right.values()))
    return passing([exercise.world(seed) for seed in seeds], exercise.judge, approach)


def drawing_cells(lesson):
    """List sources of the cells that draw the worlds of a lesson's three exercises."""
    cells = jupytext.read(TEXTS / f"{lesson}.md").cells
    return [cell.source for cell in cells if "default_rng([own_seed(), " in cell.source]


def worlds_of(lesson, number, seeds=SEEDS, **given):
    """Draw an exercise for each seed by the cell of the lesson, which needs the given names."""
    return [drawn_by(drawing_cells(lesson)[number - 1 : number], seed, given) for seed in seeds]


def drawn_by(cells, seed, given):
    """Names that cells make for one seed."""
    names = {"np": np, **given, "own_seed": lambda: seed}
    for cell in cells:
        exec(cell, names)  # noqa: S102 - our own text
    return SimpleNamespace(**names)
