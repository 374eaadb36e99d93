"""How the exercises of the lesson on anomalies are answered, rightly and wrongly."""

from functools import cache
from types import SimpleNamespace

import lightgbm
import numpy as np
import pandas as pd
from scipy import stats as scipy_stats
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.approaches import digits
from benchmarks.checks import Exercise
from hepml import data, stats
from hepml_lessons.checks import anomalies as check

# ---------------------------------------------------------------- trials


def quiet_histograms(seed):
    """p-values of 22 to 30 histograms of two days that are alike, some features correlated."""
    rng = np.random.default_rng([1, seed])
    number = rng.integers(22, 31)
    common = rng.normal(size=(2, 800, 6))
    days = (rng.normal(size=(2, 800, 30)) + np.repeat(common, 5, axis=2))[:, :, :number]
    tests = (scipy_stats.ks_2samp(*each, method="asymp").pvalue for each in days.transpose(2, 0, 1))
    return {f"x{k}": float(p) for k, p in enumerate(tests)}


def expected(p):
    return 0.05 * len(p)


def smallest(p):
    return min(p.values())


def sidak(p):
    return 1 - (1 - smallest(p)) ** len(p)


def order_statistic(p):
    """Distribution of the smallest of n uniform numbers."""
    return scipy_stats.beta.cdf(smallest(p), 1, len(p))


def below(p):
    return sum(value <= 0.05 for value in p.values())


TRIALS = Exercise(
    "trials",
    quiet_histograms,
    lambda p, answer: check.trials(p, my_expected=answer[0], my_global=answer[1]),
    {
        "the formulas": lambda p: (0.05 * len(p), sidak(p)),
        "binomial, scipy": lambda p: (
            scipy_stats.binom.mean(len(p), 0.05),
            scipy_stats.binom.sf(0, len(p), smallest(p)),
        ),
        "order statistic, beta": lambda p: (expected(p), order_statistic(p)),
        "log1p and expm1": lambda p: (expected(p), -np.expm1(len(p) * np.log1p(-smallest(p)))),
        "product of all that are not so low": lambda p: (
            sum(0.05 for _ in p),
            1 - np.prod([1 - smallest(p) for _ in p]),
        ),
        "the library's sidak": lambda p: (len(p) / 20, stats.sidak(smallest(p), len(p))),
        "three digits": lambda p: (expected(p), digits(sidak(p), 3)),
        "two digits": lambda p: (expected(p), digits(sidak(p), 2)),
        "float32": lambda p: (np.float32(expected(p)), np.float32(sidak(p))),
        "pandas": lambda p: (
            pd.Series(p).size * 0.05,
            1 - (1 - pd.Series(p).min()) ** pd.Series(p).size,
        ),
        "p rounded to four digits before": lambda p: (
            expected(p),
            1 - (1 - digits(smallest(p), 4)) ** len(p),
        ),
    },
    {
        "chance for one": ("for one histogram", lambda p: (0.05, sidak(p))),
        "at least one": ("at least one", lambda p: (1 - 0.95 ** len(p), sidak(p))),
        "at least one, rounded": (
            "at least one",
            lambda p: (digits(1 - 0.95 ** len(p), 2), sidak(p)),
        ),
        "none of them": ("that none is so low", lambda p: (0.95 ** len(p), sidak(p))),
        "all of them": ("number of histograms", lambda p: (len(p), sidak(p))),
        "counted here": ("below 5 % here", lambda p: (below(p), sidak(p))),
        "one in a hundred": ("too small", lambda p: (0.3, sidak(p))),
        "no trials": ("left out the trials", lambda p: (expected(p), smallest(p))),
        "Bonferroni": ("Bonferroni", lambda p: (expected(p), len(p) * smallest(p))),
        "the other case": ("none is so small", lambda p: (expected(p), 1 - sidak(p))),
        "power of p": ("not all are so small", lambda p: (expected(p), 1 - smallest(p) ** len(p))),
        "5 % in place of p": (
            "in place of the smallest",
            lambda p: (expected(p), 1 - 0.95 ** len(p)),
        ),
        "mean p": ("mean p", lambda p: (expected(p), np.mean(list(p.values())))),
        "median p": ("By Šidák", lambda p: (expected(p), np.median(list(p.values())))),
        "divided": ("make p larger", lambda p: (expected(p), smallest(p) / len(p))),
        "percent": ("percent", lambda p: (expected(p), 100 * sidak(p))),
    },
)

