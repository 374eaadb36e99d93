"""Chunks on the workers of a Dask cluster, their results as they get ready.

The cluster is one of our own, a scheduler in this process and one subprocess per worker, or any
by its address. Results travel back as bytes: workers need no disk in common with us.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import contextlib
import hashlib
import json
import logging
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import warnings
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import hepml
from hepml.data._chunks import pack
from hepml.data._errors import DataError
from hepml.data.recipes import get
from hepml.files import reason

__all__ = ["LocalCluster", "Run", "check_address", "connected", "facts", "made_on_cluster"]
__all__ += ["silent"]

CONNECT_SECONDS = 10  # for an answer from the scheduler
WORKER_SECONDS = 60  # for the first worker, or for one to come back
FETCH_SECONDS = 10  # for a result, before its chunk is made again
TICK_SECONDS = 1
ATTEMPTS = 5  # of a chunk whose worker dies on it
CHUNKS_PER_THREAD = 3  # sent ahead, so that no worker waits for us
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


def made_on_cluster(name, chunks, *, workers, scheduler, note):
    """Make chunks of a recipe on a cluster.

    Parameters
    ----------
    name : str
        Of the recipe.
    chunks : list of Chunk
    workers : int
        Processes to start here where no ``scheduler`` is given.
    scheduler : str or None
        Address of a running scheduler, such as ``"tcp://10.0.0.1:8786"``.
    note : callable
        Takes one sentence on what delays the work.

    Yields
    ------
    chunk : Chunk
    content : bytes
        As `pack` makes them.

    Raises
    ------
    DataError
        One sentence: no such scheduler, it went away, no worker, workers that differ from us, or
        a chunk that cannot be made.
    """
    _check_distributed()
    with contextlib.ExitStack() as stack:
        stack.enter_context(silent())
        if scheduler is None:
            local = stack.enter_context(LocalCluster(workers))
            client, revive = stack.enter_context(local.connected()), local.revive
        else:
            client, revive = stack.enter_context(connected(scheduler)), lambda: None
        yield from Run(client, name, revive, note).results(chunks)


def _check_distributed():
    if not (find_spec("distributed") and find_spec("cryptography")):
        message = 'several workers need dask.distributed: pip install "hepml-lab[generate]"'
        raise DataError(message)


def facts(name):
    """Collect what must be the same on all machines for a recipe to give the same content.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict of str to str
    """
    recipe = get(name)
    settings = json.dumps(recipe.describe(), sort_keys=True)
    versions = {package: _version(package) for package in ("numpy", *recipe.packages)}
    digest = hashlib.sha256(settings.encode()).hexdigest()
    return {"hepml": hepml.__version__, **versions, "the recipe's settings": digest[:12]}


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


class _DifferentWorkerError(Exception):
    """A worker that came later has other versions than we."""


@cache
def _facts_here(name):
    return facts(name)


def make_chunk(name, chunk, expected):
    """Make one chunk on a worker; ``expected`` are the client's `facts`."""
    if _facts_here(name) != expected:
        raise _DifferentWorkerError(_difference(_facts_here(name), expected))
    return pack(get(name).run(chunk))


def _difference(theirs, ours):
    """Name the first fact in which a worker differs."""
    key = next(key for key in ours if theirs.get(key) != ours[key])
    if theirs.get(key, "missing") == "missing":
        return f"lacks {key} (here {ours[key]})"
    return f"has {key} {theirs[key]}, not {ours[key]} as here"


