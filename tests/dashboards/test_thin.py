"""A dashboard is a thin notebook over a function that returns one widget."""

import ast
from pathlib import Path

import nbformat
import pytest

from hub import dashboards

ROOT = Path(__file__).resolve().parents[2]
EACH = pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks/dashboards").glob("*.ipynb")), ids=lambda path: path.stem
)


def cells(path, kind):
    notebook = nbformat.read(path, as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def test_there_is_one():
    assert (ROOT / "notebooks/dashboards/roc.ipynb").is_file()


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
    page = dashboards.page(read())
    assert "<title>Where would you cut?</title>" in page
    assert "drag the threshold" in page
    assert "hepml-still" in page
    assert "HistGradientBoostingClassifier" not in page


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_page_has_the_theme_that_was_asked_for(theme):
    assert f'<html lang="en" data-theme="{theme}">' in dashboards.page(read(), theme=theme)


def test_what_is_no_theme_does_not_reach_the_page():
    assert "curious" not in dashboards.page(read(), theme='curious"')


def test_a_title_is_text():
    notebook = read()
    notebook.cells[0].source = "# a < b\n\nA sentence."
    assert "<title>a &lt; b</title>" in dashboards.page(notebook)


def test_only_who_says_so_is_sealed():
    notebook = read()
    sealed = notebook.metadata.pop("hepml")
    dashboards.seal(notebook)
    assert not dashboards.lives_by_itself(notebook)
    notebook.metadata["hepml"] = {"kernel": False}
    dashboards.seal(notebook)
    assert notebook.metadata["hepml"] == sealed
