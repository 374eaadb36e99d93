"""Mark what a lesson's head announces: minutes of a section, and all that goes deeper."""

import re

from docutils import nodes

__all__ = ["setup"]

MINUTES = re.compile(r"\d+ minutes?")


def mark(_app, doctree):
    """Give the parts of a lesson the classes that the style sheet knows."""
    for section in doctree.findall(nodes.section):
        if "deeper" in section["ids"]:
            section["classes"].append("deeper")
    for paragraph in doctree.findall(nodes.paragraph):
        if MINUTES.fullmatch(paragraph.astext()) and isinstance(paragraph[0], nodes.emphasis):
            paragraph["classes"].append("minutes")


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-read", mark)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
