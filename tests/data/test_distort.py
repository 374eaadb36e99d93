"""Distortions: what each changes and leaves alone, and what the real challenge's file shows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepml import data
from hepml.data import DISTORTIONS, DataError
from hepml.data.simulate.higgsml import FORMULAS

KINDS = sorted(DISTORTIONS)
SOME = ["impossible_eta", "lepton_pt", "missing_energy", "swapped_phi"]
HONEST = [name for name in FORMULAS if name != "DER_mass_MMC"]
CHANGED = {
    "tau_energy_scale": {"PRI_tau_pt", "PRI_met", "PRI_met_phi", "PRI_met_sumet"},
    "impossible_eta": {"PRI_tau_eta"},
    "lepton_pt": {"PRI_lep_pt"},
    "missing_energy": {"PRI_met"},
    "swapped_phi": {"PRI_tau_phi", "PRI_lep_phi"},
}


@pytest.fixture(scope="module")
def events(sample):
    return sample.iloc[:3000]


def as_dict(table):
    return {name: table[name].to_numpy() for name in table}


def unlike(first, second):
    """Columns that differ anywhere."""
    return {name for name in first if not np.array_equal(first[name], second[name])}


def disagreement(table, names=HONEST):
    """Largest difference of each derived feature to what the primary ones make of it."""
    return abs(data.derived_features(table, names) - table[names]).max()


def test_all_kinds_are_told():
    assert set(CHANGED) | {"eta_phi_hole"} == set(DISTORTIONS)
    assert all(one.meaning and one.strength for one in DISTORTIONS.values())
    for kind in KINDS:
        assert f'"{kind}"' in data.distort.__doc__


@settings(deadline=None, max_examples=30)
@given(
    kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32), follow=st.sampled_from([None, True])
)
def test_no_strength_changes_nothing(sample, kind, seed, follow):
    few = sample.iloc[:50]
    for table in (few, as_dict(few)):
        found = data.distort(table, kind, 0, seed, recompute=follow)
        assert type(found) is type(table)
        assert found is not table
        assert list(found) == list(table)
        assert not unlike(found, table)


@pytest.mark.parametrize("kind", KINDS)
def test_events_stay_as_they_were_and_types_are_kept(events, kind):
    before = events.copy(deep=True)
    bad = data.distort(events, kind, DISTORTIONS[kind].challenge, 1)
    pd.testing.assert_frame_equal(events, before)
    assert (bad.dtypes == events.dtypes).all()
    assert list(bad) == list(events)
    own = as_dict(events)
    found = data.distort(own, kind, DISTORTIONS[kind].challenge, 1)
    for name, values in own.items():
        np.testing.assert_array_equal(values, before[name])
        np.testing.assert_array_equal(found[name], bad[name])
        assert not np.shares_memory(values, found[name])


@pytest.mark.parametrize("kind", sorted(CHANGED))
def test_only_what_is_said_changes(events, kind):
    bad = data.distort(events, kind, DISTORTIONS[kind].challenge, 1)
    changed = unlike(bad, events)
    assert {name for name in changed if name.startswith("PRI_")} == CHANGED[kind]
    assert not changed & {"EventId", "Weight", "Label", "Process"}
    derived = {name for name in changed if name.startswith("DER_")}
    follow = {name for name, (made_of, _) in FORMULAS.items() if {*made_of} & CHANGED[kind]}
    assert derived <= (follow if DISTORTIONS[kind].consistent else set())
    assert bool(derived) == DISTORTIONS[kind].consistent


@pytest.mark.parametrize("kind", sorted(CHANGED))
@pytest.mark.parametrize("recompute", [None, True, False])
def test_derived_features_follow_or_tell(events, kind, recompute):
    bad = data.distort(events, kind, DISTORTIONS[kind].challenge, 1, recompute=recompute)
    follow = DISTORTIONS[kind].consistent if recompute is None else recompute
    far = disagreement(bad) > 0.01
    assert far.any() != follow


@pytest.mark.parametrize("kind", SOME)
def test_the_share_is_met_and_grows_with_the_strength(sample, kind):
    column = min(CHANGED[kind])
    before = set()
    for strength in (0.03, 0.2, 1.0):
        bad = data.distort(sample, kind, strength, np.random.default_rng(5), recompute=False)
        hit = set(np.flatnonzero(bad[column] != sample[column]))
        error = np.sqrt(strength * (1 - strength) / len(sample))
        assert len(hit) / len(sample) == pytest.approx(strength, abs=4 * error + 1e-12)
        assert before < hit
        before = hit


def test_one_seed_one_outcome(events):
    first, again, other = (data.distort(events, "lepton_pt", 0.1, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert unlike(first, other)


def test_the_numbers_are_those_of_the_challenge(events):
    eta, lepton, met, phi = (data.distort(events, kind, 1, 1, recompute=False) for kind in SOME)
    assert (eta["PRI_tau_eta"] == np.float32(2.8)).all()
    np.testing.assert_allclose(lepton["PRI_lep_pt"], 10 * events["PRI_lep_pt"])
    np.testing.assert_allclose(met["PRI_met"], events["PRI_met"] + 50)
    np.testing.assert_array_equal(phi["PRI_tau_phi"], events["PRI_lep_phi"])
    np.testing.assert_array_equal(phi["PRI_lep_phi"], events["PRI_tau_phi"])


@pytest.mark.parametrize("shift", [-0.1, 0.05, 0.3])
def test_the_missing_momentum_balances_a_scaled_tau(events, shift):
    """What tau, lepton and missing momentum add up to stays, to float32."""
    bad = data.distort(events, "tau_energy_scale", shift, 1)
    np.testing.assert_allclose(bad["PRI_tau_pt"], (1 + shift) * events["PRI_tau_pt"], rtol=1e-6)
    for name in ("DER_pt_h", "DER_pt_tot"):
        np.testing.assert_allclose(bad[name], events[name], rtol=1e-4, atol=1e-3)
    visible = bad["DER_mass_vis"] / events["DER_mass_vis"]
    np.testing.assert_allclose(visible, np.sqrt(1 + shift), rtol=1e-5)
    more = bad["PRI_met_sumet"] - events["PRI_met_sumet"]
    np.testing.assert_allclose(more, shift * events["PRI_tau_pt"], atol=2e-3)
    assert abs(bad["PRI_met_phi"]).max() <= np.pi + 1e-6


def test_the_hole_is_empty_and_the_rest_is_whole(sample):
    bad = data.distort(sample, "eta_phi_hole", 1, 1)

    def inside(table):
        hits = [
            table[f"PRI_{o}_eta"].between(0, 1, inclusive="neither")
            & table[f"PRI_{o}_phi"].between(0, np.pi / 4, inclusive="neither")
            for o in ("tau", "lep")
        ]
        return hits[0] | hits[1]

    assert not inside(bad).any()
    pd.testing.assert_frame_equal(bad, sample[~inside(sample)])
    half = data.distort(sample, "eta_phi_hole", 0.5, 1)
    count = inside(sample).sum()
    assert inside(half).sum() == pytest.approx(count / 2, abs=4 * np.sqrt(count / 4))
    assert len(half) - len(bad) == inside(half).sum()


def test_several_befall_one_table(events):
    bad = data.distort(data.distort(events, "lepton_pt", 1, 1), "swapped_phi", 1, 2)
    assert (bad["PRI_lep_pt"] > 200).all()
    far = disagreement(bad)
    assert set(far.index[far > 0.01]) == {"DER_mass_transverse_met_lep", "DER_pt_h", "DER_pt_tot"}


def test_whole_numbers_become_floats_where_they_must():
    table = pd.DataFrame({"PRI_lep_pt": [30, 40], "PRI_tau_pt": [25, 35]}, index=[7, 3])
    bad = data.distort(table, "lepton_pt", 1, 1)
    assert bad["PRI_lep_pt"].tolist() == [300, 400]
    assert bad.index.tolist() == [7, 3]
    assert bad["PRI_tau_pt"].dtype == table["PRI_tau_pt"].dtype


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "lepton_p"}, r"no distortion 'lepton_p'; did you mean 'lepton_pt'"),
        ({"kind": None}, r"no distortion None; there is 'tau_energy_scale'"),
        ({"strength": 1.1}, r"strength=1.1: say a number from 0 to 1 \(share of the events\)"),
        ({"strength": -0.1}, "from 0 to 1"),
        ({"strength": float("nan")}, "strength=nan"),
        ({"strength": "much"}, "strength='much'"),
        ({"strength": True}, "strength=True"),
        ({"kind": "tau_energy_scale", "strength": 0.6}, r"from -0.5 to 0.5 \(relative shift"),
        ({"rng": None}, r"rng=None: say a numpy.random.Generator, or a seed"),
        ({"rng": -1}, "rng=-1"),
        ({"events": np.zeros((3, 2))}, "a table with named columns is wanted.*not a ndarray"),
        ({"kind": ["lepton_pt"]}, "no distortion"),
        ({"events": {"PRI_lep_p": [1.0]}}, "no column 'PRI_lep_pt'; did you mean 'PRI_lep_p'"),
        ({"events": {"PRI_lep_pt": ["a"]}}, "'PRI_lep_pt' holds something other than numbers"),
        (
            {"kind": "swapped_phi", "events": {"PRI_tau_phi": [1.0], "PRI_lep_phi": [1.0, 2.0]}},
            "PRI_tau_phi has 1, PRI_lep_phi has 2",
        ),
        (
            {"events": {"PRI_lep_pt": np.ones(9), "DER_sum_pt": np.ones(9)}, "strength": 1},
            "made of columns that are not there: PRI_tau_pt, PRI_jet_all_pt: leave such",
        ),
    ],
)
def test_bad_input_is_one_sentence(events, change, message):
    arguments = {"events": events, "kind": "lepton_pt", "strength": 0.1, "rng": 1} | change
    with pytest.raises(DataError, match=message):
        data.distort(**arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_no_events_stay_none(events, kind):
    assert len(data.distort(events.iloc[:0], kind, DISTORTIONS[kind].challenge, 1)) == 0


def test_derived_features_are_those_of_the_sample(events):
    for table in (events, as_dict(events)):
        found = data.derived_features(table)
        assert type(found) is type(table)
        assert list(found) == [name for name in events if name.startswith("DER_")]
        for name in found:
            np.testing.assert_array_equal(np.asarray(found[name], np.float32), events[name])
    assert data.derived_features(events.iloc[::-1]).index.equals(events.index[::-1])


def test_what_can_be_computed_is(events):
    plane = ["PRI_lep_pt", "PRI_lep_phi", "PRI_met", "PRI_met_phi", "PRI_tau_pt"]
    found = data.derived_features(events[plane])
    assert list(found) == ["DER_mass_transverse_met_lep", "DER_pt_ratio_lep_tau"]
    assert list(data.derived_features(events, "DER_pt_h")) == ["DER_pt_h"]


def test_a_tau_with_a_mass_is_heavier(events):
    """Against another library."""
    import vector

    few = events.iloc[:200].astype(float)
    tau, lep = (
        vector.array(
            {v: few[f"PRI_{o}_{v}"].to_numpy() for v in ("pt", "eta", "phi")}
            | {"mass": np.full(len(few), mass)}
        )
        for o, mass in (("tau", 0.8), ("lep", 0.0))
    )
    found = data.derived_features(few, ["DER_mass_vis"], tau_mass=0.8)["DER_mass_vis"]
    np.testing.assert_allclose(found, (tau + lep).mass, rtol=1e-9)


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        ([1, 2], None, "a table with named columns is wanted, as load.* gives it, not a list"),
        ({"pt": [1.0]}, None, "no derived feature can be computed.*there is 'pt'"),
        ({"PRI_tau_pt": [1.0]}, ["DER_pt_h"], "DER_pt_h is made of columns that are not there"),
        ({"PRI_tau_pt": [1.0]}, ["DER_pth"], "no derived feature 'DER_pth'; did you mean"),
        ({"PRI_tau_pt": [1.0]}, [], "no derived feature is named"),
        ({"PRI_tau_pt": [1.0]}, 3, "columns=3: say names of derived features"),
        ({"PRI_tau_pt": [1.0]}, [3], "no derived feature 3"),
    ],
)
def test_what_cannot_be_derived_is_told(table, columns, message):
    with pytest.raises(DataError, match=message):
        data.derived_features(table, columns)


@pytest.mark.parametrize("mass", [-1, np.nan, "1"])
def test_a_mass_of_the_tau_is_none_below_zero(events, mass):
    with pytest.raises(DataError, match=r"tau_mass=.*: say a mass in GeV, 0 or more"):
        data.derived_features(events.head(2), tau_mass=mass)


@pytest.mark.real_data
def test_real_masses_are_nearly_those_of_a_tau_of_0_8_gev(real_data):
    """The published primary columns are rounded to 0.001: that scatters, and shifts nothing."""
    table = data.read(real_data / "higgsml" / "train_sml_sig.csv")
    names = ["DER_mass_vis", "DER_mass_transverse_met_lep", "DER_pt_h", "DER_deltar_tau_lep"]
    massive, massless = (
        data.derived_features(table, names, tau_mass=mass) - table[names] for mass in (0.8, 0.0)
    )
    assert (massive.abs().median() < 0.01).all()
    shift = massive.median().abs()
    assert (shift.drop("DER_mass_vis") < 0.001).all()
    assert shift["DER_mass_vis"] < abs(massless["DER_mass_vis"].median()) / 4


@pytest.fixture(scope="module")
def challenge(real_data):
    return data.read(real_data / "ramp_anomalies" / "train.csv.gz")


@pytest.mark.real_data
def test_the_challenge_was_made_as_we_say(challenge):
    skewed = challenge["isSkewed"] == 1
    good, bad = challenge[~skewed], challenge[skewed]
    assert good["PRI_tau_pt"].min() == 20
    assert bad["PRI_tau_pt"].min() == 21
    assert (bad["PRI_tau_eta"] == 2.8).mean() == pytest.approx(0.051, abs=0.001)
    assert good["PRI_tau_eta"].max() < 2.5
    tenfold = (bad["PRI_lep_pt"] >= 260) & (np.rint(1000 * bad["PRI_lep_pt"]) % 10 == 0)
    assert tenfold.mean() == pytest.approx(0.044, abs=0.001)
    names = ["DER_mass_transverse_met_lep", "DER_pt_h"]
    far = (abs(data.derived_features(challenge, names) - challenge[names]) > 0.2).any(axis=1)
    assert far[skewed].mean() == pytest.approx(0.049, abs=0.001)
    assert far[~skewed].mean() < 1e-4
    swapped = data.distort(bad[far[skewed]], "swapped_phi", 1, 1)
    back = abs(data.derived_features(swapped, names) - swapped[names])
    assert (back < 0.2).all(axis=1).mean() > 0.99


@pytest.mark.real_data
def test_the_trick_reaches_the_goal_on_the_challenge(challenge):
    """Recomputed minus stored, with the tau's mass: cross-validated, and worse without."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict
    from threadpoolctl import threadpool_limits

    few = challenge.iloc[:40_000]
    y, raw = few["isSkewed"].to_numpy(), few.drop(columns="isSkewed")
    found = data.derived_features(few, tau_mass=0.8)
    trick = raw.assign(**(found - raw[list(found)]).add_suffix("_off"))
    model = HistGradientBoostingClassifier(max_iter=100, random_state=1)
    with threadpool_limits(1):
        scores = [
            cross_val_predict(model, x, y, cv=3, method="predict_proba")[:, 1] for x in (raw, trick)
        ]
    without, with_it = (roc_auc_score(y, score) for score in scores)
    assert without < 0.67
    assert with_it > 0.83
    assert ((scores[1] > 0.5) == y).mean() > 0.74


@pytest.mark.parametrize(("former", "name"), [("skew", "distort"), ("SKEWS", "DISTORTIONS")])
def test_names_of_the_first_version_are_known_still(former, name):
    with pytest.warns(DeprecationWarning, match=f"{former} is called {name} now"):
        assert getattr(data, former) is getattr(data, name)
    with pytest.raises(AttributeError, match="no attribute 'skewed'"):
        data.skewed  # noqa: B018
