"""What the lessons were to reach beside what was recorded; nothing is measured anew.

python -m benchmarks.goals
"""

import json
import re

from benchmarks import images, jet_images
from benchmarks.timing import RESULTS, record, table
from hepml_lessons import recording
from hepml_lessons.recipes import ROOT

INTRODUCTION = """## What the lessons reach

Put together by `python -m benchmarks.goals` from what `hepml_lessons/recorded` holds, each with its
own command, data, seeds and versions, and from `book/measured.json`. Errors are of one standard
deviation. An AMS is that of the best cut *on the same events*; "cut chosen elsewhere" is the same
scores with the cut that is best on the other half of the events: what an analysis may expect.
"Particles" are first trials with Pythia's particles in place of calorimeter towers, on 8000 + 8000
jets, with an untuned CNN."""


def best_classifier():
    """Distance of the models from the exact AUC of each toy, at the sizes around 200k events."""
    curves = recording("best-classifier")["curves"]
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
    found = recording("boosted-trees")
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
    found = recording("deep-networks")
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


# First trials with particles in place of towers: AUC and rejection at half of the signal.
PARTICLES = {
    "tau_21": (0.811, 9.9),
    "jet_mass": (0.738, 5.0),
    "jet_delta_R": (0.706, 4.4),
    "jet_mass and tau_21": (0.862, 16),
    "BDT": (0.872, 18.5),
    "CNN": (0.875, 19),
}


def known_quantities():
    """List what single quantities, two and three of them, and networks reach."""
    found = recording("jet-images")
    most = max(found["curves"], key=int)
    models = [(found["known"]["jets"], *row) for row in found["known"]["models"].items()]
    models += [(most, *row) for row in found["curves"][most]["models"].items()]
    for jets, name, held in models:
        goal = "particles: {}, {}".format(*PARTICLES[name]) if name in PARTICLES else ""
        reached = "{auc:.3f} ± {auc_error:.3f}, {rejection:.1f} ± {rejection_error:.1f}"
        yield [f"jets, {jets} to train, {name}: AUC, 1/ε_b", goal, reached.format(**held)]


def ahead_from(curves, pair):
    """Smallest size from which on, at every size, the first is ahead by two errors; or None."""
    ahead = None
    for size in sorted(curves, key=int):
        race = curves[size]["differences"][pair]
        ahead = (ahead or size) if race["difference"] > 2 * race["error"] else None
    return ahead


def jet_races():
    """Compare networks and trees at each size, and say who is ahead from when on."""
    curves = recording("jet-images")["curves"]
    sizes = sorted(curves, key=int)
    for first, second in jet_images.PAIRS:
        pair = f"{first} - {second}"
        races = (curves[size]["differences"][pair] for size in sizes)
        each = ", ".join("{difference:+.4f} ± {error:.4f}".format(**race) for race in races)
        ahead = ahead_from(curves, pair)
        since = f"ahead by two errors from {ahead} on" if ahead else "not ahead at the largest"
        what = f"jets, {', '.join(sizes)} to train, {first} − {second}: AUC"
        yield [what, "", f"{each}: {since}"]


def printed(lesson):
    """Return all text that the cells of a lesson print, once it is built."""
    path = ROOT / "notebooks" / f"{lesson}.ipynb"
    cells = json.loads(path.read_text())["cells"] if path.exists() else []
    return "".join(
        "".join(output.get("text", ())) for cell in cells for output in cell.get("outputs", ())
    )


def jet_lesson():
    """Find what the lesson itself prints at the size for a class, once it is built."""
    text = printed("jet-images")
    if not text:
        return
    jets = re.search(r"(\d+) jets to train", text)[1]
    for pair, gain in re.findall(r"^(.+ − .+): ([+−-][\d.]+ ± [\d.]+)$", text, re.MULTILINE):
        goal = "beyond its error" if pair == "CNN − BDT of all three" else ""
        yield [f"lesson jet-images, {jets} to train, {pair}: AUC", goal, gain]


