"""From samples at several values of a parameter to what a `ParameterScan` shows and says."""

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hepml import stats
from hepml_widgets.core.cuts import Options, scan_of, title_of
from hepml_widgets.core.language import later, tr
from hepml_widgets.core.numbers import NOTHING, as_name, with_error
from hepml_widgets.core.payload import pack
from hepml_widgets.core.scores import (
    Events,
    auc_change,
    axis_of,
    by_class,
    class_weights,
    has_weight,
    thinner,
)
from hepml_widgets.core.validate import check_size, check_yields

MOST_VALUES = 30
MOST_MODELS = 5
MOST_QUANTITIES = 2  # of the user's own
BYTES_OF_BIN = 24
BIN_BYTES = 20_000
BINS = (20, 50)
CURVE_BYTES = 10_000
CURVE_ROWS = (12, 60)
CUTS = 300  # among which the best is sought
LOG_FROM = 30  # a quantity that spans more than this factor gets a logarithmic axis
IN_TRAINING, BETWEEN = later("in training"), later("not in training")
BEYOND = later("beyond training")
PLAIN_SYMBOL = re.compile(r"[A-Za-z\u03b1-\u03c9]_[A-Za-z]")


class Sample(NamedTuple):
    """Events at one value of the parameter, with the scores of each model."""

    value: float
    y: np.ndarray
    scores: dict
    weights: np.ndarray | None

    def events(self, model):
        """Labels, scores and weights as the library of statistics wants them."""
        return self.y, self.scores[model], self.weights


class Best(NamedTuple):
    """Significance at the best cut, its standard error there, and the cut; NaN if undefined."""

    z: float
    error: float
    threshold: float


@dataclass(frozen=True, eq=False)
class Point:
    """What is known at one value of the parameter.

    Attributes
    ----------
    value : float
    status : {"in training", "not in training", "beyond training"}
        Of the scanned model; beyond is outside the range of its training values.
    areas : dict of str to tuple of float
        AUC of each model with its standard error.
    differences : dict of str to tuple of float
        AUC of each model minus that of the dedicated one, with the paired standard error;
        empty where there is no dedicated model.
    best : dict of str to Best
        Each model at its own best cut: significance ``z``, ``error``, ``threshold``; chosen on
        these very events if no others were given to choose with.
    cuts : hepml.stats.CutTable
        Yields of the scanned model, at the same cuts for all values.
    histograms : dict of str to hepml.stats.ScoreHistogram
        Scores of the scanned model: ``signal`` and ``background``.
    curves : dict of str to hepml.stats.CutTable
        Points of the ROC curve of each model, as drawn.
    """

    value: float
    status: str
    areas: dict
    differences: dict
    best: dict
    cuts: stats.CutTable
    histograms: dict
    curves: dict


@dataclass(frozen=True, eq=False)
class Quantity:
    """Something known of each model at each value, with errors; NaN where it is not.

    ``rows`` maps names of models to pairs of arrays (n_values,); ``own`` says that the title is
    ours and no user's; ``zero`` that the axis shows zero.
    """

    name: str
    title: str
    rows: dict
    own: bool = True
    zero: bool = False

    @property
    def kind(self):
        """Axis that suits the values: linear, or logarithmic if they are positive and far apart."""
        values = self._finite(*(values for values, _ in self.rows.values()))
        far = values.size and values.min() > 0 and values.max() > LOG_FROM * values.min()
        return "log" if far and not self.own else "linear"

    @property
    def domain(self):
        """Ends of the axis: all values with their errors, and room for names above."""
        bars = [(v, v - np.nan_to_num(e), v + np.nan_to_num(e)) for v, e in self.rows.values()]
        ends = self._finite(*(column for bar in bars for column in bar), [0.0] * self.zero)
        if self.kind == "log":
            return tuple(10.0 ** np.array(widened(np.log10(ends[ends > 0]))))
        low, high = widened(ends)
        return (0.0 if self.zero and ends.min() == 0 else low), high

    @staticmethod
    def _finite(*columns):
        values = np.concatenate(columns)
        return values[np.isfinite(values)]

    def packed(self, models):
        """Columns for the browser, one pair per model, None for a model that has none."""
        return {
            "name": self.name,
            "title": self.title,
            "plain": not self.own,
            "kind": self.kind,
            "domain": [float(end) for end in self.domain],
            "rows": [[pack(c) for c in self.rows[m]] if m in self.rows else None for m in models],
        }


def widened(ends):
    low, high = (ends.min(), ends.max()) if ends.size else (0.0, 1.0)
    room = (high - low) or 0.1 * abs(high) or 1.0
    return float(low - 0.1 * room), float(high + 0.45 * room)


