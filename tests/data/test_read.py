"""Reading a user's own files: every way in, and one sentence for every way it can fail.

What belongs to one format is tested beside this file: ``test_root.py``, ``test_csv.py`` and so on.
"""

import gc
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import uproot

from hepml import memory
from hepml.data import DataError, LeftOutWarning, chunks, col, read
from tests.data.tables import sentence


@pytest.fixture
def table(rng):
    size = 500
    return pd.DataFrame(
        {
            "mass": rng.normal(91, 5, size).astype(np.float32),
            "charge": rng.choice([-1, 1], size).astype(np.int8),
            "tight": rng.random(size) > 0.5,
        }
    )


@pytest.fixture
def root_file(tmp_path, table):
    path = tmp_path / "events.root"
    with uproot.recreate(path) as file:
        file.mktree("events", {name: table[name].dtype for name in table})
        file["events"].extend({name: table[name].to_numpy() for name in table})
    return path


@pytest.fixture
def two_trees(tmp_path):
    path = tmp_path / "two.root"
    with uproot.recreate(path) as file:
        for name, value in (("nominal", 1.0), ("folder/shifted", 2.0)):
            tree = file.mktree(name, {"x": "f8"})
            tree.extend({"x": np.full(3, value)})
    return path


def test_parquet(tmp_path, table):
    pytest.importorskip("pyarrow", reason="reading Parquet needs pyarrow")
    table.to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(read(tmp_path / "t.parquet"), table)
    assert list(read(tmp_path / "t.parquet", columns=["tight", "mass"])) == ["tight", "mass"]
    assert "did you mean 'mass'" in sentence(tmp_path / "t.parquet", columns=["mas"])
    cut = tmp_path / "cut.parquet"
    cut.write_bytes((tmp_path / "t.parquet").read_bytes()[:400])
    assert "Parquet" in sentence(cut)


@pytest.mark.parametrize("columns", [["charge", "mass"], ["tight"], "mass"])
def test_columns_come_in_the_order_asked_for(root_file, tmp_path, table, columns):
    table.to_csv(tmp_path / "t.csv", index=False)
    wanted = [columns] if isinstance(columns, str) else columns
    assert list(read(root_file, columns=columns)) == wanted
    assert list(read(tmp_path / "t.csv", columns=columns)) == wanted


def test_a_tree_is_named_by_argument_or_in_the_path(two_trees):
    assert read(two_trees, tree="nominal")["x"][0] == 1
    assert read(f"{two_trees}:folder/shifted")["x"][0] == 2
    assert "give one" in sentence(f"{two_trees}:nominal", tree="folder/shifted")


def test_a_tree_after_a_bare_name_is_no_address_of_another_machine(two_trees, monkeypatch):
    monkeypatch.chdir(two_trees.parent)
    assert read("two.root:nominal")["x"][0] == 1
    assert "did you mean 'nominal'" in sentence("two.root:/nominal")


def test_trees_are_listed_when_the_choice_is_open(two_trees):
    message = sentence(two_trees)
    assert "'nominal'" in message
    assert "'folder/shifted'" in message
    assert "did you mean 'nominal'" in sentence(two_trees, tree="nominl")


def test_a_file_without_a_tree(tmp_path):
    with uproot.recreate(tmp_path / "h.root") as file:
        file["h"] = np.histogram([1.0, 2.0])
    assert "no tree" in sentence(tmp_path / "h.root")


@pytest.mark.parametrize("column", ["mas", "mass*2", "__import__('os').getcwd()", "mass > 90"])
def test_a_column_is_a_name_and_never_an_expression(root_file, tmp_path, table, column):
    table.to_csv(tmp_path / "t.csv", index=False)
    for path in (root_file, tmp_path / "t.csv"):
        message = sentence(path, columns=[column])
        assert "has no column" in message
        assert "'mass'" in message


