"""The dijets: pairs of jets against closed forms, and the bundled sample against physics."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import vector

from hepml import data
from hepml.data.recipes.base import Chunk
from hepml.data.recipes.dijets import RECIPE
from hepml.data.simulate.clusters import Towers
from hepml.data.simulate.dijets import DijetSelection, pair_features, selected_pairs
from hepml.stats import auc

OPEN = DijetSelection(eta=10, delta_eta=10, mjj=0)
SIGMAS = 4  # of statistical errors, for assertions on some tens of numbers
FEATURES = tuple(
    f"jet_{k}_{what}" for k in (1, 2) for what in ("mass_over_mjj", "tau_21", "tau_32")
)


def pairs_of(*towers, selection=OPEN, event=None):
    pytest.importorskip("fastjet", reason="the extra 'generate' is not installed")
    pt, eta, phi = np.array(towers, float).T
    event = np.zeros(len(towers), int) if event is None else np.array(event)
    return selected_pairs(Towers(event, eta, phi, pt), selection)


def summed(*towers):
    parts = [vector.obj(pt=pt, eta=eta, phi=phi, mass=0) for pt, eta, phi in towers]
    return sum(parts[1:], parts[0])


HARD = (1500.0, 0.2, 0.1), (60.0, 0.3, 0.0)  # the harder jet, and the lighter one
HEAVY = (900.0, -0.4, 3.0), (500.0, 0.1, -3.0)
THIRD = (100.0, 2.5, 1.5)


def test_the_heavier_of_the_two_hardest_jets_comes_first():
    columns, events = pairs_of(*HARD, *HEAVY, THIRD)
    assert events.tolist() == [0]
    for name, jet in (("jet_1", summed(*HEAVY)), ("jet_2", summed(*HARD))):
        for what in ("pt", "eta", "phi", "mass"):
            assert columns[f"{name}_{what}"] == pytest.approx([getattr(jet, what)], rel=1e-6), what
        assert columns[f"{name}_towers"] == [2]
    # Winner-take-all: the softer tower counts, at its distance from the harder one.
    tau = 500 * np.hypot(0.5, 2 * np.pi - 6) / 1400
    assert columns["jet_1_tau_1"] == pytest.approx([tau], rel=1e-6)
    assert columns["jet_1_tau_2"] == pytest.approx([0], abs=1e-7)


def test_features_are_those_of_another_library():
    columns, _ = pairs_of(*HARD, *HEAVY, THIRD)
    found = {name: value[0] for name, value in pair_features(columns).items()}
    heavy, hard = summed(*HEAVY), summed(*HARD)
    mjj = (heavy + hard).mass
    expected = {"mjj": mjj, "delta_eta": abs(heavy.eta - hard.eta)}
    expected |= {"jet_1_mass_over_mjj": heavy.mass / mjj, "jet_2_mass_over_mjj": hard.mass / mjj}
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-6), name


def test_ratios_with_nothing_below_are_zero():
    columns = {f"jet_{k}_{v}": np.ones(3) for k in (1, 2) for v in ("pt", "eta", "phi", "mass")}
    taus = {"tau_1": [0.4, 0.4, 0], "tau_2": [0.1, 0, 0], "tau_3": [0.05, 0, 0]}
    columns |= {f"jet_{k}_{name}": np.array(tau) for k in (1, 2) for name, tau in taus.items()}
    found = pair_features(columns)
    for k in (1, 2):
        np.testing.assert_allclose(found[f"jet_{k}_tau_21"], [0.25, 0, 0])
        np.testing.assert_allclose(found[f"jet_{k}_tau_32"], [0.5, 0, 0])


def test_each_event_has_its_own_pair():
    towers = [*HARD, *HEAVY, HARD[0], *HARD, THIRD, *HEAVY]
    event = [0, 0, 0, 0, 3, 5, 5, 5, 5, 5]
    columns, events = pairs_of(*towers, event=event)
    assert events.tolist() == [0, 5]
    for name, values in columns.items():
        assert values[0] == values[1], name


@pytest.mark.parametrize(
    ("cut", "passes", "fails"),
    [("eta", 0.5, 0.22), ("delta_eta", 0.5, 0.4), ("mjj", 2800, 3600), ("least_pt", 1300, 1450)],
)
def test_cuts(cut, passes, fails):
    for value, count in ((passes, 1), (fails, 0)):
        columns, events = pairs_of(*HARD, *HEAVY, selection=replace(OPEN, **{cut: value}))
        assert len(events) == len(columns["jet_1_tau_1"]) == count


@pytest.fixture(scope="module")
def sample():
    return data.load("dijets")


@pytest.fixture(scope="module")
def signal(sample):
    return sample[sample["Label"] == 1]


@pytest.fixture(scope="module")
def qcd(sample):
    return sample[sample["Label"] == 0]


@pytest.mark.generate
@pytest.mark.parametrize("process", range(2))
def test_the_first_pairs_of_a_chunk_are_in_the_sample(sample, process):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    made = RECIPE.run(Chunk(process, 0, 0, 5, data.card("dijets").record["seed"]))
    primary = pd.DataFrame(
        {c.name: made[c.name].astype(c.dtype) for c in RECIPE.columns if c.name in made}
    )
    own = sample[sample["Label"] == RECIPE.processes[process].label]
    assert len(primary.merge(own, on=list(primary))) == 5


@pytest.mark.generate
def test_the_door_makes_pairs_that_verify(tmp_path, sample):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    record = data.generate("dijets", 32, 3, tmp_path)
    table = data.read(tmp_path / "dijets.root")
    assert (table.dtypes == sample.dtypes).all()
    assert table["Label"].value_counts().to_dict() == {0: 30, 1: 2}
    assert record["events"] == 32
    assert [f.name for f in data.verify(tmp_path)] == ["dijets.root"]


def test_there_is_enough_of_it(sample):
    assert sample["Label"].value_counts()[0] >= 60_000
    assert sample["Label"].sum() >= 4000
    assert (sample["Weight"] == 1).all()
    assert (np.diff(sample["EventId"]) == 1).all()
    assert not sample.duplicated(["mjj", "jet_1_pt", "jet_1_eta", "jet_2_pt"]).any()
    assert data.path("dijets").stat().st_size < 5e6


def test_the_selection_holds(sample):
    slack = 1 - 2**-11  # what was cut on is rounded
    assert (sample["mjj"] >= 2800 * slack).all()
    assert (sample["delta_eta"] < 1.3 / slack).all()
    assert (sample[["jet_1_eta", "jet_2_eta"]].abs() < 2.5 / slack).all(axis=None)
    assert (sample["jet_1_mass"] >= sample["jet_2_mass"]).all()
    for k in (1, 2):
        for n in (2, 3):
            assert (sample[f"jet_{k}_tau_{n}"] <= sample[f"jet_{k}_tau_{n - 1}"]).all()
            assert sample[f"jet_{k}_tau_{n}{n - 1}"].between(0, 1).all()


def test_features_follow_from_the_other_columns(sample):
    found = pair_features(sample)
    for name, values in found.items():
        bits = RECIPE._bits(name)
        np.testing.assert_allclose(
            sample[name], values, rtol=2.0 ** -(bits + 1) * 1.001, atol=1e-30
        )


def peak(values, low, high, width):
    """Centre of the fullest bin."""
    edges = np.arange(low, high + width, width)
    return edges[np.histogram(values, edges)[0].argmax()] + width / 2


def test_resonances_are_where_they_were_put(signal):
    """The mass of a broad jet is a little high, and mjj loses what is radiated out of the jets."""
    assert peak(signal["mjj"], 3000, 4000, 50) == pytest.approx(3500, abs=75)
    assert peak(signal["jet_1_mass"], 300, 700, 20) == pytest.approx(500, abs=25)
    assert peak(signal["jet_2_mass"], 60, 160, 8) == pytest.approx(100, abs=8)
    assert signal["mjj"].between(3300, 3700).mean() > 0.7


def spectrum(qcd, edges):
    counts = np.histogram(qcd["mjj"], edges)[0]
    return counts, (edges[1:] + edges[:-1]) / 2


def test_the_background_falls_with_the_mass(qcd):
    counts, _ = spectrum(qcd, np.arange(2800, 4801, 200))
    assert (np.diff(counts) < 0).all()
    assert (qcd["mjj"] > 5000).sum() > 300


def test_the_background_is_smooth_around_the_signal_region(qcd):
    """The usual function of dijet searches with three parameters fits from 3.1 TeV on."""
    from scipy.optimize import curve_fit
    from scipy.stats import chi2

    counts, centres = spectrum(qcd, np.arange(3100, 4901, 100))
    x = centres / 13_000

    def log_dijet(x, a, b, c):
        return a + b * np.log(1 - x) - c * np.log(x)

    sigma = 1 / np.sqrt(counts)
    best, _ = curve_fit(log_dijet, x, np.log(counts), sigma=sigma, absolute_sigma=True)
    pulls = (np.log(counts) - log_dijet(x, *best)) / sigma
    assert chi2.sf((pulls**2).sum(), len(pulls) - 3) > 1e-3


def score(table, name):
    return auc(table["Label"].to_numpy(), table[name].to_numpy(float))


@pytest.mark.parametrize(("name", "least"), [("jet_1_tau_21", 0.75), ("jet_2_tau_21", 0.75)])
def test_two_prongs_have_the_smaller_tau_21(sample, name, least):
    assert 1 - score(sample, name) > least


@pytest.mark.parametrize("name", ["jet_1_phi", "jet_1_eta", "jet_2_phi", "jet_2_eta"])
def test_what_says_nothing_separates_nothing(sample, name):
    sigma = np.sqrt((1 / sample["Label"].value_counts()).sum() / 12)
    assert abs(score(sample, name) - 0.5) < SIGMAS * sigma


def test_gluons_in_the_t_channel_spread_the_background(signal, qcd):
    assert qcd["delta_eta"].median() > signal["delta_eta"].median() + 0.15


def test_raw_masses_grow_with_mjj_and_ratios_do_not(qcd):
    """Why a classifier on raw masses sculpts."""
    raw = np.corrcoef(qcd["mjj"], qcd["jet_1_mass"])[0, 1]
    own = np.corrcoef(qcd["mjj"], qcd["jet_1_mass_over_mjj"])[0, 1]
    assert raw > 0.2
    assert abs(own) < 0.05


@pytest.mark.parametrize("label", [0, 1])
def test_there_is_no_preferred_azimuth(sample, label):
    phi = sample["jet_1_phi"][sample["Label"] == label].to_numpy(float)
    assert abs(np.exp(1j * phi).mean()) < SIGMAS / np.sqrt(len(phi))
