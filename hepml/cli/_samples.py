"""Commands about the samples at hand: list, card, verify."""

from typing import Annotated

import typer

from hepml import data
from hepml.cli._say import say
from hepml.data import published

__all__ = ["register"]


def register(app):
    """Add the commands to the group ``hepml data``."""
    app.command("list")(list_samples)
    app.command("card")(show_card)
    app.command("verify")(verify)


def list_samples():
    """List the samples at hand, and the published sets that `hepml data fetch` brings."""
    rows = [("bundled", "events", "MB", ""), *map(_row, data.names())]
    rows += [("", "", "", ""), ("published", "", "MB", ""), *map(_published_row, published.names())]
    say("\n".join(_aligned(rows)))


def _row(name):
    record, size = data.card(name).record, data.path(name).stat().st_size
    return name, str(record["events"]), f"{size / 1e6:.1f}", record["title"]


def _published_row(name):
    size = sum(file.expected_size for file in published.entry(name).chosen()) / 1e6
    state = "fetched" if published.status(name)["fetched"] else "not fetched"
    return name, state, f"{size:.0f}", published.entry(name).title


def _aligned(rows):
    """Columns under one another; numbers, in the middle, to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, events, size, title in rows:
        cells = name.ljust(widths[0]), events.rjust(widths[1]), size.rjust(widths[2]), title
        yield "  ".join(cells).rstrip()


def show_card(
    name: Annotated[str, typer.Argument(help="sample, set, or a sample's file or folder")],
):
    """Print where a sample comes from and what it contains."""
    say(str(data.card(name)))


def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="samples, fetched sets, or folders or files of generated samples"),
    ] = None,
    *,
    again: Annotated[
        bool, typer.Option("--again", help="make them once more and compare (not with Pythia)")
    ] = False,
):
    """Check files against their cards: bytes, columns, content, sums of weights."""
    failures = 0
    for name in names or data.names():
        try:
            for file in data.verify(name, again=again):
                say(f"{file}  as its card says")
        except data.DataError as error:
            say(f"hepml: {error}", err=True)
            failures += 1
    if failures:
        raise typer.Exit(1)
