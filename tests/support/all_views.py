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
from tests.support import toy_anomalies, toy_scan


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


# ---------------------------------------------------------------- events of other shapes

LONG_NAMES = tuple(f"network with long name and settings {i}" for i in range(8))


def even(n, low, high):
    """Labels by turns, and scores that say nothing of them."""
    return np.arange(n) % 2, np.linspace(low, high, n)


def roc_of_chance(rng):
    y, s = even(400, 0.2, 0.8)
    return RocExplorer(y, rng.permutation(s), scale="linear")


def roc_of_two(_rng):
    return RocExplorer([1, 0], [0.9, 0.4])


def roc_apart(rng):
    y, _ = scores(rng)
    return RocExplorer(y, y + 0.1 * rng.random(len(y)))


def roc_close(rng):
    y, s = scores(rng)
    return RocExplorer(y, 1e9 + 1e-3 * s, scale="linear")


def roc_far(rng):
    y, s = scores(rng)
    return RocExplorer(y, -1e-9 * s, 1e12 * rng.normal(1, 0.4, len(y)), scale="linear")


def roc_of_many(rng):
    y, s = scores(rng)
    models = {name: s + 0.02 * rng.normal(size=len(y)) for name in LONG_NAMES}
    return RocExplorer(y, models, train=(y, models), names=LONG_NAMES[:2])


def roc_sure(rng):
    y, s = scores(rng)
    return RocExplorer(y, {"a": 1 / (1 + np.exp(-40 * (s - 0.5))), "b": s}, scale="logit")


def trained(*curves, baseline=None, **more):
    """Make a monitor of whole curves by name."""

    def make(_rng):
        monitor = TrainingMonitor(baseline=baseline, **more)
        named = [(name, values) for one in curves for name, values in one.items()]
        for epoch in range(max(len(values) for _, values in named)):
            monitor.update({name: values[epoch] for name, values in named})
        monitor.end()
        return monitor

    return make


FALLING = np.array([0.7, 0.4, 0.3, 0.26, 0.25])
TRAINED = {
    "one": trained({"loss": [0.5], "val_loss": [0.5]}, baseline={"loss": 0.5}),
    "alike": trained(
        {"loss": FALLING, "val_loss": FALLING + 1e-4, "auc": 1 - FALLING}, baseline={"loss": 0.2501}
    ),
    "still": trained({"loss": [1e-7] * 4, "val_loss": [1e-7] * 4, "auc": [1.0] * 4}),
    "close": trained({"loss": 1e6 + 1e-2 * FALLING, "val_loss": 1e6 + 1e-2 * FALLING[::-1]}),
    "far": trained({"loss": -1e12 * FALLING, "val_loss": -1e12 * FALLING, "auc": 1e-30 * FALLING}),
}


def overtraining_of_few(_rng):
    y, s = even(8, 0.30001, 0.30002)
    return OvertrainingView(y, s, y, s, permutations=19)


def overtraining_alike(rng):
    """Curves that lie on one another, and as many as a list can hold."""
    long = {f"{name} {kind}": 1e-9 * FALLING for name in LONG_NAMES[:2] for kind in "ab"}
    history = {"loss": FALLING, "val_loss": FALLING} | long
    y, s = rounds(rng)
    return OvertrainingView(
        y, s, y, s, names=LONG_NAMES[:2], history=history, permutations=19, scale="linear"
    )


def overtraining_far(rng):
    y, s = rounds(rng)
    wide = 1e8 * (s - 0.5)
    history = {"loss": 1e7 - FALLING, "val_loss": 1e7 + FALLING}
    return OvertrainingView(y, wide, y, wide, history=history, permutations=19)


def boosted(size, shift, *, names=None, n=12):
    """Make an explorer of features of some size."""

    def make(rng):
        import pandas as pd
        from sklearn.ensemble import GradientBoostingClassifier

        y, _ = scores(rng, 200)
        X = shift + size * rng.normal(y[:, None], size=(len(y), 3))
        columns = names or ("a", "b", "c")
        table = pd.DataFrame(X, columns=columns)
        model = GradientBoostingClassifier(n_estimators=n, max_depth=4).fit(table, y)
        return BoostingExplorer(model, table, y, names=LONG_NAMES[:2], train=(table, y))

    return make


def pictured(pixels, extent, variable):
    """Make a browser of images that stand between some ends."""

    def make(rng):
        y = np.arange(60) % 2
        images = pixels(rng, (60, 6, 8)) * (1 + y[:, None, None])
        return ImageBrowser(
            images, y, variables=variable(rng), extent=extent, names=LONG_NAMES[:2],
            axes=("η of the constituent", "φ"), quantity="a quantity with a long name [GeV]",
        )  # fmt: skip

    return make


