"""The derived features of the HiggsML challenge, computed from its primary ones.

Definitions follow appendix B of C. Adam-Bourdarios et al., "Learning to discover: the Higgs
boson machine learning challenge" (2014), doi:10.7483/OPENDATA.ATLAS.MQ5J.GHXA: momenta are
massless, azimuths in (-pi, pi], and a quantity that does not exist is -999.
"""

import numpy as np

from hepml.data.simulate.objects import wrap

__all__ = ["MISSING", "derived_features", "likelihood_mass"]

MISSING = -999.0

# Of the mass estimate; the tests hold it against the challenge's own on real events.
FRACTIONS = (np.arange(40) + 0.5) / 40
MET_RESOLUTION = 0.7  # sqrt(GeV)
MASS_POWER = 3
LARGEST_CHI2 = 16.0
BLOCK = 1000  # events at a time: bounds the memory of the grid


def _cartesian(pt, phi):
    return np.array([pt * np.cos(phi), pt * np.sin(phi)])


def _pair_mass(first, second):
    """Invariant mass of two massless momenta (pt, eta, phi)."""
    (pt1, eta1, phi1), (pt2, eta2, phi2) = first, second
    square = 2 * pt1 * pt2 * (np.cosh(eta1 - eta2) - np.cos(phi1 - phi2))
    return np.sqrt(np.maximum(square, 0))


def _transverse_mass(pt1, phi1, pt2, phi2):
    return np.sqrt(np.maximum(2 * pt1 * pt2 * (1 - np.cos(phi1 - phi2)), 0))


def _phi_centrality(met_phi, tau_phi, lep_phi):
    """Where the missing momentum points: +sqrt(2) midway between tau and lepton."""
    sign = np.sign(np.sin(tau_phi - lep_phi))
    a = np.sin(met_phi - lep_phi) * sign
    b = np.sin(tau_phi - met_phi) * sign
    norm = np.hypot(a, b)
    return (a + b) / np.where(norm > 0, norm, 1)


def _eta_centrality(lep_eta, eta1, eta2):
    """Where the lepton lies between two jets: 1 midway, 1/e at either jet."""
    gap = np.where(eta1 == eta2, np.inf, eta1 - eta2)
    return np.exp(-4 / gap**2 * (lep_eta - (eta1 + eta2) / 2) ** 2)


def _posterior_mass(tau, lep, met, variance, visible):
    """Posterior mean mass of some events and the smallest chi2 on the grid of (x_tau, x_lep)."""
    x = FRACTIONS
    extra = 1 / x - 1
    residual = met[:, :, None, None] - tau[:, :, None, None] * extra[:, None]
    residual = residual - lep[:, :, None, None] * extra
    chi2 = (residual**2).sum(axis=0) / variance[:, None, None]
    least = chi2.min(axis=(1, 2))
    factor = 1 / np.sqrt(np.outer(x, x))
    prior = (5 - 9 * x**2 + 4 * x**3) * factor**-MASS_POWER
    weight = np.exp((least[:, None, None] - chi2) / 2) * prior
    log_factor = (weight * np.log(factor)).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))
    return visible * np.exp(log_factor), least


def likelihood_mass(f):
    """Mass of the tau pair, averaged over the ways to share out the missing momentum.

    Neutrinos fly along their tau, which keeps the visible fraction x of its momentum. Each
    (x_tau, x_lep) on a grid predicts a missing momentum, compared with the measured one by a
    Gaussian of width 0.7 sqrt(GeV) sqrt(sum ET) in each component; the prior is the lepton's
    spectrum in unpolarised tau decays, flat in x_tau, and falls with the third power of the
    mass. The result is the posterior mean of log(mass). The idea is that of the missing-mass
    calculator (A. Elagin et al., arXiv:1012.4686), cut down to two dimensions.

    Parameters
    ----------
    f : mapping of str to ndarray, shape (n,)
        Columns ``PRI_tau_*``, ``PRI_lep_*``, ``PRI_met*``; GeV and radians.

    Returns
    -------
    ndarray, shape (n,)
        Mass in GeV, -999 where no sharing out comes within four standard deviations.
    """
    tau = _cartesian(f["PRI_tau_pt"], f["PRI_tau_phi"])
    lep = _cartesian(f["PRI_lep_pt"], f["PRI_lep_phi"])
    met = _cartesian(f["PRI_met"], f["PRI_met_phi"])
    variance = MET_RESOLUTION**2 * f["PRI_met_sumet"]
    visible = _visible_mass(f)
    result = np.empty(len(visible))
    for start in range(0, len(result), BLOCK):
        rows = slice(start, start + BLOCK)
        inputs = (v[..., rows] for v in (tau, lep, met, variance, visible))
        mass, chi2 = _posterior_mass(*inputs)
        result[rows] = np.where(chi2 < LARGEST_CHI2, mass, MISSING)
    return result


