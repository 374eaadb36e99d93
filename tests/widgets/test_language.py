"""Views in the language that is chosen: all of it in the page, and nothing of it for English."""

import json
import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.text import Text

import hepml_widgets
from hepml.stats import _verdicts
from hepml.stats._closures import Closure
from hepml.stats._said import said
from hepml_lessons import texts
from hepml_widgets.core import language, scripts
from hepml_widgets.core.numbers import unmarked
from hepml_widgets.shape_compare.words import retold
from tests.support import all_views
from tests.support.all_views import LABELLED, SHAPED, VIEWS
from tests.widgets import looking

PACKAGE = scripts.DIST.parent
CODES = ("de", "fr")
MODULES = sorted(path.parent.name for path in PACKAGE.glob("*/view.js"))
READ = [name for name in VIEWS if name != "TrainingMonitor"]
TEXT = "document.querySelector('.hepml-readout').dataset.text"
IMPORTED = re.compile(r"""\bfrom\s+["'](\.[^"']+)["']""")
# Symbols, names of files, and what the toys call things: the same in every language.
SYMBOLS = {"AUC", "AMS", "B", "CSV", "I", "KS", "PNG", "ROC", "S", "SIC", "SVG", "Z"}
SYMBOLS |= {"b", "e", "jet", "p", "r", "s", "x", "y"}
OWN = {"BDT", "network", "loss", "val_loss", "val_", "history", "on_start", "ValueError"}
OWN |= {"m_X", "X", "m", "mass", "GeV", "x0", "x1", "x2", "n", "GradientBoosting"}
OWN |= {"dedicated", "parameterised", "one", "for", "all", "day", "pt", "eta", "phi", "met"}
UNUSED = {"image_browser": {"events / bin", "negative: {n}"}}  # it draws no scores

# All that a page shows or says, each text node and attribute once.
SAID = """() => {
    const found = new Set();
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node; (node = walk.nextNode());)
        if (!node.parentElement.closest('script, style')) found.add(node.data);
    for (const name of ['aria-label', 'aria-valuetext', 'title', 'alt'])
        for (const node of document.body.querySelectorAll(`[${name}]`))
            found.add(node.getAttribute(name));
    return [...found]; }"""


@pytest.fixture(autouse=True)
def own_language(monkeypatch):
    """Leave no language behind."""
    monkeypatch.delenv(language.VARIABLE, raising=False)
    monkeypatch.setattr(language, "_chosen", [])
    yield
    language.forget()


def strange(text):
    """Write a text in letters of another script, but for its placeholders."""
    letters = {chr(97 + i): chr(0x3B1 + i) for i in range(17)}
    letters |= {chr(97 + i): chr(0x430 + i) for i in range(17, 26)}
    letters |= {one.upper(): other for one, other in letters.items()}
    return "".join(
        part if part.startswith("{") else part.translate(str.maketrans(letters))
        for part in re.split(r"(\{\w+\})", text)
    )


@pytest.fixture
def strange_language(tmp_path, monkeypatch):
    """Choose a language that no letter of English is left in."""
    every = texts.texts_in(*texts.CATALOGUES["widgets"][0])
    content = {"": "strange"} | {text: strange(text) for text in every}
    (tmp_path / "xx.json").write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setattr(language, "_folders", [tmp_path])
    language.forget()
    hepml_widgets.language("xx")


def made(name, makers=VIEWS):
    return makers[name](np.random.default_rng(1))


def numbered(name):
    """Make a view whose names are all numbers."""
    return LABELLED[name](np.random.default_rng(1), lambda i: f"<{i}>")


def pages_of(page):
    """Open the table, press every choice, and give all that is said meanwhile."""
    page.locator(".hepml-actions button").first.click()
    found = set(page.evaluate(SAID))
    for button in page.locator(".hepml-choice button").all():
        if button.is_enabled():
            button.click()
            page.wait_for_timeout(50)
            found |= set(page.evaluate(SAID))
    return found


def letters_of(found):
    """Words of Latin letters that are neither symbols nor names of the toys."""
    words = {word for text in found for word in re.findall(r"[A-Za-z]\w*", unmarked(text))}
    words = {re.sub(r"_[a-z]$", "", word) for word in words - OWN}
    return sorted(words - SYMBOLS - OWN)


@cache
def modules_of(name):
    """Scripts that a view's bundle is made of."""
    found, left = set(), [PACKAGE / name / "view.js"]
    while left:
        path = left.pop()
        if path in found:
            continue
        found.add(path)
        source = path.read_text(encoding="utf-8")
        left += [(path.parent / target).resolve() for target in IMPORTED.findall(source)]
    return found


# ---------------------------------------------------------------- what is chosen


def test_english_is_what_nobody_chooses():
    assert hepml_widgets.language() == "en"
    assert language.tr("{n} events", n=3) == "3 events"