def image_speed():
    """Read jets per second from the section of `benchmarks.images`."""
    found = re.search(
        rf"^\| {re.escape(images.ALL)} \| ([\d ]+) \|", RESULTS.read_text(), re.MULTILINE
    )
    if found:
        yield ["jets into images, one core: jets/s", "50 000", found[1]]


def doctor():
    """Verdicts on good and broken weights, as recorded."""
    found = recording("reweighting-doctor")
    for name, held in found["cases"].items():
        right, areas = held["right"], held["auc"]
        auc = f"AUC {sum(areas) / len(areas):.3f}, {min(areas):.3f} to {max(areas):.3f}"
        share = f"effective size {min(held['effective_share']):.0%} or more"
        goal = f"{found['seeds']} right" + (", AUC 0.51, 40 %" if name == "good" else "")
        yield [f"doctor of reweighting, {name}", goal, f"{right} right; {auc}; {share}"]


def without_labels():
    """Find what is lost to full supervision, and what the hunt finds."""
    text = printed("without-labels")
    lost = re.findall(
        r"^(\w+) +full supervision − purities \(0.8, 0.2\): (.+)$", text, re.MULTILINE
    )
    yield from ([f"{name}, purities 0.8 and 0.2: AUC lost", "0.005", loss] for name, loss in lost)
    for share, sigma in re.findall(
        r"^([\d.]+%) kept, average: local ([\d.]+ σ)", text, re.MULTILINE
    ):
        yield [f"250 injected on 50 000, {share} kept: local significance", "5 σ", sigma]
    if largest := re.search(r"so global ([\d.]+ σ)", text):
        yield ["nothing injected, largest of 20: global significance", "below 3 σ", largest[1]]


def parameterised():
    """Compare networks at the mass that was held out, as recorded."""
    found = recording("parameterised")["held_out"]
    for mass, held in found.items():
        pairs = zip(held["parameterised"], held["dedicated"], strict=True)
        apart = [one - other for one, other in pairs]
        close = sum(difference > -0.005 for difference in apart)
        goal = f"within 0.005 in {len(apart)} of {len(apart)}" if mass == "1000" else ""
        reached = f"{sum(apart) / len(apart):+.4f}, {min(apart):+.4f} to {max(apart):+.4f}"
        what = f"{mass} GeV held out, parameterised − dedicated network: AUC"
        yield [what, goal, f"{reached}: {close} of {len(apart)}"]


CHALLENGE = {"features": "", "and differences": "", "and differences, tau of 0.8 GeV": "0.83, 0.74"}


def anomalies():
    """Results of the anomaly challenge and of quiet days, as recorded."""
    found = recording("anomalies")
    for key, goal in CHALLENGE.items():
        one = "{AUC:.3f} ± {AUC_error:.3f}, {accuracy:.3f}".format(**found["challenge"][key])
        yield [f"anomaly challenge, cross-validated, {key}: AUC, accuracy", goal, one]
    null = found["null"]["classifier"]
    share = f"({100 * null['share']:.1f} ± {100 * null['error']:.1f}) %"
    yield [f"two-sample test, {null['of']} quiet pairs, alarms at 5 %", "3 to 7 %", share]


# Lessons that may take three minutes.
LONG = ("reweighting", "without-labels", "parameterised", "anomalies")


def running():
    """Seconds and megabytes of each lesson on two cores."""
    measured = json.loads((ROOT / "book" / "measured.json").read_text())
    goals = dict.fromkeys(LONG, "180 s, 1500 MB")
    lessons = {name: held for name, held in measured.items() if (held["seconds"] or 0) > 30}
    return [
        [
            f"lesson {name}: run",
            goals.get(name, "90 s, 1500 MB"),
            f"{held['seconds']:.0f} s, {held['megabytes']} MB",
        ]
        for name, held in lessons.items()
    ]


def main():
    """Write the section."""
    rows = [*best_classifier(), *boosted_trees(), *deep_networks()]
    rows += [*known_quantities(), *jet_races(), *jet_lesson(), *image_speed()]
    rows += [*doctor(), *without_labels(), *parameterised(), *anomalies(), *running()]
    record("goals", f"{INTRODUCTION}\n\n{table(['what', 'goal', 'reached'], rows)}")


if __name__ == "__main__":
    main()
