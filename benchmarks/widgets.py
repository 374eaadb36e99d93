"""RocExplorer: what is sent when it opens, what a step costs in a real browser."""

import argparse
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

import numpy as np
from scipy.special import expit

from benchmarks.browser import Thread, chromium
from benchmarks.payloads import column_bytes
from benchmarks.timing import circumstances, record, table
from hepml_widgets import RocExplorer

STEPS = """([selector, kind, values, steps]) => {
    const node = document.querySelector(selector);
    const step = kind === 'key'
        ? i => node.dispatchEvent(new KeyboardEvent('keydown', {key: values[i % 2], bubbles: true}))
        : i => { node.value = values[i % 2]; node.dispatchEvent(new Event('input')); };
    for (let i = 0; i < steps; i += 1) step(i);
}"""
BATCH = 100
ACTIONS = {
    "threshold by one row": ("[role=slider]", "key", ["ArrowLeft", "ArrowRight"]),
    "threshold by a tenth": ("[role=slider]", "key", ["PageUp", "PageDown"]),
    "background uncertainty": ("input[type=range]", "range", [5, 10]),
}


def explorer_of(events, models, rng):
    """Explorer of so many events and models, with a training sample as large."""
    y = rng.integers(0, 2, events)
    margin = rng.normal(2.0 * y - 1, 1.2)
    scores = {f"model {i}": expit(margin + rng.normal(0, 0.3 * i, events)) for i in range(models)}
    weights = rng.exponential(1.0, events)
    return RocExplorer(y, scores, weights, train=(y, scores, weights))


def sizes(events, models, rng, folder):
    """One row of the table of sizes, in kB and CPU seconds."""
    start = time.process_time()
    explorer = explorer_of(events, models, rng)
    built = time.process_time() - start
    columns = column_bytes(explorer.payload)
    state = explorer.get_state(["_esm", "_css"])
    code = len((state["_esm"] + state["_css"]).encode())
    page = explorer.to_html(folder / "page.html").stat().st_size
    rows = len(explorer.shown.cuts)
    kilobytes = [f"{count / 1e3:.1f}" for count in (columns, code, columns + code, page)]
    return [f"{events:.0e}".replace("+0", ""), str(models), str(rows), *kilobytes, f"{built:.1f}"]


def step_times(explorer, folder, rounds):
    """CPU milliseconds of JavaScript per step, for each kind of step, in batches."""
    path = explorer.to_html(folder / "page.html")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 700})
        page.goto(path.as_uri())
        page.wait_for_selector("[data-done] .hepml-readout")
        thread = Thread(page)
        return {name: batches(page, thread, action, rounds) for name, action in ACTIONS.items()}


def batches(page, thread, action, rounds):
    page.evaluate(STEPS, [*action, BATCH])
    stamps = [thread.read()[0]]
    for _ in range(rounds):
        page.evaluate(STEPS, [*action, BATCH])
        stamps.append(thread.read()[0])
    return [1e3 * (after - before) / BATCH for before, after in pairwise(stamps)]


def redraw_time(explorer):
    """CPU milliseconds in which matplotlib draws the same three panels."""
    start = time.process_time()
    explorer.picture()
    return 1e3 * (time.process_time() - start)


def report(size_rows, times, redraws):
    steps = [
        [
            name,
            f"{median(t):.3f}",
            f"{quantiles(t, n=20)[-1]:.3f}",
            f"{median(redraws) / median(t):.0f}",
        ]
        for name, t in times.items()
    ]
    size_header = ["events", "models", "rows each", "table [kB]", "code [kB]", "opening [kB]"]
    size_header += ["page [kB]", "built in [s CPU]"]
    step_header = ["step", "median [ms]", "95 % [ms]", "matplotlib redraw / step"]
    return f"""## RocExplorer

{circumstances("numpy", "matplotlib", "anywidget")}.

What is sent when the view opens, with a training sample, and the size of the page of its own.

{table(size_header, size_rows)}

CPU time of JavaScript per step in Chromium with two models, in batches of {BATCH} (the scan is
drawn once per frame); nothing is sent to a kernel. Beside it the CPU time in which matplotlib
draws the same panels: {median(redraws):.0f} ms.

{table(step_header, steps)}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=float, nargs="+", default=[1e4, 1e5, 1e6])
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [sizes(int(n), 2, rng, folder) for n in options.events]
        rows += [sizes(100_000, models, rng, folder) for models in (1, 6, 8)]
        explorer = explorer_of(100_000, 2, rng)
        times = step_times(explorer, folder, options.rounds)
    text = report(rows, times, [redraw_time(explorer) for _ in range(5)])
    record("roc-explorer", text)
    print(text)


if __name__ == "__main__":
    main()
