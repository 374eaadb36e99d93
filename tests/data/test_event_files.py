"""LHE and HepMC: every event with its signed weights and its particles, or one sentence."""

import gzip
import sys

import awkward as ak
import numpy as np
import pyarrow as pa
import pytest

from hepml.data import chunks, col, convert, read
from hepml.data.files import _events
from tests.data.tables import sentence

HEAD = """<LesHouchesEvents version="3.0">
<header>
<initrwgt>
<weightgroup name="scale">
<weight id="1001"> mur=1 </weight>
<weight id="1002"> mur=2 </weight>
</weightgroup>
</initrwgt>
</header>
<init>
2212 2212 6500 6500 0 0 247000 247000 -4 1
50.1 0.2 50.1 1
</init>
"""
EVENT = """<event>
 4 1 {weight} 91.188 0.00755 0.118
 2 -1 0 0 501 0 0.0 0.0 10.0 10.0 0.0 0.0 1.0
 -2 -1 0 0 0 501 0.0 0.0 -10.0 10.0 0.0 0.0 -1.0
 11 1 1 2 0 0 {px} 2.0 3.0 10.0 5.11e-4 0.0 1.0
 -11 1 1 2 0 0 -1.0 -2.0 -3.0 10.0 5.11e-4 0.0 -1.0
{more}</event>
"""
RWGT = '<rwgt><wgt id="1001"> {} </wgt><wgt id="1002"> {} </wgt></rwgt>\n'
TAIL = "</LesHouchesEvents>\n"
COMMON = ["weight", "id", "status", "px", "py", "pz", "e", "mass", "mother1", "mother2"]


def lhe(count=3, head=HEAD, more=RWGT):
    events = [
        EVENT.format(weight=(-1) ** k * 0.5, px=k, more=more.format(1.5, -k)) for k in range(count)
    ]
    return head + "".join(events) + TAIL


@pytest.fixture
def made(tmp_path):
    """Write an LHE file, and return the path."""
    pytest.importorskip("pylhe")

    def make(text, name="t.lhe"):
        data = text.encode()
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return tmp_path / name

    return make


def lists(table, name):
    return ak.from_arrow(pa.array(table[name])).tolist()


@pytest.mark.parametrize("name", ["t.lhe", "t.lhe.gz", "renamed.txt"])
def test_lhe(made, name):
    found = read(made(lhe(), name))
    assert set(COMMON) <= set(found)
    assert found["weight"].tolist() == [0.5, -0.5, 0.5]
    assert found["weight.1001"].tolist() == [1.5] * 3
    assert found["weight.1002"].tolist() == [0.0, -1.0, -2.0]
    assert found["scale"].tolist() == [91.188] * 3
    assert found["process"].tolist() == [1, 1, 1]
    assert found["alpha_qcd"].tolist() == [0.118] * 3
    assert lists(found, "id") == [[2, -2, 11, -11]] * 3
    assert lists(found, "px") == [[0.0, 0.0, k, -1.0] for k in range(3)]
    assert lists(found, "mass") == [[0.0, 0.0, 5.11e-4, 5.11e-4]] * 3
    assert lists(found, "mother2") == [[0, 0, 2, 2]] * 3
    assert lists(found, "color1") == [[501, 0, 0, 0]] * 3
    assert "event_number" not in found


def test_lhe_in_pieces(made, tmp_path, monkeypatch):
    monkeypatch.setattr(_events, "BATCH_BYTES", 1500)
    path = made(lhe(50))
    assert [len(part) for part in chunks(path, ["weight", "px"], rows=20)] == [20, 20, 10]
    negative = read(path, ["weight"], where=col("weight") < 0)
    assert negative["weight"].tolist() == [-0.5] * 25
    for name in ("t.parquet", "t.h5", "t.root"):
        assert convert(path, tmp_path / name).rows == 50
        assert lists(read(tmp_path / name), "px") == lists(read(path), "px")


def test_weights_that_only_some_events_have(made):
    text = lhe(2).replace(RWGT.format(1.5, -1), "")
    np.testing.assert_array_equal(read(made(text))["weight.1001"], [1.5, np.nan])
    plain = lhe(2, HEAD[: HEAD.index("<header>")] + HEAD[HEAD.index("<init>") :], "")
    assert [name for name in read(made(plain)) if "weight" in name] == ["weight"]
    late = lhe(2).replace('id="1002"> -1', 'id="77"> -1')
    assert "only later events have the weight '77'" in sentence(made(late))


def test_lhe_that_is_not_whole(made):
    text = lhe()
    for length in (len(text) - 8, len(text) - 40, len(text) - 200, len(HEAD) + 20, 100):
        assert "damaged or not complete as LHE file" in sentence(made(text[:length]))
    packed = made(text, "t.lhe.gz")
    packed.write_bytes(packed.read_bytes()[:-20])
    assert "damaged" in sentence(packed)


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        (" 4 1 ", " 5 1 ", "an event of 5 particles has 4"),
        ("2.0 3.0", "2.0 x", "could not convert"),
        (" 91.188", "", "damaged"),
        (lhe()[len(HEAD) : -len(TAIL)], "", "holds no event"),
    ],
)
def test_lhe_that_is_wrong(made, old, new, hint):
    assert hint in sentence(made(lhe().replace(old, new)))


def test_a_file_without_events_can_be_skipped_in_a_chain(made):
    files = [made(HEAD + TAIL, "none.lhe"), made(lhe(), "some.lhe")]
    with pytest.warns(UserWarning, match="none.lhe holds no event"):
        assert len(read(files, missing="skip")) == 3


