"""A bump on a falling mass spectrum, for every threshold on a score and every mass window."""

from hepml_widgets.bump_hunter.view import BumpHunter

__all__ = ["BumpHunter"]
