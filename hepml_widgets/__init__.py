"""Views on weighted statistics: interactive plots of ROC curves, trees and training."""

from hepml_widgets import _style as style
from hepml_widgets.boosting_explorer import BoostingExplorer
from hepml_widgets.overtraining_view import OvertrainingView
from hepml_widgets.roc_explorer import RocExplorer
from hepml_widgets.training_monitor import TrainingMonitor

__all__ = ["BoostingExplorer", "OvertrainingView", "RocExplorer", "TrainingMonitor", "style"]
