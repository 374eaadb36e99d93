"""RNTuples of every kind, by uproot and by ROOT: types, missing values, records, pages."""

from pathlib import Path

import awkward as ak
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from hepml.data import DataError, LeftOutWarning, chunks, col, convert, read
from hepml.data.files import _pages, _root_writer, open_source
from hepml.data.files.root import RootWriter
from tests.data.tables import as_batch, jagged, sentence

FILES = Path(__file__).parent / "files"  # written by ROOT: see RNTUPLES.md


def ntuple(path, data):
    with uproot.recreate(path) as file:
        file.mkrntuple("t", data)
    return path


OPTIONS = {
    "number": ak.Array([1, None, 3]),
    "half": ak.Array([None, 2.5, 3.5]),
    "first": ak.firsts(ak.Array([[1.5], [], [2.0, 3.0]])),
    "flag": ak.Array([True, None, False]),
    "word": ak.Array(["a", None, ""]),
    "lists": ak.Array([[1.5], None, []]),
    "inside": ak.Array([[1.5, None], [], [None]]),
    "whole": ak.Array([1, 2, 3]),
}


@pytest.fixture
def optional(tmp_path):
    return ntuple(tmp_path / "o.root", OPTIONS)


def test_missing_values_have_the_types_of_pandas(optional):
    table = read(optional)
    types = {name: str(table[name].dtype) for name in ("number", "half", "first", "flag", "whole")}
    assert types == {
        "number": "Int64",
        "half": "float64",
        "first": "float64",
        "flag": "boolean",
        "whole": "int64",
    }
    assert table["number"].tolist() == [1, pd.NA, 3]
    np.testing.assert_array_equal(table["first"], [1.5, np.nan, 2.0])
    assert table["word"].isna().tolist() == [False, True, False]
    assert table["flag"].isna().tolist() == [False, True, False]
    assert table["lists"].isna().tolist() == [False, True, False]
    inside = ak.from_arrow(pa.array(table["inside"]))
    assert ak.array_equal(inside, ak.Array([[1.5, np.nan], [], [np.nan]]), equal_nan=True)
    assert table.attrs["left_out"] == {}


def test_missing_values_are_options_in_awkward(optional):
    array = read(optional, library="ak")
    assert set(array.fields) == set(OPTIONS)
    with uproot.open(optional) as file:
        assert array.fields == file["t"].keys()
        for name in array.fields:
            assert ak.array_equal(array[name], file["t"][name].array())
    pieces = [piece["number"].tolist() for piece in chunks(optional, library="ak", rows=2)]
    assert pieces == [[1, None], [3]]


def test_missing_numbers_pass_no_cut(optional):
    assert read(optional, "whole", where=col("number") > 0)["whole"].tolist() == [1, 3]
    assert read(optional, "whole", where=col("first") > 0)["whole"].tolist() == [1, 3]


@pytest.mark.parametrize("values", [[[1, None], []], [["a", None], []], [[None, True], [False]]])
def test_what_is_missing_in_lists_stays_missing_as_from_parquet(tmp_path, values):
    path = ntuple(tmp_path / "i.root", {"k": ak.Array(values)})
    pq.write_table(pa.table({"k": pa.array(values)}), tmp_path / "i.parquet")
    for file in (path, tmp_path / "i.parquet"):
        assert ak.from_arrow(pa.array(read(file)["k"])).tolist() == values
        assert read(file, library="ak")["k"].tolist() == values


def test_lists_that_are_missing_in_lists_stay_missing(tmp_path):
    values = [[[1.5], None], [], [[]]]
    pq.write_table(pa.table({"k": pa.array(values)}), tmp_path / "i.parquet")
    assert ak.from_arrow(pa.array(read(tmp_path / "i.parquet")["k"])).tolist() == values


@pytest.mark.parametrize("ending", ["root", "parquet"])
def test_missing_values_survive_conversions(optional, tmp_path, ending):
    convert(optional, tmp_path / f"c.{ending}", layout="rntuple" if ending == "root" else None)
    found = read(tmp_path / f"c.{ending}")
    pd.testing.assert_frame_equal(found, read(optional), check_dtype=ending == "root")


def test_a_tree_cannot_hold_them_and_says_what_can(optional, tmp_path):
    said = sentence(optional, tmp_path / "t.root", columns=["number"], act=convert)
    assert "a TTree cannot hold missing values, which 'number' has" in said
    assert "--rntuple" in said
    assert not (tmp_path / "t.root").exists()


