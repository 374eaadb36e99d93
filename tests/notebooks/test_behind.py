"""A notebook is built again when something behind it changed, and only then."""

import build
import pytest
from behind import behind

TREE = {
    "hepml/__init__.py": '__version__ = "1"',
    "hepml/stats/__init__.py": "from hepml.stats._roc import auc\nfrom hepml.stats._fit import fit",
    "hepml/stats/_roc.py": "import numpy\ndef auc():\n    from hepml.stats import _late",
    "hepml/stats/_late.py": "from typing import TYPE_CHECKING\n"
    "if TYPE_CHECKING:\n    from hepml.stats import _fit",
    "hepml/stats/_fit.py": "fit = 1",
    "hepml/data/__init__.py": "from hepml.data._load import load",
    "hepml/data/_load.py": "from hepml.data.recipes import get\n"
    "from hepml.data.files import opened",
    "hepml/data/recipes/__init__.py": "from importlib import import_module\n"
    'def get(name):\n    return import_module(f"{__name__}.{name}")',
    "hepml/data/recipes/jets.py": "",
    "hepml/data/recipes/dijets.py": "",
    "hepml/data/files/__init__.py": "from importlib import import_module\n"
    'def opened(kind):\n    return import_module(f"{__name__}.{kind}")',
    "hepml/data/files/root.py": "",
    "hepml_widgets/__init__.py": "from hepml_widgets.core import style\n"
    "from hepml_widgets.one import One\nfrom hepml_widgets.two import Two",
    "hepml_widgets/core/__init__.py": "",
    "hepml_widgets/core/style.py": 'SHEET = "sheet.mplstyle"',
    "hepml_widgets/core/sheet.mplstyle": "",
    "hepml_widgets/one/__init__.py": "from .view import One",
    "hepml_widgets/one/view.py": "from ..core import style as looks\nclass One: ...",
    "hepml_widgets/one/view.js": "",
    "hepml_widgets/two/__init__.py": "from hepml_widgets.two.view import Two",
    "hepml_widgets/two/view.py": "class Two: ...",
    "hepml_widgets/dist/one.js": "",
    "hepml_widgets/dist/two.js": "",
    "hepml_lessons/__init__.py": "from hepml_lessons._recording import recording",
    "hepml_lessons/_recording.py": "",
    "hepml_lessons/checks/__init__.py": "",
    "hepml_lessons/checks/a_lesson.py": 'OTHER = "b-lesson"',
    "hepml_lessons/checks/b_lesson.py": "",
    "hepml_lessons/recorded/a-lesson.json": "{}",
    "hepml_lessons/recorded/b-lesson.json": "{}",
    "hepml_lessons/recorded/c-lesson.json": "{}",
    "samples/jets.json": "{}",
    "samples/jets.root": "",
    "samples/dijets.json": "{}",
    "samples/dijets.root": "",
    "hub/__init__.py": "",
}
LESSON = """---
kernelspec: {name: python3, display_name: Python 3}
---

hepml.stats.fit stands in prose alone.

```{code-cell}
%matplotlib inline
from hepml import data, stats
from hepml_lessons import recording
from hepml_lessons.checks import a_lesson as check
from hepml_widgets import One
```

```{code-cell}
events = data.load("jets")
print(stats.auc(), recording("a-lesson"), One)
```
"""
BEHIND = {
    "hepml/stats/_roc.py",
    "hepml/stats/_late.py",
    "hepml/data/_load.py",
    "hepml/data/recipes/__init__.py",
    "hepml/data/recipes/jets.py",
    "hepml/data/files/__init__.py",
    "hepml/data/files/root.py",
    "hepml_widgets/core/style.py",
    "hepml_widgets/core/sheet.mplstyle",
    "hepml_widgets/one/view.py",
    "hepml_widgets/dist/one.js",
    "hepml_lessons/_recording.py",
    "hepml_lessons/checks/a_lesson.py",
    "hepml_lessons/recorded/a-lesson.json",
    "hepml_lessons/recorded/b-lesson.json",
    "samples/jets.json",
    "samples/jets.root",
}


def found(root, *cells):
    return {path.relative_to(root).as_posix() for path in behind(cells, root)}


@pytest.fixture
def root(tmp_path):
    for name, text in TREE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def lesson(root, monkeypatch):
    """Return the text of a notebook that has just been built."""
    path = root / "tutorials" / "one.md"
    path.parent.mkdir()
    path.write_text(LESSON)
    monkeypatch.setattr(build, "ROOT", root)
    monkeypatch.setattr(build, "TEXTS", path.parent)
    monkeypatch.setattr(build, "NOTEBOOKS", root / "notebooks")
    monkeypatch.setattr(build, "MEASURED", root / "measured.json")
    build.target("one").parent.mkdir()
    build.target("one").write_text("{}")
    build.note("one", build.fingerprint(path))
    assert build.is_current("one", path)
    return path


@pytest.mark.parametrize("name", TREE)
def test_it_is_stale_when_something_behind_it_changed_and_only_then(root, lesson, name):
    changed = root / name
    changed.write_text(changed.read_text() + "\n")
    assert build.is_current("one", lesson) == (name not in BEHIND)


def test_it_is_stale_when_it_imports_something_else(lesson):
    lesson.write_text(LESSON.replace("hepml_widgets import One", "hepml_widgets import Two"))
    assert not build.is_current("one", lesson)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("import hepml.stats._roc", {"_roc", "_late"}),
        ("import hepml.stats as s\ns.fit", {"_fit"}),
        ("from hepml.stats import fit as f", {"_fit"}),
        ("from hepml import stats\nprint(stats)", {"__init__", "_roc", "_late", "_fit"}),
        ("from hepml import stats\nstats.auc\nprint(stats)", {"__init__", "_roc", "_late", "_fit"}),
        ("def f():\n    from hepml import stats\n    return stats.fit", {"_fit"}),
        ("import numpy, hepmlx.stats", set()),
    ],
)
def test_a_package_is_followed_for_what_is_asked_of_it(root, code, wanted):
    assert found(root, code) - {"hepml/__init__.py"} == {f"hepml/stats/{n}.py" for n in wanted}


def test_a_package_that_does_something_when_imported_counts(root):
    front = root / "hepml_widgets" / "__init__.py"
    front.write_text(front.read_text() + "\nimport warnings\nwarnings.simplefilter('error')\n")
    both = {f"hepml_widgets/{name}/view.py" for name in ("one", "two")}
    assert both < found(root, "from hepml_widgets import One")


def test_what_stands_behind_the_lessons_themselves():
    every = {name: set(map(str, files_of(name))) for name in build.texts()}
    assert not [path for path in every["start"] if "/hepml/data/" in path]
    for name, files in every.items():
        widgets = {path for path in files if "/hepml_widgets/dist/" in path}
        assert widgets, name
        assert len(widgets) < 2 * 9, name


def files_of(name):
    text = build.weave.sketch(build.texts()[name])
    cells = [cell.source for cell in text.cells if cell.cell_type == "code"]
    return behind(cells, build.ROOT)
