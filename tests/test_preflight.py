"""Before a class: what a machine lacks is told, a sentence each, and decides the exit status."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from hub import preflight
from hub.preflight import BAD, GOOD, POOR

MAIN = "from hepml.cli import main; main()"


def test_the_command_prints_one_page_and_its_status_follows(tmp_path):
    environment = os.environ | {"HEPML_WORK": str(tmp_path / "work")}
    command = [sys.executable, "-c", MAIN, "preflight"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    *lines, last = done.stdout.splitlines()
    assert [line.split()[1] for line in lines] == [
        "Python", "packages", "processor", "memory", "disk", "lessons", "ports", "browser",
        "cache", "GPU",
    ]  # fmt: skip
    is_bad = any(line.startswith("✘") for line in lines)
    assert (done.returncode, last.startswith("not ready: ")) == (int(is_bad), is_bad)
    assert not (tmp_path / "work").exists()


def test_nobody_is_nobody():
    command = [sys.executable, "-c", MAIN, "preflight", "--students", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("here", "state"), [((3, 10, 1), BAD), ((3, 13, 0), GOOD), ((3, 14, 0), BAD)]
)
def test_pythons(monkeypatch, here, state):
    monkeypatch.setattr(preflight, "sys", SimpleNamespace(version_info=here))
    assert preflight.python().state == state


def test_packages_that_are_missing_or_others_are_named(monkeypatch, tmp_path):
    assert preflight.packages().state in {GOOD, POOR}
    monkeypatch.setattr(preflight, "NEEDED", ("numpy", "no-such-package"))
    found = preflight.packages()
    assert (found.state, "no-such-package missing" in found.said) == (BAD, True)
    monkeypatch.setattr(preflight, "NEEDED", ("numpy",))
    (tmp_path / "requirements.lock").write_text(
        'numpy==1.0 ; python_version < "3.12" \\\n    --hash=x\n'
    )
    monkeypatch.setattr(preflight.house.bootstrap(), "LOCK", tmp_path / "requirements.lock")
    found = preflight.packages()
    assert (found.state, "not as tried: numpy 2" in found.said) == (POOR, True)


def test_the_lock_may_name_several_versions(tmp_path):
    lock = tmp_path / "lock"
    lock.write_text("# a\nnumpy==2.1 ; x \\\n    --hash=sha256:00\nnumpy==2.4.6 \\\nuproot==5\n")
    assert preflight._locked(lock) == {"numpy": {"2.1", "2.4.6"}, "uproot": {"5"}}
    assert preflight._locked(tmp_path / "none") == {}


@pytest.mark.parametrize(
    ("cores", "students", "state"), [(1, 1, POOR), (2, 1, GOOD), (2, 2, GOOD), (8, 9, POOR)]
)
def test_processors(monkeypatch, cores, students, state):
    monkeypatch.setattr(preflight, "cores", lambda: cores)
    assert preflight.processors(students).state == state


@pytest.mark.parametrize(
    ("free", "students", "state"),
    [(1.9e9, 1, BAD), (2.1e9, 1, GOOD), (2.1e9, 2, BAD), (None, 1, POOR)],
)
def test_memory(monkeypatch, free, students, state):
    monkeypatch.setattr(preflight.memory, "available", lambda: free)
    found = preflight.enough_memory(students)
    assert found.state == state
    assert ("fewer students" in found.said) == (state == BAD and students > 1)


def test_disk(monkeypatch, tmp_path):
    usage = SimpleNamespace(free=0.4e9)
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: usage)
    found = preflight.disk(tmp_path / "not" / "there")
    assert (found.state, str(tmp_path) in found.said) == (BAD, True)
    usage.free = 5e9
    assert preflight.disk(tmp_path).state == GOOD


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    assert preflight.own_folder(tmp_path / "work").state == GOOD
    (tmp_path / "file").touch()
    assert preflight.own_folder(tmp_path / "file" / "work").state == BAD
    monkeypatch.setattr(preflight.os, "access", lambda *_: False)
    assert preflight.own_folder(tmp_path / "work").state == BAD
    assert preflight.cache().state == POOR


def test_ports_are_really_tried(monkeypatch):
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(2)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        monkeypatch.setattr(preflight, "PORTS", [one.getsockname()[1] for one in taken])
        assert preflight.ports(1).state == BAD
        taken[0].close()
        assert preflight.ports(1).state == GOOD
        assert preflight.ports(2).state == POOR


def test_browsers(monkeypatch):
    monkeypatch.setattr(preflight, "sys", SimpleNamespace(platform="linux"))
    monkeypatch.setattr(preflight.shutil, "which", lambda _: None)
    assert "none found" in preflight.browser().said
    monkeypatch.setattr(preflight.shutil, "which", lambda name: name)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "no display" in preflight.browser().said
    monkeypatch.setenv("DISPLAY", ":0")
    assert preflight.browser().state == GOOD
    monkeypatch.setattr(preflight, "sys", SimpleNamespace(platform="darwin"))
    assert preflight.browser().state == GOOD
