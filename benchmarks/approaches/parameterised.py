"""Answers to the exercises of the lesson on parameterised learning."""

import random
import warnings
from functools import cached_property
from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from benchmarks.checks import Exercise
from hepml import stats
from hepml_lessons.checks import parameterised as check

SEEN = np.array([500.0, 750.0, 1250.0, 1500.0])
ALL = np.array([500.0, 750.0, 1000.0, 1250.0, 1500.0])


# ---------------------------------------------------------------- 1: masses for the background


class Uneven:
    """Signal of four masses, unequal in number and weight, and background in two slices."""

    def __init__(self, seed):
        self.seed, self.rng = seed, np.random.default_rng(seed)
        rng = self.rng
        power, made = rng.uniform(2, 4), rng.uniform(0.2, 1, len(SEEN))
        self.mass = rng.choice(SEEN, 12_000, p=made / made.sum())
        self.signal_weight = rng.choice([1.0, 1.3], 12_000) * (1000 / self.mass) ** power
        self.weight = rng.choice([1.2, 4.4], 15_000, p=[0.3, 0.7])
        self.own = rng.gamma(4, 150, 15_000) + 250

    @property
    def size(self):
        return len(self.own)

    @property
    def share(self):
        """Weighted share of each mass."""
        sums = np.array([self.signal_weight[self.mass == m].sum() for m in SEEN])
        return sums / sums.sum()

    def draw(self, p=None, of=SEEN):
        return self.rng.choice(of, self.size, p=p)


def of_events(w):
    return w.rng.choice(w.mass, w.size, p=w.signal_weight / w.signal_weight.sum())


def inverse_cumulative(w):
    steps = np.cumsum(w.signal_weight) / w.signal_weight.sum()
    rows = np.searchsorted(steps, w.rng.random(w.size), side="right")
    return w.mass[np.minimum(rows, len(w.mass) - 1)]


def quotas(w):
    """As many of each mass as its share wants, in random order."""
    counts = np.floor(w.share * w.size).astype(int)
    counts[0] += w.size - counts.sum()
    return w.rng.permutation(np.repeat(SEEN, counts))


def by_weight(w):
    """Give the masses out until each has its share of the background's *weight*."""
    order = w.rng.permutation(w.size)
    reached = np.cumsum(w.weight[order]) / w.weight.sum()
    given = np.empty(w.size)
    given[order] = SEEN[np.minimum(np.searchsorted(np.cumsum(w.share), reached), 3)]
    return given


def accept_or_reject(w):
    """Draw signal events evenly, keep each with a chance that grows with its weight."""
    rows = w.rng.integers(len(w.mass), size=20 * w.size)
    kept = w.rng.random(len(rows)) < w.signal_weight[rows] / w.signal_weight.max()
    return w.mass[rows[kept]][: w.size]


def in_python(w):
    drawn = random.Random(w.seed)  # noqa: S311 - no secrets here
    return drawn.choices(w.mass.tolist(), w.signal_weight.tolist(), k=w.size)


def from_pandas(w):
    table = pd.Series(w.mass)
    return table.sample(w.size, replace=True, weights=w.signal_weight, random_state=w.seed)


def nearest(w):
    return SEEN[np.abs(w.own[:, None] - SEEN).argmin(axis=1)]


def sorted_like_own(w):
    given = np.empty(w.size)
    given[np.argsort(w.own)] = np.sort(of_events(w))
    return given


def half_sorted(w):
    """Half of the events get a mass by chance, the others the nearest."""
    return np.where(w.rng.random(w.size) < 0.5, of_events(w), nearest(w))


