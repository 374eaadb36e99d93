"""H -> tau tau in the lepton + hadronic tau channel at 8 TeV, with the HiggsML columns."""

from dataclasses import dataclass, field
from itertools import islice
from typing import ClassVar

import numpy as np

from hepml.data.recipes.collisions import CollisionProcess, CollisionRecipe, Variant, gathered
from hepml.data.schemas import Column
from hepml.data.simulate.detector import Detector, reconstruct
from hepml.data.simulate.higgsml import derived_features
from hepml.data.simulate.pythia import Generator, drawn_seed

__all__ = ["RECIPE", "HiggsTauTau"]

BATCH_EVENTS = 100
# PDG 2024: tau -> e nu nu 17.82 %, tau -> mu nu nu 17.39 %, the rest is hadronic.
LEPTONIC = 0.1782 + 0.1739
HADRONIC = 1 - LEPTONIC

_TAU_HADRONS = "111 130 211 213 215 221 223 310 311 313 321 323 331 20213"


def _tau_variants():
    """Either tau may give the lepton; each assignment is half of the events."""
    branching = LEPTONIC * HADRONIC
    for lepton, hadrons in (("Pos", "Neg"), ("Neg", "Pos")):
        lines = (
            "15:onMode = off",
            f"15:on{lepton}IfAny = 11 13",
            f"15:on{hadrons}IfAny = {_TAU_HADRONS}",
        )
        yield Variant(lines, branching, 0.5)


_LEPTON, _HADRONS = "11 13 15", "1 2 3 4 5"
# Every top pair with at least one lepton: t -> l with anything, and t -> hadrons with tbar -> l.
_TOP_VARIANTS = (
    Variant(("24:onMode = off", f"24:onIfAny = {_LEPTON}", f"24:onNegIfAny = {_HADRONS}"), 1, 0.82),
    Variant(
        ("24:onMode = off", f"24:onPosIfAny = {_HADRONS}", f"24:onNegIfAny = {_LEPTON}"), 1, 0.18
    ),
)


@dataclass(frozen=True)
class TauProcess(CollisionProcess):
    """A process that makes taus, or jets taken for one.

    ``fakes`` lets jets stand for the tau; events lighter than ``weight_floor`` are thinned out
    until those left weigh as much.
    """

    fakes: bool = False
    weight_floor: float = 0.0


_HIGGS = ("25:m0 = 125", "25:onMode = off", "25:onIfAny = 15")
_PROCESSES = (
    TauProcess("gg -> H", 1, 0.19, ("HiggsSM:gg2H = on", *_HIGGS), tuple(_tau_variants())),
    TauProcess(
        "VBF H",
        1,
        0.16,
        (
            "HiggsSM:ff2Hff(t:ZZ) = on",
            "HiggsSM:ff2Hff(t:WW) = on",
            "SpaceShower:dipoleRecoil = on",
            *_HIGGS,
        ),
        tuple(_tau_variants()),
    ),
    TauProcess(
        "Z/gamma* -> tau tau",
        0,
        0.33,
        (
            "WeakSingleBoson:ffbar2gmZ = on",
            "PhaseSpace:mHatMin = 60",
            "23:onMode = off",
            "23:onIfAny = 15",
            "TauDecays:externalMode = 0",
        ),
        tuple(_tau_variants()),
    ),
    TauProcess(
        "t tbar",
        0,
        0.12,
        ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on"),
        _TOP_VARIANTS,
        fakes=True,
        weight_floor=0.2,
    ),
    TauProcess(
        "W + jets",
        0,
        0.20,
        (
            "WeakBosonAndParton:qqbar2Wg = on",
            "WeakBosonAndParton:qg2Wq = on",
            "PhaseSpace:pTHatMin = 15",
            "24:onMode = off",
            "24:onIfAny = 11 13",
        ),
        fakes=True,
    ),
)

_F = "float32"
_COLUMNS = (
    Column("EventId", "int32", "", "number of the event, from 100000"),
    Column(
        "DER_mass_MMC",
        _F,
        "GeV",
        "mass of the tau pair with collinear neutrinos (in place of the MMC)",
    ),
    Column("DER_mass_transverse_met_lep", _F, "GeV", "transverse mass of lepton and missing pT"),
    Column("DER_mass_vis", _F, "GeV", "invariant mass of tau and lepton"),
    Column("DER_pt_h", _F, "GeV", "modulus of the vector sum of tau, lepton and missing pT"),
    Column("DER_deltaeta_jet_jet", _F, "", "|eta difference| of the two leading jets"),
    Column("DER_mass_jet_jet", _F, "GeV", "invariant mass of the two leading jets"),
    Column("DER_prodeta_jet_jet", _F, "", "product of the two leading jets' eta"),
    Column("DER_deltar_tau_lep", _F, "", "distance in (eta, phi) of tau and lepton"),
    Column("DER_pt_tot", _F, "GeV", "modulus of the vector sum of DER_pt_h's and two leading jets"),
    Column("DER_sum_pt", _F, "GeV", "sum of the pT of tau, lepton and all jets"),
    Column("DER_pt_ratio_lep_tau", _F, "", "lepton pT over tau pT"),
    Column("DER_met_phi_centrality", _F, "", "missing pT's place between tau and lepton in phi"),
    Column("DER_lep_eta_centrality", _F, "", "lepton's place between the two leading jets in eta"),
    Column("PRI_tau_pt", _F, "GeV", "hadronic tau, transverse momentum"),
    Column("PRI_tau_eta", _F, "", "hadronic tau, pseudorapidity"),
    Column("PRI_tau_phi", _F, "rad", "hadronic tau, azimuth"),
    Column("PRI_lep_pt", _F, "GeV", "electron or muon, transverse momentum"),
    Column("PRI_lep_eta", _F, "", "electron or muon, pseudorapidity"),
    Column("PRI_lep_phi", _F, "rad", "electron or muon, azimuth"),
    Column("PRI_met", _F, "GeV", "missing transverse momentum"),
    Column("PRI_met_phi", _F, "rad", "missing transverse momentum, azimuth"),
    Column("PRI_met_sumet", _F, "GeV", "scalar sum of all transverse energy"),
    Column("PRI_jet_num", "int32", "", "number of jets, 3 meaning three or more"),
    Column("PRI_jet_leading_pt", _F, "GeV", "hardest jet, transverse momentum"),
    Column("PRI_jet_leading_eta", _F, "", "hardest jet, pseudorapidity"),
    Column("PRI_jet_leading_phi", _F, "rad", "hardest jet, azimuth"),
    Column("PRI_jet_subleading_pt", _F, "GeV", "second jet, transverse momentum"),
    Column("PRI_jet_subleading_eta", _F, "", "second jet, pseudorapidity"),
    Column("PRI_jet_subleading_phi", _F, "rad", "second jet, azimuth"),
    Column("PRI_jet_all_pt", _F, "GeV", "scalar sum of the pT of all jets"),
    Column("Weight", "float32", "", "expected events this one stands for"),
    Column("Label", "int8", "", "1 signal, 0 background"),
    Column(
        "Process", "int8", "", "0 gg->H, 1 VBF H, 2 Z->tau tau, 3 t tbar, 4 W+jets; not a feature"
    ),
)

