"""The derived features: closed forms, an independent library, and the challenge's own values."""

import numpy as np
import pytest
import vector
from hypothesis import given, settings
from hypothesis import strategies as st

from hepml.data import read
from hepml.data.simulate.higgsml import MISSING, derived_features, likelihood_mass


def event(**changes):
    """Tau and lepton back to back at 40 GeV, met along the tau, no jets."""
    base = {
        "PRI_tau_pt": 40.0,
        "PRI_tau_eta": 0.5,
        "PRI_tau_phi": 0.1,
        "PRI_lep_pt": 40.0,
        "PRI_lep_eta": -0.5,
        "PRI_lep_phi": 0.1 - np.pi,
        "PRI_met": 20.0,
        "PRI_met_phi": 0.1,
        "PRI_met_sumet": 200.0,
        "PRI_jet_num": 0,
        "PRI_jet_all_pt": 0.0,
    }
    for jet in ("leading", "subleading"):
        base |= {f"PRI_jet_{jet}_{v}": MISSING for v in ("pt", "eta", "phi")}
    return {name: np.atleast_1d(value) for name, value in (base | changes).items()}


def with_jets(number):
    hard = {"PRI_jet_leading_pt": 90.0, "PRI_jet_leading_eta": 2.0, "PRI_jet_leading_phi": 1.0}
    soft = {
        "PRI_jet_subleading_pt": 50.0,
        "PRI_jet_subleading_eta": -1.0,
        "PRI_jet_subleading_phi": -2.0,
    }
    jets = (hard if number else {}) | (soft if number > 1 else {})
    total = {0: 0.0, 1: 90.0, 2: 140.0, 3: 175.0}[number]
    return event(PRI_jet_num=number, PRI_jet_all_pt=total, **jets)


def test_closed_forms_back_to_back():
    f = derived_features(event())
    assert f["DER_mass_vis"] == pytest.approx(np.sqrt(2 * 40 * 40 * (np.cosh(1) + 1)))
    assert f["DER_mass_transverse_met_lep"] == pytest.approx(2 * np.sqrt(40 * 20))
    assert f["DER_pt_h"] == pytest.approx(20)
    assert f["DER_pt_tot"] == pytest.approx(20)
    assert f["DER_sum_pt"] == pytest.approx(80)
    assert f["DER_deltar_tau_lep"] == pytest.approx(np.hypot(1, np.pi))
    assert f["DER_pt_ratio_lep_tau"] == pytest.approx(1)


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_what_needs_two_jets_is_missing_without_them(number):
    f = derived_features(with_jets(number))
    for name in ("deltaeta_jet_jet", "mass_jet_jet", "prodeta_jet_jet", "lep_eta_centrality"):
        assert (f[f"DER_{name}"][0] == MISSING) == (number < 2)


def test_two_jets():
    f = derived_features(with_jets(3))
    assert f["DER_deltaeta_jet_jet"] == pytest.approx(3)
    assert f["DER_prodeta_jet_jet"] == pytest.approx(-2)
    assert f["DER_mass_jet_jet"] == pytest.approx(
        np.sqrt(2 * 90 * 50 * (np.cosh(3) - np.cos(3))), rel=1e-12
    )
    assert f["DER_lep_eta_centrality"] == pytest.approx(np.exp(-4 / 9))
    assert f["DER_sum_pt"] == pytest.approx(80 + 175)


def test_the_centrality_of_the_missing_momentum():
    middle = event(PRI_lep_phi=0.1 - np.pi / 2, PRI_met_phi=0.1 - np.pi / 4)
    opposite = event(PRI_lep_phi=0.1 - np.pi / 2, PRI_met_phi=0.1 + 3 * np.pi / 4)
    along = event(PRI_lep_phi=0.1 - np.pi / 2, PRI_met_phi=0.1)
    values = [derived_features(e)["DER_met_phi_centrality"][0] for e in (middle, opposite, along)]
    assert values == pytest.approx([np.sqrt(2), -np.sqrt(2), 1])


@settings(deadline=None)
@given(angle=st.floats(-10, 10))
def test_derived_features_do_not_know_where_phi_is_zero(angle):
    f = with_jets(2)
    turned = {
        name: np.mod(v + angle + np.pi, 2 * np.pi) - np.pi if name.endswith("phi") else v
        for name, v in f.items()
    }
    for name, value in derived_features(f).items():
        assert derived_features(turned)[name] == pytest.approx(value, rel=1e-6, abs=1e-6), name


