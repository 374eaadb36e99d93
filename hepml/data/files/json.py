"""JSON: records one after the other, as lines or in a list; or one object with the table in it.

Records may hold records and lists of records: ``MET.pt``, ``particles.pt``. Files of records are
read piece by piece, twice: a first pass finds the types. An object that holds a list of records, or
the columns, as pandas and others write it, is taken into memory as a whole.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import gzip
import io
import json
import re
import zlib

from hepml.data._errors import DataError, NoTableError
from hepml.data.files._leaves import pick, spread
from hepml.data.files._records import built, inferred, merged, pruned
from hepml.data.files.base import Source, check_expansion, check_names, choose_tree, damaged

__all__ = ["JsonSource"]

BLOCK = 1 << 20  # characters read at once
BATCH = 1 << 22  # characters of the records of a batch
LARGEST = 1 << 28  # characters of a single value
ROWS = 10_000  # of a batch, from a table that is in memory
GZIP = b"\x1f\x8b"
LINES = re.compile(r"(?i)\.(jsonl|ndjson)(\.gz)?$")  # names of files of records, be it only one
SEVERAL_TYPES = "its values are of several types, or beyond 64 bits"


class Values:
    """JSON values of a file, one after the other.

    Parameters
    ----------
    path : pathlib.Path
    stream : text file
    """

    def __init__(self, path, stream):
        self.path, self.stream = path, stream
        self.text, self.place, self.read, self.lines = "", 0, 0, 1
        self.decoder = json.JSONDecoder()

    def next_mark(self):
        """First character of what follows, blanks apart; "" at the end."""
        while True:
            rest = self.text[self.place : self.place + BLOCK].lstrip()
            if rest:
                self.place = self.text.index(rest[0], self.place)
                return rest[0]
            if not self._fill(BLOCK):
                return ""

    def skip(self):
        """Pass one character."""
        self.place += 1

    @property
    def line(self):
        """Number of the line that has been come to."""
        return self.lines + self.text.count("\n", 0, self.place)

    def value(self):
        """Next value; a `DataError` if it is none."""
        self.next_mark()
        while True:
            try:
                found, self.place = self.decoder.raw_decode(self.text, self.place)
            except json.JSONDecodeError as error:
                if not self._fill(max(len(self.text), BLOCK)):
                    line = self.lines + self.text.count("\n", 0, error.pos)
                    raise self.broken(f"line {line}: {error.msg}") from None
            except RecursionError:
                raise self.broken("nested too deeply") from None
            else:
                return found

    def _fill(self, size):
        """Have more text at hand; tell whether there was any."""
        self.lines += self.text.count("\n", 0, self.place)
        self.text, self.place = self.text[self.place :], 0
        if len(self.text) > LARGEST:
            message = f"{self.path.name} is one value of more than {LARGEST // 10**6} million"
            raise DataError(f"{message} characters: write one record per line (JSON lines)")
        more = self.stream.read(size)
        self.read += len(more)
        check_expansion(self.path, self.read)
        self.text += more
        return bool(more)

    def broken(self, why):
        """Error that says what is wrong, to be raised."""
        return damaged(self.path, "JSON", why)


class JsonSource(Source):
    """Records in JSON as table.

    Parameters
    ----------
    path : pathlib.Path
    tree : str, optional
        Member of the one object that holds the table.
    names : None
        JSON names its members.
    """

    kind = "JSON"

    def __init__(self, path, tree=None, names=None):
        super().__init__(path)
        check_names(path, self.kind, names)
        self._type, self._missing, self._wanted = None, set(), tree
        self.rows = 0
        for records in self._batches():
            self._look(records)
        if self._type is None:
            raise NoTableError(f"{path.name} holds no records")
        self._find_schema()

    def close(self):
        """Close the file; between passes none is open."""

    def _look(self, records):
        """Learn the types of some records, and what they lack."""
        import pyarrow as pa

        found = inferred(records)
        leaves, _ = spread(pa.schema(found))
        known = set() if self._type is None else set(spread(pa.schema(self._type))[0])
        lacking = (known ^ set(leaves)) if self.rows else set()
        array = built(records, found)
        lacking |= {name for name, leaf in leaves.items() if _lacks(array, leaf.path)}
        self._missing |= lacking
        self._type = found if self._type is None else merged(self._type, found)
        self.rows += len(records)

    def _find_schema(self):
        import pyarrow as pa

        self._leaves, left_out = spread(pa.schema(self._type))
        clear = {name: why for name, why in left_out.items() if "member" in why}
        self.left_out |= dict.fromkeys(left_out, SEVERAL_TYPES) | clear
        if not self._leaves:
            told = "".join(f": {name!r}: {why}" for name, why in list(self.left_out.items())[:1])
            raise DataError(f"{self.path.name} has nothing that a table can hold{told}")
        self.schema = pa.schema(
            pa.field(name, leaf.type, nullable=name in self._missing and str(leaf.type) != "double")
            for name, leaf in self._leaves.items()
        )

    def batches(self, columns):
        """Yield the table in pieces; see `Source`."""
        import pyarrow as pa

        schema = pa.schema([self.schema.field(name) for name in columns])
        leaves = [self._leaves[name] for name in columns]
        type_ = pruned(self._type, [leaf.path for leaf in leaves])
        for records in self._batches():
            array = built(records, type_, self.path.name)
            arrays = [pick(array, leaf.path, leaf.type) for leaf in leaves]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _batches(self):
        """Yield lists of records."""
        try:
            with self._open() as stream:
                yield from self._found(Values(self.path, stream))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            reason = "truncated" if isinstance(error, EOFError) else type(error).__name__
            raise damaged(self.path, self.kind, reason) from None
        except UnicodeDecodeError:
            raise DataError(f"{self.path} is damaged: it is not UTF-8 text") from None

    def _open(self):
        with self.path.open("rb") as file:
            is_packed = file.read(2) == GZIP
        opened = gzip.open if is_packed else open
        return io.TextIOWrapper(opened(self.path, "rb"), encoding="utf-8-sig")

    def _found(self, values):
        mark = values.next_mark()
        if mark == "[":
            values.skip()
            self._check_treeless()
            yield from _grouped(values, self._listed(values))
        elif mark == "{":
            first = values.value()
            if values.next_mark() or LINES.search(self.path.name):
                self._check_treeless()
                yield from _grouped(values, self._lines(values, first))
            else:
                records = self._inside(first)
                for start in range(0, len(records), ROWS):
                    yield [self._record(one) for one in records[start : start + ROWS]]
        else:
            raise values.broken(f"it starts with {mark!r}" if mark else "nothing in it")

    def _check_treeless(self):
        if self._wanted is not None:
            choose_tree(self.path, [], self._wanted)

    def _listed(self, values):
        """Yield the records of a list that has begun."""
        if values.next_mark() == "]":
            return
        while True:
            yield self._record(values.value())
            mark = values.next_mark()
            values.skip()
            if mark == "]":
                break
            if mark != ",":
                raise values.broken(f"a comma or a bracket is missing in line {values.line}")
        if values.next_mark():
            raise values.broken("more follows the list of records")

    def _lines(self, values, first):
        yield self._record(first)
        while values.next_mark():
            yield self._record(values.value())

    def _record(self, value):
        if not isinstance(value, dict):
            what = json.dumps(value)[:30]
            raise DataError(f"{self.path.name} holds {what} where a record with names is wanted")
        return value

    def _inside(self, thing):
        """Find the records that one object holds."""
        tables = {name: one for name, one in thing.items() if _is_records(one)}
        if {"columns", "data"} <= thing.keys() and _is_lists(thing["data"]):
            return _split(thing)
        if _is_columns(thing):
            return _rows({name: _cells(one) for name, one in thing.items()})
        if thing and all(map(str.isdigit, thing)) and _is_records(list(thing.values())):
            return list(thing.values())
        if not tables:
            self._check_treeless()
            return [thing]
        self.tree = choose_tree(self.path, list(tables), self._wanted)
        beside = f"it stands beside the table {self.tree!r}"
        if {"primaryKey": ["index"]}.items() <= dict(thing.get("schema") or {}).items():
            self.row_numbers = {"index"}
        self.left_out = {name: beside for name in thing if name not in (*tables, "schema")}
        return tables[self.tree]


def _lacks(array, path):
    """Whether a member of records is missing somewhere; entries of lists apart."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in path:
        if not pa.types.is_struct(array.type):
            break
        array = pc.struct_field(array, array.type.get_field_index(name))
    return array.null_count > 0