def test_missing_files_and_folders(root_file):
    assert "did you mean 'events.root'" in sentence(root_file.with_name("event.root"))
    assert "there is no folder" in sentence(root_file.parent / "none" / "x.root")
    assert "no file matches" in sentence(root_file.parent / "*.csv")
    (root_file.parent / "none").mkdir()
    assert "without a file to read" in sentence(root_file.parent / "none")
    assert "empty sequence" in sentence([])


def test_only_readable_tables_are_suggested(root_file):
    folder = root_file.parent
    for name in (".bashrc", ".event.root", "event.roo", "event.txt.md"):
        (folder / name).write_text("x")
    assert sentence(folder / "event.rot").endswith("did you mean 'events.root'?")
    root_file.unlink()
    message = sentence(folder / "event.root")
    assert message == f"there is no file 'event.root' in {folder}"


@pytest.mark.parametrize("path", [None, 3, b"t.root", pd.DataFrame({"x": [1, 2]})])
def test_what_names_no_file_is_one_sentence(path):
    assert "named by text or a path, several by a list" in sentence(path)


ALONE = """
import os, sys
from hepml.data import DataError, chunks, convert, read
good, *closed = sys.argv[1:]
read(good)  # imports all that is needed, as long as it may be read
if os.getuid() == 0:  # root may read everything
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for act in (read, chunks, lambda path: convert(path, path + ".root")):
    for path in closed:
        try:
            act(path)
        except DataError as error:
            print(error)
"""


