"""Published sets: an honest registry, and tables of the promised names from files as documented."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hepml import data
from hepml.data import DataError, published, schemas
from hepml.data.published import cache, download, fetching, layouts, registry
from hepml.data.recipes.higgs_tautau import RECIPE

ROWS = 60
LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HEPML_DATA", str(tmp_path / "cache"))
    monkeypatch.delenv("HEPML_MIRROR", raising=False)


@pytest.fixture
def stick(tmp_path, monkeypatch):
    """Folder to fetch from, and a registry that states nothing about the files' content."""
    unstated = [
        replace(one, files=tuple(replace(f, size=None, about=0, checksum=None) for f in one.files))
        for one in registry.ENTRIES
    ]
    monkeypatch.setattr(registry, "ENTRIES", tuple(unstated))
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def names_of(name):
    return [column.name for column in published.entry(name).columns]


def types_of(table):
    return {name: str(table[name].dtype) for name in table}


# ---------------------------------------------------------------- the registry


@pytest.mark.parametrize("one", registry.ENTRIES, ids=lambda one: one.name)
def test_an_entry_is_complete(one):
    assert re.fullmatch(r"10\.\d{4,5}/\S+", one.doi)
    assert one.title
    assert one.licence
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|PMLR 42", one.citation)
    assert one.notes
    assert len({file.name for file in one.files}) == len(one.files)
    for file in one.files:
        assert file.url.startswith("https://")
        assert file.url.endswith(file.name)
        assert file.expected_size > 1_000_000
        assert (file.checksum is None) == (file.source == "")
        if file.checksum:
            algorithm, digest = file.checksum.split(":")
            assert re.fullmatch(rf"[0-9a-f]{{{LENGTHS[algorithm]}}}", digest)
    checksums = [file.checksum for file in one.files if file.checksum]
    assert len(set(checksums)) == len(checksums)


@pytest.mark.parametrize("name", published.names())
def test_columns_are_described(name):
    found = published.entry(name).columns
    assert len({column.name for column in found}) == len(found)
    assert "Label" in [column.name for column in found]
    assert all(column.meaning for column in found)
    assert len(layouts.schema(published.entry(name))) == len(found)


def test_the_sister_has_the_same_columns():
    sister = {c.name: (c.dtype, c.unit) for c in RECIPE.columns if c.name != "Process"}
    found = {c.name: (c.dtype, c.unit) for c in published.entry("higgsml").columns}
    assert list(found) == [*sister, "KaggleSet", "KaggleWeight"]
    assert {name: found[name] for name in sister} == sister
    fair = {c.name: (c.dtype, c.unit) for c in published.entry("fair_universe").columns}
    assert fair.items() - sister.items() == {("DetailedLabel", ("string", ""))}
    assert published.sister_of("higgs_tautau") == "higgsml"
    assert published.sister_of("heavy_higgs") == "uci_higgs"
    assert published.sister_of("top_resonance") == "hepmass"
    assert published.sister_of("known_truth") is None


def test_the_features_of_the_papers_are_counted_right():
    assert (len(schemas.HIGGS_LOW), len(schemas.HIGGS_HIGH)) == (21, 7)
    assert (len(schemas.SUSY_LOW), len(schemas.SUSY_HIGH)) == (8, 10)
    assert len(schemas.HEPMASS) == 1 + 27 + 1
    assert len(schemas.DIJETS) == 14 + 1


@pytest.mark.parametrize("name", published.names())
def test_a_card_says_whose_and_how_it_is_checked(name):
    card, one = published.card(name), published.entry(name)
    assert json.loads(json.dumps(card.record)) == card.record
    assert card.columns == names_of(name)
    for text in (str(card), card._repr_markdown_()):
        for fact in (one.title, one.doi, one.licence, one.citation, one.renamed, *one.notes):
            assert fact in text
        assert f"hepml data fetch {name}" in text
        for file in one.files[:1]:
            assert (file.source or "recorded at the first download") in text
    assert "not tried on the real file" in str(card) or "not on the whole file" in str(card)
    assert card._repr_markdown_().count("\n| `") == len(one.columns)


def test_a_name_that_is_not_there():
    for function in (published.entry, published.card, published.fetch, published.load):
        with pytest.raises(DataError, match="did you mean 'higgsml'"):
            function("higsml")


