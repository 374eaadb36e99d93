"""What all widgets ask of their arguments, with one sentence for each."""

import math
import numbers
import re
from pathlib import Path

import numpy as np

from hepml import stats
from hepml_widgets.core.language import later, tr
from hepml_widgets.core.numbers import as_name

MOST = 1e100
"""Largest size of a weight, its inverse the smallest."""


USUAL = later("signal"), later("background"), later("reference"), later("today")
"""Names of classes and samples that are not a user's."""


def two_names(names, of="signal and background"):
    """Return the names of two classes or samples as text.

    Parameters
    ----------
    names : sequence of two str
    of : str
        What they are called by default, which is translated.

    Returns
    -------
    tuple of str
    """
    if not isinstance(names, tuple | list):
        raise TypeError(f"names are two, of {of}, not {names!r:.40}.")
    if len(names) != 2:
        raise ValueError(f"names are two, of {of}, not {len(names)}.")
    words = all(isinstance(name, str) for name in names)
    ours = words and tuple(names) == tuple(of.split(" and ")) and set(names) <= {*USUAL}
    return tuple(map(tr if ours else as_name, names))


def name_or(usual, name):
    """Return a name as text; one that is left as usual is ours, and is translated."""
    return tr(usual) if isinstance(name, str) and name == usual else as_name(name)


def as_number(name, value):
    """Return an argument as a finite float."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise ValueError(f"{name} is a finite number, not {value!r:.40}.")
    return float(value)


def one_of(name, value, known):
    """Raise unless the argument ``name`` has one of the known values."""
    if value not in known:
        raise ValueError(f"{name} is {' or '.join(map(repr, known))}, not {value!r}.")


def as_target(path):
    """Return where a page is to be written, in a folder that is there."""
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent}: make it, or write elsewhere.")
    return path


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
        check_size("weights", weights)
        stats.cut_table(y, score, weights, thresholds=[0.0])
    except (TypeError, ValueError) as error:
        words = {"score": name, "scores": f"values of {name}"}
        text = re.sub(r"\bscores?\b", lambda word: words[word[0]], str(error))
        raise type(error)(text) from error


def check_yields(y, weights):
    """Raise for a class whose weights add up to less than nothing: it has no efficiencies."""
    if weights is None:
        return
    y, weights = np.asarray(y).astype(bool), np.asarray(weights, dtype=float)
    for name, part in (("signal", weights[y]), ("background", weights[~y])):
        if part.sum() < -1e-12 * np.abs(part).sum():
            raise ValueError(
                f"The weights of the {name} add up to {part.sum():.3g}: wanted a yield above zero, "
                "or there are no efficiencies. If all signs are turned, pass -weights."
            )


def check_size(name, values):
    """Raise for numbers of a size whose squares are no longer numbers."""
    values = np.asarray(() if values is None else values)
    if values.dtype.kind != "f" or not values.size:
        return
    largest = max(abs(float(values.min())), abs(float(values.max())))
    if not math.isfinite(largest):  # others have a sentence for that
        return
    if largest > MOST or 0 < largest < 1 / MOST:
        raise ValueError(
            f"{name} reach {largest:.3g}: wanted sizes between {1 / MOST:g} and {MOST:g}, as "
            "squares are added up; multiply all of them by one number."
        )


def as_edges(name, values):
    """Return edges of bins as floats, finite and rising."""
    values = np.asarray(values)
    if values.dtype.kind not in "iuf" or values.ndim != 1 or len(values) < 2:
        raise ValueError(f"edges of {name!r} are two rising numbers or more.")
    values = values.astype(float)
    if not (np.isfinite(values).all() and (np.diff(values) > 0).all()):
        raise ValueError(f"edges of {name!r} are finite and rising.")
    return values
