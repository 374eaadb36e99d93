"""TTrees: which columns their branches give, by which names, and what cannot be read.

A column is called by the members that lead to it: ``muon.pt`` is ``pt`` of the object in branch
``muon``, whether ROOT has split the object into branches of their own or not, and whether there is
one object per event or a list of them. Base classes are no members: what an object inherits is its
own. A branch of numbers keeps its name.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import re
from dataclasses import dataclass, field
from itertools import pairwise

from hepml.data._errors import DataError
from hepml.data.files._members import dtype_members, flat, form_members, jagged, label, member
from hepml.data.files._packed import packed_array
from hepml.data.files.base import NO_TYPE

__all__ = ["Tree"]

BASE_CLASS, ROOTS = 0, {66: "TObject", 67: "TNamed"}
"""ROOT's numbers for branches of what an object inherits, from its own base classes with names."""
BITS = "fBits"  # of every TObject; longer than usual in objects that others refer to
NUMBER = "fUniqueID"  # of every TObject
VECTOR_HEADER = 10  # bytes, of which the last four count the entries
NO_RULE = "uproot does not know its type"
MISREAD = "uproot misreads the bits of objects that others refer to"


@dataclass
class _Branch:
    """A branch without branches of its own, as it is read."""

    branch: object
    interpretation: object = None
    columns: list = field(default_factory=list)
    rows: range = range(0)
    values: object = None

    def read(self, start, stop, library):
        return self.branch.array(
            self.interpretation, entry_start=start, entry_stop=stop, library=library
        )

    def records(self, start, stop):
        """Read rows, once for all columns that come from this branch."""
        if self.rows != range(start, stop):
            self.values = None  # before there are others, so that only these are in memory
            self.values, self.rows = self.read(start, stop, "ak"), range(start, stop)
        return self.values


@dataclass(frozen=True)
class _Column:
    source: _Branch
    path: tuple
    type: object


class Tree:
    """A TTree: its columns by name.

    Parameters
    ----------
    tree : uproot.TTree

    Attributes
    ----------
    rows : int
    title : str
    names : list of str
        Of all columns, those that no table can hold included.
    reasons : dict of str to str
        Why these are no columns of the table.
    added : list of str
        Of ``names`` those that are not the tree's own.
    """

    def __init__(self, tree):
        self.rows, self.title = int(tree.num_entries), tree.title
        self.names, self.reasons, self.added, self._columns = [], {}, [], {}
        for name, branch in _leaves(tree):
            self._add_branch(name, _Branch(branch))

    def _add_branch(self, name, source):
        reason = self._why_short(source.branch) or _why_unknown(source)
        found = [] if reason else list(_columns(source))
        if reason is None and any(kind is not None for _, kind in found):
            reason = _why_unreadable(source, found) if self.rows else None
        if reason or not found:
            self._add(name, reason or f"no table can hold its type, {source.branch.typename}")
            return
        for path, kind in found:
            column = _Column(source, path, kind)
            self._add(_joined(name, path), NO_TYPE if kind is None else column)

    def _add(self, name, found):
        while name in self._columns or name in self.reasons:
            name += "_"
        self.names.append(name)
        if isinstance(found, str):
            self.reasons[name] = found
        else:
            self._columns[name] = found
            found.source.columns.append(name)
        return name

    def _why_short(self, branch):
        """Reason if a branch has other rows than the tree: one that was not always filled."""
        try:
            rows = int(branch.entry_offsets[-1])
        except ValueError:
            return "its baskets do not hold as many rows as it states"
        return None if rows == self.rows else f"it has {rows} rows, the tree {self.rows}"

    def join(self, name, friend):
        """Add the columns of another tree that goes on in the same rows, as ``name.column``."""
        for column in friend.names:
            self.added.append(self._add(f"{name}.{column}", friend.column(column)))

    def column(self, name):
        """Return what there is of a name: a column to read, or why there is none."""
        return self.reasons.get(name) or self._columns[name]

    def leave_out(self, name, reason):
        """Note what is left out."""
        self.added.append(self._add(name, reason))

    def type(self, name):
        """Arrow type of a column, None if no table can hold it."""
        return self._columns[name].type if name in self._columns else None

    def field(self, name):
        """Arrow field of a column that a table can hold."""
        import pyarrow as pa

        return pa.field(name, self.type(name), nullable=False)

    def length(self, name):
        """Rows that a branch has baskets for."""
        return int(self._columns[name].source.branch.entry_offsets[-1])

    def width(self, name):
        """Bytes per row, about."""
        source = self._columns[name].source
        return source.branch.uncompressed_bytes / max(1, self.rows) / len(source.columns)

    def edges(self, names):
        """Rows at which a basket of every branch ends."""
        import functools

        import numpy as np

        sources = {id(column.source): column.source for column in map(self._columns.get, names)}
        ends = [np.asarray(source.branch.entry_offsets) for source in sources.values()]
        return functools.reduce(np.intersect1d, ends)

    def array(self, name, kind, start, stop):
        """Read some rows of a column."""
        column = self._columns[name]
        try:
            return _array(column, kind, start, stop)
        except MemoryError:
            raise
        except Exception as error:  # one that tells of damage if the baskets cannot be unpacked
            _check_baskets(column.source.branch, start, stop)
            if _is_numbers(column.source.interpretation):  # which uproot always understands
                raise
            raise DataError(_complaint(name, column.source.branch, start)) from error


