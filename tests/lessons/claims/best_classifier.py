"""What the saved statements on the best possible classifier rest on."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from hepml.data.recipes.known_truth import GAUSS, MIX, RES
from tests.lessons.claims import Unshuffled, claim, curve

SEED = 42
NAMES = ("gauss", "mix", "res")


def draw(problem, events, rng):
    y = np.repeat([1, 0], events // 2)
    return np.concatenate([problem.of(k).sample(events // 2, rng) for k in (1, 0)]), y


def bounds(problems=(GAUSS, MIX, RES), events=1):
    """Draw as the lesson does, or so many times fewer."""
    few = (lambda problem, n, rng: draw(problem, n // events, rng)) if events > 1 else draw
    named = dict(zip(NAMES, problems, strict=True))
    return {
        "draw": few,
        "SEED": SEED,
        "GAUSS": named["gauss"],
        "MIX": named["mix"],
        "RES": named["res"],
    }


def lacks(trees=0.0019, network=0.0004, linear=0.1, error=0.0001):
    each = {"linear": (linear, 0.001), "trees": (trees, error), "network": (network, error)}
    return {"lacks": dict.fromkeys(NAMES, each), "PROBLEMS": dict.fromkeys(NAMES)}


def curves(first=0.03, line=0.1):
    """Lacks as recorded with few training events, and with many."""
    lacks = {"linear": (line, 0.1), "trees": (first, 0.001), "network": (first, 0.0004)}
    points = {name: [{"mean": a}, {"mean": b}] for name, (a, b) in lacks.items()}
    return {"recorded": {"curves": {"gauss": points}}}


def rejections(trees=0.965, linear=0.237, lack=0.0019):
    """Shares of the best rejection at ε_s = 10, 30 and 50 %."""
    rows = {0.1: 0, 0.3: 1, 0.5: 2}
    models = {
        name: SimpleNamespace(gap=SimpleNamespace(fraction=[share] * 3), row_keeping=rows.get)
        for name, share in {"trees": trees, "linear": linear}.items()
    }
    found = SimpleNamespace(models=models)
    return lacks(trees=lack) | {"gaps": found, "bounds": {"gauss": curve(0.9055)}}


def merits(mass=(0.957, 2.08), shape=(0.947, 2.68)):
    return {"merit": pd.DataFrame([mass, shape], ["mass", "shape"], ["AUC", "best Z"])}


def unlabelled(rng=None):
    X, y = draw(GAUSS, 2000, np.random.default_rng(4))
    return {
        "X": X,
        "y": y,
        "half": (slice(None, None, 2), slice(1, None, 2)),
        "rng": rng or np.random.default_rng(3),
        "trees": lambda *_: LogisticRegression(),
        "SEED": SEED,
        "log_odds": lambda model, X: model.decision_function(X),
    }


CLAIMS = [
    claim("portions", bounds, {"all are res": {"problems": (RES, RES, GAUSS), "events": 20}}),
    claim(
        "within 0.003 of the exact AUC",
        lacks,
        {"trees are coarse": {"trees": 0.004}, "the network is not trained": {"network": 0.01}},
    ),
    claim(
        "Larger AUC",
        merits,
        {
            "one is better at all": {"shape": (0.96, 2.68)},
            "the other one is": {"mass": (0.957, 4.0)},
        },
    ),
    claim("Shuffled labels", unlabelled, {"the labels were not shuffled": {"rng": Unshuffled()}}),
    claim(
        "beat the bound by more than four errors",
        lacks,
        {"one saw the label": {"trees": -0.001}},
    ),
    claim(
        "With 400 times the events",
        curves,
        {"a line that bends": {"line": 0.2}, "more events teach little": {"first": 0.003}},
    ),
    claim(
        "The straight line reaches less than half",
        rejections,
        {
            "trees at the bound": {"trees": 0.995},
            "the AUC lacks as much": {"lack": 0.01},
            "a line is enough": {"linear": 0.8},
        },
    ),
]
