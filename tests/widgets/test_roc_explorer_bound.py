"""The exact bound in a RocExplorer: what it is, what is reached of it, and with which error."""

import math

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from hepml import stats
from hepml.data.recipes.known_truth import GAUSS
from hepml_widgets import RocExplorer
from hepml_widgets.core.cuts import Options
from hepml_widgets.core.payload import unpack
from hepml_widgets.core.style import BOUND
from hepml_widgets.roc_explorer.bound import gap_of, make_bound, passing_both

EVENT = st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 4), st.floats(-1, 3, width=32))
LINEAR = np.array([0.7, 0.4, -0.4, 0.5, 0.0, 0.3])


def draw(n, rng):
    """Labels and features from the Gaussians whose densities are known."""
    y = rng.random(n) < 0.5
    x = np.where(y[:, None], GAUSS.signal.sample(n, rng), GAUSS.background.sample(n, rng))
    return y, x


@pytest.fixture
def sample(rng):
    y, x = draw(4000, rng)
    return y, x @ LINEAR, GAUSS.log_ratio(x)


@pytest.fixture
def explorer(sample, rng):
    y, linear, ratio = sample
    scores = {"linear": linear, "noisy": ratio + rng.normal(size=len(y))}
    return RocExplorer(y, scores, np.where(y, 0.1, 1.0), bound=ratio)


def gap(y, score, bound, weights=None, thresholds=None):
    """Compare at given cuts, by default at every distinct score."""
    cuts = np.unique(score) if thresholds is None else thresholds
    table = stats.cut_table(y, score, weights, cuts)
    return table, gap_of((y, score, weights), table, make_bound(y, bound, weights))


def test_bound_is_a_curve_with_its_area(explorer, sample):
    y, _, ratio = sample
    assert explorer.bound.auc == pytest.approx(stats.auc(y, ratio), abs=1e-3)
    assert explorer.bound.auc > max(model.curve.auc for model in explorer.models.values())
    assert "exact bound" not in explorer.models
    assert f"exact bound AUC {explorer.bound_text}; threshold" in explorer.describe()
    assert RocExplorer(y, ratio).bound is None


