"""Two realistic tunes in place of interactions switched off: for the lesson on jet images.

    python -m benchmarks.jet_tunes FOLDER --events 5000

makes jets of the recipe `jets` with multi-parton interactions in the tune A14; those of the
bundled sample have Monash. Trees that learned from the bundled jets, with the towers that trimming
keeps and with all of them, are tested on both, and the result is recorded. Chunks of jets wait in
``FOLDER``: after Ctrl-C the same command goes on, and with ``--as-is`` takes what there is.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.cells import say
from benchmarks.jet_images import LESSON, QUANTITIES
from hepml import data, stats
from hepml.data._chunks import ChunkFolder, pack
from hepml.data.recipes.jets import RECIPE
from hepml_lessons.recipes import recipe, record

NAME = "jet-tunes"
TUNE = "Tune:pp = 21"
SEED = 2114
FOLDS = 5
A14 = replace(
    RECIPE,
    processes=tuple(replace(p, fraction=0.5) for p in RECIPE.processes if p.mpi),
    settings=(*RECIPE.settings, TUNE),
    chunk_events=250,
)
SEEN = {"trimmed": ["towers_kept"], "whole jet": ["towers_kept", "nconstituent"]}
"""What trees see beside mass, tau_21 and the distance of the subjets."""


def made(folder, events, *, as_is):
    """Jets of A14: those that are there, and those that are not yet, unless ``as_is``."""
    plan = {"recipe": A14.describe(), "events": events, "seed": SEED}
    kept = ChunkFolder(folder, plan)
    chunks = sorted(A14.chunks(events, SEED), key=lambda chunk: (chunk.index, chunk.process))
    for chunk in () if as_is else kept.missing(chunks):
        kept.write(chunk, pack(A14.run(chunk)))
        say("made", chunk.key)
    absent = {chunk.key for chunk in kept.missing(chunks)}
    chunks = sorted((c for c in chunks if c.key not in absent), key=lambda chunk: chunk.key)
    if len({chunk.process for chunk in chunks}) < len(A14.processes):
        raise SystemExit(f"{folder} does not hold jets of both kinds yet")
    groups = {}
    for chunk in chunks:
        groups.setdefault(chunk.group, []).append(kept.load(chunk, A14.summary))
    scales = A14.scales(groups)
    results = ((chunk, kept.load(chunk)) for chunk in chunks)
    return A14.table(results, scales, np.random.default_rng(SEED))


def quantities(columns):
    """Table of what trees may see, from columns with flat lists of towers."""
    number = np.asarray(columns["nconstituent"])
    jet = np.repeat(np.arange(len(number)), number)
    names = (*QUANTITIES, "Weight", "Label", "nconstituent")
    table = {name: np.asarray(columns[name], float) for name in names}
    kept = np.bincount(jet, np.asarray(columns["constituent_subjet"]) > 0, minlength=len(number))
    return pd.DataFrame(table | {"towers_kept": kept})


def bundled(mpi):
    """Bundled jets with multi-parton interactions (Monash) or without."""
    jets = data.load("jets")
    jets = jets[jets["mpi"] == mpi].reset_index(drop=True)
    lists = {"constituent_subjet": jets["constituent_subjet"].list.flatten()}
    return quantities({name: jets[name] for name in jets} | lists)


def inputs(jets, seen):
    return jets[[*QUANTITIES, *SEEN[seen]]].to_numpy()


def learned(lesson, jets, seen):
    """Trees of the lesson; returns a function to scores."""
    y, weights = jets["Label"].to_numpy(), jets["Weight"].to_numpy()
    model = lesson["trees"](inputs(jets, seen), y, lesson["balanced"](y, weights), 0)
    return lambda others: model.decision_function(inputs(others, seen))


def in_folds(lesson, jets, seen):
    """Scores of jets by trees that learned from the others."""
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(jets))
    scores = np.zeros(len(jets))
    for k in range(FOLDS):
        scores[fold == k] = learned(lesson, jets[fold != k], seen)(jets[fold == k])
    return scores


def all_scores(lesson, without, monash, a14):
    """Scores by what the trees learned from, what they see, and on which jets they are tested."""
    scores = {}
    for seen in SEEN:
        old, new = (learned(lesson, jets, seen) for jets in (without, monash))
        scores["without MPI", seen] = {"Monash": old(monash), "A14": old(a14)}
        scores["Monash", seen] = {"Monash": in_folds(lesson, monash, seen), "A14": new(a14)}
    return scores


def measured(jets, scores, threshold):
    """AUC, and what passes a cut, with errors."""
    curve = stats.roc_curve(jets["Label"].to_numpy(), scores, jets["Weight"].to_numpy())
    cut = stats.working_point(curve, threshold=threshold)
    return {
        "auc": curve.auc,
        "auc_error": curve.auc_error,
        "signal_efficiency": cut.signal_efficiency,
        "signal_efficiency_error": cut.signal_efficiency_error,
        "background_efficiency": cut.background_efficiency,
        "background_efficiency_error": cut.background_efficiency_error,
    }


def gained(jets, whole, trimmed, repeats=200):
    """Gain in AUC of the whole jet, and its error from draws of jets that both share."""
    y, weights = jets["Label"].to_numpy(), jets["Weight"].to_numpy()
    rng = np.random.default_rng(1)

    def gain(weights):
        return stats.auc(y, whole, weights) - stats.auc(y, trimmed, weights)

    drawn = [gain(weights * rng.poisson(1, len(y))) for _ in range(repeats)]
    return {"gain": float(gain(weights)), "error": float(np.std(drawn))}


def compared(scores, tunes):
    """Put together what is recorded: each model on each tune, and the gain of the whole jet."""
    found = {}
    for (trained, seen), each in scores.items():
        monash = tunes["Monash"]
        curve = stats.roc_curve(
            monash["Label"].to_numpy(), each["Monash"], monash["Weight"].to_numpy()
        )
        threshold = stats.working_point(curve, signal_efficiency=0.5).threshold
        of = {tune: measured(jets, each[tune], threshold) for tune, jets in tunes.items()}
        found.setdefault(trained, {})[seen] = of
    for trained, of in found.items():
        whole, trimmed = (scores[trained, seen] for seen in ("whole jet", "trimmed"))
        of["gain"] = {t: gained(jets, whole[t], trimmed[t]) for t, jets in tunes.items()}
    return found


def counts(jets):
    return {"W": int(jets["Label"].sum()), "QCD": int((jets["Label"] == 0).sum())}


def main():
    """Make jets, compare, and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--events", type=int, default=5_000)
    parser.add_argument("--as-is", action="store_true", help="make no more jets")
    given = parser.parse_args()
    if given.folder is None:
        say("skipped: name a FOLDER for the jets")
        return
    a14 = quantities(made(given.folder, given.events, as_is=given.as_is))
    tunes = {"Monash": bundled(1), "A14": a14}
    scores = all_scores(recipe(LESSON), bundled(0), **{k.lower(): v for k, v in tunes.items()})
    record(
        NAME,
        {
            "jets": {tune: counts(jets) for tune, jets in tunes.items()},
            "trained": compared(scores, tunes),
        },
        command=f"python -m benchmarks.jet_tunes FOLDER --events {given.events}"
        + (", stopped and recorded with --as-is" if given.as_is else ""),
        data="bundled jets, with MPI (Pythia's default tune, Monash 2013) and without; jets of the "
        f"same recipe with MPI and {TUNE} (A14 with NNPDF2.3LO), seed {SEED}",
        method="the trees of the lesson on mass, tau_21, distance of the subjets and the number of "
        "towers that trimming keeps; 'whole jet': and the number of all towers; trained on the "
        f"bundled jets without MPI, or on those with it (tested on themselves in {FOLDS} folds); "
        "the cut keeps half of the W jets of Monash; errors of the test jets alone, that of the "
        "gain paired",
        packages=("numpy", "scikit-learn", "pythia8mc", "fastjet"),
    )


if __name__ == "__main__":
    main()
