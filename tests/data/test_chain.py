"""Files of one table: columns and types that differ, files that are empty, one open at a time."""

import itertools
import warnings

import awkward as ak
import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot
from typer.testing import CliRunner

from hepml.cli import app
from hepml.data import DataError, LeftOutWarning, _chain, chunks, col, convert, read
from hepml.data._types import cast, common
from tests.data.tables import sentence

EXACT = 2**53


@pytest.fixture
def write(tmp_path):
    """Write columns as a Parquet file, given as name=values or name=(values, type)."""

    def make(name, **columns):
        arrays = {
            key: pa.array(*value) if isinstance(value, tuple) else pa.array(value)
            for key, value in columns.items()
        }
        pq.write_table(pa.table(arrays), tmp_path / f"{name}.parquet")
        return tmp_path / f"{name}.parquet"

    return make


@pytest.fixture
def trees(tmp_path):
    """Write columns as a tree, each with the type that its array has."""

    def make(name, tree="t", **columns):
        columns = {
            key: value if isinstance(value, ak.Array) else np.asarray(value)
            for key, value in columns.items()
        }
        types = {
            key: value.type.content if isinstance(value, ak.Array) else value.dtype
            for key, value in columns.items()
        }
        with uproot.recreate(tmp_path / f"{name}.root") as file:
            file.mktree(tree, types).extend(columns)
        return tmp_path / f"{name}.root"

    return make


def all_rows(files, **options):
    """Read a chain as a whole and piece by piece, which must agree."""
    whole = read(files, **options)
    pieces = pd.concat(chunks(files, rows=2, **options), ignore_index=True)
    pd.testing.assert_frame_equal(pieces, whole)
    return whole


# ---------------------------------------------------------------- types

VALUES = {
    "bool": [True, False],
    "int8": [-128, 127],
    "int32": [-(2**31), 2**31 - 1],
    "int64": [-EXACT, EXACT],
    "uint8": [0, 255],
    "uint32": [0, 2**32 - 1],
    "uint64": [0, EXACT],
    "float": [0.5, np.inf],
    "double": [0.1, np.nan],
}
SIGNED = ("int8", "int32", "int64")


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(VALUES, 2)))
def test_numbers_of_two_types_are_what_they_were(write, one, other):
    values = {kind: list(VALUES[kind]) for kind in (one, other)}
    if "uint64" in values:
        for kind in set(SIGNED) & values.keys():
            values[kind] = [0, values[kind][1]]
    files = [write(kind, x=(values[kind], pa.type_for_alias(kind))) for kind in (one, other)]
    found = all_rows(files)["x"]
    expected = [*values[one], *values[other]]
    if found.dtype.kind in "iub":
        assert found.tolist() == expected
    else:
        narrow = {"float": np.float32}
        exact = [narrow.get(k, float)(v) for k in (one, other) for v in values[k]]
        assert np.array_equal(found.to_numpy(float), np.array(exact, float), equal_nan=True)
    assert found.dtype == all_rows(files[::-1])["x"].dtype


@pytest.mark.parametrize("order", [1, -1])
def test_64_bits_of_both_signs_are_exact_or_one_sentence(write, order):
    signed = write("signed", event=([EXACT + 1, 2], pa.int64()))
    unsigned = write("unsigned", event=([2**63 + 1, 3], pa.uint64()))
    both = all_rows([signed, unsigned][::order])["event"]
    assert both.dtype == np.uint64
    assert sorted(both) == [2, 3, EXACT + 1, 2**63 + 1]
    negative = write("negative", event=([5, -1], pa.int64()))
    message = sentence([unsigned, negative][::order])
    assert "column 'event' of negative.parquet is int64, of the files together uint64" in message
    assert "-1" in message


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64()])
@pytest.mark.parametrize("act", [read, lambda files: list(chunks(files))])
def test_integers_beside_floats_are_exact_or_one_sentence(write, act, kind):
    floats = write("floats", x=[1.5, 2.5])
    fitting = write("fitting", x=([EXACT, 3], kind))
    assert all_rows([floats, fitting])["x"].tolist() == [1.5, 2.5, EXACT, 3]
    beyond = write("beyond", x=([7, EXACT + 1], kind))
    for files in ([floats, beyond], [beyond, floats]):
        assert "column 'x' of beyond.parquet is " in sentence(files, act=act)
        with pytest.raises(DataError, match="of the files together double"):
            convert(files, beyond.with_name("o.parquet"))
        assert not beyond.with_name("o.parquet").exists()


