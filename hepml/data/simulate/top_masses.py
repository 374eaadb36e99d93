"""Masses of the W, top and Higgs candidates in events with a lepton, two b jets and more jets.

The definitions were read off the UCI set HIGGS (arXiv:1402.4735), whose four listed jets and
masses fit them: momenta are massless; m_jj is the pair of untagged jets closest to the W, and may
use jets beyond the four; m_jjj takes the tagged jet that brings it closer to 175 GeV and m_jlv
the other; m_wbb is the heavier of the two ways to choose the W.
"""

import numpy as np

__all__ = ["masses", "neutrino"]

W_MASS = 80.4
TOP_MASS = 175.0
NEUTRINO_ETA = np.linspace(-3, 3, 121)
AT_ONCE = 4096  # events tried at all 121 places, some megabytes


def _massless(pt, eta, phi):
    """Momenta (px, py, pz, E)."""
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)], -1)


def _mass(momenta):
    square = momenta[..., 3] ** 2 - (momenta[..., :3] ** 2).sum(axis=-1)
    return np.sqrt(np.maximum(square, 0))


def neutrino(lepton, missing):
    """Neutrino momentum that comes closest to the W's mass with the lepton.

    Its pseudorapidity is sought in steps of 0.05 between -3 and 3. So m_lv scatters around the W's
    mass by 0.7 GeV, and which of the two solutions is found is as good as random.

    Parameters
    ----------
    lepton : tuple of three ndarray
        pT in GeV, eta and phi.
    missing : tuple of two ndarray
        Magnitude in GeV and phi.

    Returns
    -------
    ndarray, shape (n, 4)
        (px, py, pz, E) in GeV.
    """
    (pt, eta, phi), (met, met_phi) = lepton, missing
    cosine, scale, best = np.cos(phi - met_phi), 2 * pt * met, np.empty(len(pt), np.intp)
    for start in range(0, len(pt), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        angles = np.cosh(eta[part, None] - NEUTRINO_ETA) - cosine[part, None]
        mass = np.sqrt(scale[part, None] * angles)
        best[part] = abs(mass - W_MASS).argmin(axis=1)
    return _massless(met, NEUTRINO_ETA[best], met_phi)


def _pair_closest_to_w(jets, usable):
    """Sum of the two usable jets whose mass is closest to the W's."""
    first, second = np.triu_indices(jets.shape[1], 1)
    pairs = jets[:, first] + jets[:, second]
    distance = np.where(usable[:, first] & usable[:, second], abs(_mass(pairs) - W_MASS), np.inf)
    return pairs[np.arange(len(pairs)), distance.argmin(axis=1)]


def masses(lepton, missing, jets, tagged):
    """Seven masses of candidates.

    Parameters
    ----------
    lepton : tuple of three ndarray, shape (n,)
        pT in GeV, eta and phi.
    missing : tuple of two ndarray, shape (n,)
        Magnitude in GeV and phi of the missing momentum.
    jets : sequence of three ndarray, shape (n, jets)
        pT in GeV (0 where there is no jet), eta and phi.
    tagged : ndarray of bool, shape (n, jets)
        Exactly two jets of each event; at least two others exist.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        ``m_jj``, ``m_jjj``, ``m_lv``, ``m_jlv``, ``m_bb``, ``m_wbb``, ``m_wwbb``, in GeV.
    """
    exists = jets[0] > 0
    momenta = _massless(jets[0], np.where(exists, jets[1], 0), jets[2])
    b = momenta[tagged].reshape(-1, 2, 4)
    jj = _pair_closest_to_w(momenta, exists & ~tagged)
    lv = _massless(*lepton) + neutrino(lepton, missing)
    rows = np.arange(len(b))
    hadronic = abs(_mass(jj[:, None] + b) - TOP_MASS).argmin(axis=1)
    bb = b.sum(axis=1)
    return {
        "m_jj": _mass(jj),
        "m_jjj": _mass(jj + b[rows, hadronic]),
        "m_lv": _mass(lv),
        "m_jlv": _mass(lv + b[rows, 1 - hadronic]),
        "m_bb": _mass(bb),
        "m_wbb": np.maximum(_mass(jj + bb), _mass(lv + bb)),
        "m_wwbb": _mass(jj + lv + bb),
    }
