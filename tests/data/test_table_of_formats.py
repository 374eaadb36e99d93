"""The tables of the book that say what is read as what: every row is tried."""

import datetime as dt
import decimal
import json
import re
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hepml.cli._convert import convert as convert_command
from hepml.data import DataError, LeftOutWarning, convert, read
from hepml.data.files import LABELS

PAGE = Path(__file__).parents[2] / "book" / "data.md"
STRUCT = pa.struct([("pt", pa.float64()), ("phi", pa.float64())])
MET = {"pt": 1.5, "phi": 0.5}
D = decimal.Decimal

PARQUET = {
    "`uint64`, or any": {"x": pa.array([1, 2**64 - 1], pa.uint64())},
    "`float`, `double`": {"x": pa.array([1, 2], pa.float32()), "y": [1.0, 2.0]},
    "half precision": {"x": pa.array(np.ones(2, np.float16))},
    "truth values": {"x": [True, False]},
    "integers, some missing": {"x": [1, None]},
    "truth values, some missing": {"x": [True, None]},
    "floats, some missing": {"x": [1.5, None]},
    "text, categories": {"x": pa.array(["a", "b"]).dictionary_encode()},
    "categories of integers": {"x": pa.array([7, 9]).dictionary_encode()},
    "decimals of up to 15": {"x": [D("1.25"), D("2.5")]},
    "decimals of up to 18": {"x": pa.array([D(10**17), D(1)], pa.decimal128(18, 0))},
    "decimals of more": {"x": pa.array([D("1.5"), D(1)], pa.decimal128(38, 10)), "y": [1, 2]},
    "timestamps": {"x": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)] * 2},
    "dates": {"x": [dt.date(2026, 1, 1), None]},
    "times of day": {"x": [dt.time(1), None], "y": [dt.timedelta(1), None]},
    "lists of any": {"x": pa.array([[[1.5]], []], pa.large_list(pa.list_(pa.float32())))},
    "record `MET`": {"MET": pa.array([MET, None], STRUCT)},
    "list of records `Jet`": {"Jet": pa.array([[MET], []], pa.list_(STRUCT))},
    "map `m`": {"m": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int8()))},
    "binary values": {"x": [b"x", b"y"], "y": [1, 2]},
    "pandas' index without": pd.DataFrame({"y": [1, 2]}, index=[3, 5]),
    "pandas' index with": pd.DataFrame({"y": [1, 2]}, index=pd.Index([3, 5], name="event")),
}
CSV = {
    "whole numbers": "x\n1\n0x1F\n",
    "whole numbers up to": f"x\n{2**64 - 1}\n1\n",
    "whole numbers, some beyond": f"x,y\n{2**64},1\n1,2\n",
    "whole numbers, some missing": "x,y\n1,1\nNA,2\n",
    "numbers with point": "x\n1.5\n-inf\n",
    "`1.0D+03`": "x\n1.0D+03\n1.#QNAN\n−1.5\n",
    "`true`": "x\ntrue\nFalse\n",
    "dates and times": "x\n2026-01-01\n2026-01-02\n",
    "`1,5` with": "x;y\n1,5;1\n2,5;2\n",
    "a word in": "x\n1\n2\noops\n",
    "first column without a name, of numbers": ",y\n3,1\n5,2\n",
    "first column without a name, of words": ",y\na,1\nb,2\n",
}
INNER = np.dtype([("x", "f8"), ("y", "f8")])
RECORD = np.dtype([("pt", "f8"), ("hit", INNER)])
ARRAYS = {
    "array of one axis": {"x": np.ones(2)},
    "array `X` of two": {"X": np.ones((2, 3))},
    "array of more axes": {"x": np.ones((2, 3, 4))},
    "array of records": {"r": np.zeros(2, RECORD)},
    "record `hit`": {"r": np.zeros(2, RECORD)},
    "text": {"x": np.array([b"a", b"b"])},
    "lists of variable": h5py.vlen_dtype("f4"),
    "lists of records": h5py.vlen_dtype(INNER),
    "instants": {"x": np.array(["2026-01-01", "NaT"], "M8[us]")},
    "durations": {"x": np.array([1500, 1], "m8[ms]")},
    "complex numbers": {"x": np.ones(2, complex), "y": np.ones(2)},
    "pickled objects": {"x": np.array([{}, []], object)},
}
JSON = {
    "whole numbers": [{"x": 1}, {"x": 2}],
    "whole numbers and others": [{"x": 1}, {"x": 2.5}],
    "whole numbers, some": [{"x": 1}, {"x": None}],
    "`true`": [{"x": True}, {"x": False}],
    "text": [{"x": "a"}, {"x": "b"}],
    "object `MET`": [{"MET": MET}, {"MET": None}],
    "list of objects": [{"particles": [MET]}, {"particles": []}],
    "list": [{"x": [1]}, {"x": []}],
    "values of several": [{"x": 1, "y": 1}, {"x": "a", "y": 2}],
}


def rows(heading):
    """Return the cells of the rows below a heading of the page."""
    section = PAGE.read_text().split(f"#### {heading}\n")[1].split("\n#### ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!`)\|(?!`)", line)[1:-1]] for line in lines[2:]]


