"""One door for a user's own files: ROOT, CSV, Parquet, HDF5, npz and npy to pandas tables."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import contextlib
import gc
import glob
import os
import re
import warnings
from numbers import Real
from pathlib import Path

from hepml.data import _memory
from hepml.data._cuts import check_cut, selected
from hepml.data._errors import DataError, LeftOutWarning, nearest
from hepml.data._frames import NothingButNaN, regroup, to_frame
from hepml.data.files import KNOWN, TREE_ENDINGS, format_of, open_source
from hepml.data.files._guard import opening
from hepml.data.files.base import NUMBERS_ROWS, check_columns

__all__ = ["Table", "chunks", "read"]

MEMORY_SHARE = 0.8  # of what is free, a table may take so much
# Of another machine, also after `Path` was there; a dot would be that of "my.root:/tree".
ADDRESS = r"[A-Za-z][A-Za-z0-9+-]+:/"


def read(path, columns=None, tree=None, *, where=None, names=None, drop=()):
    """Read a table from a file: ROOT, CSV, Parquet, HDF5, npz or npy.

    Parameters
    ----------
    path : str, path-like, or sequence of these
        A file; ``"file.root:tree"`` names the tree as well. A pattern such as ``"run*.root"``, a
        sequence of files, or a folder with files of one format: these are chained, in the order
        of their names, and must have the same columns.
    columns : sequence of str, optional
        Columns to read, in this order; all by default.
    tree : str, optional
        Tree of a ROOT file, or group of an HDF5 file; may be left out where there is only one.
    where : Expression, optional
        Cut that the rows must pass, such as ``col("mjj") > 3300``; see `col`. A cut that no row
        passes gives a table without rows.
    names : sequence of str, optional
        Names of the columns, for files that carry none: else the columns of an array ``X`` of two
        axes are ``X_0``, ``X_1`` …, of an ``.npy`` file ``0``, ``1`` …
    drop : sequence of str, optional
        Columns to leave out.

    Returns
    -------
    pandas.DataFrame, shape (events, columns)
        A column with several values per event (a jagged branch, an array) has Arrow's list type:
        ``table["jet_pt"].list.len()`` counts them, ``ak.from_arrow(pa.array(table["jet_pt"]))``
        makes an awkward array of it. What a table cannot hold, and the index that pandas writes
        into CSV and HDF5, is in ``.attrs["left_out"]``, by name with the reason.

    Warns
    -----
    LeftOutWarning
        Once, naming what is left out and why.

    Raises
    ------
    DataError
        One sentence: no such file, unknown or damaged format, no such tree or column, no rows,
        nothing but NaN, too large for the memory.
    """
    table = Table(path, columns, tree, where=where, names=names, drop=drop)
    table.tell_left_out()
    try:
        return to_frame(_accumulated(table), table.schema, table.left_out)
    except MemoryError:
        raise _too_large(table) from None


def chunks(path, columns=None, tree=None, *, where=None, names=None, drop=(), rows=100_000):
    """Read a table piece by piece, in bounded memory however large the file is.

    Parameters
    ----------
    path, columns, tree, where, names, drop
        As for `read`.
    rows : int
        Rows of each piece; the last may have fewer. If no row passes the cut there is one piece,
        without rows.

    Returns
    -------
    iterator of pandas.DataFrame, each of shape (rows, columns)
        All with the same types; the index starts from 0 in every piece.

    Raises
    ------
    DataError
        As `read` does; what only shows at the end of a file is raised there.
    """
    if isinstance(rows, bool) or not isinstance(rows, Real) or rows % 1 != 0 or rows < 1:
        raise DataError(f"rows={rows!r}: the rows of a piece are a whole number, at least one")
    table = Table(path, columns, tree, where=where, names=names, drop=drop)
    table.tell_left_out()
    groups = regroup(table.batches(), int(rows))
    return (to_frame(held, table.schema, table.left_out) for held in groups)


@contextlib.contextmanager
def _prompt():
    """Spare Python's search for garbage while libraries are imported: a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _accumulated(table):
    """All batches of a table, as long as there is memory for them."""
    free, held, rows, batches = _memory.available(), 0, 0, []
    for batch in table.batches():
        batches.append(batch)
        held, rows = held + batch.nbytes, rows + batch.num_rows
        if free is not None and table.expected(held, rows) > MEMORY_SHARE * free:
            raise _too_large(table)
    return batches


def _too_large(table):
    name = table.files[0].name if len(table.files) == 1 else f"{len(table.files)} files"
    return DataError(
        f"{name}: the table does not fit into the free memory: choose columns=, cut by where=, "
        "or go through it piece by piece with hepml.data.chunks"
    )


