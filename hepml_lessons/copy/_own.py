"""Make a student's folder of lessons, and bring it up to date without losing an answer.

Standard library only: `make lab` calls this before it starts JupyterLab, each time.
"""

import contextlib
import itertools
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import randbelow

from hepml.files import explained, locked, write_text
from hepml_lessons.copy._clean import clean, essence, told_new

__all__ = ["CopyError", "Step", "folder", "names", "reset", "state", "update"]

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
STATE = ".hepml-lessons.json"  # what was given to the student, what was offered, the own seed
SEEDS = 1_000_000
EARLIER = "earlier"
ELSEWHERE = "~/hepml-lab"
SENTENCES = {
    "added": "{name} is new: {file}",
    "updated": "{name} has its new version; you had not changed it",
    "beside": "{name} has a new version; you changed yours, so the new one lies beside it: {file}",
    "open": "{name} has a new version; yours is open, so the new one lies beside it: {file}",
    "reset": "{name} is as at the beginning; yours is kept as {file}",
    "unread": "{name} cannot be read and is left as it is; the lesson as it was: {file}",
}


class CopyError(Exception):
    """The folder of lessons cannot be made or changed; the sentence says why."""


@dataclass(frozen=True)
class Step:
    """What was done to one lesson: ``what`` is a key of the sentences, ``file`` what to open."""

    name: str
    what: str
    file: Path

    def __str__(self):
        return SENTENCES[self.what].format(name=self.name, file=self.file)


def folder():
    """Folder of the student's lessons: ``work`` in the repository, or else ``~/hepml-lab``.

    The variable ``HEPML_WORK`` names another. The repository's is not taken where it belongs to
    somebody else, as on a hub that installs it once for all.

    Returns
    -------
    pathlib.Path
    """
    if chosen := os.environ.get("HEPML_WORK"):
        return Path(chosen).expanduser().resolve()
    own = ROOT / "work"
    is_ours = os.access(own if own.exists() else ROOT, os.W_OK)
    return own if is_ours else Path(ELSEWHERE).expanduser()


def names(notebooks=None):
    """List the lessons that there are, by the names of their notebooks.

    Parameters
    ----------
    notebooks : pathlib.Path, optional
        Folder of the executed lessons, of this repository unless given.

    Returns
    -------
    list of str
    """
    return sorted(path.stem for path in (notebooks or NOTEBOOKS).glob("*.ipynb"))


def update(place=None, notebooks=None, *, in_use=()):
    """Add new lessons, and new versions of those that the student has not changed.

    A lesson that was changed stays; its new version is laid beside it, once. What a lesson showed
    when it was run is set aside before it is replaced.

    Parameters
    ----------
    place : pathlib.Path, optional
        `folder` unless given.
    notebooks : pathlib.Path, optional
        Folder of the executed lessons, of this repository unless given.
    in_use : collection of str
        Names of lessons that are open, with answers that are perhaps not saved yet: they are
        treated as changed.

    Returns
    -------
    list of Step
        What was done; empty if all is up to date.

    Raises
    ------
    CopyError
        If the folder cannot be written, or another process is at it.
    """
    with _opened(place, notebooks) as own:
        steps = [own.brought_up_to_date(n, is_open=n in in_use) for n in names(own.notebooks)]
    return [step for step in steps if step]


def reset(name, place=None):
    """Begin a lesson anew; what the student had is set aside, never deleted.

    Parameters
    ----------
    name : str
    place : pathlib.Path, optional
        `folder` unless given.

    Returns
    -------
    Step

    Raises
    ------
    CopyError
        If there is no such lesson, or as for `update`.
    """
    known_or_refused(name)
    with _opened(place) as own:
        return own.begun_anew(name)


def state(name, place=None):
    """Say in a few words what became of the student's copy of a lesson.

    Parameters
    ----------
    name : str
    place : pathlib.Path, optional
        `folder` unless given.

    Returns
    -------
    str
    """
    own = _Own(Path(place) if place else folder())
    path = own.place / f"{name}.ipynb"
    if not path.exists():
        return "not there yet"
    if own.is_as_given(path):
        return "not changed"
    return "changed" if read(path) else "cannot be read"


def known_or_refused(name):
    """Refuse a name that no lesson has, in one sentence.

    Raises
    ------
    CopyError
    """
    if name not in names():
        raise CopyError(f"there is no lesson {name!r}; there are {', '.join(names())}")


