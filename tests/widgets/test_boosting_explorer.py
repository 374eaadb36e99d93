"""BoostingExplorer's contract in Python: every library's trees, exact answers, honest input."""

import math
import re

import lightgbm
import numpy as np
import pandas as pd
import pytest
import traitlets
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.tree import DecisionTreeClassifier

from hepml import stats
from hepml_widgets import BoostingExplorer
from hepml_widgets.boosting_explorer.payload import (
    CELLS,
    MOST_NODES,
    Plane,
    contour,
    exact_log_odds,
)
from hepml_widgets.boosting_explorer.trees import read
from tests.widgets.sizes import payload

ROUNDS = 12
MODELS = {
    "gradient": lambda: GradientBoostingClassifier(n_estimators=ROUNDS, subsample=0.7),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=ROUNDS),
    "adaboost": lambda: AdaBoostClassifier(
        DecisionTreeClassifier(max_depth=2), n_estimators=ROUNDS
    ),
    "xgboost": lambda: xgboost.XGBClassifier(n_estimators=ROUNDS, max_depth=4),
    "forest of xgboost": lambda: xgboost.XGBClassifier(
        n_estimators=ROUNDS, num_parallel_tree=3, max_depth=2, subsample=0.5
    ),
    "lightgbm": lambda: lightgbm.LGBMClassifier(n_estimators=ROUNDS, num_leaves=9, verbose=-1),
}
TAKES_MISSING = {"histogram", "xgboost", "forest of xgboost", "lightgbm"}
CENTRE = np.array([1.2, -0.8])


def draw(rng, n):
    """Two Gaussian features whose log-likelihood ratio is known, and one that says nothing."""
    y = rng.integers(0, 2, n)
    X = rng.normal(size=(n, 3))
    X[:, :2] += y[:, None] * CENTRE
    return X, y, rng.gamma(2, 0.5, n)


def log_ratio(X):
    return X[:, :2] @ CENTRE - CENTRE @ CENTRE / 2


@pytest.fixture(scope="module")
def events():
    return draw(np.random.default_rng(7), 1500)


@pytest.fixture(scope="module", params=MODELS)
def fitted(request, events):
    X, y, w = events
    X = X.copy()
    if request.param in TAKES_MISSING:
        X[::9, 1] = np.nan
    return MODELS[request.param]().fit(X, y, sample_weight=w), X


@pytest.fixture(scope="module")
def explorer(events):
    X, y, w = events
    model = GradientBoostingClassifier(n_estimators=ROUNDS).fit(X, y, sample_weight=w)
    return BoostingExplorer(model, X, y, w, features=(0, 1), train=events, log_ratio=log_ratio)


def staged(model, X):
    """Ask the library itself after each round; for AdaBoost it is right up to a factor."""
    if hasattr(model, "staged_decision_function"):
        return [np.ravel(row).copy() for row in model.staged_decision_function(X)]
    rounds = range(1, ROUNDS + 1)
    if isinstance(model, xgboost.XGBModel):
        return [model.predict(X, output_margin=True, iteration_range=(0, r)) for r in rounds]
    return [model.predict(X, raw_score=True, num_iteration=r) for r in rounds]


def test_trees_add_up_to_the_model_after_every_round(fitted):
    model, X = fitted
    ensemble = read(model, X)
    assert len(ensemble.trees) == ROUNDS
    for margin, wanted in zip(ensemble.margins(X), staged(model, X), strict=True):
        factor = 1.0
        if ensemble.kind == "AdaBoost":  # the library divides by the sum of the votes so far
            factor = np.abs(margin).max() / np.abs(wanted).max()
        np.testing.assert_allclose(margin, factor * wanted, atol=1e-5)


def test_map_is_the_model_on_its_cells(fitted, events):
    model, X = fitted
    explorer = BoostingExplorer(model, X, events[1], features=(0, 1), hold={2: 0.3})
    x, y, score = explorer.score_map()
    xx, yy = np.meshgrid(x, y)
    cells = np.column_stack([xx.ravel(), yy.ravel(), np.full(xx.size, 0.3)])
    if explorer.ensemble.kind == "AdaBoost":
        total = model.estimator_weights_.sum()
        votes = [
            a * np.where(tree.predict(cells) == 1, 1, -1)
            for tree, a in zip(model.estimators_, model.estimator_weights_, strict=False)
        ]
        assert total > 0
        wanted = expit(np.sum(votes, axis=0))
    else:
        wanted = model.predict_proba(cells)[:, 1]
    np.testing.assert_allclose(score.ravel(), wanted, atol=1e-6)


