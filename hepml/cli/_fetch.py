"""The command that fetches published sets."""

__all__ = ["register"]


def register(app):
    """Add the command to the group ``hepml data``."""
