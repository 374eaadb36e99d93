"""Right and wrong answers to the exercises of the lesson on classification without labels.

Scores come from trainings with the lesson's own functions, on events drawn from `dijets`.
"""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, ndtr, ndtri
from scipy.stats import mannwhitneyu, norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.checks import Exercise
from hepml import data, stats
from hepml_lessons.checks import without_labels as check
from hepml_lessons.recipes import recipe

REGION, SIDEBANDS = (3300, 3700), ((3100, 3300), (3700, 3900))
EDGES = np.arange(3000, 5001, 100)

# ---------------------------------------------------------------- an AUC from two bags


def bags(seed):
    """Bags of the student with this seed, of events whose logits are like those of the lesson."""
    rng = np.random.default_rng([17, seed])
    is_signal = rng.random(20_000) < 0.5
    logit = rng.normal(np.where(is_signal, 0.7, -0.7), 0.65)
    blurred_bags = lesson().blurred_bags
    one, other, f1, f2 = blurred_bags(is_signal, logit, np.random.default_rng([seed, 1]))
    y, score = np.repeat([1, 0], [len(one), len(other)]), np.concatenate([one, other])
    world = SimpleNamespace(one=one, other=other, f1=f1, f2=f2, y=y, score=score, seed=seed)
    world.over = stats.auc(y, score) - 0.5
    return world


def undone(w, over=None):
    return 0.5 + (w.over if over is None else over) / (w.f1 - w.f2)


def by_pairs(world, pairs):
    """Draw pairs of one event from each bag."""
    rng = np.random.default_rng(int(1e6 * world.over))
    one, other = (rng.choice(bag, pairs) for bag in (world.one, world.other))
    return undone(world, np.mean(one > other) - 0.5)


def by_trapezes(world):
    passing, failing, _ = roc_curve(world.y, world.score)
    return undone(world, np.trapezoid(failing, passing) - 0.5)


def by_ranks(world):
    n, m = len(world.one), len(world.other)
    rank = pd.Series(world.score).rank().to_numpy()[:n].sum()
    return undone(world, (rank - n * (n + 1) / 2) / (n * m) - 0.5)


def by_mann_whitney(world):
    pairs = len(world.one) * len(world.other)
    return undone(world, mannwhitneyu(world.one, world.other).statistic / pairs - 0.5)


def by_purities(world):
    """Solve AUC12 = f1 (1 - f2) A + (1 - f1) f2 (1 - A) + ½ (rest) for A."""
    right, turned = world.f1 * (1 - world.f2), (1 - world.f1) * world.f2
    both = 1 - right - turned
    return (world.over + 0.5 - turned - both / 2) / (right - turned)


def by_histograms(world):
    edges = np.linspace(-6, 8, 2001)
    s, b = (np.histogram(bag, edges)[0] / len(bag) for bag in (world.one, world.other))
    return undone(world, np.sum(s * (np.cumsum(b) - b / 2)) - 0.5)


def cut_first(cut):
    return lambda w: undone(w, stats.auc(w.y, w.score >= cut) - 0.5)