# ---------------------------------------------------------------- events that look like data


@cache
def like_data():
    events = data.load("higgs_tautau")
    weights = events["Weight"].to_numpy(float)
    kept = np.random.default_rng(7).random(len(events)) < weights / 10
    return events[kept].assign(Weight=np.maximum(1, weights[kept] / 10)).reset_index(drop=True)


def dealt(seed):
    """All events in an order of the seed's own, and its generator."""
    rng = np.random.default_rng([2, seed])
    events = like_data()
    return events.iloc[rng.permutation(len(events))].reset_index(drop=True), rng


FEATURES = [name for name in like_data().columns if name[:4] in ("PRI_", "DER_")]

# ---------------------------------------------------------------- told apart

DEALS = 500
LEAST = 1 / (1 + DEALS)


def two_days(seed):
    events, rng = dealt(seed)
    one, other = rng.integers(6000, 7001, 2)
    days = events[:one], data.distort(events[one:][:other], "missing_energy", 0.1, rng)
    return SimpleNamespace(days=days, rng=rng, seed=seed, known={})


def rows(world, start):
    """Features, labels and weights of every other event of both days."""
    parts = [day.iloc[start::2] for day in world.days]
    return (
        np.concatenate([part[FEATURES].to_numpy(float) for part in parts]),
        np.repeat([0, 1], list(map(len, parts))),
        np.concatenate([part["Weight"].to_numpy(float) for part in parts]),
    )


def light(seed, **settings):
    return lightgbm.LGBMClassifier(
        **{"n_estimators": 40, "num_leaves": 8} | settings,
        random_state=seed,
        n_jobs=1,
        verbose=-1,
    )


def scaled(model):
    return make_pipeline(StandardScaler(), model)


MODELS = {
    "LightGBM": light,
    "HGB": lambda seed: HistGradientBoostingClassifier(
        max_iter=25, max_leaf_nodes=8, learning_rate=0.12, random_state=seed
    ),
    "logistic": lambda seed: scaled(LogisticRegression(C=0.1, max_iter=200, random_state=seed)),
    "discriminant": lambda _: scaled(LinearDiscriminantAnalysis()),
    "extra trees": lambda seed: ExtraTreesClassifier(
        40, min_samples_leaf=20, max_features=0.5, random_state=seed, n_jobs=1
    ),
}


def fitted(world, name, X, y, w):
    model = MODELS[name](world.seed)
    if name == "discriminant":
        return model.fit(X, y)
    if name == "logistic":
        return model.fit(X, y, logisticregression__sample_weight=w)
    return model.fit(X, y, sample_weight=w)


def scores(world, name):
    """Scores of the rows to judge, by a model of the others; made once a world."""
    if name not in world.known:
        model = fitted(world, name, *rows(world, 0))
        world.known[name] = model.predict_proba(rows(world, 1)[0])[:, 1]
    return world.known[name]


def halves(world, score):
    y = rows(world, 1)[1]
    return score[y == 0], score[y == 1]