def read(path):
    """Read a notebook as JSON; None where there is none, or what is there is no notebook."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        essence(notebook)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return notebook


@contextlib.contextmanager
def _opened(place, notebooks=None):
    """Open the folder for one process at a time; note in the end what was given."""
    place = Path(place) if place else folder()
    with explained(CopyError, place):
        place.mkdir(parents=True, exist_ok=True)
        with locked(place / f"{STATE}.lock", remove=True) as is_ours:
            if not is_ours:
                raise CopyError(f"another process is at the lessons in {place}; try again")
            own = _Own(place, notebooks)
            try:
                yield own
            finally:
                own.remember()


class _Own:
    """A student's folder, with the hash of each file as it was given."""

    def __init__(self, place, notebooks=None):
        self.place, self.notebooks = place, Path(notebooks or NOTEBOOKS)
        self.known = _known(place / STATE)
        self.given, self.offered = self.known["given"], self.known["offered"]

    def remember(self):
        write_text(self.place / STATE, json.dumps(self.known, indent=1, sort_keys=True) + "\n")

    def brought_up_to_date(self, name, *, is_open):
        """Add or renew a lesson if nothing of the student's is lost; return the step, or None."""
        path, lesson = self.place / f"{name}.ipynb", self.lesson(name)
        wanted, theirs = essence(lesson), read(path)
        if not path.exists():
            return self.give(path, lesson, Step(name, "added", path))
        if theirs is not None and essence(theirs) == wanted:
            self.given[path.name] = wanted
            return None
        is_as_given = self.is_as_given(path)
        if is_as_given and not is_open:
            if _was_run(theirs):
                self.set_aside(path)
            return self.give(path, lesson, Step(name, "updated", path))
        if self.offered.get(name) == wanted:
            return None
        beside = self.free_beside(path)
        self.offered[name] = wanted
        what = "open" if is_as_given else "beside" if theirs else "unread"
        return self.give(beside, told_new(lesson, name), Step(name, what, beside))

    def begun_anew(self, name):
        path = self.place / f"{name}.ipynb"
        aside = self.set_aside(path) if path.exists() else None
        self.offered.pop(name, None)
        step = Step(name, "reset", aside) if aside else Step(name, "added", path)
        return self.give(path, self.lesson(name), step)

    def lesson(self, name):
        source = self.notebooks / f"{name}.ipynb"
        notebook = read(source)
        if notebook is None:
            raise CopyError(f"{source} is no notebook; git checkout {source.name} brings it back")
        return clean(notebook, beside_book=self.place.parent == self.notebooks.parent)

    def give(self, path, lesson, step):
        """Write a file, and note what it was when the student got it."""
        write_text(path, json.dumps(lesson, indent=1, ensure_ascii=False) + "\n")
        self.given[path.name] = essence(lesson)
        return step

    def free_beside(self, path):
        """Name beside a lesson that no file has, or one that the student never touched."""
        places = _numbered(path.with_name(f"{path.stem}-new.ipynb"))
        return next(one for one in places if not one.exists() or self.is_as_given(one))

    def is_as_given(self, path):
        theirs = read(path)
        return theirs is not None and essence(theirs) == self.given.get(path.name)

    def set_aside(self, path):
        """Move a file of the student's to where nothing is ever replaced; return the new path."""
        aside = self.place / EARLIER
        aside.mkdir(exist_ok=True)
        now = f"{datetime.now():%Y-%m-%d-%H%M%S}"  # noqa: DTZ005 - the student's own clock
        kept = next(
            one for one in _numbered(aside / f"{path.stem}-{now}.ipynb") if not one.exists()
        )
        return path.rename(kept)


def _known(path):
    """Read what was noted; nothing of a file that is absent or damaged, which loses no answer."""
    seed = randbelow(SEEDS)
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        given = {part: dict(known[part]) for part in ("given", "offered")}
        return given | {"seed": int(known.get("seed", seed))}
    except (OSError, ValueError, LookupError, TypeError):
        return {"given": {}, "offered": {}, "seed": seed}


def _numbered(path):
    """Name a path, and others with 2, 3, … behind."""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _was_run(notebook):
    return any(cell.get("outputs") for cell in notebook["cells"])
