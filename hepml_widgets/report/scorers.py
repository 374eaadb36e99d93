"""Models of any library as functions from a table of features to one score per event.

A model is known by the names of its classes: nothing here imports a library before the user did,
but for an ONNX file, which only onnxruntime can read.

Where model and table have names, columns are matched by them; else they are taken as they come.
"""

import os
import re

import numpy as np

from hepml_widgets.core.columns import ScoreError, matched, trained_on
from hepml_widgets.report.categories import categories_of, with_categories
from hepml_widgets.report.scorers_onnx import asked_onnx, cast, opened

__all__ = ["Scorer", "is_model", "name_of"]

SUPPORTED = (
    "a fitted classifier of scikit-learn, xgboost, lightgbm or Keras, an ONNX session or file, "
    "or a function from features to scores"
)
BATCH = 4096  # events that a network is given at a time
KERAS_DEFAULT = re.compile(r"keras_tensor(_\d+)?|input(_layer)?(_\d+)?")
SIGNAL, BACKGROUND = ("1", "1.0", "True"), ("0", "0.0", "False", "-1", "-1.0")


def is_model(thing):
    """Whether this is to be asked for scores, rather than scores itself."""
    if isinstance(thing, str | os.PathLike):
        return True
    return _asker(thing) is not None


def name_of(model):
    """Name of a model's kind."""
    if isinstance(model, str | os.PathLike):
        return os.path.basename(os.fspath(model))  # noqa: PTH119 - a name, of whatever system
    name = type(model).__name__
    return getattr(model, "__name__", name) if name in {"function", "method"} else name


class Scorer:
    """Function from a table of features to one score per event.

    Parameters
    ----------
    model : object
        See `SUPPORTED`. Classifiers must tell 0 (or -1) from 1; their probability of 1 is the
        score, or their decision function where they have no probabilities.
    columns : list of str, optional
        Names of the columns of all tables to come; None if they have none.
    classes : tuple of two str, optional
        What signal and background are called, for models whose labels are text.

    Attributes
    ----------
    by_place : bool
        Whether the model takes all columns as they come, knowing no names.
    unused : list of str
        Columns that the model does not take.

    Raises
    ------
    TypeError, ValueError
        One sentence: what it is and what is wanted.
    """

    def __init__(self, model, columns=None, classes=None):
        self.name = name_of(model)
        if isinstance(model, str | os.PathLike):
            model = opened(os.fspath(model))
        ask = _asker(model)
        if ask is None:
            raise TypeError(f"{type(model).__name__} gives no scores: wanted {SUPPORTED}.")
        self.columns, self.classes = columns, classes
        self.by_place, self.unused = False, []
        self._score = ask(model, self)

    def __call__(self, X):
        """Scores of the events of a table."""
        return _one_each(self._score(X), len(X), self.name)

    def places(self, wanted, **default):
        """Places of the columns that a model wants by name, None to take all as they come."""
        places = matched(wanted, self.columns, **default)
        self.by_place = places is None and self.columns is not None
        if places is not None:
            self.unused = [c for i, c in enumerate(self.columns) if i not in places]
        return places

    def signal_of(self, labels):
        """Which of two labels is signal; None stands for a label that is not known."""
        texts = [None if label is None else str(label) for label in labels]
        signal, background = [*SIGNAL], [*BACKGROUND]
        if self.classes is not None:
            signal, background = [*signal, self.classes[0]], [*background, self.classes[1]]
        if len(texts) == 2:
            for place, other in ((0, 1), (1, 0)):
                own, rest = texts[place], texts[other]
                if own in (None, *signal) and rest in background:
                    return place
                # Labels are in rising order, so that what stands before 1 is smaller.
                if own in signal and rest is None and (place == 1 or own not in SIGNAL):
                    return place
        found = [text for text in texts if text is not None]
        raise ScoreError(
            f"{self.name} tells apart the classes {', '.join(found[:5])}: wanted two, 1 for signal "
            "and 0 for background, or those that names= says."
        )


def _asker(model):
    """Return what makes a scoring function of the model; None if it is no model."""
    ancestors = [(kind.__module__.partition(".")[0], kind.__name__) for kind in type(model).__mro__]
    for library, name in ancestors:
        if (library, name) in _KINDS:
            return _KINDS[library, name]
    for method, ask in _METHODS.items():
        if callable(getattr(model, method, None)):
            return ask
    is_data = any(hasattr(model, name) for name in ("__array__", "__len__", "__iter__"))
    return (lambda model, _: model) if callable(model) and not is_data else None


def _one_each(scores, count, name):
    """Scores as one number per event, or an error that says what came instead."""
    scores = np.asarray(scores)
    if scores.ndim == 2 and scores.shape[1] in (1, 2):
        scores = scores[:, -1]
    if scores.shape != (count,):
        raise ScoreError(
            f"{name} gives an array of shape {scores.shape} for {count} events: wanted one score "
            "per event, or the probabilities of two classes."
        )
    return scores


def _taken(X, places):
    """Columns of a table, all if ``places`` is None."""
    if places is None:
        return X
    return X.iloc[:, places] if hasattr(X, "iloc") else X[:, places]


def _check_width(X, width):
    if width is not None and X.shape[1] != width:
        raise ScoreError(
            f"it was trained on {width} columns and does not say which, but X has {X.shape[1]}: "
            "name those with features=."
        )


def _values(X, kind=np.float32):
    """Plain array of a table."""
    return np.asarray(X, dtype=kind)


# ---------------------------------------------------------------- scikit-learn and its kin