def test_boosters_without_scikit_learn_are_read(events):
    X, y, _ = events
    booster = xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(X, y), 4)
    assert "xgboost, 4 rounds" in repr(BoostingExplorer(booster, X, y))
    data = lightgbm.Dataset(X, y)
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, data, 4)
    assert "lightgbm, 4 rounds" in repr(BoostingExplorer(booster, X, y))


def test_steps_are_the_weighted_auc_and_log_loss(explorer, events):
    X, y, w = events
    margin = list(explorer.ensemble.margins(X))[-1]
    assert explorer.steps.auc["test"][-1, 0] == stats.auc(y, margin, w)
    wanted = log_loss(y, expit(margin), sample_weight=w)
    assert explorer.steps.loss["test"][-1] == pytest.approx(wanted, rel=1e-12)
    np.testing.assert_array_equal(explorer.steps.auc["train"], explorer.steps.auc["test"])


def test_exact_auc_is_that_of_the_ratio_and_a_bound(explorer, events):
    X, y, w = events
    area = stats.roc_curve(y, log_ratio(X), w)
    assert explorer.bound == (area.auc, area.auc_error)
    rng = np.random.default_rng(11)
    X, y, _ = draw(rng, 20_000)
    bound = stats.auc(y, log_ratio(X))
    wanted = 0.5 * (1 + math.erf(np.sqrt(CENTRE @ CENTRE) / 2))  # Φ(d / √2)
    assert bound == pytest.approx(wanted, abs=0.01)
    assert all(stats.auc(y, margin) < bound for margin in explorer.ensemble.margins(X))


def test_exact_line_is_the_closed_form(explorer, events):
    """Between two equal Gaussians it is straight: where the ratio makes up for the yields."""
    _, y, w = events
    line = explorer.exact_line[np.isfinite(explorer.exact_line[:, 0])]
    prior = np.log(w[y == 1].sum() / w[y == 0].sum())
    np.testing.assert_allclose(line @ CENTRE - CENTRE @ CENTRE / 2 + prior, 0, atol=1e-9)
    (x_low, x_high), (y_low, y_high) = explorer.plane.ranges
    assert np.ptp(line[:, 0]) > 0.5 * min(x_high - x_low, y_high - y_low)


def test_a_grid_of_the_ratio_gives_the_same_line(explorer):
    plane = explorer.plane
    grid = exact_log_odds(log_ratio, plane, 0.0)
    np.testing.assert_array_equal(
        contour(grid, plane), contour(exact_log_odds(grid, plane, 0.0), plane)
    )


def test_features_not_shown_are_held_and_named(events):
    X, y, _ = events
    frame = pd.DataFrame(X, columns=["m_jj", "pt", "eta"])
    model = HistGradientBoostingClassifier(max_iter=20).fit(frame, y)
    explorer = BoostingExplorer(model, frame, y, features=("pt", "m_jj"))
    median = re.fullmatch("other features held at eta = (.*)", explorer.note)[1]
    assert float(median.replace("−", "-")) == pytest.approx(np.median(X[:, 2]), rel=0.01)
    assert explorer.plane.axes == (1, 0)
    held = BoostingExplorer(model, frame, y, features=("pt", "m_jj"), hold={"eta": 2.5})
    assert held.note.endswith("eta = 2.50")
    assert not np.array_equal(held.score_map()[2], explorer.score_map()[2])


def structured(frame):
    return frame.to_records(index=False)


def as_dict(frame):
    return {name: frame[name].to_numpy() for name in frame}


@pytest.mark.parametrize("table", [pd.DataFrame, as_dict, structured])
def test_columns_are_found_by_name(events, table):
    X, y, _ = events
    frame = pd.DataFrame(X, columns=["a b", "c", "d"])
    other = frame.assign(e=0.0)[["c", "e", "a b", "d"]]
    for model in (
        HistGradientBoostingClassifier(max_iter=2),
        xgboost.XGBClassifier(n_estimators=2),
        lightgbm.LGBMClassifier(n_estimators=2, verbose=-1),
    ):
        model.fit(frame, y)
        right = BoostingExplorer(model, frame, y, train=(frame, y))
        found = BoostingExplorer(model, table(other), y, train=(table(other), y))
        assert right.feature_names == found.feature_names == ["a b", "c", "d"]
        assert found.plane.axes == right.plane.axes
        for kind in ("train", "test"):
            np.testing.assert_array_equal(found.steps.auc[kind], right.steps.auc[kind])
        with pytest.raises(ValueError, match=r"X of the test sample .* X has no 'd': it has 'a b'"):
            BoostingExplorer(model, table(frame[["a b", "c"]]), y)
        with pytest.raises(ValueError, match=r"X of the training sample .* X has no 'a.b'"):
            BoostingExplorer(model, frame, y, train=(table(frame[["c", "d"]]), y))


