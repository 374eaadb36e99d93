"""How far linear, trees and network of the lesson stay below the exact AUC, against events.

    python -m benchmarks.best_classifier [--events 1000 10000 …] [--seeds 3]

runs the cells tagged ``recipe`` of ``tutorials/best-classifier.md`` on fresh events of the three
toys of ``known_truth`` and records the curves that the lesson shows. Each seed draws its own
training events; one large test sample serves all.
"""

import argparse
import json

import numpy as np

from hepml import stats
from hepml.data.recipes.known_truth import GAUSS, MIX, RES
from hepml_lessons.recipes import recipe, record

LESSON = "best-classifier"
PROBLEMS = {"gauss": GAUSS, "mix": MIX, "res": RES}
MODELS = ("linear", "trees", "network")
TEST = 400_000
EVENTS = (1000, 3000, 10_000, 30_000, 100_000, 400_000)


def models(lesson, events, seed):
    """Make the three classifiers of the lesson, untrained."""
    return {
        "linear": lesson["linear"](),
        "trees": lesson["trees"](events, seed),
        "network": lesson["Network"](seed),
    }


def lacks_of(lesson, problem, events, seed, test):
    """AUC that each model, trained on events of this seed, lacks on the test events."""
    X, y, exact = test
    X_train, y_train = lesson["draw"](problem, events, np.random.default_rng([seed, events]))
    best = stats.auc(y, exact)
    return {
        name: best - stats.auc(y, lesson["log_odds"](model.fit(X_train, y_train), X))
        for name, model in models(lesson, events, seed).items()
    }


def point(events, values):
    """Mean over seeds and its error; with one seed the scatter is unknown and written as zero."""
    error = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return {
        "events": events,
        "mean": float(np.mean(values)),
        "error": float(error),
        "seeds": len(values),
    }


def run(sizes=EVENTS, seeds=4):
    """Curves of all problems and models: {problem: {model: [point, …]}}."""
    lesson = recipe(LESSON)
    curves = {}
    for name, problem in PROBLEMS.items():
        X, y = lesson["draw"](problem, TEST, np.random.default_rng(0))
        test = X, y, problem.log_ratio(X)
        curves[name] = {model: [] for model in MODELS}
        for events in sizes:
            repeats = seeds if events < 100_000 else max(2, seeds // 2)
            found = [lacks_of(lesson, problem, events, seed, test) for seed in range(repeats)]
            for model in MODELS:
                curves[name][model].append(point(events, [lack[model] for lack in found]))
            print(name, events, {m: curves[name][m][-1]["mean"] for m in MODELS}, flush=True)
    return curves


def main():
    """Run, record and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", nargs="+", type=int, default=EVENTS)
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    curves = run(options.events, options.seeds)
    sizes = " ".join(map(str, options.events))
    record(
        LESSON,
        {"curves": curves},
        command=f"python -m benchmarks.best_classifier --events {sizes} --seeds {options.seeds}",
        data="fresh events of the toys gauss, mix and res of known_truth, half signal",
        method=(
            f"lack of AUC against the exact ratio on {TEST} test events: mean over the seeds told "
            "beside each point, and its error"
        ),
        packages=("keras", "numpy", "scikit-learn", "tensorflow-cpu", "xgboost-cpu"),
    )
    print(json.dumps({n: c["trees"][-1] for n, c in curves.items()}, indent=1))


if __name__ == "__main__":
    main()
