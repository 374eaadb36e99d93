"""Permutation importance against scikit-learn, its error, and inputs that do nothing."""

import numpy as np
import pytest

from hepml import stats
from hepml.stats import auc_gain


def events(rng, n=4000):
    y = rng.random(n) < 0.4
    X = rng.normal(size=(n, 4)) + np.outer(y, [1.0, 0.5, 0.0, 0.0])
    return y, X


def score_of(X):
    return 2 * np.asarray(X)[:, 0] + np.asarray(X)[:, 1] + 0.3 * np.asarray(X)[:, 2]


def test_weighted_values_agree_with_scikit_learn(rng):
    from sklearn.metrics import roc_auc_score

    y, X = events(rng)
    weights = rng.gamma(2, 0.5, len(y))
    found = stats.permutation_importance(score_of, X, y, weights, repeats=4, rng=1)
    same = np.random.default_rng(1)

    def auc(table):
        return roc_auc_score(y, score_of(table), sample_weight=weights)

    for column in range(4):
        losses = []
        for _ in range(4):
            other = X.copy()
            other[:, column] = X[same.permutation(len(X)), column]
            losses.append(auc(X) - auc(other))
        assert found.values[column] == pytest.approx(np.mean(losses), abs=1e-9)
    assert found.auc == pytest.approx(roc_auc_score(y, score_of(X), sample_weight=weights))


def test_an_idle_input_has_exactly_nothing(rng):
    y, X = events(rng)
    found = stats.permutation_importance(score_of, X, y)
    assert found.values[3] == 0
    assert found.errors[3] == 0
    assert found.values[0] > 50 * found.errors[2]


def test_error_is_the_scatter_of_repeated_samples(rng):
    found = []
    for seed in range(150):
        y, X = events(rng, 1000)
        weights = rng.choice([1.0, -0.2], 1000, p=[0.9, 0.1])
        found.append(stats.permutation_importance(score_of, X, y, weights, repeats=3, rng=seed))
    scatter = np.std([one.values[:3] for one in found], axis=0)
    stated = np.mean([one.errors[:3] for one in found], axis=0)
    # 150 samples know their scatter to 6 %; what shuffling adds is in both parts of the error.
    np.testing.assert_allclose(stated, scatter, rtol=0.3)


def test_a_gain_and_its_error_are_those_of_resampled_events(rng):
    y, X = events(rng)
    weights = rng.gamma(2, 0.5, len(y))
    gain, error = auc_gain(y, score_of(X), X[:, 0], weights)

    def found(w):
        return stats.auc(y, score_of(X), w) - stats.auc(y, X[:, 0], w)

    assert gain == pytest.approx(found(weights), abs=1e-5)
    drawn = [found(weights * rng.poisson(1, len(y))) for _ in range(200)]
    assert error == pytest.approx(np.std(drawn), rel=0.2)  # 200 know it to 5 %


def test_a_table_is_left_as_it_is(rng):
    pd = pytest.importorskip("pandas")
    y, X = events(rng, 500)
    frame = pd.DataFrame(X, columns=list("abcd"), index=np.arange(500) + 7)
    before = frame.copy()
    found = stats.permutation_importance(score_of, frame, y, rng=3)
    pd.testing.assert_frame_equal(frame, before)
    plain = stats.permutation_importance(score_of, X, y, rng=3)
    np.testing.assert_array_equal(found.values, plain.values)


def test_progress_counts_the_columns(rng):
    y, X = events(rng, 100)
    steps = []
    stats.permutation_importance(score_of, X, y, progress=lambda *step: steps.append(step))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repeats": 0}, "at least 1 is wanted, not 0"),
        ({"weights": np.tile([1.0, -1.0], 50)}, "has no weight"),
        ({"y": np.zeros(100)}, "signal has no weight"),
        ({"score_of": lambda X: X[:, 0] * np.nan}, "scores are NaN"),
    ],
)
def test_bad_input_is_one_sentence(rng, change, message):
    y = np.repeat([True, False], 50)
    given = {"score_of": score_of, "X": rng.normal(size=(100, 4)), "y": y} | change
    with pytest.raises(ValueError, match=message):
        stats.permutation_importance(**given)
