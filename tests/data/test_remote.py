"""Files of other machines, from servers on this one that serve well or fail, each in one sentence.

HTTP needs aiohttp, and ``root://`` fsspec-xrootd and an XRootD server: without, those are skipped.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hepml.data import chunks, col, convert, read
from hepml.data.files import _remote
from hepml.data.files._remote import Remote
from tests.data.tables import sentence

fsspec = pytest.importorskip("fsspec", reason="addresses are read through fsspec")

FORMATS = ["t.root", "n.root", "t.parquet", "t.csv", "t.csv.gz", "t.h5", "t.npz"]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(5)
    size = 20_000
    numbers = {f"x{n}": rng.normal(size=size).astype("f4") for n in range(8)}
    return pd.DataFrame(numbers | {"n": np.arange(size) % 7, "s": rng.random(size) > 0.5})


@pytest.fixture(scope="module")
def files(table, tmp_path_factory):
    """Write the table in all formats, into one folder."""
    folder = tmp_path_factory.mktemp("served")
    table.to_csv(folder / "t.csv", index=False)
    for name in FORMATS:
        if name != "t.csv":
            convert(folder / "t.csv", folder / name, layout="rntuple" if name[0] == "n" else None)
    return folder


@pytest.fixture(scope="module")
def expected(files):
    """Read the local files, by name."""
    return {name: read(files / name) for name in FORMATS}


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


# ---------------------------------------------------------------- what an address says


def test_a_file_address_is_a_file_here(files, expected):
    found = read(f"file://{files}/t.root")
    pd.testing.assert_frame_equal(found, expected["t.root"])
    pd.testing.assert_frame_equal(read(f"file://{files}/t.root:events"), found)
    spaced = files / "a b.csv"
    shutil.copy(files / "t.csv", spaced)
    assert len(read(spaced.as_uri())) == len(found)
    assert "there is no file 'none.root'" in sentence(f"file://{files}/none.root")


@pytest.mark.parametrize(
    ("address", "package"),
    [
        ("https://x.org/t.csv", "aiohttp"),
        ("http://x.org/t.root:tree", "aiohttp"),
        ("s3://bucket/t.parquet", "s3fs"),
        ("root://eos.host//a/b.root", "fsspec-xrootd"),
        ("gs://bucket/t.root", "fsspec"),
    ],
)
def test_a_package_that_is_not_there_is_named(monkeypatch, address, package):
    monkeypatch.setattr(_remote, "find_spec", lambda module: module == "fsspec" != package or None)
    for path in (address, Path(address), [address]):
        message = sentence(path)
        assert f"needs {package}: pip install" in message
        assert "hepml-lab[remote]" in message


def test_what_is_no_kind_of_address_is_one_sentence():
    assert "cannot be read" in sentence("nonsense://host/t.root")


@pytest.mark.parametrize(
    ("address", "name", "said"),
    [
        ("https://host/a/t.root", "t.root", "https://host/a/t.root"),
        ("https://host/a/my%20t.csv?key=a/b.c", "my t.csv", "https://host/a/my%20t.csv?key=a/b.c"),
        ("https://me:secret@host/t.root", "t.root", "https://host/t.root"),
        ("root://host:1094//store/t.root", "t.root", "root://host:1094//store/t.root"),
        ("root://host//a/t.root?authz=x/y", "t.root", "root://host//a/t.root?authz=x/y"),
        ("s3://bucket/deep/key.parquet", "key.parquet", "s3://bucket/deep/key.parquet"),
    ],
)
def test_an_address_has_a_name_and_tells_no_password(address, name, said):
    assert (Remote(address).name, str(Remote(address))) == (name, said)


@pytest.mark.parametrize("address", ["https://host/run*.root", "https://host/folder/"])
def test_a_web_server_has_no_lists(address):
    assert "name each, in a list" in sentence(address)


# ---------------------------------------------------------------- any file system of fsspec


@pytest.fixture
def memory(files):
    system = fsspec.filesystem("memory")
    for name in FORMATS:
        system.pipe(f"/served/{name}", (files / name).read_bytes())
        system.pipe(f"/parts/part1{name}", (files / name).read_bytes())
        system.pipe(f"/parts/part2{name}", (files / name).read_bytes())
    yield "memory://"
    system.store.clear()
    system.pseudo_dirs.clear()


@pytest.mark.parametrize("name", FORMATS)
def test_all_formats_are_read_from_an_address(memory, expected, kept, name):
    found = read(f"{memory}served/{name}")
    pd.testing.assert_frame_equal(found, expected[name])
    pieces = pd.concat(chunks(f"{memory}served/{name}", rows=7000), ignore_index=True)
    pd.testing.assert_frame_equal(pieces, found)
    assert not list(kept.glob("hepml-*"))


def test_patterns_and_folders_of_addresses(memory, expected):
    twice = pd.concat([expected["t.parquet"]] * 2, ignore_index=True)
    pd.testing.assert_frame_equal(read(f"{memory}parts/part?t.parquet"), twice)
    both = read([f"{memory}parts/part1t.root:events", f"{memory}parts/part2t.root:events"], "x1")
    assert both["x1"].tolist() == [*expected["t.root"]["x1"]] * 2
    assert "several formats" in sentence(f"{memory}parts/")
    assert "no file matches" in sentence(f"{memory}parts/none*.root")


def test_a_file_that_is_not_there(memory):
    assert "memory://served/none.root cannot be read" in sentence(f"{memory}served/none.root")


def test_damage_is_told_of_the_address(memory, files):
    system = fsspec.filesystem("memory")
    for name in FORMATS:
        whole = (files / name).read_bytes()
        system.pipe(f"/served/{name}", whole[: len(whole) // 2])
        if name != "t.csv":
            message = sentence(f"{memory}served/{name}")
            assert f"{memory}" in message.replace("memory:///", memory) or name in message
            assert "hepml-" not in message
    system.pipe("/served/t.root", b"")
    assert "is empty" in sentence(f"{memory}served/t.root")


def test_convert_reads_addresses(memory, expected, tmp_path):
    done = convert(f"{memory}served/t.root:events", tmp_path / "o.parquet", where=col("n") == 3)
    found = read(done.path)
    assert found["x3"].tolist() == expected["t.root"]["x3"][expected["t.root"]["n"] == 3].tolist()
    again = convert(f"{memory}served/t.csv", done.path, columns=["x?"], overwrite=True)
    assert list(read(again.path)) == [f"x{n}" for n in range(8)]


def test_no_room_for_a_copy_is_one_sentence(memory, kept, monkeypatch):
    usage = types.SimpleNamespace(free=10)
    monkeypatch.setattr(_remote.shutil, "disk_usage", lambda _: usage)
    assert "has no room" in sentence(f"{memory}served/t.csv")
    assert not list(kept.glob("hepml-*"))


# ---------------------------------------------------------------- the web


class Web:
    """A web server whose ``mood`` says how it fails, if at all."""

    def __init__(self, folder):
        self.folder, self.mood, self.sent, self.released = folder, "", 0, threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Pages,), {"at": self}))
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)

    def __call__(self, name):
        return f"http://127.0.0.1:{self.server.server_port}/{name}"


class Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def log_message(self, *_):
        pass

    def answer(self, *, body):
        self.close_connection = True
        mood = self.at.mood
        if mood == "silent":
            self.at.released.wait(20)
            return
        file = self.at.folder / self.path.partition("?")[0].strip("/")
        if mood.isdigit() or not file.is_file():
            self.send(int(mood or 404), b"", 0, body=body)
            return
        data, asked = file.read_bytes(), self.headers.get("Range")
        if asked and mood != "whole":
            start, _, end = asked.removeprefix("bytes=").partition("-")
            first, last = int(start), min(int(end or len(data)), len(data) - 1)
            part = data[first : last + 1]
            span = f"bytes {first}-{last}/{len(data)}"
            self.send(206, part, len(part), body=body, Content_Range=span)
        else:
            self.send(200, data, len(data), body=body)

    def send(self, status, data, length, *, body, **headers):
        self.send_response(status)
        headers |= {"Accept_Ranges": "none"} if self.at.mood == "none" else {}
        headers |= {"Content_Length": str(length), "Connection": "close"}
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if body:
            half = len(data) // 2 if self.at.mood == "short" else len(data)
            self.at.sent += half
            self.wfile.write(data[:half])


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(_remote, "PATIENCE", 1)


@pytest.fixture
def web(files):
    pytest.importorskip("aiohttp", reason="http:// needs aiohttp")
    with Web(files) as server:
        yield server


@pytest.mark.parametrize("mood", ["", "whole", "none"], ids=["ranges", "no ranges", "says none"])
@pytest.mark.parametrize("name", FORMATS)
def test_a_web_server_with_and_without_ranges(web, expected, kept, name, mood):
    web.mood = mood
    pd.testing.assert_frame_equal(read(web(name)), expected[name])
    assert not list(kept.glob("hepml-*"))


def test_only_what_is_asked_for_travels(web, files, expected):
    for name in ("t.root", "t.parquet"):
        web.sent = 0
        assert read(web(name), ["x2"])["x2"].tolist() == expected[name]["x2"].tolist()
        assert web.sent < 0.6 * (files / name).stat().st_size


def test_trees_and_questions_in_the_address(web, expected):
    pd.testing.assert_frame_equal(read(web("t.root:events")), expected["t.root"])
    assert "has no tree 'event'" in sentence(web("t.root:event"))
    pd.testing.assert_frame_equal(read(web("t.csv?token=a/b.c")), expected["t.csv"])
    both = read([web("t.root"), web("t.root")], "n")
    assert len(both) == 2 * len(expected["t.root"])


@pytest.mark.parametrize("name", ["t.root", "t.csv", "t.parquet"])
@pytest.mark.parametrize(
    ("mood", "words"),
    [
        ("404", "404"),
        ("403", "403"),
        ("500", "500"),
        ("short", "broke off before the end"),
        ("silent", "no answer within 1 seconds"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_a_web_server_that_fails_is_one_sentence(web, kept, name, mood, words):
    web.mood, start = mood, time.monotonic()
    message = sentence(web(name))
    assert web(name) in message
    assert words in message or (mood == "404" and "there is no such file" in message)
    assert time.monotonic() - start < 15
    assert not list(kept.glob("hepml-*"))


@pytest.mark.usefixtures("impatient")
def test_a_machine_that_does_not_answer():
    pytest.importorskip("aiohttp", reason="http:// needs aiohttp")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "cannot be read" in sentence(f"http://127.0.0.1:{port}/t.root")


# ---------------------------------------------------------------- XRootD


@pytest.fixture(scope="module")
def xrootd(files):
    """Address of an XRootD server for the files."""
    pytest.importorskip("fsspec_xrootd", reason="root:// needs fsspec-xrootd")
    if (program := shutil.which("xrootd")) is None:
        pytest.skip("no XRootD server on this machine (Debian: xrootd-server)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        served = shutil.copytree(files, f"{home}/served")
        config = Path(home) / "xrootd.cfg"
        config.write_text(
            f"all.export {served} r/o\nxrd.port {port}\nall.adminpath {home}/admin\n"
            f"all.pidpath {home}/admin\noss.localroot /\n"
        )
        command = [program, "-c", config, "-l", f"{home}/admin/log"]
        Path(home, "admin").mkdir()
        for path in (Path(home), served, Path(home, "admin")):
            Path(path).chmod(0o777)
        user = {"user": "nobody"} if os.getuid() == 0 else {}  # it refuses to run as root
        with subprocess.Popen(command, cwd=home, stderr=subprocess.DEVNULL, **user) as process:
            try:
                _wait_for(port, process)
                yield f"root://localhost:{port}/{served}"
            finally:
                process.terminate()
                process.wait(10)


def _wait_for(port, process):
    for _ in range(100):
        if process.poll() is not None:
            pytest.skip(f"the XRootD server ends at once, with status {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.skip("the XRootD server does not listen after 10 seconds")


@pytest.mark.parametrize("name", FORMATS)
def test_xrootd(xrootd, expected, name):
    pd.testing.assert_frame_equal(read(f"{xrootd}/{name}"), expected[name])


def test_xrootd_lists_files_and_names_trees(xrootd, expected):
    found = read(f"{xrootd}/t.root:events", ["x1"])
    assert found["x1"].tolist() == expected["t.root"]["x1"].tolist()
    assert len(read(f"{xrootd}/*.root", "n")) == 2 * len(expected["t.root"])
    assert "cannot be read" in sentence(f"{xrootd}/none.root")
