"""X -> t tbar at five masses against t tbar, with the columns of the UCI set HEPMASS."""

from dataclasses import dataclass, replace

import numpy as np

from hepml.data.recipes.semileptonic import (
    BOTH_CHARGES,
    TO_LEPTON_AND_QUARKS,
    TOPS,
    SemileptonicProcess,
    SemileptonicRecipe,
    physical,
)
from hepml.data.schemas import HEPMASS, LABEL, Column
from hepml.data.simulate.lepton_jets import LeptonJetsDetector

__all__ = ["FEATURES", "MASSES", "RECIPE", "TopResonance"]

MASSES = (500, 750, 1000, 1250, 1500)
WIDTH = 0.02  # of the mass
WINDOW = 0.15  # around the mass
NO_MASS = np.nan
SLICE = 700  # GeV: t tbar is generated below and above this mass of both tops


@dataclass(frozen=True)
class TopResonanceProcess(SemileptonicProcess):
    """A resonance of some ``mass`` in GeV; 0 where there is none."""

    mass: float = 0.0


def _resonance(mass):
    """Neutral vector boson that decays to top quarks only, without the photon and the Z."""
    low, high = (round(mass * (1 + sign * WINDOW)) for sign in (-1, 1))
    settings = (
        "NewGaugeBoson:ffbar2gmZZprime = on",
        "Zprime:gmZmode = 3",
        f"32:m0 = {mass}",
        f"32:mWidth = {WIDTH * mass:g}",
        f"32:mMin = {low}",
        f"32:mMax = {high}",
        "32:doForceWidth = on",
        "32:onMode = off",
        "32:onIfAny = 6",
    )
    name, picobarn = f"X({mass}) -> t tbar", TO_LEPTON_AND_QUARKS
    return TopResonanceProcess(name, 1, 1 / 9, settings, BOTH_CHARGES, picobarn, float(mass))


# Events of large mass are rare and matter most: they are 3 of 10 generated ones, and weigh less.
_SLICES = {f"PhaseSpace:mHatMax = {SLICE}": 0.7, f"PhaseSpace:mHatMin = {SLICE}": 0.3}
_TOP_VARIANTS = tuple(
    replace(variant, settings=(*variant.settings, cut), share=variant.share * part)
    for variant in BOTH_CHARGES
    for cut, part in _SLICES.items()
)
_PROCESSES = (
    *map(_resonance, MASSES),
    TopResonanceProcess("t tbar", 0, 4 / 9, TOPS, _TOP_VARIANTS),
)

_MEANINGS = {
    "number_of_jets": "number of jets, listed or not",
    "m_wwbb": "invariant mass of both W and the two b jets: the resonance",
    **{f"jet_{i}_b_tag": f"jet {i}, b-tag: 1 tagged, 0 not" for i in (1, 2, 3, 4)},
}


def _feature(column):
    """Column of the UCI set in its own unit."""
    column = physical(column)
    dtype = "int8" if column.name in _MEANINGS and column.unit == "" else column.dtype
    return replace(column, dtype=dtype, meaning=_MEANINGS.get(column.name, column.meaning))


FEATURES = tuple(_feature(c) for c in HEPMASS if c.name not in {"Label", "mass"})
_NUMBERS = ", ".join(f"{i} X({mass})" for i, mass in enumerate(MASSES))
_COLUMNS = (
    Column("EventId", "int32", "", "number of the event, from 100000"),
    *FEATURES,
    Column("mass", "float32", "GeV", "mass of X; NaN for t tbar, which has none: you say which"),
    Column("lepton_pdg", "int8", "", "11 e-, -11 e+, 13 mu-, -13 mu+; not a feature"),
    Column("Weight", "float32", "", "expected events this one stands for"),
    LABEL,
    Column("Process", "int8", "", f"{_NUMBERS}, {len(MASSES)} t tbar; not a feature"),
)

