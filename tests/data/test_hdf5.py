"""HDF5 as others write it: every layout that is read, and what is never followed."""

import h5py
import numpy as np
import pytest

from hepml.data import DataError, read
from hepml.data.files import hdf5
from hepml.data.files.hdf5 import Hdf5Source
from tests.data.tables import everything, read_back, written

ROWS = 50
PICKLED = b"cbuiltins\nfloat\n(Vno number\ntR."  # unpickled, it is a ValueError
PARTICLE = np.dtype([("pt", "f4"), ("ok", "?"), ("cov", "f8", (2, 2)), ("tag", "S4")])


@pytest.fixture
def made(tmp_path):
    """Write a file with a function, and return its path."""

    def make(fill, **options):
        path = tmp_path / "t.h5"
        with h5py.File(path, "w", **options) as file:
            fill(file)
        return path

    return make


def sentence(path, **options):
    with pytest.raises(DataError) as error:
        read_back(Hdf5Source, path, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_datasets_of_the_root(made, rng):
    values = {
        "a": np.arange(ROWS),
        "big": np.arange(ROWS).astype(">i4"),
        "half": np.arange(ROWS).astype("f2"),
        "truth": np.arange(ROWS) > 3,
        "bytes": np.array([b"ab", b""] * (ROWS // 2)),
        "image": rng.normal(size=(ROWS, 2, 3)),
    }

    def fill(file):
        for name, array in values.items():
            file[name] = array
        file["text"] = ["é"] * ROWS
        file["complex"] = np.arange(ROWS) * 1j
        file["luminosity"] = 36.1

    path = made(fill, track_order=True)
    found = read_back(Hdf5Source, path)
    assert found.column_names == [*values, "text"]
    types = ["int64", "int32", "float", "bool", "string"]
    assert [str(type_) for type_ in found.schema.types[:5]] == types
    for name in ("a", "big", "half", "truth", "image"):
        assert found[name].to_pylist() == values[name].tolist()
    assert found["bytes"].to_pylist() == ["ab", ""] * (ROWS // 2)
    assert set(found["text"].to_pylist()) == {"é"}
    with Hdf5Source(path) as file:
        assert set(file.left_out) == {"complex", "luminosity"}


def test_a_dataset_of_two_axes(made, rng):
    values = rng.normal(size=(ROWS, 3))
    path = made(lambda file: file.create_dataset("g/X", data=values, chunks=(7, 2)))
    found = read_back(Hdf5Source, path)
    assert found.column_names == ["X_0", "X_1", "X_2"]
    assert np.array_equal(np.column_stack([found[name] for name in found.column_names]), values)
    named = read_back(Hdf5Source, path, names=["e", "eta", "phi"], tree="g/X")
    assert named.column_names == ["e", "eta", "phi"]
    assert "2 names for 3 numbered columns" in sentence(path, names=["e", "eta"])
    assert named["eta"].equals(found["X_1"])
    with pytest.raises(DataError, match="its parts are columns, 'X_0' to 'X_2'"):
        read(path, columns=["X"])


def test_the_root_is_shown_as_such(made):
    numbers = np.arange(ROWS)
    path = made(lambda file: file.update({"a": numbers, "g/b": numbers}))
    assert "2 tables, name one of them: '/', 'g'" in sentence(path)
    assert "'/'" in sentence(path, tree="h")
    assert read_back(Hdf5Source, path, tree="/").column_names == ["a"]


def test_records_as_flavour_tagging_keeps_them(made, rng):
    jets, tracks = np.zeros(ROWS, PARTICLE), np.zeros((ROWS, 5), [("d0", "f4"), ("z0", "f4")])
    jets["pt"], jets["tag"], jets["cov"] = rng.exponential(size=ROWS), b"b", rng.random((2, 2))
    tracks["z0"] = rng.normal(size=(ROWS, 5))
    path = made(lambda file: file.update(jets=jets, tracks=tracks))
    assert "2 tables, name one of them: 'jets', 'tracks'" in sentence(path)
    assert "did you mean 'jets'" in sentence(path, tree="jest")
    found = read_back(Hdf5Source, path, tree="jets")
    assert found["pt"].to_pylist() == jets["pt"].tolist()
    assert found["cov"].to_pylist() == jets["cov"].tolist()
    assert set(found["tag"].to_pylist()) == {"b"}
    found = read_back(Hdf5Source, path, ["z0"], tree="tracks")
    assert found["z0"].to_pylist() == tracks["z0"].tolist()


def test_lists_of_variable_length(made):
    lists = [list(range(i % 4)) for i in range(ROWS)]

    def fill(file):
        values = file.create_dataset("v", (ROWS,), h5py.vlen_dtype("f4"))
        for i, entries in enumerate(lists):
            values[i] = entries

    assert read_back(Hdf5Source, made(fill))["v"].to_pylist() == lists


def test_the_fixed_format_of_pandas(made, rng):
    values = rng.normal(size=(ROWS, 2))

    def fill(file):
        frame = file.create_group("df")
        frame["axis0"], frame["axis1"] = np.array([b"m", b"k", b"pt"]), np.arange(ROWS)
        frame["block0_items"], frame["block0_values"] = np.array([b"m", b"pt"]), values
        frame["block1_items"], frame["block1_values"] = np.array([b"k"]), np.arange(ROWS)[:, None]

    found = read_back(Hdf5Source, made(fill))
    assert found.column_names == ["m", "k", "pt"]
    assert found["pt"].to_pylist() == values[:, 1].tolist()
    assert found["k"].to_pylist() == list(range(ROWS))


@pytest.mark.parametrize("items_are_pickled", [False, True])
def test_names_that_pandas_pickled_stay_closed(made, items_are_pickled):
    def fill(file):
        frame = file.create_group("df")
        frame["axis0"], frame["axis1"] = np.array([1, 2]), np.arange(ROWS)
        frame["block0_values"] = np.ones((ROWS, 2))
        if items_are_pickled:
            pickle_items(frame)

    path = made(fill)
    assert read_back(Hdf5Source, path).column_names == ["block0_values_0", "block0_values_1"]
    assert read_back(Hdf5Source, path, names=["a", "b"]).column_names == ["a", "b"]


def pickle_items(frame):
    """Keep what pandas would keep: bytes that call a function when they are unpickled."""
    items = frame.create_dataset("block0_items", (1,), h5py.vlen_dtype("u1"))
    items[0] = np.frombuffer(PICKLED, np.uint8)
    frame.attrs["axis0_name"] = np.bytes_(PICKLED)


def test_the_table_format_of_pandas(made, rng):
    records = np.zeros(ROWS, [("index", "i8"), ("values_block_0", "f8", (2,)), ("tag", "S3")])
    records["values_block_0"] = rng.normal(size=(ROWS, 2))

    def fill(file):
        frame = file.create_group("df")
        frame.attrs["non_index_axes"] = np.bytes_(PICKLED)
        frame["table"] = records
        frame["_i_table/index/sorted"] = np.arange(3)

    path = made(fill)
    found = read_back(Hdf5Source, path)
    assert found.column_names == ["values_block_0_0", "values_block_0_1", "tag"]
    found = read_back(Hdf5Source, path, names=["m", "pt"])
    assert found["pt"].to_pylist() == records["values_block_0"][:, 1].tolist()


def test_what_is_written_is_plain_hdf5(tmp_path, rng):
    from hepml.data.files.hdf5 import Hdf5Writer

    batch = everything(rng)
    path = written(Hdf5Writer, tmp_path / "t.h5", [batch])
    with h5py.File(path) as file:
        group = file["events"]
        assert list(group) == batch.schema.names
        assert group["f4"].fletcher32
        assert np.array_equal(group["f4"][:], batch["f4"])
        assert group["word"].asstr()[:].tolist() == batch["word"].to_pylist()
        offsets, content = group["of numbers/offsets"][:], group["of numbers/content"][:]
        assert content[offsets[3] : offsets[4]].tolist() == batch["of numbers"][3].as_py()
        assert group["image/content"].shape == (400, 2, 3)


def virtual(file):
    layout = h5py.VirtualLayout((ROWS,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "b", shape=(ROWS,))
    file.create_virtual_dataset("x", layout)


REFUSED = {
    "never written": (lambda f: f.create_dataset("x", (10,), "f4"), "stores 0 bytes"),
    "never written, chunked": (
        lambda f: f.create_dataset("x", (50,), "f4", chunks=(10,)),
        "declares 50 values",
    ),
    "wide": (lambda f: f.update({"x": np.zeros((1, 20_001), "i1")}), "columns, more"),
    "virtual": (virtual, "is a virtual dataset"),
    "elsewhere": (
        lambda f: f.create_dataset("x", (4,), "f8", external=[("other.raw", 0, 32)]),
        "values in other files",
    ),
    "linked": (lambda f: f.update({"x": h5py.ExternalLink("t.h5", "/x")}), "is a link"),
    "in a loop": (lambda f: f.update({"x": h5py.SoftLink("/x")}), "is a link"),
    "references": (lambda f: f.create_dataset("x", (3,), h5py.ref_dtype), "holds references"),
    "opaque": (lambda f: f.update({"x": np.zeros(3, "V5")}), "nothing that a table can hold"),
    "empty": (lambda _: None, "holds no table"),
    "without space": (lambda f: f.update({"x": h5py.Empty("f4")}), "has no rows"),
    "of two lengths": (lambda f: f.update({"x": [1], "y": [1, 2]}), "lengths differ"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(made, what):
    fill, words = REFUSED[what]
    assert words in sentence(made(fill))


def test_a_crowd_of_objects_is_refused(made, monkeypatch):
    monkeypatch.setattr(hdf5, "MOST_OBJECTS", 10)
    path = made(lambda file: file.update({"x": [1]}))
    assert read_back(Hdf5Source, path).num_rows == 1
    assert "more than 10 objects" in sentence(
        made(lambda file: [file.create_group(str(i)) for i in range(11)])
    )


def test_a_chunk_too_large_for_the_memory_is_refused(made, monkeypatch):
    path = made(lambda f: f.create_dataset("x", data=np.arange(ROWS * 1.0), chunks=(ROWS,)))
    assert read_back(Hdf5Source, path).num_rows == ROWS
    monkeypatch.setattr(hdf5, "LARGEST_CHUNK", 100)
    assert "write smaller ones" in sentence(path)


@pytest.mark.parametrize("options", [{}, {"chunks": (1000,), "maxshape": (None,)}])
def test_values_that_are_only_partly_there(made, options):
    def fill(file):
        data = file.create_dataset("x", (5000,), "f8", **{"chunks": (100,)} | options)
        data[:3000] = 1

    assert "declares 5000 values" in sentence(made(fill))


def test_links_beside_columns_are_left_out(made):
    def fill(file):
        file["x"] = np.arange(3)
        file["far"], file["soft"] = h5py.ExternalLink("t.h5", "/x"), h5py.SoftLink("/x")
        file["self"] = file["/"]

    path = made(fill)
    assert read_back(Hdf5Source, path).column_names == ["x"]
    with Hdf5Source(path) as file:
        assert set(file.left_out) >= {"far", "soft"}
    assert "is a link" in sentence(path, tree="soft")


def test_a_heap_that_is_not_in_order(made):
    """Its first object ends a little beyond the heap."""
    path = made(lambda file: file.update({"x": ["text"] * 10}))
    data = bytearray(path.read_bytes())
    heap = data.find(b"GCOL\x01")
    size = int.from_bytes(data[heap + 8 : heap + 16], "little")
    assert data[heap + 24] == 4  # letters
    data[heap + 24 : heap + 32] = (size + 8).to_bytes(8, "little")
    path.write_bytes(data)
    assert "is not in order" in sentence(path)


@pytest.mark.parametrize(("sizes", "is_sound"), [([4, 4], True), ([4, 9], False), ([30], False)])
def test_objects_of_a_heap_fill_it(sizes, is_sound):
    objects = [b"\1\0" + bytes(6) + size.to_bytes(8, "little") + bytes(8) for size in sizes]
    assert hdf5._is_heap(bytes(16) + b"".join(objects), 8) is is_sound


@pytest.mark.parametrize("room", [24, 16, 15, 25])
def test_free_room_ends_a_heap(room):
    free = bytes(8) + room.to_bytes(8, "little") + bytes(8)
    assert hdf5._is_heap(bytes(16) + free, 8) is (room in {16, 24})


INNER = np.dtype([("x", "f4"), ("at", [("i", "i8")])])
NESTED = np.dtype([("pt", "f8"), ("hit", INNER), ("cells", INNER, (3,))])


def filled(size, rng):
    """Make records of records with numbers in no order."""
    records = np.zeros(size, NESTED)
    records["pt"] = rng.normal(size=size)
    records["hit"]["x"] = rng.normal(size=size)
    records["hit"]["at"]["i"] = rng.integers(0, 99, size)
    records["cells"]["at"]["i"] = rng.integers(0, 99, (size, 3))
    return records


def test_records_in_records_are_columns(made, rng, tmp_path):
    records = filled(ROWS, rng)
    np.savez(tmp_path / "t.npz", r=records)
    np.save(tmp_path / "t.npy", records)
    for path in (made(lambda file: file.update(r=records)), tmp_path / "t.npz", tmp_path / "t.npy"):
        found = read(path)
        assert list(found) == ["pt", "hit.x", "hit.at.i", "cells.x", "cells.at.i"]
        assert found["hit.at.i"].tolist() == records["hit"]["at"]["i"].tolist()
        assert [list(v) for v in found["cells.at.i"]] == records["cells"]["at"]["i"].tolist()
        assert list(read(path, ["hit.x"])) == ["hit.x"]


def test_lists_of_records_are_list_columns(made, rng):
    parts = [filled(k % 3, rng) for k in range(ROWS)]

    def fill(file):
        hits = file.create_dataset("hits", (ROWS,), h5py.vlen_dtype(INNER))
        for place, part in enumerate(parts):
            hits[place] = part["hit"]
        file["run"] = np.arange(ROWS)

    found = read_back(Hdf5Source, made(fill))
    assert set(found.column_names) == {"hits.x", "hits.at.i", "run"}
    wanted = [part["hit"]["at"]["i"].tolist() for part in parts]
    assert found["hits.at.i"].to_pylist() == wanted


def test_record_arrays_with_members_of_one_name(tmp_path):
    one = np.array([(1, 2.0)], [("n", "i4"), ("x", "f8")])
    other = np.array([(3, 4.0)], [("n", "i4"), ("y", "f8")])
    np.savez(tmp_path / "t.npz", one=one, other=other)
    found = read(tmp_path / "t.npz")
    assert found.to_dict("list") == {"one.n": [1], "one.x": [2.0], "other.n": [3], "other.y": [4.0]}


def frame_of_pandas(group, index, name=b"N.", kind=b"integer"):
    """Write what pandas does in its "fixed" format."""
    group["axis0"], group["axis1"] = np.array([b"m"]), index
    group["axis1"].attrs["name"], group["axis1"].attrs["kind"] = np.bytes_(name), np.bytes_(kind)
    group["block0_items"] = np.array([b"m"])
    group["block0_values"] = np.arange(len(index))[:, None]


@pytest.mark.parametrize(
    ("index", "options", "wanted"),
    [
        (np.arange(3), {}, ["m"]),
        (np.arange(3.0), {"kind": b"float"}, ["m"]),
        (np.arange(3), {"name": b"event"}, ["event", "m"]),
        (np.array([b"a", b"b", b"c"]), {"kind": b"string"}, ["index", "m"]),
        (np.arange(3), {"name": b"at", "kind": b"datetime64[us]"}, ["at", "m"]),
    ],
)
def test_an_index_of_pandas_with_a_name_is_kept(made, index, options, wanted):
    path = made(lambda file: frame_of_pandas(file.create_group("t"), index, **options))
    found = read(path)
    assert list(found) == wanted
    if wanted == ["at", "m"]:
        assert found["at"].tolist() == list(index.view("M8[us]").astype("M8[us]").tolist())


@pytest.mark.parametrize("layout", ["fixed", "table"])
def test_frames_that_pandas_wrote(tmp_path, layout):
    pytest.importorskip("tables")
    import pandas as pd

    frame = pd.DataFrame({"pt": [1.5, 2.5]}, index=[3, 5])
    path = tmp_path / "t.h5"
    frame.to_hdf(path, key="t", format=layout)
    assert read(path).shape == (2, 1)
    frame.rename_axis("event").to_hdf(path, key="t", format=layout, mode="w")
    assert read(path)["event"].tolist() == [3, 5]
    with_time = frame.assign(at=pd.to_datetime(["2026-01-01", "2026-01-02"]))
    with_time.to_hdf(path, key="t", format=layout, mode="w")
    assert sum(kind.kind == "M" for kind in read(path).dtypes) == 1
