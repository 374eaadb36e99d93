"""The gallery: every widget, with the lines that made it, alive in a page without a kernel."""

import gzip
import inspect
import re

import build
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

import hepml_widgets

PAGE = "book/gallery.html"
TEXT = (build.BOOK / "gallery.md").read_text(encoding="utf-8")
VIEWS = [n for n in hepml_widgets.__all__ if inspect.isclass(getattr(hepml_widgets, n))]
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
EXAMPLES = dict(re.findall(r"^```\{view\} (\S+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))
every_example = pytest.mark.parametrize("name", EXAMPLES)


@pytest.fixture
def gallery(monkeypatch):
    monkeypatch.syspath_prepend(build.BOOK / "extensions")
    import gallery

    return gallery


# ---------------------------------------------------------------- as it is written


@pytest.mark.parametrize("name", [*VIEWS, "Report"])
def test_each_has_an_example_and_says_when_and_when_not(name):
    section = SECTIONS[name]
    assert section.count("```{view}") == 1
    assert f"{name}(" in section or "report(" in section
    for heading in ("When to use it", "When not"):
        (words,) = re.findall(rf"^{heading}\n: (.*?)\n\n", section, re.MULTILINE | re.DOTALL)
        assert len(words.split()) >= 15
    assert f"`~hepml_widgets.{name}`" in section or "`hepml_widgets.report`" in section
    assert re.search(r"Lesson: \[.+\]\(\.\./notebooks/.+\.ipynb\)", section)


def own_lines(code):
    """Lines of an example besides those that import."""
    lines = [line for line in code.splitlines() if line.strip()]
    return [line for line in lines if not re.match(r"import |from ", line)]


def test_examples_are_short():
    lengths = [len(own_lines(code)) for code in EXAMPLES.values()]
    assert max(lengths) <= 10
    assert np.median(lengths) <= 6
    assert max(len(line) for code in EXAMPLES.values() for line in code.splitlines()) <= 100


@every_example
def test_nothing_in_an_example_is_left_to_chance(name):
    for call in re.findall(r"\w*(?:Classifier|Forest)\([^\n]*|default_rng\([^\n]*", EXAMPLES[name]):
        assert "random_state=" in call or re.match(r"default_rng\(\d", call)
    assert not re.search(r"np\.random\.(?!default_rng)", EXAMPLES[name])


# ---------------------------------------------------------------- how it is made


def test_an_example_shows_what_a_notebook_would(gallery):
    assert gallery.displayed("x = 2\nx + 1") == 3
    assert gallery.displayed("display('seen')\nprint('x', end='')") == "seen"


def test_what_an_example_writes_goes_away(gallery, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = "from pathlib import Path\nPath('file').write_text('x')\nPath('file').absolute()"
    assert not gallery.displayed(code).exists()
    assert list(tmp_path.iterdir()) == []


def test_the_same_example_gives_the_same_markup(gallery):
    one, other = (gallery.displayed(EXAMPLES["bump-hunter"]) for _ in range(2))
    one.key = other.key = "same"
    assert one.to_fragment() == other.to_fragment()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "the example 'bad' does not run: ZeroDivisionError: division by zero"),
        ("import warnings\nwarnings.warn('old')", "does not run: UserWarning: old"),
        ("[1, 2]", "its last line gives [1, 2], which is neither a view nor a report"),
    ],
)
def test_a_bad_example_fails_the_build(tmp_path, code, said):
    from sphinx.application import Sphinx

    (tmp_path / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(build.BOOK / 'extensions')!r})\n"
        "extensions = ['myst_parser', 'gallery']\n"
    )
    (tmp_path / "index.md").write_text(f"# Page\n\n```{{view}} bad\n{code}\n```\n")
    said_by_sphinx = Lines()
    app = Sphinx(
        tmp_path, tmp_path, tmp_path / "out", tmp_path / "trees", "html",
        status=None, warning=said_by_sphinx, warningiserror=True, keep_going=True,
    )  # fmt: skip
    app.build()
    assert app.statuscode == 1
    assert said in "".join(said_by_sphinx)