def test_what_may_not_be_read_is_one_sentence():
    """In a process without root's rights, and in a folder that it can reach."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        (folder / "closed").mkdir()
        (folder / "closed" / "t.csv").write_text("x\n1\n")
        for file in ("good.csv", "t.csv"):
            (folder / file).write_text("x\n1\n")
        (folder / "t.csv").chmod(0)
        (folder / "closed").chmod(0)
        folder.chmod(0o755)
        paths = [folder / "t.csv", folder / "closed", folder / "closed" / "t.csv"]
        result = subprocess.run(
            [sys.executable, "-c", ALONE, str(folder / "good.csv"), *map(str, paths)],
            capture_output=True,
            text=True,
            check=False,
        )
        (folder / "closed").chmod(0o700)
    expected = [f"{path} cannot be read: Permission denied" for path in paths] * 3
    assert result.stdout.splitlines() == expected, result.stderr


def test_what_the_system_says_is_one_sentence(tmp_path):
    assert "cannot be read: File name too long" in sentence(tmp_path / ("x" * 300))
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    assert "there is no file" in sentence(tmp_path / "loop.csv")


def test_files_that_are_not_what_they_are_called(tmp_path):
    for name in ("page.root", "page.parquet", "notes.doc"):
        (tmp_path / name).write_text("<html>not found</html>")
    assert "is not a ROOT file" in sentence(tmp_path / "page.root")
    assert "is not a Parquet file" in sentence(tmp_path / "page.parquet")
    assert "unknown format" in sentence(tmp_path / "notes.doc")


@pytest.mark.parametrize("name", ["e.root", "e.csv", "e.csv.gz", "e.parquet"])
def test_an_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    assert "is empty" in sentence(tmp_path / name)


def test_tables_without_rows(tmp_path):
    (tmp_path / "head.csv").write_text("a,b\n")
    (tmp_path / "blank.csv").write_text("\n\n")
    with uproot.recreate(tmp_path / "none.root") as file:
        file.mktree("t", {"x": "f4"}).extend({"x": np.zeros(0, dtype="f4")})
    assert read(tmp_path / "head.csv").shape == (0, 2)
    assert "is empty" in sentence(tmp_path / "blank.csv")
    assert read(tmp_path / "none.root").dtypes.to_dict() == {"x": np.float32}


@pytest.mark.parametrize("name", ["t.pkl", "t.pickle", "t.joblib", "t.csv"])
def test_pickles_are_never_opened(tmp_path, name):
    pd.DataFrame({"x": [1]}).to_pickle(tmp_path / name)
    assert "can run any code" in sentence(tmp_path / name)


@pytest.fixture
def shards(tmp_path):
    """Three files of one table, with a card beside them, as a generated sample has."""
    table = pd.DataFrame({"x": np.arange(25.0), "n": np.arange(25)})
    folder = tmp_path / "sample"
    folder.mkdir()
    for part, start in enumerate((0, 10, 20)):
        table[start : start + 10].to_csv(folder / f"sample-{part:05d}.csv", index=False)
    (folder / "sample.json").write_text("{}")
    return folder, table


def test_files_are_chained_in_order(shards):
    folder, table = shards
    pattern, files = folder / "*.csv", sorted(folder.glob("*.csv"))
    for path in (folder, str(folder), pattern, str(pattern), files, tuple(map(str, files))):
        pd.testing.assert_frame_equal(read(path), table)
    backwards = read(files[::-1], columns="n")["n"]
    assert backwards.tolist() == [*range(20, 25), *range(10, 20), *range(10)]


def test_trees_are_named_in_patterns_too(two_trees):
    pattern = f"{two_trees.parent}/t*.root:folder/shifted"
    assert read([pattern, pattern])["x"].tolist() == [2.0] * 6
    assert "need the same tree" in sentence([pattern, f"{two_trees}:nominal"])


def test_chained_files_must_have_the_same_columns(shards):
    folder, table = shards
    last = folder / "sample-00002.csv"
    table.rename(columns={"n": "m"}).to_csv(last, index=False)
    message = sentence(folder)
    assert "sample-00002.csv has no column 'n'" in message
    assert len(read(folder, columns="x")) == 45
    table.assign(more=1).to_csv(last, index=False)
    assert "sample-00000.csv has no column 'more'" in sentence(folder)
    table.assign(n="text").to_csv(last, index=False)
    assert "column 'n' of sample-00002.csv is string" in sentence(folder)


def test_numbers_widen_over_chained_files(shards):
    folder, _ = shards
    (folder / "sample-00003.csv").write_text("x,n\n1,0.5\n")
    assert [str(piece["n"].dtype) for piece in chunks(folder, rows=13)] == ["float64", "float64"]
    assert read(folder)["n"].iloc[-1] == 0.5


def test_a_folder_of_several_formats_is_no_table(shards):
    (shards[0] / "other.root").touch()
    assert "several formats (csv, root)" in sentence(shards[0])


def test_a_selection_without_rows_is_one_empty_piece(root_file, table):
    (piece,) = chunks(root_file, where=col("mass") > 1e9)
    pd.testing.assert_frame_equal(piece, table[:0])
    pd.testing.assert_frame_equal(read(root_file, where=col("mass") > 1e9), table[:0])


@pytest.mark.parametrize("rows", [1, 7, 499, 500, 501, 5e2, np.int64(7)])
def test_pieces_have_the_rows_asked_for(root_file, table, rows):
    pieces = list(chunks(root_file, rows=rows))
    assert {len(piece) for piece in pieces[:-1]} <= {rows}
    assert {tuple(piece.dtypes) for piece in pieces} == {tuple(table.dtypes)}
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), table)


def test_what_is_wrong_is_said_before_the_first_piece(root_file):
    for rows in (0, 1.5, np.nan, np.inf, "7", None, True):
        with pytest.raises(DataError, match="a whole number, at least one"):
            chunks(root_file, rows=rows)
    for wrong in ({"columns": "mas"}, {"where": col("mas") > 1}):
        with pytest.raises(DataError):
            chunks(root_file, **wrong)


def test_tables_can_be_changed(root_file):
    table = read(root_file)
    table.loc[0, "mass"] = 1
    table["mass"] *= 2
    assert table["mass"][0] == 2


def test_a_column_is_asked_for_once(root_file):
    assert "twice" in sentence(root_file, columns=["mass", "mass"])


def test_a_column_of_nothing_but_nan_is_left_out(tmp_path):
    pd.DataFrame({"x": [1.0, 2.0], "bad": [np.nan] * 2}).to_parquet(tmp_path / "t.parquet")
    with pytest.warns(LeftOutWarning, match="left out 'bad' .nothing but NaN"):
        found = read(tmp_path / "t.parquet")
    assert found.to_dict("list") == {"x": [1, 2]}
    assert found.attrs["left_out"] == {"bad": "nothing but NaN"}
    message = sentence(tmp_path / "t.parquet", columns=["bad"])
    assert "nothing but NaN in 'bad': leave that out by drop=['bad']" in message
    assert read(tmp_path / "t.parquet", drop=["bad"]).to_dict("list") == {"x": [1, 2]}
    assert read(tmp_path / "t.parquet", columns="x")["x"].tolist() == [1, 2]
    pd.DataFrame({"x": [1.0, 2.0], "bad": [np.nan, 0]}).to_parquet(tmp_path / "t.parquet")
    assert len(read(tmp_path / "t.parquet", where=col("x") < 2)) == 1


def test_columns_can_be_dropped(root_file, shards, table):
    assert list(read(root_file, drop="mass")) == ["charge", "tight"]
    assert list(read(root_file, drop=None)) == ["mass", "charge", "tight"]
    assert list(read(root_file, ["tight", "mass"], drop=["mass"])) == ["tight"]
    cut = read(root_file, drop=["mass"], where=col("mass") > 91)
    assert cut["charge"].tolist() == table["charge"][table["mass"] > 91].tolist()
    assert {tuple(piece) for piece in chunks(root_file, drop=["tight"])} == {("mass", "charge")}
    assert "did you mean 'mass'" in sentence(root_file, drop=["mas"])
    folder, chained = shards
    chained.assign(more=1).to_csv(folder / "sample-00000.csv", index=False)
    assert list(read(folder, drop=["more"])) == ["x", "n"]


def test_missing_integers_have_a_type_of_their_own(tmp_path):
    table = pa.table({"n": pa.array([1, None, 2**60], "int64"), "t": [True, None, False]})
    import pyarrow.parquet as pq

    pq.write_table(table, tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet")
    assert found.dtypes.astype(str).tolist() == ["Int64", "boolean"]
    assert found["n"].tolist() == [1, pd.NA, 2**60]
    assert {tuple(p.dtypes) for p in chunks(tmp_path / "t.parquet", rows=1)} == {
        tuple(found.dtypes)
    }


def test_a_table_too_large_for_the_memory_is_refused(root_file, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 2000)
    for options in ({}, {"columns": "mass"}, {"where": col("mass") > 0}):
        message = sentence(root_file, **options)
        assert "hepml.data.chunks" in message
        assert "columns=" in message
    assert len(read(root_file, columns="tight")) == 500
    assert sum(map(len, chunks(root_file))) == 500


def test_free_memory_is_what_the_system_says(monkeypatch, tmp_path):
    psutil = pytest.importorskip("psutil", reason="psutil is the oracle")
    assert memory.available() == pytest.approx(psutil.virtual_memory().available, rel=0.2)
    for name, text in (("max", "1000"), ("current", "900"), ("stat", "anon 7\ninactive_file 50\n")):
        (tmp_path / f"memory.{name}").write_text(text)
    monkeypatch.setattr(memory, "CONTROL_GROUP", tmp_path)
    assert memory.available() == 150
    (tmp_path / "memory.max").write_text("max")
    assert memory.available() > 1e6


def test_reading_leaves_the_collector_as_it_was(root_file, tmp_path):
    read(root_file)
    assert gc.isenabled()
    sentence(tmp_path / "none.root")
    assert gc.isenabled()


def test_no_file_is_left_open(root_file):
    psutil = pytest.importorskip("psutil", reason="psutil lists the files that are open")
    for options in ({}, {"columns": "mas"}, {"where": col("mas") > 1}, {"tree": "none"}):
        try:
            read(root_file, **options)
        except DataError as error:
            assert options, error  # noqa: PT017 - the handle must go while the error is held
        assert str(root_file) not in [file.path for file in psutil.Process().open_files()]
