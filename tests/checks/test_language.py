"""Checks say what they say in the language that is chosen, as far as it is translated."""

import json

import pytest

from hepml_lessons.checks._tries import exercise
from hepml_lessons.checks._verdict import Verdict, first_that_agrees, missing, why_differs
from hepml_widgets.core import language

TEXTS = {
    "": "Deutsch",
    "Hint: {hint}": "Hinweis: {hint}",
    "Look at the errors first.": "Sieh zuerst auf die Fehler.",
    "Not right yet.": "Noch nicht richtig.",
    "That is the other class.": "Die andere Klasse.",
    "Yours is too {side}.": "Der Wert wird zu {side}.",
    "large": "groß",
    "Fill in {names} above, then run this cell again.": "{names} ergänzen, dann ausführen.",
    " and ": " und ",
}


@pytest.fixture(autouse=True)
def german(tmp_path, monkeypatch):
    (tmp_path / "de.json").write_text(json.dumps(TEXTS), encoding="utf-8")
    monkeypatch.setattr(language, "_folders", [tmp_path])
    monkeypatch.setattr(language, "_chosen", [])
    language.forget()
    language.language("de")
    yield
    language.forget()


def test_a_verdict_is_told_in_it():
    verdict = Verdict(False, "That is the other class.", hints=("Look at the errors first.",))
    assert repr(verdict) == "✘ Die andere Klasse.\n  Hinweis: Sieh zuerst auf die Fehler."
    assert "Noch nicht richtig. </span>Die andere Klasse." in verdict._repr_html_()
    assert verdict.reason == "That is the other class."


def test_misconceptions_and_sides_are_told_in_it():
    known = {"That is the other class.": 0.4, None: 0.7}
    assert first_that_agrees(0.4, known) == "Die andere Klasse."
    assert first_that_agrees(0.7, known) is None
    assert why_differs(0.9, 0.6, known, "Yours is too {side}.") == "Der Wert wird zu groß."


def test_what_is_missing_is_told_in_it():
    assert missing(a=None, b=None).reason == "a und b ergänzen, dann ausführen."


def test_what_is_not_translated_stays_english():
    @exercise("Another hint.")
    def judge(given):
        return Verdict(False, f"{given} is not translated.")

    judge(1)
    assert judge(2).lines == ["2 is not translated.", "Hinweis: Another hint."]
