"""The doctor of reweighting: silent on weights that are known to be right, loud on broken ones."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from hepml import stats
from hepml.stats import _closures, _findings
from hepml.stats.events import Sample

SEEDS = range(20)
NAMES = ("mass", "width", "pt", "eta")
SHIFT = np.array([0.6, 0.3, 0.0, 0.0])


def samples(rng, n=4000, shift=SHIFT):
    """Draw a normal source and a shifted target, with the exact weights exp(δ·x - δ²/2)."""
    source, target = rng.normal(size=(2, n, len(shift)))
    return source, target + shift, exact_weights(source, shift)


def exact_weights(X, shift=SHIFT):
    return np.exp(X @ shift - shift @ shift / 2)


def judged(source, target, new_weights, **options):
    return stats.reweighting_report(source, target, new_weights, **({"features": NAMES} | options))


@pytest.fixture
def good(rng):
    return samples(rng)


@pytest.mark.parametrize("seed", SEEDS)
def test_exact_weights_are_good(seed):
    report = judged(*samples(np.random.default_rng(seed)), rng=seed)
    assert (report.verdict, report.causes) == ("good", ())
    assert report.auc_band[0] < report.auc < report.auc_band[1]
    assert report.auc_before > 0.6


@pytest.mark.parametrize("seed", SEEDS)
def test_target_where_the_source_has_nothing_is_found(seed):
    """One event in ten of the target has a pt that no event of the source has."""
    source, target, weights = samples(np.random.default_rng(seed))
    target[:400, 2] += 9
    report = judged(source, target, weights, rng=seed)
    assert report.verdict == "not good"
    assert report.causes[0] == "support"
    assert "pt between" in report.reason
    assert report.uncovered == pytest.approx(0.1, abs=0.04)


def grown_ratio(source, target, at, smallest=10):
    """Density ratio of a tree whose leaves are far too small."""
    from sklearn.tree import DecisionTreeClassifier

    y = np.repeat([0, 1], [len(source), len(target)])
    tree = DecisionTreeClassifier(min_samples_leaf=smallest, random_state=0)
    p = tree.fit(np.concatenate([source, target]), y).predict_proba(at)[:, 1]
    return (p + 0.001) / (1.001 - p)


@pytest.mark.parametrize("seed", SEEDS)
def test_over_fitted_weights_are_found_on_the_events_they_were_learned_from(seed):
    source, target, _ = samples(np.random.default_rng(seed))
    report = judged(source, target, grown_ratio(source, target, source), rng=seed)
    assert report.verdict == "not good"
    assert report.causes[0] == "over-fitted"
    assert "spread more than the samples differ" in report.reason


@pytest.mark.parametrize("seed", SEEDS)
def test_over_fitted_weights_are_found_on_held_out_events(seed):
    source, target, _ = samples(np.random.default_rng(seed), 8000)
    held_out = np.arange(8000) >= 4000
    weights = grown_ratio(source[~held_out], target[~held_out], source)
    report = judged(source, target, weights, held_out=(held_out, held_out), rng=seed)
    assert report.verdict == "not good"
    assert report.causes[0] == "over-fitted"
    assert "held-out" in report.reason
    assert report.auc - report.auc_learned > 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_a_feature_left_out_is_found(seed):
    """The weights know mass and width; the correlation of pt and eta is another one."""
    source, target, weights = samples(np.random.default_rng(seed))
    target[:, 3] = 0.4 * target[:, 2] + np.sqrt(1 - 0.4**2) * target[:, 3]
    report = judged(source, target, weights, rng=seed)
    assert report.verdict == "not good"
    assert report.causes[0] == "cells"
    assert "pt and eta" in report.reason
    assert "classifier" in report.causes
    only = stats.reweighting_report(source[:, :2], target[:, :2], weights, rng=seed)
    assert only.verdict == "good"


def three_way(rng, n=6000):
    """Target in which the sign of pt tends to that of mass × width: no pair of features sees it."""
    source, target = rng.normal(size=(2, n, 4))
    follows = rng.random(n) < 0.6
    sign = np.where(follows, np.sign(target[:, 0] * target[:, 1]), np.sign(target[:, 2]))
    target[:, 2] = sign * np.abs(target[:, 2])
    return source, target


def test_what_no_pair_of_features_sees_is_left_to_the_classifier(rng):
    report = judged(*three_way(rng), np.ones(6000))
    assert report.causes == ("classifier",)
    assert report.auc > 0.55
    assert any(name in report.reason.split("chiefly by")[1] for name in NAMES[:3])


def test_one_dimension_that_does_not_close_is_named(good):
    source, target, weights = good
    report = judged(source, target, weights * np.where(source[:, 2] > 1.2, 2.0, 1.0))
    assert report.causes[0] == "closure"
    assert report.reason.startswith("pt does not close")
    assert "worst at pt between 1." in report.reason


def test_one_huge_weight_is_named(good):
    source, target, weights = good
    weights[7] = 0.0
    weights[7] = 0.2 * weights.sum()
    report = judged(source, target, weights)
    assert "weights" in report.causes
    assert report.largest_weight == pytest.approx(1 / 6)


def test_weights_of_the_wrong_sum_are_named_and_nothing_else_changes(good):
    source, target, weights = good
    right, wrong = judged(source, target, weights), judged(source, target, 3 * weights)
    assert wrong.causes == ("normalisation",)
    assert wrong.yield_to_source == pytest.approx(3 * right.yield_to_source)
    assert wrong.auc == pytest.approx(right.auc, abs=1e-9)
    assert wrong.effective_size == pytest.approx(right.effective_size)
    assert [c.chi2 for c in wrong.closures] == pytest.approx([c.chi2 for c in right.closures])


def test_weights_that_follow_chance_cannot_be_judged(rng):
    """Two samples of one distribution; the weights make every cell of the source agree exactly."""
    source, target = rng.normal(size=(2, 3000, 2))
    cells = [np.clip(np.floor(2 * X), -4, 3).astype(int) @ [8, 1] + 36 for X in (source, target)]
    counts = [np.bincount(cell, minlength=64) for cell in cells]
    weights = (counts[1] / np.maximum(counts[0], 1))[cells[0]]
    report = stats.reweighting_report(source, target, weights)
    assert report.verdict == "cannot tell"
    assert report.causes == ("seen before",)
    assert report.auc < 0.5
    assert report.cells[0].p_small < 1e-4


def test_p_values_of_closure_are_uniform(rng):
    """With exact weights, all of which are used; tolerance 0."""
    p = {"p_value": [], "p_small": []}
    for _ in range(150):
        source, target, weights = samples(rng)
        ones = np.ones(len(source))
        case = _findings.Case(
            NAMES, *(Sample(source, w) for w in (ones, weights)),
            Sample(target, ones), None, 0.0, 1e-3,
        )  # fmt: skip
        first = _closures.feature_closures(case)[0]
        last = _closures.cell_closures(case)[-1]
        for name, values in p.items():
            values += [getattr(first, name), getattr(last, name)]
    for values in p.values():
        assert scipy_stats.kstest(values, "uniform").pvalue > 1e-4


def test_chi_square_is_pearsons_without_weights(rng):
    source, target = rng.normal(size=(2, 2000, 1))
    report = stats.reweighting_report(source, target, np.ones(2000), tolerance=0)
    (closure,) = report.closures
    table = 2000 * np.array([closure.source, closure.target])
    pearson = scipy_stats.chi2_contingency(table)
    assert closure.chi2 == pytest.approx(pearson.statistic, rel=1e-9)
    assert (closure.ndf, closure.p_value) == (9, pytest.approx(pearson.pvalue))


def test_band_is_what_relabelling_gives(rng):
    """Events dealt anew to two samples of one distribution scatter as DeLong's error says."""
    X, y = rng.normal(size=(3000, 3)), np.repeat([0, 1], 1500)
    report = stats.reweighting_report(X[y == 0], X[y == 1], np.ones(1500))
    score = rng.normal(size=1500)  # of one half
    deals = [stats.auc(rng.permutation(y[::2]), score) for _ in range(400)]
    assert report.auc_error == pytest.approx(np.std(deals), rel=0.15)


