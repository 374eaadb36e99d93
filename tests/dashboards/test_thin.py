"""A dashboard is a thin notebook over a function that returns one widget."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

import hepml_widgets
from hub import dashboards, pages

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks" / "dashboards"
EACH = pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks/dashboards").glob("*.ipynb")), ids=lambda path: path.stem
)


def cells(path, kind):
    notebook = nbformat.read(path, as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def test_every_widget_has_one_and_none_needs_a_kernel():
    notebooks = pages.read_all(FOLDER)
    code = "\n".join(c.source for one in notebooks.values() for c in one.cells)
    views = {name for name in hepml_widgets.__all__ if name[0].isupper()}
    shown = {name for name in views if re.search(rf"\b{name}\(", code)}
    assert len(shown) >= 9
    assert views == shown
    assert [name for name, one in notebooks.items() if not pages.lives_by_itself(one)] == []


@EACH
def test_it_has_a_title_a_sentence_and_at_most_three_cells_of_code(path):
    (prose,) = cells(path, "markdown")
    title, sentence = prose.split("\n\n")
    assert title.startswith("# ")
    assert sentence.endswith(".")
    assert len(cells(path, "code")) <= 3


@EACH
def test_one_function_makes_the_widget_and_the_last_cell_calls_it(path):
    *first, last = cells(path, "code")
    functions = [
        node for node in ast.parse("\n".join(first)).body if isinstance(node, ast.FunctionDef)
    ]
    assert len(functions) == 1
    (call,) = ast.parse(last).body
    assert call.value.func.id == functions[0].name


@EACH
def test_one_widget_is_shown(path):
    code = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    views = [
        o
        for c in code
        for o in c.outputs
        if any("widget-view" in kind for kind in o.get("data", {}))
    ]
    assert len(views) == 1
    assert views == code[-1].outputs[:1]


# ---------------------------------------------------------------- pages without a kernel


def read(name="roc"):
    return nbformat.read(ROOT / "notebooks/dashboards" / f"{name}.ipynb", as_version=4)


def test_a_page_says_and_shows_what_the_notebook_does_and_no_code():
    page = pages.page(read())
    assert "<title>Where would you cut?</title>" in page
    assert "drag the threshold" in page
    assert "hepml-still" in page
    assert "HistGradientBoostingClassifier" not in page


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_page_has_the_theme_that_was_asked_for(theme):
    assert f'<html lang="en" data-theme="{theme}">' in pages.page(read(), theme=theme)


def test_what_is_no_theme_does_not_reach_the_page():
    assert "curious" not in pages.page(read(), theme='curious"')


def test_a_title_is_text():
    notebook = read()
    notebook.cells[0].source = "# a < b\n\nA sentence."
    assert "<title>a &lt; b</title>" in pages.page(notebook)


def test_only_who_says_so_is_sealed():
    notebook = read()
    sealed = notebook.metadata.pop("hepml")
    pages.seal(notebook)
    assert not pages.lives_by_itself(notebook)
    notebook.metadata["hepml"] = {"kernel": False}
    pages.seal(notebook)
    assert notebook.metadata["hepml"] == sealed


# ---------------------------------------------------------------- the page of pictures


@pytest.mark.parametrize("theme", ["dark", None])
def test_the_start_page_has_a_picture_title_and_link_for_each(theme):
    page = pages.start_page(FOLDER, "voila/render/{}.ipynb", theme=theme)
    names = [path.stem for path in sorted(FOLDER.glob("*.ipynb"))]
    asked = f"?theme={theme}" if theme else ""
    assert re.findall(r'href="([^"]+)"', page) == [f"voila/render/{n}.ipynb{asked}" for n in names]
    assert page.count("<img ") == page.count("data:image/png;base64,") == len(names)
    assert page.count("<h2>") == len(names)
    assert "<h2>Where would you cut?</h2>" in page


def test_pages_for_a_stick_are_whole_and_load_nothing(tmp_path):
    files = pages.write_static(FOLDER, tmp_path / "out")
    assert files[0].name == "index.html"
    assert {file.name for file in files} == {path.name for path in (tmp_path / "out").iterdir()}
    for file in files:
        text = file.read_text()
        assert text.rstrip().endswith("</html>")
        assert re.findall(r'(?:src|href)="(?!data:|\w+\.html")[^"]*"', text) == []
        assert file.stat().st_size < 1e6
    for name in re.findall(r'href="([\w-]+\.html)"', files[0].read_text()):
        assert (tmp_path / "out" / name).is_file()


def test_a_folder_with_what_is_no_notebook_is_one_sentence(tmp_path):
    (tmp_path / "half.ipynb").write_text('{"cells": [')
    with pytest.raises(pages.DashboardError, match="cannot be read"):
        pages.start_page(tmp_path, "{}.html")


def test_what_needs_a_kernel_is_no_page(tmp_path):
    notebook = read()
    notebook.cells[-1].source += "  # changed"
    nbformat.write(notebook, tmp_path / "changed.ipynb")
    with pytest.raises(pages.DashboardError, match="changed cannot be a page without a kernel"):
        pages.write_static(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere", "--static", "out"], "there are no dashboards in nowhere"),
        (["nowhere", "--static"], "usage: "),
        (["--static", "nowhere", "out"], "usage: "),
    ],
)
def test_what_cannot_be_written_is_one_sentence(words, said):
    with pytest.raises(SystemExit, match=said):
        dashboards.main(words)
