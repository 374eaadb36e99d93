"""Timing contestants in turns on a machine that others use too, and where results are kept."""

import argparse
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

from hepml.files import write_text

RESULTS = Path(__file__).with_name("RESULTS.md")
HEADING = "# Measured side by side\n\nWritten by `make bench`; each section by its own script.\n"


class Timing(NamedTuple):
    """Seconds of each round, in the order of the rounds."""

    rounds: tuple

    @property
    def median(self):
        return median(self.rounds)

    def over(self, other):
        """Median of the ratios to another contestant in the same round."""
        return median(mine / its for mine, its in zip(self.rounds, other.rounds, strict=True))


def interleave(contestants, *, control, rounds=9, clock=time.process_time, tell=None):
    """Time contestants in turns, so that a busy neighbour slows all of them alike.

    Parameters
    ----------
    contestants : dict of str to callable
        Each is called once unmeasured, then once per round.
    control : str
        The contestant that runs a second time in every round, under the name
        ``"<control> again"``: how far their ratio is from 1 is what the machine adds.
    rounds : int
    clock : callable
        Seconds of CPU by default: on shared cores, wall time counts the waiting too, and more
        of it the longer a contestant runs.
    tell : callable, optional
        Gets the number of each round when it is over.

    Returns
    -------
    dict of str to Timing
    """
    runners = {**contestants, f"{control} again": contestants[control]}
    for run in contestants.values():
        run()
    seconds = {name: [] for name in runners}
    for turn in range(rounds):
        for name in rotated(list(runners), turn):
            seconds[name].append(once(runners[name], clock))
        if tell is not None:
            tell(turn)
    return {name: Timing(tuple(values)) for name, values in seconds.items()}


def rotated(names, turn):
    """Let another contestant begin each round."""
    first = turn % len(names)
    return names[first:] + names[:first]


def once(run, clock):
    start = clock()
    run()
    return clock() - start


def circumstances(*packages):
    """Date, machine class and versions, as one line."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {machine()}; Python {platform.python_version()}, {versions}"
    )


def machine():
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(models) or '?'} cores of {models[0] if models else platform.machine()}, shared"


def table(header, rows):
    """Markdown table; cells are strings."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def met(is_met):
    """Word for whether a goal was reached."""
    return "met" if is_met else "not met"


def asking(doc):
    """Parser of a script's options, with its doc's first line; the text need not be recorded."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--dry", action="store_true", help="print, do not record")
    return parser


def present(section, text, *, dry):
    """Print the text of a section, and record it unless this is a dry run."""
    print(text, flush=True)
    if not dry:
        record(section, text)


def record(section, text, path=RESULTS):
    """Put text between the section's markers in the results, in place of what was there."""
    begin, end = f"<!-- begin {section} -->", f"<!-- end {section} -->"
    page = path.read_text() if path.exists() else HEADING
    block = f"{begin}\n{text.strip()}\n{end}"
    if begin in page:
        before, rest = page.split(begin)
        page = before + block + rest.split(end)[1]
    else:
        page = f"{page.rstrip()}\n\n{block}\n"
    write_text(path, page)
