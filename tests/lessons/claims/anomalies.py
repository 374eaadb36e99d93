"""What the claims of the lesson on anomalies rest on."""

from types import SimpleNamespace

import numpy as np

from tests.lessons.claims import claim


def told_apart(p=0.001):
    """Make the tests of two days: a quiet one and one with shifted taus."""
    quiet, shifted = (SimpleNamespace(p_value=value) for value in (0.97, p))
    return {"apart": {"quiet day": (quiet, None), "tau scale + 5 %": (shifted, None)}}


def swap(p=0.001, caught=1.0, events=6000):
    return {
        "tricked": SimpleNamespace(p_value=p),
        "caught_swapped": np.arange(events) < caught * events,
    }


def weeks(day=0.27, week=0.46, single=120, together=24):
    """Rates of alarms of single days and of weeks, with their errors as in the lesson."""
    rates = {"single day": (day, single), "mean of five days": (week, together)}
    errors = {
        name: np.sqrt((rate * (1 - rate) + 0.01) / number) for name, (rate, number) in rates.items()
    }
    return {"caught_by": {name: rate for name, (rate, _) in rates.items()}, "errors": errors}


CLAIMS = [
    claim(
        "The day with the shifted taus",
        told_apart,
        {"a quiet day": {"p": 0.4}, "one low p of twenty": {"p": 0.04}},
    ),
    claim(
        "Five days together see more",
        weeks,
        {
            "days that know nothing of each other's shift": {"week": 0.27},
            "a difference within its error": {"week": 0.35},
            "fewer alarms": {"week": 0.1},
        },
    ),
    claim(
        "With the differences the swap is found",
        swap,
        {
            "differences that say nothing": {"p": 0.2},
            "differences that half of the events hide": {"caught": 0.5},
            "one in ten hidden": {"caught": 0.9},
        },
    ),
]
