"""Functions of the lesson: against closed forms, by what they promise, and against their leaks."""

import numpy as np
import pytest
from scipy.stats import norm, poisson

from hepml import data, stats
from hepml_lessons import recording
from hepml_lessons.recipes import recipe

MASSES = (500, 750, 1250, 1500)
TOY = 3000


@pytest.fixture(scope="module")
def lesson():
    return recipe("parameterised")


@pytest.fixture(scope="module")
def events():
    return data.load("top_resonance")


@pytest.fixture(scope="module")
def train(lesson, events):
    return lesson["parts"](events, np.random.default_rng(1))[0]


def toy(lesson, rng, masses=MASSES):
    """One column, measured like the mass of the signal; background falls."""
    mass = np.concatenate([rng.choice(masses, TOY), np.full(2 * TOY, np.nan)])
    y = (mass > 0).astype(float)
    measured = np.where(y == 1, mass * rng.normal(1, 0.1, 3 * TOY), rng.gamma(4, 200, 3 * TOY))
    X = np.column_stack([(measured - 1000) / 400, rng.normal(size=3 * TOY)]).astype("float32")
    return lesson["Events"](X, y, rng.exponential(1, 3 * TOY), mass, measured)


# ---------------------------------------------------------------- inputs


def test_features_do_not_know_what_they_must_not(lesson, events):
    """Another mass, label, weight or charge of an event changes nothing; nor does a rotation."""
    some = events.iloc[::500].copy()
    before = lesson["features"](some)
    assert before.shape == (len(some), 26)
    assert np.isfinite(before).all()
    for name in ("mass", "Label", "Weight", "Process", "lepton_pdg", "EventId"):
        some[name] = 7
    for name in [n for n in some if n.endswith("_phi")]:
        some[name] += 1.3
    assert lesson["features"](some) == pytest.approx(before, abs=1e-5)


def test_features_use_every_column_of_the_recipe(lesson, events):
    """Change one column alone, and something changes."""
    from hepml.data.recipes.top_resonance import FEATURES

    some = events.iloc[::500]
    before = lesson["features"](some)
    for column in FEATURES:
        other = some.copy()
        other[column.name] = other[column.name].astype(float) + 0.3
        assert not np.allclose(lesson["features"](other), before), column.name


def test_each_part_stands_for_the_whole_luminosity(lesson, events):
    found = lesson["parts"](events, np.random.default_rng(3))
    assert sum(len(part.y) for part in found) == len(events)
    for part in found:
        for label in (0, 1):
            whole = events["Weight"][events["Label"] == label].sum()
            n = np.sum(part.y == label)
            assert part.w[part.y == label].sum() == pytest.approx(whole, rel=4 / np.sqrt(n))


def test_the_mass_is_a_column_more(lesson):
    X = np.zeros((3, 2))
    assert lesson["asked"](X, 1000).shape == (3, 3)
    assert lesson["asked"](X, np.array([650, 1000, 1350]))[:, 2] == pytest.approx([-1, 0, 1])


def test_at_every_mass_both_classes_weigh_the_same(lesson, train):
    rows, mass, w = lesson["side_by_side"](train, MASSES)
    for m in MASSES:
        for label in (0, 1):
            kept = (mass == m) & (train.y[rows] == label)
            assert w[kept].sum() == pytest.approx(1)
            assert label == 0 or (train.mass[rows[kept]] == m).all()
            assert len(np.unique(rows[kept])) == kept.sum()
    assert 1000 not in train.mass[rows]


def test_with_and_without_mass_are_the_same_rows(lesson, train):
    X, y, w = lesson["with_mass"](train, MASSES)
    bare = lesson["without_mass"](train, MASSES)
    assert np.array_equal(X[:, :-1], bare[0])
    assert np.array_equal(y, bare[1])
    assert np.array_equal(w, bare[2])


@pytest.mark.parametrize("way", ["zero", "held_out_mass", "its_own"])
def test_wrong_masses_befall_the_background_only_and_are_seen_in_the_mass_alone(lesson, train, way):
    X, y, w = lesson["with_mass"](train, MASSES)
    wrong, *_ = lesson["with_mass"](train, MASSES, lesson[way])
    assert np.array_equal(X[:, :-1], wrong[:, :-1])
    assert np.array_equal(X[y == 1], wrong[y == 1])
    assert lesson["of_mass_alone"](X[:, -1], y, w) == pytest.approx(0.5, abs=1e-6)
    assert lesson["of_mass_alone"](wrong[:, -1], y, w) > 0.95


def test_the_mass_alone_is_judged_by_its_best_cut(lesson, rng):
    y = np.repeat([1, 0], 4000)
    mass = np.where(
        y == 1, rng.choice(MASSES, 8000, p=[0.4, 0.1, 0.1, 0.4]), rng.choice(MASSES, 8000)
    )
    found = lesson["of_mass_alone"](mass, y, np.ones(8000))
    assert found == pytest.approx(0.5 + 0.3 / 2, abs=0.02)


# ---------------------------------------------------------------- networks


