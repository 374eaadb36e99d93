"""ShapeCompare's contract in Python: numpy's shares in any region, small tables, honest input."""

import dataclasses
import json
import math

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from hepml import stats
from hepml_widgets import ShapeCompare
from hepml_widgets.core.axes import nice_edges
from hepml_widgets.core.numbers import percent, significant
from hepml_widgets.core.payload import portable
from hepml_widgets.shape_compare.payload import Content, compared, shape_tests, spectra_of
from hepml_widgets.shape_compare.view import axes_of

NAMES = ("mass [GeV]", "width", "eta")
SHIFT = np.array([0.6, 0.3, 0.0])
EDGES = {"mass [GeV]": np.linspace(-2, 2, 11), "width": [-1.0, 0.0, 0.5, 2.0, 3.0]}


def samples(rng, n=2000):
    source, target = rng.normal(size=(2, n, 3))
    return source, target + SHIFT, np.exp(source @ SHIFT - SHIFT @ SHIFT / 2)


@pytest.fixture(scope="module")
def events():
    return samples(np.random.default_rng(5))


@pytest.fixture(scope="module")
def reports(events):
    source, target, exact = events
    judged = {"exact": exact, "none": np.ones(len(source))}
    return {
        name: stats.reweighting_report(source, target, w, features=NAMES)
        for name, w in judged.items()
    }


@pytest.fixture
def view(events, reports):
    source, target, exact = events
    both = {"exact": exact, "none": np.ones(len(source))}
    return ShapeCompare(source, target, both, features=NAMES, report=reports)


def numpys(X, weights, axis, column, cut):
    """Shares and their standard errors by the definitions, linear in each weight."""
    codes = np.searchsorted(axis.edges[1:-1], X[:, column], side="right")
    total, shares, errors = weights.sum(), [], []
    for k in range(axis.bins):
        inside = (codes == k) & cut
        share = weights[inside].sum() / total
        shares.append(share)
        errors.append(math.sqrt(np.sum((weights * (inside - share)) ** 2)) / abs(total))
    return np.array(shares), np.array(errors)


def test_representation_is_stable(view):
    assert repr(view) == (
        "ShapeCompare(2000 source and 2000 target events, 'exact': good, 'none': not good)"
    )


def test_the_report_is_the_doctors(events, reports):
    source, target, exact = events
    view = ShapeCompare(source, target, exact, features=NAMES)
    assert repr(view.report) == repr(reports["exact"])
    assert view.method == "reweighted"
    tests = view.tests["reweighted"].values()
    least, count = min(test.p_value for test in tests), len(tests)
    after = significant(1 - (1 - least) ** count, 2)
    assert view.verdicts[0] == (
        f"\u2068reweighted\u2069: ✓ good. {view.report.reason} Each of 3 histograms agrees with "
        f"the target (least p {significant(least, 2)}, {after} after 3 features)."
    )


def in_bins(counts):
    """Events in the middles of unit bins."""
    return np.repeat(np.arange(len(counts)) + 0.5, counts)


def test_what_is_seen_to_differ_is_not_called_good(rng):
    """Neighbouring bins are off by 13 %: wider regions and a classifier do not see it."""
    usual = np.full(17, 600)
    other = usual + 76 * np.array([1, -1, 0, 0] * 4 + [0])
    n = usual.sum()
    noise = rng.normal(size=(2, n, 2))
    source, target = (
        {"x": in_bins(c), "y": y, "z": z}
        for c, (y, z) in zip((usual, other), noise.transpose(0, 2, 1), strict=True)
    )
    view = ShapeCompare(source, target, np.ones(n), bins={"x": np.arange(18.0)})
    test = view.tests["reweighted"]["x"]
    wanted = chi2_contingency([usual, other], correction=False)
    assert (test.chi2, test.ndf) == (pytest.approx(wanted.statistic), 16)
    assert test.p_value == pytest.approx(wanted.pvalue)
    assert test.p_global == pytest.approx(1 - (1 - wanted.pvalue) ** 3)
    assert view.report.verdict == "good"  # within its tolerance
    assert test.p_global < 0.01
    assert "✗ not good" in view.verdicts[0]
    assert (
        f"x\u2069 differs from the target: χ² = {wanted.statistic:.1f} for 16" in view.verdicts[0]
    )
    assert f"p = {significant(test.p_value, 2)}, " in view.verdicts[0]
    assert "'reweighted': not good" in repr(view)
    assert f"χ² {test.text}" in view.readout


