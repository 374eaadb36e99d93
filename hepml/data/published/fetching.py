"""Fetching: `Transfer` brings files, which get their names when checked; a ledger notes them."""

import datetime as dt
import gzip
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hepml.data._errors import DataError
from hepml.data.published import cache
from hepml.data.published.download import (
    AbsentError,
    OfflineError,
    Patience,
    Transfer,
    check_size,
    copy_file,
)
from hepml.data.published.registry import entry
from hepml.files import named

__all__ = ["check_whole", "fetch"]

MIRROR = "HEPML_MIRROR"
STARTS = {
    ".gz": b"\x1f\x8b",
    ".npz": b"PK",
    ".zip": b"PK",
    ".h5": b"\x89HDF",
    ".hdf5": b"\x89HDF",
}


def fetch(name, *, source=None, files=None, again=False, progress=None, patience=None):
    """Bring a published set into the cache; what is there already is checked and kept.

    An interrupted download goes on where it stopped. A file gets its name only when it is whole
    and agrees with its checksum: the one that a source states, else that of the first download.

    Parameters
    ----------
    name : str
        One of `names`.
    source : str or path-like, optional
        Folder, or address of a server, that holds the files as ``NAME/FILE`` or ``FILE``; by
        default ``$HEPML_MIRROR``, else the addresses in the registry.
    files : int, optional
        How many of its files, for a set that comes in many.
    again : bool
        Whether to drop these files, and what was made of them, and fetch them anew.
    progress : callable, optional
        Called with (bytes done, bytes in all, whether they came from an earlier run).
    patience : Patience, optional
        How long to wait for a server.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    DataError
        One sentence: offline, refused, not the file it should be, no room, no such set.
    """
    one = entry(name)
    folder = cache.set_folder(name)
    source = str(source or os.environ.get(MIRROR, "")) or None
    counter = _Counter(one.chosen(files), progress or (lambda *_: None))
    if again:
        _check_source(source)  # before anything is dropped
    elif _is_shared(one, files, folder):
        cache.verify(name)
        return [folder / file.name for file in one.chosen(files)]
    with cache.locked(folder, name):
        if again:
            cache.drop(name, one.chosen(files))
        for file in one.chosen(files):
            report = counter.of(file)
            _fetch_file(_Order(name, file, folder, source, report, patience or Patience()))
    return [folder / file.name for file in one.chosen(files)]


def _check_source(source):
    """Raise a `DataError` if a source can be neither a server nor a folder."""
    if source is None or _is_server(source):
        return
    if "://" in source:
        raise DataError(f"cannot fetch from {source}: only from http(s) servers and folders")
    if not _is_folder(source):
        raise DataError(f"there is no folder {source} to fetch from")


def _is_folder(source):
    try:
        return Path(source).expanduser().is_dir()
    except (OSError, RuntimeError):  # no permission to look, or no such user
        return False


def _is_server(source):
    return source.partition(":")[0].lower() in {"http", "https"}


def _is_shared(one, files, folder):
    """Whether all is there in a cache that somebody else keeps, for a class perhaps."""
    there = all(cache.is_there(folder / file.name) for file in one.chosen(files))
    return there and not cache.is_writable(folder)


class _Counter:
    """Sum the bytes of several files for one progress bar."""

    def __init__(self, files, progress):
        self.done = {file.name: 0 for file in files}
        self.total = {file.name: file.expected_size for file in files}
        self.progress = progress

    def of(self, file):
        """Return the callable for one file."""

        def report(done, total, kept):
            self.done[file.name] = done
            self.total[file.name] = max(done, total or self.total[file.name])
            self.progress(sum(self.done.values()), sum(self.total.values()), kept)

        return report


@dataclass(frozen=True)
class _Order:
    """What is fetched and how: one file of a set, into its folder."""

    name: str
    file: object
    folder: Path
    source: str | None
    report: object
    patience: Patience

    @property
    def path(self):
        """Where the file is kept."""
        return self.folder / self.file.name

    @property
    def expected(self):
        """Checksum that is known already."""
        return cache.known_checksum(self.file, cache.ledger(self.name))

    @property
    def about(self):
        """Size to go by at a first download, where nothing better tells; else 0."""
        return 0 if self.file.size or self.expected else self.file.about


def _fetch_file(order):
    """Keep the file if it is there as it should be; else bring it."""
    getter = _Getter(order)
    with cache.written(order.folder):
        if not _is_kept(order):
            _bring(order, getter)
        size = order.path.stat().st_size
    order.report(size, size, getter.address is None)
    _enter(order, getter.address)


def _is_kept(order):
    """Whether the file is there; one that fails its checksum is not."""
    if not order.path.exists():
        return False
    if order.expected and cache.digest(order.path, order.expected) != order.expected:
        order.path.unlink()
        return False
    return True


def _bring(order, getter):
    """Bring a file, and give it its name when its checksum is the one that is known, if any is."""
    found = getter.bring()
    if found != order.expected and getter.resumed:
        # A part that was continued may be of two versions of the file; a fresh one is not.
        getter.drop()
        found = getter.bring()
    if found != order.expected:
        getter.drop()
        raise _mismatch(order, getter.address, found)
    named(getter.part, order.path)
    getter.drop()