def test_a_parameterised_network_answers_at_a_mass_it_has_not_seen(lesson, rng):
    """On a toy whose best score peaks at the mass, the right question beats a wrong one."""
    learn, test = toy(lesson, rng), toy(lesson, rng, masses=(1000,))
    model = lesson["fit"](lesson["with_mass"](learn, MASSES), epochs=15, batch=256, seed=1)
    right, low = (
        stats.auc(test.y, lesson["predict"](model, lesson["asked"](test.X, m)), test.w)
        for m in (1000, 500)
    )
    assert right > low + 0.1
    assert lesson["auc_at"](model, test, 1000) == pytest.approx(right)
    exact = -np.abs(test.reconstructed / 1000 - 0.98)
    assert right > stats.auc(test.y, exact, test.w) - 0.03


def test_a_leak_is_perfect_as_trained_and_useless_when_asked(lesson, rng):
    learn, test = toy(lesson, rng), toy(lesson, rng)
    model = lesson["fit"](lesson["with_mass"](learn, MASSES, lesson["zero"]), epochs=6, seed=1)
    X, y, w = lesson["with_mass"](test, MASSES, lesson["zero"])
    assert stats.auc(y, lesson["predict"](model, X), w) > 0.999
    assert lesson["auc_at"](model, test, 1250) < 0.9


def test_the_seed_makes_the_network(lesson, rng):
    sample = lesson["with_mass"](toy(lesson, rng), MASSES)
    found = [
        lesson["predict"](lesson["fit"](sample, epochs=1, seed=seed), sample[0][:50])
        for seed in (1, 1, 2)
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-4)
    assert np.abs(found[0] - found[2]).max() > 1e-3


# ---------------------------------------------------------------- limits


def test_the_limit_solves_its_equation(lesson):
    s, b = np.array([3.0, 8.0]), np.array([100.0, 10.0])
    mu = lesson["expected_limit"](s, b)
    q = 2 * np.sum(mu * s - b * np.log(1 + mu * s / b))
    assert q == pytest.approx(1.96**2)


def test_with_much_background_the_limit_is_that_of_a_gaussian(lesson):
    s, b = np.array([50.0, 20.0]), np.array([4e6, 1e5])
    assert lesson["expected_limit"](s, b) == pytest.approx(
        1.96 / np.sqrt(np.sum(s**2 / b)), rel=5e-3
    )


def test_the_limit_is_the_median_of_cls_by_counting(lesson):
    """Poisson probabilities of one bin, without any asymptotic formula."""
    b = 400
    mu = lesson["expected_limit"](np.array([1.0]), np.array([float(b)]))
    n = int(poisson.median(b))
    cls = poisson.cdf(n, b + mu) / poisson.cdf(n, b)
    assert cls == pytest.approx(0.05, abs=0.006)
    assert norm.ppf(1 - 0.05 / 2) == pytest.approx(1.96, abs=1e-3)


def test_bins_never_harm_the_limit(lesson, rng):
    s, b = rng.exponential(5, 6), rng.exponential(100, 6) + 5
    fine = lesson["expected_limit"](s, b)
    coarse = lesson["expected_limit"](s.reshape(3, 2).sum(1), b.reshape(3, 2).sum(1))
    assert fine <= coarse + 1e-9
    twice = lesson["expected_limit"](2 * s, b)
    assert twice == pytest.approx(fine / 2)


def test_edges_leave_the_shares_that_were_asked(lesson, rng):
    scores, w = rng.normal(size=20_000), rng.choice([1.2, 4.4], 20_000)
    edges = lesson["score_edges"](scores, w)
    assert (np.diff(edges) > 0).all()
    left = [w[np.digitize(scores, edges) > k].sum() / w.sum() for k in range(len(edges))]
    assert left == pytest.approx(lesson["LEAVE"], abs=5e-4)


def test_the_error_of_the_limit_is_the_spread_over_samples(lesson, rng):
    """Bootstrap against fresh samples."""

    def sample():
        y = np.repeat([1.0, 0.0], [600, 2400])
        k = np.where(
            y == 1, rng.choice(3, 3000, p=[0.2, 0.3, 0.5]), rng.choice(3, 3000, p=[0.8, 0.17, 0.03])
        )
        return k, lesson["Events"](None, y, np.where(y == 1, 0.1, 3.0), None, None)

    found = np.array([lesson["limits"](*sample(), 3) for _ in range(40)])
    assert found[:, 1:].std(axis=1).mean() == pytest.approx(found[:, 0].std(), rel=0.35)


def test_one_seed_draws_the_same_events_for_all(lesson, rng):
    some = lesson["Events"](None, np.repeat([1.0, 0.0], 500), np.ones(1000), None, None)
    k = rng.choice(2, 1000)
    assert np.array_equal(lesson["limits"](k, some, 2), lesson["limits"](k, some, 2))


# ---------------------------------------------------------------- the energy scale


@pytest.fixture(scope="module")
def taus():
    return data.load("higgs_tautau").iloc[::20].reset_index(drop=True)


