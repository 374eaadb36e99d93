"""HDF5: groups of datasets, one dataset of records or of two axes, and pandas' two formats.

Written is one group: a chunked dataset for each column, in the order of the table, and for columns
of lists the layout of `hepml.data.files._arrays`. The group's attribute ``layout`` says so.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import io
import mmap
import re
from collections import deque
from functools import partial
from math import prod

import numpy as np

from hepml.data._errors import DataError, NoTableError
from hepml.data.files._arrays import (
    CONTENT,
    ArraySource,
    ArrayWriter,
    Block,
    fields,
    lists,
    matrix,
    members,
    to_arrow,
    whole,
)
from hepml.data.files._digest import Digest
from hepml.data.files._guard import reading
from hepml.data.files.base import NUMBERS_ROWS

__all__ = ["Hdf5Source", "Hdf5Writer"]

LAYOUT, DIGEST = "layout", "digest"  # attributes of our own
MOST_OBJECTS = 10_000
LARGEST_CHUNK = 1 << 29  # bytes that have to be unpacked for a single row
CHUNK, TEXT_CHUNK = 1 << 18, 1 << 14  # bytes aimed at when writing; of strings, their references
PARTS = {"offsets", "content"}
HEAP = b"GCOL\x01"
LINK = "is a link to elsewhere, which is not followed"
INDEX = "index"  # what pandas numbers rows with; left out
UNNAMED = b"N."  # a pickled None
NUMERIC = (b"integer", b"float")  # kinds of an index
INDEX_NAME = rb"Vindex_name\np\d+\nV([^\n]+)\n"  # in a pickle, which is looked at and stays closed


# ---------------------------------------------------------------- reading


class Rows:
    """The entries of a dataset read forward, each chunk unpacked once."""

    def __init__(self, dataset):
        self.dataset, self.end = dataset, 0
        self.step = dataset.chunks[0] if dataset.chunks else 1
        self.left = dataset[:0]

    def __call__(self, rows):
        missing = rows - len(self.left)
        if missing > 0:
            end = min(-(-(self.end + missing) // self.step) * self.step, len(self.dataset))
            fresh = _entries(self.dataset, self.end, end)
            self.left = np.concatenate((self.left, fresh)) if len(self.left) else fresh
            self.end = end
        values, self.left = self.left[:rows], self.left[rows:]
        return values


def _entries(dataset, begin, end):
    """Entries of a dataset; h5py 3.14 fails at lists of records of which one is empty."""
    inside = (dataset.dtype.metadata or {}).get("vlen")
    if not isinstance(inside, np.dtype) or not inside.names:
        return dataset[begin:end]
    found = np.empty((end - begin, *dataset.shape[1:]), dataset.dtype)
    for place in np.ndindex(found.shape):
        try:
            found[place] = dataset[(begin + place[0], *place[1:])]
        except ValueError as error:
            if "NULL pointer" not in str(error):
                raise
            found[place] = np.empty(0, inside)
    return found


class Dataset(Block):
    """A dataset as block; compares its values with their digest where one was written."""

    def __init__(self, dataset, columns):
        super().__init__(partial(Rows, dataset), dataset.dtype, dataset.shape, columns)
        self.dataset, self.digest = dataset, None

    def open(self):
        super().open()
        self.digest = Digest() if DIGEST in self.dataset.attrs else None

    def take(self, rows, wanted):
        found = super().take(rows, wanted)
        if self.digest:
            self.digest.update(*found.values())
        return found

    def finish(self):
        if self.digest and self.digest.sums() != list(self.dataset.attrs[DIGEST]):
            raise DataError(f"{self.dataset.name!r} is damaged: its digest differs")


class Table:
    """What can be read as one table: blocks, names that have no place in it, and why."""

    def __init__(self):
        self.blocks, self.left_out, self.why, self.order = [], {}, "", None

    def leave(self, name, why):
        self.left_out[name] = f"it {why}"
        self.why = self.why or f": {name!r} {why}"


def _walk(file):
    """Every object that hard links lead to, by path, each group once; and what each group holds."""
    import h5py

    found, children, seen, waiting = {}, {}, set(), deque([("", file["/"])])
    while waiting:
        path, thing = waiting.popleft()
        if isinstance(thing, h5py.Group):
            address = h5py.h5o.get_info(thing.id).addr
            if address in seen:
                continue
            seen.add(address)
            start = path and f"{path}/"
            children[path] = dict(_children(thing))
            waiting += [(start + name, child) for name, child in children[path].items()]
        found[path] = thing
        if len(found) + len(waiting) > MOST_OBJECTS:
            raise DataError(f"the HDF5 file holds more than {MOST_OBJECTS} objects: no table")
    return found, children


def _children(group):
    """Yield name and object of what a group holds itself; None for a link to elsewhere."""
    import h5py

    links = group.id.links  # several times as fast as h5py's own way to ask for a link
    for name in group:
        kind = links.get_info(name.encode(errors="surrogateescape")).type
        yield name, group[name] if kind == h5py.h5l.TYPE_HARD else None


def _is_dataset(thing):
    import h5py

    return isinstance(thing, h5py.Dataset)


def _is_lists(thing):
    """Whether a group is a column of lists."""
    import h5py

    if not isinstance(thing, h5py.Group) or LAYOUT in thing.attrs:
        return False
    return {"content"} <= set(thing) <= PARTS


def _is_records(thing):
    import h5py

    if not _is_dataset(thing) or thing.id.get_type().get_class() != h5py.h5t.COMPOUND:
        return False
    return _trouble(thing) is None and thing.dtype.names is not None  # complex numbers have none


def _tables(objects, children):
    """Yield path and `Table` of all that may be one; what is inside a table is none itself."""
    import h5py

    closed = []
    for path, thing in objects.items():
        if any(path.startswith(start) for start in closed):
            continue
        if _is_lists(thing) and path:
            closed.append(f"{path}/")
        elif isinstance(thing, h5py.Group):
            inside = children[path]
            make = _format_of(inside)
            if make is not _columns:
                closed.append(f"{path}/" if path else "")
            yield path, make(inside)
        elif _is_records(thing):
            yield path, _alone(path, thing)


def _format_of(inside):
    """Return what makes a table of a group: pandas' "fixed", its "table", or columns."""
    if {"axis0", "block0_values"} <= inside.keys() and {"axis1", "axis1_level0"} & inside.keys():
        return _pandas_fixed
    table = inside.get("table")
    if _is_records(table) and any(map(_is_values, table.dtype.names)):
        return _pandas_table
    return _columns


