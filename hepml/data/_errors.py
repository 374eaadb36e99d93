"""The one error that samples and files raise: a sentence a student can act on."""

from difflib import get_close_matches

from hepml.files import explained

__all__ = ["DataError", "LeftOutWarning", "NoTableError", "nearest", "reporting"]


class DataError(ValueError):
    """A sample or file cannot be had; the message says why and what to do."""


class NoTableError(DataError):
    """A file holds no such table, or nothing at all."""


class LeftOutWarning(UserWarning):
    """Columns or files are not in the table; the message names each with its reason."""


def reporting(path, done="written", hint=""):
    """Turn what the system says about a file into a `DataError`: `hepml.files.explained`."""
    return explained(DataError, path, done, hint)


def nearest(name, names):
    """Hint naming what ``name`` may have meant, or all there is if that is little.

    Parameters
    ----------
    name : str
    names : sequence of str

    Returns
    -------
    str
    """
    names = [str(n) for n in names]
    same = [one for one in names if one.casefold() == str(name).casefold()]
    if close := same or get_close_matches(str(name), names, n=3):
        return f"did you mean {' or '.join(map(repr, close))}?"
    if len(names) <= 12:
        return f"there is {', '.join(map(repr, names))}" if names else "there is nothing in it"
    return f"there are {len(names)}, such as {', '.join(map(repr, names[:6]))}"
