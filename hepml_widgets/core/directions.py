"""Which direction of a curve is better, as far as its name tells."""

import re

__all__ = ["larger_is_better"]

SMALLER = re.compile(
    "loss|err|errors?|rmse|mse|mae|mape|mphe|msle|rmsle|smape|deviance|nll|nloglik|entropy|"
    "divergence|kld?|kullback|chi2|brier|ece|perplexity|hinge|huber|poisson|tweedie|quantile|l1|l2|"
    "fpr|fnr|fdr|false|fake|misclassification|distance|bias|variance|cost|risk|regret"
)
LARGER = re.compile(
    "aucs?|auroc|auprc|roc|acc|accuracy|precision|recall|f1|fbeta|aucpr|ap|map|pre|ndcg|r2|ams|"
    "significance|sic|score|rejection|efficiency|tpr|tnr|ppv|npv|true|purity|mcc|matthews|m?iou|"
    "dice|jaccard|gini|kappa|sensitivity|specificity|similarity|likelihood|loglik"
)
ENDINGS = {"loss": False, "error": False, "entropy": False, "nloglik": False, "deviance": False,
           "auc": True, "auroc": True, "accuracy": True}  # fmt: skip
TURNED = frozenset(("negative", "neg", "background", "bkg"))
"""With these an efficiency or a likelihood is not what its name says."""
DEPENDS = frozenset(("efficiency", "likelihood", "similarity", "purity"))


def larger_is_better(name):
    """Whether a curve is better when it is larger.

    Parameters
    ----------
    name : str
        For instance ``val_auc`` (yes) or ``binary_logloss`` (no).

    Returns
    -------
    bool or None
        None if the name does not tell.
    """
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    if "io_u" in "_".join(words):
        return True
    for word in reversed(words):
        found = _told(word)
        if found is not None:
            return None if word in DEPENDS and TURNED & {*words} else found
    return None


def _told(word):
    if SMALLER.fullmatch(word) or LARGER.fullmatch(word):
        return LARGER.fullmatch(word) is not None
    return next((larger for end, larger in ENDINGS.items() if word.endswith(end)), None)
