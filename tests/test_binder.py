"""Binder and conda get what pyproject.toml lists, and every launch link leads to a file."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
REPOSITORY = urlsplit(PROJECT["urls"]["Homepage"]).path.strip("/")

# Where conda-forge calls a package differently, or makes one of what pip splits by platform.
CONDA_NAMES = {
    "matplotlib": "matplotlib-base",
    "tensorflow": "tensorflow-cpu",
    "xgboost": "py-xgboost-cpu",
    "xgboost-cpu": "py-xgboost-cpu",
    "xxhash": "python-xxhash",
}
LAUNCH = re.compile(r"https://mybinder\.org/v2/[^\s)>\"'\]\\]+")


def pairs(texts):
    requirements = [Requirement(text) for text in texts]
    return {(CONDA_NAMES.get(r.name, r.name), str(r.specifier)) for r in requirements}


def recipe():
    return yaml.safe_load((ROOT / "environment.yml").read_text())


def test_binder_reads_the_root_recipe():
    link = ROOT / "binder" / "environment.yml"
    assert link.is_symlink()
    assert link.resolve() == ROOT / "environment.yml"
    assert not link.readlink().is_absolute()


def test_recipe_equals_pyproject():
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["lab"]]
    wanted += [f"python{PROJECT['requires-python']}", *PYPROJECT["build-system"]["requires"]]
    *conda, by_pip = (text for text in recipe()["dependencies"] if text != "pip")
    listed = [*conda, *by_pip["pip"]]
    assert pairs(listed) == pairs(wanted)
    assert len(listed) == len(pairs(listed))


def test_pip_brings_only_what_conda_forge_lacks():
    """What pip installs over conda's own is broken by the next update of either."""
    by_pip = recipe()["dependencies"][-1]["pip"]
    assert [Requirement(text).name for text in by_pip] == ["hep_ml"]


def test_recipe_is_conda_forge_alone():
    assert recipe()["name"] == PROJECT["name"]
    assert recipe()["channels"] == ["conda-forge", "nodefaults"]


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_scripts_run(name):
    script = ROOT / "binder" / name
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_start_hands_over_to_the_server():
    done = subprocess.check_output(
        [ROOT / "binder" / "start", "sh", "-c", 'echo "$OMP_NUM_THREADS"'], text=True
    )
    assert done == "2\n"


def test_post_build_installs_no_dependency_twice():
    assert "pip install --no-deps" in (ROOT / "binder" / "postBuild").read_text()


def test_post_build_makes_the_copy_that_launch_links_open():
    assert (
        "from hepml_lessons import copy; copy.update()" in (ROOT / "binder/postBuild").read_text()
    )


def test_post_build_brings_the_settings_of_make_lab():
    assert "bootstrap.settle_lab(sys.prefix)" in (ROOT / "binder" / "postBuild").read_text()


def pages():
    texts = [ROOT / "README.md", *ROOT.glob("tutorials/**/*.md"), *ROOT.glob("book/*.md")]
    return {path: path.read_text(encoding="utf-8") for path in texts}


def cells():
    for path in sorted(ROOT.glob("notebooks/**/*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        yield path, "\n".join("".join(cell["source"]) for cell in notebook["cells"])


def launches():
    written = [*pages().items(), *cells()]
    return [(path.name, url) for path, text in written for url in LAUNCH.findall(text)]


def flaw(url):
    """Say what is wrong with a launch link, or None."""
    parts = urlsplit(url)
    provider, owner, name, ref = [*parts.path.split("/")[2:], *[""] * 4][:4]
    if (provider, f"{owner}/{name}", ref) != ("gh", REPOSITORY, "main"):
        return "not the main branch of this repository"
    encoded = re.fullmatch(r"urlpath=([\w.%-]+)", parts.query)
    if not encoded:
        return "urlpath is missing or not percent-encoded"
    opened = re.fullmatch(r"lab/tree/(.+)", parse_qs(parts.query)["urlpath"][0])
    if not opened or ".." in opened[1]:
        return "opens no file that exists"
    file = re.sub(r"^work/(?=[\w-]+\.ipynb$)", "notebooks/", unquote(opened[1]))  # postBuild's copy
    return None if (ROOT / file).is_file() else "opens no file that exists"


HEAD = "https://mybinder.org/v2/gh/"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{HEAD}{REPOSITORY}/main?urlpath=lab%2Ftree%2FREADME.md", None),
        (f"{HEAD}else/where/main?urlpath=lab%2Ftree%2FREADME.md", "not the main branch"),
        (f"{HEAD}{REPOSITORY}?urlpath=lab%2Ftree%2FREADME.md", "not the main branch"),
        (f"{HEAD}{REPOSITORY}/main?urlpath=lab/tree/README.md", "not percent-encoded"),
        (f"{HEAD}{REPOSITORY}/main", "missing"),
        (f"{HEAD}{REPOSITORY}/main?urlpath=lab%2Ftree%2Fgone.ipynb", "no file"),
        (f"{HEAD}{REPOSITORY}/main?urlpath=lab%2Ftree%2Fwork%2Fstart.ipynb", None),
        (f"{HEAD}{REPOSITORY}/main?urlpath=lab%2Ftree%2Fwork%2Fgone.ipynb", "no file"),
        (f"{HEAD}{REPOSITORY}/main?urlpath=lab%2Ftree%2F..%2Fx", "no file"),
    ],
)
def test_flaws_are_found(url, expected):
    assert (expected is None and flaw(url) is None) or expected in flaw(url)


def test_every_launch_link_opens_a_file():
    assert [(page, url, flaw(url)) for page, url in launches() if flaw(url)] == []


def test_readme_launches_the_start_page():
    links = [url for page, url in launches() if page == "README.md"]
    assert any(unquote(url).endswith("lab/tree/work/start.ipynb") for url in links)


def lessons():
    """Return the lessons that notebooks/ holds, the start page and the dashboards aside."""
    return sorted(path for path in ROOT.glob("notebooks/*.ipynb") if path.stem != "start")


@pytest.mark.parametrize("lesson", lessons(), ids=lambda path: path.stem)
def test_every_lesson_launches_itself(lesson):
    text = (ROOT / "tutorials" / f"{lesson.stem}.md").read_text(encoding="utf-8")
    target = f"lab/tree/work/{lesson.name}"
    assert any(unquote(url).endswith(target) for url in LAUNCH.findall(text))


def test_book_launches_from_the_same_place():
    """Its theme puts a launch button on every lesson page, made from these settings."""
    config = yaml.safe_load((ROOT / "book" / "_config.yml").read_text())
    options = config["sphinx"]["config"]["html_theme_options"]
    assert config["repository"]["url"] == options["repository_url"] == PROJECT["urls"]["Homepage"]
    assert config["repository"]["branch"] == options["repository_branch"] == "main"
    for buttons in (config["launch_buttons"], options["launch_buttons"]):
        assert buttons["binderhub_url"] == "https://mybinder.org"
        assert buttons["notebook_interface"] == "jupyterlab"
