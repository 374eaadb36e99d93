"""The pages of the book as they are written, without a browser."""

import html
import re
from urllib.parse import unquote

import build
import pytest

BINDER = re.compile(
    r"https://mybinder\.org/v2/gh/hepml-lab/hepml-lab/main\?urlpath=lab(?:/|%2F)tree(?:/|%2F)([^\"']+)"
)
RESOURCE = re.compile(r"<(?:script|img|iframe|link|source)\b[^>]*?\b(?:src|href)=[\"']([^\"']+)")


def test_every_lesson_is_a_page(book):
    lessons = {f"notebooks/{name}.html" for name in build.texts() if "/" not in name}
    assert set(book.lessons) == lessons


def test_no_page_loads_anything_from_another_host(book):
    for name in book.pages:
        found = [url for url in RESOURCE.findall(book.text(name)) if re.match(r"(https?:)?//", url)]
        assert found == [], name


def test_no_page_loads_a_widget_manager_or_mathjax(book):
    for name in book.pages:
        assert not re.search(
            r"<script[^>]*(require|mathjax|html-manager|thebelab)", book.text(name)
        )


def test_every_picture_has_an_alt_text(book):
    for name in book.pages:
        for tag in re.findall(r"<img\b[^>]*>", book.text(name)):
            assert re.search(r'\balt="[^"]+"', tag), (name, tag[:200])


def test_the_alt_text_of_a_cell_is_that_of_its_picture(book):
    import nbformat
    import weave

    for name in book.lessons:
        notebook = nbformat.read(build.ROOT / name.replace(".html", ".ipynb"), as_version=4)
        pictures = [
            c
            for c in notebook.cells
            if any(is_picture(o.get("data", {})) for o in c.get("outputs", []))
        ]
        for cell in pictures:
            assert f'alt="{escaped(weave.alt_text(cell))}"' in book.text(name)


def is_picture(data):
    """Tell a figure from a view, whose picture is for where its page cannot be shown."""
    return "image/png" in data and "text/html" not in data


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def test_every_lesson_starts_on_binder_with_its_own_notebook(book):
    for name in book.lessons:
        launched = {unquote(path) for path in BINDER.findall(book.text(name))}
        own = name.replace(".html", ".ipynb")
        assert launched == {own.replace("notebooks/", "work/")}  # the reader's own copy
        assert (build.ROOT / own).is_file()


def test_formulas_are_markup(book):
    assert "<math" in book.text("book/glossary.html")
    for name in book.pages:
        visible = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", book.text(name))
        assert not re.search(r"\\frac|\\sqrt|\\varepsilon|\$\$", visible), name


def test_glossary_terms_can_be_linked_to(book):
    terms = re.findall(r'<dt id="term-([^"]+)"', book.text("book/glossary.html"))
    assert len(terms) == len(set(terms)) > 50


def test_the_glossary_reads_well_where_no_book_is_built():
    """JupyterLab shows it as plain Markdown: a fence of backticks would be a block of code."""
    text = (build.BOOK / "glossary.md").read_text(encoding="utf-8")
    assert "```" not in text
    inside = re.findall(r"(?ms)^:::\{glossary\}\n\n(.*?)^:::$", text)
    assert len(inside) == text.count(":::{glossary}") > 5
    terms = [line for part in inside for line in part.splitlines() if re.match(r"\S", line)]
    assert [line for line in terms if not re.fullmatch(r"\*\*.+\*\*", line)] == []


def test_a_formula_that_cannot_be_set_fails_the_build(monkeypatch):
    monkeypatch.syspath_prepend(build.BOOK / "extensions")
    import mathml
    from docutils import nodes

    said = []
    monkeypatch.setattr(mathml.logger, "warning", lambda text, *args, **_: said.append(text % args))
    assert mathml.convert(nodes.math("", r"\frac{1}"), display=False) == ""
    assert "cannot set the formula" in said[0]


PROSE = (
    "intro",
    "gallery",
    "reference-widgets",
    "reference-stats",
    "reference-data",
    "data",
    "samples",
    "published",
    "kernels",
    "glossary",
    "instructors",
    "bibliography",
)


@pytest.mark.parametrize("name", PROSE)
def test_every_prose_page_is_in_the_book(book, name):
    assert f"book/{name}.html" in book.pages


def test_every_sample_and_set_has_its_card_in_the_book(book):
    from hepml import data
    from hepml.data import published

    for page, shop in (("samples", data), ("published", published)):
        text = book.text(f"book/{page}.html")
        for name in shop.names():
            assert f'id="{name.replace("_", "-")}"' in text
            assert html.escape(shop.card(name).record["title"], quote=False) in text
            for column in shop.card(name).columns:
                assert re.search(rf"<td>.*{column}\b", text), (name, column)


def test_the_plan_follows_from_the_measured_rates(monkeypatch):
    monkeypatch.syspath_prepend(build.BOOK / "extensions")
    import samples

    figures = {"average_events_per_cpu_second": 50.0, "bytes_per_event": 80.0}
    figures |= {"chunk_bytes_per_event": 200.0}
    measured = {"assembly_cpu_seconds_per_event": 3.6e-5, "shard_events": 10**6}
    table = samples.plan_table("made_up", measured | {"recipes": {"made_up": figures}})
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    rows = {row[0]: row[1:] for row in cells}
    assert rows["CPU-hours of the workers"] == ["5.6", "56", "560"]
    assert rows["hours on 100 cores"][2] == "5.6"
    assert rows["hours of one core, at the end"] == ["0.01", "0.1", "1"]
    assert rows["GB of chunks on the way"][2] == "20"
    assert rows["GB of the sample"][2] == "8"
    assert rows["files"] == ["1", "10", "100"]


def test_the_book_shows_the_plan_and_the_formats_as_measured(book):
    text = book.text("book/data.html")
    assert "CPU-hours of the workers" in text
    assert len(re.findall(r"<td>\s*(?:<p>)?RNTuple", text)) == 2
