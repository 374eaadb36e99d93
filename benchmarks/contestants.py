"""The same view in six ways: scores, ROC and significance of a million events at one threshold.

Called in a notebook's kernel: each function shows its view in the cell that runs.
"""

from typing import NamedTuple

import numpy as np

BINS, CUTS = 50, 501
SIZE, DPI = (10, 3.2), 80


class Sample(NamedTuple):
    """Labels, scores in (0, 1) and weights of one model."""

    y: np.ndarray
    score: np.ndarray
    weights: np.ndarray


class Curves(NamedTuple):
    """All that the view shows, in few numbers."""

    edges: np.ndarray
    histograms: list
    cuts: np.ndarray
    signal: np.ndarray
    background: np.ndarray
    significance: np.ndarray

    def at(self, threshold):
        """Efficiencies and significance at the nearest cut."""
        i = np.abs(self.cuts - threshold).argmin()
        return self.signal[i], self.background[i], self.significance[i]


def sample(events, seed=1):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, int(events))
    score = 1 / (1 + np.exp(-rng.normal(2.0 * y - 1, 1.2)))
    return Sample(y, score, rng.exponential(1.0, len(y)))


def classes(events):
    """Scores and weights of background, and of signal."""
    return [(events.score[events.y == c], events.weights[events.y == c]) for c in (0, 1)]


def curves(events, cuts=CUTS):
    """Compute once what the view shows, as a careful user does."""
    edges = np.linspace(0, 1, BINS + 1)
    fine = np.linspace(0, 1, cuts)
    parts = classes(events)
    histograms = [np.histogram(*part[:1], edges, weights=part[1])[0] for part in parts]
    kept = [
        part[1].sum() - np.r_[0, np.histogram(part[0], fine, weights=part[1])[0].cumsum()]
        for part in parts
    ]
    background, signal = (each / each[0] for each in kept)
    ratio = kept[1] / np.sqrt(np.maximum(kept[0] + kept[1], 1))
    return Curves(edges, histograms, fine, signal, background, ratio)


def all_points(events):
    """Compute a ROC curve of all points, as a user does who looks for nothing smaller."""
    from sklearn.metrics import roc_curve

    return roc_curve(events.y, events.score, sample_weight=events.weights)


def words(threshold, point):
    signal, background, significance = point
    return (
        f"threshold {threshold:.2f}  signal {signal:.3f}  background {background:.4f}  "
        f"Z {significance:.1f}"
    )


def slider(value=0.5):
    import ipywidgets

    return ipywidgets.FloatSlider(value, min=0.02, max=0.98, step=0.01, description="threshold")


# ---------------------------------------------------------------- ours


def hepml(events):
    from IPython.display import display

    from hepml_widgets import RocExplorer

    display(RocExplorer(*events))


def staged(rng, events=600, rounds=30):
    """OvertrainingView with a slider: scores of every boosting round of a toy."""
    from hepml_widgets import OvertrainingView

    y = rng.integers(0, 2, (2, events))
    noise = rng.normal(size=(2, events))
    scores = [noise + (2 * y - 1) * part for part in np.linspace(0, 1.5, rounds)]
    train, test = np.swapaxes(1 / (1 + np.exp(-np.array(scores))), 0, 1)
    return OvertrainingView(y[0], train, y[1], test, permutations=99)


# ---------------------------------------------------------------- matplotlib


def inline():
    """Let figures be shown as pictures; importing ipympl would make canvases of pyplot's."""
    from IPython import get_ipython

    get_ipython().run_line_magic("matplotlib", "inline")


def panels():
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DPI)
    return figure, figure.subplots(1, 3)


def interact_naive(events):
    """Everything anew at each step."""
    import ipywidgets
    from IPython.display import display

    inline()

    def draw(threshold):
        figure, axes = panels()
        for part in classes(events):
            axes[0].hist(part[0], BINS, weights=part[1], histtype="step", log=True)
        background, signal, cuts = all_points(events)
        axes[1].plot(signal, background)
        ratio = signal / np.sqrt(np.maximum(signal + background, 1e-6))
        axes[2].plot(np.clip(cuts, 0, 1), ratio)
        place(axes, threshold, [np.interp(-threshold, -cuts, c) for c in (signal, background)])
        display(figure)

    ipywidgets.interact(draw, threshold=slider())


def interact_cached(events):
    """Compute once, draw anew at each step."""
    import ipywidgets
    from IPython.display import display

    inline()
    held = curves(events)

    def draw(threshold):
        figure, axes = panels()
        draw_curves(axes, held)
        place(axes, threshold, held.at(threshold))
        axes[0].set_title(words(threshold, held.at(threshold)), fontsize=8)
        display(figure)

    ipywidgets.interact(draw, threshold=slider())


def draw_curves(axes, held):
    for histogram in held.histograms:
        axes[0].stairs(histogram, held.edges)
    axes[0].set_yscale("log")
    axes[1].plot(held.signal, held.background)
    axes[2].plot(held.cuts, held.significance)


