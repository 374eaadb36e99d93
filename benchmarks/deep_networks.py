"""What the lesson on deep networks shows as recorded: many events, the UCI set, H to tau tau.

    python -m benchmarks.deep_networks FOLDER

reads ``heavy_higgs.root`` (or its shards) from FOLDER, as ``hepml data generate heavy_higgs
--events 120000 --seed 2027 --out FOLDER`` writes it (300000 for the largest size), and trains
trees, a shallow and a deep network on more and more of it; the bundled sample is the test. The
settings of each are chosen on a tenth of its training events. Each finished training is kept in
``--cells``: run the command again to go on. ``--only uci`` runs the lesson's recipe on the real
excerpt of the UCI set HIGGS, ``--only tautau`` the comparison on ``higgs_tautau``; these need no
FOLDER. What is there is put together in ``hepml_lessons/recorded/deep-networks.json``.
"""

import argparse
import json
import os
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.cells import Cells, compare, cpu_seconds, say, split
from hepml import data, stats
from hepml_lessons.recipes import RECORDED, ROOT, recipe, record

LESSON = "deep-networks"
SIZES = (3_000, 10_000, 30_000, 100_000, 300_000)
SEEDS = {3_000: 2, 10_000: 2}
FEATURES = ("low", "all", "listed", "high")
MODELS = ("trees", "shallow", "deep")
PAIRS = (
    ("deep low", "trees low"),
    ("deep listed", "trees listed"),
    ("deep high", "trees high"),
    ("deep all", "trees all"),
    ("deep low", "shallow low"),
    ("deep low", "trees high"),
    ("deep low", "trees all"),
    ("deep low", "deep all"),
    ("trees low", "trees all"),
    ("deep listed", "deep low"),
    ("deep all", "deep listed"),
    ("trees listed", "trees low"),
    ("trees all", "trees listed"),
)
HIDDEN = {"shallow": (300,), "deep": (128,) * 3}
# Training events: epochs, batch size, dropout.
SCHEDULE = {
    3_000: (40, 64, 0.3),
    10_000: (35, 128, 0.25),
    30_000: (30, 256, 0.2),
    100_000: (24, 512, 0.1),
    300_000: (12, 1024, 0.05),
}
# What is chosen for each model, one after the other; a search goes up and down each list.
GRIDS = {
    "trees": {"leaves": (4, 8, 15, 31, 63, 127, 255, 511), "rate": (0.1, 0.05, 0.025)},
    "shallow": {"rate": (2e-3, 6e-3, 2e-2, 6e-2, 0.2)},
    "deep": {"rate": (2e-4, 7e-4, 2e-3, 6e-3, 2e-2)},
    "forest": {"leaves": (4, 8, 15, 31), "rate": (0.02, 0.04, 0.08), "rounds": (125, 250, 500)},
}
FIRST = {
    "trees": {"leaves": 31, "rate": 0.1},
    "shallow": {"rate": 2e-2},
    "deep": {"rate": 2e-3},
    "forest": {"leaves": 15, "rate": 0.04, "rounds": 250},
}
# From so many events on, the search only goes up its list from the settings of the smaller size.
UPWARDS = 100_000
# Networks on these inputs take the settings that were chosen with all columns.
TUNED_WITH = {"listed": "all", "high": "all"}
UCI_SEEDS, FOLDS, UCI_FEATURES = 3, 5, ("low", "high", "all")
TAUTAU_SEEDS = 2


def schedule(events):
    """Epochs, batch size and dropout for so many events: those of the nearest size."""
    nearest = min(SCHEDULE, key=lambda size: abs(np.log(size / events)))
    return SCHEDULE[nearest]


