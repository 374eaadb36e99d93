"""RNTuples of many rows in one large cluster and in many small ones, beside uproot.

python -m benchmarks.clusters [--rounds 3] [--rows 10000000]
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

from benchmarks.timing import circumstances, interleave, record, table
from hepml import data

CLUSTER = 20_000  # rows of the small ones
COMMENT = """
Median ratios of CPU time in {rounds} interleaved rounds on {rows} rows: `hepml.data.chunks` and
`hepml.data.read` over `arrays()` of uproot, all columns; "again" is uproot's second run in the same
round. Flat are a float32, a float64, an int32 and a truth value; jagged a float32 and a list of
float32, two per row on average.
"""
HEADER = ["rows", "clusters", "uproot [s]", "chunks / uproot", "read / uproot", "again / uproot"]


def flat(rng, rows):
    return {
        "a": rng.normal(size=rows).astype(np.float32),
        "b": np.round(rng.normal(size=rows), 2),
        "k": rng.integers(0, 1000, rows).astype(np.int32),
        "f": rng.random(rows) > 0.5,
    }


def jagged(rng, rows):
    counts = rng.poisson(2, rows)
    entries = rng.normal(size=counts.sum()).astype(np.float32)
    return {"x": rng.normal(size=rows).astype(np.float32), "j": ak.unflatten(entries, counts)}


def write(path, columns, rows, step):
    with uproot.recreate(path, compression=uproot.ZSTD(1)) as file:
        tree = file.mkrntuple("t", {name: values[:step] for name, values in columns.items()})
        for start in range(step, rows, step):
            tree.extend({name: part[start : start + step] for name, part in columns.items()})


def bare(path):
    with uproot.open(f"{path}:t", object_cache=None, array_cache=None) as tree:
        return tree.arrays()


def in_chunks(path):
    return sum(len(part) for part in data.chunks(path))


def row(name, path, rounds):
    contestants = {
        "uproot": partial(bare, path),
        "chunks": partial(in_chunks, path),
        "read": partial(data.read, path),
    }
    found = interleave(contestants, control="uproot", rounds=rounds)
    cells = [f"{found['uproot'].median:.2f}"]
    return [
        *name,
        *cells,
        *(f"{found[one].over(found['uproot']):.2f}" for one in ("chunks", "read", "uproot again")),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--print-only", action="store_true", help="leave RESULTS.md as it is")
    asked = parser.parse_args()
    found, rng = [], np.random.default_rng(1)
    for kind in (flat, jagged):
        columns = kind(rng, asked.rows)
        for clusters, step in (("one", asked.rows), (f"of {CLUSTER} rows", CLUSTER)):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "t.root"
                write(path, columns, asked.rows, step)
                found.append(row([kind.__name__, clusters], path, asked.rounds))
                print(*found[-1])
    where = circumstances("uproot", "awkward", "pyarrow", "numpy", "pandas")
    comment = COMMENT.format(rounds=asked.rounds, rows=asked.rows)
    text = f"## Large RNTuples\n\n{where}\n{comment}\n{table(HEADER, found)}\n"
    print(text)
    if not asked.print_only:
        record("clusters", text)


if __name__ == "__main__":
    main()
