"""Scales of an axis and its ticks: matplotlib's own choice of numbers, without its axes."""

from typing import NamedTuple

import numpy as np
from matplotlib import ticker

NOWHERE = 1000.0  # of a logarithm, for what has none
STEPS = [1, 2, 2.5, 5, 10]


class Ticks(NamedTuple):
    """Places of the ticks, texts of the long ones, and what these are multiplied by."""

    long: list
    texts: list
    short: list
    factor: str = ""


def straighten(scale, values):
    """Values where they stand on a ruler."""
    values = np.asarray(values, dtype=float)
    if scale == "linear":
        return values
    with np.errstate(all="ignore"):
        found = np.log10(values if scale == "log" else values / (1 - values))
    known = np.isnan(values) | np.isfinite(found)
    low = np.where(values > 0.5, NOWHERE, -NOWHERE) if scale == "logit" else -NOWHERE
    return np.where(known, found, low)


def bend(scale, values):
    """Return from the ruler to values."""
    if scale == "linear":
        return values
    with np.errstate(over="ignore"):
        power = 10.0 ** np.asarray(values, dtype=float)
    return power if scale == "log" else power / (1 + power)


def ticks_of(scale, limits, room, locator=None, formatter=None):
    """Choose the ticks of an axis with room for so many numbers."""
    low, high = sorted(limits)
    if formatter is not None:
        return told_ticks(locator, formatter, low, high)
    room = int(np.clip(room, 1, 9))
    make = {"log": log_ticks, "logit": logit_ticks}.get(scale)
    if make is not None:
        return make(low, high, room)
    locator = locator or ticker.MaxNLocator(nbins=room, steps=STEPS)
    return even_ticks(locator.tick_values(low, high), low, high)


def told_ticks(locator, formatter, low, high):
    """Ticks where a locator puts them, with the words of a formatter."""
    places = locator.tick_values(low, high)
    shown = within(places, low, high)
    texts = formatter.format_ticks(shown)
    return Ticks(shown, texts, finer_than(places, low, high), formatter.get_offset())


def even_ticks(places, low, high):
    """Ticks at equal steps, with short ones between them."""
    shown = within(places, low, high)
    formatter = dressed(ticker.ScalarFormatter(useMathText=True), low, high)
    formatter.set_powerlimits((-4, 5))
    texts = formatter.format_ticks(shown)
    return Ticks(list(shown), texts, finer_than(places, low, high), formatter.get_offset())


def finer_than(places, low, high):
    """Short ticks between long ones, and beyond the last."""
    if len(places) < 2:
        return []
    step = places[1] - places[0]
    mantissa = step / 10 ** np.floor(np.log10(step))
    parts = 5 if np.isclose(mantissa, [1, 2.5, 5, 10]).any() else 4
    finer = places[0] + step / parts * np.arange(-parts, parts * (len(places) + 1))
    return [place for place in within(finer, low, high) if not near(place, places, step)]


def near(place, places, step):
    return bool(np.min(np.abs(np.asarray(places) - place)) < 1e-3 * step)


def log_ticks(low, high, room):
    major = ticker.LogLocator(numticks=max(room, 2))
    minor = ticker.LogLocator(subs="auto", numticks=max(room, 2))
    named, finer = (within(one.tick_values(low, high), low, high) for one in (major, minor))
    formatter = dressed(ticker.LogFormatterSciNotation(), low, high)
    texts = formatter.format_ticks(named)
    finer = [place for place in finer if place not in set(named)]
    others = formatter.format_ticks(finer) if len(named) < 2 else []
    extra = [(place, text) for place, text in zip(finer, others, strict=False) if text]
    return Ticks(
        [*named, *(place for place, _ in extra)], [*texts, *(text for _, text in extra)], finer
    )


def logit_ticks(low, high, room):
    named = within(ticker.LogitLocator(nbins=max(room, 2)).tick_values(low, high), low, high)
    finer = within(ticker.LogitLocator(minor=True).tick_values(low, high), low, high)
    formatter = dressed(ticker.LogitFormatter(one_half="0.5"), low, high)
    return Ticks(list(named), formatter.format_ticks(named), list(finer))


def dressed(formatter, low, high):
    """Tell a formatter of the view that it has no axis for."""
    formatter.create_dummy_axis()
    formatter.axis.set_view_interval(low, high)
    formatter.axis.set_data_interval(low, high)
    return formatter


def within(places, low, high):
    slack = 1e-9 * (high - low)
    return [float(place) for place in places if low - slack <= place <= high + slack]
