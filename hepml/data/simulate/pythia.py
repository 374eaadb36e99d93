"""Lepton + hadronic tau events from Pythia 8, hadronised only once they can still be selected.

Showering is cheap, tau decays with spin are not, hadronisation and reading the record even less:
each event goes through them one by one and is dropped at the first stage that rules it out.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Generator", "TruthEvent", "drawn_seed", "four_momentum", "right_handed", "start"]

ELECTRON, MUON, TAU, TAU_NEUTRINO = 11, 13, 15, 16
PHOTON, Z, W, HIGGS = 22, 23, 24, 25
RESONANCES = (Z, W, HIGGS)
DRESSING_CONE = 0.1
ACCEPTED_ETA = 2.6  # selection is at 2.5; the margin covers dressing and decay angles
MB_TO_PB = 1e9
LARGEST_SEED = 900_000_000
FAILURES_IN_A_ROW = 100


@dataclass
class TruthEvent:
    """What the detector sees of one event: momenta as (px, py, pz, E) in GeV.

    ``lepton`` is the one prompt electron or muon, dressed with photons within 0.1; ``taus`` the
    visible momenta of hadronic taus with their charges; ``particles`` everything else visible;
    ``trial`` the number of generated events when it was found.
    """

    lepton: tuple
    lepton_id: int
    taus: list
    particles: np.ndarray
    trial: int

    def visible(self):
        """All that is not a neutrino, as rows of (px, py, pz, E)."""
        return np.vstack([self.particles, self.lepton, *(p for p, _ in self.taus)])


def four_momentum(particle):
    """(px, py, pz, E) of one of Pythia's particles, in GeV."""
    return particle.px(), particle.py(), particle.pz(), particle.e()


def _is_prompt(particle, event):
    mother = event[event[particle.iTopCopyId()].mother1()]
    return mother.idAbs() in RESONANCES


class Generator:
    """Iterator over `TruthEvent`, endless.

    Parameters
    ----------
    settings : sequence of str
        Pythia's own settings, one ``readString`` each.
    seed : int
        Pythia's seed, 1 to 900 000 000.
    rng : numpy.random.Generator
        Draws tau helicities in Z decays.
    lepton_pt, tau_pt, veto_pt : float
        Selection in GeV, already loosened for resolution: a prompt lepton, a hadronic tau, and
        the second lepton that vetoes.
    fakes : bool
        Whether jets may stand for the tau, so that none is asked of the event.
    """

    def __init__(self, settings, seed, rng, *, lepton_pt, tau_pt, veto_pt, fakes):
        self.pythia = start(settings, seed)
        self.rng = rng
        self.lepton_pt, self.tau_pt, self.veto_pt, self.fakes = lepton_pt, tau_pt, veto_pt, fakes
        self.trials = 0

    def cross_section(self):
        """Cross-section in pb, forced decays of resonances included."""
        return self.pythia.infoPython().sigmaGen() * MB_TO_PB

    def __iter__(self):
        """Yield events that may still be selected."""
        while True:
            self._next()
            found = self._hard_objects()
            if found is not None:
                yield self._hadronised(*found)

    def _next(self):
        """Shower one more event; failed ones count neither here nor in the cross-section."""
        for _ in range(FAILURES_IN_A_ROW):
            if self.pythia.next():
                self.trials += 1
                return
        message = f"Pythia failed {FAILURES_IN_A_ROW} times in a row"
        raise RuntimeError(message)

    def _hard_objects(self):
        """Prompt lepton and hadronic taus, or None if the event cannot be selected any more."""
        event = self.pythia.event
        leptons, taus = [], []
        for particle in event:
            if particle.idAbs() in (ELECTRON, MUON, TAU) and particle.isFinal():
                (taus if particle.idAbs() == TAU else leptons).append(particle.index())
        leptons = [i for i in leptons if _is_prompt(event[i], event)]
        if not self._showered_may_pass(leptons, taus):
            return None
        if taus:
            self._polarise(taus)
            self.pythia.moreDecays()
        return self._decayed_may_pass(leptons, taus)

    def _showered_may_pass(self, leptons, taus):
        """Tell whether taus and leptons are hard enough: a tau's visible part is softer than it."""
        event = self.pythia.event
        central = [event[i] for i in leptons + taus if abs(event[i].eta()) < ACCEPTED_ETA]
        if self.fakes:
            return any(p.pT() > self.lepton_pt for p in central)
        pts = sorted(p.pT() for p in central)
        return len(pts) > 1 and pts[-1] > self.lepton_pt and pts[-2] > self.tau_pt

    def _polarise(self, taus):
        """Draw the helicities of taus from a Z: Pythia's own spin density takes 8 ms an event."""
        event = self.pythia.event
        if event[event[event[taus[0]].iTopCopyId()].mother1()].idAbs() != Z:
            return
        helicity = 1 if self.rng.random() < right_handed(self.pythia.process) else -1
        for i in taus:
            event[i].pol(helicity if event[i].id() == TAU else -helicity)

    def _decayed_may_pass(self, leptons, taus):
        event = self.pythia.event
        hadronic = []
        for i in taus:
            lepton = next((j for j in event[i].daughterList() if _is_charged(event[j])), None)
            if lepton is None:
                hadronic.append(i)
            else:
                leptons.append(_last_copy(event, lepton))
        hard = [i for i in leptons if self._counts(event[i], self.veto_pt)]
        if len(hard) != 1 or not self._counts(event[hard[0]], self.lepton_pt):
            return None
        visible = [_visible_tau(event, i) for i in hadronic]
        if not self.fakes and not any(self._tau_counts(tau) for tau in visible):
            return None
        return hard[0], hadronic, visible

    def _counts(self, particle, pt):
        return particle.pT() > pt and abs(particle.eta()) < ACCEPTED_ETA

    def _tau_counts(self, tau):
        pt = np.hypot(tau[0], tau[1])
        return pt > self.tau_pt and abs(np.arcsinh(tau[2] / pt)) < ACCEPTED_ETA

    def _hadronised(self, lepton, hadronic, visible):
        event = self.pythia.event
        lepton_id = event[lepton].id()
        momentum, axis = (
            np.array(four_momentum(event[lepton])),
            (event[lepton].eta(), event[lepton].phi()),
        )
        aside = {lepton}.union(*(event[i].daughterListRecursive() for i in hadronic))
        charges = [-1 if event[i].id() > 0 else 1 for i in hadronic]
        self.pythia.forceHadronLevel()
        rest = []
        for particle in self.pythia.event:
            if particle.isFinal() and particle.isVisible() and particle.index() not in aside:
                if particle.id() == PHOTON and _near(particle, *axis):
                    momentum += four_momentum(particle)
                else:
                    rest.append(four_momentum(particle))
        particles = np.array(rest).reshape(-1, 4)
        taus = list(zip(visible, charges, strict=True))
        return TruthEvent(tuple(momentum), lepton_id, taus, particles, self.trials)


