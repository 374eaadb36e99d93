"""Where the formats have their joints, and ways to damage a file there.

Every file here is harmless to whatever opens it: small, also when it is unpacked, and with counts
at most a little beyond what is there. Guards against larger ones are tested under lowered limits.
"""

import gzip
import io
import struct
import zipfile

import numpy as np

HDF5_SIGNS = (b"OHDR", b"OCHK", b"TREE", b"SNOD", b"HEAP", b"GCOL", b"FRHP", b"FHDB", b"FHIB")
HDF5_SIGNS += (b"BTHD", b"BTLF", b"BTIN", b"EAHD", b"EAIB", b"EASB", b"EADB", b"FAHD", b"FADB")
ZIP_SIGNS = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07")


def places(data, signs):
    """Positions of any of the signs."""
    found = []
    for sign in signs:
        at = data.find(sign)
        while at >= 0:
            found.append(at)
            at = data.find(sign, at + 1)
    return sorted(found)


def root_joints(path):
    """Begin and end of the header of each record of a ROOT file, and of the file's own."""
    data = path.read_bytes()
    found, at = [4, 8, 12, 20, 63], int.from_bytes(data[8:12], "big")
    while at + 18 < len(data):
        size = int.from_bytes(data[at : at + 4], "big", signed=True)
        found += [at, at + 4, at + 14, at + int.from_bytes(data[at + 14 : at + 16], "big")]
        at += max(abs(size), 4)
    return found


def parquet_joints(path):
    """Begin of each page, with what follows its header, of the footer and of the end."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        chunks = [
            file.metadata.row_group(group).column(column)
            for group in range(file.metadata.num_row_groups)
            for column in range(file.metadata.num_columns)
        ]
    found = [place for c in chunks for place in (c.dictionary_page_offset, c.data_page_offset)]
    size = path.stat().st_size
    data = path.read_bytes()
    footer = size - 8 - int.from_bytes(data[-8:-4], "little")
    joints = [*filter(None, found), footer, size - 8, size - 4]
    inside = np.linspace(footer, size - 8, 40).astype(int)
    return [place + step for place in joints for step in (0, 6, 14)] + inside.tolist()


def hdf5_joints(path):
    """Superblock, every structure that has a sign, and every chunk."""
    import h5py

    chunks = []

    def note(_name, thing):
        if isinstance(thing, h5py.Dataset) and thing.chunks:
            count = thing.id.get_num_chunks()
            chunks.extend(thing.id.get_chunk_info(i).byte_offset for i in range(count))

    with h5py.File(path) as file:
        file.visititems(note)
    signs = places(path.read_bytes(), HDF5_SIGNS)
    inside = [place + step for place in signs for step in (0, 4, 8, 16, 24, 40)]
    return [4, 8, 9, 10, 12, 20, 28, 36, 44, *inside, *chunks]


def zip_joints(path):
    """Every header of the zip, and where the contents begin."""
    data = path.read_bytes()
    contents = [
        info.header_offset + 30 + len(info.filename) for info in zipfile.ZipFile(path).infolist()
    ]
    signs = places(data, ZIP_SIGNS)
    inside = [place + step for place in signs for step in (0, 4, 8, 14, 18, 22, 26, 42)]
    return inside + [place + step for place in contents for step in (0, 20, 28, 38, 60)]


def gzip_joints(path):
    """Fields of the header, the deflate stream, its check sum and its length."""
    size = path.stat().st_size
    return [1, 2, 3, 4, 8, 9, 10, 11, 20, size // 2, size - 9, size - 8, size - 4, size - 1]


JOINTS = {
    "ttree": root_joints,
    "rntuple": root_joints,
    "parquet": parquet_joints,
    "hdf5": hdf5_joints,
    "npz": zip_joints,
    "csv.gz": gzip_joints,
}


def some(values, count, rng):
    """At most so many of the values, in order."""
    values = np.unique(values)
    return rng.choice(values, min(count, len(values)), replace=False).tolist()


def cuts(path, joints, rng, count):
    """Yield copies that end at a joint, or beside it."""
    data = path.read_bytes()
    ends = {end for joint in joints for end in (joint, joint + 1) if 0 < end < len(data)}
    for end in some(list(ends), count, rng):
        yield f"cut at {end}", data[:end]


def digits(data):
    """Positions of bytes that are not zero: a count changed there keeps its order of magnitude."""
    return np.flatnonzero(np.frombuffer(data, np.uint8))


def near(data, joints):
    """Digits within a few bytes after a joint."""
    return np.intersect1d(np.add.outer(joints, np.arange(24)).ravel(), digits(data))


def flips(path, joints, rng, count):
    """Yield copies with one bit of a digit flipped, near a joint or anywhere."""
    data = path.read_bytes()
    spots = some(near(data, joints), count // 2, rng) + some(digits(data), count // 2, rng)
    for place in spots:
        bit = 1 << int(rng.integers(8))
        yield f"bit {bit} at {place}", replaced(data, place, bytes([data[place] ^ bit]))


def bursts(path, _joints, rng, count):
    """Yield copies in which a stretch is exchanged with the next one, blank, or moved."""
    data = path.read_bytes()
    for turn in range(count):
        place, size = int(rng.integers(0, len(data) - 8)), int(rng.choice([8, 64, 512]))
        piece = data[place : place + size]
        kind = ("exchanged", "blank", "moved")[turn % 3]
        if kind == "exchanged":
            piece = data[place + size : place + 2 * size] + piece
        elif kind == "blank":
            piece = bytes(len(piece))
        else:
            piece = piece[1:] + piece[:1]
        yield f"{len(piece)} bytes {kind} at {place}", replaced(data, place, piece)


def numbers(path, joints, rng, count):
    """Yield copies with a number near a joint a little larger, or a little smaller."""
    data = path.read_bytes()
    for turn, place in enumerate(some(near(data, joints), count, rng)):
        number = data[place] + int(rng.integers(1, 4)) * (-1) ** turn
        if 0 < number < 256:
            yield f"{number} at {place}", replaced(data, place, bytes([number]))


def shapes(path, _joints, rng, count):
    """Yield what has the right first bytes and nothing right after them, and the like."""
    data = path.read_bytes()
    half = len(data) // 2
    for size in np.geomspace(4, 4096, count // 2).astype(int).tolist():
        yield f"{size} bytes of noise after the magic", data[:8] + rng.bytes(size)
        yield f"{size} bytes of zeros after the magic", data[:8] + bytes(size)
    yield "noise after a quarter", data[: half // 2] + rng.bytes(len(data) - half // 2)
    yield "noise before the last bytes", data[:8] + rng.bytes(len(data) - 64) + data[-56:]
    yield "halves exchanged", data[half:] + data[:half]
    yield "middle missing", data[: half // 2] + data[-half // 2 :]
    yield "blank middle", data[: half // 2] + bytes(half) + data[half // 2 + half :]


def replaced(data, place, piece):
    return data[:place] + piece + data[place + len(piece) :]


DAMAGES = {"cut": cuts, "flip": flips, "burst": bursts, "number": numbers, "shape": shapes}


# ---------------------------------------------------------------- made by hand


def npy(header, values=b""):
    """Array file with any header."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + values


