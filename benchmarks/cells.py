"""Trainings that are kept on disk one by one, and their scores put together with paired errors."""

import resource
from pathlib import Path

import numpy as np

from hepml import stats
from hepml.files import whole

VALIDATION = 0.1  # of the training events, to choose the epoch or the number of trees
BOOTSTRAP = 60
QUANTITIES = {
    "auc": lambda curve: curve.auc,
    "rejection": lambda curve: stats.background_rejection(curve, 0.5),
}


def say(*words):
    print(*words, flush=True)


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def split(events, seed):
    """Rows to train on and to choose with."""
    order = np.random.default_rng(seed).permutation(events)
    kept = int(VALIDATION * events)
    return order[kept:], order[:kept]


class Cells:
    """Scores of each training, one file each, so that a run can go on where it was interrupted."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, name):
        return self.folder / f"{name.replace(' ', '-')}.npz"

    def get(self, name):
        path = self.path(name)
        if not path.exists():
            return None
        with np.load(path) as held:
            return held["score"], float(held["cpu"])

    def put(self, name, score, cpu):
        with whole(self.path(name)) as part:
            np.savez(part, score=score.astype("float32"), cpu=cpu)

    def of(self, names):
        """Those of the named trainings that are there."""
        return [held for held in map(self.get, names) if held is not None]


def compare(y, scores, weights=1.0, *, pairs, quantities=("auc",)):
    """Measure each model, with the errors of test and training, and their paired differences.

    Parameters
    ----------
    y : array-like, shape (n,)
        Labels of the test events.
    scores : dict of str to list of (array-like, float)
        For each model its trainings: scores of the test events, and CPU seconds.
    weights : array-like, shape (n,), or float
    pairs : iterable of (str, str)
        Models whose AUC is compared, if both are there.
    quantities : iterable of str
        Of ``QUANTITIES``.

    Returns
    -------
    dict
        ``"models"``, with mean and error of each quantity, the AUC of each training and mean CPU
        seconds; and ``"differences"`` of AUC.
    """
    weights = weights * np.ones(len(y))
    found = {name: measured(y, held, weights, quantities) for name, held in scores.items()}
    resampled = bootstrap(y, scores, weights, quantities)
    models = {}
    for name, held in scores.items():
        models[name] = {
            "each": found[name]["auc"].tolist(),
            "cpu_seconds": float(np.mean([cpu for _, cpu in held])),
        }
        for what in quantities:
            error = np.hypot(np.std(resampled[name][what]), spread(found[name][what]))
            models[name] |= {what: float(found[name][what].mean()), f"{what}_error": float(error)}
    differences = {
        f"{first} - {second}": apart(
            [found[name]["auc"] for name in (first, second)],
            [resampled[name]["auc"] for name in (first, second)],
        )
        for first, second in pairs
        if first in models and second in models
    }
    return {"models": models, "differences": differences}


def measured(y, held, weights, quantities):
    """Each quantity of each training, shape (trainings,)."""
    curves = [stats.roc_curve(y, score, weights) for score, _ in held]
    return {what: np.array([QUANTITIES[what](curve) for curve in curves]) for what in quantities}


def bootstrap(y, scores, weights, quantities, seed=1):
    """Mean quantities of each model on resampled test events, the same ones for all."""
    rng = np.random.default_rng(seed)
    draws = [weights * rng.poisson(1, len(y)) for _ in range(BOOTSTRAP)]
    result = {}
    for name, held in scores.items():
        each = [measured(y, held, drawn, quantities) for drawn in draws]
        result[name] = {what: np.array([one[what].mean() for one in each]) for what in quantities}
    return result


def apart(found, resampled):
    """Mean difference of two models, and its error from test and training."""
    shared = min(map(len, found))
    each = found[0][:shared] - found[1][:shared]
    error = np.hypot(np.std(resampled[0] - resampled[1]), spread(each))
    return {"difference": float(each.mean()), "error": float(error)}


def spread(values):
    """Error of the mean over trainings; 0 where there is only one."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