@pytest.mark.parametrize("name", published.names())
def test_what_is_not_fetched_is_said_with_what_works_offline(name):
    assert published.status(name)["fetched"] is False
    for function in (published.load, published.verify):
        with pytest.raises(DataError) as error:
            function(name)
        message = str(error.value)
        assert f"hepml data fetch {name}" in message
        assert any(repr(bundled) in message for bundled in data.names())
        assert "\n" not in message


# ---------------------------------------------------------------- loaders


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def csv(table, *, header=True):
    return table.to_csv(index=False, header=header).encode()


def fetched(name, stick, **options):
    published.fetch(name, source=stick, **options)
    return published.load(name)


def higgsml(rng, size=ROWS):
    """Return a table as the challenge's file has it."""
    table = pd.DataFrame({c.name: rng.normal(50, 9, size).round(3) for c in RECIPE.columns})
    table = table.drop(columns="Process")
    table["EventId"] = 100000 + np.arange(size)
    table["PRI_jet_num"] = rng.integers(0, 4, size)
    table["Label"] = rng.choice(["s", "b"], size)
    table["KaggleSet"] = rng.choice(list("tbvu"), size)
    return table.assign(KaggleWeight=rng.random(size))


def test_higgsml_has_its_sister_s_names_and_types(stick, rng, sample):
    table = higgsml(rng)
    write(stick / "atlas-higgs-challenge-2014-v2.csv.gz", csv(table))
    found = fetched("higgsml", stick)
    sister = sample.drop(columns="Process")
    assert types_of(found[list(sister)]) == types_of(sister)
    assert list(found) == [*sister, "KaggleSet", "KaggleWeight"]
    assert (found["Label"] == (table["Label"] == "s")).all()
    assert np.array_equal(found["DER_mass_vis"], table["DER_mass_vis"].astype(np.float32))
    assert np.array_equal(found["KaggleSet"], table["KaggleSet"])


def test_labels_that_are_neither_are_refused(stick, rng):
    table = higgsml(rng)
    table.loc[7, "Label"] = "x"
    write(stick / "atlas-higgs-challenge-2014-v2.csv.gz", csv(table))
    with pytest.raises(DataError, match="labels other than s and b"):
        fetched("higgsml", stick)
    left = {file.name for file in cache.set_folder("higgsml").iterdir()}
    assert left == {"atlas-higgs-challenge-2014-v2.csv.gz.refused", "ledger.json", "lock"}


def uci(name, rng, size=ROWS):
    table = pd.DataFrame({n: rng.normal(0, 1, size).round(4) for n in names_of(name)})
    return table.assign(Label=rng.integers(0, 2, size).astype(float))


@pytest.mark.parametrize("name", ["uci_higgs", "uci_susy"])
def test_text_without_names_gets_those_of_the_repository(stick, rng, name):
    table = uci(name, rng)
    write(stick / name / published.entry(name).files[0].name, csv(table, header=False))
    found = fetched(name, stick)
    expected = table.astype(np.float32).astype({"Label": np.int8})
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("first", ["# label,f0", "label,f0", None])
def test_hepmass_is_told_by_the_order_of_its_columns(stick, rng, first):
    tables = [uci("hepmass", rng, size) for size in (ROWS, ROWS // 2)]
    names = ["# label", *(f"f{i}" for i in range(27)), "mass"]
    names[0] = first.split(",")[0] if first else ""
    for file, table in zip(published.entry("hepmass").files, tables, strict=True):
        text = csv(table.set_axis(names, axis=1), header=first is not None)
        write(stick / "hepmass" / file.name, text.replace(b'"', b""))
    found = fetched("hepmass", stick)
    expected = pd.concat(tables, ignore_index=True)
    expected = expected.astype(np.float32).astype({"Label": np.int8})
    pd.testing.assert_frame_equal(found, expected)


def test_a_file_with_other_columns_is_refused(stick, rng):
    table = uci("uci_higgs", rng).iloc[:, :20]
    write(stick / "HIGGS.csv.gz", csv(table))
    with pytest.raises(DataError, match="has 20 columns where 'uci_higgs' has 29"):
        fetched("uci_higgs", stick)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("uci_higgs", b"0,1\n"),
        ("uci_higgs", b""),
        ("uci_higgs", b"\xff\xfe\n\x00"),
        ("uci_higgs", b"0" + b",1" * 27 + b",x\n" + b"0" + b",1" * 28 + b"\n"),
        ("uci_higgs", b"0.5" + b",1" * 28 + b"\n"),
        ("uci_higgs", b"0" + b",1" * 27 + b",\n" + b"," + b"1," * 27 + b"1\n"),
        ("higgsml", b"EventId,Label\n1,s\n"),
    ],
)
def test_what_is_not_the_set_ends_in_a_sentence(stick, name, content):
    write(stick / published.entry(name).files[0].name, content)
    with pytest.raises(DataError) as error:
        fetched(name, stick)
    assert "\n" not in str(error.value)
    assert copies(name) == []


