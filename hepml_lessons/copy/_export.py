"""Lessons to hand out, without solutions: to work on, to read, and to show."""

import json
from pathlib import Path

from hepml.files import explained, whole
from hepml_lessons._cells import text_of
from hepml_lessons.copy import _pdf, _slides
from hepml_lessons.copy._clean import clean, is_solution, is_test, with_public_links
from hepml_lessons.copy._own import NOTEBOOKS, CopyError, known_or_refused, read

__all__ = ["KINDS", "export"]


def export(name, kind="ipynb", out=None, *, overwrite=False):
    """Write a lesson without its solutions.

    Parameters
    ----------
    name : str
    kind : str
        ``"ipynb"``; ``"py"``: a script whose comments are the text, with cells that begin with
        ``# %%``, as JupyterLab, VS Code and Spyder know them; ``"pdf"``: on paper, with what the
        cells show; ``"slides"``: the core path as one HTML file, with figures that live.
    out : str or os.PathLike, optional
        ``NAME.ipynb``, ``NAME.py``, ``NAME.pdf`` or ``NAME.slides.html`` in the working folder
        unless given.
    overwrite : bool
        Whether a file that is there may be replaced.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    CopyError
        If there is no such lesson, the file cannot be written, or what makes it is not there.
    """
    known_or_refused(name)
    ending, make = KINDS[kind]
    path = Path(out or f"{name}.{ending}")
    if path.exists() and not overwrite:
        raise CopyError(f"{path} is there already; --force replaces it")
    try:
        content = make(read(NOTEBOOKS / f"{name}.ipynb"))
    except (_pdf.PdfError, _slides.SlidesError) as error:
        raise CopyError(error) from None
    with explained(CopyError, path):
        try:
            with whole(path, overwrite=overwrite) as part:
                part.write_bytes(content if isinstance(content, bytes) else content.encode())
        except FileExistsError:
            raise CopyError(f"{path} is there already; --force replaces it") from None
    return path


def _to_work_on(notebook):
    return clean(notebook, solutions=False, beside_book=False)


def _to_read(notebook):
    """Leave out solutions and tests, and keep what cells showed."""
    kept = [cell for cell in notebook["cells"] if not (is_solution(cell) or is_test(cell))]
    return {**notebook, "cells": with_public_links(kept)}


def _as_pdf(notebook):
    return _pdf.printed(_pdf.page(_to_read(notebook)))


def _as_slides(notebook):
    return _slides.slides(_to_read(notebook))


def _as_json(notebook):
    lesson = _to_work_on(notebook)
    return json.dumps(lesson, indent=1, ensure_ascii=False) + "\n"


def _as_script(notebook):
    return "\n\n".join(map(_as_part, _to_work_on(notebook)["cells"])) + "\n"


def _as_part(cell):
    lines = text_of(cell).splitlines()
    if cell["cell_type"] == "code":
        return "\n".join(["# %%", *lines])
    return "\n".join(["# %% [markdown]", *(f"# {line}".rstrip() for line in lines)])


KINDS = {
    "ipynb": ("ipynb", _as_json),
    "py": ("py", _as_script),
    "pdf": ("pdf", _as_pdf),
    "slides": ("slides.html", _as_slides),
}
"""What a lesson is exported as: the ending of the file, and what makes it."""
