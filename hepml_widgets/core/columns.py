"""Columns by name: what a table calls them, what a model was trained on, and how they fit."""

import re

import numpy as np

__all__ = ["ScoreError", "column_names", "known_to", "matched", "trained_on"]

DEFAULT = re.compile(r"f?\d+|Column_\d+")
"""What xgboost, LightGBM and pandas call columns that nobody named."""
MOST = 8  # names in a sentence


class ScoreError(ValueError):
    """A model gives no scores of these columns, or does not say which; one sentence."""


def column_names(X):
    """Names of the columns of a table.

    Parameters
    ----------
    X : array, structured array, mapping of columns, or table of any library
        Of pandas, Polars, Arrow and Awkward, for instance.

    Returns
    -------
    list or None
        As the table has them; None for a plain array.
    """
    if isinstance(X, np.ndarray) and X.dtype.names:
        return list(X.dtype.names)
    if hasattr(X, "keys") and hasattr(X, "__getitem__"):
        return list(X.keys())
    if isinstance(X, np.ndarray):
        return None
    for attribute in ("column_names", "columns", "fields"):
        names = getattr(X, attribute, None)
        if names is not None and not callable(names) and not isinstance(names, str):
            return list(names) or None
    return None


def known_to(names):
    """Names as text, or None if they only count the columns, as pandas does unasked."""
    if names is None or [*names] == list(range(len(names))):
        return None
    return [str(name) for name in names]


def trained_on(model):
    """Names of the columns a model was trained on, in its order; None if it knows none.

    Parameters
    ----------
    model : estimator or Booster
        Of scikit-learn and what follows it, xgboost or LightGBM.

    Returns
    -------
    list of str or None
    """
    model = _first(model)
    for attribute in ("feature_names_in_", "feature_name_", "feature_names_", "feature_names"):
        names = getattr(model, attribute, None)
        if names is not None and not callable(names):
            return [str(name) for name in names]
    ask = getattr(model, "feature_name", None)  # of LightGBM's Booster
    return [str(name) for name in ask()] if callable(ask) else None


def _first(model):
    """Find what of a chain of estimators sees the columns: some steps let them pass."""
    steps = getattr(getattr(model, "best_estimator_", model), "steps", None)
    if not isinstance(steps, list) or hasattr(model, "feature_names_in_"):
        return model
    return next((step for _, step in steps if step not in (None, "passthrough")), model)


def matched(wanted, known, default=DEFAULT):
    """Places of the columns a model wants, found by name.

    Parameters
    ----------
    wanted : list of str or None
        Names the model was trained on.
    known : list of str or None
        Names of the columns at hand.
    default : re.Pattern
        Names that say nothing: such a model takes the columns as they come, unless they are
        called so too.

    Returns
    -------
    list of int or None
        None if one of both has no names: then only the order can tell.

    Raises
    ------
    ScoreError
        If a column is missing, or two could be meant.
    """
    if wanted is None or known is None:
        return None
    places = [_place(name, wanted, known) for name in wanted]
    if None not in places:
        return places
    if not any(place is not None for place in places) and all(map(default.fullmatch, wanted)):
        return None
    missing = [name for name, place in zip(wanted, places, strict=True) if place is None]
    raise ScoreError(
        f"it was trained on the columns {_listed(wanted)}, but X has no {_listed(missing)}: it has "
        f"{_listed(known)}."
    )


def _place(name, wanted, known):
    """Where a column is: by its name, or by what is left of it where libraries allow less."""
    if name in known:
        return known.index(name)
    found = [i for i, other in enumerate(known) if _plain(other) == _plain(name)]
    others = [other for other in wanted if _plain(other) == _plain(name)]
    return found[0] if len(found) == len(others) == 1 and known[found[0]] not in wanted else None


def _plain(name):
    return re.sub(r"\W", "_", name)


def _listed(names):
    texts = [repr(name if len(name) <= 30 else f"{name[:29]}…") for name in names[:MOST]]
    return ", ".join(texts) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")
