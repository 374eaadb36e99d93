"""JSON of any layout that programs write, held against Python's own, pandas and awkward."""

import gzip
import json

import awkward as ak
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepml.data import chunks, convert, read
from hepml.data.files import json as module
from tests.data.tables import sentence

PAIR = [{"pt": 1.0, "id": 11}, {"pt": 2, "id": 13}]
EVENTS = [
    {"run": 1, "MET": {"pt": 1.5, "n": 2}, "particles": PAIR},
    {"run": 2, "MET": {"pt": 2, "n": 1}, "particles": []},
    {"run": 3, "MET": None, "particles": [{"pt": 3, "id": 22}]},
]
FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [1.5, None]})


@pytest.fixture
def made(tmp_path):
    """Write text, or a thing as JSON, and return the path."""

    def make(content, name="t.json"):
        text = content if isinstance(content, str) else json.dumps(content)
        data = text.encode()
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return tmp_path / name

    return make


LAYOUTS = {
    "list": ("t.json", lambda: json.dumps(EVENTS)),
    "indented": ("t.json", lambda: "\ufeff\n" + json.dumps(EVENTS, indent=2) + "\n"),
    "lines": ("t.jsonl", lambda: "\n".join(map(json.dumps, EVENTS))),
    "lines, called json": ("t.json", lambda: "\n\n".join(map(json.dumps, EVENTS)) + "\n"),
    "packed": ("t.ndjson.gz", lambda: "\n".join(map(json.dumps, EVENTS))),
    "inside": ("t.json", lambda: json.dumps({"events": EVENTS})),
    "columns": ("t.json", lambda: json.dumps({k: [e[k] for e in EVENTS] for k in EVENTS[0]})),
    "awkward": ("t.json", lambda: ak.to_json(ak.Array(EVENTS))),
    "awkward, lines": ("t.json", lambda: ak.to_json(ak.Array(EVENTS), line_delimited=True)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [1 << 20, 7])
def test_events_in_every_layout(made, monkeypatch, layout, size):
    for name in ("BLOCK", "BATCH"):
        monkeypatch.setattr(module, name, size)
    name, write = LAYOUTS[layout]
    found = read(made(write(), name))
    assert found["run"].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(found["MET.pt"], [1.5, 2.0, np.nan])
    assert str(found["MET.n"].dtype) == "Int64"
    assert ak.from_arrow(pa.array(found["particles.pt"])).tolist() == [[1.0, 2.0], [], [3.0]]
    assert ak.from_arrow(pa.array(found["particles.id"])).tolist() == [[11, 13], [], [22]]
    assert [len(part) for part in chunks(made(write(), name), rows=2)] == [2, 1]


@pytest.mark.parametrize("orient", ["records", "columns", "index", "split", "table"])
def test_layouts_of_pandas(made, orient):
    found = read(made(FRAME.to_json(orient=orient)))
    pd.testing.assert_frame_equal(found, FRAME)
    named = FRAME.set_index(pd.Index(["p", "q"]))
    if orient == "split":
        assert read(made(named.to_json(orient=orient)))["index"].tolist() == ["p", "q"]


TYPES = {
    "integers": ([1, 2], "int64"),
    "unsigned": ([2**63, 1], "uint64"),
    "mixed": ([1, 2.5], "float64"),
    "large beside fractions": ([float(2**53), 0.5], "float64"),
    "missing": ([1, None], "Int64"),
    "missing floats": ([1.5, None], "float64"),
    "truth": ([True, False], "bool"),
    "truth, missing": ([True, None], "boolean"),
    "text": (["1.5", "NaN"], "str"),
}


@pytest.mark.parametrize("which", TYPES)
@pytest.mark.parametrize("size", [1 << 20, 7])
def test_types_are_those_of_the_whole_file(made, monkeypatch, which, size):
    for name in ("BLOCK", "BATCH"):
        monkeypatch.setattr(module, name, size)
    values, kind = TYPES[which]
    found = read(made([{"x": value, "y": 1} for value in values]))["x"]
    assert str(found.dtype) == kind
    assert [None if pd.isna(v) else v for v in found] == values


def test_a_key_that_is_not_there_is_missing(made):
    found = read(made([{"a": 1, "t": "x"}, {"b": 2.5}]))
    assert found["a"].isna().tolist() == [False, True]
    assert found["t"].isna().tolist() == [False, True]
    np.testing.assert_array_equal(found["b"], [np.nan, 2.5])


@pytest.mark.parametrize(
    "values", [[1, "a"], [True, 1], [[1], 2], [{"z": 1}, 2], [[1, "a"], []], [2**64, 1]]
)
def test_values_of_several_types_are_left_out_aloud(made, values):
    path = made([{"x": value, "y": 1} for value in values])
    with pytest.warns(UserWarning, match="its values are of several types, or beyond 64 bits"):
        found = read(path)
    assert found["y"].tolist() == [1, 1]
    assert found.attrs["left_out"].keys() == {"x"}


@pytest.mark.parametrize("values", [[2**53 + 1, 1.5], [-1, 2**63]])
@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: [one], lambda one: {"in": one}])
def test_integers_that_fit_no_type_are_never_rounded(made, values, wrap):
    path = made([{"x": wrap(value), "y": 1} for value in values])
    said = sentence(path)
    assert "'x" in said
    assert "of t.json: " in said
    assert "no type holds both: leave it out by drop=" in said
    assert read(path, drop="x*")["y"].tolist() == [1, 1]
    assert read(path, "y")["y"].tolist() == [1, 1]


