"""What runs side by side: a group in one process, the longest first, all of it there."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.support import groups

TWO = "import os\ndef test_one():\n    print('process', os.getpid())\ntest_two = test_one\n"
RUN = [
    "-n",
    "2",
    "--dist",
    "loadscope",
    "--no-loadscope-reorder",
    "-q",
    "-rP",
    "-p",
    "no:cacheprovider",
]


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/browser/test_boxes.py::test_one[a::b]", "tests/browser"),
        ("tests/browser/test_dashboards.py::test_one", "tests/browser/test_dashboards.py"),
        ("tests/book/test_pages.py::test_one", "tests/book"),
        ("tests/stats/test_roc.py::Class::test_one", "tests/stats/test_roc.py"),
        ("notebooks/dashboards/roc::ipynb::Cell 3", "notebooks/dashboards/roc"),
    ],
)
def test_a_file_stays_together_and_so_do_files_that_share_a_server(nodeid, group):
    assert groups.group_of(nodeid) == group


def test_what_takes_longest_starts_first(monkeypatch):
    monkeypatch.setattr(groups, "SECONDS", {"tests/long.py": 50, "tests/longer.py": 60})
    monkeypatch.setattr(groups, "notebook_seconds", lambda: {"notebooks/one": 55})
    files = ["tests/a.py", "tests/long.py", "notebooks/one", "tests/b.py", "tests/longer.py"]
    items = [SimpleNamespace(nodeid=f"{file}::test_one") for file in files]
    groups.longest_first(items)
    found = [groups.group_of(item.nodeid) for item in items]
    assert found == ["tests/longer.py", "notebooks/one", "tests/long.py", *files[::3]]


def test_what_is_said_to_be_long_is_there():
    places = [*groups.SECONDS, *groups.TOGETHER, *groups.APART]
    assert [name for name in places if not (groups.ROOT / name).exists()] == []
    notebooks = [groups.ROOT / f"{name}.ipynb" for name in groups.notebook_seconds()]
    assert [path for path in notebooks if not path.is_file()] == []


def test_each_group_runs_in_one_process(tmp_path):
    """With our own scheduler, and cells of notebooks as nbval names them."""
    hooks = (groups.ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    start, end = hooks.index("@pytest.hookimpl"), hooks.index('@pytest.fixture(scope="session")')
    for place in ("tests/browser/test_a.py", "tests/browser/test_b.py", "tests/stats/test_c.py"):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TWO)
    head = f"import sys\nsys.path.insert(0, {str(groups.ROOT)!r})\nimport pytest\n"
    head += "from tests.support import groups\n"
    (tmp_path / "tests" / "conftest.py").write_text(head + hooks[start:end])
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    command = [sys.executable, "-m", "pytest", *RUN, "tests"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    processes = [line for line in done.stdout.splitlines() if line.startswith("process ")]
    assert len(processes) == 6
    assert sorted(processes.count(one) for one in set(processes)) == [2, 4]
