"""What commands that read a table share: lists of names, and cuts of three words."""

import functools
import operator

import typer
from typer.core import TyperCommand

from hepml import data
from hepml.data._cuts import COMPARISONS

__all__ = ["WhereCommand", "cut", "listed"]

WHERE, JOINT = "--where", "\0"  # no argument of a command can hold a zero byte


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
    """Cut of the joined words of `WhereCommand`, None without any."""
    cuts = [_condition(*words.split(JOINT)) for words in conditions]
    return functools.reduce(operator.and_, cuts) if cuts else None


def _condition(column, sign, value):
    if sign not in COMPARISONS:
        message = f"{WHERE} {column} {sign!r} {value}: the sign is one of {' '.join(COMPARISONS)}"
        raise data.DataError(message)
    return COMPARISONS[sign](data.col(column), number_or_text(value))


def number_or_text(word):
    """Return the number that a word writes, else the word."""
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word