TRUE_AUC = Exercise(
    "true_auc",
    bags,
    lambda w, answer: check.true_auc(w.one, w.other, w.f1, w.f2, my_auc=answer),
    {
        "the formula": undone,
        "three digits": lambda w: round(undone(w), 3),
        "scikit-learn": lambda w: undone(w, roc_auc_score(w.y, w.score) - 0.5),
        "Mann-Whitney": by_mann_whitney,
        "two million pairs drawn": lambda w: by_pairs(w, 2_000_000),
        "trapezes under the curve": by_trapezes,
        "sum of ranks": by_ranks,
        "solved for the AUC": by_purities,
        "histograms of 2000 bins": by_histograms,
        "float32": lambda w: np.float32(undone(w)),
        "probabilities of float32": lambda w: undone(
            w, roc_auc_score(w.y, expit(w.score).astype("float32")) - 0.5
        ),
        "bag 2 against bag 1, turned": lambda w: undone(w, 0.5 - stats.auc(1 - w.y, w.score)),
    },
    {
        "bags": ("AUC of bag 1 against bag 2", lambda w: 0.5 + w.over),
        "bags, three digits": ("AUC of bag 1 against bag 2", lambda w: round(0.5 + w.over, 3)),
        "bags exchanged": ("bags are exchanged", lambda w: undone(w, -w.over)),
        "½ divided, too": ("only what is above", lambda w: (0.5 + w.over) / (w.f1 - w.f2)),
        "multiplied": ("You multiplied", lambda w: 0.5 + w.over * (w.f1 - w.f2)),
        "bag 2 is background": ("it has a purity, too", lambda w: 0.5 + w.over / w.f1),
        "sum of purities": ("not their sum", lambda w: 0.5 + w.over / (w.f1 + w.f2)),
        "½ forgotten": ("two events of a kind", lambda w: w.over / (w.f1 - w.f2)),
        "Gini": ("2 AUC - 1", lambda w: 2 * w.over / (w.f1 - w.f2)),
        "one kind of pairs": (
            "other way round count",
            lambda w: 0.5 + w.over / (w.f1 * (1 - w.f2)),
        ),
        "cut at a logit of 0": ("of classes, not of scores", cut_first(0)),
        "cut at a logit of ½": ("of classes, not of scores", cut_first(0.5)),
        "per cent": ("between 0 and 1", lambda w: 100 * undone(w)),
        "perfect": ("too large", lambda _: 1.0),
        "a coin": ("too small", lambda _: 0.55),
    },
)

# ---------------------------------------------------------------- trainings


@cache
def lesson():
    """Functions of the lesson, the sample, and the features of each set."""
    names = recipe("without-labels")
    dijets = data.load("dijets")
    jets = ("jet_1", "jet_2")
    sets = {
        "fair": [f"{jet}_{q}" for jet in jets for q in ("mass_over_mjj", "tau_21", "tau_32")],
        "pT": [f"{jet}_{q}" for jet in jets for q in ("mass", "tau_21", "tau_32", "pt")],
    }
    columns = {name: dijets[these].to_numpy("float32") for name, these in sets.items()}
    masses, is_signal = dijets["mjj"].to_numpy(float), dijets["Label"].to_numpy() == 1
    return SimpleNamespace(columns=columns, mjj=masses, is_signal=is_signal, **names)


def quiet(seed):
    """Events of exercise 2, as the student with this seed has them."""
    own = np.random.default_rng([seed, 2])
    return drawn(own.integers(280, 321) * 100, 0, own, seed)


def weak(seed):
    """Events of exercise 3."""
    own = np.random.default_rng([seed, 3])
    hidden = own.integers(140, 161)
    return drawn(50_000, hidden, own, seed)


def drawn(background, signal, own, seed):
    """Events of one experiment, with scores of trees that were trained on other folds."""
    have = lesson()
    chosen = have.draw(background, signal, have.is_signal, own)
    world = SimpleNamespace(mjj=have.mjj[chosen], y=have.is_signal[chosen].astype(int), seed=seed)
    world.X = {name: columns[chosen] for name, columns in have.columns.items()}
    world.place = have.place_of(world.mjj, REGION, SIDEBANDS)
    world.score = have.cross_scores(world.X["fair"], world.mjj, REGION, SIDEBANDS, seed)
    world.linear = folded(world.X["fair"], world.place, linear)
    return world


def linear(X, y):
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)


def trees(X, y):
    have = lesson()
    return have.trees(1, 80, 16).fit(X, y, sample_weight=have.balanced(y))


def folded(X, y, fit, folds=5):
    """Out-of-fold ranks of a model of ``y``, which is 1, 0, or -1 for events to score only."""
    fold, rank = np.arange(len(y)) % folds, np.empty(len(y))
    for k in range(folds):
        train, here = (fold != k) & (y >= 0), fold == k
        score = fit(X[train], y[train]).predict_proba(X[here])[:, 1]
        rank[here] = np.argsort(np.argsort(score)) / len(score)
    return rank


def in_sample(world):
    """Trees that score the events that they were trained on."""
    near = world.place >= 0
    model = trees(world.X["fair"][near], world.place[near])
    return model.predict_proba(world.X["fair"])[:, 1]


