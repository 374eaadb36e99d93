"""Figures of merit at every cut: significance, AMS and SIC, and the best row that is trusted."""

from dataclasses import dataclass

import numpy as np

from hepml import stats
from hepml_widgets.core.language import later
from hepml_widgets.core.numbers import percent, significant

__all__ = ["MERITS", "RULE", "SIGMA_B", "Options", "Scan", "scan_of", "title_of"]

SIGMA_B = 0.1
"""Relative uncertainty of the background that a view begins with if none is given."""
RULE = later("fewer than {n} effective background events")
"""What is said of cuts that no best point is sought among."""


@dataclass(frozen=True)
class Options:
    """What a figure of merit depends on besides the yields."""

    sigma_b: float = 0.0
    b_r: float = 10.0


@dataclass(frozen=True)
class Scan:
    """A figure of merit at every row, its error, where it is trusted, and the best row there.

    ``trusted`` are the rows with at least `hepml.stats.ENOUGH_BACKGROUND` effective background
    events; ``best`` is None if none of them has a finite value.
    """

    values: np.ndarray
    errors: np.ndarray
    trusted: np.ndarray
    best: int | None

    @property
    def parts(self):
        """Values where they are trusted, and where they are not with the rows they begin at."""
        apart = ~self.trusted
        apart[1:] |= ~self.trusted[:-1]
        apart[:-1] |= ~self.trusted[1:]
        return np.where(self.trusted, self.values, np.nan), np.where(apart, self.values, np.nan)

    @property
    def top(self):
        """Upper end of an axis: room above the best, and for what is larger, within limits."""
        return top_of(self.values, self.best)


def scan_of(cuts, merit, options):
    """Figure of merit at every row of a table of cuts, and the best row that is trusted."""
    values, errors = MERITS[merit](cuts, options)
    left = stats.effective_events(cuts.sumw_background, cuts.sumw2_background)
    trusted = left >= stats.ENOUGH_BACKGROUND
    return Scan(values, errors, trusted, stats.best_row(values, trusted))


def top_of(values, best):
    known = values[np.isfinite(values)]
    highest = known.max(initial=0.0)
    peak = highest if best is None else float(values[best])
    return max(1.6 * peak, min(1.7 * highest, 2.5 * peak)) if peak > 0 else 1.0


def title_of(merit, options):
    """Title of the axis of a figure of merit, with what it takes for granted."""
    given = {
        "Z": f"Z [σ], σ_b = {percent(options.sigma_b)}",
        "AMS": f"AMS [σ], b_r = {significant(options.b_r)}",
        "SIC": "ε_s / √ε_b",
    }
    return given[merit]


def _z(cuts, options):
    scan = stats.significance_scan(cuts, sigma_b=options.sigma_b)
    return scan.significance, scan.significance_error


def _ams(cuts, options):
    scan = stats.significance_scan(cuts, b_r=options.b_r)
    return scan.ams, scan.ams_error


def _sic(cuts, _options):
    signal, background = cuts.signal_efficiency, cuts.background_efficiency
    safe = np.where(background > 0, background, np.nan)
    relative = signal * cuts.background_efficiency_error / (2 * safe**1.5)
    return cuts.sic, np.hypot(cuts.signal_efficiency_error / np.sqrt(safe), relative)


MERITS = {"Z": _z, "AMS": _ams, "SIC": _sic}
