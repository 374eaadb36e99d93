"""AnomalyMonitor's contract in Python: points and population told apart, honest chances."""

import math
import re

import numpy as np
import pytest
import traitlets
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import binomtest, norm

from hepml import stats
from hepml_widgets import AnomalyMonitor
from hepml_widgets.anomaly_monitor.payload import RATES, deviations
from hepml_widgets.core.numbers import with_error
from tests.support.toy_anomalies import DAYS, FEATURES, columns, events, populations, scores_of, toy
from tests.widgets.sizes import payload

EVENT = st.tuples(st.sampled_from([-1.0, 0.0, 0.5, 1e3]), st.floats(-1, 3, width=32))
NULL = np.linspace(0.45, 0.55, 999)


@pytest.fixture
def monitor(rng):
    return toy(rng)


def test_representation_is_stable(monitor):
    assert repr(monitor) == (
        "AnomalyMonitor(6000 reference and 2000 today events, 2 alarms in 8 periods at 5 %)"
    )
    assert repr(AnomalyMonitor(range(20), [3])) == (
        "AnomalyMonitor(20 reference and 1 today events)"
    )
    quiet = AnomalyMonitor(populations=0.5, null=NULL, false_alarm=0.001)
    assert repr(quiet) == "AnomalyMonitor(0 alarms in 1 period at 0.1 %)"


@pytest.mark.parametrize(
    ("strange", "shift", "said"),
    [
        (0, 0, "Neither points nor population: "),
        (30, 0, "Points, not population: "),
        (0, 0.02, "Population, not points: "),
        (30, 0.04, "Points and population: "),
    ],
)
def test_points_and_population_are_told_apart(rng, strange, shift, said):
    monitor = toy(rng, strange=strange, shift=shift, false_alarm=0.01)
    assert monitor.verdicts["both"].startswith(f"day 8 · {said}")
    more = "more outliers than usual" in monitor.verdicts["points"].replace("no more", "fewer")
    assert more == bool(strange)
    assert (" differs (AUC " in monitor.verdicts["population"]) == bool(shift)
    assert ("chiefly by pt" in monitor.verdicts["population"]) == bool(shift)


# ---------------------------------------------------------------- points


