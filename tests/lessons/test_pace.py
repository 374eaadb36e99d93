"""Sections of a lesson are told apart, and their minutes follow one rule."""

import nbformat
import pytest

from hepml_lessons import pace

TEXT = """# A lesson

Three words here.

<!-- contents -->"""
NEW = nbformat.v4


def code(source, *tags):
    return NEW.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


@pytest.fixture
def cells():
    return [
        NEW.new_markdown_cell(TEXT),
        code("import a\nimport b", "hide-input"),
        NEW.new_markdown_cell("## First\n\n" + "word " * 299),
        code("x = 1\n\n" * 40),
        code("RocExplorer(y, score)"),
        NEW.new_markdown_cell(
            "### A part of it\n\n**1. Why?**\n\n<details><summary>So</summary>no</details>"
        ),
        NEW.new_markdown_cell("## Exercises"),
        code("answer = ...", "exercise"),
        code("answer = 42", "solution"),
        NEW.new_markdown_cell("## Deeper\n\nMore.\n\n### Second\n\nText.\n\n#### Within"),
        code("answer = ...", "exercise"),
        NEW.new_markdown_cell("## What to read next\n\nBooks."),
    ]


def test_parts_are_told_apart(cells):
    told = [(one.title, one.part) for one in pace.sections(cells)]
    assert told == [
        ("", "head"), ("First", "core"), ("Exercises", "core"), ("Deeper", "deeper"),
        ("Second", "deeper"), ("What to read next", "end"),
    ]  # fmt: skip


def test_what_is_folded_is_not_read(cells):
    head, first, exercises, *_ = pace.sections(cells)
    assert head.words == 5
    assert head.lines == 0
    assert first.lines == 41
    assert first.words == 300 + 4 + 3  # the heading below it, the question and its answer
    assert (first.questions, first.views) == (1, 1)
    assert (exercises.exercises, exercises.lines) == (1, 1)


def test_minutes_follow_the_rule(cells):
    spent = {one.title: minutes for one, minutes in pace.timed(cells)}
    assert spent["First"] == round(307 / pace.WORDS + 41 / pace.LINES + 2)
    assert spent["Exercises"] == 8
    assert spent["Second"] == 15
    assert pace.total(cells, "core") == 1 + spent["First"] + 8
    assert pace.total(cells, "deeper") == 1 + 15 + 1


def test_minutes_stand_below_each_heading_and_in_the_head(cells):
    pace.with_minutes(cells)
    head = cells[0].source
    assert pace.CONTENTS not in head
    assert pace.TOLD["core"].search(head)[1] == "15"
    assert pace.TOLD["deeper"].search(head)[1] == "17"
    assert "First&nbsp;6 · Exercises&nbsp;8" in head
    assert "Deeper&nbsp;" not in head
    assert cells[2].source.startswith("## First\n\n*6 minutes*\n\nword")
    assert cells[5].source.startswith("### A part of it\n\n**1.")
    assert (
        cells[9].source
        == "## Deeper\n\nMore.\n\n### Second\n\n*15 minutes*\n\nText.\n\n#### Within"
    )
    assert cells[-1].source.startswith("## What to read next\n\n*1 minute*")


def test_a_page_without_the_mark_stays_as_it_is():
    cells = [NEW.new_markdown_cell("# Start\n\n## Lessons\n\nText.")]
    pace.with_minutes(cells)
    assert cells[0].source == "# Start\n\n## Lessons\n\nText."
