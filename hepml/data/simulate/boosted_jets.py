"""Boosted jets in a calorimeter: smeared towers, the trimmed hardest jet, its substructure.

Every array here is flat: what belongs to the towers of all events lies one after the other, with
the event of each beside it or the number of each event's towers.
"""

from dataclasses import dataclass

import numpy as np

from hepml.data.simulate.clusters import (
    Towers,
    clustered,
    masses,
    members,
    momentum_sums,
    n_subjettiness,
    pts,
    ratio,
    taken,
)
from hepml.data.simulate.objects import delta_r, polar, rounded, wrap

__all__ = ["Calorimeter", "JetSelection", "Towers", "measured_towers", "selected_jets"]

ELECTRON, MUON, PHOTON = 11, 13, 22
NEUTRINOS = (12, 14, 16)


@dataclass(frozen=True)
class Calorimeter:
    """A grid of towers in (eta, phi) and its two resolutions; energies in GeV.

    A resolution (a, b) is sigma(E)/E = a/sqrt(E) (+) b, (+) meaning the quadratic sum: of what
    electrons and photons leave in a tower, and of what hadrons leave. Both are log-normal, which
    keeps energies positive and their mean as it is. Muons and neutrinos leave nothing, nothing
    is bent on its way, and towers below ``threshold`` in pT are not read out; the pT of the
    others is rounded to ``mantissa_bits`` bits after the leading one.
    """

    tower_eta: float = 0.1
    towers_phi: int = 63  # 2 pi / 63 = 0.0997
    eta: float = 3.2
    electromagnetic: tuple = (0.10, 0.01)
    hadronic: tuple = (0.50, 0.03)
    threshold: float = 0.3
    mantissa_bits: int = 8

    @property
    def tower_phi(self):
        """Width of a tower in azimuth."""
        return 2 * np.pi / self.towers_phi

    @property
    def towers_eta(self):
        """Number of towers along eta, on both sides."""
        return 2 * round(self.eta / self.tower_eta)


@dataclass(frozen=True)
class JetSelection:
    """Jets and cuts of arXiv:1511.05190; momenta and masses in GeV.

    The hardest anti-kT jet of ``radius`` is trimmed: its towers are clustered again by kT with
    ``subjet_radius``, and subjets below ``fraction`` of the jet's pT go. The cuts are on what is
    left; both ranges include their lower end.
    """

    radius: float = 1.0
    subjet_radius: float = 0.3
    fraction: float = 0.05
    eta: float = 2.0
    pt: tuple = (250.0, 300.0)
    mass: tuple = (65.0, 95.0)
    least_pt: float = 200.0  # of a jet before it is trimmed, to be looked at


def measured_towers(event, pdg, momenta, calorimeter, rng):
    """Fill the calorimeter and smear what it holds.

    Parameters
    ----------
    event : ndarray of int, shape (particles,)
        Number of each particle's event, from 0.
    pdg : ndarray of int, shape (particles,)
    momenta : ndarray, shape (particles, 4)
        (px, py, pz, E) in GeV of stable particles.
    calorimeter : Calorimeter
    rng : numpy.random.Generator

    Returns
    -------
    Towers
        Above the threshold, in order of their events and places.
    """
    pdg = np.abs(pdg)
    _, eta, phi = polar(momenta)
    seen = (np.abs(eta) < calorimeter.eta) & ~np.isin(pdg, (MUON, *NEUTRINOS))
    place = _places(event[seen], eta[seen], phi[seen], calorimeter)
    tower, inverse = np.unique(place, return_inverse=True)
    light = np.isin(pdg[seen], (ELECTRON, PHOTON))
    energy = momenta[seen, 3]
    total = np.zeros(len(tower))
    for part, terms in (
        (light, calorimeter.electromagnetic),
        (~light, calorimeter.hadronic),
    ):
        true = np.bincount(inverse, weights=energy * part, minlength=len(tower))
        total += _smeared(true, terms, rng)
    return _read_out(tower, total, calorimeter)


def _places(event, eta, phi, calorimeter):
    """One number for each tower of each event."""
    row = np.floor((eta + calorimeter.eta) / calorimeter.tower_eta).astype(np.int64)
    column = np.floor(np.mod(phi, 2 * np.pi) / calorimeter.tower_phi).astype(np.int64)
    row = np.minimum(row, calorimeter.towers_eta - 1)
    column = np.minimum(column, calorimeter.towers_phi - 1)
    return (event * calorimeter.towers_eta + row) * calorimeter.towers_phi + column


def _smeared(energy, terms, rng):
    """Energies times log-normal factors of mean 1 and the stated relative width."""
    noise = rng.standard_normal(len(energy))
    root = np.sqrt(np.where(energy > 0, energy, np.inf))
    square = np.log1p((terms[0] / root) ** 2 + terms[1] ** 2)
    return energy * np.exp(np.sqrt(square) * noise - square / 2)


def _read_out(tower, energy, calorimeter):
    row, column = np.divmod(tower, calorimeter.towers_phi)
    event, row = np.divmod(row, calorimeter.towers_eta)
    eta = (row + 0.5) * calorimeter.tower_eta - calorimeter.eta
    phi = wrap((column + 0.5) * calorimeter.tower_phi)
    pt = energy / np.cosh(eta)
    read = pt > calorimeter.threshold
    found = rounded(pt[read], calorimeter.mantissa_bits).astype(float)
    return Towers(event[read], eta[read], phi[read], found)


