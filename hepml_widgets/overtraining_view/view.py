"""Learning curve and train/test scores together, each with the question it answers."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import traitlets

from hepml import stats
from hepml_widgets.core import traits
from hepml_widgets.core.base import View
from hepml_widgets.core.language import later, spoken, tr
from hepml_widgets.core.numbers import as_name, joined, quoted
from hepml_widgets.core.payload import pack
from hepml_widgets.core.scores import Events
from hepml_widgets.core.validate import check_size, name_or, one_of, two_names
from hepml_widgets.overtraining_view import figure
from hepml_widgets.overtraining_view.payload import (
    CLASSES,
    MOST_POINTS,
    MOST_STAGES,
    auc_curve,
    curves_of,
    make_stages,
)

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["OvertrainingView"]

EMPTY = later("give history= to see it here")
UNKNOWN = later("Unknown: give history=, or the scores of every round, to see a learning curve.")


class OvertrainingView(View):
    """Two questions often taken for one, side by side: learning curve, train and test scores.

    *Does longer training still help?* If it rises, over-training costs performance: the
    learning curve tells. *Do training and test scores differ?* If they do, the model remembers
    training events; that alone harms nobody, as an analysis uses new ones. Both panels say their
    verdict and its reason in words.

    Parameters
    ----------
    y_train, y_test : array_like, shapes (n_train,) and (n_test,)
        1 or True for signal, 0 or False for background.
    score_train, score_test : array_like, shapes (n_train,) and (n_test,), or (n_rounds, n)
        Output of the classifier, larger for signal. With one row per epoch or boosting round a
        slider runs over the rounds; of more than 30 rows, 30 are taken, evenly.
    w_train, w_test : array_like, shapes (n_train,) and (n_test,), optional
        One weight per event, of either sign. Training weights may be scaled differently: each
        class of the training sample is drawn with the yield it has in the test sample.
    history : dict, keras.callbacks.History or TrainingMonitor, optional
        Curves in pairs like ``loss`` and ``val_loss``, one value per epoch or round.
    rounds : array_like of int, optional
        Number of the round of each row of scores; 1, 2, … if not given.
    unit : {"round", "epoch"}, default "round"
        What the training counts.
    statistic : {"ks", "cvm", "ad"}, default "ks"
        Distance of `hepml.stats.two_sample_test`.
    permutations : int, default 399
        For each p-value; its smallest value is 1 / (1 + permutations).
    rng : int or numpy.random.Generator, default 0
        Where the permutations come from.
    scale : {"auto", "linear", "logit"}, default "auto"
        Axis of the score, as in `RocExplorer`.
    names : tuple of str, default ("signal", "background")
        What the two classes are called.
    score_name : str, default "score"
        What the score is called: title of its axis.

    Attributes
    ----------
    round : int
        The round whose scores are shown; what is set moves to the nearest one given.
    curve : str
        Name of the learning curve shown.
    stage : Stage
        AUCs, gap and two-sample tests at ``round``.
    answers : tuple of str
        The two verdicts with their reasons.

    Raises
    ------
    ValueError, TypeError
        If the events are not usable; the sentence says what is wrong and where.

    Notes
    -----
    The verdict on the learning curve of staged scores rests on the *paired* error of an AUC
    difference on the same events; the best round was picked on these events, so its lead is
    a little too large. A history carries no errors: there the scatter from one epoch to the next
    is taken for them, and changes below 1 % of all that was learned are not counted. Scores are
    said to differ if the smaller of the two p-values, doubled, is below 1 %, or if the weighted
    AUC gap exceeds three of its errors.

    Examples
    --------
    >>> view = OvertrainingView(y_train, s_train, y_test, s_test, history=fit)  # doctest: +SKIP
    >>> view.answers[1]  # doctest: +SKIP
    >>> view.stage.gap  # doctest: +SKIP
    """

    _module = "overtraining_view"
    _drawn_by = figure.draw

    round = traits.Int(0, help="round whose scores are shown").tag(sync=True)
    curve = traitlets.Unicode(help="name of the learning curve shown").tag(sync=True)

    questions = (
        later("Does longer training still help?"),
        later("Do training and test scores differ?"),
    )
    invitation = EMPTY

    def __init__(  # noqa: PLR0917 - two samples of three arrays
        self,
        y_train: ArrayLike,
        score_train: ArrayLike,
        y_test: ArrayLike,
        score_test: ArrayLike,
        w_train: ArrayLike | None = None,
        w_test: ArrayLike | None = None,
        *,
        history: Any = None,
        rounds: ArrayLike | None = None,
        unit: str = "round",
        statistic: str = "ks",
        permutations: int = 399,
        rng: int | np.random.Generator = 0,
        scale: str = "auto",
        names: tuple[str, str] = ("signal", "background"),
        score_name: str = "score",
    ) -> None:
        self.score_name = name_or("score", score_name)
        one_of("scale", scale, ("auto", "linear", "logit"))
        one_of("unit", unit, ("round", "epoch"))
        train = as_events("training", y_train, score_train, w_train)
        test = as_events("test", y_test, score_test, w_test)
        labels, rows = rounds_of(train, test, rounds)
        train, test = pick(train, rows), pick(test, rows)
        chance = functools.partial(
            stats.two_sample_test,
            statistic=statistic,
            permutations=permutations,
            rng=np.random.default_rng(rng),
        )
        self.unit, self.names = unit, two_names(names)
        self.sizes = len(train.y), len(test.y)
        self.stages, self.edges, self.scale = make_stages(
            train, test, labels, scale=scale, test_of=chance
        )
        curves = [auc_curve(self.stages, test, unit)] if len(self.stages) > 1 else []
        curves += [] if history is None else curves_of(history, unit)
        self.curves = {curve.name: curve for curve in curves}
        last = self.stages[-1].round
        super().__init__(
            payload=self._make_payload(),
            curve=next(iter(self.curves), ""),
            round=0 if last is None else last,
        )

    @property
    def stage(self) -> Any:
        """What is shown of the scores."""
        return self.stages[self._index(self.round)]

    @property
    def shown_curve(self) -> Any:
        """The learning curve that is shown, None if there is none."""
        return self.curves.get(self.curve)

    @property
    @spoken
    def answers(self) -> Any:
        """Verdicts of both panels, with their reasons."""
        curve = self.shown_curve
        return (tr(UNKNOWN) if curve is None else curve.answer), self.stage.answer

    @property
    @spoken
    def readout(self) -> str:
        """The line under the panels, digit for digit."""
        parts = self.stage.parts(tr(self.unit))
        return joined(parts)

    @spoken
    def describe(self) -> str:
        """Say what stands for the picture where it cannot be seen.

        Returns
        -------
        str
        """
        pairs = zip(self.questions, self.answers, strict=True)
        return " ".join(f"{tr(question)} {answer}" for question, answer in pairs)

    def _make_payload(self):
        most = max(20, MOST_POINTS // (4 * max(len(self.curves), 1)))
        return {
            "names": list(self.names),
            "score": self.score_name,
            "unit": tr(self.unit),
            "questions": list(map(tr, self.questions)),
            "empty": tr(EMPTY),
            "unknown": tr(UNKNOWN),
            "curves": [curve.packed(most) for curve in self.curves.values()],
            "scale": self.scale,
            "range": [float(self.edges[0]), float(self.edges[-1])],
            "bins": len(self.edges) - 1,
            "rounds": [stage.round for stage in self.stages],
            "answers": [stage.answer for stage in self.stages],
            "floor": self.stages[0].floor,
            **{name: pack(column) for name, column in self._columns().items()},
            **self._histograms(),
        }

    def _columns(self):
        """One number per stage and quantity."""
        columns = {}
        for name in ("train", "test"):
            values, errors = zip(*(getattr(s, f"auc_{name}") for s in self.stages), strict=True)
            columns |= {name: values, f"{name}Error": errors}
        for name in CLASSES:
            columns[f"p_{name}"] = [stage.p_value(name) for stage in self.stages]
        return columns

    def _histograms(self):
        """Bin contents of all stages, in single precision and in units of the largest."""
        each = [stage.histograms for stage in self.stages]
        unit = max(float(np.abs(h.sumw).max()) for found in each for h in found.values()) or 1.0
        columns = {}
        for name in each[0]:
            contents = np.concatenate([found[name].sumw for found in each])
            columns[name] = pack(contents / unit, "<f4")
            if name.startswith("train"):
                squares = np.concatenate([found[name].sumw2 for found in each])
                columns[f"{name}_error"] = pack(np.sqrt(squares) / unit, "<f4")
        return {"histogram": columns, "unitContent": unit}

    def _index(self, value):
        if self.stages[0].round is None:
            return 0
        return int(np.argmin([abs(stage.round - value) for stage in self.stages]))

    @traitlets.validate("round")
    def _snap(self, proposal):
        return self.stages[self._index(proposal.value)].round or 0

    @traitlets.validate("curve")
    def _known(self, proposal):
        if self.curves and (name := as_name(proposal.value)) not in self.curves:
            known = ", ".join(map(quoted, self.curves))
            raise traitlets.TraitError(f"No curve {quoted(name)}: there are {known}.")
        return name if self.curves else ""

    def __repr__(self):
        n_train, n_test = self.sizes
        count = len(self.stages)
        stages = f", {count} {self.unit}s" if count > 1 else ""
        return f"{type(self).__name__}({n_train} training and {n_test} test events{stages})"


def as_events(kind, y, scores, weights):
    """Events of one sample; scores get one row per stage."""
    rows = np.asarray(scores)
    if rows.ndim not in (1, 2) or not rows.size:
        raise ValueError(
            f"The scores of the {kind} sample have shape {rows.shape}: wanted one per event, or "
            "(rounds, events) with at least one."
        )
    rows = np.atleast_2d(rows)
    for row in rows:
        try:
            check_size("weights", weights)
            stats.cut_table(y, row, weights, thresholds=[0.0])
        except (TypeError, ValueError) as error:
            raise type(error)(f"The {kind} sample: {error}") from error
    weights = None if weights is None else np.asarray(weights, dtype=float)
    return Events(np.asarray(y).astype(bool), rows.astype(float), weights)


def rounds_of(train, test, rounds):
    """Numbers of the stages shown (None for a single one without a number) and their rows."""
    count = len(train.scores)
    if len(test.scores) != count:
        raise ValueError(
            f"Training scores have {count} rounds and test scores {len(test.scores)}: wanted as "
            "many, one row per round."
        )
    if count == 1 and rounds is None:
        return None, [0]
    labels = np.arange(1, count + 1) if rounds is None else np.atleast_1d(rounds)
    rising = labels.dtype.kind in "iu" and (np.diff(labels) > 0).all()
    if labels.shape != (count,) or not rising:
        raise ValueError(f"rounds are {count} rising whole numbers, one per row of scores.")
    rows = np.unique(np.linspace(0, count - 1, min(count, MOST_STAGES)).astype(int))
    return labels[rows], rows


def pick(events, rows):
    return Events(events.y, events.scores[rows], events.weights)
