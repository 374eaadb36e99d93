"""Source, target and reweighted source, feature by feature, with the doctor's verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import traitlets

from hepml import stats
from hepml.stats.events import as_reweighted, as_tables, held_out_events
from hepml_widgets.core import traits
from hepml_widgets.core.axes import Axis, nice_edges
from hepml_widgets.core.base import View
from hepml_widgets.core.language import later, spoken, tr
from hepml_widgets.core.numbers import (
    NOTHING,
    as_name,
    fixed,
    joined,
    percent,
    quoted,
    shorten,
    with_error,
)
from hepml_widgets.core.payload import pack
from hepml_widgets.core.validate import as_edges, check_size
from hepml_widgets.shape_compare import figure
from hepml_widgets.shape_compare.payload import (
    Content,
    Region,
    added,
    compared,
    judged,
    make_shares,
    regions_of,
    report_parts,
    shape_tests,
    spectra_of,
    verdict_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["ShapeCompare"]

MOST_FEATURES = 12
MOST_METHODS = 4
MOST_BINS = 40
ALONE = later("reweighted")


class ShapeCompare(View):
    """See whether new weights make a source look like a target, where not, and a verdict.

    For one feature at a time: histograms of source, target and reweighted source, their ratio to
    the target, and pulls; beside them the weights themselves, and what the doctor
    (`hepml.stats.reweighting_report`) says of every method, with its reason. Dragging across the
    histogram selects a region of that feature: the other features are then shown for the events
    of this region alone. All is computed in the browser from one table of at most 100 kB for any
    number of events.

    Parameters
    ----------
    source, target : dict or DataFrame of columns, or array_like of shape (n, d)
        Features of the events, with the same columns in both, one to twelve. NaN is a value that
        is missing: it is in no bin, counted beside the histogram, and part of the verdict.
    new_weights : array_like, shape (n_source,), or dict of str to array_like
        Weights of the source after reweighting, or those of up to four methods by name.
    weights, target_weights : array_like, shapes (n_source,) and (n_target,), optional
        Weights before reweighting; 1 if not given. All weights may have either sign.
    features : sequence of str, optional
        Columns to look at, by default all; for arrays, the names to call them by.
    bins : int or dict of str to array_like, default 20
        How many bins of each feature, at most 40, or edges of some of them. Whole numbers, such
        as counts of jets, get bins of as many of them each.
    held_out : pair of array_like of bool, optional
        Which events of source and target the weights were *not* learned from. Only these are
        shown and judged.
    report : hepml.stats.ReweightingReport or dict of str to it, optional
        What the doctor said of these weights; computed if not given.
    rng : int or numpy.random.Generator, default 0
        For the report.

    Attributes
    ----------
    feature : str
        The feature that is shown.
    method : str
        Name of the weights that are shown.
    brush : tuple
        Empty for all events, or (feature, low, high); what is set moves to the nearest edges of
        its regions.
    reports : dict of str to hepml.stats.ReweightingReport
        What the doctor says of each method.
    contents : dict of str to Content
        ``"source"``, ``"target"`` and ``"reweighted"``: shares ``p`` of all events' weight in the
        bins of ``feature``, and their ``error``: of the events in the region, if another feature
        is brushed.
    tests : dict of str to dict of str to ShapeTest
        Of each method, a χ² test of the histogram of every feature: ``chi2``, ``ndf``,
        ``p_value`` and ``p_global``, that after as many trials as there are features.
    comparison : Comparison
        Reweighted source and target: ``ratio`` with its ``error``, and ``pull``.
    closure : tuple of float
        Share of the region in the reweighted source over that in the target, and its error.

    Raises
    ------
    ValueError, TypeError
        If the events are not usable; the sentence says what is wrong and where.

    Notes
    -----
    Shares p = Σw / W are normalised to all events, also inside a region: a region whose events
    are too few is seen to be so. Their variance is that of a ratio of sums with common events,
    q (1 - 2p) + p² Σw²/W² with q the part of the bin in Σw²/W², for weights of either sign. The
    errors are those of the samples as they are; what the weights' own learning adds is not in
    them. A pull needs five effective events (Σw)²/Σw² on both sides; where there are fewer there
    is none. End bins hold what lies beyond an axis.

    The verdict is the doctor's, but not a good one where the histogram of any feature differs:
    where the p-value of its χ², after as many trials as there are features (1 - (1 - p)^d), is at
    most 1 %. The χ² is that of the doctor's closure in the bins that are shown, and without its
    tolerance: the picture is tested as it is.

    Where a region is brushed, sums are kept in single precision, errors to 1 part in 2048. With
    many features and methods there is no room for regions: then nothing is brushed.

    Examples
    --------
    >>> view = ShapeCompare(source, target, {"BDT": w_bdt, "bins": w_bins})  # doctest: +SKIP
    >>> view.brush = ("thrust", 0.1, 0.2)  # doctest: +SKIP
    >>> view.feature = "multiplicity"  # doctest: +SKIP
    >>> view.closure, view.reports["BDT"].verdict  # doctest: +SKIP
    """

    _module = "shape_compare"
    _drawn_by = figure.draw

    feature = traitlets.Unicode(help="the feature shown").tag(sync=True)
    method = traitlets.Unicode(help="name of the weights shown").tag(sync=True)
    brush = traits.Tuple(help="feature, low and high edge, or nothing").tag(sync=True)

    def __init__(
        self,
        source: Any,
        target: Any,
        new_weights: ArrayLike | Mapping[str, ArrayLike],
        weights: ArrayLike | None = None,
        target_weights: ArrayLike | None = None,
        *,
        features: Sequence[str] | None = None,
        bins: int | Mapping[str, ArrayLike] = 20,
        held_out: Any = None,
        report: Any = None,
        rng: int | np.random.Generator = 0,
    ) -> None:
        by_name = as_methods(new_weights)
        self._alone = not isinstance(new_weights, dict)
        for new in (*by_name.values(), weights, target_weights):
            check_size("weights", new)
        names, *tables = as_tables(source, target, features, missing=True)
        judge = as_judge(names, tables, weights, target_weights, held_out, rng)
        self.reports = as_reports(report, by_name, judge)
        names = tuple(map(as_name, names))
        if len(set(names)) < len(names):
            raise ValueError("Two features have the same name.")
        if len(names) > MOST_FEATURES:
            raise ValueError(
                f"There are {len(names)} features, but {MOST_FEATURES} at most are shown: name "
                "some with features=."
            )
        cases = {
            name: judged_events(tables, (weights, target_weights), new, held_out)
            for name, new in by_name.items()
        }
        self._fill(names, cases, bins)
        super().__init__(payload=self._make_payload(), feature=names[0], method=next(iter(cases)))

    def _fill(self, names, cases, bins):
        case = next(iter(cases.values()))
        both = np.concatenate([case.before.X, case.target.X])
        self.axes = axes_of(names, both, bins)
        self.notes = notes_of(self.axes, case.before.X, case.target.X)
        self.tests = {
            name: shape_tests(one.source, one.target, self.axes) for name, one in cases.items()
        }
        self._regions = regions_of(self.axes, 2 + len(cases))
        self.sizes = len(case.before.X), len(case.target.X)
        samples = [case.before, case.target, *(one.source for one in cases.values())]
        self._samples = [make_shares(*sample, self.axes, self._regions) for sample in samples]
        self._place = {name: 2 + i for i, name in enumerate(cases)}
        found = spectra_of([samples[i].weights for i in (0, *range(2, len(samples)))])
        self.spectra = dict(zip(("source", *cases), found, strict=True))

    # ------------------------------------------------------------ what is shown

    @property
    def axis(self) -> Any:
        """Name, ``edges`` and ``bins`` of the feature that is shown."""
        return self._axis(self.feature)

    @property
    def report(self) -> Any:
        """What the doctor says of the weights that are shown."""
        return self.reports[self.method]

    @property
    def region(self) -> Any:
        """Where the brush is, None for all events."""
        if not self.brush:
            return None
        name, low, high = self.brush
        axis = self._axis(name)
        return Region(axis, *span(self._edges(axis), low, high))

    @property
    def contents(self) -> Any:
        """Shares of source, target and reweighted source in the bins of the feature."""
        return {name: self._content(shares) for name, shares in self._shares.items()}

    @property
    def _shares(self):
        places = {"source": 0, "target": 1, "reweighted": self._place[self.method]}
        return {name: self._samples[place] for name, place in places.items()}

    def _content(self, shares):
        axis, region = self.axis, self.region
        own = slice(axis.first, axis.first + axis.bins)
        if region is None or region.axis is axis:
            return Content(shares.p[own], shares.q[own], shares.q_all)
        first = self._first(region.axis)
        rows = slice(first + region.start, first + region.stop)
        p, q = (part[rows, own].sum(axis=0) for part in (shares.cross_p, shares.cross_q))
        return Content(p, q, shares.q_all)

    @property
    def comparison(self) -> Any:
        """Reweighted source and target, bin by bin."""
        contents = self.contents
        return compared(contents["reweighted"], contents["target"])

    @property
    def before(self) -> Any:
        """Source and target, bin by bin."""
        contents = self.contents
        return compared(contents["source"], contents["target"])

    @property
    def closure(self) -> Any:
        """Share of the region in the reweighted source over that in the target, and its error."""
        whole = compared(self._inside("reweighted"), self._inside("target"))
        return float(whole.ratio[0]), float(whole.error[0])

    def _inside(self, name):
        """All of the region in one bin."""
        shares, region = self._shares[name], self.region
        axis = self.axis if region is None else region.axis
        bounds = self._bounds(axis)
        start, stop = (0, axis.bins) if region is None else bounds[[region.start, region.stop]]
        cells = slice(axis.first + start, axis.first + stop)
        p, q = (np.array([added(part[cells])]) for part in (shares.p, shares.q))
        return Content(p, q, shares.q_all)

    @property
    @spoken
    def verdicts(self) -> Any:
        """One sentence for each method: its name, the verdict and the reason."""
        found = [
            verdict_of(self._text(name), report, self.tests[name])
            for name, report in self.reports.items()
        ]
        return tuple(
            name + tr(": {verdict}. ", verdict=verdict) + reason for name, verdict, reason in found
        )

    def _text(self, name):
        """Name of a method as it is shown; that of a single array is ours."""
        return tr(name) if self._alone else name

    @property
    @spoken
    def readout(self) -> str:
        """The line under the panels, digit for digit."""
        return joined(self._parts())

    def _parts(self):
        yield tr("weights"), shorten(self._text(self.method))
        yield tr("feature"), shorten(self.feature)
        yield tr("events"), self._selected()
        yield tr("of the target"), percent(self._inside("target").p[0])
        yield tr("reweighted / target"), with_error(*self.closure)
        yield tr("largest pull"), self._worst()
        yield "χ²", self.tests[self.method][self.feature].text
        yield from report_parts(self.report)

    def _selected(self):
        region = self.region
        if region is None:
            return tr("all")
        bounds = self._bounds(region.axis)
        low, high = (region.axis.texts[bounds[i]] for i in (region.start, region.stop))
        return f"{shorten(region.axis.name)} {tr('{low} to {high}', low=low, high=high)}"

    def _worst(self):
        pull = self.comparison.pull
        if np.isnan(pull).all():
            return NOTHING
        worst = int(np.nanargmax(np.abs(pull)))
        low, high = self.axis.texts[worst : worst + 2]
        place = tr("{low} to {high}", low=low, high=high)
        return tr("{pull} σ at {place}", pull=fixed(pull[worst], 1), place=place)

    @spoken
    def describe(self) -> str:
        """Say what stands for the picture where it cannot be seen.

        Returns
        -------
        str
        """
        said = tr("Source, target and reweighted source.")
        return f"{said} {' '.join(self.verdicts)} {self.readout}"

    # ------------------------------------------------------------ payload and traits

    def _make_payload(self):
        return {
            "notes": self.notes,
            "sizes": list(self.sizes),
            "features": [
                {
                    "name": axis.name,
                    "edges": pack(axis.edges),
                    "texts": axis.texts,
                    "regions": [int(i) for i in bounds],
                }
                for axis, bounds in zip(self.axes, self._regions, strict=True)
            ],
            "methods": [
                {
                    "name": name,
                    **({} if self._text(name) == name else {"text": self._text(name)}),
                    "verdict": list(verdict_of(self._text(name), report, self.tests[name])),
                    "tests": [self.tests[name][axis.name].text for axis in self.axes],
                    "parts": [list(pair) for pair in report_parts(report)],
                    "weights": self.spectra[name].packed(),
                }
                for name, report in self.reports.items()
            ],
            "before": self.spectra["source"].packed(),
            "samples": [shares.columns for shares in self._samples],
        }

    def _axis(self, name):
        for axis in self.axes:
            if axis.name == name:
                return axis
        known = ", ".join(quoted(axis.name) for axis in self.axes)
        raise traitlets.TraitError(f"There is no feature {quoted(name)}: there are {known}.")

    def _bounds(self, axis):
        return self._regions[self.axes.index(axis)]

    def _first(self, axis):
        before = self._regions[: self.axes.index(axis)]
        return sum(len(bounds) - 1 for bounds in before)

    def _edges(self, axis):
        return axis.edges[self._bounds(axis)]

    @traitlets.validate("feature")
    def _there(self, proposal):
        return self._axis(as_name(proposal.value)).name

    @traitlets.validate("method")
    def _known(self, proposal):
        if (name := as_name(proposal.value)) not in self.reports:
            known = ", ".join(map(quoted, self.reports))
            raise traitlets.TraitError(f"There are no weights {quoted(name)}: there are {known}.")
        return name

    @traitlets.validate("brush")
    def _snap(self, proposal):
        if not proposal.value:
            return ()
        if len(proposal.value) != 3:
            raise traitlets.TraitError("brush is empty or (feature, low, high).")
        name, low, high = as_name(proposal.value[0]), *proposal.value[1:]
        edges = self._edges(self._axis(name))
        if len(edges) < 2:
            raise traitlets.TraitError(
                "There is no room for regions of so many features and methods: name fewer."
            )
        if not (np.isreal([low, high]).all() and low <= high):
            raise traitlets.TraitError(f"brush goes from low to high, not from {low} to {high}.")
        return (name, *(float(edges[i]) for i in span(edges, low, high)))

    def __repr__(self):
        n_source, n_target = self.sizes
        reports = self.reports.items()
        verdicts = {name: judged(report, self.tests[name])[0] for name, report in reports}
        found = ", ".join(f"{quoted(name)}: {verdict}" for name, verdict in verdicts.items())
        return f"{type(self).__name__}({n_source} source and {n_target} target events, {found})"


def span(edges, low, high):
    """Edges nearest to two values, at least one region apart."""
    low, high = np.clip((low, high), *edges[[0, -1]])
    start, stop = (int(np.argmin(np.abs(edges - value))) for value in (low, high))
    start = min(start, len(edges) - 2)
    return start, max(stop, start + 1)


# ---------------------------------------------------------------- what is given


def as_methods(new_weights):
    """Return new weights by name; a single array gets the name "reweighted"."""
    if not isinstance(new_weights, dict):
        return {ALONE: new_weights}
    by_name = {as_name(name): weights for name, weights in new_weights.items()}
    if len(by_name) != len(new_weights):
        raise ValueError("Two sets of new weights have the same name.")
    if not 1 <= len(by_name) <= MOST_METHODS:
        raise ValueError(f"One to {MOST_METHODS} sets of new weights, not {len(by_name)}.")
    if "source" in by_name:
        raise ValueError("No new weights can be called 'source': this is what they start from.")
    return by_name


def as_judge(names, tables, *given):
    """Return what makes a report of some new weights."""
    weights, target_weights, held_out, rng = given
    source, target = (dict(zip(names, table.T, strict=True)) for table in filled(tables))
    return lambda new: stats.reweighting_report(
        source, target, new, weights, target_weights, held_out=held_out, rng=rng
    )


def filled(tables):
    """Put missing values where no other is, below all: the doctor then asks how many there are."""
    both = np.concatenate(tables)
    if not np.isnan(both).any():
        return tables
    known = np.where(np.isnan(both), np.inf, both).min(axis=0)
    highest = np.where(np.isnan(both), -np.inf, both).max(axis=0)
    below = np.where(np.isfinite(known), known - np.maximum(highest - known, 1.0), 0.0)
    return [np.where(np.isnan(table), below, table) for table in tables]


def as_reports(report, by_name, judge):
    """Return reports by name: those given, or new ones."""
    if report is None:
        return {name: named_blame(name, judge, new) for name, new in by_name.items()}
    reports = report if isinstance(report, dict) else {next(iter(by_name)): report}
    if set(map(as_name, reports)) != set(by_name):
        raise ValueError(
            f"report has {sorted(map(as_name, reports))}, but the new weights are "
            f"{sorted(by_name)}."
        )
    if not all(isinstance(one, stats.ReweightingReport) for one in reports.values()):
        raise TypeError("report is what hepml.stats.reweighting_report returns, or a dict of it.")
    found = {as_name(name): one for name, one in reports.items()}
    return {name: found[name] for name in by_name}


def named_blame(name, judge, new):
    """Say of which weights a complaint is."""
    try:
        return judge(new)
    except (TypeError, ValueError) as error:
        if name == ALONE:
            raise
        raise type(error)(f"Weights {name!r}: {error}") from error


def judged_events(tables, old, new, held_out):
    """Return checked events of both samples: those that are judged."""
    weights, target_weights = old
    source, target = tables
    samples = as_reweighted(source, target, new, weights, target_weights)
    return held_out_events(samples, held_out)[0]


def axes_of(names, X, bins):
    """Bins of each feature."""
    edges = {}
    if isinstance(bins, dict):
        bins = {as_name(name): one for name, one in bins.items()}
        if unknown := set(bins) - set(names):
            raise ValueError(f"bins are of {min(unknown, key=str)!r}, which is no feature.")
        edges, bins = {name: as_edges(name, one) for name, one in bins.items()}, 20
    most = max([*(len(one) - 1 for one in edges.values()), as_count(bins)])
    if most > MOST_BINS:
        raise ValueError(f"{most} bins are too many: wanted {MOST_BINS} at most.")
    axes, first = [], 0
    for name, column in zip(names, X.T, strict=True):
        values = column[~np.isnan(column)]
        if not values.size:
            raise ValueError(f"{name!r} has no value in any event, only NaN: leave it out.")
        own = edges[name] if name in edges else nice_edges(values, bins)
        axes.append(Axis(name, own, first))
        first += axes[-1].bins
    return axes


def as_count(bins):
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 4:
        raise ValueError(f"bins is a number of bins, 4 to {MOST_BINS}, or a dict of edges.")
    return int(bins)


def notes_of(axes, source, target):
    """Say of each feature what share of events the end bins hold from beyond, or have no value."""
    X = np.concatenate([source, target])
    lows, highs = np.transpose([axis.edges[[0, -1]] for axis in axes])
    beyond = np.mean((lows > X) | (highs < X), axis=0)
    lacking = [np.mean(np.isnan(one), axis=0) for one in (source, target)]
    return ["; ".join(note(*shares)) for shares in zip(beyond, *lacking, strict=True)]


def note(beyond, of_source, of_target):
    if of_source or of_target:
        shares = {"source": percent(of_source), "target": percent(of_target)}
        yield tr("no value in {source} of the source and {target} of the target events", **shares)
    if beyond:
        yield tr("end bins hold {share} of events from beyond", share=percent(beyond))
