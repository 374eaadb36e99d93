"""How a command ends that was interrupted: one sentence, and the status that a shell expects."""

import signal

__all__ = ["INTERRUPTED", "StoppedError"]

INTERRUPTED = 128 + signal.SIGINT


class StoppedError(Exception):
    """A command was interrupted; the sentence says what is kept.

    Parameters
    ----------
    sentence : str
    sent : signal.Signals
        What ended it.
    """

    def __init__(self, sentence, sent=signal.SIGINT):
        super().__init__(f"interrupted; {sentence}")
        self.status = 128 + sent
