"""What several pictures in matplotlib have in common: names of users, classes, axes of counts."""

import re
from itertools import starmap

import numpy as np

from hepml_widgets.core import style
from hepml_widgets.core.numbers import isolated, pieces_of, shorten, upright

__all__ = [
    "KINDS",
    "clipped",
    "draw_class",
    "label_of",
    "mathematics",
    "plain",
    "set_log_counts",
    "symbols",
    "title_text",
]

KINDS = {
    "background": (style.BACKGROUND, "////"),
    "signal": (style.SIGNAL, None),
}
SAFE = re.compile(r"[A-Za-z0-9\u0391-\u03c9 +*/.,:;()<>=|'!?-]+")  # plain letters of mathtext


def plain(text):
    """Text of a user or of ours: no mathematics for matplotlib, no marks that reorder text.

    But for ``_{…}`` and ``^{…}``, which are set below and above if they hold nothing else that
    mathematics would take for its own.
    """
    return "".join(starmap(mathtext, pieces_of(upright(text))))


def mathtext(part, mark):
    part = part.replace("$", r"\$")
    if not mark:
        return part
    if not SAFE.fullmatch(part):
        return f"{mark}{{{part}}}"
    return f"${mark}{{\\mathregular{{{part.replace(' ', chr(92) + ':')}}}}}$"


def label_of(name, length=24):
    """Name of a user as a figure shows it."""
    return plain(shorten(name, length))


def title_text(name, length=40):
    """Title of an axis that is a user's."""
    return plain(isolated(name, length))


def mathematics(readout):
    """Set the symbols of a readout, such as ε_s, with their index below."""
    return re.sub(r"(?<!\w)[εσb]_[sbr](?!\w)", r"$\g<0>$", readout)


def symbols(title):
    """Set the symbols of a title of ours, such as 1/ε_b, with their index below."""
    return re.sub(r"(?<!\w)(?:1/)?ε_[sb](?!\w)", r"$\g<0>$", title)


def draw_class(axes, model, kind, name):
    """Draw the histogram of one class, and its training sample as points where there is one."""
    color, hatch = KINDS[kind]
    test = model.histograms[kind]
    axes.stairs(test.sumw, test.edges, fill=True, color=color, alpha=0.25, lw=0)
    axes.stairs(test.sumw, test.edges, color=color, hatch=hatch, label=label_of(name))
    train = model.histograms.get(f"train_{kind}")
    if train is not None:
        centres = (train.edges[1:] + train.edges[:-1]) / 2
        errors = np.sqrt(train.sumw2)
        axes.errorbar(centres, train.sumw, errors, fmt=".", ms=4, lw=1, color=color)


def set_log_counts(axes, model):
    """Make the counts of all histograms logarithmic, with room for a legend above."""
    contents = np.concatenate([histogram.sumw for histogram in model.histograms.values()])
    filled = contents[contents > 0]
    if filled.size:
        low, high = max(filled.min(), filled.max() * 1e-6) / 2, filled.max()
        axes.set(yscale="log", ylim=(low, high * (high / low) ** 0.22))


def clipped(model, threshold):
    """Threshold within the axis of the score."""
    return np.clip(threshold, model.edges[0], model.edges[-1])
