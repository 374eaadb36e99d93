"""What a report is made of: labels, weights, features and scores, all looked at first."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hepml.stats.events import (
    as_vector,
    check_finite,
    check_labels,
    check_lengths,
    check_order,
)
from hepml_widgets.core.columns import ScoreError, column_names, known_to
from hepml_widgets.core.numbers import as_name
from hepml_widgets.core.validate import sample_of
from hepml_widgets.report.scorers import Scorer, is_model, name_of
from hepml_widgets.report.words import LONGEST

__all__ = ["Features", "Sample", "gather"]

ROWS = 1 << 17  # events that a model is asked for at a time
MOST_FEATURES = 200
MOST_MODELS = 8


class Features:
    """Columns of numbers by name, of an array, a mapping or a table, without a copy.

    Parameters
    ----------
    X : array_like of shape (n, d), structured array, mapping of str to array_like, or table
        Of pandas or a like library.
    features : sequence of str, optional
        Names of the columns of an array; of the others, the columns to take.
    missing : float, optional
        Value that stands for none; NaN always does.

    Attributes
    ----------
    names : list
        Of the columns; ``x0``, ``x1``, … where they have none.
    known : list of str or None
        The names by which models find their columns; None for a plain array.
    """

    def __init__(self, X, features=None, missing=None):
        self._missing = missing
        features = [features] if isinstance(features, str) else features
        known = column_names(X)
        if known is None:
            self._table = self._of_array(X, features)
            self.known = None if features is None else [str(name) for name in self.names]
        else:
            self._table = self._of_names(X, known, features)
            self.known = known_to(self.names)
        if not 1 <= len(self.names) <= MOST_FEATURES:
            raise ValueError(
                f"X has {len(self.names)} columns: one to {MOST_FEATURES} can be reported; name "
                "some with features=."
            )
        if len({str(name) for name in self.names}) < len(self.names):
            raise ValueError("X has two columns of the same name.")
        self.count = len(self._raw(0))
        self._check()

    def _of_names(self, X, known, features):
        self.names = known if features is None else list(features)
        for name in self.names:
            if name not in known:
                listed = ", ".join(map(str, known))[:300]
                raise ValueError(f"X has no column {str(name)[:60]!r}: it has {listed}.")
        is_mapping = hasattr(X, "keys") and not isinstance(X, np.ndarray)
        return X if is_mapping else {name: X[name] for name in self.names}

    def _of_array(self, X, features):
        X = np.asarray(X)
        if X.ndim != 2:
            raise ValueError(
                f"X has shape {X.shape}: wanted (events, features), a table, or a dict of columns."
            )
        self.names = [f"x{i}" for i in range(X.shape[1])] if features is None else list(features)
        if len(self.names) != X.shape[1]:
            raise ValueError(f"X has {X.shape[1]} columns, but {len(self.names)} names are given.")
        return X

    def _check(self):
        for place, name in enumerate(self.names):
            values = self._raw(place)
            if len(values) != self.count:
                raise ValueError(
                    f"One entry per event is wanted, but column {str(self.names[0])[:60]!r} has "
                    f"{self.count} and {str(name)[:60]!r} has {len(values)} entries."
                )
            known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
            if known.size:
                check_finite(f"values of column {str(name)[:60]!r}", known)

    def alike(self, X):
        """Return the same columns of other events: by name where both have names."""
        other = Features(X, None if self.known is None else self.names, self._missing)
        if len(other.names) != len(self.names):
            raise ValueError(
                f"X of the training events has {len(other.names)} columns, that of the others "
                f"{len(self.names)}."
            )
        return other

    @property
    def is_frame(self):
        """Whether models get a pandas table."""
        return hasattr(self._table, "iloc")

    def _raw(self, place):
        """Numbers of one column as they are."""
        name = self.names[place]
        column = self._table[:, place] if isinstance(self._table, np.ndarray) else self._table[name]
        try:
            if self.is_frame and getattr(column.dtype, "na_value", None) is not None:
                column = column.to_numpy(float, na_value=np.nan)
            return as_vector(f"column {str(name)[:60]!r}", column)
        except (TypeError, ValueError) as error:
            if isinstance(error, TypeError) or "could not" in str(error):
                raise TypeError(
                    f"Column {str(name)[:60]!r} of X holds something that is no number: leave it "
                    "out with features=."
                ) from error
            raise

    def column(self, place, rows=slice(None)):
        """Numbers of one column, with NaN where there is none."""
        values = self._raw(place)[rows]
        if self._missing is None or not (is_missing := values == self._missing).any():
            return values
        return np.where(is_missing, np.nan, values)

    def rows(self, rows):
        """Take some events as a model wants them: a pandas table or an array."""
        if self.is_frame:
            table = self._table.iloc[rows][self.names]
            ours = [n for n, kind in table.dtypes.items() if type(kind).__name__ == "ArrowDtype"]
            return table.astype(dict.fromkeys(ours, float))  # which LightGBM does not take
        if isinstance(self._table, np.ndarray):
            return self._table[rows]
        columns = range(len(self.names))
        return np.stack([self._raw(place)[rows] for place in columns], axis=1, dtype=float)


@dataclass(frozen=True, eq=False)
class Sample:
    """Events of one kind: labels, weights (or None), features (or None) and scores by name.

    ``rows`` says which rows of the features they are, None for all.
    """

    y: np.ndarray
    weights: np.ndarray | None
    features: Features | None
    scores: dict
    rows: np.ndarray | None = None

    @property
    def arguments(self):
        """Labels and weights, as functions of `hepml.stats` take them behind the scores."""
        return self.y, self.weights

    @cached_property
    def kinds(self):
        """Rows and weights (or None) of both classes."""
        rows = {"signal": np.flatnonzero(self.y), "background": np.flatnonzero(~self.y)}
        return {
            kind: (own, None if self.weights is None else self.weights[own].astype(float))
            for kind, own in rows.items()
        }

    def column(self, place):
        """Numbers of one feature."""
        return self.features.column(place, slice(None) if self.rows is None else self.rows)

    def table(self, rows):
        """Features of some of the events, as a model takes them."""
        return self.features.rows(rows if self.rows is None else self.rows[rows])

    def of_class(self, kind):
        """Weights that are zero for all events of the other class."""
        weights = np.ones(len(self.y)) if self.weights is None else self.weights
        return np.where(self.y == kind, weights, 0.0)


@dataclass(frozen=True, eq=False)
class Gathered:
    """All that was given: events to look at, training events or None, and models by name."""

    test: Sample
    train: Sample | None
    scorers: dict


def gather(y, scores_or_model, X, weights, *, train, features, missing, names, progress):
    """Check all that was given, and ask the models for their scores.

    Parameters
    ----------
    y, scores_or_model, X, weights, train, features, missing, names
        As for `report`.
    progress : callable
        Called with (share done, what is done).

    Returns
    -------
    Gathered
    """
    by_name = as_models(scores_or_model)
    check_order({"y": y, "X": X, "weights": weights, **by_name})
    features = None if X is None else Features(X, features, missing)
    scorers = scorers_of(by_name, features, names)
    whole = as_sample("events", y, weights, features)
    whole.scores.update(scores_of(by_name, scorers, whole, progress))
    if train is None:
        check_classes("events", whole)
        return Gathered(whole, None, scorers)
    if isinstance(train, tuple):
        learned = given_train(train, by_name, scorers, whole, progress)
    else:
        whole, learned = split_by(train, whole)
    check_classes("test events", whole)
    check_classes("training events", learned)
    return Gathered(whole, learned, scorers)


def scorers_of(by_name, features, names):
    """Functions from tables like these features to scores, of all that are models."""
    found = {}
    for name, model in by_name.items():
        if not is_model(model):
            continue
        try:
            found[name] = Scorer(model, features and features.known, names)
        except (TypeError, ValueError) as error:
            raise type(error)(f"Model {shown(name)}: {error}") from error
    if found and features is None:
        raise ValueError(f"X is wanted: the model {shown(next(iter(found)))} needs features.")
    return found


def shown(name):
    return repr(name if len(name) <= 60 else f"{name[:59]}…")


def as_models(given):
    """Return scores and models by name."""
    if not isinstance(given, dict):
        return {as_name(name_of(given))[:LONGEST] if is_model(given) else "score": given}
    by_name = {as_name(name)[:LONGEST]: one for name, one in given.items()}
    if len(by_name) != len(given):
        raise ValueError(f"Two models have the same name in its first {LONGEST} letters.")
    if not 1 <= len(by_name) <= MOST_MODELS:
        raise ValueError(f"One to {MOST_MODELS} models can be reported, not {len(by_name)}.")
    return by_name


def as_sample(what, y, weights, features):
    y = as_vector("y", y)
    given = {"y": y}
    if weights is not None:
        weights = given["weights"] = as_vector("weights", weights)
    if features is not None:
        given["X"] = range(features.count)
    try:
        check_lengths(given)
        check_labels(y)
        if weights is not None:
            check_finite("weights", weights)
    except ValueError as error:
        raise ValueError(str(error) if what == "events" else f"The {what}: {error}") from error
    return Sample(y.astype(bool), weights, features, {}, None)


def scores_of(by_name, scorers, sample, progress):
    """Scores of every model for all events of a sample."""
    found = {}
    for place, (name, given) in enumerate(by_name.items()):
        progress(place / len(by_name), "scores")
        alone = len(by_name) == 1 and name == "score"
        try:
            score = asked(scorers[name], sample) if name in scorers else given
            score = as_vector("score", score)
            check_lengths({"y": sample.y, "score": score})
            check_finite("scores", score)
        except (TypeError, ValueError) as error:
            raise type(error)(str(error) if alone else f"Model {shown(name)}: {error}") from error
        found[name] = score
    return found


def asked(scorer, sample):
    """Scores of a model, which sees some of the events at a time."""
    count = len(sample.y)
    parts = [slice(start, start + ROWS) for start in range(0, count, ROWS)]
    return np.concatenate([ask(scorer, sample.features.rows(part)) for part in parts])


def ask(scorer, table):
    """Scores of some events; what a library complains of becomes one sentence."""
    try:
        return scorer(table)
    except ScoreError:
        raise
    except Exception as error:  # whatever a library raises
        kind = type(error).__name__
        said = " ".join(str(error).split())[:300]
        raise ValueError(f"it cannot score X with columns like these ({kind}: {said})") from error


def given_train(train, by_name, scorers, test, progress):
    """Return a training sample that was given beside the events."""
    if scorers and len(scorers) < len(by_name):
        raise ValueError(
            "train is a mask of the events where some scores are given and others asked of a model."
        )
    X, y, weights = sample_of(train, "X, y" if scorers else "y, scores")
    if scorers:
        features = test.features.alike(X)
        if features.known != test.features.known:
            scorers = scorers_of(by_name, features, next(iter(scorers.values())).classes)
        sample = as_sample("training events", y, weights, features)
        sample.scores.update(scores_of(by_name, scorers, sample, progress))
        return sample
    y, scores = X, y
    sample = as_sample("training events", y, weights, None)
    own = as_models(scores)
    if isinstance(scores, dict) and own.keys() != by_name.keys():
        raise ValueError(
            f"train has scores of {sorted(own)}, but the models are {sorted(by_name)}."
        )
    if len(own) != len(by_name):
        raise ValueError(f"train has one array of scores, but there are {len(by_name)} models.")
    own = dict(zip(by_name, own.values(), strict=True))
    sample.scores.update(scores_of(own, {}, sample, progress))
    return sample


def split_by(train, whole):
    """Divide the events into those to look at and those that were trained on."""
    mask = np.asarray(train)
    is_mask = mask.dtype.kind in "biuf" and np.isin(mask, (0, 1)).all()
    if mask.shape != whole.y.shape or not is_mask:
        raise ValueError(
            f"train is a mask of the {len(whole.y)} events, True for those that were trained on, "
            f"or a tuple of training events, not an array of shape {mask.shape} and dtype "
            f"{mask.dtype}."
        )
    mask = mask.astype(bool)
    return taken(whole, np.flatnonzero(~mask)), taken(whole, np.flatnonzero(mask))


def taken(sample, rows):
    weights = None if sample.weights is None else sample.weights[rows]
    scores = {name: score[rows] for name, score in sample.scores.items()}
    return Sample(sample.y[rows], weights, sample.features, scores, rows)


def check_classes(what, sample):
    """Raise unless both classes are there with a positive yield."""
    count = len(sample.y)
    for kind, name, other in ((True, "signal", "background"), (False, "background", "signal")):
        own = sample.y == kind
        if not own.any():
            raise ValueError(
                f"All {count} {what} are {other}: a report compares signal (1) and background (0)."
            )
        total = own.sum() if sample.weights is None else sample.weights[own].sum(dtype=float)
        if not total > 0:
            raise ValueError(
                f"The weights of the {own.sum()} {name} {what} add up to {total:.4g}: a positive "
                "yield is wanted."
            )
