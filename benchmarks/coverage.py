"""How often errors cover the truth, and how often p-values are small: all that the project prints.

    python -m benchmarks.coverage              what is not recorded yet, with its toys
    python -m benchmarks.coverage --fresh      all of it
    python -m benchmarks.coverage cuts bumps   these families

Each family draws toys of events whose truth is known in closed form, with four kinds of weights
that know nothing of the values, in a small and in a large sample. The result is written after each
cell, so a run goes on where it was interrupted.
"""

import os

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
os.environ |= dict.fromkeys(THREADS, "1")  # before NumPy is there

import argparse  # noqa: E402
import json  # noqa: E402
import zlib  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from itertools import product  # noqa: E402

import numpy as np  # noqa: E402
from scipy.special import expit  # noqa: E402
from scipy.stats import norm  # noqa: E402

from hepml import stats  # noqa: E402
from hepml_lessons.recipes import RECORDED, record  # noqa: E402
from hepml_widgets.anomaly_monitor.payload import p_of_excess  # noqa: E402
from hepml_widgets.bump_hunter.payload import beyond_one_window  # noqa: E402
from hepml_widgets.core.scores import Events, auc_change  # noqa: E402

COMMAND = "python -m benchmarks.coverage"
NAME = "coverage"
TOYS = 1000
SEED = 17
SIZES = {"small": 100, "large": 1000}
HEAVY = 1.5  # σ of the logarithm of a heavy weight
WEIGHTS = {
    "unit": lambda rng, n: np.ones(n),  # noqa: ARG005
    "exponential": lambda rng, n: rng.exponential(1.0, n),
    "heavy": lambda rng, n: rng.lognormal(-(HEAVY**2) / 2, HEAVY, n),
    "negative": lambda rng, n: np.where(rng.random(n) < 0.25, -2.0, 2.0),
}  # each has a mean of one
TOLERANCE = {"68": (0.64, 0.72), "95": (0.925, 0.975), "5": (0.035, 0.065), "1": (0.003, 0.02)}
SIGMAS = {"68": 1.0, "95": 1.96}
LEVELS = {"5": 0.05, "1": 0.01}
PERMUTATIONS = 99  # so that 5 and 1 % are values that a p-value can take


@dataclass(frozen=True)
class Row:
    """One number that is printed: of an interval or a p-value, and why it fails where it does."""

    title: str
    kind: str = "interval"
    why: str = ""


