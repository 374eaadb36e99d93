"""Boosted trees of any library as plain arrays that add up to the model's own margin.

A node's left child follows it; events go left if ``x <= threshold``.
"""

import itertools
import json
from dataclasses import dataclass

import numpy as np

from hepml_widgets.core.numbers import as_name

SUPPORTED = (
    "GradientBoostingClassifier, HistGradientBoostingClassifier or AdaBoostClassifier of "
    "scikit-learn, or a model of xgboost or lightgbm"
)
LEAF = -1
ROWS = 200  # events on which the arrays are compared with the model
ROUNDING = 1e-4  # xgboost adds up in single precision


@dataclass(frozen=True, eq=False)
class Tree:
    """Nodes in preorder.

    Attributes
    ----------
    feature : ndarray of int
        Index of the feature split on, -1 for a leaf.
    value : ndarray of float
        Threshold of a split, contribution of a leaf.
    right : ndarray of int
        Number of the right child; the left one is the next node.
    missing_left : ndarray of bool
        Whether events without a value go left.
    """

    feature: np.ndarray
    value: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray

    def predict(self, X):
        """Contribution of this tree to each row of X."""
        node = np.zeros(len(X), dtype=int)
        rows = np.arange(len(X)) if self.feature[0] != LEAF else np.empty(0, int)
        while rows.size:
            at = node[rows]
            x = X[rows, self.feature[at]]
            left = (x <= self.value[at]) | (np.isnan(x) & self.missing_left[at])
            node[rows] = np.where(left, at + 1, self.right[at])
            rows = rows[self.feature[node[rows]] != LEAF]
        return self.value[node]

    def single(self):
        """Return this tree with values of single precision, as they travel to the browser."""
        value = self.value.astype(np.float32).astype(float)
        return Tree(self.feature, value, self.right, self.missing_left)


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Trees round by round, on top of a constant.

    ``scale`` times the margin is the log-odds of signal; ``single`` says whether the library
    rounds features to single precision before it compares.
    """

    kind: str
    trees: list
    base: float
    features: int
    names: list | None
    scale: float = 1.0
    single: bool = False

    def prepared(self, X):
        """Features as the library compares them."""
        return X.astype(np.float32).astype(float) if self.single else X

    def margins(self, X):
        """Yield the margin of each row of X after every round; the array is reused."""
        X, margin = self.prepared(X), np.full(len(X), self.base)
        for trees in self.trees:
            for tree in trees:
                margin += tree.predict(X)
            yield margin


def read(model, X):
    """Trees of a fitted model, checked against what it says of some events.

    Parameters
    ----------
    model : estimator or Booster
    X : ndarray, shape (n, n_features)

    Returns
    -------
    Ensemble

    Raises
    ------
    TypeError, ValueError
        For other models, more than two classes, splits on categories, and models that are not
        fitted.
    """
    kinds = {kind.__name__ for kind in type(model).__mro__}
    reader = next((read for name, read in READERS.items() if name in kinds), None)
    if reader is None:
        raise TypeError(f"model is a {type(model).__name__}: wanted {SUPPORTED}.")
    if len(getattr(model, "classes_", (0, 1))) != 2:
        raise ValueError(f"The model tells {len(model.classes_)} classes apart: wanted two.")
    ensemble, margin_of = reader(model)
    if X.shape[1] != ensemble.features:
        raise ValueError(
            f"X has {X.shape[1]} columns, but the model was trained on {ensemble.features}."
        )
    return based(ensemble, X[:ROWS], margin_of)


def based(ensemble, X, margin_of):
    """Find the constant, and see that trees and constant make the model's margin."""
    *_, added = ensemble.margins(X)
    wanted = np.ravel(margin_of(X))
    base = float(np.median(wanted - added))
    if not np.allclose(added + base, wanted, rtol=0, atol=ROUNDING * (1 + np.abs(wanted).max())):
        raise ValueError(
            "The trees do not add up to the model's decision function: is there an init "
            "estimator, a base margin or a booster other than trees?"
        )
    return Ensemble(**{**vars(ensemble), "base": base})


