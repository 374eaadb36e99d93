"""Views on weighted statistics: interactive plots of ROC curves, trees, images and training."""

from hepml_widgets.anomaly_monitor import AnomalyMonitor
from hepml_widgets.boosting_explorer import BoostingExplorer
from hepml_widgets.bump_hunter import BumpHunter
from hepml_widgets.core import style
from hepml_widgets.core.language import language
from hepml_widgets.image_browser import ImageBrowser
from hepml_widgets.overtraining_view import OvertrainingView
from hepml_widgets.parameter_scan import ParameterScan
from hepml_widgets.report import report
from hepml_widgets.roc_explorer import RocExplorer
from hepml_widgets.shape_compare import ShapeCompare
from hepml_widgets.training_monitor import TrainingMonitor

__all__ = [
    "AnomalyMonitor",
    "BoostingExplorer",
    "BumpHunter",
    "ImageBrowser",
    "OvertrainingView",
    "ParameterScan",
    "RocExplorer",
    "ShapeCompare",
    "TrainingMonitor",
    "language",
    "report",
    "style",
]
