"""Tables as text: every way to write one, types that hold for all of it, and what is refused."""

import gzip
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepml.data import DataError, chunks, convert, read
from hepml.data.files import base, csv
from tests.data.tables import sentence


@pytest.fixture
def text(tmp_path):
    """Return a function that writes text to a file and gives its path."""

    def write(content, name="t.csv", encoding="utf-8"):
        (tmp_path / name).write_bytes(content.encode(encoding))
        return tmp_path / name

    return write


@pytest.fixture
def small_blocks(monkeypatch):
    """Let even a short file come in many blocks, and keep none of them."""
    monkeypatch.setattr(csv, "BLOCK_BYTES", 64)
    monkeypatch.setattr(csv, "KEPT_BYTES", 0)


PLAIN = {"a": [1, -2], "b": [0.5, 1e-3], "c": ["s", "b"]}


@pytest.mark.parametrize(
    "content",
    [
        "a,b,c\n1,0.5,s\n-2,1e-3,b\n",
        "a,b,c\n1,0.5,s\n-2,1e-3,b",
        "a,b,c\r\n1,0.5,s\r\n-2,1e-3,b\r\n",
        "a;b;c\n1;0.5;s\n-2;1e-3;b\n",
        "a\tb\tc\n1\t0.5\ts\n-2\t1e-3\tb\n",
        "a b c\n1 0.5 s\n-2 1e-3 b\n",
        "  a   b\tc \r\n 1  0.5   s\r\n-2  1e-3  b  \r\n".replace("\t", "  "),
        "\ufeffa,b,c\n1,0.5,s\n-2,1e-3,b\n",
        "# made by hand\n\na,b,c\n# first\n1,0.5,s\n\n# second, with commas\n-2,1e-3,b\n#end",
        '"a","b","c"\n"1","0.5","s"\n-2,"1e-3",b\n',
        " a, b, c\n1, 0.5,s\n-2, 1e-3,b\n",
    ],
)
def test_all_ways_to_write_a_table(text, content):
    for name in ("t.csv", "t.txt", "t.tsv"):
        assert read(text(content, name)).to_dict("list") == PLAIN
    path = text("", "t.csv.gz")
    path.write_bytes(gzip.compress(content.encode()))
    assert read(path).to_dict("list") == PLAIN


TEXT = str(pd.Series(["s"]).dtype)  # "str" since pandas 3


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2"], "int64"),
        (["1", "2.5"], "float64"),
        (["1", ""], "float64"),
        (["1", "nan"], "float64"),
        (["1", "inf"], "float64"),
        (["9007199254740993", ""], "Int64"),
        (["true", "False"], "bool"),
        (["true", ""], "boolean"),
        (["s", "b"], TEXT),
        (["2020-01-01", "2021-01-01"], TEXT),
        (["10:30", "11:45"], TEXT),
        (["b", "1"], TEXT),
        (["true", "1"], TEXT),
        (["-999", "-999.0"], "float64"),
    ],
)
def test_types_are_those_of_the_whole_column(text, monkeypatch, values, kind):
    content = "x,y\n" + "".join(f"{value},{n}\n" for value in values for n in range(40))
    whole = read(text(content))
    assert str(whole["x"].dtype) == kind
    monkeypatch.setattr(csv, "BLOCK_BYTES", 64)
    for kept in (0, 10**6):
        monkeypatch.setattr(csv, "KEPT_BYTES", kept)
        pieces = list(chunks(text(content), rows=7))
        assert {str(piece["x"].dtype) for piece in pieces} == {kind}
        pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), whole)


