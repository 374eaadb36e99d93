"""ParameterScan's contract in Python: nothing between the values, paired errors, honest input."""

import math
import re

import numpy as np
import pytest
import traitlets
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hepml import stats
from hepml_widgets import ParameterScan
from hepml_widgets.core.numbers import with_error
from tests.support.toy_scan import MASSES, TRAINED, samples, toy
from tests.widgets.sizes import payload

EVENT = st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.floats(-1, 3, width=32))
LIMITS = {"limit [pb]": {"parameterised": {500: (2, 0.1), 1000: 0.01, 1500: (0.5, 0.2)}}}


@pytest.fixture
def scan(rng):
    return toy(rng)


def test_representation_is_stable(scan):
    assert repr(scan) == "ParameterScan(3 models at 5 values, m_X=1000)"
    pair = {1: ([0, 1], [0.1, 0.2]), -2: ([0, 1], [0.1, 0.2])}
    assert repr(ParameterScan(pair, trained=[1])) == (
        "ParameterScan(1 model at 2 values, parameter=−2)"
    )


def test_values_say_how_they_stand_to_the_training(scan):
    assert [point.status for point in scan.points] == [
        "in training", "in training", "not in training", "in training", "beyond training",
    ]  # fmt: skip
    assert scan.value == 1000
    assert scan.readout.startswith("m_X 1000 GeV · not in training · AUC 0.")


def test_areas_and_significances_are_those_of_the_library(rng):
    given = samples(rng)
    scan = ParameterScan(given, trained=TRAINED, dedicated="dedicated", sigma_b=0.1)
    for point in scan.points:
        y, scores, w = given[point.value]
        for model, score in scores.items():
            curve = stats.roc_curve(y, score, w)
            assert point.areas[model] == (curve.auc, curve.auc_error)
            best = point.best[model]
            passing = stats.cut_table(y, score, w, [best.threshold])
            z = stats.significance_scan(passing, sigma_b=0.1)
            assert best.z == pytest.approx(z.significance[0])
            assert best.error == pytest.approx(z.significance_error[0])


def test_best_cuts_may_be_chosen_on_other_events(rng):
    given, others = samples(rng), samples(rng)
    options = {"trained": TRAINED, "dedicated": "dedicated", "sigma_b": 0.1}
    same, scan = ParameterScan(given, **options), ParameterScan(given, choose=others, **options)
    chooser = ParameterScan(others, **options)
    assert (same.chosen, scan.chosen) == (False, True)
    for m, point in enumerate(scan.points):
        y, scores, w = given[point.value]
        for model, best in point.best.items():
            z = stats.significance_scan(
                stats.cut_table(y, scores[model], w, [best.threshold]), sigma_b=0.1
            )
            assert (best.z, best.error) == (z.significance[0], z.significance_error[0])
            assert best.z <= same.points[m].best[model].z * 1.05  # both seek among 300 cuts
            if model != scan.scanned:  # its cuts are those of the slider too, whose bins differ
                assert best.threshold == chooser.points[m].best[model].threshold
    assert "best Z, cut chosen elsewhere " in scan.readout
    assert scan.payload["rule"].startswith("best on other events")


@pytest.mark.parametrize("weights", ["all one", "signs", "few"])
def test_no_cut_of_the_slider_beats_the_best(weights):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        given = {}
        for value in (1, 2):
            y = rng.integers(0, 2, 60 if weights == "few" else 1500)
            w = rng.choice([1, 1, 1, -1], len(y)) if weights == "signs" else np.ones(len(y))
            given[value] = y, rng.normal(1.5 * y), w
        scan = ParameterScan(given, trained=[1])
        for cut in scan.thresholds:
            scan.threshold = cut
            z = np.where(scan.trusted, scan.significances()[0], np.nan)
            best = np.array([point.best[scan.scanned].z for point in scan.points])
            assert not (z > best).any()
            assert not (np.isnan(best) & np.isfinite(z)).any()


def test_differences_are_those_of_the_exact_areas(rng):
    given = samples(rng)
    scan = ParameterScan(given, trained=TRAINED, dedicated="dedicated")
    for point in scan.points:
        y, scores, w = given[point.value]
        areas = {m: stats.auc(y, score, w, exact=True) for m, score in scores.items()}
        assert point.differences.keys() == {"parameterised", "one for all"}
        for model, (value, error) in point.differences.items():
            assert value == pytest.approx(areas[model] - areas["dedicated"], abs=1e-12)
            assert 0 < error < math.hypot(point.areas[model][1], point.areas["dedicated"][1])


def test_paired_error_is_the_spread_of_repeated_samples(rng):
    pairs = []
    for _ in range(300):
        one = samples(rng, masses=(500, 600), n=100, models=("a", "b"))
        pairs.append(ParameterScan(one, trained=[500], dedicated="b").point.differences["a"])
    values, errors = np.transpose(pairs)
    assert np.std(values) == pytest.approx(np.mean(errors), rel=5 / math.sqrt(600))


