"""Tries at an exercise: hints that grow with them, and the answer for who asks after some."""

import functools
import hashlib
import pickle
from dataclasses import replace

from hepml_lessons.checks._verdict import Verdict
from hepml_widgets.core.language import later, tr

__all__ = ["HONEST", "exercise"]

HONEST = 3
"""Wrong answers, each other than those before, after which the answer may be asked for."""
OPEN = later("There are many right ones. One is folded behind “Show a solution”, below the check.")


def exercise(*hints):
    """Make a check remember the tries of this session, and give hints from the second one on.

    The check gets a function ``answer``, which tells the answer after `HONEST` tries, and
    ``forget``, which begins anew.

    Parameters
    ----------
    *hints : str
        From the first step to all but the answer.

    Returns
    -------
    callable
        Decorator of a function that returns a `Verdict`.
    """

    def decorated(check):
        tries, last = [], []

        @functools.wraps(check)
        def judged(*given, **answers):
            verdict = check(*given, **answers)
            if verdict.ok is not False or not verdict.is_try:
                return verdict
            if (mark := _mark(given, answers)) not in tries:
                tries.append(mark)
            last[:] = [verdict]
            asks = tr("To see the answer: {call}", call=f"check.{check.__name__}.answer()")
            due = hints[: len(tries) - 1]
            return replace(verdict, hints=due, ask=asks if len(tries) >= HONEST else "")

        def answer():
            """Tell the answer, to who has tried."""
            if len(tries) < HONEST:
                left = HONEST - len(tries)
                if left == 1:
                    return Verdict(None, tr("1 more try first, each another answer."))
                return Verdict(None, tr("{n} more tries first, each another answer.", n=left))
            told = last[0].answer or OPEN
            return Verdict(None, told, answer=told)

        def forget():
            """Begin anew, as in a fresh kernel."""
            tries.clear()
            last.clear()

        judged.answer, judged.forget, judged.hints = answer, forget, hints
        return judged

    return decorated


def _mark(given, answers):
    """Hash by which the same answers are known again; a function is known by itself."""
    told = given, sorted(answers.items())
    try:
        content = pickle.dumps(told)
    except (pickle.PicklingError, AttributeError, TypeError):
        content = repr(told).encode()
    return hashlib.sha256(content).hexdigest()
