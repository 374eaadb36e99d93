"""Texts in the language that is chosen: one catalogue, whose keys are the English texts."""

from __future__ import annotations

import functools
import json
import os
import re
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from hepml_widgets.core.scripts import source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "add_texts",
    "current",
    "english",
    "language",
    "languages",
    "later",
    "speaking",
    "spoken",
    "tr",
]

ENGLISH = "en"
VARIABLE = "HEPML_LANGUAGE"

_folders = [Path(__file__).parents[1] / "languages"]
_chosen: list[str] = []
_spoken: ContextVar[str | None] = ContextVar("language", default=None)
PLACE = re.compile(r"\{(\w+)\}")
QUOTES = ('"', "'", "`")


def language(name: str | None = None) -> str:
    """Choose the language of the views that are made from here on.

    Until one is chosen, that of the environment variable ``HEPML_LANGUAGE`` holds, else English.
    A view keeps the language it was made in. What you name yourself (models, features, classes)
    is never translated, and neither are the errors of our functions; numbers keep their decimal
    point.

    Parameters
    ----------
    name : str, optional
        A code such as ``"de"``; ``"de-CH"`` and ``"de_DE.UTF-8"`` are taken for it too.
        If none is given, nothing changes.

    Returns
    -------
    str
        Code of the language that holds.

    Raises
    ------
    ValueError
        If there are no texts in this language; the sentence lists the languages there are.

    Examples
    --------
    >>> import hepml_widgets
    >>> hepml_widgets.language("de")
    'de'
    >>> hepml_widgets.language("en")
    'en'
    """
    if name is not None:
        _chosen[:] = [_known(name, "language")]
    return current()


def current() -> str:
    """Code of the language that texts are in now."""
    if said := _spoken.get():
        return said
    if _chosen:
        return _chosen[0]
    named = os.environ.get(VARIABLE)
    return _known(named, VARIABLE) if named else ENGLISH


def languages() -> dict[str, str]:
    """Find the languages that there are texts in: the own name of each by its code."""
    return {ENGLISH: "English"} | {code: _texts(code).get("", code) for code in _codes()}


@functools.cache
def _codes():
    return tuple(sorted(path.stem for path in _folders[0].glob("*.json")))


def add_texts(folder: Path) -> None:
    """Take the files ``CODE.json`` of a folder into the catalogue."""
    if folder not in _folders:
        _folders.append(folder)
        forget()


def forget() -> None:
    """Read the files again when they are next asked for."""
    _codes.cache_clear()
    _texts.cache_clear()
    texts_of.cache_clear()


def tr(text: str, /, **values: object) -> str:
    """Say a text in the language that holds.

    Parameters
    ----------
    text : str
        In English, with placeholders such as ``{n}``.
    **values
        What stands in the placeholders, as text or as what ``str`` makes text of.

    Returns
    -------
    str
    """
    code = current()
    said = (code != ENGLISH and text and _texts(code).get(text)) or text
    return PLACE.sub(lambda place: str(values.get(place[1], place[0])), said)


def later(text: str) -> str:
    """Mark a text that is kept before the language is known, and goes through `tr` when shown."""
    return text


@contextmanager
def speaking(code: str | None) -> Iterator[None]:
    """Say all texts in one language for a while; with None, in the one that holds."""
    token = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken(method: Callable) -> Callable:
    """Let a method of a view speak the language that the view was made in."""

    @functools.wraps(method)
    def in_its_language(self, *args, **named):
        with speaking(self.language or _spoken.get()):
            return method(self, *args, **named)

    return in_its_language


def english(function: Callable) -> Callable:
    """Let a function speak English, whose other texts are not in the catalogue."""

    @functools.wraps(function)
    def in_english(*args, **named):
        with speaking(ENGLISH):
            return function(*args, **named)

    return in_english


@functools.cache
def texts_of(module: str, code: str) -> dict[str, str]:
    """Texts that the script of a view shows, by their English; none for English."""
    if code == ENGLISH:
        return {}
    script = source(module)
    own = {
        text: said
        for text, said in _texts(code).items()
        if text and said and any(f"{quote}{_written(text)}{quote}" in script for quote in QUOTES)
    }
    return {"": code} | own


def _written(text):
    return text.replace("\\", "\\\\")


@functools.cache
def _texts(code):
    files = [folder / f"{code}.json" for folder in _folders]
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
    return {text: said for texts in reversed(found) for text, said in texts.items()}


def _known(name, what):
    code = re.split(r"[-_.@]", str(name).lower())[0]
    if code not in (ENGLISH, *_codes()):
        there = ", ".join(f"{code} ({own})" for code, own in languages().items())
        raise ValueError(f"{what} is one of {there}, not {name!r:.40}.")
    return code
