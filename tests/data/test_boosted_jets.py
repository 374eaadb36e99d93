"""Towers, trimming and weights of boosted jets, against closed forms and another library."""

from dataclasses import replace

import numpy as np
import pytest
import vector

from hepml.data.recipes.jets import RECIPE
from hepml.data.simulate import stable
from hepml.data.simulate.boosted_jets import (
    Calorimeter,
    JetSelection,
    Towers,
    measured_towers,
    selected_jets,
)

PERFECT = Calorimeter(electromagnetic=(0, 0), hadronic=(0, 0), threshold=0.0, mantissa_bits=22)
OPEN = JetSelection(pt=(0, 1e4), mass=(-1, 1e4), eta=10, least_pt=1)
PION, PHOTON, MUON, NEUTRINO = 211, 22, -13, 14
CELL = 2 * np.pi / 63
SIGMAS = 4  # of statistical errors, for assertions on some tens of numbers


def momenta(*particles):
    """Rows of (px, py, pz, E) from (pt, eta, phi)."""
    pt, eta, phi = np.array(particles, float).T
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)], 1)


def towers_of(*particles, pdg=PION, calorimeter=PERFECT, event=None, seed=1):
    count = len(particles)
    event = np.zeros(count, int) if event is None else np.array(event)
    pdg = np.broadcast_to(pdg, count)
    rng = np.random.default_rng(seed)
    return measured_towers(event, pdg, momenta(*particles), calorimeter, rng)


def test_energy_goes_to_the_centre_of_a_tower():
    found = towers_of((50.0, 0.53, 0.01), (10.0, -3.19, -0.01), (7.0, 0.0, np.pi))
    np.testing.assert_allclose(found.eta, [-3.15, 0.05, 0.55])
    np.testing.assert_allclose(found.phi, [-CELL / 2, np.pi, CELL / 2])
    energy = np.array([10 * np.cosh(3.19), 7.0, 50 * np.cosh(0.53)])
    np.testing.assert_allclose(found.pt * np.cosh(found.eta), energy, rtol=1e-6)


def test_all_that_is_seen_is_kept_event_by_event(rng):
    n, events = 3000, 7
    event = np.sort(rng.integers(0, events, n))
    parts = rng.exponential(5, n), rng.uniform(-4, 4, n), rng.uniform(-np.pi, np.pi, n)
    pdg = rng.choice([PION, PHOTON, MUON, NEUTRINO], n)
    found = measured_towers(event, pdg, momenta(*zip(*parts, strict=True)), PERFECT, rng)
    seen = (abs(parts[1]) < PERFECT.eta) & np.isin(pdg, [PION, PHOTON])
    energy = np.bincount(event[seen], (parts[0] * np.cosh(parts[1]))[seen])
    np.testing.assert_allclose(np.bincount(found.event, found.pt * np.cosh(found.eta)), energy)
    assert len(np.unique(np.stack([found.event, found.eta, found.phi]), axis=1).T) == len(found.pt)


def test_towers_below_the_threshold_are_not_read_out():
    threshold = replace(PERFECT, threshold=0.3)
    found = towers_of((0.2, 0.05, 1.0), (0.2, 0.05, 1.0), (0.2, 0.05, 2.0), calorimeter=threshold)
    assert found.pt == pytest.approx([0.4], rel=1e-3)


@pytest.mark.parametrize(
    ("pdg", "terms"), [(PHOTON, Calorimeter().electromagnetic), (-321, Calorimeter().hadronic)]
)
@pytest.mark.parametrize("energy", [2.0, 30.0])
def test_resolutions_are_those_stated_and_keep_the_mean(pdg, terms, energy):
    n = 20_000
    calorimeter = replace(Calorimeter(), threshold=0.0, mantissa_bits=22)
    particles = [(energy / np.cosh(0.05), 0.05, 1.0)] * n
    found = towers_of(*particles, pdg=pdg, calorimeter=calorimeter, event=range(n))
    relative = found.pt * np.cosh(0.05) / energy
    width = np.hypot(terms[0] / np.sqrt(energy), terms[1])
    assert relative.mean() == pytest.approx(1, abs=SIGMAS * width / np.sqrt(n))
    assert relative.std() == pytest.approx(width, rel=0.05)
    assert (relative > 0).all()


