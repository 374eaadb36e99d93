"""Scores of events: their samples, the axis that suits them, and histograms of both classes."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from hepml import stats

__all__ = [
    "BINS",
    "Events",
    "auc_change",
    "axis_of",
    "by_class",
    "class_weights",
    "has_weight",
    "scaled_like",
    "thinner",
]

BINS = 50
"""Of the axis of a score, if there is room."""


@dataclass(frozen=True, eq=False)
class Events:
    """Labels, scores of every stage (n_stages, n) and weights (or None) of one sample."""

    y: np.ndarray
    scores: np.ndarray
    weights: np.ndarray | None

    def stage(self, index):
        """Labels, scores and weights at one stage."""
        return self.y, self.scores[index], self.weights

    def of_class(self, name, index):
        """Scores and weights of one class at one stage."""
        mask = self.y == (name == "signal")
        return self.scores[index][mask], None if self.weights is None else self.weights[mask]


def class_weights(events):
    """Weights of signal and of background, ones where none are given."""
    weights = np.ones(len(events.y)) if events.weights is None else events.weights
    return weights[events.y], weights[~events.y]


def has_weight(values, weights):
    """Whether a sample has events whose weights add up to more than rounding."""
    if weights is None:
        return len(values) > 0
    return abs(weights.sum()) > 1e-12 * np.abs(weights).sum()


def auc_change(test, better, worse):
    """AUC at one stage minus that at another, on the same events, with the paired error."""
    y, score, weights = test.stage(better)
    return stats.auc_gain(y, score, test.scores[worse], weights)


def axis_of(score, scale):
    """Bin edges and the scale they are uniform on."""
    if scale == "auto":
        scale = "logit" if saturated(score) else "linear"
    if scale == "logit":
        return logit_edges(score), scale
    low, high = score.min(), score.max()
    if low >= 0 and high <= 1 and high - low > 0.5:
        low, high = 0.0, 1.0
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, BINS + 1), scale


def saturated(score):
    """Whether a linear axis would squeeze most scores into its last bins."""
    if score.min() < 0 or score.max() > 1:
        return False
    return np.mean((score < 0.01) | (score > 0.99)) > 0.5 and len(np.unique(score)) > BINS


def logit_edges(score):
    if score.min() < 0 or score.max() > 1:
        raise ValueError('scale="logit" wants scores between 0 and 1.')
    inner = score[(score > 1e-8) & (score < 1 - 1e-8)]
    low, high = (inner.min(), inner.max()) if inner.size else (0.25, 0.75)
    if low == high:
        low, high = expit(logit(low) - 1), expit(logit(low) + 1)
    return expit(np.linspace(logit(low), logit(high), BINS + 1))


def thinner(edges, scale, bins):
    """Return the same axis in fewer bins."""
    if scale == "linear":
        return np.linspace(edges[0], edges[-1], bins + 1)
    ends = np.log(edges[[0, -1]] / (1 - edges[[0, -1]]))
    return 1 / (1 + np.exp(-np.linspace(*ends, bins + 1)))


def by_class(events, edges):
    """Histograms of signal and background; scores beyond the axis go to its end bins."""
    y, score, weights = events
    y, score = np.asarray(y).astype(bool), np.clip(score, edges[0], edges[-1])
    weights = None if weights is None else np.asarray(weights)
    pick = {"signal": y, "background": ~y}
    return {
        name: histogram_of(score[mask], None if weights is None else weights[mask], edges)
        for name, mask in pick.items()
    }


def histogram_of(score, weights, edges):
    """Histogram of one class, which may have no events."""
    if len(score):
        return stats.score_histogram(score, weights, edges)
    nothing = np.zeros(len(edges) - 1)
    return stats.ScoreHistogram(edges, nothing, nothing, nothing.astype(int), 0.0, 0.0)


def scaled_like(test, train):
    """Training histograms, each class brought to the yield of the test sample's."""
    return {f"train_{name}": rescaled(train[name], test[name].sumw.sum()) for name in train}


def rescaled(histogram, total):
    own = histogram.sumw.sum()
    factor = total / own if own else 1.0
    return stats.ScoreHistogram(
        histogram.edges,
        histogram.sumw * factor,
        histogram.sumw2 * factor**2,
        histogram.counts,
        0.0,
        0.0,
    )