LINEAR = "With few effective events the heaviest decide, and the rare heavier ones are not seen."
SPARSE = "With few effective events the distribution is skew, so ± one error is no 68 % interval."
CAREFUL = "Of few effective events few bins are judged, and with care: too few small p-values."
CLOSES = "Of few effective events few regions are judged; of heavy ones the χ² has a long tail."
OWN = "A heavy event raises the weight of a count in its region too: too few small p-values."
TWICE = "Too large: the scatter of shuffling is in both parts of the error (two repeats here)."
UPPER = "1/ε_b of few events has a long upper tail."
ROWS = {
    "cuts": {
        "auc": Row("AUC (`roc_curve`)", why=LINEAR),
        "gap": Row("AUC of training − AUC of test", why=LINEAR),
        "paired": Row("difference of two AUCs on the same events", why=LINEAR),
        "eb": Row("ε_b at a fixed cut", why=SPARSE),
        "rejection": Row("1/ε_b at a fixed cut", why=UPPER),
        "eb at es": Row("ε_b at a chosen ε_s (`working_point`)", why=SPARSE),
        "rejection at es": Row("1/ε_b at a chosen ε_s", why=UPPER),
        "es at eb": Row("ε_s at a chosen ε_b", why=SPARSE),
        "yield": Row("yield above a cut", why=SPARSE),
        "Z": Row("Z, background known (`significance_scan`)", why=SPARSE),
        "Z 10 %": Row("Z, background to 10 %", why=SPARSE),
        "AMS": Row("AMS", why=SPARSE),
        "SIC": Row("ε_s/√ε_b", why=SPARSE),
        "best Z": Row(
            "best Z, against the true Z of its cut",
            why="Chosen and quoted on the same events it is too large: quote it on others.",
        ),
    },
    "calibration": {
        "share": Row("share of signal in a bin (`calibration`)", why=SPARSE),
        "chi2": Row("χ² of a score that is a probability", "p-value", CAREFUL),
        "mixture": Row("the same, classes of two processes", "p-value", CAREFUL),
    },
    "shapes": {
        "bin": Row("content of a bin (`score_histogram`)", why=SPARSE),
        "separation": Row(
            "separation", why="It cannot be negative and adds up squares: chance raises it."
        ),
        "importance": Row("permutation importance", why=TWICE),
        "idle": Row("the same, of a column that only blurs the score", why=TWICE),
    },
    "samples": {
        "ks": Row("Kolmogorov-Smirnov (`two_sample_test`)", "p-value"),
        "cvm": Row("Cramér-von Mises", "p-value"),
        "ad": Row("Anderson-Darling", "p-value"),
        "auc": Row("classifier's AUC", "p-value"),
        "columns": Row("three columns, global (`column_tests`)", "p-value"),
        "sidak": Row(
            "three columns, by Šidák", "p-value",
            "With 99 permutations it cannot be below 3 %; and the columns go together.",
        ),
    },
    "doctor": {
        "auc": Row(
            "AUC of the doctor's classifier (`reweighting_report`)",
            why="Of two halves that see each other, the error is that of one: with care.",
        ),
        "closure": Row("closure of a feature", "p-value", CLOSES),
        "cells": Row("closure of two features", "p-value", CLOSES),
        "excess": Row(
            "excess over a reference (`AnomalyMonitor`)", "p-value",
            "Effective counts stand for weighted events; of few, p-values are discrete.",
        ),
    },
    "bumps": {
        "background": Row("background under a bump (`bump_hunt`)", why=SPARSE),
        "p": Row("excess in a window, 4 parameters", "p-value", OWN),
        "fit": Row(
            "fit of the sidebands", "p-value",
            "Of bins with few events the deviance is no χ²: too few small p-values.",
        ),
        "experiments": Row("largest of three windows (`pseudo_experiments`)", "p-value", OWN),
        "stretches": Row(
            "the same by counting stretches (`BumpHunter`)", "p-value",
            "An upper bound where windows are few.",
        ),
    },
}  # fmt: skip


# ---------------------------------------------------------------- toys


def drawn(rng, kind, n, mean=0.0):
    """Values of a normal and weights of so many events, by Poisson; at least two."""
    count = max(2, rng.poisson(n))
    return rng.normal(mean, 1.0, count), WEIGHTS[kind](rng, count)


def two_classes(rng, kind, n):
    parts = [drawn(rng, kind, n, mean) for mean in (0.0, 1.0)]
    y = np.repeat([0, 1], [len(values) for values, _ in parts])
    return y, *(np.concatenate(columns) for columns in zip(*parts, strict=True))


S, B, B_R, SIGMA_B = 50.0, 500.0, 10.0, 0.1  # yields without a cut
CUT = 1.0
TRUE_S, TRUE_B = norm.sf(CUT - 1), norm.sf(CUT)
AUC = norm.cdf(1 / np.sqrt(2))


def true_z(cut):
    return stats.significance(S * norm.sf(cut - 1), B * norm.sf(cut), SIGMA_B * B * norm.sf(cut))


def cuts(rng, kind, n):
    """Errors of what is read off a ROC curve."""
    y, x, w = two_classes(rng, kind, n)
    curve = stats.roc_curve(y, x, w)
    other = stats.roc_curve(*two_classes(rng, kind, n))
    yield "auc", (curve.auc, curve.auc_error, AUC)
    yield "gap", (curve.auc - other.auc, np.hypot(curve.auc_error, other.auc_error), 0.0)
    scores = np.array([x + rng.normal(0, 0.5, len(x)) for _ in range(2)])
    yield "paired", (*auc_change(Events(y.astype(bool), scores, w), 0, 1), 0.0)
    table = stats.cut_table(y, x, w, [CUT])
    yield from at_cut(table)
    yield from at_efficiencies(curve)
    yield from merits(y, x, w * np.where(y, S, B) / n)


