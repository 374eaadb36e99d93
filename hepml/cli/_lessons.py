"""The commands on a student's own copy of the lessons."""

import contextlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hepml.cli._say import say
from hepml.cli._stop import RefusedError, require_clone

__all__ = ["register"]

HELP = """Your own copy of the lessons: clean, brought up to date, never overwritten.

From a clone of the repository. It lies in the folder work there, or in ~/hepml-lab where the clone
is somebody else's; HEPML_WORK names another.

Try: hepml lessons update; hepml lessons export boosted-trees --to slides
"""

app = typer.Typer(no_args_is_help=True, help=HELP)
Place = Annotated[Path | None, typer.Option(help="folder of your lessons, if it is another")]
Name = Annotated[str, typer.Argument(help="a lesson, such as boosted-trees")]


class Kind(StrEnum):
    """What a lesson is exported as."""

    ipynb = "ipynb"
    py = "py"
    pdf = "pdf"
    slides = "slides"


@app.command("list")
def list_(*, place: Place = None):
    """List the lessons, and what became of your copies."""
    with _copies() as copies:
        own = place or copies.folder()
        for name in copies.names():
            say(f"{name:16s}  {copies.state(name, own)}")
        say(f"in {own}")


@app.command()
def update(*, place: Place = None):
    """Add new lessons, and new versions of those you have not changed; repeat it at will.

    A lesson that you changed stays as it is: its new version is laid beside it.
    """
    with _copies() as copies:
        own = place or copies.folder()
        steps = copies.update(own)
    for step in steps:
        say(str(step))
    if not steps:
        say(f"all lessons in {own} are up to date")


@app.command()
def reset(name: Name, *, place: Place = None):
    """Begin a lesson anew; what you had is kept in the folder 'earlier'."""
    with _copies() as copies:
        say(str(copies.reset(name, place)))


@app.command()
def export(
    name: Name,
    *,
    to: Annotated[Kind, typer.Option(help="a notebook, a script, paper, or slides")] = Kind.ipynb,
    out: Annotated[Path | None, typer.Option(help="file; NAME.ipynb (or .py, …) here")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
):
    """Write a lesson without solutions: to work on, for paper, or the core path as slides.

    Slides are one HTML file for any browser, offline: key S opens the speaker's notes. A PDF is
    printed by Chrome, Chromium or Edge.
    """
    with _copies() as copies:
        say(str(copies.export(name, to.value, out, overwrite=force)))


def register(main):
    """Add the commands on lessons to those of `main`."""
    main.add_typer(app, name="lessons")


@contextlib.contextmanager
def _copies():
    """Give the clone's lessons; what they refuse is one sentence."""
    require_clone("lessons are in the repository")
    from hepml_lessons import copy  # noqa: PLC0415 - beside us in a clone only

    try:
        yield copy
    except copy.CopyError as error:
        raise RefusedError(error) from None