def test_three_files_widen_whatever_their_order(write):
    files = [
        write("a", x=([1], pa.int8())),
        write("b", x=([EXACT], pa.int64())),
        write("c", x=([0.5], pa.float32())),
        write("d", x=([True], pa.bool_())),
    ]
    for order in itertools.permutations(files):
        found = read(list(order))["x"]
        assert found.dtype == np.float64
        assert sorted(found) == [0.5, 1, 1, EXACT]


def test_texts_of_all_arrow_types_are_one(write):
    words = [
        write("plain", s=(["a", "b"], pa.string())),
        write("large", s=(["c", "d"], pa.large_string())),
        write("dictionary", s=pa.array(["e", "f"]).dictionary_encode()),
    ]
    assert all_rows(words)["s"].tolist() == list("abcdef")


def test_times_get_the_finer_unit():
    coarse, fine = (pa.field("t", pa.timestamp(unit)) for unit in ("ms", "ns"))
    assert common(coarse, fine) == common(fine, coarse) == fine
    assert common(coarse, pa.field("t", pa.timestamp("ms", "UTC"))) is None
    late = pa.record_batch([pa.array([2**60], coarse.type)], schema=pa.schema([coarse]))
    with pytest.raises(DataError, match="column 't' of f is timestamp"):
        cast(late, pa.schema([fine]), "f")


def test_lists_widen_as_what_is_in_them(write):
    small = write("small", x=([[1, 2], []], pa.list_(pa.int32())))
    large = write("large", x=([[EXACT], [3]], pa.large_list(pa.int64())))
    fixed = write("fixed", x=([[0.5, 1], [2, 3]], pa.list_(pa.float32(), 2)))
    found = all_rows([small, large, fixed])["x"]
    assert [list(one) for one in found] == [[1, 2], [], [EXACT], [3], [0.5, 1], [2, 3]]
    beyond = write("beyond", x=([[], [1, EXACT + 1]], pa.list_(pa.int64())))
    assert "column 'x' of beyond.parquet" in sentence([fixed, beyond])
    shorter = write("shorter", x=([[1.0]] * 2, pa.list_(pa.float32(), 1)))
    assert [len(one) for one in all_rows([fixed, shorter])["x"]] == [2, 2, 1, 1]


def test_missing_values_keep_their_place(write):
    whole = write("whole", n=[1, 2], b=[True, False])
    gaps = write("gaps", n=[3, None], b=[None, True])
    found = all_rows([whole, gaps])
    assert found.dtypes.astype(str).tolist() == ["Int64", "boolean"]
    assert found["n"].tolist() == [1, 2, 3, pd.NA]
    floats = write("floats", n=[0.5, 1.5], b=[True, True])
    assert np.isnan(all_rows([gaps, floats])["n"].to_numpy(float)[1])


def test_what_no_type_holds_is_named_with_all_its_fellows(write):
    one = write("one", a=[1], b=["s"], c=[[1]], d=[1.0])
    two = write("two", a=["s"], b=[True], c=[1], d=[2.0])
    message = sentence([one, two])
    for name, kinds in {"a": ("string", "int64"), "b": ("bool", "string")}.items():
        assert f"column {name!r} of two.parquet is {kinds[0]}, of one.parquet {kinds[1]}" in message
    assert "column 'c' of two.parquet is int64" in message
    assert "drop=['a', 'b', 'c']" in message
    assert read([one, two], drop=["a", "b", "c"])["d"].tolist() == [1, 2]


