"""Records, times and decimals as columns, held against awkward, pandas and exact arithmetic."""

import datetime as dt
import decimal
import itertools

import awkward as ak
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepml.data import DataError, LeftOutWarning, chunks, col, convert, read
from hepml.data.files._leaves import pick, spread
from tests.data.tables import sentence

JETS = [
    {"pt": 50.0, "n": 3, "hits": [{"q": 1}, {"q": 2}]},
    {"pt": 30.0, "n": 1, "hits": []},
]
EVENTS = ak.Array(
    {
        "Jet": [JETS, [], JETS[:1]],
        "MET": [{"pt": 10.0, "at": {"x": 1}}, {"pt": 11.0, "at": {"x": 2}}, None],
        "w": [1.0, -1.0, 1.0],
    }
)
PATHS = ["Jet.pt", "Jet.n", "Jet.hits.q", "MET.pt", "MET.at.x", "w"]
D = decimal.Decimal


@pytest.fixture(params=["parquet", "extension.parquet", "feather"])
def nano(tmp_path, request):
    """Path of events as awkward writes them."""
    path = tmp_path / f"nano.{request.param}"
    if request.param == "feather":
        pa.feather.write_feather(ak.to_arrow_table(EVENTS, extensionarray=False), path)
    else:
        ak.to_parquet(EVENTS, path, extensionarray=request.param.startswith("ext"))
    return path


def same(one, other):
    """Whether values agree, where a missing number of either is None, NaN or NA."""
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (pd.isna(one) and pd.isna(other))


def plain(values):
    return [
        ak.to_list(v) if hasattr(v, "__len__") and not isinstance(v, str) else v for v in values
    ]


def test_records_of_awkward_become_columns(nano):
    found = read(nano)
    assert list(found) == PATHS
    assert found.attrs["left_out"] == {}
    for path in PATHS:
        wanted = EVENTS
        for part in path.split("."):
            wanted = wanted[part]
        assert same(plain(found[path]), wanted.tolist()), path
    assert str(found["MET.at.x"].dtype) == "Int64"
    lists = ak.from_arrow(pa.array(found["Jet.hits.q"]))
    assert lists.tolist() == EVENTS.Jet.hits.q.tolist()


def test_columns_of_records_are_read_alone_and_cut_upon(nano):
    for path in PATHS:
        assert list(read(nano, [path])) == [path]
    assert list(read(nano, ["w", "Jet.n"])) == ["w", "Jet.n"]
    assert read(nano, "Jet.pt", where=col("MET.pt") > 10.5)["Jet.pt"].map(len).tolist() == [0]
    assert [len(part) for part in chunks(nano, "Jet.pt", rows=2)] == [2, 1]
    assert "its parts are columns, 'Jet.pt' to 'Jet.hits.q'" in sentence(nano, columns=["Jet"])


@pytest.mark.parametrize("target", ["t.parquet", "t.h5", "t.npz", "t.csv"])
def test_records_are_converted(tmp_path, nano, target):
    drop = ["MET.at.x"]  # an integer that is missing
    done = convert(nano, tmp_path / target, drop=drop)
    lost = [name for name in PATHS if name.startswith("Jet")] if target == "t.csv" else []
    assert list(done.left_out) == lost
    found = read(tmp_path / target)
    assert list(found) == [name for name in PATHS if name not in (*drop, *lost)]
    whole = read(nano)
    for name in found:
        assert same(plain(found[name]), plain(whole[name])), name


