"""What the claims of each lesson rest on: values with which they hold, and with which they do not.

One module per lesson, with ``CLAIMS``, a list of :class:`Claim`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


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
