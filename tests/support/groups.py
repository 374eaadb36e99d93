"""Which tests run in one process when two run side by side, and which of them start first."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Made once for all who ask for them: a server, or the book, which takes a minute to build.
SHARED = ("lab", "voila", "book")
# CPU seconds, about, of what takes long; what is not here takes less than these, or is a notebook.
SECONDS = {
    "lab": 300,
    "voila": 90,
    "book": 120,
    "tests/benchmarks/test_scripts.py": 90,
    "tests/widgets/test_labels.py": 120,
    "tests/browser/test_dashboards.py": 120,
}


def group_of(item):
    """Name of the group of a test: what it shares with others, or else its file."""
    shared = [name for name in SHARED if name in getattr(item, "fixturenames", ())]
    return shared[0] if shared else item.path.relative_to(ROOT).as_posix()


def notebook_seconds():
    """Seconds of each notebook when it was built, by its path."""
    measured = json.loads((ROOT / "book" / "measured.json").read_text(encoding="utf-8"))
    return {f"notebooks/{name}.ipynb": figures["seconds"] for name, figures in measured.items()}


def put_together(items):
    """Keep each group in one process, and start with those that take longest.

    A file stays in one process, for what it makes for its tests is made once. A test in a group
    of its own choice stays there.
    """
    seconds = SECONDS | notebook_seconds()
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=lambda item: -seconds.get(item.get_closest_marker("xdist_group").args[0], 0))
