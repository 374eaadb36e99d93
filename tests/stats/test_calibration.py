"""Calibration against scikit-learn, against scores that are probabilities, and by properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepml import stats


def truth(rng, n):
    score = rng.beta(0.7, 1.5, n)
    return rng.random(n) < score, score


def test_bins_agree_with_scikit_learn(rng):
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import brier_score_loss

    y, score = truth(rng, 5000)
    found = stats.calibration(y, score)
    observed, predicted = calibration_curve(y, score, n_bins=10)
    np.testing.assert_allclose(found.observed, observed)
    np.testing.assert_allclose(found.predicted, predicted)
    assert found.brier == pytest.approx(brier_score_loss(y, score))
    shares = found.counts / len(y)
    wanted = np.sum(shares * np.abs(observed - predicted))
    assert found.expected_calibration_error == pytest.approx(wanted)
    np.testing.assert_allclose(found.error, np.sqrt(observed * (1 - observed) / found.counts))


def test_weights_agree_with_scikit_learn(rng):
    from sklearn.metrics import brier_score_loss

    y, score = truth(rng, 5000)
    weights = rng.integers(0, 4, len(y))
    found = stats.calibration(y, score, weights)
    repeated = stats.calibration(np.repeat(y, weights), np.repeat(score, weights))
    np.testing.assert_allclose(found.observed, repeated.observed)
    np.testing.assert_allclose(found.predicted, repeated.predicted)
    assert found.brier == pytest.approx(brier_score_loss(y, score, sample_weight=weights))


def weights_of(kind, rng, y):
    return {
        "none": None,
        "positive": rng.gamma(2, 0.5, len(y)),
        "signed": rng.choice([1.0, -0.3], len(y), p=[0.85, 0.15]),
        "by class": np.where(y, 0.01, 3.0),
    }[kind]


@pytest.mark.parametrize("kind", ["none", "positive", "signed", "by class"])
def test_a_probability_passes_as_often_as_it_should(rng, kind):
    p_values, pulls = [], []
    for _ in range(200):
        y, score = truth(rng, 3000)
        # Weights that differ by class change the share of signal: the prior undoes it.
        prior = score.mean() if kind == "by class" else None
        found = stats.calibration(y, score, weights_of(kind, rng, y), prior=prior)
        p_values.append(found.p_value)
        pulls.extend((found.observed - found.predicted) / found.expected_error)
    # Four standard deviations of 200 draws; counts are discrete, so not sharper.
    assert abs(np.mean(np.array(p_values) < 0.1) - 0.1) < 0.09
    assert np.std(pulls) == pytest.approx(1, abs=0.1)


PROCESSES = ((1, 1.0, 300, 0.3), (1, 0.3, 60, 0.02), (0, -1.0, 600, 1.0), (0, 0.6, 200, 0.1))
"""Class, mean, yield and weight."""


def mixed(rng):
    """Classes of two processes each, and the probability of signal."""
    numbers = [rng.poisson(total / weight) for *_, total, weight in PROCESSES]
    y, mean, weights = (np.repeat([p[i] for p in PROCESSES], numbers) for i in (0, 1, 3))
    x = rng.normal(mean)
    parts = [(one, total * np.exp(-((x - at) ** 2) / 2)) for one, at, total, _ in PROCESSES]
    signal, both = (sum(part for one, part in parts if one >= least) for least in (1, 0))
    return y.astype(int), signal / both, weights


def test_mixtures_of_processes_have_a_chi_square_of_one_per_bin(rng):
    """With one weight for each class it was 0.65; 200 toys of 9 bins know it to 3.3 %."""
    found = [stats.calibration(*mixed(rng)) for _ in range(200)]
    per_bin = sum(one.chi2 for one in found) / sum(one.ndf for one in found)
    assert per_bin == pytest.approx(1, abs=0.12)
    assert np.mean([one.p_value < 0.05 for one in found]) < 0.05 + 4 * 0.0155


def test_an_overconfident_score_fails(rng):
    y, score = truth(rng, 5000)
    sharp = score**3 / (score**3 + (1 - score) ** 3)
    found = stats.calibration(y, sharp)
    assert found.p_value < 1e-6
    assert found.expected_calibration_error > 0.05


@given(st.integers(0, 2**31), st.floats(0.01, 0.99), st.floats(0.1, 100))
def test_the_prior_is_the_share_and_scale_does_not_count(seed, prior, scale):
    rng = np.random.default_rng(seed)
    y, score = truth(rng, 60)
    y[:2] = (True, False)
    weights = rng.gamma(2, 0.5, 60)
    one = stats.calibration(y, score, weights, prior=prior)
    two = stats.calibration(y, score, scale * weights, prior=prior)
    factor = np.where(y, prior / weights[y].sum(), (1 - prior) / weights[~y].sum())
    three = stats.calibration(y, score, weights * factor)
    for name in ("observed", "predicted", "error", "expected_error", "chi2", "brier"):
        values = [getattr(found, name) for found in (one, two, three)]
        np.testing.assert_allclose(values[1:], [values[0]] * 2, rtol=1e-7, atol=1e-12)
    assert one.prior == prior
    assert three.prior == pytest.approx(prior)


def test_large_samples_are_added_up_in_parts(rng):
    y, score = truth(rng, 300_000)
    found = stats.calibration(y, score)
    assert found.counts.sum() == 300_000
    inside = (score >= 0.3) & (score < 0.4)
    assert found.observed[3] == pytest.approx(y[inside].mean())


@pytest.mark.parametrize(
    ("given_", "options", "message"),
    [
        (([0, 1], [0.1, 1.2]), {}, "scores run from 0.1 to 1.2: probabilities are wanted"),
        (([1, 1], [0.1, 0.2]), {}, "background has 0 and signal 2"),
        (([0, 1], [0.1, 0.2], [1, -1]), {}, "positive yield"),
        (([0, 1], [0.1, 0.2]), {"prior": 0}, "between 0 and 1, not 0"),
        (([0, 1], [0.1, np.nan]), {}, "NaN"),
        (([0, 1], [0.1, 0.2]), {"bins": [0.5, 0.1]}, "rising"),
    ],
)
def test_bad_input_is_one_sentence(given_, options, message):
    with pytest.raises(ValueError, match=message):
        stats.calibration(*given_, **options)


def test_repr_is_stable():
    found = stats.calibration([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3])
    assert repr(found) == (
        "Calibration(10 bins, signal share 0.5, mean score 0.525, chi2 = 0.0 for 0)"
    )
    assert np.isnan(found.p_value)
