"""RNTuples, read forward page by page: each page is unpacked once, whatever the size of clusters.

A column of the table is one leaf of the tree of fields, below any number of lists, arrays and
options; members of records are columns of their own, ``record.member``. Of each column in the file
that is needed, one page is in memory at a time; of a page above 16 MB, as uproot writes them, one
block of at most 16 MB if its encoding is one of those that uproot writes.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import re
from abc import ABC, abstractmethod

import numpy as np

from hepml.data._errors import DataError
from hepml.data.files._layouts import marked
from hepml.data.files._pages import Stream

__all__ = ["NTuple"]

OPTIONS = ("std::optional<", "std::unique_ptr<")
MOST_ENTRIES = 2**31 - 1  # of all lists in a batch, by Arrow's offsets of 32 bits
VARIANT = "a variant: its type changes from row to row"
STREAMED = "an object that ROOT streams as a whole"
EMPTY = "a record without members"
UNKNOWN = "a structure that is not known"


class NTuple:
    """The columns of an RNTuple by name, read in order.

    Parameters
    ----------
    ntuple : uproot.models.RNTuple.Model_ROOT_3a3a_RNTuple

    Attributes
    ----------
    rows : int
    title : str
    names : list of str
        Of all columns, those that no table can hold included.
    reasons : dict of str to str
        Why no table can hold these.
    """

    def __init__(self, ntuple):
        self.rows, self._ntuple = int(ntuple.num_entries), ntuple
        self.title = ntuple.header.ntuple_description
        self.names, self.reasons, self._nodes = [], {}, {}
        fields = _Fields(ntuple)
        for top in fields.top:
            for path, found in fields.columns(top):
                self._add(".".join((fields.name(top), *path)), found)
        self._numbers = fields.alternatives()
        self._streams, self._taken, self._range = {}, {}, (0, 0)

    def _add(self, name, found):
        while name in self._nodes or name in self.reasons:
            name += "_"
        self.names.append(name)
        (self.reasons if isinstance(found, str) else self._nodes)[name] = found

    def type(self, name):
        """Arrow type of a column, None if no table can hold it."""
        return self._nodes[name].type(self) if name in self._nodes else None

    def field(self, name):
        """Arrow field of a column that a table can hold; it says where values may be missing."""
        import pyarrow as pa

        levels = self._nodes[name].levels
        return marked(pa.field(name, self.type(name), nullable=bool(levels)), levels)

    def length(self, _name):
        """Rows that there are clusters for."""
        return sum(cluster.num_entries for cluster in self._ntuple.cluster_summaries)

    def width(self, name):
        """Bytes per row, on average."""
        numbers = self._nodes[name].numbers
        return sum(Stream(self._ntuple, self._numbers[n]).bytes for n in numbers) / max(
            1, self.rows
        )

    def edges(self, _names):
        """Rows at which a cluster ends."""
        return np.cumsum([0, *(cluster.num_entries for cluster in self._ntuple.cluster_summaries)])

    def array(self, name, _kind, start, stop):
        """Read some rows of a column: the first ones, or those after the last that were read.

        All columns that are read are read over the same rows.
        """
        if (start, stop) != self._range:
            self._move(start, stop)
        return self._nodes[name].take(self, stop - start)

    def _move(self, start, stop):
        if start == 0:
            self._streams = {}
        elif start != self._range[1]:
            raise ValueError(f"rows {start} to {stop} after {self._range}")
        self._taken, self._range = {}, (start, stop)

    def dtype(self, number):
        """NumPy type of a column of the file."""
        return self.stream(number).dtype

    def stream(self, number):
        """Elements of a column of the file that are still to be read."""
        if number not in self._streams:
            self._streams[number] = Stream(self._ntuple, self._numbers[number])
        return self._streams[number]

    def elements(self, number, count):
        """Take the next elements of a column of the file, once for all who ask in these rows."""
        if number not in self._taken:
            self._taken[number] = self.stream(number).elements(count)
        return self._taken[number]

    def offsets(self, number, count):
        """Take offsets of the next lists, which start from 0."""
        if number not in self._taken:
            self._taken[number] = self.stream(number).offsets(count)
        return self._taken[number]


# ---------------------------------------------------------------- fields


class _Fields:
    """The tree of fields, by their numbers."""

    def __init__(self, ntuple):
        self._ntuple, self._records = ntuple, ntuple.field_records
        self.top, self._below, self._columns = [], {}, {}
        for number, record in enumerate(self._records):
            is_top = record.parent_field_id == number
            below = self.top if is_top else self._below.setdefault(record.parent_field_id, [])
            below.append(number)
        for number, column in enumerate(ntuple.column_records):
            self._columns.setdefault(column.field_id, []).append(number)

    def name(self, field):
        """Name of a field, as it is in the file."""
        return self._records[field].field_name

    def alternatives(self):
        """For each column those that stand for it in some clusters, itself first."""
        found, columns = {}, self._ntuple.column_records
        for numbers in self._columns.values():
            places, places_of = {}, {}
            for number in numbers:
                representation = columns[number].repr_idx
                place = places_of[representation] = places_of.get(representation, -1) + 1
                places.setdefault(place, []).append(number)
            found |= {same[0]: same for same in places.values()}
        return found

    def columns(self, field):
        """Yield the path to each leaf below a field, and its node or the reason for none."""
        from uproot.const import RNTupleFieldFlags, RNTupleFieldRole

        record, below = self._records[field], self._below.get(field, [])
        role, is_array = record.struct_role, record.flags & RNTupleFieldFlags.REPETITIVE
        if role == RNTupleFieldRole.VARIANT:
            yield (), VARIANT
        elif role == RNTupleFieldRole.STREAMER:
            yield (), STREAMED
        elif role == RNTupleFieldRole.RECORD:
            yield from self._members(field)
        elif role == RNTupleFieldRole.COLLECTION:
            kind = _Option if record.type_name.startswith(OPTIONS) else _List
            yield from self._wrapped(below, lambda node: kind(self._own(field)[0], node))
        elif is_array and below:
            yield from self._wrapped(below, lambda node: _Array(record.repetition, node))
        elif is_array:
            yield (), _Array(record.repetition, self._leaf(field))
        elif not self._own(field) and len(below) == 1:  # an enumeration, an atomic
            yield from self.columns(below[0])
        else:
            yield (), self._leaf(field)

    def _wrapped(self, below, wrap):
        """Columns of the entries of a list, an array or an option."""
        for path, found in self.columns(below[0]) if len(below) == 1 else [((), UNKNOWN)]:
            yield path, found if isinstance(found, str) else wrap(found)

    def _members(self, field):
        """Columns of a record; a base class's are named by it where another is called so too."""
        members = self._below.get(field, [])
        found = [part for member in members for part in self._named(member)]
        owners = {}
        for owner, path, _ in found:
            owners.setdefault(path[:1], set()).add(owner)
        if not members:
            yield (), EMPTY
        for owner, path, column in found:
            is_clear = len(owners[path[:1]]) == 1 or not self._is_base(owner)
            base = self._records[owner].type_name
            yield path if is_clear else (f"{base}::{path[0]}", *path[1:]), column

    def _named(self, member):
        own = () if self._is_base(member) else (self._member_name(member),)
        for path, found in self.columns(member):
            yield member, (*own, *path), found

    def _is_base(self, member):
        return self._records[member].field_name.startswith(":")

    def _member_name(self, field):
        """Name as a member; uproot calls those of tuples by their number alone."""
        name = self.name(field)
        return name[1:] if re.fullmatch("_[0-9]+", name) else name

    def _own(self, field):
        """Columns of a field, or of the one that it is a projection of: the usual ones."""
        source = self._records[field].source_field_id
        numbers = self._columns.get(field if source is None else source, [])
        return [n for n in numbers if self._ntuple.column_records[n].repr_idx == 0]

    def _leaf(self, field):
        numbers = self._own(field)
        if len(numbers) == 2:
            return _Text(*numbers)
        if len(numbers) != 1:
            return UNKNOWN
        is_count = "RNTupleCardinality" in self._records[field].type_name
        return (_Count if is_count else _Number)(*numbers)


