"""What Parquet, HDF5 and npz have in common: each type comes back, whatever the batches."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepml.data import DataError
from hepml.data.files._digest import Digest
from hepml.data.files._guard import reading
from hepml.data.files.hdf5 import Hdf5Source, Hdf5Writer
from hepml.data.files.npz import NpzSource, NpzWriter
from hepml.data.files.parquet import ParquetSource, ParquetWriter
from tests.data.tables import as_batch, everything, jagged, read_back, written

FORMATS = {
    "parquet": (ParquetWriter, ParquetSource),
    "h5": (Hdf5Writer, Hdf5Source),
    "npz": (NpzWriter, NpzSource),
}
PLAIN = ("h5", "npz")  # know no missing values


@pytest.fixture(params=FORMATS)
def form(request):
    return request.param, *FORMATS[request.param]


@pytest.mark.parametrize("edges", [[0, 400], [0, 1, 1, 150, 400]])
def test_every_type_comes_back(form, tmp_path, rng, edges):
    ending, writer, source = form
    batch = everything(rng)
    parts = [batch.slice(a, b - a) for a, b in pairwise(edges)]
    path = written(writer, tmp_path / f"t.{ending}", parts)
    found = read_back(source, path)
    assert found.schema.equals(batch.schema)
    for name in batch.schema.names:
        assert found[name].to_pylist() == batch[name].to_pylist(), name


def test_columns_are_read_alone_and_in_any_order(form, tmp_path, rng):
    ending, writer, source = form
    batch = everything(rng)
    path = written(writer, tmp_path / f"t.{ending}", [batch])
    for names in (["of lists", "f4", "word"], ["image"]):
        found = read_back(source, path, names)
        assert found.to_pydict() == pa.table(batch).select(names).to_pydict()


def test_small_batches_give_the_same_table(form, tmp_path, rng, monkeypatch):
    ending, writer, source = form
    batch = everything(rng)
    path = written(writer, tmp_path / f"t.{ending}", [batch])
    for module in ("_arrays", "parquet"):
        monkeypatch.setattr(f"hepml.data.files.{module}.BATCH_BYTES", 5000)
    with source(path) as file:
        batches = list(file.batches(file.schema.names))
    assert len(batches) > 5
    assert pa.Table.from_batches(batches).to_pydict() == pa.table(batch).to_pydict()


def test_a_table_without_rows_keeps_its_types(form, tmp_path, rng):
    ending, writer, source = form
    schema = everything(rng).schema
    path = written(writer, tmp_path / f"t.{ending}", [], schema)
    found = read_back(source, path)
    assert found.num_rows == 0
    assert found.schema.equals(schema)


def test_missing_floats_are_nan(form, tmp_path):
    ending, writer, source = form
    lists = pa.array([[1.0, None], []])
    columns = {"x": pa.array([1.0, None]), "j": lists}
    schema = pa.schema([(name, array.type) for name, array in columns.items()])
    batch = pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)
    found = read_back(source, written(writer, tmp_path / f"t.{ending}", [batch]))
    assert np.array_equal(found["x"].to_numpy(), [1, np.nan], equal_nan=True)
    assert np.array_equal(found["j"].to_pylist()[0], [1, np.nan], equal_nan=True)


@pytest.mark.parametrize("values", [[1, None], ["a", None], [[1.0], None], [[1, None]]])
def test_other_missing_values(tmp_path, values):
    batch = pa.record_batch({"x": pa.array(values)})
    path = written(ParquetWriter, tmp_path / "t.parquet", [batch])
    assert read_back(ParquetSource, path)["x"].to_pylist() == values
    for ending in PLAIN:
        with pytest.raises(DataError, match=r"'x' has missing values, which \w+ files cannot hold"):
            written(FORMATS[ending][0], tmp_path / f"t.{ending}", [batch])


@pytest.mark.parametrize("name", ["a/b", "", ".."])
@pytest.mark.parametrize("ending", PLAIN)
def test_names_that_are_paths(tmp_path, ending, name):
    batch = as_batch({name: pa.array([1])})
    with pytest.raises(DataError, match="cannot be the name of a column"):
        written(FORMATS[ending][0], tmp_path / f"t.{ending}", [batch])


@pytest.mark.parametrize("name", ["content", "offsets", "x y", "µ", "a.b", "select", "0"])
def test_odd_names(form, tmp_path, name):
    ending, writer, source = form
    batch = as_batch({name: pa.array([1, 2]), "z": pa.array([[1], []])})
    found = read_back(source, written(writer, tmp_path / f"t.{ending}", [batch]))
    assert found.to_pydict() == pa.table(batch).to_pydict()


numbers = st.floats(width=32, allow_nan=False)
words = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=6)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(numbers, st.lists(words, max_size=3), st.lists(st.lists(numbers)))))
def test_any_table_comes_back(form, tmp_path, rows):
    ending, writer, source = form
    x, texts, nested = zip(*rows, strict=True) if rows else ((), (), ())
    columns = {
        "x": pa.array(x, pa.float32()),
        "texts": pa.array(texts, pa.list_(pa.string())),
        "nested": pa.array(nested, pa.list_(pa.list_(pa.float64()))),
    }
    path = written(writer, tmp_path / f"t.{ending}", [as_batch(columns)])
    assert read_back(source, path).to_pydict() == pa.table(columns).to_pydict()


@pytest.mark.parametrize("ending", PLAIN)
def test_one_row_with_most_of_the_entries_is_alone_in_its_batch(tmp_path, ending, monkeypatch):
    monkeypatch.setattr("hepml.data.files._arrays.BATCH_BYTES", 10_000)
    lengths = np.array([1] * 500 + [50_000] + [1] * 500)
    lists = jagged(lengths, lambda n: pa.array(np.arange(n)))
    writer, source = FORMATS[ending]
    path = written(writer, tmp_path / f"t.{ending}", [as_batch({"j": lists})])
    with source(path) as file:
        sizes = [len(batch["j"].flatten()) for batch in file.batches(["j"])]
    assert sum(sizes) == lengths.sum()
    assert sorted(sizes)[-2] <= 10_000 / 8


def test_reading_takes_a_few_batches_of_memory(form, tmp_path, rng):
    """48 MB of numbers in batches of 1 MB: what Arrow and NumPy hold at once stays far below."""
    ending, writer, source = form
    columns = {f"x{i}": pa.array(rng.normal(size=1_000_000)) for i in range(6)}
    path = written(writer, tmp_path / f"t.{ending}", [as_batch(columns)])
    del columns
    with pytest.MonkeyPatch.context() as patch:
        for module in ("_arrays", "parquet"):
            patch.setattr(f"hepml.data.files.{module}.BATCH_BYTES", 1_000_000)
        tracemalloc.start()
        start = pa.total_allocated_bytes()
        with source(path) as file:
            batches = file.batches(file.schema.names)
            held = [pa.total_allocated_bytes() - start for _batch in batches]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert len(held) >= 40
    assert max(held) + peak < 25_000_000


def test_digests_do_not_depend_on_batches(rng):
    columns = everything(rng).columns
    columns.append(pa.array([None if k % 7 == 0 else k for k in range(400)]))
    columns.append(pa.array([None if k % 5 == 0 else [k, None] for k in range(400)]))
    for column in columns:
        whole, parts = Digest(), Digest()
        whole.update(column)
        for start in range(0, 400, 37):
            parts.update(column.slice(start, 37))
        assert whole.sums() == parts.sums()


def test_digests_differ_where_columns_do():
    columns = [[1], [2], [None], [1, None], [None, 1], [[1]], [[1], []], [[], [1]], ["a"], ["b"]]
    columns += [["ab", "c"], ["a", "bc"], [True], [False], [[None]], [["a"]], [[[1]]]]
    sums = []
    for column in columns:
        digest = Digest()
        digest.update(pa.array(column))
        sums.append(tuple(digest.sums()))
    assert len(set(sums)) == len(columns)


@pytest.mark.parametrize("error", [MemoryError, pa.ArrowMemoryError])
def test_a_file_is_not_called_damaged_for_want_of_memory(tmp_path, error):
    def fail(error):
        with reading(tmp_path / "t.h5", "HDF5"):
            raise error

    with pytest.raises(DataError, match="takes more memory than there is: choose columns=") as told:
        fail(error)
    assert isinstance(told.value.__cause__, MemoryError)
    with pytest.raises(DataError, match=r"damaged or not complete as HDF5 file \(OSError\)"):
        fail(OSError)
