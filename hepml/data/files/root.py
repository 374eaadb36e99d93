"""ROOT files: TTrees and RNTuples, flat and jagged.

A `RootWriter` puts a digest of every column beside the tree. ROOT has no check of its own that
covers a whole column, so this is what tells a damaged column from a sound one when a file is read
from beginning to end. Files without it are read as they are, and so are files that another
program made from ours: digests hold for the file whose identifier they name.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import json
from pathlib import Path

from hepml.data._errors import DataError
from hepml.data.files._digest import Digest
from hepml.data.files._envelopes import sound_envelopes
from hepml.data.files._friends import (
    find_file,
    friends_of,
    has_unknown_friends,
    is_indexed,
    read_tree,
)
from hepml.data.files._guard import reading
from hepml.data.files._ttree import Tree
from hepml.data.files.base import (
    BATCH_BYTES,
    NO_TYPE,
    Source,
    Writer,
    check_expansion,
    check_names,
    choose_tree,
    damaged,
)

__all__ = ["RootSource", "RootWriter"]

TREES = ["TTree", "TNtuple", "TNtupleD", "THbookTree", "ROOT::RNTuple"]
BIG_FILE_VERSION = 1_000_000  # from here on the header's pointers have eight bytes
FLAT_FIELDS = {"bool": "bool", "float": "float32", "double": "float64"} | {
    f"std::{sign}int{bits}_t": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}
LEARNT = "uproot.dynamic"  # where uproot puts the classes that files describe
GROUP_BYTES = 8_000_000  # written at once: one basket per branch, or one cluster
LEAST_WIDTH = 8  # bytes per row assumed at least, whatever a damaged file says
DIGESTS = "hepml_{}"  # name, beside the tree, of the text that holds the digests
TITLE = "digests of {} beside this"  # of a tree with digests: so that none lose theirs


class RootSource(Source):
    """A TTree or RNTuple."""

    kind = "ROOT"

    def __init__(self, path, tree=None, names=None):
        super().__init__(path)
        check_names(path, self.kind, names)
        _check_length(path)
        self._others = []
        with self._reading():
            self._file = _open(path)
        with self._closed_if_it_fails(), self._reading():
            self._look_up(tree)

    def _reading(self):
        return reading(self.path, self.kind)

    def _look_up(self, tree):
        key = self._choose(tree)
        self.tree = key.partition(";")[0]
        self._table = self._lay_out(read_tree(self._file, key))
        self._digests = self._find_digests()
        self._describe()

    def _choose(self, tree):
        """Name of the tree that is meant, with its cycle if that was asked for."""
        cycles = self._file.keys(filter_classname=TREES)
        if tree in cycles:
            return tree
        trees = list(dict.fromkeys(key.partition(";")[0] for key in cycles))
        if not trees and (chains := self._file.keys(filter_classname="TChain", cycle=False)):
            message = f"{self.path.name} holds no tree, but the chain {chains[0]!r}"
            raise DataError(f"{message}, which is a list of files: read these")
        if tree and ";" in tree:
            trees = [*trees, *cycles]
        return choose_tree(self.path, trees, tree)

    def close(self):
        """Close the file, and those of friends."""
        for file in (self._file, *self._others):
            file.close()

    def batches(self, columns):
        """Yield the tree in pieces that end, if possible, where its baskets do."""
        import pyarrow as pa

        schema = pa.schema([self.schema.field(name) for name in columns])
        self._check_lengths(columns)
        with self._reading():
            ranges = list(self._ranges(columns))
        sums = {name: Digest() for name in columns if name in self._digests}
        for start, stop in ranges:
            with self._reading():
                arrays = [self._table.array(f.name, f.type, start, stop) for f in schema]
                batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
            for name, digest in sums.items():
                digest.update(batch.column(batch.schema.get_field_index(name)))
            yield batch
        for name, digest in sums.items():
            if digest.sums() != self._digests[name]["sums"]:
                raise self._changed(f"the digest of {name!r} differs")

    def _lay_out(self, tree):
        import uproot

        if isinstance(tree, uproot.behaviors.TTree.TTree):
            return self._with_friends(Tree(tree), tree)
        if not sound_envelopes(tree):
            raise self._changed("a checksum of its RNTuple differs")
        return _NTuple(tree)

    def _with_friends(self, table, tree):
        """Add the columns of the friends of a tree, or say why not."""
        if has_unknown_friends(tree):
            table.leave_out("friends.*", "uproot cannot read which trees are its friends")
        for friend in friends_of(tree):
            try:
                table.join(friend.name, self._befriended(friend, table))
            except DataError as error:
                table.leave_out(f"{friend.name}.*", f"friend {friend.tree!r}: {error}")
        return table

    def _befriended(self, friend, table):
        """Columns of a friend; an error says why there are none to join."""
        file = self._file_of(friend)
        with reading(file.file_path, self.kind):
            if friend.tree not in _trees(file):
                raise DataError(f"there is no such tree in {Path(file.file_path).name}")
            tree = read_tree(file, friend.tree)
        if is_indexed(tree):
            raise DataError("it is joined by an index, not row by row")
        with reading(file.file_path, self.kind):
            found = Tree(tree)
        for other in friends_of(tree):
            if other.tree != self.tree:
                found.leave_out(f"{other.name}.*", "friends of friends are not followed")
        if found.rows != table.rows:
            raise DataError(f"it has {found.rows} rows, the tree {table.rows}")
        return found

    def _file_of(self, friend):
        """File of a friend, open."""
        if not friend.file:
            return self._file
        if not isinstance(self.path, Path):
            raise DataError("friends of files on other machines are not followed")
        path = find_file(friend, self.path)
        if path is None:
            raise DataError(f"there is no file {friend.file!r} beside {self.path.name}")
        _check_length(path)
        with reading(path, self.kind):
            self._others.append(_open(path))
        return self._others[-1]

    def _changed(self, reason):
        return damaged(self.path, self.kind, reason)

    def _find_digests(self):
        """Look up what the writer noted about each column; nothing in files of other programs."""
        folder, slash, name = self.tree.rpartition("/")
        key = f"{folder}{slash}{DIGESTS.format(name)}"
        own = str(self._file.file.uuid)
        is_there = key in self._file.keys(cycle=False, filter_classname="TObjString")
        note = json.loads(str(self._file[key])) if is_there else {"file": None}
        if (note["file"] == own) != (self._table.title == TITLE.format(own)):
            raise self._changed("the digests or the title of the tree are lost")
        return note["columns"] if note["file"] == own else {}

    def _describe(self):
        import pyarrow as pa

        self.rows = self._table.rows
        types = {name: self._table.type(name) for name in self._own_names()}
        for name, noted in self._digests.items():
            if str(types[name]) != noted["type"]:
                raise self._changed(f"the type of {name!r} differs")
        reasons = getattr(self._table, "reasons", {})
        self.left_out = {n: reasons.get(n, NO_TYPE) for n, kind in types.items() if kind is None}
        known = {name: kind for name, kind in types.items() if kind is not None}
        self.schema = pa.schema([pa.field(n, kind, nullable=False) for n, kind in known.items()])
        if self.rows and self.left_out and not known:
            name, why = next(iter(self.left_out.items()))
            message = f"{self.path.name} has no column in {self.tree!r} that can be read"
            raise DataError(f"{message}; {name!r}, for one: {why}")
        # Each row takes a byte at least in every flat column.
        check_expansion(self.path, self.rows if known else 0)

    def _own_names(self):
        """Columns of the table, without the counters that a writer of ours had to add."""
        if self._digests:
            return [*self._digests, *getattr(self._table, "added", [])]
        return self._table.names

    def _check_lengths(self, columns):
        for name in columns:
            with self._reading():
                length = self._table.length(name)
            if length != self.rows:
                message = f"column {name!r} of {self.path.name} has {length} rows"
                raise DataError(f"{message}, its tree {self.rows}: lengths differ")

    def _ranges(self, columns):
        """Where batches start and stop."""
        width = max(LEAST_WIDTH, sum(self._table.width(name) for name in columns))
        step = int(max(1, BATCH_BYTES // width))
        edges, start = self._table.edges(columns), 0
        while start < self.rows:
            stop = _next_edge(edges, start, step, self.rows)
            yield start, stop
            start = stop


def _open(path):
    """Open without memory mapping and without caches, which would keep what was read.

    uproot keeps how it reads a class, by name and version, for all files: where another file has
    another class of that name, values would come out wrong. So each file starts afresh.
    """
    import uproot

    options = {"object_cache": None, "array_cache": None, "use_threads": False}
    options["custom_classes"] = {
        name: known for name, known in uproot.classes.items() if known.__module__ != LEARNT
    }
    handler = uproot.source.file.MultithreadedFileSource
    return uproot.open({str(path): None}, handler=handler, **options)


def _check_length(path):
    """Compare the end that the header states with the size of the file."""
    with path.open("rb") as file:
        header = file.read(20)
    size = path.stat().st_size
    wide = int.from_bytes(header[4:8], "big") >= BIG_FILE_VERSION
    end = int.from_bytes(header[12 : 20 if wide else 16], "big")
    if len(header) < 20 or size < end:
        raise DataError(f"{path} is cut short: {size} bytes of {end}")


def _trees(file):
    return list(dict.fromkeys(file.keys(filter_classname=TREES, cycle=False)))


def _next_edge(edges, start, step, rows):
    """End of the batch from ``start``: the last edge within reach, else just ``step`` further."""
    import numpy as np

    reach = min(start + step, rows)
    edge = edges[np.searchsorted(edges, reach, side="right") - 1]
    return int(edge) if edge > start else reach


class _NTuple:
    """An RNTuple: its top-level fields by name."""

    def __init__(self, ntuple):
        self.rows, self._ntuple = int(ntuple.num_entries), ntuple
        self.title = ntuple.header.ntuple_description
        self._fields = {field.name: field for field in ntuple.fields}
        self.names = list(self._fields)

    def type(self, name):
        """Arrow type of a field, None if no table can hold it."""
        import pyarrow as pa

        field = self._fields[name]
        if field.typename in FLAT_FIELDS:
            return pa.from_numpy_dtype(FLAT_FIELDS[field.typename])
        try:
            return _arrow_type(field.to_akform(filter_name=lambda _: True)[0].content(name))
        except Exception:  # noqa: BLE001 - uproot has no one error for what it cannot read
            return None

    def length(self, _name):
        """Rows that there are clusters for."""
        return sum(cluster.num_entries for cluster in self._ntuple.cluster_summaries)

    def width(self, name):
        """Bytes per row; what lists take is not known, but clusters bound it."""
        import numpy as np

        return np.dtype(FLAT_FIELDS.get(self._fields[name].typename, "float64")).itemsize

    def edges(self, _names):
        """Rows at which a cluster ends."""
        import numpy as np

        return np.cumsum([0, *(cluster.num_entries for cluster in self._ntuple.cluster_summaries)])

    def array(self, name, kind, start, stop):
        """Read some rows of a field."""
        field = self._fields[name]
        if field.typename in FLAT_FIELDS:
            return _flat(field.array(entry_start=start, entry_stop=stop, library="np"))
        return _jagged(field.array(entry_start=start, entry_stop=stop, library="ak"), kind)


def _flat(values):
    """Array of numbers without a copy; ROOT stores them in the other order of bytes."""
    import pyarrow as pa

    return pa.array(values.astype(values.dtype.newbyteorder("="), copy=False))


def _jagged(values, kind):
    import awkward as ak

    found = ak.to_arrow(values, extensionarray=False, list_to32=True, string_to32=True)
    return found.cast(kind)


def _arrow_type(form):
    """Arrow type for an awkward form of numbers, texts and lists of these; None for others."""
    import pyarrow as pa

    if form.parameter("__array__") == "string":
        return pa.string()
    if form.is_list:
        content = _arrow_type(form.content)
        return content and pa.list_(content)
    if form.is_numpy:
        kind = pa.from_numpy_dtype(form.primitive)
        for _ in form.inner_shape:
            kind = pa.list_(kind)
        return kind
    return None


class RootWriter(Writer):
    """A TTree, or an RNTuple if ``layout`` says so, with the digests of its columns beside it.

    Parameters
    ----------
    path, schema, tree
        As for `Writer`.
    layout : {"ttree", "rntuple"}
    """

    kind = "ROOT"

    def __init__(self, path, schema, tree, layout="ttree"):
        import uproot

        super().__init__(path, schema, tree)
        if layout not in ("ttree", "rntuple"):
            raise DataError(f"layout={layout!r}: a ROOT file holds a ttree or an rntuple")
        self._fields = [_plain_field(field, layout) for field in schema]
        self._digests = {field.name: Digest() for field in self._fields}
        self._held, self._bytes = [], 0
        # Of ROOT's ways to compress that are fast, only this one has a check sum uproot looks at.
        self._file = uproot.recreate(path, compression=uproot.ZLIB(1))
        make = self._make_tree if layout == "ttree" else self._make_ntuple
        self._table, self._is_tree = make(), layout == "ttree"

    def _make_tree(self):
        import pyarrow as pa

        names = {field.name for field in self._fields}
        types = {field.name: _branch_type(field.type) for field in self._fields}
        counters = {}
        for field in self._fields:
            if pa.types.is_list(field.type):
                counters[field.name] = _unused(f"n{field.name}", {*names, *counters.values()})
        return self._file.mktree(self.tree, types, title=self._title, counter_name=counters.get)

    def _make_ntuple(self):
        import pyarrow as pa

        arrays = [pa.array([], field.type) for field in self._fields]
        empty = pa.RecordBatch.from_arrays(arrays, schema=pa.schema(self._fields))
        return self._file.mkrntuple(self.tree, _records(empty).layout.form, self._title)

    @property
    def _title(self):
        return TITLE.format(self._file.file.uuid)

    def write(self, batch):
        """Add a batch; see `Writer.write`."""
        self._held.append(self._plain(batch))
        self._bytes += batch.nbytes
        if self._bytes >= GROUP_BYTES:
            self._flush()

    def close(self, *, complete):
        """Write what is held and the digests, and close the file."""
        try:
            if complete:
                self._flush()
                self._file[DIGESTS.format(self.tree)] = json.dumps(self._noted())
        finally:
            self._file.close()

    def _noted(self):
        columns = {
            field.name: {"type": str(field.type), "sums": self._digests[field.name].sums()}
            for field in self._fields
        }
        return {"file": str(self._file.file.uuid), "columns": columns}

    def _plain(self, batch):
        """Batch in the types that are written; what is missing becomes NaN or an error."""
        import pyarrow as pa
        import pyarrow.compute as pc

        arrays = []
        for field in self._fields:
            values = batch.column(batch.schema.get_field_index(field.name))
            if values.null_count and pa.types.is_floating(field.type):
                values = pc.fill_null(values, float("nan"))
            if values.null_count:
                raise DataError(f"ROOT cannot hold missing values, which {field.name!r} has")
            arrays.append(values.cast(field.type))
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(self._fields))

    def _flush(self):
        import pyarrow as pa

        if not self._held:
            return
        table = pa.Table.from_batches(self._held).combine_chunks()
        self._held, self._bytes = [], 0
        batch = table.to_batches()[0]
        for name, digest in self._digests.items():
            digest.update(batch.column(batch.schema.get_field_index(name)))
        self._table.extend(_branches(batch) if self._is_tree else _records(batch))


def _records(batch):
    import awkward as ak

    contents = [_content(values) for values in batch.columns]
    return ak.Array(ak.contents.RecordArray(contents, batch.schema.names, length=batch.num_rows))


def _branches(batch):
    import awkward as ak
    import pyarrow as pa

    return {
        field.name: ak.Array(_content(values))
        if pa.types.is_list(field.type) or pa.types.is_string(field.type)
        else values.to_numpy(zero_copy_only=False)
        for field, values in zip(batch.schema, batch.columns, strict=True)
    }


def _content(values):
    """Awkward's layout of an Arrow array without missing values."""
    import awkward as ak
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(values.type):
        return ak.contents.ListOffsetArray(
            _offsets(pc.list_value_length(values)), _content(values.flatten())
        )
    if pa.types.is_string(values.type):
        letters = ak.contents.NumpyArray(_letters(values), parameters={"__array__": "char"})
        offsets = _offsets(pc.binary_length(values))
        return ak.contents.ListOffsetArray(offsets, letters, parameters={"__array__": "string"})
    return ak.contents.NumpyArray(values.to_numpy(zero_copy_only=False))


