"""Loading: a Parquet copy of a fetched set, made once beside its files, and read like any file."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import hashlib
import json
import tempfile
from contextlib import contextmanager
from pathlib import Path

from hepml.data._errors import DataError, nearest
from hepml.data.published import cache, layouts
from hepml.data.published.registry import entry

__all__ = ["load", "prepare"]

VERSION = 1  # of what a layout makes of a file
COPY = "prepared-{}.parquet"


def load(name, columns=None, where=None):
    """Load a fetched set as a table.

    The first time, a Parquet copy with the promised names and types is made beside the files:
    minutes for the large ones. It belongs to these very files, and may be deleted at any time.

    Parameters
    ----------
    name : str
        One of `names`.
    columns : sequence of str, optional
        Columns to read, in this order; all by default.
    where : Expression, optional
        Cut that the rows must pass, such as ``col("mass") > 750``.

    Returns
    -------
    pandas.DataFrame, shape (events, columns)

    Raises
    ------
    DataError
        If the set is not fetched, has no such column, or is damaged.
    """
    from hepml.data._read import read

    one, files = entry(name), cache.paths(name)
    columns = [columns] if isinstance(columns, str) else columns
    _check_columns(one, [*(columns or ()), *(() if where is None else where.columns)])
    with _prepared(one, files) as copy:
        return read(copy, columns=columns, where=where)


def _check_columns(one, columns):
    known = [column.name for column in one.columns]
    for column in columns:
        if column not in known:
            raise DataError(f"{one.name!r} has no column {column!r}; {nearest(column, known)}")


@contextmanager
def _prepared(one, files):
    """Parquet copy of a set, for a while only where the cache cannot be written."""
    copy = cache.set_folder(one.name) / COPY.format(_tie(one, files))
    if copy.is_file():
        yield copy
    elif cache.is_writable(copy.parent):
        prepare(one, files, copy)
        yield copy
    else:
        with tempfile.TemporaryDirectory() as folder:
            write_copy(one, files, Path(folder) / copy.name)
            yield Path(folder) / copy.name


def _tie(one, files):
    """Short digest of what the copy is made of: the files, their checksums, and the layout."""
    known, by_name = cache.ledger(one.name), {file.name: file for file in one.files}
    parts = [
        (path.name, path.stat().st_size, cache.known_checksum(by_name[path.name], known))
        for path in files
    ]
    text = json.dumps([VERSION, one.layout, [(c.name, c.dtype) for c in one.columns], parts])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def prepare(one, files, copy):
    """Make the copy under the set's lock, in place of those of other files.

    Parameters
    ----------
    one : Published
    files : list of pathlib.Path
    copy : pathlib.Path
    """
    with cache.locked(copy.parent, one.name):
        if copy.is_file():  # another process has made it meanwhile
            return
        for old in copy.parent.glob(COPY.format("*") + "*"):
            old.unlink()
        part = copy.with_name(copy.name + ".part")
        try:
            write_copy(one, files, part)
            part.replace(copy)
        except OSError as error:
            raise cache.unwritable(copy.parent, error) from None
        finally:
            part.unlink(missing_ok=True)


def write_copy(one, files, path):
    """Write the table of a set's files as Parquet, piece by piece.

    Parameters
    ----------
    one : Published
    files : list of pathlib.Path
    path : pathlib.Path
    """
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, layouts.schema(one), compression="zstd") as writer:
        for file in files:
            for batch in layouts.batches(one, file):
                writer.write_batch(batch)
