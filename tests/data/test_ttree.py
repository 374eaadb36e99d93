"""TTrees as ROOT writes them: objects, split or not, packed numbers, friends, cycles, the empty."""

import shutil
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pytest
import uproot

from hepml.data import DataError, LeftOutWarning, chunks, convert, read
from hepml.data.files import open_source
from hepml.data.files._members import dtype_members, form_members, label, member
from tests.data.tables import sentence

FILE = Path(__file__).parent / "files" / "objects.root"
UNREADABLE = {"unsplit", "tracks.fBits", "odd", "late"}
rows = np.arange(6)


def lists(column):
    return ak.from_arrow(pa.array(column)).tolist()


@pytest.fixture(scope="module")
def objects():
    with pytest.warns(LeftOutWarning):
        return read(FILE, tree="objects")


# ---------------------------------------------------------------- names and values


def test_members_are_columns_however_root_stores_them(objects):
    lepton = ["pt", "q", "inner.u", "inner.v"]
    names = ["hit.x", "hit.y", "hit.k"]
    names += [f"{what}.{part}" for what in ("muon", "electron", "whole") for part in lepton]
    names += ["event.run", "event.weight", "hits.x", "hits.y", "hits.z"]
    names += ["p4.fP.fX", "p4.fP.fY", "p4.fP.fZ", "p4.fE", "MET.fX", "MET.fY"]
    names += ["jets.fP.fX", "jets.fP.fY", "jets.fP.fZ", "jets.fE", "tracks.fUniqueID", "tracks.pt"]
    names += ["weights.first", "weights.second", "n"]
    names += ["packed", "packed_n", "half", "half_n", "one"]
    assert set(objects) - {"p4.fUniqueID", "p4.fBits"} == set(names)
    assert set(objects.attrs["left_out"]) == UNREADABLE


def test_a_leaf_list_is_a_column_for_each_leaf(objects):
    assert objects["hit.x"].tolist() == rows.tolist()
    assert lists(objects["hit.y"]) == [[2 * i, 3 * i] for i in range(6)]
    assert objects["hit.k"].tolist() == (-rows).tolist()
    assert objects["hit.x"].dtype == np.float32
    assert objects["hit.k"].dtype == np.int32


@pytest.mark.parametrize(("name", "pt", "sign"), [("muon", 0.5, 1), ("electron", 0.25, -1)])
def test_split_objects_of_one_class(objects, name, pt, sign):
    assert objects[f"{name}.pt"].tolist() == (rows + pt).tolist()
    assert objects[f"{name}.q"].tolist() == [sign] * 6
    assert objects[f"{name}.inner.u"].tolist() == (sign * rows).tolist()
    assert lists(objects[f"{name}.inner.v"]) == [[sign * i, sign * 2 * i] for i in range(6)]


def test_an_object_in_one_piece_is_as_if_it_were_split(objects):
    for part in ("pt", "q", "inner.u"):
        assert objects[f"whole.{part}"].tolist() == objects[f"muon.{part}"].tolist()
    assert lists(objects["whole.inner.v"]) == lists(objects["muon.inner.v"])


def test_what_is_inherited_is_the_object_s_own(objects):
    assert objects["event.run"].tolist() == [7] * 6
    assert objects["event.weight"].tolist() == rows.tolist()


def test_classes_of_other_files_do_not_matter(objects, monkeypatch):
    """As if a file had been open with another class of the same name and version."""
    with uproot.open(FILE) as file:
        file["objects/whole"].array()
    wrong = uproot.classes["Inner"], uproot.classes["Lepton"]
    monkeypatch.setitem(uproot.classes, "Lepton", wrong[0])
    with pytest.warns(LeftOutWarning):
        again = read(FILE, tree="objects")
    assert lists(again["whole.inner.v"]) == lists(objects["whole.inner.v"])


def test_vectors_of_root(objects):
    for factor, part in enumerate(("fP.fX", "fP.fY", "fP.fZ", "fE"), 1):
        assert objects[f"p4.{part}"].tolist() == (factor * rows).tolist()
    assert objects["MET.fX"].tolist() == rows.tolist()
    assert objects["MET.fY"].tolist() == (-rows).tolist()


def test_lists_of_records_are_a_list_for_each_member(objects):
    counts = [i % 4 for i in range(6)]
    assert lists(objects["hits.x"]) == [[i] * counts[i] for i in range(6)]
    assert lists(objects["hits.y"]) == [list(range(count)) for count in counts]
    assert lists(objects["jets.fP.fZ"]) == [[i + k for k in range(counts[i])] for i in range(6)]
    assert lists(objects["jets.fE"]) == [[i * k for k in range(counts[i])] for i in range(6)]
    assert lists(objects["tracks.pt"]) == [[i, i + 1, i + 2] for i in range(6)]
    assert lists(objects["weights.first"]) == [list(range(count)) for count in counts]
    assert lists(objects["weights.second"]) == [[i] * counts[i] for i in range(6)]


