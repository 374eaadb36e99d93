"""Section on which variables matter: taken alone, and to the models."""

import numpy as np

from hepml_widgets.core.numbers import with_error
from hepml_widgets.report.html import Markup, element, say
from hepml_widgets.report.inputs import rounded, separation
from hepml_widgets.report.pictures import invitation
from hepml_widgets.report.symbols import S2
from hepml_widgets.report.words import count, name_of, table

__all__ = ["section"]

MOST_RANKED = 100  # rows of the ranking


def section(report):
    """Two rankings of the variables."""
    if not report.inputs:
        return invitation("which of them matter")
    order = report.ranked
    return element("p", _on_rankings(report, order)) + _rank_table(report, order)


def _on_rankings(report, order):
    text = say(
        "Two rankings that answer different questions. {} is the separation of one variable taken "
        "alone, 0 for equal shapes and 1 for shapes without overlap. ", S2,
    )  # fmt: skip
    if not report.importances:
        return text + say(
            "{} comes first with {}. Scores were given and no model: what a model uses can only "
            "be seen by asking it.", name_of(order[0].name), separation(order[0]),
        )  # fmt: skip
    first, found = next(iter(report.importances.items()))
    whose = say(" for {}", name_of(first)) if len(report.models) > 1 else ""
    place = order[0].place
    return text + say(
        "The loss of AUC is what the model loses when the values of this variable are dealt "
        "anew among the events: what it uses. Of two variables that say the same, neither may "
        "seem to matter. Most is lost without {}: {}{}.",
        name_of(order[0].name), with_error(found.values[place], found.errors[place]), whose,
    )  # fmt: skip


def _rank_table(report, order):
    used = report.importances
    head = ["variable", say("{}, alone", S2), "by chance"]
    head += [say("loss of AUC, {}", name_of(name, 16)) for name in used]
    top = max((one.separation.value for one in order), default=0)
    most = {name: max(found.values.max(), 1e-12) for name, found in used.items()}
    rows = [
        [
            say("{}. {}", rank, name_of(one.name)),
            _bar(one.separation.value, one.separation.error, top),
            rounded(one.separation.chance),
            *(
                _bar(found.values[one.place], found.errors[one.place], most[name])
                for name, found in used.items()
            ),
        ]
        for rank, one in enumerate(order[:MOST_RANKED], start=1)
    ]
    return table("Ranking of the variables", head, rows, kind="ranks") + _notes(report, order)


def _notes(report, order):
    notes = Markup("")
    if report.importances:
        repeats = next(iter(report.importances.values())).repeats
        signal, background = report.ranked_events
        told = (
            f"Each variable was dealt anew {repeats} times among {count(signal)} signal and "
            f"{count(background)} background events; errors are of these events and of the dealing."
        )
        notes += element("p", told, class_="q")
    if len(order) > MOST_RANKED:
        told = f"The first {MOST_RANKED} of {len(order)} variables are listed."
        notes += element("p", told, class_="q")
    return notes


def _bar(value, error, most):
    """Write a number with a bar, as long as its share of the largest, and a whisker."""
    if not np.isfinite(value) or not most > 0:
        return with_error(value, error)
    long, low, high = (
        100 * min(max(part / most, 0), 1.15) for part in (value, value - error, value + error)
    )
    look = f"--v:{long:.1f}%;--l:{low:.1f}%;--w:{high - low:.1f}%"
    return element("span", class_="b", style=look) + with_error(value, error)