def ranked(score):
    return np.argsort(np.argsort(score)) / len(score)


# ---------------------------------------------------------------- cuts and fits


def by_counting(mjj, score, share):
    passing = np.argsort(-np.asarray(score))[: round(share * len(score))]
    return np.histogram(mjj[passing], EDGES)[0]


def by_quantile(mjj, score, share):
    return np.histogram(mjj[score >= np.quantile(score, 1 - share)], EDGES)[0]


def by_rank(mjj, score, share):
    return np.histogram(mjj[ranked(score) >= 1 - share], EDGES)[0]


def by_percentile(mjj, score, share):
    rank = pd.Series(score).rank(pct=True).to_numpy()
    return np.histogram(mjj[rank > 1 - share], EDGES)[0]


def hunted(counts, **options):
    return stats.bump_hunt(counts, EDGES, REGION, **{"parameters": 3} | options)


def fitted_by_hand(counts):
    """Poisson fit by a general minimiser, and the excess over both errors."""
    x = (EDGES[1:] + EDGES[:-1]) / 2 / 13_000
    phi = np.column_stack([np.ones_like(x), np.log1p(-x), np.log(x)])
    phi[:, 1:] -= phi[:, 1:].mean(axis=0)
    inside = (EDGES[:-1] >= REGION[0]) & (EDGES[1:] <= REGION[1])
    side = phi[~inside]

    def cost(theta):
        mu = np.exp(side @ theta)
        return np.sum(mu - counts[~inside] * (side @ theta)), side.T @ (mu - counts[~inside])

    start = [np.log(counts[~inside].mean()), 0, 0]
    theta = minimize(cost, start, jac=True, method="BFGS", options={"gtol": 1e-6}).x
    mu = np.exp(phi @ theta)
    covariance = np.linalg.inv(side.T @ (np.exp(side @ theta)[:, None] * side))
    slope = mu[inside] @ phi[inside]
    b, variance = mu[inside].sum(), slope @ covariance @ slope
    return (counts[inside].sum() - b) / np.sqrt(b + variance)


# ---------------------------------------------------------------- nothing injected


def judge_null(w, answer):
    score, z = answer
    return check.null_run(w.mjj, REGION, SIDEBANDS, EDGES, my_score=score, my_z=z)


def at_one(w, score=None, cut=by_counting, **options):
    score = w.score if score is None else score
    return hunted(cut(w.mjj, score, 0.01), **options).significance


def misread(value):
    """Answer with the fair score and a number made from the fit at 1 %."""
    return lambda w: (w.score, value(hunted(by_counting(w.mjj, w.score, 0.01))))


def other_cut(share):
    return lambda w: (w.score, hunted(by_counting(w.mjj, w.score, share)).significance)


def with_score(make, cut=by_counting):
    def answer(w):
        score = make(w)
        return score, at_one(w, np.asarray(score), cut)

    return answer


def both_models(w):
    return (ranked(w.score) + ranked(w.linear)) / 2


def momenta(w):
    return lesson().cross_scores(w.X["pT"], w.mjj, REGION, SIDEBANDS, w.seed)


