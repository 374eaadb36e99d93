"""The detector and the helicities, against closed forms and against Pythia's own spins."""

import numpy as np
import pytest

from hepml.data.recipes import get
from hepml.data.simulate import detector as d
from hepml.data.simulate.pythia import TruthEvent, right_handed

RECIPE = get("higgs_tautau")
PERFECT = d.Detector(
    electron=(0, 0), muon=(0, 0), tau=(0, 0), jet=(0, 0), met=0.0, pileup_et=1e-9, fake_rate=0.5
)


def momentum(pt, eta, phi):
    return np.array([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)])


def event(*particles, taus=((40, -1.0, 2.0, -1),), lepton=(50, 0.3, 0.0), lepton_id=-13):
    """Muon+ and hadronic tau- of 40 GeV, with particles given as (pt, eta, phi)."""
    return TruthEvent(
        lepton=tuple(momentum(*lepton)),
        lepton_id=lepton_id,
        taus=[(momentum(pt, eta, phi), charge) for pt, eta, phi, charge in taus],
        particles=np.array([momentum(*p) for p in particles]).reshape(-1, 4),
        trial=1,
    )


SOFT = (1.0, 3.0, -3.0)


def reconstruct(*events, detector=PERFECT, seed=1, **options):
    pytest.importorskip("fastjet", reason="the extra 'generate' is not installed")
    return d.reconstruct(list(events), detector, np.random.default_rng(seed), **options)


def test_a_perfect_detector_gives_back_the_truth():
    jets = (80.0, 1.5, -1.0), (45.0, -3.5, -2.2)
    columns, weights, rows = reconstruct(event(*jets, SOFT))
    f = {name: values[0] for name, values in columns.items()}
    assert rows.tolist() == [0]
    assert weights == pytest.approx([PERFECT.tau_efficiency])
    for name, (pt, eta, phi) in {
        "tau": (40, -1.0, 2.0),
        "lep": (50, 0.3, 0.0),
        "jet_leading": jets[0],
        "jet_subleading": jets[1],
    }.items():
        found = [f[f"PRI_{name}_{v}"] for v in ("pt", "eta", "phi")]
        assert found == pytest.approx([pt, eta, phi], rel=1e-6, abs=1e-6)
    visible = sum(momentum(*p)[:2] for p in (*jets, SOFT, (40, -1.0, 2.0), (50, 0.3, 0.0)))
    missing = [f["PRI_met"] * np.cos(f["PRI_met_phi"]), f["PRI_met"] * np.sin(f["PRI_met_phi"])]
    assert missing == pytest.approx(-visible, abs=1e-4)
    assert f["PRI_met_sumet"] == pytest.approx(80 + 45 + 1 + 40 + 50, rel=1e-4)
    assert f["PRI_jet_num"] == 2
    assert f["PRI_jet_all_pt"] == pytest.approx(125, rel=1e-6)


@pytest.mark.parametrize(
    "changes",
    [
        {"lepton": (25.9, 0.3, 0.0)},
        {"lepton": (50, 2.51, 0.0)},
        {"taus": ((19.9, -1.0, 2.0, -1),)},
        {"taus": ((40, 2.51, 2.0, -1),)},
        {"taus": ((40, -1.0, 2.0, 1),)},
        {"taus": ((40, 0.3, 0.39, -1),)},
        {"taus": ()},
    ],
    ids=[
        "soft lepton",
        "forward lepton",
        "soft tau",
        "forward tau",
        "same sign",
        "close",
        "no tau",
    ],
)
def test_cuts(changes):
    assert len(reconstruct(event(SOFT), event(SOFT, **changes))[2]) == 1


def test_a_lepton_inside_a_jet_is_dropped():
    assert reconstruct(event((60.0, 0.3, 0.2), SOFT), event(SOFT))[2].tolist() == [1]


def test_jets_are_counted_up_to_three_and_within_reach():
    central = [(60.0, 1.5, -1.0), (50.0, -2.0, -2.0), (45.0, 2.2, 3.0), (40.0, -2.4, 0.9)]
    columns, _, _ = reconstruct(event(*central, (100.0, 4.6, 1.0), (29.0, 0.0, -1.0)))
    assert columns["PRI_jet_num"].tolist() == [3]
    assert columns["PRI_jet_all_pt"] == pytest.approx([195], rel=1e-6)


