"""Parquet as others write it: types, categories, missing values, row groups of any size."""

import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hepml.data import DataError, read
from hepml.data.files._footer import footer_chunks
from hepml.data.files.parquet import ParquetSource, ParquetWriter
from tests.data.tables import everything, read_back, written


@pytest.fixture
def made(tmp_path):
    """Write a table as others do, and return the path."""

    def make(columns, **options):
        path = tmp_path / "t.parquet"
        pq.write_table(pa.table(columns), path, **options)
        return path

    return make


def sentence(path, **options):
    with pytest.raises(DataError) as error:
        read_back(ParquetSource, path, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_categories_are_text(made):
    words = ["a", "b", None, "a"]
    found = read_back(ParquetSource, made({"x": pa.array(words).dictionary_encode()}))
    assert found["x"].type == pa.string()
    assert found["x"].to_pylist() == words


def test_a_table_of_pandas(tmp_path, rng):
    table = pd.DataFrame(
        {
            "i": rng.integers(0, 9, 20).astype("i2"),
            "k": pd.Categorical(["a", "b"] * 10),
            "f": [np.nan, 1.0] * 10,
            "n": pd.array([None, 1] * 10, dtype="Int32"),
        }
    )
    table.to_parquet(tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet")
    assert found.dtypes.astype(str).to_dict() | {"k": ""} == {
        "i": "int16",
        "k": "",
        "f": "float64",
        "n": "Int32",
    }
    assert found["k"].tolist() == ["a", "b"] * 10


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        (pa.large_string(), pa.string()),
        (pa.string_view(), pa.string()),
        (pa.float16(), pa.float32()),
        (pa.large_list(pa.int8()), pa.list_(pa.int8())),
        (pa.list_(pa.float16(), 2), pa.list_(pa.float32(), 2)),
        (pa.list_(pa.large_string()), pa.list_(pa.string())),
    ],
)
def test_relatives_of_our_types(made, kind, plain):
    values = {"string": ["a", "b"], "list": [[1, 2], [3, 4]], "half": [1.0, 2.0]}
    values = next((v for name, v in values.items() if name in str(kind).split("<")[0]), [1.0, 2.0])
    if plain == pa.list_(pa.string()):
        values = [["a"], []]
    found = read_back(ParquetSource, made({"x": pa.array(values, kind)}))
    assert found["x"].type == plain
    assert found["x"].to_pylist() == values


def test_what_no_table_holds_is_left_out(made):
    columns = {
        "x": [1],
        "decimal": pa.array([decimal.Decimal("1.5")], pa.decimal128(20, 1)),
        "binary": [b"x"],
        "binaries": [[b"x"]],
        "record": [{"a": b"x", "b": 1}],
    }
    path = made(columns)
    assert read_back(ParquetSource, path).column_names == ["x", "record.b"]
    with ParquetSource(path) as file:
        assert set(file.left_out) == {"decimal", "binary", "binaries", "record.a"}


def test_names_with_dots_beside_structures(made):
    path = made({"a.b": [1], "a": [2], "c": [{"d": 3}]})
    assert read_back(ParquetSource, path, ["a"]).to_pydict() == {"a": [2]}
    assert read_back(ParquetSource, path, ["a.b"]).to_pydict() == {"a.b": [1]}


def test_lists_with_missing_parts(made):
    lists = [[1.5, None], None, [], [2.5]]
    found = read_back(ParquetSource, made({"x": pa.array(lists, pa.list_(pa.float32()))}))
    found = found["x"].to_pylist()
    assert np.isnan(found[0][1])
    assert found[1:] == [None, [], [2.5]]


@pytest.mark.parametrize("groups", [1, 10, 1000])
def test_row_groups_of_any_size(made, rng, groups, monkeypatch):
    values = {"x": rng.normal(size=1000), "k": np.arange(1000)}
    path = made(values, row_group_size=1000 // groups)
    monkeypatch.setattr("hepml.data.files.parquet.BATCH_BYTES", 1600)
    with ParquetSource(path) as file:
        batches = list(file.batches(["k", "x"]))
    assert max(batch.num_rows for batch in batches) <= 100
    assert pa.Table.from_batches(batches).to_pydict() == pa.table(values).select("kx").to_pydict()


def test_one_huge_row_group_is_not_held(made, rng):
    path = made({f"x{i}": rng.normal(size=2_000_000) for i in range(4)}, use_dictionary=False)
    start = pa.total_allocated_bytes()
    with ParquetSource(path) as file:
        held = [pa.total_allocated_bytes() - start for _batch in file.batches(["x0", "x1", "x2"])]
    assert max(held) < 48_000_000  # of 96 MB; a batch has 32, and some pages are unpacked


def test_the_footer_is_understood(made, rng):
    batch = everything(rng)
    path = made(pa.table(batch), row_group_size=150)
    metadata = pq.read_metadata(path)
    found = footer_chunks(path)
    assert [rows for rows, _chunks in found] == [150, 150, 100]
    for i, (_rows, chunks) in enumerate(found):
        for j, chunk in enumerate(chunks):
            column = metadata.row_group(i).column(j)
            assert chunk.name == column.path_in_schema.split(".")[0]
            assert chunk.count == column.num_values
            assert chunk.size == column.total_uncompressed_size
            assert chunk.missing == column.statistics.null_count


def test_two_columns_of_one_name(tmp_path):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    pq.write_table(table, tmp_path / "t.parquet")
    assert "2 columns called 'x'" in sentence(tmp_path / "t.parquet")


def test_options_without_meaning(made):
    path = made({"x": [1]})
    assert "holds no tree" in sentence(path, tree="events")
    assert "names= is for files without names" in sentence(path, names=["y"])


def test_what_is_written_is_plain_parquet(tmp_path, rng):
    batch = everything(rng)
    path = written(ParquetWriter, tmp_path / "t.parquet", [batch])
    assert pq.read_table(path, page_checksum_verification=True).to_pydict() == batch.to_pydict()


def test_row_groups_that_are_written_hold_several_batches(tmp_path, rng, monkeypatch):
    batch = everything(rng)
    monkeypatch.setattr("hepml.data.files.parquet.GROUP_BYTES", 3 * batch.nbytes)
    path = written(ParquetWriter, tmp_path / "t.parquet", [batch] * 7)
    assert [rows for rows, _chunks in footer_chunks(path)] == [1200, 1200, 400]


def test_values_that_are_not_those_written(tmp_path, rng):
    """Page sums hold and the digest does not: one column was exchanged for another's."""
    batch = everything(rng)
    path = written(ParquetWriter, tmp_path / "t.parquet", [batch])
    notes = pq.read_metadata(path).metadata
    columns = {name: batch[name] for name in batch.schema.names} | {"f8": batch["f8"].take(
        pa.array(np.arange(400)[::-1])
    )}  # fmt: skip
    table = pa.Table.from_arrays(list(columns.values()), schema=batch.schema)
    table = table.replace_schema_metadata({b"hepml:digests": notes[b"hepml:digests"]})
    pq.write_table(table, path)
    assert "the digest of 'f8' differs" in sentence(path)
    assert read_back(ParquetSource, path, ["f4"]).num_rows == 400
