"""Claims of the lesson on deep networks, on values like those that it finds."""

from types import SimpleNamespace as Names

import numpy as np

from tests.lessons.claims import Unshuffled, claim

INPUTS = ("low", "listed", "all")


def neuron(in_units=(0.7, 40.0, 12.0), scaled=(0.69, 0.66, 0.65)):
    return {"in_units": np.array(in_units), "scaled": np.array(scaled)}


def climbed(turned=0.719, mirrored=0.732, in_order=0.744):
    steps = {"turned": turned, "mirrored": mirrored, "sorted": in_order}
    return {"climbed": {"as they come": 0.702, **steps, "components": 0.747}}


def monitors(free=(0.66, 0.648, 0.66, 0.80), dropped=(0.68, 0.65), slow=0.687):
    def monitor(*losses):
        return Names(history={"val_loss": list(losses)}, best=Names(value=min(losses)))

    return {
        "free_monitor": monitor(*free),
        "drop_monitor": monitor(*dropped),
        "slow_monitor": monitor(slow),
        "monitor": monitor(0.64),
    }


def table(trees=(0.747, 0.793, 0.811), deep=(0.746, 0.784, 0.807)):
    """Make differences from the AUCs on low, listed and all."""
    auc = {
        f"{kind} {which}": value
        for kind, values in (("trees", trees), ("deep", deep))
        for which, value in zip(INPUTS, values, strict=True)
    }
    names = [(a, b) for a in auc for b in auc]
    return {"differences": {(a, b): (auc[a] - auc[b], 0.002) for a, b in names}}


def nothing_to_find(rng=None):
    """Names of the null test, with a network whose scores know the true labels."""
    y = np.random.default_rng(2).integers(0, 2, 4000)
    return {
        "rng": rng or np.random.default_rng(1),
        "y_train": y,
        "y_choose": y,
        "y_test": y,
        "X": {"low": [None, None, None]},
        "FEW": 10,
        "fit": lambda *_args, **_settings: None,
        "predict": lambda _model, _X: y + np.random.default_rng(3).normal(0, 2, len(y)),
    }


TREES = ((0.709, 0.769, 0.790), (0.769, 0.807, 0.821))
DEEP = ((0.712, 0.748, 0.783), (0.781, 0.809, 0.825))


def races(trees=TREES, deep=DEEP, at=("10000", "100000")):
    """Make recorded curves: AUC on low, listed and all, at the first size and the last."""
    rows = {"trees": dict(zip(at, trees, strict=True)), "deep": dict(zip(at, deep, strict=True))}
    auc = {
        (f"{kind} {which}", n): value
        for kind, sizes in rows.items()
        for n, values in sizes.items()
        for which, value in zip(INPUTS, values, strict=True)
    }

    def apart(n, a, b):
        return {"difference": auc[a, n] - auc[b, n], "error": 0.001}

    pairs = [(f"deep {which}", f"trees {which}") for which in INPUTS]
    pairs.append(("deep listed", "deep low"))
    return {
        "INPUTS": dict.fromkeys(INPUTS),
        "first": at[0],
        "last": at[1],
        "curve_of": {
            n: {"differences": {f"{a} - {b}": apart(n, a, b) for a, b in pairs}} for n in at
        },
    }


def derived(trees=0.025, deep=0.004):
    def pair(gain):
        return {"difference": -gain, "error": 0.0005}

    return {"pairs": {"trees": pair(trees), "deep": pair(deep)}}


CLAIMS = [
    claim(
        "In GeV, the loss ends above",
        neuron,
        {
            "the step suits GeV": {"in_units": (0.7, 0.68, 0.66)},
            "the loss jumps when standardised": {"scaled": (0.69, 0.72, 0.65)},
        },
    ),
    claim(
        "Turning and mirroring gain",
        climbed,
        {
            "all comes from sorting": {"turned": 0.703, "mirrored": 0.704},
            "the order of jets is no matter": {"in_order": 0.733},
        },
    ),
    claim(
        "Without regularisation the validation loss",
        monitors,
        {
            "3000 events are enough": {"free": (0.66, 0.64, 0.65), "dropped": (0.6,)},
            "dropout does not help": {"dropped": (0.66, 0.79)},
            "the rate does not matter": {"slow": 0.63},
        },
    ),
    claim(
        "What is not in the list",
        table,
        {
            "trees got less care": {"trees": (0.730, 0.78, 0.804)},
            "nothing to represent": {"trees": (0.747, 0.750, 0.811), "deep": (0.746, 0.75, 0.807)},
            "nothing beyond the list": {
                "trees": (0.747, 0.81, 0.811),
                "deep": (0.746, 0.805, 0.807),
            },
        },
    ),
    claim(
        "The null test passes", nothing_to_find, {"labels are not shuffled": {"rng": Unshuffled()}}
    ),
    claim(
        "events the deep network gains more",
        races,
        {
            "equal slopes": {"deep": TREES},
            "the network is ahead from the start": {
                "deep": ((0.72, 0.78, 0.80), (0.79, 0.84, 0.85))
            },
            "never ahead": {"deep": ((0.70, 0.74, 0.76), (0.77, 0.80, 0.81))},
            "all found": {"deep": ((0.712, 0.748, 0.783), (0.809, 0.809, 0.825))},
        },
    ),
    claim(
        "they help the trees more than the network",
        derived,
        {
            "no help": {"trees": 0.001, "deep": 0.001},
            "as much for both": {"trees": 0.004},
        },
    ),
]
