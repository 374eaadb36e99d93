"""The three panels of a `BoostingExplorer` in matplotlib."""

import textwrap

from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.ticker import MaxNLocator

from hepml_widgets.boosting_explorer.trees import LEAF
from hepml_widgets.core import style
from hepml_widgets.core.drawing import label_of, plain
from hepml_widgets.core.language import later, tr
from hepml_widgets.core.numbers import shorten, significant

__all__ = ["draw"]

COLORS = LinearSegmentedColormap.from_list("score", [style.BACKGROUND, "white", style.SIGNAL])
LOOKS = {
    "train": (later("training"), style.CURVES[1], 1.2, style.linestyle("6 3")),
    "test": (later("test"), style.CURVES[0], 2.0, "-"),
}
EXACT = style.CURVES[2]
DEEPEST = 3  # splits below are drawn without words


def draw(explorer, sheet):
    """Map of the score, last tree and learning curve side by side.

    Parameters
    ----------
    explorer : BoostingExplorer
    sheet : callable
        Makes the `Figure`, or the `Sheet` that is drawn as one, of a ``figsize``.
    """
    figure = sheet(figsize=(13.2, 4.3))
    left, middle, right = figure.subplots(1, 3)
    draw_map(left, explorer, figure)
    draw_tree(middle, explorer)
    draw_curves(right, explorer)
    notes = [part for part in (explorer.readout, explorer.note) if part]
    lines = [line for part in notes for line in textwrap.wrap(part, 150)]
    figure.supxlabel(plain("\n".join(lines)), fontsize=10)
    return figure


def draw_map(axes, explorer, figure):
    x, y, score = explorer.score_map()
    mesh = axes.pcolormesh(
        x, y, score, cmap=COLORS, norm=Normalize(0, 1), rasterized=True, alpha=0.7
    )
    figure.colorbar(mesh, ax=axes, label=tr("score p(signal)"))
    if score.min() < 0.5 < score.max():
        axes.contour(x, y, score, [0.5], colors="k", linewidths=1.5)
    if len(explorer.exact_line):
        look = {"color": EXACT, "ls": (0, (5, 2)), "lw": 2.2, "label": tr("exact, p = ½")}
        axes.plot(*explorer.exact_line.T, **look)
    axes.plot([], [], "k", lw=1.5, label=tr("model, p = ½"))
    axes.legend(loc="upper left", frameon=True, framealpha=0.8)
    names = [label_of(explorer.feature_names[axis], 40) for axis in explorer.plane.axes]
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.set(xlim=explorer.plane.ranges[0], ylim=explorer.plane.ranges[1])


def draw_tree(axes, explorer):
    tree = explorer.ensemble.trees[explorer.round - 1][0]
    places, count = layout(tree)
    for node, (x, depth) in enumerate(places):
        if tree.feature[node] == LEAF:
            color = style.SIGNAL if tree.value[node] > 0 else style.BACKGROUND
            axes.plot(x, -depth, "^" if tree.value[node] > 0 else "o", color=color, ms=5)
            continue
        for child in (node + 1, tree.right[node]):
            end = places[child]
            axes.plot([x, end[0]], [-depth, -end[1]], color="0.5", lw=0.8, zorder=0)
        if depth < DEEPEST:
            name = explorer.feature_names[tree.feature[node]]
            text = plain(f"{shorten(name, 14)} ≤ {significant(tree.value[node])}")
            box = {"fc": "white", "ec": "none", "pad": 1}
            axes.text(x, -depth, text, ha="center", va="center", fontsize=8, bbox=box)
    axes.set(xticks=[], yticks=[], xlim=(-0.7, count - 0.3))
    said = tr("tree of round {n}: true goes left; ▲ signal, ● background", n=explorer.round)
    axes.set_xlabel(said)


def layout(tree):
    """Place (x, depth) of each node, leaves side by side; and the number of leaves."""
    places = [None] * len(tree.feature)
    count = 0

    def place(node, depth):
        nonlocal count
        if tree.feature[node] == LEAF:
            places[node] = (count, depth)
            count += 1
        else:
            ends = [place(child, depth + 1) for child in (node + 1, tree.right[node])]
            places[node] = (sum(ends) / 2, depth)
        return places[node][0]

    place(0, 0)
    return places, count


def draw_curves(axes, explorer):
    steps = explorer.steps
    measured = steps.auc if explorer.curve == "AUC" else steps.loss
    for name, values in measured.items():
        label, color, width, dash = LOOKS[name]
        heights = values[:, 0] if explorer.curve == "AUC" else values
        axes.plot(steps.rounds, heights, color=color, lw=width, ls=dash, label=tr(label))
        if explorer.curve == "AUC":
            low, high = heights - values[:, 1], heights + values[:, 1]
            axes.fill_between(steps.rounds, low, high, color=color, alpha=0.16, lw=0)
    if explorer.curve == "AUC" and explorer.bound:
        axes.axhline(explorer.bound[0], color=EXACT, ls=(0, (5, 2)), label=tr("exact"))
    axes.axvline(explorer.round, color=style.ACCENT)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.set(xlabel=tr("round"), ylabel=tr(explorer.curve))
    axes.legend(loc="best")
