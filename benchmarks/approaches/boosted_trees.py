"""Answers to the exercises of the lesson on boosted trees."""

from functools import cached_property

import numpy as np
import pandas as pd
from scipy.optimize import brute
from scipy.special import xlogy
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from benchmarks.checks import Exercise
from hepml import stats
from hepml_lessons.checks import boosted_trees as check

SIGNAL, BACKGROUND = 400.0, 60_000.0


def scaled(y, w, luminosity=1.0):
    """Weights that add up to the full yields."""
    full = np.where(y == 1, SIGNAL / w[y == 1].sum(), BACKGROUND / w[y == 0].sum())
    return w * full * luminosity


def balanced(y, w):
    return w / np.where(y == 1, w[y == 1].sum(), w[y == 0].sum()) * len(y) / 2


class Events:
    """A peak beside a larger one, two more variables, and two kinds of background.

    Luminosity and uncertainty of the background are the world's own, as they are a student's.
    """

    def __init__(self, seed):
        self.seed, rng = seed, np.random.default_rng(seed)
        y = np.repeat([1, 0], [3000, 6000])
        top = (y == 0) & (rng.random(len(y)) < 0.4)
        mass = np.where(y == 1, rng.normal(122, 17, len(y)), rng.normal(90, 15, len(y)))
        self.mass = np.where(top, rng.uniform(30, 250, len(y)), mass)
        self.X = np.column_stack([
            self.mass,
            rng.normal(0.9 * y + 0.5 * top, 1.0),
            rng.normal(1.1 * y - 0.9 * top, 1.0),
        ])  # fmt: skip
        self.y = y
        own = np.random.default_rng([seed, 1])
        self.luminosity = own.uniform(0.5, 2.0)
        self.sigma_b = round(own.uniform(0.03, 0.15), 3)
        self.weights = self.scaled(y, np.where(top, 0.05, 1.0) * rng.uniform(0.7, 1.3, len(y)))
        self.part = rng.choice(3, len(y), p=[0.5, 0.25, 0.25])

    def scaled(self, y, w):
        return scaled(y, w, self.luminosity)

    def of(self, part):
        """Variables, labels and weights of training (0), choose (1) or test (2) events."""
        rows = self.part == part
        return self.X[rows], self.y[rows], self.scaled(self.y[rows], self.weights[rows])

    # ---- a window in the mass

    def inside(self, low, high):
        return (self.mass >= low) & (self.mass < high)

    def yields(self, low, high, rows=slice(None)):
        y, w, inside = (column[rows] for column in (self.y, self.weights, self.inside(low, high)))
        return tuple(w[inside & (y == k)].sum() for k in (1, 0))

    def z(self, low, high):
        return stats.significance(*self.yields(low, high))

    @cached_property
    def window(self):
        return self.best_on(np.arange(0, 300, 5.0))

    def best_on(self, edges, rows=slice(None)):
        """Window on a grid with the largest significance."""
        mass, y, w = self.mass[rows], self.y[rows], self.weights[rows]
        s, b = (
            np.concatenate([[0], np.histogram(mass[y == k], edges, weights=w[y == k])[0]]).cumsum()
            for k in (1, 0)
        )
        s, b = s[None, :] - s[:, None], b[None, :] - b[:, None]
        known = b > 0.002 * BACKGROUND * self.luminosity
        z = np.where(known, stats.significance(np.maximum(s, 0), np.where(known, b, 1.0)), 0)
        low, high = np.unravel_index(np.argmax(z), z.shape)
        return edges[low], edges[high]

    # ---- models

    @cached_property
    def model(self):
        return self.trained(HistGradientBoostingClassifier(max_iter=40, random_state=0))

    def trained(self, model, part=0):
        X, y, w = self.of(part)
        last = f"{model.steps[-1][0]}__" if hasattr(model, "steps") else ""
        return model.fit(X, y, **{f"{last}sample_weight": balanced(y, w)})

    def scores(self, model, convert=lambda p: p):
        return [convert(model.predict_proba(self.of(part)[0])[:, 1]) for part in (0, 2)]

    @cached_property
    def target(self):
        _, y, w = self.of(2)
        return stats.auc(y, self.scores(self.model)[1], w) - 0.01

    # ---- a threshold

    @cached_property
    def scored(self):
        """(y, score, weights) of choose and test events, by the lesson's model."""
        found = []
        for part in (1, 2):
            X, y, w = self.of(part)
            found.append((y, self.model.predict_proba(X)[:, 1], w))
        return found

    @property
    def fraction(self):
        return np.mean(self.part == 2)


