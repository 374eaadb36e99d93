"""The pictures of a report; names given by a user stand beside them, as text."""

import math

import numpy as np
from matplotlib.ticker import FixedLocator, Formatter, FuncFormatter, MaxNLocator, NullLocator

from hepml_widgets.core import style
from hepml_widgets.core.drawing import clipped, set_log_counts
from hepml_widgets.core.numbers import MINUS, TIMES, apart, fixed, general, superscript
from hepml_widgets.core.still import Sheet

__all__ = ["calibration", "efficiencies", "input_variable", "merits", "scores", "tick_text"]

SMALL = (3.0, 2.05)
LARGE = (4.55, 3.1)
LETTERS = {SMALL: 28, LARGE: 48}  # that stand along x, with two between numbers
POINTS = 90  # of a curve: one every fourth pixel
LOOKS = {"signal": (style.SIGNAL, 0.1, 1.5), "background": (style.BACKGROUND, 0.3, 1.2)}


def tick_text(value, _place=None):
    """Write a number at an axis as short as it can be."""
    return general(value)


class Numbers(Formatter):
    """Numbers of one axis, told apart; what all share is said once, at its end."""

    shared = ""

    def __call__(self, value, _place=None):
        return general(value)

    def format_ticks(self, values):
        """Write all numbers of the axis."""
        values = [float(value) for value in values]
        self.shared = ""
        if max(map(len, apart(values)), default=0) > 8:
            values = self._less_a_round_one(values)
        texts = apart(values, 3)
        powers = any(set(text) & set("⁰¹²³⁴⁵⁶⁷⁸⁹") for text in texts)
        return self._less_a_power(values) if powers else texts

    def _less_a_round_one(self, values):
        """Leave out the digits that all numbers have."""
        span = max(values) - min(values)
        places = -(math.floor(math.log10(span)) + 2) if span else 0
        base = round(min(values) * 10.0**places) / 10.0**places
        if not base or span > abs(base) / 10:
            return values
        text = fixed(abs(base), max(0, places))
        text = text.rstrip("0").rstrip(".") if places > 0 else text
        self.shared = f" {MINUS if base < 0 else '+'} {text}"
        # What is left of the last digits of the numbers is no part of their difference.
        return [float(f"{value - base:.6g}") for value in values]

    def _less_a_power(self, values):
        exponent = math.floor(math.log10(max(map(abs, values))))
        self.shared = f"{TIMES}10{superscript(exponent)}{self.shared}"
        return apart([float(f"{value / 10.0**exponent:.6g}") for value in values], 3)

    def get_offset(self):
        """Write what all numbers share."""
        return self.shared.strip()


class Roomy(MaxNLocator):
    """At most so many numbers and at least two, fewer where they are long."""

    def __init__(self, most, letters=math.inf):
        super().__init__(most, steps=[1, 2, 2.5, 4, 5, 10], min_n_ticks=2)
        self.most, self.letters = most, letters

    def tick_values(self, low, high):
        """Place the numbers between two ends."""
        for count in range(self.most, 1, -1):
            self.set_params(nbins=count)
            ticks = super().tick_values(low, high)
            inside = ticks[(ticks >= low) & (ticks <= high)]
            if sum(len(text) + 2 for text in Numbers().format_ticks(inside)) <= self.letters:
                break
        return ticks


def power_text(value, _place=None):
    """Write a number at a logarithmic axis: powers of ten, but for those near one."""
    exponent = round(np.log10(value))
    far = not -3 < exponent < 4 and math.isclose(value, 10.0**exponent)
    return f"10{superscript(exponent)}" if far else tick_text(value)


def logit_text(value, _place=None):
    """Write a probability at a logit axis, by its distance from the nearer end."""
    nearest = min(value, 1 - value)
    if nearest > 0.09:
        return tick_text(value)
    power = f"10{superscript(round(np.log10(nearest)))}"
    return power if value < 0.5 else f"1{MINUS}{power}"


