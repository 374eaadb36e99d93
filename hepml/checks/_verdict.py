"""The answer of a check cell."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Verdict", "agree", "first_that_agrees", "missing"]


@dataclass(frozen=True)
class Verdict:
    """What a check found: ``ok`` is True, False, or None where nothing was answered yet."""

    ok: bool | None
    reason: str

    def __repr__(self):
        mark = {True: "✔", False: "✘", None: "…"}[self.ok]
        return f"{mark} {self.reason}"


def missing(**answers):
    """Verdict that lists the answers still to be given; None if all are there.

    Parameters
    ----------
    **answers : object
        Each answer under the name it has in the lesson; None and ``...`` count as not given.
    """
    absent = [name for name, value in answers.items() if value is None or value is ...]
    if not absent:
        return None
    *others, last = absent
    named = f"{', '.join(others)} and {last}" if others else last
    return Verdict(None, f"Fill in {named} above, then run this cell again.")


def agree(given, wanted, tolerance=0.01):
    """Whether two numbers agree within a relative tolerance (default 1 %)."""
    return bool(np.isclose(given, wanted, rtol=tolerance, atol=0))


def first_that_agrees(given, misconceptions, tolerance=0.01):
    """Sentence of the first misconception whose number was given, or None.

    Parameters
    ----------
    given : float
    misconceptions : dict of str to float
        What to say, and the number one gets when one thinks so.
    tolerance : float
        Relative tolerance.
    """
    hits = (said for said, value in misconceptions.items() if agree(given, value, tolerance))
    return next(hits, None)