RIGHT_MASSES = {
    "the signal's events, drawn with their weights": of_events,
    "the masses, drawn with their shares": lambda w: w.draw(w.share),
    "the inverse of the cumulative weights": inverse_cumulative,
    "exact quotas, shuffled": quotas,
    "quotas of the background's weight": by_weight,
    "accept or reject": accept_or_reject,
    "random.choices, a list": in_python,
    "a pandas Series": from_pandas,
    "float32": lambda w: of_events(w).astype("float32"),
    "whole numbers": lambda w: of_events(w).astype(int),
    "shares of two digits": lambda w: w.draw(np.round(w.share, 2) / np.round(w.share, 2).sum()),
    "another generator": lambda w: np.random.RandomState(w.seed).choice(SEEN, w.size, p=w.share),
    "a weighted histogram": lambda w: w.draw(
        np.histogram(w.mass, [0, 600, 1000, 1400, 2000], weights=w.signal_weight)[0]
        / w.signal_weight.sum()
    ),
}
WRONG_MASSES = {
    "zeros": ("one mass, 0", lambda w: np.zeros(w.size)),
    "the held-out mass": ("one mass, 1000", lambda w: np.full(w.size, 1000.0)),
    "their mean": ("one mass", lambda w: np.full(w.size, w.mass.mean())),
    "NaN": ("NaN", lambda w: np.full(w.size, np.nan)),
    "its own, reconstructed": ("own reconstructed", lambda w: w.own),
    "evenly between the ends": ("no signal has", lambda w: w.rng.uniform(500, 1500, w.size)),
    "the signal's, smeared": (
        "no signal has",
        lambda w: of_events(w) * w.rng.normal(1, 0.05, w.size),
    ),
    "zero for a tenth": (
        "no signal has",
        lambda w: np.where(w.rng.random(w.size) < 0.1, 0, of_events(w)),
    ),
    "all five masses": ("no signal has", lambda w: w.draw(None, ALL)),
    "each mass equally often": ("equally often", lambda w: w.draw()),
    "the signal's events, without weights": (
        "left out the weights",
        lambda w: w.rng.choice(w.mass, w.size),
    ),
    "one over the weights": (
        "tells something about the label",
        lambda w: w.rng.choice(
            w.mass, w.size, p=(1 / w.signal_weight) / (1 / w.signal_weight).sum()
        ),
    ),
    "the weights squared": (
        "tells something about the label",
        lambda w: w.rng.choice(w.mass, w.size, p=w.signal_weight**2 / np.sum(w.signal_weight**2)),
    ),
    "the nearest to its own": ("follow the reconstructed", nearest),
    "sorted as its own": ("follow the reconstructed", sorted_like_own),
    "half of them the nearest": ("follow the reconstructed", half_sorted),
    "in TeV": ("in TeV", lambda w: of_events(w) / 1000),
    "as many as the signal has": ("its shape is", lambda w: w.mass),
}


# ---------------------------------------------------------------- 2: another mass held out


