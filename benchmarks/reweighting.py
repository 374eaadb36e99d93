"""The lesson's reweighter beside hep_ml's: seconds, and how well each closes.

    python -m benchmarks.reweighting [--rounds 5]
    python -m benchmarks.reweighting --lesson    (records what the lesson shows, no section)

takes the functions of the lesson's cells tagged ``recipe``, and ``GBReweighter`` with its own
settings, on the same events of ``shower_variations``: learn from 70 %, weight all of the source.
"""

import argparse
import os
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before any library starts its threads

import numpy as np

from benchmarks.reweighting_doctor import LESSON, SEEDS, judged, samples, split
from benchmarks.timing import circumstances, interleave, record, table
from hepml_lessons import recipes
from hepml_lessons.recipes import recipe

OURS, PLAIN, THEIRS = (
    "hepml: trees in bins",
    "scikit-learn, not binned before",
    "hep_ml: GBReweighter",
)
CLOSURES = 5
RECORDED = f"{LESSON}-hep-ml"


def hep_ml(source, target, seed=0):
    """Log of the density ratio from hep_ml with its own settings."""
    from hep_ml.reweight import GBReweighter

    np.random.seed(seed)  # noqa: NPY002 - its trees draw from NumPy's global generator
    model = GBReweighter()
    model.fit(source[0], target[0], original_weight=source[1], target_weight=target[1])
    return lambda X: np.log(model.predict_weights(X))


def not_binned(lesson, source, target, seed=0):
    """Fit the lesson's trees to the values themselves, with weights."""
    X, y, w = lesson["joined"](source, target)
    model = lesson["HistGradientBoostingClassifier"](
        max_iter=150, learning_rate=0.1, max_leaf_nodes=6, min_samples_leaf=200,
        max_features=0.2, early_stopping=False, random_state=seed,
    )  # fmt: skip
    return model.fit(X, y, sample_weight=w).decision_function


def methods(lesson):
    """Each method by its name."""
    return {OURS: lesson["trees"], PLAIN: partial(not_binned, lesson), THEIRS: hep_ml}


def weigh(method, events):
    """Learn the ratio, and apply it to all events of the source."""
    return method(*events.pair)(events.source)


def closure(lesson, method, tables, seeds):
    """Two-sample AUC on held-out events and effective share, one per seed."""
    found = []
    for seed in range(seeds):
        events = split(tables[:2], seed)
        report = judged(lesson, events, method, seed)
        found.append((report.auc, report.effective_share))
    return np.transpose(found)


def told(values):
    return f"{np.mean(values):.4f} ± {np.std(values, ddof=1):.4f}"


def rows(times, closures):
    """Seconds, ratio to ours in the same round, and closure."""
    for name, timing in times.items():
        auc, share = closures.get(name, (None, None))
        held = ["not judged", ""] if auc is None else [told(auc), f"{np.mean(share):.0%}"]
        yield [name, f"{timing.median:.2f}", f"{timing.over(times[OURS]):.2f}", *held]


def report(rounds):
    """Measure, and put the section together."""
    lesson = recipe(LESSON)
    tables = samples(lesson)
    events = split(tables[:2], 0)
    runners = {name: partial(weigh, each, events) for name, each in methods(lesson).items()}
    times = interleave(runners, control=OURS, rounds=rounds)
    closures = {
        name: closure(lesson, each, tables, CLOSURES)
        for name, each in methods(lesson).items()
        if name != PLAIN
    }
    header = ["what", "CPU seconds", "times ours", "two-sample AUC", "effective size"]
    return f"""## Reweighting: ours and hep_ml's

{circumstances("numpy", "scikit-learn", "hep_ml")}.

`shower_variations`, nominal to α_s = 0.12: {events.learn_source.sum()} + \
{events.learn_target.sum()} events and 19 features to learn from,
{len(events.source)} to weight. Medians of CPU time in {rounds} interleaved rounds, one thread;
"times ours" is the median ratio within a round; "again" is ours twice per round. Two-sample AUC:
of the doctor's independent classifier on the 30 % held out, mean and scatter of {CLOSURES} other
splits of the same events; the goal is 0.51. The doctor's verdicts on good and broken weights of
{SEEDS} seeds are in `hepml_lessons/recorded/reweighting-doctor.json`.

{table(header, list(rows(times, closures)))}
"""


def for_lesson(rounds):
    """Record seconds and closures of both for the lesson, which runs ours alone."""
    lesson = recipe(LESSON)
    tables = samples(lesson)
    events = split(tables[:2], 0)
    both = {name: methods(lesson)[name] for name in (OURS, THEIRS)}
    runners = {name: partial(weigh, each, events) for name, each in both.items()}
    times = interleave(runners, control=OURS, rounds=rounds)
    found = {}
    for name, each in both.items():
        auc, share = closure(lesson, each, tables, CLOSURES)
        found[name] = {
            "seconds": [round(one, 2) for one in times[name].rounds],
            "auc": [round(one, 4) for one in auc],
            "effective_share": [round(one, 3) for one in share],
        }
    recipes.record(
        RECORDED,
        {"times_ours": round(times[THEIRS].over(times[OURS]), 1), "methods": found},
        command="python -m benchmarks.reweighting --lesson",
        data="shower_variations, as shipped: nominal to alpha_s",
        method=f"seconds of CPU time in {rounds} interleaved rounds, one thread: learn from 70 % "
        f"of the events, weight all of the source; AUC and effective share on the other 30 %, for "
        f"{CLOSURES} splits of the same events",
        packages=("numpy", "scikit-learn", "hep_ml"),
    )


def main():
    """Measure and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lesson", action="store_true", help="record what the lesson shows")
    asked = parser.parse_args()
    if asked.lesson:
        for_lesson(asked.rounds)
    else:
        record("reweighting", report(asked.rounds))


if __name__ == "__main__":
    main()