# ---------------------------------------------------------------- columns


class _Node(ABC):
    """A column of the table, or the entries of its lists.

    Attributes
    ----------
    numbers : tuple of int
        Columns of the file that it is made of.
    levels : frozenset of int
        Depths in its lists at which values may be missing; 0 are its own.
    """

    numbers, levels = (), frozenset()

    @abstractmethod
    def type(self, table):
        """Arrow type."""

    @abstractmethod
    def take(self, table, count):
        """Arrow array of the next entries, as an `NTuple` reads them."""


class _Number(_Node):
    def __init__(self, number):
        self.numbers = (number,)

    def type(self, table):
        import pyarrow as pa

        return pa.from_numpy_dtype(_wide(table.dtype(self.numbers[0])))

    def take(self, table, count):
        import pyarrow as pa

        values = table.elements(self.numbers[0], count)
        return pa.array(values.astype(_wide(values.dtype), copy=False))


def _wide(dtype):
    """Type to compute in: sums of half precision overflow soon."""
    return np.dtype(np.float32) if dtype == np.float16 else dtype


class _Count(_Number):
    """Lengths of lists that are a field of their own."""

    def take(self, table, count):
        import pyarrow as pa

        return pa.array(np.diff(table.offsets(self.numbers[0], count)))


class _Text(_Node):
    def __init__(self, *numbers):
        self.numbers = numbers

    def type(self, _table):
        import pyarrow as pa

        return pa.string()

    def take(self, table, count):
        import pyarrow as pa

        offsets = table.offsets(self.numbers[0], count)
        letters = np.ascontiguousarray(table.elements(self.numbers[1], int(offsets[-1])))
        buffers = [None, pa.py_buffer(_narrow(offsets)), pa.py_buffer(letters)]
        texts = pa.Array.from_buffers(pa.string(), count, buffers)
        try:
            texts.validate(full=True)
        except pa.ArrowInvalid:
            raise DataError("it has text that is not UTF-8: leave it out by drop=") from None
        return texts


