"""From text to notebook: the same text gives the same bytes."""

import json
from base64 import b64decode, b64encode
from io import BytesIO

import build
import nbformat
import numpy as np
import pytest
import weave
from matplotlib.figure import Figure
from PIL import Image

pytestmark = pytest.mark.notebook

TEXT = """
# A small lesson

```{code-cell}
import sys
import matplotlib.pyplot as plt
import numpy as np
from hepml_widgets import RocExplorer
print("a warning nobody should save", file=sys.stderr)
```

```{code-cell}
:alt: "A straight line that rises."
plt.plot(np.arange(3))
plt.show()
```

```{code-cell}
:tags: [solution, nbval-check-output]
print(6 * 7)
```

```{code-cell}
rng = np.random.default_rng(1)
y = np.arange(400) % 2
RocExplorer(y, rng.normal(y))
```

```{code-cell}
:tags: [hide-input]
import os, time
time.sleep(0.01)
sorted({"a", "b", "c"})
```

```{code-cell}
:tags: [not-saved]
print(time.perf_counter())
```
"""


@pytest.fixture(scope="module")
def runs(lesson, tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    return [weave.execute(weave.sketch(lesson(TEXT)), folder) for _ in range(2)]


def test_two_builds_are_equal_byte_for_byte(runs):
    first, second = (nbformat.writes(notebook) for notebook, *_ in runs)
    assert first == second


def test_a_picture_and_a_view_are_among_the_outputs(runs):
    notebook = runs[0][0]
    kinds = {
        kind for c in notebook.cells for o in c.get("outputs", []) for kind in o.get("data", {})
    }
    assert {"image/png", "text/html", weave.VIEW} <= kinds


def test_views_are_numbered(runs):
    datas = [o.get("data", {}) for c in runs[0][0].cells for o in c.get("outputs", [])]
    assert [data[weave.VIEW]["model_id"] for data in datas if weave.VIEW in data] == [f"{1:032x}"]


def test_stderr_is_reported_and_not_saved(runs):
    notebook, _, _, messages = runs[0]
    assert messages == "a warning nobody should save\n"
    assert "nobody should save\\n" not in json.dumps([c.get("outputs") for c in notebook.cells])


def test_what_is_of_the_moment_is_not_saved(runs):
    cell = runs[0][0].cells[-1]
    assert cell.execution_count
    assert cell.outputs == []


def test_time_and_memory_are_measured(runs):
    _, seconds, peak, _ = runs[0]
    assert seconds > 0.01
    assert 50e6 < peak < 4e9


def test_alt_text_goes_to_the_book_and_to_the_picture(runs):
    cell = next(c for c in runs[0][0].cells if "plt.plot" in c.source)
    assert cell.metadata == {"mystnb": {"image": {"alt": "A straight line that rises."}}}
    (output,) = (o for o in cell.outputs if "image/png" in o.get("data", {}))
    assert output.metadata["image/png"]["alt"] == "A straight line that rises."


def test_a_figure_keeps_its_looks_in_half_of_the_bytes():
    """Colours move by less than an eye sees, and nothing is stored that is larger than before."""
    figure = Figure()
    axes = figure.subplots()
    axes.imshow(np.add.outer(np.arange(30), np.arange(40)), cmap="plasma")
    axes.plot(np.arange(30), color="red")
    axes.set(xlabel="mass [GeV]", title="A picture")
    stream = BytesIO()
    figure.savefig(stream)
    data = {"image/png": b64encode(stream.getvalue()).decode()}
    before, pixels = len(data["image/png"]), decoded(data)
    weave._slim(data)
    assert len(data["image/png"]) < before / 2
    moved = np.abs(decoded(data) - pixels)
    assert moved.mean() < 1
    assert np.quantile(moved, 0.999) <= 24
    again = dict(data)
    weave._slim(again)
    assert len(again["image/png"]) <= len(data["image/png"])


def decoded(data):
    return np.asarray(Image.open(BytesIO(b64decode(data["image/png"]))).convert("RGB"), int)


def test_a_solution_is_folded_in_both_faces(runs):
    (cell,) = (c for c in runs[0][0].cells if "solution" in c.metadata.get("tags", []))
    assert "hide-cell" in cell.metadata.tags
    assert cell.metadata.jupyter == {"source_hidden": True, "outputs_hidden": True}
    assert cell.metadata.collapsed
    assert cell.outputs[0].text == "42\n"


def test_code_alone_is_folded_in_both_faces(runs):
    (cell,) = (c for c in runs[0][0].cells if "hide-input" in c.metadata.get("tags", []))
    assert "hide-input" in cell.metadata.tags
    assert cell.metadata.jupyter == {"source_hidden": True}
    assert cell.outputs


def test_no_trace_of_time_or_versions(runs):
    notebook = runs[0][0]
    assert [cell.id for cell in notebook.cells] == [f"cell-{n:03d}" for n in range(1, 8)]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert "version" not in notebook.metadata.language_info
    assert not any("execution" in cell.metadata for cell in notebook.cells)


@pytest.fixture
def house(lesson, monkeypatch, tmp_path):
    path = lesson("```{code-cell}\nprint(1)\n```\n", "one")
    monkeypatch.setattr(build, "TEXTS", path.parent)
    monkeypatch.setattr(build, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(build, "MEASURED", tmp_path / "measured.json")
    return path


@pytest.mark.usefixtures("house")
def test_an_unchanged_lesson_is_not_run_again(capsys):
    build.main(["notebooks", "one"])
    build.main(["notebooks", "one"])
    assert "one: unchanged" in capsys.readouterr().out
    figures = json.loads(build.MEASURED.read_text())["one"]
    assert figures["seconds"] > 0


def test_a_changed_text_and_an_edited_notebook_are_built_again(house):
    build.main(["notebooks", "one"])
    assert build.is_current("one", house)
    build.target("one").write_text(build.target("one").read_text().replace("1\\n", "2\\n"))
    assert not build.is_current("one", house)
    build.main(["notebooks", "one"])
    house.write_text(house.read_text() + "\nOne more sentence.\n")
    assert not build.is_current("one", house)


@pytest.mark.usefixtures("house")
def test_force_builds_all_the_same(capsys):
    build.main(["notebooks", "one"])
    build.main(["notebooks", "one", "--force"])
    assert "unchanged" not in capsys.readouterr().out


def test_a_failing_cell_stops_the_build_and_is_shown(house):
    house.write_text(house.read_text() + "\n```{code-cell}\nprint(1 / 0)\n```\n")
    with pytest.raises(SystemExit, match=r"(?s)print\(1 / 0\).*ZeroDivisionError"):
        build.main(["notebooks", "one"])
    assert not build.target("one").exists()


@pytest.mark.usefixtures("house")
def test_an_unknown_lesson_is_named():
    with pytest.raises(SystemExit, match=r"No such lesson: two. There are: .*one"):
        build.main(["notebooks", "two"])
