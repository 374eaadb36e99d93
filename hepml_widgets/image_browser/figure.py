"""The panels of an `ImageBrowser` in matplotlib."""

import re

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize

from hepml_widgets.core import style
from hepml_widgets.core.drawing import KINDS, label_of, plain
from hepml_widgets.core.language import tr
from hepml_widgets.core.numbers import shorten
from hepml_widgets.image_browser.payload import holds_half

__all__ = ["draw"]

HEAT = LinearSegmentedColormap.from_list("heat", style.HEAT)
SIGNED = LinearSegmentedColormap.from_list("signed", style.COLD_TO_HOT)
DEPTH = 1e-5  # of the largest: what is smaller has the lowest colour


def draw(browser, sheet):
    """Images of signal and background and their difference over the histograms.

    Parameters
    ----------
    browser : ImageBrowser
    sheet : callable
        Makes the `Figure`, or the `Sheet` that is drawn as one, of a ``figsize``.
    """
    columns = max(3, len(browser.variables))
    figure = sheet(figsize=(4.4 * columns, 7.8))
    panels = figure.subplots(2, columns, height_ratios=(1.9, 1), squeeze=False)
    draw_classes(figure, panels[0], browser)
    draw_difference(figure, panels[0, 2], browser)
    for axes, axis in zip(panels[1], browser.variables, strict=False):
        draw_histogram(axes, browser, axis)
    for axes in [*panels[0, 3:], *panels[1, len(browser.variables) :]]:
        axes.set_axis_off()
    figure.supxlabel(lowered(plain(browser.readout)), fontsize=10)
    return figure


def lowered(readout):
    return re.sub(r"\b(ε|I|jet)_([sb])\b", r"$\1_\2$", readout)


def draw_classes(figure, panels, browser):
    images = shown_images(browser)
    known = [image for image, _ in images.values() if image is not None]
    norm, colors = colors_of(np.concatenate([*map(np.ravel, known), [np.nan]]), browser.scale)
    for axes, (kind, (image, label)) in zip(panels, images.items(), strict=False):
        draw_image(figure, axes, browser, image, norm=norm, cmap=colors)
        axes.set_title(plain(label))
        draw_dots(axes, browser, browser.dotted[kind])


def shown_images(browser):
    """Image, or None, and label of each class."""
    names = dict(zip(browser.samples, browser.names, strict=True))
    if browser.shown == "jets":
        return {
            kind: (image, f"{shorten(names[kind])}: {jet_text(browser.jet, count)}")
            if count
            else (None, f"{shorten(names[kind])}: {tr('no jet')}")
            for kind, (_, count, image) in browser.singles.items()
        }
    return {
        kind: (average.mean, f"{shorten(names[kind])}: {tr('{n} jets', n=average.jets)}")
        for kind, average in browser.averages.items()
    }


def jet_text(jet, count):
    return tr("jet {n} of {count}", n=jet % count + 1, count=count)


def colors_of(values, scale):
    """Scale and colours for some values; zero is blank on both scales."""
    values = values[np.isfinite(values)]
    high = np.max(np.abs(values), initial=0.0) or 1.0
    if scale == "log":
        positive = values[values > 0]
        top = positive.max() if positive.size else 1.0
        low = max(positive.min(), DEPTH * top) if positive.size else 0.1
        return LogNorm(min(low, top / 10), top), HEAT
    return (Normalize(-high, high), SIGNED) if (values < 0).any() else (Normalize(0, high), HEAT)


def draw_image(figure, axes, browser, image, *, norm, cmap, title=None):
    axes.set(xlabel=label_of(browser.axes[0]), ylabel=label_of(browser.axes[1]))
    axes.set(xlim=browser.extent[:2], ylim=browser.extent[2:])
    axes.set_box_aspect(browser.shape[0] / browser.shape[1])
    if image is None:
        axes.text(0.5, 0.5, tr("no jets"), ha="center", transform=axes.transAxes)
        return
    blank = np.ma.masked_where(~np.isfinite(image) | (image == 0), image)
    clipped = np.ma.maximum(blank, norm.vmin) if isinstance(norm, LogNorm) else blank
    clipped = np.ma.masked_where(isinstance(norm, LogNorm) & (image < 0), clipped)
    mesh = axes.imshow(
        clipped, origin="lower", extent=browser.extent, norm=norm, cmap=cmap, aspect="auto"
    )
    figure.colorbar(mesh, ax=axes, location="bottom", label=label_of(title or browser.title, 48))


def draw_dots(axes, browser, saliency):
    """Mark the pixels that hold half of a saliency."""
    if saliency is None or np.isnan(saliency).any():
        return
    xs, ys = browser.centres
    rows, columns = np.nonzero(holds_half(saliency))
    axes.plot(xs[columns], ys[rows], "o", color=style.CURVES[2], mec="white", ms=4)


def draw_difference(figure, axes, browser):
    pull = browser.contrast == "pull"
    value = browser.difference.pull if pull else browser.difference.value
    high = np.max(np.abs(value[np.isfinite(value)]), initial=0.0) or 1.0
    title = tr("difference / its error [σ]") if pull else tr("difference")
    norm = Normalize(-high, high)
    draw_image(figure, axes, browser, value, norm=norm, cmap=SIGNED, title=title)
    axes.set_title(plain(" − ".join(map(shorten, browser.names))))


def draw_histogram(axes, browser, axis):
    """All jets as a line, those selected filled, as shares of each class."""
    own = slice(axis.first, axis.first + axis.bins)
    for kind, name in zip(("background", "signal"), reversed(browser.names), strict=True):
        sample = browser.samples[kind]
        color, hatch = KINDS[kind]
        if not sample.total:
            continue
        chosen = sample.cross[browser.cells, own].sum(axis=0) / sample.total
        axes.stairs(chosen, axis.edges, fill=True, color=color, alpha=0.3, hatch=hatch, lw=0)
        axes.stairs(sample.sumw[own] / sample.total, axis.edges, color=color, label=label_of(name))
    if browser.brush and browser.brush[0] == axis.name:
        axes.axvspan(*browser.brush[1:], color=style.ACCENT, alpha=0.12, lw=0)
    axes.set(xlabel=label_of(axis.name, 40), xlim=axis.edges[[0, -1]])
    axes.set_ylabel(tr("share of class / bin"))
    if axes.get_legend_handles_labels()[0]:
        axes.fill_between([], [], 0, color="0.5", alpha=0.3, label=tr("selected"))
        axes.legend(loc="best")
