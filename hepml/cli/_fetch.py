"""The command that fetches published sets."""

import contextlib
from typing import Annotated

import typer

from hepml.cli._bar import Bar
from hepml.cli._say import say
from hepml.cli._stop import StoppedError
from hepml.data import published

__all__ = ["register"]

KEPT = "what came is kept, the same command goes on from there"
AGAIN = "what came is kept, the same command without --again goes on from there"
FETCHED = "the files are fetched, and the copy is made when they are first loaded"


def register(app):
    """Add the command to the group ``hepml data``."""
    app.command()(fetch)


def fetch(
    name: Annotated[str | None, typer.Argument(help="a published set; without it, all")] = None,
    *,
    source: Annotated[
        str | None, typer.Option("--from", help="folder or server that holds the files")
    ] = None,
    files: Annotated[int | None, typer.Option(help="how many, of a set of many files")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="drop the files that are there and fetch them anew")
    ] = False,
    prepare: Annotated[
        bool, typer.Option(help="make the Parquet copy that loading reads, now or at first use")
    ] = True,
):
    """Fetch a published set, or list what there is; interrupt and repeat at will.

    Files go to $HEPML_DATA, else to the system's place for caches. A class without internet can
    fetch from a folder or server of its own, given by --from or $HEPML_MIRROR, that holds them as
    NAME/FILE or FILE; the checksums hold there as well.
    """
    if name is None:
        _list()
        return
    one = published.entry(name)
    say(f"{one.title}\n{_size(one.chosen(files))}, licence: {one.licence}")
    with _interruptible(AGAIN if again else KEPT), Bar(name, "bytes") as progress:
        options = {"source": source, "files": files, "again": again}
        paths = published.fetch(name, **options, progress=progress)
    say(f"{paths[0].parent}\ncite: {one.citation}, doi:{one.doi}")
    if prepare and published.is_writable(paths[0].parent):
        with _interruptible(FETCHED), Bar("copy for loading", "events") as progress:
            published.prepare(name, progress=progress)
    say(f'load: hepml.data.load("{name}")')


@contextlib.contextmanager
def _interruptible(sentence):
    try:
        yield
    except KeyboardInterrupt:
        raise StoppedError(sentence) from None


def _list():
    for name in published.names():
        one, status = published.entry(name), published.status(name)
        state = f"fetched {status['date']}" if status["fetched"] else "not fetched"
        say(f"{name}  {_size(one.chosen())}  {one.licence}  {state}  {one.title}")


def _size(files):
    about = "" if all(file.size for file in files) else "about "
    return f"{about}{sum(file.expected_size for file in files) / 1e6:.0f} MB"