def drawn_seed(rng):
    """Draw a seed for Pythia."""
    return int(rng.integers(1, LARGEST_SEED))


def start(settings, seed, hooks=None):
    """Start Pythia quietly.

    Parameters
    ----------
    settings : sequence of str
        One ``readString`` each.
    seed : int
        1 to 900 000 000.
    hooks : pythia8mc.UserHooks, optional
        Who makes it keeps a reference to it.

    Returns
    -------
    pythia8mc.Pythia

    Raises
    ------
    ValueError
        If Pythia does not know a setting.
    RuntimeError
        If Pythia cannot start with them.
    """
    import pythia8mc  # noqa: PLC0415 - only who generates has it

    pythia = pythia8mc.Pythia("", False)
    own = ("Print:quiet = on", "Random:setSeed = on", f"Random:seed = {seed}")
    for line in (*own, *settings):
        if not pythia.readString(line):
            message = f"Pythia does not know the setting {line!r}"
            raise ValueError(message)
    if hooks is not None:
        pythia.setUserHooksPtr(hooks)
    if not pythia.init():
        raise RuntimeError("Pythia could not start with these settings")
    return pythia


def _is_charged(particle):
    return particle.idAbs() in (ELECTRON, MUON)


def _last_copy(event, i):
    return event[i].iBotCopyId()


def _visible_tau(event, i):
    """Momentum of a hadronic tau without its neutrino."""
    neutrino = next(j for j in event[i].daughterList() if event[j].idAbs() == TAU_NEUTRINO)
    return np.array(four_momentum(event[i])) - four_momentum(event[neutrino])


def _near(particle, eta, phi):
    dphi = (particle.phi() - phi + np.pi) % (2 * np.pi) - np.pi
    return (particle.eta() - eta) ** 2 + dphi**2 < DRESSING_CONE**2


def right_handed(process, sin2=0.2312, mass=91.188, width=2.495):
    """Probability that the tau- of q qbar -> Z/gamma* -> tau- tau+ is right-handed.

    Tree level, massless fermions: the four chirality amplitudes are
    Q_q Q_tau / s + g_q g_tau / (s - M^2 + i M Gamma), each times 1 +- cos(theta) (PDG review
    "Electroweak model", or any textbook).

    Parameters
    ----------
    process : pythia8mc.Event
        The hard-process record.
    sin2, mass, width : float
        Weak mixing angle; mass and width of the Z in GeV.

    Returns
    -------
    float
    """
    quark = next(p for p in process if p.status() == -21 and 0 < p.id() < 10)
    tau = next(p for p in process if p.id() == TAU)
    antitau = next(p for p in process if p.id() == -TAU)
    energy, momentum = tau.e() + antitau.e(), tau.pz() + antitau.pz()
    s = energy**2 - momentum**2
    cosine = 2 * np.sign(quark.pz()) * (tau.pz() * antitau.e() - tau.e() * antitau.pz()) / s
    up = quark.id() % 2 == 0
    charge, isospin = (2 / 3, 0.5) if up else (-1 / 3, -0.5)
    norm = sin2 * (1 - sin2)
    weight = {}
    for tau_side in (-1, 1):
        g_tau = (-0.5 if tau_side < 0 else 0) + sin2
        weight[tau_side] = 0
        for quark_side in (-1, 1):
            g_quark = (isospin if quark_side < 0 else 0) - charge * sin2
            z = g_quark * g_tau / norm / (s - mass**2 + 1j * mass * width)
            angular = (1 + quark_side * tau_side * cosine) ** 2
            weight[tau_side] += abs(-charge / s + z) ** 2 * angular
    return weight[1] / (weight[1] + weight[-1])
