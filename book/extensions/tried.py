"""What was tried, as tables: ``{faults}`` of files and processes, ``{judged}`` of the checks."""

from benchmarks.checks import LESSONS, RIGHT_REFUSED, WRONG_ACCEPTED, rates
from hepml_lessons import recording
from samples import Written

MARKED = '<b class="fails">{} ✗</b>'
CONTROL = "control"
COUNTS = ("tries", "lost")


def table(head, rows):
    """Markdown table, numbers to the right."""
    rule = ["---:" if name.endswith("]") or name in COUNTS else "---" for name in head]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *rows])


def faults(lines):
    """Table of what was tried and what held.

    Parameters
    ----------
    lines : dict
        As recorded.

    Returns
    -------
    str
    """
    rows = [
        [line["what"], line["holds"], *counted(line, is_control=name == CONTROL)]
        for name, line in lines.items()
    ]
    return table(["what was tried", "what must hold", *COUNTS], rows)


def counted(line, *, is_control):
    """Numbers of tries and of losses; a loss is marked, and so is a control that lost nothing."""
    if not line["tries"]:
        return ["0", f"not tried: {line['not_tried']}"]
    fails = not line["lost"] if is_control else line["lost"]
    lost = str(line["lost"])
    return [str(line["tries"]), MARKED.format(lost) if fails else lost]


def judged(recorded):
    """Table of how often each check judged wrongly.

    Parameters
    ----------
    recorded : dict of str to dict
        What was recorded of each lesson.

    Returns
    -------
    str
    """
    rows = []
    for lesson, held in recorded.items():
        for check, measured in held["checks"].items():
            shares = rates(measured)
            tries = [sum(one["tried"] for one in measured[kind].values()) for kind in measured]
            rows.append(
                [
                    f"{lesson}: `{check}`",
                    f"{len(measured['right'])} × {held['seeds']} = {tries[0]}",
                    percent(shares["refused"], RIGHT_REFUSED),
                    f"{len(measured['wrong'])} × {held['seeds']} = {tries[1]}",
                    percent(shares["accepted"], WRONG_ACCEPTED),
                    percent(shares["misnamed"], 1),
                ]
            )
    head = ["check", "right approaches [tries]", "refused [%]", "wrong approaches [tries]"]
    return table([*head, "accepted [%]", "refused for another reason [%]"], rows)


def percent(share, most):
    said = f"{100 * share:.1f}"
    return said if share <= most else MARKED.format(said)


class Faults(Written):
    def text(self):
        """Write the table, and how to repeat it."""
        held = recording("faults")
        return f"{faults(held['lines'])}\n\n{provenance(held)}"


class Judged(Written):
    def text(self):
        """Write the table of all lessons that have checks."""
        names = [lesson.replace("_", "-") for lesson in LESSONS]
        return judged({name: recording(f"checks-{name}") for name in names})


def provenance(held):
    versions = ", ".join(f"{name} {number}" for name, number in held["versions"].items())
    return f"Recorded {held['recorded']} by `{held['command']}`: {held['method']} ({versions})."


def setup(app):
    app.add_directive("faults", Faults)
    app.add_directive("judged", Judged)
    return {"parallel_read_safe": True}