@pytest.mark.usefixtures("small_blocks")
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.floats(), st.integers(-(2**63), 2**63 - 1), st.text("sbé\"', ;", max_size=3)),
        min_size=1,
        max_size=30,
    )
)
def test_numbers_and_texts_are_those_that_pandas_wrote(tmp_path, rows):
    table = pd.DataFrame(rows, columns=["x", "n", "t"]).assign(t=lambda d: d["t"] + "z")
    table.to_csv(tmp_path / "t.csv", index=False)
    found = read(tmp_path / "t.csv", ["n", "t"])
    assert found["n"].tolist() == table["n"].tolist()
    assert found["t"].tolist() == table["t"].tolist()
    if table["x"].notna().any():
        found = read(tmp_path / "t.csv", "x")["x"].to_numpy(float)
        np.testing.assert_array_equal(found, table["x"])


def test_text_stays_as_it_is(text):
    table = read(text('t,u\n007,"NA"\nx,\n"a,b",nan\n# no,comment\n'))
    assert table["t"].tolist() == ["007", "x", "a,b"]
    assert table["u"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_index_that_pandas_writes_is_left_out(tmp_path, separator):
    table = pd.DataFrame({"a": [1.5, 2.5], "b": ["s", "b"]}, index=[7, 9])
    table.to_csv(tmp_path / "t.csv", sep=separator)
    found = read(tmp_path / "t.csv")
    pd.testing.assert_frame_equal(found, table.reset_index(drop=True))
    assert list(found.attrs["left_out"]) == [""]
    assert list(read(tmp_path / "t.csv", "b")) == ["b"]
    assert "left out" in sentence(tmp_path / "t.csv", columns=[""])
    convert(tmp_path / "t.csv", tmp_path / "t.parquet")
    assert list(read(tmp_path / "t.parquet")) == ["a", "b"]


@pytest.mark.parametrize("index", [None, [7, 9], [9, 7]])
@pytest.mark.parametrize("columns", [1, 2, 12])
def test_a_table_of_pandas_whose_columns_have_no_names(tmp_path, rng, index, columns):
    path, values = tmp_path / "t.csv", rng.normal(size=(2, columns))
    pd.DataFrame(values, index=index).to_csv(path)
    found = read(path)
    assert list(found) == [str(i) for i in range(columns)]
    np.testing.assert_array_equal(found, values)
    assert list(found.attrs["left_out"]) == [""]
    names = [f"x{i}" for i in range(columns)]
    np.testing.assert_array_equal(read(path, names=names)[names], values)
    wrong = f"names= gives {columns + 1} names, t.csv has {columns} columns"
    assert wrong in sentence(path, names=[*names, "more"])


@pytest.mark.parametrize("content", [",0,1\n1.5,0,1\n", ",0\n,1\n2,0\n", ",0,2\n0,1,2\n", ",0\n"])
def test_a_row_without_its_first_value_is_not_taken_for_names(text, content):
    assert "starts with numbers, not with names" in sentence(text(content))


def test_text_with_commas_is_text(text):
    assert read(text("a;b\n1,5;2\nx,y;3\n"))["a"].tolist() == ["1,5", "x,y"]
    path = text("a;b\n1,5;2\n2,5;3\n")
    assert "decimal commas" in sentence(path)
    assert read(path, "b")["b"].tolist() == [2, 3]


def test_names_can_be_given(text):
    path = text("1,s\n2,b\n")
    assert read(path, names=["x", "label"]).to_dict("list") == {"x": [1, 2], "label": ["s", "b"]}
    assert [len(piece) for piece in chunks(path, names=["x", "y"], rows=1)] == [1, 1]
    assert "names= gives 1 names, t.csv has 2 columns" in sentence(path, names=["x"])
    assert "twice" in sentence(path, names=["x", "x"])
    assert "leave out names=" in sentence(text("x,y\n1,2\n"), names=["x", "y"])


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("1,2\n3,4\n", "starts with numbers, not with names: give them by names="),
        ("1 -999.0 nan\n3 4 5\n", "starts with numbers"),
        ("a,b,a\n1,2,3\n", "two columns named 'a'"),
        ("a,,b\n0,1,2\n", "column 2 has no name"),
        (",a,\n0,1,2\n", "column 3 has no name"),
        ("a;b\n1,5;2\n,25;4\n-2;5\n", "column 'a' has decimal commas ('1,5')"),
        ("# nothing\n\n", "is empty"),
        ("a,b\n1,2\n3\n", "line 3 has 1 of 2 values"),
        ("# c\n\na,b\n1,2\n\n# c\n3,4,5\n", "line 7 has 3 of 2 values"),
        ("a,b\n1,2\n3,oops\n4,5\n", "row 2 of column 'b' holds 'oops', where numbers were"),
        ("a,b\n1,2\n3,nan\n", None),
        ("a,b\n1,2\n3,\0\n", "line 3 holds a zero byte"),
        ("a\n1,5\n2,5\n", "line 2 has 2 of 1 values"),
    ],
)
def test_what_is_no_table_is_one_sentence(text, content, hint):
    if hint is None:
        assert len(read(text(content))) == 2
    else:
        assert hint in sentence(text(content))


