"""What commands that read a table share: lists of names, and cuts of three words."""

import csv
import functools
import re

import typer
from typer.core import TyperCommand

from hepml import data
from hepml.data._chain import column_names
from hepml.data._cuts import COMPARISONS, REDUCTIONS

__all__ = ["COMMAS", "WHERE_HELP", "WhereCommand", "columns_of", "cut", "listed"]

COMMAS = "a,Jet_* or repeated; a name with a comma in quotes: '\"a,b\",c'"

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


def listed(words, there=None):
    """Names from words that may hold several, separated by commas; quoted ones may hold commas.

    Parameters
    ----------
    words : list of str or None
    there : callable, optional
        Gives the names that there are: a whole word that is one of them is that one.

    Returns
    -------
    list of str or None
    """
    return [name for word in words for name in _names(word, there)] if words else None


def _names(word, there):
    if '"' in word:
        return _unquoted(word)
    parts = [name.strip() for name in word.split(",")]
    known = there() if there is not None and len(parts) > 1 else ()
    if word not in known:
        return parts
    if all(part in known for part in parts):
        raise data.DataError(
            f"{word} names one column, and {len(parts)} others: write '\"{word}\"' for the one, "
            "or repeat the option for the others"
        )
    return [word]


def _unquoted(word):
    """Names as a line of a CSV file has them."""
    try:
        (names,) = csv.reader([word], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        raise data.DataError(
            f"{word} is no list of names: put one with a comma in quotes, '\"a,b\",c', and double "
            "the quotes inside a name"
        ) from None
    return names


def columns_of(source, tree=None, names=None):
    """Return a function that gives the columns of a source, none where it cannot be read.

    Of several files the first one tells.
    """

    @functools.cache
    def there():
        try:
            return column_names(source, tree, names)
        except (data.DataError, OSError):
            return ()  # the command itself will say why

    return there


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
