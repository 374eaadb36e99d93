"""Lepton and four jets: masses against another library, tags against enumeration, real events."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
import vector
from scipy.stats import ks_2samp
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from hepml import data
from hepml.data.recipes.base import Chunk
from hepml.data.recipes.heavy_higgs import FEATURES, PAPER_SCALES, RECIPE, in_gev, in_paper_units
from hepml.data.simulate.lepton_jets import (
    LeptonJetsDetector,
    choose_pair,
    reconstruct,
    tag_probability,
)
from hepml.data.simulate.objects import rounded
from hepml.data.simulate.polarisation import sine_squared, veto_others
from hepml.data.simulate.semileptonic import BOTTOM, SemileptonicEvent, heaviest_quark
from hepml.data.simulate.top_masses import NEUTRINO_ETA, TOP_MASS, W_MASS, masses, neutrino

NAMES = [column.name for column in FEATURES]
PERFECT = LeptonJetsDetector(
    electron=(0, 0),
    muon=(0, 0),
    jet=(0, 0),
    met=0,
    tag=(1 - 1e-9, 0, 0),
    tag_turn_on=1e-9,
    tag_eta_width=1e-3,
    tight=1,
    ranking=0,
    weight_floor=0.1,
)


def random_events(rng, n=40, jets=6):
    """Lepton, missing momentum, jets and tags; the last jet is missing in every other event."""
    lepton = rng.uniform(15, 150, n), rng.uniform(-2.5, 2.5, n), rng.uniform(-3.1, 3.1, n)
    missing = rng.uniform(5, 150, n), rng.uniform(-3.1, 3.1, n)
    shape = (n, jets)
    pt = rng.uniform(15, 200, shape)
    pt[::2, -1] = 0
    tagged = np.zeros(shape, bool)
    tagged[:, [1, 3]] = True
    return lepton, missing, (pt, rng.uniform(-3, 3, shape), rng.uniform(-3.1, 3.1, shape)), tagged


def massless(pt, eta, phi):
    return vector.obj(pt=pt, eta=eta, phi=phi, mass=0)


def brute_force(lepton, missing, jets, tagged):
    """Masses of one event, by another library and by trying everything."""
    light = [massless(*j) for j, t in zip(zip(*jets, strict=True), tagged, strict=True) if not t]
    light = [j for j in light if j.pt > 0]
    b = [massless(*j) for j, t in zip(zip(*jets, strict=True), tagged, strict=True) if t]
    jj = min((p + q for p, q in combinations(light, 2)), key=lambda v: abs(v.mass - W_MASS))
    ways = (massless(*lepton) + massless(missing[0], eta, missing[1]) for eta in NEUTRINO_ETA)
    lv = min(ways, key=lambda v: abs(v.mass - W_MASS))
    with_jj, with_lv = sorted(b, key=lambda v: abs((jj + v).mass - TOP_MASS))
    bb = b[0] + b[1]
    return {
        "m_jj": jj.mass,
        "m_jjj": (jj + with_jj).mass,
        "m_lv": lv.mass,
        "m_jlv": (lv + with_lv).mass,
        "m_bb": bb.mass,
        "m_wbb": max((jj + bb).mass, (lv + bb).mass),
        "m_wwbb": (jj + lv + bb).mass,
    }


def test_masses_are_those_of_a_search_with_another_library(rng):
    lepton, missing, jets, tagged = random_events(rng)
    found = masses(lepton, missing, jets, tagged)
    for i in range(len(tagged)):
        one = [tuple(x[i] for x in group) for group in (lepton, missing, jets)]
        for name, mass in brute_force(*one, tagged[i]).items():
            assert found[name][i] == pytest.approx(mass, rel=1e-6), name


def test_neutrino_brings_the_w_back(rng):
    """W -> l nu at rest in z or boosted: the mass is found again within half a step in eta."""
    n = 5000  # more than are tried at once
    cosine, azimuth = rng.uniform(-1, 1, n), rng.uniform(-np.pi, np.pi, n)
    w = vector.array(
        {"pt": rng.exponential(30, n), "phi": azimuth * 0, "eta": rng.normal(0, 1, n)}
        | {"mass": np.full(n, W_MASS)}
    )
    theta = np.arccos(cosine)
    rest = vector.array({"pt": np.sin(theta), "phi": azimuth, "theta": theta, "mass": 0 * theta})
    lepton = rest.scale(W_MASS / 2 / rest.mag).to_xyzt()
    lepton = vector.array({"x": lepton.x, "y": lepton.y, "z": lepton.z, "mass": 0 * theta}).boost(w)
    nu = w.to_xyzt() - lepton
    inside = (abs(nu.eta) < NEUTRINO_ETA[-1]) & (lepton.pt > 1) & (nu.pt > 1)
    found = neutrino((lepton.pt, lepton.eta, lepton.phi), (nu.pt, nu.phi))
    np.testing.assert_allclose(np.hypot(found[:, 0], found[:, 1]), nu.pt)
    total = found + np.stack([lepton.x, lepton.y, lepton.z, lepton.t], axis=-1)
    mass = np.sqrt(total[:, 3] ** 2 - (total[:, :3] ** 2).sum(axis=1))
    step = NEUTRINO_ETA[1] - NEUTRINO_ETA[0]
    # Between two steps m changes by at most dm/d(eta) * step, and dm/d(eta) < m / 2 (1 + ...).
    slope = lepton.pt * nu.pt * np.sinh(abs(lepton.eta - nu.eta) + step) / W_MASS
    assert (abs(mass - W_MASS) <= slope * step + 1e-6)[inside].all()


def test_without_a_solution_m_lv_is_nearly_the_transverse_mass():
    lepton = (np.array([80.0]), np.array([0.72]), np.array([0.3]))
    missing = (np.array([70.0]), np.array([-2.5]))
    transverse = np.sqrt(2 * 80 * 70 * (1 - np.cos(2.8)))
    jets = np.array([[50.0, 60.0, 70.0, 80.0]]), np.array([[0.1, 1, -1, 2]]), np.zeros((1, 4))
    mass = masses(lepton, missing, jets, np.array([[True, True, False, False]]))["m_lv"][0]
    assert transverse > W_MASS
    assert transverse <= mass < transverse * 1.0005


def exactly_two(probability):
    """Probability of every pair to be the two that are hit, by enumeration."""
    pairs = {}
    for hits in product((0, 1), repeat=len(probability)):
        if sum(hits) == 2:
            terms = [p if hit else 1 - p for hit, p in zip(hits, probability, strict=True)]
            pairs[hits] = np.prod(terms)
    return pairs


def test_pairs_are_drawn_as_independent_tags_would_be(rng):
    probability = np.array([0.6, 0.02, 0.0, 0.5, 0.2])
    pairs, n = exactly_two(probability), 40_000
    chosen, total = choose_pair(np.tile(probability, (n, 1)), rng)
    np.testing.assert_allclose(total, sum(pairs.values()))
    assert (chosen.sum(axis=1) == 2).all()
    for hits, expected in pairs.items():
        share = (chosen == np.array(hits, bool)).all(axis=1).mean()
        p = expected / sum(pairs.values())
        assert share == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / n) + 1e-12)


def test_without_two_taggable_jets_nothing_is_chosen(rng):
    chosen, total = choose_pair(np.array([[0.0, 0.5, 0.0], [0.0, 0.0, 0.0]]), rng)
    assert not chosen.any()
    assert not total.any()


def test_tags_rise_with_pt_and_end_at_their_pseudorapidity():
    d = LeptonJetsDetector()
    bottom, charm, light = d.tag
    flavours = np.array([5, 4, 0, 5, 5, 5, 5])
    pt = np.array([1e9, 1e9, 1e9, d.tag_turn_on, 0.0, 1e9, 1e9])
    eta = np.array([0.0, 0.0, 0.0, 0.0, 0.0, -d.tag_eta, 99.0])
    expected = [bottom, charm, light, bottom / 2, 0, bottom / 2, 0]
    np.testing.assert_allclose(tag_probability(flavours, pt, eta, d), expected, atol=1e-8)


@pytest.mark.parametrize("bits", [6, 12, 20])
def test_rounding_keeps_the_stated_bits(bits, rng):
    values = np.concatenate([rng.normal(0, 100, 5000), rng.lognormal(0, 8, 5000), [0.0, 2.0, -1.0]])
    found = rounded(values, bits)
    assert found.dtype == np.float32
    to_float32 = 2.0**-24
    np.testing.assert_allclose(found, values, rtol=2.0 ** -(bits + 1) + 2 * to_float32)
    assert not (found.view(np.int32) & ((1 << (23 - bits)) - 1)).any()
    assert len(np.unique(rounded(np.linspace(1, 2, 10_000, endpoint=False), 6))) == 2**6 + 1


def momentum(pt, eta, phi):
    return [pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)]


LEPTON = (40.0, 0.5, 2.0)
JETS = [(90.0, 0.2, 0.0), (70.0, -1.0, 1.0), (55.0, 1.2, -1.0), (30.0, 2.6, -2.4)]


def event(*jets, heavy=(0, 2), lepton=LEPTON):
    hadrons = [(jets[i][1], jets[i][2], BOTTOM) for i in heavy]
    particles = np.array([momentum(*jet) for jet in jets])
    return SemileptonicEvent(np.array(momentum(*lepton)), 13, particles, np.array(hadrons), 1)


def found(*events, detector=PERFECT, seed=1):
    pytest.importorskip("fastjet", reason="the extra 'generate' is not installed")
    return reconstruct(list(events), detector, np.random.default_rng(seed))


def test_a_perfect_detector_gives_back_the_truth():
    columns, weights, rows = found(event(*reversed(JETS), heavy=(1, 3)))
    assert list(columns) == [*NAMES, "number_of_jets"]
    assert columns["number_of_jets"].tolist() == [4]
    assert rows.tolist() == [0]
    assert weights[0] == pytest.approx(1)
    for number, (jet, tag) in enumerate(zip(JETS, (2, 0, 2, 0), strict=True), 1):
        values = [columns[f"jet_{number}_{v}"][0] for v in ("pt", "eta", "phi", "b_tag")]
        assert values == pytest.approx([*jet, tag])
    assert [columns[f"lepton_{v}"][0] for v in ("pT", "eta", "phi")] == pytest.approx(LEPTON)
    total = -np.sum([momentum(*p)[:2] for p in (*JETS, LEPTON)], axis=0)
    assert columns["missing_energy_magnitude"][0] == pytest.approx(np.hypot(*total))
    assert columns["missing_energy_phi"][0] == pytest.approx(np.arctan2(total[1], total[0]))
    b = massless(*JETS[0]) + massless(*JETS[2])
    assert columns["m_bb"][0] == pytest.approx(b.mass)


@pytest.mark.parametrize(
    "rejected",
    [
        event(*JETS[:3]),
        event(*JETS[:3], (14.9, 1.0, 3.0)),
        event(*JETS[:3], (30.0, 3.1, 3.0)),
        event(*JETS, heavy=(0,)),
        event(*JETS, heavy=(0, 3)),
        event(*JETS, heavy=(0, 1, 2)),
        event(*JETS, lepton=(14.9, 0.5, 2.0)),
        event(*JETS, lepton=(40.0, 2.6, 2.0)),
        event(*JETS, lepton=(40.0, 0.5, 0.1)),
    ],
    ids=[
        "jets",
        "soft",
        "forward",
        "one b",
        "b at high eta",
        "three b",
        "lepton pt",
        "eta",
        "near",
    ],
)
def test_what_the_selection_asks(rejected):
    _, _, rows = found(event(*JETS), rejected, event(*JETS))
    assert rows.tolist() == [0, 2]


def test_a_jet_beyond_the_listed_four_enters_the_masses():
    extra = (29.0, 0.1, -2.6)
    columns, _, _ = found(event(*JETS, extra, heavy=(0, 2)))
    light = [massless(*j) for j in (JETS[1], JETS[3], extra)]
    closest = min((p + q for p, q in combinations(light, 2)), key=lambda v: abs(v.mass - W_MASS))
    assert columns["m_jj"][0] == pytest.approx(closest.mass, rel=1e-4)
    assert columns["jet_4_pt"][0] == pytest.approx(30)


def test_the_coarse_ranking_changes_the_order_of_jets_and_nothing_else():
    coarse = LeptonJetsDetector(**(vars(PERFECT) | {"ranking": 1.0}))
    columns, _, _ = found(*[event(*JETS)] * 200, detector=coarse)
    pts = np.stack([columns[f"jet_{i}_pt"] for i in (1, 2, 3, 4)])
    truth = np.sort([[jet[0]] for jet in JETS], axis=0)
    np.testing.assert_allclose(np.sort(pts, axis=0), np.tile(truth, 200))
    assert 0.2 < (pts[0] < 89).mean() < 0.8


def test_hadrons_show_their_heaviest_quark():
    numbers = [511, 521, 10511, 20513, 5122, 541, 411, 4122, 443, 211, 2212, 3122, 5, 21, 22, 2103]
    expected = [5, 5, 5, 5, 5, 5, 4, 4, 4, 2, 2, 3, 0, 0, 0, 0]
    assert heaviest_quark(np.array(numbers)).tolist() == expected


def test_paper_units_are_undone():
    table = {name: np.linspace(-2, 3, 7) for name in ("lepton_pT", "m_bb", "Weight")}
    there = in_paper_units(table)
    assert there["m_bb"][-1] == pytest.approx(3 / PAPER_SCALES["m_bb"])
    assert there["Weight"] is table["Weight"]
    for name, values in in_gev(there).items():
        np.testing.assert_allclose(values, table[name])
    assert set(PAPER_SCALES) == set(NAMES)


def four(momentum):
    return momentum.x, momentum.y, momentum.z, momentum.t


def test_decay_angles_are_those_of_boosts_with_another_library(rng):
    for _ in range(50):
        parent = vector.obj(pt=rng.exponential(50), phi=1.0, eta=rng.normal(), mass=425.0)
        cosine, azimuth = rng.uniform(-1, 1), rng.uniform(-np.pi, np.pi)
        flight = vector.obj(pt=30 * rng.random() + 1, phi=2.0, eta=rng.normal(), mass=W_MASS)
        axis = flight.to_3D().unit()
        across = axis.cross(vector.obj(x=0.0, y=0.0, z=1.0)).unit().rotate_axis(axis, azimuth)
        p = (axis * cosine + across * np.sqrt(1 - cosine**2)) * (W_MASS / 2)
        fermion = vector.obj(x=p.x, y=p.y, z=p.z, mass=0.0).boost(flight)
        there = [four(q.boost(parent)) for q in (flight, fermion)]
        assert sine_squared(four(parent), *there) == pytest.approx(1 - cosine**2, abs=1e-6)


def pythia_of(process, variant):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    from hepml.data.simulate.pythia import start

    settings = process.variants[variant].settings
    quick = ("PartonLevel:all = off", "HadronLevel:all = off")
    hooks = veto_others(np.random.default_rng(8))
    return start((*RECIPE.settings, *process.settings, *settings, *quick), 5, hooks), hooks


@pytest.mark.generate
def test_w_of_the_cascade_are_longitudinal():
    """Under sin^2(theta) cos^2(theta) has mean 1/5 and variance 8/175; flat, its mean is 1/3."""
    pythia, _hooks = pythia_of(RECIPE.processes[0], 0)
    found = []
    for _ in range(400):
        assert pythia.next()
        record = pythia.process
        found += [
            1 - sine_squared(*((p.px(), p.py(), p.pz(), p.e()) for p in family))
            for w in record
            if w.idAbs() == 24
            for family in [(record[w.mother1()], w, record[w.daughter1()])]
        ]
    assert len(found) == 800
    assert np.mean(found) == pytest.approx(1 / 5, abs=5 * np.sqrt(8 / 175 / 800))
    assert RECIPE.processes[0].longitudinal


@pytest.mark.generate
@pytest.mark.parametrize("variant", [0, 1])
def test_the_cascade_has_its_masses_and_decays(variant):
    pythia, _hooks = pythia_of(RECIPE.processes[0], variant)
    charges = set()
    for _ in range(40):
        pythia.next()
        particles = {p.id(): p for p in pythia.process}
        charged = particles.get(37) or particles[-37]
        assert particles[35].m() == pytest.approx(425, abs=50)
        assert charged.m() == pytest.approx(325, abs=40)
        assert particles[25].m() == pytest.approx(125, abs=1)
        assert {5, -5} <= set(particles)
        leptons = [i for i in particles if abs(i) in {11, 13}]
        assert [np.sign(i) for i in leptons] == [-1 if variant == 0 else 1]
        charges.add(charged.id())
    assert charges == {37, -37}


@pytest.mark.generate
@pytest.mark.parametrize("number", [0, 1])
def test_the_lepton_is_that_of_the_w_and_two_b_hadrons_are_there(number):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    process = RECIPE.processes[number].narrowed(0)
    events = RECIPE._generator(process, np.random.default_rng(3)).batch(60)
    assert len(events) > 30
    assert all(e.lepton_id in {-11, -13} for e in events)
    assert {abs(e.lepton_id) for e in events} == {11, 13}
    trials = [e.trial for e in events]
    assert trials == sorted(set(trials))
    assert 1 <= trials[0] <= trials[-1] <= 60
    with_b = [e for e in events if (e.heavy[:, 2] == BOTTOM).sum() >= 2]
    assert len(with_b) > 0.9 * len(events)
    total = [e.particles.sum(axis=0) + e.lepton for e in events]
    assert max(p[3] for p in total) < 8000


@pytest.mark.generate
def test_cross_sections_are_stated_for_the_cascade_and_pythia_s_for_tops():
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    signal, top = (RECIPE.run(Chunk(p, 0, 0, 20, 1)) for p in (0, 1))
    assert signal["cross_section"] == RECIPE.processes[0].stated_cross_section
    # Leading order, 8 TeV: about 150 pb, of which one charge of e, mu against quarks is 14.6 %.
    assert top["cross_section"] / 0.146 == pytest.approx(155, rel=0.15)


@pytest.fixture(scope="module")
def sample():
    return data.load("heavy_higgs")


def test_the_sample_was_made_by_this_recipe():
    record = data.card("heavy_higgs").record
    assert record["settings"] == RECIPE.describe()
    assert record["notes"] == list(RECIPE.notes)
    assert [c["name"] for c in record["columns"]] == [c.name for c in RECIPE.columns]


def test_the_sample_holds_what_the_selection_asks(sample):
    assert sample["Label"].value_counts().min() >= 40_000
    assert sample["Label"].equals(1 - sample["Process"])
    jets = [f"jet_{i}" for i in (1, 2, 3, 4)]
    tags = sample[[f"{jet}_b_tag" for jet in jets]].to_numpy()
    assert set(np.unique(tags)) == {0, 1, 2}
    assert ((tags > 0).sum(axis=1) <= 2).all()
    assert sample[[f"{jet}_pt" for jet in jets]].min(axis=None) >= 15
    assert abs(sample[[f"{jet}_eta" for jet in jets]]).max(axis=None) <= 3
    assert sample["lepton_pT"].min() >= 15
    assert abs(sample["lepton_eta"]).max() <= 2.5
    assert abs(sample.filter(regex="phi$")).max(axis=None) < np.pi + 1e-3
    assert data.path("heavy_higgs").stat().st_size < 9e6


def listed_pair_mass(table):
    """Mass of the two tagged jets, of events where both are among the four."""
    pt, eta, phi, tag = (
        table[[f"jet_{i}_{v}" for i in (1, 2, 3, 4)]].to_numpy()
        for v in ("pt", "eta", "phi", "b_tag")
    )
    both = (tag > 0.5).sum(axis=1) == 2
    pairs = (x[both][tag[both] > 0.5].reshape(-1, 2).T for x in (pt, eta, phi))
    (pt1, pt2), (eta1, eta2), (phi1, phi2) = pairs
    square = 2 * pt1 * pt2 * (np.cosh(eta1 - eta2) - np.cos(phi1 - phi2))
    return np.sqrt(square), table["m_bb"].to_numpy()[both]


def test_m_bb_of_the_sample_follows_from_its_jets(sample):
    mass, m_bb = listed_pair_mass(sample)
    assert len(mass) > 0.6 * len(sample)
    np.testing.assert_allclose(mass, m_bb, rtol=1e-3)


def test_masses_peak_where_they_should(sample):
    """Within the energy that neutrinos and narrow jets lose, and no higher."""
    signal, top = (sample[sample["Label"] == label] for label in (1, 0))
    for table, name, mass in (
        (signal, "m_bb", 125),
        (signal, "m_wbb", 325),
        (signal, "m_wwbb", 425),
        (top, "m_jjj", 173),
        (top, "m_jlv", 173),
        (top, "m_jj", W_MASS),
    ):
        counts, edges = np.histogram(table[name], bins=np.arange(0, 3 * mass, mass / 15))
        peak = edges[counts.argmax()] + mass / 30
        assert 0.82 < peak / mass < 1.08, name


@pytest.fixture(scope="module")
def excerpt(real_data):
    """Real events of the UCI set in GeV; they are rounded to three digits."""
    table = pd.read_csv(real_data / "uci_higgs" / "higgs_train_10k.csv", dtype=np.float64)
    table.columns = ["Label", *NAMES]
    return in_gev(table)


@pytest.mark.real_data
def test_the_scales_bring_the_excerpt_s_selection_to_light(excerpt):
    """One threshold for all momenta, one end for all eta, whole numbers for tags, the W."""
    jets = [f"jet_{i}" for i in (2, 3, 4)]  # the first is never near the threshold
    assert excerpt[["lepton_pT", *(f"{jet}_pt" for jet in jets)]].min().between(14.9, 15.2).all()
    ends = abs(excerpt[[f"jet_{i}_eta" for i in (1, 2, 3, 4)]]).max()
    assert ends.between(2.98, 3.02).all()
    assert 2.48 < abs(excerpt["lepton_eta"]).max() < 2.52
    assert abs(excerpt.filter(regex="phi$")).max().between(3.1, 3.16).all()
    tags = excerpt.filter(regex="b_tag$")
    np.testing.assert_allclose(tags, tags.round(), atol=0.01)
    assert excerpt["m_lv"].median() == pytest.approx(W_MASS, abs=0.3)


@pytest.mark.real_data
def test_m_bb_of_the_excerpt_follows_from_its_jets(excerpt):
    mass, m_bb = listed_pair_mass(excerpt)
    assert len(mass) > 0.75 * len(excerpt)
    # Three digits of the angles decide the mass of close jets.
    assert np.median(abs(mass / m_bb - 1)) < 0.005
    assert np.mean(abs(mass / m_bb - 1) < 0.03) > 0.98


@pytest.mark.real_data
def test_every_column_has_the_shape_of_the_excerpt_s(excerpt, sample):
    """Largest distance of the cumulative distributions, as the card states it."""
    rounded_tags = excerpt.round(dict.fromkeys(excerpt.filter(regex="b_tag$"), 0))
    distances = [
        ks_2samp(
            rounded_tags[name][rounded_tags["Label"] == label],
            sample[name][sample["Label"] == label],
        ).statistic
        for name in NAMES
        for label in (0, 1)
    ]
    assert max(distances) == pytest.approx(0.095, abs=1e-3)
    assert np.mean(distances) == pytest.approx(0.029, abs=1e-3)


def scores(train, tests, names):
    """AUC on some test sets of trees trained on one set."""
    model = HistGradientBoostingClassifier(max_iter=80, learning_rate=0.1, max_leaf_nodes=15)
    with threadpool_limits(limits=2):
        model.fit(train[names], train["Label"])
        return [
            roc_auc_score(test["Label"], model.predict_proba(test[names])[:, 1]) for test in tests
        ]


@pytest.mark.real_data
def test_classifiers_carry_over_from_one_to_the_other(excerpt, sample):
    tests = sample[5000:15_000], excerpt[5000:]
    sets = {"all": NAMES, "low": NAMES[:21], "high": NAMES[21:]}
    ours = {k: scores(sample[:5000], tests, v) for k, v in sets.items()}
    real = {k: scores(excerpt[:5000], tests, v) for k, v in sets.items()}
    assert ours["all"][0] > ours["high"][0] > ours["low"][0] + 0.08
    # 5000 test events alone give 0.007; the two trainings add as much.
    for name in sets:
        assert ours[name][0] == pytest.approx(real[name][1], abs=0.03), name
        assert ours[name][1] == pytest.approx(real[name][1], abs=0.03), name
        assert real[name][0] == pytest.approx(ours[name][0], abs=0.03), name
