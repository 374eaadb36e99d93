"""What a library or the system raises at a file that cannot be read, as one sentence."""

from contextlib import contextmanager

from hepml.data._errors import DataError, reporting
from hepml.data.files._remote import Remote
from hepml.data.files.base import damaged

__all__ = ["opening", "reading"]


@contextmanager
def opening(path):
    """Turn what the system says about a file or folder into a `DataError`.

    Parameters
    ----------
    path : path-like, or sequence of these
        For the message, where the system names none.

    Raises
    ------
    DataError
    """
    with reporting(path, "read"):
        yield


@contextmanager
def reading(path, kind):
    """Turn any exception but a `DataError` into one, mostly by blaming the file.

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
    except MemoryError as error:
        message = (
            f"{path} takes more memory than there is: choose columns=, or go through it piece by "
            "piece with hepml.data.chunks; if it is small, it is damaged"
        )
        raise DataError(message) from error
    except Exception as error:  # damage surfaces as any of a dozen types
        if isinstance(path, Remote) and path.is_trouble(error):
            raise path.complaint(error) from error
        raise damaged(path, kind, type(error).__name__) from error
