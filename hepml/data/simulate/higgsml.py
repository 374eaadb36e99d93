"""The derived features of the HiggsML challenge, computed from its primary ones.

Definitions follow appendix B of C. Adam-Bourdarios et al., "Learning to discover: the Higgs
boson machine learning challenge" (2014), doi:10.7483/OPENDATA.ATLAS.MQ5J.GHXA: momenta are
massless, azimuths in (-pi, pi], and a quantity that does not exist is -999.
"""

import numpy as np

from hepml.data.simulate.objects import wrap

__all__ = ["FORMULAS", "MISSING", "derived_features", "likelihood_mass"]

MISSING = -999.0

# Of the mass estimate; the tests hold it against the challenge's own on real events.
FRACTIONS = (np.arange(40) + 0.5) / 40
MET_RESOLUTION = 0.7  # sqrt(GeV)
MASS_POWER = 3
LARGEST_CHI2 = 16.0
BLOCK = 1000  # events at a time: bounds the memory of the grid


def _cartesian(pt, phi):
    return np.array([pt * np.cos(phi), pt * np.sin(phi)])


def _pair_mass(first, second, mass=0.0):
    """Invariant mass of two momenta (pt, eta, phi), massless but for the first's ``mass``."""
    (pt1, eta1, phi1), (pt2, eta2, phi2) = first, second
    square = 2 * pt1 * pt2 * (np.cosh(eta1 - eta2) - np.cos(phi1 - phi2))
    if mass:
        p1, p2 = pt1 * np.cosh(eta1), pt2 * np.cosh(eta2)
        square = square + mass**2 + 2 * p2 * mass**2 / (np.hypot(p1, mass) + p1)
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


def _visible_mass(f, tau_mass=0.0):
    tau, lep = ([f[f"PRI_{p}_{v}"] for v in ("pt", "eta", "phi")] for p in ("tau", "lep"))
    return _pair_mass(tau, lep, tau_mass)


def _of_two_jets(feature):
    """Make a formula of an event's two leading jets, each (pt, eta, phi); -999 without them."""

    def formula(f):
        pair = f["PRI_jet_num"] >= 2
        first, second = (
            [np.where(pair, f[f"PRI_jet_{jet}_{v}"], 0) for v in ("pt", "eta", "phi")]
            for jet in ("leading", "subleading")
        )
        return np.where(pair, feature(f, first, second), MISSING)

    return formula


def _higgs(f):
    """Transverse momentum (x, y) of tau, lepton and missing momentum."""
    tau, lep = (_cartesian(f[f"PRI_{p}_pt"], f[f"PRI_{p}_phi"]) for p in ("tau", "lep"))
    return tau + lep + _cartesian(f["PRI_met"], f["PRI_met_phi"])


def _total_pt(f):
    """Modulus of the sum of tau, lepton, missing momentum and the (up to) two leading jets."""
    total = _higgs(f)
    for least, jet in ((1, "leading"), (2, "subleading")):
        momentum = _cartesian(f[f"PRI_jet_{jet}_pt"], f[f"PRI_jet_{jet}_phi"])
        total += np.where(f["PRI_jet_num"] >= least, momentum, 0)
    return np.hypot(*total)


def _delta_r_tau_lep(f):
    delta_phi = wrap(f["PRI_tau_phi"] - f["PRI_lep_phi"])
    return np.hypot(f["PRI_tau_eta"] - f["PRI_lep_eta"], delta_phi)


def _sum_pt(f):
    return f["PRI_tau_pt"] + f["PRI_lep_pt"] + f["PRI_jet_all_pt"]


_ANGLES = ("PRI_tau_eta", "PRI_tau_phi", "PRI_lep_eta", "PRI_lep_phi")
_PTS = ("PRI_tau_pt", "PRI_lep_pt")
_MET = ("PRI_met", "PRI_met_phi")
_IN_THE_PLANE = (*_PTS, "PRI_tau_phi", "PRI_lep_phi", *_MET)
_JETS = (
    "PRI_jet_num",
    *(f"PRI_jet_{j}_{v}" for j in ("leading", "subleading") for v in ("pt", "eta", "phi")),
)

# Derived feature: the primary ones that it is made of, and how.
FORMULAS = {
    "DER_mass_MMC": ((*_PTS, *_ANGLES, *_MET, "PRI_met_sumet"), likelihood_mass),
    "DER_mass_transverse_met_lep": (
        ("PRI_lep_pt", "PRI_lep_phi", *_MET),
        lambda f: _transverse_mass(*(f[name] for name in ("PRI_lep_pt", "PRI_lep_phi", *_MET))),
    ),
    "DER_mass_vis": ((*_PTS, *_ANGLES), _visible_mass),
    "DER_pt_h": (_IN_THE_PLANE, lambda f: np.hypot(*_higgs(f))),
    "DER_deltaeta_jet_jet": (_JETS, _of_two_jets(lambda _, j, k: np.abs(j[1] - k[1]))),
    "DER_mass_jet_jet": (_JETS, _of_two_jets(lambda _, j, k: _pair_mass(j, k))),
    "DER_prodeta_jet_jet": (_JETS, _of_two_jets(lambda _, j, k: j[1] * k[1])),
    "DER_deltar_tau_lep": (_ANGLES, _delta_r_tau_lep),
    "DER_pt_tot": ((*_IN_THE_PLANE, *_JETS), _total_pt),
    "DER_sum_pt": ((*_PTS, "PRI_jet_all_pt"), _sum_pt),
    "DER_pt_ratio_lep_tau": (_PTS, lambda f: f["PRI_lep_pt"] / f["PRI_tau_pt"]),
    "DER_met_phi_centrality": (
        ("PRI_met_phi", "PRI_tau_phi", "PRI_lep_phi"),
        lambda f: _phi_centrality(f["PRI_met_phi"], f["PRI_tau_phi"], f["PRI_lep_phi"]),
    ),
    "DER_lep_eta_centrality": (
        ("PRI_lep_eta", *_JETS),
        _of_two_jets(lambda f, j, k: _eta_centrality(f["PRI_lep_eta"], j[1], k[1])),
    ),
}


def derived_features(primary, names=tuple(FORMULAS), *, tau_mass=0.0):
    """Compute the ``DER_`` columns, all thirteen or some.

    Parameters
    ----------
    primary : mapping of str to array, shape (n,)
        The ``PRI_`` columns that these are made of (see ``FORMULAS``), all seventeen by default;
        GeV and radians, -999 where there is no such jet.
    names : sequence of str, optional
        Which columns to compute, in this order.
    tau_mass : float
        Visible mass of the tau in GeV, for ``DER_mass_vis`` alone.

    Returns
    -------
    dict of str to ndarray of float64, shape (n,)
        ``DER_mass_MMC`` holds `likelihood_mass`, the stand-in for the missing-mass calculator.
    """
    inputs = dict.fromkeys(i for name in names for i in FORMULAS[name][0])
    f = {name: np.asarray(primary[name], dtype=np.float64) for name in inputs}
    massive = {"DER_mass_vis": lambda f: _visible_mass(f, tau_mass)} if tau_mass else {}
    return {name: massive.get(name, FORMULAS[name][1])(f) for name in names}
