"""Scores, ROC curves and significance while a mass or a nuisance parameter slides."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import traitlets

from hepml import stats
from hepml_widgets.core import traits
from hepml_widgets.core.base import View
from hepml_widgets.core.cuts import SIGMA_B
from hepml_widgets.core.language import spoken, tr
from hepml_widgets.core.numbers import (
    apart,
    as_name,
    distinct,
    isolated,
    percent,
    probability,
    quoted,
    shorten,
    with_error,
)
from hepml_widgets.core.payload import pack
from hepml_widgets.core.validate import as_number, name_or, one_of, two_names
from hepml_widgets.parameter_scan import figure
from hepml_widgets.parameter_scan.payload import (
    BETWEEN,
    CURVE_BYTES,
    CURVE_ROWS,
    IN_TRAINING,
    MOST_QUANTITIES,
    PLAIN_SYMBOL,
    Settings,
    as_choose,
    as_quantity,
    as_samples,
    as_trained,
    between,
    common_axis,
    highest_rejection,
    lead_of,
    make_point,
    packed_bins,
    packed_curve,
    quantities_of,
    rule_of,
    status_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["ParameterScan"]


class ParameterScan(View):
    """Slide a mass or a nuisance parameter, and see what a parameterised model does there.

    Above, a figure of merit of all models against the parameter; below, the score histograms and
    the ROC curves at the value where the slider stands. Values that were in training are filled
    markers, values where the model has to interpolate are hollow; the model dedicated to each
    value stands beside as squares and a dashed curve. The slider stops at the values given and
    nowhere else: nothing between them is invented.

    Parameters
    ----------
    samples : dict
        From each value of the parameter, 2 to 30 of them, to ``(y, scores)`` or
        ``(y, scores, weights)``: labels (1 or True for signal), scores of all events for *this*
        value, and one weight per event, of either sign. Scores are one array, or a dict of up to
        five models by name. The model that stands first is scanned and wanted at every value;
        others may be missing at some. For Z to be that of an experiment the weights must add up
        to cross-section times luminosity.
    trained : array_like or dict of str to array_like
        Values that were in training, of all models or by name. They need not all be shown.
    dedicated : str, optional
        Which of the models is trained at each value on its own: the one to compare with.
    name, unit : str, default "parameter" and ""
        What the parameter is called, e.g. "m_X", and its unit.
    quantities : dict, optional
        Up to two more figures of merit that you computed, by axis title, e.g.
        ``{"expected limit [pb]": {"parameterised": {500: (1.2, 0.1), ...}}}``: for each model,
        from values to numbers or to pairs of number and error.
    value : float, optional
        Where to begin; by default at the first value between those in training.
    threshold : float, optional
        The cut to begin with; by default the best one of the scanned model at ``value``.
    quantity : str, default "AUC"
        Figure of merit to begin with.
    sigma_b : float, default 0.1
        Relative systematic uncertainty of the background in Z, said beside it. The default is
        10 %: a background that is known exactly (0) is the exception.
    scale : {"auto", "linear", "logit"}, default "auto"
        Axis of the score, as in `RocExplorer`.
    names : tuple of str, default ("signal", "background")
        What the two classes are called.
    score_name : str, default "score"
        What the score is called: title of its axis.

    choose : dict, optional
        Other events, in the form of ``samples`` and at the same values: the best cuts are chosen
        on them and measured on ``samples``. Without, ``samples`` do both, and the view says that
        the best Z is that of the same events.

    Attributes
    ----------
    value : float
        Where the slider stands; what is set moves to the nearest value given.
    threshold : float
        Cut on the score of the scanned model, the same at all values; what is set moves to the
        nearest edge of a bin.
    quantity : str
        "AUC", "Δ AUC" (with a dedicated model), "Z" (each model at its best cut), or one of
        your own.
    points : list of Point
        Per value: ``value``, ``status``, ``areas``, ``differences``, ``best``, ``cuts``.
    point : Point
        That of ``value``.
    working_point : hepml.stats.WorkingPoint
        Scanned model at ``value`` and ``threshold`` (read-only; can be observed).

    Raises
    ------
    ValueError, TypeError
        If the samples are not usable; the sentence says at which value, of which model, and why.

    Notes
    -----
    All errors are statistical, from the finite samples. That of an AUC difference is paired: both
    models see the same events, so what they share cancels (`hepml.stats.RocCurve.auc_error` for
    the differences of what each event contributes). The spread of trainings from one seed to
    another is not in it. The band of a ROC curve is for a chosen ε_s: it contains what the finite
    signal moves the cut by. The best cut is sought among 300 and the slider's, of those that leave
    at least 25 effective background events (`hepml.stats.ENOUGH_BACKGROUND`): beyond, at a
    ``threshold`` of yours, Z may be larger and is a fluctuation, and is drawn faded. Without
    ``choose`` the best Z was picked on the events that measure it and is too large, by about its
    error (`hepml.stats.best_elsewhere`).

    "not in training" is a value between those in training, "beyond training" one outside their
    range, where a network extrapolates.

    Examples
    --------
    >>> samples = {m: (y[m], {"parameterised": net(x[m], m), "dedicated": nets[m](x[m])})
    ...            for m in (500, 750, 1000)}  # doctest: +SKIP
    >>> scan = ParameterScan(samples, trained=(500, 750), dedicated="dedicated",
    ...                      name="m_X", unit="GeV")  # doctest: +SKIP
    >>> scan.value = 1000  # doctest: +SKIP
    >>> scan.point.differences["parameterised"]  # doctest: +SKIP
    """

    _module = "parameter_scan"
    _drawn_by = figure.draw

    value = traits.Float(help="value of the parameter that is shown").tag(sync=True)
    threshold = traits.Float(help="the cut: score ≥ threshold passes").tag(sync=True)
    quantity = traitlets.Unicode("AUC", help="figure of merit shown").tag(sync=True)
    working_point = traitlets.Instance(stats.WorkingPoint, allow_none=True, read_only=True)

    def __init__(
        self,
        samples: Mapping[float, Any],
        *,
        trained: ArrayLike | Mapping[str, ArrayLike],
        dedicated: str | None = None,
        name: str = "parameter",
        unit: str = "",
        quantities: Mapping[str, Any] | None = None,
        value: float | None = None,
        threshold: float | None = None,
        quantity: str = "AUC",
        sigma_b: float = SIGMA_B,
        scale: str = "auto",
        names: tuple[str, str] = ("signal", "background"),
        score_name: str = "score",
        choose: Mapping[float, Any] | None = None,
    ) -> None:
        self.score_name = name_or("score", score_name)
        found, models = as_samples(samples)
        self._choose = as_choose(choose, found)
        one_of("scale", scale, ("auto", "linear", "logit"))
        self.names = two_names(names)
        self.name, self.unit = name_or("parameter", name), as_name(unit)
        self.sigma_b = as_sigma(sigma_b)
        self.dedicated, self.models = as_dedicated(dedicated, models)
        self.trained = as_trained(trained, self.models, self.dedicated)
        self.edges, self.scale = common_axis(found, self.scanned, scale)
        self._curve_rows = between(CURVE_BYTES // (6 * len(found) * len(models)), CURVE_ROWS)
        self.points = self._make_points(found)
        self.quantities = {one.name: one for one in self._make_quantities(quantities or {})}
        start = self._first_value() if value is None else as_number("value", value)
        cut = self._first_threshold(start) if threshold is None else threshold
        self._texts = apart(self.values)
        super().__init__(
            payload=self._make_payload(),
            value=start,
            threshold=as_number("threshold", cut),
            quantity=quantity,
        )
        self._settle()

    # ------------------------------------------------------------ what is shown

    @property
    def values(self) -> np.ndarray:
        """Values of the parameter, rising."""
        return np.array([point.value for point in self.points])

    @property
    def thresholds(self) -> np.ndarray:
        """Cuts on the score of the scanned model, rising."""
        return self.points[0].cuts.threshold[::-1]

    @property
    def scanned(self) -> str:
        """Name of the model that is scanned."""
        return self.models[0]

    @property
    def chosen(self) -> bool:
        """Whether the best cuts were chosen on other events."""
        return bool(self._choose)

    @property
    def point(self) -> Any:
        """What is known at ``value``."""
        return self.points[self._at]

    @property
    def shown(self) -> Any:
        """The figure of merit shown."""
        return self.quantities[self.quantity]

    @property
    def parameter(self) -> Any:
        """Name of the parameter and title of the axis along it."""
        name, unit = isolated(self.name, 16), isolated(self.unit, 8)
        return name, f"{name} [{unit}]" if unit else name

    @property
    @spoken
    def readout(self) -> str:
        """The line under the panels, digit for digit."""
        lead = f"{self.parameter[0]} {self._value_texts()[self._at]}"
        known = lead_of(self.point, self.scanned, self.dedicated, self.chosen)
        parts = [f"{label} {text}" for label, text in (*known, *self._cut())]
        return " · ".join([lead, tr(self.point.status), *parts])

    def significances(self) -> tuple[np.ndarray, np.ndarray]:
        """Significance of the scanned model at the threshold, at every value.

        Returns
        -------
        values, errors : ndarray, shape (n_values,)
        """
        row = len(self.thresholds) - 1 - self._row
        pairs = [(s.significance[row], s.significance_error[row]) for s in self._scans()]
        return tuple(np.array(pairs).T)

    @property
    def trusted(self) -> np.ndarray:
        """At which values enough background is left above the threshold, as for the best cut."""
        row = len(self.thresholds) - 1 - self._row
        return np.array([scan.trusted[row] for scan in self._scans()])

    def _scans(self):
        return [stats.significance_scan(p.cuts, sigma_b=self.sigma_b) for p in self.points]

    @spoken
    def describe(self) -> str:
        """Say what stands for the picture where it cannot be seen.

        Returns
        -------
        str
        """
        quantity, name = isolated(self.quantity, 24), self.parameter[0]
        return tr(
            "{quantity} against {name} at {n} values, score histograms and ROC curves at one of "
            "them; {readout}",
            quantity=quantity,
            name=name,
            n=len(self.points),
            readout=self.readout,
        )

    # ------------------------------------------------------------ making

    def _make_points(self, samples):
        lowest = min(self.edges[0], *(s.scores[self.scanned].min() for s in samples))
        settings = Settings(
            self.models, self.edges, lowest, self.trained, self.dedicated, self.sigma_b,
            self._curve_rows, self._choose,
        )  # fmt: skip
        return [make_point(sample, settings) for sample in samples]

    def _make_quantities(self, given):
        ours = quantities_of(self.points, self.models, self.dedicated, self.sigma_b)
        if not isinstance(given, dict) or len(given) > MOST_QUANTITIES:
            raise ValueError(
                f"quantities is a dict of at most {MOST_QUANTITIES}, from axis titles to models."
            )
        taken = {one.name for one in ours} & set(map(as_name, given))
        if taken:
            raise ValueError(f"The quantity {taken.pop()!r} is computed here: wanted another name.")
        theirs = [
            as_quantity(as_name(n), one, self.models, self.values) for n, one in given.items()
        ]
        return ours + theirs

    def _first_value(self):
        held_out = [point.value for point in self.points if point.status == BETWEEN]
        return held_out[0] if held_out else self.points[0].value

    def _first_threshold(self, value):
        best = self.points[nearest(self.values, value)].best[self.scanned].threshold
        return self.thresholds[len(self.thresholds) // 2] if math.isnan(best) else best

    def _value_texts(self):
        unit = isolated(self.unit, 8)
        return [f"{text} {unit}" if unit else text for text in self._texts]

    def _threshold_texts(self):
        cuts = self.thresholds
        write = probability if self.scale == "logit" else distinct
        return [
            write(cut, [*cuts[max(row - 1, 0) : row], *cuts[row + 1 : row + 2]])
            for row, cut in enumerate(cuts)
        ]

    def _make_payload(self):
        plain = not PLAIN_SYMBOL.fullmatch(self.name) or "_" in self.unit
        leads = [list(lead_of(p, self.scanned, self.dedicated, self.chosen)) for p in self.points]
        return {
            "names": list(self.names),
            "score": self.score_name,
            "name": self.parameter[0],
            "plain": plain,
            "axis": {"title": self.parameter[1], "plain": plain, "domain": widened(self.values)},
            "values": pack(self.values),
            "texts": self._value_texts(),
            "labels": [label for label, _ in leads[0]],
            "leads": [[tr(point.status), *(text for _, text in lead)]
                      for point, lead in zip(self.points, leads, strict=True)],
            "thresholds": pack(self.thresholds),
            "cuts": self._threshold_texts(),
            "scale": self.scale,
            "range": [float(self.edges[0]), float(self.edges[-1])],
            "bins": len(self.edges) - 1,
            "sigma": self.sigma_b,
            "rule": rule_of(self.chosen),
            **packed_bins(self.points),
            "rejection": highest_rejection(self.points),
            "rows": self._curve_rows,
            "models": [self._packed_model(model) for model in self.models],
            "quantities": [one.packed(self.models) for one in self.quantities.values()],
        }  # fmt: skip

    def _packed_model(self, model):
        statuses = [status_of(value, self.trained[model]) for value in self.values]
        return {
            "name": model,
            "filled": pack([status == IN_TRAINING for status in statuses], "u1"),
            "curves": packed_curve(self.points, model, self._curve_rows),
        }

    # ------------------------------------------------------------ state

    @property
    def _at(self):
        return nearest(self.values, self.value)

    @property
    def _row(self):
        return nearest(self.thresholds, self.threshold)

    def _cut(self):
        """Labels and numbers that depend on the threshold."""
        point, at = self.working_point, self._at
        yield tr("threshold"), self._threshold_texts()[self._row]
        yield "ε_s", percent(point.signal_efficiency)
        z, errors = self.significances()
        yield "Z", with_error(z[at], errors[at])

    @traitlets.validate("value", "threshold")
    def _snap(self, proposal):
        name, value = proposal.trait.name, proposal.value
        if math.isnan(value):
            raise traitlets.TraitError(f"{name} is NaN: wanted a number.")
        rows = getattr(self, f"{name}s")
        return float(rows[nearest(rows, value)])

    @traitlets.validate("quantity")
    def _known(self, proposal):
        if (name := as_name(proposal.value)) not in self.quantities:
            known = ", ".join(map(quoted, self.quantities))
            raise traitlets.TraitError(f"No quantity {quoted(name)}: there are {known}.")
        return name

    @traitlets.observe("value", "threshold")
    def _move(self, _change):
        self._settle()

    def _settle(self):
        row = len(self.thresholds) - 1 - self._row
        point = stats.working_point(self.point.cuts, threshold=self.point.cuts.threshold[row])
        self.set_trait("working_point", point)

    def __repr__(self):
        count = len(self.models)
        return (
            f"{type(self).__name__}({count} model{'s' * (count > 1)} at {len(self.points)} values, "
            f"{shorten(self.name)[1:-1]}={self._texts[self._at]})"
        )


def widened(values):
    """Return the ends of the axis, with room for markers beside each other."""
    room = 0.06 * (values[-1] - values[0])
    return [float(values[0] - room), float(values[-1] + room)]


def nearest(rising, value):
    """Index of the nearest number, the lower one of two."""
    return int(np.abs(rising - np.clip(value, rising[0], rising[-1])).argmin())


def as_dedicated(dedicated, models):
    """Name of the dedicated model, and all models with it in second place."""
    if dedicated is None:
        return None, models
    dedicated = as_name(dedicated)
    if dedicated not in models[1:]:
        others = ", ".join(map(repr, models[1:])) or "there is no other model"
        raise ValueError(
            f"dedicated is the name of a model beside the first, {models[0]!r} ({others}), "
            f"not {dedicated!r}."
        )
    return dedicated, sorted(models, key=lambda name: (name != models[0], name != dedicated))


def as_sigma(sigma_b):
    if (sigma_b := as_number("sigma_b", sigma_b)) < 0:
        raise ValueError(f"sigma_b is a relative uncertainty ≥ 0, not {sigma_b}.")
    return sigma_b
