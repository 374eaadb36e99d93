"""What may go wrong in a detector, done to good events: the distortions of a challenge of 2016."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np

from hepml.data._derived import check_table, derived_features, numbers
from hepml.data._errors import DataError, nearest
from hepml.data.simulate.higgsml import FORMULAS
from hepml.data.simulate.objects import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    import pandas as pd
    from numpy.typing import ArrayLike

__all__ = ["DISTORTIONS", "Distortion", "distort"]

HOLE = {"eta": (0.0, 1.0), "phi": (0.0, math.pi / 4)}
IMPOSSIBLE_ETA = 2.8  # acceptance ends at 2.5
MISPLACED_POINT = 10.0
EXTRA_MET = 50.0  # GeV
LARGEST_SHIFT = 0.5
_SUM_ET = ("PRI_met_sumet",)


@dataclass(frozen=True)
class Distortion:
    """One kind of distortion.

    Attributes
    ----------
    meaning : str
        What happens to an event.
    strength : str
        What the strength is a measure of.
    challenge : float
        Strength in the challenge's file, as we found it there.
    columns : tuple of str
        Primary columns that it looks at or changes.
    consistent : bool
        Whether derived features are recomputed, as they are if it happens before reconstruction.
    hit : callable
        Of these columns, the strength and a generator: which events are meant.
    change : callable or None
        Of the columns of these events and the strength: their new values. None if they are lost.
    optional : tuple of str
        Columns that change too, where a table has them.
    """

    meaning: str
    strength: str
    challenge: float
    columns: tuple
    consistent: bool
    hit: Callable
    change: Callable | None
    optional: tuple = ()

    def inputs(self, events):
        """Columns of a table that matter here, as float64."""
        names = (*self.columns, *(name for name in self.optional if name in events))
        return {name: numbers(events, name) for name in names}


def _everywhere(f, _strength, _rng):
    return np.ones(_size(f), bool)


def _some(f, strength, rng):
    """Events drawn at random; those of a smaller strength are among those of a larger one."""
    return rng.random(_size(f)) < strength


def _in_the_hole(f, strength, rng):
    def inside(name):
        (low, high), (left, right) = HOLE["eta"], HOLE["phi"]
        eta, phi = f[f"PRI_{name}_eta"], f[f"PRI_{name}_phi"]
        return (eta > low) & (eta < high) & (phi > left) & (phi < right)

    return (inside("tau") | inside("lep")) & _some(f, strength, rng)


def _size(f):
    return len(next(iter(f.values())))


def _scaled_tau(f, strength):
    """Scale the tau; the missing momentum and the sum of all energy know of it."""
    more = strength * f["PRI_tau_pt"]
    x = f["PRI_met"] * np.cos(f["PRI_met_phi"]) - more * np.cos(f["PRI_tau_phi"])
    y = f["PRI_met"] * np.sin(f["PRI_met_phi"]) - more * np.sin(f["PRI_tau_phi"])
    changed = {
        "PRI_tau_pt": f["PRI_tau_pt"] + more,
        "PRI_met": np.hypot(x, y),
        "PRI_met_phi": wrap(np.arctan2(y, x)),
    }
    sums = {name: f[name] + more for name in _SUM_ET if name in f}
    return changed | sums


def _swapped(f, _strength):
    return {"PRI_tau_phi": f["PRI_lep_phi"], "PRI_lep_phi": f["PRI_tau_phi"]}


_SHARE = "share of the events"
_MET = ("PRI_met", "PRI_met_phi")
DISTORTIONS = {
    "tau_energy_scale": Distortion(
        "pT of the tau is scaled, and the missing momentum balances it",
        "relative shift, of all events",
        0.05,
        ("PRI_tau_pt", "PRI_tau_phi", *_MET),
        True,
        _everywhere,
        _scaled_tau,
        _SUM_ET,
    ),
    "eta_phi_hole": Distortion(
        "events whose tau or lepton has 0 < eta < 1 and 0 < phi < pi/4 are lost",
        "share of those events",
        1.0,
        ("PRI_tau_eta", "PRI_tau_phi", "PRI_lep_eta", "PRI_lep_phi"),
        True,
        _in_the_hole,
        None,
    ),
    "impossible_eta": Distortion(
        "eta of the tau is 2.8, where no tau is accepted",
        _SHARE,
        0.05,
        ("PRI_tau_eta",),
        True,
        _some,
        lambda f, _: {"PRI_tau_eta": np.full(_size(f), IMPOSSIBLE_ETA)},
    ),
    "lepton_pt": Distortion(
        "pT of the lepton is ten times too large",
        _SHARE,
        0.05,
        ("PRI_lep_pt",),
        True,
        _some,
        lambda f, _: {"PRI_lep_pt": MISPLACED_POINT * f["PRI_lep_pt"]},
    ),
    "missing_energy": Distortion(
        "the missing transverse momentum is 50 GeV too large",
        _SHARE,
        0.05,
        ("PRI_met",),
        True,
        _some,
        lambda f, _: {"PRI_met": f["PRI_met"] + EXTRA_MET},
    ),
    "swapped_phi": Distortion(
        "phi of the tau and of the lepton are swapped, derived features stay as they were",
        _SHARE,
        0.05,
        ("PRI_tau_phi", "PRI_lep_phi"),
        False,
        _some,
        _swapped,
    ),
}
"""Kinds of distortion by name, each with its ``meaning``, what its ``strength`` is a measure of,
the strength in the ``challenge``'s file, and the ``columns`` that it changes."""


