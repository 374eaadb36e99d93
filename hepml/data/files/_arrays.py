"""Tables in files of plain arrays: what HDF5, npz and npy share, and how the first two keep lists.

A column of numbers, truth values or strings is one array of that name. A column of lists is two:
list i of ``NAME`` has the entries ``offsets[i]`` to ``offsets[i + 1]`` of ``NAME/content``, with
``NAME/offsets`` one longer than the table. Where all lists have one length there are no offsets:
the further axes of ``NAME/content`` are the lists. Contents may be lists again.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from abc import abstractmethod
from math import prod

import numpy as np

from hepml.data._errors import DataError, nearest
from hepml.data.files._guard import reading
from hepml.data.files.base import (
    BATCH_BYTES,
    NO_TYPE,
    Source,
    Writer,
    check_expansion,
    check_unique,
)

__all__ = ["CONTENT", "OFFSETS", "ArraySource", "ArrayWriter", "Block", "fields", "from_arrow"]
__all__ += ["lists", "matrix", "members", "to_arrow", "whole"]

OFFSETS, CONTENT = "/offsets", "/content"  # behind the name of a column of lists
MOST_COLUMNS = 20_000
UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns")  # of instants
TEXT_BYTES = 64  # guessed of a string whose length only reading tells


# ---------------------------------------------------------------- reading


class Block:
    """One array of a file, read forward: a column, or several side by side.

    Parameters
    ----------
    start : callable
        Called once reading begins; returns a function from a number of entries to the next
        entries, an array whose first axis they are.
    dtype : numpy.dtype
    shape : tuple of int
        All axes of the array, entries first.
    columns : dict of str to callable
        Takes the values of each column out of the entries.

    Attributes
    ----------
    numbered : tuple of str
        Columns whose names the file does not tell.
    """

    def __init__(self, start, dtype, shape, columns):
        self.start, self.dtype, self.shape, self.columns = start, dtype, shape, columns
        self.length, self.next, self.numbered = shape[0], None, ()
        size = TEXT_BYTES if dtype.hasobject else dtype.itemsize
        self.width = max(size * prod(shape[1:]), 1)

    def types(self):
        """Arrow type of each column; None for what a table cannot hold."""
        sample = np.empty((0, *self.shape[1:]), self.dtype)
        return {
            name: arrow_type(values.dtype, values.shape[1:])
            for name, pick in self.columns.items()
            for values in [pick(sample)]
        }

    def open(self):
        """Begin to read."""
        self.next = self.start()

    def fit(self, rows, size):
        """How many of the next rows take no more than that many bytes."""
        return max(min(rows, size // self.width), 1)

    def take(self, rows, wanted):
        """Arrow arrays of the next rows, by column."""
        values = self.next(rows)
        if len(values) != rows:
            raise EOFError
        if len(wanted) > 1 and values.ndim == 2 and not values.dtype.names:
            values = values.T.copy().T  # columns become contiguous in one go
        return {name: to_arrow(self.columns[name](values)) for name in wanted}

    def finish(self):
        """Check what only the end tells."""


class Jagged:
    """A column of lists: a block of offsets, and the lists' entries, a block or again lists."""

    def __init__(self, name, offsets, content):
        self.name, self.offsets, self.content = name, offsets, content
        self.length = offsets.length - 1
        self.ahead = None
        self.width = 8 + content.width * content.length / max(self.length, 1)

    numbered = ()

    @property
    def columns(self):
        return (self.name,)

    def types(self):
        import pyarrow as pa

        (inner,) = self.content.types().values()
        return {self.name: inner and pa.list_(inner)}

    def open(self):
        self.offsets.open()
        self.content.open()
        self.ahead = self.offsets.next(1).astype(np.int64)
        if len(self.ahead) != 1 or self.ahead[0] != 0:
            raise DataError(f"the lists of {self.name!r} do not start at 0: the file is damaged")

    def fit(self, rows, size):
        self._look(rows)
        ends = self.ahead[1 : rows + 1] - self.ahead[0]
        within = int(np.searchsorted(ends * self.content.width, size, side="right"))
        return max(min(rows, within), 1)

    def _look(self, rows):
        """Have the offsets of the next rows at hand."""
        missing = rows + 1 - len(self.ahead)
        if missing <= 0:
            return
        more = self.offsets.next(missing).astype(np.int64)
        self.ahead = np.concatenate((self.ahead, more))
        if len(more) < missing:
            raise EOFError
        if (np.diff(self.ahead) < 0).any() or self.ahead[-1] > self.content.length:
            raise DataError(f"the lists of {self.name!r} overlap or end too late: damaged offsets")

    def finish(self):
        if self.ahead[-1] != self.content.length:
            raise DataError(f"the lists of {self.name!r} do not fill their content: damaged file")
        self.content.finish()

    def take(self, rows, _wanted):
        import pyarrow as pa

        self._look(rows)
        ends, self.ahead = self.ahead[: rows + 1], self.ahead[rows:]
        entries = int(ends[-1] - ends[0])
        if entries >= 2**31:
            raise DataError(f"a list of {self.name!r} has {entries} entries, more than Arrow holds")
        (content,) = self.content.take(entries, list(self.content.columns)).values()
        offsets = pa.array((ends - ends[0]).astype(np.int32))
        return {self.name: pa.ListArray.from_arrays(offsets, content)}


