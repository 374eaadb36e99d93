"""What the hunt without labels finds as the signal is turned up from nothing.

    python -m benchmarks.without_labels [--seeds 5]

draws 50 000 background events of `dijets` and more and more of signal, and hunts with the
functions of the lesson's cells tagged ``recipe``. The lesson shows the spectra of one seed, and
what all seeds find, as recorded.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before any library starts its threads

import numpy as np

from benchmarks.cells import say
from hepml import data, stats
from hepml_lessons.recipes import recipe, record

LESSON = "without-labels"
REGION, SIDEBANDS = (3300, 3700), ((3100, 3300), (3700, 3900))
EDGES = np.arange(3000, 5001, 100)
BACKGROUND = 50_000
SIGNALS = (0, 50, 100, 150, 200, 250, 350, 500)
KEPT = 0.01
JETS = ("jet_1", "jet_2")
FEATURES = [f"{jet}_{q}" for jet in JETS for q in ("mass_over_mjj", "tau_21", "tau_32")]


def hunted(lesson, dijets, signal, seed):
    """Hunt once: spectra of all that pass and of the signal among it, and the significances."""
    is_signal = dijets["Label"].to_numpy() == 1
    chosen = lesson["draw"](BACKGROUND, signal, is_signal, np.random.default_rng(seed))
    mjj, truth = dijets["mjj"].to_numpy(float)[chosen], is_signal[chosen]
    X = dijets[FEATURES].to_numpy("float32")[chosen]
    score = lesson["cross_scores"](X, mjj, REGION, SIDEBANDS, seed)
    rows = lesson["spectra"](mjj, score, (KEPT, 1), EDGES)
    cut, whole = stats.bump_scan(rows, EDGES, [REGION], parameters=3).significance[:, 0]
    passing = score >= 1 - KEPT
    return {
        "signal": signal,
        "seed": seed,
        "spectrum": rows[0].tolist(),
        "of_signal": np.histogram(mjj[passing & truth], EDGES)[0].tolist(),
        "z": float(cut),
        "z_without_cut": float(whole),
        "signal_kept": float(passing[truth].mean()) if signal else 0.0,
    }


def main():
    """Hunt with every number of signal events and seed, and record it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    lesson, dijets = recipe(LESSON), data.load("dijets")
    hunts = []
    for signal in SIGNALS:
        hunts += [hunted(lesson, dijets, signal, seed) for seed in range(seeds)]
        say(signal, [f"{hunt['z']:.1f}" for hunt in hunts[-seeds:]])
    record(
        LESSON,
        {"background": BACKGROUND, "kept": KEPT, "edges": EDGES.tolist(), "hunts": hunts},
        command=f"python -m benchmarks.without_labels --seeds {seeds}",
        data="dijets, bundled; for each seed the same background with more and more signal",
        method="five-fold cross-training on region against sidebands, 1 % kept, fit of sidebands",
        packages=("numpy", "lightgbm"),
    )


if __name__ == "__main__":
    main()
