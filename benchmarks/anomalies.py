"""What the lesson on anomalies shows as recorded: false alarms, power, and a real challenge.

    python -m benchmarks.anomalies --cells FOLDER [--pairs 500] [--trials 80]
    python -m benchmarks.anomalies --cells FOLDER --challenge FILE

The first tests pairs of samples with the functions of the lesson's cells tagged ``recipe``: pairs
without any difference, and pairs of which one was distorted (`data.distort`). The second scores
the events of the detector-anomaly challenge of 2016, which may not be shipped. Each finished part
is kept in the folder: run the command again to go on. Whatever is there is put together in
``hepml_lessons/recorded/anomalies.json``.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before any library starts its threads

import numpy as np

from benchmarks.cells import cpu_seconds, say
from hepml import data, stats
from hepml.files import write_text
from hepml_lessons.recipes import recipe, record

LESSON = "anomalies"
LEVEL = 0.05
EVENTS = 6000  # of each sample
FEW = 1500
FOLDED = 1000  # of each sample, where scores are out of fold
PAIRS, TRIALS = 500, 80
PERMUTATIONS = 499
MANY = 3999  # where the smallest p of thirty must be small enough to ring by Sidak's formula
CHUNK = 20  # pairs of one part
SEED = 2016


class Parts:
    """Results of each part, one file each, so that a run can go on where it was interrupted."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def get(self, name, make):
        """Read a part, or make and keep it."""
        path = self.folder / f"{name}.json"
        if not path.exists():
            before = cpu_seconds()
            made = json.dumps(make())
            write_text(path, made)
            say(name, f"{cpu_seconds() - before:.0f} s")
        return json.loads(path.read_text())

    def all(self, prefix):
        """Rows of all parts that are there whose names begin so, in order."""
        paths = self.folder.glob(f"{prefix}-*.json")
        ordered = sorted(paths, key=lambda path: int(path.stem.rsplit("-", 1)[1]))
        return [row for path in ordered for row in json.loads(path.read_text())]


# ---------------------------------------------------------------- pairs of samples


def events_of(lesson):
    """All events that look like data, with the differences of recomputed features."""
    kept = lesson["like_data"](data.load("higgs_tautau"), np.random.default_rng(SEED))
    return lesson["with_differences"](kept)


def distorted(lesson, events, kind):
    """All these events with the distortion, of the challenge's strength, with their old names."""
    bad = data.distort(plain(events), kind, data.DISTORTIONS[kind].challenge, SEED)
    return lesson["with_differences"](bad)


def pair(events, bad, size, seed):
    """Two samples of good and of bad events, no event in both."""
    order = np.random.default_rng([SEED, size, seed]).permutation(len(events))
    rest = order[size:][np.isin(order[size:], bad.index)]
    return events.loc[order[:size]], bad.loc[rest[:size]]


def plain(events):
    return events[[name for name in events if not name.endswith(" off")]]


def tested(lesson, good, bad, seed, differences):
    """All p-values of one pair: of trees and histograms, without and with the differences."""
    found, tables = {}, {"": (plain(good), plain(bad))}
    if differences:
        tables[" and differences"] = good, bad
    for what, (a, b) in tables.items():
        test = lesson["told_apart"](a, b, seed, PERMUTATIONS)[0]
        columns = lesson["histograms"](a, b, seed, PERMUTATIONS)
        found |= {
            f"classifier{what}": test.p_value,
            f"AUC{what}": round(test.statistic, 4),
            f"KS{what}": columns.p_value,
        }
    return found


def thirty(lesson, good, bad, seed):
    """Take the smallest p of all histograms as it is, and make it one p by two rules."""
    columns = lesson["histograms"](plain(good), plain(bad), seed, MANY)
    local = min(one.p_value for one in columns.tests.values())
    return {"KS": columns.p_value, "KS local": local, "KS Sidak": columns.sidak}


def folded(lesson, good, bad, seed):
    """Test out-of-fold scores, as one should not."""
    both = lesson["pd"].concat([good, bad])
    X = both[lesson["FEATURES"]].to_numpy()
    y = np.repeat([0, 1], [len(good), len(bad)])
    folds = lesson["StratifiedKFold"](5, shuffle=True, random_state=seed)
    score = lesson["cross_val_predict"](
        lesson["small_trees"](seed), X, y, cv=folds, method="predict_proba",
        params={"sample_weight": both["Weight"].to_numpy()},
    )[:, 1]  # fmt: skip
    samples = (score[y == k] for k in (0, 1))
    weights = (part["Weight"].to_numpy() for part in (good, bad))
    return stats.two_sample_test(
        *samples, *weights, statistic="auc", permutations=PERMUTATIONS, rng=seed
    ).p_value


def chunk(make, start):
    return [make(seed) for seed in range(start, start + CHUNK)]


