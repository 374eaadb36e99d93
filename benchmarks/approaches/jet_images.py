"""Approaches to the exercises on jet images: a girth, one more quantity, a cut that is flat."""

from dataclasses import dataclass
from functools import cached_property, partial

import awkward as ak
import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsRegressor

from benchmarks.checks import Exercise
from hepml import stats
from hepml_lessons.checks import jet_images as check

# ---------------------------------------------------------------- girth

JETS = 400


@dataclass(frozen=True)
class Towers:
    """Jets anywhere, many of them across φ = ±π; W narrower; the hard QCD jets weigh less."""

    seed: int

    @cached_property
    def events(self):
        """Towers, labels and weights."""
        rng = np.random.default_rng(self.seed)
        y, number = rng.integers(0, 2, JETS), rng.integers(4, 25, JETS)
        jet = np.repeat(np.arange(JETS), number)
        weights = np.where(y == 1, 1, np.clip(rng.exponential(1, JETS), 0.1, None))
        width = np.where(y == 1, 0.2, 0.26 + 0.05 * np.sign(weights - 1))[jet]
        centre = {"eta": rng.uniform(-2, 2, JETS), "phi": rng.uniform(-np.pi, np.pi, JETS)}
        towers = {k: at[jet] + rng.normal(0, width) for k, at in centre.items()}
        towers["phi"] = around(towers["phi"])
        pt = rng.exponential(10, len(jet)) + 0.5
        order = np.lexsort((-pt, jet))
        return towers | {"pt": pt[order], "jet": jet}, y, weights

    def girth(self, **how):
        """Girth of each jet, one by one."""
        towers = self.events[0]
        jets = pd.DataFrame(towers).groupby("jet")
        return np.array([girth_of(jet, **how) for _, jet in jets])

    @cached_property
    def right(self):
        return self.girth()

    def answer(self, girth, *, sign=-1, weighted=True, digits=None):
        _, y, weights = self.events
        found = stats.auc(y, sign * np.asarray(girth), weights if weighted else None)
        return girth, found if digits is None else round(found, digits)


def around(phi):
    return (phi + np.pi) % (2 * np.pi) - np.pi


def girth_of(jet, centre="pt", moment=1, mean="pt", wrap=around):
    """Girth of one jet, a table of towers, right or wrong."""
    pt, eta, phi = (jet[name].to_numpy() for name in ("pt", "eta", "phi"))
    near = wrap(phi - phi[0])
    if centre == "hardest":
        eta_0, phi_0 = eta[pt.argmax()], near[pt.argmax()]
    elif centre == "nothing":
        eta_0, phi_0 = 0, -phi[0]
    else:
        share = pt if centre == "pt" else None
        eta_0, phi_0 = (np.average(x, weights=share) for x in (eta, near))
    r = np.hypot(eta - eta_0, wrap(near - phi_0)) ** moment
    return np.average(r, weights=pt if mean == "pt" else None)


def with_bincount(world):
    towers = world.events[0]
    pt, eta, phi, jet = (towers[k] for k in ("pt", "eta", "phi", "jet"))
    total = np.bincount(jet, pt)
    first = phi[np.searchsorted(jet, np.arange(JETS))][jet]
    x = eta - (np.bincount(jet, pt * eta) / total)[jet]
    near = around(phi - first)
    r = np.hypot(x, near - (np.bincount(jet, pt * near) / total)[jet])
    return np.bincount(jet, pt * r) / total


def with_awkward(world):
    towers = world.events[0]
    number = np.bincount(towers["jet"])
    pt, eta, phi = (ak.unflatten(towers[k], number) for k in ("pt", "eta", "phi"))
    near = around(phi - phi[:, 0])
    x, y = (v - ak.sum(pt * v, axis=1) / ak.sum(pt, axis=1) for v in (eta, near))
    r = np.sqrt(x**2 + y**2)
    return ak.sum(pt * r, axis=1) / ak.sum(pt, axis=1)


