"""One door for a user's own files, of every format that `hepml.data.files` reads, to tables."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from __future__ import annotations

import warnings
from numbers import Real
from typing import TYPE_CHECKING

from hepml import memory
from hepml.data._chain import ONLY_NAN, Table, left_out_told, prompt
from hepml.data._errors import DataError, LeftOutWarning
from hepml.data._frames import regroup, table_maker, to_frame
from hepml.data._types import cast

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    import awkward as ak
    import pandas as pd

    from hepml.data._cuts import Expression

__all__ = ["Table", "chunks", "left_out_told", "read"]

MEMORY_SHARE = 0.8  # of what is free, a table may take so much


def read(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    columns: str | Sequence[str] | None = None,
    tree: str | None = None,
    *,
    where: Expression | Sequence[Expression] | None = None,
    names: Sequence[str] | None = None,
    drop: str | Sequence[str] = (),
    differing: str = "raise",
    missing: str = "raise",
    library: str = "pd",
) -> pd.DataFrame | ak.Array:
    """Read a table from a file: ROOT, CSV, Parquet, HDF5, npz, npy, JSON, Arrow, LHE or HepMC.

    Parameters
    ----------
    path : str, path-like, or sequence of these
        A file; ``"file.root:tree"`` names the tree as well. An address of another machine, such
        as ``"root://host//path/file.root"``, ``"https://host/file.root"``, ``"s3://bucket/key"``:
        ROOT and Parquet are read in place where the server gives parts of files, all else is
        fetched to a temporary folder first. A pattern such as ``"run*.root"``, a
        sequence of files, or a folder with files of one format: these are chained, in the order
        of their names, and must have the same columns, unless ``differing`` says otherwise.
    columns : sequence of str, optional
        Columns to read, in this order; all by default. ``"Muon_*"`` means all that match, with
        ``*``, ``?`` and ``[…]`` as in patterns of files; a column that has just this name is
        meant by itself.
    tree : str, optional
        Tree of a ROOT file, group of an HDF5 file, or member of a JSON file that holds the table;
        may be left out where there is only one.
    where : Expression or sequence of these, optional
        Cut that the rows must pass, such as ``col("mjj") > 3300``; see `col`. A cut that no row
        passes gives a table without rows. A cut on a column of lists without ``any()``,
        ``count()`` or the like, such as ``col("Muon_pt") > 20``, keeps all rows and cuts entries:
        in the columns of lists that it names and in their fellows, which begin with the same
        word up to the last dot, or else to the first underscore (``Muon_eta``). Those must have
        as many entries in each row. Single values such as a counter ``nMuon`` stay as they are.
        Several cuts are all computed from the rows as they are in the file.
    names : sequence of str, optional
        Names of the columns, for files that carry none: else the columns of an array ``X`` of two
        axes are ``X_0``, ``X_1`` …, of an ``.npy`` file ``0``, ``1`` …
    drop : sequence of str, optional
        Columns to leave out; names or patterns.
    differing : {"raise", "common", "all"}
        What to do if files of a chain have different columns: complain, take those that all of
        them have, or take all, with NaN, NA or missing lists where a file has none. Types may
        differ anyway, as long as one holds all values exactly: integers of 64 bits beside floats
        up to 2**53, ``int64`` beside ``uint64`` if none is negative.
    missing : {"raise", "skip"}
        What to do if files of a chain have no such tree: complain, or skip these as well as those
        without rows. They are named in a warning and in ``.attrs["skipped"]``.
    library : {"pd", "ak"}
        What to make: a table of pandas, or an array of awkward with a record per event.

    Returns
    -------
    pandas.DataFrame, shape (events, columns), or awkward.Array, length events
        A column with several values per event (a jagged branch, an array) has Arrow's list type:
        ``table["jet_pt"].list.len()`` counts them, ``ak.from_arrow(pa.array(table["jet_pt"]))``
        makes an awkward array of it. Members of records are columns of their own, ``MET.pt``, and
        so are those of lists of records, ``Jet.pt``. What a table cannot hold, columns of nothing
        but NaN, and the index that pandas writes along, is in ``.attrs["left_out"]``, by name
        with the reason.

    Warns
    -----
    LeftOutWarning
        Once, naming what is left out and why.

    Raises
    ------
    DataError
        One sentence: no such file, unknown or damaged format, no such tree or column, too large
        for the memory.
    """
    make = table_maker(library)
    table = Table(
        path, columns, tree, where=where, names=names, drop=drop, differing=differing,
        missing=missing,
    )  # fmt: skip
    return read_table(table, make)


def read_table(table, make=to_frame):
    """Read all rows of a table that is open; see `read`."""
    try:
        batches = _accumulated(table)
        schema = _without_nan(table)
        table.tell()
        for place, (name, batch) in enumerate(batches):
            batches[place] = cast(batch.select(schema.names), schema, name)
        return _told(make(batches, schema, table.left_out), table)
    except MemoryError:
        raise _too_large(table) from None


def chunks(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    columns: str | Sequence[str] | None = None,
    tree: str | None = None,
    *,
    where: Expression | Sequence[Expression] | None = None,
    names: Sequence[str] | None = None,
    drop: str | Sequence[str] = (),
    rows: int = 100_000,
    differing: str = "raise",
    missing: str = "raise",
    library: str = "pd",
) -> Iterator[pd.DataFrame | ak.Array]:
    """Read a table piece by piece, in bounded memory however large the file is.

    Parameters
    ----------
    path, columns, tree, where, names, drop, differing, missing, library
        As for `read`. ROOT files of a chain are opened one after the other, and the first one
        says the types: a later file with a wider type is read as long as its values fit.
        ``differing="common"`` looks at all files before the first row.
    rows : int
        Rows of each piece; the last may have fewer. If no row passes the cut there is one piece,
        without rows.

    Returns
    -------
    iterator of pandas.DataFrame, each of shape (rows, columns), or of awkward.Array
        All with the same types, but that lists of integers, truth values or texts may have
        missing entries where the piece has such; the index starts from 0 in every piece. Columns
        of nothing but NaN are kept, and named in a `LeftOutWarning` at the end.

    Raises
    ------
    DataError
        As `read` does; what only shows at the end of a file is raised there.
    """
    if isinstance(rows, bool) or not isinstance(rows, Real) or rows % 1 != 0 or rows < 1:
        raise DataError(f"rows={rows!r}: the rows of a piece are a whole number, at least one")
    make = table_maker(library)
    table = Table(
        path, columns, tree, where=where, names=names, drop=drop, differing=differing,
        missing=missing,
    )  # fmt: skip
    table.tell()
    return _pieces(table, int(rows), make)


def _pieces(table, rows, make):
    schema = table.schema
    for held in regroup(table.batches(), rows):
        with prompt():
            frame = make(held, schema, table.left_out)
        yield _told(frame, table)
    table.tell()
    if table.only_nan:
        named = ", ".join(map(repr, table.only_nan))
        message = f"{table.name}: {ONLY_NAN} in {named}, which read would leave out"
        warnings.warn(message, LeftOutWarning, stacklevel=2)


def _told(frame, table):
    """Table that tells of the files which are not in it."""
    if table.skipped:
        frame.attrs["skipped"] = dict(table.skipped)
    return frame


def _accumulated(table):
    """All batches of a table with their files' names, as long as there is memory for them."""
    free, held, rows, batches = memory.available(), 0, 0, []
    for path, batch in table.parts():
        batches.append((path.name, batch))
        held, rows = held + batch.nbytes, rows + batch.num_rows
        if free is not None and table.expected(held, rows) > MEMORY_SHARE * free:
            raise _too_large(table)
    return batches


def _without_nan(table):
    """Give the schema without columns of nothing but NaN, which are noted as left out."""
    import pyarrow as pa

    asked = [name for name in table.only_nan if table.named(name)]
    if asked:
        named = ", ".join(map(repr, asked))
        message = f"{table.name} has {ONLY_NAN} in {named}: leave that out by drop={asked}"
        raise DataError(f"{message} or columns=, or go through it with hepml.data.chunks")
    kept = [field for field in table.schema if field.name not in table.only_nan]
    if not kept:
        raise DataError(f"{table.name} has {ONLY_NAN} in all its columns")
    table.left_out |= dict.fromkeys(table.only_nan, ONLY_NAN)
    return pa.schema(kept)


def _too_large(table):
    name = table.files[0].name if len(table.files) == 1 else f"{len(table.files)} files"
    return DataError(
        f"{name}: the table does not fit into the free memory: choose columns=, cut by where=, "
        "or go through it piece by piece with hepml.data.chunks"
    )
