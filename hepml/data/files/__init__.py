"""File formats: each module reads one kind of file as Arrow batches and (but npy) writes it."""

from functools import partial
from importlib import import_module

from hepml.data._errors import DataError, NoTableError
from hepml.data.files._guard import opening
from hepml.data.files._remote import IN_PLACE, Remote

__all__ = ["ENDINGS", "TREE_ENDINGS", "format_of", "open_source", "open_writer"]

ENDINGS = {
    "root": (".root",),
    "csv": (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"),
    "parquet": (".parquet", ".pq"),
    "hdf5": (".h5", ".hdf5", ".hdf"),
    "npz": (".npz",),
    "npy": (".npy",),
}
TREE_ENDINGS = ENDINGS["root"] + ENDINGS["hdf5"]  # after these, ":tree" may follow in a path
LABELS = {"root": "ROOT", "csv": "CSV", "parquet": "Parquet", "hdf5": "HDF5"}
LABELS |= {"npz": "npz", "npy": "npy"}
NEEDS = {"root": "uproot", "hdf5": "h5py"}
MAGIC = {b"root": "root", b"PAR1": "parquet", b"\x89HDF\r\n\x1a\n": "hdf5"}
MAGIC |= {b"PK\x03\x04": "npz", b"\x93NUMPY": "npy"}
PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth")
KNOWN = "ROOT, CSV, Parquet, HDF5, npz and npy can be read"
WRITTEN = "ROOT, CSV, Parquet, HDF5 and npz can be written"


def open_source(path, tree=None, names=None):
    """Open a file for reading, whatever its format.

    Parameters
    ----------
    path : pathlib.Path or Remote
        An existing file.
    tree : str, optional
    names : sequence of str, optional
        Names of the columns, for files without.

    Returns
    -------
    hepml.data.files.base.Source

    Raises
    ------
    DataError
        One sentence on what is wrong with it.
    """
    with opening(path):
        if path.stat().st_size == 0:
            raise NoTableError(f"{path} is empty")
        if isinstance(path, Remote) and not (path.gives_parts and _kind(path) in IN_PLACE):
            return path.opened(partial(open_source, tree=tree, names=names))
        return _class(_kind(path), "Source")(path, tree=tree, names=names)


def open_writer(target, path, schema, tree, layout=None):
    """Open a temporary file for writing, in the format that the target's name says.

    Parameters
    ----------
    target : pathlib.Path
        What the file will be called.
    path : pathlib.Path
        What it is called while it is written.
    schema : pyarrow.Schema
    tree : str
    layout : {"ttree", "rntuple"}, optional
        For ROOT files.

    Returns
    -------
    hepml.data.files.base.Writer
    """
    kind = format_of(target)
    if kind is None:
        raise DataError(f"{target.name}: unknown format; {WRITTEN}")
    if kind == "npy":
        raise DataError(f"{target.name}: an npy file is one array and no table; {WRITTEN}")
    if layout is not None and kind != "root":
        raise DataError(f"{layout} is a layout of ROOT files: {target.name!r} is none")
    options = {} if layout is None else {"layout": layout}
    return _class(kind, "Writer")(path, schema, tree, **options)


def format_of(path):
    """Name of the format that a file's ending stands for, or None."""
    name = path.name.lower()
    return next((kind for kind, ends in ENDINGS.items() if name.endswith(ends)), None)


def _kind(path):
    """Format of a file, told by its first bytes before its name."""
    with path.open("rb") as file:
        start = file.read(8)
    for magic, kind in MAGIC.items():
        if start.startswith(magic):
            return kind
    if path.name.lower().endswith(PICKLES) or start[:1] == b"\x80":
        raise DataError(f"{path.name} is a pickle, which can run any code when opened: {KNOWN}")
    kind = format_of(path)
    if kind is None:
        raise DataError(f"{path.name}: unknown format; {KNOWN}")
    if kind != "csv":
        raise DataError(f"{path} is not a {LABELS[kind]} file: it starts with {start!r}")
    return kind


def _class(kind, role):
    try:
        module = import_module(f"{__name__}.{kind}")
        import_module(NEEDS.get(kind, "pyarrow"))
        import_module("pyarrow")
    except ImportError as error:
        message = f'{LABELS[kind]} files need {error.name}: pip install "hepml-lab[files]"'
        raise DataError(message) from None
    return getattr(module, f"{kind.capitalize()}{role}")
