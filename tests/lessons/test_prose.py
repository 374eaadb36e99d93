"""The prose of every lesson against what its cells print, and its head against the clock."""

import json
import re

import jupytext
import pytest

from hepml_lessons.recipes import ROOT, TEXTS

MEASURED = json.loads((ROOT / "book" / "measured.json").read_text())
LESSONS = [path.stem for path in sorted(TEXTS.glob("*.md")) if "## Quiz" in path.read_text()]
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


@EACH
def test_a_lesson_has_a_quiz_of_five_with_reasons(lesson):
    quiz = text_of(lesson).split("## Quiz")[1].split("## Exercises")[0]
    questions = re.split(r"\*\*\d\. ", quiz)[1:]
    assert len(questions) == 5
    for question in questions:
        assert question.count('class="right"') == 1
        assert question.count('class="wrong"') >= 2
        answers = re.findall(r"<summary>.+?</summary>([✔✘] .{20,}?)</details>", question)
        assert len(answers) == question.count("<details")


@EACH
def test_a_lesson_has_three_exercises_with_check_and_solution(lesson):
    tags = [tag for cell in cells_of(lesson, "code") for tag in cell["metadata"].get("tags", ())]
    for tag in ("exercise", "check", "solution"):
        assert tags.count(tag) == 3


@EACH
def test_a_lesson_ends_with_what_to_keep(lesson):
    for heading in (
        "## What we got",
        "## Quiz",
        "## Exercises",
        "## Key points",
        "## What to read",
    ):
        assert heading in text_of(lesson)


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
