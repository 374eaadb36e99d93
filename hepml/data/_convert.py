"""From any format to any other, streaming, and never leaving half a file."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hepml.data._errors import DataError
from hepml.data._read import Table
from hepml.data.files import open_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hepml.data._cuts import Expression

__all__ = ["Converted", "convert"]

TREE = "events"  # for files from formats that do not name their table


class Converted(NamedTuple):
    """What `convert` wrote."""

    path: Path
    rows: int
    bytes: int


def convert(
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    target: str | os.PathLike[str],
    *,
    columns: str | Sequence[str] | None = None,
    tree: str | None = None,
    where: Expression | None = None,
    names: Sequence[str] | None = None,
    drop: str | Sequence[str] = (),
    progress: Callable[..., object] | None = None,
    layout: str | None = None,
    overwrite: bool = False,
) -> Converted:
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
    columns, tree, where, names, drop
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
        The target's ``path``, its ``rows`` and ``bytes``.

    Raises
    ------
    DataError
        As `read` does, and if the target exists, or its format cannot hold a column.
    """
    target = Path(target).expanduser()
    table = Table(source, columns, tree, where=where, names=names, drop=drop)
    with writing(target):
        check_target(target, table.files, overwrite)
    part = target.with_name(f".{os.getpid()}.tmp.{target.name}")
    try:
        with writing(target):
            rows = _write(table, target, part, layout, progress or (lambda *_: None))
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return Converted(target, rows, target.stat().st_size)


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


def _write(table, target, part, layout, progress):
    """Let the batches go from one file to the other; return how many rows went."""
    written = 0
    tree = (table.tree or TREE).rpartition("/")[2]
    with open_writer(target, part, table.schema, tree, layout) as writer:
        for batch in table.batches(checked=False, progress=progress):
            writer.write(batch)
            written += batch.num_rows
        if not written:
            raise DataError(f"no row of {table.files[0].name} passes the cut: nothing is written")
    return written
