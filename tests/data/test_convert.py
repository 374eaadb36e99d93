"""From any format to any other: nothing is lost, nothing left behind, what cannot be is said."""

import math
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepml.data import DataError, _convert, chunks, col, convert, read
from hepml.data.files import open_source, open_writer
from tests.data.tables import sentence

FORMATS = ["ttree.root", "rntuple.root", "t.parquet", "t.h5", "t.npz", "t.csv", "t.csv.gz", "t.tsv"]
TYPED = [name for name in FORMATS if ".csv" not in name and ".tsv" not in name]
INTEGERS = [pa.int8(), pa.int16(), pa.int32(), pa.int64()]
INTEGERS += [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=20)
NAMES = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=10
)


def layout(name):
    return name.split(".")[0] if name.endswith(".root") else None


def values(kind):
    """Values of an Arrow type, the awkward ones among them."""
    if pa.types.is_boolean(kind):
        return st.booleans()
    if pa.types.is_integer(kind):
        limits = np.iinfo(kind.to_pandas_dtype())
        return st.integers(int(limits.min), int(limits.max))
    if pa.types.is_floating(kind):
        return st.floats(width=kind.bit_width)
    if pa.types.is_string(kind):
        return TEXT
    return st.lists(values(kind.value_type), max_size=4)


RNTUPLE_NAMES = NAMES.filter(lambda name: not set("/\\.") & set(name))
TREE_NAMES = NAMES.filter(lambda name: name[0] != "/" and ".." not in name and "[" not in name)
SINGLE = st.sampled_from([pa.bool_(), *INTEGERS, pa.float32(), pa.float64()])
FLAT = SINGLE | st.just(pa.string())
LISTS = SINGLE.map(pa.list_)
NESTED = FLAT.map(lambda kind: pa.list_(pa.list_(kind))) | st.just(pa.list_(pa.string()))


@st.composite
def tables(draw, kinds, names=NAMES):
    """Arrow tables of these types, no value missing."""
    rows = draw(st.integers(1, 12))
    columns = draw(st.dictionaries(names, kinds, min_size=1, max_size=4))
    fields = [pa.field(name, kind, nullable=False) for name, kind in columns.items()]
    content = [
        pa.array(draw(st.lists(values(kind), min_size=rows, max_size=rows)), kind)
        for kind in columns.values()
    ]
    return pa.Table.from_arrays(content, schema=pa.schema(fields))


def written(path, table):
    """Write a table in two batches by the format's writer."""
    half = table.num_rows // 2
    with open_writer(path, path, table.schema, "events", layout(path.name)) as writer:
        for part in (table.slice(0, half), table.slice(half)):
            for batch in part.to_batches():
                writer.write(batch)
    return path


@pytest.mark.parametrize("name", ["a/b", "a.", "a\\b"])
def test_names_that_an_rntuple_cannot_hold_are_refused(tmp_path, name):
    table = pa.table({name: [1.0]})
    with pytest.raises(DataError, match="an RNTuple cannot hold"):
        written(tmp_path / "rntuple.root", table)


def found(path):
    with open_source(path) as source:
        return pa.Table.from_batches(source.batches(source.schema.names), source.schema)


def same(one, other):
    """Whether values agree to the bit: -0.0 is not 0.0, and NaN is NaN."""
    if isinstance(one, float):
        return one.hex() == float(other).hex() if not math.isnan(one) else math.isnan(other)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def assert_same(table, other):
    assert other.column_names == table.column_names
    assert [same_type(f.type) for f in other.schema] == [same_type(f.type) for f in table.schema]
    for name in table.column_names:
        assert same(table[name].to_pylist(), other[name].to_pylist()), name


def same_type(kind):
    """Type, whatever the items of a list are called."""
    return [same_type(kind.value_type)] if pa.types.is_list(kind) else kind


ANYTHING = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("name", [name for name in TYPED if "ttree" not in name])
@ANYTHING
@given(table=tables(FLAT | LISTS | NESTED, RNTUPLE_NAMES))
def test_tables_come_back_to_the_bit(tmp_path, name, table):
    assert_same(table, found(written(tmp_path / name, table)))


