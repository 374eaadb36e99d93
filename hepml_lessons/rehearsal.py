"""A rehearsal: every lesson run on this machine as students begin it, and a timetable from that."""

import json
import re
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from hepml.files import explained, write_text
from hepml_lessons import copy, pace

__all__ = ["DAY", "WEEK", "Lesson", "RehearsalError", "planned", "rehearse", "take"]

ROOT = Path(__file__).resolve().parents[1]
CONTENTS = ROOT / "book" / "_toc.yml"
STATUS = "open('/proc/self/status').read()"  # of Linux; other peaks begin with the parent's
LONGEST = 1800  # s, of one cell
WORTH_A_START = 10  # minutes left before a break
BLOCKS = (("9:00", 90), ("10:45", 90), ("13:15", 90), ("15:00", 90))
DAY = tuple(("the day", *block) for block in BLOCKS)
WEEK = tuple(
    (day, *block)
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    for block in BLOCKS[:2]
)


MEASURED = """Measured on {date}, one lesson at a time. Minutes of core paths, which fit an hour of
class, and of the deeper sections are those that the lessons state."""


class RehearsalError(Exception):
    """No rehearsal is possible; the sentence says why."""


@dataclass(frozen=True)
class Lesson:
    """What a lesson took here, and the minutes that its head states for what a class does."""

    name: str
    seconds: float
    megabytes: int | None
    stops: str
    core: int
    deeper: int

    @property
    def parts(self):
        """Minutes of each part; cells run while one reads."""
        each = ("core path", self.core), ("deeper", self.deeper)
        return [(what, minutes) for what, minutes in each if minutes]

    @property
    def short(self):
        """The same lesson without what is deeper."""
        return replace(self, deeper=0)


def order():
    """List the lessons in the order of the book."""
    found = re.findall(r"file: notebooks/([\w-]+)", CONTENTS.read_text(encoding="utf-8"))
    return [name for name in found if name in copy.names()]


def rehearse(names=None, out=None, *, again=False, progress=lambda *_: None):
    """Run lessons one after the other, and write a timetable for a day and for a week.

    Parameters
    ----------
    names : list of str, optional
        All lessons, in the order of the book, unless given.
    out : str or os.PathLike, optional
        Folder for ``timetable.md`` and for what was measured, which a repeated call goes on from;
        ``rehearsal`` beside your lessons unless given.
    again : bool
        Whether lessons are run again that were measured before.
    progress : callable
        Of lessons done, lessons in all, and whether they were measured before.

    Returns
    -------
    pathlib.Path
        The timetable.

    Raises
    ------
    RehearsalError
        If there is no such lesson, or the folder cannot be written.
    """
    names, out = names or order(), Path(out or copy.folder() / "rehearsal")
    if unknown := sorted(set(names) - set(copy.names())):
        raise RehearsalError(f"no lesson {', '.join(unknown)}; there are {', '.join(order())}")
    with explained(RehearsalError, out):
        out.mkdir(parents=True, exist_ok=True)
        known = _known(out / "measured.json")
        known = {n: one for n, one in known.items() if not (again and n in names)}
        for done, name in enumerate(names):
            progress(done, len(names), name in known)
            if name not in known:
                known[name] = take(name)
                write_text(out / "measured.json", json.dumps(known, indent=1) + "\n")
        progress(len(names), len(names), False)
        lessons = [Lesson(name, **known[name], **_stated(name)) for name in names]
        return write_text(out / "timetable.md", _page(lessons))