def place(axes, threshold, point):
    """Mark the threshold in the three panels; return what moves with it."""
    lines = [axes[i].axvline(threshold, color="C4") for i in (0, 2)]
    return *lines, *axes[1].plot(point[0], point[1], "o", color="C4")


def ipympl(events):
    """Compute once; move three artists on a canvas that lives in the page."""
    import ipywidgets
    from ipympl.backend_nbagg import Canvas, FigureManager
    from IPython.display import display

    held, chosen, said = curves(events), slider(), ipywidgets.Label()
    figure, axes = panels()
    canvas = Canvas(figure)
    FigureManager(canvas, 1)
    draw_curves(axes, held)
    *lines, dot = place(axes, 0.5, held.at(0.5))

    def step(change):
        threshold, point = change["new"], held.at(change["new"])
        for line in lines:
            line.set_xdata([threshold, threshold])
        dot.set_data([point[0]], [point[1]])
        said.value = words(threshold, point)
        canvas.draw_idle()

    chosen.observe(step, "value")
    display(ipywidgets.VBox([chosen, canvas, said]))


# ---------------------------------------------------------------- drawn in the browser


def plotly_scores(held):
    """Histograms of the scores, binned in the kernel."""
    from plotly import graph_objects as go

    middles = (held.edges[1:] + held.edges[:-1]) / 2
    return [go.Scatter(x=middles, y=h, line_shape="hvh") for h in held.histograms]


def plotly_figure(scores, rates, significance):
    """Three panels: traces of the scores, ROC, significance by threshold."""
    from plotly import graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(1, 3)
    for trace in scores:
        figure.add_trace(trace, 1, 1)
    for column, (x, y) in enumerate([rates, significance], start=2):
        figure.add_trace(go.Scatter(x=x, y=y), 1, column)
    return figure.update_layout(width=900, height=300, showlegend=False, yaxis_type="log")


def plotly_of(held):
    rates, significance = (held.signal, held.background), (held.cuts, held.significance)
    return plotly_figure(plotly_scores(held), rates, significance)


def plotly(events):
    """Compute once; move three traces of a FigureWidget."""
    import ipywidgets
    from IPython.display import display
    from plotly import graph_objects as go

    held, chosen, said = curves(events), slider(), ipywidgets.Label()
    figure = go.FigureWidget(plotly_of(held))
    tops = [max(held.histograms[1]), max(held.significance)]
    for top, column in zip(tops, (1, 3), strict=True):
        figure.add_trace(go.Scatter(x=[0.5, 0.5], y=[1, top]), 1, column)
    figure.add_trace(go.Scatter(x=[0.5], y=[0.5], mode="markers"), 1, 2)
    *lines, dot = figure.data[-3:]

    def step(change):
        threshold, point = change["new"], held.at(change["new"])
        with figure.batch_update():
            for line in lines:
                line.x = [threshold, threshold]
            dot.x, dot.y = [point[0]], [point[1]]
        said.value = words(threshold, point)

    chosen.observe(step, "value")
    display(ipywidgets.VBox([chosen, figure, said]))


def bqplot_figure(x, lines, *, log=False):
    """Figure with lines and, moving, one more; return both."""
    import bqplot

    scales = {"x": bqplot.LinearScale(), "y": (bqplot.LogScale if log else bqplot.LinearScale)()}
    marks = [bqplot.Lines(x=x, y=y, scales=scales) for y in lines]
    moving = bqplot.Lines(x=[0.5, 0.5], y=[1, max(map(max, lines))], scales=scales)
    axes = [
        bqplot.Axis(scale=scales["x"]),
        bqplot.Axis(scale=scales["y"], orientation="vertical"),
    ]
    layout = {"width": "300px", "height": "300px"}
    return bqplot.Figure(marks=[*marks, moving], axes=axes, layout=layout), moving


def bqplot_view(held):
    """Three figures and the three marks that move."""
    middles = (held.edges[1:] + held.edges[:-1]) / 2
    panels = [
        bqplot_figure(middles, held.histograms, log=True),
        bqplot_figure(held.signal, [held.background]),
        bqplot_figure(held.cuts, [held.significance]),
    ]
    return zip(*panels, strict=True)


def bqplot(events):
    """Compute once; move three marks."""
    import ipywidgets
    from IPython.display import display

    held, chosen, said = curves(events), slider(), ipywidgets.Label()
    figures, (first, dot, last) = bqplot_view(held)

    def step(change):
        threshold, point = change["new"], held.at(change["new"])
        for line in (first, last):
            line.x = [threshold, threshold]
        with dot.hold_sync():
            dot.x, dot.y = [point[0], point[0]], [0, point[1]]
        said.value = words(threshold, point)

    chosen.observe(step, "value")
    display(ipywidgets.VBox([chosen, ipywidgets.HBox(figures), said]))


VIEWS = {
    "RocExplorer": "hepml",
    "interact + matplotlib, naive": "interact_naive",
    "interact + matplotlib, cached": "interact_cached",
    "ipympl": "ipympl",
    "plotly FigureWidget": "plotly",
    "bqplot": "bqplot",
}