def test_auc_stays_in_its_band_under_the_null(rng):
    pulls = []
    for seed in range(60):
        source, target, weights = samples(rng, 1000)
        report = judged(source, target, weights, rng=seed)
        pulls.append((report.auc - 0.5) / report.auc_error)
    assert np.abs(pulls).max() < 3.9
    assert abs(np.mean(pulls)) < 4 / np.sqrt(60)
    assert np.std(pulls) < 1.3


def test_effective_size_is_kishs_and_the_share_needed_that_of_exact_weights(rng):
    source, target, weights = samples(rng, 20_000)
    report = judged(source, target, weights)
    assert report.effective_size == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    expected = np.exp(-SHIFT @ SHIFT)  # 1 / E[r²] of normal samples
    assert report.effective_share == pytest.approx(expected, abs=0.03)
    assert report.share_needed == pytest.approx(expected, abs=0.06)


def test_signed_weights_are_a_defined_case(rng):
    """One event in five of the source has weight -1: the ratio is learned all the same."""
    source, target, _ = samples(rng, 8000)
    sign = rng.choice([1.0, -1.0], 8000, p=[0.85, 0.15])
    report = stats.reweighting_report(
        source, target, sign * exact_weights(source), sign, features=NAMES
    )
    assert report.verdict == "good"
    assert report.effective_size < 0.6 * 8000
    target[:, 3] *= 1.4
    broken = judged(source, target, sign * exact_weights(source), weights=sign)
    assert broken.causes[0] == "closure"
    assert "eta" in broken.reason