def selected_jets(towers, selection):
    """Find, trim and select the hardest jet of each event.

    Parameters
    ----------
    towers : Towers
    selection : JetSelection

    Returns
    -------
    columns : dict of str to ndarray, shape (selected,)
        ``jet_pt``, ``jet_eta``, ``jet_phi``, ``jet_mass`` of the trimmed jet,
        ``jet_pt_untrimmed`` and ``jet_mass_untrimmed``, ``tau_1``, ``tau_2``, ``tau_3`` (beta 1,
        winner-take-all kT axes), ``tau_21`` and ``tau_32``, the number of ``subjets``,
        ``jet_delta_R`` of the two hardest ones (0 if there is one), and ``nconstituent``.
    constituents : dict of str to ndarray, shape (sum of nconstituent,)
        ``constituent_pt``, ``constituent_eta``, ``constituent_phi``, hardest first, and
        ``constituent_subjet``: 1 for the hardest subjet, 2 for the next ..., 0 if trimmed away.
    events : ndarray of int, shape (selected,)
        Number of each jet's event.
    """
    jets = _hardest(towers, selection)
    subjet = _subjets(jets, selection)
    events, columns = _kinematics(jets, subjet)
    passed = _passes(columns, selection)
    rows = passed[np.searchsorted(events, jets.event)]
    jets, subjet = taken(jets, rows), subjet[rows]
    columns = {name: values[passed] for name, values in columns.items()}
    columns |= _substructure(jets, subjet)
    order = np.lexsort((-jets.pt, jets.event))
    jets = taken(jets, order)
    constituents = {f"constituent_{v}": getattr(jets, v) for v in ("pt", "eta", "phi")}
    constituents["constituent_subjet"] = subjet[order]
    return columns, constituents, events[passed]


def _passes(columns, selection):
    inside = [
        (columns[name] >= low) & (columns[name] < high)
        for name, (low, high) in (("jet_pt", selection.pt), ("jet_mass", selection.mass))
    ]
    return np.logical_and.reduce([*inside, np.abs(columns["jet_eta"]) < selection.eta])


def _hardest(towers, selection):
    """Towers of each event's hardest jet."""
    sequence, starts = clustered(towers, "antikt", selection.radius)
    rows, jet = members(sequence, starts, selection.least_pt)
    pt, first = pts(towers, rows, jet), np.unique(jet, return_index=True)[1]
    event = towers.event[rows[first]]
    best = np.zeros(len(pt), bool)
    order = np.lexsort((-pt, event))
    best[order[np.unique(event[order], return_index=True)[1]]] = True
    return taken(towers, np.sort(rows[best[jet]]))


def _subjets(jets, selection):
    """Rank of each tower's subjet by pT, from 1; 0 where it is trimmed away."""
    sequence, starts = clustered(jets, "kt", selection.subjet_radius)
    rows, subjet = members(sequence, starts, 0.0)
    pt, first = pts(jets, rows, subjet), np.unique(subjet, return_index=True)[1]
    jet = np.unique(jets.event, return_inverse=True)[1]
    own = jet[rows[first]]
    kept = pt >= selection.fraction * np.hypot(*momentum_sums(jets, jet)[:2])[own]
    order = np.lexsort((-pt, own))
    rank = np.empty(len(pt), np.int64)
    rank[order] = np.arange(len(pt)) - np.searchsorted(own[order], own[order]) + 1
    found = np.empty(len(rows), np.int64)
    found[rows] = np.where(kept, rank, 0)[subjet]
    return found


def _kinematics(jets, subjet):
    """Events, and momentum and mass of each one's jet with and without what is trimmed away."""
    events, jet = np.unique(jets.event, return_inverse=True)
    kept = subjet > 0
    trimmed, whole = momentum_sums(taken(jets, kept), jet[kept]), momentum_sums(jets, jet)
    pt, eta, phi = polar(trimmed.T)
    columns = {"jet_pt": pt, "jet_eta": eta, "jet_phi": phi, "jet_mass": masses(trimmed)}
    columns |= {"jet_pt_untrimmed": np.hypot(*whole[:2]), "jet_mass_untrimmed": masses(whole)}
    return events, columns


def _substructure(jets, subjet):
    """N-subjettiness and subjets of trimmed jets."""
    jet = np.unique(jets.event, return_inverse=True)[1]
    kept = subjet > 0
    count = np.zeros(jet.max(initial=-1) + 1, np.int64)
    np.maximum.at(count, jet, subjet)
    columns = {"subjets": count, "jet_delta_R": _subjet_distance(jets, jet, subjet)}
    columns["nconstituent"] = np.bincount(jet)
    columns |= n_subjettiness(taken(jets, kept))
    return columns | {
        f"tau_{n}{n - 1}": ratio(columns[f"tau_{n}"], columns[f"tau_{n - 1}"]) for n in (2, 3)
    }


def _subjet_distance(jets, jet, subjet):
    """Distance of the two hardest subjets, 0 where there is only one."""
    two = []
    for rank in (1, 2):
        own = np.where(subjet == rank, jets.pt, 0)
        weighted = Towers(jets.event, jets.eta, jets.phi, own)
        two.append(momentum_sums(weighted, jet))
    there = two[1][3] > 0
    distance = np.zeros(len(there))
    axes = [polar(momenta[:, there].T)[1:] for momenta in two]
    distance[there] = delta_r(*axes[0], *axes[1])
    return distance