def test_a_tree_with_wider_types_after_others(trees, tmp_path):
    """ROOT files are opened one after the other: read widens, pieces keep their types."""
    narrow = trees("narrow", n=np.array([1, 2], "i4"), x=np.array([0.5, 1], "f4"))
    wide = trees("wide", n=np.array([3, 4], "i8"), x=np.array([2, 3], "f8"))
    found = read([narrow, wide])
    assert found.dtypes.astype(str).tolist() == ["int64", "float64"]
    assert found["n"].tolist() == [1, 2, 3, 4]
    pieces = list(chunks([narrow, wide]))
    assert pieces[0].dtypes.astype(str).tolist() == ["int32", "float32"]
    assert pieces[0]["x"].tolist() == [0.5, 1, 2, 3]
    (piece,) = chunks([narrow, wide], differing="common")
    pd.testing.assert_frame_equal(piece, found)
    done = convert([narrow, wide], tmp_path / "both.root")
    pd.testing.assert_frame_equal(read(done.path), found)
    for values in ({"n": np.array([2**40], "i8")}, {"x": np.array([0.1])}):
        other = trees("other", **({"n": np.array([1], "i4"), "x": np.array([1], "f4")} | values))
        with pytest.raises(DataError, match="put the file with the wider type first") as error:
            list(chunks([narrow, other]))
        assert f"column {next(iter(values))!r} of other.root" in str(error.value)


def test_a_tree_of_the_other_sign(trees, tmp_path):
    signed = trees("signed", e=np.array([EXACT + 1, 2], "i8"))
    unsigned = trees("unsigned", e=np.array([2**63 + 1, 3], "u8"))
    expected = [EXACT + 1, 2, 2**63 + 1, 3]
    assert read([signed, unsigned])["e"].tolist() == expected
    done = convert([signed, unsigned], tmp_path / "o.parquet")
    assert read(done.path)["e"].tolist() == expected
    assert "which cannot hold its values" in sentence(
        [signed, unsigned], act=lambda files: list(chunks(files))
    )
    (piece,) = chunks([unsigned, signed])
    assert piece["e"].tolist() == [*expected[2:], *expected[:2]]


# ---------------------------------------------------------------- columns


def test_one_call_names_all_columns_that_differ(write):
    files = [
        write("a", x=[1], y=[1], z=[1], only=[1]),
        write("b", x=[1], z=["s"], more=[1]),
        write("c", x=[1], y=[1], z=[1], only=[1], other=[1]),
    ]
    message = sentence(files)
    for text in (
        "b.parquet has no column 'y', 'only', which a.parquet has",
        "a.parquet has no column 'more', which b.parquet has",
        "a.parquet has no column 'other', which c.parquet has",
        "column 'z' of b.parquet is string",
        "drop=['y', 'only', 'more', 'other']",
        "differing='common'",
    ):
        assert text in message
    found = read(files, drop=["y", "only", "more", "other", "z"])
    assert found.to_dict("list") == {"x": [1, 1, 1]}


def test_trees_that_differ_are_all_named_when_the_first_is_met(trees):
    files = [trees("a", x=[1], y=[1]), trees("b", x=[1]), trees("c", x=[1], y=[1], z=[1])]
    message = sentence(files)
    assert "b.root has no column 'y'" in message
    assert "a.root has no column 'z', which c.root has" in message
    assert read(files, drop=["y", "z"])["x"].tolist() == [1, 1, 1]
    assert read(files, columns="x")["x"].tolist() == [1, 1, 1]
    assert "did you mean 'y'" in sentence(files, drop=["yy"])


def test_all_columns_that_are_not_there_are_named_at_once(write):
    file = write("t", mass=[1.0], charge=[1], odd=pa.array([b"x"], pa.binary()))
    message = sentence(file, columns=["mas", "mass", "chrg", "odd"])
    assert "'mas' (did you mean 'mass'?)" in message
    assert "'chrg' (did you mean 'charge'?)" in message
    assert "'odd' of t.parquet is left out" in message
    assert "drop=" in message


def test_a_cut_on_what_is_left_out_says_why(write):
    file = write("t", mass=[1.0], odd=[b"a"])
    said = sentence(file, where=col("odd") > 1)
    assert said.startswith("'odd' of t.parquet is left out: no table can hold its type")


@pytest.fixture
def menus(trees):
    """Two runs with different triggers."""
    jets = ak.Array([[1.0, 2.0], []])
    one = trees("one", run=[1, 1], HLT_a=[True, False], HLT_b=[False, True], n=[1, 2], jet=jets)
    two = trees("two", run=[2, 2], HLT_b=[True, True], HLT_c=[True, False], x=[0.5, 1.5])
    return [one, two]


