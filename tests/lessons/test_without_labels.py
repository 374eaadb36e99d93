"""Functions of the lesson: against closed forms, and on toys whose answer is known."""

import numpy as np
import pytest
from scipy.special import ndtr

from hepml import stats
from hepml.data.recipes.known_truth import GAUSS
from hepml_lessons import recording
from hepml_lessons.recipes import recipe

REGION, SIDEBANDS = (3300, 3700), ((3100, 3300), (3700, 3900))
EDGES = np.arange(3000, 5001, 100)


@pytest.fixture(scope="module")
def lesson():
    return recipe("without-labels")


# ---------------------------------------------------------------- bags


@pytest.mark.parametrize(
    ("f1", "f2"), [(0.8, 0.2), (0.2, 0.8), (1, 0), (0.5, 0.5), (0.7, 0.4), (0.3, 0)]
)
def test_bags_have_their_purities_and_share_no_event(lesson, f1, f2):
    y = np.repeat([1, 0], [3000, 5000])
    events, bag = lesson["mixtures"](y, f1, f2, np.random.default_rng(1))
    assert len(events) == len(bag) == len(np.unique(events))
    first, second = (events[bag == k] for k in (1, 0))
    assert abs(len(first) - len(second)) <= 2
    assert y[first].mean() == pytest.approx(f1, abs=1e-3)
    assert y[second].mean() == pytest.approx(f2, abs=1e-3)


def test_bags_are_as_large_as_the_events_allow(lesson):
    y = np.repeat([1, 0], [3000, 5000])
    events, _ = lesson["mixtures"](y, 0.9, 0.3, np.random.default_rng(1))
    assert np.sum(y[events] == 1) >= 3000 - 2
    events, _ = lesson["mixtures"](y, 0.3, 0.1, np.random.default_rng(1))
    assert np.sum(y[events] == 0) >= 5000 - 2


def test_bags_are_filled_at_random_and_again_with_the_same_seed(lesson):
    y = np.repeat([1, 0], 500)
    one, again, other = (
        lesson["mixtures"](y, 0.8, 0.2, np.random.default_rng(seed))[0] for seed in (1, 1, 2)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


# ---------------------------------------------------------------- ratios


@pytest.mark.parametrize(("f1", "f2"), [(0.8, 0.2), (0.55, 0.45), (0.3, 0), (1, 0.6)])
def test_the_ratio_of_the_bags_is_that_of_their_densities(lesson, f1, f2):
    x = np.linspace(-3, 3, 61)
    p_s, p_b = np.exp(-((x - 1) ** 2) / 2), np.exp(-(x**2) / 2)
    wanted = (f1 * p_s + (1 - f1) * p_b) / (f2 * p_s + (1 - f2) * p_b)
    found = lesson["mixed_ratio"](p_s / p_b, f1, f2)
    assert found == pytest.approx(wanted)
    assert (np.diff(found) > 0).all()
    assert (np.diff(lesson["mixed_ratio"](p_s / p_b, f2, f1)) < 0).all()
    assert lesson["pure_ratio"](found, f1, f2) == pytest.approx(p_s / p_b)


def test_ratios_at_the_ends(lesson):
    assert lesson["mixed_ratio"](np.array([0.0, 1e12]), 0.8, 0.2) == pytest.approx([0.25, 4])
    assert lesson["mixed_ratio"](np.array([0.1, 5.0]), 0.4, 0.4) == pytest.approx([1, 1])
    low, high = lesson["pure_ratio"](np.array([0.2, 4.5]), 0.8, 0.2)
    assert np.isnan(low)
    assert np.isnan(high)


def test_bags_order_events_as_labels_do(lesson):
    rng = np.random.default_rng(2)
    X = np.concatenate([GAUSS.of(k).sample(5000, rng) for k in (1, 0)])
    y, ratio = np.repeat([1, 0], 5000), np.exp(GAUSS.log_ratio(X))
    mixed = lesson["mixed_ratio"](ratio, 0.6, 0.3)
    assert stats.auc(y, mixed) == pytest.approx(stats.auc(y, ratio), abs=1e-6)


# ---------------------------------------------------------------- training on bags


@pytest.fixture(scope="module")
def gauss():
    """(train, test), each (X, y, weights): one useful feature, one of noise."""
    rng = np.random.default_rng(3)
    parts = []
    for size in (12_000, 20_000):
        y = rng.integers(0, 2, size)
        parts.append((rng.normal(np.column_stack([1.5 * y, 0 * y])), y, np.ones(size)))
    return parts


def test_bags_teach_what_labels_teach(lesson, gauss):
    best = ndtr(1.5 / np.sqrt(2))
    mixed, _ = lesson["auc_of_bags"](0.8, 0.2, *gauss, 1)
    labelled, _ = lesson["auc_of_bags"](1, 0, *gauss, 1)
    assert labelled == pytest.approx(best, abs=0.01)
    assert mixed == pytest.approx(labelled, abs=0.015)


def test_bags_exchanged_turn_the_score(lesson, gauss):
    turned, score = lesson["auc_of_bags"](0.2, 0.8, *gauss, 1)
    assert turned < 0.2
    assert stats.auc(gauss[1][1], score) == pytest.approx(turned)


def test_equal_bags_teach_nothing(lesson, gauss):
    found = [lesson["auc_of_bags"](0.5, 0.5, *gauss, seed)[0] for seed in range(8)]
    assert np.mean(found) == pytest.approx(0.5, abs=4 * np.std(found, ddof=1) / np.sqrt(8))


def test_the_paired_error_is_that_of_the_difference(lesson):
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 4000)
    first = rng.normal(y)
    w = np.ones(4000)
    alike = lesson["paired"](y, w, first, first + rng.normal(0, 0.1, 4000), rng)
    apart = lesson["paired"](y, w, first, rng.normal(y), rng)
    assert lesson["paired"](y, w, first, 2 * first, rng) == 0
    assert 0 < alike < apart / 3
    single = stats.roc_curve(y, first).auc_error
    assert apart == pytest.approx(np.sqrt(2) * single, rel=0.5)


