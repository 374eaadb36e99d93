"""The builder of notebooks, and every notebook it built."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

HEADER = "---\nkernelspec:\n  name: python3\n  display_name: Python 3\n---\n\n"


@pytest.fixture(scope="session")
def lesson(tmp_path_factory):
    """Write the text of a small lesson; `lesson(text)` is its path."""
    folder = tmp_path_factory.mktemp("tutorials")

    def write(text, name="small"):
        path = folder / f"{name}.md"
        path.write_text(HEADER + text, encoding="utf-8")
        return path

    return write
