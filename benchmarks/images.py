"""Jets turned into images: the lesson's functions beside public ones, in jets per second.

    python -m benchmarks.images [--peers PYTHON] [--rounds 9]

PYTHON is the interpreter of an environment of its own with ``energyflow`` and ``boost-histogram``;
neither is a dependency of ours (EnergyFlow is GPL). The variable HEPML_PEERS names it too, for
the tests. Without it their rows say "not installed".
"""

import argparse
import os
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.timing import circumstances, interleave, record, table
from hepml import data
from hepml_lessons.recipes import recipe

JETS = 10_000
PIXELS, SIDE = 25, 2.5
VARIABLE = "HEPML_PEERS"  # of the environment: the interpreter, where no --peers is given

PEERS = """
import sys, time
import numpy as np

with np.load(sys.argv[1]) as held:
    pt, eta, phi, x, y, jet = (held[name] for name in ("pt", "eta", "phi", "x", "y", "jet"))
pixels, side = int(sys.argv[2]), float(sys.argv[3])
jets = jet[-1] + 1
ends = np.searchsorted(jet, np.arange(1, jets))
lists = np.split(np.column_stack([pt, eta, phi]), ends)
centred = np.split(np.column_stack([pt, x, y]), ends)


def energyflow(of=lists):
    from energyflow.utils.image_utils import pixelate

    return np.array([pixelate(one, npix=pixels, img_width=side, norm=False)[..., 0] for one in of])


def boost_histogram():
    import boost_histogram as bh

    image = bh.axis.Regular(pixels, -side / 2, side / 2)
    filled = bh.Histogram(bh.axis.Integer(0, jets), image, image, storage=bh.storage.Double())
    return filled.fill(jet, y, x, weight=pt).view()


RUN = {
    "energyflow": energyflow,
    "energyflow centred": lambda: energyflow(centred),
    "boost-histogram": boost_histogram,
}
for line in sys.stdin:
    name, _, path = line.strip().partition(" > ")
    if name == "version":
        from importlib.metadata import version

        print(version(path), flush=True)
        continue
    begin = time.process_time()
    images = RUN[name]()
    seconds = time.process_time() - begin
    if path:
        np.save(path, images)
    print(seconds, flush=True)
"""


