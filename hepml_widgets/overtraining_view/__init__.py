"""Learning curve and train/test scores together, each with the question it answers."""

from hepml_widgets.overtraining_view.view import OvertrainingView

__all__ = ["OvertrainingView"]