def _known(file):
    """Read what an earlier rehearsal measured; nothing of a file that is absent or damaged."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        return {
            n: {k: one[k] for k in ("seconds", "megabytes", "stops")} for n, one in known.items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def take(name):
    """Run a student's copy of a lesson in a fresh kernel, with nothing filled in.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict
        Wall time in ``seconds``, peak memory in ``megabytes`` (None where it is not known), and
        where it ``stops``: empty if it runs through.
    """
    import nbformat  # noqa: PLC0415 - reading a timetable needs no kernel
    from nbclient import NotebookClient  # noqa: PLC0415
    from nbclient.exceptions import CellExecutionError, DeadKernelError  # noqa: PLC0415
    from traitlets.config import Config  # noqa: PLC0415

    sealed = Config(KernelManager={"transport_encryption": "auto"})  # others may listen
    lesson = copy.clean(json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text("utf-8")))
    notebook, stops, peak = nbformat.reads(json.dumps(lesson), as_version=4), "", None
    with tempfile.TemporaryDirectory(prefix="hepml-") as folder:
        client = NotebookClient(
            notebook, kernel_name="python3", timeout=LONGEST,
            resources={"metadata": {"path": folder}}, config=sealed,
        )  # fmt: skip
        begun = time.perf_counter()
        try:
            with client.setup_kernel():
                for index, cell in enumerate(notebook.cells):
                    client.execute_cell(cell, index)
                peak = _peak(client)
        except CellExecutionError as error:
            stops = f"cell {index + 1}: {error.ename}: {error.evalue}".splitlines()[0]
        except (DeadKernelError, TimeoutError) as error:
            stops = f"cell {index + 1}: {type(error).__name__}, too little memory or time?"
    return {"seconds": round(time.perf_counter() - begun, 1), "megabytes": peak, "stops": stops}


def _peak(client):
    """Largest memory of the kernel in MB, or None where the system does not say."""
    from nbclient.util import run_sync  # noqa: PLC0415

    ask = {"silent": True, "store_history": False, "user_expressions": {"status": STATUS}}
    reply = run_sync(client.kc.execute_interactive)("", timeout=60, **ask)
    found = re.search(r"VmHWM:\D*(\d+)", str(reply["content"]["user_expressions"]["status"]))
    return int(found[1]) // 1000 if found else None


def _stated(name):
    """Minutes of the core path and of what is deeper, as the lesson's head states them."""
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text("utf-8"))["cells"]
    head = "".join(cells[0]["source"])
    found = {part: told.search(head) for part, told in pace.TOLD.items()}
    if found["core"]:
        return {part: int(match[1]) if match else 0 for part, match in found.items()}
    return {"core": pace.total(cells, "core"), "deeper": 0}


def planned(lessons, blocks):
    """Distribute lessons over blocks of time; a part goes on in the next block where it must.

    Parameters
    ----------
    lessons : list of Lesson
    blocks : sequence of (str, str, int)
        Day, beginning such as ``"9:00"``, and minutes.

    Returns
    -------
    rows : list of (str, str, str, str)
        Day, from, to, and what is done.
    left : list of str
        Lessons for which no time is left, and those that are not finished.
    """
    todo = [[one.name, what, minutes, minutes] for one in lessons for what, minutes in one.parts]
    rows = []
    for day, begin, length in blocks:
        clock = datetime.strptime(begin, "%H:%M")  # noqa: DTZ007 - a time of day
        end = clock + timedelta(minutes=length)
        while todo and clock < end:
            name, what, minutes, whole = todo[0]
            left = (end - clock).seconds // 60
            if left < min(minutes, WORTH_A_START):
                break
            spent = min(minutes, left)
            told = f"{name}: {what}" + (f", {spent} of {whole} min" if spent < whole else "")
            after = clock + timedelta(minutes=spent)
            rows.append((day, f"{clock:%H:%M}", f"{after:%H:%M}", told))
            clock = after
            todo[0][2] -= spent
            if not todo[0][2]:
                todo.pop(0)
    return rows, list(dict.fromkeys(name for name, *_ in todo))


def _page(lessons):
    measured = [
        [one.name, f"{one.seconds / 60:.1f}", f"{one.megabytes or '?'}", str(one.core),
         str(one.deeper), one.stops or "runs through"]
        for one in lessons
    ]  # fmt: skip
    head = ["lesson", "run here [min]", "memory [MB]", "core path [min]", "deeper [min]", ""]
    parts = [
        "# A timetable for this machine",
        MEASURED.format(date=f"{datetime.now():%Y-%m-%d}"),  # noqa: DTZ005 - the teacher's own day
        _table(head, measured),
    ]
    core = [one.short for one in lessons]
    plans = ("A day of core paths", core, DAY), ("A week of mornings", lessons, WEEK)
    for title, taken, blocks in plans:
        rows, left = planned(taken, blocks)
        parts += [f"## {title}", _table(["", "from", "to", ""], rows)]
        parts += [f"No time is left for the end of {left[0]}" + _and(left[1:])] if left else []
    return "\n\n".join(parts) + "\n"


def _and(others):
    return f", nor for {', '.join(others)}." if others else "."


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