def test_the_read_out_keeps_the_stated_bits(rng):
    calorimeter = replace(PERFECT, mantissa_bits=8)
    pts = rng.exponential(20, 500)
    found = towers_of(*[(pt, 0.05, 1.0) for pt in pts], calorimeter=calorimeter, event=range(500))
    np.testing.assert_allclose(found.pt, pts, rtol=2**-9 + 1e-3)  # and cosh within a tower
    assert not (found.pt.astype("f4").view(np.int32) & ((1 << 15) - 1)).any()


def jets_of(*towers, selection=OPEN, event=None):
    pytest.importorskip("fastjet", reason="the extra 'generate' is not installed")
    pt, eta, phi = np.array(towers, float).T
    event = np.zeros(len(towers), int) if event is None else np.array(event)
    return selected_jets(Towers(event, eta, phi, pt), selection)


TWO = (200.0, 0.05, 1.0), (80.0, 0.45, 0.8)
SOFT = (9.0, -0.65, 1.2)


def summed(*towers):
    parts = [vector.obj(pt=pt, eta=eta, phi=phi, mass=0) for pt, eta, phi in towers]
    return sum(parts[1:], parts[0])


def test_a_soft_subjet_is_trimmed_away():
    columns, towers, events = jets_of(*TWO, SOFT)
    found = {name: values[0] for name, values in columns.items()}
    trimmed, whole = summed(*TWO), summed(*TWO, SOFT)
    expected = {"pt": trimmed.pt, "eta": trimmed.eta, "phi": trimmed.phi, "mass": trimmed.mass}
    expected |= {"pt_untrimmed": whole.pt, "mass_untrimmed": whole.mass}
    expected |= {"delta_R": np.hypot(0.4, 0.2)}
    for name, value in expected.items():
        assert found[f"jet_{name}"] == pytest.approx(value, rel=1e-6), name
    assert (found["subjets"], found["nconstituent"]) == (2, 3)
    np.testing.assert_array_equal(towers["constituent_pt"], [200, 80, 9])
    np.testing.assert_array_equal(towers["constituent_subjet"], [1, 2, 0])
    assert events.tolist() == [0]


def test_a_subjet_above_the_fraction_stays():
    columns, towers, _ = jets_of(*TWO, (20.0, -0.65, 1.2))
    assert columns["subjets"] == [3]
    assert (towers["constituent_subjet"] > 0).all()


def test_subjets_are_ranked_by_the_pt_of_all_their_towers():
    _, towers, _ = jets_of((90.0, 0.05, 1.0), (60.0, 0.55, 1.0), (50.0, 0.65, 1.0))
    np.testing.assert_array_equal(towers["constituent_subjet"], [2, 1, 1])


def test_subjettiness_with_as_many_towers_as_axes_vanishes_and_is_known_with_one_more():
    """With winner-take-all axes two towers merge into the harder: the softer one's pT counts."""
    columns, *_ = jets_of(*TWO)
    tau_1 = 80 * np.hypot(0.4, 0.2) / 280
    assert [columns[f"tau_{n}"][0] for n in (1, 2, 3)] == pytest.approx([tau_1, 0, 0], abs=1e-7)
    assert (columns["tau_21"], columns["tau_32"]) == (pytest.approx([0], abs=1e-6), [0])
    third = (30.0, 0.55, 0.8)
    columns, *_ = jets_of(*TWO, third)
    tau_2 = 30 * 0.1 / 310
    tau_1 = (80 * np.hypot(0.4, 0.2) + 30 * np.hypot(0.5, 0.2)) / 310
    assert columns["tau_2"] == pytest.approx([tau_2], rel=1e-5)
    assert columns["tau_21"] == pytest.approx([tau_2 / tau_1], rel=1e-5)


def test_one_subjet_has_no_distance():
    columns, *_ = jets_of((200.0, 0.05, 1.0), (50.0, 0.15, 1.0))
    assert (columns["subjets"], columns["jet_delta_R"]) == ([1], [0])


def test_the_hardest_jet_of_each_event_is_taken():
    near, far = (100.0, 0.05, 1.0), (150.0, 0.05, -2.0)
    event = [0, 0, 2, 2, 5]
    columns, towers, events = jets_of(near, far, near, SOFT, far, event=event)
    assert events.tolist() == [0, 2, 5]
    np.testing.assert_allclose(columns["jet_pt_untrimmed"][[0, 2]], 150)
    np.testing.assert_array_equal(columns["nconstituent"], [1, 2, 1])
    np.testing.assert_array_equal(towers["constituent_pt"], [150, 100, 9, 150])


