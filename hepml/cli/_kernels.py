"""The commands that install Jupyter kernels with an environment of their own."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from hepml.cli._say import say
from hepml.cli._stop import RefusedError, StoppedError, require_clone

__all__ = ["register"]

HELP = """Jupyter kernels with an environment of their own, for a CPU or a GPU.

From a clone of the repository, which holds the lists of packages.
"""
LISTED = "kernels are installed from the repository, which holds the list of packages"
KEPT = (
    "what was fetched is kept, the same command goes on from there; "
    "a kernel that was there before is as it was"
)

app = typer.Typer(no_args_is_help=True, help=HELP)
Prefix = Annotated[
    Path | None, typer.Option(help="an installation, such as /usr/local, for all its users")
]


@app.command()
def install(
    *,
    gpu: Annotated[bool, typer.Option("--gpu", help="builds for NVIDIA GPUs")] = False,
    name: Annotated[str | None, typer.Option(help="hepml-cpu or hepml-gpu unless given")] = None,
    prefix: Prefix = None,
    path: Annotated[
        Path | None, typer.Option(help="folder of environments, where there is more room")
    ] = None,
    backend: Annotated[str, typer.Option(help="of Keras: tensorflow or jax")] = "tensorflow",
    threads: Annotated[
        int | None, typer.Option(help="CPU threads of each library; at most 4 unless given")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="with --gpu: also where no GPU answers")
    ] = False,
):
    """Install a kernel, or bring it up to date; interrupt and repeat at will."""
    options = {"prefix": prefix, "path": path, "backend": backend, "threads": threads}
    try:
        with _services() as kernels, _terminal() as (say, watch):
            kernel = kernels.install(
                gpu=gpu, name=name, force=force, **options, say=say, watch=watch
            )
    except KeyboardInterrupt:
        raise StoppedError(KEPT) from None
    say(f"{kernel.name}  {kernel.folder}")


@app.command("list")
def list_(*, prefix: Prefix = None):
    """List the kernels that were installed here, and whether they are up to date."""
    with _services() as kernels:
        found = [(kernel, kernels.state(kernel)) for kernel in kernels.installed(prefix)]
    for kernel, state in found:
        say(f"{kernel.name}  {state}  {kernel.display_name}  {kernel.environment}")
    if not found:
        say("no kernel was installed: hepml kernels install [--gpu]")


@app.command()
def remove(name: str, *, prefix: Prefix = None):
    """Remove a kernel and its environment."""
    with _services() as kernels:
        kernel = kernels.remove(name, prefix=prefix)
    say(f"{kernel.display_name} is removed, and with it {kernel.environment}")


def register(main):
    """Add the commands on kernels to those of `main`."""
    main.add_typer(app, name="kernels")


@contextlib.contextmanager
def _services():
    """Give the clone's kernels; what they refuse is one sentence."""
    require_clone(LISTED)
    from hub import kernels  # noqa: PLC0415 - beside us in a clone only

    try:
        yield kernels
    except kernels.KernelError as error:
        raise RefusedError(error) from None


@contextlib.contextmanager
def _terminal():
    """Give functions that say what happens and show, on a terminal, what is under way."""
    from rich import progress as rich  # noqa: PLC0415 - only long work needs it
    from rich.console import Console  # noqa: PLC0415

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    text = rich.TextColumn("{task.description}", markup=False)
    columns = rich.SpinnerColumn(), text, rich.TimeElapsedColumn()
    hidden = not console.is_terminal
    with rich.Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("")

        def say(sentence):
            console.print(sentence, markup=False)

        def watch(line):
            bar.update(task, description=line)

        yield say, watch