# ---------------------------------------------------------------- input


def as_samples(samples):
    """Return samples in the order of the parameter, checked, and the names of all models."""
    if not isinstance(samples, dict):
        raise TypeError(
            "samples is a dict from each value of the parameter to (y, scores) or "
            f"(y, scores, weights), not {type(samples).__name__}."
        )
    if not 2 <= len(samples) <= MOST_VALUES:
        raise ValueError(f"A scan has 2 to {MOST_VALUES} values, not {len(samples)}.")
    found = [as_sample(as_value(key), events) for key, events in samples.items()]
    found.sort(key=lambda sample: sample.value)
    names = list(dict.fromkeys(name for sample in found for name in sample.scores))
    first = as_name(next(iter(scores_of(next(iter(samples.values()))[1]))))
    names.sort(key=lambda name: name != first)
    lacking = [f"{sample.value:g}" for sample in found if first not in sample.scores]
    if lacking:
        raise ValueError(
            f"Model {first!r} has no scores at {', '.join(lacking)}: the model that stands first "
            "is scanned, and wanted at every value."
        )
    if len(names) > MOST_MODELS:
        raise ValueError(f"One to {MOST_MODELS} models can be compared, not {len(names)}.")
    return found, names


def as_choose(choose, samples):
    """Return by value the samples that choose the best cuts: same values and models."""
    if choose is None:
        return {}
    found = {sample.value: sample for sample in as_samples(choose)[0]}
    wanted = {sample.value: sample for sample in samples}
    if found.keys() != wanted.keys():
        odd = min(found.keys() ^ wanted.keys())
        raise ValueError(
            f"choose and samples want the same values: {odd:g} is in one of them only."
        )
    for value, sample in wanted.items():
        if lacking := sample.scores.keys() - found[value].scores.keys():
            raise ValueError(f"choose has no scores of {min(lacking)!r} at {value:g}.")
    return found


def as_value(key):
    number = isinstance(key, int | float | np.integer | np.floating) and not isinstance(key, bool)
    if not number or not math.isfinite(key):
        raise ValueError(f"Values of the parameter are finite numbers, not {key!r}.")
    return float(key)


def scores_of(scores):
    return scores if isinstance(scores, dict) else {"model": scores}


def as_sample(value, events):
    if not isinstance(events, tuple | list) or len(events) not in {2, 3}:
        raise TypeError(f"At {value:g}: wanted (y, scores) or (y, scores, weights).")
    y, scores, weights = (*events, None)[:3]
    given = scores_of(scores)
    scores = {as_name(name): score for name, score in given.items()}
    if not scores or len(scores) < len(given):
        fault = "two models have the same name" if scores else "no model has scores"
        raise ValueError(f"At {value:g}: {fault}.")
    for name, score in scores.items():
        try:
            check_size("weights", weights)
            stats.cut_table(y, score, weights, thresholds=[0.0])
            check_yields(y, weights)
        except (TypeError, ValueError) as error:
            raise type(error)(f"At {value:g}, model {name!r}: {error}") from error
    scores = {name: np.asarray(score, dtype=float) for name, score in scores.items()}
    weights = None if weights is None else np.asarray(weights, dtype=float)
    return Sample(value, np.asarray(y).astype(bool), scores, weights)


def as_trained(trained, models, dedicated):
    """Training values of each model; None for the dedicated one, which has its own at each."""
    if not isinstance(trained, dict):
        trained = dict.fromkeys(models, trained)
    trained = {as_name(name): values for name, values in trained.items()}
    wanted = [name for name in models if name != dedicated]
    unknown = [name for name in trained if name not in models]
    missing = [name for name in wanted if name not in trained]
    if unknown or missing:
        raise ValueError(
            f"trained names {', '.join(map(repr, trained))}: wanted the training values of "
            f"{', '.join(map(repr, wanted))}."
        )
    return {name: as_values(trained[name]) for name in wanted} | {dedicated: None}


def as_values(values):
    array = np.atleast_1d(np.asarray(values))
    good = array.dtype.kind in "iuf" and array.ndim == 1 and array.size and np.isfinite(array).all()
    if not good:
        raise ValueError(
            "trained is the values of the parameter that were in training: finite numbers, "
            f"not {values!r}."
        )
    return array.astype(float)


