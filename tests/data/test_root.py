"""ROOT files: every shape of branch, damage that is noticed, and real files."""

import json

import awkward as ak
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import uproot

from hepml.data import DataError, LeftOutWarning, chunks, convert, read
from hepml.data.files import base, open_source, open_writer
from hepml.data.files.root import TITLE, RootSource, RootWriter
from tests.data.tables import sentence


@pytest.fixture
def columns(rng):
    """Columns of every type that a ROOT file holds flat."""
    size = 3000
    kinds = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
    return {kind: rng.integers(0, 100, size).astype(kind) for kind in kinds} | {
        "float32": rng.normal(size=size).astype(np.float32),
        "float64": rng.normal(size=size),
        "bool": rng.random(size) > 0.5,
    }


def foreign(path, columns, layout="ttree"):
    """Write a file as another program would, in baskets of differing size."""
    with uproot.recreate(path) as file:
        if layout == "rntuple":
            file.mkrntuple("events", columns)
            return path
        kinds = {
            name: np.dtype((values.dtype, values.shape[1:]))
            if isinstance(values, np.ndarray)
            else values.type.content
            for name, values in columns.items()
        }
        tree = file.mktree("events", kinds, counter_name=lambda name: f"n{name}")
        size = len(next(iter(columns.values())))
        for rows in (slice(0, size // 3), slice(size // 3, size)):
            tree.extend({name: values[rows] for name, values in columns.items()})
    return path


@pytest.mark.parametrize("layout", ["ttree", "rntuple"])
def test_flat_columns_keep_their_types(tmp_path, columns, layout):
    table = read(foreign(tmp_path / "f.root", columns, layout))
    pd.testing.assert_frame_equal(table[list(columns)], pd.DataFrame(columns))
    assert table.attrs["left_out"] == {}


def awkward_of(column):
    return ak.from_arrow(pa.array(column))


@pytest.mark.parametrize("layout", ["ttree", "rntuple"])
def test_jagged_columns_are_lists(tmp_path, columns, rng, layout):
    counts = rng.poisson(2, 3000)
    hits = ak.unflatten(rng.normal(size=counts.sum()).astype(np.float32), counts)
    path = foreign(tmp_path / "f.root", columns | {"hits": hits}, layout)
    table = read(path)
    assert str(table["hits"].dtype).startswith("list<item: float not null>")
    assert ak.array_equal(awkward_of(table["hits"]), hits)
    assert table["hits"].list.len().tolist() == counts.tolist()
    assert table["hits"].list.flatten().sum() == pytest.approx(ak.sum(hits), rel=1e-3)
    pieces = [awkward_of(piece["hits"]) for piece in chunks(path, "hits", rows=999)]
    assert ak.array_equal(ak.concatenate(pieces), hits)


def test_arrays_and_nested_vectors_and_text_are_read(tmp_path):
    flat, text = np.arange(12.0).reshape(4, 3), ["a", "", "é" * 300, "x\ny"]
    nested = ak.Array([[[1, 2], []], [], [[]], [[3]]])
    table = read(
        foreign(tmp_path / "n.root", {"m": flat, "s": ak.Array(text), "v": nested}, "rntuple")
    )
    assert awkward_of(table["m"]).tolist() == flat.tolist()
    assert table["s"].tolist() == text
    assert awkward_of(table["v"]).tolist() == nested.tolist()
    tree = read(foreign(tmp_path / "t.root", {"m": flat, "cube": np.ones((4, 2, 3), np.float32)}))
    assert awkward_of(tree["m"]).tolist() == flat.tolist()
    assert awkward_of(tree["cube"]).tolist() == np.ones((4, 2, 3)).tolist()


def test_what_no_table_holds_is_left_out_and_said(tmp_path):
    either = ak.Array([1, "a", 2])
    path = foreign(tmp_path / "r.root", {"x": np.arange(3), "either": either}, "rntuple")
    with pytest.warns(LeftOutWarning, match="'either'"):
        table = read(path)
    assert list(table) == ["x"]
    assert list(table.attrs["left_out"]) == ["either"]
    assert "a variant: its type changes" in sentence(path, columns=["either"])


@pytest.mark.parametrize("name", ["a/b", "a.b", "x[0]", "sqrt(x)", "x;1", "é ü", "x*2"])
def test_names_are_looked_up_and_never_parsed(tmp_path, name):
    path = foreign(tmp_path / "n.root", {name: np.arange(3.0), "x": np.ones(3)})
    assert read(path, columns=[name])[name].tolist() == [0, 1, 2]
    assert list(read(path)) == [name, "x"]


def test_paths_are_files_and_never_addresses(tmp_path, columns):
    odd = tmp_path / "a:b #%20;1"
    odd.mkdir()
    path = foreign(odd / "f.root", columns)
    assert len(read(path)) == 3000
    assert len(read(f"{path}:events", "bool")) == 3000


def test_trees_in_folders_are_found_with_their_digests(tmp_path):
    with uproot.recreate(tmp_path / "f.root") as file:
        for name in ("one/t", "two/t"):
            file.mktree(name, {"x": "f8"}).extend({"x": np.ones(3)})
    assert "name one of them: 'one/t', 'two/t'" in sentence(tmp_path / "f.root")
    assert len(read(tmp_path / "f.root", tree="two/t")) == 3


def test_branches_of_differing_lengths_are_an_error(tmp_path, columns, monkeypatch):
    path = foreign(tmp_path / "f.root", columns)
    with open_source(path) as source:
        branch = source._table.column("int8").source.branch
        monkeypatch.setattr(type(branch), "entry_offsets", property(lambda _: [0, 2999]))
        assert branch.num_entries == 3000
        with pytest.raises(DataError, match="has 2999 rows, its tree 3000: lengths differ"):
            next(source.batches(["int8"]))


def test_names_are_not_for_root_files(tmp_path, columns):
    assert "has its own" in sentence(foreign(tmp_path / "f.root", columns), names=["a"])


# ---------------------------------------------------------------- damage


def whole(path, layout, rng, size=2000):
    """Write a file of ours with what compresses and what does not."""
    counts = rng.poisson(1, size)
    batch = pa.record_batch(
        {
            "noise": pa.array(rng.random(size)),
            "few": pa.array(rng.integers(0, 5, size).astype(np.int32)),
            "flag": pa.array(rng.random(size) > 0.5),
            "text": pa.array(rng.choice(["s", "b"], size)),
            "hits": pa.ListArray.from_arrays(
                np.cumsum([0, *counts]).astype(np.int32), rng.random(counts.sum())
            ),
        }
    )
    with RootWriter(path, batch.schema, "events", layout=layout) as writer:
        writer.write(batch)
    return path


@pytest.mark.parametrize("layout", ["ttree", "rntuple"])
def test_a_file_cut_anywhere(tmp_path, rng, layout):
    content = whole(tmp_path / "whole.root", layout, rng).read_bytes()
    cut = tmp_path / "cut.root"
    for length in (4, 10, 19, 63, 100, *range(200, len(content), len(content) // 40)):
        cut.write_bytes(content[:length])
        assert "is cut short" in sentence(cut)


@pytest.mark.filterwarnings("ignore")  # NumPy's and uproot's, about what they find in the damage
@pytest.mark.parametrize("layout", ["ttree", "rntuple"])
@pytest.mark.parametrize("width", [2, 64])
def test_exchanged_bytes_are_an_error_or_do_not_matter(tmp_path, rng, layout, width):
    path = whole(tmp_path / "whole.root", layout, rng)
    table, content = read(path), np.frombuffer(path.read_bytes(), dtype=np.uint8)
    broken, errors = tmp_path / "broken.root", 0
    for start in rng.integers(4, len(content) - width, 60):
        copy = content.copy()
        copy[start : start + width] = copy[start : start + width].reshape(-1, 2)[:, ::-1].ravel()
        broken.write_bytes(copy.tobytes())
        try:
            found = read(broken)
        except DataError as error:
            errors += "\n" not in str(error)
        else:
            pd.testing.assert_frame_equal(found, table)
    assert errors > 10


def test_a_changed_description_of_an_rntuple_is_told_before_it_is_believed(tmp_path, rng):
    """No list of pages is parsed before its checksum holds."""
    path = whole(tmp_path / "whole.root", "rntuple", rng)
    with uproot.open(path) as file:
        ntuple = file["events"]
        links = [record.page_list_link.locator for record in ntuple.footer.cluster_group_records]
        ends = [(link.offset, link.num_bytes) for link in links]
        ends += [
            (ntuple.member(f"fSeek{part}"), ntuple.member(f"fNBytes{part}"))
            for part in ("Header", "Footer")
        ]
    content, broken = path.read_bytes(), tmp_path / "broken.root"
    for offset, size in ends:
        record = np.frombuffer(content[offset : offset + size], np.uint8)
        for where in offset + rng.permutation(np.flatnonzero(record[:-1] != record[1:]))[:25]:
            pair = content[where : where + 2][::-1]
            broken.write_bytes(content[:where] + pair + content[where + 2 :])
            assert "damaged or not complete" in sentence(broken)


def test_values_that_are_not_those_written_are_noticed(tmp_path, rng):
    """Every basket is whole, and yet the table is not the one that was written."""
    path = whole(tmp_path / "f.root", "ttree", rng)
    noise, few = (read(path)[name].to_numpy() for name in ("noise", "few"))
    with uproot.open(path) as file:
        note = json.loads(str(file["hepml_events"]))
    for values, hint in ((noise[::-1], "digest of 'noise'"), (few, "type of 'noise'")):
        with uproot.recreate(tmp_path / "other.root") as file:
            own = str(file.file.uuid)
            tree = file.mktree("events", {"noise": values.dtype}, TITLE.format(own))
            tree.extend({"noise": values})
            columns = {"noise": note["columns"]["noise"]}
            file["hepml_events"] = json.dumps({"file": own, "columns": columns})
        assert f"{hint} differs" in sentence(tmp_path / "other.root")


def test_what_another_program_made_of_our_file_is_read(tmp_path, rng):
    """As ROOT's hadd does: titles and texts are copied, the values are those of several files."""
    path = whole(tmp_path / "f.root", "ttree", rng)
    noise = np.tile(read(path)["noise"].to_numpy(), 2)
    with uproot.open(path) as ours, uproot.recreate(tmp_path / "added.root") as file:
        tree = file.mktree("events", {"noise": noise.dtype}, ours["events"].title)
        tree.extend({"noise": noise})
        file["hepml_events"] = str(ours["hepml_events"])
    assert np.array_equal(read(tmp_path / "added.root")["noise"], noise)


@pytest.mark.filterwarnings("ignore")
def test_more_rows_than_a_file_can_hold_are_refused(tmp_path, columns, monkeypatch):
    path = foreign(tmp_path / "f.root", {"x": columns["float64"]})
    monkeypatch.setattr(base, "EXPANDED_BYTES", 3000)
    monkeypatch.setattr(base, "EXPANSION", 0)
    assert len(read(path)) == 3000
    monkeypatch.setattr(base, "EXPANDED_BYTES", 2999)
    assert "times its size" in sentence(path)


@pytest.mark.filterwarnings("ignore")
def test_a_row_more_than_there_is(tmp_path, columns):
    path = foreign(tmp_path / "f.root", {"x": columns["float64"]})
    content = path.read_bytes()
    entries = (3000).to_bytes(8, "big")
    assert entries in content
    path.write_bytes(content.replace(entries, (3001).to_bytes(8, "big")))
    assert "damaged or not complete" in sentence(path)


# ---------------------------------------------------------------- writing


def test_files_of_ours_are_read_by_uproot_alone(tmp_path, rng):
    table = read(whole(tmp_path / "f.root", "ttree", rng))
    with uproot.open({tmp_path / "f.root": "events"}) as tree:
        assert set(table) <= set(tree.keys())
        np.testing.assert_array_equal(tree["noise"].array(library="np"), table["noise"])
        assert ak.array_equal(tree["hits"].array(), awkward_of(table["hits"]))
        assert tree["text"].array().tolist() == table["text"].tolist()
    assert list(table) == ["noise", "few", "flag", "text", "hits"]


def test_names_of_counters_do_not_clash(tmp_path):
    lists = {"hits": [[1], []], "hits__": [[1, 2], [3]]}
    table = pa.table(lists | {"nhits": [5, 6], "nhits_": [7, 8]})
    path = tmp_path / "f.root"
    with open_writer(path, path, table.schema, "t") as writer:
        writer.write(table.to_batches()[0])
    found = read(path)
    assert list(found) == table.column_names
    assert found["nhits"].tolist() == [5, 6]
    assert {name: awkward_of(found[name]).tolist() for name in lists} == lists


@pytest.mark.parametrize("kind", [pa.date32(), pa.decimal128(5), pa.struct([("x", "f4")])])
def test_types_that_root_does_not_have_are_refused(tmp_path, kind):
    with pytest.raises(DataError, match="ROOT cannot hold 'x'"):
        RootWriter(tmp_path / "f.root", pa.schema([("x", kind)]), "t")


def test_many_small_batches_become_few_baskets(tmp_path):
    schema = pa.schema([pa.field("x", pa.float64(), nullable=False)])
    with RootWriter(tmp_path / "f.root", schema, "t") as writer:
        for start in range(0, 50_000, 100):
            writer.write(pa.record_batch({"x": np.arange(start, start + 100.0)}, schema=schema))
    with uproot.open({tmp_path / "f.root": "t"}) as tree:
        assert tree["x"].num_baskets == 1
    assert read(tmp_path / "f.root")["x"].tolist() == list(range(50_000))


# ---------------------------------------------------------------- real files


@pytest.mark.real_data
def test_real_flat_tree(real_data):
    muons = read(real_data / "cms_open_data" / "uproot-Zmumu.root")
    assert len(muons) == 2304
    assert muons["M"].median() == pytest.approx(91, abs=2)


@pytest.mark.real_data
@pytest.mark.parametrize("layout", ["ttree", "rntuple"])
def test_real_jagged_tree(real_data, tmp_path, layout):
    path = real_data / "cms_open_data" / "uproot-HZZ.root"
    events = read(f"{path}:events")
    with uproot.open(f"{path}:events") as tree:
        assert list(events) == tree.keys()
        for name in ("Muon_Px", "Jet_btag", "Muon_Iso"):
            assert ak.array_equal(awkward_of(events[name]), tree[name].array())
    assert (events["Muon_Px"].list.len() == events["NMuon"]).all()
    convert(path, tmp_path / "copy.root", layout=layout)
    pd.testing.assert_frame_equal(read(tmp_path / "copy.root"), events)


@pytest.mark.real_data
def test_real_reweighting_sample(real_data, tmp_path):
    path = real_data / "reweighting" / "RD_distribution.root"
    table = read(path)
    assert table.shape == (21441, 6)
    with uproot.open(path) as file:
        tree = file[file.keys(filter_classname="TTree")[0]]
        for name in table:
            np.testing.assert_array_equal(table[name], tree[name].array(library="np"))
    convert(path, tmp_path / "copy.parquet")
    pd.testing.assert_frame_equal(read(tmp_path / "copy.parquet"), table)
    with RootSource(path) as source:
        assert source.rows == len(table)
