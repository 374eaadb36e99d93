"""Recipes: one declarative file per sample, named after it, offering ``RECIPE``.

A recipe is a frozen `hepml.data.recipes.base.Recipe`: it lists processes, columns and notes, and
says in two methods how events are simulated and which features are computed from them.
"""

from importlib import import_module

__all__ = ["NAMES", "get"]

NAMES = (
    "higgs_tautau",
    "known_truth",
    "heavy_higgs",
    "jets",
    "shower_variations",
    "dijets",
    "top_resonance",
)


def get(name):
    """Recipe of a sample, imported on demand.

    Parameters
    ----------
    name : str
        One of ``NAMES``.

    Returns
    -------
    hepml.data.recipes.base.Recipe
    """
    return import_module(f"{__name__}.{name}").RECIPE
