"""Which columns are meant by names and patterns, and what to say of those not to be had."""

from fnmatch import fnmatchcase
from glob import has_magic

from hepml.data._errors import DataError, nearest
from hepml.data.files.base import check_columns

__all__ = ["Wishes", "chosen"]

WAY = "leave it out by drop=, or name others by columns="


def chosen(words, known):
    """Names that some words mean, each once: in the order of the words, then of ``known``.

    Parameters
    ----------
    words : sequence of str
        Names, or patterns with ``*``, ``?`` and ``[…]`` as of files; a name that is there is
        meant by itself, whatever signs are in it.
    known : sequence of str

    Returns
    -------
    list of str
    """
    there, found = set(known), {}
    for word in words:
        if isinstance(word, str) and word in there:
            found[word] = None
        elif is_pattern(word):
            found |= dict.fromkeys(name for name in known if fnmatchcase(name, word))
    return list(found)


def is_pattern(word):
    """Whether a word may mean several columns."""
    return isinstance(word, str) and has_magic(word)


class Wishes:
    """Columns that are asked for, and columns to drop; see `chosen`.

    Parameters
    ----------
    columns : str, sequence of str, or None
        None for all.
    drop : str, sequence of str, or None
    """

    def __init__(self, columns, drop):
        self.columns = [columns] if isinstance(columns, str) else columns
        self.columns = None if columns is None else list(self.columns)
        self.drop = [drop] if isinstance(drop, str) else list(drop or ())

    def met(self, names):
        """List those of ``names`` that are asked for and not dropped."""
        dropped = set(chosen(self.drop, names))
        asked = names if self.columns is None else chosen(self.columns, names)
        return [name for name in asked if name not in dropped]

    def named(self, name):
        """Whether a column is asked for by its very name."""
        return self.columns is not None and name in self.columns

    def lost(self, left_out):
        """Those of the columns left out that nobody dropped, or would have got in vain."""
        if self.columns is None:
            return self.met(list(left_out))
        patterns = [word for word in self.columns if word not in left_out and is_pattern(word)]
        return Wishes(patterns, self.drop).met(list(left_out))

    def unknown(self, known):
        """List the words of ``drop`` that mean none of the columns known."""
        return [word for word in self.drop if not chosen([word], known)]

    def check(self, path, names, left_out, everything):
        """Raise one `DataError` on all that cannot be had.

        Parameters
        ----------
        path : pathlib.Path
            For the message.
        names : sequence of str
            Columns that a table holds.
        left_out : dict of str to str
            Those that it does not, with reasons.
        everything : sequence of str
            Columns of all files, which may be dropped.
        """
        known = [*names, *left_out]
        columns = self.columns or []
        told = _missing(path, [word for word in columns if not chosen([word], known)], known)
        told += _left_out(path, {name: left_out[name] for name in columns if name in left_out})
        told += _missing(path, self.unknown([*known, *everything]), known)
        if told:
            raise DataError("; ".join(told))
        for column in columns:
            if columns.count(column) > 1:
                raise DataError(f"column {column!r} is asked for twice")


def _missing(path, words, known):
    if len(words) > 1:
        hints = [nearest(word, known) for word in words]
        told = (f"{word!r} ({hint})" for word, hint in zip(words, hints, strict=True))
        if len(set(hints)) == 1:
            return [f"{path.name} has no columns {', '.join(map(repr, words))}; {hints[0]}"]
        return [f"{path.name} has no columns {', '.join(told)}"]
    try:
        check_columns(path, words, known)
    except DataError as error:
        return [str(error)]
    return []


def _left_out(path, reasons):
    return [f"{name!r} of {path.name} is left out: {why}; {WAY}" for name, why in reasons.items()]
