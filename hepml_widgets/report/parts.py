"""What a report says of the events: every number on the page, before anything is drawn."""

from dataclasses import dataclass

import numpy as np

from hepml import stats
from hepml_widgets.core.scores import has_weight

__all__ = ["Input", "calibrations", "inputs_of", "matrices", "rankings", "shown_of"]

BINS = 30
TAIL = 0.15  # of the range of 99 % of the events: an axis is cut if it goes on for longer
MOST_SHOWN = 40  # variables that get a picture and a row of the matrices
MODELS, FEWER = 4, 24  # with more models than these there is room for fewer
LOOKED_AT = 200_000  # events that the edges of bins are chosen from
RANKED = 5_000  # events of each class that variables are shuffled among
SUSPECT = 0.001  # share of events that makes a lone, far value look like a code for "none"


@dataclass(frozen=True, eq=False)
class Input:
    """One feature: histograms of both classes, and what can be said in numbers.

    Attributes
    ----------
    place : int
        Its number among the features.
    name : str
    histograms : dict of str to hepml.stats.ScoreHistogram
        ``signal`` and ``background``; end bins hold what lies beyond the axis.
    separation : hepml.stats.Separation
    mean, spread, missing : dict of str to float
        Weighted mean, standard deviation, and share of the yield without a value, by class.
    beyond : float
        Share of the events that lie beyond the axis.
    suspect : float or None
        A lone value far below all others, which may be a code for "none".
    ends : dict of str to set
        Smallest and largest value of each class; one where they are the same, none without values.
    """

    place: int
    name: str
    histograms: dict
    separation: stats.Separation
    mean: dict
    spread: dict
    missing: dict
    beyond: float
    suspect: float | None
    ends: dict

    @property
    def is_constant(self):
        """Whether all events have the same value."""
        return len(set().union(*self.ends.values())) <= 1

    @property
    def is_label(self):
        """Whether all events of a class have the same value, and those of the other another one."""
        return not self.is_constant and all(len(ends) <= 1 for ends in self.ends.values())


def inputs_of(sample, progress):
    """Histograms and numbers of every feature.

    Parameters
    ----------
    sample : Sample
    progress : callable
        Called with (share done, what is done).

    Returns
    -------
    list of Input
    """
    names = sample.features.names
    found = []
    for place, name in enumerate(names):
        progress(place / len(names), "input variables")
        found.append(input_of(place, str(name), sample.column(place), sample))
    return found


def input_of(place, name, values, sample):
    known = ~np.isnan(values) if values.dtype.kind == "f" else None
    known = None if known is None or known.all() else known
    step = max(1, len(values) // LOOKED_AT)
    looked = values[::step] if known is None else values[::step][known[::step]]
    looked = looked.astype(float)
    edges = edges_of(looked) if looked.size else np.array([-0.5, 0.5])
    parts = {kind: of_kind(values, known, *own) for kind, own in sample.kinds.items()}
    moments = {kind: moments_of(*part) for kind, part in parts.items()}
    histograms = {kind: filled(*part, edges) for kind, part in parts.items()}
    beyond = sum(np.count_nonzero((v < edges[0]) | (v > edges[-1])) for v, _ in parts.values())
    return Input(
        place,
        name,
        histograms,
        stats.separation(histograms["signal"], histograms["background"]),
        {kind: one[0] for kind, one in moments.items()},
        {kind: one[1] for kind, one in moments.items()},
        {kind: lacking(sample, known, kind == "signal") for kind in parts},
        beyond / max(sum(len(v) for v, _ in parts.values()), 1),
        suspect_of(looked),
        {kind: ends_of(v) for kind, (v, _) in parts.items()},
    )


def of_kind(values, known, rows, weights):
    """Values of one class that are there, and their weights."""
    own = values[rows]
    if known is None:
        return own, weights
    is_there = known[rows]
    return own[is_there], None if weights is None else weights[is_there]


def ends_of(values):
    return {values.min(), values.max()} if len(values) else set()


def edges_of(values):
    """Choose bin edges: one bin per value for few whole numbers, else equal, without long tails."""
    with np.errstate(over="ignore", invalid="ignore"):
        edges = _usual_edges(values)
        if len(edges) > 1 and np.isfinite(edges).all() and (np.diff(edges) > 0).all():
            return edges
    # Numbers that lie closer than floats can tell them apart, as identifiers do, or too far.
    ends, largest = np.array([values.min(), values.max()]) / 4, np.finfo(float).max / 4
    reach = BINS * np.spacing(np.abs(ends).max())
    low, high = np.clip((ends[0] - reach, ends[1] + reach), -largest, largest)
    return 4 * np.linspace(low, high, BINS + 1)


def _usual_edges(values):
    low, high = values.min(), values.max()
    if high - low < BINS and np.array_equal(values, np.floor(values)):
        return np.arange(low - 0.5, high + 1)
    if low >= 0 and high <= 1 and high - low > 0.5:
        return np.linspace(0, 1, BINS + 1)
    # Edges are those of the events: a rounded one would leave the end bins of an angle half empty.
    inner = np.quantile(values, [0.005, 0.995])
    reach = TAIL * (inner[1] - inner[0])
    low = inner[0] if inner[0] - low > reach > 0 else low
    high = inner[1] if high - inner[1] > reach > 0 else high
    if not high > low:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, BINS + 1)