def at_cut(table):
    eb, error = table.background_efficiency[0], table.background_efficiency_error[0]
    es, es_error = table.signal_efficiency[0], table.signal_efficiency_error[0]
    yield "eb", (eb, error, TRUE_B)
    rejection_error = table.background_rejection_error[0]
    yield "rejection", (table.background_rejection[0], rejection_error, 1 / TRUE_B)
    root = np.sqrt(max(eb, 0))
    sic_error = np.hypot(es_error / root, es * error / (2 * root**3))
    yield "SIC", (table.sic[0], sic_error, TRUE_S / np.sqrt(TRUE_B))


def at_efficiencies(curve):
    at = stats.working_point(curve, signal_efficiency=0.5)
    eb = norm.sf(1.0)
    yield "eb at es", (at.background_efficiency, at.background_efficiency_error, eb)
    yield "rejection at es", (at.background_rejection, at.background_rejection_error, 1 / eb)
    at = stats.working_point(curve, background_efficiency=0.2)
    es = norm.sf(norm.isf(0.2) - 1)
    yield "es at eb", (at.signal_efficiency, at.signal_efficiency_error, es)


def merits(y, x, w):
    table = stats.cut_table(y, x, w, [CUT])
    plain, known = (stats.significance_scan(table, sigma_b=one, b_r=B_R) for one in (0, SIGMA_B))
    s, b = S * TRUE_S, B * TRUE_B
    yield "yield", (table.sumw_background[0], np.sqrt(table.sumw2_background[0]), b)
    truth = stats.significance(s, b)
    yield "Z", (plain.significance[0], plain.significance_error[0], truth)
    yield "Z 10 %", (known.significance[0], known.significance_error[0], true_z(CUT))
    yield "AMS", (plain.ams[0], plain.ams_error[0], stats.ams(s, b, B_R))
    scan = stats.significance_scan(stats.roc_curve(y, x, w), sigma_b=SIGMA_B)
    row = scan.best()
    if row is None:
        yield "best Z", (np.nan, np.nan, np.nan)
        return
    truth = true_z(scan.threshold[row])
    yield "best Z", (scan.significance[row], scan.significance_error[row], truth)


def calibration(rng, kind, n):
    """Scores that are probabilities, of one and of two processes in each class."""
    y, x, w = two_classes(rng, kind, n)
    found = stats.calibration(y, expit(x - 0.5), w)
    low, high = (np.log(edge / (1 - edge)) + 0.5 for edge in (0.6, 0.7))
    inside = [norm.cdf(high, mean) - norm.cdf(low, mean) for mean in (0, 1)]
    yield "share", (found.observed[6], found.error[6], inside[1] / sum(inside))
    yield "chi2", found.p_value if found.ndf else np.nan
    yield "mixture", mixture(rng, kind, n)


PROCESSES = ((1, 1.0, 0.5, 0.3), (1, 0.3, 0.1, 0.1), (0, -1.0, 1.0, 1.0), (0, 0.6, 0.3, 0.2))
"""Class, mean, yield and weight of one event."""


def mixture(rng, kind, n):
    parts = [(y, *drawn(rng, kind, n * size / weight, mean), weight)
             for y, mean, size, weight in PROCESSES]  # fmt: skip
    y = np.concatenate([np.full(len(x), y) for y, x, _, _ in parts])
    x = np.concatenate([x for _, x, _, _ in parts])
    w = np.concatenate([w * weight for _, _, w, weight in parts])
    density = np.zeros((2, len(x)))
    for one, mean, size, _ in PROCESSES:
        density[one] += size * norm.pdf(x, mean)
    found = stats.calibration(y, density[1] / density.sum(axis=0), w)
    return found.p_value if found.ndf else np.nan


EDGES = np.linspace(-2.0, 3.0, 11)


def shares(mean):
    inside = np.diff(norm.cdf(EDGES, mean))
    return inside / inside.sum()


def shapes(rng, kind, n):
    """Histograms of both classes, and what a column is worth."""
    y, x, w = two_classes(rng, kind, n)
    signal, background = (stats.score_histogram(x[y == one], w[y == one], EDGES) for one in (1, 0))
    inside = np.diff(norm.cdf(EDGES[3:5]))[0]
    yield "bin", (background.sumw[3], np.sqrt(background.sumw2[3]), n * inside)
    found, (p, q) = stats.separation(signal, background), (shares(1), shares(0))
    yield "separation", (found.value, found.error, np.sum((p - q) ** 2 / (p + q)) / 2)
    X = np.column_stack([x, rng.normal(0, 1, (len(x), 2))])
    X[:, 1] += y
    found = stats.permutation_importance(lambda X: X.sum(axis=1), X, y, w, repeats=2, rng=rng)
    yield "importance", (found.values[1], found.errors[1], worth_of_a_column())
    yield "idle", (found.values[2], found.errors[2], 0.0)


