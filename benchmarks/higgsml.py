"""The recipe of the boosted-trees lesson on the real ATLAS HiggsML events.

    python -m benchmarks.higgsml FOLDER

runs the cells tagged ``recipe`` of ``tutorials/boosted-trees.md`` in repeated 5-fold
cross-validation on the two files in FOLDER (default ``$HEPML_REAL_DATA/higgsml``), and records
the result that the lesson shows.
"""

import argparse
import functools
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.model_selection import StratifiedKFold

from hepml import data, stats
from hepml_lessons.recipes import recipe, record

LESSON = "boosted-trees"

SIGNAL_YIELD, BACKGROUND_YIELD = 691.99, 410999.8
"""Sums of weights of the full challenge sample; the two files hold its first events only."""

LEAST_SIGNAL = 50
"""Expected signal events that a cut has to keep: a corner with fewer is a lucky one."""


@functools.cache
def lesson():
    """Functions of the lesson's recipe."""
    return recipe(LESSON)


def read(folder):
    """Events, labels and weights (scaled to the full yields) of the two HiggsML files."""
    parts = [data.read(Path(folder) / f"train_sml_{name}.csv") for name in ("sig", "bg")]
    events = pd.concat(parts, ignore_index=True).drop(columns=["KaggleSet", "KaggleWeight"])
    y = (events["Label"] == "s").to_numpy(np.int8)
    weights = events["Weight"].to_numpy(float, copy=True)
    for k, total in ((1, SIGNAL_YIELD), (0, BACKGROUND_YIELD)):
        weights[y == k] *= total / weights[y == k].sum()
    return events, y, weights


def out_of_fold(X, y, weights, *, seed, library):
    """Score of each event by the model of the lesson that was trained without its fold."""
    taught = recipe(LESSON)  # not the kept one: it cannot travel to another process
    score = np.empty(len(y))
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    for train, test in folds.split(X, y):
        model = taught[library](seed, rounds=200)
        model.fit(X[train], y[train], sample_weight=taught["balanced"](y[train], weights[train]))
        score[test] = model.predict_proba(X[test])[:, 1]
    return score


def best_cut(curve, scan):
    """Index of the largest AMS among cuts that keep ``LEAST_SIGNAL`` expected events."""
    return int(np.argmax(np.where(curve.sumw_signal > LEAST_SIGNAL, scan.ams, -np.inf)))


def measure(y, score, weights):
    """Weighted AUC, the largest AMS of all cuts, and what AMS a cut keeps that was not chosen."""
    curve = stats.roc_curve(y, score, weights, exact=True)
    scan = stats.significance_scan(curve)
    best = best_cut(curve, scan)
    return {
        "auc": float(curve.auc),
        "auc_error": float(curve.auc_error),
        "ams": float(scan.ams[best]),
        "ams_error": float(scan.ams_error[best]),
        "ams_elsewhere": ams_elsewhere(y, score, weights),
        "signal": float(curve.sumw_signal[best]),
        "background": float(curve.sumw_background[best]),
    }


def ams_elsewhere(y, score, weights, *, repeats=20, seed=0):
    """AMS with the cut chosen on one half of the events and measured on the other, crosswise."""
    cuts = stats.roc_curve(y, score, weights, exact=True).threshold[1:]
    return stats.best_elsewhere(
        y, score, weights, of="ams", thresholds=cuts, choose=best_cut, repeats=repeats, rng=seed
    ).value


def run(folder, seeds=range(8)):
    """Measures of each single repetition, and of the mean score of all."""
    y, weights, scores = repetitions(folder, seeds, "trees")
    return {
        "events": len(y),
        "single": [measure(y, score, weights) for score in scores],
        "mean": measure(y, scores.mean(axis=0), weights),
    }


def luck_of_seeds(folder, seeds=range(16)):
    """Repeat with the same trees in xgboost, which is faster: more seeds, and means of eight."""
    y, weights, scores = repetitions(folder, seeds, "xgboost_trees")
    return {
        "seeds": len(seeds),
        "mean": measure(y, scores.mean(axis=0), weights),
        "means_of_eight": means_of_eight(scores, y, weights),
    }


def repetitions(folder, seeds, library):
    """Labels, weights, and scores of shape (seeds, events)."""
    events, y, weights = read(folder)
    X = lesson()["features"](events).to_numpy()
    # One thread per process: on so few events, threads of one fit mostly wait for each other.
    repeat = delayed(out_of_fold)
    scores = Parallel(n_jobs=2)(repeat(X, y, weights, seed=seed, library=library) for seed in seeds)
    return y, weights, np.array(scores)


def means_of_eight(scores, y, weights, *, repeats=20, seed=0):
    """Largest AMS of the mean of eight of the scores, drawn at random: what luck of seeds adds."""
    rng = np.random.default_rng(seed)
    drawn = (rng.choice(len(scores), 8, replace=False) for _ in range(repeats))
    return [largest_ams(y, scores[eight].mean(axis=0), weights) for eight in drawn]


def largest_ams(y, score, weights):
    curve = stats.roc_curve(y, score, weights, exact=True)
    scan = stats.significance_scan(curve)
    return float(scan.ams[best_cut(curve, scan)])


def main():
    """Run, record and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("HEPML_REAL_DATA", "../shared/data")) / "higgsml"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    folder = parser.parse_args().folder
    if not folder.is_dir():
        parser.exit(0, f"skipped: no HiggsML files in {folder} (set HEPML_REAL_DATA)\n")
    result = run(folder) | {"xgboost": luck_of_seeds(folder)}
    record(
        LESSON,
        result,
        command="python -m benchmarks.higgsml FOLDER",
        data="ATLAS HiggsML 2014, CERN Open Data record 328, first 4999 events of each class",
        method="stratified 5-fold cross-validation, seeds 0 to 7 (xgboost: 0 to 15); "
        "'mean' averages the scores",
        packages=("numpy", "pandas", "scikit-learn", "xgboost-cpu"),
    )
    print(json.dumps(result["mean"], indent=1))


if __name__ == "__main__":
    main()