def test_records_and_lists_of_records_are_columns(tmp_path):
    jets = ak.Array([[{"pt": 1.5, "hits": [1, 2]}], [], [{"pt": 2.5, "hits": []}] * 2])
    pair = ak.Array([{"a": 1, "sub": {"b": 2.0}}] * 3)
    tuples = ak.Array([(1, 2.0), (3, 4.0), (5, 6.0)])
    path = ntuple(tmp_path / "r.root", {"Jet": jets, "pair": pair, "two": tuples})
    array = read(path, library="ak")
    assert array.fields == ["Jet.pt", "Jet.hits", "pair.a", "pair.sub.b", "two.0", "two.1"]
    assert array["Jet.hits"].tolist() == jets.hits.tolist()
    assert array["pair.sub.b"].tolist() == [2, 2, 2]
    assert array["two.1"].tolist() == [2, 4, 6]
    convert(path, tmp_path / "copy.root", layout="rntuple")
    assert ak.array_equal(read(tmp_path / "copy.root", library="ak"), array)
    with uproot.open(tmp_path / "copy.root") as file:
        tree = file[file.keys(filter_classname="ROOT::RNTuple")[0]]
        assert tree["Jet"]["pt"].array().tolist() == jets.pt.tolist()
        assert tree["pair"].array().tolist() == pair.tolist()


# ---------------------------------------------------------------- pages


@pytest.fixture
def large(tmp_path, rng):
    """Write a file with one cluster of one page per column, and one of many small clusters."""
    counts = rng.poisson(2, 30_000)
    data = {
        "x": rng.normal(size=30_000),
        "flag": rng.random(30_000) > 0.5,
        "hits": ak.unflatten(rng.normal(size=counts.sum()).astype(np.float32), counts),
        "word": ak.Array(rng.choice(["a", "bcd", ""], 30_000).tolist()),
    }
    one, many = tmp_path / "one.root", tmp_path / "many.root"
    ntuple(one, data)
    with uproot.recreate(many) as file:
        tree = file.mkrntuple("t", {name: values[:700] for name, values in data.items()})
        for start in range(700, 30_000, 700):
            tree.extend({name: values[start : start + 700] for name, values in data.items()})
    return one, many, data


@pytest.mark.parametrize("block", [1 << 24, 1000])
@pytest.mark.parametrize("batch", [32_000_000, 50_000])
def test_batches_and_blocks_of_any_size(large, monkeypatch, block, batch):
    monkeypatch.setattr(_pages, "BLOCK_BYTES", block)
    monkeypatch.setattr("hepml.data.files.root.BATCH_BYTES", batch)
    for path in large[:2]:
        array = read(path, library="ak")
        for name, values in large[2].items():
            assert ak.array_equal(array[name], values)


def test_every_page_is_unpacked_once(large, monkeypatch):
    monkeypatch.setattr("hepml.data.files.root.BATCH_BYTES", 50_000)
    unpack, unpacked = _pages._whole, []

    def count(ntuple, locator, size):
        unpacked.append(locator.offset)
        return unpack(ntuple, locator, size)

    monkeypatch.setattr(_pages, "_whole", count)
    with open_source(large[0]) as source:
        batches = list(source.batches(source.schema.names))
    assert len(batches) > 10
    assert len(unpacked) == len(set(unpacked)) == 6  # two columns have lengths, too


