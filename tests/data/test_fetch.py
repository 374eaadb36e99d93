"""Fetching from a server that fails in every way: the whole file, or a sentence, and never half."""

import contextlib
import gzip
import hashlib
import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hepml.data import DataError, published
from hepml.data.published import Patience, cache, download, registry
from tests.data.local_server import LocalServer, Mood
from tests.data.rights import as_nobody

SHORT = Patience(connect=2, stall=1, attempts=3, pause=0.01, chunk=4096)
NAME, FILE = "small", "small.csv.gz"
LINES = np.random.default_rng(5).random((4000, 4))
BODY = gzip.compress("\n".join(",".join(map(str, row)) for row in LINES).encode(), mtime=0)
OTHER = gzip.compress("\n".join(",".join(map(str, row)) for row in LINES[::-1]).encode(), mtime=0)
SIZE = len(BODY)
HALF = SIZE // 2
SHA256 = "sha256:" + hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whatever is asked of another machine than this one goes to a port where nobody listens."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.delenv("HEPML_MIRROR", raising=False)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Cache of the test; at its end no half file may lie there under a file's name."""
    monkeypatch.setenv("HEPML_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache" / "published"


@pytest.fixture
def server():
    with LocalServer() as one:
        one.files[f"/{FILE}"] = BODY
        yield one


@pytest.fixture
def small(server, monkeypatch):
    """Return a function that enters a set of one small file, and fetches it."""

    def enter(*, size=SIZE, about=0, checksum=SHA256, **options):
        url = f"{server.address}/{FILE}"
        file = registry.File(FILE, url, size, about, checksum, source="this test")
        entry = replace(registry.entry("uci_higgs"), name=NAME, files=(file,), sister=None)
        monkeypatch.setattr(registry, "ENTRIES", (*ENTRIES, entry))
        return published.fetch(NAME, **{"patience": SHORT} | options)

    return enter


ENTRIES = registry.ENTRIES


def sentence(function, *args, **kwargs):
    """Return what is complained of: always one line."""
    with pytest.raises(DataError) as error:
        function(*args, **kwargs)
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


def named(folder, name=NAME):
    """Files of a set that lie in the cache under their names."""
    kept = {file.name for file in registry.entry(name).files}
    return {file.name for file in folder.glob(f"{name}/*") if file.name in kept}


def test_a_file_is_fetched_once_and_checked_ever_after(small, server, folder):
    seen = []
    (path,) = small(progress=lambda *now: seen.append(now))
    assert path == folder / NAME / FILE
    assert path.read_bytes() == BODY
    assert seen[0][:2] == (0, SIZE)
    assert seen[-1][:2] == (SIZE, SIZE)
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
    assert small() == [path]
    ((_, headers),) = server.asked
    assert headers["Accept-Encoding"] == "identity"
    published.verify(NAME)
    status = published.status(NAME)
    assert status["fetched"]
    assert (status["files"], status["size"]) == (1, SIZE)
    assert status["date"] == json.loads((path.parent / "ledger.json").read_text())[FILE]["date"]
    left = {file.name for file in path.parent.iterdir()}
    assert left == {FILE, "ledger.json", "lock"}


@pytest.mark.parametrize("checksum", [SHA256, None])
@pytest.mark.parametrize(
    "moods",
    [
        [Mood.truncate(HALF)],
        [Mood.truncate(0)],
        [Mood.truncate(SIZE - 1)],
        [Mood.truncate_unmarked(HALF)],
        [Mood.stall(HALF)],
        [Mood.silence],
        [Mood.reset(0)],
        [Mood.reset(HALF)],
        [Mood.status(500), Mood.status(503)],
        [Mood.status(429, Retry_After="0")],
        [Mood.truncate(HALF), Mood.status(500)],
        [Mood.truncate(HALF), Mood.without_ranges],
        [Mood.truncate(HALF), Mood.wrong_range],
        [Mood.truncate(HALF), Mood.status(416)],
        [Mood.redirect(f"/{FILE}")],
        [Mood.redirect("/a"), Mood.redirect(f"/{FILE}"), Mood.truncate(HALF)],
    ],
)
def test_what_passes_is_waited_for(small, server, moods, checksum):
    server.moods.extend(moods)
    (path,) = small(checksum=checksum)
    assert path.read_bytes() == BODY
    published.verify(NAME)


def test_what_came_before_a_fault_is_not_asked_for_again(small, server):
    server.moods.extend([Mood.truncate(HALF), Mood.stall(HALF)])
    small()
    first, second, third = server.ranges()
    assert (first, second) == (None, f"bytes={HALF}-")
    assert HALF - SHORT.chunk <= int(third[6:-1]) <= HALF


@pytest.mark.parametrize(
    ("moods", "words"),
    [
        ([Mood.status(404)], "is gone: look at"),
        ([Mood.status(410)], "is gone: look at"),
        ([Mood.status(403)], r"refuses to send the file (403)"),
        ([Mood.status(401)], r"refuses to send the file (401)"),
        ([Mood.status(418)], r"refuses to send the file (418)"),
        ([Mood.page], "a web page in place of"),
        ([Mood.message], "offers 43 bytes where"),
        ([Mood.announce(SIZE + 9)], f"offers {SIZE + 9} bytes where"),
        ([Mood.announce(SIZE - 9)], f"offers {SIZE - 9} bytes where"),
        ([Mood.corrupt(HALF)], "is not the file it should be and was not kept"),
        ([Mood.redirect(f"/{FILE}")] * 40, "cannot be used for downloads (TooManyRedirects)"),
    ],
)
def test_what_does_not_pass_is_said_at_once(small, server, folder, moods, words):
    server.moods.extend(moods)
    assert words in sentence(small)
    assert len(server.asked) == min(len(moods), 31)
    assert named(folder) == set()
    assert list(folder.glob(f"{NAME}/*.part")) == []
    server.moods.clear()
    assert small()[0].read_bytes() == BODY


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        (Mood.status(500), "answers 500"),
        (Mood.truncate(HALF), "closed the connection before all had come"),
        (Mood.stall(0), "sent nothing for 1 s"),
        (Mood.silence, "sent nothing for 1 s"),
        (Mood.reset(0), "closed the connection"),
    ],
)
def test_patience_has_an_end(small, server, folder, mood, words):
    server.moods.extend([mood] * 20)
    message = sentence(small)
    assert words in message
    assert "3 times in a row" in message
    assert len(server.asked) == 3
    assert named(folder) == set()
    server.moods.clear()
    assert small()[0].read_bytes() == BODY


