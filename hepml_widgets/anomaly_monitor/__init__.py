"""Strange events, and samples that are strange as a whole: which of the two it is."""

from hepml_widgets.anomaly_monitor.view import AnomalyMonitor

__all__ = ["AnomalyMonitor"]