def as_quantity(name, given, models, values):
    """Quantity of the user's own, from numbers or pairs of number and error."""
    if not isinstance(given, dict) or not given or not set(map(as_name, given)) <= set(models):
        raise ValueError(
            f"quantity {name!r} is a dict from models ({', '.join(map(repr, models))}) to "
            "{value: number or (number, error)}."
        )
    rows = {}
    for model, by_value in given.items():
        if not isinstance(by_value, dict):
            raise TypeError(
                f"quantity {name!r} of {as_name(model)!r} is a dict from values of the parameter "
                f"to numbers, not {by_value!r:.40}."
            )
        if unknown := set(by_value) - set(values):
            raise ValueError(
                f"quantity {name!r} of {as_name(model)!r} is given at {unknown.pop()!r}, "
                "which is no value of this scan."
            )
        pairs = [as_pair(name, by_value.get(value, math.nan)) for value in values]
        rows[as_name(model)] = tuple(np.array(pairs, dtype=float).T)
    return Quantity(name, name, rows, own=False)


def as_pair(name, entry):
    pair = np.asarray(entry)
    if pair.dtype.kind not in "iuf" or pair.shape not in {(), (2,)}:
        raise ValueError(f"quantity {name!r} has {entry!r}: wanted a number or (number, error).")
    number, error = (float(pair), 0.0) if pair.shape == () else map(float, pair)
    if math.isinf(number) or not 0 <= error < math.inf:
        raise ValueError(f"quantity {name!r} has {entry!r}: wanted it finite, with an error ≥ 0.")
    return number, error


# ---------------------------------------------------------------- computing


def between(count, sizes):
    return int(np.clip(count, *sizes))