def test_pieces_are_those_of_the_whole(objects):
    names = ["hit.y", "p4.fE", "jets.fE", "half_n"]
    pieces = list(chunks(FILE, names, tree="objects", rows=4))
    for name in ("hit.y", "jets.fE", "half_n"):
        assert [x for piece in pieces for x in lists(piece[name])] == lists(objects[name])


def test_many_batches_are_those_of_the_whole(objects, monkeypatch):
    """Columns of one branch share what is read of it, batch by batch."""
    monkeypatch.setattr("hepml.data.files.root.BATCH_BYTES", 1)
    with open_source(FILE, "objects") as source:
        batches = list(source.batches(source.schema.names))
    assert len(batches) == 6
    table = pa.Table.from_batches(batches)
    for name in objects:
        assert table[name].to_pylist() == pa.array(objects[name]).to_pylist()


def test_what_is_read_can_be_written(tmp_path, objects):
    convert(FILE, tmp_path / "f.parquet", tree="objects")
    copy = read(tmp_path / "f.parquet")
    assert list(copy) == list(objects)
    assert lists(copy["jets.fE"]) == lists(objects["jets.fE"])


# ---------------------------------------------------------------- packed numbers


def test_arrays_of_packed_numbers_have_the_range_behind_their_lengths(objects):
    with uproot.open(FILE) as file:
        one = file["objects/one"].array(library="np")
    packed = np.array(lists(objects["packed"]))
    assert packed[:, 0].tolist() == one.tolist() == objects["one"].tolist()
    assert packed == pytest.approx(rows[:, None] + [0, 0.5], abs=100 / 2**16)
    halves = [[i + 0.5 * k for k in range(i % 4)] for i in range(6)]
    assert [len(x) for x in lists(objects["packed_n"])] == [len(x) for x in halves]
    found = ak.flatten(ak.Array(lists(objects["packed_n"])))
    assert found.tolist() == pytest.approx(
        [x for few in halves for x in few], abs=3 * np.pi / 2**16
    )


def test_half_precision_in_arrays(objects):
    assert lists(objects["half"]) == [[i, i + 0.25] for i in range(6)]
    found = ak.flatten(ak.Array(lists(objects["half_n"])))
    wanted = [i + 0.25 * k for i in range(6) for k in range(i % 4)]
    assert found.tolist() == pytest.approx(wanted, abs=100 / 2**10)


# ---------------------------------------------------------------- left out


def test_what_cannot_be_read_is_named_once_and_the_file_is_not_damaged(objects):
    with pytest.warns(LeftOutWarning) as told:
        read(FILE, tree="objects")
    assert len(told) == 1
    assert all(repr(name) in str(told[0].message) for name in UNREADABLE)
    why = objects.attrs["left_out"]
    assert "misreads the bits" in why["tracks.fBits"]
    assert "deque<float>" in why["odd"]
    assert why["unsplit"] == "uproot misreads its type, std::vector<Hit>"
    assert why["late"] == "it has 0 rows, the tree 6"
    for name, reason in why.items():
        assert reason in sentence(FILE, columns=[name], tree="objects")


def test_bits_of_objects_that_others_refer_to_are_not_what_uproot_reads():
    """Three tracks per event, two of them referred to: four bytes more, one number too many."""
    with uproot.open(FILE) as file:
        assert ak.num(file["objects/tracks/tracks.fBits"].array()).tolist() == [4] * 6
        assert ak.num(file["objects/tracks/tracks.pt"].array()).tolist() == [3] * 6


def test_vectors_that_root_wrote_member_by_member_are_not_what_uproot_reads():
    with uproot.open(FILE) as file:
        tree = file["objects"]
        whole, split = tree["unsplit"].array(), tree["hits/hits.x"].array()
    assert ak.num(whole)[1] == ak.num(split)[1] == 1
    assert whole["x"][1, 0] != split[1, 0] == 1


def test_a_later_basket_that_uproot_cannot_read_is_told_by_column(monkeypatch):
    with open_source(FILE, "objects") as source:
        branch = source._table.column("hits.x").source

        def fail(*_):
            raise ValueError("a basket of another kind")

        monkeypatch.setattr(branch, "read", fail)
        with pytest.raises(DataError, match=r"'hits.x' cannot be read.*drop=\['hits.x'\]"):
            next(source.batches(["hits.x"]))


