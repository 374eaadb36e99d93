"""How long it takes to begin: the import, the command's help, JupyterLab the second time.

python -m benchmarks.starting --before CHECKOUT    (another checkout, after `make install` there)
"""

import os
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from functools import partial
from pathlib import Path

from benchmarks.timing import asking, circumstances, interleave, met, present, table

ROOT = Path(__file__).resolve().parents[1]
PORT = 8931
LONGEST = 120  # s
MARGIN = 1.1  # of the control's scatter


def python(checkout):
    return checkout / ".venv" / "bin" / "python"


def run(checkout, *words):
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [python(checkout), *words]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def import_widgets(checkout):
    run(checkout, "-c", "import hepml_widgets")


def show_help(checkout):
    run(checkout, "-c", "from hepml.cli import main; main()", "--help")


def open_lab(checkout):
    """Start as `make lab` does, until the first page is there; then end it."""
    options = ["--no-browser", "--port", str(PORT), "--ServerApp.port_retries=0"]
    command = [sys.executable, "bootstrap.py", "lab", *options, "--IdentityProvider.token="]
    with subprocess.Popen(command, cwd=checkout, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(f"http://127.0.0.1:{PORT}/lab", server)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(LONGEST)


def wait_for(address, server):
    latest = time.monotonic() + LONGEST
    while server.poll() is None and time.monotonic() < latest:
        try:
            with urllib.request.urlopen(address, timeout=LONGEST):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("JupyterLab did not answer")


def processor():
    """Seconds of CPU of all commands that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


BEGINNINGS = {
    "`import hepml_widgets`": (import_widgets, 15),
    "`hepml --help`": (show_help, 15),
    "JupyterLab, the second time": (open_lab, 5),
}


def measured(act, rounds, before):
    """Time a beginning: before, now, and now once more."""
    acts = {"now": partial(act, ROOT), "before": partial(act, before)}
    times = interleave(acts, control="now", rounds=rounds, clock=processor)
    now = times["now"]
    return (
        times["before"].median,
        now.median,
        now.over(times["before"]),
        times["now again"].over(now),
    )


def main():
    parser = asking(__doc__)
    parser.add_argument("--before", type=Path, required=True, help="another checkout")
    options = parser.parse_args()
    rows = []
    for name, (act, rounds) in BEGINNINGS.items():
        before, now, ratio, control = measured(act, rounds, options.before.resolve())
        verdict = met(ratio <= MARGIN * max(control, 1))
        rows.append(
            [name, f"{before:.2f}", f"{now:.2f}", f"{ratio:.2f}", f"{control:.2f}", verdict]
        )
    header = ["beginning", "before [s]", "now [s]", "now / before", "now / now", "none slower"]
    text = f"""## Beginning

{circumstances("jupyterlab", "typer", "anywidget")}

Seconds of CPU of a fresh process, in turns with the build of before the house moved; medians.
JupyterLab is started as `make lab` does it, until its page is there, with nothing to install.

{table(header, rows)}
"""
    present("starting", text, dry=options.dry)


if __name__ == "__main__":
    main()
