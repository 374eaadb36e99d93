"""All stable particles of many events, from Pythia's batches, and a veto that saves time.

Events whose partons cannot make a hard jet any more are dropped half-way down the shower, before
softer emissions, further collisions of partons and hadrons cost ten times as much.
"""

from dataclasses import dataclass
from math import cos, hypot, pi, sin

import numpy as np

from hepml.data.simulate.pythia import start

__all__ = ["ParticleGenerator", "Particles", "hardest_cone", "veto_without_hard_jet"]

GLUON = 21


@dataclass(frozen=True)
class Particles:
    """Stable particles of a batch: flat arrays, and the weight of each event.

    ``event`` numbers the event of each particle from 0, ``momenta`` are rows of (px, py, pz, E)
    in GeV.
    """

    event: np.ndarray
    pdg: np.ndarray
    momenta: np.ndarray
    weights: np.ndarray


class ParticleGenerator:
    """Source of batches of `Particles`.

    Parameters
    ----------
    settings : sequence of str
        Pythia's own settings, one ``readString`` each.
    seed : int
        Pythia's seed, 1 to 900 000 000.
    hooks : pythia8mc.UserHooks, optional
    """

    def __init__(self, settings, seed, hooks=None):
        self.hooks = hooks  # Pythia does not keep them alive
        self.pythia = start(settings, seed, hooks)

    def batch(self, size):
        """Generate ``size`` events; those that Pythia fails on are left out."""
        import awkward as ak  # noqa: PLC0415 - only who generates has it

        batch = self.pythia.nextBatch(size)
        records = batch.prt
        counts = ak.to_numpy(ak.num(records.id))
        stable = _flat(records.status) > 0
        event = np.repeat(np.arange(len(counts)), counts)
        momenta = [_flat(records.p[f])[stable] for f in records.p.fields]
        weights = ak.to_numpy(batch.info.weights[:, 0])
        return Particles(
            event[stable], _flat(records.id)[stable], np.stack(momenta, axis=-1), weights
        )


def _flat(values):
    import awkward as ak  # noqa: PLC0415 - only who generates has it

    return ak.to_numpy(ak.flatten(values))


def hardest_cone(partons, radius):
    """Largest transverse momentum in a cone around one of some partons.

    Parameters
    ----------
    partons : list of (float, float, float)
        (pt, eta, phi) of each.
    radius : float
        In (eta, phi).

    Returns
    -------
    float
    """
    found = 0.0
    for _, eta, phi in partons:
        px = py = 0.0
        for pt, other_eta, other_phi in partons:
            dphi = abs(phi - other_phi)
            if hypot(eta - other_eta, min(dphi, 2 * pi - dphi)) < radius:
                px, py = px + pt * cos(other_phi), py + pt * sin(other_phi)
        found = max(found, hypot(px, py))
    return found


def veto_without_hard_jet(scale, radius, least_pt):
    """Make a hook for Pythia that drops events without a hard cone of partons.

    Parameters
    ----------
    scale : float
        In GeV: Pythia's evolution in pT is stopped here for a look.
    radius : float
        Of the cone around each parton.
    least_pt : float
        Transverse momentum in GeV that one cone must have.

    Returns
    -------
    pythia8mc.UserHooks
    """
    import pythia8mc  # noqa: PLC0415 - only who generates has it

    class WithoutHardJet(pythia8mc.UserHooks):
        def canVetoPT(self):  # noqa: N802 - Pythia's name
            return True

        def scaleVetoPT(self):  # noqa: N802 - Pythia's name
            return scale

        def doVetoPT(self, _place, event):  # noqa: N802 - Pythia's name
            partons = [p for p in event if p.isFinal() and p.idAbs() <= GLUON]
            found = [(p.pT(), p.eta(), p.phi()) for p in partons]
            return hardest_cone(found, radius) < least_pt

    return WithoutHardJet()
