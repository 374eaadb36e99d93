"""What the lessons need and a wheel does not bring: checks, recorded results, recipes."""

from hepml_lessons._recording import recording
from hepml_lessons._seed import own_seed

__all__ = ["own_seed", "recording"]