@pytest.mark.usefixtures("small_blocks")
def test_lines_and_rows_are_counted_over_all_blocks(text):
    rows = [f"{n},{n}" for n in range(100)]
    content = "# comment\na,b\n" + "\n".join(rows)
    assert "line 103 has 1 of 2 values" in sentence(text(content + "\n7\n8,8\n"))
    assert "row 101 of column 'b' holds 'x'" in sentence(text(content + "\n7,x\n8,8\n"))
    assert read(text(content + "\n7,x\n8,8\n"), "a")["a"].iloc[-1] == 8
    assert "line 103 is not UTF-8" in sentence(text(content + "\n7,é\n", encoding="latin-1"))


def test_words_that_are_rare_are_wrong_and_words_that_are_many_are_text(text):
    assert "holds 'x'" in sentence(text("a\n1\n2\nx\n"))
    assert read(text("a\n1\nx\ny\n"))["a"].tolist() == ["1", "x", "y"]


@pytest.mark.usefixtures("small_blocks")
def test_a_line_without_end_is_no_table(text):
    assert "no end of line" in sentence(text("a" * 1000 + "," + "b" * 1000))


def test_rows_may_be_longer_than_what_is_parsed_at_once(text, monkeypatch):
    monkeypatch.setattr(csv, "PIECE_BYTES", 100)
    names = [f"c{n}" for n in range(200)]
    content = "\n".join([",".join(names), ",".join(["1.25"] * 200), ",".join(["2"] * 200)])
    table = read(text(content))
    assert table.shape == (2, 200)
    assert table["c199"].tolist() == [1.25, 2]
    assert "line 4 has 1 of 200 values" in sentence(text(content + "\n1\n"))


def test_absurdly_many_columns_are_no_table(text):
    assert "too many" in sentence(text(",".join(f"c{n}" for n in range(20_001)) + "\n"))


def test_other_encodings_are_refused(text):
    assert "not UTF-8" in sentence(text("a,b\n1,2\n", encoding="utf-16"))
    path = text("")
    path.write_bytes(b"a,b\n\xff\xfe\x00\x01,2\n")
    assert "is damaged" in sentence(path)


def test_a_compressed_file_cut_or_changed_anywhere(tmp_path, rng):
    table = pd.DataFrame({"x": rng.normal(size=500)})
    whole = gzip.compress(table.to_csv(index=False).encode())
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(whole[:1])
    assert "is damaged" in sentence(path)
    for length in (9, 100, len(whole) // 2, len(whole) - 4):
        path.write_bytes(whole[:length])
        assert "is damaged or not complete as CSV file (truncated)" in sentence(path)
    for place in rng.integers(20, len(whole), 20):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert sentence(path)
    path.write_bytes(table.to_csv(index=False).encode())
    assert "is damaged" in sentence(path)


def test_what_unpacks_to_far_more_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a\n" + b"1\n" * 50_000))
    assert len(read(path)) == 50_000
    monkeypatch.setattr(base, "EXPANDED_BYTES", 10_000)
    assert "times its size" in sentence(path)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "T.CSV.GZ", "T.TSV", "t.tsv.csv"])