def fit_network(lesson, sample, *, hidden, rate, seed):
    """Train the lesson's network, keep its best epoch; return what ``fit`` does."""
    keras, (X, y, w) = lesson["keras"], sample
    epochs, batch, dropout = schedule(len(y))
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    train, choose = split(len(y), seed)
    scaled = lesson["standardiser"](X[train])
    steps = -(-len(train) // batch)
    model = lesson["network"](X.shape[1], epochs * steps, hidden=hidden, dropout=dropout, rate=rate)
    model.steps_per_execution = steps
    best = keras.callbacks.EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)
    target = y.astype("float32")[:, None]
    past = model.fit(
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
    return lambda Z: model.predict(scaled(Z), batch_size=8192, verbose=0)[:, 0], min(
        past.history["val_loss"]
    )


def fit_trees(lesson, sample, *, seed, **settings):
    """Train the lesson's trees, as many as suit the choose events; return what ``fit`` does."""
    X, y, w = sample
    train, choose = split(len(y), seed)
    model = lesson["trees"](seed, **settings)
    model.fit(
        X[train],
        y[train],
        sample_weight=w[train],
        X_val=X[choose],
        y_val=y[choose],
        sample_weight_val=w[choose],
    )
    return lambda Z: model.predict_proba(Z)[:, 1], -model.validation_score_.max()


def fit(lesson, kind, sample, seed, settings):
    """Train one of the three models on ``(X, y, weights)``.

    Returns
    -------
    score : callable
        From inputs to scores.
    loss : float
        Of the tenth of the events that chose the epoch or the number of trees.
    """
    if kind == "trees":
        return fit_trees(lesson, sample, seed=seed, **settings)
    return fit_network(lesson, sample, hidden=HIDDEN[kind], seed=seed, **settings)


# ---------------------------------------------------------------- settings


def climb(grid, start, loss, steps=(1, -1)):
    """Point of a list with the smallest loss, from ``start`` on, until its neighbours are worse.

    Parameters
    ----------
    grid : sequence
    start : object
        One of them.
    loss : callable
        From a point to its loss.
    steps : sequence of int
        Which neighbours are tried.
    """
    best = grid.index(start)
    while True:
        near = [best + step for step in (0, *steps) if 0 <= best + step < len(grid)]
        better = min(near, key=lambda k: loss(grid[k]))
        if better == best:
            return grid[best]
        best = better


def chosen(kind, start, loss, steps=(1, -1)):
    """Find settings with the smallest loss on the choose events, one after the other.

    Parameters
    ----------
    kind : str
        One of the models.
    start : dict
        Settings to begin with.
    loss : callable
        From settings to their loss.
    steps : sequence of int
        As of ``climb``.
    """
    best = dict(start)
    for name, grid in GRIDS[kind].items():
        best[name] = climb(
            grid, best[name], lambda value, name=name: loss({**best, name: value}), steps
        )
    return best


def told(settings):
    """Write settings as part of a cell's name."""
    return "x".join(f"{value:g}" for value in settings.values())


def read(kind, words):
    """Undo ``told``."""
    values = map(float, words.split("x"))
    names = GRIDS[kind]
    return {name: int(v) if name == "leaves" else v for name, v in zip(names, values, strict=True)}


def tried(cells, sample, which, kind):
    """Mean loss on the choose events for all settings there are, over the seeds that all have."""
    losses = {}
    for path in sorted(cells.folder.glob(f"{sample}-{which}-{kind}-*-choose.npz")):
        words, seed = path.name.split("-")[-3:-1]
        losses.setdefault(words, {})[seed] = float(np.load(path)["score"][0])
    shared = set.intersection(*map(set, losses.values())) if losses else ()
    return {words: float(np.mean([each[k] for k in shared])) for words, each in losses.items()}


def best(cells, sample, which, kind):
    """Find the settings with the smallest loss so far, or None."""
    losses = tried(cells, sample, which, kind)
    return read(kind, min(losses, key=losses.get)) if losses else None


def settle(cells, size, which, kind, loss):
    """Choose settings, beginning with those of the next smaller size."""
    if kind != "trees" and which in TUNED_WITH:
        loss(best(cells, size, TUNED_WITH[which], kind) or FIRST[kind])
        return
    smaller = [best(cells, n, which, kind) for n in sorted(SIZES) if n < size]
    starts = [start for start in smaller if start] or [FIRST[kind]]
    chosen(kind, starts[-1], loss, (1,) if size >= UPWARDS else (1, -1))


# ---------------------------------------------------------------- learning curves


def cell_name(size, which, kind, settings, seed):
    return f"{size} {which} {kind} {told(settings)} {seed}"


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
    """Train what is not there yet, small sizes first; each seed takes other events."""
    lesson, test, events = recipe(LESSON), data.load("heavy_higgs"), pool(folder)
    events = events.iloc[: max(size * len(seeds_of(size)) for size in sizes)]
    y = events["Label"].to_numpy()
    seen = {
        which: [lesson["inputs"](sample, which).astype("float32") for sample in (events, test)]
        for which in features
    }

    def loss_of(size, which, kind, settings):
        losses = []
        for seed in seeds_of(size):
            rows = slice(seed * size, (seed + 1) * size)
            sample = seen[which][0][rows], y[rows], np.ones(size, "float32")
            name = cell_name(size, which, kind, settings, seed)
            train = partial(fit, lesson, kind, sample, seed, settings)
            losses.append(kept(cells, name, train, seen[which][1]))
        return float(np.mean(losses))

    for size, which, kind in product(sorted(sizes), features, models):
        if kind == "shallow" and which in TUNED_WITH:
            continue
        settle(cells, size, which, kind, partial(loss_of, size, which, kind))


def kept(cells, name, train, X_test):
    """Loss on the choose events of a training, which is done if it is not there."""
    if cells.get(f"{name} choose") is None:
        begin = cpu_seconds()
        score, loss = train()
        cells.put(name, score(X_test), cpu_seconds() - begin)
        cells.put(f"{name} choose", np.array([loss]), 0.0)
        say(f"{name:32s} choose {loss:.4f}  {cpu_seconds() - begin:6.0f} CPU s")
    return float(cells.get(f"{name} choose")[0][0])


def collected(cells, sizes):
    """All that is there: AUC of each model at each size, and differences with paired errors."""
    y = data.load("heavy_higgs")["Label"].to_numpy()
    found = {size: all_scores(cells, size, seeds_of(size)) for size in sizes}
    return {
        str(size): told_apart(cells, size, summary(y, scores))
        for size, scores in found.items()
        if scores
    }


def told_apart(cells, sample, found):
    """Add to each model its settings, and the loss on the choose events of all that were tried."""
    for name, model in found["models"].items():
        kind, which = name.split()
        model["settings"] = best(cells, sample, which, kind)
        model["tried"] = tried(cells, sample, which, kind)
    return found


def all_scores(cells, sample, seeds):
    """Scores and CPU seconds of the trainings with the best settings, by model and columns."""
    found = {}
    for which, kind in product(FEATURES, MODELS):
        if settings := best(cells, sample, which, kind):
            names = [cell_name(sample, which, kind, settings, seed) for seed in seeds]
            found[f"{kind} {which}"] = cells.of(names)
    return found


def summary(y, scores, weights=1.0):
    """AUC of each model with the errors of test and training, and the paired differences."""
    return compare(y, scores, weights, pairs=PAIRS)


# ---------------------------------------------------------------- published events


def read_uci(path):
    """Events in GeV and labels of the excerpt, whose columns have no names of their own."""
    from hepml.data.recipes.heavy_higgs import in_gev
    from hepml.data.schemas import HIGGS_HIGH, HIGGS_LOW

    events = data.read(path)
    y = events.pop("response").to_numpy(np.int8)
    events.columns = [column.name for column in (*HIGGS_LOW, *HIGGS_HIGH)]
    return in_gev(events.astype("float64")), y


def uci(path, seeds=UCI_SEEDS, features=UCI_FEATURES, only_folds=None, settings=None):
    """Measure the recipe in cross-validation on published events: its parts, and their mean.

    ``settings`` are those of each fold, by feature set; by default they are searched for.
    """
    from sklearn.model_selection import StratifiedKFold

    lesson = recipe(LESSON)
    events, y = read_uci(path)
    result = {"events": len(y)}
    for which in features:
        X = lesson["inputs"](events, which)
        splits = list(StratifiedKFold(FOLDS, shuffle=True, random_state=1).split(X, y))[:only_folds]
        chosen_here = settings[which] if settings else [
            settings_of_fold(lesson, X[train], y[train]) for train, _ in splits
        ]  # fmt: skip
        scores, tested = out_of_fold(lesson, (X, y), seeds, splits, chosen_here)
        result[which] = {
            name: dict(zip(("auc", "auc_error"), measured(y[tested], score), strict=True))
            for name, score in scores.items()
        }
        result[which]["settings"] = chosen_here
        say(which, {name: round(result[which][name]["auc"], 4) for name in scores})
    return result


def settings_of_fold(lesson, X, y):
    """Choose the settings of a committee by the AUC on a tenth of the events of its fold.

    Not by the loss: a fixed number of epochs makes networks too sure of themselves, which costs
    loss and no AUC, so that too small rates would be chosen.
    """
    train, choose = split(len(y), 0)

    def of_trees(settings):
        model = lesson["trees"](0, **settings).set_params(early_stopping=False)
        return -stats.auc(y[choose], model.fit(X[train], y[train]).predict_proba(X[choose])[:, 1])

    forest = chosen("forest", FIRST["forest"], cache(of_trees))

    def of_networks(settings):
        quick = {"leaves": 4, "rate": 0.1, "rounds": 1}  # trees that nobody asks
        groups = lesson["committee"](X[train], y[train], 1, forest=quick, **settings)
        return -stats.auc(y[choose], dict(groups)["networks"](X[choose]))

    return {"forest": forest, **chosen("deep", FIRST["deep"], cache(of_networks))}


def cache(loss):
    """Remember the losses of settings that were tried."""
    known = {}

    def remembered(settings):
        key = tuple(settings.items())
        if key not in known:
            known[key] = loss(settings)
        return known[key]

    return remembered


def measured(y, score):
    curve = stats.roc_curve(y, score)
    return float(curve.auc), float(curve.auc_error)


def out_of_fold(lesson, sample, seeds, splits, settings):
    """Scores of events by models that were trained without their fold, and their rows."""
    X, y = sample
    parts = []
    for (train, test), found in zip(splits, settings, strict=True):
        members = lesson["committee"](X[train], y[train], seeds, **found)
        parts.append({name: score(X[test]) for name, score in members})
    tested = np.concatenate([test for _, test in splits])
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, tested


# ---------------------------------------------------------------- H to tau tau


def tautau(cells, seeds=TAUTAU_SEEDS, features=("low", "high", "all")):
    """Trees and deep network on primitive, derived and all columns, halves in turn."""
    lesson, events = recipe(LESSON), data.load("higgs_tautau")
    y, weights = events["Label"].to_numpy(), events["Weight"].to_numpy(float)
    half = np.random.default_rng(1).permutation(len(y)) % 2

    def loss_of(which, kind, settings, seed=0):
        X = lesson["tau_inputs"](events, which).astype("float32")
        name = cell_name("tautau", which, kind, settings, seed)
        train = partial(by_halves, lesson, kind, (X, y, weights, half), seed, settings)
        return kept(cells, name, train, X)

    for which, kind in product(features, ("trees", "deep")):
        settings = chosen(kind, FIRST[kind], partial(loss_of, which, kind))
        for seed in range(1, seeds):
            loss_of(which, kind, settings, seed)


def by_halves(lesson, kind, sample, seed, settings):
    """Score each half by a model trained on the other; return what ``fit`` does."""
    X, y, weights, half = sample
    score, losses = np.empty(len(y)), []
    for k in (0, 1):
        rows = half != k
        w = lesson["balanced"](y[rows], weights[rows]).astype("float32")
        model, loss = fit(lesson, kind, (X[rows], y[rows], w), seed, settings)
        score[~rows] = model(X[~rows])
        losses.append(loss)
    return lambda _: score, float(np.mean(losses))


def collected_tautau(cells):
    """As ``summary``, weighted, of what is there."""
    events = data.load("higgs_tautau")
    y, weights = events["Label"].to_numpy(), events["Weight"].to_numpy(float)
    found = summary(y, all_scores(cells, "tautau", range(TAUTAU_SEEDS)), weights)
    return told_apart(cells, "tautau", found)


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
        command="hepml data generate heavy_higgs --events 120000 --seed 2027 --out FOLDER; "
        "python -m benchmarks.deep_networks FOLDER --only curves; the same with --only tautau",
        data="curves: generated heavy_higgs to train, the bundled 80000 events to test; uci: the "
        "first 10000 events of the UCI set HIGGS, 5-fold; tautau: the bundled higgs_tautau, "
        "halves in turn",
        method="curves: one network of 300 (shallow) or 3 x 128 (deep) units; a tenth of the "
        "training events chooses the settings of each model (those tried stand beside it), the "
        "epoch and the number of trees; networks on listed and high take the settings of all; "
        "one training each, or two of small samples and of tautau; uci: settings chosen on a "
        "tenth of the events of each fold, three members; errors: bootstrap of the test events and "
        "the spread of several trainings; differences paired; AUC unweighted but for tautau; "
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
