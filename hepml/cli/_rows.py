"""What commands that read a table share: lists of names, and cuts of three words."""

import re

import typer
from typer.core import TyperCommand

from hepml import data
from hepml.data._cuts import COMPARISONS, REDUCTIONS

__all__ = ["WHERE_HELP", "WhereCommand", "cut", "listed"]

WHERE, JOINT = "--where", "\0"  # no argument of a command can hold a zero byte
WHERE_HELP = (
    'rows to keep: mjj ">" 3300; repeated: and. Of lists: "any(Jet_pt)" ">" 30, also all, count, '
    'sum, max, min; "count(Jet_pt > 30)" ">=" 2. A list alone keeps entries: Jet_pt ">" 30'
)
REDUCED = rf"({'|'.join(REDUCTIONS)})\((.+)\)"  # as in "count(Jet_pt > 30)"
SIGNS = "|".join(sorted(map(re.escape, COMPARISONS), key=len, reverse=True))
INNER = rf"(.+?)\s*({SIGNS})\s*(.+)"


class WhereCommand(TyperCommand):
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


def listed(words):
    """Names from words that may hold several, separated by commas."""
    return [name.strip() for word in words for name in word.split(",")] if words else None


def cut(conditions):
    """Cuts of the joined words of `WhereCommand`, None without any."""
    return [_condition(*words.split(JOINT)) for words in conditions] or None


def _condition(word, sign, value):
    if sign not in COMPARISONS:
        message = f"{WHERE} {word} {sign!r} {value}: the sign is one of {' '.join(COMPARISONS)}"
        raise data.DataError(message)
    compare, value = COMPARISONS[sign], number_or_text(value)
    found = re.fullmatch(REDUCED, word.strip())
    if not found:
        return compare(data.col(word), value)
    name, inner = found.groups()
    if name in ("any", "all"):  # of what the comparison says of each entry
        return getattr(compare(data.col(inner.strip()), value), name)()
    return compare(getattr(_entries(inner), name)(), value)


def _entries(words):
    """Column of lists, or a comparison of its entries."""
    if found := re.fullmatch(INNER, words.strip()):
        column, sign, value = found.groups()
        return COMPARISONS[sign](data.col(column), number_or_text(value))
    return data.col(words.strip())


def number_or_text(word):
    """Return the number that a word writes, else the word."""
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word
