"""What every format offers: a `Source` to read from in batches, a `Writer` to fill with them.

Between formats a table travels as Arrow record batches. Columns are truth values, integers,
floats or strings, one per event, or lists of these (jagged branches, fixed-size arrays, nested).
A field is nullable only where values may be missing: pandas has other types for those columns.
"""

import re
from abc import ABC, abstractmethod
from collections import Counter
from contextlib import contextmanager

from hepml.data._errors import DataError, nearest

__all__ = ["BATCH_BYTES", "Source", "Writer", "check_columns", "check_expansion", "check_names"]
__all__ += ["check_unique", "choose_tree", "damaged"]

BATCH_BYTES = 32_000_000  # aimed at per batch, all columns together
EXPANDED_BYTES, EXPANSION = 1_000_000_000, 200
"""More bytes than both this and this many times the file's size are refused."""


class Source(ABC):
    """One file, open for reading as one table; a context manager that closes it.

    Attributes
    ----------
    path : pathlib.Path
    schema : pyarrow.Schema
        Name and type of each column that a table can hold.
    left_out : tuple of str
        Columns of the file that a table cannot hold.
    rows : int or None
        Rows that the file says it has; None where only reading tells.
    tree : str or None
        Name of the table inside the file, for formats that name it.
    """

    kind = ""  # as in "not a ROOT file"

    def __init__(self, path):
        self.path, self.schema, self.left_out, self.rows = path, None, (), None
        self.tree = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @contextmanager
    def _closed_if_it_fails(self):
        """Close the file at once if what it is opened for goes wrong."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def close(self):
        """Close the file."""

    @abstractmethod
    def batches(self, columns):
        """Yield the table in pieces of about ``BATCH_BYTES``, in the order of the file.

        Parameters
        ----------
        columns : list of str
            Names in ``schema``; the batches have these columns, in this order, and the
            schema's types.

        Yields
        ------
        pyarrow.RecordBatch
        """


class Writer(ABC):
    """One file being written; a context manager that completes it.

    Parameters
    ----------
    path : pathlib.Path
        A temporary file; the caller gives it its name when all went well.
    schema : pyarrow.Schema
    tree : str
        Name of the table inside formats that name it.
    """

    kind = ""

    def __init__(self, path, schema, tree):
        self.path, self.schema, self.tree = path, schema, tree

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        self.close(complete=error is None)

    @abstractmethod
    def write(self, batch):
        """Add a `pyarrow.RecordBatch` of the writer's schema."""

    @abstractmethod
    def close(self, *, complete):
        """Close the file; ``complete`` is false when it will be thrown away."""


def damaged(path, kind, reason):
    """Error that says a file is not whole, to be raised.

    Parameters
    ----------
    path : pathlib.Path
    kind : str
        Name of the format.
    reason : str
        A few words, such as the type of the error that a library raised.

    Returns
    -------
    DataError
    """
    return DataError(f"{path} is damaged or not complete as {kind} file ({reason})")


def check_columns(path, columns, known):
    """Raise a `DataError` with a hint unless every one of ``columns`` is among ``known``."""
    for column in columns or ():
        if column not in known:
            hint = _parts(column, known) or nearest(column, known)
            raise DataError(f"{path.name} has no column {column!r}; {hint}")


def check_unique(path, names):
    """Raise a `DataError` if two columns have one name."""
    for name, count in Counter(names).items():
        if count > 1:
            raise DataError(f"{path.name} has {count} columns called {name!r}")


def _parts(column, known):
    """Hint at the columns of an array of two axes that is called so."""
    parts = [name for name in known if re.fullmatch(re.escape(str(column)) + "_[0-9]+", name)]
    return f"its parts are columns, {parts[0]!r} to {parts[-1]!r}" if len(parts) > 1 else ""


def check_names(path, kind, names):
    """Raise a `DataError` if ``names`` are given for a format that carries its own."""
    if names is not None:
        message = f"{path.name}: names= is for files without names; a {kind} file has its own"
        raise DataError(message)


def choose_tree(path, trees, tree):
    """Pick the table that is meant.

    Parameters
    ----------
    path : pathlib.Path
    trees : sequence of str
        Those that the file holds.
    tree : str or None
        The one asked for; None where there should be only one.

    Returns
    -------
    str

    Raises
    ------
    DataError
        Listing what there is.
    """
    if not trees:
        raise DataError(f"{path.name} holds no tree")
    if tree is None and len(trees) > 1:
        choice = ", ".join(map(repr, trees))
        raise DataError(f"{path.name} holds {len(trees)} trees, name one of them: {choice}")
    if tree is not None and tree not in trees:
        raise DataError(f"{path.name} has no tree {tree!r}; {nearest(tree, trees)}")
    return trees[0] if tree is None else tree


def check_expansion(path, unpacked):
    """Raise a `DataError` if a file claims to hold, or has given, absurdly many bytes.

    Parameters
    ----------
    path : pathlib.Path
    unpacked : int
        Bytes in memory, as far as known.
    """
    if unpacked > max(EXPANDED_BYTES, EXPANSION * path.stat().st_size):
        message = (
            f"{path.name} would unpack to {unpacked / 1e9:.3g} GB, more than {EXPANSION} times "
            "its size: it is damaged, or made to fill the memory"
        )
        raise DataError(message)
