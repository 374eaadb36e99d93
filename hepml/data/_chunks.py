"""The folder in which a generation keeps its finished chunks until the sample is written."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

import contextlib
import json
import os
import shutil
import zlib

from hepml.data._errors import DataError, reporting
from hepml.files import write_bytes, write_text

__all__ = ["GO_ON", "ChunkFolder", "differences", "pack"]

GO_ON = "finished chunks are kept, the same call goes on from there"
PLAN = "plan.json"
FINISHED = "*[0-9].npz"  # not what a killed run left half written


class ChunkFolder:
    """Finished chunks of one generation: ``<chunk's key>.npz`` each, beside ``plan.json``.

    Parameters
    ----------
    path : pathlib.Path
        Made if it is not there.
    plan : dict
        All that decides the content, as JSON knows it.

    Raises
    ------
    DataError
        If the folder holds chunks of another plan, or cannot be made.
    """

    def __init__(self, path, plan):
        self.path = path
        with reporting(path):
            path.mkdir(parents=True, exist_ok=True)
            if not (path / PLAN).exists():
                self._check_empty()
                write_text(path / PLAN, json.dumps(plan, sort_keys=True))
            self._check(plan)

    def _check_empty(self):
        if any(self.path.glob(FINISHED)):
            message = f"{self.path} holds chunks without their {PLAN}: delete the folder"
            raise DataError(message)

    def _check(self, plan):
        try:
            kept = json.loads((self.path / PLAN).read_text(encoding="utf-8"))
        except ValueError:
            message = f"{self.path / PLAN} is damaged: delete the folder {self.path}"
            raise DataError(message) from None
        if unlike := differences(kept, plan):
            message = (
                f"{self.path} holds an unfinished generation that differs in {unlike}: finish "
                "that one, delete the folder, or choose another"
            )
            raise DataError(message)

    def _file(self, chunk):
        return self._named(chunk.key)

    def _named(self, key):
        return self.path / f"{key}.npz"

    def missing(self, chunks):
        """Chunks that are not there yet, in their order."""
        with reporting(self.path):
            there = {file.name for file in self.path.iterdir()}
        return [chunk for chunk in chunks if self._file(chunk).name not in there]

    def drop_damaged(self, chunks):
        """Delete chunks that are not what was written, so that they are made anew.

        Returns
        -------
        list of str
            Their files' names.
        """
        there = {chunk.key for chunk in chunks} - {chunk.key for chunk in self.missing(chunks)}
        with reporting(self.path):
            damaged = [file for key in sorted(there) if _is_damaged(file := self._named(key))]
            for file in damaged:
                file.unlink(missing_ok=True)
        return [file.name for file in damaged]

    def write(self, chunk, content):
        """Keep a chunk: ``content`` is what `pack` made of its result."""
        with reporting(self._file(chunk)):
            write_bytes(self._file(chunk), content)

    def load(self, chunk, pick=dict):
        """Read a finished chunk, or what ``pick`` takes of its arrays by their names.

        A damaged one is dropped, so that the next call makes it again.
        """
        import zipfile

        import numpy as np

        file = self._file(chunk)
        try:
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                return pick(arrays)
        except (ValueError, EOFError, KeyError, OSError, zipfile.BadZipFile):
            file.unlink(missing_ok=True)
            message = f"chunk {file.name} was damaged and is dropped: call again to make it anew"
            raise DataError(message) from None

    def remove(self):
        """Delete the folder, the plan last: chunks never lie there without it."""
        for file in self.path.glob(FINISHED):
            with contextlib.suppress(OSError):
                file.unlink()
        shutil.rmtree(self.path, ignore_errors=True)

    def remove_if_idle(self):
        """Delete the folder if it holds no chunk.

        Returns
        -------
        bool
            Whether it held none.
        """
        if any(self.path.glob(FINISHED)):
            return False
        self.remove()
        return True


def _is_damaged(file):
    """Whether check sums of a chunk's file fail; 2000 files of 85 kB take 0.7 s."""
    import zipfile

    try:
        with file.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
            stream.seek(-12, os.SEEK_END)
            # A damaged list of contents may skip some; how many there are stands at its end.
            lacking = len(names) != int.from_bytes(stream.read(2), "little")
            return lacking or archive.testzip() is not None
    except PermissionError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError):
        return True


def differences(kept, plan):
    """Words on how two plans differ, with both values where they are short; "" if they do not.

    Parameters
    ----------
    kept, plan : dict
        What is there, and what is wanted now.

    Returns
    -------
    str
    """
    keys = sorted(key for key in {*kept, *plan} if kept.get(key) != plan.get(key))
    return ", ".join(_told(key, kept.get(key), plan.get(key)) for key in keys)


def _told(key, kept, wanted):
    is_long = any(isinstance(value, (dict, list)) for value in (kept, wanted))
    return key if is_long else f"{key} ({kept} there, {wanted} now)"


def pack(result):
    """Bytes of a chunk's file, in NumPy's format npz.

    Parameters
    ----------
    result : dict of str to ndarray
        What the recipe's ``run`` returned.

    Returns
    -------
    bytes
    """
    from io import BytesIO

    import numpy as np

    stream = BytesIO()
    np.savez(stream, **result)
    return stream.getvalue()
