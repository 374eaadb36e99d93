"""A parametric detector and the lepton + hadronic tau selection.

Every reconstructed momentum is the true one times a Gaussian of the width stated in `Detector`;
the missing momentum takes up what the smeared objects lost and a soft noise that grows with the
square root of the soft transverse energy. Fakes are weights, not luck: each event keeps one of its
tau candidates, chosen in proportion to their probabilities, and carries their sum as weight.
"""

from dataclasses import dataclass

import numpy as np

from hepml.data.simulate.higgsml import MISSING
from hepml.data.simulate.objects import (
    NOWHERE,
    Objects,
    Smearing,
    calorimeter_sums,
    delta_r,
    measured_jets,
    measured_leptons,
    measured_missing,
    polar,
    resolution,
    smear,
    wrap,
)

__all__ = ["Detector", "reconstruct", "thin"]


@dataclass(frozen=True)
class Detector(Smearing):
    """Resolutions, efficiencies and cuts; momenta in GeV."""

    tau: tuple = (0.80, 0.03)
    jet: tuple = (0.80, 0.05)
    lepton_pt: float = 26.0
    veto_pt: float = 15.0
    tau_pt: float = 20.0
    tau_eta: float = 2.5
    tau_efficiency: float = 0.6
    fake_rate: float = 0.01
    fake_opposite_sign: float = 0.5
    fake_fraction: tuple = (0.6, 1.0)  # part of the jet's pT that the fake tau carries
    jet_radius: float = 0.4
    jet_pt: float = 30.0
    jet_eta: float = 4.5
    jet_pt_min: float = 15.0  # true jets softer than this belong to the soft energy
    separation: float = 0.4  # lepton to tau and to jets above tau_pt, tau to jets


def _distance(jets, objects):
    """Distance in (eta, phi) of each event's jets to its one object."""
    return delta_r(jets.eta, jets.phi, objects.eta[:, None], objects.phi[:, None])


def _true_taus(events):
    """Hardest opposite-sign hadronic tau of each event; pt 0 where there is none."""
    best = np.zeros((len(events), 4))
    for row, event in zip(best, events, strict=True):
        opposite = [p for p, charge in event.taus if charge * event.lepton_id > 0]
        row[:] = max(opposite, key=lambda p: np.hypot(p[0], p[1]), default=np.zeros(4))
    pt, eta, phi = polar(best)
    return pt, np.where(pt > 0, eta, NOWHERE), phi


def _chosen_taus(true_taus, jets, detector, rng, *, fakes):
    """One tau candidate per event, and the probability that any is identified.

    Column 0 of the candidates is the true tau, the others are the jets.
    """
    pt, eta, phi = true_taus
    low, high = detector.fake_fraction
    reco = smear(pt, resolution(pt, detector.tau), rng)
    reco = np.column_stack([reco, jets.reco * rng.uniform(low, high, jets.reco.shape)])
    # A fake has lost nothing beyond what its jet has: its true pT is its measured one.
    true = np.column_stack([pt, reco[:, 1:]])
    eta, phi = np.column_stack([eta, jets.eta]), np.column_stack([phi, jets.phi])
    probability = np.full(reco.shape, detector.fake_rate * detector.fake_opposite_sign * fakes)
    probability[:, 0] = detector.tau_efficiency
    usable = (reco > detector.tau_pt) & (np.abs(eta) < detector.tau_eta)
    choice, total = _choose(np.where(usable, probability, 0), rng)
    pick = np.arange(len(choice)), choice
    return Objects(true[pick], reco[pick], eta[pick], phi[pick]), total


def _choose(probability, rng):
    """Column drawn in proportion to the probabilities, and their sum, of each row."""
    total = probability.sum(axis=1)
    point = rng.random(len(total)) * total
    return (probability.cumsum(axis=1) <= point[:, None]).argmin(axis=1), total


