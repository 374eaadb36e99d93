"""The one-way streets: who may import whom, and what an import may cost."""

import ast
import json
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter

import pytest

from book.behind import executed

HEAVY = {
    "fastjet",
    "jax",
    "keras",
    "lightgbm",
    "pandas",
    "pythia8",
    "pythia8mc",
    "sklearn",
    "tensorflow",
    "torch",
    "xgboost",
}


def package_of(path, root):
    return path.relative_to(root).with_suffix("").parts[:-1]


def absolute(node, package):
    """Return the dotted names a statement imports, relative ones spelled out."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = package[: len(package) - node.level + 1] if node.level else ()
    module = ".".join([*base, *filter(None, [node.module])])
    return [f"{module}.{alias.name}" for alias in node.names]


def imported(path, root):
    """Return every name that a file imports, at its top or inside its functions."""
    nodes = ast.walk(ast.parse(path.read_text()))
    statements = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    return [name for node in statements for name in absolute(node, package_of(path, root))]


def files(folder):
    found = sorted(folder.rglob("*.py"))
    assert found, f"no Python files in {folder}"
    return found


def offenders(folder, root, is_allowed):
    return [
        f"{path.relative_to(root)}: {name}"
        for path in files(folder)
        for name in imported(path, root)
        if not is_allowed(name)
    ]


def test_relative_imports_are_spelled_out():
    statement = ast.parse("from ..stats import roc_curve").body[0]
    assert absolute(statement, ("hepml", "data")) == ["hepml.stats.roc_curve"]


HOUSE = {"benchmarks", "hepml", "hepml_lessons", "hepml_widgets", "hub", "tests"}
# Commands that stand above several rooms: they import them when they are called.
COMMANDS = {
    "hepml/cli/_class.py: hepml_lessons.copy",
    "hepml/cli/_class.py: hepml_lessons.rehearsal",
    "hepml/cli/_class.py: hub.preflight",
    "hepml/cli/_kernels.py: hub.kernels",
    "hepml/cli/_lessons.py: hepml_lessons.copy",
    "hepml/cli/_report.py: hepml_widgets.report",
}


def needs_of_others(folder, root, *allowed):
    rooms = HOUSE - {folder, *allowed}
    return offenders(root / folder, root, lambda name: name.split(".")[0] not in rooms)


def test_hepml_never_imports_the_other_rooms_but_in_commands_that_call_them(root):
    assert set(needs_of_others("hepml", root)) == COMMANDS
    assert loaded_by("hepml.cli") & HOUSE == {"hepml"}


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [
        ("hepml_widgets", ["hepml"]),
        ("hepml_lessons", ["hepml", "hepml_widgets"]),
        ("hub", ["hepml"]),
        ("benchmarks", ["hepml", "hepml_lessons", "hepml_widgets", "hub", "tests"]),
    ],
)
def test_rooms_import_only_those_below_them(root, folder, allowed):
    assert needs_of_others(folder, root, *allowed) == []


def is_test(name):
    return any(part.startswith("test_") for part in name.split("."))


def test_no_test_imports_another(root):
    """What several tests share is a module of its own: it can be found, and moved."""
    assert offenders(root / "tests", root, lambda name: not is_test(name)) == []


def test_benchmarks_share_with_tests_what_lies_in_support_and_that_needs_no_test(root):
    def is_allowed(name):
        return not name.startswith("tests.") or name.startswith("tests.support.")

    shared = root / "tests" / "support"
    assert [
        *offenders(root / "benchmarks", root, is_allowed),
        *offenders(shared, root, is_allowed),
    ] == []


def test_stats_knows_numpy_and_scipy_only(root):
    allowed = sys.stdlib_module_names | {"numpy", "scipy"}

    def is_allowed(name):
        return name.split(".")[0] in allowed or name.startswith(("hepml.stats", "hepml.files"))

    assert offenders(root / "hepml" / "stats", root, is_allowed) == []


def test_views_take_statistics_and_no_data(root):
    def is_allowed(name):
        return not name.startswith("hepml.") or name.startswith(("hepml.stats", "hepml.files"))

    assert offenders(root / "hepml_widgets", root, is_allowed) == []


def folder_of(name):
    """Folder of our views that a dotted name lies in; None for all else."""
    parts = name.split(".")
    return parts[1] if parts[0] == "hepml_widgets" and len(parts) > 1 else None


def test_no_widget_reaches_into_the_folder_of_another(root):
    """What several share is in core: a widget is read, changed and loaded alone."""
    package = root / "hepml_widgets"
    folders = {path.name for path in package.iterdir() if (path / "__init__.py").exists()}
    assert {"core", "report", "roc_explorer"} <= folders
    assert [one for folder in folders - {"report"} for one in reached_from(folder, root)] == []


def reached_from(folder, root):
    """Return what a folder of our views imports from others but core."""

    def is_allowed(name):
        return folder_of(name) in {None, folder, "core"}

    return offenders(root / "hepml_widgets" / folder, root, is_allowed)


# ---------------------------------------------------------------- circles

PACKAGES = ("benchmarks", "hepml", "hepml_lessons", "hepml_widgets", "hub")


def leaf(path, root):
    """Place of a module in the tree of folders: a package is the ``__init__`` in its folder."""
    return path.relative_to(root).with_suffix("").parts


def meant(name, known):
    """Find the module that a dotted name is, or is in; None if it is no one of these."""
    parts = tuple(name.split("."))
    for length in range(len(parts), 0, -1):
        for module in (parts[:length], (*parts[:length], "__init__")):
            if module in known:
                return module
    return None


def graphs(package, root):
    """For each folder: which of its modules and subfolders import which others of them."""
    known = {leaf(path, root): path for path in files(root / package)}
    found = {}
    for module, path in known.items():
        statements = executed(ast.parse(path.read_text(encoding="utf-8")))
        names = [name for node in statements for name in absolute(node, module[:-1])]
        for other in {meant(name, known) for name in names} - {None, module}:
            depth = next(i for i, (a, b) in enumerate(zip(module, other, strict=False)) if a != b)
            folder = found.setdefault(".".join(module[:depth]), {})
            folder.setdefault(module[depth], set()).add(other[depth])
    return found


def circles(package, root):
    """One circle in each folder that has any; circles of modules are among them."""
    found = []
    for folder, graph in graphs(package, root).items():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            found.append(f"{folder}: {' <- '.join(error.args[1])}")
    return found


def write_package(root, texts):
    for name, text in texts.items():
        path = root / "pack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({"a.py": "import pack.b", "b.py": "from pack import c", "c.py": ""}, 0),
        ({"a.py": "import pack.b", "b.py": "def f():\n    from pack import a"}, 1),
        ({"a.py": "import pack.b", "b.py": "if TYPE_CHECKING:\n    import pack.a"}, 0),
        ({"x/a.py": "import pack.y.b", "y/b.py": "", "y/c.py": "from pack.x import d"}, 1),
        ({"x/a.py": "from ..y import b", "y/b.py": "from pack import z", "z.py": ""}, 0),
        ({"x/a.py": "", "x/__init__.py": "from pack.x import a", "b.py": "import pack.x.a"}, 0),
        ({"x/a.py": "from pack import x", "x/__init__.py": "from pack.x import a"}, 1),
    ],
)
def test_circles_are_found_between_modules_and_folders(tmp_path, texts, found):
    texts = {f"{name.rpartition('/')[0]}/__init__.py": "" for name in texts if "/" in name} | texts
    write_package(tmp_path, {"__init__.py": ""} | texts)
    assert len(circles("pack", tmp_path)) == found


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_imports_in_a_circle(package, root):
    assert circles(package, root) == []


def loaded_by(module):
    """Return the top-level modules that a fresh Python holds after one import."""
    code = f"import json, sys, {module}; print(json.dumps([*sys.modules]))"
    names = json.loads(subprocess.check_output([sys.executable, "-c", code], text=True))
    return {name.split(".")[0] for name in names}


LIGHT = ("hepml", "hepml.cli", "hepml.data", "hepml.devices", "hepml.stats")
LIGHT += (
    "hepml_lessons",
    "hepml_lessons.recipes",
    "hepml_widgets",
    "hub.dashboards",
    "hub.pages",
    "hub.preflight",
    "hub.kernels",
)


@pytest.mark.parametrize("module", LIGHT)
def test_import_is_light(module):
    assert loaded_by(module) & HEAVY == set()


def test_data_opens_no_file_reader_until_asked():
    assert loaded_by("hepml.data") & {"uproot", "awkward", "matplotlib", "IPython"} == set()
