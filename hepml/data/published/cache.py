"""The cache of published sets: a folder for each, verified, one process writing at a time.

In every folder a ledger says when and whence each file came, and what its checksum was at the
first download, for files whose source states none.
"""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import contextlib
import json
import os
import shutil
from pathlib import Path

from hepml.data._content import file_digest
from hepml.data._errors import DataError, reporting
from hepml.data.published.registry import entry
from hepml.data.recipes import NAMES
from hepml.files import locked as one_at_a_time
from hepml.files import named, write_text

__all__ = ["COPY", "LEDGER", "REFUSED", "cache_folder", "digest", "drop", "is_there"]
__all__ += ["is_writable", "known_checksum", "ledger", "locked", "offline_hint", "paths"]
__all__ += ["set_aside", "set_folder", "status", "verify", "write_ledger", "written"]

FOLDER = "HEPML_DATA"
LEDGER, LOCK = "ledger.json", "lock"
COPY = "prepared-{}.parquet"  # what loading makes of the files
REFUSED = ".refused"  # ends the name of a file that proved not to be what it should be


def cache_folder():
    """Folder of all that is fetched: ``$HEPML_DATA``, or the system's place for caches.

    Returns
    -------
    pathlib.Path
    """
    if chosen := os.environ.get(FOLDER):
        return Path(chosen).expanduser()
    try:
        import platformdirs
    except ImportError:
        message = 'published sets need platformdirs: pip install "hepml-lab[files]"'
        raise DataError(message) from None
    return Path(platformdirs.user_cache_dir("hepml"))


def set_folder(name):
    """Folder of one published set."""
    return cache_folder() / "published" / name


def ledger(name):
    """Read what is known of a set's files since they came.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict of str to dict
        For each file ``date``, ``address``, ``size``, and ``checksum`` where no source states it.
    """
    try:
        record = json.loads((set_folder(name) / LEDGER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(record, dict):
        return {}
    return {file: known for file, known in record.items() if isinstance(known, dict)}


def write_ledger(name, record):
    """Write what is known of a set's files, in the form of `ledger`; never half of it.

    Parameters
    ----------
    name : str
    record : dict of str to dict
    """
    folder = set_folder(name)
    with written(folder):
        write_text(folder / LEDGER, json.dumps(record, indent=1) + "\n")


def _forget(name, files):
    """Strike files, given by their names, from the ledger."""
    write_ledger(name, {file: known for file, known in ledger(name).items() if file not in files})


def set_aside(name, path):
    """Take from a file its name and its place in the ledger, and return its new path.

    Parameters
    ----------
    name : str
    path : pathlib.Path

    Returns
    -------
    pathlib.Path
    """
    _forget(name, [path.name])
    return named(path, path.with_name(path.name + REFUSED))


def drop(name, files):
    """Remove files of a set, and what was made of them; parts of downloads are kept.

    Parameters
    ----------
    name : str
    files : sequence of File
    """
    folder, gone = set_folder(name), [file.name for file in files]
    _forget(name, gone)
    with written(folder):
        for path in (*folder.glob(COPY.format("*")), *(folder / file for file in gone)):
            path.unlink(missing_ok=True)
            path.with_name(path.name + REFUSED).unlink(missing_ok=True)


def is_there(path):
    """Whether there is such a file; where one may not look there is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def paths(name):
    """Files of a set that are in the cache, in the order of the registry.

    Parameters
    ----------
    name : str

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    DataError
        If the set is not fetched, or only in part.
    """
    files = [set_folder(name) / file.name for file in entry(name).files]
    found = [file for file in files if is_there(file)]
    if len(found) < len(entry(name).chosen()):
        raise DataError(_not_fetched(name, started=bool(found)))
    return found


def _not_fetched(name, *, started):
    size = sum(file.expected_size for file in entry(name).chosen())
    state = "is only fetched in part" if started else "is not fetched yet"
    return f"{name!r} {state}: hepml data fetch {name} ({size / 1e6:.0f} MB); {offline_hint(name)}"


def offline_hint(name):
    """Words on what works without a network."""
    sister = entry(name).sister
    if sister in NAMES:
        return f"its sister {sister!r} is bundled and needs no network"
    return f"bundled, and without need of a network, are {', '.join(map(repr, NAMES))}"


def status(name):
    """Say whether a set is in the cache.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict
        ``fetched`` (whether `load` finds what it needs), ``files`` and ``size`` (bytes) of what
        is there, ``date`` of the latest download or None, and the ``folder``.
    """
    folder = set_folder(name)
    found = [path for file in entry(name).files if is_there(path := folder / file.name)]
    dates = [record["date"] for record in ledger(name).values() if "date" in record]
    return {
        "fetched": len(found) >= len(entry(name).chosen()),
        "files": len(found),
        "size": sum(file.stat().st_size for file in found),
        "date": max(dates, default=None),
        "folder": str(folder),
    }


def verify(name):
    """Check the files of a set against their stated checksums, or those of the first download.

    Parameters
    ----------
    name : str

    Returns
    -------
    list of pathlib.Path
        The files that were checked.

    Raises
    ------
    DataError
        If the set is not fetched; or naming the first file that differs.
    """
    known = ledger(name)
    for path in (files := paths(name)):
        file = next(file for file in entry(name).files if file.name == path.name)
        expected = known_checksum(file, known)
        if file.size is not None and path.stat().st_size != file.size:
            found = f"{path.stat().st_size} bytes of {file.size}"
            raise DataError(f"{path} is not the file that was fetched: {found}")
        if expected and (found := digest(path, expected)) != expected:
            raise DataError(f"{path} is not the file that was fetched: {found}, not {expected}")
    return files


def known_checksum(file, known):
    """Checksum that a file must have: the stated one, or the one in the ledger ``known``."""
    return file.checksum or known.get(file.name, {}).get("checksum")


def digest(path, like):
    """Checksum of a file by the algorithm of another one."""
    algorithm = like.partition(":")[0]
    with reporting(path, "read"):
        return f"{algorithm}:{file_digest(path, algorithm)}"


def is_writable(folder):
    """Whether files can be made in a set's folder, which need not exist yet."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LOCK).open("ab").close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def locked(folder, name):
    """Keep other processes from the folder of a set; the system lifts the lock if one dies."""
    with contextlib.ExitStack() as stack:
        with written(folder):
            folder.mkdir(parents=True, exist_ok=True)
            is_ours = stack.enter_context(one_at_a_time(folder / LOCK))
        if not is_ours:
            message = (
                f"another process is at work on {name!r} in {folder}: wait until it is done, "
                "then the same again finds it there"
            )
            raise DataError(message)
        _tidy(folder)
        yield


def _tidy(folder):
    """Remove temporary files and folders of a process that was killed."""
    for left in folder.glob("tmp*"):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


def written(folder):
    """Turn what the system says about a folder of the cache into one sentence."""
    hint = f"choose another folder with the environment variable {FOLDER}"
    return reporting(folder, hint=hint)