def passing(sample, threshold):
    y, score, w = sample
    return tuple(w[(score >= threshold) & (y == k)].sum() for k in (1, 0))


# ---------------------------------------------------------------- 1: a window in the mass


def windowed(choose, z=None, digits=None):
    """Answer: a window, and its Z or what is taken for it."""

    def approach(w):
        low, high = choose(w)
        value = w.z(low, high) if z is None else z(w, low, high)
        return low, high, value if digits is None else round(value, digits)

    return approach


def best(w):
    return w.window


def fine(w):
    return w.best_on(np.arange(60, 200, 1.0))


def quantiles(w):
    return w.best_on(np.quantile(w.mass[w.y == 1], np.linspace(0.01, 0.99, 40)))


def on_half(w):
    """Choose with every other event, measure with all."""
    return w.best_on(np.arange(0, 300, 5.0), slice(None, None, 2))


def by_brute_force(w):
    """Try a coarse grid of edges that is not aligned with the lesson's."""
    return brute(lambda at: -w.z(*at), ((83, 131), (133, 291)), Ns=13, finish=None)


def by_formula(w, low, high):
    s, b = w.yields(low, high)
    return np.sqrt(2 * (xlogy(s + b, 1 + s / b) - s))


def by_pandas(w, low, high):
    table = pd.DataFrame({"mass": w.mass, "y": w.y, "w": w.weights})
    kept = table[table["mass"].between(low, high, inclusive="left")]
    sums = kept.groupby("y")["w"].sum()
    return stats.significance(sums[1], sums[0])


def by_histogram(w, low, high):
    s, b = (
        np.histogram(w.mass[w.y == k], [low, high], weights=w.weights[w.y == k])[0][0]
        for k in (1, 0)
    )
    return stats.significance(s, b)


def counted(w, low, high):
    inside = w.inside(low, high)
    return stats.significance(np.sum(inside & (w.y == 1)), np.sum(inside & (w.y == 0)))


def of_rates(w, low, high):
    s, b = w.yields(low, high)
    return stats.significance(s / (SIGNAL * w.luminosity), b / (BACKGROUND * w.luminosity))


def formula(f):
    return lambda w, low, high: f(*w.yields(low, high))


RIGHT_WINDOWS = {
    "the best on a grid of 5 GeV": windowed(best),
    "three digits": windowed(best, digits=2),
    "two digits": windowed(best, digits=1),
    "the best on a grid of 1 GeV": windowed(fine),
    "edges at quantiles of the signal": windowed(quantiles),
    "chosen with half of the events": windowed(on_half),
    "brute force on a coarse grid": windowed(by_brute_force),
    "the formula, by hand": windowed(best, by_formula),
    "pandas": windowed(best, by_pandas),
    "a histogram": windowed(best, by_histogram),
    "float32": windowed(best, lambda *a: np.float32(by_formula(*a))),
    "edges as whole numbers": windowed(lambda w: tuple(int(edge) for edge in w.window)),
    "half a bin wider": windowed(lambda w: (w.window[0] - 2.5, w.window[1] + 2.5)),
}
WRONG_WINDOWS = {
    "without weights": ("left out the weights", windowed(best, counted)),
    "rates": ("rates where yields belong", windowed(best, of_rates)),
    "S/√(S+B)": ("S/√(S+B)", windowed(best, formula(lambda s, b: s / np.sqrt(s + b)))),
    "S/B": ("S/B", windowed(best, formula(lambda s, b: s / b))),
    "10 % uncertainty": (
        "uncertainty of 10 %",
        windowed(best, formula(lambda s, b: stats.significance(s, b, 0.1 * b))),
    ),
    "Z squared": ("square of Z", windowed(best, lambda *a: by_formula(*a) ** 2)),
    "no window": ("better window", windowed(lambda _: (-1e3, 1e3))),
    "around the Z boson": ("better window", windowed(lambda _: (75, 105))),
    "above the signal": ("better window", windowed(lambda _: (160, 300))),
    "a sliver": ("better window", windowed(lambda _: (124, 126))),
    "turned": ("below high", lambda w: (*w.window[::-1], w.z(*w.window))),
    "empty": ("nobody knows B", lambda _: (1e4, 2e4, 3.0)),
    "text": ("should be a number", lambda w: (*w.window, "3.1")),
    "NaN": ("should be a number", lambda w: (*w.window, np.nan)),
    "of the signal alone": ("Z is", windowed(best, formula(lambda s, _: np.sqrt(s)))),
    "seven per cent off": ("Z is", windowed(best, lambda *a: 0.93 * by_formula(*a))),
}


