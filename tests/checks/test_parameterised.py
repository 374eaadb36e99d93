"""Each exercise's check accepts a right answer and names each misconception it knows."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hepml import data, stats
from hepml_lessons.checks import parameterised as check
from hepml_lessons.recipes import recipe
from tests.checks.naming import not_named
from tests.checks.neighbours import SEEDS, drawing_cells, drawn_by, passing

MASSES = np.array([500.0, 750.0, 1250.0, 1500.0])
EVENTS = 20_000


@pytest.fixture(scope="module")
def uneven():
    """Signal of four masses, unequal in number and in weight, and background in two slices."""
    rng = np.random.default_rng(5)
    mass = rng.choice(MASSES, size=EVENTS, p=[0.15, 0.2, 0.3, 0.35])
    return {
        "signal_mass": mass,
        "signal_weight": (1000 / mass) ** 3,
        "background_weight": rng.choice([1.2, 4.4], size=EVENTS, p=[0.3, 0.7]),
        "reconstructed": rng.gamma(4, 150, EVENTS) + 250,
    }


def drawn(p, seed=1):
    return np.random.default_rng(seed).choice(MASSES, size=EVENTS, p=p)


def share(uneven, *, weighted=True):
    w = uneven["signal_weight"] if weighted else np.ones(EVENTS)
    total = np.array([w[uneven["signal_mass"] == mass].sum() for mass in MASSES])
    return total / total.sum()


def judge_masses(uneven, masses):
    return check.background_masses(*uneven.values(), my_masses=masses)


@pytest.mark.parametrize("seed", range(20))
def test_masses_drawn_as_the_signal_s_are_right(uneven, seed):
    assert judge_masses(uneven, drawn(share(uneven), seed)).ok
    assert judge_masses(uneven, drawn(share(uneven), seed).astype("float32")).ok


def test_wrong_masses_are_called_by_their_names(uneven):
    own = uneven["reconstructed"]
    right = drawn(share(uneven))
    nearest = MASSES[np.abs(own[:, None] - MASSES).argmin(axis=1)]
    sorted_by = np.empty(EVENTS)
    sorted_by[np.argsort(own)] = np.sort(right)
    wrong = {
        "one mass, 0 GeV": np.zeros(EVENTS),
        "one mass, 1000 GeV": np.full(EVENTS, 1000),
        "NaN": np.full(EVENTS, np.nan),
        "own reconstructed": own,
        "masses that no signal has": np.random.default_rng(2).uniform(500, 1500, EVENTS),
        "no signal has, such as 1000 GeV": np.where(np.arange(EVENTS) % 9, right, 1000.0),
        "each mass equally often": drawn(None),
        "left out the weights": drawn(share(uneven, weighted=False)),
        "At 500 GeV lies a smaller share of the background's": drawn([0.1, 0.6, 0.2, 0.1]),
        "in TeV": right / 1000,
        "follow the reconstructed": nearest,
        "Draw by chance": sorted_by,
        "its shape is": right[1:],
        "masses, each one number": [[500.0], 750.0],
    }
    assert not_named(lambda masses: judge_masses(uneven, masses), wrong) == {}


def test_an_answer_not_given_is_neither_right_nor_wrong(uneven):
    assert judge_masses(uneven, ...).ok is None
    zeros = np.zeros(9)
    assert check.held_out_scores(zeros, zeros, {"dedicated": zeros}, 4).ok is None
    verdict = check.audit({}, None, 1250, {}, my_network=..., my_auc=0.5)
    assert verdict.ok is None
    assert "my_network" in verdict.reason


# ---------------------------------------------------------------- scores at a held-out mass


@pytest.fixture(scope="module")
def toy():
    """Scores whose AUC depends on the weights, as tt̄ in slices makes it."""
    rng = np.random.default_rng(8)
    y = np.repeat([1, 0], [4000, 16_000])
    hard = rng.random(len(y)) < 0.3
    w = np.where(y == 1, 0.1, np.where(hard, 1.2, 4.4))
    x = rng.normal(size=len(y)) + 1.9 * y + 0.8 * hard
    return y, w, 1 / (1 + np.exp(-x)), x


def judge_scores(toy, scores, area=None):
    y, w, dedicated, _ = toy
    good = isinstance(scores, np.ndarray) and scores.shape == y.shape and np.isfinite(scores).all()
    area = (stats.auc(y, scores, w) if good else 0.8) if area is None else area
    known = {"dedicated": dedicated, "parameterised": dedicated**0.9}
    return check.held_out_scores(y, w, known, 9000, my_scores=scores, my_auc=area)


def test_scores_as_good_as_the_dedicated_ones_are_right(toy):
    y, w, _, x = toy
    rng = np.random.default_rng(1)
    assert judge_scores(toy, x).ok
    assert "never saw" not in judge_scores(toy, x).reason
    assert judge_scores(toy, x + 0.05 * rng.normal(size=len(x))).ok
    assert judge_scores(toy, x, round(stats.auc(y, x, w), 3)).ok


def test_wrong_scores_are_called_by_their_names(toy):
    y, _, dedicated, x = toy
    rng = np.random.default_rng(1)
    wrong = {
        "gives the label away": x + 3 * y,
        "at the right mass": x + 1.5 * rng.normal(size=len(x)),
        "background has the larger ones": -x,
        "All scores are equal": np.full(len(x), 0.5),
        "two values only": y.astype(float),
        "made of trees": np.where(x > 0, x, -x),
        "lesson's network 'dedicated'": dedicated,
        "lesson's network 'parameterised'": dedicated**0.9,
        "each one number": [[0.1, 0.2], 0.3],
        "training events": np.zeros(9000),
        "its shape is": dedicated[1:],
        "finite": dedicated * np.nan,
    }
    assert not_named(lambda scores: judge_scores(toy, scores), wrong) == {}


def test_wrong_areas_are_called_by_their_names(toy):
    y, w, _, dedicated = toy
    assert abs(stats.auc(y, dedicated) - stats.auc(y, dedicated, w)) > 0.01
    wrong = {
        "left out the weights": stats.auc(y, dedicated),
        "not so small": stats.auc(y, dedicated, w) - 0.02,
        "a number": "much",
    }
    assert not_named(lambda area: judge_scores(toy, dedicated, area), wrong) == {}


# ---------------------------------------------------------------- four networks


@pytest.fixture(scope="module")
def networks(toy):
    """Make a leak, a network that does not listen, and one of use."""
    y, w, _, x = toy
    events = SimpleNamespace(X=np.column_stack([x, -x, y]), y=y, w=w)
    ask = {
        "leak": lambda X, mass: X[:, 1] * mass / 1000,
        "deaf": lambda X, _mass: np.round(X[:, 0]),
        "good": lambda X, mass: X[:, 0] + mass,
    }
    return ask, events, {"leak": 1.0, "deaf": 0.85, "good": 0.86}


def judge_audit(networks, name="good", area=None):
    ask, events, reported = networks
    right = stats.auc(events.y, ask["good"](events.X, 1250), events.w)
    area = right if area is None else area
    return check.audit(ask, events, 1250, reported, my_network=name, my_auc=area)


def test_the_network_of_use_is_right(networks, toy):
    assert judge_audit(networks).ok
    assert judge_audit(networks, area=round(stats.auc(toy[0], toy[3], toy[1]), 3)).ok


def test_wrong_choices_are_called_by_their_names(networks):
    wrong = {
        "background was given other masses": "leak",
        "does not listen": "deaf",
        "should be one of 'leak', 'deaf', 'good'; not 'E'": "E",
        "should be one of 'leak', 'deaf', 'good'; not ['good']": ["good"],
    }
    assert not_named(lambda name: judge_audit(networks, name), wrong) == {}


def test_wrong_areas_of_the_right_network_are_called_by_their_names(networks):
    ask, events, _ = networks
    unweighted = stats.auc(events.y, ask["good"](events.X, 1250))
    wrong = {"left out the weights": unweighted, "the reported one": 0.86, "not so small": 0.7}
    assert not_named(lambda area: judge_audit(networks, area=area), wrong) == {}


# ---------------------------------------------------------------- a neighbour's answers


@pytest.fixture(scope="module")
def prepared():
    """Prepare what the exercises find: the lesson's events, and scores by hand for networks."""
    lesson = recipe("parameterised")
    events = data.load("top_resonance")
    train, _, test = lesson["parts"](events, np.random.default_rng(42))
    measured = np.log(train.reconstructed)
    column, least, width = 10, measured.mean(), measured.std()

    def log_mass(X):
        return least + width * X[:, column]

    def told(X, off=1.0):
        return np.exp(-np.abs(log_mass(X) - np.log(off * (350 * X[:, -1] + 1000))))

    assert log_mass(test.X) == pytest.approx(np.log(test.reconstructed), abs=1e-2)
    judged = {m: lesson["at"](test, m) for m in (500, 750, 1000, 1250, 1500)}
    areas = {"tested as trained": 0.9}
    return lesson | {
        "pd": pd,
        "train": train,
        "test": test,
        "judged": judged,
        "predict": lambda model, X: model(X),
        "parameterised": told,
        "one_for_all": lambda X: np.round(log_mass(X)),
        "leaky": lambda X: -told(X),
        "ways": {"its own, reconstructed": (None, lambda X: -log_mass(X))},
        "rows": dict.fromkeys(("0", "its own, reconstructed", "as the signal's"), areas),
        "scores": {
            750: {
                "parameterised": told(lesson["asked"](judged[750].X, 750), 0.9),
                "dedicated": told(lesson["asked"](judged[750].X, 750), 0.99),
            }
        },
    }


