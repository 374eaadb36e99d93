"""The command that converts between file formats."""

import functools
import operator
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from hepml import data
from hepml.cli._bar import Bar
from hepml.data._cuts import COMPARISONS

__all__ = ["register"]

WHERE, JOINT = "--where", "\0"  # no argument of a command can hold a zero byte
EXAMPLES = """Examples:

hepml data convert events.root events.parquet

hepml data convert "run*.root" all.root --tree nominal --rntuple

hepml data convert events.csv.gz signal.h5 --columns mjj,score --where mjj ">" 3300
"""


class _ConvertCommand(TyperCommand):
    """A command whose ``--where`` takes three words and may be repeated."""

    def parse_args(self, ctx, args):
        """Join the three words after each ``--where``, which typer cannot repeat."""
        joined, left = [], list(args)
        while left:
            word = left.pop(0)
            joined.append(word)
            if word.startswith(f"{WHERE}=") or (word == WHERE and len(left) < 3):
                raise typer.BadParameter('give three words: --where mjj ">" 3300')
            if word == WHERE:
                joined.append(JOINT.join(left[:3]))
                del left[:3]
        return super().parse_args(ctx, joined)


def register(app):
    """Add the command to the group ``hepml data``."""
    app.command(cls=_ConvertCommand, epilog=EXAMPLES)(convert)


def convert(
    source: Annotated[str, typer.Argument(help="file, pattern or folder; file.root:tree too")],
    target: Annotated[Path, typer.Argument(help=".root .csv .csv.gz .parquet .h5 or .npz")],
    *,
    columns: Annotated[list[str] | None, typer.Option(help="to keep: a,b or repeated")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="to leave out: a,b or repeated")] = None,
    tree: Annotated[str | None, typer.Option(help="where the source holds several")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN SIGN VALUE", help='rows to keep: mjj ">" 3300; repeated: and'),
    ] = None,
    names: Annotated[
        list[str] | None, typer.Option(help="for a CSV file or an array without names")
    ] = None,
    rntuple: Annotated[bool, typer.Option("--rntuple", help="instead of a TTree")] = False,
    force: Annotated[bool, typer.Option("--force", help="replace an existing file")] = False,
):
    """Convert between ROOT, CSV, Parquet, HDF5 and npz (and from npy), however large the file."""
    try:
        with Bar(target.name, "rows") as progress:
            done = data.convert(
                source,
                target,
                columns=_listed(columns),
                tree=tree,
                where=_cut(where or ()),
                names=_listed(names),
                drop=_listed(drop) or (),
                progress=progress,
                layout="rntuple" if rntuple else None,
                overwrite=force,
            )
    except KeyboardInterrupt:
        raise data.DataError(f"interrupted; {target} was not written") from None
    typer.echo(f"{done.path}  {done.rows} rows  {done.bytes / 1e6:.1f} MB")


def _listed(words):
    """Names from words that may hold several, separated by commas."""
    return [name.strip() for word in words for name in word.split(",")] if words else None


def _cut(conditions):
    cuts = [_condition(*words.split(JOINT)) for words in conditions]
    return functools.reduce(operator.and_, cuts) if cuts else None


def _condition(column, sign, value):
    if sign not in COMPARISONS:
        message = f"{WHERE} {column} {sign!r} {value}: the sign is one of {' '.join(COMPARISONS)}"
        raise data.DataError(message)
    return COMPARISONS[sign](data.col(column), _number_or_text(value))


def _number_or_text(word):
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word
