"""From scores of single events and tests of whole samples to what an `AnomalyMonitor` shows."""

import math
import numbers
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import betainc, ndtri

from hepml import stats
from hepml.stats.events import as_columns
from hepml_widgets.core.language import later, tr
from hepml_widgets.core.numbers import (
    NOTHING,
    THIN,
    as_name,
    distinct,
    fixed,
    isolated,
    percent,
    probability,
    significant,
    with_error,
)
from hepml_widgets.core.payload import pack
from hepml_widgets.core.scores import BINS, axis_of, by_class
from hepml_widgets.core.validate import as_number, check_size, one_of

ROWS = 190  # thresholds
MOST_EVENTS = 20  # of the highest scores
MOST_BARS = 8  # features beside one event or one period
MOST_PERIODS = 60
MOST_LACKING = 3  # features named that lack values
FEWEST_REFERENCE = 20
FEWEST_NULL = 19  # permutations that a false-alarm rate of 5 % needs
RATES = (0.05, 0.01, 0.001)
LOG_FROM = 30  # a largest score this many times the median wants a logarithmic axis
SMALLEST = 1e-300  # what a p-value of 0 is drawn as
SCALES = ("auto", "linear", "log", "logit")


@dataclass(frozen=True, eq=False)
class Outlier:
    """One of the events with the highest scores.

    Attributes
    ----------
    row : int
        Which of the events given it is.
    score : float
    contributions : dict of str to float
        Every feature's, the largest magnitude first; empty if they are not known.
    values : dict of str to float
        The features themselves, if they were given.
    """

    row: int
    score: float
    contributions: dict
    values: dict


@dataclass(frozen=True, eq=False)
class Points:
    """Events above every threshold, rising: seen, and expected from the reference.

    Attributes
    ----------
    threshold, observed, observed_error, expected, expected_error, p_value : ndarray
        Weighted yields with their statistical errors, and how often chance alone gives as many
        as observed or more.
    total : float
        Weight of all events of today.
    edges : ndarray
    scale : {"linear", "log", "logit"}
    today, reference : ndarray
        Weights in the bins between ``edges``, the reference's brought to what is expected.
    outliers : list of Outlier
        The highest scores first.
    unit : str
        Of the contributions.
    beyond : int
        Today's events whose score is above all of the reference.
    beyond_p : float
        How often chance alone gives as much weight there.
    """

    threshold: np.ndarray
    observed: np.ndarray
    observed_error: np.ndarray
    expected: np.ndarray
    expected_error: np.ndarray
    p_value: np.ndarray
    total: float
    edges: np.ndarray
    scale: str
    today: np.ndarray
    reference: np.ndarray
    outliers: list
    unit: str
    beyond: int
    beyond_p: float

    COLUMNS = ("threshold", "observed", "observed_error", "expected", "expected_error", "p_value")

    @property
    def contamination(self):
        """Share of today's events that the reference does not explain, and its error."""
        error = np.hypot(self.observed_error, self.expected_error) / self.total
        return (self.observed - self.expected) / self.total, error

    def row(self, threshold):
        """Row of the nearest threshold, the lower one of two."""
        return int(np.abs(self.threshold - np.clip(threshold, *self.threshold[[0, -1]])).argmin())

    @cached_property
    def texts(self):
        """Thresholds with as many decimals as tell each from its neighbours."""
        write = probability if self.scale == "logit" else distinct
        rows = self.threshold
        return [
            write(cut, [*rows[max(i - 1, 0) : i], *rows[i + 1 : i + 2]])
            for i, cut in enumerate(rows)
        ]


