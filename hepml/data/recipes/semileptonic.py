"""What recipes of a lepton, missing momentum and four jets share: two tops, or a Higgs cascade."""

from dataclasses import dataclass, field, replace
from itertools import count
from typing import ClassVar

import numpy as np

from hepml.data.recipes.collisions import CollisionProcess, CollisionRecipe, Variant, gathered
from hepml.data.simulate.lepton_jets import LeptonJetsDetector, reconstruct
from hepml.data.simulate.objects import rounded
from hepml.data.simulate.pythia import drawn_seed
from hepml.data.simulate.semileptonic import SemileptonicGenerator

__all__ = ["BOTH_CHARGES", "TOPS", "TO_LEPTON_AND_QUARKS", "SemileptonicProcess"]
__all__ += ["SemileptonicRecipe", "physical"]

BATCH_EVENTS = 250

# PDG 2024: W -> l nu, the mean of the three; the rest is hadronic.
W_LEPTON = 0.1086
# Of two W, the one of a given charge to e or mu, the other to quarks.
TO_LEPTON_AND_QUARKS = (2 * W_LEPTON) * (1 - 3 * W_LEPTON)
BOTH_CHARGES = tuple(
    Variant(
        (
            "24:onMode = off",
            f"24:on{lepton}IfAny = 11 13",
            f"24:on{hadrons}IfAny = 1 2 3 4 5",
        ),
        1.0,
        0.5,
    )
    for lepton, hadrons in (("Pos", "Neg"), ("Neg", "Pos"))
)
TOPS = ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", "SpaceShower:pTmaxFudge = 0.7")


def physical(column):
    """Column of a UCI set, which is scaled there, in its own unit."""
    return replace(column, unit=_unit(column.name), meaning=column.meaning.partition(" (scaled")[0])


def _unit(name):
    if name.endswith("phi"):
        return "rad"
    return "" if name.endswith(("eta", "b_tag", "number_of_jets")) else "GeV"


@dataclass(frozen=True)
class SemileptonicProcess(CollisionProcess):
    """A process whose cross-section in pb may be stated, forced decays and all; 0 if it is not."""

    stated_cross_section: float = 0.0


@dataclass(frozen=True)
class SemileptonicRecipe(CollisionRecipe):
    """One electron or muon and at least four jets, exactly two of them b-tagged."""

    packages: ClassVar[tuple] = ("pythia8mc", "fastjet")

    settings: tuple = (
        "Beams:eCM = 8000",
        "PartonLevel:MPI = off",
        "SpaceShower:pTmaxMatch = 1",
    )
    detector: LeptonJetsDetector = field(default_factory=LeptonJetsDetector)
    lepton_margin: float = 0.85  # events are dropped early below this part of the cut on pT
    mantissa_bits: int = 12

    def simulate(self, process, events, rng):
        """See `CollisionRecipe`; all that `reconstruct` measures, and ``lepton_pdg``."""
        generator = self._generator(process, rng)
        batches = (self._selected(generator.batch(BATCH_EVENTS), rng) for _ in count())
        found = gathered(batches, events)
        cross_section = process.stated_cross_section or generator.cross_section()
        return found | {"cross_section": np.float64(cross_section)}

    def _generator(self, process, rng):
        return SemileptonicGenerator(
            (*self.settings, *process.settings, *process.variants[0].settings),
            drawn_seed(rng),
            self.lepton_margin * self.detector.lepton_pt,
            self._hooks(process, rng),
        )

    def _hooks(self, _process, _rng):
        """Hooks for Pythia, or None."""
        return

    def _selected(self, batch, rng):
        columns, weight, rows = reconstruct(batch, self.detector, rng)
        columns = {name: rounded(column, self.mantissa_bits) for name, column in columns.items()}
        trials = np.array([event.trial for event in batch])
        leptons = np.array([event.lepton_id for event in batch])
        return columns | {"weight": weight, "trial": trials[rows], "lepton_pdg": leptons[rows]}