def test_bound_of_two_gaussians_is_the_closed_form(rng):
    y = np.arange(200_000) % 2
    x = rng.normal(1.0 * y)
    explorer = RocExplorer(y, np.round(x), bound=x - 0.5, threshold=0.0)
    assert explorer.bound.auc == pytest.approx(norm.cdf(1 / math.sqrt(2)), abs=3e-3)
    point = explorer.shown.gap.cuts
    rejection = 1 / norm.sf(norm.isf(point.signal_efficiency) + 1)
    error = point.background_rejection_error + 0.02 * rejection
    middle = slice(len(rejection) // 3, -2)
    assert (abs(point.background_rejection - rejection)[middle] < 5 * error[middle]).all()


@pytest.mark.parametrize(
    "change", [lambda r: r, np.exp, lambda r: 7 * r - 3], ids=["ln", "ratio", "7"]
)
@pytest.mark.parametrize("signed", [False, True])
def test_any_rising_function_of_the_ratio_reaches_one(sample, rng, change, signed):
    y, _, ratio = sample
    weights = rng.choice([1.0, -0.4], len(y), p=[0.8, 0.2]) if signed else None
    cuts = np.quantile(ratio, [0, 0.2, 0.5, 0.9, 0.99])
    _, same = gap(y, ratio, change(ratio), weights, cuts)
    np.testing.assert_allclose(same.fraction, 1, rtol=1e-9)
    assert (same.fraction_error[~np.isnan(same.fraction_error)] == 0).all() or signed


@given(st.lists(EVENT, min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_events_that_pass_both_cuts_are_those_of_two_masks(events):
    y, score, values, weights = (np.array(column) for column in zip(*events, strict=True))
    cuts = stats.cut_table(y, score, weights, [0, 1, 3])
    beside = stats.cut_table(y, values, weights, [0, 2, 4])
    squared = weights.astype(float) ** 2
    signal, background = passing_both((y, score, weights), cuts, beside, values)
    for row in range(3):
        both = (score >= cuts.threshold[row]) & (values >= beside.threshold[row])
        wanted = [squared[both & y].sum(), squared[both & ~y].sum()]
        np.testing.assert_allclose([signal[row], background[row]], wanted, atol=1e-9)


def test_bound_is_taken_where_it_keeps_as_much_signal(sample):
    y, linear, ratio = sample
    cuts, found = gap(y, linear, ratio, thresholds=np.quantile(linear[y], [0.1, 0.5, 0.8]))
    kept = np.sort(ratio[y])[::-1]
    for row, passing in enumerate(cuts.sumw_signal.astype(int)):
        tight = np.count_nonzero(ratio[~y] >= kept[passing - 1])
        loose = np.count_nonzero(ratio[~y] > kept[passing]) if passing < len(kept) else (~y).sum()
        assert tight <= found.cuts.sumw_background[row] <= loose
    rejection = cuts.background_rejection / found.cuts.background_rejection
    np.testing.assert_allclose(found.fraction, rejection)


def repeated(rng, times, make):
    """Fractions reached and their errors in repeated samples."""
    gaps = [make(*draw(2000, rng)) for _ in range(times)]
    return [np.array([getattr(g, name) for g in gaps]) for name in ("fraction", "fraction_error")]


@pytest.mark.parametrize("case", ["far", "near", "signed"])
def test_error_is_that_of_repeated_samples(rng, case):
    """The spread over repetitions is what the error says, to the precision of 400 of them.

    A tenth of slack is for the slope of the bound's curve, which is taken over a finite range.
    """

    def make(y, x):
        ratio = GAUSS.log_ratio(x)
        weights = rng.choice([1.0, -0.3], len(y), p=[0.85, 0.15]) if case == "signed" else None
        score = x @ LINEAR if case == "far" else ratio + rng.normal(0, 0.5, len(y))
        return gap(y, score, ratio, weights, [0.3, 1.0, 1.8])[1]

    fraction, error = repeated(rng, 400, make)
    assert np.std(fraction, axis=0) == pytest.approx(
        np.mean(error, axis=0), rel=0.1 + 4 / math.sqrt(2 * 400)
    )


def test_correlation_makes_the_error_small(sample, rng):
    """Events that pass both cuts say nothing about the ratio."""
    y, _, ratio = sample
    cuts, near = gap(y, ratio + rng.normal(0, 0.1, len(y)), ratio, thresholds=[1.0])
    apart = np.hypot(
        cuts.background_efficiency_error / cuts.background_efficiency,
        near.cuts.background_efficiency_error / near.cuts.background_efficiency,
    )
    assert near.fraction_error < 0.5 * apart


def test_readout_says_what_is_reached(explorer):
    parts = explorer.readout.split(" · ")
    labels = [part.split()[0] for part in parts]
    assert labels[2:5] == ["1/ε_b", "bound", "reached"]
    shown = explorer.shown.gap
    value, error = (float(text) for text in parts[4].removeprefix("reached ").split("\xa0±\xa0"))
    assert abs(value - shown.fraction[explorer.row]) <= error
    point = explorer.working_point
    wanted = point.background_rejection / shown.cuts.background_rejection[explorer.row]
    assert shown.fraction[explorer.row] == pytest.approx(wanted)


@pytest.mark.parametrize("merit", ["Z", "AMS", "SIC"])
def test_bound_has_the_larger_merit_at_equal_signal(explorer, merit):
    model, options = explorer.shown, Options(0.05)
    best, own = model.bound_scan(merit, options).values, model.scan(merit, options).values
    middle = (model.cuts.signal_efficiency > 0.2) & (model.cuts.signal_efficiency < 0.95)
    assert (best > own)[middle].all()


@pytest.mark.parametrize("axis", ["rejection", "linear", "gap"])
def test_figure_draws_the_bound(explorer, axis):
    explorer.roc_axis = axis
    for panel in explorer.figure().axes[1:]:
        (line,) = [line for line in panel.lines if line.get_color() == BOUND]
        assert np.isfinite(line.get_ydata()).any()
    if axis == "gap":
        assert explorer.figure().axes[1].get_ylim() == (0, 1.2)


@pytest.mark.parametrize("models", [1, 3, 8])
def test_table_stays_small(sample, models):
    y, _, ratio = sample
    scores = {f"model {i}": ratio + i for i in range(models)}
    explorer = RocExplorer(y, scores, train=(y, scores), bound=ratio)
    columns = list(walk(explorer.payload))
    code = len((explorer._esm + explorer._css).encode())
    assert sum(map(len, columns)) <= 40_000
    assert sum(map(len, columns)) + code <= 100_000
    assert len(explorer.shown.cuts) >= 50


def walk(table):
    """Every packed column of a table."""
    parts = table.values() if isinstance(table, dict) else table
    for part in parts:
        if isinstance(part, bytes):
            yield part
        elif isinstance(part, dict | list):
            yield from walk(part)


def test_drawn_points_are_on_the_curve(explorer):
    signal, background = (
        unpack(explorer.payload["bound"][name], "<f4") for name in ("signal", "background")
    )
    assert 100 < len(signal) <= 200
    wanted = np.interp(signal, explorer.bound.signal_efficiency, np.arange(len(explorer.bound)))
    rows = np.round(wanted).astype(int)
    np.testing.assert_allclose(explorer.bound.signal_efficiency[rows], signal, atol=1e-6)
    assert (np.diff(signal) >= 0).all()
    assert background[-1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("y", "score", "weights", "bound"),
    [
        ([1], [0.3], None, [0.1]),
        ([0], [0.3], None, [0.1]),
        ([1, 0], [0.3, 0.3], None, [1, 1]),
        ([1, 0], [0.3, 0.4], None, [0.2, 0.1]),
        ([1, 0], [0.4, 0.3], None, [0.1, 0.2]),
        ([1, 0, 1, 0], [0.0, 1.0, 1.0, 0.5], [1, -1, 1, 1.5], [3, 1, 2, 1]),
        ([1, 0, 0], [0.2, 0.4, 0.6], [0, 0, 0], [3, 1, 2]),
        ([1, 0, 0, 1], [0.2, 0.4, 0.6, 0.7], None, [math.inf, -math.inf, 0, 0]),
        ([1, 0], [0.2, 0.4], None, [math.inf, -math.inf]),
    ],
    ids=["signal", "background", "tie", "best", "worst", "signed", "weightless", "inf", "all inf"],
)
def test_hard_cases_are_drawn(y, score, weights, bound, tmp_path):
    explorer = RocExplorer(y, score, weights, bound=bound)
    for explorer.roc_axis in ("rejection", "linear", "gap"):
        assert explorer.to_html(tmp_path / "page.html").stat().st_size > 0
        assert " · reached " in explorer.readout


def test_infinite_ratios_come_first_and_last():
    y = [1, 0, 1, 0]
    bound = make_bound(y, np.array([math.inf, -math.inf, 2.0, -3.0]), None)
    assert np.argsort(bound.values).tolist() == [1, 3, 2, 0]
    assert bound.curve.auc == 1


@pytest.mark.parametrize(
    ("bound", "sentence"),
    [
        ([0.1], r"bound has shape \(1,\), y has \(2,\): wanted the exact log-likelihood ratio of"),
        ([0.1, math.nan], "The bound: 1 of 2 scores is NaN, first at index 1."),
        (["a", "b"], "The bound: .*wanted booleans, integers or floats"),
    ],
)
def test_unusable_bound_is_named(bound, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        RocExplorer([0, 1], [0.1, 0.2], bound=bound)


def test_bound_of_the_other_sign_is_refused(sample):
    y, linear, ratio = sample
    with pytest.raises(ValueError, match=r"bound has AUC 0\.0\d\d, so it is larger for background"):
        RocExplorer(y, linear, bound=-ratio)


def test_gap_wants_a_bound(sample):
    y, linear, _ = sample
    explorer = RocExplorer(y, linear)
    with pytest.raises(traitlets.TraitError, match='roc_axis="gap" compares with the exact bound'):
        explorer.roc_axis = "gap"
    assert explorer.roc_axis == "rejection"
