"""What lessons teach, taken out of their texts: to be run on other events, and recorded."""

import ast
import datetime as dt
import json
from importlib.metadata import version
from pathlib import Path

import jupytext

from hepml.files import write_text

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ROOT / "tutorials"
RECORDED = Path(__file__).with_name("recorded")


def recipe(lesson):
    """Names that a lesson's cells tagged ``recipe`` define, under the lesson's imports.

    Parameters
    ----------
    lesson : str
        Such as ``"boosted-trees"``.

    Returns
    -------
    dict
        A fresh namespace each time: functions of one call know nothing of another's.
    """
    names = {}
    cells = [cell for cell in jupytext.read(TEXTS / f"{lesson}.md").cells if is_code(cell)]
    for cell in cells:
        execute(imports(cell.source), names, lesson)
    for cell in cells:
        if "recipe" in cell.metadata.get("tags", ()):
            execute(ast.parse(cell.source), names, lesson)
    return names


def is_code(cell):
    return cell.cell_type == "code"


def imports(source):
    """Only the import statements of a cell."""
    kept = [
        node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return ast.Module(kept, type_ignores=[])


def execute(tree, names, lesson):
    exec(compile(tree, f"{lesson}.md", "exec"), names)  # noqa: S102 - our own text


def record(name, result, *, command, data, method, packages):
    """Write a result with all that is needed to repeat it; `hepml_lessons.recording` reads it.

    Parameters
    ----------
    name : str
        Of the recording.
    result : dict
        What JSON can hold.
    command, data, method : str
        How to repeat it, on which events, and what was done.
    packages : iterable of str
        Whose versions matter.
    """
    head = {
        "recorded": dt.datetime.now(dt.UTC).date().isoformat(),
        "command": command,
        "data": data,
        "method": method,
        "versions": {package: version(package) for package in packages},
    }
    RECORDED.mkdir(exist_ok=True)
    write_text(RECORDED / f"{name}.json", json.dumps(head | result, indent=1) + "\n")