_NOTES = (
    (
        "selected: one electron or muon with pT > 26 GeV and |eta| < 2.5 and no other above "
        "15 GeV; one hadronic tau of opposite sign with pT > 20 GeV and |eta| < 2.5, 0.4 away"
    ),
    (
        "jets: anti-kT with R = 0.4, pT > 30 GeV, |eta| < 4.5, 0.4 away from the tau; a lepton "
        "within 0.4 of a jet above 20 GeV drops the event"
    ),
    "cross-sections are leading order, as Pythia gives them: no K-factors",
    (
        "no multi-parton interactions and no pile-up jets: both enter only as extra "
        "transverse energy (gamma distributed, mean 80 GeV) in PRI_met_sumet and in the noise"
        " of PRI_met"
    ),
    (
        "the detector is parametric: Gaussian resolutions, hadronic tau efficiency 60 %, fake"
        " rate 1 % per jet, half of the fakes of opposite sign, leptons always found"
    ),
    (
        "an event with fakes keeps one tau candidate, drawn in proportion to the "
        "probabilities, whose sum is its weight; top events lighter than 0.2 are thinned out "
        "to that weight"
    ),
    (
        "W -> tau nu, Z -> l l, dibosons and multijets are absent; W + jets has pTHat > 15 "
        "GeV and further jets from the shower only, so too few of them"
    ),
    (
        "taus from Z get tree-level helicities without transverse spin correlations; those "
        "from H and W are decayed by Pythia's own"
    ),
    (
        "DER_mass_MMC is a two-dimensional likelihood with collinear neutrinos in place of "
        "the missing-mass calculator; -999 where undefined, as for all columns of absent jets"
    ),
    "every row is an independent event; Process, Weight and EventId are not features",
)


@dataclass(frozen=True)
class HiggsTauTau(CollisionRecipe):
    """One electron or muon and one hadronic tau of opposite sign, any number of jets."""

    packages: ClassVar[tuple] = ("pythia8mc", "fastjet")

    settings: tuple = ("Beams:eCM = 8000", "PartonLevel:MPI = off", "HadronLevel:all = off")
    detector: Detector = field(default_factory=Detector)
    # Events are dropped early below these parts of the detector's cuts on pT.
    lepton_margin: float = 0.85
    tau_margin: float = 0.6

    def simulate(self, process, events, rng):
        """See `CollisionRecipe`; the primary columns are HiggsML's seventeen ``PRI_``."""
        generator = self._generator(process, process.variants[0], rng)
        batches = (self._selected(batch, process, rng) for batch in _batches(generator))
        found = gathered(batches, events)
        return found | {"cross_section": np.float64(generator.cross_section())}

    def features(self, primary):
        """See `Recipe.features`; HiggsML's thirteen ``DER_`` columns."""
        return derived_features({k: v for k, v in primary.items() if k.startswith("PRI_")})

    def _generator(self, process, variant, rng):
        return Generator(
            (*self.settings, *process.settings, *variant.settings),
            drawn_seed(rng),
            rng,
            lepton_pt=self.lepton_margin * self.detector.lepton_pt,
            tau_pt=self.tau_margin * self.detector.tau_pt,
            veto_pt=self.detector.veto_pt,
            fakes=process.fakes,
        )

    def _selected(self, batch, process, rng):
        columns, weight, rows = reconstruct(
            batch, self.detector, rng, fakes=process.fakes, weight_floor=process.weight_floor
        )
        trials = np.array([event.trial for event in batch])
        return columns | {"weight": weight, "trial": trials[rows]}


def _batches(generator):
    stream = iter(generator)
    while True:
        yield list(islice(stream, BATCH_EVENTS))


RECIPE = HiggsTauTau(
    name="higgs_tautau",
    title="H -> tau tau against Z, top and W, lepton + hadronic tau, pp at 8 TeV",
    luminosity=20.3,
    processes=_PROCESSES,
    columns=_COLUMNS,
    notes=_NOTES,
)
