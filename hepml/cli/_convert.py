"""The command that converts between file formats."""

__all__ = ["register"]


def register(app):
    """Add the command to the group ``hepml data``."""
