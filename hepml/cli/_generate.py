"""The command that makes more of a sample."""

from pathlib import Path
from typing import Annotated

import typer

from hepml import data
from hepml.cli._bar import Bar
from hepml.cli._say import say
from hepml.cli._stop import StoppedError

__all__ = ["register"]

WAITING = "first chunk under way"
NOTHING = "no finished chunk is kept"


def register(app):
    """Add the command to the group ``hepml data``."""
    app.command()(generate)


def generate(
    name: str,
    *,
    events: Annotated[int, typer.Option(help="rows of the sample")],
    seed: Annotated[int, typer.Option(help="same seed, same content")],
    out: Annotated[Path, typer.Option(help="folder for the sample and its card")],
    workers: Annotated[int, typer.Option(help="processes on this machine")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="address of a Dask scheduler to use instead")
    ] = None,
):
    """Make more of a sample; interrupt and repeat at will, what is finished is kept."""
    try:
        with Bar(name, "events", WAITING) as progress:
            record = data.generate(
                name, events, seed, out, workers=workers, scheduler=scheduler, progress=progress
            )
    except KeyboardInterrupt as error:
        # `generate` adds a note where it keeps something.
        kept = "; ".join(getattr(error, "__notes__", ())) or NOTHING
        kept = kept.replace("same call", "same command")
        raise StoppedError(kept) from None
    files = data.card(out / f"{name}.json").files
    say(
        f"{out / files[0]['name']}{f' and {len(files) - 1} more' if files[1:] else ''}  "
        f"{record['events']} events  content {record['content_sha256']}"
    )
