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
        "rng": rng,
        "set_test": [values, mask.astype(float)],
        "deep_sets": network,
        "predict": lambda model, parts: model(*parts),
    }


def nulls(score=0.0, pt=0.0, direction=0.0):
    """Run the null tests on jets of which some quantities know the labels."""
    rng = np.random.default_rng(2)
    n = 20_000
    y, test = rng.integers(0, 2, n), rng.random(n) < 0.4
    weights = rng.exponential(1, n)

    def known(size):
        return size * y + rng.normal(0, 1, n)

    scores = known(score)
    return {
        "SEED": 1,
        "CNN": {},
        "keras": Names(utils=Names(set_random_seed=lambda _seed: None)),
        "image_network": lambda *_: None,
        "steps_for": lambda *_: 1,
        "fit": lambda *_, **__: None,
        "train": ~test,
        "choose": test,
        "test": test,
        "images": np.zeros(n),
        "exposed": lambda images: images,
        "y": y,
        "predict": lambda *_: scores[test],
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


def bent(bdt=20, cnn=3):
    """QCD that passes each cut at the ends of the spectrum and in its middle."""
    n = 60_000
    rng = np.random.default_rng(4)
    mass = rng.uniform(65, 95, n)
    middle = (mass > 77) & (mass < 83)

    def passing(ratio):
        return (rng.random(n) < np.where(middle, 0.02 * ratio, 0.02)).astype(float)

    def efficiency(x, edges, passed, _kind):
        which = np.digitize(x, edges[1:-1])
        return np.bincount(which, passed) / np.bincount(which), None

    return {
        "jets": {"jet_mass": Names(to_numpy=lambda: mass)},
        "test": np.ones(n, bool),
        "cuts": {"BDT of all three": 0.5, "CNN": 0.5},
        "scores": {"BDT of all three": passing(bdt), "CNN": passing(cnn)},
        "efficiency": efficiency,
    }


def worlds(whole=(0.910, 0.870), trimmed=(0.872, 0.884), kept=(0.20, 0.46), cured=(0.905, 0.886)):
    old_whole, new_whole = map(curve, whole)
    old, new = map(curve, trimmed)
    at_whole, at = (Names(signal_efficiency=share) for share in kept)
    return {
        "worlds": {
            "CNN, trimmed": ({}, old, new, at),
            "CNN, whole jet": ({}, old_whole, new_whole, at_whole),
            "CNN, whole jet, trained further": ({}, *map(curve, cured), None),
        },
        "old_whole": old_whole,
        "new_whole": new_whole,
    }


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
            "the CNN sees the mass as well": {"cnn": 15},
        },
    ),
    claim(
        "Without MPI the whole jet gives more",
        worlds,
        {
            "trimming costs nothing": {"whole": (0.880, 0.870)},
            "MPI does not matter": {"whole": (0.910, 0.905), "kept": (0.45, 0.46)},
            "trimming does not help": {"kept": (0.20, 0.22)},
        },
    ),
    claim(
        "Training further helps",
        worlds,
        {
            "it does not": {"cured": (0.905, 0.865)},
            "nothing is forgotten": {"cured": (0.915, 0.886)},
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