@dataclass(frozen=True, eq=False)
class Period:
    """One run, hour or day: a two-sample statistic against what chance gives.

    Attributes
    ----------
    name : str
    statistic, error : float
        The larger, the more different; the error is NaN if it is not known.
    null : ndarray
        Statistics where there is no difference, e.g. of permuted labels, rising.
    p_value, p_global : float
        Share of the null as large, the one seen counted in; and that for the largest of as many
        independent periods as there are, 1 - (1 - p)^n.
    features : dict of str to tuple of float
        p-value of every feature, the smallest first: as given, and 1 - (1 - p)^d of d features.
    """

    name: str
    statistic: float
    error: float
    null: np.ndarray
    p_value: float
    p_global: float
    features: dict

    def limits(self, rate):
        """Return the ends of the null band; NaN where the permutations are too few for the rate.

        ``p_value <= rate`` exactly where the statistic is above the upper end.
        """
        k = math.floor(rate * (1 + len(self.null)) + 1e-9) - 1
        return (math.nan, math.nan) if k < 0 else (float(self.null[k]), float(self.null[-1 - k]))

    def is_alarm(self, rate):
        """Whether the statistic is above the band of this false-alarm rate."""
        return self.statistic > self.limits(rate)[1]

    @property
    def p_texts(self):
        """Both p-values as they are printed; the smallest that permutations give is a limit."""
        sign = "≤ " if self.p_value * (1 + len(self.null)) < 1.5 else ""
        return [f"{sign}{significant(p, 2)}" for p in (self.p_value, self.p_global)]


# ---------------------------------------------------------------- points


def make_points(reference, today, features, *, exposure, scale):
    """Compute all that is shown of single events.

    Parameters
    ----------
    reference, today : tuple of (scores, weights)
    features : tuple of (outliers_of, unit)
        Function from scores to a list of `Outlier`, and the unit of their contributions.
    exposure : float or None
        What the reference is multiplied with; None brings it to the weight of today.
    scale : str

    Returns
    -------
    Points
    """
    one_of("scale", scale, SCALES)
    events = joined(reference, today)
    edges, scale = score_axis(events[1], scale)
    cuts = stats.cut_table(*events, stats.choose_thresholds(*events, n=ROWS))
    factor = as_exposure(exposure, cuts)
    histograms = by_class(events, edges)
    columns = [column[::-1] for column in yields(cuts, factor, exposure is None)]
    outliers_of, unit = features
    return Points(
        cuts.threshold[::-1], *columns, cuts.total_signal, edges, scale,
        histograms["signal"].sumw, factor * histograms["background"].sumw,
        outliers_of(events[1][len(reference[0]) :]), unit,
        *beyond_all(reference, today, cuts, factor),
    )  # fmt: skip


def beyond_all(reference, today, cuts, factor):
    """Count today's events above all of the reference, and say how often chance does as much."""
    (highest, _), (scores, weights) = reference, today
    above = scores > highest.max()
    weights = (np.ones(len(scores)) if weights is None else weights)[above]
    rows = [np.array([value]) for value in (weights.sum(), np.sum(weights**2), 0.0, 0.0)]
    totals = cuts.total_signal, cuts.total2_signal, cuts.total_background, cuts.total2_background
    only = stats.CutTable(
        np.array([highest.max()]), *rows, *totals, cuts.n_signal, cuts.n_background
    )
    return int(above.sum()), float(p_of_excess(only, factor)[0])


def as_scores(name, scores, weights):
    """Scores and weights (or None) of one sample as arrays, checked."""
    try:
        check_size("weights", weights)
        stats.score_histogram(scores, weights, [0.0, 1.0])
    except (TypeError, ValueError) as error:
        raise type(error)(f"The {name} sample: {error}") from error
    scores = np.asarray(scores).astype(float)
    weights = None if weights is None else np.asarray(weights, dtype=float)
    if weights is not None and not weights.sum() > 0:
        raise ValueError(
            f"The {name} sample: its weights add up to {weights.sum():g}, wanted more than 0."
        )
    return scores, weights


def check_reference(scores):
    """Raise if there are too few events to know what is usual."""
    if len(scores) < FEWEST_REFERENCE:
        raise ValueError(
            f"The reference sample has {len(scores)} events: at least {FEWEST_REFERENCE} are "
            "wanted, to know what is usual."
        )