def test_cuts_are_sums_over_the_events(rng):
    given = samples(rng, weights=[1.0, 2.5, -0.5])
    scan = ParameterScan(given, trained=TRAINED)
    for point in scan.points:
        y, scores, w = given[point.value]
        wanted = stats.cut_table(y, scores["parameterised"], w, scan.thresholds)
        for name in ("threshold", "sumw_signal", "sumw_background"):
            np.testing.assert_allclose(getattr(point.cuts, name), getattr(wanted, name), atol=1e-9)
        for name in ("sumw2_signal", "sumw2_background"):
            np.testing.assert_allclose(getattr(point.cuts, name), getattr(wanted, name), rtol=1e-6)
        assert point.cuts.total_background == pytest.approx(w[y == 0].sum())


@pytest.mark.parametrize("value", [-math.inf, 0, 630, 625.0, 1e9])
def test_the_slider_stops_at_given_values_only(scan, value):
    scan.value = value
    assert scan.value in MASSES
    assert abs(scan.value - np.clip(value, 500, 1500)) <= 125
    assert scan.point.value == scan.value


def test_the_threshold_moves_to_the_nearest_and_can_be_observed(scan):
    seen = []
    scan.observe(lambda change: seen.append(change.new), "working_point")
    scan.threshold = 0.41
    assert abs(scan.threshold - 0.41) == np.abs(scan.thresholds - 0.41).min()
    scan.value = 1500
    assert [point.threshold for point in seen] == [scan.threshold] * 2
    assert seen[1].signal_efficiency > seen[0].signal_efficiency
    for name in ("value", "threshold"):
        with pytest.raises(traitlets.TraitError, match=f"{name} is NaN"):
            setattr(scan, name, math.nan)


def test_readout_is_made_of_the_point(scan):
    scan.value, scan.threshold = 1250, 0.5
    point = scan.point
    z, error = (column[3] for column in scan.significances())
    wanted = [
        f"AUC {with_error(*point.areas['parameterised'])}",
        f"dedicated {with_error(*point.areas['dedicated'])}",
        f"Δ {with_error(*point.differences['parameterised'])}",
        f"best Z on these events {with_error(*point.best['parameterised'][:2])}",
        "threshold 0.50",
        f"Z {with_error(z, error)}",
    ]
    parts = scan.readout.split(" · ")
    assert [parts[i] for i in (2, 3, 4, 5, 6, 8)] == wanted
    assert scan.sigma_b == 0.1
    found = stats.significance_scan(point.cuts, sigma_b=0.1).significance
    assert z in found


def test_what_is_trusted_follows_the_rule_of_the_best_cut(scan):
    scan.threshold = scan.thresholds[-1]
    cuts = [point.cuts for point in scan.points]
    left = [c.sumw_background[0] ** 2 / (c.sumw2_background[0] or np.inf) for c in cuts]
    assert scan.trusted.tolist() == [size >= stats.ENOUGH_BACKGROUND for size in left]
    assert not scan.trusted.all()
    scan.threshold = scan.thresholds[0]
    assert scan.trusted.all()


def test_the_first_cut_is_the_best_one(scan):
    best = scan.point.best["parameterised"].threshold
    assert abs(scan.threshold - best) == np.abs(scan.thresholds - best).min()


def test_a_model_may_be_missing_at_some_values(rng):
    given = samples(rng)
    del given[1000][1]["dedicated"], given[500][1]["one for all"]
    scan = ParameterScan(given, trained=TRAINED, dedicated="dedicated")
    assert scan.models == ["parameterised", "dedicated", "one for all"]
    assert " · dedicated – · Δ – · " in scan.readout
    assert scan.point.differences == {}
    assert np.isnan(scan.quantities["AUC"].rows["one for all"][0]).tolist() == [True] + 4 * [False]
    assert scan.figure().axes


def test_without_a_dedicated_model_there_is_no_difference(rng):
    scan = ParameterScan(samples(rng), trained=TRAINED)
    assert list(scan.quantities) == ["AUC", "Z"]
    assert "dedicated" not in scan.readout
    with pytest.raises(traitlets.TraitError, match=r"No quantity 'Δ AUC': there are 'AUC', 'Z'\."):
        scan.quantity = "Δ AUC"


def test_training_values_may_differ_between_models(rng):
    trained = {"parameterised": TRAINED, "one for all": [1000]}
    scan = ParameterScan(samples(rng), trained=trained, dedicated="dedicated")
    filled = {m["name"]: list(m["filled"]) for m in scan.payload["models"]}
    assert filled == {
        "parameterised": [1, 1, 0, 1, 0],
        "dedicated": [1] * 5,
        "one for all": [0, 0, 1, 0, 0],
    }


