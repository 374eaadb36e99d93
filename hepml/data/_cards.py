"""Cards: what those of samples and of published sets have in common, and those of samples."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hepml.data._errors import DataError
from hepml.data.recipes import NAMES

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Card", "Described", "bullets", "card_of", "card_path", "cards_in", "column_table"]
__all__ += ["table", "type_of"]


@dataclass(frozen=True)
class Described:
    """A card: a plain ``record``, which subclasses show as text and as Markdown."""

    record: dict

    @property
    def name(self) -> str:
        """Name of the sample or set."""
        return self.record["name"]

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return [column["name"] for column in self.record["columns"]]


def bullets(lines):
    """List, one line an item."""
    return "\n".join(f"- {line}" for line in lines)


def table(head, rows):
    """Table of texts; bars in them, as in |eta|, stay bars."""
    lines = [head, ["---"] * len(head), *([text.replace("|", r"\|") for text in r] for r in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def column_table(columns):
    """Table of a card's columns: records with name, dtype, unit, meaning, and perhaps shape."""
    rows = [(f"`{c['name']}`", type_of(c), c["unit"], c["meaning"]) for c in columns]
    return table(("column", "type", "unit", "meaning"), rows)


def type_of(column):
    """NumPy type of a card's column, with the shape of one event's value if it has one."""
    if "lengths" in column:
        return f"list of {column['dtype']}"
    return column["dtype"] + "".join(f"[{length}]" for length in column.get("shape", ()))


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


def card_path(file):
    """Card beside a sample's file: the same name without the number, ending in ``.json``."""
    file = Path(file)
    return file.with_name(re.sub(r"-\d{5}$", "", file.stem) + ".json")


def card_of(place):
    """Card of a sample in a folder, or beside a file; or the card itself.

    Parameters
    ----------
    place : str or path-like

    Returns
    -------
    Card

    Raises
    ------
    DataError
        If there is none, or it cannot be understood.
    """
    if Path(place).expanduser().is_dir():
        return _read_card(_only(cards_in(place), place))
    return _read_card(card_path(place))


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