def test_scales_and_rising_functions_change_nothing(good):
    source, target, weights = good
    first = judged(source, target, weights, rng=3)
    moved = stats.reweighting_report(
        np.exp(source), np.exp(target), 7 * weights, np.full(4000, 7.0), np.full(4000, 0.1),
        features=NAMES, rng=3,
    )  # fmt: skip
    assert moved.auc == pytest.approx(first.auc, abs=1e-9)
    assert moved.yield_to_source == pytest.approx(first.yield_to_source)
    for name in ("closures", "cells"):
        pairs = zip(getattr(first, name), getattr(moved, name), strict=True)
        assert all(a.chi2 == pytest.approx(b.chi2, rel=1e-6) for a, b in pairs)


def test_order_of_events_changes_no_closure_and_hardly_the_auc(good, rng):
    source, target, weights = good
    order = rng.permutation(4000)
    first = judged(source, target, weights)
    mixed = judged(source[order], target[::-1], weights[order])
    assert [c.chi2 for c in mixed.cells] == pytest.approx([c.chi2 for c in first.cells])
    assert mixed.effective_size == pytest.approx(first.effective_size)
    assert abs(mixed.auc - first.auc) < 4 * first.auc_error


def test_a_seed_gives_the_same_report(good):
    first, again = (judged(*good, rng=5) for _ in range(2))
    assert repr(first) == repr(again)
    assert judged(*good, rng=6).auc != first.auc


def test_dictionaries_and_frames_are_read_by_name(good):
    import pandas as pd

    source, target, weights = good
    frames = [pd.DataFrame(X, columns=NAMES) for X in (source, target)]
    columns = [dict(zip(NAMES, X.T, strict=True)) for X in (source, target)]
    array = judged(source, target, weights)
    assert repr(stats.reweighting_report(*frames, weights)) == repr(array)
    columns[1] = dict(reversed(columns[1].items()))
    assert repr(stats.reweighting_report(*columns, weights)) == repr(array)
    few = stats.reweighting_report(*frames, weights, features=["pt", "mass"])
    assert [c.features for c in few.closures] == [("pt",), ("mass",)]