def test_alike_histograms_are_rarely_called_different():
    """At 1 % after all features: 60 views of 5 features, 0.6 expected."""
    seen = 0
    for seed in range(60):
        source, target = np.random.default_rng(seed).normal(size=(2, 400, 5))
        axes = axes_of("abcde", np.concatenate([source, target]), 20)
        tests = shape_tests((source, np.ones(400)), (target, np.ones(400)), axes)
        seen += min(test.p_global for test in tests.values()) <= 0.01
    assert seen <= 4


def test_missing_values_are_counted_and_judged(rng):
    source, target = rng.normal(size=(2, 3000, 2))
    source[:300, 1], target[:600, 1] = np.nan, np.nan
    view = ShapeCompare(source, target, np.ones(3000), features=["a", "b"])
    view.feature = "b"
    contents = view.contents
    assert contents["source"].p.sum() == pytest.approx(0.9)
    assert contents["target"].p.sum() == pytest.approx(0.8)
    note = view.notes[1].split(";")[0]
    assert note == (
        f"no value in {percent(0.1)} of the source and {percent(0.2)} of the target events"
    )
    assert view.notes[0].partition(";")[0] != note
    assert view.tests["reweighted"]["b"].p_global < 1e-6
    assert "not good" in view.verdicts[0]
    view.brush = ("a", -1, 1)
    inside = (source[:, 0] >= view.brush[1]) & (source[:, 0] < view.brush[2])
    assert view.contents["source"].p.sum() == pytest.approx(np.mean(inside[300:]) * 0.9, rel=1e-3)


def test_as_many_missing_on_both_sides_are_good(rng):
    source, target = rng.normal(size=(2, 3000, 2))
    source[rng.random(3000) < 0.2, 1] = target[rng.random(3000) < 0.2, 1] = np.nan
    view = ShapeCompare(*({"a": one[:, 0], "b": one[:, 1]} for one in (source, target)),
                        np.ones(3000))  # fmt: skip
    assert "✓ good" in view.verdicts[0]
    assert "nan" not in view.describe() + view.readout


def test_a_feature_that_is_never_there_is_named(rng):
    source, target = rng.normal(size=(2, 100, 2))
    source[:, 1] = target[:, 1] = np.nan
    with pytest.raises(ValueError, match="'x1' has no value in any event"):
        ShapeCompare(source, target, np.ones(100))


@pytest.mark.parametrize(
    ("values", "bins", "edges"),
    [
        ([0, 1, 1, 0], 20, [-0.5, 0.5, 1.5]),
        ([2, 3, 7], 20, np.arange(1.5, 8)),
        (np.arange(40), 20, np.arange(-0.5, 40, 2)),
        (np.arange(41.0), 20, np.arange(-0.5, 42, 3)),
        ([5, 5, 5], 20, [3.5, 4.5, 5.5, 6.5]),
        (np.arange(-3, 4), 7, np.arange(-3.5, 4)),
    ],
)
def test_whole_numbers_have_whole_bins(values, bins, edges):
    np.testing.assert_array_equal(nice_edges(np.array(values, float), bins), edges)


def test_each_count_of_jets_has_its_own_bin(rng):
    source, target = ({"n": rng.poisson(3, 500), "x": rng.normal(size=500)} for _ in range(2))
    view = ShapeCompare(source, target, np.ones(500))
    p = view.contents["source"].p
    wanted = np.bincount(source["n"], minlength=len(p)) / 500
    np.testing.assert_allclose(p, wanted[: len(p)])


