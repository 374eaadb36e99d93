"""From any format to any other, streaming, and never leaving half a file."""

import contextlib
import tempfile
from pathlib import Path
from typing import NamedTuple

from hepml.data._errors import DataError
from hepml.data._read import Table
from hepml.data.files import open_writer
from hepml.files import told, whole

__all__ = ["Converted", "convert"]

TREE = "events"  # for files from formats that do not name their table


class Converted(NamedTuple):
    """What `convert` wrote."""

    path: Path
    rows: int
    bytes: int
    left_out: dict


def convert(
    source,
    target,
    *,
    columns=None,
    tree=None,
    where=None,
    names=None,
    drop=(),
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
        The target's ``path``, its ``rows`` and ``bytes``; in ``left_out`` the columns of the
        source that it lacks although nobody dropped them, each with the reason.

    Raises
    ------
    DataError
        As `read` does, and if the target exists, or its format cannot hold a column.
    """
    target = Path(target).expanduser()
    table = Table(source, columns, tree, where=where, names=names, drop=drop)
    with writing(target):
        check_target(target, table.files, overwrite)
    with writing(target), whole(target, overwrite=overwrite) as part:
        rows = _write(table, target, part, layout, progress or (lambda *_: None))
    return Converted(target, rows, target.stat().st_size, table.lost)


@contextlib.contextmanager
def writing(target):
    """Say of which file a complaint of the system is."""
    try:
        yield
    except FileExistsError:  # of another program, while we were at work
        raise _in_the_way(target) from None
    except OSError as error:
        raise DataError(told(error, target)) from error


def check_target(target, files, overwrite):
    """Raise unless a file can be written here that is none of those read."""
    if not target.parent.is_dir():
        raise DataError(f"there is no folder {target.parent}")
    if target.is_dir():
        raise DataError(f"{target} is a folder: name the file to write in it")
    if target.exists() and any(target.samefile(file) for file in files):
        raise DataError(f"{target} is to be read: write to another file")
    if target.exists() and not overwrite:
        raise _in_the_way(target)
    with tempfile.TemporaryFile(dir=target.parent):  # told now, not after long work
        pass


def _in_the_way(target):
    return DataError(f"{target} exists already: choose another name, or overwrite it (--force)")


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
