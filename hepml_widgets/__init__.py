"""Views on weighted statistics: interactive ROC and training plots."""

from hepml_widgets import _style as style
from hepml_widgets.roc_explorer import RocExplorer

__all__ = ["RocExplorer", "style"]
