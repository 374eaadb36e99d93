"""The bundled sample says what its card says, and its physics holds together."""

import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from hepml import data
from hepml.data import DataError, _cards, _content, _samples
from hepml.data.simulate.higgsml import MISSING, derived_features
from tests.data.rights import as_nobody

HEAVY = ("awkward", "fastjet", "keras", "pandas", "pythia8mc", "sklearn", "tensorflow", "uproot")
JET_PARTS = ("pt", "eta", "phi")


@pytest.fixture(scope="module")
def record():
    return data.card("higgs_tautau").record


def test_importing_the_door_imports_nothing_heavy():
    code = f"import hepml.data, sys; print([m for m in {HEAVY} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("name", data.names())
def test_samples_are_what_their_cards_describe(name):
    assert data.verify(name) == [data.path(name)]


def test_the_toy_comes_out_the_same_again():
    data.verify("known_truth", again=True)


def test_content_has_the_recorded_digest(sample, record):
    columns = {name: sample[name].to_numpy() for name in sample}
    assert _content.content_digest(columns) == record["content_sha256"]


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Copy the sample into a folder of its own, free to be spoiled."""
    for file in (data.path("higgs_tautau"), _cards.card_path(data.path("higgs_tautau"))):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(_samples, "FOLDER", tmp_path)
    return tmp_path


def test_a_changed_byte_is_noticed(copied):
    file = copied / "higgs_tautau.root"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match="sha256 differs"):
        data.verify("higgs_tautau")
    with pytest.raises(DataError, match="sha256 differs"):
        data.load("higgs_tautau")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.update(content_sha256="0" * 64), "another content than its card says"),
        (lambda r: r["processes"][1].update(sum_of_weights=99.0), "VBF H has 11200 events"),
        (lambda r: r["processes"][4].update(events=1), "W [+] jets has"),
    ],
)
def test_a_card_that_tells_another_story_is_noticed(copied, change, message):
    file = copied / "higgs_tautau.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    change(record)
    file.write_text(json.dumps(record), encoding="utf-8")
    for name in ("higgs_tautau", copied, copied / "higgs_tautau.root", file):
        with pytest.raises(DataError, match=message):
            data.verify(name)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"name": "x"}', '{"columns": 3}'])
def test_a_damaged_card_is_one_sentence(copied, text):
    (copied / "higgs_tautau.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="is not the card of a sample, or is damaged"):
        data.verify(copied)


def test_a_folder_without_a_card_is_told(tmp_path):
    with pytest.raises(DataError, match="no card of a sample"):
        data.verify(tmp_path)
    (tmp_path / "x.root").write_text("x")
    with pytest.raises(DataError, match=r"there is no card x\.json"):
        data.verify(tmp_path / "x.root")


def test_the_card_of_a_folder_is_its_only_one(copied):
    assert data.card(copied) == data.card(copied / "higgs_tautau.root")
    (copied / "other.json").write_bytes((copied / "higgs_tautau.json").read_bytes())
    with pytest.raises(DataError, match=r"several cards in .*: higgs_tautau\.json, other\.json$"):
        data.card(copied)
    with pytest.raises(DataError, match="no card of a sample"):
        data.card(data.path("higgs_tautau").parent.parent)


def stop(_done, _total, kept):
    if not kept:
        raise KeyboardInterrupt


def test_an_unfinished_folder_says_how_to_go_on(tmp_path):
    folder = tmp_path / "my folder"
    with pytest.raises(KeyboardInterrupt):
        data.generate("known_truth", 30_000, 5, folder, progress=stop)
    for ask in (data.card, data.verify):
        with pytest.raises(DataError, match="is unfinished: go on with") as error:
            ask(folder)
    command = shlex.split(str(error.value).partition("go on with ")[2])
    assert command[:4] == ["hepml", "data", "generate", "known_truth"]
    assert command[4:] == ["--events", "30000", "--seed", "5", "--out", str(folder)]
    (folder / "known_truth.part" / "plan.json").write_text("{")
    with pytest.raises(DataError, match="go on with the command that began it"):
        data.verify(folder)


@pytest.mark.parametrize("closed", [".", "sample", "sample/known_truth.json"])
def test_what_may_not_be_read_is_not_called_damaged(closed):
    refused = "cannot be read: Permission denied"
    with tempfile.TemporaryDirectory() as open_to_all:
        top = Path(open_to_all)
        data.generate("known_truth", 10, 1, top / "sample")
        for place in (top, top / "sample"):
            place.chmod(0o755)
        mode = (top / closed).stat().st_mode
        (top / closed).chmod(0)
        with as_nobody():
            for ask in (data.card, data.verify):
                for place in ("sample", "sample/known_truth.json"):
                    with pytest.raises(DataError, match=rf"^{top}\S* {refused}$"):
                        ask(top / place)
        (top / closed).chmod(mode)


def test_a_changed_schema_is_noticed(copied):
    file = copied / "higgs_tautau.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    record["columns"][-1]["dtype"] = "int32"
    file.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(DataError, match="columns or types"):
        data.verify("higgs_tautau")


def test_a_changed_number_of_events_is_noticed(copied):
    file = copied / "higgs_tautau.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    record["events"] += 1
    file.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(DataError, match="its card says"):
        data.verify("higgs_tautau")


def test_an_installation_without_samples_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(_samples, "FOLDER", tmp_path)
    with pytest.raises(DataError, match="hepml data generate higgs_tautau"):
        data.load("higgs_tautau")


def test_unknown_names_get_a_hint():
    with pytest.raises(DataError, match="did you mean 'higgs_tautau'"):
        data.load("higgs_tatau")
    with pytest.raises(DataError, match="did you mean 'DER_mass_MMC'"):
        data.load("higgs_tautau", columns=["DER_mass_MC"])


def test_columns_can_be_chosen():
    table = data.load("higgs_tautau", columns=["Label", "PRI_met"])
    assert list(table) == ["Label", "PRI_met"]


def test_the_card_reads_as_text_and_markdown():
    card = data.card("higgs_tautau")
    text, markdown = str(card), card._repr_markdown_()
    for fact in (card.name, "20.3 fb⁻¹", "pythia8mc", card.record["sha256"]):
        assert fact in text
    assert markdown.count("\n| `") == len(card.columns)
    assert list(data.load("higgs_tautau", columns=card.columns[:3])) == card.columns[:3]


def test_there_is_enough_of_it(sample):
    assert (sample["Label"] == 1).sum() >= 20_000
    assert (sample["Label"] == 0).sum() >= 40_000
    assert data.path("higgs_tautau").stat().st_size <= 8e6


def test_all_values_are_finite_and_in_range(sample):
    assert np.isfinite(sample.to_numpy(dtype=float)).all()
    for name in sample.filter(like="_phi"):
        if name != "DER_met_phi_centrality":
            values = sample[name][sample[name] != MISSING]
            assert values.between(-np.float32(np.pi), np.float32(np.pi)).all()
    assert (sample["PRI_lep_pt"] >= 26).all()
    assert (sample["PRI_tau_pt"] >= 20).all()
    assert sample["PRI_lep_eta"].abs().max() <= 2.5
    assert sample["PRI_tau_eta"].abs().max() <= 2.5
    assert sorted(sample["PRI_jet_num"].unique()) == [0, 1, 2, 3]


@pytest.mark.parametrize(("jet", "least"), [("leading", 1), ("subleading", 2)])
def test_jets_that_are_not_there_are_missing(sample, jet, least):
    for part in JET_PARTS:
        missing = sample[f"PRI_jet_{jet}_{part}"] == MISSING
        assert (missing == (sample["PRI_jet_num"] < least)).all()


def test_jets_are_ordered_and_add_up(sample):
    number = sample["PRI_jet_num"]
    pair = sample[number >= 2]
    assert (pair["PRI_jet_leading_pt"] >= pair["PRI_jet_subleading_pt"]).all()
    assert (pair["PRI_jet_subleading_pt"] >= 30).all()
    assert (sample["PRI_jet_all_pt"][number == 0] == 0).all()
    one = sample[number == 1]
    np.testing.assert_allclose(one["PRI_jet_all_pt"], one["PRI_jet_leading_pt"], rtol=1e-6)
    two = sample[number == 2]
    both = two["PRI_jet_leading_pt"] + two["PRI_jet_subleading_pt"]
    np.testing.assert_allclose(two["PRI_jet_all_pt"], both, rtol=1e-6)


def test_derived_features_follow_from_the_primary_ones(sample):
    found = derived_features({c: sample[c].to_numpy() for c in sample if c.startswith("PRI_")})
    for name, values in found.items():
        np.testing.assert_allclose(sample[name], values, rtol=1e-6, atol=1e-6, err_msg=name)


def test_labels_and_weights_follow_the_processes(sample, record):
    for number, process in enumerate(record["processes"]):
        own = sample[sample["Process"] == number]
        assert len(own) == process["events"]
        assert (own["Label"] == process["label"]).all()
        weights = own["Weight"].to_numpy(dtype=float)
        assert (weights > 0).all()
        assert weights.sum() == pytest.approx(process["sum_of_weights"], rel=1e-9)
        assert weights.max() < 0.002 * weights.sum()


def test_weights_are_cross_section_times_branching_times_luminosity(sample, record):
    """For the signal every weight is the same number: one collision's times the efficiency."""
    efficiency = record["settings"]["detector"]["tau_efficiency"]
    for number in (0, 1, 2):
        p = record["processes"][number]
        per_trial = [
            x * 1e3 * branching * record["luminosity_fb"] / trials * efficiency
            for x, branching, trials in zip(
                p["cross_sections_pb"], p["branchings"], p["trials"], strict=True
            )
        ]
        found = np.unique(sample["Weight"][sample["Process"] == number])
        np.testing.assert_allclose(np.sort(found), np.sort(per_trial), rtol=1e-6)


