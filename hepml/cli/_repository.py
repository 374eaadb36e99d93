"""Commands that need the repository: a wheel has neither them nor what they install."""

from typing import Annotated

import typer

__all__ = ["KernelError", "register"]

try:
    from hepml.cli._kernels import app as kernels
    from hepml.kernels import KernelError
except ModuleNotFoundError as error:
    if error.name not in {"hepml.cli._kernels", "hepml.kernels"}:
        raise
    kernels = None

    class KernelError(Exception):
        """No kernel can be installed."""


def register(app):
    """Add the commands on kernels, or one that says where they are."""
    if kernels:
        app.add_typer(kernels, name="kernels")
    else:
        anything = {"allow_extra_args": True, "ignore_unknown_options": True}
        app.command("kernels", context_settings=anything)(_elsewhere)


def _elsewhere(words: Annotated[list[str] | None, typer.Argument(hidden=True)] = None):  # noqa: ARG001
    """Jupyter kernels with an environment of their own: from a clone of the repository only."""
    raise KernelError(
        "kernels are installed from the repository, which holds the list of packages: clone it, "
        "run 'make install' there and use its .venv/bin/hepml"
    )