@pytest.fixture(scope="module")
def worlds(prepared):
    """Names of each seed's exercises, by running the lesson's own cells."""
    cells = drawing_cells("parameterised")
    return [vars(drawn_by(cells, seed, prepared)) for seed in SEEDS]


def test_a_neighbours_masses_do_not_pass(worlds):
    def judge(world, masses):
        background = world["background_weight"], world["background_reconstructed"]
        return check.background_masses(
            world["signal_mass"], world["signal_weight"], *background, my_masses=masses
        )

    def answer(world):
        w = world["signal_weight"]
        rng = np.random.default_rng(1)
        return rng.choice(world["signal_mass"], len(world["background_weight"]), p=w / w.sum())

    assert passing(worlds, judge, answer) < 0.1


def test_a_neighbours_area_does_not_pass_with_the_own_scores(worlds):
    def own(world):
        return world["parameterised"](world["asked"](world["your_events"].X, 750))

    def judge(world, area):
        some = world["your_events"]
        train = len(world["at"](world["train"], 750).y)
        return check.held_out_scores(
            some.y, some.w, world["your_known"], train, my_scores=own(world), my_auc=area
        )

    def answer(world):
        return stats.auc(world["your_events"].y, own(world), world["your_events"].w)

    assert passing(worlds, judge, answer) < 0.1


def test_a_neighbours_network_does_not_pass(worlds):
    def judge(world, told):
        names = ("ask", "search_events", "search_mass", "reported")
        network, area = told
        return check.audit(*(world[name] for name in names), my_network=network, my_auc=area)

    def answer(world):
        some, mass = world["search_events"], world["search_mass"]
        areas = {k: stats.auc(some.y, ask(some.X, mass), some.w) for k, ask in world["ask"].items()}
        best = max(areas, key=areas.get)
        return best, areas[best]

    assert passing(worlds, judge, answer) < 0.1