def with_groupby(world):
    table = pd.DataFrame(world.events[0])
    sums = table.assign(total=table.pt, first=table.phi).groupby("jet")
    total, first = sums["pt"].transform("sum"), sums["phi"].transform("first")
    table["near"] = np.angle(np.exp(1j * (table.phi - first)))
    for name in ("eta", "near"):
        table[name] -= (table.pt * table[name]).groupby(table.jet).transform("sum") / total
    table["r"] = table.pt * np.hypot(table.eta, table.near)
    return table.groupby("jet")["r"].sum() / table.groupby("jet")["pt"].sum()


def counted_by_sklearn(world):
    _, y, weights = world.events
    return world.right, roc_auc_score(y, -world.right, sample_weight=weights)


def judge_girth(world, given):
    return check.girth(*world.events, my_girth=given[0], my_auc=given[1])


def on_right(change):
    return lambda world: world.answer(change(world))


def with_auc(change):
    return lambda world: (world.right, change(world))


def auc_of_right(world, **how):
    return world.answer(world.right, **how)[1]


def jets_and_pt(world):
    return world.events[0]["jet"], world.events[0]["pt"]


def by_number(world):
    jet, pt = jets_and_pt(world)
    return world.right * np.bincount(jet, pt) / np.bincount(jet)


GIRTH = Exercise(
    "girth",
    Towers,
    judge_girth,
    right={
        "jet by jet": on_right(lambda world: world.right),
        "np.bincount": on_right(with_bincount),
        "awkward": on_right(with_awkward),
        "awkward, as NumPy": on_right(lambda world: ak.to_numpy(with_awkward(world))),
        "pandas, grouped": on_right(with_groupby),
        "float32": on_right(lambda world: world.right.astype("float32")),
        "a list": on_right(lambda world: world.right.tolist()),
        "three digits": on_right(lambda world: world.right.round(3)),
        "two digits": lambda world: (world.right.round(2), auc_of_right(world)),
        "AUC by scikit-learn": counted_by_sklearn,
        "AUC to three digits": with_auc(lambda world: auc_of_right(world, digits=3)),
        "AUC to two digits": with_auc(lambda world: auc_of_right(world, digits=2)),
        "AUC as the other class's": with_auc(lambda world: 1 - auc_of_right(world, sign=1)),
    },
    wrong={
        "no division": (
            "not divided by Σ pT",
            on_right(lambda world: world.right * np.bincount(*jets_and_pt(world))),
        ),
        "divided by the number": ("number of towers", on_right(by_number)),
        "plain mean of r": ("plain mean of r", on_right(lambda w: w.girth(mean="plain"))),
        "from the hardest": ("the hardest tower", on_right(lambda w: w.girth(centre="hardest"))),
        "plain centre": ("plain mean of the towers", on_right(lambda w: w.girth(centre="mean"))),
        "no centre": ("from η = φ = 0", on_right(lambda w: w.girth(centre="nothing"))),
        "second moment": ("second moment", on_right(lambda w: w.girth(moment=2))),
        "its root": ("root of the mean", on_right(lambda w: np.sqrt(w.girth(moment=2)))),
        "φ not wrapped": ("3.1 and −3.1", on_right(lambda w: w.girth(wrap=np.asarray))),
        "one per tower": (
            "one per tower",
            lambda world: (world.events[0]["pt"], auc_of_right(world)),
        ),
        "one jet too few": ("one per jet", lambda w: (w.right[1:], auc_of_right(w))),
        "of other jets": ("other values", lambda w: (np.roll(w.right, 1), auc_of_right(w))),
        "AUC without weights": (
            "left out the weights",
            with_auc(lambda w: auc_of_right(w, weighted=False)),
        ),
        "AUC below a half": ("turn its sign", with_auc(lambda w: auc_of_right(w, sign=1))),
        "another AUC": ("not so large", with_auc(lambda w: auc_of_right(w) + 0.03)),
    },
)


# ---------------------------------------------------------------- one more quantity


def as_good_as_any(X, y, weights, seed):
    """Stand in for the lesson's trees: of so few Gaussian jets a linear model learns the most."""
    return LogisticRegression(random_state=seed).fit(X, y, sample_weight=weights)


