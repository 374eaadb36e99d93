"""A parametric detector and the lepton + hadronic tau selection.

Every reconstructed momentum is the true one times a Gaussian of the width stated in `Detector`;
the missing momentum takes up what the smeared objects lost and a soft noise that grows with the
square root of the soft transverse energy. Fakes are weights, not luck: each event keeps one of its
tau candidates, chosen in proportion to their probabilities, and carries their sum as weight.
"""

from dataclasses import dataclass

import numpy as np

from hepml.data.simulate.higgsml import MISSING

__all__ = ["Detector", "reconstruct"]

MOST_JETS = 20
ELECTRON = 11
NOWHERE = 99.0  # pseudorapidity of what does not exist


@dataclass(frozen=True)
class Detector:
    """Resolutions, efficiencies and cuts; momenta in GeV.

    A resolution (a, b) is sigma(pT)/pT = a/sqrt(pT) (+) b, (+) meaning the quadratic sum; the
    muon's is b (+) a pT.
    """

    electron: tuple = (0.10, 0.010)
    muon: tuple = (1.5e-4, 0.015)
    tau: tuple = (0.80, 0.03)
    jet: tuple = (0.80, 0.05)
    met: float = 0.8  # sigma of each component = met * sqrt(soft transverse energy)
    pileup_et: float = 80.0  # mean transverse energy of what is not generated, gamma distributed
    pileup_shape: float = 4.0
    calorimeter_eta: float = 4.9
    lepton_pt: float = 26.0
    lepton_eta: float = 2.5
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


@dataclass(frozen=True)
class _Objects:
    """True and measured pT, eta and phi; eta and phi are taken as measured exactly."""

    true: np.ndarray
    reco: np.ndarray
    eta: np.ndarray
    phi: np.ndarray

    def lost(self):
        """Transverse momentum (x, y) that smearing took away."""
        lost = self.true - self.reco
        return np.array([lost * np.cos(self.phi), lost * np.sin(self.phi)])


def _resolution(pt, terms):
    """Relative width; 0 where there is nothing to measure."""
    root = np.sqrt(np.where(pt > 0, pt, np.inf))
    return np.where(pt > 0, np.hypot(terms[0] / root, terms[1]), 0)


def _smear(pt, sigma, rng):
    """Multiply by a Gaussian that never turns a momentum round."""
    return pt * np.maximum(1 + sigma * rng.standard_normal(pt.shape), 0.05)


def _wrap(phi):
    return np.pi - np.mod(np.pi - phi, 2 * np.pi)


def _distance(jets, objects):
    """Distance in (eta, phi) of each event's jets to its one object."""
    return _delta_r(jets.eta, jets.phi, objects.eta[:, None], objects.phi[:, None])


def _delta_r(eta1, phi1, eta2, phi2):
    return np.hypot(eta1 - eta2, _wrap(phi1 - phi2))


