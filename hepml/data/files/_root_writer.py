"""ROOT files: tables as TTrees or RNTuples, with digests beside them, and columns of samples."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import json

from hepml.data._errors import DataError
from hepml.data.files._digest import Digest
from hepml.data.files._layouts import layout as layout_of
from hepml.data.files._layouts import levels_of, missing_levels, nested
from hepml.data.files._root_names import check_branch_names, check_field_names
from hepml.data.files.base import Writer
from hepml.files import whole

__all__ = ["DIGESTS", "TITLE", "TreeWriter", "write_columns"]

BASKET_EVENTS = 20_000  # of a sample
GROUP_BYTES = 8_000_000  # written at once: one basket per branch, or one cluster
DIGESTS = "hepml_{}"  # name, beside the tree, of the text that holds the digests
TITLE = "digests of {} beside this"  # of a tree with digests: so that none lose theirs


class TreeWriter(Writer):
    """A TTree, or an RNTuple if ``layout`` says so, with the digests of its columns beside it.

    Parameters
    ----------
    path, schema, tree
        As for `Writer`.
    layout : {"ttree", "rntuple"}

    Attributes
    ----------
    types : dict of str to pyarrow.DataType
        Of the columns as they are written.
    levels : dict of str to set of int
        Depths in the lists of each column at which the file can say that a value is missing;
        known once rows are written.
    rows : int
    """

    kind = "ROOT"

    def __init__(self, path, schema, tree, layout="ttree"):
        super().__init__(path, schema, tree)
        if layout not in ("ttree", "rntuple"):
            raise DataError(f"layout={layout!r}: a ROOT file holds a ttree or an rntuple")
        self._is_tree = layout == "ttree"
        self._check_names(schema)
        self.types = {field.name: _written_type(field, layout) for field in schema}
        self.levels = {f.name: set() if self._is_tree else levels_of(f) for f in schema}
        self._digests = {field.name: Digest() for field in schema}
        self._held, self._bytes, self.rows, self._table = [], 0, 0, None
        # Of ROOT's ways to compress that are fast, only this one has a check sum uproot looks at.
        self._file = _create(path, "ZLIB", 1)

    def _check_names(self, schema):
        import pyarrow as pa

        if not self._is_tree:
            check_field_names(schema.names)
            return
        lists = {field.name for field in schema if pa.types.is_nested(field.type)}
        check_branch_names(schema.names, lists)

    def _make_tree(self):
        import pyarrow as pa

        types = {name: _branch_type(kind) for name, kind in self.types.items()}
        counters = {}
        for name, kind in self.types.items():
            if pa.types.is_list(kind):
                counters[name] = _unused(f"n{name}", {*self.types, *counters.values()})
        return self._file.mktree(self.tree, types, title=self._title, counter_name=counters.get)

    def _make_ntuple(self, batch):
        return self._file.mkrntuple(self.tree, self._records(batch[:0]).layout.form, self._title)

    @property
    def _title(self):
        return TITLE.format(self._file.file.uuid)

    def write(self, batch):
        """Add a batch; see `Writer.write`."""
        import pyarrow as pa

        arrays = [batch.column(name) for name in self.schema.names]
        self._held.append(pa.RecordBatch.from_arrays(arrays, schema=self.schema))
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
            name: {"type": str(kind), "sums": self._digests[name].sums()}
            for name, kind in self.types.items()
        }
        return {"file": str(self._file.file.uuid), "columns": columns}

    def _flush(self):
        import pyarrow as pa

        if not self._held and self._table is not None:
            return
        table = pa.Table.from_batches(self._held, self.schema).combine_chunks()
        self._held, self._bytes = [], 0
        batch = self._plain((table.to_batches() or [_no_rows(self.schema)])[0])
        if self._table is None:
            self._table = self._make_tree() if self._is_tree else self._make_ntuple(batch)
        for name, digest in self._digests.items():
            digest.update(batch.column(batch.schema.get_field_index(name)))
        self.rows += batch.num_rows
        if batch.num_rows:
            self._table.extend(_branches(batch) if self._is_tree else self._records(batch))

    def _plain(self, batch):
        """Batch in the types that are written."""
        import pyarrow as pa

        arrays = [self._solid(batch.column(f.name), f.name) for f in self.schema]
        return pa.RecordBatch.from_arrays(arrays, names=self.schema.names)

    def _solid(self, values, name):
        """Column as it is written; values may be missing where its levels say so."""
        values = values.cast(self.types[name])
        missing = missing_levels(values)
        if missing and not self._is_tree and self._table is None:
            self.levels[name] |= {level for level in missing if not _is_float(values, level)}
        if missing - self.levels[name]:
            values = _filled(values, self.levels[name])
        if missing_levels(values) - self.levels[name]:
            raise DataError(self._lacking(name))
        return values

    def _lacking(self, name):
        if self._is_tree:
            message = f"a TTree cannot hold missing values, which {name!r} has"
            return f"{message}: write an RNTuple (--rntuple), or leave it out (--drop)"
        message = f"the lists of {name!r} have missing values for the first time after row"
        return f"{message} {self.rows}, too late for the file to say so: leave it out (--drop)"

    def _records(self, batch):
        import awkward as ak

        contents = [
            layout_of(values, self.levels[name])
            for name, values in zip(batch.schema.names, batch.columns, strict=True)
        ]
        return ak.Array(nested(batch.schema.names, contents, batch.num_rows))


def _no_rows(schema):
    import pyarrow as pa

    arrays = [pa.array([], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _is_float(values, level):
    """Whether the entries at a depth in lists are floats, which NaN can stand in for."""
    import pyarrow as pa

    kind = values.type
    for _ in range(level):
        kind = kind.value_type
    return pa.types.is_floating(kind)


def _filled(values, levels, depth=0):
    """Array with NaN for missing floats, but at the depths where values may be missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(values.type):
        content = _filled(values.flatten(), levels, depth + 1)
        ends = pc.cumulative_sum(pc.fill_null(values.value_lengths(), 0)).cast(pa.int32())
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
        mask = values.is_null() if values.null_count else None
        return pa.ListArray.from_arrays(offsets, content, mask=mask)
    if depth in levels or not pa.types.is_floating(values.type):
        return values
    return pc.fill_null(values, float("nan"))


