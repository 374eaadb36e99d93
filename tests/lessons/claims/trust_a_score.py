"""What the saved statements on scores that one can trust rest on."""

from types import SimpleNamespace

import numpy as np

from tests.lessons.claims import claim


def rare(whole=0.0174, weights=0.0229, many=0.0018):
    found = {"as it is": whole, "class weights": weights, "background thrown away": 0.03}
    found["50,000 signal events"] = many
    return {"rare_lack": {name: (lack, 0.0002) for name, lack in found.items()}}


def losses(odds=150.0, loss=-0.4):
    return {"deep_score": np.array([-odds, 1.0]), "deep_loss": loss}


def remedies(noise=(1.5, 1.0, 0.5)):
    """Scores of a class apart by two, with more noise for the worse answers."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 6000)
    x = rng.normal(2.0 * y)
    ways = ("signs ignored", "signed weights, shallow trees", "mean weight, learned")
    scores = {way: x + rng.normal(0, size, len(y)) for way, size in zip(ways, noise, strict=True)}
    return {"y_new": y, "w_new": np.ones(len(y)), "signed_scores": scores}


def fractions(greedy=0.1307, platt=0.0612, isotonic=0.0524, patient=0.0510):
    values = {"greedy": greedy, "Platt": platt, "isotonic": isotonic, "patient": patient}
    values["exact"] = 0.0506
    return {"fraction": {name: (value, 0.0025) for name, value in values.items()}, "TRUTH": 0.05}


def nothings(greedy=0.09, exact=0.001):
    values = {"greedy": greedy, "isotonic": exact, "patient": exact, "exact": exact}
    return {"null_fraction": {name: (value, 0.002) for name, value in values.items()}}


def stages(auc=(0.85, 0.88, 0.86), *, differs=True):
    each = [
        SimpleNamespace(round=k, auc_test=(a, 0.01), differs=differs) for k, a in enumerate(auc)
    ]
    return {"view": SimpleNamespace(stages=each)}


def claims_of_folds(width=0.017):
    return {"claimed": [0.002, 0.002 + width], "formula": [0.0092, 0.0105]}


CLAIMS = [
    claim(
        "The best round is neither",
        stages,
        {
            "the last is best": {"auc": (0.85, 0.86, 0.88)},
            "training and test agree": {"differs": False},
        },
    ),
    claim(
        "The greedy ratio is off",
        fractions,
        {
            "greed does no harm": {"greedy": 0.06},
            "calibration does not cure": {"platt": 0.1, "isotonic": 0.12, "patient": 0.1},
        },
    ),
    claim(
        "Greed discovers a signal in nothing",
        nothings,
        {"greed does no harm": {"greedy": 0.01}, "calibration does not cure": {"exact": 0.05}},
    ),
    claim(
        "jumps more than five times",
        claims_of_folds,
        {"five folds are enough": {"width": 0.003}},
    ),
    claim(
        "The best of the three ways",
        rare,
        {"weights help": {"weights": 0.01}, "few signal events are enough": {"whole": 0.003}},
    ),
    claim(
        "deep trees: the largest odds",
        losses,
        {"leaves are large": {"odds": 5.0}, "the loss has a minimum": {"loss": 0.3}},
    ),
    claim(
        "Signed weights in shallow trees beat",
        remedies,
        {"signs do not matter": {"noise": (0.5, 0.51, 1.0)}},
    ),
]
