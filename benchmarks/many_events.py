"""A RocExplorer of 1e8 events: how long it takes, and how much memory beside the events.

``python -m benchmarks.many_events [--events 100000000]`` prints one line of JSON. Labels are
uint8, scores and weights float32, so 1e8 events are 0.9 GB before anything is done with them.
"""

import argparse
import json
import resource
import time

import numpy as np

CHUNK = 10_000_000


def made(events, rng):
    """Make labels, scores and weights in pieces, so that nothing larger than them is needed."""
    y = np.empty(events, dtype=np.uint8)
    score, weights = (np.empty(events, dtype=np.float32) for _ in range(2))
    for start in range(0, events, CHUNK):
        own = slice(start, min(start + CHUNK, events))
        y[own] = rng.integers(0, 2, own.stop - start, dtype=np.uint8)
        x = rng.standard_normal(own.stop - start, dtype=np.float32) + y[own]
        score[own] = 1 / (1 + np.exp(-x))
        weights[own] = rng.uniform(0.5, 1.5, own.stop - start)
    return y, score, weights


def peak():
    """Largest resident memory so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def measured(events, seed=1):
    """Make a `RocExplorer`; CPU seconds, peak memory, and the size of what is sent."""
    from hepml_widgets import RocExplorer
    from hepml_widgets._base import _inline_json

    sample = made(events, np.random.default_rng(seed))
    held, before, wall = sum(part.nbytes for part in sample) / 1e9, peak(), time.perf_counter()
    cpu = time.process_time()
    explorer = RocExplorer(*sample)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    start = time.process_time()
    readout = explorer.readout
    return {
        "events": events,
        "events_gb": round(held, 2),
        "peak_before_gb": round(before, 2),
        "peak_gb": round(peak(), 2),
        "cpu_s": round(cpu, 1),
        "wall_s": round(wall, 1),
        "readout_cpu_ms": round(1e3 * (time.process_time() - start), 1),
        "table_kb": round(len(_inline_json(explorer.state())) / 1e3, 1),
        "readout": readout,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=100_000_000)
    print(json.dumps(measured(parser.parse_args().events), ensure_ascii=False))


if __name__ == "__main__":
    main()