def trees(X, y, weights, seed, rounds=25):
    """Trees like those of the lesson, for fewer jets."""
    model = HistGradientBoostingClassifier(
        max_iter=rounds,
        learning_rate=0.15,
        max_leaf_nodes=6,
        min_samples_leaf=40,
        random_state=seed,
    )
    return model.fit(X, y, sample_weight=weights)


@dataclass(frozen=True)
class Race:
    """Three known quantities, one that is taken and one that is new, all Gaussian."""

    seed: int
    jets = 5000
    shifts = np.array([0.9, 0.6, 0.4, 0.7, 1.0])

    @cached_property
    def events(self):
        """Quantities, labels and weights: the hard QCD jets are more like W, and weigh less."""
        rng = np.random.default_rng(self.seed)
        y = rng.integers(0, 2, self.jets)
        hard = (y == 0) & (rng.random(self.jets) < 0.3)
        X = rng.normal(0, 1, (self.jets, 5)) + y[:, None] * self.shifts
        X[hard, 0] += 0.6
        return X, y, np.where(hard, 0.3, np.where(y == 1, 1.0, 1.3))

    @cached_property
    def samples(self):
        part = np.random.default_rng((self.seed, 1)).choice(3, self.jets, p=[0.55, 0.1, 0.35])
        return part == 0, part == 2

    @cached_property
    def baseline(self):
        X, y, weights = self.events
        train, test = self.samples
        return as_good_as_any(X[train, :3], y[train], weights[train], 0).decision_function(
            X[test, :3]
        )

    @cached_property
    def better(self):
        return self.trees(self.four)

    @property
    def four(self):
        """The known quantities, and the new one."""
        return self.events[0][:, [0, 1, 2, 4]]

    def trees(self, X, of=None, seed=1, rounds=25, judge=None):
        """Scores of the test jets by trees that learned from some jets (by default to train)."""
        _, y, weights = self.events
        of = self.samples[0] if of is None else of
        model = trees(X[of], y[of], weights[of], seed, rounds)
        return model.decision_function(X[self.samples[1]] if judge is None else X[judge])

    def model(self, model, *, weighted=True):
        """Scores of the test jets by a model of another kind."""
        _, y, weights = self.events
        train, test = self.samples
        how = {"sample_weight": weights[train]} if weighted else {}
        fitted = model.fit(self.four[train], y[train], **how)
        return fitted.predict_proba(self.four[test])[:, 1]

    def auc(self, score, *, weighted=True):
        _, y, weights = self.events
        test = self.samples[1]
        return stats.auc(y[test], np.asarray(score, float), weights[test] if weighted else None)

    def answer(self, score=None, auc=None, quantity=None):
        score = self.better if score is None else score
        quantity = self.events[0][:, 4] if quantity is None else quantity
        return quantity, score, self.auc(score) if auc is None else auc

    def of(self, quantity):
        """Answer with another quantity."""
        _, y, weights = self.events
        X = np.column_stack([self.events[0][:, :3], quantity])
        train, test = self.samples
        model = as_good_as_any(X[train], y[train], weights[train], 1)
        return self.answer(model.decision_function(X[test]), quantity=quantity)


def judge_more(world, given):
    X, y, weights = world.events
    quantity, score, auc = given
    return check.one_more(
        (X[:, :3], y, weights), world.samples, as_good_as_any, my_quantity=quantity, my_score=score,
        my_auc=auc, baseline=world.baseline, taken=X[:, 3],
    )  # fmt: skip


def scored(change):
    return lambda world: world.answer(change(world))


def likelihood_ratio(world):
    """Give the best score there is, but for the hard jets."""
    return world.four[world.samples[1]] @ world.shifts[[0, 1, 2, 4]]


def by_lightgbm(world):
    model = lightgbm.LGBMClassifier(
        n_estimators=40, num_leaves=8, learning_rate=0.1, n_jobs=1, verbose=-1
    )
    return world.model(model)


def by_xgboost(world):
    model = xgboost.XGBClassifier(n_estimators=40, max_depth=3, learning_rate=0.15, n_jobs=1)
    return world.model(model)