def areas(score, y, w):
    """AUC of each row of labels, from the sorted scores; ties count half."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
    y, w = np.atleast_2d(y)[:, order], w[order]
    both = np.add.reduceat(w, starts)
    second = np.add.reduceat(w * y, starts, axis=1)
    first = both - second
    won = np.sum(second * (np.cumsum(first, axis=1) - first / 2), axis=1)
    return won / (first.sum(axis=1) * second.sum(axis=1))


def p_of(world, score, deals=DEALS, added=1):
    """By dealing the labels anew."""
    _, y, w = rows(world, 1)
    many = np.stack([y, *(world.rng.permutation(y) for _ in range(deals))])
    found = areas(score, many, w)
    return (added + np.sum(found[1:] >= found[0])) / (added + deals)


def p_of_model(world, name):
    """Do so for the scores of a model, once a world."""
    if ("p", name) not in world.known:
        world.known["p", name] = p_of(world, scores(world, name))
    return world.known["p", name]


def by_model(name):
    return lambda world: answer(world, scores(world, name), p_of_model(world, name))


def answer(world, score, p=None):
    return *halves(world, score), p_of(world, score) if p is None else p


def p_by_scipy(world, score):
    a, b = halves(world, score)
    found = scipy_stats.permutation_test(
        (b, a),
        lambda x, y, axis: x.mean(axis) - y.mean(axis),
        alternative="greater",
        n_resamples=DEALS,
        vectorized=True,
        rng=world.seed,
    )
    return found.pvalue


def p_by_library(world, score):
    w = rows(world, 1)[2]
    return stats.two_sample_test(
        *halves(world, score), *halves(world, w), statistic="auc", rng=world.seed
    ).p_value


def as_told(world, kind, change):
    """Return the answer of LightGBM, in another form."""
    one, two, p = by_model(kind)(world)
    return change(one), change(two), p


def log_odds(score):
    return np.log(score / (1 - score))


def learned_from_judged(world, name="LightGBM"):
    X, y, w = (np.concatenate(pair) for pair in zip(rows(world, 0), rows(world, 1), strict=True))
    score = fitted(world, name, X, y, w).predict_proba(rows(world, 1)[0])[:, 1]
    return answer(world, score, LEAST)


def learned_from_the_same(world):
    score = fitted(world, "LightGBM", *rows(world, 1)).predict_proba(rows(world, 1)[0])[:, 1]
    return answer(world, score, LEAST)


def of_all_events(world):
    model = fitted(world, "LightGBM", *rows(world, 0))
    one, two = (model.predict_proba(day[FEATURES].to_numpy())[:, 1] for day in world.days)
    return one, two, LEAST


def permuted_rows(world):
    score = world.rng.permutation(scores(world, "LightGBM"))
    return answer(world, score)


def labels_themselves(world):
    y = rows(world, 1)[1]
    return answer(world, np.clip(y + world.rng.normal(0, 0.1, len(y)), -1, 2), LEAST)


def p_of_wrong_side(world):
    return answer(world, scores(world, "LightGBM"), 1 + LEAST - p_of_model(world, "LightGBM"))


def with_p(p):
    return lambda world: answer(world, scores(world, "LightGBM"), p)


TOLD_APART = Exercise(
    "told_apart",
    two_days,
    lambda world, given: check.told_apart(
        *world.days, my_scores_yesterday=given[0], my_scores_today=given[1], my_p=given[2]
    ),
    {
        "LightGBM, 500 deals": by_model("LightGBM"),
        "HistGradientBoosting": by_model("HGB"),
        "logistic regression": by_model("logistic"),
        "linear discriminant, no weights": by_model("discriminant"),
        "extra trees": by_model("extra trees"),
        "log odds": lambda world: as_told(world, "LightGBM", log_odds),
        "float32": lambda world: as_told(world, "HGB", lambda s: s.astype("float32")),
        "lists, three digits": lambda world: as_told(world, "HGB", lambda s: s.round(3).tolist()),
        "pandas": lambda world: as_told(world, "LightGBM", pd.Series),
        "1000 deals, p to two digits": lambda world: answer(
            world, scores(world, "HGB"), digits(p_of(world, scores(world, "HGB"), 1000), 2)
        ),
        "permutation test of scipy, means": lambda world: answer(
            world, scores(world, "LightGBM"), p_by_scipy(world, scores(world, "LightGBM"))
        ),
        "the library's test": lambda world: answer(
            world, scores(world, "logistic"), p_by_library(world, scores(world, "logistic"))
        ),
        "mean of two models": lambda world: answer(
            world, scores(world, "LightGBM") + scores(world, "HGB")
        ),
    },
    {
        "trees that know the rows": ("were not seen before", learned_from_judged),
        "trees of the very rows": ("were not seen before", learned_from_the_same),
        "extra trees that know the rows": (
            "were not seen before",
            lambda world: answer(world, memory(world), LEAST),
        ),
        "labels with noise": ("were not seen before", labels_themselves),
        "all events": ("learned from among them", of_all_events),
        "classes": (
            "probabilities, not classes",
            lambda world: as_told(world, "LightGBM", lambda s: (s > 0.5).astype(int)),
        ),
        "yesterday is class 1": (
            "is today the class 1",
            lambda world: answer(world, 1 - scores(world, "LightGBM"), 0.998),
        ),
        "both columns": (
            "second, [:, 1]",
            lambda world: as_told(world, "LightGBM", lambda s: np.stack([1 - s, s], axis=1)),
        ),
        "rows mixed up": ("do not tell the days apart", permuted_rows),
        "p = 0": ("is never 0", with_p(0.0)),
        "p of a normal distribution": ("is it a formula's", with_p(3e-9)),
        "p in percent": ("In percent", with_p(2.0)),
        "1 - p": ("That is 1 − p", p_of_wrong_side),
        "p of the quiet day": ("too large for your scores", with_p(0.45)),
        "half of the rows": (
            "its shape is",
            lambda world: as_told(world, "LightGBM", lambda s: s[::2]),
        ),
    },
)


def memory(world):
    """Scores of extra trees with small leaves that have learned from what they judge."""
    X, y, w = rows(world, 1)
    model = ExtraTreesClassifier(20, min_samples_leaf=5, random_state=world.seed, n_jobs=1)
    return model.fit(X, y, sample_weight=w).predict_proba(X)[:, 1]


# ---------------------------------------------------------------- four periods

CLEAR = 1e-3
"""A p-value of one histogram that is no accident of thirty."""


def four(seed):
    events, rng = dealt(seed)
    return SimpleNamespace(
        good=events[24_000:30_000], periods=check.hidden(events[:24_000], rng), known={}
    )


def broken_formula(table):
    """Share of events of which a derived feature is not what it was computed from."""
    names = ["DER_pt_h", "DER_met_phi_centrality"]
    found = data.derived_features(table, names)[names]
    return np.mean((np.abs(found - table[names]) > 0.01).any(axis=1))


def transverse(table):
    """Share of events whose transverse mass is not that of lepton and missing momentum."""
    pt, met = table["PRI_lep_pt"].astype(float), table["PRI_met"].astype(float)
    angle = table["PRI_lep_phi"] - table["PRI_met_phi"]
    mass = np.sqrt(np.maximum(2 * pt * met * (1 - np.cos(angle)), 0))
    return np.mean(np.abs(mass - table["DER_mass_transverse_met_lep"]) > 0.1)


def total(table):
    """Share of events whose tau, lepton and missing momentum do not add up to the stored sum."""
    parts = [(table["PRI_met"], table["PRI_met_phi"])]
    parts += [(table[f"PRI_{one}_pt"], table[f"PRI_{one}_phi"]) for one in ("tau", "lep")]
    x, y = (sum(pt.astype(float) * turn(phi) for pt, phi in parts) for turn in (np.cos, np.sin))
    return np.mean(np.abs(np.hypot(x, y) - table["DER_pt_h"]) > 0.1)


def ks(world, table, name):
    return scipy_stats.ks_2samp(world.good[name], table[name], method="asymp").pvalue


def mann_whitney(world, table, name):
    return scipy_stats.mannwhitneyu(world.good[name], table[name]).pvalue


def cramer(world, table, name):
    return scipy_stats.cramervonmises_2samp(
        world.good[name], table[name], method="asymptotic"
    ).pvalue


def chi_square(world, table, name):
    edges = np.quantile(world.good[name], np.linspace(0, 1, 21))[1:-1]
    counts = [np.bincount(np.digitize(each[name], edges), minlength=20)
              for each in (world.good, table)]  # fmt: skip
    return scipy_stats.chi2_contingency(counts).pvalue


def weighted_ks(world, table, name):
    return stats.two_sample_test(
        world.good[name], table[name], world.good["Weight"], table["Weight"], permutations=1999
    ).p_value


def begins(table):
    return table["PRI_tau_pt"].min() > 20.9


def by(test, formula=broken_formula):
    """Ask each period for the tau's threshold, a broken formula, then the missing momentum."""

    def kind(world, table):
        if begins(table):
            return "tau_energy_scale"
        if formula(table) > 0.02:
            return "swapped_phi"
        return "missing_energy" if test(world, table, "PRI_met") < CLEAR else None

    return lambda world: {name: kind(world, table) for name, table in world.periods.items()}