def _visible_mass(f):
    tau, lep = ([f[f"PRI_{p}_{v}"] for v in ("pt", "eta", "phi")] for p in ("tau", "lep"))
    return _pair_mass(tau, lep)


def _dijet_features(f):
    pair = f["PRI_jet_num"] >= 2
    names = [f"PRI_jet_{j}_{v}" for j in ("leading", "subleading") for v in ("pt", "eta", "phi")]
    jets = [np.where(pair, f[name], 0) for name in names]
    eta1, eta2 = jets[1], jets[4]
    features = {
        "DER_deltaeta_jet_jet": np.abs(eta1 - eta2),
        "DER_mass_jet_jet": _pair_mass(jets[:3], jets[3:]),
        "DER_prodeta_jet_jet": eta1 * eta2,
        "DER_lep_eta_centrality": _eta_centrality(f["PRI_lep_eta"], eta1, eta2),
    }
    return {name: np.where(pair, value, MISSING) for name, value in features.items()}


def _total_pt(f, higgs):
    """Modulus of the sum of tau, lepton, missing momentum and the (up to) two leading jets."""
    total = higgs.copy()
    for least, jet in ((1, "leading"), (2, "subleading")):
        momentum = _cartesian(f[f"PRI_jet_{jet}_pt"], f[f"PRI_jet_{jet}_phi"])
        total += np.where(f["PRI_jet_num"] >= least, momentum, 0)
    return np.hypot(*total)


def derived_features(primary):
    """All thirteen ``DER_`` columns.

    Parameters
    ----------
    primary : mapping of str to ndarray, shape (n,)
        The seventeen ``PRI_`` columns; GeV and radians, -999 where there is no such jet.

    Returns
    -------
    dict of str to ndarray of float64, shape (n,)
        ``DER_mass_MMC`` holds `likelihood_mass`, the stand-in for the missing-mass calculator.
    """
    f = {name: np.asarray(column, dtype=np.float64) for name, column in primary.items()}
    tau, lep = (_cartesian(f[f"PRI_{p}_pt"], f[f"PRI_{p}_phi"]) for p in ("tau", "lep"))
    higgs = tau + lep + _cartesian(f["PRI_met"], f["PRI_met_phi"])
    delta_phi = wrap(f["PRI_tau_phi"] - f["PRI_lep_phi"])
    return {
        "DER_mass_MMC": likelihood_mass(f),
        "DER_mass_transverse_met_lep": _transverse_mass(
            f["PRI_lep_pt"], f["PRI_lep_phi"], f["PRI_met"], f["PRI_met_phi"]
        ),
        "DER_mass_vis": _visible_mass(f),
        "DER_pt_h": np.hypot(*higgs),
        **_dijet_features(f),
        "DER_deltar_tau_lep": np.hypot(f["PRI_tau_eta"] - f["PRI_lep_eta"], delta_phi),
        "DER_pt_tot": _total_pt(f, higgs),
        "DER_sum_pt": f["PRI_tau_pt"] + f["PRI_lep_pt"] + f["PRI_jet_all_pt"],
        "DER_pt_ratio_lep_tau": f["PRI_lep_pt"] / f["PRI_tau_pt"],
        "DER_met_phi_centrality": _phi_centrality(
            f["PRI_met_phi"], f["PRI_tau_phi"], f["PRI_lep_phi"]
        ),
    }
