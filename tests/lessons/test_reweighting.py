"""Functions of the lesson: against closed forms, by their symmetries, and on real decays."""

import numpy as np
import pytest
import uproot
from scipy.special import expit

from hepml import data, stats
from hepml_lessons.checks import reweighting as check
from hepml_lessons.recipes import recipe


@pytest.fixture(scope="module")
def lesson():
    return recipe("reweighting")


@pytest.fixture(scope="module")
def events():
    return data.load("shower_variations")


SHIFT = np.array([0.5, -0.3, 0.0])


def normals(rng, n=20_000, shift=SHIFT):
    """Return source and target with unit weights; the exact log ratio is a plane."""
    samples = rng.normal(size=(n, 3)), rng.normal(size=(n, 3)) + shift
    return tuple((X, np.ones(n)) for X in samples)


def exact(X, shift=SHIFT):
    return X @ shift - shift @ shift / 2


# ---------------------------------------------------------------- weights


def test_new_weights_keep_their_sum_and_do_not_overflow(lesson, rng):
    weights = rng.exponential(1, 500)
    log_ratio = rng.normal(size=500)
    new = lesson["weighted"](weights, log_ratio)
    assert new.sum() == pytest.approx(weights.sum())
    assert new / new[0] == pytest.approx(weights / weights[0] * np.exp(log_ratio - log_ratio[0]))
    shifted = lesson["weighted"](weights, log_ratio + 2000)
    assert shifted == pytest.approx(new)


def test_effective_size_is_that_of_the_library(lesson, rng):
    weights = rng.normal(1, 1, 900)
    held = stats.reweighting_report(*2 * [rng.normal(size=(900, 2))], weights)
    assert lesson["effective_size"](weights) == pytest.approx(held.effective_size)
    assert lesson["effective_size"](np.ones(7)) == 7


def test_a_histogram_gives_the_ratio_of_shares(lesson, rng):
    source, target = normals(rng)
    x, weights = source[0][:, 0], rng.exponential(1, len(source[0]))
    log_ratio = lesson["histogram"]((source[0], weights), target, column=0)
    new = lesson["weighted"](weights, log_ratio(source[0]))
    edges = np.quantile(target[0][:, 0], np.linspace(0, 1, 21))[1:-1]
    shares = np.bincount(np.digitize(x, edges), new) / new.sum()
    assert shares == pytest.approx(np.full(20, 0.05), abs=1e-3)


def test_a_histogram_of_few_values_has_fewer_bins(lesson):
    source, target = (np.array([[v] for v in values], float) for values in ([0, 0, 1], [0, 1, 1]))
    log_ratio = lesson["histogram"]((source, np.ones(3)), (target, np.ones(3)))
    assert np.exp(log_ratio(np.array([[0.0], [1.0]]))) == pytest.approx([0.5, 2])


def test_a_product_is_right_for_independent_features_and_double_counts_copies(lesson, rng):
    names = lesson["THREE"]
    columns = [lesson["FEATURES"].index(name) for name in names]
    source, target = normals(rng)

    def spread(X, copies):
        wide = np.zeros((len(X), len(lesson["FEATURES"])))
        wide[:, columns] = X[:, [0, 0, 0]] if copies else X
        return wide

    for copies, times in ((False, 1), (True, 3)):
        pair = [(spread(X, copies), w) for X, w in (source, target)]
        log_ratio = lesson["product"](*pair)(pair[0][0])
        wanted = exact(source[0]) if times == 1 else 3 * (0.5 * source[0][:, 0] - 0.125)
        assert np.polyfit(wanted, log_ratio, 1)[0] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("unequal", [False, True])
def test_trees_find_the_exact_ratio(lesson, rng, unequal):
    source, target = normals(rng)
    if unequal:  # the total weight and the number of events of a class say nothing
        target = tuple(part[:7000] for part in target)
        source = (source[0], np.full(len(source[0]), 3.0))
    found = lesson["trees"](source, target)(source[0])
    assert np.polyfit(exact(source[0]), found, 1) == pytest.approx([1, 0], abs=0.1)
    assert np.std(found - exact(source[0])) < 0.2


def test_trees_count_weights_as_copies(lesson, rng):
    source, target = normals(rng, 6000)
    times = rng.integers(1, 4, 6000)
    at = rng.normal(size=(2000, 3))
    weighted = lesson["trees"]((source[0], times.astype(float)), target)(at)
    copied = lesson["trees"]((np.repeat(source[0], times, axis=0), np.ones(times.sum())), target)(
        at
    )
    assert np.corrcoef(weighted, copied)[0, 1] > 0.97


