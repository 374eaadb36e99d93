"""Weighted ROC and AUC: `hepml.stats` next to scikit-learn and to one read of the arrays."""

import argparse
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.special import expit
from sklearn import metrics

from benchmarks.timing import circumstances, interleave, record, table
from hepml import stats

SIGNAL_EFFICIENCIES = (0.3, 0.5)


class Sample(NamedTuple):
    """Labels, scores and weights."""

    y: np.ndarray
    score: np.ndarray
    weights: np.ndarray | None


def calibrated(n, rng):
    """Scores of a calibrated classifier, AUC 0.88."""
    y, logit, weights = gaussian(n, rng, separation=1.0, width=1.2)
    return Sample(y, expit(logit), weights)


def saturated(n, rng):
    """Scores of an over-confident sigmoid, AUC 0.985: a quarter are exactly 1."""
    y, logit, weights = gaussian(n, rng, separation=2.3, width=1.5)
    return Sample(y, expit(20 * logit), weights)


def gaussian(n, rng, *, separation, width):
    y = rng.integers(0, 2, n)
    logit = rng.normal((2 * y - 1) * separation, width)
    return y, logit, rng.exponential(1.0, n)


def margins(n, rng):
    y, logit, weights = gaussian(n, rng, separation=1.0, width=1.2)
    return Sample(y, 3 * logit, weights)


def single_precision(n, rng):
    sample = calibrated(n, rng)
    return Sample(sample.y == 1, sample.score.astype(np.float32), sample.weights)


def saturated_single(n, rng):
    y, logit, weights = gaussian(n, rng, separation=2.3, width=1.5)
    return Sample(y, expit((20 * logit).astype(np.float32)), weights)


def unweighted(n, rng):
    return calibrated(n, rng)._replace(weights=None)


def integers(n, rng):
    y, logit, weights = gaussian(n, rng, separation=1.0, width=1.2)
    return Sample(y, np.round(10 * logit).astype(np.int64), weights)


def narrow(n, rng):
    """Scores crowded around one half, as AdaBoost's probabilities are."""
    sample = calibrated(n, rng)
    return sample._replace(score=0.5 + 0.01 * (sample.score - 0.5))


FIXTURES = {
    "calibrated": calibrated,
    "saturated": saturated,
    "saturated float32": saturated_single,
    "margins": margins,
    "float32, bool labels": single_precision,
    "unweighted": unweighted,
    "integers": integers,
    "crowded at 0.5": narrow,
}


def read_once(sample):
    """Sum each array: the least that anything weighted can cost."""
    return [np.sum(array) for array in sample if array is not None]


def ours(sample, *, exact=False):
    curve = stats.roc_curve(*sample, exact=exact)
    return curve, curve.auc


def theirs(sample, **options):
    fpr, tpr, _ = metrics.roc_curve(sample.y, sample.score, sample_weight=sample.weights, **options)
    return fpr, tpr, metrics.auc(fpr, tpr)


def contestants(sample):
    return {
        "one read": partial(read_once, sample),
        "hepml": partial(ours, sample),
        "scikit-learn": partial(theirs, sample),
    }


def speed_row(name, sample, rounds):
    times = interleave(contestants(sample), control="hepml", rounds=rounds)
    mine = times["hepml"]
    return [
        name,
        f"{len(sample.y):.0e}".replace("e+0", "e"),
        *(f"{1e3 * times[who].median:.2f}" for who in ("one read", "hepml", "scikit-learn")),
        f"{times['scikit-learn'].over(mine):.1f}",
        f"{mine.over(times['one read']):.1f}",
        f"{times['hepml again'].over(mine):.2f}",
    ]


def accuracy_row(name, sample):
    curve, area = ours(sample)
    exact, exact_area = ours(sample, exact=True)
    fpr, tpr, their_area = theirs(sample, drop_intermediate=False)
    shifts = [shift_in_errors(curve, fpr, tpr, wanted) for wanted in SIGNAL_EFFICIENCIES]
    furthest = max(
        np.abs(exact.background_efficiency - fpr).max(),
        np.abs(exact.signal_efficiency - tpr).max(),
        abs(exact_area - their_area),
    )
    return [
        name,
        f"{their_area:.4f}",
        f"{abs(area - their_area):.1e}",
        *(f"{shift:.3f}" for shift in shifts),
        f"{furthest:.0e}",
        f"{len(curve)}",
    ]


def shift_in_errors(curve, fpr, tpr, signal_efficiency):
    """How far 1 / ε_b is from scikit-learn's, in units of its statistical error."""
    true = 1 / np.interp(signal_efficiency, tpr, fpr)
    mine = stats.background_rejection(curve, signal_efficiency)
    point = stats.working_point(curve, signal_efficiency=signal_efficiency)
    error = point.background_rejection_error
    return 0.0 if mine == true else abs(mine - true) / error


SPEED = [
    "scores",
    "events",
    "one read [ms]",
    "hepml [ms]",
    "scikit-learn [ms]",
    "scikit-learn / hepml",
    "hepml / one read",
    "hepml / hepml",
]
ACCURACY = [
    "scores",
    "AUC",
    "AUC off by",
    "1/ε_b at ε_s = 0.3 off by [errors]",
    "at 0.5",
    "exact mode off by",
    "cuts",
]


def report(large, rounds):
    rng = np.random.default_rng(1)
    speed, accuracy = [], []
    for name, make in FIXTURES.items():
        sample = make(1_000_000, rng)
        speed.append(speed_row(name, sample, rounds))
        accuracy.append(accuracy_row(name, sample))
        print(speed[-1], accuracy[-1])
    if large:
        for name in ("calibrated", "saturated"):
            speed.append(speed_row(name, FIXTURES[name](10_000_000, rng), 3))
            print(speed[-1])
    return f"""## Weighted ROC and AUC

{circumstances("numpy", "scikit-learn")}.

Medians of CPU time in interleaved rounds, one thread; ratios are medians of the ratios within a
round. "One read" is `np.sum` of labels, scores and weights; "hepml / hepml" is the same contestant
twice per round. `hepml.stats.roc_curve(...).auc` on its default path, with the sums of squared
weights; scikit-learn's `roc_curve` and `auc` with `sample_weight`.

{table(SPEED, speed)}

Accuracy of the default path against scikit-learn at 1e6 events, in statistical errors of one such
sample, and the largest difference of the exact path in ε_s, ε_b and AUC.

{table(ACCURACY, accuracy)}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="leave out 1e7 events")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    record("roc", report(not options.small, options.rounds))


if __name__ == "__main__":
    main()
