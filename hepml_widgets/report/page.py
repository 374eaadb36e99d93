"""The page of a report: a summary, a list of contents, and one section for each question."""

import math

import numpy as np

from hepml import stats
from hepml_widgets.core import scripts
from hepml_widgets.core.numbers import (
    MINUS,
    NOTHING,
    apart,
    fixed,
    percent,
    significant,
    with_error,
)
from hepml_widgets.report import figures
from hepml_widgets.report.svg import svg_of
from hepml_widgets.report.words import (
    LONGEST,
    cell,
    count,
    listed,
    name_of,
    option,
    plain,
    share,
    table,
    unfold,
    written,
)

__all__ = ["page"]

TITLES = {
    "inputs": "Input variables",
    "correlations": "Correlations",
    "overtraining": "Over-training",
    "roc": "ROC curve",
    "efficiencies": "Efficiencies",
    "significance": "Significance",
    "calibration": "Calibration",
    "ranking": "Feature ranking",
    "methods": "How it was computed",
}
S2 = "⟨S<sup>2</sup>⟩"
EPS_S, EPS_B = "ε<sub>s</sub>", "ε<sub>b</sub>"
KINDS = ("signal", "background")
TRAINED = ("train_signal", "train_background")
AT_BACKGROUND = (0.01, 0.1, 0.3)  # background efficiencies at which TMVA quotes the signal's
AT_SIGNAL = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
MOST_RANKED = 100  # rows of the ranking
MANY = 16  # columns of a matrix above which it is set smaller


def page(report):
    """Write the page of a report.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
    """
    sections = {name: globals()[f"_{name}"](report) for name in TITLES}
    body = "\n".join(
        f"<section id={name} aria-labelledby={name}-title><h2 id={name}-title>{TITLES[name]}</h2>"
        f"{inside}</section>"
        for name, inside in sections.items()
    )
    links = "".join(f'<li><a href="#{name}">{title}</a>' for name, title in TITLES.items())
    return _PAGE.format(
        title=plain(written(report.title[:LONGEST])),
        heading=written(report.title),
        style=scripts.stylesheet("report") + _shades(),
        links=links,
        summary=_summary(report),
        body=body,
    )


def _shades():
    """Colours of correlations, by sign and tens of per cent."""
    return "".join(
        f".{sign}{level}{{background:color-mix(in srgb,var(--{color}) {level * 5.5:g}%,#0000)}}"
        for sign, color in (("p", "signal"), ("n", "background"))
        for level in range(1, 11)
    )


def _figure(report, drawn, label, caption="", numbers=""):
    """Picture with a caption, and its numbers to unfold."""
    report.drawn += 1
    svg = svg_of(drawn, plain(label), f"f{report.drawn}-")
    caption = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure>{caption}{svg}{numbers}</figure>"


def _keys(report, *more):
    """Say what the colours mean."""
    signal, background = (name_of(name) for name in report.names)
    keys = [f"<span class='k ks'>{signal}</span>", f"<span class='k kb'>{background}</span>"]
    return f"<p class=keys>{' '.join([*keys, *more])}</p>"


def _by_model(report, draw):
    """Picture and words for each model, beside each other; the only one needs no name."""
    alone = len(report.models) == 1
    parts = []
    for name in report.models:
        head = "" if alone else f"<h3>{name_of(name)}</h3>"
        picture, *words = draw(name)
        parts.append(f"<div class=model>{head}{picture}<div>{''.join(words)}</div></div>")
    return f"<div class={'one' if alone else 'models'}>{''.join(parts)}</div>"


# ---------------------------------------------------------------- summary


def _summary(report):
    notes = "".join(f"<li>{note}" for note in report.remarks)
    notes = f"<h2 class=minor>Worth knowing</h2><ul class=notes>{notes}</ul>" if notes else ""
    return f"<p class=lead>{report.headline}</p>{_models(report)}{_events(report)}{notes}"


def _models(report):
    best = "best Z, chosen elsewhere [σ]" + (
        f", σ<sub>b</sub> = {percent(report.sigma_b)}" * (report.sigma_b > 0)
    )
    rows = {
        "AUC": lambda _, model: model.auc_text,
        f"1/{EPS_B} at {EPS_S} = 50&nbsp;%": lambda _, model: _rejection(model, 0.5),
        best: lambda name, _: _elsewhere(report.elsewhere(name)),
        "training and test": lambda name, _: report.short_overtraining(name),
        "calibration": lambda name, _: report.short_calibration(name),
    }
    models = report.models.items()
    found = ([what, *(say(*pair) for pair in models)] for what, say in rows.items())
    return table("In short", ["", *map(name_of, report.models)], found)


