"""What the rules look at: the files that git keeps, and the house's own packages."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def listed_by_git():
    """Return every tracked path that is a file here."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files are kept")
    output = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True)
    paths = (ROOT / name for name in output.split("\0") if name)
    return [path for path in paths if path.is_file()]


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def tracked():
    return listed_by_git()