@pytest.mark.parametrize("given", ["de", "DE", "de-CH", "de_DE.UTF-8"])
def test_a_language_is_chosen(given):
    assert hepml_widgets.language(given) == "de"
    assert hepml_widgets.language() == "de"
    assert language.tr("{n} events", n=3) == "3 Ereignisse"
    assert hepml_widgets.language("en") == "en"
    assert language.tr("threshold") == "threshold"


def test_the_environment_chooses_for_who_does_not(monkeypatch):
    monkeypatch.setenv("HEPML_LANGUAGE", "fr_FR.UTF-8")
    assert hepml_widgets.language() == "fr"
    assert hepml_widgets.language("de") == "de"


@pytest.mark.parametrize("given", ["nl", "", "deutsch", 3])
def test_an_unknown_language_is_one_sentence(given):
    said = f"language is one of en (English), de (Deutsch), fr (Français), not {given!r}."
    with pytest.raises(ValueError, match=re.escape(said)):
        hepml_widgets.language(given)
    assert hepml_widgets.language() == "en"


def test_an_unknown_language_of_the_environment_is_told_by_its_name(monkeypatch):
    monkeypatch.setenv("HEPML_LANGUAGE", "nl")
    with pytest.raises(ValueError, match=r"^HEPML_LANGUAGE is one of en .*, not 'nl'\.$"):
        made("BumpHunter")


def test_values_are_put_in_once_and_braces_of_users_stay():
    hepml_widgets.language("de")
    assert (
        language.tr("Histogram of {name}", name="m_{jj} {name}") == "Histogramm von m_{jj} {name}"
    )
    assert language.tr("what {nobody} says", n=1) == "what {nobody} says"


# ---------------------------------------------------------------- English costs nothing


@pytest.mark.parametrize("name", VIEWS)
def test_english_sends_no_texts(name):
    view = made(name)
    assert view.texts == {}
    assert "texts" not in view.state()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("module", MODULES)
def test_a_view_gets_the_texts_of_its_scripts(module, code):
    sent = language.texts_of(module, code)
    wanted = {
        text
        for path in modules_of(module)
        for text in texts.texts_of_script(path.read_text(encoding="utf-8"))
    }
    assert sent[""] == code
    assert wanted - sent.keys() == UNUSED.get(module, set())
    assert len(json.dumps(sent, ensure_ascii=False).encode()) < 9000


# ---------------------------------------------------------------- a view keeps its language


def test_a_view_keeps_the_language_it_was_made_in():
    hepml_widgets.language("de")
    view = made("RocExplorer")
    hepml_widgets.language("fr")
    assert view.readout.startswith("Schwelle ")
    assert view.describe().startswith("Score-Histogramme")
    assert any(text.get_text() == "Ereignisse / Bin" for text in view.figure().findobj(Text))
    assert made("RocExplorer").readout.startswith("seuil ")
    assert hepml_widgets.language() == "fr"


def test_names_of_a_user_are_not_translated():
    hepml_widgets.language("de")
    y, s = all_views.scores(np.random.default_rng(1), 100)
    usual, given = (
        hepml_widgets.RocExplorer(y, {"model": s, "test": s}, **names)
        for names in ({}, {"names": ("today", "all"), "score_name": "test"})
    )
    assert usual.names == ("Signal", "Untergrund")
    assert usual.score_name == "Score"
    assert given.names == ("today", "all")
    assert given.score_name == "test"
    assert list(given.models) == ["model", "test"]


def test_representations_and_errors_stay_english():
    hepml_widgets.language("de")
    assert "training and" in repr(made("OvertrainingView"))
    with pytest.raises(ValueError, match="is a finite number"):
        hepml_widgets.TrainingMonitor(baseline="x")


FEATURES = ("today and all", "any jet")


def closure_of(count):
    """Make a closure that fails in one region, of one feature or of both."""
    pull = np.array([0.0, 9.0, 1.0]).reshape((3, 1)[:count])
    edges = (np.array([1.0, 2.0]), np.array([]))[:count]
    shares = np.full(pull.shape, 1 / 3)
    return Closure(FEATURES[:count], edges, shares, shares, pull, 9.0, 2, 0.0, 0.0)


def findings(**odd):
    """Make findings of weights that are good but for what is named."""
    usual = {
        "now": SimpleNamespace(auc=0.5, error=0.001),
        "learned": SimpleNamespace(halves=0, auc=0.5, error=0),
        "where": said("{name} up to {high}", name=FEATURES[0], high="3"),
        "yields": np.array([3.0, 2.0]),
        "yield_errors": np.zeros(2),
    }
    usual |= dict.fromkeys(("uncovered", "largest_weight"), 0) | {"effective_size": 1e4}
    usual |= dict.fromkeys(("usual_share", "share_needed", "effective_share"), 1)
    return SimpleNamespace(**usual | {"closures": (), "cells": ()} | odd)


