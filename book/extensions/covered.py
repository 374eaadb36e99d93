"""What was measured of errors and p-values, as tables: ``{coverage}``, from the recorded result."""

import re

from hepml_lessons import recording
from samples import Written

TITLES = {
    "cuts": "ROC curves, cuts and significance",
    "calibration": "Calibration",
    "shapes": "Histograms, separation, importance",
    "samples": "Two samples",
    "doctor": "Reweighting and anomalies",
    "bumps": "Bumps",
}
LEVELS = {"interval": ("68", "95"), "p-value": ("5", "1")}
HEADS = {
    "interval": "Shares of toys in which ± one and ± 1.96 errors cover the truth [%]",
    "p-value": "Shares of toys with p ≤ 5 % and p ≤ 1 % [%]",
}
NONE = "–"


def tables(held):
    """Write all that was recorded as Markdown, one section for each family.

    Parameters
    ----------
    held : dict
        The recorded result.

    Returns
    -------
    str
    """
    return "\n\n".join(section(held, family) for family in held["rows"])


def section(held, family):
    rows = held["rows"][family]
    kinds = [kind for kind in HEADS if any(row["kind"] == kind for row in rows.values())]
    parts = [table(held, family, kind, size) for kind in kinds for size in held["sizes"]]
    return "\n\n".join([f"## {TITLES[family]}", *parts, reasons(held, family)]).strip()


def table(held, family, kind, size):
    """Table of the rows of one kind in samples of one size."""
    places = [(weights, size) for weights in held["weights"]]
    head = ["", *held["weights"]]
    rows = [
        [typeset(row["title"]), *(cell(held, family, name, place, kind) for place in places)]
        for name, row in held["rows"][family].items()
        if row["kind"] == kind
    ]
    lines = [head, ["---"] + ["---:"] * len(places), *rows]
    return f"{HEADS[kind]}, *{size}* samples:\n\n" + "\n".join(
        "| " + " | ".join(line) + " |" for line in lines
    )


def cell_of(held, family, name, place):
    weights, size = place
    return held["cells"][f"{family}, {weights}, {size}"][name]


def cell(held, family, name, place, kind):
    """Both shares of one cell; red, and marked, where they fail."""
    found = cell_of(held, family, name, place)
    if not found["toys"]:
        return NONE
    shares = [mark(f"{100 * found[level]:.1f}", level in found["red"]) for level in LEVELS[kind]]
    share = found["toys"] / held["toys"]
    some = f" ({100 * share:.0f} % of toys)" if share < 0.995 else ""
    return "\N{NO-BREAK SPACE}/ ".join(shares) + some


def typeset(title):
    return re.sub(r"ε_(\w)", r"ε<sub>\1</sub>", title)


def mark(text, red):
    return f'<b class="fails">{text} ✗</b>' if red else text


def reasons(held, family):
    """Why rows fail, one line each."""
    places = [(weights, size) for weights in held["weights"] for size in held["sizes"]]
    lines = [
        f"- {typeset(row['title'])}: {row['why']}"
        for name, row in held["rows"][family].items()
        if any(cell_of(held, family, name, place)["red"] for place in places)
    ]
    return "Why red:\n\n" + "\n".join(lines) if lines else ""


class Coverage(Written):
    def text(self):
        """Give the tables of the recorded result."""
        return tables(recording("coverage"))


def setup(app):
    app.add_directive("coverage", Coverage)
    return {"parallel_read_safe": True}
