"""What the lessons need and a wheel does not bring: checks, recorded results, recipes."""

from hepml_lessons._recording import recording

__all__ = ["recording"]
