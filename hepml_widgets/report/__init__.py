"""One page about classifiers: what `hepml_widgets.report` writes."""

from hepml_widgets.report.assemble import Report, report

__all__ = ["Report", "report"]
