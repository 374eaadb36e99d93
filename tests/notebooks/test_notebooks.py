"""What every built notebook is held to."""

import json
import re

import build
import nbformat
import pytest
import weave

import bootstrap

TEXTS = build.texts()
EACH = pytest.mark.parametrize("name", TEXTS)
FROM_THE_MACHINE = re.compile(r"0x[0-9a-f]{8,}|/(home|root|tmp|Users|work)/|site-packages")


def read(name):
    return nbformat.read(build.target(name), as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [(cell, output) for cell in code_cells(notebook) for output in cell.outputs]


def without_outputs(notebook):
    cells = [dict(cell) | ({"outputs": []} if "outputs" in cell else {}) for cell in notebook.cells]
    return [cell | ({"execution_count": None} if "outputs" in cell else {}) for cell in cells]


def test_there_is_a_notebook_for_each_text_and_no_other():
    built = build.NOTEBOOKS.rglob("*.ipynb")
    names = {path.relative_to(build.NOTEBOOKS).with_suffix("").as_posix() for path in built}
    assert {name for name in names if ".ipynb_checkpoints" not in name} == set(TEXTS)


@EACH
def test_its_cells_are_those_of_its_text(name):
    sketch, notebook = weave.sketch(TEXTS[name]), read(name)
    assert without_outputs(notebook) == without_outputs(sketch)
    assert notebook.metadata == sketch.metadata


@EACH
def test_it_is_one_that_make_lab_trusts(name):
    assert build.digest(build.target(name)) == bootstrap.digest(build.target(name))
    assert build.target(name) in bootstrap.our_notebooks()


@EACH
def test_it_is_as_it_was_built(name):
    assert build.measured()[name]["notebook"] == build.digest(build.target(name))


@EACH
def test_it_is_valid_and_at_most_a_megabyte(name):
    nbformat.validate(read(name))
    assert build.target(name).stat().st_size <= 1_000_000


@EACH
def test_it_ran_from_top_to_bottom_without_error(name):
    counts = [cell.execution_count for cell in code_cells(read(name)) if cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1))
    assert not [output for _, output in outputs(read(name)) if output.output_type == "error"]


def pictures(output):
    """Kinds of picture that an output shows; that of a view is for a PDF, its page has its own."""
    data = output.get("data", {})
    return set() if "text/html" in data else set(weave.PICTURES) & set(data)


@EACH
def test_the_still_of_a_view_has_an_alt_text(name):
    for _, output in outputs(read(name)):
        page = output.get("data", {}).get("text/html", "")
        for alt in re.findall(r'<img alt="([^"]*)" src="data:', page):
            assert len(alt) >= 20, alt


@EACH
def test_a_picture_has_an_alt_text(name):
    for cell, output in outputs(read(name)):
        for kind in pictures(output):
            assert len(weave.alt_text(cell)) >= 20, cell.source
            assert output.metadata[kind]["alt"] == weave.alt_text(cell)


@EACH
def test_a_cell_shows_one_picture_at_most(name):
    # One alt text is written for a cell; a second picture would bear the wrong one.
    for cell in code_cells(read(name)):
        shown = [output for output in cell.outputs if pictures(output)]
        assert len(shown) <= 1, cell.source


@EACH
def test_pictures_inside_html_have_an_alt_text(name):
    notebook = read(name)
    html = [
        output["data"].get("text/html", "") for _, output in outputs(notebook) if "data" in output
    ]
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    for tag in re.findall(r"<img\b[^>]*>", "\n".join(html + prose)):
        assert re.search(r'\balt="[^"]{8,}"', tag), tag[:200]
    assert not re.search(r"!\[\s*\]\(", "\n".join(prose))


@EACH
def test_outputs_tell_nothing_of_the_machine(name):
    for cell, output in outputs(read(name)):
        texts = [output.get("text", ""), *map(str, output.get("data", {}).values())]
        shown = [text for text in texts if not text.startswith(("iVBOR", "<div class"))]
        assert not FROM_THE_MACHINE.search("\n".join(shown)), cell.source


@EACH
def test_no_picture_or_script_comes_from_elsewhere(name):
    notebook = read(name)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    html = "\n".join(
        output["data"].get("text/html", "") for _, output in outputs(notebook) if "data" in output
    )
    assert not re.search(r"!\[[^]]*\]\(\s*https?:", text), "a picture from another host"
    assert not re.search(r'<(img|script|iframe|link)\b[^>]*(src|href)="(https?:)?//', text + html)


@EACH
def test_its_links_to_files_lead_somewhere(name):
    text = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "markdown")
    for link in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text):
        assert (build.target(name).parent / link).exists(), link


@pytest.mark.parametrize("name", [name for name in TEXTS if "/" not in name])
def test_a_lesson_prints_something_that_nbval_compares(name):
    checked = [
        c for c in code_cells(read(name)) if "nbval-check-output" in c.metadata.get("tags", [])
    ]
    assert checked
    assert all(cell.outputs for cell in checked)


@EACH
def test_it_fits_the_machine_a_class_has(name):
    figures = build.measured()[name]
    assert figures["megabytes"] is None or figures["megabytes"] <= 1500


def test_what_is_measured_is_of_these_lessons():
    assert set(json.loads(build.MEASURED.read_text())) == set(TEXTS)
