"""Boosted W and QCD jets as calorimeter towers, selected as in arXiv:1511.05190; pp at 13 TeV."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from hepml.data.recipes.base import Process, Recipe
from hepml.data.schemas import Column
from hepml.data.simulate.boosted_jets import (
    Calorimeter,
    JetSelection,
    measured_towers,
    selected_jets,
)
from hepml.data.simulate.pythia import drawn_seed
from hepml.data.simulate.stable import ParticleGenerator, veto_without_hard_jet

__all__ = ["RECIPE", "JetProcess", "Jets"]

BATCH_EVENTS = 500
PT_BINS = (10, 5, 2, 1)  # of the reweighting: as many as have jets of both kinds in each


@dataclass(frozen=True)
class JetProcess(Process):
    """A hard process, with multi-parton interactions or without.

    ``veto`` drops events early that have no hard cone of partons: the pT scale of the look, the
    radius of the cone, its least pT.
    """

    settings: tuple
    mpi: bool
    veto: tuple = ()


_W = (
    "NewGaugeBoson:ffbar2Wprime = on",
    "34:m0 = 600",
    "Wprime:coup2WZ = 1",
    "34:onMode = off",
    "34:onIfMatch = 24 23",
    "24:onMode = off",
    "24:onIfAny = 1 2 3 4 5",
    "23:onMode = off",
    "23:onIfAny = 12 14 16",
)
_QCD = (
    "HardQCD:all = on",
    "PhaseSpace:pTHatMin = 140",
    "PhaseSpace:pTHatMax = 400",
    "PhaseSpace:bias2Selection = on",
    "PhaseSpace:bias2SelectionPow = 2",
    "PhaseSpace:bias2SelectionRef = 280",
)
_VETO = (10.0, 1.2, 215.0)

_PROCESSES = (
    JetProcess("W", 1, 20 / 46, _W, mpi=False),
    JetProcess("QCD", 0, 20 / 46, _QCD, mpi=False, veto=_VETO),
    JetProcess("W with MPI", 1, 3 / 46, _W, mpi=True),
    JetProcess("QCD with MPI", 0, 3 / 46, _QCD, mpi=True, veto=_VETO),
)

_F, _LIST = "float32", "nconstituent"
_COLUMNS = (
    Column("EventId", "int32", "", "number of the jet, from 100000"),
    Column("jet_pt", _F, "GeV", "trimmed jet, transverse momentum"),
    Column("jet_eta", _F, "", "trimmed jet, pseudorapidity"),
    Column("jet_phi", _F, "rad", "trimmed jet, azimuth"),
    Column("jet_mass", _F, "GeV", "trimmed jet, mass"),
    Column("jet_pt_untrimmed", _F, "GeV", "jet before trimming, transverse momentum"),
    Column("jet_mass_untrimmed", _F, "GeV", "jet before trimming, mass"),
    Column("jet_delta_R", _F, "", "distance of the two hardest subjets; 0 if there is one"),
    Column("tau_1", _F, "", "1-subjettiness of the trimmed jet"),
    Column("tau_2", _F, "", "2-subjettiness of the trimmed jet"),
    Column("tau_3", _F, "", "3-subjettiness of the trimmed jet"),
    Column("tau_21", _F, "", "tau_2 over tau_1"),
    Column("tau_32", _F, "", "tau_3 over tau_2; 0 where tau_2 is"),
    Column("subjets", "int8", "", "number of subjets that trimming keeps"),
    Column(_LIST, "int32", "", "number of the jet's towers: entries in each list"),
    Column("constituent_pt", _F, "GeV", "towers, hardest first, transverse momentum", (), _LIST),
    Column("constituent_eta", _F, "", "towers, pseudorapidity of the centre", (), _LIST),
    Column("constituent_phi", _F, "rad", "towers, azimuth of the centre", (), _LIST),
    Column(
        "constituent_subjet",
        "int8",
        "",
        "towers, rank of their subjet by pT from 1; 0 if trimmed away",
        (),
        _LIST,
    ),
    Column("mpi", "int8", "", "1 with multi-parton interactions, 0 without; not a feature"),
    Column("Weight", _F, "", "1 for W; QCD with the pT spectrum and the number of the W jets"),
    Column("Label", "int8", "", "1 signal, 0 background"),
    Column("Process", "int8", "", "0 W, 1 QCD, 2 W and 3 QCD with mpi; not a feature"),
)

_NOTES = (
    (
        "selection of arXiv:1511.05190: the hardest anti-kT jet with R = 1.0 of each event, trimmed"
        " (kT subjets of R = 0.3 with less than 5 % of its pT go); after that 250 < pT < 300 GeV "
        "and 65 < mass < 95 GeV; abs(eta) < 2 is ours; columns are named as in the published set "
        "jet_images"
    ),
    (
        "constituents are calorimeter towers, not particles: 0.1 wide in eta and 2 pi / 63 in phi,"
        " massless, at their centres; all quantities are computed from the towers as they stand "
        "here, those without suffix from the ones that trimming keeps, so anyone can repeat it; "
        "towers that were trimmed away are listed too, with constituent_subjet 0"
    ),
    (
        'lists come as Arrow\'s: hepml.data.padded(jets, ["constituent_pt", "constituent_eta"], '
        '30) makes an array (jet, tower, feature) and a mask, jets["constituent_pt"].list.'
        "flatten() one long column indexed by jet"
    ),
    (
        "what electrons and photons leave in a tower is smeared by 10 % / sqrt(E) and 1 %, what "
        "hadrons leave by 50 % / sqrt(E) and 3 % (in quadrature, log-normal); towers below 0.3 GeV"
        " in pT are not read out, others rounded to 8 bits after the leading one; muons are not "
        "seen; no magnetic field, no noise, no pile-up"
    ),
    (
        "signal: W'(600) -> W Z with W -> q qbar and Z -> neutrinos, couplings and decay angles as "
        "Pythia has them; background: all hard QCD with 140 < pTHat < 400 GeV, made in proportion "
        "to pTHat^2, which its weights undo; 37 % of the background has pTHat < 210 GeV, 1 % "
        "between 140 and 145"
    ),
    (
        "QCD events are dropped early that have no cone of partons (R = 1.2) with 215 GeV when the"
        " evolution reaches 10 GeV: 57 % of the events, and none of 304 that were selected without"
        " this veto"
    ),
    (
        "Weight: 1 for W; QCD's is the generator's times a factor in ten bins of pT, so that its "
        "spectrum and sum are those of the W jets with as much MPI; not a yield: there is no "
        "luminosity"
    ),
    (
        "mpi is 1 for the jets with multi-parton interactions, made to test what was trained "
        "without; take mpi == 0 to train, and never both unless you mean to"
    ),
    (
        "AUC without MPI, weighted: tau_21 0.80, mass 0.71, distance of subjets 0.70 (as "
        "likelihood ratios), mass and tau_21 0.85, all three 0.853 (boosted trees, "
        "five-fold); from particles in place of towers 0.81, 0.77, 0.70, 0.87, 0.87: towers cost "
        "the mass most"
    ),
    (
        "leading order and parton shower: expect the paper's orderings, not its figures; every row "
        "is an independent event; Process, mpi, Weight and EventId are not features"
    ),
)


@dataclass(frozen=True)
class Jets(Recipe):
    """The trimmed hardest jet of each event, as towers, weighted to one pT spectrum."""

    packages: ClassVar[tuple] = ("pythia8mc", "fastjet")

    settings: tuple = ("Beams:eCM = 13000",)
    calorimeter: Calorimeter = field(default_factory=Calorimeter)
    selection: JetSelection = field(default_factory=JetSelection)

    def simulate(self, process, events, rng):
        """See `Recipe.simulate`; lists lie one after the other, ``nconstituent`` entries each."""
        generator = self._generator(process, rng)
        parts, found = [], 0
        while found < events:
            parts.append(self._selected(generator.batch(BATCH_EVENTS), rng))
            found += len(parts[-1]["weight"])
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        entries = joined[_LIST][:events].sum()
        cut = {True: slice(entries), False: slice(events)}
        columns = {n: v[cut[n.startswith("constituent_")]] for n, v in joined.items()}
        return columns | {"mpi": np.full(events, process.mpi)}

    def _generator(self, process, rng):
        mpi = f"PartonLevel:MPI = {'on' if process.mpi else 'off'}"
        hooks = veto_without_hard_jet(*process.veto) if process.veto else None
        settings = (*self.settings, *process.settings, mpi)
        return ParticleGenerator(settings, drawn_seed(rng), hooks)

    def _selected(self, particles, rng):
        towers = measured_towers(
            particles.event, particles.pdg, particles.momenta, self.calorimeter, rng
        )
        columns, constituents, events = selected_jets(towers, self.selection)
        return columns | constituents | {"weight": particles.weights[events]}

    def summary(self, result):
        """See `Recipe.summary`; the sum of weights in bins of pT."""
        bins = np.linspace(*self.selection.pt, PT_BINS[0] + 1)
        spectrum, _ = np.histogram(result["jet_pt"], bins, weights=result["weight"])
        return {"spectrum": spectrum}

    def scales(self, groups):
        """See `Recipe.scales`; factors in bins of pT, equal bins of its range."""
        spectra = {p: sum(s["spectrum"] for s in found) for (p, _), found in groups.items()}
        return {(p, v): self._factors(p, spectra) for p, v in groups}

    def _factors(self, number, spectra):
        """Spectrum of the W jets with as much MPI over a process's own."""
        own = self.processes[number]
        (signal,) = [p for p in spectra if self.processes[p].label and self._is_alike(p, own)]
        for bins in PT_BINS:
            wanted, there = (spectra[p].reshape(bins, -1).sum(axis=1) for p in (signal, number))
            if (wanted > 0).all() and (there > 0).all():
                break
        return wanted / there

    def _is_alike(self, number, process):
        return self.processes[number].mpi == process.mpi

    def weights(self, result, scale):
        """See `Recipe.weights`; ``scale`` holds one factor for each bin of pT."""
        low, high = self.selection.pt
        place = (result["jet_pt"] - low) / (high - low) * len(scale)
        return result["weight"] * scale[np.clip(place.astype(int), 0, len(scale) - 1)]


RECIPE = Jets(
    name="jets",
    title="Boosted W against QCD jets as calorimeter towers, 250 < pT < 300 GeV, pp at 13 TeV",
    processes=_PROCESSES,
    columns=_COLUMNS,
    notes=_NOTES,
    chunk_events=500,
)
