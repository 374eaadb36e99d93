"""How the exercises of the lesson on reweighting are answered, rightly and wrongly.

Source and target are normal samples: their ratio is known, and about as far from 1 as that of the
lesson's two hadronisations. Numbers of events, shifts, and the feature that was forgotten are other
ones for each seed.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy.special import expit, logit, logsumexp, softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.tree import DecisionTreeClassifier

from benchmarks.approaches import digits
from benchmarks.checks import Exercise
from hepml import stats
from hepml_lessons.checks import reweighting as check

NAMES = ["shape", "other_shape", "n_kaon"]
KAON = NAMES.index("n_kaon")


def samples(rng, shifts, sizes):
    """Return normal source and target."""
    source, target = (rng.normal(size=(n, len(shifts))) for n in sizes)
    return source, target + np.array(shifts)


def joined(source, target):
    return np.concatenate([source, target]), np.repeat([0, 1], [len(source), len(target)])


def normalised(weights):
    return weights * len(weights) / np.sum(weights)


def odds(scores):
    return normalised(scores / (1 - scores))


def share_of(weights):
    return np.sum(weights) ** 2 / np.sum(np.square(weights)) / len(weights)


# ---------------------------------------------------------------- from scores to weights


def somebody(seed):
    """Scores of source events from a classifier that learned from more events of the target."""
    rng = np.random.default_rng([1, seed])
    shifts = rng.uniform(0.7, 1.6) * np.array([0.4, -0.3, 0.2])
    source, target = samples(rng, shifts, (1000, rng.integers(1500, 2500)))
    model = LogisticRegression().fit(*joined(source, target))
    return model.predict_proba(rng.normal(size=(2000, 3)))[:, 1]


def with_share(weights):
    return weights, share_of(weights)


def as_weights(change):
    """Give the weights that come of the scores, and what these leave."""
    return lambda scores: with_share(change(scores))


def another_share(change):
    """Give the right weights, and something else than the share."""
    return lambda scores: (odds(scores), change(odds(scores)))


WEIGHTS = Exercise(
    "weights_from_scores",
    somebody,
    lambda scores, answer: check.weights_from_scores(
        scores, my_weights=answer[0], my_share=answer[1]
    ),
    {
        "odds": as_weights(odds),
        "odds over the mixture": as_weights(lambda s: normalised(s / (1 - s) / 2)),
        "exponential of the logit": as_weights(lambda s: normalised(np.exp(logit(s)))),
        "softmax of the log odds": as_weights(lambda s: len(s) * softmax(logit(s))),
        "logsumexp": as_weights(lambda s: np.exp(logit(s) - logsumexp(logit(s)) + np.log(len(s)))),
        "divided by the mean": as_weights(lambda s: 1 / (1 / s - 1) / np.mean(1 / (1 / s - 1))),
        "share from the variance": lambda s: (odds(s), 1 / (1 + np.var(odds(s)))),
        "share of mean squares": lambda s: (odds(s), 1 / np.mean(odds(s) ** 2)),
        "float32": lambda s: with_share(odds(s.astype("float32"))),
        "lists": lambda s: (odds(s).tolist(), float(share_of(odds(s)))),
        "pandas": as_weights(lambda s: odds(pd.Series(s))),
        "weights to two decimals": lambda s: (odds(s).round(2), share_of(odds(s))),
        "weights and share to three digits": lambda s: (
            odds(s).round(3),
            digits(share_of(odds(s)), 3),
        ),
        "share to two digits": another_share(lambda w: digits(share_of(w), 2)),
    },
    {
        "scores": ("These are the scores", as_weights(lambda s: s)),
        "scores, scaled": ("These are the scores", as_weights(normalised)),
        "upside down": ("Divide the other way", as_weights(lambda s: normalised(1 / s - 1))),
        "of being source": ("of being source", as_weights(lambda s: normalised(1 - s))),
        "log odds": ("logarithm", as_weights(logit)),
        "equal": ("nothing is reweighted", as_weights(np.ones_like)),
        "mixture forgotten": ("another mixture", as_weights(lambda s: s / (1 - s))),
        "sum of 1": ("add up to 1;", as_weights(lambda s: softmax(logit(s)))),
        "clipped": (
            "not even up to a common factor",
            as_weights(lambda s: normalised(np.minimum(odds(s), 1.5))),
        ),
        "squared": (
            "not even up to a common factor",
            as_weights(lambda s: normalised(odds(s) ** 2)),
        ),
        "other events": (
            "not even up to a common factor",
            as_weights(lambda s: odds(np.roll(s, 1))),
        ),
        "effective size": ("effective size itself", another_share(lambda w: len(w) * share_of(w))),
        "one over the share": ("goes above", another_share(lambda w: 1 / share_of(w))),
        "root": ("root of the share", another_share(lambda w: np.sqrt(share_of(w)))),
        "what is lost": ("what is lost", another_share(lambda w: 1 - share_of(w))),
        "percent": ("In percent", another_share(lambda w: 100 * share_of(w))),
        "sum over number": ("1 by construction", another_share(np.mean)),
        "largest weight": ("is not so", another_share(lambda w: 1 / np.max(w))),
    },
)

# ---------------------------------------------------------------- folds


def two_samples(seed, shifts=(0.13, 0.0, 0.2), size=3000):
    rng = np.random.default_rng([2, seed])
    size += int(rng.integers(-200, 200))
    source, target = samples(rng, shifts, (size, size))
    return SimpleNamespace(source=source, target=target, seed=seed, known={}, names=NAMES)


MODELS = {
    "logistic": lambda _: LogisticRegression(),
    "with squares": lambda _: make_pipeline(PolynomialFeatures(2), LogisticRegression(C=0.1)),
    "linear discriminant": lambda _: LinearDiscriminantAnalysis(),
    "naive Bayes": lambda _: GaussianNB(),
    "boosted trees": lambda seed: HistGradientBoostingClassifier(
        max_iter=30, max_leaf_nodes=4, min_samples_leaf=100, random_state=seed
    ),
    "large trees": lambda seed: HistGradientBoostingClassifier(
        max_iter=30, max_leaf_nodes=31, random_state=seed
    ),
    "forest": lambda seed: RandomForestClassifier(
        30, min_samples_leaf=150, max_features=2, random_state=seed
    ),
    "deep forest": lambda seed: RandomForestClassifier(15, min_samples_leaf=3, random_state=seed),
    "one tree": lambda seed: DecisionTreeClassifier(max_leaf_nodes=12, random_state=seed),
}


def fit(world, name, X, y, weights=None):
    model = MODELS[name](world.seed)
    if weights is None:
        return model.fit(X, y)
    key = f"{model.steps[-1][0]}__sample_weight" if hasattr(model, "steps") else "sample_weight"
    return model.fit(X, y, **{key: weights})


def unseen(world, name, *, folds=5, splitter=StratifiedKFold, columns=None, weights=None):
    """Scores of all events, each from a model that has not seen it; and the number of its fold."""
    X, y = joined(world.source[:, :columns], world.target[:, :columns])
    score, fold = np.empty(len(y)), np.empty(len(y), int)
    parts = splitter(folds, shuffle=True, random_state=world.seed).split(X, y)
    for k, (others, own) in enumerate(parts):
        w = None if weights is None else weights[others]
        model = fit(world, name, X[others], y[others], w)
        score[own], fold[own] = model.predict_proba(X[own])[:, 1], k
    return score, fold


def seen(world, name, weights=None):
    """Scores of events that the model has learned from."""
    X, y = joined(world.source, world.target)
    return fit(world, name, X, y, weights).predict_proba(X)[:, 1]


def three_scores(world, score):
    """Scores of both samples and the weights."""
    one, two = score[: len(world.source)], score[len(world.source) :]
    return one, two, odds(one)


def by_folds(name, **settings):
    return lambda world: three_scores(world, once(world, name, **settings))


def once(world, name, **settings):
    """Scores of unseen events, made once a world."""
    key = name, *settings.items()
    if key not in world.known:
        world.known[key] = unseen(world, name, **settings)[0]
    return world.known[key]


def changed(change):
    """Give the right answer of logistic regression, changed."""
    return lambda world: change(*three_scores(world, once(world, "logistic")))


def by_hand(world):
    """Means of each half, from which the other half is judged."""
    half = len(world.source) // 2
    score = np.empty(len(world.source) + len(world.target))
    for own, other in ((slice(half), slice(half, None)), (slice(half, None), slice(half))):
        means = world.source[other].mean(axis=0), world.target[other].mean(axis=0)
        rows = np.arange(len(world.source))[own]
        for X, at in ((world.source, rows), (world.target, rows + len(world.source))):
            score[at] = expit((X[own] - (means[0] + means[1]) / 2) @ (means[1] - means[0]))
    return three_scores(world, score)


def labels(world):
    y = joined(world.source, world.target)[1]
    noise = np.random.default_rng(world.seed).normal(0, 0.3, len(y))
    return three_scores(world, expit(3 * y - 1.5 + noise))


def mixed_up(world):
    score = np.random.default_rng(world.seed).permutation(once(world, "logistic"))
    return three_scores(world, score)


FOLDED = Exercise(
    "folded",
    two_samples,
    lambda world, answer: check.folded(
        world.source,
        world.target,
        NAMES,
        my_scores_source=answer[0],
        my_scores_target=answer[1],
        my_weights=answer[2],
    ),
    {
        "logistic regression, five folds": by_folds("logistic"),
        "two folds": by_folds("logistic", folds=2),
        "ten folds, not stratified": by_folds("logistic", folds=10, splitter=KFold),
        "with squares": by_folds("with squares"),
        "linear discriminant": by_folds("linear discriminant"),
        "naive Bayes": by_folds("naive Bayes"),
        "boosted trees": by_folds("boosted trees"),
        "means of halves, by hand": by_hand,
        "lists, three digits": changed(
            lambda a, b, w: (a.round(3).tolist(), b.round(3).tolist(), w.round(3).tolist())
        ),
        "float32": changed(lambda a, b, w: tuple(x.astype("float32") for x in (a, b, w))),
        "pandas": changed(lambda a, b, w: tuple(map(pd.Series, (a, b, w)))),
        "another mixture": changed(
            lambda a, b, w: (expit(logit(a) + 0.7), expit(logit(b) + 0.7), w)
        ),
    },
    {
        "trees that know the events": (
            "in-sample scores",
            lambda world: three_scores(world, seen(world, "large trees")),
        ),
        "a forest that knows the events": (
            "in-sample scores",
            lambda world: three_scores(world, np.clip(seen(world, "deep forest"), 0.01, 0.99)),
        ),
        "labels with noise": ("in-sample scores", labels),
        "source is 1": (
            "Is the target y = 1",
            changed(lambda a, b, _: (1 - a, 1 - b, odds(1 - a))),
        ),
        "rows mixed up": ("rows get mixed up", mixed_up),
        "log odds": ("ends excluded", changed(lambda a, b, w: (logit(a), logit(b), w))),
        "scores for weights": ("These are the scores", changed(lambda a, b, _: (a, b, a))),
        "upside down": (
            "Divide the other way",
            changed(lambda a, b, _: (a, b, normalised(1 / a - 1))),
        ),
        "sum of 1": ("add up to 1;", changed(lambda a, b, w: (a, b, w / w.sum()))),
        "no weights": ("nothing is reweighted", changed(lambda a, b, w: (a, b, np.ones_like(w)))),
        "weights of other events": (
            "not even up to a common factor",
            changed(lambda a, b, w: (a, b, np.roll(w, 1))),
        ),
        "kaons left out": ("leave a feature out", by_folds("logistic", columns=KAON)),
        "one fold only": ("its shape is", changed(lambda a, b, w: (a[:600], b[:600], w[:600]))),
        "both columns": (
            "second, [:, 1]",
            changed(lambda a, b, w: (np.stack([1 - a, a], axis=1), b, w)),
        ),
    },
)

# ---------------------------------------------------------------- the audit

AUDITED = (0.25, 0.0, 0.3)


def colleague(seed):
    """Two samples, weights that do not know the last feature, and what the colleague says."""
    rng = np.random.default_rng([3, seed])
    shifts = (*AUDITED[:KAON], AUDITED[KAON] * rng.uniform(0.9, 1.7))
    world = two_samples(seed + 10_000, shifts, 2000)
    world.names = rng.permutation(NAMES).tolist()
    shift = np.array([*AUDITED[:KAON], 0])
    world.blind = np.concatenate([X @ shift for X in (world.source, world.target)])
    world.weights = normalised(np.exp(world.blind[: len(world.source)]))
    world.all_weights = np.concatenate([world.weights, np.ones(len(world.target))])
    world.labels = joined(world.source, world.target)[1]
    world.own = stats.auc(world.labels, world.blind, world.all_weights)
    return world


def independent(name, **settings):
    """Scores of unseen events by a classifier that learned with the weights."""
    return lambda world: told(world, audited(world, name, **settings)[0])


def audited(world, name, **settings):
    key = "with weights", name, *settings.items()
    if key not in world.known:
        world.known[key] = unseen(world, name, weights=world.all_weights, **settings)
    return world.known[key]


def told(world, score, area=None, feature=None):
    feature = world.names[KAON] if feature is None else feature
    area = stats.auc(world.labels, score, world.all_weights) if area is None else area
    return score[: len(world.source)], score[len(world.source) :], area, feature


def of_logistic(area=None, feature=None):
    """Scores of logistic regression, and another AUC or feature."""

    def given(world):
        score, fold = audited(world, "logistic")
        called = area(world, score, fold) if area else None
        return told(world, score, called, feature(world) if callable(feature) else feature)

    return given


def by_sklearn(world, score, _fold):
    return roc_auc_score(world.labels, score, sample_weight=world.all_weights)


def mean_of_folds(world, score, fold):
    parts = (fold == k for k in range(5))
    return np.mean([by_sklearn(part_of(world, p), score[p], None) for p in parts])


def part_of(world, rows):
    return SimpleNamespace(labels=world.labels[rows], all_weights=world.all_weights[rows])


def rounded(kept):
    return lambda world, score, fold: digits(by_sklearn(world, score, fold), kept)


def farthest_mean(world):
    """Feature whose weighted mean is farthest from the target's."""
    mean = np.average(world.source, axis=0, weights=world.weights)
    return world.names[np.argmax(np.abs(mean - world.target.mean(axis=0)))]


