"""Make many jets for the recorded learning curve: those of the recipe `jets` without MPI.

    python -m benchmarks.many_jets FOLDER --events 200000 --seed 2027 --workers 2

writes ``FOLDER/jets.root``. Chunks wait in ``FOLDER/many.part``: after Ctrl-C the same command
goes on. The shipped sample has seed 1511: with another one, no event is in both.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from hepml.data._chunks import ChunkFolder, pack
from hepml.data.files.root import write_columns
from hepml.data.recipes.jets import RECIPE

WITHOUT_MPI = replace(
    RECIPE, processes=tuple(replace(p, fraction=0.5) for p in RECIPE.processes if not p.mpi)
)


def made(chunk):
    """One chunk and the content of its file."""
    return chunk, pack(WITHOUT_MPI.run(chunk))


def mixed(chunks):
    """Chunks of both processes in turns: what is there when it is interrupted is of use."""
    return sorted(chunks, key=lambda chunk: (chunk.index, chunk.process))


def planned(folder, events, seed):
    """Folder of the chunks, and the list of all of them."""
    plan = {"recipe": WITHOUT_MPI.describe(), "events": events, "seed": seed}
    return ChunkFolder(folder / "many.part", plan), WITHOUT_MPI.chunks(events, seed)


def make(kept, chunks, workers):
    """Make the chunks that are not there yet."""
    missing = mixed(kept.missing(chunks))
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(made, chunk) for chunk in missing]
        try:
            for job in tqdm(as_completed(jobs), total=len(jobs), unit="chunk"):
                kept.write(*job.result())
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise


def write(kept, chunks, file, seed):
    """Weigh and shuffle what there is, and write it."""
    absent = {chunk.key for chunk in kept.missing(chunks)}
    chunks = [chunk for chunk in chunks if chunk.key not in absent]
    groups = {}
    for chunk in chunks:
        groups.setdefault(chunk.group, []).append(kept.load(chunk, WITHOUT_MPI.summary))
    results = ((chunk, kept.load(chunk)) for chunk in chunks)
    scales = WITHOUT_MPI.scales(groups)
    columns = WITHOUT_MPI.table(results, scales, np.random.default_rng(seed))
    lengths = {column.name: column.lengths for column in RECIPE.columns if column.lengths}
    write_columns(file, "events", columns, level=5, lengths=lengths)
    print(f"{file}: {len(columns['Label'])} jets, {columns['Label'].sum()} of them W")


def main():
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=2027)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--as-is", action="store_true", help="write what there is, make nothing")
    given = parser.parse_args()
    if given.folder is None:
        print("skipped: name a folder for the jets")
        return
    kept, chunks = planned(given.folder, given.events, given.seed)
    if not given.as_is:
        make(kept, chunks, given.workers)
    write(kept, chunks, given.folder / "jets.root", given.seed)


if __name__ == "__main__":
    main()
