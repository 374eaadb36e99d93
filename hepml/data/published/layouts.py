"""How each published set lies in its files, and how that becomes the table we promise.

A layout takes one file and yields Arrow record batches with the names and types of the set's
columns, in bounded memory. Padding is dropped: particles of a jet become lists.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import gzip
import shutil
import tempfile
import zipfile
import zlib
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np

from hepml.data._errors import DataError
from hepml.data.files import open_source
from hepml.data.files.base import check_columns
from hepml.data.published import cache
from hepml.data.published.download import check_room
from hepml.data.schemas import CONSTITUENTS

__all__ = ["batches", "schema"]

ABSENT = -999.0
LONGEST_LINE = 100_000  # bytes; longer ones are no names
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
    try:
        for columns in LAYOUTS[one.layout](one, path):
            arrays = [_as_type(columns[field.name], field) for field in wanted]
            yield pa.RecordBatch.from_arrays(arrays, schema=wanted)
    except DataError:
        raise
    except (pa.ArrowException, ValueError, TypeError, LookupError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"{path.name} is not as {one.name!r} should be: {reason}") from None


def _as_type(values, field):
    import pyarrow as pa

    values = values if isinstance(values, pa.Array) else pa.array(values)
    if values.null_count:
        raise ValueError(f"{field.name!r} has missing values")
    return values.cast(field.type) if values.type != field.type else values


def _found(source, choices):
    """Name in the file that stands for a column: the first of ``choices`` that there is."""
    for name in choices:
        if name in source.schema.names:
            return name
    check_columns(source.path, choices[:1], source.schema.names)
    return choices[0]


def _renamed(one, source, other_names):
    """Columns of each batch under the set's names."""
    names = {c.name: other_names.get(c.name, (c.name,)) for c in one.columns}
    names = {name: _found(source, choices) for name, choices in names.items()}
    for batch in source.batches(list(dict.fromkeys(names.values()))):
        yield {name: batch.column(found) for name, found in names.items()}


def _higgsml(one, path):
    import pyarrow.compute as pc

    with open_source(path) as source:
        for columns in _renamed(one, source, {}):
            signal = pc.equal(columns["Label"], "s")
            if not pc.all(pc.or_(signal, pc.equal(columns["Label"], "b"))).as_py():
                raise DataError(f"{path.name} has labels other than s and b")
            yield columns | {"Label": signal.cast("int8")}


def _uci(one, path):
    """Text with or without a first line of names; columns are told by their order."""
    names = [column.name for column in one.columns]
    first = _first_line(path).split(",")
    with open_source(path, names=names if _is_number(first[0]) else None) as source:
        if len(first) != len(names):
            message = f"{path.name} has {len(first)} columns where {one.name!r} has {len(names)}"
            raise DataError(message)
        for batch in source.batches(source.schema.names):
            yield dict(zip(names, batch.columns, strict=True))


def _first_line(path):
    """First line that is neither blank nor a comment; what is damaged is said by the reader."""
    opened = gzip.open if path.suffix == ".gz" else partial(open, mode="rb")
    with suppress(OSError, EOFError, zlib.error), opened(path) as stream:
        lines = iter(partial(stream.readline, LONGEST_LINE), b"")
        line = next((line for line in lines if line.strip() and line[:1] != b"#"), b"")
        return line.decode(errors="replace")
    return ""


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lhco(one, path):
    order = [column.name.replace("Label", "label") for column in one.columns]
    with open_source(path) as source:
        names = _by_kind(source, order, ())
        choices = {name.replace("label", "Label"): (names[name],) for name in order}
        yield from _renamed(one, source, choices)


def _by_kind(source, floats, integers):
    """Names in the file of a frame's columns, also where pandas pickled them: told by the order.

    pandas keeps the columns of each type together, in their order.
    """
    import pyarrow as pa

    known = source.schema.names
    if {*floats, *integers} <= set(known):
        return {name: name for name in known}
    kinds = [[f.name for f in source.schema if pa.types.is_floating(f.type)]]
    kinds.append([name for name in known if name not in kinds[0]])
    if [len(kind) for kind in kinds] != [len(floats), len(integers)]:
        for name in (*floats, *integers):
            _found(source, (name,))
    return dict(zip((*floats, *integers), (*kinds[0], *kinds[1]), strict=True))


def _jet_images(one, path):
    with open_source(path) as source:
        for columns in _renamed(one, source, {"Label": ("signal",)}):
            pixels = _cube(columns["image"])
            pixels = pixels.reshape(len(pixels), -1)
            yield columns | {"image": _lists(pixels, np.ones(pixels.shape, dtype=bool))}


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
    with open_source(path) as source:
        names = [_found(source, (name,)) for name in ("X", "y")]
        _check_particles(source)
        for batch in source.batches(names):
            yield _particles(_cube(batch.column("X"))) | {"Label": batch.column("y")}


def _check_particles(source):
    import pyarrow as pa

    jet = source.schema.field("X").type
    particle = jet.value_type if pa.types.is_fixed_size_list(jet) else jet
    if not pa.types.is_fixed_size_list(particle) or particle.list_size != 4:
        raise DataError(f"{source.path.name}: X should have axes (jets, particles, 4)")


def _particles(values):
    """Make lists of the particles that are there: those with transverse momentum."""
    real = values[:, :, 0] > 0
    lists = {n: _lists(values[:, :, i], real) for i, n in enumerate(("pt", "rapidity", "phi"))}
    return lists | {"pid": _lists(np.rint(values[:, :, 3]).astype(np.int32), real)}


def _top_tagging(_one, path):
    places = [f"{name}_{i}" for i in range(PLACES) for name in CONSTITUENTS]
    truth = [f"truth{name}" for name in CONSTITUENTS]
    with open_source(path) as source:
        names = _by_kind(source, (*places, *truth), ("ttv", "is_signal_new"))
        flat = {name: names[name] for name in truth}
        flat |= {"Split": names["ttv"], "Label": names["is_signal_new"]}
        for batch in source.batches(list(names.values())):
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
    with _unzipped(path) as file, open_source(file) as source:
        for columns in _renamed(one, source, FAIR_NAMES):
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
    """Give the Parquet file in a zip, unpacked for as long as it is read: beside it if possible."""
    if path.suffix != ".zip":
        yield path
        return
    beside = path.parent if cache.is_writable(path.parent) else None
    with tempfile.TemporaryDirectory(dir=beside, prefix="tmp") as folder:
        file = Path(folder) / "data.parquet"
        try:
            _unpack(path, file)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            message = f"{path} is damaged or not complete as zip file ({type(error).__name__})"
            raise DataError(message) from None
        yield file


def _unpack(path, file):
    with zipfile.ZipFile(path) as archive:
        inside = [info for info in archive.infolist() if info.filename.endswith(".parquet")]
        if len(inside) != 1:
            raise DataError(f"{path.name} holds {len(inside)} Parquet files where one is expected")
        check_room(file.parent, inside[0].file_size)
        with archive.open(inside[0]) as packed, file.open("wb") as out:
            shutil.copyfileobj(packed, out, 4_000_000)


LAYOUTS = {
    "higgsml": _higgsml,
    "uci": _uci,
    "lhco": _lhco,
    "jet_images": _jet_images,
    "qg_jets": _qg_jets,
    "top_tagging": _top_tagging,
    "fair_universe": _fair_universe,
}