def test_an_independent_library_agrees(sample):
    f = derived_features({c: sample[c].to_numpy() for c in sample if c.startswith("PRI_")})
    tau, lep, one, two = (
        vector.array(
            {
                "pt": sample[f"PRI_{name}_pt"].to_numpy(dtype=float),
                "phi": sample[f"PRI_{name}_phi"].to_numpy(dtype=float),
                "eta": np.clip(sample[f"PRI_{name}_eta"].to_numpy(dtype=float), -9, 9),
                "mass": np.zeros(len(sample)),
            }
        )
        for name in ("tau", "lep", "jet_leading", "jet_subleading")
    )
    met = vector.array({"pt": sample["PRI_met"], "phi": sample["PRI_met_phi"]})
    close = {"rtol": 2e-5, "atol": 2e-3}
    np.testing.assert_allclose(f["DER_mass_vis"], (tau + lep).mass, **close)
    np.testing.assert_allclose(f["DER_deltar_tau_lep"], tau.deltaR(lep), **close)
    higgs = tau.to_xy() + lep.to_xy() + met.to_xy()
    np.testing.assert_allclose(f["DER_pt_h"], higgs.rho, **close)
    pair = sample["PRI_jet_num"].to_numpy() >= 2
    np.testing.assert_allclose(f["DER_mass_jet_jet"][pair], (one + two).mass[pair], **close)
    total = (higgs + one.to_xy() + two.to_xy()).rho
    np.testing.assert_allclose(f["DER_pt_tot"][pair], total[pair], **close)


def test_the_mass_of_a_decay_with_known_fractions():
    """Met exactly that of x_tau = x_lep = 1/2 at 90 degrees: the mass is near twice the visible."""
    f = event(PRI_lep_phi=0.1 - np.pi / 2, PRI_met=40 * np.sqrt(2), PRI_met_phi=0.1 - np.pi / 4)
    sharp = {**f, "PRI_met_sumet": np.array([10.0])}
    visible = derived_features(f)["DER_mass_vis"]
    assert likelihood_mass(sharp) == pytest.approx(2 * visible, rel=0.03)


def test_the_mass_is_missing_where_no_neutrinos_explain_the_event():
    away = event(PRI_lep_phi=0.1 - np.pi / 4, PRI_met=150.0, PRI_met_phi=0.1 + 3 * np.pi / 4)
    assert likelihood_mass(away) == MISSING


@pytest.fixture(scope="module")
def challenge(real_data):
    import pandas as pd

    files = (real_data / "higgsml" / f"train_sml_{kind}.csv" for kind in ("sig", "bg"))
    return pd.concat(map(read, files), ignore_index=True)


@pytest.mark.real_data
def test_definitions_are_the_challenge_s(challenge):
    found = derived_features({c: challenge[c].to_numpy() for c in challenge if c[:4] == "PRI_"})
    assert set(found) == {c for c in challenge if c.startswith("DER_")}
    # Inputs are rounded to three digits, and the challenge's jets have masses.
    tolerance = {"DER_mass_jet_jet": 25, "DER_pt_tot": 0.3, "DER_pt_h": 0.1}
    for name, values in found.items():
        if name not in ("DER_mass_MMC", "DER_met_phi_centrality"):
            stated = challenge[name].to_numpy()
            assert np.array_equal(values == MISSING, stated == MISSING)
            assert np.abs(values - stated).max() < tolerance.get(name, 0.2), name
    centrality = np.abs(found["DER_met_phi_centrality"] - challenge["DER_met_phi_centrality"])
    assert np.quantile(centrality, 0.99) < 0.01


@pytest.mark.real_data
def test_the_mass_stands_in_for_the_missing_mass_calculator(challenge):
    own = derived_features({c: challenge[c].to_numpy() for c in challenge if c[:4] == "PRI_"})
    own, stated = own["DER_mass_MMC"], challenge["DER_mass_MMC"].to_numpy()
    both = (own > 0) & (stated > 0)
    low, middle, high = np.quantile(own[both] / stated[both], [0.16, 0.5, 0.84])
    assert middle == pytest.approx(1, abs=0.04)
    assert low > 0.88
    assert high < 1.12
    assert np.mean((own < 0) != (stated < 0)) < 0.1


@pytest.mark.real_data
def test_columns_are_the_challenge_s(challenge, sample):
    ours = set(sample) - {"Process"}
    assert ours == set(challenge) - {"KaggleSet", "KaggleWeight"}
