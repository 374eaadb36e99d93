"""Pairs of large jets at 13 TeV after the LHC Olympics: QCD and W'(3500) -> X(500) Y(100)."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from hepml.data.recipes.base import Process, Recipe
from hepml.data.schemas import Column
from hepml.data.simulate.boosted_jets import Calorimeter, measured_towers
from hepml.data.simulate.dijets import DijetSelection, pair_features, selected_pairs
from hepml.data.simulate.objects import rounded
from hepml.data.simulate.pythia import drawn_seed
from hepml.data.simulate.stable import ParticleGenerator

__all__ = ["RECIPE", "DijetProcess", "Dijets"]

BATCH_EVENTS = 250


@dataclass(frozen=True)
class DijetProcess(Process):
    """A hard process, as the generator's ``settings`` state it."""

    settings: tuple


# X has the charge of the W', Y has none; both decay to light quarks.
_SIGNAL = (
    "NewGaugeBoson:ffbar2Wprime = on",
    "34:m0 = 3500",
    "34:mWidth = 35",
    "34:mMin = 3000",
    "34:mMax = 4000",
    "34:doForceWidth = on",
    "9000001:new = X Xbar 1 3 0 500 5 400 600 0",
    "9000001:isResonance = on",
    "9000001:oneChannel = 1 1 100 2 -1",
    "9000002:new = Y void 1 0 0 100 1 80 120 0",
    "9000002:isResonance = on",
    "9000002:oneChannel = 1 0.5 100 1 -1",
    "9000002:addChannel = 1 0.5 100 2 -2",
    "34:oneChannel = 1 1 100 9000001 9000002",
)
_QCD = ("HardQCD:all = on", "PhaseSpace:pTHatMin = 1000", "PhaseSpace:mHatMin = 2400")

_F = "float32"


def _jet(number, which):
    """Columns of one jet, measured and derived."""
    name, tau = f"jet_{number}", "-subjettiness"
    return (
        Column(f"{name}_pt", _F, "GeV", f"{which} jet, transverse momentum"),
        Column(f"{name}_eta", _F, "", f"{which} jet, pseudorapidity"),
        Column(f"{name}_phi", _F, "rad", f"{which} jet, azimuth"),
        Column(f"{name}_mass", _F, "GeV", f"{which} jet, mass"),
        Column(f"{name}_towers", "int16", "", f"{which} jet, number of its towers"),
        *(Column(f"{name}_tau_{n}", _F, "", f"{which} jet, {n}{tau}") for n in (1, 2, 3)),
        Column(f"{name}_mass_over_mjj", _F, "", f"{which} jet, mass over mjj"),
        Column(f"{name}_tau_21", _F, "", f"{which} jet, tau_2 over tau_1; 0 where that is"),
        Column(f"{name}_tau_32", _F, "", f"{which} jet, tau_3 over tau_2; 0 where that is"),
    )


_COLUMNS = (
    Column("EventId", "int32", "", "number of the event, from 100000"),
    Column("mjj", _F, "GeV", "mass of the two jets"),
    Column("delta_eta", _F, "", "absolute difference of their pseudorapidities"),
    *_jet(1, "heavier"),
    *_jet(2, "lighter"),
    Column("Weight", _F, "", "1"),
    Column("Label", "int8", "", "1 signal, 0 background"),
)


