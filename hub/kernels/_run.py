"""Run the installer: its lines are passed on, and its failures become sentences."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections import deque

from hub import house
from hub.kernels._errors import KernelError

__all__ = ["ignore", "quote", "run"]

POSIX = os.name != "nt"

FAILURES = {
    r"No space left|os error 28|quota exceeded|os error 122": (
        "there is no room for it: what was installed is removed again, fetched packages are kept; "
        "make room, or choose a roomier place with --path (and UV_CACHE_DIR for what is fetched)"
    ),
    r"Hash mismatch|no trusted hash": (
        "a package is not the one that the lock names, and nothing of it is used; "
        "after a change to pyproject.toml, 'make lock' brings the lock up to date"
    ),
    r"error sending request|Failed to fetch|dns error|[Cc]onnection|timed out|Could not connect": (
        "packages could not be fetched: look at the network and at the settings of pip "
        "('pip config list'); what was fetched is kept, the same command goes on from there"
    ),
}

HASH = re.compile(r"sha256:[0-9a-f]{64}")  # a mismatch lists all of a package, one a line


def ignore(_text):
    """Tell nobody."""


def run(command, environment=None, watch=ignore):
    """Run a command of the installer, each line of which goes to ``watch``.

    Raises
    ------
    KernelError
        If it fails, with what to do and the end of what it said.
    """
    last = deque(maxlen=12)
    # A Ctrl-C waits until there is somebody whom it can end.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if POSIX else None
    with subprocess.Popen(  # noqa: S603 - the installer, with arguments of ours
        [str(part) for part in command],
        cwd=house.root(),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # so that its own workers can be ended with it
    ) as process:
        try:
            if POSIX:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            for line in process.stdout:
                if not HASH.fullmatch(line.strip()):
                    last.append(line.rstrip())
                watch(line.strip())
        except BaseException:
            _end(process)
            raise
    if process.returncode:
        raise KernelError(_explained("\n".join(last)))


def _end(process):
    """End the installer and its workers, which else would write where the next run tidies."""
    process.terminate()
    process.wait()
    if not POSIX:
        return
    deadline = time.monotonic() + 5
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < deadline:  # until nobody of them is left
            os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.01)


def _explained(said):
    sentences = (text for pattern, text in FAILURES.items() if re.search(pattern, said))
    return f"{next(sentences, 'the installer failed')}\n{quote(said)}"


def quote(said):
    """Indent what another program said."""
    return "\n".join(f"  | {line}" for line in said.splitlines() if line.strip())