def fitted(model, attribute):
    if not hasattr(model, attribute):
        raise ValueError(f"The {type(model).__name__} is not fitted: call fit() first.")
    return getattr(model, attribute)


def names_of(model):
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else [as_name(name) for name in names]


# ---------------------------------------------------------------- scikit-learn


def read_gradient(model):
    stages = fitted(model, "estimators_")
    trees = [[sklearn_tree(tree, model.learning_rate) for tree in stage] for stage in stages]
    ensemble = Ensemble(
        "GradientBoosting", trees, 0.0, model.n_features_in_, names_of(model), single=True
    )
    return ensemble, lambda X: model.decision_function(named(model, X))


def sklearn_tree(estimator, factor, values=None):
    """Tree of one scikit-learn decision tree; leaves are its values times the factor."""
    tree = estimator.tree_
    leaf = tree.children_left < 0
    values = tree.value[:, 0, 0] if values is None else values
    missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count))
    return preorder(
        np.where(leaf, LEAF, tree.feature),
        np.where(leaf, factor * values, tree.threshold),
        (tree.children_left, tree.children_right),
        missing,
    )


def named(model, X):
    """Give columns the names the model was trained with, so that it does not warn."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return X
    import pandas as pd  # noqa: PLC0415 - who trained on a table has it

    return pd.DataFrame(X, columns=names)


def read_histogram(model):
    predictors = fitted(model, "_predictors")
    nodes = [[predictor.nodes for predictor in stage] for stage in predictors]
    if any(one["is_categorical"].any() for stage in nodes for one in stage):
        raise ValueError("The model splits on categories: only numbers have regions to draw.")
    trees = [[histogram_tree(one) for one in stage] for stage in nodes]
    ensemble = Ensemble("HistGradientBoosting", trees, 0.0, model.n_features_in_, names_of(model))
    return ensemble, lambda X: model.decision_function(named(model, X))


def histogram_tree(nodes):
    leaf = nodes["is_leaf"].astype(bool)
    return preorder(
        np.where(leaf, LEAF, nodes["feature_idx"].astype(int)),
        np.where(leaf, nodes["value"], nodes["num_threshold"]),
        (nodes["left"].astype(int), nodes["right"].astype(int)),
        nodes["missing_go_to_left"],
    )


def read_adaboost(model):
    """AdaBoost: F is half the sum of weighted votes, 2 F the log-odds it estimates.

    J. Friedman, T. Hastie and R. Tibshirani, Ann. Statist. 28 (2000) 337, eq. 11.
    """
    pairs = list(zip(fitted(model, "estimators_"), model.estimator_weights_, strict=False))
    if not all(hasattr(estimator, "tree_") for estimator, _ in pairs):
        raise TypeError("AdaBoost boosts something other than trees: there is no tree to draw.")
    trees = [[sklearn_tree(tree, alpha / 2, votes(tree, model))] for tree, alpha in pairs]
    total = sum(alpha for _, alpha in pairs)
    ensemble = Ensemble(
        "AdaBoost", trees, 0.0, model.n_features_in_, names_of(model), scale=2.0, single=True
    )

    def margin(X):
        # scikit-learn before 1.6 gives the mean vote, since then it may be twice that.
        score = model.decision_function(named(model, X)) * total / 2
        *_, own = ensemble.margins(X)
        return score if np.allclose(score, own, atol=1e-6) else score / 2

    return ensemble, margin


def votes(estimator, model):
    """+1 for nodes that vote signal, -1 for background."""
    chosen = estimator.tree_.value[:, 0, :].argmax(axis=1)
    return np.where(estimator.classes_[chosen] == model.classes_[1], 1.0, -1.0)


def preorder(feature, value, children, missing_left):
    """Tree with its nodes renumbered so that the left child is the next one."""
    left, right = children
    order, stack = [], [0]
    while stack:
        node = stack.pop()
        order.append(node)
        if feature[node] != LEAF:
            stack += [right[node], left[node]]
    order = np.array(order, dtype=int)
    number = np.zeros(len(feature), dtype=int)
    number[order] = np.arange(len(order))
    is_leaf = feature[order] == LEAF
    return Tree(
        np.asarray(feature, dtype=int)[order],
        np.asarray(value, dtype=float)[order],
        np.where(is_leaf, 0, number[np.where(is_leaf, 0, right[order])]),
        np.asarray(missing_left, dtype=bool)[order],
    )


# ---------------------------------------------------------------- xgboost, lightgbm


def read_xgboost(model):
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    boosted = learner["gradient_booster"]
    shape = learner["learner_model_param"]
    if boosted["name"] != "gbtree" or int(shape["num_class"]) > 1:
        raise ValueError("The xgboost model is no booster of trees for two classes.")
    content = boosted["model"]
    trees = [xgboost_tree(tree) for tree in content["trees"]]
    ends = content["iteration_indptr"]
    rounds = [trees[a:b] for a, b in itertools.pairwise(ends)]
    ensemble = Ensemble(
        "xgboost", rounds, 0.0, int(shape["num_feature"]), booster.feature_names, single=True
    )
    return ensemble, lambda X: xgboost_margin(booster, X)


def xgboost_tree(tree):
    if any(tree["split_type"]):
        raise ValueError("The model splits on categories: only numbers have regions to draw.")
    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    cut = np.array(tree["split_conditions"], dtype=np.float32)
    # Its events go left if x < cut: so do those with x <= the number before it.
    value = np.where(left < 0, cut, np.nextafter(cut, np.float32(-np.inf)))
    feature = np.where(left < 0, LEAF, tree["split_indices"])
    return preorder(feature, value, (left, right), tree["default_left"])


def xgboost_margin(booster, X):
    import xgboost  # noqa: PLC0415 - only who uses it has it

    data = xgboost.DMatrix(X, feature_names=booster.feature_names)
    return booster.predict(data, output_margin=True, iteration_range=(0, 0))


def read_lightgbm(model):
    booster = fitted(model, "booster_") if hasattr(model, "fit") else model
    content = booster.dump_model()
    if content["num_class"] != 1:
        raise ValueError(f"The model tells {content['num_class']} classes apart: wanted two.")
    trees = [[lightgbm_tree(tree["tree_structure"])] for tree in content["tree_info"]]
    ensemble = Ensemble("lightgbm", trees, 0.0, booster.num_feature(), booster.feature_name())
    return ensemble, lambda X: booster.predict(X, raw_score=True, num_iteration=-1)


def lightgbm_tree(root):
    """Tree of nested dicts, walked in preorder."""
    feature, value, right, missing = [], [], [], []

    def visit(node):
        number = len(feature)
        feature.append(node.get("split_feature", LEAF))
        value.append(node["threshold"] if "threshold" in node else node["leaf_value"])
        right.append(0)
        missing.append(goes_left_missing(node))
        if "threshold" in node:
            visit(node["left_child"])
            right[number] = len(feature)
            visit(node["right_child"])

    visit(root)
    kinds = (int, float, int, bool)
    columns = zip((feature, value, right, missing), kinds, strict=True)
    return Tree(*(np.array(column, kind) for column, kind in columns))


def goes_left_missing(node):
    """Where NaN goes; without a rule for it lightgbm takes it for zero."""
    if "threshold" not in node:
        return False
    if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
        raise ValueError("The model splits on categories or takes zeros for missing values.")
    return node["threshold"] >= 0 if node["missing_type"] == "None" else node["default_left"]


READERS = {
    "BaseGradientBoosting": read_gradient,
    "BaseHistGradientBoosting": read_histogram,
    "AdaBoostClassifier": read_adaboost,
    "XGBModel": read_xgboost,
    "LGBMModel": read_lightgbm,
    "Booster": lambda model: (read_xgboost if hasattr(model, "save_raw") else read_lightgbm)(model),
}
