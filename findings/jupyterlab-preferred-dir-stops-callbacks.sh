#!/bin/bash
# jupyterlab 4.6.6 with jupyter_server 2.21.1: a part of the server that starts a PeriodicCallback of
# tornado when it is loaded (as the loop of that moment allows) works, until somebody starts JupyterLab
# with --FileContentsManager.preferred_dir. Then it is never called, and nobody says so: the check of
# that folder, a coroutine, is run on an event loop made for it, which is the current one when parts
# are loaded, and is not the one that the server runs on. `jupyter server` with the same option calls it,
# and so does JupyterLab if the part hands it to server.io_loop.
# Expected: an option for a starting folder does not stop what runs in the background.
# Seen, on Python 3.11: as printed below. Exit status 0 as long as it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet jupyterlab==4.6.6 jupyter_server==2.21.1 tornado==6.6.1
mkdir "$folder/lessons"
cat > "$folder/ticking.py" <<'PYTHON'
import os
from pathlib import Path

from tornado.ioloop import PeriodicCallback


def _jupyter_server_extension_points():
    return [{"module": "ticking"}]


def _load_jupyter_server_extension(server):
    callback = PeriodicCallback(lambda: Path(os.environ["TICKED"]).touch(), 200)
    if os.environ["HOW"] == "its loop":
        server.io_loop.add_callback(callback.start)
    else:
        callback.start()
PYTHON
cat > "$folder/look.py" <<'PYTHON'
import os, socket, subprocess, sys, time, urllib.request
from pathlib import Path

PREFERRED = "--FileContentsManager.preferred_dir=lessons"


def ticks(how, *command):
    """Whether the callback was called within ten seconds of the server's first answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mark = Path("ticked")
    mark.unlink(missing_ok=True)
    full = [sys.executable, "-m", *command, "--no-browser", "--allow-root", f"--port={port}"]
    full += ["--ip=127.0.0.1", "--ServerApp.jpserver_extensions=ticking=True", "--ServerApp.port_retries=0"]
    variables = os.environ | {"PYTHONPATH": ".", "TICKED": str(mark.resolve()), "HOW": how}
    server = subprocess.Popen(full, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=10).read()
                break
            except OSError:
                time.sleep(0.2)
        for _ in range(50):
            if mark.exists():
                return True
            time.sleep(0.2)
        return False
    finally:
        server.terminate()
        server.wait(60)


seen = [
    ticks("this loop", "jupyterlab"),
    ticks("this loop", "jupyterlab", PREFERRED),
    ticks("this loop", "jupyter", "server", PREFERRED),
    ticks("its loop", "jupyterlab", PREFERRED),
]
print("jupyterlab:                                   called:", seen[0])
print("jupyterlab, preferred_dir:                    called:", seen[1])
print("jupyter server, preferred_dir:                called:", seen[2])
print("jupyterlab, preferred_dir, server.io_loop:    called:", seen[3])
sys.exit(0 if seen == [True, False, True, True] else 1)
PYTHON
cd "$folder"
"$folder/env/bin/python" look.py