def logit_ticks(low, high):
    """Choose about five probabilities for the ticks of a logit axis; fewer than two near 0.5."""
    ends = [int(-np.log10(end)) for end in (low, 1 - high)]
    step = max(1, -(-max(ends) // 2))
    below, above = ([10.0**-e for e in range(step, end + 1, step)] for end in ends)
    ticks = [*below[::-1], 0.5, *(1 - distance for distance in above)]
    return [tick for tick in ticks if low <= tick <= high]


def log_ticks(low, high):
    """Choose up to six decades, or 1, 2 and 5 of the few there are; fewer than two within one."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1,), (1, 2, 5)):
        ticks = [digit * 10.0**exponent for exponent in exponents for digit in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) > 1:
            return ticks[:: math.ceil(len(ticks) / 6)]
    return []


def canvas(size):
    """Make an empty figure with one frame, in the house style."""
    figure = Sheet(figsize=size)
    axes = figure.subplots()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(Numbers())
    axes.xaxis.set_major_locator(Roomy(6, LETTERS[size]))
    axes.yaxis.set_major_locator(Roomy(5))
    return figure, axes


def use_scale(axes, scale, ends):
    """Put the score on its axis."""
    if scale == "logit":
        axes.set_xscale("logit")
        number(axes.xaxis, logit_ticks(*ends), logit_text)


def use_log(axes):
    """Give the logarithmic axis of counts its ticks."""
    if axes.get_yscale() == "log":
        number(axes.yaxis, log_ticks(*axes.get_ylim()), power_text)


def number(axis, ticks, text):
    """Give an axis its numbers, even ones where its own are fewer than two."""
    enough = len(ticks) > 1
    axis.set_major_locator(FixedLocator(ticks) if enough else Roomy(5))
    axis.set_major_formatter(FuncFormatter(text) if enough else Numbers())
    axis.set_minor_locator(NullLocator())


def bars(axes, x, values, errors, color, **looks):
    """Draw error bars as one path, which is small."""
    x, low, high = (np.asarray(part, dtype=float) for part in (x, values - errors, values + errors))
    gap = np.full(len(x), np.nan)
    axes.plot(
        np.stack([x, x, gap], 1).ravel(), np.stack([low, high, gap], 1).ravel(), color=color,
        lw=1, **looks,
    )  # fmt: skip


def centres_of(edges, scale="linear"):
    if scale == "logit":
        middle = np.log(edges / (1 - edges))
        return 1 / (1 + np.exp(-(middle[1:] + middle[:-1]) / 2))
    return (edges[1:] + edges[:-1]) / 2


def input_variable(one):
    """Draw shapes of one feature with their errors, each class normalised to 1.

    Parameters
    ----------
    one : Input

    Returns
    -------
    Sheet
    """
    figure, axes = canvas(SMALL)
    axes.minorticks_off()
    highest = 0.0
    for kind in ("background", "signal"):
        found = one.histograms[kind]
        total = found.sumw.sum()
        if total > 0:
            share, error = found.sumw / total, np.sqrt(found.sumw2) / total
            draw_shape(axes, found.edges, share, error, kind)
            highest = max(highest, (share + error).max())
    axes.set(xlim=one.histograms["signal"].edges[[0, -1]], ylabel="share / bin")
    axes.set_ylim(min(0.0, axes.get_ylim()[0]), highest * 1.08 or 1)
    axes.xaxis.set_major_locator(Roomy(5, LETTERS[SMALL]))
    axes.yaxis.set_major_locator(Roomy(4))
    return figure


def draw_shape(axes, edges, share, error, kind):
    """Draw a histogram of one class: filled background, stepped signal; errors as bars."""
    color, fill, width = LOOKS[kind]
    axes.stairs(share, edges, fill=True, color=color, alpha=fill)
    axes.stairs(share, edges, color=color, lw=width)
    bars(axes, centres_of(edges), share, error, color)


def scores(model):
    """Draw scores of the test events, and as points those of the training events.

    Parameters
    ----------
    model : Model
        Of a `RocExplorer`.

    Returns
    -------
    Sheet
    """
    figure, axes = canvas(LARGE)
    centres = centres_of(model.edges, model.scale)
    for kind in ("background", "signal"):
        (color, fill, width), test = LOOKS[kind], model.histograms[kind]
        axes.stairs(test.sumw, test.edges, fill=True, color=color, alpha=fill)
        axes.stairs(test.sumw, test.edges, color=color, lw=width)
        drawn = model.histograms.get(f"train_{kind}", test)
        bars(axes, centres, drawn.sumw, np.sqrt(drawn.sumw2), color)
        if drawn is not test:
            axes.plot(centres, drawn.sumw, "o" if kind == "signal" else "s", ms=3, color=color)
    set_log_counts(axes, model)
    if axes.get_yscale() == "log":
        axes.set_ylim(top=2 * max(h.sumw.max() for h in model.histograms.values()))
    use_scale(axes, model.scale, model.edges[[0, -1]])
    use_log(axes)
    axes.set(xlabel="score", ylabel="yield / bin", xlim=model.edges[[0, -1]])
    return figure


def thinned(model):
    """Rows of the cuts that a curve is drawn through: even along the axis and along the rows."""
    x = clipped(model, model.cuts.threshold)
    place = np.log(x / (1 - x)) if model.scale == "logit" else x
    wanted = np.linspace(place[0], place[-1], POINTS // 2)
    along = np.clip(np.searchsorted(-place, -wanted), 0, len(x) - 1)
    even = np.linspace(0, len(x) - 1, min(POINTS // 2, len(x))).astype(int)
    return np.union1d(along, even)


def band(axes, x, values, errors, color, **looks):
    """Draw a curve with its error as a band, where it is defined."""
    drawn = np.isfinite(values)
    x, values, errors = x[drawn], values[drawn], np.nan_to_num(errors[drawn])
    axes.fill_between(x, values - errors, values + errors, color=color, alpha=0.2, lw=0)
    axes.plot(x, values, color=color, **({"lw": 1.5} | looks))


def efficiencies(model):
    """Draw the efficiencies of both classes and the purity against the threshold.

    Parameters
    ----------
    model : Model
        Of a `RocExplorer`.

    Returns
    -------
    Sheet
    """
    figure, axes = canvas(LARGE)
    rows, cuts = thinned(model), model.cuts
    x = clipped(model, cuts.threshold[rows])
    for kind in ("background", "signal"):
        values, errors = (
            getattr(cuts, f"{kind}_efficiency{part}")[rows] for part in ("", "_error")
        )
        dash = style.linestyle("6 3") if kind == "background" else "-"
        band(axes, x, values, errors, LOOKS[kind][0], ls=dash)
    axes.plot(x, purity(cuts)[rows], color="#808080", ls=style.linestyle("2 2"), lw=1.3)
    use_scale(axes, model.scale, model.edges[[0, -1]])
    axes.set(xlabel="threshold", ylabel="efficiency, purity", xlim=model.edges[[0, -1]])
    low, high = axes.get_ylim()
    axes.set_ylim(min(0, low) if low < -0.1 else 0, min(high, 2) if high > 1.1 else 1.05)
    return figure


def purity(cuts):
    """Signal yield over all that passes; NaN where that is not positive."""
    both = cuts.sumw_signal + cuts.sumw_background
    return cuts.sumw_signal / np.where(both > 0, both, np.nan)


def merits(model, scans):
    """Draw figures of merit against the threshold, with their bands and best points.

    Parameters
    ----------
    model : Model
        Of a `RocExplorer`.
    scans : list of Scan
        At most three, the first drawn solid.

    Returns
    -------
    Sheet
    """
    figure, axes = canvas(LARGE)
    rows = thinned(model)
    x = clipped(model, model.cuts.threshold)
    for place, scan in enumerate(scans):
        kept = rows if scan.best is None else np.union1d(rows, [scan.best])
        color, dash = style.CURVES[place], style.linestyle(("", "6 3", "2 2")[place])
        trusted, rest = (part[kept] for part in scan.parts)
        band(axes, x[kept], trusted, scan.errors[kept], color, ls=dash)
        axes.plot(x[kept], np.where(np.isfinite(rest), rest, np.nan), color=color, alpha=0.45,
                  lw=0.8, ls=":")  # fmt: skip
        if scan.best is not None:
            axes.plot(x[scan.best], scan.values[scan.best], "D", ms=6, color=color)
    use_scale(axes, model.scale, model.edges[[0, -1]])
    axes.set(xlabel="threshold", ylabel="significance [σ]", xlim=model.edges[[0, -1]])
    axes.set_ylim(0, max(scan.top for scan in scans))
    return figure


def calibration(found):
    """Draw the share of signal against the mean score, and how far chance may take it.

    Parameters
    ----------
    found : hepml.stats.Calibration

    Returns
    -------
    Sheet
    """
    figure, axes = canvas(LARGE)
    known = np.isfinite(found.observed) & np.isfinite(found.predicted)
    x, y, error = found.predicted[known], found.observed[known], found.error[known]
    axes.plot([0, 1], [0, 1], color="#808080", lw=1, ls=style.linestyle("2 2"))
    spread = np.nan_to_num(found.expected_error[known])
    order = np.argsort(x)
    low, high = (x + sign * 2 * spread for sign in (-1, 1))
    axes.fill_between(x[order], low[order], high[order], color="#808080", alpha=0.2, lw=0)
    bars(axes, x, y, error, "#000000")
    axes.plot(x, y, "o", ms=4.5, color="#000000")
    axes.set(xlabel="mean score in the bin", ylabel="share of signal", xlim=(0, 1))
    axes.set_ylim(min(0, *(y - error)) if len(y) else 0, max(1, *(y + error)) if len(y) else 1)
    return figure
