"""Strange events, and samples that are strange as a whole: which of the two it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import traitlets

from hepml_widgets.anomaly_monitor import figure
from hepml_widgets.anomaly_monitor.payload import (
    CONCLUSIONS,
    RATES,
    alarms,
    as_features,
    as_scores,
    beyond_head,
    check_reference,
    make_periods,
    make_points,
    missing_words,
    others_words,
    outlier_finder,
    outlier_text,
    own,
    packed_periods,
    packed_points,
    period_parts,
    point_parts,
    point_words,
    population_words,
    rate_text,
)
from hepml_widgets.core import traits
from hepml_widgets.core.base import View
from hepml_widgets.core.language import spoken, tr
from hepml_widgets.core.numbers import as_name, isolated, joined, quoted, unmarked
from hepml_widgets.core.validate import as_number, name_or, two_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["AnomalyMonitor"]


class AnomalyMonitor(View):
    """See whether some events are strange, or a sample as a whole, and tell the two apart.

    *Points*, above: the histogram of an anomaly score, of today's events and of a reference, with
    a threshold to drag. A sentence says how many events stand above it, how many the reference
    lets expect, and whether that is more than chance. The 20 highest scores are dots; for one of
    them bars show which features make it strange. *Population*, below: a two-sample statistic of
    every run, hour or day against the band that chance alone gives at a false-alarm rate of your
    choice, and for one of them the p-value of every feature. A line on top puts both together: a
    population can shift without a single outlier, and a few outliers shift no population.
    Either part may be left out.

    Parameters
    ----------
    reference_scores, scores : array_like, shapes (n_reference,) and (n_today,), optional
        Anomaly score of the events of a reference, and of today's; the larger, the stranger
        (scikit-learn's ``score_samples`` goes the other way: put a minus before it).
    reference_weights, weights : array_like, optional
        One weight per event, of either sign; 1 if not given.
    reference_features, features : dict or DataFrame of columns, or array_like (n, d), optional
        Features of the events, the same in both. A feature's contribution is by default the
        deviation of its value from the reference.
    contributions : like ``features``, optional
        What makes each of today's events strange if you know better: the reconstruction error of
        each feature, differences from recomputed features, Shapley values.
    feature_names : sequence of str, optional
        Columns to look at, by default all; for arrays, the names to call them by.
    exposure : float, optional
        What the reference is multiplied with to give what is expected today, e.g. a ratio of
        luminosities. By default the reference is brought to today's weight: then shares of
        outliers are compared, and not the numbers of all events.
    flagged : float, default 0.01
        Share of the reference above the threshold to begin with.
    scale : {"auto", "linear", "log", "logit"}, default "auto"
        Axis of the score.
    populations : dict of str to float or (float, float), optional
        A statistic of each period, 1 to 60 in the order of time, which is the larger, the more the
        period differs from the reference: e.g. the AUC of a classifier told to tell them apart;
        or pairs of it and its error. ``scores`` are of the last one. A number, or
        a tuple of it and its error, is a single period.
    null : array_like, or dict of str to array_like
        Statistics where there is no difference, e.g. of permuted labels: 19 at least, one array
        for all periods, or one for each (a dict, or an array of shape (n_periods, n)).
    ks : dict of str to dict of str to float, optional
        For some of the periods, the p-value of each feature, or a test that has one
        (`hepml.stats.two_sample_test`). For a single period that is a number: {feature: p}.
    statistic : str, default "AUC"
        What the statistic is called.
    false_alarm : {0.05, 0.01, 0.001}, default 0.05
        How often chance alone may raise an alarm, per period and per threshold.
    names : tuple of str, default ("reference", "today")
        What the two samples are called.
    score_name, period_name : str, default "anomaly score" and "period"
        Titles of the axes.

    Attributes
    ----------
    threshold : float
        Cut on the score; what is set moves to the nearest of at most 190.
    event : int
        Which of today's events is looked at: an index into ``scores``, one of the 20 highest.
    period : str
        The period that is looked at.
    false_alarm : float
        0.05, 0.01 or 0.001.
    points : Points or None
        Columns over all thresholds: ``threshold``, ``observed``, ``expected`` and their errors,
        ``p_value``, ``contamination``; and the ``outliers``.
    outlier : Outlier or None
        That of ``event``: ``row``, ``score``, ``contributions``, ``values``.
    periods : list of Period
        ``name``, ``statistic``, ``error``, ``null``, ``p_value``, ``p_global``, ``features``;
        ``limits(rate)`` is the null band.
    shown : Period or None
        That of ``period``.
    verdicts : dict of str to str
        One sentence with its reason for "points" and "population", and "both" for the two together.

    Raises
    ------
    ValueError, TypeError
        If something is not usable; the sentence says what was given, and what is wanted.

    Notes
    -----
    All errors are statistical, from the finite samples. The expected number has the error of the
    reference alone; what chance does to today's number is in the p-value, which is that of two
    Poisson counts with a known ratio of exposures (R. Cousins, J. Linnemann, J. Tucker,
    Nucl. Instrum. Meth. A 595 (2008) 480, eq. 14). Weighted events count as (Σw)²/Σw² effective
    ones, of weight Σw²/Σw each; where weights add up to less than nothing above a threshold, none
    were seen. It holds for a threshold that was chosen before: whoever drags it until p is small
    has found nothing. Contamination is observed minus expected over all of today's weight: of the
    outliers above the threshold only, a strange event with a usual score is not in it.

    The line on top calls points strange if there are more of them than usual above the threshold,
    *or* beyond all of the reference, wherever the threshold is: two looks, so of quiet samples
    up to two false-alarm rates are called so. It tells of the last period, whose scores these are,
    and counts the alarms of the others.

    A deviation is the quantile of the value among the reference as that of a normal variable; a
    value beyond all of the reference is as far out as so many events can tell, e.g. 3.3 σ for
    1000. It looks at one feature at a time: an event can be strange though none of its features
    is. NaN is a value that is missing: it is counted beside the features, and as far out as it is
    rare among the reference.

    A period raises an alarm where its p-value, the share of the null as large as its statistic
    with the one seen counted in, is at most the false-alarm rate: at a rate of 5 %, one quiet
    period in 20 does. The p-value after all trials, 1 - (1 - p)^n, takes the periods as
    independent; one reference for all makes it cautious. In the same way a feature differs where
    its p-value after as many trials as there are features is at most the false-alarm rate.

    Examples
    --------
    >>> forest = IsolationForest().fit(reference)  # doctest: +SKIP
    >>> monitor = AnomalyMonitor(
    ...     -forest.score_samples(reference), -forest.score_samples(today),
    ...     reference_features=reference, features=today,
    ...     populations={"run 1": 0.503, "run 2": 0.531}, null=permuted,
    ...     ks={"run 2": {name: stats.two_sample_test(reference[name], today[name])
    ...                   for name in today}})  # doctest: +SKIP
    >>> monitor.verdicts["both"], today.iloc[monitor.event]  # doctest: +SKIP
    """

    _module = "anomaly_monitor"
    _drawn_by = figure.draw

    threshold = traits.Float(help="cut on the anomaly score").tag(sync=True)
    event = traits.Int(-1, help="index of the event looked at").tag(sync=True)
    period = traitlets.Unicode(help="the period looked at").tag(sync=True)
    false_alarm = traits.Float(RATES[0], help="false-alarm rate per period").tag(sync=True)

    def __init__(
        self,
        reference_scores: ArrayLike | None = None,
        scores: ArrayLike | None = None,
        *,
        reference_weights: ArrayLike | None = None,
        weights: ArrayLike | None = None,
        reference_features: Any = None,
        features: Any = None,
        contributions: Any = None,
        feature_names: Sequence[str] | None = None,
        exposure: float | None = None,
        flagged: float = 0.01,
        scale: str = "auto",
        populations: Any = None,
        null: Any = None,
        ks: Any = None,
        statistic: str = "AUC",
        false_alarm: float = 0.05,
        names: tuple[str, str] = ("reference", "today"),
        score_name: str = "anomaly score",
        period_name: str = "period",
    ) -> None:
        self.score_name = name_or("anomaly score", score_name)
        self.period_name = name_or("period", period_name)
        self.names, self.statistic = two_names(names, "reference and today"), as_name(statistic)
        samples = (reference_scores, reference_weights), (scores, weights)
        tables = reference_features, features, contributions
        check_parts(samples, tables, populations, null, ks)
        self.points, self.periods, self.sizes, self.note = None, [], (0, 0), ""
        if scores is not None:
            self.points = self._make_points(samples, tables, feature_names, exposure, scale)
        if populations is not None:
            self.periods = make_periods(populations, null, ks, self.names[1])
        super().__init__(payload=self._make_payload(), false_alarm=false_alarm)
        self._begin(as_share(flagged))
        if self.points:
            check_reference(reference_scores)

    def _make_points(self, samples, tables, feature_names, exposure, scale):
        reference, today = (
            as_scores(name, *sample) for name, sample in zip(self.names, samples, strict=True)
        )
        self.sizes = len(reference[0]), len(today[0])
        theirs, ours, parts = (
            as_features(name, table, count, feature_names)
            for name, table, count in zip(
                ("reference_features", "features", "contributions"),
                tables, (*self.sizes, self.sizes[1]), strict=True,
            )
        )  # fmt: skip
        contributions = parts if tables[2] is not None else None
        if contributions is None and set(theirs) != set(ours):
            odd = sorted(set(theirs) ^ set(ours))
            raise ValueError(
                f"reference_features and features are wanted alike, but only one has {odd[0]!r}."
            )
        self.note = missing_words(self.names, theirs, ours)
        finder = outlier_finder(ours, theirs, reference[1], contributions)
        return make_points(reference, today, finder, exposure=exposure, scale=scale)

    def _begin(self, flagged):
        """Start at the share of the reference that is flagged, the top event, the last period."""
        if self.points:
            expected = self.points.expected
            low = np.flatnonzero(expected <= flagged * expected[0])
            self.threshold = self.points.threshold[low[0] if low.size else -1]
            self.event = self.points.outliers[0].row
        if self.periods:
            self.period = self.periods[-1].name

    # ------------------------------------------------------------ what is shown

    @property
    def outlier(self) -> Any:
        """The event looked at, None without points."""
        rows = [one.row for one in self.points.outliers] if self.points else []
        return self.points.outliers[rows.index(self.event)] if self.event in rows else None

    @property
    def shown(self) -> Any:
        """The period looked at, None without populations."""
        return self.periods[self._at] if self.periods else None

    @property
    @spoken
    def verdicts(self) -> Any:
        """One sentence for points, population, and both together, of those that there are."""
        found = {}
        if self.points:
            found["points"] = point_words(self.points, self._row, self.false_alarm)
        if self.periods:
            found["population"] = population_words(
                self.periods, self._at, self.false_alarm, self.statistic
            )
        if self.points and self.periods:
            found["both"] = self._conclusion()
        return {key: unmarked(said) for key, said in found.items()}

    def _conclusion(self):
        last = self.periods[-1]
        if math.isnan(last.limits(self.false_alarm)[1]):
            return tr(
                "Too few permutations to tell points from population at this false-alarm rate."
            )
        least = min(self.points.p_value[self._row], self.points.beyond_p)
        said = CONCLUSIONS[bool(least <= self.false_alarm)][last.is_alarm(self.false_alarm)]
        said = tr(said) + beyond_head(self.points)
        if len(self.periods) == 1:
            return said
        return f"{own(last.name)} · {said}{others_words(self.periods, self.false_alarm)}"

    @property
    @spoken
    def readout(self) -> str:
        """The line under the panels, digit for digit."""
        return joined(self._parts())

    def _parts(self):
        if self.points:
            yield from point_parts(self.points, self._row)
        if self.periods:
            yield from period_parts(self.periods, self._at, self.statistic)

    @spoken
    def describe(self) -> str:
        """Say what stands for the picture where it cannot be seen.

        Returns
        -------
        str
        """
        said = self.verdicts
        lead = [said[key] for key in ("both", "points", "population") if key in said]
        if self.outlier:
            lead.append(tr("Shown: {event}.", event=outlier_text(self.outlier)))
        return " ".join([*lead, unmarked(self.readout)])

    # ------------------------------------------------------------ payload and traits

    def _make_payload(self):
        return {
            "names": list(self.names),
            "score": self.score_name,
            "period": self.period_name,
            "alphas": list(RATES),
            "conclusions": [list(map(tr, pair)) for pair in CONCLUSIONS],
            "points": packed_points(self.points) | {"note": self.note} if self.points else None,
            "population": packed_periods(self.periods, self.statistic) if self.periods else None,
        }

    @property
    def _row(self):
        return self.points.row(self.threshold)

    @property
    def _at(self):
        return [period.name for period in self.periods].index(self.period)

    @traitlets.validate("threshold")
    def _snap(self, proposal):
        if not self.points:
            raise traitlets.TraitError("There is no threshold: no scores were given.")
        if math.isnan(proposal.value):
            raise traitlets.TraitError("threshold is NaN: wanted a number.")
        return float(self.points.threshold[self.points.row(proposal.value)])

    @traitlets.validate("event")
    def _there(self, proposal):
        rows = [one.row for one in self.points.outliers] if self.points else []
        if proposal.value not in rows:
            known = ", ".join(map(str, rows)) or "none"
            raise traitlets.TraitError(
                f"Event {proposal.value} is not among the highest scores: these are {known}."
            )
        return proposal.value

    @traitlets.validate("period")
    def _known(self, proposal):
        names = [period.name for period in self.periods]
        if (period := as_name(proposal.value)) not in names:
            known = ", ".join(map(quoted, names)) or "none"
            raise traitlets.TraitError(f"There is no period {quoted(period)}: there are {known}.")
        return period

    @traitlets.validate("false_alarm")
    def _rate(self, proposal):
        # In single precision 0.05 is another number.
        meant = [rate for rate in RATES if math.isclose(rate, proposal.value, rel_tol=1e-6)]
        if not meant:
            known = " or ".join(map(str, RATES))
            raise traitlets.TraitError(f"false_alarm is {known}, not {proposal.value!r}.")
        return meant[0]

    def __repr__(self):
        parts = []
        if self.points:
            parts.append(
                " and ".join(
                    f"{n} {isolated(name, 24)}"
                    for n, name in zip(self.sizes, self.names, strict=True)
                )
                + " events"
            )
        if self.periods:
            count, found = len(self.periods), alarms(self.periods, self.false_alarm)
            parts.append(f"{found} alarm{'s' * (found != 1)} in {count} period{'s' * (count > 1)}")
            parts[-1] += f" at {rate_text(self.false_alarm)}".replace(
                "\N{NARROW NO-BREAK SPACE}", " "
            )
        return f"AnomalyMonitor({', '.join(parts)})"


def check_parts(samples, tables, populations, null, ks):
    """Raise unless what is given belongs to points, populations or both."""
    given = [scores is not None for scores, _ in samples]
    if any(given) and not all(given):
        lacking = "scores" if given[0] else "reference_scores"
        raise ValueError(f"Points need the scores of both samples: {lacking} is missing.")
    if not any(given) and populations is None:
        raise ValueError("Nothing to show: wanted scores of two samples, populations, or both.")
    if populations is None and not (null is None and ks is None):
        raise ValueError("null and ks belong to populations, which are missing.")
    check_tables(*(table is not None for table in tables), any(given))


def check_tables(reference, today, contributions, scores):
    if (reference or today or contributions) and not scores:
        raise ValueError("Features and contributions belong to scores, which are missing.")
    if today and not reference and not contributions:
        raise ValueError("features need reference_features, to know what is usual.")
    if reference and not today:
        raise ValueError("reference_features need features, to be compared with.")


def as_share(flagged):
    if not 0 < as_number("flagged", flagged) < 1:
        raise ValueError(f"flagged is a share of the reference between 0 and 1, not {flagged!r}.")
    return float(flagged)
