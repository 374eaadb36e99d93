"""pyproject.toml is the one list; the lock, the bootstrap and the citation agree with it."""

import re
import tomllib

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import bootstrap
import hepml

PYTHONS = ("3.11", "3.12", "3.13")
NEXT = bootstrap.NEXT
MACHINES = {
    "linux": ("linux", "x86_64", "Linux", "posix"),
    "linux-arm": ("linux", "aarch64", "Linux", "posix"),
    "mac": ("darwin", "arm64", "Darwin", "posix"),
    "windows": ("win32", "AMD64", "Windows", "nt"),
}


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


def lines_of(path):
    text = path.read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip()]


def pinned_in(path):
    return [Requirement(line.split(" --hash")[0].strip()) for line in lines_of(path)]


@pytest.fixture(scope="module", params=["requirements.lock", "requirements-gpu.lock"])
def lock_lines(root, request):
    return lines_of(root / request.param)


@pytest.fixture(scope="module")
def locked(root):
    return pinned_in(root / "requirements.lock")


@pytest.fixture(scope="module")
def locked_for_gpu(root):
    return pinned_in(root / "requirements-gpu.lock")


def environment(python, machine, extra=""):
    platform, architecture, system, name = MACHINES[machine]
    return default_environment() | {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": platform,
        "platform_machine": architecture,
        "platform_system": system,
        "os_name": name,
        "extra": extra,
    }


def applies(requirement, where):
    return requirement.marker is None or requirement.marker.evaluate(where)


def asked_for(project, where, extras):
    lists = [project["dependencies"], *map(project["optional-dependencies"].get, extras)]
    wanted = [Requirement(text) for one in lists for text in one]
    return [requirement for requirement in wanted if applies(requirement, where)]


def versions(locked, where):
    chosen = [requirement for requirement in locked if applies(requirement, where)]
    names = [canonicalize_name(requirement.name) for requirement in chosen]
    assert len(names) == len(set(names)), "one package locked twice for one machine"
    pins = [str(requirement.specifier).removeprefix("==") for requirement in chosen]
    return dict(zip(names, pins, strict=True))


def missing(wanted, have):
    return [
        str(requirement)
        for requirement in wanted
        if have.get(canonicalize_name(requirement.name), "none") not in requirement.specifier
    ]


def for_everybody(project):
    """Return all extras but `gpu`, 4 GB of CUDA, and `remote`: `make lab` need not fetch them."""
    return [name for name in project["optional-dependencies"] if name not in ("gpu", "remote")]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", [*PYTHONS, NEXT])
def test_lock_gives_what_the_project_asks(project, locked, python, machine):
    where = environment(python, machine)
    wanted = asked_for(project, where, for_everybody(project))
    assert missing(wanted, versions(locked, where)) == []


@pytest.mark.parametrize("python", PYTHONS)
def test_locks_together_give_what_a_gpu_asks(project, locked, locked_for_gpu, python):
    where = environment(python, "linux")
    common, special = versions(locked, where), versions(locked_for_gpu, where)
    shared = common.keys() & special.keys()
    assert [name for name in shared if common[name] != special[name]] == []
    wanted = asked_for(project, where, ["lab", "gpu"])
    assert missing(wanted, common | special) == []
    assert {"tensorflow", "jax-cuda12-plugin", "nvidia-cudnn-cu12"} <= special.keys()
    assert {"tensorflow-cpu"} & special.keys() == set()


@pytest.mark.parametrize("machine", ["linux", "mac", "windows"])
@pytest.mark.parametrize("python", PYTHONS)
def test_nobody_else_gets_cuda(locked, python, machine):
    """Of Linux on ARM this cannot be said: there xgboost has no build without it."""
    names = versions(locked, environment(python, machine))
    assert [name for name in names if re.search("nvidia|cuda", name)] == []


def test_every_locked_package_has_hashes(lock_lines):
    assert [line for line in lock_lines if "--hash=sha256:" not in line] == []


def test_lock_pins_and_names_no_place(lock_lines):
    assert [line for line in lock_lines if not re.match(r"[\w.-]+==\S+", line)] == []


def test_declared_pythons_are_these(project):
    declared = SpecifierSet(project["requires-python"])
    minors = [minor for minor in range(99) if f"3.{minor}" in declared]
    assert minors == list(range(int(PYTHONS[0].removeprefix("3.")), 99))
    assert "<" not in str(declared)
    classifiers = re.findall(r":: (3\.\d+)", "\n".join(project["classifiers"]))
    assert classifiers == [*PYTHONS, NEXT]
    oldest, newest = bootstrap.OLDEST, bootstrap.NEWEST
    assert (PYTHONS[0], PYTHONS[-1]) == (f"3.{oldest[1]}", f"3.{newest[1]}")


@pytest.mark.parametrize("machine", MACHINES)
def test_what_has_no_build_yet_is_left_out_by_a_marker(project, machine):
    """And of the widgets and the files nothing is."""

    def names(python, *extras):
        wanted = asked_for(project, environment(python, machine), extras)
        return {requirement.name for requirement in wanted}

    everybody = for_everybody(project)
    gone = names(PYTHONS[-1], *everybody) - names(NEXT, *everybody)
    assert {name.removesuffix("-cpu") for name in gone} == {"tensorflow", "pythia8mc"}
    assert names(NEXT, "files") == names(PYTHONS[-1], "files")


def test_core_needs_no_event_generator(project):
    """Pythia and FastJet are GPL; only who asks for `generate` gets them."""
    lists = {"core": project["dependencies"], **project["optional-dependencies"]}
    holders = {name for name, one in lists.items() if re.search(r"pythia|fastjet", str(one))}
    assert holders == {"generate"}


def test_what_reads_files_is_part_of_the_lab(project):
    extras = project["optional-dependencies"]
    assert set(extras["files"]) <= set(extras["lab"])


def test_the_version_has_one_source(project, root):
    assert project["dynamic"] == ["version"]
    assert "version" not in project
    hatch = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]
    assert hatch["version"]["path"] == "hepml/__init__.py"
    text = (root / "hepml" / "__init__.py").read_text()
    assert re.findall(r'^__version__ = "(.*?)"', text, re.MULTILINE) == [hepml.__version__]


def test_the_changelog_begins_with_what_is_not_released(root):
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert titles[0] == "Unreleased"
    assert titles[1].split(" ")[0] == hepml.__version__
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert {*re.findall(r"^### (.*)$", text, re.MULTILINE)} <= kinds


def test_citation_agrees(project, root):
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert citation["version"] == hepml.__version__
    assert citation["license"] == project["license"]
    assert citation["repository-code"] == project["urls"]["Homepage"]
