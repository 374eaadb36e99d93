"""Cuts applied to batches: on events, and on the entries of their lists."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from __future__ import annotations

from functools import cached_property

import numpy as np

from hepml.data._errors import DataError, nearest
from hepml.data._expressions import (
    COMPARISONS,
    FUNCTIONS,
    NUMBER,
    OPERATORS,
    REDUCTIONS,
    TEXT,
    TRUTH,
    Expression,
    Reduction,
    col,
)

__all__ = ["COMPARISONS", "FUNCTIONS", "OPERATORS", "REDUCTIONS", "Cuts", "Expression"]
__all__ += ["check_cut", "col", "collection", "selected"]

TOGETHER = "{!r} cannot take them together: give a cut for each of them, where=[…, …]"
FELLOW = "{!r} would be made in both: leave out {!r} by drop= or columns="


def check_cut(path, cut, schema):
    """Raise a `DataError` unless a cut can be applied to a table.

    Parameters
    ----------
    path : pathlib.Path
        For the message.
    cut : Expression
    schema : pyarrow.Schema
    """
    Cuts(cut).check(path, schema)


def selected(batch, cut, name="the table"):
    """Rows of a `pyarrow.RecordBatch` that pass a cut, with the entries of their lists that do.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
    cut : Expression, or sequence of these
    name : str
        Of the file, for messages.

    Returns
    -------
    pyarrow.RecordBatch
    """
    return Cuts(cut).applied(batch, name)


def _check_reductions(cut, lists):
    """Refuse to reduce what is no list, or one already reduced."""
    for part in getattr(cut, "_parts", ()):
        if isinstance(cut, Reduction) and not part.lists(lists):
            raise DataError(f"{cut!r} makes no sense: there is one value per event, not a list")
        _check_reductions(part, lists)


def _kind_of(path, field):
    import pyarrow as pa

    kind = field.type.value_type if is_list(field.type) else field.type
    if pa.types.is_nested(kind):
        message = f"{field.name!r} of {path.name} holds lists of lists: no cut can use it"
        raise DataError(message)
    if pa.types.is_temporal(kind):
        raise DataError(f"{field.name!r} of {path.name} holds instants: no cut can use it")
    if pa.types.is_boolean(kind):
        return TRUTH
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return NUMBER if is_number else TEXT


def is_list(kind):
    """Whether an Arrow type has several values per event."""
    import pyarrow as pa

    is_ = pa.types
    return is_.is_list(kind) or is_.is_large_list(kind) or is_.is_fixed_size_list(kind)


class Events:
    """Rows of a batch, for expressions with one value per event."""

    def __init__(self, batch, file):
        self.batch, self.file = batch, file

    @property
    def events(self):
        """These rows; as an attribute, the circle would keep the batch until a collection."""
        return self

    @cached_property
    def lists(self):
        """Names of the columns that hold lists."""
        return [field.name for field in self.batch.schema if is_list(field.type)]

    def __len__(self):
        return self.batch.num_rows

    def column(self, name):
        return self.batch.column(self.batch.schema.get_field_index(name))

    def counts(self, name):
        """How many entries each list of a column has; none where the list is missing."""
        import pyarrow.compute as pc

        return pc.list_value_length(self.column(name)).fill_null(0).to_numpy().astype(np.int64)

    def entries(self, names, cut):
        """Entries of the lists of some columns, which a cut takes together."""
        counts = self.counts(names[0])
        for name in names[1:]:
            self.check_same(names[0], counts, name, TOGETHER.format(cut))
        return Entries(self, names, counts)

    def check_same(self, first, counts, name, why):
        """Raise a `DataError` unless the lists of a column are as long as those of another."""
        others = self.counts(name)
        if (others != counts).any():
            row = int(np.argmax(others != counts))
            raise DataError(
                f"the lists of {first!r} and {name!r} in {self.file} have different lengths "
                f"({counts[row]} and {others[row]} in one event): {why}"
            )


class Entries:
    """Entries of all lists of a batch, one after the other, as rows of their own."""

    def __init__(self, events, names, counts):
        self.events, self.names, self.counts = events, names, counts

    @cached_property
    def numbers(self):
        """Row of the event that each entry is of."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def __len__(self):
        return len(self.numbers)

    def column(self, name):
        import pyarrow as pa

        values = self.events.column(name)
        return values.flatten() if is_list(values.type) else values.take(pa.array(self.numbers))


