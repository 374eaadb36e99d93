"""A classifier learned on one half of the events and judged on the other, and what it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hepml.stats._closures import shares
from hepml.stats._roc import roc_curve
from hepml.stats._said import said
from hepml.stats._twosample import effective_size

if TYPE_CHECKING:
    from hepml.stats.events import Sample

RARE = 100  # a region with this many times more target than source is not covered
UNCOVERED = 0.02  # share of the target that may live in such regions
SCORE_BINS = 30


class Half(NamedTuple):
    """A classifier and the half of the events that it did not learn from, with their scores."""

    model: object
    source: Sample
    target: Sample
    score_source: np.ndarray
    score_target: np.ndarray


class Scored(NamedTuple):
    """AUC of two cross-fitted halves, and its error."""

    auc: float
    error: float
    halves: tuple = ()


def scored(source, target, make_classifier, rng):
    """Learn on each half of the events and judge on the other.

    Both AUCs see the fluctuations of one half through those of the other: if all was linear they
    would be equal. So their mean has the error of one.
    """
    sides = [np.array_split(rng.permutation(len(sample.X)), 2) for sample in (source, target)]
    parts = [(source.part(a), target.part(b)) for a, b in zip(*sides, strict=True)]
    halves = tuple(half(fitted(make_classifier(rng), *parts[k]), *parts[1 - k]) for k in range(2))
    curves = [curve_of(part, part.score_source, part.score_target) for part in halves]
    errors = [curve.auc_error for curve in curves]
    return Scored(float(np.mean([curve.auc for curve in curves])), float(np.mean(errors)), halves)


def fitted(model, source, target):
    y, X, weights = stacked(source, target)
    model.fit(X, y, sample_weight=weights)
    return model


def stacked(source, target):
    """Labels, features and weights of both; each sample weighs as much as half of the events."""
    y = np.repeat([0, 1], [len(source.X), len(target.X)])
    scales = [len(y) / 2 / sample.weights.sum() for sample in (source, target)]
    weights = [scale * part.weights for scale, part in zip(scales, (source, target), strict=True)]
    return y, np.concatenate([source.X, target.X]), np.concatenate(weights)


def half(model, source, target):
    scores = [np.asarray(model.predict_proba(sample.X))[:, 1] for sample in (source, target)]
    return Half(model, source, target, *scores)


def curve_of(part, score_source, score_target):
    y, _, weights = stacked(part.source, part.target)
    return roc_curve(y, np.concatenate([score_source, score_target]), weights)


def worst_covered(case, before):
    """Share of the target where the source is rare, as both halves see it, and where that is."""
    shares, cuts = zip(*map(rare_share, before.halves), strict=True)
    share = min(shares)
    if share <= UNCOVERED:
        return share, ""
    pairs = zip(before.halves, cuts, strict=True)
    rare = np.concatenate([part.target.X[part.score_target >= cut] for part, cut in pairs])
    return share, feature_that_differs(case, rare)


def rare_share(part):
    """Largest share of the target above a score with RARE times less source, and the score.

    One source event more is reckoned with than is seen: none is no proof.
    """
    curve = curve_of(
        part._replace(
            source=part.source._replace(weights=np.abs(part.source.weights)),
            target=part.target._replace(weights=np.abs(part.target.weights)),
        ),
        part.score_source,
        part.score_target,
    )
    one_more = 1 / effective_size(np.abs(part.source.weights))
    rare = RARE * (curve.background_efficiency + one_more) <= curve.signal_efficiency
    last = np.flatnonzero(rare)
    if not last.size:
        return 0.0, np.inf
    return float(curve.signal_efficiency[last[-1]]), curve.threshold[last[-1]]


def share_needed(part):
    """1 / E[r²] of the ratio r of target to source in bins of the score, equally full of target."""
    edges = np.quantile(part.score_target, np.arange(1, SCORE_BINS) / SCORE_BINS)
    sides = (part.score_source, part.source.weights), (part.score_target, part.target.weights)
    source, target = (
        shares(np.searchsorted(edges, score, side="right"), weights, SCORE_BINS).p
        for score, weights in sides
    )
    return 1 / np.sum(target**2 / (np.maximum(source, 0) + 1 / len(part.score_source)))


def feature_that_differs(case, rare):
    """Feature in which these events are farthest from the source, and their range."""
    distances = [farthest(*pair) for pair in zip(rare.T, case.source.X.T, strict=True)]
    worst = int(np.argmax(distances))
    low, high = (f"{edge:.3g}" for edge in np.quantile(rare[:, worst], [0.05, 0.95]))
    return said("{name} between {low} and {high}", name=case.names[worst], low=low, high=high)


def farthest(a, b):
    """Kolmogorov-Smirnov distance of values without weights."""
    grid = np.concatenate([a, b])
    shares = [np.searchsorted(np.sort(v), grid, side="right") / len(v) for v in (a, b)]
    return np.abs(shares[0] - shares[1]).max()


def shuffled_loss(scores, column, rng):
    losses = []
    for part in scores.halves:
        changed = []
        for sample in (part.source, part.target):
            X = sample.X.copy()
            X[:, column] = rng.permutation(X[:, column])
            changed.append(np.asarray(part.model.predict_proba(X))[:, 1])
        losses.append(-curve_of(part, *changed).auc)
    return np.mean(losses)