class Table:
    """One or several files as one table, with the columns asked for and a cut.

    Parameters
    ----------
    path, columns, tree, where, names, drop
        As for `read`.

    Attributes
    ----------
    files : list of pathlib.Path
    schema : pyarrow.Schema
        Of the columns asked for.
    left_out : dict of str to str
        Reason for each column of the file that is not in the schema.
    rows : int or None
        Rows of all files, before the cut, where the files say so.
    tree : str or None
    """

    def __init__(self, path, columns=None, tree=None, *, where=None, names=None, drop=()):
        with opening(path):
            self.files, self._tree = _find_files(path, tree)
        self._names, self._where = names, where
        self._drop = [drop] if isinstance(drop, str) else list(drop or ())
        with _prompt():
            _import_libraries()
            self._first = self._open(self.files[0])
        try:
            self._plan(columns)
        except BaseException:
            self._first.close()
            raise

    def _plan(self, columns):
        """Settle what is to be read, and check all that can be checked before it is."""
        import pyarrow as pa

        source, where = self._first, self._where
        self.left_out, self.tree, self.rows = dict(source.left_out), source.tree, source.rows
        columns = [columns] if isinstance(columns, str) else columns
        self._is_chosen = columns is not None
        self._columns = self._checked(source, columns)
        names = [*self._columns, *([] if where is None else where.columns)]
        self._schema = pa.schema([source.schema.field(name) for name in dict.fromkeys(names)])
        for file in self.files[1:]:
            with self._open(file) as other:
                self._join(source, other, is_strict=columns is None)
        self.schema = pa.schema([self._schema.field(name) for name in self._columns])

    def batches(self, *, checked=True, progress=None):
        """Yield Arrow batches of the columns asked for, after the cut.

        Parameters
        ----------
        checked : bool
            Raise a `DataError` in the end if a column held nothing but NaN.
        progress : callable, optional
            Called with (rows read, rows in all or None, False).
        """
        watch, rows = NothingButNaN(self.schema), 0
        for batch in self._raw_batches():
            rows += batch.num_rows
            if progress is not None:
                progress(rows, self.rows, False)
            watch.look(batch)
            passed = batch if self._where is None else selected(batch, self._where)
            if passed.num_rows:
                yield passed.select(self._columns)
        if rows == 0:
            raise DataError(f"{self.files[0]} has columns but no rows")
        if checked and watch.suspects:
            raise _all_nan(self.files[0], watch.suspects)

    @property
    def lost(self):
        """What the table lacks although nobody dropped it: reasons by column."""
        if self._is_chosen:
            return {}
        return {
            name: why
            for name, why in self.left_out.items()
            if why != NUMBERS_ROWS and name not in self._drop
        }

    def tell_left_out(self):
        """Warn, once and by name, of what is lost."""
        if self.lost:
            warnings.warn(
                left_out_told(self.files[0].name, self.lost), LeftOutWarning, stacklevel=3
            )

    def expected(self, held, rows):
        """Bytes of the whole table, as far as ``rows`` of it that take ``held`` bytes tell."""
        is_known = self.rows is not None and self._where is None
        return max(held, held * self.rows / rows) if is_known else held

    def _raw_batches(self):
        for place, file in enumerate(self.files):
            with self._open(file) if place else self._first as source:
                for batch in source.batches(self._schema.names):
                    yield batch if batch.schema == self._schema else batch.cast(self._schema)

    def close(self):
        """Close the file that was looked at; needed if no batch is read."""
        self._first.close()

    def _open(self, file):
        return open_source(file, self._tree, self._names)

    def _checked(self, source, columns):
        """Columns to give, after all that can be said before any is read."""
        check_columns(source.path, self._drop, [*source.schema.names, *source.left_out])
        if columns is not None:
            _check_kinds(source, list(columns))
        if self._where is not None:
            check_cut(source.path, self._where, source.schema)
        columns = self._kept(source.schema.names if columns is None else columns)
        if not columns:
            raise DataError(f"{source.path.name} has no column that a table can hold")
        return columns

    def _kept(self, names):
        return [name for name in names if name not in self._drop]

    def _join(self, first, other, *, is_strict):
        """Take a further file into account, whose columns must be those of the first."""
        import pyarrow as pa

        needed = self._kept(first.schema.names) if is_strict else self._schema.names
        _check_same(first.path, other.path, needed, other.schema.names)
        if is_strict:
            more = self._kept(other.schema.names)
            _check_same(other.path, first.path, more, first.schema.names)
        fields = [_common(f, other.schema.field(f.name), other.path) for f in self._schema]
        self._schema = pa.schema(fields)
        is_known = None not in (self.rows, other.rows)
        self.rows = self.rows + other.rows if is_known else None


def left_out_told(name, lost):
    """One sentence that names columns that are left out, those of one reason together.

    Parameters
    ----------
    name : str
        Of the file.
    lost : dict of str to str
        Reasons by column.

    Returns
    -------
    str
    """
    by_reason = {}
    for column, why in lost.items():
        by_reason.setdefault(why, []).append(column)
    told = (f"{', '.join(map(repr, columns))} ({why})" for why, columns in by_reason.items())
    return f"{name}: left out {'; '.join(told)}"


