"""Decays of W bosons that come from a scalar and another scalar, and so are longitudinal.

Pythia decays them isotropically where it does not know the matrix element. Events of the hard
process are dropped until the lepton or quark goes as sin^2(theta) in the W's rest frame, theta
measured from the W's line of flight in its parent's: the only helicity that two scalars allow.
"""

from math import sqrt

from hepml.data.simulate.pythia import W, four_momentum

__all__ = ["longitudinal_weight", "sine_squared", "veto_others"]


def _dot(a, b):
    return a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2]


def sine_squared(parent, w, fermion):
    """Square of the sine of the decay angle in the W's rest frame, massless fermions.

    Parameters
    ----------
    parent, w, fermion : tuple of float
        (px, py, pz, E) of the particle that decays to the W, of the W, of its decay product.

    Returns
    -------
    float
    """
    mass = sqrt(_dot(w, w))
    energy, parent_energy = _dot(w, fermion) / mass, _dot(w, parent) / mass
    momentum = sqrt(parent_energy**2 - _dot(parent, parent))
    cosine = (energy * parent_energy - _dot(fermion, parent)) / (energy * momentum)
    return max(0.0, 1 - cosine**2)


def longitudinal_weight(process):
    """Product of sin^2(theta) over all W of a hard process: at most 1.

    Parameters
    ----------
    process : pythia8mc.Event
        The hard-process record, decays of resonances included.

    Returns
    -------
    float
    """
    weight = 1.0
    for particle in process:
        if particle.idAbs() == W:
            parent, fermion = process[particle.mother1()], process[particle.daughter1()]
            weight *= sine_squared(*map(four_momentum, (parent, particle, fermion)))
    return weight


def veto_others(rng):
    """Make a hook for Pythia that keeps an event with the probability `longitudinal_weight`.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    pythia8mc.UserHooks
    """
    import pythia8mc  # noqa: PLC0415 - only who generates has it

    class Longitudinal(pythia8mc.UserHooks):
        def canVetoProcessLevel(self):  # noqa: N802 - Pythia's name
            return True

        def doVetoProcessLevel(self, process):  # noqa: N802 - Pythia's name
            return bool(rng.random() > longitudinal_weight(process))

    return Longitudinal()
