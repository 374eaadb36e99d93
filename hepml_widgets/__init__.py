"""Views on weighted statistics: interactive ROC and training plots."""

from hepml_widgets import _style as style

__all__ = ["style"]