def _is_values(field):
    return field.startswith("values_block_")


def _columns(inside):
    """Table of a group whose datasets are columns."""
    table = Table()
    for name, thing in inside.items():
        if thing is None:
            table.leave(name, LINK)
        elif _is_lists(thing):
            table.blocks.append(_lists(name, thing))
        elif _is_dataset(thing) and not _is_records(thing):
            _add(table, name, thing)
    return table


def _alone(path, dataset):
    """Table of one dataset."""
    table = Table()
    name = path.rpartition("/")[2]
    if _is_records(dataset) and dataset.shape:
        table.blocks.append(Dataset(dataset, fields(dataset.dtype)))
    elif _is_dataset(dataset):
        _add(table, name, dataset)
    elif dataset is None:
        table.leave(name, LINK)
    return table


def _add(table, name, dataset):
    """Make a dataset a column, or columns, of the table, or leave it out."""
    trouble = _trouble(dataset) or (None if dataset.shape else "has no rows")
    if trouble:
        table.leave(name, trouble)
    elif len(dataset.shape) == 2:
        block = Dataset(dataset, matrix(name, dataset.shape[1]))
        block.numbered = tuple(block.columns)
        table.blocks.append(block)
    else:
        columns = members(name, dataset.dtype) or {name: whole}
        table.blocks.append(Dataset(dataset, columns))


def _lists(name, group):
    """Block of a column of lists."""

    def find(key):
        thing = _at(group, key)
        readable = _is_dataset(thing) and not _trouble(thing)
        return Dataset(thing, {name: whole}) if readable else None

    return lists(name, "" if "offsets" in set(group) else CONTENT, find)


def _at(group, key):
    """Return what lies at a path inside a group, or None where a link would have to be followed."""
    for name in key.strip("/").split("/"):
        inside = dict(_children(group)) if hasattr(group, "keys") else {}
        group = inside.get(name)
    return group


