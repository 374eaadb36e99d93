"""ROOT files: TTrees and RNTuples, flat and jagged.

A `RootWriter` puts a digest of every column beside the tree. ROOT has no check of its own that
covers a whole column, so this is what tells a damaged column from a sound one when a file is read
from beginning to end. Files without it are read as they are, and so are files that another
program made from ours: digests hold for the file whose identifier they name.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import json

from hepml.data._errors import DataError
from hepml.data.files._digest import Digest
from hepml.data.files._envelopes import sound_envelopes
from hepml.data.files._guard import reading
from hepml.data.files._rntuple import NTuple
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

BIG_FILE_VERSION = 1_000_000  # from here on the header's pointers have eight bytes
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
        with self._reading():
            self._file = _open(path)
        with self._closed_if_it_fails(), self._reading():
            self._look_up(tree)

    def _reading(self):
        return reading(self.path, self.kind)

    def _look_up(self, tree):
        self.tree = choose_tree(self.path, _trees(self._file), tree)
        self._table = self._lay_out(self._file[self.tree])
        self._digests = self._find_digests()
        self._describe()

    def close(self):
        """Close the file."""
        self._file.close()

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
            return _Tree(tree)
        if not sound_envelopes(tree):
            raise self._changed("a checksum of its RNTuple differs")
        return NTuple(tree)

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
        is_nullable = getattr(self._table, "is_nullable", lambda _: False)
        fields = [pa.field(n, kind, nullable=is_nullable(n)) for n, kind in known.items()]
        self.schema = pa.schema(fields)
        # Each row takes a byte at least in every flat column.
        check_expansion(self.path, self.rows if known else 0)

    def _own_names(self):
        """Columns of the table, without the counters that a writer of ours had to add."""
        return list(self._digests) or self._table.names

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
    """Open without memory mapping and without caches, which would keep what was read."""
    import uproot

    options = {"object_cache": None, "array_cache": None, "use_threads": False}
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
    return list(dict.fromkeys(file.keys(filter_classname=["TTree", "ROOT::RNTuple"], cycle=False)))


def _next_edge(edges, start, step, rows):
    """End of the batch from ``start``: the last edge within reach, else just ``step`` further."""
    import numpy as np

    reach = min(start + step, rows)
    edge = edges[np.searchsorted(edges, reach, side="right") - 1]
    return int(edge) if edge > start else reach


class _Tree:
    """A TTree: its branches by name, those inside split objects included."""

    def __init__(self, tree):
        self.rows, self.title, self._branches = int(tree.num_entries), tree.title, {}
        for branch in _leaves(tree):
            name = branch.name if branch.name not in self._branches else branch.object_path
            self._branches[name] = branch
        self.names = list(self._branches)

    def type(self, name):
        """Arrow type of a branch, None if no table can hold it."""
        import pyarrow as pa

        interpretation = self._branches[name].interpretation
        if _is_flat(interpretation):
            return pa.from_numpy_dtype(interpretation.to_dtype)
        try:
            return _arrow_type(interpretation.awkward_form(self._branches[name].file))
        except Exception:  # noqa: BLE001 - uproot has no one error for what it cannot read
            return None

    def length(self, name):
        """Rows that a branch has baskets for."""
        return int(self._branches[name].entry_offsets[-1])

    def width(self, name):
        """Bytes per row, about."""
        return self._branches[name].uncompressed_bytes / max(1, self.rows)

    def edges(self, names):
        """Rows at which a basket of every branch ends."""
        import functools

        import numpy as np

        ends = [np.asarray(self._branches[name].entry_offsets) for name in names]
        return functools.reduce(np.intersect1d, ends)

    def array(self, name, kind, start, stop):
        """Read some rows of a branch."""
        branch = self._branches[name]
        if _is_flat(branch.interpretation):
            return _flat(branch.array(entry_start=start, entry_stop=stop, library="np"))
        return _jagged(branch.array(entry_start=start, entry_stop=stop, library="ak"), kind)


def _leaves(branch):
    for part in branch.branches:
        yield from _leaves(part) if part.branches else [part]


def _is_flat(interpretation):
    """Whether a branch holds one number or truth value per event."""
    from uproot.interpretation.numerical import AsDtype

    if not isinstance(interpretation, AsDtype):
        return False
    dtype = interpretation.to_dtype
    return dtype.shape == () and dtype.names is None


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
