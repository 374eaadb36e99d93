"""Sections on cuts on the score: ROC curve, efficiencies, significance."""

import math

import numpy as np

from hepml import stats
from hepml_widgets.core.numbers import MINUS, NOTHING, fixed, percent, significant, with_error
from hepml_widgets.report import figures
from hepml_widgets.report.html import Markup, element, joined, say
from hepml_widgets.report.pictures import by_model, figure, key, keys
from hepml_widgets.report.symbols import EPS_B, EPS_S
from hepml_widgets.report.words import listed, name_of, option, share, table

__all__ = ["efficiencies", "elsewhere_text", "point_of", "roc", "significance"]

AT_BACKGROUND = (0.01, 0.1, 0.3)  # background efficiencies at which TMVA quotes the signal's
AT_SIGNAL = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def point_of(curve, **demand):
    """Working point of a curve, None if it has none such."""
    try:
        return stats.working_point(curve, **demand)
    except ValueError:
        return None


def elsewhere_text(found):
    """Z of the best cut on events that did not choose it."""
    return NOTHING if math.isnan(found.value) else with_error(found.value, found.error)


# ---------------------------------------------------------------- ROC curve


def roc(report):
    """Show the live view, and the areas."""
    text = Markup(
        "Drag the threshold in any panel, or move it with the arrow keys: score, ROC curve and "
        "figure of merit follow. Look at the background rejection where your analysis works, not "
        "only at the area under the curve. "
    )
    aucs = [say("{} {}", name_of(name), model.auc_text) for name, model in report.models.items()]
    if len(aucs) > 1:
        text += say("AUC: {}.", listed(aucs, 8))
    else:
        text += say("The AUC is {}.", next(iter(report.models.values())).auc_text)
    live = Markup(report.live)
    return element("p", text) + element("div", live, class_="live") + _areas(report)


def _areas(report):
    head = ["", "AUC"]
    head += [say("{} at {} = {}&nbsp;%", EPS_S, EPS_B, fixed(100 * at, 0)) for at in AT_BACKGROUND]
    rows = []
    for name, model in report.models.items():
        rows.append([say("{}, test", name_of(name)), *_area(model.curve)])
        if report.train is not None:
            y, weights = report.train.arguments
            curve = stats.roc_curve(y, report.train.scores[name], weights)
            rows.append([say("{}, training", name_of(name)), *_area(curve)])
    return table("Area under the curve and signal efficiencies", head, rows)


def _area(curve):
    points = [point_of(curve, background_efficiency=at) for at in AT_BACKGROUND]
    return [
        with_error(curve.auc, curve.auc_error),
        *(
            NOTHING if p is None else share(p.signal_efficiency, p.signal_efficiency_error)
            for p in points
        ),
    ]


# ---------------------------------------------------------------- efficiencies


def efficiencies(report):
    """Show what passes a cut, for every threshold."""
    text = (
        "What share of each class passes a cut at the threshold, and the purity of what "
        "passes, with statistical errors as bands. Look for a threshold range in which the signal "
        "efficiency is flat while background still falls. The purity holds for the yields given "
        "by the weights."
    )
    extra = key("d", "purity S/(S+B)")
    return joined([element("p", text), keys(report, extra), by_model(report, _one_cut)])


def _one_cut(report, name):
    model = report.models[name]
    points = {at: point_of(model.curve, signal_efficiency=at) for at in AT_SIGNAL}
    picture = figure(report, figures.efficiencies(model), "Efficiencies and purity")
    rows = [_cut_row(model, point) for point in points.values() if point is not None]
    head = ["threshold", EPS_S, EPS_B, "S", "B", "purity"]
    said = "" if points[0.5] is None else _at_half(model, points[0.5])
    return picture, said, table("Cuts in numbers", head, rows)


def _at_half(model, half):
    told = say(
        "At {} = {} (threshold {}) background passes with {} = {}.",
        EPS_S, share(half.signal_efficiency), _place(model, half),
        EPS_B, share(half.background_efficiency, half.background_efficiency_error),
    )  # fmt: skip
    return element("p", told)


def _place(model, point):
    """Threshold as it is read: near 1 by its distance from there."""
    if model.scale == "logit" and point.threshold > 0.99:
        return f"1{MINUS}{significant(1 - point.threshold)}"
    return significant(point.threshold, 4)


def _cut_row(model, p):
    both = p.signal + p.background
    return [
        _place(model, p),
        share(p.signal_efficiency, p.signal_efficiency_error),
        share(p.background_efficiency, p.background_efficiency_error),
        with_error(p.signal, p.signal_error),
        with_error(p.background, p.background_error),
        percent(p.signal / both) if both > 0 else NOTHING,
    ]


# ---------------------------------------------------------------- significance


def significance(report):
    """Show figures of merit, for every threshold."""
    text = say(
        "Expected significance of a counting experiment above the threshold; bands are the "
        "errors of the simulated samples, a diamond marks the best cut that keeps at least "
        "{} effective background events; where fewer are left, the curve "
        "is thin and dotted. A sharp maximum at the edge of the sample is a fluctuation; "
        "a broad one is a safe place to cut.", stats.ENOUGH_BACKGROUND,
    )  # fmt: skip
    if report.sigma_b == 0:
        text += say(
            " The background is taken to be known exactly: pass {} to see "
            "what a systematic uncertainty of 10&nbsp;% costs.", option("sigma_b=0.1"),
        )  # fmt: skip
    if report.test.weights is None:
        text += Markup(
            " No weights were given, so that Z is that of as many events as the sample has, and "
            "not that of an experiment."
        )
    own = joined((key(place, label) for place, label in enumerate(report.merit_names)), " ")
    return element("p", text) + element("p", own, class_="keys") + by_model(report, _one_merit)


def _one_merit(report, name):
    model, scans = report.models[name], report.scans(name)
    picture = figure(report, figures.merits(model, scans), "Significance against the threshold")
    rows = [
        [label, *_merit_row(model, scan)]
        for label, scan in zip(report.merit_names, scans, strict=True)
    ]
    head = ["", "best [σ]", "threshold", EPS_S, "S", "B"]
    note = (
        "The best of many cuts is picked on these events, so its value is too large"
        f"{_too_large(report.elsewhere(name))}."
    )
    return picture, table("Best cuts", head, rows), element("p", note, class_="q")


def _too_large(found):
    """By how much, where the sample is large enough to tell."""
    if math.isnan(found.optimism):
        return ""
    value = elsewhere_text(found)
    told = f": with each half of the events cut where the other is best, Z is {value}"
    if found.optimism > 0:
        told += f", so that the maximum is optimistic by about {significant(found.optimism, 1)}"
    return told


def _merit_row(model, scan):
    if scan.best is None:
        return [NOTHING] * 5
    cuts, row = model.cuts, scan.best
    return [
        with_error(scan.values[row], scan.errors[row]),
        model.threshold_text(row),
        percent(cuts.signal_efficiency[row]),
        with_error(cuts.sumw_signal[row], np.sqrt(cuts.sumw2_signal[row])),
        with_error(cuts.sumw_background[row], np.sqrt(cuts.sumw2_background[row])),
    ]