# ---------------------------------------------------------------- 2: your own trees


def modelled(make, area=None, convert=lambda p: p):
    """Answer: scores of both samples, and their AUC or what is taken for it."""

    def approach(w):
        train, test = w.scores(make(w), convert)
        _, y, weights = w.of(2)
        found = stats.auc(y, np.asarray(test, float), weights)
        value = found if area is None else area(w, train, test)
        return train, test, value

    return approach


def ours(w):
    return w.model


def another(make):
    return lambda w: w.trained(make(w))


def other_seed(w):
    return HistGradientBoostingClassifier(max_iter=40, max_features=0.7, random_state=w.seed + 1)


def classic(w):
    return GradientBoostingClassifier(n_estimators=40, subsample=0.5, random_state=w.seed)


def quadratic(_w):
    return make_pipeline(PolynomialFeatures(4), StandardScaler(), LogisticRegression(max_iter=60))


def by_roc(w, _train, test):
    _, y, weights = w.of(2)
    fpr, tpr, _ = roc_curve(y, test, sample_weight=weights)
    return np.trapezoid(tpr, fpr)


def by_scikit(w, _train, test):
    _, y, weights = w.of(2)
    return roc_auc_score(y, test, sample_weight=balanced(y, weights))


def on_train(w, train, _test):
    _, y, weights = w.of(0)
    return stats.auc(y, train, weights)


def unweighted(w, _train, test):
    return stats.auc(w.of(2)[1], test)


def both_together(w, train, test):
    (_, y, a), (_, z, b) = w.of(0), w.of(2)
    return stats.auc(np.concatenate([y, z]), np.concatenate([train, test]), np.concatenate([a, b]))


def labels(w, noise=1e-3):
    """Return the labels as scores, hardly hidden."""
    rng = np.random.default_rng(w.seed)
    return tuple(w.of(part)[1] + noise * rng.random(len(w.of(part)[1])) for part in (0, 2))


def with_labels(w):
    train, test = labels(w)
    return train, test, 1.0


def greedy_on_test(w):
    model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=63, min_samples_leaf=2)
    return w.trained(model, part=2)


class NearestThree(KNeighborsClassifier):
    """The nearest three events alone: it knows its training events nearly by heart."""

    def __init__(self):
        super().__init__(n_neighbors=3)

    def fit(self, X, y, sample_weight=None):
        """Fit, whatever the weights."""
        del sample_weight
        return super().fit(X, y)


