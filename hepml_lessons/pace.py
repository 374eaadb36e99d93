"""How long a lesson takes: its sections, what one reads in each, and minutes by one rule.

A lesson has a *core path*, which fits an hour of class, and below the heading ``## Deeper`` the
sections that are for another one. What is folded (code tagged so, reasons of a quiz) is not read.
"""

import re
from dataclasses import dataclass

from hepml_lessons._cells import tags_of, text_of

__all__ = [
    "CORE_MINUTES",
    "Section",
    "contents",
    "is_divided",
    "minutes",
    "sections",
    "with_minutes",
]

WORDS, LINES = 150, 20
"""A minute's: slower than plain text (238 words, doi:10.1016/j.jml.2019.104047), for much of it
is new, in another language, and is tried."""
QUESTION, VIEW, FIRST, REAL = 1, 1, 8, 15
"""Minutes for a question of the quiz, a figure to drag, the first exercise, and each other one."""
CORE_MINUTES = 45
DEEPER = "Deeper"
CONTENTS = "<!-- contents -->"
TOLD = {
    "core": re.compile(r"Core path, (\d+) minutes"),
    "deeper": re.compile(r"Deeper, (\d+) more"),
}
"""How a lesson's head tells the minutes of its parts."""
FOLDED = {"hide-input", "hide-cell", "remove-cell", "solution"}
HEADING = re.compile(r"^(#{1,4}) +(.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
REASON = re.compile(r"</summary>.*?</details>", re.DOTALL)
NO_WORDS = re.compile(r"<[^>]+>|\]\([^)]*\)|\$\$.*?\$\$|\$[^$]*\$", re.DOTALL)
VIEWS = re.compile(
    r"^[^#\n]*\b(?:RocExplorer|TrainingMonitor|OvertrainingView|BoostingExplorer|ImageBrowser"
    r"|ShapeCompare|BumpHunter|ParameterScan|AnomalyMonitor)\(",
    re.MULTILINE,
)


@dataclass
class Section:
    """What stands below one heading, up to the next that counts.

    ``part`` is ``"head"``, ``"core"``, ``"deeper"`` or ``"end"``.
    """

    title: str
    part: str
    words: int = 0
    lines: int = 0
    questions: int = 0
    views: int = 0
    exercises: int = 0

    def take(self, text):
        """Count what is read of a Markdown text."""
        read = NO_WORDS.sub(" ", REASON.sub("", FENCE.sub("", text)))
        self.words += len(re.findall(r"[\w\u2019'-]*[^\W_][\w\u2019'-]*", read))
        self.questions += len(re.findall(r"^\*\*\d\. ", text, re.MULTILINE))

    def take_code(self, cell):
        """Count the lines of a code cell, unless it is folded, and the figures that it shows."""
        tags = tags_of(cell)
        source = text_of(cell)
        self.views += len(VIEWS.findall(source)) if not tags & {"solution", "remove-cell"} else 0
        self.exercises += "exercise" in tags
        if not tags & FOLDED:
            self.lines += sum(bool(line.strip()) for line in source.splitlines())


def is_divided(text):
    """Whether a lesson's text tells its reader of a core path and of what is deeper."""
    return CONTENTS in text


def sections(cells):
    """Divide the cells of a lesson.

    Parameters
    ----------
    cells : iterable of dict
        As a notebook has them.

    Returns
    -------
    list of Section
        In their order; the first is the head, down to the first ``##``.
    """
    found = [Section("", "head")]
    for cell in cells:
        if cell["cell_type"] == "code":
            found[-1].take_code(cell)
            continue
        text, read = text_of(cell), 0
        for match in HEADING.finditer(text):
            if part := _part(match, found):
                found[-1].take(text[read : match.start()])
                found.append(Section(match[2], part))
                read = match.start()
        found[-1].take(text[read:])
    return found


def _part(match, found):
    """Part of a lesson that a heading begins a section of; empty if it begins none."""
    level, is_below = len(match[1]), any(one.title == DEEPER for one in found)
    if level == 2:
        is_deeper = is_below or match[2] == DEEPER
        return "deeper" if match[2] == DEEPER else "end" if is_deeper else "core"
    return "deeper" if level == 3 and is_below and found[-1].part == "deeper" else ""


def minutes(section, *, is_first=True):
    """Minutes that a section takes, by the rule above.

    Parameters
    ----------
    section : Section
    is_first : bool
        Whether an exercise in it is the lesson's first.

    Returns
    -------
    int
        At least one.
    """
    tried = section.exercises * (FIRST if is_first else REAL)
    read = section.words / WORDS + section.lines / LINES
    return max(1, round(read + section.questions * QUESTION + section.views * VIEW + tried))


def timed(cells):
    """Pairs of section and minutes."""
    return [(one, minutes(one, is_first=one.part == "core")) for one in sections(cells)]


def total(cells, part):
    """Minutes of a part; the head belongs to the core path."""
    parts = {"core": ("head", "core"), "deeper": ("deeper", "end")}[part]
    return sum(spent for one, spent in timed(cells) if one.part in parts)


def contents(cells):
    """Tell the minutes of each section, in Markdown, for the head of a lesson.

    Parameters
    ----------
    cells : list of dict

    Returns
    -------
    str
    """
    told = []
    for part, said in (("core", "**Core path, {} minutes:**"), ("deeper", "**Deeper, {} more:**")):
        listed = [f"{one.title}&nbsp;{spent}" for one, spent in timed(cells) if one.part == part]
        if listed := [one for one in listed if not one.startswith(f"{DEEPER}&")]:
            told.append(f"- {said.format(total(cells, part))} " + " · ".join(listed))
    return "\n".join(told)


def with_minutes(cells):
    """Put the contents into a lesson's head, and its minutes below each heading.

    Parameters
    ----------
    cells : list of dict
        Changed in place, if the head has the mark ``<!-- contents -->``.
    """
    if not any(is_divided(text_of(cell)) for cell in cells):
        return
    told, spent = contents(cells), iter(timed(cells)[1:])
    seen = [Section("", "head")]
    for cell in cells:
        if cell["cell_type"] != "code":
            cell["source"] = HEADING.sub(
                lambda match: _told(match, seen, spent), text_of(cell)
            ).replace(CONTENTS, told)


def _told(match, seen, spent):
    part = _part(match, seen)
    if not part:
        return match[0]
    section, length = next(spent)
    seen.append(Section(match[2], part))
    if section.title == DEEPER:
        return match[0]
    return f"{match[0]}\n\n*{length} minute{'s' * (length > 1)}*"
