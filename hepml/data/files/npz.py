"""NumPy's ``.npz``: a zip of arrays, read and written in pieces and never unpickled.

Arrays of one axis are columns, an array ``NAME`` of two axes is the columns ``NAME_0``, ``NAME_1``
…, one of more axes a column of fixed-size lists; the fields of records are columns; arrays without
axis are left out. Columns of lists are kept as `hepml.data.files._arrays` says, so that
``NAME/content`` holds the entries of jagged lists, or fixed-size lists, whatever its axes.
"""

import struct
import tempfile
import zipfile
from collections import Counter
from functools import partial
from math import prod
from shutil import copyfileobj

import numpy as np

from hepml.data._errors import DataError
from hepml.data.files._arrays import (
    CONTENT,
    OFFSETS,
    ArraySource,
    ArrayWriter,
    fields,
    lists,
    matrix,
    members,
    whole,
)
from hepml.data.files._guard import reading
from hepml.data.files.npy import Array

__all__ = ["NpzSource", "NpzWriter"]

MOST_MEMBERS = 4096
MOST_DIRECTORY = 512 * MOST_MEMBERS  # bytes
END, END_64, LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
LEVEL = 1  # of deflate; higher ones take several times longer for a few per cent
LONGEST_TEXT = 1000  # characters, for each of which every row has four bytes
ROWS_OF_TEXT = 4096  # turned at a time into strings of one width
COPY = 1 << 20


class Member(Array):
    """One array in the zip."""

    def __init__(self, archive, info):
        self.archive, self.info = archive, info
        with archive.open(info) as stream:
            super().__init__(info.filename.removesuffix(".npy"), stream, info.file_size)

    def _opened(self):
        return self.archive.open(self.info)

    def _mapped(self, stream):
        with tempfile.TemporaryFile() as spool:
            copyfileobj(stream, spool, COPY)
            return np.memmap(spool, self.dtype, "r", 0, self.shape, "F")


class NpzSource(ArraySource):
    """The arrays of an ``.npz`` file as one table.

    Parameters
    ----------
    path : pathlib.Path
    tree : str, optional
        One array to read; all by default.
    names : sequence of str, optional
        Columns of the one array of two axes.
    """

    kind = "npz"

    def __init__(self, path, tree=None, names=None):
        super().__init__(path)
        _check_directory(path)
        self.file = path.open("rb")  # ours to close: else it stays open as long as a member does
        with self._closed_if_it_fails(), reading(path, self.kind):
            self.archive = zipfile.ZipFile(self.file)
            self._open(tree, names)

    def close(self):
        """Close the file."""
        self.file.close()

    def _open(self, tree, names):
        _check_members(self.path, self.archive)
        infos = self.archive.infolist()
        arrays = [info for info in infos if info.filename.endswith(".npy")]
        found = {member.name: member for member in map(partial(Member, self.archive), arrays)}
        for info in infos:
            if not info.filename.endswith(".npy"):
                self.archive.open(info).close()  # compares its name with that at its place
                self.left_out[info.filename] = "it is no array"
        if tree is not None:
            columns = [name for name in found if not name.endswith((OFFSETS, CONTENT))]
            found = {tree: found[self._check_tree(tree, columns)]}
        blocks = list(self._blocks(found))
        self._rename(blocks, names)
        self._arrange(blocks)

    def _blocks(self, arrays):
        taken = Counter(name for member in arrays.values() for name in member.dtype.names or ())
        for name in dict.fromkeys(map(_root, arrays)):
            if name in arrays and not arrays[name].shape:
                self.left_out[name] = "it is a single value"
            elif name in arrays:
                known = arrays[name].dtype.names or ()
                yield _table(arrays[name], is_clear=all(taken[one] == 1 for one in known))
            else:
                yield _lists(name, arrays)


def _root(name):
    """Name of the column that an array belongs to."""
    while name.endswith((OFFSETS, CONTENT)):
        name = name.removesuffix(OFFSETS).removesuffix(CONTENT)
    return name


def _table(member, *, is_clear=True):
    """Block of an array; members of records are named by it where another's are called alike."""
    if member.dtype.names:
        named = fields(member.dtype) if is_clear else members(member.name, member.dtype)
        return member.block(named)
    if len(member.shape) == 2:
        block = member.block(matrix(member.name, member.shape[1]))
        block.numbered = tuple(block.columns)
        return block
    return member.block({member.name: whole})


