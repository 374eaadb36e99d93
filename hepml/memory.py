"""How much memory is free, asked of the system without further libraries."""

import os
from pathlib import Path

__all__ = ["available"]

CONTROL_GROUP = Path("/sys/fs/cgroup")


def available():
    """Bytes that can be had before the machine swaps or the container is ended.

    Returns
    -------
    int or None
        None where the system does not say.
    """
    known = [amount for amount in (_of_machine(), _of_container()) if amount is not None]
    return min(known, default=None)


def _of_machine():
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(ln.split()[1]) * 1024 for ln in lines if ln.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return _of_pages()


def _of_pages():
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _of_container():
    """Bytes left below the limit that Docker, Binder or a hub sets, if there is one."""
    try:
        limit = int((CONTROL_GROUP / "memory.max").read_text(encoding="ascii"))
        used = int((CONTROL_GROUP / "memory.current").read_text(encoding="ascii"))
        stat = dict(ln.split() for ln in (CONTROL_GROUP / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    # Pages of files that were read count as used, but are given up when needed.
    return limit - used + int(stat.get("inactive_file", 0))