def _rejection(model, signal_efficiency):
    point = _point(model.curve, signal_efficiency=signal_efficiency)
    if point is None:
        return NOTHING
    return with_error(point.background_rejection, point.background_rejection_error)


def _point(curve, **demand):
    try:
        return stats.working_point(curve, **demand)
    except ValueError:
        return None


def _elsewhere(found):
    return NOTHING if math.isnan(found.value) else with_error(found.value, found.error)


def _events(report):
    head = ["", "events", "yield Σw", "effective events", "with negative weight"]
    rows = []
    for what, sample in (("", report.test), ("training, ", report.train)):
        if sample is None:
            continue
        for kind, name in zip((True, False), report.names, strict=True):
            own = sample.of_class(kind)[sample.y == kind]
            total, total2 = own.sum(), np.square(own).sum()
            rows.append([
                f"{what}{name_of(name)}",
                count(len(own)),
                with_error(total, np.sqrt(total2)),
                significant(total**2 / total2, 4),
                percent(np.mean(own < 0)),
            ])  # fmt: skip
    return table("The events", head, rows)


# ---------------------------------------------------------------- input variables


def _inputs(report):
    if not report.inputs:
        return _invitation("the input variables")
    best = max(report.inputs, key=lambda one: np.nan_to_num(one.separation.value, nan=-1))
    idle = [one for one in report.inputs if one.separation.value < 2 * one.separation.chance]
    text = (
        "<p>The shape of every input for both classes, each normalised to 1, with statistical "
        "errors; end bins hold what lies beyond. Look for shapes that differ, for spikes that are "
        f"codes and no values, and for bins with too few events. {name_of(best.name)} separates "
        f"most: {S2} = {_separation(best)}."
    )
    if idle:
        text += (
            f" Of {listed(name_of(one.name) for one in idle)} it is less than twice what equal "
            "shapes would give by chance."
        )
    pictures = "".join(
        _figure(
            report,
            figures.input_variable(one),
            f"Shapes of variable {one.place + 1} for signal and background",
            f"{name_of(one.name, 30)} <span class=q>{S2} {_separation(one)}</span>",
        )
        for one in report.shown
    )
    return (
        f"{text}</p>{_keys(report)}<div class=small>{pictures}</div>"
        f"{_input_table(report)}{unfold('Contents of the bins', _bins(report))}"
    )


def _invitation(what):
    return f"<p class=none>No features were given: pass them as X to see {what} here.</p>"


def _separation(one):
    return with_error(one.separation.value, one.separation.error)


def _rounded(value):
    """Two digits, also where rounding makes a third."""
    return significant(float(f"{value:.1e}"), 2)


def _input_table(report):
    labels = [name_of(name, 12) for name in report.names]
    is_lacking = any(max(one.missing.values()) > 0 for one in report.inputs)
    head = ["variable", *(f"{what}, {label}" for label in labels for what in ("mean", "std"))]
    head += [f"no value, {label}" for label in labels] * is_lacking
    head += ["beyond axis", S2, "by chance"]
    rows = [
        [
            name_of(one.name),
            *(cell(part[kind]) for kind in KINDS for part in (one.mean, one.spread)),
            *(percent(one.missing[kind]) for kind in KINDS if is_lacking),
            percent(one.beyond),
            _separation(one),
            _rounded(one.separation.chance),
        ]
        for one in report.inputs
    ]
    return table("Input variables in numbers", head, rows)


def _bins(report):
    head = ["from", "to", *(f"{name_of(n, 12)}, share" for n in report.names)]
    return "".join(
        table(f"Shares of {name_of(one.name, 30)} in its bins", head, _bin_rows(one), kind="dense")
        for one in report.shown
    )


def _bin_rows(one):
    columns = []
    for kind in KINDS:
        found = one.histograms[kind]
        total = found.sumw.sum() or np.nan
        columns.append([
            with_error(*pair)
            for pair in zip(found.sumw / total, np.sqrt(found.sumw2) / abs(total), strict=True)
        ])  # fmt: skip
    edges = apart(one.histograms["signal"].edges.tolist())
    return zip(edges[:-1], edges[1:], *columns, strict=True)


# ---------------------------------------------------------------- correlations