_NOTES = (
    (
        "the process and the features are those of arXiv:1601.07913 and the UCI set HEPMASS, in "
        "GeV and radians; generator, detector and selection are ours, so its figures are not"
    ),
    (
        "X: a neutral vector boson from q qbar without photon and Z (Pythia's Z'), which decays "
        "to t tbar only; its width is 2 % of its mass, within 15 % of it; no interference with "
        "t tbar"
    ),
    (
        "mass is the true mass of X; t tbar has none (NaN): which mass it is given in training is"
        " yours to decide, and deciding it wrongly gives the label away"
    ),
    (
        "selected: one electron or muon from a W with pT > 20 GeV and |eta| < 2.5; at least four "
        "jets, anti-kT with R = 0.4, pT > 20 GeV, |eta| < 2.5, none within 0.4 of the lepton; "
        "exactly two of them b-tagged; one W decays to e or mu, the other to quarks, both charges"
        " alike; without tau -> e, mu and dileptons"
    ),
    (
        "jets are ordered by pT, number_of_jets counts all; a tag: 70 % for b, 20 % for c and 1 %"
        " for light jets at high pT, times pT / (pT + 10 GeV), drawn given that there are two: "
        "their probability is a weight, thinned out to 0.5"
    ),
    (
        "resolutions: jets 80 % / sqrt(pT) and 5 %, electrons 10 % / sqrt(pT) and 1 %, muons 1.5 "
        "% and 0.015 % x pT / GeV, each component of the missing momentum 0.8 sqrt(soft ET) on "
        "top of what these lose"
    ),
    (
        "masses take all jets: m_jj is the untagged pair closest to 80.4 GeV; m_jjj adds the "
        "tagged jet that brings it closer to 175 GeV, m_jlv takes the other; the neutrino's eta "
        "is sought in steps of 0.05 between -3 and 3"
    ),
    (
        "jets are not corrected for what neutrinos take and what falls outside of them: m_wwbb of"
        " X peaks 7.5 % below its mass at all five, 15 to 21 % wide; m_jjj and m_jlv at 164, m_jj"
        " at 76 GeV"
    ),
    (
        "t tbar is generated below and above 700 GeV in the mass of both tops, 7 to 3, where "
        "nature has 10 to 1: above, an event weighs 1.25, below 4.4; so use the weights (their "
        "effective number is 34000 of 40000)"
    ),
    (
        "Weight of X: 1 pb for X -> t tbar at each mass, a benchmark and no prediction, so a "
        "limit on the signal strength is one in pb; of t tbar: Pythia's leading order, no "
        "K-factor; all other background is absent"
    ),
    (
        "AUC against t tbar at 500, 750, 1000, 1250, 1500 GeV, half to train, half to test, "
        "weighted: boosted trees 0.721, 0.903, 0.966, 0.986, 0.994; without the five masses "
        "0.664, 0.878, 0.960, 0.984, 0.993; m_wwbb alone 0.509, 0.831, 0.927, 0.958, 0.975"
    ),
    (
        "no multi-parton interactions and no pile-up jets; leptons are always found; momenta and "
        "masses are rounded to 13 significant bits"
    ),
    "every row is an independent event; Process, Weight, EventId, lepton_pdg are not features",
)


@dataclass(frozen=True)
class TopResonance(SemileptonicRecipe):
    """The primary columns are the 27 of the UCI set HEPMASS, the mass, and the lepton's kind."""

    def simulate(self, process, events, rng):
        """See `SemileptonicRecipe.simulate`."""
        mass = np.full(events, process.mass or NO_MASS)
        return super().simulate(process, events, rng) | {"mass": mass}


RECIPE = TopResonance(
    name="top_resonance",
    title="X -> t tbar -> l nu b q q b at 500 to 1500 GeV against t tbar, pp at 8 TeV",
    luminosity=20.3,
    processes=_PROCESSES,
    columns=_COLUMNS,
    notes=_NOTES,
    chunk_events=1000,
    detector=LeptonJetsDetector(
        jet=(0.80, 0.05),
        lepton_pt=20.0,
        jet_radius=0.4,
        jet_pt=20.0,
        jet_eta=2.5,
        jet_pt_min=12.0,
        tag=(0.70, 0.20, 0.01),
        tag_eta=2.5,
        tight=0.0,
        ranking=0.0,
        weight_floor=0.5,
    ),
)