def joined(reference, today):
    """Labels (today is 1), scores and weights (None if neither sample has them) of all events."""
    scores = [sample[0] for sample in (reference, today)]
    y = np.repeat([False, True], [len(one) for one in scores])
    weights = [sample[1] for sample in (reference, today)]
    if all(one is None for one in weights):
        return y, np.concatenate(scores), None
    filled = [
        np.ones(len(score)) if weight is None else weight
        for score, weight in zip(scores, weights, strict=True)
    ]
    return y, np.concatenate(scores), np.concatenate(filled)


def score_axis(scores, scale):
    """Bin edges and the scale they are uniform on."""
    positive = scores.min() > 0
    if scale == "auto" and positive and scores.max() > LOG_FROM * np.median(scores):
        scale = "log"
    if scale != "log":
        return axis_of(scores, scale)
    if not positive:
        raise ValueError('scale="log" wants scores above 0.')
    low, high = scores.min(), scores.max()
    if low == high:
        low, high = low / 2, high * 2
    edges = np.geomspace(low, high, BINS + 1)
    edges[[0, -1]] = low, high
    return edges, scale


def as_exposure(exposure, cuts):
    if exposure is None:
        return cuts.total_signal / cuts.total_background
    if not as_number("exposure", exposure) > 0:
        raise ValueError(
            "exposure is what the reference is multiplied with, a number above 0, "
            f"not {exposure!r}."
        )
    return float(exposure)


def yields(cuts, factor, normalised):
    """Observed and expected above each cut, their errors, and the p-value of an excess."""
    observed, expected = cuts.sumw_signal, factor * cuts.sumw_background
    if normalised:
        total = cuts.total_signal
        errors = total * cuts.signal_efficiency_error, total * cuts.background_efficiency_error
    else:
        errors = np.sqrt(cuts.sumw2_signal), factor * np.sqrt(cuts.sumw2_background)
    return observed, errors[0], expected, errors[1], p_of_excess(cuts, factor)


def p_of_excess(cuts, factor):
    """Return the probability of as many events or more above each cut, if nothing has changed."""
    on, unit_on = counts(
        cuts.sumw_signal, cuts.sumw2_signal, cuts.total2_signal / cuts.total_signal
    )
    off, unit_off = counts(
        cuts.sumw_background, cuts.sumw2_background, cuts.total2_background / cuts.total_background
    )
    share = 1 / (1 + unit_on / (factor * unit_off))
    return np.where(on > 0, betainc(np.where(on > 0, on, 1.0), 1 + off, share), 1.0)


def counts(sumw, sumw2, usual):
    """Effective counts (Σw)²/Σw² and the weight of one; the usual weight where there are none."""
    some = sumw > 0
    unit = np.where(some, sumw2 / np.where(some, sumw, 1.0), usual)
    return np.where(some, sumw, 0.0) / unit, unit


# ---------------------------------------------------------------- outliers


def outlier_finder(today, reference, reference_weights, contributions):
    """Return the function that describes the highest scores, and the unit of contributions."""
    unit = "σ" if contributions is None and today else ""

    def find(scores):
        rows = np.argsort(-scores, kind="stable")[:MOST_EVENTS]
        values = {name: column[rows].astype(float) for name, column in today.items()}
        parts = {name: column[rows] for name, column in (contributions or {}).items()}
        if contributions is None:
            parts = {name: deviations(reference[name], reference_weights, values[name])
                     for name in values}  # fmt: skip
        return [
            Outlier(int(row), float(scores[row]), ranked(parts, i),
                    {name: float(column[i]) for name, column in values.items()})
            for i, row in enumerate(rows)
        ]  # fmt: skip

    return find, unit


def ranked(parts, i):
    found = {name: float(column[i]) for name, column in parts.items()}
    return dict(sorted(found.items(), key=lambda pair: -np.nan_to_num(abs(pair[1]), nan=-1)))