def _import_libraries():
    """Import what every format needs: pyarrow itself would do so late, and swallow a Ctrl-C."""
    try:
        import pandas as pd  # noqa: F401
        import pyarrow as pa  # noqa: F401
    except ImportError as error:
        message = f'reading files needs {error.name}: pip install "hepml-lab[files]"'
        raise DataError(message) from None


def _check_kinds(source, columns):
    known = [*source.schema.names, *source.left_out]
    check_columns(source.path, columns, known)
    for column in columns:
        if column in source.left_out:
            message = f"{column!r} of {source.path.name} is left out"
            raise DataError(f"{message}: {source.left_out[column]}")
        if columns.count(column) > 1:
            raise DataError(f"column {column!r} is asked for twice")


def _check_same(path, other, needed, known):
    for name in needed:
        if name not in known:
            message = f"{other.name} has no column {name!r}, which {path.name} has"
            raise DataError(f"{message}: files that are chained need the same columns")


def _common(field, other, path):
    """Field that holds the values of both: numbers may widen, all else must agree."""
    import numpy as np
    import pyarrow as pa

    nullable = field.nullable or other.nullable
    if field.type == other.type:
        return pa.field(field.name, field.type, nullable=nullable)
    if not all(pa.types.is_integer(t) or pa.types.is_floating(t) for t in (field.type, other.type)):
        message = f"column {field.name!r} of {path.name} is {other.type}, of the first {field.type}"
        raise DataError(message)
    both = np.result_type(field.type.to_pandas_dtype(), other.type.to_pandas_dtype())
    return pa.field(field.name, pa.from_numpy_dtype(both), nullable=nullable)


def _all_nan(path, names):
    named = ", ".join(map(repr, names[:4])) + (" …" if len(names) > 4 else "")
    return DataError(f"{path.name} has nothing but NaN in {named}: leave that out by drop={names}")


def _find_files(path, tree):
    """Files that are meant, in order, and the tree that a path may name."""
    if isinstance(path, list | tuple):
        if not path:
            raise DataError("an empty sequence of files was given")
        found = [_find_files(one, tree) for one in path]
        if len({inside for _, inside in found}) > 1:
            raise DataError("files that are chained need the same tree: name it by tree=")
        return [file for files, _ in found for file in files], found[0][1]
    _check_local(path)
    file, tree = _split_tree(path, tree)
    if not file.exists() and glob.has_magic(str(file)):
        return _matching(file), tree
    if file.is_dir():
        return _shards(file), tree
    if not file.is_file():
        raise DataError(_missing_file(file))
    return [file], tree


def _check_local(path):
    if not isinstance(path, str | os.PathLike):
        message = f"a file is named by text or a path, several by a list, not by {_kind(path)}"
        raise DataError(message)
    if re.match(ADDRESS, str(path)):
        raise DataError(f"{path}: only files on this machine are read, so copy it here first")


def _kind(value):
    return "None" if value is None else f"a {type(value).__name__}"


def _split_tree(path, tree):
    file, colon, inside = str(path).rpartition(":")
    if colon and file.lower().endswith(TREE_ENDINGS):
        if tree not in (None, inside):
            raise DataError(f"two trees are named, {inside!r} in the path and {tree!r}: give one")
        return Path(file).expanduser(), inside
    return Path(path).expanduser(), tree


def _matching(pattern):
    files = [Path(name) for name in sorted(glob.glob(str(pattern)))]  # noqa: PTH207 - any folder
    files = [file for file in files if file.is_file()]
    if not files:
        raise DataError(f"no file matches {str(pattern)!r}")
    return files


def _shards(folder):
    """Files of a folder that hold one table in parts, by name."""
    files = [f for f in sorted(folder.iterdir()) if f.is_file() and f.name[0] != "."]
    files = [file for file in files if format_of(file)]
    if not files:
        raise DataError(f"{folder} is a folder without a file to read: {KNOWN}")
    kinds = {format_of(file) for file in files}
    if len(kinds) > 1 and "json" in kinds:  # the card of a sample, beside its files
        files = [file for file in files if format_of(file) != "json"]
        kinds.remove("json")
    if len(kinds) > 1:
        message = f"{folder} is a folder with files of several formats ({', '.join(sorted(kinds))})"
        raise DataError(f"{message}: give one file or a pattern such as '{folder}/*.root'")
    return files


def _missing_file(path):
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    beside = [p.name for p in sorted(path.parent.iterdir()) if _is_readable(p)]
    hint = f"; {nearest(path.name, beside)}" if beside else ""
    return f"there is no file {path.name!r} in {path.parent}{hint}"


def _is_readable(path):
    is_table = format_of(path) is not None and path.name[0] != "."
    return is_table and path.is_file() and os.access(path, os.R_OK)
