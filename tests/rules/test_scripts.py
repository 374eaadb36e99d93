"""The browser's half: hand-written, small, judged by tools, and asking nobody for anything."""

import re

import pytest

from tests.support.node import run_node

# The names of SVG and its kin are addresses in form only.
ADDRESS = re.compile(r"(?:https?:)?//(?!www\.w3\.org/)[\w-]+(?:\.[\w-]+)+/?")
IMPORT = re.compile(
    r"""(?:\bfrom|\bimport)\s*\(?\s*["'](?!\./|\.\./)([^"']+)["']|@import\s+["'u]"""
)
OWN_IMPORT = re.compile(r"""\b(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""")
BIOME = "node_modules/@biomejs/biome/bin/biome"
TSC = "node_modules/typescript/bin/tsc"
LONGEST = 120  # columns


def found(folder, *patterns):
    paths = sorted(path for pattern in patterns for path in folder.rglob(pattern))
    assert paths
    return paths


@pytest.fixture(scope="module")
def package(root):
    return root / "hepml_widgets"


@pytest.fixture(scope="module")
def written(package):
    """Find scripts as they are edited."""
    return [path for path in found(package, "*.js") if path.parent.name != "dist"]


def test_patterns_find_what_they_forbid():
    assert ADDRESS.search('fetch("https://' + 'cdn.example.org/d3.js")')
    assert not ADDRESS.search('createElementNS("http://www.w3.org/2000/svg", "g")')
    assert IMPORT.search('import * as d3 from "d3";')
    assert IMPORT.search('@import "theme.css";')
    assert not IMPORT.search('/** @import { Model } from "./types.js" */')
    assert not IMPORT.search('import { axis } from "./axes.js";')


@pytest.mark.parametrize("pattern", [IMPORT, ADDRESS], ids=["modules", "addresses"])
def test_nothing_of_others_is_asked_for(package, pattern):
    """Bundles hold what these modules say: the test below makes them again."""
    paths = found(package, "*.js", "*.css")
    bad = [(path.name, pattern.findall(path.read_text(encoding="utf-8"))) for path in paths]
    assert [one for one in bad if one[1]] == []


def test_modules_import_files_of_the_package(written, package):
    targets = [
        (path.parent / target).resolve()
        for path in written
        for target in OWN_IMPORT.findall(path.read_text(encoding="utf-8"))
    ]
    assert len(targets) > 100
    assert [path for path in targets if not (path.is_file() and package in path.parents)] == []


def test_bundles_import_nothing(package):
    texts = [path.read_text(encoding="utf-8") for path in found(package / "dist", "*.js")]
    assert [text for text in texts if re.search(r"\bimport\b|\brequire\b", text)] == []


def test_lines_are_short(written, root):
    lines = [
        f"{path.relative_to(root)}:{number}"
        for path in [*written, *root.glob("*.mjs")]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > LONGEST
    ]
    assert lines == []


def test_biome_is_content():
    done = run_node(BIOME, "ci", "--colors=off")
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"Checked (\d+) files", done.stdout)[1]) > 60


SHAPES = {
    "function": "export function long() {{\n{}\n}}\n",
    "arrow": "export const long = () => {{\n{}\n}};\n",
    "method": "export class Long {{\n  read() {{\n{}\n  }}\n}}\n",
    "closure": "export function outer() {{\n  return () => {{\n{}\n  }};\n}}\n",
}


@pytest.fixture(scope="module")
def judged(root, tmp_path_factory):
    """Let biome judge, with our settings, functions with 41 lines and with 30."""
    folder = tmp_path_factory.mktemp("judged")
    (folder / "biome.json").write_bytes((root / "biome.json").read_bytes())
    (folder / "hepml_widgets").mkdir()
    for shape, text in SHAPES.items():
        for length in (30, 41):
            body = "\n".join(f"console.log({i});" for i in range(length))
            (folder / "hepml_widgets" / f"{shape}{length}.js").write_text(text.format(body))
    return run_node(BIOME, "lint", "--colors=off", cwd=folder).stdout


@pytest.mark.parametrize("shape", SHAPES)
def test_biome_finds_a_long_function(shape, judged):
    said = re.findall(r"(\w+)\.js:\S+ lint/complexity/noExcessiveLinesPerFunction", judged)
    assert f"{shape}41" in said
    assert f"{shape}30" not in said


def test_types_hold():
    done = run_node(TSC, "--noEmit")
    assert done.returncode == 0, done.stdout


def test_types_are_looked_at(package, tmp_path):
    """A wrong number of what a module of ours takes is found, so JSDoc is read."""
    module = (package / "core" / "stats.js").as_posix()
    wrong = tmp_path / "wrong.js"
    wrong.write_text(f'import {{ significance }} from "{module}";\nsignificance("a", {{}});\n')
    switches = "--noEmit --allowJs --checkJs --skipLibCheck --target es2023 --module esnext"
    done = run_node(TSC, *switches.split(), "--ignoreConfig", wrong)
    assert "wrong.js" in done.stdout
    assert done.returncode != 0


def test_bundles_are_what_the_modules_make(package, tmp_path):
    done = run_node("bundle.mjs", tmp_path)
    assert done.returncode == 0, done.stdout
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in (package / "dist").iterdir()}
    del kept["README.md"]
    old = sorted(name for name in kept | made if kept.get(name) != made.get(name))
    assert old == [], "type 'make scripts'"


def test_no_tool_of_scripts_is_fetched_from_an_address(root):
    """Npm asks the registry that a person has set."""
    lock = (root / "package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in lock
    assert '"resolved"' not in lock
