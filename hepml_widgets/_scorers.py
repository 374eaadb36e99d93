"""Models of any library as functions from a table of features to one score per event.

A model is known by the names of its classes: nothing here imports a library before the user did,
but for an ONNX file, which only onnxruntime can read.
"""

import os

import numpy as np

from hepml_widgets._boosting_trees import named

__all__ = ["is_model", "name_of", "scorer_of"]

SUPPORTED = (
    "a fitted classifier of scikit-learn, xgboost, lightgbm or Keras, an ONNX session or file, "
    "or a function from features to scores"
)
BATCH = 4096  # events that a network is given at a time


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


def scorer_of(model):
    """Return a function that takes a table of features and returns one score per event.

    Parameters
    ----------
    model : object
        See `SUPPORTED`. Classifiers must tell 0 from 1; their probability of 1 is the score,
        or their decision function where they have no probabilities.

    Returns
    -------
    callable

    Raises
    ------
    TypeError, ValueError
        One sentence: what it is and what is wanted.
    """
    if isinstance(model, str | os.PathLike):
        model = _session(os.fspath(model))
    ask = _asker(model)
    if ask is None:
        raise TypeError(f"{type(model).__name__} gives no scores: wanted {SUPPORTED}.")
    return lambda X: _one_each(ask(model)(X), len(X), name_of(model))


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
    return (lambda model: model) if callable(model) and not is_data else None


def _one_each(scores, count, name):
    """Scores as one number per event, or an error that says what came instead."""
    scores = np.asarray(scores)
    if scores.ndim == 2 and scores.shape[1] in (1, 2):
        scores = scores[:, -1]
    if scores.shape != (count,):
        raise ValueError(
            f"{name} gives an array of shape {scores.shape} for {count} events: wanted one score "
            "per event, or the probabilities of two classes."
        )
    return scores


# ---------------------------------------------------------------- scikit-learn and its kin


def _probabilities(model):
    column = _signal_column(model)
    return lambda X: np.asarray(model.predict_proba(_fitting(model, X)))[:, column]


def _fitting(model, X):
    """Features with names if the model was trained with them, without if it was not."""
    if getattr(model, "feature_names_in_", None) is None:
        return X.to_numpy() if hasattr(X, "iloc") else X
    return X if hasattr(X, "iloc") else named(model, X)


def _signal_column(model):
    classes = getattr(model, "classes_", None)
    if classes is None:
        return 1
    found = [str(label) for label in np.asarray(classes).tolist()]
    for label in ("1", "True", "1.0"):
        if label in found and len(found) == 2:
            return found.index(label)
    raise ValueError(
        f"{type(model).__name__} tells apart the classes {', '.join(found[:5])}: wanted two, 1 for "
        "signal and 0 for background."
    )


def _decisions(model):
    # The decision function is large for the second class.
    sign = 1 if _signal_column(model) == 1 else -1
    return lambda X: sign * np.asarray(model.decision_function(_fitting(model, X)))


def _predictions(model):
    if hasattr(model, "classes_"):
        raise TypeError(
            f"{type(model).__name__} gives classes and no scores: wanted predict_proba or "
            "decision_function."
        )
    return lambda X: model.predict(_fitting(model, X))


_METHODS = {
    "predict_proba": _probabilities,
    "decision_function": _decisions,
    "predict": _predictions,
}

# ---------------------------------------------------------------- the others


def _values(X):
    """Plain array of a table."""
    return np.asarray(X, dtype=np.float32)


def _keras(model):
    return lambda X: model.predict(_values(X), batch_size=BATCH, verbose=0)


def _xgboost(booster):
    import xgboost  # noqa: PLC0415 - who has its booster has it

    names = booster.feature_names

    def score(X):
        return booster.predict(xgboost.DMatrix(np.asarray(X, dtype=float), feature_names=names))

    return score


def _lightgbm(booster):
    return lambda X: booster.predict(np.asarray(X, dtype=float))


def _session(source):
    """Open an ONNX file, or the bytes of one."""
    try:
        import onnxruntime  # noqa: PLC0415 - only who has a model in ONNX needs it
    except ImportError:
        raise TypeError("models in ONNX need onnxruntime, which is not installed.") from None
    name = source if isinstance(source, str) else "the ONNX model"
    if isinstance(source, str) and not os.path.isfile(source):  # noqa: PTH113 - text is given
        raise ValueError(f"there is no file {source}: wanted scores, a model, or an ONNX file.")
    try:
        return onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no class but this
        raise ValueError(f"{name} cannot be read as ONNX: {str(error)[:200]}") from error


def _onnx(session):
    inputs, outputs = session.get_inputs(), [out.name for out in session.get_outputs()]
    wanted = next((name for name in outputs if "prob" in name.lower()), outputs[-1])

    def score(X):
        (found,) = session.run([wanted], _fed(inputs, _values(X)))
        return _of_signal(found)

    return score


def _fed(inputs, values):
    """Features for a model that takes them in one tensor, or one by one."""
    if len(inputs) == 1:
        kind = np.float64 if "double" in inputs[0].type else np.float32
        return {inputs[0].name: values.astype(kind, copy=False)}
    if len(inputs) != values.shape[1]:
        raise ValueError(
            f"the ONNX model takes {len(inputs)} inputs, but there are {values.shape[1]} features."
        )
    return {one.name: values[:, [place]] for place, one in enumerate(inputs)}


def _of_signal(found):
    """Probabilities of class 1; some converters give a dict per event."""
    if isinstance(found, list) and found and isinstance(found[0], dict):
        return np.array([row[1] for row in found])
    return found


def _onnx_proto(model):
    return _onnx(_session(model.SerializeToString()))


_KINDS = {
    ("keras", "Model"): _keras,
    ("tf_keras", "Model"): _keras,
    ("xgboost", "Booster"): _xgboost,
    ("lightgbm", "Booster"): _lightgbm,
    ("onnxruntime", "InferenceSession"): _onnx,
    ("onnx", "ModelProto"): _onnx_proto,
}
