"""What the saved statements on classification without labels rest on."""

from types import SimpleNamespace

import numpy as np

from tests.lessons.claims import claim

SAMPLES = ("jets", "known_truth")
SPREAD = np.array([-0.002, 0.001, 0.0, 0.002, -0.001])


def purities(*, half=0.0, most=0.0, equal=0.0, wide=0.02, turned=0.0, coin=0.0):
    """AUCs for each difference of purities, with the offsets that a broken world has."""
    levels = {-0.6: 0.09 + turned, 0.1: 0.82, 0.4: 0.904 - half, 0.6: 0.909 - most, 1: 0.912}
    each = {apart: level + SPREAD for apart, level in levels.items()}
    each[0] = 0.495 + equal + wide * np.tile([-1.0, 1.0], 5)
    aucs = {(name, apart): values for name in SAMPLES for apart, values in each.items()}
    lacking = {name: ((each[1] - each[0.6]).mean(), 0.0005) for name in SAMPLES}
    coins = dict.fromkeys(SAMPLES, (0.501 + coin, 0.0013))
    return {"aucs": aucs, "lacking": lacking, "coins": coins, "own": dict.fromkeys(SAMPLES, 0.004)}


def places(spoiled=0.517, bags=0.671, trimmed=0.744):
    """AUCs of bags, with and without multi-parton interactions, of the three cases."""
    rows = ([0.574, 0.842, 0.870], [bags, spoiled, 0.391], [0.546, trimmed, 0.739])
    return {"broken": {k: np.array([row, row]) for k, row in enumerate(rows)}}


def hunts(without=1.6, tight=8.7, loose=6.5, simple=2.2):
    """Significances of five draws at 0.3, 1, 10 and 100 % kept, and S/√B."""
    z = np.array([tight, loose, 2.9, without]) + np.linspace(-0.7, 0.7, 5)[:, None]
    kept = (1, 0.1, 0.01, 0.003)
    at = {share: z[:, k] for k, share in enumerate(sorted(kept))}
    return {"at": at, "simple": np.tile([22.9, 12.6, 5.0, simple], (5, 1))}


def of_nothing(remembered=15.5, folds=0.3):
    spread = np.linspace(-0.8, 0.8, 5)[:, None]
    wrong, right = np.array([6.2, 8.4, remembered, 0.2]), np.array([0.1, 0, folds, 0.2])
    return {"wrong": spread + wrong, "right": spread + right}


def pulls(fair=-0.1, raw=0.7, momenta=13.3):
    """Make pulls of twenty halves at the three thresholds."""
    noise = np.tile(np.linspace(-1.5, 1.5, 10), 2)
    other = np.roll(noise, 1)
    means = {"mass over mjj": (fair, noise), "raw masses": (raw, other)}
    means["raw masses, pT"] = (momenta, noise)
    return {"null": {name: np.tile((m + n)[:, None], 3) for name, (m, n) in means.items()}}


def looks(largest=2.8, trials=2.6):
    each = [SimpleNamespace(significance=z) for z in (*np.linspace(-1, 2, 19), largest)]
    return {"looks": each, "trials_at_two": trials}


CLAIMS = [
    claim(
        "within 0.005 of full supervision",
        purities,
        {
            "impure bags teach less": {"half": 0.02, "most": 0.02},
            "bags teach more than labels": {"half": -0.02, "most": -0.02},
            "exchanged bags are not turned": {"turned": 0.02},
            "equal bags can be told apart": {"coin": 0.005},
            "equal bags teach which is signal": {"equal": 0.06},
            "single fillings do not scatter": {"wide": 0.004},
        },
    ),
    claim(
        "MPI in one bag costs more than 0.2",
        places,
        {
            "nothing is learned of MPI": {"spoiled": 0.83, "bags": 0.56},
            "trimming does not help": {"trimmed": 0.6},
        },
    ),
    claim(
        "No cut, S/√B about 2",
        hunts,
        {
            "a stronger signal": {"without": 3.5, "simple": 4.0},
            "half of the hunts fail": {"tight": 5.2, "loose": 4.0},
        },
    ),
    claim(
        "above 5 σ of nothing in every draw",
        of_nothing,
        {"trees do not remember": {"remembered": 0.5}, "folds do not protect": {"folds": 5.0}},
    ),
    claim(
        "raw masses pull upwards",
        pulls,
        {
            "all sculpt alike": {"fair": 0.7, "momenta": 5.0},
            "raw masses are fair": {"raw": 0.3},
        },
    ),
    claim(
        "No experiment of twenty without a signal",
        looks,
        {
            "a bump of nothing": {"largest": 3.2},
            "thresholds are one": {"trials": 1.1},
            "thresholds are more than they are": {"trials": 3.3},
        },
    ),
]
