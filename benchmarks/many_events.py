"""A RocExplorer of 1e8 events: how long it takes, and how much memory beside the events.

    python -m benchmarks.many_events [--events 1e7 1e8]

Each number of events has a process of its own, for its largest memory. Labels are uint8, scores
and weights float32, so 1e8 events are 0.9 GB before anything is done with them.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

from benchmarks.timing import asking, circumstances, present, table

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
    from hepml_widgets.core.payload import inline_json

    sample = made(events, np.random.default_rng(seed))
    held, before, cpu = sum(part.nbytes for part in sample) / 1e9, peak(), time.process_time()
    explorer = RocExplorer(*sample)
    return {
        "cpu": time.process_time() - cpu,
        "held": held,
        "before": before,
        "peak": peak(),
        "table": len(inline_json(explorer.state())) / 1e3,
        "readout": explorer.readout,
    }


def alone(events):
    """Measure in a process that does nothing else."""
    command = [sys.executable, "-m", "benchmarks.many_events", "--one", str(events)]
    return json.loads(subprocess.check_output(command))


def row(events, one):
    sizes = (one["held"], one["before"], one["peak"])
    numbers = [f"{one['cpu']:.1f}", *(f"{size:.2f}" for size in sizes), f"{one['table']:.0f}"]
    return [f"{events:.0e}".replace("+0", ""), *numbers, one["readout"]]


def main():
    parser = asking(__doc__)
    parser.add_argument("--events", type=float, nargs="+", default=[1e7, 1e8])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.one)))
        return
    rows = [row(int(events), alone(int(events))) for events in options.events]
    header = ["events", "built in [s CPU]", "events [GB]", "peak before [GB]", "peak [GB]"]
    text = f"""## RocExplorer of many events

{circumstances("numpy")}

One process each; labels in uint8, scores and weights in float32. The table is what the browser
gets, whatever the number of events.

{table([*header, "table [kB]", "readout"], rows)}
"""
    present("many-events", text, dry=options.dry)


if __name__ == "__main__":
    main()
