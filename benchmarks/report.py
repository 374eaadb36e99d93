"""What a report on a million events of thirty features costs, beside the build of before.

python -m benchmarks.report --before CHECKOUT [--profiler PYTHON]

CHECKOUT is another checkout, after `make install` there; PYTHON is one that has ydata-profiling,
which is then asked for its page on the same table, once.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.starting import python
from benchmarks.timing import asking, circumstances, met, present, table

ROOT = Path(__file__).resolve().parents[1]
FEATURES = 30
LONGEST = 3600  # s
# Linux alone: elsewhere, as in `ru_maxrss`, the peak begins with that of the parent.
TOLD = """
import pathlib, resource, time
spent = resource.getrusage(resource.RUSAGE_SELF)
kilobytes = int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
print(spent.ru_utime + spent.ru_stime - begun, time.perf_counter() - start, kilobytes / 1e3)
"""
BEGUN = """
import resource, sys, time
spent = resource.getrusage(resource.RUSAGE_SELF)
begun, start = spent.ru_utime + spent.ru_stime, time.perf_counter()
"""
WAYS = {
    "`hepml_widgets.report`, arrays at hand": f"""
import sys
import numpy as np
import hepml_widgets
given = dict(np.load("events.npz"))
y, w, score = (given.pop(name) for name in ("y", "w", "bdt"))
{BEGUN}
hepml_widgets.report(y, {{"BDT": score}}, given, w, path="page.html")
{TOLD}""",
    "`hepml report`, a Parquet file": f"""
import sys
import resource, time
begun, start = 0.0, time.perf_counter()
from hepml.cli import main
options = "--label y --weight w --score bdt --force"
sys.argv = ["hepml", "report", "events.parquet", *options.split()]
try:
    main()
except SystemExit as end:
    assert not end.code
{TOLD}""",
}
PROFILER = f"""
import sys
import pandas as pd
from ydata_profiling import ProfileReport
table = pd.read_parquet("events.parquet")
{BEGUN}
ProfileReport(table, minimal=sys.argv[1] == "minimal", progress_bar=False).to_file("profile.html")
{TOLD}"""


def make(folder, events):
    """Write the events: ten features that separate, ten with long tails, whole numbers, codes."""
    rng = np.random.default_rng(1)
    y = rng.random(events) < 0.3
    X = rng.normal(size=(events, FEATURES)).astype(np.float32)
    X[:, :10] += 0.3 * y[:, None]
    X[:, 10:20] = np.exp(X[:, 10:20])
    X[:, 20:23] = np.round(2 * X[:, 20:23])
    X[rng.random(events) < 0.1, 23] = -999
    columns = {
        "y": y.astype(np.int8),
        "w": rng.gamma(2, 0.5, events).astype(np.float32),
        "bdt": 1 / (1 + np.exp(1.5 - X[:, :10].sum(axis=1))),
        **{f"x{i}": column for i, column in enumerate(X.T)},
    }
    np.savez(folder / "events.npz", **columns)
    pq.write_table(pa.table(columns), folder / "events.parquet")


def spent(interpreter, code, folder, checkout=None, *words):
    """Run in a fresh process: seconds of CPU, seconds, and peak of memory in MB."""
    environment = {**os.environ, "PYTHONPATH": str(checkout or "")}
    done = subprocess.run(
        [str(interpreter), "-c", code, *words], cwd=folder, env=environment, check=True,
        stdout=subprocess.PIPE, text=True, timeout=LONGEST,
    )  # fmt: skip
    return np.array(done.stdout.split()[-3:], dtype=float)


def measured(code, folder, before, rounds):
    """Medians before and now, and of now again over now; in turns."""
    houses = {"before": before, "now": ROOT, "again": ROOT}
    found = {name: [] for name in houses}
    for _ in range(rounds):
        for name, checkout in houses.items():
            found[name].append(spent(python(checkout), code, folder, checkout))
    return [np.median(found[name], axis=0) for name in houses]


def row(name, before, now, again):
    ratio, control = now / before, again / now
    return [name, f"{before[0]:.1f}", f"{now[0]:.1f}", f"{ratio[0]:.2f}", f"{control[0]:.2f}",
            met(ratio[0] <= 1 / 3), f"{before[2]:.0f}", f"{now[2]:.0f}", f"{ratio[2]:.2f}",
            met(ratio[2] <= 1 / 2)]  # fmt: skip


def against(profiler, folder, ours):
    """Lines on a general profiler with all that it does, and with the least."""
    for kind in ("minimal", "default"):
        cpu, wall, peak = spent(profiler, PROFILER, folder, None, kind)
        yield [f"ydata-profiling, {kind}", f"{cpu:.0f}", f"{wall:.0f}", f"{peak:.0f}",
               f"{cpu / ours[0]:.0f}", f"{wall / ours[1]:.0f}"]  # fmt: skip


def main():
    parser = asking(__doc__)
    parser.add_argument("--before", type=Path, required=True, help="another checkout")
    parser.add_argument("--profiler", type=Path, help="a Python that has ydata-profiling")
    parser.add_argument("--events", type=float, default=1e6)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, int(options.events))
        found = {
            way: measured(code, folder, options.before.resolve(), options.rounds)
            for way, code in WAYS.items()
        }
        ours = next(iter(found.values()))[1]
        peers = list(against(options.profiler, folder, ours)) if options.profiler else []
    header = ["way", "CPU before [s]", "now [s]", "now / before", "now / now", "at most 1/3",
              "peak before [MB]", "now [MB]", "now / before", "at most 1/2"]  # fmt: skip
    text = f"""## A report

{circumstances("numpy", "pandas", "pyarrow")}

{options.events:.0e} events of {FEATURES} features, one score; fresh processes, in turns with the
build of before the house moved, medians of {options.rounds}. The command's seconds contain its
imports. Peaks are of the whole process: with its libraries and the table, {
        4e-6 * FEATURES * options.events:.0f} MB.

{table(header, [row(way, *parts) for way, parts in found.items()])}
"""
    if peers:
        names = ["page", "CPU [s]", "seconds", "peak [MB]", "CPU / ours", "seconds / ours"]
        text += f"\n{table(names, peers)}\n"
    present("report", text, dry=options.dry)


if __name__ == "__main__":
    sys.exit(main())