def test_fakes_weigh_the_probability_that_a_jet_is_taken_for_a_tau():
    jets = [(60.0, 1.5, -1.0), (50.0, -2.0, -2.0), (200.0, 3.0, 1.0)]
    truth = event(*jets, SOFT, taus=())
    columns, weights, _ = reconstruct(*[truth] * 400, fakes=True)
    assert weights == pytest.approx(np.full(400, 2 * 0.5 * 0.5))
    first = np.isclose(columns["PRI_tau_eta"], 1.5, atol=1e-6)
    assert first.sum() == pytest.approx(200, abs=40)
    low, high = PERFECT.fake_fraction
    assert (columns["PRI_tau_pt"][first] >= low * 60).all()
    assert (columns["PRI_tau_pt"][first] <= high * 60).all()
    # The jet that fakes is no jet any more, the other two are.
    assert (columns["PRI_jet_num"] == 2).all()


def test_thinning_keeps_the_sum_of_weights(rng):
    total = rng.uniform(0, 0.5, 20_000)
    thinned = d.thin(total, 0.2, rng)
    assert set(thinned[thinned < 0.2]) == {0.0}
    assert thinned.sum() == pytest.approx(total.sum(), rel=0.02)
    assert np.array_equal(d.thin(total, 0.0, rng), total)


def test_choice_is_in_proportion(rng):
    choice, total = d._choose(np.tile([0.1, 0.0, 0.3], (20_000, 1)), rng)
    assert np.bincount(choice, minlength=3) / 20_000 == pytest.approx([0.25, 0, 0.75], abs=0.02)
    assert total == pytest.approx(np.full(20_000, 0.4))


def test_resolutions_are_those_stated():
    detector = d.Detector()
    columns, _, _ = reconstruct(*[event((100.0, 1.5, -1.0), SOFT)] * 2000, detector=detector)
    for name, pt, (stochastic, constant) in (
        ("tau", 40, detector.tau),
        ("jet_leading", 100, detector.jet),
    ):
        relative = columns[f"PRI_{name}_pt"] / pt
        width = np.hypot(stochastic / np.sqrt(pt), constant)
        assert relative.mean() == pytest.approx(1, abs=0.02)
        assert relative.std() == pytest.approx(width, rel=0.08)
    electrons, _, _ = reconstruct(*[event(SOFT, lepton_id=-11)] * 2000, detector=detector)
    width = np.hypot(0.1 / np.sqrt(50), 0.01)
    assert (electrons["PRI_lep_pt"] / 50).std() == pytest.approx(width, rel=0.08)


def test_missing_momentum_takes_up_what_smearing_lost():
    """With nothing soft, all momenta still balance after they are smeared."""
    silent = d.Detector(met=0.0, pileup_et=1e-9)
    c, _, _ = reconstruct(*[event((100.0, 1.5, -1.0), SOFT)] * 50, detector=silent)
    soft = momentum(*SOFT)[:2]
    for axis, part in enumerate((np.cos, np.sin)):
        total = c["PRI_met"] * part(c["PRI_met_phi"]) + soft[axis]
        for name in ("tau", "lep", "jet_leading"):
            total = total + c[f"PRI_{name}_pt"] * part(c[f"PRI_{name}_phi"])
        assert np.abs(total).max() < 1e-3


class Particle:
    """As much of Pythia's particle as the helicity needs."""

    def __init__(self, number, status, p):
        self.number, self.state, self.p = number, status, p

    def id(self):
        return self.number

    def status(self):
        return self.state

    def pz(self):
        return self.p[0]

    def e(self):
        return self.p[1]


def pair(energy, cosine, quark):
    """Centre-of-mass record of q qbar -> tau- tau+ with the quark along +z."""
    half = energy / 2
    return [
        Particle(quark, -21, (half, half)),
        Particle(-quark, -21, (-half, half)),
        Particle(15, 23, (half * cosine, half)),
        Particle(-15, 23, (-half * cosine, half)),
    ]


