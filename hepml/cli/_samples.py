"""Commands about the samples at hand: list, card, verify."""

from typing import Annotated

import typer

from hepml import data

__all__ = ["register"]


def register(app):
    """Add the commands to the group ``hepml data``."""
    app.command("list")(list_samples)
    app.command("card")(show_card)
    app.command("verify")(verify)


def list_samples():
    """List the samples: name, events, size, title."""
    for name in data.names():
        record, size = data.card(name).record, data.path(name).stat().st_size
        typer.echo(f"{name}  {record['events']} events  {size / 1e6:.1f} MB  {record['title']}")


def show_card(name: str):
    """Print where a sample comes from and what it contains."""
    typer.echo(str(data.card(name)))


def verify(names: Annotated[list[str] | None, typer.Argument()] = None):
    """Check files against their cards, all of them by default."""
    for name in names or data.names():
        data.verify(name)
        typer.echo(f"{name}  as its card says")