def test_a_tree_of_nothing_that_can_be_read(monkeypatch):
    reason = "uproot does not know its type"
    monkeypatch.setattr("hepml.data.files._ttree._why_unknown", lambda _: reason)
    wanted = "objects.root has no column in 'ntuple' that can be read; 'px', for one: " + reason
    assert sentence(FILE, tree="ntuple") == wanted


@pytest.mark.filterwarnings("ignore::hepml.data.LeftOutWarning")
@pytest.mark.parametrize("name", ["p4.fE", "jets.fE", "tracks.pt"])
def test_damage_is_no_reason_to_leave_a_column_out(tmp_path, name):
    with uproot.open(FILE) as file:
        branch = file[f"objects/{name.partition('.')[0]}"]
        branch = branch.branches[-1] if branch.branches else branch
        start, size = branch.member("fBasketSeek")[0], branch.member("fBasketBytes")[0]
        assert branch.compressed_bytes < branch.uncompressed_bytes
    content = bytearray(FILE.read_bytes())
    content[start + size - 12 : start + size] = bytes(12)
    (tmp_path / "f.root").write_bytes(content)
    assert "damaged or not complete" in sentence(tmp_path / "f.root", tree="objects")


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("hit", "its parts are columns, 'hit.x' to 'hit.k'"),
        ("muon/pt", "did you mean 'muon.pt'"),
        ("inner.v[2]", "'electron.inner.v'"),
        ("weight", "did you mean 'event.weight'"),
    ],
)
def test_records_and_members_that_are_asked_for_otherwise(asked, hint):
    assert hint in sentence(FILE, columns=[asked], tree="objects")


# ---------------------------------------------------------------- trees


def test_an_ntuple_is_a_tree():
    table = read(FILE, tree="ntuple")
    assert table.to_dict("list") == {"px": rows.tolist(), "py": (2 * rows).tolist()}


def test_cycles_can_be_named():
    lengths = {name: len(read(f"{FILE}:{name}")) for name in ("cycles", "cycles;2", "cycles;1")}
    assert lengths == {"cycles": 2, "cycles;2": 2, "cycles;1": 1}
    assert "did you mean 'cycles;2' or 'cycles;1'" in sentence(f"{FILE}:cycles;3")


def test_a_tree_in_folders_is_named_by_its_path():
    assert read(f"{FILE}:folder/inner/deep")["x"].tolist() == [1]


def test_an_empty_tree_has_columns():
    with open_source(FILE, "empty") as source:
        assert source.rows == 0
        assert source.left_out == {}
        assert source.schema.field("p4.fE").type == pa.float64()
        assert source.schema.field("list").type == pa.list_(pa.float32())
        assert list(source.batches(source.schema.names)) == []


def test_a_chain_of_files_in_a_file_is_named():
    from hepml.data.files.root import RootSource

    class Chain:
        def keys(self, filter_classname, **_):
            return ["all"] if filter_classname == "TChain" else []

    source = RootSource(FILE, "ntuple")
    with source:
        whole, source._file = source._file, Chain()
        with pytest.raises(DataError, match="the chain 'all', which is a list of files"):
            source._choose(None)
        source._file = whole


# ---------------------------------------------------------------- friends


def test_friends_are_columns_by_their_name():
    with pytest.warns(LeftOutWarning):
        table = read(FILE, tree="friendly")
    assert list(table) == ["x", "run", "row", "scores.x"]
    assert table["scores.x"].tolist() == (10 * rows).tolist()
    assert read(FILE, ["scores.x"], "friendly").shape == (6, 1)


def test_friends_that_cannot_be_joined_row_by_row_are_named():
    with pytest.warns(LeftOutWarning, match=r"'shuffled\.\*'.*'shorter\.\*'.*'lost\.\*'") as told:
        why = read(FILE, tree="friendly").attrs["left_out"]
    assert len(told) == 1
    assert "an index, not row by row" in why["shuffled.*"]
    assert "it has 4 rows, the tree 6" in why["shorter.*"]
    assert "there is no file 'lost.root' beside objects.root" in why["lost.*"]
    assert "'lost.*'" in sentence(FILE, columns=["lost.x"], tree="friendly")


def beside(tmp_path, name="lost"):
    """Copy the file to where there is the friend that it lost."""
    path = Path(shutil.copy(FILE, tmp_path / "objects.root"))
    with uproot.recreate(tmp_path / "lost.root") as file:
        file.mktree(name, {"y": "f8"}).extend({"y": rows + 0.5})
    return path


