"""Arrow arrays as awkward arrays, whose types say where values may be missing, and nowhere else."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import numpy as np

__all__ = ["LEVELS", "layout", "levels_of", "marked", "missing_levels", "nested"]

LEVELS = (
    b"hepml:missing"  # key in a field's metadata: depths in lists at which values may be missing
)


def marked(field, levels):
    """Field that says at which depths of its lists values may be missing: 0 are the rows.

    Parameters
    ----------
    field : pyarrow.Field
    levels : iterable of int

    Returns
    -------
    pyarrow.Field
    """
    levels = sorted(levels)
    return field.with_metadata({LEVELS: " ".join(map(str, levels))}) if levels else field


def levels_of(field):
    """Depths at which a field says that values may be missing: a set of integers."""
    import pyarrow as pa

    noted = (field.metadata or {}).get(LEVELS)
    if noted is not None:
        return {int(level) for level in noted.split()}
    return {0} if field.nullable and not pa.types.is_nested(field.type) else set()


def missing_levels(values):
    """Depths at which values of an Arrow array are missing.

    Parameters
    ----------
    values : pyarrow.Array

    Returns
    -------
    set of int
    """
    import pyarrow as pa

    own = {0} if values.null_count else set()
    inner = missing_levels(values.flatten()) if pa.types.is_nested(values.type) else ()
    return own | {level + 1 for level in inner}


def layout(values, levels=(), depth=0):
    """Awkward's layout of an Arrow array of numbers, truth values, texts or lists of these.

    Parameters
    ----------
    values : pyarrow.Array
    levels : collection of int
        Depths at which values may be missing, whether they are or not; at no other they are.

    Returns
    -------
    awkward.contents.Content
    """
    import awkward as ak
    import pyarrow as pa
    import pyarrow.compute as pc

    if depth in levels:
        there = values.is_valid().to_numpy(zero_copy_only=False)
        index = np.where(there, np.cumsum(there) - 1, -1)
        kept = values.drop_null() if values.null_count else values
        content = layout(kept, set(levels) - {depth}, depth)
        return ak.contents.IndexedOptionArray(ak.index.Index64(index), content)
    if pa.types.is_fixed_size_list(values.type):
        content = layout(values.flatten(), levels, depth + 1)
        return ak.contents.RegularArray(content, values.type.list_size, len(values))
    if pa.types.is_list(values.type):
        content = layout(values.flatten(), levels, depth + 1)
        return ak.contents.ListOffsetArray(_offsets(pc.list_value_length(values)), content)
    if pa.types.is_string(values.type):
        letters = ak.contents.NumpyArray(_letters(values), parameters={"__array__": "char"})
        offsets = _offsets(pc.binary_length(values))
        return ak.contents.ListOffsetArray(offsets, letters, parameters={"__array__": "string"})
    return ak.contents.NumpyArray(values.to_numpy(zero_copy_only=False))


def nested(names, contents, rows):
    """Awkward's layout of a table in which ``a.b`` is the member ``b`` of the record ``a``.

    Parameters
    ----------
    names : sequence of str
    contents : sequence of awkward.contents.Content
    rows : int

    Returns
    -------
    awkward.contents.RecordArray
    """
    import awkward as ak

    groups = {}
    for name, content in zip(names, contents, strict=True):
        first, dot, rest = name.partition(".")
        groups.setdefault(first, []).append((rest if dot else None, content))
    members = [
        group[0][1] if group[0][0] is None else nested(*zip(*group, strict=True), rows)
        for group in groups.values()
    ]
    return ak.contents.RecordArray(members, list(groups), length=rows)


def _letters(texts):
    """All bytes of some texts, one after the other."""
    data, offsets = texts.buffers()[2], np.frombuffer(texts.buffers()[1], dtype=np.int32)
    first, last = offsets[texts.offset], offsets[texts.offset + len(texts)]
    return np.frombuffer(data or b"", dtype=np.uint8)[first:last]


def _offsets(lengths):
    import awkward as ak

    ends = np.cumsum(lengths.to_numpy(), dtype=np.int64)
    return ak.index.Index64(np.concatenate(([0], ends)))
