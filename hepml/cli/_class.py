"""Commands for the day before a class: is this machine ready, how long do lessons take on it."""

from pathlib import Path
from typing import Annotated

import typer

from hepml.cli._say import say
from hepml.cli._stop import RefusedError, StoppedError, require_clone

__all__ = ["register"]

PREPARED = "classes are prepared from the repository"
SIGNS = {"good": "✔", "poor": "!", "bad": "✘"}


def preflight(
    *,
    students: Annotated[int, typer.Option(min=1, help="who work on this machine at a time")] = 1,
):
    """Tell on one page whether this machine is ready for a class; exit status 1 if it is not.

    ✔ is good, ! works but not well, ✘ keeps lessons from running. Nothing is changed.
    """
    require_clone(PREPARED)
    from hepml_lessons import copy  # noqa: PLC0415 - beside us in a clone only
    from hub import preflight as look  # noqa: PLC0415

    found = look.findings(copy.folder(), students=students)
    for one in found:
        say(f"{SIGNS[one.state]} {one.what:9s}  {one.said}")
    bad = [one.what for one in found if one.state == look.BAD]
    say("ready" if not bad else f"not ready: {', '.join(bad)}")
    if bad:
        raise typer.Exit(1)


def rehearse(
    names: Annotated[list[str] | None, typer.Argument(help="lessons; all unless given")] = None,
    *,
    out: Annotated[
        Path | None, typer.Option(help="folder of the timetable; beside your lessons unless given")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="also lessons that were measured before")
    ] = False,
):
    """Run all lessons on this machine, one after the other, and write a timetable.

    Minutes and memory are measured on the student's copy: nothing filled in, no solution run.
    Interrupt at will: what was measured is kept, and the same command goes on from there.
    """
    require_clone(PREPARED)
    from hepml.cli._bar import Bar  # noqa: PLC0415 - only long work needs it
    from hepml_lessons import rehearsal  # noqa: PLC0415 - beside us in a clone only

    try:
        with Bar("rehearsal", "lessons", "the first one is running") as bar:
            page = rehearsal.rehearse(names, out, again=again, progress=bar)
    except rehearsal.RehearsalError as error:
        raise RefusedError(error) from None
    except KeyboardInterrupt:
        raise StoppedError(
            "what was measured is kept, the same command goes on from there"
        ) from None
    say(page.read_text(encoding="utf-8"))
    say(str(page))


def register(main):
    """Add the commands to `main`."""
    main.command()(preflight)
    main.command()(rehearse)
