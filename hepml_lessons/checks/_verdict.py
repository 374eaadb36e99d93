"""The answer of a check cell."""

import numbers
from dataclasses import dataclass

import numpy as np

__all__ = [
    "THREE_DIGITS",
    "Verdict",
    "agree",
    "first_that_agrees",
    "floats",
    "is_rounding",
    "missing",
    "nearest",
    "no_number",
    "no_scores",
    "shape_of",
    "side",
    "why_differs",
]

THREE_DIGITS = 6e-4
"""How far an AUC may be off that was rounded to three digits."""


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


def is_rounding(given, wanted, digits=2):
    """Whether a number is another one, rounded to so many significant digits or more."""
    rounded = (float(f"{wanted:.{kept - 1}e}") for kept in range(digits, 9))
    return agree(given, wanted, 1e-3) or any(agree(given, value, 1e-6) for value in rounded)


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


def nearest(given, misconceptions, tolerance):
    """Sentence of the misconception whose number is nearest, or None if none is near.

    Parameters
    ----------
    given : float
    misconceptions : dict of str to float
        As of `first_that_agrees`.
    tolerance : float
        Absolute tolerance.
    """
    off = {said: abs(given - value) for said, value in misconceptions.items()}
    said = min(off, key=off.get)
    return said if off[said] < tolerance else None


def why_differs(given, wanted, misconceptions, otherwise):
    """Sentence on a number that is neither the one wanted nor that rounded, or None.

    Parameters
    ----------
    given, wanted : float
    misconceptions : dict of str to float
        As of `first_that_agrees`.
    otherwise : str
        What to say where no misconception is known; ``{side}`` becomes small or large.
    """
    if is_rounding(given, wanted):
        return None
    hits = (said for said, value in misconceptions.items() if is_rounding(given, value))
    return next(hits, otherwise.format(side=side(given, wanted)))


def side(given, wanted):
    """Whether a number is too small or too large, in a word."""
    return "large" if given > wanted else "small"


def no_number(**answers):
    """Verdict on the first answer that is not a finite number; None if all are."""
    for name, value in answers.items():
        if not isinstance(value, numbers.Real) or not np.isfinite(value):
            if isinstance(value, numbers.Real) and np.isinf(value):
                return Verdict(False, f"{name} is infinite: was something divided by zero?")
            return Verdict(False, f"{name} should be a number, not {value!r:.40}.")
        # Misreadings lead a little beyond 1, per cent far.
        if name.endswith("auc") and abs(value) > 10:
            return Verdict(False, f"{name} should be an AUC, between 0 and 1.")
    return None


def no_scores(events, **scores):
    """Verdict on the first answer that is not one finite number per event; None if all are.

    Parameters
    ----------
    events : sequence of int
        Number of events that each score belongs to.
    **scores : object
        Each array of scores under the name it has in the lesson.
    """
    for length, (name, score) in zip(events, scores.items(), strict=True):
        what = next((each for each in ("weights", "masses") if each in name), "scores")
        shape = shape_of(score)
        if shape is None:
            return Verdict(False, f"{name} should hold {length} {what}, each one number.")
        if len(shape) == 2 and shape[1] == 2:
            return Verdict(
                False, f"{name} has two columns, one per class: take the second, [:, 1]."
            )
        if shape != (length,):
            return Verdict(False, f"{name} should hold {length} {what}; its shape is {shape}.")
        values = np.asarray(score)
        if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
            return Verdict(False, f"{name} should hold finite numbers only.")
    return None


def floats(values):
    """Array of floats of what holds real numbers and nothing else, text of numbers neither."""
    if shape_of(values) is None:
        return None
    values = np.asarray(values)
    return values.astype(float) if values.dtype.kind in "biuf" else None


def shape_of(values):
    """Shape of an array or list; None for lists of differing lengths."""
    try:
        return np.shape(values)
    except ValueError:
        return None
