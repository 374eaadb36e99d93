"""What every format offers: a `Source` to read from in batches, a `Writer` to fill with them.

Between formats a table travels as Arrow record batches. Columns are truth values, integers,
floats or strings, one per event, or lists of these (jagged branches, fixed-size arrays, nested).
"""

from abc import ABC, abstractmethod

__all__ = ["BATCH_BYTES", "Source", "Writer"]

BATCH_BYTES = 32_000_000  # aimed at per batch, all columns together


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
    """

    kind = ""  # as in "not a ROOT file"

    def __init__(self, path):
        self.path, self.schema, self.left_out, self.rows = path, None, (), None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

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