def test_bins_keep_the_order_and_see_new_values(lesson, rng):
    X = np.column_stack([rng.normal(size=3000), rng.integers(0, 3, 3000)])
    binned = lesson["in_bins"](X)(X)
    assert binned.shape == X.shape
    assert len(np.unique(binned[:, 0])) == 200
    order = np.argsort(X[:, 0])
    assert (np.diff(binned[order, 0]) >= 0).all()
    assert len(np.unique(np.column_stack([binned[:, 1], X[:, 1]]), axis=0)) == 3
    assert lesson["in_bins"](X)(np.array([[-99, 0], [99, 2]]))[:, 0].tolist() == [0, 199]


def test_folds_never_see_their_own_events(lesson, rng):
    """A method that remembers what it was given answers with whether an event was among it."""
    source, target = normals(rng, 300)

    def memory(source, target):
        known = {tuple(row) for X, _ in (source, target) for row in X}
        return lambda X: np.array([tuple(row) in known for row in X], float)

    for values in lesson["cross_fitted"](memory, source, target, folds=4):
        assert len(values) == 300
        assert not values.any()


def test_scaling_undoes_over_confidence(lesson, rng):
    source, target = normals(rng)
    z = [2.5 * exact(X) + 0.7 for X, _ in (source, target)]
    slope, offset = lesson["platt"](*z, source[1], target[1])
    assert slope == pytest.approx(0.4, abs=0.02)
    assert offset == pytest.approx(-0.28, abs=0.03)


def test_a_large_tree_is_perfect_on_what_it_knows_alone(lesson, rng):
    source, target = normals(rng)
    other, _ = normals(rng)
    log_ratio = lesson["large_tree"](source, target)
    shares = [
        lesson["effective_size"](np.exp(log_ratio(X))) / len(X) for X in (source[0], other[0])
    ]
    assert max(shares) < np.exp(-SHIFT @ SHIFT) - 0.1
    assert np.abs(log_ratio(source[0])).max() <= np.log(49) + 1e-9


def test_a_blind_method_does_not_look(lesson, rng):
    source, target = normals(rng, 4000)
    names = lesson["FEATURES"]
    wide = [(np.pad(X, ((0, 0), (0, len(names) - 3))), w) for X, w in (source, target)]
    log_ratio = lesson["without"](names[0], lesson["trees"])(*wide)
    turned = wide[0][0].copy()
    turned[:, 0] = 99
    assert np.array_equal(log_ratio(turned), log_ratio(wide[0][0]))
    turned[:, 1] = 99
    assert not np.array_equal(log_ratio(turned), log_ratio(wide[0][0]))


def test_the_mean_sign_is_found(lesson, rng):
    X = rng.uniform(-1, 1, (40_000, 2))
    wanted = 0.6 + 0.3 * np.sign(X[:, 0])
    weights = np.where(rng.random(len(X)) < (1 + wanted) / 2, 1, -1) * rng.exponential(1, len(X))
    found = lesson["mean_sign"]((X, weights))(X)
    assert found.min() >= 0.05
    assert np.abs(found - wanted).mean() < 0.05


def test_signed_sources_are_reweighted_by_dividing_by_the_mean_sign(lesson, rng):
    source, target = normals(rng)
    X = source[0]
    signs = np.where(rng.random(len(X)) < np.where(X[:, 0] > 0, 0.3, 0.05), -1.0, 1.0)
    log_sign = np.log(np.where(X[:, 0] > 0, 0.4, 0.9))
    right = lesson["weighted"](signs, exact(X) - log_sign)
    wrong = lesson["weighted"](signs, exact(X))
    error = 1 / np.sqrt(lesson["effective_size"](right))
    wanted = target[0][:, 0].mean()
    assert np.average(X[:, 0], weights=right) == pytest.approx(wanted, abs=4 * error)
    assert np.average(X[:, 0], weights=wrong) < wanted - 8 * error


# ---------------------------------------------------------------- particles


def test_what_the_network_sees_are_the_particles_of_the_table(lesson, events):
    some = events[events["nparticle"] > 0].iloc[:40].reset_index(drop=True)
    seen, mask = lesson["particles"](some, length=60)
    assert seen.shape == (40, 60, 11)
    assert np.array_equal(mask[..., 0].sum(axis=1), some["nparticle"])
    for k in (0, 39):
        pt, eta, pdg = (
            np.asarray(some.loc[k, f"particle_{n}"], float) for n in ("pt", "eta", "pdg")
        )
        n = len(pt)
        assert seen[k, :n, 6] == pytest.approx(pt)
        assert seen[k, :n, 7] == pytest.approx(pt * np.cosh(eta) / 10, rel=1e-4)
        assert np.array_equal(seen[k, :n, 8] == 1, np.abs(pdg) == 321)
        assert not seen[k, n:].any()


