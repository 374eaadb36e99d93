"""Records of Python, as JSON gives them, to Arrow: types that hold all of them, and the arrays."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from hepml.data._errors import DataError

__all__ = ["built", "inferred", "merged", "pruned"]

LONGEST, LONGEST_UNSIGNED = 2**63, 2**64


def inferred(records):
    """Find the type that holds some records.

    Parameters
    ----------
    records : list of dict

    Returns
    -------
    pyarrow.StructType
        In which binary stands for what is of several types, or beyond all.
    """
    import pyarrow as pa

    try:
        found = pa.array(records).type
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return _of_all(records)
    # Inside of records and lists Arrow (26.0.1) makes numbers of truth values beside floats.
    return _of_all(records) if _has_flags_among_floats(records, found) else found


def _has_flags_among_floats(values, type_):
    import pyarrow as pa

    is_ = pa.types
    if is_.is_struct(type_):
        return any(
            _has_flags_among_floats([one.get(part.name) for one in values if one], part.type)
            for part in type_
        )
    if is_.is_list(type_):
        entries = [entry for value in values if value for entry in value]
        return _has_flags_among_floats(entries, type_.value_type)
    return is_.is_floating(type_) and bool in set(map(type, values))


def _of_all(values):
    import pyarrow as pa

    found = pa.null()
    for value in values:
        found = merged(found, _of_one(value))
    return found


def _of_one(value):
    import pyarrow as pa

    if isinstance(value, dict):
        return pa.struct([(name, _of_one(part)) for name, part in value.items()])
    if isinstance(value, list):
        return pa.list_(_of_all(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return _of_integer(value)
    kinds = {bool: pa.bool_(), float: pa.float64(), str: pa.string(), type(None): pa.null()}
    return kinds[type(value)]


def _of_integer(value):
    import pyarrow as pa

    if -LONGEST <= value < LONGEST:
        return pa.int64()
    return pa.uint64() if 0 <= value < LONGEST_UNSIGNED else pa.binary()


def merged(one, other):
    """Find the type that holds what two types hold; binary where none does.

    Parameters
    ----------
    one, other : pyarrow.DataType

    Returns
    -------
    pyarrow.DataType
    """
    import pyarrow as pa

    is_ = pa.types
    if one == other or is_.is_null(one) or is_.is_null(other):
        return other if is_.is_null(one) else one
    if is_.is_struct(one) and is_.is_struct(other):
        return _of_members(one, other)
    if is_.is_list(one) and is_.is_list(other):
        return pa.list_(merged(one.value_type, other.value_type))
    return _of_singles(one, other)


def _of_singles(one, other):
    import pyarrow as pa

    is_ = pa.types
    if all(is_.is_integer(kind) for kind in (one, other)):
        return pa.uint64()
    are_numbers = all(is_.is_integer(kind) or is_.is_floating(kind) for kind in (one, other))
    return pa.float64() if are_numbers else pa.binary()


def _of_members(one, other):
    import pyarrow as pa

    types = {member.name: member.type for member in one}
    for member in other:
        types[member.name] = merged(types.get(member.name, pa.null()), member.type)
    return pa.struct(list(types.items()))


def built(records, type_, file=None):
    """Make an Arrow array of records.

    Parameters
    ----------
    records : list of dict
    type_ : pyarrow.StructType
        Of `inferred`, or merged of several; what it lacks of the records is left out.
    file : str, optional
        Name for the message; without it, integers that do not fit are put up with.

    Returns
    -------
    pyarrow.StructArray

    Raises
    ------
    DataError
        If an integer fits no type of 64 bits beside the others of its column.
    """
    import pyarrow as pa

    try:
        return pa.array(records, type_)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return pa.array([_fitted(record, type_, "", file) for record in records], type_)


def _fitted(value, type_, name, file):
    """Value as its type holds it; None where that is none."""
    import pyarrow as pa

    is_ = pa.types
    if value is None or is_.is_binary(type_):
        return None
    if is_.is_struct(type_):
        return {
            member.name: _fitted(
                value.get(member.name), member.type, f"{name}.{member.name}".lstrip("."), file
            )
            for member in type_
        }
    if is_.is_list(type_):
        return [_fitted(part, type_.value_type, name, file) for part in value]
    return _number(value, type_, name, file)


def _number(value, type_, name, file):
    """Give a single value in the type of its column, never rounded."""
    import pyarrow as pa

    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if pa.types.is_floating(type_):
        if file and is_integer and int(float(value)) != value:
            raise _unfit(f"integers such as {value} stand beside floats", name, file)
        return float(value)
    if is_integer and pa.types.is_unsigned_integer(type_) and value < 0:
        if file:
            what = f"negative integers such as {value} stand beside some beyond 2⁶³"
            raise _unfit(what, name, file)
        return 0
    return value


def _unfit(what, name, file):
    return DataError(f"{name!r} of {file}: {what}, and no type holds both: leave it out by drop=")


def pruned(type_, paths):
    """Give the part of a type of records that some members need.

    Parameters
    ----------
    type_ : pyarrow.DataType
    paths : list of tuple of str
        Names of the members, from the outside in; empty for all.

    Returns
    -------
    pyarrow.DataType
    """
    import pyarrow as pa

    if pa.types.is_list(type_):
        return pa.list_(pruned(type_.value_type, paths))
    if not pa.types.is_struct(type_) or () in paths:
        return type_
    return pa.struct(
        (member.name, pruned(member.type, inner))
        for member in type_
        if (inner := [path[1:] for path in paths if path[0] == member.name])
    )