@pytest.mark.parametrize(
    "arrays",
    [
        {"X": np.ones((3, 2, 4))},
        {"X": np.ones((3, 2, 3)), "y": np.ones(3)},
        {"X": np.ones((3, 2)), "y": np.ones(3)},
        {"X": np.ones(3), "y": np.ones(3)},
        {"X": np.ones((3, 2, 4)), "y": np.ones(4)},
    ],
)
def test_arrays_of_another_shape_end_in_a_sentence(stick, arrays):
    np.savez(stick / "QG_jets.npz", **arrays)
    with pytest.raises(DataError) as error:
        fetched("qg_jets", stick)
    assert "\n" not in str(error.value)


def write_fixed(path, table):
    """Write what pandas calls the fixed format, as `DataFrame.to_hdf` lays it out."""
    with h5py.File(path, "w") as file:
        group = file.create_group("df")
        group["axis0"] = group["block0_items"] = np.array(list(table), "S")
        group["axis1"] = np.arange(len(table))
        group["block0_values"] = table.to_numpy()


def test_lhco_features(stick, rng):
    names = [name.replace("Label", "label") for name in names_of("lhco")]
    table = pd.DataFrame(rng.normal(0, 100, (ROWS, 15)), columns=names)
    table["label"] = rng.integers(0, 2, ROWS).astype(float)
    write_fixed(stick / published.entry("lhco").files[0].name, table)
    found = fetched("lhco", stick)
    expected = table.astype(np.float32).astype({"label": np.int8})
    pd.testing.assert_frame_equal(found, expected.rename(columns={"label": "Label"}))


def test_jet_images(stick, rng):
    path = stick / published.entry("jet_images").files[0].name
    images = rng.random((ROWS, 25, 25))
    with h5py.File(path, "w") as file:
        file["image"] = images
        file["signal"] = rng.integers(0, 2, ROWS).astype(float)
        for name in names_of("jet_images")[2:]:
            file[name] = rng.random(ROWS)
    found = fetched("jet_images", stick)
    assert list(found) == names_of("jet_images")
    pixels = np.stack(found["image"].to_numpy()).reshape(ROWS, 25, 25)
    assert np.array_equal(pixels, images.astype(np.float32))
    assert str(found["Label"].dtype) == "int8"


def jagged(table, name):
    kind = np.int32 if name == "pid" else np.float32
    return [np.asarray(values, kind) for values in table[name]]


def test_quark_and_gluon_jets_lose_their_padding(stick, rng):
    files = published.entry("qg_jets").files[:2]
    pids = np.array([22, 211, -211, 130, 321, 2212])
    kept = []
    for file, places in zip(files, (7, 9), strict=True):
        X = rng.normal(0, 1, (ROWS, places, 4))
        X[:, :, 0] = rng.exponential(5, (ROWS, places)) + 0.01
        X[:, :, 3] = rng.choice(pids, (ROWS, places))
        real = np.arange(places) < rng.integers(1, places + 1, (ROWS, 1))
        X[~real] = 0
        y = rng.integers(0, 2, ROWS).astype(float)
        np.savez_compressed(stick / file.name, X=X, y=y)
        kept += [(jet[mask], label) for jet, mask, label in zip(X, real, y, strict=True)]
    found = fetched("qg_jets", stick, files=2)
    assert list(found) == names_of("qg_jets")
    assert len(found) == 2 * ROWS
    for axis, name in enumerate(["pt", "rapidity", "phi", "pid"]):
        for values, (jet, _) in zip(jagged(found, name), kept, strict=True):
            assert np.array_equal(values, jet[:, axis].astype(values.dtype))
    assert found["Label"].tolist() == [label for _, label in kept]


