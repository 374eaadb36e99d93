"""Arrow batches to tables of pandas or awkward: no column's type depends on the values in it."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from hepml.data._errors import DataError

__all__ = ["NothingButNaN", "regroup", "table_maker", "to_awkward", "to_frame"]


def table_maker(library):
    """Find what makes tables of batches in a library: `to_frame` or `to_awkward`.

    Parameters
    ----------
    library : {"pd", "ak"}

    Raises
    ------
    DataError
        For any other, and if awkward is not there.
    """
    if library not in ("pd", "ak"):
        message = "'pd' gives tables of pandas, 'ak' arrays of awkward"
        raise DataError(f"library={library!r} is not known: {message}")
    if library == "pd":
        return to_frame
    try:
        import awkward as ak  # noqa: F401
    except ImportError:
        raise DataError('awkward arrays need awkward: pip install "hepml-lab[files]"') from None
    return to_awkward


def to_frame(batches, schema, left_out=None):
    """Table of some batches, which are let go on the way.

    Parameters
    ----------
    batches : list of pyarrow.RecordBatch
        Emptied.
    schema : pyarrow.Schema
    left_out : dict of str to str, optional
        Columns that a table cannot hold, with their reasons, for ``.attrs``.

    Returns
    -------
    pandas.DataFrame
    """
    import pandas as pd
    import pyarrow as pa

    rows = sum(batch.num_rows for batch in batches)
    columns = [[batch.column(place) for batch in batches] for place in range(len(schema))]
    batches.clear()
    values = {}
    for place, field in enumerate(schema):
        values[field.name] = _column(pa.chunked_array(columns[place], field.type), field)
        columns[place] = None  # so that a large table is in memory once, and one column twice
    table = pd.DataFrame(values, index=pd.RangeIndex(rows), copy=False)
    table.attrs["left_out"] = dict(left_out or {})
    return table


def to_awkward(batches, schema, left_out=None):
    """Awkward array of records of some batches, which are let go on the way.

    Parameters
    ----------
    batches, schema, left_out
        As for `to_frame`.

    Returns
    -------
    awkward.Array
        A record per event, with a field per column. Only a column in which values may be missing
        has an option type.
    """
    import awkward as ak

    rows = sum(batch.num_rows for batch in batches)
    chunks = [[batch.column(place) for batch in batches] for place in range(len(schema))]
    batches.clear()
    contents = []
    for place, field in enumerate(schema):
        contents.append(_content(chunks[place], field))
        chunks[place] = None
    record = ak.contents.RecordArray(contents, schema.names, length=rows)
    return ak.Array(record, attrs={"left_out": dict(left_out or {})})


def _content(chunks, field):
    """Awkward's layout of the chunks of a column."""
    import awkward as ak
    import pyarrow as pa

    from hepml.data.files._layouts import layout, levels_of, missing_levels

    chunks = chunks or [pa.array([], field.type)]
    levels = levels_of(field).union(*map(missing_levels, chunks))
    parts = [layout(chunk, levels) for chunk in chunks]
    return parts[0] if len(parts) == 1 else ak.concatenate(parts, highlevel=False)


def _column(values, field):
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_nested(field.type):
        kind = _solid_type(field.type, may_lack=any(map(_lacks, values.chunks)))
        solid = [_solid(chunk, kind) for chunk in values.chunks]
        return pd.ArrowDtype(kind).__from_arrow__(pa.chunked_array(solid, kind))
    if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
        return values.to_pandas().array
    is_masked = not (pa.types.is_floating(field.type) or pa.types.is_temporal(field.type))
    if field.nullable and is_masked:
        return pd.api.types.pandas_dtype(_masked(field.type)).__from_arrow__(values)
    array = values.to_numpy()
    return array if array.flags.writeable else array.copy()


def _solid_type(kind, *, may_lack):
    """Type of lists whose entries are all there, unless some lack: awkward makes options then."""
    import pyarrow as pa

    if not pa.types.is_nested(kind):
        return kind
    content = _solid_type(kind.value_type, may_lack=may_lack)
    return pa.list_(pa.field("item", content, nullable=may_lack))


def _lacks(values):
    """Whether entries of lists are missing for which there is no NaN."""
    import pyarrow as pa

    content = values.flatten()
    if pa.types.is_nested(content.type):
        return content.null_count > 0 or _lacks(content)
    return content.null_count > 0 and not pa.types.is_floating(content.type)


def _solid(values, kind):
    """Keep lists as they are, with NaN for the floats that are missing in them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(values):  # what a file gives may lack the buffer that awkward looks into
        return pa.array([], kind)
    if pa.types.is_nested(kind) and _is_whole(values):
        content = _solid(values.values, kind.value_type)
        return pa.ListArray.from_arrays(values.offsets, content, type=kind)
    if pa.types.is_nested(kind):
        ends = pc.cumulative_sum(pc.fill_null(pc.list_value_length(values), 0))
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends.cast(pa.int32())])
        content = _solid(values.flatten(), kind.value_type)
        mask = values.is_null() if values.null_count else None
        return pa.ListArray.from_arrays(offsets, content, type=kind, mask=mask)
    if values.null_count and pa.types.is_floating(kind):
        return pc.fill_null(values, float("nan"))
    return values


def _is_whole(values):
    """Whether lists are all there and fill their content, so that their offsets can stay."""
    import pyarrow as pa

    if values.null_count or values.offset or not pa.types.is_list(values.type):
        return False
    return values.offsets[0].as_py() == 0 and values.offsets[-1].as_py() == len(values.values)


def _masked(kind):
    """Type of pandas that can say that a truth value or an integer is missing."""
    import pyarrow as pa

    return "boolean" if pa.types.is_boolean(kind) else str(kind).replace("i", "I").replace("u", "U")


def regroup(batches, rows):
    """Yield lists of batches that have ``rows`` rows together; the last may have fewer.

    Without any batch there is one list, which is empty.
    """
    held, count, given = [], 0, False
    for batch in batches:
        start = 0
        while batch.num_rows - start >= rows - count:
            held.append(batch.slice(start, rows - count))
            start += rows - count
            yield held
            held, count, given = [], 0, True
        if start < batch.num_rows:
            held.append(batch.slice(start))
            count += batch.num_rows - start
    if held or not given:
        yield held


class NothingButNaN:
    """Watch for columns in which every value is NaN.

    Parameters
    ----------
    schema : pyarrow.Schema
    """

    def __init__(self, schema):
        import pyarrow as pa

        self.suspects = [field.name for field in schema if pa.types.is_floating(field.type)]

    def look(self, batch):
        """Drop from ``suspects`` what has a number in this batch."""
        self.suspects = [name for name in self.suspects if _is_all_nan(batch.column(name))]


def _is_all_nan(values):
    import numpy as np

    array = values.to_numpy(zero_copy_only=False)
    return bool(np.isnan(array[:1]).all() and np.isnan(array).all())
