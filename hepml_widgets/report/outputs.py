"""Sections on the classifiers' outputs: training against test, and whether they are calibrated."""

import numpy as np

from hepml_widgets.core.numbers import apart, with_error
from hepml_widgets.report import figures
from hepml_widgets.report.html import Markup, element, joined, say
from hepml_widgets.report.pictures import by_model, figure, key, keys
from hepml_widgets.report.words import cell, count, name_of, option, table, unfold, written

__all__ = ["calibration", "overtraining"]

KINDS = ("signal", "background")
TRAINED = ("train_signal", "train_background")


def overtraining(report):
    """Scores of test and training events."""
    text = Markup(
        "The classifier's output. Points of training events that leave the histogram of the "
        "test events, mostly at the signal end, are a memory of the model: performance has to be "
        "read off the test events."
    )
    if report.train is None:
        more = ()
        text += say(
            " No training events were given: pass them as {} to compare. What follows holds only "
            "if the model has never seen these events.", option("train"),
        )  # fmt: skip
    else:
        more = (key("p", "points: training"),)
        text += Markup(" Each training class is scaled to the yield of the test events.")
    return joined([element("p", text), keys(report, *more), by_model(report, _one_output)])


def _one_output(report, name):
    model = report.models[name]
    picture = figure(
        report,
        figures.scores(model),
        f"Scores of signal and background{'' if report.train is None else ', test and training'}",
    )
    numbers = unfold("Contents of the bins", _score_bins(report, model))
    view = report.overtraining.get(name)
    if view is None:
        return picture, numbers
    stage = view.stage
    rows = [
        ["AUC, training", with_error(*stage.auc_train)],
        ["AUC, test", with_error(*stage.auc_test)],
        ["difference", with_error(*stage.gap)],
        *(
            [say("p-value, {}", name_of(label, 16)), report.p_text(stage, kind)]
            for kind, label in zip(KINDS, report.names, strict=True)
        ),
    ]
    verdict = say("{} {}", view.questions[1], written(view.answers[1]))
    told = element("p", verdict, class_="verdict")
    return picture, told, table("Training against test", ["", "value"], rows), numbers


def _score_bins(report, model):
    kinds = [kind for kind in (*KINDS, *TRAINED) if kind in model.histograms]
    labels = dict(zip(KINDS, (name_of(name, 12) for name in report.names), strict=True))
    words = [
        say("{}{}", labels[kind.removeprefix("train_")], ", training" * (kind in TRAINED))
        for kind in kinds
    ]
    columns = [
        [with_error(*pair) for pair in zip(h.sumw, np.sqrt(h.sumw2), strict=True)]
        for h in (model.histograms[kind] for kind in kinds)
    ]
    edges = apart(model.edges.tolist())
    rows = zip(edges[:-1], edges[1:], *columns, strict=True)
    return table("Yields in bins of the score", ["from", "to", *words], rows, kind="dense")


# ---------------------------------------------------------------- calibration


def calibration(report):
    """Whether scores are probabilities."""
    text = Markup(
        "Whether a score of 0.8 means signal in 80&nbsp;% of the cases. Points on the diagonal "
        "say so; the grey band is where two standard deviations of chance would leave a calibrated "
        "score. A score that is not calibrated still ranks events as well: only do not use it as "
        "a probability."
    )
    return element("p", text) + by_model(report, _one_calibration)


def _one_calibration(report, name):
    found = report.calibrations[name]
    if isinstance(found, str):
        return element("p", written(found), class_="none"), ""
    picture = figure(report, figures.calibration(found), "Share of signal against mean score")
    rows = [
        [
            f"{figures.tick_text(low)} to {figures.tick_text(high)}",
            count(int(found.counts[i])),
            cell(found.predicted[i]),
            cell(found.observed[i], found.error[i]),
            cell(found.expected_error[i]),
        ]
        for i, (low, high) in enumerate(zip(found.edges[:-1], found.edges[1:], strict=True))
        if found.counts[i]
    ]
    head = ["score", "events", "mean score", "share of signal", "expected scatter"]
    verdict = element("p", report.calibration_words(name), class_="verdict")
    return picture, verdict, table("Bins in numbers", head, rows)