def _correlations(report):
    if not report.matrices:
        return _invitation("their correlations")
    labels = [name_of(one.name, 18) for one in report.shown]
    scores = [name_of(name, 18) for name in report.models]
    found = {
        kind: _strongest(report.matrices[kind][: len(labels), : len(labels)]) for kind in KINDS
    }
    parts = [
        f"{name} {labels[i]} and {labels[j]} ({fixed(100 * r, 0)}&nbsp;%)"
        for name, pair in zip(("in signal", "in background"), found.values(), strict=True)
        if pair
        for i, j, r in [pair]
    ]
    text = (
        "<p>Weighted linear correlation coefficients in per cent. Look for pairs that say nearly "
        "the same, for pairs that differ between signal and background, and, in the last "
        f"{'row' if len(scores) == 1 else 'rows'}, for what the score follows: an input that you "
        "want to fit later should stand at zero for background."
    )
    text += f" Strongest are {listed(parts)}.</p>" if parts else "</p>"
    tables = "".join(
        _matrix(f"Correlations of {name_of(name)} [%]", report.matrices[kind], labels + scores)
        for kind, name in zip(KINDS, report.names, strict=True)
    )
    return f"{text}<div class=matrices>{tables}</div>"


def _strongest(matrix):
    """Two columns with the largest correlation, and its value; None if there is none."""
    off = np.abs(np.tril(np.nan_to_num(matrix), -1))
    if not off.any():
        return None
    i, j = np.unravel_index(np.argmax(off), off.shape)
    return int(j), int(i), matrix[i, j]


def _matrix(caption, matrix, labels):
    head = ["", *(f"<span>{label}</span>" for label in labels)]
    rows = [
        [label, *(_shade(i == j, value) for j, value in enumerate(row))]
        for i, (label, row) in enumerate(zip(labels, matrix, strict=True))
    ]
    kind = "'matrix many'" if len(labels) > MANY else "matrix"
    marked = table(caption, head, rows, kind=kind)
    return marked.replace("<td><i ", "<td ")


def _shade(is_same, value):
    """Cell of a matrix, its colour by sign and size; the tag is closed by `_matrix`."""
    if is_same:
        return ""
    if not np.isfinite(value):
        return NOTHING
    level = min(10, round(abs(value) * 10))
    text = fixed(100 * value, 0)
    return f"<i class={'p' if value > 0 else 'n'}{level}>{text}" if level else text


# ---------------------------------------------------------------- over-training


def _overtraining(report):
    more = [] if report.train is None else ["<span class='k kp'>points: training</span>"]
    text = (
        "<p>The classifier's output. Points of training events that leave the histogram of the "
        "test events, mostly at the signal end, are a memory of the model: performance has to be "
        "read off the test events."
    )
    if report.train is None:
        text += (
            f" No training events were given: pass them as {option('train')} to compare. What "
            "follows holds only if the model has never seen these events.</p>"
        )
    else:
        text += " Each training class is scaled to the yield of the test events.</p>"
    return text + _keys(report, *more) + _by_model(report, lambda name: _one_output(report, name))


def _one_output(report, name):
    model = report.models[name]
    picture = _figure(
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
            [f"p-value, {name_of(label, 16)}", report.p_text(stage, kind)]
            for kind, label in zip(KINDS, report.names, strict=True)
        ),
    ]
    verdict = f"<p class=verdict>{view.questions[1]} {written(view.answers[1])}</p>"
    return picture, verdict, table("Training against test", ["", "value"], rows), numbers


def _score_bins(report, model):
    kinds = [kind for kind in (*KINDS, *TRAINED) if kind in model.histograms]
    labels = dict(zip(KINDS, (name_of(name, 12) for name in report.names), strict=True))
    words = [labels[k.removeprefix("train_")] + ", training" * k.startswith("train") for k in kinds]
    columns = [
        [with_error(*pair) for pair in zip(h.sumw, np.sqrt(h.sumw2), strict=True)]
        for h in (model.histograms[kind] for kind in kinds)
    ]
    edges = apart(model.edges.tolist())
    rows = zip(edges[:-1], edges[1:], *columns, strict=True)
    return table("Yields in bins of the score", ["from", "to", *words], rows, kind="dense")


# ---------------------------------------------------------------- ROC, cuts


def _roc(report):
    first = next(iter(report.models))
    text = (
        "<p>Drag the threshold in any panel, or move it with the arrow keys: score, ROC curve and "
        "figure of merit follow. Look at the background rejection where your analysis works, not "
        "only at the area under the curve. "
    )
    aucs = [f"{name_of(name)} {model.auc_text}" for name, model in report.models.items()]
    text += f"AUC: {listed(aucs, 8)}.</p>" if len(aucs) > 1 else (
        f"The AUC is {report.models[first].auc_text}.</p>"
    )  # fmt: skip
    return f"{text}<div class=live>{report.live}</div>{_roc_table(report)}"


