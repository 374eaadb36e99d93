"""What was tried against files, processes and visitors, and how often it held.

    python -m benchmarks.faults [--only NAME ...] [--scale 1]

Each line of the table in ``book/faults.md`` is a number of tries with real kills, signals, full
disks, limits, neighbours and visitors; a try that held lost nothing and said what it had to. The
first line is a control: a program that writes in place, killed in the same way, must be caught.
Needs Linux; a full disk needs the rights of root, visitors a Chromium. What cannot be tried is
recorded as not tried.
"""

import argparse
import contextlib
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from shutil import copy, which

import numpy as np
import psutil

from benchmarks.cells import say
from hepml_lessons.recipes import record

PATIENCE = 120  # seconds after which a process that is to end is taken to hang
ROWS = 200_000
FORMATS = (".root", ".csv", ".csv.gz", ".parquet", ".h5", ".npz")
SMALL = 300_000  # bytes, less than any of these formats takes for so many rows
HEPML = (Path(sys.executable).with_name("hepml"),)
TRAITOR = "raise SystemExit('the current folder was imported')\n"
WRITE_PAGE = """
import numpy as np, sys
from hepml_widgets import RocExplorer
rng = np.random.default_rng(1)
y = rng.integers(0, 2, 2000)
view = RocExplorer(y, {"one": y + rng.normal(size=2000)})
view.to_html(sys.argv[1])
print("ready", flush=True)
while True:
    view.to_html(sys.argv[1])
"""
WRITE_RECORD = """
import sys
from hepml_widgets import TrainingMonitor
monitor = TrainingMonitor()
print("ready", flush=True)
while True:
    monitor.begin()
    for epoch in range(200):
        monitor.update({"loss": 1 / (epoch + 1), "val_loss": 1.1 / (epoch + 1)})
    monitor.record(sys.argv[1])
"""
WRITE_IN_PLACE = """
import json, sys
print("ready", flush=True)
while True:
    with open(sys.argv[1], "w") as file:
        json.dump(dict.fromkeys(map(str, range(50_000)), 1), file)
"""


@dataclass(frozen=True)
class Line:
    """One line of the table: what is tried, how often, and the function of one try.

    ``attempt(folder, number)`` gives None if all held, or a sentence on what did not.
    """

    name: str
    what: str
    holds: str
    tries: int
    attempt: object
    needs: object = None


# ---------------------------------------------------------------- processes


def environment(folder):
    """Variables of a process that shall not share state with the user's own."""
    return os.environ | {
        "HOME": str(folder),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        "NO_COLOR": "1",
    }


def begin(command, folder, **options):
    """Start a process in a group of its own."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(
        list(map(str, command)), cwd=folder, env=environment(folder), start_new_session=True,
        **(pipes | options),
    )  # fmt: skip


def run(command, folder, **options):
    """Run a command to its end; its status and what it said."""
    return ended(begin(command, folder, **options))


def ended(process):
    """Status and words of a process that ends; one that hangs is killed, with status None."""
    try:
        said, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        kill(process)
        return None, "hangs"
    return process.returncode, said or ""


def end(process, sent):
    """Send a signal to all processes that one has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, sent)


