"""The bundled shower variations: QCD as it is known, lists that fit, what tells them apart."""

import numpy as np
import pandas as pd
import pytest

from hepml import data
from hepml.data.recipes.base import Chunk
from hepml.data.recipes.shower_variations import KINDS, RECIPE
from hepml.stats import auc

NOMINAL, ALPHA_S, HADRONISATION = range(3)
MULTIPLICITIES = tuple(KINDS)
SHAPES = tuple(c.name for c in RECIPE.columns[1:14])
SIGMAS = 4  # of statistical errors, for assertions on some tens of numbers


@pytest.fixture(scope="module")
def sample():
    return data.load("shower_variations")


@pytest.fixture(scope="module")
def mean(sample):
    return sample.groupby("Process")[[*SHAPES, *MULTIPLICITIES]].mean()


@pytest.fixture(scope="module")
def error(sample):
    return sample.groupby("Process")[[*SHAPES, *MULTIPLICITIES]].sem()


@pytest.mark.generate
@pytest.mark.parametrize("process", range(3))
def test_the_first_events_of_a_chunk_are_in_the_sample(sample, process):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    made = RECIPE.run(Chunk(process, 0, 0, 7, data.card("shower_variations").record["seed"]))
    flat = [c for c in RECIPE.columns if c.name in made and not c.lengths]
    primary = pd.DataFrame({c.name: made[c.name].astype(c.dtype) for c in flat})
    found = primary.merge(sample[sample["Process"] == process], on=list(primary))
    assert len(found) == 7
    assert (made["nparticle"] > 0).tolist() == [True, True, False, False, False, True, True]
    for name in ("particle_pt", "particle_pdg"):
        np.testing.assert_array_equal(np.concatenate([*found[name]]), made[name])


@pytest.mark.generate
def test_the_door_makes_events_that_verify(tmp_path, sample):
    pytest.importorskip("pythia8mc", reason="the extra 'generate' is not installed")
    record = data.generate("shower_variations", 30, 3, tmp_path)
    table = data.read(tmp_path / "shower_variations.root")
    assert (table.dtypes == sample.dtypes).all()
    assert len(table) == record["events"]
    assert table["Process"].value_counts().to_dict() == {0: 10, 1: 10, 2: 10}
    assert [f.name for f in data.verify(tmp_path)] == ["shower_variations.root"]


def test_there_is_enough_of_it(sample):
    assert sample["Process"].value_counts().min() >= 50_000
    assert sample["Process"][sample["nparticle"] > 0].value_counts().min() >= 20_000
    assert ((sample["Process"] != NOMINAL) == sample["Label"]).all()
    assert (sample["Weight"] == 1).all()
    assert (np.diff(sample["EventId"]) == 1).all()
    assert not sample.duplicated([*SHAPES, *MULTIPLICITIES]).any()
    assert data.path("shower_variations").stat().st_size < 9.5e6


def test_shapes_are_in_their_ranges(sample):
    highest = {"one_minus_thrust": 0.5, "aplanarity": 0.5, "light_jet_mass": 0.25, "y_23": 1 / 3}
    for name in SHAPES:
        assert sample[name].between(0, highest.get(name, 1)).all(), name
    slack = 1 + 2 * 2**-10  # both are rounded
    for small, large in (
        ("thrust_minor", "thrust_major"),
        ("light_jet_mass", "heavy_jet_mass"),
        ("wide_broadening", "total_broadening"),
        ("y_34", "y_23"),
        ("aplanarity", "sphericity"),
    ):
        assert (sample[small] <= slack * sample[large]).all(), (small, large)
    assert (sample["thrust_major"] <= slack * (1 - sample["one_minus_thrust"])).all()


def test_charge_is_conserved(sample):
    assert not (sample["n_charged"] % 2).any()
    assert (sample["n_charged"] > sample[["n_kaon", "n_proton", "n_lepton"]].sum(axis=1) - 1).all()


def test_the_mean_charged_multiplicity_is_that_of_the_z(mean):
    """20.76 +- 0.16 (PDG), measured between 20.46 and 21.21: as far apart as they are."""
    assert mean.loc[NOMINAL, "n_charged"] == pytest.approx(20.76, abs=0.4)


def test_less_alpha_s_radiates_less(mean, error):
    """At leading order 1 - T, C and y_23 are proportional to alpha_s."""
    lower = mean.loc[ALPHA_S] / mean.loc[NOMINAL]
    for name in ("one_minus_thrust", "c_parameter", "heavy_jet_mass", "y_23"):
        assert lower[name] == pytest.approx(0.12 / 0.1365, abs=0.035), name
    for name in (*SHAPES, *MULTIPLICITIES):
        assert lower[name] < 1 - SIGMAS * error.loc[NOMINAL, name] / mean.loc[NOMINAL, name], name


def test_four_jets_feel_alpha_s_more_than_three(mean):
    """A second emission costs another power."""
    lower = mean.loc[ALPHA_S] / mean.loc[NOMINAL]
    for second, first in (("y_34", "y_23"), ("d_parameter", "c_parameter")):
        assert lower[second] < lower[first] - 0.02