@pytest.mark.parametrize("weights", [None, [1.0], [1.0, 2.5], [1.0, 2.5, -0.5]])
@pytest.mark.parametrize("exposure", [None, 0.4])
def test_yields_are_sums_over_the_events(rng, weights, exposure):
    samples = rng.gamma(2, 1, 900), rng.gamma(2, 1.1, 300)
    w = [None if weights is None else rng.choice(weights, len(one)) for one in samples]
    monitor = AnomalyMonitor(*samples, reference_weights=w[0], weights=w[1], exposure=exposure)
    w = [np.ones(len(s)) if one is None else one for s, one in zip(samples, w, strict=True)]
    factor = w[1].sum() / w[0].sum() if exposure is None else exposure
    points = monitor.points
    above = [(s >= points.threshold[:, None]) @ one for s, one in zip(samples, w, strict=True)]
    squares = [(s >= points.threshold[:, None]) @ one**2 for s, one in zip(samples, w, strict=True)]
    np.testing.assert_allclose(points.observed, above[1], atol=1e-9)
    np.testing.assert_allclose(points.expected, factor * above[0], atol=1e-9)
    rare = points.expected < 0.05 * points.total
    assert rare.sum() > 20
    poisson = factor * np.sqrt(squares[0])
    tolerance = {"rtol": 0.06 if exposure is None else 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(points.expected_error[rare], poisson[rare], **tolerance)
    np.testing.assert_allclose(points.observed_error[rare], np.sqrt(squares[1])[rare], **tolerance)
    assert points.today.sum() == pytest.approx(w[1].sum())
    assert points.reference.sum() == pytest.approx(factor * w[0].sum())
    assert points.total == pytest.approx(w[1].sum())
    assert (np.diff(points.threshold) > 0).all()


@pytest.mark.parametrize("exposure", [None, 2.0])
def test_chance_of_counts_is_the_binomial_one(rng, exposure):
    reference, today = rng.normal(size=400), rng.normal(size=100)
    points = AnomalyMonitor(reference, today, exposure=exposure).points
    factor = 100 / 400 if exposure is None else exposure
    share = factor / (1 + factor)
    for threshold, p in zip(points.threshold[::7], points.p_value[::7], strict=True):
        on, off = np.count_nonzero(today >= threshold), np.count_nonzero(reference >= threshold)
        wanted = binomtest(on, on + off, share, "greater").pvalue if on else 1
        assert p == pytest.approx(wanted)


def test_chance_does_not_depend_on_the_unit_of_the_weights(rng):
    samples = rng.normal(size=300), rng.normal(size=200)
    w = rng.gamma(3, 1, 300), rng.gamma(3, 1, 200)
    found = [
        AnomalyMonitor(*samples, reference_weights=a * w[0], weights=b * w[1]).points.p_value
        for a, b in ((1, 1), (1e-6, 1e9))
    ]
    np.testing.assert_allclose(*found, rtol=1e-9)


@pytest.mark.parametrize("kind", ["none", "gamma", "signed"])
def test_alarms_of_points_are_false_as_often_as_promised(rng, kind):
    draw = {
        "none": np.ones,
        "gamma": lambda n: rng.gamma(2, 0.5, n),
        "signed": lambda n: rng.choice([1.0, 1.0, 1.0, -0.3], n),
    }[kind]
    pairs = 400
    alarms = 0
    for _ in range(pairs):
        samples = rng.normal(size=800), rng.normal(size=400)
        points = AnomalyMonitor(*samples, reference_weights=draw(800), weights=draw(400)).points
        alarms += points.p_value[points.row(1.5)] <= 0.05
    assert 0.01 * pairs <= alarms <= 0.05 * pairs + 3.5 * math.sqrt(0.05 * 0.95 * pairs)


def test_expected_error_is_the_spread_of_references(rng):
    found = []
    for _ in range(300):
        points = AnomalyMonitor(rng.normal(size=500), np.linspace(-2, 3, 100)).points
        row = points.row(1.0)
        found.append([points.expected[row], points.expected_error[row]])
    values, errors = np.transpose(found)
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.25)


def test_contamination_is_what_was_put_in(rng):
    reference = rng.normal(size=20_000)
    today = np.concatenate([rng.normal(size=9_900), rng.normal(9, 1, 100)])
    monitor = AnomalyMonitor(reference, today)
    share, error = (column[monitor.points.row(monitor.threshold)]
                    for column in monitor.points.contamination)  # fmt: skip
    assert share == pytest.approx(0.01, abs=4 * error)
    assert error < 0.003


def test_sentences_have_names_without_braces(rng):
    periods = {"run_{1}": 0.1, "run_{2}": 5.0}
    told = {"run_{2}": {"m_{jj}": 1e-4, "p_{T}^{miss}": 0.5}}
    null = rng.normal(size=99)
    view = AnomalyMonitor(populations=periods, null=null, ks=told, statistic="C_{2}")
    assert "run2 differs (C2 5.000, " in view.verdicts["population"]
    assert ", chiefly by mjj. " in view.verdicts["population"]
    assert "{" not in view.describe()


def test_readout_is_made_of_points_and_period(monitor):
    points, row = monitor.points, monitor.points.row(monitor.threshold)
    parts = monitor.readout.split(" · ")
    assert parts[1] == f"above {with_error(points.observed[row], points.observed_error[row])}"
    assert parts[2] == f"expected {with_error(points.expected[row], points.expected_error[row])}"
    assert parts[6:] == [
        "period day 8",
        "AUC 0.540\xa0±\xa00.005",
        "p ≤ 0.0010",
        "after 8 trials ≤ 0.0080",
    ]


