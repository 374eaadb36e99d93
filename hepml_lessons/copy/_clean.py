"""A lesson as a student begins it: no outputs, and solutions that are read, not run."""

import hashlib
import html
import json

__all__ = ["clean", "essence", "text_of"]

BOOK = "](../book/"
PUBLIC = "](https://github.com/hepml-lab/hepml-lab/blob/main/book/"
SHOWN = "Show a solution"
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
    cells = (dict(cell) for cell in notebook["cells"] if solutions or not is_solution(cell))
    made = [_cell(cell) for cell in cells]
    for cell in made if not beside_book else ():
        if cell["cell_type"] == "markdown":
            cell["source"] = text_of(cell).replace(BOOK, PUBLIC)
    return {**notebook, "cells": made}


def is_solution(cell):
    """Whether a cell holds the solution of an exercise."""
    return "solution" in cell["metadata"].get("tags", ())


def text_of(cell):
    """Text of a cell, which JSON may hold as one or as lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def essence(notebook):
    """Hash of what a person wrote: kinds and texts of all cells that hold any.

    Outputs, counts and settings of cells do not count, nor do empty cells: whoever only ran a
    lesson changed nothing of it.

    Parameters
    ----------
    notebook : dict

    Returns
    -------
    str
    """
    written = [(cell["cell_type"], text_of(cell).strip()) for cell in notebook["cells"]]
    told = json.dumps([one for one in written if one[1]])
    return hashlib.sha256(told.encode()).hexdigest()


def _cell(cell):
    if is_solution(cell):
        return _to_be_read(cell)
    if cell["cell_type"] == "code":
        return cell | {"outputs": [], "execution_count": None}
    return cell


def _to_be_read(cell):
    """Fold a solution behind a line; highlighted as code, and run by nobody."""
    source = (
        f"<details><summary>{html.escape(SHOWN)}</summary>\n\n"
        f"{FENCE}python\n{text_of(cell)}\n{FENCE}\n\n</details>"
    )
    metadata = {"tags": cell["metadata"]["tags"]}
    return {"cell_type": "markdown", "id": cell["id"], "metadata": metadata, "source": source}
