"""What every format offers: a `Source` to read from in batches, a `Writer` to fill with them.

Between formats a table travels as Arrow record batches. Columns are truth values, integers,
floats, strings or instants, one per event, or lists of these (jagged, of fixed size, nested).
A field is nullable only where values may be missing: pandas has other types for those columns.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import re
from abc import ABC, abstractmethod
from collections import Counter
from contextlib import contextmanager

from hepml.data._errors import DataError, NoTableError, nearest

__all__ = ["BATCH_BYTES", "NO_TYPE", "NUMBERS_ROWS", "Source", "Writer", "check_columns"]
__all__ += ["check_expansion", "check_names", "check_unique", "choose_tree", "damaged"]

ROW_NUMBERS = r"__index_level_0__|Unnamed: 0(\.\d+)*"  # as pandas calls an index without name
LEVELS = {"__index_level_1__", "Unnamed: 1"}  # of an index that has several
BATCH_BYTES = 32_000_000  # aimed at per batch, all columns together
NO_TYPE = "no table can hold its type"
NUMBERS_ROWS = "it only numbers the rows"  # nothing is lost, so this is not told aloud
EXPANDED_BYTES, EXPANSION = 1_000_000_000, 200
"""More bytes than both this and this many times the file's size are refused."""


class Source(ABC):
    """One file, open for reading as one table; a context manager that closes it.

    Attributes
    ----------
    path : pathlib.Path
    schema : pyarrow.Schema
        Name and type of each column that a table can hold.
    left_out : dict of str to str
        Columns of the file that a table cannot hold, each with the reason in a few words.
    rows : int or None
        Rows that the file says it has; None where only reading tells.
    tree : str or None
        Name of the table inside the file, for formats that name it.
    """

    kind = ""  # as in "not a ROOT file"
    row_numbers = frozenset()  # columns that the file itself calls an index without a name
    blank = frozenset()  # columns without any value, whose type text does not tell
    opens_slowly = False  # if so, a chain opens each file when its rows come, not all before

    def __init__(self, path):
        self.path, self.schema, self.left_out, self.rows = path, None, {}, None
        self.tree = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @staticmethod
    def gives(written, found):
        """Whether a column of one type, written, comes back as it should with the other."""
        return _unsized(written) == _unsized(found)

    def leave_row_numbers(self):
        """Leave out what pandas numbered the rows with: a network could learn their order.

        An index that has several levels says more than that, and stays.
        """
        import pyarrow as pa

        is_ = pa.types
        fields = [f for f in self.schema if is_.is_integer(f.type) or is_.is_floating(f.type)]
        names = [field.name for field in fields]
        found = [n for n in names if re.fullmatch(ROW_NUMBERS, n) or n in self.row_numbers]
        if LEVELS & set(self.schema.names) or len(found) == len(self.schema):
            return
        self.left_out |= dict.fromkeys(found, NUMBERS_ROWS)
        self.schema = pa.schema([f for f in self.schema if f.name not in found])

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
    holds_times = False  # else instants are written as text

    def __init__(self, path, schema, tree):
        self.path, self.schema, self.tree = path, schema, tree

    @staticmethod
    def refusal(field):  # noqa: ARG004 - most formats hold all types of columns
        """Why such files cannot hold a column, in a few words; "" where they can."""
        return ""

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


def _unsized(type_):
    """Type whose lists are just lists, whatever their entries are called."""
    import pyarrow as pa

    if pa.types.is_nested(type_):
        return pa.list_(_unsized(type_.value_type))
    return pa.float32() if pa.types.is_float16(type_) else type_


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
    """Hint at the columns of an array of two axes or a record that is called so, or of its member.

    A member may be asked for as ROOT has it, ``collection/member[3]``, or without its collection.
    """
    parts = [name for name in known if re.fullmatch(re.escape(str(column)) + "_[0-9]+", name)]
    parts = parts or [name for name in known if name.startswith(f"{column}.")]
    if len(parts) > 1:
        return f"its parts are columns, {parts[0]!r} to {parts[-1]!r}"
    name = re.sub(r"\[.*", "", str(column)).replace("/", ".")
    inside = [one for one in known if f".{one}".endswith(f".{name}") or one.startswith(f"{name}.")]
    return f"did you mean {' or '.join(map(repr, inside[:3]))}?" if inside else ""


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
        raise NoTableError(f"{path.name} holds no tree")
    if tree is None and len(trees) > 1:
        choice = ", ".join(map(repr, trees))
        raise DataError(f"{path.name} holds {len(trees)} trees, name one of them: {choice}")
    if tree is not None and tree not in trees:
        raise NoTableError(f"{path.name} has no tree {tree!r}; {nearest(tree, trees)}")
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