def cases(heading, examples):
    """Pair every row with its example; each has exactly one."""
    found = []
    for cells in rows(heading):
        keys = [key for key in examples if cells[0].startswith(key)]
        assert keys, f"no example for {cells[0]!r}"
        found.append(pytest.param(examples[max(keys, key=len)], cells[1], id=cells[0]))
    assert len(found) == len(examples)
    return found


def check(path, said):
    """Hold a file against what the page says of it: "left out", "a sentence", or types."""
    if said == "a sentence":
        with pytest.raises(DataError):
            read(path)
        return
    if said == "left out":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("hepml.data._chain.Table.tell", lambda _self: None)
            table = read(path)
        assert len(table.attrs["left_out"]) == 1
        assert "x" not in table
        return
    table = read(path)
    name, _, kinds = said.rpartition(": ")
    columns = [name.strip("`")] if name else list(table)
    wanted = [kind.strip("` ") for kind in kinds.split(",")]
    for column, kind in zip(columns, wanted, strict=False):
        found = str(table[column].dtype)
        assert found.startswith("list<") if kind == "list" else found == kind, column


@pytest.mark.parametrize(("example", "said"), cases("Parquet and Arrow", PARQUET))
def test_parquet(tmp_path, example, said):
    is_frame = isinstance(example, pd.DataFrame)
    table = pa.Table.from_pandas(example) if is_frame else pa.table(example)
    pq.write_table(table, tmp_path / "t.parquet")
    if said == "`int64`" and is_frame:
        assert list(read(tmp_path / "t.parquet")) == ["y", "event"]
    check(tmp_path / "t.parquet", said)


@pytest.mark.parametrize(("example", "said"), cases("CSV", CSV))
def test_csv(tmp_path, example, said):
    (tmp_path / "t.csv").write_text(example)
    check(tmp_path / "t.csv", said)


@pytest.mark.parametrize(("example", "said"), cases("HDF5, npz and npy", ARRAYS))
def test_arrays(tmp_path, example, said):
    if isinstance(example, np.dtype):
        with h5py.File(tmp_path / "t.h5", "w") as file:
            inner = example.metadata["vlen"]
            file.create_dataset("hits", (2,), example)[0] = np.zeros(3, inner)
        return check(tmp_path / "t.h5", said)
    np.savez(tmp_path / "t.npz", **example)
    check(tmp_path / "t.npz", said)
    (array,) = example.values() if len(example) == 1 else [None]
    if array is not None and array.dtype.kind not in "mMO":
        with h5py.File(tmp_path / "t.h5", "w") as file:
            file.update(example)
        check(tmp_path / "t.h5", said)
    return None


@pytest.mark.parametrize(("example", "said"), cases("JSON", JSON))
def test_json(tmp_path, example, said):
    (tmp_path / "t.json").write_text(json.dumps(example))
    check(tmp_path / "t.json", said)
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, example)))
    check(tmp_path / "t.jsonl", said)


WRITTEN = {
    "numbers and truth values": {"x": [1, 2], "y": [1.5, 2.5], "z": [True, False]},
    "text": {"x": ["a", "b"]},
    "missing floats": {"x": [1.5, None], "y": [1, 2]},
    "other missing values": {"x": [1, None], "y": [1, 2]},
    "instants": {"x": [dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)] * 2},
    "lists": {"x": [[1.5], []]},
    "lists of lists": {"x": [[[1.5], []], []]},
}
ENDINGS = ("root", "parquet", "h5", "npz", "csv")


def written_cases():
    for cells in rows("What can be written"):
        for ending, said in zip(ENDINGS, cells[1:], strict=True):
            yield pytest.param(WRITTEN[cells[0]], ending, said, id=f"{cells[0]}-{ending}")


@pytest.mark.parametrize(("columns", "ending", "said"), [*written_cases()])
def test_what_can_be_written(tmp_path, columns, ending, said):
    source, target = tmp_path / "source.parquet", tmp_path / f"t.{ending}"
    pq.write_table(pa.table(columns), source)
    if said == "no":
        with pytest.raises(DataError):
            convert(source, target)
        return
    convert(source, target)
    found, wanted = read(target), read(source)
    if said == "as text":
        wanted = wanted.assign(x=wanted["x"].dt.strftime("%Y-%m-%dT%H:%M:%S.%f"))
    for name in wanted:
        assert_same(found[name].tolist(), wanted[name].tolist())


def assert_same(found, wanted):
    assert [None if is_missing(one) else one for one in found] == [
        None if is_missing(one) else one for one in wanted
    ]


def is_missing(one):
    return one is pd.NA or one != one  # noqa: PLR0124 - as NaN is


def test_what_is_left_out_is_told_aloud(tmp_path):
    pq.write_table(pa.table(PARQUET["binary values"]), tmp_path / "t.parquet")
    with pytest.warns(LeftOutWarning, match="'x'"):
        read(tmp_path / "t.parquet")


@pytest.mark.parametrize("label", LABELS.values())
def test_every_format_is_named_where_people_look(label):
    assert label in read.__doc__
    assert label in convert_command.__doc__
