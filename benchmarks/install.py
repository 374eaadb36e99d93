"""What the widgets alone weigh, and how long they take to install where their four libraries are.

python -m benchmarks.install
"""

import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from statistics import median

from benchmarks.timing import asking, circumstances, met, present, table

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ["numpy", "scipy", "matplotlib", "anywidget", "markupsafe"]
GOAL_SECONDS, GOAL_BYTES = 5, 1_000_000


def call(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def environment(folder):
    """Return the Python of an environment that has the four libraries and nothing else."""
    call(sys.executable, "-m", "venv", folder)
    python = folder / "bin" / "python"
    call(python, "-I", "-m", "pip", "install", "--quiet", *LIBRARIES)
    return python


def seconds(python, what):
    """Wall time of one installation; the package is taken out again before it."""
    call(python, "-I", "-m", "pip", "uninstall", "--quiet", "--yes", "hepml-lab")
    start = time.perf_counter()
    call(python, "-I", "-m", "pip", "install", "--quiet", what)
    return time.perf_counter() - start


def parts(wheel):
    """Compressed bytes of what a wheel has, by package."""
    found = {}
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            place = "/".join(info.filename.split("/")[:2])
            name = place if (ROOT / place).is_dir() else info.filename.split("/")[0]
            found[name] = found.get(name, 0) + info.compress_size
    return found


def verdict(value, goal, unit):
    return f"goal at most {goal} {unit}: {met(value <= goal)}"


def main():
    parser = asking(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
        wheel = next(folder.glob("*.whl"))
        python = environment(folder / "environment")
        contestants = {"`pip install .`": ROOT, "the wheel": wheel, "`pip install .`, again": ROOT}
        times = {contestant: [] for contestant in contestants}
        for _ in range(options.rounds):
            for contestant, what in contestants.items():
                times[contestant].append(seconds(python, what))
        size, shares = wheel.stat().st_size, parts(wheel)
    rows = [
        [contestant, f"{median(t):.1f}", f"{min(t):.1f} … {max(t):.1f}"]
        for contestant, t in times.items()
    ]
    shares = sorted(shares.items(), key=lambda share: -share[1])
    shares = [[f"`{name}`", f"{count / 1e3:.1f}"] for name, count in shares]
    first = median(times["`pip install .`"])
    text = f"""## Installing the widgets alone

{circumstances(*LIBRARIES, "pip")}

Wall time in an environment that has NumPy, SciPy, matplotlib, anywidget and MarkupSafe, and
nothing else; {options.rounds} rounds in turns ({verdict(first, GOAL_SECONDS, "s")}). The wheel has
{size / 1e3:.1f} kB ({verdict(size / 1e3, GOAL_BYTES // 1000, "kB")}).

{table(["installed from", "median [s]", "range [s]"], rows)}

{table(["in the wheel", "compressed [kB]"], shares)}
"""
    present("install", text, dry=options.dry)


if __name__ == "__main__":
    main()
