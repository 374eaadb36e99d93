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
    bundles = [path for path in paths if path.parent.name == "dist" and path.suffix != ".md"]
    code = [path for path in paths if path.suffix in {".py", ".mplstyle"} or path.name == TYPED]
    names = {path.relative_to(root).as_posix() for path in [*code, *bundles]}
    assert {name for name in contents if ".dist-info" not in name} >= names


def test_wheel_has_the_languages_of_the_widgets(contents, root):
    files = sorted((root / "hepml_widgets" / "languages").iterdir())
    assert len(files) > 1
    assert {f"hepml_widgets/languages/{file.name}" for file in files} <= set(contents)
    assert not any("hepml_lessons" in name for name in contents)


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
modules = sorted(path.stem for path in scripts.DIST.glob("*.js"))
texts = {name: [scripts.source(name), scripts.stylesheet(name)] for name in modules}
print(json.dumps([str(scripts.DIST), texts, scripts.stylesheet("report")]))
"""


@pytest.fixture(scope="module")
def unpacked(wheel, tmp_path_factory):
    """Put the wheel where a Python finds it and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_in(folder, program):
    """Return what a program prints that finds our packages in a folder alone."""
    command = [sys.executable, "-P", "-c", program]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.check_output(command, env=environment, cwd=folder, text=True)


def test_pages_of_the_wheel_are_those_of_the_checkout(unpacked, root):
    (ours, *wanted), (installed, *found) = (
        json.loads(run_in(folder, PAGES)) for folder in (root, unpacked)
    )
    assert [ours, installed] == [str(f / "hepml_widgets" / "dist") for f in (root, unpacked)]
    assert len(wanted[0]) == 9
    assert found == wanted


SHOWN = """
import sys
import numpy as np, hepml_widgets
rng = np.random.default_rng(1)
y = np.arange(400) % 2
view = hepml_widgets.RocExplorer(y, rng.normal(y))
view.to_html("view.html")
print(hepml_widgets.__file__)
"""


@pytest.mark.browser
def test_a_view_of_the_wheel_is_alive_in_a_page(unpacked, page):
    assert str(unpacked) in run_in(unpacked, SHOWN)
    page.goto((unpacked / "view.html").as_uri())
    page.wait_for_selector("[data-done] .hepml-readout b")
    readout = page.inner_text(".hepml-readout")
    page.locator("[role=slider]").first.press("ArrowRight")
    page.wait_for_function("old => document.querySelector('.hepml-readout').innerText !== old",
                           arg=readout)  # fmt: skip
