"""OvertrainingView's contract in Python: two questions, honest answers, honest input."""

import math
import re

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st

from hepml import stats
from hepml_widgets import OvertrainingView, TrainingMonitor
from hepml_widgets.core.payload import unpack
from hepml_widgets.core.scores import Events, auc_change
from hepml_widgets.overtraining_view.payload import curves_of, scatter
from tests.widgets.sizes import payload

EPOCHS = np.arange(1, 41)
FALLING = 0.4 + 0.5 * np.exp(-EPOCHS / 30)
FLAT = 0.4 + 0.3 * np.exp(-EPOCHS / 3)
RISING = FLAT + 0.002 * np.maximum(EPOCHS - 20, 0)
EVENT = st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.floats(-1, 3, width=32))


def sample(rng, n, separation=1.0):
    y = rng.integers(0, 2, n)
    return y, 1 / (1 + np.exp(-rng.normal(separation * (2 * y - 1)))), rng.gamma(2, 0.5, n)


@pytest.fixture
def honest(rng):
    """Training and test events of one distribution."""
    (y, score, w), (y2, score2, w2) = sample(rng, 1500), sample(rng, 2000)
    return y, score, y2, score2, w, w2


@pytest.fixture
def staged(rng):
    """Scores of 40 rounds: training improves on and on, test gets worse after round 20."""
    y, y2 = rng.integers(0, 2, 1500), rng.integers(0, 2, 3000)
    noise, noise2 = rng.normal(size=1500), rng.normal(size=3000)
    gains = 0.05 * EPOCHS, 0.05 * (EPOCHS - 2 * np.maximum(EPOCHS - 20, 0))
    rows, rows2 = (
        np.array([x + g * (2 * labels - 1) for g in gain])
        for gain, labels, x in ((gains[0], y, noise), (gains[1], y2, noise2))
    )
    return OvertrainingView(y, rows, y2, rows2, permutations=49)


def test_representation_is_stable(honest, staged):
    assert repr(OvertrainingView(*honest)) == "OvertrainingView(1500 training and 2000 test events)"
    assert repr(staged) == "OvertrainingView(1500 training and 3000 test events, 30 rounds)"


def test_gap_and_p_values_are_those_of_the_library(honest):
    y, score, y2, score2, w, w2 = honest
    stage = OvertrainingView(*honest, permutations=99, rng=3).stage
    train, test = stats.roc_curve(y, score, w), stats.roc_curve(y2, score2, w2)
    assert stage.gap[0] == train.auc - test.auc
    assert stage.gap[1] == math.hypot(train.auc_error, test.auc_error)
    expected = stats.two_sample_test(
        score[y == 1], score2[y2 == 1], w[y == 1], w2[y2 == 1], permutations=99,
        rng=np.random.default_rng(3),
    )  # fmt: skip
    assert stage.tests["signal"] == expected


def test_equal_samples_seldom_differ(rng):
    """The verdict's own rule says 1 % for the scores and little more with the gap."""
    views = [
        OvertrainingView(*(a for s in (sample(rng, 200), sample(rng, 200)) for a in s[:2]))
        for _ in range(60)
    ]
    assert sum(view.stage.differs for view in views) <= 5  # 5e-5 chance of more at 1.2 %


def test_a_model_that_remembers_is_told(honest, rng):
    y, score, y2, score2, w, w2 = honest
    remembered = np.clip(score + 0.3 * (2 * y - 1), 0, 1)
    view = OvertrainingView(y, remembered, y2, score2, w, w2, rng=rng)
    assert view.answers[1].startswith(
        "Yes: KS p-values signal ≤ 0.003, background ≤ 0.003, AUC gap"
    )
    assert "harmless by itself" in view.answers[1]


def test_the_p_values_alone_can_tell_a_difference(rng):
    """Scores that differ in width have no AUC gap."""
    y = np.arange(2000) % 2
    centre = 1.0 * y
    view = OvertrainingView(y, rng.normal(centre, 1.0), y, rng.normal(centre, 1.6))
    wide = OvertrainingView(
        y, centre + 3 * rng.normal(size=2000), y, centre + rng.normal(size=2000)
    )
    for one in (view, wide):
        assert one.stage.differs


def test_samples_that_are_not_alike_are_no_memory(honest):
    y, score, *_ = honest
    shifted = OvertrainingView(y, score, y, score + 0.2)
    assert shifted.stage.gap[0] == 0
    assert "the samples themselves may differ" in shifted.answers[1]


def test_equal_samples_have_no_difference(honest):
    assert OvertrainingView(*honest).answers[1].startswith("No difference is seen: ")