@pytest.mark.parametrize("name", ["t.jsonl", "t.ndjson", "t.jsonl.gz"])
def test_a_single_line_of_records_is_one_event(made, name):
    found = read(made({"p": [{"pt": 1.5}, {"pt": 2.5}], "x": [1, 2], "y": [3, 4]}, name))
    assert list(found) == ["p.pt", "x", "y"]
    assert [found[column].iloc[0] for column in found] == [[1.5, 2.5], [1, 2], [3, 4]]


def test_an_empty_list_in_a_chain_can_be_skipped(made):
    files = [made([], "none.json"), made([{"x": 1}], "one.json")]
    with pytest.warns(UserWarning, match="none.json holds no records"):
        found = read(files, missing="skip")
    assert found["x"].tolist() == [1]


def test_one_of_several_tables_is_named(made):
    path = made({"a": EVENTS, "b": EVENTS[:2], "year": 2026})
    assert "2 trees, name one of them: 'a', 'b'" in sentence(path)
    with pytest.warns(UserWarning, match="it stands beside the table 'b'"):
        assert read(path, tree="b")["run"].tolist() == [1, 2]
    assert "no tree 'c'" in sentence(path, tree="c")
    assert "holds no tree" in sentence(made(EVENTS), tree="a")


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ('[{"x":1},', "line 1"),
        ('[{"x":1}\n {"x":2}]', "a comma or a bracket is missing in line 2"),
        ('{"x":1}\n{"x":', "line 2"),
        ('[{"x":1}] 5', "more follows the list"),
        ("[[1,2]]", "where a record with names is wanted"),
        ("[1]", "holds 1 where a record"),
        ("3", "it starts with '3'"),
        ("[]", "holds no records"),
        ("  ", "nothing in it"),
        ("{}", "nothing that a table can hold"),
        ('[{"x":2}, {"x":-1}, {"x":9223372036854775808}]', "stand beside some beyond"),
    ],
)
def test_what_is_no_table_is_one_sentence(made, content, hint):
    assert hint in sentence(made(content))


def test_cut_at_any_place(made, tmp_path):
    text = json.dumps(EVENTS)
    for length in range(1, len(text) - 1, 7):
        assert sentence(made(text[:length]))
    packed = made(EVENTS * 50, "t.json.gz").read_bytes()
    (tmp_path / "t.json.gz").write_bytes(packed[:-12])
    assert "truncated" in sentence(tmp_path / "t.json.gz")
    (tmp_path / "t.json").write_bytes(b"[{\xff")
    assert "not UTF-8" in sentence(tmp_path / "t.json")


def test_a_value_longer_than_a_limit_is_refused(made, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 100)
    monkeypatch.setattr(module, "LARGEST", 1000)
    assert "write one record per line" in sentence(made({"x": list(range(1000))}))
    assert len(read(made([{"x": 1}] * 1000))) == 1000


def test_json_is_converted_and_not_written(made, tmp_path):
    convert(made(EVENTS), tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(found, read(made(EVENTS)))
    assert "JSON files are not written" in sentence(
        tmp_path / "t.parquet", tmp_path / "o.json", act=convert
    )


plain = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-9, 9)
plain |= st.text(st.characters(codec="utf-8"), max_size=3)
anything = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=4,
)


@pytest.mark.parametrize("nested", [lambda x: x, lambda x: [x], lambda x: {"y": [[x]]}])
def test_truth_values_beside_floats_are_no_numbers(tmp_path, nested):
    from hepml.data import DataError, read

    records = [{"x": nested(True), "z": 1.0, "w": True}, {"x": nested(0.5), "z": 2.5, "w": False}]
    (tmp_path / "t.json").write_text(json.dumps(records))
    with pytest.warns(UserWarning, match="several types"):
        table = read(tmp_path / "t.json")
    assert list(table) == ["z", "w"]
    (tmp_path / "t.json").write_text(json.dumps([{"x": one["x"]} for one in records]))
    with pytest.raises(DataError, match="several types"):
        read(tmp_path / "t.json")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(st.sampled_from("xyz"), anything), min_size=1, max_size=5))
def test_anything_is_a_table_or_a_sentence(tmp_path, records):
    from hepml.data import DataError
    from hepml.data.files import open_source

    (tmp_path / "t.json").write_text(json.dumps(records))
    try:
        with open_source(tmp_path / "t.json") as source:
            batches = list(source.batches(source.schema.names))
    except DataError:
        return
    assert sum(batch.num_rows for batch in batches) == source.rows == len(records)
    for name in set("xyz") & set(source.schema.names):
        found = [v for batch in batches for v in batch.column(name).to_pylist()]
        wanted = [record.get(name) for record in records]
        assert all(map(alike, found, wanted)), name


def alike(one, other):
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if other is None:
        return one is None or one != one  # noqa: PLR0124 - NaN
    return one == other and isinstance(one, bool) == isinstance(other, bool)
