"""What may be kept in the repository, and how large it may be."""

import json
import re

import pytest

# Known by their shape, so that no rule names one either: an address with a folder that indexes and
# archives of packages have, or of a package itself; a host that calls itself a registry; options
# that name a place. Reserved names and this machine are nobody's registry.
NOBODY = r"(?!(?:[\w-]+\.)*example\.(?:org|com|net)\b|127\.|localhost\b)"
REGISTRIES = re.compile(
    rf"https?://{NOBODY}[^\s/\"'<>)]+/(?:[^\s\"'<>)]*/)?"
    r"(?:(?:simple|packages?|project|dists|pool|channels?|crates)(?:/|(?=[\s\"'<>)]|$))"
    r"|[^\s/\"'<>)]+\.(?:whl|conda|crate|deb|tgz|tar\.bz2)\b)"
    rf"|\bregistry\.{NOBODY}[a-z0-9-]+\.(?:org|com|net|io|dev)\b"
    r"|--(?:default-|extra-)?index(?:-url)?[ =]|--find-links[ =]|--registry[ =]",
    re.MULTILINE,
)
# Binder and most hubs call their user jovyan; every other home is somebody's machine.
MACHINES = re.compile(
    r"(?<![\w.])/(?:root|work|home/(?!jovyan\b)\w+|Users/\w+|tmp/\w+)/|[A-Z]:\\+Users\\"
)
MEGABYTE = 1_000_000


def text_of(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def findings(paths, pattern, root):
    return [
        f"{path.relative_to(root)}: {match.group()}"
        for path in paths
        for match in pattern.finditer(text_of(path))
    ]


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (REGISTRIES, "https:" + "//files.host.invalid/packages"),
        (REGISTRIES, "https:" + "//host.invalid/simple/numpy/"),
        (REGISTRIES, "see <https:" + "//host.invalid/project/numpy>"),
        (REGISTRIES, "deb http:" + "//host.invalid/debian/dists/stable"),
        (REGISTRIES, "https:" + "//host.invalid/x/numpy-2.0.0-cp311-linux.whl"),
        (REGISTRIES, "https:" + "//host.invalid/d3/-/d3-7.0.0.tgz"),
        (REGISTRIES, "registry." + "host.org"),
        (REGISTRIES, "--extra-index-url" + " https://example.org/simple"),
        (MACHINES, "File /" + "root/.venv/lib/python3.11/site.py"),
        (MACHINES, "/" + "tmp/ipykernel_12/1.py:3"),
        (MACHINES, "C:" + "\\Users\\me"),
    ],
)
def test_patterns_find_what_they_forbid(pattern, line):
    assert pattern.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "https://github.com/hepml-lab/hepml-lab/issues",
        "https://zenodo.org/records/6466204/files/events.h5",
        "index-url = https://example.org/simple",
        "http://127.0.0.1:9/simple",
        "registry.entry(name)",
        "--no-emit-index-url --no-header",
    ],
)
def test_other_addresses_are_no_registries(line):
    assert not REGISTRIES.search(line)


def test_no_registry_address(tracked, root):
    assert findings(tracked, REGISTRIES, root) == []


def test_no_path_of_one_machine(tracked, root):
    assert findings(tracked, MACHINES, root) == []


def test_no_merge_is_unfinished(tracked, root):
    assert findings(tracked, re.compile(r"^(?:<{7}|>{7}) .*$", re.MULTILINE), root) == []


def test_no_lock_that_records_addresses(tracked):
    assert [path for path in tracked if path.name == "uv.lock"] == []


def test_no_file_is_large(tracked):
    assert [path for path in tracked if path.stat().st_size > 10 * MEGABYTE] == []


def test_samples_fit_a_clone(tracked, root):
    samples = root / "samples"
    assert sum(p.stat().st_size for p in tracked if p.is_relative_to(samples)) <= 60 * MEGABYTE


def notebooks(tracked):
    return [path for path in tracked if path.suffix == ".ipynb"]


def test_notebooks_open_quickly(tracked):
    assert notebooks(tracked), "no notebook is kept"
    assert [path for path in notebooks(tracked) if path.stat().st_size > MEGABYTE] == []


def unfinished(notebook):
    """Return the code cells without a run, or with an error they do not announce."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code" or not "".join(cell["source"]).strip():
            continue
        failed = any(output["output_type"] == "error" for output in cell["outputs"])
        announced = "raises-exception" in cell["metadata"].get("tags", [])
        if cell["execution_count"] is None or (failed and not announced):
            yield "".join(cell["source"])


def test_every_cell_was_run(tracked):
    assert [source for path in notebooks(tracked) for source in unfinished(path)] == []


def built_folders(tracked, root):
    samples = root / "samples"
    kept = (path for path in tracked if path.name != "README.md")
    return {p.parent for p in kept if p.suffix == ".ipynb" or p.is_relative_to(samples)}


def test_built_folders_say_so(tracked, root):
    folders = built_folders(tracked, root)
    assert root / "notebooks" in folders
    silent = [folder for folder in folders if "built by" not in text_of_readme(folder)]
    assert silent == []


def text_of_readme(folder):
    readme = folder / "README.md"
    return readme.read_text(encoding="utf-8").lower() if readme.exists() else ""
