"""Columns that a branch of ROOT gives: its one, or one for each member of the record it holds.

A list of records gives a list for each member. What follows says nothing of files: it takes
NumPy's types and awkward's forms, and arrays of these.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

__all__ = ["dtype_members", "flat", "form_members", "jagged", "label", "member"]

PAIR = {"0": "first", "1": "second"}  # what C++ calls them; awkward numbers the parts of a map
STRINGS = ("string", "bytestring")
MOST_ENTRIES = 2**31 - 1  # that lists with 32-bit offsets hold


def dtype_members(dtype, path=()):
    """Yield the columns of a NumPy type, which may be a structure.

    Parameters
    ----------
    dtype : numpy.dtype
    path : tuple of str
        Members that lead to it.

    Yields
    ------
    tuple of (tuple of str, pyarrow.DataType)
        Members that lead to a column, and its type.
    """
    import pyarrow as pa

    base = dtype.base
    if base.names is None:
        columns = [(path, pa.from_numpy_dtype(base.newbyteorder("=")))]
    else:
        names = [name for name in base.names if not name.startswith("@")]
        columns = [found for name in names for found in dtype_members(base[name], (*path, name))]
    for inside, kind in columns:
        yield inside, _nested(kind, len(dtype.shape))


def form_members(form, path=()):
    """Yield the columns of an awkward form, with None as type of what no table can hold.

    Parameters
    ----------
    form : awkward.forms.Form
    path : tuple of str

    Yields
    ------
    tuple of (tuple of str, pyarrow.DataType or None)
    """
    import pyarrow as pa

    if form.parameter("__array__") in STRINGS:
        yield path, pa.string()
    elif form.is_record:
        for name in form.fields:
            if not name.startswith("@"):  # what ROOT notes about the object
                yield from form_members(form.content(name), (*path, name))
    elif form.is_list:
        for inside, kind in form_members(form.content, path):
            yield inside, kind and pa.list_(kind)
    elif form.is_numpy:
        kind = pa.from_numpy_dtype(form.primitive)
        yield path, _nested(kind, len(form.inner_shape))
    elif form.is_indexed and not form.is_option:
        yield from form_members(form.content, path)
    else:
        yield path, None


def _nested(kind, depth):
    import pyarrow as pa

    for _ in range(depth):
        kind = pa.list_(kind)
    return kind


def label(path):
    """Name of a column, from the members that lead to it.

    Parameters
    ----------
    path : tuple of str

    Returns
    -------
    str
    """
    return ".".join(PAIR.get(name, name) for name in path)


def member(values, path):
    """Entries of one column of an awkward array of records, or of lists of records.

    Parameters
    ----------
    values : awkward.Array
    path : tuple of str

    Returns
    -------
    awkward.Array
    """
    for name in path:
        values = values[name]
    return values


def flat(values):
    """Array of numbers without a copy; ROOT stores them in the other order of bytes.

    Parameters
    ----------
    values : numpy.ndarray, shape (rows,)

    Returns
    -------
    pyarrow.Array
    """
    import pyarrow as pa

    return pa.array(values.astype(values.dtype.newbyteorder("="), copy=False))


def jagged(values, kind):
    """Arrow array of an awkward one.

    Parameters
    ----------
    values : awkward.Array
    kind : pyarrow.DataType

    Returns
    -------
    pyarrow.Array
    """
    import awkward as ak

    if (plain := _plain_lists(values.layout, kind)) is not None:
        return plain
    found = ak.to_arrow(values, extensionarray=False, list_to32=True, string_to32=True)
    return found.cast(kind)


def _plain_lists(layout, kind):
    """Make lists of numbers at once: most of what there is, and awkward takes twice as long.

    None for anything else.
    """
    import numpy as np
    import pyarrow as pa

    is_list = type(layout).__name__ == "ListOffsetArray" and pa.types.is_list(kind)
    if not is_list or not layout.content.is_numpy or layout.parameter("__array__") is not None:
        return None
    offsets, content = np.asarray(layout.offsets), np.asarray(layout.content.data)
    first, last = int(offsets[0]), int(offsets[-1])
    if content.ndim > 1 or last - first > MOST_ENTRIES:
        return None
    numbers = flat(content[first:last])
    if numbers.type != kind.value_type:
        return None
    ends = pa.array((offsets - first).astype(np.int32))
    return pa.ListArray.from_arrays(ends, numbers, type=kind)