def test_tau_features_have_no_azimuth_and_no_label(lesson, taus):
    before = lesson["tau_features"](taus)
    assert before.shape == (len(taus), 25)
    other = taus.copy()
    for name in ("Label", "Weight", "Process", "EventId", "PRI_tau_phi", "PRI_met_phi"):
        other[name] = 1
    assert np.array_equal(lesson["tau_features"](other), before, equal_nan=True)


def test_both_tables_are_cut_alike_and_the_tau_is_scaled(lesson, taus):
    plain, moved = (lesson["shifted"](taus, nu) for nu in (0, 0.1))
    assert min(plain["PRI_tau_pt"].min(), moved["PRI_tau_pt"].min()) > 22
    both = plain.index.intersection(moved.index)
    assert len(moved) > len(plain) == len(both)
    ratio = moved.loc[both, "PRI_tau_pt"] / plain.loc[both, "PRI_tau_pt"]
    assert ratio.to_numpy() == pytest.approx(1.1, rel=1e-4)
    assert (moved.loc[both, "DER_mass_vis"] > plain.loc[both, "DER_mass_vis"]).all()


def test_classes_are_balanced_whatever_the_weights(lesson, rng):
    y, w = rng.integers(0, 2, 400), rng.exponential(1, 400)
    found = lesson["balanced"](y, w)
    assert [found[y == k].sum() for k in (0, 1)] == pytest.approx([1, 1])


# ---------------------------------------------------------------- what is recorded


@pytest.fixture(scope="module")
def recorded():
    return recording("parameterised")


def test_everything_the_lesson_reads_is_there(recorded):
    assert {"command", "versions", "recorded", "data", "method", "seeds"} <= recorded.keys()
    assert set(recorded["held_out"]) == {"500", "750", "1000", "1250", "1500"}
    for runs in recorded["held_out"].values():
        assert set(runs) == {"parameterised", "dedicated", "one for all"}
        assert {len(values) for values in runs.values()} == {5}
    assert len(recorded["seeds"]) == 5


def test_the_goal_is_met_in_five_of_five_seeds(recorded):
    runs = {name: np.array(values) for name, values in recorded["held_out"]["1000"].items()}
    assert (runs["parameterised"] > runs["dedicated"] - 0.005).all()
    assert (runs["parameterised"] > runs["one for all"] + 0.005).all()


def test_one_seed_says_the_same_again(lesson, events, recorded):
    from benchmarks import parameterised as benchmark

    found = benchmark.one_seed(lesson, events, recorded["seeds"][0], 1000)
    for name, area in found.items():
        assert area == pytest.approx(recorded["held_out"]["1000"][name][0], abs=0.003)


def test_recorded_trees_give_one_answer_between_two_masses_and_the_network_does_not():
    asked = recording("parameterised-trees")["asked"]
    for of in asked.values():
        assert len(set(of["trees"])) == 4  # one for each mass in training
        assert len(set(of["network"])) > 50
        assert max(of["network"]) > of["dedicated"] - 0.005


@pytest.fixture(scope="module")
def nuisance():
    return recording("parameterised-nuisance")


def test_the_recorded_shifts_are_whole(nuisance):
    assert {"command", "versions", "recorded", "data", "method", "seeds"} <= nuisance.keys()
    assert len(nuisance["found"]) == len(nuisance["seeds"]) == 5
    for run in nuisance["found"]:
        assert list(run) == ["-0.1", "-0.05", "+0", "+0.05", "+0.1"]
        assert run["+0"]["auc"]["asked at 0"] == run["+0"]["auc"]["parameterised"]


def test_at_both_ends_the_gain_is_larger_than_the_error_of_the_test_events(nuisance):
    for run in nuisance["found"]:
        for nu in ("-0.1", "+0.1"):
            gain = run[nu]["auc"]["parameterised"] - run[nu]["auc"]["nominal"]
            assert gain > 3 * run[nu]["errors"]["parameterised − nominal"]


def test_three_ways_take_as_many_steps_and_tell_the_shift_to_one(lesson, monkeypatch, taus):
    """What each network is given, without training any."""
    learn, sample = lesson["halves"](taus, 1)
    given = {}

    def fit(rows, *, epochs, seed, batch, rate):
        X, y, w = rows
        given[X.shape[1]] = [*given.get(X.shape[1], []), len(X) * epochs]
        shifts = round(len(w) / len(learn[0][1]))  # a shift moves a few events out of the sample
        assert [w[y == k].sum() for k in (0, 1)] == pytest.approx([shifts] * 2)
        assert (seed, batch, rate) == (1, 512, 4e-3)

    monkeypatch.setitem(lesson, "fit", fit)
    lesson["three_ways"](learn, 1)
    assert {columns: len(steps) for columns, steps in given.items()} == {25: 2, 26: 1}
    steps = np.concatenate(list(given.values()))
    assert steps == pytest.approx(steps[0], rel=0.02)
    X, y, _ = lesson["taus"](sample, 0.1)
    assert len(X) == len(y)
    assert set(lesson["told_scale"](X, 0.1)[:, -1]) == {np.float32(1)}