def lists(name, key, find):
    """Block of the entries kept under a key: jagged where offsets are beside them.

    Parameters
    ----------
    name : str
        Of the column.
    key : str
    find : callable
        From a key to its `Block`, or to None where nothing is kept.

    Returns
    -------
    Block or Jagged
    """
    offsets = find(key + OFFSETS)
    if offsets is None:
        content = find(key)
        if content is None:
            raise DataError(f"the entries of the lists {name!r} are missing: the file is damaged")
        return content
    if offsets.dtype.kind not in "iu" or len(offsets.shape) != 1 or not offsets.length:
        raise DataError(f"the offsets of the lists {name!r} are no integers: the file is damaged")
    return Jagged(name, offsets, lists(name, key + CONTENT, find))


def matrix(name, number, names=None, called="{name}_{i}"):
    """Columns of an array of two axes: by their ``names``, or as ``called``: NAME_0, NAME_1."""
    if number > MOST_COLUMNS:
        raise DataError(f"{name!r} has {number} columns, more than {MOST_COLUMNS}: no table")
    if names is not None and len(names) != number:
        raise DataError(f"{name!r} has {number} columns, but {len(names)} names: damaged")
    names = names or [called.format(name=name, i=i) for i in range(number)]
    return {column: _column(i) for i, column in enumerate(names)}


def whole(values):
    """Take all of an array as one column."""
    return values


def _column(i):
    return lambda values: values[:, i]


def fields(dtype, start=""):
    """Columns of an array of records, those of records in it as ``record.member``.

    Parameters
    ----------
    dtype : numpy.dtype
    start : str
        Before all names.

    Returns
    -------
    dict of str to callable
    """
    columns = {}
    for name in dtype.names:
        inner = members(start + name, dtype[name].base) or {start + name: whole}
        columns |= {called: _field(name, pick) for called, pick in inner.items()}
    return columns


def members(name, dtype):
    """Columns of records, or of lists of records, that a column holds; none for others."""
    inside = (dtype.metadata or {}).get("vlen")
    if dtype.names:
        return fields(dtype, f"{name}.")
    if isinstance(inside, np.dtype) and inside.names:
        return {
            called: _entries(pick, inside) for called, pick in fields(inside, f"{name}.").items()
        }
    return {}


def _field(name, pick):
    return lambda values: pick(values[name])


def _entries(pick, dtype):
    """Take a member out of each of many arrays of records."""
    kind = pick(np.empty(0, dtype)).dtype

    def picked(values):
        found = np.empty(values.shape, np.dtype("O", metadata={"vlen": kind}))
        for place, array in np.ndenumerate(values):
            found[place] = pick(array)
        return found

    return picked


def arrow_type(dtype, shape):
    """Arrow type of entries of a shape; None for what a table cannot hold."""
    import pyarrow as pa

    inside = (dtype.metadata or {}).get("vlen")  # h5py's mark of strings and lists
    if dtype.kind in "SU" or inside in (str, bytes):
        found = pa.string()
    elif isinstance(inside, np.dtype) and shape == ():
        inner = arrow_type(inside, ())
        return inner and pa.list_(inner)
    elif dtype.kind in "mM" and 0 not in shape:
        found = _of_times(dtype)
    elif dtype.kind not in "biuf" or dtype.itemsize > 8 or 0 in shape:
        return None
    else:
        found = pa.from_numpy_dtype(_plain(dtype))
    if found is None:
        return None
    for size in reversed(shape):
        found = pa.list_(found, size)
    return found


