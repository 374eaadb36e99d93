"""Write a file whole or not at all, say why that fails, let one process at a time into a folder.

A file is written beside its place and renamed when it is complete and on the disk: after an error,
an interruption or a loss of power there is the old file or the new one, never a half.
"""

import contextlib
import errno
import os
import secrets
import socket
import zlib
from pathlib import Path

__all__ = ["explained", "locked", "named", "reason", "told", "whole", "write_bytes", "write_text"]

PREFIX = ".hepml"  # of temporary files, which a later run tidies if it finds their process gone
MOST_ENDING = 20  # characters kept of a name's end
MACHINE = f"{zlib.crc32(socket.gethostname().encode()):08x}"


@contextlib.contextmanager
def whole(target, *, overwrite=True):
    """Give a temporary file to write; it takes the name of ``target`` if all goes well.

    A symbolic link stays one: the file that it leads to is replaced. A file that was there keeps
    its mode, and nobody can read more of the new one while it is written.

    Parameters
    ----------
    target : str or os.PathLike
    overwrite : bool
        Whether a file that is there may be replaced, also one that appears meanwhile.

    Yields
    ------
    pathlib.Path
        An empty file in the same folder, with the same ending, to be written by its name.

    Raises
    ------
    FileExistsError
        If ``overwrite`` is false and there is such a file in the end.
    OSError
        As the system raises it.
    """
    place = Path(os.path.realpath(target))
    tidy(place.parent)
    name = f"{PREFIX}-{MACHINE}-{os.getpid()}-{secrets.token_hex(4)}.tmp"
    part = place.with_name(f"{name}{_ending(place)}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _mode(place)))
        yield part
        _take_mode(part, place)
        _name(part, place, os.replace if overwrite else _rename_new)
    finally:
        part.unlink(missing_ok=True)


def named(part, target):
    """Give a file its name, if it was written over several runs and is complete now.

    Parameters
    ----------
    part, target : str or os.PathLike
        On one file system; a file that has the name is replaced.

    Returns
    -------
    pathlib.Path
        The target.
    """
    _name(Path(part), Path(target), os.replace)
    return Path(target)


def _name(part, place, rename):
    reach_the_disk(part)
    rename(part, place)
    _note_on_disk(place.parent)


def _ending(place):
    """End of a name by which a writer may know the format, such as ``.csv.gz``."""
    return "".join(place.suffixes[-2:])[-MOST_ENDING:]


def write_text(target, text):
    """Write a text as UTF-8, whole or not at all.

    Parameters
    ----------
    target : str or os.PathLike
    text : str

    Returns
    -------
    pathlib.Path
        The target.
    """
    return write_bytes(target, text.encode())


def write_bytes(target, content):
    """Write bytes, whole or not at all.

    Parameters
    ----------
    target : str or os.PathLike
    content : bytes

    Returns
    -------
    pathlib.Path
        The target.
    """
    with whole(target) as part:
        part.write_bytes(content)
    return Path(target)


@contextlib.contextmanager
def explained(kind, path, done="written", hint=""):
    """Turn what the system says about a file or folder into one sentence.

    Parameters
    ----------
    kind : type
        Of the exception to raise.
    path : str or os.PathLike
    done : str
        What cannot be done with it: "written" or "read".
    hint : str
        What may help.

    Raises
    ------
    kind
    """
    try:
        yield
    except OSError as error:
        raise kind(told(error, path, done, hint)) from None


def told(error, path, done="written", hint=""):
    """Say in one sentence why a file cannot be written, or read.

    Parameters
    ----------
    error : OSError
    path, done, hint
        As for `explained`. Where one reads, the file that the system names is meant.

    Returns
    -------
    str
    """
    place = (done == "read" and error.filename) or path
    return f"{place} cannot be {done}: {reason(error)}{hint and f'; {hint}'}"


def reason(error):
    """Say in a few words why the system refuses.

    Parameters
    ----------
    error : OSError

    Returns
    -------
    str
    """
    # Libraries write a story of their own beside the system's number; the number says enough.
    known = os.strerror(error.errno) if error.errno in errno.errorcode else error.strerror
    return known or str(error) or type(error).__name__


def tidy(folder):
    """Remove temporary files that a killed process of this machine left in a folder."""
    for left in Path(folder).glob(f"{PREFIX}-{MACHINE}-*-*.tmp*"):
        number = left.name.split("-")[2]
        if number.isdecimal() and not _is_alive(int(number)):
            with contextlib.suppress(OSError):
                left.unlink()


def _is_alive(process):
    if os.name == "nt":  # there a signal, even none, ends the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _mode(place):
    """Mode of the file that is there, or of a new one before the mask of the user."""
    try:
        return place.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o666


def _take_mode(part, place):
    if place.exists():
        part.chmod(place.stat().st_mode & 0o7777)


def reach_the_disk(file):
    """Wait until a file is where a loss of power leaves it."""
    with Path(file).open("r+b") as stream:  # Windows refuses this of files open for reading only
        os.fsync(stream.fileno())


def _note_on_disk(folder):
    """Let the disk know of the new name, where a folder can be opened."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _rename_new(part, place):
    """Give a file a name that none has: of two that try, one is told."""
    try:
        os.link(part, place)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if place.exists():
            raise FileExistsError(errno.EEXIST, "the file appeared meanwhile", str(place)) from None
        part.replace(place)


@contextlib.contextmanager
def locked(file, *, remove=False):
    """Keep other processes out as long as this lasts; the system lifts the lock if we die.

    Parameters
    ----------
    file : pathlib.Path
        Made if it is not there; what is in it does not matter.
    remove : bool
        Whether to delete the file when the lock is given back.

    Yields
    ------
    bool
        Whether the lock could be had; also true on a file system without locks.
    """
    file = Path(file)
    with file.open("a+b") as stream:
        is_ours = _take(stream) and _is_still(stream, file)
        try:
            yield is_ours
        finally:
            if is_ours and remove:
                with contextlib.suppress(OSError):
                    file.unlink()


def _is_still(stream, file):
    """Whether an open file still has its name: who held the lock before may have deleted it."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), file.stat())
    except FileNotFoundError:
        return False


def _take(stream):
    """Whether the lock of an open file could be had."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        import msvcrt  # noqa: PLC0415

        def lock():
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:

        def lock():
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)

    try:
        lock()
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a file system without locks
        return True
    return True