GOOD = (160.0, 0.05, 1.0), (120.0, 0.55, 1.3)


@pytest.mark.parametrize(
    ("scale", "shift", "passes"),
    [(1, 0, True), (1, 2.0, False), (0.88, 0, False), (1.12, 0, False)],
    ids=["good", "forward", "soft", "hard"],
)
def test_cuts_on_the_jet(scale, shift, passes):
    towers = [(scale * pt, eta + shift, phi) for pt, eta, phi in GOOD]
    columns, constituents, events = jets_of(*towers, selection=JetSelection())
    assert len(events) == passes
    assert len(constituents["constituent_pt"]) == 2 * passes
    assert len(columns["tau_1"]) == passes


@pytest.mark.parametrize(("eta", "passes"), [(0.25, False), (0.55, True), (0.95, False)])
def test_cuts_on_the_mass(eta, passes):
    *_, events = jets_of(GOOD[0], (120.0, eta, 1.3), selection=JetSelection())
    assert len(events) == passes


def test_without_a_jet_nothing_is_found():
    columns, constituents, events = jets_of((3.0, 0.05, 1.0), selection=JetSelection())
    assert len(events) == len(columns["tau_21"]) == len(constituents["constituent_pt"]) == 0


def test_the_hardest_cone_is_that_of_another_library(rng):
    for _ in range(20):
        pt, eta, phi = rng.exponential(30, 8), rng.uniform(-2, 2, 8), rng.uniform(-np.pi, np.pi, 8)
        phi[:2] = np.pi - 0.1, -np.pi + 0.1
        parts = [vector.obj(pt=p, eta=e, phi=f) for p, e, f in zip(pt, eta, phi, strict=True)]
        cones = [sum(q.pt * np.exp(1j * q.phi) for q in parts if p.deltaR(q) < 1.2) for p in parts]
        found = stable.hardest_cone(list(zip(pt, eta, phi, strict=True)), 1.2)
        assert found == pytest.approx(max(map(abs, cones)))
    assert stable.hardest_cone([], 1.2) == 0


@pytest.mark.generate
def test_the_veto_loses_next_to_nothing(monkeypatch):
    """Without it, but watched: what is selected would have passed."""
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    seen, least, cone = [], RECIPE.processes[1].veto[2], stable.hardest_cone
    monkeypatch.setattr(stable, "hardest_cone", lambda *a: seen.append(cone(*a)) or np.inf)
    generator = RECIPE._generator(RECIPE.processes[1], np.random.default_rng(4))
    passed = []
    for _ in range(6):
        seen.clear()
        particles = generator.batch(500)
        towers = measured_towers(
            particles.event,
            particles.pdg,
            particles.momenta,
            RECIPE.calorimeter,
            np.random.default_rng(1),
        )
        *_, events = selected_jets(towers, RECIPE.selection)
        assert len(seen) == len(particles.weights)
        passed += list(np.array(seen)[events] >= least)
    assert np.mean(np.array(seen) >= least) < 0.8
    assert len(passed) > 12
    assert np.mean(passed) > 0.9


def groups(spectra):
    return {(p, 0): [{"spectrum": np.array(s, float)}] for p, s in enumerate(spectra)}


def test_qcd_gets_the_spectrum_of_w_with_as_much_mpi():
    ones, ramp = np.ones(10), np.arange(1.0, 11)
    factors = RECIPE.scales(groups([ramp, 2 * ones, ones, 4 * ramp]))
    np.testing.assert_allclose(factors[0, 0], 1)
    np.testing.assert_allclose(factors[1, 0], ramp / 2)
    np.testing.assert_allclose(factors[3, 0], 1 / (4 * ramp))
    pts = np.array([250.0, 254.9, 255.1, 299.9])
    found = RECIPE.weights({"jet_pt": pts, "weight": np.full(4, 3.0)}, factors[1, 0])
    np.testing.assert_allclose(found, [1.5, 1.5, 3, 15])


def test_few_jets_are_weighed_in_fewer_bins():
    lone, other = np.eye(10)[2], np.eye(10)[7]
    factors = RECIPE.scales(groups([6 * lone, 3 * other, lone, other]))
    assert factors[1, 0] == pytest.approx([2])
