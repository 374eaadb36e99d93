"""What the lesson on jet images shows as recorded: trees and networks on more and more jets.

    python -m benchmarks.jet_images FOLDER

reads ``FOLDER/jets.root``, as ``python -m benchmarks.many_jets FOLDER`` writes it, and trains the
lesson's models on more and more of it; all bundled jets without MPI are the test. Each finished
training is kept in ``--cells``, apart for each length of the file: run the command again to go on,
or with a file that has grown. Of each size, the trainings on the longest file are put together in
``hepml_lessons/recorded/jet-images.json``.
"""

import argparse
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.cells import Cells, compare, cpu_seconds, say, split
from hepml import data, stats
from hepml_lessons.recipes import ROOT, recipe, record

LESSON = "jet-images"
SIZES = (300, 1_000, 3_000, 10_000, 30_000, 100_000)
STEP = 5_000  # the largest size is all jets there are, rounded down to this
SEEDS = {300: 6, 1_000: 4, 3_000: 3, 10_000: 3}
LARGE_SEEDS = 2  # at other sizes
LENGTH = 40  # towers of a jet that Deep Sets see
QUANTITIES = ("jet_mass", "tau_21", "jet_delta_R")
MODELS = ("BDT", "BDT with the number", "Deep Sets", "CNN")
PAIRS = (
    ("CNN", "BDT"),
    ("CNN", "BDT with the number"),
    ("Deep Sets", "BDT"),
    ("CNN", "Deep Sets"),
)
# Training jets: epochs, batch size, CNN.
SMALL = {"filters": (8, 16), "dense": 48}
WIDE = {"filters": (16, 32), "dense": 64}
SCHEDULE = {
    300: (60, 16, SMALL),
    1_000: (40, 32, SMALL),
    3_000: (30, 64, SMALL),
    10_000: (30, 128, SMALL),
    30_000: (24, 128, WIDE),
    100_000: (20, 128, WIDE),
}


class Jets(NamedTuple):
    """What the models see of some jets, and what they are to say of them."""

    y: np.ndarray
    weights: np.ndarray
    quantities: np.ndarray
    images: np.ndarray
    towers: np.ndarray
    mask: np.ndarray

    def rows(self, which):
        return Jets(*(part[which] for part in self))

    def inputs(self, model):
        """Arrays for one of the models."""
        if model == "BDT":
            return [self.quantities]
        if model == "BDT with the number":
            filled = np.count_nonzero(self.images, axis=(1, 2))
            return [np.column_stack([self.quantities, filled])]
        return [self.images[..., None]] if model == "CNN" else [self.towers, self.mask]


def prepared(lesson, jets):
    """Trimmed jets in the frame of the lesson, as images and as sets."""
    towers = lesson["jet_frame"](lesson["towers_of"](jets))
    return Jets(
        jets["Label"].to_numpy(),
        jets["Weight"].to_numpy(float),
        jets[list(QUANTITIES)].to_numpy(float),
        lesson["exposed"](lesson["pixelated"](towers))[..., 0],
        *lesson["towers_as_set"](towers, LENGTH),
    )


def schedule(jets):
    """Epochs, batch size and CNN for so many jets: those of the nearest size."""
    return SCHEDULE[min(SCHEDULE, key=lambda size: abs(np.log(size / jets)))]


def network(lesson, model, shape, steps, shown):
    """Build the lesson's network."""
    if model == "CNN":
        return lesson["image_network"](steps, **shown)
    return lesson["set_network"](steps, shape)


def fit_network(lesson, model, jets, seed, shape=None):
    """Train a network of the lesson, keep its best epoch; return a function to scores.

    ``shape`` is that of the CNN, if not the one of the schedule.
    """
    keras = lesson["keras"]
    epochs, batch, shown = schedule(len(jets.y))
    shown = shape or shown
    keras.utils.set_random_seed(seed)
    train, choose = (jets.rows(rows) for rows in split(len(jets.y), seed))
    steps = epochs * -(-len(train.y) // batch)
    fitted = network(lesson, model, jets.towers.shape[1:], steps, shown)
    X, y, weights = for_fit(lesson, model, train)
    fitted.fit(
        X,
        y,
        sample_weight=weights,
        validation_data=for_fit(lesson, model, choose),
        validation_batch_size=4096,
        batch_size=batch,
        epochs=epochs,
        callbacks=[
            keras.callbacks.EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)
        ],
        verbose=0,
    )
    return lambda others: predicted(fitted, for_network(model, others))


