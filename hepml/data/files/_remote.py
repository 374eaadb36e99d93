"""Files of other machines, through fsspec: read in place, or fetched to a temporary folder first.

Where a server gives parts of files, ROOT and Parquet are read in place: only what is asked for
travels. All else is needed from beginning to end anyway, and is fetched once.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import re
import shutil
import tempfile
import weakref
from contextlib import contextmanager
from functools import cached_property
from glob import has_magic
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from urllib.parse import unquote

from hepml.data._errors import DataError
from hepml.data.files.base import Source
from hepml.files import reason

__all__ = ["IN_PLACE", "Remote", "handle"]

PATIENCE = 30  # seconds without an answer, after which a server is given up
AHEAD = 1 << 18  # bytes that are read ahead, so that there are fewer requests
IN_PLACE = ("root", "parquet")
CLIENTS = ("aiohttp", "botocore", "fsspec", "s3fs")  # whose errors are not those of the system
BROKEN_OFF = "ClientPayloadError"  # what it came from says nothing to a user
WEB = ("http", "https")
ASKING = (*WEB, "root")  # where a question mark ends the place of a file
NEEDS = {
    "http": {"aiohttp": "aiohttp"},
    "https": {"aiohttp": "aiohttp"},
    "s3": {"s3fs": "s3fs"},
    "root": {"fsspec_xrootd": "fsspec-xrootd", "XRootD": "xrootd"},
}
"""Modules that a kind of address needs beside fsspec, and the packages they are in."""


class Remote:
    """An address, with what readers of files ask of a path.

    Parameters
    ----------
    address : str

    Attributes
    ----------
    name : str
        Last part of the address, without what follows a question mark.
    """

    def __init__(self, address):
        self.address, self._folder = address, None
        self.protocol = address.partition(":")[0].lower()
        self._place = address.partition("?")[0] if self.protocol in ASKING else address
        self.name = PurePosixPath(self._place).name
        if self.protocol in WEB:
            self.name = unquote(self.name)

    def __str__(self):
        return re.sub("//[^/@]*@", "//", self.address, count=1)  # no password in a message

    def __repr__(self):
        return f"Remote({str(self)!r})"

    @property
    def options(self):
        """What fsspec is told, so that no server keeps us waiting for ever."""
        if self.protocol in WEB:
            import aiohttp

            wait = aiohttp.ClientTimeout(total=None, sock_connect=PATIENCE, sock_read=PATIENCE)
            return {"client_kwargs": {"timeout": wait}}
        if self.protocol == "s3":
            return {"config_kwargs": {"connect_timeout": PATIENCE, "read_timeout": PATIENCE}}
        return {"timeout": PATIENCE} if self.protocol == "root" else {}

    @cached_property
    def _system(self):
        """File system of fsspec, and what it calls this file."""
        check_packages(self)
        from fsspec.core import url_to_fs

        with self.asking():
            try:
                return url_to_fs(self.address, **self.options)
            except ImportError as error:
                raise DataError(f"{self} cannot be read: {error}") from None

    @contextmanager
    def asking(self):
        """Turn whatever goes wrong on the way into one sentence."""
        try:
            yield
        except DataError:
            raise
        except Exception as error:  # each kind of file system has its own
            raise self.complaint(error) from error

    @staticmethod
    def is_trouble(error):
        """Whether an error that came up while reading is one of the way, not of the file."""
        return isinstance(error, OSError) or type(error).__module__.startswith(CLIENTS)

    def complaint(self, error):
        """Error to be raised for one that arose on the way."""
        return DataError(f"{self} cannot be read: {_words(error)}")

    @cached_property
    def _info(self):
        system, inner = self._system
        with self.asking():
            return system.info(inner)

    def open(self, _mode="rb", **options):
        """Open the file where it is, as `pathlib.Path.open` does; only what is read travels."""
        system, inner = self._system
        options = options or {"cache_type": "none"}
        with self.asking():
            return _Stream(self, system.open(inner, "rb", **options))

    def stat(self):
        """Give the size, as `pathlib.Path.stat` does, and numbers that no local file has."""
        return SimpleNamespace(st_size=self._info.get("size"), st_ino=-1, st_dev=-1)

    @cached_property
    def gives_parts(self):
        """Whether any part of the file can be read without all before it."""
        if not self._info.get("size") or self._info.get("partial") is False:
            return False
        if self.protocol not in WEB:
            return True
        system, inner = self._system
        with self.asking():
            stream = system.open(inner, "rb", cache_type="none")
            try:
                stream.seek(1)
                stream.read(1)
            except ValueError:  # so fsspec says that all of it was sent
                return False
            finally:
                stream.close()
        return True

    def copy(self):
        """Path of a copy on this machine, fetched when it is first asked for."""
        if self._folder is None:
            folder = tempfile.TemporaryDirectory(prefix="hepml-", ignore_cleanup_errors=True)
            self._folder = folder
            weakref.finalize(self, folder.cleanup)
            with self._forgotten_if_it_fails():
                self._fetch(Path(folder.name) / self.name)
        return Path(self._folder.name) / self.name

    @contextmanager
    def _forgotten_if_it_fails(self):
        try:
            yield
        except BaseException:
            self.forget()
            raise

    def opened(self, open_source):
        """Open the copy; see `Fetched`."""
        with self._forgotten_if_it_fails():
            return Fetched(self, open_source)

    def _fetch(self, target):
        system, inner = self._system
        size, free = self._info.get("size"), shutil.disk_usage(target.parent).free
        if size is not None and size > free:
            raise DataError(f"{self} has {size} bytes, for which {target.parent} has no room")
        with self.asking():
            system.get_file(inner, str(target))
        found = target.stat().st_size
        if size is not None and found != size:
            raise DataError(f"{self} is cut short: {found} bytes came of {size}")

    def forget(self):
        """Delete the copy, if there is one."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @property
    def is_pattern(self):
        """Whether this may mean several files by its signs."""
        if self.protocol in WEB:
            return "*" in self._place
        return has_magic(self._place)

    @property
    def is_several(self):
        """Whether this is a pattern or a folder, not a file."""
        return self.is_pattern or self._place.endswith("/")

    def several(self):
        """List the files that the pattern or the folder means."""
        if self.protocol in WEB:
            message = f"{self}: a web server cannot be asked which files there are"
            raise DataError(f"{message}: name each, in a list")
        system, inner = self._system
        with self.asking():
            pattern = inner if self.is_pattern else inner.rstrip("/") + "/*"
            names = sorted(n for n, i in system.glob(pattern, detail=True).items() if _is_file(i))
            return [Remote(system.unstrip_protocol(name)) for name in names]