class Lines(list):
    """What is written to it."""

    write = list.append

    def flush(self):
        """Keep everything."""


def test_traits_are_those_for_users(gallery):
    assert gallery.traits(hepml_widgets.BoostingExplorer) == ["curve", "round"]
    for name in VIEWS:
        found = gallery.traits(getattr(hepml_widgets, name))
        assert found
        assert not {"payload", "key", "layout", "comm", "tooltip"} & set(found)


# ---------------------------------------------------------------- as it is read


def test_the_page_is_as_heavy_as_it_says(book):
    page = book.text(PAGE).encode()
    said = [float(x) for x in re.findall(r"is ([\d.]+) MB, and ([\d.]+) MB on the way", TEXT)[0]]
    measured = [len(page) / 1e6, len(gzip.compress(page)) / 1e6]
    assert said == pytest.approx(measured, abs=0.06)
    assert measured[0] < 1.5


def test_the_page_shows_the_code_that_ran(book):
    text = book.text(PAGE)
    assert text.count('data-hepml-still="gallery-') == len(VIEWS)
    for name in EXAMPLES:
        assert name == "report-example" or f'data-hepml-still="gallery-{name}"' in text


def test_the_report_is_a_page_of_its_own(book):
    assert 'href="report-example.html"' in book.text(PAGE)
    report = book.text("book/report-example.html")
    assert "Classifier report" in report
    assert len(report) < 300_000


DIGITS = "node => node.innerText.replace(/[^0-9.]+/g, ' ')"


def digits(view):
    return view.evaluate(DIGITS)


def wait_for_other_digits(page, view, before):
    """Wait for the frame in which a view shows other numbers than before; fail without one."""
    changed = f"([node, before]) => ({DIGITS})(node) !== before"
    page.wait_for_function(changed, arg=[view.element_handle(), before], timeout=60_000)


@pytest.mark.browser
def test_every_widget_answers_a_key_and_asks_nobody(page, book):
    asked = []
    page.goto(f"{book.addresses['file']}/{PAGE}", wait_until="networkidle")
    page.on("request", lambda request: asked.append(request.url))
    for name in VIEWS:
        view = page.locator(f"section#{name.lower()} .hepml")
        view.get_by_role("slider").first.focus()
        before = digits(view)
        for key in ("ArrowLeft", "ArrowLeft", "PageDown", "ArrowRight", "Home"):
            page.keyboard.press(key)
        wait_for_other_digits(page, view, before)
    assert [url for url in asked if not url.startswith("data:") and "favicon" not in url] == []


@pytest.mark.browser
def test_a_handle_of_the_gallery_can_be_dragged(page, book):
    page.goto(f"{book.addresses['file']}/{PAGE}")
    view = page.locator("section#rocexplorer .hepml")
    handle = view.get_by_role("slider").first
    handle.scroll_into_view_if_needed()
    before, box = digits(view), handle.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] - 60, box["y"] + box["height"] / 2, steps=4)
    wait_for_other_digits(page, view, before)
    page.mouse.up()


@pytest.mark.browser
def test_pictures_with_words_stand_in_without_scripts(browser, book):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{book.addresses['file']}/{PAGE}")
    for name in VIEWS:
        picture = page.locator(f"section#{name.lower()} .hepml-still img")
        assert picture.evaluate("node => node.naturalWidth") > 300, name
        assert len(picture.get_attribute("alt")) > 40, name
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["gallery", "reference-widgets", "reference-data"])
def test_an_accessibility_check_finds_nothing(page, book, scheme, name):
    page.emulate_media(color_scheme=scheme)
    for width in (1280, 480):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{book.addresses['file']}/book/{name}.html", wait_until="load")
        found = Axe().run(page, context=".bd-article", options={"resultTypes": ["violations"]})
        assert [
            f"{rule['id']}: {rule['help']} {node['target']} {node['failureSummary']}"
            for rule in found.response["violations"]
            for node in rule["nodes"]
        ] == []
