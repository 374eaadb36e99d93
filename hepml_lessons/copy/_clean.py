"""A lesson as a student begins it: no outputs, and solutions that are read, not run."""

import hashlib
import html
import json
import re
from string import ascii_uppercase

from hepml_lessons._cells import tags_of, text_of

__all__ = ["clean", "essence", "is_solution", "is_test", "told_new", "with_public_links"]

BOOK = "](../book/"
PUBLIC = "](https://github.com/hepml-lab/hepml-lab/blob/main/book/"
SHOWN = "Show a solution"
QUIZ = '<div class="quiz">'
ANSWER = re.compile(r'<details class="(right|wrong)"><summary>(.*?)</summary>(.*?)</details>')
# JupyterLab takes styles from Markdown, but no sheet of them: each card has its own.
EDGE = {"right": "#1a7f37", "wrong": "#b35900"}
CARD = "border:1px solid #8c959f;border-radius:6px;padding:4px 12px;margin:0 0 {below}px 0"
REASON = "border-left:3px solid {edge};padding:2px 0 2px 10px;margin:6px 0 4px 0"
NEW = (
    "*The new version of this lesson. Your own is [{name}.ipynb]({name}.ipynb), which stays as it "
    "is.*"
)
TOLD = "new-version"  # tag of the cell that says so
AS_TOLD = re.compile(re.escape(NEW).replace(re.escape("{name}"), r"[\w-]+"))
FENCE = "`" * 4  # more than any code of a lesson has


def clean(notebook, *, solutions=True, beside_book=True):
    """Make the copy of an executed lesson that a student begins with.

    Parameters
    ----------
    notebook : dict
        As JSON has it; not changed.
    solutions : bool
        Whether they stand there, folded, as text: "Run All" runs none. Else they are left out.
    beside_book : bool
        Whether the copy will lie beside the folder ``book``; if not, links to its pages lead to
        the public repository.

    Returns
    -------
    dict
    """
    cells = (dict(cell) for cell in notebook["cells"] if not is_test(cell))
    cells = (cell for cell in cells if solutions or not is_solution(cell))
    made = [_cell(cell) for cell in cells]
    return {**notebook, "cells": made if beside_book else with_public_links(made)}


def with_public_links(cells):
    """Lead links to pages of the book to the public repository."""
    return [
        cell | {"source": text_of(cell).replace(BOOK, PUBLIC)}
        if cell["cell_type"] == "markdown"
        else cell
        for cell in cells
    ]


def is_solution(cell):
    """Whether a cell holds the solution of an exercise."""
    return "solution" in tags_of(cell)


def is_test(cell):
    """Whether a cell is there for tests alone, and is not shown to readers."""
    return "remove-cell" in tags_of(cell)


def essence(notebook):
    """Hash of what a person wrote: kinds and texts of all cells that hold any.

    Outputs, counts and settings of cells do not count, nor do empty cells and what `told_new` put
    first: whoever only ran a lesson, or took the new version, changed nothing of it.

    Parameters
    ----------
    notebook : dict

    Returns
    -------
    str
    """
    cells = [cell for cell in notebook["cells"] if not _is_as_told(cell)]
    written = [(cell["cell_type"], text_of(cell).strip()) for cell in cells]
    told = json.dumps([one for one in written if one[1]])
    return hashlib.sha256(told.encode()).hexdigest()


def told_new(notebook, name):
    """Say in the first line of a new version where the student's own lies.

    Parameters
    ----------
    notebook : dict
    name : str
        Of the lesson.

    Returns
    -------
    dict
    """
    told = {"tags": [TOLD]}
    cell = {"cell_type": "markdown", "id": TOLD, "metadata": told, "source": NEW.format(name=name)}
    return notebook | {"cells": [cell, *notebook["cells"]]}


def _is_as_told(cell):
    """Whether a cell is the first line of a new version, in which nobody wrote."""
    return TOLD in tags_of(cell) and AS_TOLD.fullmatch(text_of(cell).strip()) is not None


def _cell(cell):
    if is_solution(cell):
        return _to_be_read(cell)
    if cell["cell_type"] == "code":
        return cell | {"outputs": [], "execution_count": None}
    return cell | {"source": with_cards(text_of(cell))}


def with_cards(text):
    """Give the answers of a quiz their cards and letters, and room below the last of a question.

    The book does so by its style sheet (``book/_static/book.css``).
    """
    if QUIZ not in text:
        return text
    lines, made, letter = text.splitlines(), [], 0
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        found = ANSWER.fullmatch(line)
        made.append(_card(*found.groups(), ascii_uppercase[letter], after) if found else line)
        letter = letter + 1 if found else 0
    return "\n".join(made)


def _card(kind, answer, reason, letter, after):
    is_last = ANSWER.fullmatch(after) is None
    return (
        f'<details class="{kind}" style="{CARD.format(below=28 if is_last else 6)}">'
        f"<summary><b>{letter}</b>&ensp;{answer}</summary>"
        f'<div style="{REASON.format(edge=EDGE[kind])}">{reason}</div></details>'
    )


def _to_be_read(cell):
    """Fold a solution behind a line; highlighted as code, and run by nobody."""
    source = (
        f'<details style="{CARD.format(below=6)}"><summary>{html.escape(SHOWN)}</summary>\n\n'
        f"{FENCE}python\n{text_of(cell)}\n{FENCE}\n\n</details>"
    )
    metadata = {"tags": cell["metadata"]["tags"]}
    return {"cell_type": "markdown", "id": cell["id"], "metadata": metadata, "source": source}