def test_a_wrong_checksum_names_both_and_its_source(small, server, folder):
    server.files[f"/{FILE}"] = OTHER
    message = sentence(small, size=None)
    assert f"sha256:{hashlib.sha256(OTHER).hexdigest()}" in message
    assert SHA256 in message
    assert "according to this test" in message
    assert named(folder) == set()


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_checksums_of_all_kinds(small, algorithm):
    assert small(checksum=f"{algorithm}:{hashlib.new(algorithm, BODY).hexdigest()}")


def test_without_a_checksum_the_first_download_s_is_recorded_and_holds(small, server, folder):
    (path,) = small(size=None, checksum=None)
    recorded = cache.ledger(NAME)[FILE]
    assert recorded["checksum"] == SHA256
    path.unlink()
    server.files[f"/{FILE}"] = OTHER
    message = sentence(small, size=None, checksum=None)
    assert f"according to the first download on {recorded['date']}" in message
    assert named(folder) == set()
    server.files[f"/{FILE}"] = BODY
    assert small(size=None, checksum=None)[0].read_bytes() == BODY
    assert cache.ledger(NAME)[FILE]["checksum"] == SHA256


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        (Mood.announce(SIZE - 9), "is damaged or cut short"),
        (Mood.announce(SIZE + 9), "3 times in a row"),
        (Mood.without_length(HALF), "is damaged or cut short"),
        (Mood.message, "is not small.csv.gz: it starts with"),
        (Mood.corrupt(HALF), "is damaged or cut short"),
    ],
)
def test_a_first_download_must_be_whole_in_itself(small, server, folder, mood, words):
    server.moods.extend([mood] * 3)
    assert words in sentence(small, size=None, checksum=None)
    assert named(folder) == set()
    assert cache.ledger(NAME) == {}
    server.moods.clear()
    assert small(size=None, checksum=None)[0].read_bytes() == BODY


