"""What `pip install` brings: code and scripts, no samples, and little of it."""

import runpy
import subprocess
import sys
import zipfile

import pytest


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
    assert wheel.stat().st_size <= 500_000


def test_wheel_leaves_samples_behind(contents):
    assert [name for name in contents if "samples/" in name or name.endswith(".root")] == []


def test_wheel_has_code_and_scripts(contents, root):
    folders = [root / "hepml", root / "hepml_widgets"]
    paths = [path for folder in folders for path in folder.rglob("*.*")]
    wanted = [path for path in paths if path.suffix in {".py", ".js", ".css"}]
    assert {path.relative_to(root).as_posix() for path in wanted} <= set(contents)


def test_wheel_has_nothing_else(contents):
    tops = {name.split("/")[0] for name in contents}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"hepml", "hepml_widgets"}


def test_pages_of_the_wheel_are_those_of_the_checkout(wheel, root, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    ours, installed = (
        runpy.run_path(folder / "hepml_widgets" / "_scripts.py") for folder in (root, tmp_path)
    )
    assert installed["STATIC"].is_relative_to(tmp_path)
    modules = [path.stem for path in ours["STATIC"].glob("*.js")]
    assert len(modules) > 9
    for module in modules:
        assert installed["source"](module) == ours["source"](module)
        assert installed["stylesheet"](module) == ours["stylesheet"](module)


def test_scripts_of_the_wheel_are_shortened(wheel, root):
    with zipfile.ZipFile(wheel) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    scripts = [
        path
        for path in (root / "hepml_widgets" / "static").iterdir()
        if path.suffix in {".js", ".css"}
    ]
    assert all(sizes[path.relative_to(root).as_posix()] < path.stat().st_size for path in scripts)
