"""Samples and their cards: the bundled ones by name, generated ones by folder or file."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hepml.data import published
from hepml.data._cards import Described, bullets, column_table, table, type_of
from hepml.data._errors import DataError, nearest
from hepml.data._read import read
from hepml.data.recipes import NAMES

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from typing import Any

    import pandas as pd

    from hepml.data.published import PublishedCard

__all__ = ["TREE", "Card", "card", "card_path", "cards_in", "check_file", "content_digest"]
__all__ += ["file_digest", "load", "names", "path", "tallies", "verify"]

TREE = "events"
SOURCES = ("bundled", "open")
FOLDER = Path(__file__).resolve().parents[2] / "samples"  # of a clone


@dataclass(frozen=True)
class Card(Described):
    """Provenance of a sample: a plain ``record``, readable as text or Markdown."""

    @property
    def files(self) -> list[dict[str, Any]]:
        """Records of the sample's files: name, events and digests."""
        r = self.record
        one = {"name": f"{r['name']}.root", **{key: r[key] for key in ("events", "content_sha256")}}
        return r.get("files") or [one | {"sha256": r["sha256"]}]

    def __str__(self):
        """Plain text, one fact a line."""
        r = self.record
        columns = (f"{c['name']} ({_kind(c)}): {c['meaning']}" for c in r["columns"])
        parts = {
            "processes": map(_process_line, r["processes"]),
            "columns": columns,
            "settings": _setting_lines(r["settings"]),
        }
        blocks = [f"{title}\n" + "\n".join(f"  {x}" for x in xs) for title, xs in parts.items()]
        return "\n\n".join(["\n".join(self._facts()), *blocks])

    def _repr_markdown_(self):
        r = self.record
        parts = (
            f"**{r['title']}**",
            f"{self._amount()}. Made with {_versions(r)}. Again:",
            f"```bash\n{r['command']}\n```",
            table(_PROCESS_HEAD, map(_process_cells, r["processes"])),
            f"What to know:\n\n{bullets(r['notes'])}",
            column_table(r["columns"]),
            "Settings:\n\n```text\n{}\n```".format("\n".join(_setting_lines(r["settings"]))),
            bullets(f"{what}: `{digest}`" for what, digest in self._digests()),
        )
        return "\n\n".join(parts) + "\n"

    def _facts(self):
        r = self.record
        return (
            f"{r['name']}: {r['title']}",
            self._amount(),
            f"made with {_versions(r)}",
            f"again: {r['command']}",
            *(f"note: {note}" for note in r["notes"]),
            *(f"{what}: {digest}" for what, digest in self._digests()),
        )

    def _amount(self):
        r = self.record
        luminosity = f", {r['luminosity_fb']} fb⁻¹" if "luminosity_fb" in r else ""
        return f"{r['events']} events, seed {r['seed']}{luminosity}"

    def _digests(self):
        """Yield what to compare when the sample is made again, and when it is copied."""
        yield "content, the same whenever it is made again", self.record["content_sha256"]
        for file in self.files:
            yield f"sha256 of {file['name']}", file["sha256"]


def _versions(record):
    return ", ".join(f"{name} {version}" for name, version in record["versions"].items())


_PROCESS_HEAD = (
    "process",
    "label",
    "events",
    "standing for",
    "LO cross-section, for each set of decays [pb]",
    "largest weight of the sum",
)


def _process_cells(p):
    return (
        p["process"],
        str(p["label"]),
        str(p["events"]),
        f"{p['sum_of_weights']:.1f}",
        _cross_sections(p),
        f"{p['largest_weight_share']:.1e}",
    )


def _cross_sections(process):
    return ", ".join(f"{x:.4g}" for x in process.get("cross_sections_pb", ()))


def _process_line(p):
    expected = f"{p['events']} events standing for {p['sum_of_weights']:.1f}"
    parts = [f"{p['process']} (label {p['label']}): {expected}"]
    if "cross_sections_pb" in p:
        parts.append(f"LO cross-section (for each set of decays) {_cross_sections(p)} pb")
    parts.append(f"largest weight {p['largest_weight_share']:.1e} of the sum")
    return ", ".join(parts)


