"""Single arrays as NumPy saves them: columns by name or by number, and never a pickle."""

import numpy as np
import pandas as pd
import pytest

from hepml.data import chunks, col, convert, read
from hepml.data.files import _arrays
from tests.data import damage
from tests.data.tables import sentence


@pytest.fixture
def saved(tmp_path):
    """Return a function that saves an array and gives its path."""

    def save(array, name="t.npy"):
        np.save(tmp_path / name, array)
        return tmp_path / name

    return save


def test_records_are_columns(saved, rng):
    records = np.zeros(50, [("pt", ">f4"), ("n", "i2"), ("ok", "?"), ("xyz", "f8", (3,))])
    records["pt"], records["n"] = rng.exponential(30, 50), np.arange(50)
    records["xyz"] = rng.normal(size=(50, 3))
    found = read(saved(records))
    assert [str(kind) for kind in found.dtypes[:3]] == ["float32", "int16", "bool"]
    for name in ("pt", "n", "ok"):
        np.testing.assert_array_equal(found[name], records[name])
    assert np.array_equal(found["xyz"].tolist(), records["xyz"])
    assert list(read(saved(records), ["n", "pt"], where=col("n") > 47)["n"]) == [48, 49]
    assert "names= gives 1 names for 0 numbered columns" in sentence(saved(records), names=["a"])


@pytest.mark.parametrize("order", "CF")
def test_the_columns_of_a_matrix_are_numbered(saved, rng, order, monkeypatch):
    values = np.asarray(rng.normal(size=(200, 3)), order=order)
    path = saved(values)
    found = read(path)
    assert list(found) == ["0", "1", "2"]
    np.testing.assert_array_equal(found, values)
    np.testing.assert_array_equal(read(path, ["2", "0"]), values[:, [2, 0]])
    np.testing.assert_array_equal(
        read(path, "eta", names=["pt", "eta", "phi"])["eta"], values[:, 1]
    )
    assert "names= gives 2 names for 3 numbered columns" in sentence(path, names=["a", "b"])
    monkeypatch.setattr(_arrays, "BATCH_BYTES", 500)
    np.testing.assert_array_equal(pd.concat(chunks(path, rows=7)), values)


def test_files_are_chained_whatever_they_are_called(saved):
    parts = [np.arange(6.0).reshape(3, 2), np.ones((2, 2))]
    paths = [saved(part, f"run{i}.npy") for i, part in enumerate(parts)]
    np.testing.assert_array_equal(read(paths), np.concatenate(parts))
    np.testing.assert_array_equal(read(paths[0].parent), np.concatenate(parts))


def test_arrays_of_one_axis_and_of_many_are_one_column(saved):
    assert read(saved(np.array(["s", "b"])))["0"].tolist() == ["s", "b"]
    assert read(saved(np.arange(3)), names="n")["n"].tolist() == [0, 1, 2]
    images = np.arange(24.0).reshape(2, 3, 4)
    assert np.array_equal(read(saved(images))["0"].tolist(), images)


def test_it_becomes_any_other_format(saved, tmp_path, rng):
    path = saved(rng.normal(size=(20, 2)))
    convert(path, tmp_path / "t.parquet", names=["x", "y"])
    pd.testing.assert_frame_equal(read(tmp_path / "t.parquet"), read(path, names=["x", "y"]))


def test_the_first_bytes_tell_the_format(saved, tmp_path):
    saved(np.ones((2, 2))).rename(tmp_path / "t.csv")
    assert read(tmp_path / "t.csv").shape == (2, 2)
    (tmp_path / "t.npy").write_text("x,y\n1,2\n")
    assert "t.npy is not a npy file" in sentence(tmp_path / "t.npy")


def test_objects_are_never_unpickled(saved, tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    assert "pickled Python objects" in sentence(saved(np.array([Trap()], dtype=object)))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("array", "hint"),
    [
        (np.float64(3), "holds a single value: it is no table"),
        (np.zeros((2, 0)), "has nothing that a table can hold"),
        (np.ones(3) * 1j, "has nothing that a table can hold"),
        (np.zeros((1, 30_000), "i1"), "30000 columns, more than 20000: no table"),
    ],
)
def test_what_is_no_table_is_one_sentence(saved, array, hint):
    assert hint in sentence(saved(array))
    assert "holds no tree" in sentence(saved(array), tree="x")


def test_a_file_cut_anywhere(saved, tmp_path):
    whole = saved(np.arange(100.0)).read_bytes()
    for size in (1, 5, 6, 9, 40, 127, 128, 200, len(whole) - 1):
        (tmp_path / "cut.npy").write_bytes(whole[:size])
        assert "cut.npy" in sentence(tmp_path / "cut.npy")
    (tmp_path / "long.npy").write_bytes(whole + b"x")
    assert "declares 800 bytes of values, but 801 are there" in sentence(tmp_path / "long.npy")


def test_malformed_headers(tmp_path):
    arrays = damage.arrays()
    assert len(arrays) > 20
    for what, data in arrays.items():
        (tmp_path / "t.npy").write_bytes(data)
        assert sentence(tmp_path / "t.npy"), what


def test_no_file_is_left_open(saved):
    psutil = pytest.importorskip("psutil", reason="psutil lists the files that are open")
    path = saved(np.asfortranarray(np.ones((5, 2))))
    for options in ({}, {"columns": "3"}, {"tree": "none"}, {"names": ["a"]}):
        if options:
            sentence(path, **options)
        else:
            read(path)
        assert str(path) not in [file.path for file in psutil.Process().open_files()]
