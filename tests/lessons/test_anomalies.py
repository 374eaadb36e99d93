"""Functions of the lesson: by what they must find, by their symmetries, and on real events."""

import numpy as np
import pytest

from benchmarks import anomalies as bench
from hepml import data, stats
from hepml_lessons import recording
from hepml_lessons.recipes import recipe


@pytest.fixture(scope="module")
def lesson():
    return recipe("anomalies")


@pytest.fixture(scope="module")
def simulated():
    return data.load("higgs_tautau")


@pytest.fixture(scope="module")
def events(lesson, simulated):
    kept = lesson["like_data"](simulated, np.random.default_rng(1))
    rows = np.random.default_rng(2).permutation(len(kept))
    return kept.iloc[rows].reset_index(drop=True)


# ---------------------------------------------------------------- events like data


def test_events_like_data_have_the_yields_of_the_simulation(simulated, events):
    for process, part in simulated.groupby("Process"):
        wanted = part["Weight"].astype(float).sum() / 10
        kept = events[events["Process"] == process]["Weight"]
        error = np.sqrt((kept**2).sum()) + 1
        assert kept.sum() == pytest.approx(wanted, abs=5 * error)


def test_an_event_counts_once_unless_it_weighs_more_than_the_largest(lesson, simulated):
    kept = lesson["like_data"](simulated, np.random.default_rng(1), largest=10)
    assert kept["Weight"].min() == 1
    assert 0 < (kept["Weight"] > 1).mean() < 0.06
    all_alike = lesson["like_data"](simulated, np.random.default_rng(1), largest=60)
    assert (all_alike["Weight"] == 1).all()


# ---------------------------------------------------------------- points


def test_standard_features_have_mean_0_and_width_1_by_weight(lesson, events):
    X = lesson["standard"](events)(events)
    there = (events[lesson["FEATURES"]] != -999).to_numpy()
    assert np.isfinite(X).all()
    assert not X[~there].any()
    for k in range(X.shape[1]):
        x, w = X[there[:, k], k], events["Weight"].to_numpy()[there[:, k]]
        mean = np.average(x, weights=w)
        assert mean == pytest.approx(0, abs=1e-6)
        assert np.average((x - mean) ** 2, weights=w) == pytest.approx(1, abs=1e-6)


def test_a_standard_learned_before_shows_what_has_changed(lesson, events):
    to_numbers = lesson["standard"](events)
    bad = data.distort(events, "lepton_pt", 1.0, 0, recompute=False)
    k = lesson["FEATURES"].index("PRI_lep_pt")
    moved = to_numbers(bad) - to_numbers(events)
    assert np.ptp(moved[:, k]) < 1e-5
    assert moved[0, k] > 2
    assert not np.delete(moved, k, axis=1).any()


@pytest.mark.parametrize("method", ["forest", "mixture"])
def test_what_is_far_from_all_others_is_strange(lesson, method, rng):
    X = rng.normal(size=(3000, 4))
    score = lesson[method](X, np.ones(len(X)))
    far = np.full((1, 4), 6.0)
    assert score(far)[0] > score(X).max()


@pytest.mark.parametrize("method", ["forest", "mixture"])
def test_usual_is_what_has_weight(lesson, method, rng):
    """A tenth of the rows hold nearly all of the weight: the others are strange."""
    X = np.concatenate([rng.normal(-3, 1, (2700, 2)), rng.normal(3, 1, (300, 2))])
    weights = np.repeat([0.001, 1.0], [2700, 300])
    values = lesson[method](X, weights)(X)
    assert np.median(values[:2700]) > np.median(values[2700:])


def test_a_mixture_sees_a_broken_correlation_and_a_forest_does_not(lesson, rng):
    x = rng.normal(size=5000)
    X = np.column_stack([x, x + 0.05 * rng.normal(size=5000)])
    odd = np.array([[0.3, -0.3]])
    ones = np.ones(len(X))
    share = {
        name: np.mean(score(X) >= score(odd))
        for name, score in ((n, lesson[n](X, ones)) for n in ("forest", "mixture"))
    }
    assert share["mixture"] < 0.01
    assert share["forest"] > 0.05