def measure(lesson, parts, pairs, trials):
    """Fill the folder: a little of everything at a time."""
    events = events_of(lesson)
    bad = {kind: distorted(lesson, events, kind) for kind in data.DISTORTIONS}

    def test(name, start, size, other, *, differences=False):
        def one(seed):
            return tested(lesson, *pair(events, other, size, seed), seed, differences)

        parts.get(f"{name}-{start}", lambda: chunk(one, start))

    for start in range(0, max(pairs, trials), CHUNK):
        if start < pairs:
            test("null", start, EVENTS, events)
            parts.get(
                f"thirty-{start}",
                lambda start=start: chunk(
                    lambda seed: thirty(lesson, *pair(events, events, EVENTS, seed), seed), start
                ),
            )
            parts.get(
                f"folded-{start}",
                lambda start=start: chunk(
                    lambda seed: folded(lesson, *pair(events, events, FOLDED, seed), seed), start
                ),
            )
        if start < trials:
            for kind, other in bad.items():
                test(f"{kind}-{EVENTS}", start, EVENTS, other, differences=True)
                test(f"{kind}-{FEW}", start, FEW, other)


def share(p_values):
    """Share of p-values not above the level, and its binomial error."""
    hits, n = int(np.sum(np.asarray(p_values) <= LEVEL)), len(p_values)
    smoothed = (hits + 0.5) / (n + 1)  # so that 0 and 1 have an error, too
    error = np.sqrt(smoothed * (1 - smoothed) / n)
    return {"share": round(hits / n, 4), "error": round(float(error), 4), "of": n}


def shares(rows):
    """Shares of all p-values of some rows; means and spreads of the AUCs."""
    if not rows:
        return {}
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    found = {n: share(p) for n, p in columns.items() if not n.startswith("AUC")}
    for name, values in columns.items():
        if name.startswith("AUC"):
            spread = np.std(values, ddof=1)
            found[name] = {"mean": round(float(np.mean(values)), 4), "spread": round(spread, 4)}
    return found


def together(parts):
    """Put all that is in the folder into one result."""
    out_of_fold = parts.all("folded")
    found = {
        "level": LEVEL,
        "events": EVENTS,
        "few_events": FEW,
        "folded_events": FOLDED,
        "null": shares(parts.all("null"))
        | shares(parts.all("thirty"))
        | ({"out of fold": share(out_of_fold)} if out_of_fold else {}),
        "power": {kind: shares(parts.all(f"{kind}-{EVENTS}")) for kind in data.DISTORTIONS},
        "power_few": {kind: shares(parts.all(f"{kind}-{FEW}")) for kind in data.DISTORTIONS},
        "strengths": {kind: one.challenge for kind, one in data.DISTORTIONS.items()},
    }
    path = parts.folder / "challenge.json"
    return found | ({"challenge": json.loads(path.read_text())} if path.exists() else {})


# ---------------------------------------------------------------- the challenge


def challenge(path, folds=5, rounds=300, rows=slice(None)):
    """AUC and accuracy on the challenge's events, out of fold, of what one adds to them."""
    events = data.read(path).iloc[rows].reset_index(drop=True)
    y = events.pop("isSkewed").to_numpy()

    def off(tau_mass):
        found = data.derived_features(events, tau_mass=tau_mass)
        return (found - events[list(found)]).add_suffix(" off")

    massless = off(0.0)
    tables = {
        "features": events,
        "and differences to 0.1": events.assign(**massless.round(1)),
        "and differences": events.assign(**massless),
        "and differences, tau of 0.8 GeV": events.assign(**off(0.8)),
    }
    return {
        "events": len(y),
        "folds": folds,
        "rounds": rounds,
    } | {name: scored(X.to_numpy(float), y, folds, rounds) for name, X in tables.items()}


def scored(X, y, folds, rounds):
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    model = HistGradientBoostingClassifier(max_iter=rounds, random_state=0)
    split = StratifiedKFold(folds, shuffle=True, random_state=1)
    score = cross_val_predict(model, X, y, cv=split, method="predict_proba")[:, 1]
    curve, right = stats.roc_curve(y, score), np.mean((score > 0.5) == y)
    return {
        "AUC": round(float(curve.auc), 4),
        "AUC_error": round(float(curve.auc_error), 4),
        "accuracy": round(float(right), 4),
        "accuracy_error": round(float(np.sqrt(right * (1 - right) / len(y))), 4),
    }


def save(parts):
    """Write the recording of what is in the folder."""
    record(
        LESSON,
        together(parts),
        command="python -m benchmarks.anomalies --cells FOLDER, and again with --challenge FILE",
        data="higgs_tautau, as shipped, made to look like data; challenge: the 80000 labelled "
        "events of the detector-anomaly challenge of 2016, which are not ours to ship",
        method=f"pairs of samples drawn from one table with seed {SEED} and the number of the "
        "pair, no event in both samples of a pair, but in many pairs; half of each to train the "
        f"trees and half to test, KS on all events; {PERMUTATIONS} permutations, {MANY} for KS "
        "where nothing differs; distorted pairs at the challenge's strengths; error: binomial; "
        "challenge: scikit-learn's HGB out of fold",
        packages=("numpy", "scipy", "scikit-learn", "lightgbm"),
    )


def main():
    """Measure what was asked for, and record all there is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", default="anomalies-cells")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--challenge", help="the challenge's file; nothing else is measured then")
    asked = parser.parse_args()
    parts = Parts(asked.cells)
    if asked.challenge:
        parts.get("challenge", lambda: challenge(asked.challenge))
    else:
        measure(recipe(LESSON), parts, asked.pairs, asked.trials)
    save(parts)


if __name__ == "__main__":
    main()
