"""What all widgets ask of their arguments, with one sentence for each."""

import re

import numpy as np

from hepml import stats


def two_names(names):
    """Return the names of signal and background as text.

    Parameters
    ----------
    names : sequence of two str

    Returns
    -------
    tuple of str
    """
    if len(names) != 2:
        raise ValueError(f"names are two, of signal and background, not {len(names)}.")
    return tuple(str(name) for name in names)


def one_of(name, value, known):
    """Raise unless the argument ``name`` has one of the known values."""
    if value not in known:
        raise ValueError(f"{name} is {' or '.join(map(repr, known))}, not {value!r}.")


def sample_of(train, pair):
    """Return the two arrays of a training sample and its weights, or None for them.

    Parameters
    ----------
    train : tuple of two or three arrays
    pair : str
        What the first two are called.

    Returns
    -------
    tuple of three
    """
    if not isinstance(train, tuple | list) or len(train) not in (2, 3):
        raise TypeError(f"train is a tuple of ({pair}) or ({pair}, weights).")
    return (*train, None)[:3]


def as_column(name, values, count):
    """Return one value per event as floats, after the library of statistics judged them."""
    ask(repr(name), np.zeros(count), values, None)
    return np.asarray(values, dtype=float)


def ask(name, y, score, weights):
    """Let the library of statistics judge, and speak of our arguments."""
    try:
        stats.cut_table(y, score, weights, thresholds=[0.0])
    except (TypeError, ValueError) as error:
        words = {"score": name, "scores": f"values of {name}"}
        text = re.sub(r"\bscores?\b", lambda word: words[word[0]], str(error))
        raise type(error)(text) from error


def as_edges(name, values):
    """Return edges of bins as floats, finite and rising."""
    values = np.asarray(values)
    if values.dtype.kind not in "iuf" or values.ndim != 1 or len(values) < 2:
        raise ValueError(f"edges of {name!r} are two rising numbers or more.")
    values = values.astype(float)
    if not (np.isfinite(values).all() and (np.diff(values) > 0).all()):
        raise ValueError(f"edges of {name!r} are finite and rising.")
    return values
