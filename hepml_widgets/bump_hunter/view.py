"""A bump on a falling mass spectrum, for every threshold on a score and every mass window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import traitlets

from hepml import stats
from hepml.stats.events import as_vector, check_lengths
from hepml_widgets.bump_hunter import figure
from hepml_widgets.bump_hunter.payload import (
    KEPT,
    MOST_BINS,
    MOST_EXPERIMENTS,
    MOST_ROWS,
    Spectra,
    beyond_one_window,
    by_experiments,
    cuts_keeping,
    default_edges,
    fill,
    parts_of,
)
from hepml_widgets.core import traits
from hepml_widgets.core.base import View
from hepml_widgets.core.language import spoken, tr
from hepml_widgets.core.numbers import as_name, isolated, joined, percent
from hepml_widgets.core.payload import pack
from hepml_widgets.core.validate import as_column, ask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike

__all__ = ["BumpHunter"]


class BumpHunter(View):
    """Drag a threshold on a score, or the mass window, and see a bump come or go.

    The spectrum of the events that pass, the background fitted to its sidebands with its band,
    the pulls, the local p-value of every threshold and of every window. Every fit is redone in
    the browser from one table of counts, at most 100 kB for any number of events.

    Parameters
    ----------
    mjj : array_like, shape (n,)
        Invariant mass of each event in GeV.
    score : array_like, shape (n,)
        What is cut on: score ≥ threshold passes.
    weights : array_like, shape (n,), optional
        One weight per event. No bin may have a negative sum.
    signal_region : pair of float
        Where the excess is looked for, in GeV; both are bin edges.
    sidebands : sequence of pairs of float, optional
        Ranges to fit, between bin edges; by default everything. A window that is moved into
        them takes its bins out.
    edges : array_like, optional
        Bin edges in GeV, at most 81; by default bins of a quarter of the signal region, at most
        60. What lies outside is not fitted; how much that is, is said on screen.
    kept : sequence of float, optional
        Shares of the events to keep, at most 50, one threshold each; by default twelve a decade
        from 1 to 0.001, as far as the sidebands of the signal region can be fitted.
    truth : array_like, shape (n,), optional
        1 or True for signal, drawn on demand only.
    global_p : hepml.stats.GlobalSignificance, optional
        Result of ``stats.pseudo_experiments(hunter.counts, hunter.edges, hunter.windows,
        sumw2=hunter.sumw2)`` or the like, of at most 2000 experiments. Without it, the global
        p-value is approximated from the windows of one threshold.
    parameters : {3, 4, 5}, default 4
        Of the fitted function.
    sqrt_s : float, default 13000
        Energy of the collisions in GeV.
    threshold : float, optional
        Where to begin; by default at the loosest.
    name : str, optional
        What the mass is called, e.g. ``"m_{jj}"``; by default what its column is called, if it
        is one of a table, else "mass".
    unit : str, default "GeV"
        Of the mass, and of all that is given in it.

    Attributes
    ----------
    threshold : float
        The cut; what is set moves to the nearest in the table.
    signal_region : tuple of float
        The window; what is set moves to the nearest bin edges.
    truth_shown : bool
        Whether the signal is drawn, False at the beginning.
    edges, counts, sumw2 : ndarray, shapes (bins + 1,), (thresholds, bins) and the same or None
        Spectra, from the tightest threshold to the loosest.
    windows : list of tuple of float
        All windows as wide as the signal region, with at least one bin on either side.
    hunt : hepml.stats.BumpHunt or None
        Fit and excess at ``threshold`` in ``signal_region``; None if fewer than
        ``parameters + 1`` sideband bins have events.

    Raises
    ------
    ValueError, TypeError
        If the events are not usable; the sentence says what is wrong and where.

    Notes
    -----
    Fit, significance and p-value are those of `hepml.stats.bump_hunt`. A pull is
    (observed - expected) / σ with the Poisson error of the expectation and, in the window, that
    of the fit. The approximate global p-value is p + N exp(-Z²/2), N being the number of
    stretches of windows with an excess (E. Gross and O. Vitells, arXiv:1005.1891, eq. 3, with N
    from one spectrum instead of an average), at most p times all windows: it counts the windows,
    not the thresholds. For those, and for sparse spectra, pass ``global_p``: with N experiments
    no p-value below 1 / (N + 1) is seen.

    Examples
    --------
    >>> hunter = BumpHunter(mjj, score, signal_region=(3300, 3700))  # doctest: +SKIP
    >>> hunter.threshold = 0.98  # doctest: +SKIP
    >>> hunter.hunt.significance  # doctest: +SKIP
    """

    _module = "bump_hunter"
    _drawn_by = figure.draw

    threshold = traits.Float(help="the cut: score ≥ threshold passes").tag(sync=True)
    signal_region = traits.Tuple(help="low and high edge of the window, GeV").tag(sync=True)
    truth_shown = traits.Bool(False, help="whether the signal is drawn").tag(sync=True)

    def __init__(
        self,
        mjj: ArrayLike,
        score: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        signal_region: tuple[float, float],
        sidebands: Sequence[tuple[float, float]] | None = None,
        edges: ArrayLike | None = None,
        kept: Sequence[float] | None = None,
        truth: ArrayLike | None = None,
        global_p: stats.GlobalSignificance | None = None,
        parameters: int = 4,
        sqrt_s: float = 13000.0,
        threshold: float | None = None,
        name: str | None = None,
        unit: str = "GeV",
    ) -> None:
        column = getattr(mjj, "name", None)
        own = column if name is None and isinstance(column, str) else name
        self.name = as_name(own) if own else tr("mass")
        self.unit = as_name(unit)
        mjj, score, weights, truth = as_events(mjj, score, weights, truth)
        low, high = as_pair("signal_region", signal_region)
        if edges is None:
            edges = default_edges(mjj, (low, high), sqrt_s)
        edges = as_bins(edges)
        thresholds, shares = cuts_keeping(score, KEPT if kept is None else as_shares(kept))
        counts, sumw2, signal = fill((mjj, score, weights, truth), edges, thresholds)
        # One fit of all rows' sum: what it says of regions, bins and parameters is for the user.
        whole = {} if sumw2 is None else {"sumw2": sumw2[-1]}
        first = stats.bump_hunt(
            counts[-1], edges, (low, high), sidebands,
            parameters=parameters, sqrt_s=sqrt_s, **whole,
        )  # fmt: skip
        fitted = first.in_sidebands if sidebands is not None else np.ones(len(edges) - 1, bool)
        self.spectra = Spectra(
            edges, thresholds, shares, counts, sumw2, signal, fitted, parameters, float(sqrt_s)
        )
        self.spectra = usable(self.spectra, (low, high), asked=kept is not None, unit=self.unit)
        self.largest = as_experiments(global_p)
        self.note = note_of(mjj, edges)
        self._n_events = len(mjj)
        loosest = self.spectra.thresholds[-1]
        super().__init__(
            payload=self._make_payload(),
            threshold=float(loosest if threshold is None else threshold),
            signal_region=(low, high),
        )

    # ------------------------------------------------------------ what is shown

    @property
    def edges(self) -> np.ndarray:
        """Bin edges in GeV."""
        return self.spectra.edges

    @property
    def counts(self) -> np.ndarray:
        """Sums of weights by threshold and bin."""
        return self.spectra.counts

    @property
    def sumw2(self) -> np.ndarray | None:
        """Sums of squared weights by threshold and bin; None without weights."""
        return self.spectra.sumw2

    @property
    def row(self) -> int:
        """Row of ``counts`` that is shown."""
        return int(np.abs(self.spectra.thresholds - self.threshold).argmin())

    @property
    def span(self) -> tuple[int, int]:
        """First bin of the window, and the one after its last."""
        return self.spectra.span(self.signal_region)

    @property
    def width(self) -> int:
        """Bins of the window."""
        start, stop = self.span
        return stop - start

    @property
    def windows(self) -> Any:
        """All windows of this width, in GeV."""
        return [self.spectra.region(span) for span in self.spectra.spans(self.width)]

    @property
    def hunt(self) -> stats.BumpHunt:
        """Fit and excess, as shown."""
        return self.spectra.hunt(self.row, self.span)

    @property
    def pulls(self) -> np.ndarray:
        """Pull of each bin."""
        return self.spectra.pulls(self.row, self.span)

    @property
    def global_p(self) -> Any:
        """Global p-value of the excess shown and the trials factor, NaN without an excess.

        The trials factor is NaN as well where it says nothing: where the global p-value is above
        1/2 and saturates at 1, and where it is a limit, as no pseudo-experiment had as much.
        """
        hunt = self.hunt
        if hunt is None:
            return math.nan, math.nan
        if self.largest is not None:
            return by_experiments(hunt.significance, hunt.p_value, self.largest)
        scanned, _ = self.spectra.over_windows(self.row, self.width)
        return beyond_one_window(hunt.significance, hunt.p_value, scanned)

    @property
    @spoken
    def titles(self) -> tuple[str, str]:
        """Titles of the axes: of the mass, and of where a window is."""
        unit = f" [{isolated(self.unit, 8)}]" if self.unit else ""
        return isolated(self.name, 24) + unit, tr("centre of the window") + unit

    @property
    @spoken
    def words(self) -> str:
        """What the global p-value counts, and what the picture leaves out."""
        counted = (
            tr("global p over all windows of this width ({n}), approximate", n=len(self.windows))
            if self.largest is None
            else tr("global p from {n} pseudo-experiments", n=len(self.largest))
        )
        return "; ".join(filter(None, [counted, self.note]))

    @property
    @spoken
    def readout(self) -> str:
        """The line under the panels, digit for digit."""
        parts = parts_of(self.spectra, self.row, self.span, self.global_p)
        return joined(parts)

    @spoken
    def describe(self) -> str:
        """Say what stands for the picture where it cannot be seen.

        Returns
        -------
        str
        """
        return tr("Mass spectrum with its sideband fit; {readout}", readout=self.readout)

    # ------------------------------------------------------------ payload and traits

    def _make_payload(self):
        largest = {} if self.largest is None else {"largest": pack(self.largest)}
        title, centre = self.titles
        names = {"title": title, "centre": centre, "note": self.note}
        return {**self.spectra.packed(), **largest, **names}

    @traitlets.validate("threshold")
    def _snap(self, proposal):
        if math.isnan(proposal.value):
            raise traitlets.TraitError("threshold is NaN: wanted a score.")
        rows = self.spectra.thresholds
        return float(rows[np.abs(rows - proposal.value).argmin()])

    @traitlets.validate("signal_region")
    def _on_edges(self, proposal):
        try:
            start, stop = self.spectra.span(as_pair("signal_region", proposal.value))
        except (TypeError, ValueError) as error:
            raise traitlets.TraitError(str(error)) from error
        if not 0 < start < stop < len(self.edges) - 1:
            raise traitlets.TraitError(
                f"signal_region {tuple(proposal.value)} must leave at least one bin on either "
                f"side between {self.edges[0]:g} and {self.edges[-1]:g} {self.unit}."
            )
        return self.spectra.region((start, stop))

    @traitlets.validate("truth_shown")
    def _there(self, proposal):
        if proposal.value and self.spectra.truth is None:
            raise traitlets.TraitError("There is no truth to show: give truth=.")
        return proposal.value

    def __repr__(self):
        return (
            f"{type(self).__name__}({self._n_events} events in {len(self.edges) - 1} bins, "
            f"{len(self.spectra.kept)} thresholds)"
        )


def note_of(mjj, edges):
    """Say what share of the events lies beyond the axis."""
    beyond = np.mean((mjj < edges[0]) | (mjj > edges[-1]))
    said = tr("{share} of the events lie beyond the axis", share=percent(beyond))
    return said if beyond > 0 else ""


# ---------------------------------------------------------------- what is given


def as_events(mjj, score, weights, truth):
    """Arrays of one length; weights and truth may be None."""
    given = {"mjj": mjj, "score": score}
    check_lengths({name: as_vector(name, one) for name, one in given.items()})
    count = np.size(score)
    mjj = as_column("mjj", mjj, count)
    ask("score", np.zeros(count), score, weights)
    if truth is not None:
        ask("score", truth, score, None)
        truth = np.asarray(truth).astype(bool)
    weights = None if weights is None else np.asarray(weights, dtype=float)
    return mjj, np.asarray(score, dtype=float), weights, truth


def as_pair(name, limits):
    if np.shape(limits) != (2,) or not np.isreal(limits).all() or not limits[0] < limits[1]:
        raise ValueError(f"{name} is a pair (low, high), not {limits!r}.")
    return float(limits[0]), float(limits[1])


def as_bins(edges):
    edges = np.asarray(edges, dtype=float)
    if edges.ndim != 1 or not len(edges) - 1 <= MOST_BINS:
        raise ValueError(f"edges are those of at most {MOST_BINS} bins, not {np.size(edges) - 1}.")
    return edges


def as_shares(kept):
    kept = np.atleast_1d(np.asarray(kept, dtype=float))
    if kept.ndim != 1 or not 1 <= len(kept) <= MOST_ROWS:
        raise ValueError(f"kept are 1 to {MOST_ROWS} shares of the events, not {kept.size}.")
    if not ((kept > 0) & (kept <= 1)).all():
        raise ValueError(f"kept are shares above 0 and up to 1, not {kept.tolist()}.")
    return kept


def as_experiments(global_p):
    """Largest significance of each pseudo-experiment, None without them."""
    if global_p is None:
        return None
    if not isinstance(global_p, stats.GlobalSignificance):
        raise TypeError(
            "global_p is the result of hepml.stats.pseudo_experiments, not "
            f"{type(global_p).__name__}."
        )
    if len(global_p.largest) > MOST_EXPERIMENTS:
        raise ValueError(
            f"global_p has {len(global_p.largest)} pseudo-experiments: at most "
            f"{MOST_EXPERIMENTS} fit into the table."
        )
    return np.sort(global_p.largest)


def usable(spectra, signal_region, *, asked, unit):
    """Leave out thresholds too tight for a fit, or raise if they were asked for."""
    span = spectra.span(signal_region)
    faults = [fault_of(spectra, row, span, unit) for row in range(len(spectra.kept))]
    # The loosest row has been fitted; what is amiss below a good row is not for being tight.
    first = 0 if asked else next(row for row, fault in enumerate(faults) if not fault)
    for share, fault in zip(spectra.kept[first:], faults[first:], strict=True):
        if fault:
            raise ValueError(f"With {percent(share)} of the events kept, {fault}.")
    names = ("thresholds", "kept", "counts", "sumw2", "truth")
    rows = {name: getattr(spectra, name) for name in names}
    shorter = {name: None if column is None else column[first:] for name, column in rows.items()}
    return Spectra(**{**vars(spectra), **shorter, "hunts": {}})


def fault_of(spectra, row, span, unit):
    """Say why a spectrum cannot be fitted; empty if it can."""
    counts = spectra.counts[row]
    if (counts < 0).any():
        at = int(np.argmin(counts))
        low, high = spectra.edges[at : at + 2]
        between = f"{low:g} and {high:g}{unit and f' {unit}'}"
        return f"the weights between {between} add up to {counts[at]:.3g} < 0"
    if spectra.hunt(row, span) is None:
        return (
            f"too few sideband bins have events for {spectra.parameters} parameters: at least "
            f"{spectra.parameters + 1} are wanted"
        )
    return ""