def test_names_that_look_odd_come_back(tmp_path, name):
    table = pd.DataFrame({"1": [1], "a,b": [2], "#c": [3], 'say "x"': [4], "a;b;c;d": [5]})
    table.to_parquet(tmp_path / "t.parquet")
    convert(tmp_path / "t.parquet", tmp_path / name)
    pd.testing.assert_frame_equal(read(tmp_path / name), table)
    content = (tmp_path / name).read_bytes()
    content = gzip.decompress(content) if name.lower().endswith(".gz") else content
    assert (b"\t" in content) == name.lower().endswith(".tsv")


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["sig", "bg"])
def test_real_higgsml(real_data, tmp_path, name):
    path = real_data / "higgsml" / f"train_sml_{name}.csv"
    table = read(path)
    pd.testing.assert_frame_equal(table, pd.read_csv(path))
    assert set(table["Label"]) == {name[0]}
    assert (table["DER_mass_MMC"] == -999).any()
    convert(path, tmp_path / "t.root")
    pd.testing.assert_frame_equal(read(tmp_path / "t.root"), table)


@pytest.mark.real_data
def test_real_uci_higgs(real_data):
    path = real_data / "uci_higgs" / "higgs_train_10k.csv"
    pd.testing.assert_frame_equal(read(path), pd.read_csv(path))
    assert sum(map(len, chunks(path, rows=3000))) == 10000


@pytest.mark.real_data
def test_real_compressed_file(real_data):
    path = real_data / "ramp_anomalies" / "train.csv.gz"
    pd.testing.assert_frame_equal(read(path), pd.read_csv(path))


def told(path):
    """Columns and types of a table, or what is said of it."""
    try:
        table = read(path)
    except DataError as error:
        return str(error)
    return {name: (str(table[name].dtype), table[name].tolist()) for name in table}


LONG = 2**63
INTEGERS = {
    "unsigned": ([2**64 - 1, LONG + 1, 12345678901234567891], "uint64"),
    "unsigned, from zero": ([0, LONG], "uint64"),
    "signed": ([-LONG, LONG - 1], "int64"),
    "unsigned, some missing": ([LONG, None, 1], "UInt64"),
    "signed, some missing": ([2**53 + 1, None, -1], "Int64"),
    "small, some missing": ([2**53, None], "float64"),
}


@pytest.mark.parametrize("which", INTEGERS)
def test_integers_are_exact(text, tmp_path, monkeypatch, which):
    values, kind = INTEGERS[which]
    values = values * 20
    content = "x,y\n" + "".join(f"{'' if v is None else v},{k}\n" for k, v in enumerate(values))
    for size in (8_000_000, 64):
        monkeypatch.setattr(csv, "BLOCK_BYTES", size)
        found = read(text(content))["x"]
        assert str(found.dtype) == kind
        assert [None if pd.isna(v) else int(v) for v in found] == values
    for name in ("t.parquet", "again.csv"):
        convert(text(content), tmp_path / name)
        pd.testing.assert_series_equal(read(tmp_path / name)["x"], found)


@pytest.mark.parametrize("values", [[2**64, 1], [LONG, -1], [-LONG - 1, 0], [10**30, 10**29]])
def test_integers_beyond_64_bits_are_left_out_aloud(text, monkeypatch, values):
    content = "x,y\n" + "".join(f"{v},1\n" for v in values * 20)
    for size in (8_000_000, 64):
        monkeypatch.setattr(csv, "BLOCK_BYTES", size)
        with pytest.warns(UserWarning, match="no type of 64 bits holds integers such as"):
            assert list(read(text(content))) == ["y"]
        assert str(max(values, key=abs)) in sentence(text(content), columns=["x"])


