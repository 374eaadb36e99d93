"""NumPy's ``.npy``: one array, read in pieces and never unpickled; such files are not written.

The fields of records are columns. An array without names has the columns ``0``, ``1`` and so on
along its second axis, as pandas would number them: the file's name does not enter, so that several
files can be chained. An array of one axis, or of more than two, is the one column ``0``.
"""

from functools import partial
from math import prod

import numpy as np

from hepml.data._errors import DataError
from hepml.data.files._arrays import ArraySource, Block, fields, matrix, whole
from hepml.data.files._guard import reading
from hepml.data.files.base import choose_tree

__all__ = ["Array", "NpySource"]

LONGEST_HEADER = 65_536  # characters, as many as a version 1 header can have


class Array:
    """One array in NumPy's format: its header, and its values read forward.

    Parameters
    ----------
    name : str
        For messages.
    stream : binary file
        At the header.
    size : int
        Bytes of header and values together.
    """

    def __init__(self, name, stream, size):
        self.name, self.stream, self.size = name, stream, size
        self.shape, self.by_columns, self.dtype = _header(stream)
        self.begin = stream.tell()
        self._check()

    def _check(self):
        if self.dtype.hasobject:
            raise DataError(
                f"array {self.name!r} is pickled Python objects, which can run any code when "
                "opened: save it as numbers or text"
            )
        size = prod(self.shape) * self.dtype.itemsize
        if min(self.shape, default=0) < 0 or self.begin + size != self.size:
            raise DataError(
                f"array {self.name!r} declares {size} bytes of values, but {self.size - self.begin}"
                " are there: the file is damaged or not complete"
            )

    def start(self):
        """Begin to read: a function from a number of entries to the next ones."""
        stream = self._opened()
        stream.seek(self.begin)
        if self.by_columns and len(self.shape) > 1:
            return self._turned(stream)
        return partial(self._next, stream)

    def _opened(self):
        return self.stream

    def _next(self, stream, rows):
        width = self.dtype.itemsize * prod(self.shape[1:])
        data = stream.read(rows * width)
        if len(data) != rows * width:
            raise EOFError
        if stream.tell() == self.size and stream.read(1):  # a zip checks the sum here
            raise EOFError
        return np.frombuffer(data, self.dtype).reshape(rows, *self.shape[1:])

    def _turned(self, stream):
        """Read an array stored column by column, from disk: its rows lie all over the file."""
        if not prod(self.shape):
            return lambda rows: np.empty((rows, *self.shape[1:]), self.dtype)
        values, place = self._mapped(stream), 0

        def following(rows):
            nonlocal place
            place += rows
            return np.ascontiguousarray(values[place - rows : place])

        return following

    def _mapped(self, stream):
        return np.memmap(stream, self.dtype, "r", self.begin, self.shape, "F")

    def block(self, columns):
        """`Block` of these columns: callables that take their values out of the entries."""
        return Block(self.start, self.dtype, self.shape, columns)


def _header(stream):
    """Shape, order and type of an array, without NumPy's way to allocate or unpickle it."""
    form = np.lib.format
    version = form.read_magic(stream)
    if version == (1, 0):
        return form.read_array_header_1_0(stream, LONGEST_HEADER)
    # Version 3 is version 2 in UTF-8.
    shape, by_columns, dtype = form.read_array_header_2_0(stream, LONGEST_HEADER)
    if version == (3, 0) and dtype.names:
        dtype.names = tuple(name.encode("latin1").decode() for name in dtype.names)
    return shape, by_columns, dtype


class NpySource(ArraySource):
    """The array of an ``.npy`` file as table.

    Parameters
    ----------
    path : pathlib.Path
    tree : None
        The one array has no name.
    names : sequence of str, optional
        Columns of an array that is not one of records.
    """

    kind = "npy"

    def __init__(self, path, tree=None, names=None):
        super().__init__(path)
        if tree is not None:
            choose_tree(path, [], tree)
        self.file = path.open("rb")
        with self._closed_if_it_fails(), reading(path, self.kind):
            blocks = [self._block(Array(path.name, self.file, path.stat().st_size))]
            self._rename(blocks, names)
            self._arrange(blocks)

    def close(self):
        """Close the file."""
        self.file.close()

    def _block(self, array):
        if not array.shape:
            raise DataError(f"{self.path.name} holds a single value: it is no table")
        if array.dtype.names:
            return array.block(fields(array.dtype))
        if len(array.shape) == 2:
            block = array.block(matrix(self.path.name, array.shape[1], called="{i}"))
        else:
            block = array.block({"0": whole})
        block.numbered = tuple(block.columns)
        return block
