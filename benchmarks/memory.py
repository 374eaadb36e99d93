"""Files larger than the memory: go through them and convert them under a limit of 1 GB.

    python -m benchmarks.memory --gigabytes 5 --folder /scratch

writes a file of that size in each format, reads it by `hepml.data.chunks` and converts it, each
in a fresh process that may allocate no more than 1 GB (``RLIMIT_DATA``), and records time and
largest resident memory. The files are deleted afterwards.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.timing import circumstances, record, table
from hepml.data.files import open_writer

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 1_000_000_000
BATCH_ROWS = 200_000
FLAT, MULTIPLICITY = 20, 2
FILES = {  # name of the file: layout, what it is converted to
    "tree.root": ("ttree", "out.parquet"),
    "ntuple.root": ("rntuple", "out.parquet"),
    "table.parquet": (None, "out.root"),
    "table.h5": (None, "out.parquet"),
    "table.npz": (None, "out.parquet"),
    "table.csv": (None, "out.parquet"),
}
COMMENT = """Random columns: {flat} float32, one int64 and, but in CSV, jagged float32 ({mean} per
row on average). Each run is a fresh process that may allocate at most 1 GB (`RLIMIT_DATA`);
resident memory is the largest of the run, libraries included."""

LIMITED = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_DATA, ({limit}, {limit}))
from hepml import data
start = time.perf_counter()
result = {work}
print(json.dumps([result, time.perf_counter() - start,
                  resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]))
"""
READ = "sum(len(piece) for piece in data.chunks({source!r}))"
CONVERT = "data.convert({source!r}, {target!r}).rows"


def batch(rng, *, jagged):
    """Random rows, jagged column and all."""
    columns = {f"x{i}": rng.normal(size=BATCH_ROWS).astype(np.float32) for i in range(FLAT)}
    columns["event"] = rng.integers(0, 2**40, BATCH_ROWS)
    if jagged:
        ends = np.cumsum([0, *rng.poisson(MULTIPLICITY, BATCH_ROWS)]).astype(np.int32)
        hits = rng.exponential(size=ends[-1]).astype(np.float32)
        columns["hits"] = pa.ListArray.from_arrays(ends, hits)
    arrays = {name: pa.array(values) for name, values in columns.items()}
    fields = [pa.field(name, values.type, nullable=False) for name, values in arrays.items()]
    return pa.RecordBatch.from_arrays(list(arrays.values()), schema=pa.schema(fields))


def write(path, layout, size):
    """Write rows until the file has the size; return how many."""
    rng, rows, held = np.random.default_rng(1), 0, 0
    jagged = path.suffix != ".csv"
    schema = batch(rng, jagged=jagged).schema
    with open_writer(path, path, schema, "events", layout) as writer:
        while (path.stat().st_size if path.exists() else held) < size:
            more = batch(rng, jagged=jagged)
            writer.write(more)
            rows, held = rows + BATCH_ROWS, held + more.nbytes
    return rows


def limited(work, **names):
    """Run work under the limit; return its result, seconds and largest resident bytes."""
    code = LIMITED.format(limit=LIMIT, work=work.format(**names))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def measure(folder, name, size):
    """Cells of one row of the table."""
    layout, out = FILES[name]
    source, target = folder / name, folder / out
    start = time.perf_counter()
    rows = write(source, layout, size)
    print(f"{name}: {rows} rows written in {time.perf_counter() - start:.0f} s", flush=True)
    read, read_seconds, read_memory = limited(READ, source=str(source))
    done, seconds, memory = limited(CONVERT, source=str(source), target=str(target))
    if not read == done == rows:
        raise RuntimeError(f"{rows} rows written, {read} read, {done} converted")
    cells = [f"{source.stat().st_size / 1e9:.2f}", f"{rows / 1e6:.1f}"]
    cells += [f"{read_seconds:.0f}", f"{read_memory / 1e6:.0f}"]
    cells += [f"{out.removeprefix('out')}: {seconds:.0f}", f"{memory / 1e6:.0f}"]
    source.unlink()
    target.unlink()
    return [name, *cells]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--folder", type=Path, default=None, help="where there is room")
    parser.add_argument("--files", nargs="+", choices=FILES, default=list(FILES))
    parser.add_argument("--dry", action="store_true", help="print, do not record")
    asked = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        for name in asked.files:
            lines.append(measure(Path(folder), name, asked.gigabytes * 1e9))
            print(*lines[-1], sep="  ", flush=True)
    header = ["file", "GB", "10⁶ rows", "read [s]", "memory [MB]", "convert [s]", "memory [MB]"]
    text = table(header, lines)
    if not asked.dry:
        where = circumstances("uproot", "awkward", "pyarrow", "h5py", "pandas", "numpy")
        comment = COMMENT.format(flat=FLAT, mean=MULTIPLICITY)
        record("memory", f"## Files larger than the memory\n\n{where}\n{comment}\n\n{text}")
    print(text)


if __name__ == "__main__":
    main()