def test_a_verdict_for_every_method_with_its_reason(view, reports):
    for text, (name, report) in zip(view.verdicts, reports.items(), strict=True):
        assert text.startswith(f"\u2068{name}\u2069: ")
        assert f" {report.verdict}. {report.reason}" in text


def test_shares_of_all_events_are_numpys(view, events):
    source, target, exact = events
    everywhere = np.ones(len(source), dtype=bool)
    given_to = {
        "source": (source, np.ones(len(source))),
        "target": (target, np.ones(len(target))),
        "reweighted": (source, exact),
    }
    for column, name in enumerate(NAMES):
        view.feature = name
        for key, content in view.contents.items():
            p, error = numpys(*given_to[key], view.axis, column, everywhere)
            np.testing.assert_allclose(content.p, p, rtol=1e-12)
            np.testing.assert_allclose(content.error, error, rtol=1e-9, atol=1e-12)
    assert view.closure == pytest.approx((1, 0), rel=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2), st.integers(0, 2), st.floats(-3, 3), st.floats(0, 4), st.booleans())
def test_a_region_holds_what_numpy_cuts(  # noqa: PLR0917 - two fixtures, one region
    events, reports, shown, brushed, low, width, signed
):
    source, target, exact = events
    if signed:
        exact = np.where(np.arange(len(exact)) % 5 == 0, -0.5, 1.3) * exact
    view = ShapeCompare(source, target, exact, features=NAMES, bins=EDGES, report=reports["exact"])
    view.brush = (NAMES[brushed], low, low + width)
    view.feature = NAMES[shown]
    start, stop = view.brush[1:]
    axis = view._axis(NAMES[brushed])
    values = np.clip(source[:, brushed], axis.edges[0], np.nextafter(axis.edges[-1], -9))
    cut = (values >= start) & (values < stop)
    cut = cut if shown != brushed else np.ones(len(cut), dtype=bool)
    p, error = numpys(source, exact, view.axis, shown, cut)
    found = view.contents["reweighted"]
    np.testing.assert_allclose(found.p, p, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found.error, error, rtol=2e-3, atol=1e-7)


def test_closure_is_that_of_the_region(view, events):
    source, target, exact = events
    view.brush = ("width", 0, 1)
    low, high = view.brush[1:]
    cuts = [(X[:, 1] >= low) & (X[:, 1] < high) for X in (source, target)]
    shares = [w[c].sum() / w.sum() for w, c in zip((exact, np.ones(2000)), cuts, strict=True)]
    errors = [
        math.sqrt(np.sum((w * (c - p)) ** 2)) / w.sum()
        for w, c, p in zip((exact, np.ones(2000)), cuts, shares, strict=True)
    ]
    ratio = shares[0] / shares[1]
    relative = math.hypot(*(e / p for e, p in zip(errors, shares, strict=True)))
    assert view.closure == pytest.approx((ratio, ratio * relative), rel=1e-9)


def test_pulls_of_exact_weights_are_standard_normal():
    """The mean square of 960 pulls scatters by 5 %."""
    pulls = []
    for seed in range(40):
        source, target, exact = samples(np.random.default_rng(seed), 3000)
        report = dataclasses.replace(REPORT)
        view = ShapeCompare(source, target, exact, features=NAMES, report=report, bins=8)
        for name in NAMES:
            view.feature = name
            pulls.append(view.comparison.pull)
    pulls = np.concatenate(pulls)
    assert np.nanmean(pulls**2) == pytest.approx(1, abs=0.2)


REPORT = stats.reweighting_report(*samples(np.random.default_rng(0), 60))


