"""The two hardest large jets of an event, the heavier first, after the LHC Olympics."""

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
from hepml.data.simulate.objects import polar

__all__ = ["JETS", "DijetSelection", "pair_features", "selected_pairs"]

JETS = ("jet_1", "jet_2")


@dataclass(frozen=True)
class DijetSelection:
    """Jets and cuts; momenta and masses in GeV.

    Both of the two hardest anti-kT jets of ``radius`` have |eta| below ``eta``, they are less
    than ``delta_eta`` apart in it, and their mass is at least ``mjj``.
    """

    radius: float = 1.0
    eta: float = 2.5
    delta_eta: float = 1.3
    mjj: float = 2800.0
    least_pt: float = 20.0  # of a jet to be looked at


def selected_pairs(towers, selection):
    """Find the two hardest jets of each event and select.

    Parameters
    ----------
    towers : hepml.data.simulate.clusters.Towers
    selection : DijetSelection

    Returns
    -------
    columns : dict of str to ndarray, shape (selected,)
        ``jet_1_pt``, ``jet_1_eta``, ``jet_1_phi``, ``jet_1_mass``, ``jet_1_towers`` (how many),
        ``jet_1_tau_1``, ``jet_1_tau_2``, ``jet_1_tau_3`` of the heavier of the two jets, and the
        same with ``jet_2`` of the other.
    events : ndarray of int, shape (selected,)
        Number of each pair's event.
    """
    events, jets = _two_hardest(towers, selection)
    momenta = momentum_sums(jets, jets.event).reshape(4, -1, 2)
    passed = _passes(momenta, selection)
    jets = taken(jets, passed[jets.event // 2])
    jet = np.unique(jets.event, return_inverse=True)[1]
    values = _kinematics(momenta[:, passed]) | {"towers": np.bincount(jet).reshape(-1, 2)}
    values |= {name: tau.reshape(-1, 2) for name, tau in n_subjettiness(jets).items()}
    order = np.argsort(-values["mass"], axis=1)
    return {
        f"{name}_{what}": np.take_along_axis(value, order, axis=1)[:, k]
        for k, name in enumerate(JETS)
        for what, value in values.items()
    }, events[passed]


def _two_hardest(towers, selection):
    """Events with two jets, and the towers of these: 2 i and 2 i + 1 number those of the i-th."""
    sequence, starts = clustered(towers, "antikt", selection.radius)
    rows, jet = members(sequence, starts, selection.least_pt)
    pt, first = pts(towers, rows, jet), np.unique(jet, return_index=True)[1]
    event = towers.event[rows[first]]
    order = np.lexsort((-pt, event))
    rank = np.empty(len(pt), np.int64)
    rank[order] = np.arange(len(pt)) - np.searchsorted(event[order], event[order])
    events = np.unique(event[rank == 1])
    number = 2 * np.searchsorted(events, event) + rank
    kept = ((rank < 2) & np.isin(event, events))[jet]
    rows, number = rows[kept], number[jet[kept]]
    order = np.argsort(number, kind="stable")
    found = taken(towers, rows[order])
    return events, Towers(number[order], found.eta, found.phi, found.pt)


def _passes(momenta, selection):
    _, eta, _ = polar(np.moveaxis(momenta, 0, -1))
    central = (np.abs(eta) < selection.eta).all(axis=1)
    near = np.abs(eta[:, 0] - eta[:, 1]) < selection.delta_eta
    return central & near & (masses(momenta.sum(axis=2)) >= selection.mjj)


def _kinematics(momenta):
    pt, eta, phi = polar(np.moveaxis(momenta, 0, -1))
    return {"pt": pt, "eta": eta, "phi": phi, "mass": masses(momenta)}


def pair_features(columns):
    """Features of pairs of jets.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (events,)
        As `selected_pairs` gives them.

    Returns
    -------
    dict of str to ndarray, shape (events,)
        ``mjj`` in GeV and ``delta_eta``; of each jet ``jet_1_mass_over_mjj``, ``jet_1_tau_21``
        and ``jet_1_tau_32``, ratios of tau being 0 where nothing is below.
    """
    parts = {
        name: np.stack([columns[f"{jet}_{name}"] for jet in JETS]).astype(float)
        for name in ("pt", "eta", "phi", "mass", "tau_1", "tau_2", "tau_3")
    }
    mjj = masses(_momenta(parts).sum(axis=1))
    found = {"mjj": mjj, "delta_eta": np.abs(np.subtract(*parts["eta"]))}
    for k, jet in enumerate(JETS):
        found[f"{jet}_mass_over_mjj"] = parts["mass"][k] / mjj
        for n in (2, 3):
            found[f"{jet}_tau_{n}{n - 1}"] = ratio(parts[f"tau_{n}"][k], parts[f"tau_{n - 1}"][k])
    return found


def _momenta(parts):
    """(px, py, pz, E), shape (4, jets, events)."""
    px, py = parts["pt"] * np.cos(parts["phi"]), parts["pt"] * np.sin(parts["phi"])
    pz = parts["pt"] * np.sinh(parts["eta"])
    return np.stack([px, py, pz, np.sqrt(px**2 + py**2 + pz**2 + parts["mass"] ** 2)])
