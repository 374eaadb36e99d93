"""RocExplorer's contract in Python: exact rows, state as traits, honest input."""

import math
import re

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st

from hepml import stats
from hepml_widgets import RocExplorer
from hepml_widgets.core.cuts import Options
from hepml_widgets.core.payload import unpack
from hepml_widgets.roc_explorer.payload import rows_for

EVENT = st.tuples(
    st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.5001, 1.0]), st.floats(-1, 3, width=32)
)


@pytest.fixture
def sample(rng):
    y = rng.integers(0, 2, 4000)
    score = 1 / (1 + np.exp(-rng.normal(2.0 * y - 1)))
    return y, score, rng.gamma(2, 0.5, 4000)


@pytest.fixture
def explorer(sample):
    y, score, weights = sample
    return RocExplorer(y, {"BDT": score, "cut": np.round(score, 1)}, weights, threshold=0.5)


def payload(explorer):
    """Bytes of the columns in a table."""
    columns = [c for model in explorer.payload["models"] for c in model.values()]
    nested = [c for part in columns if isinstance(part, dict) for c in part.values()]
    return sum(len(c) for c in [*columns, *nested] if isinstance(c, bytes))


def test_representation_is_stable(explorer):
    text = explorer.shown.threshold_text(explorer.row)
    assert repr(explorer) == f"RocExplorer(2 models, 4000 events, threshold={text})"
    assert repr(RocExplorer([0, 1], [0.25, 0.5])).startswith("RocExplorer(1 model, 2 events, ")