def _lists(name, members):
    def find(key):
        member = members.get(key)
        return member and member.block({name: whole})

    return lists(name, name if name + OFFSETS in members else name + CONTENT, find)


def _check_directory(path):
    """Refuse a directory of more entries than a table has, before any is parsed."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - 65_557, 0))
        tail = file.read()
    end = tail.rfind(END)
    if not tail or end < 0 or len(tail) < end + 22:
        raise DataError(f"{path} is cut short: the directory at its end is missing")
    (length,) = struct.unpack_from("<L", tail, end + 12)
    wide = tail.rfind(END_64, 0, end)
    if length == 0xFFFFFFFF and wide >= 0 and end - wide >= 56:
        (length,) = struct.unpack_from("<Q", tail, wide + 40)
    if length > MOST_DIRECTORY:
        raise DataError(f"{path} is no table: its directory of {length} bytes lists too many files")


def _check_members(path, archive):
    """Refuse what a zip of arrays never is: crowds, overlaps, doubles, locks, odd packing."""
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    if len(infos) > MOST_MEMBERS:
        raise DataError(f"{path} is no table: it holds {len(infos)} files")
    if len({info.filename for info in infos}) != len(infos):
        raise DataError(f"{path} holds two arrays of one name: the file is damaged")
    begins = [info.header_offset for info in infos] + [archive.start_dir]
    for info, following in zip(infos, begins[1:], strict=True):
        if info.header_offset + 30 + len(info.filename) + info.compress_size > following:
            raise DataError(f"{path} is damaged: {info.filename!r} runs into what follows it")
        if info.flag_bits & 1:
            raise DataError(f"{path} is locked with a password: unpack it first")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError(f"{info.filename!r} in {path} is packed in a way that NumPy never uses")


class NpzWriter(ArrayWriter):
    """Write arrays, deflated; the values wait in one temporary file, unpacked, until the end.

    A member of a zip must be written in one go and begins with its length, and a table comes in
    batches of all columns: so there is no way to write it in bounded memory without such a file.
    It lies beside the one being written and takes as much as the table does in memory.
    """

    kind = "npz"
    holds_times = True

    def __init__(self, path, schema, tree):
        super().__init__(path, schema, tree)
        self.pieces = {}
        self.spool = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed in close

    def _append(self, key, values):
        if values.dtype.kind != "O":
            self._keep(key, values)
            return
        for start in range(0, len(values) or 1, ROWS_OF_TEXT):
            self._keep(key, _fixed_width(key, values[start : start + ROWS_OF_TEXT]))

    def _keep(self, key, values):
        begin = self.spool.tell()
        self.spool.write(np.ascontiguousarray(values).view("u1").data if values.size else b"")
        self.pieces.setdefault(key, []).append((begin, values.shape, values.dtype))

    def close(self, *, complete):
        """Close the file; see `Writer`."""
        with self.spool:
            if complete:
                self._complete()
                self._pack()

    def _pack(self):
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
            for key, pieces in self.pieces.items():
                with archive.open(f"{key}.npy", "w", force_zip64=True) as stream:
                    self._copy(pieces, stream)

    def _copy(self, pieces, stream):
        dtype = np.result_type(*{dtype for _begin, _shape, dtype in pieces})
        rows = sum(shape[0] for _begin, shape, _dtype in pieces)
        header = {"descr": dtype.str, "fortran_order": False, "shape": (rows, *pieces[0][1][1:])}
        np.lib.format.write_array_header_1_0(stream, header)
        for begin, shape, own in pieces:
            self.spool.seek(begin)
            data = self.spool.read(prod(shape) * own.itemsize)
            stream.write(data if own == dtype else np.frombuffer(data, own).astype(dtype).tobytes())


def _fixed_width(key, strings):
    """Strings as NumPy keeps them without pickle: each as wide as the longest."""
    if any(text.endswith("\0") for text in strings.flat):
        raise DataError(f"a string of {key!r} ends in NUL, which npz files cannot hold")
    found = strings.astype("U") if strings.size else np.empty(strings.shape, "U1")
    if found.dtype.itemsize > 4 * LONGEST_TEXT:
        length = found.dtype.itemsize // 4
        raise DataError(
            f"{key!r} has a string of {length} characters; npz files give each row that room, "
            f"so more than {LONGEST_TEXT} are refused: write Parquet"
        )
    return found
