"""How long `make test` takes, and where.

python -m benchmarks.suite [--log LOG]    (LOG: of an earlier run, with the options that WORDS has)
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.timing import asking, circumstances, met, present, table

ROOT = Path(__file__).resolve().parents[1]
WORDS = ("--durations=0", "--durations-min=1")  # of pytest: all tests of a second or more
BEFORE, GOAL = 53, 20  # minutes: before the house moved, with two cores to itself; what is wanted
SPENT = re.compile(r"^\s*([\d.]+)s (?:call|setup|teardown)\s+([^\s:]+)(\S*)", re.MULTILINE)
END = re.compile(r"(\d+) passed.*? in ([\d.]+)s")
LONGEST = 12  # lines of each table


def ran():
    """Run all tests; return what they printed."""
    with tempfile.TemporaryFile("w+") as log:
        command = [sys.executable, ROOT / "bootstrap.py", "test", *WORDS]
        subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False)
        log.seek(0)
        return log.read()


def room(file):
    """Name the folder of a test, or the file where it lies beside folders."""
    parts = file.split("/")
    return "notebooks" if parts[0] == "notebooks" else "/".join(parts[:2])


def text_of(log):
    """Write the section of the results."""
    passed, seconds = END.search(log).groups()
    spent = [(float(each), file, test) for each, file, test in SPENT.findall(log)]
    rooms, slowest = Counter(), sorted(spent, reverse=True)[:LONGEST]
    for each, file, _ in spent:
        rooms[room(file)] += each
    minutes = float(seconds) / 60
    return f"""## All tests

{circumstances("pytest", "pytest-xdist")}

`make test` with two processes of one thread each: {passed} tests passed in {minutes:.0f} minutes.
Before the house moved, fewer tests took {BEFORE} minutes. At most {GOAL}: {met(minutes <= GOAL)}.

Seconds of tests that take a second or more, by their folders:

{table(["folder", "seconds"], [[name, f"{each:.0f}"] for name, each in rooms.most_common(LONGEST)])}

{table(["test", "seconds"], [[f"`{file}{test}`", f"{each:.0f}"] for each, file, test in slowest])}
"""


def main():
    parser = asking(__doc__)
    parser.add_argument("--log", type=Path, help="of a run that is over")
    options = parser.parse_args()
    log = options.log.read_text(errors="replace") if options.log else ran()
    present("suite", text_of(log), dry=options.dry)


if __name__ == "__main__":
    main()
