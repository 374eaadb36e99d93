"""Claims of the lesson on boosted trees."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from hepml import stats
from hepml_lessons.recipes import recipe
from tests.lessons.claims import Unshuffled, claim, curve


def rare(share=0.002):
    y = np.repeat([1, 0], [500, 500])
    return {"y": y, "weights": np.where(y == 1, share, 1 - share)}


def null(rng=None):
    """One variable that separates, and a model that is it."""
    y = np.repeat([1, 0], 2000)
    x = np.random.default_rng(1).normal(y)[:, None]
    part = np.arange(len(y)) % 2 == 0
    balanced = recipe("boosted-trees")["balanced"]
    model = SimpleNamespace(
        fit=lambda *_, **__: None, predict_proba=lambda X: np.column_stack([-X, X])
    )
    return {
        "rng": rng or np.random.default_rng(2), "y": y, "weights": np.ones(len(y)),
        "train": part, "test": ~part,
        "X_train": x[part], "X_test": x[~part], "balanced": balanced, "SEED": 1,
        "trees": lambda *_, **__: model,
    }  # fmt: skip


def three_curves(best=0.915, tree=0.878, cut=0.657):
    return {"curves": {auc: curve(auc) for auc in (best, tree, cut)}}


def over_training(*, ours=0.2, turned=10, most=-1, greedy=0.6):
    """Scores by stage that get better to the one wanted; the loss turns where it is told."""
    y = np.repeat([1, 0], 500)
    rng = np.random.default_rng(3)
    noise = rng.normal(size=len(y))
    quality = np.full(15, 1.5)
    quality[most] = 1.6
    choose = [noise + y * apart for apart in quality]
    loss = np.abs(np.arange(60) - turned) + 1.0
    ones = np.ones(len(y))
    aucs = [stats.auc(y, score, ones) for score in choose]
    names = {"y_choose": y, "auc_by_stage": aucs, "val_loss": loss, "stages": range(4, 61, 4)}
    return names | {
        "y_train": y, "few": slice(None), "w_train": ones, "w_choose": ones,
        "greedy_train": [noise + y * (1.6 + 5 * greedy)], "score_choose": noise + 1.6 * y,
        "score_train": noise + y * (1.6 + ours),
    }  # fmt: skip


def filled(trees=0.001, flags=0.02):
    return {"changes": {("trees", "median"): trees, ("sum", "median and flags"): flags}}


def importance(rank=5, beside=0.09, dropped=0.001):
    return {
        "permuted": {
            "pair mass": (0.19, 0.01),
            "pair mass, beside its copy": (beside, 0.01),
            "transverse mass": (0.02, 0.001),
        },
        "dropped": {"transverse mass": np.full(3, dropped)},
        "rank": rank,
        "names": list("abcdefghij"),
    }


def cuts(thresholds=(0.92, 0.94, 0.95, 0.96), loose=(224.0, 2234.0)):
    s, b = loose
    rows = [{"S": s, "B": b}, {}, {"Z on test events": 1.45}, {}]
    return {"rows": rows, "table": pd.DataFrame({"threshold": thresholds})}


def divided(same=4.8, other=4.5, *, chosen=True):
    """Two classes; a score that separates, or cuts among which nothing is to be chosen."""
    rng = np.random.default_rng(5)
    y = np.repeat([1, 0], [1000, 3000])
    score = rng.normal(1.5 * y) if chosen else np.ones(len(y))
    w = np.where(y == 1, 0.05, 1.0)
    luck = np.column_stack([np.full(9, same), np.full(9, other)])
    return {"luck": luck, "unseen": [y, score, w]}


def apart(all_events=1e-8, lacking=1e-8):
    X = np.array([[1.0], [np.nan]])
    return {"X_test": X, "apart": np.array([all_events, lacking])}


CLAIMS = [
    claim("lazy = np.zeros_like(y)", rare, {"signal is frequent": {"share": 0.3}}),
    claim(
        "shuffled = rng.permutation(len(y))",
        null,
        {"the labels were not shuffled": {"rng": Unshuffled()}},
    ),
    claim("best_auc, tree_auc, cut_auc", three_curves, {"boosting gains nothing": {"best": 0.88}}),
    claim(
        "turns = np.argmin(val_loss)",
        over_training,
        {
            "both turn together": {"most": 2},
            "the loss turns late": {"turned": 50},
            "the greedy trees do not over-train": {"greedy": 0.0},
            "ours do": {"ours": 2.0},
        },
    ),
    claim(
        "small = max(abs(change)",
        filled,
        {"trees mind": {"trees": -0.01}, "flags are worth nothing": {"flags": 0.0}},
    ),
    claim(
        'alone, beside = permuted["pair mass"][0]',
        importance,
        {
            "noise is last": {"rank": 11},
            "a copy takes nothing away": {"beside": 0.18},
            "nobody makes up for it": {"dropped": 0.02},
        },
    ),
    claim(
        'tighter = table["threshold"]',
        cuts,
        {
            "the best threshold stays": {"thresholds": (0.92,) * 4},
            "a loose cut is as good": {"loose": (128.6, 798.8)},
        },
    ),
    claim(
        "all_of_them = stats.best_elsewhere",
        divided,
        {"halves do not flatter": {"same": 4.5}, "there is nothing to choose": {"chosen": False}},
    ),
    claim(
        "lacks = np.isnan(X_test).any(axis=1)",
        apart,
        {"missing values go to the other side": {"lacking": 0.1}},
    ),
]
