"""The command that writes a page about scores in a file: the one that stands above both rooms."""

import warnings
from pathlib import Path
from typing import Annotated

import typer

from hepml import data
from hepml.cli._bar import Bar
from hepml.cli._rows import (
    COMMAS,
    WHERE_HELP,
    WhereCommand,
    cut,
    listed,
    number_or_text,
)
from hepml.cli._say import say
from hepml.cli._stop import StoppedError
from hepml.data._chain import Table
from hepml.data._convert import check_target, writing
from hepml.data._errors import nearest
from hepml.data._read import read_table

__all__ = ["register"]

EXAMPLES = """Examples:

hepml report events.root --tree nominal --label is_signal --weight w --score bdt

hepml report "run*.parquet" --label Label=s --score bdt,dnn --train is_train --sigma-b 0.1

hepml report scored.csv.gz --label y --score bdt --columns mjj,tau21 --where mjj ">" 3300

hepml report events.parquet --label y --model bdt.onnx --columns a,b,c --out bdt.html

hepml report events.csv --label y --score bdt --columns '"pt, raw",eta'
"""
MOST_NAMED = 8


def register(app):
    """Add the command to ``hepml``."""
    app.command(cls=WhereCommand, epilog=EXAMPLES)(report)


def report(
    source: Annotated[str, typer.Argument(help="file, pattern or folder; file.root:tree too")],
    *,
    label: Annotated[
        str, typer.Option(help="column that is 1 for signal and 0 for background; or COLUMN=VALUE")
    ],
    score: Annotated[list[str] | None, typer.Option(help=f"of a classifier: {COMMAS}")] = None,
    model: Annotated[
        list[Path] | None, typer.Option(help="ONNX file to ask for scores; may be repeated")
    ] = None,
    weight: Annotated[str | None, typer.Option(help="column of weights, of either sign")] = None,
    train: Annotated[
        str | None, typer.Option(help="column that is 1 for events of training; or COLUMN=VALUE")
    ] = None,
    tree: Annotated[str | None, typer.Option(help="where the source holds several")] = None,
    columns: Annotated[
        list[str] | None, typer.Option(help=f"input variables: {COMMAS}; all numbers if not")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help=f"no input variables: {COMMAS}")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN SIGN VALUE", help=WHERE_HELP),
    ] = None,
    missing: Annotated[float | None, typer.Option(help='value that means "none": -999')] = None,
    sigma_b: Annotated[float, typer.Option(help="relative uncertainty of the background")] = 0.1,
    b_r: Annotated[float, typer.Option(help="regularisation of the AMS, in events")] = 10.0,
    prior: Annotated[
        float | None, typer.Option(help="share of signal that the score was trained for")
    ] = None,
    names: Annotated[str, typer.Option(help="of the two classes")] = "signal,background",
    title: Annotated[str | None, typer.Option(help="heading of the page")] = None,
    seed: Annotated[int, typer.Option(help="of shuffling and p-values")] = 0,
    out: Annotated[Path, typer.Option(help="page to write")] = Path("report.html"),
    force: Annotated[bool, typer.Option("--force", help="replace an existing file")] = False,
):
    """Write one page about classifier scores in a file of any format that `hepml data` reads.

    Input variables, correlations, over-training, ROC, efficiencies, significance, calibration and
    feature ranking, in one file that opens without a network.
    """
    _before_reading(score, model)
    options = {
        "missing": missing, "sigma_b": sigma_b, "b_r": b_r, "prior": prior, "rng": seed,
        "names": listed([names]), "title": title or f"Classifiers in {Path(source).name}",
    }  # fmt: skip
    try:
        with Bar(out.name, "%", f"reading {source}") as bar:
            bar(0, 100, True)
            table = Table(source, None, tree, where=cut(where or ()))
            chosen = _Chosen(
                label, train=train, weight=weight, scores=_named(score, table) or [],
                inputs=_named(columns, table), drop=_named(drop, table) or [], models=model or [],
            )  # fmt: skip
            page = _page(table, chosen, (out, force), bar, options)
    except KeyboardInterrupt:
        raise StoppedError(f"{out} was not written") from None
    with writing(out):
        page.to_html(out)
    aucs = ", ".join(f"{name} {one.auc_text}" for name, one in page.models.items())
    say(f"{out}  {out.stat().st_size / 1e3:.0f} kB  {len(page.test.y)} events  AUC {aucs}")


def _before_reading(*scores):
    """Say what is missing, and load the views while there is memory for a sentence about it."""
    if not any(scores):
        raise data.DataError("name a column of scores by --score, or an ONNX file by --model")
    _maker()
    _let_go_of_memory()


def _let_go_of_memory():
    """Have Arrow give back what it needs no more; its own allocator keeps it for the next table."""
    import pyarrow as pa  # noqa: PLC0415 - only reading needs it

    pa.set_memory_pool(pa.system_memory_pool())


def _maker():
    """Load what makes the page; a table that is read before may leave no room for it."""
    from hepml_widgets import report  # noqa: PLC0415 - views are loaded when asked for

    return report


def _named(words, table):
    return listed(words, lambda: table.schema.names)


class _Chosen:
    """Columns that were named, and what they are for."""

    def __init__(self, label, *, train, weight, scores, inputs, drop, models):
        self.label, self.train, self.weight, self.scores = label, train, weight, scores
        self.inputs, self.drop, self.models, self.left_out = inputs, drop, models, []
        self.is_given, self.only_nan = inputs is not None, []

    def settle(self, table):
        """Split what names a column and a value, and find the input variables."""
        known = table.schema.names
        self.label, self.label_value = _split(self.label, known)
        self.train, self.train_value = _split(self.train, known)
        named = [self.label, self.train, self.weight, *self.scores]
        for name in [one for one in [*named, *(self.inputs or []), *self.drop] if one]:
            if name not in known:
                raise data.DataError(f"there is no column {name!r}: {nearest(name, known)}")
        if self.inputs is None:
            free = [name for name in known if name not in (*named, *self.drop)]
            self.inputs = [name for name in free if _is_number(table.schema.field(name).type)]
            self.left_out = [name for name in free if name not in self.inputs]
        return list(dict.fromkeys([*filter(None, named), *self.inputs]))