def thin(total, floor, rng):
    """Weights at least ``floor``: lighter events survive with probability weight / floor."""
    kept = rng.random(len(total)) * floor < total
    return np.where(kept, np.maximum(total, floor), 0)


def reconstruct(events, detector, rng, *, fakes=False, weight_floor=0.0):
    """Pass a batch of true events through the detector and the selection.

    Parameters
    ----------
    events : list of hepml.data.simulate.pythia.TruthEvent
    detector : Detector
    rng : numpy.random.Generator
    fakes : bool
        Whether jets may be taken for hadronic taus.
    weight_floor : float
        Lighter events are thinned out until those left weigh this much.

    Returns
    -------
    columns : dict of str to ndarray of float64, shape (selected,)
        The seventeen ``PRI_`` columns of HiggsML.
    weights : ndarray of float64, shape (selected,)
        Probability that the event's tau candidate is identified.
    rows : ndarray of int, shape (selected,)
        Index of each selected event in ``events``.
    """
    lep = measured_leptons(events, detector, rng)
    true_taus = _true_taus(events)
    jets = measured_jets(events, detector, rng)
    tau, probability = _chosen_taus(true_taus, jets, detector, rng, fakes=fakes)
    sums = calorimeter_sums(events, detector)
    columns = _missing_momentum(sums, true_taus[0], (lep, tau, jets), detector, rng)

    near_tau = _distance(jets, tau) < detector.separation
    near_lep = (_distance(jets, lep) < detector.separation) & ~near_tau
    selected = (lep.reco > detector.lepton_pt) & (np.abs(lep.eta) < detector.lepton_eta)
    selected &= ~(near_lep & (jets.reco > detector.tau_pt)).any(axis=1)
    selected &= delta_r(lep.eta, lep.phi, tau.eta, tau.phi) > detector.separation
    weights = thin(probability, weight_floor, rng) * selected
    rows = np.flatnonzero(weights > 0)

    good = (jets.reco > detector.jet_pt) & (np.abs(jets.eta) < detector.jet_eta) & ~near_tau
    columns |= _object_columns("tau", tau) | _object_columns("lep", lep)
    columns |= _jet_columns(np.where(good, jets.reco, 0), jets.eta, jets.phi)
    return {name: column[rows] for name, column in columns.items()}, weights[rows], rows


def _missing_momentum(sums, tau_pt, objects, detector, rng):
    """``PRI_met*``: the true one, what smearing took from the objects, and soft noise."""
    et, *met = sums.T
    lep, tau, jets = objects
    soft = et - (lep.true + tau_pt + jets.true.sum(axis=1))
    lost = lep.lost() + tau.lost() + jets.lost().sum(axis=-1)
    (x, y), pileup = measured_missing(np.array(met), lost, soft, detector, rng)
    unseen = et - lep.true - jets.true.sum(axis=1)
    return {
        "PRI_met": np.hypot(x, y),
        "PRI_met_phi": wrap(np.arctan2(y, x)),
        "PRI_met_sumet": unseen + lep.reco + jets.reco.sum(axis=1) + pileup,
    }


def _object_columns(name, objects):
    return {
        f"PRI_{name}_pt": objects.reco,
        f"PRI_{name}_eta": objects.eta,
        f"PRI_{name}_phi": wrap(objects.phi),
    }


def _jet_columns(pt, eta, phi):
    """Columns of the two hardest jets; pt 0 marks what is no jet."""
    order = np.argsort(-pt, axis=1)
    pt, eta, phi = (np.take_along_axis(x, order, axis=1) for x in (pt, eta, wrap(phi)))
    columns = {"PRI_jet_num": np.minimum((pt > 0).sum(axis=1), 3), "PRI_jet_all_pt": pt.sum(axis=1)}
    for rank, name in enumerate(("leading", "subleading")):
        exists = pt[:, rank] > 0
        for variable, values in (("pt", pt), ("eta", eta), ("phi", phi)):
            columns[f"PRI_jet_{name}_{variable}"] = np.where(exists, values[:, rank], MISSING)
    return columns
