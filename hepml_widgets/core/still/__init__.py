"""Still pictures: drawn by the code of the figures for papers, in a twentieth of their time."""

from hepml_widgets.core.still.sheet import Sheet

__all__ = ["Sheet"]
