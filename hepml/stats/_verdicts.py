"""What the doctor of reweighted samples says of what was measured: one sentence for each cause."""

from __future__ import annotations

import numpy as np

from hepml.stats._halves import UNCOVERED, shuffled_loss

SPREAD = 2  # factor between the effective share of perfect weights and of those given
LEAST_SHARE = 0.1  # of the effective size that reweighting may leave
LEAST_EVENTS = 100  # effective ones: with fewer nothing can be said
LARGEST_WEIGHT = 0.05  # share of one event in the sum of weights
YIELD = 0.1  # relative error of the sum of weights


def percent(share):
    return f"{100 * share:.2g} %"


def band_width(case, scores):
    return case.z * scores.error


def fine(case, found):
    return (
        f"An independent classifier has an AUC of {found.now.auc:.3f} and all regions close "
        f"within statistics and a tolerance of {percent(case.region_tolerance)}."
    )


def support(_case, found):
    if found.uncovered > UNCOVERED:
        return (
            f"{percent(found.uncovered)} of the target lie where the source has next to "
            f"nothing ({found.where}): no weights can help there."
        )
    return ""


def over_fitted(case, found):
    if found.learned.halves and forgets(case, found):
        return (
            f"The weights are over-fitted: the classifier's AUC is {found.learned.auc:.3f} on the "
            f"events they were learned from and {found.now.auc:.3f} on held-out ones."
        )
    if found.usual_share < found.share_needed / SPREAD:
        return (
            f"The weights spread more than the samples differ, as over-fitted ones do: "
            f"{percent(found.effective_share)} of the effective size is left where "
            f"{percent(found.share_needed)} would do."
        )
    return ""


def forgets(case, found):
    """Whether the weights fail, and fail more on held-out events than on the others."""
    noise = case.z * np.hypot(found.now.error, found.learned.error)
    others = weights, feature_closure, cell_closure, classifier
    gap = found.now.auc - found.learned.auc
    return gap > max(noise, case.tolerance) and any(check(case, found) for check in others)


def weights(_case, found):
    if found.largest_weight > LARGEST_WEIGHT:
        return f"One event carries {percent(found.largest_weight)} of all weight."
    if found.effective_share < LEAST_SHARE:
        return (
            f"The weights spread so much that {found.effective_size:.3g} effective events are "
            f"left, {percent(found.effective_share)} of those before."
        )
    if found.effective_size < LEAST_EVENTS:
        return f"Only {found.effective_size:.3g} effective events are left: too few to judge."
    return ""


def closes(case, closures):
    """Sentence about the worst closure if it is an alarm."""
    if not closures:
        return ""
    worst = min(closures, key=lambda one: (one.p_value, -one.chi2 / max(one.ndf, 1)))
    if worst.p_value * len(closures) >= case.alarm:
        return ""
    where = np.nanargmax(np.abs(worst.pull))
    source, target = (100 * share.flat[where] for share in (worst.source, worst.target))
    return (
        f"{' and '.join(worst.features)} {'do' if len(worst.features) > 1 else 'does'} not close "
        f"(χ²/ndf = {worst.chi2:.0f}/{worst.ndf}), worst at {worst.worst}: "
        f"{source:.3g} % of the reweighted source, {target:.3g} % of the target."
    )


def feature_closure(case, found):
    return closes(case, found.closures)


def cell_closure(case, found):
    return closes(case, found.cells)


def classifier(case, found):
    if found.now.auc - 0.5 <= max(band_width(case, found.now), case.tolerance):
        return ""
    return (
        f"An independent classifier tells the samples apart (AUC {found.now.auc:.3f}, chance stays "
        f"below {0.5 + band_width(case, found.now):.3f}), chiefly by {told_by(case, found)}."
    )


def told_by(case, found):
    """Feature without which the classifier loses most: its values are shuffled."""
    losses = [shuffled_loss(found.now, k, found.rng) for k in range(len(case.names))]
    order = np.argsort(losses)[::-1]
    second = [k for k in order[1:2] if losses[k] > losses[order[0]] / 2]
    return " and ".join(case.names[k] for k in [order[0], *second])


def normalisation(case, found):
    off = np.abs(found.yields - 1)
    if (off <= np.maximum(case.z * found.yield_errors, YIELD)).any():
        return ""
    return (
        f"The new weights add up to {found.yields[0]:.3g} times those of the source and "
        f"{found.yields[1]:.3g} times those of the target: they fit neither."
    )


def seen_before(case, found):
    if 0.5 - found.now.auc > max(band_width(case, found.now), case.tolerance):
        sign = f"The AUC {found.now.auc:.3f} is below what chance does"
    elif too_good(case, found):
        sign = f"The regions of {too_good(case, found)} agree better than chance does"
    else:
        return ""
    return (
        f"{sign}: the weights have seen the chance fluctuations of these very events; judge them "
        "on held-out ones."
    )


def too_good(case, found):
    """Features whose closure is better than statistics allow, in words."""
    everything = (*found.closures, *found.cells)
    best = min(everything, key=lambda one: one.p_small)
    return " and ".join(best.features) if best.p_small * len(everything) < case.alarm else ""


CHECKS = {
    "support": support,
    "over-fitted": over_fitted,
    "weights": weights,
    "closure": feature_closure,
    "cells": cell_closure,
    "classifier": classifier,
    "normalisation": normalisation,
    "seen before": seen_before,
}
