"""What the saved statements on the best possible classifier rest on."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier
from xgboost.core import XGBoostError

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


def lacks(trees=0.0013, network=0.0004, linear=0.1, error=0.0001):
    each = {"linear": (linear, 0.001), "trees": (trees, error), "network": (network, error)}
    return {"lacks": dict.fromkeys(NAMES, each), "PROBLEMS": dict.fromkeys(NAMES)}


def curves(first=0.03, **options):
    """Lacks with 1000 training events, and with all."""
    few = {"linear": 0.1, "trees": first, "network": first}
    return lacks(**options) | {
        "curve": {name: [(1000, lack), (9, 0)] for name, lack in few.items()}
    }


def rejections(trees=0.975, linear=0.237, lack=0.0013):
    """Shares of the best rejection at ε_s = 10, 30 and 50 %."""
    rows = {0.1: 0, 0.3: 1, 0.5: 2}
    models = {
        name: SimpleNamespace(gap=SimpleNamespace(fraction=[share] * 3), row_keeping=rows.get)
        for name, share in {"trees": trees, "linear": linear}.items()
    }
    found = SimpleNamespace(models=models)
    return lacks(trees=lack) | {"explorer": found, "bounds": {"gauss": curve(0.9055)}}


def merits(mass=(0.957, 2.08), shape=(0.947, 2.68)):
    return {"merit": pd.DataFrame([mass, shape], ["mass", "shape"], ["AUC", "best Z"])}


def rare(whole=0.016, weights=0.0254, trees=0.0013):
    found = {"as it is": (whole, 0.0002), "class weights": (weights, 0.0003)}
    return {"rare_lack": found} | lacks(trees=trees)


def signed(negative=0.17, model=None):
    """Few events of mix; background with a share of negative weights."""
    rng = np.random.default_rng(1)
    X, y = draw(MIX, 3000, rng)
    w = np.where((y == 0) & (rng.random(len(y)) < negative), -1.0, 1.0)
    return {
        "trees": lambda *_: model or XGBClassifier(n_estimators=5, n_jobs=1),
        "SEED": SEED,
        "X_signed": X,
        "y_signed": y,
        "w_signed": w,
        "XGBoostError": XGBoostError,
        "HistGradientBoostingClassifier": HistGradientBoostingClassifier,
        "log_odds": lambda model, X: model.decision_function(X),
        "log_losses": lambda y, score: np.logaddexp(0, np.where(y == 1, -1, 1) * score),
    }


def remedies(noise=(1.5, 1.0, 0.5)):
    """Scores of a class apart by two, with more noise for the worse answers."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 6000)
    x = rng.normal(2.0 * y)
    ways = ("signs ignored", "signed weights, shallow trees", "mean weight, learned")
    scores = {way: x + rng.normal(0, size, len(y)) for way, size in zip(ways, noise, strict=True)}
    return {"y_new": y, "w_new": np.ones(len(y)), "signed_scores": scores}


def fractions(greedy=0.1091, platt=0.0535, isotonic=0.0477, network=0.0464):
    values = {"greedy": greedy, "Platt": platt, "isotonic": isotonic, "network": network}
    values["exact"] = 0.0459
    return {"fraction": {name: (value, 0.0025) for name, value in values.items()}, "TRUTH": 0.05}


def stages(auc=(0.85, 0.88, 0.86), *, differs=True):
    each = [
        SimpleNamespace(round=k, auc_test=(a, 0.01), differs=differs) for k, a in enumerate(auc)
    ]
    return {"view": SimpleNamespace(stages=each)}


def claims_of_folds(width=0.017):
    return {"claimed": [0.002, 0.002 + width], "formula": [0.0092, 0.0105]}


def shuffled(rng=None):
    return {
        "draw": lambda problem, events, _: draw(problem, events, np.random.default_rng(4)),
        "GAUSS": GAUSS,
        "rng": rng or np.random.default_rng(3),
        "trees": lambda *_: LogisticRegression(),
        "SEED": SEED,
        "log_odds": lambda model, X: model.decision_function(X),
    }


CLAIMS = [
    claim("portions", bounds, {"all are res": {"problems": (RES, RES, GAUSS), "events": 20}}),
    claim(
        "within 0.002 of the exact AUC",
        lacks,
        {"trees are coarse": {"trees": 0.003}, "the network is not trained": {"network": 0.01}},
    ),
    claim(
        "That of {name} shrinks more than ten times",
        curves,
        {"a line that bends": {"linear": 0.05}, "more events teach little": {"first": 0.003}},
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
    claim(
        "Larger AUC",
        merits,
        {
            "one is better at all": {"shape": (0.96, 2.68)},
            "the other one is": {"mass": (0.957, 4.0)},
        },
    ),
    claim(
        "Against 100 000 signal events",
        rare,
        {"weights help": {"weights": 0.01}, "few signal events are enough": {"whole": 0.003}},
    ),
    claim(
        "xgboost refuses",
        signed,
        {
            "it does not": {"model": LogisticRegression()},
            "no negative weights": {"negative": 0.0},
        },
    ),
    claim(
        "Signed weights in shallow trees beat",
        remedies,
        {"signs do not matter": {"noise": (0.5, 0.51, 1.0)}},
    ),
    claim(
        "The greedy ratio is off",
        fractions,
        {
            "greed does no harm": {"greedy": 0.06},
            "calibration does not cure": {"platt": 0.09, "isotonic": 0.12, "network": 0.1},
        },
    ),
    claim(
        "The best round is neither",
        stages,
        {
            "the last is best": {"auc": (0.85, 0.86, 0.88)},
            "training and test agree": {"differs": False},
        },
    ),
    claim(
        "jumps more than five times",
        claims_of_folds,
        {"five folds are enough": {"width": 0.003}},
    ),
    claim("Shuffled labels", shuffled, {"the labels were not shuffled": {"rng": Unshuffled()}}),
    claim(
        "beat the bound by more than four errors",
        lacks,
        {"one saw the label": {"trees": -0.001}},
    ),
]