# ---------------------------------------------------------------- names


def _leaves(tree, prefix=""):
    """Yield names and branches, those inside split objects included."""
    for branch in tree.branches:
        name = prefix + _own_name(branch)
        if not branch.branches:
            yield name, branch
        elif _is_base(branch):
            yield from _leaves(branch, prefix)
        else:
            yield from _leaves(branch, _joined(name, ("",)))


def _own_name(branch):
    """Name of a branch without those of the branches it is in and, of a member, its lengths."""
    name, outer = branch.name, branch.parent
    if branch.top_level:
        return name
    while hasattr(outer, "top_level"):
        name = name.removeprefix(outer.name.rstrip(".") + ".")
        outer = outer.parent
    return re.sub(r"(\[\w*\])+$", "", name)


def _is_base(branch):
    """Whether a branch holds what an object inherits from a base class."""
    kind = branch.member("fStreamerType", none_if_missing=True)
    return not branch.top_level and (kind == BASE_CLASS or _own_name(branch) == ROOTS.get(kind))


def _joined(name, path):
    return f"{name.removesuffix('.')}.{label(path)}" if path else name


# ---------------------------------------------------------------- what can be read


def _why_unknown(source):
    """Settle how a branch is read; the reason if uproot does not know."""
    try:
        source.interpretation = packed_array(source.branch) or source.branch.interpretation
    except Exception:  # noqa: BLE001 - uproot has no one error for what it cannot read
        return NO_RULE
    from uproot.interpretation.identify import UnknownInterpretation

    if not isinstance(source.interpretation, UnknownInterpretation):
        return None
    reason = source.interpretation.reason
    return NO_RULE if reason == "none of the rules matched" else f"uproot cannot read it: {reason}"


def _columns(source):
    """Paths and types of the columns of a branch."""
    import pyarrow as pa

    interpretation = source.interpretation
    if _is_numbers(interpretation):
        dtype = interpretation.to_dtype
        is_flat = dtype.shape == () and dtype.names is None
        return [((), pa.from_numpy_dtype(dtype))] if is_flat else list(dtype_members(dtype))
    try:
        return list(form_members(interpretation.awkward_form(source.branch.file)))
    except Exception:  # noqa: BLE001 - uproot has no one error for what it cannot read
        return []


def _is_numbers(interpretation):
    """Whether a branch holds numbers and truth values, or fixed arrays and structures of these."""
    from uproot.interpretation.numerical import AsDtype
    from uproot.interpretation.objects import AsStridedObjects

    return isinstance(interpretation, AsDtype) and not isinstance(interpretation, AsStridedObjects)