def _mismatch(order, address, found):
    """Sentence on a file that is not the one it should be."""
    file = order.file
    date = cache.ledger(order.name).get(file.name, {}).get("date")
    whose = file.source if file.checksum else f"the first download on {date}"
    return DataError(
        f"{file.name} from {address} is not the file it should be and was not kept: checksum "
        f"{found}, but {order.expected} according to {whose}"
    )


def _enter(order, address):
    """Write into the ledger when and whence a file came, and its checksum if nobody states it."""
    known, path = cache.ledger(order.name), order.path
    if address is None:  # it was there: put there by hand unless the ledger knows it
        if order.file.name in known:
            return
        check_size(order.folder, path.stat().st_size, order.file.size, order.about)
        check_whole(path, order.file.name)
    record = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "address": address or "found in the cache",
        "size": path.stat().st_size,
    }
    if not order.file.checksum:
        record["checksum"] = order.expected or cache.digest(path, "sha256:")
    cache.write_ledger(order.name, known | {order.file.name: record})


class _Getter:
    """Brings one file into a part beside its place, from wherever it is had."""

    def __init__(self, order):
        self.order = order
        self.part = order.folder / f"{order.file.name}.part"
        self.address, self.resumed = None, False

    def bring(self):
        """Bring the part from the file's address, or the mirror's copy.

        Returns
        -------
        str or None
            Its checksum, of the kind that is known; None if none is.
        """
        self._bring_from(list(self._places(self.order.file.url)))
        self._check_start()
        if expected := self.order.expected:
            return cache.digest(self.part, expected)
        return self._check_whole()

    def drop(self):
        """Remove the part, and the record of what it is part of."""
        self._record.unlink(missing_ok=True)
        self.part.unlink(missing_ok=True)

    @property
    def _record(self):
        return self.part.with_name(self.part.name + ".json")

    def _places(self, url):
        """Addresses or files to try in turn."""
        source, name, file = self.order.source, self.order.name, self.order.file.name
        _check_source(source)
        if source is None:
            yield url
        elif _is_server(source):
            base = source.rstrip("/")
            yield f"{base}/{name}/{quote(file)}"
            yield f"{base}/{quote(file)}"
        else:
            folder = Path(source).expanduser()
            yield folder / name / file
            yield folder / file

    def _bring_from(self, places):
        for place in places:
            self.address = str(place)
            try:
                return self._bring(place)
            except AbsentError:
                continue
            except OfflineError as error:
                hint = cache.offline_hint(self.order.name)
                raise DataError(f"{error}: are you offline? {hint}") from None
        raise self._absent()

    def _bring(self, place):
        if isinstance(place, Path):
            self._copy(place)
            return
        transfer = Transfer(
            place,
            self.part,
            self.order.report,
            size=self.order.file.size,
            about=self.order.about,
            checked=bool(self.order.expected),
            patience=self.order.patience,
        )
        transfer.run()
        self.resumed = transfer.resumed

    def _copy(self, place):
        if not cache.is_there(place):
            raise AbsentError(str(place))
        self._record.unlink(missing_ok=True)
        size, about = self.order.file.size, self.order.about
        copy_file(place, self.part, self.order.report, size=size, about=about)

    def _absent(self):
        name, file = self.order.name, self.order.file.name
        if self.order.source:
            return DataError(f"{self.order.source} has neither {name}/{file} nor {file}")
        return DataError(
            f"{self.address} is gone: look at {entry(name).page}, and give another place with "
            f"--from; {cache.offline_hint(name)}"
        )

    def _check_start(self):
        """Refuse a page or a message that came in place of the file."""
        wanted = STARTS.get(Path(self.order.file.name).suffix, b"")
        with self.part.open("rb") as stream:
            start = stream.read(len(wanted))
        if start != wanted:
            self.drop()
            name = self.order.file.name
            raise DataError(f"{self.address} is not {name}: it starts with {start!r}")

    def _check_whole(self):
        """Look at the size, and whether the file is complete in itself, where no checksum tells."""
        try:
            size, about = self.order.file.size, self.order.about
            check_size(self.address, self.part.stat().st_size, size, about)
            check_whole(self.part, self.order.file.name)
        except DataError:
            self.drop()
            raise


def check_whole(path, name):
    """Raise a `DataError` unless a compressed file can be unpacked to its end.

    Parameters
    ----------
    path : pathlib.Path
    name : str
        Its name in the end, which says what it is.
    """
    try:
        if name.endswith(".gz"):
            _unpack_to_nowhere(path)
        elif name.endswith((".zip", ".npz")):
            zipfile.ZipFile(path).close()
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
        message = f"{name} is damaged or cut short ({type(error).__name__})"
        raise DataError(message) from None


def _unpack_to_nowhere(path):
    with gzip.open(path) as stream:
        while stream.read(4_000_000):
            pass
