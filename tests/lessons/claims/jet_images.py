"""Claims of the lesson on jet images, on curves and gains like those that it finds."""

from types import SimpleNamespace as Names

import numpy as np

from hepml import stats
from tests.lessons.claims import claim, curve

STEPS = (
    "centred on the jet",
    "centred on the hardest subjet",
    "… rotated",
    "… mirrored",
    "… divided by the brightest pixel",
)
FISHER, MASS = (0.700, 0.756, 0.810, 0.810, 0.803), (0.707, 0.706, 0.670, 0.670, 0.594)


def named(found, *names):
    return dict(zip(names, found, strict=True))


def steps(fisher=FISHER, mass=MASS):
    rows = zip(map(curve, fisher), map(curve, mass), strict=True)
    return {"worth": named([named(row, "Fisher", "mass from pixels") for row in rows], *STEPS)}


def quantities(single=(0.71, 0.80, 0.70), pair=(0.85, 0.82), three=0.856, cnn=0.872):
    found = map(curve, (*single, *pair, three, cnn))
    names = ("mass", "τ₂₁", "ΔR", "mass, τ₂₁", "τ₂₁, ΔR", "BDT of all three", "CNN")
    return {"curves": named(found, *names), "single": max(single), "pair": max(pair)}


def a_sum(values, mask):
    return 1 / (1 + np.exp(-(values[..., 0] * mask[..., 0]).sum(axis=1)))


def the_first(values, _):
    return 1 / (1 + np.exp(-values[:, 0, 0]))


def sets(network=a_sum):
    """Jets of towers in a set, some of the places empty."""
    rng = np.random.default_rng(1)
    values = rng.normal(0, 1, (600, 12, 4))
    mask = (np.arange(12) < rng.integers(3, 12, 600)[:, None])[..., None]
    return {
        "SEED": 1,
        "set_test": [values, mask.astype(float)],
        "deep_sets": network,
        "predict": lambda model, parts: model(*parts),
    }


def nulls(score=0.0, pt=0.0, direction=0.0):
    """Run the null tests on jets of which some quantities know the labels, or the shuffled ones."""
    rng = np.random.default_rng(2)
    n = 20_000
    y, test = rng.integers(0, 2, n), rng.random(n) < 0.4
    weights = rng.exponential(1, n)

    def known(size):
        return size * y + rng.normal(0, 1, n)

    shuffled = np.random.default_rng([1, 2]).permutation(y)  # as the cell does with its seed
    blind = score * shuffled + rng.normal(0, 1, n)
    return {
        "SEED": 1,
        "CNN": {},
        "keras": Names(utils=Names(set_random_seed=lambda _seed: None)),
        "image_network": lambda *_, **__: None,
        "exposed": lambda images: images,
        "steps_for": lambda *_: 1,
        "fit": lambda *_, **__: None,
        "train": ~test,
        "choose": ~test,
        "test": test,
        "images": np.arange(n),
        "y": y,
        "w": weights,
        "predict": lambda _model, rows: blind[rows],
        "curve": lambda found: stats.roc_curve(y[test], found, weights[test]),
        "jets": {"jet_pt": known(pt), "jet_phi": known(direction)},
    }


def what_is_left(both=0.508, cnn=0.651):
    return {"left": {"mass and τ₂₁": curve(both, 0.010), "CNN": curve(cnn, 0.010)}}


def gains(cnn=0.017, number=0.031, lead=-0.014, error=0.0018):
    return {
        "apart": {
            ("CNN", "BDT of all three"): (cnn, error),
            ("BDT with the number", "BDT of all three"): (number, error),
            ("CNN", "BDT with the number"): (lead, error),
        }
    }


def bent(bdt=32, cnn=1.5):
    """Share of QCD near 80 GeV over that at the ends of the spectrum, behind each cut."""
    return {"peak": {"BDT of all three": bdt, "CNN": cnn}}


def squares(toy=0.026, naive=-0.004, fair=0.010, error=0.002):
    return {"gains": {(0, 0): (toy, error), (0, 1): (naive, error), (1, 1): (fair, error)}}


CLAIMS = [
    claim(
        "Centring on the subjet and rotating",
        steps,
        {
            "centring does not help": {"fisher": (0.76, 0.75, *FISHER[2:])},
            "rotating does not help": {"fisher": (0.70, 0.756, 0.75, 0.75, 0.74)},
            "pixels are fine enough": {"mass": (0.707, 0.706, 0.70, 0.70, 0.59)},
            "the scale is no physics": {"fisher": (*FISHER[:4], 0.82)},
        },
    ),
    claim(
        "Single < pair < all three",
        quantities,
        {"a pair knows no more": {"pair": (0.80, 0.79)}, "three know no more": {"three": 0.84}},
    ),
    claim("Shuffled towers", sets, {"the first counts": {"network": the_first}}),
    claim(
        "The CNN beats the BDT",
        gains,
        {"it does not": {"cnn": -0.01}, "it may be chance": {"cnn": 0.005}},
    ),
    claim(
        "The null tests pass",
        nulls,
        {
            "labels leak": {"score": 0.2},
            "the spectra differ": {"pt": 0.2},
            "the detector is not round": {"direction": -0.2},
        },
    ),
    claim(
        "is within three errors of ½",
        what_is_left,
        {"the cells are too coarse": {"both": 0.54}, "the CNN knows no more": {"cnn": 0.53}},
    ),
    claim(
        "The number of filled pixels helps",
        gains,
        {
            "it does not": {"number": 0.004},
            "the CNN can count": {"lead": -0.002},
            "the CNN counts better": {"lead": 0.02},
        },
    ),
    claim(
        "Five times more QCD passes",
        bent,
        {
            "the BDT does not know the mass": {"bdt": 3},
            "the CNN sees the mass as well": {"cnn": 25},
        },
    ),
    claim(
        "Trained and tested without MPI",
        squares,
        {
            "trimming costs trees nothing": {"toy": 0.01, "naive": 0.0},
            "it stays": {"naive": 0.02},
            "training with MPI does not bring it back": {"fair": -0.003},
            "that may be chance": {"fair": 0.003},
        },
    ),
    claim(
        "Single < pair < network",
        quantities,
        {"a pair knows no more": {"pair": (0.80, 0.79)}, "the network is behind": {"cnn": 0.84}},
    ),
]