def sentences_of_the_doctor():
    """Let each of its checks say what it does of findings that fail it."""
    case = SimpleNamespace(z=2, tolerance=0.01, region_tolerance=0.02, alarm=0.05, names=FEATURES)
    one, far = (closure_of(1),), SimpleNamespace(auc=0.6, error=0.001)
    known = {"learned": SimpleNamespace(halves=2, auc=0.51, error=0.001), "now": far}
    failing = [
        (_verdicts.fine, {}),
        (_verdicts.support, {"uncovered": 0.3}),
        (_verdicts.over_fitted, known | {"closures": one}),
        (_verdicts.over_fitted, {"usual_share": 0.1}),
        (_verdicts.weights, {"largest_weight": 0.2}),
        (_verdicts.weights, {"effective_share": 0.01}),
        (_verdicts.weights, {"effective_size": 50}),
        (_verdicts.feature_closure, {"closures": one}),
        (_verdicts.cell_closure, {"cells": (closure_of(2),)}),
        (_verdicts.classifier, {"now": far}),
        (_verdicts.normalisation, {}),
        (_verdicts.seen_before, {"now": SimpleNamespace(auc=0.4, error=0.001)}),
        (_verdicts.seen_before, {"closures": one}),
    ]
    return [check(case, findings(**odd)) for check, odd in failing]


def test_reasons_of_the_doctor_are_told_again(monkeypatch):
    """All that it can say; names of features stay, whatever words are in them."""
    monkeypatch.setattr(_verdicts, "told_by", lambda *_: FEATURES)
    sentences = sentences_of_the_doctor()
    written = texts.texts_of_module(Path(_verdicts.__file__).read_text(encoding="utf-8"))
    assert {one.text for one in sentences} == {*written}
    assert [retold(one) for one in sentences] == sentences
    hepml_widgets.language("de")
    for one in sentences:
        told = retold(one)
        rest = re.sub("|".join(FEATURES), "", told)
        assert not re.search(r"\b(?:and|between|up to|the|of|any)\b", rest)
        assert [told.count(name) for name in FEATURES] == [one.count(name) for name in FEATURES]
        assert sorted(re.findall(r"\d[\d.]*", told)) == sorted(re.findall(r"\d[\d.]*", one))


# ---------------------------------------------------------------- all of a view is in it


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.usefixtures("strange_language")
def test_figures_have_no_english_beside_the_catalogue(name):
    for view in (made(name), numbered(name)):
        found = [text.get_text() for text in view.figure().findobj(Text)]
        plain = [re.sub(r"\$[^$]*\$", "", text) for text in found]
        assert letters_of([*plain, view.describe()]) == []


@pytest.mark.browser
@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.usefixtures("strange_language")
def test_pages_have_no_english_beside_the_catalogue(name, show):
    for view in (made(name), numbered(name)):
        assert letters_of(pages_of(show(view))) == []


@pytest.mark.browser
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", VIEWS)
def test_pages_in_a_language_have_nothing_of_the_english_texts(name, code, show):
    hepml_widgets.language(code)
    translated = texts.read(PACKAGE / "languages" / f"{code}.json")
    english = {text for text, said in translated.items() if said != text} - OWN - {""}
    page = show(made(name))
    assert page.locator("html").get_attribute("lang") == code
    assert page.locator(".hepml").get_attribute("lang") == code
    assert {text.strip() for text in pages_of(page)} & english == set()


@pytest.mark.browser
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", VIEWS)
def test_longer_words_have_room(name, code, show):
    hepml_widgets.language(code)
    page = show(made(name))
    for width in (480, 960):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(200)
        assert looking.width_and_clipped(page) == (width, [])
        assert page.evaluate(looking.OVERLAPS, "svg.hepml-frame") == []
        assert page.evaluate(looking.BROKEN, ".hepml") == []


@pytest.mark.browser
@pytest.mark.parametrize("code", CODES)
def test_long_numbers_have_room_among_longer_words(code, show):
    hepml_widgets.language(code)
    page = show(made("far", SHAPED["RocExplorer"]))
    page.set_viewport_size({"width": 960, "height": 900})
    page.wait_for_timeout(200)
    assert looking.width_and_clipped(page) == (960, [])


@pytest.mark.browser
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", READ)
def test_page_and_python_say_the_same(name, code, show):
    hepml_widgets.language(code)
    view = made(name)
    page = show(view)
    assert unmarked(page.evaluate(TEXT)) == unmarked(view.readout)
    hepml_widgets.language("en")
    digits = re.findall(r"[\d.⁰¹²³⁴⁵⁶⁷⁸⁹]+", made(name).readout)
    assert re.findall(r"[\d.⁰¹²³⁴⁵⁶⁷⁸⁹]+", view.readout) == digits
