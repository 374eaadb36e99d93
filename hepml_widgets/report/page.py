"""The page of a report: a summary, a list of contents, and one section for each question."""

import numpy as np

from hepml_widgets.core import scripts
from hepml_widgets.core.numbers import NOTHING, percent, significant, with_error
from hepml_widgets.report import cuts, inputs, methods, outputs, ranking
from hepml_widgets.report.html import Markup, element, joined, say
from hepml_widgets.report.symbols import EPS_B, EPS_S
from hepml_widgets.report.words import LONGEST, count, name_of, plain, table, written

__all__ = ["page"]

SECTIONS = {
    "inputs": ("Input variables", inputs.variables),
    "correlations": ("Correlations", inputs.correlations),
    "overtraining": ("Over-training", outputs.overtraining),
    "roc": ("ROC curve", cuts.roc),
    "efficiencies": ("Efficiencies", cuts.efficiencies),
    "significance": ("Significance", cuts.significance),
    "calibration": ("Calibration", outputs.calibration),
    "ranking": ("Feature ranking", ranking.section),
    "methods": ("How it was computed", methods.section),
}


def page(report):
    """Write the page of a report.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
    """
    sections = (
        element(
            "section",
            element("h2", title, id=f"{name}-title"),
            write(report),
            id=name,
            aria_labelledby=f"{name}-title",
        )
        for name, (title, write) in SECTIONS.items()
    )
    links = (
        element("li", element("a", title, href=f"#{name}")) for name, (title, _) in SECTIONS.items()
    )
    return str(
        say(
            _PAGE,
            title=plain(written(report.title[:LONGEST])),
            heading=written(report.title),
            style=Markup(scripts.stylesheet("report") + _shades()),
            links=joined(links),
            summary=_summary(report),
            body=joined(sections, "\n"),
        )
    )


def _shades():
    """Colours of correlations, by sign and tens of per cent."""
    return "".join(
        f".{sign}{level}{{background:color-mix(in srgb,var(--{color}) {level * 5.5:g}%,#0000)}}"
        for sign, color in (("p", "signal"), ("n", "background"))
        for level in range(1, 11)
    )


def _summary(report):
    notes = ""
    if remarks := report.remarks:
        notes = element("h2", "Worth knowing", class_="minor")
        notes += element("ul", *(element("li", note) for note in remarks), class_="notes")
    return joined(
        [element("p", report.headline, class_="lead"), _models(report), _events(report), notes]
    )


def _models(report):
    best = "best Z, chosen elsewhere [σ]"
    if report.sigma_b > 0:
        best = say("{}, σ<sub>b</sub> = {}", best, percent(report.sigma_b))
    rows = {
        "AUC": lambda _, model: model.auc_text,
        say("1/{} at {} = 50&nbsp;%", EPS_B, EPS_S): lambda _, model: _rejection(model, 0.5),
        best: lambda name, _: cuts.elsewhere_text(report.elsewhere(name)),
        "training and test": lambda name, _: report.short_overtraining(name),
        "calibration": lambda name, _: report.short_calibration(name),
    }
    models = report.models.items()
    found = ([what, *(tell(*pair) for pair in models)] for what, tell in rows.items())
    return table("In short", ["", *map(name_of, report.models)], found)


def _rejection(model, signal_efficiency):
    point = cuts.point_of(model.curve, signal_efficiency=signal_efficiency)
    if point is None:
        return NOTHING
    return with_error(point.background_rejection, point.background_rejection_error)


def _events(report):
    head = ["", "events", "yield Σw", "effective events", "with negative weight"]
    rows = [
        _class_row(what, name, sample.of_class(kind)[sample.y == kind])
        for what, sample in (("", report.test), ("training, ", report.train))
        if sample is not None
        for kind, name in zip((True, False), report.names, strict=True)
    ]
    return table("The events", head, rows)


def _class_row(what, name, own):
    total, total2 = own.sum(), np.square(own).sum()
    return [
        say("{}{}", what, name_of(name)),
        count(len(own)),
        with_error(total, np.sqrt(total2)),
        significant(total**2 / total2, 4),
        percent(np.mean(own < 0)),
    ]


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; \
form-action 'none'">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
{style}
</style>
</head>
<body>
<header><h1>{heading}</h1></header>
<nav aria-label="Contents"><a href="#summary">Summary</a><ol>{links}</ol></nav>
<main>
<section id="summary" aria-label="Summary">{summary}</section>
{body}
</main>
</body>
</html>
"""