def _polar(momenta):
    """(pt, eta, phi) of rows (px, py, pz, E)."""
    pt = np.hypot(momenta[..., 0], momenta[..., 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        eta = np.arcsinh(momenta[..., 2] / pt)
    return pt, eta, np.arctan2(momenta[..., 1], momenta[..., 0])


def _true_jets(events, detector):
    """Anti-kT jets, hardest first, as (pt, eta, phi) of shape (events, MOST_JETS); pt 0 pads."""
    import awkward as ak  # noqa: PLC0415 - only who generates has it
    import fastjet  # noqa: PLC0415 - likewise

    counts = [len(event.particles) for event in events]
    px, py, pz, energy = np.concatenate([event.particles for event in events]).T
    flat = ak.zip({"px": px, "py": py, "pz": pz, "E": energy}, with_name="Momentum4D")
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, detector.jet_radius)
    clustered = fastjet.ClusterSequence(ak.unflatten(flat, counts), definition)
    jets = clustered.inclusive_jets(min_pt=detector.jet_pt_min)
    fields = [
        ak.to_numpy(ak.fill_none(ak.pad_none(jets[f], MOST_JETS, clip=False)[:, :MOST_JETS], 0.0))
        for f in ("px", "py", "pz", "E")
    ]
    pt, eta, phi = _polar(np.stack(fields, axis=-1))
    pt = np.where(np.abs(eta) < detector.calorimeter_eta, pt, 0)
    eta = np.where(pt > 0, eta, NOWHERE)
    order = np.argsort(-pt, axis=1)
    return tuple(np.take_along_axis(x, order, axis=1) for x in (pt, eta, phi))


def _calorimeter_sums(events, detector):
    """Transverse energy and missing momentum (x, y) of all that the calorimeter covers."""
    sums = np.zeros((len(events), 3))
    for row, event in zip(sums, events, strict=True):
        visible = np.vstack([event.particles, event.lepton, *(p for p, _ in event.taus)])
        pt, eta, _ = _polar(visible)
        seen = np.abs(eta) < detector.calorimeter_eta
        row[:] = pt[seen].sum(), *-visible[seen, :2].sum(axis=0)
    return sums


def _leptons(events, detector, rng):
    true, eta, phi = _polar(np.array([event.lepton for event in events]))
    is_electron = np.array([abs(event.lepton_id) == ELECTRON for event in events])
    slope, floor = detector.muon
    sigma = np.where(
        is_electron, _resolution(true, detector.electron), np.hypot(slope * true, floor)
    )
    return _Objects(true, _smear(true, sigma, rng), eta, phi)


def _true_taus(events):
    """Hardest opposite-sign hadronic tau of each event; pt 0 where there is none."""
    best = np.zeros((len(events), 4))
    for row, event in zip(best, events, strict=True):
        opposite = [p for p, charge in event.taus if charge * event.lepton_id > 0]
        row[:] = max(opposite, key=lambda p: np.hypot(p[0], p[1]), default=np.zeros(4))
    pt, eta, phi = _polar(best)
    return pt, np.where(pt > 0, eta, NOWHERE), phi


def _jets(events, detector, rng):
    pt, eta, phi = _true_jets(events, detector)
    return _Objects(pt, _smear(pt, _resolution(pt, detector.jet), rng), eta, phi)


def _chosen_taus(true_taus, jets, detector, rng, *, fakes):
    """One tau candidate per event, and the probability that any is identified.

    Column 0 of the candidates is the true tau, the others are the jets.
    """
    pt, eta, phi = true_taus
    low, high = detector.fake_fraction
    reco = _smear(pt, _resolution(pt, detector.tau), rng)
    reco = np.column_stack([reco, jets.reco * rng.uniform(low, high, jets.reco.shape)])
    # A fake has lost nothing beyond what its jet has: its true pT is its measured one.
    true = np.column_stack([pt, reco[:, 1:]])
    eta, phi = np.column_stack([eta, jets.eta]), np.column_stack([phi, jets.phi])
    probability = np.full(reco.shape, detector.fake_rate * detector.fake_opposite_sign * fakes)
    probability[:, 0] = detector.tau_efficiency
    usable = (reco > detector.tau_pt) & (np.abs(eta) < detector.tau_eta)
    choice, total = _choose(np.where(usable, probability, 0), rng)
    pick = np.arange(len(choice)), choice
    return _Objects(true[pick], reco[pick], eta[pick], phi[pick]), total


def _choose(probability, rng):
    """Column drawn in proportion to the probabilities, and their sum, of each row."""
    total = probability.sum(axis=1)
    point = rng.random(len(total)) * total
    return (probability.cumsum(axis=1) <= point[:, None]).argmin(axis=1), total


def _thin(total, floor, rng):
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
    lep = _leptons(events, detector, rng)
    true_taus = _true_taus(events)
    jets = _jets(events, detector, rng)
    tau, probability = _chosen_taus(true_taus, jets, detector, rng, fakes=fakes)
    sums = _calorimeter_sums(events, detector)
    columns = _missing_momentum(sums, true_taus[0], (lep, tau, jets), detector, rng)

    near_tau = _distance(jets, tau) < detector.separation
    near_lep = (_distance(jets, lep) < detector.separation) & ~near_tau
    selected = (lep.reco > detector.lepton_pt) & (np.abs(lep.eta) < detector.lepton_eta)
    selected &= ~(near_lep & (jets.reco > detector.tau_pt)).any(axis=1)
    selected &= _delta_r(lep.eta, lep.phi, tau.eta, tau.phi) > detector.separation
    weights = _thin(probability, weight_floor, rng) * selected
    rows = np.flatnonzero(weights > 0)

    good = (jets.reco > detector.jet_pt) & (np.abs(jets.eta) < detector.jet_eta) & ~near_tau
    columns |= _object_columns("tau", tau) | _object_columns("lep", lep)
    columns |= _jet_columns(np.where(good, jets.reco, 0), jets.eta, jets.phi)
    return {name: column[rows] for name, column in columns.items()}, weights[rows], rows


def _missing_momentum(sums, tau_pt, objects, detector, rng):
    """``PRI_met*``: the true one, what smearing took from the objects, and soft noise."""
    et, *met = sums.T
    lep, tau, jets = objects
    shape = detector.pileup_shape
    pileup = rng.gamma(shape, detector.pileup_et / shape, len(et))
    soft = et - (lep.true + tau_pt + jets.true.sum(axis=1))
    noise = detector.met * np.sqrt(np.maximum(soft, 0) + pileup)
    lost = lep.lost() + tau.lost() + jets.lost().sum(axis=-1)
    x, y = (m + d + noise * rng.standard_normal(len(et)) for m, d in zip(met, lost, strict=True))
    unseen = et - lep.true - jets.true.sum(axis=1)
    return {
        "PRI_met": np.hypot(x, y),
        "PRI_met_phi": _wrap(np.arctan2(y, x)),
        "PRI_met_sumet": unseen + lep.reco + jets.reco.sum(axis=1) + pileup,
    }


def _object_columns(name, objects):
    return {
        f"PRI_{name}_pt": objects.reco,
        f"PRI_{name}_eta": objects.eta,
        f"PRI_{name}_phi": _wrap(objects.phi),
    }


def _jet_columns(pt, eta, phi):
    """Columns of the two hardest jets; pt 0 marks what is no jet."""
    order = np.argsort(-pt, axis=1)
    pt, eta, phi = (np.take_along_axis(x, order, axis=1) for x in (pt, eta, _wrap(phi)))
    columns = {"PRI_jet_num": np.minimum((pt > 0).sum(axis=1), 3), "PRI_jet_all_pt": pt.sum(axis=1)}
    for rank, name in enumerate(("leading", "subleading")):
        exists = pt[:, rank] > 0
        for variable, values in (("pt", pt), ("eta", eta), ("phi", phi)):
            columns[f"PRI_jet_{name}_{variable}"] = np.where(exists, values[:, rank], MISSING)
    return columns