RIGHT_MODELS = {
    "the lesson's trees": modelled(ours),
    "AUC to three digits": modelled(ours, lambda w, a, b: round(by_roc(w, a, b), 3)),
    "AUC of scikit-learn, balanced weights": modelled(ours, by_scikit),
    "AUC by trapezoids": modelled(ours, by_roc),
    "another seed, some of the variables": modelled(another(other_seed)),
    "gradient boosting without histograms": modelled(another(classic)),
    "logistic regression with powers": modelled(another(quadratic)),
    "log-odds": modelled(ours, convert=lambda p: np.log(p / (1 - p))),
    "float32": modelled(ours, convert=lambda p: p.astype("float32")),
    "lists": modelled(ours, convert=lambda p: p.tolist()),
    "pandas": modelled(ours, convert=pd.Series),
    "scores to four digits": modelled(ours, convert=lambda p: np.round(p, 4)),
}
WRONG_MODELS = {
    "AUC of the training events": ("training set", modelled(ours, on_train)),
    "AUC without weights": ("left out the weights", modelled(ours, unweighted)),
    "AUC of both together": ("AUC is", modelled(ours, both_together)),
    "AUC of the turned scores": ("swapped", modelled(ours, lambda *a: 1 - by_roc(*a))),
    "turned scores": ("turn them", modelled(ours, convert=lambda p: -p)),
    "classes": ("predict_proba", modelled(ours, convert=lambda p: (p > 0.5).astype(int))),
    "the labels": ("predict_proba", lambda w: (w.of(0)[1], w.of(2)[1], 1.0)),
    "labels with a little noise": ("too good", with_labels),
    "trained on the test events": ("train on the test events", modelled(greedy_on_test)),
    "the nearest three": ("reach", modelled(another(lambda _: NearestThree()))),
    "naive Bayes of one variable": ("reach", modelled(another(lambda _: OneVariable()))),
    "both columns": (
        "[:, 1]",
        lambda w: (*(w.model.predict_proba(w.of(p)[0]) for p in (0, 2)), 0.9),
    ),
    "samples exchanged": ("its shape is", lambda w: (*w.scores(w.model)[::-1], 0.9)),
    "in per cent": ("between 0 and 1", modelled(ours, lambda *a: 100 * by_roc(*a))),
}


class OneVariable(GaussianNB):
    """Naive Bayes that sees the second variable only."""

    def fit(self, X, y, sample_weight=None):
        """Fit on one column."""
        return super().fit(X[:, 1:2], y, sample_weight)

    def predict_proba(self, X):
        """Chance of both classes."""
        return super().predict_proba(X[:, 1:2])


# ---------------------------------------------------------------- 3: a threshold to defend


def z_of(sample, threshold, sigma_b):
    s, b = passing(sample, threshold)
    return stats.significance(s, b, sigma_b * b)


def by_scan(sample, sigma_b):
    scan = stats.significance_scan(stats.roc_curve(*sample), sigma_b=sigma_b)
    return float(scan.threshold[scan.best()])


def on_grid(step):
    """Choose among round thresholds that keep 25 effective background events."""

    def choose(sample, sigma_b):
        y, score, w = sample
        found = {}
        for t in np.arange(step, 1, step):
            b = w[(score >= t) & (y == 0)]
            if len(b) and b.sum() ** 2 > 25 * np.sum(b**2):
                found[float(t)] = z_of(sample, t, sigma_b)
        return max(found, key=found.get)

    return choose


def by_quantile(sample, sigma_b):
    """Choose among shares of the background that pass."""
    y, score, _ = sample
    cuts = np.quantile(score[y == 0], 1 - np.geomspace(0.01, 0.9, 60))
    return float(max(cuts, key=lambda t: z_of(sample, t, sigma_b)))


def smoothed(sample, sigma_b):
    """Take the middle of all thresholds within 2 % of the best."""
    scan = stats.significance_scan(stats.roc_curve(*sample), sigma_b=sigma_b)
    z = np.where(scan.trusted, scan.significance, 0)
    return float(np.median(scan.threshold[z > 0.98 * z.max()]))


def defended(choose=by_scan, z=None, digits=None, on=0):
    """Answer: a threshold chosen on one sample, and Z or what is taken for it."""

    def approach(w):
        threshold = choose(w.scored[on], w.sigma_b)
        value = z_of(w.scored[1], threshold, w.sigma_b) if z is None else z(w, threshold)
        return threshold, value if digits is None else round(value, digits)

    return approach


def rounded_cut(w):
    """Write down three digits of the threshold, and Z of all digits."""
    threshold = by_scan(w.scored[0], w.sigma_b)
    return float(f"{threshold:.3g}"), z_of(w.scored[1], threshold, w.sigma_b)