def _letters(texts):
    """All bytes of some texts, one after the other."""
    import numpy as np

    data, offsets = texts.buffers()[2], np.frombuffer(texts.buffers()[1], dtype=np.int32)
    first, last = offsets[texts.offset], offsets[texts.offset + len(texts)]
    return np.frombuffer(data or b"", dtype=np.uint8)[first:last]


def _offsets(lengths):
    import awkward as ak
    import numpy as np

    return ak.index.Index64(np.concatenate(([0], np.cumsum(lengths.to_numpy(), dtype=np.int64))))


def _plain_field(field, layout):
    """Field as it is written; an error says what this layout cannot hold."""
    import pyarrow as pa

    kind = _plain_type(field.type)
    if kind is None:
        raise DataError(f"ROOT cannot hold {field.name!r}, which is of type {field.type}")
    if layout == "rntuple" and set("/\\.") & set(field.name):  # uproot splits names there
        raise DataError(
            f"an RNTuple cannot hold {field.name!r}: no '/', no '\\\\' and no '.' in its names"
        )
    inner = kind.value_type if layout == "ttree" and pa.types.is_list(kind) else None
    if inner is not None and (pa.types.is_list(inner) or pa.types.is_string(inner)):
        what = "text" if pa.types.is_string(inner) else "lists"
        message = f"a TTree cannot hold {field.name!r}, which has {what} in lists"
        raise DataError(f"{message}: write an RNTuple (--rntuple)")
    return pa.field(field.name, kind, nullable=False)


def _plain_type(kind):
    import pyarrow as pa

    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        content = _plain_type(kind.value_type)
        return content and pa.list_(content)
    if pa.types.is_float16(kind):
        return pa.float32()
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return kind if is_number or pa.types.is_boolean(kind) else None


def _branch_type(kind):
    import numpy as np
    import pyarrow as pa

    if pa.types.is_string(kind):
        return "string"
    if pa.types.is_list(kind):
        return f"var * {np.dtype(kind.value_type.to_pandas_dtype())}"
    return np.dtype(kind.to_pandas_dtype())


def _unused(name, names):
    while name in names:
        name += "_"
    return name
