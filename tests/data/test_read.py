"""Reading a user's own files: every way in, and one sentence for every way it can fail."""

import contextlib
import gzip

import awkward as ak
import numpy as np
import pandas as pd
import pytest
import uproot

from hepml.data import DataError, read


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


def sentence(*args, **kwargs):
    """Return what `read` complains of: always one line."""
    with pytest.raises(DataError) as error:
        read(*args, **kwargs)
    message = str(error.value)
    assert "\n" not in message
    return message


def test_a_tree_is_read_with_its_types(root_file, table):
    pd.testing.assert_frame_equal(read(root_file), table)


def test_an_rntuple_is_read_like_a_tree(tmp_path, table):
    file = tmp_path / "new.root"
    fields = {name: table[name].to_numpy() for name in table}
    with uproot.recreate(file) as root:
        root.mkrntuple("events", fields | {"jagged": ak.Array([[1.0]] * len(table))})
    found = read(file)
    pd.testing.assert_frame_equal(found[list(table)], table)
    assert found.attrs["left_out"] == ["jagged"]


def test_csv_plain_and_compressed(tmp_path, table):
    for name in ("t.csv", "t.csv.gz"):
        table.to_csv(tmp_path / name, index=False)
        assert np.allclose(read(tmp_path / name)["mass"], table["mass"])


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
    assert "is a folder" in sentence(root_file.parent)


def test_files_that_are_not_what_they_are_called(tmp_path):
    for name in ("page.root", "page.parquet", "notes.txt"):
        (tmp_path / name).write_text("<html>not found</html>")
    assert "is not a ROOT file" in sentence(tmp_path / "page.root")
    assert "is not a Parquet file" in sentence(tmp_path / "page.parquet")
    assert "unknown format" in sentence(tmp_path / "notes.txt")


@pytest.mark.parametrize("name", ["e.root", "e.csv", "e.csv.gz", "e.parquet"])
def test_an_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    assert "is empty" in sentence(tmp_path / name)


def test_tables_without_rows(tmp_path):
    (tmp_path / "head.csv").write_text("a,b\n")
    (tmp_path / "blank.csv").write_text("\n\n")
    with uproot.recreate(tmp_path / "none.root") as file:
        file.mktree("t", {"x": "f4"}).extend({"x": np.zeros(0, dtype="f4")})
    assert "no rows" in sentence(tmp_path / "head.csv")
    assert "is empty" in sentence(tmp_path / "blank.csv")
    assert "no rows" in sentence(tmp_path / "none.root")


def test_a_root_file_cut_anywhere(root_file, tmp_path):
    whole = root_file.read_bytes()
    cut = tmp_path / "cut.root"
    for length in (4, 10, 19, 63, 100, *range(200, len(whole), len(whole) // 40)):
        cut.write_bytes(whole[:length])
        assert "is cut short" in sentence(cut)


def test_a_root_file_with_wrong_bytes_is_an_error_or_the_table(root_file, tmp_path, table, rng):
    whole = np.frombuffer(root_file.read_bytes(), dtype=np.uint8)
    broken = tmp_path / "broken.root"
    for start in rng.integers(64, len(whole) - 64, 40):
        copy = whole.copy()
        copy[start : start + 64] ^= 0xFF
        broken.write_bytes(copy.tobytes())
        with contextlib.suppress(DataError):
            assert len(read(broken)) == len(table)


def test_a_compressed_csv_cut_anywhere(tmp_path, table):
    whole = gzip.compress(table.to_csv(index=False).encode())
    for length in (1, 9, 100, len(whole) // 2, len(whole) - 4):
        (tmp_path / "cut.csv.gz").write_bytes(whole[:length])
        assert "is damaged" in sentence(tmp_path / "cut.csv.gz")


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "b.csv").write_bytes(b"a,b\n\xff\xfe\x00\x01,2\n")
    assert "is damaged" in sentence(tmp_path / "b.csv")


@pytest.mark.real_data
def test_real_open_data(real_data):
    muons = read(real_data / "cms_open_data" / "uproot-Zmumu.root")
    assert len(muons) == 2304
    assert muons["M"].median() == pytest.approx(91, abs=2)
    events = read(f"{real_data / 'cms_open_data' / 'uproot-HZZ.root'}:events")
    assert "NJet" in events
    assert "Muon_Px" in events.attrs["left_out"]
    path = real_data / "cms_open_data" / "uproot-HZZ.root"
    assert "several values per event" in sentence(path, columns=["Muon_Px"])


@pytest.mark.real_data
def test_real_compressed_csv(real_data):
    table = read(real_data / "ramp_anomalies" / "train.csv.gz", columns=["isSkewed"])
    assert len(table) == 80000