def signed(rng, shape):
    return 1e-9 * rng.normal(size=shape)


def bright(rng, shape):
    return 4 + rng.random(shape)


def empty_but_one(_rng, shape):
    pixels = np.zeros(shape)
    pixels[:, 2, 3] = 1e12
    return pixels


def compared(size, shift, n=2000, methods=("BDT",)):
    """Make a comparison of features of some size."""

    def make(rng):
        source, target = (
            {"x": shift + size * rng.normal(size=n), "n": rng.poisson(2, n)} for _ in range(2)
        )
        return ShapeCompare(source, target, {name: rng.gamma(20, 0.05, n) for name in methods})

    return make


def hunted(n, scale, region, **more):
    """Make a bump hunter of so many events on a spectrum of some scale."""

    def make(rng):
        mjj = scale * (2000 + rng.exponential(800, n))
        truth = rng.random(n) < 0.05
        found = {"signal_region": np.multiply(scale, region), "truth": truth} | more
        view = BumpHunter(mjj, rng.random(n), sqrt_s=13000 * scale, **found)
        view.truth_shown = True
        return view

    return make


def scanned(values, models=("parameterised", "dedicated"), quantity="AUC"):
    """Make a scan of some values."""

    def make(rng):
        return ParameterScan(
            dict(zip(values, toy_scan.samples(rng, np.linspace(500, 1500, len(values)), 200, models)
                     .values(), strict=True)),
            trained=values[:1], name="m_X", unit="GeV", quantity=quantity, names=LONG_NAMES[:2],
        )  # fmt: skip

    return make


def anomalous(n, days=None, shift=0.04, feature_scale=1.0, **more):
    """Make a monitor of so many events and days."""

    def make(rng):
        names = [f"run {k} of the long year" for k in range(days or 2)]
        reference, today = (
            toy_anomalies.events(rng, size, strange=1) * feature_scale for size in (3 * n, n)
        )
        given = {} if days is None else toy_anomalies.populations(rng, shift, names)
        columns = {
            "reference_features": toy_anomalies.columns(reference),
            "features": toy_anomalies.columns(today),
        }
        scored = [toy_anomalies.scores_of(x) for x in (reference, today)]
        return AnomalyMonitor(*scored, **columns, **given, **more)

    return make


SHAPED = {
    "RocExplorer": {
        "chance": roc_of_chance, "two events": roc_of_two, "apart": roc_apart, "close": roc_close,
        "far": roc_far, "many": roc_of_many, "sure": roc_sure,
    },
    "TrainingMonitor": TRAINED,
    "OvertrainingView": {
        "few": overtraining_of_few, "alike": overtraining_alike, "far": overtraining_far,
    },
    "BoostingExplorer": {
        "close": boosted(1e-6, 1), "far": boosted(1e12, -3e12, names=LONG_NAMES[:3]),
        "one round": boosted(1, 0, n=1),
    },
    "ImageBrowser": {
        "close": pictured(
            bright, (1e6, 1e6 + 1, -1e-7, 1e-7), lambda rng: {"m [GeV]": 1e9 + rng.random(60)}
        ),
        "signed": pictured(
            signed, (-3000, -1000, 0.2, 0.9),
            lambda _: {LONG_NAMES[0]: np.ones(60), "n": np.arange(60) % 3},
        ),
        "far": pictured(
            empty_but_one, (-1e15, 1e15, 0, 1), lambda rng: {"m": -1e-12 * rng.random(60)}
        ),
    },
    "ShapeCompare": {
        "close": compared(1e-6, 1), "far": compared(1e12, -5e12, methods=LONG_NAMES[:3]),
        "few": compared(1, 0, n=50),
    },
    "BumpHunter": {
        "few": hunted(300, 1, (2600, 3000)), "TeV": hunted(5000, 1e-3, (3300, 3700)),
        "one share": hunted(5000, 1, (3300, 3700), kept=[1.0]),
        "eV": hunted(5000, 1e9, (3300, 3700), kept=[0.5, 0.45]),
    },
    "ParameterScan": {
        "two": scanned((0.1, 0.2), quantity="Z"), "close": scanned((125.09, 125.1, 125.11)),
        "many models": scanned((-3e-7, 0, 3e-7, 4e5), LONG_NAMES[:5], quantity="Z"),
    },
    "AnomalyMonitor": {
        "few": anomalous(7), "many days": anomalous(400, 60), "two days": anomalous(50, 2, shift=0),
        "far": anomalous(400, 9, feature_scale=1e9, statistic="a statistic with a long name"),
    },
}  # fmt: skip