def test_models_of_arrays_take_columns_as_they_come(events):
    X, y, _ = events
    frame = pd.DataFrame(X, columns=["a b", "c", "d"])
    model = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(X, y)
    assert BoostingExplorer(model, frame, y).feature_names == ["a b", "c", "d"]


def test_a_ratio_may_be_infinite_where_one_class_cannot_be(events):
    X, y, _ = events
    model = MODELS["gradient"]().fit(X, y)

    def cut(X):
        return np.where(X[:, 0] > 3, np.inf, np.where(X[:, 0] < -2, -np.inf, log_ratio(X)))

    assert 0.5 < BoostingExplorer(model, X, y, log_ratio=cut).bound[0] < 1


def test_default_features_are_those_that_split_most(events):
    X, y, _ = events
    model = GradientBoostingClassifier(n_estimators=20, max_depth=1).fit(X[:, [2, 0, 1]], y)
    assert BoostingExplorer(model, X[:, [2, 0, 1]], y).plane.axes == (1, 2)


def test_round_moves_to_the_nearest_one(events, explorer):
    X, y, _ = events
    view = BoostingExplorer(MODELS["gradient"]().fit(X, y), X, y, rounds=[1, 5, 12])
    assert view.round == 12
    for wanted, taken in ((-4, 1), (2, 1), (4, 5), (99, 12)):
        view.round = wanted
        assert view.round == taken
        assert view.readout.startswith(f"round {taken} · AUC test ")
    with pytest.raises(traitlets.TraitError):
        view.curve = "accuracy"
    assert " · exact " in explorer.readout


def test_table_is_small_for_any_number_of_events_and_trees():
    X, y, w = draw(np.random.default_rng(5), 20_000)
    model = HistGradientBoostingClassifier(max_iter=300, max_leaf_nodes=40).fit(X[:4000], y[:4000])
    rounds = [1, 100, 150]
    views = [
        BoostingExplorer(model, *(a[:n] for a in (X, y, w)), rounds=rounds, log_ratio=log_ratio)
        for n in (1000, 20_000)
    ]
    sizes = [payload(view.payload) for view in views]
    assert max(sizes) <= 100_000
    assert abs(sizes[0] - sizes[1]) < 3000  # the exact line is cut to other ranges
    view = views[0]
    nodes = [sum(len(t.feature) for t in s) for s in view.ensemble.trees]
    assert sum(nodes[: view.held_rounds]) <= MOST_NODES < sum(nodes[: view.held_rounds + 1])
    assert f"the first {view.held_rounds} of 300 rounds" in view.note


def test_page_is_self_contained_and_small(explorer, tmp_path):
    path = explorer.to_html(tmp_path / "view.html")
    text = path.read_text("utf-8")
    assert path.stat().st_size <= 250_000
    assert set(re.findall(r"(?:src|href)=\"([^\"]{0,5})", text)) == {"data:"}
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_figure_shows_map_tree_and_curve(explorer):
    figure = explorer.figure()
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes[:3]]
    assert labels[0] == ("x0", "x1")
    assert labels[1][0].startswith("tree of round 12")
    assert labels[2] == ("round", "AUC")
    explorer.curve = "log-loss"
    assert explorer.figure().axes[2].get_ylabel() == "log-loss"
    explorer.curve = "AUC"


def test_representation_is_stable(explorer):
    wanted = "BoostingExplorer(GradientBoosting, 12 rounds, 'x0' and 'x1', 1500 events)"
    assert repr(explorer) == wanted


@given(st.integers(0, 10**6), st.integers(2, 12), st.booleans())
@settings(max_examples=15, deadline=None)
def test_whatever_the_events_the_map_is_a_probability(seed, count, signed):
    rng = np.random.default_rng(seed)
    X = np.round(rng.normal(size=(count, 2)), 1)
    y = np.arange(count) % 2
    w = rng.normal(size=count) if signed else None
    model = GradientBoostingClassifier(n_estimators=3, max_depth=2).fit(X, y)
    view = BoostingExplorer(model, X, y, w)
    score = view.score_map()[2]
    assert score.shape == (CELLS, CELLS)
    assert ((score >= 0) & (score <= 1)).all()
    assert view.readout.startswith("round 3 · AUC test ")


def test_signed_weights_are_a_defined_case(events):
    X, y, w = events
    signed = w * np.where(np.arange(len(w)) % 5, 1, -1)
    view = BoostingExplorer(MODELS["gradient"]().fit(X, y), X, y, signed)
    margin = list(view.ensemble.margins(X))[-1]
    losses = np.logaddexp(0, np.where(y == 1, -margin, margin))
    assert view.steps.loss["test"][-1] == pytest.approx(np.sum(signed * losses) / signed.sum())