def _kind(column):
    unit = f", {column['unit']}" if column["unit"] else ""
    return f"{type_of(column)}{unit}"


def _setting_lines(value, path=""):
    """Yield one line for each setting, named by its place."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _setting_lines(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for i, item in enumerate(value):
            yield from _setting_lines(item, f"{path}[{i}]")
    else:
        yield f"{path} = {json.dumps(value)}"


def names() -> tuple[str, ...]:
    """Names of the samples, as `load` takes them.

    Returns
    -------
    tuple of str
    """
    return NAMES


def _known(name):
    if name not in NAMES:
        message = f"there is no sample {name!r}; {nearest(name, (*NAMES, *published.names()))}"
        raise DataError(message)
    return name


def path(name: str) -> Path:
    """File of a bundled sample.

    Parameters
    ----------
    name : str

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DataError
        If there is no such sample, or this installation came without its file.
    """
    file = FOLDER / f"{_known(name)}.root"
    if not file.is_file():
        again = f"hepml data generate {name} --events 10000 --seed 1 --out FOLDER"
        message = f"there is no file of {name!r} here: work in the repository, or make it: {again}"
        raise DataError(message)
    return file


def card_path(file):
    """Card beside a sample's file: the same name without the number, ending in ``.json``."""
    file = Path(file)
    return file.with_name(re.sub(r"-\d{5}$", "", file.stem) + ".json")


def card(name: str | os.PathLike[str]) -> Card | PublishedCard:
    """Card of a sample: generator, settings, cuts, cross-sections, columns, limits.

    Parameters
    ----------
    name : str or path-like
        A bundled sample, a published set, or the folder, file or card of a generated sample.

    Returns
    -------
    Card or PublishedCard

    Raises
    ------
    DataError
        If there is no such sample or card, or it cannot be understood.
    """
    if name in published.names():
        return published.card(name)
    with _permitted():
        if _is_name(name):
            return _read_card(card_path(path(name)))
        if Path(name).expanduser().is_dir():
            return _read_card(_only(cards_in(name), name))
        return _read_card(card_path(name))


@contextlib.contextmanager
def _permitted():
    """Turn what the system does not let us read into one sentence."""
    try:
        yield
    except PermissionError as error:
        raise DataError(f"there is no permission to read {error.filename}") from None


def cards_in(folder):
    """Cards of the samples in a folder.

    Parameters
    ----------
    folder : str or path-like

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    DataError
        If there is none; an unfinished sample is told.
    """
    folder = Path(folder).expanduser()
    inside = sorted(folder.iterdir())  # not glob: it hides what may not be read
    if cards := [file for file in inside if file.suffix == ".json"]:
        return cards
    for part in inside:
        if part.suffix == ".part" and part.stem in NAMES and part.is_dir():
            message = f"{part.stem} in {folder} is unfinished: go on with {_going_on(part)}"
            raise DataError(message)
    raise DataError(f"there is no card of a sample (a .json file) in {folder}")


def _going_on(part):
    """Command that finishes what a folder of chunks began."""
    try:
        plan = json.loads((part / "plan.json").read_text(encoding="utf-8"))
        numbers = f"--events {plan['events']} --seed {plan['seed']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "the command that began it"
    return f"hepml data generate {part.stem} {numbers} --out {shlex.quote(str(part.parent))}"


def _only(cards, folder):
    if len(cards) > 1:
        names = ", ".join(card.name for card in cards)
        raise DataError(f"there are several cards in {folder}, name one of them: {names}")
    return cards[0]


def _is_name(what):
    """Whether a sample's name is meant rather than a place on disk."""
    return str(what) in NAMES or not Path(what).expanduser().exists()


