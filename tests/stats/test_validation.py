"""What is refused, and the sentence that says so."""

import numpy as np
import pandas as pd
import pytest

from hepml import stats

GOOD_Y, GOOD_SCORE = np.array([0, 1, 1]), np.array([0.1, 0.2, 0.3])
MANY = 60_000


class Tree:
    """Stands for a model that was passed in place of its scores."""

    def predict(self, X):
        return X


def spoilt(array, value, *rows):
    array = np.array(array)
    array[list(rows)] = value
    return array


FAULTS = [
    ("No events", ValueError, ([], [])),
    ("y has 3, score has 2 entries", ValueError, (GOOD_Y, [0.1, 0.2])),
    ("y has 3, score has 3, weights has 1 entries", ValueError, (GOOD_Y, GOOD_SCORE, [1.0])),
    (r"1 of 3 scores is NaN, first at index 1", ValueError, (GOOD_Y, [0, np.nan, 1])),
    (r"2 of 3 scores are infinite, first at index 0", ValueError, (GOOD_Y, [np.inf, 2, -np.inf])),
    (r"1 of 3 weights is NaN, first at index 2", ValueError, (GOOD_Y, GOOD_SCORE, [1, 1, np.nan])),
    (r"1 of 3 weights is infinite", ValueError, (GOOD_Y, GOOD_SCORE, [1, np.inf, 1])),
    (r"1 of 3 are not: the first is 2 at index 1", ValueError, ([0, 2, 1], GOOD_SCORE)),
    (r"-1 at index 0\. For labels -1 and \+1 pass y > 0", ValueError, ([-1, 1, 1], GOOD_SCORE)),
    (r"the first is 0\.5 at index 2", ValueError, ([0, 1, 0.5], GOOD_SCORE)),
    (r"the first is nan at index 0", ValueError, ([np.nan, 1, 0], GOOD_SCORE)),
    (r"score has shape \(3, 2\): wanted one number per event", ValueError, (GOOD_Y, np.eye(3, 2))),
    (r"score has shape \(\)", ValueError, (GOOD_Y, 0.5)),
    (
        r"y has dtype <U1: wanted .* floats; of text pass numbers, e\.g\. y == 's'\.",
        TypeError,
        (["s", "b", "s"], GOOD_SCORE),
    ),
    (
        r"score has dtype object \(first entry: str\): wanted numbers\.",
        TypeError,
        (GOOD_Y, np.array(["a", "b", "c"], object)),
    ),
    (r"score is a model \(Tree\): wanted the numbers", TypeError, (GOOD_Y, Tree())),
    (r"score has shape \(3, 2\): .*pass \[:, 1\]", ValueError, (GOOD_Y, np.eye(3, 2))),
    (
        r"rows of score have the index of those of y in another order.*score\.loc\[y\.index\]",
        ValueError,
        (pd.Series(GOOD_Y), pd.Series(GOOD_SCORE)[::-1]),
    ),
    (r"score has dtype complex", TypeError, (GOOD_Y, [1j, 0, 0])),
    (r"dtype object \(first entry: Fraction", TypeError, (GOOD_Y, "objects")),
    (r"score has masked entries", ValueError, (GOOD_Y, np.ma.masked_less(GOOD_SCORE, 0.15))),
]


@pytest.mark.parametrize("function", [stats.roc_curve, stats.auc, stats.cut_table])
@pytest.mark.parametrize(("sentence", "error", "arguments"), FAULTS)
def test_faults_are_named(function, sentence, error, arguments):
    from fractions import Fraction

    if arguments[1] is not None and isinstance(arguments[1], str):
        arguments = (arguments[0], np.array([Fraction(1, 3)] * 3))
    with pytest.raises(error, match=sentence):
        function(*arguments)


def test_columns_of_one_order_or_of_other_events_are_taken_by_position():
    y, score = pd.Series(GOOD_Y, [7, 5, 3]), pd.Series(GOOD_SCORE, [7, 5, 3])
    wanted = stats.auc(GOOD_Y, GOOD_SCORE)
    assert stats.auc(y, score) == stats.auc(y, score.reset_index(drop=True)) == wanted


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("scale", [1, 100], ids=["probabilities", "margins"])
@pytest.mark.parametrize(
    ("sentence", "name", "value"),
    [
        ("2 of 60000 scores are NaN, first at index 50017", "score", np.nan),
        ("2 of 60000 scores are infinite, first at index 50017", "score", -np.inf),
        ("2 of 60000 weights are NaN, first at index 50017", "weights", np.nan),
        ("2 of 60000 weights are infinite, first at index 50017", "weights", np.inf),
        ("2 of 60000 are not: the first is 3.0 at index 50017", "y", 3.0),
        ("2 of 60000 are not: the first is nan at index 50017", "y", np.nan),
    ],
)
def test_faults_among_many_events_are_counted(rng, sentence, name, value, *, scale, exact):
    arrays = {
        "y": rng.integers(0, 2, MANY).astype(float),
        "score": rng.random(MANY) * scale,
        "weights": rng.random(MANY),
    }
    arrays[name][[50_017, 50_018]] = value
    with pytest.raises(ValueError, match=sentence):
        stats.auc(**arrays, exact=exact)


def test_only_infinite_scores():
    with pytest.raises(ValueError, match="60000 of 60000 scores are infinite, first at index 0"):
        stats.auc(np.arange(MANY) % 2, np.full(MANY, np.inf))


def test_integer_labels_among_many_events(rng):
    y = rng.integers(0, 2, MANY)
    y[40_000] = -1
    with pytest.raises(ValueError, match="1 of 60000 are not: the first is -1 at index 40000"):
        stats.auc(y, rng.random(MANY))


def test_cuts_are_numbers():
    with pytest.raises(ValueError, match="thresholds must not be NaN"):
        stats.cut_table(GOOD_Y, GOOD_SCORE, thresholds=[np.nan])
    with pytest.raises(TypeError, match="thresholds must be numbers"):
        stats.cut_table(GOOD_Y, GOOD_SCORE, thresholds=["high"])
