"""Which tests run in one process when two run side by side, and which of them start first.

xdist's own marks of groups do nothing under pytest 9, and say nothing: a group is told from where
a test is.
"""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Folders whose files share what is costly: JupyterLab and Voila, and the book, built in a minute.
TOGETHER = ("tests/browser", "tests/book")
APART = ("tests/browser/test_dashboards.py",)  # it has servers of its own, which it waits for
# CPU seconds, about, of what takes long; what is not here takes less than these, or is a notebook.
SECONDS = {
    "tests/browser": 590,
    "tests/book": 380,
    "tests/benchmarks/test_scripts.py": 220,
    "tests/browser/test_dashboards.py": 180,
    "tests/lessons/test_jet_images.py": 120,
    "tests/checks/test_bench.py": 120,
    "tests/test_cli_report.py": 115,
    "tests/test_install.py": 85,
    "tests/widgets/test_labels.py": 85,
    "tests/lessons/test_boosted_trees.py": 185,
    "tests/stats/test_reweighting.py": 70,
    "tests/data/test_dask.py": 70,
    "tests/test_kernels.py": 60,
    "tests/test_cli.py": 50,
}


def group_of(nodeid):
    """Name the group of a test: a folder that shares something, or else its file."""
    file = nodeid.split("::")[0]
    return next((one for one in TOGETHER if file.startswith(f"{one}/") and file not in APART), file)


def notebook_seconds():
    """Seconds of each notebook when it was built, by the group of its cells."""
    measured = json.loads((ROOT / "book" / "measured.json").read_text(encoding="utf-8"))
    return {f"notebooks/{name}": figures["seconds"] for name, figures in measured.items()}


def longest_first(items):
    """Sort tests so that the groups which take longest come first."""
    seconds = SECONDS | notebook_seconds()
    items.sort(key=lambda item: -seconds.get(group_of(item.nodeid.replace(".ipynb", "")), 0))


def scheduler(config, log):
    """Make what gives each group to one process, in the order of the tests."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group_of(nodeid)

    return Groups(config, log)
