"""Arrow columns of any type as columns of a table: records by their members, times, decimals.

A record ``MET`` becomes the columns ``MET.pt``, ``MET.phi``; a list of records ``Jet`` the list
columns ``Jet.pt``, ``Jet.eta``; a map ``m``, which is a list of pairs, ``m.key`` and ``m.value``.

Instants and dates stay instants (Arrow's timestamps, pandas' ``datetime64``), in UTC: no network
takes them for a feature by mistake, and nothing of them is rounded. Durations and times of day are
quantities: floats, in seconds. A decimal is a float if it has no more digits than a float holds for
certain, an integer if it has no digit behind the point, and else left out.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from typing import NamedTuple

from hepml.data.files.base import NO_TYPE

__all__ = ["Leaf", "innermost", "pick", "spread"]

SURE_DIGITS = 15  # every decimal of so many comes back from a double
LONG_DIGITS = 18  # every integer of so many fits 64 bits
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class Leaf(NamedTuple):
    """One column that a field of a file gives.

    Attributes
    ----------
    name : str
    type : pyarrow.DataType or None
        As a table holds it; None if it holds none such.
    why : str
        Reason, where it holds none.
    nullable : bool
        Whether the file declares that rows may be missing.
    path : tuple of str
        The field, and members of records from there.
    place : int
        Number of the single values below, counted as Parquet counts its columns.
    """

    name: str
    type: object
    why: str
    nullable: bool
    path: tuple
    place: int


def spread(schema):
    """Find the columns that the fields of a file give.

    Parameters
    ----------
    schema : pyarrow.Schema

    Returns
    -------
    leaves : dict of str to Leaf
        Those that a table can hold, by name.
    left_out : dict of str to str
        Reasons for the others.
    """
    found, place = [], 0
    for field in schema:
        leaves = list(_leaves(field.name, field.type, nullable=field.nullable))
        for step, leaf in enumerate(leaves):
            path = (field.name, *leaf.path)
            found.append(leaf._replace(path=path, place=place + step))
        place += len(leaves)
    single = {leaf.name for leaf in found if len(leaf.path) == 1}
    clashing = {leaf for leaf in found if len(leaf.path) > 1 and leaf.name in single}
    held = [leaf for leaf in found if leaf.type is not None and leaf not in clashing]
    left_out = {leaf.name: leaf.why for leaf in found if leaf.type is None}
    for leaf in clashing:
        left_out[leaf.path[0]] = f"its member {leaf.path[-1]!r} has the name of another column"
    return {leaf.name: leaf for leaf in held}, left_out


def _leaves(name, type_, *, nullable):
    """Yield the columns of a field; their places are not known yet."""
    import pyarrow as pa

    type_ = _stored(type_)
    if pa.types.is_struct(type_):
        yield from _of_record(name, type_, nullable=nullable)
    elif (inner := _items(type_)) is not None:
        size = type_.list_size if pa.types.is_fixed_size_list(type_) else -1
        for leaf in _leaves(name, inner, nullable=False):
            kind = leaf.type and pa.list_(leaf.type, size)
            yield leaf._replace(type=kind, nullable=nullable)
    else:
        kind, why = _single(type_)
        yield Leaf(name, kind, why, nullable, (), 0)


def _of_record(name, type_, *, nullable):
    if not type_.num_fields:
        yield Leaf(name, None, "it is a record without members", nullable, (), 0)
    for member in type_:
        called = f"{name}.{member.name}" if name else member.name
        optional = nullable or member.nullable
        for leaf in _leaves(called, member.type, nullable=optional):
            yield leaf._replace(path=(member.name, *leaf.path))


def _stored(type_):
    """Type of what lies below a dictionary or an extension."""
    import pyarrow as pa

    while True:
        if pa.types.is_dictionary(type_):
            type_ = type_.value_type
        elif isinstance(type_, pa.BaseExtensionType):
            type_ = type_.storage_type
        else:
            return type_


def _items(type_):
    """Type of the entries of a list; None for others. A map is a list of pairs."""
    import pyarrow as pa

    if pa.types.is_map(type_):
        members = [type_.key_field.with_name("key"), type_.item_field.with_name("value")]
        return pa.struct(members)
    kinds = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return type_.value_type if any(is_kind(type_) for is_kind in kinds) else None


def _single(type_):
    """Type in which a table holds single values, and the reason if it holds none."""
    import pyarrow as pa

    is_ = pa.types
    if is_.is_string(type_) or is_.is_large_string(type_) or is_.is_string_view(type_):
        return pa.string(), ""
    if is_.is_float16(type_):
        return pa.float32(), ""
    if is_.is_boolean(type_) or is_.is_integer(type_) or is_.is_floating(type_):
        return type_, ""
    return _of_decimal(type_) if is_.is_decimal(type_) else _of_time(type_)


def _of_time(type_):
    import pyarrow as pa

    is_ = pa.types
    if is_.is_timestamp(type_) or is_.is_date(type_):
        unit = getattr(type_, "unit", "ms")
        return pa.timestamp("ms" if unit in ("s", "day") else unit), ""
    if is_.is_time(type_) or is_.is_duration(type_) or is_.is_null(type_):
        return pa.float64(), ""
    return None, NO_TYPE


def _of_decimal(type_):
    import pyarrow as pa

    if type_.scale <= 0 and type_.precision - type_.scale <= LONG_DIGITS:
        return pa.int64(), ""
    if type_.precision <= SURE_DIGITS and abs(type_.scale) <= SURE_DIGITS:
        return pa.float64(), ""
    return None, f"a decimal of {type_.precision} digits, of which a float keeps {SURE_DIGITS}"


def innermost(type_):
    """Type of the single values of a column."""
    return innermost(type_.value_type) if hasattr(type_, "value_type") else type_


def pick(array, path, type_):
    """Take one column out of a field of a file; missing floats become NaN.

    Parameters
    ----------
    array : pyarrow.Array
        The field.
    path : sequence of str
        Members of records, from the field on.
    type_ : pyarrow.DataType
        Of the `Leaf`.

    Returns
    -------
    pyarrow.Array
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    array = _plain(array)
    if pa.types.is_struct(array.type):
        member = pc.struct_field(array, array.type.get_field_index(path[0]))
        return pick(member, path[1:], type_)
    if _items(array.type) is not None:
        return _pick_lists(array, path, type_)
    array = _converted(array, type_)
    if pa.types.is_floating(type_) and array.null_count:
        array = array.fill_null(float("nan"))
    return array


