"""A test of the tests: each saved statement of a lesson changes when what it claims is not so."""

import contextlib
import importlib
import io

import jupytext
import nbformat
import numpy as np
import pandas as pd
import pytest

from hepml import data, stats
from hepml_lessons.recipes import ROOT, TEXTS

CHECKED, SOLUTION = "nbval-check-output", "solution"
LESSONS = sorted(path.stem for path in TEXTS.glob("*.md") if CHECKED in path.read_text())


def cells(lesson):
    """Return the checked cells (solutions apart: their checks have a bench of their own)."""
    found = jupytext.read(TEXTS / f"{lesson}.md").cells
    tags = [cell.metadata.get("tags", ()) for cell in found]
    return [
        cell.source
        for cell, tag in zip(found, tags, strict=True)
        if CHECKED in tag and SOLUTION not in tag
    ]


def claims(lesson):
    return importlib.import_module(f"tests.lessons.claims.{lesson.replace('-', '_')}").CLAIMS


def printed(source, names):
    """Lines that a cell prints, given the names it uses."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(source, {"np": np, "pd": pd, "stats": stats, "data": data, **names})  # noqa: S102
    return told.getvalue().splitlines()


def saved(lesson, source):
    """Return what the executed lesson printed there."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4)
    cell = next(cell for cell in notebook.cells if cell.source == source)
    return "".join(output.get("text", "") for output in cell.outputs).splitlines()


def cell_of(lesson, claim):
    found = [source for source in cells(lesson) if claim.words in source]
    assert len(found) == 1, f"{len(found)} cells of {lesson} hold {claim.words!r}"
    return found[0]


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_checked_cell_has_its_claim(lesson):
    told = [cell_of(lesson, claim) for claim in claims(lesson)]
    assert [source for source in cells(lesson) if source not in told] == []


@pytest.mark.parametrize(
    ("lesson", "claim"),
    [(lesson, claim) for lesson in LESSONS for claim in claims(lesson)],
    ids=lambda given: given if isinstance(given, str) else given.words[:40],
)
def test_a_statement_holds_and_can_fail(lesson, claim):
    source = cell_of(lesson, claim)
    wanted = saved(lesson, source)
    assert printed(source, claim.holds()) == wanted
    kept = set(range(len(wanted)))
    for what, names in claim.broken.items():
        lines = printed(source, names())
        same = {k for k in range(len(wanted)) if k < len(lines) and lines[k] == wanted[k]}
        assert same != set(range(len(wanted))), f"{what}: nothing changes"
        kept &= same
    assert [wanted[k] for k in sorted(kept)] == [], "no broken world changes these lines"
