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
from hepml.data.files._root_writer import DIGESTS, TITLE, TreeWriter
from hepml.data.files.base import (
    BATCH_BYTES,
    NO_TYPE,
    Source,
    check_expansion,
    check_names,
    choose_tree,
    damaged,
)

__all__ = ["RootSource", "RootWriter"]

BIG_FILE_VERSION = 1_000_000  # from here on the header's pointers have eight bytes
LEAST_WIDTH = 8  # bytes per row assumed at least, whatever a damaged file says


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
        self.schema = pa.schema([self._field(*column) for column in known.items()])
        # Each row takes a byte at least in every flat column.
        check_expansion(self.path, self.rows if known else 0)

    def _field(self, name, kind):
        """Arrow field of a column; in an RNTuple values may be missing."""
        import pyarrow as pa

        is_whole = not isinstance(self._table, NTuple)
        return pa.field(name, kind, nullable=False) if is_whole else self._table.field(name)

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


class RootWriter(TreeWriter):
    """A TTree or an RNTuple that is read back before it counts as written; see `TreeWriter`."""

    def close(self, *, complete):
        """Close the file, and raise unless it is read as what was to be written."""
        super().close(complete=complete)
        if complete:
            self._check()

    def _check(self):
        with RootSource(self.path, tree=self.tree) as found:
            types = {field.name: field.type for field in found.schema}
            if (types, found.left_out, found.rows) != (self.types, {}, self.rows):
                raise _unlike(self.path, "names, types or rows")
            optional = [name for name in types if self.levels[name]]
            for batch in found.batches(optional) if optional else ():
                del batch  # each column's digest is compared at the end


def _unlike(path, what):
    return DataError(f"{path.name} is not what was written: its {what} differ; nothing is kept")