class _List(_Node):
    def __init__(self, number, content):
        self.numbers, self._content = (number, *content.numbers), content
        self.levels = frozenset(level + 1 for level in content.levels)

    def type(self, table):
        import pyarrow as pa

        return pa.list_(self._content.type(table))

    def take(self, table, count):
        import pyarrow as pa

        offsets = table.offsets(self.numbers[0], count)
        content = self._content.take(table, int(offsets[-1]))
        return pa.ListArray.from_arrays(pa.array(_narrow(offsets)), content)


def _narrow(offsets):
    if offsets[-1] > MOST_ENTRIES:
        raise DataError(f"{offsets[-1]} entries in one batch of lists: more than Arrow holds")
    return offsets.astype(np.int32)


class _Array(_Node):
    def __init__(self, size, content):
        self.numbers, self._size, self._content = content.numbers, int(size), content
        self.levels = frozenset(level + 1 for level in content.levels)

    def type(self, table):
        import pyarrow as pa

        return pa.list_(self._content.type(table), self._size)

    def take(self, table, count):
        import pyarrow as pa

        content = self._content.take(table, count * self._size)
        return pa.FixedSizeListArray.from_arrays(content, self._size)


class _Option(_Node):
    """Values that may be missing: lists of none or one."""

    def __init__(self, number, content):
        self.numbers, self._content = (number, *content.numbers), content
        self.levels = content.levels | {0}

    def type(self, table):
        return self._content.type(table)

    def take(self, table, count):
        import pyarrow as pa

        offsets = table.offsets(self.numbers[0], count)
        there = np.diff(offsets)
        if there.max(initial=0) > 1:
            raise ValueError("an option with several values")
        content = self._content.take(table, int(offsets[-1]))
        if len(content) == count:
            return content
        return content.take(pa.array(offsets[:-1], mask=there == 0))