def _split(thing):
    """Give the records of a table that pandas split; an index of more than numbers stays."""
    records = [dict(zip(thing["columns"], row, strict=True)) for row in thing["data"]]
    index = thing.get("index") or []
    if all(isinstance(one, int) for one in index):
        return records
    return [{"index": one, **record} for one, record in zip(index, records, strict=True)]


def _grouped(values, records):
    """Yield lists of records of about `BATCH` characters."""
    held, begin = [], values.read
    for record in records:
        held.append(record)
        if values.read - begin >= BATCH or len(held) >= 10 * ROWS:
            yield held
            held, begin = [], values.read
    if held:
        yield held


def _is_records(thing):
    return isinstance(thing, list) and bool(thing) and all(isinstance(one, dict) for one in thing)


def _is_lists(thing):
    return isinstance(thing, list) and all(isinstance(one, list) for one in thing)


def _is_columns(thing):
    """Whether an object is columns of one length: lists, or as pandas writes them by the row."""
    parts = list(thing.values())
    if not parts:
        return False
    if all(isinstance(part, list) for part in parts):
        return len({len(part) for part in parts}) == 1 and not all(map(_is_records, parts))
    numbered = all(isinstance(part, dict) and all(map(str.isdigit, part)) for part in parts)
    return numbered and len({tuple(part) for part in parts}) == 1


def _cells(column):
    return column if isinstance(column, list) else list(column.values())


def _rows(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
