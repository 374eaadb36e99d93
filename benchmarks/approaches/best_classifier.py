"""Right and wrong answers to the exercises of the lesson on the best possible classifier.

Models near the bound are the exact ratio with smooth or stepwise mistakes, and a mixture of
Gaussians that is fitted anew for each seed.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import mannwhitneyu, norm, rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture

from benchmarks.checks import Exercise
from hepml import stats
from hepml.data.recipes.known_truth import MIX, RES
from hepml_lessons.checks import best_classifier as check

# ---------------------------------------------------------------- a likelihood ratio by hand


def line(seed):
    """Values and labels of events of both classes, and the exact ratio."""
    rng = np.random.default_rng([19, seed])
    signal = round(rng.uniform(0.4, 1.0), 2), round(rng.uniform(0.4, 0.7), 2)
    background = 0.0, round(rng.uniform(0.9, 1.3), 2)
    y = np.repeat([1, 0], 20_000)
    x = np.concatenate([rng.normal(*which, 20_000) for which in (signal, background)])
    world = SimpleNamespace(x=x, y=y, rng=rng, signal=signal, background=background)
    world.exact = ratio(world, x)
    world.auc = stats.auc(y, world.exact)
    return world


def ratio(w, x):
    return log_ratio(x, w.signal, w.background)


def log_ratio(x, signal, background):
    return norm.logpdf(x, *signal) - norm.logpdf(x, *background)


def judge_ratio(w, answer):
    given, area = answer
    return check.likelihood_ratio(
        w.x, w.y, signal=w.signal, background=w.background, my_log_ratio=given, my_auc=area
    )


def ratio_of(make):
    return lambda w: (make(w), w.auc)


def area_of(make):
    return lambda w: (w.exact, make(w))


def by_hand(w):
    (mean, width), (_, broad) = w.signal, w.background
    return (w.x / broad) ** 2 / 2 - ((w.x - mean) / width) ** 2 / 2 + np.log(broad / width)


def three_figures(w):
    return [float(f"{value:.3g}") for value in w.exact]


def of_many(w):
    """AUC of events of one's own."""
    s, b = (ratio(w, w.rng.normal(*which, 200_000)) for which in (w.signal, w.background))
    return mannwhitneyu(s, b).statistic / len(s) / len(b)


def of_boxes(w):
    x = np.linspace(-8, 8, 20_001)
    s, b = norm.pdf(x, *w.signal), norm.pdf(x, *w.background)
    best = np.argsort(-s / b)
    return np.trapezoid(np.cumsum(s[best]), np.cumsum(b[best])) * (x[1] - x[0]) ** 2


def estimated(w):
    fitted = [(w.x[w.y == k].mean(), w.x[w.y == k].std()) for k in (1, 0)]
    return log_ratio(w.x, *fitted)


def learned(w):
    return LogisticRegression().fit(w.x[:, None], w.y).decision_function(w.x[:, None])


def without_norm(w):
    return w.exact - np.log(w.background[1] / w.signal[1])


def as_variances(w):
    return log_ratio(w.x, *((mean, np.sqrt(width)) for mean, width in (w.signal, w.background)))


LIKELIHOOD_RATIO = Exercise(
    "likelihood_ratio",
    line,
    judge_ratio,
    {
        "scipy": ratio_of(lambda w: ratio(w, w.x)),
        "by hand": ratio_of(by_hand),
        "log of densities": ratio_of(
            lambda w: np.log(norm.pdf(w.x, *w.signal) / norm.pdf(w.x, *w.background))
        ),
        "logit of the probability": ratio_of(lambda w: logit(expit(w.exact))),
        "three decimals": ratio_of(lambda w: w.exact.round(3)),
        "three figures": ratio_of(three_figures),
        "float32": ratio_of(lambda w: w.exact.astype("float32")),
        "pandas": ratio_of(lambda w: pd.Series(w.exact)),
        "area of scikit-learn": area_of(lambda w: roc_auc_score(w.y, w.exact)),
        "area, three digits": area_of(lambda w: round(w.auc, 3)),
        "Mann-Whitney": area_of(
            lambda w: mannwhitneyu(w.exact[w.y == 1], w.exact[w.y == 0]).statistic / 20_000**2
        ),
        "area by boxes": area_of(of_boxes),
        "area of other events": area_of(of_many),
    },
    {
        "sign": ("sign is swapped", ratio_of(lambda w: -w.exact)),
        "ratio": ("take its logarithm", ratio_of(lambda w: np.exp(w.exact))),
        "no norm": ("left out the normalisation", ratio_of(without_norm)),
        "signal": ("signal's density alone", ratio_of(lambda w: norm.logpdf(w.x, *w.signal))),
        "background": (
            "background's density alone",
            ratio_of(lambda w: -norm.logpdf(w.x, *w.background)),
        ),
        "variance": ("width for a variance", ratio_of(as_variances)),
        "probability": ("logit", ratio_of(lambda w: expit(w.exact))),
        "decimal": ("decimal", ratio_of(lambda w: w.exact / np.log(10))),
        "twice": ("2 ln r", ratio_of(lambda w: 2 * w.exact)),
        "estimated": ("means and widths of the events", ratio_of(estimated)),
        "learned": ("is too", ratio_of(learned)),
        "area of classes": ("of classes", area_of(lambda w: stats.auc(w.y, w.exact > 0))),
        "area of x": ("AUC of x itself", area_of(lambda w: stats.auc(w.y, w.x))),
        "area of labels": ("labels with themselves", area_of(lambda _: 1.0)),
        "area swapped": ("are swapped", area_of(lambda w: 1 - w.auc)),
        "too small": ("too small", area_of(lambda w: w.auc - 0.05)),
    },
)