def test_options_without_meaning(made):
    assert "holds no tree" in sentence(made(lhe()), tree="events")
    assert "names= is for files without names" in sentence(made(lhe()), names=["x"])


@pytest.fixture
def hepmc(tmp_path):
    """Write events by pyhepmc, in either version, and return the path."""
    pyhepmc = pytest.importorskip("pyhepmc")
    names = pyhepmc.GenRunInfo()
    names.weight_names = ["nominal", "up"]

    def event(number, unit, *, noted):
        made = pyhepmc.GenEvent(unit, pyhepmc.Units.MM)
        made.run_info, made.event_number = names, number + 10
        scale = 1000.0 if unit == pyhepmc.Units.MEV else 1.0
        beams = [pyhepmc.GenParticle((0, 0, z * scale, 7 * scale), 2212, 4) for z in (3, -3)]
        born = pyhepmc.GenParticle((number * scale, scale, scale, 3 * scale), 23, 2)
        last = pyhepmc.GenParticle((number * scale, scale, scale, 3 * scale), 11, 1)
        last.generated_mass = 0.5 * scale
        first, second = pyhepmc.GenVertex((0, 0, 0, 0)), pyhepmc.GenVertex((0, 0, 0, 0))
        for beam in beams:
            first.add_particle_in(beam)
        first.add_particle_out(born)
        second.add_particle_in(born)
        second.add_particle_out(last)
        made.add_vertex(first)
        made.add_vertex(second)
        made.weights = [1.5 - number, 0.5]
        if noted:
            made.attributes["event_scale"], made.attributes["signal_process_id"] = 91.2, 5
        return made

    def make(name="t.hepmc", count=3, *, unit="GEV", noted=True):
        unit, path = getattr(pyhepmc.Units, unit), tmp_path / name
        old = "hepmc2" in name
        writer = pyhepmc.io.WriterAsciiHepMC2 if old else pyhepmc.io.WriterAscii
        with writer(str(path), names) as file:
            for number in range(count):
                file.write(event(number, unit, noted=noted))
        return path

    return make


@pytest.mark.parametrize("name", ["t.hepmc", "t.hepmc2"])
@pytest.mark.parametrize("unit", ["GEV", "MEV"])
def test_hepmc(hepmc, name, unit):
    found = read(hepmc(name, unit=unit))
    assert set(COMMON) <= set(found)
    assert found["event_number"].tolist() == [10, 11, 12]
    assert found["weight"].tolist() == [1.5, 0.5, -0.5]
    assert found["weight.up"].tolist() == [0.5] * 3
    assert found["scale"].tolist() == [91.2] * 3
    assert found["process"].tolist() == [5] * 3
    assert lists(found, "id") == [[2212, 2212, 23, 11]] * 3
    assert lists(found, "status") == [[4, 4, 2, 1]] * 3
    np.testing.assert_allclose(lists(found, "px"), [[0, 0, k, k] for k in range(3)], atol=1e-12)
    np.testing.assert_allclose(lists(found, "e"), [[7, 7, 3, 3]] * 3)
    np.testing.assert_allclose([one[3] for one in lists(found, "mass")], [0.5] * 3)
    assert lists(found, "mother1") == [[0, 0, 1, 3]] * 3
    assert lists(found, "mother2") == [[0, 0, 2, 0]] * 3


def test_hepmc_in_pieces(hepmc, tmp_path, monkeypatch):
    monkeypatch.setattr(_events, "BATCH_BYTES", 500)
    path = hepmc(count=30, noted=False)
    assert "scale" not in read(path)
    assert [len(part) for part in chunks(path, rows=20)] == [20, 10]
    packed = tmp_path / "t.hepmc.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read(packed).equals(read(path))
    assert convert(path, tmp_path / "t.root").rows == 30


def test_hepmc_that_is_not_whole(hepmc, capfd):
    path = hepmc()
    text = path.read_text()
    for length in (len(text) - 20, len(text) - 60, len(text) // 2, len(text) // 5):
        path.write_text(text[:length])
        assert "damaged or not complete as HepMC file" in sentence(path)
    path.write_text(text.replace("E 11 2 4", "E 11 2"))
    assert "damaged" in sentence(path)
    lines = text.splitlines(keepends=True)
    path.write_text("".join([*lines[:2], *lines[-2:]]))
    assert "holds no event" in sentence(path)
    capfd.readouterr()  # HepMC's own words


@pytest.mark.parametrize(
    ("name", "text", "package"),
    [("t.lhe", lhe(), "pylhe"), ("t.hepmc3", "HepMC::Version 3.02.05\n", "pyhepmc")],
)
def test_without_its_package_a_sentence_names_it(tmp_path, monkeypatch, name, text, package):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_text(text)
    assert f'files need {package}: pip install "hepml-lab[events]"' in sentence(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "start", "hint"),
    [
        ("t.slcio", b"anything", "an LCIO file"),
        ("t.xlsx", b"PK\x03\x04anything", "a spreadsheet: save it as CSV"),
        ("t.tgz", b"\x1f\x8banything", "an archive: unpack it first"),
        ("t.csv.bz2", b"BZh9", "is packed by bzip2: unpack it first"),
        ("t.odd", b"anything", "unknown format"),
    ],
)
def test_other_formats_are_named(tmp_path, name, start, hint):
    (tmp_path / name).write_bytes(start)
    assert hint in sentence(tmp_path / name)