class Run:
    """Chunks under way on a client's workers, a bounded number at a time."""

    def __init__(self, client, name, revive, note):
        self.client, self.name, self.revive, self.note = client, name, revive, note
        self.facts = facts(name)
        self.done, self.running = queue.Queue(), {}
        self.threads, self.looked, self.lonely_since, self.noted = 0, 0.0, None, None

    def results(self, chunks):
        """Yield (chunk, content) as they get ready."""
        self._wait_for_a_worker()
        self._check_workers()
        waiting = list(reversed(chunks))
        while waiting or self.running:
            while waiting and len(self.running) < CHUNKS_PER_THREAD * max(1, self.threads):
                self._submit(waiting.pop())
            yield from self._ready()

    def _submit(self, chunk):
        key = f"hepml-{self.name}-{chunk.key}-{uuid.uuid4().hex}"
        future = self.client.submit(make_chunk, self.name, chunk, self.facts, key=key, pure=False)
        self.running[key] = chunk, future
        future.add_done_callback(self.done.put)

    def _ready(self):
        """Wait a moment for a result, and see to the workers now and then."""
        if time.monotonic() - self.looked > TICK_SECONDS:
            self._look_around()
        try:
            future = self.done.get(timeout=TICK_SECONDS)
        except queue.Empty:
            return
        content = self._content(future)
        chunk, _ = self.running.pop(future.key)
        future.release()
        if content is None:
            self._submit(chunk)
        else:
            yield chunk, content

    def _content(self, future):
        """Fetch the result of a chunk, or None if its worker died before that."""
        if future.status == "lost":
            return None
        try:
            return future.result(timeout=FETCH_SECONDS)
        except Exception as error:
            if future.status == "error":
                chunk, _ = self.running[future.key]
                raise DataError(_failure(chunk, error)) from error
            if isinstance(error, TimeoutError) or future.status == "lost":
                return None
            raise self._lost() from None

    def _lost(self):
        return DataError("the scheduler went away")

    def _look_around(self):
        """Count the workers; bring ours back, and give up when none is there for long."""
        self.looked = time.monotonic()
        self.revive()
        if self.client.status != "running":
            raise self._lost()
        try:
            self.threads = sum(self._ask(self.client.scheduler.ncores).values())
        except (OSError, TimeoutError):
            raise self._lost() from None
        if self.threads:
            self.lonely_since = None
        elif self.lonely_since is None:
            self.lonely_since = time.monotonic()
        elif time.monotonic() - self.lonely_since > WORKER_SECONDS:
            raise DataError(f"no worker came within {WORKER_SECONDS} s")
        elif time.monotonic() - self.lonely_since > 5 * TICK_SECONDS:
            self._note_once()

    def _ask(self, question):
        return self.client.sync(question, callback_timeout=CONNECT_SECONDS)

    def _note_once(self):
        if self.lonely_since != self.noted:
            self.noted = self.lonely_since
            self.note(f"no worker is there; giving up if none comes within {WORKER_SECONDS} s")

    def _wait_for_a_worker(self):
        while not self.threads:
            self._look_around()
            if not self.threads:
                time.sleep(0.1)

    def _check_workers(self):
        try:
            answers = self.client.run(facts, self.name, on_error="return")
        except Exception as error:
            raise DataError(f"the workers cannot run hepml: {_brief(error)}") from error
        for address, answer in answers.items():
            if isinstance(answer, Exception):
                raise DataError(f"the worker {address} cannot run hepml: {_brief(answer)}")
            if answer != self.facts:
                raise DataError(f"the worker {address} {_difference(answer, self.facts)}")


def _failure(chunk, error):
    """Tell why a chunk was not made."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return f"chunk {chunk.key} ended every worker that tried it (is memory short?)"
    if isinstance(error, _DifferentWorkerError):
        return f"a worker {error}"
    return f"chunk {chunk.key} failed on a worker: {_brief(error)}"


def _brief(error):
    """Tell an exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def check_address(address):
    """Match a scheduler's address (protocol, host, port), or raise `DataError`."""
    found = re.fullmatch(r"(?:(tcp|tls)://)?(\[[^\]]+\]|[^\s/:]+):(\d+)/?", address)
    if not found:
        message = f"{address!r} is no address of a Dask scheduler, such as tcp://10.0.0.1:8786"
        raise DataError(message)
    return found


def _knock(address):
    """Refuse at once what Dask would try for long: no address, nobody there, or somebody else."""
    found = check_address(address)
    place = found[2].strip("[]"), int(found[3])
    try:
        with socket.create_connection(place, timeout=CONNECT_SECONDS) as door:
            # A scheduler speaks first, unless encrypted: with the number of its frames.
            if found[1] != "tls" and int.from_bytes(door.recv(8), "little") not in range(1, 1000):
                raise ConnectionError(None, "something else is there")
    except (OSError, OverflowError) as error:
        raise DataError(_no_answer(address, error)) from None


def _no_answer(address, error):
    why = reason(error) if isinstance(error, OSError) else type(error).__name__
    return f"no Dask scheduler answers at {address!r} ({why})"