def _split(word, known):
    """Column and value of ``COLUMN=VALUE``; the value is None if only a column is named."""
    if word is None or word in known or "=" not in word:
        return word, None
    column, _, value = word.partition("=")
    return column, value


def _is_number(kind):
    import pyarrow as pa  # noqa: PLC0415 - only reading needs it

    return any(is_kind(kind) for is_kind in (pa.types.is_integer, pa.types.is_floating)) or (
        pa.types.is_boolean(kind)
    )


def _page(table, chosen, target, bar, options):
    """Read the columns that are needed of a table that is open, and make the page."""
    try:
        with writing(target[0]):
            check_target(target[0], table.files, target[1])
        needed = chosen.settle(table)
        lost = table.lost
    except BaseException:
        table.close()
        raise
    frame = _read(table, chosen, needed)
    if not len(frame):
        what = "no row passes the cut" if table.is_cut else f"{table.name} has columns but no rows"
        raise data.DataError(f"{what}: there is nothing to report")
    return _written(frame, chosen, _notes(table, chosen, lost), bar, options)


def _read(table, chosen, needed):
    """Columns that are needed; those that nobody named may turn out to be nothing but NaN."""
    if chosen.is_given:
        table.choose(needed)
        return read_table(table)
    table.choose(drop=[name for name in table.schema.names if name not in needed])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", data.LeftOutWarning)  # the page tells of them
        frame = read_table(table)
    missing = [name for name in needed if name not in frame]
    if named := [name for name in missing if name not in chosen.inputs]:
        raise data.DataError(f"{table.name} has nothing but NaN in {', '.join(map(repr, named))}")
    chosen.inputs = [name for name in chosen.inputs if name not in missing]
    chosen.only_nan = missing
    return frame


def _written(frame, chosen, notes, bar, options):
    """Make the page from the columns of a table."""
    try:
        return _maker()(
            _flags(frame, chosen.label, chosen.label_value, "label"),
            _scores(frame, chosen),
            {name: _numbers(frame, name) for name in chosen.inputs} or None,
            _numbers(frame, chosen.weight) if chosen.weight else None,
            train=_flags(frame, chosen.train, chosen.train_value, "train")
            if chosen.train
            else None,
            notes=notes,
            progress=lambda share, _: bar(round(100 * share), 100, False),
            **options,
        )
    except (ValueError, TypeError) as error:
        raise data.DataError(_as_options(str(error))) from error


def _as_options(said):
    """Sentence about the function's arguments as one about the command's options."""
    return said.replace("features=", "--columns").replace("names=", "--names")


def _scores(frame, chosen):
    """Scores and files of models by name."""
    found = {name: _numbers(frame, name) for name in chosen.scores}
    for path in chosen.models:
        if not path.is_file() or path.suffix != ".onnx":
            raise data.DataError(f"--model {path}: wanted a file that ends in .onnx and is there")
        found[path.stem if path.stem not in found else path.name] = path
    return found


def _numbers(frame, name):
    """Numbers of a column, with NaN where one is missing."""
    column = frame[name]
    if getattr(column.dtype, "na_value", None) is not None and column.dtype.kind in "biuf":
        return column.to_numpy(float, na_value=float("nan"))
    array = column.to_numpy()
    if array.dtype.kind not in "biuf":
        raise data.DataError(f"column {name!r} holds no plain numbers ({column.dtype})")
    return array


def _flags(frame, name, value, what):
    """Whether a column has the value named, or is 1."""
    column = frame[name]
    if column.isna().any():
        raise data.DataError(f"column {name!r} has no value in {column.isna().sum()} events")
    found = column.unique().tolist()
    if value is None:
        if not set(found) <= {0, 1}:
            raise data.DataError(
                f"column {name!r} holds {_some(found)}: wanted 1 and 0, or say which value is "
                f"meant: --{what} {name}={max(found, key=str)}"
            )
        return column.to_numpy().astype(bool)
    same = [one for one in found if one in (value, number_or_text(value)) or str(one) == value]
    if not same:
        raise data.DataError(f"no event has {name} = {value}: it holds {_some(found)}")
    return (column == same[0]).to_numpy().astype(bool)


def _some(found):
    """Values of a column, the first ones of many."""
    texts = sorted(map(repr, found[: MOST_NAMED + 1]))
    return ", ".join(texts[:MOST_NAMED]) + (" …" if len(texts) > MOST_NAMED else "")


def _notes(table, chosen, lost):
    """Say where the events come from, and what was no input variable."""
    files = table.files[0].name if len(table.files) == 1 else f"{len(table.files)} files"
    tree = f", {table.tree}" if table.tree else ""
    value = f"={chosen.label_value}" if chosen.label_value is not None else ""
    yield f"Events of {files}{tree}; label {chosen.label}{value}, weight {chosen.weight or 'none'}."
    if chosen.left_out:
        yield f"No numbers, and left out: {', '.join(chosen.left_out)}."
    if chosen.only_nan:
        yield f"Nothing but NaN, and left out: {', '.join(chosen.only_nan)}."
    if told := [f"{name} ({why})" for name, why in lost.items() if name not in chosen.drop]:
        yield f"Not read: {', '.join(told)}."
