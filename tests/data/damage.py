"""Where the formats have their joints, and ways to damage a file there."""

import gzip
import io
import struct
import zipfile
import zlib

import numpy as np

HDF5_SIGNS = (b"OHDR", b"OCHK", b"TREE", b"SNOD", b"HEAP", b"GCOL", b"FRHP", b"FHDB", b"FHIB")
HDF5_SIGNS += (b"BTHD", b"BTLF", b"BTIN", b"EAHD", b"EAIB", b"EASB", b"EADB", b"FAHD", b"FADB")
ZIP_SIGNS = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07")
NUMBERS = (b"\x00", b"\xff", b"\x7f\xff", b"\xff\x7f", b"\x80\x00")  # repeated to 4 or 8 bytes


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


def flips(path, joints, rng, count):
    """Yield copies with one bit flipped, near a joint or anywhere."""
    data = path.read_bytes()
    near = np.add.outer(joints, np.arange(24)).ravel()
    near = near[(near >= 0) & (near < len(data))]
    spots = some(near, count // 2, rng) + rng.integers(0, len(data), count // 2).tolist()
    for place in spots:
        bit = 1 << int(rng.integers(8))
        yield f"bit {bit} at {place}", replaced(data, place, bytes([data[place] ^ bit]))


def bursts(path, _joints, rng, count):
    """Yield copies in which a stretch is inverted, blank, or moved."""
    data = path.read_bytes()
    for turn in range(count):
        place, size = int(rng.integers(0, len(data) - 8)), int(rng.choice([8, 64, 512]))
        piece = data[place : place + size]
        kind = ("inverted", "blank", "moved")[turn % 3]
        if kind == "inverted":
            piece = bytes(255 - byte for byte in piece)
        elif kind == "blank":
            piece = bytes(len(piece))
        else:
            piece = piece[1:] + piece[:1]
        yield f"{len(piece)} bytes {kind} at {place}", replaced(data, place, piece)


def numbers(path, joints, rng, count):
    """Yield copies with a huge, negative or zero number in the place of four or eight bytes."""
    data = path.read_bytes()
    for place in some([joint for joint in joints if joint < len(data) - 8], count, rng):
        size = int(rng.choice([1, 2, 4, 8]))
        number = NUMBERS[int(rng.integers(len(NUMBERS)))]
        piece = (number[:1] + number[-1:] * size)[:size]
        yield f"{piece.hex()} at {place}", replaced(data, place, piece)


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


def deflated(start, piece, times):
    """Raw deflate stream of a start and many times the same piece, its CRC-32 and its length."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = squeeze.compress(start) + squeeze.flush(zlib.Z_FULL_FLUSH)
    again = squeeze.compress(piece) + squeeze.flush(zlib.Z_FULL_FLUSH)
    crc = zlib.crc32(start)
    for _ in range(times):
        crc = zlib.crc32(piece, crc)
    return first + again * times + squeeze.flush(), crc, len(start) + times * len(piece)


def npz_bomb(size):
    """Sound ``.npz`` file of so many zeros in a thousandth of the bytes."""
    piece = bytes(1 << 20)
    times = size // len(piece)
    header = described("'|u1'", f"({times * len(piece)},)", b"")
    data, crc, length = deflated(header, piece, times)
    name = b"x.npy"
    fields = struct.pack("<HHHHHLLLHH", 20, 0, 8, 0, 33, crc, len(data), length, len(name), 0)
    local = b"PK\x03\x04" + fields + name
    central = b"PK\x01\x02" + struct.pack("<H", 20) + fields + bytes(14) + name
    begin = len(local) + len(data)
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 1, 1, len(central), begin, 0)
    return local + data + central + end


def gzip_bomb(start, piece, times):
    """Sound gzip file that repeats a piece."""
    data, crc, length = deflated(start, piece, times)
    return (
        bytes.fromhex("1f8b0800000000000003") + data + struct.pack("<LL", crc, length & 0xFFFFFFFF)
    )


def saved(**arrays):
    """Bytes of an ``.npz`` file as NumPy writes it."""
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def arrays():
    """Hostile ``.npy`` files by what is wrong with them."""
    return {
        "trillion rows": described(shape="(1000000000000,)"),
        "trillion columns": described(shape="(0, 1000000000000)", values=b""),
        "too many columns": described("'|u1'", "(1, 100000)", bytes(100_000)),
        "beyond 64 bits": described(shape="(2**70, 2**70)"),
        "far beyond 64 bits": described(shape=f"({2**70}, {2**70})"),
        "negative rows": described(shape="(-10,)"),
        "negative axes": described(shape="(-2, -5)"),
        "rows that are no number": described(shape="(10.0,)"),
        "rows that are text": described(shape="('10',)"),
        "a shape that is none": described(shape="10"),
        "too few values": described(values=bytes(36)),
        "too many values": described(values=bytes(44)),
        "code in the header": described("__import__('os').getcwd()"),
        "brackets in the header": described("(" * 30_000),
        "minus signs in the header": described("-" * 30_000 + "1"),
        "sums in the header": described("1" + "+1" * 20_000),
        "an endless header": npy("{" + " " * 65_000),
        "a cut header": described()[:30],
        "no header": b"",
        "header of version 9": replaced(described(), 6, b"\x09"),
        "objects as type": described("'|O'", "(5,)"),
        "objects in records": described("[('a', 'O')]", "(5,)"),
        "unknown type": described("'<q77'"),
        "type without width": described("'<U0'", values=b""),
        "giant type": described("('<f4', (1000000000,))"),
        "giant field": described("[('a', '<f4', (100000, 100000))]"),
        "letters beyond Unicode": described("'<U1'", values=b"\xff" * 40),
        "half letters": described("'<U1'", values=b"\x00\xd8\0\0" * 10),
        "bytes that are no text": described("'|S4'", values=b"\xff" * 40),
        "complex": described("'<c8'", "(5,)"),
    }


def zips():
    """Hostile ``.npz`` files by what is wrong with them."""
    whole = saved(a=np.arange(10), b=np.arange(10.0))
    second = whole.rindex(b"PK\x01\x02")
    lists = {"j/content": np.arange(9), "k": np.arange(3)}
    packed = {what: zipped({"x.npy": data}) for what, data in arrays().items()}
    return packed | {
        "objects": saved(x=np.array([1, "a"], dtype=object)),
        "objects beside numbers": saved(x=np.array([{}]), y=np.arange(1)),
        "bomb": npz_bomb(1_200_000_000),
        "zip in a zip": zipped({"x.npy": zipped({"x.npy": bytes(1000)})}),
        "zips in a zip": zipped({"x.zip": zipped({"x.npy": bytes(1000)})}),
        "five thousand members": zipped({f"{i}.npy": b"" for i in range(5000)}),
        "forty thousand members": zipped({f"{i}.npy": b"" for i in range(40_000)}),
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
    """Hostile CSV files by what is wrong with them; whether they are packed shows."""
    rows = b"x,y\n" + b"1,2\n" * 50
    return {
        "gzip bomb of rows": gzip_bomb(b"x,y\n", b"1,2\n" * 250_000, 2000),
        "gzip bomb of zeros": gzip_bomb(b"x,y\n", bytes(1_000_000), 2000),
        "gzip bomb of one line": gzip_bomb(b"x,y\n", b"1" * 1_000_000, 2000),
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