def _trouble(dataset):
    """Why a dataset cannot be read, or None."""
    import h5py

    if dataset.is_virtual:
        return "is a virtual dataset: its values are in other files"
    if dataset.external:
        return "keeps its values in other files"
    plan = dataset.id.get_create_plist()
    for code, _flags, _options, name in map(plan.get_filter, range(plan.get_nfilters())):
        if not h5py.h5z.filter_avail(code):
            return f"is packed with filter {code} ({name.decode(errors='replace')}), not at hand"
    try:
        dtype = dataset.dtype
    except (TypeError, ValueError):
        return "has a type that no table holds"
    return "holds references" if h5py.check_ref_dtype(dtype) else None


def _pandas_fixed(inside):
    """Table of a frame that pandas wrote in its "fixed" format."""
    table, number = Table(), 0
    order = _labels(inside["axis0"])
    if "axis1" not in inside:
        table.leave(INDEX, 'has several levels: keep it with to_hdf(format="table")')
    else:
        _add_index(table, inside["axis1"], order)
    while values := inside.get(f"block{number}_values"):
        name = f"block{number}_values"
        if not _is_dataset(values) or _trouble(values) or len(values.shape) != 2:
            for label in _labels(inside.get(f"block{number}_items")) or [name]:
                table.leave(label, "is no block of numbers")
        else:
            labels = _labels(inside.get(f"block{number}_items"))
            parts = matrix(name, values.shape[1], labels)
            instants = _instants(values.attrs.get("value_type"))
            block = Dataset(values, {part: instants(pick) for part, pick in parts.items()})
            block.numbered = tuple(block.columns) if labels is None else ()
            table.blocks.append(block)
        number += 1
    table.order = order
    return table


def _add_index(table, axis, order):
    """Keep an index that has a name: it is a column that somebody made."""
    name, kind = axis.attrs.get("name", UNNAMED), axis.attrs.get("kind", b"integer")
    if name == UNNAMED and kind in NUMERIC:
        table.left_out[INDEX] = NUMBERS_ROWS
    elif _trouble(axis) or len(axis.shape) != 1:
        table.leave(INDEX, "is of a type that is not read")
    else:
        called = INDEX if name == UNNAMED else name.decode(errors="replace")
        table.blocks.append(Dataset(axis, {called: _instants(kind)(whole)}))
        if order is not None:
            order.insert(0, called)


def _instants(noted):
    """Make of what takes integers something that takes instants, where pandas noted such."""
    noted = noted.decode() if isinstance(noted, bytes) else str(noted)
    if not re.fullmatch(r"datetime64(\[\w+\])?", noted):
        return whole
    unit = noted[11:-1] or "ns"
    return lambda pick: lambda values: np.ascontiguousarray(pick(values)).view(f"M8[{unit}]")


def _labels(dataset):
    """Names that pandas stored as text or numbers; None where it pickled them."""
    if not _is_dataset(dataset) or _trouble(dataset) or len(dataset.shape) != 1:
        return None
    if dataset.dtype.kind not in "Siu" or dataset.size > MOST_OBJECTS:
        return None
    _check_stored(dataset, dataset.file.id.get_filesize())
    values = dataset[:].tolist()
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _pandas_table(inside):
    """Table of a frame that pandas wrote in its "table" format: blocks of values in records."""
    table, dataset = Table(), inside["table"]
    columns, numbered = {}, []
    for name in dataset.dtype.names:
        shape = dataset.dtype[name].shape
        if not _is_values(name) or len(shape) != 1:
            columns[name] = fields(dataset.dtype)[name]
            continue
        parts = matrix(name, shape[0])
        instants = _instants(dataset.attrs.get(f"{name}_dtype"))
        columns |= {part: instants(_inside(name, pick)) for part, pick in parts.items()}
        numbered += parts
    if index := columns.pop(INDEX, None):
        columns = _index_of(table, dataset, index) | columns
    block = Dataset(dataset, columns)
    block.numbered = tuple(numbered)
    table.blocks.append(block)
    return table


