"""What the claims of the lesson on reweighting rest on."""

from functools import partial
from types import SimpleNamespace

import numpy as np

from tests.lessons.claims import Claim


def report(auc=0.504, verdict="good", causes=(), **more):
    """Make a verdict of the doctor, as far as the cells look at it."""
    held = {"auc_error": 0.005, "effective_share": 0.87} | more
    return SimpleNamespace(auc=auc, verdict=verdict, causes=causes, **held)


REPORTS = {
    "none": report(0.597, "not good", effective_share=1.0),
    "1 − T": report(0.560, "not good", effective_share=0.93),
    "product of three": report(0.667, "not good", effective_share=0.4),
    "product, calibrated": report(0.555, "not good", effective_share=0.92),
    "trees": report(),
    "hep_ml": report(0.508, effective_share=0.86),
    "large tree": report(0.549, "not good", ("over-fitted",), auc_error=0.010),
}


def reports(**changed):
    """Names of the cell, with some of the reports as they are not."""
    named = {name.replace("_", " "): one for name, one in changed.items()}
    return {"reports": REPORTS | named}


def slopes(product=0.35, trees=0.96, calibrated=0.555):
    return {
        "slopes": {"product of three": product, "trees": trees},
        "reports": REPORTS | {"product, calibrated": report(calibrated)},
    }


def large_tree(seen=0.508, **changed):
    wrong = {"auc": 0.549, "causes": ("over-fitted",)} | changed
    return {"seen": seen, "reports": REPORTS | {"large tree": report(verdict="not good", **wrong)}}


def race(faster=10.0, ours=0.504):
    return {"faster": faster} | reports(trees=report(ours))


def null(verdict="good", share=0.991):
    return {"null": report(verdict=verdict, effective_share=share)}


CASES = {
    "good: trees": report(),
    "over-fitted: large tree": report(0.549, "not good", ("over-fitted",)),
    "no support: source cut": report(0.602, "not good", ("support", "closure")),
    "no kaons, target α_s": report(0.508),
    "good, target hadronisation": report(0.502),
    "no kaons, target hadronisation": report(0.518, "not good", ("closure", "cells")),
}


def cases(**changed):
    return {"cases": CASES | changed}


def all_alike(verdict, causes=()):
    return {"cases": {name: report(verdict=verdict, causes=causes) for name in CASES}}


def signed(forgotten="not good", divided="good"):
    return {
        "signed": {
            "sign forgotten": report(0.568, forgotten),
            "divided by the mean sign": report(0.5, divided),
        }
    }


def spectra(off=0.09, left=0.0, seed=4):
    """Two predictions of a spectrum: nominal, wrong by a share of it, and reweighted."""
    rng = np.random.default_rng(seed)
    truth, error = np.linspace(0.5, 1.5, 20), np.full(20, 0.01)
    scatter = rng.normal(size=20)
    scatter /= np.sqrt(np.mean(scatter**2))
    both = np.hypot(error, error)
    return {
        "truth": truth,
        "truth_error": error,
        "predictions": {
            "nominal": (truth * (1 + off) + both * scatter, error),
            "reweighted": (truth * (1 + left) + both * scatter, error),
        },
    }


CLAIMS = [
    Claim(
        "worse = reports",
        reports,
        {
            "independent features": partial(reports, product_of_three=report(0.52)),
            "no worse than nothing": partial(reports, product_of_three=report(0.6)),
        },
    ),
    Claim(
        'best = reports["trees"]',
        reports,
        {
            "trees that stop too early": partial(reports, trees=report(0.53)),
            "trees that follow each event": partial(reports, trees=report(effective_share=0.6)),
        },
    ),
    Claim(
        "The product needs less than half",
        slopes,
        {
            "independent features": partial(slopes, product=1.0),
            "over-confident trees": partial(slopes, trees=0.85),
            "timid trees": partial(slopes, trees=1.15),
            "calibration that mends nothing": partial(slopes, calibrated=0.6),
        },
    ),
    Claim(
        "It looks perfect on its own events",
        large_tree,
        {
            "a tree that cannot remember": partial(large_tree, seen=0.545),
            "a tree that generalises": partial(large_tree, auc=0.51),
            "another illness": partial(large_tree, causes=("closure",)),
        },
    ),
    Claim(
        "hep_ml takes at least",
        race,
        {
            "as fast": partial(race, faster=1.2),
            "fast and poor": partial(race, ours=0.53),
        },
    ),
    Claim(
        "The doctor finds the null",
        null,
        {
            "weights where nothing is to be mended": partial(null, verdict="not good"),
            "weights that scatter by a quarter": partial(null, share=0.94),
        },
    ),
    Claim(
        "for name, report in cases.items()",
        cases,
        {
            "a doctor that is always content": partial(all_alike, "good"),
            "one that never is": partial(all_alike, "not good", ("classifier",)),
        },
    ),
    Claim(
        "for name, report in signed.items()",
        signed,
        {
            "signs that do not matter": partial(signed, forgotten="good"),
            "a mean sign that is wrong": partial(signed, divided="not good"),
        },
    ),
    Claim(
        "The nominal spectrum is off",
        spectra,
        {
            "no difference to be seen": partial(spectra, off=0.0),
            "weights that know half of it": partial(spectra, left=0.045),
            "weights that leave a fifth": partial(spectra, left=0.02),
        },
    ),
]
