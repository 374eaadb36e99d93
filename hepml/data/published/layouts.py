"""How each published set lies in its files, and how that becomes the table we promise.

A layout takes one file and yields Arrow record batches with the names and types of the set's
columns, in bounded memory. Padding is dropped: particles of a jet become lists.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import gzip
import shutil
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from hepml.data._errors import DataError
from hepml.data.published.columns import CONSTITUENTS
from hepml.data.published.download import check_room

__all__ = ["batches", "schema"]

ABSENT = -999.0
PLACES = 200  # for constituents of a jet in the top-tagging set
FAIR_NAMES = {
    "PRI_tau_pt": ("PRI_had_pt",),
    "PRI_tau_eta": ("PRI_had_eta",),
    "PRI_tau_phi": ("PRI_had_phi",),
    "PRI_jet_num": ("PRI_n_jets", "PRI_jet_num"),
    "DER_deltar_tau_lep": ("DER_deltar_had_lep", "DER_deltar_tau_lep"),
    "DER_pt_ratio_lep_tau": ("DER_pt_ratio_lep_had", "DER_pt_ratio_lep_tau"),
    "Weight": ("weights",),
    "Label": ("labels",),
    "DetailedLabel": ("detailed_labels",),
}
PAIR = {
    "DER_deltaeta_jet_jet",
    "DER_mass_jet_jet",
    "DER_prodeta_jet_jet",
    "DER_lep_eta_centrality",
}


def schema(one):
    """Arrow schema of a set's table.

    Parameters
    ----------
    one : Published

    Returns
    -------
    pyarrow.Schema
    """
    import pyarrow as pa

    def arrow_type(dtype):
        inner = dtype.removeprefix("list of ")
        plain = pa.string() if inner == "string" else pa.from_numpy_dtype(np.dtype(inner))
        return pa.list_(plain) if inner != dtype else plain

    return pa.schema([pa.field(c.name, arrow_type(c.dtype), nullable=False) for c in one.columns])


def batches(one, path):
    """Yield the table of one of the set's files, piece by piece.

    Parameters
    ----------
    one : Published
    path : pathlib.Path

    Yields
    ------
    pyarrow.RecordBatch

    Raises
    ------
    DataError
        If the file is damaged, or its layout is not the set's.
    """
    import pyarrow as pa

    wanted = schema(one)
    for columns in LAYOUTS[one.layout](one, path):
        try:
            arrays = [_as_type(columns[f.name], f.type) for f in wanted]
        except pa.ArrowInvalid as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{path.name} is not as {one.name!r} should be: {reason}") from None
        yield pa.RecordBatch.from_arrays(arrays, schema=wanted)


def _as_type(values, type_):
    import pyarrow as pa

    values = values if isinstance(values, pa.Array) else pa.array(values)
    return values.cast(type_) if values.type != type_ else values


def _open(path, **options):
    """Table of a file, through the same door as a user's own."""
    from hepml.data._read import Table

    return Table(path, **options)


def _found(path, table, choices):
    """Name in the file that stands for a column: the first of ``choices`` that there is."""
    from hepml.data.files.base import check_columns

    for name in choices:
        if name in table.schema.names:
            return name
    check_columns(path, choices[:1], table.schema.names)
    return choices[0]


def _renamed(one, path, table, other_names):
    """Columns of each batch under the set's names."""
    names = {c.name: other_names.get(c.name, (c.name,)) for c in one.columns}
    names = {name: _found(path, table, choices) for name, choices in names.items()}
    for batch in table.batches(checked=False):
        yield {name: batch.column(found) for name, found in names.items()}


def _higgsml(one, path):
    import pyarrow.compute as pc

    for columns in _renamed(one, path, _open(path), {}):
        signal = pc.equal(columns["Label"], "s")
        if not pc.all(pc.or_(signal, pc.equal(columns["Label"], "b"))).as_py():
            raise DataError(f"{path.name} has labels other than s and b")
        yield columns | {"Label": signal.cast("int8")}


def _uci(one, path):
    """Text with or without a first line of names; columns are told by their order."""
    names = [column.name for column in one.columns]
    table = _open(path) if _has_header(path) else _open(path, names=_fitting(one, path, names))
    _fitting(one, path, table.schema.names)
    for batch in table.batches(checked=False):
        yield dict(zip(names, batch.columns, strict=True))


def _first_line(path):
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as stream:
        return next((line for line in stream if line.strip() and line[0] != "#"), "")


def _has_header(path):
    try:
        float(_first_line(path).split(",")[0])
    except ValueError:
        return True
    except (OSError, EOFError):  # what is damaged is said by who reads it
        return False
    return False


def _fitting(one, path, names):
    found = len(_first_line(path).split(","))
    if found != len(one.columns):
        message = f"{path.name} has {found} columns where {one.name!r} has {len(one.columns)}"
        raise DataError(message)
    return names


def _lhco(one, path):
    table, order = _open(path), [c.name.replace("Label", "label") for c in one.columns]
    names = _by_kind(path, table, order, ())
    choices = {name.replace("label", "Label"): (names[name],) for name in order}
    yield from _renamed(one, path, table, choices)


