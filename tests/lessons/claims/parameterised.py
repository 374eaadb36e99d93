"""Claims of the lesson on parameterised learning."""

import copy

import numpy as np

from hepml import stats
from hepml_lessons import recording
from tests.lessons.claims import Claim, claim, curve

MASSES = (500, 750, 1000, 1250, 1500)
PARAMETERISED = (0.73, 0.9, 0.967, 0.987, 0.995)
DEDICATED = (0.72, 0.9, 0.965, 0.987, 0.995)
ONE_FOR_ALL = (0.58, 0.88, 0.96, 0.98, 0.99)
MODELS = ("parameterised", "dedicated", "one for all")


def judged(parameterised=PARAMETERISED, one_for_all=ONE_FOR_ALL):
    areas = zip(parameterised, DEDICATED, one_for_all, strict=True)
    curves = {
        m: dict(zip(MODELS, map(curve, values), strict=True))
        for m, values in zip(MASSES, areas, strict=True)
    }
    return {"curves": curves, "HELD_OUT": 1000}


def highest(at=1025):
    return {"highest": {1000: at}, "HELD_OUT": 1000}


def recorded_steps():
    return {"steps": copy.deepcopy(recording("parameterised-trees"))}


def interpolating():
    """Trees that answer as smoothly as the network, and as well."""
    names = recorded_steps()
    for of in names["steps"]["asked"].values():
        of["trees"] = of["network"]
    names["steps"]["held_out"]["750"]["trees"] = [0.9] * 5
    return names


def poor_trees():
    names = recorded_steps()
    names["steps"]["held_out"]["750"]["dedicated trees"] = [0.6] * 5
    return names


def wrong_masses(zero=(1.0, 0.3), own=(0.981, 0.6)):
    pairs = {"0": zero, "its own, reconstructed": own}
    return {
        "rows": {
            name: {"tested as trained": looks, "asked at 1000 GeV": worth}
            for name, (looks, worth) in pairs.items()
        },
        "HELD_OUT": 1000,
    }


def null(worth=0.001):
    return {"null": dict.fromkeys(MASSES, worth)}


def limits(told=1.0, one_for_all=1.26):
    found = {(name, m): [0.1] for name in MODELS for m in MASSES}
    found["parameterised", 500] = [0.1 * told]
    found["one for all", 500] = [0.1 * one_for_all]
    return {"found": found, "MASSES": MASSES}


def scanned(optimism=0.3):
    return {"flattered": dict.fromkeys(MASSES, stats.BestElsewhere(3.0, 0.3, 3.0 + optimism))}


def nuisance(ends=0.002, asked=0.001):
    """AUCs of five trainings at the ends of the range, as gains of the one that is told."""
    nominal, zero = np.full(5, 0.91), np.full(5, 0.91 + ends - asked)
    told = {"parameterised": np.full(5, 0.91 + ends), "nominal": nominal, "asked at 0": zero}
    return {"by_shift": {"-0.1": told, "+0.1": told}}


def held_out(**changed):
    recorded = copy.deepcopy(recording("parameterised"))
    for mass, area in changed.items():
        recorded["held_out"][mass[1:]]["parameterised"] = [area] * 5
    return {"recorded": recorded, "MASSES": MASSES}


CLAIMS = [
    claim(
        'lack = {m: of["dedicated"].auc',
        judged,
        {
            "it does not interpolate": {"parameterised": (0.6, 0.9, 0.95, 0.987, 0.995)},
            "the mass is worth nothing": {"one_for_all": PARAMETERISED},
        },
    ),
    Claim(
        "curves_asked",
        recorded_steps,
        {"trees interpolate": interpolating, "trees are poor everywhere": poor_trees},
    ),
    claim(
        "abs(highest[HELD_OUT] - HELD_OUT)",
        highest,
        {"largest where it was trained": {"at": 1250}},
    ),
    claim(
        'looks, worth = rows[name]["tested as trained"]',
        wrong_masses,
        {
            "no leak": {"zero": (0.9, 0.9), "own": (0.9, 0.9)},
            "a leak that does no harm": {"zero": (1.0, 0.9), "own": (0.98, 0.9)},
        },
    ),
    claim("A shuffled mass is worth", null, {"a shuffled mass helps": {"worth": 0.02}}),
    claim(
        'close = all(found["parameterised", m][0]',
        limits,
        {"a poor limit": {"told": 1.2}, "one for all is as good": {"one_for_all": 1.0}},
    ),
    claim("optimism = np.array", scanned, {"the maximum is honest": {"optimism": -0.01}}),
    claim(
        "In all seeds better than the nominal network",
        nuisance,
        {"the nominal network is as good": {"ends": -0.001}, "ν = 0 will do": {"asked": 0.0}},
    ),
    claim(
        "Between other masses within 0.005",
        held_out,
        {"no interpolation": {"m750": 0.85}, "it extrapolates": {"m500": 0.72}},
    ),
]
