"""Cells of a notebook, as JSON or nbformat has them."""

__all__ = ["tags_of", "text_of"]


def text_of(cell):
    """Text of a cell, which JSON may hold as one or as lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def tags_of(cell):
    """Tags of a cell, as a set."""
    return set(cell["metadata"].get("tags", ()))