def _roc_table(report):
    head = ["", "AUC"]
    head += [f"{EPS_S} at {EPS_B} = {fixed(100 * at, 0)}&nbsp;%" for at in AT_BACKGROUND]
    rows = []
    for name, model in report.models.items():
        rows.append([f"{name_of(name)}, test", *_roc_row(model.curve)])
        if report.train is not None:
            y, weights = report.train.arguments
            curve = stats.roc_curve(y, report.train.scores[name], weights)
            rows.append([f"{name_of(name)}, training", *_roc_row(curve)])
    return table("Area under the curve and signal efficiencies", head, rows)


def _roc_row(curve):
    points = [_point(curve, background_efficiency=at) for at in AT_BACKGROUND]
    return [
        with_error(curve.auc, curve.auc_error),
        *(
            NOTHING if p is None else share(p.signal_efficiency, p.signal_efficiency_error)
            for p in points
        ),
    ]


def _efficiencies(report):
    extra = "<span class='k kd'>purity S/(S+B)</span>"
    text = (
        "<p>What share of each class passes a cut at the threshold, and the purity of what "
        "passes, with statistical errors as bands. Look for a threshold range in which the signal "
        "efficiency is flat while background still falls. The purity holds for the yields given "
        "by the weights.</p>"
    )
    return text + _keys(report, extra) + _by_model(report, lambda name: _one_cut(report, name))


def _one_cut(report, name):
    model = report.models[name]
    points = {at: _point(model.curve, signal_efficiency=at) for at in AT_SIGNAL}
    half = points[0.5]
    said = "" if half is None else (
        f"<p>At {EPS_S} = {share(half.signal_efficiency)} (threshold {_place(model, half)}) "
        f"background passes with {EPS_B} = "
        f"{share(half.background_efficiency, half.background_efficiency_error)}.</p>"
    )  # fmt: skip
    picture = _figure(report, figures.efficiencies(model), "Efficiencies and purity")
    rows = [_cut_row(model, point) for point in points.values() if point is not None]
    head = ["threshold", EPS_S, EPS_B, "S", "B", "purity"]
    return picture, said, table("Cuts in numbers", head, rows)


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


def _significance(report):
    labels = report.merit_names
    keys = " ".join(
        f"<span class='k k{place}'>{label}</span>" for place, label in enumerate(labels)
    )
    text = (
        "<p>Expected significance of a counting experiment above the threshold; bands are the "
        "errors of the simulated samples, a diamond marks the best cut that keeps at least "
        f"{stats.ENOUGH_BACKGROUND} effective background events; where fewer are left, the curve "
        "is thin and dotted. A sharp maximum at the edge of the sample is a fluctuation; "
        "a broad one is a safe place to cut."
    )
    if report.sigma_b == 0:
        text += (
            f" The background is taken to be known exactly: pass {option('sigma_b=0.1')} to see "
            "what a systematic uncertainty of 10&nbsp;% costs."
        )
    if report.test.weights is None:
        text += (
            " No weights were given, so that Z is that of as many events as the sample has, and "
            "not that of an experiment."
        )
    return f"{text}</p><p class=keys>{keys}</p>" + _by_model(
        report, lambda name: _one_merit(report, name)
    )


def _one_merit(report, name):
    model, scans = report.models[name], report.scans(name)
    picture = _figure(report, figures.merits(model, scans), "Significance against the threshold")
    rows = [
        [label, *_merit_row(model, scan)]
        for label, scan in zip(report.merit_names, scans, strict=True)
    ]
    head = ["", "best [σ]", "threshold", EPS_S, "S", "B"]
    note = (
        "The best of many cuts is picked on these events, so its value is too large"
        f"{_too_large(report.elsewhere(name))}."
    )
    return picture, table("Best cuts", head, rows), f"<p class=q>{note}</p>"


def _too_large(found):
    """By how much, where the sample is large enough to tell."""
    if math.isnan(found.optimism):
        return ""
    told = f": with each half of the events cut where the other is best, Z is {_elsewhere(found)}"
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


# ---------------------------------------------------------------- calibration, ranking


def _calibration(report):
    text = (
        "<p>Whether a score of 0.8 means signal in 80&nbsp;% of the cases. Points on the diagonal "
        "say so; the grey band is where two standard deviations of chance would leave a calibrated "
        "score. A score that is not calibrated still ranks events as well: only do not use it as "
        "a probability.</p>"
    )
    return text + _by_model(report, lambda name: _one_calibration(report, name))


def _one_calibration(report, name):
    found = report.calibrations[name]
    if isinstance(found, str):
        return f"<p class=none>{written(found)}</p>", ""
    picture = _figure(report, figures.calibration(found), "Share of signal against mean score")
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
    numbers = table("Bins in numbers", head, rows)
    return picture, f"<p class=verdict>{report.calibration_words(name)}</p>", numbers