NULL_RUN = Exercise(
    "null_run",
    quiet,
    judge_null,
    {
        "the 1 % counted": with_score(lambda w: w.score),
        "quantile": with_score(lambda w: w.score, by_quantile),
        "ranks of all": with_score(lambda w: w.score, by_rank),
        "ranks of pandas": with_score(lambda w: w.score, by_percentile),
        "ranks of the folds": lambda w: (
            w.score,
            hunted(np.histogram(w.mjj[w.score >= 0.99], EDGES)[0]).significance,
        ),
        "two digits": lambda w: (w.score, round(at_one(w), 2)),
        "logits": with_score(lambda w: np.log((w.score + 0.001) / (1.001 - w.score))),
        "float32": with_score(lambda w: w.score.astype("float32")),
        "a list": with_score(lambda w: w.score.tolist()),
        "pandas": with_score(lambda w: pd.Series(w.score)),
        "logistic regression": with_score(lambda w: w.linear),
        "mean of two models": with_score(both_models, by_quantile),
        "fitted by hand": lambda w: (
            w.score,
            fitted_by_hand(by_counting(w.mjj, w.score, 0.01)),
        ),
        "from the p-value": lambda w: (
            w.score,
            norm.isf(hunted(by_counting(w.mjj, w.score, 0.01)).p_value),
        ),
    },
    {
        "scored in training": ("trained on them", with_score(in_sample)),
        "with momenta": ("mjj", with_score(momenta)),
        "mjj itself": ("knows mjj", lambda w: (w.mjj, 1.0)),
        "distance from the region": ("knows mjj", lambda w: (-np.abs(w.mjj - 3500), 1.0)),
        "p-value": ("p-value", misread(lambda hunt: hunt.p_value)),
        "background taken for exact": (
            "for exact",
            misread(lambda h: (h.observed - h.background) / np.sqrt(h.background)),
        ),
        "S/√(S+B)": (
            "S/√(S+B)",
            misread(lambda h: (h.observed - h.background) / np.sqrt(h.observed)),
        ),
        "sign": ("plus sign", misread(lambda h: -h.significance)),
        "no cut": ("without a cut", other_cut(1)),
        "10 %": ("at 10 %", other_cut(0.1)),
        "four parameters": (
            "four parameters",
            lambda w: (w.score, at_one(w, parameters=4)),
        ),
        "sidebands of the training": (
            "sidebands of the training",
            lambda w: (w.score, at_one(w, sidebands=SIDEBANDS)),
        ),
        "classes": ("classes", lambda w: ((w.score > 0.99).astype(int), at_one(w))),
        "too large": ("too large", lambda w: (w.score, at_one(w) + 3)),
    },
)

# ---------------------------------------------------------------- several thresholds

KEPT = (0.005, 0.01, 0.05)


def judge_hunt(w, answer):
    """Answer: global significance and, where they are others, toys, score and shares."""
    found, toys, score, kept = (*answer, *(0, w.score, KEPT)[len(answer) - 1 :])
    answers = {"my_score": score, "my_kept": kept, "my_global": found, "my_toys": toys}
    return check.honest_hunt(w.mjj, w.y, REGION, SIDEBANDS, EDGES, **answers)


def rows_of(w, score=None, kept=KEPT, cut=by_counting):
    score = w.score if score is None else np.asarray(score)
    return np.array([cut(w.mjj, score, share) for share in sorted(kept)])


def pulls(rows):
    return stats.bump_scan(rows, EDGES, [REGION], parameters=3).significance[:, 0]


def bonferroni(rows):
    return -ndtri(min(len(rows) * ndtr(-pulls(rows).max()), 0.5))


def sidak(rows):
    return -ndtri(-np.expm1(len(rows) * np.log1p(-ndtr(-pulls(rows).max()))))


def of_rows(found, digits=None, **options):
    def answer(w):
        value = found(rows_of(w, **options))
        return (value if digits is None else round(value, digits),)

    return answer


def of_score(make, found=bonferroni):
    def answer(w):
        score = make(w)
        return found(rows_of(w, score)), 0, score

    return answer


def of_shares(*kept):
    return lambda w: (bonferroni(rows_of(w, kept=kept)), 0, w.score, kept)


def counted(toys, largest, *, one_more=True):
    """Count until ten are as large, as the exercise says; else the formula."""

    def answer(w):
        rows = rows_of(w)
        seen = pulls(rows).max()
        if toys * len(rows) * ndtr(-seen) < 3:  # hopeless
            return (bonferroni(rows),)
        k = np.sum(largest(w, rows, toys) >= seen)
        if k < 10:
            return (bonferroni(rows),)
        return -ndtri((k + 1) / (toys + 1) if one_more else k / toys), toys

    return answer


def sharing(w, rows, toys):
    """Thresholds share events, drawn from fits of all bins."""
    options = {"parameters": 3, "experiments": toys, "rng": 1000 + w.seed}
    return stats.pseudo_experiments(rows, EDGES, [REGION], **options).largest


def from_sidebands(rows):
    return np.array([hunted(row).expected for row in rows])


