"""What commands print: no name in a file can steer the terminal."""

import re

__all__ = ["say", "visible"]

# Controls but for the end of a line, ends of lines of other kinds, and marks that turn text round.
UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def say(text, *, err=False):
    """Print a text, with what would steer the terminal as its code.

    Parameters
    ----------
    text : str
    err : bool
        Whether on standard error.
    """
    import typer  # noqa: PLC0415 - without it, its absence is what is to be said

    typer.echo(visible(text), err=err)


def visible(text):
    r"""Text with controls as their codes, such as ``\x1b``.

    Parameters
    ----------
    text : object
        Anything that has a text.

    Returns
    -------
    str
    """
    return UNSEEN.sub(lambda found: ascii(found[0])[1:-1], str(text))
