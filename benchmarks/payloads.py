"""What is sent until a view is open, and how large its page is: ours, plotly's and bqplot's.

python -m benchmarks.payloads [--events 1e5 1e6 1e7]

A client of a fresh kernel counts every message that a cell sends until it is done.
"""

import json
import tempfile
from pathlib import Path

from benchmarks.contestants import (
    all_points,
    bqplot_figure,
    bqplot_view,
    classes,
    curves,
    plotly_figure,
    plotly_of,
)
from benchmarks.kernel import Kernel
from benchmarks.timing import asking, circumstances, met, present, table

LIMIT = 600  # s
OURS = "RocExplorer"
TABLE, PAGE = 100e3, 250e3  # bytes
COMMENT = """Bytes until the view is shown: all messages of the cell that displays it, scripts too,
counted by a client of a fresh kernel (contents as JSON, and buffers). A page is what `to_html`,
plotly's `write_html` with its library inside, and ipywidgets' `embed_minimal_html` for bqplot
write; that last page loads its scripts from a CDN (not counted) and is dead without. "All points"
is what a user sends who gives plotly or bqplot the scores and scikit-learn's ROC curve as they are;
"binned" gives them 50 bins and 501 points. All show the three panels of RocExplorer; theirs need
the kernel for each step."""

# ---------------------------------------------------------------- in the kernel


def ours(events):
    from hepml_widgets import RocExplorer

    explorer = RocExplorer(*events)
    return explorer, explorer.to_html


def plotly_binned(events):
    return plotly_both(plotly_of(curves(events)))


def plotly_all(events):
    """Give plotly every score, and every point of scikit-learn's curve."""
    from plotly import graph_objects as go

    background, signal, cuts = all_points(events)
    scores = [go.Histogram(x=part[0], nbinsx=50) for part in classes(events)]
    return plotly_both(plotly_figure(scores, (signal, background), (cuts, signal - background)))


def plotly_both(figure):
    from plotly import graph_objects as go

    return go.FigureWidget(figure), lambda path: figure.write_html(path, include_plotlyjs=True)


def bqplot_binned(events):
    return bqplot_both(next(iter(bqplot_view(curves(events)))))


def bqplot_all(events):
    """Give bqplot every score, and every point of scikit-learn's curve."""
    import bqplot

    background, signal, cuts = all_points(events)
    scales = {"sample": bqplot.LinearScale(), "count": bqplot.LinearScale()}
    hists = [bqplot.Hist(sample=part[0], scales=scales, bins=50) for part in classes(events)]
    lines = [(signal, background), (cuts, signal - background)]
    panels = [bqplot_figure(x, [y])[0] for x, y in lines]
    return bqplot_both([bqplot.Figure(marks=hists), *panels])


def bqplot_both(figures):
    import ipywidgets
    from ipywidgets.embed import embed_minimal_html

    box = ipywidgets.HBox(list(figures))
    return box, lambda path: embed_minimal_html(path, views=[box])


VIEWS = {
    "RocExplorer": ours,
    "plotly, all points": plotly_all,
    "plotly, binned": plotly_binned,
    "bqplot, all points": bqplot_all,
    "bqplot, binned": bqplot_binned,
    "RocExplorer, again": ours,
}


def column_bytes(value):
    """Bytes of all columns in a nested table."""
    if isinstance(value, bytes):
        return len(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(map(column_bytes, parts))


def page_size(write):
    """Bytes of the page."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        write(path)
        return path.stat().st_size


# ---------------------------------------------------------------- outside


class Counter:
    """Counts bytes of the messages that a cell sends."""

    def __init__(self):
        self.bytes = 0

    def __call__(self, message):
        if message["msg_type"] not in {"status", "execute_input"}:
            self.bytes += len(json.dumps(message["content"]).encode())
            self.bytes += sum(memoryview(part).nbytes for part in message["buffers"])


def opened(kernel, name):
    """Bytes of opening, page and (of ours) table."""
    counter = Counter()
    kernel.run(f"view, write = payloads.VIEWS[{name!r}](events)\ndisplay(view)", counter)
    columns = kernel.value("payloads.column_bytes(getattr(view, 'table', {}))")
    page = kernel.value("payloads.page_size(write)")
    kernel.run("ipywidgets.Widget.close_all()\ndel view, write\n_ = gc.collect()")
    return counter.bytes, page, columns


def measure(sizes):
    """Let each view be opened at each number of events."""
    found = {}
    for events in sizes:
        with Kernel(LIMIT) as kernel:
            kernel.run("import gc, ipywidgets\nfrom benchmarks import contestants, payloads")
            kernel.run(f"events = contestants.sample({events})")
            found[events] = {name: opened(kernel, name) for name in VIEWS}
        print(f"  payloads: {events:.0e} events done", flush=True)
    return found


def kilobytes(count):
    return f"{count / 1e3:,.0f}".replace(",", " ")


def factor(times):
    return f"{times:.1f}" if times < 100 else f"{times:.0f}"


def rows(found):
    """Bytes of each view at each size, and how much more than ours."""
    for name in VIEWS:
        cells, times = [], []
        for held in found.values():
            pairs = list(zip(held[name], held[OURS], strict=True))[:2]
            cells += [kilobytes(its) for its, _ in pairs]
            times += [its / mine for its, mine in pairs]
        yield [name, *cells, " … ".join(map(factor, (min(times), max(times))))]


def goals(found):
    """Sentences that say what was wanted and what was reached."""
    opening, page, columns = (max(held[OURS][i] for held in found.values()) for i in range(3))
    return [
        f"table of ours, goal ≤ 100 kB: {met(columns <= TABLE)}, {columns / 1e3:.1f} kB at most",
        f"page of ours, goal ≤ 250 kB: {met(page <= PAGE)}, {page / 1e3:.0f} kB at most",
        f"opening of ours with its copy for a saved notebook: {opening / 1e3:.0f} kB at most",
    ]


def report(found):
    header = ["view"]
    for events in found:
        header += [f"{events:.0e} events: opening [kB]".replace("+0", ""), "page [kB]"]
    where = circumstances("ipykernel", "anywidget", "plotly", "bqplot", "scikit-learn")
    body = table([*header, "times ours"], list(rows(found)))
    wanted = "\n".join(f"- {line}." for line in goals(found))
    return "\n\n".join(["## What is sent to open a view", f"{where}.", COMMENT, body, wanted])


def main():
    parser = asking(__doc__)
    parser.add_argument("--events", type=float, nargs="+", default=[1e5, 1e6, 1e7])
    asked = parser.parse_args()
    text = report(measure(asked.events))
    present("payloads", text, dry=asked.dry)


if __name__ == "__main__":
    main()
