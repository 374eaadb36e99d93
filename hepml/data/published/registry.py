"""What can be fetched: addresses, licences, citations, sizes, and checksums with their sources.

A checksum is listed only where somebody states it whom one can cite; for other files it is
recorded at the first download. ``about`` is a size to tell a person, ``size`` one to check.
"""

from dataclasses import dataclass
from numbers import Integral

from hepml.data._errors import DataError, nearest
from hepml.data.published.columns import columns_of

__all__ = ["File", "Published", "entry", "names", "sister_of"]

CC_BY = "CC BY 4.0"
UNCONFIRMED = "see its page (not confirmed here)"
UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases"
NOT_TRIED = "loader: layout after the documentation; not tried on the real file"


@dataclass(frozen=True)
class File:
    """One file: address, size in bytes (exact or about), ``algorithm:hexdigest`` and its source."""

    name: str
    url: str
    size: int | None = None
    about: int = 0
    checksum: str | None = None
    source: str = ""

    @property
    def expected_size(self):
        """Bytes, exact where known."""
        return self.size or self.about


@dataclass(frozen=True)
class Published:
    """A published set; ``layout`` names its loader, ``renamed`` says which column became which.

    ``default_files`` is how many of its files are fetched unless one asks for more; None is all.
    """

    name: str
    title: str
    sister: str | None
    layout: str
    files: tuple
    doi: str
    licence: str
    citation: str
    page: str
    renamed: str
    notes: tuple = ()
    default_files: int | None = None

    @property
    def columns(self):
        """Columns as loaded: `hepml.data.schemas.Column` records."""
        return columns_of(self.name)

    def chosen(self, count=None):
        """First ``count`` files; as many as the set fetches by default if None."""
        is_number = isinstance(count, Integral) and 1 <= count <= len(self.files)
        if count is not None and not is_number:
            raise DataError(self._how_many())
        return self.files[: count or self.default_files or len(self.files)]

    def _how_many(self):
        if len(self.files) == 1:
            return f"{self.name!r} comes as one file: there is no number of files to choose"
        return f"{self.name!r} has {len(self.files)} files: ask for 1 to {len(self.files)}"