class Peers:
    """Public functions in another interpreter, with the CPU seconds that they took there.

    Parameters
    ----------
    python : str
        An interpreter that has them.
    towers : dict of str to ndarray
        ``pt``, ``eta`` and ``phi`` as measured, ``x`` and ``y`` from each jet's centre, ``jet``.
    """

    def __init__(self, python, towers):
        self.seconds = 0.0
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "towers.npz"
        np.savez(path, **{name: towers[name] for name in ("pt", "eta", "phi", "x", "y", "jet")})
        self.process = subprocess.Popen(
            [python, "-c", PEERS, path, str(PIXELS), str(SIDE)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=60)
        self.folder.cleanup()

    def ask(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        if not (answer := self.process.stdout.readline().strip()):
            raise RuntimeError(f"{line!r} failed in the interpreter of the peers")
        return answer

    def run(self, name):
        """Make images there."""
        self.seconds += float(self.ask(name))

    def images(self, name):
        """Make images there and read them."""
        path = Path(self.folder.name) / "images.npy"
        self.run(f"{name} > {path}")
        return np.load(path)

    def versions(self):
        names = ("energyflow", "boost-histogram")
        return ", ".join(f"{name} {self.ask(f'version > {name}')}" for name in names)

    def clock(self):
        """CPU seconds of both processes."""
        return time.process_time() + self.seconds


def some_jets(count=JETS):
    """Bundled jets without MPI, from the beginning of the file."""
    jets = data.load("jets")
    return jets[jets["mpi"] == 0].iloc[:count].reset_index(drop=True)


def from_lists(lesson, jets):
    """All that the lesson does with a sample's lists."""
    return framed(lesson, lesson["towers_of"](jets))


def framed(lesson, towers):
    return lesson["pixelated"](lesson["jet_frame"](towers))


def centred(lesson, towers):
    return lesson["pixelated"](lesson["centred"](towers))


def one_by_one(towers):
    """Centre and fill each jet by itself, as one would begin: `numpy.histogram2d` in a loop."""
    names = ("pt", "eta", "phi")
    ends = np.searchsorted(towers["jet"], np.arange(1, towers["jet"][-1] + 1))
    lists = zip(*(np.split(towers[name], ends) for name in names), strict=True)
    edges = np.linspace(-SIDE / 2, SIDE / 2, PIXELS + 1)
    images = []
    for pt, eta, phi in lists:
        nearby = (phi - phi[0] + np.pi) % (2 * np.pi) - np.pi
        x, y = (v - np.average(v, weights=pt) for v in (eta, nearby))
        images.append(np.histogram2d(y, x, edges, weights=pt)[0])
    return np.array(images)


# What is timed, and what of ours does the same work.
ALL, FRAME, CENTRE, FILL = (
    "hepml: lists of the sample, frame, pixels",
    "hepml: frame, pixels",
    "hepml: centre, pixels",
    "hepml: pixels only",
)
LOOP = "NumPy: `average` and `histogram2d`, jet by jet"
PUBLIC = {
    "energyflow": ("EnergyFlow: `pixelate` (centre, pixels), jet by jet", CENTRE),
    "boost-histogram": ("boost-histogram: pixels only, one fill of all jets", FILL),
}


def contestants(lesson, jets):
    towers = lesson["towers_of"](jets)
    ready = lesson["centred"](towers)
    return {
        ALL: partial(from_lists, lesson, jets),
        FRAME: partial(framed, lesson, towers),
        CENTRE: partial(centred, lesson, towers),
        FILL: partial(lesson["pixelated"], ready),
        LOOP: partial(one_by_one, towers),
    }


def rows(times, jets):
    """Speed of each, and how much faster ours is that does the same."""
    same_work = {LOOP: CENTRE, f"{FRAME} again": FRAME} | dict(PUBLIC.values())
    for name, timing in times.items():
        ours = f"{timing.over(times[same_work[name]]):.2f}" if name in same_work else ""
        yield [name, f"{jets / timing.median:,.0f}".replace(",", " "), ours]


def missing():
    return [[name, "not installed", ""] for name, _ in PUBLIC.values()]


def measured(python, rounds):
    """Lines of the table, and versions."""
    lesson, jets = recipe("jet-images"), some_jets()
    runners = contestants(lesson, jets)
    if python is None:
        return [*rows(interleave(runners, control=FRAME, rounds=rounds), JETS), *missing()], ""
    with Peers(python, lesson["centred"](lesson["towers_of"](jets))) as peers:
        runners |= {line: partial(peers.run, name) for name, (line, _) in PUBLIC.items()}
        times = interleave(runners, control=FRAME, rounds=rounds, clock=peers.clock)
        return list(rows(times, JETS)), f", {peers.versions()}"


def report(python, rounds):
    lines, versions = measured(python, rounds)
    return f"""## Jets to images

{circumstances("numpy")}{versions}.

{JETS} of the bundled jets without MPI, trimmed, in {PIXELS} × {PIXELS} pixels of \
{SIDE / PIXELS:g}. Medians of CPU time in
{rounds} interleaved rounds, one thread. "Frame" is centring on the hardest subjet, rotation and
mirror; "slower than hepml" is the median ratio, within a round, to the row of ours that does the
same work; "again" is the same contestant twice per round. The goal is 50 000 jets/s.

{table(["what", "jets/s", "slower than hepml"], lines)}
"""


def main():
    """Measure and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", default=os.environ.get(VARIABLE), help="a Python interpreter")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    record("images", report(given.peers, given.rounds))


if __name__ == "__main__":
    main()