class HeldOut:
    """A mass that is measured and an angle; background falls, in two slices of other weight.

    In the logarithm of the mass the ratio of densities is quadratic, also in the mass asked about.
    From which measured mass on the events are judged is the student's own.
    """

    choice, least = (750.0,), (250, 350)

    def __init__(self, seed):
        self.seed = seed
        rng = np.random.default_rng(seed)
        self.train, self.test = (self.drawn(rng, n) for n in (1500, 3000))
        self.mass = float(rng.choice(self.choice))
        self.others = np.setdiff1d(ALL, self.mass)
        self.far = 1500.0 if self.mass < 1000 else 500.0
        kept = self.test[0][:, 0] > np.log(rng.uniform(*self.least))
        self.test = tuple(column[kept] for column in self.test)
        self.X, self.y, _, self.w = self.at(self.test, self.mass)

    @staticmethod
    def drawn(rng, n):
        true = np.concatenate([np.repeat(ALL, n), np.full(4 * n, np.nan)])
        y = np.isfinite(true).astype(int)
        hard = (y == 0) & (rng.random(len(y)) < 0.3)
        place = np.where(y == 1, np.log(true), np.where(hard, 6.75, 6.2))
        X = np.column_stack([
            rng.normal(place, np.where(y == 1, 0.17, 0.3)),
            rng.normal(0.7 * y, 1.0),
        ])  # fmt: skip
        return X, y, true, np.where(y == 1, 0.1, np.where(hard, 0.6, 3.0))

    @staticmethod
    def at(events, mass):
        X, y, true, w = events
        kept = (y == 0) | (true == mass)
        return X[kept], y[kept], true[kept], w[kept]

    def rows(self, masses, of_background=None, events=None):
        """Make inputs with the mass, labels and weights: all background beside each mass."""
        found = []
        for mass in masses:
            X, y, _, w = self.at(self.train if events is None else events, mass)
            told = np.full(len(y), mass)
            if of_background is not None:
                told[y == 0] = of_background
            w = w / np.where(y == 1, w[y == 1].sum(), w[y == 0].sum())
            found.append((asked(X, told), y, w * len(y) / 2))
        return [np.concatenate(column) for column in zip(*found, strict=True)]

    def fit(self, model, rows):
        X, y, w = rows
        name = model.steps[-1][0] if hasattr(model, "steps") else None
        key = f"{name}__sample_weight" if name else "sample_weight"
        return model.fit(X, y, **{key: w})

    def score(self, model, mass=None):
        return model.predict_proba(asked(self.X, self.mass if mass is None else mass))[:, 1]

    @cached_property
    def quadratic(self):
        return self.fit(quadratic(), self.rows(self.others))

    @cached_property
    def trees(self):
        return self.fit(HistGradientBoostingClassifier(max_iter=40), self.rows(self.others))

    @cached_property
    def leaky(self):
        return self.fit(quadratic(), self.rows(self.others, of_background=0.0))

    @cached_property
    def known(self):
        seen = self.fit(quadratic(C=3.0), self.rows(SEEN))
        one = self.fit(quadratic(), self.rows([self.mass]))
        return {
            "parameterised": self.score(seen),
            "dedicated": self.score(one),
            "one for all": self.one_for_all.predict_proba(self.X)[:, 1],
        }

    @cached_property
    def one_for_all(self):
        """A model of all masses that is not told which."""
        X, y, w = self.rows(SEEN)
        return self.fit(quadratic(), (X[:, :2], y, w))

    def exact(self, mass=None):
        """Logarithm of the ratio of densities."""

        def density(x, mean, width):
            return np.exp(-(((x - mean) / width) ** 2) / 2) / width

        log_mass, angle = self.X.T
        share = np.array([0.7 * 3.0, 0.3 * 0.6]) / (0.7 * 3.0 + 0.3 * 0.6)
        background = share[0] * density(log_mass, 6.2, 0.3) + share[1] * density(
            log_mass, 6.75, 0.3
        )
        signal = density(log_mass, np.log(mass or self.mass), 0.17) + 1e-300
        return np.log(signal / background) + 0.7 * angle


def asked(X, mass):
    return np.column_stack(
        [X, np.log(np.maximum(np.broadcast_to(mass, len(X)), 1.0)) - np.log(1000)]
    )


def quadratic(**settings):
    model = LogisticRegression(max_iter=200, **settings)
    return make_pipeline(PolynomialFeatures(2), StandardScaler(), model)


def with_auc(w, score, area=None):
    """Answer with scores and their weighted AUC."""
    values = np.asarray(score, float)
    return score, stats.auc(w.y, values, w.w) if area is None else area(values)


def by_ranks(w):
    """AUC as the weighted chance that signal is above background."""

    def area(score):
        order = np.argsort(score[w.y == 0])
        background, weight = score[w.y == 0][order], w.w[w.y == 0][order]
        below = np.concatenate([[0], np.cumsum(weight)])
        at = below[np.searchsorted(background, score[w.y == 1])]
        return np.average(at, weights=w.w[w.y == 1]) / below[-1]

    return area


