"""Text and tables of a report: names made harmless, numbers with their errors."""

import numpy as np

from hepml_widgets.core.numbers import (
    as_name,
    percent,
    pieces_of,
    shorten,
    significant,
    unmarked,
    with_error,
)
from hepml_widgets.report.html import Markup, element, joined, say

__all__ = ["cell", "count", "listed", "name_of", "option", "share", "table", "unfold", "written"]

LONGEST = 100  # letters of a name that are kept at all, in a tooltip


def name_of(name, length=24):
    """Name of a user as text: short, isolated, its beginning in a tooltip if it was cut."""
    name = as_name(name)
    text = unmarked(name)
    tip = text[:LONGEST] if len(text) > length else None
    return element("span", lowered(shorten(name, length)), class_="u", title=tip)


def lowered(text):
    """Text with what it marks by ``_{…}`` and ``^{…}`` below and above."""
    tags = {"_": "sub", "^": "sup"}
    return joined(element(tags[mark], part) if mark else part for part, mark in pieces_of(text))


def written(text):
    """Sentence that may hold anything, as text."""
    return lowered(shorten(as_name(text), 600))


def count(number, thing=""):
    """Whole number with its thousands apart, and what is counted."""
    digits = f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{digits} {thing}{'s' * (number != 1)}" if thing else digits


def listed(words, most=5):
    """Words in a row, the last joined by "and"; of many, the first ones."""
    words = list(words)
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    parts = [joined(words[:-1], ", "), words[-1]]
    return joined([part for part in parts if part], " and ")


def share(value, error=None):
    """Share in per cent, with its error if there is one."""
    if error is None or not np.isfinite([value, error]).all():
        return percent(value)
    return f"{with_error(100 * value, 100 * error)}\N{NARROW NO-BREAK SPACE}%"


def cell(value, error=None):
    """Write a number of a table."""
    return significant(value) if error is None else with_error(value, error)


def option(words):
    """Argument of `report`, and of the command."""
    dashed = words.replace("_", "-").replace("=", " ")
    return say("<code>{}</code> (of the command, <code>--{}</code>)", words, dashed)


def table(caption, head, rows, *, kind=None):
    """Table of ready texts; the first cell of each row names it.

    Parameters
    ----------
    caption : str or Markup
    head : sequence of str or Markup
    rows : iterable of sequence of str or Markup
    kind : str, optional
        Class of the table, for the style sheet.

    Returns
    -------
    Markup
    """
    top = joined(element("th", one, scope="col") if one else element("td") for one in head)
    return table_of(caption, top, map(row, rows), kind)


def row(cells):
    first, *rest = cells
    return element("tr", element("th", first, scope="row"), *(element("td", one) for one in rest))


def table_of(caption, top, rows, kind=None):
    """Table of ready rows, as wide as it likes in a box that scrolls."""
    inside = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", top)),
        element("tbody", *rows),
        class_=kind,
    )
    looks = {"class_": "wide", "tabindex": 0, "role": "group", "aria_label": plain(caption)}
    return element("div", inside, **looks)


def plain(markup):
    """Text of markup, for an attribute."""
    return markup.striptags() if isinstance(markup, Markup) else markup


def unfold(summary, inside):
    """Something that is shown when asked for."""
    return element("details", element("summary", summary), inside)
