"""What the boosted-trees lesson shows as recorded: three libraries in turns, and ten searches.

    python -m benchmarks.boosting [libraries | search]

does one of them, or both, with the functions of the lesson's cells tagged ``recipe`` and the
shipped sample.
"""

import argparse
import functools
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before any library starts its threads

import numpy as np
import optuna

from benchmarks.timing import interleave, machine
from hepml import data, stats
from hepml_lessons.recipes import recipe, record

LESSON = "boosted-trees"
PACKAGES = ("numpy", "scikit-learn", "xgboost-cpu", "lightgbm", "optuna")


@functools.cache
def lesson():
    """Functions of the lesson; read once, so that all runs are of the same text."""
    return recipe(LESSON)


def sample():
    """Variables, labels and weights of the shipped sample, in an order of their own."""
    events = data.load("higgs_tautau")
    order = np.random.default_rng(0).permutation(len(events))
    events = events.iloc[order]
    X = lesson()["features"](events).to_numpy()
    return X, events["Label"].to_numpy(), events["Weight"].to_numpy(float)


def part(sample, rows):
    return tuple(array[rows] for array in sample)


def contestants(seed, rounds):
    """Return the same trees in each library, by its name; one thread each."""
    ours = lesson()
    return {
        "scikit-learn": ours["trees"](seed, rounds),
        "scikit-learn, 63 bins": ours["trees"](seed, rounds).set_params(max_bins=63),
        "xgboost": ours["xgboost_trees"](seed, rounds).set_params(n_jobs=1),
        "LightGBM": ours["lightgbm_trees"](seed, rounds).set_params(n_jobs=1),
    }


def fit(model, known):
    X, y, weights = known
    return model.fit(X, y, sample_weight=lesson()["balanced"](y, weights))


def race(known, *, rounds, turns):
    """Seconds of processor time to train each model, in turns."""
    models = contestants(0, rounds)
    runs = {name: lambda model=model: fit(model, known) for name, model in models.items()}
    return interleave(runs, control="xgboost", rounds=turns)


def repeated(known, copies):
    """Many events to be timed with: copies of few, shaken so that none is equal to another."""
    X, y, weights = (np.concatenate([array] * copies) for array in known)
    return X * np.random.default_rng(1).normal(1, 1e-3, X.shape), y, weights


def scores_side_by_side(known, fresh, *, rounds, seeds=range(4), repeats=100):
    """AUC of each library on fresh events, and its difference to the first with paired error."""
    _, y, weights = fresh
    models = [contestants(seed, rounds) for seed in seeds]
    score = {
        name: np.mean([fit(m[name], known).predict_proba(fresh[0])[:, 1] for m in models], axis=0)
        for name in models[0]
    }
    rng = np.random.default_rng(2)
    resampled = [weights * rng.poisson(1, len(y)) for _ in range(repeats)]
    first, *_ = score.values()
    return {name: compared(y, s, first, weights, resampled) for name, s in score.items()}


def compared(y, score, reference, weights, resampled):
    def difference(w):
        return stats.auc(y, score, w) - stats.auc(y, reference, w)

    return {
        "auc": stats.auc(y, score, weights),
        "difference": difference(weights),
        "error": float(np.std([difference(w) for w in resampled])),
    }


def libraries(*, rounds=50, turns=3, copies=4):
    """Speed and score of the libraries, as rows of a table."""
    events = sample()
    half = len(events[1]) // 2
    known, fresh = part(events, slice(half)), part(events, slice(half, None))
    few = race(known, rounds=rounds, turns=turns)
    many = race(repeated(known, copies), rounds=rounds, turns=turns)
    auc = scores_side_by_side(known, fresh, rounds=rounds)
    start = "seconds, {} events"
    rows = [
        {
            "library": name,
            start.format(half): round(timing.median, 2),
            "ratio to xgboost": round(timing.over(few["xgboost"]), 2),
            start.format(half * copies): round(many[name].median, 1),
            "ratio to xgboost, there": round(many[name].over(many["xgboost"]), 2),
            "AUC": said(auc.get(name)),
        }
        for name, timing in few.items()
    ]
    return {"rows": rows, "scores": auc, "machine": machine()}


def said(auc):
    if auc is None:
        return "(the control)"
    if auc["error"] == 0:
        return f"{auc['auc']:.4f}"
    return f"{auc['difference']:+.4f} ± {auc['error']:.4f}"


def one_search(index, *, trials, size=1000):
    """Search on one set of events; beside it its null, where random numbers are all that changes.

    Returns
    -------
    dict
        For each kind of trial the cross-validated AUC and the AUC on fresh events, and the AUC of
        the lesson's own settings on fresh events.
    """
    events = sample()
    known = part(events, slice(index * size, (index + 1) * size))
    fresh = part(events, slice(-6000, None))
    cv, unseen, _ = lesson()["search"](known, fresh, trials, seed=index)
    null = [lesson()["cross_validate"]({}, known, fresh, seed) for seed in range(trials)]
    null_cv, null_unseen = np.transpose(null)
    return {
        "cv": cv, "fresh": unseen, "null_cv": null_cv, "null_fresh": null_unseen,
        "ours": float(np.mean(null_unseen)),
    }  # fmt: skip


def best_of(cv, unseen, k):
    """How much better the best of k trials looks than it is, beyond the luck common to all."""
    best = int(np.argmax(cv[:k]))
    return cv[best] - unseen[best] - np.mean(cv - unseen), unseen[best]


def searches(*, repeats=10, trials=100, steps=(1, 3, 10, 30, 100)):
    """Rows of a table: what the best of k trials promises and what it keeps, over the searches."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found = [one_search(index, trials=trials) for index in range(repeats)]
    rows = [row_of(found, k) for k in steps if k <= trials]
    luck = [np.mean(one["cv"] - one["fresh"]) for one in found]
    return {"rows": rows, "luck": float(np.std(luck, ddof=1)), "searches": repeats}


def row_of(found, k):
    promised = [best_of(one["cv"], one["fresh"], k) for one in found]
    null = [best_of(one["null_cv"], one["null_fresh"], k) for one in found]
    gained = [kept - one["ours"] for (_, kept), one in zip(promised, found, strict=True)]
    null_gained = [kept - one["ours"] for (_, kept), one in zip(null, found, strict=True)]
    return {
        "trials": k,
        "settings: looks better than it is": mean_and_error([too_much for too_much, _ in promised]),
        "settings: gain on fresh events": mean_and_error(gained),
        "random numbers: looks better than it is": mean_and_error([extra for extra, _ in null]),
        "random numbers: gain on fresh events": mean_and_error(null_gained),
    }


def mean_and_error(values):
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{np.mean(values):+.4f} ± {error:.4f}"


WORK = {"libraries": libraries, "search": searches}
METHOD = {
    "libraries": "training in turns, one thread, seconds of processor time; many: copies of the "
    "few; AUC on the other half of the events, mean score of 4 seeds, below the first row the "
    "difference to it with paired bootstrap error",
    "search": "10 searches of 100 trials (TPE), each on 1000 other events, 3-fold; fresh: 6000 "
    "events; mean and error over the searches",
}


def main():
    """Do what is named, or both, and record it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=WORK, help="both unless given")
    named = parser.parse_args().what
    for what in [named] if named else WORK:
        record(
            f"{LESSON}-{what}",
            WORK[what](),
            command=f"python -m benchmarks.boosting {what}",
            data="higgs_tautau, as shipped",
            method=METHOD[what],
            packages=PACKAGES,
        )


if __name__ == "__main__":
    main()