def in_other_form(change):
    return lambda world: change(by(ks)(world))


def taken(kind, other):
    """Take the period of one kind for one of another."""
    return lambda world: {k: other if v == kind else v for k, v in by(ks)(world).items()}


PERIODS = Exercise(
    "periods",
    four,
    lambda world, kinds: check.periods(world.periods, my_kinds=kinds),
    {
        "Kolmogorov-Smirnov and recomputed features": by(ks),
        "Mann-Whitney and the transverse mass": by(mann_whitney, transverse),
        "Cramér-von Mises and the sum of momenta": by(cramer, total),
        "χ² of histograms": by(chi_square),
        "weighted permutations": by(weighted_ks, transverse),
        "Kolmogorov-Smirnov and the sum of momenta": by(ks, total),
        "a series": in_other_form(pd.Series),
        "a series with NA": in_other_form(lambda kinds: pd.Series(kinds, dtype="string")),
        "NaN for None": in_other_form(
            lambda kinds: {k: np.nan if v is None else v for k, v in kinds.items()}
        ),
        "strings of numpy": in_other_form(
            lambda kinds: {k: None if v is None else np.str_(v) for k, v in kinds.items()}
        ),
        "other order": in_other_form(lambda kinds: dict(reversed(kinds.items()))),
    },
    {
        "the scale taken for missing momentum": (
            "pT of the tau begin",
            taken("tau_energy_scale", "missing_energy"),
        ),
        "missing momentum taken for the scale": (
            "taus as before",
            taken("missing_energy", "tau_energy_scale"),
        ),
        "a shifted lepton": ("does not look like", taken("tau_energy_scale", "lepton_pt")),
        "one low p of thirty": ("stand out", taken(None, "eta_phi_hole")),
        "a scale everywhere": ("stand out", taken(None, "tau_energy_scale")),
        "histograms alone miss the swap": (
            "features belong together",
            by(ks, lambda _: 0.0),
        ),
        "all quiet": ("look again", lambda _: dict.fromkeys("ABCD")),
        "the scale missed": ("look again", taken("tau_energy_scale", None)),
        "a hole in place of the swap": ("does not look like", taken("swapped_phi", "eta_phi_hole")),
        "impossible eta in place of missing momentum": (
            "differs most",
            taken("missing_energy", "impossible_eta"),
        ),
        "a name that is none": ("is none of", taken("tau_energy_scale", "tau")),
        "a list": ("should be a dict", lambda world: list(by(ks)(world).values())),
    },
)

EXERCISES = [TRIALS, TOLD_APART, PERIODS]