def filled(values, weights, edges):
    if not len(values):
        nothing = np.zeros(len(edges) - 1)
        return stats.ScoreHistogram(edges, nothing, nothing, nothing.astype(int), 0.0, 0.0)
    return stats.score_histogram(np.clip(values, edges[0], edges[-1]), weights, edges)


def moments_of(values, weights):
    """Weighted mean and standard deviation, NaN where weights leave none."""
    if not has_weight(values, weights):
        return np.nan, np.nan
    values = values.astype(float)
    start = values[0]  # so that nothing is left of what all values share
    values -= start
    total = len(values) if weights is None else weights.sum()
    mean = (values.sum() if weights is None else values @ weights) / total
    values -= mean
    variance = (values @ values if weights is None else (values * values) @ weights) / total
    return float(start + mean), float(np.sqrt(variance)) if variance >= 0 else np.nan


def lacking(sample, known, kind):
    """Share of the yield of a class that has no value."""
    if known is None:
        return 0.0
    weights = sample.of_class(kind)
    return float(weights[~known].sum() / weights.sum())


def suspect_of(values):
    """Return the smallest value, if many events share it and all others are far away."""
    if not values.size:
        return None
    low = values.min()
    others = values[values != low]
    if not others.size or np.mean(values == low) < SUSPECT:
        return None
    typical = np.quantile(others, [0.01, 0.99])
    is_far = others.min() - low > 2 * (typical[1] - typical[0]) > 0
    return float(low) if is_far else None


def shown_of(inputs, models):
    """Features that get a picture: all, or the ones that separate most, in their order."""
    most = MOST_SHOWN if models <= MODELS else FEWER
    if len(inputs) <= most:
        return inputs
    chosen = sorted(inputs, key=lambda one: -np.nan_to_num(one.separation.value, nan=-1))
    return sorted(chosen[:most], key=lambda one: one.place)


def matrices(sample, inputs, progress):
    """Correlations of features and scores among each other, for signal and background.

    Parameters
    ----------
    sample : Sample
    inputs : list of Input
        The features to take.
    progress : callable

    Returns
    -------
    dict of str to ndarray
        First the features, then the scores.
    """
    columns = [sample.column(one.place) for one in inputs] + list(sample.scores.values())
    found = {}
    for kind in ("signal", "background"):
        progress(len(found) / 2, "correlations")
        found[kind] = stats.correlations(columns, sample.of_class(kind == "signal"))
    return found


# ---------------------------------------------------------------- models


def calibrations(test, train, prior):
    """Calibration of every score, or a sentence that says why there is none.

    Parameters
    ----------
    test, train : Sample
        ``train`` may be None.
    prior : float or None
        Share of signal that the scores were trained for; if None, that of the training sample,
        else of the events.

    Returns
    -------
    dict of str to hepml.stats.Calibration or str
    """
    if prior is None and train is not None:
        signal, background = (train.of_class(kind).sum() for kind in (True, False))
        prior = float(signal / (signal + background))
    return {name: calibration_of(test, score, prior) for name, score in test.scores.items()}


def calibration_of(test, score, prior):
    low, high = score.min(), score.max()
    if low < 0 or high > 1:
        return (
            f"The score runs from {low:.4g} to {high:.4g}: it is no probability, so there is "
            "nothing to calibrate."
        )
    return stats.calibration(test.y, score, test.weights, prior=prior)


def rankings(sample, scorers, *, events, repeats, rng, progress):
    """Permutation importance of every feature, for every model.

    Parameters
    ----------
    sample : Sample
    scorers : dict of str to callable
    events : int
        Of each class that take part, at most.
    repeats : int
    rng : numpy.random.Generator
    progress : callable

    Returns
    -------
    dict of str to hepml.stats.Importance
    numbers : tuple of int
        Events of both classes that took part.
    """
    rows = drawn_rows(sample.y, events, rng)
    table, y = sample.table(rows), sample.y[rows]
    weights = None if sample.weights is None else sample.weights[rows]
    found = {}
    for place, (name, scorer) in enumerate(scorers.items()):

        def step(done, total, place=place):
            progress((place + done / total) / len(scorers), "feature ranking")

        found[name] = stats.permutation_importance(
            scorer, table, y, weights, repeats=repeats, rng=rng, progress=step
        )
    return found, (int(y.sum()), int((~y).sum()))


def drawn_rows(y, most, rng):
    """Rows of at most so many events of each class: the AUC knows no shares of classes."""
    rows = [np.flatnonzero(y == kind) for kind in (True, False)]
    rows = [own if len(own) <= most else rng.choice(own, most, replace=False) for own in rows]
    return np.sort(np.concatenate(rows))