def learned_on_test(world):
    """Give as a quantity the share of W among the test jets nearby."""
    X, y, _ = world.events
    test = world.samples[1]
    return KNeighborsRegressor(5).fit(X[test], y[test]).predict(X)


def probability(world):
    return 1 / (1 + np.exp(-world.better))


def of_seen(world, of, rounds=60):
    return world.answer(world.trees(world.four, of=of, rounds=rounds))


def auc_on_train(world):
    _, y, weights = world.events
    train = world.samples[0]
    score = world.trees(world.four, judge=train, rounds=60)
    return world.answer(auc=stats.auc(y[train], score, weights[train]))


def two_columns(world):
    p = probability(world)
    return world.answer(np.column_stack([1 - p, p]), auc=world.auc(p))


def forest_on_test(world):
    _, y, weights = world.events
    test = world.samples[1]
    model = RandomForestClassifier(8, random_state=1).fit(world.four[test], y[test], weights[test])
    return world.answer(model.predict_proba(world.four[test])[:, 1])


ONE_MORE = Exercise(
    "one_more",
    Race,
    judge_more,
    right={
        "trees": scored(lambda world: world.better),
        "trees, another seed and more rounds": scored(
            lambda world: world.trees(world.four, seed=7, rounds=40)
        ),
        "probabilities to three digits": scored(lambda world: probability(world).round(3)),
        "float32": scored(lambda world: world.better.astype("float32")),
        "lists": lambda w: w.answer(w.better.tolist(), quantity=w.events[0][:, 4].tolist()),
        "pandas": lambda w: w.answer(
            pd.Series(w.better), quantity=pd.Series(w.events[0][:, 4], index=range(5, 5 + w.jets))
        ),
        "AUC to three digits": lambda w: w.answer(auc=round(w.auc(w.better), 3)),
        "AUC to two digits": lambda w: w.answer(auc=round(w.auc(w.better), 2)),
        "logistic regression": scored(lambda w: w.model(LogisticRegression())),
        "linear discriminant": scored(
            lambda w: w.model(LinearDiscriminantAnalysis(), weighted=False)
        ),
        "xgboost": scored(by_xgboost),
        "LightGBM": scored(by_lightgbm),
        "likelihood ratio": scored(likelihood_ratio),
        "the quantity in another unit": lambda w: w.of(3 - 20 * w.events[0][:, 4]),
        "the quantity in steps": lambda w: w.of(np.floor(4 * w.events[0][:, 4])),
    },
    wrong={
        "learned from the test jets": (
            "did your model see the test jets",
            lambda w: of_seen(w, w.samples[1]),
        ),
        "learned from all jets": (
            "did your model see the test jets",
            lambda w: of_seen(w, np.ones(w.jets, bool), rounds=120),
        ),
        "a forest on the test jets": ("too good", forest_on_test),
        "the label": ("too good", lambda w: w.of(w.events[1])),
        "the label, smeared": ("too good", lambda w: w.of(w.events[1] + w.events[0][:, 4] / 9)),
        "the weight": ("too good", lambda w: w.of(w.events[2])),
        "learned quantity": ("learned on the test jets", lambda w: w.of(learned_on_test(w))),
        "AUC without weights": (
            "left out the weights",
            lambda w: w.answer(auc=w.auc(w.better, weighted=False)),
        ),
        "swapped": ("are swapped", lambda w: w.answer(auc=1 - w.auc(w.better))),
        "AUC of the train jets": ("not so large", auc_on_train),
        "turned": ("turn them", lambda w: w.answer(-w.better)),
        "a known quantity": ("know that quantity", lambda w: w.of(np.exp(w.events[0][:, 1]))),
        "the taken one": ("That one is taken", lambda w: w.of(np.round(3 * w.events[0][:, 3]))),
        "noise": (
            "AUC of trees changes",
            lambda w: w.of(np.random.default_rng(w.seed + 5).normal(size=w.jets)),
        ),
        "for the test jets only": (
            "for the train jets too",
            lambda w: w.answer(quantity=w.events[0][w.samples[1], 4]),
        ),
        "classes": ("classes", scored(lambda world: (world.better > 0).astype(int))),
        "two columns": ("[:, 1]", two_columns),
        "all jets scored": (
            "test jets",
            lambda w: w.answer(w.events[0] @ w.shifts, auc=w.auc(w.better)),
        ),
        "baseline's score": ("not in your score", lambda w: w.answer(w.baseline)),
    },
)


