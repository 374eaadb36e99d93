"""Scores, ROC curve and significance, linked by one threshold."""

from hepml_widgets.roc_explorer.view import RocExplorer

__all__ = ["RocExplorer"]