@ANYTHING
@given(table=tables(FLAT | LISTS, TREE_NAMES))
def test_trees_come_back_to_the_bit(tmp_path, table):
    assert_same(table, found(written(tmp_path / "ttree.root", table)))


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.tsv"])
@ANYTHING
@given(table=tables(st.sampled_from([pa.bool_(), pa.int64(), pa.float64()])))
def test_text_keeps_every_number(tmp_path, name, table):
    """Up to the type: 1.0 is written as 1, and then a column of such is one of integers."""
    back = found(written(tmp_path / name, table))
    assert back.column_names == table.column_names
    for column in table.column_names:
        values, expected = (t[column].to_numpy() for t in (back, table))
        np.testing.assert_array_equal(values, expected, err_msg=column)


@pytest.fixture
def table(rng):
    """Every type that every format holds, with its values in no special order."""
    rows = 1000
    return pd.DataFrame(
        {
            "mass": rng.normal(91, 5, rows),
            "charge": rng.choice([-1, 1], rows),
            "tight": rng.random(rows) > 0.5,
            "label": rng.choice(["s", "b"], rows),
        }
    )


@pytest.fixture
def source(tmp_path, table):
    table.to_csv(tmp_path / "source.csv", index=False)
    return tmp_path / "source.csv"


def leftovers(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("second", FORMATS)
@pytest.mark.parametrize("first", FORMATS)
def test_any_format_becomes_any_other(source, tmp_path, table, first, second):
    (tmp_path / "two").mkdir()
    target = tmp_path / "two" / second
    convert(source, tmp_path / first, layout=layout(first))
    done = convert(tmp_path / first, target, layout=layout(second))
    assert done == (target, len(table), target.stat().st_size, {})
    pd.testing.assert_frame_equal(read(target), table, check_dtype=True)


def test_columns_and_cuts_are_kept(source, tmp_path, table):
    target = tmp_path / "cut.parquet"
    done = convert(source, target, columns=["label"], where=(col("mass") > 91) & (col("tight")))
    chosen = table["label"][(table["mass"] > 91) & table["tight"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(read(target), chosen.to_frame())
    assert done.rows == len(chosen)


def test_several_files_become_one(source, tmp_path, table):
    convert([source, source], tmp_path / "both.root")
    assert len(read(tmp_path / "both.root")) == 2 * len(table)


def test_the_name_of_the_tree_is_kept(source, tmp_path):
    convert(source, tmp_path / "a.root")
    with open_source(tmp_path / "a.root") as file:
        assert file.tree == "events"
    with open_writer(tmp_path / "b.root", tmp_path / "b.root", pa.schema([("x", "f4")]), "t") as w:
        w.write(pa.record_batch({"x": pa.array([1.0], "f4")}))
    convert(tmp_path / "b.root", tmp_path / "c.root", layout="rntuple")
    with open_source(tmp_path / "c.root") as file:
        assert file.tree == "t"


def test_progress_is_told(source, tmp_path, table):
    calls = []
    convert(source, tmp_path / "t.npz", progress=lambda *call: calls.append(call))
    assert calls[-1] == (len(table), len(table), False)


def complaint(*args, **options):
    return sentence(*args, act=convert, **options)


def test_nothing_is_overwritten_by_chance(source, tmp_path):
    target = tmp_path / "t.parquet"
    target.write_text("precious")
    assert "--force" in complaint(source, target)
    assert target.read_text() == "precious"
    convert(source, target, overwrite=True)
    assert len(read(target)) == 1000
    link = tmp_path / "link.csv"
    link.symlink_to(source)
    for same_file in (source, link):
        assert "is to be read" in complaint(source, same_file, overwrite=True)


@pytest.mark.parametrize(
    ("target", "options", "hint"),
    [
        ("none/t.root", {}, "no folder"),
        ("t.xlsx", {}, "unknown format"),
        (
            "t.npy",
            {},
            "an npy file is one array and no table; ROOT, CSV",
        ),
        ("t.csv", {"layout": "rntuple"}, "layout of ROOT files"),
        ("t.root", {"layout": "tuple"}, "a ttree or an rntuple"),
        ("t.root", {"columns": ["mas"]}, "did you mean 'mass'"),
        ("t.root", {"where": col("mass") > 1e9}, "no row"),
    ],
)
def test_what_cannot_be_done_leaves_nothing(source, tmp_path, target, options, hint):
    before = leftovers(tmp_path)
    assert hint in complaint(source, tmp_path / target, **options)
    assert leftovers(tmp_path) == before


def parquet(path, **columns):
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    ("target", "values", "hint"),
    [
        ("t.csv", [[1], [2, 3]], "several values per event"),
        ("t.csv", ["a", "two\nlines"], "line breaks"),
        ("t.root", [1, None], "missing values"),
        ("t.root", ["a", None], "missing values"),
        ("t.root", [[[1]], [[2, 3]]], "lists in lists"),
        ("t.root", [["a"], ["b", "c"]], "text in lists"),
    ],
)
def test_what_a_format_cannot_hold_is_said(tmp_path, target, values, hint):
    source = parquet(tmp_path / "s.parquet", x=values)
    assert hint in complaint(source, tmp_path / target)
    assert leftovers(tmp_path) == ["s.parquet"]


def test_missing_floats_are_nan_in_a_tree(tmp_path):
    source = parquet(tmp_path / "s.parquet", x=[1.5, None])
    convert(source, tmp_path / "t.root")
    np.testing.assert_array_equal(read(tmp_path / "t.root")["x"], [1.5, np.nan])


def test_damage_in_the_middle_leaves_the_old_target(tmp_path, rng):
    source = tmp_path / "s.csv"
    rows = "\n".join(map(str, rng.random(10)))
    source.write_text(f"x\n{rows}\n")
    convert(source, tmp_path / "t.root")
    old = (tmp_path / "t.root").read_bytes()
    source.write_text(f"x\n{rows}\n1,2\n")
    assert "line 12" in complaint(source, tmp_path / "t.root", overwrite=True)
    assert (tmp_path / "t.root").read_bytes() == old
    assert leftovers(tmp_path) == ["s.csv", "t.root"]


def test_an_interruption_leaves_nothing(source, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    for name in FORMATS:
        with pytest.raises(KeyboardInterrupt):
            convert(source, tmp_path / name, progress=interrupt)
    assert leftovers(tmp_path) == ["source.csv"]


def hepml(*arguments):
    command = [sys.executable, "-c", "from hepml.cli import main; main()", "data", "convert"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_command_converts(source, tmp_path, table):
    target = tmp_path / "t.root"
    cuts = ["--where", "mass", ">", "91", "--where", "label", "==", "s"]
    result = hepml(*cuts, source, target, "--columns", "mass, label", "--columns", "charge")
    assert result.returncode == 0, result.stderr
    chosen = table[(table["mass"] > 91) & (table["label"] == "s")].reset_index(drop=True)
    pd.testing.assert_frame_equal(read(target), chosen[["mass", "label", "charge"]])
    assert f"{len(chosen)} rows" in result.stdout
    again = hepml(source, target)
    assert again.returncode == 1
    assert again.stderr.count("\n") == 1
    assert hepml(source, target, "--force", "--drop", "mass, label").returncode == 0
    assert list(read(target)) == ["charge", "tight"]
    assert hepml(source, target, "--force", "--rntuple").returncode == 0
    assert len(read(target)) == len(table)


def test_the_command_takes_negative_numbers_and_names(tmp_path):
    (tmp_path / "s.csv").write_text("-999,1\n5,2\n")
    options = ["--names", "x,y", "--where", "x", "!=", "-999"]
    assert hepml(tmp_path / "s.csv", tmp_path / "t.npz", *options).returncode == 0
    assert read(tmp_path / "t.npz").to_dict("list") == {"x": [5], "y": [2]}


@pytest.mark.parametrize("words", [["mass", "=", "3"], ["mass", "==", "s"], ["mas", "<", "3"]])
def test_a_cut_that_makes_no_sense_is_one_sentence(source, tmp_path, words):
    result = hepml(source, tmp_path / "t.root", "--where", *words)
    assert result.returncode == 1
    assert result.stderr.startswith("hepml: ")
    assert result.stderr.count("\n") == 1
    assert leftovers(tmp_path) == ["source.csv"]


@pytest.mark.parametrize(
    "words", [["--where", "mass"], ["--where=mass", ">", "3"], ["--where=m>3"]]
)
def test_a_cut_of_other_than_three_words_is_told(source, tmp_path, words):
    result = hepml(source, tmp_path / "t.root", *words)
    assert result.returncode == 2
    assert "give three words" in result.stderr
    assert "Traceback" not in result.stderr
    assert leftovers(tmp_path) == ["source.csv"]


def test_an_interrupted_command_says_so_in_one_sentence(tmp_path):
    """Enough rows that the conversion is under way when the interruption comes."""
    source = tmp_path / "s.csv"
    source.write_text("x\n" + "1.25\n" * 8_000_000)
    command = [sys.executable, "-c", "from hepml.cli import main; main()", "data", "convert"]
    command += [str(source), str(tmp_path / "t.csv.gz")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.glob(".hepml-*.tmp*")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert message.strip().endswith("was not written")
    assert leftovers(tmp_path) == ["s.csv"]


STOPPED = """
import sys
from hepml import cli
@cli.app.command()
def stop():
    raise {error}
sys.argv = ["hepml", "stop"]
cli.main()
"""


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        ("KeyboardInterrupt", 130, "interrupted"),
        ("OSError(28, 'No space left on device', '/x/y')", 1, "/x/y: No space left on device"),
        ("OSError('odd')", 1, "odd"),
    ],
)
def test_what_ends_a_command_is_one_sentence(error, status, message):
    command = [sys.executable, "-c", STOPPED.format(error=error)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (status, f"hepml: {message}\n")


STOPPED_IMPORT = """
import sys
class Stop:
    def find_spec(name, *_):
        if name == "typer.core":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Stop)
import hepml.cli
"""


def test_an_interruption_while_the_command_starts_is_one_sentence():
    command = [sys.executable, "-c", STOPPED_IMPORT]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (130, "hepml: interrupted\n")


@pytest.mark.parametrize("name", FORMATS)
def test_pieces_are_the_table(source, tmp_path, table, name):
    convert(source, tmp_path / name, layout=layout(name))
    pieces = list(chunks(tmp_path / name, ["charge", "mass"], where=col("tight"), rows=77))
    assert {len(piece) for piece in pieces[:-1]} == {77}
    chosen = table.loc[table["tight"], ["charge", "mass"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), chosen)


FULL = """
import gc, resource, sys
from hepml.data import DataError, convert
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), -1))
for target in sys.argv[3:]:
    try:
        convert(sys.argv[2], target)
    except DataError as error:
        print(error)
    gc.collect()  # a library may stumble when it tidies up
print("alive")
"""


@pytest.mark.parametrize("size", [3_000, 300_000])
def test_a_full_disk_is_a_sentence_and_no_end_of_the_kernel(tmp_path, rng, size):
    """A limit on the size of files stands for the disk: the system refuses in the same way."""
    np.savez(tmp_path / "in.npz", x=rng.normal(size=100_000), y=np.arange(100_000))
    targets = [tmp_path / f"out.{ending}" for ending in ("h5", "root", "parquet", "npz", "csv")]
    command = [sys.executable, "-c", FULL, str(size), tmp_path / "in.npz", *targets]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [f"{target} cannot be written: File too large" for target in targets]
    assert (done.stdout.splitlines(), done.returncode) == ([*said, "alive"], 0), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.npz"]


def test_two_conversions_to_one_new_file_do_not_replace_one_another(tmp_path, rng):
    np.savez(tmp_path / "in.npz", x=rng.normal(size=1000))

    def meanwhile(*_):
        if not (tmp_path / "out.csv").exists():
            convert(tmp_path / "in.npz", tmp_path / "out.csv", columns=["x"])

    ends = tmp_path / "in.npz", tmp_path / "out.csv"
    assert "exists already" in sentence(*ends, act=convert, progress=meanwhile)
    assert len(read(tmp_path / "out.csv")) == 1000


class Spoilt:
    """A writer that writes something else than it is given."""

    @staticmethod
    def drops_a_column(schema):
        return schema.remove(0)

    @staticmethod
    def renames(schema):
        return schema.set(0, schema.field(0).with_name("other"))

    @staticmethod
    def changes_a_type(schema):
        return schema.set(0, schema.field(0).with_type(pa.float32()))


SPOILT = {
    "no column 'mass'": Spoilt.drops_a_column,
    "no column 'mass', again": Spoilt.renames,
    "column 'mass' as float for double": Spoilt.changes_a_type,
}


@pytest.mark.parametrize("hint", SPOILT)
@pytest.mark.parametrize("name", ["t.parquet", "t.h5", "t.npz"])
def test_what_was_written_is_compared_before_it_gets_its_name(
    source, tmp_path, monkeypatch, name, hint
):
    from hepml.data.files import writer_of

    writer = writer_of(tmp_path / name)
    begin, write = writer.__init__, writer.write

    def spoilt(self, path, schema, tree):
        begin(self, path, SPOILT[hint](schema), tree)

    def spoilt_batch(self, batch):
        arrays = [
            batch.column(i - len(self.schema)).cast(field.type)
            for i, field in enumerate(self.schema)
        ]
        write(self, pa.RecordBatch.from_arrays(arrays, schema=self.schema))

    monkeypatch.setattr(writer, "__init__", spoilt)
    monkeypatch.setattr(writer, "write", spoilt_batch)
    told = complaint(source, tmp_path / name)
    assert (
        f"{name} is not written, since reading it back would give {hint.removesuffix(', again')}"
        in told
    )
    assert leftovers(tmp_path) == ["source.csv"]


@pytest.mark.parametrize("name", ["t.parquet", "t.h5", "t.npz", "t.csv"])
def test_rows_that_were_lost_are_told(source, tmp_path, monkeypatch, name):
    from hepml.data.files import writer_of

    writer = writer_of(tmp_path / name)
    write = writer.write
    monkeypatch.setattr(writer, "write", lambda self, batch: write(self, batch.slice(1)))
    assert "999 rows for 1000" in complaint(source, tmp_path / name)
    assert leftovers(tmp_path) == ["source.csv"]


def test_a_file_that_cannot_be_read_back_gets_no_name(source, tmp_path, monkeypatch):
    from hepml.data.files.csv import CsvWriter

    close = CsvWriter.close

    def torn(self, *, complete):
        close(self, complete=complete)
        self.path.write_text('x,y\n"')

    monkeypatch.setattr(CsvWriter, "close", torn)
    told = complaint(source, tmp_path / "t.csv")
    assert "since reading it back would give nothing (" in told
    assert ".tmp." not in told
    assert leftovers(tmp_path) == ["source.csv"]


def test_columns_that_a_format_cannot_hold_are_left_out_aloud(tmp_path):
    source = parquet(tmp_path / "s.parquet", x=[1, 2], lists=[[1], [2, 3]])
    done = convert(source, tmp_path / "t.csv")
    assert done.left_out == {"lists": "CSV cannot hold several values per event"}
    assert list(read(tmp_path / "t.csv")) == ["x"]
    assert "several values per event" in complaint(source, tmp_path / "u.csv", columns=["lists"])
    result = hepml(source, tmp_path / "v.csv")
    assert result.returncode == 0
    assert "left out 'lists': CSV cannot hold several values per event" in result.stderr


# ---------------------------------------------------------------- thousands of columns


@pytest.fixture
def many(tmp_path, monkeypatch):
    """Make a file with more columns than, for this test, are many."""
    monkeypatch.setattr(_convert, "MANY", 5)
    source = tmp_path / "many.parquet"
    pd.DataFrame({f"c{k}": np.arange(3.0) for k in range(6)}).to_parquet(source)
    return source


def test_many_columns_of_a_ttree_are_warned_of(many, tmp_path):
    with pytest.warns(UserWarning, match="TTree of 6 columns.*To .parquet, or as an RNTuple"):
        convert(many, tmp_path / "many.root")


@pytest.mark.parametrize(("name", "layout"), [("m.h5", None), ("m.root", "rntuple")])
def test_what_is_quick_is_not_warned_of(many, tmp_path, name, layout):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        convert(many, tmp_path / name, layout=layout)


def test_few_columns_are_not_warned_of(many, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        convert(many, tmp_path / "few.root", columns=["c0", "c1"])


def test_the_command_says_so_in_one_sentence(many, tmp_path):
    from typer.testing import CliRunner

    from hepml.cli import app

    said = CliRunner().invoke(app, ["data", "convert", str(many), str(tmp_path / "many.root")])
    assert said.exit_code == 0
    assert "many.root gets a TTree of 6 columns" in said.output
    assert "UserWarning" not in said.output
