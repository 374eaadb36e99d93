"""One file over HTTP or from a folder into a ``.part`` that survives: resumed, retried, bounded.

Only bytes are dealt with here; checksums and the final name are the cache's.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import contextlib
import json
import re
import shutil
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from hepml.data._errors import DataError, reporting
from hepml.files import write_text

__all__ = [
    "AbsentError",
    "NoRoomError",
    "OfflineError",
    "Patience",
    "Transfer",
    "check_room",
    "check_size",
    "copy_file",
    "free_bytes",
]

ROOM_TO_SPARE = 50_000_000
NEWS = 1_000_000  # bytes received that make up for earlier failures
PASSING = {408, 425, 429}  # as are all from 500 on
ABOUT = 3  # by this factor a size that is only known roughly may be wrong
KEPT = "what came is kept, and the same command goes on from there"


class OfflineError(DataError):
    """Nothing can be reached at all; what may help is to work offline."""


class AbsentError(DataError):
    """The server, or folder, has no such file."""


class NoRoomError(DataError):
    """The disk is too full for what is to be written."""


class _PassingError(Exception):
    """A fault worth another try, after a pause of at least ``wait`` seconds."""

    def __init__(self, fault, wait=0.0):
        super().__init__(fault)
        self.wait = wait


class _StaleError(_PassingError):
    """What is kept is of no use: the next try starts over, without a pause."""


@dataclass(frozen=True)
class Patience:
    """Seconds and times to wait for a server.

    ``connect`` and ``stall`` bound a connection and the silence in it; ``attempts`` failures in a
    row are too many; the pauses between them start at ``pause`` and double up to ``longest``.
    """

    connect: float = 10.0
    stall: float = 30.0
    attempts: int = 6
    pause: float = 1.0
    longest: float = 60.0
    chunk: int = 65_536

    def before(self, failures, asked):
        """Seconds to wait after so many failures, the server having ``asked`` for some."""
        return min(max(self.pause * 2 ** (failures - 1), asked), self.longest)


def free_bytes(folder):
    """Bytes free on the disk of a folder."""
    return shutil.disk_usage(folder).free


def check_room(folder, needed):
    """Raise a `NoRoomError` unless ``needed`` bytes fit on the disk of ``folder``."""
    free = free_bytes(folder)
    if needed + ROOM_TO_SPARE > free:
        message = (
            f"{needed / 1e6:.0f} MB do not fit: {free / 1e6:.0f} MB are free in {folder}; make "
            "room, or choose another disk with the environment variable HEPML_DATA"
        )
        raise NoRoomError(message)


def copy_file(source, part, report, *, size=None, about=0, chunk=1_000_000):
    """Copy a file of a folder, such as a memory stick, into ``part``.

    Parameters
    ----------
    source, part : pathlib.Path
    report : callable
        Called with (bytes done, bytes in all, whether they were kept from an earlier run).
    size : int, optional
        What the file must have.
    about : int
        What it should have roughly; 0 if that is not known.
    chunk : int
        Bytes copied at a time.
    """
    with reporting(source, "read"):
        total = source.stat().st_size
    check_size(source.parent, total, size, about)
    check_room(part.parent, total)
    done = 0
    with reporting(part.parent), part.open("wb") as out:
        for data in _pieces(source, chunk):
            out.write(data)
            done += len(data)
            report(done, total, False)


def _pieces(source, chunk):
    with reporting(source, "read"), source.open("rb") as stream:
        while data := stream.read(chunk):
            yield data


def check_size(where, offered, size, about=0):
    """Raise a `DataError` if what is offered cannot be the file.

    Parameters
    ----------
    where : str or path-like
        Who offers it.
    offered : int or None
        Bytes; None where that is not said.
    size : int or None
        Bytes it must have, if that is known.
    about : int
        Bytes it should have within a factor of three, if only that is known; else 0.
    """
    if offered is None:
        return
    expected, fits = size, offered == size
    if size is None:
        expected = f"about {about}"
        fits = not about or about / ABOUT <= offered <= about * ABOUT
    if not fits:
        message = f"{where} offers {offered} bytes where {expected} are expected: not the same file"
        raise DataError(message)


class Transfer:
    """Download of one file into ``part``, going on from what an earlier one left there.

    Parameters
    ----------
    url : str
    part : pathlib.Path
        What has come so far; a record of what it is part of stands beside it.
    report : callable
        Called with (bytes done, bytes in all or None, whether they were kept).
    size : int, optional
        What the file must have.
    about : int
        What it should have roughly; 0 if that is not known.
    checked : bool
        Whether the file's checksum is known: only then may a part be continued that the server
        gives no means to recognise.
    patience : Patience
    """

    def __init__(self, url, part, report, *, size=None, about=0, checked=False, patience=None):
        self.url, self.part, self.report = url, part, report
        self.size, self.about, self.checked = size, about, checked
        self.patience = patience or Patience()
        self.host = _host(url)
        self.record = part.with_name(part.name + ".json")
        self.resumed = self.reached = False
        self.told = None  # how much was reported last
        self.ranges = True

    def run(self):
        """Download until the part is whole.

        Raises
        ------
        OfflineError
            If not even a connection came about.
        AbsentError
            If the server has no such file.
        DataError
            If it refuses, offers another file, or fails too often; or the disk is full.
        """
        self.resumed = self._whole()
        failures, most = 0, self._have()
        while not self._whole():
            try:
                self._attempt()
            except _PassingError as fault:
                failures = 1 if self._have() > most + NEWS else failures + 1
                most = max(most, self._have())
                if failures >= self.patience.attempts:
                    message = f"{self.host} {fault}, {failures} times in a row: {KEPT}"
                    raise DataError(message) from None
                if not isinstance(fault, _StaleError):
                    time.sleep(self.patience.before(failures, fault.wait))

    def forget(self):
        """Drop what came so far."""
        with self._written():
            self.record.unlink(missing_ok=True)
            self.part.unlink(missing_ok=True)

    def _written(self):
        return reporting(self.part.parent, hint=KEPT)

    def _have(self):
        return self.part.stat().st_size if self.part.exists() else 0

    def _known(self):
        """Read what the part is part of: address, length, and how the server recognises it."""
        try:
            record = json.loads(self.record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        same = isinstance(record, dict) and record.get("url") == self.url
        return record if same else {}

    def _whole(self):
        total = self._known().get("total")
        return total is not None and self._have() == total

    def _attempt(self):
        start, headers = self._where_to_go_on()
        with self._answer(headers) as answer:
            start, total = self._agreed(answer, start)
            check_room(self.part.parent, (total or self.size or start) - start)
            self._receive(answer, start, total)

    def _where_to_go_on(self):
        """Find the offset to ask from, and the headers that ask for it."""
        identity = {"Accept-Encoding": "identity", "User-Agent": "hepml-lab"}
        have, known = self._have(), self._known()
        mark = known.get("etag") or known.get("modified")
        total = known.get("total")
        usable = have and known and self.ranges and (mark or self.checked)
        if not usable or (total is not None and have > total):
            return 0, identity
        conditions = {"If-Range": mark} if mark else {}
        return have, identity | {"Range": f"bytes={have}-"} | conditions

    @contextlib.contextmanager
    def _answer(self, headers):
        """Ask; what goes wrong becomes `OfflineError`, a refusal, or worth another try."""
        try:
            import requests
            import urllib3
        except ImportError:
            message = 'fetching needs requests: pip install "hepml-lab[files]"'
            raise DataError(message) from None

        timeout = (self.patience.connect, self.patience.stall)
        try:
            with requests.get(self.url, headers=headers, stream=True, timeout=timeout) as answer:
                self.reached = True
                self._check_status(answer)
                yield answer
        except (requests.exceptions.SSLError, requests.exceptions.TooManyRedirects) as error:
            kind = type(error).__name__
            raise DataError(f"{self.host} cannot be used for downloads ({kind})") from None
        except requests.exceptions.ConnectTimeout:
            raise self._unreachable("does not answer") from None
        except (requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError):
            raise _PassingError(f"sent nothing for {self.patience.stall:g} s") from None
        except requests.exceptions.ConnectionError as error:
            raise self._broken(error) from None
        except requests.exceptions.RequestException as error:
            raise DataError(f"{self.url} cannot be asked for ({type(error).__name__})") from None
        except urllib3.exceptions.HTTPError:
            raise _PassingError("closed the connection before all had come") from None

    def _unreachable(self, why):
        """At the first contact one is offline; later on a network comes back."""
        return _PassingError(why) if self.reached else OfflineError(f"{self.host} {why}")

    def _broken(self, error):
        from requests.exceptions import ProxyError
        from urllib3.exceptions import NewConnectionError

        reason = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(error, ProxyError):
            return self._unreachable("cannot be reached through the proxy")
        if isinstance(reason, NewConnectionError):
            return self._unreachable("cannot be reached")
        return _PassingError("closed the connection")

    def _check_status(self, answer):
        status = answer.status_code
        if status in (200, 206):
            return
        if status in PASSING or status >= 500:
            raise _PassingError(f"answers {status}", _asked_pause(answer))
        if status == 416 and "Range" in answer.request.headers:
            self.forget()
            raise _StaleError("has less of the file than came before")
        if status in (404, 410):
            raise AbsentError(f"{self.host} has no such file ({status}): {self.url}")
        raise DataError(f"{self.host} refuses to send the file ({status}): {self.url}")

    def _agreed(self, answer, start):
        """Offset and length of what the answer holds; refuses what is not the file."""
        self._check_kind(answer)
        if answer.status_code == 206:
            first, total = _content_range(answer)
            self._check_continuation(answer, start, first, total)
        else:
            start, total = 0, _number(answer.headers.get("Content-Length"))
        check_size(self.host, total, self.size, self.about)
        return start, total

    def _check_kind(self, answer):
        name = self.part.name.removesuffix(".part")
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            message = f"{self.host} sends a web page in place of {name}: a login, or a notice?"
            raise DataError(message)
        # Some servers declare a stored .gz as compressed on the way: its bytes are the file's.
        encoding = answer.headers.get("Content-Encoding", "identity")
        if encoding != "identity" and not name.endswith(".gz"):
            raise DataError(f"{self.host} sends {name} in another encoding ({encoding})")

    def _check_continuation(self, answer, start, first, total):
        known = self._known()
        etag = answer.headers.get("ETag")
        changed = known.get("etag") and etag and etag != known["etag"]
        if changed or first != start or (known.get("total") or total) != total:
            self.ranges = self.ranges and bool(changed)  # else it does not know how to
            self.forget()
            raise _StaleError("answers with another part of the file than it was asked for")

    def _receive(self, answer, start, total):
        if not start:
            self.forget()
            self._note(answer, total)
        self.resumed = self.resumed or start > 0
        goes_back = start < self.told if self.told is not None else start > 0
        self._tell(start, total, kept=goes_back)
        with self._written(), self.part.open("ab") as out:
            while data := answer.raw.read(self.patience.chunk, decode_content=False):
                out.write(data)
                start += len(data)
                self._tell(start, total)
        total = total or self.size
        if total is None:  # the end of the stream is all there is to tell the length
            self._note(answer, start)
        elif start != total:
            raise _PassingError(f"sent {start} bytes of {total}")

    def _tell(self, done, total, *, kept=False):
        self.told = done
        self.report(done, total, kept)

    def _note(self, answer, total):
        etag = answer.headers.get("ETag", "")
        record = {
            "url": self.url,
            "total": total,
            "etag": "" if etag.startswith("W/") else etag,
            "modified": answer.headers.get("Last-Modified", ""),
        }
        with self._written():
            write_text(self.record, json.dumps(record))


def _host(url):
    try:
        return urlsplit(url).hostname
    except ValueError as error:
        raise DataError(f"{url} cannot be asked for ({error})") from None


def _number(text):
    return int(text) if text and _is_digits(text) else None


def _is_digits(text):
    return text.isascii() and text.isdigit()  # "²" is a digit too, and no number


def _content_range(answer):
    """First byte and length of the file, as a partial answer states them."""
    pattern = r"bytes (\d+)-\d+/(\d+|\*)"
    found = re.fullmatch(pattern, answer.headers.get("Content-Range", ""))
    return (int(found[1]), _number(found[2])) if found else (None, None)


def _asked_pause(answer):
    """Seconds that the server asks to wait, as a number or a date."""
    text = answer.headers.get("Retry-After", "")
    if _is_digits(text):
        return float(text)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    return 0.0