@contextlib.contextmanager
def connected(address, **options):
    """Client of the scheduler at an address; further options are the client's."""
    import distributed

    _knock(address)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions that matter are compared by us
            options |= {"timeout": CONNECT_SECONDS, "set_as_default": False}
            client = distributed.Client(address, **options)
    except Exception as error:  # noqa: BLE001 - whatever may answer at a mistaken address
        raise DataError(_no_answer(address, error)) from None
    try:
        yield client
    finally:
        with _undisturbed(), contextlib.suppress(Exception):
            client.close(timeout=5)


class LocalCluster:
    """Scheduler in this process and workers as subprocesses, all on the loopback interface.

    They talk encrypted, with keys of their own: whoever may speak to a scheduler runs code in its
    name, and on a hub many share the loopback interface. The workers are a session of their own:
    Ctrl-C in the terminal reaches us only, and we stop them. They leave by themselves when the
    scheduler is gone, however it went.
    """

    def __init__(self, workers):
        self.workers, self.processes, self.revivals = workers, [], 0
        self.cluster = self.folder = None

    def __enter__(self):
        try:
            self._begin()
        except BaseException:
            self.__exit__()  # else a notebook would keep what is running so far
            raise
        return self

    def _begin(self):
        import dask
        from distributed import Security, SpecCluster

        from hepml.data._closed import ClosedScheduler

        self.security = Security.temporary()
        here = {"host": "127.0.0.1", "port": 0, "dashboard": False, "security": self.security}
        options = here | {"dashboard_address": "127.0.0.1:0", "protocol": "tls"}
        with dask.config.set({"distributed.scheduler.allowed-failures": ATTEMPTS}):
            spec = {"cls": ClosedScheduler, "options": options}
            self.cluster = SpecCluster(
                scheduler=spec, workers={}, silence_logs=False, security=self.security
            )
        self.folder = tempfile.TemporaryDirectory(prefix="hepml-", ignore_cleanup_errors=True)
        self.address = self.cluster.scheduler_address
        self.keys = list(self._keys())
        for _ in range(self.workers):
            self.processes.append(self._start())

    def connected(self):
        """Client of this cluster."""
        return connected(self.address, security=self.security)

    def _keys(self):
        """Yield the options of a worker that hold its keys, in files that we alone may read."""
        keys = self.security.get_tls_config_for_role("worker")
        for name, option in (("ca_file", "ca-file"), ("cert", "cert"), ("key", "key")):
            file = Path(self.folder.name) / f"{option}.pem"
            file.write_text(keys[name], encoding="utf-8")
            yield from (f"--tls-{option}", str(file))

    def _start(self):
        # -P: what lies in the current folder is nobody's module.
        command = [sys.executable, "-P", "-m", "distributed.cli.dask_worker", self.address]
        command += ["--worker-class", "hepml.data._closed.ClosedWorker"]
        command += ["--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        command += ["--memory-limit", "0", "--death-timeout", str(WORKER_SECONDS), *self.keys]
        path = [str(Path(hepml.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, path))}
        with (Path(self.folder.name) / "log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own interpreter
                [*command, "--local-directory", self.folder.name],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def revive(self):
        """Start workers in place of those that died."""
        for i, process in enumerate(self.processes):
            if process.poll() is not None:
                self.revivals += 1
                if self.revivals > ATTEMPTS * (self.workers + 1):
                    raise DataError(f"workers die again and again ({self._last_words()})")
                self.processes[i] = self._start()

    def _last_words(self):
        text = (Path(self.folder.name) / "log").read_text(encoding="utf-8", errors="replace")
        return text.strip().rpartition("\n")[2][:200]

    def __exit__(self, *_):
        with _undisturbed():
            for process in self.processes:
                process.kill()
            for process in self.processes:
                process.wait()
            if self.cluster is not None:
                with contextlib.suppress(Exception):
                    self.cluster.close(timeout=5)
            if self.folder is not None:
                self.folder.cleanup()


@contextlib.contextmanager
def _undisturbed():
    """Let a second Ctrl-C wait until the cluster is stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


@contextlib.contextmanager
def silent():
    """Keep Dask's own messages off the terminal: what matters is said by `DataError`."""
    import distributed  # noqa: F401 - creates its loggers

    names = [n for n in logging.root.manager.loggerDict if n.split(".")[0] in _TALKATIVE]
    loggers = [logging.getLogger(name) for name in {*names, *_TALKATIVE}]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


_TALKATIVE = ("distributed", "tornado", "asyncio")