def described(descr="'<f4'", shape="(10,)", values=bytes(40)):
    """Array file whose header says anything."""
    return npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}", values)


def zipped(members, method=zipfile.ZIP_DEFLATED):
    """Bytes of a zip of members, by name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def saved(**arrays):
    """Bytes of an ``.npz`` file as NumPy writes it."""
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def arrays():
    """Malformed ``.npy`` files by what is wrong with them."""
    return {
        "a row more than there is": described(shape="(11,)"),
        "a column more than there is": described(shape="(5, 3)"),
        "too many columns": described("'|u1'", "(1, 20001)", bytes(20_001)),
        "a sum as shape": described(shape="(5 + 5,)"),
        "negative rows": described(shape="(-10,)"),
        "negative axes": described(shape="(-2, -5)"),
        "rows that are no number": described(shape="(10.0,)"),
        "rows that are text": described(shape="('10',)"),
        "a shape that is none": described(shape="10"),
        "too few values": described(values=bytes(36)),
        "too many values": described(values=bytes(44)),
        "code in the header": described("__import__('os').getcwd()"),
        "brackets left open": described("((("),
        "signs in the header": described("--1"),
        "a sum in the header": described("1+1"),
        "blanks for a header": npy("{" + " " * 60),
        "a cut header": described()[:30],
        "no header": b"",
        "header of version 9": replaced(described(), 6, b"\x09"),
        "objects as type": described("'|O'", "(5,)"),
        "objects in records": described("[('a', 'O')]", "(5,)"),
        "unknown type": described("'<q77'"),
        "type without width": described("'<U0'", values=b""),
        "type wider than its values": described("('<f4', (2,))"),
        "field wider than its values": described("[('a', '<f4', (3, 3))]"),
        "letters beyond Unicode": described("'<U1'", values=b"\xff" * 40),
        "half letters": described("'<U1'", values=b"\x00\xd8\0\0" * 10),
        "bytes that are no text": described("'|S4'", values=b"\xff" * 40),
        "complex": described("'<c8'", "(5,)"),
    }


def zips():
    """Malformed ``.npz`` files by what is wrong with them."""
    whole = saved(a=np.arange(10), b=np.arange(10.0))
    second = whole.rindex(b"PK\x01\x02")
    lists = {"j/content": np.arange(9), "k": np.arange(3)}
    packed = {what: zipped({"x.npy": data}) for what, data in arrays().items()}
    return packed | {
        "objects": saved(x=np.array([1, "a"], dtype=object)),
        "objects beside numbers": saved(x=np.array([{}]), y=np.arange(1)),
        "zip in a zip": zipped({"x.npy": zipped({"x.npy": bytes(1000)})}),
        "zips in a zip": zipped({"x.zip": zipped({"x.npy": bytes(1000)})}),
        "no members": zipped({}),
        "members that are no arrays": zipped({"a.txt": b"1", "b/": b""}),
        "the second array is the first": replaced(whole, second + 42, bytes(4)),
        "bzip2": zipped({"x.npy": described()}, zipfile.ZIP_BZIP2),
        "lzma": zipped({"x.npy": described()}, zipfile.ZIP_LZMA),
        "locked": replaced(whole, second + 8, b"\x01"),
        "lengths differ": saved(x=np.arange(3), y=np.arange(4)),
        "two columns of one name": saved(x=np.zeros((2, 2)), x_0=np.zeros(2)),
        "offsets go back": saved(**lists, **{"j/offsets": np.array([0, 5, 3, 9])}),
        "offsets end late": saved(**lists, **{"j/offsets": np.array([0, 5, 6, 99])}),
        "offsets end early": saved(**lists, **{"j/offsets": np.array([0, 5, 6, 7])}),
        "offsets begin late": saved(**lists, **{"j/offsets": np.array([1, 5, 6, 9])}),
        "offsets below zero": saved(**lists, **{"j/offsets": np.array([0, -5, 6, 9])}),
        "offsets are floats": saved(**lists, **{"j/offsets": np.array([0, 5, 6, 9.0])}),
        "offsets too few": saved(**lists, **{"j/offsets": np.array([0, 5, 9])}),
        "offsets none": saved(**lists, **{"j/offsets": np.array([], int)}),
        "offsets wrap": saved(**lists, **{"j/offsets": np.array([0, 2**64 - 1, 6, 9], "u8")}),
        "offsets alone": saved(**{"j/offsets": np.array([0, 5, 6, 9])}),
        "offsets of a table": saved(**lists, **{"j/offsets": np.zeros((2, 2), int)}),
    }


def texts():
    """Malformed CSV files by what is wrong with them; whether they are packed shows."""
    rows = b"x,y\n" + b"1,2\n" * 50
    return {
        "gzip without an end": gzip.compress(rows)[:-9],
        "gzip with a wrong sum": replaced(
            gzip.compress(rows), len(gzip.compress(rows)) - 8, b"abc"
        ),
        "gzip and noise": gzip.compress(rows) + b"noise",
        "gzip of gzip": gzip.compress(gzip.compress(rows)),
        "zeros in the text": rows + b"1,\x00\n",
        "only zeros": bytes(1000),
        "no UTF-8": rows + b"\xff\xfe,1\n",
        "UTF-16": rows.decode().encode("utf-16"),
        "a row too long": rows + b"1,2,3\n",
        "a row too short": rows + b"1\n",
        "a quote that never ends": rows + b'1,"2\n' + b"1,2\n" * 50,
        "two columns of one name": b"x,x\n1,2\n",
        "a column without name": b"x,\n1,2\n",
        "blank lines only": b"\n\n\n",
    }


# ---------------------------------------------------------------- sound, but beyond a lowered limit

LARGE = 200_000  # bytes, unpacked: a thousand times those of the file
FORMATS = "hepml.data.files."


def beyond():
    """Sound files, with the limit under which each must be refused, and the words for it."""
    rows, expanded = b"x,y\n" + b"1,2\n" * (LARGE // 4), {f"{FORMATS}base.EXPANDED_BYTES": 10_000}
    line = expanded | {f"{FORMATS}csv.BLOCK_BYTES": 4096}
    five = zipped({f"{i}.npy": described() for i in range(5)})
    return {
        "values": ("x.npz", zipped({"x.npy": described("'|u1'", f"({LARGE},)", bytes(LARGE))}),
                   expanded, "times its size"),
        "rows": ("x.csv.gz", gzip.compress(rows), expanded, "times its size"),
        "zeros": ("x.csv.gz", gzip.compress(b"x,y\n" + bytes(LARGE)), expanded, "times its size"),
        "a line": ("x.csv.gz", gzip.compress(b"x,y\n" + b"1" * LARGE), line, "no end of line"),
        "members": ("x.npz", five, {f"{FORMATS}npz.MOST_MEMBERS": 4}, "it holds 5 files"),
        "a directory": ("x.npz", five, {f"{FORMATS}npz.MOST_DIRECTORY": 200}, "too many files"),
        "columns": ("x.npy", described(shape="(2, 5)"), {f"{FORMATS}_arrays.MOST_COLUMNS": 4},
                    "more than 4: no table"),
        "a header": ("x.npy", described(), {f"{FORMATS}npy.LONGEST_HEADER": 20}, "damaged"),
    }  # fmt: skip
