"""The command that converts between file formats."""

import warnings
from pathlib import Path
from typing import Annotated

import typer

from hepml import data
from hepml.cli._bar import Bar
from hepml.cli._rows import COMMAS, WHERE_HELP, WhereCommand, columns_of, cut, listed
from hepml.cli._say import say
from hepml.cli._stop import StoppedError

__all__ = ["register"]

EXAMPLES = """Examples:

hepml data convert events.root events.parquet

hepml data convert "run*.root" all.root --tree nominal --rntuple

hepml data convert events.csv.gz signal.h5 --columns mjj,score --where mjj ">" 3300

hepml data convert events.csv events.root --drop '"pt, raw",eta'

hepml data convert "nano*.root" mu.parquet --columns "Muon_*" --where "count(Muon_pt > 20)" ">=" 2

hepml data convert "nano*.root" all.root --differing common --missing skip

hepml data convert particles.json particles.parquet

hepml data convert events.lhe.gz events.root

hepml data convert root://host//store/nano.root:Events jets.parquet --columns "Jet_*"
"""


def register(app):
    """Add the command to the group ``hepml data``."""
    app.command(cls=WhereCommand, epilog=EXAMPLES)(convert)


def convert(
    source: Annotated[str, typer.Argument(help="file, pattern, folder, address; file.root:tree")],
    target: Annotated[Path, typer.Argument(help=".root .csv .csv.gz .parquet .h5 or .npz")],
    *,
    columns: Annotated[list[str] | None, typer.Option(help=f"to keep: {COMMAS}")] = None,
    drop: Annotated[list[str] | None, typer.Option(help=f"to leave out: {COMMAS}")] = None,
    tree: Annotated[str | None, typer.Option(help="where the source holds several")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN SIGN VALUE", help=WHERE_HELP),
    ] = None,
    differing: Annotated[
        str, typer.Option(help="if files have different columns: raise, common or all")
    ] = "raise",
    missing: Annotated[
        str, typer.Option(help="if files lack the tree: raise or skip, those without rows too")
    ] = "raise",
    names: Annotated[
        list[str] | None, typer.Option(help="for a CSV file or an array without names")
    ] = None,
    rntuple: Annotated[bool, typer.Option("--rntuple", help="instead of a TTree")] = False,
    force: Annotated[bool, typer.Option("--force", help="replace an existing file")] = False,
):
    """Convert between ROOT, CSV, Parquet, HDF5 and npz, however large the file.

    Files of npy, JSON, Arrow (Feather), LHE and HepMC are read as well.
    """
    there = columns_of(source, tree, listed(names))
    try:
        with warnings.catch_warnings(), Bar(target.name, "rows") as progress:
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _told
            done = data.convert(
                source,
                target,
                columns=listed(columns, there),
                tree=tree,
                where=cut(where or ()),
                names=listed(names),
                drop=listed(drop, there) or (),
                differing=differing,
                missing=missing,
                progress=progress,
                layout="rntuple" if rntuple else None,
                overwrite=force,
            )
    except KeyboardInterrupt:
        raise StoppedError(f"{target} was not written") from None
    say(f"{done.path}  {done.rows} rows  {done.bytes / 1e6:.1f} MB")
    for name, why in done.left_out.items():
        say(f"left out {name!r}: {why}", err=True)
    for name in done.only_nan:
        say(f"nothing but NaN in {name!r}", err=True)
    for name, why in done.skipped.items():
        say(f"skipped {name}: {why}", err=True)


def _told(message, *_):
    """Say what a warning says, without the line of code that gave it."""
    say(str(message), err=True)