# ---------------------------------------------------------------- the hunt


def test_draws_have_the_numbers_asked_for(lesson):
    is_signal = np.arange(1000) < 100
    events = lesson["draw"](500, 30, is_signal, np.random.default_rng(5))
    assert len(np.unique(events)) == 530
    assert is_signal[events].sum() == 30
    assert 0 < is_signal[events[:265]].sum() < 30  # in random order


def test_places_are_region_sidebands_and_neither(lesson):
    mjj = np.array([3099, 3100, 3299.9, 3300, 3699.9, 3700, 3899, 3900])
    assert lesson["place_of"](mjj, REGION, SIDEBANDS).tolist() == [-1, 0, 0, 1, 1, 0, 0, -1]


def test_region_and_sidebands_have_the_same_say(lesson):
    place = np.repeat([0, 1], [300, 100])
    weights = lesson["balanced"](place)
    assert [weights[place == k].sum() for k in (0, 1)] == pytest.approx([200, 200])


def test_spectra_keep_the_shares(lesson):
    rng = np.random.default_rng(6)
    mjj, rank = rng.uniform(3000, 5000, 1000), rng.permutation(1000) / 1000
    rows = lesson["spectra"](mjj, rank, (1, 0.1, 0.01), EDGES)
    assert rows.sum(axis=1).tolist() == [10, 100, 1000]
    assert np.array_equal(rows[1], np.histogram(mjj[rank >= 0.9], EDGES)[0])
    assert (np.diff(rows, axis=0) >= 0).all()


@pytest.fixture(scope="module")
def nothing():
    """(X, mjj): a falling spectrum and features that know nothing of it."""
    rng = np.random.default_rng(7)
    mjj = 3000 + rng.exponential(500, 12_000)
    return rng.normal(size=(len(mjj), 3)), mjj


def cross_scores(lesson, X, mjj):
    return lesson["cross_scores"](X, mjj, REGION, SIDEBANDS, 1)


def region_against_sidebands(lesson, mjj, score):
    place = lesson["place_of"](mjj, REGION, SIDEBANDS)
    return stats.roc_curve(place[place >= 0], score[place >= 0])


