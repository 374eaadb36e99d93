"""The command that makes more of a sample."""

import contextlib
import signal
from pathlib import Path
from typing import Annotated

import typer

from hepml import data
from hepml.cli._bar import Bar
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
        with _terminated_like_interrupted(), Bar(name, "events", WAITING) as progress:
            record = data.generate(
                name, events, seed, out, workers=workers, scheduler=scheduler, progress=progress
            )
    except KeyboardInterrupt as error:
        # `generate` adds a note where it keeps something.
        kept = "; ".join(getattr(error, "__notes__", ())) or NOTHING
        kept = kept.replace("same call", "same command")
        raise StoppedError(kept, *error.args[:1]) from None
    files = data.card(out / f"{name}.json").files
    typer.echo(
        f"{out / files[0]['name']}{f' and {len(files) - 1} more' if files[1:] else ''}  "
        f"{record['events']} events  content {record['content_sha256']}"
    )


@contextlib.contextmanager
def _terminated_like_interrupted():
    """Let SIGTERM, as batch systems send it, end the work as Ctrl-C does."""

    def interrupt(sent, _):
        raise KeyboardInterrupt(sent)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
