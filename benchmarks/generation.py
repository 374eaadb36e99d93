"""What making events costs: CPU per event of each process, bytes, and two workers against one.

    python -m benchmarks.generation [RECIPE …]

writes the section of RESULTS.md, and `generation.json` from which the book computes a plan. What
was measured of other recipes stays, and each recipe is kept as soon as it is measured.
"""

import argparse
import contextlib
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.timing import circumstances, record, rotated, table
from hepml import data
from hepml.data import _cluster, _generate
from hepml.data._chunks import pack
from hepml.data.recipes import NAMES, get
from hepml.files import write_text

JSON = Path(__file__).with_name("generation.json")
FACTS = {"gg -> H": 30, "VBF H": 18, "Z/gamma* -> tau tau": 6, "t tbar": 7, "W + jets": 1.9}
BEFORE = {("higgs_tautau", process): rate for process, rate in FACTS.items()}
CPU_SECONDS = 8  # aimed at per process of a Pythia recipe
TRIED = {"higgs_tautau": 5, "heavy_higgs": 50, "jets": 20, "shower_variations": 500, "dijets": 50}
TRIED |= {"top_resonance": 50}
TRIED |= {"known_truth": 10_000}
SEED = 2026
ROUNDS = 3


def rates(name):
    """Events per CPU-second of each process, the start of the generator in full chunks' part."""
    return {p.name: _rate(name, i) for i, p in enumerate(get(name).processes)}


def _rate(name, process):
    """Time a few events, then as many as fill the time; setting up is shared by a chunk."""
    chunk = next(c for c in get(name).chunks(100_000, SEED) if c.process == process)
    few = TRIED[name]
    first = _cpu_seconds(name, replace(chunk, events=few))
    many = min(chunk.events, max(4 * few, int(few * CPU_SECONDS / first)))
    return many / _cpu_seconds(name, replace(chunk, events=many))


def _cpu_seconds(name, chunk):
    start = time.process_time()
    pack(get(name).run(chunk))
    return time.process_time() - start


def average(name, per_process):
    """Events per CPU-second of the mixture that the recipe makes."""
    return 1 / sum(p.fraction / per_process[p.name] for p in get(name).processes)


def bytes_per_event(name):
    """Bytes of the bundled sample per event."""
    return data.path(name).stat().st_size / data.card(name).record["events"]


def chunk_bytes_per_event(name):
    """Bytes of a chunk's file, which waits on disk until the sample is written."""
    chunk = get(name).chunks(100_000, SEED)[0]
    chunk = replace(chunk, events=min(chunk.events, 40 * TRIED[name]))
    return len(pack(get(name).run(chunk))) / chunk.events


def assembly_seconds(events=200_000):
    """CPU seconds per event of weighing, shuffling, compressing and digesting."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        data.generate("known_truth", events, SEED, folder)
        return (time.process_time() - start) / events


def pieces(name):
    """Equal pieces of work for the workers, some seconds in all."""
    chunk = get(name).chunks(100_000, SEED)[0]
    if get(name).packages[0] == "pythia8mc":
        return [replace(chunk, index=i, events=2 * TRIED[name]) for i in range(32)]
    return [replace(chunk, index=i) for i in range(150)]


class Workers:
    """A local cluster that is kept for several runs."""

    def __init__(self, number):
        self.number = number

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(_cluster.silent())
        start = time.monotonic()
        local = self.stack.enter_context(_cluster.LocalCluster(self.number))
        self.client = self.stack.enter_context(local.connected())
        while len(self.client.nthreads()) < self.number:
            time.sleep(0.02)
        self.start_seconds = time.monotonic() - start
        return self

    def __exit__(self, *_):
        self.stack.close()

    def seconds(self, name):
        """Wall time of all pieces."""
        run = _cluster.Run(self.client, name, lambda: None, print)
        start = time.monotonic()
        for _ in run.results(pieces(name)):
            pass
        return time.monotonic() - start


def scaling(name):
    """Seconds of one worker, the same again, and two, in turns."""
    with Workers(1) as one, Workers(2) as two:
        contestants = {"one": one, "one again": one, "two": two}
        for workers in (one, two):
            workers.seconds(name)
        seconds = {key: [] for key in contestants}
        for turn in range(ROUNDS):
            for key in rotated(list(contestants), turn):
                seconds[key].append(contestants[key].seconds(name))
        return seconds, two.start_seconds


def ratio(seconds, over, under):
    return median(a / b for a, b in zip(seconds[over], seconds[under], strict=True))


def measure(name):
    """All figures of one recipe."""
    per_process = rates(name)
    seconds, start = scaling(name)
    return {
        "events_per_cpu_second": per_process,
        "average_events_per_cpu_second": average(name, per_process),
        "bytes_per_event": bytes_per_event(name),
        "chunk_bytes_per_event": chunk_bytes_per_event(name),
        "two_workers_over_one": ratio(seconds, "one", "two"),
        "same_against_same": ratio(seconds, "one again", "one"),
        "seconds_one_worker": median(seconds["one"]),
        "seconds_two_workers": median(seconds["two"]),
        "start_seconds_two_workers": start,
    }


TEXT = """
## Making events