def test_one_file_of_many_is_fetched_unless_more_are_asked_for(stick, rng):
    for file in published.entry("qg_jets").files[:2]:
        np.savez_compressed(stick / file.name, X=rng.random((3, 2, 4)), y=np.ones(3))
    assert len(fetched("qg_jets", stick)) == 3
    assert len(fetched("qg_jets", stick, files=2)) == 6
    for count in (0, 21, -1):
        with pytest.raises(DataError, match="ask for 1 to 20"):
            published.fetch("qg_jets", files=count)


def write_table_format(path, floats, integers):
    """Write what pandas calls the table format: names are pickled, and so out of reach."""
    kind = [("index", "i8"), ("values_block_0", "f4", floats.shape[1:])]
    kind.append(("values_block_1", "i8", integers.shape[1:]))
    records = np.zeros(len(floats), np.dtype(kind))
    records["values_block_0"], records["values_block_1"] = floats, integers
    with h5py.File(path, "w") as file:
        file.create_group("table")["table"] = records


def test_top_tagging_loses_its_padding(stick, rng):
    kept = []
    for file, split in zip(published.entry("top_tagging").files, (0, 2, 1), strict=True):
        momenta = rng.normal(0, 30, (ROWS, 200, 4)).astype(np.float32)
        momenta[:, :, 0] = np.abs(momenta[:, :, 0]) + 1
        momenta[np.arange(200) >= rng.integers(1, 201, (ROWS, 1))] = 0
        truth = rng.normal(0, 300, (ROWS, 4)).astype(np.float32)
        label = rng.integers(0, 2, ROWS)
        floats = np.concatenate((momenta.reshape(ROWS, -1), truth), axis=1)
        write_table_format(stick / file.name, floats, np.stack((label * 0 + split, label), axis=1))
        kept += zip(momenta, truth, label, strict=True)
    found = fetched("top_tagging", stick)
    assert list(found) == names_of("top_tagging")
    assert len(found) == 3 * ROWS
    assert found["Split"].unique().tolist() == [0, 2, 1]
    assert found["Label"].tolist() == [label for _, _, label in kept]
    for axis, name in enumerate(schemas.CONSTITUENTS):
        assert np.array_equal(found[f"truth{name}"], [truth[axis] for _, truth, _ in kept])
        for values, (momenta, _, _) in zip(jagged(found, name), kept, strict=True):
            assert np.array_equal(values, momenta[momenta[:, 0] > 0, axis])


def fair(rng):
    """Return a table as the challenge's Parquet file has it."""
    names = {name: choices[0] for name, choices in layouts.FAIR_NAMES.items()}
    names = [names.get(name, name) for name in names_of("fair_universe")]
    table = pd.DataFrame({name: rng.random(ROWS, dtype=np.float32) for name in names})
    table["PRI_n_jets"] = rng.integers(0, 4, ROWS).astype(np.float32)
    table["labels"] = rng.integers(0, 2, ROWS)
    table["detailed_labels"] = rng.choice(["htautau", "ztautau", "ttbar", "diboson"], ROWS)
    absent = table["PRI_n_jets"] == 0
    table.loc[absent, ["PRI_jet_leading_pt", "PRI_jet_leading_eta"]] = -25
    return table[rng.permutation(names)]


def test_fair_universe_has_the_sister_s_names_and_its_mark_of_what_is_absent(stick, rng, tmp_path):
    table = fair(rng)
    table.to_parquet(tmp_path / "events.parquet")
    archive = stick / "FAIR_Universe_HiggsML_data.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(tmp_path / "events.parquet", "data/FAIR_Universe_HiggsML_data.parquet")
        packed.writestr("data/FAIR_Universe_HiggsML_data_metadata.json", "{}")
    found = fetched("fair_universe", stick)
    assert list(found) == names_of("fair_universe")
    assert np.array_equal(found["PRI_tau_pt"], table["PRI_had_pt"])
    assert np.array_equal(found["PRI_jet_num"], table["PRI_n_jets"])
    assert np.array_equal(found["DetailedLabel"], table["detailed_labels"])
    none, few = found["PRI_jet_num"] < 1, found["PRI_jet_num"] < 2
    assert (found.loc[none, "PRI_jet_leading_pt"] == -999).all()
    assert (found.loc[~none, "PRI_jet_leading_pt"] >= 0).all()
    for name in ("PRI_jet_subleading_phi", "DER_mass_jet_jet", "DER_lep_eta_centrality"):
        assert (found.loc[few, name] == -999).all()
        assert np.array_equal(found.loc[~few, name], table.loc[~few, name])
    assert [*cache.set_folder("fair_universe").glob("tmp*")] == []


