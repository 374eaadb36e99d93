"""The same samples as TTree, RNTuple, Parquet, HDF5, npz and CSV: size, and time to read and write.

python -m benchmarks.formats [--rounds 7]
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import uproot

from benchmarks.timing import circumstances, interleave, record, table
from hepml import data
from hepml.data.files import open_writer

FILES = {
    "TTree": "ttree.root",
    "RNTuple": "rntuple.root",
    "Parquet": "t.parquet",
    "HDF5": "t.h5",
    "npz": "t.npz",
    "CSV.gz": "t.csv.gz",
}
JETS, FEATURES = 20_000, ("pt", "eta", "phi", "charge")
COPIES = 2  # of the bundled events, so that opening a file is not what is timed
COMMENT = """
Medians of CPU time in {rounds} interleaved rounds, all threads together; ratios are medians of the
ratios within a round. Read is `hepml.data.read` of all columns and of three; "bare" is the library
below it reading the same columns of the same file to arrays (uproot, pyarrow, h5py, numpy), which
checks less: no digests and no page sums. "read / read" is the same contestant twice per
round. Written is what `hepml data convert` writes, with each format's fast compression.
higgs_tautau is the bundled sample {copies} times over; jets are {jets} of 5 to 60 constituents with
four features.
"""
HEADER = ["format", "size [MB]", "per event [B]", "write [ms]", "read [ms]", "three columns [ms]"]
HEADER += ["read / bare", "three / bare", "read / read"]


def events():
    """Make a batch of the bundled sample, several times over."""
    sample = data.load("higgs_tautau")
    columns = {name: np.tile(sample[name].to_numpy(), COPIES) for name in sample}
    return as_batch({name: pa.array(values) for name, values in columns.items()})


def jets(rng):
    """Make a batch of jagged constituents, falling in pt and clustered around an axis."""
    ends = np.concatenate(([0], np.cumsum(rng.integers(5, 61, JETS)))).astype(np.int32)
    count = int(ends[-1])
    values = {
        "pt": rng.exponential(8, count).astype(np.float32),
        "eta": rng.normal(0, 0.3, count).astype(np.float32),
        "phi": rng.normal(0, 0.3, count).astype(np.float32),
        "charge": rng.integers(-1, 2, count).astype(np.int8),
    }
    lists = {name: pa.ListArray.from_arrays(pa.array(ends), values[name]) for name in FEATURES}
    return as_batch({"label": pa.array(rng.integers(0, 2, JETS).astype(np.int8))} | lists)


def as_batch(columns):
    fields = [pa.field(name, array.type, nullable=False) for name, array in columns.items()]
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=pa.schema(fields))


def write(path, batch):
    """Write a batch as `convert` does."""
    layout = path.stem if path.suffix == ".root" else None
    with open_writer(path, path, batch.schema, "events", layout) as file:
        file.write(batch)


def bare(path, columns):
    """Read columns with nothing but the format's library."""
    return READERS[path.suffix](path, columns)


def bare_root(path, columns):
    with uproot.open(path) as file:
        return file["events"].arrays(columns)


def bare_parquet(path, columns):
    return pq.read_table(path, columns=columns)


def bare_hdf5(path, columns):
    with h5py.File(path) as file:
        things = [file["events"][name] for name in columns]
        return [[t[()] for t in (x.values() if isinstance(x, h5py.Group) else [x])] for x in things]


def bare_npz(path, columns):
    with np.load(path) as file:
        parts = [name for name in file.files if name.split("/")[0] in columns]
        return [file[name] for name in parts]


def bare_csv(path, columns):
    options = pc.ConvertOptions(include_columns=columns)
    return pc.read_csv(path, convert_options=options)


READERS = {".root": bare_root, ".parquet": bare_parquet, ".h5": bare_hdf5}
READERS |= {".npz": bare_npz, ".gz": bare_csv}


def row(name, path, batch, rounds):
    """Measure one format."""
    every = batch.schema.names
    three = every[-3:]
    writing = interleave({"write": partial(write, path, batch)}, control="write", rounds=3)
    contestants = {
        "read": partial(data.read, path),
        "three": partial(data.read, path, columns=three),
        "bare": partial(bare, path, every),
        "bare three": partial(bare, path, three),
    }
    found = interleave(contestants, control="read", rounds=rounds)
    size = path.stat().st_size
    cells = [f"{size / 1e6:.2f}", f"{size / batch.num_rows:.1f}"]
    times = (writing["write"], found["read"], found["three"])
    cells += [f"{1e3 * timing.median:.0f}" for timing in times]
    ratios = (("read", "bare"), ("three", "bare three"), ("read again", "read"))
    cells += [f"{found[one].over(found[other]):.2f}" for one, other in ratios]
    print(name, *cells)
    return [name, *cells]


def rows(batch, rounds):
    """Measure every format that can hold the sample."""
    is_flat = not any(map(pa.types.is_nested, batch.schema.types))
    with tempfile.TemporaryDirectory() as folder:
        for name, file in FILES.items():
            if is_flat or name != "CSV.gz":
                yield row(name, Path(folder) / file, batch, rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--print-only", action="store_true", help="leave RESULTS.md as it is")
    asked = parser.parse_args()
    samples = {"higgs_tautau": events(), "jets": jets(np.random.default_rng(1))}
    parts = []
    for name, batch in samples.items():
        title = f"{name}: {batch.num_rows} events, {batch.num_columns} columns"
        parts.append(f"{title}\n\n{table(HEADER, list(rows(batch, asked.rounds)))}\n")
    where = circumstances("uproot", "pyarrow", "h5py", "numpy", "pandas")
    comment = COMMENT.format(rounds=asked.rounds, copies=COPIES, jets=JETS)
    text = "\n".join([f"## File formats\n\n{where}\n{comment}", *parts])
    print(text)
    if not asked.print_only:
        record("formats", text)


if __name__ == "__main__":
    main()