def independent(w, rows, toys):
    """Each threshold is drawn on its own, from the fit of its sidebands."""
    rng = np.random.default_rng([w.seed, 1])
    toy = rng.poisson(from_sidebands(rows), (toys, *rows.shape)).reshape(-1, rows.shape[1])
    return pulls(toy).reshape(toys, -1).max(axis=1)


def nested(w, rows, toys):
    """Thresholds share events, drawn from the fits of their sidebands."""
    rng = np.random.default_rng([w.seed, 2])
    steps = np.maximum(np.diff(from_sidebands(rows), axis=0, prepend=0), 0)
    toy = np.cumsum(rng.poisson(steps, (toys, *steps.shape)), axis=1).reshape(-1, rows.shape[1])
    return pulls(toy).reshape(toys, -1).max(axis=1)


def local_of(w):
    return pulls(rows_of(w)).max()


def too_few(w):
    """Two of so many experiments were as large."""
    toys = int(2 / (3 * ndtr(-local_of(w))))
    return -ndtri(2 / toys), toys


HONEST_HUNT = Exercise(
    "honest_hunt",
    weak,
    judge_hunt,
    {
        "Bonferroni": of_rows(bonferroni),
        "Bonferroni, two digits": of_rows(bonferroni, 2),
        "Šidák": of_rows(sidak),
        "Šidák, two digits": of_rows(sidak, 2),
        "quantiles": of_rows(bonferroni, 2, cut=by_quantile),
        "ranks": of_rows(sidak, 2, cut=by_rank),
        "ranks of pandas": of_rows(bonferroni, 2, cut=by_percentile),
        "two shares": of_shares(0.01, 0.1),
        "five shares": of_shares(0.004, 0.01, 0.03, 0.1, 0.3),
        "float32": of_score(lambda w: w.score.astype("float32")),
        "pandas": of_score(lambda w: pd.Series(w.score)),
        "logistic regression": of_score(lambda w: w.linear, sidak),
        "mean of two models": of_score(both_models),
        "2000 experiments": counted(2000, sharing),
        "1000 experiments, k of n": counted(1000, sharing, one_more=False),
        "2000, thresholds independent": counted(2000, independent),
        "1500, drawn from the sidebands": counted(1500, nested),
    },
    {
        "local": ("no less than the local", lambda w: (local_of(w),)),
        "local, two digits": ("no less than the local", lambda w: (round(local_of(w), 2),)),
        "local, said to be counted": (
            "no less than the local",
            lambda w: (local_of(w), int(30 / ndtr(-local_of(w)))),
        ),
        "two of three looks": (
            "You counted 2 looks",
            lambda w: (-ndtri(min(2 * ndtr(-local_of(w)), 0.5)),),
        ),
        "significance divided": ("You divided", lambda w: (local_of(w) / np.sqrt(3),)),
        "average": ("average", lambda w: (pulls(rows_of(w)).mean(),)),
        "probability": ("This is a probability", lambda w: (3 * ndtr(-local_of(w)),)),
        "two sides": ("probability of both", lambda w: (-ndtri(1.5 * ndtr(-local_of(w))),)),
        "windows, too": (
            "You counted windows",
            lambda w: (-ndtri(min(45 * ndtr(-local_of(w)), 0.9)),),
        ),
        "too few experiments": ("too few for a probability", too_few),
        "infinite": ("not zero", lambda _: (np.inf, 1000)),
        "one share": ("at least two", lambda w: (local_of(w), 0, w.score, (0.01,))),
        "scored in training": ("trained on", of_score(in_sample)),
        "labels, cross-validated": (
            "Did it see the labels",
            of_score(lambda w: folded(w.X["fair"], w.y, trees, folds=2)),
        ),
        "labels and noise": (
            "Did it see the labels",
            of_score(lambda w: w.y + w.score),
        ),
        "goes with mjj": ("knows mjj", lambda w: (3.0, 0, w.score - w.mjj / 2000)),
        "classes": ("classes", lambda w: (local_of(w), 0, (w.score > 0.99).astype(int))),
    },
)

EXERCISES = [TRUE_AUC, NULL_RUN, HONEST_HUNT]
