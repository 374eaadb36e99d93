"""What the check cells of the lessons call: one module per lesson.

A check tests the physics of an answer with a tolerance, and when the answer is off it compares
it with what each known misconception would have given, so that it can name the one at work.
"""

from pathlib import Path

from hepml_lessons.checks._verdict import Verdict
from hepml_widgets.core.language import add_texts

__all__ = ["Verdict"]

add_texts(Path(__file__).parents[1] / "languages")