def _plain(array):
    import pyarrow as pa

    while True:
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        elif pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        else:
            return array


def _pick_lists(array, path, type_):
    import pyarrow as pa

    is_fixed = pa.types.is_fixed_size_list(array.type)
    values = array.values
    if is_fixed:
        size = type_.list_size
        values = values.slice(array.offset * size, len(array) * size)
    if pa.types.is_map(array.type):
        path = ("key" if path[0] == "key" else "value", *path[1:])
        values = _pairs(values)
    content = pick(values, path, type_.value_type)
    if content is values and array.type == type_:
        return array
    missing = array.is_null() if array.null_count else None
    if is_fixed:
        return pa.FixedSizeListArray.from_arrays(content, type_.list_size, mask=missing)
    offsets = array.offsets.cast(pa.int32())
    if missing is not None and offsets.offset:
        offsets = pa.array(offsets.to_numpy())  # a mask goes with offsets of their own only
    return pa.ListArray.from_arrays(offsets, content, mask=missing)


def _pairs(values):
    """Entries of a map, whatever the file calls their members."""
    import pyarrow as pa

    members = [values.field(0), values.field(1)]
    return pa.StructArray.from_arrays(members, names=["key", "value"])


def _converted(array, type_):
    """Single values in the type of a table."""
    import pyarrow as pa

    is_ = pa.types
    if is_.is_timestamp(array.type):
        array = array.view(pa.timestamp(array.type.unit))  # of a zone or not: stored as UTC
    if (is_.is_time(array.type) or is_.is_duration(array.type)) and is_.is_floating(type_):
        return _seconds(array)
    if is_.is_decimal(array.type) and is_.is_floating(type_):
        return _of_digits(array)
    return array if array.type == type_ else array.cast(type_)


def _of_digits(array):
    """Floats nearest to decimals, which pyarrow's own cast misses by a last bit here and there."""
    import numpy as np
    import pyarrow as pa

    if not len(array):
        return array.cast(pa.float64())
    width = array.type.bit_width // 8
    digits = np.frombuffer(array.buffers()[1], f"<i{min(width, 8)}")
    digits = digits.reshape(-1, max(width // 8, 1))[array.offset : array.offset + len(array), 0]
    power = 10.0 ** abs(array.type.scale)  # exact, as are the digits: so one rounding is all
    values = digits / power if array.type.scale >= 0 else digits * power
    return pa.array(values, mask=array.is_null().to_numpy(zero_copy_only=False))


def _seconds(array):
    """Durations and times of day in seconds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pa.int64() if array.type.bit_width == 64 else pa.int32()
    counts = array.view(whole).cast(pa.int64()).cast(pa.float64(), safe=False)
    return pc.divide(counts, float(PER_SECOND[array.type.unit]))
