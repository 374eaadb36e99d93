"""What the lessons were to reach beside what was recorded; nothing is measured anew.

python -m benchmarks.goals
"""

import json

from benchmarks.lessons import ROOT
from benchmarks.timing import record, table
from hepml import data

INTRODUCTION = """## What the lessons reach

Put together by `python -m benchmarks.goals` from what `hepml/data/recorded` holds, each with its
own command, data, seeds and versions, and from `book/measured.json`. Errors are of one standard
deviation. An AMS is that of the best cut *on the same events*; "cut chosen elsewhere" is the same
scores with the cut that is best on the other half of the events: what an analysis may expect."""


def best_classifier():
    """Distance of the models from the exact AUC of each toy, at the sizes around 200k events."""
    curves = data.recorded("best-classifier")["curves"]
    return [
        [
            f"known_truth `{name}`, {model}: exact AUC − AUC, {point['events']} to train",
            "0.002 at 200000",
            f"{point['mean']:.5f}",
        ]
        for name, models in curves.items()
        for model in ("trees", "network")
        for point in models[model][-2:]
    ]


def boosted_trees():
    """Scores on the published HiggsML events."""
    found = data.recorded("boosted-trees")
    mean, seeds = found["mean"], [one["ams"] for one in found["single"]]
    where = f"HiggsML, {found['events']} events, 5-fold"
    return [
        [f"{where}: weighted AUC", "0.92", "{auc:.3f} ± {auc_error:.3f}".format(**mean)],
        [f"{where}: AMS, mean of scores", "3.3", "{ams:.2f} ± {ams_error:.2f}".format(**mean)],
        [f"{where}: AMS, cut chosen elsewhere", "", f"{mean['ams_elsewhere']:.2f}"],
        [f"{where}: AMS, one training", "", f"{min(seeds):.2f} to {max(seeds):.2f}"],
    ]


def deep_networks():
    """Scores on the UCI excerpt, and at the largest sample of our own."""
    found = data.recorded("deep-networks")
    goals = {"low": "0.67", "high": "", "all": "0.79"}
    most = max(found["curves"], key=int)
    rows = [
        [
            f"UCI HIGGS, {found['uci']['events']} events, 5-fold, {which}: AUC",
            goals[which],
            "{auc:.3f} ± {auc_error:.3f}".format(**found["uci"][which]["both"]),
        ]
        for which in goals
    ]
    for name, held in found["curves"][most]["models"].items():
        auc = "{auc:.3f} ± {auc_error:.3f}".format(**held)
        rows.append([f"heavy_higgs, {most} to train, {name}: AUC", "", auc])
    return rows


def running():
    """Seconds and megabytes of each lesson on two cores."""
    measured = json.loads((ROOT / "book" / "measured.json").read_text())
    lessons = {name: held for name, held in measured.items() if (held["seconds"] or 0) > 30}
    return [
        [f"lesson {name}: run", "90 s, 1500 MB", f"{held['seconds']:.0f} s, {held['megabytes']} MB"]
        for name, held in lessons.items()
    ]


def main():
    """Write the section."""
    rows = [*best_classifier(), *boosted_trees(), *deep_networks(), *running()]
    record("goals", f"{INTRODUCTION}\n\n{table(['what', 'goal', 'reached'], rows)}")


if __name__ == "__main__":
    main()