def test_the_network_does_not_ask_for_order(lesson, events, rng):
    some = events[events["nparticle"] > 0].iloc[:30].reset_index(drop=True)
    seen, mask = lesson["particles"](some)
    network = lesson["set_network"](seen.shape[1:], steps=10)
    order = rng.permuted(np.tile(np.arange(seen.shape[1]), (30, 1)), axis=1)[..., None]
    shuffled = [np.take_along_axis(part, order, axis=1) for part in (seen, mask)]
    before, after = (network.predict(x, verbose=0) for x in ([seen, mask], shuffled))
    assert after == pytest.approx(before, abs=1e-5)
    assert before.std() > 1e-6


def test_the_spectrum_counts_particles_per_event(lesson, events):
    some = events[events["nparticle"] > 0].iloc[:400].reset_index(drop=True)
    weights = np.random.default_rng(1).exponential(1, 400)
    edges = np.linspace(-5, 15, 41)
    mean, error = lesson["spectrum"](some, weights, edges)
    assert mean.sum() == pytest.approx(np.average(some["nparticle"], weights=weights))
    halves = [lesson["spectrum"](some, weights * times, edges)[0] for times in draws(400)]
    assert error[mean > 0.3] == pytest.approx(np.std(halves, axis=0)[mean > 0.3], rel=0.25)


def draws(n, repeats=150):
    """Bootstrap draws of events."""
    rng = np.random.default_rng(7)
    return (rng.poisson(1, n) for _ in range(repeats))


# ---------------------------------------------------------------- exercises on the sample


def test_scores_of_own_events_are_refused_and_a_small_share_of_them_too(lesson, events):
    """The size of the check's step between seen and unseen, on the lesson's own events."""
    source, target = (lesson["matrix"](events[events["Process"] == k])[:20_000] for k in (0, 2))
    pair = tuple((X, np.ones(len(X))) for X in (source, target))
    log_ratio = lesson["trees"](*pair)
    seen = [expit(log_ratio(X)) for X in (source, target)]
    verdict = check.folded(
        source, target, lesson["FEATURES"],
        my_scores_source=seen[0], my_scores_target=seen[1], my_weights=seen[0],
    )  # fmt: skip
    assert "in-sample" in verdict.reason


# ---------------------------------------------------------------- real data


@pytest.fixture(scope="module")
def decays(real_data):
    path = real_data / "reweighting" / "RD_distribution.root"
    if not path.is_file():
        pytest.skip(f"no {path.name}")
    table = uproot.open(path)["tree"].arrays(library="np")
    names = list(table)
    return np.column_stack([np.asarray(table[name], float) for name in names]), names


def tilted(X, names, rng):
    """Toy simulation of real decays: other decays of the same file, kept by a smooth chance."""
    pt, tracks = (X[:, names.index(name)] for name in ("pt_b", "hSPD"))
    slope = 0.6 * (np.log1p(pt) - np.log1p(pt).mean()) + 0.002 * (tracks - tracks.mean())
    return rng.random(len(X)) < expit(-slope)


@pytest.mark.real_data
def test_trees_reweight_a_toy_simulation_to_real_decays(lesson, decays, rng):
    """Real B decays are the target; the toy is made from the other half of them."""
    X, names = decays
    half = rng.random(len(X)) < 0.5
    target, source = X[half], X[~half][tilted(X[~half], names, rng)]
    learn = [rng.random(len(each)) < 0.6 for each in (source, target)]
    pair = [
        (each[part], np.ones(part.sum()))
        for each, part in zip((source, target), learn, strict=True)
    ]
    held_out = tuple(~part for part in learn)
    one = lesson["histogram"](*pair, names.index("pt_b"))
    found = {}
    for name, log_ratio in (("trees", lesson["trees"](*pair)), ("one histogram", one)):
        values, weights = log_ratio(source), np.empty(len(source))
        for part in (learn[0], ~learn[0]):
            weights[part] = lesson["weighted"](np.ones(part.sum()), values[part])
        found[name] = stats.reweighting_report(
            source, target, weights, features=names, held_out=held_out
        )
    assert found["trees"].auc_before > 0.55
    assert found["trees"].verdict == "good", found["trees"]
    assert found["trees"].effective_share > 0.4
    assert found["one histogram"].verdict == "not good"
    assert "hSPD" in found["one histogram"].reason
