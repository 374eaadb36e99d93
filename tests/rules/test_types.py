"""Whatever is public is annotated, so that an editor and a type checker know it."""

import inspect
import subprocess
import sys
import textwrap

import pytest

from tests.rules.public import CLASSES, FUNCTIONS

PACKAGES = ("hepml.data.", "hepml.stats.", "hepml_widgets.")
TYPED = [pair for pair in FUNCTIONS if pair[0].startswith(PACKAGES)]
OWN = ("hepml.", "hepml_widgets.")


def callables(name, cls):
    """Yield what one calls or reads of a class, that of its bases in our packages too."""
    seen = set()
    for base in cls.__mro__:
        if not base.__module__.startswith(OWN) or base.__name__.startswith(("_", "Keras")):
            continue
        for key, thing in vars(base).items():
            function = thing.fget if isinstance(thing, property) else thing
            function = getattr(function, "__func__", function)
            is_public = key not in seen and (key[0] != "_" or key == "__init__")
            seen.add(key)
            if is_public and inspect.isfunction(function):
                yield f"{name}.{key}", function


METHODS = [
    pair
    for name, cls in CLASSES
    if name.startswith(PACKAGES)
    for pair in callables(name, cls)
    if pair[1].__code__.co_filename != "<string>"  # a dataclass writes that one itself
]


def untyped(function):
    signature = inspect.signature(function)
    empty = inspect.Parameter.empty
    parameters = [one for one in signature.parameters.values() if one.name not in {"self", "cls"}]
    bare = [one.name for one in parameters if one.annotation is empty]
    return bare + ["return"] * (signature.return_annotation is empty)


@pytest.mark.parametrize(("name", "function"), [*TYPED, *METHODS])
def test_public_names_are_annotated(name, function):
    assert untyped(function) == [], name


def test_packages_say_that_they_are_typed(root):
    assert [(root / package / "py.typed").is_file() for package in ("hepml", "hepml_widgets")] == [
        True,
        True,
    ]


USE = """
from pathlib import Path

import numpy as np

from hepml import data, stats
from hepml_widgets import RocExplorer

events = data.read(Path("my.root"), columns=["mass"], tree="events", where=data.col("mass") > 50)
y = np.repeat([1, 0], 50)
score = np.linspace(0, 1, 100)
curve: stats.RocCurve = stats.roc_curve(y, score, weights=None)
point: stats.WorkingPoint = stats.working_point(curve, signal_efficiency=0.5)
area: float = stats.auc([1, 0], [0.2, 0.3])
page: Path = RocExplorer(y, {"BDT": score}).to_html("roc.html")
names: tuple[str, ...] = data.names()
"""
MISUSE = """
from hepml import data, stats
from hepml_widgets import RocExplorer

data.generate("jets", "many", 1, "more")
stats.working_point([1, 2, 3])
RocExplorer([1, 0], [0.1, 0.2], sigma_b="ten per cent")
stats.bump_hunt([1], [0, 1], (0, 1), parameters=None)
"""


@pytest.fixture(scope="module")
def checked(root, tmp_path_factory):
    """Ask mypy what it says of lines of Python, as a user's editor would."""
    pytest.importorskip("mypy", reason="mypy checks what our annotations say")
    folder = tmp_path_factory.mktemp("types")

    def check(text):
        file = folder / "use.py"
        file.write_text(textwrap.dedent(text))
        options = ["--follow-imports=silent", "--ignore-missing-imports", "--no-error-summary"]
        command = [sys.executable, "-m", "mypy", *options, "--cache-dir", folder / "cache", file]
        done = subprocess.run(
            command,
            cwd=folder,
            env={"MYPYPATH": str(root), "PATH": "", "HOME": str(folder)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.stdout + done.stderr

    return check


def test_a_checker_finds_nothing_in_right_use(checked):
    assert checked(USE) == ""


def test_a_checker_finds_every_misuse(checked):
    found = [int(line.split(":")[1]) for line in checked(MISUSE).splitlines() if "error:" in line]
    assert sorted(set(found)) == [5, 6, 7, 8]