@pytest.mark.parametrize("damage", ["none inside", "wrong bytes", "locked"])
def test_a_damaged_archive_ends_in_a_sentence(stick, rng, tmp_path, damage):
    fair(rng).to_parquet(tmp_path / "events.parquet")
    archive = stick / "FAIR_Universe_HiggsML_data.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        name = "events.txt" if damage == "none inside" else "events.parquet"
        packed.write(tmp_path / "events.parquet", name)
    content = bytearray(archive.read_bytes())
    if damage == "wrong bytes":
        content[1000:1100] = bytes(100)
    if damage == "locked":
        content[6] |= 1
        content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(DataError, match=r"Parquet files where one|is damaged or not"):
        fetched("fair_universe", stick)
    left = {file.name for file in cache.set_folder("fair_universe").iterdir()}
    assert left == {f"{archive.name}.refused", "ledger.json", "lock"}


@pytest.mark.parametrize("kind", ["category", "string[pyarrow]"])
def test_text_of_fair_universe_in_any_of_its_kinds(stick, rng, tmp_path, kind):
    table = fair(rng)
    table["detailed_labels"] = table["detailed_labels"].astype(kind)
    table.to_parquet(tmp_path / "events.parquet")
    with zipfile.ZipFile(stick / "FAIR_Universe_HiggsML_data.zip", "w") as packed:
        packed.write(tmp_path / "events.parquet", "events.parquet")
    found = fetched("fair_universe", stick)
    assert found["DetailedLabel"].tolist() == table["detailed_labels"].tolist()


# ---------------------------------------------------------------- the copy


@pytest.fixture
def higgs(stick, rng):
    """Fetch a small UCI HIGGS; return its table."""
    table = uci("uci_higgs", rng, 500)
    write(stick / "HIGGS.csv.gz", csv(table, header=False))
    published.fetch("uci_higgs", source=stick)
    return table


def copies(name="uci_higgs"):
    return sorted(cache.set_folder(name).glob("prepared-*"))


def test_columns_and_cuts_are_those_of_the_promised_names(higgs):
    wanted = ["m_bb", "Label", "lepton_pT"]
    found = published.load("uci_higgs", columns=wanted, where=data.col("m_wwbb") > 0.5)
    assert list(found) == wanted
    assert len(found) == (higgs["m_wwbb"] > 0.5).sum()
    assert list(published.load("uci_higgs", columns="m_bb")) == ["m_bb"]
    with pytest.raises(DataError, match=r"no column 'm_b'; did you mean 'm_bb'"):
        published.load("uci_higgs", columns=["m_b"])
    with pytest.raises(DataError, match="no column 'x'"):
        published.load("uci_higgs", where=data.col("x") > 0)
    with pytest.raises(TypeError, match="where= takes a cut"):
        published.load("uci_higgs", where="m_bb > 1")


def test_a_wrong_column_is_told_before_the_copy_is_made(higgs):
    for request in ({"columns": ["jet"]}, {"where": data.col("jet") > 0}, {"where": data.col("R")}):
        with pytest.raises(DataError, match="no column"):
            published.load("uci_higgs", **request)
    assert len(higgs)
    assert copies() == []


def test_the_copy_is_made_once_and_again_when_it_was_deleted(higgs):
    first = published.load("uci_higgs")
    (copy,) = copies()
    made = copy.stat().st_mtime_ns
    pd.testing.assert_frame_equal(published.load("uci_higgs"), first)
    assert copy.stat().st_mtime_ns == made
    copy.unlink()
    pd.testing.assert_frame_equal(published.load("uci_higgs"), first)
    assert len(first) == len(higgs)


