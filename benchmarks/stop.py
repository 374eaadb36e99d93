"""How soon a training ends once Stop is clicked in a real JupyterLab.

python -m benchmarks.stop [--rounds 10]

A cell trains Keras networks, one after the other, and so holds the kernel; each is ended from the
page, by Stop or by the notebook's own interrupt. Page and kernel read the same clock.
"""

import json
import re
from statistics import median

import numpy as np

from benchmarks.browser import PATH, chromium, laboratory, opened
from benchmarks.timing import asking, circumstances, met, present, rotated, table

GOAL = 0.5  # s
LIMIT = 60_000  # ms
PREPARE = f"""{PATH}
import os, time
os.environ |= {{"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}}
from benchmarks.monitor import Fit
from hepml_widgets import TrainingMonitor
fit, heard, ended = Fit(30, 100_000), [], []
monitor = TrainingMonitor()
hear = lambda change: change.new == "stopping" and heard.append(time.time())
monitor.observe(hear, "status")
display(monitor)"""
TRAIN = """for _ in range({trainings}):
    try:
        fit(lambda: [monitor])
    except KeyboardInterrupt:
        pass
    ended.append(time.time())
    print("ended", len(ended))"""
CLICKS = """() => { window.asked = []; document.addEventListener('click', event =>
    event.target.textContent === 'Stop' && asked.push(Date.now() / 1e3), true); }"""
INTERRUPT = """() => {
    asked.push(Date.now() / 1e3);
    jupyterapp.commands.execute('notebook:interrupt-kernel');
}"""
RUN_ALL = "() => { jupyterapp.commands.execute('notebook:run-all-cells'); }"
SHOWN = "[data-hepml-live] .hepml-train-progress"
COMMENT = """A cell trains the network of "Watching a training" in batches of 1024 until it is ended
from headless Chromium: by the button Stop of TrainingMonitor, or by the notebook's own command to
interrupt the kernel, which leaves an exception in place of a history. Seconds of wall time from the
click to the end of `fit`, {rounds} trainings each, in turns. Keras ends the batch under way and
validates before it ends; "heard" is when the kernel knew."""


def click(page):
    page.locator("[data-hepml-live]").get_by_role("button", name="Stop", exact=True).click()


def interrupt(page):
    page.evaluate(INTERRUPT)


WAYS = {"Stop": click, "interrupt the kernel": interrupt, "Stop, again": click}


def under_way(page, number):
    """Wait until the training of this number has begun and shows an epoch."""
    if number > 1:  # what is shown until then is of the training before
        page.get_by_text(re.compile(rf"^ended {number - 1}$", re.MULTILINE)).wait_for(timeout=LIMIT)
        page.wait_for_timeout(1000)
    page.locator(SHOWN, has_text="training").wait_for(timeout=LIMIT)
    page.locator(SHOWN, has_text="epoch").wait_for(timeout=LIMIT)


def measure(rounds, rng):
    """Seconds from click to end, of each way to end a training."""
    order = [way for turn in range(rounds) for way in rotated(list(WAYS), turn)]
    with chromium() as browser, laboratory() as lab:
        cells = PREPARE, TRAIN.format(trainings=len(order))
        page, _, _ = opened(browser, lab, "stop.ipynb", *cells)
        page.evaluate(CLICKS)
        page.evaluate(RUN_ALL)
        page.locator(SHOWN, has_text="training").wait_for(timeout=LIMIT)
        for number, way in enumerate(order, start=1):
            under_way(page, number)
            page.wait_for_timeout(rng.uniform(0, 300))
            WAYS[way](page)
            if number % len(WAYS) == 0:
                print(f"  stop: round {number // len(WAYS)} of {rounds}", flush=True)
        # The kernel answers when the cell is done.
        ended, heard = (json.loads(lab.evaluate(page, name)) for name in ("ended", "heard"))
        asked = page.evaluate("asked")
    return sorted_by_way(order, asked, heard, ended)


def sorted_by_way(order, asked, heard, ended):
    """Seconds from click to end, and to the kernel's hearing of it, which only Stop tells."""
    ears = iter(heard)
    waited = {way: [] for way in WAYS}
    for way, begin, end in zip(order, asked, ended, strict=True):
        ear = next(ears) - begin if WAYS[way] is click else None
        waited[way].append((end - begin, ear))
    return waited


def row(way, waited):
    """Cells of one way to end a training."""
    times = [time for time, _ in waited]
    ears = [ear for _, ear in waited if ear is not None]
    heard = f"{median(ears):.3f}" if ears else ""
    return [way, heard, f"{median(times):.3f}", f"{min(times):.3f}", f"{max(times):.3f}"]


def report(waited):
    stops = [time for way in ("Stop", "Stop, again") for time, _ in waited[way]]
    header = ["ended by", "heard, median [s]", "ended, median [s]", "least [s]", "worst [s]"]
    body = table(header, [row(*held) for held in waited.items()])
    reached = f"median {median(stops):.2f} s, worst {max(stops):.2f} s of {len(stops)}"
    wanted = f"- ended within {GOAL} s of the click: {met(max(stops) <= GOAL)}, {reached}."
    where = circumstances("keras", "tensorflow-cpu", "ipykernel", "jupyterlab")
    comment = COMMENT.format(rounds=len(waited["Stop"]))
    return "\n\n".join(["## Stopping a training", f"{where}.", comment, body, wanted])


def main():
    parser = asking(__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    text = report(measure(asked.rounds, np.random.default_rng(asked.seed)))
    present("stop", text, dry=asked.dry)


if __name__ == "__main__":
    main()