def test_held_out_events_alone_are_judged(good):
    source, target, weights = good
    mask = np.arange(4000) < 2500
    part = judged(source[mask], target[mask], weights[mask], rng=1)
    whole = judged(source, target, weights, held_out=(mask, mask), rng=1)
    assert (whole.verdict, whole.auc) == ("good", part.auc)
    assert np.isnan(part.auc_learned)
    assert whole.auc_learned == pytest.approx(0.5, abs=0.06)


def test_another_classifier_may_judge(good):
    from sklearn.linear_model import LogisticRegression

    source, target, weights = good
    linear = LogisticRegression()
    assert judged(source, target, weights, classifier=linear).verdict == "good"
    assert not hasattr(linear, "coef_")
    shifted = judged(source, target, np.ones(4000), classifier=linear)
    ours = judged(source, target, np.ones(4000))
    assert "classifier" in shifted.causes
    best = scipy_stats.norm.cdf(np.sqrt(SHIFT @ SHIFT / 2))
    assert shifted.auc == pytest.approx(best, abs=4 * shifted.auc_error)
    assert ours.auc == pytest.approx(best, abs=0.02)


def test_own_classifier_keeps_up_with_scikit_learn(rng):
    from sklearn.ensemble import HistGradientBoostingClassifier

    source, target = three_way(rng, 8000)
    target[:, 3] *= 1.1
    ours = judged(source, target, np.ones(8000)).auc
    theirs = judged(source, target, np.ones(8000), classifier=HistGradientBoostingClassifier()).auc
    assert ours > theirs - 0.02


def test_result_is_immutable_and_says_what_it_is(good):
    report = judged(*good)
    assert repr(report).startswith("ReweightingReport(good: An independent classifier has an AUC")
    assert repr(report.cells[0]).startswith("Closure(mass × width: χ²/ndf = ")
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.verdict = "good"
    with pytest.raises(ValueError, match="read-only"):
        report.closures[0].pull[0] = 0


def test_shares_add_up_and_regions_agree_with_a_mask(good):
    source, target, weights = good
    report = judged(source, target, weights)
    for closure in (*report.closures, *report.cells):
        assert closure.source.sum() == pytest.approx(1)
        assert closure.target.sum() == pytest.approx(1)
    pt = report.closures[2]
    inside = (source[:, 2] > pt.edges[0][3]) & (source[:, 2] <= pt.edges[0][4])
    assert pt.source[4] == pytest.approx(weights[inside].sum() / weights.sum())


def test_constant_and_discrete_features_are_no_trouble(good):
    source, target, weights = good
    for X in (source, target):
        X[:, 2] = 1.0
        X[:, 3] = np.round(X[:, 3])
    report = judged(source, target, weights)
    assert report.verdict == "good"
    assert (report.closures[2].ndf, report.closures[2].p_value) == (0, 1.0)


ONES = np.ones(60)
TABLE = {"a": np.arange(60.0), "b": np.arange(60.0)[::-1] % 7}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"target": {"a": ONES}}, r"only one has \['b'\]"),
        ({"source": np.ones(60)}, r"source has shape \(60,\): wanted events × features"),
        ({"features": ["c"]}, "source has no feature 'c'"),
        ({"source": np.ones((60, 3)), "features": ["a", "b"]}, "names are given for 2"),
        (
            {"source": {"a": ONES, "b": np.full(60, np.nan)}},
            "60 of 60 values of b of source are NaN",
        ),
        ({"new_weights": np.ones(59)}, "source has 60, new_weights has 59"),
        ({"new_weights": np.resize([1.0, -1.0], 60)}, "new_weights add up to zero"),
        ({"target_weights": np.full(60, np.inf)}, "60 of 60 target_weights are infinite"),
        ({"classifier": object()}, "classifier needs the methods"),
        ({"tolerance": -0.1}, "tolerance is wanted between 0 and 1, not -0.1"),
        ({"false_alarm": 0}, "false_alarm is wanted between 0 and 1, not 0"),
        ({"held_out": (ONES > 0, ONES)}, "pair of boolean masks of 60 and 60 events"),
        ({"held_out": (ONES > 0, ONES < 0)}, "At least 50 events"),
        ({"source": {}, "target": {}}, "source has no features"),
        ({"source": {"a": ["x"] * 60, "b": ONES}}, "a of source has dtype"),
    ],
)
def test_unusable_input_is_named(changes, sentence):
    arguments = {"source": TABLE, "target": TABLE, "new_weights": ONES} | changes
    with pytest.raises((TypeError, ValueError), match=sentence):
        stats.reweighting_report(**arguments)