BAD = {
    "forest": (
        lambda X, y: RandomForestClassifier(2).fit(X, y),
        {},
        "RandomForestClassifier: wanted",
    ),
    "line": (lambda X, y: LogisticRegression().fit(X, y), {}, "LogisticRegression: wanted"),
    "not fitted": (lambda *_: GradientBoostingClassifier(), {}, "is not fitted: call fit"),
    "three classes": (
        lambda X, y: GradientBoostingClassifier(n_estimators=2).fit(X, y + (X[:, 0] > 1)),
        {},
        "tells 3 classes apart",
    ),
    "three classes of xgboost": (
        lambda X, y: xgboost.train(
            {"objective": "multi:softprob", "num_class": 3}, xgboost.DMatrix(X, y), 2
        ),
        {},
        "no booster of trees for two classes",
    ),
    "an init estimator": (
        lambda X, y: GradientBoostingClassifier(
            n_estimators=2, init=LogisticRegression()
        ).fit(X, y),
        {},
        "do not add up",
    ),
    "categories": (
        lambda X, y: HistGradientBoostingClassifier(
            max_iter=2, categorical_features=[2]
        ).fit(np.column_stack([X[:, :2], (X[:, 2] > 0) + 2 * (X[:, 0] > 0)]), y),
        {"X": lambda X: np.column_stack([X[:, :2], (X[:, 2] > 0) + 2 * (X[:, 0] > 0)])},
        "splits on categories",
    ),
    "other boosting": (
        lambda X, y: AdaBoostClassifier(
            DummyClassifier(strategy="prior"), n_estimators=1
        ).fit(X, y),
        {},
        "something other than trees",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_models_that_cannot_be_read_are_named(case, events):
    X, y, _ = events
    make, change, sentence = BAD[case]
    seen = change.get("X", lambda X: X)(X)
    with pytest.raises((TypeError, ValueError), match=sentence):
        BoostingExplorer(make(X, y), seen, y)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"features": ("mass", 0)}, r"No feature 'mass': there are 'x0', 'x1', 'x2'\."),
        ({"features": (0, 0)}, "two different ones"),
        ({"features": (0, 1, 2)}, "two different ones"),
        ({"hold": {"x9": 1}}, "No feature 'x9'"),
        ({"features": (0, 1), "hold": {"x1": 1}}, "'x1' is shown on an axis"),
        ({"log_ratio": lambda X: X[:, 0] * np.nan}, "log_ratio on the test events: 1500 of 1500"),
        ({"rounds": [0, 3]}, "rounds are whole numbers from 1 to 12"),
        ({"rounds": [0.5]}, "rounds are whole numbers"),
        ({"ranges": ((1, 0), (0, 1))}, "each rising"),
        ({"names": ["a"]}, "names are two"),
        ({"train": [1]}, "train is a tuple"),
        ({"weights": [1.0, 2.0]}, "The test sample: .*weights has 2"),
        ({"log_ratio": lambda X: X}, r"log_ratio gave shape \(9216, 3\)"),
        ({"log_ratio": [1.0, 2.0]}, r"log_ratio has shape \(2,\)"),
        ({"y": np.arange(1500)}, "The test sample: Labels are 1"),
        ({"X": np.zeros(5)}, r"X of the test sample has shape \(5,\)"),
        ({"X": np.zeros((1500, 2))}, "X has 2 columns, but the model was trained on 3"),
        ({"X": np.full((1500, 3), np.inf)}, "infinite values"),
        ({"X": [["a", "b", "c"]] * 1500}, "something that is no number"),
    ],
)
def test_unusable_input_is_named(events, options, sentence):
    X, y, _ = events
    model = GradientBoostingClassifier(n_estimators=ROUNDS, max_depth=1).fit(X, y)
    given_events = {"X": X, "y": y} | options
    with pytest.raises((TypeError, ValueError), match=sentence):
        BoostingExplorer(model, **given_events)


def test_plane_has_its_cells_inside_the_ranges():
    plane = Plane((1, 0), ((0.0, 1.0), (10.0, 20.0)), np.array([math.nan, math.nan, 7.0]))
    assert plane.points.shape == (CELLS**2, 3)
    assert (plane.points[:, 2] == 7).all()
    assert (plane.points[:CELLS, 0] == plane.points[0, 0]).all()
    assert plane.points[:, 1].min() == pytest.approx(0.5 / CELLS)
    assert plane.points[:, 0].max() == pytest.approx(20 - 5 / CELLS)