def test_what_cannot_be_compared_is_not_a_number():
    empty, some = Content(*np.zeros((2, 1)), 1e-3), Content(np.array([0.2]), np.array([1e-3]), 1e-2)
    assert np.isnan(compared(some, empty).ratio).all()
    assert np.isnan(compared(some, empty).pull).all()
    assert compared(empty, some).ratio == 0
    poor = Content(np.array([0.04]), np.array([4e-4]), 1e-2)  # 4 effective events
    assert np.isnan(compared(poor, some).pull).all()
    negative = Content(np.array([-0.2]), np.array([1e-3]), 1e-2)
    assert compared(negative, some).ratio == -1
    assert compared(negative, some).pull < -5
    assert np.isnan(compared(some, negative).ratio).all()


@given(
    st.lists(st.floats(-1e3, 1e6).filter(lambda w: w == 0 or abs(w) > 1e-9), min_size=2).filter(
        lambda ws: abs(sum(ws)) > 1e-6 * sum(map(abs, ws))
    )
)
def test_every_weight_is_counted_once(weights):
    (found,) = spectra_of([np.array(weights)])
    assert found.positive.sum() + found.negative.sum() + found.zero == len(weights)
    sign = np.sign(sum(weights))
    assert found.positive.sum() == sum(sign * w > 0 for w in weights)
    assert found.zero == sum(w == 0 for w in weights)


def table_size(view):
    return len(json.dumps(portable(view.payload)))


@pytest.mark.parametrize(("count", "methods"), [(1, 1), (2, 4), (4, 2), (6, 1), (12, 4)])
def test_table_is_at_most_100_kilobytes(rng, count, methods):
    source, target = rng.normal(size=(2, 300, count))
    names = [f"method {i}" for i in range(methods)]
    new = dict.fromkeys(names, np.ones(300))
    view = ShapeCompare(source, target, new, report=dict.fromkeys(names, REPORT), bins=40)
    assert table_size(view) <= 100_000


def test_table_does_not_grow_with_the_events(rng):
    sizes = []
    for n in (100, 100_000):
        source, target, exact = samples(rng, n)
        view = ShapeCompare(source, target, exact, report=REPORT, bins=dict.fromkeys(
            ("x0", "x1", "x2"), np.linspace(-3, 3, 21)))  # fmt: skip
        view.spectra = {}
        sizes.append(table_size(view))
    assert sizes[1] < 1.1 * sizes[0]


def test_four_features_and_two_methods_have_regions(rng):
    source, target = rng.normal(size=(2, 300, 4))
    new = dict.fromkeys("ab", np.ones(300))
    view = ShapeCompare(source, target, new, report=dict.fromkeys("ab", REPORT))
    view.brush = ("x2", 0, 1)
    assert view.brush[0] == "x2"


def test_without_room_there_are_no_regions(rng):
    source, target = rng.normal(size=(2, 300, 12))
    view = ShapeCompare(source, target, np.ones(300), report=REPORT)
    with pytest.raises(traitlets.TraitError, match="no room for regions"):
        view.brush = ("x2", 0, 1)


def test_held_out_events_are_those_shown(events):
    source, target, exact = events
    half = np.arange(2000) >= 1000
    view = ShapeCompare(source, target, exact, held_out=(half, half), report=REPORT)
    alone = ShapeCompare(source[half], target[half], exact[half], report=REPORT)
    assert repr(view).startswith("ShapeCompare(1000 source and 1000 target events")
    np.testing.assert_allclose(view.comparison.ratio, alone.comparison.ratio)


def test_traits_snap_and_say_what_is_known(view):
    view.brush = ("width", -0.01, 0.02)
    edges = view._edges(view._axis("width"))
    assert view.brush[1] in edges
    assert view.brush[2] in edges
    for trait, value, match in (
        ("feature", "pt", "no feature 'pt': there are 'mass"),
        ("method", "other", "no weights 'other': there are 'exact', 'none'"),
        ("brush", ("pt", 0, 1), "no feature 'pt'"),
        ("brush", ("width", 1), "empty or"),
        ("brush", ("width", 2, 1), "from low to high"),
        ("brush", ("width", math.nan, 1), "from low to high"),
    ):
        with pytest.raises(traitlets.TraitError, match=match):
            setattr(view, trait, value)