def test_yields_are_those_of_an_8_tev_run(record):
    sums = {p["process"]: p["sum_of_weights"] for p in record["processes"]}
    assert 300 < sums["gg -> H"] + sums["VBF H"] < 2000
    assert 1e5 < sum(sums.values()) < 1e6
    assert sums["gg -> H"] > 3 * sums["VBF H"]


def test_masses_are_where_they_should_be(sample):
    mass = sample[sample["DER_mass_MMC"] > 0].groupby("Process")["DER_mass_MMC"].median()
    assert mass[0] == pytest.approx(123, abs=5)
    assert mass[1] == pytest.approx(123, abs=5)
    assert mass[2] == pytest.approx(96, abs=5)


def test_events_come_shuffled_and_numbered(sample):
    assert (np.diff(sample["EventId"]) == 1).all()
    halves = sample["Label"].to_numpy()[: len(sample) // 2 * 2].reshape(2, -1).mean(axis=1)
    assert halves[0] == pytest.approx(halves[1], abs=0.02)


def test_events_are_all_different(sample):
    features = [c for c in sample if c.startswith("PRI_")]
    assert not sample.duplicated(subset=features).any()


@pytest.mark.parametrize("name", ["PRI_tau_phi", "PRI_lep_phi", "PRI_met_phi"])
def test_there_is_no_preferred_azimuth(sample, name):
    for _, own in sample.groupby("Process"):
        mean = np.exp(1j * own[name].to_numpy(dtype=float)).mean()
        assert abs(mean) < 4 / np.sqrt(len(own))