def test_whole_numbers_beside_fractions_are_floats(text):
    assert told(text(f"x\n{LONG}\n0.5\n")) == {"x": ("float64", [float(LONG), 0.5])}
    assert told(text("x\n1e20\n100000000000000000000\n"))["x"][0] == "float64"


@pytest.mark.parametrize("ends", ["\r", "\n", "\r\n", "mixed"])
@pytest.mark.parametrize("size", [8_000_000, 16, 17, 18, 19])
def test_lines_end_as_on_any_system(text, monkeypatch, ends, size):
    monkeypatch.setattr(csv, "BLOCK_BYTES", size)
    lines = ["# by hand", '"x","y"', "1.5,s", "", '"2.5","b"', "# more", "3.5,s"]
    marks = itertools.cycle(["\r", "\n", "\r\n"]) if ends == "mixed" else itertools.repeat(ends)
    content = "".join(line + mark for line, mark in zip(lines, marks, strict=False))
    for whole in (content, content.rstrip("\r\n")):
        found = read(text(whole))
        assert found.to_dict("list") == {"x": [1.5, 2.5, 3.5], "y": ["s", "b", "s"]}
    assert "line 8 has 1 of 2 values" in sentence(text(content + "4"))


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_line_breaks_in_text_are_refused(text, end):
    assert "'x' has line breaks" in sentence(text(f'x,y\n"a{end}b",1\n"c",2\n'))


READ = {
    "1.0D+03 2.5d-3": [1000.0, 0.0025],
    "1.D0 -.5D1": [1.0, -5.0],
    "1.0d+03 7 nan": [1000.0, 7.0, np.nan],
    "1.#QNAN -1.#IND 1.#INF -1.#INF 2": [np.nan, np.nan, np.inf, -np.inf, 2.0],
    "inf -Infinity +INF -nan(ind) -nan 1": [np.inf, -np.inf, np.inf, np.nan, np.nan, 1.0],
    "−1.5 2": [-1.5, 2.0],
    "+1 +2.5": [1.0, 2.5],
    "0x10 3": [16, 3],
    "0xFFFFFFFFFFFFFFFF 0": [2**64 - 1, 0],
    '"1" "2.5"': [1.0, 2.5],
    '"" "1.0D3"': [np.nan, 1000.0],
    "None NULL N/A 1": [np.nan, np.nan, np.nan, 1.0],
    "007 8": [7, 8],
}


@pytest.mark.parametrize("content", READ)
def test_notations_that_are_read(text, content):
    path = text("x,y\n" + "".join(f"{one},1\n" for one in content.split()))
    found = read(path)["x"]
    assert found.dtype.kind in "iuf"
    np.testing.assert_array_equal(found, READ[content])


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        (["1,5", "2,5"], "decimal commas ('1,5')"),
        (["1.234,5", "2,5"], "in groups of digits ('1.234,5')"),
        (["1,234,567", "1"], "in groups of digits"),
        (["1 234 567", "12"], "in groups of digits"),
        (["1_000", "2_000"], "in groups of digits"),
        (["5 GeV", "7.5GeV"], "with units ('5 GeV')"),
        (["50%", "60 %"], "with units"),
        (["1 2", "3 4"], "several numbers in one place ('1 2')"),
        (["[1.5 2]", "[]"], "several numbers in one place"),
        (["0x1FFFFFFFFFFFFFFFF", "0x1"], "hexadecimal numbers"),
        (["1+2j", "(1-2j)"], "complex numbers"),
        (["1.5+-0.2", "2 ± 0.1"], "numbers with errors"),
    ],
)
def test_numbers_never_become_text_without_a_word(text, values, hint):
    content = "x;y\n" + "".join(f"{value};{k}\n" for k, value in enumerate(values))
    assert hint in sentence(text(content))
    assert read(text(content), "y")["y"].tolist() == [0, 1]