def test_pages_above_the_size_of_roots_blocks(tmp_path):
    data = {"x": np.arange(2_200_000) // 7, "flag": np.arange(2_200_000) % 3 == 0}
    table = read(ntuple(tmp_path / "f.root", data))
    for name, values in data.items():
        np.testing.assert_array_equal(table[name], values)


def test_rows_are_read_in_order(large):
    with open_source(large[0]) as source:
        batches = source.batches(["x"])
        next(batches)
        with pytest.raises(ValueError, match="rows 5 to 6 after"):
            source._table.array("x", pa.float64(), 5, 6)


# ---------------------------------------------------------------- written by ROOT


def values_of(tree, name):
    found = tree[name.partition(".")[0]].array()
    for part in name.split(".")[1:]:
        found = found[part]
    return found


@pytest.mark.parametrize("kind", ["kinds", "late", "half"])
@pytest.mark.filterwarnings("ignore::hepml.data.LeftOutWarning")
def test_files_of_root_are_read_as_by_uproot(kind, monkeypatch):
    path = FILES / f"rntuple_{kind}.root"
    monkeypatch.setattr("hepml.data.files.root.BATCH_BYTES", 2000)
    array = read(path, library="ak")
    with uproot.open(path) as file:
        for name in array.fields:
            if name.startswith("up"):
                continue  # a pointer, which uproot gives as list of none or one
            expected = values_of(file["t"], name)
            if "float16" in str(expected.type):
                expected = ak.values_astype(expected, np.float32)
            assert ak.array_equal(array[name], expected), name


def test_kinds_of_root():
    path = FILES / "rntuple_kinds.root"
    with pytest.warns(LeftOutWarning, match="'va', 'vva' .a variant"):
        array = read(path, library="ak")
    with uproot.open(path) as file:
        pointers = file["t"]["up"].array()
    assert array["up"].tolist() == ak.firsts(pointers).tolist()
    assert None in array["up"].tolist()
    assert set(array["e1"].tolist()) == {1, -2}
    assert {"der.x", "der.Base::x", "vder.sub.hits", "pr.0", "tu.2"} <= set(array.fields)
    assert str(array["bs"].type) == "24 * 11 * bool"
    assert str(array["voi"].type) == "24 * var * ?int32"


def test_half_precision_is_widened():
    table = read(FILES / "rntuple_half.root")
    assert table["half"].dtype == np.float32
    assert np.tile(table["half"], 1000).sum() > np.finfo(np.float16).max


@pytest.mark.real_data
def test_real_nano_aod(real_data):
    name = "cmsopendata2015_ttbar_19980_NANOAOD_RNTupleImporter_rntuple_v1-0-0-1.root"
    path = real_data / "physics_files" / name
    columns = ["run", "Jet_pt", "nJet", "_collection0.CorrT1METJet_area", "Electron_convVeto"]
    with uproot.open(path) as file:
        array = read(path, columns, library="ak")
        for one in columns:
            assert ak.array_equal(array[one], values_of(file["Events"], one))
    assert ak.all(ak.num(array["Jet_pt"]) == array["nJet"])


# ---------------------------------------------------------------- writing


def made(path, columns, nullable=()):
    batch = as_batch(columns)
    fields = [field.with_nullable(field.name in nullable) for field in batch.schema]
    batch = pa.RecordBatch.from_arrays(batch.columns, schema=pa.schema(fields))
    with RootWriter(path, batch.schema, "t", layout="rntuple") as writer:
        writer.write(batch)
    return path


def test_what_is_written_is_read_by_uproot(tmp_path):
    columns = {
        "k": pa.array([1, None, 3]),
        "x": pa.array([1.5, 2.5, None]),
        "hits": pa.array([[1, None], None, []], pa.list_(pa.int32())),
        "a.b": pa.array([True, None, False]),
    }
    path = made(tmp_path / "w.root", columns, nullable=columns)
    with uproot.open(path) as file:
        tree = file["t"]
        assert tree["k"].typename == "std::optional<std::int64_t>"
        for name, values in columns.items():
            assert values_of(tree, name).tolist() == values.to_pylist()


@pytest.mark.parametrize("name", ["jet_pt[2]", "x[n]", "/x", "", "a..b"])
def test_names_that_root_or_uproot_cannot_find_are_listed(tmp_path, name):
    columns = {name: [1.0, 2.0], "n": [1, 2], "m [GeV]": [1.0, 2.0], "pt [GeV]": [[1.0], []]}
    pa.parquet.write_table(pa.table(columns), tmp_path / "s.parquet")
    said = sentence(tmp_path / "s.parquet", tmp_path / "t.root", act=convert)
    assert f"a TTree cannot hold {name!r}, 'pt [GeV]': " in said
    assert "--drop" in said
    assert [file.name for file in tmp_path.iterdir()] == ["s.parquet"]


@pytest.mark.parametrize(
    "name",
    ["m [GeV]", "a/b", "a:b", "a;1", "a b", "a.b", "a*b", "a$b", "é", "a]", "*", "a\\b", "nhits"],
)
def test_names_that_a_tree_holds(tmp_path, name):
    batch = as_batch({name: pa.array([1.0, 2.0]), "hits": pa.array([[1.0], []])})
    with RootWriter(tmp_path / "t.root", batch.schema, "t") as writer:
        writer.write(batch)
    with uproot.open(tmp_path / "t.root") as file:
        assert file["t"][name].array().tolist() == [1, 2]


@pytest.mark.parametrize("name", ["jet_pt[2]", "a:b", "a;1", "a*b", "a$b", "é", "a]", "0", "nhits"])
def test_names_that_an_rntuple_holds(tmp_path, name):
    path = made(tmp_path / "t.root", {name: pa.array([1.0]), "hits": pa.array([[1.0]])})
    with uproot.open(path) as file:
        assert file["t"][name].array().tolist() == [1]


@pytest.mark.parametrize("name", ["a b", "a/b", "a\\b", "a.", ".a", "x.y.z", "", "a\tb"])
def test_names_that_an_rntuple_cannot_hold(tmp_path, name):
    columns = {name: pa.array([1.0]), "x.y": pa.array([1.0]), "m GeV": pa.array([1.0])}
    with pytest.raises(DataError) as error:
        made(tmp_path / "t.root", columns)
    assert f"an RNTuple cannot hold {name!r}, 'm GeV' (" in str(error.value)


def test_missing_values_that_come_too_late_in_lists_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr(_root_writer, "GROUP_BYTES", 1)
    batches = [pa.table({"k": [[1], []]}), pa.table({"k": [[1, None]]})]
    writer = RootWriter(tmp_path / "w.root", batches[0].schema, "t", layout="rntuple")
    writer.write(batches[0].to_batches()[0])
    with pytest.raises(DataError, match=r"the lists of 'k' have missing values .* after row 2"):
        writer.write(batches[1].to_batches()[0])
    writer.close(complete=False)


def test_a_shifted_column_is_noticed_before_the_file_has_its_name(optional, tmp_path, monkeypatch):
    """As uproot shifts values behind a mask."""
    layout_of = _root_writer.layout_of

    def shifted(values, levels=()):
        return layout_of(values[::-1] if levels else values, levels)

    monkeypatch.setattr(_root_writer, "layout_of", shifted)
    with pytest.raises(DataError, match="digest"):
        convert(optional, tmp_path / "t.root", columns=["number"], layout="rntuple")
    assert not (tmp_path / "t.root").exists()


# ---------------------------------------------------------------- awkward


def test_no_other_library_is_known(optional):
    assert "library='np' is not known: 'pd' gives tables" in sentence(optional, library="np")
    assert "library=None" in sentence(optional, act=chunks, library=None)


def test_awkward_arrays_of_other_formats(tmp_path, rng):
    values = pa.array(rng.normal(size=50).astype(np.float32))
    table = pa.table(
        {
            "x": values,
            "k": pa.array([1, None] * 25),
            "word": ["a", "βc"] * 25,
            "hits": jagged(rng.integers(0, 3, 50), lambda size: pa.array(np.arange(size))),
        }
    )
    pa.parquet.write_table(table, tmp_path / "f.parquet")
    array = read(tmp_path / "f.parquet", library="ak")
    assert [str(array[name].type) for name in array.fields] == [
        "50 * float32",
        "50 * ?int64",
        "50 * string",
        "50 * var * int64",
    ]
    for name in array.fields:
        assert array[name].tolist() == table[name].to_pylist()
    assert array.attrs["left_out"] == {}


def without_buffers(kind):
    """Array without entries as some kernels make it: with nothing where values would be."""
    return pa.Array.from_buffers(kind, 0, [None, None])


@pytest.mark.parametrize("kind", [pa.float32(), pa.bool_(), pa.int8()])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("ends", [[0], [0, 0, 0]])
def test_columns_of_empty_lists_become_awkward_arrays(kind, depth, ends):
    from hepml.data._frames import to_frame

    array = without_buffers(kind)
    for level in range(depth):
        places = ends if level == depth - 1 else [0]
        array = pa.ListArray.from_arrays(pa.array(places, pa.int32()), array)
    batch = as_batch({"x": array})
    column = to_frame([batch], batch.schema)["x"]
    for some in (column, column[:0], column[::-1], column[column.list.len() > 0]):
        assert ak.from_arrow(pa.array(some)).tolist() == some.tolist()