def _index_of(table, dataset, index):
    """Index of a frame in the "table" format as column, where it is more than the row's number."""
    kind = dataset.attrs.get("index_kind", b"integer")
    named = re.search(INDEX_NAME, bytes(dataset.parent.attrs.get("info", b"")))
    if not named and kind in NUMERIC:
        table.left_out[INDEX] = NUMBERS_ROWS
        return {}
    name = named[1].decode("raw-unicode-escape") if named else INDEX
    return {name: _instants(kind)(index)}


def _inside(field, pick):
    return lambda values: pick(values[field])


def _check_stored(dataset, there):
    """Refuse a dataset that declares more than it stores: reading would make the rest up.

    Parameters
    ----------
    dataset : h5py.Dataset
    there : int
        Bytes of the file.
    """
    import h5py

    size, stored = dataset.size, dataset.id.get_storage_size()
    layout = dataset.id.get_create_plist().get_layout()
    if stored > there:
        complete = False
    elif layout == h5py.h5d.CHUNKED:
        complete = _chunks(dataset) == dataset.id.get_num_chunks() if size else True
    else:
        complete = stored >= size * dataset.id.get_type().get_size()
    if not complete:
        raise DataError(
            f"dataset {dataset.name!r} of {dataset.file.filename} declares {size} values but "
            f"stores {stored} bytes: it is damaged or not complete"
        )