def distort(
    events: pd.DataFrame | Mapping[str, ArrayLike],
    kind: str,
    strength: float,
    rng: np.random.Generator | int,
    *,
    recompute: bool | None = None,
) -> Any:
    """Distort events as a failing detector would.

    Parameters
    ----------
    events : pandas.DataFrame or mapping of str to array, shape (n,)
        With the columns of `load` ``("higgs_tautau")``: GeV and radians.
    kind : str
        One of ``DISTORTIONS``, which tells what each does: "tau_energy_scale", "eta_phi_hole",
        "impossible_eta", "lepton_pt", "missing_energy", "swapped_phi".
    strength : float
        For "tau_energy_scale" the relative shift of every tau, between -0.5 and 0.5; for
        "eta_phi_hole" the share of the events in the hole that are lost; for the others the share
        of the events that are distorted, drawn at random, whatever their class and weight. Zero
        changes nothing.
    rng : numpy.random.Generator or int
        Where the events are drawn from. With one seed, the events of a smaller strength are
        among those of a larger one.
    recompute : bool, optional
        Whether the table's derived features (``DER_``) follow the change. By default they do, as
        if the fault came before the reconstruction; but not for "swapped_phi".

    Returns
    -------
    Like ``events``
        A new table, columns in their order and of their types; fewer rows after "eta_phi_hole".

    Raises
    ------
    DataError
        If there is no such kind, the strength is out of range, or a column is missing.

    Notes
    -----
    After the detector-anomaly challenge of 2016 (a data challenge of the Center for Data Science
    Paris-Saclay on events of HiggsML), whose file we took apart: of its distorted events all have
    taus of 1.05 times their pT (none is below 21 GeV); in 5.1 % the tau's eta is 2.8, in 4.4 % the
    lepton's pT is tenfold; 4.9 % disagree with their own transverse mass and agree once both phi
    are swapped; 50 GeV on the missing momentum and missing regions are seen in its histograms
    only. Several befall one table by calling this again with the result.

    Cuts are not applied again: after a shift of +5 % no tau is below 21 GeV, where good events
    begin at 20. To study the shift alone, cut both tables harder, say at 22 GeV.

    Examples
    --------
    >>> from hepml import data
    >>> events = data.load("higgs_tautau").head(1000)
    >>> bad = data.distort(events, "impossible_eta", 0.05, rng=1)
    >>> int((bad["PRI_tau_eta"] > 2.5).sum())
    47
    """
    one = _known(kind)
    check_table(events)
    strength = _checked(kind, strength)
    f = one.inputs(events)
    _check_lengths(f)
    hit = one.hit(f, strength, _generator(rng)) & (strength != 0)
    if one.change is None:
        return _rows(events, ~hit)
    changed = one.change({name: values[hit] for name, values in f.items()}, strength)
    table = _replaced(events, hit, changed)
    follow = one.consistent if recompute is None else recompute
    return _followed(table, hit, changed) if follow and hit.any() else table


def _known(kind):
    if not isinstance(kind, str) or kind not in DISTORTIONS:
        raise DataError(f"there is no distortion {kind!r}; {nearest(str(kind), DISTORTIONS)}")
    return DISTORTIONS[kind]


def _checked(kind, strength):
    low, high = (-LARGEST_SHIFT, LARGEST_SHIFT) if kind == "tau_energy_scale" else (0, 1)
    real = isinstance(strength, Real) and not isinstance(strength, (bool, np.bool_))
    if not real or not low <= strength <= high:
        what = DISTORTIONS[kind].strength
        raise DataError(f"strength={strength!r}: say a number from {low} to {high} ({what})")
    return float(strength)


def _generator(rng):
    seed = isinstance(rng, Integral) and not isinstance(rng, bool) and rng >= 0
    if not seed and not isinstance(rng, np.random.Generator):
        raise DataError(f"rng={rng!r}: say a numpy.random.Generator, or a seed of 0 or more")
    return np.random.default_rng(rng)


def _check_lengths(f):
    lengths = {name: len(values) for name, values in f.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise DataError(f"one entry per event is wanted in every column, but {said}")


def _rows(events, which):
    """Take some of the rows, as a new table."""
    if hasattr(events, "iloc"):
        return events.loc[which].copy()
    return {name: np.array(values)[which] for name, values in events.items()}


def _replaced(events, hit, changed):
    """Give the rows that are hit other values, of the columns' own types, in a new table."""
    new = {name: _filled(events[name], hit, values) for name, values in changed.items()}
    if hasattr(events, "iloc"):
        return events.assign(**new)
    return {name: new.get(name, np.array(values)) for name, values in events.items()}


def _filled(column, hit, values):
    filled = np.array(column)
    if hit.any() and filled.dtype.kind != "f":
        filled = filled.astype(np.float64)
    filled[hit] = values
    return filled


def _followed(table, hit, changed):
    """Recompute the derived features of what was hit, as far as they depend on what changed."""
    names = [
        name
        for name, (inputs, _) in FORMULAS.items()
        if name in table and not set(inputs).isdisjoint(changed)
    ]
    try:
        found = derived_features(_rows(table, hit), names) if names else {}
    except DataError as error:
        raise DataError(f"{error}: leave such columns out, or say recompute=False") from None
    return _replaced(table, hit, {name: np.asarray(found[name]) for name in names})