def test_cross_scores_are_ranks_in_each_fold(lesson, nothing):
    score = cross_scores(lesson, *nothing)
    for k in range(5):
        fold = score[k::5]
        assert fold.min() == 0
        assert fold.max() < 1
        assert np.mean(fold >= 0.9) == pytest.approx(0.1, abs=0.01)


def test_cross_scores_of_noise_do_not_tell_the_region(lesson, nothing):
    """Models that had seen these events would: their AUC is far above ½."""
    X, mjj = nothing
    found = region_against_sidebands(lesson, mjj, cross_scores(lesson, X, mjj))
    assert abs(found.auc - 0.5) < 4 * found.auc_error
    place = lesson["place_of"](mjj, REGION, SIDEBANDS)
    model = lesson["trees"](1, 80, 16).fit(X[place >= 0], place[place >= 0])
    seen = region_against_sidebands(lesson, mjj, lesson["score_of"](model, X))
    assert seen.auc > 0.6


def test_no_event_has_a_say_in_its_own_score(lesson, nothing):
    """Move one event from the sidebands to the region: its raw score stays, its rank with it."""
    X, mjj = nothing
    event = int(np.flatnonzero((mjj > 3150) & (mjj < 3250))[0])
    moved = mjj.copy()
    moved[event] = 3500
    before, after = (cross_scores(lesson, X, m) for m in (mjj, moved))
    own = np.arange(len(mjj)) % 5 == event % 5
    assert np.array_equal(before[own], after[own])
    assert not np.array_equal(before[~own], after[~own])


def test_a_signal_is_found_and_nothing_is_not(lesson, nothing):
    X, mjj = nothing
    rng = np.random.default_rng(8)
    mass = np.concatenate([mjj, rng.normal(3500, 80, 150)])
    both = np.concatenate([X, rng.normal(2.5, 0.5, (150, 3))])
    order = rng.permutation(len(mass))
    pulls = []
    for features, masses in ((both[order], mass[order]), (X, mjj)):
        rows = lesson["spectra"](masses, cross_scores(lesson, features, masses), (0.03,), EDGES)
        pulls.append(stats.bump_hunt(rows[0], EDGES, REGION, parameters=3).significance)
    assert pulls[0] > 5
    assert abs(pulls[1]) < 3.5


# ---------------------------------------------------------------- recorded: the signal turned up


def test_the_recorded_signal_is_turned_up_in_the_same_background():
    recorded = recording("without-labels")
    assert {"command", "versions", "recorded", "data"} <= recorded.keys()
    for hunt in recorded["hunts"]:
        spectrum, of_signal = np.array(hunt["spectrum"]), np.array(hunt["of_signal"])
        assert (of_signal <= spectrum).all()
        assert spectrum.sum() <= 1.02 * recorded["kept"] * (recorded["background"] + hunt["signal"])
        z = stats.bump_hunt(spectrum, recorded["edges"], REGION, parameters=3).significance
        assert z == pytest.approx(hunt["z"], abs=1e-6)
        if hunt["signal"]:
            kept = of_signal.sum() / hunt["signal"]
            assert kept == pytest.approx(hunt["signal_kept"], abs=0.06)  # some outside the edges


def test_without_enough_signal_the_cut_finds_nothing_and_then_it_gains():
    """What the prose beside the recorded figure says."""
    hunts = recording("without-labels")["hunts"]

    def mean(what, signal):
        return np.mean([hunt[what] for hunt in hunts if hunt["signal"] == signal])

    assert abs(mean("z", 0)) < 3 / np.sqrt(5)
    assert abs(mean("z", 50) - mean("z_without_cut", 50)) < 1
    assert mean("z", 500) > 3 * mean("z_without_cut", 500)
    grows = [mean("z_without_cut", signal) - mean("z_without_cut", 0) for signal in (250, 500)]
    assert grows[1] / grows[0] == pytest.approx(2, rel=0.15)  # in proportion
    assert mean("z", 250) - mean("z", 0) > 4 * (mean("z", 50) - mean("z", 0))