@pytest.mark.parametrize("flagged", [0.001, 0.01, 0.3])
def test_the_threshold_begins_where_the_reference_is_flagged(rng, flagged):
    reference = rng.normal(size=5000)
    monitor = AnomalyMonitor(reference, rng.normal(size=5000), flagged=flagged)
    assert np.mean(reference >= monitor.threshold) <= flagged
    assert np.mean(reference >= monitor.threshold) > 0.7 * flagged


@pytest.mark.parametrize("value", [-math.inf, 0.3, 2.345, 1e9])
def test_the_threshold_moves_to_the_nearest(monitor, value):
    monitor.threshold = value
    rows = monitor.points.threshold
    at = np.clip(value, rows[0], rows[-1])
    assert abs(monitor.threshold - at) == np.abs(rows - at).min()


@pytest.mark.parametrize(
    ("scores", "scale"),
    [
        ([0.1, 0.2, 0.5], "linear"),
        ([1e-3, 2e-3, 5.0], "log"),
        ([-1.0, 2.0, 3e5], "linear"),
        ([5.0], "linear"),
    ],
)
def test_axis_suits_the_scores(scores, scale):
    points = AnomalyMonitor(20 * scores, scores).points
    assert points.scale == scale
    assert points.edges[0] <= min(scores)
    assert points.edges[-1] >= max(scores)


# ---------------------------------------------------------------- outliers


def test_outliers_are_the_highest_scores(monitor, rng):
    scores = [one.score for one in monitor.points.outliers]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 20
    assert monitor.outlier is monitor.points.outliers[0]
    today = rng.permutation(np.repeat(np.arange(5.0), 3))
    few = AnomalyMonitor(range(20), today)
    assert [one.row for one in few.points.outliers] == list(np.argsort(-today, kind="stable"))
    assert few.outlier.contributions == {}


def test_the_strange_feature_stands_first(monitor):
    for one in monitor.points.outliers:
        assert next(iter(one.contributions)) == "met"
        assert one.contributions["met"] > 3
        assert one.row < 30
        assert one.values["met"] > 3


def test_deviations_are_those_of_a_normal_reference(rng):
    reference = rng.normal(5, 2, 200_000)
    found = deviations(reference, None, np.array([5.0, 9.0, 1.0, 1e9, -1e9]))
    most = -norm.ppf(0.5 / 200_001)
    np.testing.assert_allclose(found, [0, 2, -2, most, -most], atol=0.03)