def test_quantities_of_the_users_own(rng):
    scan = toy(rng, quantities=LIMITS, quantity="limit [pb]")
    values, errors = scan.shown.rows["parameterised"]
    np.testing.assert_array_equal(values, [2, math.nan, 0.01, math.nan, 0.5])
    np.testing.assert_array_equal(errors, [0.1, 0, 0, 0, 0.2])
    assert scan.shown.kind == "log"
    assert scan.figure().axes[0].get_ylabel() == "limit [pb]"


def test_one_class_at_a_value_reads_as_dashes():
    pair = {1: ([0, 1], [0.1, 0.9]), 2: ([1, 1], [0.5, 0.2])}
    scan = ParameterScan(pair, trained=[1], value=2)
    assert "AUC – · best Z on these events – · " in scan.readout
    assert scan.figure().axes


def test_state_that_a_browser_sends_is_taken_as_it_is(scan):
    cut = float(scan.thresholds[7])
    scan.set_state({"value": 750.0, "threshold": cut, "quantity": "Z"})
    assert (scan.value, scan.threshold, scan.quantity) == (750.0, cut, "Z")


@pytest.mark.parametrize(("values", "models"), [(30, 5), (5, 3), (2, 1)])
def test_table_and_script_are_small_and_do_not_grow(rng, values, models):
    names = [f"model {m}" for m in range(models)]
    masses = np.linspace(0.9, 1.1, values)
    own = {n: {m: dict.fromkeys(masses, (1.5, 0.1)) for m in names} for n in ("limit", "bias")}
    sizes = []
    for n in (30, 300):
        given = samples(rng, masses=masses, n=n, models=names)
        dedicated = names[1] if models > 1 else None
        scan = ParameterScan(given, trained=[1], dedicated=dedicated, quantities=own)
        sizes.append(payload(scan.payload) + len((scan._esm + scan._css).encode()))
    assert max(sizes) <= 100_000
    assert abs(sizes[0] - sizes[1]) < 1000


def test_page_is_self_contained_and_small(scan, tmp_path):
    path = scan.to_html(tmp_path / "scan.html")
    text = path.read_text("utf-8")
    assert path.stat().st_size <= 250_000
    assert set(re.findall(r"(?:src|href)=\"([^\"]{0,5})", text)) == {"data:"}
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert scan.describe() in text


def test_figure_shows_three_labelled_panels(scan):
    for quantity, title in (
        ("AUC", "AUC"),
        ("Δ AUC", "AUC − dedicated"),
        ("Z", "Z [σ], $σ_b$ = 10.0\u202f%"),
    ):
        scan.quantity = quantity
        labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in scan.figure().axes]
        assert labels == [
            ("$m_X$ [GeV]", title),
            ("score", "events / bin"),
            ("signal efficiency $ε_s$", "background rejection $1/ε_b$"),
        ]


def test_names_in_the_figure_are_text(rng):
    given = samples(rng, n=50, models=["$x_{$", "b"])
    scan = ParameterScan(given, trained=TRAINED, name="τ $scale", unit="%", names=["$s$", "b"])
    axes = scan.figure().axes
    assert axes[0].get_xlabel() == r"τ \$scale [%]"
    assert axes[2].get_legend().get_texts()[0].get_text() == r"\$x_{\$"
    assert scan.picture().startswith(b"\x89PNG")


def test_hollow_markers_are_those_outside_the_training(scan):
    lines = scan.figure().axes[0].get_lines()
    circles = [one for one in lines if one.get_marker() == "o" and len(one.get_xdata())]
    filled, hollow = circles
    assert list(filled.get_xdata()) == list(TRAINED)
    assert list(hollow.get_xdata()) == [1000, 1500]
    assert (filled.get_markerfacecolor(), hollow.get_markerfacecolor()) == ("#1b1b1b", "w")