def by_trapezoids(w):
    def area(score):
        fpr, tpr, _ = roc_curve(w.y, score, sample_weight=w.w)
        return np.trapezoid(tpr, fpr)

    return area


def by_newton(w):
    """Weighted logistic regression with quadratic terms, by eight steps of Newton's method."""
    X, y, weight = w.rows(w.others)
    expand = PolynomialFeatures(2).fit(X)
    Z, beta = expand.transform(X), np.zeros(10)
    for _ in range(8):
        p = 1 / (1 + np.exp(-Z @ beta))
        curved = (Z * (weight * p * (1 - p))[:, None]).T @ Z + 1e-6 * np.eye(10)
        beta += np.linalg.solve(curved, Z.T @ (weight * (y - p)))
    return expand.transform(asked(w.X, w.mass)) @ beta


def by_network(w):
    rows = w.rows(w.others)
    pick = np.random.default_rng(w.seed).choice(len(rows[1]), 12_000, p=rows[2] / rows[2].sum())
    model = make_pipeline(
        StandardScaler(),
        MLPClassifier((24,), max_iter=25, random_state=w.seed, learning_rate_init=0.01),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it stops early, as students do
        model.fit(rows[0][pick], rows[1][pick])
    return w.score(model)


def learned_by_heart(w):
    """Give the labels, with a little of the scores."""
    return 0.9 * w.y + 0.1 * w.score(w.quadratic)


def trees_on_test(w):
    model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=63, min_samples_leaf=2)
    return w.score(w.fit(model, w.rows([w.mass], events=w.test)))


RIGHT_SCORES = {
    "logistic regression with squares": lambda w: with_auc(w, w.score(w.quadratic)),
    "AUC to three digits": lambda w: with_auc(
        w, w.score(w.quadratic), lambda s: round(stats.auc(w.y, s, w.w), 3)
    ),
    "AUC of scikit-learn": lambda w: with_auc(
        w, w.score(w.quadratic), lambda s: roc_auc_score(w.y, s, sample_weight=w.w)
    ),
    "AUC by ranks": lambda w: with_auc(w, w.score(w.quadratic), by_ranks(w)),
    "AUC by trapezoids": lambda w: with_auc(w, w.score(w.quadratic), by_trapezoids(w)),
    "log-odds": lambda w: with_auc(w, w.quadratic.decision_function(asked(w.X, w.mass))),
    "Newton's method, by hand": lambda w: with_auc(w, by_newton(w)),
    "a neural network": lambda w: with_auc(w, by_network(w)),
    "the exact ratio": lambda w: with_auc(w, w.exact()),
    "float32": lambda w: with_auc(w, w.score(w.quadratic).astype("float32")),
    "a list": lambda w: with_auc(w, w.score(w.quadratic).tolist()),
    "a pandas Series": lambda w: with_auc(w, pd.Series(w.score(w.quadratic))),
    "the mean of two": lambda w: with_auc(w, rankdata(w.exact()) + rankdata(by_newton(w))),
    "scores of four digits": lambda w: with_auc(w, np.round(w.score(w.quadratic), 4)),
}
WRONG_SCORES = {
    "trees, told the mass": ("made of trees", lambda w: with_auc(w, w.score(w.trees))),
    "the dedicated one's scores": ("'dedicated'", lambda w: with_auc(w, w.known["dedicated"])),
    "those of the lesson's parameterised": (
        "'parameterised'",
        lambda w: with_auc(w, w.known["parameterised"]),
    ),
    "those of the one for all": ("'one for all'", lambda w: with_auc(w, w.known["one for all"])),
    "asked at a far mass": ("right mass", lambda w: with_auc(w, w.score(w.quadratic, w.far))),
    "asked in TeV": ("right mass", lambda w: with_auc(w, w.score(w.quadratic, w.mass / 1000))),
    "background asked at another mass": (
        "gives the label away",
        lambda w: with_auc(w, w.score(w.leaky, np.where(w.y == 1, w.mass, 0.0))),
    ),
    "the mass gives the label away in training": (
        "right mass",
        lambda w: with_auc(w, w.score(w.leaky)),
    ),
    "the labels": ("two values only", lambda w: with_auc(w, w.y)),
    "classes": ("two values only", lambda w: with_auc(w, w.score(w.quadratic) > 0.5)),
    "labels learned by heart": ("Too good", lambda w: with_auc(w, learned_by_heart(w))),
    "trained on the test events": ("Too good", lambda w: with_auc(w, trees_on_test(w))),
    "turned": ("larger ones", lambda w: with_auc(w, -w.score(w.quadratic))),
    "all equal": ("All scores are equal", lambda w: with_auc(w, np.full(len(w.y), 0.5))),
    "both columns": ("[:, 1]", lambda w: (w.quadratic.predict_proba(asked(w.X, w.mass)), 0.9)),
    "of the training events": (
        "training events",
        lambda w: (w.at(w.train, w.mass)[0][:, 0], 0.9),
    ),
    "AUC without weights": (
        "left out the weights",
        lambda w: with_auc(w, w.score(w.quadratic), lambda s: stats.auc(w.y, s)),
    ),
    "AUC of the turned scores": (
        "not so small",
        lambda w: with_auc(w, w.score(w.quadratic), lambda s: stats.auc(w.y, -s, w.w)),
    ),
    "AUC of the wrong mass": (
        "AUC is",
        lambda w: with_auc(w, w.score(w.quadratic), lambda _: stats.auc(w.y, w.exact(w.far), w.w)),
    ),
}


