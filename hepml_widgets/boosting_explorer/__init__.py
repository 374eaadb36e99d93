"""Boosted trees round by round: one tree, the regions they cut, and the exact answer on top."""

from hepml_widgets.boosting_explorer.view import BoostingExplorer

__all__ = ["BoostingExplorer"]
