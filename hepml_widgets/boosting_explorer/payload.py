"""From boosted trees and events to what a `BoostingExplorer` shows at each round."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from hepml import stats
from hepml_widgets.boosting_explorer.trees import LEAF
from hepml_widgets.core.language import later, tr
from hepml_widgets.core.numbers import significant, with_error
from hepml_widgets.core.payload import pack

CELLS = 96  # the map has so many cells along each axis
MOST_STEPS = 100
MOST_NODES = 15_000  # of 5 bytes: what fits into 100 kB beside the rest
SHOWN_LEAF = 127  # codes of the nodes in the table: a feature in 7 bits, then one for missing
MISSING_LEFT = 128
TAIL = 0.005  # share of the events beyond each end of an axis
CONTOUR_POINTS = 1500
WORDS = {
    "train": (later("training"), later("AUC training"), later("log-loss training")),
    "test": (later("test"), later("AUC test"), later("log-loss test")),
}


@dataclass(frozen=True, eq=False)
class Plane:
    """Two features that are shown, and values at which the others are held.

    Attributes
    ----------
    axes : tuple of int
        Indices of the features along x and y.
    ranges : tuple of tuple of float
    held : ndarray, shape (n_features,)
        Values of all features; those of `axes` do not count.
    """

    axes: tuple
    ranges: tuple
    held: np.ndarray

    @cached_property
    def centres(self):
        """Centres of the cells along x and along y."""
        return tuple(
            low + (np.arange(CELLS) + 0.5) * ((high - low) / CELLS) for low, high in self.ranges
        )

    @cached_property
    def points(self):
        """Features at the centres of all cells, row by row of y, shape (CELLS², n_features)."""
        x, y = np.meshgrid(*self.centres)
        points = np.tile(self.held, (x.size, 1))
        points[:, self.axes[0]], points[:, self.axes[1]] = x.ravel(), y.ravel()
        return points


@dataclass(frozen=True, eq=False)
class Steps:
    """What was measured after so many rounds.

    Attributes
    ----------
    rounds : ndarray of int
    auc : dict of str to ndarray, shape (n, 2)
        Value and error of ``train`` (if there are training events) and ``test``.
    loss : dict of str to ndarray, shape (n,)
        Weighted mean of the log-loss, half the binomial deviance.
    """

    rounds: np.ndarray
    auc: dict
    loss: dict

    def parts(self, index, bound):
        """Labels and numbers of the line under the panels, as the browser prints them."""
        parts = [(tr("round"), str(self.rounds[index]))]
        parts += titled(1, {n: with_error(*v[index]) for n, v in self.auc.items()})
        parts += [] if bound is None else [(tr("exact"), with_error(*bound))]
        parts += titled(2, {n: significant(v[index], 4) for n, v in self.loss.items()})
        return parts


def titled(which, texts):
    """Pairs of label and text; the first label says what all are."""
    labels = [tr(WORDS[name][0 if k else which]) for k, name in enumerate(texts)]
    return list(zip(labels, texts.values(), strict=True))


def measure(ensemble, samples, rounds):
    """Follow AUC and log-loss of each sample through the rounds.

    Parameters
    ----------
    ensemble : Ensemble
    samples : dict of str to (X, y, weights)
    rounds : ndarray of int

    Returns
    -------
    Steps
    """
    auc, loss = {}, {}
    wanted = set(rounds.tolist())
    for name, (X, y, weights) in samples.items():
        rows = [
            (area(y, margin, weights), log_loss(y, ensemble.scale * margin, weights))
            for done, margin in enumerate(ensemble.margins(X), start=1)
            if done in wanted
        ]
        auc[name] = np.array([row[0] for row in rows])
        loss[name] = np.array([row[1] for row in rows])
    return Steps(rounds, auc, loss)


def area(y, score, weights):
    curve = stats.roc_curve(y, score, weights)
    return curve.auc, curve.auc_error


def log_loss(y, odds, weights):
    """Weighted mean of -ln p(true class); NaN if the weights add up to zero."""
    losses = np.logaddexp(0.0, np.where(y, -odds, odds))
    weights = np.ones(len(y)) if weights is None else weights
    total = weights.sum()
    return float(np.sum(weights * losses) / total) if total else np.nan


def chosen_rounds(ensemble, rounds):
    """Choose the rounds shown, and tell how many the table can hold.

    Returns
    -------
    rounds : ndarray of int
    held : int
        Rounds whose trees fit; fewer than the model has if it is large.
    """
    sizes = np.cumsum([sum(len(tree.feature) for tree in trees) for trees in ensemble.trees])
    held = int(np.searchsorted(sizes, MOST_NODES, side="right"))
    if not held:
        raise ValueError(f"The first round has {sizes[0]} nodes: at most {MOST_NODES} are drawn.")
    if rounds is None:
        return np.unique(np.linspace(1, held, min(held, MOST_STEPS)).astype(int)), held
    wanted = np.unique(np.atleast_1d(rounds))
    if wanted.dtype.kind not in "iu" or not wanted.size or wanted[0] < 1 or wanted[-1] > held:
        raise ValueError(
            f"rounds are whole numbers from 1 to {held}, the rounds that can be shown."
        )
    return wanted, held


# ---------------------------------------------------------------- the map


def log_odds_map(ensemble, plane, done):
    """Log-odds at the cells after so many rounds, from the numbers that the browser has."""
    points = ensemble.prepared(plane.points)
    margin = np.full(len(points), ensemble.base)
    for trees in ensemble.trees[:done]:
        for tree in trees:
            margin += tree.single().predict(points)
    return (ensemble.scale * margin).reshape(CELLS, CELLS)


def score_map(ensemble, plane, done):
    """Score p(signal) at the cells, shape (CELLS, CELLS), rows along y."""
    return expit(log_odds_map(ensemble, plane, done))


def shown_ranges(X, axes, ranges):
    """Return the ranges of the axes: those given, or all but the tails of the events."""
    if ranges is not None:
        ranges = np.asarray(ranges, dtype=float)
        if ranges.shape != (2, 2) or not (ranges[:, 1] > ranges[:, 0]).all():
            raise ValueError("ranges are ((x_low, x_high), (y_low, y_high)), each rising.")
        return tuple(map(tuple, ranges.tolist()))
    return tuple(range_of(X[:, axis]) for axis in axes)


def range_of(values):
    known = values[np.isfinite(values)]
    if not known.size:
        raise ValueError("A feature to be shown has no value at all.")
    low, high = np.quantile(known, [TAIL, 1 - TAIL])
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


# ---------------------------------------------------------------- the exact answer


def exact_log_odds(log_ratio, plane, prior):
    """Exact log-odds of signal at the cells: log-likelihood ratio plus that of the yields."""
    values = log_ratio(plane.points) if callable(log_ratio) else log_ratio
    values = np.asarray(values, dtype=float)
    shape = values.shape
    if callable(log_ratio) and shape != (CELLS * CELLS,):
        raise ValueError(
            f"log_ratio gave shape {shape} for {CELLS * CELLS} points: wanted one each."
        )
    if not callable(log_ratio) and (values.ndim != 2 or min(shape) < 2):
        raise ValueError(f"log_ratio has shape {shape}: wanted a callable, or a grid of (y, x).")
    return (values.reshape(CELLS, CELLS) if callable(log_ratio) else values) + prior


def contour(values, plane):
    """Line of even odds, shape (n, 2); rows of NaN part its pieces."""
    from contourpy import contour_generator  # noqa: PLC0415 - matplotlib brings it

    places = [
        low + (np.arange(count) + 0.5) * ((high - low) / count)
        for (low, high), count in zip(plane.ranges, values.shape[::-1], strict=True)
    ]
    lines = contour_generator(*places, np.ma.masked_invalid(values)).lines(0.0)
    if not lines:
        return np.empty((0, 2))
    stride = 1 + sum(map(len, lines)) // CONTOUR_POINTS
    gap = np.full((1, 2), np.nan)
    pieces = [part for line in lines for part in (line[:-1:stride], line[-1:], gap)]
    return np.concatenate(pieces)


def log_prior(y, weights):
    """Logarithm of the ratio of the yields of signal and background."""
    weights = np.ones(len(y)) if weights is None else weights
    yields = [weights[y == label].sum() for label in (1, 0)]
    if min(yields) <= 0:
        raise ValueError(
            "log_ratio needs positive yields of signal and background, but they are "
            f"{yields[0]:.4g} and {yields[1]:.4g}."
        )
    return float(np.log(yields[0] / yields[1]))


# ---------------------------------------------------------------- what the browser gets


def packed_trees(ensemble, held):
    """All nodes in a row: a byte for the feature, four for the value; and how to read them."""
    rounds = ensemble.trees[:held]
    trees = [tree for stage in rounds for tree in stage]
    feature = np.concatenate([tree.feature for tree in trees])
    used = np.unique(feature[feature != LEAF])
    if len(used) > SHOWN_LEAF - 1:
        raise ValueError(f"The trees use {len(used)} features: at most {SHOWN_LEAF - 1} are drawn.")
    code = np.where(feature == LEAF, SHOWN_LEAF, np.searchsorted(used, feature))
    missing = np.concatenate([tree.missing_left for tree in trees])
    code = code + MISSING_LEFT * (missing & (feature != LEAF))
    return used, {
        "code": pack(code, "u1"),
        "value": pack(np.concatenate([tree.value for tree in trees]), "<f4"),
        "nodes": [len(tree.feature) for tree in trees],
        "perRound": [len(stage) for stage in rounds],
    }
