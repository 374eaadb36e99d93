"""Loading: a Parquet copy of a fetched set, made once beside its files, and read like any file."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import hashlib
import json
import tempfile
from contextlib import contextmanager
from pathlib import Path

from hepml.data._errors import DataError
from hepml.data.published import cache, layouts
from hepml.data.published.download import NoRoomError, check_room
from hepml.data.published.registry import entry
from hepml.files import whole

__all__ = ["load", "prepare"]

VERSION = 1  # of what a layout makes of a file


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
    TypeError
        If ``where`` is no cut, a text for example.
    """
    from hepml.data._read import read

    one, files = entry(name), cache.paths(name)
    columns = [columns] if isinstance(columns, str) else columns
    _check_request(one, columns, where)
    with _prepared(one, files) as copy:
        return read(copy, columns=columns, where=where)


def _check_request(one, columns, where):
    """Say what is wrong before minutes are spent on the copy."""
    from hepml.data._cuts import check_cut
    from hepml.data._wishes import Wishes

    schema = layouts.schema(one)
    Wishes(columns, ()).check(Path(one.name), schema.names, {}, ())
    if where is not None:
        check_cut(Path(one.name), where, schema)


def prepare(name, *, progress=None):
    """Make the copy that `load` reads, unless it is there.

    Parameters
    ----------
    name : str
        A set that is fetched.
    progress : callable, optional
        Called with (events done, None, False), in the end with (events, events, False): their
        number does not show before.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DataError
        If the set is not fetched or damaged, or there is no room, or another process is at it.
    """
    one, files = entry(name), cache.paths(name)
    copy = _copy_of(one, files)
    if copy.is_file():
        return copy
    with cache.locked(copy.parent, name):
        if not copy.is_file():  # else another process has made it meanwhile
            _replace(one, files, copy, progress)
    return copy


def _silent(*_):
    pass


def _replace(one, files, copy, progress):
    """Make the copy in place of those of other files."""
    for old in copy.parent.glob(cache.COPY.format("*") + "*"):
        old.unlink()
    with cache.written(copy.parent):
        with whole(copy) as part:
            _write(one, files, part, progress or _silent)
        for old in copy.parent.glob("*" + cache.REFUSED):
            old.unlink()


@contextmanager
def _prepared(one, files):
    """Parquet copy of a set, for a while only where the cache cannot be written."""
    copy = _copy_of(one, files)
    if copy.is_file() or cache.is_writable(copy.parent):
        yield prepare(one.name)
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / copy.name
        with cache.written(folder):
            _write(one, files, copy, _silent)
        yield copy


def _copy_of(one, files):
    """Path of the copy: its name tells the files, their checksums, and the layout."""
    known, by_name = cache.ledger(one.name), {file.name: file for file in one.files}
    parts = [
        (path.name, path.stat().st_size, cache.known_checksum(by_name[path.name], known))
        for path in files
    ]
    text = json.dumps([VERSION, one.layout, [(c.name, c.dtype) for c in one.columns], parts])
    tie = hashlib.sha256(text.encode()).hexdigest()[:16]
    return cache.set_folder(one.name) / cache.COPY.format(tie)


def _write(one, files, path, progress):
    """Write the table of a set's files as Parquet, piece by piece."""
    import pyarrow.parquet as pq

    check_room(path.parent, sum(file.stat().st_size for file in files))
    rows = 0
    with pq.ParquetWriter(path, layouts.schema(one), compression="zstd") as writer:
        for file in files:
            for batch in _accepted(one, file):
                writer.write_batch(batch)
                rows += batch.num_rows
                progress(rows, None, False)
    progress(rows, rows, False)


def _accepted(one, path):
    """Yield the table of a file; one that proves not to be the set's loses its name."""
    try:
        yield from layouts.batches(one, path)
    except DataError as error:
        if not (_is_refused(one, path, error) and cache.is_writable(path.parent)):
            raise
        aside = cache.set_aside(one.name, path).name
        message = f"not kept under its name but as {aside}: hepml data fetch {one.name} asks anew"
        raise DataError(f"{error}; it is {message}") from None


def _is_refused(one, path, error):
    """Whether an error is the fault of a file as it came, for which no source vouches."""
    if isinstance(error, NoRoomError) or isinstance(error.__context__, (ImportError, MemoryError)):
        return False
    file = next(file for file in one.files if file.name == path.name)
    recorded = cache.ledger(one.name).get(path.name, {}).get("checksum")
    return not file.checksum and bool(recorded) and cache.digest(path, recorded) == recorded