def written(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


def test_members_whose_name_is_taken(tmp_path):
    path = written(
        tmp_path / "t.parquet", **{"a.b": [1, 2], "a": [{"b": 3, "c": 5}, {"b": 4, "c": 6}]}
    )
    with pytest.warns(UserWarning, match="its member 'b' has the name of another column"):
        found = read(path)
    assert found["a.b"].tolist() == [1, 2]
    assert found["a.c"].tolist() == [5, 6]


def test_all_kinds_of_lists_and_maps(tmp_path):
    record = pa.struct([("x", pa.int32()), ("y", pa.dictionary(pa.int8(), pa.string()))])
    pairs = [[{"x": 1, "y": "a"}, {"x": 2, "y": "b"}], [{"x": 3, "y": "a"}, {"x": 4, "y": "b"}]]
    path = written(
        tmp_path / "t.parquet",
        large=pa.array(pairs, pa.large_list(record)),
        fixed=pa.array(pairs, pa.list_(record, 2)),
        deep=pa.array([pairs, []], pa.list_(pa.list_(record))),
        m=pa.array([[("k", 1.5)], None], pa.map_(pa.string(), pa.float32())),
        inner=pa.array([[1.5, None], None], pa.list_(pa.float32())),
        nothing=pa.array([[], []], pa.list_(pa.null())),
    )
    found = read(path)
    for name in ("large", "fixed"):
        assert plain(found[f"{name}.x"]) == [[1, 2], [3, 4]]
        assert plain(found[f"{name}.y"]) == [["a", "b"], ["a", "b"]]
    assert plain(found["deep.x"]) == [[[1, 2], [3, 4]], []]
    assert same(plain(found["m.key"]), [["k"], None])
    assert same(plain(found["m.value"]), [[1.5], None])
    assert plain(found["inner"])[0][0] == 1.5
    assert ak.from_arrow(pa.array(found["nothing"])).tolist() == [[], []]


kinds = st.sampled_from([pa.int16(), pa.float64(), pa.string()])
members = st.lists(kinds, min_size=1, max_size=2).map(
    lambda types: pa.struct([(f"m{i}", kind) for i, kind in enumerate(types)])
)
nested = st.recursive(kinds | members, lambda inner: inner.map(pa.list_), max_leaves=3)


def values_of(kind):
    if pa.types.is_struct(kind):
        parts = {member.name: values_of(member.type) for member in kind}
        return st.fixed_dictionaries(parts)
    if pa.types.is_list(kind):
        return st.lists(values_of(kind.value_type), max_size=3)
    single = {"int16": st.integers(-9, 9), "string": st.text("ab", max_size=2)}
    return single.get(str(kind), st.floats(-9, 9))


@st.composite
def columns(draw):
    kind = draw(nested)
    return pa.array(draw(st.lists(values_of(kind), min_size=1, max_size=6)), kind)


def walked(value, path):
    """Take a member out of plain Python values, through lists."""
    if isinstance(value, list):
        return [walked(one, path) for one in value]
    return walked(value[path[0]], path[1:]) if path else value


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns(), st.integers(0, 3))
def test_any_column_is_taken_apart_also_when_sliced(array, start):
    array = array.slice(min(start, len(array) - 1))
    leaves, left_out = spread(pa.schema([("c", array.type)]))
    assert not left_out
    for leaf in leaves.values():
        found = pick(array, leaf.path[1:], leaf.type)
        found.validate(full=True)
        assert found.type == leaf.type
        assert found.to_pylist() == walked(array.to_pylist(), leaf.path[1:])


@given(st.integers(1, 15), st.integers(0, 15), st.data())
@settings(deadline=None)
def test_decimals_become_the_nearest_float(precision, scale, data):
    scale = min(scale, precision)
    digits = data.draw(st.integers(-(10**precision) + 1, 10**precision - 1))
    value = D(digits).scaleb(-scale)
    array = pa.array([value], pa.decimal128(precision, scale))
    (leaf,) = spread(pa.schema([("x", array.type)]))[0].values()
    found = pick(array, (), leaf.type)[0].as_py()
    assert found == float(value)
    assert D(repr(found)) == value


def test_decimals_that_no_float_keeps_are_left_out(tmp_path):
    path = written(
        tmp_path / "t.parquet",
        lumi=[D("1.50"), D("2.25")],
        number=pa.array([D(10**18 - 1), None], pa.decimal128(18, 0)),
        long=pa.array([D("0.1"), D("0.2")], pa.decimal128(38, 18)),
        list=pa.array([[D("1.5")], []], pa.list_(pa.decimal256(5, 1))),
    )
    with pytest.warns(UserWarning, match="a decimal of 38 digits, of which a float keeps 15"):
        found = read(path)
    assert found["lumi"].tolist() == [1.5, 2.25]
    assert str(found["number"].dtype) == "Int64"
    assert found["number"][0] == 10**18 - 1
    assert plain(found["list"]) == [[1.5], []]
    assert "of which a float keeps 15" in sentence(path, columns=["long"])


