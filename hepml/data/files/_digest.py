"""Check sums of columns: of their values, whatever the batches in which they pass by."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import zlib

__all__ = ["Digest"]


class Digest:
    """Running CRC-32 of one column of any type that a table can hold."""

    def __init__(self):
        self.rows, self.nulls, self.lengths, self.values, self.inner = 0, 0, 0, 0, None
        self.passed = 0  # rows, those without a value as well

    def update(self, array):
        """Add a `pyarrow.Array`."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if not len(array):
            return
        size = len(array)
        array = self._without_nulls(array)
        self.passed += size
        self.rows += len(array)
        if pa.types.is_list(array.type):
            self._add_lengths(array.value_lengths())
        elif pa.types.is_string(array.type):
            self._add_lengths(pc.binary_length(array))
            array = _text(array)
        if pa.types.is_nested(array.type):
            self.inner = self.inner or Digest()
            self.inner.update(array.flatten())
        else:
            values = array.to_numpy(zero_copy_only=False)
            values = values.view("i8") if values.dtype.kind == "M" else values
            self.values = zlib.crc32(np.ascontiguousarray(values), self.values)

    def _add_lengths(self, array):
        self.lengths = zlib.crc32(array.to_numpy(zero_copy_only=False), self.lengths)

    def _without_nulls(self, array):
        """Note where values are missing; whatever stands in their place does not count."""
        if not array.null_count:
            return array
        import numpy as np

        places = np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)) + self.passed
        self.nulls = zlib.crc32(places.astype("<i8"), self.nulls)
        return array.drop_null()

    def sums(self):
        """List of integers, equal for equal columns."""
        return [
            self.rows,
            self.nulls,
            self.lengths,
            self.values,
            *(self.inner.sums() if self.inner else ()),
        ]


def _text(strings):
    """Bytes of all strings, one after the other, as an array of small integers."""
    import pyarrow as pa

    _missing, offsets, text = strings.buffers()
    if not len(strings) or text is None:
        return pa.array([], pa.uint8())
    ends = pa.Array.from_buffers(pa.int32(), len(strings) + 1, [None, offsets], 0, strings.offset)
    first, last = ends[0].as_py(), ends[-1].as_py()
    return pa.Array.from_buffers(pa.uint8(), last - first, [None, text], 0, first)