def test_the_error_of_an_autoencoder_is_summed_over_features(lesson):
    keras = lesson["keras"]
    halves = keras.Sequential([keras.Input((2,)), keras.layers.Rescaling(0.5)])
    X = np.array([[2.0, 4.0], [0.0, 0.0]])
    assert lesson["restored_badly"](halves)(X).tolist() == [5, 0]


def test_an_autoencoder_has_the_shape_it_was_asked_for(lesson):
    model = lesson["squeeze"](7, code=3, width=5)
    assert [layer.units for layer in model.layers] == [5, 3, 5, 7]
    assert lesson["restored"](model, np.zeros((4, 7))).shape == (4, 7)


# ---------------------------------------------------------------- populations


def test_a_classifier_never_judges_what_it_learned_from(lesson, events):
    """Events with a mark that says all: of those to learn from, and of those to judge."""
    a, b = events[:2000], events[2000:4000]
    met = b["PRI_met"].to_numpy(float, copy=True)
    met[::2] += 1e4  # only rows to learn from are marked
    marked = b.assign(PRI_met=met)
    test, model, scores = lesson["told_apart"](a, marked)
    assert [len(part) for part in scores] == [1000, 1000]
    assert test.p_value > 0.001
    assert abs(test.statistic - 0.5) < 0.06
    learned = model.predict_proba(marked[lesson["FEATURES"]].to_numpy())[::2]
    assert learned[:, 1].mean() > 0.9


def test_the_test_of_the_lesson_is_that_of_the_library(lesson, events):
    a, b = events[:3000], data.distort(events[3000:6000], "lepton_pt", 0.1, 1)
    test, _, scores = lesson["told_apart"](a, b)
    weights = [day["Weight"].to_numpy()[1::2] for day in (a, b)]
    labels = np.repeat([0, 1], [1500, 1500])
    assert test.statistic == pytest.approx(
        stats.auc(labels, np.concatenate(scores), np.concatenate(weights))
    )
    assert test.p_value <= 0.01


def test_differences_are_zero_unless_somebody_changed_something(lesson, events):
    some = events[:4000]
    offs = [f"{name} off" for name in lesson["RECOMPUTED"]]
    for kind in data.DISTORTIONS:
        bad = lesson["with_differences"](data.distort(some, kind, 0.2, 3))
        touched = (bad[offs] != 0).any(axis=1).mean()
        assert touched == pytest.approx(0.2 if kind == "swapped_phi" else 0, abs=0.03), kind
    stale = data.distort(some, "lepton_pt", 0.2, 3, recompute=False)
    assert (lesson["with_differences"](stale)[offs] != 0).any(axis=1).mean() > 0.15


def test_names_tell_differences_from_the_rest(lesson, events):
    assert lesson["names_of"](events) == lesson["FEATURES"]
    wide = lesson["with_differences"](events[:10])
    assert len(lesson["names_of"](wide)) == len(lesson["FEATURES"]) + len(lesson["RECOMPUTED"])
    assert not {"Weight", "Label", "Process", "EventId"} & set(lesson["names_of"](wide))


# ---------------------------------------------------------------- real data


@pytest.mark.real_data
def test_the_challenge_is_scored_as_recorded(real_data):
    """The goals on the real file; a part of it says nearly what all of it does."""
    path = real_data / "ramp_anomalies" / "train.csv.gz"
    if not path.is_file():
        pytest.skip(f"no {path.name}")
    recorded = recording("anomalies")["challenge"]
    found = bench.challenge(path, folds=3, rounds=150, rows=slice(None, None, 4))
    best = "and differences, tau of 0.8 GeV"
    for name in ("features", "and differences to 0.1", best):
        assert found[name]["AUC"] == pytest.approx(recorded[name]["AUC"], abs=0.02), name
    assert found[best]["AUC"] >= 0.83
    assert found[best]["accuracy"] >= 0.74
    gained = found["and differences to 0.1"]["AUC"] - found["features"]["AUC"]
    assert 0 < gained < 0.2 * (found[best]["AUC"] - found["features"]["AUC"])
