"""The footer of a Parquet file, parsed by ourselves.

pyarrow ends the whole process where it shows the details of a damaged footer; its reading of the
columns does not. So the details that are needed before reading come from here. The format is
Thrift's compact protocol; structures become dictionaries by the numbers of their fields.
"""

from typing import NamedTuple

__all__ = ["Chunk", "footer_chunks"]

DEPTH = 20  # of structures in structures; Parquet has six
TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12


class Chunk(NamedTuple):
    """What the footer says of one column in one row group."""

    name: str  # of the column of the table
    kind: int  # physical type
    count: int  # of values
    size: int  # bytes, unpacked
    missing: int | None  # values that are missing, where it says so


class Parser:
    """Reads values of the compact protocol one after the other."""

    def __init__(self, data):
        self.data, self.place = data, 0

    def byte(self):
        self.place += 1
        return self.data[self.place - 1]

    def bytes(self, size):
        self.place += size
        if self.place > len(self.data):
            raise EOFError
        return self.data[self.place - size : self.place]

    def number(self):
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError

    def signed(self):
        value = self.number()
        return (value >> 1) ^ -(value & 1)

    def struct(self, depth=0):
        if depth > DEPTH:
            raise ValueError
        found, field = {}, 0
        while head := self.byte():
            field = field + (head >> 4) if head >> 4 else self.signed()
            kind = head & 15
            found[field] = kind == TRUE if kind in (TRUE, FALSE) else self.value(kind, depth)
        return found

    def value(self, kind, depth):
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind in (LIST, SET):
            return self.list(depth + 1)
        if kind == BINARY:
            return self.bytes(self.number())
        if kind == DOUBLE:
            return self.bytes(8)
        if kind == MAP:
            raise ValueError
        return self.byte() if kind in (TRUE, FALSE, BYTE) else self.signed()

    def list(self, depth):
        head = self.byte()
        size = head >> 4 if head >> 4 < 15 else self.number()
        if depth > DEPTH or size > len(self.data):
            raise ValueError
        return [self.value(head & 15, depth) for _ in range(size)]


def footer_chunks(path):
    """Read what the footer says of each row group.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    list of (int, list of Chunk)
        Rows and columns of each row group.
    """
    with path.open("rb") as file:
        size = file.seek(-8, 2)
        length = int.from_bytes(file.read(4), "little")
        file.seek(size - length)
        footer = Parser(file.read(length)).struct()
    return [(group[3], [_chunk(chunk[3]) for chunk in group[1]]) for group in footer[4]]


def _chunk(details):
    missing = details.get(12, {}).get(3)
    return Chunk(details[3][0].decode(), details[1], details[5], details[6], missing)
