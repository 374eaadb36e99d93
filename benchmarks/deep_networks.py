"""What the lesson on deep networks shows as recorded: many events, the UCI set, H to tau tau.

    python -m benchmarks.deep_networks FOLDER

reads ``heavy_higgs.root`` (or its shards) from FOLDER, as ``hepml data generate heavy_higgs
--events 1000000 --seed 2027 --out FOLDER`` writes it, and trains trees, a shallow and a deep
network on more and more of it; the bundled sample is the test. Each finished training is kept in
``--cells``: run the command again to go on. ``--only uci`` runs the lesson's recipe on the real
excerpt of the UCI set HIGGS, ``--only tautau`` the comparison on ``higgs_tautau``; these need no
FOLDER. What is there is put together in ``hepml/data/recorded/deep-networks.json``.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np

from benchmarks.cells import VALIDATION, Cells, compare, cpu_seconds, say, split
from benchmarks.lessons import RECORDED, ROOT, recipe, record
from hepml import data, stats

LESSON = "deep-networks"
SIZES = (3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
SEEDS = {3_000: 4, 10_000: 3, 30_000: 2}
FEATURES = ("low", "high", "all")
MODELS = ("trees", "shallow", "deep")
PAIRS = (
    ("deep low", "trees low"),
    ("deep high", "trees high"),
    ("deep all", "trees all"),
    ("deep low", "shallow low"),
    ("deep low", "trees high"),
    ("deep low", "trees all"),
    ("deep low", "deep all"),
    ("trees low", "trees all"),
)
HIDDEN = {"shallow": (300,), "deep": (256,) * 4}
# Training events: epochs, batch size, dropout.
SCHEDULE = {
    3_000: (40, 64, 0.3),
    10_000: (35, 128, 0.25),
    30_000: (30, 256, 0.2),
    100_000: (24, 512, 0.1),
    300_000: (12, 1024, 0.05),
    1_000_000: (10, 2048, 0.0),
}
UCI_SEEDS, FOLDS = 5, 5
TAUTAU_SEEDS = 3


def schedule(events):
    """Epochs, batch size and dropout for so many events: those of the nearest size."""
    nearest = min(SCHEDULE, key=lambda size: abs(np.log(size / events)))
    return SCHEDULE[nearest]


def fit_network(lesson, sample, *, hidden, seed):
    """Train the lesson's network, keep its best epoch; return a function to scores."""
    keras, (X, y, w) = lesson["keras"], sample
    epochs, batch, dropout = schedule(len(y))
    keras.utils.set_random_seed(seed)
    train, choose = split(len(y), seed)
    scaled = lesson["standardiser"](X[train])
    model = lesson["network"](
        X.shape[1], epochs * -(-len(train) // batch), hidden=hidden, dropout=dropout
    )
    best = keras.callbacks.EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)
    target = y.astype("float32")[:, None]
    model.fit(
        scaled(X[train]),
        target[train],
        sample_weight=w[train],
        validation_data=(scaled(X[choose]), target[choose], w[choose]),
        validation_batch_size=8192,
        batch_size=batch,
        epochs=epochs,
        callbacks=[best],
        verbose=0,
    )
    return lambda Z: model.predict(scaled(Z), batch_size=8192, verbose=0)[:, 0]


def fit_trees(lesson, sample, *, seed):
    """Train the lesson's trees with leaves, steps and rounds that suit the number of events."""
    X, y, w = sample
    many = len(y) >= 100_000
    model = lesson["trees"](
        seed,
        rounds=1500,
        rate=0.1 if many else 0.04,
        leaves=63 if many else 15,
    )
    model.set_params(
        early_stopping=True, validation_fraction=VALIDATION, n_iter_no_change=15, max_features=0.5
    )
    model.fit(X, y, sample_weight=w)
    return lambda Z: model.predict_proba(Z)[:, 1]


def fit(lesson, kind, sample, seed):
    """Train one of the three models on ``(X, y, weights)``; return a function to scores."""
    if kind == "trees":
        return fit_trees(lesson, sample, seed=seed)
    return fit_network(lesson, sample, hidden=HIDDEN[kind], seed=seed)


# ---------------------------------------------------------------- learning curves


def cell_name(size, which, kind, seed):
    return f"{size} {which} {kind} {seed}"


def seeds_of(size):
    return range(SEEDS.get(size, 1))


