"""Source, target and reweighted source, feature by feature, with the doctor's verdict."""

from hepml_widgets.shape_compare.view import ShapeCompare

__all__ = ["ShapeCompare"]