MOMENT = dt.datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=dt.UTC)
TIMES = {
    "s": pa.timestamp("s"),
    "ms": pa.timestamp("ms"),
    "us": pa.timestamp("us"),
    "ns": pa.timestamp("ns"),
    "zone": pa.timestamp("us", "Europe/Zurich"),
}


@pytest.fixture
def times(tmp_path):
    instants = {
        name: pa.array([MOMENT, None], pa.timestamp("us", "UTC")).cast(kind, safe=False)
        for name, kind in TIMES.items()
    }
    return written(
        tmp_path / "times.parquet",
        **instants,
        day=[dt.date(2026, 7, 1), None],
        clock=[dt.time(1, 0, 0, 5), None],
        took=[dt.timedelta(days=-1, seconds=1.5), None],
        lists=pa.array([[MOMENT], []], pa.list_(pa.timestamp("us", "UTC"))),
    )


def test_instants_stay_and_durations_are_seconds(times):
    found = read(times)
    for name in TIMES:
        unit = "ms" if name in ("s", "ms") else "us" if name == "zone" else name
        assert str(found[name].dtype) == f"datetime64[{unit}]"
        whole = pd.Timestamp(MOMENT).tz_localize(None).floor("s" if name == "s" else unit)
        assert found[name][0] == whole
        assert found[name].isna().tolist() == [False, True]
    assert found["day"].dt.date[0] == dt.date(2026, 7, 1)
    assert found["clock"][0] == 3600.000005
    assert found["took"][0] == pytest.approx(-86398.5, abs=0)
    assert ak.from_arrow(pa.array(found["lists"])).tolist()[1] == []


@pytest.mark.parametrize("target", ["t.parquet", "t.npz", "t.h5", "t.csv", "t.root"])
def test_instants_are_converted(tmp_path, times, target):
    whole = read(times, ["us", "zone"])[:1]
    pq.write_table(pa.Table.from_pandas(whole), tmp_path / "s.parquet")
    convert(tmp_path / "s.parquet", tmp_path / target)
    found = read(tmp_path / target)
    if target in ("t.parquet", "t.npz"):
        pd.testing.assert_frame_equal(found, whole)
    else:
        assert found["us"].tolist() == ["2026-07-01T12:30:15.123456"]
        assert pd.to_datetime(found["zone"]).tolist() == whole["zone"].tolist()


def test_missing_instants(tmp_path, times):
    for name in ("t.parquet", "t.npz"):
        convert(times, tmp_path / name, columns=["us"])
        assert read(tmp_path / name)["us"].isna().tolist() == [False, True]
    assert "missing values" in sentence(times, tmp_path / "t.h5", act=convert, columns=["us"])


def test_instants_are_no_cut_and_no_variable(times):
    assert "holds instants: no cut can use it" in sentence(times, where=col("us") > 3)


def test_odd_names_of_good_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    good = written(tmp_path / "good.parquet", x=[1, 2]).read_bytes()
    names = [
        "file:x.parquet",
        "s3:x",
        "http:",
        "100%.parquet",
        "a b#?.pq",
        "ü",
        "x.csv",
        b"\xff.pq",
    ]
    for name in names:
        path = tmp_path / (name if isinstance(name, str) else name.decode(errors="surrogateescape"))
        path.write_bytes(good)
        assert read(path)["x"].tolist() == [1, 2]
    assert read("file:x.parquet")["x"].tolist() == [1, 2]


