"""What the claims of each lesson rest on: values with which they hold, and with which they do not.

One module per lesson, with ``CLAIMS``, a list of :class:`Claim`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Claim:
    """A cell whose printed statements are compared with the saved ones.

    Parameters
    ----------
    words : str
        Words of the cell's source that no other such cell has.
    holds : callable
        Makes the names that the cell uses, with values like those of the lesson.
    broken : dict of str to callable
        What is wrong with nature, and a function that makes the names as they would be then.
        Together they change every line that the cell prints.
    """

    words: str
    holds: Callable[[], dict[str, Any]]
    broken: dict[str, Callable[[], dict[str, Any]]]


def claim(words, make, worlds):
    """Make a claim from one function.

    With its defaults, ``make`` makes values like those of the lesson; ``worlds`` says what differs
    where the statement is not so.
    """
    return Claim(words, make, {name: partial(make, **world) for name, world in worlds.items()})


def curve(auc, auc_error=0.003, **more):
    """Stand in for a ROC curve, as far as the cells look at it."""
    return SimpleNamespace(auc=auc, auc_error=auc_error, **more)


class Unshuffled:
    """A generator of random numbers that leaves labels, or rows, where they are."""

    def __init__(self):
        self.rng = np.random.default_rng(3)

    def permutation(self, values):
        return np.arange(values) if np.isscalar(values) else values

    def __getattr__(self, name):
        return getattr(self.rng, name)
