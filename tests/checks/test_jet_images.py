"""Each exercise's check accepts a right answer and names each misconception it knows."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from benchmarks.approaches.jet_images import (
    Search,
    few,
    fitted,
    in_lines,
    in_steps,
    judge_cut,
    one_threshold,
)
from hepml import data, stats
from hepml_lessons.checks import jet_images as check
from hepml_lessons.recipes import recipe
from tests.checks.naming import not_named
from tests.checks.neighbours import passing, worlds_of

JETS = 600


def wrapped(phi):
    return (phi + np.pi) % (2 * np.pi) - np.pi


@pytest.fixture(scope="module")
def jets():
    """(towers, y, weights): W narrower, jets anywhere, many of them across φ = ±π."""
    rng = np.random.default_rng(7)
    y = rng.integers(0, 2, JETS)
    number = rng.integers(4, 30, JETS)
    jet = np.repeat(np.arange(JETS), number)
    width = np.where(y == 1, 0.2, 0.3)[jet]
    at = {"eta": rng.uniform(-2, 2, JETS), "phi": rng.choice([-3.1, -1, 0.5, 2, 3.1], JETS)}
    towers = {k: centre[jet] + rng.normal(0, width) for k, centre in at.items()}
    towers["phi"] = wrapped(towers["phi"])
    towers |= {"pt": rng.exponential(10, len(jet)) + 0.5, "jet": jet}
    weights = np.where(y == 1, 1, rng.exponential(1, JETS))
    return towers, y, weights


def about(towers, centre="centre", *, wrap=True, moment=1):
    """Mean of r to some power about a point of each jet; a plain loop."""
    turned = wrapped if wrap else np.asarray
    result = []
    for k in range(JETS):
        pt, eta, phi = (towers[name][towers["jet"] == k] for name in ("pt", "eta", "phi"))
        if centre == "centre":
            phi_0 = phi[0] + np.average(turned(phi - phi[0]), weights=pt)
            eta_0 = np.average(eta, weights=pt)
        elif centre == "mean":
            phi_0, eta_0 = phi[0] + np.mean(turned(phi - phi[0])), eta.mean()
        elif centre == "hardest":
            phi_0, eta_0 = phi[pt.argmax()], eta[pt.argmax()]
        else:
            phi_0, eta_0 = 0, 0
        r = np.hypot(eta - eta_0, turned(phi - phi_0))
        result.append(np.average(r**moment, weights=pt))
    return np.array(result)


def right_auc(jets):
    towers, y, weights = jets
    return stats.auc(y, -about(towers), weights)


def judge_girth(jets, girth=None, auc=None):
    girth = about(jets[0]) if girth is None else girth
    return check.girth(*jets, my_girth=girth, my_auc=right_auc(jets) if auc is None else auc)


def test_a_right_girth_is_right_also_when_rounded(jets):
    right = about(jets[0])
    assert right_auc(jets) > 0.6
    assert judge_girth(jets).ok
    assert judge_girth(jets, right.astype("float32")).ok
    assert judge_girth(jets, right.round(3), round(right_auc(jets), 3)).ok
    assert judge_girth(jets, right.round(2), round(right_auc(jets), 2)).ok
    assert judge_girth(jets, list(right)).ok


def test_wider_jets_may_also_be_the_signal(jets):
    towers, y, weights = jets
    assert judge_girth((towers, 1 - y, weights), auc=right_auc(jets)).ok


def test_an_answer_not_given_is_neither_right_nor_wrong(jets):
    verdict = check.girth(*jets, my_girth=..., my_auc=...)
    assert verdict.ok is None
    assert "my_girth and my_auc" in verdict.reason
    assert check.one_more(*[None] * 3, baseline=None, taken=None).ok is None
    assert check.flat_cut(jets[1:], jets[2], jets[2], my_pass=...).ok is None


def test_misreadings_of_the_girth_are_named(jets):
    towers, *_ = jets
    jet, pt = towers["jet"], towers["pt"]
    right, total = about(towers), np.bincount(jet, pt)
    ones = towers | {"pt": np.ones_like(pt)}
    centre = about_centre_unweighted(towers)
    wrong = {
        "not divided by Σ pT": right * total,
        "number of towers": right * total / np.bincount(jet),
        "plain mean of r": centre,
        "the hardest tower": about(towers, "hardest"),
        "plain mean of the towers": about(towers, "mean"),
        "from η = φ = 0": about(towers, "origin"),
        "second moment": about(towers, moment=2),
        "root of the mean": np.sqrt(about(towers, moment=2)),
        "3.1 and −3.1": about(towers, wrap=False),
        "with np.bincount": pt,
        "one per jet": right[1:],
        "finite": right * np.nan,
        "other values": about(ones),
    }
    assert not_named(lambda girth: judge_girth(jets, girth), wrong) == {}


def about_centre_unweighted(towers):
    """Plain mean of r about the pT-weighted centre."""
    result = []
    for k in range(JETS):
        pt, eta, phi = (towers[name][towers["jet"] == k] for name in ("pt", "eta", "phi"))
        turned = wrapped(phi - phi[0])
        r = np.hypot(eta - np.average(eta, weights=pt), turned - np.average(turned, weights=pt))
        result.append(r.mean())
    return np.array(result)


def test_an_angle_that_jumps_is_noticed_after_the_centre_too(jets):
    towers, *_ = jets
    beyond = towers | {"phi": wrapped(towers["phi"] + np.pi)}  # other jets lie across now
    half = np.where(np.isclose(about(towers), about(towers, wrap=False)), about(towers), 0.9)
    assert "neighbours" in judge_girth(jets, half).reason
    assert about(beyond) == pytest.approx(about(towers))
    assert judge_girth((beyond, *jets[1:])).ok


def test_misreadings_of_the_auc_of_the_girth_are_named(jets):
    towers, y, weights = jets
    counted = stats.auc(y, -about(towers))
    assert abs(counted - right_auc(jets)) > 2e-3
    wrong = {
        "left out the weights in the AUC.": counted,
        "turn its sign": stats.auc(y, about(towers), weights),
        "and the score has to be": 1 - counted,
        "not so large": right_auc(jets) + 0.03,
        "not so small": right_auc(jets) - 0.03,
        "a number": "0.7",
    }
    assert not_named(lambda auc: judge_girth(jets, auc=auc), wrong) == {}


class Race:
    """Three quantities that are known, one that is taken and one that is new; and three samples."""

    def __init__(self, seed=3, jets=12_000):
        rng = np.random.default_rng(seed)
        self.y = rng.integers(0, 2, jets)
        self.weights = np.where(self.y == 1, 1, rng.exponential(1, jets))
        self.columns = rng.normal(0, 1, (jets, 5)) + self.y[:, None] * [1.2, 0.6, 0.4, 0.7, 0.8]
        self.columns[:, 0] += 0.3 * np.log(self.weights + 0.1)  # so that the weights matter
        part = rng.choice(3, jets, p=[0.55, 0.1, 0.35])
        self.train, self.test = part == 0, part == 2
        self.new = self.columns[:, 4]
        self.baseline, self.better = self.score(), self.score(self.new)

    def score(self, quantity=None, of=None):
        """Scores of the test jets by a model that learned from some jets."""
        more = () if quantity is None else (quantity,)
        X = np.column_stack([self.columns[:, :3], *more])
        of = self.train if of is None else of
        return learn(X[of], self.y[of], self.weights[of], 0).decision_function(X[self.test])

    def auc(self, score):
        return stats.auc(self.y[self.test], score, self.weights[self.test])

    def judge(self, score=None, auc=None, quantity=None):
        score = self.better if score is None else score
        return check.one_more(
            (self.columns[:, :3], self.y, self.weights),
            (self.train, self.test),
            learn,
            my_quantity=self.new if quantity is None else quantity,
            my_score=score,
            my_auc=self.auc(np.ravel(score)[: self.test.sum()]) if auc is None else auc,
            baseline=self.baseline,
            taken=self.columns[:, 3],
        )

    def with_quantity(self, quantity):
        return self.judge(self.score(quantity), quantity=quantity)


def learn(X, y, weights, seed):
    return LogisticRegression(random_state=seed).fit(X, y, sample_weight=weights)


@pytest.fixture(scope="module")
def race():
    return Race()


def test_one_more_quantity_is_right_in_any_unit(race):
    found = race.judge()
    assert found.ok, found
    assert "rises by +0.0" in found.reason
    probability = 1 / (1 + np.exp(-race.better))
    for score in (probability, probability.round(3), race.better.astype("float32")):
        assert race.judge(score).ok
    assert race.judge(auc=round(race.auc(race.better), 2)).ok
    assert race.judge(quantity=list(3 - 20 * race.new)).ok
    assert race.with_quantity(np.floor(4 * race.new)).ok


def test_the_error_of_the_gain_is_that_of_a_bootstrap(race):
    said = race.judge().reason
    y, weights = race.y[race.test], race.weights[race.test]
    rng = np.random.default_rng(5)
    draws = [weights * rng.poisson(1, len(y)) for _ in range(200)]
    gains = [stats.auc(y, race.better, d) - stats.auc(y, race.baseline, d) for d in draws]
    gain, error = (float(told) for told in said.split("by ")[1].split(",")[0].split(" ± "))
    assert gain == pytest.approx(race.auc(race.better) - race.auc(race.baseline), abs=6e-5)
    assert error == pytest.approx(np.std(gains), rel=0.2)


def test_a_gain_that_can_be_chance_is_none(race):
    rng = np.random.default_rng(1)
    noise = race.with_quantity(rng.normal(0, 1, len(race.y)))
    assert noise.ok is False
    assert "chance" in noise.reason
    worse = race.judge(race.better + rng.normal(0, 3, len(race.better)))
    assert worse.ok is False
    assert "not in your score" in worse.reason


def test_a_model_that_saw_the_test_jets_is_noticed(race):
    """Also one that saw all jets, and that is no better than the limit of what can be true."""
    X = np.column_stack([race.columns[:, :3], race.new])
    for of in (race.test, np.ones(len(race.y), bool)):
        forest = RandomForestClassifier(60, min_samples_leaf=15, random_state=1)
        forest.fit(X[of], race.y[of], race.weights[of])
        score = forest.predict_proba(X[race.test])[:, 1]
        assert race.auc(score) < check.SEEN
        verdict = race.judge(score)
        assert verdict.ok is False
        assert "did your model see the test jets" in verdict.reason


def test_misreadings_of_one_more_are_named(race):
    y, n = race.y[race.test], race.test.sum()
    right, counted = race.auc(race.better), stats.auc(y, race.better)
    assert abs(counted - right) > 2e-3
    two_columns = np.stack([-race.better, race.better], axis=1)
    learned = np.where(race.test, race.y + race.new, race.new)
    wrong = {
        "left out the weights": {"auc": counted},
        "are swapped": {"auc": 1 - right},
        "not so large": {"auc": right + 0.02},
        "not so small": {"auc": right - 0.02},
        "larger for QCD": {"score": -race.better},
        f"of the {n} test jets": {"score": race.better[: n // 2], "auc": right},
        "[:, 0]": {"score": race.better[:, None]},
        "[:, 1]": {"score": two_columns, "auc": right},
        "classes": {"score": (race.better > 0).astype(int)},
        "not in your score": {"score": 3 * race.baseline + 1},
        "too good": {"score": 5 * y + race.better},
        "is the label": {"quantity": 2 * race.y},
        "or the weight": {"quantity": race.weights},
        "That one is taken": {"quantity": np.round(3 * race.columns[:, 3])},
        "know that quantity": {"quantity": np.exp(race.columns[:, 1])},
        "learned on the test jets": {"quantity": learned},
        "for the train jets too": {"quantity": race.new[race.test]},
        "one per jet": {"quantity": race.new[:-1]},
        "the same number": {"quantity": np.ones(len(race.y))},
        "a number": {"auc": np.nan},
    }
    assert not_named(lambda given: race.judge(**given), wrong) == {}


def test_the_right_numbers_are_not_told(race, jets):
    for verdict, right in (
        (race.judge(auc=0.6), race.auc(race.better)),
        (judge_girth(jets, auc=0.5), right_auc(jets)),
        (judge_girth(jets, np.roll(about(jets[0]), 1)), about(jets[0])[1]),
    ):
        assert verdict.ok is False
        assert f"{right:.3f}" not in verdict.reason


@pytest.fixture(scope="module")
def search():
    return Search(16, 40_000)


def cut(search, among=None, bins=12, *, lines=True, **how):
    """Test jets above thresholds in steps of mass chosen among some jets of some kind."""
    return (in_lines if lines else in_steps)(search, among, bins, **how)


@pytest.mark.parametrize("bins", [6, 10, 12, 20])
@pytest.mark.parametrize("lines", [False, True])
def test_a_cut_chosen_on_other_jets_is_right(search, bins, lines):
    passed = cut(search, None, bins, lines=lines)
    assert judge_cut(search, passed).ok, judge_cut(search, passed)
    assert judge_cut(search, passed.astype(int)).ok
    assert judge_cut(search, list(passed)).ok


@pytest.mark.parametrize("bins", [6, 10, 12, 20])
@pytest.mark.parametrize("lines", [False, True])
def test_a_cut_chosen_on_the_test_jets_is_noticed(search, bins, lines):
    verdict = judge_cut(search, cut(search, search.test, bins, lines=lines))
    assert verdict.ok is False
    assert "on the test jets" in verdict.reason


def test_a_fit_to_thresholds_is_right(search):
    assert judge_cut(search, fitted(search, bins=12)).ok


def test_misreadings_of_the_flat_cut_are_named(search):
    y, weights, score, mass = search.events
    test = search.test
    turned = SimpleNamespace(events=(y, weights, -score, mass), test=test, share=search.share)
    drawn = np.random.default_rng(3).random(test.sum())
    wrong = {
        "one threshold": one_threshold(search),
        "is QCD that should": cut(search, of=(1,)),
        "left out the weights": cut(search, weighted=False),
        "6% of all jets": cut(search, of=(0, 1)),
        "with QCD alone": cut(search, of=(0, 1), weighted=False),
        "not 6%": cut(search, share=0.12),
        "Finer steps?": cut(search, bins=2, lines=False),
        "take more": cut(search, few(search, 60), bins=6),
        "not the small ones": cut(turned),
        "look at them": drawn < search.share,
        "Did the labels": (drawn < search.share) | (y[test] == 1),
        "compare the scores": score[test],
        "True or False for each": cut(search)[:-1],
        "should hold True or False: ": np.where(cut(search), "yes", "no"),
        "No jets pass": np.zeros(test.sum(), bool),
        "All jets pass": np.ones(test.sum(), bool),
    }
    assert not_named(lambda passed: judge_cut(search, passed), wrong) == {}


def test_honest_cuts_are_hardly_ever_suspected():
    """Of cuts chosen on as many other jets, by steps, less than 2 % are refused for any reason."""
    rng = np.random.default_rng(8)
    n, verdicts = 3000, []
    for _ in range(60):
        y, mass, score = rng.integers(0, 2, n), rng.uniform(65, 95, n), rng.normal(0, 1, n)
        score += 2 * y
        jets = y, rng.exponential(1, n), score, mass
        sample = SimpleNamespace(events=jets, test=rng.random(n) < 0.5, share=0.05)
        verdicts.append(judge_cut(sample, cut(sample, bins=6)))
    assert sum(not verdict.ok for verdict in verdicts) <= 1, [v for v in verdicts if not v.ok]


# ---------------------------------------------------------------- neighbours


@pytest.fixture(scope="module")
def prepared():
    """Names that the lesson has made when its exercises begin; its trees."""
    names = recipe("jet-images")
    every = data.load("jets")
    jets = every[every["mpi"] == 0].reset_index(drop=True)
    jets["filled_pixels"] = jets["nconstituent"]
    y, w = jets["Label"].to_numpy(), jets["Weight"].to_numpy(float)
    three = ("jet_mass", "tau_21", "jet_delta_R")
    part = np.random.default_rng(42).choice(3, size=len(y), p=[0.55, 0.1, 0.35])
    X = jets[list(three)].to_numpy(float)
    bdt = names["trees"](X[part == 0], y[part == 0], w[part == 0], 42)
    score = bdt.decision_function(X)
    return names | {
        "bundled": jets, "jets": jets, "y": y, "w": w, "THREE": three, "SEED": 42, "bdt": bdt,
        "seen": part < 2, "test": part == 2, "tree_scores": lambda *_: score,
    }  # fmt: skip


def worlds(prepared, number):
    return worlds_of("jet-images", number, **prepared)


@pytest.fixture(scope="module")
def wide(prepared):
    """For each seed the jets of the first exercise, with their girth and its AUC."""
    return [with_girth(world) for world in worlds(prepared, 1)]


def with_girth(world):
    towers = world.centred(world.given)
    pt, jet, r = towers["pt"], towers["jet"], np.hypot(towers["x"], towers["y"])
    girth = np.bincount(jet, pt * r) / np.bincount(jet, pt)
    turned = stats.auc(world.y_given, girth, world.w_given)
    jets = world.given, world.y_given, world.w_given
    return SimpleNamespace(jets=jets, girth=girth, auc=max(turned, 1 - turned))


def test_a_neighbours_girths_do_not_pass(wide):
    def judge(mine, other):
        return check.girth(*mine.jets, my_girth=other.girth, my_auc=other.auc)

    assert passing(wide, judge) <= 0.1


def test_girths_to_three_digits_and_their_own_area_pass(wide):
    for jets, girth, _ in ((one.jets, one.girth, one.auc) for one in wide):
        rounded = np.array([float(f"{value:.3g}") for value in girth])
        turned = stats.auc(jets[1], rounded, jets[2])
        assert check.girth(*jets, my_girth=rounded, my_auc=round(max(turned, 1 - turned), 4)).ok


def test_a_neighbours_area_does_not_pass_with_the_own_girths(wide):
    def judge(mine, other):
        return check.girth(*mine.jets, my_girth=mine.girth, my_auc=other.auc)

    assert passing(wide, judge) <= 0.1


@pytest.fixture(scope="module")
def more(prepared):
    """For each seed the jets of the second exercise, with τ₃₂ and what trees make of it."""
    return [with_tau_32(world) for world in worlds(prepared, 2)]


def with_tau_32(world):
    quantity = world.my_jets["tau_32"].to_numpy(float)
    X, train, test = np.column_stack([world.known, quantity]), world.my_train, world.my_test
    weights = world.balanced(world.my_y[train], world.my_w[train])
    score = world.trees(X[train], world.my_y[train], weights, 1).decision_function(X[test])
    area = stats.auc(world.my_y[test], score, world.my_w[test])
    return SimpleNamespace(world=world, quantity=quantity, score=score, auc=area)


def judge_more(mine, quantity, score, area):
    world = mine.world
    return check.one_more(
        (world.known, world.my_y, world.my_w), (world.my_train, world.my_test), world.trees,
        my_quantity=quantity, my_score=score, my_auc=area,
        baseline=world.before, taken=world.my_jets["filled_pixels"],
    )  # fmt: skip


def test_a_neighbours_quantity_does_not_pass(more):
    def judge(mine, other):
        return judge_more(mine, other.quantity, other.score, other.auc)

    assert passing(more, judge) <= 0.1


def test_a_neighbours_area_does_not_pass_with_the_own_scores(more):
    def judge(mine, other):
        return judge_more(mine, mine.quantity, mine.score, other.auc)

    assert passing(more, judge) <= 0.1


def judge_flat(world, passed):
    mine = world.mine
    jets = (world.y[mine], world.w[mine]), world.bdt_scores[mine], world.mass[mine]
    return check.flat_cut(*jets, my_pass=passed, share=world.my_share)


def flat(world):
    """Cut at thresholds in twelve steps of mass, joined by lines."""
    jets = world.y, world.w, world.bdt_scores, world.mass
    search = SimpleNamespace(events=jets, test=~world.seen, share=world.my_share)
    passed = np.zeros(len(world.y), bool)
    passed[~world.seen] = in_lines(search)
    return passed[world.mine]


def test_a_neighbours_cut_does_not_pass(prepared):
    assert passing(worlds(prepared, 3), judge_flat, flat) <= 0.1


def test_right_cuts_pass_for_nearly_every_student(prepared):
    """Of 60 students each with jets and a share of their own; the trees saw those to train."""
    each = worlds_of("jet-images", 3, range(60), **prepared)
    assert sum(not judge_flat(world, flat(world)).ok for world in each) <= 1
    assert len({world.my_share for world in each}) == 7