def test_training_weights_of_another_scale_are_welcome(honest):
    y, score, y2, score2, w, w2 = honest
    here, there = (OvertrainingView(y, score, y2, score2, f * w, w2).stage for f in (1, 1000))
    for name in ("train_signal", "train_background"):
        np.testing.assert_allclose(here.histograms[name].sumw, there.histograms[name].sumw)
    assert here.gap == pytest.approx(there.gap)
    assert not there.differs


@pytest.mark.parametrize(
    ("values", "verdict", "words"),
    [
        (FALLING, "falls", "Yes: since epoch 27 validation loss has fallen by 0.0"),
        (FLAT, "flat", "No longer: since epoch 27"),
        (RISING, "rises", "This over-training costs performance: stop at epoch 20."),
        (FLAT + 0.01 * (-1.0) ** EPOCHS, "flat", "No longer"),
        ([math.nan, math.inf, math.nan], "unknown", "It cannot be told"),
        ([0.5], "unknown", "It cannot be told"),
    ],
)
def test_learning_curves_are_judged(honest, values, verdict, words):
    history = {"loss": [0.5] * len(values), "val_loss": list(values)}
    view = OvertrainingView(*honest, history=history, unit="epoch")
    assert view.shown_curve.verdict == verdict
    assert words in view.answers[0]


def test_larger_is_better_for_an_auc(honest):
    history = {"auc": [0.9] * 40, "val_auc": 1 - RISING}
    view = OvertrainingView(*honest, history=history)
    assert view.shown_curve.verdict == "rises"
    assert "validation auc is best at round 20 and has fallen by" in view.answers[0]


def test_staged_scores_show_what_over_training_costs(staged):
    assert list(staged.curves) == ["AUC"]
    assert staged.shown_curve.verdict == "rises"
    best = staged.shown_curve.rounds[staged.shown_curve.best]
    assert 17 <= best <= 23
    assert f"stop at round {best}." in staged.answers[0]
    assert staged.round == 40


def test_paired_error_is_the_spread_of_repeated_samples(rng):
    """Two correlated scores on the same weighted events: the error is that of their difference."""

    def change():
        y = rng.integers(0, 2, 400).astype(bool)
        first = rng.normal(size=400) + y
        scores = np.array([first + 0.3 * rng.normal(size=400), first])
        weights = rng.gamma(2, 0.5, 400) * rng.choice([1, -1], 400, p=[0.9, 0.1])
        return auc_change(Events(y, scores, weights), 1, 0), scores, y, weights

    toys = [change() for _ in range(400)]
    values, errors = np.transpose([toy[0] for toy in toys])
    assert np.std(values) == pytest.approx(np.mean(errors), rel=5 / math.sqrt(800))
    (value, _), scores, y, weights = toys[0]
    areas = [stats.auc(y, row, weights, exact=True) for row in scores]
    assert value == pytest.approx(areas[1] - areas[0], abs=1e-12)


def test_scatter_is_that_of_a_smooth_curve(rng):
    values = FALLING.repeat(20) + rng.normal(0, 0.01, 800)
    assert scatter(values) == pytest.approx(0.01, rel=0.1)


def test_round_moves_to_the_nearest_one_given(staged):
    rounds = [stage.round for stage in staged.stages]
    assert len(rounds) == 30
    assert (rounds[0], rounds[-1]) == (1, 40)
    for wanted in range(-3, 50):
        staged.round = wanted
        assert staged.round in rounds
        assert abs(staged.round - wanted) == min(abs(r - wanted) for r in rounds)
        assert staged.readout.startswith(f"round {staged.round} · AUC training ")


def test_curves_can_be_chosen(honest):
    history = {"auc": FLAT, "val_auc": FLAT, "loss": FLAT, "val_loss": RISING}
    view = OvertrainingView(*honest, history=history)
    assert view.curve == "loss"
    view.curve = "auc"
    assert view.shown_curve.name == "auc"
    with pytest.raises(traitlets.TraitError, match=r"No curve 'x': there are 'loss', 'auc'\."):
        view.curve = "x"


def test_a_monitor_or_xgboosts_results_are_a_history(honest):
    monitor = TrainingMonitor.from_history({"loss": FLAT, "val_loss": RISING})
    assert OvertrainingView(*honest, history=monitor).shown_curve.verdict == "rises"
    results = {"train": {"logloss": list(FLAT)}, "test": {"logloss": list(RISING)}}
    assert [curve.name for curve in curves_of(results, "round")] == ["logloss"]


