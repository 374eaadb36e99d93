"""From any format to any other, streaming, and never leaving half a file."""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from hepml.data._chain import Table, WiderTypesError
from hepml.data._errors import DataError
from hepml.data.files import open_writer

__all__ = ["Converted", "convert"]

TREE = "events"  # for files from formats that do not name their table


class _Written(NamedTuple):
    path: Path
    rows: int
    bytes: int
    left_out: dict


class Converted(_Written):
    """What `convert` wrote.

    Attributes
    ----------
    only_nan : list of str
        Columns that hold nothing but NaN.
    skipped : dict of str to str
        Reason for each file that was skipped.
    """

    only_nan, skipped = (), {}


def convert(
    source,
    target,
    *,
    columns=None,
    tree=None,
    where=None,
    names=None,
    drop=(),
    differing="raise",
    missing="raise",
    progress=None,
    layout=None,
    overwrite=False,
):
    """Write a table in another format, in bounded memory however large it is.

    The target appears when it is complete: after an error or an interruption there is none, or
    still the one that was there.

    Parameters
    ----------
    source : str, path-like, or sequence of these
        As for `read`.
    target : str or path-like
        File to write; its ending says the format: ``.root``, ``.csv``, ``.csv.gz``, ``.parquet``,
        ``.h5`` or ``.npz``.
    columns, tree, where, names, drop, differing, missing
        As for `read`.
    progress : callable, optional
        Called with (rows read, rows in all or None, False).
    layout : {"ttree", "rntuple"}, optional
        Of a ROOT file; a TTree by default.
    overwrite : bool
        Whether a file that is there already may be replaced.

    Returns
    -------
    Converted
        The target's ``path``, its ``rows`` and ``bytes``; in ``left_out`` the columns of the
        source that it lacks although nobody dropped them, each with the reason. Its attribute
        ``only_nan`` names columns that hold nothing but NaN, which are written, and ``skipped``
        the files that are not in it, each with the reason.

    Raises
    ------
    DataError
        As `read` does, and if the target exists, or its format cannot hold a column.
    """
    target = Path(target).expanduser()
    table = Table(
        source, columns, tree, where=where, names=names, drop=drop, differing=differing,
        missing=missing,
    )  # fmt: skip
    with writing(target):
        check_target(target, table.files, overwrite)
    part = target.with_name(f".{os.getpid()}.tmp.{target.name}")
    try:
        with writing(target):
            rows = _converted(table, target, part, layout, progress or (lambda *_: None))
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    size = target.stat().st_size
    done = Converted(target, rows, size, table.lost)
    done.only_nan, done.skipped = table.only_nan, dict(table.skipped)
    return done


@contextlib.contextmanager
def writing(target):
    """Say of which file a complaint of the system is."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{target} cannot be written: {error.strerror or error}") from error


def check_target(target, files, overwrite):
    """Raise unless a file can be written here that is none of those read."""
    if not target.parent.is_dir():
        raise DataError(f"there is no folder {target.parent}")
    if target.is_dir():
        raise DataError(f"{target} is a folder: name the file to write in it")
    if target.exists() and any(target.samefile(file) for file in files):
        raise DataError(f"{target} is to be read: write to another file")
    if target.exists() and not overwrite:
        raise DataError(f"{target} exists already: choose another name, or overwrite it (--force)")
    probe = target.with_name(f".{os.getpid()}.probe.{target.name}")
    probe.touch()  # now, not after long work
    probe.unlink()


def _converted(table, *options):
    """Write the table; once more from the start if a later file needs wider types."""
    try:
        return _write(table, *options, types="ask")
    except WiderTypesError:
        table.look_ahead()
        return _write(table, *options, types="keep")


def _write(table, target, part, layout, progress, *, types):
    """Let the batches go from one file to the other; return how many rows went."""
    read = written = 0

    def count(rows, *others):
        nonlocal read
        read = rows
        progress(rows, *others)

    tree = (table.tree or TREE).rpartition("/")[2]
    with open_writer(target, part, table.schema, tree, layout) as writer:
        for batch in table.batches(types=types, progress=count):
            writer.write(batch)
            written += batch.num_rows
        if read and not written:
            raise DataError(f"no row of {table.files[0].name} passes the cut: nothing is written")
    return written
