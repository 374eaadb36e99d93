"""Is this machine ready for a class? One page of findings, before anybody sits in front of it."""

import os
import re
import shutil
import socket
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from hepml import memory
from hepml.data import published
from hepml.devices import cores, machine_gpus
from hub import house

__all__ = ["BAD", "GOOD", "POOR", "Finding", "findings"]

GOOD, POOR, BAD = "good", "poor", "bad"
GIGABYTE = 1e9
LESSON = 1.5 * GIGABYTE  # of memory, the largest of the lessons
LAB = 0.5 * GIGABYTE  # of memory, JupyterLab and a browser's page
INSTALLED, ROOM = 3 * GIGABYTE, 0.5 * GIGABYTE  # of disk, before and after the installation
PORTS = range(8888, 8899)  # what JupyterLab takes, one after the other
BROWSERS = ("firefox", "chromium", "chromium-browser", "google-chrome", "microsoft-edge", "brave")
NEEDED = ("jupyterlab", "ipywidgets", "voila", "numpy", "pandas", "matplotlib", "scikit-learn")
NEEDED += ("keras", "uproot", "anywidget")
TENSORFLOW = ("tensorflow", "tensorflow-cpu")  # whichever there is


@dataclass(frozen=True)
class Finding:
    """One thing that a class needs: how it is here, and what helps where it is not good.

    Attributes
    ----------
    what : str
    state : str
        "good"; "poor" if lessons run, but not well; "bad" if they do not.
    said : str
        One sentence.
    """

    what: str
    state: str
    said: str


def findings(place, *, students=1):
    """Look at all that a class needs.

    Parameters
    ----------
    place : pathlib.Path
        Folder of the student's own lessons.
    students : int
        How many work on this machine at the same time.

    Returns
    -------
    list of Finding
        In the order in which to mend them; what is good, too.
    """
    return [
        python(),
        packages(),
        processors(students),
        enough_memory(students),
        disk(place),
        own_folder(place),
        ports(students),
        browser(),
        cache(),
        accelerator(),
    ]


def python():
    our = house.bootstrap()
    told = ".".join(map(str, sys.version_info[:3]))
    if our.is_supported(sys.version_info):
        return Finding("Python", GOOD, told)
    wanted = " to ".join(".".join(map(str, each)) for each in (our.OLDEST, our.NEWEST))
    return Finding("Python", BAD, f"{told}; lessons run on {wanted}: make lab PYTHON=…")


def packages():
    absent = [name for name in NEEDED if _version(name) is None]
    absent += [] if _has_tensorflow() else [TENSORFLOW[0]]
    if absent:
        return Finding("packages", BAD, f"{', '.join(absent)} missing: make install")
    tried = _locked(house.bootstrap().LOCK)
    other = [name for name in NEEDED if name in tried and _version(name) not in tried[name]]
    if other:
        told = ", ".join(f"{name} {_version(name)}" for name in other)
        return Finding("packages", POOR, f"not as tried: {told}; make install brings the others")
    return Finding("packages", GOOD, f"{len(NEEDED)} looked at, all as tried")


def _has_tensorflow():
    return any(map(_version, TENSORFLOW))


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _locked(file):
    """Read the versions of each package that the lock names, one for each range of Pythons."""
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        name, is_pinned, rest = line.partition("==")
        if is_pinned and not line.startswith((" ", "#")):
            found.setdefault(name, set()).add(re.split(r"[\s;]", rest)[0])
    return found


def processors(students):
    told = f"{cores()} {'core' if cores() == 1 else 'cores'}"
    if students > 1:
        told += f" for {students} students"
    if cores() >= max(2, students):
        return Finding("processor", GOOD, told)
    return Finding("processor", POOR, f"{told}: a lesson uses two, and takes longer on fewer")


def enough_memory(students):
    free = memory.available()
    wanted = students * (LESSON + LAB)
    if free is None:
        return Finding("memory", POOR, f"not known here; wanted are {_gb(wanted)} free")
    told = f"{_gb(free)} free, wanted {_gb(wanted)}"
    if free >= wanted:
        return Finding("memory", GOOD, told)
    several = "; or fewer students at a time" if students > 1 else ""
    return Finding("memory", BAD, f"{told}: close other programs{several}")


def disk(place):
    there = next(folder for folder in (place, *place.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    wanted = ROOM if _has_tensorflow() else INSTALLED
    told = f"{_gb(free)} free at {there}"
    if free >= wanted:
        return Finding("disk", GOOD, told)
    return Finding("disk", BAD, f"{told}, wanted {_gb(wanted)}")


def own_folder(place):
    there = next(folder for folder in (place, *place.parents) if folder.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding("lessons", GOOD, f"yours are in {place}")
    return Finding("lessons", BAD, f"{place} cannot be written: HEPML_WORK names another folder")


def ports(students):
    free = sum(map(_is_free, PORTS))
    told = f"{free} of {PORTS[0]} to {PORTS[-1]} free"
    if free >= students or free == len(PORTS):
        return Finding("ports", GOOD, told)
    state = POOR if free else BAD
    return Finding("ports", state, f'{told}: make lab ARGS="--port …" takes another')


def _is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def browser():
    if sys.platform in ("darwin", "win32"):
        return Finding("browser", GOOD, "the system's own")
    found = next((name for name in BROWSERS if shutil.which(name)), None)
    if found is None:
        said = "none found; from another machine: make lab ARGS=--no-browser"
        return Finding("browser", POOR, said)
    if not house.bootstrap().has_display():
        return Finding("browser", POOR, f"{found}, but no display; make lab prints an address")
    return Finding("browser", GOOD, found)


def cache():
    place = published.cache_folder()
    there = next(folder for folder in (place, *place.parents) if folder.exists())
    if not os.access(there, os.W_OK):
        said = f"{place} cannot be written: HEPML_DATA names another folder for fetched data"
        return Finding("cache", POOR, said)
    fetched = [name for name in published.names() if published.status(name)["fetched"]]
    told = ", ".join(fetched) or "nothing fetched, and no lesson needs it"
    return Finding("cache", GOOD, told)


def accelerator():
    return Finding("GPU", GOOD, ", ".join(machine_gpus()) or "none, and no lesson needs one")


def _gb(amount):
    return f"{amount / GIGABYTE:.1f} GB"