@pytest.mark.parametrize(
    "values",
    [
        ["1d3", "2D4"],  # names, as of histograms
        ["2jet", "3jet"],
        ["1.0-100", "2.0+300"],
        ["192.168.0.1", "10.0.0.1"],
        ["12:30:00", "13:00:00"],
        ["", "b"],
        ["1.2.3", "1.10.0"],
    ],
)
def test_text_never_becomes_numbers(text, values):
    content = "x,y\n" + "".join(f'"{value}",{k}\n' for k, value in enumerate(values))
    assert told(text(content))["x"] == ("str", values)


@pytest.mark.parametrize(
    "content",
    [
        "x|y\n1|2\n3|4\n",
        "| x | y |\n| 1 | 2 |\n| 3 | 4 |\n",
        "x,y,\n1,2,\n3,4,\n",
        "x\ty\t\n1\t2\t\n3\t4\t\n",
        "x   y\n 1   2  \n3 4\n",
    ],
)
def test_separators_also_at_the_ends(text, content):
    assert read(text(content)).to_dict("list") == {"x": [1, 3], "y": [2, 4]}
    assert read(text(content)).attrs["left_out"] == {}


@pytest.mark.parametrize("header", ["jet pt", '"jet pt"', "Unnamed: 0"])
def test_one_column_may_have_blanks_in_its_name(text, header):
    found = read(text(f"{header}\n1.5\n\n2.5\n"))
    assert found.to_dict("list") == {header.strip('"'): [1.5, 2.5]}


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("x:y\n1:2\n", "one column of text, 'x:y'"),
        ("****\n* x *\n", "begins with '****'"),
        ("sep=;\nx;y\n1;2\n", "begins with 'sep=': delete that line"),
        ("x,y\n1,2,\n3,4,\n", "line 2 has 3 of 2 values"),
        ("x,y,\n1,2,3\n", "column 3 has no name"),
        ("pt,m\nGeV,GeV\n1,2\n3,4\n", "put # before a line of units"),
    ],
)
def test_what_would_be_misread_is_said(text, content, hint):
    assert hint in sentence(text(content))


def test_levels_of_an_index_without_names_are_columns(text):
    assert list(read(text(",,pt\n0,0,1.5\n0,1,2.5\n"))) == ["Unnamed: 0", "Unnamed: 1", "pt"]
    assert read(text(",pt\na,1.5\nb,2.5\n"))["Unnamed: 0"].tolist() == ["a", "b"]


def test_a_packed_file_is_told_by_its_content(tmp_path):
    (tmp_path / "t.csv").write_bytes(gzip.compress(b"x\n1\n2\n"))
    assert read(tmp_path / "t.csv")["x"].tolist() == [1, 2]


@pytest.mark.parametrize(
    "values", [[1, None, 3], [True, None], ["a", None, 'say "b"'], [1.5, None]]
)
def test_missing_values_of_the_only_column_are_no_empty_lines(tmp_path, values):
    table = pd.DataFrame({"x": pd.array(values)})
    table.to_parquet(tmp_path / "t.parquet")
    assert convert(tmp_path / "t.parquet", tmp_path / "t.csv").rows == len(values)
    found = read(tmp_path / "t.csv")["x"]
    assert [None if pd.isna(v) else v for v in found] == values


@pytest.mark.parametrize("values", [["1", "2"], ["007", "1e3"], ["true", "false"], ["inf", "1"]])
def test_text_that_would_come_back_as_numbers_is_not_written(tmp_path, values):
    pd.DataFrame({"x": values, "y": [1, 2]}).to_parquet(tmp_path / "t.parquet")
    told = sentence(tmp_path / "t.parquet", tmp_path / "t.csv", act=convert)
    assert "is not written, since reading it back would give column 'x' as" in told
    assert not (tmp_path / "t.csv").exists()
    assert convert(tmp_path / "t.parquet", tmp_path / "t.csv", drop=["x"]).rows == 2
