"""Columns of categories: boosters know the values they stand for, and are asked by the place."""

import numpy as np

from hepml_widgets.core.columns import ScoreError

__all__ = ["categories_of", "with_categories"]

MOST = 5  # categories in a sentence
WAY = "pass a function from features to scores"


def categories_of(model):
    """Categories that a model of xgboost or LightGBM learned from a table.

    Parameters
    ----------
    model : Booster or estimator

    Returns
    -------
    dict of int to list
        By place of the column; empty where all columns are numbers, also those that are the
        numbers of categories.

    Raises
    ------
    ScoreError
        If there are some and the model does not tell them.
    """
    library = type(model).__module__.partition(".")[0]
    if library == "lightgbm":
        return _of_lightgbm(getattr(model, "booster_", model))
    if library == "xgboost":
        return _of_xgboost(model.get_booster() if hasattr(model, "get_booster") else model)
    return {}


def _of_lightgbm(booster):
    told = booster.pandas_categorical
    if not told:
        return {}
    infos = booster.dump_model(num_iteration=1)["feature_infos"]
    names = booster.feature_name()
    places = [i for i, name in enumerate(names) if infos.get(name, {}).get("values")]
    if len(places) != len(told):
        raise ScoreError(f"{len(told)} of its columns are categories, it does not say which: {WAY}")
    return dict(zip(places, told, strict=True))


def _of_xgboost(booster):
    kinds = booster.feature_types or []
    if "c" not in kinds:
        return {}
    if not hasattr(booster, "get_categories"):
        raise ScoreError(f"{kinds.count('c')} of its columns are categories, untold: {WAY}")
    told = booster.get_categories(export_to_arrow=True).to_arrow()
    return {i: one.to_pylist() for i, (_, one) in enumerate(told) if one is not None}


def with_categories(X, names, categories, *, strict):
    """Table whose columns of categories are such.

    Parameters
    ----------
    X : array or pandas table
        The columns of the model in its order.
    names : list of str
        What it calls them.
    categories : dict of int to list
    strict : bool
        Whether a value that is none of the categories is an error, rather than missing.

    Returns
    -------
    pandas.DataFrame
    """
    import pandas as pd  # noqa: PLC0415 - who trained on categories has it

    table = X.set_axis([*names], axis=1) if hasattr(X, "iloc") else pd.DataFrame(X, columns=names)
    made = {
        names[i]: _categorical(pd, table.iloc[:, i], names[i], known, strict)
        for i, known in categories.items()
    }
    return table.assign(**made)


def _categorical(pd, column, name, known, strict):
    values = pd.Index(np.asarray(column))
    codes = pd.Index(known).get_indexer(values)
    lost = (codes < 0) & ~values.isna()
    if lost.any() and (strict or lost.all()):
        listed = ", ".join(map(repr, known[:MOST])) + (" …" if len(known) > MOST else "")
        raise ScoreError(
            f"its column {name!r} has the categories {listed}, but X has {values[lost][0]!s} there."
        )
    return pd.Categorical.from_codes(codes, categories=known)