class Cuts:
    """What a reader makes of ``where``: cuts on events, and cuts on the entries of lists.

    All are computed from the rows as the file has them. Then each cut on entries is made in the
    columns of lists that it names and in their fellows, and at last events that fail are left out.

    Parameters
    ----------
    where : Expression, sequence of these, or None
    """

    def __init__(self, where):
        self._cuts = list(where) if isinstance(where, list | tuple) else [where]
        self._cuts = [cut for cut in self._cuts if cut is not None]
        for cut in self._cuts:
            if not isinstance(cut, Expression):
                raise TypeError(f'where= takes a cut such as col("mjj") > 3300, not {cut!r}')

    def __bool__(self):
        return bool(self._cuts)

    @property
    def columns(self):
        """Names of the columns in the cuts, each once."""
        return list(dict.fromkeys(name for cut in self._cuts for name in cut.columns))

    def check(self, path, schema):
        """Raise a `DataError` unless the cuts can be applied to a table; see `check_cut`."""
        for name in self.columns:
            if name not in schema.names:
                raise DataError(
                    f"{path.name} has no column {name!r}; {nearest(name, schema.names)}"
                )
        kinds = {name: _kind_of(path, schema.field(name)) for name in self.columns}
        lists = {name for name in self.columns if is_list(schema.field(name).type)}
        for cut in self._cuts:
            if (kind := cut.kind(kinds)) != TRUTH:
                raise DataError(f"{cut!r} is a {kind}, not a cut: compare it with something")
            _check_reductions(cut, lists)

    def schema(self, schema, columns):
        """Give the schema of some columns after the cuts: lists lose a fixed length there."""
        import pyarrow as pa

        lists = [field.name for field in schema if is_list(field.type)]
        changed = {name for cut in self._cuts for name in _fellows(cut.lists(lists), lists)}
        fields = [schema.field(name) for name in columns]
        return pa.schema([_loose(f) if f.name in changed else f for f in fields])

    def applied(self, batch, file, columns=None):
        """Give what is left of some columns of a batch; see `selected`."""
        import pyarrow as pa

        events, passes, lists = Events(batch, file), np.ones(batch.num_rows, bool), {}
        left = batch if columns is None else batch.select(columns)
        for cut in self._cuts:
            if names := cut.lists(events.lists):
                for name, kept in _entries_kept(cut, names, events, left.schema.names):
                    lists[name] = lists.get(name, True) & kept
            else:
                passes &= cut.values(events)
        left = _with_entries(left, lists)
        return left if passes.all() else left.filter(pa.array(passes))


def _entries_kept(cut, names, events, columns):
    """Yield each column that a cut on entries is made in, and which of its entries pass."""
    entries = events.entries(names, cut)
    kept = np.broadcast_to(cut.values(entries), len(entries))
    for name in _fellows(names, [name for name in events.lists if name in columns]):
        if name not in names:
            events.check_same(names[0], entries.counts, name, FELLOW.format(cut, name))
        yield name, kept


def collection(name):
    """Name what a column belongs to: ``Jet`` for ``Jet_pt``, ``Jet.pt`` and ``Jet_btag_score``.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        All before the last dot; else all before the first underscore; else the name.
    """
    record, dot, _ = name.rpartition(".")
    return record if dot else name.partition("_")[0]


def _fellows(names, lists):
    """Columns of lists in which entries are cut with those of ``names``."""
    wanted = set(map(collection, names))
    return [name for name in lists if collection(name) in wanted] if names else []


def _loose(field):
    import pyarrow as pa

    if not pa.types.is_fixed_size_list(field.type):
        return field
    return pa.field(field.name, pa.list_(field.type.value_type), nullable=field.nullable)


def _with_entries(batch, kept):
    """Batch whose lists in some columns have only the entries that are to be kept."""
    import pyarrow as pa

    if not kept:
        return batch
    arrays = [
        _cut_lists(values, kept[field.name]) if field.name in kept else values
        for field, values in zip(batch.schema, batch.columns, strict=True)
    ]
    fields = [_loose(f) if f.name in kept else f for f in batch.schema]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _cut_lists(values, kept):
    import pyarrow as pa
    import pyarrow.compute as pc

    counts = pc.list_value_length(values).fill_null(0).to_numpy()
    left = np.concatenate(([0], np.cumsum(kept)))
    offsets = left[np.concatenate(([0], np.cumsum(counts)))]
    content, kind = values.flatten().filter(pa.array(kept)), values.type
    large = pa.types.is_large_list(kind)
    make = pa.LargeListArray if large else pa.ListArray
    mask = values.is_null() if values.null_count else None
    return make.from_arrays(
        pa.array(offsets, pa.int64() if large else pa.int32()),
        content,
        type=_loose(pa.field("", kind)).type,
        mask=mask,
    )
