"""Boosted trees round by round: one tree, the regions they cut, and the exact answer on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import traitlets

from hepml import stats
from hepml_widgets.boosting_explorer import figure
from hepml_widgets.boosting_explorer.payload import (
    Plane,
    area,
    chosen_rounds,
    contour,
    exact_log_odds,
    log_prior,
    measure,
    packed_trees,
    score_map,
    shown_ranges,
)
from hepml_widgets.boosting_explorer.trees import LEAF, read
from hepml_widgets.core import traits
from hepml_widgets.core.base import View
from hepml_widgets.core.columns import column_names, known_to, matched, trained_on
from hepml_widgets.core.language import spoken, tr
from hepml_widgets.core.numbers import as_name, isolated, joined, quoted, shorten, significant
from hepml_widgets.core.payload import pack
from hepml_widgets.core.validate import check_size, sample_of, two_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["BoostingExplorer"]


class BoostingExplorer(View):
    """Slide over boosting rounds: the tree added, the map of the score, AUC and log-loss.

    The trees travel to the browser once, at most 100 kB for any number of events; every round is
    added up there, and while it slides nothing is sent.

    Parameters
    ----------
    model : estimator or Booster
        Fitted for two classes: ``GradientBoostingClassifier``, ``HistGradientBoostingClassifier``
        or ``AdaBoostClassifier`` of scikit-learn, or a model of xgboost or lightgbm.
    X : array_like, shape (n, n_features), or table or dict of columns
        Test events. Where table and model have names, columns are found by name.
    y : array_like, shape (n,)
        1 or True for signal, 0 or False for background.
    weights : array_like, shape (n,), optional
        One weight per event, of either sign.
    features : tuple of two int or str, optional
        Features along x and y; by default the two that most splits use.
    train : tuple of (X, y) or (X, y, weights), optional
        Training events, for their AUC and log-loss.
    hold : dict of str or int to float, optional
        Values at which features that are not shown are held; by default their medians. The
        values are said on screen.
    log_ratio : callable or array_like, shape (n_y, n_x), optional
        Known truth: the exact logarithm of p(x | signal) / p(x | background), as a function of
        an array (n, n_features), or on a grid of cells over ``ranges``. Its line of even odds is
        drawn on top, for the yields of the training sample (of the test sample without one). A
        function also gives the exact AUC, which no classifier beats but by chance.
    rounds : array_like of int, optional
        Rounds to stop at; by default up to 100, evenly.
    ranges : tuple of tuple of float, optional
        ((x_low, x_high), (y_low, y_high)); by default 99 % of the events.
    names : tuple of str, default ("signal", "background")
        What the two classes are called.

    Attributes
    ----------
    round : int
        The round shown; what is set moves to the nearest one of ``rounds``.
    curve : {"AUC", "log-loss"}
        What is drawn against the rounds.
    steps : Steps
        AUC and log-loss at every round shown.
    bound : tuple of float or None
        Exact AUC of the test events and its error.

    Raises
    ------
    ValueError, TypeError
        For models that cannot be read, and events that are not usable; the sentence says why.

    Notes
    -----
    The score is p(signal) = 1 / (1 + e^-F) with the sum F of the trees; for AdaBoost 2 F, with F
    half the sum of weighted votes. A tree is said to be read only if its sums agree with the
    model's own decision function. Time grows with events times trees.

    Examples
    --------
    >>> explorer = BoostingExplorer(bdt, X, y, features=("pt", "mass"))  # doctest: +SKIP
    >>> explorer.round = 10  # doctest: +SKIP
    """

    _module = "boosting_explorer"
    _drawn_by = figure.draw

    round = traits.Int(1, help="boosting round shown").tag(sync=True)
    curve = traitlets.Enum(["AUC", "log-loss"], "AUC", help="drawn against the rounds").tag(
        sync=True
    )

    def __init__(
        self,
        model: Any,
        X: Any,
        y: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        features: tuple[int | str, int | str] | None = None,
        train: Any = None,
        hold: Mapping[str | int, float] | None = None,
        log_ratio: Callable[..., ArrayLike] | ArrayLike | None = None,
        rounds: ArrayLike | None = None,
        ranges: Any = None,
        names: tuple[str, str] = ("signal", "background"),
    ) -> None:
        self.names = two_names(names)
        wanted = trained_on(model)
        X, columns = in_order("test", X, wanted)
        samples = {"test": as_sample("test", X, y, weights)}
        if train is not None:
            samples = {"train": as_training(train, wanted)} | samples
        X, y, weights = samples["test"]
        self.ensemble = read_with(model, X)
        self.feature_names = columns or self.ensemble.names or [f"x{i}" for i in range(X.shape[1])]
        axes = self._axes(features)
        self.plane = Plane(axes, shown_ranges(X, axes, ranges), self._held(X, axes, hold))
        numbers, self.held_rounds = chosen_rounds(self.ensemble, rounds)
        self.steps = measure(self.ensemble, samples, numbers)
        self.bound, self.exact_line = None, np.empty((0, 2))
        if log_ratio is not None:
            self._know(log_ratio, samples)
        self._n_events = len(y)
        super().__init__(payload=self._make_payload(), round=int(numbers[-1]))

    def _know(self, log_ratio, samples):
        """Take the exact log-likelihood ratio: its line, and its AUC on the test events."""
        _, y, weights = samples.get("train", samples["test"])
        odds = exact_log_odds(log_ratio, self.plane, log_prior(y, weights))
        self.exact_line = contour(odds, self.plane)
        if callable(log_ratio):
            self.bound = exact_area(log_ratio, *samples["test"])

    def _axes(self, features):
        if features is None:
            counts = np.zeros(self.ensemble.features, dtype=int)
            for trees in self.ensemble.trees:
                for tree in trees:
                    counts += np.bincount(
                        tree.feature[tree.feature != LEAF], minlength=self.ensemble.features
                    )
            features = np.sort(np.argsort(-counts, kind="stable")[:2]).tolist()
        axes = tuple(self._index(feature) for feature in features)
        if len(axes) != 2 or axes[0] == axes[1]:
            raise ValueError("features are two different ones, of the x and the y axis.")
        return axes

    def _index(self, feature):
        """Index of a feature given by name or number."""
        known = self.feature_names
        feature = as_name(feature) if isinstance(feature, str) else feature
        if feature in known:
            return known.index(feature)
        if isinstance(feature, int | np.integer) and 0 <= feature < len(known):
            return int(feature)
        raise ValueError(f"No feature {feature!r}: there are {', '.join(map(repr, known))}.")

    def _held(self, X, axes, hold):
        medians = [np.median(c[np.isfinite(c)]) if np.isfinite(c).any() else np.nan for c in X.T]
        held = np.array(medians, dtype=float)
        for feature, value in (hold or {}).items():
            index = self._index(feature)
            if index in axes:
                raise ValueError(f"{feature!r} is shown on an axis: only other features are held.")
            held[index] = value
        return held

    @property
    @spoken
    def note(self) -> str:
        """What is held where, and what is left out."""
        others = sorted(set(range(self.ensemble.features)) - set(self.plane.axes))
        used = {int(i) for s in self.ensemble.trees for t in s for i in np.unique(t.feature)}
        held = [
            f"{isolated(self.feature_names[i], 24)} = {significant(self.plane.held[i])}"
            for i in others
            if i in used
        ]
        parts = [tr("other features held at {values}", values=", ".join(held))] if held else []
        total = len(self.ensemble.trees)
        if self.held_rounds < total:
            parts.append(tr("the first {n} of {total} rounds", n=self.held_rounds, total=total))
        return "; ".join(parts)

    @property
    @spoken
    def readout(self) -> str:
        """The line under the panels, digit for digit."""
        parts = self.steps.parts(self._at(self.round), self.bound)
        return joined(parts)

    def score_map(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Score at the cells of the map after ``round`` rounds.

        Returns
        -------
        x, y : ndarray, shape (96,)
            Centres of the cells.
        score : ndarray, shape (96, 96)
            p(signal), rows along y.
        """
        return (*self.plane.centres, score_map(self.ensemble, self.plane, self.round))

    @spoken
    def describe(self) -> str:
        """Say what stands for the picture where it cannot be seen.

        Returns
        -------
        str
        """
        x, y = (shorten(self.feature_names[axis]) for axis in self.plane.axes)
        values = {"kind": self.ensemble.kind, "x": x, "y": y, "readout": self.readout}
        return tr("Score of {kind} in {x} and {y}, its last tree; {readout}", **values)

    def _make_payload(self):
        used, trees = packed_trees(self.ensemble, self.held_rounds)
        steps, plane = self.steps, self.plane
        position = {int(feature): i for i, feature in enumerate(used)}
        return {
            "names": list(self.names),
            "kind": self.ensemble.kind,
            "features": [self.feature_names[i] for i in used],
            "axes": [position.get(axis, -1) for axis in plane.axes],
            "titles": [self.feature_names[axis] for axis in plane.axes],
            "ranges": [list(pair) for pair in plane.ranges],
            "held": pack(plane.held[used]),
            "single": self.ensemble.single,
            "base": self.ensemble.base,
            "scale": self.ensemble.scale,
            "note": self.note,
            "bound": None if self.bound is None else list(self.bound),
            "exact": pack(self.exact_line.ravel(), "<f4"),
            "rounds": steps.rounds.tolist(),
            "auc": {name: pack(values[:, 0]) for name, values in steps.auc.items()},
            "aucError": {name: pack(values[:, 1]) for name, values in steps.auc.items()},
            "loss": {name: pack(values) for name, values in steps.loss.items()},
            **trees,
        }

    def _at(self, value):
        return int(np.argmin(np.abs(self.steps.rounds - value)))

    @traitlets.validate("round")
    def _snap(self, proposal):
        return int(self.steps.rounds[self._at(proposal.value)])

    def __repr__(self):
        x, y = (quoted(self.feature_names[axis]) for axis in self.plane.axes)
        return (
            f"{type(self).__name__}({self.ensemble.kind}, {len(self.ensemble.trees)} rounds, "
            f"{x} and {y}, {self._n_events} events)"
        )


