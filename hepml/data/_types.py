"""Types that hold the values of several files: numbers widen, and no value is ever rounded."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from hepml.data._errors import DataError
from hepml.data.files._layouts import LEVELS, levels_of, marked

__all__ = ["absent", "cast", "common"]

UNITS = ("s", "ms", "us", "ns")


def common(one, other):
    """Field that holds the values of both, None if there is none.

    Integers of either sign beside ``uint64`` give ``uint64``, and 64-bit integers beside floats
    ``double``: whether all values fit shows when they are cast.

    Parameters
    ----------
    one, other : pyarrow.Field

    Returns
    -------
    pyarrow.Field or None
        With the name of the first.
    """
    import pyarrow as pa

    kind = _common_type(one.type, other.type)
    if kind is None:
        return None
    levels = _levels(one) | _levels(other)
    if 0 not in levels and pa.types.is_floating(kind):
        return pa.field(one.name, kind, nullable=False)
    nullable = one.nullable or other.nullable
    return marked(pa.field(one.name, kind, nullable=nullable), levels)


def _levels(field):
    """Depths at which a file of missing values says that there may be some."""
    return levels_of(field) if LEVELS in (field.metadata or {}) else set()


def _common_type(one, other):
    import pyarrow as pa

    if one == other:
        return one
    one, other = _plain(one), _plain(other)
    if pa.types.is_null(one):
        one, other = other, one
    if one == other or pa.types.is_null(other):
        return one
    if _is_list(one) and _is_list(other):
        content = _common_type(one.value_type, other.value_type)
        return content and pa.list_(content)
    if _is_text(one) and _is_text(other):
        return pa.large_string()
    if pa.types.is_timestamp(one) and pa.types.is_timestamp(other):
        finer = max(one.unit, other.unit, key=UNITS.index)
        return pa.timestamp(finer, one.tz) if one.tz == other.tz else None
    return _common_number(one, other) if _is_number(one) and _is_number(other) else None


def _common_number(one, other):
    import numpy as np
    import pyarrow as pa

    kinds = [kind.to_pandas_dtype() for kind in (one, other)]
    both = np.result_type(*kinds)
    if both.kind == "f" and all(np.dtype(kind).kind in "iu" for kind in kinds):
        return pa.uint64()  # NumPy would take a float for int64 and uint64
    return pa.from_numpy_dtype(both)


def _plain(kind):
    """Type of the values of a dictionary; that of another kind itself."""
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_list(kind):
    import pyarrow as pa

    is_ = pa.types
    return is_.is_list(kind) or is_.is_large_list(kind) or is_.is_fixed_size_list(kind)


def _is_text(kind):
    import pyarrow as pa

    is_ = pa.types
    return is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind)


def _is_number(kind):
    import pyarrow as pa

    is_ = pa.types
    return is_.is_boolean(kind) or is_.is_integer(kind) or is_.is_floating(kind)


def cast(batch, schema, name):
    """Batch in the types of a schema, every value exactly what it was.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        With the columns of the schema, in its order.
    schema : pyarrow.Schema
    name : str
        Of the file, for the message.

    Returns
    -------
    pyarrow.RecordBatch

    Raises
    ------
    DataError
        Naming the first column with a value that the type cannot hold.
    """
    import pyarrow as pa

    if batch.schema == schema:
        return batch
    arrays = [_cast(batch.column(place), field, name) for place, field in enumerate(schema)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _cast(values, field, name):
    import pyarrow as pa

    try:
        made = values if values.type == field.type else _exactly(values, field.type)
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0]
        message = f"column {field.name!r} of {name} is {values.type}, of the files together"
        raise DataError(f"{message} {field.type}, which cannot hold its values: {reason}") from None
    if made.null_count and pa.types.is_floating(field.type) and 0 not in _levels(field):
        return made.fill_null(float("nan"))
    if made.null_count and not field.nullable:
        message = f"column {field.name!r} of {name} has missing values"
        raise DataError(f"{message}, for which the type of the files before has no place")
    return made


def _exactly(values, kind):
    """Arrow's cast, which refuses integers that do not fit, refusing rounded floats as well."""
    import numpy as np
    import pyarrow as pa

    made = values.cast(kind)
    one, other = _leaves(values), _leaves(made)
    if not _is_number(one.type) or not _may_round(one.type, other.type):
        return made
    back = other.cast(one.type).to_numpy(zero_copy_only=False)
    if not np.array_equal(back, one.to_numpy(zero_copy_only=False), equal_nan=True):
        raise pa.ArrowInvalid("some would be rounded")
    return made


def _may_round(kind, other):
    import pyarrow as pa

    if pa.types.is_boolean(other):
        return not pa.types.is_boolean(kind)
    is_floats = pa.types.is_floating(kind) and pa.types.is_floating(other)
    return is_floats and other.bit_width < kind.bit_width


def _leaves(values):
    """Single values of lists, one after the other."""
    while _is_list(values.type):
        values = values.flatten()
    return values


def absent(field, rows):
    """Column of a file that has none such: NaN where there is NaN, else missing.

    Parameters
    ----------
    field : pyarrow.Field
    rows : int

    Returns
    -------
    pyarrow.Array
    """
    import pyarrow as pa

    missing = pa.nulls(rows, field.type)
    return missing.fill_null(float("nan")) if pa.types.is_floating(field.type) else missing
