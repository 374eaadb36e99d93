"""The student's own copy of the lessons, and what can be handed out of them."""

from hepml_lessons.copy._clean import clean
from hepml_lessons.copy._export import export
from hepml_lessons.copy._own import CopyError, Step, folder, names, reset, state, update

__all__ = ["CopyError", "Step", "clean", "export", "folder", "names", "reset", "state", "update"]
