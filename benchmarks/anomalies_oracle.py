"""What the best test of two days would find that knows the fault beforehand.

    python -m benchmarks.anomalies_oracle [--trials 80]

An oracle is told which distortion to expect. Trees learn from one half of all events what it does:
the same events as they were and distorted, with labels. Their odds are the likelihood ratio, whose
mean logarithm is the most powerful test there is (J. Neyman, E. S. Pearson, 1933), as far as the
trees know it. Pairs of days are drawn from the other half.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before any library starts its threads

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.anomalies import (
    EVENTS,
    FEW,
    LESSON,
    LEVEL,
    PERMUTATIONS,
    SEED,
    TRIALS,
    distorted,
    events_of,
    pair,
    share,
)
from benchmarks.cells import say
from hepml import data
from hepml_lessons.recipes import recipe, record

NAME = f"{LESSON}-oracle"
QUIET = "nothing"


def halves(events):
    """Events that the oracle learns from, and those it is tested on."""
    order = np.random.default_rng(SEED).permutation(len(events))
    return [events.iloc[rows].reset_index(drop=True) for rows in np.array_split(order, 2)]


def learned(events, bad, names):
    """Log odds of being distorted, as trees know them from both versions of the same events."""
    parts = events, bad
    X = np.concatenate([part[names].to_numpy(float) for part in parts])
    w = np.concatenate([part["Weight"].to_numpy(float) for part in parts])
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.06, max_leaf_nodes=16, min_samples_leaf=40,
        early_stopping=False, random_state=SEED,
    )  # fmt: skip
    model.fit(X, np.repeat([0, 1], list(map(len, parts))), sample_weight=w)
    return lambda table: model.decision_function(table[names].to_numpy(float))


def p_value(values, weights, today, seed):
    """Chance, by dealing the labels anew, of a mean log odds as much larger today."""
    rng = np.random.default_rng([SEED, seed])
    deals = np.stack([today, *(rng.permutation(today) for _ in range(PERMUTATIONS))]).astype(float)
    weighted, total = deals @ (weights * values), deals @ weights
    means = weighted / total, (weights @ values - weighted) / (weights.sum() - total)
    apart = means[0] - means[1]
    return float(np.mean(apart >= apart[0] * (1 - 1e-9 * np.sign(apart[0]))))


def tried(events, bad, score, size, trials):
    """p-values of the oracle on pairs of days, of its scores of both versions of the events."""
    found = []
    for seed in range(trials):
        days = pair(events, bad, size, seed)
        values = np.concatenate([one[day.index] for one, day in zip(score, days, strict=True)])
        weights = np.concatenate([day["Weight"].to_numpy(float) for day in days])
        found.append(p_value(values, weights, np.repeat([0, 1], size), seed))
    return found


def of_one(learn, test, names, trials):
    """Shares of pairs that raise an alarm, of a distortion, and of none at all."""
    log_odds = learned(*learn, names)
    good, bad = (by_name(log_odds(table), table) for table in test)
    found = {
        size: share(tried(*test, (good, bad), size, trials)) for size in (EVENTS, FEW)
    }  # fmt: skip
    quiet = share(tried(test[0], test[0], (good, good), EVENTS, trials))
    return {"events": found[EVENTS], "few_events": found[FEW], QUIET: quiet}


def by_name(values, table):
    """Values by the names of the events."""
    column = np.full(table.index.max() + 1, np.nan)
    column[table.index] = values
    return column


def measure(lesson, trials):
    """Shares found of each distortion, without and with the differences."""
    learn, test = halves(events_of(lesson))
    differences = [name for name in learn if name.endswith(" off")]
    found = {}
    for kind in data.DISTORTIONS:
        pairs = [(part, distorted(lesson, part, kind)) for part in (learn, test)]
        found[kind] = {
            "oracle": of_one(*pairs, lesson["FEATURES"], trials),
            "oracle and differences": of_one(*pairs, lesson["FEATURES"] + differences, trials),
        }
        say(kind, found[kind])
    return found


def main():
    """Measure, and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=TRIALS)
    trials = parser.parse_args().trials
    found = measure(recipe(LESSON), trials)
    record(
        NAME,
        {"level": LEVEL, "events": EVENTS, "few_events": FEW, "power": found},
        command=f"python -m benchmarks.anomalies_oracle --trials {trials}",
        data="higgs_tautau, as shipped, made to look like data; distortions at the strengths of "
        "the challenge",
        method="one half of the events, as they were and distorted, to learn the fault from; pairs "
        "of days from the other half, no event in both days of a pair, but in many pairs; mean log "
        f"odds, {PERMUTATIONS} permutations; {QUIET}: pairs without a distortion; error: binomial",
        packages=("numpy", "scikit-learn"),
    )


if __name__ == "__main__":
    main()