def steepest(world):
    model = fit(world, "logistic", *joined(world.source, world.target), world.all_weights)
    return world.names[np.argmax(np.abs(model.coef_[0]))]


def farthest_distribution(world):
    distances = [
        stats.two_sample_test(a, b, world.weights, permutations=1).statistic
        for a, b in zip(world.source.T, world.target.T, strict=True)
    ]
    return world.names[np.argmax(distances)]


def learned_without(world):
    return told(world, once(world, "logistic"))


AUDIT = Exercise(
    "audit",
    colleague,
    lambda world, answer: check.audit(
        world.source,
        world.target,
        world.weights,
        world.names,
        own_auc=world.own,
        my_scores_source=answer[0],
        my_scores_target=answer[1],
        my_auc=answer[2],
        my_feature=answer[3],
    ),
    {
        "logistic regression": of_logistic(by_sklearn, farthest_mean),
        "two folds": independent("logistic", folds=2),
        "ten folds": independent("logistic", folds=10),
        "with squares": independent("with squares"),
        "naive Bayes": independent("naive Bayes"),
        "boosted trees": independent("boosted trees", folds=3),
        "forest": independent("forest", folds=3),
        "one tree": independent("one tree"),
        "log odds": lambda world: told(world, logit(audited(world, "logistic")[0])),
        "mean of the folds": of_logistic(mean_of_folds, steepest),
        "two digits": of_logistic(rounded(2)),
        "three digits": of_logistic(rounded(3), farthest_distribution),
        "float32": lambda world: told(world, audited(world, "logistic")[0].astype("float32")),
    },
    {
        "trees that know the events": (
            "That is too good",
            lambda world: told(world, seen(world, "large trees", world.all_weights)),
        ),
        "a forest that knows the events": (
            "That is too good",
            lambda world: told(world, seen(world, "deep forest", world.all_weights)),
        ),
        "labels": ("That is too good", lambda world: told(world, world.labels.astype(float))),
        "the colleague's scores": (
            "no more than the colleague's",
            lambda world: told(world, world.blind),
        ),
        "the colleague's AUC": (
            "own classifier says",
            of_logistic(lambda world, *_: world.own),
        ),
        "weights left out of the AUC": (
            "left out the weights",
            lambda world: told(
                world,
                once(world, "logistic"),
                roc_auc_score(world.labels, once(world, "logistic")),
            ),
        ),
        "weights left out of the training": ("learn without them", learned_without),
        "kaons left out": (
            "no more than the colleague's",
            independent("logistic", columns=KAON),
        ),
        "source is 1": (
            "target and source swapped",
            lambda world: told(world, 1 - audited(world, "logistic")[0]),
        ),
        "1 - AUC": (
            "target and source swapped",
            of_logistic(lambda *given: 1 - by_sklearn(*given)),
        ),
        "AUC of the events learned from": (
            "too large for your scores",
            of_logistic(
                lambda world, *_: by_sklearn(
                    world, seen(world, "large trees", world.all_weights), None
                )
            ),
        ),
        "the feature that was mended": (
            "closes better than another",
            of_logistic(feature=lambda world: world.names[0]),
        ),
        "a name that is none": ("name of one feature", of_logistic(feature="kaons")),
        "rows mixed up": (
            "no more than the colleague's",
            lambda world: told(world, mix(world, audited(world, "logistic")[0])),
        ),
    },
)


def mix(world, score):
    return np.random.default_rng(world.seed).permutation(score)


EXERCISES = [WEIGHTS, FOLDED, AUDIT]