def test_columns_that_all_files_have(menus, tmp_path):
    with pytest.warns(LeftOutWarning, match=r"'njet', 'jet' \(not in two.root\)"):
        found = read(menus, differing="common")
    assert list(found) == ["run", "HLT_b"]
    assert found["HLT_b"].tolist() == [False, True, True, True]
    assert found.attrs["left_out"]["x"] == "not in one.root"
    assert "not in two.root" in sentence(menus, columns=["HLT_a"], differing="common")
    done = convert(menus, tmp_path / "o.parquet", differing="common")
    assert done.left_out == found.attrs["left_out"]
    assert list(read(done.path)) == ["run", "HLT_b"]


def test_columns_of_all_files_with_gaps(menus, tmp_path):
    found = all_rows(menus, differing="all")
    assert list(found) == ["run", "HLT_a", "HLT_b", "n", "njet", "jet", "HLT_c", "x"]
    assert found["HLT_a"].tolist() == [True, False, pd.NA, pd.NA]
    assert found["n"].tolist() == [1, 2, pd.NA, pd.NA]
    assert found["jet"].isna().tolist() == [False, False, True, True]
    assert np.isnan(found["x"][:2]).all()
    assert found["x"][2:].tolist() == [0.5, 1.5]
    done = convert(menus, tmp_path / "o.parquet", differing="all")
    pd.testing.assert_frame_equal(read(done.path), found)
    cut = read(menus, ["run"], differing="all", where=col("HLT_c") | (col("n") > 1))
    assert cut["run"].tolist() == [1, 2]
    assert read(menus, ["HLT_*"], differing="all").shape == (4, 3)


def test_a_column_unreadable_in_one_file_is_in_none(write):
    one = write("one", x=[1], odd=[1])
    two = write("two", x=[2], odd=pa.array([b"x"], pa.binary()))
    assert "two.parquet leaves out 'odd'" in sentence([one, two])
    for differing in ("common", "all"):
        with pytest.warns(LeftOutWarning, match="'odd'"):
            assert list(read([one, two], differing=differing)) == ["x"]


@pytest.mark.parametrize("option", ["differing", "missing"])
def test_what_is_no_choice_is_one_sentence(menus, option):
    assert f"{option}='no': wanted 'raise' or" in sentence(menus, **{option: "no"})


# ---------------------------------------------------------------- patterns


def test_patterns_mean_columns(write):
    columns = {"Muon_pt": [1], "Muon_eta": [2], "MET.x": [3], "METpt": [4], "a1": [5], "a2": [6]}
    file = write("t", **columns)
    assert list(read(file, ["Muon_*"])) == ["Muon_pt", "Muon_eta"]
    assert list(read(file, ["MET.*", "a?"])) == ["MET.x", "a1", "a2"]
    assert list(read(file, "a[2-9]")) == ["a2"]
    assert list(read(file, ["Muon_eta", "Muon_*", "*_pt"])) == ["Muon_eta", "Muon_pt"]
    assert list(read(file, drop=["M*", "a1"])) == ["a2"]
    assert list(read(file, ["Muon_*"], drop="*_pt")) == ["Muon_eta"]
    assert "has no column 'Mu?n_x*'" in sentence(file, ["Mu?n_x*"])
    assert "has no column 'b*'" in sentence(file, drop=["b*"])
    assert "has no column 'muon_*'" in sentence(file, ["muon_*"])


def test_a_column_of_that_very_name_is_meant_by_itself(write):
    file = write("t", **{"jet[2]": [1], "jet2": [2], "a*": [3], "ab": [4]})
    assert list(read(file, ["jet[2]", "a*"])) == ["jet[2]", "a*"]
    assert list(read(file, drop=["jet[2]", "a*"])) == ["jet2", "ab"]


def test_patterns_do_not_ask_for_what_is_left_out(write):
    file = write("t", ax=[1], ay=pa.array([b"x"], pa.binary()), bad=[np.nan], b=[1])
    with pytest.warns(LeftOutWarning, match="'ay'"):
        assert list(read(file, ["a*"])) == ["ax"]
    with pytest.warns(LeftOutWarning, match="'bad' .nothing but NaN"):
        assert list(read(file, ["b*"])) == ["b"]