@pytest.mark.parametrize("way", ["announced", "unannounced", "folder", "by hand"])
def test_a_first_download_of_quite_another_size_is_refused(small, server, folder, tmp_path, way):
    options = {"size": None, "checksum": None}
    if way == "unannounced":
        server.moods.append(Mood.truncate_unmarked(SIZE))
    if way == "folder":
        (tmp_path / FILE).write_bytes(BODY)
        options["source"] = tmp_path
    if way == "by hand":
        (folder / NAME).mkdir(parents=True)
        (folder / NAME / FILE).write_bytes(BODY)
    for about in (SIZE * 4, SIZE // 4):
        words = f"offers {SIZE} bytes where about {about} are expected"
        assert words in sentence(small, about=about, **options)
        assert cache.ledger(NAME) == {}
        assert named(folder) == ({FILE} if way == "by hand" else set())
        server.moods.extend([Mood.truncate_unmarked(SIZE)] * (way == "unannounced"))
    for fits in (SIZE * 2, SIZE // 2):
        assert small(about=fits, again=True, **options)[0].read_bytes() == BODY
    assert small(about=about, **options)  # what was once taken is known by its checksum


def test_a_stated_checksum_tells_more_than_a_size(small):
    assert small(size=None, about=SIZE * 9)[0].read_bytes() == BODY


def test_again_fetches_anew(small, server):
    options = {"size": None, "checksum": None}
    small(**options)
    server.files[f"/{FILE}"] = OTHER
    assert small(**options)[0].read_bytes() == BODY
    assert small(**options, again=True)[0].read_bytes() == OTHER
    assert cache.ledger(NAME)[FILE]["size"] == len(OTHER)
    published.verify(NAME)


def test_an_encoding_on_the_way_is_not_mistaken_for_the_file(server, tmp_path):
    server.files["/x.h5"] = BODY
    server.moods.append(Mood.encoded)
    transfer = download.Transfer(
        f"{server.address}/x.h5", tmp_path / "x.h5.part", lambda *_: None, patience=SHORT
    )
    assert "in another encoding (br)" in sentence(transfer.run)


class Interruption:
    """Progress that interrupts once some bytes have come, as Ctrl-C would."""

    def __init__(self, after):
        self.after = after

    def __call__(self, done, _total, kept):
        if not kept and done >= self.after:
            raise KeyboardInterrupt


def interrupted(small, **options):
    with pytest.raises(KeyboardInterrupt):
        small(progress=Interruption(HALF), **options)


@pytest.mark.parametrize("checksum", [SHA256, None])
def test_an_interrupted_download_goes_on_in_another_run(small, server, folder, checksum):
    interrupted(small, checksum=checksum)
    assert named(folder) == set()
    kept = (folder / NAME / f"{FILE}.part").stat().st_size
    assert HALF <= kept < SIZE
    assert "is not fetched yet" in sentence(cache.paths, NAME)
    seen = []
    small(checksum=checksum, progress=lambda *now: seen.append(now))
    assert seen[0] == (kept, SIZE, True)
    assert server.ranges() == [None, f"bytes={kept}-"]


@pytest.mark.parametrize("checksum", [SHA256, None])
def test_a_file_that_changed_meanwhile_starts_over(small, server, checksum):
    server.files[f"/{FILE}"] = OTHER
    interrupted(small, size=None, checksum=checksum)
    server.files[f"/{FILE}"] = BODY
    assert small(checksum=checksum)[0].read_bytes() == BODY


@pytest.mark.parametrize("checksum", [SHA256, None])
def test_a_server_may_know_versions_by_their_date_alone(small, server, checksum):
    old, new = "Wed, 01 Jan 2014 00:00:00 GMT", "Thu, 02 Jan 2014 00:00:00 GMT"
    server.files[f"/{FILE}"] = OTHER
    server.moods.extend([Mood.dated(old, HALF), Mood.status(404)])
    sentence(small, size=None, checksum=checksum)
    server.files[f"/{FILE}"] = BODY
    server.moods.append(Mood.dated(new))
    assert small(checksum=checksum)[0].read_bytes() == BODY
    assert server.asked[-1][1]["If-Range"] == old
    assert len(server.asked) == 3


def test_a_date_that_still_holds_saves_what_came(small, server):
    date = "Wed, 01 Jan 2014 00:00:00 GMT"
    server.moods.extend([Mood.dated(date, HALF), Mood.dated(date)])
    assert small(checksum=None)[0].read_bytes() == BODY
    assert server.ranges() == [None, f"bytes={HALF}-"]


def test_a_part_that_nothing_marks_is_not_continued(small, server):
    server.files[f"/{FILE}"] = OTHER
    server.moods.extend([Mood.truncate_unmarked(HALF), Mood.status(404)])
    sentence(small, size=None, checksum=None)
    server.files[f"/{FILE}"] = BODY
    assert small(size=None, checksum=None)[0].read_bytes() == BODY
    assert server.ranges() == [None, None, None]


def test_a_rest_that_never_comes_is_not_waited_for_for_ever(small, server):
    server.moods.extend([Mood.truncate(HALF), *[Mood.nothing_more] * 20])
    assert f"sent {HALF} bytes of {SIZE}, 3 times in a row" in sentence(small)


def test_two_versions_glued_together_are_noticed_and_fetched_anew(small, server):
    """The server marks no versions and continues one file with another."""
    server.files[f"/{FILE}"] = OTHER[:HALF] + BODY[HALF:]
    server.moods.extend([Mood.truncate_unmarked(HALF)])
    server.moods.append(Mood.status(404))
    sentence(small)
    server.files[f"/{FILE}"] = BODY
    server.moods.append(Mood.unmarked_rest(HALF))
    assert small()[0].read_bytes() == BODY
    assert server.ranges()[-2:] == [f"bytes={HALF}-", None]


def test_a_part_of_another_address_is_not_continued(small, server, folder):
    interrupted(small)
    server.files[f"/mirror/{FILE}"] = BODY
    small(source=f"{server.address}/mirror")
    assert server.ranges()[-1] is None
    assert named(folder) == {FILE}


@pytest.mark.parametrize("left", [b"", b"{", b"[1]", b'{"url": 3}'])
def test_a_spoilt_record_of_the_part_only_costs_the_part(small, folder, left):
    interrupted(small)
    (folder / NAME / f"{FILE}.part.json").write_bytes(left)
    assert small()[0].read_bytes() == BODY


def test_a_finished_part_is_not_asked_for_again_unless_it_is_wrong(small, server, folder):
    """As a process leaves it that dies between the last byte and the check."""
    for wrong in (False, True):
        interrupted(small)
        part = folder / NAME / f"{FILE}.part"
        part.write_bytes(OTHER[:SIZE].ljust(SIZE) if wrong else BODY)
        before = len(server.asked)
        (path,) = small()
        assert path.read_bytes() == BODY
        assert len(server.asked) == before + wrong
        path.unlink()


def test_a_server_that_wavers_does_not_keep_us_for_ever(small, server, monkeypatch):
    """No ranges, and each time it breaks off it has sent more or less than before."""
    monkeypatch.setattr(download, "NEWS", 1000)
    moods = [Mood.truncate_unmarked(HALF + step) for step in (0, 20_000, 0, 20_000, 0, 20_000)]
    server.moods.extend(moods * 5)
    assert "times in a row" in sentence(small, checksum=None)
    assert len(server.asked) < 8


def test_a_part_longer_than_the_file_starts_over(small, folder):
    interrupted(small)
    with (folder / NAME / f"{FILE}.part").open("ab") as part:
        part.write(BODY)
    assert small()[0].read_bytes() == BODY


def test_a_file_damaged_in_the_cache_is_noticed_and_fetched_again(small, server):
    (path,) = small()
    path.write_bytes(BODY[:HALF] + bytes(SIZE - HALF))
    assert "is not the file that was fetched" in sentence(published.verify, NAME)
    small()
    published.verify(NAME)
    path.write_bytes(BODY[:HALF])
    server.moods.append(Mood.status(404))
    assert "is gone" in sentence(small)
    assert not path.exists()
    path.write_bytes(BODY[:HALF])
    assert f"{HALF} bytes of {SIZE}" in sentence(published.verify, NAME)


def test_the_disk_is_looked_at_before(small, folder, monkeypatch):
    monkeypatch.setattr(download, "free_bytes", lambda _: SIZE)
    message = sentence(small)
    assert "do not fit" in message
    assert "HEPML_DATA" in message
    assert named(folder) == set()


def test_a_disk_that_fills_up_keeps_what_came(small, folder):
    """A limit on the size of files stands for the end of the disk."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, before[1]))
    try:
        assert "cannot be written" in sentence(small)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert named(folder) == set()
    assert small()[0].read_bytes() == BODY


def test_a_cache_that_cannot_be_written(small, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HEPML_DATA", str(tmp_path / "file"))
    message = sentence(small)
    assert "cannot be written" in message
    assert "HEPML_DATA" in message


@pytest.mark.parametrize("is_filled", [False, True])
def test_a_cache_that_may_only_be_read(small, server, is_filled, monkeypatch):
    """As a teacher may keep one for a class: what is in it is checked and used."""
    with tempfile.TemporaryDirectory() as open_to_all:
        folder = Path(open_to_all, "cache")
        monkeypatch.setenv("HEPML_DATA", str(folder))
        folder.mkdir()
        if is_filled:
            small()
        for path in (Path(open_to_all), folder, *folder.rglob("*")):
            path.chmod(0o555)
        with as_nobody():
            if is_filled:
                assert published.status(NAME)["fetched"]
                assert small()[0].read_bytes() == BODY
                published.verify(NAME)
            else:
                assert "cannot be written" in sentence(small)
    assert len(server.asked) == is_filled


@contextlib.contextmanager
def no_permission(folder):
    """Make a folder that may not even be looked into, for a while by root neither."""
    folder.mkdir(mode=0o000)
    with as_nobody():
        yield
    folder.chmod(0o700)


def test_a_cache_that_may_not_be_looked_into(small, server, monkeypatch):
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        folder = Path(open_to_all, "cache")
        monkeypatch.setenv("HEPML_DATA", str(folder))
        with no_permission(folder):
            for again in (False, True):
                assert "cannot be written" in sentence(small, again=again)
            assert published.status(NAME)["fetched"] is False
            assert published.status(NAME)["files"] == 0
            assert cache.ledger(NAME) == {}
            for function in (published.load, published.verify):
                assert "is not fetched yet" in sentence(function, NAME)
            assert "there is no folder" in sentence(small, source=folder / "x", again=True)
    assert server.asked == []


def test_a_file_that_may_not_be_read(small, monkeypatch):
    (path,) = small()

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert sentence(published.verify, NAME) == f"{path} cannot be read: Permission denied"


# ---------------------------------------------------------------- whence


@pytest.mark.parametrize("place", [f"{NAME}/{FILE}", FILE])
def test_a_memory_stick_or_a_server_of_one_s_own(small, server, tmp_path, place):
    (tmp_path / "stick" / place).parent.mkdir(parents=True)
    (tmp_path / "stick" / place).write_bytes(BODY)
    seen = []
    (path,) = small(source=tmp_path / "stick", progress=lambda *now: seen.append(now))
    assert path.read_bytes() == BODY
    assert seen[-1][:2] == (SIZE, SIZE)
    assert server.asked == []
    path.unlink()
    server.files = {f"/class/{place}": BODY}
    assert small(source=f"{server.address}/class/")[0].read_bytes() == BODY


def refusing(path, opened):
    """Open as ever, but for one file, which is as on a memory stick that was pulled out."""

    def open_or_refuse(self, *args, **options):
        if self == path:
            raise OSError(5, "Input/output error")
        return opened(self, *args, **options)

    return open_or_refuse


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7), ("\u00b2", 0), ("x", 0), ("", 0), ("Mon, 01 Jan 2001 00:00:00 GMT", 0), ("-3", 0)],
)
def test_the_pause_that_a_server_asks_for(text, seconds):
    answer = SimpleNamespace(headers={"Retry-After": text})
    assert download._asked_pause(answer) == seconds
    assert download._number(text) == (seconds or None)


@pytest.mark.parametrize("files", [0, 2, -1, 1.0, "1"])
def test_the_number_of_files_is_one(small, files):
    assert "comes as one file" in sentence(small, files=files)


def test_checksums_hold_for_a_mirror_as_well(small, server, tmp_path, folder):
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / FILE).write_bytes(OTHER[:SIZE].ljust(SIZE))
    server.files = {f"/class/{FILE}": OTHER[:SIZE].ljust(SIZE)}
    for source in (tmp_path / "stick", f"{server.address}/class"):
        assert "is not the file it should be" in sentence(small, source=source)
        assert named(folder) == set()
    (tmp_path / "stick" / FILE).write_bytes(BODY[:-1])
    assert f"offers {SIZE - 1} bytes where {SIZE}" in sentence(small, source=tmp_path / "stick")
    (tmp_path / "stick" / FILE).write_bytes(BODY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", refusing(tmp_path / "stick" / FILE, Path.open))
        message = sentence(small, source=tmp_path / "stick")
        assert message == f"{tmp_path / 'stick' / FILE} cannot be read: Input/output error"
    (tmp_path / "stick" / FILE).unlink()
    assert f"has neither {NAME}/{FILE} nor {FILE}" in sentence(small, source=tmp_path / "stick")
    assert "has neither" in sentence(small, source=f"{server.address}/none")


@pytest.mark.parametrize("sister", ["higgs_tautau", "planned_only", None])
def test_offline_the_bundled_sister_is_named_at_once(monkeypatch, folder, sister):
    unused = socket.socket()
    unused.bind(("127.0.0.1", 0))  # bound but not listening: refused
    url = f"http://127.0.0.1:{unused.getsockname()[1]}/{FILE}"
    for address in (url, f"http://no.such.host.invalid/{FILE}", f"https://archive.test/{FILE}"):
        file = registry.File(FILE, address, size=SIZE, checksum=SHA256)
        entry = replace(registry.entry("uci_higgs"), name=NAME, files=(file,), sister=sister)
        monkeypatch.setattr(registry, "ENTRIES", (*ENTRIES, entry))
        message = sentence(published.fetch, NAME, patience=replace(SHORT, pause=60))
        assert "cannot be reached" in message
        assert "are you offline?" in message
        assert "'higgs_tautau'" in message
        assert ("its sister" in message) == (sister == "higgs_tautau")
        assert "planned_only" not in message
    unused.close()
    assert named(folder) == set()


def test_a_name_that_does_not_resolve(monkeypatch):
    """Without a proxy: the name's own failure, on any machine (RFC 2606 reserves .invalid)."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(socket, "getaddrinfo", no_names)
    transfer = download.Transfer(
        "http://no.such.host.invalid/x", Path("x.part"), lambda *_: None, patience=SHORT
    )
    assert "no.such.host.invalid cannot be reached" in sentence(transfer.run)


def no_names(*_args, **_options):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize("address", ["http://", "http://[::", "http://a b/x", "http:///x"])
def test_an_address_that_is_none(small, address):
    assert sentence(small, source=address)


# ---------------------------------------------------------------- the command


@pytest.fixture
def class_server():
    """Server of a class that holds HEPMASS, whose files nobody states a checksum of."""
    with LocalServer() as one:
        for file in registry.entry("hepmass").files:
            one.files[f"/hepmass/{file.name}"] = BODY
        yield one


SMALL_HEPMASS = f"""
from dataclasses import replace
from hepml.cli import main
from hepml.data.published import registry
def small(one):
    return replace(one, files=tuple(replace(file, about={SIZE}) for file in one.files))
registry.ENTRIES = tuple(
    small(one) if one.name == "hepmass" else one for one in registry.ENTRIES
)
main()
"""


def command(*arguments):
    """Arguments that run the command, for which the files of HEPMASS have our size."""
    arguments = [*arguments, *(["--no-prepare"] if "hepmass" in arguments else [])]
    return [sys.executable, "-c", SMALL_HEPMASS, "data", *arguments]


def hepml(*arguments):
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False, timeout=60
    )


def test_the_command_lists_what_there_is():
    result = hepml("fetch")
    assert result.returncode == 0
    for one in registry.ENTRIES:
        (line,) = [x for x in result.stdout.splitlines() if x.startswith(f"{one.name} ")]
        assert one.licence in line
        assert "not fetched" in line
        assert " MB" in line


def test_the_command_fetches_and_tells_whom_to_cite(class_server):
    result = hepml("fetch", "hepmass", "--from", class_server.address)
    assert result.returncode == 0, result.stderr
    assert result.stdout.index("licence: CC BY 4.0") < result.stdout.index("cite: ")
    assert "arXiv:1601.07913" in result.stdout
    again = hepml("fetch", "hepmass")
    assert again.returncode == 0
    assert len(class_server.asked) == 2
    assert hepml("fetch", "hepmass", "--again", "--from", class_server.address).returncode == 0
    assert len(class_server.asked) == 4
    (line,) = [x for x in hepml("fetch").stdout.splitlines() if x.startswith("hepmass")]
    assert re.search(r"fetched \d{4}-\d\d-\d\d", line)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["higsml"], "did you mean 'higgsml'"),
        (["higgsml"], "are you offline? its sister 'higgs_tautau'"),
        (["qg_jets", "--files", "21"], "ask for 1 to 20"),
        (["lhco", "--files", "2"], "'lhco' comes as one file: there is no number of"),
        (["higgsml", "--from", "nowhere"], "there is no folder nowhere"),
        (["higgsml", "--from", "ftp://host.test/x"], "only from http(s) servers and folders"),
        (["higgsml", "--from", "ftp://host.test/x", "--again"], "only from http(s) servers"),
        (["higgsml", "--from", "."], "has neither higgsml/atlas-higgs"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments, hint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = hepml("fetch", *arguments)
    assert result.returncode == 1
    assert hint in result.stderr
    assert result.stderr.startswith("hepml: ")
    assert result.stderr.count("\n") == 1


def wait_for(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_command_goes_on(class_server, folder, how):
    class_server.moods.append(Mood.stall(HALF))
    part = folder / "hepmass" / "all_train.csv.gz.part"
    arguments = command("fetch", "hepmass", "--from", class_server.address)
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: part.exists() and part.stat().st_size > 0)
        process.send_signal(how)
        _, message = process.communicate(timeout=60)
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert message.strip() == (
            "hepml: interrupted; what came is kept, the same command goes on from there"
        )
    assert named(folder, "hepmass") == set()
    kept = part.stat().st_size
    result = hepml("fetch", "hepmass", "--from", class_server.address)
    assert result.returncode == 0, result.stderr
    assert class_server.ranges()[1] == f"bytes={kept}-"
    for path in cache.paths("hepmass"):
        assert path.read_bytes() == BODY
    left = {file.name for file in part.parent.iterdir()}
    assert left == {"all_train.csv.gz", "all_test.csv.gz", "ledger.json", "lock"}


def test_two_at_once_do_not_spoil_each_other(class_server):
    class_server.moods.append(Mood.pause(HALF))
    arguments = command("fetch", "hepmass", "--from", class_server.address)
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(arguments, **pipes) as first:
        wait_for(lambda: class_server.asked)
        second = hepml("fetch", "hepmass", "--from", class_server.address)
        class_server.resumed.set()
        _, message = first.communicate(timeout=60)
    assert first.returncode == 0, message
    assert second.returncode == 1
    assert "another process is at work on 'hepmass'" in second.stderr
    assert second.stderr.count("\n") == 1
    assert len(class_server.asked) == 2
    for path in cache.paths("hepmass"):
        assert path.read_bytes() == BODY
    assert hepml("fetch", "hepmass").returncode == 0


def test_no_test_reached_another_machine(small):
    """The proxy that all but this machine is asked through is a port where nobody listens."""
    import requests

    with pytest.raises(requests.exceptions.ProxyError):
        requests.get("http://example.org", timeout=5)
    assert small()
