"""One column of an RNTuple's file as a stream of elements: every page is unpacked once.

The encodings are those of ROOT's binary format specification of RNTuple 1.0, "Column Description".
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import numpy as np

__all__ = ["Stream"]

BLOCK_BYTES = 1 << 24  # pages above this are unpacked in ROOT's blocks, which are no larger
BLOCK_HEADER = 9  # bytes: two letters and one number of the algorithm, two sizes of three bytes


class Stream:
    """Elements of a column, in their order.

    Parameters
    ----------
    ntuple : uproot.models.RNTuple.Model_ROOT_3a3a_RNTuple
    numbers : list of int
        The column, and those that stand for it in clusters where it is written otherwise.

    Attributes
    ----------
    dtype : numpy.dtype
        In which all these columns can be held.
    left : int
        Elements not yet taken.
    """

    def __init__(self, ntuple, numbers):
        self._ntuple, self._numbers = ntuple, numbers
        self._codes = {number: _Code(ntuple, number) for number in numbers}
        self.dtype = np.result_type(*(code.dtype for code in self._codes.values()))
        self._first = int(ntuple.column_records[numbers[0]].first_element_index or 0)
        pages = (page for _code, pages in self._clusters() for page in pages)
        self.left = self._first + sum(page.num_elements for page in pages)
        self._pieces, self._held, self._end = self._unpacked(), np.empty(0, self.dtype), 0

    @property
    def bytes(self):
        """Bytes that all elements not yet taken have in memory."""
        return self.left * self.dtype.itemsize

    def elements(self, count):
        """Take the next elements."""
        if count > self.left:
            raise EOFError
        self.left -= count
        parts = []
        while count > len(self._held):
            parts.append(self._held)
            count -= len(self._held)
            self._held = next(self._pieces)
        parts.append(self._held[:count])
        self._held = self._held[count:]
        parts = [part for part in parts if len(part)]
        return parts[0] if len(parts) == 1 else np.concatenate([*parts, self._held[:0]])

    def offsets(self, count):
        """Take the ends of the next lists, as offsets from 0, one more than there are lists."""
        ends = self.elements(count)
        offsets = np.zeros(count + 1, np.int64)
        np.subtract(ends, self._end, out=offsets[1:])
        if count:
            self._end = int(ends[-1])
        if (offsets[1:] < offsets[:-1]).any():
            raise ValueError("lists of negative length")
        return offsets

    def _clusters(self):
        """Yield encoding and pages of each cluster that has any."""
        for links in self._ntuple.page_link_list:
            for number in self._numbers:
                if number < len(links) and not links[number].suppressed:
                    yield self._codes[number], links[number].pages
                    break

    def _unpacked(self):
        """Yield what is unpacked at once: elements before the first page are zeros."""
        for start in range(0, self._first, BLOCK_BYTES):
            yield np.zeros(min(BLOCK_BYTES, self._first - start), self.dtype)
        base = 0  # ends of lists are counted anew in each cluster
        for code, pages in self._clusters():
            end = base
            for page in pages:
                for piece in code.pieces(page):
                    whole = piece + base if code.is_index else piece
                    end = whole[-1] if code.is_index else 0
                    yield whole.astype(self.dtype, copy=False)
            base = end


class _Code:
    """How the elements of one column are encoded."""

    def __init__(self, ntuple, number):
        from uproot import const

        record = ntuple.column_records[number]
        name, self._ntuple, self._number = _type_names()[record.type], ntuple, number
        self.is_index = record.type in const.rntuple_index_types
        self._is_bit, self._is_float = name == "bit", name in ("real32trunc", "real32quant")
        self._is_split = record.type in const.rntuple_split_types
        self._is_zigzag = record.type in const.rntuple_zigzag_types
        self._is_delta = record.type in const.rntuple_delta_types
        self._stored = np.dtype("bool" if self._is_bit else "f4" if self._is_float else name)
        self.dtype = np.dtype(np.int64) if self.is_index else self._stored
        self._bits = record.nbits if self._is_float else 1 if self._is_bit else 0

    def pieces(self, page):
        """Yield the elements of a page: at once, or by blocks if it is large."""
        count = page.num_elements
        size = -(-count * self._bits // 8) if self._bits else count * self._stored.itemsize
        if not count:
            return
        if size <= BLOCK_BYTES or self._is_split or self._is_float:
            yield self._decoded(_whole(self._ntuple, page.locator, size), count)
            return
        rest, step = b"", 1 if self._is_bit else self._stored.itemsize
        for block in _blocks(self._ntuple, page.locator, size):
            raw = np.concatenate((np.frombuffer(rest, np.uint8), block)) if rest else block
            ready = len(raw) - len(raw) % step
            here = min(count, ready * 8 if self._is_bit else ready // step)
            yield self._decoded(raw[:ready], here)
            rest, count = raw[ready:].tobytes(), count - here
        if count:
            raise EOFError

    def _decoded(self, raw, count):
        if self._is_bit:
            return np.unpackbits(raw, count=count, bitorder="little").view(np.bool_)
        if self._is_float:
            return self._from_few_bits(raw, count)
        values = _joined(raw, self._stored) if self._is_split else raw.view(self._stored)
        if self._is_zigzag:
            unsigned = values.view(f"u{self._stored.itemsize}")
            values = ((unsigned >> 1) ^ (0 - (unsigned & 1))).view(self._stored)
        values = np.cumsum(values, dtype=np.int64) if self._is_delta else values
        return values.astype(self.dtype, copy=False)

    def _from_few_bits(self, raw, count):
        """Floats with a cut mantissa, or rounded to steps of a range."""
        page, about = np.zeros(count, self._stored), self._ntuple.get_field_metadata(self._number)
        page.view(np.uint8)[: len(raw)] = raw
        self._ntuple.deserialize_page_decompressed_buffer(page, about)
        self._ntuple.post_process(page, about)
        return page


def _type_names():
    from uproot import const

    return const.rntuple_col_num_to_dtype_dict


def _joined(raw, dtype):
    """Numbers of which first all lowest bytes are stored, then all second lowest, and so on."""
    planes = raw.reshape(dtype.itemsize, -1)
    if dtype.itemsize == 4:
        values = planes[3].astype("u4")
        for plane in planes[2::-1]:
            values <<= np.uint32(8)
            values |= plane
        return values.view(dtype)
    values = np.empty(raw.size, np.uint8)
    for place, plane in enumerate(planes):
        values[place :: dtype.itemsize] = plane
    return values.view(dtype)


def _whole(ntuple, locator, size):
    """Bytes of a page."""
    chunk, cursor = ntuple.read_locator(locator, size)
    return cursor.array(chunk, size, np.dtype(np.uint8), {}, move=False)


def _blocks(ntuple, locator, size):
    """Yield the bytes of a page piece by piece."""
    import uproot

    source, place, end = ntuple.file.source, locator.offset, locator.offset + locator.num_bytes
    is_packed = locator.num_bytes < size
    while place < end:
        if not is_packed:
            stop = min(place + BLOCK_BYTES, end)
            yield np.asarray(source.chunk(place, stop).raw_data)
        else:
            header = bytes(source.chunk(place, place + BLOCK_HEADER).raw_data)
            packed = BLOCK_HEADER + int.from_bytes(header[3:6], "little")
            stop, unpacked = place + packed, int.from_bytes(header[6:9], "little")
            chunk, cursor = source.chunk(place, stop), uproot.source.cursor.Cursor(place)
            yield uproot.compression.decompress(chunk, cursor, {}, packed, unpacked).raw_data
        place = stop
