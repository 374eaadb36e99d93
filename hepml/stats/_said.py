"""Sentences that know what they are made of, for whoever says them in another language."""

from __future__ import annotations

import re

PLACE = re.compile(r"\{(\w+)\}")


class Said(str):
    """A text with its values put in.

    Attributes
    ----------
    text : str
        With placeholders such as ``{share}``.
    values : dict
        What stands in them: texts, tuples of texts that are joined by "and", or `Said` again.
    """

    __slots__ = ("text", "values")


def said(text, /, **values):
    """Put values into the placeholders of a text."""
    whole = Said(PLACE.sub(lambda place: _joined(values[place[1]]), text))
    whole.text, whole.values = text, values
    return whole


def _joined(value):
    return " and ".join(value) if isinstance(value, tuple) else str(value)
