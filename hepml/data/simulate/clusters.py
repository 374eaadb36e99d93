"""Jets from the towers of many events: clustering, momenta, masses, N-subjettiness.

Every array here is flat: what belongs to the towers of all events lies one after the other, with
the event of each beside it.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Towers", "clustered", "masses", "members", "momentum_sums", "n_subjettiness"]
__all__ += ["pts", "ratio", "taken"]

SUBSTRUCTURE = (1, 2, 3)  # axes of the N-subjettiness


@dataclass(frozen=True)
class Towers:
    """Towers of many events: the event of each, its place, and its measured pT in GeV."""

    event: np.ndarray
    eta: np.ndarray
    phi: np.ndarray
    pt: np.ndarray


def taken(towers, which):
    """Take some of the towers, by a mask or by their rows."""
    return Towers(*(values[which] for values in vars(towers).values()))


def _lists(towers):
    """Massless momenta as awkward lists, one for each event with towers, and where each starts."""
    import awkward as ak  # noqa: PLC0415 - only who generates has it

    counts = np.unique_counts(towers.event).counts
    momenta = {
        "px": towers.pt * np.cos(towers.phi),
        "py": towers.pt * np.sin(towers.phi),
        "pz": towers.pt * np.sinh(towers.eta),
        "E": towers.pt * np.cosh(towers.eta),
    }
    flat = ak.zip(momenta, with_name="Momentum4D")
    return ak.unflatten(flat, counts), np.cumsum(counts) - counts


def clustered(towers, algorithm, radius):
    """Cluster each event.

    Parameters
    ----------
    towers : Towers
        In order of their events.
    algorithm : str
        "antikt", "kt" or "cambridge".
    radius : float

    Returns
    -------
    sequence : fastjet.ClusterSequence
    starts : ndarray of int
        Row of the first tower of each event that has any.
    """
    import fastjet  # noqa: PLC0415 - only who generates has it

    lists, starts = _lists(towers)
    definition = fastjet.JetDefinition(getattr(fastjet, f"{algorithm}_algorithm"), radius)
    return fastjet.ClusterSequence(lists, definition), starts


def members(sequence, starts, least_pt):
    """Towers of all jets above a pT.

    Parameters
    ----------
    sequence : fastjet.ClusterSequence
    starts : ndarray of int
        Both from `clustered`.
    least_pt : float
        In GeV.

    Returns
    -------
    rows : ndarray of int
        Of the towers, jet after jet.
    jet : ndarray of int
        Number of each one's jet, from 0.
    """
    import awkward as ak  # noqa: PLC0415 - only who generates has it

    index = sequence.constituent_index(min_pt=least_pt)
    rows = ak.to_numpy(ak.flatten(index + starts, axis=None))
    sizes = ak.to_numpy(ak.flatten(ak.num(index, axis=2)))
    return rows, np.repeat(np.arange(len(sizes)), sizes)


def momentum_sums(towers, number):
    """Momenta (px, py, pz, E) of numbered sets of massless towers, shape (4, sets), in GeV."""
    parts = (np.cos(towers.phi), np.sin(towers.phi), np.sinh(towers.eta), np.cosh(towers.eta))
    return np.array([np.bincount(number, weights=towers.pt * part) for part in parts])


def pts(towers, rows, jet):
    """Transverse momenta of jets in GeV, given the rows of their towers."""
    return np.hypot(*momentum_sums(taken(towers, rows), jet)[:2])


def masses(momenta):
    """Masses of momenta (px, py, pz, E), shape (4, ...); 0 where rounding makes them imaginary."""
    square = momenta[3] ** 2 - (momenta[:3] ** 2).sum(axis=0)
    return np.sqrt(np.maximum(square, 0))


def ratio(above, below):
    """Quotient, 0 where there is nothing below."""
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0)


def n_subjettiness(towers):
    """tau_N of arXiv:1011.2268 with beta 1, R0 1 and winner-take-all kT axes.

    Parameters
    ----------
    towers : Towers
        One jet in place of each event, in order.

    Returns
    -------
    dict of str to ndarray, shape (jets,)
        ``tau_1``, ``tau_2`` and ``tau_3``.
    """
    import awkward as ak  # noqa: PLC0415 - only who generates has it

    if not len(towers.pt):
        return {f"tau_{n}": np.zeros(0) for n in SUBSTRUCTURE}
    sequence, _ = clustered(towers, "kt", 1.0)
    found = ak.to_numpy(
        sequence.njettiness(
            measure_definition="NormalizedMeasure",
            axes_definition="WTA_KT_Axes",
            njets=list(SUBSTRUCTURE),
            beta=1.0,
            R0=1.0,
        )
    )
    return {f"tau_{n}": found[:, i] for i, n in enumerate(SUBSTRUCTURE)}