def _why_unreadable(source, columns):
    """Reason if uproot fails at the first rows of a branch that is not damaged."""
    if not _is_doubtful(source):
        return None
    try:
        values = source.read(0, 1, "ak")
        for path, kind in columns:
            if kind is not None:
                jagged(member(values, path), kind)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        _check_baskets(source.branch, 0, 1)
        if _is_bits(source.branch):
            return MISREAD
        return f"uproot cannot read its type, {source.branch.typename} ({type(error).__name__})"
    if _is_longer(source, 0, source.branch.entry_offsets[1]):
        return MISREAD
    return None if _is_as_counted(source) else f"uproot misreads its type, {source.branch.typename}"


def _is_doubtful(source):
    """Whether it must be tried if uproot can read a branch: what holds objects of classes."""
    from uproot.interpretation.jagged import AsJagged
    from uproot.interpretation.objects import AsObjects, AsStridedObjects

    found = source.interpretation
    content = found.content if isinstance(found, AsJagged) else found
    if isinstance(found, AsObjects):
        return not _is_simple(found.model)
    is_list_of_bits = found is not content and _is_bits(source.branch)
    return isinstance(content, AsStridedObjects) or is_list_of_bits


def _is_simple(content):
    """Whether a container holds numbers and texts only, in vectors of vectors or not."""
    import numpy as np
    from uproot.containers import AsString, AsVector

    while isinstance(content, AsVector):
        content = content.values
    return isinstance(content, AsString | np.dtype)


def _is_bits(branch):
    return branch.name.endswith(BITS)


def _is_longer(source, start, stop):
    """Whether there are more bits than objects: some have bytes more, which uproot misreads."""
    import awkward as ak

    if not _is_bits(source.branch):
        return False
    name = source.branch.name.removesuffix(BITS) + NUMBER
    twins = [twin for twin in getattr(source.branch.parent, "branches", []) if twin.name == name]
    counts = [
        ak.num(branch.array(entry_start=start, entry_stop=stop, library="ak"))
        for branch in (source.branch, *twins)
    ]
    return not all(ak.array_equal(counts[0], other) for other in counts[1:])


def _is_as_counted(source):
    """Whether vectors of objects in the first basket have the bytes that their count asks for.

    ROOT can write them member by member, or with a version before each object; uproot then takes
    other bytes for members, and only notices where these do not make whole objects.
    """
    import numpy as np
    from uproot.interpretation.jagged import AsJagged

    found = source.interpretation
    if not isinstance(found, AsJagged) or found.header_bytes != VECTOR_HEADER:
        return True
    basket = source.branch.basket(0)
    starts, stops = np.asarray(basket.byte_offsets[:-1]), np.asarray(basket.byte_offsets[1:])
    last = starts[:, None] + np.arange(VECTOR_HEADER - 4, VECTOR_HEADER)
    counts = np.asarray(basket.data)[last].view(">i4").ravel()
    size = found.content.from_dtype.itemsize
    return bool(np.array_equal(stops - starts - VECTOR_HEADER, counts * size))


def _check_baskets(branch, start, stop):
    """Raise what comes if a basket with these rows cannot be unpacked."""
    ends = branch.entry_offsets
    for number, (first, last) in enumerate(pairwise(ends)):
        if first < stop and last > start:
            branch.basket(number)


def _complaint(name, branch, start):
    return (
        f"{name!r} cannot be read, from row {start} on: uproot does not understand its type, "
        f"{branch.typename}; leave it out by drop=[{name!r}], or name others by columns="
    )


# ---------------------------------------------------------------- values


def _array(column, kind, start, stop):
    source = column.source
    if not column.path and _is_numbers(source.interpretation) and _is_one(source.interpretation):
        return flat(source.read(start, stop, "np"))
    if len(source.columns) == 1:
        values = source.read(start, stop, "ak")
    else:
        values = source.records(start, stop)
    if column.type.num_fields and _is_longer(source, start, stop):
        raise ValueError(MISREAD)
    return jagged(member(values, column.path), kind)


def _is_one(interpretation):
    return interpretation.to_dtype.shape == () and interpretation.to_dtype.names is None