def judge_scores(w, answer):
    return check.held_out_scores(
        w.y, w.w, w.known, len(w.at(w.train, w.mass)[1]), my_scores=answer[0], my_auc=answer[1]
    )


# ---------------------------------------------------------------- 3: which network is honest


class Colleagues(HeldOut):
    """Four networks: a leak, one for all, one that compares two masses, and an honest one.

    Which of A to D is which is the student's own, and so is the mass.
    """

    choice, least = (500.0, 750.0, 1250.0), (1, 2)

    def __init__(self, seed):
        super().__init__(seed)
        X, y, _, w = self.at(self.test, self.mass)
        self.events = SimpleNamespace(X=X, y=y, w=w)
        honest, leak = (self.fit(quadratic(), self.rows(SEEN, at)) for at in (None, 0.0))
        own = self.rows(SEEN)
        own[0][own[1] == 0, 2] = own[0][own[1] == 0, 0] - np.log(1000)
        own = self.fit(quadratic(), own)
        networks = {
            "leak": lambda X, mass: leak.predict_proba(asked(X, mass))[:, 1],
            "deaf": lambda X, _mass: self.one_for_all.predict_proba(X)[:, 1],
            "own": lambda X, mass: own.predict_proba(asked(X, mass))[:, 1],
            "good": lambda X, mass: honest.predict_proba(asked(X, mass))[:, 1],
        }
        letters = np.random.default_rng(seed).permutation(list("ABCD")).tolist()
        self.letter = dict(zip(networks, letters, strict=True))
        self.ask = {self.letter[name]: network for name, network in networks.items()}
        told = {"leak": 1.0, "deaf": self.area("deaf"), "own": 0.98, "good": self.over_all(honest)}
        self.reported = {self.letter[name]: area for name, area in told.items()}

    def over_all(self, model):
        X, y, w = self.rows(SEEN, events=self.test)
        return stats.auc(y, model.predict_proba(X)[:, 1], w)

    def scores(self, name, mass=None):
        ask = self.ask[self.letter[name]]
        return ask(self.events.X, self.mass if mass is None else mass)

    def area(self, name, mass=None, *, weighted=True):
        return stats.auc(
            self.events.y, self.scores(name, mass), self.events.w if weighted else None
        )

    def told(self, name):
        return self.reported[self.letter[name]]


