"""The prose of every lesson against what its cells print, and its head against the clock."""

import ast
import json
import re

import jupytext
import pytest

from hepml_lessons import pace
from hepml_lessons.recipes import ROOT, TEXTS

MEASURED = json.loads((ROOT / "book" / "measured.json").read_text())
LESSONS = [path.stem for path in sorted(TEXTS.glob("*.md")) if "## Exercises" in path.read_text()]
WORDS, LINES = 2200, 300  # of a core path
EACH = pytest.mark.parametrize("lesson", LESSONS)


def cells_of(lesson, kind):
    notebook = json.loads((ROOT / "notebooks" / f"{lesson}.ipynb").read_text())
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def text_of(lesson):
    return (TEXTS / f"{lesson}.md").read_text()


def read_in(lesson):
    """Every number that a reader sees below a cell: printed or in a table, not in a widget."""
    outputs = [output for cell in cells_of(lesson, "code") for output in cell["outputs"]]
    shown = [data for output in outputs if "image/png" not in (data := output.get("data", {}))]
    texts = [output.get("text", "") for output in outputs]
    texts += [data.get(kind, "") for data in shown for kind in ("text/plain", "text/markdown")]
    return re.findall(r"\d+(?:\.\d+)?", "\n".join(map("".join, texts)))


@EACH
def test_bold_numbers_of_the_prose_are_printed_by_cells(lesson):
    """A number of the prose may have fewer digits than the cell prints."""
    prose = " ".join("".join(cell["source"]) for cell in cells_of(lesson, "markdown"))
    bold = re.findall(r"\*\*(\d+(?:\.(\d+))?)(?: ?%| events)?\*\*", prose)
    assert len(bold) >= 3
    printed = read_in(lesson)
    for number, decimals in bold:
        assert number in {f"{float(value):.{len(decimals)}f}" for value in printed}


@EACH
def test_the_head_states_what_was_measured(lesson):
    seconds = float(re.search(r"about (\d+) seconds to run", text_of(lesson))[1])
    gigabytes = float(re.search(r"([\d.]+) GB of memory", text_of(lesson))[1])
    assert MEASURED[lesson]["seconds"] <= 1.25 * seconds
    assert MEASURED[lesson]["megabytes"] <= 1000 * gigabytes


def sections(lesson):
    return pace.sections(jupytext.read(TEXTS / f"{lesson}.md").cells)


def core(lesson):
    return [one for one in sections(lesson) if one.part in ("head", "core")]


@EACH
def test_the_core_path_fits_an_hour_of_class(lesson):
    assert sum(one.words for one in core(lesson)) <= WORDS
    assert sum(one.lines for one in core(lesson)) <= LINES
    cells = jupytext.read(TEXTS / f"{lesson}.md").cells
    assert pace.total(cells, "core") <= pace.CORE_MINUTES
    assert "<!-- contents -->" in text_of(lesson).split("\n## ")[0]


@EACH
def test_five_questions_stand_where_they_belong_with_reasons(lesson):
    quizzes = re.findall(r'<div class="quiz">(.*?)</div>', text_of(lesson), re.DOTALL)
    told = [re.findall(r"^\*\*(\d)\. ", quiz, re.MULTILINE) for quiz in quizzes]
    assert told == [["1"], ["2"], ["3"], ["4"], ["5"]]
    assert sum(one.questions for one in core(lesson)) >= 3
    for question in quizzes:
        assert question.count('class="right"') == 1
        assert question.count('class="wrong"') >= 2
        answers = re.findall(r"<summary>.+?</summary>([✔✘] .{20,}?)</details>", question)
        assert len(answers) == question.count("<details")


@EACH
def test_three_exercises_have_check_and_solution_the_first_in_the_core_path(lesson):
    tags = [tag for cell in cells_of(lesson, "code") for tag in cell["metadata"].get("tags", ())]
    for tag in ("exercise", "check", "solution"):
        assert tags.count(tag) == 3
    assert sum(one.exercises for one in core(lesson)) == 1


@EACH
def test_the_numbers_of_every_exercise_are_the_students_own(lesson):
    """Its world is drawn from the own seed, with a number of its own."""
    text = "".join(text_of(lesson).split("## Exercises")[1:])
    found = re.findall(r"default_rng\(\[own_seed\(\), (\d)\]\)", text)
    assert found == ["1", "2", "3"]


@EACH
def test_a_lesson_ends_with_what_to_keep(lesson):
    for heading in ("# What we got", "# Exercises", "# Key points", "# Deeper", "# What to read"):
        assert f"#{heading}" in text_of(lesson)


def is_shown(cell):
    return not {"remove-cell", "solution", "hide-cell"} & set(cell["metadata"].get("tags", ()))


@EACH
def test_what_only_tests_need_is_hidden_from_readers(lesson):
    """No line ends in a truth value, and nothing that is shown needs a cell that is not."""
    shown = [cell for cell in cells_of(lesson, "code") if is_shown(cell)]
    texts = ["".join(out.get("text", "")) for cell in shown for out in cell["outputs"]]
    assert re.findall(r".*: (?:True|False)$", "\n".join(texts), re.MULTILINE) == []
    hidden = [c for c in cells_of(lesson, "code") if "remove-cell" in c["metadata"].get("tags", ())]
    made = set().union(*(names(cell, ast.Store) for cell in hidden))
    mine = set().union(*(names(cell, ast.Store) for cell in shown))
    assert (made - mine) & set().union(*(names(cell, ast.Load) for cell in shown)) == set()


def names(cell, context):
    nodes = ast.walk(ast.parse("".join(cell["source"])))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, context)}


@EACH
def test_a_wall_of_imports_is_folded(lesson):
    for cell in cells_of(lesson, "code"):
        imports = re.findall(r"^(?:from|import) ", "".join(cell["source"]), re.MULTILINE)
        if len(imports) > 4:
            assert "hide-input" in cell["metadata"]["tags"]


@EACH
def test_a_monitor_is_on_the_page_before_the_training_begins(lesson):
    cells = [
        cell.source
        for cell in jupytext.read(TEXTS / f"{lesson}.md").cells
        if cell.cell_type == "code"
    ]
    training = [source for source in cells if "TrainingMonitor(" in source and "display(" in source]
    assert training
    for source in training:
        assert re.search(r"display\(\w*monitor\)\n(\w+ = )?[\w.]+\(", source), source
    for source in cells:
        assert not re.search(r"^\w*monitor$", source, re.MULTILINE), "shown when all is over"
