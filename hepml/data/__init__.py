"""Samples: load the bundled ones, generate more of them, read your own files.

Importing this is cheap: pandas, uproot, Pythia and FastJet are imported by what needs them.
"""

from hepml.data._convert import convert
from hepml.data._cuts import col
from hepml.data._derived import derived_features
from hepml.data._distort import DISTORTIONS, distort
from hepml.data._errors import DataError, LeftOutWarning
from hepml.data._generate import generate
from hepml.data._padded import padded
from hepml.data._read import chunks, read
from hepml.data._samples import Card, card, load, names, path, verify

__all__ = [
    "Card",
    "DataError",
    "LeftOutWarning",
    "card",
    "generate",
    "load",
    "names",
    "path",
    "read",
]
__all__ += ["verify"]
__all__ += ["DISTORTIONS", "chunks", "col", "convert", "derived_features", "distort", "padded"]

FORMER = {"skew": "distort", "SKEWS": "DISTORTIONS"}  # names of 0.1.0


def __getattr__(name):
    """Know the names that were, and say which they are now."""
    if name not in FORMER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import warnings  # noqa: PLC0415

    said = f"hepml.data.{name} is called {FORMER[name]} now"
    warnings.warn(said, DeprecationWarning, stacklevel=2)
    return globals()[FORMER[name]]