FRAME = pd.DataFrame({"pt": [1.5, 2.5, 3.5], "y": [1, 0, 1]}, index=[5, 7, 9])
LEVELS = FRAME.set_index([pd.Index([0, 0, 1]), pd.Index([0, 1, 0])])
INDEXES = {
    "row numbers": (FRAME, ["pt", "y"]),
    "of floats": (FRAME.set_index(pd.Index([0.0, 1.0, 2.0])), ["pt", "y"]),
    "with a name": (FRAME.rename_axis("event"), ["pt", "y", "event"]),
    "of words": (FRAME.set_index(pd.Index(["a", "b", "c"])), ["pt", "y", "__index_level_0__"]),
    "levels": (LEVELS, ["pt", "y", "__index_level_0__", "__index_level_1__"]),
    "named levels": (LEVELS.rename_axis(["entry", "subentry"]), ["pt", "y", "entry", "subentry"]),
}


@pytest.mark.parametrize("which", INDEXES)
def test_indexes_of_pandas(tmp_path, which):
    frame, wanted = INDEXES[which]
    frame.to_parquet(tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet")
    assert list(found) == wanted
    frame.to_csv(tmp_path / "t.csv")
    again = read(tmp_path / "t.csv")
    assert set(again) == {name.replace("__index_level_", "Unnamed: ").strip("_") for name in wanted}
    pd.read_csv(tmp_path / "t.csv").to_csv(tmp_path / "again.csv", index=False)
    assert set(read(tmp_path / "again.csv")) == set(again)
    for one, name in itertools.product((found, again), ("pt", "y")):
        assert one[name].tolist() == frame[name].tolist()


def test_row_numbers_are_left_out_quietly_and_said_when_asked_for(tmp_path):
    FRAME.to_parquet(tmp_path / "t.parquet")
    assert read(tmp_path / "t.parquet").attrs["left_out"] == {
        "__index_level_0__": "it only numbers the rows"
    }
    told = sentence(tmp_path / "t.parquet", columns=["__index_level_0__"])
    assert "it only numbers the rows" in told
    assert convert(tmp_path / "t.parquet", tmp_path / "t.h5").left_out == {}
    alone = written(tmp_path / "alone.parquet", __index_level_0__=[1, 2])
    assert read(alone)["__index_level_0__"].tolist() == [1, 2]


def test_an_index_that_fastparquet_wrote(tmp_path):
    notes = {b"pandas": b'{"index_columns": ["index"], "columns": []}'}
    table = pa.table({"index": [0, 1], "pt": [1.5, 2.5]}).replace_schema_metadata(notes)
    pq.write_table(table, tmp_path / "t.parquet")
    assert list(read(tmp_path / "t.parquet")) == ["pt"]


def test_damaged_arrow_files(tmp_path):
    pa.feather.write_feather(pa.table({"x": np.arange(1000)}), tmp_path / "t.feather")
    whole = (tmp_path / "t.feather").read_bytes()
    for length in (20, len(whole) // 2, len(whole) - 3):
        (tmp_path / "t.feather").write_bytes(whole[:length])
        with pytest.raises(DataError, match="damaged or not complete as Arrow file"):
            read(tmp_path / "t.feather")


def test_an_arrow_file_says_where_values_are_missing(tmp_path):
    whole = pa.table({"i": [1, 2], "o": [1, None], "b": [True, False]})
    pa.feather.write_feather(whole, tmp_path / "some.feather")
    pa.feather.write_feather(whole.slice(0, 0), tmp_path / "none.feather")
    assert list(map(str, read(tmp_path / "some.feather").dtypes)) == ["int64", "Int64", "bool"]
    convert(tmp_path / "some.feather", tmp_path / "t.root", columns=["i", "b"])
    files = [tmp_path / "none.feather", tmp_path / "some.feather"]
    with pytest.warns(LeftOutWarning, match="it has no rows"):
        assert read(files, "i", missing="skip")["i"].tolist() == [1, 2]


@pytest.mark.parametrize("name", ["t.parquet", "t.feather"])
def test_a_file_of_nothing_readable_says_why(tmp_path, name):
    table, write = pa.table({"b": [b"x"]}), pa.feather.write_feather
    (write if name.endswith("feather") else pq.write_table)(table, tmp_path / name)
    assert "can hold: 'b': no table can hold its type" in sentence(tmp_path / name)
