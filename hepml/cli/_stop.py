"""How a command ends that was stopped: one sentence, and the status that a shell expects."""

import contextlib
import signal

from hepml._clone import clone

__all__ = ["INTERRUPTED", "RefusedError", "StoppedError", "require_clone", "status", "tidily"]

INTERRUPTED = 128 + signal.SIGINT
# What batch systems send, and what a terminal sends that is closed; Windows knows the first.
OTHERS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_sent = []


class RefusedError(Exception):
    """A command cannot do what was asked; the sentence says why."""


class StoppedError(Exception):
    """A command was stopped; the sentence says what is kept."""

    def __init__(self, sentence):
        super().__init__(f"interrupted; {sentence}")


def status():
    """Exit status of a command that a signal stopped: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + (_sent[-1] if _sent else signal.SIGINT)


def require_clone(what):
    """Refuse what only the repository brings, in one sentence that begins with `what`."""
    if clone() is None:
        raise RefusedError(
            f"{what}: clone it, run 'make install' there and use its .venv/bin/hepml"
        )


@contextlib.contextmanager
def tidily():
    """Let other signals stop a command as Ctrl-C does; what is ignored, as by nohup, stays so."""
    before = {one: signal.getsignal(one) for one in OTHERS}
    heard = [one for one in OTHERS if before[one] is not signal.SIG_IGN]
    for one in heard:
        signal.signal(one, _interrupt)
    try:
        yield
    finally:
        for one in heard:
            signal.signal(one, before[one])


def _interrupt(sent, _frame):
    _sent.append(sent)
    raise KeyboardInterrupt