def deviations(reference, weights, values):
    """Quantile of each value among the reference, as a deviation of a normal variable.

    An atom counts half. One effective event is added, half on each side: what lies beyond all of
    the reference is as far out as so many events can tell. A missing value is as far out as it is
    rare there, on either side.
    """
    weights = np.ones(len(reference)) if weights is None else weights
    here, there = ~np.isnan(values), ~np.isnan(reference)
    total = weights.sum()
    one = np.square(weights).sum() / total
    lacking = (weights[~there].sum() + one) / (total + one)
    found = np.full(len(values), -ndtri(np.clip(lacking, one / (total + one), 1) / 2))
    if there.any() and here.any() and weights[there].sum() > 0:
        found[here] = quantiles(reference[there], weights[there], values[here])
    elif here.any():
        found[here] = -ndtri(one / 2 / (total + one))  # none of the reference has a value
    return found


def quantiles(reference, weights, values):
    order = np.argsort(values, kind="stable")
    rising = values[order]
    total = weights.sum()
    unit = np.square(weights).sum() / total
    below, upto = (
        np.cumsum(np.bincount(np.searchsorted(rising, reference, side), weights, len(rising) + 1))
        for side in ("right", "left")
    )
    share = ((below + upto)[:-1] / 2 + unit / 2) / (total + unit)
    least = unit / 2 / (total + unit)
    found = np.empty(len(values))
    found[order] = ndtri(np.clip(share, least, 1 - least))
    return found


def as_features(name, table, count, names):
    """Columns of a table of features by name, one entry per event."""
    if table is None:
        return {}
    given = as_columns(name, table, names, missing=name != "contributions")
    columns = {as_name(key): column for key, column in given.items()}
    if len(columns) < len(given):
        raise ValueError(f"Two features of {name} have the same name.")
    length = len(next(iter(columns.values())))
    if length != count:
        raise ValueError(f"{name} has {length} events, but there are {count} scores.")
    return columns


def missing_words(names, *samples):
    """Say which features lack values, and how many events of each sample; empty if none does."""
    lacking = {}
    for name in dict.fromkeys(name for columns in samples for name in columns):
        counts = [
            int(np.isnan(columns[name]).sum()) if name in columns else 0 for columns in samples
        ]
        if any(counts):
            lacking[name] = counts
    if not lacking:
        return ""
    first = list(lacking)[:MOST_LACKING]
    parts = [f"{own(name, 14)} {tr(' and ').join(map(str, lacking[name]))}" for name in first]
    left = len(lacking) - len(first)
    features = ", ".join(parts) + (tr(", and {n} more", n=left) if left else "")
    samples_are = tr(" and ").join(own(name, 12) for name in names)
    return tr("no value: {features} ({samples})", features=features, samples=samples_are)


# ---------------------------------------------------------------- populations


def make_periods(populations, null, ks, alone):
    """Compute all that is shown of whole samples.

    Parameters
    ----------
    populations, null, ks : dict
        As in `AnomalyMonitor`.
    alone : str
        What a single period is called.

    Returns
    -------
    list of Period
    """
    if not isinstance(populations, dict):
        if not isinstance(populations, numbers.Real | tuple):
            raise TypeError(
                "populations is a dict from periods to numbers; one period alone is a number or a "
                f"tuple (number, error), not of type {type(populations).__name__}."
            )
        populations, ks = {alone: populations}, None if ks is None else {alone: ks}
    if not 1 <= len(populations) <= MOST_PERIODS:
        raise ValueError(f"1 to {MOST_PERIODS} periods can be shown, not {len(populations)}.")
    names = [as_name(name) for name in populations]
    if len(set(names)) < len(names):
        raise ValueError("Two periods have the same name.")
    nulls, tests = nulls_of(null, names), tests_of(ks, names)
    found = zip(names, populations.values(), strict=True)
    return [
        make_period(name, as_pair(name, one), nulls[name], tests.get(name, {}), len(names))
        for name, one in found
    ]


def make_period(name, pair, null, tests, trials):
    statistic, error = pair
    as_large = len(null) - int(np.searchsorted(null, statistic, side="left"))
    p_value = (1 + as_large) / (1 + len(null))
    features = {
        feature: (p, stats.sidak(p, len(tests)))
        for feature, p in sorted(tests.items(), key=lambda item: item[1])
    }
    return Period(name, statistic, error, null, p_value, stats.sidak(p_value, trials), features)


