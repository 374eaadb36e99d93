"""What is no sample gets one clear sentence, and what is an odd one is drawn, by all nine."""

import numpy as np
import pytest

from hepml_widgets import (
    AnomalyMonitor,
    BoostingExplorer,
    BumpHunter,
    ImageBrowser,
    OvertrainingView,
    ParameterScan,
    RocExplorer,
    ShapeCompare,
    TrainingMonitor,
)
from tests.support.all_views import VIEWS

N = 300
EVENTS = np.arange(N)
LABELS, WEIGHTS = EVENTS % 2, np.ones(N)
VALUES = np.random.default_rng(1).random(N)


@pytest.fixture(scope="module")
def trees():
    from sklearn.ensemble import GradientBoostingClassifier

    X = np.column_stack([VALUES, EVENTS])
    return GradientBoostingClassifier(n_estimators=3).fit(X, LABELS)


def overtraining(_trees, y, values, weights):
    return OvertrainingView(y, values, y, values, weights, weights, permutations=19)


def boosting(trees, y, values, weights):
    X = np.stack([values, np.resize(EVENTS, np.shape(values)).astype(values.dtype)], axis=1)
    return BoostingExplorer(trees, X, y, weights)


def images(_trees, y, values, weights):
    pixels = (
        values[:, None, None].repeat(2, axis=1).repeat(2, axis=2) if values.ndim == 1 else values
    )
    return ImageBrowser(pixels, y, weights, variables={"v": np.arange(len(y))})


def brushed(_trees, y, values, weights):
    return ImageBrowser(np.ones((len(y), 2, 2)), y, weights, variables={"v": values})


def shapes(_trees, _y, values, weights):
    return ShapeCompare({"x": values}, {"x": values}, weights)


def masses(_trees, _y, values, weights):
    mjj = 2000 + 1000 * values if values.dtype.kind == "f" else values
    return BumpHunter(mjj, np.arange(len(values)), weights, signal_region=(2300, 2500))


def cut_on(_trees, _y, values, weights):
    mjj = np.linspace(2000, 3000, len(values))
    return BumpHunter(mjj, values, weights, signal_region=(2300, 2500))


MAKERS = {
    "RocExplorer": lambda _, y, values, weights: RocExplorer(y, values, weights),
    "TrainingMonitor": lambda _, y, values, w: TrainingMonitor.from_history({"loss": values}),  # noqa: ARG005
    "OvertrainingView": overtraining,
    "BoostingExplorer": boosting,
    "ImageBrowser": images,
    "ImageBrowser, variables": brushed,
    "ShapeCompare": shapes,
    "BumpHunter": masses,
    "BumpHunter, score": cut_on,
    "ParameterScan": lambda _, *events: ParameterScan({1: events, 2: events}, trained=[1]),
    "AnomalyMonitor": lambda _, y, values, weights: AnomalyMonitor(  # noqa: ARG005
        values, values, reference_weights=weights, weights=weights
    ),
}


def but(values, index, value):
    values = values.astype(float)
    values[index] = value
    return values


FAULTS = {
    "NaN": ({"values": but(VALUES, 7, np.nan)}, r"\bNaN\b"),
    "infinity": ({"values": but(VALUES, 3, np.inf)}, r"infinit"),
    "NaN among the weights": ({"weights": but(WEIGHTS, 4, np.nan)}, r"1 of 300 \w*weights is NaN"),
    "infinite weight": ({"weights": but(WEIGHTS, 4, np.inf)}, r"300 \w*weights is infinite"),
    "huge weights": ({"weights": WEIGHTS * 1e300}, r"weights reach 1e\+300: wanted"),
    "tiny weights": ({"weights": WEIGHTS * 1e-205}, r"weights reach 1e-205: wanted"),
    "text": ({"values": np.array(["a"] * N)}, r"dtype <U1|no number"),
    "objects": ({"values": np.array([{}] * N)}, r"dtype object|no number"),
    "complex": ({"values": VALUES + 1j}, r"dtype complex|no number"),
    "text as weights": ({"weights": np.array(["a"] * N)}, r"weights has dtype <U1"),
    "another shape": ({"values": VALUES.reshape(N, 1, 1, 1, 1)},
                      r"ha(s|ve) shape \(300,|no number"),
    "too few": ({"values": VALUES[:-1]}, r"One entry per event is wanted, but"),
    "too few weights": ({"weights": WEIGHTS[:-1]}, r"One entry per event is wanted, but"),
    "three classes": ({"y": EVENTS % 3}, r"Labels are 1 \(signal\) or 0"),
    "nothing": ({"y": LABELS[:0], "values": VALUES[:0], "weights": WEIGHTS[:0]},
                r"No events|ha(s|ve) shape \(0,\)|no values"),
}  # fmt: skip
ODD = {
    "weights of zero": ({"weights": 0 * WEIGHTS}, r"add up to (0|zero)|without events"),
    "a negative sum": ({"weights": -WEIGHTS}, r"add up to -(300|150)|is negative in bin"),
    "weights that cancel": ({"weights": np.where(EVENTS % 4 < 2, 1.0, -1.0)},
                            r"add up to (0|zero)|is negative in bin"),
    "signal alone": ({"y": LABELS * 0 + 1}, "never"),
    "background alone": ({"y": LABELS * 0}, "never"),
    "one event": ({"y": LABELS[:1], "values": VALUES[:1], "weights": WEIGHTS[:1]},
                  r"1 bins with events|has 1 events: at least|At least \d+ events"),
    "one value": ({"values": 0 * VALUES + 0.5}, r"1 bins with events"),
    "truth values": ({"values": VALUES > 0.5}, r"without events"),
}  # fmt: skip
LACKS = {"TrainingMonitor": {"y", "weights"}, "AnomalyMonitor": {"y"}, "ShapeCompare": {"y"},
    "BumpHunter": {"y"}, "BumpHunter, score": {"y"},
}  # fmt: skip
"""What a widget does not take."""
DEFINED = {("TrainingMonitor", case) for case in ("NaN", "infinity", "too few")} | {
    ("BoostingExplorer", "objects"), ("AnomalyMonitor", "too few"), ("ShapeCompare", "NaN"),
}  # fmt: skip


def cases(table):
    return [
        pytest.param(name, change, words, id=f"{name}: {case}")
        for name in MAKERS
        for case, (change, words) in table.items()
        if not change.keys() <= LACKS.get(name, set()) and (name, case) not in DEFINED
    ]


def made(name, trees, change):
    given = {"y": LABELS, "values": VALUES, "weights": WEIGHTS} | change
    return MAKERS[name](trees, *given.values())


def test_every_widget_is_attacked():
    assert {name.partition(",")[0] for name in MAKERS} == VIEWS.keys()


@pytest.mark.parametrize("name", MAKERS)
def test_a_good_sample_is_taken(name, trees):
    assert repr(made(name, trees, {}))


@pytest.mark.parametrize(("name", "change", "words"), cases(FAULTS))
def test_the_sentence_says_what_is_wrong(name, change, words, trees):
    with pytest.raises((ValueError, TypeError), match=words) as fault:
        made(name, trees, change)
    sentence = str(fault.value)
    assert "\n" not in sentence
    assert len(sentence) < 250


@pytest.mark.parametrize(("name", "change", "words"), cases(ODD))
def test_odd_samples_are_drawn_or_refused_in_a_sentence(name, change, words, trees):
    try:
        view = made(name, trees, change)
    except ValueError as fault:
        with pytest.raises(ValueError, match=words):
            raise fault from None
        return
    assert view.picture()
    assert "nan" not in view.describe().replace("dominant", "")