def worth_of_a_column():
    """AUC of a sum of two columns, shifted by one each, and of noise; less that with one shuffled.

    The shuffled values of two events differ by 0, 1 or -1 shift, whatever their classes.
    """
    width = np.sqrt(6)  # of the difference of two sums of three
    shuffled = (2 * norm.cdf(1 / width) + norm.cdf(2 / width) + norm.cdf(0)) / 4
    return norm.cdf(2 / width) - shuffled


def two_samples(rng, kind, n):
    """Equal samples."""
    (a, wa), (b, wb) = (drawn(rng, kind, n) for _ in range(2))
    for statistic in ("ks", "cvm", "ad", "auc"):
        found = stats.two_sample_test(
            a, b, wa, wb, statistic=statistic, permutations=PERMUTATIONS, rng=rng
        )
        yield statistic, found.p_value
    tables = [{name: values + rng.normal(size=len(values)) for name in "xyz"} for values in (a, b)]
    found = stats.column_tests(*tables, wa, wb, permutations=PERMUTATIONS, rng=rng)
    yield "columns", found.p_value
    yield "sidak", found.sidak


class Fisher:
    """The straight line between two means, all that equal samples need."""

    def fit(self, X, y, sample_weight):
        means = [np.average(X[y == one], axis=0, weights=sample_weight[y == one]) for one in (0, 1)]
        self.direction = means[1] - means[0]

    def predict_proba(self, X):
        score = expit(X @ self.direction)
        return np.column_stack([1 - score, score])


def doctor(rng, kind, n):
    """Weights that are right: a source that is its target."""
    (x, w), (z, _) = drawn(rng, kind, n), drawn(rng, kind, n)
    source, target = (
        np.column_stack([one, rng.normal(size=(len(one), 1)) + 0.5 * one[:, None]])
        for one in (x, z)
    )
    found = stats.reweighting_report(source, target, w, classifier=Fisher(), tolerance=0, rng=rng)
    yield "auc", (found.auc, found.auc_error, 0.5)
    yield "closure", found.closures[0].p_value
    yield "cells", found.cells[0].p_value
    today, weights = drawn(rng, kind, n)
    y = np.repeat([1, 0], [len(today), len(x)])
    table = stats.cut_table(y, np.append(today, x), np.append(weights, w), [CUT])
    yield "excess", float(p_of_excess(table, 1.0)[0])


REGION = (3100.0, 3600.0)
EVENTS = {"small": 500, "large": 5000}  # of a whole spectrum


def spectrum(edges):
    x = (edges[1:] + edges[:-1]) / 2 / 13000
    shape = np.diff(edges) * (1 - x) ** 9 * x ** (-5 + 0.1 * np.log(x))
    return shape / shape.sum()


def bumps(rng, kind, n):
    """Spectra without a signal; with negative weights in bins wide enough to stay positive."""
    edges = np.linspace(2600.0, 6600.0, 17 if kind == "negative" else 41)
    total, shape = 5 * n, spectrum(edges)
    where = rng.choice(len(shape), rng.poisson(total), p=shape)
    w = WEIGHTS[kind](rng, len(where))
    counts, squares = (np.bincount(where, w**power, len(shape)) for power in (1, 2))
    try:
        hunt = stats.bump_hunt(counts, edges, REGION, sumw2=squares)
    except ValueError:  # a bin below zero
        yield from (("background", (np.nan,) * 3), *((one, np.nan) for one in BUMP_P))
        return
    truth = total * shape[hunt.in_region].sum()
    yield "background", (hunt.background, hunt.background_error, truth)
    yield "p", hunt.p_value
    yield "fit", hunt.fit_p_value
    windows = [(low, low + 500.0) for low in (3100.0, 3600.0, 4100.0)]
    found = stats.pseudo_experiments(
        counts, edges, windows, sumw2=squares, experiments=PERMUTATIONS, rng=rng
    )
    yield "experiments", found.p_value
    z = found.scan.significance[0]
    yield "stretches", float(np.nan_to_num(
        beyond_one_window(found.local_significance, found.local_p_value, z)[0], nan=1.0
    ))  # fmt: skip