def _fitting(model, scorer):
    """Return what gives a model its columns: with names if it was trained with them."""
    places = scorer.places(trained_on(model))
    names = getattr(model, "feature_names_in_", None)
    width, categories = getattr(model, "n_features_in_", None), categories_of(model)
    if (
        names is None
        and width is None
        and hasattr(getattr(model, "best_estimator_", model), "steps")
    ):
        return lambda X: _taken(X, places)  # what stands first there knows what it wants

    def fitting(X):
        X = _taken(X, places)
        _check_width(X, width)
        if categories:
            strict = type(model).__module__.startswith("xgboost")
            return with_categories(X, trained_on(model), categories, strict=strict)
        if names is None:
            return X.to_numpy() if hasattr(X, "iloc") else X
        if hasattr(X, "iloc"):
            return X.set_axis([*names], axis=1)
        import pandas as pd  # noqa: PLC0415 - who trained on a table has it

        return pd.DataFrame(X, columns=[*names])

    return fitting


def _signal_column(model, scorer):
    classes = getattr(model, "classes_", None)
    return 1 if classes is None else scorer.signal_of(np.asarray(classes).tolist())


def _probabilities(model, scorer):
    column, fitting = _signal_column(model, scorer), _fitting(model, scorer)
    return lambda X: np.asarray(model.predict_proba(fitting(X)))[:, column]


def _decisions(model, scorer):
    # The decision function is large for the second class.
    sign, fitting = 1 if _signal_column(model, scorer) == 1 else -1, _fitting(model, scorer)
    return lambda X: sign * np.asarray(model.decision_function(fitting(X)))


def _predictions(model, scorer):
    if hasattr(model, "classes_"):
        raise TypeError(
            f"{type(model).__name__} gives classes and no scores: wanted predict_proba or "
            "decision_function."
        )
    fitting = _fitting(model, scorer)
    return lambda X: model.predict(fitting(X))


_METHODS = {
    "predict_proba": _probabilities,
    "decision_function": _decisions,
    "predict": _predictions,
}

# ---------------------------------------------------------------- Keras


def _keras(model, scorer):
    feed = _keras_feed(model, scorer)
    return lambda X: _single(model.predict(feed(X), batch_size=BATCH, verbose=0), scorer.name)


def _keras_feed(model, scorer):
    """Return what makes a model's input of a table: a matrix, or a column for each input."""
    inputs = getattr(model, "inputs", None) or []
    struct = getattr(model, "input", None) if inputs else None
    if len(inputs) < 2 and not isinstance(struct, dict):
        scorer.places(None)
        return _values
    by_name = isinstance(struct, dict)
    names = [*struct] if by_name else [tensor.name for tensor in inputs]
    tensors = [*struct.values()] if by_name else [*inputs]
    if any(len(one.shape) > 2 or one.shape[1:] not in ((), (1,)) for one in tensors):
        raise ScoreError(
            f"{scorer.name} has {len(inputs)} inputs of several columns each: wanted one input for "
            "all, or one for each column; else pass a function from features to scores."
        )
    places = scorer.places(names, default=KERAS_DEFAULT)
    return lambda X: _by_input(names if by_name else None, tensors, _columns(X, places))


def _columns(X, places):
    """Columns one by one, all of them if ``places`` is None."""
    places = range(X.shape[1]) if places is None else places
    return [X.iloc[:, i].to_numpy() if hasattr(X, "iloc") else X[:, i] for i in places]


def _by_input(names, tensors, columns):
    """Columns of the shape and type of a model's inputs, by name where it is asked by name."""
    if len(tensors) != len(columns):
        raise ScoreError(f"it takes {len(tensors)} columns, but X has {len(columns)}")
    pairs = zip(tensors, columns, strict=True)
    fed = [cast(c, t.dtype, t.name).reshape(len(c), *t.shape[1:]) for t, c in pairs]
    return fed if names is None else dict(zip(names, fed, strict=True))


def _single(found, name):
    """One output; a model with several does not say which is the score."""
    if not isinstance(found, dict | list | tuple):
        return found
    if len(found) != 1:
        outputs = f" ({', '.join(map(str, found))})" if isinstance(found, dict) else ""
        raise ScoreError(
            f"{name} has {len(found)} outputs{outputs}: wanted one, or a function from features to "
            "scores"
        )
    return next(iter(found.values() if isinstance(found, dict) else found))


# ---------------------------------------------------------------- the others


def _xgboost(booster, scorer):
    import xgboost  # noqa: PLC0415 - who has its booster has it

    names, categories = booster.feature_names, categories_of(booster)
    places = scorer.places(trained_on(booster))

    def score(X):
        X = _taken(X, places)
        _check_width(X, booster.num_features())
        if categories:
            X = with_categories(X, names, categories, strict=True)
            return booster.predict(xgboost.DMatrix(X, enable_categorical=True))
        return booster.predict(xgboost.DMatrix(_values(X, kind=float), feature_names=names))

    return score


def _lightgbm(booster, scorer):
    names, categories = booster.feature_name(), categories_of(booster)
    places = scorer.places(trained_on(booster))

    def score(X):
        X = _taken(X, places)
        _check_width(X, booster.num_feature())
        if categories:
            return booster.predict(with_categories(X, names, categories, strict=False))
        return booster.predict(_values(X, kind=float))

    return score


def _onnx_proto(model, scorer):
    return asked_onnx(opened(model.SerializeToString()), scorer)


_KINDS = {
    ("keras", "Model"): _keras,
    ("tf_keras", "Model"): _keras,
    ("xgboost", "Booster"): _xgboost,
    ("lightgbm", "Booster"): _lightgbm,
    ("onnxruntime", "InferenceSession"): asked_onnx,
    ("onnx", "ModelProto"): _onnx_proto,
}