def test_a_long_history_is_thinned_on_the_way_to_the_browser_only(honest):
    values = 1 / np.arange(1, 5001)
    values[1234] = -1.0
    view = OvertrainingView(*honest, history={"loss": values, "val_loss": values})
    packed = view.payload["curves"][0]
    rounds = unpack(packed["rounds"])
    assert len(rounds) < 800
    assert rounds[packed["best"]] == 1235
    assert len(view.shown_curve.new) == 5000


def test_table_is_small_for_any_number_of_events_and_rounds(rng):
    sizes = []
    for n in (1000, 100_000):
        y, score, w = sample(rng, n)
        rows = np.array([score ** (1 + i / 50) for i in range(50)])
        history = {f"{v}{c}": 1 / np.arange(1, 3001) for v in ("", "val_") for c in ("loss", "auc")}
        view = OvertrainingView(y, rows, y, rows, w, w, history=history, permutations=1)
        sizes.append(payload(view.payload) + len((view._esm + view._css).encode()))
    assert max(sizes) <= 170_000
    assert abs(sizes[0] - sizes[1]) < 1000
    assert max(map(payload, [view.payload])) <= 100_000


def test_page_is_self_contained_and_small(staged, tmp_path):
    path = staged.to_html(tmp_path / "view.html")
    text = path.read_text("utf-8")
    assert path.stat().st_size <= 250_000
    assert set(re.findall(r"(?:src|href)=\"([^\"]{0,5})", text)) == {"data:"}
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_figure_asks_and_answers(staged, honest):
    for view in (staged, OvertrainingView(*honest)):
        left, right = view.figure().axes
        assert (right.get_xlabel(), right.get_ylabel()) == ("score", "events / bin")
        for axes, question in zip((left, right), view.questions, strict=True):
            assert axes.get_title(loc="left").startswith(question)
    assert view.figure().axes[0].texts[0].get_text() == view.invitation


@given(st.lists(EVENT, min_size=1, max_size=12), st.lists(EVENT, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_the_events_something_true_is_said(train, test):
    (y, score, w), (y2, score2, w2) = (map(np.array, zip(*s, strict=True)) for s in (train, test))
    view = OvertrainingView(y, score, y2, score2, w, w2, permutations=9)
    classes = [has(y, w, c) and has(y2, w2, c) for c in (0, 1)]
    assert view.answers[1].startswith("It cannot be told") == (not any(classes))
    assert view.readout.startswith("AUC training ")
    for name, known in zip(("background", "signal"), classes, strict=True):
        assert math.isnan(view.stage.p_value(name)) == (not known)


def has(y, w, label):
    chosen = w[y == label].astype(float)
    return len(chosen) > 0 and abs(chosen.sum()) > 1e-12 * np.abs(chosen).sum()


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (([0, 1], [0.1, math.nan], [0], [0]), {}, "The training sample: 1 of 2 scores is NaN"),
        (([0, 1], [0, 1], [0, 3], [0, 1]), {}, "The test sample: .* 1 of 2 are not"),
        (([0, 1], [0, 1], [0, 1], [0]), {}, "The test sample: .*y has 2"),
        (([0, 1], [[[0]]], [0, 1], [0, 1]), {}, r"training sample have shape \(1, 1, 1\)"),
        (([0, 1], [[0, 1]] * 3, [0, 1], [[0, 1]] * 2), {}, "have 3 rounds and test scores 2"),
        (
            ([0, 1], [[0, 1]] * 3, [0, 1], [[0, 1]] * 3),
            {"rounds": [3, 2, 1]},
            "rounds are 3 rising",
        ),
        (([0, 1], [0, 1], [0, 1], [0, 1]), {"unit": "week"}, "unit is 'round' or 'epoch'"),
        (([0, 1], [0, 1], [0, 1], [0, 1]), {"scale": "log"}, "scale is 'auto'"),
        (([0, 1], [0, 1], [0, 1], [0, 1]), {"names": ["s"]}, "names are two"),
        (([0, 1], [0, 1], [0, 1], [0, 1]), {"statistic": "t"}, 'statistic is "ks"'),
        (([0, 1], [0, 1], [0, 1], [0, 1]), {"history": {"loss": [1]}}, "pairs like loss and"),
        (([0, 1], [0, 1], [0, 1], [0, 1]), {"history": [1, 2]}, "a history is a dict"),
        (
            ([0, 1], [0, 1], [0, 1], [0, 1]),
            {"history": {"loss": [1, 2], "val_loss": [1]}},
            "2 and 1 values of loss and val_loss",
        ),
    ],
)
def test_unusable_input_is_named(arguments, options, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        OvertrainingView(*arguments, **options)
