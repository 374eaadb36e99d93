"""How often the checks of the exercises refuse what is right, and accept what is wrong.

    python -m benchmarks.checks [LESSON ...] [--seeds 60]

takes each exercise through ten or more right approaches and ten or more wrong ones (other
libraries, conventions, roundings, misconceptions; ``benchmarks/approaches``), each on as many
worlds as there are seeds, and records what the check said in ``hepml_lessons/recorded``.
"""

import argparse
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cells import say
from hepml_lessons.recipes import record

LESSONS = sorted(path.stem for path in Path(__file__).with_name("approaches").glob("[a-z]*.py"))
SEEDS = 60
RIGHT_REFUSED, WRONG_ACCEPTED, WRONG_MISNAMED = 0.02, 0.05, 0.05
"""Largest shares that are wanted."""


@dataclass(frozen=True)
class Exercise:
    """An exercise of a lesson, and the ways in which it is answered.

    Parameters
    ----------
    check : str
        Name of the check, such as ``"true_auc"``.
    world : callable
        From a seed to what all answers share (events, splits, trained models); called once per
        seed.
    judge : callable
        From the world and an answer to the check's verdict.
    right : dict of str to callable
        What the approach is, and a function from the world to its answer.
    wrong : dict of str to (str, callable)
        The same, with words of the sentence that names the misconception.
    """

    check: str
    world: Callable[[int], Any]
    judge: Callable[[Any, Any], Any]
    right: dict[str, Callable[[Any], Any]]
    wrong: dict[str, tuple[str, Callable[[Any], Any]]]


def exercises(lesson):
    """All exercises of a lesson."""
    return importlib.import_module(f"benchmarks.approaches.{lesson}").EXERCISES


def measure(exercise, seeds):
    """Put every approach of every seed to the check.

    Returns
    -------
    dict
        ``"right"``: for each approach how often it was tried and ``refused``; ``"wrong"``: how
        often it was ``accepted``, and ``misnamed``: refused for another reason. With the first
        sentence that should not have been.
    """
    right = {name: {"tried": 0, "refused": 0} for name in exercise.right}
    wrong = {name: {"tried": 0, "accepted": 0, "misnamed": 0} for name in exercise.wrong}
    for seed in seeds:
        world = exercise.world(seed)
        for name, approach in exercise.right.items():
            verdict = exercise.judge(world, approach(world))
            count(right[name], verdict, refused=verdict.ok is not True)
        for name, (words, approach) in exercise.wrong.items():
            verdict = exercise.judge(world, approach(world))
            accepted = verdict.ok is not False
            misnamed = not accepted and words not in verdict.reason
            count(wrong[name], verdict, accepted=accepted, misnamed=misnamed)
    return {"right": right, "wrong": wrong}


def count(held, verdict, **found):
    """Add one try; keep the first sentence that should not have been."""
    held["tried"] += 1
    for what, happened in found.items():
        held[what] += bool(happened)
        if happened:
            held.setdefault("said", verdict.reason)


def rates(measured):
    """Shares of right approaches refused, of wrong ones accepted, and of wrong ones misnamed."""

    def share(kind, what):
        held = measured[kind].values()
        return sum(one[what] for one in held) / sum(one["tried"] for one in held)

    return {
        "refused": share("right", "refused"),
        "accepted": share("wrong", "accepted"),
        "misnamed": share("wrong", "misnamed"),
    }


def bench(lesson, seeds):
    """Measure all exercises of a lesson, and record them."""
    found = {}
    for exercise in exercises(lesson):
        found[exercise.check] = measure(exercise, range(seeds))
        shares = {what: f"{share:.1%}" for what, share in rates(found[exercise.check]).items()}
        say(lesson, exercise.check, shares)
    record(
        f"checks-{lesson.replace('_', '-')}",
        {"seeds": seeds, "checks": found},
        command=f"python -m benchmarks.checks {lesson} --seeds {seeds}",
        data="made for each seed by benchmarks/approaches",
        method="each approach on a world of each seed, and what the check of the exercise said",
        packages=("numpy", "scipy", "scikit-learn"),
    )


def main():
    """Measure the lessons that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", default=LESSONS, metavar="LESSON")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    given = parser.parse_args()
    if unknown := set(given.lessons) - set(LESSONS):
        parser.error(f"no approaches for {', '.join(sorted(unknown))}; there are {LESSONS}")
    for lesson in given.lessons:
        bench(lesson, given.seeds)


if __name__ == "__main__":
    main()
