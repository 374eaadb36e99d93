"""Text and tables of a report: names made harmless, numbers with their errors."""

import re
from html import escape

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

__all__ = ["cell", "count", "listed", "name_of", "option", "share", "table", "unfold", "written"]

LONGEST = 100  # letters of a name that are kept at all, in a tooltip


def name_of(name, length=24):
    """Name of a user as text: short, isolated, its beginning in a tooltip if it was cut."""
    name = as_name(name)
    text = unmarked(name)
    tip = f' title="{escape(text[:LONGEST])}"' if len(text) > length else ""
    return f"<span class=u{tip}>{lowered(shorten(name, length))}</span>"


def lowered(text):
    """Escape a text for a page, with what it marks by ``_{…}`` and ``^{…}`` below and above."""
    tags = {"": "{}", "_": "<sub>{}</sub>", "^": "<sup>{}</sup>"}
    return "".join(tags[mark].format(escape(part)) for part, mark in pieces_of(text))


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
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


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
    return f"<code>{words}</code> (of the command, <code>--{dashed}</code>)"


def table(caption, head, rows, *, kind=""):
    """Table of ready texts; the first cell of each row names it.

    Parameters
    ----------
    caption : str
    head : sequence of str
    rows : iterable of sequence of str
    kind : str
        Class of the table, for the style sheet.

    Returns
    -------
    str
    """
    top = "".join(f"<th scope=col>{one}" if one else "<td>" for one in head)
    body = "".join(
        f"<tr><th scope=row>{first}" + "".join(f"<td>{one}" for one in rest)
        for first, *rest in rows
    )
    return (
        f'<div class=wide tabindex=0 role=group aria-label="{plain(caption)}">'
        f"<table{f' class={kind}' if kind else ''}><caption>{caption}</caption>"
        f"<thead><tr>{top}</thead><tbody>{body}</tbody></table></div>"
    )


def plain(markup):
    """Text of our markup, for an attribute."""
    return re.sub("<[^>]*>", "", markup).replace('"', "&quot;")


def unfold(summary, inside):
    """Something that is shown when asked for."""
    return f"<details><summary>{summary}</summary>{inside}</details>"