@given(
    st.integers(50, 80),
    st.integers(1, 3),
    st.integers(0, 999),
    st.sampled_from([0, 1, 3]),
    st.sampled_from([0.0, 0.2]),
)
@settings(max_examples=25)
def test_any_numbers_give_a_verdict_and_a_sentence(n, features, seed, decimals, negative):
    rng = np.random.default_rng(seed)
    source, target = np.round(rng.normal(size=(2, n, features)), decimals)
    weights = rng.exponential(1, n) * rng.choice([1, -1], n, p=[1 - negative, negative])
    report = stats.reweighting_report(source, target, weights, rng=seed)
    assert report.verdict in {"good", "not good", "cannot tell"}
    assert report.reason.endswith(".")
    assert (report.verdict == "good") == (report.causes == ())


# ---------------------------------------------------------------- one histogram


def test_a_histogram_is_tested_as_pearson_does(rng):
    a, b = rng.integers(0, 6, 900), rng.integers(0, 6, 1400)
    table = [np.bincount(a, minlength=6), np.bincount(b, minlength=6)]
    pearson = scipy_stats.chi2_contingency(table, correction=False)
    found = stats.histogram_test(a, b)
    assert found.chi2 == pytest.approx(pearson.statistic, rel=1e-9)
    assert (found.ndf, found.p_value) == (5, pytest.approx(pearson.pvalue))


def test_a_histogram_does_not_depend_on_scales_names_of_bins_and_empty_ones(rng):
    a, b = rng.integers(0, 6, (2, 1000))
    weights = rng.exponential(size=(2, 1000))
    found = stats.histogram_test(a, b, *weights)
    moved = stats.histogram_test(9 - 2 * a, 9 - 2 * b, 3 * weights[0], weights[1] / 7)
    assert moved.ndf == found.ndf == 5
    assert moved.chi2 == pytest.approx(found.chi2, rel=1e-9)


def test_p_values_of_weighted_histograms_are_uniform(rng):
    p = []
    for _ in range(400):
        a, b = rng.integers(0, 5, (2, 1500))
        weights = rng.exponential(size=(2, 1500)) * rng.choice([1, 1, 1, 1, -1], (2, 1500))
        p.append(stats.histogram_test(a, b, *weights).p_value)
    assert scipy_stats.kstest(p, "uniform").pvalue > 1e-4


def test_one_bin_tells_nothing_and_a_shift_is_seen(rng):
    assert stats.histogram_test([3] * 60, [3] * 70) == stats.HistogramTest(0.0, 0, 1.0)
    a, b = rng.binomial(4, 0.4, 2000), rng.binomial(4, 0.5, 2000)
    assert stats.histogram_test(a, b).p_value < 1e-6


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (([0.5, 1.0], [1, 2]), "a has dtype float64: wanted numbers of bins, which are whole."),
        (([0, 1], [1, 2], [1.0]), "a has 2, weights_a has 1"),
        (([0, 1], [1, 2], None, [1.0, np.nan]), "1 of 2 weights_b is NaN, first at index 1."),
        (([0, 1], [1, 2], [1.0, -1.0]), "The weights_a add up to zero"),
        (([], [1, 2]), "a is an empty array of dtype float64"),
    ],
)
def test_a_histogram_that_cannot_be_tested_is_told(given, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        stats.histogram_test(*given)


def test_the_report_says_what_a_region_may_differ_by(good):
    assert judged(*good, tolerance=0.02).region_tolerance == pytest.approx(0.04 * np.sqrt(np.pi))