def kill(process):
    """End a process and all that it has started, and wait for it."""
    end(process, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def convert(source, target, *options):
    return (*HEPML, "data", "convert", source, target, *options)


def left_over(folder):
    """Temporary files that lie about."""
    return sorted(path.name for path in Path(folder).rglob(".hepml-*"))


# ---------------------------------------------------------------- events


def events(folder):
    """Make a file of events, and say what is in it."""
    import pandas as pd

    source = folder / "events.parquet"
    rng = np.random.default_rng(1)
    columns = {name: rng.normal(size=ROWS) for name in ("pt", "eta", "phi", "mass")}
    pd.DataFrame(columns).to_parquet(source)
    return source


def rows_of(path):
    """Count the rows of a file, or give the sentence with which it is refused."""
    from hepml import data

    try:
        return len(data.read(path))
    except data.DataError as refusal:
        return str(refusal)


def is_whole(path, rows=ROWS):
    """None if a file is absent or has all its rows; else what is wrong with it."""
    if not path.exists():
        return None
    found = rows_of(path)
    return None if found == rows else f"{path.name}: {found}"


# ---------------------------------------------------------------- kills and signals


def kill_writer(program, is_good):
    """Make a try: kill -9 of a program that writes one file again and again."""

    def attempt(folder, number):
        target = folder / "page.html"
        process = begin([sys.executable, "-c", program, target], folder)
        process.stdout.readline()
        time.sleep(random.Random(number).uniform(0, 0.3))  # noqa: S311
        kill(process)
        if not target.exists():
            return None
        text = target.read_text(encoding="utf-8", errors="replace")
        return None if is_good(text) else "a broken file"

    return attempt


def is_page(text):
    return text.rstrip().endswith("</html>")


def is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def kill_convert(folder, number):
    """Kill -9 of a conversion, then the same once more."""
    source, target = events(folder), folder / f"out{FORMATS[number % len(FORMATS)]}"
    process = begin(convert(source, target), folder)
    time.sleep(random.Random(number).uniform(0.3, 2.5))  # noqa: S311
    kill(process)
    if broken := is_whole(target):
        return broken
    status, said = run(convert(source, target, "--force"), folder)
    return is_whole(target) or (said if status else None) or ", ".join(left_over(folder)) or None


def stop_convert(sent, wanted):
    """Make a try: a signal that asks a conversion to end."""

    def attempt(folder, number):
        source, target = events(folder), folder / f"out{FORMATS[number % len(FORMATS)]}"
        process = begin(convert(source, target), folder)
        time.sleep(random.Random(number).uniform(1.0, 2.5))  # noqa: S311
        end(process, sent)
        status, said = ended(process)
        # Before Python has started or after all is done, there is nothing to tidy.
        if status not in (wanted, 0, -sent) or (status == 0 and not target.exists()):
            return f"status {status}: {said[-200:]}"
        return is_whole(target) or ", ".join(left_over(folder)) or traceback_in(said)

    return attempt


def traceback_in(said):
    return "a traceback is shown" if "Traceback" in said else None


GENERATE = ("data", "generate", "known_truth", "--events", "200000", "--seed", "7", "--out")


def verified(folder):
    """None if the sample in a folder is what its card says."""
    from hepml import data

    try:
        frame = data.read(folder / "known_truth.root")
    except (data.DataError, OSError) as refusal:
        return str(refusal)
    return None if len(frame) == 200_000 else f"{len(frame)} events"


def kill_generate(folder, number):
    """Kill -9 of a generation and its workers, then the same command again."""
    process = begin([*HEPML, *GENERATE, folder / "out"], folder)
    time.sleep(random.Random(number).uniform(0.5, 6))  # noqa: S311
    kill(process)
    status, said = run([*HEPML, *GENERATE, folder / "out"], folder)
    return said[-300:] if status else verified(folder / "out")


# ---------------------------------------------------------------- neighbours


def two_conversions(folder, number):
    """Two conversions to one new name at once, without --force."""
    source, target = events(folder), folder / f"out{FORMATS[number % len(FORMATS)]}"
    both = [ended(one) for one in [begin(convert(source, target), folder) for _ in range(2)]]
    statuses = sorted(status if status is not None else -1 for status, _ in both)
    if statuses != [0, 1]:
        return f"statuses {statuses}: {both[0][1][-100:]} {both[1][1][-100:]}"
    return is_whole(target) or ", ".join(left_over(folder)) or None


def two_generations(folder, number):  # noqa: ARG001
    """Two generations into one folder at once."""
    both = [ended(one) for one in [begin([*HEPML, *GENERATE, folder / "out"], folder)
                                   for _ in range(2)]]  # fmt: skip
    if not any(status == 0 for status, _ in both):
        return both[0][1][-200:]
    told = [traceback_in(said) for _, said in both]
    return verified(folder / "out") or next(filter(None, told), None)


def changing_file(folder, number):
    """Make a try: a file is replaced while it is read. Allowed: old, new, or a sentence."""
    import pandas as pd

    from hepml import data

    sources = []
    for size in (50_000, 80_000):
        sources.append(folder / f"{size}.parquet")
        pd.DataFrame({"x": np.full(size, float(size))}).to_parquet(sources[-1])
    path = folder / f"events{FORMATS[number % len(FORMATS)]}"
    data.convert(sources[0], path)
    command = "from hepml.data import convert; import sys\nfor k in range(20): convert("
    command += "sys.argv[1 + k % 2], sys.argv[3], overwrite=True)"
    writer = begin([sys.executable, "-P", "-c", command, *sources, path], folder)
    try:
        while writer.poll() is None:
            with contextlib.suppress(data.DataError):
                x = data.read(path)["x"].to_numpy()
                if len(x) not in (50_000, 80_000) or (x != len(x)).any():
                    return f"{len(x)} rows, {len(np.unique(x))} values"
    finally:
        status, said = ended(writer)
    if status:
        return said[-300:]
    return None


# ---------------------------------------------------------------- full disks and limits


@contextlib.contextmanager
def tiny_disk(folder):
    """Mount a file system of 1 MB."""
    place = folder / "disk"
    place.mkdir()
    quietly("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place)
    try:
        yield place
    finally:
        quietly("umount", place)


@contextlib.contextmanager
def with_quota(folder):
    """Mount a file system with a folder that may hold 1 MB, as a user's quota has it."""
    image, disk = folder / "disk.img", folder / "disk"
    place = disk / "home"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(160_000_000)
    quietly("mkfs.btrfs", "-q", image)
    quietly("mount", "-o", "loop", image, disk)
    try:
        quietly("btrfs", "quota", "enable", disk)
        quietly("btrfs", "subvolume", "create", place)
        quietly("btrfs", "qgroup", "limit", "1M", place)
        yield place
    finally:
        quietly("umount", disk)


def quietly(command, *arguments):
    """Run a program of the system; what it says matters only if it fails."""
    subprocess.run([which(command), *arguments], check=True, capture_output=True)


def may_mount(*programs):
    """Make a function that says what is missing to mount a file system, or None."""

    def missing():
        if sys.platform != "linux" or os.geteuid() != 0:
            return "needs the rights of root"
        absent = [name for name in programs if which(name) is None]
        return f"needs {', '.join(absent)}" if absent else None

    return missing


def no_room(disk):
    """Make a try: there is no room for the file on a disk; one sentence, the old file kept."""

    def attempt(folder, number):
        source = events(folder)
        with disk(folder) as place:
            return refused(source, place / f"out{FORMATS[number % len(FORMATS)]}", folder)

    return attempt


def file_limit(folder, number):
    """Make a try: a limit on the size of files, as of a quota: one sentence, the old file kept."""
    target = folder / f"out{FORMATS[number % len(FORMATS)]}"

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL))

    return refused(events(folder), target, folder, preexec_fn=limited)