# ---------------------------------------------------------------- nothing there

FORMATS = ["t.root", "n.root", "t.parquet", "t.h5", "t.npz", "t.csv"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_without_rows_is_an_empty_table(tmp_path, write, name):
    empty = write("e", n=([], pa.int32()), x=([], pa.float64()), b=([], pa.bool_()))
    table = read(empty)
    assert table.shape == (0, 3)
    assert table.dtypes.astype(str).tolist() == ["int32", "float64", "bool"]
    (piece,) = chunks(empty)
    pd.testing.assert_frame_equal(piece, table)
    done = convert(empty, tmp_path / name, layout="rntuple" if name[0] == "n" else None)
    assert done.rows == 0
    back = read(done.path)
    assert list(back) == list(table)
    assert len(back) == 0
    if name != "t.csv":
        pd.testing.assert_frame_equal(back, table)


def test_a_tree_without_rows_is_an_empty_table(trees):
    empty = trees("none", x=np.zeros(0, "f4"), n=np.zeros(0, "i8"))
    assert read(empty).dtypes.astype(str).tolist() == ["float32", "int64"]
    full = trees("full", x=np.ones(2, "f4"), n=np.ones(2, "i8"))
    for files in ([empty, full], [full, empty]):
        assert len(read(files)) == 2
    (piece,) = chunks([empty, empty])
    assert piece.shape == (0, 2)


@pytest.fixture
def gappy(trees):
    """Files of a chain of which two are of no use."""
    files = [trees("a", x=[1.0, 2.0]), trees("b", tree="other", x=[3.0])]
    return [*files, trees("c", x=np.zeros(0), y=np.zeros(0)), trees("d", x=[4.0])]


def test_files_without_tree_or_rows_can_be_skipped(gappy, tmp_path):
    assert "b.root has no tree 't'" in sentence(gappy, tree="t")
    with pytest.warns(LeftOutWarning, match=r"skipped .*b.root .*c.root .it has no rows") as told:
        found = read(gappy, tree="t", missing="skip")
    assert len(told) == 1
    assert found["x"].tolist() == [1, 2, 4]
    assert list(found.attrs["skipped"]) == [str(gappy[1]), str(gappy[2])]
    with pytest.warns(LeftOutWarning, match="skipped"):
        pieces = list(chunks(gappy, tree="t", missing="skip", rows=2))
    assert [piece["x"].tolist() for piece in pieces] == [[1, 2], [4]]
    done = convert(gappy, tmp_path / "o.root", tree="t", missing="skip")
    assert list(done.skipped) == list(found.attrs["skipped"])
    assert read(done.path)["x"].tolist() == [1, 2, 4]


def test_the_first_file_may_be_skipped_but_not_all(gappy):
    with pytest.warns(LeftOutWarning, match="skipped"):
        found = read([gappy[2], gappy[0]], tree="t", missing="skip")
    assert found["x"].tolist() == [1, 2]
    message = sentence(gappy[1:3], tree="t", missing="skip")
    assert "none of 2 files has a table with rows" in message


def test_an_empty_file_of_other_types_does_not_widen(tmp_path):
    (tmp_path / "a.csv").write_text("n\n1\n")
    (tmp_path / "b.csv").write_text("n\n")
    (tmp_path / "c.csv").touch()
    assert "is empty" in sentence(tmp_path / "*.csv")
    with pytest.warns(LeftOutWarning, match="skipped"):
        found = read(tmp_path / "*.csv", missing="skip")
    assert found["n"].dtype == np.int64


def test_columns_of_nothing_but_nan_are_told_at_the_end(tmp_path, trees):
    file = trees("t", x=[1.0, 2.0], bad=[np.nan, np.nan], worse=[np.nan, np.nan])
    with pytest.warns(LeftOutWarning, match="left out 'bad', 'worse' .nothing but NaN") as told:
        found = read(file)
    assert len(told) == 1
    assert list(found) == ["x"]
    assert found.attrs["left_out"] == dict.fromkeys(["bad", "worse"], "nothing but NaN")
    message = sentence(file, columns=["x", "bad"])
    assert "nothing but NaN in 'bad'" in message
    assert "drop=['bad']" in message
    assert "in all its columns" in sentence(file, drop=["x"])
    pieces = chunks(file, rows=1)
    assert list(next(pieces)) == ["x", "bad", "worse"]
    assert list(next(pieces)) == ["x", "bad", "worse"]
    with pytest.warns(LeftOutWarning, match="nothing but NaN in 'bad', 'worse'"):
        assert list(pieces) == []
    done = convert(file, tmp_path / "o.parquet")
    assert done.only_nan == ["bad", "worse"]
    assert done.left_out == {}
    with pytest.warns(LeftOutWarning, match="nothing but NaN"):
        pd.testing.assert_frame_equal(read(done.path), found)


def test_nan_in_one_file_alone_is_no_fault(trees):
    files = [trees("a", x=[np.nan], n=[1]), trees("b", x=[1.0], n=[2])]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(files)["x"].isna().tolist() == [True, False]
        assert len(list(chunks(files, rows=1))) == 2


# ---------------------------------------------------------------- numbers of rows


@pytest.mark.parametrize("write_tree", [False, True])
def test_row_numbers_that_uproot_writes_are_no_column(tmp_path, write_tree):
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    files = [tmp_path / "a.root", tmp_path / "b.root"]
    for start, file in zip((0, 3), files, strict=True):  # the second goes on counting
        with uproot.recreate(file) as root:
            if write_tree:
                columns = {"index": np.arange(start, start + 3), "x": frame["x"].to_numpy()}
                root.mktree("t", {"index": "i8", "x": "f8"}).extend(columns)
            else:
                root["t"] = frame.set_index(np.arange(start, start + 3))
    found = read(files[0])
    assert list(found) == ["x"]
    assert found.attrs["left_out"] == {"index": "it only numbers the rows"}
    assert list(read(files)) == ["x"]
    assert list(read(files[1])) == ["index", "x"]  # as far as one file can tell
    assert "it only numbers the rows" in sentence(files[0], columns=["index"])


@pytest.mark.parametrize(
    "values",
    [
        np.array([0, 1, 3]),
        np.array([1, 2, 3]),
        np.array([0, 1, 2], "i4"),
        np.array([0.0, 1, 2]),
        np.array([2, 1, 0]),
    ],
)
def test_a_real_column_called_index_stays(trees, values):
    assert list(read(trees("t", index=values, x=[1.0, 2, 3]))) == ["index", "x"]
    assert list(read(trees("t", index=np.arange(3)))) == ["index"]
    assert list(read(trees("t", number=np.arange(3), x=[1.0, 2, 3]))) == ["number", "x"]


def test_what_convert_wrote_keeps_its_columns(write, tmp_path):
    done = convert(write("t", index=[0, 1, 2], x=[1.0, 2, 3]), tmp_path / "o.root")
    assert list(read(done.path)) == ["index", "x"]


# ---------------------------------------------------------------- one open at a time


@pytest.fixture
def opened(monkeypatch):
    """Names of files, in the order in which they are opened."""
    names = []
    real = _chain.open_source

    def noting(path, *options):
        names.append(path.name)
        return real(path, *options)

    monkeypatch.setattr(_chain, "open_source", noting)
    return names


def test_trees_are_opened_once_each_when_their_rows_come(trees, opened):
    files = [trees(name, x=[1.0, 2.0]) for name in "abc"]
    pieces = chunks(files, rows=2)
    next(pieces)
    assert opened == ["a.root"]
    assert len(list(pieces)) == 2
    assert opened == ["a.root", "b.root", "c.root"]
    opened.clear()
    read(files)
    assert opened == ["a.root", "b.root", "c.root"]
    opened.clear()
    convert(files, files[0].with_name("o.parquet"))
    assert opened == ["a.root", "b.root", "c.root"]


def test_other_files_are_opened_once_each_too(write, opened):
    files = [write(name, x=[1.0, 2.0]) for name in "abc"]
    read(files)
    assert opened == ["a.parquet", "b.parquet", "c.parquet"]


def test_no_more_files_wait_open_than_there_is_room_for(write, monkeypatch):
    psutil = pytest.importorskip("psutil", reason="psutil lists the files that are open")
    monkeypatch.setattr(_chain, "MOST_OPEN", 2)
    files = [write(name, x=[1.0, 2.0]) for name in "abcd"]
    pieces = chunks(files, rows=2)
    names = {file.path for file in psutil.Process().open_files()}
    assert len(names & set(map(str, files))) <= 2
    assert len(list(pieces)) == 4
    names = {file.path for file in psutil.Process().open_files()}
    assert not names & set(map(str, files))


# ---------------------------------------------------------------- the command


def hepml(*words):
    """Run the command in this process: what it printed, and its complaint or None."""
    found = CliRunner().invoke(app, ["data", "convert", *map(str, words)])
    return found.stdout, found.stderr, found.exception


@pytest.mark.usefixtures("menus")
def test_the_command_converts_chains_that_differ(tmp_path):
    pattern = tmp_path / "[ot]*.root"
    *_, error = hepml(pattern, tmp_path / "o.parquet")
    assert isinstance(error, DataError)
    assert "two.root has no column 'HLT_a'" in str(error)
    words = ["--differing", "common", "--columns", "HLT_*,run", "--where", "run", ">", "1"]
    said, warned, error = hepml(pattern, tmp_path / "o.parquet", *words)
    assert error is None
    assert "2 rows" in said
    assert "left out 'HLT_a': not in two.root" in warned
    assert list(read(tmp_path / "o.parquet")) == ["HLT_b", "run"]
    *_, error = hepml(pattern, tmp_path / "p.parquet", "--differing", "all", "--drop", "HLT_*")
    assert error is None
    assert list(read(tmp_path / "p.parquet")) == ["run", "n", "njet", "jet", "x"]


def test_the_command_tells_of_skipped_files_and_nan(gappy, trees, tmp_path):
    _, warned, error = hepml(
        tmp_path / "?.root", tmp_path / "o.parquet", "--tree", "t", "--missing", "skip"
    )
    assert error is None
    assert f"skipped {gappy[1]}: b.root has no tree 't'" in warned
    assert f"skipped {gappy[2]}: it has no rows" in warned
    bad = trees("bad", x=[1.0], bad=[np.nan])
    _, warned, _ = hepml(bad, tmp_path / "p.parquet")
    assert "nothing but NaN in 'bad'" in warned


def test_the_command_cuts_lists(trees, tmp_path):
    pt = ak.Array([[10.0, 30.0], [], [25.0, 26.0]])
    file = trees("t", Muon_pt=pt, Muon_eta=pt / 10, met=[1.0, 2.0, 3.0])
    words = ["--where", "count(Muon_pt > 20)", ">=", "1", "--where", "Muon_pt", ">", "25.5"]
    *_, error = hepml(file, tmp_path / "o.parquet", "--columns", "Muon_*,met", *words)
    assert error is None
    found = read(tmp_path / "o.parquet")
    assert found["met"].tolist() == [1, 3]
    assert [list(one) for one in found["Muon_eta"]] == [[3.0], [2.6]]


def test_floats_missing_in_a_chain_are_missing_in_awkward(tmp_path):
    parts = {"a.root": [1.0, 2.0], "b.root": [None, 5.0]}
    for name, values in parts.items():
        with uproot.recreate(tmp_path / name) as file:
            file["t"] = ak.zip({"x": ak.Array(values)}, depth_limit=1)
    for names in (["a.root", "b.root"], ["b.root", "a.root"]):
        files = [tmp_path / name for name in names]
        values = [value for name in names for value in parts[name]]
        assert read(files, library="ak")["x"].tolist() == values
        np.testing.assert_array_equal(read(files)["x"], np.array(values, float))
        for target in ("t.root", "t.h5", "t.npz", "t.csv", "t.parquet"):
            convert(files, tmp_path / target, overwrite=True)
            np.testing.assert_array_equal(read(tmp_path / target)["x"], np.array(values, float))


def test_hdf5_files_without_a_table_can_be_skipped(tmp_path):
    h5py.File(tmp_path / "none.h5", "w").close()
    with h5py.File(tmp_path / "some.h5", "w") as file:
        file["x"] = [1, 2]
    files = [tmp_path / "none.h5", tmp_path / "some.h5"]
    assert "none.h5 holds no table" in sentence(files)
    with pytest.warns(LeftOutWarning, match="none.h5 holds no table"):
        assert read(files, missing="skip")["x"].tolist() == [1, 2]