def _branches(batch):
    import awkward as ak
    import pyarrow as pa

    return {
        name: ak.Array(layout_of(values))
        if pa.types.is_list(values.type) or pa.types.is_string(values.type)
        else values.to_numpy(zero_copy_only=False)
        for name, values in zip(batch.schema.names, batch.columns, strict=True)
    }


def _written_type(field, layout):
    """Type in which a column is written; an error says what this layout cannot hold."""
    import pyarrow as pa

    kind = _plain_type(field.type)
    if kind is None:
        raise DataError(f"ROOT cannot hold {field.name!r}, which is of type {field.type}")
    inner = kind.value_type if layout == "ttree" and pa.types.is_list(kind) else None
    if inner is not None and (pa.types.is_list(inner) or pa.types.is_string(inner)):
        what = "text" if pa.types.is_string(inner) else "lists"
        message = f"a TTree cannot hold {field.name!r}, which has {what} in lists"
        raise DataError(f"{message}: write an RNTuple (--rntuple)")
    return kind


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


def _create(path, codec, level):
    import uproot

    return uproot.recreate(path, compression=getattr(uproot, codec)(level))


def write_columns(file, tree, columns, *, level=19, lengths=None):
    """Write a sample's columns as a TTree, whole or not at all.

    Parameters
    ----------
    file : pathlib.Path
    tree : str
    columns : mapping of str to ndarray, shape (events, ...)
        Of lists: flat, one list after the other.
    level : int
        Of the compression with zstd.
    lengths : dict of str to str, optional
        Columns of lists, and for each the column that counts its entries.
    """
    lengths = lengths or {}
    types = {
        name: f"var * {values.dtype}" if name in lengths else (values.dtype, values.shape[1:])
        for name, values in columns.items()
    }
    with whole(file) as part, _create(part, "ZSTD", level) as root:
        branches = root.mktree(tree, types, counter_name=lengths.get)
        for rows in _baskets(columns, lengths):
            branches.extend(rows)


def _baskets(columns, lengths):
    """Yield the columns piece by piece, lists as awkward arrays."""
    import numpy as np

    ends = {
        counter: np.concatenate(([0], np.cumsum(columns[counter], dtype=np.int64)))
        for counter in set(lengths.values())
    }
    events = len(next(iter(columns.values())))
    for start in range(0, events, BASKET_EVENTS):
        rows = slice(start, min(start + BASKET_EVENTS, events))
        yield {
            name: _lists(values, columns[lengths[name]][rows], ends[lengths[name]][rows.start])
            if name in lengths
            else values[rows]
            for name, values in columns.items()
        }


def _lists(values, counts, first):
    """Give flat values lengths; the first list starts at a place among them."""
    import awkward as ak

    return ak.unflatten(values[first : first + counts.sum()], counts)
