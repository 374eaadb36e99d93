"""nbval runs the notebooks in `make test`; here: that it compares what it should."""

import subprocess
import sys

import nbformat
import pytest
import weave

pytestmark = pytest.mark.notebook

TEXT = """
```{code-cell}
:tags: [nbval-check-output]
print("the cut keeps 41 % of the signal")
```

```{code-cell}
import time
print(time.perf_counter())
```
"""


@pytest.fixture(scope="module")
def notebook(lesson, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nbval")
    return weave.execute(weave.sketch(lesson(TEXT, "checked")), folder)[0]


def nbval(notebook, folder):
    """Run nbval as `make test` does; return the finished process."""
    nbformat.write(notebook, folder / "checked.ipynb")
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "."]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_notebook_as_built_passes(notebook, tmp_path):
    result = nbval(notebook, tmp_path)
    assert result.returncode == 0, result.stdout
    assert "2 passed" in result.stdout


def test_a_changed_saved_statement_fails(notebook, tmp_path):
    changed = nbformat.reads(nbformat.writes(notebook).replace("41 %", "42 %"), as_version=4)
    changed.cells[0].source = notebook.cells[0].source
    result = nbval(changed, tmp_path)
    assert result.returncode == 1, result.stdout
    assert "1 failed, 1 passed" in result.stdout


def test_a_failing_cell_fails(notebook, tmp_path):
    broken = nbformat.reads(nbformat.writes(notebook), as_version=4)
    broken.cells[1].source = "1 / 0"
    assert nbval(broken, tmp_path).returncode == 1
