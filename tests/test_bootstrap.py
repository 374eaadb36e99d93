"""The one file that runs before anything is installed."""

import ast
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import nbformat.sign
import pytest
from packaging.requirements import Requirement

import bootstrap

ROOT = Path(__file__).resolve().parents[1]


def test_make_offers_what_bootstrap_runs():
    makefile = (ROOT / "Makefile").read_text()
    offered = re.search(r"^COMMANDS = (.*)$", makefile, re.MULTILINE)[1].split()
    assert {*offered, "clean"} == {*bootstrap.COMMANDS}


def test_help_names_every_command():
    named = set(re.findall(r"^make (\w+)", bootstrap.HELP, re.MULTILINE))
    assert named == {*bootstrap.COMMANDS} - {"help", "install"}


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda p: p.stem)
def test_no_benchmark_demands_an_argument(path):
    """`make bench` gives none."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    added = [call for call in calls if getattr(call.func, "attr", "") == "add_argument"]
    given = {ast.literal_eval(call.args[0]): {k.arg for k in call.keywords} for call in added}
    assert [name for name in given if name[0] != "-" and "nargs" not in given[name]] == []


def test_nothing_but_the_standard_library_is_imported():
    tree = ast.parse((ROOT / "bootstrap.py").read_text())
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_parses_on_an_old_python():
    """It has to run there to say that a newer one is wanted."""
    ast.parse((ROOT / "bootstrap.py").read_text(), feature_version=(3, 7))


@pytest.mark.parametrize(
    ("version", "expected"),
    [((3, 10, 9), False), ((3, 11, 0), True), ((3, 13, 9), True), ((3, 14, 0), False)],
)
def test_python_versions(version, expected):
    assert bootstrap.is_supported(version) is expected


def test_a_python_that_is_too_old_is_told_in_one_sentence(monkeypatch):
    monkeypatch.setattr(bootstrap, "other_python", lambda: None)
    monkeypatch.setattr(bootstrap, "is_supported", lambda _version: False)
    with pytest.raises(bootstrap.Problem, match=r"needs Python 3\.11 to 3\.13; this is 3\."):
        bootstrap.require_python()


def test_debian_without_venv_is_told_the_package(monkeypatch):
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(bootstrap.Problem, match=r"apt-get install python3\.\d+-venv$"):
        bootstrap.require_venv_module()


def test_lowest_versions_are_those_that_are_promised():
    wanted = [Requirement(text) for text in bootstrap.promised()]
    names = [requirement.name for requirement in wanted]
    lists = bootstrap.declared()["optional-dependencies"]
    given = [*bootstrap.declared()["dependencies"], *lists["files"]]
    assert set(map(Requirement, given)) <= set(wanted)
    assert {*bootstrap.PEERS, *bootstrap.TOOLS} <= set(names)
    pinned = {requirement.name for requirement in wanted if "==" in str(requirement.specifier)}
    assert pinned == set(bootstrap.TOOLS)


@pytest.fixture
def done(monkeypatch):
    """Commands that would be run in an environment apart."""
    commands = []
    monkeypatch.setattr(bootstrap, "prepare", lambda: None)
    monkeypatch.setattr(bootstrap, "uv_environment", dict)
    monkeypatch.setattr(bootstrap, "quietly", lambda _, command, **__: commands.append(command))
    monkeypatch.setattr(bootstrap, "call", lambda command, **_: commands.append(command))
    return commands


def test_lowest_versions_are_tested_in_an_environment_apart(done):
    bootstrap.main(["lowest", "-x"])
    venv, install, tests = [list(map(str, command)) for command in done]
    assert install[install.index("--resolution") + 1] == "lowest-direct"
    assert set(bootstrap.promised()) <= set(install)
    assert tests[0].startswith(venv[-1])
    assert {"tests/stats", "tests/data", "tests/widgets", "-x"} <= set(tests)
    assert not Path(venv[-1]).exists()


def test_tests_that_fail_apart_are_told(done, monkeypatch):
    monkeypatch.setattr(bootstrap, "call", lambda *_, **__: 1)
    with pytest.raises(bootstrap.Problem, match="fail with the lowest-direct versions"):
        bootstrap.main(["lowest"])
    assert len(done) == 2


def test_the_newest_python_is_looked_for(done, monkeypatch):
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/there/{name}")
    bootstrap.main(["newest"])
    assert f"/there/python{bootstrap.NEXT}" in done[0]
    assert done[1][done[1].index("--resolution") + 1] == "highest"
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _: None)
    with pytest.raises(bootstrap.Problem, match=r"no python3\.14 on the PATH"):
        bootstrap.main(["newest"])


def test_unknown_command_shows_the_known_ones():
    with pytest.raises(bootstrap.Problem, match="make lab"):
        bootstrap.main(["lob"])


def test_the_installer_comes_with_its_hashes():
    lines = bootstrap.locked("uv").splitlines()
    assert re.match(r"uv==\d", lines[0])
    assert len(lines) > 1
    assert all(re.match(r"    --hash=sha256:[0-9a-f]{64}( \\)?$", line) for line in lines[1:])


def test_pip_settings_reach_uv(monkeypatch, tmp_path):
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://example.org/simple\n"
        "extra-index-url =\n  https://one.example.org\n  https://two.example.org\n"
        "[install]\nfind-links = /a /b\n"
    )
    for name in [key for key in os.environ if key.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "77")
    found = bootstrap.uv_environment()
    assert found["UV_DEFAULT_INDEX"] == "https://example.org/simple"
    assert found["UV_INDEX"].split()[-2:] == ["https://one.example.org", "https://two.example.org"]
    assert found["UV_FIND_LINKS"] == "/a,/b"
    assert found["UV_HTTP_TIMEOUT"] == "77"


def test_own_uv_settings_win(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.example.org")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example.org")
    assert bootstrap.uv_environment()["UV_DEFAULT_INDEX"] == "https://uv.example.org"


def test_once_acts_again_only_when_the_key_changes(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    calls = []
    for key in ("a", "a", "b", "b"):
        bootstrap.once("thing", key, lambda key=key: calls.append(key))
    assert calls == ["a", "b"]


def test_a_failed_step_is_not_remembered(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    failing = [sys.executable, "-c", "print('no space'); raise SystemExit(1)"]
    with pytest.raises(bootstrap.Problem, match="no space"):
        bootstrap.once("thing", "a", lambda: bootstrap.quietly("Trying …", failing))
    assert list(tmp_path.iterdir()) == []


def test_a_step_that_hangs_is_stopped():
    hanging = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(bootstrap.Problem, match="too long"):
        bootstrap.quietly("Waiting …", hanging, timeout=1)


@pytest.fixture
def house(monkeypatch, tmp_path):
    """Make a small house: things kept, things built, and a .venv."""
    (tmp_path / ".gitignore").write_text((ROOT / ".gitignore").read_text())
    for name in ("book/_build", "hepml/__pycache__", ".venv/lib/__pycache__", "notebooks"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").touch()
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    return tmp_path


def left(house):
    return {path.relative_to(house).as_posix() for path in house.rglob("file")}


def test_clean_spares_the_environment(house):
    bootstrap.clean([])
    assert left(house) == {".venv/lib/__pycache__/file", "notebooks/file"}


def test_clean_spares_bundles_of_scripts_and_takes_wheels(house):
    """Both lie in a folder `dist`: that of the widgets is kept in the repository."""
    for name in ("hepml_widgets/dist", "dist", "node_modules/dist"):
        (house / name).mkdir(parents=True)
        (house / name / "file").touch()
    bootstrap.clean([])
    assert left(house) == {
        ".venv/lib/__pycache__/file",
        "notebooks/file",
        "hepml_widgets/dist/file",
    }


@pytest.mark.parametrize("options", [[], ["--all"]])
def test_clean_never_takes_a_students_answers(house, options):
    (house / "work" / "earlier").mkdir(parents=True)
    for name in ("work/file", "work/earlier/file"):
        (house / name).touch()
    bootstrap.clean(options)
    assert {"work/file", "work/earlier/file"} <= left(house)


def test_clean_all_takes_it_too(house):
    bootstrap.clean(["--all"])
    assert left(house) == {"notebooks/file"}


def test_make_without_a_goal_prints_help():
    output = subprocess.check_output(["make"], cwd=ROOT, text=True)
    assert output.strip() == bootstrap.HELP.strip()


@pytest.fixture
def fetches(monkeypatch):
    """Replace both ways to a browser by notes in a list; `works` names the one that helps."""
    tried = []

    def offer(works):
        for way in ("playwright", "debian"):
            fetch = f"fetch_{way}_chromium"
            monkeypatch.setattr(bootstrap, fetch, lambda way=way: tried.append(way))
        monkeypatch.setattr(bootstrap, "browser_starts", lambda: works in tried)
        return tried

    return offer


@pytest.mark.parametrize(
    ("works", "expected"), [("playwright", ["playwright"]), ("debian", ["playwright", "debian"])]
)
def test_a_missing_browser_is_fetched(fetches, works, expected):
    tried = fetches(works)
    bootstrap.require_browser()
    assert tried == expected


def test_a_browser_that_cannot_be_had_is_said_with_its_command(fetches):
    fetches("nothing")
    with pytest.raises(bootstrap.Problem, match="sudo apt-get install chromium"):
        bootstrap.require_browser()


SIDE_BY_SIDE = ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], [*SIDE_BY_SIDE, "tests", "notebooks"]),
        (["-x", "-k", "roc"], [*SIDE_BY_SIDE, "tests", "notebooks", "-x", "-k", "roc"]),
        (["tests/rules", "-x"], ["tests/rules", "-x"]),
    ],
)
def test_make_test_runs_everything_unless_told_where(monkeypatch, options, expected):
    seen = []
    for name in ("prepare", "require_browser", "try_node"):
        monkeypatch.setattr(bootstrap, name, lambda: None)
    monkeypatch.setattr(bootstrap, "become", lambda command, **_variables: seen.extend(command))
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    bootstrap.test(options)
    assert seen[-len(expected) :] == expected
    assert seen[: -len(expected)] == bootstrap.PYTEST


@pytest.fixture
def npm(monkeypatch, tmp_path):
    """Have a house without node_modules and an npm that makes them; note what is run."""
    commands = []

    def ran(_sentence, command, **_options):
        commands.append(command[1:3])
        (tmp_path / "node_modules").mkdir(exist_ok=True)

    (tmp_path / "package-lock.json").write_text("one")
    monkeypatch.setattr(bootstrap, "NODE_LOCK", tmp_path / "package-lock.json")
    monkeypatch.setattr(bootstrap, "NODE_MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(bootstrap, "quietly", ran)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name, **_: f"/there/{name}")
    return commands


def test_tools_of_scripts_are_installed_once_for_each_lock(npm, tmp_path):
    for lock in ("one", "one", "two", "two"):
        (tmp_path / "package-lock.json").write_text(lock)
        bootstrap.prepare_node()
    assert npm == [["ci", "--no-audit"]] * 2


def test_tools_that_were_cleaned_away_are_installed_again(npm, tmp_path):
    bootstrap.prepare_node()
    shutil.rmtree(tmp_path / "node_modules")
    bootstrap.prepare_node()
    assert len(npm) == 2


def test_make_scripts_bundles_with_tools_of_the_lock(npm):
    bootstrap.main(["scripts"])
    assert npm == [["ci", "--no-audit"], ["bundle.mjs"]]


def test_scripts_without_node_are_told_how_it_is_had(npm, monkeypatch):
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _name, **_: None)
    with pytest.raises(bootstrap.Problem, match=r"^There is no node on the PATH: install Node\.js"):
        bootstrap.main(["scripts"])
    assert npm == []


def failing(*_arguments, **_options):
    raise bootstrap.Problem("no network\nThis failed: Installing …")


@pytest.mark.parametrize("missing", ["node", "network"])
@pytest.mark.usefixtures("npm")
def test_tests_go_on_without_tools_of_scripts_and_say_so(missing, monkeypatch, capsys):
    if missing == "node":
        monkeypatch.setattr(bootstrap.shutil, "which", lambda _name, **_: None)
    monkeypatch.setattr(bootstrap, "quietly", failing)
    for name in ("prepare", "require_browser"):
        monkeypatch.setattr(bootstrap, name, lambda: None)
    seen = []
    monkeypatch.setattr(bootstrap, "become", lambda command, **_variables: seen.extend(command))
    bootstrap.main(["test"])
    assert "pytest" in seen
    said = capsys.readouterr().out
    assert {"node": "There is no node", "network": "no network"}[missing] in said
    assert "tests that lint, type-check and bundle scripts are skipped" in said


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command, log, environment):
    """Run a command with its output in `log`; in the end stop it and all it started."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def wait_for(pattern, log, process, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if found := re.search(pattern, log.read_text()):
            return found[0]
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def private(tmp_path):
    """Environment in which Jupyter keeps its files to itself and sees no display."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "MAKEFLAGS", "MAKELEVEL"}
    seen = {name: value for name, value in os.environ.items() if name not in hidden}
    return seen | {name: str(tmp_path / name) for name in names}


@pytest.mark.skipif(Path(sys.prefix) != bootstrap.VENV, reason="make lab would build a .venv")
def test_make_lab_prints_an_address_that_answers_with_the_start_page(tmp_path, private):
    port, log = free_port(), tmp_path / "log"
    with running(["make", "lab", f"ARGS=--port {port}"], log, private) as process:
        url = wait_for(rf"http://127\.0\.0\.1:{port}/\S+token=\w{{48}}", log, process)
        assert "/lab/tree/work/start.ipynb?" in url
        with urllib.request.urlopen(url, timeout=30) as reply:  # noqa: S310 - our own loopback
            assert reply.status == 200
            assert "JupyterLab" in reply.read().decode()


def test_an_environment_of_another_checkout_is_left_alone(tmp_path, monkeypatch):
    other, link = tmp_path / "other", tmp_path / ".venv"
    other.mkdir()
    (other / "kept").write_text("")
    (other / ".hepml-place").write_text(str(other))
    link.symlink_to(other)
    monkeypatch.setattr(bootstrap, "VENV", link)
    monkeypatch.setattr(bootstrap, "PYTHON", link / "bin" / "python")
    bootstrap.make_venv()
    assert (other / "kept").exists()
    assert not link.is_symlink()
    assert (link / ".hepml-place").read_text() == str(link)


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    """Give a house with two lessons that are ours, and the folder in which Jupyter signs."""
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("one", "two"):
        cell = nbformat.v4.new_code_cell(f"# {name}")
        cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": "<b>drawn</b>"})]
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / f"{name}.ipynb")
    paths = sorted(folder.iterdir())
    made = {path.stem: {"notebook": bootstrap.digest(path)} for path in paths}
    (tmp_path / "jupyter").mkdir()
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "measured.json").write_text(json.dumps(made))
    return folder


def trusted(folder):
    notary = nbformat.sign.NotebookNotary(data_dir=str(folder.parent / "jupyter"))
    paths = sorted(folder.glob("*.ipynb"))
    return [path.stem for path in paths if notary.check_signature(nbformat.read(path, 4))]


def test_what_the_project_made_is_trusted(lessons):
    bootstrap.trust_notebooks(sys.executable)
    assert trusted(lessons) == ["one", "two"]


def test_a_notebook_that_somebody_laid_beside_the_lessons_is_not_trusted(lessons):
    text = (lessons / "one.ipynb").read_text()
    (lessons / "stranger.ipynb").write_text(text.replace("drawn", "foreign"))
    (lessons / "two.ipynb").write_text(text.replace("drawn", "changed"))
    bootstrap.trust_notebooks(sys.executable)
    assert trusted(lessons) == ["one"]


def test_without_a_lesson_of_ours_nothing_is_signed(lessons):
    (lessons.parent / "book" / "measured.json").write_text("{}")
    bootstrap.trust_notebooks(sys.executable)
    assert trusted(lessons) == []
