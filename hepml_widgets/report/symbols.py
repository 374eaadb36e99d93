"""Symbols with an index or a power, as the page sets them."""

from hepml_widgets.report.html import Markup

__all__ = ["EPS_B", "EPS_S", "S2"]

S2 = Markup("⟨S<sup>2</sup>⟩")
EPS_S, EPS_B = Markup("ε<sub>s</sub>"), Markup("ε<sub>b</sub>")
