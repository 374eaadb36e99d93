"""What a class waits for: every lesson run whole, as `make notebooks` runs it.

python -m benchmarks.class_runs [NAMES] --before CHECKOUT    (another one, after `make install`)
python -m benchmarks.class_runs reweighting --cells          (where its seconds and megabytes go)
"""

import json
import os
import subprocess
from functools import partial
from pathlib import Path

from benchmarks.starting import python
from benchmarks.timing import Timing, asking, circumstances, met, present, rotated, table

ROOT = Path(__file__).resolve().parents[1]
LESSONS = (
    "start", "best-classifier", "boosted-trees", "deep-networks", "jet-images",
    "parameterised", "reweighting", "without-labels", "anomalies",
)  # fmt: skip
LONGEST, LARGEST, SHARE = 60, 1.2e9, 0.6  # s, bytes, of all seconds


def attend(checkout, lesson, folder=None):
    """Run a lesson of a checkout in a fresh kernel; return what it took."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    script = ROOT / "benchmarks" / "class_run.py"
    words = [python(checkout), "-P", script, checkout, lesson, *([folder] if folder else [])]
    done = subprocess.run(words, cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def once_each(lesson, before, folder, rounds, *, again):
    """Run a lesson now, before and now again, in turns; return the runs of each."""
    acts = {"now": partial(attend, ROOT, lesson, folder)}
    acts |= {"before": partial(attend, before, lesson)} if before else {}
    acts |= {"now again": acts["now"]} if before and again else {}
    runs = {name: [] for name in acts}
    for turn in range(rounds):
        for name in rotated(list(acts), turn):
            runs[name].append(acts[name]())
    return runs


def timing(runs, figure="cpu"):
    return Timing(tuple(run[figure] for run in runs))


def show_cells(lesson, run):
    """Print the cells of a run that take most, and where its memory grows."""
    print(
        f"\n{lesson}: {run['cpu']:.0f} s of CPU in {run['wall']:.0f} s, {run['peak'] / 1e9:.2f} GB"
    )
    spent, peak, lines = 0.0, 0, []
    for number, (source, seconds, largest) in enumerate(run["cells"], 1):
        first = next((line for line in source.splitlines() if line), "")[:60]
        lines.append((seconds - spent, (largest - peak) / 1e6, number, first))
        spent, peak = seconds, largest
    for seconds, grown, number, first in sorted(lines, reverse=True):
        if seconds >= 0.3 or grown >= 40:
            print(f"{seconds:7.2f} s {grown:+6.0f} MB  cell {number}: {first}")


def row(lesson, runs, idle):
    """One line of the table; `idle` are seconds on an idle machine before."""
    names = [name for name in ("before", "now", "now again") if name in runs]
    cpu, wall = ({name: timing(runs[name], of) for name in names} for of in ("cpu", "wall"))
    share, peak = wall["now"].over(wall["before"]), max(run["peak"] for run in runs["now"])
    again = f"{wall['now again'].over(wall['now']):.2f}" if "now again" in names else "not run"
    figures = [f"{each[name].median:.0f}" for each in (cpu, wall) for name in ("before", "now")]
    figures += [f"{share:.2f}", again, f"{idle:.0f}", f"{share * idle:.0f}"]
    figures += [f"{timing(runs['before'], 'peak').median / 1e9:.2f}", f"{peak / 1e9:.2f}"]
    return [lesson, *figures, met(share * idle <= LONGEST and peak <= LARGEST)]


HEADER = [
    "lesson", "CPU before [s]", "CPU now [s]", "wall before [s]", "wall now [s]", "now / before",
    "now / now", "idle before [s]", "idle now [s]", "peak before [GB]", "peak now [GB]",
    "at most 60 s and 1.2 GB",
]  # fmt: skip


def text_of(runs, before):
    """Write the section of the results."""
    idle = json.loads((before / "book" / "measured.json").read_text())
    idle = {lesson: idle[lesson]["seconds"] for lesson in runs}
    rows = [row(lesson, each, idle[lesson]) for lesson, each in runs.items()]
    shares = {
        lesson: timing(each["now"], "wall").over(timing(each["before"], "wall"))
        for lesson, each in runs.items()
    }
    now, then = sum(shares[lesson] * idle[lesson] for lesson in runs), sum(idle.values())
    verdict = f"{now / then:.2f}, at most {SHARE}: {met(now <= SHARE * then)}"
    return f"""## A class's run

{circumstances("keras", "scikit-learn", "xgboost-cpu", "lightgbm")}

Every lesson run whole in a fresh kernel with two threads, as `make notebooks` does it, in turns
with the build of before; medians. *Idle before* is the wall time that `book/measured.json` of that
build notes of two idle cores; *idle now* is that times the ratio of the wall times measured here,
where nothing else ran but the cores are shared. 0.43 GB of a peak are pages of TensorFlow's
library, which all kernels of a machine share.

{table(HEADER, rows)}

Together {then:.0f} s on an idle machine before, {now:.0f} s now: {verdict}.
"""


def main():
    parser = asking(__doc__)
    parser.add_argument("names", nargs="*", help="lessons; all by default")
    parser.add_argument("--before", type=Path, help="another checkout")
    parser.add_argument("--cells", action="store_true", help="tell where the time goes")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--again", nargs="*", default=["start", "boosted-trees"],
                        help="lessons that are run once more, as a control")  # fmt: skip
    parser.add_argument("--keep", type=Path, help="a folder for the executed notebooks")
    options = parser.parse_args()
    before, runs = options.before and options.before.resolve(), {}
    for lesson in options.names or LESSONS:
        runs[lesson] = once_each(
            lesson, before, options.keep, options.rounds, again=lesson in options.again
        )
        for name, each in runs[lesson].items() if options.cells else ():
            show_cells(f"{lesson}, {name}", each[0])
    if before:
        whole = set(runs) == set(LESSONS)
        present("class_runs", text_of(runs, before), dry=options.dry or not whole)


if __name__ == "__main__":
    main()
