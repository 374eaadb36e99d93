"""Networks on trimmed and on whole jets, without and with multi-parton interactions.

    python -m benchmarks.jet_worlds

trains the CNN of the lesson on jet images on bundled jets without interactions, trimmed and whole,
tests both on other jets without and with, and trains the second a little further on half of the
jets with interactions. What they reach, and what a cut chosen without interactions keeps with
them, is recorded.
"""

import argparse

import numpy as np

from benchmarks.cells import say, spread
from hepml import data, stats
from hepml_lessons.recipes import recipe, record

NAME, LESSON = "jet-worlds", "jet-images"
CNN = {"filters": (8, 16), "window": 3, "bend": "relu"}
EPOCHS, FURTHER, BATCH = 5, 8, 128
SHARES = (0.55, 0.1, 0.35)  # to train, to choose and to test, as in the lesson
MODELS = ("CNN, trimmed", "CNN, whole jet", "CNN, whole jet, trained further")
VALUES = ("auc", "auc_with", "signal_efficiency")


def samples():
    """Bundled jets without interactions, and those with them."""
    jets = data.load("jets")
    return [jets[jets["mpi"] == mpi].reset_index(drop=True) for mpi in (0, 1)]


def pictures(lesson, jets, *, trimmed):
    """Make images of some jets, as the network of the lesson sees them."""
    towers = lesson["towers_of"](jets.reset_index(drop=True), trimmed)
    return lesson["exposed"](lesson["pixelated"](lesson["jet_frame"](towers)))


def fit(lesson, model, X, jets, epochs):
    """Train on some jets, with the weights of the lesson."""
    y, weights = jets["Label"].to_numpy(), jets["Weight"].to_numpy(float)
    model.fit(
        X,
        y.astype("float32")[:, None],
        sample_weight=lesson["balanced"](y, weights),
        batch_size=BATCH,
        epochs=epochs,
        verbose=0,
    )


def steps(jets, epochs):
    return epochs * -(-len(jets) // BATCH)


def compared(without, new, scores):
    """Give AUCs without and with interactions, and what a cut at half of the W keeps with them."""
    old_curve, new_curve = (
        stats.roc_curve(jets["Label"].to_numpy(), score, jets["Weight"].to_numpy(float))
        for jets, score in zip((without, new), scores, strict=True)
    )
    cut = stats.working_point(old_curve, signal_efficiency=0.5).threshold
    at = stats.working_point(new_curve, threshold=cut)
    return {
        "auc": old_curve.auc,
        "auc_error": old_curve.auc_error,
        "auc_with": new_curve.auc,
        "auc_with_error": new_curve.auc_error,
        "signal_efficiency": at.signal_efficiency,
        "signal_efficiency_error": at.signal_efficiency_error,
    }


def trained(lesson, jets, mixed, seed, epochs=EPOCHS):
    """Train all models once, with a split of their own; return what each reaches."""
    rng = np.random.default_rng(seed)
    part = rng.choice(3, size=len(jets), p=SHARES)
    train, test = (jets[part == k] for k in (0, 2))
    half = rng.random(len(mixed)) < 0.5
    learn, judge = mixed[half], mixed[~half]
    found = {}
    for name, trimmed in zip(MODELS[:2], (True, False), strict=True):
        seen = [pictures(lesson, each, trimmed=trimmed) for each in (test, judge)]
        lesson["keras"].utils.set_random_seed(seed)
        model = lesson["image_network"](steps(train, epochs), **CNN)
        fit(lesson, model, pictures(lesson, train, trimmed=trimmed), train, epochs)
        found[name] = compared(test, judge, [predicted(model, X) for X in seen])
    lesson["compiled"](model, steps(learn, FURTHER), rate=1e-3)
    fit(lesson, model, pictures(lesson, learn, trimmed=False), learn, FURTHER)
    found[MODELS[2]] = compared(test, judge, [predicted(model, X) for X in seen])
    return found


def predicted(model, X):
    return model.predict(X, batch_size=1024, verbose=0)[:, 0]


def joined(each):
    """Means over trainings; errors of the test jets or of the trainings, whichever is larger."""

    def mean(found, key):
        values, errors = (np.array([one[of] for one in found]) for of in (key, f"{key}_error"))
        error = max(errors.mean(), spread(values))
        return {key: float(values.mean()), f"{key}_error": float(error)}

    result = {}
    for name in MODELS:
        found = [one[name] for one in each]
        result[name] = {k: v for key in VALUES for k, v in mean(found, key).items()}
    return result


def main():
    """Train, and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trainings", type=int, default=3)
    given = parser.parse_args()
    lesson, (jets, mixed), each = recipe(LESSON), samples(), []
    for seed in range(given.trainings):
        each.append(trained(lesson, jets, mixed, seed))
        for name, held in each[-1].items():
            say(seed, name, *(f"{key} {held[key]:.3f}" for key in VALUES))
    record(
        NAME,
        {"trainings": len(each), "models": joined(each)},
        command=f"python -m benchmarks.jet_worlds --trainings {given.trainings}",
        data="the bundled jets: 40000 without MPI, 55 % to train and 35 % to test, and those with "
        "MPI, half to train further and half to test",
        method=f"CNN of the lesson at the size for a class, {EPOCHS} epochs, then {FURTHER} on "
        "jets with MPI; means over trainings on splits and seeds of their own; errors: of the "
        "test jets, or the scatter of the trainings if that is larger; the cut keeps half of the "
        "W jets without MPI",
        packages=("numpy", "keras", "tensorflow-cpu"),
    )


if __name__ == "__main__":
    main()
