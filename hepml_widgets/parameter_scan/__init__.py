"""Scores, ROC curves and significance while a mass or a nuisance parameter slides."""

from hepml_widgets.parameter_scan.view import ParameterScan

__all__ = ["ParameterScan"]