BUMP_P = ("p", "fit", "experiments", "stretches")
FAMILIES = {
    "cuts": cuts,
    "calibration": calibration,
    "shapes": shapes,
    "samples": two_samples,
    "doctor": doctor,
    "bumps": bumps,
}


# ---------------------------------------------------------------- shares, and what fails


def measured(family, kind, size, toys=TOYS, seed=SEED):
    """Shares that cover, or lie below 5 and 1 %, of each row of a family: one cell of the table.

    Parameters
    ----------
    family, kind, size : str
    toys, seed : int

    Returns
    -------
    dict of str to dict
        Of each row ``toys`` that gave a number, and shares by "68" and "95", or "5" and "1".
    """
    rng = np.random.default_rng([seed, zlib.crc32(f"{family} {kind} {size}".encode())])
    found = {}
    with np.errstate(all="ignore"):
        for _ in range(toys):
            for name, value in FAMILIES[family](rng, kind, SIZES[size]):
                found.setdefault(name, []).append(value)
    return {name: counted(ROWS[family][name].kind, values) for name, values in found.items()}


def counted(kind, values):
    """Shares of one row."""
    values = np.array(values, dtype=float)
    if kind == "p-value":
        known = values[np.isfinite(values)]
        shares = {level: known <= limit + 1e-9 for level, limit in LEVELS.items()}
    else:
        known = values[np.isfinite(values).all(axis=1)]
        value, error, truth = known.T
        shares = {level: np.abs(value - truth) <= z * error for level, z in SIGMAS.items()}
    if not len(known):
        return {"toys": 0}
    return {"toys": len(known)} | {k: round(float(np.mean(v)), 4) for k, v in shares.items()}


def error_of(share, toys):
    """Binomial error of a share; of none or all, that of one toy."""
    inside = min(max(share, 1 / toys), 1 - 1 / toys)
    return float(np.sqrt(inside * (1 - inside) / toys))


def fails(level, share, toys):
    """Whether a share is outside what is tolerated by more than its own error."""
    low, high = TOLERANCE[level]
    return bool(not low - error_of(share, toys) <= share <= high + error_of(share, toys))


# ---------------------------------------------------------------- recording


def known():
    path = RECORDED / f"{NAME}.json"
    return json.loads(path.read_text())["cells"] if path.exists() else {}


def judged(cell):
    """Give a cell with the shares that fail: they are red."""
    shares = {level: share for level, share in cell.items() if level in TOLERANCE}
    red = [level for level, share in shares.items() if fails(level, share, cell["toys"])]
    return {"toys": cell["toys"], **shares, "red": red}


def keep(cells):
    """Record cells, and what the page of the book needs to show them."""
    rows = {
        family: {name: vars(row) for name, row in held.items()} for family, held in ROWS.items()
    }
    cells = {
        place: {name: judged(cell) for name, cell in found.items()}
        for place, found in cells.items()
    }
    head = {"seed": SEED, "toys": TOYS, "sizes": SIZES, "spectra": EVENTS}
    record(
        NAME,
        head | {"weights": list(WEIGHTS), "tolerance": TOLERANCE, "rows": rows, "cells": cells},
        command=COMMAND,
        data="toys whose truth is known",
        method="shares of intervals that cover the truth and of p-values that are small",
        packages=("numpy", "scipy"),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("families", nargs="*", choices=[[], *FAMILIES], help="all if none is named")
    parser.add_argument("--fresh", action="store_true", help="also what is recorded")
    parser.add_argument("--toys", type=int, default=TOYS)
    chosen = parser.parse_args()
    for family, kind, size in product(chosen.families or FAMILIES, WEIGHTS, SIZES):
        name = f"{family}, {kind}, {size}"
        if chosen.fresh or name not in known():
            found = measured(family, kind, size, chosen.toys)
            keep(known() | {name: found})
            print(name, found, flush=True)
    keep(known())


if __name__ == "__main__":
    main()