def _is_file(info):
    return info.get("type") != "directory"


class _Stream:
    """A file of fsspec, whose complaints are of one sentence."""

    def __init__(self, remote, stream):
        self._remote, self._stream = remote, stream

    def read(self, size=-1):
        with self._remote.asking():
            return self._stream.read(size)

    def seek(self, place, whence=0):
        with self._remote.asking():
            return self._stream.seek(place, whence)

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()


def handle(path):
    """Give what a library reads a file from: its path, or a stream where it is remote.

    Parameters
    ----------
    path : pathlib.Path or Remote

    Returns
    -------
    pathlib.Path or binary file
    """
    if isinstance(path, Remote):
        return path.open("rb", cache_type="readahead", block_size=AHEAD)
    return path


def check_packages(remote):
    """Raise a `DataError` that names the package which an address needs and which is not there."""
    for module, package in ({"fsspec": "fsspec"} | NEEDS.get(remote.protocol, {})).items():
        if find_spec(module) is None:
            message = f"{remote}: reading from {remote.protocol}:// needs {package}"
            raise DataError(f'{message}: pip install "hepml-lab[remote]"')


def _words(error):
    """Say in a few words what went wrong on the way to a file."""
    while error.__cause__ is not None and type(error).__name__ != BROKEN_OFF:
        error = error.__cause__
    if status := getattr(error, "status", None):
        return f"the server answers {status} ({getattr(error, 'message', '') or 'no reason'})"
    for kind, words in TROUBLES.items():
        if isinstance(error, kind):
            return words.format(PATIENCE)
    if type(error).__name__ == BROKEN_OFF:
        return "the connection broke off before the end"
    told = (reason(error) if isinstance(error, OSError) else str(error)).strip().splitlines()
    return told[0] if told else type(error).__name__


TROUBLES = {
    TimeoutError: "no answer within {} seconds",
    FileNotFoundError: "there is no such file",
    PermissionError: "permission denied",
}


class Fetched(Source):
    """A file that was fetched, open for reading; it goes by its address.

    Parameters
    ----------
    remote : Remote
    open_source : callable
        Opens a path.
    """

    def __init__(self, remote, open_source):
        super().__init__(remote)
        copy = remote.copy()
        self._copy = str(copy)
        with self._named():
            self._source = open_source(copy)
        self.kind, self.schema = self._source.kind, self._source.schema
        self.left_out, self.rows = self._source.left_out, self._source.rows
        self.tree, self.opens_slowly = self._source.tree, self._source.opens_slowly

    @contextmanager
    def _named(self):
        """Say of which address a complaint is."""
        try:
            yield
        except DataError as error:
            message = str(error).replace(self._copy, str(self.path))
            raise type(error)(message) from error

    def close(self):
        """Close the copy; see `Remote.forget`."""
        self._source.close()

    def batches(self, columns):
        """Yield the table in pieces; see `Source.batches`."""
        with self._named():
            yield from self._source.batches(columns)
