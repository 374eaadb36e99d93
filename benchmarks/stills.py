"""What showing a view costs: the live view, and the still picture that outlives the kernel.

python -m benchmarks.stills --before CHECKOUT    (another checkout, after `make install` there)
"""

import os
import subprocess
from functools import partial
from pathlib import Path

from benchmarks.starting import python
from benchmarks.timing import asking, circumstances, interleave, met, present, table
from tests.support.all_views import VIEWS

ROOT = Path(__file__).resolve().parents[1]
GOAL = 1 / 10
TRAINING = "TrainingMonitor"


class House:
    """A process in which the views of a checkout are shown."""

    def __init__(self, checkout):
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        command = [python(checkout), "-P", ROOT / "benchmarks" / "showing.py", ROOT]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, cwd=checkout, env=environment, **pipes)
        self.spent = 0.0
        self.first = {}

    def show(self, name):
        """Show a view; the first time of each is kept."""
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        seconds = float(self.process.stdout.readline())
        self.first.setdefault(name, seconds)
        self.spent += seconds

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Clock:
    """Seconds of CPU that showing took, in whatever house."""

    def __init__(self, *houses):
        self.houses = houses

    def __call__(self):
        return sum(house.spent for house in self.houses)


def measured(name, now, before, rounds):
    """One row: a view shown now, before, and now once more, in turns."""
    acts = {"now": partial(now.show, name), "before": partial(before.show, name)}
    times = interleave(acts, control="now", rounds=rounds, clock=Clock(now, before))
    ratio = times["now"].over(times["before"])
    control = times["now again"].over(times["now"])
    verdict = "as before" if name == TRAINING else met(ratio <= GOAL)
    first = before.first[name], now.first[name]
    medians = times["before"].median, times["now"].median
    cells = [
        f"{1e3 * seconds:.0f}" for pair in zip(first, medians, strict=True) for seconds in pair
    ]
    return [f"`{name}`", *cells, f"{ratio:.3f}", f"{control:.2f}", verdict]


def main():
    parser = asking(__doc__)
    parser.add_argument("--before", type=Path, required=True, help="another checkout")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    now, before = House(ROOT), House(options.before.resolve())
    rows = [measured(name, now, before, options.rounds) for name in VIEWS]
    now.close()
    before.close()
    header = ["view", "before, first [ms]", "before [ms]", "now, first [ms]", "now [ms]",
              "now / before", "now / now", "at most 1/10"]  # fmt: skip
    text = f"""## Showing a view

{circumstances("matplotlib", "pillow", "numpy")}

Milliseconds of CPU to make what a notebook keeps of a view (the still picture and the page), in
turns with the build of before the house moved; medians, and the first time in a fresh process.
Before, matplotlib's axes drew the picture; now `core/still` paints it with the same functions.
`TrainingMonitor` had a painter of its own and keeps it.

{table(header, rows)}
"""
    present("stills", text, dry=options.dry)


if __name__ == "__main__":
    main()
