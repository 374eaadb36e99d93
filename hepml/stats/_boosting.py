"""Boosted symmetric trees on quantile bins: a small classifier that tells two samples apart."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

__all__ = ["SymmetricBoosting"]

BINS = 64
TREES = 120
DEPTH = 3
RATE = 0.1
PENALTY = 20.0  # events that a leaf is shrunk by
STEMS = 3  # trees begin with 0, 1, 2, 0, … random cuts: what no single cut gains is seen so
PART = 8192  # events a tree is grown on: parts of a random order take turns


class Tree(NamedTuple):
    """One feature and bin per level, events beyond that bin go right; a value per leaf."""

    features: tuple
    bins: tuple
    values: np.ndarray

    def leaves(self, codes):
        """Leaf of each event of ``codes`` (features, n)."""
        leaf = np.zeros(codes.shape[1], dtype=np.intp)
        for feature, last in zip(self.features, self.bins, strict=True):
            leaf = 2 * leaf + (codes[feature] > last)
        return leaf


class SymmetricBoosting:
    """Gradient boosting of symmetric trees (one cut per level), made for small differences.

    It has the ``fit`` and ``predict_proba`` of scikit-learn, which `hepml.stats` does not import.
    Weights of either sign are meant: gradients add up with their sign, curvatures without it.

    Parameters
    ----------
    rng : int or numpy.random.Generator, default 0
        Draws the order in which parts of the events grow trees.
    """

    def __init__(self, rng=0):
        self.rng = np.random.default_rng(rng)
        self.edges, self.trees = [], []

    def fit(self, X, y, sample_weight):
        """Learn to tell ``y == 1`` from ``y == 0``; both classes are given equal weight.

        Parameters
        ----------
        X : ndarray, shape (n, features)
        y : ndarray, shape (n,)
        sample_weight : ndarray, shape (n,)
        """
        order = self.rng.permutation(len(y))
        self.edges = [quantile_edges(column) for column in X.T]
        codes, y = self.codes(X[order]), y[order]
        weights = balanced(y, sample_weight[order])
        margin, self.trees = np.zeros(len(y)), []
        for number in range(TREES):
            part = turn(number, len(y))
            stem = self.stem(number % STEMS)
            self.trees.append(grown(stem, codes[:, part], y[part], weights[part], margin[part]))
            margin += self.trees[-1].values[self.trees[-1].leaves(codes)]
        return self

    def predict_proba(self, X):
        """Probabilities of both classes, shape (n, 2), of the features ``X``."""
        codes = self.codes(X)
        signal = expit(sum(tree.values[tree.leaves(codes)] for tree in self.trees))
        return np.column_stack([1 - signal, signal])

    def stem(self, cuts):
        """Tree of so many random cuts."""
        features = self.rng.permutation(len(self.edges))[:cuts]
        bins = [int(self.rng.integers(max(1, len(self.edges[f])))) for f in features]
        return Tree(tuple(features.tolist()), tuple(bins), np.zeros(1))

    def codes(self, X):
        pairs = zip(self.edges, X.T, strict=True)
        return np.array([np.searchsorted(edges, column) for edges, column in pairs], dtype=np.uint8)


def quantile_edges(values, bins=BINS):
    """Values that split the events evenly; an event belongs to the first edge not below it."""
    ranks = np.arange(1, bins) * len(values) // bins
    return np.unique(np.partition(values, ranks)[ranks])


def balanced(y, weights):
    """Weights that make each class as heavy as half of the events."""
    totals = np.bincount(y, weights, minlength=2)
    return weights * (len(y) / 2 / totals)[y]


def turn(number, events):
    """Events of a tree: parts of equal size, one after the other."""
    parts = max(1, round(events / PART))
    edges = np.arange(parts + 1) * events // parts
    return slice(edges[number % parts], edges[number % parts + 1])


def grown(tree, codes, y, weights, margin):
    """Return the tree that lowers the logistic loss most, level by level."""
    p = expit(margin)
    gradient, curvature = weights * (y - p), np.abs(weights) * p * (1 - p)
    keys = codes + BINS * np.arange(len(codes), dtype=np.intp)[:, None]
    for _ in range(DEPTH - len(tree.bins)):
        leaf = tree.leaves(codes)
        sums = sums_of(
            keys + codes.shape[0] * BINS * leaf, (gradient, curvature), 2 ** len(tree.bins)
        )
        feature, last = np.unravel_index(np.argmax(gain(*sums)), (len(codes), BINS))
        tree = Tree((*tree.features, int(feature)), (*tree.bins, int(last)), tree.values)
    leaf = tree.leaves(codes)
    g, h = (np.bincount(leaf, part, minlength=2**DEPTH) for part in (gradient, curvature))
    return tree._replace(values=RATE * g / (h + PENALTY / 4))


def sums_of(keys, parts, leaves):
    """Gradient and curvature up to each bin, both (leaves, features, bins)."""
    shape = (leaves, len(keys), BINS)
    flat = keys.ravel()
    for part in parts:
        table = np.bincount(flat, np.tile(part, len(keys)), minlength=np.prod(shape))
        yield np.cumsum(table.reshape(shape), axis=2)


def gain(gradient, curvature):
    """Return what each cut (features, bins) gains over all leaves, up to a constant."""
    rest = [total[:, :, -1:] - total for total in (gradient, curvature)]
    left = gradient**2 / (curvature + PENALTY / 4)
    return (left + rest[0] ** 2 / (rest[1] + PENALTY / 4)).sum(axis=0)
