import json
import os
from pathlib import Path

__all__ = ["own_seed"]

RECORD = Path(".hepml-lessons.json")  # where the student's copy lies, which notes it
EVERYBODYS = 42


def own_seed():
    """Seed of the numbers in your exercises, which are other ones than your neighbour's.

    It is drawn once, when your copy of the lessons is made, and kept beside it. The variable
    ``HEPML_SEED`` names another. A lesson that is nobody's copy, such as the book's, takes 42.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If HEPML_SEED is no whole number from 0 on.
    """
    if given := os.environ.get("HEPML_SEED"):
        if not given.isdecimal():
            raise ValueError(f"HEPML_SEED should be a whole number from 0 on, not {given!r}")
        return int(given)
    try:
        return int(json.loads(RECORD.read_text(encoding="utf-8"))["seed"])
    except (OSError, ValueError, LookupError, TypeError):
        return EVERYBODYS
