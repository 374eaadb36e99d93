"""Resonances of two tops: decays against Pythia's record, resolutions, and the bundled sample."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, ks_2samp

from hepml import data
from hepml.data.recipes.semileptonic import TO_LEPTON_AND_QUARKS
from hepml.data.recipes.top_resonance import FEATURES, MASSES, RECIPE, SLICE, WINDOW
from hepml.data.schemas import HEPMASS
from hepml.data.simulate.lepton_jets import reconstruct
from hepml.data.simulate.objects import calorimeter_sums, measured_jets, polar
from hepml.data.simulate.top_masses import W_MASS, masses
from hepml.stats import auc

NAMES = [column.name for column in FEATURES]
TOP = len(MASSES)  # number of the process without a resonance
JETS = [f"jet_{i}" for i in (1, 2, 3, 4)]
SIGMAS = 4  # of statistical errors, for assertions on some tens of numbers
TOP_MASS = 172.5
ROUNDED = 1 - 2**-12  # what was cut on is rounded


def test_columns_are_those_of_the_published_set():
    assert ["Label", *NAMES, "mass"] == [column.name for column in HEPMASS]
    assert {column.unit for column in FEATURES} == {"", "GeV", "rad"}
    assert not any("scaled" in column.meaning for column in FEATURES)


def pythia_of(process, variant):
    """Pythia without showers and hadrons."""
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    from hepml.data.simulate.pythia import start

    settings = process.variants[variant].settings
    quick = ("PartonLevel:all = off", "HadronLevel:all = off")
    return start((*RECIPE.settings, *process.settings, *settings, *quick), 5)


def hard_particles(pythia):
    assert pythia.next()
    return {particle.id(): particle for particle in pythia.process}


@pytest.mark.generate
@pytest.mark.parametrize("number", range(TOP))
@pytest.mark.parametrize("variant", [0, 1])
def test_the_resonance_has_its_mass_and_decays(number, variant):
    mass = MASSES[number]
    pythia = pythia_of(RECIPE.processes[number], variant)
    found = []
    for _ in range(60):
        particles = hard_particles(pythia)
        assert {32, 6, -6, 24, -24, 5, -5} <= set(particles)
        leptons = [i for i in particles if abs(i) in {11, 13}]
        assert [np.sign(i) for i in leptons] == [-1 if variant == 0 else 1]
        assert not {15, -15} & set(particles)
        found.append(particles[32].m())
    assert max(abs(m - mass) for m in found) < WINDOW * mass
    assert np.median(found) == pytest.approx(mass, rel=0.01)


@pytest.mark.generate
@pytest.mark.parametrize("variant", range(4))
def test_top_pairs_come_in_two_slices(variant):
    pythia = pythia_of(RECIPE.processes[TOP], variant)
    for _ in range(40):
        particles = hard_particles(pythia)
        pair = (particles[6].p() + particles[-6].p()).mCalc()
        assert (pair > SLICE) == bool(variant % 2)
        assert 32 not in particles


@pytest.fixture(scope="module")
def truth():
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    generator = RECIPE._generator(RECIPE.processes[2].narrowed(0), np.random.default_rng(3))
    return [event for _ in range(4) for event in generator.batch(250)]


def measured(truth, **changes):
    columns, _, rows = reconstruct(
        truth, replace(RECIPE.detector, **changes), np.random.default_rng(4)
    )
    return columns, [truth[i] for i in rows]


@pytest.mark.generate
def test_leptons_are_smeared_as_the_detector_says(truth):
    columns, events = measured(truth)
    true, eta, phi = polar(np.array([event.lepton for event in events]))
    electron = np.array([abs(event.lepton_id) == 11 for event in events])
    (a, b), (slope, floor) = RECIPE.detector.electron, RECIPE.detector.muon
    sigma = np.where(electron, np.hypot(a / np.sqrt(true), b), np.hypot(slope * true, floor))
    pull = (columns["lepton_pT"] / true - 1) / sigma
    for which in (electron, ~electron):
        count = which.sum()
        assert count > 100
        assert abs(pull[which].mean()) < SIGMAS / np.sqrt(count)
        assert pull[which].std() == pytest.approx(1, abs=SIGMAS / np.sqrt(2 * count))
    np.testing.assert_allclose(columns["lepton_eta"], eta)
    np.testing.assert_allclose(np.cos(columns["lepton_phi"] - phi), 1)


def missing_residual(columns, events):
    """Measured minus true missing momentum, shape (2, events)."""
    true = calorimeter_sums(events, RECIPE.detector)[:, 1:].T
    size, phi = columns["missing_energy_magnitude"], columns["missing_energy_phi"]
    return size * np.array([np.cos(phi), np.sin(phi)]) - true


@pytest.mark.generate
def test_missing_momentum_is_smeared_as_the_detector_says(truth):
    perfect = {"jet": (0.0, 0.0), "electron": (0.0, 0.0), "muon": (0.0, 0.0)}
    columns, events = measured(truth, **perfect)
    detector = replace(RECIPE.detector, **perfect)
    jets = measured_jets(events, detector, np.random.default_rng(1))
    lepton = polar(np.array([event.lepton for event in events]))[0]
    soft = calorimeter_sums(events, detector)[:, 0] - lepton - jets.true.sum(axis=1)
    variance = detector.met**2 * (soft + detector.pileup_et)
    residual = missing_residual(columns, events)
    pull = residual / np.sqrt(variance)
    assert pull.std() == pytest.approx(1, abs=SIGMAS / np.sqrt(2 * pull.size))
    assert abs(pull.mean()) < SIGMAS / np.sqrt(pull.size)
    smeared = missing_residual(*measured(truth))
    assert smeared.std() > 1.2 * residual.std()  # what jets lose is missed as well


@pytest.fixture(scope="module")
def sample():
    return data.load("top_resonance")


@pytest.fixture(scope="module")
def record():
    return data.card("top_resonance").record


def of(sample, process):
    return sample[sample["Process"] == process]


def test_there_is_enough_of_every_mass(sample):
    assert sample["Process"].value_counts().sort_index().tolist() == [10_000] * TOP + [40_000]
    assert sample["Label"].equals((sample["Process"] < TOP).astype(np.int8))
    assert not sample.duplicated(["lepton_pT", "jet_1_pt", "m_wwbb", "lepton_phi"]).any()
    assert data.path("top_resonance").stat().st_size < 6e6


def test_the_true_mass_is_there_for_x_alone(sample):
    for process, mass in enumerate(MASSES):
        assert (of(sample, process)["mass"] == mass).all()
    assert of(sample, TOP)["mass"].isna().all()
    assert sample.drop(columns="mass").notna().all(axis=None)


def test_the_sample_holds_what_the_selection_asks(sample):
    tags = sample[[f"{jet}_b_tag" for jet in JETS]].to_numpy()
    assert set(np.unique(tags)) == {0, 1}
    assert (tags.sum(axis=1) <= 2).all()
    pts = sample[[f"{jet}_pt" for jet in JETS]].to_numpy()
    assert (np.diff(pts) <= 0).all()
    assert pts.min() >= 20 * ROUNDED
    assert sample["lepton_pT"].min() >= 20 * ROUNDED
    assert (tags.sum(axis=1)[sample["number_of_jets"] == 4] == 2).all()
    assert sample["number_of_jets"].between(4, 20).all()
    etas = sample[["lepton_eta", *(f"{jet}_eta" for jet in JETS)]]
    assert abs(etas).max(axis=None) <= 2.5 / ROUNDED
    for jet in JETS:
        dphi = np.angle(np.exp(1j * (sample[f"{jet}_phi"] - sample["lepton_phi"]).astype(float)))
        assert np.hypot(dphi, sample[f"{jet}_eta"] - sample["lepton_eta"]).min() > 0.395


def test_masses_follow_from_the_columns_where_all_jets_are_listed(sample):
    four = sample[sample["number_of_jets"] == 4].head(3000).astype(float)
    jets = [four[[f"{jet}_{v}" for jet in JETS]].to_numpy() for v in ("pt", "eta", "phi", "b_tag")]
    lepton = tuple(four[f"lepton_{v}"].to_numpy() for v in ("pT", "eta", "phi"))
    missing = four["missing_energy_magnitude"].to_numpy(), four["missing_energy_phi"].to_numpy()
    found = masses(lepton, missing, jets[:3], jets[3] > 0)
    for name in ("m_jj", "m_jjj", "m_lv", "m_jlv", "m_wwbb"):
        # A choice (of the neutrino's eta, of the b jet) may turn over by rounding.
        near = np.isclose(found[name], four[name], rtol=2e-3)
        assert near.mean() > 0.98, name


def peak(values, edges, weights=None):
    """Centre of the fullest bin."""
    counts = np.histogram(values, edges, weights=weights)[0]
    return edges[counts.argmax()] + (edges[1] - edges[0]) / 2


@pytest.mark.parametrize("process", range(TOP))
def test_two_tops_peak_at_every_mass(sample, process):
    """A little low: nobody corrects jets for neutrinos and what falls outside."""
    mass = MASSES[process]
    own = of(sample, process)["m_wwbb"]
    assert peak(own, np.arange(0.3, 1.6, 0.05) * mass) / mass == pytest.approx(0.94, abs=0.05)
    assert own.between(0.7 * mass, 1.1 * mass).mean() > 0.6
    assert (own > 1.4 * mass).mean() < 0.06  # jets that are not from tops


@pytest.mark.parametrize(
    ("name", "mass"), [("m_jj", W_MASS), ("m_lv", W_MASS), ("m_jjj", TOP_MASS), ("m_jlv", TOP_MASS)]
)
def test_tops_and_w_peak_in_every_process(sample, name, mass):
    for process in range(TOP + 1):
        own = of(sample, process)
        found = peak(own[name], np.arange(0.5, 1.6, 0.06) * mass, own["Weight"])
        assert 0.9 < found / mass < 1.05, process


def test_both_charges_are_alike(sample):
    assert set(sample["lepton_pdg"]) == {11, -11, 13, -13}
    for process in range(TOP + 1):
        own = of(sample, process)
        plus = own["lepton_pdg"] < 0
        assert plus.mean() == 0.5
        electrons = (abs(own["lepton_pdg"]) == 11).mean()
        assert electrons == pytest.approx(0.5, abs=SIGMAS * 0.5 / np.sqrt(len(own)))
        # eta is left out: top and antitop of q qbar differ in it, at the LHC too.
        for name in ("lepton_pT", "missing_energy_magnitude", "jet_1_pt", "m_wwbb", "lepton_phi"):
            assert ks_2samp(own[name][plus], own[name][~plus]).pvalue > 1e-4, (process, name)


@pytest.mark.parametrize("process", range(TOP + 1))
def test_there_is_no_preferred_azimuth_nor_side(sample, process):
    own = of(sample, process)
    error = SIGMAS / np.sqrt(len(own))
    for name in ("lepton", "jet_1", "missing_energy"):
        assert abs(np.exp(1j * own[f"{name}_phi"].astype(float)).mean()) < error, name
    assert abs(np.sign(own["lepton_eta"]).mean()) < error


def test_a_picobarn_of_every_resonance_was_made(sample, record):
    produced = 2 * TO_LEPTON_AND_QUARKS * 1000 * record["luminosity_fb"]
    for process in range(TOP):
        own = of(sample, process)["Weight"]
        assert 0.1 < own.sum() / produced < 0.25
        assert own.max() / own.min() == pytest.approx(1, abs=0.06)  # both charges, each on its own


def test_slices_of_top_pairs_add_up_to_all(record):
    """Against the same process, generated in one piece for another sample."""
    (whole,) = (p for p in data.card("heavy_higgs").record["processes"] if p["label"] == 0)
    (sliced,) = (p for p in record["processes"] if p["label"] == 0)
    total = sum(sliced["cross_sections_pb"])
    assert total == pytest.approx(sum(whole["cross_sections_pb"]), rel=0.01)
    # Leading order at 8 TeV: about 160 pb.
    assert total / (2 * TO_LEPTON_AND_QUARKS) == pytest.approx(160, rel=0.1)


def test_weights_join_the_slices_without_a_step(sample):
    """Two tops of 700 GeV are seen anywhere from 500 to 800: a smooth curve goes through."""
    tops = of(sample, TOP)
    edges = np.arange(450, 1101, 50)
    counts, squares = (
        np.histogram(tops["m_wwbb"], edges, weights=tops["Weight"] ** n)[0] for n in (1, 2)
    )
    sigma = np.sqrt(squares) / counts
    x = (edges[1:] + edges[:-1]) / 2000
    fit = np.polynomial.Polynomial.fit(x, np.log(counts), 3, w=1 / sigma)
    pulls = (np.log(counts) - fit(x)) / sigma
    assert chi2.sf((pulls**2).sum(), len(x) - 4) > 1e-3
    assert 30_000 < tops["Weight"].sum() ** 2 / (tops["Weight"] ** 2).sum() < 40_000


def separation(sample, process, name):
    own = sample[sample["Process"].isin([process, TOP])]
    return auc(own["Label"], own[name], own["Weight"])


def test_heavier_is_easier(sample):
    found = [separation(sample, process, "m_wwbb") for process in range(TOP)]
    assert (np.diff(found) > 0).all()
    # As the card states them, of all events.
    assert found == pytest.approx([0.509, 0.831, 0.927, 0.958, 0.975], abs=0.005)


def test_what_says_nothing_separates_nothing(sample):
    own = sample[sample["Process"].isin([2, TOP])]
    error = np.sqrt((1 / 10_000 + 1 / 34_000) / 12)
    for name in ("lepton_phi", "jet_1_phi", "missing_energy_phi", "lepton_eta"):
        assert abs(separation(own, 2, name) - 0.5) < SIGMAS * error, name
