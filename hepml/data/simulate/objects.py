"""What parametric detectors share: jets, measured objects, angles, Gaussian resolutions."""

from dataclasses import dataclass

import numpy as np

__all__ = ["NOWHERE", "Objects", "Smearing", "calorimeter_sums", "delta_r", "measured_jets"]
__all__ += ["measured_leptons", "measured_missing", "polar", "resolution", "rounded", "smear"]
__all__ += ["wrap"]

NOWHERE = 99.0  # pseudorapidity of what does not exist
MOST_JETS = 20
ELECTRON = 11
MANTISSA_BITS = 23  # of float32


@dataclass(frozen=True)
class Smearing:
    """What our parametric detectors have in common; momenta in GeV.

    A resolution (a, b) is sigma(pT)/pT = a/sqrt(pT) (+) b, (+) meaning the quadratic sum; the
    muon's is b (+) a pT.
    """

    electron: tuple = (0.10, 0.010)
    muon: tuple = (1.5e-4, 0.015)
    met: float = 0.8  # sigma of each component = met * sqrt(soft transverse energy)
    pileup_et: float = 80.0  # mean transverse energy of what is not generated, gamma distributed
    pileup_shape: float = 4.0
    calorimeter_eta: float = 4.9
    lepton_eta: float = 2.5


@dataclass(frozen=True)
class Objects:
    """True and measured pT, eta and phi; eta and phi are taken as measured exactly."""

    true: np.ndarray
    reco: np.ndarray
    eta: np.ndarray
    phi: np.ndarray

    def lost(self):
        """Transverse momentum (x, y) that smearing took away."""
        lost = self.true - self.reco
        return np.array([lost * np.cos(self.phi), lost * np.sin(self.phi)])


def resolution(pt, terms):
    """Relative width a/sqrt(pT) (+) b for ``terms`` (a, b); 0 where there is nothing to measure."""
    root = np.sqrt(np.where(pt > 0, pt, np.inf))
    return np.where(pt > 0, np.hypot(terms[0] / root, terms[1]), 0)


def smear(pt, sigma, rng):
    """Multiply by a Gaussian that never turns a momentum round."""
    return pt * np.maximum(1 + sigma * rng.standard_normal(pt.shape), 0.05)


def wrap(phi):
    """Angle in (-pi, pi]."""
    return np.pi - np.mod(np.pi - phi, 2 * np.pi)


def delta_r(eta1, phi1, eta2, phi2):
    """Distance in (eta, phi)."""
    return np.hypot(eta1 - eta2, wrap(phi1 - phi2))


def polar(momenta):
    """(pt, eta, phi) of rows (px, py, pz, E)."""
    pt = np.hypot(momenta[..., 0], momenta[..., 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        eta = np.arcsinh(momenta[..., 2] / pt)
    return pt, eta, np.arctan2(momenta[..., 1], momenta[..., 0])


def rounded(values, bits):
    """Round to float32 with few bits after the leading one, so that a file compresses.

    Parameters
    ----------
    values : ndarray
        Finite.
    bits : int
        1 to 22; the largest relative error is 2**-(bits + 1).

    Returns
    -------
    ndarray of float32
    """
    dropped = MANTISSA_BITS - bits
    raw = np.asarray(values, np.float32).view(np.int32) + (1 << (dropped - 1))
    return (raw & ~((1 << dropped) - 1)).astype(np.int32).view(np.float32)


def measured_leptons(events, detector, rng):
    """Smear the one lepton of each event.

    Parameters
    ----------
    events : list
        Each with ``lepton``, (px, py, pz, E), and its number ``lepton_id``.
    detector : Smearing
    rng : numpy.random.Generator

    Returns
    -------
    Objects
        Of shape (events,).
    """
    true, eta, phi = polar(np.array([event.lepton for event in events]))
    is_electron = np.array([abs(event.lepton_id) == ELECTRON for event in events])
    slope, floor = detector.muon
    sigma = np.where(
        is_electron, resolution(true, detector.electron), np.hypot(slope * true, floor)
    )
    return Objects(true, smear(true, sigma, rng), eta, phi)


def measured_jets(events, detector, rng):
    """Cluster particles with anti-kT and smear the jets.

    Parameters
    ----------
    events : list
        Each with ``particles``, rows of (px, py, pz, E).
    detector : Smearing
        Also with ``jet_radius``, ``jet_pt_min`` and the resolution ``jet``.
    rng : numpy.random.Generator

    Returns
    -------
    Objects
        Of shape (events, 20), truly hardest first; pT 0 where there is no jet.
    """
    pt, eta, phi = _true_jets(events, detector)
    return Objects(pt, smear(pt, resolution(pt, detector.jet), rng), eta, phi)


def calorimeter_sums(events, detector):
    """Add up all that the calorimeter covers.

    Parameters
    ----------
    events : list
        Each with a method ``visible`` that lists momenta as rows of (px, py, pz, E).
    detector : Smearing

    Returns
    -------
    ndarray, shape (events, 3)
        Transverse energy, and the missing momentum along x and y.
    """
    sums = np.zeros((len(events), 3))
    for row, event in zip(sums, events, strict=True):
        visible = event.visible()
        pt, eta, _ = polar(visible)
        seen = np.abs(eta) < detector.calorimeter_eta
        row[:] = pt[seen].sum(), *-visible[seen, :2].sum(axis=0)
    return sums


def measured_missing(true, lost, soft, detector, rng):
    """Missing momentum: the true one, what smearing took away, and noise of all that is soft.

    Parameters
    ----------
    true, lost : ndarray, shape (2, events)
        Along x and y.
    soft : ndarray, shape (events,)
        Transverse energy that belongs to no object.
    detector : Smearing
    rng : numpy.random.Generator

    Returns
    -------
    missing : ndarray, shape (2, events)
    pileup : ndarray, shape (events,)
        Transverse energy of what is not generated.
    """
    shape = detector.pileup_shape
    pileup = rng.gamma(shape, detector.pileup_et / shape, len(soft))
    noise = detector.met * np.sqrt(np.maximum(soft, 0) + pileup)
    return true + lost + noise * rng.standard_normal(lost.shape), pileup


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
    pt, eta, phi = polar(np.stack(fields, axis=-1))
    pt = np.where(np.abs(eta) < detector.calorimeter_eta, pt, 0)
    eta = np.where(pt > 0, eta, NOWHERE)
    order = np.argsort(-pt, axis=1)
    return tuple(np.take_along_axis(x, order, axis=1) for x in (pt, eta, phi))
