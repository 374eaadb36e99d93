"""All nine widgets on toys, for what is asked of every one."""

import numpy as np

from hepml_widgets import (
    BoostingExplorer,
    BumpHunter,
    ImageBrowser,
    OvertrainingView,
    RocExplorer,
    ShapeCompare,
    TrainingMonitor,
)
from tests.widgets import toy_anomalies, toy_scan


def scores(rng, n=600):
    y = np.repeat([1, 0], [n, 2 * n])
    return y, 1 / (1 + np.exp(-rng.normal(2.0 * y - 1)))


def roc(rng):
    y, s = scores(rng)
    return RocExplorer(y, {"BDT": s, "network": s**2}, rng.gamma(2, 0.5, len(y)), sigma_b=0.05)


def training(_rng):
    monitor = TrainingMonitor(baseline={"loss": 0.65})
    monitor.begin(total=8)
    for epoch in range(8):
        monitor.update({"loss": 0.7 / (1 + epoch), "val_loss": 0.3 + 0.4 / (1 + epoch)})
    monitor.end()
    return monitor


def overtraining(rng):
    history = {"loss": [0.6, 0.4, 0.3], "val_loss": [0.6, 0.5, 0.55]}
    return OvertrainingView(*scores(rng), *scores(rng), history=history, permutations=99)


def boosting(rng):
    from sklearn.ensemble import GradientBoostingClassifier

    y, _ = scores(rng)
    X = rng.normal(y[:, None], size=(len(y), 3))
    return BoostingExplorer(GradientBoostingClassifier(n_estimators=12).fit(X, y), X, y)


def images(rng):
    y = np.arange(200) % 2
    pixels = rng.exponential(1 + y[:, None, None], (200, 9, 9)) * (rng.random((200, 9, 9)) < 0.3)
    return ImageBrowser(pixels, y, variables={"mass [GeV]": 80 + 10 * rng.normal(size=200)})


def shapes(rng):
    source, target = ({"x": rng.normal(size=2000), "n": rng.poisson(5, 2000)} for _ in range(2))
    return ShapeCompare(source, target, {"BDT": rng.gamma(20, 0.05, 2000)})


def bump(rng):
    mjj = 2000 + rng.exponential(800, 20_000)
    return BumpHunter(mjj, rng.random(20_000), signal_region=(3300, 3700))


VIEWS = {
    "RocExplorer": roc,
    "TrainingMonitor": training,
    "OvertrainingView": overtraining,
    "BoostingExplorer": boosting,
    "ImageBrowser": images,
    "ShapeCompare": shapes,
    "BumpHunter": bump,
    "ParameterScan": toy_scan.toy,
    "AnomalyMonitor": toy_anomalies.toy,
}
