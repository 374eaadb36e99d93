"""File formats: each module reads one kind of file as Arrow batches and (but npy) writes it."""

from functools import partial
from importlib import import_module
from pathlib import PurePath

from hepml.data._errors import DataError, NoTableError
from hepml.data.files._guard import opening
from hepml.data.files._remote import IN_PLACE, Remote

__all__ = ["ENDINGS", "TREE_ENDINGS", "format_of", "open_source", "open_writer", "writer_of"]

ENDINGS = {
    "root": (".root",),
    "csv": (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"),
    "parquet": (".parquet", ".pq"),
    "hdf5": (".h5", ".hdf5", ".hdf"),
    "npz": (".npz",),
    "npy": (".npy",),
    "json": (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz"),
    "lhe": (".lhe", ".lhe.gz"),
    "hepmc": (".hepmc", ".hepmc2", ".hepmc3", ".hepmc.gz", ".hepmc2.gz", ".hepmc3.gz"),
    "arrow": (".feather", ".arrow"),
}
TREE_ENDINGS = ENDINGS["root"] + ENDINGS["hdf5"]  # after these, ":tree" may follow in a path
LABELS = {"root": "ROOT", "csv": "CSV", "parquet": "Parquet", "hdf5": "HDF5"}
LABELS |= {"npz": "npz", "npy": "npy", "json": "JSON"}
LABELS |= {"lhe": "LHE", "hepmc": "HepMC", "arrow": "Arrow"}
TEXTS = ("csv", "json", "lhe", "hepmc")  # formats that begin as they like
NEEDS = {"root": "uproot", "hdf5": "h5py", "lhe": "pylhe", "hepmc": "pyhepmc"}
EXTRAS = {"pylhe": "events", "pyhepmc": "events"}  # by package; "files" for others
MAGIC = {b"root": "root", b"PAR1": "parquet", b"\x89HDF\r\n\x1a\n": "hdf5"}
MAGIC |= {b"PK\x03\x04": "npz", b"\x93NUMPY": "npy", b"ARROW1": "arrow"}
MAGIC |= {b"<LesHouc": "lhe", b"HepMC::V": "hepmc"}
PACKED = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth")
KNOWN = "ROOT, CSV, Parquet, HDF5, npz, npy, JSON, LHE, HepMC and Arrow can be read"
WRITABLE = ("root", "csv", "parquet", "hdf5", "npz")
NOT_WRITTEN = {"npy": "an npy file is one array and no table"}
NOT_READ = {  # by endings, or by first bytes: formats that people have, and what to do
    (".slcio", ".lcio"): "an LCIO file: write its collections as ROOT or Parquet first",
    (".stdhep", ".hep"): "a StdHep file: turn it into HepMC first",
    (".xls", ".xlsx", ".ods"): "a spreadsheet: save it as CSV",
    (".orc", ".avro"): "read by pyarrow or fastavro: write it as Parquet",
    (".zarr", ".mat", ".fits", ".sqlite", ".db"): "not read: write it as Parquet or HDF5",
    (".tar", ".tar.gz", ".tgz", ".zip"): "an archive: unpack it first",
}
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
        source = _class(_kind(path), "Source")(path, tree=tree, names=names)
    source.leave_row_numbers()
    return source


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
    writer, kind = writer_of(target), format_of(target)
    if layout is not None and kind != "root":
        raise DataError(f"{layout} is a layout of ROOT files: {target.name!r} is none")
    options = {} if layout is None else {"layout": layout}
    return writer(path, schema, tree, **options)


def writer_of(target):
    """Class that writes the format that a file's ending stands for.

    Parameters
    ----------
    target : pathlib.Path

    Returns
    -------
    type
        Of `hepml.data.files.base.Writer`.
    """
    kind = format_of(target)
    if kind is None:
        raise DataError(f"{target.name}: unknown format; {WRITTEN}")
    if kind not in WRITABLE:
        told = NOT_WRITTEN.get(kind, f"{LABELS[kind]} files are not written")
        raise DataError(f"{target.name}: {told}; {WRITTEN}")
    return _class(kind, "Writer")


def format_of(path):
    """Name of the format that a file's ending stands for, or None."""
    name = path.name.lower()
    return next((kind for kind, ends in ENDINGS.items() if name.endswith(ends)), None)


def _kind(path):
    """Format of a file, told by its first bytes before its name."""
    with path.open("rb") as file:
        start = file.read(8)
    for magic, kind in MAGIC.items():
        if start.startswith(magic) and not _is_other_zip(path, kind):
            return kind
    for magic, packer in PACKED.items():
        if start.startswith(magic):
            raise DataError(f"{path.name} is packed by {packer}: unpack it first")
    if path.name.lower().endswith(PICKLES) or start[:1] == b"\x80":
        raise DataError(f"{path.name} is a pickle, which can run any code when opened: {KNOWN}")
    kind = format_of(path)
    if kind is None:
        raise DataError(f"{path.name}{_guess(path.name.lower())}; {KNOWN}")
    if kind not in TEXTS:
        raise DataError(f"{path} is not a {LABELS[kind]} file: it starts with {start!r}")
    return kind


def _is_other_zip(path, kind):
    """Whether a zip is named as something else than arrays: a spreadsheet is one as well."""
    return kind == "npz" and PurePath(path.name).suffix.lower() in (".xlsx", ".ods", ".zip")


def _guess(name):
    """Say what a file of another format may be."""
    for ends, words in NOT_READ.items():
        if name.endswith(ends):
            return f" is {words}"
    return ": unknown format"


def _class(kind, role):
    try:
        module = import_module(f"{__name__}.{kind}")
        import_module(NEEDS.get(kind, "pyarrow"))
        import_module("pyarrow")
    except ImportError as error:
        extra = EXTRAS.get(error.name, "files")
        message = f'{LABELS[kind]} files need {error.name}: pip install "hepml-lab[{extra}]"'
        raise DataError(message) from None
    return getattr(module, f"{kind.capitalize()}{role}")