# ---------------------------------------------------------------- a flat cut


@dataclass(frozen=True)
class Search:
    """A score that knows the mass; QCD of unequal weights, the hard ones more like W."""

    seed: int
    jets: int = 20_000

    @property
    def share(self):
        """Of QCD that is to pass: 4 to 10 %, as in the lesson."""
        return (4 + self.seed % 7) / 100

    @cached_property
    def events(self):
        rng = np.random.default_rng(self.seed)
        n, y = self.jets, rng.integers(0, 2, self.jets)
        mass = np.where(y == 1, np.clip(rng.normal(80, 5, n), 65, 95), rng.uniform(65, 95, n))
        score = 1.5 * y - ((mass - 80) / 8) ** 2 + rng.normal(0, 1, n)
        hard = (y == 0) & (rng.random(n) < 0.4)
        weights = np.where(y == 1, 1, np.where(hard, 0.2, 1) * rng.uniform(0.5, 1.5, n))
        return y, weights, score + hard, mass

    @cached_property
    def test(self):
        return np.random.default_rng((self.seed, 1)).random(self.jets) < 0.35


def thresholds(world, among, bins, *, share=None, weighted=True, of=(0,)):
    """Mass in the middle of each step, and the score that a share of the jets exceeds there."""
    y, weights, score, mass = world.events
    share = world.share if share is None else share
    edges = np.linspace(65, 95, bins + 1)
    which = np.clip(np.digitize(mass, edges) - 1, 0, bins - 1)
    at = []
    for k in range(bins):
        here = among & np.isin(y, of) & (which == k)
        by = weights[here] if weighted else np.ones(here.sum())
        at.append(np.quantile(score[here], 1 - share, weights=by, method="inverted_cdf"))
    return (edges[1:] + edges[:-1]) / 2, np.array(at)


def cut(world, at):
    """Test jets above a threshold that is a function of the mass."""
    _, _, score, mass = (part[world.test] for part in world.events)
    return score >= at(mass)


def in_steps(world, among=None, bins=12, **how):
    among = ~world.test if among is None else among
    _, at = thresholds(world, among, bins, **how)
    edges = np.linspace(65, 95, bins + 1)[1:-1]
    return cut(world, lambda mass: at[np.digitize(mass, edges)])


def in_lines(world, among=None, bins=12, **how):
    middle, at = thresholds(world, ~world.test if among is None else among, bins, **how)
    return cut(world, lambda mass: np.interp(mass, middle, at))


def fitted(world, among=None, bins=15, degree=3, **how):
    middle, at = thresholds(world, ~world.test if among is None else among, bins, **how)
    return cut(world, partial(np.polyval, np.polyfit(middle, at, degree)))


