"""Histories of trainings as libraries write them, turned into one flat dict of curves."""

import re

import numpy as np

from hepml_widgets.core.numbers import as_name

__all__ = ["flat_history", "further", "prefixes", "sets_of"]


def prefixes(sets, training=None):
    """Prefix of the curves of each evaluation set, as Keras would name them.

    Parameters
    ----------
    sets : sequence of str
        Names of evaluation sets, in the order given to the library.
    training : str or sequence of str, optional
        Those that are known to be training. Otherwise the names tell (``train…``); their order
        tells nothing.

    Returns
    -------
    dict of str to str
        ``""`` for the training set, ``"val_"`` for the first that is not training, ``"NAME_"``
        for further ones; for all of several, if it is not known which of them is training.

    Raises
    ------
    ValueError
        If ``training`` names no evaluation set.
    """
    known = [training] if isinstance(training, str) else list(training or ())
    for name in known:
        if name not in sets:
            raise ValueError(f"there is no evaluation set {name!r}: there are {', '.join(sets)}")
    known = known or [name for name in sets if _says_training(name)]
    others = [name for name in sets if name not in known]
    if not known and len(others) > 1:
        return {name: f"{name}_" for name in others}
    further = {name: f"{name}_" for name in [*known[1:], *others[1:]]}
    return dict.fromkeys(known[:1], "") | dict.fromkeys(others[:1], "val_") | further


def _says_training(name):
    words = re.split(r"[^a-z0-9]+", name.lower())
    is_held_out = any(word.startswith(("val", "test", "eval", "hold")) for word in words)
    return not is_held_out and any(re.match("[dx]?(train|learn)", word) for word in words)


def further(lead):
    """Return sets beyond training and validation: how their curves begin, and their names."""
    return {begin: name for name, begin in lead.items() if begin not in ("", "val_")}


def sets_of(history, training=None):
    """Return the sets of a history beyond training and validation, as `further` has them."""
    history = as_history(history)
    return further(prefixes(list(history), training)) if is_nested(history) else {}


def flat_history(history, training=None):
    """History as a flat dict of lists, from Keras (or its dict), xgboost or lightgbm.

    Parameters
    ----------
    history : dict of str to list, dict of str to dict, or object with ``.history``
        ``{"loss": […], "val_loss": […]}``, or ``{"train": {"auc": […]}, …}``.
    training : str, optional
        Which evaluation set is training, where its name does not tell.
    """
    history = as_history(history)
    if not is_nested(history):
        return {as_name(name): list(curve) for name, curve in history.items()}
    lead = prefixes(list(history), training)
    return {
        as_name(lead[name] + metric): list(curve)
        for name, curves in history.items()
        for metric, curve in curves.items()
    }


def as_history(history):
    """Return the dict of curves, or of dicts of curves."""
    history = getattr(history, "history", history)
    if not isinstance(history, dict) or not history:
        raise TypeError(
            "a history is a dict of lists (or Keras's History, or the evaluation results of "
            f"xgboost or lightgbm), not {type(history).__name__} {history!r:.60}"
        )
    sets = history.values() if is_nested(history) else [history]
    for curves in sets:
        _check_curves(curves)
    if not any(sets):
        raise TypeError(f"a history has one curve or more, not {history!r:.60}")
    return history


def _check_curves(curves):
    if not isinstance(curves, dict):
        raise TypeError(f"each evaluation set has a dict of curves, not {curves!r:.40}")
    for name, curve in curves.items():
        if isinstance(curve, str) or not np.iterable(curve):
            raise TypeError(f"{as_name(name)} is {curve!r:.40}: wanted one value per epoch")


def is_nested(history):
    """Whether curves are sorted by evaluation set."""
    return any(isinstance(curves, dict) for curves in history.values())