{circumstances}

Events per CPU-second, one process; "before" is what first
trials of the same processes gave.

{rates}

Wall time of the same chunks on one and on two workers of a local Dask cluster, medians of {rounds}
interleaved rounds; starting the cluster is not in it. "same / same" is one worker against itself.
known_truth is made faster than one process can take it in, so it has no use for a second worker.
Weighing, shuffling and writing take another {assembly:.1f} µs of CPU per event.

{scaling}
"""


def rate_rows(figures):
    for name, f in figures.items():
        for process, value in f["events_per_cpu_second"].items():
            before = str(BEFORE.get((name, process), ""))
            yield [name, process, f"{value:.3g}", before]
        yield [name, "mixture", f"{f['average_events_per_cpu_second']:.3g}", ""]


def scaling_rows(figures):
    for name, f in figures.items():
        yield [
            name,
            f"{f['seconds_one_worker']:.2f}",
            f"{f['seconds_two_workers']:.2f}",
            f"{f['two_workers_over_one']:.2f}",
            f"{f['same_against_same']:.2f}",
            f"{f['start_seconds_two_workers']:.1f}",
            f"{f['bytes_per_event']:.0f}",
            f"{f['chunk_bytes_per_event']:.0f}",
        ]


def kept():
    """Read what was measured before."""
    return json.loads(JSON.read_text()) if JSON.exists() else {"recipes": {}}


def keep(figures, assembly):
    """Write the section and the file; recipes stand in the order of the samples."""
    figures = {name: figures[name] for name in NAMES if name in figures}
    made_with = circumstances("numpy", "pythia8mc", "distributed")
    scaling_head = ["sample", "one [s]", "two [s]", "one / two", "same / same", "start of two [s]"]
    text = TEXT.format(
        circumstances=made_with,
        rates=table(["sample", "process", "events/s", "before"], rate_rows(figures)),
        scaling=table([*scaling_head, "bytes/event", "chunk bytes/event"], scaling_rows(figures)),
        rounds=ROUNDS,
        assembly=1e6 * assembly,
    )
    record("generation", text)
    whole = {
        "circumstances": made_with,
        "assembly_cpu_seconds_per_event": assembly,
        "shard_events": _generate.SHARD_EVENTS,
        "recipes": figures,
    }
    write_text(JSON, json.dumps(whole, indent=1) + "\n")
    return text


def main():
    """Measure, record and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=f"of {', '.join(TRIED)}")
    names = parser.parse_args().recipes or [name for name in NAMES if name in TRIED]
    if unknown := [name for name in names if name not in TRIED]:
        parser.error(f"no recipe is called {unknown[0]!r}; there are {', '.join(TRIED)}")
    figures, assembly = kept()["recipes"], assembly_seconds()
    for name in names:
        print(f"{name} …", flush=True)
        figures[name] = measure(name)
        text = keep(figures, assembly)
    print(text)


if __name__ == "__main__":
    main()
