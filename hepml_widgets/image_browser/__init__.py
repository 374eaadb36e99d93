"""Jet images: averages, their difference and single jets, of the jets that a brush selects."""

from hepml_widgets.image_browser.view import ImageBrowser

__all__ = ["ImageBrowser"]