def by_neighbours(world, nearby=600):
    """Share of QCD, of that nearby in mass, that is above each jet."""
    y, weights, score, mass = world.events
    qcd = np.flatnonzero(~world.test & (y == 0))
    qcd = qcd[np.argsort(mass[qcd])]
    grid = np.linspace(65, 95, 61)
    at = []
    for centre in np.searchsorted(mass[qcd], grid):
        first = np.clip(centre - nearby // 2, 0, len(qcd) - nearby)
        near = qcd[first : first + nearby]
        by = weights[near]
        at.append(np.quantile(score[near], 1 - world.share, weights=by, method="inverted_cdf"))
    return cut(world, lambda mass: np.interp(mass, grid, at))


def by_pandas(world):
    """Sort, add up, look up, in equal numbers of QCD."""
    y, weights, score, mass = world.events
    table = pd.DataFrame({"mass": mass, "score": score, "weight": weights})[~world.test & (y == 0)]
    table["step"], edges = pd.qcut(table.mass, 14, labels=False, retbins=True)
    table = table.sort_values("score", ascending=False)
    passing = table.groupby("step").weight.cumsum() / table.groupby("step").weight.transform("sum")
    at = table[passing <= world.share].groupby("step").score.min().to_numpy()
    return cut(world, lambda mass: at[np.digitize(mass, edges[1:-1])])


def flattened(world):
    """Take the parabola out of the score first, then one threshold."""
    y, weights, score, mass = world.events
    middle, at = thresholds(world, ~world.test, 10, share=0.2)
    flat = score - np.polyval(np.polyfit(middle, at, 2), mass)
    of = ~world.test & (y == 0)
    one = np.quantile(flat[of], 1 - world.share, weights=weights[of], method="inverted_cdf")
    return (flat >= one)[world.test]


def one_threshold(world):
    y, weights, score, _ = world.events
    of = ~world.test & (y == 0)
    at = np.quantile(score[of], 1 - world.share, weights=weights[of], method="inverted_cdf")
    return (score >= at)[world.test]


def few(world, every):
    return ~world.test & (np.arange(world.jets) % every == 0)


def judge_cut(world, passed):
    y, weights, score, mass = (part[world.test] for part in world.events)
    return check.flat_cut((y, weights), score, mass, my_pass=passed, share=world.share)


def by_labels(world):
    """All W, and QCD at random."""
    y = world.events[0][world.test]
    return (y == 1) | (np.random.default_rng(world.seed).random(len(y)) < world.share)


def small_scores(world):
    middle, at = thresholds(world, ~world.test, 12, share=1 - world.share)
    _, _, score, mass = (part[world.test] for part in world.events)
    return score < np.interp(mass, middle, at)


FLAT_CUT = Exercise(
    "flat_cut",
    Search,
    judge_cut,
    right={
        "six steps": partial(in_steps, bins=6),
        "twelve steps": in_steps,
        "twenty steps": partial(in_steps, bins=20),
        "six steps, joined": partial(in_lines, bins=6),
        "twelve steps, joined": in_lines,
        "twenty steps, joined": partial(in_lines, bins=20),
        "a polynomial": fitted,
        "a polynomial of degree four": partial(fitted, bins=20, degree=4),
        "neighbours in mass": by_neighbours,
        "pandas, equal numbers": by_pandas,
        "score made flat": flattened,
        "half of the jets": lambda world: in_lines(world, few(world, 2)),
        "as numbers": lambda world: in_lines(world).astype(int),
        "as a list": lambda world: in_lines(world).tolist(),
    },
    wrong={
        "one threshold": ("one threshold", one_threshold),
        "flat for W": ("is QCD that should", partial(in_lines, of=(1,))),
        "without weights": ("left out the weights", partial(in_lines, weighted=False)),
        "of all jets": ("QCD alone", partial(in_lines, of=(0, 1))),
        "of all jets, without weights": (
            "QCD alone",
            partial(in_lines, of=(0, 1), weighted=False),
        ),
        "twice the share": (
            "of QCD passes, not",
            lambda world: in_lines(world, share=2 * world.share),
        ),
        "two steps": ("Finer steps", partial(in_steps, bins=2)),
        "on the test jets, six steps": (
            "on the test jets",
            lambda world: in_steps(world, world.test, 6),
        ),
        "on the test jets, twelve steps": (
            "on the test jets",
            lambda world: in_steps(world, world.test),
        ),
        "on the test jets, joined": (
            "on the test jets",
            lambda world: in_lines(world, world.test, 10),
        ),
        "on the test jets, twenty steps": (
            "on the test jets",
            lambda world: in_steps(world, world.test, 20),
        ),
        "with few jets": ("take more", lambda world: in_lines(world, few(world, 100), 6)),
        "at random": (
            "look at",
            lambda w: np.random.default_rng(w.seed).random(w.test.sum()) < w.share,
        ),
        "small scores": ("small ones", small_scores),
        "the labels": ("Did the labels", by_labels),
        "the scores": ("compare the scores", lambda world: world.events[2][world.test]),
        "of all jets, not the test jets": (
            "True or False for each",
            lambda world: np.resize(in_lines(world), world.jets),
        ),
    },
)


EXERCISES = [GIRTH, ONE_MORE, FLAT_CUT]
