"""The answer of a check cell."""

import html
import numbers
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from hepml_widgets.core.language import later, tr

__all__ = [
    "THREE_DIGITS",
    "Verdict",
    "agree",
    "by_chance",
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

MILLION = 10**6
THREE_DIGITS = 6e-4
"""How far an AUC may be off that was rounded to three digits."""


CARD = (
    "border-left:4px solid {edge};background:{tint};padding:.45em .9em;margin:.3em 0;"
    "max-width:48em;border-radius:0 4px 4px 0"
)
SIGN = (
    "display:inline-block;width:1.35em;height:1.35em;line-height:1.35em;border-radius:50%;"
    "text-align:center;font-weight:bold;color:#fff;background:{edge};margin-right:.6em"
)
UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"
FACES = {  # sign, colour of sign and edge (white on it has a contrast of 4.5 or more), spoken words
    True: ("✔", "#1a7f37", "rgba(26,127,55,.09)", later("Right.")),
    False: ("✘", "#b35900", "rgba(179,89,0,.09)", later("Not right yet.")),
    None: ("…", "#59636e", "rgba(89,99,110,.09)", later("Not answered yet.")),
    "told": ("i", "#59636e", "rgba(89,99,110,.09)", later("The answer.")),
}


@dataclass(frozen=True)
class Verdict:
    """What a check found: ``ok`` is True, False, or None where nothing was answered yet.

    Attributes
    ----------
    ok : bool or None
    reason : str
        The misconception if one is recognised, else a direction; and where chance plays a part,
        how sure the check is.
    answer : str
        What is told on request, after some tries.
    is_try : bool
        Whether somebody who gave this answer tried: what is no number at all is a slip.
    hints : tuple of str
        As many as the tries deserve.
    ask : str
        How the answer is asked for, where that is due.
    """

    ok: bool | None
    reason: str
    answer: str = ""
    is_try: bool = True
    hints: tuple = ()
    ask: str = ""

    @property
    def face(self):
        """What tells it from other verdicts at a glance; that of an answer told is its own."""
        return FACES["told" if self.ok is None and self.answer else self.ok]

    @property
    def lines(self):
        """All that is said, in order."""
        hints = [tr("Hint: {hint}", hint=tr(hint)) for hint in self.hints]
        return [line for line in (tr(self.reason), *hints, self.ask) if line]

    def __repr__(self):
        first, *others = self.lines
        return "\n  ".join([f"{self.face[0]} {first}", *others])

    def _repr_html_(self):
        sign, edge, tint, spoken = self.face
        first, *others = (html.escape(line, quote=False) for line in self.lines)
        return (
            f'<div role="status" style="{CARD.format(edge=edge, tint=tint)}">'
            f'<span aria-hidden="true" style="{SIGN.format(edge=edge)}">{sign}</span>'
            f'<span style="{UNSEEN}">{tr(spoken)} </span>{first}'
            + "".join(f'<div style="margin-top:.35em">{line}</div>' for line in others)
            + "</div>"
        )


def by_chance(off, error):
    """Say how sure a check is of an answer that is not what it should be.

    Parameters
    ----------
    off, error : float
        How far it is off, and the statistical error of that.

    Returns
    -------
    str
        In powers of ten: from more the answer could be computed.
    """
    p = 2 * float(ndtr(-abs(off) / error)) if error > 0 else 0.0
    if p > 1e-2:
        return tr("Not sure: chance alone does this more than once in 100 times. Try another seed.")
    times = 10 ** int(min(-np.log10(max(p, 1e-9)), 6))
    n = f"{times:,}".replace(",", " ")
    if times == MILLION:
        return tr("Sure: chance alone does this less than once in {n} times.", n=n)
    return tr("Quite sure: chance alone does this less than once in {n} times.", n=n)


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
    names = f"{', '.join(others)}{tr(' and ')}{last}" if others else last
    return Verdict(None, tr("Fill in {names} above, then run this cell again.", names=names))


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
    said = next(hits, None)
    return said and tr(said)


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
    return said and tr(said) if off[said] < tolerance else None


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
    hits = (
        said and tr(said) for said, value in misconceptions.items() if is_rounding(given, value)
    )
    return next(hits, tr(otherwise, side=side(given, wanted)))


def side(given, wanted):
    """Whether a number is too small or too large, in a word."""
    return tr("large") if given > wanted else tr("small")


def _slip(reason):
    return Verdict(False, reason, is_try=False)


def no_number(**answers):
    """Verdict on the first answer that is not a finite number; None if all are."""
    for name, value in answers.items():
        if not isinstance(value, numbers.Real) or not np.isfinite(value):
            if isinstance(value, numbers.Real) and np.isinf(value):
                return _slip(tr("{name} is infinite: was something divided by zero?", name=name))
            return _slip(
                tr("{name} should be a number, not {value}.", name=name, value=f"{value!r:.40}")
            )
        # Misreadings lead a little beyond 1, per cent far.
        if name.endswith("auc") and abs(value) > 10:
            return _slip(tr("{name} should be an AUC, between 0 and 1.", name=name))
    return None


COUNTED = {
    "weights": later("weights"),
    "masses": later("masses"),
    "quantity": later("numbers, one per jet"),
}


def _counted(name):
    """Say what an array holds, as its name in a lesson tells."""
    return tr(next((what for part, what in COUNTED.items() if part in name), later("scores")))


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
        what = _counted(name)
        shape = shape_of(score)
        if shape is None:
            return _slip(
                tr(
                    "{name} should hold {n} {what}, each one number.",
                    name=name,
                    n=length,
                    what=what,
                )
            )
        if len(shape) == 2 and shape[1] == 2:
            return _slip(
                tr("{name} has two columns, one per class: take the second, [:, 1].", name=name)
            )
        if shape != (length,):
            return _slip(
                tr(
                    "{name} should hold {n} {what}; its shape is {shape}.",
                    name=name,
                    n=length,
                    what=what,
                    shape=shape,
                )
            )
        values = np.asarray(score)
        if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
            return _slip(tr("{name} should hold finite numbers only.", name=name))
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