def asymmetry(charge, isospin, sin2=0.2312):
    left, right = isospin - charge * sin2, -charge * sin2
    return (left**2 - right**2) / (left**2 + right**2)


@pytest.mark.parametrize(("quark", "charge", "isospin"), [(1, -1 / 3, -0.5), (2, 2 / 3, 0.5)])
@pytest.mark.parametrize("cosine", [-0.8, 0.0, 0.5])
def test_polarisation_on_the_z_pole_is_the_textbook_s(quark, charge, isospin, cosine):
    """P = -[A_tau (1 + c^2) + 2 A_q c] / [1 + c^2 + 2 A_q A_tau c], photon neglected."""
    a_tau, a_quark = asymmetry(-1, -0.5), asymmetry(charge, isospin)
    even = 1 + cosine**2
    expected = -(a_tau * even + 2 * a_quark * cosine) / (even + 2 * a_quark * a_tau * cosine)
    found = 2 * right_handed(pair(91.188, cosine, quark)) - 1
    assert found == pytest.approx(expected, abs=0.02)


def test_far_below_the_z_taus_are_not_polarised():
    assert right_handed(pair(5.0, 0.0, 2)) == pytest.approx(0.5, abs=0.01)


def pion_shares(pythia, events, prepare):
    """Energy share of the pion in tau -> pi nu, by the sign of the tau's PDG number."""
    shares = {1: [], -1: []}
    for _ in range(events):
        pythia.next()
        event = pythia.event
        taus = [p.index() for p in event if p.idAbs() == 15 and p.isFinal()]
        prepare(event, taus)
        pythia.moreDecays()
        for i in taus:
            pion = next(event[j] for j in event[i].daughterList() if event[j].idAbs() == 211)
            shares[np.sign(event[i].id())].append(pion.e() / event[i].e())
    return {sign: np.mean(values) for sign, values in shares.items()}


def pions_from_z():
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    from hepml.data.simulate.pythia import start

    pions = ("15:onMode = off", "15:onIfMatch = 16 211")
    return start((*RECIPE.settings, *RECIPE.processes[2].settings, *pions), 11)


@pytest.mark.generate
@pytest.mark.parametrize("helicity", [1, -1])
def test_pythia_decays_taus_with_the_helicity_it_is_told(helicity):
    """In tau- -> pi- nu the pion takes 1/2 + h/6 of the energy, in tau+ -> pi+ nu 1/2 - h/6."""

    def polarise(event, taus):
        for i in taus:
            event[i].pol(helicity)

    shares = pion_shares(pions_from_z(), 300, polarise)
    assert shares[1] == pytest.approx(1 / 2 + helicity / 6, abs=0.05)
    assert shares[-1] == pytest.approx(1 / 2 - helicity / 6, abs=0.05)


@pytest.mark.generate
@pytest.mark.parametrize("right", [0.0, 1.0])
def test_taus_from_z_get_opposite_helicities(right, monkeypatch):
    from hepml.data.simulate import pythia as module

    monkeypatch.setattr(module, "right_handed", lambda _: right)
    generator = object.__new__(module.Generator)
    generator.pythia, generator.rng = pions_from_z(), np.random.default_rng(5)
    shares = pion_shares(generator.pythia, 300, lambda _, taus: generator._polarise(taus))
    expected = 2 / 3 if right else 1 / 3
    assert shares[1] == pytest.approx(expected, abs=0.05)
    assert shares[-1] == pytest.approx(expected, abs=0.05)


@pytest.mark.generate
def test_forced_decays_give_leptons_of_both_charges():
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    process = RECIPE.processes[0]
    for variant, sign in zip(process.variants, (1, -1), strict=True):
        stream = iter(RECIPE._generator(process, variant, np.random.default_rng(3)))
        events = [next(stream) for _ in range(15)]
        assert {np.sign(event.lepton_id) for event in events} == {sign}
        assert all(event.taus[0][1] * sign > 0 for event in events)
        assert {abs(event.lepton_id) for event in events} == {11, 13}