def test_the_other_hadronisation_makes_fewer_kaons_and_leaves_the_jets(mean, error):
    """Pythia's probStoUD goes from 0.217 to 0.19; partons are those of the nominal shower."""
    pull = (mean.loc[HADRONISATION] - mean.loc[NOMINAL]) / error.loc[NOMINAL] / np.sqrt(2)
    assert mean.loc[HADRONISATION, "n_kaon"] < 0.93 * mean.loc[NOMINAL, "n_kaon"]
    assert abs(pull["y_23"]) < SIGMAS
    changes = abs(mean / mean.loc[NOMINAL] - 1)
    for name in SHAPES:
        assert changes.loc[HADRONISATION, name] < 0.6 * changes.loc[ALPHA_S, name], name


@pytest.fixture(scope="module")
def lists(sample):
    """Events that have lists, and their particles: (event, pt, eta, phi, pdg)."""
    listed = sample[sample["nparticle"] > 0]
    names = [f"particle_{v}" for v in ("pt", "eta", "phi", "pdg")]
    flat = [listed[name].list.flatten().to_numpy().astype(float) for name in names]
    return listed, (np.repeat(np.arange(len(listed)), listed["nparticle"]), *flat)


def test_two_events_of_five_have_lists(sample):
    assert (sample["nparticle"] == sample["particle_pt"].list.len()).all()
    assert sample["nparticle"].isin([0]).mean() == pytest.approx(3 / 5)
    has = sample["nparticle"] > 0
    assert (sample["nparticle"][has] == sample["n_charged"][has]).all()


def test_lists_hold_the_particles_that_are_counted(lists):
    listed, (event, *_, pdg) = lists
    for name in ("n_kaon", "n_proton", "n_lepton", "n_charged"):
        counts = np.bincount(event[np.isin(np.abs(pdg), KINDS[name])], minlength=len(listed))
        np.testing.assert_array_equal(counts, listed[name], err_msg=name)
    sign = np.where(np.abs(pdg) < 20, -np.sign(pdg), np.sign(pdg))
    assert not np.bincount(event, sign).any()


def test_particles_are_on_their_grid_hardest_first(lists):
    _, (event, pt, eta, phi, _) = lists
    np.testing.assert_allclose(eta * 10, np.round(eta * 10), atol=1e-4)
    turn = phi / (2 * np.pi) * 64
    np.testing.assert_allclose(turn, np.round(turn), atol=1e-4)
    assert np.abs(phi).max() <= np.float32(np.pi)
    assert not (pt.astype("f4").view(np.int32) & ((1 << 19) - 1)).any()
    momentum = pt * np.cosh(eta)
    inside = np.abs(eta) < 7.9
    follows = (np.diff(event) == 0) & inside[1:] & inside[:-1]
    assert (momentum[1:] <= 1.2 * momentum[:-1])[follows].all()  # ordered before it is rounded
    assert momentum.max() < 91.2 / 2 * 1.1


def test_particles_give_the_shapes_back(lists):
    """Charged ones alone, and on their grid: the same thrust and major up to some noise."""
    listed, (event, pt, eta, phi, _) = lists
    momentum = np.bincount(event, pt * np.cosh(eta))
    thrust = np.bincount(event, pt * np.abs(np.sinh(eta))) / momentum
    major = np.bincount(event, pt * np.abs(np.cos(phi))) / momentum
    minor = np.bincount(event, pt * np.abs(np.sin(phi))) / momentum
    found = {"one_minus_thrust": 1 - thrust, "thrust_major": major, "thrust_minor": minor}
    for name, own in found.items():
        assert np.corrcoef(own, listed[name])[0, 1] > 0.85, name
        assert own.mean() == pytest.approx(listed[name].mean(), rel=0.05), name


def two_sample_auc(sample, process, columns):
    """Of boosted trees trained on one half, for the other."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    table = sample[sample["Process"].isin([NOMINAL, process])]
    y = (table["Process"] == process).to_numpy(int)
    x, half = table[list(columns)].to_numpy(float), np.arange(len(table)) % 2
    trees = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.06, max_leaf_nodes=12, early_stopping=False
    )
    trees.fit(x[half == 0], y[half == 0])
    return auc(y[half == 1], trees.predict_proba(x[half == 1])[:, 1])


@pytest.mark.parametrize(("process", "expected"), [(ALPHA_S, 0.598), (HADRONISATION, 0.557)])
def test_boosted_trees_tell_them_apart_as_the_card_says(sample, process, expected):
    found = two_sample_auc(sample, process, (*SHAPES, *MULTIPLICITIES))
    assert found == pytest.approx(expected, abs=0.012)  # 0.0026 of it statistical


def test_the_first_half_cannot_be_told_from_the_second(sample):
    own = sample[sample["Process"] == NOMINAL].copy()
    own["Process"] = np.arange(len(own)) * 2 // len(own)
    found = two_sample_auc(own, 1, (*SHAPES, *MULTIPLICITIES))
    assert found == pytest.approx(0.5, abs=SIGMAS * 0.0037)