def _ranking(report):
    if not report.inputs:
        return _invitation("which of them matter")
    order = report.ranked
    text = f"<p>Two rankings that answer different questions. {S2} is the separation of one "
    text += "variable taken alone, 0 for equal shapes and 1 for shapes without overlap. "
    if report.importances:
        first, found = next(iter(report.importances.items()))
        text += (
            "The loss of AUC is what the model loses when the values of this variable are dealt "
            "anew among the events: what it uses. Of two variables that say the same, neither may "
            f"seem to matter. Most is lost without {name_of(order[0].name)}: "
            f"{with_error(found.values[order[0].place], found.errors[order[0].place])}"
            f"{f' for {name_of(first)}' if len(report.models) > 1 else ''}."
        )
    else:
        text += (
            f"{name_of(order[0].name)} comes first with {_separation(order[0])}. Scores were given "
            "and no model: what a model uses can only be seen by asking it."
        )
    return f"{text}</p>{_rank_table(report, order)}"


def _rank_table(report, order):
    used = report.importances
    head = ["variable", f"{S2}, alone", "by chance"]
    head += [f"loss of AUC, {name_of(name, 16)}" for name in used]
    top = max((one.separation.value for one in order), default=0)
    most = {name: max(found.values.max(), 1e-12) for name, found in used.items()}
    rows = []
    for rank, one in enumerate(order[:MOST_RANKED], start=1):
        row = [
            f"{rank}. {name_of(one.name)}",
            _bar(one.separation.value, one.separation.error, top),
        ]
        row.append(_rounded(one.separation.chance))
        for name, found in used.items():
            row.append(_bar(found.values[one.place], found.errors[one.place], most[name]))
        rows.append(row)
    note = ""
    if used:
        repeats = next(iter(used.values())).repeats
        signal, background = report.ranked_events
        note = (
            f"<p class=q>Each variable was dealt anew {repeats} times among {count(signal)} signal "
            f"and {count(background)} background events; errors are of these events and of the "
            "dealing.</p>"
        )
    if len(order) > MOST_RANKED:
        note += f"<p class=q>The first {MOST_RANKED} of {len(order)} variables are listed.</p>"
    return table("Ranking of the variables", head, rows, kind="ranks") + note


def _bar(value, error, most):
    """Write a number with a bar, as long as its share of the largest, and a whisker."""
    if not np.isfinite(value) or not most > 0:
        return with_error(value, error)
    long, low, high = (
        100 * min(max(part / most, 0), 1.15) for part in (value, value - error, value + error)
    )
    return (
        f"<span class=b style='--v:{long:.1f}%;--l:{low:.1f}%;--w:{high - low:.1f}%'></span>"
        f"{with_error(value, error)}"
    )


# ---------------------------------------------------------------- methods


def _methods(report):
    del report
    lines = [
        (
            "Errors are statistical, from sums of squared weights; weights of either sign enter as "
            "they are, and nothing is dropped. That of a rejection at a chosen signal efficiency "
            "contains that of the cut."
        ),
        (
            "Error of the AUC: E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 "
            "(1988) 837, for weighted events, each left out in turn."
        ),
        (
            "Z: G. Cowan, K. Cranmer, E. Gross and O. Vitells, arXiv:1007.1727, eq. 97; with an "
            "uncertain background: G. Cowan, “Discovery sensitivity for a counting experiment with "
            "background uncertainty” (2012). AMS: C. Adam-Bourdarios et al., PMLR 42 (2015) 19."
        ),
        (
            f"Separation: {S2} = ½ ∫ (ŷ<sub>S</sub> − ŷ<sub>B</sub>)<sup>2</sup> / (ŷ<sub>S</sub> "
            "+ ŷ<sub>B</sub>) dy over the normalised densities, as TMVA defines it (A. Hoecker et "
            "al., TMVA Users Guide, arXiv:physics/0703039), summed over the bins that are drawn. "
            "“By chance” is its mean for equal shapes and samples of this size."
        ),
        (
            "Training against test: weighted Kolmogorov–Smirnov distance, with a p-value from "
            "random relabellings of the events."
        ),
        (
            "Permutation importance: L. Breiman, Machine Learning 45 (2001) 5, section 10, with "
            "the weighted AUC for the accuracy."
        ),
    ]
    return f"<ul>{''.join(f'<li>{line}' for line in lines)}</ul>"


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
<section id=summary aria-label="Summary">{summary}</section>
{body}
</main>
</body>
</html>
"""
