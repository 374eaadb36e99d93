"""What a CNN twice as wide is worth, apart from the number of jets: for the lesson on jet images.

    python -m benchmarks.jet_widths

cuts the bundled jets without MPI into four parts. The CNN of the lesson, as wide as in class and
twice as wide, and the trees learn from more and more of three parts, with the schedule of
`benchmarks.jet_images`, and are tested on the fourth. Each training is kept in ``--cells``: run
the command again to go on. What is finished is recorded.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks import jet_images
from benchmarks.cells import Cells, compare, cpu_seconds, say, spread
from hepml import stats
from hepml_lessons.recipes import ROOT, recipe, record

NAME = "jet-images-width"
PARTS = 4
SIZES = (3_000, 10_000, 30_000)
WIDTHS = {"CNN": jet_images.SMALL, "CNN, twice as wide": jet_images.WIDE}
TREES = "BDT with the number"
MODELS = (*WIDTHS, TREES)
PAIRS = (
    ("CNN, twice as wide", "CNN"),
    ("CNN", TREES),
    ("CNN, twice as wide", TREES),
)


def rows(part, jets):
    """Rows to learn from, in an order that is mixed, and those of one part, to be tested on."""
    order = np.random.default_rng(2028).permutation(jets)
    of = np.arange(jets) * PARTS // jets
    return order[of != part], order[of == part]


def cell_name(size, model, part):
    return f"{size} {model} {part}".replace(",", "")


def todo(cells, parts):
    """Part, size and model of each training that is not there yet."""
    for part in range(parts):
        for size in SIZES:
            for model in MODELS:
                if cells.get(cell_name(size, model, part)) is None:
                    yield part, size, model


def fit(lesson, model, jets, seed):
    """Train trees or a CNN of some width; return a function to scores."""
    if model == TREES:
        return jet_images.fit_trees(lesson, model, jets, seed)
    return jet_images.fit_network(lesson, "CNN", jets, seed, WIDTHS[model])


def trainings(cells, parts):
    """Train what is not there yet."""
    waiting = list(todo(cells, parts))
    if not waiting:
        return
    lesson = recipe(jet_images.LESSON)
    every = jet_images.prepared(lesson, jet_images.bundled_jets())
    for part, size, model in waiting:
        begin = cpu_seconds()
        learn, judge = (every.rows(which) for which in rows(part, len(every.y)))
        score = fit(lesson, model, learn.rows(slice(size)), part)(judge)
        cpu = cpu_seconds() - begin
        cells.put(cell_name(size, model, part), score, cpu)
        auc = stats.auc(judge.y, score, judge.weights)
        say(f"part {part} {size:6d} {model:20s} AUC {auc:.4f}  {cpu:6.0f} CPU s")


def joined(parts):
    """Means over parts, which have no test jet in common, with their errors.

    The error is that of the test jets, or what the parts scatter (which has that of the training
    in it), whichever is larger.
    """

    def mean(found, value, error):
        values, errors = (np.array([one[key] for one in found]) for key in (value, error))
        of_mean = max(np.sqrt(np.sum(errors**2)) / len(errors), spread(values))
        return {value: float(values.mean()), error: float(of_mean)}

    models, differences = ([part[key] for part in parts] for key in ("models", "differences"))
    return {
        "models": {
            name: mean([one[name] for one in models], "auc", "auc_error") for name in models[0]
        },
        "differences": {
            pair: mean([one[pair] for one in differences], "difference", "error")
            for pair in differences[0]
        },
    }


def collected(cells):
    """Give for each size what each model reaches and their differences, of the finished parts."""
    table = jet_images.bundled_jets()
    y, weights = table["Label"].to_numpy(), table["Weight"].to_numpy(float)
    waiting = {(part, size) for part, size, _ in todo(cells, PARTS)}
    found = {}
    for size in SIZES:
        each = []
        for part in range(PARTS):
            if (part, size) not in waiting:
                _, judge = rows(part, len(y))
                scores = {model: cells.of([cell_name(size, model, part)]) for model in MODELS}
                each.append(compare(y[judge], scores, weights[judge], pairs=PAIRS))
        if each:
            found[str(size)] = {"parts": len(each)} | joined(each)
    return {"curves": found}


def main():
    """Train what is missing, and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=Path, default=ROOT / "build" / NAME)
    parser.add_argument("--parts", type=int, default=PARTS, help="train no more than so many")
    given = parser.parse_args()
    cells = Cells(given.cells)
    trainings(cells, given.parts)
    stopped = ", stopped and recorded with --parts 0" if any(todo(cells, PARTS)) else ""
    record(
        NAME,
        collected(cells),
        command=f"python -m benchmarks.jet_widths{stopped}",
        data="the 40000 bundled jets without MPI, trimmed, in four parts: trained on others than "
        "the one that is tested",
        method=f"CNN of the lesson with {jet_images.SMALL['filters']} filters and "
        f"{jet_images.SMALL['dense']} dense units, and with {jet_images.WIDE['filters']} and "
        f"{jet_images.WIDE['dense']}; epochs and batches as recorded for that many jets in "
        "jet-images; means over the parts; errors: bootstrap of the test jets, or the scatter of "
        "the parts if that is larger; differences on the same jets",
        packages=("numpy", "scikit-learn", "keras", "tensorflow-cpu"),
    )


if __name__ == "__main__":
    main()
