"""What the lesson on parameterised learning shows as recorded: masses held out, for five seeds.

    python -m benchmarks.parameterised [networks | trees | nuisance] [--seeds 5]

does one of them, or all. It splits the events of ``top_resonance`` anew for each seed and trains,
with the functions of the lesson's cells tagged ``recipe``, for each mass: a parameterised network
and one for all without that mass, and the one dedicated to it; and the same with boosted trees.
The third trains on ``higgs_tautau``, whose tau energy scale is the parameter.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before any library starts its threads
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import numpy as np

from hepml import data, stats
from hepml_lessons.recipes import recipe, record

NAME = LESSON = "parameterised"
SEEDS = 5
FIRST = 1
MASSES = (1000, 500, 750, 1250, 1500)  # first what the lesson holds out
MODELS = ("parameterised", "dedicated", "one for all")
TREES = "parameterised-trees"
ASKED = np.arange(400, 1601, 20)
"""Masses that networks and trees are asked about, of events of a mass that was held out."""
NUISANCE = "parameterised-nuisance"
SHIFTS = (-0.1, -0.05, 0, 0.05, 0.1)
PAIRS = (
    ("augmented", "nominal"), ("parameterised", "nominal"), ("parameterised", "augmented"),
    ("parameterised", "asked at 0"),
)  # fmt: skip


def one_mass(lesson, train, test, mass, seed):
    """AUC at a mass of which only the dedicated network has seen signal."""
    seen = [m for m in MASSES if m != mass]  # the order of the rows is part of the recording
    sets = {
        "parameterised": lesson["with_mass"](train, seen),
        "dedicated": lesson["without_mass"](train, [mass]),
        "one for all": lesson["without_mass"](train, seen),
    }
    found = {}
    for model, sample in sets.items():
        settings = lesson["DEDICATED"] if model == "dedicated" else {}
        network = lesson["fit"](sample, seed=seed, **settings)
        area = lesson["auc_at"](network, test, mass, tell=model == "parameterised")
        found[model] = round(float(area), 5)
    return found


def one_seed(lesson, events, seed, mass):
    """AUCs of the three networks at a mass held out."""
    train, _, test = lesson["parts"](events, np.random.default_rng(seed))
    return one_mass(lesson, train, test, mass, seed)


def together(found):
    """Put the findings of all seeds into lists, for each model."""
    return {model: [one[model] for one in found] for model in MODELS}


def save(seeds, held_out):
    """Write the recording."""
    record(
        NAME,
        {"seeds": list(seeds), "held_out": held_out},
        command=f"python -m benchmarks.parameterised networks --seeds {len(seeds)}",
        data="top_resonance, as shipped",
        method=f"seeds {seeds[0]} to {seeds[-1]}: each splits the events anew (half to train, "
        "40 % to test) and seeds the networks; the splits share the same events, so the seeds are "
        "not independent samples; each mass held out in turn from the parameterised network and "
        "from the one for all; weighted AUC on test events, at 500 and 1500 GeV an extrapolation",
        packages=("numpy", "keras", "tensorflow-cpu"),
    )


def area_of_trees(model, lesson, events, mass, asked):
    """AUC between signal of one mass and background when all are asked about another."""
    some = lesson["at"](events, mass)
    X = some.X if asked is None else lesson["asked"](some.X, asked)
    return round(float(stats.auc(some.y, model.predict_proba(X)[:, 1], some.w)), 5)


def trees_of_one_mass(lesson, events, seed, mass):
    """AUC at a mass held out, of trees that are told the mass and of those made for it."""
    train, _, test = lesson["parts"](events, np.random.default_rng(seed))
    told = lesson["trees"](lesson["with_mass"](train, others(mass)), seed)
    made = lesson["trees"](lesson["without_mass"](train, [mass]), seed)
    return {
        "trees": area_of_trees(told, lesson, test, mass, mass),
        "dedicated trees": area_of_trees(made, lesson, test, mass, None),
    }


def others(mass):
    return sorted(one for one in MASSES if one != mass)


def asked_at_all(lesson, events, seed, mass):
    """AUC of events of a mass held out, against the mass asked about: trees and network."""
    train, _, test = lesson["parts"](events, np.random.default_rng(seed))
    sample = lesson["with_mass"](train, others(mass))
    trees, network = lesson["trees"](sample, seed), lesson["fit"](sample, seed=seed)
    made = lesson["fit"](lesson["without_mass"](train, [mass]), seed=seed, **lesson["DEDICATED"])
    some = lesson["at"](test, mass)

    def smooth(asked):
        score = lesson["predict"](network, lesson["asked"](some.X, asked))
        return round(float(stats.auc(some.y, score, some.w)), 5)

    return {
        "masses": ASKED.tolist(),
        "trees": [area_of_trees(trees, lesson, test, mass, float(asked)) for asked in ASKED],
        "network": [smooth(float(asked)) for asked in ASKED],
        "dedicated": round(float(lesson["auc_at"](made, test, mass, tell=False)), 5),
    }


def record_trees(lesson, events, seeds):
    """Train the trees for all seeds and masses, and record them beside a network."""
    held_out = {}
    for mass in MASSES:
        found = [trees_of_one_mass(lesson, events, seed, mass) for seed in seeds]
        held_out[str(mass)] = {name: [one[name] for one in found] for name in found[0]}
    asked = {str(mass): asked_at_all(lesson, events, FIRST, mass) for mass in (750, 1000)}
    record(
        TREES,
        {"seeds": list(seeds), "held_out": held_out, "asked": asked},
        command=f"python -m benchmarks.parameterised trees --seeds {len(seeds)}",
        data="top_resonance, as shipped",
        method="seeds, splits and rows of the networks' recording; trees that are told the mass "
        "and have not seen the one asked about, and trees made for it; 'asked': seed "
        f"{FIRST}, one mass held out, all test events asked about each mass of a grid",
        packages=("numpy", "xgboost-cpu", "keras", "tensorflow-cpu"),
    )


def record_networks(lesson, events, seeds):
    """Train the networks for all seeds, and record after each mass."""
    held_out = {}
    for mass in MASSES:
        held_out[str(mass)] = together([one_seed(lesson, events, seed, mass) for seed in seeds])
        save(seeds, held_out)


def shifts_of_one_seed(lesson, events, seed, shifts=SHIFTS):
    """AUC of each network at each shift of the tau energy scale, paired errors, and the best Z."""
    learn, test = lesson["halves"](events, seed)
    networks = lesson["three_ways"](learn, seed)
    return {
        f"{nu:+g}": at_one_shift(lesson, networks, lesson["taus"](test, nu), nu) for nu in shifts
    }


def at_one_shift(lesson, networks, sample, nu):
    X, y, w = sample
    scores = {
        "nominal": lesson["predict"](networks["nominal"], X),
        "augmented": lesson["predict"](networks["augmented"], X),
        "parameterised": lesson["predict"](networks["told"], lesson["told_scale"](X, nu)),
        "asked at 0": lesson["predict"](networks["told"], lesson["told_scale"](X, 0)),
    }
    best = stats.best_elsewhere(y, scores["parameterised"], 2 * w, sigma_b=0.1)
    return {
        "auc": {name: round(float(stats.auc(y, score, w)), 5) for name, score in scores.items()},
        "errors": paired_errors(y, scores, w),
        "best Z": [round(float(value), 3) for value in (best.value, best.error, best.same)],
    }


def paired_errors(y, scores, w, repeats=20):
    """Errors of differences of two AUCs, from a bootstrap that all scores share."""
    rng = np.random.default_rng(FIRST)
    drawn = []
    for _ in range(repeats):
        again = w * rng.poisson(1, len(w))
        drawn.append({name: stats.auc(y, score, again) for name, score in scores.items()})
    return {
        f"{first} − {second}": round(float(np.std([one[first] - one[second] for one in drawn])), 5)
        for first, second in PAIRS
    }


def record_nuisance(lesson, seeds):
    """Train three networks for all seeds, and record how they do at each shift."""
    events = data.load("higgs_tautau")
    record(
        NUISANCE,
        {
            "seeds": list(seeds),
            "found": [shifts_of_one_seed(lesson, events, seed) for seed in seeds],
        },
        command=f"python -m benchmarks.parameterised nuisance --seeds {len(seeds)}",
        data="higgs_tautau, as shipped",
        method=f"seeds {seeds[0]} to {seeds[-1]}: each halves the events anew and seeds the "
        "networks (the halves share the same events, so the seeds are not independent samples); "
        "the tau energy scale shifted by each of five values; weighted AUC on the other half, "
        "errors of differences from 20 bootstrap samples that both networks share; best Z of the "
        "parameterised network for the whole luminosity, background known to 10 %: on the other "
        "half of the test events, its error, and on the same ones",
        packages=("numpy", "keras", "tensorflow-cpu"),
    )


RECORDINGS = ("networks", "trees", "nuisance")


def main():
    """Do what is asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=RECORDINGS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    given = parser.parse_args()
    seeds = range(FIRST, FIRST + given.seeds)
    lesson, events = recipe(LESSON), data.load("top_resonance")
    wanted = (given.what,) if given.what else RECORDINGS
    if "networks" in wanted:
        record_networks(lesson, events, seeds)
    if "trees" in wanted:
        record_trees(lesson, events, seeds)
    if "nuisance" in wanted:
        record_nuisance(lesson, seeds)


if __name__ == "__main__":
    main()
