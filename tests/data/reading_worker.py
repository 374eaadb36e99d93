"""Reads files in a process of its own, so that a crash of a C library is seen and survived."""

import json
import os
import resource
import select
import subprocess
import sys
import traceback
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # s for one file; a good one takes a hundredth of a second
ROOM = 1_500_000_000  # bytes that reading may map beyond what the imports have


class Worker:
    """A process that reads one file after the other and is started again when it dies."""

    def __init__(self):
        self.process = None

    def read(self, path, good=None, limits=None, **options):
        """Outcome of reading a file.

        Parameters
        ----------
        path : pathlib.Path
        good : pathlib.Path, optional
            File with the table that it should hold.
        limits : dict, optional
            Dotted names of our limits, and the values that they have for this file.
        options
            For `hepml.data.read`.

        Returns
        -------
        dict
            ``outcome`` is "error" (one sentence), "same", "other" (another table), "exception",
            "hang" or "crash"; ``message`` says more; ``peak`` is the process's memory in MB.
        """
        if self.process is None:
            self._start()
        request = {"path": str(path), "good": good and str(good), "options": options}
        request["limits"] = limits or {}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        line = self.process.stdout.readline() if ready else ""
        if line:
            return json.loads(line)
        return {"outcome": "crash" if ready else "hang", "message": f"exit {self.stop()}"}

    def _start(self):
        command = [sys.executable, "-W", "error", "-m", "tests.data.reading_worker"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.process.stdout.readline()

    def stop(self):
        """End the process; return its exit status."""
        if self.process is None:
            return None
        self.process.kill()
        self.process.stdin.close()
        self.process.stdout.close()
        status, self.process = self.process.wait(), None
        return status


def outcome(read, path, good, options):
    from pandas.testing import assert_frame_equal

    from hepml.data import DataError

    try:
        found = read(path, **options)
    except DataError as error:
        is_sentence = "\n" not in str(error)
        return "error" if is_sentence else "exception", str(error)
    except BaseException:  # noqa: BLE001 - any is reported
        return "exception", traceback.format_exc()
    if good is None:
        return "other", ""
    try:
        assert_frame_equal(found, good)
    except AssertionError as error:
        return "other", str(error)
    return "same", ""


def highest_memory():
    """Return the most memory (MB) of this program; `ru_maxrss` begins with that of its parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1000


def main():
    """Answer requests, one a line, until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import awkward  # noqa: F401 - with the next ones, what reading imports: its cost is not counted
    import h5py  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import uproot  # noqa: F401

    from hepml.data import read

    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + ROOM, mapped + ROOM))
    tables = {None: None}
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        good = asked["good"]
        if good not in tables:
            tables[good] = read(good)
        Path("/proc/self/clear_refs").write_text("5")  # the highest memory is that of now
        with ExitStack() as lowered:
            for name, limit in asked["limits"].items():
                lowered.enter_context(patch(name, limit))
            found, message = outcome(read, asked["path"], tables[good], asked["options"])
        peak = highest_memory()
        print(json.dumps({"outcome": found, "message": message, "peak": peak}),
              file=answers, flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
