"""npz as NumPy writes it, and what NumPy reads of ours."""

import zipfile

import numpy as np
import pytest

from hepml.data import DataError
from hepml.data.files.npz import NpzSource, NpzWriter
from tests.data import damage
from tests.data.tables import everything, read_back, written


@pytest.fixture
def saved(tmp_path):
    """Save arrays and return the path."""

    def save(*, save=np.savez, **arrays):
        path = tmp_path / "t.npz"
        save(path, **arrays)
        return path

    return save


def sentence(path, **options):
    with pytest.raises(DataError) as error:
        read_back(NpzSource, path, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_are_columns(saved, rng, save):
    arrays = {
        "f": rng.normal(size=9).astype("f4"),
        "big": np.arange(9).astype(">i2"),
        "half": np.arange(9).astype("f2"),
        "truth": np.arange(9) > 4,
        "text": np.array(["é", "", "abc"] * 3),
        "bytes": np.array([b"x", b"", b"abc"] * 3),
        "image": rng.normal(size=(9, 2, 2)),
    }
    path = saved(save=save, **arrays, scalar=np.float64(3), complex=np.ones(9) * 1j)
    found = read_back(NpzSource, path)
    assert found.column_names == list(arrays)
    for name in ("f", "big", "half", "truth", "text", "image"):
        assert found[name].to_pylist() == arrays[name].tolist()
    assert found["bytes"].to_pylist() == ["x", "", "abc"] * 3
    with NpzSource(path) as file:
        assert set(file.left_out) == {"scalar", "complex"}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_features_and_labels(saved, rng, order, save):
    X, y = np.asarray(rng.normal(size=(200, 3)), order=order), rng.integers(0, 2, 200)
    path = saved(save=save, X=X, y=y)
    found = read_back(NpzSource, path)
    assert found.column_names == ["X_0", "X_1", "X_2", "y"]
    assert np.array_equal(np.column_stack([found[f"X_{i}"] for i in range(3)]), X)
    assert read_back(NpzSource, path, names=["e", "eta", "phi"]).column_names[:3] == [
        "e",
        "eta",
        "phi",
    ]
    assert "1 names for 3 numbered columns" in sentence(path, names=["e"])
    assert read_back(NpzSource, path, tree="y").column_names == ["y"]
    assert "there is 'X', 'y'" in sentence(path, tree="Z")


def test_columns_of_one_matrix_in_small_batches(saved, rng, monkeypatch):
    monkeypatch.setattr("hepml.data.files._arrays.BATCH_BYTES", 500)
    X = rng.normal(size=(200, 3))
    for order in "CF":
        found = read_back(NpzSource, saved(X=np.asarray(X, order=order)), ["X_2", "X_0"])
        assert np.array_equal(found["X_2"], X[:, 2])
        assert np.array_equal(found["X_0"], X[:, 0])


def test_records(saved):
    records = np.array([(1, 2.0, [1, 2])] * 4, [("a", "i4"), ("Δη", "f8"), ("c", "i2", (2,))])
    with pytest.warns(UserWarning, match="format 3.0"):  # NumPy's, on the Greek name
        path = saved(r=records)
    found = read_back(NpzSource, path)
    assert found.column_names == ["a", "Δη", "c"]
    assert found["c"].to_pylist() == [[1, 2]] * 4


def test_what_is_written_is_plain_numpy(tmp_path, rng):
    batch = everything(rng)
    path = written(NpzWriter, tmp_path / "t.npz", [batch.slice(0, 100), batch.slice(100)])
    assert [file.name for file in tmp_path.iterdir()] == ["t.npz"]
    with np.load(path, allow_pickle=False) as file:
        assert np.array_equal(file["f4"], batch["f4"])
        assert file["word"].tolist() == batch["word"].to_pylist()
        offsets, content = file["of numbers/offsets"], file["of numbers/content"]
        assert content[offsets[3] : offsets[4]].tolist() == batch["of numbers"][3].as_py()
        assert file["image/content"].shape == (400, 2, 3)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None


def test_a_broken_off_writer_leaves_nothing_beside(tmp_path, rng):
    batch = everything(rng)
    file = NpzWriter(tmp_path / "t", batch.schema, "t")
    file.write(batch)
    file.close(complete=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "words"), [("x" * 1001, "1001 characters"), ("a\0", "ends in NUL")]
)
def test_text_that_does_not_fit(tmp_path, text, words):
    import pyarrow as pa

    batch = pa.record_batch({"x": pa.array(["a", text])})
    with pytest.raises(DataError, match=words):
        written(NpzWriter, tmp_path / "t.npz", [batch])


def test_objects_are_never_unpickled(saved, tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    path = saved(x=np.array([Trap()], dtype=object), y=np.arange(1))
    assert "pickled Python objects" in sentence(path)
    assert not (tmp_path / "sprung").exists()


def test_the_check_sum_of_each_array_read_to_its_end(saved):
    path = saved(x=np.arange(1000), y=np.arange(1000))
    data = path.read_bytes()
    place = data.index(np.int64(700).tobytes())
    path.write_bytes(damage.replaced(data, place, b"\1"))
    assert "damaged" in sentence(path)
    assert read_back(NpzSource, path, ["y"]).num_rows == 1000