def is_real(X):
    return np.asarray(X).dtype.kind != "c"


def read_with(model, X):
    """Read a model's trees; what its library says of missing values is said shorter."""
    try:
        return read(model, X)
    except ValueError as error:
        if not np.isnan(X).any() or "NaN" not in str(error):
            raise
        raise ValueError(
            f"X of the test sample has NaN, but a {type(model).__name__} takes no missing values."
        ) from error


def as_sample(kind, X, y, weights):
    """Features, labels and weights as arrays of one length."""
    try:
        X = np.asarray(X).astype(float, casting="unsafe" if is_real(X) else "safe")
    except (TypeError, ValueError) as error:
        raise TypeError(f"X of the {kind} sample holds something that is no number.") from error
    if X.ndim != 2 or X.shape[1] < 2:
        raise ValueError(
            f"X of the {kind} sample has shape {X.shape}: wanted events and two features or more."
        )
    try:
        check_size("weights", weights)
        stats.cut_table(y, np.zeros(len(X)), weights, thresholds=[0.0])
    except (TypeError, ValueError) as error:
        text = str(error).replace("score", "X")
        raise type(error)(f"The {kind} sample: {text}") from error
    if (np.abs(X) > np.finfo(np.float32).max).any():
        raise ValueError(f"X of the {kind} sample has infinite values, or some above 3.4e38.")
    weights = None if weights is None else np.asarray(weights, dtype=float)
    return X, np.asarray(y).astype(bool), weights


def exact_area(log_ratio, X, y, weights):
    """AUC of the exact ratio, which is infinite where only one class can be."""
    ratio = np.clip(np.asarray(log_ratio(X), dtype=float), -1e300, 1e300)
    try:
        return area(y, ratio, weights)
    except (TypeError, ValueError) as error:
        raise type(error)(f"log_ratio on the test events: {error}") from error


def in_order(kind, X, wanted):
    """Columns as the model was trained on them, found by name in a table, and their names."""
    known = column_names(X)
    if known is None:
        return X, None
    try:
        places = matched(wanted, known_to(known))
    except ValueError as error:
        raise ValueError(f"X of the {kind} sample is not for this model: {error}") from error
    places = range(len(known)) if places is None else places
    names = [as_name(known[place]) for place in places]
    if hasattr(X, "iloc"):
        return X.iloc[:, [*places]], names
    return np.stack([X[known[place]] for place in places], axis=1), names


def as_training(train, wanted):
    X, *others = sample_of(train, "X, y")
    return as_sample("training", in_order("training", X, wanted)[0], *others)
