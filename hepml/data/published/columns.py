"""Columns of each published set, as its loader gives them."""

from dataclasses import replace

from hepml.data import schemas
from hepml.data.schemas import Column

__all__ = ["columns_of"]

FIXED = {
    "uci_higgs": schemas.HIGGS,
    "uci_susy": schemas.SUSY,
    "hepmass": schemas.HEPMASS,
    "lhco": schemas.DIJETS,
    "jet_images": schemas.JET_IMAGES,
    "qg_jets": schemas.QG_JETS,
    "top_tagging": schemas.TOP_TAGGING,
}


def columns_of(name):
    """Columns of a published set, as loaded.

    Parameters
    ----------
    name : str

    Returns
    -------
    tuple of hepml.data.schemas.Column
    """
    made = {"higgsml": _higgsml, "fair_universe": _fair_universe}
    return tuple(made[name]()) if name in made else FIXED[name]


def _sister(absent, meanings):
    """Columns of ``higgs_tautau`` without some, with other meanings for some."""
    from hepml.data.recipes.higgs_tautau import RECIPE  # noqa: PLC0415 - only two sets need it

    for column in RECIPE.columns:
        if column.name not in absent:
            yield replace(column, meaning=meanings.get(column.name, column.meaning))


def _higgsml():
    yield from _sister(
        {"Process"},
        {
            "EventId": "number of the event",
            "DER_mass_MMC": "estimated mass of the Higgs candidate (missing mass calculator)",
            "Weight": "expected events this one stands for, at 20.3 fb⁻¹",
        },
    )
    yield Column("KaggleSet", "string", "", "t training, b public and v private test, u unused")
    yield Column("KaggleWeight", "float32", "", "Weight normalised within each Kaggle set")


def _fair_universe():
    yield from _sister(
        {"EventId", "DER_mass_MMC", "PRI_met_sumet", "Process"},
        {"Weight": "expected events this one stands for, at 10 fb⁻¹"},
    )
    yield Column("DetailedLabel", "string", "", "htautau, ztautau, ttbar or diboson")