@given(st.lists(EVENT, min_size=1, max_size=9), st.lists(EVENT, min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_deviations_are_quantiles_of_the_weights(reference, values):
    ref, w = map(np.array, zip(*reference, strict=True))
    assume(w.sum() > 0.01)
    x = np.array([value for value, _ in values])
    unit = (w**2).sum() / w.sum()
    share = [w[ref < one].sum() + w[ref == one].sum() / 2 + unit / 2 for one in x]
    least = unit / 2 / (w.sum() + unit)
    wanted = norm.ppf(np.clip(np.array(share) / (w.sum() + unit), least, 1 - least))
    np.testing.assert_allclose(deviations(ref, w, x), wanted, rtol=1e-6, atol=1e-6)


def test_contributions_of_the_users_own(rng):
    errors = rng.gamma(1, 1, (50, 3))
    scores = errors.sum(axis=1)
    monitor = AnomalyMonitor(scores, scores, contributions=errors, feature_names=["a", "b", "c"])
    best = int(scores.argmax())
    assert monitor.event == best
    found = monitor.outlier.contributions
    assert {name: found[name] for name in "abc"} == dict(zip("abc", errors[best], strict=True))
    assert list(found.values()) == sorted(errors[best], reverse=True)
    assert monitor.points.unit == ""
    signed = AnomalyMonitor(range(20), [1], contributions=[[0.5, -3.0, 2.0]])
    assert list(signed.outlier.contributions.items()) == [("x1", -3), ("x2", 2), ("x0", 0.5)]
    with_values = AnomalyMonitor(scores, scores, contributions=errors, features=2 * errors)
    assert with_values.outlier.values["x1"] == 2 * errors[best, 1]


# ---------------------------------------------------------------- populations


@given(
    st.lists(st.integers(0, 40), min_size=19, max_size=300), st.integers(-1, 41),
    st.integers(1, 60),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_an_alarm_is_a_small_p_value(null, statistic, count):
    given_ = {str(k): statistic for k in range(count)}
    monitor = AnomalyMonitor(populations=given_, null=null)
    period = monitor.shown
    as_large = sum(one >= statistic for one in null)
    assert period.p_value == pytest.approx((1 + as_large) / (1 + len(null)))
    assert period.p_global == pytest.approx(1 - (1 - period.p_value) ** count)
    for rate in RATES:
        assert period.is_alarm(rate) == (period.p_value <= rate)
        low, high = period.limits(rate)
        assert math.isnan(high) == (rate * (1 + len(null)) < 1 - 1e-9)
        assert math.isnan(high) or low <= high


def test_alarms_of_periods_are_false_as_often_as_promised(rng):
    values = {str(k): rng.normal() for k in range(60)}
    found = []
    for _ in range(40):
        monitor = AnomalyMonitor(populations=values, null=rng.normal(size=(60, 199)))
        values = {str(k): rng.normal() for k in range(60)}
        found += [one.is_alarm(0.05) for one in monitor.periods]
    assert np.mean(found) == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 2400))


def test_nulls_are_one_for_all_or_one_for_each(rng):
    null = rng.normal(size=(2, 99))
    values = {"a": 1.0, "b": (2.0, 0.5)}
    by_row = AnomalyMonitor(populations=values, null=null)
    by_name = AnomalyMonitor(populations=values, null={"b": null[1], "a": null[0]})
    shared = AnomalyMonitor(populations=values, null=null[0])
    for one, other in zip(by_row.periods, by_name.periods, strict=True):
        np.testing.assert_array_equal(one.null, other.null)
    np.testing.assert_array_equal(shared.periods[1].null, by_row.periods[0].null)
    assert [period.error for period in shared.periods][1] == 0.5


def test_too_few_permutations_are_said_so(rng):
    monitor = toy(rng, null=0.5 + 0.005 * rng.normal(size=99), false_alarm=0.001)
    assert monitor.verdicts["population"] == (
        "Population: 99 values of the null cannot tell 0.1\u202f%: at least 999 are wanted."
    )
    assert monitor.verdicts["both"].startswith("Too few permutations")
    assert monitor.figure().axes


def sentence(statistic, ks=None, **others):
    given_ = {"a": statistic, **others}
    monitor = AnomalyMonitor(populations=given_, null=NULL, ks=ks and {"a": ks})
    monitor.period = "a"
    return monitor.verdicts["population"]


def test_reasons_are_given():
    lead = "Population: a differs (AUC 0.6000, chance stays below 0.5451 in 95\u202f%)"
    assert sentence(0.6) == f"{lead}."
    assert sentence(0.6, {"x": 1e-3, "y": 0.5}) == f"{lead}, chiefly by x."
    assert sentence(0.6, {"x": 0.04, "y": 0.5}) == f"{lead}, though no feature alone does."
    quiet = (
        "Population: a is like the reference (AUC 0.5000, chance stays below 0.5451 in 95\u202f%)"
    )
    assert sentence(0.5, {"x": 0.5, "y": 1e-3}) == f"{quiet}, though y alone differs."
    assert sentence(0.5, {"x": 0.5}) == f"{quiet}."
    others = {f"day {k}": 0.5 for k in range(19)}
    many = sentence(0.547, None, **others)
    assert many.endswith(
        "Among 20 periods that is no surprise (p 0.47). "
        "Alarms: 1 in 20 periods, 1.0 expected by chance."
    )


def test_features_are_corrected_for_their_number(rng):
    tests = {name: stats.two_sample_test(rng.normal(size=50), rng.normal(k, 1, 50))
             for k, name in enumerate(FEATURES)}  # fmt: skip
    monitor = AnomalyMonitor(populations=0.5, null=NULL, ks=tests)
    assert monitor.shown.name == "today"
    for name, (p, after) in monitor.shown.features.items():
        assert p == tests[name].p_value
        assert after == pytest.approx(1 - (1 - p) ** 4)
    found = [p for p, _ in monitor.shown.features.values()]
    assert found == sorted(found)


# ---------------------------------------------------------------- traits and pictures


def test_traits_take_only_what_there_is(monitor):
    monitor.event = monitor.points.outliers[5].row
    assert monitor.outlier is monitor.points.outliers[5]
    monitor.period = "day 2"
    assert monitor.shown is monitor.periods[1]
    with pytest.raises(traitlets.TraitError, match=r"Event 1999 is not among .* these are \d+, "):
        monitor.event = 1999
    with pytest.raises(traitlets.TraitError, match=r"no period 'day 9': there are 'day 1', "):
        monitor.period = "day 9"
    with pytest.raises(
        traitlets.TraitError, match=r"false_alarm is 0.05 or 0.01 or 0.001, not 0.1"
    ):
        monitor.false_alarm = 0.1
    with pytest.raises(traitlets.TraitError, match="threshold is NaN"):
        monitor.threshold = math.nan
    empty = AnomalyMonitor(populations=0.5, null=NULL)
    assert (empty.points, empty.outlier, empty.event) == (None, None, -1)
    with pytest.raises(traitlets.TraitError, match="no scores were given"):
        empty.threshold = 1
    with pytest.raises(traitlets.TraitError, match="no period 'a': there are none"):
        AnomalyMonitor(range(20), [2]).period = "a"


def test_traits_can_be_observed(monitor):
    seen = []
    monitor.observe(lambda change: seen.append(change.new), ["threshold", "false_alarm"])
    monitor.threshold = 2.0
    monitor.false_alarm = 0.01
    assert seen == [monitor.threshold, 0.01]


def test_state_that_a_browser_sends_is_taken_as_it_is(monitor):
    state = {
        "threshold": float(monitor.points.threshold[9]), "event": monitor.points.outliers[3].row,
        "period": "day 3", "false_alarm": 0.001,
    }  # fmt: skip
    monitor.set_state(state)
    assert {name: getattr(monitor, name) for name in state} == state


def test_verdicts_follow_the_traits(monitor):
    before = monitor.verdicts
    monitor.threshold = monitor.points.threshold[-1]
    monitor.period = "day 1"
    assert monitor.verdicts["points"].startswith("Points: 1 event above the threshold, 0")
    assert monitor.verdicts["population"].startswith("Population: day 1 is like")
    assert before["both"].startswith("day 8")
    assert monitor.verdicts["both"].startswith("day 8")


@pytest.mark.parametrize(("periods", "features"), [(60, 60), (8, 4)])
def test_table_and_script_are_small_and_do_not_grow(rng, periods, features):
    names = [f"feature with a name {k}" for k in range(features)]
    days = [f"day of the month {k}" for k in range(periods)]
    ks = {day: {name: rng.uniform() for name in names} for day in days}
    sizes = []
    for n in (100, 10_000):
        x = rng.normal(size=(n, features))
        s = scores_of(x)
        monitor = AnomalyMonitor(
            s, s, reference_features=x, features=x, feature_names=names, ks=ks,
            populations=dict.fromkeys(days, (0.5, 0.01)), null=NULL,
        )  # fmt: skip
        sizes.append(payload(monitor.payload) + len((monitor._esm + monitor._css).encode()))
    assert max(sizes) <= 100_000
    assert abs(sizes[0] - sizes[1]) < 5000


def test_page_is_self_contained_and_small(monitor, tmp_path):
    path = monitor.to_html(tmp_path / "monitor.html")
    text = path.read_text("utf-8")
    assert path.stat().st_size <= 250_000
    assert set(re.findall(r"(?:src|href)=\"([^\"]{0,5})", text)) == {"data:"}
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert monitor.describe() in text


def test_figure_shows_what_there_is(monitor, rng):
    titles = [
        ("anomaly score", "events / bin"), ("deviation [σ]", ""),
        ("period", "AUC"), ("$-\\log_{10}$ p, after all features", ""),
    ]  # fmt: skip

    def labels(view):
        return [(axes.get_xlabel(), axes.get_ylabel()) for axes in view.figure().axes]

    assert labels(monitor) == titles
    assert labels(AnomalyMonitor([1, 2] * 10, [3])) == titles[:1]
    assert labels(AnomalyMonitor(populations=0.5, null=NULL, statistic="D")) == [("period", "D")]
    x = rng.normal(size=(20, 2))
    own = AnomalyMonitor(x[:, 0], x[:, 1], contributions=x)
    assert labels(own) == [titles[0], ("contribution", "")]


def test_names_in_the_figure_are_text(rng):
    x = events(rng, 50)
    names = ["$x_{$", "a", "b", "c"]
    monitor = AnomalyMonitor(
        x[:, 0], x[:, 1], reference_features=x, features=x, feature_names=names,
        populations={"$d_{$": 0.6}, null=NULL, ks={"$d_{$": {"$x_{$": 1e-4}}, statistic="$A_{$",
        names=["$r_{$", "$t_{$"],
    )  # fmt: skip
    assert monitor.picture().startswith(b"\x89PNG")
    assert monitor.figure().axes[2].get_ylabel() == r"\$A_{\$"


@given(st.lists(EVENT, min_size=20, max_size=30), st.lists(EVENT, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_the_events_the_line_can_be_read(reference, today):
    (a, u), (b, v) = (map(np.array, zip(*one, strict=True)) for one in (reference, today))
    assume(min(u.sum(), v.sum()) > 1e-3)
    monitor = AnomalyMonitor(
        a, b, reference_weights=u, weights=v, reference_features={"a": a}, features={"a": b}
    )
    assert ((monitor.points.p_value >= 0) & (monitor.points.p_value <= 1)).all()
    for threshold in monitor.points.threshold:
        monitor.threshold = threshold
        assert re.match(r"threshold [^·]+ · above [−(\d]", monitor.readout)
        assert re.match(r"Points: [−\d].* than usual \(p \d", monitor.verdicts["points"])


X = {"a": [1.0, 2.0]}
PAIR = {"reference_scores": [1, 2], "scores": [1, 2]}
TESTED = {"populations": {"a": 0.5}, "null": NULL}
BAD = {
    "nothing": ({}, "Nothing to show: wanted scores of two samples, populations, or both"),
    "one sample": ({"scores": [1]}, "reference_scores is missing"),
    "no scores": ({"reference_scores": [1]}, "both samples: scores is missing"),
    "nan": ({**PAIR, "scores": [1, math.nan]}, "The today sample: 1 of 2 scores"),
    "text": ({**PAIR, "reference_scores": ["a"]}, "The reference sample: score has dtype"),
    "empty": ({**PAIR, "scores": []}, "The today sample: No events"),
    "weights": ({**PAIR, "weights": [1]}, "today sample: One entry per event"),
    "cancelling": ({**PAIR, "weights": [1, -1]}, "add up to 0, wanted more than 0"),
    "features": ({**PAIR, "features": X}, "features need reference_features"),
    "reference": ({**PAIR, "reference_features": X}, "reference_features need features"),
    "odd": ({**PAIR, "features": X, "reference_features": {"b": [1, 2]}}, "only one has 'a'"),
    "length": ({**PAIR, "contributions": {"a": [1.0]}}, "has 1 events, but there are 2 scores"),
    "values": ({**PAIR, "contributions": {"a": [1, math.nan]}}, "1 of 2 values of a of contrib"),
    "names": ({**PAIR, "contributions": [[1], [2]], "feature_names": "ab"}, "names are given for"),
    "alone": ({**TESTED, "features": X}, "Features and contributions belong to scores"),
    "exposure": ({**PAIR, "exposure": 0}, "a number above 0, not 0"),
    "flagged": ({**PAIR, "flagged": 1}, "between 0 and 1, not 1"),
    "scale": ({**PAIR, "scale": "sqrt"}, "scale is 'auto' or"),
    "log": ({**PAIR, "scores": [0], "scale": "log"}, 'scale="log" wants scores above 0'),
    "two": ({**PAIR, "names": ["a"]}, "names are two, of reference and today, not 1"),
    "no names": ({**PAIR, "names": None}, "names are two, of reference and today, not None"),
    "share": ({**PAIR, "flagged": "1%"}, "flagged is a finite number, not '1%'"),
    "times": ({**PAIR, "exposure": "2"}, "exposure is a finite number, not '2'"),
    "list": ({**TESTED, "populations": [0.5, 0.6]}, "one period alone is a number or a tuple"),
    "no null": ({"populations": {"a": 0.5}}, "populations need null="),
    "no periods": ({**PAIR, "null": NULL}, "null and ks belong to populations"),
    "none": ({**TESTED, "populations": {}}, "1 to 60 periods can be shown, not 0"),
    "many": ({**TESTED, "populations": dict.fromkeys(range(61), 0.5)}, "periods .* not 61"),
    "same": ({**TESTED, "populations": {1: 0.5, "1": 0.5}}, "Two periods have the same name"),
    "what": ({**TESTED, "populations": {"a": "x"}}, "has 'x': wanted a number or"),
    "error": ({**TESTED, "populations": {"a": (0.5, -1)}}, "finite, with an error ≥ 0"),
    "few": ({**TESTED, "null": [0.5] * 18}, "18 permutations: at least 19"),
    "shape": ({**TESTED, "null": np.zeros((2, 99))}, "2 rows, but there are 1 periods"),
    "missing": ({**TESTED, "null": {"b": NULL}}, "null has nothing for period 'a'"),
    "infinite": ({**TESTED, "null": [math.inf] * 19}, "null is finite numbers"),
    "ks": ({**TESTED, "ks": {"x": 0.5}}, "ks is a dict from periods to dicts"),
    "whose": ({**TESTED, "ks": {"b": {"x": 0.5}}}, "ks has 'b', which is no period"),
    "p": ({**TESTED, "ks": {"a": {"x": 1.5}}}, "ks of 'x' is 1.5: wanted a p-value"),
    "rate": ({**TESTED, "false_alarm": 0.02}, "false_alarm is 0.05 or 0.01 or 0.001, not 0.02"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_unusable_input_is_named(case):
    options, said = BAD[case]
    with pytest.raises((TypeError, ValueError, traitlets.TraitError), match=said):
        AnomalyMonitor(**options)


def test_five_lines_are_enough(rng):
    reference, today = columns(events(rng, 500)), columns(events(rng, 200, strange=5))
    score = [np.abs(one["met"]) for one in (reference, today)]
    ks = {name: stats.two_sample_test(reference[name], today[name]) for name in FEATURES}
    null = populations(rng)["null"]
    monitor = AnomalyMonitor(*score, reference_features=reference, features=today,
                             populations=(0.51, 0.01), null=null, ks=ks)  # fmt: skip
    assert monitor.event < 5
    assert monitor.shown.name == "today"
    assert len(DAYS) > len(monitor.periods) == 1


# ---------------------------------------------------------------- headline, missing values


def test_the_headline_counts_what_lies_beyond_all_of_the_reference(rng):
    """Three events far out: too few above the 1 % cut, but the reference has none there."""
    reference, today = rng.normal(size=4000), rng.normal(size=1000)
    today[today.argsort()[-8:]] = 0.5
    today[:3] = 9.0
    monitor = AnomalyMonitor(reference, today, populations={"d1": 0.5}, null=NULL)
    points = monitor.points
    assert points.beyond == 3
    assert points.beyond_p == pytest.approx((1000 / 5000) ** 3)
    assert points.p_value[points.row(monitor.threshold)] > 0.05
    assert "3 are beyond all of the reference (p 0.0080)." in monitor.verdicts["points"]
    assert monitor.verdicts["both"].startswith("Points, not population")
    assert monitor.verdicts["both"].endswith(" 3 events beyond all of the reference.")
    quiet = AnomalyMonitor(reference, rng.normal(size=1000).clip(-3, 3))
    assert "None is beyond all of the reference." in quiet.verdicts["points"]
    assert (quiet.points.beyond, quiet.points.beyond_p) == (0, 1.0)


def test_how_many_lie_beyond_is_tested_as_exchangeable_events(rng):
    """Of equal samples, k or more of today's are above all of the reference in about 2^-k."""
    found = np.array([
        [(made := AnomalyMonitor(*rng.normal(size=(2, 60))).points).beyond, made.beyond_p]
        for _ in range(400)
    ])  # fmt: skip
    for k in (1, 2, 3):
        share = np.mean(found[:, 0] >= k)
        assert share == pytest.approx(0.5**k, abs=4 * np.sqrt(0.5**k / 400))
    np.testing.assert_allclose(found[:, 1], 0.5 ** found[:, 0])


def test_the_headline_tells_of_alarms_in_other_periods(rng):
    scores = rng.normal(size=(2, 500))
    days = {"d1": 0.8, "d2": 0.5, "d3": 0.9, "d4": 0.5}
    monitor = AnomalyMonitor(*scores, populations=days, null=NULL)
    assert "Other periods: 2 alarms in 3, 0.15 expected by chance." in monitor.verdicts["both"]
    assert monitor.verdicts["both"].startswith("d4 · ")
    alone = AnomalyMonitor(*scores, populations={"d1": 0.8}, null=NULL)
    assert "Other periods" not in alone.verdicts["both"]


def test_features_without_a_value_are_counted_and_shown(rng):
    reference, today = rng.normal(size=(2, 1000, 2))
    today[:4, 1] = reference[:10, 1] = np.nan
    scores = np.arange(1000.0)[::-1]
    monitor = AnomalyMonitor(
        np.arange(1000.0), scores, reference_features=reference, features=today,
        feature_names=["a", "b"],
    )  # fmt: skip
    assert monitor.note == "no value: b 10 and 4 (reference and today)"
    top = monitor.points.outliers[0]
    assert top.row == 0
    assert np.isnan(top.values["b"])
    assert top.contributions["b"] == pytest.approx(-ndtri(11 / 1001 / 2))
    usual = AnomalyMonitor(
        np.arange(990.0), scores[4:], reference_features=reference[10:], features=today[4:]
    )
    assert usual.note == ""
    with_both = next(one for one in monitor.points.outliers if one.row == 5)
    alone = next(one for one in usual.points.outliers if one.row == 1)
    assert with_both.contributions["b"] == pytest.approx(alone.contributions["x1"])
    assert monitor.figure()
    assert "nan" not in monitor.describe()


def test_a_value_where_the_reference_has_none_is_as_far_out_as_can_be_told():
    reference = {"x": np.full(100, np.nan)}
    monitor = AnomalyMonitor(
        np.arange(100.0), np.arange(100.0), reference_features=reference,
        features={"x": np.ones(100)},
    )  # fmt: skip
    assert monitor.points.outliers[0].contributions["x"] == pytest.approx(-ndtri(1 / 202))
