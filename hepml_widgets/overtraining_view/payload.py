"""From scores of training and test events to what an `OvertrainingView` shows and says."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hepml import stats
from hepml_widgets.core.directions import larger_is_better
from hepml_widgets.core.histories import flat_history
from hepml_widgets.core.language import later, tr
from hepml_widgets.core.numbers import fixed, isolated, p_text, significant, with_error
from hepml_widgets.core.payload import pack
from hepml_widgets.core.scores import (
    auc_change,
    axis_of,
    by_class,
    has_weight,
    scaled_like,
    thinner,
)

BINS = 40
MOST_STAGES = 30
MOST_POINTS = 3000  # numbers of learning curves in the table
CLASSES = ("signal", "background")
UNLIKELY = 0.01  # a p-value below is called a difference
SIGMAS = 3  # so is an AUC gap of so many errors
NOISE = 3  # a loss has moved if it did so by more than this many times its scatter
MEMORY = later(
    "The model remembers training events; harmless by itself, because an analysis uses new events: "
    "what counts is the learning curve."
)
UNLIKE = later(
    "Training events are not clearly ranked better: rather than a memory of the model, the "
    "samples themselves may differ; compare their selections and weights."
)
SMALL = 0.01  # and by more than this share of all it fell


@dataclass(frozen=True, eq=False)
class Stage:
    """Training and test scores of the model at one round, compared.

    Attributes
    ----------
    round : int or None
        None if there is one stage only.
    auc_train, auc_test, gap : tuple of float
        Value and standard error; ``gap`` is training minus test.
    tests : dict of str to hepml.stats.TwoSampleTest or None
        Training against test scores of each class; None where a class has no weight.
    histograms : dict of str to hepml.stats.ScoreHistogram
    """

    round: int | None
    auc_train: tuple
    auc_test: tuple
    tests: dict
    histograms: dict

    @property
    def gap(self):
        """AUC of training minus AUC of test, with its error."""
        (train, train_error), (test, test_error) = self.auc_train, self.auc_test
        return train - test, math.hypot(train_error, test_error)

    def p_value(self, name):
        """P-value of one class, NaN where there is no test."""
        test = self.tests[name]
        return math.nan if test is None else test.p_value

    @property
    def floor(self):
        """Smallest p-value that the permutations can give."""
        counts = [test.permutations for test in self.tests.values() if test]
        return 1 / (1 + counts[0]) if counts else math.nan

    @property
    def differs(self):
        """Whether training and test scores differ; None if that cannot be told."""
        known = [p for p in map(self.p_value, CLASSES) if not math.isnan(p)]
        if not known:
            return None
        value, error = self.gap
        return len(known) * min(known) < UNLIKELY or value > SIGMAS * error > 0

    def parts(self, unit):
        """Labels and numbers of the line under the panels, as the browser prints them."""
        lead = [] if self.round is None else [(unit, str(self.round))]
        return [
            *lead,
            (tr("AUC training"), with_error(*self.auc_train)),
            (tr("test"), with_error(*self.auc_test)),
            (tr("gap"), with_error(*self.gap)),
            ("p_s", p_text(self.p_value("signal"), self.floor)),
            ("p_b", p_text(self.p_value("background"), self.floor)),
        ]

    @property
    def answer(self):
        """Do training and test scores differ? A verdict and its reason."""
        if self.differs is None:
            return tr("It cannot be told: no class has weight in both samples.")
        gap = f"{with_error(*self.gap)}{self._pull}"
        reason = tr("{p_values}, AUC gap {gap}", p_values=self._p_words, gap=gap)
        if not self.differs:
            return tr("No difference is seen: {reason}.", reason=reason)
        value, error = self.gap
        said = tr("Yes: {reason}.", reason=reason)
        return f"{said} {tr(MEMORY if value > 2 * error else UNLIKE)}"

    @property
    def _p_words(self):
        kind = next(test.kind.upper() for test in self.tests.values() if test)
        values = [f"{tr(name)} {p_text(self.p_value(name), self.floor)}" for name in CLASSES]
        return tr("{kind} p-values {values}", kind=kind, values=", ".join(values))

    @property
    def _pull(self):
        value, error = self.gap
        return (
            f" ({fixed(value / error, 1)}\N{NO-BREAK SPACE}σ)"
            if error > 0 and math.isfinite(value)
            else ""
        )


@dataclass(frozen=True, eq=False)
class Curve:
    """A quantity measured on training and on new events, round by round.

    ``train_error`` and ``new_error`` are None where a history carries none; ``drop`` is the loss
    of ``new`` from the best round to the last, ``late`` what the last third gained; both are
    (value, error) and positive when the name says so.
    """

    name: str
    unit: str
    new_name: str
    rounds: np.ndarray
    train: np.ndarray
    new: np.ndarray
    train_error: np.ndarray | None = None
    new_error: np.ndarray | None = None
    drop: tuple | None = None
    late: tuple | None = None
    direction: str | None = None

    @property
    def maximised(self):
        """Whether larger is better, None if neither the history nor the name tells."""
        return larger_is_better(self.name) if self.direction is None else self.direction == "max"

    @cached_property
    def best(self):
        """Index of the best value on new events, None if none is finite or best is not known."""
        if self.maximised is None:
            return None
        return best_of(self.new, maximised=self.maximised)

    @cached_property
    def verdict(self):
        """``"rises"``, ``"falls"``, ``"flat"`` or ``"unknown"``: what the loss on new events does.

        ``"rises"`` is over-training that costs performance, whichever way the quantity counts.
        """
        if self.best is None or len(self.new) < 3:
            return "unknown"
        drop, late = self.changes
        if drop[0] > 0 and drop[0] > drop[1]:
            return "rises"
        return "falls" if late[0] > late[1] else "flat"

    @cached_property
    def changes(self):
        """Worsening since the best round and gain of the last third, each with what is noise."""
        if self.drop is not None:
            return tuple((value, 2 * error) for value, error in (self.drop, self.late))
        sign = 1 if self.maximised else -1
        values = sign * self.new
        threshold = max(NOISE * scatter(values), SMALL * abs(values[self.best] - values[0]))
        third = values[2 * len(values) // 3]
        return (values[self.best] - values[-1], threshold), (values[-1] - third, threshold)

    @property
    def answer(self):
        """Does longer training still help? A verdict and its reason."""
        if self.maximised is None:
            name = isolated(self.name, 24)
            return tr("It cannot be told: nobody says if {name} should be large.", name=name)
        if self.verdict == "unknown":
            return tr("It cannot be told: at least three finite values are wanted.")
        return SENTENCES[self.verdict](self)

    def amount(self, pair, kept):
        """Change in words; where errors are known, with its error."""
        value, error = kept or (pair[0], math.nan)
        return with_error(value, error)

    @property
    def what(self):
        """Name of the curve of new events."""
        return tr("{sample} {name}", sample=tr(self.new_name), name=isolated(self.name, 24))

    def at(self, row):
        """Name a round in a sentence."""
        n = self.rounds[row]
        return tr("round {n}", n=n) if self.unit == "round" else tr("epoch {n}", n=n)

    def kept(self, most):
        """Rows for at most so many points; the best and the last are among them."""
        rows = np.linspace(0, len(self.rounds) - 1, min(most, len(self.rounds))).astype(int)
        return np.union1d(rows, [] if self.best is None else [self.best]).astype(int)

    def packed(self, most):
        """Columns of the curve for the browser, thinned."""
        rows = self.kept(most)
        columns = {"rounds": self.rounds, "train": self.train, "new": self.new}
        errors = {"trainError": self.train_error, "newError": self.new_error}
        columns |= {name: column for name, column in errors.items() if column is not None}
        return {
            "name": self.name,
            "newName": tr(self.new_name),
            "best": -1 if self.best is None else int(np.searchsorted(rows, self.best)),
            "answer": self.answer,
            **{name: pack(column[rows]) for name, column in columns.items()},
        }


def rising(curve):
    best = curve.at(curve.best)
    drop = curve.amount(curve.changes[0], curve.drop)
    values = {"what": curve.what, "best": best, "drop": drop}
    said = (
        tr("No: {what} is best at {best} and has fallen by {drop} since.", **values)
        if curve.maximised
        else tr("No: {what} is best at {best} and has risen by {drop} since.", **values)
    )
    return said + tr(" This over-training costs performance: stop at {best}.", best=best)


def falling(curve):
    start = curve.at(2 * len(curve.rounds) // 3)
    late = curve.amount(curve.changes[1], curve.late)
    values = {"what": curve.what, "start": start, "late": late}
    said = (
        tr("Yes: since {start} {what} has risen by {late}.", **values)
        if curve.maximised
        else tr("Yes: since {start} {what} has fallen by {late}.", **values)
    )
    return said + tr(" Longer training may still help.")


def level(curve):
    start = curve.at(2 * len(curve.rounds) // 3)
    noise = significant(curve.changes[1][1], 1)
    return tr(
        "No longer: since {start} {what} has changed by less than its uncertainty of {noise}. "
        "Nothing is lost yet, nothing more is gained.",
        start=start,
        what=curve.what,
        noise=noise,
    )


SENTENCES = {"rises": rising, "falls": falling, "flat": level}


def best_of(values, *, maximised):
    values = np.where(np.isfinite(values), values if maximised else -values, -np.inf)
    return int(np.argmax(values)) if np.isfinite(values).any() else None


def scatter(values):
    """Estimate the standard deviation of single values around a smooth curve."""
    bends = np.diff(values[np.isfinite(values)], 2)
    return 1.4826 * np.median(np.abs(bends)) / math.sqrt(6) if bends.size else 0.0


# ---------------------------------------------------------------- stages


def make_stages(train, test, rounds, *, scale, test_of):
    """Compare training and test at every stage; the axis of the score is common to all.

    Parameters
    ----------
    train, test : Events
    rounds : sequence of int, or None
        One per stage; None for one stage without a number.
    scale : {"auto", "linear", "logit"}
    test_of : callable
        Two-sample test of ``(a, b, weights_a, weights_b)``.

    Returns
    -------
    list of Stage
    edges : ndarray
    scale : {"linear", "logit"}
    """
    last = np.concatenate([train.scores[-1], test.scores[-1]])
    ends = [end(scores) for scores in (train.scores, test.scores) for end in (np.min, np.max)]
    _, scale = axis_of(last, scale) if scale == "auto" else (None, scale)
    edges, scale = axis_of(np.append(last, ends) if scale == "linear" else last, scale)
    edges = thinner(edges, scale, BINS)
    stages = [
        make_stage(None if rounds is None else int(rounds[i]), i, (train, test), edges, test_of)
        for i in range(len(train.scores))
    ]
    return stages, edges, scale


def make_stage(label, index, samples, edges, test_of):
    train, test = samples
    areas = [stats.roc_curve(*events.stage(index)) for events in samples]
    histograms = by_class(test.stage(index), edges)
    histograms |= scaled_like(histograms, by_class(train.stage(index), edges))
    tests = {name: compare(name, index, train, test, test_of) for name in CLASSES}
    return Stage(label, *((area.auc, area.auc_error) for area in areas), tests, histograms)


def compare(name, index, train, test, test_of):
    """Test one class; None where it has no events, or weights that add up to zero."""
    a, weights_a = train.of_class(name, index)
    b, weights_b = test.of_class(name, index)
    if not (has_weight(a, weights_a) and has_weight(b, weights_b)):
        return None
    return test_of(a, b, weights_a, weights_b)


# ---------------------------------------------------------------- learning curves


def curves_of(history, unit):
    """Curves of a history that were measured on new events too.

    Raises
    ------
    TypeError, ValueError
        If it is no history, or has nothing measured on new events.
    """
    flat = flat_history(history)
    names = [name for name in flat if not name.startswith("val_") and f"val_{name}" in flat]
    if not names:
        raise ValueError(
            "history has no curve measured on training and on new events: wanted pairs like loss "
            "and val_loss, or evaluation sets of which one is called train; found "
            f"{', '.join(map(repr, flat))}."
        )
    told = getattr(history, "directions", {})
    curves = [
        curve_of(name, flat[name], flat[f"val_{name}"], (unit, told.get(name))) for name in names
    ]
    return sorted(curves, key=lambda curve: curve.maximised is not False)


def curve_of(name, train, new, kind):
    unit, direction = kind
    columns = [as_column(label, c) for label, c in ((name, train), (f"val_{name}", new))]
    if len({len(column) for column in columns}) > 1:
        counts = " and ".join(str(len(column)) for column in columns)
        raise ValueError(f"history has {counts} values of {name} and val_{name}: wanted as many.")
    if not len(columns[0]):
        raise ValueError(f"history has no values of {name}.")
    rounds = np.arange(1, len(columns[0]) + 1)
    return Curve(name, unit, later("validation"), rounds, *columns, direction=direction)


def as_column(name, values):
    try:
        return np.array([math.nan if v is None else float(v) for v in values])
    except (TypeError, ValueError) as error:
        raise TypeError(f"history: {name} holds something that is no number.") from error


def auc_curve(stages, test, unit):
    """AUC of every stage, with paired errors of its late changes."""
    train = np.array([stage.auc_train for stage in stages])
    new = np.array([stage.auc_test for stage in stages])
    best = best_of(new[:, 0], maximised=True)
    third = 2 * len(stages) // 3
    known = best is not None and np.isfinite(new[[-1, third], 0]).all()
    pairs = ((best, -1), (-1, third)) if known else ()
    rounds = np.array([stage.round for stage in stages])
    changes = [auc_change(test, *pair) for pair in pairs]
    columns = train[:, 0], new[:, 0], train[:, 1], new[:, 1]
    return Curve("AUC", unit, later("test"), rounds, *columns, *changes)
