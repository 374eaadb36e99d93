"""A sample made once more from its card, and compared with the files that are there."""

import tempfile
from pathlib import Path

import numpy as np

from hepml.data._cards import card_of
from hepml.data._content import columns_of
from hepml.data._errors import DataError
from hepml.data._generate import generate
from hepml.data.recipes import get

__all__ = ["compared"]

FLOAT32_ROUNDING = 1e-6  # relative: libraries differ in a double's last bit, which may round up


def compared(files):
    """Make samples once more, and compare every value of their files.

    Parameters
    ----------
    files : list of pathlib.Path
        Of one sample or several, each beside its card.

    Raises
    ------
    DataError
        Naming the first column that differs; or if a sample takes a generator hours.
    """
    cards = {}
    for file in files:
        found = card_of(file)
        cards.setdefault(found.name, (found, []))[1].append(file)
    for found, own in cards.values():
        _compare(found, own)


def _compare(found, files):
    record = found.record
    if "pythia8mc" in get(found.name).packages:
        message = (
            f"{found.name} takes Pythia hours: repeat the command on its card and compare "
            "content_sha256"
        )
        raise DataError(message)
    with tempfile.TemporaryDirectory(prefix="hepml-") as fresh:
        generate(found.name, record["requested"], record["seed"], fresh)
        for file in files:
            _compare_file(file.name, columns_of(file), columns_of(Path(fresh) / file.name))


def _compare_file(file, ours, theirs):
    for name, values in ours.items():
        if not np.allclose(values, theirs[name], rtol=FLOAT32_ROUNDING, atol=FLOAT32_ROUNDING):
            raise DataError(f"{file}: {name} differs from what its recipe makes again")
