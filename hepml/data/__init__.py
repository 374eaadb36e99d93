"""Samples: load the bundled ones, generate more of them, read your own files.

Importing this is cheap: pandas, uproot, Pythia and FastJet are imported by what needs them.
"""

from hepml.data._convert import convert
from hepml.data._cuts import col
from hepml.data._derived import derived_features
from hepml.data._errors import DataError, LeftOutWarning
from hepml.data._generate import generate
from hepml.data._padded import padded
from hepml.data._read import chunks, read
from hepml.data._samples import Card, card, load, names, path, verify
from hepml.data._skew import SKEWS, skew

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
__all__ += ["SKEWS", "chunks", "col", "convert", "derived_features", "padded", "skew"]