_NOTES = (
    (
        "after the LHC Olympics' research set: the two hardest anti-kT jets with R = 1.0, the"
        " heavier one is jet_1; the abs(eta) of both is below 2.5, they are less than 1.3 "
        "apart in eta, and mjj is above 2800 GeV"
    ),
    (
        "the cut on delta_eta, in place of the Olympics' pT > 1200 GeV, is that of dijet "
        "searches: with it pT grows with mjj, so that jet_1_mass does too (correlation 0.25 "
        "in the background), and jet_1_mass_over_mjj does not (0.01); without it both do"
    ),
    (
        "background: all hard QCD with pTHat > 1000 GeV and mHat > 2400 GeV, about 40 fb^-1 "
        "at leading order; these two cuts cost 12 % at mjj = 2.8 TeV, 8 % at 3.0, 5 +- 1 % "
        "from 3.1 to 3.7 and 1 % above, found with looser ones: fit spectra from 3 TeV on"
    ),
    (
        "signal: W'(3500, width 35) -> X(500) Y(100), each to two light quarks, masses of X "
        "and Y Breit-Wigner with widths 5 and 1 GeV; decays are isotropic, there is no "
        "prediction of a rate"
    ),
    (
        "particles are smeared in a calorimeter with towers of 0.025 by 2 pi / 252: 10 % / "
        "sqrt(E) and 1 % for electrons and photons, 50 % / sqrt(E) and 3 % for hadrons; "
        "towers below 0.3 GeV in pT are not read out, muons are not seen; coarser towers "
        "would blur Y, whose quarks are 0.12 apart"
    ),
    (
        "tau_N has beta 1 and winner-take-all kT axes; momenta and masses are rounded to 11 "
        "bits after the leading one, tau to 8; mjj, delta_eta and ratios are computed from "
        "the columns as they stand here, then rounded too"
    ),
    (
        "signal region 3300 < mjj < 3700 GeV: 87 % of the signal and 19 % of the background; "
        "sidebands 3100 to 3300 and 3700 to 3900; the dijet function (1 - x)^b / x^c fits the"
        " background from 3 TeV on"
    ),
    (
        "AUC, signal against background between 3.1 and 3.9 TeV: 0.958 with mass over mjj, "
        "tau_21 and tau_32 of both jets (boosted trees with labels); tau_21 alone 0.79 for "
        "each jet, at all mjj"
    ),
    (
        "signal region against sidebands, five-fold trees on those six features, 50000 "
        "background and 250 signal events, three overlapping draws: S/sqrt(B) goes from 2.2 "
        "to 11 ... 15 at 1 % and 26 ... 32 at 0.3 %; with nothing injected pulls are -1.0 to "
        "1.8 at 10, 1 and 0.3 %, with raw masses in place of ratios -0.2 to 4.2 (1.7 to 2.3 "
        "at 10 %): those sculpt"
    ),
    (
        "no multi-parton interactions (they take five to ten times as long), no pile-up; "
        "leading order and parton shower"
    ),
    (
        "Weight is 1: not a yield; mix signal and background as you like, every row is an "
        "independent event; Weight and EventId are not features"
    ),
)


@dataclass(frozen=True)
class Dijets(Recipe):
    """Two hardest jets of events as they come, unweighted."""

    packages: ClassVar[tuple] = ("pythia8mc", "fastjet")

    settings: tuple = ("Beams:eCM = 13000", "PartonLevel:MPI = off")
    calorimeter: Calorimeter = field(
        default_factory=lambda: Calorimeter(tower_eta=0.025, towers_phi=252, eta=3.6)
    )
    selection: DijetSelection = field(default_factory=DijetSelection)
    mantissa_bits: int = 11
    subjettiness_bits: int = 8

    def simulate(self, process, events, rng):
        """See `Recipe.simulate`."""
        generator = ParticleGenerator((*self.settings, *process.settings), drawn_seed(rng))
        parts, found = [], 0
        while found < events:
            parts.append(self._selected(generator.batch(BATCH_EVENTS), rng))
            found += len(parts[-1]["weight"])
        return {name: np.concatenate([p[name] for p in parts])[:events] for name in parts[0]}

    def _selected(self, particles, rng):
        towers = measured_towers(
            particles.event, particles.pdg, particles.momenta, self.calorimeter, rng
        )
        columns, events = selected_pairs(towers, self.selection)
        return self._rounded(columns) | {"weight": particles.weights[events]}

    def _rounded(self, columns):
        return {name: rounded(v, self._bits(name)) for name, v in columns.items()}

    def _bits(self, name):
        return self.subjettiness_bits if "_tau_" in name else self.mantissa_bits

    def features(self, primary):
        """See `Recipe.features`; from columns as they stand, and rounded as they are."""
        return self._rounded(pair_features(primary))

    def scale(self, _process, _variant, _summaries):
        """See `Recipe.scale`: events come unweighted and stay so."""
        return 1.0


RECIPE = Dijets(
    name="dijets",
    title="W'(3500) -> X(500) Y(100) against QCD, two jets of R = 1.0, pp at 13 TeV",
    processes=(
        DijetProcess("W' -> X Y", 1, 4 / 64, _SIGNAL),
        DijetProcess("QCD", 0, 60 / 64, _QCD),
    ),
    columns=_COLUMNS,
    notes=_NOTES,
    chunk_events=2000,
)
