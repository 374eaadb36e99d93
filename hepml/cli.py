"""The ``hepml`` command."""

import sys
from pathlib import Path
from typing import Annotated

try:
    import typer
except ImportError:
    sys.exit('the hepml command needs typer: pip install "hepml-lab[lab]"')

from hepml import data

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Samples for machine learning in HEP."
)
samples = typer.Typer(no_args_is_help=True, help="List, describe, check and generate samples.")
app.add_typer(samples, name="data")


@app.callback()
def _group():
    """Keep ``data`` a group of its own."""


@samples.command("list")
def list_samples():
    """List the samples: name, events, size, title."""
    for name in data.names():
        record, size = data.card(name).record, data.path(name).stat().st_size
        typer.echo(f"{name}  {record['events']} events  {size / 1e6:.1f} MB  {record['title']}")


@samples.command("card")
def show_card(name: str):
    """Print where a sample comes from and what it contains."""
    typer.echo(str(data.card(name)))


@samples.command()
def verify(names: Annotated[list[str] | None, typer.Argument()] = None):
    """Check files against their cards, all of them by default."""
    for name in names or data.names():
        data.verify(name)
        typer.echo(f"{name}  as its card says")


@samples.command()
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
        with _Bar(name) as progress:
            record = data.generate(name, events, seed, out, workers=workers, progress=progress)
    except KeyboardInterrupt:
        message = "interrupted; finished chunks are kept, the same command goes on from there"
        raise data.DataError(message) from None
    typer.echo(f"{out}  {record['events']} events  sha256 {record['sha256']}")


class _Bar:
    """Progress on the terminal: events, rate and time left of this run."""

    def __init__(self, name):
        from rich import progress as rich  # noqa: PLC0415 - only this command needs it

        self.kept = 0
        self.bar = rich.Progress(
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.TextColumn("{task.fields[shown]} events"),
            rich.TextColumn("{task.fields[rate]}"),
            rich.TimeRemainingColumn(elapsed_when_finished=True),
        )
        self.task = self.bar.add_task(name, total=None, shown="0", rate="")

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *_):
        self.bar.stop()

    def __call__(self, done, total, kept):
        if kept:
            self.kept = done
        elapsed = self.bar.tasks[0].elapsed or 0
        made = done - self.kept
        rate = f"{made / elapsed:.1f}/s" if made and elapsed else ""
        self.bar.update(
            self.task,
            total=total - self.kept,
            completed=made,
            shown=f"{done}/{total}",
            rate=rate,
        )


def main():
    """Run the command; what a user can mend is one sentence and exit status 1."""
    try:
        app()
    except data.DataError as error:
        sys.exit(f"hepml: {error}")