def _of_times(dtype):
    """Type of instants, or of durations in seconds; None where the unit is no number of seconds."""
    import pyarrow as pa

    unit = np.datetime_data(dtype)[0]
    if dtype.kind == "m":
        return pa.float64() if unit not in ("generic", "Y", "M") else None
    return pa.timestamp(unit if unit in ("us", "ns") else "ms") if unit in UNITS else None


def _plain(dtype):
    """Type in this machine's byte order; half precision widened."""
    return np.dtype(np.float32) if dtype == np.float16 else dtype.newbyteorder("=")


def to_arrow(values):
    """Arrow array of numbers, truth values or strings; further axes become fixed-size lists.

    Parameters
    ----------
    values : ndarray, shape (rows, ...)
        Objects are byte strings in UTF-8, or arrays.

    Returns
    -------
    pyarrow.Array
    """
    import pyarrow as pa

    flat = values.reshape(-1)
    if isinstance((values.dtype.metadata or {}).get("vlen"), np.dtype):
        return _of_arrays(flat)
    if values.dtype.kind in "biuf":
        array = pa.array(np.ascontiguousarray(flat, _plain(values.dtype)))
    elif values.dtype.kind == "M":
        array = pa.array(flat.astype(f"M8[{arrow_type(values.dtype, ()).unit}]"))
    elif values.dtype.kind == "m":
        array = pa.array(flat / np.timedelta64(1, "s"), from_pandas=False)
    elif values.dtype.kind == "U":
        array = pa.array(flat.tolist(), pa.string())
    else:
        array = pa.array(flat.tolist(), pa.binary()).cast(pa.string())
    for size in reversed(values.shape[1:]):
        array = pa.FixedSizeListArray.from_arrays(array, size)
    return array


def _of_arrays(arrays):
    """Turn an array of arrays into lists."""
    import pyarrow as pa

    ends = np.concatenate(([0], np.cumsum([len(array) for array in arrays], dtype=np.int64)))
    inside = arrays.dtype.metadata["vlen"]
    content = np.concatenate([np.empty(0, inside), *arrays])
    return pa.ListArray.from_arrays(pa.array(ends.astype(np.int32)), to_arrow(content))


class ArraySource(Source):
    """A file whose table is a set of blocks; subclasses find them and hand them to `_arrange`."""

    def _arrange(self, blocks):
        """Make one table of the blocks, or say why they are none."""
        import pyarrow as pa

        self.blocks = [block for block in blocks if any(block.types().values())]
        found = [pair for block in blocks for pair in block.types().items()]
        self.left_out |= {name: NO_TYPE for name, type_ in found if type_ is None}
        check_unique(self.path, [name for name, _type in found])
        self._check_lengths()
        held = [pair for pair in found if pair[1] is not None]
        may_miss = pa.types.is_timestamp  # NumPy's instants know one that is none
        self.schema = pa.schema([pa.field(*pair, nullable=may_miss(pair[1])) for pair in held])
        if not held:
            nothing = f"{self.path.name} has nothing that a table can hold"
            raise DataError(f"{nothing}: {nearest('', self.left_out)}")
        self.rows = self.blocks[0].length
        size = sum(block.width * block.length for block in self.blocks)
        check_expansion(self.path, size)

    def _rename(self, blocks, names):
        """Give columns without names those of the user."""
        if names is None:
            return
        number = sum(len(block.numbered) for block in blocks)
        if len(names) != number:
            message = f"names= gives {len(names)} names for {number} numbered columns"
            raise DataError(f"{message} of {self.path.name}")
        given = iter(names)
        for block in blocks:
            block.columns = (
                {
                    next(given) if name in block.numbered else name: pick
                    for name, pick in block.columns.items()
                }
                if block.numbered
                else block.columns
            )

    def _check_lengths(self):
        for block in self.blocks:
            first = self.blocks[0]
            if block.length != first.length:
                one, other = (f"{next(iter(b.columns))!r} has {b.length}" for b in (first, block))
                lengths = f"{one} rows, {other}"
                message = f"lengths differ in {self.path.name}: {lengths}; name one with tree="
                raise DataError(message)

    def _check_tree(self, tree, choice):
        """Return the name of the one table that is meant."""
        shown = [name or "/" for name in choice]  # the root of an HDF5 file has no name
        if tree is not None and tree not in choice:
            raise DataError(f"{self.path.name} has no table {tree!r}; {nearest(tree, shown)}")
        if tree is None and len(choice) > 1:
            listed = ", ".join([*map(repr, shown[:12]), *["…"] * (len(choice) > 12)])
            message = f"{self.path.name} holds {len(choice)} tables, name one of them: {listed}"
            raise DataError(message)
        return tree if tree is not None else next(iter(choice), None)

    def batches(self, columns):
        """Yield the table in pieces; see `Source`."""
        import pyarrow as pa

        schema = pa.schema([self.schema.field(name) for name in columns])
        with reading(self.path, self.kind):
            blocks = [block for block in self.blocks if set(block.columns) & set(columns)]
            for block in blocks:
                block.open()
            for rows in self._steps(blocks):
                found = {}
                for block in blocks:
                    found |= block.take(rows, [n for n in block.columns if n in columns])
                arrays = [found[name] for name in columns]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
            for block in blocks:
                block.finish()

    def _steps(self, blocks):
        """Yield the number of rows of each batch, so that none is far above ``BATCH_BYTES``."""
        usual = max(int(BATCH_BYTES / sum(block.width for block in blocks)), 1)
        left = self.rows
        while left:
            rows = min(usual, left)
            for block in blocks:
                rows = block.fit(rows, BATCH_BYTES)
            left -= rows
            yield rows