def test_the_copy_belongs_to_these_very_files(stick, rng):
    """Also if they are of the same size."""
    folder, found, sizes = cache.set_folder("uci_higgs"), [], set()
    for _ in range(2):
        lines = [",".join(["1", *(f"{x:.6f}" for x in rng.random(28))]) for _ in range(ROWS)]
        content = gzip.compress("\n".join(lines).encode(), compresslevel=0, mtime=0)
        (stick / "HIGGS.csv.gz").write_bytes(content)
        for file in folder.glob("[Hl]*"):
            file.unlink()
        published.fetch("uci_higgs", source=stick)
        found.append(published.load("uci_higgs", columns="m_bb")["m_bb"])
        sizes.add(len(content))
        assert len(copies()) == 1
    assert len(sizes) == 1
    assert not np.allclose(*found)


def test_an_interrupted_copy_leaves_nothing(higgs, monkeypatch):
    def interrupt(*_):
        yield from ()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(layouts.LAYOUTS, "uci", interrupt)
        with pytest.raises(KeyboardInterrupt):
            published.load("uci_higgs")
    assert copies() == []
    assert len(published.load("uci_higgs")) == len(higgs)


def test_a_damaged_file_makes_no_copy(higgs):
    path = cache.set_folder("uci_higgs") / "HIGGS.csv.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="damaged") as error:
        published.load("uci_higgs")
    assert "\n" not in str(error.value)
    assert copies() == []
    assert len(higgs)


def test_a_cache_that_cannot_be_written_is_still_read(higgs, monkeypatch):
    monkeypatch.setattr(cache, "is_writable", lambda _: False)
    assert len(published.load("uci_higgs")) == len(higgs)
    assert copies() == []


def test_an_archive_in_a_cache_that_cannot_be_written_is_unpacked_elsewhere(
    stick, rng, tmp_path, monkeypatch
):
    fair(rng).to_parquet(tmp_path / "events.parquet")
    with zipfile.ZipFile(stick / "FAIR_Universe_HiggsML_data.zip", "w") as packed:
        packed.write(tmp_path / "events.parquet", "events.parquet")
    published.fetch("fair_universe", source=stick)
    monkeypatch.setattr(cache, "is_writable", lambda _: False)
    folders, temporary = [], tempfile.TemporaryDirectory

    def noting(*args, **options):
        folders.append(options.get("dir"))
        return temporary(*args, **options)

    monkeypatch.setattr(tempfile, "TemporaryDirectory", noting)
    assert len(published.load("fair_universe")) == ROWS
    assert folders == [None, None]


def test_no_room_for_a_passing_copy_is_one_sentence(higgs, monkeypatch):
    monkeypatch.setattr(cache, "is_writable", lambda _: False)

    def fail(*_):
        yield from ()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setitem(layouts.LAYOUTS, "uci", fail)
        with pytest.raises(DataError, match=r"cannot be written: No space left on device"):
            published.load("uci_higgs")
    monkeypatch.setattr(download, "free_bytes", lambda _: 0)
    with pytest.raises(DataError, match="do not fit"):
        published.load("uci_higgs")
    assert len(higgs)


def test_the_first_line_is_read_so_far_only(tmp_path, monkeypatch):
    monkeypatch.setattr(layouts, "LONGEST_LINE", 100)
    for name in ("t.csv", "t.csv.gz"):
        write(tmp_path / name, b"# c\n\n1,2\n")
        assert layouts._first_line(tmp_path / name) == "1,2\n"
        write(tmp_path / name, b"1" * 1000)
        assert len(layouts._first_line(tmp_path / name)) == 100


def test_a_spoilt_ledger_is_none(higgs):
    file = cache.set_folder("uci_higgs") / cache.LEDGER
    for text in ("[]", "{", '{"HIGGS.csv.gz": 3}', '{"HIGGS.csv.gz": null}'):
        file.write_text(text)
        assert cache.ledger("uci_higgs") == {}
        assert published.status("uci_higgs")["date"] is None
    assert len(higgs)


def test_the_copy_can_be_made_beforehand(higgs):
    seen = []
    copy = published.prepare("uci_higgs", progress=lambda *now: seen.append(now))
    assert copies() == [copy]
    assert seen == [(len(higgs), None, False), (len(higgs), len(higgs), False)]
    assert published.prepare("uci_higgs") == copy
    assert len(seen) == 2
    assert len(published.load("uci_higgs")) == len(higgs)