# ---------------------------------------------------------------- within 0.003 of the bound


def near(seed):
    """Events of mix, half as many to train on, and scores of a model near the bound."""
    rng = np.random.default_rng([23, seed])
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    train, test = (drawn(MIX, events, rng) for events in (20_000, 40_000))
    world = SimpleNamespace(rng=rng, y_train=train[1], y=test[1])
    world.exact, world.exact_train = MIX.log_ratio(test[0]), MIX.log_ratio(train[0])
    world.X, world.X_train = test[0] @ turn, train[0] @ turn
    world.score = world.exact + smooth(world.X, rng)
    world.train = world.exact_train + 0.15 * (train[1] - 0.5) + rng.normal(0, 0.2, len(train[1]))
    world.curve = stats.roc_curve(world.y, world.score)
    world.bound = stats.auc(world.y, world.exact)
    return world


def drawn(problem, events, rng):
    y = np.repeat([1, 0], events // 2)
    X = np.concatenate([problem.of(k).sample(events // 2, rng) for k in (1, 0)])
    order = rng.permutation(events)
    return X[order], y[order]


def smooth(X, rng):
    phase = rng.uniform(0, 2 * np.pi, 2)
    return 0.15 * np.sin(X @ [1.0, 0.5] + phase[0]) + 0.1 * np.cos(X @ [-0.7, 1.3] + phase[1])


def judge_model(w, answer):
    score, area, error = answer
    return check.near_the_bound(
        w.y_train,
        w.y,
        w.exact,
        my_score_train=w.train,
        my_score_test=score,
        my_auc=area,
        my_error=error,
    )


def model(make):
    """Scores, with their AUC to four digits and the error from the formula."""

    def answer(w):
        score = make(w)
        curve = stats.roc_curve(w.y, np.asarray(score))
        return score, round(curve.auc, 4), curve.auc_error

    return answer


def area(make):
    return lambda w: (w.score, make(w), w.curve.auc_error)


def error(make):
    return lambda w: (w.score, w.curve.auc, make(w))


def stepwise(w):
    """Make mistakes in steps, as trees do."""
    squares = np.floor(2 * w.X).astype(int)
    table = w.rng.normal(0, 0.15, (64, 64))
    return w.exact + table[squares[:, 0] % 64, squares[:, 1] % 64]


def mixtures(w):
    """Three Gaussians for each class, fitted to the training events."""
    logs = [
        GaussianMixture(3, n_init=2, random_state=1).fit(w.X_train[w.y_train == k]) for k in (1, 0)
    ]
    s, b = (fit.score_samples(w.X) for fit in logs)
    return s - b


def resampled(repeats):
    def found(w):
        copies = (w.rng.poisson(1, len(w.y)) for _ in range(repeats))
        return np.std([stats.auc(w.y, w.score, copy) for copy in copies], ddof=1)

    return found


def hanley(w):
    """Use the formula of J. A. Hanley and B. J. McNeil, Radiology 143 (1982) 29."""
    a, n = w.curve.auc, len(w.y) // 2
    q1, q2 = a / (2 - a), 2 * a**2 / (1 + a)
    return np.sqrt((a * (1 - a) + (n - 1) * (q1 + q2 - 2 * a**2)) / n**2)


def seen(w):
    """Learn some of the test labels."""
    return w.exact + 0.04 * (w.y - 0.5) + w.rng.normal(0, 0.1, len(w.y))


def poor(w):
    return w.exact + w.rng.normal(0, 2, len(w.y))


NEAR_THE_BOUND = Exercise(
    "near_the_bound",
    near,
    judge_model,
    {
        "logits": model(lambda w: w.score),
        "probabilities": model(lambda w: expit(w.score)),
        "float32": model(lambda w: w.score.astype("float32")),
        "ranks": model(lambda w: rankdata(w.score)),
        "pandas": model(lambda w: pd.Series(w.score)),
        "a list": model(lambda w: w.score.tolist()),
        "steps of trees": model(stepwise),
        "mixtures of Gaussians": model(mixtures),
        "scikit-learn": area(lambda w: roc_auc_score(w.y, w.score)),
        "Mann-Whitney, four digits": area(
            lambda w: round(
                mannwhitneyu(w.score[w.y == 1], w.score[w.y == 0]).statistic / 20_000**2, 4
            )
        ),
        "100 resamplings": error(resampled(100)),
        "200 resamplings": error(resampled(200)),
        "Hanley and McNeil": error(hanley),
        "error, four digits": error(lambda w: round(w.curve.auc_error, 4)),
    },
    {
        "training events": ("training events", area(lambda w: stats.auc(w.y_train, w.train))),
        "swapped": ("are swapped", area(lambda w: 1 - w.curve.auc)),
        "too large": ("too large", area(lambda _: 0.9)),
        "two per cent lower": ("too small", area(lambda w: w.curve.auc - 0.02)),
        "1/√n": ("1/√n", error(lambda w: len(w.y) ** -0.5)),
        "variance": ("variance", error(lambda w: w.curve.auc_error**2)),
        "95 %": ("half of a 95 % interval", error(lambda w: 1.96 * w.curve.auc_error)),
        "of the training events": (
            "error on the training events",
            error(lambda w: stats.roc_curve(w.y_train, w.train).auc_error),
        ),
        "over the root of resamplings": ("too small", error(lambda w: w.curve.auc_error / 10)),
        "classes": ("predict_proba", lambda w: (w.score > 0, w.curve.auc, w.curve.auc_error)),
        "the exact ratio": ("exact ratio itself", model(lambda w: w.exact)),
        "probability of the exact ratio": ("exact ratio itself", model(lambda w: expit(w.exact))),
        "exact ratio, rounded": ("exact ratio itself", model(lambda w: w.exact.round(3))),
        "turned": ("turn them", model(lambda w: -w.score)),
        "saw the test labels": ("nobody is", model(seen)),
        "labels themselves": ("nobody is", model(lambda w: w.y + 0.1 * expit(w.exact))),
        "far from the bound": ("come within", model(poor)),
    },
)

# ---------------------------------------------------------------- the right model for a goal


def goal(seed):
    """Labels, two scores and signed weights of the rare resonance."""
    rng = np.random.default_rng([29, seed])
    efficiency = round(rng.uniform(0.3, 0.5), 2)
    expected = {1: 10 ** rng.uniform(2, 3.6), 0: 10 ** rng.uniform(4.4, 5.4)}
    X, y = drawn(RES, 200_000, rng)
    negative = (y == 0) & (rng.random(len(y)) < 0.4 * expit(2 * X[:, 1]))
    weights = np.where(negative, -1.0, 1.0)
    for k, total in expected.items():
        weights[y == k] *= total / weights[y == k].sum()
    scores = {"mass": -np.abs(X[:, 0] - 3500), "shape": X[:, 3] - X[:, 4]}
    told = {"efficiency": efficiency, "signal": expected[1], "background": expected[0]}
    return SimpleNamespace(y=y, scores=scores, weights=weights, rng=rng, **told)


def judge_choice(w, answer):
    choice, z = answer
    return check.model_for_a_goal(
        w.y, w.scores, w.weights, signal_efficiency=w.efficiency, choice=choice, z=z
    )


def yields(w, name="shape", weights=None, efficiency=None):
    curve = stats.roc_curve(w.y, w.scores[name], w.weights if weights is None else weights)
    at = stats.working_point(curve, signal_efficiency=efficiency or w.efficiency)
    return at.signal, at.background


def z_of(w, name="shape", **options):
    return stats.significance(*yields(w, name, **options))


def shape(make):
    return lambda w: ("shape", make(w))


def asimov(s, b):
    return np.sqrt(2 * ((s + b) * np.log1p(s / b) - s))


def by_quantile(w, method="linear"):
    score = w.scores["shape"]
    cut = np.quantile(score[w.y == 1], 1 - w.efficiency, method=method)
    return asimov(*(w.weights[(score >= cut) & (w.y == k)].sum() for k in (1, 0)))


def by_sorting(w):
    frame = pd.DataFrame({"score": w.scores["shape"], "y": w.y, "w": w.weights})
    frame = frame.sort_values("score", ascending=False)
    s = frame["w"].where(frame["y"] == 1, 0).cumsum()
    b = frame["w"].where(frame["y"] == 0, 0).cumsum()
    row = int(np.argmax(s.to_numpy() >= w.efficiency * w.signal))
    return asimov(s.iloc[row], b.iloc[row])


def of_halves(w):
    """Take the cut from one half of the signal, the yields from the other half."""
    half = w.rng.random(len(w.y)) < 0.5
    score = w.scores["shape"]
    cut = np.quantile(score[half & (w.y == 1)], 1 - w.efficiency)
    kept = [w.weights[~half & (score >= cut) & (w.y == k)].sum() for k in (1, 0)]
    total = [w.weights[~half & (w.y == k)].sum() for k in (1, 0)]
    return asimov(w.signal * kept[0] / total[0], w.background * kept[1] / total[1])


def simple(w):
    s, b = yields(w)
    return s / np.sqrt(b)


def of_all_events(w):
    passing = w.scores["shape"] >= np.quantile(w.scores["shape"], 1 - w.efficiency)
    return stats.significance(*(w.weights[passing & (w.y == k)].sum() for k in (1, 0)))


def largest(w):
    scan = stats.significance_scan(stats.roc_curve(w.y, w.scores["shape"], w.weights))
    return scan.significance[scan.best()]


def rates(w):
    s, b = yields(w)
    return stats.significance(s / w.signal, b / w.background)


def precision(w):
    s, b = yields(w)
    return s / np.sqrt(s + b)


def with_uncertainty(w):
    s, b = yields(w)
    return stats.significance(s, b, sigma_b=0.2 * b)


MODEL_FOR_A_GOAL = Exercise(
    "model_for_a_goal",
    goal,
    judge_choice,
    {
        "working point": shape(z_of),
        "three digits": shape(lambda w: float(f"{z_of(w):.3g}")),
        "two digits": shape(lambda w: round(z_of(w), 1)),
        "float32": shape(lambda w: np.float32(z_of(w))),
        "quantile": shape(by_quantile),
        "quantile, lower": shape(lambda w: by_quantile(w, "lower")),
        "quantile, higher": shape(lambda w: by_quantile(w, "higher")),
        "sorted with pandas": shape(by_sorting),
        "AMS without regularisation": shape(lambda w: stats.ams(*yields(w), b_r=0)),
        "S/√B, nearly the same": shape(simple),
        "cut from one half": shape(of_halves),
    },
    {
        "by the area": ("larger AUC", lambda w: ("mass", z_of(w, "mass"))),
        "no model": ("one of 'mass'", lambda w: ("network", z_of(w))),
        "Z of the other": ("Z of 'mass'", shape(lambda w: z_of(w, "mass"))),
        "signs left out": (
            "left out the signs",
            shape(lambda w: z_of(w, weights=np.abs(w.weights))),
        ),
        "negative dropped": (
            "dropped the negative",
            shape(lambda w: z_of(w, weights=np.maximum(w.weights, 0))),
        ),
        "no weights": (
            "left out the weights",
            shape(lambda w: z_of(w, weights=np.ones(len(w.y)))),
        ),
        "rates": ("rates where yields belong", shape(rates)),
        "precision": ("precision of a known signal", shape(precision)),
        "no cut": ("without a cut", shape(lambda w: stats.significance(w.signal, w.background))),
        "background to a fifth": ("to a fifth only", shape(with_uncertainty)),
        "largest": ("largest Z of all cuts", shape(largest)),
        "share of all events": ("share of all events", shape(of_all_events)),
        "squared": ("Z² and not Z", shape(lambda w: z_of(w) ** 2)),
        "at 80 %": ("too", shape(lambda w: z_of(w, efficiency=0.8))),
    },
)

EXERCISES = [LIKELIHOOD_RATIO, NEAR_THE_BOUND, MODEL_FOR_A_GOAL]
