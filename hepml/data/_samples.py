"""Samples: the bundled ones by name, published sets, generated ones by folder or file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hepml.data import published
from hepml.data._cards import Card, card_of, card_path
from hepml.data._content import TREE, check_file
from hepml.data._errors import DataError, nearest, reporting
from hepml.data._read import read
from hepml.data._remake import compared
from hepml.data._verify import verified
from hepml.data.recipes import NAMES

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import pandas as pd

    from hepml.data.published import PublishedCard

__all__ = ["Card", "card", "load", "names", "path", "verify"]

SOURCES = ("bundled", "open")
FOLDER = Path(__file__).resolve().parents[2] / "samples"  # of a clone


def names() -> tuple[str, ...]:
    """Names of the samples, as `load` takes them.

    Returns
    -------
    tuple of str
    """
    return NAMES


def _known(name):
    if name not in NAMES:
        message = f"there is no sample {name!r}; {nearest(name, (*NAMES, *published.names()))}"
        raise DataError(message)
    return name


def path(name: str) -> Path:
    """File of a bundled sample.

    Parameters
    ----------
    name : str

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DataError
        If there is no such sample, or this installation came without its file.
    """
    file = FOLDER / f"{_known(name)}.root"
    if not file.is_file():
        again = f"hepml data generate {name} --events 10000 --seed 1 --out FOLDER"
        message = f"there is no file of {name!r} here: work in the repository, or make it: {again}"
        raise DataError(message)
    return file


def card(name: str | os.PathLike[str]) -> Card | PublishedCard:
    """Card of a sample: generator, settings, cuts, cross-sections, columns, limits.

    Parameters
    ----------
    name : str or path-like
        A bundled sample, a published set, or the folder, file or card of a generated sample.

    Returns
    -------
    Card or PublishedCard

    Raises
    ------
    DataError
        If there is no such sample or card, or it cannot be understood.
    """
    if name in published.names():
        return published.card(name)
    with reporting(name, "read"):
        return card_of(path(name) if _is_name(name) else name)


def _is_name(what):
    """Whether a sample's name is meant rather than a place on disk."""
    return str(what) in NAMES or not Path(what).expanduser().exists()


def load(
    name: str, columns: str | Sequence[str] | None = None, *, source: str = "bundled"
) -> pd.DataFrame:
    """Sample as a table: the bundled one, offline, or the published set with the same columns.

    Parameters
    ----------
    name : str
        One of `names`; or a published set by its own name.
    columns : sequence of str, optional
        Columns to read, in this order; all by default. Units are in `card`.
    source : str
        "bundled", or "open" for the published set, once it was fetched.

    Returns
    -------
    pandas.DataFrame, shape (events, columns)
        Several values per event (constituents of a jet) are lists of Arrow's type, as `read`
        gives them: ``hepml.data.padded`` makes an array of them, and
        ``table["constituent_pt"].list.flatten()`` one long column that keeps the jets' numbers as
        its index.

    Raises
    ------
    DataError
        If there is no such sample or column, its file is damaged, or the set is not fetched.
    """
    if source not in SOURCES:
        raise DataError(f"source={source!r}: say 'bundled' or 'open' (a published set)")
    if name in published.names():
        return published.load(name, columns)
    if source == "open":
        return published.load(_sister(name), columns)
    file = path(name)
    check_file(file, card(name).record["sha256"])
    return read(file, columns=columns, tree=TREE)


def _sister(name):
    """Find the published set with the columns of a bundled sample."""
    if (sister := published.sister_of(_known(name))) is None:
        raise DataError(f"no published set has the columns of {name!r}: it comes bundled only")
    return sister


def verify(name: str | os.PathLike[str], *, again: bool = False) -> list[Path]:
    """Check a sample against its card: bytes, columns, content, events, sums of weights.

    Parameters
    ----------
    name : str or path-like
        A bundled sample; a published set, whose bytes alone are checked; or a folder with
        generated samples, or a file of one.
    again : bool
        Whether to make the sample once more and compare; for samples that need no generator.

    Returns
    -------
    list of pathlib.Path
        The files that were checked.

    Raises
    ------
    DataError
        Naming the first thing that differs.
    """
    if name in published.names():
        return published.verify(name)
    with reporting(name, "read"):
        place = card_path(path(name)) if str(name) in NAMES else name
        files = verified(place)
        if again:
            compared(files)
        return files
