"""What `pip install` brings: code and scripts, no samples, and little of it."""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

import hepml


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_wheel_is_light(wheel):
    assert wheel.stat().st_size <= 1_000_000


def test_wheel_leaves_samples_behind(contents):
    assert [name for name in contents if "samples/" in name or name.endswith(".root")] == []


TYPED = "py.typed"


def test_wheel_has_code_and_scripts(contents, root):
    folders = [root / "hepml", root / "hepml_widgets"]
    paths = [path for folder in folders for path in folder.rglob("*.*")]
    code = [path for path in paths if path.suffix in {".py", ".js", ".css"} or path.name == TYPED]
    names = {path.relative_to(root).as_posix() for path in code}
    assert {name for name in contents if ".dist-info" not in name} >= names


def test_wheel_says_that_it_is_typed(contents):
    assert {f"hepml/{TYPED}", f"hepml_widgets/{TYPED}"} <= set(contents)


def test_wheel_and_command_have_one_version(wheel):
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"hepml_lab-{hepml.__version__}.dist-info/METADATA").decode()
    assert f"\nVersion: {hepml.__version__}\n" in metadata
    command = [sys.executable, "-c", "from hepml.cli import main; main()", "--version"]
    assert subprocess.check_output(command, text=True) == f"hepml {hepml.__version__}\n"


def test_nothing_of_the_packages_is_left_out(root):
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    hatch = settings["tool"]["hatch"]["build"]
    assert "exclude" not in hatch | hatch["targets"]["wheel"]
    for folder in ("hepml", "hepml_widgets"):
        texts = [path.read_text(encoding="utf-8") for path in (root / folder).rglob("*.py")]
        assert [text for text in texts if re.search(r"except \(?ModuleNotFound.*hepml", text)] == []


def test_wheel_has_nothing_else(contents):
    tops = {name.split("/")[0] for name in contents}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"hepml", "hepml_widgets"}


def test_command_of_the_wheel_says_where_kernels_are_installed_from(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    command = "import sys; from hepml.cli import main; sys.argv = sys.argv[1:]; main()"
    for words in (["install", "--gpu"], ["list"], ["remove", "one"]):
        done = subprocess.run(
            [sys.executable, "-P", "-c", command, "hepml", "kernels", *words],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.startswith("hepml: kernels are installed from the repository")


PAGES = """
import json
from hepml_widgets.core import scripts
modules = [path.stem for path in sorted(scripts.STATIC.glob("*.js"))]
texts = {name: [scripts.source(name), scripts.stylesheet(name)] for name in modules}
print(json.dumps([str(scripts.STATIC), texts]))
"""


def pages_of(folder):
    """Return where scripts are read, and what pages get, of the packages in a folder."""
    command = [sys.executable, "-P", "-c", PAGES]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return json.loads(subprocess.check_output(command, env=environment, cwd=folder))


def test_pages_of_the_wheel_are_those_of_the_checkout(wheel, root, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    (ours, wanted), (installed, found) = pages_of(root), pages_of(tmp_path)
    assert [ours, installed] == [str(f / "hepml_widgets" / "static") for f in (root, tmp_path)]
    assert len(wanted) > 9
    assert found == wanted


def test_scripts_of_the_wheel_are_shortened(wheel, root):
    with zipfile.ZipFile(wheel) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    scripts = [
        path
        for path in (root / "hepml_widgets" / "static").iterdir()
        if path.suffix in {".js", ".css"}
    ]
    assert all(sizes[path.relative_to(root).as_posix()] < path.stat().st_size for path in scripts)
