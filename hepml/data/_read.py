"""One door for a user's own files: ROOT, CSV and Parquet to a pandas table."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from pathlib import Path

from hepml.data._errors import DataError, nearest

__all__ = ["read"]

ROOT_MAGIC, PARQUET_MAGIC = b"root", b"PAR1"
FLAT_FIELDS = {"bool", "float", "double"} | {
    f"std::{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)
}
BIG_FILE_VERSION = 1_000_000  # from here on the header's pointers have eight bytes


def read(path, columns=None, tree=None):
    """Read a table from a ROOT, CSV (also ``.gz``) or Parquet file.

    Parameters
    ----------
    path : str or path-like
        The file; ``"file.root:tree"`` names the tree as well.
    columns : sequence of str, optional
        Columns to read, in this order; all by default.
    tree : str, optional
        Tree of a ROOT file; may be left out where there is only one.

    Returns
    -------
    pandas.DataFrame, shape (events, columns)
        Branches of a ROOT tree that hold several values per event have no place in a table:
        they are left out and listed in ``.attrs["left_out"]``.

    Raises
    ------
    DataError
        One sentence: no such file, unknown or damaged format, no such tree or column, no rows.
    """
    path, tree = _split_tree(path, tree)
    if not path.is_file():
        raise DataError(_missing_file(path))
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty")
    columns = [columns] if isinstance(columns, str) else columns
    table = _reader(path)(path, columns, tree)
    if len(table) == 0:
        raise DataError(f"{path} has columns but no rows")
    return table


def _split_tree(path, tree):
    file, colon, inside = str(path).rpartition(":")
    if colon and file.endswith(".root"):
        if tree not in (None, inside):
            raise DataError(f"two trees are named, {inside!r} in the path and {tree!r}: give one")
        return Path(file).expanduser(), inside
    return Path(path).expanduser(), tree


def _missing_file(path):
    if path.is_dir():
        return f"{path} is a folder, not a file"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    beside = [p.name for p in path.parent.iterdir() if p.is_file()]
    return f"there is no file {path.name!r} in {path.parent}; {nearest(path.name, beside)}"


def _reader(path):
    """Pick the function for a file's format, told by its first bytes before its name."""
    with path.open("rb") as file:
        start = file.read(4)
    name = path.name.lower()
    if start == ROOT_MAGIC:
        return _read_root
    if start == PARQUET_MAGIC:
        return _read_parquet
    for ending, kind in ((".root", "ROOT"), (".parquet", "Parquet")):
        if name.endswith(ending):
            raise DataError(f"{path} is not a {kind} file: it starts with {start!r}")
    if name.endswith((".csv", ".csv.gz")):
        return _read_csv
    raise DataError(f"{path.name}: unknown format; ROOT, .csv, .csv.gz and .parquet can be read")


def _check_columns(path, columns, known):
    for column in columns or ():
        if column not in known:
            raise DataError(f"{path.name} has no column {column!r}; {nearest(column, known)}")


def _damaged(path, kind, reason):
    return DataError(f"{path} is damaged or not complete as {kind} file ({reason})")


def _read_root(path, columns, tree):
    try:
        import uproot
    except ImportError:
        raise DataError('reading ROOT files needs uproot: pip install "hepml-lab[lab]"') from None
    _check_length(path)
    try:
        with uproot.open(path) as file:
            return _read_tree(path, _find_tree(path, file, tree), columns)
    except DataError:
        raise
    except Exception as error:  # damage surfaces as any of a dozen types
        raise _damaged(path, "ROOT", type(error).__name__) from error


def _check_length(path):
    """Compare the end that the header states with the size of the file."""
    with path.open("rb") as file:
        header = file.read(20)
    size = path.stat().st_size
    wide = int.from_bytes(header[4:8], "big") >= BIG_FILE_VERSION
    end = int.from_bytes(header[12 : 20 if wide else 16], "big")
    if len(header) < 20 or size < end:
        raise DataError(f"{path} is cut short: {size} bytes of {end}")


def _find_tree(path, file, name):
    trees = file.keys(filter_classname=["TTree", "ROOT::RNTuple"], cycle=False)
    trees = list(dict.fromkeys(trees))
    if not trees:
        raise DataError(f"{path.name} holds no tree")
    if name is None and len(trees) > 1:
        choice = ", ".join(map(repr, trees))
        raise DataError(f"{path.name} holds {len(trees)} trees, name one of them: {choice}")
    if name is not None and name not in trees:
        raise DataError(f"{path.name} has no tree {name!r}; {nearest(name, trees)}")
    return file[name or trees[0]]


def _read_tree(path, tree, columns):
    import pandas as pd

    known = tree.keys(recursive=False)
    flat = [name for name in known if _is_flat(tree[name])]
    _check_columns(path, columns, known)
    for column in columns or ():
        if column not in flat:
            raise DataError(f"{column!r} of {path.name} holds several values per event, not one")
    wanted = flat if columns is None else list(columns)
    if not wanted:
        raise DataError(f"no branch of {path.name} holds one number per event")
    # Branch by branch: names are looked up, never parsed as expressions.
    table = pd.DataFrame({name: tree[name].array(library="np") for name in wanted})
    table.attrs["left_out"] = [name for name in known if name not in flat]
    return table


def _is_flat(branch):
    """Whether a branch, or a field of an RNTuple, holds one number (or truth value) per event."""
    from uproot.interpretation.numerical import AsDtype

    interpretation = getattr(branch, "interpretation", None)
    if interpretation is None:
        return branch.typename in FLAT_FIELDS
    return isinstance(interpretation, AsDtype) and interpretation.to_dtype.shape == ()


def _read_csv(path, columns, _tree):
    import zlib

    import pandas as pd

    try:
        known = list(pd.read_csv(path, nrows=0).columns)
        _check_columns(path, columns, known)
        table = pd.read_csv(path, usecols=columns)
    except (EOFError, OSError, zlib.error, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise _damaged(path, "CSV", type(error).__name__) from error
    except pd.errors.EmptyDataError:
        raise DataError(f"{path} is empty") from None
    return table if columns is None else table[list(columns)]


def _read_parquet(path, columns, _tree):
    import pandas as pd

    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DataError("reading Parquet needs pyarrow: pip install pyarrow") from None
    try:
        _check_columns(path, columns, pq.read_schema(path).names)
        return pd.read_parquet(path, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, "Parquet", type(error).__name__) from error