def by_hand(w, threshold):
    """Write out Cowan's formula."""
    s, b = passing(w.scored[1], threshold)
    v = (w.sigma_b * b) ** 2
    first = (s + b) * np.log((s + b) * (b + v) / (b**2 + (s + b) * v))
    return np.sqrt(2 * (first - b**2 / v * np.log(1 + v * s / (b * (b + v)))))


def exact_point(w, threshold):
    curve = stats.roc_curve(*w.scored[1], exact=True)
    at = stats.working_point(curve, threshold=threshold)
    return stats.significance(at.signal, at.background, w.sigma_b * at.background)


def at_yields(f):
    return lambda w, t: f(w, *passing(w.scored[1], t))


def counted_above(w, threshold):
    y, score, weights = w.scored[1]
    return z_of((y, score, np.ones(len(weights))), threshold, w.sigma_b)


RIGHT_THRESHOLDS = {
    "scan of the choose events": defended(),
    "two digits": defended(digits=1),
    "three digits": defended(digits=2),
    "thresholds of three digits": rounded_cut,
    "grid of 0.01": defended(on_grid(0.01)),
    "grid of 0.002": defended(on_grid(0.002)),
    "shares of the background": defended(by_quantile),
    "the middle of the best": defended(smoothed),
    "the formula, by hand": defended(z=by_hand),
    "working point of an exact curve": defended(z=exact_point),
    "float32": defended(z=lambda w, t: np.float32(z_of(w.scored[1], t, w.sigma_b))),
    "pandas": defended(
        z=lambda w, t: z_of([pd.Series(column) for column in w.scored[1]], t, w.sigma_b)
    ),
}
WRONG_THRESHOLDS = {
    "Z on the choose events": (
        "it flatters",
        defended(z=lambda w, t: z_of(w.scored[0], t, w.sigma_b)),
    ),
    "best on the test events": ("without them", defended(on=1)),
    "background known": (
        "left out",
        defended(z=at_yields(lambda _, s, b: stats.significance(s, b))),
    ),
    "a share for events": (
        "left out",
        defended(z=at_yields(lambda w, s, b: stats.significance(s, b, w.sigma_b))),
    ),
    "yields of a part": (
        "scale them up",
        defended(
            z=at_yields(
                lambda w, s, b: stats.significance(
                    w.fraction * s, w.fraction * b, w.sigma_b * w.fraction * b
                )
            )
        ),
    ),
    "S/√B": ("Z is", defended(z=at_yields(lambda _, s, b: s / np.sqrt(b)))),
    "AMS": ("Z is", defended(z=at_yields(lambda _, s, b: stats.ams(s, b)))),
    "1 % uncertainty": ("Z is", defended(z=lambda w, t: z_of(w.scored[1], t, 0.01))),
    "no cut": ("another cut", defended(lambda *_: 0.0)),
    "three tenths": ("another cut", defended(lambda *_: 0.3)),
    "beyond all scores": ("choose a lower threshold", lambda _: (2.0, 1.0)),
    "text": ("should be a number", lambda w: (str(by_scan(w.scored[0], w.sigma_b)), 1.0)),
    "infinite": ("infinite", lambda w: (by_scan(w.scored[0], w.sigma_b), np.inf)),
    "without weights": ("Z is", defended(z=counted_above)),
    "a tenth too large": (
        "Z is not so large",
        defended(z=lambda w, t: 1.1 * z_of(w.scored[1], t, w.sigma_b)),
    ),
}


EXERCISES = [
    Exercise(
        "mass_window",
        Events,
        lambda w, answer: check.mass_window(
            w.mass, w.y, w.weights, **dict(zip(("low", "high", "z"), answer, strict=True))
        ),
        RIGHT_WINDOWS,
        WRONG_WINDOWS,
    ),
    Exercise(
        "own_model",
        Events,
        lambda w, answer: check.own_model(w.of(0)[1:], w.of(2)[1:], *answer, target=w.target),
        RIGHT_MODELS,
        WRONG_MODELS,
    ),
    Exercise(
        "honest_threshold",
        Events,
        lambda w, answer: check.honest_threshold(*w.scored, w.fraction, *answer, sigma_b=w.sigma_b),
        RIGHT_THRESHOLDS,
        WRONG_THRESHOLDS,
    ),
]
