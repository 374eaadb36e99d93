"""Models in ONNX: which input takes which column, and which output is the score of signal.

A session tells names, types and shapes, but not the labels of its classes. They are learned from
its own answers: the label it gives where a probability is the largest.
"""

import json
import os
import re
from collections import Counter

import numpy as np

from hepml_widgets.core.columns import ScoreError

__all__ = ["asked_onnx", "cast", "opened"]

NAMES = ("feature_names", "feature_name", "features", "columns")
"""Keys of a file's metadata under which the columns of its one input may stand."""
UNNAMED = re.compile(
    r"(float_|double_|onnx::)?(input|x|variable|gemm|keras_tensor)[._]?\d*", re.IGNORECASE
)
SURE = 0.9  # share of the events where label and largest probability agree
NUMBERS = ("float16", "bool", *(f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)))
KINDS = {"float": "float32", "double": "float64"} | dict(zip(NUMBERS, NUMBERS, strict=True))


def opened(source):
    """Open an ONNX file, or the bytes of one.

    Parameters
    ----------
    source : str or bytes

    Returns
    -------
    onnxruntime.InferenceSession
    """
    name = source if isinstance(source, str) else "the ONNX model"
    if isinstance(source, str) and not os.path.isfile(source):  # noqa: PTH113 - text is given
        raise ValueError(f"there is no file {source}: wanted scores, a model, or an ONNX file.")
    try:
        import onnxruntime  # noqa: PLC0415 - only who has a model in ONNX needs it
    except ImportError:
        raise TypeError("models in ONNX need onnxruntime, which is not installed.") from None
    try:
        return onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no class but this
        raise ValueError(f"{name} cannot be read as ONNX: {str(error)[:200]}") from error


def asked_onnx(session, scorer):
    """Return a function from a table to scores.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
    scorer : Scorer
        Says what columns there are, and which label is signal.

    Returns
    -------
    callable
    """
    feed, answer = _feed(session, scorer), _Answer(session.get_outputs(), scorer)
    return lambda X: answer(session.run(answer.wanted, feed(X)))


# ---------------------------------------------------------------- inputs


def _feed(session, scorer):
    """Return what makes a model's inputs of a table."""
    inputs = session.get_inputs()
    names = [one.name for one in inputs]
    if len(inputs) == 1 and not _is_column(inputs[0], scorer.columns):
        return _matrix(inputs[0], scorer.places(_named_columns(session)))
    wide = [one.name for one in inputs if one.shape[1:] and one.shape[1:] != [1]]
    if wide:
        raise ScoreError(
            f"it has {len(inputs)} inputs, and {wide[0]!r} is more than one column: wanted one "
            "input for all columns, or one for each; else pass a function from features to scores."
        )
    places = scorer.places(names, default=UNNAMED)
    return lambda X: _one_by_one(inputs, X, places)


def _is_column(one, columns):
    return one.shape[1:] == [1] and one.name in (columns or ())


def _named_columns(session):
    """Names of the columns of the one input, where the file tells them."""
    told = session.get_modelmeta().custom_metadata_map or {}
    text = next((told[key] for key in NAMES if key in told), None)
    if text is None:
        return None
    try:
        names = json.loads(text)
    except ValueError:
        names = text.split(",")
    return [str(name).strip() for name in names] if isinstance(names, list) else None


def _matrix(one, places):
    kind, width = _kind(one), (one.shape[1:] or [None])[0]

    def feed(X):
        X = np.asarray(X)
        X = X if places is None else X[:, places]
        if isinstance(width, int) and width != X.shape[1]:
            raise ScoreError(
                f"it takes {width} columns and does not say which, but X has {X.shape[1]}: name "
                "those with features="
            )
        return {one.name: cast(X, kind, one.name)}

    return feed


def _one_by_one(inputs, X, places):
    X = np.asarray(X)
    if places is None and len(inputs) != X.shape[1]:
        raise ScoreError(f"it takes {len(inputs)} columns, but X has {X.shape[1]}")
    columns = range(len(inputs)) if places is None else places
    return {
        one.name: cast(X[:, i], _kind(one), one.name).reshape(-1, *one.shape[1:])
        for one, i in zip(inputs, columns, strict=True)
    }