def pool(folder):
    """Read the many events, in the order of the file, which is mixed."""
    folder = Path(folder)
    files = [folder] if folder.is_file() else sorted(folder.glob("heavy_higgs*.root"))
    if not files:
        raise SystemExit(f"no heavy_higgs*.root in {folder}: generate it (see the lesson)")
    columns = [name for name in data.load("heavy_higgs").columns if name != "EventId"]
    return data.read(files, columns=columns)


def curves(folder, cells, sizes, features=FEATURES, models=MODELS):
    """Train what is not there yet; small sizes take different events for each seed."""
    lesson, test, events = recipe(LESSON), data.load("heavy_higgs"), pool(folder)
    events = events.iloc[: max(size * len(seeds_of(size)) for size in sizes)]
    for which in features:
        X_test = lesson["inputs"](test, which)
        X = lesson["inputs"](events, which).astype("float32")
        for size, seed, kind in todo(cells, which, sizes, len(events), models):
            rows = slice(seed * size, (seed + 1) * size)
            y, begin = events["Label"].to_numpy()[rows], cpu_seconds()
            sample = X[rows], y, np.ones(len(y), "float32")
            score = fit(lesson, kind, sample, seed)(X_test)
            cpu = cpu_seconds() - begin
            cells.put(cell_name(size, which, kind, seed), score, cpu)
            auc = stats.auc(test["Label"].to_numpy(), score)
            say(f"{size:8d} {which:5s}{kind:8s}{seed} AUC {auc:.4f}  {cpu:6.0f} CPU s")


def todo(cells, which, sizes, available, models):
    """Sizes, seeds and models that are not there yet, small ones first."""
    for size in sorted(sizes):
        for seed in seeds_of(size):
            if (seed + 1) * size > available:
                continue
            for kind in models:
                if cells.get(cell_name(size, which, kind, seed)) is None:
                    yield size, seed, kind


def collected(cells, sizes):
    """All that is there: AUC of each model at each size, and differences with paired errors."""
    y = data.load("heavy_higgs")["Label"].to_numpy()
    found = {size: all_scores(cells, size, seeds_of(size)) for size in sizes}
    return {str(size): summary(y, scores) for size, scores in found.items() if scores}


def all_scores(cells, sample, seeds):
    """Scores and CPU seconds of each training that is there, by model and columns."""
    found = {}
    for which in FEATURES:
        for kind in MODELS:
            if there := cells.of(cell_name(sample, which, kind, seed) for seed in seeds):
                found[f"{kind} {which}"] = there
    return found


def summary(y, scores, weights=1.0):
    """AUC of each model with the errors of test and training, and the paired differences."""
    return compare(y, scores, weights, pairs=PAIRS)


# ---------------------------------------------------------------- published events


def read_uci(path):
    """Events in GeV and labels of the excerpt, whose columns have no names of their own."""
    from hepml.data.published.columns import HIGGS_HIGH, HIGGS_LOW
    from hepml.data.recipes.heavy_higgs import in_gev

    events = data.read(path)
    y = events.pop("response").to_numpy(np.int8)
    events.columns = [column.name for column in (*HIGGS_LOW, *HIGGS_HIGH)]
    return in_gev(events.astype("float64")), y


def uci(path, seeds=UCI_SEEDS, features=FEATURES, folds=FOLDS, only_folds=None):
    """Measure the recipe in cross-validation on published events: its parts, and their mean."""
    from sklearn.model_selection import StratifiedKFold

    lesson = recipe(LESSON)
    events, y = read_uci(path)
    result = {"events": len(y)}
    for which in features:
        X = lesson["inputs"](events, which)
        splits = list(StratifiedKFold(folds, shuffle=True, random_state=1).split(X, y))
        scores, tested = out_of_fold(lesson, (X, y), seeds, splits[:only_folds])
        result[which] = {
            name: dict(zip(("auc", "auc_error"), measured(y[tested], score), strict=True))
            for name, score in scores.items()
        }
        say(which, {name: round(held["auc"], 4) for name, held in result[which].items()})
    return result


def measured(y, score):
    curve = stats.roc_curve(y, score)
    return float(curve.auc), float(curve.auc_error)


def out_of_fold(lesson, sample, seeds, splits):
    """Scores of events by models that were trained without their fold, and their rows."""
    X, y = sample
    parts = []
    for train, test in splits:
        members = lesson["committee"](X[train], y[train], seeds)
        parts.append({name: score(X[test]) for name, score in members})
    tested = np.concatenate([test for _, test in splits])
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, tested


