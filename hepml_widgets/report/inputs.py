"""Sections on the input variables: their shapes, and their correlations."""

import numpy as np

from hepml_widgets.core.numbers import NOTHING, apart, fixed, percent, significant, with_error
from hepml_widgets.report import figures
from hepml_widgets.report.html import Markup, element, joined, say
from hepml_widgets.report.pictures import figure, invitation, keys
from hepml_widgets.report.symbols import S2
from hepml_widgets.report.words import cell, listed, name_of, table, table_of, unfold

__all__ = ["correlations", "rounded", "separation", "variables"]

KINDS = ("signal", "background")
MANY = 16  # columns of a matrix above which it is set smaller


def variables(report):
    """Shapes of every input."""
    if not report.inputs:
        return invitation("the input variables")
    pictures = (
        figure(
            report,
            figures.input_variable(one),
            f"Shapes of variable {one.place + 1} for signal and background",
            say('{} <span class="q">{} {}</span>', name_of(one.name, 30), S2, separation(one)),
        )
        for one in report.shown
    )
    return joined([
        element("p", _on_shapes(report)),
        keys(report),
        element("div", *pictures, class_="small"),
        _numbers(report),
        unfold("Contents of the bins", _bins(report)),
    ])  # fmt: skip


def _on_shapes(report):
    best = max(report.inputs, key=lambda one: np.nan_to_num(one.separation.value, nan=-1))
    text = say(
        "The shape of every input for both classes, each normalised to 1, with statistical "
        "errors; end bins hold what lies beyond. Look for shapes that differ, for spikes that are "
        "codes and no values, and for bins with too few events. {} separates most: {} = {}.",
        name_of(best.name), S2, separation(best),
    )  # fmt: skip
    idle = [one for one in report.inputs if one.separation.value < 2 * one.separation.chance]
    if idle:
        text += say(
            " Of {} it is less than twice what equal shapes would give by chance.",
            listed(name_of(one.name) for one in idle),
        )
    return text


def separation(one):
    """Separation of one variable, with its error."""
    return with_error(one.separation.value, one.separation.error)


def rounded(value):
    """Two digits, also where rounding makes a third."""
    return significant(float(f"{value:.1e}"), 2)


def _numbers(report):
    labels = [name_of(name, 12) for name in report.names]
    is_lacking = any(max(one.missing.values()) > 0 for one in report.inputs)
    head = ["variable", *(say("{}, {}", what, one) for one in labels for what in ("mean", "std"))]
    head += [say("no value, {}", label) for label in labels] * is_lacking
    head += ["beyond axis", S2, "by chance"]
    rows = [
        [
            name_of(one.name),
            *(cell(part[kind]) for kind in KINDS for part in (one.mean, one.spread)),
            *(percent(one.missing[kind]) for kind in KINDS if is_lacking),
            percent(one.beyond),
            separation(one),
            rounded(one.separation.chance),
        ]
        for one in report.inputs
    ]
    return table("Input variables in numbers", head, rows)


def _bins(report):
    head = ["from", "to", *(say("{}, share", name_of(name, 12)) for name in report.names)]
    return joined(
        table(
            say("Shares of {} in its bins", name_of(one.name, 30)), head, _bin_rows(one),
            kind="dense",
        )
        for one in report.shown
    )  # fmt: skip


def _bin_rows(one):
    columns = []
    for kind in KINDS:
        found = one.histograms[kind]
        total = found.sumw.sum() or np.nan
        shares = zip(found.sumw / total, np.sqrt(found.sumw2) / abs(total), strict=True)
        columns.append([with_error(*pair) for pair in shares])
    edges = apart(one.histograms["signal"].edges.tolist())
    return zip(edges[:-1], edges[1:], *columns, strict=True)


# ---------------------------------------------------------------- correlations


def correlations(report):
    """Matrices of both classes."""
    if not report.matrices:
        return invitation("their correlations")
    labels = [name_of(one.name, 18) for one in report.shown]
    scores = [name_of(name, 18) for name in report.models]
    tables = (
        _matrix(name, report.matrices[kind], labels + scores)
        for kind, name in zip(KINDS, report.names, strict=True)
    )
    text = element("p", _on_correlations(report, labels, len(scores)))
    return text + element("div", *tables, class_="matrices")


def _on_correlations(report, labels, models):
    text = Markup(
        "Weighted linear correlation coefficients in per cent. Look for pairs that say nearly "
        "the same, for pairs that differ between signal and background, and, in the last "
    ) + say(
        "{}, for what the score follows: an input that you want to fit later should stand at zero "
        "for background.", "row" if models == 1 else "rows",
    )  # fmt: skip
    found = {
        kind: _strongest(report.matrices[kind][: len(labels), : len(labels)]) for kind in KINDS
    }
    parts = [
        say("in {} {} and {} ({}&nbsp;%)", kind, labels[i], labels[j], fixed(100 * r, 0))
        for kind, pair in found.items()
        if pair
        for i, j, r in [pair]
    ]
    return text + say(" Strongest are {}.", listed(parts)) if parts else text


def _strongest(matrix):
    """Two columns with the largest correlation, and its value; None if there is none."""
    off = np.abs(np.tril(np.nan_to_num(matrix), -1))
    if not off.any():
        return None
    i, j = np.unravel_index(np.argmax(off), off.shape)
    return int(j), int(i), matrix[i, j]


def _matrix(name, matrix, labels):
    top = element("td") + joined(
        element("th", element("span", label), scope="col") for label in labels
    )
    rows = (
        element(
            "tr",
            element("th", label, scope="row"),
            *(_shaded(i == j, value) for j, value in enumerate(values)),
        )
        for i, (label, values) in enumerate(zip(labels, matrix, strict=True))
    )
    caption = say("Correlations of {} [%]", name_of(name))
    return table_of(caption, top, rows, "matrix many" if len(labels) > MANY else "matrix")


def _shaded(is_same, value):
    """Cell of a matrix, its colour by sign and size."""
    if is_same or not np.isfinite(value):
        return element("td", "" if is_same else NOTHING)
    level = min(10, round(abs(value) * 10))
    shade = f"{'p' if value > 0 else 'n'}{level}" if level else None
    return element("td", fixed(100 * value, 0), class_=shade)
