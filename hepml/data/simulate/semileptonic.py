"""Events with one W -> lepton, from Pythia's batches: the lepton, what is visible, heavy quarks.

A batch of whole events as arrays costs a third of the time of a Python loop over its particles,
so nothing is dropped before the hadrons are there.
"""

from dataclasses import dataclass

import numpy as np

from hepml.data.simulate.objects import delta_r, polar
from hepml.data.simulate.pythia import (
    ACCEPTED_ETA,
    DRESSING_CONE,
    ELECTRON,
    MB_TO_PB,
    MUON,
    PHOTON,
    TAU,
    W,
    start,
)

__all__ = ["BOTTOM", "CHARM", "SemileptonicEvent", "SemileptonicGenerator"]

NEUTRINOS = (12, 14, 16)
CHARM, BOTTOM = 4, 5
HADRON_PT = 5.0  # GeV, below which a heavy hadron does not make a heavy jet


@dataclass
class SemileptonicEvent:
    """What the detector sees of one event: momenta as (px, py, pz, E) in GeV.

    ``lepton`` is the one prompt electron or muon, dressed with photons within 0.1; ``particles``
    everything else visible; ``heavy`` rows of (eta, phi, flavour) of heavy hadrons, flavour 4 or
    5; ``trial`` the number of generated events when it was found.
    """

    lepton: np.ndarray
    lepton_id: int
    particles: np.ndarray
    heavy: np.ndarray
    trial: int

    def visible(self):
        """All that is not a neutrino, as rows of (px, py, pz, E)."""
        return np.vstack([self.particles, self.lepton])


class SemileptonicGenerator:
    """Source of batches of `SemileptonicEvent`.

    Parameters
    ----------
    settings : sequence of str
        Pythia's own settings, one ``readString`` each.
    seed : int
        Pythia's seed, 1 to 900 000 000.
    lepton_pt : float
        GeV; events without a prompt lepton as hard as this are dropped.
    hooks : pythia8mc.UserHooks, optional
    """

    def __init__(self, settings, seed, lepton_pt, hooks=None):
        self.hooks = hooks  # Pythia does not keep them alive
        self.pythia = start(settings, seed, hooks)
        self.lepton_pt = lepton_pt
        self.trials = 0

    def cross_section(self):
        """Cross-section in pb, forced decays of resonances included."""
        return self.pythia.infoPython().sigmaGen() * MB_TO_PB

    def batch(self, size):
        """Generate ``size`` events and list those that may still be selected."""
        import awkward as ak  # noqa: PLC0415 - only who generates has it

        records = self.pythia.nextBatch(size).prt
        counts = ak.to_numpy(ak.num(records.id))
        flat = _Records(*(ak.to_numpy(ak.flatten(x)) for x in _columns(records)))
        ends = np.cumsum(counts)
        events = []
        for trial, (first, end) in enumerate(zip(ends - counts, ends, strict=True)):
            record = flat.between(first, end)
            lepton = record.prompt_lepton(self.lepton_pt)
            if lepton is not None:
                events.append(record.event(lepton, self.trials + trial + 1))
        self.trials += len(counts)  # failed events are left out, here and in the cross-section
        return events


def _columns(records):
    momentum = records.p
    return (records.id, records.status, records.mother1, *(momentum[f] for f in momentum.fields))


@dataclass
class _Records:
    """Arrays over the particles of an event, or of many."""

    pdg: np.ndarray
    status: np.ndarray
    mother: np.ndarray
    px: np.ndarray
    py: np.ndarray
    pz: np.ndarray
    energy: np.ndarray

    def between(self, first, end):
        return _Records(*(column[first:end] for column in vars(self).values()))

    def momenta(self, which):
        return np.stack([x[which] for x in (self.px, self.py, self.pz, self.energy)], axis=-1)

    def prompt_lepton(self, least_pt):
        """Row of the hardest final electron or muon from W, directly or by a tau; None if none."""
        is_light = np.isin(np.abs(self.pdg), (ELECTRON, MUON)) & (self.status > 0)
        pt = np.hypot(self.px, self.py)
        rows = np.flatnonzero(is_light & (pt > least_pt))
        rows = [i for i in rows if np.arcsinh(abs(self.pz[i]) / pt[i]) < ACCEPTED_ETA]
        return max((i for i in rows if self._is_prompt(i)), key=lambda i: pt[i], default=None)

    def _is_prompt(self, row):
        while abs(self.pdg[row]) in {ELECTRON, MUON, TAU}:
            row = self.mother[row]
        return abs(self.pdg[row]) == W

    def event(self, lepton, trial):
        visible = (self.status > 0) & ~np.isin(np.abs(self.pdg), NEUTRINOS)
        visible[lepton] = False
        rows = np.flatnonzero(visible)
        dressing = self._dressing(lepton, rows)
        momentum = self.momenta(lepton) + self.momenta(rows[dressing]).sum(axis=0)
        return SemileptonicEvent(
            momentum,
            int(self.pdg[lepton]),
            self.momenta(rows[~dressing]),
            self._heavy(),
            trial,
        )

    def _dressing(self, lepton, rows):
        """Which of the rows are photons close to the lepton."""
        near = self.pdg[rows] == PHOTON
        _, eta, phi = polar(self.momenta(rows[near]))
        _, lepton_eta, lepton_phi = polar(self.momenta(lepton))
        near[near] = delta_r(eta, phi, lepton_eta, lepton_phi) < DRESSING_CONE
        return near

    def _heavy(self):
        flavour = heaviest_quark(np.abs(self.pdg))
        rows = np.flatnonzero((flavour >= CHARM) & (np.hypot(self.px, self.py) > HADRON_PT))
        _, eta, phi = polar(self.momenta(rows))
        return np.stack([eta, phi, flavour[rows]], axis=-1)


def heaviest_quark(pdg):
    """Flavour of the heaviest quark of hadrons, by the digits of their number; 0 for the rest."""
    tens, hundreds, thousands = (pdg // 10**n % 10 for n in (1, 2, 3))
    is_hadron = (pdg > 100) & (tens > 0) & (hundreds > 0)
    return np.where(is_hadron, np.maximum(hundreds, thousands), 0)
