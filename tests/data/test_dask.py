"""Generation on real Dask clusters: whatever dies on the way, the content is the same."""

import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from hepml import data
from hepml.data import DataError, _cluster
from hepml.data.recipes import get

pytest.importorskip("distributed", reason="the extra 'generate' is not installed")

NAME, EVENTS, SEED = "known_truth", 400_000, 7
PATIENCE = 60  # s, for processes to start or end on a busy machine


@contextlib.contextmanager
def running(*arguments, **environment):
    """Start a process of Dask's command line; kill it in the end."""
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(
        command,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


@pytest.fixture
def scheduler(tmp_path):
    """Give the process of a real scheduler on a free port, and its address."""
    file = tmp_path / "scheduler.json"
    arguments = ["--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"]
    with running(
        "distributed.cli.dask_scheduler", *arguments, "--scheduler-file", str(file)
    ) as process:
        wait_for(lambda: process.poll() is None and file.exists() and file.read_text().strip())
        yield process, json.loads(file.read_text())["address"]


def worker(address, *arguments, **environment):
    own = ["--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    limits = ["--memory-limit", "0", "--death-timeout", str(PATIENCE)]
    return running("distributed.cli.dask_worker", address, *own, *limits, *arguments, **environment)


class At:
    """Progress that does something once, when a part is done."""

    def __init__(self, part, action):
        self.part, self.action, self.notes, self.kept = part, action, [], None

    def __call__(self, done, total, kept):
        if kept:
            self.kept = done
        elif self.action and done >= self.part * total:
            action, self.action = self.action, None
            action()

    def note(self, sentence):
        self.notes.append(sentence)


@pytest.fixture(scope="module")
def sequential(tmp_path_factory):
    """Give the record of an uninterrupted run in one process."""
    return data.generate(NAME, EVENTS, SEED, tmp_path_factory.mktemp("sequential"))


def test_a_worker_killed_in_the_middle_changes_nothing(scheduler, tmp_path, sequential):
    _, address = scheduler
    with worker(address) as first, worker(address) as second:
        progress = At(0.2, first.kill)
        record = data.generate(
            NAME, EVENTS, SEED, tmp_path / "out", scheduler=address, progress=progress
        )
        assert first.wait(PATIENCE) == -signal.SIGKILL
        assert second.poll() is None
    assert progress.action is None
    assert record["content_sha256"] == sequential["content_sha256"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [f"{NAME}.json", f"{NAME}.root"]


def test_a_scheduler_that_goes_away_is_one_sentence_and_loses_nothing(
    scheduler, tmp_path, sequential
):
    process, address = scheduler
    with worker(address), pytest.raises(DataError, match="scheduler went away; finished chunks"):
        data.generate(
            NAME, EVENTS, SEED, tmp_path, scheduler=address, progress=At(0.2, process.kill)
        )
    progress = At(1, None)
    record = data.generate(NAME, EVENTS, SEED, tmp_path, progress=progress)
    assert progress.kept >= 0.2 * EVENTS
    assert record["content_sha256"] == sequential["content_sha256"]


def test_without_workers_it_says_so_before_it_gives_up(scheduler, tmp_path, monkeypatch):
    _, address = scheduler
    monkeypatch.setattr(_cluster, "WORKER_SECONDS", 3)
    monkeypatch.setattr(_cluster, "TICK_SECONDS", 0.1)
    progress = At(1, None)
    with pytest.raises(DataError, match="no worker came within 3 s"):
        data.generate(NAME, 100, SEED, tmp_path / "out", scheduler=address, progress=progress)
    assert progress.notes == ["no worker is there; giving up if none comes within 3 s"]
    assert not (tmp_path / "out").exists()


def test_workers_that_all_die_are_missed(scheduler, tmp_path, monkeypatch):
    _, address = scheduler
    monkeypatch.setattr(_cluster, "WORKER_SECONDS", 3)
    monkeypatch.setattr(_cluster, "TICK_SECONDS", 0.1)
    monkeypatch.setattr(_cluster, "FETCH_SECONDS", 2)
    with worker(address) as only:
        progress = At(0.2, only.kill)
        with pytest.raises(DataError, match="no worker came within 3 s; finished chunks are kept"):
            data.generate(NAME, EVENTS, SEED, tmp_path, scheduler=address, progress=progress)
    assert list((tmp_path / f"{NAME}.part").glob("*.npz"))


def preload(tmp_path, code):
    """Write a module that workers run first."""
    file = tmp_path / "preloaded.py"
    file.write_text(code)
    return str(file)


OTHER_VERSION = "import hepml; hepml.__version__ = '9.9'"
NO_SCIPY = """
import hepml.data._cluster as c
c._version = lambda name, true=c._version: "missing" if name == "scipy" else true(name)
"""
OTHER_SETTINGS = """
from dataclasses import replace
import hepml.data.recipes.known_truth as k
k.RECIPE = replace(k.RECIPE, chunk_events=77)
"""


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (OTHER_VERSION, r"has hepml 9\.9, not .* as here"),
        (NO_SCIPY, r"lacks scipy \(here "),
        (OTHER_SETTINGS, "has the recipe's settings"),
    ],
)
def test_workers_that_differ_are_told_before_work_begins(scheduler, tmp_path, code, hint):
    _, address = scheduler
    out = tmp_path / "out"
    with worker(address, "--preload", preload(tmp_path, code)), pytest.raises(DataError) as error:
        data.generate(NAME, 100, SEED, out, scheduler=address)
    assert re.search(f"the worker tcp://.* {hint}", str(error.value))
    assert "\n" not in str(error.value)
    assert not out.exists()


def test_workers_without_hepml_are_told(scheduler, tmp_path):
    _, address = scheduler
    (tmp_path / "hepml").mkdir()
    (tmp_path / "hepml" / "__init__.py").write_text("raise ImportError('not here')")
    with (
        worker(address, PYTHONPATH=str(tmp_path), PYTHONSAFEPATH="1"),
        pytest.raises(DataError, match="cannot run hepml"),
    ):
        data.generate(NAME, 100, SEED, tmp_path / "out", scheduler=address)


def test_a_chunk_that_kills_its_workers_is_given_up(tmp_path, monkeypatch):
    """Local workers are started anew, each attempt counts, and none is left over."""
    code = "import os, hepml.data.recipes.known_truth as k; k.KnownTruth.simulate = os._exit"
    code = code.replace("os._exit", "lambda *_: os._exit(3)")
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__PRELOAD", preload(tmp_path, code))
    monkeypatch.setattr(_cluster, "ATTEMPTS", 2)
    started = spied(monkeypatch)
    with pytest.raises(DataError, match=r"chunk .* ended every worker|workers die again and again"):
        data.generate(NAME, 100, SEED, tmp_path / "out", workers=2)
    assert len(started) > 2
    assert all(process.returncode is not None for process in started)


def spied(monkeypatch):
    """List the local workers as they are started."""
    started, start = [], _cluster.LocalCluster._start

    def spy(self):
        started.append(start(self))
        return started[-1]

    monkeypatch.setattr(_cluster.LocalCluster, "_start", spy)
    return started


def test_a_local_worker_that_dies_is_replaced(tmp_path, monkeypatch, sequential):
    monkeypatch.setattr(_cluster, "FETCH_SECONDS", 2)
    started = spied(monkeypatch)
    progress = At(0.2, lambda: [process.kill() for process in started[:2]])
    record = data.generate(NAME, EVENTS, SEED, tmp_path, workers=2, progress=progress)
    assert len(started) > 2
    assert record["content_sha256"] == sequential["content_sha256"]
    assert all(process.returncode is not None for process in started)


def test_a_failing_chunk_is_one_sentence(tmp_path, monkeypatch):
    code = "import hepml.data.recipes.known_truth as k; k.KnownTruth.simulate = lambda *_: 1 / 0"
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__PRELOAD", preload(tmp_path, code))
    with pytest.raises(DataError, match=r"failed on a worker: ZeroDivisionError: [^;]*$"):
        data.generate(NAME, 100, SEED, tmp_path / "out", workers=2)


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:1", "tcp://127.0.0.1", ""])
def test_what_is_no_address_is_told_at_once(tmp_path, address):
    with pytest.raises(DataError, match="is no address of a Dask scheduler, such as"):
        data.generate(NAME, 100, SEED, tmp_path / "out", scheduler=address)
    assert not (tmp_path / "out").exists()


def test_nobody_at_the_address_is_told(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(
            DataError, match=r"no Dask scheduler answers at .* \(Connection refused"
        ):
            data.generate(NAME, 100, SEED, tmp_path, scheduler=address)


def test_somebody_else_at_the_address_is_told(tmp_path, monkeypatch):
    """Something that accepts and says nothing must not hang us."""
    monkeypatch.setattr(_cluster, "CONNECT_SECONDS", 1)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(DataError, match="no Dask scheduler answers"):
            data.generate(NAME, 100, SEED, tmp_path, scheduler=address)


def test_chunks_under_way_are_bounded(monkeypatch):
    """With 200 000 chunks, only as many are sent ahead as the workers need."""
    run = object.__new__(_cluster.Run)
    run.threads, run.running, sent = 4, {}, []

    def submit(chunk):
        sent.append(chunk)
        run.running[chunk] = chunk

    def ready():
        assert len(run.running) <= _cluster.CHUNKS_PER_THREAD * 4
        yield run.running.popitem()

    monkeypatch.setattr(run, "_submit", submit)
    monkeypatch.setattr(run, "_ready", ready)
    monkeypatch.setattr(run, "_wait_for_a_worker", lambda: None)
    monkeypatch.setattr(run, "_check_workers", lambda: None)
    assert len(list(run.results(list(range(1000))))) == len(sent) == 1000
    assert sent == sorted(sent)


def test_a_million_events_interrupted_and_resumed_are_the_same(tmp_path):
    """Ctrl-C as a terminal sends it, to the whole group; then fewer workers; then verified."""
    command = [sys.executable, "-c", "from hepml.cli import main; main()", "data", "generate", NAME]
    command += ["--events", "1000000", "--seed", "3", "--workers", "2", "--out", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        kept = tmp_path / f"{NAME}.part"
        wait_for(lambda: len(list(kept.glob("?-0-?????.npz"))) >= 3 or process.poll() is not None)
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    sentence = "hepml: interrupted; finished chunks are kept, the same command goes on from there\n"
    assert errors == f"{NAME}  0/1000000 events, first chunk under way\n{sentence}"
    assert output == ""
    finished = len(list(kept.glob("?-0-?????.npz")))
    assert 3 <= finished < len(get(NAME).chunks(1_000_000, 3))
    progress = At(1, None)
    resumed = data.generate(NAME, 1_000_000, 3, tmp_path, progress=progress)
    assert progress.kept == 10_000 * finished
    assert not kept.exists()
    whole = data.generate(NAME, 1_000_000, 3, tmp_path / "whole")
    assert resumed["events"] == 1_000_000
    assert resumed["content_sha256"] == whole["content_sha256"]
    assert [file.name for file in data.verify(tmp_path)] == [f"{NAME}.root"]


def test_the_local_cluster_is_closed_to_others_on_the_machine():
    """Whoever may speak to a scheduler runs code in its name."""
    with _cluster.silent(), _cluster.LocalCluster(1) as local:
        assert local.address.startswith("tls://127.0.0.1:")
        with local.connected() as client:
            assert client.submit(sum, [1, 2]).result(timeout=60) == 3
        for address in (local.address, local.address.replace("tls", "tcp")):
            with (
                pytest.raises(DataError, match="no Dask scheduler answers"),
                _cluster.connected(address),
            ):
                pass
        keys = Path(local.folder.name)
        assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert not keys.exists()


def test_a_cluster_that_cannot_begin_leaves_nothing_running(monkeypatch):
    started = spied(monkeypatch)
    start, cluster = _cluster.LocalCluster._start, _cluster.LocalCluster(3)

    def interrupt(self):
        if started:
            raise KeyboardInterrupt
        return start(self)

    monkeypatch.setattr(_cluster.LocalCluster, "_start", interrupt)
    with _cluster.silent(), pytest.raises(KeyboardInterrupt), cluster:
        pass
    (process,) = started
    assert process.returncode is not None
    assert not Path(cluster.folder.name).exists()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(cluster.address.partition("//")[2].split(":"), timeout=5)


def listening(process):
    """Addresses on which a process and its children listen."""
    family = [process, *process.children(recursive=True)]
    return {
        (one.laddr.ip, member.pid)
        for member in family
        for one in member.net_connections(kind="inet")
        if one.status == psutil.CONN_LISTEN
    }


def test_a_cluster_of_ours_opens_one_port_each_and_all_of_them_on_the_loopback():
    before = listening(psutil.Process())
    with _cluster.silent(), _cluster.LocalCluster(2) as local, local.connected() as client:
        client.wait_for_workers(2, timeout=PATIENCE)
        found = listening(psutil.Process()) - before
        pids = [process.pid for process in local.processes]
    assert {address for address, _ in found} == {"127.0.0.1"}
    assert sorted(pid for _, pid in found if pid in pids) == sorted(pids)


def test_what_lies_in_the_current_folder_is_not_imported(tmp_path):
    (tmp_path / "random.py").write_text("from pathlib import Path\nPath('imported').touch()\n")
    command = [sys.executable, "-P", "-c", "from hepml.cli import main; main()", "data", "generate"]
    command += [NAME, "--events", "2000", "--seed", "1", "--workers", "2", "--out", "out"]
    ours = {"PYTHONPATH": str(Path(data.__file__).parents[2])}
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | ours, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "imported").exists()


def test_two_that_make_one_sample_in_one_folder_do_not_meet(tmp_path):
    command = [sys.executable, "-c", "from hepml.cli import main; main()", "data", "generate", NAME]
    command += ["--events", "600000", "--seed", "1", "--out", str(tmp_path / "out")]
    runs = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [run.communicate(timeout=PATIENCE * 5)[1] for run in runs]
    assert sorted(run.returncode for run in runs) == [0, 1], said
    loser = said[[run.returncode for run in runs].index(1)]
    assert loser.startswith("hepml: another run is making known_truth in ")
    data.verify(tmp_path / "out" / f"{NAME}.json")
    assert not list((tmp_path / "out").glob(".*"))
