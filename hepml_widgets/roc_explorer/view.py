"""Scores, ROC curve and significance, linked by one threshold."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import traitlets

from hepml import stats
from hepml_widgets.core import traits
from hepml_widgets.core.base import View
from hepml_widgets.core.cuts import MERITS, SIGMA_B, Options
from hepml_widgets.core.language import spoken, tr
from hepml_widgets.core.numbers import as_name, quoted
from hepml_widgets.core.validate import check_size, name_or, one_of, sample_of, two_names
from hepml_widgets.roc_explorer import figure
from hepml_widgets.roc_explorer.bound import make_bound
from hepml_widgets.roc_explorer.payload import MOST_MODELS, make_model, rows_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["RocExplorer"]


class RocExplorer(View):
    """Drag a threshold over score histograms, a ROC curve and a significance scan.

    Every step is computed in the browser from one table of exact rows, at most 40 kB for any
    number of events and models. While a threshold is dragged nothing is sent; when it is let go,
    one message brings ``threshold`` (and with it ``working_point``) back to Python.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 or True for signal, 0 or False for background.
    scores : array_like, shape (n,), or dict of str to array_like
        Output of one classifier, or of up to eight by name; larger for signal.
    weights : array_like, shape (n,), optional
        One weight per event, of either sign. For S, B and Z to be those of an experiment they
        must add up to cross-section times luminosity.
    train : tuple of (y, scores) or (y, scores, weights), optional
        The training sample, drawn as points over the histograms, each class scaled to the yield
        it has in the test sample.
    bound : array_like, shape (n,), optional
        Exact log-likelihood ratio ln(p_s / p_b) of the same events, or any rising function of
        it, where the densities are known. No classifier is better (J. Neyman and E. S. Pearson,
        Phil. Trans. R. Soc. A 231 (1933) 289), so it is drawn as a curve of its own, and the
        readout says which share of its rejection is reached. With weights that vary within a
        class, the densities are those of the weighted events.
    threshold : float, optional
        Where to begin; by default at the best Z.
    sigma_b : float, default 0.1
        Relative systematic uncertainty of the background in Z, said beside it. The default is
        10 %: a background that is known exactly (0) is the exception.
    b_r : float, default 10
        Regularisation of the AMS, in events.
    scale : {"auto", "linear", "logit"}, default "auto"
        Axis of the score: "logit" resolves scores crowded at 0 and 1, and is what "auto" takes
        when more than half of them lie within 0.01 of the ends.
    names : tuple of str, default ("signal", "background")
        What the two classes are called.
    score_name : str, default "score"
        What the score is called: title of its axis.

    Attributes
    ----------
    threshold : float
        The cut, always one of the table's rows; what is set moves to the nearest.
    model : str
        Name of the classifier shown; another one is taken at the same signal efficiency.
    sigma_b, b_r : float
        As the parameters.
    merit : {"Z", "AMS", "SIC"}
        Figure of merit: Asimov significance, approximate median significance, ε_s / √ε_b.
    roc_axis : {"rejection", "linear", "gap"}
        1/ε_b on a logarithmic axis, ε_b on a linear one, or, with a bound, 1/ε_b over that of
        the bound at the same ε_s.
    bound : hepml.stats.RocCurve or None
        Curve of the exact bound, with its ``auc`` and ``auc_error``. What a model reaches of it
        at each of its cuts is ``explorer.models[name].gap``: arrays ``fraction`` and
        ``fraction_error``, and ``cuts`` of the bound.
    working_point : hepml.stats.WorkingPoint
        The row at the threshold (read-only; can be observed).

    Raises
    ------
    ValueError, TypeError
        If the events are not usable; the sentence names the model, what is wrong and where.

    Notes
    -----
    Errors are those of the finite samples, from sums of squared weights. Those of ε_b and 1/ε_b, in
    the band and in the readout, are for the ε_s beside them: they contain what the finite signal
    moves the cut by (see `hepml.stats.working_point`), as ``working_point`` does not, whose cut is
    fixed. Where weights leave a class fewer than 20 effective events, the readout gives their
    number: the error of the AUC is not to be trusted. The best point of a
    figure of merit is sought among cuts that keep at least 25 effective background events
    (`hepml.stats.ENOUGH_BACKGROUND`), which know B to 20 %; so says the panel, and where fewer
    are left the curve is thin and dotted: there a maximum is a fluctuation. Where Z has no
    meaning (negative or no background) a dash is shown, and ``non-monotone`` where negative
    weights make an efficiency fall while the cut loosens.

    ``reached`` is 1/ε_b of the model over that of the bound at the same ε_s, both on these
    events. So their errors are correlated: the error given counts the events that pass one of
    the two cuts and not the other, at a fixed cut on the score. On a finite sample a model may
    fluctuate above the bound. One that stays above by many errors saw these events in training,
    or the bound is not theirs.

    Examples
    --------
    >>> explorer = RocExplorer(y, {"BDT": bdt, "MLP": mlp}, weights)  # doctest: +SKIP
    >>> explorer.threshold = 0.8  # doctest: +SKIP
    >>> explorer.working_point.background_rejection  # doctest: +SKIP
    >>> explorer = RocExplorer(y, bdt, bound=GAUSS.log_ratio(x))  # doctest: +SKIP
    >>> explorer.roc_axis = "gap"  # doctest: +SKIP
    >>> explorer.bound.auc - explorer.shown.curve.auc  # doctest: +SKIP
    """

    _module = "roc_explorer"
    _drawn_by = figure.draw

    threshold = traits.Float(help="the cut: score ≥ threshold passes").tag(sync=True)
    model = traitlets.Unicode(help="name of the classifier shown").tag(sync=True)
    sigma_b = traits.Float(SIGMA_B, help="relative background uncertainty").tag(sync=True)
    b_r = traits.Float(10.0, help="regularisation of the AMS").tag(sync=True)
    merit = traitlets.Enum(list(MERITS), "Z", help="figure of merit").tag(sync=True)
    roc_axis = traitlets.Enum(["rejection", "linear", "gap"], "rejection", help="axis").tag(
        sync=True
    )
    working_point = traitlets.Instance(stats.WorkingPoint, allow_none=True, read_only=True)

    def __init__(
        self,
        y: ArrayLike,
        scores: ArrayLike | Mapping[str, ArrayLike],
        weights: ArrayLike | None = None,
        *,
        train: Any = None,
        bound: ArrayLike | None = None,
        threshold: float | None = None,
        sigma_b: float = SIGMA_B,
        b_r: float = 10.0,
        scale: str = "auto",
        names: tuple[str, str] = ("signal", "background"),
        score_name: str = "score",
    ) -> None:
        self.score_name = name_or("score", score_name)
        by_name = named(scores)
        training = dict.fromkeys(by_name) if train is None else split(train, by_name)
        self._models = {}
        self.names = two_names(names)
        one_of("scale", scale, ("auto", "linear", "logit"))
        check_size("weights", weights)
        self._bound = make_bound(y, bound, weights)
        rows = rows_for(len(by_name), bound=self._bound is not None)
        for name, score in by_name.items():
            with blamed(name, alone=not isinstance(scores, dict)):
                self._models[name] = make_model(
                    name,
                    (y, score, weights),
                    training[name],
                    rows=rows,
                    scale=scale,
                    bound=self._bound,
                )
        self._n_events = len(np.asarray(y))
        first = next(iter(self._models.values()))
        packed = [model.packed() for model in self._models.values()]
        self._signal_efficiency = math.nan
        start = first_threshold(first, Options(sigma_b, b_r)) if threshold is None else threshold
        super().__init__(
            payload={
                "names": list(self.names),
                "score": self.score_name,
                "models": packed,
                **self._packed_bound(),
            },
            model=first.name,
            sigma_b=sigma_b,
            b_r=b_r,
            threshold=start,
        )
        self._settle()

    @property
    def options(self) -> Any:
        """What the figure of merit depends on besides the yields."""
        return Options(self.sigma_b, self.b_r)

    @property
    def shown(self) -> Any:
        """The model that is shown."""
        return self._models[self.model]

    @property
    def models(self) -> dict[str, Any]:
        """All models by name, in the order given."""
        return dict(self._models)

    @property
    def bound(self) -> Any:
        """Curve of the exact bound; None if it was not given."""
        return self._bound and self._bound.curve

    @property
    def bound_text(self) -> Any:
        """AUC of the exact bound with its error, as printed."""
        return self._bound and self._bound.auc_text

    @property
    def bound_points(self) -> Any:
        """Points (ε_s, ε_b) along the exact bound, as drawn."""
        return self._bound and self._bound.points

    def _packed_bound(self):
        return {"bound": self._bound.packed()} if self._bound else {}

    @property
    def row(self) -> int:
        """Row of ``shown.cuts`` at the threshold."""
        return self.shown.row(self.threshold)

    @property
    @spoken
    def readout(self) -> str:
        """The line under the panels, digit for digit."""
        return self.shown.readout(self.row, self.merit, self.options)

    @property
    def best(self) -> float | None:
        """Threshold at which the figure of merit is largest, None if it is defined nowhere."""
        best = self.shown.scan(self.merit, self.options).best
        return None if best is None else float(self.shown.cuts.threshold[best])

    @spoken
    def describe(self) -> str:
        """Say what stands for the picture where it cannot be seen.

        Returns
        -------
        str
        """
        bound = f"{tr('exact bound')} AUC {self._bound.auc_text}; " if self._bound else ""
        what = tr("Score histograms, ROC curve and {merit} against threshold", merit=self.merit)
        return f"{what}; {bound}{self.readout}"

    @traitlets.validate("threshold")
    def _snap(self, proposal):
        value = proposal.value
        if math.isnan(value):
            raise traitlets.TraitError("threshold is NaN: wanted a score.")
        model = self._models[self.model or next(iter(self._models))]
        return float(model.cuts.threshold[model.row(value)])

    @traitlets.validate("model")
    def _known(self, proposal):
        if (name := as_name(proposal.value)) not in self._models:
            known = ", ".join(map(quoted, self._models))
            raise traitlets.TraitError(f"No model {quoted(name)}: there are {known}.")
        return name

    @traitlets.validate("roc_axis")
    def _measurable(self, proposal):
        if proposal.value == "gap" and not self._bound:
            raise traitlets.TraitError(
                'roc_axis="gap" compares with the exact bound: pass the log-likelihood ratio of '
                "the events as bound=."
            )
        return proposal.value

    @traitlets.validate("sigma_b", "b_r")
    def _positive(self, proposal):
        if not 0 <= proposal.value < math.inf:
            name, value = proposal.trait.name, proposal.value
            raise traitlets.TraitError(f"{name} is an uncertainty or a yield ≥ 0, not {value}.")
        return proposal.value

    @traitlets.observe("model")
    def _take_model(self, change):
        if change.old in self._models:
            row = self.shown.row_keeping(self._signal_efficiency)
            self.threshold = float(self.shown.cuts.threshold[row])
            self._settle()

    @traitlets.observe("threshold")
    def _move(self, _change):
        if self.model:
            self._settle()

    def _settle(self):
        point = stats.working_point(self.shown.cuts, threshold=self.threshold)
        self._signal_efficiency = point.signal_efficiency
        self.set_trait("working_point", point)

    def __repr__(self):
        count = len(self._models)
        text = self.shown.threshold_text(self.row)
        return (
            f"{type(self).__name__}({count} model{'s' * (count > 1)}, "
            f"{self._n_events} events, threshold={text})"
        )


def named(scores):
    """Scores by name; a single array gets the name "model"."""
    if not isinstance(scores, dict):
        return {"model": scores}
    by_name = {as_name(name): score for name, score in scores.items()}
    if len(by_name) != len(scores):
        raise ValueError("Two models have the same name.")
    if not 1 <= len(by_name) <= MOST_MODELS:
        raise ValueError(f"One to {MOST_MODELS} models can be compared, not {len(by_name)}.")
    return by_name


def split(train, by_name):
    """Training events of each model: (y, score, weights)."""
    y, scores, weights = sample_of(train, "y, scores")
    training = {next(iter(by_name)): scores} if not isinstance(scores, dict) else named(scores)
    if training.keys() != by_name.keys():
        raise ValueError(
            f"train has scores of {sorted(training)}, but the models are {sorted(by_name)}."
        )
    return {name: (y, score, weights) for name, score in training.items()}


@contextmanager
def blamed(name, *, alone):
    """Say of which model a complaint is."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if alone:
            raise
        raise type(error)(f"Model {quoted(name)}: {error}") from error


def first_threshold(model, options):
    """Threshold of the best Z; where there is none, the middle row."""
    best = model.scan("Z", options).best
    return float(model.cuts.threshold[len(model.cuts) // 2 if best is None else best])
