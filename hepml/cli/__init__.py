"""The ``hepml`` command; each group of commands is one module here."""

import sys

from hepml.cli._say import visible
from hepml.cli._stop import INTERRUPTED, RefusedError, StoppedError, status, tidily


def _interrupted(sentence="interrupted"):
    sys.stderr.write(f"hepml: {visible(sentence)}\n")
    sys.exit(status())


try:
    import typer

    from hepml import __version__
    from hepml.cli import _class, _convert, _fetch, _generate, _kernels, _lessons, _report, _samples
    from hepml.data import DataError
    from hepml.files import reason
except ModuleNotFoundError as error:
    if error.name != "typer":
        raise
    sys.exit('the hepml command needs typer: pip install "hepml-lab[files]"')
except KeyboardInterrupt:
    _interrupted()

__all__ = ["app", "main"]

HELP = """Samples, reports, lessons and kernels for machine learning in high-energy physics.

Try: hepml data list; hepml report --help; hepml kernels install
"""

app = typer.Typer(no_args_is_help=True, add_completion=False, help=HELP)
samples = typer.Typer(no_args_is_help=True, help="List, describe, check, make and fetch samples.")
app.add_typer(samples, name="data")
for commands in (_samples, _generate, _fetch, _convert):
    commands.register(samples)
_report.register(app)
_kernels.register(app)
_lessons.register(app)
_class.register(app)


def _show_version(asked):
    if asked:
        typer.echo(f"hepml {__version__}")
        raise typer.Exit


@app.callback()
def _group(
    *,
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version."
    ),
):
    """Take the options that stand before a command."""


def main():
    """Run the command; what a user can mend is one sentence and exit status 1, Ctrl-C is 130."""
    try:
        with tidily():
            app()
    except StoppedError as stop:
        _interrupted(stop)
    except (DataError, RefusedError) as error:
        sys.exit(f"hepml: {visible(error)}")
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        sys.exit(f"hepml: {visible(place)}{visible(reason(error))}")
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer was there first, and says nothing
            _interrupted()
        raise
