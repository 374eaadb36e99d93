"""What the doctor of reweighted samples says of what was measured: one sentence for each cause."""

from __future__ import annotations

import numpy as np

from hepml.stats._halves import UNCOVERED, shuffled_loss
from hepml.stats._said import said

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
    return said(
        "An independent classifier has an AUC of {auc} and all regions close within statistics "
        "and a tolerance of {tolerance}.",
        auc=f"{found.now.auc:.3f}",
        tolerance=percent(case.region_tolerance),
    )


def support(_case, found):
    if found.uncovered > UNCOVERED:
        return said(
            "{share} of the target lie where the source has next to nothing ({place}): no weights "
            "can help there.",
            share=percent(found.uncovered),
            place=found.where,
        )
    return ""


def over_fitted(case, found):
    if found.learned.halves and forgets(case, found):
        return said(
            "The weights are over-fitted: the classifier's AUC is {learned} on the events they "
            "were learned from and {auc} on held-out ones.",
            learned=f"{found.learned.auc:.3f}",
            auc=f"{found.now.auc:.3f}",
        )
    if found.usual_share < found.share_needed / SPREAD:
        return said(
            "The weights spread more than the samples differ, as over-fitted ones do: {share} of "
            "the effective size is left where {needed} would do.",
            share=percent(found.effective_share),
            needed=percent(found.share_needed),
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
        share = percent(found.largest_weight)
        return said("One event carries {share} of all weight.", share=share)
    if found.effective_share < LEAST_SHARE:
        return said(
            "The weights spread so much that {n} effective events are left, {share} of those "
            "before.",
            n=f"{found.effective_size:.3g}",
            share=percent(found.effective_share),
        )
    if found.effective_size < LEAST_EVENTS:
        n = f"{found.effective_size:.3g}"
        return said("Only {n} effective events are left: too few to judge.", n=n)
    return ""


def closes(case, closures):
    """Sentence about the worst closure if it is an alarm."""
    if not closures:
        return ""
    worst = min(closures, key=lambda one: (one.p_value, -one.chi2 / max(one.ndf, 1)))
    if worst.p_value * len(closures) >= case.alarm:
        return ""
    where = np.nanargmax(np.abs(worst.pull))
    source, target = (f"{100 * share.flat[where]:.3g}" for share in (worst.source, worst.target))
    chi2 = f"{worst.chi2:.0f}/{worst.ndf}"
    values = {"names": worst.features, "chi2": chi2, "place": worst.worst}
    values |= {"source": source, "target": target}
    if len(worst.features) > 1:
        return said(
            "{names} do not close (χ²/ndf = {chi2}), worst at {place}: {source} % of the "
            "reweighted source, {target} % of the target.",
            **values,
        )
    return said(
        "{names} does not close (χ²/ndf = {chi2}), worst at {place}: {source} % of the "
        "reweighted source, {target} % of the target.",
        **values,
    )


def feature_closure(case, found):
    return closes(case, found.closures)


def cell_closure(case, found):
    return closes(case, found.cells)


def classifier(case, found):
    if found.now.auc - 0.5 <= max(band_width(case, found.now), case.tolerance):
        return ""
    return said(
        "An independent classifier tells the samples apart (AUC {auc}, chance stays below "
        "{chance}), chiefly by {names}.",
        auc=f"{found.now.auc:.3f}",
        chance=f"{0.5 + band_width(case, found.now):.3f}",
        names=told_by(case, found),
    )


def told_by(case, found):
    """Features without which the classifier loses most: their values are shuffled."""
    losses = [shuffled_loss(found.now, k, found.rng) for k in range(len(case.names))]
    order = np.argsort(losses)[::-1]
    second = [k for k in order[1:2] if losses[k] > losses[order[0]] / 2]
    return tuple(case.names[k] for k in [order[0], *second])


def normalisation(case, found):
    off = np.abs(found.yields - 1)
    if (off <= np.maximum(case.z * found.yield_errors, YIELD)).any():
        return ""
    return said(
        "The new weights add up to {source} times those of the source and {target} times those of "
        "the target: they fit neither.",
        source=f"{found.yields[0]:.3g}",
        target=f"{found.yields[1]:.3g}",
    )


def seen_before(case, found):
    if 0.5 - found.now.auc > max(band_width(case, found.now), case.tolerance):
        return said(
            "The AUC {auc} is below what chance does: the weights have seen the chance "
            "fluctuations of these very events; judge them on held-out ones.",
            auc=f"{found.now.auc:.3f}",
        )
    if names := too_good(case, found):
        return said(
            "The regions of {names} agree better than chance does: the weights have seen the "
            "chance fluctuations of these very events; judge them on held-out ones.",
            names=names,
        )
    return ""


def too_good(case, found):
    """Features whose closure is better than statistics allow."""
    everything = (*found.closures, *found.cells)
    best = min(everything, key=lambda one: one.p_small)
    return best.features if best.p_small * len(everything) < case.alarm else ()


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