def as_pair(name, entry):
    """Return the statistic of a period and its error, NaN if it is not known."""
    pair = np.asarray(entry)
    if pair.dtype.kind not in "iuf" or pair.shape not in {(), (2,)}:
        raise ValueError(f"Period {name!r} has {entry!r}: wanted a number or (number, error).")
    number, error = (float(pair), math.nan) if pair.shape == () else map(float, pair)
    if not math.isfinite(number) or error < 0 or math.isinf(error):
        raise ValueError(f"Period {name!r} has {entry!r}: wanted it finite, with an error ≥ 0.")
    return number, error


def nulls_of(null, names):
    """Return the null of every period, rising, from one for all, a dict, or one row each."""
    if null is None:
        raise ValueError(
            "populations need null=: statistics where there is no difference, e.g. of permuted "
            "labels, one array for all periods or a dict of them."
        )
    if isinstance(null, dict):
        by_name = {as_name(name): values for name, values in null.items()}
        missing = [name for name in names if name not in by_name]
        if missing:
            raise ValueError(f"null has nothing for period {missing[0]!r}.")
        return {name: as_null(by_name[name]) for name in names}
    if np.ndim(null) == 2:
        if len(null) != len(names):
            raise ValueError(f"null has {len(null)} rows, but there are {len(names)} periods.")
        return dict(zip(names, map(as_null, null), strict=True))
    return dict.fromkeys(names, as_null(null))


def as_null(values):
    values = np.asarray(values)
    if values.dtype.kind not in "iuf" or values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError("null is finite numbers, one for each permutation.")
    if len(values) < FEWEST_NULL:
        raise ValueError(
            f"null has {len(values)} permutations: at least {FEWEST_NULL} are wanted, for a "
            "false-alarm rate of 5 %."
        )
    return np.sort(values.astype(float))


def tests_of(ks, names):
    """Return p-values by feature of every period that has them."""
    if ks is None:
        return {}
    if not isinstance(ks, dict) or not all(isinstance(one, dict) for one in ks.values()):
        raise TypeError("ks is a dict from periods to dicts from features to p-values.")
    by_name = {as_name(name): one for name, one in ks.items()}
    unknown = [name for name in by_name if name not in names]
    if unknown:
        raise ValueError(f"ks has {unknown[0]!r}, which is no period of populations.")
    return {
        name: {as_name(feature): as_p_value(feature, p) for feature, p in one.items()}
        for name, one in by_name.items()
    }


def as_p_value(feature, entry):
    """Return a p-value, given as a number or as a test that has one."""
    value = getattr(entry, "p_value", entry)
    number = np.asarray(value)
    if number.dtype.kind not in "iuf" or number.ndim or not 0 <= number <= 1:
        raise ValueError(
            f"ks of {str(feature)!r} is {value!r}: wanted a p-value from 0 to 1, or a test."
        )
    return float(number)


# ---------------------------------------------------------------- words


def own(name, length=22):
    """Return a user's name as it stands in a sentence."""
    return isolated(name, length)


MORE = later(
    "Points: {n} above the threshold, {expected} expected: more outliers than usual (p {p})."
)
NO_MORE = later(
    "Points: {n} above the threshold, {expected} expected: no more outliers than usual (p {p})."
)


def point_words(points, row, rate):
    """Say whether there are more outliers than usual."""
    seen = count_text(points.observed[row])
    expected = with_error(points.expected[row], points.expected_error[row])
    p = points.p_value[row]
    n = tr("1 event") if seen == "1" else tr("{n} events", n=seen)
    values = {"n": n, "expected": expected, "p": significant(p, 2)}
    return f"{tr(MORE if p <= rate else NO_MORE, **values)} {beyond_words(points)}"


def beyond_words(points):
    """Say how many events are stranger than all of the reference."""
    if not points.beyond:
        return tr("None is beyond all of the reference.")
    p = significant(points.beyond_p, 2)
    if points.beyond == 1:
        return tr("1 is beyond all of the reference (p {p}).", p=p)
    return tr("{n} are beyond all of the reference (p {p}).", n=points.beyond, p=p)