def _kind(one):
    found = re.fullmatch(r"tensor\((\w+)\)", one.type)
    if found is None or found[1] not in KINDS:
        raise ScoreError(f"its input {one.name!r} is a {one.type}: wanted numbers.")
    return np.dtype(KINDS[found[1]])


def cast(values, kind, name):
    """Values of one input in its type, if it can hold them.

    Parameters
    ----------
    values : ndarray
    kind : dtype
    name : str
        Of the input.

    Returns
    -------
    ndarray
    """
    kind = np.dtype(kind)
    values = values.astype(float) if values.dtype.kind == "O" else values
    if kind.kind in "iu" and values.dtype.kind == "f" and (values != np.floor(values)).any():
        raise ScoreError(f"its input {name!r} takes whole numbers, but X has others there")
    return values.astype(kind, copy=False)


# ---------------------------------------------------------------- outputs


class _Answer:
    """Score of signal among the outputs of a session."""

    def __init__(self, outputs, scorer):
        self.scorer = scorer
        labels = [one.name for one in outputs if re.search(r"^tensor\((int|string|bool)", one.type)]
        others = [one for one in outputs if one.name not in labels]
        if not others:
            raise ScoreError("it gives classes and no scores.")
        self.maps = [one.name for one in others if one.type.startswith("seq(map")]
        self.label = labels[0] if labels else None
        self.columns = self._columns(others) if self.label else []
        self.wanted = self.columns or self.maps[:1] or [_best([one.name for one in others])]
        self.wanted = [*self.wanted, self.label] if self.label else self.wanted
        self.seen = (Counter(), Counter())  # labels of the events where this column is largest

    def _columns(self, others):
        """Find outputs that hold one class each, named ``i`` or ``s`` and its label."""
        single = [one.name for one in others if len(one.shape) == 1 and one.name[:1] in "is"]
        return single if len(single) == len(others) > 1 else []

    def __call__(self, found):
        labels = np.ravel(found.pop()) if self.label else None
        if self.maps:
            return self._of_maps(found[0], labels)
        scores = np.column_stack(found) if self.columns else np.asarray(found[0])
        if labels is None:
            return scores
        if self.columns:
            return self._of_named(scores, [name[1:] for name in self.columns], labels)
        single = scores.ndim == 1 or scores.shape[1] == 1
        two = _two_sided(np.ravel(scores)) if single else scores
        if two.shape[1] != 2:
            return two
        return two[:, self._signal(two, labels)]

    def _of_maps(self, rows, labels):
        names = [*rows[0]]
        scores = np.array([[row[name] for name in names] for row in rows])
        return self._of_named(scores, names, labels)

    def _of_named(self, scores, names, labels):
        """Column of signal, its label being told by the output itself."""
        place = self.scorer.signal_of(names)
        if labels is not None:
            largest = _texts(names)[scores.argmax(axis=1)]
            self._see_that(np.mean((largest == _texts(labels))[_is_clear(scores)]))
        return scores[:, place]

    def _signal(self, scores, labels):
        """Column of signal, its label being learned from the labels given with it."""
        clear, largest = _is_clear(scores), scores.argmax(axis=1)
        for column, seen in enumerate(self.seen):
            found, counts = np.unique(labels[clear & (largest == column)], return_counts=True)
            seen.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))
        common = [next(iter(seen.most_common(1)), (None, 0)) for seen in self.seen]
        total = sum(seen.total() for seen in self.seen)
        names = [name for name, _ in common]
        self._see_that(sum(number for _, number in common) / total if total else np.nan)
        if names[0] == names[1]:
            self._see_that(0.0)
        return self.scorer.signal_of(names)

    def _see_that(self, share):
        if not np.isnan(share) and share < SURE:
            raise ScoreError(
                "the labels it gives are not those of its largest probabilities: the score of "
                "signal cannot be told; pass a function from features to scores."
            )


def _best(names):
    return next((name for name in names if "prob" in name.lower()), names[-1])


def _two_sided(score):
    """Both columns of a probability, or of a margin."""
    is_chance = score.min() >= 0 and score.max() <= 1
    return np.column_stack([1 - score if is_chance else -score, score])


def _texts(labels):
    """Labels as text; some outputs call a class 1.0 that others call 1."""
    return np.array([str(label).removesuffix(".0") for label in labels])


def _is_clear(scores):
    return scores.max(axis=1) > scores.min(axis=1)