_HIGGSML = File(
    "atlas-higgs-challenge-2014-v2.csv.gz",
    "https://opendata.cern.ch/record/328/files/atlas-higgs-challenge-2014-v2.csv.gz",
    size=65_630_848,
    checksum="sha1:639b1dbd97a709a739122a9a5dcd99b49d55d86c",
    source="CERN Open Data Portal, record 328 (github.com/cernopendata/opendata.cern.ch)",
)
_HIGGS = File(
    "HIGGS.csv.gz",
    f"{UCI}/00280/HIGGS.csv.gz",
    size=2_816_407_858,
    checksum="sha256:ea302c18164d4e3d916a1e2e83a9a8d07069fa6ebc7771e4c0540d54e593b698",
    source="github.com/ludwig-ai/ludwig, ludwig/datasets/configs/higgs.yaml, and others",
)
_SUSY = File("SUSY.csv.gz", f"{UCI}/00279/SUSY.csv.gz", about=880_000_000)
_HEPMASS = (
    File("all_train.csv.gz", f"{UCI}/00347/all_train.csv.gz", about=1_700_000_000),
    File("all_test.csv.gz", f"{UCI}/00347/all_test.csv.gz", about=850_000_000),
)
_LHCO = File(
    "events_anomalydetection_v2.features.h5",
    "https://zenodo.org/records/6466204/files/events_anomalydetection_v2.features.h5",
    about=74_300_000,
    checksum="md5:271cf5e71fc756b2a8d2b32730689bdb",
    source="Zenodo record 6466204, as quoted by several public projects",
)
_JET_IMAGES = File(
    "jet-images_Mass60-100_pT250-300_R1.25_Pix25.hdf5",
    "https://zenodo.org/records/269622/files/jet-images_Mass60-100_pT250-300_R1.25_Pix25.hdf5",
    about=2_100_000_000,
    checksum="md5:f9b11c46b6a0ff928bec2eccf865ecf0",
    source="the authors' github.com/hep-lbdl/adversarial-jets",
)
_QG_SHA256 = (
    "3f27a02eab06e8b83ccc9d25638021e6e24c9361341730961f9d560dee12c257",
    "648e49cd59b5353e0064e7b1a3388d9c2f4a454d3ca67afaa8d0344c836ecb35",
    "09f7b16fa7edb312c0f652bb8504de45f082c4193df65204d693155017272fe9",
    "7dc9a50bb38e9f6fc1f11db18f9bd04f72823c944851746b848dee0bba808537",
    "3e6217aad8e0502f5ce3b6371c61396dfc48a6cf4f26ee377cc7b991b1d2b543",
    "b5b7d742b2599bcbe1d7a639895bca64c28da513dc3620b0e5bbb5801f8c88fd",
    "7d31bc48c15983401e0dbe8fd5ee938c3809d9ee3c909f4adab6daf8b73c14f1",
    "cec0d7b2afa9d955543c597f9b7f3b3767812a68b2401ec870caf3a2ceb98401",
    "e984620f57abe06fc5d0b063f9f84ba54bd3e8c295d2b2419a7b1c6175079ed4",
    "6e3b69196995d6eb3b8e7af874e2b9f93d904624f7a7a73b8ff39f151e3bd189",
    "fa3d386f230b806058ff17e5bd77326ff4bf01d72aa5eb3325c1df2a8825927c",
    "acd49ab7bea8f72ecf699a9a898bccacc8730474259d68406656a5a43d407fb0",
    "2edd55b8bc30c686a0637855e1ba068586eb97041e8114d5540d96db2a7a2e17",
    "7276a8a0e573f9795a47f9d5addc10d2af903c2a0ffa5c848a720ccae93daa90",
    "2068ecfa912e94cd3ce7273b7c77af0bbd5ec57940997e7483b56f03434a6869",
    "41a732ce6321dd593214225b03fb87329607ccae768c705e3896ffecc28bfcca",
    "9d68caeb18f3ccf127b9032f52e63ee011c4381293a3a503f894e5c0741ae215",
    "086053ca611bb04d97fa0b6509b4ffb6955421b067c7b277498f0e5188879331",
    "cdc595f5fedef7db9411a9f93f2786f110073b4d17a523700f625846588b1e44",
    "d07781139320ae134ce4824bc0cefa43fd5003cd97cdf3aed90d4fb12fad8a1d",
)


def _qg_file(number, sha256):
    name = f"QG_jets_{number}.npz" if number else "QG_jets.npz"
    url = f"https://zenodo.org/records/3164691/files/{name}"
    source = "the authors' github.com/thaler-lab/EnergyFlow, energyflow/data/qg_jets.json"
    return File(name, url, about=107_000_000, checksum=f"sha256:{sha256}", source=source)


def _top_file(name, size, md5):
    url = f"https://zenodo.org/records/2603256/files/{name}"
    source = "Zenodo record 2603256, as quoted by several public projects"
    return File(name, url, size=size, checksum=f"md5:{md5}", source=source)


_TOP = (
    _top_file("train.h5", 1_038_496_555, "45663819f47c13724f67eb0fd80bfa5c"),
    _top_file("val.h5", 347_378_076, "dca4b7248027618f041f9baa86d360fc"),
    _top_file("test.h5", 347_849_376, "13163479dee30a5fe546e4536cc3d04d"),
)
_FAIR = File(
    "FAIR_Universe_HiggsML_data.zip",
    "https://zenodo.org/records/15131565/files/FAIR_Universe_HiggsML_data.zip",
    about=15_140_000_000,
)
_BALDI_2014 = (
    "P. Baldi, P. Sadowski, D. Whiteson, Searching for exotic particles in high-energy physics "
    "with deep learning, Nature Commun. 5 (2014) 4308, arXiv:1402.4735"
)

