"""From any format to any other, streaming, and never leaving half a file."""

from __future__ import annotations

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap
import contextlib
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hepml.data._chain import Table, WiderTypesError
from hepml.data._errors import DataError, reporting
from hepml.data.files import open_source, open_writer, writer_of
from hepml.files import whole

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from hepml.data._cuts import Expression

__all__ = ["Converted", "convert"]

TREE = "events"  # for files from formats that do not name their table
MANY = 1000  # columns of a TTree, above which writing takes seconds: uproot needs n² of them


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
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    target: str | os.PathLike[str],
    *,
    columns: str | Sequence[str] | None = None,
    tree: str | None = None,
    where: Expression | Sequence[Expression] | None = None,
    names: Sequence[str] | None = None,
    drop: str | Sequence[str] = (),
    differing: str = "raise",
    missing: str = "raise",
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
        source that it lacks although nobody dropped them, each with the reason: those that
        `read` leaves out, and those of a type that the target's format cannot hold. Its attribute
        ``only_nan`` names columns that hold nothing but NaN, which are written, and ``skipped``
        the files that are not in it, each with the reason.

    Raises
    ------
    DataError
        As `read` does, and if the target exists, or its format cannot hold a column that was
        asked for by name, or any at all. What is written is opened again before it gets its
        name: if its columns or rows were others, that is an error too.

    Notes
    -----
    Instants are kept in Parquet and npz; in other formats they are text by ISO 8601.
    """
    target = Path(target).expanduser()
    table = Table(
        source, columns, tree, where=where, names=names, drop=drop, differing=differing,
        missing=missing,
    )  # fmt: skip
    order = _Order(target, layout, columns is not None)
    with contextlib.closing(table), writing(target):
        check_target(target, table.files, overwrite)
        with whole(target, overwrite=overwrite) as part:
            rows, refused = _converted(table, part, order, progress or (lambda *_: None))
    done = Converted(target, rows, target.stat().st_size, table.lost | refused)
    done.only_nan, done.skipped = table.only_nan, dict(table.skipped)
    return done


@contextlib.contextmanager
def writing(target):
    """Say of which file a complaint of the system is."""
    with reporting(target):
        try:
            yield
        except FileExistsError:  # of another program, while we were at work
            raise _in_the_way(target) from None


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


def _fitting(target, schema, *, is_chosen):
    """Columns of a table as a format holds them, and reasons for those that it leaves out."""
    import pyarrow as pa

    writer = writer_of(target)
    refused = {f.name: why for f in schema if (why := writer.refusal(f))}
    if is_chosen or len(refused) == len(schema):
        refused = {}  # the writer will say so
    kept = [field for field in schema if field.name not in refused]
    if not writer.holds_times:
        kept = [field.with_type(_without_times(field.type)) for field in kept]
    return pa.schema(kept), refused


def _without_times(type_):
    """Type with text in the place of instants."""
    import pyarrow as pa

    if pa.types.is_nested(type_):
        size = type_.list_size if pa.types.is_fixed_size_list(type_) else -1
        return pa.list_(_without_times(type_.value_type), size)
    return pa.string() if pa.types.is_timestamp(type_) else type_


def _fitted(batch, schema):
    """Batch of the columns that are written, instants as text where they are written so."""
    import pyarrow as pa

    arrays = [_told(batch.column(field.name), field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _told(array, type_):
    import pyarrow as pa
    import pyarrow.compute as pc

    if array.type == type_ or _without_times(array.type) == array.type:
        return array
    if not pa.types.is_nested(type_):
        return pc.strftime(array, "%Y-%m-%dT%H:%M:%S")
    missing = array.is_null() if array.null_count else None
    content = _told(array.flatten(), type_.value_type)
    if pa.types.is_fixed_size_list(type_):
        return pa.FixedSizeListArray.from_arrays(content, type_.list_size)
    ends = pc.cumulative_sum(pc.fill_null(pc.list_value_length(array), 0)).cast(pa.int32())
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    return pa.ListArray.from_arrays(offsets, content, mask=missing)


class _Order(NamedTuple):
    """What is to be written where."""

    target: Path
    layout: str | None
    is_chosen: bool


def _converted(table, part, order, progress):
    """Write the table; once more from the start if a later file needs wider types."""
    try:
        return _write(table, part, order, progress, types="ask")
    except WiderTypesError:
        table.look_ahead()
        return _write(table, part, order, progress, types="keep")


def _write(table, part, order, progress, *, types):
    """Write a table to a temporary file, and read back what it is then.

    Returns
    -------
    int
        Rows.
    dict of str to str
        Reasons for columns that the format cannot hold.
    """
    schema, refused = _fitting(order.target, table.schema, is_chosen=order.is_chosen)
    tree = (table.tree or TREE).rpartition("/")[2]
    _warn_of_many(order, len(schema))
    writer = open_writer(order.target, part, schema, tree, order.layout)
    rows = _filled(writer, table, schema, progress, types)
    _check_written(order.target, part, schema, rows)
    return rows, refused


def _warn_of_many(order, columns):
    """Say before a long wait that there are quicker ways."""
    if columns > MANY and order.target.suffix == ".root" and order.layout != "rntuple":
        warnings.warn(
            f"{order.target.name} gets a TTree of {columns} columns: writing it takes a time that "
            "grows with the square of their number. To .parquet, or as an RNTuple, it is quick.",
            stacklevel=5,
        )


def _filled(writer, table, schema, progress, types):
    """Let the batches go from one file to the other; return how many rows went."""
    read = written = 0

    def count(rows, *others):
        nonlocal read
        read = rows
        progress(rows, *others)

    batches = table.batches(types=types, progress=count)
    with writer, contextlib.closing(batches):
        for batch in batches:
            writer.write(_fitted(batch, schema))
            written += batch.num_rows
        if read and not written:
            raise DataError(f"no row of {table.files[0].name} passes the cut: nothing is written")
    return written


def _check_written(target, part, schema, rows):
    """Raise unless a file, opened again, has the columns and rows that went into it."""
    failed = f"{target.name} is not written, since reading it back would give"
    try:
        with open_source(part) as source:
            wrong = _differs(source, schema, rows)
    except DataError as error:
        why = str(error).replace(part.name, target.name)
        raise DataError(f"{failed} nothing ({why})") from None
    if wrong:
        raise DataError(f"{failed} {wrong}: rename or drop columns, or choose another format")


def _differs(source, schema, rows):
    """How a file differs from what went into it, in a few words; "" if it does not."""
    if lost := [name for name in schema.names if name not in source.schema.names]:
        return f"no column {lost[0]!r}"
    if more := [name for name in source.schema.names if name not in schema.names]:
        return f"a column {more[0]!r} that is not one of them"
    if source.rows not in (None, rows):
        return f"{source.rows} rows for {rows}"
    for field in schema:
        found = source.schema.field(field.name).type
        if field.name not in source.blank and not source.gives(field.type, found):
            return f"column {field.name!r} as {found} for {field.type}"
    return ""