# ---------------------------------------------------------------- H to tau tau


def tautau(cells, seeds=TAUTAU_SEEDS):
    """Trees and deep network on primitive, derived and all columns, halves in turn."""
    lesson, events = recipe(LESSON), data.load("higgs_tautau")
    y, weights = events["Label"].to_numpy(), events["Weight"].to_numpy(float)
    half = np.random.default_rng(1).permutation(len(y)) % 2
    for which in FEATURES:
        X = lesson["tau_inputs"](events, which)
        for kind in ("trees", "deep"):
            for seed in range(seeds):
                name = cell_name("tautau", which, kind, seed)
                if cells.get(name) is None:
                    begin = cpu_seconds()
                    score = by_halves(lesson, kind, (X, y, weights, half), seed)
                    cells.put(name, score, cpu_seconds() - begin)
                    say(f"{name:24s} AUC {stats.auc(y, score, weights):.4f}")


def by_halves(lesson, kind, sample, seed):
    """Scores of each half by a model trained on the other."""
    X, y, weights, half = sample
    score = np.empty(len(y))
    for k in (0, 1):
        rows = half != k
        w = lesson["balanced"](y[rows], weights[rows]).astype("float32")
        score[~rows] = fit(lesson, kind, (X[rows], y[rows], w), seed)(X[~rows])
    return score


def collected_tautau(cells):
    """As ``summary``, weighted, of what is there."""
    events = data.load("higgs_tautau")
    y, weights = events["Label"].to_numpy(), events["Weight"].to_numpy(float)
    return summary(y, all_scores(cells, "tautau", range(TAUTAU_SEEDS)), weights)


# ---------------------------------------------------------------- all together


def recorded():
    path = RECORDED / f"{LESSON}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def save(parts):
    """Write what was measured now beside what was measured before."""
    kept = {key: value for key, value in recorded().items() if key in ("curves", "uci", "tautau")}
    record(
        LESSON,
        kept | {key: value for key, value in parts.items() if value},
        command="hepml data generate heavy_higgs --events 1000000 --seed 2027 --out FOLDER; "
        "python -m benchmarks.deep_networks FOLDER",
        data="curves: generated heavy_higgs to train, the bundled 80000 events to test; uci: the "
        "first 10000 events of the UCI set HIGGS, 5-fold; tautau: the bundled higgs_tautau, "
        "halves in turn",
        method="curves: one network of 300 (shallow) or 4 x 256 (deep) units, 10 % of the "
        "training events choose the epoch or the number of trees; errors: bootstrap of the test "
        "events and, where there are several trainings (4 at 3000 events, 3 at 10000, 2 at 30000, "
        "3 of tautau), their spread; differences paired; AUC unweighted but for tautau; "
        f"Keras on {os.environ.get('KERAS_BACKEND', 'tensorflow')}, CPU",
        packages=("numpy", "scikit-learn", "keras", "tensorflow-cpu"),
    )


def main():
    """Run what is asked for, and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--features", nargs="+", choices=FEATURES, default=FEATURES)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--only", choices=("uci", "curves", "tautau"))
    parser.add_argument("--cells", type=Path, default=ROOT / "build" / LESSON)
    given = parser.parse_args()
    if given.only == "curves" and given.folder is None:
        parser.error("the learning curves need the FOLDER of the generated events")
    cells, parts = Cells(given.cells), {}
    if given.only in (None, "uci"):
        real = Path(os.environ.get("HEPML_REAL_DATA", ROOT.parent / "shared" / "data"))
        path = real / "uci_higgs" / "higgs_train_10k.csv"
        if path.exists():
            parts["uci"] = uci(path)
        else:
            say(f"skipped: no {path.name} (set HEPML_REAL_DATA)")
    if given.only in (None, "tautau"):
        tautau(cells)
        parts["tautau"] = collected_tautau(cells)
    if given.only in (None, "curves") and given.folder is None:
        say("skipped: the learning curves (name the FOLDER of the generated events)")
    elif given.only in (None, "curves"):
        curves(given.folder, cells, given.sizes, given.features, given.models)
        parts["curves"] = collected(cells, SIZES)
    save(parts)


if __name__ == "__main__":
    main()
