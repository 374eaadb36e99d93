"""What a library raises at a damaged file, as one sentence."""

from contextlib import contextmanager

from hepml.data._errors import DataError
from hepml.data.files.base import damaged

__all__ = ["reading"]


@contextmanager
def reading(path, kind):
    """Turn any exception but a `DataError` into one.

    Parameters
    ----------
    path : pathlib.Path
    kind : str
        As in "not a ROOT file".

    Raises
    ------
    DataError
    """
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # damage surfaces as any of a dozen types
        raise damaged(path, kind, type(error).__name__) from error
