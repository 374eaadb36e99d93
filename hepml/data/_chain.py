"""One or several files as one table: which columns they share, in which types, row after row."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import contextlib
import gc
import warnings
from typing import NamedTuple

from hepml.data._cuts import Cuts
from hepml.data._errors import DataError, LeftOutWarning, NoTableError
from hepml.data._frames import NothingButNaN
from hepml.data._places import find_files
from hepml.data._types import absent, cast, common
from hepml.data._wishes import Wishes
from hepml.data.files import open_source
from hepml.data.files._guard import opening
from hepml.data.files._remote import Remote
from hepml.data.files.base import NUMBERS_ROWS

__all__ = ["ONLY_NAN", "Table", "WiderTypesError", "column_names", "left_out_told", "prompt"]

ONLY_NAN = "nothing but NaN"
DIFFERING, MISSING = ("raise", "common", "all"), ("raise", "skip")
MOST_OPEN, MOST_BYTES = 16, 64_000_000  # of files that were looked at and wait for their turn
REMEDY = "leave it out by drop=[{}], or say differing='common' or differing='all'"
REMEDY_OF_TYPES = "leave it out by drop=[{}], or convert one of the files"
LATE = (
    "; files are opened one after the other, and the first set the types: put the file with the "
    "wider type first, or say differing='common', which looks at all files before the first row"
)


class _Seen(NamedTuple):
    """What is remembered of a file that was looked at."""

    path: object
    schema: object
    names: frozenset
    left_out: dict
    opens_slowly: bool


class _Fault(NamedTuple):
    """A column in which files differ, with the words around its name, and what to do."""

    name: str
    before: str
    after: str
    remedy: str


class WiderTypesError(Exception):
    """A file needs wider types than the files before it, see `Table.batches`."""


class Table:
    """One or several files as one table, with the columns asked for and a cut.

    Parameters
    ----------
    path, columns, tree, where, names, drop, differing, missing
        As for `read`.

    Attributes
    ----------
    files : list of pathlib.Path or hepml.data.files._remote.Remote
    left_out : dict of str to str
        Reason for each column of the files that is not in the schema.
    skipped : dict of str to str
        Reason for each file that is not in the table, as far as it is known.
    rows : int or None
        Rows of all files, before the cut, where this is known.
    tree : str or None
    only_nan : list of str
        Columns that held nothing but NaN; known when all rows were read.
    """

    def __init__(
        self,
        path,
        columns=None,
        tree=None,
        *,
        where=None,
        names=None,
        drop=(),
        differing="raise",
        missing="raise",
    ):
        _check_choice("differing", differing, DIFFERING)
        _check_choice("missing", missing, MISSING)
        self._cuts, self._wishes = Cuts(where), Wishes(columns, drop)
        self._differing, self._skips, self._names = differing, missing == "skip", names
        with opening(path):
            self.files, self._tree = find_files(path, tree)
        self.left_out, self.skipped, self.only_nan, self.tree = {}, {}, [], None
        self._seen, self._looked, self._known_rows = [], 0, 0
        self._open_ahead, self._told = {}, set()
        with prompt():
            _import_libraries()
            self._look_for_first()
        try:
            self._plan()
        except BaseException:
            self.close()
            raise

    # ---------------------------------------------------------- what there is

    @property
    def schema(self):
        """Schema of the columns asked for, as far as the files are known."""
        return self._cuts.schema(self._schema, self._columns)

    @property
    def rows(self):
        """Rows of all files before the cut, None where that is not known."""
        return self._known_rows if self._looked == len(self.files) else None

    @property
    def is_cut(self):
        """Whether rows have to pass a cut."""
        return bool(self._cuts)

    @property
    def lost(self):
        """What the table lacks although nobody dropped it: reasons by column."""
        return {
            name: self.left_out[name]
            for name in self._wishes.lost(self.left_out)
            if self.left_out[name] != NUMBERS_ROWS
        }

    def expected(self, held, rows):
        """Bytes of the whole table, as far as ``rows`` of it that take ``held`` bytes tell."""
        is_known = self._known_rows is not None and not self._cuts
        return max(held, held * self._known_rows / rows) if is_known else held

    def named(self, name):
        """Whether a column was asked for by its very name."""
        return self._wishes.named(name)

    def tell(self):
        """Warn, once and by name, of columns and files that are left out."""
        lost = {name: why for name, why in self.lost.items() if name not in self._told}
        if lost:
            warnings.warn(left_out_told(self.name, lost), LeftOutWarning, stacklevel=3)
        files = {name: why for name, why in self.skipped.items() if name not in self._told}
        if files:
            named = "; ".join(f"{name} ({why})" for name, why in files.items())
            warnings.warn(f"skipped {named}", LeftOutWarning, stacklevel=3)
        self._told |= lost.keys() | files.keys()

    def choose(self, columns=None, drop=()):
        """Read other columns than those asked for at first; to be called before the first row."""
        self._wishes = Wishes(columns, drop)
        self._settle()

    @property
    def _first(self):
        return self._seen[0]

    @property
    def name(self):
        """What the table is called in messages."""
        more = f" and {len(self.files) - 1} more" if len(self.files) > 1 else ""
        return f"{self._first.path.name}{more}"

    def close(self):
        """Close the files that were looked at; needed if no batch is read."""
        for source in self._open_ahead.values():
            source.close()
        self._open_ahead.clear()

    # ---------------------------------------------------------- plans

    def _look_for_first(self):
        """Open the first file that is not skipped."""
        while self._looked < len(self.files):
            if self._look():
                return
        reasons = "; ".join(f"{name} ({why})" for name, why in self.skipped.items())
        raise DataError(f"none of {len(self.files)} files has a table with rows: {reasons}")

    def _look(self):
        """Open the next file that was not looked at, and keep it open if there is room.

        Returns
        -------
        _Seen or None
            None if it is skipped.
        """
        place = self._looked
        source = self._opened(self.files[place])
        self._looked += 1
        if source is None:
            return None
        self._note(source)
        self._open_ahead[place] = source
        if len(self._open_ahead) > 1 and not self._has_room():
            self._open_ahead.pop(place).close()
        return self._seen[-1]

    def _has_room(self):
        sizes = [source.path.stat().st_size or 0 for source in self._open_ahead.values()]
        return len(sizes) <= MOST_OPEN and sum(sizes) <= MOST_BYTES

    def _opened(self, file):
        """Source of a file, None if it is skipped."""
        try:
            with prompt():
                source = open_source(file, self._tree, self._names)
        except NoTableError as error:
            if not self._skips:
                raise
            self.skipped[str(file)] = str(error)
            return None
        if source.rows == 0 and self._skips:
            source.close()
            self.skipped[str(file)] = "it has no rows"
            return None
        return source

    def _note(self, source):
        """Remember what a file has: columns with their types, and rows."""
        names, left_out = frozenset(source.schema.names), dict(source.left_out)
        self._seen.append(_Seen(source.path, source.schema, names, left_out, source.opens_slowly))
        is_known = None not in (self._known_rows, source.rows)
        self._known_rows = self._known_rows + source.rows if is_known else None
        if self.tree is None:
            self.tree = source.tree
        for name, why in source.left_out.items():
            self.left_out.setdefault(name, why)

    @property
    def _is_late(self):
        """Whether files are opened when their rows come."""
        return self._first.opens_slowly and self._differing == "raise"

    def _plan(self):
        """Settle what is to be read, and check all that can be checked before it is."""
        known = [*self._first.schema.names, *self._first.left_out]
        if self._is_late and not self._wishes.unknown(known):
            self._settle()
        else:
            self.look_ahead()

    def look_ahead(self):
        """Look at all files, so that the types are those that hold all values."""
        while self._looked < len(self.files):
            self._look()
        self._settle()

    def _settle(self):
        """Find columns and types of the table from the files that were looked at."""
        import pyarrow as pa

        path = self._first.path
        fields = self._fields()
        self.left_out = {name: why for name, why in self.left_out.items() if name not in fields}
        everything = [name for seen in self._seen for name in seen.schema.names]
        self._wishes.check(path, list(fields), self.left_out, everything)
        self._check_cuts()
        schema = pa.schema(fields.values())
        self._cuts.check(path, schema)
        self._columns = self._wishes.met(schema.names)
        if not self._columns:
            lost = "; ".join(f"{name!r}: {why}" for name, why in list(self.lost.items())[:3])
            message = f"{path.name} has no column that a table can hold"
            raise DataError(f"{message}{f': {lost}' if lost else ''}")
        needed = dict.fromkeys([*self._columns, *self._cuts.columns])
        self._schema = self._joined(pa.schema([schema.field(name) for name in needed]))

    def _check_cuts(self):
        """Raise a `DataError` if a cut needs what is left out."""
        for name in self._cuts.columns:
            if name in self.left_out:
                path, why = self._first.path, self.left_out[name]
                raise DataError(f"{name!r} of {path.name} is left out: {why}; no cut can use it")

    def _fields(self):
        """Columns to choose from, in the types of the first file that has each."""
        if self._differing == "raise":
            return {field.name: field for field in self._first.schema}
        fields = {}
        for seen in self._seen:
            for field in seen.schema:
                fields.setdefault(field.name, field)
        for seen in self._seen:
            for name in [name for name in fields if name not in seen.names]:
                if self._differing == "common" or name in seen.left_out:
                    self.left_out.setdefault(name, f"not in {seen.path.name}")
                    del fields[name]
                else:
                    fields[name] = fields[name].with_nullable(True)
        return fields

    def _joined(self, schema):
        """Widen types for all files looked at; raise one error on all that does not fit."""
        faults = []
        for seen in self._seen[1:]:
            schema, more = self._merged(schema, seen)
            faults += more
        if faults:
            raise DataError(_sentence(faults))
        return schema

    def _merged(self, schema, seen):
        """Widen types for one more file.

        Returns
        -------
        pyarrow.Schema
        list of _Fault
            What does not fit.
        """
        import pyarrow as pa

        faults = self._differences(schema, seen) if self._differing == "raise" else []
        fields = []
        for field in schema:
            other = _field(seen, field.name)
            both = field if other is None else common(field, other)
            if both is None:
                after = self._kinds_told(field, other, seen)
                faults.append(_Fault(field.name, "column", after, REMEDY_OF_TYPES))
            fields.append(both or field)
        return pa.schema(fields), faults

    def _kinds_told(self, field, other, seen):
        first = next(one for one in self._seen if field.name in one.names)
        return f" of {seen.path.name} is {other.type}, of {first.path.name} {field.type}"

    def _differences(self, schema, seen):
        """Columns that are in only one of the first file and this one."""
        first = self._first
        lacking = [name for name in schema.names if name not in seen.names]
        more = [
            name
            for name in self._wishes.met(seen.schema.names)
            if name not in first.names and first.left_out.get(name) != NUMBERS_ROWS
        ]
        faults = [_lack(name, seen, first) for name in lacking]
        return faults + [_lack(name, first, seen) for name in more]

    # ---------------------------------------------------------- rows

    def batches(self, *, types="keep", progress=None):
        """Yield Arrow batches of the columns asked for, after the cut, in the types of `schema`.

        Parameters
        ----------
        types : {"keep", "ask"}
            What to do if a file that is opened late has a wider type for a column: keep the one
            there is, as long as it holds the values; or raise `WiderTypesError`.
        progress : callable, optional
            Called with (rows read, rows in all or None, False).
        """
        schema = self.schema
        for path, batch in self.parts(types=types, progress=progress):
            try:
                yield cast(batch, schema, path.name)
            except DataError as error:
                raise DataError(f"{error}{LATE if self._is_late else ''}") from None

    def parts(self, *, types="widen", progress=None):
        """Yield path and batch of the columns asked for, after the cut, in the file's own types.

        Parameters
        ----------
        types : {"widen", "keep", "ask"}
            As for `batches`, or widen `schema` as files come.
        progress
            As for `batches`.
        """
        watch, rows = NothingButNaN(self._cuts.schema(self._schema, self._columns)), 0
        with contextlib.closing(self._sources(types)) as sources:
            for source in sources:
                for batch in self._own_batches(source):
                    rows += batch.num_rows
                    if progress is not None:
                        progress(rows, self.rows, False)
                    watch.look(batch)
                    passed = self._cuts.applied(batch, source.path.name, self._columns)
                    if passed.num_rows:
                        yield source.path, passed
        self.only_nan = watch.suspects if rows else []

    def _sources(self, types):
        """Open file after file, and look at what was not looked at before."""
        try:
            for place, file in enumerate(self.files):
                if place >= self._looked and (seen := self._look()):
                    self._fit(seen, types)
                if str(file) in self.skipped:
                    continue
                with self._open_ahead.pop(place, None) or self._opened(file) as source:
                    yield source
                if isinstance(file, Remote):
                    file.forget()
        finally:
            self.close()

    def _fit(self, seen, types):
        """Make sure that a file which is opened late has the columns, and settle its types."""
        schema, faults = self._merged(self._schema, seen)
        if faults:
            self.look_ahead()  # so that all is said at once
        if types == "ask" and schema != self._schema:
            raise WiderTypesError
        if types == "widen":
            self._schema = schema

    def _own_batches(self, source):
        """Batches of a file, with what is missing in it."""
        import pyarrow as pa

        names = set(source.schema.names)
        there = [name for name in self._schema.names if name in names]
        batches = source.batches(there)
        while (batch := _next(batches)) is not None:
            if len(there) == len(self._schema):
                yield batch
                continue
            arrays = [
                batch.column(batch.schema.get_field_index(field.name))
                if field.name in names
                else absent(field, batch.num_rows)
                for field in self._schema
            ]
            fields = [_field(source, field.name) or field for field in self._schema]
            yield pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def column_names(path, tree=None, names=None):
    """Names of the columns of a table; of several files the first one tells.

    Parameters
    ----------
    path, tree, names
        As for `read`.

    Returns
    -------
    list of str
    """
    with opening(path):
        files, tree = find_files(path, tree)
    table = Table(files[0], None, tree, names=names)
    table.close()
    return table.schema.names


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


def _check_choice(what, given, known):
    if given not in known:
        raise DataError(f"{what}={given!r}: wanted {' or '.join(map(repr, known))}")


def _field(seen, name):
    place = seen.schema.get_field_index(name)
    return None if place < 0 else seen.schema.field(place)


def _lack(name, seen, other):
    """Fault of one file that has not a column which another has."""
    after = f", which {other.path.name} has"
    if name in seen.left_out:
        after = f" ({seen.left_out[name]}){after}"
        return _Fault(name, f"{seen.path.name} leaves out", after, REMEDY)
    return _Fault(name, f"{seen.path.name} has no column", after, REMEDY)


def _sentence(faults):
    """One sentence on all columns in which files differ, with what to do."""
    words, remedies = {}, {}
    for fault in faults:
        words.setdefault((fault.before, fault.after), []).append(fault.name)
        remedies.setdefault(fault.remedy, {})[fault.name] = None
    told = "; ".join(f"{b} {', '.join(map(repr, names))}{a}" for (b, a), names in words.items())
    ways = "; ".join(way.format(", ".join(map(repr, names))) for way, names in remedies.items())
    return f"{told}: files that are chained need the same columns: {ways}"


def _next(batches):
    """Next batch, None at the end."""
    with prompt():
        return next(batches, None)


@contextlib.contextmanager
def prompt():
    """Spare Python's search for garbage where many objects are made that stay: a fifth of the time.

    Libraries that are imported, files that are opened, batches: after each it may search again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _import_libraries():
    """Import what every format needs: pyarrow itself would do so late, and swallow a Ctrl-C."""
    try:
        import pandas as pd  # noqa: F401
        import pyarrow as pa  # noqa: F401
    except ImportError as error:
        message = f'reading files needs {error.name}: pip install "hepml-lab[files]"'
        raise DataError(message) from None