def _chunks(dataset):
    """Count the chunks that a dataset must have; none may be boundless."""
    size = prod(dataset.chunks) * dataset.id.get_type().get_size()
    if size > LARGEST_CHUNK:
        message = f"dataset {dataset.name!r} has chunks of {size / 1e9:.1f} GB: write smaller ones"
        raise DataError(message)
    return prod(-(-n // step) for n, step in zip(dataset.shape, dataset.chunks, strict=True))


def _check_heaps(path, width):
    """Walk the heaps that strings lie in: HDF5 itself goes round for ever in some damaged ones.

    Parameters
    ----------
    path : pathlib.Path
    width : int
        Bytes of a length in this file.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        begin = data.find(HEAP)
        while begin >= 0:
            size = int.from_bytes(data[begin + 8 : begin + 8 + width], "little")
            fits = size <= len(data) - begin  # if not, these bytes are no heap, or HDF5 sees it
            if fits and not _is_heap(data[begin : begin + size], width):
                raise DataError(f"{path} is damaged: the heap at byte {begin} is not in order")
            begin = data.find(HEAP, begin + max(size, 1) if fits else begin + 1)


def _is_heap(heap, width):
    """Whether objects, and at last free room, fill a heap exactly."""
    place, head = 8 + width, 8 + width
    while place + head <= len(heap):
        number = heap[place] | heap[place + 1] << 8
        size = int.from_bytes(heap[place + 8 : place + head], "little")
        step = head + (size + 7) // 8 * 8 if number else size
        if step < head or place + step > len(heap):
            return False
        place += step
    return True


def _datasets(block):
    """Yield the datasets of a block, those of nested lists too."""
    if isinstance(block, Dataset):
        yield block.dataset
    else:
        yield block.offsets.dataset
        yield from _datasets(block.content)


class Hdf5Source(ArraySource):
    """A group or dataset of an HDF5 file as one table.

    Parameters
    ----------
    path : pathlib.Path
    tree : str, optional
        Group or dataset; may be left out where only one can be meant.
    names : sequence of str, optional
        Columns of a dataset of two axes, or of pandas' blocks of values where it pickled
        their names.
    """

    kind = "HDF5"

    def __init__(self, path, tree=None, names=None):
        super().__init__(path)
        try:
            import h5py
        except ImportError:
            raise DataError('reading HDF5 needs h5py: pip install "hepml-lab[files]"') from None
        with reading(path, self.kind):
            self.file = h5py.File(path, "r", rdcc_nbytes=0)  # `Rows` keeps what is needed again
        with self._closed_if_it_fails(), reading(path, self.kind):
            self._open(tree if tree is None else tree.strip("/"), names)

    def close(self):
        """Close the file."""
        self.file.close()

    def _open(self, tree, names):
        objects, children = _walk(self.file)
        tables = dict(_tables(objects, children))
        choice = {path: table for path, table in tables.items() if table.blocks}
        if tree in objects and tree not in choice:
            choice[tree] = tables.get(tree) or _alone(tree, objects[tree])
        name = self._check_tree(tree, choice)
        table = choice.get(name) or next(filter(lambda t: t.why, tables.values()), Table())
        if not table.blocks:
            raise NoTableError(f"{self.path.name} holds no table that can be read{table.why}")
        datasets = [dataset for block in table.blocks for dataset in _datasets(block)]
        size = self.path.stat().st_size
        for dataset in datasets:
            _check_stored(dataset, size)
        if any(dataset.dtype.hasobject for dataset in datasets):
            _check_heaps(self.path, self.file.id.get_create_plist().get_sizes()[1])
        self.left_out, self.tree = dict(table.left_out), name or None
        self._rename(table.blocks, names)
        self._arrange(table.blocks)
        self._sort(table.order or ())

    def _sort(self, order):
        """Bring columns into the order of the frame, which keeps them by type."""
        import pyarrow as pa

        order = [name for name in order if name in self.schema.names]
        if len(order) == len(self.schema):
            self.schema = pa.schema([self.schema.field(name) for name in order])


# ---------------------------------------------------------------- writing


class _Forgiving(io.FileIO):
    """A file that keeps the first error of the system to itself, and takes all that follows.

    The HDF5 library cannot go on after a write that failed: it ends the process when it tidies up
    later (1.14.6, on a full disk). So it never hears of it, and `check` tells us.
    """

    error = None

    def write(self, data):
        """Write as far as the disk goes."""
        if self.error is None:
            try:
                self._write_all(memoryview(data).cast("B"))
            except OSError as error:
                self.error = error
        return len(data)

    def _write_all(self, left):
        while left:
            left = left[super().write(left) :]

    def truncate(self, size=None):
        """Change the length, if the disk allows."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size

    def check(self):
        """Raise the error that was kept."""
        if self.error is not None:
            raise self.error


class Hdf5Writer(ArrayWriter):
    """Write a group of chunked datasets, packed with LZF and with check sums."""

    kind = "HDF5"

    def __init__(self, path, schema, tree):
        super().__init__(path, schema, tree)
        import h5py

        # From 1.10 on, HDF5 keeps check sums of its own structure as well.
        self.disk = _Forgiving(path, "w+")
        self.file = h5py.File(self.disk, "w", libver=("v110", "v110"))
        self.group = self.file.create_group(tree.strip("/") or "events", track_order=True)
        self.group.attrs[LAYOUT] = "columns"
        self.digests = {}

    def close(self, *, complete):
        """Close the file; see `Writer`."""
        with self.disk:
            with self.file:
                if complete:
                    self._complete()
                    for key, digest in self.digests.items():
                        self.group[key].attrs[DIGEST] = np.array(digest.sums(), np.uint32)
            if complete:
                self.disk.check()

    def _append(self, key, values):
        if values.dtype.kind == "O":
            self._check_text(key, values)
        dataset = self.group[key] if key in self.group else self._create(key, values)
        if len(values):
            start = len(dataset)
            dataset.resize(start + len(values), axis=0)
            dataset[start:] = values
            self.disk.check()

    def _check_text(self, key, strings):
        """Keep a digest of strings, which HDF5 stores where its check sums do not reach."""
        if any("\0" in text for text in strings.flat):
            raise DataError(f"a string of {key!r} has a NUL in it, which HDF5 cannot hold")
        self.digests.setdefault(key, Digest()).update(to_arrow(strings))

    def _create(self, key, values):
        import h5py

        is_text = values.dtype.kind == "O"  # strings are kept elsewhere: nothing to pack or sum
        dtype = h5py.string_dtype() if is_text else values.dtype
        packed = {"compression": "lzf", "shuffle": dtype.itemsize > 1, "fletcher32": True}
        shape = values.shape[1:]
        rows = max((TEXT_CHUNK if is_text else CHUNK) // (dtype.itemsize * prod(shape)), 1)
        return self.group.create_dataset(
            key,
            shape=(0, *shape),
            maxshape=(None, *shape),
            chunks=(rows, *shape),
            dtype=dtype,
            **({} if is_text else packed),
        )
