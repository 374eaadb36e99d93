"""All nine widgets on toys, for what is asked of every one."""

import numpy as np

from hepml_widgets import (
    AnomalyMonitor,
    BoostingExplorer,
    BumpHunter,
    ImageBrowser,
    OvertrainingView,
    ParameterScan,
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


def rounds(rng):
    """Scores after three rounds of training, each better than the one before."""
    y, s = scores(rng)
    return y, np.array([s + noise * rng.normal(size=len(y)) for noise in (0.4, 0.2, 0)])


def overtraining(rng):
    history = {"loss": [0.6, 0.4, 0.3], "val_loss": [0.6, 0.5, 0.55]}
    samples = *rounds(rng), *rounds(rng)
    return OvertrainingView(*samples, history=history, permutations=99)


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


# ---------------------------------------------------------------- labels of a user's own


def labelled_roc(rng, label):
    y, s = scores(rng, 200)
    models = {label(0): s, label(1): s**2, label(2): s**3}
    return RocExplorer(
        y, models, names=(label(3), label(4)), train=(y, models), score_name=label(5)
    )


def labelled_training(_rng, label):
    first, second = label(0), label(1)
    monitor = TrainingMonitor(metrics=second, baseline={second: 0.65}, watch=f"val_{first}")
    monitor.begin(total=8, unit="round")
    for epoch in range(3):
        monitor.update({first: 1 - 0.1 * epoch, f"val_{first}": 1.0, second: 0.5})
    monitor.__exit__(ValueError, ValueError(label(2)), None)
    return monitor


def labelled_overtraining(rng, label):
    history = {label(i): [3.0, 2, 1] for i in (0, 1)} | {f"val_{label(0)}": [3.0, 2, 2]}
    samples = *rounds(rng), *rounds(rng)
    return OvertrainingView(
        *samples, names=(label(2), label(3)), history=history, permutations=19, score_name=label(4)
    )


def labelled_boosting(rng, label):
    import pandas as pd
    from sklearn.ensemble import GradientBoostingClassifier

    y, _ = scores(rng, 200)
    columns = pd.Index([label(i) for i in range(3)], dtype=object)
    X = pd.DataFrame(rng.normal(y[:, None], size=(len(y), 3)), columns=columns)
    model = GradientBoostingClassifier(n_estimators=5).fit(X, y)
    return BoostingExplorer(model, X, y, names=(label(3), label(4)), features=columns[:2])


def labelled_images(rng, label):
    y = np.arange(60) % 2
    variables = {label(i): rng.normal(size=60) for i in range(3)}
    return ImageBrowser(
        rng.random((60, 4, 4)), y, variables=variables, names=(label(3), label(4)),
        axes=(label(5), label(6)), quantity=label(7), extent=(0, 1, 0, 1),
    )  # fmt: skip


def labelled_shapes(rng, label):
    source, target = ({label(i): rng.normal(size=300) for i in range(3)} for _ in range(2))
    return ShapeCompare(source, target, {label(i): rng.gamma(9, 0.1, 300) for i in (3, 4)})


def labelled_bump(rng, label):
    mjj = 2000 + rng.exponential(800, 20_000)
    region = (3300, 3700)
    score = rng.random(20_000)
    return BumpHunter(mjj, score, signal_region=region, name=label(0), unit=label(1))


def labelled_scan(rng, label):
    models = [label(0), label(1)]
    return ParameterScan(
        toy_scan.samples(rng, (1, 2, 3), 60, models), trained=[1, 3], dedicated=label(1),
        name=label(2), unit=label(3), names=(label(4), label(5)), score_name=label(7),
        quantities={label(6): {label(0): {1: 1.0, 2: (2.0, 0.1)}}},
    )  # fmt: skip


def labelled_anomalies(rng, label):
    x = rng.normal(size=(200, 3))
    features = [label(i) for i in range(3)]
    days = [label(i) for i in (3, 4, 5)]
    return AnomalyMonitor(
        x[:, 0], x[:, 1], reference_features=x, features=x, feature_names=features,
        names=(label(6), label(7)), statistic=label(8),
        score_name=label(9), period_name=label(10), populations=dict.fromkeys(days, 0.6),
        null=rng.random(99), ks={day: dict.fromkeys(features, 1e-5) for day in days},
    )  # fmt: skip


LABELLED = {
    "RocExplorer": labelled_roc,
    "TrainingMonitor": labelled_training,
    "OvertrainingView": labelled_overtraining,
    "BoostingExplorer": labelled_boosting,
    "ImageBrowser": labelled_images,
    "ShapeCompare": labelled_shapes,
    "BumpHunter": labelled_bump,
    "ParameterScan": labelled_scan,
    "AnomalyMonitor": labelled_anomalies,
}
