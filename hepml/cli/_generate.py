"""The command that makes more of a sample."""

from pathlib import Path
from typing import Annotated

import typer

from hepml import data
from hepml.cli._bar import Bar

__all__ = ["register"]


def register(app):
    """Add the command to the group ``hepml data``."""
    app.command()(generate)


def generate(
    name: str,
    *,
    events: Annotated[int, typer.Option(help="rows of the sample")],
    seed: Annotated[int, typer.Option(help="same seed, same content")],
    out: Annotated[Path, typer.Option(help="ROOT file to write")],
    workers: Annotated[int, typer.Option(help="processes")] = 1,
):
    """Make more of a sample; interrupt and repeat at will, finished chunks are kept."""
    try:
        with Bar(name, "events") as progress:
            record = data.generate(name, events, seed, out, workers=workers, progress=progress)
    except KeyboardInterrupt:
        message = "interrupted; finished chunks are kept, the same command goes on from there"
        raise data.DataError(message) from None
    typer.echo(f"{out}  {record['events']} events  sha256 {record['sha256']}")