def predicted(model, X):
    return model.predict(X, batch_size=4096, verbose=0)[:, 0]


def for_fit(lesson, model, jets):
    """Give inputs, labels and weights as Keras wants them."""
    weights = lesson["balanced"](jets.y, jets.weights).astype("float32")
    return for_network(model, jets), jets.y.astype("float32")[:, None], weights


def for_network(model, jets):
    inputs = jets.inputs(model)
    return inputs if len(inputs) > 1 else inputs[0]


def fit_trees(lesson, model, jets, seed):
    """Train the lesson's trees; return a function to scores."""
    weights = lesson["balanced"](jets.y, jets.weights)
    fitted = lesson["trees"](*jets.inputs(model), jets.y, weights, seed)
    return lambda others: fitted.decision_function(*others.inputs(model))


def fit(lesson, model, jets, seed):
    """Train one of the four models; return a function to scores."""
    train = fit_trees if model.startswith("BDT") else fit_network
    return train(lesson, model, jets, seed)


# ---------------------------------------------------------------- learning curves


def cell_name(size, model, seed):
    return f"{size} {model} {seed}"


def seeds_of(size):
    return range(SEEDS.get(size, LARGE_SEEDS))


def rows_of(size, seed, available):
    """Jets of one training: none of another seed's, if there are enough; else as few as can be."""
    first = min(seed * size, available - size)
    return slice(first, first + size)


def sizes_for(available):
    """Sizes for so many jets: at the end all of them, if that is a step to speak of."""
    sizes = [size for size in SIZES if size <= available]
    most = available // STEP * STEP
    return [*sizes, most] if sizes and most >= 1.5 * sizes[-1] else sizes


def many_jets(folder):
    """Read the many jets, in the order of the file, which is mixed."""
    path = Path(folder) / "jets.root"
    if not path.exists():
        raise SystemExit(f"no jets.root in {folder}: python -m benchmarks.many_jets {folder}")
    return data.read(path)


def bundled_jets():
    """All bundled jets without MPI."""
    jets = data.load("jets")
    return jets[jets["mpi"] == 0].reset_index(drop=True)


def todo(cells, sizes, available, models=MODELS):
    """Sizes, seeds and models that are not there yet, small ones first."""
    for size in sorted(sizes):
        for seed in seeds_of(size) if size <= available else ():
            for model in models:
                if cells.get(cell_name(size, model, seed)) is None:
                    yield size, seed, model


def curves(jets, cells, sizes, models=MODELS):
    """Train what is not there yet."""
    waiting = list(todo(cells, sizes, len(jets), models))
    if not waiting:
        return
    lesson = recipe(LESSON)
    test, many = prepared(lesson, bundled_jets()), prepared(lesson, jets)
    for size, seed, model in waiting:
        begin = cpu_seconds()
        sample = many.rows(rows_of(size, seed, len(jets)))
        score = fit(lesson, model, sample, seed)(test)
        cpu = cpu_seconds() - begin
        cells.put(cell_name(size, model, seed), score, cpu)
        auc = stats.auc(test.y, score, test.weights)
        say(f"{size:8d} {model:20s}{seed} AUC {auc:.4f}  {cpu:6.0f} CPU s")


def physics(jets, most=30_000):
    """Likelihood ratio of each quantity, and trees of two, as in the lesson; not kept in cells."""
    lesson, test, many = recipe(LESSON), bundled_jets(), jets.iloc[:most]
    y, y_test = (each["Label"].to_numpy() for each in (many, test))
    weights = lesson["balanced"](y, many["Weight"].to_numpy(float))
    scores = {}
    for name in QUANTITIES:
        x, x_test = (each[name].to_numpy(float) for each in (many, test))
        scores[name] = [(lesson["likelihood_ratio"](x, y, weights)(x_test), 0.0)]
    X, X_test = (each[list(QUANTITIES[:2])].to_numpy(float) for each in (many, test))
    trees = lesson["trees"](X, y, weights, 0)
    scores[" and ".join(QUANTITIES[:2])] = [(trees.decision_function(X_test), 0.0)]
    found = compare(
        y_test, scores, test["Weight"].to_numpy(float), pairs=(), quantities=("auc", "rejection")
    )
    kept = ("auc", "auc_error", "rejection", "rejection_error")
    models = {name: {key: held[key] for key in kept} for name, held in found["models"].items()}
    return {"jets": len(many), "models": models}


