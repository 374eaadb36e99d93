"""Lessons to hand out: without outputs, without solutions."""

import json
from pathlib import Path

from hepml.files import explained, whole
from hepml_lessons.copy._clean import clean, text_of
from hepml_lessons.copy._own import NOTEBOOKS, CopyError, known_or_refused, read

__all__ = ["export"]


def export(name, kind="ipynb", out=None, *, overwrite=False):
    """Write a lesson without its outputs and solutions.

    Parameters
    ----------
    name : str
    kind : str
        ``"ipynb"``, or ``"py"``: a script whose comments are the text, with cells that begin with
        ``# %%``, as JupyterLab, VS Code and Spyder know them.
    out : str or os.PathLike, optional
        ``NAME.ipynb`` or ``NAME.py`` in the working folder unless given.
    overwrite : bool
        Whether a file that is there may be replaced.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    CopyError
        If there is no such lesson, or the file cannot be written.
    """
    known_or_refused(name)
    path = Path(out or f"{name}.{kind}")
    lesson = clean(read(NOTEBOOKS / f"{name}.ipynb"), solutions=False, beside_book=False)
    text = {"ipynb": _as_json, "py": _as_script}[kind](lesson)
    with explained(CopyError, path):
        try:
            with whole(path, overwrite=overwrite) as part:
                part.write_text(text, encoding="utf-8")
        except FileExistsError:
            raise CopyError(f"{path} is there already; --force replaces it") from None
    return path


def _as_json(lesson):
    return json.dumps(lesson, indent=1, ensure_ascii=False) + "\n"


def _as_script(lesson):
    return "\n\n".join(map(_as_part, lesson["cells"])) + "\n"


def _as_part(cell):
    lines = text_of(cell).splitlines()
    if cell["cell_type"] == "code":
        return "\n".join(["# %%", *lines])
    return "\n".join(["# %% [markdown]", *(f"# {line}".rstrip() for line in lines)])