ENTRIES = (
    Published(
        name="higgsml",
        title="ATLAS Higgs Machine Learning Challenge 2014: 818238 events, H -> tau tau",
        sister="higgs_tautau",
        layout="higgsml",
        files=(_HIGGSML,),
        doi="10.7483/OPENDATA.ATLAS.ZBP2.M5T8",
        licence=UNCONFIRMED,
        citation=(
            "ATLAS collaboration, Dataset from the ATLAS Higgs Boson Machine Learning Challenge "
            "2014, CERN Open Data Portal (2014); C. Adam-Bourdarios et al., PMLR 42 (2015) 19"
        ),
        page="https://opendata.cern.ch/record/328",
        renamed="names as in the file; Label s, b became 1, 0",
        notes=(
            "Weight sums to the expected events of the whole set: rescale it for a part of it",
            "loader tried on 9998 events of the set, not on the whole file",
        ),
    ),
    Published(
        name="uci_higgs",
        title="HIGGS (UCI): 11 million events, heavy Higgs cascade against top pairs",
        sister="heavy_higgs",
        layout="uci",
        files=(_HIGGS,),
        doi="10.24432/C5V312",
        licence=CC_BY,
        citation=f"D. Whiteson, HIGGS, UCI Machine Learning Repository (2014); {_BALDI_2014}",
        page="https://archive.ics.uci.edu/dataset/280/higgs",
        renamed="the file has no header: named after the repository's list, with _ for spaces",
        notes=(
            "the last 500000 events are the test set of the paper",
            "loader tried on 10000 events of the set, not on the whole file",
        ),
    ),
    Published(
        name="uci_susy",
        title="SUSY (UCI): 5 million events, charginos against W pairs, two leptons",
        sister=None,
        layout="uci",
        files=(_SUSY,),
        doi="10.24432/C54606",
        licence=CC_BY,
        citation=f"D. Whiteson, SUSY, UCI Machine Learning Repository (2014); {_BALDI_2014}",
        page="https://archive.ics.uci.edu/dataset/279/susy",
        renamed="the file has no header: named after the repository's list, with _ for spaces",
        notes=("the last 500000 events are the test set of the paper", NOT_TRIED),
    ),
    Published(
        name="hepmass",
        title="HEPMASS (UCI): 10.5 million events, X -> t tbar at five masses",
        sister="top_resonance",
        layout="uci",
        files=_HEPMASS,
        doi="10.24432/C5PP5W",
        licence=CC_BY,
        citation=(
            "D. Whiteson, HEPMASS, UCI Machine Learning Repository (2016); P. Baldi, K. Cranmer, "
            "T. Faucett, P. Sadowski, D. Whiteson, Parameterized neural networks for high-energy "
            "physics, Eur. Phys. J. C 76 (2016) 235, arXiv:1601.07913"
        ),
        page="https://archive.ics.uci.edu/dataset/347/hepmass",
        renamed="label, f0 to f26, mass: named in the order of the set's readme",
        notes=(
            "the files with all masses: 7 million events for training, then 3.5 million for tests",
            NOT_TRIED,
        ),
    ),
    Published(
        name="lhco",
        title="LHC Olympics 2020, R&D set, features: 1.1 million dijet events",
        sister="dijets",
        layout="lhco",
        files=(_LHCO,),
        doi="10.5281/zenodo.6466204",
        licence=CC_BY,
        citation=(
            "G. Kasieczka, B. Nachman, D. Shih, R&D Dataset for LHC Olympics 2020 Anomaly "
            "Detection Challenge, Zenodo; G. Kasieczka et al., The LHC Olympics 2020, Rept. "
            "Prog. Phys. 84 (2021) 124201, arXiv:2101.08320"
        ),
        page="https://zenodo.org/records/6466204",
        renamed="names as in the file; label became Label",
        notes=("10 % of the events are signal: thin them out for a search", NOT_TRIED),
    ),
    Published(
        name="jet_images",
        title="Jet images, W against QCD: 872666 images of 25 x 25 pixels",
        sister="jets",
        layout="jet_images",
        files=(_JET_IMAGES,),
        doi="10.17632/4r4v785rgx.1",
        licence=UNCONFIRMED,
        citation=(
            "B. Nachman, L. de Oliveira, M. Paganini, Pythia Generated Jet Images for Location "
            "Aware Generative Adversarial Network Training (2017), arXiv:1701.05927; L. de "
            "Oliveira, M. Kagan, L. Mackey, B. Nachman, A. Schwartzman, Jet-images: deep "
            "learning edition, JHEP 07 (2016) 069, arXiv:1511.05190"
        ),
        page="https://doi.org/10.17632/4r4v785rgx.1",
        renamed="names as in the file; signal became Label; an image is one list of 625 pixels",
        notes=(
            (
                "images of the kind of arXiv:1511.05190 (250 < pT < 300 GeV), made anew by the "
                "same group for arXiv:1701.05927; no file of the first paper is known to us"
            ),
            NOT_TRIED,
        ),
    ),
    Published(
        name="qg_jets",
        title="EnergyFlow quark and gluon jets, Pythia 8.226: 100000 jets a file, 20 files",
        sister=None,
        layout="qg_jets",
        files=tuple(_qg_file(number, sha256) for number, sha256 in enumerate(_QG_SHA256)),
        doi="10.5281/zenodo.3164691",
        licence=UNCONFIRMED,
        citation=(
            "P. Komiske, E. Metodiev, J. Thaler, Pythia8 Quark and Gluon Jets for Energy Flow, "
            "Zenodo (2019); Energy Flow Networks, JHEP 01 (2019) 121, arXiv:1810.05165"
        ),
        page="https://zenodo.org/records/3164691",
        renamed="X[:, :, 0:4] became pt, rapidity, phi, pid without the padding; y became Label",
        notes=(
            "one file is fetched unless you ask for more; all that are fetched are loaded",
            "500 < pT < 550 GeV, |y| < 1.7, anti-kT R = 0.4, no detector; without c and b jets",
            NOT_TRIED,
        ),
        default_files=1,
    ),
    Published(
        name="top_tagging",
        title="Top quark tagging reference set: 2 million jets with up to 200 constituents",
        sister=None,
        layout="top_tagging",
        files=_TOP,
        doi="10.5281/zenodo.2603256",
        licence=CC_BY,
        citation=(
            "G. Kasieczka, T. Plehn, J. Thompson, M. Russel, Top Quark Tagging Reference Dataset, "
            "Zenodo (2019); The Machine Learning landscape of top taggers, SciPost Phys. 7 "
            "(2019) 014, arXiv:1902.09914"
        ),
        page="https://zenodo.org/records/2603256",
        renamed=(
            "E_0 to E_199 became E, without the padding, likewise PX, PY, PZ; is_signal_new "
            "became Label, ttv became Split"
        ),
        notes=(
            "1.2 million jets for training, then 400000 for validation, then 400000 for tests",
            NOT_TRIED,
        ),
    ),
    Published(
        name="fair_universe",
        title="FAIR Universe HiggsML Uncertainty Challenge: 220 million events, H -> tau tau",
        sister="higgs_tautau",
        layout="fair_universe",
        files=(_FAIR,),
        doi="10.5281/zenodo.15131565",
        licence=CC_BY,
        citation=(
            "W. Bhimji et al., FAIR Universe - HiggsML Uncertainty Challenge Public Dataset, "
            "Zenodo (2025), arXiv:2410.02867"
        ),
        page="https://zenodo.org/records/15131565",
        renamed=(
            "PRI_had_ became PRI_tau_, PRI_n_jets became PRI_jet_num, DER_deltar_had_lep and "
            "DER_pt_ratio_lep_had end in tau_lep and lep_tau; weights, labels, detailed_labels "
            "became Weight, Label, DetailedLabel; what an absent jet leaves undefined is -999"
        ),
        notes=(
            "Weight is for 10 fb⁻¹ at 13 TeV: the numbers of higgs_tautau are for 20.3 at 8 TeV",
            "needs 50 GB of disk to be made ready, 31 GB afterwards: the file and a copy unpacked",
            "the systematic shifts are the challenge's own software, not part of the set",
            NOT_TRIED,
        ),
    ),
)


def names():
    """Names of the published sets, as `fetch` and `load` take them.

    Returns
    -------
    tuple of str
    """
    return tuple(one.name for one in ENTRIES)


def entry(name):
    """Look up what is known of a published set.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    Published

    Raises
    ------
    DataError
        If there is no such set.
    """
    for one in ENTRIES:
        if one.name == name:
            return one
    raise DataError(f"there is no published set {name!r}; {nearest(name, names())}")


def sister_of(sample):
    """Find the published set whose columns are those of a bundled sample.

    Parameters
    ----------
    sample : str

    Returns
    -------
    str or None
        Name of the set; None where there is none.
    """
    return next((one.name for one in ENTRIES if one.sister == sample), None)