def beyond_head(points):
    """Count them for the line on top; empty if there is none."""
    if not points.beyond:
        return ""
    if points.beyond == 1:
        return tr(" 1 event beyond all of the reference.")
    return tr(" {n} events beyond all of the reference.", n=points.beyond)


def others_words(periods, rate):
    """Say how many periods but the last raise an alarm; empty if there are no others."""
    before = periods[:-1]
    if not before:
        return ""
    known = [one for one in before if not math.isnan(one.limits(rate)[1])]
    found, expected = alarms(known, rate), significant(len(known) * rate, 2)
    values = {"found": found, "n": len(known), "expected": expected}
    if found == 1:
        return tr(" Other periods: 1 alarm in {n}, {expected} expected by chance.", **values)
    return tr(" Other periods: {found} alarms in {n}, {expected} expected by chance.", **values)


def count_text(value):
    """Write a number of events: all digits if it is a whole one."""
    return fixed(value, 0) if value == math.floor(value) else significant(value)


def contribution_text(value, unit):
    """Write a deviation to one decimal, any other contribution as it comes."""
    if math.isnan(value):
        return NOTHING
    return f"{fixed(value, 1)} {unit}" if unit else significant(value)


def outlier_text(outlier):
    return tr("event {n}, score {score}", n=outlier.row, score=significant(outlier.score))


def bar_name(outlier, feature):
    """Name of a feature, and its value if it is known: as short as the panel is narrow."""
    value = outlier.values.get(feature)
    if value is None:
        return [own(feature), ""]
    return [own(feature), tr(" has no value") if math.isnan(value) else f" = {significant(value)}"]


def statistic_text(period):
    known = not math.isnan(period.error)
    value = period.statistic
    return with_error(value, period.error) if known else significant(value, 4)


def limit_text(period, rate):
    return significant(period.limits(rate)[1], 4)


def rate_text(rate):
    """Write a false-alarm rate."""
    return f"{100 * rate:g}{THIN}%"


def chance_text(rate):
    return f"{100 * (1 - rate):g}{THIN}%"


def wanted_permutations(rate):
    return math.ceil(1 / rate - 1e-9) - 1


def alarms(periods, rate):
    return sum(period.is_alarm(rate) for period in periods)


DIFFERS = later(
    "Population: {text} differs ({title} {value}, chance stays below {limit} in {share}){why}."
)
ALIKE = later(
    "Population: {text} is like the reference ({title} {value}, chance stays below {limit} in "
    "{share}){why}."
)


def population_words(periods, i, rate, statistic):
    """Say whether a sample differs as a whole, by what, and how surprising that is."""
    period, count = periods[i], len(periods)
    if math.isnan(period.limits(rate)[1]):
        return tr(
            "Population: {n} values of the null cannot tell {rate}: at least {wanted} are wanted.",
            n=len(period.null),
            rate=rate_text(rate),
            wanted=wanted_permutations(rate),
        )
    alarm = period.is_alarm(rate)
    said = tr(
        DIFFERS if alarm else ALIKE,
        text=own(period.name),
        title=own(statistic),
        value=statistic_text(period),
        limit=limit_text(period, rate),
        share=chance_text(rate),
        why=reason(period, rate, alarm),
    )
    if count == 1:
        return said
    if alarm and period.p_global > rate:
        said += tr(" Among {n} periods that is no surprise (p {p}).", n=count, p=period.p_texts[1])
    values = {"found": alarms(periods, rate), "expected": significant(count * rate, 2)}
    return said + tr(
        " Alarms: {found} in {n} periods, {expected} expected by chance.", n=count, **values
    )


def reason(period, rate, alarm):
    if not period.features:
        return ""
    name, (_, p) = next(iter(period.features.items()))
    if p <= rate:
        text = later(", chiefly by {name}") if alarm else later(", though {name} alone differs")
        return tr(text, name=own(name))
    return tr(", though no feature alone does") if alarm else ""


CONCLUSIONS = (
    (later("Neither points nor population: nothing beyond chance."),
     later("Population, not points: shifted as a whole, with no more outliers than usual.")),
    (later("Points, not population: more outliers than usual, and no shift beyond chance."),
     later("Points and population: more outliers, and shifted as a whole.")),
)  # fmt: skip