def common_axis(samples, model, scale):
    """Bin edges for the scores at all values, and the scale they are uniform on."""
    scores = np.concatenate([sample.scores[model] for sample in samples])
    edges, scale = axis_of(scores, scale)
    return thinner(edges, scale, between(BIN_BYTES // (BYTES_OF_BIN * len(samples)), BINS)), scale


class Settings(NamedTuple):
    """What is common to all values; ``lowest`` is the cut that every event passes."""

    models: list
    edges: np.ndarray
    lowest: float
    trained: dict
    dedicated: str | None
    sigma_b: float
    rows: int
    choose: dict


def make_point(sample, settings):
    """Compute all that is shown of one value."""
    scanned = settings.models[0]
    known = [model for model in settings.models if model in sample.scores]
    curves = {model: stats.roc_curve(*sample.events(model)) for model in known}
    histograms = by_class(sample.events(scanned), settings.edges)
    cuts = cuts_of(histograms, settings.lowest)
    drawn = {scanned: cuts}  # the slider must find no better one
    choose = settings.choose.get(sample.value, sample)
    return Point(
        value=sample.value,
        status=status_of(sample.value, settings.trained[scanned]),
        areas={model: (curve.auc, curve.auc_error) for model, curve in curves.items()},
        differences=differences_of(sample, known, settings.dedicated),
        best={m: best_of(sample, choose, m, drawn.get(m), settings.sigma_b) for m in known},
        cuts=cuts,
        histograms=histograms,
        curves={model: rows_of(sample.events(model), settings.rows) for model in known},
    )


def status_of(value, trained):
    """Say how a value stands to those in training; None means trained for it."""
    if trained is None or value in trained:
        return IN_TRAINING
    return BETWEEN if trained.min() < value < trained.max() else BEYOND


def differences_of(sample, known, dedicated):
    """AUC minus that of the dedicated model, with paired errors."""
    if dedicated not in known:
        return {}
    others = [model for model in known if model != dedicated]
    scores = np.array([sample.scores[model] for model in (dedicated, *others)])
    events = Events(sample.y, scores, sample.weights)
    if not all(has_weight(weights, weights) for weights in class_weights(events)):
        return dict.fromkeys(others, (math.nan, math.nan))
    return {model: auc_change(events, row, 0) for row, model in enumerate(others, start=1)}


def rows_of(events, count):
    return stats.cut_table(*events, stats.choose_thresholds(*events, count))


def best_of(sample, choose, model, drawn, sigma_b):
    """Choose a cut where enough background is left to trust it, and measure it on the sample."""
    events = choose.events(model)
    tables = [rows_of(events, CUTS)]
    if drawn is not None:
        same = choose is sample
        tables.append(drawn if same else stats.cut_table(*events, drawn.threshold))
    found = [best_in(cuts, sigma_b) for cuts in tables]
    best = max(found, key=lambda best: -math.inf if math.isnan(best.z) else best.z)
    if choose is sample or math.isnan(best.threshold):
        return best
    scan = stats.significance_scan(
        stats.cut_table(*sample.events(model), [best.threshold]), sigma_b=sigma_b
    )
    return Best(float(scan.significance[0]), float(scan.significance_error[0]), best.threshold)


def best_in(cuts, sigma_b):
    scan = scan_of(cuts, "Z", Options(sigma_b))
    if scan.best is None:
        return Best(math.nan, math.nan, math.nan)
    row = scan.best
    return Best(float(scan.values[row]), float(scan.errors[row]), float(cuts.threshold[row]))


def cuts_of(histograms, lowest):
    """Add up the yields above the lower edge of each bin, in the browser's order."""
    signal, background = (histograms[name] for name in ("signal", "background"))
    sums = [
        np.cumsum(column[::-1])
        for histogram in (signal, background)
        for column in (histogram.sumw, as_packed(histogram.sumw2))
    ]
    return stats.CutTable(
        np.append(signal.edges[-2:0:-1], lowest),
        *sums,
        *(float(column[-1]) for column in sums),
        int(signal.counts.sum()),
        int(background.counts.sum()),
    )


def in_units(squares):
    """Return squared errors in single precision, in units of the largest, and that unit."""
    unit = float(squares.max()) or 1.0
    return (squares / unit).astype("<f4"), unit


def as_packed(squares):
    """Return squared errors as the browser has them, so that both say the same digits."""
    column, unit = in_units(squares)
    return column.astype(float) * unit


def quantities_of(points, models, dedicated, sigma_b):
    """AUC, its difference from the dedicated model, best significance: over all values."""
    nothing = (math.nan, math.nan)

    def rows(attribute, names):
        pairs = {m: [getattr(p, attribute).get(m, nothing)[:2] for p in points] for m in names}
        return {model: tuple(np.array(column).T) for model, column in pairs.items()}

    found = [Quantity("AUC", "AUC", rows("areas", models))]
    if dedicated is not None:
        others = [model for model in models if model != dedicated]
        title = tr("AUC − dedicated")
        found.append(Quantity("Δ AUC", title, rows("differences", others), zero=True))
    title = title_of("Z", Options(sigma_b))
    return [*found, Quantity("Z", title, rows("best", models), zero=True)]


# ---------------------------------------------------------------- what the browser draws


def packed_bins(points):
    """Contents of the bins at all values, and their squared errors."""
    columns = {}
    for key, kind in (("s", "signal"), ("b", "background")):
        each = [point.histograms[kind] for point in points]
        columns[key] = pack([histogram.sumw for histogram in each])
        squares, units = zip(*(in_units(histogram.sumw2) for histogram in each), strict=True)
        columns |= {f"{key}2": pack(squares, "<f4"), f"{key}Unit": pack(units)}
    return columns


def packed_curve(points, model, count):
    """Points (ε_s, ε_b, error of ε_b over ε_b) of all values in half precision, zeros if none."""
    table = np.zeros((len(points), 3, count))
    for row, point in enumerate(points):
        if model in point.curves:
            cuts = point.curves[model]
            with np.errstate(divide="ignore", invalid="ignore"):
                share = stats.errors_at_signal_efficiency(cuts)[0] / cuts.background_efficiency
            columns = np.array([cuts.signal_efficiency, cuts.background_efficiency, share])
            columns[:, ~np.isfinite(columns).all(axis=0)] = 0
            table[row, :, : len(cuts)] = columns
    return pack(np.clip(table, -6e4, 6e4), "<f2")


def highest_rejection(points):
    """Upper end of the axis of 1/ε_b."""
    shares = [cuts.background_efficiency for p in points for cuts in p.curves.values()]
    shares = np.concatenate(shares)
    shares = shares[shares > 0]
    return 2 * max(10.0, 1 / float(shares.min())) if shares.size else 20.0


# ---------------------------------------------------------------- words


def best_label(chosen):
    """Say where the best cuts were chosen: on these events they flatter."""
    return tr("best Z, cut chosen elsewhere") if chosen else tr("best Z on these events")


def rule_of(chosen):
    """Say which cuts are called best."""
    text = (
        later("best on other events, with {n} effective background ones; faded: fewer")
        if chosen
        else later("best on these events, with {n} effective background ones; faded: fewer")
    )
    return tr(text, n=stats.ENOUGH_BACKGROUND)


def lead_of(point, first, dedicated, chosen):
    """Labels and values that depend on the parameter only."""
    yield "AUC", with_error(*point.areas[first])
    if dedicated is not None:
        known = dedicated in point.areas
        yield tr("dedicated"), with_error(*point.areas[dedicated]) if known else NOTHING
        yield "Δ", with_error(*point.differences[first]) if known else NOTHING
    yield best_label(chosen), with_error(*point.best[first][:2])