def refused(source, target, folder, **options):
    """None if a conversion says one sentence, keeps what was there and leaves nothing else."""
    target.write_text("old")
    status, said = run(convert(source, target, "--force"), folder, **options)
    if status != 1 or traceback_in(said):
        return f"status {status}: {said[-300:]}"
    if target.read_text() != "old":
        return "the old file is gone"
    return ", ".join(left_over(target.parent)) or None


# ---------------------------------------------------------------- strangers and visitors


def stranger_in_folder(folder, number):
    """Make a try: a file in the current folder has the name of a module."""
    name = ("random", "numpy", "json", "hepml", "typing")[number % 5]
    (folder / f"{name}.py").write_text(TRAITOR)
    commands = (
        [*HEPML, "data", "list"],
        [*HEPML, "data", "generate", "known_truth", "--events", "2000", "--seed", "1",
         "--out", folder / "out", "--workers", "2"],
    )  # fmt: skip
    status, said = run(commands[number % 2], folder)
    return said[-300:] if status or "was imported" in said else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def kernels_below(process):
    """Kernels that a server started, and what memory they hold in MB."""
    found = {}
    for child in psutil.Process(process.pid).children():
        with contextlib.suppress(psutil.Error):
            if "ipykernel_launcher" in child.cmdline():
                found[child.pid] = child.memory_info().rss / 1e6
    return found


def browser_here():
    return next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)


def has_browser():
    return None if browser_here() else "needs a Chromium"


NEEDS_KERNEL = "import ipywidgets\nipywidgets.IntSlider()"
AT_ONCE, VISITS = 5, 4
ENDS = ("--MappingKernelManager.cull_idle_timeout=15", "--MappingKernelManager.cull_interval=5")