@given(st.lists(EVENT, min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_rows_are_sums_over_masks(events):
    y, score, weights = (np.array(column) for column in zip(*events, strict=True))
    if min(weights[y].sum(), weights[~y].sum()) < 0:
        with pytest.raises(ValueError, match="wanted a yield above zero"):
            RocExplorer(y, score, weights)
        return
    explorer = RocExplorer(y, score, weights)
    packed = explorer.payload["models"][0]
    columns = {name: unpack(packed[name]) for name in ("threshold", "s", "s2", "b", "b2")}
    for threshold, s, s2, b, b2 in zip(*columns.values(), strict=True):
        passing = score >= threshold
        signal, background = weights[passing & y], weights[passing & ~y]
        sums = [signal.sum(), (signal**2).sum(), background.sum(), (background**2).sum()]
        np.testing.assert_allclose([s, s2, b, b2], sums, rtol=1e-9, atol=1e-6)
        explorer.threshold = threshold
        assert explorer.threshold == threshold
        assert explorer.readout.startswith(
            f"threshold {explorer.shown.threshold_text(explorer.row)}"
        )


@given(st.floats(-0.5, 1.5))
@settings(deadline=None)
def test_threshold_moves_to_the_nearest_row(value):
    score = np.linspace(0, 1, 21)
    explorer = RocExplorer(np.arange(21) % 2, score, threshold=value)
    assert abs(explorer.threshold - value) <= np.abs(score - value).min() + 1e-12


def test_working_point_follows_the_threshold(explorer, sample):
    y, score, weights = sample
    seen = []
    explorer.observe(lambda change: seen.append(change.new.threshold), "working_point")
    explorer.threshold = 0.8
    passing = weights[(y == 1) & (score >= explorer.threshold)]
    assert seen == [explorer.threshold]
    assert explorer.working_point.signal == pytest.approx(passing.sum(), rel=1e-12)
    with pytest.raises(traitlets.TraitError):
        explorer.working_point = None


def test_readout_is_made_of_the_working_point(explorer):
    point = explorer.working_point
    assert explorer.sigma_b == 0.1  # said by the axis and the slider
    z = stats.significance(point.signal, point.background, 0.1 * point.background)
    labels = [part.split(" ")[0] for part in explorer.readout.split(" · ")]
    assert labels == ["threshold", "ε_s", "1/ε_b", "S", "B", "Z"]
    shown = explorer.readout.rsplit("Z ", 1)[1].split("\xa0±\xa0")
    assert abs(float(shown[0]) - z) <= float(shown[1])


def test_uncertain_background_lowers_z(explorer):
    def z():
        scan = explorer.shown.scan("Z", explorer.options)
        return scan.values[explorer.row]

    before = z()
    explorer.sigma_b = 0.2
    b = explorer.working_point.background
    assert z() == pytest.approx(stats.significance(explorer.working_point.signal, b, 0.2 * b))
    assert z() < before


@pytest.mark.parametrize("merit", ["Z", "AMS", "SIC"])
def test_best_threshold_has_the_largest_merit(explorer, merit):
    explorer.merit = merit
    scan = explorer.shown.scan(merit, explorer.options)
    explorer.threshold = explorer.best
    assert scan.values[explorer.row] == scan.values[scan.best]
    cuts = explorer.shown.cuts
    some = cuts.sumw_background > 0
    trusted = some & (cuts.sumw_background**2 >= 25 * cuts.sumw2_background)
    np.testing.assert_array_equal(scan.trusted, trusted)
    trusted = np.isfinite(scan.values) & trusted
    assert scan.values[scan.best] == scan.values[trusted].max()


def test_sic_error_is_that_of_repeated_samples(rng):
    """The spread over repetitions is what the error says, to the precision of 300 of them."""

    def sic_and_error():
        y = np.repeat([1, 0], [400, 1600])
        score = rng.normal(np.where(y, 1.0, 0.0))
        model = RocExplorer(y, score, threshold=1.0).shown
        scan = model.scan("SIC", Options())
        return scan.values[model.row(1.0)], scan.errors[model.row(1.0)]

    values, errors = np.transpose([sic_and_error() for _ in range(300)])
    assert np.std(values) == pytest.approx(np.mean(errors), rel=5 / math.sqrt(600))


def test_another_model_is_taken_at_the_same_signal_efficiency(explorer):
    explorer.threshold = 0.7
    before = explorer.working_point.signal_efficiency
    explorer.model = "cut"
    gaps = np.abs(explorer.shown.cuts.signal_efficiency - before)
    assert abs(explorer.working_point.signal_efficiency - before) == gaps.min()
    assert explorer.threshold == explorer.working_point.threshold


def test_state_that_a_browser_sends_is_taken_as_it_is(explorer):
    other = explorer.models["cut"]
    row = other.row_keeping(explorer.working_point.signal_efficiency)
    threshold = float(other.cuts.threshold[row])
    explorer.set_state({"model": "cut", "threshold": threshold})
    assert (explorer.model, explorer.threshold) == ("cut", threshold)
    assert explorer.working_point.threshold == threshold


@pytest.mark.parametrize("models", range(1, 9))
def test_table_is_small_for_any_number_of_models(sample, models):
    y, score, weights = sample
    scores = {f"model {i}": score ** (1 + i) for i in range(models)}
    explorer = RocExplorer(y, scores, weights, train=(y, scores, weights))
    assert payload(explorer) <= 40_000
    code = len((explorer._esm + explorer._css).encode())
    assert payload(explorer) + code <= 100_000
    assert rows_for(models) >= 80


def test_table_does_not_grow_with_the_events(rng):
    sizes = []
    for n in (10_000, 300_000):
        y = rng.integers(0, 2, n)
        sizes.append(payload(RocExplorer(y, rng.normal(y))))
    assert sizes[0] == sizes[1]


def test_page_is_self_contained_and_small(explorer, tmp_path):
    path = explorer.to_html(tmp_path / "roc.html")
    text = path.read_text("utf-8")
    assert path.stat().st_size <= 250_000
    links = set(re.findall(r"(?:src|href)=\"([^\"]{0,5})", text))
    assert links == {"data:"}
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_figure_shows_three_labelled_panels(explorer):
    figure = explorer.figure()
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes]
    assert labels == [
        ("score", "events / bin"),
        ("signal efficiency $ε_s$", "background rejection $1/ε_b$"),
        ("threshold", "Z [σ], $σ_b$ = 10.0\u202f%"),
    ]
    explorer.roc_axis, explorer.merit = "linear", "SIC"
    assert explorer.figure().axes[1].get_ylabel() == "background efficiency $ε_b$"


@pytest.mark.parametrize(
    ("y", "score", "weights"),
    [
        ([1], [0.3], None),
        ([0], [0.3], None),
        ([1, 0], [0.3, 0.3], None),
        ([1, 0, 1, 0], [0.0, 1.0, 1.0, 0.5], [1, -1, 1, 1.5]),
        ([1, 0, 0], [0.2, 0.4, 0.6], [0, 0, 0]),
        ([True, False], [7, 9], [1e-100, 1e100]),
        (np.arange(90) % 2, 1 / (1 + np.exp(-np.linspace(-80, 80, 90))), None),
    ],
    ids=["signal", "background", "tie", "signed", "weightless", "integers", "saturated"],
)
def test_hard_cases_are_drawn(y, score, weights, tmp_path):
    explorer = RocExplorer(y, score, weights, train=(y, score, weights))
    for explorer.merit, explorer.roc_axis in (("Z", "rejection"), ("SIC", "linear")):
        assert explorer.to_html(tmp_path / "page.html").stat().st_size > 0
        assert explorer.readout.startswith("threshold ")


def test_undefined_numbers_are_dashes():
    explorer = RocExplorer([1, 1, 0, 0], [0.9, 0.8, 0.7, 0.1], [1, 1, -1, 1.5], threshold=0.7)
    assert "B −1\xa0±\xa01" in explorer.readout
    assert explorer.readout.endswith("Z – · 0.077 effective background events · non-monotone")


def test_crowded_scores_get_a_logit_axis(rng):
    y = rng.integers(0, 2, 5000)
    margin = rng.normal(8.0 * (y - 0.5), 4) * 2
    assert RocExplorer(y, 1 / (1 + np.exp(-margin))).shown.scale == "logit"
    assert RocExplorer(y, 1 / (1 + np.exp(-margin)), scale="linear").shown.scale == "linear"
    assert RocExplorer(y, margin).shown.scale == "linear"


def test_training_histograms_have_the_test_yield(sample):
    y, score, weights = sample
    shown = RocExplorer(y, score, weights, train=(y[:1000], score[:1000])).shown
    for kind in ("signal", "background"):
        total = shown.histograms[kind].sumw.sum()
        assert shown.histograms[f"train_{kind}"].sumw.sum() == pytest.approx(total)
        counts = shown.histograms[f"train_{kind}"].counts.sum()
        assert counts == np.count_nonzero(y[:1000] == (kind == "signal"))


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (([0, 1], [0.1, math.nan]), {}, "1 of 2 scores is NaN, first at index 1."),
        (([0, 1], {"BDT": [0.1, math.inf]}), {}, "Model 'BDT': 1 of 2 scores is infinite"),
        (([0, 2], [0.1, 0.2]), {}, "1 of 2 are not"),
        (([0, 1], [0.1]), {}, "y has 2"),
        (([], []), {}, "No events"),
        (([0, 1], {}), {}, "One to 8 models"),
        (([0, 1], {1: [0, 1], "1": [0, 1]}), {}, "Two models have the same name."),
        (([0, 1], ["a", "b"]), {}, "wanted booleans, integers or floats"),
        (([0, 1], [0, 2]), {"scale": "logit"}, "between 0 and 1"),
        (([0, 1], [0, 1]), {"scale": "cubic"}, "not 'cubic'"),
        (([0, 1], [0, 1]), {"names": ("s",)}, "names are two"),
        (([0, 1], [0, 1]), {"train": [0, 1, 2, 3]}, "train is a tuple"),
        (([0, 1], {"A": [0, 1]}), {"train": ([1], {"B": [0]})}, r"train has scores of \['B'\]"),
        (([0, 1], [0, 1]), {"train": ([0, 5], [0, 1])}, "1 of 2 are not"),
        (([0, 1], [0, 1]), {"sigma_b": -0.1}, "sigma_b is a relative uncertainty"),
        (([0, 1], [0, 1]), {"threshold": math.nan}, "threshold is NaN"),
    ],
)
def test_unusable_input_is_named(arguments, options, sentence):
    with pytest.raises((TypeError, ValueError, traitlets.TraitError), match=sentence):
        RocExplorer(*arguments, **options)


def test_unknown_model_is_named(explorer):
    with pytest.raises(traitlets.TraitError, match=r"No model 'X': there are 'BDT', 'cut'\."):
        explorer.model = "X"


@pytest.mark.parametrize("kind", ["signal", "background"])
def test_a_class_of_negative_yield_is_refused_in_a_sentence(kind, rng):
    y = np.arange(100) % 2
    score, weights = rng.normal(y), np.where((y == 1) == (kind == "signal"), -0.5, 1.0)
    with pytest.raises(ValueError, match=f"weights of the {kind} add up to -25: wanted a yield"):
        RocExplorer(y, score, weights)
    with pytest.raises(ValueError, match="pass -weights"):
        RocExplorer(y, score, -np.ones(100))
    with pytest.raises(ValueError, match=f"weights of the {kind}"):
        RocExplorer(y, score, train=(y, score, weights))
    turned = RocExplorer(y, score, np.where(weights < 0, -weights, weights))
    assert turned.working_point.signal > 0
