"""What the cards of bundled samples and of published sets have in common."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Described", "bullets", "column_table", "table", "type_of"]


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