# ---------------------------------------------------------------- what the browser draws


def packed_points(points):
    shown = [
        {
            "text": outlier_text(one),
            "row": one.row,
            "score": one.score,
            "names": [bar_name(one, name) for name in list(one.contributions)[:MOST_BARS]],
            "values": pack(list(one.contributions.values())[:MOST_BARS]),
        }
        for one in points.outliers
    ]
    return {
        **{name: pack(getattr(points, name)) for name in Points.COLUMNS},
        "texts": points.texts,
        "total": points.total,
        "beyond": points.beyond,
        "beyondP": points.beyond_p,
        "beyondWords": beyond_words(points),
        "beyondHead": beyond_head(points),
        "scale": points.scale,
        "range": [float(points.edges[0]), float(points.edges[-1])],
        "bins": len(points.edges) - 1,
        "today": pack(points.today),
        "reference": pack(points.reference),
        "unit": points.unit,
        "outliers": shown,
    }


def packed_periods(periods, statistic):
    names = sorted({name for period in periods for name in first_tests(period)})
    return {
        "names": [own(name) for name in names],
        "others": [others_words(periods, rate) for rate in RATES],
        "title": own(statistic),
        "domain": domain_of(periods),
        "reach": reach_of(periods),
        "chance": [chance_text(rate) for rate in RATES],
        "rates": [rate_text(rate) for rate in RATES],
        "wanted": [wanted_permutations(rate) for rate in RATES],
        "periods": [packed_period(period, names) for period in periods],
    }


def first_tests(period):
    return dict(list(period.features.items())[:MOST_BARS])


def packed_period(period, names):
    first = first_tests(period)
    return {
        "name": period.name,
        "text": own(period.name),
        "statistic": period.statistic,
        "error": known(period.error),
        "value": statistic_text(period),
        "p": [period.p_value, period.p_global],
        "pTexts": period.p_texts,
        "permutations": len(period.null),
        "bands": [list(map(known, period.limits(rate))) for rate in RATES],
        "limits": [limit_text(period, rate) for rate in RATES],
        "features": [names.index(name) for name in first],
        "tested": len(period.features),
        "ps": pack([p for p, _ in first.values()]),
    }


def known(value):
    return None if math.isnan(value) else float(value)


def domain_of(periods):
    """Return the ends of the axis: periods with errors and bands, and room for words above."""
    ends = [end for p in periods for rate in RATES for end in p.limits(rate)]
    errors = np.nan_to_num([p.error for p in periods])
    middle = np.array([p.statistic for p in periods])
    ends = np.array([*ends, *(middle - errors), *(middle + errors)])
    ends = ends[np.isfinite(ends)]
    low, high = ends.min(), ends.max()
    room = (high - low) or 0.1 * abs(high) or 1.0
    return [float(low - 0.1 * room), float(high + 0.3 * room)]


def reach_of(periods):
    """Upper end of the axis of -log10 p; a p-value of 0 goes to it."""
    found = [max(p, SMALLEST) for one in periods for _, p in one.features.values() if p > 0]
    return max(1.15 * -math.log10(min(found, default=1.0)), 4.0)


def point_parts(points, row):
    """Labels and numbers of a threshold."""
    excess, error = (100 * column[row] for column in points.contamination)
    yield tr("threshold"), points.texts[row]
    yield tr("above"), with_error(points.observed[row], points.observed_error[row])
    yield tr("expected"), with_error(points.expected[row], points.expected_error[row])
    yield "p", significant(points.p_value[row], 2)
    yield tr("flagged"), percent(points.observed[row] / points.total)
    yield tr("contamination"), f"{with_error(excess, error)}{THIN}%"


def period_parts(periods, i, statistic):
    """Labels and numbers of a period."""
    period = periods[i]
    local, after = period.p_texts
    yield tr("period"), own(period.name)
    yield own(statistic), statistic_text(period)
    yield "p", local
    if len(periods) > 1:
        yield tr("after {n} trials", n=len(periods)), after