def _read_card(file):
    file = file.expanduser()
    try:
        found = Card(json.loads(file.read_text(encoding="utf-8")))
        _ = found.files, found._repr_markdown_(), str(found)  # whatever it must have
    except FileNotFoundError:
        message = f"there is no card {file.name} beside the sample in {file.parent}"
        raise DataError(message) from None
    except PermissionError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{file} is not the card of a sample, or is damaged") from None
    return found


def load(
    name: str, columns: str | Sequence[str] | None = None, *, source: str = "bundled"
) -> pd.DataFrame:
    """Sample as a table: the bundled one, offline, or the published set with the same columns.

    Parameters
    ----------
    name : str
        One of `names`; or a published set by its own name.
    columns : sequence of str, optional
        Columns to read, in this order; all by default. Units are in `card`.
    source : str
        "bundled", or "open" for the published set, once it was fetched.

    Returns
    -------
    pandas.DataFrame, shape (events, columns)
        Several values per event (constituents of a jet) are lists of Arrow's type, as `read`
        gives them: ``hepml.data.padded`` makes an array of them, and
        ``table["constituent_pt"].list.flatten()`` one long column that keeps the jets' numbers as
        its index.

    Raises
    ------
    DataError
        If there is no such sample or column, its file is damaged, or the set is not fetched.
    """
    if source not in SOURCES:
        raise DataError(f"source={source!r}: say 'bundled' or 'open' (a published set)")
    if name in published.names():
        return published.load(name, columns)
    if source == "open":
        return published.load(_sister(name), columns)
    file = path(name)
    check_file(file, card(name).record["sha256"])
    return read(file, columns=columns, tree=TREE)


def _sister(name):
    """Find the published set with the columns of a bundled sample."""
    if (sister := published.sister_of(_known(name))) is None:
        raise DataError(f"no published set has the columns of {name!r}: it comes bundled only")
    return sister


def verify(name: str | os.PathLike[str], *, again: bool = False) -> list[Path]:
    """Check a sample against its card: bytes, columns, content, events, sums of weights.

    Parameters
    ----------
    name : str or path-like
        A bundled sample; a published set, whose bytes alone are checked; or a folder with
        generated samples, or a file of one.
    again : bool
        Whether to make the sample once more and compare; for samples that need no generator.

    Returns
    -------
    list of pathlib.Path
        The files that were checked.

    Raises
    ------
    DataError
        Naming the first thing that differs.
    """
    from hepml.data._verify import verified

    if name in published.names():
        return published.verify(name)
    with _permitted():
        return verified(name, again=again)


def check_file(file, digest):
    """Raise `DataError` if a file's sha256 is not the one on its card."""
    if file_digest(file) != digest:
        message = f"{file} is not the file its card describes: sha256 differs (damaged or changed)"
        raise DataError(message)


def file_digest(file):
    """Hexadecimal sha256 of a file."""
    with Path(file).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_digest(columns):
    """Hexadecimal sha256 of a table's columns: names, types and values, not how they are stored.

    Parameters
    ----------
    columns : mapping of str to ndarray

    Returns
    -------
    str
    """
    digest = hashlib.sha256()
    for name, values in columns.items():
        digest.update(f"{name} {values.dtype.str} {'x'.join(map(str, values.shape))}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def tallies(columns, labels):
    """Count events and add up weights of each process.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (events,)
        With ``Weight``, ``Label``, and ``Process`` where labels do not tell processes apart.
    labels : list of int
        Label of each process.

    Returns
    -------
    list of dict
        ``events``, ``sum_of_weights`` and ``largest_weight`` of each.
    """
    by_label = "Process" not in columns
    found = []
    for number, label in enumerate(labels):
        own = columns["Label"] == label if by_label else columns["Process"] == number
        weight = columns["Weight"][own].astype("float64")
        largest = float(weight.max()) if len(weight) else 0.0
        sums = {"sum_of_weights": float(weight.sum()), "largest_weight": largest}
        found.append({"events": len(weight), **sums})
    return found