def pair(name, area):
    """Answer with the letter of a network and an area."""
    return lambda w: (w.letter[name], area(w))


def areas(w):
    """AUC of each network by its letter."""
    return {w.letter[name]: w.area(name) for name in w.letter}


def integral(w):
    fpr, tpr, _ = roc_curve(w.events.y, w.scores("good"), sample_weight=w.events.w)
    return np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1]) / 2)


RIGHT_AUDIT = {
    "as it is": pair("good", lambda w: w.area("good")),
    "three digits": pair("good", lambda w: round(w.area("good"), 3)),
    "four digits": pair("good", lambda w: round(w.area("good"), 4)),
    "scikit-learn": pair(
        "good", lambda w: roc_auc_score(w.events.y, w.scores("good"), sample_weight=w.events.w)
    ),
    "trapezoids": pair("good", integral),
    "ranks": pair(
        "good", lambda w: by_ranks(SimpleNamespace(y=w.events.y, w=w.events.w))(w.scores("good"))
    ),
    "float32": pair("good", lambda w: np.float32(w.area("good"))),
    "the largest of four": lambda w: max(areas(w).items(), key=lambda one: one[1]),
    "a pandas table": lambda w: next(iter(pd.Series(areas(w)).nlargest(1).items())),
    "a name of NumPy": lambda w: (np.str_(w.letter["good"]), w.area("good")),
    "weights scaled to one": pair(
        "good", lambda w: stats.auc(w.events.y, w.scores("good"), w.events.w / w.events.w.sum())
    ),
    "through log-odds": pair(
        "good",
        lambda w: stats.auc(
            w.events.y, np.log(w.scores("good") / (1 - w.scores("good"))), w.events.w
        ),
    ),
}
WRONG_AUDIT = {
    "the largest that is reported": ("other masses", pair("leak", lambda w: w.told("leak"))),
    "the second that is reported": ("other masses", pair("own", lambda w: w.told("own"))),
    "the leak, asked alike": ("other masses", pair("leak", lambda w: w.area("leak"))),
    "the own mass, asked alike": ("other masses", pair("own", lambda w: w.area("own"))),
    "one for all": ("does not listen", pair("deaf", lambda w: w.area("deaf"))),
    "no such network": ("should be one of", lambda w: ("E", w.area("good"))),
    "a list of names": ("should be one of", lambda w: ([w.letter["good"]], w.area("good"))),
    "the AUC that is reported": ("reported one", pair("good", lambda w: w.told("good"))),
    "without weights": (
        "left out the weights",
        pair("good", lambda w: w.area("good", weighted=False)),
    ),
    "the AUC of one for all": ("That is the AUC of", pair("good", lambda w: w.area("deaf"))),
    "asked at a far mass": (
        "At that mass its AUC is",
        pair("good", lambda w: w.area("good", w.far)),
    ),
    "turned": ("not so small", pair("good", lambda w: 1 - w.area("good"))),
    "in per cent": ("between 0 and 1", pair("good", lambda w: 100 * w.area("good"))),
    "a word": ("should be a number", pair("good", lambda _: "0.97")),
}


EXERCISES = [
    Exercise(
        "background_masses",
        Uneven,
        lambda w, answer: check.background_masses(
            w.mass, w.signal_weight, w.weight, w.own, my_masses=answer
        ),
        RIGHT_MASSES,
        WRONG_MASSES,
    ),
    Exercise("held_out_scores", HeldOut, judge_scores, RIGHT_SCORES, WRONG_SCORES),
    Exercise(
        "audit",
        Colleagues,
        lambda w, answer: check.audit(
            w.ask, w.events, w.mass, w.reported, my_network=answer[0], my_auc=answer[1]
        ),
        RIGHT_AUDIT,
        WRONG_AUDIT,
    ),
]