BAD = {
    "no methods": ({"new_weights": {}}, "One to 4 sets"),
    "called source": ({"new_weights": {"source": np.ones(60)}}, "can be called 'source'"),
    "short": ({"new_weights": np.ones(3)}, "source has 60, new_weights has 3"),
    "short one": ({"new_weights": {"a": np.ones(3)}}, "Weights 'a': One entry per event"),
    "nothing": ({"new_weights": np.zeros(60)}, "new_weights add up to zero"),
    "infinite": ({"new_weights": np.full(60, np.inf)}, "infinite"),
    "other report": ({"report": {"b": REPORT}}, r"report has \['b'\], but the new weights are"),
    "no report": ({"report": {"reweighted": "good"}}, "report is what"),
    "bins": ({"bins": 3}, "bins is a number of bins, 4 to 40"),
    "many bins": ({"bins": 41}, "41 bins are too many"),
    "edges": ({"bins": {"x0": [1, 0]}}, "finite and rising"),
    "unknown edges": ({"bins": {"x9": [0, 1]}}, "'x9', which is no feature"),
    "features": ({"features": ["a"]}, "3 columns, but names are given for 1"),
    "mask": ({"held_out": (np.ones(3), np.ones(3))}, "held_out is a pair of boolean masks"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gives_one_clear_sentence(case, rng):
    source, target, exact = samples(rng, 60)
    changed, match = BAD[case]
    with pytest.raises((ValueError, TypeError), match=match):
        ShapeCompare(source, target, **({"new_weights": exact} | changed))


def test_tables_are_matched_by_name(events, reports):
    source, target, exact = events
    named = dict(zip(NAMES, source.T, strict=True))
    turned = dict(zip(NAMES[::-1], target.T[::-1], strict=True))
    options = {"report": reports["exact"], "features": NAMES}
    views = [ShapeCompare(named, turned, exact, **options)]
    views += [ShapeCompare(source, target, exact, **options)]
    for view in views:
        view.feature = "eta"
    np.testing.assert_array_equal(*(view.comparison.pull for view in views))


def test_too_many_features(rng):
    source, target = rng.normal(size=(2, 60, 13))
    with pytest.raises(ValueError, match="13 features, but 12 at most"):
        ShapeCompare(source, target, np.ones(60), report=REPORT)


def test_figure_shows_what_is_shown(view):
    view.brush = ("width", 0, 1)
    figure = view.figure()
    labels = [axes.get_ylabel() for part in figure.subfigs for axes in part.axes]
    assert labels[:4] == ["share / bin", "ratio to target", "pull [σ]", "events / bin"]
    assert figure.subfigs[0].axes[2].get_xlabel() == "mass [GeV]"


def test_points_beyond_the_frame_leave_the_layout_alone(view):
    view.method = "none"
    view.brush = ("mass [GeV]", 1, 2)
    assert (view.comparison.ratio < 1).any()
    figure = view.figure()
    figure.draw_without_rendering()
    heights = [axes.get_position().height for axes in figure.subfigs[0].axes]
    assert sum(heights) > 0.75


def test_figure_of_signed_weights_and_constant_features(rng):
    source, target = np.ones((2, 60, 2))
    signed = rng.choice([1.0, -0.3], 60, p=[0.8, 0.2])
    view = ShapeCompare(source, target, signed, report=REPORT, features=["$a_b$", "c"])
    assert view.picture().startswith(b"\x89PNG")
    assert view.spectra["reweighted"].negative.sum() == np.sum(signed < 0)


def test_describe_tells_verdict_and_readout(view):
    assert view.readout in view.describe()
    assert all(text in view.describe() for text in view.verdicts)