def finished(folder):
    """Sizes of which all trainings that the file allows are there, with their cells."""
    cells, available = Cells(folder), jets_of(folder)
    there = {int(path.name.split("-")[0]) for path in folder.glob("*.npz")}
    return {size: cells for size in there if not list(todo(cells, [size], available))}


def folder_for(cells, jets):
    return cells / f"{jets}-jets"


def jets_of(folder):
    return int(folder.name.split("-")[0])


def collected(folder):
    """Give what each model reaches at each size, differences, and how many jets there were."""
    test = bundled_jets()
    y, weights = test["Label"].to_numpy(), test["Weight"].to_numpy(float)
    held = {}
    for one in sorted(folder.glob("*-jets"), key=jets_of):
        held |= finished(one)
    return {
        str(size): {"jets": jets_of(cells.folder)}
        | compare(y, all_scores(cells, size), weights, pairs=PAIRS, quantities=("auc", "rejection"))
        for size, cells in sorted(held.items())
    }


def all_scores(cells, size):
    """Scores and CPU seconds of each training that is there, by model."""
    return {
        model: cells.of(cell_name(size, model, seed) for seed in seeds_of(size)) for model in MODELS
    }


def method():
    """Describe the trainings and their errors, in one line."""
    wide = min(size for size, (*_, shown) in SCHEDULE.items() if shown is WIDE)
    epochs = ", ".join(f"{epochs} at {size}" for size, (epochs, *_) in SCHEDULE.items())
    trainings = ", ".join(f"{count} at {size}" for size, count in SEEDS.items())
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    return (
        "the recipe of the lesson; BDT: mass, tau_21 and the distance of the subjets, 'with the "
        "number': and the number of filled pixels; weights balanced in training and as they are "
        "in the test; 10 % of the training jets choose the epoch of a network; the CNN has "
        f"{SMALL['filters']} filters and {SMALL['dense']} dense units, {WIDE['filters']} and "
        f"{WIDE['dense']} from {wide} jets on; Deep Sets see {LENGTH} towers; epochs {epochs} (or "
        "the nearest size); errors: bootstrap of the test jets and the spread of several trainings "
        f"({trainings}, else {LARGE_SEEDS}), on different jets as far as there are enough for that "
        "and with other seeds; differences paired; rejection "
        "is 1/eps_b at eps_s = 0.5; known: likelihood ratios of single quantities, and a BDT of "
        f"two; Keras on {backend}, CPU"
    )


def save(curves, known):
    """Write the recording."""
    jets = sorted({point["jets"] for point in curves.values()})
    record(
        LESSON,
        {"curves": curves, "known": known},
        command="python -m benchmarks.many_jets FOLDER --events 200000 --seed 2027, stopped and "
        f"written with --as-is after {' and '.join(map(str, jets))} jets; "
        "python -m benchmarks.jet_images FOLDER",
        data="trained on generated jets without MPI, trimmed; tested on the 40000 bundled jets "
        "without MPI, of another seed",
        method=method(),
        packages=("numpy", "scikit-learn", "keras", "tensorflow-cpu"),
    )


def main():
    """Train what is missing, and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--sizes", nargs="+", type=int, help="default: up to all jets there are")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--cells", type=Path, default=ROOT / "build" / LESSON)
    parser.add_argument("--as-is", action="store_true", help="record what there is, train nothing")
    given = parser.parse_args()
    if given.folder is None:
        say("skipped: name the FOLDER of the generated jets")
        return
    jets = many_jets(given.folder)
    sizes = given.sizes or sizes_for(len(jets))
    if not given.as_is:
        curves(jets, Cells(folder_for(given.cells, len(jets))), sizes, given.models)
    save(collected(given.cells), physics(jets))


if __name__ == "__main__":
    main()
