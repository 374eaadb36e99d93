"""What the claims of the lesson on reweighting rest on."""

import numpy as np

from tests.lessons.claims import claim, curve


def report(auc=0.504, verdict="good", causes=(), **more):
    """Make a verdict of the doctor, as far as the cells look at it."""
    held = {"auc_error": 0.005, "effective_share": 0.87} | more
    return curve(auc, verdict=verdict, causes=causes, **held)


REPORTS = {
    "none": report(0.597, "not good", effective_share=1.0),
    "1 − T": report(0.560, "not good", effective_share=0.93),
    "product of three": report(0.667, "not good", effective_share=0.4),
    "product, calibrated": report(0.555, "not good", effective_share=0.92),
    "trees": report(),
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


def race(faster=9.2, ours=0.507):
    """Give what is recorded of both: ours first."""
    spread = np.array([-0.004, 0, 0.004])
    methods = {name: {"auc": spread + auc} for name, auc in (("ours", ours), ("hep_ml", 0.509))}
    return {"race": {"times_ours": faster, "methods": methods}}


def null(verdict="good", share=0.991):
    return {"null": report(verdict=verdict, effective_share=share)}


CASES = {
    "good: trees": report(),
    "over-fitted: large tree": report(0.549, "not good", ("over-fitted",)),
    "no support: source cut": report(0.602, "not good", ("support", "closure")),
    "no kaons, target α_s": report(0.508),
    "no kaons, target hadronisation": report(0.518, "not good", ("closure", "cells")),
}


def cases(every=None):
    """Give the cases their reports, or the same one to all."""
    return {"cases": dict.fromkeys(CASES, every) if every else CASES}


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
    claim(
        "worse = reports",
        reports,
        {
            "independent features": {"product_of_three": report(0.52)},
            "no worse than nothing": {"product_of_three": report(0.6)},
        },
    ),
    claim(
        'best = reports["trees"]',
        reports,
        {
            "trees that stop too early": {"trees": report(0.53)},
            "trees that follow each event": {"trees": report(effective_share=0.6)},
        },
    ),
    claim(
        "The product needs less than half",
        slopes,
        {
            "independent features": {"product": 1.0},
            "over-confident trees": {"trees": 0.85},
            "timid trees": {"trees": 1.15},
            "calibration that mends nothing": {"calibrated": 0.6},
        },
    ),
    claim(
        "It looks perfect on its own events",
        large_tree,
        {
            "a tree that cannot remember": {"seen": 0.545},
            "a tree that generalises": {"auc": 0.51},
            "another illness": {"causes": ("closure",)},
        },
    ),
    claim(
        "hep_ml takes at least",
        race,
        {"as fast": {"faster": 1.2}, "fast and poor": {"ours": 0.53}},
    ),
    claim(
        "The doctor finds the null",
        null,
        {
            "weights where nothing is to be mended": {"verdict": "not good"},
            "weights that scatter by a quarter": {"share": 0.94},
        },
    ),
    claim(
        "for name, report in cases.items()",
        cases,
        {
            "a doctor that is always content": {"every": report()},
            "one that never is": {"every": report(0.52, "not good", ("classifier",))},
        },
    ),
    claim(
        "for name, report in signed.items()",
        signed,
        {
            "signs that do not matter": {"forgotten": "good"},
            "a mean sign that is wrong": {"divided": "not good"},
        },
    ),
    claim(
        "The nominal spectrum is off",
        spectra,
        {
            "no difference to be seen": {"off": 0.0},
            "weights that know half of it": {"left": 0.045},
            "weights that leave a fifth": {"left": 0.02},
        },
    ),
]
