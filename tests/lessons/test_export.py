"""Lessons on paper and as slides: offline, without solutions, and nothing is cut off."""

import json
import re
from types import SimpleNamespace

import pytest

from hepml_lessons import copy, pace
from hepml_lessons.copy import _export, _html, _pdf, _slides
from hepml_lessons.recipes import ROOT
from tests.support.chromium import find_chromium

FIRST = "boosted-trees"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Give slides and paper of the first lesson, as `hepml lessons export` writes them."""
    folder = tmp_path_factory.mktemp("out")
    made = {"slides": copy.export(FIRST, "slides", folder / "slides.html")}
    made["paper"] = folder / "paper.html"
    lesson = json.loads((ROOT / "notebooks" / f"{FIRST}.ipynb").read_text())
    made["paper"].write_text(_pdf.page(_export._to_read(lesson)))
    return made


def solutions():
    cells = json.loads((ROOT / "notebooks" / f"{FIRST}.ipynb").read_text())["cells"]
    return ["".join(c["source"]) for c in cells if "solution" in c["metadata"].get("tags", ())]


def plain(path):
    return re.sub(r"<[^>]+>", "", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["slides", "paper"])
def test_no_solution_and_no_address_is_in_it(files, kind):
    text = files[kind].read_text(encoding="utf-8")
    assert "Solution" not in plain(files[kind])
    assert not re.search(r'(?:src|href)="(?:https?:)?//[^"]+\.(?:js|css|woff2?)"', text)
    assert "@import" not in text
    assert len(solutions()) == 3


def test_formulas_are_markup():
    found = _html.prose(
        "Then $\\sqrt{s}$ and\n\n$$Z = \\frac{S}{\\sqrt{B}}$$\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    assert found.count("<math") == 2
    assert "$" not in found
    assert "<table>" in found


def test_slides_end_where_it_goes_deeper():
    def markdown(text):
        return {"cell_type": "markdown", "metadata": {}, "source": text}

    lesson = {"cells": [
        markdown("# T\n\nWhy?"), markdown("## One\n\n*3 minutes*\n\n" + "word " * 80 + "."),
        markdown(f"## {pace.DEEPER}\n\nhidden"), markdown("### More\n\nhidden too"),
    ]}  # fmt: skip
    made = re.sub(r"<(script|style)>.*?</\1>", "", _slides.slides(lesson), flags=re.DOTALL)
    assert "hidden" not in made
    assert re.search(r"<h2>One</h2>\s*<p class=\"minutes\">3 minutes</p>", made)
    assert made.count("<section>") == 4  # two columns of one slide each
    assert re.search(r'<aside class="notes"><p>word', made)


def test_without_reveal_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(_slides, "find_spec", lambda _: None)
    with pytest.raises(copy.CopyError, match=r"slides need reveal\.js: pip install"):
        copy.export("start", "slides", "never.html")


def test_without_a_browser_a_sentence_says_what_a_pdf_needs(monkeypatch):
    monkeypatch.setattr(_pdf, "NAMES", ())
    monkeypatch.setattr(_pdf, "ELSEWHERE", ())
    monkeypatch.delenv("HEPML_CHROMIUM", raising=False)
    with pytest.raises(copy.CopyError, match="a PDF needs Chrome, Chromium or Edge"):
        copy.export("start", "pdf", "never.pdf")


def test_a_browser_that_prints_nothing_is_a_sentence(monkeypatch, tmp_path):
    mute = tmp_path / "browser"
    mute.write_text("#!/bin/sh\necho no display >&2\nexit 1\n")
    mute.chmod(0o755)
    monkeypatch.setenv("HEPML_CHROMIUM", str(mute))
    with pytest.raises(copy.CopyError, match="browser did not print: no display"):
        copy.export("start", "pdf", tmp_path / "never.pdf")
    assert not (tmp_path / "never.pdf").exists()


@pytest.mark.browser
def test_a_pdf_is_really_printed(tmp_path, monkeypatch, browser):
    found = find_chromium(SimpleNamespace(chromium=browser.browser_type))
    monkeypatch.setenv("HEPML_CHROMIUM", found)
    made = copy.export("start", "pdf", tmp_path / "start.pdf")
    content = made.read_bytes()
    assert content.startswith(b"%PDF-")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 8


@pytest.mark.browser
def test_no_line_is_cut_on_paper(files, open_offline):
    page = open_offline(files["paper"], (680, 900))
    page.emulate_media(media="print")
    wide = page.evaluate("""() => [...document.querySelectorAll('pre, table, img')]
        .filter((one) => one.getBoundingClientRect().right > 681)
        .map((one) => one.textContent.slice(0, 60))""")
    assert wide == []


@pytest.mark.browser
def test_slides_run_without_a_network_and_figures_live(files, open_offline):
    page = open_offline(files["slides"], (1280, 720))
    count = page.evaluate("deck.getTotalSlides()")
    assert count > 20
    views = page.evaluate("""() => deck.getSlides().map((one, k) => [k, one])
        .filter(([, one]) => one.querySelector('.hepml-readout')).map(([k]) => k)""")
    assert views
    page.evaluate(
        "k => deck.slide(...Object.values(deck.getIndices(deck.getSlides()[k])))", views[0]
    )
    page.wait_for_timeout(600)
    view = page.locator("section.present .hepml:visible").first
    assert view.bounding_box()["height"] <= 720
    before = view.locator(".hepml-readout").inner_text()
    view.locator("[role=slider]").first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    assert view.locator(".hepml-readout").inner_text() != before
    assert page.evaluate("deck.getTotalSlides()") == count


@pytest.fixture
def open_offline(browser):
    """Open a file in a page that reaches nothing else; fail on any uncaught script error."""
    opened, errors = [], []

    def opening(path, size):
        size = dict(zip(("width", "height"), size, strict=True))
        opened.append(browser.new_context(viewport=size, offline=True))
        page = opened[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_timeout(1000)
        return page

    yield opening
    for context in opened:
        context.close()
    assert errors == []