@pytest.mark.filterwarnings("ignore::hepml.data.LeftOutWarning")
def test_a_friend_in_another_file(tmp_path):
    table = read(beside(tmp_path), tree="friendly")
    assert table["lost.y"].tolist() == (rows + 0.5).tolist()
    assert table["x"].tolist() == rows.tolist()


@pytest.mark.filterwarnings("ignore::hepml.data.LeftOutWarning")
@pytest.mark.parametrize("spoil", ["content", "name"])
def test_a_friend_that_is_damaged_or_another(tmp_path, spoil):
    path = beside(tmp_path, "other" if spoil == "name" else "lost")
    if spoil == "content":
        lost = tmp_path / "lost.root"
        lost.write_bytes(lost.read_bytes()[:-20])
    table = read(path, tree="friendly")
    assert "lost.y" not in table
    wanted = {"content": "is cut short", "name": "there is no such tree in lost.root"}
    assert wanted[spoil] in table.attrs["left_out"]["lost.*"]


# ---------------------------------------------------------------- types and forms


def test_columns_of_structures():
    inner = np.dtype([("u", ">f4"), ("v", ">i2", (3,))])
    found = dict(dtype_members(np.dtype([("a", "?"), ("in", inner, (2,))])))
    assert found == {
        ("a",): pa.bool_(),
        ("in", "u"): pa.list_(pa.float32()),
        ("in", "v"): pa.list_(pa.list_(pa.int16())),
    }


def test_columns_of_forms():
    array = ak.Array(
        [{"a": [{"b": 1.0, "c": {"d": "text"}}], "e": (1, [True]), "u": 1}, {"u": [2.0]}][:1]
    )
    found = {label(path): kind for path, kind in form_members(array.layout.form)}
    assert found == {
        "a.b": pa.list_(pa.float64()),
        "a.c.d": pa.list_(pa.string()),
        "e.first": pa.int64(),
        "e.second": pa.list_(pa.bool_()),
        "u": pa.int64(),
    }
    assert member(array, ("a", "c", "d")).tolist() == [["text"]]


def test_forms_of_changing_type_are_no_columns():
    mixed = ak.Array([{"u": 1, "x": 2.0}, {"u": [2.0], "x": 3.0}])
    assert dict(form_members(mixed.layout.form)) == {("u",): None, ("x",): pa.float64()}


# ---------------------------------------------------------------- real files


def compared(path, tree, count):
    """Compare columns of a real file, many of each kind, with uproot's."""
    with open_source(path, tree) as source:
        names = source.schema.names[:: max(1, len(source.schema) // count)]
        table = pa.Table.from_batches(source.batches(names))
        for name in names:
            column = source._table.column(name)
            wanted = member(column.source.branch.array(library="ak"), column.path)
            assert repr(table[name].to_pylist()) == repr(wanted.to_list()), name  # NaN as well
        return dict(source.left_out), source.schema.names


@pytest.mark.real_data
def test_real_delphes_tree(real_data):
    """One branch that uproot cannot read, and bits that it misreads, are no damage."""
    path = real_data / "physics_files" / "uproot-issue513.root"
    left_out, names = compared(path, "Delphes", 60)
    assert "Particle.fBits" in left_out
    assert all(name.endswith(".fBits") for name in left_out)
    assert {"Particle.PT", "Track.PT", "Event_size", "Particle.SoftDroppedJet.fE"} <= set(names)


@pytest.mark.real_data
def test_real_tree_with_branches_that_were_not_filled(real_data):
    path = real_data / "physics_files" / "uproot-issue327.root"
    left_out, names = compared(path, "DstTree", 30)
    assert left_out["Event.fTracks.fMCFlags"] == "it has 0 rows, the tree 98"
    assert {"Event.fVtx", "Event.fTracks.fP", "Event.fUniqueID"} <= set(names)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "tree", "column"),
    [
        ("uproot-HZZ-objects", "events", "muonp4.fP.fX"),
        ("uproot-hepdata-example", "ntuple", "px"),
        ("uproot-mc10events", "Events", "Info.runNum"),
        ("uproot-leaflist", "tree", "leaflist.x"),
        ("uproot-issue-75", "stuff", "stuffy.one"),
        ("uproot-issue-398", "orange", "orange.Sipos"),
    ],
)
def test_real_trees_of_objects(real_data, name, tree, column):
    left_out, names = compared(real_data / "physics_files" / f"{name}.root", tree, 12)
    assert column in names
    assert all("bitset" in reason for reason in left_out.values())
