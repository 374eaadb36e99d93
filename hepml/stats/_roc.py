"""ROC curves of weighted events."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hepml.stats._bins import binned_steps
from hepml.stats._cuts import CutTable, freeze, ratio
from hepml.stats._scan import effective_events
from hepml.stats._steps import SUMW2_B, SUMW2_S, SUMW_B, SUMW_S, exact_steps
from hepml.stats.events import as_events, check_values

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["RocCurve", "auc", "roc_curve"]

FEW = 20  # effective events of a class, below which the error of the AUC is not trusted
LEAST_LEFT = 0.1  # share of a class that an event is taken to leave, at least


@dataclass(frozen=True, eq=False, repr=False)
class RocCurve(CutTable):
    """A `CutTable` that runs from a cut nothing passes (``inf``) to one that everything passes."""

    @property
    def _summary(self):
        return f"{super()._summary}, auc={self.auc:.4f} ± {self.auc_error:.4f}"

    @cached_property
    def auc(self) -> float:
        """Area under ε_s(ε_b), straight between the cuts: P(score_s > score_b) + P(equal) / 2.

        NaN if a class has no weight. With negative weights still this sum, perhaps not in [0, 1].
        """
        return float(np.trapezoid(self.signal_efficiency, self.background_efficiency))

    @cached_property
    def auc_error(self) -> float:
        r"""Standard error of the AUC from the finite samples.

        The jackknife of both classes: what the AUC moves by without one event. With :math:`V_i`
        the share of the other class that event i is ranked right against (ties half), the
        variance is the sum over both classes of
        :math:`\sum_i w_i^2 (V_i - AUC)^2 / (\sum_{j \ne i} w_j)^2`. For unit weights it is that of
        DeLong, DeLong and Clarke-Pearson (Biometrics 44 (1988) 837) but for n / (n - 1); a heavy
        event pulls the AUC towards itself, which their formula does not see (J. N. Arvesen, Ann.
        Math. Statist. 40 (1969) 2076). Valid for negative weights. Events of equal score, or of
        one bin of the score, count with their mean weight :math:`\sum w^2 / \sum w`. With few
        effective events it is no more than a scale: see `auc_remark`.
        """
        beaten = 1 - midpoints(self.background_efficiency)
        lost = midpoints(self.signal_efficiency)
        signal = left_out(self.sumw_signal, self.sumw2_signal, beaten - self.auc)
        background = left_out(self.sumw_background, self.sumw2_background, lost - self.auc)
        return float(np.sqrt(signal + background))

    @property
    def auc_remark(self) -> str:
        """One sentence where a class has too few effective events for its error; else empty.

        Below 20, with weights that differ (see the table of coverage in the book).
        """
        if self.fewest is None:
            return ""
        name, effective = self.fewest
        return (
            f"Of the {name} there are {effective:.2g} effective events: two errors of the AUC "
            "cover less than 95 %."
        )

    @property
    def fewest(self) -> tuple[str, float] | None:
        """Class with too few effective events for the error of the AUC, and their number."""
        totals = np.array([self.total_signal, self.total_background])
        effective = effective_events(totals, [self.total2_signal, self.total2_background])
        counts = np.array([self.n_signal, self.n_background])
        few = (effective < np.minimum(FEW, 0.999 * counts)) & (totals > 0)
        if not few.any():
            return None
        which = int(np.argmin(np.where(few, effective, np.inf)))
        return ("signal", "background")[which], float(effective[which])


def midpoints(values):
    return (values[1:] + values[:-1]) / 2


def left_out(sumw, sumw2, deviations):
    """Sum of the squares of what the AUC moves by without each event, as `RocCurve.auc_error`."""
    total, weights, squares = sumw[-1], np.diff(sumw), np.diff(sumw2)
    if total == 0:  # weights that cancel
        return np.nan
    per_event = np.ones(len(weights))
    np.divide(squares, weights**2, out=per_event, where=weights**2 > squares)
    left = np.abs(1 - ratio(weights * per_event, total))
    rest = total * np.maximum(left, LEAST_LEFT)
    return np.sum(ratio(squares * deviations**2, rest**2))


def roc_curve(
    y: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None, *, exact: bool = False
) -> RocCurve:
    """Weighted ROC curve with the yields, squared weights and errors behind it.

    Parameters
    ----------
    y : array_like, shape (n,)
        1 or True for signal, 0 or False for background.
    score : array_like, shape (n,)
        Classifier output or any variable that is larger for signal: probabilities, margins,
        integers. Events pass a cut if ``score >= threshold``, so equal scores pass together.
    weights : array_like, shape (n,), optional
        One weight per event, of either sign; 1 if not given.
    exact : bool, default False
        Put a cut at every distinct score.

    Returns
    -------
    RocCurve
        Its first row is the cut ``inf`` that nothing passes, its last passes everything.

    Raises
    ------
    ValueError, TypeError
        For no events, unequal lengths, labels other than 0 and 1, and scores or weights that
        are NaN or infinite; the message says how many and where.
    """
    return as_curve(steps_of(y, score, weights, exact=exact))


def auc(
    y: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None, *, exact: bool = False
) -> float:
    """Weighted area under the ROC curve.

    Parameters
    ----------
    y, score, weights, exact
        As in `roc_curve`, which also says what is refused.

    Returns
    -------
    float
        P(score_s > score_b) + P(equal) / 2; NaN if one of the classes has no weight.
    """
    return roc_curve(y, score, weights, exact=exact).auc


def steps_of(y, score, weights, *, exact):
    events = as_events(y, score, weights)
    if not exact:
        return binned_steps(events)
    check_values(events)
    return exact_steps(events)


def as_curve(steps):
    passing = np.zeros((4, len(steps.threshold) + 1))
    np.cumsum(steps.sums, axis=1, out=passing[:, 1:])
    totals = passing[:, -1].tolist()
    freeze(passing)
    return RocCurve(
        threshold=np.append(np.inf, steps.threshold),
        sumw_signal=passing[SUMW_S],
        sumw2_signal=passing[SUMW2_S],
        sumw_background=passing[SUMW_B],
        sumw2_background=passing[SUMW2_B],
        total_signal=totals[SUMW_S],
        total2_signal=totals[SUMW2_S],
        total_background=totals[SUMW_B],
        total2_background=totals[SUMW2_B],
        n_signal=steps.counts[1],
        n_background=steps.counts[0],
        exact=steps.exact,
    )