@contextlib.contextmanager
def dashboards(folder):
    """Serve a dashboard that lives by itself, and one that needs a kernel; process and address."""
    import nbformat

    served = folder / "served"
    served.mkdir()
    copy(Path(__file__).resolve().parents[1] / "notebooks/dashboards/roc.ipynb", served)
    needy = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NEEDS_KERNEL)])
    needy.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(needy, served / "needy.ipynb")
    port = free_port()
    command = [sys.executable, "-P", "-m", "hub.dashboards", served, "--no-browser"]
    server = begin([*command, f"--port={port}", *ENDS], folder, stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield server, f"http://127.0.0.1:{port}/voila/render"
    finally:
        end(server, signal.SIGTERM)
        ended(server)


def visited(browser, address, server):
    """Open a page some times at once, and close them; kernels that ran meanwhile."""
    pages = [browser.new_context().new_page() for _ in range(AT_ONCE)]
    for page in pages:
        page.goto(address, timeout=1e5)
        page.wait_for_selector("main, #rendered_cells, .jp-Notebook", state="attached", timeout=1e5)
    kernels = len(kernels_below(server))
    for page in pages:
        page.context.close()
    return kernels


def visits(name, folder):
    """Open a dashboard twenty times; most kernels at once, and those left in the end."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu"]
    with dashboards(folder) as (server, address), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_here(), args=flags)
        most = max(visited(browser, f"{address}/{name}", server) for _ in range(VISITS))
        browser.close()
        deadline = time.monotonic() + PATIENCE
        while kernels_below(server) and time.monotonic() < deadline:
            time.sleep(1)
        return most, kernels_below(server)


def wait_for(port):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    raise TimeoutError("the dashboards do not answer")


def visitors(folder, number):
    """Twenty visitors, of a view that lives by itself and of one that needs its kernel."""
    name = ("roc.ipynb", "needy.ipynb")[number % 2]
    most, left = visits(name, folder)
    if left:
        return f"{len(left)} kernels of {sum(left.values()):.0f} MB are left"
    wanted = AT_ONCE if name == "needy.ipynb" else 0
    return None if most == wanted or most > wanted > 0 else f"{most} kernels were seen"


# ---------------------------------------------------------------- all together

CONTROL = "control"
LINES = (
    Line(CONTROL, "control: a program that writes in place, killed (-9)",
         "must be caught at least once", 12, kill_writer(WRITE_IN_PLACE, is_json)),
    Line("page", "`View.to_html` killed (-9)", "the old page or the new one",
         24, kill_writer(WRITE_PAGE, is_page)),
    Line("monitor", "`TrainingMonitor.record` killed (-9)", "the old record or the new one",
         24, kill_writer(WRITE_RECORD, is_json)),
    Line("convert-kill", "`hepml data convert` killed (-9), then once more",
         "no half file, nothing left over", 18, kill_convert),
    Line("generate-kill", "`hepml data generate` killed (-9), then once more",
         "goes on, and is complete", 12, kill_generate),
    Line("ctrl-c", "Ctrl-C during a conversion", "status 130, no half file, nothing left over",
         12, stop_convert(signal.SIGINT, 130)),
    Line("sigterm", "SIGTERM during a conversion", "status 143, no half file, nothing left over",
         12, stop_convert(signal.SIGTERM, 143)),
    Line("sighup", "SIGHUP during a conversion", "status 129, no half file, nothing left over",
         12, stop_convert(signal.SIGHUP, 129)),
    Line("two-convert", "two conversions to one new name", "one writes, the other is told",
         12, two_conversions),
    Line("two-generate", "two generations into one folder", "the sample is what its card says",
         10, two_generations),
    Line("changing", "a file that is replaced while it is read",
         "all of the old one, all of the new one, or a sentence", 12, changing_file),
    Line("full", "a full disk (tmpfs of 1 MB), each format",
         "one sentence, the old file kept, nothing left over", 12, no_room(tiny_disk),
         may_mount("mount")),
    Line("quota", "a quota of 1 MB (btrfs), each format",
         "one sentence, the old file kept, nothing left over", 12, no_room(with_quota),
         may_mount("mount", "mkfs.btrfs", "btrfs")),
    Line("limit", "a limit on the size of files, each format",
         "one sentence, the old file kept, nothing left over", 12, file_limit),
    Line("stranger", "a file in the current folder named like a module",
         "is not imported, by workers either", 10, stranger_in_folder),
    Line("visitors", "twenty visitors of a dashboard, with and without a kernel",
         "no kernel is left; none for views that need none", 2, visitors, has_browser),
)  # fmt: skip


def tried(line, scale):
    """Try a line so many times, each in a folder of its own."""
    if line.needs and (why := line.needs()):
        return {"tries": 0, "lost": 0, "not_tried": why}
    lost = Counter()
    number = max(1, round(line.tries * scale))
    for k in range(number):
        with tempfile.TemporaryDirectory(prefix="hepml-faults-") as folder:
            try:
                found = line.attempt(Path(folder), k)
            except Exception as problem:  # noqa: BLE001 - a try that fails has not held
                found = f"{type(problem).__name__}: {problem}"
        if found:
            lost[found] += 1
    return {"tries": number, "lost": sum(lost.values()), "said": dict(lost.most_common(3))}


def main():
    """Try all lines, or those that are named, and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=[line.name for line in LINES])
    parser.add_argument("--scale", type=float, default=1, help="share of the tries of each line")
    given = parser.parse_args()
    found = {}
    for line in LINES:
        if given.only is None or line.name in given.only:
            held = found[line.name] = tried(line, given.scale)
            say(line.name, held)
    if given.only is None:
        record(
            "faults",
            {"lines": {line.name: {"what": line.what, "holds": line.holds} | found[line.name]
                       for line in LINES}},
            command="python -m benchmarks.faults",
            data=f"{ROWS} rows of four columns; known_truth, 200000 events",
            method="real processes, signals, file systems and pages; a try that lost nothing and "
            "said what it had to has held",
            packages=("numpy", "pandas", "voila"),
        )  # fmt: skip


if __name__ == "__main__":
    main()
