"""The one error of this room: a sentence that says what to do."""

__all__ = ["KernelError"]


class KernelError(RuntimeError):
    """A kernel cannot be installed or removed; the message says why and what to do."""
