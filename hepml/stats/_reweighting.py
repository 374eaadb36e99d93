"""The doctor of reweighted samples: whether a source with new weights is like its target."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import chdtr, chdtrc, ndtri

from hepml.stats._boosting import SymmetricBoosting
from hepml.stats._cuts import freeze
from hepml.stats._roc import roc_curve
from hepml.stats._twosample import effective_size
from hepml.stats._validate import as_vector, check_finite, check_lengths

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["Closure", "ReweightingReport", "reweighting_report"]

RARE = 100  # a region with this many times more target than source is not covered
UNCOVERED = 0.02  # share of the target that may live in such regions
SPREAD = 2  # factor between the effective share of perfect weights and of those given
HEAVIEST = 2
SCORE_BINS = 30
LEAST_SHARE = 0.1  # of the effective size that reweighting may leave
LEAST_EVENTS = 100  # effective ones: with fewer nothing can be said
LARGEST_WEIGHT = 0.05  # share of one event in the sum of weights
YIELD = 0.1  # relative error of the sum of weights
PER_REGION = 100  # effective events that a region is wanted to hold
FEWEST = 20  # one over the squared skewness of a region's share, or it is merged with others
FEATURE_BINS, CELL_BINS = 10, 5
GROUPS = 4  # of tests: features, pairs, closures that are too good, classifier
PER_AUC = 2 * np.sqrt(np.pi)  # relative deviation of a density per deviation of the AUC from 1/2


@dataclass(frozen=True, eq=False, repr=False)
class Closure:
    """Shares of the reweighted source and of the target in the regions of one or two features.

    Attributes
    ----------
    features : tuple of str
        One name, or two.
    edges : tuple of ndarray
        Inner edges for each feature; the outermost regions are open. A value equal to an edge
        belongs below it.
    source, target : ndarray, one axis per feature
        Shares of each region in the sums of weights.
    pull : ndarray
        Difference of the shares over its statistical standard error; NaN in a region that is
        too poor to be judged.
    chi2, ndf : float, int
        All regions together, with the statistical covariance.
    p_value : float
        Chance of differences as large in all regions together, if the tolerance is added to the
        covariance.
    p_small : float
        Chance of a ``chi2`` as small.
    """

    features: tuple
    edges: tuple
    source: np.ndarray
    target: np.ndarray
    pull: np.ndarray
    chi2: float
    ndf: int
    p_value: float
    p_small: float

    def __post_init__(self):
        for value in (*self.edges, self.source, self.target, self.pull):
            freeze(value)

    def __repr__(self):
        name = " × ".join(self.features)
        return f"Closure({name}: χ²/ndf = {self.chi2:.4g}/{self.ndf}, p = {self.p_value:.2g})"

    @property
    def worst(self) -> str:
        """The region of the largest pull, in words."""
        if np.isnan(self.pull).all():
            return f"all of {' and '.join(self.features)}"
        where = np.unravel_index(np.nanargmax(np.abs(self.pull)), self.pull.shape)
        return " and ".join(map(region, self.features, self.edges, where))


@dataclass(frozen=True, eq=False, repr=False)
class ReweightingReport:
    """What the doctor found; see `reweighting_report` for how.

    Attributes
    ----------
    verdict : {"good", "not good", "cannot tell"}
    reason : str
        One sentence: the first cause, and the feature or the region it is seen in.
    causes : tuple of str
        Everything found, the first cause first: "support", "over-fitted", "weights",
        "closure", "cells", "classifier", "normalisation", or "seen before".
    uncovered : float
        Share of the target that lives where the source has next to nothing.
    effective_size : float
        (Σw)² / Σw² of the new weights.
    effective_share : float
        The same over the effective size before reweighting.
    share_needed : float
        Estimate of the ``effective_share`` of perfect weights.
    largest_weight : float
        Largest absolute weight over the absolute sum of weights.
    yield_to_source, yield_to_target : float
        Sum of the new weights over those of the source's own and of the target's.
    closures : tuple of Closure
        One for each feature.
    cells : tuple of Closure
        One for each pair of features.
    auc, auc_error : float
        Of an independent classifier that tells the target from the reweighted source, on events
        it did not learn from.
    auc_band : tuple of float
        Where ``auc`` is if the two samples cannot be told apart.
    auc_before : float
        The same AUC with the source's own weights.
    auc_learned : float
        The same AUC on the events that are not held out; NaN where it was not computed.
    tolerance, false_alarm : float
        As they were given.
    """

    verdict: str
    reason: str
    causes: tuple
    uncovered: float
    effective_size: float
    effective_share: float
    share_needed: float
    largest_weight: float
    yield_to_source: float
    yield_to_target: float
    closures: tuple
    cells: tuple
    auc: float
    auc_error: float
    auc_band: tuple
    auc_before: float
    auc_learned: float
    tolerance: float
    false_alarm: float

    def __repr__(self):
        return (
            f"ReweightingReport({self.verdict}: {self.reason} AUC {self.auc_before:.3f} → "
            f"{self.auc:.4f} ± {self.auc_error:.4f}, effective size "
            f"{self.effective_size:.4g} ({100 * self.effective_share:.3g} %))"
        )


class Sample(NamedTuple):
    """Features (n, d) and the weights of the same events."""

    X: np.ndarray
    weights: np.ndarray

    def part(self, rows):
        return Sample(self.X[rows], self.weights[rows])


class Case(NamedTuple):
    """All that the doctor looks at: one set of events, and how to judge them."""

    names: tuple
    before: Sample  # the source with its own weights
    source: Sample  # the source with its new weights
    target: Sample
    make_classifier: object
    tolerance: float
    false_alarm: float

    def part(self, rows_source, rows_target):
        return self._replace(
            before=self.before.part(rows_source),
            source=self.source.part(rows_source),
            target=self.target.part(rows_target),
        )

    @property
    def z(self):
        """Pull, of either sign, that is an alarm."""
        return float(-ndtri(self.alarm / 2))

    @property
    def alarm(self):
        """Share of the false alarms that is left to each group of tests."""
        return self.false_alarm / GROUPS


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


def reweighting_report(
    source: Any,
    target: Any,
    new_weights: ArrayLike,
    weights: ArrayLike | None = None,
    target_weights: ArrayLike | None = None,
    *,
    features: Sequence[str] | None = None,
    held_out: tuple[ArrayLike, ArrayLike] | None = None,
    classifier: Any = None,
    tolerance: float = 0.01,
    false_alarm: float = 1e-3,
    rng: int | np.random.Generator = 0,
) -> ReweightingReport:
    r"""Judge whether new weights make a source sample like a target sample, and say why not.

    Parameters
    ----------
    source, target : dict or DataFrame of columns, or array_like of shape (n, d)
        Features of the events, with the same columns in both. Give more features than the
        weights were learned from: what was left out is seen in no other way.
    new_weights : array_like, shape (n_source,)
        Weights of the source after reweighting: its own ones times the ratio that was learned.
    weights, target_weights : array_like, shapes (n_source,) and (n_target,), optional
        Weights before reweighting; 1 if not given. All weights may have either sign.
    features : sequence of str, optional
        Columns to look at, by default all; for arrays, the names to call them by.
    held_out : pair of array_like of bool, optional
        Which events of source and target the weights were *not* learned from. Judged are only
        these; the others are compared with them to recognise over-fitted weights. If not given,
        all events are taken to be held out.
    classifier : object, optional
        With ``fit(X, y, sample_weight)`` and ``predict_proba(X)``, the target being ``y == 1``;
        it is fitted anew several times. By default boosted symmetric trees of our own.
    tolerance : float, default 0.01
        AUC - 1/2 that is good enough. As normal samples that differ by a shift :math:`\delta`
        have :math:`AUC - 1/2 \approx \delta / (2 \sqrt\pi)`, so much is tolerated in a region:
        a relative deviation of :math:`2 \sqrt\pi` times the tolerance (3.5 %). With 0 every
        significant difference counts.
    false_alarm : float, default 0.001
        Chance that perfect weights are called anything but good.
    rng : int or numpy.random.Generator, default 0
        Splits the events into halves and seeds the default classifier.

    Returns
    -------
    ReweightingReport

    Raises
    ------
    ValueError, TypeError
        For tables that do not match, fewer than 50 events, values that are not finite, or weights
        that add up to zero.

    Notes
    -----
    In this order, the first that fails being the reason:

    support
        The share of the target above some cut on the classifier *before* reweighting where
        the source is 100 times rarer; more than 2 % is too much. No weights can help.
    over-fitted
        The effective share, without the two heaviest events, is less than half of what the density
        ratio r needs, :math:`1 / E[r^2]`, from 30 bins of the classifier's score before
        reweighting. Or, with ``held_out``, weights that fail have a larger AUC on held-out
        events than on the others.
    weights
        Effective size :math:`(\sum w)^2 / \sum w^2` (L. Kish, Survey Sampling, 1965) below 10 %
        of the one before or below 100, or an event with more than 5 % of all weight.
    closure, cells
        :math:`\chi^2` of the shares in 10 quantile regions of each feature and 5 × 5 of each
        pair, fewer if there are few effective events; the regions hold equal parts of the
        variance. The covariance is the one of weighted shares :math:`p_k = \sum_k w / W`,

        .. math:: C_{kl} = \delta_{kl} q_k - q_k p_l - p_k q_l + p_k p_l \sum_m q_m,
                  \qquad q_k = \sum_k w^2 / W^2,

        of both samples, with q in proportion to the common shares (Pearson's choice), and the
        squared tolerance on its diagonal.
    classifier
        AUC of a classifier learned on one half of the events and judged on the other, and the
        other way round, averaged. Its error is that of one half (`RocCurve.auc_error`), as the two
        are not independent; it fails above the null band and above 1/2 + ``tolerance``.
    normalisation
        Sums of the new weights that fit neither the source's own sum nor the target's: off by more
        than the statistics and by more than 10 %.
    seen before
        An AUC *below* the band, or a :math:`\chi^2` too small: chance fluctuations of these very
        events are in the weights, so one half of the events tells the opposite of the other. The
        verdict is "cannot tell": judge held-out events. Weights from k folds are found here too if
        they are flexible, as the folds together have seen every event: judge one fold, by
        ``held_out``.

    Features, pairs, classifier and what is too good get a quarter of ``false_alarm`` each, by
    Bonferroni's inequality; the other tests compare with sizes far from what chance does.

    Measured with exact weights of normal samples, four features and all options as they are,
    this many were called good:

    ==================  ===============  ===========
    events per sample   effective share  good
    ==================  ===============  ===========
    4000                89 %             200 of 200
    4000                64 %             200 of 200
    4000                29 %             200 of 200
    10000               64 %             200 of 200
    20000               64 %             60 of 60
    ==================  ===============  ===========

    With tolerance 0 and a ``false_alarm`` of 5 %, 15 of 300 were not (4000 events, 64 %). The
    p-values of the cells grow too small if few weights matter: at 29 % of 4000 events 0.3 % are
    below 0.1 %, at 10 % of them 0.6 %. A correlation of two features that the weights do not
    know was found in 0, 1 and 7 of 8 cases if it was 5, 10 and 15 % (10000 events): the tolerance
    hides the first two.
    """
    names, X_source, X_target = as_tables(source, target, features)
    case = Case(
        names,
        as_sample("source", X_source, "weights", weights),
        as_sample("source", X_source, "new_weights", new_weights),
        as_sample("target", X_target, "target_weights", target_weights),
        factory(classifier),
        positive("tolerance", tolerance, zero=True),
        positive("false_alarm", false_alarm),
    )
    rng = np.random.default_rng(rng)
    judged, learned = split(case, held_out)
    return report(judged, examined(judged, learned, rng))


def as_tables(source, target, features, *, missing=False):
    """Names and both matrices (n, d); NaN is a value that is missing, if there may be such."""
    pairs = ("source", source), ("target", target)
    tables = [as_columns(*pair, features, missing=missing) for pair in pairs]
    if list(tables[0]) != list(tables[1]):
        if set(tables[0]) == set(tables[1]):
            tables[1] = {name: tables[1][name] for name in tables[0]}
        else:
            odd = sorted(set(tables[0]) ^ set(tables[1]), key=str)
            raise ValueError(f"source and target need the same features, but only one has {odd}.")
    return tuple(map(str, tables[0])), *(matrix(table) for table in tables)


def as_columns(which, table, features, *, missing=False):
    """Return a dictionary of named columns of a table of any kind."""
    if hasattr(table, "keys"):
        names = list(table.keys()) if features is None else list(features)
        if absent := [name for name in names if name not in table]:
            raise ValueError(f"{which} has no feature {absent[0]!r}.")
        return named(which, {name: table[name] for name in names}, missing)
    array = np.asarray(table)
    if array.ndim != 2:
        raise ValueError(f"{which} has shape {array.shape}: wanted events × features (2-D).")
    names = [f"x{i}" for i in range(array.shape[1])] if features is None else list(features)
    if len(names) != array.shape[1]:
        raise ValueError(
            f"{which} has {array.shape[1]} columns, but names are given for {len(names)}."
        )
    return named(which, dict(zip(names, array.T, strict=True)), missing)


def named(which, columns, missing):
    if not columns:
        raise ValueError(f"{which} has no features.")
    columns = {name: as_vector(f"{name} of {which}", column) for name, column in columns.items()}
    check_lengths({f"{name} of {which}": column for name, column in columns.items()})
    for name, column in columns.items():
        known = np.nan_to_num(column, nan=0.0, posinf=np.inf, neginf=-np.inf)
        check_finite(f"values of {name} of {which}", known if missing else column)
    return columns


def matrix(columns):
    return np.column_stack([column.astype(float) for column in columns.values()])


def as_sample(which, X, name, weights):
    weights = np.ones(len(X)) if weights is None else as_vector(name, weights).astype(float)
    check_lengths({which: X, name: weights})
    check_finite(name, weights)
    return Sample(X, weights)


def positive(name, value, *, zero=False):
    if not (value > 0 or (zero and value == 0)) or not value < 1:
        raise ValueError(f"{name} is wanted between 0 and 1, not {value}.")
    return float(value)


def factory(classifier):
    """Return a function of a generator that gives a classifier with ``fit``."""
    if classifier is None:
        return SymmetricBoosting
    if not (hasattr(classifier, "fit") and hasattr(classifier, "predict_proba")):
        raise TypeError(
            "classifier needs the methods fit(X, y, sample_weight) and predict_proba(X)."
        )
    return lambda _rng: deepcopy(classifier)


def split(case, held_out):
    """Return the events that are judged, and those the weights were learned from (or None)."""
    if held_out is None:
        return checked(case), None
    masks = [np.asarray(mask) for mask in held_out]
    sizes = [len(case.source.X), len(case.target.X)]
    if [mask.shape for mask in masks] != [(n,) for n in sizes] or any(
        m.dtype != bool for m in masks
    ):
        raise ValueError(
            f"held_out is a pair of boolean masks of {sizes[0]} and {sizes[1]} events."
        )
    learned = case.part(*(~mask for mask in masks))
    enough = min(len(learned.source.X), len(learned.target.X)) >= 50
    return checked(case.part(*masks)), learned if enough else None


def checked(case):
    parts = {"weights": case.before, "new_weights": case.source, "target_weights": case.target}
    for name, (X, weights) in parts.items():
        if len(X) < 50:
            raise ValueError(f"At least 50 events of each sample are wanted, not {len(X)}.")
        if abs(weights.sum()) <= 1e-12 * np.abs(weights).sum():
            raise ValueError(f"The {name} add up to zero: there is no distribution.")
    return case


class Findings(NamedTuple):
    """Everything measured before it is judged."""

    uncovered: float
    where: str
    effective_size: float
    effective_share: float
    usual_share: float  # without the heaviest events
    share_needed: float
    largest_weight: float
    yields: np.ndarray  # sum of new weights over the source's own sum, over the target's
    yield_errors: np.ndarray
    closures: tuple
    cells: tuple
    before: Scored
    now: Scored
    learned: Scored
    rng: object


def examined(case, learned, rng):
    before = scored(case.before, case.target, case.make_classifier, rng)
    now = scored(case.source, case.target, case.make_classifier, rng)
    seen = Scored(np.nan, np.nan)
    if learned is not None:
        seen = scored(learned.source, learned.target, case.make_classifier, rng)
    weights = case.source.weights
    size = effective_size(weights)
    return Findings(
        *worst_covered(case, before),
        size,
        size / effective_size(case.before.weights),
        effective_size(without_heaviest(weights)) / effective_size(case.before.weights),
        float(np.mean([share_needed(part) for part in before.halves])),
        float(np.abs(weights).max() / abs(weights.sum())),
        *yields(case),
        feature_closures(case),
        cell_closures(case),
        before,
        now,
        seen,
        rng,
    )


def without_heaviest(weights):
    """Leave out the few events whose weight is a matter of chance even for perfect weights."""
    return weights[np.argsort(np.abs(weights))[:-HEAVIEST]]


def yields(case):
    """Sum of the new weights over those of the source and of the target, and the errors."""
    new, old, target = (sample.weights for sample in (case.source, case.before, case.target))
    errors = np.sqrt(np.sum((new - old) ** 2)), np.sqrt(np.sum(new**2) + np.sum(target**2))
    sums = np.array([old.sum(), target.sum()])
    return new.sum() / sums, np.array(errors) / np.abs(sums)


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
    low, high = np.quantile(rare[:, worst], [0.05, 0.95])
    return f"{case.names[worst]} between {low:.3g} and {high:.3g}"


def farthest(a, b):
    """Kolmogorov-Smirnov distance of values without weights."""
    grid = np.concatenate([a, b])
    shares = [np.searchsorted(np.sort(v), grid, side="right") / len(v) for v in (a, b)]
    return np.abs(shares[0] - shares[1]).max()


def fewer(case):
    return min(effective_size(case.source.weights), effective_size(case.target.weights))


def feature_closures(case):
    bins = int(np.clip(fewer(case) / PER_REGION, 2, FEATURE_BINS))
    return tuple(closure(case, (k,), [binned(case, k, bins)]) for k in range(len(case.names)))


def cell_closures(case):
    bins = int(np.clip(np.sqrt(fewer(case) / PER_REGION), 2, CELL_BINS))
    axes = [binned(case, k, bins) for k in range(len(case.names))]
    pairs = combinations(range(len(axes)), 2)
    return tuple(closure(case, pair, [axes[k] for k in pair]) for pair in pairs)


class Axis(NamedTuple):
    """Inner edges of a feature's regions, and the region of each event of both samples."""

    edges: np.ndarray
    source: np.ndarray
    target: np.ndarray

    @property
    def size(self):
        return len(self.edges) + 1


def binned(case, column, bins):
    """Regions with equal parts of the variance of both samples."""
    samples = case.source, case.target
    values = np.concatenate([sample.X[:, column] for sample in samples])
    variance = np.concatenate([np.square(s.weights / s.weights.sum()) for s in samples])
    order = np.argsort(values, kind="stable")
    below = np.cumsum(variance[order])
    ranks = np.searchsorted(below, below[-1] * np.arange(1, bins) / bins)
    edges = np.unique(values[order[ranks]])
    edges = edges[edges < values.max()]
    return Axis(edges, *(np.searchsorted(edges, sample.X[:, column]) for sample in samples))


def closure(case, columns, axes):
    shape = tuple(axis.size for axis in axes)
    sides = [
        shares(np.ravel_multi_index(codes, shape), sample.weights, np.prod(shape))
        for sample, codes in (
            (case.source, [axis.source for axis in axes]),
            (case.target, [axis.target for axis in axes]),
        )
    ]
    common, covariance, rich = if_alike(*sides)
    source, target = (side.p for side in sides)
    with np.errstate(divide="ignore", invalid="ignore"):
        pull = np.where(rich, (source - target) / np.sqrt(np.diag(covariance)), np.nan)
    return Closure(
        tuple(case.names[k] for k in columns),
        tuple(axis.edges for axis in axes),
        *(array.reshape(shape) for array in (source, target, pull)),
        *chi_square(source - target, covariance, PER_AUC * case.tolerance * common, rich),
    )


class Shares(NamedTuple):
    """Shares of the regions, and the weights of one event there.

    ``unit`` is Σw² / Σw: a share is so many times its variance. ``skewed`` is (Σw³)² Σw / (Σw²)³:
    a share is so many times its squared skewness, and 1 over a count if all weights are equal.
    """

    p: np.ndarray
    unit: np.ndarray
    skewed: np.ndarray


def shares(codes, weights, size):
    weights = weights / weights.sum()
    sizes, squares, cubes = (
        np.bincount(codes, np.abs(weights) ** power, minlength=size) for power in (1, 2, 3)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        units = squares / sizes * sizes.sum(), cubes**2 * sizes / squares**3 * sizes.sum()
    filled = squares > 0
    return Shares(
        np.bincount(codes, weights, minlength=size),
        *(np.where(filled, unit, unit[filled].max()) for unit in units),
    )


def if_alike(source, target):
    """Return common shares, covariance of their difference, and which regions have enough events.

    As in Pearson's test, variances are those of common shares: a region that chance left empty
    has one, too.
    """
    common = np.abs(source.p * target.unit + target.p * source.unit) / (source.unit + target.unit)
    rich = common >= FEWEST * np.maximum(source.skewed, target.skewed)
    common = common / common.sum()
    q = common * (source.unit + target.unit)
    cross = np.outer(common, q)
    return common, np.diag(q) - cross - cross.T + q.sum() * np.outer(common, common), rich


def chi_square(difference, covariance, tolerated, rich):
    """Chi-square, degrees of freedom and both p-values; poor regions are taken as one."""
    groups = np.eye(len(rich))[rich]
    if not rich.all():
        groups = np.vstack([groups, ~rich])
    difference, covariance = groups @ difference, groups @ covariance @ groups.T
    tolerant = covariance + np.diag(np.square(groups @ tolerated))
    plain, reduced = (
        float(difference @ np.linalg.pinv(c, rcond=1e-10, hermitian=True) @ difference)
        for c in (covariance, tolerant)
    )
    ndf = len(groups) - 1
    return (
        plain,
        ndf,
        *((float(chdtrc(ndf, reduced)), float(chdtr(ndf, plain))) if ndf else (1.0, 1.0)),
    )


def region(feature, edges, index):
    """One region in words."""
    if not len(edges):
        return f"any {feature}"
    if index == 0:
        return f"{feature} up to {edges[0]:.3g}"
    if index == len(edges):
        return f"{feature} above {edges[-1]:.3g}"
    return f"{feature} between {edges[index - 1]:.3g} and {edges[index]:.3g}"


def report(case, found):
    """Put the findings in order; the first is the reason."""
    causes = {name: check(case, found) for name, check in CHECKS.items()}
    causes = {name: sentence for name, sentence in causes.items() if sentence}
    verdict = "cannot tell" if list(causes) == ["seen before"] else "not good"
    width = band_width(case, found.now)
    return ReweightingReport(
        verdict=verdict if causes else "good",
        reason=next(iter(causes.values()), fine(case, found)),
        causes=tuple(causes),
        uncovered=found.uncovered,
        effective_size=found.effective_size,
        effective_share=float(found.effective_share),
        share_needed=found.share_needed,
        largest_weight=found.largest_weight,
        yield_to_source=float(found.yields[0]),
        yield_to_target=float(found.yields[1]),
        closures=found.closures,
        cells=found.cells,
        auc=found.now.auc,
        auc_error=found.now.error,
        auc_band=(0.5 - width, 0.5 + width),
        auc_before=found.before.auc,
        auc_learned=found.learned.auc,
        tolerance=case.tolerance,
        false_alarm=case.false_alarm,
    )


def percent(share):
    return f"{100 * share:.2g} %"


def band_width(case, scores):
    return case.z * scores.error


def fine(case, found):
    return (
        f"An independent classifier has an AUC of {found.now.auc:.3f} and all regions close "
        f"within statistics and a tolerance of {percent(PER_AUC * case.tolerance)}."
    )


def support(_case, found):
    if found.uncovered > UNCOVERED:
        return (
            f"{percent(found.uncovered)} of the target lie where the source has next to "
            f"nothing ({found.where}): no weights can help there."
        )
    return ""


def over_fitted(case, found):
    if found.learned.halves and forgets(case, found):
        return (
            f"The weights are over-fitted: the classifier's AUC is {found.learned.auc:.3f} on the "
            f"events they were learned from and {found.now.auc:.3f} on held-out ones."
        )
    if found.usual_share < found.share_needed / SPREAD:
        return (
            f"The weights spread more than the samples differ, as over-fitted ones do: "
            f"{percent(found.effective_share)} of the effective size is left where "
            f"{percent(found.share_needed)} would do."
        )
    return ""


def forgets(case, found):
    """Whether the weights fail, and fail more on held-out events than on the others."""
    noise = case.z * np.hypot(found.now.error, found.learned.error)
    others = weights, feature_closure, cell_closure, classifier
    gap = found.now.auc - found.learned.auc
    return gap > max(noise, case.tolerance) and any(check(case, found) for check in others)


def weights(_case, found):
    if found.largest_weight > LARGEST_WEIGHT:
        return f"One event carries {percent(found.largest_weight)} of all weight."
    if found.effective_share < LEAST_SHARE:
        return (
            f"The weights spread so much that {found.effective_size:.3g} effective events are "
            f"left, {percent(found.effective_share)} of those before."
        )
    if found.effective_size < LEAST_EVENTS:
        return f"Only {found.effective_size:.3g} effective events are left: too few to judge."
    return ""


def closes(case, closures):
    """Sentence about the worst closure if it is an alarm."""
    if not closures:
        return ""
    worst = min(closures, key=lambda one: (one.p_value, -one.chi2 / max(one.ndf, 1)))
    if worst.p_value * len(closures) >= case.alarm:
        return ""
    where = np.nanargmax(np.abs(worst.pull))
    source, target = (100 * share.flat[where] for share in (worst.source, worst.target))
    return (
        f"{' and '.join(worst.features)} {'do' if len(worst.features) > 1 else 'does'} not close "
        f"(χ²/ndf = {worst.chi2:.0f}/{worst.ndf}), worst at {worst.worst}: "
        f"{source:.3g} % of the reweighted source, {target:.3g} % of the target."
    )


def feature_closure(case, found):
    return closes(case, found.closures)


def cell_closure(case, found):
    return closes(case, found.cells)


def classifier(case, found):
    if found.now.auc - 0.5 <= max(band_width(case, found.now), case.tolerance):
        return ""
    return (
        f"An independent classifier tells the samples apart (AUC {found.now.auc:.3f}, chance stays "
        f"below {0.5 + band_width(case, found.now):.3f}), chiefly by {told_by(case, found)}."
    )


def told_by(case, found):
    """Feature without which the classifier loses most: its values are shuffled."""
    losses = [shuffled_loss(found.now, k, found.rng) for k in range(len(case.names))]
    order = np.argsort(losses)[::-1]
    second = [k for k in order[1:2] if losses[k] > losses[order[0]] / 2]
    return " and ".join(case.names[k] for k in [order[0], *second])


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


def normalisation(case, found):
    off = np.abs(found.yields - 1)
    if (off <= np.maximum(case.z * found.yield_errors, YIELD)).any():
        return ""
    return (
        f"The new weights add up to {found.yields[0]:.3g} times those of the source and "
        f"{found.yields[1]:.3g} times those of the target: they fit neither."
    )


def seen_before(case, found):
    if 0.5 - found.now.auc > max(band_width(case, found.now), case.tolerance):
        sign = f"The AUC {found.now.auc:.3f} is below what chance does"
    elif too_good(case, found):
        sign = f"The regions of {too_good(case, found)} agree better than chance does"
    else:
        return ""
    return (
        f"{sign}: the weights have seen the chance fluctuations of these very events; judge them "
        "on held-out ones."
    )


def too_good(case, found):
    """Features whose closure is better than statistics allow, in words."""
    everything = (*found.closures, *found.cells)
    best = min(everything, key=lambda one: one.p_small)
    return " and ".join(best.features) if best.p_small * len(everything) < case.alarm else ""


CHECKS = {
    "support": support,
    "over-fitted": over_fitted,
    "weights": weights,
    "closure": feature_closure,
    "cells": cell_closure,
    "classifier": classifier,
    "normalisation": normalisation,
    "seen before": seen_before,
}