@given(st.lists(EVENT, min_size=1, max_size=12), st.lists(EVENT, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_the_events_the_line_can_be_read(first, second):
    given_ = {}
    for value, events in ((1, first), (2, second)):
        y, score, w = map(np.array, zip(*events, strict=True))
        assume(min(w[y].sum(), w[~y].sum()) >= 0)  # else there is nothing to show but a sentence
        given_[value] = y, {"one": score, "other": -score}, w
    try:
        scan = ParameterScan(given_, trained=[1], dedicated="other")
    except ValueError as error:
        if re.search("weights of the (signal|background) add up to -", str(error)):
            return
        raise
    for value in (1, 2):
        scan.value = value
        assert re.match(rf"parameter {value} · \w+ training · AUC [−(\d–]", scan.readout)
    assert payload(scan.payload) < 20_000


PAIR = ([0, 1], {"a": [0.1, 0.9], "b": [0.2, 0.8]})
BAD = {
    "no dict": ([PAIR, PAIR], {}, "samples is a dict .* not list"),
    "one value": ({1: PAIR}, {}, "A scan has 2 to 30 values, not 1"),
    "many values": (dict.fromkeys(range(31), PAIR), {}, "2 to 30 values, not 31"),
    "text": ({"m": PAIR, 2: PAIR}, {}, "finite numbers, not 'm'"),
    "nan": ({math.nan: PAIR, 2: PAIR}, {}, "finite numbers, not nan"),
    "no pair": ({1: [0, 1, 1, 0], 2: PAIR}, {}, r"At 1: wanted \(y, scores\) or"),
    "no model": ({1: ([0], {}), 2: PAIR}, {}, "At 1: no model has scores"),
    "same name": ({1: ([0], {1: [1], "1": [1]}), 2: PAIR}, {}, "At 1: two models have the same"),
    "score": ({1: ([0, 1], {"a": [0, math.nan]}), 2: PAIR}, {}, "At 1, model 'a': 1 of 2 scores"),
    "label": ({1: ([0, 7], [0, 1]), 2: PAIR}, {}, "At 1, model 'model': Labels are 1"),
    "weights": ({1: (*PAIR, [1]), 2: PAIR}, {}, "At 1, model 'a': One entry per event"),
    "absent": ({1: PAIR, 2: ([0, 1], {"b": [0, 1]})}, {}, "'a' has no scores at 2: the model"),
    "many models": (
        {1: ([0], {str(m): [1] for m in range(6)}), 2: ([0], {"0": [1]})},
        {},
        "One to 5 models can be compared, not 6",
    ),
    "trained": (dict.fromkeys((1, 2), PAIR), {"trained": []}, "trained is the values"),
    "trained on": (dict.fromkeys((1, 2), PAIR), {"trained": {"a": [1]}}, "values of 'a', 'b'"),
    "dedicated": (
        dict.fromkeys((1, 2), PAIR),
        {"dedicated": "a"},
        r"beside the first, 'a' \('b'\)",
    ),
    "sigma": (dict.fromkeys((1, 2), PAIR), {"sigma_b": -1}, "sigma_b is a relative uncertainty"),
    "scale": (dict.fromkeys((1, 2), PAIR), {"scale": "log"}, "scale is 'auto'"),
    "sigma text": (
        dict.fromkeys((1, 2), PAIR),
        {"sigma_b": "10%"},
        "sigma_b is a finite number, not '10%'",
    ),
    "value": (dict.fromkeys((1, 2), PAIR), {"value": "x"}, "value is a finite number, not 'x'"),
    "threshold": (
        dict.fromkeys((1, 2), PAIR),
        {"threshold": np.nan},
        "threshold is a finite number, not nan",
    ),
    "no classes": (dict.fromkeys((1, 2), PAIR), {"names": None}, "names are two, .* not None"),
    "quantity of a list": (
        dict.fromkeys((1, 2), PAIR),
        {"quantities": {"L": {"a": [1, 2]}}},
        "of 'a' is a dict from values of the parameter",
    ),
    "classes": (dict.fromkeys((1, 2), PAIR), {"names": ["s"]}, "names are two"),
    "quantities": (dict.fromkeys((1, 2), PAIR), {"quantities": [1]}, "a dict of at most 2"),
    "taken": (dict.fromkeys((1, 2), PAIR), {"quantities": {"Z": {}}}, "'Z' is computed here"),
    "whose": (
        dict.fromkeys((1, 2), PAIR),
        {"quantities": {"q": {"c": {}}}},
        r"models \('a', 'b'\)",
    ),
    "where": (
        dict.fromkeys((1, 2), PAIR),
        {"quantities": {"q": {"a": {3: 1}}}},
        "given at 3, which",
    ),
    "what": (
        dict.fromkeys((1, 2), PAIR),
        {"quantities": {"q": {"a": {1: "x"}}}},
        "has 'x': wanted",
    ),
    "other values": (
        dict.fromkeys((1, 2), PAIR),
        {"choose": dict.fromkeys((1, 3), PAIR)},
        "same values: 2 is in one",
    ),
    "other models": (
        dict.fromkeys((1, 2), PAIR),
        {"choose": {1: PAIR, 2: ([0, 1], {"a": [0, 1]})}},
        "choose has no scores of 'b' at 2",
    ),
    "error": (
        dict.fromkeys((1, 2), PAIR),
        {"quantities": {"q": {"a": {1: (1, -1)}}}},
        "with an error ≥ 0",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_unusable_input_is_named(case):
    given_, options, sentence = BAD[case]
    with pytest.raises((TypeError, ValueError), match=sentence):
        ParameterScan(given_, **({"trained": [1]} | options))
