"""Views on weighted statistics: interactive ROC and training plots."""

from hepml_widgets import _style as style
from hepml_widgets.roc_explorer import RocExplorer
from hepml_widgets.training_monitor import TrainingMonitor

__all__ = ["RocExplorer", "TrainingMonitor", "style"]
