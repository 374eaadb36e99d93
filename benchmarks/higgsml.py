"""The recipe of the boosted-trees lesson on the real ATLAS HiggsML events.

    python -m benchmarks.higgsml FOLDER

runs the cells tagged ``recipe`` of ``tutorials/boosted-trees.md`` in repeated 5-fold
cross-validation on the two files in FOLDER (default ``$HEPML_REAL_DATA/higgsml``), and records
the result that the lesson shows.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.model_selection import StratifiedKFold

from benchmarks.lessons import recipe, record
from hepml import data, stats

LESSON = "boosted-trees"

SIGNAL_YIELD, BACKGROUND_YIELD = 691.99, 410999.8
"""Sums of weights of the full challenge sample; the two files hold its first events only."""


def read(folder):
    """Events, labels and weights (scaled to the full yields) of the two HiggsML files."""
    parts = [data.read(Path(folder) / f"train_sml_{name}.csv") for name in ("sig", "bg")]
    events = pd.concat(parts, ignore_index=True).drop(columns=["KaggleSet", "KaggleWeight"])
    y = (events["Label"] == "s").to_numpy(np.int8)
    weights = events["Weight"].to_numpy(float, copy=True)
    for k, total in ((1, SIGNAL_YIELD), (0, BACKGROUND_YIELD)):
        weights[y == k] *= total / weights[y == k].sum()
    return events, y, weights


def out_of_fold(X, y, weights, *, seed):
    """Score of each event by the model of the lesson that was trained without its fold."""
    lesson = recipe(LESSON)
    score = np.empty(len(y))
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    for train, test in folds.split(X, y):
        model = lesson["trees"](seed)
        model.fit(X[train], y[train], sample_weight=lesson["balanced"](y[train], weights[train]))
        score[test] = model.predict_proba(X[test])[:, 1]
    return score


def measure(y, score, weights, *, least_signal=50):
    """Weighted AUC, and the largest AMS of cuts that keep ``least_signal`` expected events."""
    curve = stats.roc_curve(y, score, weights, exact=True)
    scan = stats.significance_scan(curve)
    ams = np.where(curve.sumw_signal > least_signal, scan.ams, -np.inf)
    best = int(np.argmax(ams))
    return {
        "auc": float(curve.auc),
        "auc_error": float(curve.auc_error),
        "ams": float(ams[best]),
        "ams_error": float(scan.ams_error[best]),
        "signal": float(curve.sumw_signal[best]),
        "background": float(curve.sumw_background[best]),
    }


def run(folder, seeds=range(8)):
    """Measures of each single repetition, and of the mean score of all."""
    events, y, weights = read(folder)
    X = recipe(LESSON)["features"](events).to_numpy()
    # One thread per process: on so few events, threads of one fit mostly wait for each other.
    repeat = delayed(out_of_fold)
    scores = Parallel(n_jobs=2)(repeat(X, y, weights, seed=seed) for seed in seeds)
    return {
        "events": len(y),
        "single": [measure(y, score, weights) for score in scores],
        "mean": measure(y, np.mean(scores, axis=0), weights),
    }


def main():
    """Run, record and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(os.environ.get("HEPML_REAL_DATA", "../shared/data")) / "higgsml"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    folder = parser.parse_args().folder
    if not folder.is_dir():
        parser.exit(0, f"skipped: no HiggsML files in {folder} (set HEPML_REAL_DATA)\n")
    result = run(folder)
    record(
        LESSON,
        result,
        command="python -m benchmarks.higgsml FOLDER",
        data="ATLAS HiggsML 2014, CERN Open Data record 328, first 4999 events of each class",
        method="stratified 5-fold cross-validation, seeds 0 to 7; 'mean' averages the scores",
        packages=("numpy", "pandas", "scikit-learn"),
    )
    print(json.dumps(result["mean"], indent=1))


if __name__ == "__main__":
    main()