def test_the_copy_needs_room_and_is_made_by_one_process(higgs, monkeypatch):
    busy = pytest.raises(DataError, match="another process is at work")
    with cache.locked(cache.set_folder("uci_higgs"), "uci_higgs"), busy:
        published.load("uci_higgs")
    with monkeypatch.context() as patch:
        patch.setattr(download, "free_bytes", lambda _: 0)
        with pytest.raises(DataError, match="do not fit"):
            published.load("uci_higgs")
    assert copies() == []
    assert len(published.load("uci_higgs")) == len(higgs)


UNSIZED = """
from dataclasses import replace
from hepml.cli import main
from hepml.data.published import registry
registry.ENTRIES = tuple(
    replace(one, files=tuple(replace(file, about=0) for file in one.files))
    for one in registry.ENTRIES
)
main()
"""


def hepml(*arguments):
    """Run the command with a registry that states no approximate sizes."""
    command = [sys.executable, "-c", UNSIZED, "data", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_command_makes_the_copy(tmp_path, rng):
    """HEPMASS, as nobody states its checksums."""
    for file in published.entry("hepmass").files:
        write(tmp_path / file.name, csv(uci("hepmass", rng), header=False))
    done = hepml("fetch", "hepmass", "--from", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert len(copies("hepmass")) == 1
    assert done.stdout.endswith('load: hepml.data.load("hepmass")\n')
    assert len(published.load("hepmass")) == 2 * ROWS


def test_a_wrong_file_does_not_stay(tmp_path, rng):
    """SUSY, as nobody states its checksum: a file of HIGGS, then the right one."""
    file = tmp_path / "SUSY.csv.gz"
    write(file, csv(uci("uci_higgs", rng)))
    wrong = hepml("fetch", "uci_susy", "--from", str(tmp_path))
    assert wrong.returncode == 1
    assert "has 29 columns where 'uci_susy' has 19; it is not kept under its name" in wrong.stderr
    assert not published.status("uci_susy")["fetched"]
    assert cache.ledger("uci_susy") == {}
    assert (cache.set_folder("uci_susy") / "SUSY.csv.gz.refused").read_bytes() == file.read_bytes()
    with pytest.raises(DataError, match="is not fetched yet"):
        published.verify("uci_susy")
    write(file, csv(uci("uci_susy", rng), header=False))
    right = hepml("fetch", "uci_susy", "--from", str(tmp_path))
    assert right.returncode == 0, right.stderr
    assert "kept from an earlier run" not in right.stderr
    assert len(published.load("uci_susy")) == ROWS
    assert list(cache.set_folder("uci_susy").glob("*.refused")) == []


def test_a_file_that_a_source_vouches_for_keeps_its_name(stick, monkeypatch):
    """If the layout refuses it then, the layout is wrong."""
    write(stick / "HIGGS.csv.gz", b"0,1\n")
    content = (stick / "HIGGS.csv.gz").read_bytes()
    one = published.entry("uci_higgs")
    checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
    stated = replace(one, files=(replace(one.files[0], checksum=checksum, source="this test"),))
    monkeypatch.setattr(registry, "ENTRIES", (stated,))
    with pytest.raises(DataError, match="has 2 columns") as error:
        fetched("uci_higgs", stick)
    assert "not kept" not in str(error.value)
    assert (cache.set_folder("uci_higgs") / "HIGGS.csv.gz").read_bytes() == content
    assert "HIGGS.csv.gz" in cache.ledger("uci_higgs")


@pytest.mark.parametrize("missing", ["h5py", "room", "memory", "permission"])
def test_what_is_not_the_file_s_fault_leaves_it_its_name(higgs, monkeypatch, missing):
    def fail(*_):
        yield from ()
        if missing == "room":
            download.check_room(cache.set_folder("uci_higgs"), 1e18)
        error = DataError("it cannot be read")
        error.__context__ = {"h5py": ImportError, "memory": pa.ArrowMemoryError}[missing]()
        raise error

    if missing == "permission":
        write(cache.set_folder("uci_higgs") / "HIGGS.csv.gz", b"0,1\n")
        monkeypatch.setattr(cache, "is_writable", lambda _: False)
    else:
        monkeypatch.setitem(layouts.LAYOUTS, "uci", fail)
    with pytest.raises(DataError):
        published.load("uci_higgs")
    assert published.status("uci_higgs")["fetched"]
    assert "HIGGS.csv.gz" in cache.ledger("uci_higgs")
    assert len(higgs)


def test_again_drops_what_is_there_and_its_copy(stick, rng):
    file = stick / "HIGGS.csv.gz"
    sizes = ROWS, 2 * ROWS
    for size in sizes:
        write(file, csv(uci("uci_higgs", rng, size), header=False))
        published.fetch("uci_higgs", source=stick)
        assert len(published.load("uci_higgs")) == ROWS
    published.fetch("uci_higgs", source=stick, again=True)
    assert copies() == []
    assert len(published.load("uci_higgs")) == 2 * ROWS
    for nowhere in ("ftp://x.y/z", str(stick / "none")):
        with pytest.raises(DataError, match=r"cannot fetch from|there is no folder"):
            published.fetch("uci_higgs", source=nowhere, again=True)
    assert len(published.load("uci_higgs")) == 2 * ROWS


def test_a_mirror_is_named_by_the_environment(stick, rng, monkeypatch):
    write(stick / "HIGGS.csv.gz", csv(uci("uci_higgs", rng), header=False))
    monkeypatch.setenv(fetching.MIRROR, str(stick))
    assert len(published.fetch("uci_higgs")) == 1
    with pytest.raises(DataError, match=r"has neither uci_susy/SUSY\.csv\.gz nor SUSY"):
        published.fetch("uci_susy")
    with pytest.raises(DataError, match="there is no folder"):
        published.fetch("uci_susy", source=stick / "none")


def test_a_file_put_into_the_cache_by_hand_must_be_whole(stick, rng):
    folder = cache.set_folder("uci_higgs")
    folder.mkdir(parents=True)
    content = gzip.compress(csv(uci("uci_higgs", rng), header=False))
    (folder / "HIGGS.csv.gz").write_bytes(content[:-50])
    with pytest.raises(DataError, match="is damaged or cut short"):
        published.fetch("uci_higgs", source=stick)
    (folder / "HIGGS.csv.gz").write_bytes(content)
    published.fetch("uci_higgs", source=stick)
    assert "recorded at the first download on" in str(published.card("uci_higgs"))
    published.verify("uci_higgs")


# ---------------------------------------------------------------- real excerpts


def through_layout(name, path):
    """Table of a file by the layout of a set."""
    one = published.entry(name)
    return pa.Table.from_batches(layouts.batches(one, path), layouts.schema(one)).to_pandas()


@pytest.mark.real_data
def test_the_real_higgsml_excerpt(real_data, sample):
    sister = sample.drop(columns="Process")
    for label, kind in ((1, "sig"), (0, "bg")):
        path = real_data / "higgsml" / f"train_sml_{kind}.csv"
        table = through_layout("higgsml", path)
        assert len(table) == 4999
        assert types_of(table[list(sister)]) == types_of(sister)
        assert (table["Label"] == label).all()
        original = pd.read_csv(path)
        for name in ("DER_mass_MMC", "PRI_jet_num", "Weight", "KaggleWeight", "KaggleSet"):
            assert np.array_equal(table[name], original[name].astype(table[name].dtype))


@pytest.mark.real_data
def test_the_real_uci_excerpt(real_data):
    path = real_data / "uci_higgs" / "higgs_train_10k.csv"
    table = through_layout("uci_higgs", path)
    original = pd.read_csv(path)
    assert len(table) == 10000
    assert np.array_equal(table["m_wwbb"], original["x28"].astype(np.float32))
    assert np.array_equal(table["Label"], original["response"])
    # arXiv:1402.4735: features are scaled to means of one (masses) or a mean of zero (angles).
    assert table["m_wwbb"].mean() == pytest.approx(1, abs=0.1)
    assert table["jet_1_eta"].mean() == pytest.approx(0, abs=0.05)
    b_tags = set(table["jet_4_b_tag"].unique())
    assert len(b_tags) <= 3


def test_a_parquet_file_of_the_copy_keeps_types(higgs):
    published.load("uci_higgs")
    (copy,) = copies()
    assert pq.read_schema(copy).equals(layouts.schema(published.entry("uci_higgs")))
    assert pq.ParquetFile(copy).metadata.num_rows == len(higgs)
