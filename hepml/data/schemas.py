"""Names, types and units of columns that published sets and recipes have in common.

A recipe that makes a sister of a published set takes its columns from here, so that a lesson can
switch between the two with one argument.
"""

from dataclasses import asdict, dataclass

__all__ = ["CONSTITUENTS", "DIJETS", "HEPMASS", "HIGGS", "HIGGS_HIGH", "HIGGS_LOW", "JET_IMAGES"]
__all__ += ["LABEL", "QG_JETS", "SUSY", "SUSY_HIGH", "SUSY_LOW", "TOP_TAGGING", "Column"]


@dataclass(frozen=True)
class Column:
    """One column of a sample: its name, NumPy type, unit ("" for a pure number) and meaning.

    ``shape`` is that of one event's value: () for a number, (25, 25) for an image. A column of
    lists names the column that counts their entries, ``lengths``; its type is that of an entry.
    Its array is flat: the entries of all events, one list after the other.
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    shape: tuple = ()
    lengths: str = ""

    def describe(self):
        """Record of the column on a card."""
        record = {k: v for k, v in asdict(self).items() if k not in ("shape", "lengths")}
        record |= {"shape": list(self.shape)} if self.shape else {}
        return record | ({"lengths": self.lengths} if self.lengths else {})


F = "float32"
LABEL = Column("Label", "int8", "", "1 signal, 0 background")
_SCALED = "scaled, without a unit"


def _scaled(name, meaning):
    return Column(name, F, "", f"{meaning} ({_SCALED})")


def _jet(number):
    kinds = {"pt": "transverse momentum", "eta": "pseudorapidity", "phi": "azimuth"}
    for short, meaning in (kinds | {"b_tag": "b-tag"}).items():
        yield _scaled(f"jet_{number}_{short}", f"jet {number}, {meaning}")


_LEPTON = (
    _scaled("lepton_pT", "lepton, transverse momentum"),
    _scaled("lepton_eta", "lepton, pseudorapidity"),
    _scaled("lepton_phi", "lepton, azimuth"),
    _scaled("missing_energy_magnitude", "missing transverse momentum"),
    _scaled("missing_energy_phi", "missing transverse momentum, azimuth"),
)
_FOUR_JETS = tuple(column for number in (1, 2, 3, 4) for column in _jet(number))
_MASSES = {
    "m_jj": "invariant mass of two jets: the hadronic W",
    "m_jjj": "invariant mass of three jets: the hadronic top",
    "m_lv": "invariant mass of lepton and neutrino: the leptonic W",
    "m_jlv": "invariant mass of jet, lepton and neutrino: the leptonic top",
    "m_bb": "invariant mass of the two b jets: the light Higgs",
    "m_wbb": "invariant mass of a W and the two b jets: the charged Higgs",
    "m_wwbb": "invariant mass of both W and the two b jets: the heavy Higgs, or both tops",
}

# arXiv:1402.4735, table of the 21 low-level and 7 high-level features; UCI's names with "_".
HIGGS_LOW = _LEPTON + _FOUR_JETS
HIGGS_HIGH = tuple(_scaled(name, meaning) for name, meaning in _MASSES.items())
HIGGS = (LABEL, *HIGGS_LOW, *HIGGS_HIGH)

SUSY_LOW = (
    *(
        _scaled(f"lepton_{n}_{short}", f"lepton {n}, {meaning}")
        for n in (1, 2)
        for short, meaning in (
            ("pT", "transverse momentum"),
            ("eta", "pseudorapidity"),
            ("phi", "azimuth"),
        )
    ),
    *_LEPTON[3:],
)
SUSY_HIGH = (
    _scaled("MET_rel", "missing transverse momentum across the nearest lepton"),
    _scaled("axial_MET", "missing transverse momentum along the vector sum of the leptons"),
    _scaled("M_R", "razor mass"),
    _scaled("M_TR_2", "transverse razor mass"),
    _scaled("R", "razor ratio"),
    _scaled("MT2", "stransverse mass"),
    _scaled("S_R", "super-razor mass"),
    _scaled("M_Delta_R", "super-razor mass difference"),
    _scaled("dPhi_r_b", "super-razor angle"),
    _scaled("cos_theta_r1", "super-razor angle, cosine"),
)
SUSY = (LABEL, *SUSY_LOW, *SUSY_HIGH)

HEPMASS = (
    LABEL,
    *_LEPTON,
    _scaled("number_of_jets", "number of jets"),
    *_FOUR_JETS,
    *(c for c in HIGGS_HIGH if c.name not in {"m_bb", "m_wbb"}),
    Column("mass", F, "GeV", "mass of the resonance; drawn at random for background"),
)

DIJETS = (
    *(
        column
        for jet in (1, 2)
        for column in (
            *(
                Column(f"p{axis}j{jet}", F, "GeV", f"jet {jet}, momentum along {axis}")
                for axis in "xyz"
            ),
            Column(f"mj{jet}", F, "GeV", f"jet {jet}, invariant mass"),
            *(Column(f"tau{n}j{jet}", F, "GeV", f"jet {jet}, {n}-subjettiness") for n in (1, 2, 3)),
        )
    ),
    LABEL,
)

JET_IMAGES = (
    Column("image", "list of float32", "GeV", "25 x 25 pixels, row by row: 625 values"),
    LABEL,
    Column("jet_pt", F, "GeV", "transverse momentum"),
    Column("jet_eta", F, "", "pseudorapidity"),
    Column("jet_phi", F, "rad", "azimuth"),
    Column("jet_mass", F, "GeV", "invariant mass"),
    Column("jet_delta_R", F, "", "distance of the two leading subjets"),
    *(Column(f"tau_{n}", F, "", f"{n}-subjettiness") for n in (1, 2, 3)),
    Column("tau_21", F, "", "tau_2 over tau_1"),
    Column("tau_32", F, "", "tau_3 over tau_2"),
)

QG_JETS = (
    Column("pt", "list of float32", "GeV", "particles of the jet, transverse momentum"),
    Column("rapidity", "list of float32", "", "particles of the jet, rapidity"),
    Column("phi", "list of float32", "rad", "particles of the jet, azimuth"),
    Column("pid", "list of int32", "", "particles of the jet, PDG number"),
    Column("Label", "int8", "", "1 quark (u, d or s), 0 gluon"),
)

CONSTITUENTS = ("E", "PX", "PY", "PZ")
TOP_TAGGING = (
    *(
        Column(name, "list of float32", "GeV", f"constituents of the jet, {meaning}")
        for name, meaning in zip(
            CONSTITUENTS,
            ("energy", "momentum along x", "momentum along y", "momentum along z"),
            strict=True,
        )
    ),
    *(
        Column(f"truth{name}", F, "GeV", f"top quark before its decay, {name}; 0 for background")
        for name in CONSTITUENTS
    ),
    Column("Split", "int8", "", "which part the jet belongs to: the file's ttv"),
    Column("Label", "int8", "", "1 top quark, 0 light quark or gluon"),
)
