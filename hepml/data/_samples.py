"""The bundled samples: their files, their cards, and the check of one against the other."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from hepml.data._errors import DataError, nearest
from hepml.data._read import read
from hepml.data.recipes import NAMES

__all__ = ["TREE", "Card", "card", "card_path", "content_digest", "file_digest", "load", "names"]
__all__ += ["path", "verify"]

TREE = "events"
FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Card:
    """Provenance of a sample: a plain ``record``, readable as text or Markdown."""

    record: dict

    @property
    def name(self):
        """Name of the sample."""
        return self.record["name"]

    @property
    def columns(self):
        """Names of the columns, in order."""
        return [column["name"] for column in self.record["columns"]]

    def __str__(self):
        """Plain text, one fact a line."""
        return "\n".join((*self._facts(), "", *map(_process_line, self.record["processes"])))

    def _repr_markdown_(self):
        r = self.record
        facts = "\n".join(f"- {line}" for line in self._facts()[1:])
        processes = "\n".join(f"- {_process_line(p)}" for p in r["processes"])
        rows = "\n".join(
            f"| `{c['name']}` | {c['dtype']} | {c['unit']} | {c['meaning']} |" for c in r["columns"]
        )
        table = f"| column | type | unit | meaning |\n|---|---|---|---|\n{rows}"
        return f"**{r['title']}**\n\n{facts}\n\nProcesses\n\n{processes}\n\n{table}\n"

    def _facts(self):
        r = self.record
        versions = ", ".join(f"{name} {version}" for name, version in r["versions"].items())
        return (
            f"{r['name']}: {r['title']}",
            f"{r['events']} events, seed {r['seed']}, {r['luminosity_fb']} fb^-1",
            f"made with {versions}",
            f"again: {r['command']}",
            *(f"note: {note}" for note in r["notes"]),
            f"sha256 {r['sha256']}",
        )


def _process_line(p):
    cross_sections = " + ".join(f"{x:.4g}" for x in p["cross_sections_pb"])
    return (
        f"{p['process']} (label {p['label']}): {p['events']} events standing for "
        f"{p['sum_of_weights']:.1f}, LO cross-section {cross_sections} pb, "
        f"largest weight {p['largest_weight_share']:.1e} of the sum"
    )


def names():
    """Names of the samples, as `load` takes them.

    Returns
    -------
    tuple of str
    """
    return NAMES


def _known(name):
    if name not in NAMES:
        message = f"there is no sample {name!r}; {nearest(name, NAMES)}"
        raise DataError(message)
    return name


def path(name):
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
        again = f"hepml data generate {name} --out {name}.root"
        message = f"there is no file of {name!r} here: work in the repository, or make it: {again}"
        raise DataError(message)
    return file


def card_path(file):
    """Card beside a sample's file: the same name, ending in ``.json``."""
    return Path(file).with_suffix(".json")


def card(name):
    """Card of a bundled sample: generator, settings, cuts, cross-sections, columns, limits.

    Parameters
    ----------
    name : str

    Returns
    -------
    Card
    """
    return Card(json.loads(card_path(path(name)).read_text(encoding="utf-8")))


def load(name, columns=None):
    """Bundled sample as a table, offline.

    Parameters
    ----------
    name : str
        One of `names`.
    columns : sequence of str, optional
        Columns to read, in this order; all by default. Units are in `card`.

    Returns
    -------
    pandas.DataFrame, shape (events, columns)

    Raises
    ------
    DataError
        If there is no such sample or column.
    """
    return read(path(name), columns=columns, tree=TREE)


def verify(name):
    """Check a bundled sample's file and columns against its card.

    Parameters
    ----------
    name : str

    Raises
    ------
    DataError
        Naming the first thing that differs.
    """
    record, file = card(name).record, path(name)
    if file_digest(file) != record["sha256"]:
        raise DataError(f"{file.name} is not the file its card describes: sha256 differs")
    table = load(name)
    found = {column: str(table[column].dtype) for column in table}
    stated = {column["name"]: column["dtype"] for column in record["columns"]}
    if found != stated:
        differing = sorted(set(found.items()) ^ set(stated.items()))
        raise DataError(f"{file.name} differs from its card in columns or types: {differing}")
    if len(table) != record["events"]:
        message = f"{file.name} has {len(table)} events, its card says {record['events']}"
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
        digest.update(f"{name} {values.dtype.str} {len(values)}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
