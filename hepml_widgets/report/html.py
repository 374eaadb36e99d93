"""Markup of a report: what is put into it is text and is escaped, unless it is markup already."""

from markupsafe import Markup

__all__ = ["Markup", "element", "joined", "say"]

# What HTML ends by itself where the next one begins: a table of numbers is half as long without.
UNENDED = {"li", "td", "th", "tr"}


def element(tag, *inside, **attributes):
    """Write an element.

    Parameters
    ----------
    tag : str
    *inside : object
        Markup stays, anything else is text.
    **attributes : object
        Names with an underscore for a dash, and one at the end of Python's own (``class_``); what
        is None is left out.

    Returns
    -------
    Markup
    """
    given = joined(
        say(' {}="{}"', name.rstrip("_").replace("_", "-"), value)
        for name, value in attributes.items()
        if value is not None
    )
    end = Markup("") if tag in UNENDED else say("</{}>", tag)
    return say("<{}{}>", tag, given) + joined(inside) + end


def joined(parts, between=""):
    """Put parts after each other."""
    return Markup(between).join(parts)  # noqa: S704 - ours


def say(template, *parts, **named):
    """Fill our own markup, by ``{}`` and ``{name}``, with what may be anybody's."""
    return Markup(template).format(*parts, **named)  # noqa: S704 - all templates are ours
