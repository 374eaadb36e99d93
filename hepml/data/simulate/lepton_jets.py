"""A parametric detector and the selection of one lepton and four jets, two of them b-tagged.

Exactly two tags are asked of an event. Whether it has them is a weight and not luck: one pair of
jets is drawn in proportion to the probability of its being tagged and no other jet, and the event
carries the sum of these probabilities, thinned out to a common weight.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from hepml.data.simulate.detector import thin
from hepml.data.simulate.objects import (
    Smearing,
    calorimeter_sums,
    delta_r,
    measured_jets,
    measured_leptons,
    measured_missing,
    wrap,
)
from hepml.data.simulate.semileptonic import BOTTOM, CHARM
from hepml.data.simulate.top_masses import masses

__all__ = ["LeptonJetsDetector", "reconstruct"]

LISTED = 4  # jets in the columns
TAGS = 2
LOOSE, TIGHT = 1, 2


@dataclass(frozen=True)
class LeptonJetsDetector(Smearing):
    """Resolutions, efficiencies and cuts; momenta in GeV.

    A tag's probability is that of its flavour at high pT, times pT / (pT + tag_turn_on), times a
    logistic fall in abs(eta) around tag_eta.
    """

    jet: tuple = (1.0, 0.10)
    lepton_pt: float = 15.0
    jet_radius: float = 0.5
    jet_pt: float = 15.0
    jet_eta: float = 3.0
    jet_pt_min: float = 8.0  # true jets softer than this belong to the soft energy
    separation: float = 0.4  # lepton to jets
    heavy_cone: float = 0.4  # heavy hadron to jet
    tag: tuple = (0.65, 0.20, 0.02)  # bottom, charm, light
    tag_turn_on: float = 10.0
    tag_eta: float = 1.6
    tag_eta_width: float = 0.08
    tight: float = 0.82  # part of the tagged jets that pass the tight tag too
    ranking: float = 0.35  # width in ln(pT) of the coarse measurement that ranks the jets
    weight_floor: float = 0.45


def _flavours(events, jets, cone):
    """Heaviest flavour of the heavy hadrons close to each jet, 0 for none."""
    flavours = np.zeros(jets.true.shape, int)
    for row, eta, phi, event in zip(flavours, jets.eta, jets.phi, events, strict=True):
        near = delta_r(eta[:, None], phi[:, None], event.heavy[:, 0], event.heavy[:, 1]) < cone
        row[:] = (near * event.heavy[:, 2]).max(axis=1, initial=0)
    return flavours


def tag_probability(flavours, pt, eta, detector):
    """Probability that each jet is tagged.

    Parameters
    ----------
    flavours : ndarray of int
        5 for bottom, 4 for charm, anything else for light.
    pt, eta : ndarray of the same shape
        pt in GeV, 0 where there is no jet.
    detector : LeptonJetsDetector

    Returns
    -------
    ndarray of the same shape
    """
    bottom, charm, light = detector.tag
    plateau = np.select([flavours == BOTTOM, flavours == CHARM], [bottom, charm], light)
    central = expit((detector.tag_eta - abs(eta)) / detector.tag_eta_width)
    return plateau * central * pt / (pt + detector.tag_turn_on)


def choose_pair(probability, rng):
    """Draw two columns of each row as if each were hit independently and exactly two were.

    Parameters
    ----------
    probability : ndarray, shape (n, jets)
        Of each to be hit, below 1.
    rng : numpy.random.Generator

    Returns
    -------
    chosen : ndarray of bool, shape (n, jets)
    total : ndarray, shape (n,)
        Probability that exactly two are hit; where it is 0, nothing is chosen.
    """
    odds = probability / (1 - probability)
    first, second = np.triu_indices(probability.shape[1], 1)
    pairs = (odds[:, first] * odds[:, second]).cumsum(axis=1)
    point = rng.random(len(pairs)) * pairs[:, -1]
    pick = (pairs <= point[:, None]).argmin(axis=1)
    chosen = np.zeros(probability.shape, bool)
    rows = np.arange(len(pairs))
    chosen[rows, first[pick]] = chosen[rows, second[pick]] = True
    chosen[pairs[:, -1] == 0] = False
    return chosen, pairs[:, -1] * (1 - probability).prod(axis=1)


def _missing_momentum(events, lep, jets, detector, rng):
    """Missing momentum (x, y) of each event."""
    et, *met = calorimeter_sums(events, detector).T
    soft = et - lep.true - jets.true.sum(axis=1)
    lost = lep.lost() + jets.lost().sum(axis=-1)
    return measured_missing(np.array(met), lost, soft, detector, rng)[0]


def reconstruct(events, detector, rng):
    """Pass a batch of true events through the detector and the selection.

    Parameters
    ----------
    events : list of hepml.data.simulate.semileptonic.SemileptonicEvent
    detector : LeptonJetsDetector
    rng : numpy.random.Generator

    Returns
    -------
    columns : dict of str to ndarray, shape (selected,)
        The 28 columns of the UCI set HIGGS, in GeV and radians, a b-tag being 0, 1 or 2; and
        ``number_of_jets``.
    weights : ndarray of float64, shape (selected,)
        Probability that exactly two jets are tagged.
    rows : ndarray of int, shape (selected,)
        Index of each selected event in ``events``.
    """
    lep, jets = measured_leptons(events, detector, rng), measured_jets(events, detector, rng)
    met = _missing_momentum(events, lep, jets, detector, rng)
    good = (jets.reco > detector.jet_pt) & (np.abs(jets.eta) < detector.jet_eta)
    near = delta_r(jets.eta, jets.phi, lep.eta[:, None], lep.phi[:, None]) < detector.separation
    flavours = _flavours(events, jets, detector.heavy_cone)
    pt = np.where(good, jets.reco, 0)
    tagged, total = choose_pair(tag_probability(flavours, pt, jets.eta, detector), rng)

    selected = (lep.reco > detector.lepton_pt) & (np.abs(lep.eta) < detector.lepton_eta)
    selected &= (good.sum(axis=1) >= LISTED) & ~(near & good).any(axis=1)
    weights = thin(total, detector.weight_floor, rng) * selected
    rows = np.flatnonzero(weights > 0)

    tags = tagged * np.where(rng.random(tagged.shape) < detector.tight, TIGHT, LOOSE)
    rank = pt * np.exp(detector.ranking * rng.standard_normal(pt.shape))
    lepton = (lep.reco[rows], lep.eta[rows], wrap(lep.phi[rows]))
    missing = (np.hypot(*met)[rows], wrap(np.arctan2(met[1], met[0]))[rows])
    found = [x[rows] for x in (pt, jets.eta, wrap(jets.phi), tags)]
    columns = _low_level(lepton, missing, found, np.argsort(-rank[rows], axis=1)[:, :LISTED])
    columns |= masses(lepton, missing, found[:3], found[3] > 0)
    return columns | {"number_of_jets": good[rows].sum(axis=1)}, weights[rows], rows


def _low_level(lepton, missing, jets, order):
    columns = dict(zip(("lepton_pT", "lepton_eta", "lepton_phi"), lepton, strict=True))
    columns |= {"missing_energy_magnitude": missing[0], "missing_energy_phi": missing[1]}
    listed = [np.take_along_axis(x, order, axis=1) for x in jets]
    for jet in range(LISTED):
        for variable, values in zip(("pt", "eta", "phi", "b_tag"), listed, strict=True):
            columns[f"jet_{jet + 1}_{variable}"] = values[:, jet]
    return columns
