"""Right and wrong answers to the exercises of the lesson on scores that one can trust.

The greedy model is trained anew for each seed, as in the lesson.
"""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit
from scipy.stats import gaussian_kde
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from benchmarks.checks import Exercise
from hepml import stats
from hepml.data.recipes.known_truth import GAUSS, MIX
from hepml_lessons.checks import trust_a_score as check

# ---------------------------------------------------------------- from equal classes to your data


def mixture(events, share, rng):
    """Draw data of gauss, and what nobody knows of them: their labels."""
    n = rng.binomial(events, share)
    of = ((GAUSS.signal, n), (GAUSS.background, events - n))
    y = np.repeat([1, 0], [n, events - n])
    return np.concatenate([density.sample(k, rng) for density, k in of]), y


def drawn(events, rng):
    y = np.repeat([1, 0], events // 2)
    return np.concatenate([GAUSS.of(k).sample(events // 2, rng) for k in (1, 0)]), y


def shift(seed):
    """Honest probabilities of data with little signal."""
    rng = np.random.default_rng([31, seed])
    share, cut = round(rng.uniform(0.03, 0.2), 3), round(rng.uniform(0.6, 0.9), 2)
    X, y = mixture(20_000, share, rng)
    world = SimpleNamespace(p=expit(GAUSS.log_ratio(X)), y=y, share=share, cut=cut, rng=rng)
    world.prior = share / (1 - share)
    world.right = by_odds(world)
    world.kept = world.p > cut
    world.purity = world.right[world.kept].mean()
    return world


def judge_shift(w, answer):
    given, purity = answer
    return check.prior_shift(w.p, share=w.share, cut=w.cut, my_p=given, my_purity=purity)


def by_odds(w):
    odds = w.p / (1 - w.p) * w.prior
    return odds / (1 + odds)


def by_bayes(w):
    r = w.p / (1 - w.p)
    return w.share * r / (w.share * r + 1 - w.share)


def shifted(make):
    return lambda w: (make(w), w.purity)


def purity(make):
    return lambda w: (w.right, make(w))


def by_weights(w):
    """Count weighted events of equal classes, as in a test sample."""
    X, y = drawn(200_000, w.rng)
    kept = GAUSS.log_ratio(X) > logit(w.cut)
    return np.average(y[kept], weights=np.where(y == 1, w.share, 1 - w.share)[kept])


def by_efficiencies(w):
    """Do the same with efficiencies."""
    X, y = drawn(200_000, w.rng)
    kept = GAUSS.log_ratio(X) > logit(w.cut)
    s, b = kept[y == 1].mean() * w.share, kept[y == 0].mean() * (1 - w.share)
    return s / (s + b)


PRIOR_SHIFT = Exercise(
    "prior_shift",
    shift,
    judge_shift,
    {
        "odds": shifted(by_odds),
        "logits": shifted(lambda w: expit(logit(w.p) + logit(w.share))),
        "Bayes": shifted(by_bayes),
        "logits by hand": shifted(lambda w: 1 / (1 + (1 - w.p) / w.p / w.prior)),
        "three decimals": shifted(lambda w: w.right.round(3)),
        "three figures": shifted(lambda w: [float(f"{value:.3g}") for value in w.right]),
        "float32": shifted(lambda w: w.right.astype("float32")),
        "pandas": shifted(lambda w: pd.Series(w.right)),
        "clipped": shifted(lambda w: expit(logit(np.clip(w.p, 1e-6, 1 - 1e-6)) + np.log(w.prior))),
        "purity, three digits": purity(lambda w: round(w.purity, 3)),
        "purity by sums": purity(lambda w: w.right[w.kept].sum() / np.count_nonzero(w.kept)),
        "purity by weights": purity(by_weights),
        "purity by efficiencies": purity(by_efficiencies),
        "purity of the truth": purity(lambda w: w.y[w.kept].mean()),
    },
    {
        "not shifted": ("as it was", shifted(lambda w: w.p)),
        "probability times share": ("You multiplied the prob", shifted(lambda w: w.p * w.share)),
        "probability times prior": ("You multiplied the prob", shifted(lambda w: w.p * w.prior)),
        "odds times share": (
            "and not share",
            shifted(lambda w: expit(logit(w.p) + np.log(w.share))),
        ),
        "wrong way": ("wrong way", shifted(lambda w: expit(logit(w.p) - logit(w.share)))),
        "odds": ("These are odds", shifted(lambda w: w.p / (1 - w.p) * w.prior)),
        "log-odds": ("log-odds", shifted(lambda w: logit(w.p) + logit(w.share))),
        "background": ("background", shifted(lambda w: 1 - w.right)),
        "twice": ("twice", shifted(lambda w: expit(logit(w.p) + 2 * logit(w.share)))),
        "scaled": ("right mean", shifted(lambda w: w.p * w.share / w.p.mean())),
        "classes": ("classes", shifted(lambda w: w.right > 0.5)),
        "by the logarithm of ten": ("odds", shifted(lambda w: expit(logit(w.p) + np.log10(0.1)))),
        "purity of equal classes": ("equal size", purity(lambda w: w.p[w.kept].mean())),
        "share": ("before the cut", purity(lambda w: w.share)),
        "efficiency": (
            "efficiency",
            purity(lambda w: w.right[w.kept].sum() / w.right.sum()),
        ),
        "share kept": ("all events", purity(lambda w: w.kept.mean())),
        "impurity": ("background", purity(lambda w: 1 - w.purity)),
        "signal over background": (
            "divides by both",
            purity(lambda w: w.purity / (1 - w.purity)),
        ),
    },
)

# ---------------------------------------------------------------- a signed sample


def signed(seed):
    """Simulate background with negative weights, and choose a cut."""
    rng = np.random.default_rng([37, seed])
    score = MIX.log_ratio(MIX.background.sample(50_000, rng))
    cut = round(np.quantile(score, rng.uniform(0.8, 0.9)), 2)
    w = np.where(rng.random(50_000) < rng.uniform(0.1, 0.35), -1.0, 1.0)
    w *= 10 ** rng.uniform(3, 4.5) / w.sum()
    world = SimpleNamespace(score=score, w=w, cut=cut, rng=rng)
    world.goal = round(rng.uniform(0.005, 0.02), 3)
    world.kept = w[score > cut]
    world.right = sizes(world)
    return world


def judge_sizes(w, answer):
    error, effective, needed = answer
    return check.signed_sample(
        w.score,
        w.w,
        cut=w.cut,
        goal=w.goal,
        my_error=error,
        my_effective=effective,
        my_needed=needed,
    )


def sizes(w, kept=None):
    kept = w.kept if kept is None else kept
    error = np.sqrt(np.square(kept).sum())
    relative = error / kept.sum()
    return error, relative**-2, len(w.w) * (relative / w.goal) ** 2


def error(make):
    return lambda w: (make(w), *w.right[1:])


def effective(make):
    return lambda w: (w.right[0], make(w), w.right[2])


def needed(make):
    return lambda w: (*w.right[:2], make(w))


def figures(count):
    return lambda w: tuple(float(f"{value:.{count}g}") for value in w.right)


def by_share(w):
    """From the share of negative events, as all weights are of one size."""
    n, q, size = len(w.kept), np.mean(w.kept < 0), np.abs(w.w[0])
    return np.sqrt(n) * size, n * (1 - 2 * q) ** 2, len(w.w) / (n * (1 - 2 * q) ** 2) / w.goal**2


def resampled(w):
    kept = np.where(w.score > w.cut, w.w, 0)
    sums = [kept @ w.rng.poisson(1, len(kept)) for _ in range(1000)]
    return np.std(sums, ddof=1)


def of_fixed_events(w):
    """Error where the number of simulated events is no accident."""
    kept = np.where(w.score > w.cut, w.w, 0)
    return np.sqrt(len(kept)) * kept.std()


def by_root_frame(w):
    """Sum as a histogram with Sumw2 does."""
    frame = pd.DataFrame({"w": w.w, "w2": w.w**2})[w.score > w.cut].sum()
    error_, total = np.sqrt(frame["w2"]), frame["w"]
    return error_, (total / error_) ** 2, len(w.w) * (error_ / total / w.goal) ** 2


SIGNED_SAMPLE = Exercise(
    "signed_sample",
    signed,
    judge_sizes,
    {
        "sums": sizes,
        "as a histogram": by_root_frame,
        "by the share of negative events": by_share,
        "three figures": figures(3),
        "four figures": figures(4),
        "float32": lambda w: tuple(np.float32(value) for value in w.right),
        "whole events": lambda w: (w.right[0], round(w.right[1]), int(np.ceil(w.right[2]))),
        "normalised weights": lambda w: (
            w.right[0],
            *sizes(w, w.kept / np.abs(w.kept).max())[1:],
        ),
        "a thousand resamplings": error(resampled),
        "number of events fixed": error(of_fixed_events),
        "needed, by effective numbers": needed(
            lambda w: len(w.w) / stats.effective_events(w.kept.sum(), w.right[0] ** 2) / w.goal**2
        ),
        "needed, rounded up": needed(lambda w: float(f"{w.right[2] * 1.004:.2e}")),
    },
    {
        "root of the yield": ("scatter", error(lambda w: np.sqrt(w.kept.sum()))),
        "root of the number": ("weigh them", error(lambda w: np.sqrt(len(w.kept)))),
        "squares cancel": (
            "squares cancel",
            error(lambda w: np.sqrt(w.kept.sum() * np.abs(w.w[0]))),
        ),
        "variance": ("variance", error(lambda w: w.right[0] ** 2)),
        "relative": ("relative", error(lambda w: w.right[0] / w.kept.sum())),
        "error without the cut": ("cut first", error(lambda w: np.linalg.norm(w.w))),
        "error of the positive": (
            "dropped",
            error(lambda w: np.linalg.norm(w.kept[w.kept > 0])),
        ),
        "all that pass": ("whatever their signs", effective(lambda w: len(w.kept))),
        "net": (
            "after cancelling",
            effective(lambda w: np.sign(w.kept).sum()),
        ),
        "positive ones": ("dropped", effective(lambda w: np.sum(w.kept > 0))),
        "effective without the cut": ("cut first", effective(lambda w: sizes(w, w.w)[1])),
        "the yield": ("yield", effective(lambda w: w.kept.sum())),
        "not squared": (
            "take the square",
            needed(lambda w: len(w.w) * w.right[1] ** -0.5 / w.goal),
        ),
        "that must pass": (
            "pass the cut",
            needed(lambda w: len(w.kept) / w.right[1] / w.goal**2),
        ),
        "effective events": ("effective events must pass", needed(lambda w: w.goal**-2)),
        "signs forgotten": (
            "take back others",
            needed(lambda w: len(w.w) / len(w.kept) / w.goal**2),
        ),
        "needed without the cut": ("pass the cut", needed(lambda w: sizes(w, w.w)[2])),
        "still lacking": ("in all", needed(lambda w: w.right[2] - len(w.w))),
    },
)

# ---------------------------------------------------------------- a greedy score in a fit


def greed(seed):
    """Log-odds of a greedy model: of known events, and of data."""
    rng = np.random.default_rng([41, seed])
    model = HistGradientBoostingClassifier(
        learning_rate=0.3, max_iter=60, max_leaf_nodes=63, early_stopping=False, random_state=seed
    ).fit(*drawn(10_000, rng))
    X, y = drawn(100_000, rng)
    world = SimpleNamespace(known=model.decision_function(X), y=y, rng=rng)
    X, _ = mixture(40_000, rng.uniform(0.03, 0.5), rng)
    world.score, world.exact = model.decision_function(X), GAUSS.log_ratio(X)
    world.ratio = isotonic(world)
    world.right = fit(world.ratio)
    return world


def judge_fraction(w, answer):
    found, error_ = answer
    return check.fraction(w.score, w.exact, w.known, w.y, my_fraction=found, my_error=error_)


def fit(r):
    """Fraction at which the slope of the likelihood vanishes, and its error."""

    def slope(f):
        return ((r - 1) / (1 + f * (r - 1))).sum()

    f = brentq(slope, 1e-6, 0.999) if slope(1e-6) > 0 else 0.0
    return f, np.square((r - 1) / (1 + f * (r - 1))).sum() ** -0.5


def honest(make):
    return lambda w: fit(make(w))


def found(make):
    return lambda w: (make(w), w.right[1])


def error_of(make):
    return lambda w: (w.right[0], make(w))


def isotonic(w):
    steps = IsotonicRegression(out_of_bounds="clip", y_min=1e-3, y_max=1 - 1e-3)
    p = steps.fit(w.known, w.y).predict(w.score)
    return p / (1 - p)


def cubic(w):
    def powers(score):
        return np.stack([(score / 5) ** k for k in (1, 2, 3)], axis=-1)

    return np.exp(LogisticRegression().fit(powers(w.known), w.y).decision_function(powers(w.score)))


def boxes(count):
    """Make a ratio of histograms with boxes of equal content."""

    def ratio(w):
        edges = np.quantile(w.known, np.linspace(0, 1, count + 1)[1:-1])
        s, b = (np.bincount(np.digitize(w.known[w.y == k], edges), None, count) for k in (1, 0))
        return ((s + 0.5) / (b + 0.5))[np.digitize(w.score, edges)]

    return ratio


def equal_steps(w):
    """Make a ratio of histograms with boxes of equal width."""
    edges = np.linspace(-6, 6, 49)
    s, b = (np.bincount(np.digitize(w.known[w.y == k], edges), None, 50) for k in (1, 0))
    return ((s + 0.5) / (b + 0.5))[np.digitize(w.score, edges)]


def smooth(w):
    """Make a ratio of kernel densities, on a grid."""
    grid = np.linspace(-12, 12, 241)
    some = slice(None, None, 5)
    s, b = (gaussian_kde(w.known[w.y == k][some], 0.1)(grid) for k in (1, 0))
    return np.exp(np.interp(w.score, grid, np.log((s + 1e-6) / (b + 1e-6))))


def small_trees(w):
    model = HistGradientBoostingClassifier(
        max_iter=100, max_leaf_nodes=15, min_samples_leaf=200, monotonic_cst=[1]
    )
    return np.exp(model.fit(w.known[:, None], w.y).decision_function(w.score[:, None]))


def templates(w):
    """Fit the histogram of the data with those of the two classes."""
    edges = np.quantile(w.known, np.linspace(0, 1, 41)[1:-1])
    boxed = [w.known[w.y == k] for k in (1, 0)]
    s, b = (np.bincount(np.digitize(of, edges), None, 40) / len(of) for of in boxed)
    data = np.bincount(np.digitize(w.score, edges), None, 40)

    def cost(f):
        return -(data * np.log(f[0] * s + (1 - f[0]) * b)).sum() / 1000

    f = minimize(cost, [0.2], bounds=[(1e-4, 0.99)], options={"ftol": 1e-14}).x[0]
    return f, (data * ((s - b) / (f * s + (1 - f) * b)) ** 2).sum() ** -0.5


def expectation(w):
    """Take the mean of the shifted probability as the next fraction, until it stays."""
    f = 0.5
    for _ in range(400):
        f = np.mean(f * w.ratio / (f * w.ratio + 1 - f))
    return f, w.right[1]


def with_scan(w):
    """Take the error from where the likelihood has fallen by ½."""
    f, error_ = w.right
    best = np.log1p(f * (w.ratio - 1)).sum()

    def fallen(g):
        return best - np.log1p(g * (w.ratio - 1)).sum() - 0.5

    return f, brentq(fallen, f, f + 5 * error_) - f


def with_copies(w):
    """Take the error from a hundred resamplings of the data."""
    draws = (w.rng.integers(0, len(w.ratio), len(w.ratio)) for _ in range(100))
    return w.right[0], np.std([fit(w.ratio[rows])[0] for rows in draws], ddof=1)


FRACTION = Exercise(
    "fraction",
    greed,
    judge_fraction,
    {
        "isotonic": honest(isotonic),
        "three digits": lambda w: tuple(float(f"{value:.3g}") for value in w.right),
        "float32": lambda w: tuple(np.float32(value) for value in w.right),
        "cubic logit": honest(cubic),
        "40 boxes": honest(boxes(40)),
        "100 boxes": honest(boxes(100)),
        "boxes of equal width": honest(equal_steps),
        "kernel densities": honest(smooth),
        "small rising trees": honest(small_trees),
        "templates": templates,
        "mean of shifted probabilities, again and again": expectation,
        "error where the likelihood fell": with_scan,
        "error of copies": with_copies,
        "a better model": honest(lambda w: np.exp(w.exact)),
    },
    {
        "greedy": ("over-confident", honest(lambda w: np.exp(w.score))),
        "honest p in the fit": (
            "where the ratio",
            found(lambda w: fit(w.ratio / (1 + w.ratio))[0]),
        ),
        "mean of p": ("mean of", found(lambda w: np.mean(w.ratio / (1 + w.ratio)))),
        "mean of the claimed p": ("mean of", found(lambda w: expit(w.score).mean())),
        "count above ½": ("above ½", found(lambda w: np.mean(w.score > 0))),
        "background": ("fraction of background", found(lambda w: 1 - w.right[0])),
        "events": ("how many events", found(lambda w: w.right[0] * len(w.score))),
        "of the known events": ("among the known", found(lambda _: 0.5)),
        "half": ("too small", found(lambda w: w.right[0] / 2)),
        "twice": ("too large", found(lambda w: w.right[0] * 1.2 + 0.03)),
        "counting": (
            "class is known",
            error_of(lambda w: np.sqrt(w.right[0] * (1 - w.right[0]) / len(w.score))),
        ),
        "1/√n": ("1/√n", error_of(lambda w: len(w.score) ** -0.5)),
        "variance": ("variance", error_of(lambda w: w.right[1] ** 2)),
        "95 %": ("95 %", error_of(lambda w: 1.96 * w.right[1])),
        "relative": ("relative", error_of(lambda w: w.right[1] / w.right[0])),
        "in events": ("in events", error_of(lambda w: w.right[1] * len(w.score))),
    },
)

EXERCISES = [PRIOR_SHIFT, SIGNED_SAMPLE, FRACTION]