# ---------------------------------------------------------------- writing


def from_arrow(array, name, kind):
    """Entries of an Arrow array without jagged lists: fixed-size ones become further axes.

    Parameters
    ----------
    array : pyarrow.Array
    name, kind : str
        Of the column and the file, for the message.

    Returns
    -------
    ndarray, shape (rows, ...)

    Raises
    ------
    DataError
        If values other than floats and instants are missing; missing floats become NaN.
    """
    import pyarrow as pa

    can_miss = pa.types.is_floating(array.type) or pa.types.is_timestamp(array.type)
    if array.null_count and not can_miss:
        message = f"{name!r} has missing values, which {kind} files cannot hold: fill or drop them"
        raise DataError(message)
    if pa.types.is_fixed_size_list(array.type):
        inner = from_arrow(array.flatten(), name, kind)
        return inner.reshape(len(array), array.type.list_size, *inner.shape[1:])
    return array.to_numpy(zero_copy_only=False)


def _is_plain(type_):
    """Whether a type is one array: no list, or fixed-size lists of no list."""
    import pyarrow as pa

    if pa.types.is_fixed_size_list(type_):
        return type_.list_size > 0 and _is_plain(type_.value_type)
    return not pa.types.is_list(type_)


class ArrayWriter(Writer):
    """A file of plain arrays; subclasses append to the arrays, by key."""

    def __init__(self, path, schema, tree):
        super().__init__(path, schema, tree)
        self.ends = {}
        for field in schema:
            self._check_name(field.name)

    def _check_name(self, name):
        if not name or "/" in name or "\0" in name or name in (".", ".."):
            raise DataError(f"{name!r} cannot be the name of a column in a {self.kind} file")

    def write(self, batch):
        """Add a batch; see `Writer`."""
        for field, array in zip(self.schema, batch.columns, strict=True):
            nested = CONTENT if str(field.type).startswith("fixed_size_list") else ""
            if _is_plain(field.type):
                self._append(field.name + nested, from_arrow(array, field.name, self.kind))
            else:
                self._append_lists(field.name, array)

    def _append_lists(self, key, array):
        import pyarrow as pa

        if array.null_count:
            from_arrow(array, key, self.kind)
        if pa.types.is_fixed_size_list(array.type):
            array = array.cast(pa.list_(array.type.value_type))
        begins = self.ends.get(key, 0)
        steps = np.diff(np.asarray(array.offsets))
        ends = begins + np.cumsum(steps, dtype=np.int64)
        start = np.zeros(int(key not in self.ends), np.int64)
        self._append(key + OFFSETS, np.concatenate((start, ends)))
        self.ends[key] = int(ends[-1]) if len(ends) else begins
        content = array.flatten()
        if _is_plain(content.type):
            self._append(key + CONTENT, from_arrow(content, key, self.kind))
        else:
            self._append_lists(key + CONTENT, content)

    def _complete(self):
        """Make every array exist, also in a table without rows."""
        import pyarrow as pa

        empty = [pa.array([], field.type) for field in self.schema]
        self.write(pa.RecordBatch.from_arrays(empty, schema=self.schema))

    @abstractmethod
    def _append(self, key, values):
        """Add values to the array of this name, which is made if there is none yet."""
