"""Live curves of a training, with a Stop that is heard while it trains."""

from hepml_widgets.training_monitor.view import TrainingMonitor

__all__ = ["TrainingMonitor"]