def _by_kind(path, table, floats, integers):
    """Names in the file of a frame's columns, also where pandas pickled them: told by the order.

    pandas keeps the columns of each type together, in their order.
    """
    import pyarrow as pa

    known = table.schema.names
    if {*floats, *integers} <= set(known):
        return {name: name for name in known}
    kinds = [[f.name for f in table.schema if pa.types.is_floating(f.type)]]
    kinds.append([name for name in known if name not in kinds[0]])
    if [len(kind) for kind in kinds] != [len(floats), len(integers)]:
        _found(path, table, (*floats, *integers))
    return dict(zip((*floats, *integers), (*kinds[0], *kinds[1]), strict=True))


def _jet_images(one, path):
    names = {"Label": ("signal",)}
    for columns in _renamed(one, path, _open(path), names):
        pixels = _cube(columns["image"])
        rows = len(pixels)
        every = np.ones((rows, pixels.size // max(rows, 1)), dtype=bool)
        yield columns | {"image": _lists(pixels.reshape(rows, -1), every)}


def _cube(array):
    """Array of all axes of a column of nested fixed-size lists."""
    import pyarrow as pa

    shape = [len(array)]
    while pa.types.is_fixed_size_list(array.type):
        shape.append(array.type.list_size)
        array = array.flatten()
    return array.to_numpy(zero_copy_only=False).reshape(shape)


def _lists(values, real):
    """Make lists of the values that are real, row by row; both of shape (rows, places)."""
    import pyarrow as pa

    ends = np.concatenate(([0], np.cumsum(real.sum(axis=1)))).astype(np.int32)
    kept = values[real]
    kept = kept.astype(np.float32) if kept.dtype == np.float64 else kept
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(kept))


def _qg_jets(_one, path):
    table = _open(path)
    for name in ("X", "y"):
        _found(path, table, (name,))
    for batch in table.batches(checked=False):
        particles = _cube(batch.column("X"))
        if particles.ndim != 3 or particles.shape[2] < 4:
            raise DataError(f"{path.name}: X should have axes (jets, particles, 4)")
        real = particles[:, :, 0] > 0
        columns = dict(zip(("pt", "rapidity", "phi"), np.moveaxis(particles, 2, 0), strict=False))
        lists = {name: _lists(values, real) for name, values in columns.items()}
        pid = np.rint(particles[:, :, 3]).astype(np.int32)
        yield lists | {"pid": _lists(pid, real), "Label": batch.column("y")}


def _top_tagging(_one, path):
    places = [f"{name}_{i}" for i in range(PLACES) for name in CONSTITUENTS]
    truth = [f"truth{name}" for name in CONSTITUENTS]
    table = _open(path)
    names = _by_kind(path, table, (*places, *truth), ("ttv", "is_signal_new"))
    flat = {name: names[name] for name in truth}
    flat |= {"Split": names["ttv"], "Label": names["is_signal_new"]}
    for batch in table.batches(checked=False):
        single = {name: batch.column(found) for name, found in flat.items()}
        yield _constituents(batch, names) | single


def _constituents(batch, names):
    """Make lists of the constituents that are there: those with energy."""
    found = {
        name: np.column_stack(
            [batch.column(names[f"{name}_{i}"]).to_numpy() for i in range(PLACES)]
        )
        for name in CONSTITUENTS
    }
    real = found["E"] > 0
    return {name: _lists(values, real) for name, values in found.items()}


def _fair_universe(one, path):
    with _unzipped(path) as file:
        for columns in _renamed(one, file, _open(file), FAIR_NAMES):
            yield columns | dict(_undefined(columns))


def _undefined(columns):
    """Yield columns of jets, where they are absent with -999 as in the sister."""
    jets = columns["PRI_jet_num"].to_numpy(zero_copy_only=False)
    for name, values in columns.items():
        if needed := _jets_needed(name):
            numbers = values.to_numpy(zero_copy_only=False).astype(np.float32)
            yield name, np.where(jets >= needed, numbers, np.float32(ABSENT))


def _jets_needed(name):
    """How many jets an event must have for a column to be defined."""
    if "subleading" in name or name in PAIR:
        return 2
    return int("jet_leading" in name)


@contextmanager
def _unzipped(path):
    """Give the Parquet file in a zip, unpacked beside it for as long as it is read."""
    if path.suffix != ".zip":
        yield path
        return
    with zipfile.ZipFile(path) as archive:
        inside = [info for info in archive.infolist() if info.filename.endswith(".parquet")]
        if len(inside) != 1:
            raise DataError(f"{path.name} holds {len(inside)} Parquet files where one is expected")
        with tempfile.TemporaryDirectory(dir=path.parent, prefix="tmp") as folder:
            check_room(Path(folder), inside[0].file_size)
            file = Path(folder) / "data.parquet"
            with archive.open(inside[0]) as packed, file.open("wb") as out:
                shutil.copyfileobj(packed, out, 4_000_000)
            yield file


LAYOUTS = {
    "higgsml": _higgsml,
    "uci": _uci,
    "lhco": _lhco,
    "jet_images": _jet_images,
    "qg_jets": _qg_jets,
    "top_tagging": _top_tagging,
    "fair_universe": _fair_universe,
}
